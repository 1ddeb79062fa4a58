//! Random small stacks of layers, made so that their paths meet as often as possible.

use proptest::prelude::*;

use super::item::{Item, Kind};
use super::model::Outcome;

/// One to five layers of up to nine records over a dozen paths, with every kind of record and marker.
///
/// Hard links to anything but files and records that no rule gives a meaning are taken out. Links to files of lower
/// layers carry what was stored with their file, as every archiver writes them.
pub fn stacks() -> impl Strategy<Value = Vec<Vec<Item>>> {
    let layer = prop::collection::vec(item(), 0..9);
    prop::collection::vec(layer, 1..6).prop_map(sound)
}

fn sound(mut stack: Vec<Vec<Item>>) -> Vec<Vec<Item>> {
    loop {
        // Taking one out can leave a link without its target, so each time everything is looked at anew.
        let Outcome {
            links, ambiguous, ..
        } = Outcome::of(&stack);
        let mut odd = links.iter().filter(|link| link.2.is_none());
        let first = odd.next().map(|&(layer, position, _)| (layer, position));
        if let Some(&(layer, position)) = first.as_ref().or(ambiguous.first()) {
            stack[layer].remove(position);
            continue;
        }
        for (layer, position, meta) in links {
            meta.expect("a file").put_into(&mut stack[layer][position]);
        }
        return stack;
    }
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    let name = prop::sample::select(vec!["a", "b", "a-b"]);
    // Shallow paths meet more often.
    let depth = prop::sample::select(vec![1_usize, 1, 2, 2, 3]);
    depth
        .prop_flat_map(move |depth| prop::collection::vec(name.clone(), depth))
        .prop_map(|names| names.join("/").into_bytes())
}

fn data() -> impl Strategy<Value = Vec<u8>> {
    // Lengths on both sides of what a scanner may hash while it reads; equal lengths with other content.
    let mut large = vec![b'l'; 20_000];
    let long = large.clone();
    *large.last_mut().expect("not empty") = b'm';
    prop::sample::select(vec![
        b"".to_vec(),
        b"x".to_vec(),
        b"y".to_vec(),
        b"xyz".to_vec(),
        long,
        large,
    ])
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        8 => data().prop_map(Kind::File),
        4 => Just(Kind::Dir),
        4 => Just(Kind::Whiteout),
        2 => Just(Kind::Opaque),
        4 => path().prop_map(Kind::Hardlink),
        3 => prop::sample::select(vec!["a", "../b", "/a-b/b", "..", "/", "./a//b/"]).prop_map(|target| Kind::Symlink(target.into())),
        1 => Just(Kind::Fifo),
        1 => prop::sample::select(vec![(0, 0), (1, 1), (1, 2)]).prop_map(|(major, minor)| Kind::CharDevice(major, minor)),
    ]
}

fn item() -> impl Strategy<Value = Item> {
    let attributes = prop::option::weighted(0.1, Just((b"user.note".to_vec(), b"1".to_vec())));
    let odd = || prop::bool::weighted(0.2);
    (path(), kind(), odd(), odd(), odd(), attributes).prop_map(
        |(path, kind, other_mode, other_owner, later, attributes)| {
            let is_marker = matches!(kind, Kind::Whiteout | Kind::Opaque);
            let mut item = Item::new(path, kind);
            if is_marker {
                return item;
            }
            item.mode ^= u32::from(other_mode) * 0o022;
            item.uid = u64::from(other_owner) * 1000;
            item.mtime += i64::from(later);
            item.xattrs.extend(attributes);
            item
        },
    )
}
