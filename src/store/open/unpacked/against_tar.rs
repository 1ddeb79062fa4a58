//! Whether a directory is what a tar unpacks to.
//!
//! Times are not compared: engines of every age have set those of directories in their own way. Neither are
//! extended attributes but capabilities, which are the ones that give power.

use std::fs::File;
use std::io::Read;

use super::UnpackedAs;
use crate::beneath::Beneath;
use crate::error::{Result, WarningCode};
use crate::layer::bytes::{SideBySide, Unread};
use crate::layer::verified::{Outcome, Verified};
use crate::layer::{Completeness, EntryKind, FileAt, LayerSource, Meta};
use crate::path::{ImagePath, display_absolute};
use crate::progress::Job;
use crate::tree::{FileTree, NodeId, TreeBuilder};

const CAPABILITY: &[u8] = b"security.capability";

/// What a layer was unpacked to.
pub(super) struct Unpacked<'a> {
    /// The layer as the directory shows it.
    pub(super) listed: &'a dyn LayerSource,
    pub(super) directory: &'a Beneath,
    pub(super) form: &'a UnpackedAs,
}

impl Unpacked<'_> {
    /// Compares the directory with an archive; `verified` is what is known of the archive.
    ///
    /// # Errors
    /// When one of the two cannot be listed, the archive not be read, or [`crate::error::Error::Interrupted`].
    pub(super) fn compare_with(
        &self,
        archive: &dyn LayerSource,
        verified: Verified,
        job: &Job,
    ) -> Result<Verified> {
        let listed = tree_of(self.listed, job)?;
        let whole = match self.form {
            UnpackedAs::Changes => None,
            UnpackedAs::Copy(whole) => Some(tree_of(whole, job)?),
        };
        let archived = tree_of(archive, job)?;
        let found = whole.as_ref().unwrap_or(&listed);
        let mut comparing = Comparing {
            archived: &archived,
            found,
            sees: Visible::of(&archived, found, self.form),
            verified,
            job,
        };
        let files = comparing.entries()?;
        comparing.additions(&listed)?;
        comparing.data(archive, self.directory, files)?;
        let is_whole = [&archived, &listed, found]
            .iter()
            .all(|tree| tree.completeness() == Completeness::Complete);
        let mut verified = comparing.verified;
        verified.outcome = if verified.is_damaged() {
            Outcome::Altered("its directory is not what its blob unpacks to".into())
        } else if is_whole {
            Outcome::Identical
        } else {
            Outcome::Unprovable("its blob is sound, but not all of its directory was seen".into())
        };
        Ok(verified)
    }
}

fn tree_of(source: &dyn LayerSource, job: &Job) -> Result<FileTree> {
    let mut builder = TreeBuilder::new("the layer");
    let completeness = source.scan(&mut builder, job)?;
    Ok(builder.freeze(completeness))
}

/// What of the archive shows in the directory.
#[derive(Debug, Clone, Copy)]
struct Visible {
    /// Unpacked by root: a user has numbers of his own.
    owners: bool,
    /// Directories are marked as hiding what is below, and the marks can be seen.
    opaque: bool,
    /// What is removed has a whiteout; in a whole file system it is not there.
    whiteouts: bool,
}

impl Visible {
    fn of(archived: &FileTree, found: &FileTree, form: &UnpackedAs) -> Self {
        let owner = |tree: &FileTree| tree.meta(NodeId::ROOT).map_or(0, |meta| meta.uid);
        let is_layer = matches!(form, UnpackedAs::Changes);
        let hidden = |warning: &crate::error::Warning| warning.code == WarningCode::HiddenMarks;
        Self {
            owners: owner(archived) == owner(found),
            opaque: is_layer && !found.warnings().iter().any(hidden),
            whiteouts: is_layer,
        }
    }
}

struct Comparing<'a> {
    archived: &'a FileTree,
    found: &'a FileTree,
    sees: Visible,
    verified: Verified,
    job: &'a Job,
}

