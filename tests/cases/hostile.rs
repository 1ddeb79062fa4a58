//! Archives made to be read differently by different readers: tokio-tar's and Go's `archive/tar`.
//!
//! Their libraries stop with an error. Here the entries that could be read are there, and a warning says what
//! was wrong: damage where bytes are missing or cannot be placed, an odd header where only a field is lost.

use layerscope::layer::Completeness;

use crate::notation::corpus;
use crate::support::Walk;
use crate::support::tar::{BLOCK, gnu_long, pax, raw_entry};

fn archive(parts: &[Vec<u8>]) -> Walk {
    let mut bytes = parts.concat();
    bytes.resize(bytes.len() + 2 * BLOCK, 0);
    Walk::of_bytes(&bytes)
}

fn entry(name: &str, data: &[u8]) -> Vec<u8> {
    raw_entry(name.as_bytes(), b'0', data, |_| ())
}

/// CVE-2025-62518: the PAX size says that the bytes of an inner archive are data, the header says they are not.
#[test]
fn a_pax_size_wins_over_the_size_of_the_header() {
    let inner = entry("phantom", b"not there");
    let size = inner.len().to_string();
    let outer = raw_entry(b"file_a", b'0', &inner, |header| header.set_size(0));
    let walk = archive(&[
        pax::header(b'x', b"PaxHeader/x", &[(b"size", size.as_bytes())]),
        outer,
        entry("file_b", b"b"),
    ]);
    assert_eq!(walk.names(), ["file_a", "file_b"]);
    assert_eq!(walk.entries[0].meta.size, inner.len() as u64);
    assert_eq!(walk.codes(), [""; 0]);
}

#[test]
fn a_smaller_pax_size_shows_what_the_header_would_hide() {
    let hidden = entry("hidden", b"here");
    let mut data = vec![b'A'; 3 * BLOCK];
    data.extend(&hidden);
    let walk = archive(&[
        pax::header(b'x', b"PaxHeader/x", &[(b"size", b"1536")]),
        raw_entry(b"file_a", b'0', &data, |_| ()),
        entry("file_b", b"b"),
    ]);
    assert_eq!(walk.names(), ["file_a", "hidden", "file_b"]);
    assert_eq!(walk.entries[0].meta.size, 1536);
}

#[test]
fn a_pax_size_is_not_that_of_an_extension_header_behind_it() {
    let walk = archive(&[
        pax::header(b'x', b"PaxHeader/x", &[(b"size", b"2048")]),
        gnu_long(b'L', b"longname.txt"),
        raw_entry(b"short", b'0', &[b'x'; 2048], |header| header.set_size(0)),
        entry("file_b", b"b"),
    ]);
    assert_eq!(walk.names(), ["longname.txt", "file_b"]);
    assert_eq!(walk.entries[0].meta.size, 2048);
}

#[test]
fn a_global_size_is_nobodys() {
    let walk = archive(&[
        pax::header(
            b'g',
            b"pax_global_header",
            &[(b"size", b"0"), (b"path", b"x")],
        ),
        entry("file_a", &entry("phantom", b"not there")),
        entry("file_b", b"b"),
    ]);
    assert_eq!(walk.names(), ["file_a", "file_b"]);
}

#[test]
fn an_extended_header_applies_to_one_entry() {
    let walk = archive(&[
        pax::header(
            b'x',
            b"PaxHeader/x",
            &[(b"path", b"long"), (b"SCHILY.xattr.user.a", b"1")],
        ),
        entry("short", b"a"),
        entry("file_b", b"b"),
    ]);
    assert_eq!(walk.names(), ["long", "file_b"]);
    assert_eq!(walk.entries[0].xattrs.len(), 1);
    assert!(walk.entries[1].xattrs.is_empty());
}

#[test]
fn names_with_a_nul_are_odd_wherever_they_stand() {
    for (key, value) in [
        (&b"path"[..], &b"a\0b"[..]),
        (b"linkpath", b"a\0b"),
        (b"SCHILY.xattr.user.a\0b", b"value"),
        (b"GNU.sparse.name", b"a\0b"),
    ] {
        let walk = archive(&[
            pax::header(b'x', b"PaxHeader/x", &[(key, value)]),
            entry("file_a", b"a"),
        ]);
        assert_eq!(walk.names(), ["file_a"], "{}", key.escape_ascii());
        let codes = walk.codes();
        assert!(
            !codes.is_empty() && codes.iter().all(|&code| code == "odd-header"),
            "{}: {codes:?}",
            key.escape_ascii()
        );
        assert!(walk.entries[0].xattrs.is_empty());
    }
}

