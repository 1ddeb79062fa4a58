//! What the names in an archive or a directory say about it: an image, a root file system, neither.
//!
//! Asked only where the documents do not tell. A layer may hold a file called `manifest.json`, and an image whose
//! `manifest.json` cannot be read must not pass for a layer.

use crate::layer::EntryKind;

/// Directories at the top of a root file system (Filesystem Hierarchy Standard 3.0, chapter 3, and Linux's own).
const ROOT_DIRECTORIES: [&[u8]; 19] = [
    b"bin", b"boot", b"dev", b"etc", b"home", b"lib", b"lib32", b"lib64", b"media", b"mnt", b"opt",
    b"proc", b"root", b"run", b"sbin", b"srv", b"sys", b"usr", b"var",
];

/// As many of them make a root file system: distroless ones have little more than `etc`, `usr` and `var`.
const ENOUGH: u32 = 3;

/// What was seen in the names of a place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Signs {
    /// Blobs, or names of blobs.
    has_blobs: bool,
    /// Something that no image has at its top.
    has_others: bool,
    /// One bit for each of [`ROOT_DIRECTORIES`] that was seen.
    root_directories: u32,
}

impl Signs {
    /// Takes one normalised path.
    pub fn note(&mut self, path: &[u8], kind: EntryKind) {
        let (top, below) = split(path);
        let is_directory = below.is_some() || !kind.is_file();
        self.has_blobs |= top == b"blobs"
            || top == b"oci-layout"
            || is_digest(top)
            || below == Some(b"layer.tar");
        self.has_others |=
            top != b"blobs" && top.len() < 64 && !super::MARKERS.map(str::as_bytes).contains(&top);
        let root = ROOT_DIRECTORIES.iter().position(|name| *name == top);
        if let Some(at) = root.filter(|_| is_directory) {
            self.root_directories |= 1 << at;
        }
    }

    /// Returns whether there is something that belongs to an image.
    pub const fn has_blobs(self) -> bool {
        self.has_blobs
    }

    /// Returns whether there is nothing else.
    pub const fn has_only_blobs(self) -> bool {
        self.has_blobs && !self.has_others
    }

    /// Returns whether the top is that of a root file system.
    pub const fn has_root_directories(self) -> bool {
        self.root_directories.count_ones() >= ENOUGH
    }
}

/// Returns whether a file at this path of a directory is a part of an image there, by its name.
pub fn is_part_of_image(path: &[u8]) -> bool {
    let mut signs = Signs::default();
    signs.note(path, EntryKind::File);
    signs.has_blobs() || super::MARKERS.map(str::as_bytes).contains(&path)
}

/// Splits a path behind its first component.
pub(super) fn split(path: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'/', path) {
        Some(slash) => (&path[..slash], Some(&path[slash + 1..])),
        None => (path, None),
    }
}

/// Whether a name is a digest, whatever stands behind it: `<hex>`, `<hex>.json`, `sha256:<hex>`, `<hex>.tar.gz`.
fn is_digest(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"sha256:").unwrap_or(name);
    let stem = name.split(|&byte| byte == b'.').next().unwrap_or(name);
    stem.len() == 64 && stem.iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(paths: &[&str]) -> Signs {
        let mut signs = Signs::default();
        for path in paths {
            let kind = match path.strip_suffix('/') {
                Some(_) => EntryKind::Dir,
                None => EntryKind::File,
            };
            signs.note(path.trim_end_matches('/').as_bytes(), kind);
        }
        signs
    }

    #[test]
    fn names_tell_images_from_root_file_systems() {
        let digest = "0123456789abcdef".repeat(4);
        let config = format!("{digest}.json");
        let prefixed = format!("sha256:{digest}");
        for (paths, blobs, only, root) in [
            (&["blobs/sha256/x", "manifest.json"][..], true, true, false),
            (&["oci-layout"], true, true, false),
            (&[&config, "manifest.json"], true, true, false),
            (&[&prefixed, "a.tar.gz"], true, false, false),
            (&["x/layer.tar", "repositories"], true, false, false),
            (&["x/y/layer.tar", "layer.tar"], false, false, false),
            (
                &["etc/", "usr/", "var/", "manifest.json"],
                false,
                false,
                true,
            ),
            (&["etc/passwd", "usr/bin/x", "lib/y"], false, false, true),
            (&["etc", "usr", "var"], false, false, false),
            (&["etc/a", "etc/b", "etc/c", "usr/d"], false, false, false),
            (&["etc/", "usr/", "var/", "blobs/"], true, false, true),
            (&["index.html", "manifest.json"], false, false, false),
        ] {
            let signs = signs(paths);
            assert_eq!(signs.has_blobs(), blobs, "{paths:?}");
            assert_eq!(signs.has_only_blobs(), only, "{paths:?}");
            assert_eq!(signs.has_root_directories(), root, "{paths:?}");
        }
    }
}
