//! What `ncdu -f` browses: an image as one view shows it, hard links with their inode.
//!
//! Sizes are lengths of file data: an image has no disk blocks. Nested by depth, so it is walked with a stack.

mod entry;

use std::collections::HashMap;
use std::io::{self, Write};

use crate::analysis::Analysis;
use crate::layer::{EntryKind, LayerIndex};
use crate::tree::{MergedTree, NodeId, PathId};

pub(crate) use entry::{Attributes, Entry, Link, Nesting, Refusal};

/// Writes the merged view.
///
/// # Errors
/// Those of `output`.
pub(super) fn write(analysis: &Analysis, output: &mut dyn Write) -> io::Result<()> {
    let mut output = io::BufWriter::new(output);
    let name = root_name(analysis);
    let root = Entry::named(name.as_bytes());
    let mut nesting = Nesting::begin(&mut output)?;
    nesting.enter(&root)?;
    let view = Merged {
        tree: &analysis.tree,
        top: analysis.tree.top(),
        links: links(&analysis.tree),
    };
    view.write(&mut nesting)?;
    nesting.leave()?;
    nesting.end()?;
    output.flush()
}

fn root_name(analysis: &Analysis) -> String {
    let image = &analysis.image;
    match (image.names.first(), &image.id) {
        (Some(name), _) => name.clone(),
        (None, Some(id)) => id.to_string(),
        (None, None) => analysis.source.locator.clone(),
    }
}

type Links = HashMap<(LayerIndex, NodeId), u32>;

/// Counts the visible names of data that may have several.
fn links(tree: &MergedTree) -> Links {
    let mut links = Links::new();
    for path in tree.paths() {
        if let Some(data) = linked(tree, path) {
            *links.entry(data).or_default() += 1;
        }
    }
    links
}

fn linked(tree: &MergedTree, path: PathId) -> Option<(LayerIndex, NodeId)> {
    let version = tree.at(path, tree.top())?;
    let is_file = tree.layer(version.layer).kind(version.node).is_file();
    let data = tree.inode(version.layer, version.node);
    data.filter(|&(layer, node)| is_file && tree.is_linked(layer, node))
}

struct Merged<'a> {
    tree: &'a MergedTree,
    top: LayerIndex,
    links: Links,
}

impl Merged<'_> {
    fn write<W: Write>(&self, nesting: &mut Nesting<W>) -> io::Result<()> {
        let mut open = vec![self.tree.children(PathId::ROOT)];
        while let Some(children) = open.last_mut() {
            let Some(path) = children.next().map(PathId) else {
                open.pop();
                if !open.is_empty() {
                    nesting.leave()?;
                }
                continue;
            };
            let Some(version) = self.tree.at(path, self.top) else {
                continue;
            };
            let kind = self.tree.layer(version.layer).kind(version.node);
            let entry = self.entry(path, kind);
            if kind == EntryKind::Dir {
                nesting.enter(&entry)?;
                open.push(self.tree.children(path));
            } else {
                nesting.leaf(&entry)?;
            }
        }
        Ok(())
    }

    fn entry(&self, path: PathId, kind: EntryKind) -> Entry<'_> {
        let version = self.tree.at(path, self.top);
        let data = version
            .filter(|_| kind.is_file())
            .and_then(|version| self.tree.inode(version.layer, version.node));
        let size = data.map_or(0, |(layer, node)| self.tree.layer(layer).size(node));
        let metadata = self.tree.metadata_at(path, self.top);
        let meta = metadata.and_then(|(layer, node)| self.tree.layer(layer).meta(node));
        let link = linked(self.tree, path).and_then(|data| {
            let names = self.links.get(&data).copied()?;
            // One number for each place of data in the image.
            let inode = u64::from(data.0.0) << 32 | u64::from(data.1.0);
            (names > 1).then_some(Link {
                inode,
                names: names.into(),
            })
        });
        Entry {
            bytes: size,
            disk_bytes: size,
            link,
            is_regular: kind.is_file() || kind == EntryKind::Dir,
            attributes: meta.map(|meta| Attributes {
                uid: meta.uid,
                gid: meta.gid,
                mode: u32::from(meta.mode) | type_bits(kind),
                mtime: meta.mtime,
            }),
            ..Entry::named(self.tree.name(path))
        }
    }
}

/// File type bits of `st_mode`.
const fn type_bits(kind: EntryKind) -> u32 {
    match kind {
        EntryKind::File | EntryKind::Hardlink => 0o100_000,
        EntryKind::Dir => 0o040_000,
        EntryKind::Symlink => 0o120_000,
        EntryKind::Fifo => 0o010_000,
        EntryKind::CharDevice | EntryKind::Whiteout => 0o020_000,
        EntryKind::BlockDevice => 0o060_000,
        EntryKind::Socket => 0o140_000,
    }
}
