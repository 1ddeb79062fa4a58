//! containerd: content store, metadata and snapshotters; Docker's image store on top of it; Kubernetes nodes.

use crate::error::Result;
use crate::layer::beneath::Beneath;
use crate::progress::Job;

use super::Store;

/// Returns whether a directory is one of ours, by the names in it.
pub(super) fn is_root(_root: &Beneath) -> bool {
    false
}

/// Reads every store of this kind in a directory.
///
/// # Errors
/// When the directory itself cannot be read, or [`crate::error::Error::Interrupted`].
pub(super) fn read(_root: &Beneath, _job: &Job) -> Result<Vec<Store>> {
    Ok(Vec::new())
}
