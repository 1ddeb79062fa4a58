//! Directories as areas: what takes the room in a directory, at a glance.
//!
//! The picture is laid out when something changes, never while drawing.

mod draw;
mod entries;
mod label;
mod lines;
mod neighbour;
pub mod picture;
mod rows;
mod steps;
mod tile_status;

pub(in crate::tui) use draw::draw;

use std::sync::Arc;

use crate::browse::{Mark, MarkSet, Projection, Scope};
use crate::layer::LayerIndex;
use crate::path::ImagePath;
use crate::tree::{MergedTree, PathId};
use crate::tui::reads::Reads;
use crate::tui::scroll::Scroll;
use crate::tui::subject::Subject;
use entries::Entry;
use picture::{Canvas, Picture, What};

use super::tree::TreeMode;

/// What the colours of tiles tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// What the layer did.
    Change,
    /// What is stored for nothing below, in all layers.
    Waste,
}

/// Directories as areas.
#[derive(Debug)]
pub struct TreemapPane {
    /// Which scope.
    pub mode: TreeMode,
    /// What is on the screen.
    pub picture: Picture,
    /// First row on the screen where there is room for rows only.
    pub scroll: Scroll,
    /// What the user wants the colours to tell; `None` for what suits the scope.
    colour: Option<Colour>,
    /// Directories from the root to the one that is shown.
    levels: Vec<Level>,
    /// What the cursor is on.
    picked: Picked,
    /// Children of the directory, largest first, without those that are left out for being large.
    entries: Vec<Entry>,
    projection: Option<Projection>,
    /// Wasted bytes at and below each path.
    waste: Vec<u64>,
    subject: Option<Arc<Subject>>,
    /// Where one was in a picture that has to be made anew.
    wanted: Option<Wanted>,
}

/// One step into the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Level {
    directory: PathId,
    /// Large entries that are left out.
    skipped: usize,
}

/// A place by paths, which other images of the same layers have too.
#[derive(Debug)]
struct Wanted {
    /// Directories below the root, with the large entries left out.
    levels: Vec<(Vec<u8>, usize)>,
    /// What the cursor was on; empty where that had no path.
    picked: Vec<u8>,
}

/// What the cursor is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Picked {
    /// Whatever is the largest.
    First,
    Entry(PathId),
    Rest,
}

const WHOLE: Level = Level {
    directory: PathId::ROOT,
    skipped: 0,
};

impl Default for TreemapPane {
    fn default() -> Self {
        Self {
            mode: TreeMode::Merged,
            picture: Picture::default(),
            scroll: Scroll::default(),
            colour: None,
            levels: vec![WHOLE],
            picked: Picked::First,
            entries: Vec::new(),
            projection: None,
            waste: Vec::new(),
            subject: None,
            wanted: None,
        }
    }
}

impl TreemapPane {
    /// Takes a subject, a new one or the same refined: the picture is made anew when the view is entered, at the
    /// same place.
    pub fn show(&mut self, _reads: &Reads<'_>) {
        let Some(old) = self.subject.take() else {
            return;
        };
        let path = |path: PathId| old.tree().path(path);
        let picked = match self.picked {
            Picked::Entry(entry) => path(entry),
            Picked::First | Picked::Rest => Vec::new(),
        };
        let levels = self.levels.iter().skip(1);
        let levels = levels.map(|level| (path(level.directory), level.skipped));
        self.wanted = Some(Wanted {
            levels: levels.collect(),
            picked,
        });
        self.levels = vec![WHOLE];
        self.projection = None;
        self.entries = Vec::new();
        self.waste = Vec::new();
        self.picture = Picture::default();
    }

    /// Catches up with image, layer and place. Cost is linear in the paths where image or layer are others.
    pub fn enter(&mut self, reads: &Reads<'_>) {
        let is_new = self.subject.is_none();
        self.subject = Some(Arc::clone(reads.subject));
        let scope = self.scope(reads.layer);
        let is_there = self
            .projection()
            .is_some_and(|known| known.scope() == scope);
        if is_new || !is_there {
            self.project(reads);
        } else {
            self.arrange(reads);
        }
    }

    /// Returns whether a directory below the root fills the view: Esc leaves that first.
    pub fn is_zoomed(&self) -> bool {
        self.levels.len() > 1
    }

    /// Fits the pane to its place.
    pub fn resize(&mut self, reads: &Reads<'_>) {
        if self.projection.is_some() {
            self.arrange(reads);
        }
    }

    /// Returns the path under the cursor; `None` on the tile of small entries and where there is nothing.
    pub fn selected(&self) -> Option<PathId> {
        match self.picture.selected()?.what {
            What::Entry { path, .. } => Some(path),
            What::Rest { .. } => None,
        }
    }

    /// Returns the directory that is shown.
    pub fn directory(&self) -> PathId {
        self.level().directory
    }

    /// Returns whether large entries are left out.
    pub fn is_small_only(&self) -> bool {
        self.level().skipped > 0
    }

    /// Returns what is shown; `None` before the view was entered.
    pub fn projection(&self) -> Option<&Projection> {
        self.projection.as_ref()
    }

