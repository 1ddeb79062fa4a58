//! What is no image says what it is, in the first line, and never passes the gate.

use serde_json::{Value, json};

use crate::desk::Desk;
use crate::support::image::{digest, hex};
use crate::support::{Codec, Members, Packing, docker_legacy, image, oci, oci::artifact, tar};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// Zeros with some bytes at an offset, as file systems begin.
fn at(offset: usize, magic: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 100_000];
    bytes[offset..offset + magic.len()].copy_from_slice(magic);
    bytes
}

fn base() -> Vec<u8> {
    let image = image().layer("ADD", |l| l.dir("etc").file("etc/a", b"x"));
    image.build().layers[0].tar.clone()
}

#[track_caller]
fn refused(desk: &Desk, part: &str) {
    for line in ["--ci app.tar", "--ci --json app.tar"] {
        let run = desk.line(line);
        let first = run
            .exits(2)
            .stderr
            .lines()
            .find(|line| line.starts_with("error: "));
        let first = first.unwrap_or_default();
        assert!(first.contains(part), "{first} lacks {part}");
    }
}

#[test]
fn a_lone_file_says_what_it_is() {
    let desk = Desk::new();
    for (bytes, part) in [
        (at(1024, b"\xe2\xe1\xf5\xe0"), "an EROFS file system"),
        (at(1080, b"\x53\xef"), "ext2, ext3 or ext4"),
        (at(65_600, b"_BHRfS_M"), "a btrfs file system"),
        (at(0, b"XFSB"), "an XFS file system"),
        (at(0, b"hsqs"), "a squashfs file system"),
        (at(32_769, b"CD001"), "an ISO 9660 file system"),
        (at(0, b"QFI\xfb"), "a QCOW2 disk image"),
        (at(0, b"conectix"), "a VHD disk image"),
        (vec![0; 65_536], "nothing but zeros"),
        (b"GGUF\x03\0\0\0".to_vec(), "a model in GGUF"),
        (b"\0asm\x01\0\0\0".to_vec(), "a WebAssembly module"),
        (
            b"\xff\xfem\0a\0n\0".to_vec(),
            "PowerShell's `>` rewrote it, use `docker save -o`",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n".to_vec(),
            "`git lfs pull`",
        ),
        (b"<!DOCTYPE html>\n<html>".to_vec(), "an HTML page"),
    ] {
        desk.write("app.tar", &bytes);
        refused(&desk, part);
        desk.write("app.tar", Codec::Gzip.compress(&bytes));
        refused(&desk, part);
        desk.line("ls app.tar").exits(2).complains(part);
    }
}

/// What `tar -cf - -T /dev/null` writes, with any blocking factor in use.
#[test]
fn an_empty_archive_is_a_layer_without_files() {
    let desk = Desk::new();
    for length in [1024, 10_240, 32_768] {
        desk.write("app.tar", vec![0; length]);
        desk.line("--ci app.tar").exits(0).says("0 paths");
    }
}

#[test]
fn a_layer_that_is_no_archive_says_what_it_is() {
    let desk = Desk::new();
    let base = base();
    for (media_type, bytes, part) in [
        (
            "application/vnd.erofs.layer.v1",
            at(1024, b"\xe2\xe1\xf5\xe0"),
            "layer 1: app.tar: blobs/sha256/",
        ),
        (
            LAYER,
            at(1024, b"\xe2\xe1\xf5\xe0"),
            "is no layer: it looks like an EROFS file system, not a tar archive",
        ),
        (LAYER, at(0, b"hsqs"), "a squashfs file system"),
        (LAYER, b"just words\n".to_vec(), "a text file"),
        (
            LAYER,
            Codec::Gzip.compress(&Codec::Gzip.compress(&base)),
            "a gzip stream inside another",
        ),
        (
            LAYER,
            Codec::Zstd.compress(&at(0, b"XFSB")),
            "an XFS file system",
        ),
        (
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
            vec![0xA5; 2000],
            "it is encrypted (application/vnd.oci.image.layer.v1.tar+gzip+encrypted)",
        ),
        (
            "application/vnd.in-toto+json",
            b"{}".to_vec(),
            "it is an attestation (application/vnd.in-toto+json), not a layer",
        ),
    ] {
        let members = artifact(CONFIG, &[(LAYER, &base), (media_type, &bytes)]);
        desk.write("app.tar", members.archive(Codec::None));
        refused(&desk, part);
        let report = desk.line("--json app.tar").exits(0).json();
        assert_eq!(report["complete"], false);
        let about_it = |warning: &&Value| warning["layer"] == 1;
        let warnings = report["warnings"].as_array().unwrap();
        assert_eq!(warnings.iter().filter(about_it).count(), 1, "{warnings:?}");
        desk.line("ls app.tar").exits(0).says("/etc/a");
    }
}

/// Media types are hints: a layer is what is one.
#[test]
fn a_tar_of_any_media_type_is_a_layer() {
    let desk = Desk::new();
    let members = artifact(CONFIG, &[("application/vnd.example.thing", &base())]);
    desk.write("app.tar", members.archive(Codec::None));
    desk.line("--ci app.tar").exits(0).says("2 paths");
}

