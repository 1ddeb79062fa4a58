//! The content store: blobs by digest, and documents among them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::ContainerdReader;
use crate::error::WarningCode;
use crate::image::Digest;
use crate::image::json::Json;
use crate::limits;
use crate::store::{Location, PieceId, Role};

const HOME: &str = "io.containerd.content.v1.content";

/// What lies in the content store.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Every blob on disk.
    pub pieces: BTreeMap<Digest, PieceId>,
    /// What images have in place of blobs that are out of reach; `None` where they could be listed.
    pub refused: Option<PieceId>,
    /// Blobs that anybody was found to keep.
    pub kept: BTreeSet<Digest>,
    /// Those that only a lease keeps.
    pub leased: BTreeSet<Digest>,
    documents: BTreeMap<Digest, Option<Rc<Json>>>,
    read_bytes: u64,
}

impl ContainerdReader {
    pub(super) fn content_home(&self) -> Location {
        let name = match self.places.worker {
            Some(_) => "content",
            None => HOME,
        };
        self.places.home.join(name)
    }

    /// Claims every blob there is.
    pub(super) fn list_content(&mut self) {
        let blobs = self.content_home().join("blobs");
        if let Err(error) = blobs.root.directory(&blobs.path) {
            let reason = error.in_one_line();
            let home = self.content_home();
            self.content.refused = Some(self.store.add_unreachable(home, Role::Blob, reason));
        }
        for algorithm in self.names(&blobs) {
            let directory = blobs.join(&algorithm);
            for name in self.names(&directory) {
                let text = [algorithm.as_slice(), b":", &name].concat();
                let digest = std::str::from_utf8(&text).ok().and_then(Digest::parse);
                // A name with upper-case digits would be another file than the digest names.
                let Some(digest) = digest.filter(|digest| digest.as_str().as_bytes() == text)
                else {
                    let place = directory.join(&name);
                    self.add_orphan(
                        place,
                        "unreferenced-blob",
                        "its name is no digest".into(),
                        None,
                    );
                    continue;
                };
                let piece = self.store.add_piece(directory.join(&name), Role::Blob);
                self.content.pieces.insert(digest, piece);
            }
        }
    }

    /// Returns where a blob lies; `None` where it is not in the store.
    pub(super) fn blob(&self, digest: &Digest) -> Option<(PieceId, Location)> {
        let piece = *self.content.pieces.get(digest)?;
        Some((piece, self.store.piece(piece).location.clone()))
    }

    /// Reads a blob as JSON; `None` where it is not in the store, and with a warning where it is no document.
    pub(super) fn document(&mut self, digest: &Digest) -> Option<Rc<Json>> {
        if let Some(known) = self.content.documents.get(digest) {
            return known.clone();
        }
        let read = self.read_document(digest).map(Rc::new);
        self.content.documents.insert(digest.clone(), read.clone());
        read
    }

    fn read_document(&mut self, digest: &Digest) -> Option<Json> {
        let (_, place) = self.blob(digest)?;
        if self.content.read_bytes > limits::LISTED_BYTES {
            let limit = limits::LISTED_BYTES;
            let message = format!(
                "{}: documents of more than {limit} bytes are not read",
                place.shown()
            );
            self.is_doubtful = true;
            self.warn(WarningCode::LimitReached, message);
            return None;
        }
        let bytes = match place.root.read(&place.path, limits::DOCUMENT_BYTES) {
            Ok(bytes) => bytes?,
            Err(error) => {
                // What it leads to would look like nobody's.
                self.doubt(error.in_one_line());
                return None;
            }
        };
        self.content.read_bytes += bytes.len() as u64;
        Json::parse(&bytes)
            .map_err(|reason| self.doubt(format!("{}: {reason}", place.shown())))
            .ok()
    }

    /// Returns a label of a blob, from the namespace given or else from any.
    pub(super) fn blob_label(&self, namespace: &str, digest: &Digest, key: &str) -> Option<&str> {
        let with = |wanted: bool| {
            self.namespaces
                .iter()
                .filter(move |of| (of.name == namespace) == wanted)
                .find_map(|of| of.blobs.get(digest)?.labels.get(key))
        };
        with(true).or_else(|| with(false)).map(String::as_str)
    }
}
