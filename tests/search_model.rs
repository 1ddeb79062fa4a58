//! Random stacks of layers: what a filter finds equals looking at every path by itself; its rows, steps from match
//! to match and unfolding follow from that; unfolding carries over to a union of more layers.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::collections::BTreeSet;

use globset::GlobBuilder;
use layerscope::analysis::Analysis;
use layerscope::browse::{
    Case, Chains, Filtered, Mark, MarkSet, Names, Order, PathSet, Pattern, Plan, Projection, Rows,
    Scope, Search, SortField, Weights, carry_over, carry_path, first_open,
};
use layerscope::layer::LayerIndex;
use layerscope::path::ImagePath;
use layerscope::tree::{MergedTree, PathId};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use regex::bytes::Regex;

use support::{Codec, Item};

const SUBSTRINGS: [&str; 15] = [
    "", "a", "b", "-", "a-b", "x", "a/b", "/a", "b/", "a-b/a", "-b/", "/", "/a/b", "a/b/", "//",
];
const GLOBS: [&str; 16] = [
    "*", "a*", "*b", "*-*", "a-?", "[!b]", "{a,b}", "a/*", "**/b", "/a/**", "a/**/b", "**", "/*",
    "a*/{a,b}", "/**/a", "a",
];
const EXPRESSIONS: [&str; 16] = [
    "^a", "b$", "[^b]", r"\W", "a|b", "a.b", r"\Aa", "x*", "^a$", "[^x]*b", "(?s)a.", "^/a/b",
    "/a", "a/[^/]*$", "a/.*b", "[^a]*/b",
];

/// Looks at one path by itself.
fn matches(pattern: Pattern, text: &str, path: &[u8], is_directory: bool) -> bool {
    let absolute = [b"/", path].concat();
    let slash = absolute.iter().rposition(|&byte| byte == b'/').unwrap();
    let name = &absolute[slash + 1..];
    match pattern {
        Pattern::Substring if text.contains('/') => {
            let needle = text.as_bytes();
            let whole = [absolute.as_slice(), b"/"].concat();
            let wanted_in = if text.ends_with('/') {
                &whole
            } else {
                &absolute
            };
            let mut ends = (0..=wanted_in.len()).filter(|&end| wanted_in[..end].ends_with(needle));
            if text.ends_with('/') {
                is_directory && wanted_in.ends_with(needle)
            } else {
                ends.any(|end| end > slash)
            }
        }
        Pattern::Substring => {
            text.is_empty() || name.windows(text.len()).any(|part| part == text.as_bytes())
        }
        Pattern::Glob => {
            let whole = match text {
                text if text.starts_with('/') => text.to_owned(),
                text if text.contains('/') => format!("**/{text}"),
                text => text.to_owned(),
            };
            let glob = GlobBuilder::new(&whole)
                .literal_separator(true)
                .build()
                .unwrap();
            let subject = if text.contains('/') { &absolute } else { name };
            let subject = std::str::from_utf8(subject).unwrap();
            glob.compile_matcher().is_match(subject)
        }
        Pattern::Regex if text.contains('/') => {
            let expression = Regex::new(&format!(r"(?:{text})\z")).unwrap();
            let ends = if text.contains('$') {
                absolute.len()
            } else {
                slash + 1
            };
            (ends..=absolute.len()).any(|end| expression.is_match(&absolute[..end]))
        }
        Pattern::Regex => Regex::new(text).unwrap().is_match(name),
    }
}

struct Subject {
    analysis: Analysis,
    names: Names,
    weights: Weights,
}

impl Subject {
    fn new(stack: &[Vec<Item>]) -> Self {
        let analysis = support::opened::analyse(stack, &[Codec::None]);
        Self {
            names: Names::new(&analysis.tree),
            weights: Weights::new(&analysis.tree),
            analysis,
        }
    }

    fn tree(&self) -> &MergedTree {
        &self.analysis.tree
    }
}

