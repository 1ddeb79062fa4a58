//! The mounts below a directory that another machine serves, or a program.

use std::os::fd::{AsFd, AsRawFd as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use super::{Mount, TABLE, parse};
use crate::path::display;

/// They; `None` where there are none. A clone is cheap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RemoteMounts(Option<Arc<[RemoteMount]>>);

/// The place of one relative to the directory, and what is mounted there.
type RemoteMount = (Box<[u8]>, Unasked);

/// A file system that nothing is asked of. A clone is cheap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unasked {
    /// What is mounted, escaped: `10.0.0.9:/export (nfs4)`.
    pub(crate) told: Arc<str>,
    pub(crate) shows: Shows,
}

/// Where the files are that it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    /// On another machine, or a program makes them.
    FilesOfItsOwn,
    /// In other directories, as with the kernel's overlay.
    FilesOnceMore,
}

/// What is known of a place below a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Below {
    /// It lies on this machine, with these mounts below it.
    Local(RemoteMounts),
    /// It is such a mount, or lies in one.
    Remote(Unasked),
}

impl RemoteMounts {
    /// Returns those below an open directory; none where there is no mount table.
    pub(crate) fn below_open(directory: impl AsFd) -> Self {
        let link = format!("/proc/self/fd/{}", directory.as_fd().as_raw_fd());
        match (std::fs::read_link(link), std::fs::read(TABLE)) {
            (Ok(place), Ok(table)) => Self::below(&place, &table),
            _ => Self::default(),
        }
    }

    /// Returns those of this machine, by their absolute places without the slash.
    pub(crate) fn of_machine() -> Self {
        let table = std::fs::read(TABLE).unwrap_or_default();
        Self::below(Path::new("/"), &table)
    }

    /// Returns those below a directory, whose path is without links.
    pub(crate) fn below(directory: &Path, table: &[u8]) -> Self {
        let mounts = parse(table);
        let remote = mounts.iter().filter(|mount| mount.may_not_answer());
        let seen = remote.filter(|mount| !is_hidden(mount, &mounts));
        let below = seen.filter_map(|mount| {
            let place = mount.point.strip_prefix(directory).ok()?;
            let place = place.as_os_str().as_bytes();
            (!place.is_empty()).then(|| (place.into(), mount.unasked()))
        });
        Self::of(below.collect())
    }

    fn of(found: Vec<RemoteMount>) -> Self {
        Self((!found.is_empty()).then(|| found.into()))
    }

    /// Looks at a place below the directory; cost is nothing where there are no such mounts.
    pub(crate) fn at(&self, place: &[u8]) -> Below {
        let Some(mounts) = self.0.as_deref() else {
            return Below::Local(Self::default());
        };
        let holding = mounts
            .iter()
            .find(|(mount, _)| rest_below(mount, place).is_some());
        if let Some((_, mounted)) = holding {
            return Below::Remote(mounted.clone());
        }
        let further = mounts.iter().filter_map(|(mount, mounted)| {
            Some((rest_below(place, mount)?.into(), mounted.clone()))
        });
        Below::Local(Self::of(further.collect()))
    }

    /// Returns what is mounted at a place or above it, escaped, where that may not answer.
    pub(crate) fn on_the_way(&self, place: &[u8]) -> Option<Arc<str>> {
        match self.at(place) {
            Below::Local(_) => None,
            Below::Remote(mounted) => Some(mounted.told),
        }
    }
}

/// Returns what comes after a directory in a path, where that is in it.
fn rest_below<'p>(directory: &[u8], path: &'p [u8]) -> Option<&'p [u8]> {
    match path.strip_prefix(directory)? {
        rest if directory.is_empty() || rest.is_empty() => Some(rest),
        [b'/', rest @ ..] => Some(rest),
        _ => None,
    }
}

impl Mount {
    /// Returns whether another machine serves it, or a program: by its type (linux, filesystems(5), and what others add).
    fn may_not_answer(&self) -> bool {
        let kind = self.kind.as_slice();
        // A disk whose driver is a program is still a disk of this machine: ntfs-3g.
        let is_program = kind == b"fuse" || kind.starts_with(b"fuse.");
        is_program
            || matches!(
                kind,
                b"nfs" | b"nfs4" | b"cifs" | b"smb3" | b"smbfs" | b"ncpfs" | b"afs" | b"coda" | b"9p" | b"ceph"
                    | b"glusterfs" | b"lustre" | b"gpfs" | b"beegfs" | b"orangefs" | b"pvfs2" | b"virtiofs"
                    | b"vboxsf" | b"vmhgfs" | b"prl_fs"
                    // Nothing is there yet: looking at it mounts something, of another machine mostly.
                    | b"autofs"
            )
    }

    fn unasked(&self) -> Unasked {
        Unasked {
            told: self.told().into(),
            shows: match self.kind.as_slice() {
                // Of a running container, where the kernel's own is not to be had.
                b"fuse.fuse-overlayfs" => Shows::FilesOnceMore,
                _ => Shows::FilesOfItsOwn,
            },
        }
    }

    /// Returns what to say of it, escaped.
    fn told(&self) -> String {
        let kind = display(&self.kind);
        match self.source.as_slice() {
            b"" | b"none" => kind.into_owned(),
            source => format!("{} ({kind})", display(&super::without_octal(source))),
        }
    }
}

/// Returns whether something mounted later lies over a mount, on its place or above it.
fn is_hidden(mount: &Mount, all: &[Mount]) -> bool {
    // A damaged table may lead in a circle.
    let above = |mount: &Mount| all.iter().find(|other| other.id == mount.parent);
    let mut ancestors = vec![mount.id];
    let mut at = above(mount);
    while let Some(parent) = at.filter(|parent| !ancestors.contains(&parent.id)) {
        ancestors.push(parent.id);
        at = above(parent);
    }
    let covers = |other: &Mount| {
        !ancestors.contains(&other.id)
            && ancestors.contains(&other.parent)
            && mount.point.starts_with(&other.point)
    };
    all.iter().any(covers)
}
