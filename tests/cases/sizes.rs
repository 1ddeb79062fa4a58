//! Files that claim to be longer than anything is: the books balance all the same.

use layerscope::analysis::Analysis;
use layerscope::error::WarningCode;
use layerscope::limits::LAYER_CONTENT_BYTES;
use layerscope::progress::Job;

use crate::notation::{check_sums, row};
use crate::support::Codec;
use crate::support::opened::analyse_blobs;
use crate::support::tar::{BLOCK, pax, raw_entry};

/// A file of three bytes and holes, as long as it says.
fn sparse(name: &str, size: u64) -> Vec<u8> {
    let records = [
        (&b"GNU.sparse.name"[..], name.as_bytes()),
        (b"GNU.sparse.size", &size.to_string().into_bytes()),
        (b"GNU.sparse.map", b"0,3"),
    ];
    let header = pax::header(b'x', b"PaxHeader/x", &records);
    [header, file("GNUSparseFile.0/x", b"abc")].concat()
}

fn file(name: &str, data: &[u8]) -> Vec<u8> {
    raw_entry(name.as_bytes(), b'0', data, |_| ())
}

fn layer(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = parts.concat();
    bytes.resize(bytes.len() + 2 * BLOCK, 0);
    bytes
}

fn analyse(layers: &[Vec<u8>]) -> Analysis {
    let analysis = analyse_blobs(layers, &Job::new()).unwrap();
    check_sums(&analysis);
    for figures in &analysis.layers {
        assert_eq!(
            figures.live_bytes + figures.wasted_bytes,
            figures.content_bytes
        );
    }
    let content = analysis.layers.iter().map(|layer| layer.content_bytes);
    assert_eq!(content.sum::<u64>(), analysis.totals.content_bytes);
    let wasted = analysis.layers.iter().map(|layer| layer.wasted_bytes);
    assert_eq!(wasted.sum::<u64>(), analysis.totals.wasted_bytes);
    analysis
}

#[test]
fn a_length_beyond_the_limit_leaves_the_rest_of_the_books_alone() {
    for size in [
        LAYER_CONTENT_BYTES - 11,
        LAYER_CONTENT_BYTES + 1,
        i64::MAX as u64,
        i64::MAX as u64 + 1,
        u64::MAX - 12,
        u64::MAX - 11,
        u64::MAX,
    ] {
        for codec in [Codec::None, Codec::Gzip] {
            let below = layer(&[file("a", b"below"), file("c", b"c")]);
            let hostile = layer(&[
                file("a", b"twelve bytes"),
                sparse("huge", size),
                file("z", b"z"),
            ]);
            let layers = [codec.compress(&below), codec.compress(&hostile)];
            let analysis = analyse(&layers);
            assert_eq!(row(&analysis, "a").unwrap().size, 12, "{size}");
            assert!(!analysis.layers[1].complete && !analysis.complete, "{size}");
            let told = analysis.warnings.iter().find(|warning| {
                warning.layer == Some(1)
                    && matches!(
                        warning.code,
                        WarningCode::LimitReached | WarningCode::DamagedLayer
                    )
            });
            assert!(told.is_some(), "{size}: {:?}", analysis.warnings);
        }
    }
}

#[test]
fn lengths_add_up_to_the_limit_and_no_further() {
    let half = LAYER_CONTENT_BYTES / 2;
    let full = || layer(&[sparse("a", half), sparse("b", half)]);
    let over = layer(&[sparse("a", half), sparse("b", half), file("z", b"z")]);
    let analysis = analyse(&[full(), full(), over]);
    assert!(analysis.layers[1].complete);
    assert!(!analysis.layers[2].complete);
    assert_eq!(analysis.totals.content_bytes, 3 * LAYER_CONTENT_BYTES);
    let warning = analysis
        .warnings
        .iter()
        .find(|warning| warning.code == WarningCode::LimitReached);
    assert!(
        warning.unwrap().message.contains("64.0 TiB"),
        "{:?}",
        analysis.warnings
    );
}

/// A record of an extended header: key and value.
type Record = (&'static [u8], &'static [u8]);

/// A map that reaches beyond its file, or says more data than is stored, or is none.
#[test]
fn a_sparse_map_that_does_not_fit_damages_its_file_only() {
    let versions: [(&[Record], &[u8]); 6] = [
        (&[(b"GNU.sparse.map", b"0,3,90,20")], b"data"),
        (&[(b"GNU.sparse.map", b"0,3,2,3")], b"data"),
        (
            &[
                (b"GNU.sparse.realsize", b"900"),
                (b"GNU.sparse.map", b"0,900"),
            ],
            b"data",
        ),
        (&[(b"GNU.sparse.map", b"0,3,x")], b"data"),
        (
            &[(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0")],
            b"1\n0\n900\n",
        ),
        (
            &[(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0")],
            b"no map at all",
        ),
    ];
    for (map, data) in versions {
        let mut stored = data.to_vec();
        stored.resize(BLOCK, 0);
        stored.extend_from_slice(b"what is stored");
        let mut records = vec![
            (&b"GNU.sparse.name"[..], &b"bad"[..]),
            (b"GNU.sparse.realsize", b"100"),
        ];
        records.extend(map);
        let bad = [
            pax::header(b'x', b"PaxHeader/x", &records),
            file("GNUSparseFile.0/bad", &stored),
        ];
        let tar = layer(&[file("a", b"first"), bad.concat(), file("z", b"last")]);
        for codec in [Codec::None, Codec::Gzip] {
            let analysis = analyse(&[codec.compress(&tar)]);
            let told = format!("{codec:?} {:?} {:?}", map, analysis.warnings);
            assert!(!analysis.complete, "{told}");
            let last = analysis.warnings.last().unwrap();
            assert_eq!(last.code, WarningCode::DamagedLayer, "{told}");
            assert!(last.message.contains("/bad"), "{told}");
            for name in ["a", "bad", "z"] {
                assert!(row(&analysis, name).is_some(), "{name}: {told}");
            }
            let (layer, node) = row(&analysis, "bad").unwrap().data.unwrap();
            let tree = analysis.tree.layer(layer);
            let at = tree.file_at(node, b"bad");
            let source = &analysis.image.layers[0].source;
            let read = source
                .open(at)
                .map(|mut data| std::io::copy(&mut data, &mut std::io::sink()));
            assert!(matches!(read, Err(_) | Ok(Err(_))), "{told}");
        }
    }
}
