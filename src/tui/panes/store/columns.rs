//! Columns of the tables of a store: which of them fit, and what stands in their cells.

use super::amounts::{SizedStore, amount_text};
use super::key::Key;
use super::{StoreTab, names, rows};
use crate::store::{Amount, LayerId, State, StoredImage, Volume};
use crate::text::Look;
use crate::tui::table::Side::{self, Left, Right};
use crate::tui::table::{self, Cell, Table, Width};
use crate::tui::theme::Role;
use crate::units::count;

/// What a column is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// What is the row's own.
    Own,
    /// What others have too.
    Shared,
    /// All of it.
    Total,
    /// What only the build cache keeps.
    Private,
    /// What it has logged.
    Logs,
    /// A bar of what is its own and what is shared.
    Bar,
    /// Number of layers.
    Layers,
    /// Number of users.
    Users,
    /// Day it was made, last used or changed.
    Day,
    /// What a container is doing.
    State,
    /// The image of a container.
    Image,
    /// Driver of a volume.
    Driver,
    /// What an extra is, or what a path is a part of.
    Kind,
    /// Short ID.
    Id,
    /// What it is called.
    Name,
    /// What it is called, beside something longer.
    ShortName,
    /// The directory that grew most.
    Growth,
    /// Why nobody owns it.
    Reason,
    /// Who has the layer.
    UsedBy,
}

