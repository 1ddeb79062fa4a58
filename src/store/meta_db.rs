//! `meta.db`: what containerd knows by name, namespace by namespace (containerd, core/metadata/buckets.go).

use std::collections::BTreeMap;

use super::go_encoding;
use crate::image::Digest;
use crate::store::bbolt::{Bucket, Database};

/// Labels of any record, by key.
pub(super) type Labels = BTreeMap<String, String>;

/// A snapshotter and a key.
pub(super) type Key = (String, String);

/// Everything under one namespace.
#[derive(Debug, Default)]
pub(super) struct Namespace {
    pub name: String,
    pub images: Vec<ImageRecord>,
    pub blobs: BTreeMap<Digest, BlobRecord>,
    pub snapshots: BTreeMap<Key, SnapshotRecord>,
    pub containers: Vec<ContainerRecord>,
    pub leases: Vec<LeaseRecord>,
    pub ingests: Vec<IngestRecord>,
}

/// A name and what it points to.
#[derive(Debug)]
pub(super) struct ImageRecord {
    pub name: String,
    pub target: Option<Digest>,
}

/// A blob that the namespace may see.
#[derive(Debug, Default)]
pub(super) struct BlobRecord {
    pub labels: Labels,
}

/// A snapshot of the namespace.
#[derive(Debug, Default)]
pub(super) struct SnapshotRecord {
    /// What the snapshotter calls it.
    pub name: Option<String>,
    pub parent: Option<String>,
    pub created: Option<i64>,
    pub labels: Labels,
}

/// A container.
#[derive(Debug)]
pub(super) struct ContainerRecord {
    pub id: String,
    pub image: String,
    pub snapshot: Option<Key>,
    pub created: Option<i64>,
    pub labels: Labels,
}

/// What somebody holds for a while.
#[derive(Debug, Default)]
pub(super) struct LeaseRecord {
    pub id: String,
    /// When it ends by itself, seconds since 1970.
    pub ends: Option<i64>,
    pub blobs: Vec<Digest>,
    pub snapshots: Vec<Key>,
}

/// Something that is being stored.
#[derive(Debug)]
pub(super) struct IngestRecord {
    /// What the content store calls it.
    pub name: Option<String>,
    /// What it is to be, where that is known before.
    pub expected: Option<Digest>,
}

impl Namespace {
    /// Returns whether it holds anything that takes room.
    pub(super) fn is_empty(&self) -> bool {
        self.images.is_empty()
            && self.blobs.is_empty()
            && self.snapshots.is_empty()
            && self.containers.is_empty()
    }
}

/// Reads every namespace, by name.
pub(super) fn read(database: &Database) -> Vec<Namespace> {
    let root = database.root().bucket(b"v1");
    let namespaces = root.iter().flat_map(Bucket::buckets);
    namespaces
        .filter_map(|(name, bucket)| Some(namespace(text(name)?, bucket)))
        .collect()
}

fn namespace(name: String, bucket: Bucket<'_>) -> Namespace {
    let each = |key: &[u8]| bucket.bucket(key).map(|inner| inner.buckets());
    Namespace {
        name,
        images: each(b"images")
            .into_iter()
            .flatten()
            .filter_map(|(name, bucket)| image(name, bucket))
            .collect(),
        blobs: bucket
            .descend(&[b"content", b"blob"])
            .iter()
            .flat_map(Bucket::buckets)
            .filter_map(|(digest, bucket)| Some((digest_of(digest)?, blob(bucket))))
            .collect(),
        snapshots: each(b"snapshots")
            .into_iter()
            .flatten()
            .filter_map(|(snapshotter, bucket)| Some((text(snapshotter)?, bucket)))
            .flat_map(|(snapshotter, bucket)| snapshots(snapshotter, bucket))
            .collect(),
        containers: each(b"containers")
            .into_iter()
            .flatten()
            .filter_map(|(id, bucket)| container(id, bucket))
            .collect(),
        leases: each(b"leases")
            .into_iter()
            .flatten()
            .filter_map(|(id, bucket)| Some(lease(text(id)?, bucket)))
            .collect(),
        ingests: bucket
            .descend(&[b"content", b"ingests"])
            .iter()
            .flat_map(Bucket::buckets)
            .map(|(_, bucket)| IngestRecord {
                name: bucket.value(b"ref").and_then(text),
                expected: bucket.value(b"expected").and_then(digest_of),
            })
            .collect(),
    }
}

fn image(name: &[u8], bucket: Bucket<'_>) -> Option<ImageRecord> {
    let target = bucket.bucket(b"target");
    let digest = target.and_then(|target| digest_of(target.value(b"digest")?));
    Some(ImageRecord {
        name: text(name)?,
        target: digest,
    })
}

fn blob(bucket: Bucket<'_>) -> BlobRecord {
    BlobRecord {
        labels: labels(bucket),
    }
}

fn snapshots(
    snapshotter: String,
    bucket: Bucket<'_>,
) -> impl Iterator<Item = (Key, SnapshotRecord)> {
    bucket.buckets().filter_map(move |(key, bucket)| {
        let record = SnapshotRecord {
            name: bucket.value(b"name").and_then(text),
            parent: bucket.value(b"parent").and_then(text),
            created: bucket.value(b"createdat").and_then(go_encoding::time),
            labels: labels(bucket),
        };
        Some(((snapshotter.clone(), text(key)?), record))
    })
}

fn container(id: &[u8], bucket: Bucket<'_>) -> Option<ContainerRecord> {
    let field = |key: &[u8]| bucket.value(key).and_then(text);
    Some(ContainerRecord {
        id: text(id)?,
        image: field(b"image").unwrap_or_default(),
        snapshot: field(b"snapshotter").zip(field(b"snapshotKey")),
        created: bucket.value(b"createdat").and_then(go_encoding::time),
        labels: labels(bucket),
    })
}

fn lease(id: String, bucket: Bucket<'_>) -> LeaseRecord {
    let labels = labels(bucket);
    let ends = labels.get("containerd.io/gc.expire");
    let mut lease = LeaseRecord {
        id,
        ends: ends.and_then(|ends| go_encoding::seconds(ends)),
        ..LeaseRecord::default()
    };
    if let Some(content) = bucket.bucket(b"content") {
        lease.blobs = content
            .items()
            .filter_map(|(key, _)| digest_of(key))
            .collect();
    }
    let snapshotters = bucket.bucket(b"snapshots");
    for (snapshotter, keys) in snapshotters.iter().flat_map(Bucket::buckets) {
        let Some(snapshotter) = text(snapshotter) else {
            continue;
        };
        let keys = keys.items().filter_map(|(key, _)| text(key));
        lease
            .snapshots
            .extend(keys.map(|key| (snapshotter.clone(), key)));
    }
    lease
}

fn labels(bucket: Bucket<'_>) -> Labels {
    let labels = bucket.bucket(b"labels");
    labels
        .iter()
        .flat_map(Bucket::values)
        .filter_map(|(key, value)| Some((text(key)?, text(value)?)))
        .collect()
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn digest_of(bytes: &[u8]) -> Option<Digest> {
    Digest::parse(std::str::from_utf8(bytes).ok()?)
}
