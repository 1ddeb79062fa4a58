//! Telling files of one path and length apart by their data, where the scan did not have it in hand.
//!
//! Two files of uncompressed layers are read side by side until they differ. Where a layer is compressed its
//! file has been hashed already (or is sparse), and the other one is hashed to match.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};
use std::sync::Mutex;

use xxhash_rust::xxh3::Xxh3Default;

use super::{Options, in_parallel};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::Layer;
use crate::layer::{Access, LayerIndex};
use crate::limits;
use crate::path;
use crate::progress::Job;
use crate::tree::{Comparison, Content, MergedTree, NodeId};

type Place = (LayerIndex, NodeId);

/// First and further lengths read of each file: most that differ do so early.
const FIRST_READ: usize = 16 * 1024;
const FURTHER_READ: usize = 256 * 1024;

/// Comparisons handed to a thread at a time.
const BATCH: usize = 64;

/// Compares what [`MergedTree::comparisons`] asks for, in its order.
pub(super) fn run(
    tree: &MergedTree,
    layers: &[Layer],
    options: &Options,
    job: &Job,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Content>> {
    let comparisons = tree.comparisons();
    let mut outcomes = vec![Content::Different; comparisons.len()];
    let mut side_by_side = Vec::new();
    let mut by_hash = Vec::new();
    for (at, comparison) in comparisons.iter().enumerate() {
        let is_random = |place: Place| layers[place.0.as_usize()].source.access() == Access::Random;
        if tree.layer(comparison.newer.0).size(comparison.newer.1) > limits::SPARSE_COMPARE_BYTES
            && is_short(tree, layers, *comparison)
        {
            warnings.push(not_compared(tree, comparison, "it is sparse and too long"));
        } else if is_random(comparison.older) && is_random(comparison.newer) {
            side_by_side.push(at);
        } else {
            by_hash.push(at);
        }
    }
    // In file order, so that a disk reads forward.
    side_by_side.sort_unstable_by_key(|&at| {
        let newer = comparisons[at].newer;
        (newer.0, tree.layer(newer.0).offset(newer.1))
    });
    let found = Mutex::new(Vec::new());
    let tasks = side_by_side.len().div_ceil(BATCH);
    in_parallel(options.workers(tasks), tasks, |task| {
        let mut buffers = Buffers::default();
        let batch = &side_by_side[task * BATCH..side_by_side.len().min((task + 1) * BATCH)];
        for &at in batch {
            if job.is_cancelled() {
                return;
            }
            let outcome = buffers.compare(tree, layers, comparisons[at]);
            if let Ok(mut found) = found.lock() {
                found.push((at, outcome));
            }
        }
    });
    job.check()?;
    for (at, outcome) in found.into_inner().unwrap_or_default() {
        match outcome {
            Ok(content) => outcomes[at] = content,
            Err(error) => warnings.push(not_compared(tree, &comparisons[at], &error.to_string())),
        }
    }
    compare_by_hash(tree, layers, &by_hash, &mut outcomes, job, warnings)?;
    Ok(outcomes)
}

/// Returns whether the data as stored is much shorter than the file: a sparse file.
fn is_short(tree: &MergedTree, layers: &[Layer], comparison: Comparison) -> bool {
    [comparison.older, comparison.newer]
        .into_iter()
        .any(|(layer, node)| {
            let source = &layers[layer.as_usize()].source;
            source.access() == Access::Sequential
                || tree.layer(layer).size(node) > source.stored_bytes()
        })
}

fn not_compared(tree: &MergedTree, comparison: &Comparison, reason: &str) -> Warning {
    let bytes = tree.path(comparison.path);
    let message = format!(
        "{} could not be compared with its version in layer {}: {reason}; counted as different",
        path::display_absolute(&bytes),
        comparison.older.0
    );
    Warning::new(WarningCode::NotCompared, message)
        .in_layer(comparison.newer.0.0)
        .at_path(&bytes)
}

/// Two read buffers, used again for every pair.
#[derive(Default)]
struct Buffers {
    older: Vec<u8>,
    newer: Vec<u8>,
}

impl Buffers {
    fn compare(
        &mut self,
        tree: &MergedTree,
        layers: &[Layer],
        pair: Comparison,
    ) -> Result<Content> {
        let open = |place: Place| {
            layers[place.0.as_usize()]
                .source
                .open(tree.layer(place.0).offset(place.1))
        };
        let (mut older, mut newer) = (open(pair.older)?, open(pair.newer)?);
        let mut length = FIRST_READ;
        loop {
            self.older.resize(length, 0);
            self.newer.resize(length, 0);
            let read = |reader: &mut dyn Read, buffer: &mut [u8]| {
                read_full(reader, buffer).map_err(|source| Error::Read {
                    name: "a file".into(),
                    offset: 0,
                    source,
                })
            };
            let first = read(&mut *older, &mut self.older)?;
            let second = read(&mut *newer, &mut self.newer)?;
            if self.older[..first] != self.newer[..second] {
                return Ok(Content::Different);
            }
            if first < length {
                return Ok(Content::Same);
            }
            length = FURTHER_READ;
        }
    }
}

fn read_full(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match reader.read(&mut buffer[done..]) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

fn compare_by_hash(
    tree: &MergedTree,
    layers: &[Layer],
    pairs: &[usize],
    outcomes: &mut [Content],
    job: &Job,
    warnings: &mut Vec<Warning>,
) -> Result<()> {
    let comparisons = tree.comparisons();
    let places = pairs
        .iter()
        .flat_map(|&at| [comparisons[at].older, comparisons[at].newer]);
    let mut wanted: BTreeMap<LayerIndex, Vec<(u64, NodeId)>> = BTreeMap::new();
    for (layer, node) in places {
        if tree.layer(layer).content(node).is_none() {
            wanted
                .entry(layer)
                .or_default()
                .push((tree.layer(layer).offset(node), node));
        }
    }
    let mut hashes: HashMap<Place, u64> = HashMap::new();
    for (layer, mut files) in wanted {
        files.sort_unstable();
        files.dedup();
        match hash_files(&layers[layer.as_usize()], &files, job) {
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            // The layer was damaged; its scan has said so, and what is not hashed is not equal to anything.
            Err(_) => {}
            Ok(found) => {
                hashes.extend(
                    files
                        .iter()
                        .zip(found)
                        .map(|(&(_, node), hash)| ((layer, node), hash)),
                );
            }
        }
    }
    let hash = |(layer, node): Place| {
        tree.layer(layer)
            .content(node)
            .or_else(|| hashes.get(&(layer, node)).copied())
    };
    for &at in pairs {
        match (hash(comparisons[at].older), hash(comparisons[at].newer)) {
            (Some(older), Some(newer)) if older == newer => outcomes[at] = Content::Same,
            (Some(_), Some(_)) => {}
            _ => warnings.push(not_compared(
                tree,
                &comparisons[at],
                "its data could not be read",
            )),
        }
    }
    Ok(())
}

fn hash_files(layer: &Layer, files: &[(u64, NodeId)], job: &Job) -> Result<Vec<u64>> {
    let offsets: Vec<u64> = files.iter().map(|&(offset, _)| offset).collect();
    let mut hashes = Vec::with_capacity(files.len());
    let mut buffer = vec![0; FURTHER_READ];
    layer.source.visit(
        &offsets,
        &mut |_, data| {
            let mut state = Xxh3Default::new();
            loop {
                job.check()?;
                let count = read_full(data, &mut buffer).map_err(|source| Error::Read {
                    name: "a file".into(),
                    offset: 0,
                    source,
                })?;
                state.update(&buffer[..count]);
                if count < buffer.len() {
                    break;
                }
            }
            hashes.push(state.digest());
            Ok(())
        },
        job,
    )?;
    Ok(hashes)
}
