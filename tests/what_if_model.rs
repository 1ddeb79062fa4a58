//! Random stacks of layers, made otherwise: what a container sees stays, and every figure is that of the image that
//! would be built so.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use layerscope::analysis::what_if::{Deed, apply};
use layerscope::analysis::{Analysis, WasteCause};
use layerscope::layer::LayerIndex;
use layerscope::tree::PathId;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use support::listing::{Rows, rows};
use support::opened::analyse;
use support::{Codec, Item};

/// What a container sees. A directory that no layer lists may be empty: no tar says so without naming it.
fn seen(analysis: &Analysis) -> Rows {
    let mut rows = rows(analysis);
    rows.retain(|_, row| row.kind != "dir" || row.mode.is_some());
    // What is linked across layers is stored for itself where they are one.
    for row in rows.values_mut() {
        row.names = 1;
    }
    rows
}

/// Returns the contents a container sees: every file with the hash or place of its data.
fn contents(analysis: &Analysis) -> Vec<(Vec<u8>, Vec<u8>)> {
    let tree = &analysis.tree;
    let files = tree.paths().filter_map(|path| {
        let version = tree.at(path, tree.top())?;
        let (layer, node) = tree.inode(version.layer, version.node)?;
        let of = tree.layer(layer);
        let name = of.path(node);
        let name_of_path = layerscope::path::ImagePath::new(&name)?;
        let source = &analysis.image.layers[layer.as_usize()].source;
        let mut data = Vec::new();
        let mut reader = source
            .open(of.file_at(node, name_of_path.as_bytes()))
            .unwrap();
        std::io::Read::read_to_end(&mut reader, &mut data).unwrap();
        Some((tree.path(path), data))
    });
    files.collect()
}

fn stored(analysis: &Analysis) -> Vec<u64> {
    let layers = analysis.layers.iter();
    layers.map(|layer| layer.content_bytes).collect()
}

/// Joining layers keeps what is seen, and stores what is seen of them once.
fn check_joins(analysis: &Analysis) {
    let last = u16::try_from(analysis.layers.len() - 1).unwrap();
    for from in 0..last {
        for to in from + 1..=last {
            let deed = Deed::Join {
                from: LayerIndex(from),
                to: LayerIndex(to),
            };
            let joined = apply(analysis, &[deed]).unwrap();
            assert_eq!(seen(&joined), seen(analysis), "L{from}-{to}");
            assert_eq!(contents(&joined), contents(analysis), "L{from}-{to}");
            assert_eq!(
                joined.layers.len(),
                analysis.layers.len() - usize::from(to - from)
            );
            let inside = |wasted: &&layerscope::analysis::WastedPath| {
                wasted.created_in.0 >= from && wasted.destroyed_in.0 <= to
            };
            let outside = analysis.waste.paths.iter().filter(|wasted| !inside(wasted));
            let outside: u64 = outside.map(|wasted| wasted.bytes).sum();
            // What a layer names in a lower one it may have to store once it is another.
            if !is_linked_across(analysis) {
                assert_eq!(joined.totals.wasted_bytes, outside, "L{from}-{to}");
                let seen = [&joined, analysis].map(|one| one.totals.effective_bytes);
                assert_eq!(seen[0], seen[1]);
            }
        }
    }
    assert_eq!(apply(analysis, &[]).unwrap().totals, analysis.totals);
}

/// Leaving out what a later layer takes away keeps what is seen, and saves its bytes.
fn check_spared(analysis: &Analysis) {
    for group in analysis.waste_groups() {
        if group.created_in == group.destroyed_in {
            let deed = Deed::Once {
                layer: group.created_in,
            };
            let once = apply(analysis, &[deed]).unwrap();
            assert_eq!(seen(&once), seen(analysis));
            let twice = analysis.waste.paths.iter().filter(|wasted| {
                wasted.created_in == group.created_in && wasted.cause == WasteCause::ShadowedInLayer
            });
            let all: u64 = twice.map(|wasted| wasted.bytes).sum();
            assert_eq!(
                stored(&once)[group.created_in.as_usize()] + all,
                stored(analysis)[group.created_in.as_usize()]
            );
            continue;
        }
        let deed = Deed::Spare {
            layer: group.created_in,
            until: group.destroyed_in,
            places: vec![PathId::ROOT],
        };
        let spared = apply(analysis, &[deed]).unwrap();
        // A directory that replaced a file goes on where the file was never there.
        let files = |analysis| {
            let mut seen = seen(analysis);
            seen.retain(|_, row| row.kind != "dir");
            seen
        };
        assert_eq!(files(&spared), files(analysis), "{group:?}");
        assert_eq!(contents(&spared), contents(analysis));
        let (before, after) = (stored(analysis), stored(&spared));
        let layer = group.created_in.as_usize();
        assert!(
            before[layer] - after[layer] >= group.bytes.min(before[layer]) || has_links(analysis),
            "{group:?}"
        );
        for (at, (before, after)) in before.iter().zip(&after).enumerate() {
            // A file that an entry below it made a directory has no place any more.
            let is_odd = !analysis.tree.layers()[at].shadowed().is_empty();
            assert!(
                at == layer || before == after || is_odd,
                "{group:?} L{at}: {before}, {after}; {:?}",
                analysis.tree.layer(LayerIndex(u16::try_from(at).unwrap()))
            );
        }
        assert!(after.iter().sum::<u64>() == spared.totals.content_bytes);
    }
}

/// Returns whether a layer has a hard link to a file of a lower one.
fn is_linked_across(analysis: &Analysis) -> bool {
    let mut layers = analysis.tree.layers().iter();
    layers.any(|layer| !layer.foreign_links().is_empty())
}

/// Data with several names may live on in another layer's.
fn has_links(analysis: &Analysis) -> bool {
    analysis.tree.layers().iter().any(|layer| layer.has_links())
}

fn check(stack: &[Vec<Item>]) {
    let analysis = analyse(stack, &[Codec::None]);
    check_joins(&analysis);
    check_spared(&analysis);
}

/// The same stacks in every run. `LAYERSCOPE_MODEL_STACKS=30000` looks at more, other ones.
fn config() -> ProptestConfig {
    let stacks = std::env::var("LAYERSCOPE_MODEL_STACKS").ok();
    let wanted = stacks.and_then(|stacks| stacks.parse().ok());
    ProptestConfig {
        cases: wanted.unwrap_or(300),
        rng_seed: wanted.map_or(RngSeed::Fixed(0x0070_3ee5), |_| RngSeed::Random),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_a_container_sees_stays(stack in support::strategy::stacks()) {
        check(&stack);
    }
}
