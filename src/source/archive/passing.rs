//! An archive that passes by once: its layers are scanned as they come, its documents kept.
//!
//! Which member is a layer is known only at the end, where most archives have their manifest. So every member that
//! is no document is tried: a tar is scanned, of anything else the beginning is kept.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use super::{ArchiveBlobs, Data, Index, Kept, member_name};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::json::BYTE_ORDER_MARK;
use crate::layer::codec::Codec;
use crate::layer::recorded::{RecordedLayer, Recorder, Room};
use crate::layer::tar::{PassingLayer, TarLayer};
use crate::layer::{Entry, EntryKind, EntrySink, PassingFile};
use crate::limits;
use crate::path;
use crate::progress::Job;
use crate::units::Units;

/// Bytes at the beginning of a member that tell a document, a tar header and a codec.
const HEAD_BYTES: usize = 512;

/// An archive that passed by: as an image's, and as the one layer that it is where it holds no image.
#[derive(Debug)]
pub struct PassedArchive {
    /// Its members.
    pub blobs: ArchiveBlobs,
    /// Its entries.
    pub layer: RecordedLayer,
}

impl ArchiveBlobs {
    /// Reads an archive front to back; `name` is escaped. The reader is left where the archive ends. A decoder of a layer
    /// may take `decoder_bytes` of memory.
    ///
    /// # Errors
    /// When it is no archive, or [`Error::Interrupted`].
    pub fn passing(
        archive: &mut (dyn Read + Send),
        name: &str,
        decoder_bytes: u64,
        job: &Job,
    ) -> Result<PassedArchive> {
        let room = Room::default();
        let mut sink = Passing {
            name,
            job,
            index: Index::default(),
            whole: Recorder::new(&room),
            kept: BTreeMap::new(),
            pending: None,
            room: &room,
            decoder_bytes,
            sure_left: limits::KEPT_DOCUMENTS,
            documents_left: limits::KEPT_BYTES,
            others_left: limits::KEPT_MEMBERS_BYTES,
        };
        let archive = PassingLayer {
            stored: Box::new(archive),
            codec: Codec::None,
            name,
        };
        let scanned = match archive.scan(&mut sink, &room.sparse, job) {
            Err(error @ (Error::Interrupted | Error::NotALayer { .. })) => return Err(error),
            other => other,
        };
        if let Err(error) = &scanned {
            let message = format!("in the archive itself: {}", error.in_one_line());
            let warning = Warning::new(WarningCode::LimitReached, message);
            sink.index.warnings.push(warning);
        }
        let data = Data::Kept {
            name: name.into(),
            members: sink.kept,
        };
        Ok(PassedArchive {
            blobs: Self::of(sink.index, data),
            layer: sink.whole.finish(name, scanned),
        })
    }
}

/// Takes an archive's members.
struct Passing<'a> {
    name: &'a str,
    job: &'a Job,
    index: Index,
    whole: Recorder<'a>,
    kept: BTreeMap<u64, Kept>,
    /// What was kept of the member whose entry comes next, and where its data began.
    pending: Option<(u64, Kept)>,
    room: &'a Room,
    decoder_bytes: u64,
    sure_left: usize,
    documents_left: usize,
    others_left: usize,
}

impl Passing<'_> {
    fn is_document(&self, name: &[u8]) -> bool {
        let mut normal = Vec::new();
        path::normalise(name, &mut normal);
        self.index.is_document(&normal)
    }

    /// Keeps a document, as far as documents may be long.
    fn document(&mut self, head: Vec<u8>, data: &mut dyn Read, is_sure: bool) -> Vec<u8> {
        let most = usize::try_from(limits::DOCUMENT_BYTES).unwrap_or(usize::MAX) + 1;
        let most = if is_sure && self.sure_left > 0 {
            self.sure_left -= 1;
            most
        } else {
            most.min(self.documents_left)
        };
        let bytes = with_more(head, most, data);
        self.documents_left = self.documents_left.saturating_sub(bytes.len());
        bytes
    }

    fn layer(
        &mut self,
        file: PassingFile<'_>,
        head: &[u8],
        data: &mut (dyn Read + Send),
    ) -> Result<RecordedLayer> {
        let mut normal = Vec::new();
        path::normalise(file.name, &mut normal);
        let name = member_name(self.name, &normal);
        let codec = Codec::sniff(head);
        let mut recorder = Recorder::new(self.room);
        if Codec::memory(head) > self.decoder_bytes {
            let limit = Units::Iec.size(limits::DECODERS_BYTES);
            let error = Error::limit(&name, "the memory of decoders inside each other", limit);
            return Ok(recorder.finish(&name, Err(error)));
        }
        if let Err(error) = self.room.take(name.len()) {
            return Ok(recorder.finish("", Err(error)));
        }
        let layer = PassingLayer {
            stored: Box::new(head.chain(data)),
            codec,
            name: &name,
        };
        let scanned = layer.scan(&mut recorder, &self.room.sparse, self.job);
        if matches!(scanned, Err(Error::Interrupted)) {
            return Err(Error::Interrupted);
        }
        let layer = recorder.finish(&name, scanned);
        Ok(layer.stored(codec, file.length))
    }
}

