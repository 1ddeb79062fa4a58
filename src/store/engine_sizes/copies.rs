//! What a layer adds that is a full copy of the one below (vfs, btrfs): only a comparison tells.
//!
//! Docker and Podman count alike (moby and containers/storage, `pkg/archive`, `ChangesSize`).

use super::super::Location;
use crate::error::{Result, Warning};
use crate::layer::whole_copy::CopyLayer;
use crate::layer::{Completeness, Entry, EntryKind, EntrySink, LayerSource as _};
use crate::progress::Job;

/// Returns the length of everything that differs from the copy below; nothing where it cannot be read.
///
/// Reads both directories, as the engines do whenever they are asked.
pub(in crate::store) fn changed_bytes(
    directory: &Location,
    below: Option<&Location>,
) -> Option<u64> {
    let below = below.map(Location::open).transpose().ok()?;
    let layer = CopyLayer::new(directory.open().ok()?, below);
    let mut changed = Changed(0);
    match layer.scan(&mut changed, &Job::new()) {
        Ok(Completeness::Complete) => Some(changed.0),
        Ok(Completeness::Partial) | Err(_) => None,
    }
}

/// Adds up lengths, of a symbolic link that of its target; further names of a file have none.
struct Changed(u64);

impl EntrySink for Changed {
    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        let bytes = match entry.meta.kind {
            EntryKind::Symlink => entry.link.map_or(0, |target| target.len() as u64),
            _ => entry.meta.size,
        };
        self.0 = self.0.saturating_add(bytes);
        Ok(())
    }

    fn warn(&mut self, _warning: Warning) {}
}