fn check_found(
    case: &Subject,
    projection: &Projection,
    marks: MarkSet,
    (pattern, text): (Pattern, &str),
) -> Filtered {
    let tree = case.tree();
    let search = Search::parse(text, pattern, Case::Smart).unwrap();
    let found = search.run(tree, &case.names, projection, marks);
    let mut expected = PathSet::default();
    for path in tree
        .paths()
        .skip(1)
        .filter(|&path| projection.has_any(path, marks))
    {
        if matches(
            pattern,
            text,
            &tree.path(path),
            projection.is_directory(path),
        ) {
            expected.insert(path);
        }
    }
    let shown = |set: &PathSet| -> Vec<String> {
        set.iter()
            .map(|path| tree.path(path).escape_ascii().to_string())
            .collect()
    };
    assert_eq!(
        shown(&found.matched),
        shown(&expected),
        "{pattern:?} {text}"
    );
    let directories = expected
        .iter()
        .filter(|&path| projection.is_directory(path))
        .count();
    assert_eq!(found.directories() as usize, directories);
    assert_eq!(found.files() as usize, expected.len() - directories);
    for path in tree.paths() {
        let inside = |other: PathId| {
            let mut at = other;
            while at != PathId::ROOT && at != path {
                at = tree.parent(at);
            }
            at == path && other != path
        };
        let below = expected.iter().filter(|&other| inside(other)).count();
        assert_eq!(found.below(path) as usize, below, "matches below");
        assert_eq!(
            found.kept.contains(path),
            below > 0 || expected.contains(path)
        );
    }
    found
}

fn everything(tree: &MergedTree) -> PathSet {
    let mut all = PathSet::default();
    for path in tree.paths() {
        all.insert(path);
    }
    all
}

/// Returns the paths in rows, those that share one too.
fn in_rows(tree: &MergedTree, rows: &Rows) -> BTreeSet<PathId> {
    let mut paths = BTreeSet::from([PathId::ROOT]);
    for row in &rows.as_slice()[1..] {
        let above = rows.get(row.parent as usize).unwrap().path;
        let mut at = row.path;
        while at != above {
            paths.insert(at);
            at = tree.parent(at);
        }
    }
    paths
}

fn check_rows(tree: &MergedTree, found: &Filtered, plan: &Plan<'_>) {
    let is_inside_last_match = |path: PathId| {
        let mut at = path;
        while at != PathId::ROOT {
            at = tree.parent(at);
            if found.matched.contains(at) && found.below(at) == 0 {
                return true;
            }
        }
        false
    };
    let rows = Rows::build(tree, plan);
    let shown = tree.paths().filter(|&path| {
        let is_shown = plan.projection.has_any(path, plan.marks);
        path == PathId::ROOT
            || is_shown && (found.kept.contains(path) || is_inside_last_match(path))
    });
    assert_eq!(in_rows(tree, &rows), shown.collect());
    for row in rows.as_slice() {
        let below = rows.as_slice().iter().filter(|other| {
            rows.get(other.parent as usize).unwrap().path == row.path && other.path != row.path
        });
        assert_eq!(row.is_branch(), below.count() > 0);
    }

    let in_order: Vec<PathId> = rows.as_slice().iter().map(|row| row.path).collect();
    let in_order: Vec<PathId> = in_order
        .into_iter()
        .filter(|&path| found.matched.contains(path))
        .collect();
    assert_eq!(
        in_order.len(),
        found.matched.len(),
        "every match has a row of its own"
    );
    let mut at = PathId::ROOT;
    for &next in in_order.iter().chain(in_order.first()) {
        at = plan.next_match(tree, at).unwrap();
        assert_eq!(at, next, "next match");
    }
    at = PathId::ROOT;
    for &previous in in_order.iter().rev().chain(in_order.last()) {
        at = plan.previous_match(tree, at).unwrap();
        assert_eq!(at, previous, "previous match");
    }
    if in_order.is_empty() {
        assert_eq!(plan.next_match(tree, at), None);
        assert_eq!(plan.previous_match(tree, at), None);
    }
}

