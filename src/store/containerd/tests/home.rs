//! containerd directories made by hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::store::bbolt::writer::Tree;

pub(super) const META: &str = "io.containerd.metadata.v1.bolt/meta.db";
pub(super) const CONTENT: &str = "io.containerd.content.v1.content";

/// A containerd directory in the making.
pub(super) struct Home {
    pub path: PathBuf,
    pub meta: Tree,
    pub snapshotters: BTreeMap<String, Tree>,
    pub next: u64,
}

/// An image of one layer.
pub(super) struct Made {
    pub target: String,
    pub chain: String,
    pub blob: String,
}

impl Home {
    pub(super) fn new(path: &Path) -> Self {
        let mut meta = Tree::default();
        meta.put(&[b"v1", b"version"], *b"\x06");
        Self {
            path: path.to_owned(),
            meta,
            snapshotters: BTreeMap::new(),
            next: 1,
        }
    }

    pub(super) fn blob(&mut self, namespace: &str, bytes: &[u8]) -> String {
        let hex = Sha256::digest(bytes)
            .into_iter()
            .map(|byte| format!("{byte:02x}"));
        let digest = format!("sha256:{}", hex.collect::<String>());
        let place = self
            .path
            .join(CONTENT)
            .join("blobs")
            .join(digest.replace(':', "/"));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, bytes).unwrap();
        let blob: [&[u8]; 6] = [
            b"v1",
            namespace.as_bytes(),
            b"content",
            b"blob",
            digest.as_bytes(),
            b"size",
        ];
        self.meta.put(&blob, *b"\x02");
        digest
    }

    /// Adds an image of one layer under some names; the layer is not unpacked.
    pub(super) fn image(&mut self, namespace: &str, names: &[&str], layer: &str) -> Made {
        let blob = self.blob(namespace, layer.as_bytes());
        let chain = format!("sha256:{:064x}", layer.len());
        let config = json!({"os": "linux", "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": [chain]}});
        let config = self.blob(namespace, config.to_string().as_bytes());
        let manifest = json!({"config": {"digest": config}, "layers": [{"digest": blob}]});
        let target = self.blob(namespace, manifest.to_string().as_bytes());
        for name in names {
            let image: [&[u8]; 5] = [
                b"v1",
                namespace.as_bytes(),
                b"images",
                name.as_bytes(),
                b"target",
            ];
            self.meta.at(&image).put(&[b"digest"], target.as_bytes());
        }
        Made {
            target,
            chain,
            blob,
        }
    }

    /// Adds a snapshot with its directory; `kind` as containerd numbers them.
    pub(super) fn snapshot(
        &mut self,
        namespace: &str,
        by: &str,
        key: &str,
        kind: u8,
        parent: &str,
    ) -> u64 {
        let id = self.next;
        self.next += 1;
        let whole = format!("{namespace}/{id}/{key}");
        let record: [&[u8]; 5] = [
            b"v1",
            namespace.as_bytes(),
            b"snapshots",
            by.as_bytes(),
            key.as_bytes(),
        ];
        let record = self.meta.at(&record);
        record.put(&[b"name"], whole.as_bytes());
        record.put(&[b"parent"], parent.as_bytes());
        let records = self.snapshotters.entry(by.to_owned()).or_default();
        let parents = records.at(&[b"v1", b"snapshots"]);
        let parent = (1..id)
            .map(|id| format!("{namespace}/{id}/{parent}"))
            .find(|parent| parents.has(parent.as_bytes()));
        let record = parents.at(&[whole.as_bytes()]);
        record.put(&[b"id"], [u8::try_from(id).unwrap()]);
        record.put(&[b"kind"], [kind]);
        record.put(&[b"parent"], parent.unwrap_or_default());
        let place = self.directory(by, &id.to_string());
        fs::create_dir_all(place.join(if by == "overlayfs" { "fs" } else { "bin" })).unwrap();
        id
    }

    pub(super) fn directory(&self, by: &str, id: &str) -> PathBuf {
        let plugin = format!("io.containerd.snapshotter.v1.{by}");
        self.path.join(plugin).join("snapshots").join(id)
    }

    pub(super) fn container(
        &mut self,
        namespace: &str,
        id: &str,
        image: &str,
        labels: &[(&str, &str)],
    ) {
        let at: [&[u8]; 4] = [b"v1", namespace.as_bytes(), b"containers", id.as_bytes()];
        let record = self.meta.at(&at);
        record.put(&[b"image"], image.as_bytes());
        record.put(&[b"snapshotter"], *b"overlayfs");
        record.put(&[b"snapshotKey"], id.as_bytes());
        for (key, value) in labels {
            record.put(&[b"labels", key.as_bytes()], value.as_bytes());
        }
    }

    pub(super) fn write(&self) {
        let place = self.path.join(META);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, self.meta.database()).unwrap();
        for (name, tree) in &self.snapshotters {
            let plugin = self
                .path
                .join(format!("io.containerd.snapshotter.v1.{name}"));
            fs::create_dir_all(&plugin).unwrap();
            fs::write(plugin.join("metadata.db"), tree.database()).unwrap();
        }
    }
}
