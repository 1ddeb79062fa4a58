//! One object for each thing in a store.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::amount;
use crate::image::Digest;
use crate::path;
use crate::report::json::located;
use crate::report::store::ReportedStore;
use crate::store::reclaim::{Command, Step, Target, by_name, of_builder, steps, suggestions};
use crate::store::{
    Container, Exit, ExtraId, ExtraKind, Layer, LayerId, Listing, Location, Owner, Piece, PieceId,
    Role, StoredImage, Volume,
};

pub(super) fn image(one: &ReportedStore<'_>, at: usize) -> Value {
    let image: &StoredImage = &one.store.images[at];
    let account = one.image(at);
    let sizes = one.image_sizes(at);
    let layers: Vec<Option<u32>> = image
        .layers
        .iter()
        .map(|layer| layer.map(|id| id.0))
        .collect();
    json!({
        "index": at,
        "names": image.names,
        "id": digest(image.id.as_ref()),
        "digest": digest(image.digest.as_ref()),
        "platform": image.platform.written(),
        "created": image.created,
        "namespace": image.namespace,
        "dangling": one.store.is_dangling(image),
        "intermediate": image.is_intermediate,
        "parent": image.parent.map(|id| id.0),
        "containers": one.accounts.and_then(|_| one.store.known_users(account.containers)),
        "unique": amount(account.unique),
        "shared": amount(account.shared),
        "total": amount(account.total),
        "freed": amount(account.freed),
        "engine": {
            "size_bytes": sizes.size_bytes,
            "shared_bytes": sizes.shared_bytes,
            "unique_bytes": sizes.unique_bytes,
            "inspect_bytes": sizes.inspect_bytes,
        },
        "layers": layers,
        "pieces": pieces(one, &image.pieces),
    })
}

pub(super) fn layer(one: &ReportedStore<'_>, at: usize) -> Value {
    let layer: &Layer = &one.store.layers[at];
    let account = one.layer(at);
    let images: Vec<u32> = account.images.iter().map(|id| id.0).collect();
    let containers: Vec<u32> = account.containers.iter().map(|id| id.0).collect();
    let cache: Vec<u32> = account.cache.iter().map(|id| id.0).collect();
    json!({
        "index": at,
        "id": layer.name,
        "diff_id": digest(layer.diff_id.as_ref()),
        "chain_id": digest(layer.chain_id.as_ref()),
        "parent": layer.parent.map(|id| id.0),
        "created": layer.created,
        "entries": listing(&layer.listing),
        "total": amount(account.total),
        "engine": { "recorded_bytes": layer.recorded_bytes },
        "used_by": one.accounts.map(|_| json!({
            "images": images,
            "containers": containers,
            "cache": cache,
            "lease": one.store.leased.contains(&LayerId(u32::try_from(at).unwrap_or(u32::MAX))),
        })),
        "pieces": pieces(one, &layer.pieces),
        "blobs": pieces(one, &layer.blobs),
    })
}

pub(super) fn container(one: &ReportedStore<'_>, at: usize) -> Value {
    let container: &Container = &one.store.containers[at];
    let account = one.container(at);
    let sizes = one.container_sizes(at);
    let layers: Vec<u32> = container.layers.iter().map(|id| id.0).collect();
    let growth = container.growth.iter().map(|grown| {
        let mut object = located(&grown.path);
        object.insert("disk_bytes".into(), json!(grown.disk_bytes));
        Value::Object(object)
    });
    let state = match container.state.as_str() {
        "-" => None,
        word => Some(word),
    };
    json!({
        "index": at,
        "id": container.id,
        "name": known(&container.name),
        "image": container.image.map(|id| id.0),
        "image_name": known(&container.image_name),
        "state": state,
        "created": container.created,
        "pod": container.pod.map(|id| id.0),
        "writable": amount(account.writable),
        "logs": amount(account.logs),
        "other": amount(account.other),
        "engine": {
            "writable_bytes": sizes.writable_bytes,
            "virtual_bytes": sizes.virtual_bytes,
        },
        "growth": growth.collect::<Value>(),
        "layers": layers,
        "init_layer": container.init.map(|id| id.0),
        "writable_layer": container.writable.map(|id| id.0),
        "log_pieces": pieces(one, &container.logs),
        "pieces": pieces(one, &container.pieces),
    })
}

