//! Collecting one layer's entries; `freeze` makes a [`FileTree`](super::FileTree) of them.
//!
//! Entries are appended as rows; only directories are looked up, and the directory of the last entry is
//! remembered, so that most entries cost no lookup. Names that come twice are sorted out afterwards, in
//! `freeze`, because nearly no layer has any.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::file_tree::{
    Attributes, BELOW, MOVED, NO_INODE, Node, XattrSet, flag, push_text, text_at,
};
use crate::error::{Error, Result, Warning, WarningCode, Warnings};
use crate::layer::{Entry, EntryKind, EntrySink, Meta, Placement};
use crate::limits;
use crate::path::{self, ImagePath};
use crate::progress::{Job, Kept};

pub(super) const ROOT: u32 = 0;

/// Rows and bytes of names between two reports to the job.
const NODES_AT_A_TIME: usize = 1024;
const NAMES_AT_A_TIME: usize = 256 * 1024;

/// Collects the entries of one layer.
#[derive(Debug)]
pub struct TreeBuilder {
    pub(super) name: String,
    pub(super) rows: Vec<Node>,
    pub(super) texts: Vec<u8>,
    pub(super) nanos: Vec<u32>,
    pub(super) attributes: Vec<Attributes>,
    pub(super) attribute_ids: HashMap<Attributes, u32, DefaultHashBuilder>,
    last_attributes: (Attributes, u32),
    /// Told of rows and bytes of names, and how many it was told of.
    job: Job,
    told: (usize, usize),
    pub(super) xattr_sets: Vec<XattrSet>,
    pub(super) xattr_ids: HashMap<XattrSet, u32, DefaultHashBuilder>,
    xattr_bytes: usize,
    pub(super) directories: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The directory of the last entry: its path, and every prefix's end and row.
    last_path: Vec<u8>,
    last_rows: Vec<(usize, u32)>,
    /// Directories listed again after their row was made, with the row count at that time.
    pub(super) listed_again: HashMap<u32, u32>,
    /// Directories with an opaque marker.
    pub(super) marked: HashSet<u32>,
    pub(super) links: Vec<u32>,
    /// Devices that are whiteouts once it is known what takes which name.
    pub(super) vacated: HashSet<u32>,
    pub(super) has_moves: bool,
    pub(super) entries: u64,
    pub(super) content_bytes: u64,
    pub(super) warnings: Warnings,
}

impl TreeBuilder {
    /// Starts an empty tree; `name` (escaped) appears in errors.
    pub fn new(name: impl Into<String>) -> Self {
        let mut builder = Self {
            name: name.into(),
            rows: Vec::new(),
            texts: Vec::new(),
            nanos: Vec::new(),
            attributes: vec![Attributes::default()],
            attribute_ids: HashMap::default(),
            last_attributes: (Attributes::default(), 0),
            job: Job::new(),
            told: (0, 0),
            xattr_sets: vec![XattrSet::default()],
            xattr_ids: HashMap::default(),
            xattr_bytes: 0,
            directories: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            last_path: Vec::new(),
            last_rows: Vec::new(),
            listed_again: HashMap::new(),
            marked: HashSet::new(),
            links: Vec::new(),
            vacated: HashSet::new(),
            has_moves: false,
            entries: 0,
            content_bytes: 0,
            warnings: Warnings::within(limits::LAYER_WARNING_BYTES),
        };
        builder.texts.extend_from_slice(&[0, 0]);
        builder.rows.push(implied(ROOT, 0));
        builder
    }

    /// Keeps the tree within the limits of a job.
    #[must_use]
    pub fn within(mut self, job: &Job) -> Self {
        self.job = job.clone();
        self
    }

    /// Makes a directory that no entry lists, as one that something is in.
    ///
    /// # Errors
    /// As [`EntrySink::entry`].
    pub fn imply(&mut self, path: ImagePath<'_>) -> Result<()> {
        self.directory(path.as_bytes()).map(drop)
    }

    pub(super) fn row_name(&self, row: u32) -> &[u8] {
        text_at(&self.texts, self.rows[row as usize].text as usize).0
    }

    pub(super) fn row_link(&self, row: u32) -> &[u8] {
        let (_, behind) = text_at(&self.texts, self.rows[row as usize].text as usize);
        text_at(&self.texts, behind).0
    }

