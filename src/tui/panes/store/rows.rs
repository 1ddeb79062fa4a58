//! Which rows a view of a store has, and in which order.

use std::collections::HashMap;

use super::amounts::SizedStore;
use super::key::Key;
use super::names;
use super::{StepImages, StoreTab};
use crate::browse::{Order, Sorting};
use crate::store::{
    CacheId, ContainerId, ExtraId, ImageId, LayerId, LeaseId, PodId, Store, VolumeId,
};
use crate::tui::text_filter::TextFilter;

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Field {
    /// What is the row's own: unique bytes of an image, what a container has written.
    #[default]
    Own,
    /// All of it.
    Total,
    /// What it is called.
    Name,
    /// How many have it.
    Users,
    /// When it was made, or last used.
    Time,
}

impl Field {
    /// Returns the word in the second line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Own => "size",
            Self::Total => "total",
            Self::Name => "name",
            Self::Users => "users",
            Self::Time => "time",
        }
    }

    /// Returns whether the largest comes first where nobody says otherwise; of times the oldest does.
    pub const fn falls(self) -> bool {
        matches!(self, Self::Own | Self::Total | Self::Users)
    }
}

impl Sorting<Field> {
    /// Returns the order by the next field that a view has.
    #[must_use]
    pub fn next(self, tab: StoreTab) -> Self {
        let fields = fields(tab);
        let at = fields.iter().position(|field| *field == self.field);
        let next = at.map_or(0, |at| (at + 1) % fields.len());
        Self::by(fields[next])
    }

    /// Returns whether the largest comes first.
    pub fn falls(self) -> bool {
        self.field.falls() == (self.order == Order::Natural)
    }
}

const fn fields(tab: StoreTab) -> &'static [Field] {
    match tab {
        StoreTab::Images | StoreTab::Containers => &[
            Field::Own,
            Field::Total,
            Field::Name,
            Field::Users,
            Field::Time,
        ],
        StoreTab::Layers => &[Field::Own, Field::Name, Field::Users, Field::Time],
        StoreTab::Orphans | StoreTab::Cache => &[Field::Own, Field::Name, Field::Time],
        StoreTab::Volumes => &[Field::Own, Field::Name, Field::Users],
        StoreTab::Extras => &[Field::Own, Field::Name],
    }
}

/// What decides about rows.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// Which view.
    pub tab: StoreTab,
    /// Their order.
    pub sorting: Sorting<Field>,
    /// Which of them.
    pub filter: &'a TextFilter,
    /// Whether images of a build's steps are among them.
    pub steps: StepImages,
}

/// Returns the rows. Cost is that of sorting them.
pub fn rows(sizes: &SizedStore<'_>, choice: Choice<'_>) -> Vec<Key> {
    let store = sizes.store;
    let test = choice.filter.test();
    let is_all = !choice.filter.is_on();
    let mut rows: Vec<Key> = all(store, choice)
        .into_iter()
        .filter(|key| is_all || test.passes(&names::searched(store, *key)))
        .collect();
    sort(sizes, choice.sorting, &mut rows);
    if choice.tab == StoreTab::Containers && !store.pods.is_empty() {
        return with_pods(sizes, choice, rows, |key| {
            is_all || test.passes(&names::searched(store, key))
        });
    }
    rows
}

fn all(store: &Store, choice: Choice<'_>) -> Vec<Key> {
    let wants_steps = choice.steps == StepImages::Shown;
    let positions = |len: usize| 0..u32::try_from(len).unwrap_or(u32::MAX);
    match choice.tab {
        StoreTab::Images => {
            let images = (0..).map(ImageId).zip(&store.images);
            let wanted = images.filter(|(_, image)| wants_steps || !image.is_intermediate);
            wanted.map(|(id, _)| Key::Image(id)).collect()
        }
        StoreTab::Layers => positions(store.layers.len())
            .map(|at| Key::Layer(LayerId(at)))
            .collect(),
        StoreTab::Containers => positions(store.containers.len())
            .map(|at| Key::Container(ContainerId(at)))
            .collect(),
        StoreTab::Orphans => positions(store.orphans.len()).map(Key::Orphan).collect(),
        StoreTab::Cache => {
            let cache = positions(store.cache.len()).map(|at| Key::Cache(CacheId(at)));
            let leases = positions(store.leases.len()).map(|at| Key::Lease(LeaseId(at)));
            cache.chain(leases).collect()
        }
        StoreTab::Volumes => positions(store.volumes.len())
            .map(|at| Key::Volume(VolumeId(at)))
            .collect(),
        StoreTab::Extras => positions(store.extras.len())
            .map(|at| Key::Extra(ExtraId(at)))
            .chain(positions(store.largest.len()).map(Key::LargePath))
            .collect(),
    }
}

