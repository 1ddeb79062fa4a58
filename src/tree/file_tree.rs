//! One layer's tree, frozen: nodes breadth-first, children of a directory contiguous and sorted by name.

use std::ops::Range;

use crate::error::Warning;
use crate::layer::{Access, Completeness, EntryKind, FileAt, Meta};
use crate::path::ImagePath;

/// A node of one [`FileTree`]; 0 is the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The root directory.
    pub const ROOT: Self = Self(0);

    pub(crate) const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// One path of one layer. A million of them should fit into a small machine, hence the packing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) size: u64,
    pub(super) mtime: i64,
    /// Files: hash of the data if [`flag::HASHED`]. Hard links: the node with the data, [`NO_INODE`] or [`BELOW`].
    /// Directories: [`MOVED`] or 0.
    pub(super) content: u64,
    /// Offset of the entry's first header in the uncompressed layer.
    pub(super) offset: u64,
    pub(super) parent: u32,
    /// Where the name begins in [`FileTree::texts`]; the link target, or where it was moved from, follows it.
    pub(super) text: u32,
    /// Where the children begin; they end where the next node's begin.
    pub(super) first_child: u32,
    /// Kind, flags, and the index of the attributes.
    pub(super) packed: u32,
}

const _: () = assert!(size_of::<Node>() <= 48);

/// Content of a hard link whose target is not in its layer.
pub(super) const NO_INODE: u64 = u64::MAX;

/// Content of a hard link to what the lower layers have at its target, whatever its own layer has there, and with
/// metadata of its own.
pub(super) const BELOW: u64 = u64::MAX - 1;

/// Content of a directory that the lower layers have elsewhere.
pub(super) const MOVED: u64 = 1;

/// Bits of [`Node::packed`]: four of kind, six flags, the rest indexes the attributes.
pub(super) mod flag {
    /// No entry lists this directory; it is there because something below it is.
    pub(in crate::tree) const IMPLIED: u32 = 1 << 4;
    /// An opaque directory.
    pub(in crate::tree) const OPAQUE: u32 = 1 << 5;
    /// The layer also holds a whiteout of this path: nothing below it survives from lower layers.
    pub(in crate::tree) const WHITED_OUT: u32 = 1 << 6;
    /// The content hash is known.
    pub(in crate::tree) const HASHED: u32 = 1 << 7;
    /// A hard link of this layer, or of a higher one, names the same data.
    pub(in crate::tree) const LINKED: u32 = 1 << 8;
    /// Something that a later entry of the same layer buried under a file.
    pub(in crate::tree) const DEAD: u32 = 1 << 9;
    pub(in crate::tree) const KIND: u32 = 0b1111;
    pub(in crate::tree) const ATTRIBUTES_SHIFT: u32 = 10;
    /// Most different attributes of one layer.
    pub(in crate::tree) const MOST_ATTRIBUTES: u32 = 1 << (32 - ATTRIBUTES_SHIFT);
}

impl Node {
    pub(super) const fn has(&self, flag: u32) -> bool {
        self.packed & flag != 0
    }

    pub(super) fn kind(&self) -> EntryKind {
        let kind = (self.packed & flag::KIND) as usize;
        EntryKind::ALL[kind.min(EntryKind::ALL.len() - 1)]
    }

    pub(super) const fn attributes(&self) -> usize {
        (self.packed >> flag::ATTRIBUTES_SHIFT) as usize
    }
}

/// What many entries have in common; stored once per layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Attributes {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mode: u16,
    /// Index into [`FileTree::xattr_sets`]; 0 is the empty set.
    pub(super) xattrs: u32,
    pub(super) device: (u32, u32),
}

/// Extended attributes of one entry, sorted by name.
pub type XattrSet = Box<[(Vec<u8>, Vec<u8>)]>;

/// File data that a later entry of the same path in the same layer replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shadowed {
    /// The path, as the node that won.
    pub node: NodeId,
    /// Length in bytes.
    pub size: u64,
}

/// One layer's tree. Built by [`super::TreeBuilder`], never changed once it is part of a union.
#[derive(Debug, Clone)]
pub struct FileTree {
    pub(super) nodes: Vec<Node>,
    /// Names and link targets, each behind its length in two bytes.
    pub(super) texts: Vec<u8>,
    pub(super) attributes: Vec<Attributes>,
    pub(super) xattr_sets: Vec<XattrSet>,
    /// Nanoseconds of modification times by node; empty where all are 0.
    pub(super) nanos: Vec<u32>,
    pub(super) shadowed: Vec<Shadowed>,
    /// Hard links whose target is not in this layer.
    pub(super) foreign_links: Vec<NodeId>,
    pub(super) has_links: bool,
    pub(super) has_moves: bool,
    pub(super) entries: u64,
    pub(super) content_bytes: u64,
    pub(super) completeness: Completeness,
    pub(super) warnings: Vec<Warning>,
}

impl FileTree {
    /// Returns the number of nodes, the root and implied directories included.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns whether there is nothing but the root.
    pub fn is_empty(&self) -> bool {
        self.nodes.len() <= 1
    }

