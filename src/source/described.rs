//! What documents say of blobs, layers and an image, before any of it is looked for.
//!
//! OCI image-spec, descriptor.md; `manifest.json` as `docker save` writes it.

use base64::Engine as _;

use super::blobs::{BlobRef, BlobStore, read_document};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::config::read_platform;
use crate::image::json::Json;
use crate::image::{ConfigDocument, Digest, Platform};
use crate::path;

/// A reference to a blob as documents write it. Size and media type are claims.
#[derive(Debug, Clone, Default)]
pub(super) struct Descriptor {
    pub digest: Option<Digest>,
    /// The digest as written, for messages.
    pub written: String,
    pub media_type: Option<String>,
    pub size: Option<u64>,
    pub platform: Platform,
    pub annotations: Vec<(String, String)>,
    /// Where else it is to be had.
    pub urls: Vec<String>,
    /// The content itself, where it is inlined.
    pub data: Option<Vec<u8>>,
}

/// A JSON blob with what was odd about it.
#[derive(Debug)]
pub(super) struct Document {
    pub json: Json,
    pub digest: Option<Digest>,
    pub warnings: Vec<Warning>,
}

impl Descriptor {
    /// Reads a descriptor (OCI image-spec, descriptor.md); whatever is unusable is absent.
    pub(super) fn read(json: &Json) -> Self {
        let written = json.get("digest").text().unwrap_or_default();
        let data = json.get("data").text();
        Self {
            digest: Digest::parse(written),
            written: written.to_owned(),
            media_type: json.get("mediaType").to_text(),
            size: json.get("size").integer(),
            platform: read_platform(json.get("platform")),
            annotations: read_annotations(json.get("annotations")),
            urls: json.get("urls").texts(),
            data: data.and_then(|data| base64::engine::general_purpose::STANDARD.decode(data).ok()),
        }
    }

    /// Returns an annotation that is not empty.
    pub(super) fn annotation(&self, key: &str) -> Option<&str> {
        let (_, value) = self.annotations.iter().find(|(name, _)| name == key)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// Returns what names the blob in messages, escaped.
    pub(super) fn shown(&self) -> String {
        match &self.digest {
            Some(digest) => digest.to_string(),
            None if self.written.is_empty() => "a blob without digest".into(),
            None => path::display_str(&self.written).into_owned(),
        }
    }

    /// Reads the blob as JSON; `None` where it is neither in the store nor inlined.
    ///
    /// # Errors
    /// [`Error::BadDocument`] when it is not JSON, too long or unreadable.
    pub(super) fn load(&self, store: &dyn BlobStore) -> Result<Option<Document>> {
        let Some(bytes) = self.bytes(store)? else {
            return Ok(None);
        };
        let json = Json::parse(&bytes).map_err(|reason| Error::BadDocument {
            name: store.name().to_owned(),
            document: self.shown(),
            reason,
        })?;
        let digest = Some(Digest::of(&bytes));
        Ok(Some(Document {
            json,
            warnings: self.check(&bytes, digest.as_ref()),
            digest,
        }))
    }

    fn bytes(&self, store: &dyn BlobStore) -> Result<Option<Vec<u8>>> {
        let stored = match &self.digest {
            Some(digest) => read_document(store, &BlobRef::Digest(digest.clone()))?,
            None => None,
        };
        Ok(stored.or_else(|| self.data.clone()))
    }

    /// Compares what is claimed with what is there.
    fn check(&self, bytes: &[u8], found: Option<&Digest>) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let is_comparable = self
            .digest
            .as_ref()
            .is_some_and(|digest| digest.algorithm() == "sha256");
        if is_comparable && self.digest.as_ref() != found {
            let found = found.map(ToString::to_string).unwrap_or_default();
            let message = format!("the content of {} has digest {found}", self.shown());
            warnings.push(Warning::new(WarningCode::DigestMismatch, message));
        }
        warnings.extend(self.check_size(bytes.len() as u64));
        warnings
    }

    /// Compares the size claimed with the size found.
    pub(super) fn check_size(&self, found: u64) -> Option<Warning> {
        let claimed = self.size.filter(|size| *size != found)?;
        let message = format!(
            "{} is said to have {claimed} bytes and has {found}",
            self.shown()
        );
        Some(Warning::new(WarningCode::MetadataMismatch, message))
    }
}

/// Returns annotations, sorted; what is no text is absent.
pub(super) fn read_annotations(json: &Json) -> Vec<(String, String)> {
    let mut read: Vec<_> = json
        .members()
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), value.text()?.to_owned())))
        .collect();
    read.sort();
    read
}

/// One element of `manifest.json`, as far as loading needs it.
#[derive(Debug, Clone, Default)]
pub(super) struct DockerEntry {
    pub config: Option<String>,
    pub layers: Vec<String>,
    /// What is said of layers that are not saved with their image, by diff ID.
    pub sources: Vec<(String, Descriptor)>,
}

/// An image as its documents describe it.
#[derive(Debug, Default)]
pub(super) struct DescribedImage {
    pub names: Vec<String>,
    pub id: Option<Digest>,
    pub digest: Option<Digest>,
    /// What the index says; the configuration is believed first.
    pub platform: Platform,
    pub config: Option<ConfigDocument>,
    pub annotations: Vec<(String, String)>,
    /// What its manifest is of, where that is no image: "it is …".
    pub artifact: Option<String>,
    pub layers: Vec<LayerBlob>,
    pub warnings: Vec<Warning>,
}

/// A layer as documents describe it.
#[derive(Debug)]
pub(super) struct LayerBlob {
    /// `None` where the document names none that could be looked for.
    pub blob: Option<BlobRef>,
    pub claims: Descriptor,
}

impl LayerBlob {
    /// Takes a layer by its descriptor.
    pub(super) fn from_descriptor(claims: Descriptor) -> Self {
        Self {
            blob: claims.digest.clone().map(BlobRef::Digest),
            claims,
        }
    }

    /// Takes a layer by the name of a member.
    pub(super) fn from_member(name: &str) -> Self {
        let digest = name
            .rsplit_once("blobs/")
            .and_then(|(_, rest)| Digest::parse(&rest.replacen('/', ":", 1)));
        Self {
            blob: Some(BlobRef::member(name)),
            claims: Descriptor {
                digest,
                written: name.to_owned(),
                ..Descriptor::default()
            },
        }
    }

    pub(super) fn shown(&self) -> String {
        match &self.blob {
            Some(blob) => blob.to_string(),
            None => self.claims.shown(),
        }
    }

    /// Returns whether the blob is in the store.
    pub(super) fn is_present(&self, store: &dyn BlobStore) -> bool {
        let opened = self.blob.as_ref().map(|blob| store.open(blob));
        matches!(opened, Some(Ok(Some(_))))
    }
}
