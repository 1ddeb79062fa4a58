//! Which pictures the README shows, and the keys that lead to them.

use crate::screen::Screen;
use crate::svg::svg;

/// File, title, size and keys of each.
const PICTURES: [(&str, &str, (u16, u16), &str); 4] = [
    (
        "layers.svg",
        "layers and what each changed",
        (140, 36),
        "KKK<down><down><down>",
    ),
    (
        "waste.svg",
        "waste, who made it, and the fix",
        (120, 32),
        "2",
    ),
    ("treemap.svg", "the merged view as areas", (120, 32), "4"),
    (
        "preview.svg",
        "two versions of a file",
        (120, 32),
        "mm/dpkg/status<enter>nvd",
    ),
];

/// Returns every picture with its file name.
pub fn all() -> Vec<(&'static str, String)> {
    PICTURES
        .iter()
        .map(|&(name, title, (width, height), keys)| {
            let mut screen = Screen::demo(width, height);
            screen.keys(keys);
            (name, svg(&screen.buffer(), title))
        })
        .collect()
}
