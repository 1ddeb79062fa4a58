//! The tree of a layer, accumulated up to it, or merged.
//!
//! What is wished (the path of the cursor, what is unfolded, which marks are shown) stays through every change of
//! layer, scope, order and filter; the rows are worked out anew from it, and never while drawing.

pub mod choices;
mod draw;
mod empty;
pub mod filter;
mod fold;
pub mod listing;
mod name;
mod row_source;
mod spans;
mod steps;

pub(in crate::tui) use draw::draw;

use std::sync::Arc;

use ratatui::layout::Rect;

use crate::browse::{Chains, MarkSet, Order, PathSet, Plan, Projection, Rows, Scope, SortField};
use crate::layer::LayerIndex;
use crate::tree::{MergedTree, PathId};
use crate::tui::edit::Edit;
use crate::tui::ids::VersionAt;
use crate::tui::layout::Arrangement;
use crate::tui::reads::Reads;
use crate::tui::scroll::Scroll;
use crate::tui::subject::Subject;
use choices::{Bars, Columns};
use filter::Filter;

pub use choices::TreeMode;

/// The tree.
#[derive(Debug)]
pub struct TreePane {
    /// Which scope.
    pub mode: TreeMode,
    /// Cursor in the rows.
    pub scroll: Scroll,
    /// What is shown, in order.
    pub rows: Rows,
    /// The scope, looked up; `None` before there is an image.
    pub projection: Option<Projection>,
    /// Marks that are shown, by mode.
    marks: [MarkSet; 3],
    /// What siblings are sorted by.
    pub sort: SortField,
    /// Which way.
    pub order: Order,
    /// What stands for sizes beside the number.
    pub bars: Bars,
    /// Whether attributes have columns.
    pub columns: Columns,
    /// Marked for extraction.
    pub marked: PathSet,
    /// The filter.
    pub filter: Filter,
    /// Whose marks are shown.
    layer: LayerIndex,
    /// Unfolded directories.
    open: PathSet,
    /// Directories that the user folded or unfolded: those stay as they are when the layer changes.
    touched: PathSet,
    /// Who decides about the others.
    unfolding: Unfolding,
    /// Where the cursor is wished; it may not be shown at the moment.
    wanted: PathId,
    /// The image the paths are of.
    subject: Option<Arc<Subject>>,
    /// Rows on the screen.
    height: usize,
    /// What stands above the tree.
    pub card: Card,
}

/// One sentence above the tree, the first thing the cursor can be on.
#[derive(Debug, Clone, Default)]
pub struct Card {
    /// The sentence, the longest form first; `None` where there is nothing to say.
    text: Option<[String; 2]>,
    /// Whether the cursor is on it.
    is_chosen: bool,
}

/// Who decides what is unfolded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unfolding {
    /// What is big and changed is unfolded, but for what the user touched.
    Automatic,
    /// The user folded or unfolded everything at once.
    Manual,
}

impl Default for TreePane {
    fn default() -> Self {
        Self {
            mode: TreeMode::default(),
            scroll: Scroll::default(),
            rows: Rows::default(),
            projection: None,
            // Merged and accumulated trees are about what is there, a layer about what it does.
            marks: [MarkSet::CHANGES, MarkSet::ALL, MarkSet::ALL],
            sort: SortField::default(),
            order: Order::default(),
            bars: Bars::default(),
            columns: Columns::default(),
            marked: PathSet::default(),
            filter: Filter::default(),
            layer: LayerIndex(0),
            open: PathSet::default(),
            touched: PathSet::default(),
            unfolding: Unfolding::Automatic,
            wanted: PathId::ROOT,
            subject: None,
            height: 0,
            card: Card::default(),
        }
    }
}

/// Returns the part of the pane that holds rows; above it is the line of headings, where there is room for one.
pub fn list_area(inner: Rect, arrangement: Arrangement) -> Rect {
    let headings = u16::from(arrangement > Arrangement::Bare && inner.height >= 4);
    below(inner, headings)
}

/// Returns the part of a place below some lines.
fn below(place: Rect, lines: u16) -> Rect {
    let lines = lines.min(place.height);
    Rect {
        y: place.y.saturating_add(lines),
        height: place.height - lines,
        ..place
    }
}

/// Rows of a pane from which on there is room for a sentence above the tree.
const CARD_FROM: u16 = 8;

impl TreePane {
    /// Takes a subject, a new one or the same refined: cursor and what is unfolded stay.
    pub fn show(&mut self, layer: LayerIndex, reads: &Reads<'_>) {
        self.take_height(reads);
        let is_first = match self.subject.replace(Arc::clone(reads.subject)) {
            Some(old) => {
                self.carry(old.tree(), reads.subject.tree());
                false
            }
            None => true,
        };
        self.layer = layer;
        // It is of the image before, whatever the scope.
        self.projection = None;
        self.project(reads);
        if is_first {
            self.unfold_first(reads);
        }
        self.search(reads);
        self.list(reads);
    }

    /// Fits the pane to its place.
    pub fn resize(&mut self, reads: &Reads<'_>) {
        self.take_height(reads);
        self.scroll.go(self.scroll.at, self.rows.len(), self.height);
    }

    fn take_height(&mut self, reads: &Reads<'_>) {
        let list = list_area(self.tree_area(reads), reads.arrangement);
        self.height = usize::from(list.height);
    }

