//! The layout shows the architecture: imports point one way, and the README names what the program offers.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; clippy excuses only functions marked as tests"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A module may use only modules before it, or of its own rank.
const RANKS: [&[&str]; 11] = [
    &["error", "limits", "path", "units", "progress"],
    &["layer"],
    &["tree"],
    &["image"],
    &["store"],
    &["source"],
    &["scan"],
    &["analysis"],
    &["extract", "report"],
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

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

#[test]
fn the_readme_names_every_option() {
    let output = Command::new(env!("CARGO_BIN_EXE_layerscope"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let readme = readme();
    let options = help.split_whitespace().filter_map(|word| {
        let name: String = word
            .trim_start_matches('[')
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect();
        (name.starts_with("--") && name.len() > 2).then_some(name)
    });
    let missing: Vec<String> = options
        .filter(|option| !readme.contains(option.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "options that the README does not name: {missing:?}"
    );
}

#[test]
fn the_readme_names_every_cause() {
    let readme = readme();
    for cause in layerscope::analysis::WasteCause::ALL {
        assert!(
            readme.contains(&format!("`{}`", cause.as_str())),
            "{} is not explained",
            cause.as_str()
        );
    }
}

/// Returns the texts in quotes between two lines of a file.
fn quoted(file: &str, from: &str, to: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once(from).expect(from);
    let (part, _) = rest.split_once(to).expect(to);
    let pieces = part.split('"').skip(1).step_by(2);
    pieces.map(str::to_owned).collect()
}

#[test]
fn the_readme_names_every_code_of_a_warning() {
    let readme = readme();
    let codes = quoted(
        "src/error.rs",
        "impl WarningCode {",
        "pub const fn makes_incomplete",
    );
    assert!(codes.len() > 20, "{codes:?}");
    for code in codes {
        assert!(readme.contains(&format!("`{code}`")), "{code}");
    }
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

/// The picture in the README is what the program prints.
#[test]
fn the_readme_shows_the_report_of_the_demo_image() {
    let readme = readme();
    let picture = readme
        .split("```console\n$ layerscope ")
        .nth(1)
        .and_then(|rest| rest.split_once('\n'))
        .and_then(|(arguments, rest)| Some((arguments, rest.split_once("\n```")?.0)));
    let (arguments, shown) = picture.expect("the README begins with a report");
    let output = Command::new(env!("CARGO_BIN_EXE_layerscope"))
        .args(arguments.split_whitespace())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("COLUMNS", "100")
        .env_remove("CI")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        printed.trim_end(),
        shown,
        "run it again and put the output into the README"
    );
}

fn table_of_keys() -> String {
    use layerscope::tui::keys::{KeyMap, Preset, document};
    let keys = KeyMap::new(Preset::Default, &std::collections::BTreeMap::new());
    document::markdown(&keys.expect("the table has no clash"))
}

/// The table in the README is the one the program uses.
#[test]
fn the_readme_lists_the_keys() {
    let readme = readme();
    let listed = readme
        .split_once("<!-- keys -->\n")
        .and_then(|(_, rest)| rest.split_once("<!-- end of keys -->"));
    let (listed, _) = listed.expect("the README has a table of keys between its two marks");
    let table = table_of_keys();
    assert!(
        listed.trim() == table.trim(),
        "put the table as it is now into the README:\n{table}"
    );
}

#[test]
fn the_manual_page_lists_the_keys() {
    let output = Command::new(env!("CARGO_BIN_EXE_layerscope"))
        .arg("man")
        .output()
        .unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    let (_, keys) = page
        .split_once(".SH \"KEYS\"")
        .expect("a section about keys");
    for binding in layerscope::tui::keys::TABLE {
        let action = format!("(\\fI{}\\fR)", binding.name.replace('-', "\\-"));
        assert!(keys.contains(&action), "{action}");
    }
}
