//! What the program offers is in the pages, and the lists in the pages are the program's.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use layerscope::store::Engine;
use serde_json::Value;

use crate::{Page, pages, root};

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_layerscope"))
        .args(arguments)
        .current_dir(root())
        .env_remove("CI")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Returns everything that is written for people who use the program.
fn everything() -> String {
    pages().into_iter().map(|page| page.text).collect()
}

#[test]
fn every_option_is_named() {
    let (everything, mut missing) = (everything(), BTreeSet::new());
    for command in [&["--help"][..], &["extract", "--help"], &["ls", "--help"]] {
        for word in printed(command).split_whitespace() {
            let option: String = word
                .trim_start_matches('[')
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
                .collect();
            let is_option = option.starts_with("--") && option.len() > 2;
            if is_option && !everything.contains(&option) {
                missing.insert(option);
            }
        }
    }
    assert!(
        missing.is_empty(),
        "options that no page names: {missing:?}"
    );
}

#[test]
fn every_cause_is_explained() {
    let page = Page::read("docs/waste-model.md");
    for cause in layerscope::analysis::WasteCause::ALL {
        let name = cause.as_str();
        assert!(
            page.text.contains(&format!("| `{name}` |")),
            "{name} is not explained"
        );
    }
}

#[test]
fn every_format_of_a_report_is_named() {
    let page = Page::read("docs/commands.md");
    for format in layerscope::report::Format::ALL {
        let name = format.as_str();
        assert!(
            page.text.contains(&format!("`{name}`")),
            "{name} is not named"
        );
    }
}

#[test]
fn every_engine_and_its_place_is_named() {
    let (json, stores) = (Page::read("docs/json.md"), Page::read("docs/stores.md"));
    let (_, listed) = json.text.split_once(r#""engine": "docker","#).unwrap();
    let (listed, _) = listed.split_once('\n').unwrap();
    let listed: BTreeSet<&str> = listed.trim_matches([' ', '/']).split(", ").collect();
    for engine in Engine::ALL {
        let name = engine.as_str();
        assert!(
            listed.contains(name) || engine == Engine::Docker,
            "{name} is not in docs/json.md"
        );
    }
    for place in layerscope::store::homes::usual_places("~".as_ref()) {
        let named = format!("`{}`", place.display());
        assert!(
            stores.text.contains(&named),
            "{named} is not in docs/stores.md"
        );
    }
}

/// Returns the texts in quotes between two lines of a file.
fn quoted(file: &str, from: &str, to: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let (_, rest) = text.split_once(from).expect(from);
    let (part, _) = rest.split_once(to).expect(to);
    let pieces = part.split('"').skip(1).step_by(2);
    pieces.map(str::to_owned).collect()
}

#[test]
fn every_code_of_a_warning_is_explained() {
    let page = Page::read("docs/json.md");
    let codes = quoted(
        "src/error.rs",
        "impl WarningCode {",
        "pub const fn makes_incomplete",
    );
    assert!(codes.len() > 20, "{codes:?}");
    for code in codes {
        assert!(page.text.contains(&format!("`{code}`")), "{code}");
    }
}

#[test]
fn every_module_is_in_the_architecture() {
    let page = Page::read("docs/architecture.md");
    let library = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let modules = library.lines().filter_map(|line| {
        let name = line.strip_prefix("pub mod ")?;
        name.strip_suffix(';')
    });
    for module in modules {
        assert!(
            page.text.contains(&format!("`{module}`")),
            "{module} is not in the table"
        );
    }
}

/// Collects the names of members, however deep; those of labels are the image's own.
fn members(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| members(value, names)),
        Value::Object(object) => {
            for (name, value) in object {
                names.insert(name.clone());
                if name != "labels" {
                    members(value, names);
                }
            }
        }
        _ => {}
    }
}

