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
dead() { exec 9<>/dev/fuse && mount -i -t "${2:-fuse}" -o fd=9,rootmode=40000,user_id=0,group_id=0 10.0.0.9:/export "$1"; }
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

/// Nor is that of a rootless container, which a program shows: nothing is asked of it, and nothing is missing.
#[test]
fn mounts_of_rootless_containers_are_passed_in_silence() {
    if !may_serve() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    store(scratch.path());
    let script = format!(
        "merged=$(echo data/overlay2/*/diff | cut -d' ' -f1 | xargs dirname)/merged; mkdir $merged
         before=$(du_of data); dead $merged fuse.fuse-overlayfs
         du_of() {{ echo $before; }}
         {}",
        report().replace("'/", "timeout -s KILL 20 '/")
    );
    let Some(told) = with_mounts(scratch.path(), &script) else {
        return;
    };
    let (code, report, du) = reported(&told);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["stores"][0]["warnings"], serde_json::json!([]));
    // The directory that is mounted over is not seen.
    let total = bytes(&report, "total").unwrap();
    assert!(total <= du && total + 4096 >= du, "{total} {du}");
}

/// Whether somebody who may mount here may also serve a file system from a program.
fn may_serve() -> bool {
    let scratch = tempfile::tempdir().unwrap();
    let script = "mkdir p; (dead p) 2> /dev/null && echo yes || echo no";
    let can = with_mounts(scratch.path(), script).is_some_and(|told| told.trim() == "yes");
    if !can {
        println!("skipped: there is no /dev/fuse to mount");
    }
    can
}

/// Nobody answers at the other end: not even a type may be asked for.
#[test]
fn what_never_answers_is_named_and_not_asked() {
    if !may_serve() {
        return;
    }
    for (place, part) in [
        ("data/volumes/data/_data", "volumes"),
        ("data/overlay2", "images"),
        ("data/containers", "total"),
    ] {
        let scratch = tempfile::tempdir().unwrap();
        store(scratch.path());
        let script = format!(
            "before=$(du_of data); mkdir -p {place}; dead {place}
             du_of() {{ echo $before; }}
             timeout -s KILL 20 '{}' store data --no-tui > text 2>&1 || true
             {}; cat text > kept",
            layerscope(),
            report().replace("'/", "timeout -s KILL 20 '/")
        );
        let Some(told) = with_mounts(scratch.path(), &script) else {
            return;
        };
        let (code, report, _) = reported(&told);
        assert_eq!(
            (code, &report["complete"]),
            (2, &Value::Bool(false)),
            "{place}"
        );
        assert_eq!(bytes(&report, part), None, "{place}: {report}");
        let text = fs::read_to_string(scratch.path().join("kept")).unwrap();
        let words = "10.0.0.9:/export (fuse) is mounted there";
        assert!(text.contains(words), "{place}: {text}");
    }
}

/// What somebody mounts deep in a volume is none of the store's; a file may be a mount point, too.
#[test]
fn what_never_answers_inside_of_a_part_is_left_out() {
    if !may_serve() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    store(scratch.path());
    let script = format!(
        "before=$(du_of data); dead data/volumes/data/_data/inside
         du_of() {{ echo $before; }}
         {}",
        report().replace("'/", "timeout -s KILL 20 '/")
    );
    let Some(told) = with_mounts(scratch.path(), &script) else {
        return;
    };
    let (code, report, _) = reported(&told);
    assert_eq!(code, 0, "{report}");
    assert!(bytes(&report, "volumes") >= Some(200_000));
    let message = report["stores"][0]["warnings"][0]["message"].as_str();
    let words = "inside: 10.0.0.9:/export (fuse)";
    assert!(message.unwrap().contains(words), "{message:?}");
}

