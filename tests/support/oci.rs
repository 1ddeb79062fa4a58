//! OCI image layouts: blobs by digest below an index, flat or nested.

use serde_json::{Value, json};

use super::image::{Image, digest, hex};
use super::members::{Index, Members, Packing};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// Returns an OCI image layout with these images.
pub fn oci(images: &[&Image], packing: Packing) -> Members {
    let mut members = Members::default();
    members.dir("blobs");
    members.dir("blobs/sha256");
    let manifests = match packing.index {
        Index::Flat => flat(&mut members, images, packing),
        Index::Nested | Index::Attested => nested(&mut members, images, packing),
    };
    members.file("index.json", index(&manifests).to_string());
    members.file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
    members
}

/// Returns an OCI image layout with one manifest: a configuration of this media type, and blobs with theirs.
pub fn artifact(config_type: &str, blobs: &[(&str, &[u8])]) -> Members {
    let mut members = Members::default();
    let document = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": blob(&mut members, config_type, br#"{"architecture":"amd64","os":"linux"}"#),
        "layers": blobs
            .iter()
            .map(|(media_type, bytes)| blob(&mut members, media_type, bytes))
            .collect::<Value>(),
    });
    let manifest = blob(&mut members, MANIFEST, document.to_string().as_bytes());
    members.file("index.json", index(&[manifest]).to_string());
    members.file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
    members
}

fn index(manifests: &[Value]) -> Value {
    json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests })
}

fn flat(members: &mut Members, images: &[&Image], packing: Packing) -> Vec<Value> {
    let mut manifests = Vec::new();
    for image in images {
        let descriptor = manifest(members, image, packing);
        if image.names.is_empty() {
            manifests.push(descriptor.clone());
        }
        manifests.extend(image.names.iter().map(|name| named(&descriptor, name)));
    }
    manifests
}

/// One index per distinct list of names, in order of appearance.
fn nested(members: &mut Members, images: &[&Image], packing: Packing) -> Vec<Value> {
    let mut manifests: Vec<Value> = Vec::new();
    let mut done: Vec<&[String]> = Vec::new();
    for first in images {
        if done.contains(&&first.names[..]) {
            continue;
        }
        done.push(&first.names);
        let mut variants = Vec::new();
        for image in images.iter().filter(|image| image.names == first.names) {
            let descriptor = manifest(members, image, packing);
            if packing.index == Index::Attested {
                variants.push(attestation(members, &descriptor));
            }
            variants.push(descriptor);
        }
        // Attestations follow the images they are about.
        variants.sort_by_key(|descriptor| descriptor["platform"]["os"] == "unknown");
        let document = index(&variants).to_string();
        let descriptor = blob(members, INDEX, document.as_bytes());
        if first.names.is_empty() {
            manifests.push(descriptor.clone());
        }
        manifests.extend(first.names.iter().map(|name| named(&descriptor, name)));
    }
    manifests
}

fn named(descriptor: &Value, name: &str) -> Value {
    let tag = name.rsplit_once(':').map_or("latest", |(_, tag)| tag);
    let official = if name.contains('/') { "" } else { "library/" };
    let mut descriptor = descriptor.clone();
    descriptor["annotations"] = json!({
        "io.containerd.image.name": format!("docker.io/{official}{name}"),
        "org.opencontainers.image.ref.name": tag,
    });
    descriptor
}

/// Adds an image's blobs and returns the descriptor of its manifest.
fn manifest(members: &mut Members, image: &Image, packing: Packing) -> Value {
    let config = blob(members, CONFIG, &image.config());
    let mut layers = Vec::new();
    for layer in &image.layers {
        let stored = packing.codec.compress(&layer.tar);
        layers.push(layer_descriptor(&stored, packing));
        members.file(&format!("blobs/sha256/{}", hex(&stored)), stored);
    }
    let mut document = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": layers,
    });
    if !image.annotations.is_empty() {
        document["annotations"] = image
            .annotations
            .iter()
            .map(|(key, value)| (key.clone(), json!(value)))
            .collect();
    }
    let mut descriptor = blob(members, MANIFEST, document.to_string().as_bytes());
    descriptor["platform"] = json!({ "architecture": image.architecture, "os": image.os });
    if let Some(variant) = &image.variant {
        descriptor["platform"]["variant"] = json!(variant);
    }
    if let Some(version) = &image.os_version {
        descriptor["platform"]["os.version"] = json!(version);
    }
    descriptor
}

/// A `BuildKit` attestation: a manifest of platform unknown/unknown that is no image.
fn attestation(members: &mut Members, about: &Value) -> Value {
    let statement = br#"{"_type":"https://in-toto.io/Statement/v0.1","subject":[]}"#;
    let config = json!({
        "architecture": "unknown",
        "os": "unknown",
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": [digest(statement)] },
    });
    let document = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": blob(members, CONFIG, config.to_string().as_bytes()),
        "layers": [blob(members, "application/vnd.in-toto+json", statement)],
        // Keeps attestations of different images apart.
        "annotations": { "subject": about["digest"] },
    });
    let mut descriptor = blob(members, MANIFEST, document.to_string().as_bytes());
    descriptor["annotations"] = json!({
        "vnd.docker.reference.digest": about["digest"],
        "vnd.docker.reference.type": "attestation-manifest",
    });
    descriptor["platform"] = json!({ "architecture": "unknown", "os": "unknown" });
    descriptor
}

fn blob(members: &mut Members, media_type: &str, bytes: &[u8]) -> Value {
    members.file(&format!("blobs/sha256/{}", hex(bytes)), bytes);
    descriptor(media_type, bytes)
}

/// Returns the descriptor of a layer blob.
pub fn layer_descriptor(stored: &[u8], packing: Packing) -> Value {
    descriptor(&format!("{LAYER}{}", packing.codec.media_suffix()), stored)
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest(bytes), "size": bytes.len() })
}