impl Comparing<'_> {
    /// Looks for everything that the archive has; returns the files whose data is to be compared, in its order.
    fn entries(&mut self) -> Result<Vec<NodeId>> {
        let mut files = Vec::new();
        for node in nodes(self.archived) {
            self.job.check()?;
            if self.archived.is_dead(node) {
                continue;
            }
            let path = self.archived.path(node);
            let other = find(self.found, &path);
            match self.difference(node, other, &path) {
                Some(reason) => self.verified.note(&path, reason),
                None if self.archived.kind(node) == EntryKind::File => files.push(node),
                None => {}
            }
        }
        files.sort_unstable_by_key(|&node| self.archived.offset(node));
        Ok(files)
    }

    fn difference(&self, node: NodeId, other: Option<NodeId>, path: &[u8]) -> Option<String> {
        let kind = self.archived.kind(node);
        if kind == EntryKind::Whiteout {
            return self.whiteout_difference(other, path);
        }
        let Some(other) = other else {
            return Some("it is missing".into());
        };
        let (expected, there) = (whatever(kind), whatever(self.found.kind(other)));
        if kind == EntryKind::Hardlink {
            return self.link_difference(node, other);
        }
        if expected != there {
            let (expected, there) = (expected.as_str(), there.as_str());
            return Some(format!("it is of type {there}, not {expected}"));
        }
        match kind {
            EntryKind::File => {
                let inode = self.found.inode(other).unwrap_or(other);
                let (is, was) = (self.found.size(inode), self.archived.size(node));
                if is != was {
                    return Some(format!("it has {is} bytes, not {was}"));
                }
            }
            EntryKind::Symlink if self.archived.link(node) != self.found.link(other) => {
                return Some("it leads elsewhere".into());
            }
            EntryKind::Dir if self.sees.opaque => {
                let reason = self.opaque_difference(node, other);
                if reason.is_some() {
                    return reason;
                }
            }
            _ => {}
        }
        self.metadata_difference(node, other)
    }

    /// A whiteout in a directory that hides everything is not told by whoever lists it.
    fn whiteout_difference(&self, other: Option<NodeId>, path: &[u8]) -> Option<String> {
        match other.map(|other| self.found.kind(other)) {
            Some(EntryKind::Whiteout) => None,
            Some(_) => Some("it is there, although the layer removes it".into()),
            None if !self.sees.whiteouts || is_hidden(self.found, path) => None,
            None => Some("the whiteout that removes it is missing".into()),
        }
    }

    fn opaque_difference(&self, node: NodeId, other: NodeId) -> Option<String> {
        let is_marked = |tree: &FileTree, node| tree.meta(node).is_some_and(|meta| meta.opaque);
        match (is_marked(self.archived, node), is_marked(self.found, other)) {
            (true, false) => Some("it no longer hides what layers below have in it".into()),
            (false, true) if !self.archived.is_opaque(node) => {
                Some("it hides what layers below have in it".into())
            }
            _ => None,
        }
    }

    fn link_difference(&self, node: NodeId, other: NodeId) -> Option<String> {
        let target = self.archived.link(node)?;
        let there = find(self.found, target);
        // What the layers below have is not looked for.
        if there.is_none() && find(self.archived, target).is_none() {
            return None;
        }
        let is_of_file = self.archived.inode(node).is_some();
        let inode = |node| self.found.inode(node);
        // Of a symbolic link with two names the directory tells two that are the same.
        let what = |node| (self.found.kind(node), self.found.link(node));
        let is_link = there.is_some_and(|there| match (inode(there), inode(other)) {
            (Some(there), Some(other)) => there == other,
            (None, None) => !is_of_file && what(there) == what(other),
            _ => false,
        });
        let target = display_absolute(target);
        (!is_link).then(|| format!("it is no longer a name of {target}"))
    }

    fn metadata_difference(&self, node: NodeId, other: NodeId) -> Option<String> {
        let (was, is) = (self.archived.meta(node)?, self.found.meta(other)?);
        if was.kind != EntryKind::Symlink && was.mode != is.mode {
            return Some(format!("its mode is {:04o}, not {:04o}", is.mode, was.mode));
        }
        if self.sees.owners && (was.uid, was.gid) != (is.uid, is.gid) {
            let owner = |meta: Meta| format!("{}:{}", meta.uid, meta.gid);
            return Some(format!("its owner is {}, not {}", owner(is), owner(was)));
        }
        if was.device != is.device {
            return Some("it stands for another device".into());
        }
        let was = capabilities(self.archived, node);
        let is = capabilities(self.found, other);
        (was != is).then(|| "its capabilities are others".into())
    }

    /// Looks for what the directory has and the archive has not; of a whole tree only its top is told.
    fn additions(&mut self, listed: &FileTree) -> Result<()> {
        for node in nodes(listed).skip(1) {
            self.job.check()?;
            let path = listed.path(node);
            let has = |path: &[u8]| {
                let found = find(self.archived, path);
                found.is_some_and(|node| !self.archived.is_dead(node))
            };
            let above = parent(&path);
            let is_told =
                !has(above) && find(listed, above).is_some_and(|node| !listed.is_implied(node));
            if listed.is_implied(node) || has(&path) || is_told {
                continue;
            }
            let reason = match listed.kind(node) {
                EntryKind::Whiteout if is_hidden(self.archived, &path) => continue,
                EntryKind::Whiteout => "it is removed, which the layer does not",
                _ => "nothing in the layer has this name",
            };
            self.verified.note(&path, reason.into());
        }
        Ok(())
    }

    /// Compares the data of files in one pass over the archive.
    fn data(
        &mut self,
        archive: &dyn LayerSource,
        directory: &Beneath,
        files: Vec<NodeId>,
    ) -> Result<()> {
        let archived = self.archived;
        let paths: Vec<Vec<u8>> = files.iter().map(|&node| archived.path(node)).collect();
        let wanted: Vec<FileAt<'_>> = files
            .iter()
            .zip(&paths)
            .map(|(&node, path)| archived.file_at(node, path))
            .collect();
        let (verified, job) = (&mut self.verified, self.job);
        let mut both = SideBySide::default();
        archive.visit(
            &wanted,
            &mut |position, data| {
                let path = &paths[position];
                verified.files += 1;
                let reason = match directory.file(path) {
                    Ok(Some(file)) => compare(data, file, &mut both, job)?,
                    Ok(None) => Some("it is missing".into()),
                    Err(error) => Some(error.to_string()),
                };
                if let Some(reason) = reason {
                    verified.note(path, reason);
                }
                Ok(())
            },
            job,
        )
    }
}

