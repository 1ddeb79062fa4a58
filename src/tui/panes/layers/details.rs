//! What there is to say about one layer.

use super::top_directories::Top;
use crate::analysis::LayerFigures;
use crate::image::Layer;
use crate::layer::LayerIndex;
use crate::layer::codec::Codec;
use crate::text::columns::flow;
use crate::text::wrap::break_at;
use crate::text::{Cut, Look};
use crate::tui::subject::Subject;
use crate::tui::theme::Role;
use crate::units::count;

/// A line of the details.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DetailLine {
    /// Something with a name; further lines have none.
    Fact {
        /// What it is.
        label: &'static str,
        /// Escaped, cut to the width.
        text: String,
        /// How it looks.
        role: Role,
    },
    /// A directory and its part of the layer.
    Top(Top),
}

/// How much of a long instruction is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Length {
    /// The first lines.
    #[default]
    Short,
    /// All of it.
    Whole,
}

impl Length {
    /// Returns the other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Short => Self::Whole,
            Self::Whole => Self::Short,
        }
    }
}

/// What the details are made for.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// Columns of the pane.
    pub width: u16,
    /// How much is told.
    pub length: Length,
}

/// Narrower panes have no labels.
const LABELS_FROM: u16 = 44;
/// Columns of a label.
pub const LABEL: u16 = 9;
/// Lines of an instruction unless all of it is asked for.
const SHORT: usize = 3;
/// Lines of an instruction at most.
const MOST: usize = 500;
impl Room {
    /// Returns the columns that labels take.
    pub const fn label(self) -> u16 {
        if self.width < LABELS_FROM { 0 } else { LABEL }
    }
}

/// Returns the details of a layer, wrapped to the pane.
pub fn of(
    subject: &Subject,
    look: Look,
    layer: LayerIndex,
    room: Room,
    tops: &[Top],
) -> Vec<DetailLine> {
    let columns = usize::from(room.width.saturating_sub(room.label()).max(8));
    let mut details = Vec::new();
    for (label, pieces) in facts(subject, look, layer) {
        let role = match pieces {
            Pieces::Alarm(_) => Role::Alarm,
            _ => Role::Plain,
        };
        let pieces = match pieces {
            // Which of several digests it is has to be told.
            Pieces::Word(word) if room.label() == 0 => Pieces::Word(format!("{label} {word}")),
            pieces => pieces,
        };
        let lines = match pieces {
            Pieces::Some(pieces) => flow(&pieces, "  ", columns),
            Pieces::Alarm(words) => vec![words.to_owned()],
            Pieces::Text(text) => wrapped(&text, look, columns, room.length),
            Pieces::Word(word) if room.length == Length::Short => {
                vec![look.fit(&word, columns, Cut::Middle)]
            }
            Pieces::Word(word) => wrapped(&word, look, columns, room.length),
        };
        let labels = std::iter::once(label).chain(std::iter::repeat(""));
        details.extend(labels.zip(lines).map(|(label, text)| DetailLine::Fact {
            label,
            text,
            role,
        }));
    }
    if !tops.is_empty() {
        let heading = |text: &str| DetailLine::Fact {
            label: "",
            text: text.into(),
            role: Role::Plain,
        };
        details.extend([heading(""), heading("Size by top directory")]);
        details.extend(tops.iter().cloned().map(DetailLine::Top));
    }
    details
}

