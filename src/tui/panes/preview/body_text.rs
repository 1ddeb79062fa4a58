//! What is on the screen of the preview: lines of some document, or rows of hex.

use ratatui::layout::Rect;

use super::areas::{PreviewAreas, gutter};
use super::{Body, DiffState, PreviewPane};
use crate::tui::paint::behind;
use crate::tui::results::{Document, LineKind, Nature};

/// What is drawn in the body.
#[derive(Debug, Clone, Copy)]
pub enum BodyText<'a> {
    /// A document line by line.
    Lines {
        /// The document.
        document: &'a Document,
        /// With what is in front of them.
        margin: Margin<'a>,
    },
    /// Rows of these bytes.
    Hex(&'a [u8]),
}

/// What stands in front of lines.
#[derive(Debug, Clone, Copy)]
pub enum Margin<'a> {
    /// Nothing: they are words of ours.
    None,
    /// Their numbers.
    Numbers,
    /// What became of them.
    Changes(&'a [LineKind]),
}

/// Shown while there is nothing else.
static NOTHING: Document = Document::EMPTY;

impl<'a> BodyText<'a> {
    /// Returns the bytes that are searched.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Lines { document, .. } => document.bytes(),
            Self::Hex(bytes) => bytes,
        }
    }

    /// Returns the columns of the margin.
    pub fn margin(self, columns: u16) -> u16 {
        match self {
            Self::Lines { document, margin } => match margin {
                Margin::None => 0,
                Margin::Numbers => gutter(document.len(), columns),
                Margin::Changes(_) => 2.min(columns),
            },
            Self::Hex(_) => 0,
        }
    }

    /// Returns the place of the text, of a pane without its border.
    pub fn text_area(pane: &PreviewPane, inner: Rect) -> Rect {
        let body = PreviewAreas::of(inner).body;
        let margin = pane.sheet().margin(body.width).min(body.width);
        behind(body, margin)
    }
}

impl PreviewPane {
    /// Returns what is on the screen.
    pub fn sheet(&self) -> BodyText<'_> {
        let words = |document| BodyText::Lines {
            document,
            margin: Margin::None,
        };
        match &self.diff {
            DiffState::No => {}
            DiffState::Working(_) => return words(&NOTHING),
            DiffState::Failed(document) => return words(document),
            DiffState::Done(difference) => {
                return BodyText::Lines {
                    document: &difference.document,
                    margin: Margin::Changes(&difference.kinds),
                };
            }
        }
        match &self.body {
            Body::Nothing | Body::Reading(_) => words(&NOTHING),
            Body::Facts(document) | Body::Unread(document) | Body::Failed(document) => {
                words(document)
            }
            Body::Read(content) if self.nature() == Nature::Binary => {
                BodyText::Hex(content.document.bytes())
            }
            Body::Read(content) => BodyText::Lines {
                document: &content.document,
                margin: Margin::Numbers,
            },
        }
    }
}
