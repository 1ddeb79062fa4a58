//! dive's figures reproduced, and the answers that dive and others get wrong: ours must be true.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only functions marked as tests"
)]

mod support;

use std::io::Write as _;
use std::path::Path;

use layerscope::analysis::dive::DiveFigures;
use layerscope::analysis::{self, Analysis, WasteCause};
use layerscope::layer::LayerIndex;
use layerscope::path::ImagePath;
use layerscope::progress::Job;
use layerscope::source::{self, Locator, OpenOptions};
use layerscope::tree::{Change, View};

use support::{
    Codec, Image, ImageBuilder, Members, Packing, docker_current, docker_legacy, image, oci,
};

fn open(path: &Path) -> Analysis {
    let job = Job::new();
    let locator = Locator::parse(path.as_os_str()).unwrap();
    let opened = source::open(&locator, &OpenOptions::default(), &job).unwrap();
    analysis::run(
        opened.source,
        opened.image,
        &analysis::Options::default(),
        &job,
    )
    .unwrap()
}

fn open_members(members: &Members) -> Analysis {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&members.archive(Codec::None)).unwrap();
    open(file.path())
}

fn analyse(builder: ImageBuilder) -> Analysis {
    let image: Image = builder.build();
    open_members(&docker_current(&[&image], Packing::new(Codec::None)))
}

fn change(analysis: &Analysis, layer: u16, path: &str) -> Option<Change> {
    let path = ImagePath::new(path.as_bytes()).unwrap();
    View::Layer(LayerIndex(layer))
        .get(&analysis.tree, path)
        .and_then(|row| row.change)
}

fn is_visible(analysis: &Analysis, path: &str) -> bool {
    let path = ImagePath::new(path.as_bytes()).unwrap();
    View::Union(analysis.tree.top())
        .get(&analysis.tree, path)
        .is_some()
}

fn cause(analysis: &Analysis, cause: WasteCause) -> u64 {
    analysis.waste.by_cause[cause as usize]
}

/// dive 0.13, `image_archive_analysis_test.go` and its formulas; ours by hand and by an independent merge.
#[test]
fn parity_with_dive_and_our_own_figures() {
    let Some(files) = support::corpus::files() else {
        return;
    };
    let images = files.join("images/wagoodman+dive");
    for (name, size, user, wasted, ratio, efficiency, effective, paths, live) in [
        (
            "test-docker-image.tar",
            1_220_598,
            66_237,
            32_025,
            0.483_491_100_140_404_9,
            0.984_421_213_418_430_9,
            1_188_573,
            423,
            [
                1_154_361, 6405, 0, 0, 0, 0, 0, 0, 6405, 0, 2187, 6405, 6405, 6405,
            ],
        ),
        (
            "test-kaniko-image.tar",
            1_326_410,
            94_677,
            46_245,
            0.488_450_204_379_099_5,
            0.979_368_849_021_643_1,
            1_280_165,
            429,
            [
                1_231_733, 9249, 0, 0, 0, 0, 0, 0, 9249, 0, 2187, 9249, 9249, 9249,
            ],
        ),
    ] {
        let analysis = open(&images.join(name));
        let dive = DiveFigures::of(&analysis);
        assert_eq!(
            (dive.size_bytes, dive.user_size_bytes, dive.wasted_bytes),
            (size, user, wasted),
            "{name}"
        );
        assert!(
            (dive.user_wasted_percent - ratio).abs() < 1e-15,
            "{name}: {}",
            dive.user_wasted_percent
        );
        assert!(
            (dive.efficiency - efficiency).abs() < 1e-15,
            "{name}: {}",
            dive.efficiency
        );
        assert_eq!(analysis.totals.effective_bytes, effective, "{name}");
        assert_eq!(
            analysis.totals.wasted_bytes, wasted,
            "{name}: equal to dive's here by chance"
        );
        assert_eq!(analysis.totals.paths, paths, "{name}");
        assert_eq!(
            analysis
                .layers
                .iter()
                .map(|layer| layer.live_bytes)
                .collect::<Vec<_>>(),
            live,
            "{name}"
        );
    }
    for codec in ["gzip", "zstd", "estargz", "uncompressed"] {
        let analysis = open(&images.join(format!("test-oci-{codec}-image.tar")));
        let dive = DiveFigures::of(&analysis);
        assert_eq!(
            (dive.size_bytes, dive.user_size_bytes, dive.wasted_bytes),
            (11_189, 0, 0),
            "{codec}"
        );
        assert_eq!(
            (dive.user_wasted_percent, dive.efficiency),
            (0.0, 1.0),
            "{codec}"
        );
        assert_eq!(analysis.totals.effective_bytes, 11_189, "{codec}");
    }
}

#[test]
fn a_removed_directory_is_wasted() {
    let analysis = analyse(
        image()
            .layer("COPY cache /cache", |l| {
                l.dir("cache")
                    .zeros("cache/a", 1_000_000)
                    .zeros("cache/b/c", 2_000_000)
            })
            .layer("RUN rm -rf /cache", |l| l.whiteout("cache")),
    );
    assert_eq!(analysis.totals.wasted_bytes, 3_000_000);
    assert_eq!(cause(&analysis, WasteCause::DeletedDir), 3_000_000);
    assert!(analysis.totals.efficiency.abs() < f64::EPSILON);
    let dive = DiveFigures::of(&analysis);
    assert_eq!(
        (dive.wasted_bytes, dive.efficiency),
        (0, 1.0),
        "dive sees a whiteout of a path nobody else has"
    );
}

