//! What stands behind one version of a path.

use super::ids::VersionAt;
use crate::layer::{EntryKind, LayerIndex, Meta};
use crate::tree::{Change, MergedTree, NodeId, Version};

impl VersionAt {
    /// Returns what the layer does to the path, or where it does nothing what shines through from below.
    pub fn find(self, tree: &MergedTree) -> Option<Version> {
        let own = Self::of_path(self, tree).find(|version| version.layer == self.layer);
        own.or_else(|| tree.at(self.path, self.layer))
    }

    /// Returns every version of the path that has an effect, bottom first.
    pub fn of_path(self, tree: &MergedTree) -> impl Iterator<Item = Version> + '_ {
        let versions = tree.versions(self.path).iter().copied();
        versions.filter(|version| version.change != Change::Dangling)
    }

    /// Returns the next lower version that something can be seen of.
    pub fn below(self, tree: &MergedTree) -> Option<Self> {
        let own = self.find(tree)?.layer;
        let lower = Self::of_path(self, tree).filter(|version| version.layer < own);
        let layer = lower.filter(|version| version.is_visible()).last()?.layer;
        Some(Self { layer, ..self })
    }

    /// Returns the type of what stands there; `None` where it is gone.
    pub fn kind(self, tree: &MergedTree) -> Option<EntryKind> {
        let version = self.find(tree).filter(|version| version.is_visible())?;
        Some(tree.layer(version.layer).kind(version.node))
    }

    /// Returns where the data of a file is, hard links resolved.
    pub fn data(self, tree: &MergedTree) -> Option<(LayerIndex, NodeId)> {
        let version = self.find(tree).filter(|version| version.is_visible())?;
        tree.inode(version.layer, version.node)
    }

    /// Returns the length of the data of a file; 0 for anything else.
    pub fn length(self, tree: &MergedTree) -> u64 {
        self.data(tree)
            .map_or(0, |(layer, node)| tree.layer(layer).size(node))
    }

    /// Returns what the entry says about itself; for hard links what their data says.
    pub fn meta(self, tree: &MergedTree) -> Option<Meta> {
        let version = self.find(tree).filter(|version| version.is_visible())?;
        let (layer, node) = tree
            .inode(version.layer, version.node)
            .unwrap_or((version.layer, version.node));
        tree.layer(layer).meta(node)
    }
}
