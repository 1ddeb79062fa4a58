//! One logical image gives one report, whatever container, compression and path it arrives by.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use support::item::Item;
use support::model::Outcome;
use support::{
    Codec, Encoding, Image, Index, Members, Packing, Repeated, docker_current, docker_legacy,
    image, oci, skopeo_dir,
};

/// Every kind of entry, marker and change; the fourth layer is the third again.
fn sample(encoding: Encoding) -> Image {
    let mut holes = vec![0; 20_000];
    holes[5_000..5_600].fill(b'x');
    let long = format!("deep/{}/file", "name".repeat(60));
    let again = |l: support::LayerBuilder| l.file("log", b"line\n").file("var/x", b"new");
    image()
        .name("app:1.4")
        .layer("ADD rootfs.tar.xz / # buildkit", |l| {
            l.encode_with(encoding)
                .dir("etc")
                .file("etc/passwd", b"root:x:0:0\n")
                .meta(0o600, 3_000_000, 7, 1_700_000_000)
                .xattr("user.note", b"kept")
                .file("holes", &holes)
                .file("empty", b"")
                .file(&long, b"long")
                .hardlink("other", &long)
                .symlink("link", "etc/passwd")
                .fifo("pipe")
                .char_device("null", 1, 3)
                .file("var/a", b"first")
                .file("var/b", vec![b'b'; 30_000])
        })
        .empty("ENV MODE=production")
        .config("Env", serde_json::json!(["MODE=production"]))
        .label("org.opencontainers.image.title", "app")
        .layer("RUN chmod 644 /etc/passwd && rm /var/a # buildkit", |l| {
            l.encode_with(encoding)
                .file("etc/passwd", b"root:x:0:0\n")
                .xattr("user.note", b"kept")
                .whiteout("var/a")
                .file("holes", &holes)
                .whiteout("nowhere")
        })
        .layer("COPY . / # buildkit", again)
        .layer("COPY . / # buildkit", again)
        .layer("RUN clean # buildkit", |l| {
            l.dir("var").opaque("var").whiteout("deep")
        })
        .empty("CMD [\"app\"]")
        .build()
}

/// Runs the program and returns its report without what must differ: the source, names (not every container
/// has them), and how blobs are stored.
fn report(argument: &str, input: Option<&[u8]>) -> Value {
    let mut child = Command::new(env!("CARGO_BIN_EXE_layerscope"))
        .args(["--json", "--top", "1000", argument])
        // A report writes nothing to a disk, however its input comes.
        .env("TMPDIR", "none")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    if let Some(bytes) = input {
        pipe.write_all(bytes).unwrap();
    }
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{argument}: {errors}");
    let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let fields = report.as_object_mut().unwrap();
    fields.shift_remove("source");
    for field in ["names", "digest"] {
        fields["image"].as_object_mut().unwrap().shift_remove(field);
    }
    fields["totals"]
        .as_object_mut()
        .unwrap()
        .shift_remove("stored_bytes");
    for layer in fields["layers"].as_array_mut().unwrap() {
        for field in ["digest", "media_type", "compression", "stored_bytes"] {
            layer.as_object_mut().unwrap().shift_remove(field);
        }
    }
    report
}

/// Checks a container as archive, on standard input and as directory.
fn check(what: &str, members: &Members, wrapping: Codec, expected: &Value) {
    let directory = TempDir::new().unwrap();
    let bytes = members.archive(wrapping);
    let file = directory.path().join("image.tar");
    fs::write(&file, &bytes).unwrap();
    assert_same(
        &format!("{what}, file"),
        &report(name(&file), None),
        expected,
    );
    assert_same(
        &format!("{what}, standard input"),
        &report("-", Some(&bytes)),
        expected,
    );
    if wrapping == Codec::None {
        check_directory(what, members, expected);
    }
}

fn check_directory(what: &str, members: &Members, expected: &Value) {
    let directory = TempDir::new().unwrap();
    members.write_to(directory.path());
    let found = report(name(directory.path()), None);
    assert_same(&format!("{what}, directory"), &found, expected);
}