    /// Appends a name, and a link target if there is one.
    pub(super) fn push_text(&mut self, name: &[u8], link: Option<&[u8]>) -> u32 {
        push_text(&mut self.texts, name, link)
    }

    pub(super) fn find_directory(&self, parent: u32, name: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one((parent, name));
        let is_it =
            |&row: &u32| self.rows[row as usize].parent == parent && self.row_name(row) == name;
        self.directories.find(hash, is_it).copied()
    }

    /// Returns the row of a directory, making it and its parents as implied ones where they are missing.
    fn directory(&mut self, path: &[u8]) -> Result<u32> {
        if path == self.last_path.as_slice() {
            return Ok(self.last_rows.last().map_or(ROOT, |&(_, row)| row));
        }
        // Keep the prefix that the path shares with the last one, component by component.
        let shared = self.last_rows.iter().take_while(|&&(end, _)| {
            self.last_path.get(..end) == path.get(..end)
                && matches!(path.get(end), None | Some(b'/'))
        });
        let shared = shared.count();
        self.last_rows.truncate(shared);
        let (mut start, mut row) = self
            .last_rows
            .last()
            .map_or((0, ROOT), |&(end, row)| (end + 1, row));
        while start < path.len() {
            let end =
                memchr::memchr(b'/', &path[start..]).map_or(path.len(), |length| start + length);
            row = self.child_directory(row, &path[start..end])?;
            self.last_rows.push((end, row));
            start = end + 1;
        }
        self.last_path.clear();
        self.last_path.extend_from_slice(path);
        Ok(row)
    }

    fn child_directory(&mut self, parent: u32, name: &[u8]) -> Result<u32> {
        if let Some(row) = self.find_directory(parent, name) {
            return Ok(row);
        }
        let text = self.push_text(name, None);
        let row = self.push_row(implied(parent, text))?;
        let hash = self.hasher.hash_one((parent, name));
        let (rows, texts, hasher) = (&self.rows, &self.texts, &self.hasher);
        self.directories.insert_unique(hash, row, |&row| {
            let node = &rows[row as usize];
            hasher.hash_one((node.parent, text_at(texts, node.text as usize).0))
        });
        Ok(row)
    }

    fn push_row(&mut self, row: Node) -> Result<u32> {
        let id = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        if id >= limits::LAYER_ENTRIES {
            return Err(self.limit(
                "the number of entries of one layer",
                limits::LAYER_ENTRIES.to_string(),
            ));
        }
        if self.texts.len() > limits::LAYER_NAME_BYTES {
            let limit = crate::units::Units::Iec.size(limits::LAYER_NAME_BYTES as u64);
            return Err(self.limit("the length of all names of one layer", limit));
        }
        self.tell(NODES_AT_A_TIME, NAMES_AT_A_TIME)?;
        self.rows.push(row);
        Ok(id)
    }

    /// Reports what there is to the job, once there is so much more than was told.
    fn tell(&mut self, rows: usize, names: usize) -> Result<()> {
        let (there, told) = ((self.rows.len(), self.texts.len()), self.told);
        let (more_rows, more_names) = (there.0 - told.0, there.1 - told.1);
        if more_rows < rows && more_names < names {
            return Ok(());
        }
        self.told = there;
        match self.job.keep(more_rows as u64, more_names as u64) {
            Kept::Within => Ok(()),
            Kept::TooManyNodes => {
                let limit = format!("{} (--max-entries raises it)", self.job.entry_limit());
                Err(self.limit(
                    "the number of entries of the image, with directories they imply,",
                    limit,
                ))
            }
            Kept::TooManyNames(limit) => {
                let limit = crate::units::Units::Iec.size(limit);
                Err(self.limit("the length of all names of the image", limit))
            }
        }
    }

    fn limit(&self, what: &'static str, limit: String) -> Error {
        Error::Limit {
            name: self.name.clone(),
            what,
            limit,
            option: None,
        }
    }

    fn set_nanos(&mut self, row: u32, nanos: u32) {
        if nanos != 0 || !self.nanos.is_empty() {
            self.nanos.resize(self.rows.len(), 0);
            self.nanos[row as usize] = nanos;
        }
    }

    fn attributes(&mut self, meta: &Meta, xattrs: &[(Vec<u8>, Vec<u8>)]) -> u32 {
        let xattrs = if xattrs.is_empty() {
            0
        } else {
            self.xattr_set(xattrs)
        };
        let key = Attributes {
            uid: meta.uid,
            gid: meta.gid,
            mode: meta.mode,
            xattrs,
            device: meta.device,
        };
        self.attributes_id(key)
    }

