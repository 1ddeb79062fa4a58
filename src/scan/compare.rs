//! Telling files of one path and length apart by their data, where the scan did not have it in hand.
//!
//! Two files of uncompressed layers are read side by side until they differ. Where a layer is compressed its
//! file has been hashed already (or is sparse), and the other one is hashed to match.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::parallel::in_parallel;
use super::{Compared, Options};
use crate::error::{Error, Result, Warning, WarningCode, Warnings};
use crate::image::{Image, Layer};
use crate::layer::bytes::{SideBySide, read_full};
use crate::layer::content_hash::ContentHasher;
use crate::layer::{Access, FileAt, LayerIndex};
use crate::limits;
use crate::path;
use crate::progress::Job;
use crate::tree::{Comparison, Content, EntryRef, FileTree, MergedTree, NodeId};
use crate::units::Units;

/// Bytes hashed at a time.
const BLOCK: usize = 64 * 1024;

/// Comparisons handed to a thread at a time.
const BATCH: usize = 64;

/// Compares what [`MergedTree::comparisons`] asks for. A file that cannot be read counts as different, and a
/// warning says so.
///
/// # Errors
/// [`Error::Interrupted`] when the job is cancelled.
pub fn compare(tree: &MergedTree, image: &Image, options: &Options, job: &Job) -> Result<Compared> {
    let (layers, comparisons) = (&image.layers, tree.comparisons());
    let mut compared = Compared {
        outcomes: vec![Content::Different; comparisons.len()],
        warnings: Vec::new(),
    };
    let mut unread = Warnings::within(limits::WARNING_BYTES);
    let mut allowance = holes_allowance(layers);
    let mut side_by_side = Vec::new();
    let mut by_hash = Vec::new();
    for (at, comparison) in comparisons.iter().enumerate() {
        let is_random =
            |place: EntryRef| layers[place.0.as_usize()].source.facts().access == Access::Random;
        if is_repeated(layers, *comparison) {
            compared.outcomes[at] = Content::Same;
        } else if tree.layer(comparison.newer.0).size(comparison.newer.1)
            > limits::SPARSE_COMPARE_BYTES
            && is_short(tree, layers, *comparison)
        {
            note_unread(tree, comparison, "it is sparse and too long", &mut unread);
        } else if !take_allowance(tree, layers, *comparison, &mut allowance) {
            let reason = format!(
                "more holes of sparse files than {} are not compared",
                Units::Iec.size(limits::HOLES_COMPARED_BYTES)
            );
            note_unread(tree, comparison, &reason, &mut unread);
        } else if is_random(comparison.older) && is_random(comparison.newer) {
            side_by_side.push(at);
        } else {
            by_hash.push(at);
        }
    }
    let pairs = Pairs {
        tree,
        layers,
        options,
        job,
    };
    pairs.compare_side_by_side(side_by_side, &mut compared, &mut unread)?;
    pairs.compare_by_hash(&by_hash, &mut compared, &mut unread)?;
    compared.warnings = unread.into_vec();
    Ok(compared)
}

/// Pairs of files to tell apart, and with what.
struct Pairs<'a> {
    tree: &'a MergedTree,
    layers: &'a [Layer],
    options: &'a Options,
    job: &'a Job,
}

