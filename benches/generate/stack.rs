//! The layers of image `b` as trees, without the tars around them.

use std::error::Error;
use std::sync::Arc;

use layerscope::analysis::{self, Analysis};
use layerscope::image::{Image, ImageConfig, Layer, Platform};
use layerscope::layer::codec::Codec;
use layerscope::layer::{
    Completeness, Entry, EntryKind, EntrySink as _, LayerIndex, Meta, Placement, UnreadableLayer,
};
use layerscope::path::ImagePath;
use layerscope::scan::Scanned;
use layerscope::source::SourceInfo;
use layerscope::tree::{FileTree, MergedTree, TreeBuilder};

use crate::record::{Plan as _, Record};
use crate::small_files::SmallFiles;

pub(crate) fn paths(plan: &SmallFiles) -> Result<Vec<String>, Box<dyn Error>> {
    let mut paths = Vec::new();
    for layer in 0..plan.layers() {
        plan.layer(layer, &mut |path, _| {
            paths.push(path.to_owned());
            Ok(())
        })?;
    }
    Ok(paths)
}

pub(crate) fn trees(plan: &SmallFiles) -> Result<Vec<FileTree>, Box<dyn Error>> {
    let mut trees = Vec::new();
    for layer in 0..plan.layers() {
        let mut builder = TreeBuilder::new(format!("layer {layer}"));
        let mut offset = 0;
        plan.layer(layer, &mut |path, record| {
            offset += 512;
            builder
                .entry(entry(path, record, offset))
                .map_err(std::io::Error::other)
        })?;
        trees.push(builder.freeze(Completeness::Complete));
    }
    Ok(trees)
}

fn entry<'a>(path: &'a str, record: &Record, offset: u64) -> Entry<'a> {
    let (kind, mode, size, content) = match record {
        Record::Dir { mode } => (EntryKind::Dir, *mode, 0, None),
        // The seed decides the data, so it can stand for its hash.
        Record::File {
            mode, length, seed, ..
        } => (EntryKind::File, *mode, *length, Some(*seed)),
        Record::Symlink { .. } => (EntryKind::Symlink, 0o777, 0, None),
        Record::Whiteout | Record::Opaque => (EntryKind::Whiteout, 0, 0, None),
    };
    Entry {
        path: ImagePath::new(path.as_bytes()).unwrap_or(ImagePath::ROOT),
        link: None,
        meta: Meta {
            size,
            mtime: 0,
            mtime_nanos: 0,
            uid: 0,
            gid: 0,
            mode: u16::try_from(mode).unwrap_or(0),
            kind,
            opaque: matches!(record, Record::Opaque),
            device: (0, 0),
        },
        xattrs: &[],
        content,
        offset,
        data: content.map(|_| (offset + 512, size)),
        placement: Placement::Shown,
    }
}

pub(crate) fn analyse(tree: MergedTree) -> Analysis {
    let image = Image {
        names: Vec::new(),
        id: None,
        digest: None,
        platform: Platform::default(),
        config: ImageConfig::default(),
        history: Vec::new(),
        annotations: Vec::new(),
        layers: (0u16..).take(tree.layers().len()).map(layer).collect(),
        writable: None,
        warnings: Vec::new(),
    };
    let source = SourceInfo {
        kind: "layers",
        locator: "bench".to_owned(),
    };
    let scanned = Scanned {
        tree,
        warnings: Vec::new(),
        unread: Vec::new(),
    };
    analysis::from_scan(source, image, scanned, &analysis::Options::default())
}

/// A layer of which nothing but its tree is looked at.
fn layer(index: u16) -> Layer {
    Layer {
        index: LayerIndex(index),
        diff_id: None,
        digest: None,
        media_type: None,
        compression: Codec::None,
        stored_bytes: None,
        instruction: None,
        history: None,
        label: None,
        source: Arc::new(UnreadableLayer::new("bench", "nothing")),
    }
}