/// Returns everything about a layer, a line a fact.
pub fn all(subject: &Subject, look: Look, layer: LayerIndex) -> Vec<String> {
    let mut lines = Vec::new();
    for (label, pieces) in facts(subject, look, layer) {
        match pieces {
            Pieces::Some(pieces) => lines.push(format!("{label:9}{}", pieces.join("  "))),
            Pieces::Word(word) => lines.push(format!("{label:9}{word}")),
            Pieces::Alarm(words) => lines.push(format!("{label:9}{words}")),
            Pieces::Text(text) => {
                let labels = std::iter::once(label).chain(std::iter::repeat(""));
                let shown = text
                    .lines()
                    .map(|line| look.shown(line.replace('\t', "    ").as_bytes()));
                lines.extend(
                    labels
                        .zip(shown)
                        .map(|(label, line)| format!("{label:9}{line}")),
                );
            }
        }
    }
    let image = &subject.analysis.image;
    if let Some(layer) = image.layers.get(layer.as_usize()) {
        let further = [("Media", layer.media_type.as_ref())];
        let further = further
            .iter()
            .filter_map(|(label, text)| Some((label, (*text)?)));
        lines.extend(
            further.map(|(label, text)| format!("{label:9}{}", look.shown(text.as_bytes()))),
        );
        for (name, value) in layer.instruction.iter().flat_map(|known| &known.arguments) {
            lines.push(format!(
                "Argument {}",
                look.shown(format!("{name}={value}").as_bytes())
            ));
        }
    }
    lines
}

