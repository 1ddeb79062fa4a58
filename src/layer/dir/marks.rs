//! What extended attributes say about the layer, told apart from those that belong to its files.

use super::attributes::Attributes;
use super::{Encoding, Namespace};
use crate::layer::EntryKind;

const TRUSTED: &[u8] = b"trusted.overlay.";
const USER: &[u8] = b"user.overlay.";
const FUSE: &[u8] = b"user.fuseoverlayfs.";
const FUSE_OPAQUE: &[u8] = b"user.fuseoverlayfs.opaque";

/// Owner, mode and type as the container sees them, where the user who runs it may not have them on disk:
/// containers/storage, pkg/idtools, and fuse-overlayfs, newest first.
const OVERRIDES: [&[u8]; 3] = [
    b"user.containers.override_stat",
    b"security.fuseoverlayfs.override_stat",
    b"user.fuseoverlayfs.override_stat",
];

/// The host's label. It belongs to where the store lies; containers/storage leaves it out of layers as well
/// (pkg/archive, `xattrsToIgnore`).
const HOST_LABEL: &[u8] = b"security.selinux";

/// What the attributes of one name amount to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Marks {
    /// A directory that hides what lower layers have in it.
    pub(super) is_opaque: bool,
    /// A whiteout, if it is an empty file: for lookups the kernel does not ask whether the directory is marked as
    /// holding such, only for listings (fs/overlayfs, `ovl_path_is_whiteout`).
    pub(super) is_whiteout: bool,
    /// Owner, mode and times alone; the data is the lower layers'.
    pub(super) is_metacopy: bool,
    /// Where the lower layers have it: an absolute path or another name in the same directory.
    pub(super) redirect: Option<Vec<u8>>,
    pub(super) overridden: Option<Overridden>,
}

/// Owner, mode and type that count instead of the inode's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overridden {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mode: u16,
    /// Type and device number; `None` where only owner and mode are given.
    pub(super) kind: Option<(EntryKind, (u32, u32))>,
}

impl Encoding {
    /// Returns whether an attribute's value says anything; the bookkeeping of overlayfs is never read.
    pub(super) fn wants(self, name: &[u8]) -> bool {
        if name == HOST_LABEL {
            return false;
        }
        if OVERRIDES.contains(&name) {
            return self.has_overrides();
        }
        if name.starts_with(FUSE) {
            return name == FUSE_OPAQUE && self == Self::FuseOverlay;
        }
        match self.mark(name) {
            Some(mark) => {
                matches!(mark, b"opaque" | b"whiteout" | b"metacopy" | b"redirect")
                    || mark.starts_with(b"overlay.")
            }
            None => !name.starts_with(TRUSTED) && !name.starts_with(USER),
        }
    }

    /// Returns what a name in a namespace that counts says, without the namespace.
    fn mark(self, name: &[u8]) -> Option<&[u8]> {
        let (trusted, user) = match self {
            Self::Overlay(Namespace::Trusted) => (true, false),
            Self::Overlay(Namespace::User) => (false, true),
            Self::Overlay(Namespace::Either) | Self::FuseOverlay => (true, true),
            Self::Aufs | Self::Plain => (false, false),
        };
        let trusted = name.strip_prefix(TRUSTED).filter(|_| trusted);
        trusted.or_else(|| name.strip_prefix(USER).filter(|_| user))
    }

    /// The kernel's own mounts by root show inodes as they are.
    fn has_overrides(self) -> bool {
        !matches!(self, Self::Overlay(Namespace::Trusted) | Self::Aufs)
    }

    /// Takes the marks out of a name's attributes; what stays belongs to the file, sorted.
    pub(super) fn take_marks(self, attributes: &mut Attributes) -> Marks {
        let mut marks = Marks::default();
        let mut is_renamed = false;
        attributes.retain_mut(|(name, value)| {
            if OVERRIDES.contains(&name.as_slice()) {
                marks.overridden = marks.overridden.or_else(|| overridden(value));
                return false;
            }
            if name == FUSE_OPAQUE {
                marks.note(b"opaque", value);
                return false;
            }
            let Some(mark) = self.mark(name) else {
                return true;
            };
            // An attribute that an overlay within this one wrote is kept under a longer name.
            if mark.starts_with(b"overlay.") {
                let namespace = name.len() - mark.len();
                name.drain(namespace - b"overlay.".len()..namespace);
                is_renamed = true;
                return true;
            }
            marks.note(mark, value);
            false
        });
        if is_renamed {
            attributes.sort_unstable();
        }
        marks
    }
}

impl Marks {
    fn note(&mut self, mark: &[u8], value: &[u8]) {
        match (mark, value) {
            (b"opaque", b"y") => self.is_opaque = true,
            (b"whiteout", _) => self.is_whiteout = true,
            (b"metacopy", _) => self.is_metacopy = true,
            (b"redirect", target) if !target.is_empty() => self.redirect = Some(target.to_vec()),
            _ => {}
        }
    }
}