#[test]
fn an_opaque_directory_wastes_what_it_hides() {
    let analysis = analyse(
        image()
            .layer("COPY a /srv", |l| {
                l.dir("srv")
                    .zeros("srv/old", 5000)
                    .file("srv-neighbour", b"stays")
            })
            .layer("RUN rm -rf /srv && mkdir /srv", |l| {
                l.dir("srv").opaque("srv").file("srv/new", b"new")
            }),
    );
    assert_eq!(cause(&analysis, WasteCause::Opaque), 5000);
    assert!(is_visible(&analysis, "srv/new") && !is_visible(&analysis, "srv/old"));
    assert!(is_visible(&analysis, "srv-neighbour"));
    assert_eq!(
        DiveFigures::of(&analysis).wasted_bytes,
        0,
        "dive ignores opaque markers"
    );
}

#[test]
fn six_versions_of_a_file_waste_five() {
    let mut builder = image();
    for version in 0..6u8 {
        builder = builder.layer(&format!("RUN write {version}"), |l| {
            l.file("var/db", [version; 1000])
        });
    }
    let analysis = analyse(builder);
    assert_eq!(analysis.totals.wasted_bytes, 5000);
    assert_eq!(cause(&analysis, WasteCause::Overwritten), 5000);
    assert_eq!(
        DiveFigures::of(&analysis).wasted_bytes,
        6000,
        "dive counts the copy that survives"
    );
}

#[test]
fn a_dangling_whiteout_leaves_the_directories_it_stands_in() {
    let analysis = analyse(image().layer("COPY a /a", |l| l.file("a", b"a")).layer(
        "RUN odd",
        |l| {
            l.whiteout("never/was/here")
                .whiteout("nor-this")
                .file("b", b"b")
        },
    ));
    // /a and /b, and what engines make to reach the marker: /never and /never/was.
    assert_eq!(analysis.totals.paths, 4);
    assert_eq!(analysis.totals.wasted_bytes, 0);
    assert_eq!(analysis.layers[1].removed, 0);
    assert_eq!(
        analysis
            .warnings
            .iter()
            .filter(|warning| warning.code.as_str() == "dangling-whiteout")
            .count(),
        2
    );
    assert!(analysis.complete);
}

#[test]
fn a_file_in_place_of_a_directory_leaves_no_ghosts() {
    let analysis = analyse(
        image()
            .layer("COPY d /d", |l| {
                l.dir("d")
                    .file("d/child", b"child")
                    .dir("d/sub")
                    .file("d/sub/x", b"xx")
            })
            .layer("RUN rm -r /d && echo > /d", |l| l.file("d", b"file")),
    );
    assert_eq!(analysis.totals.paths, 1);
    assert_eq!(cause(&analysis, WasteCause::Replaced), 7);
    assert_eq!(change(&analysis, 1, "d"), Some(Change::Modified));
}

#[test]
fn links_and_capabilities_are_changes() {
    let analysis = analyse(
        image()
            .layer("COPY . /", |l| {
                l.symlink("link", "old").file("tool", b"elf")
            })
            .layer("RUN ln -sf new /link && setcap cap_net_raw+ep /tool", |l| {
                l.symlink("link", "new")
                    .file("tool", b"elf")
                    .xattr("security.capability", b"\x01\x00\x00\x02")
            }),
    );
    assert_eq!(change(&analysis, 1, "link"), Some(Change::Modified));
    assert_eq!(change(&analysis, 1, "tool"), Some(Change::Touched));
    assert_eq!(cause(&analysis, WasteCause::MetadataOnly), 3);
}

#[test]
fn an_archive_without_manifest_json_keeps_its_layer_order() {
    let mut builder = image();
    for layer in 0..12u32 {
        builder = builder.layer(&format!("RUN step {layer}"), |l| {
            l.file("current", layer.to_string())
        });
    }
    let built = builder.build();
    let analysis = open_members(&oci(&[&built], Packing::new(Codec::Gzip)));
    let instructions: Vec<String> = analysis
        .image
        .layers
        .iter()
        .map(layerscope::image::Layer::title)
        .collect();
    assert_eq!(
        instructions,
        (0..12)
            .map(|layer| format!("RUN step {layer}"))
            .collect::<Vec<_>>()
    );
    assert_eq!(analysis.layers[11].live_bytes, 2);
}

#[test]
fn a_history_longer_than_the_layers_is_a_warning() {
    let mut built = image().layer("COPY a /a", |l| l.file("a", b"a")).build();
    let entry = built.history[0].clone();
    built.history.extend([entry.clone(), entry]);
    let analysis = open_members(&docker_current(&[&built], Packing::new(Codec::None)));
    assert_eq!(analysis.layers.len(), 1);
    assert!(
        analysis
            .warnings
            .iter()
            .any(|warning| warning.code.as_str() == "metadata-mismatch")
    );
    assert!(analysis.complete);
}

#[test]
fn a_global_header_is_no_file() {
    let analysis = analyse(image().layer("ADD x", |l| {
        l.global_header(&[(b"comment", b"abc")]).file("a", b"a")
    }));
    assert_eq!(analysis.totals.paths, 1);
    assert_eq!(analysis.layers[0].entries, 1);
    assert!(analysis.complete);
}

#[test]
fn a_layer_that_is_a_link_to_another_is_read() {
    let same = |l: support::LayerBuilder| l.file("same", b"same");
    let built = image()
        .layer("RUN a", same)
        .layer("RUN b", |l| l.file("b", b"b"))
        .layer("RUN c", same)
        .build();
    let packing = Packing::new(Codec::None).repeated(support::Repeated::Symlinked);
    let analysis = open_members(&docker_legacy(&[&built], packing));
    assert_eq!(
        analysis
            .layers
            .iter()
            .map(|layer| layer.content_bytes)
            .collect::<Vec<_>>(),
        [4, 1, 4]
    );
    assert_eq!(cause(&analysis, WasteCause::Identical), 4);
}
