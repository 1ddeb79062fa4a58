//! Which image is opened, and what a person reads when none can be.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use layerscope::error::{Error, Result, WarningCode};
use layerscope::image::Platform;
use layerscope::layer::FileAt;
use layerscope::path::ImagePath;
use layerscope::progress::Job;
use layerscope::source::{self, Choice, Locator, OpenOptions, Opened};
use serde_json::{Value, json};
use support::{
    Codec, Image, Index, Members, Packing, docker_current, docker_legacy, image, oci, skopeo_dir,
};

/// A directory for the files of one test.
struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join("input");
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn archive(&self, members: &Members) -> PathBuf {
        self.file(members.archive(Codec::None))
    }

    fn directory(&self, members: &Members) -> PathBuf {
        let path = self.0.path().join("directory");
        std::fs::create_dir(&path).unwrap();
        members.write_to(&path);
        path
    }
}

fn locator(word: impl AsRef<OsStr>) -> Locator {
    Locator::parse(word.as_ref()).unwrap()
}

fn open(path: &Path) -> Result<Opened> {
    source::open(&locator(path), &OpenOptions::default(), &Job::new())
}

fn open_image(path: &Path, wanted: &str) -> Result<Opened> {
    let options = OpenOptions {
        image: Some(wanted.to_owned()),
        ..OpenOptions::default()
    };
    source::open(&locator(path), &options, &Job::new())
}

fn open_platform(path: &Path, wanted: &str) -> Result<Opened> {
    let options = OpenOptions {
        platform: Platform::parse(wanted),
        ..OpenOptions::default()
    };
    source::open(&locator(path), &options, &Job::new())
}

fn list(path: &Path) -> Vec<Choice> {
    source::list(&locator(path), &OpenOptions::default(), &Job::new()).unwrap()
}

/// The error with what a person reads below it.
fn told(error: &Error) -> String {
    let mut lines = vec![error.to_string()];
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        lines.push(format!("caused by: {cause}"));
        source = cause.source();
    }
    lines.push(format!("hint: {}", error.hint().unwrap_or_default()));
    lines.join("\n")
}

fn named(name: &str, platform: &str) -> Image {
    image()
        .name(name)
        .platform(platform)
        .layer("ADD x", |l| l.file(format!("{name} {platform}"), b"x"))
        .build()
}

fn packing() -> Packing {
    Packing::new(Codec::Gzip)
}

fn codes(opened: &Opened) -> Vec<WarningCode> {
    opened
        .image
        .warnings
        .iter()
        .map(|warning| warning.code)
        .collect()
}

#[test]
fn several_images_ask_for_a_choice_by_name_id_or_index() {
    let scratch = Scratch::new();
    let (one, two) = (
        named("one:latest", "linux/amd64"),
        named("two:1.0", "linux/amd64"),
    );
    let images = [&one, &two];
    for members in [
        docker_legacy(&images, packing()),
        docker_current(&images, packing()),
        oci(&images, packing()),
        oci(&images, packing().index(Index::Attested)),
    ] {
        let path = scratch.archive(&members);
        let error = open(&path).unwrap_err();
        let text = told(&error);
        assert!(matches!(error, Error::ManyImages { .. }), "{text}");
        assert!(text.contains("holds 2 images"), "{text}");
        assert!(text.contains("1  two:1.0  "), "{text}");
        assert!(!text.contains("unknown"), "{text}");
        let id = two.id();
        let hex = id.strip_prefix("sha256:").unwrap();
        for wanted in [
            "two:1.0",
            "docker.io/library/two:1.0",
            "1",
            &id,
            hex,
            hex.get(..6).unwrap(),
        ] {
            let opened = open_image(&path, wanted).unwrap();
            assert_eq!(opened.image.names, ["two:1.0"], "{wanted}");
        }
        for wanted in ["one", "docker.io/library/one", "0"] {
            let opened = open_image(&path, wanted).unwrap();
            assert_eq!(opened.image.names, ["one:latest"], "{wanted}");
        }
        for wanted in ["two", "2", "three", "", hex.get(..3).unwrap()] {
            let error = open_image(&path, wanted).unwrap_err();
            assert!(
                matches!(error, Error::NoSuchImage { .. }),
                "{wanted}: {error}"
            );
            assert!(told(&error).contains("0  one:latest"), "{error}");
        }
    }
}

