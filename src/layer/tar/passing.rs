//! Archives that pass by once: piped, or out of the decoder of the archive around them.

use std::cell::Cell;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::body::{Hashed, Stored};
use super::not_a_layer;
use super::scan::Scan;
use super::sparse::Expanded;
use super::walk::{Record, TarWalk};
use super::window::{Input, Window};
use crate::error::{Error, Result};
use crate::layer::codec::Codec;
use crate::layer::{Completeness, EntrySink, file_kind};
use crate::limits;
use crate::progress::Job;

/// A layer, or an archive of layers, whose bytes are there once and in order.
pub struct PassingLayer<'a> {
    /// Its bytes as stored; whoever reads them lets them pay for its decompression ([`Job::allow_cost`]).
    pub stored: Box<dyn Read + Send + 'a>,
    /// How they are compressed.
    pub codec: Codec,
    /// What it is called in messages, escaped.
    pub name: &'a str,
}

impl<'a> PassingLayer<'a> {
    /// Sends every entry as [`super::TarLayer`] does, and the data that the sink wants. All data is hashed: that of
    /// sparse files, with their holes, while the bytes of `sparse_left` last, which other layers may share.
    ///
    /// # Errors
    /// As [`crate::layer::LayerSource::scan`], and what the sink returns of the data.
    pub fn scan(
        self,
        sink: &mut dyn EntrySink,
        sparse_left: &Cell<u64>,
        job: &'a Job,
    ) -> Result<Completeness> {
        let front = Arc::new(Mutex::new(Front::default()));
        let fronted = |data| {
            let front = Arc::clone(&front);
            Box::new(Fronted { data, front })
        };
        let input = match self.codec {
            Codec::None => Input::Passing(fronted(self.stored)),
            codec => {
                let decoder = codec.decoder(self.stored);
                let decoder = decoder.map_err(|source| Error::unread(self.name, source))?;
                Input::Stream(fronted(decoder), codec.cost())
            }
        };
        let mut scan = Scan::new(TarWalk::new(Window::new(input, 0, job), 0), sink);
        scan.sparse_left = Some(sparse_left);
        scan.run(job)?;
        let end = scan.end();
        drop(scan);
        end.ok_or_else(|| {
            let front = std::mem::take(&mut *locked(&front));
            match front.failure {
                Some(source) => Error::unread(self.name, source),
                None => not_a_layer(self.name, &front.bytes),
            }
        })
    }
}

/// The first bytes of what may turn out to be no archive.
#[derive(Default)]
struct Front {
    bytes: Vec<u8>,
    /// Why no more of them could be read.
    failure: Option<io::Error>,
}

fn locked(front: &Mutex<Front>) -> MutexGuard<'_, Front> {
    front.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the first bytes that are read.
struct Fronted<'a> {
    data: Box<dyn Read + Send + 'a>,
    front: Arc<Mutex<Front>>,
}

impl Read for Fronted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.data.read(buffer);
        let mut front = locked(&self.front);
        let left = file_kind::HEAD_BYTES.saturating_sub(front.bytes.len());
        match read {
            Ok(count) => {
                front.bytes.extend_from_slice(&buffer[..count.min(left)]);
                Ok(count)
            }
            Err(error) if left > 0 && error.kind() != io::ErrorKind::Interrupted => {
                let again = io::Error::new(error.kind(), error.to_string());
                front.failure = Some(error);
                Err(again)
            }
            Err(error) => Err(error),
        }
    }
}

impl Scan<'_, '_> {
    /// Hashes a sparse file with its holes where it cannot be read later.
    pub(super) fn sparse_content(&mut self, record: &Record) -> Option<u64> {
        let left = self.sparse_left?;
        let segments = record.sparse.clone()?;
        if record.size > limits::SPARSE_COMPARE_BYTES.min(left.get()) {
            return None;
        }
        left.set(left.get() - record.size);
        let stored = Stored::new(&mut self.walk.window, record);
        let mut data = Hashed::new(Expanded::new(stored, segments, record.size));
        // Damage and an interruption are told where the walk goes on.
        io::copy(&mut data, &mut io::sink()).ok()?;
        Some(data.hasher.digest())
    }
}
