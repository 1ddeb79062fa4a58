//! Bytes as the store view shows them: what was not measured is said, and never a zero.

use super::key::Key;
use crate::store::engine_sizes::EngineSizes;
use crate::store::{Accounts, Amount, Store};
use crate::text::{Glyphs, Look};
use crate::tui::store_subject::{Known, StoreSubject};

/// In which sense sizes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sense {
    /// Disk blocks.
    #[default]
    Disk,
    /// Lengths of files.
    Files,
    /// The engine's own numbers, whatever it means by them.
    Engine,
}

impl Sense {
    /// Returns the next one.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Disk => Self::Files,
            Self::Files => Self::Engine,
            Self::Engine => Self::Disk,
        }
    }

    /// Returns the words in the second line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Disk => "disk usage",
            Self::Files => "file lengths",
            Self::Engine => "engine's own",
        }
    }
}

/// A size in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// Nobody says.
    Unknown,
    /// As far as it was measured.
    Of(Amount),
}

impl Size {
    /// Returns the bytes that are known.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Unknown => 0,
            Self::Of(amount) => amount.bytes,
        }
    }

    const fn engine(bytes: Option<u64>) -> Self {
        match bytes {
            Some(bytes) => Self::Of(Amount {
                bytes,
                unmeasured: 0,
            }),
            None => Self::Unknown,
        }
    }
}

/// One store with what its sizes are taken from.
#[derive(Debug, Clone, Copy)]
pub struct SizedStore<'a> {
    /// The store.
    pub store: &'a Store,
    /// Whether it is measured.
    pub known: Known,
    /// In which sense sizes are meant.
    pub sense: Sense,
    /// In that sense; disk blocks for the engine's own, which have no sums.
    pub accounts: &'a Accounts,
    engine_sizes: &'a EngineSizes,
}

impl<'a> SizedStore<'a> {
    /// Returns the sizes of a store; `None` where there is no such store.
    pub fn of(subject: &'a StoreSubject, at: usize, sense: Sense) -> Option<Self> {
        let accounts = match sense {
            Sense::Files => &subject.files,
            Sense::Disk | Sense::Engine => &subject.disk,
        };
        Some(Self {
            store: subject.store(at)?,
            known: subject.known,
            sense,
            accounts: accounts.get(at)?,
            engine_sizes: subject.engine_sizes.get(at)?,
        })
    }

    /// Returns the size that rows are sorted by at first: what is the row's own.
    pub fn own(&self, key: Key) -> Size {
        match key {
            Key::Image(id) => match self.sense {
                Sense::Engine => Size::engine(self.image_sizes(key).unique_bytes),
                _ => of(self.accounts.images.get(id.as_usize()), |one| one.unique),
            },
            Key::Container(_) | Key::Pod(_) => self.writable(key),
            _ => self.total(key),
        }
    }

    /// Returns what an image has in common with others.
    pub fn shared(&self, key: Key) -> Size {
        match (key, self.sense) {
            (Key::Image(_), Sense::Engine) => Size::engine(self.image_sizes(key).shared_bytes),
            (Key::Image(id), _) => of(self.accounts.images.get(id.as_usize()), |one| one.shared),
            _ => Size::Unknown,
        }
    }

