//! Warnings about names that lead nowhere, or not where they led before, once all layers are joined.

use crate::error::{Warning, WarningCode};
use crate::layer::{EntryKind, LayerIndex};
use crate::limits;
use crate::path;
use crate::tree::moves::Lost;
use crate::tree::{MergedTree, Turned};

/// Notes directories that were moved from where nothing is.
pub(super) fn note_lost(lost: &[Lost], warnings: &mut Vec<Warning>) {
    for Lost {
        layer,
        first,
        count,
    } in lost
    {
        for (bytes, from) in first {
            let message = format!(
                "{} was moved from {}, where the layers below have no directory; only what its own layer has is shown",
                path::display_absolute(bytes),
                path::display_absolute(from)
            );
            let warning = Warning::new(WarningCode::Unresolved, message);
            warnings.push(warning.in_layer(layer.0).at_path(bytes));
        }
        note_more(*count, WarningCode::Unresolved, layer.0, warnings);
    }
}

/// Notes whiteouts and hard links that lead nowhere.
pub(super) fn note_dangling(tree: &MergedTree, warnings: &mut Vec<Warning>) {
    let mut whiteouts = vec![0usize; tree.layers().len()];
    for &(layer, id) in tree.dangling_whiteouts() {
        let count = &mut whiteouts[layer.as_usize()];
        *count += 1;
        if *count <= limits::WARNINGS_PER_KIND {
            let bytes = tree.path(id);
            let message = format!(
                "whiteout of {}, which nothing below has",
                path::display_absolute(&bytes)
            );
            let warning = Warning::new(WarningCode::DanglingWhiteout, message);
            warnings.push(warning.in_layer(layer.0).at_path(&bytes));
        }
    }
    for (index, count) in (0u16..).zip(whiteouts) {
        note_more(count, WarningCode::DanglingWhiteout, index, warnings);
    }
    for (index, layer) in (0u16..).zip(tree.layers()) {
        let links = layer.foreign_links().iter();
        let dangling: Vec<_> = links
            .filter(|&&link| layer.kind(link) == EntryKind::Hardlink)
            .filter(|&&link| tree.inode(LayerIndex(index), link).is_none())
            .collect();
        for &&link in dangling.iter().take(limits::WARNINGS_PER_KIND) {
            let bytes = layer.path(link);
            let message = format!(
                "{} is a hard link to {}, which does not exist",
                path::display_absolute(&bytes),
                path::display_absolute(layer.link(link).unwrap_or_default())
            );
            let warning = Warning::new(WarningCode::DanglingHardLink, message);
            warnings.push(warning.in_layer(index).at_path(&bytes));
        }
        note_more(
            dangling.len(),
            WarningCode::DanglingHardLink,
            index,
            warnings,
        );
    }
}

/// Notes links and the like that a higher layer turned into directories: so a distribution loses its `/bin` or `/lib`.
pub(super) fn note_turned(tree: &MergedTree, warnings: &mut Vec<Warning>) {
    let mut counts = vec![0usize; tree.layers().len()];
    for turned in tree.turned() {
        let count = &mut counts[turned.layer.as_usize()];
        *count += 1;
        if *count <= limits::WARNINGS_PER_KIND {
            let bytes = tree.path(turned.path);
            let message = turned_message(tree, turned, &bytes);
            let warning = Warning::new(WarningCode::ReplacedByDirectory, message);
            warnings.push(warning.in_layer(turned.layer.0).at_path(&bytes));
        }
    }
    for (index, count) in (0u16..).zip(counts) {
        note_more(count, WarningCode::ReplacedByDirectory, index, warnings);
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

fn note_more(count: usize, code: WarningCode, layer: u16, warnings: &mut Vec<Warning>) {
    if count > limits::WARNINGS_PER_KIND {
        let more = count - limits::WARNINGS_PER_KIND;
        warnings.push(Warning::new(code, format!("and {more} more of this kind")).in_layer(layer));
    }
}