pub(super) fn pod(one: &ReportedStore<'_>, at: usize) -> Value {
    let pod = &one.store.pods[at];
    let account = one.pod(at);
    json!({
        "index": at,
        "namespace": pod.namespace,
        "name": pod.name,
        "uid": pod.uid,
        "writable": amount(account.writable),
        "logs": amount(account.logs),
        "volumes": amount(account.volumes),
        "other": amount(account.other),
        "total": amount(account.total),
        "pieces": pieces(one, &pod.pieces),
    })
}

pub(super) fn cache(one: &ReportedStore<'_>, at: usize) -> Value {
    let record = &one.store.cache[at];
    let account = one.cache(at);
    json!({
        "index": at,
        "id": record.id,
        "description": known(&record.description),
        "created": record.created,
        "used": record.used,
        "parents": record.parents,
        "layer": record.layer.map(|id| id.0),
        "copy_of": record.copy_of.map(|id| id.0),
        "total": amount(account.total),
        "private": amount(account.private),
        "engine": { "recorded_bytes": record.recorded_bytes },
        "pieces": pieces(one, &record.pieces),
    })
}

pub(super) fn volume(one: &ReportedStore<'_>, at: usize) -> Value {
    let volume = &one.store.volumes[at];
    let containers: Vec<u32> = volume.containers.iter().map(|id| id.0).collect();
    let total = if volume.pieces.is_empty() {
        json!({ "bytes": null, "at_least": 0 })
    } else {
        amount(one.volume(at))
    };
    json!({
        "index": at,
        "name": volume.name,
        "driver": known(&volume.driver),
        "namespace": volume.namespace,
        "containers": volume.has_known_users().then_some(containers),
        "total": total,
        "holds": holds(one, volume),
        "commands": of_builder(one.store, volume).as_ref().map(command).into_iter().collect::<Value>(),
        "pieces": pieces(one, &volume.pieces),
    })
}

pub(super) fn lease(one: &ReportedStore<'_>, at: usize) -> Value {
    let lease = &one.store.leases[at];
    json!({
        "index": at,
        "namespace": lease.namespace,
        "id": lease.id,
        "ends": lease.ends,
        "total": amount(one.lease(at)),
        "pieces": pieces(one, &lease.pieces),
    })
}

fn holds(one: &ReportedStore<'_>, volume: &Volume) -> Value {
    let held = volume.holds.iter().map(|held| {
        let mut object = place(one, &held.location);
        object.insert("engine".into(), json!(held.engine));
        Value::Object(object)
    });
    held.collect()
}

pub(super) fn extra(one: &ReportedStore<'_>, at: usize) -> Value {
    let extra = &one.store.extras[at];
    let id = ExtraId(u32::try_from(at).unwrap_or(u32::MAX));
    let is_enabled = match extra.kind {
        ExtraKind::Plugin { is_enabled } => Some(is_enabled),
        ExtraKind::Artifact | ExtraKind::Pool | ExtraKind::Bound | ExtraKind::Foreign => None,
    };
    let steps = steps(one.store, &[Target::Owner(Owner::Extra(id))]);
    json!({
        "index": at,
        "kind": extra.kind.as_str(),
        "name": extra.name,
        "enabled": is_enabled,
        "total": amount(one.extra(at)),
        "steps": steps.iter().map(step).collect::<Value>(),
        "pieces": pieces(one, &extra.pieces),
    })
}

pub(super) fn large_path(one: &ReportedStore<'_>, at: usize) -> Value {
    let path = &one.store.largest[at];
    let mut object = place(one, &path.location);
    object.insert("of".into(), json!(role(path.of)));
    object.insert("disk_bytes".into(), json!(path.disk_bytes));
    Value::Object(object)
}

pub(super) fn orphan(one: &ReportedStore<'_>, at: usize) -> Value {
    let orphan = &one.store.orphans[at];
    let piece = one.store.piece(orphan.piece);
    json!({
        "index": at,
        "kind": orphan.kind,
        "reason": orphan.reason,
        "since": orphan.since.or(piece.modified),
        "total": amount(one.orphan(at)),
        "piece": self::piece(one, piece),
        "goes": goes(&orphan.exit),
        "commands": by_name(one.store.engine, orphan).iter().map(command).collect::<Value>(),
    })
}

