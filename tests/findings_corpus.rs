//! What real images and hostile tars taught, one test a lesson, as far as no other test has it.
//!
//! The files are read from `LAYERSCOPE_CORPUS`; a test that needs them says that it is skipped where that is
//! not set. What the corpus does not hold is made in code.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use layerscope::analysis::{self, Analysis};
use layerscope::error::Error;
use layerscope::layer::Completeness;
use layerscope::layer::codec::Codec as Found;
use layerscope::path::ImagePath;
use layerscope::progress::Job;
use layerscope::source::{self, Choice, Locator, OpenOptions};
use layerscope::tree::View;
use regex::Regex;

use support::tar::{BLOCK, pax, raw_entry};
use support::{Codec, Packing, Walk, docker_current, image};

fn open(path: &Path) -> Result<Analysis, Error> {
    let locator = Locator::parse(path.as_os_str())?;
    let opened = source::open(&locator, &OpenOptions::default(), &Job::new())?;
    let options = analysis::Options::default();
    analysis::run(opened.source, opened.image, &options, &Job::new())
}

fn list(path: &Path) -> Vec<Choice> {
    let locator = Locator::parse(path.as_os_str()).unwrap();
    source::list(&locator, &OpenOptions::default(), &Job::new()).unwrap()
}

fn codes(analysis: &Analysis) -> Vec<&'static str> {
    let mut codes: Vec<_> = analysis
        .warnings
        .iter()
        .map(|warning| warning.code.as_str())
        .collect();
    codes.dedup();
    codes
}

/// 1. A name of one inode is no copy: per name this image would have 452 MB.
#[test]
fn an_image_of_hard_links_counts_each_inode_once() {
    let Some(files) = support::corpus::files() else {
        return;
    };
    for (name, effective, names) in [
        (
            "GoogleContainerTools+jib/jib-core/src/integration-test/resources/core/busybox-jib.tar",
            1_223_906,
            421,
        ),
        ("cloudfoundry+grootfs/busybox-1.25", 1_093_484, 386),
        ("uber+makisu/busybox", 1_106_304, 390),
    ] {
        let analysis = open(&files.join("images").join(name)).unwrap();
        assert_eq!(analysis.totals.effective_bytes, effective, "{name}");
        assert_eq!(analysis.totals.content_bytes, effective, "{name}");
        assert_eq!(analysis.totals.paths, names, "{name}");
        let busybox = View::Union(analysis.tree.top())
            .get(&analysis.tree, ImagePath::new(b"bin/busybox").unwrap())
            .unwrap();
        assert!(busybox.nlink > 300 && busybox.size > 1_000_000, "{name}");
    }
}

/// 2. Old Jib writes `config`, `repoTags`, `layers`.
#[test]
fn a_manifest_with_lower_case_keys_is_read() {
    let Some(files) = support::corpus::files() else {
        return;
    };
    let folder = files.join("images/GoogleContainerTools+jib/jib-core/src");
    for (name, tag) in [
        (
            "integration-test/resources/core/busybox-jib.tar",
            "localhost:5000/jib-core:jib-base-image",
        ),
        (
            "test/resources/core/extraction/jib-image.tar",
            "extraction.test:latest",
        ),
    ] {
        let analysis = open(&folder.join(name)).unwrap();
        assert_eq!(analysis.image.names, [tag]);
        assert_eq!(analysis.layers.len(), 2, "{name}");
        assert_eq!(codes(&analysis), [""; 0], "{name}: the configuration too");
        assert_eq!(analysis.image.platform.to_string(), "linux/amd64");
    }
}

/// 3. An archive that lists many platforms and holds one.
#[test]
fn the_image_whose_blobs_are_there_is_preferred() {
    let Some(files) = support::corpus::files() else {
        return;
    };
    let path = files.join("images/P3GLEG+Whaler/test-image.tar");
    let choices = list(&path);
    let (missing, there): (Vec<_>, Vec<_>) =
        choices.iter().partition(|choice| choice.missing.is_some());
    assert_eq!(there.len(), 1, "{choices:?}");
    assert_eq!(missing.len(), 12);
    assert!(missing[0].to_string().contains("not in archive"));
    let analysis = open(&path).unwrap();
    assert!(analysis.complete);
    assert!(codes(&analysis).contains(&"not-in-source"));
}

/// Of what GNU tar and bsdtar agree on.
const COUNTED_OTHERWISE: &[(&str, &str)] = &[(
    "tars/apache+commons-compress/synthetic/long-name/pax.tar",
    "its one name is longer than the limit for paths",
)];