#[test]
fn tars_of_tokio_tar() {
    let Some(corpus) = corpus() else { return };
    let folder = corpus.join("tars/astral-sh+tokio-tar/tests/archives");
    for (name, entries, warned, completeness) in [
        (
            "pax-header-precedence.tar",
            &["normal.txt", "blob.bin", "marker.txt"][..],
            &[][..],
            Completeness::Complete,
        ),
        (
            "pax-hidden-entry.tar",
            &["file_a", "file_b", "hidden"],
            &[],
            Completeness::Complete,
        ),
        (
            "diff-014-unterminated-pax.tar",
            &["raw-name"],
            &["odd-header"],
            Completeness::Complete,
        ),
        (
            "diff-039-truncated-entry-body.tar",
            &["aaa"],
            &["damaged-layer"],
            Completeness::Partial,
        ),
    ] {
        let walk = Walk::of_file(&folder.join(name));
        assert_eq!(walk.names(), entries, "{name}");
        assert_eq!(walk.codes(), warned, "{name}");
        assert_eq!(walk.result.unwrap(), completeness, "{name}");
    }
}

/// Where Go's reader says `ErrHeader` or `ErrFieldTooLong`: what is wrong, and how many entries there are.
#[test]
fn tars_that_go_refuses() {
    let Some(corpus) = corpus() else { return };
    for (name, entries, warned) in [
        ("neg-size.tar", 0, "damaged-layer"),
        ("issue11169.tar", 0, "damaged-layer"),
        ("issue12435.tar", 0, "damaged-layer"),
        ("writer-big.tar", 1, "damaged-layer"),
        ("pax-bad-hdr-file.tar", 1, "odd-header"),
        ("pax-bad-mtime-file.tar", 1, "odd-header"),
        ("pax-nul-path.tar", 1, "odd-header"),
        ("pax-nul-xattrs.tar", 1, "odd-header"),
        ("pax-bad-hdr-large.tar.bz2", 1, "limit-reached"),
    ] {
        let walk = Walk::of_file(&corpus.join("tars/golang+go").join(name));
        assert_eq!(walk.entries.len(), entries, "{name}");
        assert!(
            walk.codes().contains(&warned),
            "{name}: {:?}",
            walk.warnings
        );
        let expected = match warned {
            "odd-header" if !walk.codes().contains(&"missing-end") => Completeness::Complete,
            _ => Completeness::Partial,
        };
        assert_eq!(walk.result.unwrap(), expected, "{name}");
    }
}

#[test]
fn tars_that_go_reads() {
    let Some(corpus) = corpus() else { return };
    for (name, sizes) in [
        ("gnu.tar", &[5, 11][..]),
        ("star.tar", &[5, 11]),
        ("xattrs.tar", &[5, 11]),
        ("nil-uid.tar", &[14]),
        ("gnu-nil-sparse-hole.tar", &[1000]),
        ("pax-nil-sparse-data.tar", &[1000]),
        ("pax-nil-sparse-hole.tar", &[1000]),
        ("sparse-formats.tar", &[200, 200, 200, 200, 4]),
        ("gnu-sparse-big.tar", &[60_000_000_000]),
        ("pax-sparse-big.tar", &[60_000_000_000]),
        ("gnu-incremental.tar", &[0, 64, 536_870_912]),
        ("trailing-slash.tar", &[0]),
    ] {
        let walk = Walk::of_file(&corpus.join("tars/golang+go").join(name));
        let found: Vec<u64> = walk.entries.iter().map(|entry| entry.meta.size).collect();
        assert_eq!(found, sizes, "{name}");
        // Go's own fixtures were cut off behind their last entry.
        let expected = match walk.codes()[..] {
            [] => Completeness::Complete,
            _ => Completeness::Partial,
        };
        assert!(
            walk.codes().iter().all(|code| *code == "missing-end"),
            "{name}: {:?}",
            walk.warnings
        );
        assert_eq!(walk.result.unwrap(), expected, "{name}");
    }
    let walk = Walk::of_file(&corpus.join("tars/golang+go/xattrs.tar"));
    let names = |entry: usize| -> Vec<String> {
        let xattrs = walk.entries[entry].xattrs.iter();
        xattrs
            .map(|(name, _)| name.escape_ascii().to_string())
            .collect()
    };
    assert_eq!(names(0), ["security.selinux", "user.key", "user.key2"]);
    assert_eq!(names(1), ["security.selinux"]);
}
