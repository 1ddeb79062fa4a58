//! Everything known about one row: IDs, sizes in every sense, pieces with their places, owners.

use super::amounts::{Sense, SizedStore, amount_text};
use super::columns::day_of;
use super::key::Key;
use super::{names, reclaim, rows};
use crate::store::reclaim::told_of;
use crate::store::{Amount, Basis, ExtraKind, LayerId, Listing, Owner, PieceId, Store};
use crate::text::Look;
use crate::tui::store_subject::StoreSubject;

/// Most lines of one list before the rest is only counted.
const MOST: usize = 200;

/// Returns the heading.
pub(super) const fn title(key: Key) -> &'static str {
    match key {
        Key::Image(_) => "Image",
        Key::Layer(_) => "Layer",
        Key::Container(_) => "Container",
        Key::Pod(_) => "Pod",
        Key::Orphan(_) => "Orphan",
        Key::Cache(_) => "Build cache record",
        Key::Volume(_) => "Volume",
        Key::Lease(_) => "Lease",
        Key::Extra(_) => "Extra",
        Key::LargePath(_) => "Large path",
    }
}

/// Returns the lines, escaped.
pub(super) fn everything(
    sizes: &SizedStore<'_>,
    subject: &StoreSubject,
    at: usize,
    key: Key,
    look: Look,
) -> Vec<String> {
    let mut facts = Facts {
        sizes,
        look,
        lines: Vec::new(),
    };
    facts
        .lines
        .push(look.shown(names::name(sizes.store, key).as_bytes()));
    facts.own(key);
    if let Some(time) = rows::time(sizes.store, key) {
        facts.say("Time", &day_of(time));
    }
    for sense in [Sense::Disk, Sense::Files, Sense::Engine] {
        facts.sizes_of(subject, at, key, sense);
    }
    facts.freed(key);
    facts.pieces(key);
    facts.lines
}

struct Facts<'a> {
    sizes: &'a SizedStore<'a>,
    look: Look,
    lines: Vec<String>,
}

