//! What one layer holds on its own, once every record of it was read.
//!
//! Symbolic links that the layer has made so far are followed on the way to a record, and to what a hard link names.
//! Markers are taken last: they hide nothing of their own layer, but make the directories they stand in.

use std::collections::{BTreeMap, BTreeSet};

use super::super::item::{Item, Kind};
use super::node::{Inode, InodeId, Meta, Node, Visible};
use super::{Path, ancestors};

/// One layer: nodes by path, and markers, whose position never matters.
#[derive(Debug, Default)]
pub struct Own {
    pub nodes: BTreeMap<Path, Node>,
    pub whiteouts: BTreeSet<Path>,
    pub opaque: BTreeSet<Path>,
    /// Position of every hard link and what a header for it has to say: of a file of a lower layer what was stored
    /// with it, of one of this layer anything; `None`: it names no file.
    pub links: Vec<(usize, Option<Meta>)>,
    /// Positions of records that no rule gives a meaning and no archiver writes: they make a path directory,
    /// something else and directory again (or the reverse), or bury files with several names, or link to a lower file whose path
    /// the same layer stores afterwards, or to themselves, or to what is buried.
    pub ambiguous: Vec<usize>,
    turns: BTreeMap<Path, u32>,
    buried: BTreeSet<Path>,
    /// Positions of hard links whose target this layer had not stored when they came.
    to_lower: BTreeSet<usize>,
    /// Names that hard links of this layer gave to inodes, in stored order.
    linked: Vec<(InodeId, Path)>,
}

impl Own {
    /// Reads the records in stored order; new data is added to `inodes`.
    pub fn read(
        items: &[Item],
        layer: usize,
        below: &BTreeMap<Path, Visible>,
        inodes: &mut Vec<Inode>,
    ) -> Self {
        let mut own = Self::default();
        let first = inodes.len();
        let mut led = Vec::new();
        for (position, item) in items.iter().enumerate() {
            led.push(own.led(item));
            own.record(&led[position], (position, layer), below, (inodes, first));
            if own.turns.values().any(|&turns| turns > 1) {
                own.ambiguous.push(position);
                own.turns.clear();
            }
        }
        own.rename_inherited(layer, inodes);
        own.vacate();
        own.settle_markers();
        own.note_links_overtaken(&led);
        own
    }

    fn record(
        &mut self,
        item: &Item,
        (position, layer): (usize, usize),
        below: &BTreeMap<Path, Visible>,
        (inodes, first): (&mut Vec<Inode>, InodeId),
    ) {
        match &item.kind {
            Kind::Raw(_) => {}
            Kind::Whiteout => {
                self.whiteouts.insert(item.path.clone());
            }
            Kind::Opaque => {
                self.opaque.insert(item.path.clone());
            }
            Kind::File(data) => {
                inodes.push(Inode {
                    path: item.path.clone(),
                    layer,
                    data: data.clone(),
                    meta: Meta::of(item),
                });
                self.put(&item.path, Node::File(inodes.len() - 1));
            }
            Kind::Hardlink(target) => {
                let inode = self.linked(target, below);
                if !self.nodes.contains_key(target) {
                    self.to_lower.insert(position);
                }
                let own = inode.filter(|&inode| inode >= first);
                if let Some(inode) = own {
                    inodes[inode].meta.take(Meta::of(item));
                }
                let meta = inode.map(|inode| match own {
                    Some(_) => Meta::of(item),
                    None => inodes[inode].meta.clone(),
                });
                self.links.push((position, meta));
                self.linked
                    .extend(inode.map(|inode| (inode, item.path.clone())));
                let nothing = || Node::Nothing(target.clone(), Meta::of(item));
                self.put(&item.path, inode.map_or_else(nothing, Node::File));
            }
            _ if item.path.is_empty() => {}
            _ => self.put(&item.path, Node::simple(item)),
        }
    }

    /// The record where the links made so far lead it. The name itself is not followed; an opaque marker is a name
    /// in the directory it acts on.
    fn led(&self, item: &Item) -> Item {
        let mut led = item.clone();
        led.path = match item.kind {
            Kind::Opaque => self.follow(&item.path, b""),
            _ => self.led_name(&item.path, b""),
        };
        if let Kind::Hardlink(target) = &mut led.kind {
            // An unpacker makes the directories and takes away what has the name before it makes the link.
            *target = self.led_name(target, &led.path);
        }
        led
    }

    fn led_name(&self, path: &[u8], gone: &[u8]) -> Path {
        match path.iter().rposition(|&byte| byte == b'/') {
            Some(slash) => {
                let directory = self.follow(&path[..slash], gone);
                let parts = [&directory, &path[slash + 1..]];
                parts
                    .into_iter()
                    .filter(|part| !part.is_empty())
                    .collect::<Vec<_>>()
                    .join(&b'/')
            }
            None => path.to_vec(),
        }
    }

