//! What is written in a tile.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr as _;

use super::picture::{Tile, What};
use super::{Colour, TreemapPane};
use crate::browse::Mark;
use crate::text::{Cut, Look};
use crate::tree::PathId;
use crate::tui::paint::Paint;
use crate::tui::subject::Subject;
use crate::tui::theme::{Role, Theme};
use crate::units::count;

/// Writes into tiles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Labels<'a> {
    pub(super) pane: &'a TreemapPane,
    pub(super) subject: &'a Subject,
}

/// Returns the path of a tile; the root for that of small entries.
pub(super) const fn path_of(tile: &Tile) -> PathId {
    match tile.what {
        What::Entry { path, .. } => path,
        What::Rest { .. } => PathId::ROOT,
    }
}

impl Labels<'_> {
    /// Returns the name of a tile in a directory: of joined directories all of them.
    pub(super) fn name(&self, tile: &Tile, directory: PathId, look: Look) -> String {
        let tree = self.subject.tree();
        match tile.what {
            What::Rest { count: 1 } => "+ 1 small entry".into(),
            What::Rest { count: number } => format!("+ {} small entries", count(number as u64)),
            What::Entry { path, .. } => {
                let whole = tree.path(path);
                let above = tree.path(directory).len();
                let from = above + usize::from(above > 0);
                let slash = if self.is_directory(path) { "/" } else { "" };
                let name = look.shown(whole.get(from..).unwrap_or_default());
                format!("{name}{slash}")
            }
        }
    }

    fn is_directory(&self, path: PathId) -> bool {
        let projection = self.pane.projection();
        projection.is_some_and(|projection| projection.is_directory(path))
    }

    fn is_mostly_removed(&self, path: PathId) -> bool {
        let projection = self.pane.projection();
        projection.is_some_and(|of| of.removed_bytes(path) > of.bytes(path))
    }

    fn mark(&self, tile: &Tile) -> Mark {
        match tile.what {
            What::Entry { path, .. } if self.is_mostly_removed(path) => Mark::Removed,
            What::Entry { head, path } => match (self.pane.mark(head), self.pane.mark(path)) {
                (Mark::Unchanged, of_path) => of_path,
                (_, of_path) if of_path.is_gone() => of_path,
                (of_head, _) => of_head,
            },
            What::Rest { .. } => Mark::Unchanged,
        }
    }

    fn wasted(&self, tile: &Tile) -> u64 {
        match tile.what {
            What::Entry { head, .. } => self.pane.wasted(head),
            What::Rest { .. } => 0,
        }
    }

    /// Returns the letter in the corner: of the change, or `W` for waste.
    pub(super) fn letter(&self, tile: &Tile) -> char {
        match self.pane.colour() {
            Colour::Change => self.mark(tile).letter(),
            Colour::Waste if self.wasted(tile) > 0 => 'W',
            Colour::Waste => ' ',
        }
    }

    pub(super) fn style(&self, tile: &Tile, theme: Theme) -> Style {
        let mark = self.mark(tile);
        let style = match (tile.what, self.pane.colour()) {
            (What::Rest { .. }, _) => theme.style(Role::Dim),
            (_, Colour::Change) => theme.style(Role::Change(mark)),
            (_, Colour::Waste) if self.wasted(tile) > 0 => theme.style(Role::Waste),
            (_, Colour::Waste) => theme.style(Role::Plain),
        };
        if mark.is_gone() {
            style.add_modifier(Modifier::DIM)
        } else {
            style
        }
    }

    /// Returns the size, with a minus for what is gone, and its part of the directory.
    pub(super) fn size(&self, tile: &Tile, look: Look) -> (String, String) {
        let minus = if self.mark(tile).is_gone() && tile.bytes > 0 {
            "-"
        } else {
            ""
        };
        let size = format!("{minus}{}", look.units.size(tile.bytes));
        (size, self.pane.share(tile))
    }

    /// Writes name, size and waste on lines of their own, the letter into the upper right corner.
    pub(super) fn draw_block(
        &self,
        tile: &Tile,
        directory: PathId,
        place: Rect,
        paint: &mut Paint<'_>,
    ) {
        let look = paint.look;
        let style = self.style(tile, paint.theme);
        let text = padded(place);
        let line = |y: u16| Rect {
            y: text.y.saturating_add(y),
            height: u16::from(y < text.height),
            ..text
        };
        let name_room = self.draw_letter(tile, line(0), style, paint);
        let (size, percent) = self.size(tile, look);
        let both = format!("{size} {percent}");
        let name = self.name(tile, directory, look);
        match tile.what {
            What::Rest { count: number } => {
                let number = count(number as u64);
                let one_line = format!("{name}  {size}");
                let few = format!("+ {number} small");
                let fewest = format!("+{number}");
                let names = [one_line, name, few, fewest];
                let from = usize::from(text.height > 1);
                let name = fitting(&names[from..], name_room.width);
                paint.text(name_room, name, style);
                paint.text(
                    line(2),
                    fitting(&["(press +)", "press +", ""], text.width),
                    style,
                );
            }
            What::Entry { .. } => {
                paint.text_cut(name_room, &name, Cut::Middle, style);
                self.draw_waste(tile, line(2), style, paint);
            }
        }
        let shorter = short(&size);
        paint.text(line(1), fitting(&[both, size, shorter], text.width), style);
    }

    fn draw_waste(&self, tile: &Tile, place: Rect, style: Style, paint: &mut Paint<'_>) {
        let wasted = self.wasted(tile);
        if self.pane.colour() == Colour::Waste && wasted > 0 {
            let size = paint.look.units.size(wasted);
            let words = [
                format!("wasted {size}"),
                format!("W {}", short(&size)),
                "wasted".into(),
            ];
            paint.text(place, fitting(&words, place.width), style);
        }
    }

    /// Writes everything on one line, above the tiles inside.
    pub(super) fn draw_line(&self, tile: &Tile, place: Rect, paint: &mut Paint<'_>) {
        let look = paint.look;
        let style = self.style(tile, paint.theme);
        let text = padded(place);
        let room = self.draw_letter(tile, text, style, paint);
        let (size, percent) = self.size(tile, look);
        let mut facts = format!("{size} {percent}");
        let wasted = self.wasted(tile);
        if self.pane.colour() == Colour::Waste && wasted > 0 {
            facts = format!("{facts}  wasted {}", look.units.size(wasted));
        }
        let name = self.name(tile, self.pane.directory(), look);
        let words = format!("{name}  {facts}");
        if words.width() <= usize::from(room.width) {
            paint.text(room, &words, style);
        } else {
            paint.text_cut(room, &format!("{name}  {size}"), Cut::Middle, style);
        }
    }

    /// Writes the letter at the end of a line; returns what is left of it.
    fn draw_letter(&self, tile: &Tile, line: Rect, style: Style, paint: &mut Paint<'_>) -> Rect {
        let letter = self.letter(tile);
        if letter == ' ' || line.width < 3 {
            return line;
        }
        paint.text_right(line, letter.encode_utf8(&mut [0; 4]), style);
        Rect {
            width: line.width - 2,
            ..line
        }
    }
}

/// Returns the first of some texts that fits, else the last.
fn fitting<T: AsRef<str>>(texts: &[T], columns: u16) -> &str {
    let fits = |text: &&T| text.as_ref().width() <= usize::from(columns);
    let first = texts.iter().find(fits).or(texts.last());
    first.map_or("", AsRef::as_ref)
}

/// Returns a size without a blank and with the first letter of its unit: `71.2M`.
fn short(size: &str) -> String {
    match size.split_once(' ') {
        Some((number, unit)) => format!("{number}{}", unit.get(..1).unwrap_or_default()),
        None => size.to_owned(),
    }
}

/// Leaves a blank at both sides where there is room.
const fn padded(place: Rect) -> Rect {
    if place.width < 12 {
        return place;
    }
    Rect {
        x: place.x + 1,
        width: place.width - 2,
        ..place
    }
}
