//! The layout shows the architecture: imports point one way.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::panic,
    reason = "helpers of tests; clippy excuses only functions marked as tests. Paths of modules are ASCII"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex::Regex;

/// A module may use only modules before it, or of its own rank.
const RANKS: [&[&str]; 12] = [
    &[
        "error",
        "limits",
        "path",
        "units",
        "progress",
        "mount_table",
    ],
    &["beneath", "text"],
    &["layer"],
    &["tree"],
    &["image"],
    &["store"],
    &["source"],
    &["scan"],
    &["analysis"],
    &["extract", "report", "browse"],
    &["tui"],
    &["cli"],
];

fn rank(module: &str) -> usize {
    RANKS
        .iter()
        .position(|modules| modules.contains(&module))
        .unwrap_or_else(|| {
            panic!("module {module} has no rank: add it to the map in src/lib.rs and here")
        })
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn library_sources() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    found
        .into_iter()
        .filter_map(|path| {
            let relative = path
                .strip_prefix(&root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let module = relative.split(['/', '.']).next().unwrap().to_owned();
            (module != "lib" && module != "main").then_some((module, path))
        })
        .collect()
}

#[test]
fn imports_point_one_way() {
    let mut wrong = Vec::new();
    for (module, path) in library_sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for rest in code.split("crate::").skip(1) {
                let used: String = rest
                    .chars()
                    .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                    .collect();
                if !used.is_empty() && rank(&used) > rank(&module) {
                    wrong.push(format!(
                        "{}:{}: {module} uses {used}",
                        path.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports against the direction:\n{}",
        wrong.join("\n")
    );
}

/// Who imports whom, file by file. Names that a module only hands on (`pub use`) lead to where they come from.
struct Imports {
    /// By module path, `tree::merged` for example.
    code: BTreeMap<String, String>,
    handed_on: BTreeMap<String, String>,
}

impl Imports {
    fn of_the_library() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = Vec::new();
        sources(&root, &mut files);
        let mut code = BTreeMap::new();
        for file in files {
            let relative = file.strip_prefix(&root).unwrap().with_extension("");
            let module = relative.to_str().unwrap().replace('/', "::");
            let is_test = module.split("::").any(|part| part == "tests");
            if !is_test && module != "lib" && module != "main" {
                code.insert(
                    module,
                    without_tests(&std::fs::read_to_string(file).unwrap()),
                );
            }
        }
        let mut imports = Self {
            code,
            handed_on: BTreeMap::new(),
        };
        imports.handed_on = imports.all_handed_on();
        imports
    }

    fn all_handed_on(&self) -> BTreeMap<String, String> {
        let pattern = Regex::new(r"(?m)^pub(?:\([^)]*\))? use ([^;]+);").unwrap();
        let mut handed_on = BTreeMap::new();
        for (module, code) in &self.code {
            for found in pattern.captures_iter(code) {
                for path in flattened(&found[1]) {
                    if let Some(path) = self.absolute(module, &path) {
                        let name = path.rsplit("::").next().unwrap().to_owned();
                        handed_on.insert(format!("{module}::{name}"), path);
                    }
                }
            }
        }
        handed_on
    }

    /// Returns a path from the root of the library; `None` for other crates and local names.
    fn absolute(&self, module: &str, path: &str) -> Option<String> {
        let mut base: Vec<&str> = module.split("::").collect();
        let mut parts = path.split("::").peekable();
        match *parts.peek()? {
            "crate" => {
                base.clear();
                parts.next();
            }
            "self" => {
                parts.next();
            }
            "super" => {
                while parts.next_if_eq(&"super").is_some() {
                    base.pop()?;
                }
            }
            first if self.code.contains_key(&format!("{module}::{first}")) => {}
            _ => return None,
        }
        base.extend(parts);
        Some(base.join("::"))
    }

    /// Returns the module that holds what a path names.
    fn home(&self, path: &str) -> Option<String> {
        let mut path = path.to_owned();
        for _ in 0..8 {
            let known = (0..=path.matches("::").count())
                .rev()
                .map(|count| {
                    path.splitn(count + 2, "::")
                        .take(count + 1)
                        .collect::<Vec<_>>()
                        .join("::")
                })
                .find(|prefix| {
                    self.code.contains_key(prefix) || self.handed_on.contains_key(prefix)
                })?;
            match self.handed_on.get(&known) {
                Some(origin) => path = format!("{origin}{}", &path[known.len()..]),
                None => return Some(known),
            }
        }
        None
    }

    fn of(&self, module: &str) -> BTreeSet<String> {
        let code = &self.code[module];
        let uses = Regex::new(r"(?m)^[ \t]*use ([^;]+);").unwrap();
        let inline = Regex::new(r"\b(?:[a-z_]+::)+[A-Za-z_]+").unwrap();
        let handing_on = Regex::new(r"(?m)^pub(?:\([^)]*\))? use [^;]+;").unwrap();
        let own = handing_on.replace_all(code, "");
        let body = uses.replace_all(&own, "");
        let named = uses
            .captures_iter(&own)
            .flat_map(|found| flattened(&found[1]));
        let called = inline
            .find_iter(&body)
            .map(|found| found.as_str().to_owned());
        named
            .chain(called)
            .filter_map(|path| self.home(&self.absolute(module, &path)?))
            .filter(|home| home != module)
            .collect()
    }
}

/// Returns the code without comments and without the tests at its end.
fn without_tests(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns `a::b` and `a::c::d` for `a::{b, c::d as e}`.
fn flattened(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((head, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap().trim();
        return vec![
            path.trim_end_matches("::self")
                .trim_end_matches("::*")
                .to_owned(),
        ];
    };
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    let inner = &rest[..rest.rfind('}').unwrap()];
    for (at, character) in inner.char_indices().chain([(inner.len(), ',')]) {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = inner[start..at].trim();
                if !part.is_empty() {
                    found.extend(flattened(&format!("{}{part}", head.trim())));
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// Returns the room of a floor that a module is in: `tui::panes::files` for `tui::panes::files::draw` on the floor
/// `tui::panes`.
fn room<'a>(module: &'a str, floor: &str) -> Option<&'a str> {
    let inside = match floor {
        "" => module,
        _ => module.strip_prefix(floor)?.strip_prefix("::")?,
    };
    let first = inside.split("::").next()?.len();
    Some(&module[..module.len() - inside.len() + first])
}

/// Returns who imports whom among the rooms of a floor, each with all that is in it, and by which files.
fn arrows<'a>(
    imports: &'a BTreeMap<String, BTreeSet<String>>,
    floor: &str,
) -> BTreeMap<(&'a str, &'a str), Vec<String>> {
    let mut arrows: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for (from, all) in imports {
        for to in all {
            if let (Some(here), Some(there)) = (room(from, floor), room(to, floor))
                && here != there
            {
                let arrow = arrows.entry((here, there)).or_default();
                arrow.push(format!("{from} -> {to}"));
            }
        }
    }
    arrows
}

/// On no floor of the house do rooms import each other in a circle; a room and what is in it are one.
#[test]
fn no_rooms_import_each_other() {
    let library = Imports::of_the_library();
    let modules = library.code.keys().cloned();
    let imports: BTreeMap<String, BTreeSet<String>> = modules
        .map(|module| (module.clone(), library.of(&module)))
        .collect();
    assert!(
        imports["browse::rows"].contains("tree::merged") && imports["tui::update"].len() > 5,
        "imports are not understood"
    );
    let mut floors: BTreeSet<&str> = imports
        .keys()
        .filter_map(|module| Some(module.rsplit_once("::")?.0))
        .collect();
    floors.insert("");
    let mut circles = Vec::new();
    for floor in floors {
        let arrows = arrows(&imports, floor);
        let reached = |from: &str| {
            let (mut seen, mut left) = (BTreeSet::new(), vec![from.to_owned()]);
            while let Some(at) = left.pop() {
                let next = arrows
                    .keys()
                    .filter(|(here, _)| *here == at)
                    .map(|(_, there)| *there);
                left.extend(next.filter(|there| seen.insert(*there)).map(str::to_owned));
            }
            seen
        };
        for ((here, there), files) in &arrows {
            if reached(there).contains(here) {
                circles.push(format!("{here} => {there}\n    {}", files.join("\n    ")));
            }
        }
    }
    assert!(
        circles.is_empty(),
        "rooms that import each other:\n{}",
        circles.join("\n")
    );
}

#[test]
fn every_module_is_on_the_map() {
    let map =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    for module in RANKS.concat() {
        assert!(
            map.contains(&format!("[`{module}`]")),
            "{module} is not in the map of src/lib.rs"
        );
    }
}

/// A command that frees something is a row of one table: tests run each of its rows on a real engine.
#[test]
fn commands_that_free_something_stand_in_one_table() {
    const TOOLS: [&str; 9] = [
        "docker ",
        "podman ",
        "buildah ",
        "ctr ",
        "crictl ",
        "nerdctl ",
        "buildctl ",
        "kubectl ",
        "buildx ",
    ];
    const VERBS: [&str; 7] = [
        " prune",
        " rm",
        " rmi",
        " delete",
        " kill",
        " stop",
        " check --repair",
    ];
    let mut wrong = Vec::new();
    for (_, path) in library_sources() {
        let is_test = path
            .iter()
            .any(|part| part == "tests" || part == "tests.rs");
        if is_test || path.ends_with("store/reclaim/commands/table.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
            if code.contains('"') && has(&TOOLS) && has(&VERBS) {
                wrong.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "commands beside the table in src/store/reclaim/commands/table.rs:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn nothing_panics_on_purpose_outside_tests() {
    // Clippy refuses these in code it compiles; this also catches them behind `cfg`.
    for (_, path) in library_sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        for forbidden in ["todo!(", "unimplemented!(", "dbg!("] {
            assert!(
                !text.contains(forbidden),
                "{} contains {forbidden}",
                path.display()
            );
        }
    }
}