fn check_opened(tree: &MergedTree, found: &Filtered, plan: &Plan<'_>) {
    for most in [1, 2, 3, 5, 8, 1000] {
        let open = found.opened(tree, plan, most);
        let rows = Rows::build(
            tree,
            &Plan {
                open: &open,
                ..*plan
            },
        );
        assert!(rows.len() <= most, "{} rows of {most}", rows.len());
        if most == 1000 {
            let kept: BTreeSet<PathId> = found.kept.iter().chain([PathId::ROOT]).collect();
            assert_eq!(in_rows(tree, &rows), kept);
        }
    }
}

fn check_first(tree: &MergedTree, plan: &Plan<'_>) {
    let root_only = {
        let mut open = PathSet::default();
        open.insert(PathId::ROOT);
        Rows::build(
            tree,
            &Plan {
                open: &open,
                ..*plan
            },
        )
        .len()
    };
    for most in [1, 3, 5, 8, 1000] {
        let open = first_open(tree, plan, most);
        let rows = Rows::build(
            tree,
            &Plan {
                open: &open,
                ..*plan
            },
        );
        assert!(rows.len() <= most.max(root_only));
        assert!(rows.as_slice().iter().all(|row| row.depth <= 2));
        let gone = |path| plan.projection.mark(path).is_gone();
        for row in rows.as_slice() {
            let may_open = row.depth < 2 && row.is_branch() && !gone(row.path);
            assert!(may_open || !row.is_open());
            assert!(row.is_open() || !may_open || most < 1000);
        }
    }
}

fn check(stack: &[Vec<Item>], picks: &[usize]) {
    let case = Subject::new(stack);
    let tree = case.tree();
    let all = everything(tree);
    let top = tree.top();
    for scope in [Scope::Layer(top), Scope::Accumulated(top), Scope::Merged] {
        let projection = Projection::new(tree, &case.weights, scope);
        let pick = picks[0];
        let plan = Plan {
            projection: &projection,
            open: &all,
            marks: [
                MarkSet::ALL,
                MarkSet::CHANGES,
                MarkSet::ALL.toggled(&[Mark::Added]),
            ][pick % 3],
            found: None,
            sort: [
                SortField::Size,
                SortField::Name,
                SortField::Files,
                SortField::Mark,
            ][pick % 4],
            order: [Order::Natural, Order::Reversed][pick % 2],
            chains: [Chains::Joined, Chains::Apart][pick / 2 % 2],
        };
        check_first(tree, &plan);
        for pick in picks {
            for query in [
                (Pattern::Substring, SUBSTRINGS[pick % SUBSTRINGS.len()]),
                (Pattern::Glob, GLOBS[pick % GLOBS.len()]),
                (Pattern::Regex, EXPRESSIONS[pick % EXPRESSIONS.len()]),
            ] {
                let found = check_found(&case, &projection, plan.marks, query);
                let plan = Plan {
                    found: Some(&found),
                    ..plan
                };
                check_rows(tree, &found, &plan);
                check_opened(tree, &found, &plan);
            }
        }
    }
    check_carried(stack, &case, picks);
}

