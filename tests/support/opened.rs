//! Logical layers handed to the scanner without any container around them.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;

use layerscope::analysis::{self, Analysis};
use layerscope::image::{Image, ImageConfig, Layer, Platform};
use layerscope::layer::bytes::Region;
use layerscope::layer::tar::TarLayer;
use layerscope::layer::{LayerIndex, LayerSource};
use layerscope::progress::Job;
use layerscope::source::SourceInfo;

use super::codec::Codec;
use super::item::Item;
use super::tar;

/// Analyses a stack of layers; `codecs` are taken in turn.
pub fn analyse(stack: &[Vec<Item>], codecs: &[Codec]) -> Analysis {
    let blobs: Vec<_> = stack
        .iter()
        .zip(codecs.iter().cycle())
        .map(|(items, codec)| codec.compress(&tar::archive(items)))
        .collect();
    analyse_blobs(&blobs, &Job::new()).expect("an analysis")
}

/// Analyses layers as they are stored, whatever they are.
pub fn analyse_blobs(blobs: &[Vec<u8>], job: &Job) -> layerscope::error::Result<Analysis> {
    let source = SourceInfo {
        kind: "layers",
        locator: "fixture".to_owned(),
    };
    analysis::run(source, image_of(blobs), &analysis::Options::default(), job)
}

/// Analyses layers that are not tar archives.
pub fn analyse_sources(sources: Vec<Arc<dyn LayerSource>>) -> Analysis {
    let source = SourceInfo {
        kind: "layers",
        locator: "fixture".to_owned(),
    };
    let layers = (0..).zip(sources).map(|(index, source)| Layer {
        index: LayerIndex(index),
        diff_id: None,
        digest: None,
        media_type: None,
        compression: layerscope::layer::codec::Codec::None,
        stored_bytes: None,
        instruction: None,
        history: None,
        label: None,
        source,
    });
    let image = Image {
        layers: layers.collect(),
        ..image_of(&[])
    };
    let options = analysis::Options::default();
    analysis::run(source, image, &options, &Job::new()).expect("an analysis")
}

/// Makes an image of layers as they are stored.
pub fn image_of(blobs: &[Vec<u8>]) -> Image {
    Image {
        names: vec!["fixture:1".to_owned()],
        id: None,
        digest: None,
        platform: Platform::default(),
        config: ImageConfig::default(),
        history: Vec::new(),
        annotations: Vec::new(),
        layers: (0..)
            .zip(blobs)
            .map(|(index, blob)| layer(index, blob))
            .collect(),
        writable: None,
        warnings: Vec::new(),
    }
}

fn layer(index: u16, blob: &[u8]) -> Layer {
    let source = TarLayer::new(region(blob)).expect("a layer");
    Layer {
        index: LayerIndex(index),
        diff_id: None,
        digest: None,
        media_type: None,
        compression: source.codec(),
        stored_bytes: Some(blob.len() as u64),
        instruction: None,
        history: None,
        label: None,
        source: Arc::new(source),
    }
}

fn region(blob: &[u8]) -> Region {
    let mut file: File = tempfile::tempfile().expect("a temporary file");
    file.write_all(blob).expect("room for a layer");
    Region::new(Arc::new(file), "fixture".into(), 0, blob.len() as u64)
}

/// Analyses an image whose layers are already open.
pub fn analysed(image: Image) -> Analysis {
    let source = SourceInfo {
        kind: "layers",
        locator: "fixture".to_owned(),
    };
    let options = analysis::Options::default();
    analysis::run(source, image, &options, &Job::new()).expect("an analysis")
}
