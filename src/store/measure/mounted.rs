//! What becomes of a file system that is mounted below a store: which are a part of it, and which are not.

use std::os::fd::OwnedFd;

use super::super::piece::Role;
use crate::mount_table::{Shows, Unasked};

/// What is mounted, as far as that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileSystem {
    /// On a disk of this machine.
    Disk,
    /// A subvolume of btrfs has a device number of its own and is the same disk.
    Subvolume,
    /// In memory: it takes no disk.
    Memory,
    /// It shows files of other directories.
    Overlay,
    /// On another machine, or served by a program: asking it may take for ever.
    Remote,
}

/// Where the mount point is among the places of pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Pieces lie below it.
    Through,
    /// It is the place of a piece.
    Ends,
    /// It is somewhere inside of a piece.
    Inside,
}

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is measured.
    Enter,
    /// It is no part of the store, and nobody misses it.
    Pass,
    /// It is no part of the store, and that is said.
    Tell,
    /// It is a part of the store and cannot be measured: never 0. What it is.
    Refuse(&'static str),
}

/// Says what is done about a mount, by the role of the piece that it lies in.
///
/// Where the engine's own layout leads, the disk behind a mount is the store's. Elsewhere mounts of containers show
/// files a second time; only a volume may have a disk of its own.
pub(super) const fn verdict(mounted: FileSystem, way: Way, role: Role) -> Verdict {
    let way = match (way, role) {
        // Nothing leads to what is no part of the engine's layout.
        (Way::Ends, Role::Extra) => Way::Inside,
        (way, _) => way,
    };
    match (mounted, way) {
        (FileSystem::Subvolume, _)
        | (FileSystem::Disk, Way::Through | Way::Ends)
        | (FileSystem::Memory, Way::Through) => Verdict::Enter,
        (FileSystem::Memory, Way::Ends) => match role {
            // Kubernetes' emptyDir in memory, /dev/shm.
            Role::Volume | Role::ContainerFiles => Verdict::Pass,
            _ => Verdict::Enter,
        },
        (FileSystem::Overlay, Way::Through | Way::Ends) => Verdict::Refuse("an overlay"),
        (FileSystem::Remote, Way::Through | Way::Ends) => {
            Verdict::Refuse("a file system of another machine or of a program")
        }
        (FileSystem::Memory | FileSystem::Overlay, Way::Inside) => Verdict::Pass,
        (FileSystem::Disk, Way::Inside) => match role {
            Role::Volume => Verdict::Enter,
            _ => Verdict::Tell,
        },
        (FileSystem::Remote, Way::Inside) => Verdict::Tell,
    }
}

impl FileSystem {
    /// Goes by what the mount table says.
    pub(super) const fn unasked(mounted: &Unasked) -> Self {
        match mounted.shows {
            Shows::FilesOfItsOwn => Self::Remote,
            Shows::FilesOnceMore => Self::Overlay,
        }
    }

    /// Asks the file system itself; one that does not answer is taken for a disk.
    pub(super) fn of(opened: &OwnedFd) -> Self {
        #[allow(
            clippy::unnecessary_cast,
            clippy::cast_sign_loss,
            reason = "the width and sign of a file system's magic number depend on the system"
        )]
        let magic =
            rustix::fs::fstatfs(opened).map_or(0, |found| found.f_type as u64 & 0xffff_ffff);
        Self::of_magic(magic)
    }

    /// statfs(2), and linux, include/uapi/linux/magic.h.
    const fn of_magic(magic: u64) -> Self {
        match magic {
            0x9123_683e => Self::Subvolume,
            // tmpfs, ramfs.
            0x0102_1994 | 0x8584_58f6 => Self::Memory,
            0x794c_7630 => Self::Overlay,
            // NFS, SMB, CIFS, SMB 2, FUSE, Ceph, AFS twice, 9P, Coda.
            0x6969 | 0x517b | 0xff53_4d42 | 0xfe53_4d42 | 0x6573_5546 | 0x00c3_6400
            | 0x5346_414f | 0x6b41_4653 | 0x0102_1997 | 0x7375_7245 => Self::Remote,
            _ => Self::Disk,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_store_is_entered_or_refused_and_never_passed() {
        for way in [Way::Through, Way::Ends] {
            for role in [Role::Bookkeeping, Role::Layer, Role::Volume, Role::Writable] {
                assert_eq!(verdict(FileSystem::Disk, way, role), Verdict::Enter);
                for mounted in [FileSystem::Overlay, FileSystem::Remote] {
                    let found = verdict(mounted, way, role);
                    assert!(matches!(found, Verdict::Refuse(_)), "{mounted:?} {way:?}");
                }
            }
        }
        let memory = FileSystem::Memory;
        assert_eq!(
            verdict(memory, Way::Through, Role::Bookkeeping),
            Verdict::Enter
        );
        assert_eq!(verdict(memory, Way::Ends, Role::Layer), Verdict::Enter);
        assert_eq!(verdict(memory, Way::Ends, Role::Volume), Verdict::Pass);
    }

    #[test]
    fn mounts_of_containers_are_not_entered() {
        let inside = |mounted, role| verdict(mounted, Way::Inside, role);
        for role in [
            Role::Bookkeeping,
            Role::ContainerFiles,
            Role::Layer,
            Role::Volume,
        ] {
            assert_eq!(inside(FileSystem::Overlay, role), Verdict::Pass);
            assert_eq!(inside(FileSystem::Memory, role), Verdict::Pass);
            assert_eq!(inside(FileSystem::Remote, role), Verdict::Tell);
            assert_eq!(inside(FileSystem::Subvolume, role), Verdict::Enter);
        }
        assert_eq!(
            inside(FileSystem::Disk, Role::ContainerFiles),
            Verdict::Tell
        );
        assert_eq!(inside(FileSystem::Disk, Role::Volume), Verdict::Enter);
    }

    #[test]
    fn file_systems_are_told_by_their_magic_numbers() {
        for (magic, wanted) in [
            (0xef53, FileSystem::Disk),
            (0x5846_5342, FileSystem::Disk),
            (0x6969, FileSystem::Remote),
            (0x6573_5546, FileSystem::Remote),
            (0x0102_1994, FileSystem::Memory),
            (0x794c_7630, FileSystem::Overlay),
        ] {
            assert_eq!(FileSystem::of_magic(magic), wanted, "{magic:x}");
        }
    }
}
