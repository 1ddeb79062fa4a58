//! bbolt databases, read without a lock: bounds-checked, of any state.
//!
//! Engines hold an exclusive lock on theirs as long as they run, so a lock is never asked for. bbolt never
//! writes over what its newest transaction needs: a copy between two looks at the newest transaction that
//! agree is whole. Format: bbolt's page.go, meta.go and bucket.go at 4e65d8f; everything is little-endian.

mod page;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;

use crate::beneath::Beneath;
use crate::error::{Error, Result};
use crate::limits;

use page::{Element, META_END, Meta, Page, PageKind};

/// Copies that are made while an engine goes on writing before the last one is taken as it is.
const ATTEMPTS: usize = 3;

/// Deepest tree of pages; two elements on each level would already fill any disk.
const DEPTH: usize = 64;

/// Most different reasons that are kept of what could not be read.
const REASONS: usize = 8;

/// Whether a copy is one state of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consistency {
    /// It is.
    Steady,
    /// The engine wrote on and on: parts may belong to different states.
    Moving,
}

/// A copy of a database in memory.
#[derive(Debug)]
pub struct Database {
    name: String,
    bytes: Vec<u8>,
    meta: Meta,
    consistency: Consistency,
    /// What may still be read: pages that point at each other make a small file arbitrarily long.
    budget: Cell<u64>,
    damage: RefCell<Damage>,
}

#[derive(Debug, Default)]
struct Damage {
    reasons: Vec<String>,
    more: u64,
}

/// A bucket: keys with values and further buckets, sorted by key.
#[derive(Debug, Clone, Copy)]
pub struct Bucket<'a> {
    database: &'a Database,
    root: Root<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Root<'a> {
    Page(u64),
    /// A small bucket lies in the value that stands for it.
    Inline(&'a [u8]),
}

/// What a key stands for.
#[derive(Debug, Clone, Copy)]
pub enum Item<'a> {
    /// A value, of which the database knows only the bytes.
    Value(&'a [u8]),
    /// Another bucket.
    Bucket(Bucket<'a>),
}

impl Database {
    /// Copies a database; `None` where nothing has the name.
    ///
    /// # Errors
    /// As [`Beneath::read`] with [`limits::DATABASE_BYTES`], or [`Error::BadDocument`] as [`Database::parse`].
    pub fn open(root: &Beneath, place: &[u8]) -> Result<Option<Self>> {
        let Some(file) = root.file(place)? else {
            return Ok(None);
        };
        let name = root.shown(place);
        let copy = || whole(&file, &name);
        let (bytes, consistency) = copy_steadily(copy, |bytes| newest(&file, bytes))?;
        let mut database = Self::parse(&name, bytes)?;
        database.consistency = consistency;
        Ok(Some(database))
    }

    /// Returns whether no transaction has ended since the copy was made.
    pub fn is_current(&self, root: &Beneath, place: &[u8]) -> bool {
        let file = root.file(place).ok().flatten();
        file.is_some_and(|file| newest(&file, &self.bytes) == Some(self.meta.txid))
    }

    /// Takes the bytes of a database; `name` is escaped.
    ///
    /// # Errors
    /// [`Error::BadDocument`] when neither of its two meta pages is intact.
    pub fn parse(name: &str, bytes: Vec<u8>) -> Result<Self> {
        let Some(meta) = Meta::newest(&bytes) else {
            return Err(Error::BadDocument {
                name: name.to_owned(),
                document: "the database".into(),
                reason: "it has no intact bbolt meta page".into(),
            });
        };
        // Sixteen bytes is the least an element takes: enough to read all of it sixteen times and more.
        let budget = Cell::new(bytes.len() as u64 + (1 << 22));
        Ok(Self {
            name: name.to_owned(),
            bytes,
            meta,
            consistency: Consistency::Steady,
            budget,
            damage: RefCell::default(),
        })
    }

    /// Returns its name for messages, escaped.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether it is one state of the database.
    pub const fn consistency(&self) -> Consistency {
        self.consistency
    }

    /// Returns the bucket that holds everything.
    pub const fn root(&self) -> Bucket<'_> {
        Bucket {
            database: self,
            root: Root::Page(self.meta.root),
        }
    }

    /// Returns what was left out so far because it could not be read, one line, escaped.
    pub fn damage(&self) -> Option<String> {
        let damage = self.damage.borrow();
        if damage.reasons.is_empty() {
            return None;
        }
        let reasons = damage.reasons.join("; ");
        Some(match damage.more {
            0 => reasons,
            more => format!("{reasons}; and {more} more"),
        })
    }

    fn note(&self, reason: String) {
        let mut damage = self.damage.borrow_mut();
        if damage.reasons.contains(&reason) {
            return;
        }
        if damage.reasons.len() < REASONS {
            damage.reasons.push(reason);
        } else {
            damage.more += 1;
        }
    }

    /// Takes what reading costs from the budget.
    fn spend(&self, cost: u64) -> Option<()> {
        let left = self.budget.get().checked_sub(cost);
        self.budget.set(left.unwrap_or(0));
        if left.is_none() {
            self.note("its pages are reached over and over: the rest was left out".into());
        }
        left.map(|_| ())
    }

    fn page(&self, id: u64) -> Option<Page<'_>> {
        self.spend(1)?;
        Page::at(&self.bytes, &self.meta, id)
            .map_err(|reason| self.note(reason))
            .ok()
    }

    fn item<'a>(&'a self, element: &Element<'a>) -> Option<Item<'a>> {
        self.spend(1 + (element.key.len() + element.value.len()) as u64 / 16)?;
        if !element.is_bucket {
            return Some(Item::Value(element.value));
        }
        let Some(root) = page::bucket_root(element.value) else {
            self.note("a bucket is cut short".into());
            return None;
        };
        let root = match root {
            0 => Root::Inline(&element.value[page::BUCKET_BYTES..]),
            root => Root::Page(root),
        };
        Some(Item::Bucket(Bucket {
            database: self,
            root,
        }))
    }
}

