//! The text of the commands that would free what is chosen.

use super::amounts::{SizedStore, amount_text};
use super::key::Key;
use crate::store::reclaim::{Step, Target, steps};
use crate::store::{Amount, Owner};
use crate::text::Look;

/// Returns lines that a shell can read; `None` where nothing of the choice can be removed by itself.
pub(super) fn lines(sizes: &SizedStore<'_>, keys: &[Key], look: Look) -> Option<Vec<String>> {
    let targets: Vec<Target> = keys.iter().filter_map(|key| key.target()).collect();
    if targets.is_empty() {
        return None;
    }
    let freed = amount_text(freed(sizes, &targets), sizes.known, look);
    let words = match targets.len() {
        1 => format!("frees {freed}"),
        several => format!("{several} together free {freed}"),
    };
    let head = [
        Step::Note(words),
        Step::Note("layerscope runs none of this; read it, then copy it with y".into()),
    ];
    let steps = head.into_iter().chain(steps(sizes.store, &targets));
    let lines: Vec<String> = steps.flat_map(|step| step.lines()).collect();
    Some(
        lines
            .iter()
            .map(|line| look.shown(line.as_bytes()))
            .collect(),
    )
}

/// Returns what removing everything chosen frees, in disk blocks.
pub(super) fn freed(sizes: &SizedStore<'_>, targets: &[Target]) -> Amount {
    let owners: Vec<Owner> = targets
        .iter()
        .filter_map(|target| match target {
            Target::Owner(owner) => Some(*owner),
            Target::Orphan(_) => None,
        })
        .collect();
    let orphans = targets.iter().filter_map(|target| match target {
        Target::Orphan(at) => sizes.accounts.orphans.get(usize::try_from(*at).ok()?),
        Target::Owner(_) => None,
    });
    let owned = sizes.accounts.freed(sizes.store, &owners);
    orphans.copied().fold(owned, |sum, amount| sum + amount)
}
