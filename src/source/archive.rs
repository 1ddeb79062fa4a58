//! Blobs as members of a tar archive.

use std::collections::{BTreeMap, BTreeSet};

use super::blobs::{BlobRef, BlobStore, follow_links, unusable};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::layer::bytes::Region;
use crate::layer::tar::TarLayer;
use crate::layer::{Entry, EntryKind, EntrySink, LayerSource};
use crate::limits;
use crate::path;
use crate::progress::Job;

/// An uncompressed archive with the places of its members.
#[derive(Debug)]
pub struct ArchiveBlobs {
    region: Region,
    members: BTreeMap<Box<[u8]>, Member>,
    /// The directory that everything lies in, with a final `/`; usually empty.
    root: Vec<u8>,
    warnings: Vec<Warning>,
}

#[derive(Debug)]
enum Member {
    Data {
        start: u64,
        length: u64,
    },
    /// A symbolic link, or a hard link written as an absolute one.
    Link(Box<[u8]>),
    Directory,
    /// A sparse file, whose data is in pieces, or a device.
    Other,
}

impl ArchiveBlobs {
    /// Reads the headers of all members. Damage becomes warnings.
    ///
    /// # Errors
    /// When nothing can be read, or [`Error::Interrupted`].
    pub fn new(region: Region, job: &Job) -> Result<Self> {
        let mut index = Index::default();
        let archive =
            TarLayer::new(region.clone()).map_err(|source| Error::unread(region.name(), source))?;
        job.expect(region.length());
        match archive.scan(&mut index, job) {
            Ok(_) => {}
            Err(Error::Limit { what, .. }) => log::debug!("{}: too many {what}", region.name()),
            Err(error) => return Err(error),
        }
        let mut blobs = Self {
            region,
            members: index.members,
            root: Vec::new(),
            warnings: index.warnings,
        };
        blobs.root = blobs.find_root();
        Ok(blobs)
    }

    /// Returns what was odd about the archive as such.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Archives packed from outside have everything in one directory: finds it.
    fn find_root(&self) -> Vec<u8> {
        let tops: BTreeSet<&[u8]> = self
            .members
            .keys()
            .map(|path| first_component(path))
            .collect();
        let only = tops.first().filter(|_| tops.len() == 1);
        match only {
            Some(top) if !self.members.contains_key(*top) || self.is_directory(top) => {
                let root = [top, &b"/"[..]].concat();
                let has_marker = super::MARKERS.iter().any(|marker| {
                    self.members
                        .contains_key(&[&root, marker.as_bytes()].concat()[..])
                });
                if has_marker { root } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }

    fn is_directory(&self, path: &[u8]) -> bool {
        matches!(self.members.get(path), Some(Member::Directory))
    }

    fn link_at(&self, path: &[u8]) -> Option<Vec<u8>> {
        match self.members.get(path) {
            Some(Member::Link(target)) => Some(target.to_vec()),
            _ => None,
        }
    }
}

impl BlobStore for ArchiveBlobs {
    fn name(&self) -> &str {
        self.region.name()
    }

    fn holder(&self) -> &'static str {
        "archive"
    }

    fn open_at(&self, place: &[u8], blob: &BlobRef) -> Result<Option<Region>> {
        let path = [&self.root, place].concat();
        let Some(path) = follow_links(path, |path| Ok(self.link_at(path)))? else {
            return Err(unusable(self, blob, "it is a loop of links"));
        };
        match self.members.get(&path[..]) {
            None => Ok(None),
            Some(Member::Data { start, length }) => {
                let name = format!("{}: {}", self.region.name(), path::display(&path));
                Ok(Some(self.region.part(*start, *length).renamed(name)))
            }
            Some(Member::Directory) => Err(unusable(self, blob, "it is a directory")),
            Some(Member::Link(_) | Member::Other) => Err(unusable(
                self,
                blob,
                "it is stored as a sparse file or a device",
            )),
        }
    }

    fn names(&self) -> Vec<Vec<u8>> {
        let names: BTreeSet<&[u8]> = self
            .members
            .keys()
            .filter_map(|path| path.strip_prefix(&self.root[..]))
            .map(first_component)
            .filter(|name| !name.is_empty())
            .collect();
        names.into_iter().map(<[u8]>::to_vec).collect()
    }
}

fn first_component(path: &[u8]) -> &[u8] {
    memchr::memchr(b'/', path).map_or(path, |slash| &path[..slash])
}

/// Collects members while the archive is walked; the last of one name wins.
#[derive(Default)]
struct Index {
    members: BTreeMap<Box<[u8]>, Member>,
    warnings: Vec<Warning>,
}

impl EntrySink for Index {
    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        if entry.path.is_root() {
            return Ok(());
        }
        if self.members.len() >= limits::ARCHIVE_MEMBERS {
            return Err(Error::limit(
                String::new(),
                "members",
                limits::ARCHIVE_MEMBERS,
            ));
        }
        let member = match (entry.meta.kind, entry.link, entry.data) {
            (EntryKind::Dir, ..) => Member::Directory,
            (EntryKind::Symlink, Some(target), _) => Member::Link(target.into()),
            (EntryKind::Hardlink, Some(target), _) => Member::Link([b"/", target].concat().into()),
            (EntryKind::File, _, Some((start, length))) => Member::Data { start, length },
            _ => Member::Other,
        };
        self.members.insert(entry.path.as_bytes().into(), member);
        Ok(())
    }

    fn warn(&mut self, warning: Warning) {
        let is_kept = warning.code.makes_incomplete()
            || matches!(
                warning.code,
                WarningCode::MissingEnd | WarningCode::TrailingData
            );
        if is_kept && self.warnings.len() < limits::WARNINGS_PER_KIND {
            let message = format!("in the archive itself: {}", warning.message);
            self.warnings.push(Warning { message, ..warning });
        }
    }
}
