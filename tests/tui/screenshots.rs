//! The pictures that are checked in are what their program draws.

use std::path::Path;

#[test]
fn the_pictures_of_the_pages_are_frames_of_this_version() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = ["README.md", "docs/keys.md"];
    let pages = pages.map(|page| std::fs::read_to_string(root.join(page)).unwrap());
    for picture in crate::pictures::all() {
        let name = picture.file;
        let file = root.join("assets/screenshots").join(name);
        let stored = std::fs::read_to_string(&file).unwrap_or_default();
        // Not `assert_eq!`: nobody reads the difference of two drawings.
        assert!(
            stored == picture.svg(),
            "{name} is stale: run `cargo run --example screenshots`"
        );
        assert!(
            pages
                .concat()
                .contains(&format!("assets/screenshots/{name}")),
            "{name} is on no page"
        );
    }
}
