//! Archives that pass by once: piped, or out of the decoder of the archive around them.

use std::io::{self, Read};

use super::Scan;
use super::body::{Expanded, Hashed, Stored};
use super::walk::{Record, TarWalk};
use super::window::{Input, Window};
use crate::error::{Error, Result};
use crate::layer::codec::Codec;
use crate::layer::{Completeness, EntrySink};
use crate::limits;
use crate::progress::Job;

/// A layer, or an archive of layers, whose bytes are there once and in order.
pub struct PassingLayer<'a> {
    /// Its bytes as stored.
    pub stored: Box<dyn Read + Send + 'a>,
    /// How they are compressed.
    pub codec: Codec,
    /// What it is called in messages, escaped.
    pub name: &'a str,
}

impl<'a> PassingLayer<'a> {
    /// Sends every entry as [`super::TarLayer`] does, and the data that the sink wants. All data is hashed: that of
    /// sparse files, with their holes, while the bytes of `sparse_left` last.
    ///
    /// # Errors
    /// As [`crate::layer::LayerSource::scan`], and what the sink returns of the data.
    pub fn scan(
        self,
        sink: &mut dyn EntrySink,
        sparse_left: &mut u64,
        job: &'a Job,
    ) -> Result<Completeness> {
        let input = match self.codec {
            Codec::None => Input::Passing(self.stored),
            codec => {
                let decoder = codec.decoder(self.stored);
                Input::Stream(decoder.map_err(|source| Error::unread(self.name, source))?)
            }
        };
        let mut scan = Scan::new(TarWalk::new(Window::new(input, 0, job), 0), sink);
        scan.sparse_left = Some(sparse_left);
        scan.whole(self.name, job)
    }
}

impl Scan<'_, '_> {
    /// Hashes a sparse file with its holes where it cannot be read later.
    pub(super) fn sparse_content(&mut self, record: &Record) -> Option<u64> {
        let left = self.sparse_left.as_mut()?;
        let segments = record.sparse.clone()?;
        if record.size > limits::SPARSE_COMPARE_BYTES.min(**left) {
            return None;
        }
        **left -= record.size;
        let stored = Stored::new(&mut self.walk.window, record);
        let mut data = Hashed::new(Expanded::new(stored, segments, record.size));
        // Damage and an interruption are told where the walk goes on.
        io::copy(&mut data, &mut io::sink()).ok()?;
        Some(data.hasher.digest())
    }
}
