//! The binary on every unit of the corpus: no panic, no hang, bounded memory, a fitting exit code, and figures
//! that add up.
//!
//! Reads `LAYERSCOPE_CORPUS`; says that it was skipped where that is not set.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only functions marked as tests"
)]

#[path = "support/corpus.rs"]
mod corpus;

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// What any unit may take; they are small, and the limits are there to catch runaways.
const SECONDS: u64 = 20;
const KIBIBYTES: u64 = 512 * 1024;

struct Outcome {
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

fn run(unit: &Path) -> Outcome {
    run_with(unit.as_os_str(), Stdio::null())
}

/// Runs it on a pipe, with no place for temporary files.
fn run_piped(unit: &Path) -> Outcome {
    let mut cat = Command::new("cat")
        .arg(unit)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let outcome = run_with(OsStr::new("-"), cat.stdout.take().unwrap().into());
    let read = cat.wait().unwrap();
    assert!(
        read.success() || outcome.code == Some(2),
        "{}: cut off",
        unit.display()
    );
    outcome
}

fn run_with(unit: &OsStr, input: Stdio) -> Outcome {
    let mut child = Command::new(env!("CARGO_BIN_EXE_layerscope"))
        .args(["--json", "--image", "0"])
        .arg(unit)
        .env_remove("CI")
        .env("TMPDIR", "none")
        .current_dir(std::env::temp_dir())
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let errors = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stderr.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).expect("messages are UTF-8")
    });
    let start = Instant::now();
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        peak = peak.max(resident(child.id()));
        assert!(peak < KIBIBYTES, "{} takes {peak} KiB", unit.display());
        if start.elapsed() > Duration::from_secs(SECONDS) {
            child.kill().unwrap();
            panic!("{} hangs", unit.display());
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    Outcome {
        code: status.code(),
        stdout: reader.join().unwrap(),
        stderr: errors.join().unwrap(),
    }
}

/// Peak memory of a running process in KiB; 0 once it is gone or where the system does not say.
fn resident(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// What is read front to back once says the same, byte by byte.
#[test]
fn a_pipe_tells_what_the_file_tells() {
    let Some(files) = corpus::files() else { return };
    let manifest = std::fs::read_to_string(files.join("MANIFEST.tsv"))
        .expect("LAYERSCOPE_CORPUS holds files/MANIFEST.tsv");
    let mut compared = 0;
    for row in manifest.lines().skip(1) {
        let path = files.join(row.split('\t').next().unwrap());
        let empty = std::fs::metadata(&path).unwrap().len() == 0;
        if path.is_dir() || empty {
            continue;
        }
        let (file, pipe) = (run(&path), run_piped(&path));
        let shown = path.display().to_string();
        assert_eq!(file.code, pipe.code, "{shown}");
        let errors = pipe.stderr.replace("standard input", &shown);
        assert_eq!(
            file.stderr.replace(&shown, "X"),
            errors.replace(&shown, "X")
        );
        assert_eq!(without_source(&file), without_source(&pipe), "{shown}");
        compared += 1;
    }
    println!("{compared} compared");
    assert!(compared > 400, "{compared}");
}

fn without_source(outcome: &Outcome) -> Value {
    let mut report: Value = serde_json::from_slice(&outcome.stdout).unwrap_or_default();
    if let Some(report) = report.as_object_mut() {
        report.shift_remove("source");
    }
    report
}

#[test]
fn every_unit_is_read_or_refused_in_good_order() {
    let Some(files) = corpus::files() else { return };
    let manifest = std::fs::read_to_string(files.join("MANIFEST.tsv"))
        .expect("LAYERSCOPE_CORPUS holds files/MANIFEST.tsv");
    let (mut read, mut refused) = (0, 0);
    for row in manifest.lines().skip(1) {
        let name = row.split('\t').next().unwrap();
        let outcome = run(&files.join(name));
        let all = format!("{name}: {:?}\n{}", outcome.code, outcome.stderr);
        assert!(!outcome.stderr.contains("panicked"), "{all}");
        assert!(
            !outcome.stderr.chars().any(|c| c.is_control() && c != '\n'),
            "raw control character: {all:?}"
        );
        match outcome.code {
            Some(0) => {
                read += 1;
                let json: Value = serde_json::from_slice(&outcome.stdout)
                    .unwrap_or_else(|error| panic!("{error} {all}"));
                check(name, &json);
            }
            Some(2) => {
                refused += 1;
                assert!(outcome.stdout.is_empty(), "{all}");
                assert!(outcome.stderr.starts_with("error: "), "{all}");
            }
            _ => panic!("{all}"),
        }
    }
    println!("{read} read, {refused} refused");
    assert!(
        read > 370,
        "only {read} of the units could be read, {refused} were refused"
    );
}

/// The invariants of the machine-readable report.
fn check(name: &str, json: &Value) {
    let number = |value: &Value| {
        value
            .as_u64()
            .unwrap_or_else(|| panic!("{name}: {value} is no count"))
    };
    let layers = json["layers"].as_array().unwrap();
    let sum = |key: &str| layers.iter().map(|layer| number(&layer[key])).sum::<u64>();
    let totals = &json["totals"];
    let by_cause = json["waste"]["by_cause"].as_object().unwrap();
    let causes: u64 = by_cause.values().map(number).sum();
    let wasted = number(&totals["wasted_bytes"]);
    assert_eq!(
        sum("content_bytes"),
        number(&totals["content_bytes"]),
        "{name}"
    );
    assert_eq!(
        sum("live_bytes"),
        number(&totals["effective_bytes"]),
        "{name}"
    );
    assert_eq!(
        number(&totals["content_bytes"]) - number(&totals["effective_bytes"]),
        wasted,
        "{name}"
    );
    assert_eq!(causes, wasted, "{name}");
    assert_eq!(sum("wasted_bytes"), wasted, "{name}");
    assert_eq!(
        sum("destroyed_bytes") + number(&by_cause["shadowed-in-layer"]),
        wasted,
        "{name}"
    );
    let efficiency = totals["efficiency"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&efficiency), "{name}: {efficiency}");
    assert_eq!(layers.len() as u64, number(&totals["layers"]), "{name}");
}
