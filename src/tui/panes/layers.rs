//! The list of layers and the details of the one that is chosen.

pub mod areas;
pub mod details;
mod draw;
pub mod listing;
pub mod top_directories;

pub(in crate::tui) use draw::draw;

use super::popup::{Notice, Popup};
use super::{Request, Standing, about, copied};
use crate::layer::LayerIndex;
use crate::text::{Cut, Look};
use crate::tui::command::Command;
use crate::tui::reads::Reads;
use crate::tui::scroll::{Moved, Scroll};
use crate::tui::subject::Subject;
use crate::tui::table::{RowsPlace, Table};
use areas::LayersAreas;
use details::{DetailLine, Length};
use listing::{LayerRow, What};
use top_directories::Top;

/// Columns in front of a row, for the sign of the cursor.
const CURSOR: u16 = 1;

/// The list of layers.
#[derive(Debug, Default)]
pub struct LayersPane {
    /// Cursor: the position is the layer.
    pub scroll: Scroll,
    /// A row a layer, bottom first.
    pub rows: Vec<LayerRow>,
    /// Bytes of the largest.
    pub largest: u64,
    /// Where the cells of a row are.
    pub table: Table<What>,
    /// What is said about the chosen layer.
    pub details: Vec<DetailLine>,
    /// The largest directories of the chosen layer.
    tops: Vec<Top>,
    /// How much of a long instruction is told.
    length: Length,
}

impl LayersPane {
    /// Returns the chosen layer.
    pub fn layer(&self) -> LayerIndex {
        LayerIndex(u16::try_from(self.scroll.at).unwrap_or(u16::MAX))
    }

    /// Takes a subject, a new one or the same refined.
    pub fn show(&mut self, reads: &Reads<'_>) {
        self.rows = listing::rows(reads.subject, reads.session.look);
        let layers = &reads.subject.analysis.layers;
        let bytes = layers.iter().map(|layer| layer.content_bytes);
        self.largest = bytes.max().unwrap_or(0).max(1);
        self.choose(self.layer(), reads);
    }

    /// Fits the pane to its place.
    pub fn resize(&mut self, reads: &Reads<'_>) {
        self.details = details::of(
            reads.subject,
            reads.session.look,
            self.layer(),
            details::Room {
                width: areas::indented(reads.inner()).width,
                length: self.length,
            },
            &self.tops,
        );
        let width = reads.inner().width;
        let columns = listing::columns(&self.rows, width.saturating_sub(CURSOR));
        self.table = Table::new(columns, width.saturating_sub(CURSOR), 1);
        let height = self.rows_place(reads).height();
        self.scroll.go(self.scroll.at, self.rows.len(), height);
    }

    /// Makes a layer the chosen one.
    pub fn choose(&mut self, layer: LayerIndex, reads: &Reads<'_>) {
        self.scroll.at = layer.as_usize().min(self.rows.len().saturating_sub(1));
        self.tops = top_directories::tops(reads.subject, reads.session.look, self.layer());
        self.resize(reads);
    }

    /// Returns where the parts of the pane are.
    fn parts(&self, reads: &Reads<'_>) -> LayersAreas {
        LayersAreas::of(
            reads.inner(),
            reads.arrangement,
            self.rows.len(),
            self.details.len(),
        )
    }

    /// Returns where the rows are.
    pub fn rows_place(&self, reads: &Reads<'_>) -> RowsPlace {
        RowsPlace {
            area: self.parts(reads).list,
            scroll: self.scroll,
            len: self.rows.len(),
        }
    }

    /// Does what a command means here.
    pub fn update(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        let mut moved = self.scroll;
        let height = self.rows_place(reads).height();
        if moved.step(command, self.rows.len(), height) == Moved::Yes {
            let layer = LayerIndex(u16::try_from(moved.at).unwrap_or(u16::MAX));
            return vec![Request::ChooseLayer(layer)];
        }
        match command {
            Command::Open => vec![Request::FocusTree],
            Command::NextMode | Command::ScopeLayer | Command::ScopeAccumulated => {
                vec![Request::Tree(command)]
            }
            Command::Filter => vec![Request::FocusTree, Request::Tree(command)],
            Command::Wrap => {
                self.length = self.length.other();
                self.resize(reads);
                Vec::new()
            }
            Command::Back => vec![Request::ZoomOut],
            Command::CopyPath => copied(about::layer_title(
                reads.subject,
                reads.session.look,
                self.layer(),
            )),
            Command::CopyDigest => about::copy_diff_id(reads.subject, self.layer()),
            Command::Info => vec![Request::Show(Popup::Notice(self.notice(reads)))],
            _ => Vec::new(),
        }
    }

    /// Returns what the cursor is on.
    pub fn standing(&self, subject: &Subject, look: Look) -> Standing {
        let layer = self.layer();
        let title = about::layer_title(subject, look, layer);
        let row = self.rows.get(layer.as_usize());
        Standing {
            name: format!("L{layer} {title}"),
            facts: row.map(|row| row.size.clone()).into_iter().collect(),
            cut: Cut::End,
        }
    }

    fn notice(&self, reads: &Reads<'_>) -> Notice {
        let look: Look = reads.session.look;
        let title = format!("Layer {}", self.layer());
        Notice::facts(title, details::all(reads.subject, look, self.layer()))
    }
}

/// Returns the layer to begin with: of the image's own the one that wastes most, else the one that made most of the base
/// image useless, else the top one that stores or changes something.
pub fn first_choice(subject: &Subject) -> LayerIndex {
    let layers = &subject.analysis.layers;
    let base = usize::from(subject.analysis.base.layers);
    let wasteful = layers
        .iter()
        .enumerate()
        .skip(base)
        .filter(|(_, layer)| layer.wasted_bytes > 0 || layer.destroyed_bytes > 0)
        .max_by_key(|(_, layer)| (layer.wasted_bytes, layer.destroyed_bytes));
    if let Some((at, _)) = wasteful {
        return LayerIndex(u16::try_from(at).unwrap_or(u16::MAX));
    }
    let busy = layers
        .iter()
        .rposition(|layer| layer.content_bytes > 0 || layer.removed > 0);
    let at = busy.unwrap_or_else(|| layers.len().saturating_sub(1));
    LayerIndex(u16::try_from(at).unwrap_or(u16::MAX))
}