    /// Where a directory is, with what is at `gone`, in it, or on the way there, no link. Links lead inside the root; after forty the name is taken
    /// as it is.
    fn follow(&self, directory: &[u8], gone: &[u8]) -> Path {
        let names = |path: &[u8]| -> Vec<Path> {
            path.split(|&byte| byte == b'/')
                .map(<[u8]>::to_vec)
                .collect()
        };
        let (mut left, mut at, mut links) = (names(directory), Vec::<Path>::new(), 0);
        while !left.is_empty() {
            let name = left.remove(0);
            match name.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    at.pop();
                    continue;
                }
                _ => at.push(name),
            }
            let place = at.join(&b'/');
            let is_within = |path: &[u8], of: &[u8]| ancestors(path).any(|above| above == of);
            let is_gone = place == gone || is_within(gone, &place);
            let is_gone = is_gone || !gone.is_empty() && is_within(&place, gone);
            let node = self.nodes.get(&place).filter(|_| !is_gone);
            if let Some(Node::Symlink(target, _)) = node {
                links += 1;
                if links > 40 {
                    return directory.to_vec();
                }
                at.pop();
                if target.starts_with(b"/") {
                    at.clear();
                }
                left.splice(0..0, names(target));
            }
        }
        at.join(&b'/')
    }

    /// A device 0:0 takes its name as any record does; what is left of it in the end is a whiteout.
    fn vacate(&mut self) {
        let is_vacated = |node: &Node| matches!(node, Node::Special("char", (0, 0), _));
        let nodes = std::mem::take(&mut self.nodes).into_iter();
        let (vacated, kept): (BTreeMap<_, _>, _) = nodes.partition(|(_, node)| is_vacated(node));
        self.nodes = kept;
        self.whiteouts.extend(vacated.into_keys());
    }

    fn settle_markers(&mut self) {
        let parents = self
            .whiteouts
            .iter()
            .filter_map(|path| ancestors(path).next());
        let marked: Vec<Path> = parents
            .map(<[u8]>::to_vec)
            .chain(self.opaque.clone())
            .collect();
        for directory in marked {
            self.make_for_marker(&directory);
        }
        let nodes = &self.nodes;
        let is_there = |path: &Path| path.is_empty() || nodes.get(path).is_some_and(Node::is_dir);
        self.opaque.retain(is_there);
    }

    /// Stops at what is no directory, and at what the layer removes and nothing but markers would make again.
    fn make_for_marker(&mut self, directory: &[u8]) {
        let mut on_the_way: Vec<&[u8]> = ancestors(directory).collect();
        on_the_way.reverse();
        on_the_way.push(directory);
        for path in on_the_way.into_iter().filter(|path| !path.is_empty()) {
            match self.nodes.get(path) {
                Some(node) if node.is_dir() => {}
                None if !self.whiteouts.contains(path) => {
                    self.nodes.insert(path.to_vec(), Node::Dir(None));
                }
                _ => return,
            }
        }
    }

    /// What a hard link shares: what this layer has stored at the target so far, else what lower layers show
    /// there, whether or not this layer hides it.
    fn linked(&self, target: &[u8], below: &BTreeMap<Path, Visible>) -> Option<InodeId> {
        let own = self.nodes.get(target);
        match own.or_else(|| below.get(target).map(|visible| &visible.node)) {
            Some(Node::File(inode)) => Some(*inode),
            _ => None,
        }
    }

    /// Data whose own name was taken by a later record goes by the first link that keeps it.
    fn rename_inherited(&self, layer: usize, inodes: &mut [Inode]) {
        for (id, inode) in inodes.iter_mut().enumerate() {
            let is_taken = self.nodes.contains_key(&inode.path) && !self.is_at(id, &inode.path);
            if inode.layer != layer || !is_taken {
                continue;
            }
            let heir = self
                .linked
                .iter()
                .find(|(of, name)| *of == id && self.is_at(id, name));
            if let Some((_, name)) = heir {
                inode.path.clone_from(name);
            }
        }
    }

    fn note_links_overtaken(&mut self, items: &[Item]) {
        for (position, item) in items.iter().enumerate() {
            let Kind::Hardlink(target) = &item.kind else {
                continue;
            };
            let is_overtaken = self.to_lower.contains(&position) && self.nodes.contains_key(target);
            if is_overtaken || *target == item.path || self.buried.contains(target) {
                self.ambiguous.push(position);
            }
        }
    }

    fn is_at(&self, inode: InodeId, path: &[u8]) -> bool {
        self.nodes.get(path) == Some(&Node::File(inode))
    }

    /// The last record of a path wins, but two directories are one. What was below a directory goes with it.
    fn put(&mut self, path: &[u8], node: Node) {
        self.imply_ancestors(path);
        if !node.is_dir() {
            let prefix = [path, b"/"].concat();
            let mut buried = self
                .nodes
                .iter()
                .filter(|(other, _)| other.starts_with(&prefix));
            let is_linked = |node: &Node| {
                let mut inodes = self.linked.iter().map(|(inode, _)| Node::File(*inode));
                inodes.any(|linked| linked == *node)
            };
            if buried.any(|(_, node)| is_linked(node)) {
                self.turns.insert(path.to_vec(), 2);
            }
            let is_below = |other: &&Path| other.starts_with(&prefix);
            self.buried
                .extend(self.nodes.keys().filter(is_below).cloned());
            self.nodes.retain(|other, _| !other.starts_with(&prefix));
        }
        self.insert(path, node);
    }

    fn insert(&mut self, path: &[u8], node: Node) {
        let is_dir = node.is_dir();
        let old = self.nodes.insert(path.to_vec(), node);
        if old.is_some_and(|old| old.is_dir() != is_dir) {
            *self.turns.entry(path.to_vec()).or_default() += 1;
        }
    }

    fn imply_ancestors(&mut self, path: &[u8]) {
        for ancestor in ancestors(path) {
            self.imply(ancestor);
        }
    }

    fn imply(&mut self, path: &[u8]) {
        if !path.is_empty() && !self.nodes.get(path).is_some_and(Node::is_dir) {
            self.insert(path, Node::Dir(None));
        }
    }

    /// Returns the inodes this layer gives names to.
    pub fn named_inodes(&self) -> BTreeSet<InodeId> {
        let nodes = self.nodes.values();
        nodes
            .filter_map(|node| match node {
                Node::File(inode) => Some(*inode),
                _ => None,
            })
            .collect()
    }
}
