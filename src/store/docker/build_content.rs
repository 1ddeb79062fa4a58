//! The content store of `BuildKit` inside Docker: `buildkit/content` has blobs, `containerdmeta.db` the records of
//! them (moby, builder/builder-next/controller.go).

use std::collections::{BTreeMap, BTreeSet};

use super::reader::{Claimed, DockerReader, Shares};
use super::records::place;
use crate::image::Digest;
use crate::store::bbolt::Database;
use crate::store::ingest::Ingest;
use crate::store::{Exit, Orphan, PieceId, Role, meta_db};

const HOME: &[u8] = b"buildkit/content";
const RECORDS: &[u8] = b"buildkit/containerdmeta.db";

/// What lies there, and what is known of it.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Blobs on disk.
    blobs: BTreeMap<Digest, Vec<u8>>,
    /// What is no blob in a place of one.
    odd: Vec<Vec<u8>>,
    ingests: Vec<Vec<u8>>,
    /// Its records; `None` where they could not be read.
    known: Option<Known>,
}

#[derive(Debug)]
struct Known {
    database: Database,
    blobs: BTreeSet<Digest>,
    /// What the content store calls what is being stored.
    ingests: BTreeSet<String>,
}

/// Lists it, and reads the records before: what comes later would look like nobody's.
pub(super) fn read(reader: &mut DockerReader<'_>) -> Content {
    if reader.found.shares == Shares::None || !reader.records.is_directory(HOME) {
        return Content::default();
    }
    reader.piece(HOME.to_vec(), Role::Cache);
    let mut content = Content {
        known: reader
            .open(RECORDS)
            .map(|database| Known::of(reader, database)),
        ..Content::default()
    };
    let blobs = place(&[HOME, b"blobs"]);
    for algorithm in reader.records.names(&blobs) {
        let directory = place(&[&blobs, &algorithm]);
        for name in reader.records.names(&directory) {
            let at = place(&[&directory, &name]);
            let text = [algorithm.as_slice(), b":", &name].concat();
            let text = std::str::from_utf8(&text).unwrap_or_default();
            match Digest::parse(text).filter(|digest| digest.as_str() == text) {
                Some(digest) => drop(content.blobs.insert(digest, at)),
                None => content.odd.push(at),
            }
        }
    }
    let ingests = place(&[HOME, b"ingest"]);
    let names = reader.records.names(&ingests);
    content.ingests = names.iter().map(|name| place(&[&ingests, name])).collect();
    if content.known.is_none() && !content.is_empty() {
        reader.cache_claimed = Claimed::InPart;
    }
    content
}

impl Content {
    fn is_empty(&self) -> bool {
        self.blobs.is_empty() && self.odd.is_empty() && self.ingests.is_empty()
    }

    /// Adds the blob that a record of the cache names, where it is there.
    pub(super) fn piece(&self, reader: &mut DockerReader<'_>, digest: &Digest) -> Option<PieceId> {
        let at = self.blobs.get(digest)?;
        Some(reader.piece(at.clone(), Role::Cache))
    }

    /// Says what nobody owns, once all records of the cache were read.
    pub(super) fn disown(self, reader: &mut DockerReader<'_>, named: &BTreeSet<Digest>) {
        let Some(known) = self.known else {
            return;
        };
        let root = reader.records.root();
        if !reader.is_cache_known() || !known.database.is_current(root, RECORDS) {
            return;
        }
        let blobs = self.blobs.into_iter();
        let unknown =
            blobs.filter(|(digest, _)| !known.blobs.contains(digest) && !named.contains(digest));
        for (_, at) in unknown {
            let reason = "no record of the build cache's content store has it";
            reader.orphan(at, "unreferenced-blob", reason.to_owned());
        }
        for at in self.odd {
            reader.orphan(at, "unreferenced-blob", "its name is no digest".to_owned());
        }
        for at in self.ingests {
            let location = reader.location(at);
            let ingest = Ingest::at(&location);
            let is_running = |name: &String| known.ingests.contains(name);
            if ingest.name.as_ref().is_some_and(is_running) {
                continue;
            }
            let piece = reader.store.add_piece(location, Role::Orphan);
            reader.store.disown(Orphan {
                piece,
                reason: ingest.reason(),
                kind: "interrupted-pull",
                since: ingest.since,
                exit: Exit::ByHand,
            });
        }
    }
}

impl Known {
    fn of(reader: &mut DockerReader<'_>, database: Database) -> Self {
        reader.note_damage(RECORDS, &database);
        let mut known = Self {
            blobs: BTreeSet::new(),
            ingests: BTreeSet::new(),
            database,
        };
        // Its history has a namespace of its own.
        for namespace in meta_db::read(&known.database) {
            known.blobs.extend(namespace.blobs.into_keys());
            let leases = namespace.leases.into_iter();
            known.blobs.extend(leases.flat_map(|lease| lease.blobs));
            for ingest in namespace.ingests {
                // It has its place before its record.
                known.blobs.extend(ingest.expected);
                known.ingests.extend(ingest.name);
            }
        }
        known
    }
}
