//! Images: names, configuration, layers.

use std::collections::{BTreeSet, HashMap};

use base64::Engine as _;

use super::ancestry::Pedigree;
use super::driver_root::DriverRoot;
use super::layers::Layers;
use super::records::{ImageRecord, Readability, unusable};
use crate::error::{Warning, WarningCode};
use crate::image::json::Json;
use crate::image::{ConfigDocument, Digest};
use crate::store::places::kind;
use crate::store::{ImageId, LayerId, Location, Role, Store, StoredImage};
use crate::{limits, path};

/// The images of a store while it is being read.
#[derive(Debug)]
pub(super) struct Images {
    /// By position in [`Store::images`].
    pub(super) pedigrees: Vec<Pedigree>,
    /// Top layers for other user namespaces, by position in [`Store::images`].
    pub(super) mapped: Vec<Vec<LayerId>>,
    by_id: HashMap<String, ImageId>,
    bytes_left: u64,
}

impl Default for Images {
    fn default() -> Self {
        Self {
            pedigrees: Vec::new(),
            mapped: Vec::new(),
            by_id: HashMap::new(),
            bytes_left: limits::LISTED_BYTES,
        }
    }
}

impl Images {
    /// Returns the image with an ID.
    pub(super) fn find(&self, id: &str) -> Option<ImageId> {
        self.by_id.get(id).copied()
    }

    /// Adds an image; a second one of the same ID is left out.
    pub(super) fn add(
        &mut self,
        store: &mut Store,
        layers: &Layers,
        place: &DriverRoot,
        record: &ImageRecord,
    ) {
        if self.by_id.contains_key(&record.id) {
            return;
        }
        let config = place_of_config(place, record);
        let document = config
            .as_ref()
            .map(|location| self.read_config(location, &mut store.warnings))
            .unwrap_or_default();
        let top = record.top.as_deref().and_then(|top| layers.find(top));
        if top.is_none() && record.top.is_some() {
            store.warnings.push(top_missing(place, record));
        }
        let image = StoredImage {
            names: record.names.clone(),
            id: Digest::parse(&format!("sha256:{}", record.id)),
            digest: record.digest.clone(),
            platform: document.platform.clone(),
            created: document
                .config
                .created
                .clone()
                .or_else(|| record.created.clone()),
            config,
            layers: stack(store, top, document.diff_ids.len()),
            diff_ids: document.diff_ids.iter().flatten().cloned().collect(),
            pieces: Vec::new(),
            parent: None,
            namespace: None,
            is_intermediate: false,
        };
        let position = u32::try_from(store.images.len()).unwrap_or(u32::MAX);
        self.by_id.insert(record.id.clone(), ImageId(position));
        store.images.push(image);
        add_own_piece(store, place, record);
        if top.is_none() && record.top.is_some() {
            add_lost_layers(store, place);
        }
        self.pedigrees.push(Pedigree::new(top, document));
        let mapped = record.mapped.iter().filter_map(|id| layers.find(id));
        self.mapped.push(mapped.collect());
    }

    fn read_config(&mut self, location: &Location, warnings: &mut Vec<Warning>) -> ConfigDocument {
        let most = self.bytes_left.min(limits::DOCUMENT_BYTES);
        let bytes = match location.root.read(&location.path, most) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err("it is missing".to_owned()),
            Err(error) => Err(error.in_one_line()),
        };
        let document = bytes.and_then(|bytes| {
            self.bytes_left = self.bytes_left.saturating_sub(bytes.len() as u64);
            Json::parse(&bytes)
        });
        let read = document.map(|document| ConfigDocument::read(&document));
        let (read, problems) = match read {
            Ok(read) => {
                let problems = read.problems.clone();
                (read, problems)
            }
            Err(reason) => (ConfigDocument::default(), vec![reason]),
        };
        warnings.extend(problems.iter().map(|problem| {
            let message = format!("{}: {problem}", location.shown());
            Warning::new(WarningCode::BadConfig, message)
        }));
        read
    }

    /// Notes which layers images stand on.
    pub(super) fn keep_layers(&self, store: &Store, layers: &mut Layers) {
        for (image, mapped) in store.images.iter().zip(&self.mapped) {
            let top = image.layers.last().copied().flatten();
            for &layer in top.iter().chain(mapped) {
                layers.keep(store, layer);
            }
        }
    }

    /// Gives an image what its copies for other user namespaces occupy.
    pub(super) fn claim_mapped(&self, store: &mut Store) {
        for (position, mapped) in self.mapped.iter().enumerate() {
            let own: BTreeSet<LayerId> = store.images[position]
                .layers
                .iter()
                .flatten()
                .copied()
                .collect();
            let further: BTreeSet<LayerId> = mapped
                .iter()
                .flat_map(|&top| store.chain(top))
                .filter(|layer| !own.contains(layer))
                .collect();
            for layer in further {
                let pieces = store.layer(layer).pieces.clone();
                store.images[position].pieces.extend(pieces);
            }
        }
    }
}

