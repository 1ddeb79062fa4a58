//! Named files that become a directory or an archive, and the choices every container shares.

use std::fs;
use std::path::Path;

use super::codec::Codec;
use super::item::{Item, Kind};
use super::tar;

/// What one member is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Member {
    Dir,
    File(Vec<u8>),
    Symlink(String),
}

/// The files of a container, in order.
#[derive(Debug, Clone, Default)]
pub struct Members(Vec<(String, Member)>);

impl Members {
    /// Adds a directory, once.
    pub fn dir(&mut self, name: &str) {
        if !self.contains(name) {
            self.0.push((name.to_owned(), Member::Dir));
        }
    }

    /// Adds a file; the first of a name stays, which is right for blobs named by their digest.
    pub fn file(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        if !self.contains(name) {
            self.0.push((name.to_owned(), Member::File(bytes.into())));
        }
    }

    /// Adds a symbolic link.
    pub fn symlink(&mut self, name: &str, target: &str) {
        let member = Member::Symlink(target.to_owned());
        self.0.push((name.to_owned(), member));
    }

    /// Returns whether there is a member of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(member, _)| member == name)
    }

    /// Removes a member, for images saved in part.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(member, _)| member != name);
    }

    /// Returns the bytes of a file.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find_map(|(member, found)| match found {
            Member::File(bytes) if member == name => Some(&bytes[..]),
            _ => None,
        })
    }

    /// Replaces the bytes of a file, for documents that contradict each other.
    pub fn replace(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        let member = Member::File(bytes.into());
        match self.0.iter_mut().find(|(found, _)| found == name) {
            Some((_, slot)) => *slot = member,
            None => self.0.push((name.to_owned(), member)),
        }
    }

    /// Returns the names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Begins with another member, and goes through them backwards if that is an odd one.
    #[must_use]
    pub fn turned(mut self, first: usize) -> Self {
        let members = self.0.len();
        self.0.rotate_left(first % members);
        if first % 2 == 1 {
            self.0.reverse();
        }
        self
    }

    /// Returns a tar of all members, wrapped.
    pub fn archive(&self, wrapping: Codec) -> Vec<u8> {
        let items: Vec<_> = self.0.iter().map(record).collect();
        wrapping.compress(&tar::archive(&items))
    }

    /// Writes the members below an existing directory.
    pub fn write_to(&self, directory: &Path) {
        for (name, member) in &self.0 {
            let path = directory.join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            match member {
                Member::Dir => fs::create_dir_all(&path).expect("a directory"),
                Member::File(bytes) => fs::write(&path, bytes).expect("a file"),
                Member::Symlink(target) => {
                    std::os::unix::fs::symlink(target, &path).expect("a symlink");
                }
            }
        }
    }
}

fn record((name, member): &(String, Member)) -> Item {
    let kind = match member {
        Member::Dir => Kind::Dir,
        Member::File(bytes) => Kind::File(bytes.clone()),
        Member::Symlink(target) => Kind::Symlink(target.clone().into()),
    };
    // Engines write the time of the image or 1970; the latter needs no knowledge of images here.
    Item {
        mtime: 0,
        ..Item::new(name, kind)
    }
}

/// What a repeated layer is in a legacy `docker save`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeated {
    /// Stored again.
    Copied,
    /// A symbolic link to the first.
    Symlinked,
}

/// How an OCI index is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {
    /// `index.json` lists the manifests.
    Flat,
    /// `index.json` lists one index per name, which lists the platforms.
    Nested,
    /// As `Nested`, with a `BuildKit` attestation beside each manifest.
    Attested,
}

/// Choices when an image is put into a container.
#[derive(Debug, Clone, Copy)]
pub struct Packing {
    pub codec: Codec,
    pub repeated: Repeated,
    pub index: Index,
}

impl Packing {
    /// Chooses the compression of layers and the plain form of everything else.
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            repeated: Repeated::Copied,
            index: Index::Flat,
        }
    }

    /// Chooses what repeated layers are.
    pub fn repeated(self, repeated: Repeated) -> Self {
        Self { repeated, ..self }
    }

    /// Chooses the layout of the index.
    pub fn index(self, index: Index) -> Self {
        Self { index, ..self }
    }
}
