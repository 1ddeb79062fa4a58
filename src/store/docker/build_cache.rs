//! The build cache of `BuildKit` inside Docker: `buildkit/metadata_v2.db` has its records, `snapshots.db` the
//! directories behind them (moby, builder/builder-next/adapters/snapshot).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::error::Result;
use crate::image::Digest;
use crate::image::json::Json;
use crate::store::bbolt::{Bucket, Database};

use super::super::{CacheRecord, LayerId, PieceId, Role};
use super::build_content::{self, Content};
use super::reader::{Claimed, DockerReader, Shares};
use crate::store::places::is_component;

const SNAPSHOTS: &[u8] = b"buildkit/snapshots.db";
const RECORDS: &[u8] = b"buildkit/metadata_v2.db";

/// One bucket of the database of snapshots; all fields may be empty.
#[derive(Debug, Default, Clone)]
struct Snapshot {
    /// The directory, where it is not the snapshot's own name.
    committed: Option<String>,
    /// The layer of an image that it became.
    chain: Option<Digest>,
    parent: Option<String>,
    bytes: Option<u64>,
}

type Snapshots = BTreeMap<String, Snapshot>;

/// What `BuildKit` notes about one record.
#[derive(Debug, Default)]
struct Noted {
    description: String,
    snapshot: Option<String>,
    /// The record that one may still write to and that is the same as this one.
    twin: Option<String>,
    parents: Vec<String>,
    /// What the layer is in an archive or a registry.
    blob: Option<Digest>,
    bytes: Option<u64>,
    created: Option<i64>,
    used: Option<i64>,
}

/// Reads every record of the build cache, by ID.
///
/// There is one build cache for all drivers, with directories of the one in use: a store left behind has only
/// those records whose directories it has.
pub(super) fn read(reader: &mut DockerReader<'_>) -> Result<()> {
    if reader.records.is_directory(b"buildkit") {
        reader.piece(b"buildkit".to_vec(), Role::Bookkeeping);
    }
    if let Some(reason) = reader.records.root().obstacle(b"buildkit") {
        let location = reader.location(b"buildkit".to_vec());
        reader.store.add_unreachable(location, Role::Cache, reason);
    }
    let snapshots = reader
        .open(SNAPSHOTS)
        .map_or_else(Snapshots::new, |database| {
            let found = read_snapshots(&database);
            reader.note_damage(SNAPSHOTS, &database);
            found
        });
    let layers = add_layers(reader, &snapshots)?;
    let noted = reader.open(RECORDS).map_or_else(BTreeMap::new, |database| {
        let found = read_records(&database);
        reader.note_damage(RECORDS, &database);
        found
    });
    let content = build_content::read(reader);
    let named = noted.values().filter_map(|record| record.blob.clone());
    let named = named.collect();
    add_records(
        reader,
        noted,
        &Behind {
            snapshots: &snapshots,
            layers: &layers,
            content: &content,
        },
    );
    disown(reader, &snapshots, &layers);
    content.disown(reader, &named);
    Ok(())
}

/// What records stand for.
struct Behind<'a> {
    snapshots: &'a Snapshots,
    layers: &'a HashMap<String, LayerId>,
    content: &'a Content,
}

fn read_snapshots(database: &Database) -> Snapshots {
    let buckets = database.root().buckets();
    buckets
        .filter_map(|(name, bucket)| Some((text(name)?, read_snapshot(bucket))))
        .collect()
}