/// A column that may be left out: what it takes, and from which width of the table on it is there.
type Offer = (Column, &'static str, u16, Side, u16);

const IMAGES: &[Offer] = &[
    (Column::Own, "Unique", 10, Right, 0),
    (Column::Shared, "Shared", 10, Right, 60),
    (Column::Total, "Total", 10, Right, 50),
    (Column::Bar, "", 8, Left, 76),
    (Column::Layers, "Layers", 6, Right, 70),
    (Column::Users, "Ctrs", 4, Right, 56),
    (Column::Day, "Created", 10, Left, 110),
    (Column::Name, "Image", 0, Left, 0),
];

const LAYERS: &[Offer] = &[
    (Column::Total, "Size", 10, Right, 0),
    (Column::Users, "Refs", 4, Right, 40),
    (Column::Day, "Created", 10, Left, 100),
    (Column::ShortName, "Layer", 17, Left, 0),
    (Column::UsedBy, "Used by", 0, Left, 0),
];

const CONTAINERS: &[Offer] = &[
    (Column::Own, "Writable", 10, Right, 0),
    (Column::Logs, "Logs", 10, Right, 66),
    (Column::Day, "Created", 10, Left, 130),
    (Column::ShortName, "Container", 13, Left, 0),
    (Column::Image, "Image", 13, Left, 70),
    (Column::State, "State", 8, Left, 0),
    (Column::Growth, "Growth", 0, Left, 0),
];

const ORPHANS: &[Offer] = &[
    (Column::Total, "Size", 10, Right, 0),
    (Column::Day, "Changed", 10, Left, 60),
    (Column::ShortName, "Directory", 28, Left, 50),
    (Column::Reason, "Why", 0, Left, 0),
];

const CACHE: &[Offer] = &[
    (Column::Total, "Size", 10, Right, 0),
    (Column::Private, "Cache only", 10, Right, 56),
    (Column::Day, "Last used", 10, Left, 70),
    (Column::Id, "ID", 12, Left, 90),
    (Column::Name, "What", 0, Left, 0),
];

const VOLUMES: &[Offer] = &[
    (Column::Total, "Size", 10, Right, 0),
    (Column::Users, "Ctrs", 4, Right, 40),
    (Column::Driver, "Driver", 8, Left, 60),
    (Column::Name, "Volume", 0, Left, 0),
];

const EXTRAS: &[Offer] = &[
    (Column::Total, "Size", 10, Right, 0),
    (Column::Kind, "Kind", 15, Left, 40),
    (Column::Name, "Name", 0, Left, 0),
];

/// Columns of a table from which on bars and names are longer.
const WIDE: u16 = 130;

/// Returns the columns of a view in a table of a width; the last one takes what is left.
pub fn table(tab: StoreTab, width: u16) -> Table<Column> {
    let offers = match tab {
        StoreTab::Images => IMAGES,
        StoreTab::Layers => LAYERS,
        StoreTab::Containers => CONTAINERS,
        StoreTab::Orphans => ORPHANS,
        StoreTab::Cache => CACHE,
        StoreTab::Volumes => VOLUMES,
        StoreTab::Extras => EXTRAS,
    };
    let wanted = offers.iter().filter(|(.., least)| width >= *least);
    let columns = wanted.map(|&(what, heading, columns, side, _)| table::Column {
        what,
        heading: heading.to_owned(),
        width: match what {
            _ if columns == 0 => Width::Rest,
            _ => Width::Fixed(columns_of(what, columns, tab, width)),
        },
        side,
    });
    Table::new(columns.collect(), width, 1)
}

/// Returns the columns of the screen that one takes in a table of a width.
fn columns_of(what: Column, usual: u16, tab: StoreTab, width: u16) -> u16 {
    match what {
        Column::Bar if width >= WIDE => 28,
        Column::Bar if width < 90 => 6,
        // Pods have two names.
        Column::ShortName | Column::Image if tab == StoreTab::Containers => {
            (width.saturating_sub(28) / 4).clamp(13, 40)
        }
        Column::ShortName | Column::Image if width >= WIDE && usual < 28 => 24,
        Column::ShortName if width >= WIDE => 60,
        Column::ShortName if width < 64 && tab == StoreTab::Layers => 13,
        Column::ShortName if width < 64 => usual.min(20),
        _ => usual,
    }
}

/// Returns what stands in a cell; bars are drawn and have no text.
pub fn cell(sizes: &SizedStore<'_>, key: Key, column: Column, look: Look) -> Cell {
    let size = |size| Cell::plain(sizes.text(size, look));
    let shown = |text: &str| look.shown(names::clipped(text).as_bytes());
    match column {
        Column::Own => size(sizes.own(key)),
        Column::Shared => size(sizes.shared(key)),
        Column::Total => size(sizes.total(key)),
        Column::Private => size(sizes.private(key)),
        Column::Logs => size(sizes.logs(key)),
        Column::Bar => Cell::plain(""),
        Column::Layers => {
            let image = key.image(sizes.store);
            Cell::plain(image.map_or_else(String::new, |image| image.layers.len().to_string()))
        }
        Column::Users => {
            let users = sizes.store.known_users(rows::users(sizes, key));
            let users = match key {
                Key::Volume(id) => {
                    let volume = sizes.store.volumes.get(id.as_usize());
                    users.filter(|_| volume.is_some_and(Volume::has_known_users))
                }
                _ => users,
            };
            Cell::plain(users.map_or_else(|| "?".to_owned(), count))
        }
        Column::Day => Cell::dim(day(sizes, key)),
        Column::State => state(sizes, key, look),
        Column::Image => Cell::plain(shown(&image_of(sizes, key))),
        Column::Driver => {
            let volume = key.volume(sizes.store);
            Cell::dim(volume.map_or_else(String::new, |volume| shown(&volume.driver)))
        }
        Column::Kind => Cell::dim(names::kind(sizes.store, key).to_owned()),
        Column::Id => {
            let id = names::id(sizes.store, key).unwrap_or_default();
            Cell::dim(shown(&id.chars().take(12).collect::<String>()))
        }
        Column::Name | Column::ShortName => Cell::plain(name(sizes, key, look)),
        Column::Growth => Cell::plain(growth(sizes, key, look)),
        Column::Reason => {
            let orphan = key.orphan(sizes.store);
            Cell::plain(orphan.map_or_else(String::new, |orphan| shown(&orphan.reason)))
        }
        Column::UsedBy => match key {
            Key::Layer(id) => used_by(sizes, id, look),
            _ => Cell::plain(""),
        },
    }
}

/// Returns what a row is called, with what is special about it.
fn name(sizes: &SizedStore<'_>, key: Key, look: Look) -> String {
    let shown = look.shown(names::clipped(&names::name(sizes.store, key)).as_bytes());
    match key {
        Key::Image(_) => match key.image(sizes.store) {
            Some(image) => format!("{shown}{}", remarks(sizes, image, look)),
            None => shown,
        },
        // The root is known, and the end of a place tells most.
        Key::Orphan(_) => {
            let orphan = key.orphan(sizes.store);
            let piece = orphan.and_then(|orphan| sizes.store.pieces.get(orphan.piece.as_usize()));
            piece.map_or(shown, |piece| {
                look.shown(sizes.store.place(&piece.location).as_bytes())
            })
        }
        Key::Volume(_) => {
            let held = key
                .volume(sizes.store)
                .and_then(|volume| volume.holds.first());
            held.map_or(shown.clone(), |held| {
                format!("{shown} holds a {} store", held.engine)
            })
        }
        Key::Pod(_) => format!("pod {shown}"),
        Key::Container(_) => {
            let container = key.container(sizes.store);
            let has_pod = container.is_some_and(|container| container.pod.is_some());
            if has_pod { format!("  {shown}") } else { shown }
        }
        _ => shown,
    }
}

/// Returns what is special about an image.
fn remarks(sizes: &SizedStore<'_>, image: &StoredImage, look: Look) -> String {
    let kind = match (image.is_intermediate, sizes.store.is_dangling(image)) {
        (true, _) => " step",
        (false, Some(true)) => " dangling",
        (false, None) => " name unknown",
        (false, Some(false)) => "",
    };
    let is_told = sizes.store.engine.definition().shows_namespaces;
    let namespace = image.namespace.as_ref().filter(|_| is_told);
    let namespace = namespace.map_or_else(String::new, |namespace| {
        format!(" [{}]", look.shown(names::clipped(namespace).as_bytes()))
    });
    let missing = image.layers.iter().filter(|layer| layer.is_none()).count();
    let missing = match missing {
        0 => String::new(),
        some => format!(" {some} layers missing"),
    };
    let platform = same_name(sizes, image, look);
    format!("{kind}{platform}{namespace}{missing}")
}

fn day(sizes: &SizedStore<'_>, key: Key) -> String {
    rows::time(sizes.store, key).map_or_else(|| "-".into(), day_of)
}

/// Returns the day of a time, in UTC.
pub fn day_of(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds);
    time.map_or_else(|_| "-".into(), |time| time.strftime("%Y-%m-%d").to_string())
}

