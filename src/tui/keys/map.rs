//! The keys in effect: those of a preset, with some replaced.

use std::collections::BTreeMap;

use super::clash::{self, Bound};
use super::{Binding, Clash, Key, Preset, TABLE};
use crate::tui::command::{Command, Context};

/// Why keys cannot be as somebody wants them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no such action.
    #[error("unknown action '{action}'")]
    UnknownAction {
        /// What was written.
        action: String,
    },
    /// No key has such a name.
    #[error("{action}: unknown key '{key}'")]
    UnknownKey {
        /// The action it was for.
        action: String,
        /// What was written.
        key: String,
    },
    /// Two actions want one key.
    #[error("{0}")]
    Clash(Clash),
}

/// What keys mean, context by context.
#[derive(Debug, Clone)]
pub struct KeyMap {
    /// In the order of the table: its binding and its keys in effect.
    bindings: Vec<Bound>,
}

impl KeyMap {
    /// Makes the map of a preset, with the keys of some actions replaced. An action without keys is switched
    /// off, but for the one that leaves at once.
    ///
    /// # Errors
    /// For an action that does not exist, a key that has no such name, and two actions that want one key where
    /// both have a meaning, unless the preset has it so.
    pub fn new(preset: Preset, replaced: &BTreeMap<String, Vec<String>>) -> Result<Self, KeyError> {
        let preset_bindings = bindings_of(preset, &|_| false);
        let mut wanted = BTreeMap::new();
        for (action, names) in replaced {
            wanted.insert(action.as_str(), keys_named(action, names)?);
        }
        let mut bindings = bindings_of(preset, &|name| wanted.contains_key(name));
        for (binding, keys) in &mut bindings {
            // One way out is left, whatever is switched off.
            let is_last_way_out =
                |wanted: &Vec<Key>| wanted.is_empty() && binding.command == Command::QuitNow;
            if let Some(wanted) = wanted
                .get(binding.name)
                .filter(|keys| !is_last_way_out(keys))
            {
                keys.clone_from(wanted);
            }
        }
        match clash::new_ones(&bindings, &preset_bindings)
            .into_iter()
            .next()
        {
            Some(clash) => Err(KeyError::Clash(clash)),
            None => Ok(Self { bindings }),
        }
    }

    /// Returns what a key means in the first of these contexts that knows it.
    pub fn command(&self, contexts: &[Context], key: Key) -> Option<Command> {
        contexts.iter().find_map(|&context| {
            let mut here = self.in_context(context);
            here.find(|(_, keys)| keys.contains(&key))
                .map(|(binding, _)| binding.command)
        })
    }

    /// Returns the bindings of a context with their keys, in the order of help.
    pub fn in_context(
        &self,
        context: Context,
    ) -> impl Iterator<Item = (&'static Binding, &[Key])> + '_ {
        self.bindings
            .iter()
            .filter(move |(binding, _)| binding.context == context)
            .map(|(binding, keys)| (*binding, keys.as_slice()))
    }

    /// Returns the key to show for a command in a context, if there is one.
    pub fn key(&self, context: Context, command: Command) -> Option<Key> {
        self.in_context(context)
            .find(|(binding, _)| binding.command == command)
            .and_then(|(_, keys)| keys.first().copied())
    }

    /// Returns every key that means something else in a context than in those it lies over, and every key with
    /// two meanings in one context.
    pub fn clashes(&self) -> Vec<Clash> {
        clash::all(&self.bindings)
    }
}

/// Reads the names of keys.
///
/// # Errors
/// [`KeyError::UnknownAction`], [`KeyError::UnknownKey`].
fn keys_named(action: &str, names: &[String]) -> Result<Vec<Key>, KeyError> {
    if !TABLE.iter().any(|binding| binding.name == action) {
        return Err(KeyError::UnknownAction {
            action: action.to_owned(),
        });
    }
    let read = |name: &String| {
        Key::parse(name).ok_or_else(|| KeyError::UnknownKey {
            action: action.to_owned(),
            key: name.clone(),
        })
    };
    names.iter().map(read).collect()
}

/// Returns the bindings of a preset; actions that are replaced take no keys from others.
fn bindings_of(preset: Preset, is_replaced: &dyn Fn(&str) -> bool) -> Vec<Bound> {
    let mut bindings: Vec<Bound> = TABLE
        .iter()
        .map(|binding| (binding, keys_of(binding, preset)))
        .collect();
    if preset == Preset::Dive {
        give_way(&mut bindings, is_replaced);
    }
    bindings
}

fn keys_of(binding: &Binding, preset: Preset) -> Vec<Key> {
    let further: &[&str] = match preset {
        Preset::Default => &[],
        Preset::Dive => binding.dive,
    };
    let names = binding.keys.iter().chain(further);
    names.filter_map(|name| Key::parse(name)).collect()
}

/// Takes keys that dive's preset gives to one action away from others of the same context.
fn give_way(bindings: &mut [Bound], is_replaced: &dyn Fn(&str) -> bool) {
    let claims: Vec<(Context, &str, Key)> = bindings
        .iter()
        .filter(|(binding, _)| !is_replaced(binding.name))
        .flat_map(|(binding, _)| {
            let keys = binding.dive.iter().filter_map(|name| Key::parse(name));
            keys.map(|key| (binding.context, binding.name, key))
        })
        .collect();
    for (binding, keys) in bindings {
        keys.retain(|key| {
            !claims.iter().any(|(context, name, claimed)| {
                *context == binding.context && *name != binding.name && claimed == key
            })
        });
    }
}
