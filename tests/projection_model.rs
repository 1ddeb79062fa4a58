//! Random stacks of layers: what every scope shows, its marks and its totals equal the naive simulation, and
//! the rows are what is unfolded of it, in order.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use layerscope::analysis::{Analysis, WastedPath};
use layerscope::browse::{
    Chains, Mark, MarkSet, Order, PathSet, Plan, Projection, Row, Rows, Scope, SortField, Useless,
    Weights,
};
use layerscope::layer::LayerIndex;
use layerscope::tree::{MergedTree, PathId};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use support::model::{Change, Data, Outcome, Path, ancestors};
use support::{Codec, Item};

/// What a scope must show at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Expected {
    mark: Mark,
    is_directory: bool,
    is_file: bool,
    data: Option<Data>,
}

/// A stack, and what is known about it.
struct Case {
    stack: Vec<Vec<Item>>,
    model: Outcome,
    analysis: Analysis,
}

impl Case {
    fn new(stack: Vec<Vec<Item>>) -> Self {
        Self {
            model: Outcome::of(&stack),
            analysis: support::opened::analyse(&stack, &[Codec::None]),
            stack,
        }
    }

    fn tree(&self) -> &MergedTree {
        &self.analysis.tree
    }

    fn scopes(&self) -> Vec<Scope> {
        let layers = (0u16..).take(self.stack.len()).map(LayerIndex);
        let mut scopes: Vec<_> = layers
            .flat_map(|layer| [Scope::Layer(layer), Scope::Accumulated(layer)])
            .collect();
        scopes.push(Scope::Merged);
        scopes
    }

    /// Returns what a scope shows, without the root.
    fn expected(&self, scope: Scope) -> BTreeMap<Path, Expected> {
        let last = self.stack.len() - 1;
        let at = match scope {
            Scope::Layer(layer) | Scope::Accumulated(layer) => layer.as_usize(),
            Scope::Merged => last,
        };
        let mut expected = BTreeMap::new();
        if !matches!(scope, Scope::Layer(_)) {
            for path in self.model.views[at].keys() {
                expected.insert(path.clone(), self.shown(at, path, Mark::Unchanged));
            }
        }
        if scope == Scope::Merged {
            return expected;
        }
        for (path, change) in &self.model.changes[at] {
            match (self.mark(at, path, *change), scope, change) {
                (_, Scope::Accumulated(_), Change::Dangling) => {}
                (mark, _, _) if mark.is_gone() => {
                    // What it was; nothing where there was nothing.
                    let was = at.checked_sub(1).map(|below| self.shown(below, path, mark));
                    let nothing = Expected {
                        mark,
                        is_directory: false,
                        is_file: false,
                        data: None,
                    };
                    expected.insert(path.clone(), was.unwrap_or(nothing));
                }
                (mark, _, _) => {
                    expected.insert(path.clone(), self.shown(at, path, mark));
                }
            }
        }
        for path in expected.keys().cloned().collect::<Vec<_>>() {
            for ancestor in ancestors(&path).filter(|ancestor| !ancestor.is_empty()) {
                expected.entry(ancestor.to_vec()).or_insert(Expected {
                    mark: Mark::Unchanged,
                    is_directory: true,
                    is_file: false,
                    data: None,
                });
            }
        }
        expected
    }

    fn shown(&self, view: usize, path: &Path, mark: Mark) -> Expected {
        let kind = self.model.views[view].get(path).map(|row| row.kind);
        Expected {
            mark,
            is_directory: kind == Some("dir"),
            is_file: kind == Some("file"),
            data: self.model.data[view].get(path).copied(),
        }
    }

    fn mark(&self, layer: usize, path: &Path, change: Change) -> Mark {
        let is_cut = self.model.cut[layer].contains(path);
        let is_directory = || {
            self.model.views[layer]
                .get(path)
                .is_some_and(|row| row.kind == "dir")
        };
        match change {
            Change::Added => Mark::Added,
            Change::Modified => Mark::Modified,
            Change::Touched | Change::Unchanged if is_cut && is_directory() => Mark::Opaque,
            Change::Touched => Mark::Touched,
            Change::Repeated => Mark::Repeated,
            Change::Unchanged => Mark::Unchanged,
            Change::Removed | Change::Dangling => Mark::Removed,
            Change::Hidden(_) => Mark::Hidden,
        }
    }
}

