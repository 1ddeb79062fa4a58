//! Layers: who stands on whom, what each occupies, and where its entries come from.

use std::collections::HashMap;

use super::driver_root::{DriverRoot, Keeping};
use super::records::{Condition, LayerRecord, unusable};
use crate::error::{Warning, WarningCode};
use crate::image::Digest;
use crate::path;
use crate::store::places::is_directory;
use crate::store::{Contents, Layer, LayerId, Listing, Location, PieceId, Role, Store};

/// Which records a layer came from.
#[derive(Debug, Clone)]
pub(super) struct RecordOrigin {
    /// Position of its place.
    pub(super) place: usize,
    /// Its record.
    pub(super) record: LayerRecord,
}

/// What a layer is kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Use {
    /// Nothing known.
    #[default]
    None,
    /// An image or a container stands on it.
    Read,
    /// A container writes to it.
    Written,
}

/// The layers of a store while it is being read.
#[derive(Debug, Default)]
pub(super) struct Layers {
    /// By position in [`Store::layers`].
    pub(super) origins: Vec<RecordOrigin>,
    /// By position in [`Store::layers`].
    pub(super) uses: Vec<Use>,
    by_id: HashMap<String, LayerId>,
}

impl Layers {
    /// Returns the layer with an ID.
    pub(super) fn find(&self, id: &str) -> Option<LayerId> {
        self.by_id.get(id).copied()
    }

    /// Adds a layer without parent and pieces; says no to a second one of the same ID.
    pub(super) fn add(&mut self, store: &mut Store, origin: RecordOrigin) -> Option<LayerId> {
        if self.by_id.contains_key(&origin.record.id) {
            return None;
        }
        let record = &origin.record;
        let id = store.add_layer(Layer {
            diff_id: record.diff_id.clone(),
            recorded_bytes: record.diff_bytes,
            created: record.created,
            ..Layer::new(record.id.clone(), Listing::Empty)
        });
        self.by_id.insert(record.id.clone(), id);
        self.origins.push(origin);
        self.uses.push(Use::None);
        Some(id)
    }

    /// Gives every layer its parent, and takes it away from one layer of every loop.
    pub(super) fn link(&self, store: &mut Store, places: &[DriverRoot]) {
        for (origin, position) in self.origins.iter().zip(0..) {
            let Some(wanted) = &origin.record.parent else {
                continue;
            };
            let parent = self.find(wanted);
            if parent.is_none() {
                let reason = format!(
                    "layer {} stands on {}, which is not there",
                    path::display_str(&origin.record.id),
                    path::display_str(wanted)
                );
                let warning = layers_warning(&places[origin.place], &reason);
                store.warnings.push(warning);
            }
            if let Some(layer) = store.layers.get_mut(LayerId(position).as_usize()) {
                layer.parent = parent;
            }
        }
        for position in loops(&store.layers) {
            let name = path::display_str(&store.layers[position].name).into_owned();
            store.layers[position].parent = None;
            let reason = format!("layer {name} stands on itself; its parent was left out");
            let place = &places[self.origins[position].place];
            store.warnings.push(layers_warning(place, &reason));
        }
        set_chain_ids(&mut store.layers);
    }

    /// Notes that something stands on a layer, and so on everything below it.
    pub(super) fn keep(&mut self, store: &Store, top: LayerId) {
        let mut next = Some(top);
        while let Some(at) = next {
            let kept = &mut self.uses[at.as_usize()];
            if *kept == Use::Read {
                return;
            }
            if *kept == Use::None {
                *kept = Use::Read;
            }
            next = store.layer(at).parent;
        }
    }

    /// Finds out what every layer occupies and where its entries come from.
    pub(super) fn furnish(&self, store: &mut Store, places: &[DriverRoot]) {
        for position in 0..store.layers.len() {
            let origin = &self.origins[position];
            let place = &places[origin.place];
            let below = store.layers[position].parent.and_then(|parent| {
                let below = &self.origins[parent.as_usize()];
                places[below.place].files(&below.record.id)
            });
            let stand = Stand {
                place,
                record: &origin.record,
                below,
                has_parent: origin.record.parent.is_some(),
            };
            let found = stand.listing(&mut store.warnings);
            let pieces = stand.pieces(self.uses[position], store);
            store.layers[position].listing = found;
            store.layers[position].pieces = pieces;
        }
    }
}

/// Finds one layer of every loop of parents.
fn loops(layers: &[Layer]) -> Vec<usize> {
    // 0: not seen; otherwise the walk that saw it first.
    let mut seen = vec![0_usize; layers.len()];
    let mut closing = Vec::new();
    for start in 0..layers.len() {
        let mut at = start;
        while seen[at] == 0 {
            seen[at] = start + 1;
            let Some(parent) = layers[at].parent else {
                break;
            };
            if seen[parent.as_usize()] == start + 1 {
                closing.push(at);
                break;
            }
            at = parent.as_usize();
        }
    }
    closing
}

/// Computes chain IDs from diff IDs (OCI image-spec, config.md, "Layer `ChainID`"); parents must not loop.
fn set_chain_ids(layers: &mut [Layer]) {
    let mut done = vec![false; layers.len()];
    for start in 0..layers.len() {
        let mut open = Vec::new();
        let mut next = Some(start);
        while let Some(at) = next.filter(|&at| !done[at]) {
            open.push(at);
            next = layers[at].parent.map(LayerId::as_usize);
        }
        for at in open.into_iter().rev() {
            done[at] = true;
            let own = layers[at].diff_id.clone();
            let chain_id = match layers[at].parent {
                None => own,
                Some(parent) => own
                    .zip(layers[parent.as_usize()].chain_id.clone())
                    .map(|(own, below)| Digest::chain_id(Some(&below), &own)),
            };
            layers[at].chain_id = chain_id;
        }
    }
}