    /// Returns what the colours tell.
    pub fn colour(&self) -> Colour {
        // The merged view has no changes to tell.
        self.colour.unwrap_or(match self.mode {
            TreeMode::Merged => Colour::Waste,
            TreeMode::Layer | TreeMode::Accumulated => Colour::Change,
        })
    }

    /// Returns the wasted bytes at and below a path, of all layers.
    pub fn wasted(&self, path: PathId) -> u64 {
        self.waste.get(path.0 as usize).copied().unwrap_or(0)
    }

    /// Returns the mark of a tile: the path's own, or for a directory that is as it was what is below it:
    /// [`Mark::Modified`] where that is not all the same.
    pub fn mark(&self, path: PathId) -> Mark {
        let Some(projection) = self.projection() else {
            return Mark::Unchanged;
        };
        let own = projection.mark(path);
        if own != Mark::Unchanged || !projection.has_any_below(path, MarkSet::CHANGES) {
            return own;
        }
        let is_below = |mark: &&Mark| projection.has_any_below(path, MarkSet::of(**mark));
        // What is hidden is so by something that was removed or replaced.
        let changes = Mark::ALL
            .iter()
            .skip(1)
            .filter(|mark| **mark != Mark::Hidden);
        let mut below = changes.filter(is_below);
        match (below.next(), below.next()) {
            (Some(&only), None) => only,
            _ => Mark::Modified,
        }
    }

    /// Returns the bytes of the directory that is shown, of what the layer took from it too.
    pub fn total(&self) -> u64 {
        let projection = self.projection();
        projection.map_or(0, |projection| projection.weight(self.directory()))
    }

    fn level(&self) -> Level {
        self.levels.last().copied().unwrap_or(WHOLE)
    }

    const fn scope(&self, layer: LayerIndex) -> Scope {
        match self.mode {
            TreeMode::Layer => Scope::Layer(layer),
            TreeMode::Accumulated => Scope::Accumulated(layer),
            TreeMode::Merged => Scope::Merged,
        }
    }

    /// Looks the scope up and goes as far into it as it reaches.
    fn project(&mut self, reads: &Reads<'_>) {
        let subject = reads.subject;
        if self.waste.is_empty() {
            self.waste = entries::waste_below(subject);
        }
        let scope = self.scope(reads.layer);
        let projection = Projection::new(subject.tree(), &subject.weights, scope);
        match self.wanted.take() {
            Some(wanted) => self.restore(&wanted, subject.tree()),
            // What was large is another matter in another scope.
            None => self.levels.retain(|level| level.skipped == 0),
        }
        let is_kept = |level: &Level| {
            let directory = level.directory;
            let is_there = projection.is_shown(directory) && projection.is_directory(directory);
            directory == PathId::ROOT || is_there
        };
        let kept = self
            .levels
            .iter()
            .take_while(|level| is_kept(level))
            .count();
        self.levels.truncate(kept.max(1));
        self.projection = Some(projection);
        self.open(reads);
    }

    fn restore(&mut self, wanted: &Wanted, tree: &MergedTree) {
        let find = |path: &[u8]| tree.find(ImagePath::new(path)?);
        let found = wanted.levels.iter().map_while(|(path, skipped)| {
            Some(Level {
                directory: find(path)?,
                skipped: *skipped,
            })
        });
        self.levels.extend(found);
        self.picked = match find(&wanted.picked) {
            Some(path) if path != PathId::ROOT => Picked::Entry(path),
            _ => Picked::First,
        };
    }

    /// Lists what is in the directory, and lays it out.
    fn open(&mut self, reads: &Reads<'_>) {
        let level = self.level();
        if let Some(projection) = &self.projection {
            let tree = reads.subject.tree();
            let mut entries = entries::of(tree, projection, level.directory);
            entries.drain(..level.skipped.min(entries.len()));
            self.entries = entries;
        }
        self.arrange(reads);
    }

    /// Lays the picture out and puts the cursor where it was.
    fn arrange(&mut self, reads: &Reads<'_>) {
        let Some(projection) = &self.projection else {
            return;
        };
        let tree = reads.subject.tree();
        let canvas = Canvas::of(reads.area, reads.arrangement);
        let mut picture = picture::lay_out(tree, projection, &self.entries, canvas);
        picture.at = picture.position(|what| match (self.picked, what) {
            (Picked::Entry(wanted), What::Entry { path, head, .. }) => {
                path == wanted || head == wanted
            }
            (Picked::Rest, What::Rest { .. }) => true,
            (Picked::Entry(wanted), What::Rest { .. }) => {
                self.entries.iter().any(|entry| entry.has(wanted))
            }
            _ => false,
        });
        self.picture = picture;
        self.follow_scroll(reads);
    }

    fn follow_scroll(&mut self, reads: &Reads<'_>) {
        let height = usize::from(reads.inner().height);
        let len = self.picture.tiles.len();
        self.scroll.go(self.picture.at, len, height);
    }

    /// Remembers what the cursor is on.
    fn pick(&mut self) {
        self.picked = match self.picture.selected().map(|tile| tile.what) {
            Some(What::Entry { path, .. }) => Picked::Entry(path),
            Some(What::Rest { .. }) => Picked::Rest,
            None => Picked::First,
        };
    }
}
