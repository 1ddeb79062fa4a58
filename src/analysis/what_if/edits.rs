//! The edits that would make an image smaller: what the advice on its waste comes to, one for each thing to write.

use std::collections::HashMap;

use super::{Deed, Finished, apply};
use crate::analysis::advice::{Advice, Effect, advise};
use crate::analysis::waste_groups::{Group, members};
use crate::analysis::{Analysis, Totals, WastedPath};
use crate::error::Result;
use crate::layer::LayerIndex;
use crate::path::ImagePath;
use crate::progress::Job;
use crate::tree::PathId;

/// Groups of waste that are looked at, the largest: advice on each costs a look at two layers.
const MOST_GROUPS: usize = 500;

/// One thing to write otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What to write; of several groups of waste that on the largest.
    pub advice: Advice,
    /// The layer that stores what is useless.
    pub created_in: LayerIndex,
    /// The layer that makes it so.
    pub destroyed_in: LayerIndex,
    /// The largest place it is about.
    pub place: PathId,
    /// Bytes of waste that it is about.
    pub bytes: u64,
    /// What it does.
    pub deeds: Vec<Deed>,
}

/// The edits of an image, and what they come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestions {
    /// The edits, that about the most bytes first.
    pub edits: Vec<Edit>,
    /// Content bytes that each saves alone, as the union without it has them; those it is about where the image is too
    /// large to be put together for each.
    pub saves: Vec<u64>,
    /// The whole with all of them; `None` where there are none.
    pub together: Option<Totals>,
}

/// Versions of paths that are looked at, at most, to say what each edit saves alone.
const MOST_VERSIONS: usize = 4_000_000;

/// Returns the edits there is advice for, and what they come to. Cost is that of [`edits`] and of putting the image
/// together once, or once more for each edit where it is not large.
///
/// # Errors
/// As [`edits`] and [`apply`].
pub fn suggest(analysis: &Analysis, job: &Job) -> Result<Suggestions> {
    let edits = edits(analysis, job)?;
    let content = analysis.totals.content_bytes;
    let versions = analysis.tree.all_versions().len();
    let is_small = versions.saturating_mul(edits.len()) <= MOST_VERSIONS;
    let saves = |edit: &Edit| {
        job.check()?;
        if !is_small {
            return Ok(edit.bytes);
        }
        let totals = apply(analysis, &edit.deeds)?.totals;
        Ok(content.saturating_sub(totals.content_bytes))
    };
    let saves: Result<Vec<u64>> = edits.iter().map(saves).collect();
    let all: Vec<Deed> = edits.iter().flat_map(|edit| edit.deeds.clone()).collect();
    let together = match all.as_slice() {
        [] => None,
        all => Some(apply(analysis, all)?.totals),
    };
    Ok(Suggestions {
        saves: saves?,
        together,
        edits,
    })
}

/// What makes two pieces of advice one edit.
type Key = (&'static str, LayerIndex, LayerIndex);

/// Returns the edits there is advice for, that about the most bytes first. Cost is that of the advice on the largest
/// groups of waste.
///
/// # Errors
/// [`crate::error::Error::Interrupted`] soon after the job was cancelled.
pub fn edits(analysis: &Analysis, job: &Job) -> Result<Vec<Edit>> {
    let mut edits: Vec<Edit> = Vec::new();
    let mut known: HashMap<Key, usize> = HashMap::new();
    for group in analysis.waste_groups().iter().take(MOST_GROUPS) {
        job.check()?;
        let Some(advice) = advise(analysis, group) else {
            continue;
        };
        let Some(deed) = deed(analysis, group, &advice.effect) else {
            continue;
        };
        let key = (advice.rule, group.created_in, group.destroyed_in);
        let at = *known.entry(key).or_insert(edits.len());
        if let Some(edit) = edits.get_mut(at) {
            edit.bytes = edit.bytes.saturating_add(group.bytes);
            if !edit.deeds.contains(&deed) {
                edit.deeds.push(deed);
            }
        } else {
            edits.push(Edit {
                advice,
                created_in: group.created_in,
                destroyed_in: group.destroyed_in,
                place: group.place,
                bytes: group.bytes,
                deeds: vec![deed],
            });
        }
    }
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.bytes));
    Ok(edits)
}

/// Returns what following some advice on a group does; `None` where it does nothing.
fn deed(analysis: &Analysis, group: &Group, effect: &Effect) -> Option<Deed> {
    let tree = &analysis.tree;
    let all = &analysis.waste.paths;
    let paths = || members(tree, all, group).map(|wasted: &WastedPath| wasted.path);
    let (layer, until) = (group.created_in, group.destroyed_in);
    Some(match effect {
        Effect::None => return None,
        Effect::Spared if layer == until => Deed::Once { layer },
        Effect::Spared => Deed::Spare {
            layer,
            until,
            // Of what vanished with a directory the directory vanishes too.
            places: match group.count {
                1 => vec![group.place],
                _ => paths().chain([group.place]).collect(),
            },
        },
        Effect::Joined => Deed::Join {
            from: layer,
            to: until,
        },
        Effect::Finished { from, to } => Deed::Finish {
            layer,
            from: until,
            paths: paths()
                .filter_map(|before| {
                    let name = tree.path(before);
                    let rest = name.strip_prefix(from.as_slice())?;
                    let after = [to.as_slice(), rest].concat();
                    let after = tree.find(ImagePath::new(&after)?)?;
                    Some(Finished { before, after })
                })
                .collect(),
        },
    })
}
