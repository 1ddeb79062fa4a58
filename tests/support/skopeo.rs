//! skopeo's `dir:`: `manifest.json` is a registry manifest, blobs are files named by their hex digest.

use serde_json::{Value, json};

use super::image::{Image, digest, hex};
use super::members::{Members, Packing};

/// Media types of a manifest, its configuration and its layers.
struct MediaTypes {
    manifest: &'static str,
    config: &'static str,
    layer: String,
}

/// Docker's own media types know no zstd; skopeo writes an OCI manifest then.
fn media_types(packing: Packing) -> MediaTypes {
    match packing.codec.word() {
        "zstd" => MediaTypes {
            manifest: "application/vnd.oci.image.manifest.v1+json",
            config: "application/vnd.oci.image.config.v1+json",
            layer: "application/vnd.oci.image.layer.v1.tar+zstd".to_owned(),
        },
        word => MediaTypes {
            manifest: "application/vnd.docker.distribution.manifest.v2+json",
            config: "application/vnd.docker.container.image.v1+json",
            layer: format!(
                "application/vnd.docker.image.rootfs.diff.tar{}",
                if word == "gzip" { ".gzip" } else { "" }
            ),
        },
    }
}

/// Returns the directory that `skopeo copy … dir:PATH` writes.
pub fn skopeo_dir(image: &Image, packing: Packing) -> Members {
    let mut members = Members::default();
    members.file("version", "Directory Transport Version: 1.1\n");
    let types = media_types(packing);
    let config = image.config();
    let mut layers: Vec<Value> = Vec::new();
    for layer in &image.layers {
        let stored = packing.codec.compress(&layer.tar);
        layers.push(json!({
            "mediaType": types.layer,
            "size": stored.len(),
            "digest": digest(&stored),
        }));
        members.file(&hex(&stored), stored);
    }
    let document = json!({
        "schemaVersion": 2,
        "mediaType": types.manifest,
        "config": {
            "mediaType": types.config,
            "size": config.len(),
            "digest": digest(&config),
        },
        "layers": layers,
    });
    members.file(&hex(&config), config);
    members.file("manifest.json", document.to_string());
    members
}