/// 4. Wherever GNU tar and bsdtar find the same number of entries without an error, the walk does as well.
#[test]
fn the_walk_finds_as_many_entries_as_other_readers() {
    let Some(files) = support::corpus::files() else {
        return;
    };
    let observed = Regex::new(r"gnutar: rc0 (\d+)e; bsdtar: rc0 (\d+)e").unwrap();
    let manifest = std::fs::read_to_string(files.join("MANIFEST.tsv")).unwrap();
    let mut compared = 0;
    let mut wrong = BTreeMap::new();
    for row in manifest.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (name, kind) = (columns[0], columns[8]);
        let Some(counts) = observed.captures(columns[11]) else {
            continue;
        };
        let is_tar =
            kind.starts_with("tar:") || kind.starts_with("layer:") || kind.starts_with("oracle:");
        if !is_tar || counts[1] != counts[2] || !files.join(name).is_file() {
            continue;
        }
        let walk = Walk::of_file(&files.join(name));
        compared += 1;
        if walk.entries.len().to_string() != counts[1] {
            wrong.insert(
                name.to_owned(),
                format!("{} of {}", walk.entries.len(), &counts[1]),
            );
        }
    }
    for (name, reason) in COUNTED_OTHERWISE {
        assert!(
            wrong.remove(*name).is_some(),
            "{name} is fine now: {reason}"
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(compared > 150, "only {compared} archives were compared");
}

/// 4. Headers that are no files, and fields that cannot be read.
#[test]
fn records_that_describe_others_are_no_entries() {
    let Some(files) = support::corpus::files() else {
        return;
    };
    for (name, entries) in [
        ("apache+commons-compress/archives/SunOS_cEf.tar", 10),
        ("apache+commons-compress/longpath/hudson-E.tar", 19),
        (
            "libarchive+libarchive/test_read_format_tar_timestamp_overflow.tar",
            1,
        ),
        ("golang+go/sparse-formats.tar", 5),
    ] {
        let walk = Walk::of_file(&files.join("tars").join(name));
        assert_eq!(walk.entries.len(), entries, "{name}");
        assert_eq!(walk.result.unwrap(), Completeness::Complete, "{name}");
    }
}

/// 5. A decoder that stops at the first frame sees 2 of 6 entries.
#[test]
fn compressed_layers_are_read_to_their_last_frame() {
    let Some(files) = support::corpus::files() else {
        return;
    };
    let path = files.join("tars/libarchive+libarchive/test_compat_zstd_1.tar.zst");
    let walk = Walk::of_file(&path);
    assert_eq!(walk.names(), ["f1", "f2", "f3", "d1/f1", "d1/f2", "d1/f3"]);
    assert_eq!(walk.result.unwrap(), Completeness::Complete);
}

/// 5. Frames that hold nothing may come first.
#[test]
fn a_layer_may_start_with_frames_that_hold_nothing() {
    let tar = support::tar::archive(&support::LayerBuilder::new().file("a", b"a").into_items());
    let skippable = support::codec::skippable_frame(3, b"nothing here");
    let zstd = Codec::Zstd.compress(&tar);
    let empty = Codec::Gzip.compress(b"");
    let gzip = Codec::Gzip.compress(&tar);
    for bytes in [
        [&skippable[..], &zstd].concat(),
        [&Codec::Zstd.compress(b"")[..], &skippable, &zstd].concat(),
        [&empty[..], &empty, &gzip].concat(),
    ] {
        let walk = Walk::of_bytes(&bytes);
        assert_eq!(walk.names(), ["a"]);
        assert_eq!(walk.result.unwrap(), Completeness::Complete);
    }
}

/// 6. Neither file names nor media types say how a layer is compressed.
#[test]
fn compression_is_what_the_bytes_are() {
    let Some(files) = support::corpus::files() else {
        return;
    };
    let images = files.join("images");
    for (name, codec) in [
        // Members of a `docker save` called `….tar.gz`.
        ("wagoodman+dive/test-kaniko-image.tar", Found::Gzip),
        // An uncompressed blob in a layout.
        ("cloudfoundry+grootfs/tar-layer", Found::None),
        ("wagoodman+dive/test-oci-zstd-image.tar", Found::Zstd),
        // The archive around the image is compressed, its layers are not.
        ("aquasecurity+trivy/alpine-310.tar.gz", Found::None),
    ] {
        let analysis = open(&images.join(name)).unwrap();
        for layer in &analysis.image.layers {
            assert_eq!(layer.compression, codec, "{name}");
        }
        assert!(
            analysis.complete && analysis.totals.content_bytes > 0,
            "{name}"
        );
    }
}

/// 7. Sizes and digests in documents go stale; what they describe is still an image.
#[test]
fn broken_descriptions_are_warnings() {
    let Some(files) = support::corpus::files() else {
        return;
    };
    let images = files.join("images");
    for (name, content, complete, warned) in [
        // The descriptor says 10 bytes, the layer has 1,145,393.
        (
            "cloudfoundry+grootfs/invalid-manifest-size-less-than-physical-size",
            2_431_089,
            true,
            "metadata-mismatch",
        ),
        (
            "cloudfoundry+grootfs/opq-whiteouts-busybox",
            1_093_484,
            true,
            "metadata-mismatch",
        ),
        (
            "cloudfoundry+grootfs/also-corrupted",
            1_093_524,
            true,
            "digest-mismatch",
        ),
        ("uber+makisu/busybox", 1_106_304, true, "digest-mismatch"),
        // Layers that are somewhere else.
        (
            "cloudfoundry+grootfs/garden-busybox-remote",
            0,
            false,
            "unreadable-layer",
        ),
        (
            "buildpacks+imgutil/busybox-sparse",
            0,
            false,
            "unreadable-layer",
        ),
    ] {
        let analysis = open(&images.join(name)).unwrap();
        assert_eq!(analysis.totals.content_bytes, content, "{name}");
        assert_eq!(analysis.complete, complete, "{name}");
        assert!(
            codes(&analysis).contains(&warned),
            "{name}: {:?}",
            analysis.warnings
        );
    }
}

/// 7. A stated length is never believed: ten terabytes are not set aside for it.
#[test]
fn a_layer_may_claim_any_length() {
    let built = image().layer("ADD a", |l| l.file("a", b"a")).build();
    let members = support::oci(&[&built], Packing::new(Codec::Gzip));
    let parsed = |name: &str| -> Option<serde_json::Value> {
        serde_json::from_slice(members.get(name)?).ok()
    };
    let is_manifest =
        |name: &&str| parsed(name).is_some_and(|document| document["layers"].is_array());
    let manifest = members.names().find(is_manifest).unwrap();
    let mut document = parsed(manifest).unwrap();
    for stated in [0_u64, 10, 9_999_999_999_999, u64::MAX] {
        let mut changed = members.clone();
        document["layers"][0]["size"] = stated.into();
        changed.replace(manifest, document.to_string());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), changed.archive(Codec::None)).unwrap();
        let analysis = open(file.path()).unwrap();
        assert_eq!(analysis.totals.content_bytes, 1, "{stated}");
        assert!(codes(&analysis).contains(&"metadata-mismatch"), "{stated}");
        let stored = analysis.image.layers[0].stored_bytes.unwrap();
        assert!(stored < 1_000, "what is there, not what is claimed");
    }
}

