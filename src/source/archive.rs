//! Blobs as members of a tar archive: in a file, or as they were kept when the archive passed by.

mod passing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::blobs::{BlobRef, BlobStore, follow_links, unusable};
use super::signs::{Signs, split};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::layer::bytes::Region;
use crate::layer::recorded::RecordedLayer;
use crate::layer::tar::TarLayer;
use crate::layer::{Entry, EntryKind, EntrySink, LayerSource};
use crate::limits;
use crate::path;
use crate::progress::Job;

pub use passing::PassedArchive;

/// An uncompressed archive with the places of its members.
#[derive(Debug)]
pub struct ArchiveBlobs {
    data: Data,
    members: BTreeMap<Box<[u8]>, Member>,
    /// The directory that everything lies in, with a final `/`; usually empty.
    root: Vec<u8>,
    signs: Signs,
    is_cut: bool,
    warnings: Vec<Warning>,
}

/// Where the data of members is.
#[derive(Debug)]
enum Data {
    File(Region),
    /// What was kept of members when they passed by, by where their data began; all else is gone.
    Kept {
        name: Arc<str>,
        members: BTreeMap<u64, Kept>,
    },
}

/// What was kept of a member.
#[derive(Debug, Default)]
struct Kept {
    /// Its first bytes, or all.
    bytes: Arc<[u8]>,
    /// Its entries, where it may be a layer.
    layer: Option<Arc<RecordedLayer>>,
}

impl Data {
    fn name(&self) -> &str {
        match self {
            Self::File(region) => region.name(),
            Self::Kept { name, .. } => name,
        }
    }

    fn part(&self, start: u64, length: u64) -> Region {
        match self {
            Self::File(region) => region.part(start, length),
            Self::Kept { name, members } => {
                let kept = members.get(&start);
                let bytes = kept.map_or_else(|| Arc::from([]), |kept| Arc::clone(&kept.bytes));
                Region::kept(bytes, Arc::clone(name), length)
            }
        }
    }

    fn layer(&self, start: u64) -> Option<&Arc<RecordedLayer>> {
        match self {
            Self::File(_) => None,
            Self::Kept { members, .. } => members.get(&start)?.layer.as_ref(),
        }
    }
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
        archive.scan(&mut index, job)?;
        Ok(Self::of(index, Data::File(region)))
    }

    fn of(index: Index, data: Data) -> Self {
        let root = index.root();
        let mut blobs = Self {
            data,
            signs: if root.is_empty() {
                index.outer_signs
            } else {
                index.inner_signs
            },
            root,
            is_cut: index.is_cut,
            members: index.members,
            warnings: index.warnings,
        };
        let ambiguous = blobs.warn_of_replaced(&index.replaced);
        blobs.warnings.extend(ambiguous);
        blobs
    }

    /// Returns what was odd about the archive as such.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Returns whether members beyond [`limits::ARCHIVE_MEMBERS`] were left out, other than documents.
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Returns the path of the only file there is, where that is an archive with an image in it. Scans it.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn image_inside(&self, job: &Job) -> Result<Option<&[u8]>> {
        let is_file = |(_, member): &(_, &Member)| !matches!(member, Member::Directory);
        let mut files = self.members.iter().filter(is_file);
        let (Some((path, Member::Data { start, length })), None) = (files.next(), files.next())
        else {
            return Ok(None);
        };
        let mut index = Index::default();
        let scanned = match self.data.layer(*start) {
            Some(layer) => layer.scan(&mut index, job),
            None => TarLayer::new(self.data.part(*start, *length))
                .map_err(|source| Error::unread(self.name(), source))
                .and_then(|layer| layer.scan(&mut index, job)),
        };
        job.check()?;
        Ok((scanned.is_ok() && index.describes_image()).then_some(path))
    }

    /// Warns of documents that were there before under the same name and said something else.
    fn warn_of_replaced(&self, replaced: &[(Box<[u8]>, Member)]) -> Vec<Warning> {
        let differs = |(name, old): &&(Box<[u8]>, Member)| {
            let new = self.members.get(name);
            !new.is_some_and(|new| self.is_same(old, new))
        };
        let mut names: Vec<&[u8]> = replaced
            .iter()
            .filter(differs)
            .map(|(name, _)| &name[..])
            .collect();
        names.dedup();
        let warning = |name: &[u8]| {
            let message = format!(
                "{} is there more than once, each time another: shown is what the last says, as Docker reads it, but \
                 Podman reads the first",
                path::display(name)
            );
            Warning::new(WarningCode::UnreadDocument, message)
        };
        names.into_iter().map(warning).collect()
    }

    fn is_same(&self, old: &Member, new: &Member) -> bool {
        let (Some(old), Some(new)) = (self.bytes_of(old), self.bytes_of(new)) else {
            return false;
        };
        old == new
    }

    fn bytes_of(&self, member: &Member) -> Option<Vec<u8>> {
        let Member::Data { start, length } = *member else {
            return None;
        };
        let length = length.min(limits::DOCUMENT_BYTES + 1);
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        let count = self.data.part(start, length).read_at(&mut bytes, 0).ok()?;
        bytes.truncate(count);
        Some(bytes).filter(|bytes| bytes.len() as u64 <= limits::DOCUMENT_BYTES)
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
        self.data.name()
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
                let name = member_name(self.name(), &path);
                Ok(Some(self.data.part(*start, *length).renamed(name)))
            }
            Some(Member::Directory) => Err(unusable(self, blob, "it is a directory")),
            Some(Member::Link(_) | Member::Other) => Err(unusable(
                self,
                blob,
                "it is stored as a sparse file or a device",
            )),
        }
    }

    fn recorded(&self, blob: &BlobRef) -> Option<Arc<RecordedLayer>> {
        let members = blob.places().into_iter().filter_map(|place| {
            let path = [&self.root[..], &place].concat();
            let path = follow_links(path, |path| Ok(self.link_at(path)));
            self.members.get(&path.ok()??[..])
        });
        // The place where the blob is opened.
        match members.into_iter().next()? {
            Member::Data { start, .. } => self.data.layer(*start).cloned(),
            _ => None,
        }
    }

    fn names(&self) -> Vec<Vec<u8>> {
        let names: BTreeSet<&[u8]> = self
            .members
            .keys()
            .filter_map(|path| path.strip_prefix(&self.root[..]))
            .map(|path| split(path).0)
            .filter(|name| !name.is_empty())
            .collect();
        names.into_iter().map(<[u8]>::to_vec).collect()
    }

    fn has(&self, name: &str) -> bool {
        let path = [&self.root, name.as_bytes()].concat();
        self.members.contains_key(&path[..])
    }

    fn signs(&self) -> Signs {
        self.signs
    }
}

