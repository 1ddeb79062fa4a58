//! Which image was built from which, as Podman tells it from layers and histories
//! (containers/common, `libimage/layer_tree.go` and `oci.go`).

use std::collections::HashMap;

use crate::image::{ConfigDocument, Digest, HistoryEntry};
use crate::store::{ImageId, LayerId, Store};

/// What tells an image's descent.
#[derive(Debug)]
pub(super) struct Pedigree {
    top: Option<LayerId>,
    diff_ids: Vec<Option<Digest>>,
    history: Vec<HistoryEntry>,
}

impl Pedigree {
    /// Takes the uppermost layer, and the configuration.
    pub(super) fn new(top: Option<LayerId>, document: ConfigDocument) -> Self {
        Self {
            top,
            diff_ids: document.diff_ids,
            history: document.history,
        }
    }

    /// Returns whether another image has the same beginning and one history entry more.
    fn is_parent_of(&self, child: &Self) -> bool {
        child.history.len() == self.history.len() + 1
            && child.diff_ids.starts_with(&self.diff_ids)
            && self
                .history
                .iter()
                .zip(&child.history)
                .all(|(own, other)| is_same(own, other))
    }
}

fn is_same(one: &HistoryEntry, other: &HistoryEntry) -> bool {
    one.created_by == other.created_by
        && one.author == other.author
        && one.comment == other.comment
        && one.empty_layer == other.empty_layer
        && (one.created == other.created || time(one).is_some_and(|at| Some(at) == time(other)))
}

fn time(entry: &HistoryEntry) -> Option<jiff::Timestamp> {
    entry.created.as_ref()?.parse().ok()
}

/// Sets the parent of every image, and marks those without a name that others were built from.
pub(super) fn settle(store: &mut Store, pedigrees: &[Pedigree]) {
    let mut by_top: HashMap<Option<LayerId>, Vec<usize>> = HashMap::new();
    for (position, pedigree) in pedigrees.iter().enumerate() {
        by_top.entry(pedigree.top).or_default().push(position);
    }
    let mut has_children = vec![false; pedigrees.len()];
    for (position, child) in pedigrees.iter().enumerate() {
        let below = child.top.and_then(|top| store.layer(top).parent);
        let beside = by_top.get(&child.top).into_iter().flatten();
        let above = below.and_then(|below| by_top.get(&Some(below)));
        for &candidate in beside.chain(above.into_iter().flatten()) {
            if candidate == position || !pedigrees[candidate].is_parent_of(child) {
                continue;
            }
            has_children[candidate] = true;
            let image = &mut store.images[position];
            let parent = u32::try_from(candidate).ok().map(ImageId);
            image.parent = image.parent.or(parent);
        }
    }
    for (image, parent) in store.images.iter_mut().zip(has_children) {
        image.is_intermediate = parent && image.names.is_empty();
    }
}
