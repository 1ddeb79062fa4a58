//! An image under construction: layers, history and configuration, free of any container format.

use serde_json::{Map, Value, json};

use super::codec::Codec;
use super::item::Item;
use super::layer::LayerBuilder;
use super::tar;

/// One layer of a finished image.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Its records in stored order.
    pub items: Vec<Item>,
    /// The uncompressed tar.
    pub tar: Vec<u8>,
}

impl Layer {
    /// Returns the digest of the uncompressed tar.
    pub fn diff_id(&self) -> String {
        digest(&self.tar)
    }
}

/// One history entry.
#[derive(Debug, Clone)]
pub struct History {
    pub created: String,
    pub created_by: String,
    pub comment: String,
    /// Whether it made no layer.
    pub empty_layer: bool,
}

/// A finished logical image.
#[derive(Debug, Clone)]
pub struct Image {
    pub names: Vec<String>,
    pub os: String,
    pub architecture: String,
    pub variant: Option<String>,
    pub os_version: Option<String>,
    pub created: String,
    pub history: Vec<History>,
    /// The `config` object: `Env`, `Cmd`, `Labels` and so on.
    pub runtime: Map<String, Value>,
    pub annotations: Vec<(String, String)>,
    /// Bottom first.
    pub layers: Vec<Layer>,
}

impl Image {
    /// Returns the configuration document, the same in every container.
    pub fn config(&self) -> Vec<u8> {
        let diff_ids: Vec<_> = self.layers.iter().map(Layer::diff_id).collect();
        let history: Vec<_> = self.history.iter().map(History::document).collect();
        let mut document = json!({
            "architecture": self.architecture,
            "config": self.runtime,
            "created": self.created,
            "history": history,
            "os": self.os,
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
        });
        if let Some(variant) = &self.variant {
            document["variant"] = json!(variant);
        }
        if let Some(version) = &self.os_version {
            document["os.version"] = json!(version);
        }
        document.to_string().into_bytes()
    }

    /// Returns the image ID: the digest of the configuration.
    pub fn id(&self) -> String {
        digest(&self.config())
    }

    /// Returns the records of every layer, bottom first, as the model takes them.
    pub fn stack(&self) -> Vec<Vec<Item>> {
        self.layers
            .iter()
            .map(|layer| layer.items.clone())
            .collect()
    }

    /// Returns one layer as a file on its own.
    pub fn layer_file(&self, layer: usize, codec: Codec) -> Vec<u8> {
        codec.compress(&self.layers[layer].tar)
    }
}

impl History {
    fn document(&self) -> Value {
        let mut document = json!({ "created": self.created, "created_by": self.created_by });
        if !self.comment.is_empty() {
            document["comment"] = json!(self.comment);
        }
        if self.empty_layer {
            document["empty_layer"] = json!(true);
        }
        document
    }
}

/// Starts an image: linux/amd64, no layers, no name.
pub fn image() -> ImageBuilder {
    let time = "2026-01-02T03:04:05Z".to_owned();
    ImageBuilder {
        time: time.clone(),
        comment: String::new(),
        image: Image {
            names: Vec::new(),
            os: "linux".to_owned(),
            architecture: "amd64".to_owned(),
            variant: None,
            os_version: None,
            created: time,
            history: Vec::new(),
            runtime: Map::new(),
            annotations: Vec::new(),
            layers: Vec::new(),
        },
    }
}

/// Collects an [`Image`].
#[derive(Debug, Clone)]
pub struct ImageBuilder {
    image: Image,
    time: String,
    comment: String,
}

impl ImageBuilder {
    /// Finishes.
    pub fn build(self) -> Image {
        self.image
    }

    /// Adds a name such as `app:1.4`.
    pub fn name(mut self, name: &str) -> Self {
        self.image.names.push(name.to_owned());
        self
    }

    /// Sets the platform: `os/architecture` or `os/architecture/variant`, with `:version` of the system behind it.
    pub fn platform(mut self, platform: &str) -> Self {
        let (platform, version) = match platform.split_once(':') {
            Some((platform, version)) => (platform, Some(version.to_owned())),
            None => (platform, None),
        };
        self.image.os_version = version;
        let mut parts = platform.split('/').map(str::to_owned);
        self.image.os = parts.next().unwrap_or_default();
        self.image.architecture = parts.next().unwrap_or_default();
        self.image.variant = parts.next();
        self
    }

    /// Sets the RFC 3339 time of the history entries that follow and of the image.
    pub fn at(mut self, time: &str) -> Self {
        time.clone_into(&mut self.time);
        time.clone_into(&mut self.image.created);
        self
    }

    /// Sets the history comment of the entries that follow, e.g. `buildkit.dockerfile.v0`.
    pub fn comment(mut self, comment: &str) -> Self {
        comment.clone_into(&mut self.comment);
        self
    }

    /// Adds a layer and the history entry that made it.
    pub fn layer(
        mut self,
        created_by: &str,
        fill: impl FnOnce(LayerBuilder) -> LayerBuilder,
    ) -> Self {
        self.push_history(created_by, false);
        self.unrecorded_layer(fill)
    }

    /// Adds a layer that no history entry mentions.
    pub fn unrecorded_layer(mut self, fill: impl FnOnce(LayerBuilder) -> LayerBuilder) -> Self {
        let items = fill(LayerBuilder::new()).into_items();
        let tar = tar::archive(&items);
        self.image.layers.push(Layer { items, tar });
        self
    }

    /// Adds a layer whose stored bytes are `tar`, whatever they are.
    pub fn raw_layer(mut self, created_by: &str, tar: Vec<u8>) -> Self {
        self.push_history(created_by, false);
        let items = Vec::new();
        self.image.layers.push(Layer { items, tar });
        self
    }

    /// Adds a history entry that made no layer: `ENV …`, `CMD …`.
    pub fn empty(mut self, created_by: &str) -> Self {
        self.push_history(created_by, true);
        self
    }

    /// Sets a field of the runtime configuration, e.g. `Cmd`.
    pub fn config(mut self, field: &str, value: Value) -> Self {
        self.image.runtime.insert(field.to_owned(), value);
        self
    }

    /// Adds a label.
    pub fn label(mut self, key: &str, value: &str) -> Self {
        let labels = self
            .image
            .runtime
            .entry("Labels")
            .or_insert_with(|| json!({}));
        labels[key] = json!(value);
        self
    }

    /// Adds a manifest annotation, where the container has a place for it.
    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.image
            .annotations
            .push((key.to_owned(), value.to_owned()));
        self
    }

    fn push_history(&mut self, created_by: &str, empty_layer: bool) {
        self.image.history.push(History {
            created: self.time.clone(),
            created_by: created_by.to_owned(),
            comment: self.comment.clone(),
            empty_layer,
        });
    }
}

/// Returns `sha256:…` of the bytes.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(bytes))
}

/// Returns the SHA-256 of the bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    use std::fmt::Write as _;

    sha2::Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string");
            text
        })
}
