//! The list of keys, made from the map in effect, and what the marks mean.

use unicode_width::UnicodeWidthStr as _;

use super::HelpPopup;
use crate::browse::Mark;
use crate::text::wrap::wrap;
use crate::tui::command::Context;
use crate::tui::keys::KeyMap;

/// A line of help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HelpLine {
    /// Between sections.
    Blank,
    /// Where the keys that follow mean something.
    Heading(&'static str),
    /// Keys and what they do.
    Keys {
        /// Their names.
        keys: String,
        /// What they do, or the beginning of it.
        help: String,
    },
    /// What had no room in the line before.
    More(String),
    /// A mark and what it means.
    Mark {
        /// What its colour is that of; `None` for marks without one.
        mark: Option<Mark>,
        /// Its letter.
        letter: char,
        /// What it means, or the beginning of it.
        help: String,
    },
}

/// Lines in one column or two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpTable {
    /// One element a column.
    pub columns: Vec<Vec<HelpLine>>,
    /// Columns of the screen that the widest keys take.
    pub keys_width: usize,
}

/// Columns of the screen from which there are two columns.
const WIDE: usize = 100;
/// Keys wider than this push what they do to the right.
const WIDEST_KEYS: usize = 18;
/// Columns around keys: in front of them, and twice that behind.
pub const GAP: usize = 2;

/// What the letters in front of rows mean.
const MARKS: [(Option<Mark>, char, &str); 9] = [
    (Some(Mark::Added), 'A', "added"),
    (Some(Mark::Modified), 'M', "other content, type or target"),
    (
        Some(Mark::Touched),
        'm',
        "only mode, owner, time or attributes differ",
    ),
    (Some(Mark::Removed), 'D', "deleted"),
    (
        Some(Mark::Opaque),
        'O',
        "opaque: hides what lower layers have in the directory",
    ),
    (None, 'H', "hard link: shares its data with other names"),
    (
        Some(Mark::Repeated),
        '=',
        "stored again without any difference",
    ),
    (None, '!', "could not be read, or read in part"),
    (None, ' ', "unchanged"),
];

impl HelpTable {
    /// Returns the number of rows.
    pub fn height(&self) -> usize {
        self.columns.iter().map(Vec::len).max().unwrap_or(0)
    }
}

/// Makes the list for a number of columns on the screen.
pub fn table(help: &HelpPopup, keys: &KeyMap, columns: usize) -> HelpTable {
    let (here, there) = sections(help, keys);
    let lists = match (columns >= WIDE, here.is_empty(), there.is_empty()) {
        (true, false, false) => vec![here, there],
        _ => vec![[here, there].concat()],
    };
    let columns = columns / lists.len();
    let widths = lists.iter().flatten().flatten().map(|line| match line {
        HelpLine::Keys { keys, .. } => keys.width(),
        _ => 1,
    });
    let keys_width = widths.max().unwrap_or(0).min(WIDEST_KEYS).min(columns / 3);
    let fitted = |sections: Vec<Vec<HelpLine>>| {
        let lines = sections.join(&HelpLine::Blank);
        lines
            .into_iter()
            .flat_map(|line| wrapped(line, columns, keys_width))
            .collect()
    };
    HelpTable {
        columns: lists.into_iter().map(fitted).collect(),
        keys_width,
    }
}

/// Continues what has no room on further lines.
fn wrapped(line: HelpLine, columns: usize, keys_width: usize) -> Vec<HelpLine> {
    let room = |left: usize| columns.saturating_sub(left.max(keys_width) + 3 * GAP);
    let (left, help) = match &line {
        HelpLine::Keys { keys, help } => (keys.width(), help),
        HelpLine::Mark { help, .. } => (1, help),
        _ => return vec![line],
    };
    let whole = help.clone();
    let mut rows = wrap(&[whole], room(left).max(8)).into_iter();
    let beginning = rows.next().unwrap_or_default();
    let first = match line {
        HelpLine::Keys { keys, .. } => HelpLine::Keys {
            keys,
            help: beginning,
        },
        HelpLine::Mark { mark, letter, .. } => HelpLine::Mark {
            mark,
            letter,
            help: beginning,
        },
        other => other,
    };
    std::iter::once(first)
        .chain(rows.map(HelpLine::More))
        .collect()
}

/// Headings with what is below them.
type Sections = Vec<Vec<HelpLine>>;

/// Returns what matches the search: the contexts in effect, and the marks with everything else.
fn sections(help: &HelpPopup, keys: &KeyMap) -> (Sections, Sections) {
    let others = Context::all().filter(|context| !help.contexts.contains(context));
    let search = help.search.text().trim().to_lowercase();
    let section = |context: &Context| bindings(*context, keys, &search);
    let here = titled(
        help.contexts
            .iter()
            .map(|context| (context.title(), section(context))),
    );
    let marks = titled(std::iter::once(("Marks in front of rows", marks(&search))));
    let there = titled(others.map(|context| (context.title(), section(&context))));
    let headed = |(title, lines): (&'static str, Vec<HelpLine>)| -> Vec<HelpLine> {
        let heading = std::iter::once(HelpLine::Heading(title));
        heading.chain(lines).collect()
    };
    (
        here.into_iter().map(headed).collect(),
        marks.into_iter().chain(there).map(headed).collect(),
    )
}

