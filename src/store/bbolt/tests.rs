use super::writer::{PAGE, Tree, header, meta};
use super::*;

/// A database with everything there is: branches of branches, leaves, overflow, buckets inline and not.
fn sample() -> Tree {
    let mut tree = Tree::default();
    for number in 0..60_u32 {
        let key = format!("key-{number:03}");
        tree.put(&[b"many", key.as_bytes()], format!("value {number}"));
    }
    tree.put(&[b"deep", b"a/b:c", b"inline", b"size"], *b"\x80\x20");
    tree.put(&[b"deep", b"a/b:c", b"inline", b""], *b"");
    tree.put(&[b"deep", b"a/b:c", b"long"], vec![7; 2 * PAGE]);
    tree.at(&[b"deep", b"empty"]);
    tree
}

/// Everything in a bucket, one line each.
fn dump(bucket: Bucket<'_>, prefix: &str, lines: &mut Vec<String>) {
    for (key, item) in bucket.items() {
        let name = format!("{prefix}/{}", crate::path::display(key));
        match item {
            Item::Value(value) => lines.push(format!("{name} {}", value.len())),
            Item::Bucket(inner) => {
                lines.push(name.clone());
                // What readers do: none goes deeper than a few buckets.
                if name.matches('/').count() < 6 {
                    dump(inner, &name, lines);
                }
            }
        }
    }
}

fn lines(bytes: Vec<u8>) -> Option<(Vec<String>, Option<String>)> {
    let database = Database::parse("db", bytes).ok()?;
    let mut lines = Vec::new();
    dump(database.root(), "", &mut lines);
    for key in [&b"many"[..], b"deep"] {
        let bucket = database.root().bucket(key);
        let _ = bucket.map(|bucket| bucket.value(b"key-031").is_some());
    }
    let damage = database.damage();
    Some((lines, damage))
}

#[test]
fn everything_is_found_by_key_and_in_order() {
    let database = Database::parse("db", sample().database()).unwrap();
    let many = database.root().bucket(b"many").unwrap();
    let values: Vec<_> = many.values().collect();
    assert_eq!(values.len(), 60);
    for (number, (key, value)) in values.into_iter().enumerate() {
        assert_eq!(key, format!("key-{number:03}").as_bytes());
        assert_eq!(value, format!("value {number}").as_bytes());
        assert_eq!(many.value(key), Some(value));
    }
    for absent in [&b""[..], b"a", b"key-0305", b"key-060", b"z"] {
        assert!(many.get(absent).is_none());
    }
    let inner = database.root().descend(&[b"deep", b"a/b:c"]).unwrap();
    assert_eq!(inner.value(b"long"), Some(&[7; 2 * PAGE][..]));
    let inline = inner.bucket(b"inline").unwrap();
    assert!(matches!(inline.root, Root::Inline(_)));
    assert_eq!(inline.value(b"size"), Some(&b"\x80\x20"[..]));
    assert_eq!(inline.value(b""), Some(&b""[..]));
    assert!(inner.value(b"inline").is_none() && inner.bucket(b"long").is_none());
    let empty = database.root().descend(&[b"deep", b"empty"]).unwrap();
    assert_eq!(empty.items().count(), 0);
    assert_eq!(database.damage(), None);
}

#[test]
fn the_newer_intact_meta_page_counts() {
    let mut old = Tree::default();
    old.put(&[b"a"], *b"old");
    let mut bytes = old.database_at(8);
    let old_root = u64::from_le_bytes(bytes[32..40].try_into().unwrap());
    let end = (bytes.len() / PAGE) as u64;
    bytes.extend(header(end, 2, 0, 0));
    bytes.resize(bytes.len().next_multiple_of(PAGE), 0);
    bytes[PAGE..PAGE + 80].copy_from_slice(&meta(1, end, end + 1, 9));
    let value = |bytes: &[u8]| {
        let database = Database::parse("db", bytes.to_vec()).unwrap();
        database.root().value(b"a").map(<[u8]>::to_vec)
    };
    assert_eq!(value(&bytes), None);
    // Torn while it was written: the one before holds.
    bytes[PAGE + 70] ^= 1;
    assert_eq!(value(&bytes).unwrap(), b"old");
    // The first is torn: where the second lies is found out.
    bytes[PAGE..PAGE + 80].copy_from_slice(&meta(1, old_root, end + 1, 9));
    bytes[0..80].fill(0xff);
    assert_eq!(value(&bytes).unwrap(), b"old");
    bytes[PAGE + 70] ^= 1;
    assert!(Database::parse("db", bytes).is_err());
}