impl Pairs<'_> {
    fn compare_side_by_side(
        &self,
        mut pairs: Vec<usize>,
        compared: &mut Compared,
        unread: &mut Warnings,
    ) -> Result<()> {
        let comparisons = self.tree.comparisons();
        // In file order, so that a disk reads forward.
        pairs.sort_unstable_by_key(|&at| {
            let newer = comparisons[at].newer;
            (newer.0, self.tree.layer(newer.0).offset(newer.1))
        });
        let tasks = pairs.len().div_ceil(BATCH);
        let workers = in_parallel(
            self.options.workers(tasks),
            tasks,
            |worker: &mut Worker, task| {
                let end = pairs.len().min((task + 1) * BATCH);
                for &at in &pairs[task * BATCH..end] {
                    if self.job.is_cancelled() {
                        return;
                    }
                    let outcome = worker.compare(self, comparisons[at]);
                    worker.outcomes.push((at, outcome));
                }
            },
        );
        self.job.check()?;
        let mut failures = Vec::new();
        for (at, outcome) in workers.into_iter().flat_map(|worker| worker.outcomes) {
            match outcome {
                Ok(content) => compared.outcomes[at] = content,
                Err(error) => failures.push((at, error)),
            }
        }
        // Threads finish in any order; warnings do not depend on it.
        failures.sort_unstable_by_key(|&(at, _)| at);
        for (at, error) in failures {
            note_unread(self.tree, &comparisons[at], &error.to_string(), unread);
        }
        Ok(())
    }

    fn compare_by_hash(
        &self,
        pairs: &[usize],
        compared: &mut Compared,
        unread: &mut Warnings,
    ) -> Result<()> {
        let comparisons = self.tree.comparisons();
        let hashes = self.hash_where_unknown(pairs)?;
        let hash = |(layer, node): EntryRef| {
            let known = self.tree.layer(layer).content(node);
            known.or_else(|| hashes.get(&(layer, node)).copied())
        };
        for &at in pairs {
            let comparison = &comparisons[at];
            match (hash(comparison.older), hash(comparison.newer)) {
                (Some(older), Some(newer)) if older == newer => {
                    compared.outcomes[at] = Content::Same;
                }
                (Some(_), Some(_)) => {}
                _ => note_unread(self.tree, comparison, "its data could not be read", unread),
            }
        }
        Ok(())
    }

    /// Hashes the files of these pairs that the scan did not hash, in one pass over each layer.
    fn hash_where_unknown(&self, pairs: &[usize]) -> Result<HashMap<EntryRef, u64>> {
        let comparisons = self.tree.comparisons();
        let places = pairs
            .iter()
            .flat_map(|&at| [comparisons[at].older, comparisons[at].newer]);
        let mut wanted: BTreeMap<LayerIndex, Vec<(u64, NodeId)>> = BTreeMap::new();
        for (layer, node) in places {
            let tree = self.tree.layer(layer);
            if tree.content(node).is_none() {
                let files = wanted.entry(layer).or_default();
                files.push((tree.offset(node), node));
            }
        }
        let mut hashes = HashMap::new();
        for (layer, mut files) in wanted {
            files.sort_unstable();
            files.dedup();
            let tree = self.tree.layer(layer);
            match hash_files(&self.layers[layer.as_usize()], tree, &files, self.job) {
                Err(_) if self.job.is_cancelled() => return Err(Error::Interrupted),
                // The layer was damaged; its scan has said so, and what is not hashed is not equal to anything.
                Err(_) => {}
                Ok(found) => {
                    let places = files.iter().map(|&(_, node)| (layer, node));
                    let found = places.zip(found);
                    hashes.extend(found.filter_map(|(place, hash)| Some((place, hash?))));
                }
            }
        }
        Ok(hashes)
    }
}

/// Returns whether both versions are one and the same record, of two layers that share their source.
fn is_repeated(layers: &[Layer], pair: Comparison) -> bool {
    let source = |(layer, _): EntryRef| Arc::as_ptr(&layers[layer.as_usize()].source).cast::<()>();
    pair.older.1 == pair.newer.1 && source(pair.older) == source(pair.newer)
}

/// Returns whether the data as stored is much shorter than the file: a sparse file.
fn is_short(tree: &MergedTree, layers: &[Layer], comparison: Comparison) -> bool {
    [comparison.older, comparison.newer]
        .into_iter()
        .any(|(layer, node)| {
            let facts = layers[layer.as_usize()].source.facts();
            facts.access == Access::Sequential || tree.layer(layer).size(node) > facts.longest_data
        })
}

