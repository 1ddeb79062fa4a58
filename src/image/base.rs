//! Where the base image ends and the own layers begin.
//!
//! No image says how many of its layers came with `FROM`. Two records are exact — what buildpacks and
//! buildah write down — and the rest is a guess from the traces an earlier build leaves in the history. A
//! guess that is too low only charges bytes of the base to the own layers; one that is too high would hide
//! own waste, so the weaker the trace, the more it must be backed by.

mod trace;

use oci_spec::image::{ANNOTATION_BASE_IMAGE_DIGEST, ANNOTATION_BASE_IMAGE_NAME};
use serde::Deserialize;

use super::{Digest, HistoryEntry, Image, Instruction};
use crate::image::instruction::{Builder, Keyword};
use trace::Trace;

/// Where the base image ends and the own layers begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BaseBoundary {
    /// Layers that belong to the base image.
    pub layers: u16,
    /// What says so, for people: `time gap of 3 days after CMD`. May hold unescaped text from the image.
    pub evidence: String,
}

/// Evidence of a boundary that is only assumed.
const NOTHING_TELLS: &str = "assumed: nothing shows where the base image ends";

impl BaseBoundary {
    /// Returns whether the boundary is only assumed: nothing tells where the base image ends.
    pub fn is_assumed(&self) -> bool {
        self.evidence == NOTHING_TELLS
    }

    /// Takes the user's word for it, as far as there are layers.
    pub fn fixed(layers: u16, layer_count: u16) -> Self {
        Self::new(
            layers.min(layer_count),
            &format!("--base-layers {layers}, of {layer_count}"),
        )
    }

    fn new(layers: u16, reason: &str) -> Self {
        Self {
            layers,
            evidence: reason.to_owned(),
        }
    }
}

/// Finds the boundary from an image's own metadata, the strongest evidence first.
///
/// Instructions must have been recovered into [`Image::history`]; cost is linear in it.
pub fn detect(image: &Image) -> BaseBoundary {
    let layer_count = u16::try_from(image.layers.len()).unwrap_or(u16::MAX);
    if layer_count == 0 {
        return BaseBoundary::new(0, "the image has no layers");
    }
    if is_bare_overlay(image) {
        return BaseBoundary::new(0, "directories of an overlay stand on no base image");
    }
    let found = buildpacks(image)
        .or_else(|| buildah(&image.history))
        .or_else(|| trace::strongest(&image.history))
        .unwrap_or_else(|| bottom(&image.history));
    let mut reason = found.reason;
    if let Some(name) = annotated_name(image) {
        reason = format!("{reason}; annotations name the base image {name}");
    }
    BaseBoundary::new(found.layers.min(layer_count), &reason)
}

/// Returns whether the layers are directories that no image describes, as those of an overlay mount.
fn is_bare_overlay(image: &Image) -> bool {
    image.history.is_empty() && image.layers.iter().all(|layer| layer.label.is_some())
}

/// The name in the manifest's annotations, OCI image-spec, annotations.md. It gives no count.
fn annotated_name(image: &Image) -> Option<&str> {
    let value = |key: &str| {
        image
            .annotations
            .iter()
            .find(|(name, value)| name == key && !value.is_empty())
            .map(|(_, value)| value.as_str())
    };
    value(ANNOTATION_BASE_IMAGE_NAME).or_else(|| value(ANNOTATION_BASE_IMAGE_DIGEST))
}

/// The part of the lifecycle's label that matters here (buildpacks/lifecycle, platform/files).
#[derive(Deserialize)]
struct LifecycleMetadata {
    #[serde(rename = "runImage")]
    run_image: RunImage,
}

#[derive(Deserialize)]
struct RunImage {
    #[serde(rename = "topLayer")]
    top_layer: String,
}

/// Buildpacks record which layer is the last one of the run image.
fn buildpacks(image: &Image) -> Option<Trace> {
    let (_, label) = image
        .config
        .labels
        .iter()
        .find(|(key, _)| key == "io.buildpacks.lifecycle.metadata")?;
    let metadata: LifecycleMetadata = serde_json::from_str(label).ok()?;
    let top = Digest::parse(&metadata.run_image.top_layer)?;
    let layer = image
        .layers
        .iter()
        .find(|layer| layer.diff_id.as_ref() == Some(&top))?;
    Some(Trace::new(
        layer.index.0.saturating_add(1),
        "the buildpacks label names the top layer of the run image",
    ))
}

/// buildah comments every entry `FROM <parent>`: 12 hex digits within a build, a name at its start.
///
/// The last name is the own `FROM`; earlier ones are those of the base image's own build.
fn buildah(history: &[HistoryEntry]) -> Option<Trace> {
    let (position, name) = history
        .iter()
        .enumerate()
        .filter_map(|(position, entry)| {
            let name = entry.comment.as_deref()?.strip_prefix("FROM ")?.trim();
            (!name.is_empty() && !is_image_id(name)).then_some((position, name))
        })
        .next_back()?;
    Some(Trace::new(
        layers_before(history, position),
        &format!("buildah comment \"FROM {name}\""),
    ))
}

fn is_image_id(name: &str) -> bool {
    matches!(name.len(), 12 | 64) && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns how many layers the entries before a position made.
fn layers_before(history: &[HistoryEntry], position: usize) -> u16 {
    history
        .iter()
        .take(position)
        .filter_map(|entry| entry.layer)
        .max()
        .map_or(0, |layer| layer.saturating_add(1))
}

/// Without any trace the bottom layer is the base, unless it was plainly made from nothing.
fn bottom(history: &[HistoryEntry]) -> Trace {
    let instruction = history
        .iter()
        .find(|entry| entry.layer == Some(0))
        .and_then(|entry| entry.instruction.as_ref());
    match instruction.and_then(own_from_nothing) {
        Some(reason) => Trace::new(0, &reason),
        None => Trace::new(1, NOTHING_TELLS),
    }
}

/// Says why a bottom layer cannot have come with a base image.
fn own_from_nothing(instruction: &Instruction) -> Option<String> {
    let builds_from_nothing = matches!(
        instruction.builder,
        Builder::Jib
            | Builder::Ko
            | Builder::BazelDocker
            | Builder::BazelOci
            | Builder::Apko
            | Builder::Nix
            | Builder::Ostree
    );
    if builds_from_nothing {
        let builder = instruction.builder.as_str();
        return Some(format!("{builder} built the image from nothing"));
    }
    (instruction.keyword == Keyword::Copy && !may_copy_root(instruction))
        .then(|| "the image begins with COPY into an empty image".to_owned())
}

/// Returns whether a `COPY` may have brought a whole root file system: `COPY / /`, `COPY rootfs /`.
fn may_copy_root(instruction: &Instruction) -> bool {
    let mut words = instruction
        .operand()
        .split(' ')
        .filter(|word| !word.starts_with("--"));
    let source = words.next().unwrap_or_default();
    let targets_root = instruction.operand().ends_with(" /");
    let is_directory = source == "<dir"
        || source == "<multi"
        || source == "<rootfs>"
        || source.ends_with('/')
        || source == "."
        || source.contains("rootfs");
    targets_root && is_directory
}