#[test]
fn an_artifact_is_told_from_an_image() {
    let desk = Desk::new();
    for (config, blob, part) in [
        (
            CONFIG,
            "application/vnd.docker.ai.gguf.v3",
            "an artifact, a model of Docker Model Runner (application/vnd.docker.ai.gguf.v3)",
        ),
        (
            "application/vnd.wasm.config.v0+json",
            "application/wasm",
            "a WebAssembly module (application/vnd.wasm.config.v0+json)",
        ),
        (
            "application/vnd.oci.empty.v1+json",
            "application/vnd.cyclonedx+json",
            "a bill of materials (application/vnd.cyclonedx+json)",
        ),
        (
            "application/vnd.example.config.v1+json",
            "application/vnd.example",
            "an artifact, of type application/vnd.example.config.v1+json, not an image",
        ),
    ] {
        let members = artifact(config, &[(blob, b"not a tar archive")]);
        desk.write("app.tar", members.archive(Codec::None));
        refused(&desk, part);
        desk.line("ls app.tar").exits(2).complains(part);
    }
    // A chart has files to look at.
    let chart = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
    let packed = Codec::Gzip.compress(&base());
    let members = artifact(
        "application/vnd.cncf.helm.config.v1+json",
        &[(chart, &packed)],
    );
    desk.write("app.tar", members.archive(Codec::None));
    desk.line("app.tar").exits(0).says("not that of an image");
}

/// `buildx build --cache-to type=local`: an index of layers and what they are for, or since `BuildKit` 0.21 a manifest. The
/// layers of all steps and stages are in it, and make no stack.
#[test]
fn a_cache_of_buildkit_is_no_image() {
    const CACHE: &str = "application/vnd.buildkit.cacheconfig.v0";
    let part = format!("it is an artifact, a cache of BuildKit ({CACHE}), not an image");
    let desk = Desk::new();
    let members = artifact(CACHE, &[(LAYER, &base())]);
    desk.write("app.tar", members.archive(Codec::None));
    refused(&desk, &part);

    let mut members = artifact(CONFIG, &[(LAYER, &base())]);
    let mut blob = |media_type: &str, bytes: &[u8]| {
        let name = format!("blobs/sha256/{}", hex(bytes));
        if members.get(&name).is_none() {
            members.file(&name, bytes);
        }
        json!({ "mediaType": media_type, "digest": digest(bytes), "size": bytes.len() })
    };
    let config = json!({ "layers": [{ "blob": digest(&base()), "parent": -1 }], "records": [] });
    let listed = [
        blob(LAYER, &base()),
        blob(CACHE, config.to_string().as_bytes()),
    ];
    let cache = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": listed });
    let cache = blob(INDEX, cache.to_string().as_bytes());
    let mut index: Value = serde_json::from_slice(members.get("index.json").unwrap()).unwrap();
    let image = std::mem::replace(&mut index["manifests"], json!([cache.clone()]));
    members.replace("index.json", index.to_string());
    desk.write("app.tar", members.archive(Codec::None));
    refused(&desk, &part);

    // Beside an image it is passed over.
    index["manifests"] = json!([cache, image[0]]);
    members.replace("index.json", index.to_string());
    desk.write("app.tar", members.archive(Codec::None));
    desk.line("--ci app.tar").exits(0).says("2 paths");
}

/// `cosign save` writes the image, its signatures and its attestations side by side, without names.
#[test]
fn signatures_of_cosign_are_no_images() {
    let desk = Desk::new();
    let image = image().layer("ADD", |l| l.file("a", b"a")).build();
    let mut members = oci(&[&image], Packing::new(Codec::Gzip));
    let mut index: Value = serde_json::from_slice(members.get("index.json").unwrap()).unwrap();
    for kind in ["sigs", "atts", "sboms"] {
        let manifest = json!({ "schemaVersion": 2, "layers": [], "annotations": { "of": kind } });
        let manifest = manifest.to_string();
        let digest = digest(manifest.as_bytes());
        members.file(&format!("blobs/{}", digest.replace(':', "/")), manifest);
        let annotations = json!({ "kind": format!("dev.cosignproject.cosign/{kind}") });
        let manifests = index["manifests"].as_array_mut().unwrap();
        manifests.push(json!({ "digest": digest, "annotations": annotations }));
    }
    index["manifests"][0]["annotations"] = json!({ "kind": "dev.cosignproject.cosign/image" });
    members.replace("index.json", index.to_string());
    desk.write("app.tar", members.archive(Codec::None));
    desk.line("--ci app.tar").exits(0).says("1 layer");
}

