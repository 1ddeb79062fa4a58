//! `layerscope cat`: the bytes of one file.

use std::ffi::OsStr;
use std::io::Read;

use crate::analysis::Analysis;
use crate::error::{Error, Result};
use crate::layer::EntryKind;
use crate::path::display_absolute;
use crate::progress::Job;
use crate::tree::Listed;

use super::lookup::{self, Last};
use super::options::Common;
use super::output::{self, Raw};

/// Writes the file to standard output or to `-o`.
///
/// # Errors
/// [`Error::NoSuchPath`], [`Error::WrongType`], and whatever keeps it from being read or written.
pub(crate) fn run(analysis: &Analysis, raw: &OsStr, options: &Common, job: &Job) -> Result<()> {
    let view = lookup::union(analysis, options.layer)?;
    let row = lookup::find(analysis, view, raw, Last::Follow)?
        .ok_or_else(|| not_a_file(b"", "directory"))?;
    let mut data = open(analysis, &row)?;
    match &options.output {
        Some(file) => output::stream_to_file(file, |output| copy(&mut *data, output, job, &row)),
        None => output::text_to_stdout(&display_absolute(&row.path), |output| {
            copy(&mut *data, output, job, &row)
        }),
    }
}

fn open<'a>(analysis: &'a Analysis, row: &Listed) -> Result<Box<dyn Read + 'a>> {
    let kind = match row.kind {
        EntryKind::File | EntryKind::Hardlink => None,
        EntryKind::Dir => Some("directory"),
        // Only a link that leads nowhere is left unresolved.
        EntryKind::Symlink => Some("symbolic link to nothing"),
        EntryKind::Fifo => Some("named pipe"),
        EntryKind::CharDevice | EntryKind::BlockDevice => Some("device"),
        EntryKind::Socket => Some("socket"),
        EntryKind::Whiteout => Some("deletion"),
    };
    if let Some(kind) = kind {
        return Err(not_a_file(&row.path, kind));
    }
    let (layer, node) = row.data.ok_or_else(|| Error::Damaged {
        path: display_absolute(&row.path),
        layer: row.layer.0,
        reason: "it is a hard link to a file that is not there".into(),
    })?;
    let tree = analysis.tree.layer(layer);
    let path = tree.path(node);
    let source = analysis
        .image
        .layers
        .get(layer.as_usize())
        .map(|layer| &layer.source);
    source
        .ok_or(Error::NoSuchLayer {
            wanted: layer.0.into(),
            last: analysis.tree.top().0.into(),
        })?
        .open(tree.file_at(node, &path))
}

fn not_a_file(path: &[u8], kind: &'static str) -> Error {
    let shown = display_absolute(path);
    Error::WrongType {
        advice: match kind {
            "directory" => {
                "list it with `layerscope ls`, or write it to disk with `layerscope extract`".into()
            }
            _ => format!("look at it with `layerscope ls IMAGE {shown}`"),
        },
        path: shown,
        kind,
    }
}

fn copy(data: &mut dyn Read, output: &mut Raw<'_>, job: &Job, row: &Listed) -> Result<()> {
    let mut buffer = vec![0; 128 * 1024];
    let mut offset = 0;
    loop {
        job.check()?;
        let count = data.read(&mut buffer).map_err(|source| Error::Read {
            name: display_absolute(&row.path),
            offset,
            source,
        })?;
        if count == 0 {
            break;
        }
        output.write(&buffer[..count])?;
        offset += count as u64;
    }
    if offset < row.size {
        return Err(Error::Damaged {
            path: display_absolute(&row.path),
            layer: row.layer.0,
            reason: format!("{offset} of {} bytes could be read", row.size),
        });
    }
    Ok(())
}