fn member_name(archive: &str, path: &[u8]) -> String {
    format!("{archive}: {}", path::display(path))
}

/// What stands first in all paths so far.
#[derive(Default)]
enum Top {
    #[default]
    Unknown,
    One(Box<[u8]>),
    Several,
}

/// Collects members while the archive is walked; the last of one name wins.
#[derive(Default)]
struct Index {
    members: BTreeMap<Box<[u8]>, Member>,
    name_bytes: usize,
    top: Top,
    /// What the names say, taken from the root and from inside the first directory.
    outer_signs: Signs,
    inner_signs: Signs,
    /// Documents that another member of the same name replaced.
    replaced: Vec<(Box<[u8]>, Member)>,
    is_cut: bool,
    warnings: Vec<Warning>,
}

impl Index {
    fn has_marker_in(&self, root: &[u8]) -> bool {
        super::MARKERS.iter().any(|marker| {
            let path = [root, marker.as_bytes()].concat();
            self.members.contains_key(&path[..])
        })
    }

    fn describes_image(&self) -> bool {
        let root = self.root();
        let signs = if root.is_empty() {
            self.outer_signs
        } else {
            self.inner_signs
        };
        signs.has_blobs() && self.has_marker_in(&root)
    }

    /// Archives packed from outside have everything in one directory: returns it, with a final `/`.
    fn root(&self) -> Vec<u8> {
        let Top::One(top) = &self.top else {
            return Vec::new();
        };
        let is_directory = matches!(self.members.get(top), None | Some(Member::Directory));
        let root = [top, &b"/"[..]].concat();
        if is_directory && self.has_marker_in(&root) {
            root
        } else {
            Vec::new()
        }
    }

    fn note_name(&mut self, path: &[u8], kind: EntryKind) {
        let (top, below) = split(path);
        match &self.top {
            Top::Unknown => self.top = Top::One(top.into()),
            Top::One(known) if **known != *top => self.top = Top::Several,
            Top::One(_) | Top::Several => {}
        }
        self.outer_signs.note(path, kind);
        if let (Top::One(_), Some(below)) = (&self.top, below) {
            self.inner_signs.note(below, kind);
        }
    }

    /// Whether a path is where a document of an image may stand.
    fn is_document(&self, path: &[u8]) -> bool {
        let is_marker = |name: &[u8]| super::MARKERS.map(str::as_bytes).contains(&name);
        match (split(path), &self.top) {
            ((name, None), _) => is_marker(name),
            ((_, Some(below)), Top::One(_)) => is_marker(below),
            _ => false,
        }
    }
}

/// Most replaced documents that are kept to be compared.
const REPLACED: usize = 16;

impl EntrySink for Index {
    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        // A marker of a layer removes no member here; a device that is a whiteout there is a member.
        if entry.path.is_root() || entry.meta.kind == EntryKind::Whiteout {
            return Ok(());
        }
        let path = entry.path.as_bytes();
        self.note_name(path, entry.meta.kind);
        let is_document = self.is_document(path);
        // Documents may stand last, as `docker save` writes them; there are no more than a few.
        let is_full = self.members.len() >= limits::ARCHIVE_MEMBERS
            || self.name_bytes + path.len() > limits::ARCHIVE_NAME_BYTES;
        if is_full && !is_document {
            self.is_cut = true;
            return Ok(());
        }
        self.name_bytes += path.len();
        let member = match (entry.meta.kind, entry.link, entry.data) {
            (EntryKind::Dir, ..) => Member::Directory,
            (EntryKind::Symlink, Some(target), _) => Member::Link(target.into()),
            (EntryKind::Hardlink, Some(target), _) => Member::Link([b"/", target].concat().into()),
            (EntryKind::File, _, Some((start, length))) => Member::Data { start, length },
            _ => Member::Other,
        };
        let old = self.members.insert(path.into(), member);
        if let Some(old) = old.filter(|_| is_document && self.replaced.len() < REPLACED) {
            self.replaced.push((path.into(), old));
        }
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