fn assert_same(what: &str, found: &Value, expected: &Value) {
    let (found, expected) = (pretty(found), pretty(expected));
    let different = found.lines().zip(expected.lines()).find(|(a, b)| a != b);
    assert!(
        found == expected,
        "{what}: found and expected differ, first in {different:?}"
    );
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn expected(encoding: Encoding) -> Value {
    let bytes = docker_legacy(&[&sample(encoding)], Packing::new(Codec::None)).archive(Codec::None);
    report("-", Some(&bytes))
}

#[test]
fn containers_and_codecs_make_no_difference() {
    let image = sample(Encoding::Ustar);
    let expected = expected(Encoding::Ustar);
    for codec in Codec::ALL {
        let packing = Packing::new(codec);
        for (what, members) in [
            ("docker, legacy", docker_legacy(&[&image], packing)),
            ("docker, current", docker_current(&[&image], packing)),
            ("oci", oci(&[&image], packing)),
            ("oci, nested", oci(&[&image], packing.index(Index::Nested))),
            (
                "oci, attested",
                oci(&[&image], packing.index(Index::Attested)),
            ),
        ] {
            check(
                &format!("{what}, {codec:?}"),
                &members,
                Codec::None,
                &expected,
            );
        }
        let members = skopeo_dir(&image, packing);
        check_directory(&format!("dir, {codec:?}"), &members, &expected);
    }
}

#[test]
fn a_wrapping_makes_no_difference() {
    let image = sample(Encoding::Ustar);
    let expected = expected(Encoding::Ustar);
    for wrapping in Codec::ALL {
        for codec in [Codec::None, Codec::Gzip] {
            let packing = Packing::new(codec);
            let what = format!("{codec:?} in {wrapping:?}");
            check(
                &what,
                &docker_legacy(&[&image], packing),
                wrapping,
                &expected,
            );
            check(&what, &oci(&[&image], packing), wrapping, &expected);
        }
    }
}

/// A pipe cannot go back to what a manifest names, nor wait for it.
#[test]
fn the_order_of_members_makes_no_difference() {
    let image = sample(Encoding::Ustar);
    let expected = expected(Encoding::Ustar);
    for codec in [Codec::None, Codec::Zstd] {
        let packing = Packing::new(codec);
        for (what, members) in [
            ("docker, legacy", docker_legacy(&[&image], packing)),
            ("docker, current", docker_current(&[&image], packing)),
            ("oci, nested", oci(&[&image], packing.index(Index::Nested))),
        ] {
            for first in 0..members.names().count() {
                let members = members.clone().turned(first);
                check(
                    &format!("{what}, from {first}"),
                    &members,
                    Codec::Gzip,
                    &expected,
                );
            }
        }
    }
}

#[test]
fn a_repeated_layer_may_be_a_symlink() {
    let packing = Packing::new(Codec::None).repeated(Repeated::Symlinked);
    let members = docker_legacy(&[&sample(Encoding::Ustar)], packing);
    check(
        "symlinked",
        &members,
        Codec::None,
        &expected(Encoding::Ustar),
    );
}

#[test]
fn either_half_of_a_current_archive_suffices() {
    let image = sample(Encoding::Ustar);
    let expected = expected(Encoding::Ustar);
    let whole = docker_current(&[&image], Packing::new(Codec::None));
    for missing in [
        &["manifest.json", "repositories"][..],
        &["index.json", "oci-layout"],
    ] {
        let mut members = whole.clone();
        for name in missing {
            members.remove(name);
        }
        check(
            &format!("without {missing:?}"),
            &members,
            Codec::None,
            &expected,
        );
    }
}

#[test]
fn a_layer_on_its_own_reads_the_same_in_every_codec() {
    let image = sample(Encoding::Ustar);
    let plain = report("-", Some(&image.layer_file(0, Codec::None)));
    for codec in Codec::ALL {
        let bytes = image.layer_file(0, codec);
        assert_same(&format!("{codec:?}"), &report("-", Some(&bytes)), &plain);
    }
}

/// Times before 1970 and beyond octal digits, names and sizes: all dialects say the same.
#[test]
fn tar_dialects_make_no_difference() {
    let mut plain = expected(Encoding::Ustar);
    forget_digests(&mut plain);
    for encoding in Encoding::ALL {
        let mut found = expected(encoding);
        forget_digests(&mut found);
        assert_same(&format!("{encoding:?}"), &found, &plain);
    }
}

/// Another dialect is another tar, so the digests of layers and configuration differ.
fn forget_digests(report: &mut Value) {
    report["image"]["id"].take();
    for layer in report["layers"].as_array_mut().unwrap() {
        layer["diff_id"].take();
    }
}

#[test]
fn the_figures_are_those_of_the_model() {
    let stack: Vec<Vec<Item>> = sample(Encoding::Ustar).stack();
    let outcome = Outcome::of(&stack);
    let report = expected(Encoding::Ustar);
    assert_eq!(report["totals"]["effective_bytes"], outcome.merged_bytes());
    assert_eq!(report["totals"]["wasted_bytes"], outcome.wasted_bytes());
    for cause in support::model::Cause::ALL {
        let bytes = &report["waste"]["by_cause"][cause.word()];
        assert_eq!(*bytes, outcome.wasted_by(cause), "{cause:?}");
    }
}
