//! Makes any input readable by position: compressed and streamed ones go through a temporary file first.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::FileType;

use super::OpenOptions;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::layer::bytes::{Region, read_full};
use crate::layer::codec::{Codec, WindowTooLarge};
use crate::progress::{Job, Metered};
use crate::units::Units;

/// Compressions inside each other that are undone; downloads are sometimes compressed twice.
const ROUNDS: usize = 3;

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

/// Prepares standard input.
///
/// # Errors
/// [`Error::Usage`] where it is a terminal; otherwise as [`from_file`].
pub(super) fn from_standard_input(options: &OpenOptions, job: &Job) -> Result<Input> {
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
    from_file(File::from(descriptor), "standard input", options, job)
}

/// Prepares an open file, pipe or socket; `name` is escaped.
///
/// # Errors
/// When it cannot be read, the spool cannot be written or outgrows its limit, or [`Error::Interrupted`].
pub(super) fn from_file(
    mut file: File,
    name: &str,
    options: &OpenOptions,
    job: &Job,
) -> Result<Input> {
    let status = rustix::fs::fstat(&file).map_err(|error| Error::unopened(name, error))?;
    match FileType::from_raw_mode(status.st_mode) {
        FileType::RegularFile => {}
        FileType::Fifo | FileType::Socket => return from_stream(file, name, options, job),
        FileType::Directory => return Err(refused(name, "it is a directory; name it instead")),
        FileType::BlockDevice => return Err(refused(name, "it is a block device")),
        _ => return Err(refused(name, "it is a device")),
    }
    // A shell may have read a part of standard input already.
    let start = file.stream_position().unwrap_or(0);
    let length = u64::try_from(status.st_size)
        .unwrap_or(0)
        .saturating_sub(start);
    let region = Region::new(Arc::new(file), name.into(), start, length);
    let input = Input {
        region,
        codec: Codec::None,
        stored_bytes: length,
        warnings: Vec::new(),
    };
    decompress(input, options, job)
}

fn from_stream(mut stream: File, name: &str, options: &OpenOptions, job: &Job) -> Result<Input> {
    let mut head = [0; 8];
    let count = read_full(&mut stream, &mut head).map_err(|source| read_error(name, 0, source))?;
    let codec = Codec::sniff(&head[..count]);
    let whole = (&head[..count]).chain(stream);
    let input = spool(whole, codec, name, options, job)?;
    // Known only now; what was read has to be a part of what there is to read.
    job.expect(input.stored_bytes);
    decompress(input, options, job)
}

/// Undoes the compression of what is readable by position already, until nothing is left of it.
fn decompress(mut input: Input, options: &OpenOptions, job: &Job) -> Result<Input> {
    for _ in 0..ROUNDS {
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
    let mut stored = Watched::new(Metered::new(stream, job));
    let copied = {
        let decoder = codec.decoder(&mut stored);
        let mut reader = decoder.map_err(|source| read_error(name, 0, source))?;
        copy(&mut *reader, &mut file, name, &shown, options.spool_limit)?
    };
    job.check()?;
    if let Some(source) = stored.failure {
        return Err(read_error(name, stored.count, source));
    }
    let mut warnings = Vec::new();
    if let Some(error) = copied.damage {
        if copied.bytes == 0 {
            return Err(if WindowTooLarge::is_behind(&error) {
                refused(
                    name,
                    &format!("{error}, or pipe it: `zstd -dc --long=31 FILE | layerscope -`"),
                )
            } else {
                read_error(name, stored.count, error)
            });
        }
        warnings.push(damage_warning(codec, copied.bytes, stored.count, &error));
    }
    log::debug!("{name}: spooled {} bytes in {shown}", copied.bytes);
    Ok(Input {
        region: Region::new(Arc::new(file), name.into(), 0, copied.bytes),
        codec,
        stored_bytes: stored.count,
        warnings,
    })
}

struct Copied {
    bytes: u64,
    damage: Option<io::Error>,
}

fn copy(
    reader: &mut dyn Read,
    file: &mut File,
    name: &str,
    spool: &str,
    limit: u64,
) -> Result<Copied> {
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
        if limit > 0 && bytes > limit {
            return Err(Error::Limit {
                name: name.to_owned(),
                what: "its uncompressed length",
                limit: Units::Iec.size(limit),
                option: Some("--max-expanded"),
            });
        }
        file.write_all(&buffer[..count])
            .map_err(|source| spool_error(spool, source))?;
    }
}

fn damage_warning(codec: Codec, bytes: u64, stored: u64, error: &io::Error) -> Warning {
    let reason = error.to_string();
    Warning::new(
        WarningCode::DamagedLayer,
        format!(
            "the {} compression of the input is damaged or cut at about offset {stored}; the {bytes} bytes before \
             are used: {}",
            codec.as_str(),
            crate::path::display_str(&reason)
        ),
    )
}

/// Counts what a decoder takes, and keeps the failure of the input apart from that of the decoder.
struct Watched<R> {
    inner: R,
    count: u64,
    failure: Option<io::Error>,
}

impl<R> Watched<R> {
    const fn new(inner: R) -> Self {
        Self {
            inner,
            count: 0,
            failure: None,
        }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(count) => {
                self.count += count as u64;
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let kind = error.kind();
                self.failure = Some(error);
                Err(kind.into())
            }
        }
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
