//! Copy-ups as a person would tell them: one line for what one `chmod -R` did.

use std::collections::HashMap;

use super::top_version;
use crate::analysis::copy_up::{
    CopyUp, CopyUps, Extent, MetadataChange, Outcome, Shift, metadata_change,
};
use crate::layer::{EntryKind, LayerIndex};
use crate::tree::{MergedTree, PathId};

/// Files that were copied up for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The directory that holds them all, or the file itself where there is only one.
    pub place: PathId,
    /// How many.
    pub files: usize,
    /// Bytes copied.
    pub copied_bytes: u64,
    /// Bytes that are other than before; of files that were compared in part, as far as that went.
    pub changed_bytes: u64,
    /// Why they were copied.
    pub why: Why,
}

/// Why a file was copied up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// Its data was changed.
    Data,
    /// Its data was changed, and was compared in part.
    DataInPart,
    /// Its metadata was changed. Times are told of a batch of one file only.
    Metadata(MetadataChange),
    /// It was renamed, or given a second name.
    Moved,
    /// Nobody knows: one of the two versions could not be read.
    Unread,
}

/// Puts together what was copied for the same change of metadata below one directory, and what was moved to one.
pub(super) fn batches(tree: &MergedTree, copy_ups: &CopyUps) -> Vec<Batch> {
    let mut places: HashMap<(PathId, Why), usize> = HashMap::new();
    let mut batches: Vec<Batch> = Vec::new();
    for file in &copy_ups.files {
        let why = why(file);
        let anchor = anchor(tree, file, why);
        let at = *places
            .entry((anchor, without_times(why)))
            .or_insert(batches.len());
        if at == batches.len() {
            batches.push(Batch {
                place: file.path,
                files: 0,
                copied_bytes: 0,
                changed_bytes: 0,
                why,
            });
        }
        let batch = &mut batches[at];
        if batch.files > 0 {
            batch.place = anchor;
            batch.why = without_times(why);
        }
        batch.files += 1;
        batch.copied_bytes = batch.copied_bytes.saturating_add(file.copied_bytes);
        let changed = file.changed_bytes().unwrap_or(0);
        batch.changed_bytes = batch.changed_bytes.saturating_add(changed);
    }
    batches.sort_by(|one, other| {
        let by_bytes = other.copied_bytes.cmp(&one.copied_bytes);
        by_bytes.then_with(|| tree.compare_paths(one.place, other.place))
    });
    batches
}

fn why(file: &CopyUp) -> Why {
    match &file.outcome {
        Outcome::Changed {
            extent: Extent::Whole,
            ..
        } => Why::Data,
        Outcome::Changed { .. } => Why::DataInPart,
        Outcome::MetadataOnly(change) => Why::Metadata(*change),
        Outcome::Moved => Why::Moved,
        Outcome::Unread(_) => Why::Unread,
    }
}

/// Files of one batch have times of their own; that they changed is what they have in common.
fn without_times(why: Why) -> Why {
    let Why::Metadata(change) = why else {
        return why;
    };
    Why::Metadata(MetadataChange {
        time: change.time.map(|_| Shift { from: 0, to: 0 }),
        ..change
    })
}

/// Returns the directory a person would name: for `chmod -R` and `chown -R` their argument.
fn anchor(tree: &MergedTree, file: &CopyUp, why: Why) -> PathId {
    let Why::Metadata(change) = why else {
        return match why {
            Why::Moved => tree.parent(file.path),
            _ => file.path,
        };
    };
    let mut place = tree.parent(file.path);
    while place != PathId::ROOT
        && has_changed_like(tree, place, change)
        && has_changed_like(tree, tree.parent(place), change)
    {
        place = tree.parent(place);
    }
    place
}

/// Returns whether mode or owner of a directory changed where those of a file did.
fn has_changed_like(tree: &MergedTree, path: PathId, change: MetadataChange) -> bool {
    let below = LayerIndex(tree.top().0.saturating_sub(1));
    let is_dir = top_version(tree, path)
        .is_some_and(|version| tree.layer(version.layer).kind(version.node) == EntryKind::Dir);
    let both = tree
        .metadata_at(path, below)
        .zip(tree.metadata_at(path, tree.top()));
    let Some((older, newer)) = both.filter(|_| is_dir) else {
        return false;
    };
    let own = metadata_change(tree, older, newer);
    let is_mode = change.mode.is_some() && own.mode.is_some();
    let is_owner = change.owner.is_some() && own.owner.is_some();
    is_mode || is_owner
}