#[test]
fn a_foreign_layer_says_where_it_is_to_be_had() {
    let desk = Desk::new();
    let url = "https://mcr.example.com/v2/windows/blobs/sha256:1";
    let image = image()
        .platform("windows/amd64")
        .layer("Apply image 10.0.17763.1", |l| l.file("Files/big", b"big"))
        .layer("RUN x", |l| l.file("Files/app", b"app"))
        .build();
    let mut members = docker_legacy(&[&image], Packing::new(Codec::None));
    let mut list: Value = serde_json::from_slice(members.get("manifest.json").unwrap()).unwrap();
    let blob = list[0]["Layers"][0].as_str().unwrap().to_owned();
    members.remove(&blob);
    list[0]["LayerSources"] = json!({ image.layers[0].diff_id(): { "urls": [url] } });
    members.replace("manifest.json", list.to_string());
    desk.write("app.tar", members.archive(Codec::None));
    let part = format!(
        "layer 0: app.tar: blob {blob} cannot be used: it is a foreign layer, to be had at {url}"
    );
    refused(&desk, &part);
    desk.line("--ci --allow-incomplete app.tar").exits(0);

    let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let mut members = artifact(CONFIG, &[(foreign, b"gone"), (LAYER, &base())]);
    members.remove(&format!("blobs/sha256/{}", hex(b"gone")));
    desk.write("app.tar", members.archive(Codec::None));
    refused(
        &desk,
        "it is a foreign layer, which is not saved with its image",
    );
}

#[test]
fn builds_of_windows_are_told_apart_by_version() {
    let desk = Desk::new();
    let build = |version: &str| {
        let platform = format!("windows/amd64:{version}");
        let image = image().name("w:1").platform(&platform);
        image.layer("ADD", |l| l.file(version, b"x")).build()
    };
    let images = [build("10.0.17763.6054"), build("10.0.20348.2655")];
    let members = oci(&[&images[0], &images[1]], Packing::new(Codec::Gzip));
    desk.write("app.tar", members.archive(Codec::None));
    desk.line("--platform windows/amd64 app.tar")
        .exits(2)
        .complains("app.tar has several images for platform windows/amd64")
        .complains("  windows/amd64:10.0.17763.6054\n  windows/amd64:10.0.20348.2655");
    for wish in ["10.0.20348", "10.0.20348.2655"] {
        let line = format!("--json --platform windows/amd64:{wish} app.tar");
        let report = desk.line(&line).exits(0).json();
        assert_eq!(report["image"]["platform"], "windows/amd64");
        assert_eq!(report["image"]["os_version"], "10.0.20348.2655");
    }
    desk.line("--platform windows/amd64:10.0.1 app.tar")
        .exits(2)
        .complains("no image for platform windows/amd64:10.0.1");
}

#[test]
fn a_command_that_is_no_list_is_warned_of() {
    let image = image().config("Cmd", json!("/bin/sh"));
    let desk = Desk::with(&image.layer("ADD", |l| l.file("a", b"a")).build());
    let warned = desk.line("-v app.tar --json").exits(0).json();
    let message = warned["warnings"][0]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(message.contains("\"Cmd\" is a text"), "{message}");
    desk.line("--ci app.tar").exits(0);
}

/// `docker save | zstd --long=31`.
#[test]
fn a_window_beyond_the_limit_is_refused_by_its_name() {
    let desk = Desk::new();
    let tar = tar::archive(&[]);
    let block = (u32::try_from(tar.len()).unwrap() << 3 | 1).to_le_bytes();
    let frame = [
        &[0x28, 0xb5, 0x2f, 0xfd, 0, (31 - 10) << 3],
        &block[..3],
        &tar[..],
    ]
    .concat();
    desk.write("app.tar", &frame);
    refused(&desk, "its zstd window exceeds the limit of 256.0 MiB");
    let members: Members = artifact(CONFIG, &[(LAYER, &frame)]);
    desk.write("app.tar", members.archive(Codec::None));
    refused(&desk, "its zstd window exceeds the limit of 256.0 MiB");
}

/// `tar cf app.tar image.tar`: read as a layer it is whole, and nobody looked at the image.
#[test]
fn an_archive_of_nothing_but_an_image_is_refused() {
    let desk = Desk::new();
    let inner = image().name("inner:1").layer("ADD", |l| l.file("a", b"a"));
    let inner = docker_legacy(&[&inner.build()], Packing::new(Codec::None));
    for codec in [Codec::None, Codec::Zstd] {
        let mut members = Members::default();
        members.dir("images");
        members.file("images/image.tar", inner.archive(codec));
        for wrapping in [Codec::None, Codec::Gzip] {
            desk.write("app.tar", members.archive(wrapping));
            refused(
                &desk,
                "an archive of one file, images/image.tar, which is an image",
            );
            desk.line("--ci layer:app.tar").exits(0);
        }
        // Beside another file it may be what a layer is for.
        members.file("images/readme", b"x");
        desk.write("app.tar", members.archive(Codec::None));
        desk.line("--ci app.tar").exits(0);
    }
    let mut members = Members::default();
    members.file("app.tar", base());
    desk.write("app.tar", members.archive(Codec::None));
    desk.line("--ci app.tar").exits(0);
}