/// Returns how many bytes of archives may be compared: as many as are stored, and holes on top.
fn holes_allowance(layers: &[Layer]) -> u64 {
    let stored = layers.iter().map(|layer| layer.source.facts());
    stored
        .filter(|facts| facts.access == Access::Random)
        .fold(limits::HOLES_COMPARED_BYTES, |sum, facts| {
            sum.saturating_add(facts.stored_bytes)
        })
}

/// Takes what a comparison reads from what is allowed; returns whether there was enough.
fn take_allowance(tree: &MergedTree, layers: &[Layer], pair: Comparison, left: &mut u64) -> bool {
    let is_archived = |(layer, node): EntryRef| {
        let is_bounded = layers[layer.as_usize()].source.facts().longest_data < u64::MAX;
        is_bounded && tree.layer(layer).content(node).is_none()
    };
    let taken = if [pair.older, pair.newer].into_iter().any(is_archived) {
        tree.layer(pair.newer.0).size(pair.newer.1)
    } else {
        0
    };
    let rest = left.checked_sub(taken);
    *left = rest.unwrap_or(*left);
    rest.is_some()
}

fn note_unread(tree: &MergedTree, pair: &Comparison, reason: &str, unread: &mut Warnings) {
    unread.note(WarningCode::NotCompared, Some(pair.newer.0.0), || {
        let bytes = tree.path(pair.path);
        let message = format!(
            "{} could not be compared with its version in layer {}: {reason}; counted as different",
            path::display_absolute(&bytes),
            pair.older.0
        );
        Warning::new(WarningCode::NotCompared, message).at_path(&bytes)
    });
}

/// One thread's reader, used again for every pair, and what it found.
#[derive(Default)]
struct Worker {
    files: SideBySide,
    outcomes: Vec<(usize, Result<Content>)>,
}

impl Worker {
    fn compare(&mut self, pairs: &Pairs<'_>, pair: Comparison) -> Result<Content> {
        let open = |place: EntryRef| {
            let tree = pairs.tree.layer(place.0);
            let path = tree.path(place.1);
            let file = tree.file_at(place.1, &path);
            pairs.layers[place.0.as_usize()].source.open(file)
        };
        let (mut older, mut newer) = (open(pair.older)?, open(pair.newer)?);
        let difference = self
            .files
            .first_difference(&mut *older, &mut *newer, pairs.job, |_| ());
        let a_file = || "a file".to_owned();
        Ok(
            match difference.map_err(|unread| unread.named(a_file, a_file))? {
                Some(_) => Content::Different,
                None => Content::Same,
            },
        )
    }
}

/// Hashes files in the order of their layer; `None` for one whose data is damaged.
fn hash_files(
    layer: &Layer,
    tree: &FileTree,
    files: &[(u64, NodeId)],
    job: &Job,
) -> Result<Vec<Option<u64>>> {
    let access = layer.source.facts().access;
    let mut hashes = Vec::with_capacity(files.len());
    let mut buffer = vec![0; BLOCK];
    for files in files.chunks(access.batch()) {
        let paths = tree.paths_for(access, files.iter().map(|&(_, node)| node));
        let places = files.iter().zip(&paths);
        let places: Vec<FileAt<'_>> = places
            .map(|(&(_, node), path)| tree.file_at(node, path))
            .collect();
        layer.source.visit(
            &places,
            &mut |_, data| {
                hashes.push(hash_file(data, &mut buffer, job)?);
                Ok(())
            },
            job,
        )?;
    }
    Ok(hashes)
}

fn hash_file(data: &mut dyn std::io::Read, buffer: &mut [u8], job: &Job) -> Result<Option<u64>> {
    let mut state = ContentHasher::new();
    loop {
        job.check()?;
        match read_full(data, buffer) {
            Ok(count) => {
                state.update(&buffer[..count]);
                if count < buffer.len() {
                    return Ok(Some(state.digest()));
                }
            }
            Err(_) => return Ok(None),
        }
    }
}
