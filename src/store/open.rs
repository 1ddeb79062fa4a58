//! Images of what a store holds: layers with their bytes, wherever the engine keeps them.

use std::sync::Arc;

use super::{
    Container, ContainerId, Contents, ImageId, Layer, Listing, Location, Store, StoredImage,
};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::history::{LayerFill, pair_or_warn};
use crate::image::json::Json;
use crate::image::{self, ConfigDocument, Digest, HistoryEntry, Image, ImageConfig};
use crate::layer::bytes::Region;
use crate::layer::codec::Codec;
use crate::layer::copy::CopyLayer;
use crate::layer::dir::{DirLayer, Encoding, Namespace};
use crate::layer::tar::TarLayer;
use crate::layer::tar_split::{Data, TarSplitLayer};
use crate::layer::{EmptyLayer, LayerIndex, LayerSource, UnreadableLayer};
use crate::limits;

/// What a layer of an image is made from.
struct Plan<'a> {
    layer: Option<&'a Layer>,
    diff_id: Option<&'a Digest>,
    label: Option<String>,
}

impl Store {
    /// Returns an image with its layers, none of them read.
    ///
    /// # Errors
    /// [`Error::NoSuchImage`] for a position the store has not, [`Error::Limit`] for more layers than
    /// [`limits::LAYERS`]; layers in any state are not errors.
    pub fn open_image(&self, image: ImageId) -> Result<Image> {
        let stored = self.images.get(image.as_usize());
        let stored = stored.ok_or_else(|| self.nothing("image", image.0))?;
        self.assemble(Some(stored), self.layers_of(stored), None)
    }

    /// Returns a container as an image: its image's layers, the `init` layer, and what it has written on top.
    ///
    /// # Errors
    /// As [`Store::open_image`].
    pub fn open_container(&self, container: ContainerId) -> Result<Image> {
        let found = self.containers.get(container.as_usize());
        let found = found.ok_or_else(|| self.nothing("container", container.0))?;
        let stored = found
            .image
            .and_then(|image| self.images.get(image.as_usize()));
        self.assemble(stored, self.layers_under(found, stored), Some(found))
    }

    fn nothing(&self, what: &str, position: u32) -> Error {
        Error::NoSuchImage {
            name: self.root.name().to_owned(),
            wanted: format!("{what} {position}"),
            available: Vec::new(),
        }
    }

    fn layers_of<'a>(&'a self, stored: &'a StoredImage) -> Vec<Plan<'a>> {
        let layers = stored.layers.iter().enumerate();
        layers
            .map(|(position, layer)| {
                let layer = layer.and_then(|layer| self.layers.get(layer.as_usize()));
                let own = layer.and_then(|layer| layer.diff_id.as_ref());
                Plan {
                    layer,
                    diff_id: stored.diff_ids.get(position).or(own),
                    label: None,
                }
            })
            .collect()
    }

    /// A container's own chain is what it runs on, whatever became of the image's name.
    fn layers_under<'a>(
        &'a self,
        container: &Container,
        stored: Option<&'a StoredImage>,
    ) -> Vec<Plan<'a>> {
        let mut plans: Vec<Plan<'a>> = container
            .layers
            .iter()
            .enumerate()
            .map(|(position, layer)| {
                let layer = self.layers.get(layer.as_usize());
                let own = layer.and_then(|layer| layer.diff_id.as_ref());
                Plan {
                    layer,
                    diff_id: own.or_else(|| stored?.diff_ids.get(position)),
                    label: None,
                }
            })
            .collect();
        let name = container.shown_name();
        let own = [
            (container.init, format!("mount points made for {name}")),
            (container.writable, format!("written by {name}")),
        ];
        for (layer, label) in own {
            if let Some(layer) = layer.and_then(|layer| self.layers.get(layer.as_usize())) {
                plans.push(Plan {
                    layer: Some(layer),
                    diff_id: None,
                    label: Some(label),
                });
            }
        }
        plans
    }

    fn assemble(
        &self,
        stored: Option<&StoredImage>,
        plans: Vec<Plan<'_>>,
        container: Option<&Container>,
    ) -> Result<Image> {
        if plans.len() > limits::LAYERS {
            return Err(Error::Limit {
                name: self.root.name().to_owned(),
                what: "the number of layers",
                limit: limits::LAYERS.to_string(),
                option: None,
            });
        }
        let mut warnings = Vec::new();
        let document = stored.map(|stored| read_config(stored, &mut warnings));
        let document = document.unwrap_or_default();
        let mut layers = Vec::with_capacity(plans.len());
        for (position, plan) in plans.iter().enumerate() {
            let index = LayerIndex(u16::try_from(position).unwrap_or(u16::MAX));
            layers.push(open_layer(index, plan, &mut warnings));
        }
        let mut history = document.history;
        pair_with_layers(&mut history, &plans, &mut layers, &mut warnings);
        let writable = container.and_then(|container| container.writable);
        let writable = writable
            .and_then(|_| layers.last())
            .map(|layer| layer.index);
        Ok(Image {
            names: names(stored, container),
            id: stored.and_then(|stored| stored.id.clone()),
            digest: stored.and_then(|stored| stored.digest.clone()),
            platform: stored.map_or_else(Default::default, |stored| stored.platform.clone()),
            config: document.config,
            history,
            annotations: Vec::new(),
            layers,
            writable,
            warnings,
        })
    }
}

impl Container {
    /// Returns its name or, without one, the beginning of its ID; unescaped.
    pub fn shown_name(&self) -> &str {
        if self.name.is_empty() {
            self.id.get(..12).unwrap_or(&self.id)
        } else {
            &self.name
        }
    }
}

