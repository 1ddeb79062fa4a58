//! One layer of a store, from what its reader found to a source of entries.

use std::sync::Arc;

use super::LayerPlan;
use super::packed::PackedLayer;
use super::unpacked::{Blob, UnpackedAs, UnpackedLayer};
use crate::beneath::Beneath;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::{self, Digest};
use crate::layer::bytes::Region;
use crate::layer::codec::Codec;
use crate::layer::dir::{DirLayer, Encoding};
use crate::layer::id_mapped::{Evidence, MappedLayer};
use crate::layer::tar_split::{Data, TarSplitLayer};
use crate::layer::whole_copy::CopyLayer;
use crate::layer::{EmptyLayer, LayerIndex, LayerSource, UnreadableLayer};
use crate::path;
use crate::store::{Contents, Listing, Location};

/// What comes up while one layer after the other is opened, bottom first.
#[derive(Default)]
pub(super) struct Opening {
    pub(super) warnings: Vec<Warning>,
    /// Layers so far that tell the container's owners of files that have the host's.
    evidence: Vec<Evidence>,
}

/// Opens a layer as far as it can be; what keeps it from being opened is told when it is read.
pub(super) fn open_layer(
    index: LayerIndex,
    plan: &LayerPlan<'_>,
    opening: &mut Opening,
) -> image::Layer {
    let name = plan.diff_id.map_or("of the image", Digest::as_str);
    let missing = UnreadableLayer::stored(name, "the store has no such layer");
    let mut layer = image::Layer {
        diff_id: plan.diff_id.cloned(),
        label: plan.label.clone(),
        ..image::Layer::new(index, Arc::new(missing))
    };
    let Some(stored) = plan.layer else {
        return layer;
    };
    let opened = open_listing(&stored.listing).and_then(|mut opened| {
        opened.source = with_blob(opened.source, &stored.listing, &plan.blob)?;
        Ok(opened)
    });
    match opened {
        Ok(opened) => {
            layer.source = opened.source;
            if plan.label.is_some() && has_owners_of_host(&stored.listing) {
                let evidence = opening.evidence.clone();
                layer.source = Arc::new(MappedLayer::new(layer.source, evidence));
            }
            let evidence = opened.directory.map(|directory| Evidence {
                listing: Arc::clone(&layer.source),
                directory,
            });
            opening.evidence.extend(evidence);
            layer.digest = opened.digest;
            layer.compression = opened.codec;
            layer.stored_bytes = opened.stored_bytes;
            let own = opened.warnings.into_iter();
            let own = own.map(|warning| warning.in_layer(index.0));
            opening.warnings.extend(own);
        }
        Err(error) => {
            let name = plan.label.as_ref().unwrap_or(&stored.name);
            let name = path::display_str(name);
            layer.source = Arc::new(UnreadableLayer::stored(name, error.in_one_line()));
        }
    }
    layer
}

/// Returns whether the top directory of a container, which belongs to its root, belongs to somebody else here.
fn has_owners_of_host(listing: &Listing) -> bool {
    let (Listing::Directory { directory, .. } | Listing::Copy { directory, .. }) = listing else {
        return false;
    };
    let top = directory.open().and_then(|top| top.status(b""));
    top.is_ok_and(|found| found.is_some_and(|found| found.st_uid != 0))
}

struct OpenedLayer {
    source: Arc<dyn LayerSource>,
    /// Where the files of a recorded layer lie.
    directory: Option<Beneath>,
    digest: Option<Digest>,
    codec: Codec,
    stored_bytes: Option<u64>,
    warnings: Vec<Warning>,
}

impl OpenedLayer {
    fn new(source: impl LayerSource + 'static) -> Self {
        Self {
            source: Arc::new(source),
            directory: None,
            digest: None,
            codec: Codec::None,
            stored_bytes: None,
            warnings: Vec::new(),
        }
    }
}

