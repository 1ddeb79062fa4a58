//! Keys with two meanings.

use std::fmt;

use super::map::Bound;
use super::{Key, map};
use crate::tui::command::Context;

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

/// Contexts that are asked one after the other, as [`crate::tui::Model::contexts`] and popups have them.
const STACKS: [&[Context]; 15] = [
    &[
        Context::Layers,
        Context::Move,
        Context::Global,
        Context::Views,
        Context::Always,
    ],
    &[
        Context::Tree,
        Context::Move,
        Context::Global,
        Context::Views,
        Context::Always,
    ],
    &[
        Context::Waste,
        Context::Move,
        Context::Global,
        Context::Views,
        Context::Always,
    ],
    &[
        Context::Files,
        Context::Move,
        Context::Global,
        Context::Views,
        Context::Always,
    ],
    &[
        Context::Treemap,
        Context::Move,
        Context::Global,
        Context::Views,
        Context::Always,
    ],
    &[
        Context::Image,
        Context::Move,
        Context::Global,
        Context::Views,
        Context::Always,
    ],
    &[
        Context::Preview,
        Context::Move,
        Context::Global,
        Context::Views,
        Context::Always,
    ],
    &[
        Context::Store,
        Context::Move,
        Context::Global,
        Context::Always,
    ],
    &[
        Context::Comparison,
        Context::Move,
        Context::Global,
        Context::Always,
    ],
    &[
        Context::Notice,
        Context::Move,
        Context::Global,
        Context::Always,
    ],
    &[
        Context::Picker,
        Context::Move,
        Context::Global,
        Context::Always,
    ],
    &[Context::Loading, Context::Global, Context::Always],
    &[Context::Filter, Context::Always],
    &[Context::Prompt, Context::Always],
    &[Context::Help, Context::Always],
];

/// Returns every clash, each once.
pub(super) fn all(bindings: &[Bound]) -> Vec<Clash> {
    let mut found: Vec<Clash> = Vec::new();
    for stack in STACKS {
        for (at, &context) in stack.iter().enumerate() {
            for &other in &stack[at..] {
                let between = between(bindings, context, other);
                found.extend(
                    between
                        .filter(|clash| !found.contains(clash))
                        .collect::<Vec<_>>(),
                );
            }
        }
    }
    found
}

/// Returns the clashes that a preset does not have.
pub(super) fn new_ones(bindings: &[map::Bound], preset: &[map::Bound]) -> Vec<Clash> {
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
