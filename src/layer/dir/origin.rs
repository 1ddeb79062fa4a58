//! Which files of an upper directory were copied up.
//!
//! overlayfs notes where a copy came from (`fs/overlayfs/copy_up.c`, `ovl_set_origin`, since Linux 4.12), with an empty
//! value where the lower file system has no stable handles. A file that is written anew, or renamed over one of
//! below, has no such note; neither has the copy of a file that had several names below.

use std::os::fd::AsFd;

use rustix::io::Errno;

use super::{Encoding, Namespace, sees_trusted};
use crate::beneath::Beneath;
use crate::layer::{EntryKind, Origin};

const TRUSTED: &str = "trusted.overlay.origin";
const USER: &str = "user.overlay.origin";
const FUSE: &str = "user.fuseoverlayfs.origin";

/// Returns how a file or directory came to be in an upper directory.
pub(super) fn of(directory: &Beneath, encoding: Encoding, path: &[u8], kind: EntryKind) -> Origin {
    match kind {
        EntryKind::Dir => match directory.directory(path) {
            Ok(Some(found)) => noted(encoding, found.as_descriptor()),
            _ => Origin::Unknown,
        },
        EntryKind::File => match directory.file(path) {
            Ok(Some(found)) => noted(encoding, found),
            _ => Origin::Unknown,
        },
        _ => Origin::Unknown,
    }
}

fn noted(encoding: Encoding, found: impl AsFd) -> Origin {
    let (names, is_seen): (&[&str], bool) = match encoding {
        // Everybody but root is shown no trusted attributes: xattr(7).
        Encoding::Overlay(Namespace::Trusted) => (&[TRUSTED], sees_trusted()),
        Encoding::Overlay(Namespace::User) => (&[USER], true),
        Encoding::Overlay(Namespace::Either) => (&[TRUSTED, USER], sees_trusted()),
        Encoding::FuseOverlay => (&[FUSE, USER, TRUSTED], true),
        Encoding::Aufs | Encoding::Plain => return Origin::Unknown,
    };
    for name in names {
        match rustix::fs::fgetxattr(&found, *name, &mut [0_u8; 0]) {
            Ok(_) => return Origin::CopiedUp,
            Err(Errno::NODATA) => {}
            Err(_) => return Origin::Unknown,
        }
    }
    if is_seen {
        Origin::Unmarked
    } else {
        Origin::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attributes of users need neither root nor a mount.
    #[test]
    fn a_note_tells_a_copy_and_its_absence_nothing_by_itself() {
        let place = tempfile::tempdir().unwrap();
        for name in ["copied", "fresh"] {
            std::fs::write(place.path().join(name), name).unwrap();
        }
        std::os::unix::fs::symlink("copied", place.path().join("link")).unwrap();
        let copied = place.path().join("copied");
        let flags = rustix::fs::XattrFlags::empty();
        if rustix::fs::setxattr(&copied, USER, b"", flags).is_err() {
            return;
        }
        let directory = Beneath::open(place.path()).unwrap();
        let told = |encoding, name: &[u8], kind| of(&directory, encoding, name, kind);
        let user = Encoding::Overlay(Namespace::User);
        let file = EntryKind::File;
        assert_eq!(told(user, b"copied", file), Origin::CopiedUp);
        assert_eq!(told(user, b"fresh", file), Origin::Unmarked);
        assert_eq!(told(user, b"", EntryKind::Dir), Origin::Unmarked);
        assert_eq!(told(user, b"link", file), Origin::Unknown);
        assert_eq!(told(user, b"gone", file), Origin::Unknown);
        assert_eq!(told(Encoding::Plain, b"copied", file), Origin::Unknown);
    }
}
