//! Makes any input readable by position: compressed and streamed ones go through a temporary file first. Where
//! nobody will ask for contents they pass by instead.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::FileType;

use super::passing::{Taken, Watched, damage_warning, window_too_large};
use super::patient::Patient;
use super::{Contents, OpenOptions};
use crate::error::{Error, Result, Warning};
use crate::layer::bytes::{Region, read_full};
use crate::layer::codec::{Codec, WindowTooLarge};
use crate::limits;
use crate::progress::{Job, Metered};
use crate::units::Units;

/// Bytes moved into the spool at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// An input that can be read by position, uncompressed.
#[derive(Debug)]
pub(super) struct Input {
    /// The uncompressed bytes.
    pub region: Region,
    /// How the input was compressed.
    pub codec: Codec,
    /// Length of the input as it came, in bytes.
    pub stored_bytes: u64,
    /// What was damaged about its compression.
    pub warnings: Vec<Warning>,
}

/// How the bytes of an input can be had.
#[derive(Debug)]
pub(super) enum Bytes {
    /// By position.
    Placed(Input),
    /// Once: from here on, as they come.
    Passing(File),
}

/// Returns standard input.
///
/// # Errors
/// [`Error::Usage`] where it is a terminal.
pub(super) fn standard_input() -> Result<File> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(Error::Usage {
            reason: "standard input is a terminal, not an image".into(),
            advice: "pipe one in: `docker save IMAGE | layerscope -`".into(),
        });
    }
    let descriptor = stdin
        .as_fd()
        .try_clone_to_owned()
        .map_err(|source| Error::unopened("standard input", source))?;
    Ok(File::from(descriptor))
}

/// Prepares an open file, pipe or socket; `name` is escaped.
///
/// # Errors
/// When it cannot be read, the spool cannot be written or outgrows its limit, or [`Error::Interrupted`].
pub(super) fn take(mut file: File, name: &str, options: &OpenOptions, job: &Job) -> Result<Bytes> {
    let status = rustix::fs::fstat(&file).map_err(|error| Error::unopened(name, error))?;
    match FileType::from_raw_mode(status.st_mode) {
        FileType::RegularFile => {}
        FileType::Fifo | FileType::Socket if options.contents == Contents::Unwanted => {
            return Ok(Bytes::Passing(file));
        }
        FileType::Fifo | FileType::Socket => {
            return from_stream(file, name, options, job).map(Bytes::Placed);
        }
        FileType::Directory => return Err(refused(name, "it is a directory; name it instead")),
        FileType::BlockDevice => return Err(refused(name, "it is a block device")),
        _ => return Err(refused(name, "it is a device")),
    }
    // A shell may have read a part of standard input already.
    let start = file.stream_position().unwrap_or(0);
    let length = u64::try_from(status.st_size)
        .unwrap_or(0)
        .saturating_sub(start);
    if options.contents == Contents::Unwanted {
        let mut head = [0; 8];
        let count = file.read_at(&mut head, start);
        let count = count.map_err(|source| read_error(name, 0, source))?;
        if Codec::sniff(&head[..count]) != Codec::None {
            job.expect(length);
            return Ok(Bytes::Passing(file));
        }
    }
    let region = Region::new(Arc::new(file), name.into(), start, length);
    let input = Input {
        region,
        codec: Codec::None,
        stored_bytes: length,
        warnings: Vec::new(),
    };
    decompress(input, options, job).map(Bytes::Placed)
}

fn from_stream(stream: File, name: &str, options: &OpenOptions, job: &Job) -> Result<Input> {
    let mut stream = Patient { stream, job };
    let mut head = [0; 8];
    let count = read_full(&mut stream, &mut head);
    job.check()?;
    let count = count.map_err(|source| read_error(name, 0, source))?;
    let codec = Codec::sniff(&head[..count]);
    let whole = (&head[..count]).chain(stream);
    let input = spool(whole, codec, name, options, job)?;
    // Known only now; what was read has to be a part of what there is to read.
    job.expect(input.stored_bytes);
    decompress(input, options, job)
}

/// Undoes the compression of what is readable by position already, until nothing is left of it.
fn decompress(mut input: Input, options: &OpenOptions, job: &Job) -> Result<Input> {
    for _ in 0..limits::COMPRESSIONS {
        let name = input.region.name().to_owned();
        let head = input.region.head::<8>();
        let codec = Codec::sniff(&head.map_err(|source| read_error(&name, 0, source))?);
        if codec == Codec::None {
            return Ok(input);
        }
        job.expect(input.region.length());
        let inner = spool(input.region.reader(0), codec, &name, options, job)?;
        let is_first = input.codec == Codec::None;
        input.warnings.extend(inner.warnings);
        input.region = inner.region;
        input.codec = if is_first { codec } else { input.codec };
    }
    Err(refused(
        input.region.name(),
        "it is compressed again and again",
    ))
}

