//! How much of a file is other than before: both versions are read side by side.

use std::io::{self, Read};

use super::{EntryRef, Extent};
use crate::analysis::Analysis;
use crate::error::{Error, Result};
use crate::limits;
use crate::path;
use crate::progress::Job;
use crate::tree::{MergedTree, PathId};

/// Bytes read of each of two files at a time.
const BLOCK: usize = 64 * 1024;

/// Room for a block of each of two files.
pub(super) type Buffers = (Vec<u8>, Vec<u8>);

/// Makes room for [`difference`].
pub(super) fn buffers() -> Buffers {
    (vec![0; BLOCK], vec![0; BLOCK])
}

/// Returns how many bytes of two files differ, their difference in length included, and how much was compared.
pub(super) fn difference(
    analysis: &Analysis,
    path: PathId,
    (older, newer): (EntryRef, EntryRef),
    (left, right): &mut Buffers,
    job: &Job,
) -> Result<(u64, Extent)> {
    let tree = &analysis.tree;
    let (mut old, mut new) = (open(analysis, older)?, open(analysis, newer)?);
    let (old_size, new_size) = (
        tree.layer(older.0).size(older.1),
        tree.layer(newer.0).size(newer.1),
    );
    let shared = old_size.min(new_size);
    let wanted = shared.min(limits::COPY_UP_BYTES);
    let mut bytes = old_size.abs_diff(new_size);
    let mut done = 0;
    while done < wanted {
        job.check()?;
        let length = usize::try_from(wanted - done).map_or(BLOCK, |left| left.min(BLOCK));
        let (left, right) = (&mut left[..length], &mut right[..length]);
        let read = old.read_exact(left).and_then(|()| new.read_exact(right));
        read.map_err(|source| unreadable(tree, path, done, source))?;
        if left != right {
            let differing = left
                .iter()
                .zip(&*right)
                .filter(|(old, new)| old != new)
                .count();
            bytes = bytes.saturating_add(differing as u64);
        }
        done += length as u64;
        job.advance(length as u64);
    }
    let extent = if wanted == shared {
        Extent::Whole
    } else {
        Extent::First(wanted)
    };
    Ok((bytes, extent))
}

fn open(analysis: &Analysis, (layer, node): EntryRef) -> Result<Box<dyn Read + '_>> {
    let tree = analysis.tree.layer(layer);
    let path = tree.path(node);
    let layer = &analysis.image.layers[layer.as_usize()];
    layer.source.open(tree.file_at(node, &path))
}

fn unreadable(tree: &MergedTree, path: PathId, offset: u64, source: io::Error) -> Error {
    Error::Read {
        name: path::display_absolute(&tree.path(path)),
        offset,
        source,
    }
}