/// Puts each pod in front of its containers; those of none come last.
fn with_pods(
    sizes: &SizedStore<'_>,
    choice: Choice<'_>,
    containers: Vec<Key>,
    passes: impl Fn(Key) -> bool,
) -> Vec<Key> {
    let store = sizes.store;
    let mut members: HashMap<Option<PodId>, Vec<Key>> = HashMap::new();
    for key in containers {
        let pod = key.container(store).and_then(|container| container.pod);
        members.entry(pod).or_default().push(key);
    }
    let pods = (0..).map(PodId).zip(&store.pods).map(|(id, _)| id);
    let mut pods: Vec<Key> = pods
        .filter(|id| members.contains_key(&Some(*id)) || passes(Key::Pod(*id)))
        .map(Key::Pod)
        .collect();
    sort(sizes, choice.sorting, &mut pods);
    let mut rows = Vec::new();
    for key in pods {
        rows.push(key);
        if let Key::Pod(id) = key {
            rows.extend(members.remove(&Some(id)).unwrap_or_default());
        }
    }
    rows.extend(members.remove(&None).unwrap_or_default());
    rows
}

fn sort(sizes: &SizedStore<'_>, sorting: Sorting<Field>, rows: &mut [Key]) {
    let name = |key: &Key| names::name(sizes.store, *key);
    let number = |key: &Key| match sorting.field {
        Field::Own => sizes.own(*key).bytes(),
        Field::Total => sizes.total(*key).bytes(),
        Field::Users => users(sizes, *key),
        Field::Name | Field::Time => 0,
    };
    // What nobody knows the time of comes behind what is known.
    let time = |key: &Key| match sorting.field {
        Field::Time => time(sizes.store, *key).unwrap_or(i64::MAX),
        _ => 0,
    };
    rows.sort_by_cached_key(|key| (number(key), time(key), name(key), *key));
    if sorting.field.falls() {
        // Equal ones stay in the order of their names.
        rows.sort_by_key(|key| std::cmp::Reverse(number(key)));
    }
    if sorting.order == Order::Reversed {
        rows.reverse();
    }
}

/// Returns how many others have it.
pub fn users(sizes: &SizedStore<'_>, key: Key) -> u64 {
    let count = match key {
        Key::Image(id) => {
            let account = sizes.accounts.images.get(id.as_usize());
            return account.map_or(0, |account| account.containers.into());
        }
        Key::Layer(id) => sizes
            .accounts
            .layers
            .get(id.as_usize())
            .map_or(0, |account| {
                account.images.len() + account.containers.len() + account.cache.len()
            }),
        Key::Volume(_) => {
            let volume = key.volume(sizes.store);
            volume.map_or(0, |volume| volume.containers.len())
        }
        _ => 0,
    };
    count as u64
}

/// Returns when it was made or, of build cache and orphans, last used or changed; seconds since 1970.
pub fn time(store: &Store, key: Key) -> Option<i64> {
    match key {
        Key::Image(_) => {
            let created = key.image(store)?.created.as_ref()?;
            created
                .parse::<jiff::Timestamp>()
                .ok()
                .map(jiff::Timestamp::as_second)
        }
        Key::Layer(id) => store.layers.get(id.as_usize())?.created,
        Key::Container(_) => key.container(store)?.created,
        Key::Cache(id) => {
            let record = store.cache.get(id.as_usize())?;
            record.used.or(record.created)
        }
        Key::Orphan(_) => {
            let orphan = key.orphan(store)?;
            let piece = store.pieces.get(orphan.piece.as_usize())?;
            orphan.since.or(piece.modified)
        }
        Key::Pod(_) | Key::Volume(_) | Key::Lease(_) | Key::Extra(_) | Key::LargePath(_) => None,
    }
}
