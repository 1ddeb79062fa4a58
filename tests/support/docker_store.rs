//! A data root of Docker made by hand, as overlay2 leaves it; nothing of it needs root.
//!
//! moby, `image/fs.go`, `layer/filestore.go`, `reference/store.go` and `daemon/graphdriver/overlay2/overlay.go`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::image::{Image, digest};
use super::tar_split;

/// A data root in the making.
#[derive(Debug)]
pub struct DockerStore {
    root: PathBuf,
}

impl DockerStore {
    /// Starts one in a directory that need not exist.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        let store = Self { root: root.into() };
        store.make("overlay2/l");
        store.make("containers");
        store.make("image/overlay2/layerdb/mounts");
        store
    }

    /// Returns a place in it.
    pub fn path(&self, place: &str) -> PathBuf {
        self.root.join(place)
    }

    fn make(&self, place: &str) {
        fs::create_dir_all(self.path(place)).unwrap();
    }

    /// Writes a file.
    pub fn write(&self, place: &str, content: impl AsRef<[u8]>) {
        let path = self.path(place);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Adds an image with its layers, and its names.
    pub fn image(&self, image: &Image) {
        let id = image.id();
        let hex = id.trim_start_matches("sha256:");
        let place = format!("image/overlay2/imagedb/content/sha256/{hex}");
        self.write(&place, image.config());
        let mut parent: Option<String> = None;
        for layer in &image.layers {
            let diff_id = layer.diff_id();
            let chain = match &parent {
                None => diff_id.clone(),
                Some(parent) => digest(format!("{parent} {diff_id}").as_bytes()),
            };
            let name = directory(&chain);
            let record = record(&chain);
            self.make(&format!("overlay2/{name}/diff"));
            tar_split::unpack(&layer.items, &self.path(&format!("overlay2/{name}/diff")));
            self.write(&format!("overlay2/{name}/link"), short(&name));
            self.write(&format!("{record}/diff"), diff_id);
            self.write(&format!("{record}/cache-id"), &name);
            self.write(&format!("{record}/size"), "0");
            let headers = tar_split::record(&layer.items);
            self.write(&format!("{record}/tar-split.json.gz"), headers);
            if let Some(parent) = &parent {
                self.write(&format!("{record}/parent"), parent);
            }
            parent = Some(chain);
        }
        self.name(image);
    }

    fn name(&self, image: &Image) {
        let place = "image/overlay2/repositories.json";
        let known = fs::read(self.path(place)).unwrap_or_else(|_| b"{\"Repositories\":{}}".into());
        let mut names: Value = serde_json::from_slice(&known).unwrap();
        for name in &image.names {
            let repository = name.rsplit_once(':').map_or(name.as_str(), |(it, _)| it);
            names["Repositories"][repository][name] = json!(image.id());
        }
        self.write(place, names.to_string());
    }

    /// Adds a container of an image, and returns where its own files are.
    pub fn container(&self, id: &str, name: &str, image: &Image) -> PathBuf {
        let top = chain(image);
        for mount in [format!("{id}-init"), id.to_owned()] {
            self.make(&format!("overlay2/{mount}/diff"));
            self.write(&format!("overlay2/{mount}/link"), short(&mount));
        }
        let record = format!("image/overlay2/layerdb/mounts/{id}");
        self.write(&format!("{record}/mount-id"), id);
        self.write(&format!("{record}/init-id"), format!("{id}-init"));
        self.write(&format!("{record}/parent"), top);
        let settings = json!({
            "ID": id, "Name": format!("/{name}"), "Image": image.id(), "Driver": "overlay2",
            "Created": "2026-01-02T03:04:05Z",
            "State": { "StartedAt": "2026-01-02T03:04:05Z", "FinishedAt": "2026-01-03T03:04:05Z" },
            "Config": { "Image": image.names.first() },
        });
        self.write(
            &format!("containers/{id}/config.v2.json"),
            settings.to_string(),
        );
        self.path(&format!("overlay2/{id}/diff"))
    }

    /// Returns where the files of a layer of an image are, by its index.
    pub fn layer(&self, image: &Image, index: usize) -> PathBuf {
        let mut part = image.clone();
        part.layers.truncate(index + 1);
        let name = directory(&chain(&part));
        self.path(&format!("overlay2/{name}/diff"))
    }
}

/// Returns the chain ID of the topmost layer.
fn chain(image: &Image) -> String {
    let mut diff_ids = image.layers.iter().map(super::image::Layer::diff_id);
    let first = diff_ids.next().unwrap_or_default();
    diff_ids.fold(first, |chain, diff_id| {
        digest(format!("{chain} {diff_id}").as_bytes())
    })
}

/// Returns the name of the driver's directory of a layer.
fn directory(chain: &str) -> String {
    chain.trim_start_matches("sha256:").chars().rev().collect()
}

fn record(chain: &str) -> String {
    let hex = chain.trim_start_matches("sha256:");
    format!("image/overlay2/layerdb/sha256/{hex}")
}

/// Returns the short name of a layer, as good as any.
fn short(name: &str) -> String {
    name.to_ascii_uppercase().chars().take(26).collect()
}
