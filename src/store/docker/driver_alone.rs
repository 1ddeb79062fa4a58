//! A driver's directory alone: which layers stand on which is written beside each of them; names, history and
//! diff IDs are not.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::error::{Result, WarningCode};
use crate::image::Platform;

use super::reader::DockerReader;
use super::records::place;
use crate::store::{Container, ImageId, LayerId, Naming, Ownership, Role, State, StoredImage};

/// Suffix of the layer between an image and what a container writes.
const INIT: &str = "-init";

/// Reads what `link` and `lower` tell of every layer.
pub(super) fn read(reader: &mut DockerReader<'_>) -> Result<()> {
    let home = reader.graph.place(b"");
    let directories = directories(reader)?;
    let short_names = short_names(reader, &home, &directories);
    let mut below: BTreeMap<String, String> = BTreeMap::new();
    for name in &directories {
        reader.check()?;
        if let Some(parent) = parent(reader, name, &short_names) {
            below.insert(name.clone(), parent);
        }
    }
    reader.store.naming = Naming::Unknown;
    reader.store.ownership = Ownership::InPart;
    add_layers(reader, &directories, &below);
    add_containers_and_images(reader, &directories, &below);
    let shown = reader.records.root().shown(&home);
    let message = format!(
        "{shown} is read without the records beside it: images have no names, history or diff IDs, and containers no names"
    );
    reader.records.warn(WarningCode::BadRecord, message);
    Ok(())
}

fn directories(reader: &mut DockerReader<'_>) -> Result<BTreeSet<String>> {
    let mut directories = BTreeSet::new();
    for name in reader.graph.names().clone() {
        reader.check()?;
        let Ok(text) = String::from_utf8(name.clone()) else {
            let at = reader.graph.place(&name);
            reader.records.bad(&at, "its name is not text");
            continue;
        };
        if reader.graph.has(&text) {
            directories.insert(text);
        }
    }
    Ok(directories)
}

/// `link` has the name that `lower` files call a layer by; where it is missing the links in `l/` tell.
fn short_names(
    reader: &mut DockerReader<'_>,
    home: &[u8],
    directories: &BTreeSet<String>,
) -> HashMap<String, String> {
    let mut names = HashMap::new();
    for link in reader.records.names(&place(&[home, b"l"])) {
        let target = reader.records.root().link(&place(&[home, b"l", &link]));
        let target = target
            .ok()
            .flatten()
            .and_then(|target| String::from_utf8(target).ok());
        let target = target
            .as_deref()
            .and_then(|target| target.strip_prefix("../")?.strip_suffix("/diff"));
        if let (Some(target), Ok(link)) = (target, String::from_utf8(link)) {
            names.insert(link, target.to_owned());
        }
    }
    for name in directories {
        let at = reader.graph.place(&place(&[name.as_bytes(), b"link"]));
        if let Some(link) = reader.records.text(&at) {
            names.insert(link, name.clone());
        }
    }
    names.retain(|_, name| directories.contains(name));
    names
}

/// The first of the layers below, as `l/SHORT:l/SHORT…` lists them from the top.
fn parent(
    reader: &mut DockerReader<'_>,
    name: &str,
    short_names: &HashMap<String, String>,
) -> Option<String> {
    let at = reader.graph.place(&place(&[name.as_bytes(), b"lower"]));
    let lower = reader.records.text(&at)?;
    let first = lower.split(':').next().unwrap_or_default();
    let first = first.strip_prefix("l/").unwrap_or(first);
    let parent = short_names.get(first).cloned();
    if parent.is_none() {
        reader
            .records
            .bad(&at, "it begins with a layer that is not there");
    }
    parent
}

fn add_layers(
    reader: &mut DockerReader<'_>,
    directories: &BTreeSet<String>,
    below: &BTreeMap<String, String>,
) {
    for name in directories {
        let is_init = name.ends_with(INIT);
        let is_container = directories.contains(&format!("{name}{INIT}"));
        let (files, rest) = match (is_init, is_container) {
            (true, _) => (Role::ContainerFiles, Role::ContainerFiles),
            (_, true) => (Role::Writable, Role::ContainerFiles),
            _ => (Role::Layer, Role::Layer),
        };
        let pieces = reader.pieces(name, files, rest);
        let listing = reader.graph.listing(name, None);
        reader.directory_layer(name, None, pieces, listing);
    }
    for (name, parent) in below {
        let parent = reader.by_directory.get(parent).copied();
        if let Some(&layer) = reader.by_directory.get(name) {
            reader.store.layers[layer.as_usize()].parent = parent;
        }
    }
}

/// A directory with an `-init` twin is a container's. Whatever a container stands on is an image, and so is what
/// nothing stands on.
fn add_containers_and_images(
    reader: &mut DockerReader<'_>,
    directories: &BTreeSet<String>,
    below: &BTreeMap<String, String>,
) {
    let is_init = |name: &str| name.ends_with(INIT);
    let is_container = |name: &str| directories.contains(&format!("{name}{INIT}"));
    let mut tops: BTreeSet<&str> = directories.iter().map(String::as_str).collect();
    tops.retain(|name| !is_init(name) && !is_container(name));
    for (name, parent) in below {
        if !is_init(name) && !is_container(name) {
            tops.remove(parent.as_str());
        }
    }
    let bases = below.iter().filter(|(name, _)| is_init(name));
    tops.extend(bases.map(|(_, parent)| parent.as_str()));
    let mut images = HashMap::new();
    for (name, at) in tops.into_iter().zip(0..) {
        if let Some(&top) = reader.by_directory.get(name) {
            images.insert(top, ImageId(at));
            add_image(reader, top);
        }
    }
    for name in directories.iter().filter(|name| is_container(name)) {
        add_container(reader, name, &images);
    }
}

fn add_image(reader: &mut DockerReader<'_>, top: LayerId) {
    let layers = reader.store.chain(top).into_iter().map(Some).collect();
    reader.store.images.push(StoredImage {
        names: Vec::new(),
        id: None,
        digest: None,
        platform: Platform::default(),
        created: None,
        config: None,
        layers,
        diff_ids: Vec::new(),
        pieces: Vec::new(),
        parent: None,
        namespace: None,
        is_intermediate: false,
    });
}

fn add_container(reader: &mut DockerReader<'_>, name: &str, images: &HashMap<LayerId, ImageId>) {
    let writable = reader.by_directory.get(name).copied();
    let init = reader.by_directory.get(&format!("{name}{INIT}")).copied();
    let top = init.and_then(|init| reader.store.layer(init).parent);
    let mut pieces = Vec::new();
    if let Some(writable) = writable {
        let own = &mut reader.store.layers[writable.as_usize()].pieces;
        pieces.extend(own.drain(1..));
    }
    reader.store.containers.push(Container {
        id: name.to_owned(),
        name: String::new(),
        image: top.and_then(|top| images.get(&top)).copied(),
        image_name: String::new(),
        state: State::Other(String::new()),
        created: None,
        layers: top.map_or_else(Vec::new, |top| reader.store.chain(top)),
        init,
        writable,
        logs: Vec::new(),
        pieces,
        pod: None,
        growth: Vec::new(),
    });
}