/// Joins lists under the same title, and leaves empty ones out.
fn titled(
    lists: impl Iterator<Item = (&'static str, Vec<HelpLine>)>,
) -> Vec<(&'static str, Vec<HelpLine>)> {
    let mut all: Vec<(&'static str, Vec<HelpLine>)> = Vec::new();
    for (title, lines) in lists.filter(|(_, lines)| !lines.is_empty()) {
        match all.iter_mut().find(|(known, _)| *known == title) {
            Some((_, known)) => known.extend(lines),
            None => all.push((title, lines)),
        }
    }
    all
}

fn bindings(context: Context, keys: &KeyMap, search: &str) -> Vec<HelpLine> {
    let is_whole = context.title().to_lowercase().contains(search);
    keys.in_context(context)
        .filter(|(_, keys)| !keys.is_empty())
        .map(|(binding, keys)| {
            let names: Vec<String> = keys.iter().map(ToString::to_string).collect();
            (binding, names.join(" "))
        })
        .filter(|(binding, names)| {
            let texts = [names.as_str(), binding.help, binding.name];
            is_whole
                || texts
                    .iter()
                    .any(|text| text.to_lowercase().contains(search))
        })
        .map(|(binding, keys)| HelpLine::Keys {
            keys,
            help: binding.help.to_owned(),
        })
        .collect()
}

fn marks(search: &str) -> Vec<HelpLine> {
    let is_meant = |help: &str, letter: char| {
        "marks".contains(search) || help.contains(search) || letter.to_string() == search
    };
    MARKS
        .into_iter()
        .filter(|&(_, letter, help)| is_meant(help, letter))
        .map(|(mark, letter, help)| HelpLine::Mark {
            mark,
            letter,
            help: help.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keys::{Preset, TABLE};
    use crate::tui::line::Line;
    use crate::tui::state::Pane;

    fn keys() -> KeyMap {
        KeyMap::new(Preset::Default, &std::collections::BTreeMap::new()).unwrap()
    }

    fn lines(help: &HelpPopup, columns: usize) -> Vec<HelpLine> {
        table(help, &keys(), columns).columns.concat()
    }

    #[test]
    fn every_binding_that_has_a_key_is_listed_once() {
        let help = HelpPopup::of(vec![
            Context::Pane(Pane::Tree),
            Context::Move,
            Context::Global,
        ]);
        for columns in [30, 200] {
            let listed = lines(&help, columns);
            let listed = listed
                .iter()
                .filter(|line| matches!(line, HelpLine::Keys { .. }));
            let bound = TABLE.iter().filter(|binding| !binding.keys.is_empty());
            assert_eq!(listed.count(), bound.count());
        }
    }

    #[test]
    fn the_contexts_in_effect_come_first() {
        let help = HelpPopup::of(vec![Context::Pane(Pane::Waste), Context::Move]);
        let headings: Vec<&str> = lines(&help, 30)
            .iter()
            .filter_map(|line| match line {
                HelpLine::Heading(title) => Some(*title),
                _ => None,
            })
            .collect();
        assert_eq!(
            headings[..4],
            ["Waste", "Moving", "Marks in front of rows", "Everywhere"]
        );
    }

    #[test]
    fn marks_have_the_letters_of_the_tree() {
        for (mark, letter, _) in MARKS {
            assert!(mark.is_none_or(|mark| mark.letter() == letter));
        }
        for mark in Mark::ALL {
            assert!(MARKS.iter().any(|(_, letter, _)| *letter == mark.letter()));
        }
    }

    #[test]
    fn a_search_looks_at_keys_names_and_help() {
        for (search, found) in [
            ("ctrl-d", "half a screenful down"),
            ("unfold-all", "unfold everything"),
            (
                "OPAQUE",
                "opaque: hides what lower layers have in the directory",
            ),
        ] {
            let help = HelpPopup {
                search: Line::new(search),
                ..HelpPopup::default()
            };
            let texts: Vec<String> = lines(&help, 300)
                .into_iter()
                .filter_map(|line| match line {
                    HelpLine::Keys { help, .. } | HelpLine::Mark { help, .. } => Some(help),
                    _ => None,
                })
                .collect();
            assert!(
                texts.iter().any(|text| text == found),
                "{search}: {texts:?}"
            );
            assert!(texts.len() < 5, "{search}: {texts:?}");
        }
        let nothing = HelpPopup {
            search: Line::new("zebra"),
            ..HelpPopup::default()
        };
        assert_eq!(lines(&nothing, 30), []);
    }
}
