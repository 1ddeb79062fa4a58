//! The keys on their page below `docs` and in the manual page, made from the one table.

use std::fmt::Write as _;

use super::KeyMap;
use crate::tui::command::Context;

/// A line of the documentation.
struct Entry {
    keys: Vec<String>,
    action: &'static str,
    help: &'static str,
}

/// Returns titles with their entries, in order.
fn sections(keys: &KeyMap) -> Vec<(&'static str, Vec<Entry>)> {
    let mut sections: Vec<(&'static str, Vec<Entry>)> = Vec::new();
    for context in Context::all() {
        let entries = keys.in_context(context).map(|(binding, keys)| Entry {
            keys: keys.iter().map(ToString::to_string).collect(),
            action: binding.name,
            help: binding.help,
        });
        match sections.last_mut() {
            Some((title, known)) if *title == context.title() => known.extend(entries),
            _ => sections.push((context.title(), entries.collect())),
        }
    }
    sections
}

/// Returns one table for all keys, in Markdown.
pub fn markdown(keys: &KeyMap) -> String {
    let mut text = String::from("| where | keys | does | action |\n|---|---|---|---|\n");
    for (title, entries) in sections(keys) {
        for (at, entry) in entries.iter().enumerate() {
            let place = if at == 0 { title } else { "" };
            let names: Vec<String> = entry.keys.iter().map(|key| format!("`{key}`")).collect();
            let keys = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(" ")
            };
            // Writing to a String cannot fail.
            writeln!(
                text,
                "| {place} | {keys} | {} | `{}` |",
                entry.help, entry.action
            )
            .unwrap_or_default();
        }
    }
    text
}

/// Returns a section of a manual page.
pub fn roff(keys: &KeyMap) -> String {
    let mut text = String::from(".SH \"KEYS\"\n");
    for (title, entries) in sections(keys) {
        writeln!(text, ".SS \"{}\"", escaped(title)).unwrap_or_default();
        for entry in entries {
            let names: Vec<String> = entry.keys.iter().map(|key| escaped(key)).collect();
            let keys = if names.is_empty() {
                "(no key)".to_owned()
            } else {
                names.join(" ")
            };
            write!(
                text,
                ".TP\n\\fB{keys}\\fR\n\\&{} (\\fI{}\\fR)\n",
                escaped(entry.help),
                escaped(entry.action)
            )
            .unwrap_or_default();
        }
    }
    text
}

/// Keeps what roff would take for a command.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keys::{Preset, TABLE};

    fn keys() -> KeyMap {
        KeyMap::new(Preset::Default, &std::collections::BTreeMap::new()).unwrap()
    }

    #[test]
    fn every_binding_is_documented_in_both_forms() {
        let (markdown, roff) = (markdown(&keys()), roff(&keys()));
        assert_eq!(markdown.lines().count(), TABLE.len() + 2);
        assert_eq!(roff.matches(".TP\n").count(), TABLE.len());
        for binding in TABLE {
            assert!(markdown.contains(&format!("| {} | `{}` |", binding.help, binding.name)));
            assert!(roff.contains(&escaped(binding.help)), "{}", binding.help);
        }
    }

    #[test]
    fn no_key_breaks_the_form_it_is_in() {
        for line in markdown(&keys()).lines() {
            assert_eq!(line.matches('|').count(), 5, "{line}");
        }
        let roff = roff(&keys());
        let odd = |line: &&str| {
            (line.starts_with('.')
                && ![".SH", ".SS", ".TP"]
                    .iter()
                    .any(|known| line.starts_with(known)))
                || line.starts_with('\'')
        };
        assert_eq!(roff.lines().find(odd), None);
    }
}
