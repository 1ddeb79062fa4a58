//! What a content store of containerd keeps of something that is being stored, or did not come to its end
//! (containerd, plugins/content/local/store.go).

use super::{Location, go_encoding};
use crate::path;

/// Longest `ref` or `startedat`.
const RECORD_BYTES: u64 = 64 * 1024;

/// One of them.
#[derive(Debug)]
pub(super) struct Ingest {
    /// What the metadata calls it, unescaped; `None` where it does not say.
    pub(super) name: Option<String>,
    /// When it began, seconds since 1970.
    pub(super) since: Option<i64>,
}

impl Ingest {
    /// Reads what stands in its directory.
    pub(super) fn at(place: &Location) -> Self {
        let text = |of: &str| {
            let record = place.join(of);
            let bytes = record.root.read(&record.path, RECORD_BYTES).ok()??;
            let text = String::from_utf8(bytes).ok()?;
            Some(text.trim().to_owned())
        };
        Self {
            name: text("ref"),
            since: text("startedat").and_then(|at| go_encoding::seconds(&at)),
        }
    }

    /// Returns why nobody owns it, escaped.
    pub(super) fn reason(&self) -> String {
        match &self.name {
            Some(name) => format!("{} did not end", path::display_str(name)),
            None => "something that was to be stored did not end".to_owned(),
        }
    }
}