/// Reads on until there are so many bytes, or no more. What cannot be read is told by the archive's own walk.
fn with_more(mut head: Vec<u8>, most: usize, data: &mut dyn Read) -> Vec<u8> {
    let left = most.saturating_sub(head.len()) as u64;
    // What was read before a failure is there all the same.
    data.take(left).read_to_end(&mut head).unwrap_or_default();
    head
}

/// Whether a beginning is that of a JSON document. Names may begin with a brace too, so a tar header goes first.
fn looks_like_document(head: &[u8]) -> bool {
    let text = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    matches!(text.trim_ascii_start().first(), Some(b'{' | b'['))
        && !TarLayer::begins_with_header(head)
}

impl EntrySink for Passing<'_> {
    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        if let (Some((start, mut kept)), EntryKind::File, Some((data, length))) =
            (self.pending.take(), entry.meta.kind, entry.data)
            && start == data
        {
            if let Some(layer) = kept.layer.as_mut().and_then(Arc::get_mut) {
                layer.cut_to(length);
            }
            self.kept.insert(start, kept);
        }
        self.index.entry(entry)?;
        self.whole.entry(entry)
    }

    fn warn(&mut self, warning: Warning) {
        self.index.warn(warning.clone());
        self.whole.warn(warning);
    }

    fn wants_data(&self, file: PassingFile<'_>) -> bool {
        let signs = self.index.outer_signs;
        let is_root_file_system = signs.has_root_directories() && !signs.has_blobs();
        let is_full = self.kept.len() >= limits::ARCHIVE_MEMBERS;
        file.length > 0 && ((!is_root_file_system && !is_full) || self.is_document(file.name))
    }

    fn data(&mut self, file: PassingFile<'_>, data: &mut (dyn Read + Send)) -> Result<()> {
        let is_short = file.length <= limits::KEPT_MEMBER_BYTES as u64;
        let length = if is_short {
            limits::KEPT_MEMBER_BYTES
        } else {
            HEAD_BYTES
        };
        let head = with_more(Vec::new(), length, data);
        let is_sure = self.is_document(file.name);
        let kept = if is_sure || looks_like_document(&head) {
            let bytes = self.document(head, data, is_sure);
            Kept {
                bytes: bytes.into(),
                layer: None,
            }
        } else {
            let layer = self.layer(file, &head, data)?;
            let is_kept = is_short && !layer.is_archive() && head.len() <= self.others_left;
            self.others_left -= if is_kept { head.len() } else { 0 };
            Kept {
                bytes: if is_kept { head.into() } else { Arc::default() },
                layer: Some(Arc::new(layer)),
            }
        };
        self.pending = Some((file.start, kept));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A member of a tar archive, as POSIX has it.
    fn member(name: &str, data: &[u8]) -> Vec<u8> {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
        let padding = vec![0; data.len().next_multiple_of(512) - data.len()];
        [&header, data, &padding].concat()
    }

    fn kept_bytes(archive: &[u8]) -> usize {
        let passed = ArchiveBlobs::passing(
            &mut &archive[..],
            "archive",
            limits::DECODERS_BYTES,
            &Job::new(),
        )
        .unwrap();
        let Data::Kept { members, .. } = passed.blobs.data else {
            panic!("nothing is kept");
        };
        members.values().map(|kept| kept.bytes.len()).sum()
    }

    #[test]
    fn little_is_kept_of_what_is_neither_document_nor_layer() {
        let long = [1, 2].repeat(40_000);
        let archive = member("long", &long).repeat(20);
        assert_eq!(kept_bytes(&archive), 0);
        let short = [1, 2].repeat(30_000);
        assert_eq!(kept_bytes(&member("short", &short)), short.len());
        let many = limits::KEPT_MEMBERS_BYTES / short.len() + 20;
        let kept = kept_bytes(&member("short", &short).repeat(many));
        assert!(kept > 0 && kept <= limits::KEPT_MEMBERS_BYTES, "{kept}");
    }

    #[test]
    fn documents_of_one_name_are_kept_up_to_a_total() {
        let text = [&b"["[..], &[b' '].repeat(6_000_000), b"]"].concat();
        let members = (0..30).map(|_| member("manifest.json", &text));
        let kept = kept_bytes(&members.collect::<Vec<_>>().concat());
        let most = limits::KEPT_BYTES + limits::KEPT_DOCUMENTS * text.len();
        assert!(kept <= most, "{kept}");
    }
}