fn read_snapshot(bucket: Bucket<'_>) -> Snapshot {
    let value = |key: &str| bucket.value(key.as_bytes()).and_then(text);
    Snapshot {
        committed: value("committed"),
        chain: value("chainid").as_deref().and_then(Digest::parse),
        parent: value("parent"),
        bytes: value("size").and_then(|size| size.parse().ok()),
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// Adds what has a directory of its own, and returns the layer behind every snapshot.
fn add_layers(
    reader: &mut DockerReader<'_>,
    snapshots: &Snapshots,
) -> Result<HashMap<String, LayerId>> {
    let mut layers = HashMap::new();
    let mut added = Vec::new();
    for (name, snapshot) in snapshots {
        reader.check()?;
        let directory = snapshot.committed.as_ref().unwrap_or(name);
        if let Some(layer) = known(reader, name, snapshot, directory) {
            layers.insert(name.clone(), layer);
        } else if may_be_of_an_image(reader, snapshot) {
            // The records of images' layers could not all be read: it stays bookkeeping.
        } else if is_component(directory.as_bytes()) && reader.graph.has(directory) {
            let pieces = reader.pieces(directory, Role::Cache, Role::Cache);
            let layer = add_layer(reader, directory, snapshot, pieces);
            layers.insert(name.clone(), layer);
            added.push((name.clone(), layer));
        }
    }
    for (name, layer) in added {
        connect(reader, snapshots, &layers, &name, layer);
    }
    Ok(layers)
}

/// A snapshot that became a layer of an image has no directory beside the layer's.
fn known(
    reader: &DockerReader<'_>,
    name: &str,
    snapshot: &Snapshot,
    directory: &str,
) -> Option<LayerId> {
    let chain = snapshot.chain.clone().or_else(|| Digest::parse(name));
    let by_chain = chain.and_then(|chain| reader.by_chain.get(&chain));
    by_chain
        .or_else(|| reader.by_directory.get(directory))
        .copied()
}

/// Returns whether a snapshot became a layer of an image, of which there is no record that could be read.
fn may_be_of_an_image(reader: &DockerReader<'_>, snapshot: &Snapshot) -> bool {
    snapshot.chain.is_some() && (reader.claimed == Claimed::InPart || !reader.records.is_whole())
}

fn add_layer(
    reader: &mut DockerReader<'_>,
    directory: &str,
    snapshot: &Snapshot,
    pieces: Vec<PieceId>,
) -> LayerId {
    let listing = reader.graph.listing(directory, None);
    let layer = reader.directory_layer(directory, None, pieces, listing);
    reader.store.layers[layer.as_usize()].recorded_bytes = snapshot.bytes;
    layer
}

/// The parent is written beside the directory, not beside the name it was committed under.
fn connect(
    reader: &mut DockerReader<'_>,
    snapshots: &Snapshots,
    layers: &HashMap<String, LayerId>,
    name: &str,
    layer: LayerId,
) {
    let own = snapshots.get(name);
    let behind = own.and_then(|own| snapshots.get(own.committed.as_ref()?));
    let mut noted = [own, behind].into_iter().flatten();
    let Some(parent) = noted.find_map(|found| found.parent.as_ref()) else {
        return;
    };
    let by_chain = Digest::parse(parent).and_then(|chain| reader.by_chain.get(&chain));
    let Some(parent) = by_chain.or_else(|| layers.get(parent)).copied() else {
        return;
    };
    let directory = reader.store.layer(layer).name.clone();
    let below = reader.directory_of(parent);
    // A directory that is a whole copy differs from the one below.
    let listing = reader.graph.listing(&directory, below.as_deref());
    let layer = &mut reader.store.layers[layer.as_usize()];
    layer.parent = Some(parent);
    layer.listing = listing;
}

fn read_records(database: &Database) -> BTreeMap<String, Noted> {
    // buildkit, cache/metadata: the bucket `_main` has one for each record.
    let main = database.root().bucket(b"_main");
    let buckets = main.iter().flat_map(Bucket::buckets);
    buckets
        .filter_map(|(id, bucket)| Some((text(id)?, read_record(bucket))))
        .collect()
}

fn read_record(bucket: Bucket<'_>) -> Noted {
    let document = |key: &str| {
        let bytes = bucket.value(key.as_bytes()).unwrap_or_default();
        let document = Json::parse(bytes).unwrap_or_default();
        document.get("value").clone()
    };
    let texts = |key: &str| document(key).texts().into_iter();
    let parents = [
        "cache.parent",
        "cache.mergeParents",
        "cache.lowerDiffParent",
        "cache.upperDiffParent",
    ];
    let moment = |key: &str| {
        let nanoseconds = document(key).integer()?;
        i64::try_from(nanoseconds / 1_000_000_000).ok()
    };
    Noted {
        description: document("cache.description")
            .text()
            .unwrap_or_default()
            .to_owned(),
        snapshot: document("cache.snapshot").to_text(),
        twin: document("cache.equalMutable").to_text(),
        parents: parents
            .into_iter()
            .flat_map(texts)
            .filter(|id| !id.is_empty())
            .collect(),
        blob: document("cache.blob").text().and_then(Digest::parse),
        bytes: document("snapshot.size").integer(),
        created: moment("cache.createdAt"),
        used: moment("cache.lastUsedAt"),
    }
}

/// Of two records for one directory Docker shows that which may be written to, with the other's size.
fn add_records(reader: &mut DockerReader<'_>, noted: BTreeMap<String, Noted>, behind: &Behind<'_>) {
    let Behind {
        snapshots,
        layers,
        content,
    } = *behind;
    let twins: HashMap<String, String> = noted
        .iter()
        .filter_map(|(id, record)| Some((id.clone(), record.twin.clone()?)))
        .filter(|(_, twin)| noted.get(twin).is_some_and(|twin| twin.twin.is_none()))
        .collect();
    let mut sizes: HashMap<String, u64> = HashMap::new();
    for (id, twin) in &twins {
        if let Some(bytes) = noted.get(id).and_then(|record| record.bytes) {
            sizes.insert(twin.clone(), bytes);
        }
    }
    let shown = noted.into_iter().filter(|(id, _)| !twins.contains_key(id));
    for (id, record) in shown {
        let snapshot = record.snapshot.as_ref().unwrap_or(&id);
        let layer = layers.get(snapshot).copied();
        let layer = layer.or_else(|| layers.get(record.twin.as_ref()?).copied());
        if layer.is_none() && reader.found.shares == Shares::None {
            continue;
        }
        let size = snapshots.get(snapshot).and_then(|snapshot| snapshot.bytes);
        let twin = sizes.get(&id).copied();
        // Until somebody asks, only the layer of an image has a size written down.
        let of_layer = layer.and_then(|layer| reader.store.layer(layer).recorded_bytes);
        let blob = record.blob.as_ref();
        let blob = blob.and_then(|digest| content.piece(reader, digest));
        let parents = record.parents.into_iter();
        reader.store.cache.push(CacheRecord {
            description: record.description,
            layer,
            pieces: blob.into_iter().collect(),
            recorded_bytes: record.bytes.or(twin).or(size).or(of_layer),
            created: record.created,
            used: record.used,
            parents: parents
                .map(|id| twins.get(&id).cloned().unwrap_or(id))
                .collect(),
            copy_of: None,
            id,
        });
    }
}

/// A snapshot that no record has any more, nor anything that is built on it.
fn disown(reader: &mut DockerReader<'_>, snapshots: &Snapshots, layers: &HashMap<String, LayerId>) {
    if !reader.is_cache_known() {
        return;
    }
    let kept: HashSet<LayerId> = reader
        .store
        .cache
        .iter()
        .filter_map(|record| record.layer)
        .flat_map(|layer| reader.store.chain(layer))
        .collect();
    let unkept: BTreeSet<LayerId> = snapshots
        .keys()
        .filter_map(|name| layers.get(name).copied())
        .filter(|layer| !kept.contains(layer))
        .filter(|layer| reader.store.layer(*layer).chain_id.is_none())
        .collect();
    for layer in unkept {
        let reason = "a snapshot of the build cache without a record";
        reader.disown(layer, "unreferenced-layer", reason);
    }
}
