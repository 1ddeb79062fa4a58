//! What commands mean in the treemap.

use ratatui::layout::Position;

use super::neighbour::{Towards, neighbour};
use super::picture::{Canvas, Drawing, What};
use super::{Colour, Level, Picked, TreeMode, TreemapPane};
use crate::browse::Scope;
use crate::tree::PathId;
use crate::tui::command::Command;
use crate::tui::ids::VersionAt;
use crate::tui::panes::popup::Popup;
use crate::tui::panes::{Request, about, copied_path, done, refused};
use crate::tui::reads::Reads;
use crate::tui::scroll::Moved;

impl TreemapPane {
    /// Does what a command means here.
    pub fn update(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        if self.step(command, reads) == Moved::Yes {
            return Vec::new();
        }
        match command {
            Command::Open => self.zoom_in(reads),
            Command::ZoomOut => self.zoom_out(reads),
            Command::Back if self.levels.len() > 1 => self.zoom_out(reads),
            Command::ToggleSmall => self.show_small(reads),
            Command::NextColour => self.next_colour(),
            Command::NextMode => self.next_mode(reads),
            Command::Toggle
            | Command::View
            | Command::CopyPath
            | Command::Info
            | Command::ShowWaste => match self.selected() {
                Some(path) => self.act(command, path, reads),
                None => refused("small entries: Enter shows them one by one"),
            },
            _ => Vec::new(),
        }
    }

    /// Returns which tile is at a place on the screen.
    pub fn tile_at(&self, at: Position, reads: &Reads<'_>) -> Option<usize> {
        let canvas = Canvas::of(reads.area, reads.arrangement);
        match self.picture.form {
            Drawing::Tiles => {
                let tiles = &self.picture.tiles;
                let at = canvas.among_lines(at)?;
                tiles.iter().position(|tile| tile.place.contains(at))
            }
            Drawing::Rows => {
                let rows = reads.inner();
                let row = at.y.checked_sub(rows.y).filter(|_| rows.contains(at))?;
                let tile = self.scroll.offset.saturating_add(usize::from(row));
                Some(tile).filter(|&tile| tile < self.picture.tiles.len())
            }
        }
    }

    /// Puts the cursor on a tile.
    pub fn go_to_tile(&mut self, tile: usize, reads: &Reads<'_>) {
        self.picture.at = tile.min(self.picture.tiles.len().saturating_sub(1));
        self.pick();
        self.follow_scroll(reads);
    }

    fn step(&mut self, command: Command, reads: &Reads<'_>) -> Moved {
        let tiles = &self.picture.tiles;
        let at = self.picture.at;
        let last = tiles.len().saturating_sub(1);
        let beside = |towards| match self.picture.form {
            Drawing::Tiles => neighbour(tiles, at, towards).unwrap_or(at),
            Drawing::Rows => at,
        };
        let to = match (command, self.picture.form) {
            (Command::Up, Drawing::Tiles) => beside(Towards::Up),
            (Command::Down, Drawing::Tiles) => beside(Towards::Down),
            (Command::Left, _) => beside(Towards::Left),
            (Command::Right, _) => beside(Towards::Right),
            (Command::Top, _) => 0,
            (Command::Bottom, _) => last,
            (command, _) => {
                let height = usize::from(reads.inner().height);
                let mut scroll = self.scroll;
                scroll.at = at;
                if scroll.step(command, tiles.len(), height) == Moved::No {
                    return Moved::No;
                }
                scroll.at
            }
        };
        self.picture.at = to;
        self.pick();
        self.follow_scroll(reads);
        Moved::Yes
    }

    fn zoom_in(&mut self, reads: &Reads<'_>) -> Vec<Request> {
        let Some(tile) = self.picture.selected() else {
            return refused("there is nothing to go into");
        };
        let path = match tile.what {
            What::Rest { .. } => return self.show_small(reads),
            What::Entry { path, .. } => path,
        };
        let Some(projection) = self.projection() else {
            return Vec::new();
        };
        if !projection.is_directory(path) {
            return self.act(Command::View, path, reads);
        }
        if projection
            .children(reads.subject.tree(), path)
            .next()
            .is_none()
        {
            return refused("an empty directory");
        }
        self.pick();
        self.levels.push(Level {
            directory: path,
            skipped: 0,
        });
        self.picked = Picked::First;
        self.open(reads);
        Vec::new()
    }