/// 8. Attestations and signatures stand in the index like images and are none.
#[test]
fn attestations_and_signatures_are_not_offered() {
    let Some(files) = support::corpus::files() else {
        return;
    };
    let images = files.join("images");
    for (name, offered) in [
        (
            "apple+containerization/Tests/ContainerizationTests/ImageTests/Resources/scratch.tar",
            2,
        ),
        (
            "apple+containerization/Tests/ContainerizationTests/ImageTests/Resources/scratch_no_annotations.tar",
            2,
        ),
        ("sylabs+oci-tools/hello-world-cosign-manifest", 1),
    ] {
        let choices = list(&images.join(name));
        assert_eq!(choices.len(), offered, "{name}: {choices:?}");
        assert!(
            choices
                .iter()
                .all(|choice| !choice.to_string().contains("unknown"))
        );
    }
}

/// 9. Nothing at all, one or two blocks of zeros, ten kilobytes of them: a layer without entries.
#[test]
fn empty_layers_are_layers() {
    for length in [0, BLOCK, 2 * BLOCK, 10 * 1024] {
        for codec in [Codec::None, Codec::Gzip, Codec::Zstd] {
            let built = image()
                .layer("ADD a", |l| l.file("a", b"a"))
                .raw_layer("RUN true", vec![0; length])
                .build();
            let file = tempfile::NamedTempFile::new().unwrap();
            let members = docker_current(&[&built], Packing::new(codec));
            std::fs::write(file.path(), members.archive(Codec::None)).unwrap();
            let analysis = open(file.path()).unwrap();
            let layer = &analysis.layers[1];
            assert_eq!((layer.entries, layer.content_bytes), (0, 0));
            assert!(
                analysis.complete,
                "{length} {codec:?}: {:?}",
                analysis.warnings
            );
            assert_eq!(analysis.totals.paths, 1);
        }
    }
    let built = image().name("none:1").empty("ENV A=b").build();
    let file = tempfile::NamedTempFile::new().unwrap();
    let members = docker_current(&[&built], Packing::new(Codec::None));
    std::fs::write(file.path(), members.archive(Codec::None)).unwrap();
    let analysis = open(file.path()).unwrap();
    assert_eq!((analysis.layers.len(), analysis.totals.paths), (0, 0));
    assert!((analysis.totals.efficiency - 1.0).abs() < f64::EPSILON);
}