impl Facts<'_> {
    /// Adds a line; the text is a stranger's.
    fn say(&mut self, label: &str, text: &str) {
        let text = self.look.shown(text.as_bytes());
        self.lines.push(format!("{label:<11} {text}"));
    }

    fn store(&self) -> &Store {
        self.sizes.store
    }

    fn own(&mut self, key: Key) {
        match key {
            Key::Image(id) => self.image(id.as_usize()),
            Key::Layer(id) => self.layer(id),
            Key::Container(id) => self.container(id.as_usize()),
            Key::Pod(id) => {
                if let Some(pod) = self.store().pods.get(id.as_usize()).cloned() {
                    self.say("Namespace", &pod.namespace);
                    self.say("Name", &pod.name);
                    self.say("UID", &pod.uid);
                }
            }
            Key::Orphan(_) => {
                if let Some(orphan) = key.orphan(self.store()).cloned() {
                    self.say("Kind", orphan.kind);
                    self.say("Why", &orphan.reason);
                }
            }
            Key::Cache(id) => self.cache(id.as_usize()),
            Key::Lease(_) => {
                if let Some(lease) = key.lease(self.store()).cloned() {
                    self.say("Namespace", &lease.namespace);
                    self.say("ID", &lease.id);
                }
            }
            Key::Extra(_) => self.extra(key),
            Key::LargePath(_) => {
                let part = names::kind(self.store(), key);
                self.say("Part of", part);
            }
            Key::Volume(_) => {
                if let Some(volume) = key.volume(self.store()).cloned() {
                    self.say("Driver", &volume.driver);
                    for held in &volume.holds {
                        self.say("Nested", &told_of(held));
                    }
                    for container in volume.containers.iter().take(MOST) {
                        let container = self.store().containers.get(container.as_usize());
                        let name = container.map_or_else(String::new, names::container);
                        self.say("Mounted by", &name);
                    }
                }
            }
        }
    }

    fn image(&mut self, at: usize) {
        let Some(image) = self.store().images.get(at).cloned() else {
            return;
        };
        for name in image.names.iter().take(MOST) {
            self.say("Name", name);
        }
        if let Some(id) = &image.id {
            self.say("ID", &id.to_string());
        }
        if let Some(digest) = &image.digest {
            self.say("Manifest", &digest.to_string());
        }
        self.say("Platform", &image.platform.to_string());
        if let Some(namespace) = &image.namespace {
            self.say("Namespace", namespace);
        }
        if let Some(created) = &image.created {
            self.say("Created", created);
        }
        for (position, layer) in image.layers.iter().enumerate() {
            let text = match layer {
                Some(layer) => self.layer_line(*layer),
                None => "not in the store".into(),
            };
            self.say(&format!("Layer {position}"), &text);
        }
    }

    fn layer_line(&self, id: LayerId) -> String {
        let total = self.sizes.total(Key::Layer(id));
        let size = self.sizes.text(total, self.look);
        format!("{} {size}", names::layer(self.store(), id))
    }

    fn layer(&mut self, id: LayerId) {
        let Some(layer) = self.store().layers.get(id.as_usize()).cloned() else {
            return;
        };
        self.say("Stored as", &layer.name);
        if let Some(digest) = &layer.diff_id {
            self.say("Diff ID", &digest.to_string());
        }
        if let Some(digest) = &layer.chain_id {
            self.say("Chain ID", &digest.to_string());
        }
        if let Some(parent) = layer.parent {
            self.say("Above", &names::layer(self.store(), parent));
        }
        let listing = match &layer.listing {
            Listing::TarSplit { .. } => "tar headers as they were packed",
            Listing::Directory { .. } => "directory of what it changes",
            Listing::Copy { .. } => "whole file system: what it changes is worked out",
            Listing::Archive { .. } => "archive, not unpacked",
            Listing::Empty => "no files",
            Listing::Unavailable(why) => why,
        };
        self.say("Read from", listing);
        let Some(account) = self.sizes.accounts.layers.get(id.as_usize()).cloned() else {
            return;
        };
        let owners = account.images.iter().map(|id| Owner::Image(*id));
        let owners = owners.chain(account.containers.iter().map(|id| Owner::Container(*id)));
        let owners = owners.chain(account.cache.iter().map(|id| Owner::Cache(*id)));
        for owner in owners.take(MOST) {
            let text = self.owner(owner);
            self.say("Used by", &text);
        }
    }

    fn container(&mut self, at: usize) {
        let Some(container) = self.store().containers.get(at).cloned() else {
            return;
        };
        self.say("ID", &container.id);
        self.say("Image", &container.image_name);
        self.say("State", container.state.as_str());
        if let Some(pod) = container
            .pod
            .and_then(|pod| self.store().pods.get(pod.as_usize()))
        {
            let pod = format!("{}/{}", pod.namespace, pod.name);
            self.say("Pod", &pod);
        }
        for grown in container.growth.iter().take(MOST) {
            let size = self.look.units.size(grown.disk_bytes);
            let path = crate::path::display_absolute(&grown.path);
            self.lines
                .push(format!("{:<11} {size:>10}  {path}", "Grew in"));
        }
    }

    fn cache(&mut self, at: usize) {
        let Some(record) = self.store().cache.get(at).cloned() else {
            return;
        };
        self.say("ID", &record.id);
        for parent in record.parents.iter().take(MOST) {
            self.say("On top of", parent);
        }
        if let Some(layer) = record.layer {
            let layer = self.layer_line(layer);
            self.say("Layer", &layer);
        }
        if let Some(layer) = record.copy_of {
            let layer = names::layer(self.store(), layer);
            self.say(
                "Copy of",
                &format!("{layer}, which an image has: unpacked twice"),
            );
        }
    }

    fn extra(&mut self, key: Key) {
        let kind = names::kind(self.store(), key);
        self.say("Kind", kind);
        let extra = key.extra(self.store()).map(|extra| extra.kind);
        if let Some(ExtraKind::Plugin { is_enabled }) = extra {
            self.say("Enabled", if is_enabled { "yes" } else { "no" });
        }
    }

    fn owner(&self, owner: Owner) -> String {
        let key = match owner {
            Owner::Image(id) => Key::Image(id),
            Owner::Container(id) => Key::Container(id),
            Owner::Cache(id) => Key::Cache(id),
            Owner::Volume(id) => Key::Volume(id),
            Owner::Pod(id) => Key::Pod(id),
            Owner::Lease(id) => Key::Lease(id),
            Owner::Extra(id) => Key::Extra(id),
        };
        format!(
            "{} {}",
            title(key).to_lowercase(),
            names::name(self.store(), key)
        )
    }

    fn sizes_of(&mut self, subject: &StoreSubject, at: usize, key: Key, sense: Sense) {
        let Some(sizes) = SizedStore::of(subject, at, sense) else {
            return;
        };
        let text = |size| sizes.text(size, self.look);
        let total = text(sizes.total(key));
        let line = match key {
            Key::Image(_) => {
                let (own, shared) = (text(sizes.own(key)), text(sizes.shared(key)));
                format!("{total}: {own} unique, {shared} shared")
            }
            Key::Container(_) | Key::Pod(_) => {
                let (written, logs) = (text(sizes.writable(key)), text(sizes.logs(key)));
                format!("{total}: {written} written, {logs} logs")
            }
            Key::Cache(_) => format!("{total}: {} for the cache alone", text(sizes.private(key))),
            _ => total,
        };
        let label = match sense {
            Sense::Disk => "On disk",
            Sense::Files => "In files",
            Sense::Engine => "The engine",
        };
        self.say(label, &line);
    }

    fn freed(&mut self, key: Key) {
        if let Some(target) = key.target() {
            let freed = reclaim::freed(self.sizes, &[target]);
            let text = amount_text(freed, self.sizes.known, self.look);
            self.say("Frees", &format!("{text} if it alone were removed"));
        }
    }

    fn pieces(&mut self, key: Key) {
        let pieces = self.pieces_of(key);
        if pieces.is_empty() {
            return;
        }
        self.lines.push(String::new());
        self.lines.push("Pieces".into());
        let more = pieces.len().saturating_sub(MOST);
        for id in pieces.into_iter().take(MOST) {
            let Some(piece) = self.store().pieces.get(id.as_usize()) else {
                continue;
            };
            let amount = Amount::of(piece, Basis::Disk);
            let size = amount_text(amount, self.sizes.known, self.look);
            let mut lines = vec![format!("{size:>11}  {}", piece.location.shown())];
            if let Some(why) = &piece.unmeasured {
                lines.push(format!("             {why}"));
            }
            let owners: Vec<String> = self
                .sizes
                .accounts
                .owners(id)
                .take(MOST)
                .map(|owner| self.owner(owner))
                .collect();
            if !owners.is_empty() {
                lines.push(format!("             {}", owners.join(", ")));
            }
            let shown = lines.iter().map(|line| self.look.shown(line.as_bytes()));
            let shown: Vec<String> = shown.collect();
            self.lines.extend(shown);
        }
        if more > 0 {
            self.lines.push(format!("and {more} more"));
        }
    }

    fn pieces_of(&self, key: Key) -> Vec<PieceId> {
        let store = self.store();
        let of_layer = |id: LayerId| -> Vec<PieceId> {
            let layer = store.layers.get(id.as_usize());
            let pieces = layer.map(|layer| layer.pieces.iter().chain(&layer.blobs).copied());
            pieces.into_iter().flatten().collect()
        };
        match key {
            Key::Image(_) => {
                let Some(image) = key.image(store) else {
                    return Vec::new();
                };
                let layers = image.layers.iter().flatten().flat_map(|id| of_layer(*id));
                image.pieces.iter().copied().chain(layers).collect()
            }
            Key::Layer(id) => of_layer(id),
            Key::Container(_) => {
                let Some(container) = key.container(store) else {
                    return Vec::new();
                };
                let own = container.writable.into_iter().chain(container.init);
                let layers = own.flat_map(of_layer);
                let others = container.logs.iter().chain(&container.pieces).copied();
                layers.chain(others).collect()
            }
            Key::Pod(id) => store
                .pods
                .get(id.as_usize())
                .map_or_else(Vec::new, |pod| pod.pieces.clone()),
            Key::Orphan(_) => {
                let orphan = key.orphan(store);
                orphan.map(|orphan| orphan.piece).into_iter().collect()
            }
            Key::Cache(id) => {
                let Some(record) = store.cache.get(id.as_usize()) else {
                    return Vec::new();
                };
                let layer = record.layer.into_iter().flat_map(of_layer);
                layer.chain(record.pieces.iter().copied()).collect()
            }
            Key::Extra(_) => {
                let extra = key.extra(store);
                extra.map_or_else(Vec::new, |extra| extra.pieces.clone())
            }
            Key::LargePath(_) => Vec::new(),
            Key::Volume(_) => {
                let volume = key.volume(store);
                volume.map_or_else(Vec::new, |volume| volume.pieces.clone())
            }
            Key::Lease(_) => {
                let lease = key.lease(store);
                lease.map_or_else(Vec::new, |lease| lease.pieces.clone())
            }
        }
    }
}
