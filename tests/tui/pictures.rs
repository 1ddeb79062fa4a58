//! Which pictures the pages show, and the keys that lead to them.

use ratatui::buffer::Buffer;

use crate::screen::Screen;
use crate::svg::svg;

/// A frame of the demo image, and what is written around it.
#[derive(Debug)]
pub struct Picture {
    pub file: &'static str,
    pub frame: Buffer,
    description: &'static str,
}

/// File, description, size and keys of each.
const PICTURES: [(&str, &str, (u16, u16), &str); 4] = [
    ("layers.svg", "layers and what each changed", (100, 30), ""),
    (
        "waste.svg",
        "waste, who made it, and the fix",
        (120, 32),
        "2j",
    ),
    (
        "treemap.svg",
        "the merged view as areas",
        (120, 32),
        "4lk<enter>",
    ),
    (
        "preview.svg",
        "two versions of a file",
        (120, 32),
        "mm/dpkg/status<enter>nvd",
    ),
];

/// Returns every picture.
pub fn all() -> Vec<Picture> {
    let shown = |&(file, description, (width, height), keys): &(_, _, (u16, u16), &str)| {
        let mut screen = Screen::demo(width, height);
        screen.keys(keys);
        Picture {
            file,
            frame: screen.buffer(),
            description,
        }
    };
    PICTURES.iter().map(shown).collect()
}

impl Picture {
    /// Returns the text of its file.
    pub fn svg(&self) -> String {
        svg(
            &self.frame,
            "layerscope assets/demo-image.tar",
            self.description,
        )
    }
}
