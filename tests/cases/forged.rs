//! Contents made to be taken for each other.

use layerscope::tree::{Change, PathId};

use crate::support::opened::analyse;
use crate::support::{Codec, Item, Kind};

/// Words of the secret that xxh3 is published with (xxHash, `doc/xxhash_spec.md`, "Secret"): those that the first
/// word of stripes 0 and 1 is mixed with.
const PUBLIC: [u64; 2] = [0xbe4b_a423_396c_feb8, 0x1cad_21f7_2c81_017c];

/// Two scripts of one xxh3 hash under the public secret: where the lower half of a word is that of the secret, its
/// upper half counts only in a sum, and two words can trade there.
fn twins() -> [Vec<u8>; 2] {
    let script = |amount: u64| {
        let mut data = b"#!/bin/sh\n".to_vec();
        data.resize(2048, b' ');
        let low = PUBLIC.map(|secret| secret & 0xffff_ffff);
        data[..8].copy_from_slice(&(low[0] | (500 - amount) << 32).to_le_bytes());
        data[64..72].copy_from_slice(&(low[1] | (500 + amount) << 32).to_le_bytes());
        data
    };
    [script(0), script(7)]
}

#[test]
fn contents_of_one_public_hash_are_told_apart() {
    let [one, other] = twins();
    assert_ne!(one, other);
    assert_eq!(
        xxhash_rust::xxh3::xxh3_64(&one),
        xxhash_rust::xxh3::xxh3_64(&other)
    );
    let layer = |data: &[u8]| vec![Item::new("healthcheck", Kind::File(data.to_vec()))];
    for lower in [Codec::None, Codec::Gzip] {
        for upper in [Codec::None, Codec::Gzip] {
            let stack = [layer(&one), layer(&other), layer(&other)];
            let analysis = analyse(&stack, &[lower, upper, upper]);
            let path = analysis.tree.children(PathId::ROOT).next();
            let versions = analysis.tree.versions(PathId(path.unwrap()));
            let changes: Vec<Change> = versions.iter().map(|version| version.change).collect();
            assert_eq!(
                changes,
                [Change::Added, Change::Modified, Change::Repeated],
                "{lower:?} {upper:?}"
            );
        }
    }
}
