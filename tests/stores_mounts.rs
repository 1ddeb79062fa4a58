//! Parts of a store that are mounted from elsewhere: what the engine's layout leads to is measured or said to be
//! missing, and what containers mount is not counted.
//!
//! Needs mounts of its own: root, or a kernel that gives them to everybody; otherwise it says so.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::docker_store::DockerStore;
use support::image::image;

/// Moves a part onto a file system of its own, by a mount or by a bind.
const HELPERS: &str = r#"
set -e
onto() { cp -a "$2" kept; mount -t tmpfs own "$2"; cp -a kept/. "$2"; rm -r kept; }
bind() { mkdir disk; mount -t tmpfs own disk; cp -a "$1" disk/part; mount --bind disk/part "$1"; }
du_of() { du -s -B1 "$1" | cut -f1; }
"#;

/// Runs a shell where mounts are its own, and returns what it prints; `None` where nobody may.
fn with_mounts(directory: &Path, script: &str) -> Option<String> {
    let is_root = rustix::process::geteuid().is_root();
    let namespace = if is_root { "-m" } else { "-rm" };
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args([namespace, "--propagation", "private", "sh", "-c", script]);
        command.current_dir(directory).output()
    };
    let is_possible = unshare("mkdir -p try && mount -t tmpfs try try")
        .is_ok_and(|output| output.status.success());
    if !is_possible {
        println!("skipped: nobody may mount here");
        return None;
    }
    let output = unshare(&format!("{HELPERS}\n{script}")).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{script}: {errors}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Writes a store with an image and a volume, and directories where containers mount things.
fn store(directory: &Path) {
    let store = DockerStore::at(directory.join("data"));
    let image = image()
        .name("app:1")
        .layer("COPY", |layer| layer.zeros("large", 300_000))
        .build();
    store.image(&image);
    store.write("volumes/data/_data/table", vec![1; 200_000]);
    fs::create_dir_all(directory.join("data/volumes/data/_data/inside")).unwrap();
}

fn layerscope() -> &'static str {
    env!("CARGO_BIN_EXE_layerscope")
}

/// Returns the exit code, the report, and what `du` says of the store.
fn reported(told: &str) -> (i32, Value, u64) {
    let mut lines = told.lines();
    let mut number = || lines.next().unwrap().parse::<u64>().unwrap();
    let code = i32::try_from(number()).unwrap();
    let du = number();
    let json: Vec<&str> = told.lines().skip(2).collect();
    (code, serde_json::from_str(&json.join("\n")).unwrap(), du)
}

/// Ends a script: the code, `du`, the report.
fn report() -> String {
    let program = layerscope();
    format!(
        "code=0; '{program}' store data --json > json 2> errors || code=$?; echo $code; du_of data; cat json"
    )
}

fn bytes(report: &Value, part: &str) -> Option<u64> {
    report["stores"][0]["totals"][part]["bytes"].as_u64()
}

#[test]
fn a_part_on_a_disk_of_its_own_is_measured() {
    for part in ["overlay2", "volumes"] {
        for way in [
            format!("onto tmpfs data/{part}"),
            format!("bind data/{part}"),
        ] {
            let scratch = tempfile::tempdir().unwrap();
            store(scratch.path());
            let script = format!("{way}; {}", report());
            let Some(told) = with_mounts(scratch.path(), &script) else {
                return;
            };
            let (code, report, du) = reported(&told);
            assert_eq!(
                (code, &report["complete"]),
                (0, &Value::Bool(true)),
                "{way}"
            );
            assert_eq!(bytes(&report, "total"), Some(du), "{way}");
            let (images, volumes) = (bytes(&report, "images"), bytes(&report, "volumes"));
            assert!(
                images >= Some(300_000) && volumes >= Some(200_000),
                "{way}: {report}"
            );
        }
    }
}

#[test]
fn what_cannot_be_measured_there_is_not_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    store(scratch.path());
    let script = format!(
        "mount -t tmpfs tmp try; mkdir try/lower try/upper try/work; cp -a data/overlay2/. try/lower
         mount -t overlay -o lowerdir=try/lower,upperdir=try/upper,workdir=try/work part data/overlay2
         {}",
        report()
    );
    let Some(told) = with_mounts(scratch.path(), &script) else {
        return;
    };
    let (code, report, _) = reported(&told);
    assert_eq!((code, &report["complete"]), (2, &Value::Bool(false)));
    assert_eq!(bytes(&report, "images"), None);
    assert!(bytes(&report, "volumes") >= Some(200_000));
    let reason = report["stores"][0]["unmeasured"][0]["reason"]
        .as_str()
        .unwrap();
    assert!(reason.contains("an overlay is mounted there"), "{reason}");
}

/// A container's root file system shows layers a second time, and memory is no disk.
#[test]
fn mounts_of_containers_are_not_counted() {
    let scratch = tempfile::tempdir().unwrap();
    store(scratch.path());
    let overlay2 = scratch.path().join("data/overlay2");
    let names = fs::read_dir(&overlay2).unwrap();
    let layer = names
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("diff").is_dir())
        .unwrap();
    fs::create_dir(layer.join("merged")).unwrap();
    let layer = layer.file_name().unwrap().to_str().unwrap();
    let script = format!(
        "before=$(du_of data)
         mount -t tmpfs tmp try; mkdir try/upper try/work
         mount -t overlay -o lowerdir=data/overlay2/{layer}/diff,upperdir=try/upper,workdir=try/work c \
             data/overlay2/{layer}/merged
         mount -t tmpfs shm data/volumes/data/_data/inside
         head -c 100000 /dev/zero > data/volumes/data/_data/inside/memory
         du_of() {{ echo $before; }}
         {}",
        report()
    );
    let Some(told) = with_mounts(scratch.path(), &script) else {
        return;
    };
    let (code, report, du) = reported(&told);
    assert_eq!(code, 0, "{report}");
    let total = bytes(&report, "total").unwrap();
    // The two directories that are mounted over are not seen.
    assert!(total <= du && total + 8192 >= du, "{total} {du}");
}