/// Copies a stream, decompressed, into a temporary file.
fn spool<R: Read + Send>(
    stream: R,
    codec: Codec,
    name: &str,
    options: &OpenOptions,
    job: &Job,
) -> Result<Input> {
    let directory = spool_directory();
    let shown = crate::path::display_os(directory.as_os_str());
    let mut file =
        tempfile::tempfile_in(&directory).map_err(|source| spool_error(&shown, source))?;
    let stored = Arc::new(Taken::default());
    let copied = {
        let watched = Watched::new(Metered::new(stream, job), Arc::clone(&stored));
        let decoder = codec.decoder(watched);
        let mut reader = decoder.map_err(|source| read_error(name, 0, source))?;
        let room = Room::of(&file, &shown, options.spool_limit);
        copy(&mut *reader, &mut file, name, &room)?
    };
    job.check()?;
    if let Some(source) = stored.failure() {
        return Err(read_error(name, stored.count(), source));
    }
    let mut warnings = Vec::new();
    if let Some(error) = copied.damage {
        if copied.bytes == 0 {
            return Err(if WindowTooLarge::is_behind(&error) {
                window_too_large(name, &error)
            } else {
                read_error(name, stored.count(), error)
            });
        }
        warnings.push(damage_warning(codec, copied.bytes, stored.count(), &error));
    }
    log::debug!("{name}: spooled {} bytes in {shown}", copied.bytes);
    Ok(Input {
        region: Region::new(Arc::new(file), name.into(), 0, copied.bytes),
        codec,
        stored_bytes: stored.count(),
        warnings,
    })
}

/// How long a temporary file may be.
struct Room<'a> {
    /// Where it is, escaped.
    directory: &'a str,
    limit: u64,
    /// Bytes that are free, where these decide.
    free: Option<u64>,
}

impl<'a> Room<'a> {
    fn of(file: &File, directory: &'a str, limit: Option<u64>) -> Self {
        let system = rustix::fs::fstatvfs(file).ok();
        let free = system.map(|system| system.f_bavail.saturating_mul(system.f_frsize));
        match limit {
            None => Self {
                directory,
                limit: free.map_or(limits::SPOOL_BYTES, |free| {
                    (free / 2).min(limits::SPOOL_BYTES)
                }),
                free,
            },
            Some(limit) => Self {
                directory,
                limit: if limit == 0 { u64::MAX } else { limit },
                free: None,
            },
        }
    }

    fn exceeded(&self, name: &str) -> Error {
        match self.free {
            Some(free) => Error::SpoolFull {
                name: name.to_owned(),
                directory: self.directory.to_owned(),
                limit: self.limit,
                free,
            },
            None => Error::Limit {
                name: name.to_owned(),
                what: "its uncompressed length",
                limit: Units::Iec.size(self.limit),
                option: Some("--max-expanded"),
            },
        }
    }
}

struct Copied {
    bytes: u64,
    damage: Option<io::Error>,
}

fn copy(reader: &mut dyn Read, file: &mut File, name: &str, room: &Room<'_>) -> Result<Copied> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut bytes = 0;
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => {
                return Ok(Copied {
                    bytes,
                    damage: None,
                });
            }
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Ok(Copied {
                    bytes,
                    damage: Some(error),
                });
            }
        };
        bytes += count as u64;
        if bytes > room.limit {
            return Err(room.exceeded(name));
        }
        file.write_all(&buffer[..count])
            .map_err(|source| spool_error(room.directory, source))?;
    }
}

/// `TMPDIR`; else `/var/tmp`, which unlike `/tmp` is on a disk; else the system's default.
fn spool_directory() -> PathBuf {
    let named = std::env::var_os("TMPDIR").filter(|name| !name.is_empty());
    if let Some(name) = named {
        return name.into();
    }
    let on_disk = PathBuf::from("/var/tmp");
    if on_disk.is_dir() {
        on_disk
    } else {
        std::env::temp_dir()
    }
}

fn refused(name: &str, found: &str) -> Error {
    Error::NotAnImage {
        name: name.to_owned(),
        found: found.to_owned(),
    }
}

fn read_error(name: &str, offset: u64, source: io::Error) -> Error {
    Error::Read {
        name: name.to_owned(),
        offset,
        source,
    }
}

fn spool_error(directory: &str, source: io::Error) -> Error {
    Error::Spool {
        directory: directory.to_owned(),
        source: crate::error::without_temporary_name(source),
    }
}