    fn attributes_id(&mut self, key: Attributes) -> u32 {
        if self.last_attributes.0 == key {
            return self.last_attributes.1;
        }
        let next = u32::try_from(self.attributes.len()).unwrap_or(u32::MAX);
        let id = match self.attribute_ids.get(&key) {
            Some(&id) => id,
            None if next >= flag::MOST_ATTRIBUTES => {
                let message =
                    "too many different owners and modes in one layer; some are shown wrong";
                self.warn(Warning::new(WarningCode::LimitReached, message));
                0
            }
            None => {
                self.attributes.push(key);
                self.attribute_ids.insert(key, next);
                next
            }
        };
        self.last_attributes = (key, id);
        id
    }

    fn xattr_set(&mut self, xattrs: &[(Vec<u8>, Vec<u8>)]) -> u32 {
        if let Some(&id) = self.xattr_ids.get(xattrs) {
            return id;
        }
        self.xattr_bytes += xattrs
            .iter()
            .map(|(name, value)| name.len() + value.len() + 64)
            .sum::<usize>();
        if self.xattr_bytes > limits::LAYER_XATTR_BYTES {
            let message = "too many different extended attributes in one layer; some are left out";
            self.warn(Warning::new(WarningCode::LimitReached, message));
            return 0;
        }
        let id = u32::try_from(self.xattr_sets.len()).unwrap_or(u32::MAX);
        self.xattr_sets.push(xattrs.into());
        self.xattr_ids.insert(xattrs.into(), id);
        id
    }

    fn take_directory(&mut self, entry: &Entry<'_>) -> Result<()> {
        let row = self.directory_entry(entry.path)?;
        let attributes = self.attributes(&entry.meta, entry.xattrs);
        let opaque = if entry.meta.opaque { flag::OPAQUE } else { 0 };
        let node = &mut self.rows[row as usize];
        let kept = node.packed & (flag::OPAQUE | flag::WHITED_OUT);
        node.packed = EntryKind::Dir as u32 | kept | opaque | attributes << flag::ATTRIBUTES_SHIFT;
        node.mtime = entry.meta.mtime;
        node.offset = entry.offset;
        self.set_nanos(row, entry.meta.mtime_nanos);
        if let Some(from) = entry.link {
            self.rows[row as usize].text = self.push_text(entry.path.name(), Some(from));
            self.rows[row as usize].content = MOVED;
            self.has_moves = true;
        }
        Ok(())
    }

    /// Returns the row of a directory that an entry lists, and notes when.
    fn directory_entry(&mut self, path: ImagePath<'_>) -> Result<u32> {
        if path.is_root() {
            return Ok(ROOT);
        }
        let before = self.rows.len();
        let parent = self.directory(path.parent().as_bytes())?;
        let row = self.child_directory(parent, path.name())?;
        if self.rows.len() == before {
            let now = u32::try_from(before).unwrap_or(u32::MAX);
            self.listed_again.insert(row, now);
        }
        Ok(row)
    }

    fn take_opaque_marker(&mut self, entry: &Entry<'_>) -> Result<()> {
        let row = self.directory(entry.path.as_bytes())?;
        self.rows[row as usize].packed |= flag::OPAQUE;
        self.marked.insert(row);
        Ok(())
    }

    fn take_other(&mut self, entry: &Entry<'_>) -> Result<()> {
        if entry.path.is_root() {
            self.warn(Warning::new(
                WarningCode::OddHeader,
                format!(
                    "an entry at offset {} that is no directory names the root; left out",
                    entry.offset
                ),
            ));
            return Ok(());
        }
        let meta = &entry.meta;
        let (kind, content) = match (meta.kind, entry.link) {
            (EntryKind::File, Some(_)) => (EntryKind::Hardlink, BELOW),
            (EntryKind::Hardlink, _) => (EntryKind::Hardlink, NO_INODE),
            (other, _) => (other, entry.content.unwrap_or(0)),
        };
        let size = if kind == EntryKind::File {
            meta.size
        } else {
            0
        };
        let content_bytes = self.content_with(size)?;
        let (parent, name) = entry.path.split();
        let parent = self.directory(parent.as_bytes())?;
        let text = self.push_text(name, entry.link);
        let attributes = self.attributes(meta, entry.xattrs);
        let hashed = if entry.content.is_some() {
            flag::HASHED
        } else {
            0
        };
        // Like what a file buried: no view shows it or its directory, but a hard link may keep its data.
        let hidden = if entry.placement == Placement::LinkStore {
            self.rows[parent as usize].packed |= flag::DEAD;
            flag::DEAD
        } else {
            0
        };
        let row = self.push_row(Node {
            size,
            mtime: meta.mtime,
            content,
            offset: entry.offset,
            parent,
            text,
            first_child: 0,
            packed: kind as u32 | hashed | hidden | attributes << flag::ATTRIBUTES_SHIFT,
        })?;
        // Only now: an entry that a limit refused is in no sum.
        self.content_bytes = content_bytes;
        self.set_nanos(row, meta.mtime_nanos);
        if kind == EntryKind::Hardlink {
            self.links.push(row);
        }
        if entry.placement == Placement::Vacated {
            self.vacated.insert(row);
        }
        Ok(())
    }

