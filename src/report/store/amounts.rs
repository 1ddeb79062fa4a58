//! Accounts by position, unknown where there are none, and amounts as text.

use super::ReportedStore;
use crate::store::accounts::{
    CacheAccount, ContainerAccount, ImageAccount, LayerAccount, PodAccount, Totals,
};
use crate::store::{Accounts, Amount};
use crate::text::{Glyphs, Look};

const UNKNOWN: Amount = Amount::UNKNOWN;

impl ReportedStore<'_> {
    pub(super) fn totals(&self) -> Totals {
        self.accounts.map_or(
            Totals {
                images: UNKNOWN,
                writable: UNKNOWN,
                logs: UNKNOWN,
                container_files: UNKNOWN,
                volumes: UNKNOWN,
                cache: UNKNOWN,
                leases: UNKNOWN,
                extras: UNKNOWN,
                orphans: UNKNOWN,
                bookkeeping: UNKNOWN,
                total: UNKNOWN,
                images_added_up: UNKNOWN,
            },
            |accounts| accounts.totals,
        )
    }

    pub(super) fn image(&self, at: usize) -> ImageAccount {
        self.found(|accounts| accounts.images.get(at).copied())
            .unwrap_or(ImageAccount {
                unique: UNKNOWN,
                shared: UNKNOWN,
                total: UNKNOWN,
                freed: UNKNOWN,
                containers: 0,
            })
    }

    pub(super) fn layer(&self, at: usize) -> LayerAccount {
        self.found(|accounts| accounts.layers.get(at).cloned())
            .unwrap_or(LayerAccount {
                total: UNKNOWN,
                ..LayerAccount::default()
            })
    }

    pub(super) fn container(&self, at: usize) -> ContainerAccount {
        self.found(|accounts| accounts.containers.get(at).copied())
            .unwrap_or(ContainerAccount {
                writable: UNKNOWN,
                logs: UNKNOWN,
                other: UNKNOWN,
            })
    }

    pub(super) fn cache(&self, at: usize) -> CacheAccount {
        self.found(|accounts| accounts.cache.get(at).copied())
            .unwrap_or(CacheAccount {
                total: UNKNOWN,
                private: UNKNOWN,
            })
    }

    pub(super) fn pod(&self, at: usize) -> PodAccount {
        self.found(|accounts| accounts.pods.get(at).copied())
            .unwrap_or(PodAccount {
                writable: UNKNOWN,
                logs: UNKNOWN,
                volumes: UNKNOWN,
                other: UNKNOWN,
                total: UNKNOWN,
            })
    }

    pub(super) fn volume(&self, at: usize) -> Amount {
        self.found(|accounts| accounts.volumes.get(at).copied())
            .unwrap_or(UNKNOWN)
    }

    pub(super) fn lease(&self, at: usize) -> Amount {
        self.found(|accounts| accounts.leases.get(at).copied())
            .unwrap_or(UNKNOWN)
    }

    pub(super) fn extra(&self, at: usize) -> Amount {
        self.found(|accounts| accounts.extras.get(at).copied())
            .unwrap_or(UNKNOWN)
    }

    pub(super) fn orphan(&self, at: usize) -> Amount {
        self.found(|accounts| accounts.orphans.get(at).copied())
            .unwrap_or(UNKNOWN)
    }

    fn found<T>(&self, find: impl FnOnce(&Accounts) -> Option<T>) -> Option<T> {
        self.accounts.and_then(find)
    }
}

/// Returns `1.2 GiB`; `≥ 1.2 GiB` where a part is unmeasured, `unmeasured` where all of it is.
pub(super) fn shown(look: &Look, amount: Amount) -> String {
    match amount.bytes {
        bytes if amount.is_whole() => look.units.size(bytes),
        0 => "unmeasured".to_owned(),
        bytes => {
            let least = match look.glyphs {
                Glyphs::Unicode => "≥",
                Glyphs::Ascii => ">=",
            };
            format!("{least} {}", look.units.size(bytes))
        }
    }
}