#[test]
fn a_bad_page_costs_that_page() {
    let bytes = sample().database();
    let (all, damage) = lines(bytes.clone()).unwrap();
    assert_eq!((all.len(), damage), (68, None));
    let mut lost = bytes.clone();
    let at = memchr::memmem::find(&lost, b"key-031").unwrap();
    let page = at / PAGE * PAGE;
    lost[page] ^= 1;
    let (rest, damage) = lines(lost).unwrap();
    assert_eq!(rest.len(), 64);
    assert!(damage.unwrap().contains("says that it is page"));
}

#[test]
fn no_damage_is_too_much() {
    let bytes = sample().database();
    for length in (0..bytes.len()).step_by(7) {
        let _ = lines(bytes[..length].to_vec());
    }
    for at in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        let _ = lines(bytes);
    }
}

#[test]
fn pages_that_point_at_each_other_end() {
    let mut bytes = meta(0, 2, 4, 7);
    bytes.resize(2 * PAGE, 0);
    // A branch whose children are itself, pages that are none, and a leaf twice.
    let children = [2_u64, 0, 99, u64::MAX, 3, 3];
    bytes.extend(header(2, 1, children.len(), 0));
    for child in children {
        bytes.extend([0; 8]);
        bytes.extend(child.to_le_bytes());
    }
    bytes.resize(3 * PAGE, 0);
    // A leaf whose elements are buckets that start at it, or at the branch.
    let roots = [3_u64, 2, 3, 3];
    bytes.extend(header(3, 2, 60, 0));
    for index in 0..60_u32 {
        for word in [1, 16 * (60 - index), 0, 16] {
            bytes.extend(word.to_le_bytes());
        }
    }
    for root in roots {
        bytes.extend(root.to_le_bytes());
        bytes.extend([0; 8]);
    }
    bytes.resize(4 * PAGE, 0);
    let (lines, damage) = lines(bytes).unwrap();
    assert!(lines.len() > 60);
    let damage = damage.unwrap();
    assert!(damage.contains("page 2 is reached twice"), "{damage}");
    assert!(damage.contains("page 99 is none of its pages"), "{damage}");
    assert!(damage.contains("over and over"), "{damage}");
}

#[test]
fn an_engine_that_goes_on_writing_is_noticed() {
    let tree = sample();
    let run = |moves: &[u64]| {
        let mut made = 0;
        let mut ends = moves.iter();
        let at = Cell::new(10);
        let copied = copy_steadily(
            || {
                made += 1;
                Ok(tree.database_at(at.get()))
            },
            |bytes| {
                let before = Meta::newest(bytes).unwrap().txid;
                at.set(before + ends.next().copied().unwrap_or(0));
                Some(at.get())
            },
        );
        let (bytes, consistency) = copied.unwrap();
        (Meta::newest(&bytes).unwrap().txid, consistency, made)
    };
    assert_eq!(run(&[]), (10, Consistency::Steady, 1));
    assert_eq!(run(&[1, 2]), (13, Consistency::Steady, 3));
    assert_eq!(run(&[1, 1, 1, 1]), (12, Consistency::Moving, 3));
}

#[test]
fn a_file_is_copied_whole() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("meta.db"), sample().database()).unwrap();
    std::fs::write(directory.path().join("empty.db"), "").unwrap();
    let root = Beneath::open(directory.path()).unwrap();
    let database = Database::open(&root, b"meta.db").unwrap().unwrap();
    assert_eq!(database.consistency(), Consistency::Steady);
    assert_eq!(database.root().items().count(), 2);
    assert!(database.is_current(&root, b"meta.db"));
    std::fs::write(directory.path().join("meta.db"), sample().database_at(8)).unwrap();
    assert!(!database.is_current(&root, b"meta.db"));
    assert!(Database::open(&root, b"absent.db").unwrap().is_none());
    assert!(Database::open(&root, b"empty.db").is_err());
}
