//! The documents of one image, held against the OCI image specification.
//!
//! The same documents that open the image, within the same limits. One that cannot be read has been told of already.

use super::blobs::{BlobRef, BlobStore, Budget, read_document};
use super::described::Descriptor;
use super::manifest::DocumentKind;
use crate::error::{Result, Warning, Warnings};
use crate::image::Digest;
use crate::image::json::Json;
use crate::image::spec::{self, Kind};
use crate::limits;
use crate::progress::Job;

/// Says where the documents on the way to a manifest, it and its configuration depart; what Docker's media types name is
/// not OCI, and nothing is said of it.
///
/// # Errors
/// [`crate::error::Error::Limit`] where the documents are longer than what listing may read, or
/// [`crate::error::Error::Interrupted`] between two of them.
pub(super) fn departures(
    store: &dyn BlobStore,
    manifest: &Descriptor,
    job: &Job,
) -> Result<Vec<Warning>> {
    let mut reader = Reader {
        store,
        job,
        budget: Budget::new(),
        warnings: Warnings::within(limits::LAYER_WARNING_BYTES),
    };
    reader.indexes(manifest.digest.as_ref())?;
    if let Some(json) = reader.load(manifest)? {
        reader.check(Kind::Manifest, "the manifest", &json);
        let config = Descriptor::read(json.get("config"));
        if is_oci(&json)
            && config.media_type.as_deref().is_some_and(is_image_config)
            && let Some(json) = reader.load(&config)?
        {
            reader.check(Kind::Config, "the configuration", &json);
        }
    }
    Ok(reader.warnings.into_vec())
}

struct Reader<'a> {
    store: &'a dyn BlobStore,
    job: &'a Job,
    budget: Budget,
    warnings: Warnings,
}

impl Reader<'_> {
    /// Checks what stands at the top, and the first index below it that lists the manifest.
    fn indexes(&mut self, manifest: Option<&Digest>) -> Result<()> {
        if let Some(json) = self.top("oci-layout")? {
            spec::check(Kind::Layout, "oci-layout", &json, &mut self.warnings);
        }
        for name in ["index.json", "manifest.json"] {
            let json = self.top(name)?;
            let Some(json) = json.filter(|json| DocumentKind::of(json) == DocumentKind::Index)
            else {
                continue;
            };
            self.check(Kind::Index, name, &json);
            for listed in json.get("manifests").list().iter().map(Descriptor::read) {
                let media_type = listed.media_type.as_deref().unwrap_or_default();
                if !media_type.contains("image.index") || listed.digest.as_ref() == manifest {
                    continue;
                }
                let Some(below) = self.load(&listed)?.filter(|below| lists(below, manifest)) else {
                    continue;
                };
                self.check(
                    Kind::Index,
                    &format!("the index {}", listed.shown()),
                    &below,
                );
                break;
            }
            break;
        }
        Ok(())
    }

    fn check(&mut self, kind: Kind, name: &str, json: &Json) {
        if is_oci(json) {
            spec::check(kind, name, json, &mut self.warnings);
        }
    }

    fn top(&mut self, name: &str) -> Result<Option<Json>> {
        self.job.check()?;
        let blob = BlobRef::member(name);
        self.budget.charge(self.store, &blob)?;
        let bytes = read_document(self.store, &blob).ok().flatten();
        Ok(bytes.and_then(|bytes| Json::parse(&bytes).ok()))
    }

    fn load(&mut self, descriptor: &Descriptor) -> Result<Option<Json>> {
        self.job.check()?;
        if let Some(digest) = &descriptor.digest {
            let blob = BlobRef::Digest(digest.clone());
            self.budget.charge(self.store, &blob)?;
        }
        let document = descriptor.load(self.store).ok().flatten();
        Ok(document.map(|document| document.json))
    }
}

/// Whether a document does not say that it is Docker's.
fn is_oci(json: &Json) -> bool {
    let media_type = json.get("mediaType").text().unwrap_or_default();
    !media_type.starts_with("application/vnd.docker.") && !json.has("fsLayers")
}

fn is_image_config(media_type: &str) -> bool {
    media_type == oci_spec::image::MediaType::ImageConfig.as_ref()
}

fn lists(index: &Json, manifest: Option<&Digest>) -> bool {
    let mut listed = index.get("manifests").list().iter().map(Descriptor::read);
    manifest.is_some() && listed.any(|listed| listed.digest.as_ref() == manifest)
}
