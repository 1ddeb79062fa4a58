//! Where a document departs from the OCI image specification 1.1, field by field.
//!
//! The strict judge beside the lenient readers: it opens nothing and refuses nothing. Fields are walked here, because the
//! typed structs of `oci-spec` stop at the first odd one and do not say where it is; digests are judged by that crate, and
//! so is the document as a whole where no field was odd. Docker's formats are for the caller to leave out.

mod fields;

use oci_spec::image::{ImageConfiguration, ImageIndex, ImageManifest, MediaType, OciLayout};
use serde::de::DeserializeOwned;

use self::fields::{Field, Findings};
use super::json::Json;
use crate::error::Warnings;

/// What a document is meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `oci-layout` (image-layout.md).
    Layout,
    /// An index (image-index.md).
    Index,
    /// A manifest (manifest.md).
    Manifest,
    /// The configuration of an image (config.md).
    Config,
    /// A descriptor (descriptor.md).
    Descriptor,
}

/// Adds a warning for each field of a document that is not as the specification has it.
///
/// `name` is what the document is called in messages, escaped. Null counts as absent, as Go's encoder writes it. Linear in
/// the document, which [`Json`] has bounded.
pub fn check(kind: Kind, name: &str, json: &Json, warnings: &mut Warnings) {
    let mut findings = Findings::new(name, warnings);
    let top = Field::top(json);
    if !json.is_object() {
        findings.depart(&top, "it is no object", kind.section());
        return;
    }
    match kind {
        Kind::Layout => {
            let version = top.at("imageLayoutVersion");
            findings.required_text(&version, kind.section());
        }
        Kind::Index => index(&top, &mut findings),
        Kind::Manifest => manifest(&top, &mut findings),
        Kind::Config => config(&top, &mut findings),
        Kind::Descriptor => descriptor(&top, &mut findings),
    }
    let refused = kind.refused(json).filter(|_| findings.is_empty());
    if let Some(reason) = refused {
        findings.depart(&top, &reason, kind.section());
    }
}

impl Kind {
    const fn section(self) -> &'static str {
        match self {
            Self::Layout => "image-layout.md, \"oci-layout file\"",
            Self::Index => "image-index.md, \"Image Index Property Descriptions\"",
            Self::Manifest => "manifest.md, \"Image Manifest Property Descriptions\"",
            Self::Config => "config.md, \"Properties\"",
            Self::Descriptor => "descriptor.md, \"Properties\"",
        }
    }

    /// Returns why `oci-spec` does not take the document.
    fn refused(self, json: &Json) -> Option<String> {
        match self {
            Self::Layout => refused_as::<OciLayout>(json),
            Self::Index => refused_as::<ImageIndex>(json),
            Self::Manifest => refused_as::<ImageManifest>(json),
            Self::Config => refused_as::<ImageConfiguration>(json),
            Self::Descriptor => refused_as::<oci_spec::image::Descriptor>(json),
        }
    }
}

fn refused_as<T: DeserializeOwned>(json: &Json) -> Option<String> {
    let error = serde_json::from_value::<T>(fields::without_nulls(json)).err()?;
    Some(error.to_string())
}

fn index(top: &Field<'_>, findings: &mut Findings<'_>) {
    let section = Kind::Index.section();
    head(top, &MediaType::ImageIndex, section, findings);
    for entry in findings.required_list(&top.at("manifests"), section) {
        descriptor(&entry, findings);
    }
}

fn manifest(top: &Field<'_>, findings: &mut Findings<'_>) {
    let section = Kind::Manifest.section();
    head(top, &MediaType::ImageManifest, section, findings);
    let config = top.at("config");
    if findings.required(&config, section) {
        descriptor(&config, findings);
    }
    let is_empty = config.json.exact("mediaType").text() == Some(MediaType::EmptyJSON.as_ref());
    if is_empty && top.json.exact("artifactType").is_null() {
        let reason = "it is missing, and must be there where the configuration is the empty one";
        findings.depart(&top.at("artifactType"), reason, section);
    }
    for layer in findings.required_list(&top.at("layers"), section) {
        descriptor(&layer, findings);
    }
}