/// Returns the layers of an image, bottom first; `None` for those that its configuration counts and the store lacks.
fn stack(store: &Store, top: Option<LayerId>, counted: usize) -> Vec<Option<LayerId>> {
    let chain = top.map(|top| store.chain(top)).unwrap_or_default();
    let missing = counted.min(limits::LAYERS).saturating_sub(chain.len());
    std::iter::repeat_n(None, missing)
        .chain(chain.into_iter().map(Some))
        .collect()
}

/// Layers that are not among the records that could be read are not nothing.
fn add_lost_layers(store: &mut Store, place: &DriverRoot) {
    if place.layers.readability == Readability::Whole {
        return;
    }
    let reason = "its layers are not among the records that could be read";
    let holder = Location::new(&place.root, format!("{}-layers", place.driver));
    let piece = store.add_unreachable(holder, Role::Layer, reason);
    if let Some(image) = store.images.last_mut() {
        image.pieces.push(piece);
    }
}

fn add_own_piece(store: &mut Store, place: &DriverRoot, record: &ImageRecord) {
    let directory = directory(place, record);
    if kind(&place.root, &directory.path).is_none() {
        return;
    }
    let piece = store.add_piece(directory, Role::Blob);
    if let Some(image) = store.images.last_mut() {
        image.pieces.push(piece);
    }
}

fn directory(place: &DriverRoot, record: &ImageRecord) -> Location {
    let directory = format!("{}-images/{}", place.driver, record.id);
    Location::new(&place.root, directory)
}

/// Finds the configuration: the document whose key is a digest, the one of the image's own ID first.
fn place_of_config(place: &DriverRoot, record: &ImageRecord) -> Option<Location> {
    let own = format!("sha256:{}", record.id);
    let keys = record.documents.iter();
    let key = keys
        .clone()
        .find(|key| **key == own)
        .or_else(|| keys.clone().find(|key| Digest::parse(key).is_some()))
        // A manifest list has no layer, and no configuration either.
        .or_else(|| record.top.as_ref().map(|_| &own))?;
    Some(directory(place, record).join(file_name(key)))
}

/// Returns the name of the file with a document (containers/storage, store.go, makeBigDataBaseName).
pub(super) fn file_name(key: &str) -> String {
    let plain = key
        .bytes()
        .all(|byte| byte == b'.' || byte.is_ascii_digit() || byte.is_ascii_lowercase());
    if plain && !matches!(key, "" | "." | "..") {
        return key.to_owned();
    }
    let encoded = base64::engine::general_purpose::STANDARD.encode(key);
    // The alphabet has a slash; the engine would not find such a file either.
    format!("={}", encoded.replace('/', "_"))
}

fn top_missing(place: &DriverRoot, record: &ImageRecord) -> Warning {
    let document = format!("{}-images/images.json", place.driver);
    let reason = format!(
        "image {} has layer {}, which is not there",
        path::display_str(&record.id),
        path::display_str(record.top.as_deref().unwrap_or_default())
    );
    unusable(&place.root, &document, &reason)
}
