//! One layer put on top of a view.

use std::collections::{BTreeMap, BTreeSet};

use super::super::item::Item;
use super::node::{Inode, InodeId, Meta, Node, Visible};
use super::own::Own;
use super::{Cause, Change, Data, Outcome, Path, Row, Wasted, ancestors};

/// The layers applied so far.
#[derive(Debug, Default)]
pub struct Stack {
    layers: usize,
    inodes: Vec<Inode>,
    view: BTreeMap<Path, Visible>,
}

impl Stack {
    /// Applies one more layer and notes changes and waste.
    pub fn apply(&mut self, items: &[Item], outcome: &mut Outcome) {
        let layer = self.layers;
        self.layers += 1;
        let first_new = self.inodes.len();
        let own = Own::read(items, layer, &self.view, &mut self.inodes);
        let ambiguous = own.ambiguous.iter().map(|&position| (layer, position));
        outcome.ambiguous.extend(ambiguous);
        for (position, meta) in &own.links {
            outcome.links.push((layer, *position, meta.clone()));
        }

        outcome.cut.push(&own.whiteouts | &own.opaque);
        let below = std::mem::take(&mut self.view);
        outcome.changes.push(self.changes(&own, &below));
        self.view = union(&own, &below, layer);
        let shadowed = self.shadowed(first_new, &own, layer);
        outcome.wasted.extend(shadowed);
        let destroyed = self.destroyed(&own, &below, layer);
        outcome.wasted.extend(destroyed);
    }

    fn changes(&self, own: &Own, below: &BTreeMap<Path, Visible>) -> BTreeMap<Path, Change> {
        let mut changes = BTreeMap::new();
        for path in below.keys() {
            if let Some(cause) = ancestor_cut(own, path) {
                changes.insert(path.clone(), Change::Hidden(cause));
            }
        }
        for path in &own.whiteouts {
            let change = if below.contains_key(path) {
                Change::Removed
            } else {
                Change::Dangling
            };
            changes.insert(path.clone(), change);
        }
        for (path, node) in &own.nodes {
            let change = match below.get(path) {
                None => Change::Added,
                Some(old) => self.change(&old.node, node),
            };
            changes.insert(path.clone(), change);
        }
        changes
    }

    /// How a path changes that is visible below and stored again.
    fn change(&self, old: &Node, new: &Node) -> Change {
        let unless = |differ: bool, change, otherwise| if differ { change } else { otherwise };
        match (old, new) {
            (Node::Dir(_), Node::Dir(None)) => Change::Unchanged,
            (Node::Dir(old), Node::Dir(new)) => {
                unless(old != new, Change::Touched, Change::Unchanged)
            }
            _ if !self.same_content(old, new) => Change::Modified,
            _ => unless(
                self.meta(old) != self.meta(new),
                Change::Touched,
                Change::Repeated,
            ),
        }
    }

    fn same_content(&self, old: &Node, new: &Node) -> bool {
        match (old, new) {
            (Node::File(old), Node::File(new)) => self.inodes[*old].data == self.inodes[*new].data,
            (Node::Symlink(old, _), Node::Symlink(new, _)) => old == new,
            (Node::Special(old, at, _), Node::Special(new, now, _)) => (old, at) == (new, now),
            _ => false,
        }
    }

    fn meta<'a>(&'a self, node: &'a Node) -> Option<&'a Meta> {
        match node {
            Node::Dir(meta) => meta.as_ref(),
            Node::File(inode) => Some(&self.inodes[*inode].meta),
            Node::Symlink(_, meta) | Node::Special(.., meta) | Node::Nothing(_, meta) => Some(meta),
        }
    }

    /// Data of this layer that a later record of it replaced.
    fn shadowed(&self, first_new: InodeId, own: &Own, layer: usize) -> Vec<Wasted> {
        let named = own.named_inodes();
        (first_new..self.inodes.len())
            .filter(|inode| !named.contains(inode))
            .filter_map(|inode| self.wasted(inode, Cause::ShadowedInLayer, layer))
            .collect()
    }

    /// Data whose last names this layer takes away.
    fn destroyed(&self, own: &Own, below: &BTreeMap<Path, Visible>, layer: usize) -> Vec<Wasted> {
        let before = names(below);
        let after = names(&self.view);
        let gone = before
            .iter()
            .filter(|(inode, _)| !after.contains_key(inode));
        gone.filter_map(|(&inode, names)| {
            let carrier = &self.inodes[inode].path;
            let last = names.get(carrier).or(names.first()).expect("a name");
            let cause = self.cause(&below[last].node, own, last);
            self.wasted(inode, cause, layer)
        })
        .collect()
    }

