//! From a union of some layers to one of more of them: the same paths have other ids there.

use super::PathSet;
use crate::tree::{MergedTree, PathId};

/// Returns the paths of a set as they are in another union; what that does not have is left out.
///
/// Both unions are walked side by side; cost is linear in the children of the directories above the set.
pub fn carry_over(old: &MergedTree, new: &MergedTree, set: &PathSet) -> PathSet {
    let wanted = with_directories_above(old, set);
    let mut carried = PathSet::with_room(new.len());
    let mut places: Vec<Option<PathId>> = vec![None; old.len()];
    places[PathId::ROOT.as_usize()] = Some(PathId::ROOT);
    for path in wanted.iter() {
        let Some(place) = places[path.as_usize()] else {
            continue;
        };
        if set.contains(path) {
            carried.insert(place);
        }
        let children = old.children(path).map(PathId);
        let mut others = new.children(place).map(PathId).peekable();
        for child in children.filter(|&child| wanted.contains(child)) {
            let name = old.name(child);
            while others.next_if(|&other| new.name(other) < name).is_some() {}
            places[child.as_usize()] = others.next_if(|&other| new.name(other) == name);
        }
    }
    carried
}

/// Returns a path as it is in another union or, where that does not have it, the nearest directory above it.
pub fn carry_path(old: &MergedTree, new: &MergedTree, path: PathId) -> PathId {
    let mut line = Vec::new();
    let mut at = path;
    while at != PathId::ROOT {
        line.push(at);
        at = old.parent(at);
    }
    let mut place = PathId::ROOT;
    for step in line.into_iter().rev() {
        match new.child(place, old.name(step)) {
            Some(child) => place = child,
            None => break,
        }
    }
    place
}

fn with_directories_above(tree: &MergedTree, set: &PathSet) -> PathSet {
    let mut wanted = PathSet::with_room(tree.len());
    let known = set.iter().filter(|path| path.as_usize() < tree.len());
    for path in known {
        let mut at = path;
        while wanted.insert(at) && at != PathId::ROOT {
            at = tree.parent(at);
        }
    }
    wanted
}