fn state(sizes: &SizedStore<'_>, key: Key, look: Look) -> Cell {
    let Some(container) = key.container(sizes.store) else {
        return Cell::plain("");
    };
    let role = match container.state {
        State::Running => Role::Good,
        _ => Role::Dim,
    };
    Cell::new(look.shown(container.state.as_str().as_bytes()), role)
}

fn image_of(sizes: &SizedStore<'_>, key: Key) -> String {
    let Some(container) = key.container(sizes.store) else {
        return String::new();
    };
    match container.image {
        _ if !container.image_name.is_empty() => container.image_name.clone(),
        Some(image) => names::image_briefly(sizes.store, image),
        None => "-".into(),
    }
}

/// Returns what distinguishes images of one name: what they are for.
fn same_name(sizes: &SizedStore<'_>, image: &StoredImage, look: Look) -> String {
    let same = sizes
        .store
        .images
        .iter()
        .filter(|other| !other.names.is_empty() && other.names == image.names)
        .take(2);
    if same.count() < 2 {
        return String::new();
    }
    let platform = image.platform.written().unwrap_or_default();
    format!(" {}", look.shown(names::clipped(&platform).as_bytes()))
}

fn growth(sizes: &SizedStore<'_>, key: Key, look: Look) -> String {
    if let Key::Pod(_) = key {
        let total = sizes.text(sizes.total(key), look);
        return format!("total {total}, its volumes included");
    }
    let Some(container) = key.container(sizes.store) else {
        return String::new();
    };
    let grown = container.growth.first();
    grown.map_or_else(
        || "-".into(),
        |grown| {
            let path = look.shown(&grown.path);
            format!("/{path} {}", look.units.size(grown.disk_bytes))
        },
    )
}

/// Most names in a cell before the rest is only counted.
const MOST_NAMES: usize = 6;

fn used_by(sizes: &SizedStore<'_>, id: LayerId, look: Look) -> Cell {
    let Some(account) = sizes.accounts.layers.get(id.as_usize()) else {
        return Cell::plain("");
    };
    let store = sizes.store;
    // Steps of builds tell least.
    let mut images = account.images.clone();
    images.sort_by_key(|id| {
        let image = store.images.get(id.as_usize());
        image.is_none_or(|image| image.names.is_empty())
    });
    let images = images.iter().map(|id| names::image_briefly(store, *id));
    let containers = account.containers.iter().map(|id| {
        let container = store.containers.get(id.as_usize());
        format!("({})", container.map_or_else(String::new, names::container))
    });
    let users = account.images.len() + account.containers.len();
    let mut words: Vec<String> = images
        .chain(containers)
        .take(MOST_NAMES)
        .map(|name| look.shown(names::clipped(&name).as_bytes()))
        .collect();
    if users > MOST_NAMES {
        words.push(format!("{} more", users - MOST_NAMES));
    }
    if !account.cache.is_empty() {
        words.push("build cache".into());
    }
    if words.is_empty() {
        return Cell::dim("nobody");
    }
    Cell::plain(words.join(" "))
}

/// Returns the sums in the title of a view.
pub fn title(sizes: &SizedStore<'_>, tab: StoreTab, look: Look) -> String {
    let totals = &sizes.accounts.totals;
    let amount = |amount| amount_text(amount, sizes.known, look);
    let sum = match tab {
        StoreTab::Images => {
            let (once, up) = (amount(totals.images), amount(totals.images_added_up));
            return format!("Images   {once} after sharing ({up} added up)");
        }
        StoreTab::Layers => totals.images,
        StoreTab::Containers => {
            let (writable, logs) = (amount(totals.writable), amount(totals.logs));
            return format!("Containers   written {writable}, logs {logs}");
        }
        StoreTab::Orphans => totals.orphans,
        StoreTab::Cache if totals.leases != Amount::default() => {
            let (cache, leases) = (amount(totals.cache), amount(totals.leases));
            return format!("{}   {cache}, held by leases {leases}", tab.title());
        }
        StoreTab::Cache => totals.cache,
        StoreTab::Volumes => totals.volumes,
        StoreTab::Extras => totals.extras + totals.bookkeeping + totals.container_files,
    };
    format!("{}   {}", tab.title(), amount(sum))
}
