//! A layer of a store, and where its listing and its files come from.

use crate::image::Digest;
use crate::layer::dir::Encoding;

use super::LayerId;
use crate::store::piece::{Location, PieceId};

/// One layer, or one snapshot.
#[derive(Debug, Clone)]
pub struct Layer {
    /// What the engine calls it, unescaped: a chain ID, a snapshot key, a directory name.
    pub name: String,
    /// Digest of its uncompressed tar, where the engine keeps it.
    pub diff_id: Option<Digest>,
    /// Digest of it together with everything below (OCI image-spec, config.md, "Layer `ChainID`").
    pub chain_id: Option<Digest>,
    /// The layer below.
    pub parent: Option<LayerId>,
    /// What it occupies: its files first, then its records.
    pub pieces: Vec<PieceId>,
    /// Its compressed form, where that lies in the store too.
    pub blobs: Vec<PieceId>,
    /// Size in bytes as the engine wrote it down, whatever the engine means by it.
    pub recorded_bytes: Option<u64>,
    /// When the engine says it was made, seconds since 1970.
    pub created: Option<i64>,
    /// Where its entries come from.
    pub listing: Listing,
}

impl Layer {
    /// Makes a layer of which no more is known.
    pub fn new(name: impl Into<String>, listing: Listing) -> Self {
        Self {
            name: name.into(),
            diff_id: None,
            chain_id: None,
            parent: None,
            pieces: Vec::new(),
            blobs: Vec::new(),
            recorded_bytes: None,
            created: None,
            listing,
        }
    }
}

/// Where the entries of a layer, and the bytes of its files, come from.
#[derive(Debug, Clone)]
pub enum Listing {
    /// Original tar headers; file data from elsewhere.
    TarSplit {
        /// The gzip-compressed record.
        record: Location,
        /// File data.
        contents: Contents,
        /// What to read where the record is missing or damaged.
        fallback: Option<(Location, Encoding)>,
    },
    /// A directory with what the layer changes.
    Directory {
        /// Where it is.
        directory: Location,
        /// How deletions are written in it.
        encoding: Encoding,
    },
    /// A directory with the whole file system: what changed is what differs from another one.
    Copy {
        /// The whole file system.
        directory: Location,
        /// The one below; `None` for a base.
        below: Option<Location>,
    },
    /// A tar archive, compressed or not.
    Archive {
        /// The blob.
        blob: Location,
        /// Digest of the blob, which names it.
        digest: Digest,
    },
    /// A layer without files.
    Empty,
    /// Nothing that this program can read; why, and what would make it readable; escaped.
    Unavailable(String),
}

/// Where file data behind a tar-split record lies.
#[derive(Debug, Clone)]
pub enum Contents {
    /// At its path in a directory.
    Directory(Location),
    /// Nowhere within reach; why, escaped.
    Refused(String),
}
