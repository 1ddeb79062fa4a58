//! How much of a file is other than before: both versions are read side by side.

use std::io::{self, Read};
use std::ops::ControlFlow;

use super::Extent;
use crate::analysis::Analysis;
use crate::error::Result;
use crate::layer::bytes::{SideBySide, Unread};
use crate::limits;
use crate::path;
use crate::progress::Job;
use crate::tree::{EntryRef, PathId};

/// Returns how many bytes of two files differ, their difference in length included, and how much was compared.
pub(super) fn difference(
    analysis: &Analysis,
    path: PathId,
    (older, newer): (EntryRef, EntryRef),
    files: &mut SideBySide,
    job: &Job,
) -> Result<(u64, Extent)> {
    let tree = &analysis.tree;
    let (old, new) = (open(analysis, older)?, open(analysis, newer)?);
    let (old_size, new_size) = (
        tree.layer(older.0).size(older.1),
        tree.layer(newer.0).size(newer.1),
    );
    let shared = old_size.min(new_size);
    let wanted = shared.min(limits::COPY_UP_BYTES);
    let mut bytes = old_size.abs_diff(new_size);
    let mut done = 0;
    let (mut old, mut new) = (old.take(wanted), new.take(wanted));
    let read = files.read(&mut old, &mut new, job, |_, left, right| {
        let differing = left.iter().zip(right).filter(|(old, new)| old != new);
        bytes = bytes.saturating_add(differing.count() as u64);
        let both = left.len().min(right.len()) as u64;
        done += both;
        job.advance(both);
        if left.len() == right.len() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    let shown = || path::display_absolute(&tree.path(path));
    read.map_err(|unread| unread.named(shown, shown))?;
    if done < wanted {
        let end = io::ErrorKind::UnexpectedEof.into();
        return Err(Unread::Left(done, end).named(shown, shown));
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
