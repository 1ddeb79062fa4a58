//! What systemd starts a daemon with, as far as that stands in its units (systemd.service(5), systemd.unit(5)).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::disk::Disk;

/// Where units are; the first with one of the name counts.
const PLACES: [&str; 4] = [
    "etc/systemd/system",
    "run/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];
/// Those of services of a user.
const OWN_PLACE: &str = ".config/systemd/user";

/// Returns the command line of a service, and the file that has it.
pub(super) fn command(
    disk: &Disk,
    home: Option<&Path>,
    unit: &str,
) -> Option<(Vec<String>, PathBuf)> {
    let places: Vec<PathBuf> = match home {
        Some(home) => vec![home.join(OWN_PLACE)],
        None => PLACES.iter().map(PathBuf::from).collect(),
    };
    let mut files: Vec<PathBuf> = Vec::new();
    let unit_file = places.iter().map(|place| place.join(unit));
    files.extend(
        unit_file
            .filter(|file| matches!(disk.read(file), Ok(Some(_))))
            .take(1),
    );
    let is_drop_in = |name: &OsStr| Path::new(name).extension() == Some(OsStr::new("conf"));
    // A file in the first place hides one of its name in the others.
    let mut drop_ins: Vec<PathBuf> = Vec::new();
    for place in &places {
        for file in disk.files(&place.join(format!("{unit}.d")), is_drop_in) {
            if !drop_ins
                .iter()
                .any(|known| known.file_name() == file.file_name())
            {
                drop_ins.push(file);
            }
        }
    }
    drop_ins.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
    files.extend(drop_ins);
    let mut found = None;
    for file in files {
        let text = disk.read(&file).ok().flatten().unwrap_or_default();
        for command in starts(&text) {
            found = (!command.is_empty()).then(|| (command, file.clone()));
        }
    }
    found
}

/// Returns every command of a unit's text; an empty one takes those before it away.
fn starts(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let lines = text.lines().map(str::trim);
    let commands = lines.filter_map(|line| line.strip_prefix("ExecStart"));
    let commands = commands.filter_map(|line| line.trim_start().strip_prefix('='));
    commands.map(words).collect()
}

/// Divides at spaces; quotes around a word, or around the value of an option, are taken away.
pub(super) fn words(line: &str) -> Vec<String> {
    let words = line.split_whitespace();
    words.map(|word| word.replace(['"', '\''], "")).collect()
}

/// Returns the value of an option: `--root X` or `--root=X`. The last one counts.
pub(super) fn value<'w>(words: &'w [String], options: &[&str]) -> Option<(&'w str, &'w str)> {
    let next = words.iter().skip(1).map(String::as_str).chain([""]);
    let mut found = None;
    for (word, next) in words.iter().zip(next) {
        let (name, own) = match word.split_once('=') {
            Some((name, own)) => (name, own),
            None => (word.as_str(), next),
        };
        if options.contains(&name) && !own.is_empty() {
            found = Some((name, own));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_command_counts_and_an_empty_one_takes_it_back() {
        let text = "[Service]\nExecStart=/usr/bin/dockerd -H fd:// \\\n  --data-root=/a\nExecStart=\n ExecStart = dockerd \"--data-root\" '/b c'\n";
        let found = starts(text);
        assert_eq!(found.len(), 3);
        assert_eq!(
            value(&found[0], &["--data-root"]),
            Some(("--data-root", "/a"))
        );
        assert!(found[1].is_empty());
        assert_eq!(
            value(&found[2], &["--graph", "--data-root"]),
            Some(("--data-root", "/b"))
        );
        assert_eq!(value(&words("x -g"), &["-g"]), None);
    }
}
