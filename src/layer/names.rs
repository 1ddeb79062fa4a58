//! What a name in a layer means where markers are names, as in tar archives and AUFS branches: a path, a whiteout,
//! an opaque marker, or bookkeeping.

use crate::layer::EntryKind;
use crate::path::ImagePath;

const PREFIX: &[u8] = b".wh.";
const META_PREFIX: &[u8] = b".wh..wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
const LINK_STORE: &[u8] = b".wh..wh.plnk";

/// Meaning of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::layer) enum Name<'a> {
    /// The entry itself.
    Ordinary,
    /// Removes `name` of `parent` in lower layers.
    Whiteout {
        parent: ImagePath<'a>,
        name: &'a [u8],
    },
    /// Makes the directory opaque.
    Opaque { directory: ImagePath<'a> },
    /// `.wh.`, `.wh..` or `.wh...`, which would remove nothing, `.` or `..`.
    Invalid,
    /// AUFS keeps notes under `.wh..wh.*`; they are not part of the file system.
    Bookkeeping,
    /// A file that AUFS keeps for hard links to name.
    LinkStore,
}

/// Reads a name. OCI image-spec, layer.md, "Whiteouts"; the order of entries plays no role.
///
/// The type of a marker is not fixed by the specification, so any is taken — but a *directory* called
/// `.wh.x` is an ordinary directory, and so is one on the way to an entry.
pub(in crate::layer) fn meaning(path: ImagePath<'_>, kind: EntryKind) -> Name<'_> {
    let name = path.name();
    let parent = path.parent();
    if parent.as_bytes() == LINK_STORE && kind == EntryKind::File {
        return Name::LinkStore;
    }
    if parent
        .components()
        .any(|component| component.starts_with(META_PREFIX))
    {
        return Name::Bookkeeping;
    }
    if !name.starts_with(PREFIX) {
        return Name::Ordinary;
    }
    if name == OPAQUE {
        return Name::Opaque { directory: parent };
    }
    if name.starts_with(META_PREFIX) {
        return Name::Bookkeeping;
    }
    if kind == EntryKind::Dir {
        return Name::Ordinary;
    }
    match &name[PREFIX.len()..] {
        b"" | b"." | b".." => Name::Invalid,
        removed => Name::Whiteout {
            parent,
            name: removed,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &'static str, kind: EntryKind) -> Name<'static> {
        meaning(ImagePath::new(path.as_bytes()).unwrap(), kind)
    }

    #[test]
    fn markers_are_told_from_names() {
        let parent = |text: &'static str| ImagePath::new(text.as_bytes()).unwrap();
        for (path, expected) in [
            ("etc/passwd", Name::Ordinary),
            ("etc/file.wh.txt", Name::Ordinary),
            (
                "etc/.wh.passwd",
                Name::Whiteout {
                    parent: parent("etc"),
                    name: b"passwd",
                },
            ),
            (
                ".wh..baz",
                Name::Whiteout {
                    parent: ImagePath::ROOT,
                    name: b".baz",
                },
            ),
            (
                "a/.wh..wh..opq",
                Name::Opaque {
                    directory: parent("a"),
                },
            ),
            (
                ".wh..wh..opq",
                Name::Opaque {
                    directory: ImagePath::ROOT,
                },
            ),
            (".wh.", Name::Invalid),
            ("etc/.wh..", Name::Invalid),
            ("etc/.wh...", Name::Invalid),
            (
                "a/.wh....",
                Name::Whiteout {
                    parent: parent("a"),
                    name: b"...",
                },
            ),
            (".wh..wh.aufs", Name::Bookkeeping),
            (".wh..wh.plnk/12.34", Name::LinkStore),
            (".wh..wh.orph/12.34", Name::Bookkeeping),
            (".wh.etc/somefile", Name::Ordinary),
        ] {
            assert_eq!(read(path, EntryKind::File), expected, "{path}");
        }
        assert_eq!(read("a/.wh.b", EntryKind::Dir), Name::Ordinary);
        assert_eq!(read(".wh..wh.plnk", EntryKind::Dir), Name::Bookkeeping);
        assert_eq!(
            read("a/.wh.b", EntryKind::CharDevice),
            Name::Whiteout {
                parent: parent("a"),
                name: b"b"
            }
        );
    }
}