#[test]
fn several_names_of_one_image_are_one_choice() {
    let scratch = Scratch::new();
    let image = image()
        .name("app:1")
        .name("app:latest")
        .layer("ADD x", |l| l.file("x", b"x"))
        .build();
    for members in [
        docker_legacy(&[&image], packing()),
        docker_current(&[&image], packing()),
        oci(&[&image], packing()),
        oci(&[&image], packing().index(Index::Nested)),
    ] {
        let opened = open(&scratch.archive(&members)).unwrap();
        assert_eq!(opened.image.names, ["app:1", "app:latest"]);
    }
}

#[test]
fn platforms_are_chosen_by_wish_then_host() {
    let scratch = Scratch::new();
    let host = Platform::host().to_string();
    let images = [
        named("app:1", "linux/s390x"),
        named("app:1", &host),
        named("app:1", "linux/arm/v6"),
        named("app:1", "linux/arm/v7"),
    ];
    let images: Vec<&Image> = images.iter().collect();
    for index in [Index::Flat, Index::Nested, Index::Attested] {
        let path = scratch.archive(&oci(&images, packing().index(index)));
        assert_eq!(open(&path).unwrap().image.platform.to_string(), host);
        for (wish, found) in [
            ("linux/s390x", "linux/s390x"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/arm/v6", "linux/arm/v6"),
            ("linux/arm/v8", "linux/arm/v7"),
        ] {
            let opened = open_platform(&path, wish).unwrap();
            assert_eq!(opened.image.platform.to_string(), found, "{wish}");
        }
        let error = open_platform(&path, "windows/amd64").unwrap_err();
        let text = told(&error);
        assert!(
            text.contains("no image for platform windows/amd64"),
            "{text}"
        );
        assert!(text.contains("\n  linux/arm/v6\n"), "{text}");
    }
    let strange = named("app:1", "linux/s390x");
    let path = scratch.archive(&oci(&[&strange], packing()));
    assert_eq!(
        open(&path).unwrap().image.platform.to_string(),
        "linux/s390x"
    );
    assert!(open_platform(&path, "linux/amd64").is_err());
}

#[test]
fn what_is_listed_without_being_there_says_so() {
    let scratch = Scratch::new();
    let (here, gone) = (
        named("app:1", "linux/s390x"),
        named("app:1", "linux/riscv64"),
    );
    let mut members = oci(&[&here, &gone], packing().index(Index::Nested));
    let manifests: Vec<String> = members.names().map(str::to_owned).collect();
    let manifest = manifests
        .iter()
        .find(|name| {
            let text = String::from_utf8(members.get(name).unwrap_or_default().to_vec());
            text.is_ok_and(|text| text.contains(&gone.id()) && text.contains("\"layers\""))
        })
        .unwrap();
    members.remove(manifest);
    let path = scratch.archive(&members);
    let opened = open(&path).unwrap();
    assert_eq!(opened.image.platform.to_string(), "linux/s390x");
    assert_eq!(codes(&opened), [WarningCode::NotInSource]);
    assert!(opened.image.warnings[0].message.contains("linux/riscv64"));
    assert!(
        list(&path)[1]
            .to_string()
            .ends_with("linux/riscv64  (not in archive)")
    );
    let text = told(&open_platform(&path, "linux/riscv64").unwrap_err());
    assert!(text.contains("linux/riscv64 (not in archive)"), "{text}");
}

#[test]
fn each_half_of_an_archive_can_be_broken() {
    let scratch = Scratch::new();
    let image = named("app:1", "linux/amd64");
    let whole = docker_current(&[&image], packing());
    for (document, content) in [
        ("index.json", r#"{"schemaVersion":2,"manifests":null}"#),
        ("index.json", "garbage"),
        ("index.json", ""),
        ("manifest.json", "garbage"),
        ("manifest.json", "null"),
        (
            "manifest.json",
            r#"[{"Config":"missing.json","Layers":["missing/layer.tar"]}]"#,
        ),
    ] {
        let mut members = whole.clone();
        members.replace(document, content);
        let opened = open(&scratch.archive(&members)).unwrap();
        assert_eq!(opened.image.layers.len(), 1, "{document} {content}");
        assert!(
            opened.image.layers[0].stored_bytes.is_some(),
            "{document} {content}"
        );
    }
}

/// Opens a legacy archive whose configuration was changed.
fn with_config(scratch: &Scratch, change: impl FnOnce(&mut Value)) -> Opened {
    let image = named("app:1", "linux/amd64");
    let mut members = docker_legacy(&[&image], packing());
    let name = format!("{}.json", image.id().strip_prefix("sha256:").unwrap());
    let mut config: Value = serde_json::from_slice(members.get(&name).unwrap()).unwrap();
    change(&mut config);
    members.replace(&name, config.to_string());
    let opened = open(&scratch.archive(&members)).unwrap();
    assert_eq!(opened.image.layers.len(), 1);
    opened
}

#[test]
fn configurations_in_any_state_are_warnings() {
    use WarningCode::{BadConfig, DigestMismatch, MetadataMismatch, UnreadableLayer};
    let scratch = Scratch::new();
    let entry = json!({ "created_by": "RUN x" });
    for (key, value, expected) in [
        (
            "rootfs",
            json!(null),
            vec![DigestMismatch, MetadataMismatch],
        ),
        (
            "rootfs",
            json!({ "diff_ids": [null] }),
            vec![DigestMismatch, BadConfig],
        ),
        (
            "rootfs",
            json!({ "diff_ids": ["sha256:zz"] }),
            vec![DigestMismatch, BadConfig],
        ),
        (
            "rootfs",
            json!({ "diff_ids": ["sha256:zz", "sha256:zz"] }),
            vec![DigestMismatch, BadConfig, UnreadableLayer],
        ),
        ("history", json!(null), vec![DigestMismatch]),
        ("history", json!([]), vec![DigestMismatch]),
        (
            "history",
            json!([entry, entry, entry]),
            vec![DigestMismatch, MetadataMismatch],
        ),
        ("history", json!("x"), vec![DigestMismatch, BadConfig]),
        ("architecture", json!(null), vec![DigestMismatch, BadConfig]),
        (
            "config",
            json!({ "Labels": { "a": null } }),
            vec![DigestMismatch, BadConfig],
        ),
        ("config", json!(7), vec![DigestMismatch, BadConfig]),
    ] {
        let opened = with_config(&scratch, |config| config[key] = value.clone());
        assert_eq!(codes(&opened), expected, "{key}: {value}");
    }
    let opened = with_config(&scratch, |config| *config = json!([1]));
    assert_eq!(
        codes(&opened),
        [DigestMismatch, BadConfig, MetadataMismatch]
    );
}

#[test]
fn a_configuration_that_is_missing_or_no_json_is_a_warning() {
    let scratch = Scratch::new();
    let image = named("app:1", "linux/amd64");
    let name = format!("{}.json", image.id().strip_prefix("sha256:").unwrap());
    let mut members = docker_legacy(&[&image], packing());
    members.replace(&name, vec![b'['; 100_000]);
    let opened = open(&scratch.archive(&members)).unwrap();
    assert_eq!(codes(&opened), [WarningCode::BadConfig]);
    assert_eq!(opened.image.id.unwrap().as_str(), image.id());
    members.remove(&name);
    let opened = open(&scratch.archive(&members)).unwrap();
    assert_eq!(codes(&opened), [WarningCode::BadConfig]);
    assert!(opened.image.warnings[0].message.contains("is missing"));
    members.file(&name, vec![b' '; 17 << 20]);
    let opened = open(&scratch.archive(&members)).unwrap();
    assert!(
        opened.image.warnings[0].message.contains("16.0 MiB"),
        "{:?}",
        opened.image.warnings
    );
}

#[test]
fn missing_layers_stay_in_their_place() {
    let scratch = Scratch::new();
    let image = image()
        .layer("ADD a", |l| l.file("a", b"a"))
        .layer("ADD b", |l| l.file("b", b"b"))
        .build();
    let mut members = skopeo_dir(&image, packing());
    let layers: Value = serde_json::from_slice(members.get("manifest.json").unwrap()).unwrap();
    let digest = layers["layers"][0]["digest"].as_str().unwrap().to_owned();
    members.remove(digest.strip_prefix("sha256:").unwrap());
    let opened = open(&scratch.directory(&members)).unwrap();
    let layers = &opened.image.layers;
    assert_eq!((layers[0].stored_bytes, layers.len()), (None, 2));
    assert_eq!(layers[0].digest.as_ref().unwrap().as_str(), digest);
    let first = FileAt {
        offset: 0,
        path: ImagePath::ROOT,
        size: 1,
    };
    let error = layers[0].source.open(first).err().unwrap();
    assert!(
        error
            .to_string()
            .contains(&format!("blob {digest} is missing")),
        "{error}"
    );
    assert!(layers[1].source.open(first).is_ok());
}

#[test]
fn archives_from_before_manifests_are_followed_by_parent() {
    let scratch = Scratch::new();
    let layer = named("x", "linux/amd64").layers[0].tar.clone();
    let mut members = Members::default();
    let command = |text: &str| json!({ "Cmd": ["/bin/sh", "-c", text] });
    let base = json!({ "id": "base", "container_config": command("#(nop) ADD file:1 in /"), "os": "linux" });
    let top = json!({
        "id": "top", "parent": "base", "container_config": command("true"), "os": "linux",
        "architecture": "amd64", "config": { "Env": ["A=b"] }
    });
    members.file("base/json", base.to_string());
    members.file("base/layer.tar", layer.clone());
    members.file("top/json", top.to_string());
    members.file("top/layer.tar", b"");
    members.file("repositories", r#"{"old":{"1":"top","latest":"top"}}"#);
    let opened = open(&scratch.archive(&members)).unwrap();
    let image = &opened.image;
    assert_eq!(opened.source.kind, "docker-archive");
    assert_eq!(image.names, ["old:1", "old:latest"]);
    assert_eq!(image.config.env, ["A=b"]);
    assert_eq!(image.layers.len(), 2);
    assert_eq!(image.layers[0].stored_bytes, Some(layer.len() as u64));
    assert_eq!(
        image.history[1].created_by.as_deref(),
        Some("/bin/sh -c true")
    );
    assert_eq!(image.layers[1].history, Some(1));
    assert_eq!(image.warnings, []);

    let circle = json!({ "id": "base", "parent": "top" });
    members.replace("base/json", circle.to_string());
    let text = told(&open(&scratch.archive(&members)).unwrap_err());
    assert!(text.contains("chain of parents has no end"), "{text}");
    members.remove("base/json");
    let text = told(&open(&scratch.archive(&members)).unwrap_err());
    assert!(
        text.contains("base/json cannot be used: it is missing"),
        "{text}"
    );
}

#[test]
fn an_image_that_names_nothing_is_no_layer() {
    let scratch = Scratch::new();
    let demo = image().layer("ADD x", |l| l.file("x", b"x")).build();
    for (document, text) in [
        ("manifest.json", "null"),
        ("manifest.json", "{}"),
        ("repositories", "{}"),
    ] {
        let mut members = docker_legacy(&[&demo], Packing::new(Codec::None));
        for known in ["manifest.json", "repositories"] {
            members.remove(known);
        }
        members.file(document, text);
        let told = told(&open(&scratch.archive(&members)).unwrap_err());
        assert!(told.contains("manifest.json cannot be used: it "), "{told}");
    }
}

#[test]
fn a_byte_order_mark_is_told_as_engines_refuse_it() {
    let scratch = Scratch::new();
    let demo = image().layer("ADD x", |l| l.file("x", b"x")).build();
    for document in ["manifest.json", "index.json"] {
        let mut members = docker_current(&[&demo], Packing::new(Codec::None));
        let plain = members.get(document).unwrap();
        let marked = [b"\xEF\xBB\xBF", plain].concat();
        assert_eq!(codes(&open(&scratch.archive(&members)).unwrap()), []);
        members.replace(document, marked);
        let opened = open(&scratch.archive(&members)).unwrap();
        assert_eq!(
            codes(&opened),
            [WarningCode::MetadataMismatch],
            "{document}"
        );
        assert!(opened.image.warnings[0].message.starts_with(document));
    }
}

#[test]
fn no_more_is_read_than_was_announced() {
    let scratch = Scratch::new();
    let demo = image().layer("ADD x", |l| l.zeros("x", 1 << 20)).build();
    let members = docker_current(&[&demo], Packing::new(Codec::None));
    for codec in [Codec::None, Codec::Gzip] {
        let job = Job::new();
        let path = scratch.file(members.archive(codec));
        source::open(&locator(&path), &OpenOptions::default(), &job).unwrap();
        let seen = job.snapshot();
        assert!(seen.done_bytes <= seen.expected_bytes, "{seen:?}");
    }
}

#[test]
fn an_index_inside_itself_ends() {
    let scratch = Scratch::new();
    // No blob can contain its own digest; a stale digest can claim so.
    let digest = format!("sha256:{}", "1".repeat(64));
    let index = json!({ "manifests": [{ "digest": digest, "mediaType": "application/vnd.oci.image.index.v1+json" }] });
    let mut members = Members::default();
    members.file("index.json", index.to_string());
    members.file(
        &format!("blobs/sha256/{}", "1".repeat(64)),
        index.to_string(),
    );
    let text = told(&open(&scratch.archive(&members)).unwrap_err());
    assert!(
        text.contains("index.json cannot be used: it lists no images"),
        "{text}"
    );
}

#[test]
fn inlined_documents_are_used() {
    let scratch = Scratch::new();
    let empty = format!(
        "sha256:{}",
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    );
    let mut manifest = json!({ "schemaVersion": 2, "layers": [] });
    manifest["config"] = json!({ "digest": empty, "size": 2, "data": "e30=" });
    let mut members = Members::default();
    members.file("manifest.json", manifest.to_string());
    let opened = open(&scratch.archive(&members)).unwrap();
    assert_eq!(codes(&opened), [WarningCode::BadConfig]);
    assert!(
        opened.image.warnings[0]
            .message
            .contains("operating system")
    );
}

#[test]
fn people_read_what_their_file_is() {
    let scratch = Scratch::new();
    for (bytes, part) in [
        (&b""[..], "not a container image: it is empty"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
        (b"\x7fELF\x02\x01\x01", "ELF"),
        (b"PK\x03\x04", "zip"),
        (b"hsqs\0\0", "squashfs"),
        (b"just words\n", "a text file"),
        (b"FROM alpine\nRUN true\n", "a Dockerfile"),
        (&[0xAA; 3000], "no tar archive"),
        (&Codec::Gzip.compress(b"words"), "a text file"),
    ] {
        let path = scratch.file(bytes);
        let text = told(&open(&path).unwrap_err());
        assert!(text.contains(part), "{text} lacks {part}");
        assert!(
            text.contains("input") && text.contains("\nhint: save one"),
            "{text}"
        );
    }
    let text = told(&open(&scratch.0.path().join("absent")).unwrap_err());
    assert!(
        text.contains("absent: no such file or directory\nhint: give the file"),
        "{text}"
    );
}

#[test]
fn what_is_offered_and_is_no_image_says_so() {
    let scratch = Scratch::new();
    let tar = named("x", "linux/amd64").layers[0].tar.clone();
    let layer = "application/vnd.oci.image.layer.v1.tar";
    let image = "application/vnd.oci.image.config.v1+json";
    for (config, blobs, missing) in [
        (image, &[(layer, &tar[..])][..], None),
        (image, &[("application/vnd.example", &tar)], None),
        (
            image,
            &[("application/vnd.in-toto+json", b"{}")],
            Some("an artifact"),
        ),
        (
            "application/vnd.cncf.helm.config.v1+json",
            &[(layer, &tar)],
            None,
        ),
        (
            "application/vnd.oci.empty.v1+json",
            &[("application/vnd.example", b"x")],
            Some("an artifact"),
        ),
    ] {
        let path = scratch.archive(&support::oci::artifact(config, blobs));
        let choices = list(&path);
        assert_eq!(choices.len(), 1);
        assert_eq!(choices[0].missing, missing, "{config} {blobs:?}");
        assert_eq!(open(&path).is_err(), missing.is_some(), "{config}");
    }
}

#[test]
fn people_read_what_their_directory_lacks() {
    for (names, part) in [
        (&[][..], "an empty directory"),
        (&["Dockerfile", "src"], "a Dockerfile; build it"),
        (&["blobs"], "a directory of blobs without index.json"),
        (&["overlay2", "image"], "a local layer store"),
        (
            &["a", "b", "c", "d", "e", "f", "g"],
            "with a, b, c, d, e, 2 more",
        ),
        (&["oci-layout"], "index.json cannot be used: it is missing"),
        (
            &["oci-layout", "index.json"],
            "index.json cannot be used: it is empty",
        ),
    ] {
        let scratch = Scratch::new();
        for name in names {
            std::fs::write(scratch.0.path().join(name), "").unwrap();
        }
        let text = told(&open(scratch.0.path()).unwrap_err());
        assert!(text.contains(part), "{text} lacks {part}");
    }
}

#[test]
fn a_forced_reading_says_what_it_expected_and_found() {
    let scratch = Scratch::new();
    let image = named("app:1", "linux/amd64");
    let legacy = scratch.archive(&docker_legacy(&[&image], packing()));
    let layout = scratch.directory(&oci(&[&image], packing()));
    let (legacy, layout) = (legacy.to_str().unwrap(), layout.to_str().unwrap());
    for (word, part) in [
        (
            format!("oci-archive:{legacy}"),
            "expected an archive with index.json, an OCI layout, found an archive with",
        ),
        (
            format!("oci:{legacy}"),
            "expected a directory with index.json, an OCI layout, found an archive",
        ),
        (format!("dir:{layout}"), "found a directory"),
        (format!("docker-archive:{layout}"), "found a directory"),
    ] {
        let error =
            source::open(&locator(&word), &OpenOptions::default(), &Job::new()).unwrap_err();
        assert!(told(&error).contains(part), "{error}");
    }
    for word in [format!("docker-archive:{legacy}"), format!("oci:{layout}")] {
        let opened = source::open(&locator(&word), &OpenOptions::default(), &Job::new());
        assert_eq!(opened.unwrap().image.names, ["app:1"]);
    }
}

#[test]
fn no_permission_is_said_so() {
    let scratch = Scratch::new();
    let path = scratch.file("x");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser may read everything.
    if std::fs::read(&path).is_ok() {
        return;
    }
    let text = told(&open(&path).unwrap_err());
    assert!(
        text.contains("cannot open") && text.contains("caused by: Permission denied"),
        "{text}"
    );
}

#[test]
fn a_cut_wrapping_costs_only_what_it_held() {
    let scratch = Scratch::new();
    let noise: Vec<u8> = (0..400_000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    let image = image()
        .name("app:1")
        .layer("ADD a", |l| l.file("a", b"a"))
        .layer("ADD b", |l| l.file("b", noise))
        .build();
    let mut members = docker_legacy(&[&image], Packing::new(Codec::None));
    // Documents first, so that the cut hits the layers.
    let mut sorted = Members::default();
    sorted.file("manifest.json", members.get("manifest.json").unwrap());
    members.remove("manifest.json");
    let names: Vec<String> = members.names().map(str::to_owned).collect();
    for name in names {
        if let Some(bytes) = members.get(&name) {
            sorted.file(&name, bytes);
        }
    }
    for wrapping in [
        Codec::None,
        Codec::Gzip,
        Codec::Zstd,
        Codec::Xz,
        Codec::Bzip2,
    ] {
        let bytes = sorted.archive(wrapping);
        let path = scratch.file(&bytes[..bytes.len() * 2 / 3]);
        let opened = open(&path).unwrap();
        assert_eq!(opened.image.layers.len(), 2, "{wrapping:?}");
        assert!(
            codes(&opened).contains(&WarningCode::DamagedLayer),
            "{wrapping:?}"
        );
    }
}

#[test]
fn the_spool_is_limited_and_a_cancelled_job_stops() {
    let scratch = Scratch::new();
    let image = image().layer("ADD z", |l| l.zeros("z", 3_000_000)).build();
    let path =
        scratch.file(docker_legacy(&[&image], Packing::new(Codec::None)).archive(Codec::Gzip));
    let options = OpenOptions {
        spool_limit: Some(1_000_000),
        ..OpenOptions::default()
    };
    let text = told(&source::open(&locator(&path), &options, &Job::new()).unwrap_err());
    assert!(
        text.contains("exceeds the limit of 976.6 KiB") && text.contains("--max-expanded"),
        "{text}"
    );
    let job = Job::new();
    job.cancel();
    let error = source::open(&locator(&path), &OpenOptions::default(), &job).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
}

#[test]
fn damage_anywhere_never_panics() {
    let scratch = Scratch::new();
    let image = named("app:1", "linux/amd64");
    for members in [
        docker_legacy(&[&image], packing()),
        docker_current(&[&image], packing()),
        oci(&[&image], packing().index(Index::Attested)),
    ] {
        let bytes = members.archive(Codec::None);
        for cut in (0..bytes.len()).step_by(509) {
            drop(open(&scratch.file(&bytes[..cut])));
        }
        for position in (0..bytes.len()).step_by(37) {
            let mut damaged = bytes.clone();
            damaged[position] ^= 0x41;
            drop(open(&scratch.file(&damaged)));
        }
    }
}

#[test]
fn indexes_nested_too_deep_are_refused_by_the_name_of_the_limit() {
    let image = image().layer("COPY a /", |l| l.file("a", b"a")).build();
    let mut members = oci(&[&image], Packing::new(Codec::Gzip));
    for depth in 1..=12 {
        let inner = members.get("index.json").unwrap().to_vec();
        let digest = support::image::digest(&inner);
        members.file(
            &format!("blobs/{}", digest.replace(':', "/")),
            inner.clone(),
        );
        let descriptor = json!({
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "digest": digest,
            "size": inner.len(),
        });
        let outer = json!({ "schemaVersion": 2, "manifests": [descriptor] });
        members.replace("index.json", outer.to_string());
        match open(&Scratch::new().archive(&members)) {
            Ok(opened) => {
                assert!(depth <= 8, "{depth}");
                assert_eq!(opened.image.layers.len(), 1);
            }
            Err(Error::Limit { what, .. }) => {
                assert!(depth > 8, "{depth}");
                assert!(what.contains("indexes"), "{what}");
            }
            Err(other) => panic!("{depth}: {other}"),
        }
    }
}

#[test]
fn layers_that_name_one_blob_have_one_source() {
    let scratch = Scratch::new();
    let again = |layer: support::LayerBuilder| layer.file("log", b"line\n");
    let image = image()
        .layer("ADD", |layer| layer.file("a", b"1"))
        .layer("RUN", again)
        .layer("RUN again", again)
        .build();
    let members = oci(&[&image], packing());
    for path in [scratch.archive(&members), scratch.directory(&members)] {
        let layers = open(&path).unwrap().image.layers;
        let is_same = |one: usize, other: usize| {
            std::sync::Arc::ptr_eq(&layers[one].source, &layers[other].source)
        };
        assert!(is_same(1, 2) && !is_same(0, 1));
        assert_eq!(layers[1].stored_bytes, layers[2].stored_bytes);
    }
}
