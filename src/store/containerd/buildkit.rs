//! The build cache of `BuildKit` on containerd, or with a root of its own. In Docker with containerd's image store it
//! unpacks each layer of its own accord, and then the image made of them is unpacked again.
//!
//! moby/buildkit, cache/metadata.go: a bucket for each record below `_main`, values as JSON `{"value": …}`.

use std::collections::BTreeMap;

use super::directories::ON_CONTAINERD;
use super::{ContainerdReader, Key, Namespace, layers};
use crate::image::Digest;
use crate::image::json::Json;
use crate::store::bbolt::{Bucket, Database};
use crate::store::{CacheRecord, LayerId, Location, PieceId, Role};

/// Whether something around a worker's directory is claimed already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    Claimed,
    Apart,
}

/// One record, as far as it is used.
#[derive(Debug, Default)]
struct Record {
    snapshot: Option<String>,
    description: Option<String>,
    /// The record that holds the files as long as nobody needs them unchanged.
    mutable: Option<String>,
    blob: Option<Digest>,
    chain_id: Option<Digest>,
    diff_id: Option<Digest>,
    bytes: Option<u64>,
    created: Option<i64>,
    used: Option<i64>,
    parents: Vec<String>,
}

/// Where `BuildKit` keeps what its records are about.
#[derive(Debug, Clone, Copy)]
struct Kept<'a> {
    namespace: &'a str,
    snapshotter: &'a str,
}

impl ContainerdReader {
    /// Reads the build cache of every snapshotter that somebody builds with: Docker, a `BuildKit` beside containerd, or
    /// the one whose root this is.
    pub(super) fn add_cache(&mut self) {
        if let Some(worker) = self.places.worker.clone() {
            let home = self.places.home.clone();
            return self.add_cache_of(&home, &worker.snapshotter);
        }
        let beside = self.places.buildkit.clone();
        let beside = beside.map(|root| (Location::new(&root, Vec::new()), Around::Apart));
        let docker = self.places.docker.clone();
        let docker = docker.map(|docker| (docker.buildkit, Around::Claimed));
        for (root, around) in docker.into_iter().chain(beside) {
            for name in self.names(&root) {
                let snapshotter = name.strip_prefix(ON_CONTAINERD);
                let snapshotter = snapshotter.and_then(|name| std::str::from_utf8(name).ok());
                if let Some(snapshotter) = snapshotter {
                    let home = root.join(&name);
                    if around == Around::Apart {
                        self.store.add_piece(home.clone(), Role::Bookkeeping);
                    }
                    self.add_cache_of(&home, snapshotter);
                }
            }
        }
    }

    fn add_cache_of(&mut self, home: &Location, snapshotter: &str) {
        let place = home.join("metadata_v2.db");
        let database = match Database::open(&place.root, &place.path) {
            Ok(Some(database)) => database,
            Ok(None) if self.places.worker.is_some() => {
                return self.doubt(format!("{} is missing", place.shown()));
            }
            Ok(None) => return,
            Err(error) => return self.doubt(error.in_one_line()),
        };
        let main = database.root().bucket(b"_main");
        let records: BTreeMap<String, Record> = main
            .iter()
            .flat_map(Bucket::buckets)
            .filter_map(|(id, bucket)| {
                Some((
                    std::str::from_utf8(id).ok()?.to_owned(),
                    Record::read(bucket),
                ))
            })
            .collect();
        if let Some(doubt) = super::snapshotter::doubt(&database) {
            self.doubt(doubt);
        }
        let Some(namespace) = self.namespace_of_cache(&records, snapshotter) else {
            return;
        };
        self.of_builders.insert(namespace.clone());
        let kept = Kept {
            namespace: &namespace,
            snapshotter,
        };
        let mut twins: BTreeMap<&str, &Record> = BTreeMap::new();
        for record in records.values() {
            if let Some(mutable) = &record.mutable {
                twins.insert(mutable, record);
            }
        }
        for (id, record) in &records {
            // One and the same for Docker too, which lists the one with the files.
            let is_twin = record
                .mutable
                .as_ref()
                .is_some_and(|id| records.contains_key(id));
            if !is_twin {
                let twin = twins.get(id.as_str()).copied();
                self.add_record(id, record, twin, kept);
            }
        }
    }

    /// Returns the namespace that has the snapshots of records: which one it is, is said to `buildkitd` alone; `None`
    /// where there is none at all.
    fn namespace_of_cache(
        &self,
        records: &BTreeMap<String, Record>,
        snapshotter: &str,
    ) -> Option<String> {
        let keys = records.iter().map(|(id, record)| {
            let key = record.snapshot.as_deref().unwrap_or(id);
            (snapshotter.to_owned(), key.to_owned())
        });
        let keys: Vec<Key> = keys.collect();
        let has = |namespace: &&Namespace| {
            let known = keys
                .iter()
                .filter(|key| namespace.snapshots.contains_key(key));
            known.count()
        };
        let most = self.namespaces.iter().max_by_key(has)?;
        Some(most.name.clone())
    }