impl<'a> Bucket<'a> {
    /// Returns what a key stands for.
    pub fn get(&self, key: &[u8]) -> Option<Item<'a>> {
        let database = self.database;
        let mut page = self.first_page()?;
        for _ in 0..DEPTH {
            match page.kind {
                PageKind::Leaf => {
                    let element = page.exactly(key)?;
                    return database.item(&element);
                }
                PageKind::Branch => page = database.page(page.child_for(key)?)?,
            }
        }
        database.note(format!("its pages are more than {DEPTH} deep"));
        None
    }

    /// Returns the bucket that a key stands for.
    pub fn bucket(&self, key: &[u8]) -> Option<Self> {
        match self.get(key)? {
            Item::Bucket(bucket) => Some(bucket),
            Item::Value(_) => None,
        }
    }

    /// Returns the value that a key stands for.
    pub fn value(&self, key: &[u8]) -> Option<&'a [u8]> {
        match self.get(key)? {
            Item::Value(value) => Some(value),
            Item::Bucket(_) => None,
        }
    }

    /// Returns the bucket at the end of a path of buckets.
    pub fn descend(&self, keys: &[&[u8]]) -> Option<Self> {
        keys.iter()
            .try_fold(*self, |bucket, key| bucket.bucket(key))
    }

    /// Returns everything in the bucket, by key. What cannot be read is left out: see [`Database::damage`].
    pub fn items(&self) -> Items<'a> {
        Items {
            database: self.database,
            stack: self
                .first_page()
                .map(|page| (page, 0))
                .into_iter()
                .collect(),
            seen: HashSet::new(),
        }
    }

    /// Returns the buckets in the bucket, by key.
    pub fn buckets(&self) -> impl Iterator<Item = (&'a [u8], Self)> + use<'a> {
        self.items().filter_map(|(key, item)| match item {
            Item::Bucket(bucket) => Some((key, bucket)),
            Item::Value(_) => None,
        })
    }

    /// Returns the values in the bucket, by key.
    pub fn values(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        self.items().filter_map(|(key, item)| match item {
            Item::Value(value) => Some((key, value)),
            Item::Bucket(_) => None,
        })
    }

    fn first_page(&self) -> Option<Page<'a>> {
        match self.root {
            Root::Page(id) => self.database.page(id),
            Root::Inline(bytes) => Page::inline(bytes)
                .map_err(|reason| self.database.note(reason))
                .ok(),
        }
    }
}

