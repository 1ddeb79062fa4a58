//! Further read-only stores whose layers a store may stand on.

use std::path::{Path, PathBuf};

use crate::limits;
use crate::store::homes::storage_conf;

/// Where else layers and images are looked for.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Options {
    /// Roots of additional stores, the first with a layer wins; they need not exist.
    pub(in crate::store) additional: Vec<PathBuf>,
}

/// The configuration of the host, the one that counts first: none inherits from another
/// (containers/storage, docs/containers-storage.conf.5.md, "FILES").
const PLACES: [&str; 2] = [
    "/etc/containers/storage.conf",
    "/usr/share/containers/storage.conf",
];

impl Options {
    /// Reads what the engines of this host are configured with; nothing where that cannot be read.
    pub(in crate::store) fn of_host() -> Self {
        let named = std::env::var_os("CONTAINERS_STORAGE_CONF").map(PathBuf::from);
        let own = std::env::var_os("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".config")))
            .map(|directory| directory.join("containers/storage.conf"));
        let places = named
            .into_iter()
            .chain(own)
            .chain(PLACES.into_iter().map(PathBuf::from));
        let text = places.into_iter().find_map(|place| read(&place));
        text.map_or_else(Self::default, |text| Self::of_configuration(&text))
    }

    /// Reads the text of a `storage.conf`.
    pub(super) fn of_configuration(text: &str) -> Self {
        let Ok(storage) = storage_conf(text) else {
            return Self::default();
        };
        // Images and their layers may lie apart from containers (containers/storage, types/options.go, ImageStore).
        let places = [storage.imagestore.as_str()]
            .into_iter()
            .chain(storage.further());
        Self {
            additional: places
                .filter(|place| place.starts_with('/'))
                .map(PathBuf::from)
                .collect(),
        }
    }
}

fn read(place: &Path) -> Option<String> {
    let status = std::fs::metadata(place).ok()?;
    if !status.is_file() || status.len() > limits::DOCUMENT_BYTES {
        return None;
    }
    std::fs::read_to_string(place).ok()
}
