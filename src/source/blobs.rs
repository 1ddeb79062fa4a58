//! Where blobs are: by digest or by name, in an archive or a directory.
//!
//! Manifest formats ask a [`BlobStore`] and do not know which kind it is.

use std::fmt;
use std::sync::Arc;

use super::signs::Signs;
use crate::error::{Error, Result};
use crate::image::Digest;
use crate::image::json::{BYTE_ORDER_MARK, Json};
use crate::layer::bytes::Region;
use crate::layer::recorded::RecordedLayer;
use crate::limits;
use crate::path;
use crate::units::Units;

/// Names a blob of a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlobRef {
    /// By what it contains, as manifests do.
    Digest(Digest),
    /// By its place in the archive or directory, as `docker save` does; not normalised.
    Member(Box<[u8]>),
}

impl BlobRef {
    /// Names a member.
    pub fn member(name: impl AsRef<[u8]>) -> Self {
        Self::Member(name.as_ref().into())
    }

    /// Returns the normalised places where the blob may lie, best first.
    pub(super) fn places(&self) -> Vec<Vec<u8>> {
        match self {
            // OCI image-spec, image-layout.md, "Blobs"; then the two names that skopeo's `dir:` uses.
            Self::Digest(digest) => vec![
                format!("blobs/{}/{}", digest.algorithm(), digest.encoded()).into_bytes(),
                digest.encoded().as_bytes().to_vec(),
                format!("{}.manifest.json", digest.encoded()).into_bytes(),
            ],
            Self::Member(name) => {
                let mut normal = Vec::new();
                path::normalise(name, &mut normal);
                vec![normal]
            }
        }
    }
}

impl fmt::Display for BlobRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(digest) => digest.fmt(formatter),
            Self::Member(name) => path::display(name).fmt(formatter),
        }
    }
}

/// A place that holds blobs.
pub trait BlobStore: Send + Sync + fmt::Debug {
    /// Returns what the user named, escaped.
    fn name(&self) -> &str;

    /// Returns the word for it: `archive` or `directory`.
    fn holder(&self) -> &'static str;

    /// Returns the blob's bytes as stored; `None` where there is no such blob.
    ///
    /// # Errors
    /// When it is there but cannot be read: no permission, a directory, a loop of links.
    fn open(&self, blob: &BlobRef) -> Result<Option<Region>> {
        for place in blob.places() {
            if let Some(region) = self.open_at(&place, blob)? {
                return Ok(Some(region));
            }
        }
        Ok(None)
    }

    /// Returns what lies at one of the places where a blob may lie, normalised.
    ///
    /// # Errors
    /// As [`BlobStore::open`].
    fn open_at(&self, place: &[u8], blob: &BlobRef) -> Result<Option<Region>>;

    /// Returns what was kept of a layer whose bytes passed by: [`BlobStore::open`] has but the first of them.
    fn recorded(&self, _blob: &BlobRef) -> Option<Arc<RecordedLayer>> {
        None
    }

    /// Returns the names at the top, unescaped, sorted, at most a few thousand.
    fn names(&self) -> Vec<Vec<u8>>;

    /// Returns whether something of this name stands at the top, be it a link to nothing.
    fn has(&self, name: &str) -> bool;

    /// Returns what the names say.
    fn signs(&self) -> Signs;
}

/// Returns the error for a document of `store` that cannot be used.
pub(super) fn unusable(store: &dyn BlobStore, blob: &BlobRef, reason: impl Into<String>) -> Error {
    Error::BadDocument {
        name: store.name().to_owned(),
        document: blob.to_string(),
        reason: reason.into(),
    }
}

/// Reads a whole document; `None` where it is not there.
///
/// # Errors
/// [`Error::BadDocument`] above [`limits::DOCUMENT_BYTES`], or when it cannot be read.
pub(super) fn read_document(store: &dyn BlobStore, blob: &BlobRef) -> Result<Option<Vec<u8>>> {
    let Some(region) = store.open(blob)? else {
        return Ok(None);
    };
    if region.length() > limits::DOCUMENT_BYTES {
        let limit = Units::Iec.size(limits::DOCUMENT_BYTES);
        let reason = format!("it is longer than the limit of {limit}");
        return Err(unusable(store, blob, reason));
    }
    let mut bytes = vec![0; usize::try_from(region.length()).unwrap_or(0)];
    let count = region
        .read_at(&mut bytes, 0)
        .map_err(|source| Error::unread(region.name(), source))?;
    bytes.truncate(count);
    Ok(Some(bytes))
}

/// Counts what listing a source reads, so that a small hostile one cannot keep a machine busy for minutes.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
}

impl Budget {
    pub(super) const fn new() -> Self {
        Self {
            left: limits::LISTED_BYTES,
        }
    }

    /// Takes the length of a document that is about to be read.
    ///
    /// # Errors
    /// [`Error::Limit`] above [`limits::LISTED_BYTES`] in all.
    pub(super) fn charge(&mut self, store: &dyn BlobStore, blob: &BlobRef) -> Result<()> {
        let Ok(Some(region)) = store.open(blob) else {
            return Ok(());
        };
        let length = region.length().min(limits::DOCUMENT_BYTES);
        self.left = self.left.checked_sub(length).ok_or_else(|| {
            Error::limit(
                store.name(),
                "the length of all manifests and configurations",
                Units::Iec.size(limits::LISTED_BYTES),
            )
        })?;
        Ok(())
    }
}

