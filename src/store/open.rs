//! Images of what a store holds: layers with their bytes, wherever the engine keeps them.

mod layer;
mod packed;
mod unpacked;

use self::layer::{Opening, open_layer};
use self::unpacked::Blob;
use super::{Container, ContainerId, ImageId, Layer, Store, StoredImage};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::history::{LayerFill, pair_or_warn};
use crate::image::json::Json;
use crate::image::{self, ConfigDocument, Digest, HistoryEntry, Image, Writable, Writer};
use crate::layer::LayerIndex;
use crate::limits;

/// What a layer of an image is made from.
struct LayerPlan<'a> {
    layer: Option<&'a Layer>,
    diff_id: Option<&'a Digest>,
    blob: Blob,
    label: Option<String>,
}

impl Store {
    /// Returns an image with its layers, none of them read.
    ///
    /// # Errors
    /// [`Error::NotInStore`] for a position the store has not, [`Error::Limit`] for more layers than
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
        Error::NotInStore {
            name: self.root.name().to_owned(),
            wanted: format!("{what} {position}"),
        }
    }

    fn writable(&self, container: &Container, layers: &[image::Layer]) -> Option<Writable> {
        // A layer that the store does not have is none.
        self.layers.get(container.writable?.as_usize())?;
        let [on_overlay, elsewhere] = self.engine.definition().dialects;
        Some(Writable {
            layer: layers.last()?.index,
            writer: Writer::Container {
                name: container.shown_name().to_owned(),
                id: container.id.clone(),
            },
            engine: if self.driver.starts_with("overlay") {
                on_overlay
            } else {
                elsewhere
            },
        })
    }

    fn layers_of<'a>(&'a self, stored: &'a StoredImage) -> Vec<LayerPlan<'a>> {
        let layers = stored.layers.iter().enumerate();
        layers
            .map(|(position, layer)| {
                let layer = layer.and_then(|layer| self.layers.get(layer.as_usize()));
                let own = layer.and_then(|layer| layer.diff_id.as_ref());
                LayerPlan {
                    layer,
                    diff_id: stored.diff_ids.get(position).or(own),
                    blob: self.blob_of(layer),
                    label: None,
                }
            })
            .collect()
    }

    fn blob_of(&self, layer: Option<&Layer>) -> Blob {
        if !self.engine.definition().keeps_blobs {
            return Blob::Unkept;
        }
        let pieces = layer.map_or(&[][..], |layer| &layer.blobs).iter();
        let mut blobs = pieces.filter_map(|piece| {
            let location = &self.pieces.get(piece.as_usize())?.location;
            Some(Blob::At(location.clone(), named(&location.path)?))
        });
        blobs.next().unwrap_or(Blob::Gone)
    }

    /// A container's own chain is what it runs on, whatever became of the image's name.
    fn layers_under<'a>(
        &'a self,
        container: &Container,
        stored: Option<&'a StoredImage>,
    ) -> Vec<LayerPlan<'a>> {
        let mut plans: Vec<LayerPlan<'a>> = container
            .layers
            .iter()
            .enumerate()
            .map(|(position, layer)| {
                let layer = self.layers.get(layer.as_usize());
                let own = layer.and_then(|layer| layer.diff_id.as_ref());
                LayerPlan {
                    layer,
                    diff_id: own.or_else(|| stored?.diff_ids.get(position)),
                    blob: self.blob_of(layer),
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
                plans.push(LayerPlan {
                    layer: Some(layer),
                    diff_id: None,
                    blob: Blob::Unkept,
                    label: Some(label),
                });
            }
        }
        plans
    }

    fn assemble(
        &self,
        stored: Option<&StoredImage>,
        plans: Vec<LayerPlan<'_>>,
        container: Option<&Container>,
    ) -> Result<Image> {
        if plans.len() > limits::LAYERS {
            return Err(Error::limit(
                self.root.name(),
                "the number of layers",
                limits::LAYERS,
            ));
        }
        let mut opening = Opening::default();
        let warnings = &mut opening.warnings;
        let document = stored.map(|stored| read_config(stored, warnings));
        let document = document.unwrap_or_default();
        let mut layers = Vec::with_capacity(plans.len());
        for (position, plan) in plans.iter().enumerate() {
            let index = LayerIndex(u16::try_from(position).unwrap_or(u16::MAX));
            layers.push(open_layer(index, plan, &mut opening));
        }
        let mut history = document.history;
        pair_with_layers(&mut history, &plans, &mut layers, &mut opening.warnings);
        let writable = container.and_then(|container| self.writable(container, &layers));
        if let Some(container) = container.filter(|_| writable.is_none()) {
            opening.warnings.push(nothing_written(container));
        }
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
            warnings: opening.warnings,
        })
    }
}

/// Without a container's own layer the files are those of its image, whatever became of them.
fn nothing_written(container: &Container) -> Warning {
    let name = crate::path::display_str(container.shown_name());
    let message = format!("the store has no record of what {name} has written");
    Warning::new(WarningCode::UnreadableLayer, message)
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

/// Returns the digest that a blob's place is made of: `…/sha256/` and hex digits.
fn named(path: &[u8]) -> Option<Digest> {
    let mut names = path.rsplit(|&byte| byte == b'/');
    let (encoded, algorithm) = (names.next()?, names.next()?);
    let [algorithm, encoded] = [algorithm, encoded].map(std::str::from_utf8);
    Digest::parse(&format!("{}:{}", algorithm.ok()?, encoded.ok()?))
}

fn names(stored: Option<&StoredImage>, container: Option<&Container>) -> Vec<String> {
    match (container, stored) {
        (Some(container), _) => vec![container.shown_name().to_owned()],
        (None, Some(stored)) => stored.names.clone(),
        (None, None) => Vec::new(),
    }
}

/// Returns the configuration as far as it can be used.
fn read_config(stored: &StoredImage, warnings: &mut Vec<Warning>) -> ConfigDocument {
    let mut bad = |message| warnings.push(Warning::new(WarningCode::BadConfig, message));
    let Some(location) = &stored.config else {
        return ConfigDocument::default();
    };
    let read = match location.root.read(&location.path, limits::DOCUMENT_BYTES) {
        Ok(Some(bytes)) => {
            Json::parse(&bytes).map_err(|reason| format!("{}: {reason}", location.shown()))
        }
        Ok(None) => Err(format!("{} is missing", location.shown())),
        Err(error) => Err(error.to_string()),
    };
    match read {
        Ok(json) => {
            let document = ConfigDocument::read(&json);
            for problem in &document.problems {
                bad(format!("the configuration is odd: {problem}"));
            }
            document
        }
        Err(reason) => {
            bad(format!("the configuration is not used: {reason}"));
            ConfigDocument::default()
        }
    }
}

/// The history tells of the image's layers; those of a container stand above them.
fn pair_with_layers(
    history: &mut [HistoryEntry],
    plans: &[LayerPlan<'_>],
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
