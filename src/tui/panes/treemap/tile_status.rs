//! What the status line says about the tile under the cursor.

use super::TreemapPane;
use super::picture::{Tile, What};
use crate::text::Look;
use crate::tui::panes::{Standing, about};
use crate::tui::subject::Subject;
use crate::units::count;

impl TreemapPane {
    /// Returns the full path of the cursor, escaped, and what is known about it, the most important first.
    pub fn standing(&self, subject: &Subject, look: Look) -> Option<Standing> {
        let tile = self.picture.selected()?;
        let size = look.units.size(tile.bytes);
        let path = match tile.what {
            What::Entry { path, .. } => path,
            What::Rest { count: number } => {
                let directory = look.shown(&subject.tree().path(self.directory()));
                let files = format!("{} small entries", count(number as u64));
                return Some(Standing::of_path(
                    format!("/{directory}"),
                    vec![files, size],
                ));
            }
        };
        let projection = self.projection()?;
        let mut facts = vec![format!("{size}  {}", self.share(tile))];
        if projection.is_directory(path) {
            let files = u64::from(projection.files(path));
            facts.push(format!("{} files", count(files)));
        }
        let wasted = self.wasted(path);
        if wasted > 0 {
            facts.push(format!("wasted {}", look.units.size(wasted)));
        }
        if let Some((low, high)) = projection.layers(path) {
            facts.push(if low == high {
                format!("L{low}  {}", about::layer_title(subject, look, low))
            } else {
                format!("L{low}-{high}")
            });
        }
        let path = look.shown(&subject.tree().path(path));
        Some(Standing::of_path(format!("/{path}"), facts))
    }

    /// Returns the part of a tile in the directory, in percent.
    pub fn share(&self, tile: &Tile) -> String {
        let whole = u128::from(self.total().max(1));
        match u128::from(tile.bytes) * 100 / whole {
            0 if tile.bytes > 0 => "<1 %".into(),
            percent => format!("{percent} %"),
        }
    }
}
