//! Keys with two meanings.

use std::fmt;

use super::{Binding, Key};
use crate::tui::command::Context;

/// A binding with its keys in effect.
pub(super) type Bound = (&'static Binding, Vec<Key>);

/// A key that two actions want where both have a meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The key.
    pub key: Key,
    /// The context that is asked first.
    pub context: Context,
    /// The action there.
    pub action: &'static str,
    /// The context of the other; the same, or one below.
    pub other_context: Context,
    /// The other action, which the key would not reach.
    pub other: &'static str,
}

impl fmt::Display for Clash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the key '{}' is wanted by '{}' ({}) and by '{}' ({})",
            self.key,
            self.action,
            self.context.title(),
            self.other,
            self.other_context.title()
        )
    }
}

/// Returns every clash, each once.
pub(super) fn all(bindings: &[Bound]) -> Vec<Clash> {
    let mut found: Vec<Clash> = Vec::new();
    // Those that only lie below others are looked at there.
    let stacks = Context::all().map(Context::stack);
    for stack in stacks.filter(|stack| stack.len() > 1) {
        for (at, &context) in stack.iter().enumerate() {
            for &other in &stack[at..] {
                for clash in between(bindings, context, other) {
                    if !found.contains(&clash) {
                        found.push(clash);
                    }
                }
            }
        }
    }
    found
}

/// Returns the clashes that a preset does not have.
pub(super) fn new_ones(bindings: &[Bound], preset: &[Bound]) -> Vec<Clash> {
    let known = all(preset);
    let mut found = all(bindings);
    found.retain(|clash| !known.contains(clash));
    found
}

fn between(
    bindings: &[Bound],
    context: Context,
    other: Context,
) -> impl Iterator<Item = Clash> + '_ {
    let pairs = bindings.iter().enumerate().flat_map(move |(at, first)| {
        let from = if context == other { at + 1 } else { 0 };
        bindings[from..].iter().map(move |second| (first, second))
    });
    pairs
        .filter(move |((first, _), (second, _))| {
            first.context == context && second.context == other && first.command != second.command
        })
        .flat_map(move |((first, keys), (second, others))| {
            let shared = keys.iter().filter(move |key| others.contains(key));
            // Where letters are text, they mean nothing else.
            let meant = shared.filter(move |key| !context.takes_text() || key.text().is_none());
            meant.map(move |&key| Clash {
                key,
                context,
                action: first.name,
                other_context: other,
                other: second.name,
            })
        })
}
