//! The same stored again without any difference, or with another time only.

use super::Advice;
use super::case::Case;
use super::deletions::join;
use crate::analysis::WasteCause;
use crate::layer::LayerIndex;
use crate::tree::PathId;

pub(super) fn recognise(case: &Case<'_>) -> Option<Advice> {
    match case.group.cause {
        WasteCause::Identical => identical(case),
        WasteCause::MetadataOnly => times(case),
        _ => None,
    }
}

fn identical(case: &Case<'_>) -> Option<Advice> {
    let goal = match (case.creator.is_copy(), case.destroyer.is_copy()) {
        (true, true) => "two COPYs bring the same: leave it out of the second",
        _ if case.creator.is_run() && case.destroyer.is_run() => {
            "write only what changes, or do both in one RUN"
        }
        _ => return None,
    };
    Some(join(case, Advice::new("stored-again", goal)))
}

/// Nothing but the time differs: the build is not reproducible.
fn times(case: &Case<'_>) -> Option<Advice> {
    let mut members = case.members();
    let differs_in_time = members.all(|member| only_times_differ(case, member.path));
    if !differs_in_time {
        return None;
    }
    let goal = "only times differ: build with a fixed SOURCE_DATE_EPOCH";
    Some(Advice::new("other-times", goal))
}

fn only_times_differ(case: &Case<'_>, path: PathId) -> bool {
    let group = case.group;
    let tree = &case.analysis.tree;
    let entry = |layer: LayerIndex| {
        let (layer, node) = tree.metadata_at(path, layer)?;
        let entries = tree.layer(layer);
        Some((entries.meta(node)?, entries.xattrs(node)))
    };
    match (entry(group.created_in), entry(group.destroyed_in)) {
        (Some((old, old_xattrs)), Some((new, new_xattrs))) => {
            let owners = (old.mode, old.uid, old.gid) == (new.mode, new.uid, new.gid);
            owners && old_xattrs == new_xattrs && old.mtime != new.mtime
        }
        _ => false,
    }
}