fn check_carried(stack: &[Vec<Item>], case: &Subject, picks: &[usize]) {
    let below = Subject::new(&stack[..=picks[0] % stack.len()]);
    let (old, new) = (below.tree(), case.tree());
    let mut set = PathSet::default();
    for (path, pick) in old.paths().zip(picks.iter().cycle()) {
        if pick % 2 == 0 {
            set.insert(path);
        }
    }
    let there = |path: PathId| new.find(ImagePath::new(&old.path(path)).unwrap());
    let expected: Vec<PathId> = set.iter().filter_map(there).collect();
    let carried: Vec<PathId> = carry_over(old, new, &set).iter().collect();
    assert_eq!(
        carried,
        expected
            .into_iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    for (from, to) in [(old, new), (new, old)] {
        for path in from.paths() {
            let mut at = path;
            let nearest = loop {
                match to.find(ImagePath::new(&from.path(at)).unwrap()) {
                    Some(found) => break found,
                    None => at = from.parent(at),
                }
            };
            assert_eq!(carry_path(from, to, path), nearest);
        }
    }
}

/// The same stacks in every run. `LAYERSCOPE_MODEL_STACKS=30000` looks at more, other ones.
fn config() -> ProptestConfig {
    let stacks = std::env::var("LAYERSCOPE_MODEL_STACKS").ok();
    let wanted = stacks.and_then(|stacks| stacks.parse().ok());
    ProptestConfig {
        cases: wanted.unwrap_or(300),
        rng_seed: wanted.map_or(RngSeed::Fixed(0x005e_a7c4), |_| RngSeed::Random),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn filters_agree_with_looking_at_every_path(
        stack in support::strategy::stacks(),
        picks in prop::collection::vec(0_usize..1000, 4),
    ) {
        check(&stack, &picks);
    }
}

fn found(image: &[Vec<Item>], text: &str, pattern: Pattern, case_rule: Case) -> Vec<String> {
    let case = Subject::new(image);
    let projection = Projection::new(
        case.tree(),
        &case.weights,
        Scope::Accumulated(LayerIndex(0)),
    );
    let search = Search::parse(text, pattern, case_rule).unwrap();
    let found = search.run(case.tree(), &case.names, &projection, MarkSet::ALL);
    let paths = found.matched.iter().map(|path| case.tree().path(path));
    paths.map(|path| String::from_utf8(path).unwrap()).collect()
}

#[test]
fn case_matters_where_the_pattern_has_an_upper_case_letter() {
    let image = support::image()
        .layer("1", |l| {
            l.file("README", b"1")
                .file("readme.md", b"")
                .file("Ärger", b"")
                .file("ärger", b"")
        })
        .build();
    let stack = image.stack();
    for (text, pattern, case, expected) in [
        (
            "readme",
            Pattern::Substring,
            Case::Smart,
            &["README", "readme.md"][..],
        ),
        ("README", Pattern::Substring, Case::Smart, &["README"]),
        (
            "README",
            Pattern::Substring,
            Case::Insensitive,
            &["README", "readme.md"],
        ),
        (
            "readme",
            Pattern::Substring,
            Case::Sensitive,
            &["readme.md"],
        ),
        (
            "ärger",
            Pattern::Substring,
            Case::Smart,
            &["Ärger", "ärger"],
        ),
        ("Ärger", Pattern::Substring, Case::Smart, &["Ärger"]),
        ("r*", Pattern::Glob, Case::Smart, &["README", "readme.md"]),
        ("R*", Pattern::Glob, Case::Smart, &["README"]),
        ("[R]*e", Pattern::Glob, Case::Insensitive, &["README"]),
        (
            r"^\wead",
            Pattern::Regex,
            Case::Smart,
            &["README", "readme.md"],
        ),
        (r"^\Wead", Pattern::Regex, Case::Smart, &[]),
        (r"^\SEAD", Pattern::Regex, Case::Smart, &["README"]),
        (
            "/r",
            Pattern::Substring,
            Case::Smart,
            &["README", "readme.md"],
        ),
        ("^/r", Pattern::Regex, Case::Smart, &["README", "readme.md"]),
    ] {
        assert_eq!(found(&stack, text, pattern, case), expected, "{text}");
    }
}

#[test]
fn sizes_stand_before_or_behind_the_pattern_and_are_about_files() {
    let image = support::image()
        .layer("1", |l| {
            l.file("d/one", [0; 1])
                .file("d/ten", [0; 10])
                .file("d/kilo", [0; 1024])
                .symlink("d/s", "t")
        })
        .build();
    let stack = image.stack();
    for (text, expected) in [
        (">10", &["d/kilo"][..]),
        (">=10", &["d/kilo", "d/ten"]),
        ("<10", &["d/one"]),
        ("<=10 e", &["d/one", "d/ten"]),
        ("e >1B", &["d/ten"]),
        (">1 e <1KiB", &["d/ten"]),
        (">1 <1KiB", &["d/ten"]),
        ("<0", &[]),
    ] {
        assert_eq!(
            found(&stack, text, Pattern::Substring, Case::Smart),
            expected,
            "{text}"
        );
    }
}
