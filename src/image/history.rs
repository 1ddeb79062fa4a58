//! History entries and how they pair with layers.

use super::json::Json;
use super::{Digest, Instruction};
use crate::error::{Warning, WarningCode};

/// One entry of the configuration's history. Every field may be missing in the wild.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryEntry {
    /// RFC 3339 time as recorded.
    pub created: Option<String>,
    /// What made it, as recorded.
    pub created_by: Option<String>,
    /// Who, as recorded.
    pub author: Option<String>,
    /// Remark; several builders are recognised by it.
    pub comment: Option<String>,
    /// Whether it made no layer.
    pub empty_layer: bool,
    /// The layer it made, once paired.
    pub layer: Option<u16>,
    /// The recovered instruction.
    pub instruction: Option<Instruction>,
}

impl HistoryEntry {
    /// Reads one element of a configuration's `history`; anything unusable is absent.
    pub fn read(element: &Json) -> Self {
        Self {
            created: element.get("created").to_text(),
            created_by: element.get("created_by").to_text(),
            author: element.get("author").to_text(),
            comment: element.get("comment").to_text(),
            empty_layer: element.get("empty_layer").is_true(),
            layer: None,
            instruction: None,
        }
    }
}

/// Whether a layer's blob is the one that engines write for "no change".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerFill {
    /// It may hold entries.
    Some,
    /// It is the well-known empty archive.
    Empty,
}

/// Digests of the empty layer: 1024 zero bytes, and the same as Docker's fixed gzip stream.
const EMPTY_LAYERS: [&str; 2] = [
    "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
    "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d663cb16422d00e8a7c22955b46d4",
];

impl LayerFill {
    /// Recognises the empty layer by either of its digests.
    pub fn of(diff_id: Option<&Digest>, digest: Option<&Digest>) -> Self {
        let empty = [diff_id, digest]
            .into_iter()
            .flatten()
            .any(|digest| EMPTY_LAYERS.contains(&digest.as_str()));
        if empty { Self::Empty } else { Self::Some }
    }
}

/// Pairs entries with layers: sets [`HistoryEntry::layer`] and returns the entry of each layer.
///
/// Each entry that is not marked as empty takes the next layer (OCI image-spec, config.md, "history"). Where
/// a manifest also lists the empty layer for entries so marked, those take it. Returns `None`, and changes
/// nothing, where the numbers do not fit: any pairing would be a guess.
pub fn pair(history: &mut [HistoryEntry], layers: &[LayerFill]) -> Option<Vec<usize>> {
    let mut to_come = history.iter().filter(|entry| !entry.empty_layer).count();
    let mut surplus = layers.len().checked_sub(to_come)?;
    let mut pairs = Vec::with_capacity(layers.len());
    for (position, entry) in history.iter().enumerate() {
        if !entry.empty_layer {
            to_come -= 1;
            pairs.push(position);
        } else if surplus > 0 && layers.get(pairs.len()) == Some(&LayerFill::Empty) {
            surplus -= 1;
            pairs.push(position);
        }
    }
    if surplus > 0 || to_come > 0 {
        return None;
    }
    for (layer, &position) in pairs.iter().enumerate() {
        history[position].layer = u16::try_from(layer).ok();
    }
    Some(pairs)
}

/// Pairs history with layers and warns where that is not possible; returns the entry of each layer, nothing
/// where there is no pairing. A configuration without history, which is optional, is no mismatch.
pub fn pair_or_warn(
    history: &mut [HistoryEntry],
    layers: &[LayerFill],
    warnings: &mut Vec<Warning>,
) -> Vec<usize> {
    if history.is_empty() {
        return Vec::new();
    }
    pair(history, layers).unwrap_or_else(|| {
        let made = history.iter().filter(|entry| !entry.empty_layer).count();
        warnings.push(Warning::new(
            WarningCode::MetadataMismatch,
            format!(
                "history does not match: it tells of {made} layers, the image has {}",
                layers.len()
            ),
        ));
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(pattern: &str) -> Vec<HistoryEntry> {
        pattern
            .chars()
            .map(|mark| HistoryEntry {
                empty_layer: mark == 'e',
                ..HistoryEntry::default()
            })
            .collect()
    }

    fn fills(pattern: &str) -> Vec<LayerFill> {
        pattern
            .chars()
            .map(|mark| match mark {
                '0' => LayerFill::Empty,
                _ => LayerFill::Some,
            })
            .collect()
    }

    #[test]
    fn entries_take_layers_in_order() {
        for (history, layers, expected) in [
            ("LeLe", "##", Some(vec![0, 2])),
            ("eeL", "#", Some(vec![2])),
            ("", "", Some(vec![])),
            ("ee", "", Some(vec![])),
            // More entries than layers, and fewer.
            ("LLL", "##", None),
            ("L", "##", None),
            ("", "#", None),
            // The empty layer listed for entries marked as empty.
            ("LeLe", "#0#0", Some(vec![0, 1, 2, 3])),
            ("LeeL", "#00#", Some(vec![0, 1, 2, 3])),
            ("LeeL", "#0#", Some(vec![0, 1, 3])),
            ("LeL", "###", None),
            // The empty layer made by an entry that is not marked.
            ("LL", "#0", Some(vec![0, 1])),
        ] {
            let mut entries = entries(history);
            let pairs = pair(&mut entries, &fills(layers));
            assert_eq!(pairs, expected, "{history} {layers}");
            let paired = entries.iter().filter(|entry| entry.layer.is_some()).count();
            assert_eq!(
                paired,
                expected.map_or(0, |pairs| pairs.len()),
                "{history} {layers}"
            );
        }
    }

    #[test]
    fn the_empty_layer_is_known_by_both_digests() {
        for text in EMPTY_LAYERS {
            let digest = Digest::parse(text);
            assert_eq!(LayerFill::of(digest.as_ref(), None), LayerFill::Empty);
            assert_eq!(LayerFill::of(None, digest.as_ref()), LayerFill::Empty);
        }
        assert_eq!(LayerFill::of(None, None), LayerFill::Some);
    }
}
