//! Keys: their names, the table of what they mean, and the map in effect.

mod table;

use std::collections::BTreeMap;
use std::fmt;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::command::{Command, Context};

pub use table::{Binding, TABLE};

/// A key with its modifiers, as a terminal without extensions can tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// Names of keys that are not letters.
const NAMES: [(&str, KeyCode); 17] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("null", KeyCode::Null),
];

impl Key {
    /// Reads a name such as `q`, `J`, `ctrl-f`, `alt-x`, `pgup`, `f1`, `space`. Letters are case sensitive.
    pub fn parse(name: &str) -> Option<Self> {
        let mut rest = name;
        let mut modifiers = KeyModifiers::NONE;
        if let Some(inner) = rest.strip_prefix("ctrl-") {
            modifiers |= KeyModifiers::CONTROL;
            rest = inner;
        } else if let Some(inner) = rest.strip_prefix("alt-") {
            modifiers |= KeyModifiers::ALT;
            rest = inner;
        }
        let named = NAMES.iter().find(|(known, _)| *known == rest);
        let mut characters = rest.chars();
        let code = match (named, characters.next(), characters.next()) {
            (Some((_, code)), ..) => *code,
            (None, Some(one), None) => KeyCode::Char(one),
            (None, Some('f'), Some(_)) => {
                let number = rest.strip_prefix('f')?.parse().ok();
                KeyCode::F(number.filter(|number| (1..=12).contains(number))?)
            }
            _ => return None,
        };
        Some(Self { code, modifiers }.plain())
    }

    /// Returns the key of an event.
    pub fn of(event: &KeyEvent) -> Self {
        let modifiers = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
        Self {
            code: event.code,
            modifiers,
        }
        .plain()
    }

    /// Ctrl-Space arrives as NUL or as itself; letters with Ctrl have no case.
    fn plain(mut self) -> Self {
        if self.code == KeyCode::Null {
            self.code = KeyCode::Char(' ');
            self.modifiers |= KeyModifiers::CONTROL;
        }
        if let KeyCode::Char(letter) = self.code
            && self.modifiers.contains(KeyModifiers::CONTROL)
        {
            self.code = KeyCode::Char(letter.to_ascii_lowercase());
        }
        self
    }

    /// Returns the character it types, where it types one.
    pub fn text(self) -> Option<char> {
        match self.code {
            KeyCode::Char(character) if self.modifiers.is_empty() => Some(character),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            formatter.write_str("ctrl-")?;
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            formatter.write_str("alt-")?;
        }
        if let Some((name, _)) = NAMES.iter().find(|(_, code)| *code == self.code) {
            return formatter.write_str(name);
        }
        match self.code {
            KeyCode::Char(character) => write!(formatter, "{character}"),
            KeyCode::F(number) => write!(formatter, "f{number}"),
            _ => formatter.write_str("?"),
        }
    }
}

/// Returns a key as people write it: `Tab`, `Ctrl-R`, `j`.
pub fn shown_key(key: Key) -> String {
    let name = key.to_string();
    if name.chars().count() == 1 {
        return name;
    }
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect::<Vec<_>>().join("-")
}

/// Which set of keys to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preset {
    /// The table's own.
    #[default]
    Default,
    /// With dive's keys where they differ.
    Dive,
}

/// What keys mean, context by context.
#[derive(Debug, Clone)]
pub struct KeyMap {
    /// In the order of the table: its binding and its keys in effect.
    bindings: Vec<(&'static Binding, Vec<Key>)>,
}

impl KeyMap {
    /// Makes the map of a preset, with the keys of some actions replaced.
    ///
    /// # Errors
    /// A sentence for people: an action that does not exist, a key that has no such name, or two actions
    /// that want one key in one context.
    pub fn new(preset: Preset, replaced: &BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        for action in replaced.keys() {
            if !TABLE.iter().any(|binding| binding.name == action) {
                return Err(format!("unknown action '{action}'"));
            }
        }
        let mut bindings = Vec::with_capacity(TABLE.len());
        for binding in TABLE {
            let keys = match replaced.get(binding.name) {
                Some(names) => names
                    .iter()
                    .map(|name| Key::parse(name).ok_or_else(|| format!("unknown key '{name}'")))
                    .collect::<Result<_, _>>()?,
                None => keys_of(binding, preset),
            };
            bindings.push((binding, keys));
        }
        if preset == Preset::Dive {
            give_way(&mut bindings);
        }
        Ok(Self { bindings })
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
fn give_way(bindings: &mut [(&'static Binding, Vec<Key>)]) {
    let claims: Vec<(Context, &str, Key)> = bindings
        .iter()
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