/// What follows a label.
enum Pieces {
    /// Short pieces, broken between them, escaped.
    Some(Vec<String>),
    /// Why the figures are not those of all of it.
    Alarm(&'static str),
    /// Text of the image, unescaped, broken anywhere.
    Text(String),
    /// One word; its middle is left out where it is too long.
    Word(String),
}

fn facts(subject: &Subject, look: Look, index: LayerIndex) -> Vec<(&'static str, Pieces)> {
    let analysis = &subject.analysis;
    let at = index.as_usize();
    let (Some(layer), Some(figures)) = (analysis.image.layers.get(at), analysis.layers.get(at))
    else {
        return Vec::new();
    };
    let mut facts = Vec::new();
    if figures.unread {
        facts.push(("State", Pieces::Alarm("not read yet")));
    } else if !figures.complete {
        facts.push(("State", Pieces::Alarm("damaged: a part could not be read")));
    }
    facts.push(("Size", Pieces::Some(sizes(look, layer, figures))));
    facts.push(("Changes", Pieces::Some(changes(figures))));
    facts.extend(waste(look, figures).map(|text| ("Wasted", Pieces::Text(text))));
    let text = layer.instruction.as_ref().map(|known| known.text.clone());
    facts.push((
        "Command",
        Pieces::Text(text.unwrap_or_else(|| layer.title())),
    ));
    facts.push(("Created", Pieces::Some(created(subject, look, layer))));
    let digests = [("Diff ID", &layer.diff_id), ("Digest", &layer.digest)];
    facts.extend(digests.into_iter().filter_map(|(label, digest)| {
        let digest = digest.as_ref()?;
        let is_news = label == "Diff ID" || layer.diff_id.as_ref() != Some(digest);
        is_news.then(|| (label, Pieces::Word(digest.to_string())))
    }));
    facts.extend(base(subject, index).map(|text| ("Base", Pieces::Text(text))));
    facts.extend(without_layer(subject).map(|text| ("History", Pieces::Text(text))));
    facts.retain(|(_, pieces)| !matches!(pieces, Pieces::Some(pieces) if pieces.is_empty()));
    facts
}

fn sizes(look: Look, layer: &Layer, figures: &LayerFigures) -> Vec<String> {
    let size = |bytes| look.units.size(bytes);
    let mut pieces = vec![size(figures.content_bytes)];
    if let Some(stored) = layer.stored_bytes {
        let codec = match layer.compression {
            Codec::None => "",
            codec => codec.as_str(),
        };
        pieces.push(
            format!("blob {} {codec}", size(stored))
                .trim_end()
                .to_owned(),
        );
        pieces.extend(ratio(figures.content_bytes, stored));
    }
    pieces.push(match figures.entries {
        1 => "1 entry".to_owned(),
        entries => format!("{} entries", count(entries)),
    });
    pieces
}

/// Returns `3.7:1`, rounded down.
fn ratio(content: u64, stored: u64) -> Option<String> {
    let tenths = (u128::from(content) * 10).checked_div(u128::from(stored))?;
    (tenths > 10).then(|| format!("{}.{}:1", tenths / 10, tenths % 10))
}

fn changes(figures: &LayerFigures) -> Vec<String> {
    let all = [
        ("+", figures.added, "added"),
        ("~", figures.modified, "modified"),
        ("m", figures.touched, "touched"),
        ("=", figures.repeated, "repeated"),
        ("-", figures.removed, "removed"),
    ];
    let some = all.iter().filter(|(_, number, _)| *number > 0);
    some.map(|(sign, number, word)| format!("{sign}{} {word}", count(*number)))
        .collect()
}

fn waste(look: Look, figures: &LayerFigures) -> Option<String> {
    let size = |bytes| look.units.size(bytes);
    match (figures.wasted_bytes, figures.destroyed_bytes) {
        (0, 0) => None,
        (own, 0) => Some(format!("{} of it useless", size(own))),
        (0, lower) => Some(format!("makes {} of lower layers useless", size(lower))),
        (own, lower) => Some(format!(
            "{} of it useless, makes {} of lower layers useless",
            size(own),
            size(lower)
        )),
    }
}

fn created(subject: &Subject, look: Look, layer: &Layer) -> Vec<String> {
    let entry = layer
        .history
        .and_then(|at| subject.analysis.image.history.get(at));
    let mut pieces = Vec::new();
    if let Some(created) = entry.and_then(|entry| entry.created.as_ref()) {
        let minutes: String = created.chars().take(16).collect();
        pieces.push(look.shown(minutes.replace('T', " ").as_bytes()));
    }
    if let Some(known) = &layer.instruction {
        pieces.push(format!("by {}", known.builder.as_str()));
    }
    pieces
}

fn base(subject: &Subject, index: LayerIndex) -> Option<String> {
    let base = &subject.analysis.base;
    (index.0 < base.layers).then(|| format!("part of the base image, {}", base.evidence))
}

fn without_layer(subject: &Subject) -> Option<String> {
    let history = &subject.analysis.image.history;
    let entries: Vec<_> = history
        .iter()
        .filter(|entry| entry.layer.is_none())
        .collect();
    if entries.is_empty() {
        return None;
    }
    let mut words: Vec<&str> = Vec::new();
    let known = entries
        .iter()
        .filter_map(|entry| entry.instruction.as_ref());
    for word in known.map(|known| known.keyword.as_str()) {
        if !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
    }
    let plural = if entries.len() == 1 {
        "entry"
    } else {
        "entries"
    };
    let text = format!("+ {} {plural} without a layer", entries.len());
    Some(if words.is_empty() {
        text
    } else {
        format!("{text} ({})", words.join(", "))
    })
}

/// Breaks text of the image into lines of at most so many columns.
fn wrapped(text: &str, look: Look, columns: usize, length: Length) -> Vec<String> {
    let most = match length {
        Length::Short => SHORT,
        Length::Whole => MOST,
    };
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let shown = look.shown(line.replace('\t', "    ").trim_end().as_bytes());
        let mut rest = shown.as_str();
        loop {
            if lines.len() == most {
                if let Some(last) = lines.last_mut() {
                    *last = look.fit(&format!("{last}{}", " ".repeat(columns)), columns, Cut::End);
                }
                return lines;
            }
            let (head, tail) = rest.split_at(break_at(rest, columns));
            lines.push(head.to_owned());
            if tail.is_empty() {
                break;
            }
            rest = tail;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_break_anywhere_and_sentences_behind_spaces() {
        assert_eq!(break_at("short", 10), 5);
        assert_eq!(break_at("apt-get update", 10), 8);
        assert_eq!(break_at("abcdefghijklmnop", 10), 10);
        assert_eq!(break_at("中中中", 4), 6);
        assert_eq!(break_at("中", 1), 3);
    }

    #[test]
    fn a_ratio_is_told_where_something_was_saved() {
        assert_eq!(ratio(370, 100).as_deref(), Some("3.7:1"));
        assert_eq!(ratio(100, 100), None);
        assert_eq!(ratio(100, 0), None);
    }
}