    /// Returns the sum of all file data with one more file: the one place where lengths of strangers are summed
    /// unseen. Behind it no sum over all layers can overflow.
    fn content_with(&self, size: u64) -> Result<u64> {
        let sum = self.content_bytes.checked_add(size);
        sum.filter(|&sum| sum <= limits::LAYER_CONTENT_BYTES)
            .ok_or_else(|| {
                let limit = crate::units::Units::Iec.size(limits::LAYER_CONTENT_BYTES);
                self.limit("the file data of one layer", limit)
            })
    }

    /// Lets a further header of an inode say mode, owner and times. Attributes that it says nothing of stay: it adds
    /// to those there are. Of a symbolic link engines change nothing but the owner.
    pub(super) fn take_header(&mut self, inode: u32, header: u32) {
        let (node, given) = (self.rows[inode as usize], self.rows[header as usize]);
        let own = self.attributes[node.attributes()];
        let mut attributes = self.attributes[given.attributes()];
        attributes.device = own.device;
        if attributes.xattrs == 0 {
            attributes.xattrs = own.xattrs;
        }
        if node.kind() == EntryKind::Symlink {
            attributes.mode = own.mode;
        } else {
            let nanos = self.nanos.get(header as usize).copied().unwrap_or(0);
            self.set_time(inode, given.mtime, nanos);
        }
        let id = self.attributes_id(attributes);
        self.set_attributes(inode, id);
    }

    /// Gives a name of an inode what another says of it.
    pub(super) fn copy_metadata(&mut self, from: u32, to: u32) {
        let given = self.rows[from as usize];
        let nanos = self.nanos.get(from as usize).copied().unwrap_or(0);
        self.set_time(to, given.mtime, nanos);
        self.set_attributes(to, u32::try_from(given.attributes()).unwrap_or(0));
    }

    fn set_time(&mut self, row: u32, mtime: i64, nanos: u32) {
        self.rows[row as usize].mtime = mtime;
        self.set_nanos(row, nanos);
    }

    fn set_attributes(&mut self, row: u32, id: u32) {
        let node = &mut self.rows[row as usize];
        let others = node.packed & ((1 << flag::ATTRIBUTES_SHIFT) - 1);
        node.packed = others | id << flag::ATTRIBUTES_SHIFT;
    }

    /// Returns the path of a row, escaped, for messages.
    pub(super) fn shown_path(&self, row: u32) -> String {
        let mut names = Vec::new();
        let mut at = row;
        while at != ROOT {
            names.push(self.row_name(at));
            at = self.rows[at as usize].parent;
        }
        names.reverse();
        path::display_absolute(&names.join(&b'/'))
    }
}

impl EntrySink for TreeBuilder {
    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        self.entries += 1;
        match entry.meta.kind {
            EntryKind::Dir => self.take_directory(&entry),
            EntryKind::Whiteout if entry.meta.opaque => self.take_opaque_marker(&entry),
            _ => self.take_other(&entry),
        }
    }

    fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }

    fn wants(&self, code: WarningCode) -> bool {
        self.warnings.has_room(code, None)
    }
}

/// A directory that is there for what is in it alone.
const fn implied(parent: u32, text: u32) -> Node {
    Node {
        size: 0,
        mtime: 0,
        content: 0,
        offset: 0,
        parent,
        text,
        first_child: 0,
        packed: EntryKind::Dir as u32 | flag::IMPLIED,
    }
}
