//! `docker save`: the form before 25.0 and the form since, which is an OCI layout at the same time.

use serde_json::{Map, Value, json};

use super::image::{Image, digest, hex};
use super::members::{Members, Packing, Repeated};
use super::oci;

/// Returns the form of Docker 1.10 to 24: a directory per layer, `manifest.json`, `repositories`.
pub fn docker_legacy(images: &[&Image], packing: Packing) -> Members {
    let mut members = Members::default();
    let mut entries = Vec::new();
    let mut tops = Vec::new();
    for image in images {
        let layers = legacy_layers(&mut members, image, packing);
        let config = format!("{}.json", hex(&image.config()));
        members.file(&config, image.config());
        let top = layers.last().map(|layer| layer.replace("/layer.tar", ""));
        tops.push(top.unwrap_or_default());
        entries.push(json!({ "Config": config, "RepoTags": image.names, "Layers": layers }));
    }
    members.file("manifest.json", Value::from(entries).to_string());
    members.file("repositories", repositories(images, &tops).to_string());
    members
}

fn legacy_layers(members: &mut Members, image: &Image, packing: Packing) -> Vec<String> {
    let mut layers: Vec<String> = Vec::new();
    let mut parent = String::new();
    for (position, layer) in image.layers.iter().enumerate() {
        let id = hex(format!("{parent}{}", layer.diff_id()).as_bytes());
        let name = format!("{id}/layer.tar");
        let mut document = json!({ "id": id, "created": image.created, "os": image.os });
        if !parent.is_empty() {
            document["parent"] = json!(parent);
        }
        if members.contains(&name) {
            // Images of one archive share their lower layers.
            parent = id;
            layers.push(name);
            continue;
        }
        members.dir(&id);
        members.file(&format!("{id}/VERSION"), "1.0");
        members.file(&format!("{id}/json"), document.to_string());
        let first = (0..position).find(|&lower| image.layers[lower].tar == layer.tar);
        match first {
            Some(lower) if packing.repeated == Repeated::Symlinked => {
                members.symlink(&name, &format!("../{}", layers[lower]));
            }
            _ => members.file(&name, packing.codec.compress(&layer.tar)),
        }
        parent = id;
        layers.push(name);
    }
    layers
}

/// Returns the form of Docker 25 and later: blobs by digest, described by `index.json` and by `manifest.json`.
pub fn docker_current(images: &[&Image], packing: Packing) -> Members {
    let mut members = oci::oci(images, packing);
    let entries: Vec<_> = images
        .iter()
        .map(|image| current_entry(image, packing))
        .collect();
    let tops: Vec<_> = images
        .iter()
        .map(|image| {
            image
                .layers
                .last()
                .map_or_else(String::new, |top| hex(&top.tar))
        })
        .collect();
    members.file("manifest.json", Value::from(entries).to_string());
    members.file("repositories", repositories(images, &tops).to_string());
    members
}

fn current_entry(image: &Image, packing: Packing) -> Value {
    let mut layers = Vec::new();
    let mut sources = Map::new();
    for layer in &image.layers {
        let blob = packing.codec.compress(&layer.tar);
        layers.push(blob_path(&digest(&blob)));
        sources.insert(layer.diff_id(), oci::layer_descriptor(&blob, packing));
    }
    json!({
        "Config": blob_path(&image.id()),
        "RepoTags": image.names,
        "Layers": layers,
        "LayerSources": sources,
    })
}

fn blob_path(digest: &str) -> String {
    format!("blobs/{}", digest.replace(':', "/"))
}

fn repositories(images: &[&Image], tops: &[String]) -> Value {
    let mut repositories = json!({});
    for (image, top) in images.iter().zip(tops) {
        for (repository, tag) in image.names.iter().filter_map(|name| name.rsplit_once(':')) {
            if repositories.get(repository).is_none() {
                repositories[repository] = json!({});
            }
            repositories[repository][tag] = json!(top);
        }
    }
    repositories
}