/// The items of a bucket: see [`Bucket::items`].
#[derive(Debug)]
pub struct Items<'a> {
    database: &'a Database,
    stack: Vec<(Page<'a>, usize)>,
    seen: HashSet<u64>,
}

impl Items<'_> {
    fn enter(&mut self, id: u64) {
        if self.stack.len() >= DEPTH {
            let reason = format!("its pages are more than {DEPTH} deep");
            self.database.note(reason);
        } else if !self.seen.insert(id) {
            self.database.note(format!("page {id} is reached twice"));
        } else if let Some(page) = self.database.page(id) {
            self.stack.push((page, 0));
        }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = (&'a [u8], Item<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (page, next) = self.stack.last_mut()?;
            if *next >= page.count {
                self.stack.pop();
                continue;
            }
            let found = page.element(*next);
            let (kind, id) = (page.kind, page.id);
            *next += 1;
            let Some(element) = found else {
                let reason = format!("an element of page {id} points out of its page");
                self.database.note(reason);
                // Without a cost, a count of 65535 on each of a hundred thousand empty pages would be free.
                self.database.spend(1)?;
                continue;
            };
            match kind {
                PageKind::Branch => self.enter(element.child),
                PageKind::Leaf => match self.database.item(&element) {
                    Some(item) => return Some((element.key, item)),
                    None if self.database.budget.get() == 0 => return None,
                    None => {}
                },
            }
        }
    }
}

/// Reads a file from its beginning to its end, within the limit.
fn whole(file: &File, name: &str) -> Result<Vec<u8>> {
    let limit = limits::DATABASE_BYTES;
    let failed = |source| Error::unread(name, source);
    let length = file.metadata().map_err(failed)?.len();
    // What is too long is not read first.
    if length > limit {
        return Err(too_long(name));
    }
    let mut bytes = Vec::new();
    let mut reader = file.take(limit + 1);
    std::io::Seek::rewind(&mut &*file).map_err(failed)?;
    reader.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(too_long(name));
    }
    Ok(bytes)
}

fn too_long(name: &str) -> Error {
    let limit = limits::DATABASE_BYTES;
    Error::limit(name, "the length of the database", format!("{limit} bytes"))
}

/// Returns the newest transaction that the file has now; the copy tells where its meta pages are.
fn newest(file: &File, copy: &[u8]) -> Option<u64> {
    let page_size = Meta::newest(copy)?.page_size;
    let metas = [0, page_size].map(|offset| {
        let mut bytes = [0; META_END];
        file.read_exact_at(&mut bytes, offset).ok()?;
        Meta::read(&bytes)
    });
    metas.into_iter().flatten().map(|meta| meta.txid).max()
}

/// Copies until no transaction has ended meanwhile.
fn copy_steadily(
    mut copy: impl FnMut() -> Result<Vec<u8>>,
    mut newest_now: impl FnMut(&[u8]) -> Option<u64>,
) -> Result<(Vec<u8>, Consistency)> {
    let mut bytes = copy()?;
    for attempt in 1.. {
        let copied = Meta::newest(&bytes).map(|meta| meta.txid);
        if copied == newest_now(&bytes) {
            return Ok((bytes, Consistency::Steady));
        }
        if attempt >= ATTEMPTS {
            break;
        }
        bytes = copy()?;
    }
    Ok((bytes, Consistency::Moving))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) mod writer;