/// The example shows every member there is, and none that there is not.
#[test]
fn the_json_of_an_image_is_shown() {
    let page = Page::read("docs/json.md");
    let (_, section) = page.text.split_once("## An image\n").unwrap();
    let (_, example) = section.split_once("```jsonc\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let image = "assets/demo-image.tar";
    let document = printed(&["--json", "--ci", "--forbid", "**/.npmrc", image]);
    let mut written = BTreeSet::new();
    members(&serde_json::from_str(&document).unwrap(), &mut written);
    // Between quotes is every second piece; a member is followed by a colon.
    let pieces: Vec<&str> = example.split('"').collect();
    let pairs = pieces.windows(2).skip(1).step_by(2);
    let shown: BTreeSet<String> = pairs
        .filter(|pair| pair[1].starts_with(':'))
        .map(|pair| pair[0].to_owned())
        .collect();
    let differences: Vec<_> = written.symmetric_difference(&shown).collect();
    assert!(
        differences.is_empty(),
        "in the JSON or in its example alone: {differences:?}"
    );
}

/// The examples of a configuration make one that is accepted, has every setting, and is heeded.
#[test]
fn the_configuration_can_be_used() {
    let page = Page::read("docs/configuration.md");
    let file = tempfile::NamedTempFile::new().unwrap();
    let configuration: Vec<&str> = page.examples("toml").collect();
    fs::write(file.path(), configuration.join("\n")).unwrap();
    let path = file.path().to_str().unwrap();
    let effect = printed(&["--config", path, "--print-config"]);
    for line in configuration.iter().flat_map(|example| example.lines()) {
        if let Some((name, _)) = line.split_once(" = ") {
            let is_in_effect = effect
                .lines()
                .any(|line| line.starts_with(&format!("{name} = ")));
            assert!(is_in_effect, "{name} is not in effect:\n{effect}");
        }
    }
    assert!(!effect.contains("# default"), "not shown:\n{effect}");
}

fn table_of_keys() -> String {
    use layerscope::tui::keys::{KeyMap, Preset, document};
    let keys = KeyMap::new(Preset::Default, &std::collections::BTreeMap::new());
    document::markdown(&keys.expect("the table has no clash"))
}

/// The table on the page is the one the program uses.
#[test]
fn the_keys_are_listed() {
    let page = Page::read("docs/keys.md");
    let listed = page
        .text
        .split_once("<!-- keys -->\n")
        .and_then(|(_, rest)| rest.split_once("<!-- end of keys -->"));
    let (listed, _) = listed.expect("a table of keys between its two marks");
    let table = table_of_keys();
    assert!(
        listed.trim() == table.trim(),
        "put the table as it is now into docs/keys.md:\n{table}"
    );
}

#[test]
fn every_view_is_explained() {
    let page = Page::read("docs/keys.md");
    for (tab, key) in layerscope::tui::state::Tab::ALL.iter().zip(1..) {
        let row = format!("| `{key}` | **{}** |", tab.title());
        assert!(page.text.contains(&row), "no row for {row}");
    }
}

#[test]
fn the_manual_page_lists_the_keys() {
    let page = printed(&["man"]);
    let (_, keys) = page
        .split_once(".SH \"KEYS\"")
        .expect("a section about keys");
    for binding in layerscope::tui::keys::TABLE {
        let action = format!("(\\fI{}\\fR)", binding.name.replace('-', "\\-"));
        assert!(keys.contains(&action), "{action}");
    }
}

/// What the README tells a newcomer to type is what the reviewer's script runs.
#[test]
fn the_two_commands_are_run() {
    let readme = Page::read("README.md");
    let example = readme.examples("sh").next().expect("the two commands");
    let commands: Vec<&str> = example
        .lines()
        .map(|line| line.split(" #").next().unwrap_or_default().trim())
        .collect();
    assert_eq!(
        commands,
        ["cargo run --release -- assets/demo-image.tar", "cargo test"]
    );
    // Not part of a packaged version.
    let Ok(script) = fs::read_to_string(root().join(".ci/run")) else {
        return;
    };
    for command in commands {
        let locked = command
            .replace("cargo run", "cargo run --locked")
            .replace("cargo test", "cargo test --locked");
        assert!(script.contains(&locked), ".ci/run does not run {command}");
    }
}
