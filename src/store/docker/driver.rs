//! Graph drivers: what each calls its directories and how it writes deletions.

use crate::beneath::Beneath;
use crate::layer::dir::{Encoding, Namespace};

/// A graph driver of Docker on Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Driver {
    Overlay2,
    FuseOverlay,
    Btrfs,
    Zfs,
    Aufs,
    Overlay,
    DeviceMapper,
    Vfs,
}

/// Who mounts the layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Privilege {
    Rootful,
    Rootless,
}

impl Privilege {
    /// A rootless daemon's files are its user's own; a daemon that maps users is root all the same.
    pub(super) fn of(root: &Beneath) -> Self {
        let owner = root.status(b"").ok().flatten().map(|found| found.st_uid);
        let name = root.name().rsplit('/').next().unwrap_or_default();
        match owner {
            None | Some(0) => Self::Rootful,
            Some(_) if is_remapped(name.as_bytes()) => Self::Rootful,
            Some(_) => Self::Rootless,
        }
    }
}

/// Returns whether a name is `<uid>.<gid>`, as a daemon that maps users calls its data root
/// (moby, `daemon/daemon_unix.go`, `setupDaemonRoot`).
pub(in crate::store) fn is_remapped(name: &[u8]) -> bool {
    let mut parts = name.split(|&byte| byte == b'.');
    let is_number = |part: Option<&[u8]>| {
        part.is_some_and(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit))
    };
    is_number(parts.next()) && is_number(parts.next()) && parts.next().is_none()
}

impl Driver {
    /// Every driver, that which Docker prefers first (moby, `daemon/graphdriver/driver_linux.go`, and for those
    /// that are gone the order of 18.09).
    pub(super) const ALL: [Self; 8] = [
        Self::Overlay2,
        Self::FuseOverlay,
        Self::Btrfs,
        Self::Zfs,
        Self::Aufs,
        Self::Overlay,
        Self::DeviceMapper,
        Self::Vfs,
    ];

    /// Returns the name, also that of its directories.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Overlay2 => "overlay2",
            Self::FuseOverlay => "fuse-overlayfs",
            Self::Btrfs => "btrfs",
            Self::Zfs => "zfs",
            Self::Aufs => "aufs",
            Self::Overlay => "overlay",
            Self::DeviceMapper => "devicemapper",
            Self::Vfs => "vfs",
        }
    }

    /// Returns where below the driver's own directory each layer has one; empty for right there.
    pub(super) const fn graph(self) -> &'static str {
        match self {
            Self::Overlay2 | Self::FuseOverlay | Self::Overlay => "",
            Self::Btrfs => "subvolumes",
            Self::Zfs => "graph",
            Self::Aufs => "diff",
            Self::DeviceMapper => "mnt",
            Self::Vfs => "dir",
        }
    }

    /// Returns where below a layer's directory its files are, one after the other where it depends; empty for
    /// right there.
    pub(super) const fn contents(self) -> &'static [&'static str] {
        match self {
            Self::Overlay2 | Self::FuseOverlay => &["diff"],
            // An image's layer is a whole copy made of hard links, a container's an upper directory
            // (moby 20.10, daemon/graphdriver/overlay/overlay.go).
            Self::Overlay => &["root", "upper"],
            Self::DeviceMapper => &["rootfs"],
            Self::Btrfs | Self::Zfs | Self::Aufs | Self::Vfs => &[""],
        }
    }

    /// Returns how deletions are written in a directory of changes; `None` where directories are whole copies.
    pub(super) const fn encoding(self, privilege: Privilege) -> Option<Encoding> {
        match (self, privilege) {
            (Self::Overlay2, Privilege::Rootless) => Some(Encoding::Overlay(Namespace::User)),
            (Self::Overlay2 | Self::Overlay, _) => Some(Encoding::Overlay(Namespace::Trusted)),
            (Self::FuseOverlay, _) => Some(Encoding::FuseOverlay),
            (Self::Aufs, _) => Some(Encoding::Aufs),
            (Self::Btrfs | Self::Zfs | Self::DeviceMapper | Self::Vfs, _) => None,
        }
    }

    /// Returns whether layers are on file systems of their own, mounted only while they are in use.
    pub(super) const fn mounts_layers(self) -> bool {
        matches!(self, Self::Zfs | Self::DeviceMapper)
    }

    /// Returns whether the driver writes which layers are below a layer beside it.
    pub(super) const fn writes_lower(self) -> bool {
        matches!(self, Self::Overlay2 | Self::FuseOverlay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_of_mapped_users_are_recognised() {
        for (name, expected) in [
            (&b"100000.100000"[..], true),
            (b"0.0", true),
            (b"100000", false),
            (b"1.2.3", false),
            (b".5", false),
            (b"a.b", false),
        ] {
            assert_eq!(is_remapped(name), expected);
        }
    }
}