/// 10. An archive of a README is no image; it is read as the one layer it could be, and says so.
#[test]
fn a_tar_without_a_manifest_is_one_layer() {
    let Some(files) = support::corpus::files() else {
        return;
    };
    let path = files.join("images/wagoodman+dive/test-estargz-image.tar");
    let analysis = open(&path).unwrap();
    assert_eq!(analysis.source.kind, "layer");
    assert_eq!(analysis.layers.len(), 1);
    assert_eq!(analysis.totals.paths, 1);
    assert_eq!(analysis.totals.content_bytes, 11_189);
}

/// 11. A store somebody packed into an archive is, to us, an archive of files.
#[test]
fn a_packed_store_is_read_as_a_layer() {
    let Some(files) = support::corpus::files() else {
        return;
    };
    for (name, entries) in [("overlay2.v2.tgz", 1094), ("aufs.v2.tgz", 687)] {
        let path = files.join("images/google+docker-explorer").join(name);
        let walk = Walk::of_file(&path);
        let left_out = walk
            .codes()
            .iter()
            .filter(|&&code| code == "aufs-bookkeeping")
            .count();
        assert_eq!(walk.entries.len() + left_out, entries, "{name}");
        assert_eq!(walk.result.unwrap(), Completeness::Complete, "{name}");
        let analysis = open(&path).unwrap();
        assert_eq!(analysis.source.kind, "layer", "{name}");
        assert!(analysis.complete, "{name}: {:?}", analysis.warnings);
    }
}

fn with_path(path: &[u8]) -> Vec<u8> {
    let mut bytes = raw_entry(b"before", b'0', b"1", |_| ());
    bytes.extend(pax::header(b'x', b"PaxHeader/x", &[(b"path", path)]));
    bytes.extend(raw_entry(b"short", b'0', b"22", |_| ()));
    bytes.extend(raw_entry(b"after", b'0', b"333", |_| ()));
    bytes.resize(bytes.len() + 2 * BLOCK, 0);
    bytes
}

/// 12. node-tar's excessively deep archive: one path of 222,371 components.
#[test]
fn an_absurd_path_is_left_out_and_named() {
    let deep = b"a/"
        .repeat(222_370)
        .iter()
        .copied()
        .chain(*b"a")
        .collect::<Vec<u8>>();
    let long = [b'a'].repeat(444_749);
    for (path, limit) in [(deep, "1024 components"), (long, "16384 bytes")] {
        let start = Instant::now();
        let stack = [with_path(&path), with_path(&path)];
        let analysis = support::opened::analyse_blobs(&stack, &Job::new()).unwrap();
        assert!(start.elapsed() < Duration::from_secs(10));
        assert_eq!(analysis.totals.paths, 2, "what stands around it is there");
        assert_eq!(analysis.totals.effective_bytes, 4);
        assert!(!analysis.complete, "its bytes are missing from the figures");
        let warning = &analysis.warnings[0];
        assert_eq!(warning.code.as_str(), "limit-reached");
        assert!(warning.message.contains(limit), "{}", warning.message);
        assert!(warning.message.len() < 300, "the message is no absurd path");
    }
}

/// 12. As deep as the limit allows, every recursion there could be has its chance; on a small stack.
#[test]
fn the_deepest_path_allowed_takes_no_stack() {
    let work = || {
        let directory = vec!["d"; 1023].join("/");
        let path = format!("{directory}/file");
        let layers = [format!("{path}:one"), format!("{path}:two"), String::new()];
        let blob = |layer: &String| {
            let built = match layer.split_once(':') {
                Some((path, data)) => support::LayerBuilder::new().file(path, data),
                None => support::LayerBuilder::new().whiteout("d"),
            };
            support::tar::archive(&built.into_items())
        };
        let blobs: Vec<_> = layers.iter().map(blob).collect();
        let analysis = support::opened::analyse_blobs(&blobs, &Job::new()).unwrap();
        assert!(analysis.complete, "{:?}", analysis.warnings);
        assert_eq!(analysis.totals.wasted_bytes, 6);
        assert_eq!(analysis.tree.paths().len(), 1025);
    };
    let thread = std::thread::Builder::new().stack_size(256 * 1024);
    thread.spawn(work).unwrap().join().unwrap();
}