fn open_listing(listing: &Listing) -> Result<OpenedLayer> {
    match listing {
        Listing::TarSplit {
            record,
            contents,
            fallback,
        } => open_record(record, contents, fallback.as_ref()),
        Listing::Directory {
            directory,
            encoding,
        } => open_directory(directory, *encoding),
        Listing::Copy { directory, below } => {
            let below = below.as_ref().map(Location::open).transpose()?;
            Ok(OpenedLayer::new(CopyLayer::new(directory.open()?, below)))
        }
        Listing::Archive { blob, digest } => open_blob(blob, digest),
        Listing::Empty => Ok(OpenedLayer::new(EmptyLayer)),
        Listing::Unavailable(reason) => Err(Error::UnavailableLayer {
            reason: reason.clone(),
        }),
    }
}

fn open_directory(directory: &Location, encoding: Encoding) -> Result<OpenedLayer> {
    let directory = directory.open()?;
    Ok(OpenedLayer::new(DirLayer::new(directory, encoding)))
}

/// The record tells best what a layer holds; without it the directory does, as far as one can see.
fn open_record(
    record: &Location,
    contents: &Contents,
    fallback: Option<&(Location, Encoding)>,
) -> Result<OpenedLayer> {
    let region = Region::beneath(&record.root, &record.path);
    let reason = match &region {
        Ok(Some(region)) if starts_like_gzip(region) => None,
        Ok(Some(_)) => Some("is no gzip stream".to_owned()),
        Ok(None) => Some("is missing".to_owned()),
        Err(error) => Some(format!("cannot be read: {error}")),
    };
    let data = match contents {
        Contents::Directory(directory) => match directory.open() {
            Ok(directory) => Data::Directory(directory),
            Err(error) => Data::Refused(error.to_string()),
        },
        Contents::Refused(reason) => Data::Refused(reason.clone()),
    };
    if let (None, Ok(Some(region))) = (&reason, region) {
        let directory = match &data {
            Data::Directory(directory) => Some(directory.clone()),
            Data::Refused(_) => None,
        };
        let mut layer = TarSplitLayer::new(region, data);
        // A directory that is gone is told by whoever reads a file.
        if let Some((files, encoding)) = fallback
            && let Ok(files) = files.open()
        {
            layer = layer.or_else(DirLayer::new(files, *encoding));
        }
        return Ok(OpenedLayer {
            directory,
            ..OpenedLayer::new(layer)
        });
    }
    let reason = format!("{} {}", record.shown(), reason.unwrap_or_default());
    let Some((directory, encoding)) = fallback else {
        return Err(Error::BadDocument {
            name: record.root.name().to_owned(),
            document: record.shown(),
            reason,
        });
    };
    let mut opened = open_directory(directory, *encoding)?;
    let message = format!("{reason}; its directory is read instead");
    let warning = Warning::new(WarningCode::BadRecord, message);
    opened.warnings.insert(0, warning);
    Ok(opened)
}

fn starts_like_gzip(region: &Region) -> bool {
    region
        .head::<8>()
        .is_ok_and(|head| Codec::sniff(&head) == Codec::Gzip)
}

fn open_blob(blob: &Location, digest: &Digest) -> Result<OpenedLayer> {
    let layer = PackedLayer::open(blob, digest)?;
    let (codec, length) = (layer.codec(), layer.facts().stored_bytes);
    Ok(OpenedLayer {
        digest: Some(digest.clone()),
        codec,
        stored_bytes: Some(length),
        ..OpenedLayer::new(layer)
    })
}

/// Takes what a directory was unpacked from along, so that it can be compared with it.
fn with_blob(
    layer: Arc<dyn LayerSource>,
    listing: &Listing,
    blob: &Blob,
) -> Result<Arc<dyn LayerSource>> {
    let (directory, form) = match (blob, listing) {
        (Blob::Unkept, _) => return Ok(layer),
        (_, Listing::Directory { directory, .. }) => (directory.open()?, UnpackedAs::Changes),
        (_, Listing::Copy { directory, .. }) => {
            let directory = directory.open()?;
            let whole = DirLayer::new(directory.clone(), Encoding::Plain);
            (directory, UnpackedAs::Copy(whole))
        }
        _ => return Ok(layer),
    };
    Ok(Arc::new(UnpackedLayer {
        layer,
        directory,
        form,
        blob: blob.clone(),
    }))
}