    fn add_record(&mut self, id: &str, record: &Record, twin: Option<&Record>, kept: Kept<'_>) {
        let key = record.snapshot.as_deref().unwrap_or(id);
        let key = (kept.snapshotter.to_owned(), key.to_owned());
        let layer = self.layer_named(kept.namespace, &key);
        let mut pieces = Vec::new();
        if let Some(layer) = layer {
            self.keep_for_cache(layer, record);
            pieces.extend(self.view_of(kept.namespace, &key));
        }
        if let Some(digest) = &record.blob
            && let Some((piece, _)) = self.blob(digest)
        {
            self.content.kept.insert(digest.clone());
            pieces.push(piece);
        }
        let or_twin = |of: fn(&Record) -> Option<i64>| of(record).or_else(|| twin.and_then(of));
        let description = record.description.clone();
        let description = description.or_else(|| twin.and_then(|twin| twin.description.clone()));
        self.store.cache.push(CacheRecord {
            id: id.to_owned(),
            description: description.unwrap_or_default(),
            layer,
            pieces,
            recorded_bytes: record.bytes.or_else(|| twin.and_then(|twin| twin.bytes)),
            created: or_twin(|record| record.created),
            used: or_twin(|record| record.used),
            parents: match twin {
                Some(twin) if record.parents.is_empty() => twin.parents.clone(),
                _ => record.parents.clone(),
            },
            copy_of: self.original_of(layer, record, kept),
        });
    }

    /// Keeps the layers of a record; those that nobody else has are there for the cache alone.
    fn keep_for_cache(&mut self, top: LayerId, record: &Record) {
        for layer in self.store.chain(top) {
            if !self.kept.contains(&layer) {
                self.set_roles(layer, Role::Cache, Role::Cache);
            }
        }
        self.keep(top);
        let layer = &mut self.store.layers[top.as_usize()];
        if layer.diff_id.is_none() {
            layer.diff_id.clone_from(&record.diff_id);
        }
        if layer.chain_id.is_none() {
            layer.chain_id.clone_from(&record.chain_id);
        }
    }

    /// Returns the pieces of the view by which `BuildKit` mounts a snapshot.
    fn view_of(&mut self, namespace: &str, key: &Key) -> Vec<PieceId> {
        let view = layers::beside(key, &format!("{}-view", key.1));
        let Some(view) = self.layer_named(namespace, &view) else {
            return Vec::new();
        };
        if !self.kept.contains(&view) {
            self.set_roles(view, Role::Cache, Role::Cache);
        }
        self.keep(view);
        self.details[view.as_usize()].is_whole = true;
        self.store.layer(view).pieces.clone()
    }

    /// Returns the layer of an image that holds the same files as a record's own.
    fn original_of(
        &self,
        own: Option<LayerId>,
        record: &Record,
        kept: Kept<'_>,
    ) -> Option<LayerId> {
        let own = own?;
        let of_chain = record.chain_id.as_ref().and_then(|chain| {
            let key = (kept.snapshotter.to_owned(), chain.as_str().to_owned());
            self.layer_named(kept.namespace, &key)
        });
        let same_blob = || {
            let (piece, _) = self.blob(record.blob.as_ref()?)?;
            let layers = self.store.images.iter().flat_map(|image| &image.layers);
            layers.flatten().copied().find(|layer| {
                let layer = self.store.layer(*layer);
                layer.blobs.contains(&piece) && !layer.pieces.is_empty()
            })
        };
        let original = of_chain.filter(|layer| !self.store.layer(*layer).pieces.is_empty());
        let original = original.or_else(same_blob);
        original.filter(|layer| *layer != own)
    }
}

impl Record {
    fn read(bucket: Bucket<'_>) -> Self {
        let mut record = Self::default();
        for (key, value) in bucket.values() {
            // An emptied value is no document.
            let Ok(document) = Json::parse(value) else {
                continue;
            };
            record.take(key, document.get("value"));
        }
        record
    }

    fn take(&mut self, key: &[u8], value: &Json) {
        let digest = || value.text().and_then(Digest::parse);
        match key {
            b"cache.snapshot" => self.snapshot = value.to_text(),
            b"cache.description" => self.description = value.to_text(),
            b"cache.equalMutable" => self.mutable = value.to_text(),
            b"cache.blob" => self.blob = digest(),
            b"cache.chainID" => self.chain_id = digest(),
            b"cache.diffID" => self.diff_id = digest(),
            b"cache.createdAt" => self.created = seconds(value),
            b"cache.lastUsedAt" => self.used = seconds(value),
            b"cache.parent" => self.parents.extend(value.to_text()),
            b"cache.mergeParents" => self.parents.extend(value.texts()),
            b"snapshot.size" => self.bytes = value.integer(),
            _ => {}
        }
    }
}

/// Nanoseconds since 1970, as Go's `UnixNano`.
fn seconds(value: &Json) -> Option<i64> {
    let nanoseconds = i64::try_from(value.integer()?).ok()?;
    Some(nanoseconds / 1_000_000_000)
}