fn parent(path: &[u8]) -> Path {
    ancestors(path).next().unwrap_or_default().to_vec()
}

/// Checks a projection path by path.
fn check_projection(case: &Case, scope: Scope, projection: &Projection) {
    let tree = case.tree();
    let expected = case.expected(scope);
    let shown: BTreeMap<Path, PathId> = tree
        .paths()
        .skip(1)
        .filter(|&path| projection.is_shown(path))
        .map(|path| (tree.path(path), path))
        .collect();
    assert_eq!(
        shown.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>(),
        "paths of {scope:?} (left: found)"
    );
    for (path, expected) in &expected {
        let id = shown[path];
        let name = path.escape_ascii();
        assert_eq!(
            projection.mark(id),
            expected.mark,
            "mark of {name} in {scope:?}"
        );
        assert_eq!(
            projection.is_directory(id),
            expected.is_directory,
            "{name} in {scope:?} is a directory"
        );
        assert!(projection.has_any(id, MarkSet::ALL));
        let is_described = projection.described(tree, id).is_some();
        let is_nothing = expected.mark.is_gone() && !expected.is_directory && !expected.is_file;
        assert!(
            is_described || is_nothing,
            "{name} in {scope:?} is described"
        );
        assert!(
            projection.version(tree, id).is_some(),
            "{name} has a version"
        );
    }
    check_data(case, scope, projection, (&expected, &shown));
    check_totals(tree, scope, projection, &expected, &shown);
}

/// Every inode counts at exactly one name: a living one of the scope's, or a gone one if none lives.
fn check_data(
    case: &Case,
    scope: Scope,
    projection: &Projection,
    (expected, shown): (&BTreeMap<Path, Expected>, &BTreeMap<Path, PathId>),
) {
    let at = projection.layer().as_usize();
    let still_there: BTreeSet<usize> = case.model.data[at]
        .values()
        .map(|data| data.inode)
        .collect();
    let mut counted: BTreeMap<Data, (u32, u32)> = BTreeMap::new();
    for (path, row) in expected {
        let Some(data) = row.data else { continue };
        let is_counted = !projection.is_counted_elsewhere(shown[path]);
        let bytes = if is_counted { data.bytes } else { 0 };
        assert_eq!(
            own_bytes(case, projection, shown[path]),
            bytes,
            "{}",
            path.escape_ascii()
        );
        let (living, gone) = counted.entry(data).or_default();
        *(if row.mark.is_gone() { gone } else { living }) += u32::from(is_counted);
    }
    for (data, counts) in counted {
        let is_of_scope = match scope {
            Scope::Layer(_) => data.layer == at,
            Scope::Accumulated(_) | Scope::Merged => still_there.contains(&data.inode),
        };
        let is_lost = !still_there.contains(&data.inode);
        let times = (u32::from(is_of_scope), u32::from(is_lost));
        assert_eq!(
            counts, times,
            "{data:?} in {scope:?}: counted (living, gone)"
        );
    }
}

/// Returns the bytes of a path without what is below it.
fn own_bytes(case: &Case, projection: &Projection, path: PathId) -> u64 {
    let tree = case.tree();
    let is_gone = projection.mark(path).is_gone();
    let below = projection.children(tree, path);
    let counted = below.filter(|&child| projection.mark(child).is_gone() == is_gone);
    projection.bytes(path) - counted.map(|child| projection.bytes(child)).sum::<u64>()
}

