//! Keys: their names, the table of what they mean, and the map in effect.

mod clash;
pub mod document;
mod map;
mod table;

use std::fmt;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub use clash::Clash;
pub use map::{KeyError, KeyMap};
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

    /// Returns the names of keys that are not letters, for advice.
    pub fn names() -> Vec<String> {
        let named = NAMES.iter().map(|(name, _)| (*name).to_owned());
        let numbered = (1..=12).map(|number| format!("f{number}"));
        let letters = ('a'..='z').flat_map(|letter| {
            let modified = ["ctrl-", "alt-"].map(|modifier| format!("{modifier}{letter}"));
            modified.into_iter()
        });
        named.chain(numbered).chain(letters).collect()
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

impl Preset {
    /// Every preset with its name in the configuration.
    pub const ALL: [(&'static str, Self); 2] = [("default", Self::Default), ("dive", Self::Dive)];
}