    /// Why a name is gone. Its own entry decides, then its own whiteout, then the nearest ancestor.
    fn cause(&self, old: &Node, own: &Own, path: &[u8]) -> Cause {
        if let Some(new) = own.nodes.get(path) {
            return match self.change(old, new) {
                _ if old.kind() != new.kind() => Cause::Replaced,
                Change::Modified => Cause::Overwritten,
                Change::Touched => Cause::MetadataOnly,
                _ => Cause::Identical,
            };
        }
        if own.whiteouts.contains(path) {
            return Cause::Deleted;
        }
        ancestor_cut(own, path).expect("a reason")
    }

    fn wasted(&self, inode: InodeId, cause: Cause, destroyed_in: usize) -> Option<Wasted> {
        let inode = &self.inodes[inode];
        (!inode.data.is_empty()).then(|| Wasted {
            path: inode.path.clone(),
            bytes: inode.data.len() as u64,
            cause,
            created_in: inode.layer,
            destroyed_in,
        })
    }

    /// Returns the view as rows.
    pub fn rows(&self) -> BTreeMap<Path, Row> {
        let names = names(&self.view);
        let row = |(path, visible): (&Path, &Visible)| {
            let (size, nlink) = match &visible.node {
                Node::File(inode) => (self.inodes[*inode].data.len(), names[inode].len()),
                _ => (0, 1),
            };
            let link = match &visible.node {
                Node::Symlink(target, _) => Some(target.clone()),
                _ => None,
            };
            let row = Row {
                kind: visible.node.kind(),
                meta: self.meta(&visible.node).cloned(),
                size: size as u64,
                nlink: u32::try_from(nlink).expect("few names"),
                link,
                layer: visible.layer,
            };
            (path.clone(), row)
        };
        self.view.iter().map(row).collect()
    }

    /// Returns what data the files of the view have.
    pub fn data(&self) -> BTreeMap<Path, Data> {
        let data = |(path, visible): (&Path, &Visible)| match visible.node {
            Node::File(inode) => Some((
                path.clone(),
                Data {
                    inode,
                    layer: self.inodes[inode].layer,
                    bytes: self.inodes[inode].data.len() as u64,
                },
            )),
            _ => None,
        };
        self.view.iter().filter_map(data).collect()
    }

    /// Returns the content of the view, every inode once.
    pub fn effective_bytes(&self) -> u64 {
        let inodes = names(&self.view).into_keys();
        inodes
            .map(|inode| self.inodes[inode].data.len() as u64)
            .sum()
    }
}

fn union(own: &Own, below: &BTreeMap<Path, Visible>, layer: usize) -> BTreeMap<Path, Visible> {
    let mut view = BTreeMap::new();
    for (path, visible) in below {
        if !own.whiteouts.contains(path) && ancestor_cut(own, path).is_none() {
            view.insert(path.clone(), visible.clone());
        }
    }
    for (path, node) in &own.nodes {
        // An implied directory says nothing about the one below, unless that is gone.
        let is_gone = own.whiteouts.contains(path) || ancestor_cut(own, path).is_some();
        let kept = below
            .get(path)
            .filter(|old| !is_gone && old.node.is_dir() && *node == Node::Dir(None));
        let visible = kept.cloned().unwrap_or_else(|| Visible {
            node: node.clone(),
            layer,
        });
        view.insert(path.clone(), visible);
    }
    view
}

/// Returns how the layer cuts a lower path off at an ancestor, the nearest that does.
fn ancestor_cut(own: &Own, path: &[u8]) -> Option<Cause> {
    ancestors(path).find_map(|ancestor| {
        let node = own.nodes.get(ancestor);
        if node.is_some_and(|node| !node.is_dir()) {
            return Some(Cause::Replaced);
        }
        if own.opaque.contains(ancestor) {
            return Some(Cause::Opaque);
        }
        own.whiteouts.contains(ancestor).then(|| {
            if node.is_some() {
                Cause::Opaque
            } else {
                Cause::DeletedDir
            }
        })
    })
}

/// Returns every inode's names in a view.
fn names(view: &BTreeMap<Path, Visible>) -> BTreeMap<InodeId, BTreeSet<Path>> {
    let mut names: BTreeMap<InodeId, BTreeSet<Path>> = BTreeMap::new();
    for (path, visible) in view {
        if let Node::File(inode) = visible.node {
            names.entry(inode).or_default().insert(path.clone());
        }
    }
    names
}