/// Totals are sums over children; what is gone never counts into what is not.
fn check_totals(
    tree: &MergedTree,
    scope: Scope,
    projection: &Projection,
    expected: &BTreeMap<Path, Expected>,
    shown: &BTreeMap<Path, PathId>,
) {
    let mut files: BTreeMap<Path, u32> = BTreeMap::new();
    let mut lost: BTreeMap<Path, u64> = BTreeMap::new();
    let mut below: BTreeMap<Path, BTreeSet<Mark>> = BTreeMap::new();
    let is_gone = |path: &[u8]| expected.get(path).is_some_and(|row| row.mark.is_gone());
    for (path, row) in expected {
        let line = std::iter::once(path.as_slice()).chain(ancestors(path));
        for at in line.take_while(|at| is_gone(at) == row.mark.is_gone()) {
            *files.entry(at.to_vec()).or_default() += u32::from(row.is_file);
        }
        for at in ancestors(path) {
            below.entry(at.to_vec()).or_default().insert(row.mark);
        }
        if row.mark.is_gone() && !is_gone(&parent(path)) {
            for above in ancestors(path) {
                *lost.entry(above.to_vec()).or_default() += projection.bytes(shown[path]);
            }
        }
    }
    let root = (Vec::new(), PathId::ROOT);
    for (path, &id) in shown.iter().chain([(&root.0, &root.1)]) {
        let name = path.escape_ascii();
        assert_eq!(
            projection.files(id),
            files.get(path).copied().unwrap_or(0),
            "files of {name} in {scope:?}"
        );
        assert_eq!(
            projection.removed_bytes(id),
            lost.get(path).copied().unwrap_or(0),
            "removed bytes of {name} in {scope:?}"
        );
        if let Some(row) = expected.get(path).filter(|row| row.is_directory) {
            assert_eq!(
                own_sum(tree, projection, id, row),
                projection.bytes(id),
                "bytes of {name}"
            );
        }
        for mark in Mark::ALL {
            let only = Mark::ALL
                .into_iter()
                .filter(|other| *other != mark)
                .collect::<Vec<_>>();
            let only = MarkSet::ALL.toggled(&only);
            let is_below = below.get(path).is_some_and(|marks| marks.contains(&mark));
            assert_eq!(
                projection.has_any_below(id, only),
                is_below,
                "{mark:?} below {name}"
            );
        }
    }
}

fn own_sum(tree: &MergedTree, projection: &Projection, path: PathId, row: &Expected) -> u64 {
    let children = projection.children(tree, path);
    children
        .filter(|&child| projection.mark(child).is_gone() == row.mark.is_gone())
        .map(|child| projection.bytes(child))
        .sum()
}

fn check_books(case: &Case, scope: Scope, projection: &Projection) {
    let bytes = projection.bytes(PathId::ROOT);
    match scope {
        Scope::Merged => assert_eq!(bytes, case.analysis.totals.effective_bytes),
        Scope::Accumulated(layer) => {
            assert_eq!(bytes, case.model.effective_bytes[layer.as_usize()]);
        }
        Scope::Layer(layer) => {
            let at = layer.as_usize();
            let shadowed = case.model.wasted.iter().filter(|wasted| {
                wasted.created_in == at && wasted.cause == support::model::Cause::ShadowedInLayer
            });
            let shadowed: u64 = shadowed.map(|wasted| wasted.bytes).sum();
            assert_eq!(bytes, case.analysis.layers[at].content_bytes - shadowed);
        }
    }
    if scope == Scope::Merged {
        for (path, row) in &case.model.views[case.stack.len() - 1] {
            let id = support_find(case.tree(), path);
            let layers = projection.layers(id);
            let own = LayerIndex(u16::try_from(row.layer).unwrap());
            if row.kind == "dir" {
                let (low, high) = layers.unwrap();
                assert!(low <= high && high <= case.tree().top());
            } else {
                assert_eq!(layers, Some((own, own)), "{}", path.escape_ascii());
            }
        }
    }
}