    /// Returns the number of records the layer holds.
    pub const fn entries(&self) -> u64 {
        self.entries
    }

    /// Returns the length of all file data the layer stores, in bytes.
    pub const fn content_bytes(&self) -> u64 {
        self.content_bytes
    }

    /// Returns whether the layer was read in full.
    pub const fn completeness(&self) -> Completeness {
        self.completeness
    }

    /// Returns what was odd about the layer.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Returns file data that later entries of the same path replaced.
    pub fn shadowed(&self) -> &[Shadowed] {
        &self.shadowed
    }

    pub(super) fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node.as_usize()]
    }

    /// Returns the children of a node as raw ids, sorted by name bytes; empty for anything without children.
    pub fn children(&self, node: NodeId) -> Range<u32> {
        let end = self
            .nodes
            .get(node.as_usize() + 1)
            .map_or(self.nodes.len() as u64, |next| next.first_child.into());
        let start = self.node(node).first_child;
        start..u32::try_from(end).unwrap_or(start)
    }

    /// Returns the last component; empty for the root.
    pub fn name(&self, node: NodeId) -> &[u8] {
        text_at(&self.texts, self.node(node).text as usize).0
    }

    /// Returns the target of a symbolic link as stored, or of a hard link as a path relative to the root.
    pub fn link(&self, node: NodeId) -> Option<&[u8]> {
        let node = self.node(node);
        matches!(node.kind(), EntryKind::Symlink | EntryKind::Hardlink).then(|| {
            let (_, behind) = text_at(&self.texts, node.text as usize);
            text_at(&self.texts, behind).0
        })
    }

    /// Returns where the lower layers have a directory that this one moved, relative to the root.
    ///
    /// Only before [`super::moves::unfold`], which leaves none.
    pub fn moved_from(&self, node: NodeId) -> Option<&[u8]> {
        let node = self.node(node);
        let is_moved = node.kind() == EntryKind::Dir && node.content == MOVED;
        is_moved.then(|| {
            let (_, behind) = text_at(&self.texts, node.text as usize);
            text_at(&self.texts, behind).0
        })
    }

    /// Returns whether a hard link leaves nothing but the data to the lower layers.
    pub(super) fn has_own_metadata(&self, node: NodeId) -> bool {
        let node = self.node(node);
        node.kind() == EntryKind::Hardlink && node.content == BELOW
    }

    /// Returns the type.
    pub fn kind(&self, node: NodeId) -> EntryKind {
        self.node(node).kind()
    }

    /// Returns the length of the data an entry carries, in bytes; 0 for anything but files with data of their own.
    pub fn size(&self, node: NodeId) -> u64 {
        self.node(node).size
    }

    /// Returns the hash of the data, where the scan had it.
    pub fn content(&self, node: NodeId) -> Option<u64> {
        let node = self.node(node);
        (node.kind() == EntryKind::File && node.has(flag::HASHED)).then_some(node.content)
    }

    /// Returns where [`crate::layer::LayerSource::open`] finds the entry.
    pub fn offset(&self, node: NodeId) -> u64 {
        self.node(node).offset
    }

    /// Returns what the entry says apart from name and link; `None` for directories that no entry lists.
    pub fn meta(&self, node: NodeId) -> Option<Meta> {
        let raw = self.node(node);
        if raw.has(flag::IMPLIED) {
            return None;
        }
        let attributes = self.attributes[raw.attributes()];
        Some(Meta {
            size: raw.size,
            mtime: raw.mtime,
            mtime_nanos: self.nanos_of(node),
            uid: attributes.uid,
            gid: attributes.gid,
            mode: attributes.mode,
            kind: raw.kind(),
            opaque: raw.has(flag::OPAQUE),
            device: attributes.device,
        })
    }

    /// Returns the extended attributes, sorted by name.
    pub fn xattrs(&self, node: NodeId) -> &[(Vec<u8>, Vec<u8>)] {
        &self.xattr_sets[self.attributes[self.node(node).attributes()].xattrs as usize]
    }

    fn nanos_of(&self, node: NodeId) -> u32 {
        self.nanos.get(node.as_usize()).copied().unwrap_or(0)
    }

    /// Returns the regular file of a layer that has exactly one. Stops at the second.
    pub fn only_file(&self) -> Option<NodeId> {
        let mut files = (0u32..)
            .zip(&self.nodes)
            .filter(|(_, node)| node.kind() == EntryKind::File);
        let (first, _) = files.next()?;
        files.next().is_none().then_some(NodeId(first))
    }

    /// Turns a hard link into a symbolic link with this target.
    pub(super) fn become_symlink(&mut self, node: NodeId, target: &[u8]) {
        let name = self.name(node).to_vec();
        let text = push_text(&mut self.texts, &name, Some(target));
        let raw = &mut self.nodes[node.as_usize()];
        raw.text = text;
        raw.content = 0;
        raw.packed = raw.packed & !flag::KIND | EntryKind::Symlink as u32;
    }

    /// Returns whether any hard link of this layer names data of this or a lower layer.
    pub const fn has_links(&self) -> bool {
        self.has_links
    }

    /// Returns the hard links whose target is not in this layer.
    pub fn foreign_links(&self) -> &[NodeId] {
        &self.foreign_links
    }

    /// Returns whether the directory hides what lower layers have below it, by a marker or because the layer
    /// removes and makes it again.
    pub fn is_opaque(&self, node: NodeId) -> bool {
        let node = self.node(node);
        node.kind() == EntryKind::Dir && node.has(flag::OPAQUE | flag::WHITED_OUT)
    }

    /// Returns whether no entry lists this directory.
    pub fn is_implied(&self, node: NodeId) -> bool {
        self.node(node).has(flag::IMPLIED)
    }

    /// Returns whether a later entry of the same layer buried this one under a file.
    pub fn is_dead(&self, node: NodeId) -> bool {
        self.node(node).has(flag::DEAD)
    }

    /// Returns whether a hard link, of this layer or a higher one, names the same data.
    pub fn is_linked(&self, node: NodeId) -> bool {
        self.node(node).has(flag::LINKED)
    }

    /// Returns the node of this layer that has the data of a file or hard link.
    pub fn inode(&self, node: NodeId) -> Option<NodeId> {
        let raw = self.node(node);
        match raw.kind() {
            EntryKind::File => Some(node),
            EntryKind::Hardlink => u32::try_from(raw.content).ok().map(NodeId),
            _ => None,
        }
    }

    /// Returns whether two entries differ in nothing but perhaps content: mode, owner, times, attributes.
    pub fn has_same_metadata(&self, node: NodeId, other: &Self, other_node: NodeId) -> bool {
        let (here, there) = (self.node(node), other.node(other_node));
        let (mine, theirs) = (
            self.attributes[here.attributes()],
            other.attributes[there.attributes()],
        );
        here.mtime == there.mtime
            && self.nanos_of(node) == other.nanos_of(other_node)
            && (mine.uid, mine.gid, mine.mode, mine.device)
                == (theirs.uid, theirs.gid, theirs.mode, theirs.device)
            && self.xattrs(node) == other.xattrs(other_node)
    }

    /// Looks a path up. Cost is its depth times the logarithm of the directories' sizes.
    pub fn find(&self, path: ImagePath<'_>) -> Option<NodeId> {
        path.components()
            .try_fold(NodeId::ROOT, |node, name| self.child(node, name))
    }

    /// Looks a child up by name.
    pub(super) fn child(&self, node: NodeId, name: &[u8]) -> Option<NodeId> {
        let range = self.children(node);
        let (mut low, mut high) = (range.start, range.end);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.name(NodeId(middle)).cmp(name) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(NodeId(middle)),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Returns the directory a node is in; that of the root is the root.
    pub fn parent(&self, node: NodeId) -> NodeId {
        NodeId(self.node(node).parent)
    }

    /// Returns the whole path of a node, relative, without leading slash. Cost is its depth.
    pub fn path(&self, node: NodeId) -> Vec<u8> {
        let mut names = Vec::new();
        let mut at = node;
        while at != NodeId::ROOT {
            names.push(self.name(at));
            at = NodeId(self.node(at).parent);
        }
        names.reverse();
        names.join(&b'/')
    }

    /// Returns the paths by which a layer finds files; empty ones where it finds them by their offsets.
    pub fn paths_for(&self, access: Access, nodes: impl Iterator<Item = NodeId>) -> Vec<Vec<u8>> {
        let path = |node| match access {
            Access::Sequential => Vec::new(),
            Access::Random => self.path(node),
        };
        nodes.map(path).collect()
    }

    /// Returns how the layer is asked for the data of a file; `path` is the file's own.
    pub fn file_at<'a>(&self, node: NodeId, path: &'a [u8]) -> FileAt<'a> {
        FileAt {
            offset: self.offset(node),
            // Names come from the scan, which normalised them.
            path: ImagePath::new(path).unwrap_or(ImagePath::ROOT),
            size: self.size(node),
        }
    }
}

/// Returns the text that begins at `at` and where the next begins.
pub(super) fn text_at(texts: &[u8], at: usize) -> (&[u8], usize) {
    let length = texts[at..]
        .first_chunk::<2>()
        .map_or(0, |bytes| usize::from(u16::from_le_bytes(*bytes)));
    let start = at + 2;
    (&texts[start..start + length], start + length)
}

/// Appends a name, and a link target if there is one; returns where they begin.
pub(super) fn push_text(texts: &mut Vec<u8>, name: &[u8], link: Option<&[u8]>) -> u32 {
    let at = u32::try_from(texts.len()).unwrap_or(u32::MAX);
    for text in std::iter::once(name).chain(link) {
        let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
        texts.extend_from_slice(&length.to_le_bytes());
        texts.extend_from_slice(&text[..usize::from(length)]);
    }
    at
}
