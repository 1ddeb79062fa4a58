//! What things of a store are called, unescaped: for cells, filters and the clipboard.

use super::key::Key;
use crate::image::Digest;
use crate::store::{Container, ImageId, LargePath, LayerId, Lease, Store, StoredImage};
use crate::tui::store_subject::{Item, StoreSubject, What};

/// Returns what a row is called, unescaped.
pub fn name(store: &Store, key: Key) -> String {
    let found = match key {
        Key::Image(_) => key.image(store).map(|found| image(store, found)),
        Key::Layer(id) => store.layers.get(id.as_usize()).map(|_| layer(store, id)),
        Key::Container(_) => key.container(store).map(container),
        Key::Pod(id) => {
            let pod = store.pods.get(id.as_usize());
            pod.map(|pod| format!("{}/{}", pod.namespace, pod.name))
        }
        // What is lossy here is only shown: places are copied and listed from their bytes.
        Key::Orphan(_) | Key::LargePath(_) => place(store, key),
        Key::Cache(id) => store.cache.get(id.as_usize()).map(|record| {
            if record.description.is_empty() {
                record.id.clone()
            } else {
                record.description.clone()
            }
        }),
        Key::Volume(_) => key.volume(store).map(|volume| volume.name.clone()),
        Key::Lease(_) => key.lease(store).map(Lease::words),
        Key::Extra(_) => key.extra(store).map(|extra| extra.name.clone()),
    };
    found.unwrap_or_default()
}

/// Returns the whole place of the first piece, escaped.
pub fn place(store: &Store, key: Key) -> Option<String> {
    if let Some(path) = key.large_path(store) {
        return Some(path.location.shown());
    }
    let piece = match key {
        Key::Orphan(_) => Some(key.orphan(store)?.piece),
        Key::Volume(_) => key.volume(store)?.pieces.first().copied(),
        Key::Extra(_) => key.extra(store)?.pieces.first().copied(),
        Key::Layer(id) => store.layers.get(id.as_usize())?.pieces.first().copied(),
        _ => None,
    }?;
    Some(store.pieces.get(piece.as_usize())?.location.shown())
}

/// Returns the ID behind a row, unescaped: what `Y` copies.
pub fn id(store: &Store, key: Key) -> Option<String> {
    match key {
        Key::Image(_) => {
            let image = key.image(store)?;
            let digest = image.id.as_ref().or(image.digest.as_ref())?;
            Some(digest.to_string())
        }
        Key::Layer(id) => {
            let layer = store.layers.get(id.as_usize())?;
            let digest = layer.chain_id.as_ref().or(layer.diff_id.as_ref());
            Some(digest.map_or_else(|| layer.name.clone(), ToString::to_string))
        }
        Key::Container(_) => Some(key.container(store)?.id.clone()),
        Key::Pod(id) => Some(store.pods.get(id.as_usize())?.uid.clone()),
        Key::Orphan(_) | Key::LargePath(_) => place(store, key),
        Key::Cache(id) => Some(store.cache.get(id.as_usize())?.id.clone()),
        Key::Volume(_) => Some(key.volume(store)?.name.clone()),
        Key::Lease(_) => Some(key.lease(store)?.id.clone()),
        Key::Extra(_) => Some(key.extra(store)?.name.clone()),
    }
}

/// Returns what an extra is, or what a large path is a part of; empty for anything else.
pub fn kind(store: &Store, key: Key) -> &'static str {
    let extra = key.extra(store).map(|extra| extra.kind.as_str());
    let part = || key.large_path(store).map(LargePath::part);
    extra.or_else(part).unwrap_or_default()
}

/// Returns the names of an image in one line; `<none>@…` for a dangling one.
pub fn image(store: &Store, image: &StoredImage) -> String {
    if !image.names.is_empty() {
        return image.names.join(", ");
    }
    let digest = image.id.as_ref().or(image.digest.as_ref());
    let short = |digest: &Digest| digest.short().get(..8).unwrap_or_default().to_owned();
    digest.map_or_else(
        || {
            let top = image.layers.last().copied().flatten();
            let top = top.map_or_else(String::new, |top| layer(store, top));
            format!("<none> on {top}")
        },
        |digest| format!("<none>@{}", short(digest)),
    )
}

/// Returns what an image or a container is called, unescaped.
pub fn item(stores: &StoreSubject, item: Item) -> String {
    let Some(store) = stores.store(item.store) else {
        return String::new();
    };
    match item.what {
        What::Image(id) => image_briefly(store, id),
        What::Container(id) => name(store, Key::Container(id)),
    }
}

/// Returns one name of an image, the shortest to say.
pub fn image_briefly(store: &Store, id: ImageId) -> String {
    let Some(found) = store.images.get(id.as_usize()) else {
        return String::new();
    };
    found
        .names
        .first()
        .cloned()
        .unwrap_or_else(|| image(store, found))
}

/// Returns the name of a container, or the beginning of its ID.
pub fn container(container: &Container) -> String {
    if container.name.is_empty() {
        container.id.chars().take(12).collect()
    } else {
        container.name.clone()
    }
}

/// Returns a layer's ID, shortened where it is a digest.
pub fn layer(store: &Store, id: LayerId) -> String {
    let Some(layer) = store.layers.get(id.as_usize()) else {
        return String::new();
    };
    let digest = layer.chain_id.as_ref().or(layer.diff_id.as_ref());
    digest.map_or_else(|| briefly(&layer.name), |digest| digest.short().to_owned())
}

/// Shortens the digits that a name begins with: two layers of one container differ in what comes after them.
fn briefly(name: &str) -> String {
    const SHORT: usize = 12;
    let digits = name.bytes().take_while(u8::is_ascii_hexdigit).count();
    match (digits, name.get(..SHORT), name.get(digits..)) {
        (32.., Some(start), Some(rest)) => format!("{start}{rest}"),
        _ => name.to_owned(),
    }
}

/// Returns as much of a text as any cell may show; names have no limit of their own.
pub fn clipped(text: &str) -> &str {
    const MOST: usize = 1000;
    let end = text
        .char_indices()
        .nth(MOST)
        .map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

/// Returns everything of a row that a filter looks at.
pub fn searched(store: &Store, key: Key) -> String {
    let mut text = name(store, key);
    let mut add = |more: &str| {
        text.push('\n');
        text.push_str(more);
    };
    if let Some(id) = id(store, key) {
        add(&id);
    }
    match key {
        Key::Container(_) => {
            if let Some(container) = key.container(store) {
                add(&container.image_name);
                add(container.state.as_str());
            }
        }
        Key::Orphan(_) => {
            if let Some(orphan) = key.orphan(store) {
                add(&orphan.reason);
                add(orphan.kind);
            }
        }
        Key::Layer(id) => {
            if let Some(layer) = store.layers.get(id.as_usize()) {
                add(&layer.name);
                // `du` and `mount` know it by its directory.
                let files = layer.pieces.first();
                let files = files.and_then(|files| store.pieces.get(files.as_usize()));
                if let Some(files) = files {
                    add(&files.location.shown());
                }
            }
        }
        _ => {}
    }
    text
}