    /// Returns the part of the pane that is the tree; what stands above it is before it.
    pub fn tree_area(&self, reads: &Reads<'_>) -> Rect {
        let inner = reads.inner();
        below(inner, u16::from(self.has_card(reads)))
    }

    /// Returns whether a sentence stands above the tree.
    fn has_card(&self, reads: &Reads<'_>) -> bool {
        let has_room = reads.arrangement > Arrangement::Bare && reads.inner().height >= CARD_FROM;
        has_room && self.card.text.is_some() && reads.subject.as_it_is.is_none()
    }

    /// Takes the sentence that stands above the tree.
    pub fn show_card(&mut self, text: Option<[String; 2]>, reads: &Reads<'_>) {
        self.card.text = text;
        self.resize(reads);
    }

    /// Shows another layer; cursor and what is unfolded stay as far as they make sense.
    pub fn choose(&mut self, layer: LayerIndex, reads: &Reads<'_>) {
        if layer != self.layer {
            self.layer = layer;
            self.scope_changed(reads);
        }
    }

    /// Shows another scope.
    pub fn set_mode(&mut self, mode: TreeMode, reads: &Reads<'_>) {
        if mode != self.mode {
            self.mode = mode;
            self.scope_changed(reads);
        }
    }

    /// Puts the cursor on a path, unfolding what is above it and showing its mark.
    pub fn go_to(&mut self, path: PathId, reads: &Reads<'_>) {
        let Some(projection) = &self.projection else {
            return;
        };
        let is_hidden = path != PathId::ROOT && !projection.has_any(path, self.marks());
        if projection.is_shown(path) && is_hidden {
            self.marks[self.mode as usize] = MarkSet::ALL;
        }
        if !self.filter.keeps(path) {
            self.clear_filter();
        }
        self.search(reads);
        self.wanted = path;
        self.reveal(reads.subject.tree());
        self.list(reads);
    }

    /// Returns the version of a file the cursor is on; of something gone what it was.
    pub fn selected(&self, reads: &Reads<'_>) -> Option<VersionAt> {
        let projection = self.projection.as_ref()?;
        let path = self.path();
        if projection.is_directory(path) {
            return None;
        }
        let version = projection.described(reads.subject.tree(), path)?;
        let layer = version.layer;
        Some(VersionAt { path, layer })
    }

    /// Returns whether letters are text.
    pub const fn is_typing(&self) -> bool {
        self.filter.is_typing()
    }

    /// Edits the filter.
    pub fn edit(&mut self, edit: &Edit, reads: &Reads<'_>) {
        self.filter.line.edit(edit);
        self.filter_changed(reads);
    }

    /// Returns the path the cursor is on.
    pub fn path(&self) -> PathId {
        self.rows
            .get(self.scroll.at)
            .map_or(PathId::ROOT, |row| row.path)
    }

    /// Returns the marks that are shown.
    pub const fn marks(&self) -> MarkSet {
        self.marks[self.mode as usize]
    }

    /// Returns the layer whose marks are shown.
    pub const fn layer(&self) -> LayerIndex {
        self.layer
    }

    /// Returns what is shown.
    pub const fn scope(&self) -> Scope {
        match self.mode {
            TreeMode::Layer => Scope::Layer(self.layer),
            TreeMode::Accumulated => Scope::Accumulated(self.layer),
            TreeMode::Merged => Scope::Merged,
        }
    }

    fn scope_changed(&mut self, reads: &Reads<'_>) {
        self.project(reads);
        if self.unfolding == Unfolding::Automatic {
            self.unfold_first(reads);
        }
        self.search(reads);
        self.list(reads);
    }

    /// Looks the scope up, unless it is there already.
    fn project(&mut self, reads: &Reads<'_>) {
        let subject = reads.subject;
        let known = self.projection.as_ref().map(Projection::scope);
        let is_there = self.mode == TreeMode::Merged && known == Some(Scope::Merged);
        if !is_there {
            let projection = Projection::new(subject.tree(), &subject.weights, self.scope());
            let waste = &subject.analysis.waste.paths;
            self.projection = Some(projection.with_waste(subject.tree(), waste));
        }
    }

    /// Returns what decides about rows.
    fn plan(&self) -> Option<Plan<'_>> {
        Some(Plan {
            projection: self.projection.as_ref()?,
            open: &self.open,
            marks: self.marks(),
            found: self.filter.found(),
            sort: self.sort,
            order: self.order,
            chains: Chains::Joined,
        })
    }

    /// Works the rows out anew. The cursor stays on its path and, where possible, at its place on the screen.
    fn list(&mut self, reads: &Reads<'_>) {
        let tree = reads.subject.tree();
        let Some(rows) = self.plan().map(|plan| Rows::build(tree, &plan)) else {
            return;
        };
        self.rows = rows;
        let at = self.rows.nearest(tree, self.wanted);
        let above = self.scroll.at.saturating_sub(self.scroll.offset);
        self.scroll.offset = at.saturating_sub(above);
        self.scroll.go(at, self.rows.len(), self.height);
    }

    /// Takes over what is known about paths of another union.
    fn carry(&mut self, old: &MergedTree, new: &MergedTree) {
        use crate::browse::{carry_over, carry_path};
        self.open = carry_over(old, new, &self.open);
        self.touched = carry_over(old, new, &self.touched);
        self.marked = carry_over(old, new, &self.marked);
        self.wanted = carry_path(old, new, self.wanted);
        self.filter.carry(old, new);
    }
}
