//! The beginning of one version of a file.

use std::io::{self, Read};

use crate::error::{Error, Result};
use crate::layer::bytes::read_full;
use crate::layer::{EntryKind, LayerIndex};
use crate::limits;
use crate::path::display_absolute;
use crate::progress::Job;
use crate::tree::NodeId;
use crate::tui::ids::VersionAt;
use crate::tui::results::Content;
use crate::tui::subject::Subject;

/// Bytes between two looks at the job.
const PIECE: usize = 64 * 1024;

/// Reads as much of a version as the preview shows.
///
/// # Errors
/// [`Error::WrongType`] for anything but a file, [`Error::Damaged`] for a hard link to nothing, and what keeps
/// the layer from being read.
pub fn run(subject: &Subject, version: VersionAt, job: &Job) -> Result<Content> {
    let bytes = beginning(subject, version, limits::PREVIEW_BYTES, job)?;
    let length = version.length(subject.tree());
    let wanted = length.min(limits::PREVIEW_BYTES);
    if (bytes.len() as u64) < wanted {
        let reason = format!("{} of {wanted} bytes could be read", bytes.len());
        return Err(damaged(subject, version, reason));
    }
    Ok(Content::new(version, bytes, length))
}

/// Reads at most `limit` bytes.
///
/// # Errors
/// As [`run`].
pub(super) fn beginning(
    subject: &Subject,
    version: VersionAt,
    limit: u64,
    job: &Job,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    with_data(subject, version, job, &mut |data| {
        let mut data = data.take(limit);
        let mut piece = vec![0; PIECE];
        loop {
            job.check()?;
            let count = read_full(&mut data, &mut piece)
                .map_err(|source| failed(subject, version, bytes.len() as u64, source))?;
            bytes.extend_from_slice(&piece[..count]);
            if count < piece.len() {
                return Ok(());
            }
        }
    })?;
    Ok(bytes)
}

/// Hands the data of a version to a function.
///
/// # Errors
/// As [`run`], and what the function returns.
pub(super) fn with_data(
    subject: &Subject,
    version: VersionAt,
    job: &Job,
    take: &mut dyn FnMut(&mut dyn Read) -> Result<()>,
) -> Result<()> {
    job.check()?;
    let tree = subject.tree();
    let (layer, node) = place_of(subject, version)?;
    let layers = &subject.analysis.image.layers;
    let source = layers.get(layer.as_usize()).ok_or(Error::NoSuchLayer {
        wanted: layer.0.into(),
        last: tree.top().0.into(),
    })?;
    // Unlike opening it alone, a visit watches the job while a compressed layer is read up to the file.
    let path = tree.layer(layer).path(node);
    let file = tree.layer(layer).file_at(node, &path);
    source.source.visit(&[file], &mut |_, data| take(data), job)
}

/// Returns where the data of a version is.
///
/// # Errors
/// [`Error::WrongType`] for anything but a file, [`Error::Damaged`] for a hard link to nothing.
pub(super) fn place_of(subject: &Subject, version: VersionAt) -> Result<(LayerIndex, NodeId)> {
    refuse_all_but_files(subject, version)?;
    version.data(subject.tree()).ok_or_else(|| {
        let reason = "it is a hard link to a file that is not there".to_owned();
        damaged(subject, version, reason)
    })
}

fn refuse_all_but_files(subject: &Subject, version: VersionAt) -> Result<()> {
    let kind = match version.kind(subject.tree()) {
        Some(EntryKind::File | EntryKind::Hardlink) => return Ok(()),
        Some(EntryKind::Dir) => "directory",
        Some(EntryKind::Symlink) => "symbolic link",
        Some(EntryKind::Fifo) => "named pipe",
        Some(EntryKind::CharDevice | EntryKind::BlockDevice) => "device",
        Some(EntryKind::Socket) => "socket",
        Some(EntryKind::Whiteout) | None => "deletion",
    };
    Err(Error::WrongType {
        path: shown(subject, version),
        kind,
        advice: "choose a file, or another version".into(),
    })
}

pub(super) fn failed(
    subject: &Subject,
    version: VersionAt,
    offset: u64,
    source: io::Error,
) -> Error {
    Error::Read {
        name: shown(subject, version),
        offset,
        source,
    }
}

fn damaged(subject: &Subject, version: VersionAt, reason: String) -> Error {
    Error::Damaged {
        path: shown(subject, version),
        layer: version.layer.0,
        reason,
    }
}

pub(super) fn shown(subject: &Subject, version: VersionAt) -> String {
    display_absolute(&subject.tree().path(version.path))
}