/// Checks what is useless against the list of all waste, path by path.
fn check_waste(case: &Case, scope: Scope, projection: &Projection) {
    let tree = case.tree();
    for path in tree.paths() {
        let is_below = |wasted: &&WastedPath| {
            let mut at = wasted.path;
            while at > path {
                at = tree.parent(at);
            }
            at == path
        };
        let below = || case.analysis.waste.paths.iter().filter(is_below);
        let (bytes, replaced): (u64, u64) = match scope {
            Scope::Merged => (0, 0),
            Scope::Layer(layer) | Scope::Accumulated(layer) => {
                let is_own = |one: &&WastedPath| match scope {
                    Scope::Layer(_) => one.created_in == layer,
                    _ => one.created_in <= layer,
                };
                let shown = below().filter(|one| is_own(one) && one.destroyed_in > layer);
                let replaced = below().filter(|one| one.destroyed_in == layer);
                (
                    shown.map(|one| one.bytes).sum(),
                    replaced.map(|one| one.bytes).sum(),
                )
            }
        };
        let useless = projection.useless(path);
        let found = useless.map_or((0, 0), |one| (one.bytes, one.replaced_bytes));
        assert_eq!(found, (bytes, replaced), "{scope:?} {path:?}");
        let Some(useless) = useless.filter(|one| one.bytes > 0) else {
            continue;
        };
        // Data with several names counts at one of them, which may be gone where another keeps it.
        let is_shown = projection.is_shown(path) || matches!(scope, Scope::Accumulated(_));
        assert!(is_shown, "what is useless is shown");
        let layer = projection.layer();
        let since = below().filter(|one| {
            one.destroyed_in > layer
                && match scope {
                    Scope::Layer(_) => one.created_in == layer,
                    _ => one.created_in <= layer,
                }
        });
        let since: Vec<LayerIndex> = since.map(|one| one.destroyed_in).collect();
        let ends = [since.iter().min(), since.iter().max()].map(|end| *end.unwrap());
        assert_eq!(useless.since, ends);
    }
}

fn support_find(tree: &MergedTree, path: &[u8]) -> PathId {
    tree.find(layerscope::path::ImagePath::new(path).unwrap())
        .unwrap()
}

/// Ways to list one projection.
fn plans<'a>(projection: &'a Projection, open: &'a PathSet) -> Vec<Plan<'a>> {
    let marks = [
        MarkSet::ALL,
        MarkSet::CHANGES,
        MarkSet::ALL.toggled(&[Mark::Added, Mark::Hidden]),
    ];
    let sorts = [
        SortField::Size,
        SortField::Waste,
        SortField::Name,
        SortField::Files,
        SortField::Mark,
    ];
    let mut plans = Vec::new();
    for marks in marks {
        for sort in sorts {
            for chains in [Chains::Joined, Chains::Apart] {
                for order in [Order::Natural, Order::Reversed] {
                    plans.push(Plan {
                        projection,
                        open,
                        marks,
                        found: None,
                        sort,
                        order,
                        chains,
                    });
                }
            }
        }
    }
    plans
}

/// Checks rows against their plan.
fn check_rows(tree: &MergedTree, plan: &Plan<'_>) {
    let rows = Rows::build(tree, plan);
    let shown = |path: PathId| plan.projection.has_any(path, plan.marks);
    let shown_below = |path: PathId| -> Vec<PathId> {
        let children = tree.children(path).map(PathId);
        children.filter(|&child| shown(child)).collect()
    };
    // Every path that has to be in a row, and the row it has to be in.
    let mut places: BTreeMap<PathId, usize> = BTreeMap::from([(PathId::ROOT, 0)]);
    for (at, row) in rows.as_slice().iter().enumerate().skip(1) {
        let above = &rows.as_slice()[row.parent as usize];
        assert!((row.parent as usize) < at && above.is_open() && row.depth == above.depth + 1);
        let mut head = row.path;
        places.insert(head, at);
        while tree.parent(head) != above.path {
            head = tree.parent(head);
            places.insert(head, at);
            assert_eq!(plan.projection.mark(head), Mark::Unchanged);
            assert_eq!(shown_below(head).len(), 1);
            assert!(plan.projection.is_directory(head));
            assert!(plan.chains == Chains::Joined);
        }
        let is_joinable = plan.projection.is_directory(row.path)
            && plan.projection.mark(row.path) == Mark::Unchanged
            && shown_below(row.path).len() == 1
            && plan.projection.is_directory(shown_below(row.path)[0]);
        assert!(!is_joinable || plan.chains == Chains::Apart);
        let label = tree.path(row.path);
        let above = tree.path(above.path);
        let label = label.strip_prefix(above.as_slice()).unwrap();
        let label = label.strip_prefix(b"/").unwrap_or(label);
        assert_eq!(rows.label(tree, at), label);
    }
    for (at, row) in rows.as_slice().iter().enumerate() {
        assert_eq!(row.is_branch(), !shown_below(row.path).is_empty());
        assert_eq!(
            row.is_open(),
            row.is_branch() && plan.open.contains(row.path)
        );
        assert_eq!(rows.position(row.path), Some(at));
        let below = rows.as_slice().iter().enumerate().skip(1);
        let below: Vec<_> = below
            .filter(|(_, other)| other.parent as usize == at)
            .collect();
        let count = if row.is_open() {
            shown_below(row.path).len()
        } else {
            0
        };
        assert_eq!(below.len(), count);
        let below: Vec<&Row> = below.into_iter().map(|(_, row)| row).collect();
        check_siblings(tree, plan, &below);
    }
    for path in tree.paths() {
        let mut at = path;
        while !places.contains_key(&at) {
            at = tree.parent(at);
        }
        assert_eq!(rows.nearest(tree, path), places[&at], "nearest row");
    }
}

