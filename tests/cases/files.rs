//! Images and layers that other projects keep for their own tests: sylabs, osv-scalibr, trivy.

use std::path::Path;

use layerscope::analysis::{self, Analysis};
use layerscope::layer::LayerIndex;
use layerscope::progress::Job;
use layerscope::source::{self, Locator, OpenOptions};
use layerscope::tree::View;

use crate::notation::{check_sums, codes, corpus, row, rows};

fn open(path: &Path) -> Analysis {
    let locator = Locator::parse(path.as_os_str()).unwrap();
    let opened = source::open(&locator, &OpenOptions::default(), &Job::new()).unwrap();
    let options = analysis::Options::default();
    let analysis = analysis::run(opened.source, opened.image, &options, &Job::new()).unwrap();
    check_sums(&analysis);
    analysis
}

/// sylabs/oci-tools `gen_images.go`: what each hand-made image is for.
#[test]
fn images_of_sylabs() {
    let Some(corpus) = corpus() else { return };
    let images = corpus.join("images/sylabs+oci-tools");
    for (name, paths, wasted) in [
        ("hard-link-1", &["a", "a/b", "a/b/bar", "a/b/foo"][..], 0),
        ("hard-link-delete-1", &["a", "a/b", "a/b/bar"], 0),
        ("hard-link-delete-2", &["a", "a/b", "a/b/foo"], 0),
        ("whiteout-explicit-dir", &["a", "a/bar"], 3),
        ("whiteout-explicit-file", &["a", "a/b", "a/b/bar"], 3),
        ("whiteout-opaque", &["a", "a/bar"], 3),
        ("root-dir-entry", &[], 0),
        ("hello-world-docker-v2-manifest", &["hello"], 0),
        ("hello-world-cosign-manifest", &["hello"], 0),
    ] {
        let analysis = open(&images.join(name));
        let found: Vec<String> = rows(&analysis, View::Union(analysis.tree.top()))
            .into_iter()
            .map(|row| String::from_utf8(row.path).unwrap())
            .collect();
        assert_eq!(found, paths, "{name}");
        assert_eq!(analysis.totals.wasted_bytes, wasted, "{name}");
        assert!(analysis.complete, "{name}: {:?}", analysis.warnings);
    }
    let links = open(&images.join("hard-link-1"));
    assert_eq!(row(&links, "a/b/foo").unwrap().nlink, 2);
    assert_eq!(links.totals.effective_bytes, 3, "the data is there once");
    let many = open(&images.join("many-layers"));
    assert_eq!((many.layers.len(), many.totals.paths), (50, 50));
}

/// The blobs of this one are squashfs: nothing in it can be read, and that is not hidden.
#[test]
fn a_layer_that_is_no_tar_is_reported() {
    let Some(corpus) = corpus() else { return };
    let analysis = open(&corpus.join("images/sylabs+oci-tools/overlayfs-docker-v2-manifest"));
    assert!(!analysis.complete);
    assert!(codes(&analysis.warnings).contains(&"unreadable-layer"));
    let message = &analysis.warnings[0].message;
    assert!(message.contains("squashfs"), "{message}");
}

/// osv-scalibr `image_test.go`: what the chain shows after each layer.
#[test]
fn images_of_osv_scalibr_layer_by_layer() {
    let Some(corpus) = corpus() else { return };
    let images = corpus.join("images/google+osv-scalibr");
    let sized = |analysis: &Analysis, layer: u16| -> Vec<(String, u64)> {
        rows(analysis, View::Union(LayerIndex(layer)))
            .into_iter()
            .filter(|row| row.kind.is_file())
            .map(|row| (String::from_utf8(row.path).unwrap(), row.size))
            .collect()
    };
    let file = |path: &str, size: u64| (path.to_owned(), size);
    for name in [
        "layerscanning/image/testdata/basic.tar",
        "unpack/testdata/basic.tar",
    ] {
        let analysis = open(&images.join(name));
        assert_eq!(sized(&analysis, 0), [file("sample.txt", 17)]);
        let both = [file("larger-sample.txt", 6800), file("sample.txt", 17)];
        assert_eq!(sized(&analysis, 1), both);
    }
    let analysis = open(&images.join("layerscanning/image/testdata/multiple-files.tar"));
    assert_eq!(sized(&analysis, 0).len(), 1);
    assert_eq!(sized(&analysis, 1).len(), 3);
    assert!(row(&analysis, "dir1/bar.txt").is_some() && row(&analysis, "dir1/baz.txt").is_some());
    let analysis = open(&images.join("layerscanning/image/testdata/two-files.tar"));
    assert_eq!(
        (sized(&analysis, 0).len(), sized(&analysis, 1).len()),
        (1, 2)
    );
    let analysis = open(&images.join("unpack/testdata/permissions.tar"));
    let restricted = rows(&analysis, View::Union(LayerIndex(0)));
    assert_eq!(restricted.len(), 1);
    assert_eq!(restricted[0].size, 17, "whatever its mode is");
}

const ATTACK: &[&str] = &[
    "dir1/attack-symlink-absolute.txt->/../secret.txt",
    "dir1/attack-symlink.txt->../../secret.txt",
];

const BASIC: &[&str] = &[
    "dir1/absolute-symlink.txt->/dir1/sample.txt",
    "dir1/chain-symlink.txt->absolute-symlink.txt",
    "dir1/relative-dot-symlink.txt->./sample.txt",
    "dir1/relative-symlink.txt->sample.txt",
];

/// osv-scalibr refuses to follow these; here a link is a name with a text.
#[test]
fn links_of_osv_scalibr_are_shown_as_stored() {
    let Some(corpus) = corpus() else { return };
    let images = corpus.join("images/google+osv-scalibr");
    for (name, expected) in [
        ("layerscanning/image/testdata/symlink-attack.tar", ATTACK),
        ("layerscanning/image/testdata/symlink-basic.tar", BASIC),
    ] {
        let analysis = open(&images.join(name));
        let found: Vec<String> = rows(&analysis, View::Union(analysis.tree.top()))
            .into_iter()
            .filter_map(|row| Some((row.path, row.link?)))
            .map(|(path, link)| format!("{}->{}", path.escape_ascii(), link.escape_ascii()))
            .collect();
        assert_eq!(found, expected, "{name}");
        assert_eq!(codes(&analysis.warnings), [""; 0], "{name}");
    }
}

/// trivy `walker`: opaque directories `etc/`, whiteouts `foo/foo`.
#[test]
fn the_layer_of_trivy() {
    let Some(corpus) = corpus() else { return };
    let analysis = open(&corpus.join("tars/aquasecurity+trivy/pkg/fanal/walker/testdata/test.tar"));
    let layer = rows(&analysis, View::Layer(LayerIndex(0)));
    let paths = |wanted: fn(&layerscope::tree::Listed) -> bool| -> Vec<String> {
        let rows = layer.iter().filter(|row| wanted(row));
        rows.map(|row| row.path.escape_ascii().to_string())
            .collect()
    };
    assert_eq!(paths(|row| row.opaque), ["etc"]);
    assert_eq!(paths(|row| row.kind.as_str() == "whiteout"), ["foo/foo"]);
    let merged = rows(&analysis, View::Union(LayerIndex(0)));
    let merged: Vec<String> = merged
        .iter()
        .map(|row| row.path.escape_ascii().to_string())
        .collect();
    assert_eq!(
        merged,
        [
            "app",
            "app/myweb",
            "app/myweb/index.html",
            "baz",
            "etc",
            "foo",
            "vendor",
            "vendor/bar"
        ]
    );
}