    /// Returns all of it.
    pub fn total(&self, key: Key) -> Size {
        let is_engines = self.sense == Sense::Engine;
        let accounts = self.accounts;
        match key {
            Key::Image(_) if is_engines => Size::engine(self.image_sizes(key).size_bytes),
            Key::Image(id) => of(accounts.images.get(id.as_usize()), |one| one.total),
            Key::Layer(id) if is_engines => {
                let layer = self.store.layers.get(id.as_usize());
                Size::engine(layer.and_then(|layer| layer.recorded_bytes))
            }
            Key::Layer(id) => of(accounts.layers.get(id.as_usize()), |one| one.total),
            Key::Cache(id) if is_engines => {
                let record = self.store.cache.get(id.as_usize());
                Size::engine(record.and_then(|record| record.recorded_bytes))
            }
            Key::Cache(id) => of(accounts.cache.get(id.as_usize()), |one| one.total),
            Key::Container(id) if is_engines => {
                let sizes = self.engine_sizes.containers.get(id.as_usize());
                Size::engine(sizes.and_then(|sizes| sizes.virtual_bytes))
            }
            Key::Container(id) => of(accounts.containers.get(id.as_usize()), |one| {
                one.writable + one.logs + one.other
            }),
            Key::Pod(_) | Key::Orphan(_) | Key::Volume(_) | Key::Lease(_) | Key::Extra(_)
                if is_engines =>
            {
                Size::Unknown
            }
            Key::Pod(id) => of(accounts.pods.get(id.as_usize()), |one| one.total),
            Key::Lease(id) => of(accounts.leases.get(id.as_usize()), |one| *one),
            Key::Volume(id) => of(accounts.volumes.get(id.as_usize()), |one| *one),
            Key::Extra(id) => of(accounts.extras.get(id.as_usize()), |one| *one),
            Key::LargePath(_) => self.large_path(key),
            Key::Orphan(at) => of(
                usize::try_from(at)
                    .ok()
                    .and_then(|at| accounts.orphans.get(at)),
                |one| *one,
            ),
        }
    }

    /// Only its disk blocks were added up.
    fn large_path(&self, key: Key) -> Size {
        let path = key.large_path(self.store);
        let bytes = path.map(|path| path.disk_bytes);
        Size::engine(bytes.filter(|_| self.sense == Sense::Disk))
    }

    /// Returns what a container, or those of a pod, have written.
    pub fn writable(&self, key: Key) -> Size {
        match (key, self.sense) {
            (Key::Container(id), Sense::Engine) => {
                let sizes = self.engine_sizes.containers.get(id.as_usize());
                Size::engine(sizes.and_then(|sizes| sizes.writable_bytes))
            }
            (Key::Container(id), _) => of(self.accounts.containers.get(id.as_usize()), |one| {
                one.writable
            }),
            (Key::Pod(id), Sense::Disk | Sense::Files) => {
                of(self.accounts.pods.get(id.as_usize()), |one| one.writable)
            }
            _ => Size::Unknown,
        }
    }

    /// Returns the logs of a container or pod.
    pub fn logs(&self, key: Key) -> Size {
        match (key, self.sense) {
            (_, Sense::Engine) => Size::Unknown,
            (Key::Container(id), _) => {
                of(self.accounts.containers.get(id.as_usize()), |one| one.logs)
            }
            (Key::Pod(id), _) => of(self.accounts.pods.get(id.as_usize()), |one| one.logs),
            _ => Size::Unknown,
        }
    }

    /// Returns what only the build cache keeps of a record.
    pub fn private(&self, key: Key) -> Size {
        match (key, self.sense) {
            (Key::Cache(id), Sense::Disk | Sense::Files) => {
                of(self.accounts.cache.get(id.as_usize()), |one| one.private)
            }
            _ => Size::Unknown,
        }
    }

    fn image_sizes(&self, key: Key) -> crate::store::engine_sizes::ImageSizes {
        let found = match key {
            Key::Image(id) => self.engine_sizes.images.get(id.as_usize()),
            _ => None,
        };
        found.copied().unwrap_or_default()
    }

    /// Returns a size as text.
    pub fn text(&self, size: Size, look: Look) -> String {
        match size {
            Size::Unknown => "-".into(),
            Size::Of(amount) => amount_text(amount, self.known, look),
        }
    }
}

fn of<T>(found: Option<&T>, amount: impl Fn(&T) -> Amount) -> Size {
    found.map_or(Size::Unknown, |found| Size::Of(amount(found)))
}

/// Returns an amount as text: an ellipsis until it is measured, and what it is at least where not all of it could
/// be.
pub fn amount_text(amount: Amount, known: Known, look: Look) -> String {
    if amount.is_whole() {
        return look.units.size(amount.bytes);
    }
    if known == Known::Records {
        return look.ellipsis().to_owned();
    }
    if amount.bytes == 0 {
        return "unmeasured".into();
    }
    let least = match look.glyphs {
        Glyphs::Unicode => "≥",
        Glyphs::Ascii => ">=",
    };
    format!("{least} {}", look.units.size(amount.bytes))
}
