//! Examples are run: every line `$ …` of a `console` block in which layerscope is called.
//!
//! They run in a directory with the demo image as `image.tar`. `/var/lib/docker` is a store made for this, and
//! `docker save` writes the demo image. Where output is shown it is what the program prints, `…` on a line of its own
//! stands for lines that are left out. A line ends with 0, unless its comment says `exit code N`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::{DockerStore, demo};
use crate::{Page, pages, root};

/// A line of an example, and the output below it.
struct Example<'a> {
    command: &'a str,
    shown: Vec<&'a str>,
}

fn examples(page: &Page) -> Vec<Example<'_>> {
    let mut examples: Vec<Example<'_>> = Vec::new();
    for line in page.examples("console").flat_map(str::lines) {
        match (line.strip_prefix("$ "), examples.last_mut()) {
            (Some(command), _) => examples.push(Example {
                command,
                shown: Vec::new(),
            }),
            (None, Some(example)) => example.shown.push(line),
            (None, None) => panic!("{line}: an example begins with a command"),
        }
    }
    examples
}

impl Example<'_> {
    /// Returns whether it needs what only a real machine has; other tests hold such examples.
    fn is_elsewhere(&self) -> bool {
        self.command.starts_with("sudo ") || self.command == "layerscope docker"
    }

    fn exit_code(&self) -> i32 {
        let told = self.command.split_once("# ").and_then(|(_, comment)| {
            let (_, code) = comment.split_once("exit code ")?;
            let digits: String = code.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        });
        told.unwrap_or(0)
    }

    fn assert_holds(&self, output: Output) {
        let command = self.command;
        let printed = String::from_utf8(output.stdout).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let code = output.status.code();
        assert_eq!(code, Some(self.exit_code()), "{command}\n{printed}{said}");
        let lines: Vec<&str> = printed.lines().collect();
        assert!(
            self.shown.is_empty() || is_shown(&self.shown, &lines),
            "{command}\nprints now\n{printed}"
        );
    }
}

/// Returns whether lines are as shown, where `…` stands for any number of them.
fn is_shown(shown: &[&str], lines: &[&str]) -> bool {
    let mut chunks = shown.split(|line| *line == "…");
    let first = chunks.next().unwrap_or_default();
    let Some(mut rest) = lines.strip_prefix(first) else {
        return false;
    };
    for chunk in chunks {
        let found = (0..=rest.len()).find(|at| rest[*at..].starts_with(chunk));
        let Some(at) = found else {
            return false;
        };
        rest = &rest[at + chunk.len()..];
    }
    rest.is_empty() || shown.ends_with(&["…"])
}

/// A directory with all that the examples name.
struct Bench {
    directory: TempDir,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = |name: &str| directory.path().join(name);
        fs::copy(root().join("assets/demo-image.tar"), place("image.tar")).unwrap();
        for name in ["home", "bin"] {
            fs::create_dir(place(name)).unwrap();
        }
        let program = env!("CARGO_BIN_EXE_layerscope");
        std::os::unix::fs::symlink(program, place("bin/layerscope")).unwrap();
        fs::write(place("bin/docker"), "#!/bin/sh\ncat image.tar\n").unwrap();
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(place("bin/docker"), executable).unwrap();
        DockerStore::at(place("store")).image(&demo::demo());
        Self { directory }
    }

    fn run(&self, command: &str) -> Output {
        let path = |name: &str| self.directory.path().join(name).display().to_string();
        Command::new("sh")
            .args(["-c", &command.replace("/var/lib/docker", &path("store"))])
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", path("bin")))
            .env("HOME", path("home"))
            .env("COLUMNS", "96")
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap()
    }
}

#[test]
fn examples_do_what_the_pages_say() {
    let bench = Bench::new();
    for page in pages() {
        let examples = examples(&page);
        for example in examples.iter().filter(|example| !example.is_elsewhere()) {
            example.assert_holds(bench.run(example.command));
        }
    }
}

/// The uses that everybody has are there, and so are run.
#[test]
fn the_readme_shows_the_four_uses() {
    let readme = Page::read("README.md");
    let examples = examples(&readme);
    for wanted in [
        "layerscope image.tar",
        "layerscope --ci image.tar",
        "layerscope /var/lib/docker/overlay2",
        "docker save app:1.4 | layerscope -",
    ] {
        let is_wanted = |example: &Example<'_>| example.command.split("  ").next() == Some(wanted);
        assert!(examples.iter().any(is_wanted), "no {wanted}");
    }
}

#[test]
fn lines_that_are_left_out_may_be_anything() {
    let lines = ["a", "b", "c", "d"];
    assert!(is_shown(&["a", "b", "c", "d"], &lines));
    assert!(is_shown(&["a", "…", "d"], &lines));
    assert!(is_shown(&["…", "b", "…"], &lines));
    assert!(!is_shown(&["a", "…", "c"], &lines));
    assert!(!is_shown(&["b", "…"], &lines));
    assert!(!is_shown(&["a", "…", "e", "…"], &lines));
}