/// Whoever names what never answers waits for it, and not longer than they like: 200 ms is what is promised of a
/// machine at rest. A machine that runs other tests is given five times that; the work itself would never end.
#[test]
fn ctrl_c_ends_waiting_for_what_never_answers() {
    if !may_serve() {
        return;
    }
    for line in [
        "--lower hung --json",
        "ls --lower hung /",
        "store hung",
        "hung/app.tar",
    ] {
        let scratch = tempfile::tempdir().unwrap();
        let script = format!(
            "mkdir hung; dead hung
             env --default-signal=INT '{}' {line} > /dev/null & own=$!
             (sleep 5; kill -KILL $own) > /dev/null 2>&1 & guard=$!
             sleep 0.5; begin=$(date +%s%N); kill -INT $own; code=0; wait $own || code=$?
             kill -KILL $guard 2> /dev/null || true
             echo $code $(( ($(date +%s%N) - begin) / 1000000 ))",
            layerscope()
        );
        let Some(told) = with_mounts(scratch.path(), &script) else {
            return;
        };
        let told: Vec<u64> = told
            .split_whitespace()
            .map(|word| word.parse().unwrap())
            .collect();
        assert_eq!(told[0], 130, "{line}");
        assert!(told[1] < 1000, "{line}: {} ms", told[1]);
    }
}

/// The machine itself, with its `/etc`, `/var/lib` and homes made for the test.
#[test]
fn the_stores_of_this_machine_are_found_by_what_its_engines_say() {
    let scratch = tempfile::tempdir().unwrap();
    store(scratch.path());
    let home = scratch.path().join("home");
    let own = home.join(".local/share/containers/storage/overlay-layers");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("layers.json"), "[]").unwrap();
    let root = scratch.path().join("data");
    let script = format!(
        "mount -t tmpfs etc /etc; mount -t tmpfs lib /var/lib
         mkdir -p /etc/docker /var/lib/docker; cp -a data/. /var/lib/docker
         echo '{{\"data-root\": \"{root}\"}}' > /etc/docker/daemon.json
         echo 'u:x:4321:4321::{home}:/bin/sh' > /etc/passwd
         env -i HOME=/nowhere SUDO_UID=4321 timeout -s KILL 20 '{program}' store --json
         echo
         env -i HOME=/nowhere timeout -s KILL 20 '{program}' store /var/lib/docker --json",
        root = root.display(),
        home = home.display(),
        program = layerscope()
    );
    let Some(told) = with_mounts(scratch.path(), &script) else {
        return;
    };
    let mut documents = serde_json::Deserializer::from_str(&told).into_iter::<Value>();
    let mut next = || documents.next().unwrap().unwrap();
    let all = next();
    let store = |document: &Value, at: usize| {
        let store = &document["stores"][at];
        (
            store["root"].as_str().unwrap().to_owned(),
            store["activity"].as_str().unwrap().to_owned(),
        )
    };
    let podman = home
        .join(".local/share/containers/storage")
        .display()
        .to_string();
    assert_eq!(store(&all, 0), (podman, "active".into()));
    assert_eq!(
        store(&all, 1),
        (root.display().to_string(), "active".into())
    );
    let left = ("/var/lib/docker".to_owned(), "left-behind".to_owned());
    assert_eq!(store(&all, 2), left);
    // It is no less left behind when it is named.
    assert_eq!(store(&next(), 0), left);
}

/// Homes are looked for where nobody answers, and that is no reason to wait.
#[test]
fn homes_on_what_never_answers_are_named_and_not_asked() {
    if !may_serve() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    store(scratch.path());
    let script = format!(
        "mount -t tmpfs etc /etc; mount -t tmpfs lib /var/lib; mkdir -p /etc/docker /var/lib/docker home/.local hung
         echo '{{\"data-root\": \"{root}/hung/docker\"}}' > /etc/docker/daemon.json
         cp -a data/. /var/lib/docker; dead hung; (dead home/.local; sleep 30 > /dev/null 2>&1 & echo $! > pid; wait) &
         sleep 1; code=0
         env -i HOME={root}/home timeout -s KILL 20 '{program}' store --no-tui 2>&1 || code=$?
         kill $(cat pid); echo code $code",
        root = scratch.path().display(),
        program = layerscope()
    );
    let Some(told) = with_mounts(scratch.path(), &script) else {
        return;
    };
    assert!(told.ends_with("code 2\n"), "{told}");
    let text = told.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "data-root in /etc/docker/daemon.json names",
        "hung/docker: 10.0.0.9:/export (fuse) is mounted there",
        "home/.local/share/docker: 10.0.0.9:/export (fuse) is mounted there",
        "app:1",
    ] {
        assert!(text.contains(words), "{words}: {told}");
    }
}
