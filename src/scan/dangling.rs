//! Warnings about names that lead nowhere, or not where they led before, once all layers are joined.

use crate::error::{Warning, WarningCode, Warnings};
use crate::layer::{EntryKind, LayerIndex};
use crate::path;
use crate::tree::moves::Lost;
use crate::tree::{MergedTree, NodeId, Turned};

/// Notes directories that were moved from where nothing is.
pub(super) fn note_lost(lost: &[Lost], warnings: &mut Warnings) {
    for lost in lost {
        for (bytes, from) in &lost.first {
            warnings.note(WarningCode::Unresolved, Some(lost.layer.0), || {
                let message = format!(
                    "{} was moved from {}, where the layers below have no directory; only what its own layer has is shown",
                    path::display_absolute(bytes),
                    path::display_absolute(from)
                );
                Warning::new(WarningCode::Unresolved, message).at_path(bytes)
            });
        }
        let further = lost.count.saturating_sub(lost.first.len());
        warnings.count(WarningCode::Unresolved, lost.layer.0, further);
    }
}

/// Notes whiteouts and hard links that lead nowhere.
pub(super) fn note_dangling(tree: &MergedTree, warnings: &mut Warnings) {
    for &(layer, id) in tree.dangling_whiteouts() {
        warnings.note(WarningCode::DanglingWhiteout, Some(layer.0), || {
            let bytes = tree.path(id);
            let shown = path::display_absolute(&bytes);
            let message = format!("whiteout of {shown}, which nothing below has");
            Warning::new(WarningCode::DanglingWhiteout, message).at_path(&bytes)
        });
    }
    for (index, layer) in (0u16..).zip(tree.layers()) {
        let links = layer.foreign_links().iter().copied();
        let is_dangling = |&link: &NodeId| {
            layer.kind(link) == EntryKind::Hardlink && tree.inode(LayerIndex(index), link).is_none()
        };
        for link in links.filter(is_dangling) {
            warnings.note(WarningCode::DanglingHardLink, Some(index), || {
                let bytes = layer.path(link);
                let message = format!(
                    "{} is a hard link to {}, which does not exist",
                    path::display_absolute(&bytes),
                    path::display_absolute(layer.link(link).unwrap_or_default())
                );
                Warning::new(WarningCode::DanglingHardLink, message).at_path(&bytes)
            });
        }
    }
}

/// Notes links and the like that a higher layer turned into directories: so a distribution loses its `/bin` or `/lib`.
pub(super) fn note_turned(tree: &MergedTree, warnings: &mut Warnings) {
    for turned in tree.turned() {
        warnings.note(
            WarningCode::ReplacedByDirectory,
            Some(turned.layer.0),
            || {
                let bytes = tree.path(turned.path);
                let message = turned_message(tree, turned, &bytes);
                Warning::new(WarningCode::ReplacedByDirectory, message).at_path(&bytes)
            },
        );
    }
}

fn turned_message(tree: &MergedTree, turned: &Turned, bytes: &[u8]) -> String {
    let (layer, node) = turned.below;
    let below = tree.layer(layer);
    let shown = path::display_absolute(bytes);
    let what = match (below.kind(node), below.link(node)) {
        (EntryKind::Symlink, Some(to)) => format!("the link {shown} -> {}", path::display(to)),
        (EntryKind::File | EntryKind::Hardlink, _) => format!("the file {shown}"),
        _ => shown,
    };
    format!("turns {what} of layer {layer} into a directory")
}
