//! What was written to an upper directory, as the reports tell it. No root is needed: nothing is mounted.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode};
use serde_json::{Value, json};

use crate::desk::Desk;

/// Writes a file of a given time; directories are made as needed.
fn put(root: &Path, name: &str, mode: u32, bytes: &[u8]) {
    let path = root.join(name);
    let mut made = root.to_owned();
    for part in Path::new(name).parent().unwrap() {
        made.push(part);
        if !made.exists() {
            fs::create_dir(&made).unwrap();
            fs::set_permissions(&made, Permissions::from_mode(0o755)).unwrap();
        }
    }
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let file = File::options().append(true).open(&path).unwrap();
    file.set_modified(time).unwrap();
}

fn chmod(root: &Path, name: &str, mode: u32) {
    fs::set_permissions(root.join(name), Permissions::from_mode(mode)).unwrap();
}

/// An image, and above it a `chmod -R`, an edit, a grown log, something new, and something removed.
fn desk() -> Desk {
    let desk = Desk::new();
    let (lower, upper) = (desk.path("lower"), desk.path("upper"));
    for place in [&lower, &upper] {
        fs::create_dir(place).unwrap();
        chmod(place, "", 0o755);
    }
    let mode_changed = [
        ("srv/data/a", 300_000),
        ("srv/data/b", 200_000),
        ("srv/data/sub/c", 100_000),
    ];
    for (name, length) in mode_changed {
        put(&lower, name, 0o644, &vec![7; length]);
        put(&upper, name, 0o600, &vec![7; length]);
    }
    chmod(&upper, "srv/data", 0o700);
    chmod(&upper, "srv/data/sub", 0o700);
    put(&lower, "etc/app.conf", 0o644, &[b'a'; 1000]);
    let mut edited = [b'a'; 1000];
    edited[500] = b'b';
    put(&upper, "etc/app.conf", 0o644, &edited);
    let conf = File::options()
        .append(true)
        .open(upper.join("etc/app.conf"));
    conf.unwrap().set_modified(SystemTime::now()).unwrap();
    put(&lower, "var/log/app.log", 0o644, &[b'l'; 2000]);
    put(&upper, "var/log/app.log", 0o644, &[b'l'; 7000]);
    put(&upper, "new/thing", 0o644, &[b'n'; 4000]);
    put(&lower, "old/one", 0o644, &[b'o'; 500]);
    put(&lower, "old/two", 0o644, &[b'o'; 700]);
    let whiteout = upper.join("old");
    rustix::fs::mknodat(CWD, &whiteout, FileType::CharacterDevice, Mode::empty(), 0)
        .expect("a device 0:0 needs no privilege since Linux 5.8");
    desk
}

fn section(text: &str) -> String {
    let from = text.find("Written").unwrap();
    let to = text[from..].find("\n\n").unwrap();
    text[from..from + to].to_owned()
}

#[test]
fn an_upper_directory_is_told_as_what_was_written() {
    let desk = desk();
    let run = desk.line("--lower lower --upper upper");
    insta::assert_snapshot!(section(&run.exits(0).stdout));
}

#[test]
fn a_narrow_terminal_gets_the_same_facts() {
    let desk = desk();
    let mut command = desk.command();
    command.env("COLUMNS", "44").args(["--ascii", "--top", "2"]);
    command.args(["--lower", "lower", "--upper", "upper"]);
    let run = crate::desk::Run::of(command.output().unwrap());
    let section = section(&run.exits(0).stdout);
    assert!(section.is_ascii());
    for line in section.lines() {
        assert!(line.len() <= 44, "{line}");
    }
    insta::assert_snapshot!(section);
}

#[test]
fn programs_get_every_figure() {
    let desk = desk();
    let document = desk
        .line("--json --lower lower --upper upper")
        .exits(0)
        .json();
    let container = &document["container"];
    assert_eq!(container["directory"], "upper");
    assert_eq!(
        (&container["name"], &container["id"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(container["layer"], 1);
    assert_eq!(container["complete"], true);
    assert_eq!(
        container["totals"],
        json!({
            "written_bytes": 612_000,
            "added": { "files": 1, "directories": 1, "bytes": 4000 },
            "changed": { "files": 5, "directories": 2, "bytes": 608_000 },
            "deleted": { "files": 2, "directories": 1, "bytes": 1200 },
            "copied_up": {
                "files": 5, "copied_bytes": 603_000, "changed_bytes": 5001,
                "metadata_only": { "files": 3, "copied_bytes": 600_000 },
            },
            "replaced": { "files": 0, "bytes": 0 },
        })
    );
    let changes: Vec<String> = container["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            format!(
                "{} {}",
                line["change"].as_str().unwrap(),
                line["path"].as_str().unwrap()
            )
        })
        .collect();
    insta::assert_snapshot!(changes.join("\n"));
    let largest = &container["copy_ups"][0];
    assert_eq!(
        *largest,
        json!({
            "path": "/srv/data/a", "from_layer": 0, "copied_bytes": 300_000, "changed_bytes": 0,
            "compared_bytes": null, "reason": "metadata",
            "metadata": {
                "mode": { "from": "0644", "to": "0600" }, "owner": null, "time": null, "attributes": false,
            },
            "error": null,
        })
    );
    assert_eq!(container["copy_ups"].as_array().unwrap().len(), 5);
    assert_eq!(
        container["growth"][0],
        json!({ "path": "/srv/data", "bytes": 600_000 })
    );

    let few = desk
        .line("--json --top 1 --lower lower --upper upper")
        .json();
    assert_eq!(few["container"]["copy_ups"].as_array().unwrap().len(), 1);
    assert_eq!(few["container"]["copy_ups_omitted"], 4);
    assert_eq!(few["container"]["totals"], container["totals"]);
}

#[test]
fn nothing_is_told_where_nobody_writes() {
    let desk = desk();
    let run = desk.line("--lower upper:lower");
    assert!(!run.exits(0).stdout.contains("Written"), "{}", run.stdout);
    let document = desk.line("--json --lower upper:lower").json();
    assert_eq!(document.get("container"), None);
}