/// What indexes and manifests have in common.
fn head(top: &Field<'_>, own: &MediaType, section: &'static str, findings: &mut Findings<'_>) {
    let version = top.at("schemaVersion");
    if findings.required(&version, section) && version.json.integer() != Some(2) {
        findings.depart(&version, "it must be 2", section);
    }
    let media_type = top.at("mediaType");
    let written = findings.text(&media_type, section);
    if written.is_some_and(|written| MediaType::from(written) != *own) {
        findings.depart(&media_type, &format!("it must be {own}"), section);
    }
    findings.media_type(&top.at("artifactType"), section);
    let subject = top.at("subject");
    if !subject.json.is_null() {
        descriptor(&subject, findings);
    }
    findings.annotations(&top.at("annotations"));
}

fn descriptor(top: &Field<'_>, findings: &mut Findings<'_>) {
    let section = Kind::Descriptor.section();
    if !top.json.is_object() {
        findings.depart(top, "it is no descriptor", section);
        return;
    }
    let media_type = top.at("mediaType");
    if findings.required(&media_type, section) {
        findings.media_type(&media_type, section);
    }
    let digest = top.at("digest");
    if findings.required(&digest, section) {
        findings.digest(&digest);
    }
    let size = top.at("size");
    if findings.required(&size, section)
        && size
            .json
            .integer()
            .is_none_or(|size| size > i64::MAX as u64)
    {
        findings.depart(&size, "it is no number of bytes (int64)", section);
    }
    for url in findings.list(&top.at("urls"), section) {
        findings.uri(&url, section);
    }
    findings.base64(&top.at("data"), section);
    findings.media_type(&top.at("artifactType"), section);
    findings.annotations(&top.at("annotations"));
    let platform = top.at("platform");
    if !platform.json.is_null() {
        runs_on(&platform, Kind::Index.section(), findings);
    }
}

/// What a descriptor's platform and a configuration say alike.
fn runs_on(top: &Field<'_>, section: &'static str, findings: &mut Findings<'_>) {
    findings.required_text(&top.at("architecture"), section);
    findings.required_text(&top.at("os"), section);
    findings.text(&top.at("os.version"), section);
    findings.texts(&top.at("os.features"), section);
    findings.text(&top.at("variant"), section);
}

fn config(top: &Field<'_>, findings: &mut Findings<'_>) {
    let section = Kind::Config.section();
    runs_on(top, section, findings);
    findings.date(&top.at("created"), section);
    findings.text(&top.at("author"), section);
    execution(&top.at("config"), section, findings);
    let rootfs = top.at("rootfs");
    if findings.required(&rootfs, section) {
        let kind = rootfs.at("type");
        if findings.required(&kind, section) && kind.json.text() != Some("layers") {
            findings.depart(&kind, "it must be layers", section);
        }
        for diff_id in findings.required_list(&rootfs.at("diff_ids"), section) {
            findings.digest(&diff_id);
        }
    }
    for entry in findings.list(&top.at("history"), section) {
        history(&entry, section, findings);
    }
}

/// What a container starts with.
fn execution(top: &Field<'_>, section: &'static str, findings: &mut Findings<'_>) {
    if !findings.object_or_null(top, section) {
        return;
    }
    for key in ["User", "WorkingDir", "StopSignal"] {
        findings.text(&top.at(key), section);
    }
    for key in ["Entrypoint", "Cmd"] {
        findings.texts(&top.at(key), section);
    }
    for variable in findings.texts(&top.at("Env"), section) {
        let has_name = |text: &str| text.find('=').is_some_and(|at| at > 0);
        if variable.json.text().is_none_or(|text| !has_name(text)) {
            findings.depart(&variable, "it is not of the form NAME=VALUE", section);
        }
    }
    for key in ["ExposedPorts", "Volumes"] {
        findings.object_or_null(&top.at(key), section);
    }
    findings.map_of_texts(&top.at("Labels"), section);
}

fn history(top: &Field<'_>, section: &'static str, findings: &mut Findings<'_>) {
    if !findings.object_or_null(top, section) {
        return;
    }
    findings.date(&top.at("created"), section);
    for key in ["author", "created_by", "comment"] {
        findings.text(&top.at(key), section);
    }
    let is_empty = top.at("empty_layer");
    if !matches!(is_empty.json, Json::Null | Json::Bool(_)) {
        findings.depart(&is_empty, "it is neither true nor false", section);
    }
}

#[cfg(test)]
mod tests;