/// Reads `uid:gid:mode` in decimal and octal, and a type as in `0:0:0644:file` or `0:0:0666:char-1-3`.
///
/// containers/storage, pkg/idtools, `FormatContainersOverrideXattrDevice`.
fn overridden(value: &[u8]) -> Option<Overridden> {
    let mut parts = std::str::from_utf8(value).ok()?.splitn(4, ':');
    let uid = parts.next()?.parse().ok()?;
    let gid = parts.next()?.parse().ok()?;
    let mode = u32::from_str_radix(parts.next()?, 8).ok()?;
    Some(Overridden {
        uid,
        gid,
        mode: u16::try_from(mode & 0o7777).ok()?,
        kind: parts.next().and_then(overridden_kind),
    })
}

fn overridden_kind(text: &str) -> Option<(EntryKind, (u32, u32))> {
    let mut parts = text.split('-');
    let kind = match parts.next()? {
        "file" => EntryKind::File,
        "dir" => EntryKind::Dir,
        "symlink" => EntryKind::Symlink,
        "pipe" => EntryKind::Fifo,
        "socket" => EntryKind::Socket,
        "char" => EntryKind::CharDevice,
        "block" => EntryKind::BlockDevice,
        _ => return None,
    };
    let mut number = || parts.next().map_or(Some(0), |text| text.parse().ok());
    Some((kind, (number()?, number()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(encoding: Encoding, given: &[(&str, &str)]) -> (Marks, Vec<String>) {
        let wanted = given
            .iter()
            .filter(|(name, _)| encoding.wants(name.as_bytes()));
        let mut attributes: Attributes = wanted
            .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect();
        let marks = encoding.take_marks(&mut attributes);
        let kept = attributes
            .into_iter()
            .map(|(name, _)| String::from_utf8(name).unwrap());
        (marks, kept.collect())
    }

    #[test]
    fn only_the_namespace_of_the_mount_counts() {
        let both = [
            ("trusted.overlay.opaque", "y"),
            ("user.overlay.metacopy", ""),
        ];
        for (namespace, is_opaque, is_metacopy) in [
            (Namespace::Trusted, true, false),
            (Namespace::User, false, true),
            (Namespace::Either, true, true),
        ] {
            let (marks, kept) = taken(Encoding::Overlay(namespace), &both);
            assert_eq!(
                (marks.is_opaque, marks.is_metacopy),
                (is_opaque, is_metacopy)
            );
            assert!(kept.is_empty());
        }
        let (marks, kept) = taken(Encoding::Plain, &both);
        assert_eq!((marks, kept.len()), (Marks::default(), 0));
    }

    #[test]
    fn bookkeeping_goes_and_what_is_nested_loses_one_level() {
        let (marks, kept) = taken(
            Encoding::Overlay(Namespace::Trusted),
            &[
                ("user.z", "1"),
                ("trusted.overlay.origin", "…"),
                ("trusted.overlay.overlay.overlay.opaque", "y"),
                ("trusted.overlay.overlay.opaque", "y"),
                ("trusted.overlay.redirect", "/a"),
                ("security.capability", "…"),
                ("security.selinux", "label"),
            ],
        );
        assert!(!marks.is_opaque);
        assert_eq!(marks.redirect.unwrap(), b"/a");
        assert_eq!(
            kept,
            [
                "security.capability",
                "trusted.overlay.opaque",
                "trusted.overlay.overlay.opaque",
                "user.z"
            ]
        );
    }

    #[test]
    fn only_y_is_opaque() {
        for (value, is_opaque) in [("y", true), ("x", false), ("n", false), ("yy", false)] {
            let given = [("user.overlay.opaque", value)];
            let (marks, _) = taken(Encoding::Overlay(Namespace::User), &given);
            assert_eq!(marks.is_opaque, is_opaque, "{value}");
        }
        let (marks, _) = taken(Encoding::FuseOverlay, &[("user.fuseoverlayfs.opaque", "y")]);
        assert!(marks.is_opaque);
    }

    #[test]
    fn overrides_are_read_leniently() {
        let read = |text: &str| overridden(text.as_bytes());
        let found = read("1000:100:04755:file").unwrap();
        assert_eq!((found.uid, found.gid, found.mode), (1000, 100, 0o4755));
        assert_eq!(
            read("0:0:0666:char-1-3").unwrap().kind,
            Some((EntryKind::CharDevice, (1, 3)))
        );
        assert_eq!(read("0:0:0755").unwrap().kind, None);
        assert_eq!(read("0:0:0755:char-x-3").unwrap().kind, None);
        for bad in ["", "0:0", "a:0:0755", "0:0:9", "-1:0:0755"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
