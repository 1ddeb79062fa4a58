//! The layout shows the architecture: imports point one way.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; clippy excuses only functions marked as tests"
)]

use std::path::{Path, PathBuf};

/// A module may use only modules before it, or of its own rank.
const RANKS: [&[&str]; 12] = [
    &["error", "limits", "path", "units", "progress"],
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
        if is_test || path.ends_with("store/reclaim/table/rows.rs") {
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
        "commands beside the table in src/store/reclaim/table/rows.rs:\n{}",
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
