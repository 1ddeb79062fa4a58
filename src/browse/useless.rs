//! What of a scope is stored for nothing: sums at and below each path, and since which layer it is useless.
//!
//! Only paths with something useless at or below them are kept, so that an image without waste costs nothing.

use std::collections::VecDeque;

use super::Scope;
use crate::analysis::WastedPath;
use crate::layer::LayerIndex;
use crate::tree::{MergedTree, PathId};

/// What is useless at and below a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Useless {
    /// The path.
    pub path: PathId,
    /// Bytes that the scope shows here though nothing needs them in the end.
    pub bytes: u64,
    /// Lowest and highest layer that made them useless; of no meaning where there are none.
    pub since: [LayerIndex; 2],
    /// Bytes that the layer of the scope made useless: of lower layers, and what it stores twice itself.
    pub replaced_bytes: u64,
}

impl Useless {
    /// Returns what one wasted version is in a scope; `None` where the scope has nothing to do with it.
    fn of(wasted: &WastedPath, scope: Scope) -> Option<Self> {
        let (layer, is_shown) = match scope {
            Scope::Merged => return None,
            Scope::Layer(layer) => (layer, wasted.created_in == layer),
            Scope::Accumulated(layer) => (layer, wasted.created_in <= layer),
        };
        let is_shown = is_shown && wasted.destroyed_in > layer;
        let is_replaced = wasted.destroyed_in == layer;
        (is_shown || is_replaced).then_some(Self {
            path: wasted.path,
            bytes: if is_shown { wasted.bytes } else { 0 },
            since: [wasted.destroyed_in; 2],
            replaced_bytes: if is_replaced { wasted.bytes } else { 0 },
        })
    }

    /// Adds what is useless at the same path, or below it.
    fn add(&mut self, other: &Self) {
        if other.bytes > 0 {
            let both = if self.bytes > 0 {
                self.since
            } else {
                other.since
            };
            let [low, high] = other.since;
            self.since = [both[0].min(low), both[1].max(high)];
        }
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.replaced_bytes = self.replaced_bytes.saturating_add(other.replaced_bytes);
    }

    /// Returns all bytes that are wasted here or by what is here.
    pub const fn all_bytes(&self) -> u64 {
        self.bytes.saturating_add(self.replaced_bytes)
    }
}

/// Adds the waste of an image up for a scope: every path with something useless at or below it, ascending.
///
/// Cost is linear in the waste and the directories above it. `waste` has to ascend by path.
pub(super) fn sums(tree: &MergedTree, waste: &[WastedPath], scope: Scope) -> Vec<Useless> {
    let mut own = waste.iter().rev();
    let mut own = std::iter::from_fn(|| own.find_map(|one| Useless::of(one, scope))).peekable();
    // Siblings lie side by side and behind their parents' siblings: going down the paths, what is owed to parents goes
    // down too.
    let mut above: VecDeque<Useless> = VecDeque::new();
    let mut found: Vec<Useless> = Vec::new();
    loop {
        let is_own = match (own.peek(), above.front()) {
            (Some(own), Some(above)) => own.path >= above.path,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => break,
        };
        let Some(next) = (if is_own {
            own.next()
        } else {
            above.pop_front()
        }) else {
            break;
        };
        match found.last_mut().filter(|last| last.path == next.path) {
            Some(last) => last.add(&next),
            None => found.push(next),
        }
        if next.path == PathId::ROOT {
            continue;
        }
        let path = tree.parent(next.path);
        match above.back_mut().filter(|last| last.path == path) {
            Some(last) => last.add(&next),
            None => above.push_back(Useless { path, ..next }),
        }
    }
    found.reverse();
    found
}
