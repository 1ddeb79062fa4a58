//! Layers whose records are lost, from what the overlay driver wrote beside their files.

use std::collections::{BTreeMap, BTreeSet};

use super::driver_root::{DriverRoot, Keeping};
use super::records::{Condition, LayerRecord, Readability};

/// Longest `lower` file that is looked into; the kernel takes one page of options.
const LOWER_BYTES: u64 = 64 * 1024;

/// Returns records for the directories that have none, where records are known to be missing.
pub(super) fn lost_layers(place: &DriverRoot) -> Vec<LayerRecord> {
    if place.keeping != Keeping::Diff || place.layers.readability == Readability::Whole {
        return Vec::new();
    }
    let recorded: BTreeSet<&str> = place
        .layers
        .elements
        .iter()
        .map(|record| record.id.as_str())
        .collect();
    let ids: Vec<&str> = place
        .ids()
        .filter_map(|name| std::str::from_utf8(name).ok())
        .collect();
    let links: BTreeMap<Vec<u8>, &str> = ids
        .iter()
        .filter_map(|&id| Some((read(place, id, "link")?, id)))
        .collect();
    ids.iter()
        .filter(|id| !recorded.contains(*id))
        .filter(|id| place.files(id).is_some())
        .map(|id| LayerRecord {
            id: (*id).to_owned(),
            parent: parent(place, id, &links),
            created: None,
            diff_id: None,
            diff_bytes: None,
            condition: Condition::Whole,
        })
        .collect()
}

/// The first of the lower layers is the parent; each is written as `l/<link>` (containers/storage,
/// drivers/overlay/overlay.go, getLower).
fn parent(place: &DriverRoot, id: &str, links: &BTreeMap<Vec<u8>, &str>) -> Option<String> {
    let lower = read(place, id, "lower")?;
    let first = lower.split(|&byte| byte == b':').next()?;
    let link = first.strip_prefix(b"l/")?;
    links.get(link).map(|&id| id.to_owned())
}

fn read(place: &DriverRoot, id: &str, name: &str) -> Option<Vec<u8>> {
    let file = place.outer(id)?.join(name);
    let text = place.root.read(&file.path, LOWER_BYTES).ok().flatten()?;
    Some(text.trim_ascii().to_vec())
}
