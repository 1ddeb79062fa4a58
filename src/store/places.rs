//! What stands at places in the directories of engines, and which directories are above them or the same.

use std::os::fd::AsRawFd as _;
use std::path::PathBuf;

use rustix::fs::{FileType, Mode, OFlags};

use crate::beneath::Beneath;

/// Returns what stands at a place, itself and not what a link leads to; `None` for nothing.
pub(super) fn kind(root: &Beneath, place: &[u8]) -> Option<FileType> {
    let found = root.status(place).ok().flatten()?;
    Some(FileType::from_raw_mode(found.st_mode))
}

/// Returns whether a directory stands at a place.
pub(super) fn is_directory(root: &Beneath, place: &[u8]) -> bool {
    kind(root, place) == Some(FileType::Directory)
}

/// Returns whether something stands at a place that is not looked into: a link, or what cannot be asked. Whoever
/// measures it says why.
pub(super) fn is_out_of_reach(root: &Beneath, place: &[u8]) -> bool {
    match root.status(place) {
        Ok(Some(found)) => FileType::from_raw_mode(found.st_mode) == FileType::Symlink,
        Ok(None) => false,
        Err(_) => true,
    }
}

/// Returns whether a file stands at a place.
pub(super) fn is_file(root: &Beneath, place: &[u8]) -> bool {
    kind(root, place) == Some(FileType::RegularFile)
}

/// Returns whether a directory is what stands at a place of another one.
pub(super) fn is_same(one: &Beneath, other: &Beneath, place: &[u8]) -> bool {
    let (Ok(Some(one)), Ok(Some(other))) = (one.status(b""), other.status(place)) else {
        return false;
    };
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

/// Opens a directory above one that is open, wherever the links led by which it was named. `climb` is `..`, as often
/// as wanted. `Beneath` never leads up: this is for what a user has named.
pub(super) fn above(root: &Beneath, climb: &str) -> Option<Beneath> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(root.as_descriptor(), climb, flags, Mode::empty()).ok()?;
    let mut name = root.name();
    for _ in climb.split('/') {
        name = match name.rsplit_once('/') {
            Some((above, last)) if !matches!(last, "." | "..") => above,
            _ => return Some(Beneath::new(opened, &format!("{}/{climb}", root.name()))),
        };
    }
    Some(Beneath::new(opened, name))
}

/// Returns where an open directory is, by the name that mounts have too: links are resolved.
pub(super) fn real_path(directory: &Beneath) -> Option<PathBuf> {
    let descriptor = directory.as_descriptor().as_raw_fd();
    std::fs::read_link(format!("/proc/self/fd/{descriptor}")).ok()
}

/// Returns whether text from a record may be one component of a path.
pub(super) fn is_component(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..")
        && name.len() <= 255
        && !name.iter().any(|&byte| byte == b'/' || byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path;

    #[test]
    fn what_is_above_has_its_own_name() {
        let outer = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(outer.path().join("a/b")).unwrap();
        let inner = Beneath::open(&outer.path().join("a/b")).unwrap();
        let found = above(&inner, "../..").unwrap();
        assert_eq!(found.name(), outer.path().to_str().unwrap());
        assert!(is_same(&inner, &found, b"a/b"));
        assert!(!is_same(&inner, &found, b"a"));
    }

    #[test]
    fn only_single_components_are_joined() {
        for name in [&b"abc"[..], b"abc-init", b"...", b"a b", &[b'x'; 255]] {
            assert!(is_component(name), "{}", path::display(name));
        }
        for name in [
            &b""[..],
            b".",
            b"..",
            b"../x",
            b"a/b",
            b"/",
            b"a\0",
            &[b'x'; 256],
        ] {
            assert!(!is_component(name), "{}", path::display(name));
        }
    }
}