/// Returns what could be freed, how much that is, and how.
pub(super) fn freeable(one: &ReportedStore<'_>) -> impl Iterator<Item = Value> {
    let suggestions = suggestions(one.store, one.accounts).into_iter();
    suggestions.map(|suggestion| {
        json!({
            "what": suggestion.group.as_str(),
            "count": suggestion.count,
            "amount": amount(suggestion.amount),
            "steps": suggestion.steps.iter().map(step).collect::<Value>(),
        })
    })
}

fn step(step: &Step) -> Value {
    match step {
        Step::Command(command) => self::command(command),
        Step::Perhaps { condition, command } => {
            json!({ "if": condition, "then": self::command(command) })
        }
        Step::Note(note) => json!({ "note": note }),
        Step::Place(place) => json!({ "place": place }),
    }
}

fn command(command: &Command) -> Value {
    json!({
        "command": command.text,
        "verified_on": command.verified_on,
        "check_first": command.check_first(),
    })
}

/// Returns how an orphan goes away.
const fn goes(exit: &Exit) -> &'static str {
    match exit {
        Exit::Records(_) => "by-name",
        Exit::Recorded => "recorded",
        Exit::Collection => "with-garbage",
        Exit::Start => "at-start",
        Exit::Stop => "at-stop",
        Exit::NextPlugin => "with-next-plugin",
        Exit::Pod | Exit::ByHand => "by-hand",
    }
}

/// Returns what could not be measured, and why.
pub(super) fn unmeasured(one: &ReportedStore<'_>) -> impl Iterator<Item = Value> {
    let pieces = one.store.pieces.iter();
    pieces.filter_map(|piece| {
        let reason = piece.unmeasured.as_ref()?;
        let mut object = place(one, &piece.location);
        object.insert("reason".into(), json!(reason));
        Some(Value::Object(object))
    })
}

fn pieces(one: &ReportedStore<'_>, ids: &[PieceId]) -> Value {
    ids.iter()
        .filter_map(|id| one.store.pieces.get(id.as_usize()))
        .map(|piece| self::piece(one, piece))
        .collect()
}

fn piece(one: &ReportedStore<'_>, piece: &Piece) -> Value {
    let mut object = place(one, &piece.location);
    let usage = piece.usage;
    object.insert("role".into(), json!(role(piece.role)));
    object.insert(
        "complete".into(),
        json!(piece.unmeasured.is_none() && usage.is_some()),
    );
    object.insert(
        "disk_bytes".into(),
        json!(usage.map(|usage| usage.disk_bytes)),
    );
    object.insert(
        "file_bytes".into(),
        json!(usage.map(|usage| usage.file_bytes)),
    );
    object.insert("inodes".into(), json!(usage.map(|usage| usage.inodes)));
    object.insert("modified".into(), json!(piece.modified));
    Value::Object(object)
}

/// Returns `path` relative to the store's root, or to `root` where that is another directory.
fn place(one: &ReportedStore<'_>, location: &Location) -> Map<String, Value> {
    let mut object = Map::new();
    if location.root.name() != one.store.root.name() {
        object.insert("root".into(), json!(location.root.name()));
    }
    object.insert("path".into(), json!(path::display(&location.path)));
    if !path::is_plain(&location.path) {
        object.insert("path_b64".into(), json!(STANDARD.encode(&location.path)));
    }
    object
}

fn digest(digest: Option<&Digest>) -> Option<&str> {
    digest.map(Digest::as_str)
}

/// Empty text in the model is what the store does not tell.
fn known(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Layer => "layer",
        Role::Blob => "blob",
        Role::Writable => "writable",
        Role::Log => "log",
        Role::ContainerFiles => "container-files",
        Role::Volume => "volume",
        Role::Cache => "cache",
        Role::Extra => "extra",
        Role::Orphan => "orphan",
        Role::Bookkeeping => "bookkeeping",
    }
}

/// Returns where the entries of a layer come from.
const fn listing(listing: &Listing) -> &'static str {
    match listing {
        Listing::TarSplit { .. } => "tar-split",
        Listing::Directory { .. } => "directory",
        Listing::Copy { .. } => "copy",
        Listing::Archive { .. } => "archive",
        Listing::Empty => "empty",
        Listing::Unavailable(_) => "unavailable",
    }
}
