//! tar-split records as layers: the original tar headers from the record, file data from a directory.
//!
//! Docker, Podman, Buildah and CRI-O keep such a record of every layer they unpack, whatever their driver, so
//! that they can make the very same tar again. It holds the bytes of the tar but for the data of its files, and
//! of those the length and a checksum. A scan therefore costs what the headers cost, and says exactly what the
//! tar would say; what the directory has become meanwhile is found out by [`LayerSource::verify`].

mod crc64;
mod record;
#[cfg(test)]
mod tests;
mod verify;

use std::io::{self, Read};

use self::record::Lines;
use super::bytes::Region;
use super::codec::Codec;
use super::dir::DirLayer;
use super::verified::Verified;
use super::{Completeness, EntrySink, FileAt, LayerFacts, LayerSource, tar};
use crate::beneath::Beneath;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::progress::Job;
use crate::{limits, path};

/// Where the data of files is.
#[derive(Debug, Clone)]
pub enum Data {
    /// At their paths in a directory.
    Directory(Beneath),
    /// Nowhere within reach; why, escaped.
    Refused(String),
}

/// A layer that an engine unpacked, keeping a record of its tar.
#[derive(Debug)]
pub struct TarSplitLayer {
    record: Region,
    data: Data,
    fallback: Option<DirLayer>,
}

impl TarSplitLayer {
    /// Takes the gzip-compressed record and where file data is.
    pub fn new(record: Region, data: Data) -> Self {
        Self {
            record,
            data,
            fallback: None,
        }
    }

    /// Takes what to list where the record turns out to be damaged. Finding out costs that a scan decompresses
    /// it twice.
    #[must_use]
    pub fn or_else(mut self, directory: DirLayer) -> Self {
        self.fallback = Some(directory);
        self
    }

    /// Reads the record to its end, where its checksum is.
    fn damage(&self, job: &Job) -> Result<Option<io::Error>> {
        let mut buffer = vec![0; 64 * 1024];
        let codec = match self.record.head::<8>() {
            Ok(head) => Codec::sniff(&head),
            Err(error) => return Ok(Some(error)),
        };
        let mut stream = match codec.decoder(self.record.reader(0)) {
            Ok(stream) => stream.take(limits::TAR_SPLIT_CHECKED_BYTES),
            Err(error) => return Ok(Some(error)),
        };
        loop {
            job.check()?;
            match stream.read(&mut buffer) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Ok(Some(error)),
            }
        }
    }

    fn unreadable(&self, source: io::Error) -> Error {
        Error::unread(self.record.name(), source)
    }
}

/// Says why file data cannot be had; both texts escaped.
fn refused(name: &str, reason: &str) -> Error {
    Error::unopened(name, io::Error::other(reason.to_owned()))
}

impl LayerSource for TarSplitLayer {
    fn scan(&self, sink: &mut dyn EntrySink, job: &Job) -> Result<Completeness> {
        if let Some(directory) = &self.fallback
            && let Some(error) = self.damage(job)?
        {
            let name = self.record.name();
            let message = format!("{name} is damaged: {error}; its directory is read instead");
            sink.warn(Warning::new(WarningCode::BadRecord, message));
            return directory.scan(sink, job);
        }
        let lines = Lines::new(&self.record, job).map_err(|source| self.unreadable(source))?;
        let completeness = tar::scan_pieces(Box::new(lines), sink, job)?;
        completeness.ok_or_else(|| {
            self.unreadable(io::Error::other(
                "it is no record of a tar; what the engine unpacked may still be there",
            ))
        })
    }

    fn open(&self, file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        let place = file.path.as_bytes();
        let directory = match &self.data {
            Data::Directory(directory) => directory,
            Data::Refused(reason) => {
                return Err(refused(&path::display_absolute(place), reason));
            }
        };
        let unfit = |reason: &str| refused(&directory.shown(place), reason);
        let Some(found) = directory.file(place)? else {
            return Err(unfit("it is missing, although the layer's record lists it"));
        };
        let length = found
            .metadata()
            .map_err(|error| unfit(&error.to_string()))?
            .len();
        if length != file.size {
            let expected = file.size;
            return Err(unfit(&format!(
                "it has {length} bytes, not {expected} as in the layer's record: it was changed since"
            )));
        }
        Ok(Box::new(found.take(length)))
    }

    fn verify(&self, diff_id: &str, job: &Job) -> Result<Verified> {
        self.check(diff_id, job)
    }

    fn object(&self) -> Option<(u64, u64)> {
        match &self.data {
            Data::Directory(directory) => directory.object(),
            Data::Refused(_) => None,
        }
    }

    fn withheld(&self) -> Option<&str> {
        match &self.data {
            Data::Directory(_) => None,
            Data::Refused(reason) => Some(reason),
        }
    }

    fn facts(&self) -> LayerFacts {
        LayerFacts {
            stored_bytes: self.record.length(),
            ..LayerFacts::DIRECTORY
        }
    }
}