fn layers_warning(place: &DriverRoot, reason: &str) -> Warning {
    let document = format!("{}-layers/layers.json", place.driver);
    unusable(&place.root, &document, reason)
}

/// One layer and what it stands on.
struct Stand<'a> {
    place: &'a DriverRoot,
    record: &'a LayerRecord,
    /// Files of the parent, where they are there.
    below: Option<Location>,
    has_parent: bool,
}

impl Stand<'_> {
    fn listing(&self, warnings: &mut Vec<Warning>) -> Listing {
        let record = self.place.tar_split(&self.record.id);
        let files = self.place.files(&self.record.id);
        // That none of the layers is within reach was told once, and what is half made may well have none.
        let is_expected = self.place.keeping != Keeping::Elsewhere
            && self.record.condition != Condition::HalfMade;
        if files.is_none() && !self.place.is_refused() && is_expected {
            warnings.push(self.files_missing());
        }
        match (record, files) {
            (Some(record), files) => self.of_record(record, files),
            (None, Some(files)) => self.of_files(files),
            (None, None) => Listing::Unavailable(self.why_no_files()),
        }
    }

    fn of_record(&self, record: Location, files: Option<Location>) -> Listing {
        let (contents, fallback) = match files {
            None => (Contents::Refused(self.why_no_files()), None),
            Some(files) if self.is_composefs() => {
                let reason = "its files are stored by their digests (composefs)";
                drop(files);
                (Contents::Refused(reason.into()), None)
            }
            Some(files) => {
                // A full copy says what a layer changed only where there is nothing below.
                let tells = self.place.keeping != Keeping::Copy || !self.has_parent;
                let fallback = tells.then(|| (files.clone(), self.place.encoding));
                (Contents::Directory(files), fallback)
            }
        };
        Listing::TarSplit {
            record,
            contents,
            fallback,
        }
    }

    fn of_files(&self, files: Location) -> Listing {
        if self.is_composefs() {
            return Listing::Unavailable(
                "its files are stored by their digests (composefs), and no record tells their names: save the image \
                 with `podman save`"
                    .into(),
            );
        }
        match (self.place.keeping, self.has_parent, &self.below) {
            (Keeping::Copy, true, None) => Listing::Unavailable(
                "it is a full copy, and what it was copied from is missing".into(),
            ),
            (Keeping::Copy, _, below) => Listing::Copy {
                directory: files,
                below: below.clone(),
            },
            _ => Listing::Directory {
                directory: files,
                encoding: self.place.encoding,
            },
        }
    }

    fn why_no_files(&self) -> String {
        if let Some(reason) = self.place.elsewhere() {
            return reason;
        }
        let directory = self.place.place_of_files(&self.record.id);
        let shown = self.place.root.shown(directory.as_bytes());
        match self.place.obstacle(&self.record.id) {
            Some(reason) => format!("{shown} is out of reach: {reason}"),
            None => format!("its directory {shown} is missing"),
        }
    }

    fn files_missing(&self) -> Warning {
        Warning::new(
            WarningCode::BadRecord,
            format!(
                "layer {} has no files: {}",
                path::display_str(&self.record.id),
                self.why_no_files()
            ),
        )
    }

    /// Files by digest, names in an EROFS image (containers/storage, drivers/overlay/composefs.go).
    fn is_composefs(&self) -> bool {
        self.place.keeping == Keeping::Diff
            && self.place.outer(&self.record.id).is_some_and(|outer| {
                is_directory(&self.place.root, &outer.join("composefs-data").path)
            })
    }

    fn pieces(&self, used: Use, store: &mut Store) -> Vec<PieceId> {
        let id = &self.record.id;
        let mut pieces = Vec::new();
        let (files, around) = match (used, self.record.condition) {
            (_, Condition::HalfMade) | (Use::None, _) => (Role::Layer, None),
            (Use::Read, _) => (Role::Layer, Some(Role::Bookkeeping)),
            (Use::Written, _) => (Role::Writable, Some(Role::ContainerFiles)),
        };
        let obstacle = self.place.obstacle(id);
        match (self.place.files(id), self.place.outer(id), around) {
            (None, outer, _) if let Some(reason) = obstacle => {
                let inner = Location::new(&self.place.root, self.place.place_of_files(id));
                let outer = outer.filter(|outer| {
                    outer.path != inner.path && is_directory(&outer.root, &outer.path)
                });
                pieces.push(store.add_unreachable(inner, files, reason));
                pieces.extend(outer.map(|outer| store.add_piece(outer, around.unwrap_or(files))));
            }
            // Whatever nobody keeps goes as a whole.
            (_, Some(outer), None) => pieces.push(store.add_piece(outer, files)),
            (Some(inner), Some(outer), Some(around)) => {
                let nested = inner.path != outer.path;
                pieces.push(store.add_piece(inner, files));
                if nested {
                    pieces.push(store.add_piece(outer, around));
                }
            }
            (None, Some(outer), Some(around)) => pieces.push(store.add_piece(outer, around)),
            (_, None, _) => {}
        }
        let beside = [format!("{id}.tar-split.gz"), id.clone()];
        for found in beside
            .iter()
            .filter_map(|name| self.place.beside_layers(name))
        {
            pieces.push(store.add_piece(found, Role::Bookkeeping));
        }
        pieces
    }
}