fn check_siblings(tree: &MergedTree, plan: &Plan<'_>, siblings: &[&Row]) {
    let bytes = |row: &&Row| plan.projection.weight(row.path);
    let most = siblings.iter().map(bytes).max().unwrap_or(0);
    let key = |row: &Row| match plan.sort {
        SortField::Size => Reverse(plan.projection.weight(row.path)),
        SortField::Waste => Reverse(
            plan.projection
                .useless(row.path)
                .map_or(0, Useless::all_bytes),
        ),
        SortField::Files => Reverse(plan.projection.files(row.path).into()),
        SortField::Name => Reverse(0),
        SortField::Mark => Reverse(match plan.projection.mark(row.path) {
            Mark::Unchanged => 0,
            mark => 100 - mark as u64,
        }),
    };
    // Of paths in different children of one directory, the path decides as the child's name does.
    let components = |row: &Row| -> Vec<Path> {
        let path = tree.path(row.path);
        path.split(|&byte| byte == b'/')
            .map(<[u8]>::to_vec)
            .collect()
    };
    for pair in siblings.windows(2) {
        let (left, right) = (pair[0], pair[1]);
        let (left, right) = (
            (key(left), components(left)),
            (key(right), components(right)),
        );
        let is_sorted = match plan.order {
            Order::Natural => left < right,
            Order::Reversed => left > right,
        };
        assert!(is_sorted, "{left:?} {right:?}");
    }
    for (position, row) in siblings.iter().enumerate() {
        assert_eq!(row.is_last(), position + 1 == siblings.len());
        let share = (bytes(row) * u64::from(Row::FULL)).checked_div(most);
        assert_eq!(u64::from(row.share), share.unwrap_or(0));
    }
}

fn check(stack: Vec<Vec<Item>>, unfolded: &[bool]) {
    let case = Case::new(stack);
    let weights = Weights::new(case.tree());
    let mut open = PathSet::default();
    for (path, _) in case
        .tree()
        .paths()
        .zip(unfolded.iter().cycle())
        .filter(|(_, open)| **open)
    {
        open.insert(path);
    }
    for scope in case.scopes() {
        let projection = Projection::new(case.tree(), &weights, scope);
        let projection = projection.with_waste(case.tree(), &case.analysis.waste.paths);
        check_waste(&case, scope, &projection);
        check_projection(&case, scope, &projection);
        check_books(&case, scope, &projection);
        for plan in plans(&projection, &open) {
            check_rows(case.tree(), &plan);
        }
    }
}

/// The same stacks in every run. `LAYERSCOPE_MODEL_STACKS=30000` looks at more, other ones.
fn config() -> ProptestConfig {
    let stacks = std::env::var("LAYERSCOPE_MODEL_STACKS").ok();
    let wanted = stacks.and_then(|stacks| stacks.parse().ok());
    ProptestConfig {
        cases: wanted.unwrap_or(500),
        rng_seed: wanted.map_or(RngSeed::Fixed(0x0070_3ee5), |_| RngSeed::Random),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn scopes_and_rows_agree_with_the_model(
        stack in support::strategy::stacks(),
        unfolded in prop::collection::vec(prop::bool::weighted(0.8), 1..20),
    ) {
        check(stack, &unfolded);
    }
}