fn names(stored: Option<&StoredImage>, container: Option<&Container>) -> Vec<String> {
    match (container, stored) {
        (Some(container), _) => vec![container.shown_name().to_owned()],
        (None, Some(stored)) => stored.names.clone(),
        (None, None) => Vec::new(),
    }
}

/// What a configuration tells beside what the store's reader took from it.
#[derive(Default)]
struct Told {
    config: ImageConfig,
    history: Vec<HistoryEntry>,
}

fn read_config(stored: &StoredImage, warnings: &mut Vec<Warning>) -> Told {
    let bad = |reason: String| {
        Warning::new(
            WarningCode::BadConfig,
            format!("the configuration is not used: {reason}"),
        )
    };
    let Some(location) = &stored.config else {
        return Told::default();
    };
    let bytes = match location.root.read(&location.path, limits::DOCUMENT_BYTES) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            warnings.push(bad(format!("{} is missing", location.shown())));
            return Told::default();
        }
        Err(error) => {
            warnings.push(bad(error.to_string()));
            return Told::default();
        }
    };
    match Json::parse(&bytes) {
        Ok(json) => {
            let document = ConfigDocument::read(&json);
            let problems = document.problems.into_iter();
            warnings.extend(problems.map(|problem| {
                let message = format!("the configuration is odd: {problem}");
                Warning::new(WarningCode::BadConfig, message)
            }));
            Told {
                config: document.config,
                history: document.history,
            }
        }
        Err(reason) => {
            warnings.push(bad(format!("{}: {reason}", location.shown())));
            Told::default()
        }
    }
}

/// The history tells of the image's layers; those of a container stand above them.
fn pair_with_layers(
    history: &mut [HistoryEntry],
    plans: &[Plan<'_>],
    layers: &mut [image::Layer],
    warnings: &mut Vec<Warning>,
) {
    let fills: Vec<LayerFill> = plans
        .iter()
        .filter(|plan| plan.label.is_none())
        .map(|plan| LayerFill::of(plan.diff_id, None))
        .collect();
    let pairs = pair_or_warn(history, &fills, warnings);
    for (layer, position) in layers.iter_mut().zip(pairs) {
        layer.history = Some(position);
    }
}

fn open_layer(index: LayerIndex, plan: &Plan<'_>, warnings: &mut Vec<Warning>) -> image::Layer {
    let mut layer = image::Layer {
        index,
        diff_id: plan.diff_id.cloned(),
        digest: None,
        media_type: None,
        compression: Codec::None,
        stored_bytes: None,
        instruction: None,
        history: None,
        label: plan.label.clone(),
        source: Arc::new(
            UnreadableLayer::new("the store", "of this layer")
                .because("the store has no such layer"),
        ),
    };
    let Some(stored) = plan.layer else {
        return layer;
    };
    match open_listing(&stored.listing) {
        Ok(opened) => {
            layer.source = opened.source;
            layer.digest = opened.digest;
            layer.compression = opened.codec;
            layer.stored_bytes = opened.stored_bytes;
            let own = opened.warnings.into_iter();
            warnings.extend(own.map(|warning| warning.in_layer(index.0)));
        }
        Err(error) => layer.source = Arc::new(Refused(error.to_string()).layer(&stored.name)),
    }
    layer
}

struct OpenedLayer {
    source: Arc<dyn LayerSource>,
    digest: Option<Digest>,
    codec: Codec,
    stored_bytes: Option<u64>,
    warnings: Vec<Warning>,
}

impl OpenedLayer {
    fn new(source: impl LayerSource + 'static) -> Self {
        Self {
            source: Arc::new(source),
            digest: None,
            codec: Codec::None,
            stored_bytes: None,
            warnings: Vec::new(),
        }
    }
}

/// Why a layer cannot be read, escaped.
struct Refused(String);

impl Refused {
    fn layer(self, name: &str) -> UnreadableLayer {
        UnreadableLayer::new("the store", crate::path::display_str(name)).because(self.0)
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
        Listing::Unavailable(reason) => Err(Error::Usage {
            reason: reason.clone(),
            advice: String::new(),
        }),
    }
}

/// Everybody but root sees a directory that hides what is below as one that does not: the kernel does not show
/// `trusted` attributes, and says nothing of it (xattr(7), "Trusted extended attributes").
fn open_directory(directory: &Location, encoding: Encoding) -> Result<OpenedLayer> {
    let mut opened = OpenedLayer::new(DirLayer::new(directory.open()?, encoding));
    let is_trusted = encoding == Encoding::Overlay(Namespace::Trusted);
    if is_trusted && !rustix::process::geteuid().is_root() {
        let message = "opaque directories cannot be seen without root: files they hide may be shown; try sudo";
        let warning = Warning::new(WarningCode::HiddenMarks, message);
        opened.warnings.push(warning);
    }
    Ok(opened)
}

/// The record tells best what a layer holds; without it the directory does, as far as one can see.
fn open_record(
    record: &Location,
    contents: &Contents,
    fallback: Option<&(Location, Encoding)>,
) -> Result<OpenedLayer> {
    let region = record.root.region(&record.path);
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
        return Ok(OpenedLayer::new(TarSplitLayer::new(region, data)));
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
    let region = blob.root.region(&blob.path)?;
    let region = region.ok_or_else(|| Error::MissingBlob {
        name: blob.root.name().to_owned(),
        blob: digest.to_string(),
    })?;
    let length = region.length();
    let layer = TarLayer::new(region).map_err(|source| Error::Read {
        name: blob.shown(),
        offset: 0,
        source,
    })?;
    let codec = layer.codec();
    Ok(OpenedLayer {
        digest: Some(digest.clone()),
        codec,
        stored_bytes: Some(length),
        ..OpenedLayer::new(layer)
    })
}