/// Returns what is wrong with a file, whose data should be this.
fn compare(
    expected: &mut dyn Read,
    mut file: File,
    files: &mut SideBySide,
    job: &Job,
) -> Result<Option<String>> {
    let difference = files.first_difference(expected, &mut file, job, |bytes| job.advance(bytes));
    match difference {
        Ok(at) => Ok(at.map(|at| format!("its data differs from byte {at} on"))),
        Err(Unread::Right(_, error)) => Ok(Some(format!("it cannot be read: {error}"))),
        Err(unread) => Err(unread.named(|| "the blob".into(), String::new)),
    }
}

fn nodes(tree: &FileTree) -> impl Iterator<Item = NodeId> + use<> {
    (0..u32::try_from(tree.len()).unwrap_or(u32::MAX)).map(NodeId)
}

fn find(tree: &FileTree, path: &[u8]) -> Option<NodeId> {
    if path.is_empty() {
        return Some(NodeId::ROOT);
    }
    tree.find(ImagePath::new(path)?)
}

fn parent(path: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', path).map_or(&[], |slash| &path[..slash])
}

/// Returns whether a directory above hides what layers below have.
fn is_hidden(tree: &FileTree, path: &[u8]) -> bool {
    let mut above = path;
    while !above.is_empty() {
        above = parent(above);
        if find(tree, above).is_some_and(|node| tree.is_opaque(node)) {
            return true;
        }
    }
    false
}

/// Hard links are files.
fn whatever(kind: EntryKind) -> EntryKind {
    match kind {
        EntryKind::Hardlink => EntryKind::File,
        other => other,
    }
}

/// Returns what a program may do: the attribute without its version and without the user it is for, which the
/// kernel puts in where it was written in a user namespace (capabilities(7), "File capability extended attribute
/// versioning").
fn capabilities(tree: &FileTree, node: NodeId) -> Option<(bool, &[u8])> {
    let attributes = tree.xattrs(node).iter();
    let (_, value) = attributes
        .into_iter()
        .find(|(name, _)| name == CAPABILITY)?;
    let is_effective = value.first().is_some_and(|flags| flags & 1 != 0);
    let sets = value.get(4..20).or_else(|| value.get(4..));
    Some((is_effective, sets.unwrap_or_default()))
}
