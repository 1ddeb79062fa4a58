//! The record itself: compressed lines of JSON, each some bytes of the tar or a file whose data was there.

use std::borrow::Cow;
use std::io::{self, BufRead as _, BufReader, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::layer::bytes::Region;
use crate::layer::codec::Codec;
use crate::layer::tar::{Chunk, Chunks, Stop};
use crate::limits;
use crate::progress::{Job, Metered};

/// Checksum of no data at all.
const OF_NOTHING: u64 = 0;

/// One line. tar-split, tar/storage/entry.go.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: u8,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    /// The name in base64, where it is not UTF-8.
    #[serde(borrow)]
    name_raw: Option<Text<'a>>,
    size: Option<u64>,
    /// In base64: the bytes themselves, or a file's checksum.
    #[serde(borrow)]
    payload: Option<Text<'a>>,
    position: Option<u64>,
}

/// Text that is borrowed where it holds no escapes, as payloads never do.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// What a line stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Bytes of the tar, which were appended to the buffer.
    Bytes,
    /// The data of a file; its name as the tar has it is [`Lines::name`].
    File(Expected),
}

/// What a file's data is according to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected {
    /// Its length in bytes.
    pub(super) size: u64,
    /// Its CRC-64, where the record has one.
    pub(super) checksum: Option<u64>,
}

/// The lines of one record, in order.
pub(super) struct Lines<'a> {
    stream: BufReader<Box<dyn Read + Send + 'a>>,
    job: &'a Job,
    line: Vec<u8>,
    name: Vec<u8>,
    /// Lines read.
    number: u64,
    /// Parts read: what the next one gives as its position.
    parts: u64,
}

impl<'a> Lines<'a> {
    /// Starts at the beginning of a record.
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub(super) fn new(record: &Region, job: &'a Job) -> io::Result<Self> {
        let codec = Codec::sniff(&record.head::<8>()?);
        let stream = codec.decoder(Metered::new(record.reader(0), job))?;
        Ok(Self {
            stream: BufReader::with_capacity(64 * 1024, stream),
            job,
            line: Vec::new(),
            name: Vec::new(),
            number: 0,
            parts: 0,
        })
    }

    /// Returns the name of the file of the last line that was one.
    pub(super) fn name(&self) -> &[u8] {
        &self.name
    }

    /// Reads the next line; `None` behind the last. `buffer` is as before where that fails.
    pub(super) fn next(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Part>, Stop> {
        while self.read_line()? {
            if self.line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let before = buffer.len();
            let part = self.understand(buffer).map_err(|reason| {
                buffer.truncate(before);
                self.damage(&reason)
            })?;
            self.parts += 1;
            return Ok(Some(part));
        }
        if self.parts == 0 {
            return Err(Stop::Failed(io::Error::other("the record is empty")));
        }
        Ok(None)
    }

    fn read_line(&mut self) -> Result<bool, Stop> {
        self.job.check().map_err(|_| Stop::Cancelled)?;
        self.line.clear();
        let most = limits::TAR_SPLIT_LINE_BYTES + 1;
        let read = (&mut self.stream)
            .take(most)
            .read_until(b'\n', &mut self.line);
        let count = match read {
            Ok(count) => count as u64,
            Err(_) if self.job.is_cancelled() => return Err(Stop::Cancelled),
            Err(error) => return Err(Stop::Failed(error)),
        };
        self.number += 1;
        if !self.job.expand(count) {
            return Err(Stop::ExpandedTooFar);
        }
        if count == most {
            let limit = limits::TAR_SPLIT_LINE_BYTES;
            return Err(self.damage(&format!("it is longer than {limit} bytes")));
        }
        Ok(count > 0)
    }

    fn understand(&mut self, buffer: &mut Vec<u8>) -> Result<Part, String> {
        let line: Line<'_> = serde_json::from_slice(&self.line)
            .map_err(|error| crate::path::display_str(&error.to_string()).into_owned())?;
        // tar-split, tar/storage/packer.go: the packer counts from 0.
        if let Some(position) = line.position.filter(|&position| position != self.parts) {
            return Err(format!(
                "it says it is part {position} and stands where part {} should",
                self.parts
            ));
        }
        match line.kind {
            2 => {
                let payload = line.payload.as_ref().ok_or("it has no payload")?;
                decode(Some(payload), buffer)?;
                Ok(Part::Bytes)
            }
            1 => {
                self.name.clear();
                match (&line.name_raw, &line.name) {
                    (Some(raw), _) if !raw.0.is_empty() => decode(Some(raw), &mut self.name)?,
                    (_, Some(name)) => self.name.extend_from_slice(name.0.as_bytes()),
                    (_, None) => {}
                }
                let checksum = checksum(line.payload.as_ref())?;
                let size = match (line.size.unwrap_or(0), checksum) {
                    // archive/tar gives links and devices no data, whatever size their header states and
                    // the record repeats.
                    (_, Some(OF_NOTHING)) => 0,
                    (size, _) => size,
                };
                Ok(Part::File(Expected { size, checksum }))
            }
            other => Err(format!("it is of the unknown type {other}")),
        }
    }

    fn damage(&self, reason: &str) -> Stop {
        Stop::Failed(io::Error::other(format!(
            "line {} of the record cannot be used: {reason}",
            self.number
        )))
    }
}

impl Chunks for Lines<'_> {
    fn next(&mut self, buffer: &mut Vec<u8>) -> Result<Chunk, Stop> {
        Ok(match Lines::next(self, buffer)? {
            Some(Part::Bytes) => Chunk::Bytes,
            Some(Part::File(file)) => Chunk::Gap(file.size),
            None => Chunk::End,
        })
    }
}

fn decode(text: Option<&Text<'_>>, buffer: &mut Vec<u8>) -> Result<(), String> {
    let text = text.map_or("", |text| &*text.0);
    STANDARD
        .decode_vec(text, buffer)
        .map_err(|error| format!("it is not base64: {error}"))
}

fn checksum(payload: Option<&Text<'_>>) -> Result<Option<u64>, String> {
    let mut bytes = Vec::new();
    decode(payload, &mut bytes)?;
    match bytes[..] {
        [] => Ok(None),
        _ => match <[u8; 8]>::try_from(bytes) {
            Ok(bytes) => Ok(Some(u64::from_be_bytes(bytes))),
            Err(bytes) => Err(format!("it has a checksum of {} bytes", bytes.len())),
        },
    }
}