/// Reads a whole JSON document; `None` where it is not there.
///
/// # Errors
/// As [`read_document`], or when it is not JSON.
pub(super) fn read_json(store: &dyn BlobStore, blob: &BlobRef) -> Result<Option<Json>> {
    let Some(bytes) = read_document(store, blob)? else {
        return Ok(None);
    };
    Json::parse(&bytes)
        .map(Some)
        .map_err(|reason| unusable(store, blob, reason))
}

/// Returns whether a document that cannot be used here is one that an engine may use all the same: what it says is
/// not known then, and must not be taken for nothing.
pub(super) fn is_for_others(store: &dyn BlobStore, blob: &BlobRef) -> bool {
    match read_document(store, blob) {
        Ok(Some(bytes)) => Json::is_for_others(&bytes),
        Ok(None) => false,
        // Too long, sparse, in pieces: that it is no document is not known.
        Err(_) => true,
    }
}

/// Returns whether a document begins as a list does, or cannot be looked at.
pub(super) fn may_be_list(store: &dyn BlobStore, blob: &BlobRef) -> bool {
    let Ok(Some(region)) = store.open(blob) else {
        return true;
    };
    let head = region.head::<4096>().unwrap_or_default();
    let head = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&head);
    // Beyond a head of blanks anything may stand.
    matches!(head.trim_ascii_start().first(), None | Some(b'['))
}

/// Follows symbolic links inside a store: returns the place that `path`, normalised, leads to, or `None`
/// after [`limits::LINK_HOPS`] of them.
///
/// `target_of` returns the target of the link at a place, and `None` where there is no link. Absolute targets
/// and ones that climb out are taken relative to the store's root: nothing leads outside.
pub(super) fn follow_links(
    path: Vec<u8>,
    mut target_of: impl FnMut(&[u8]) -> Result<Option<Vec<u8>>>,
) -> Result<Option<Vec<u8>>> {
    let mut path = path;
    for _ in 0..=limits::LINK_HOPS {
        match first_link(&path, &mut target_of)? {
            None => return Ok(Some(path)),
            Some(redirected) => path::normalise(&redirected, &mut path),
        };
    }
    Ok(None)
}

/// Replaces the first link on the way to `path` by its target; not normalised.
fn first_link(
    path: &[u8],
    target_of: &mut impl FnMut(&[u8]) -> Result<Option<Vec<u8>>>,
) -> Result<Option<Vec<u8>>> {
    let mut parent_end = 0;
    for end in memchr::memchr_iter(b'/', path).chain([path.len()]) {
        if let Some(target) = target_of(&path[..end])? {
            let parent: &[u8] = if target.starts_with(b"/") {
                b""
            } else {
                &path[..parent_end]
            };
            return Ok(Some([parent, b"/", &target, &path[end..]].concat()));
        }
        parent_end = end;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(links: &[(&str, &str)], path: &str) -> Option<String> {
        let found = follow_links(path.as_bytes().to_vec(), |place| {
            Ok(links
                .iter()
                .find(|(name, _)| name.as_bytes() == place)
                .map(|(_, target)| target.as_bytes().to_vec()))
        });
        found.unwrap().map(|path| String::from_utf8(path).unwrap())
    }

    #[test]
    fn links_lead_inside_only() {
        let links = [
            ("a/layer.tar", "../b/layer.tar"),
            ("c/layer.tar", "../a/layer.tar"),
            ("top", "/b"),
            ("out", "../../../etc/passwd"),
            ("loop", "loop"),
            ("x", "y"),
            ("y", "x"),
        ];
        for (path, expected) in [
            ("b/layer.tar", Some("b/layer.tar")),
            ("a/layer.tar", Some("b/layer.tar")),
            ("c/layer.tar", Some("b/layer.tar")),
            ("top/layer.tar", Some("b/layer.tar")),
            ("out", Some("etc/passwd")),
            ("loop", None),
            ("x/z", None),
        ] {
            assert_eq!(follow(&links, path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn digests_are_computed() {
        assert_eq!(
            Digest::of(b"").as_str(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn what_listing_reads_is_bounded() {
        let root = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(root.path().join("config")).unwrap();
        file.set_len(limits::DOCUMENT_BYTES).unwrap();
        let directory = std::fs::File::open(root.path()).unwrap();
        let store = super::super::directory::DirBlobs::new(directory.into(), root.path(), "x");
        let mut budget = Budget::new();
        for _ in 0..limits::LISTED_BYTES / limits::DOCUMENT_BYTES {
            budget.charge(&store, &BlobRef::member("config")).unwrap();
        }
        assert!(budget.charge(&store, &BlobRef::member("missing")).is_ok());
        let error = budget.charge(&store, &BlobRef::member("config"));
        assert!(matches!(error, Err(Error::Limit { .. })));
    }
}