    fn zoom_out(&mut self, reads: &Reads<'_>) -> Vec<Request> {
        if self.levels.len() == 1 {
            return refused("this is all of it");
        }
        let left = self.level();
        self.levels.pop();
        self.picked = if left.skipped > 0 {
            Picked::Rest
        } else {
            Picked::Entry(left.directory)
        };
        self.open(reads);
        Vec::new()
    }

    /// Leaves out what is large.
    fn show_small(&mut self, reads: &Reads<'_>) -> Vec<Request> {
        let is_rest = |what| matches!(what, What::Rest { .. });
        let last = self.picture.tiles.last().map(|tile| tile.what);
        if !last.is_some_and(is_rest) {
            return refused("everything here has a tile");
        }
        let Level { directory, skipped } = self.level();
        let large = self.picture.tiles.len() - 1;
        if large == 0 {
            return refused("there is no room for more tiles");
        }
        self.levels.push(Level {
            directory,
            skipped: skipped + large,
        });
        self.picked = Picked::First;
        self.open(reads);
        Vec::new()
    }

    fn next_colour(&mut self) -> Vec<Request> {
        let (colour, words) = match self.colour() {
            Colour::Change => (Colour::Waste, "colour: what is wasted below, in all layers"),
            Colour::Waste => (Colour::Change, "colour: what the layer changed"),
        };
        self.colour = Some(colour);
        done(words)
    }

    fn next_mode(&mut self, reads: &Reads<'_>) -> Vec<Request> {
        let layer = reads.layer;
        let (mode, words) = match self.mode {
            TreeMode::Layer => (
                TreeMode::Accumulated,
                format!("everything up to layer L{layer}"),
            ),
            TreeMode::Accumulated => (TreeMode::Merged, "what a container sees".to_owned()),
            TreeMode::Merged => (TreeMode::Layer, format!("layer L{layer} alone")),
        };
        self.mode = mode;
        self.project(reads);
        done(words)
    }

    fn act(&self, command: Command, path: PathId, reads: &Reads<'_>) -> Vec<Request> {
        let tree = reads.subject.tree();
        match command {
            Command::Toggle => vec![Request::GoTo {
                path,
                layer: self.layer_to_go_to(path, reads),
            }],
            Command::View => self.look(path, reads),
            Command::ShowWaste => vec![Request::ShowWaste {
                path,
                layer: (self.mode != TreeMode::Merged).then_some(reads.layer),
            }],
            Command::CopyPath => copied_path(&tree.path(path)),
            _ => {
                let look = reads.session.look;
                let notice = about::path(reads.subject, look, path);
                vec![Request::Show(Popup::Notice(notice))]
            }
        }
    }

    fn look(&self, path: PathId, reads: &Reads<'_>) -> Vec<Request> {
        let tree = reads.subject.tree();
        let Some(projection) = self.projection() else {
            return Vec::new();
        };
        if projection.is_directory(path) {
            return refused("a directory: Enter goes into it");
        }
        match projection.described(tree, path) {
            Some(version) => vec![Request::Look(VersionAt {
                path,
                layer: version.layer,
            })],
            None => refused("there is nothing to look into"),
        }
    }

    /// Returns the layer in whose tree the path is to be found; `None` for the merged view.
    fn layer_to_go_to(&self, path: PathId, reads: &Reads<'_>) -> Option<crate::layer::LayerIndex> {
        let tree = reads.subject.tree();
        let scope = self.projection()?.scope();
        match scope {
            Scope::Merged => None,
            Scope::Accumulated(_) if tree.at(path, tree.top()).is_some() => None,
            Scope::Layer(layer) | Scope::Accumulated(layer) => Some(layer),
        }
    }
}
