//! Images and containers of local layer stores, as a source like any other.

use std::path::Path;

use super::OpenOptions;
use super::catalog::{Candidate, Catalog, Origin, Presence, Role, canonical};
use super::locator::{Holder, InputPlace, Locator, Reading};
use crate::error::nearest::nearest_name;
use crate::error::{Error, Offer, Result, Warning};
use crate::image::Image;
use crate::path::display_str;
use crate::progress::Job;
use crate::store::{self, Container, ContainerId, Engine, ImageId, Inventory, Store};

/// Fewest characters that are taken for the beginning of an ID.
const SHORTEST_ID: usize = 4;

/// Returns whether a locator names a directory where an engine keeps layers.
pub(super) fn means_store(locator: &Locator) -> bool {
    let InputPlace::Path(path) = &locator.place else {
        return false;
    };
    match locator.reading {
        Reading::Store => true,
        Reading::Sniffed => {
            let has = |name: &str| path.join(name).exists();
            !["index.json", "manifest.json"].into_iter().any(has) && store::is_store(path)
        }
        _ => false,
    }
}

/// Lists the images of a store, those of a build's steps last.
pub(super) fn catalog(inventory: &Inventory) -> Catalog {
    let mut catalog = Catalog::default();
    for wants_steps in [false, true] {
        for (at, store) in inventory.stores.iter().enumerate() {
            for (id, image) in (0..).map(ImageId).zip(&store.images) {
                if image.is_intermediate != wants_steps {
                    continue;
                }
                catalog.add_distinct(Candidate {
                    names: image.names.clone(),
                    id: image.id.clone(),
                    digest: image.digest.clone(),
                    platform: image.platform.clone(),
                    presence: if image.layers.iter().all(Option::is_some) {
                        Presence::Present
                    } else {
                        Presence::Absent
                    },
                    role: if wants_steps {
                        Role::Artifact
                    } else {
                        Role::Image
                    },
                    origin: Origin::Stored(at, id),
                });
            }
        }
    }
    catalog
}

/// Returns what was odd about the stores' records.
pub(super) fn warnings(inventory: &Inventory) -> Vec<Warning> {
    let stores = inventory.stores.iter();
    stores.flat_map(|store| store.warnings.clone()).collect()
}

/// Opens a container by its name, its ID or the beginning of that.
///
/// # Errors
/// [`Error::NoSuchContainer`] or [`Error::ManyContainers`], with what there is.
pub(super) fn open_container(inventory: &Inventory, wanted: &str) -> Result<Image> {
    let all: Vec<(&Store, ContainerId, &Container)> = inventory
        .stores
        .iter()
        .flat_map(|store| {
            let ids = (0..).map(ContainerId);
            ids.zip(&store.containers)
                .map(move |(id, container)| (store, id, container))
        })
        .collect();
    let with = |is_meant: &dyn Fn(&Container) -> bool| -> Vec<_> {
        all.iter()
            .filter(|(.., container)| is_meant(container))
            .collect()
    };
    let mut found = with(&|container| container.name == wanted || container.id == wanted);
    if found.is_empty() && wanted.len() >= SHORTEST_ID {
        found = with(&|container| container.id.starts_with(wanted));
    }
    let offer = |container: &Container| {
        let id = container.id.get(..12).unwrap_or(&container.id);
        let name = display_str(&container.name).into_owned();
        Offer {
            line: format!("{}  {name}", display_str(id)),
            names: vec![name],
        }
    };
    match found.as_slice() {
        [(store, id, _)] => store.open_container(*id),
        [] => Err(Error::NoSuchContainer {
            name: inventory.name.clone(),
            wanted: display_str(wanted).into_owned(),
            available: all.iter().map(|(.., container)| offer(container)).collect(),
        }),
        several => Err(Error::ManyContainers {
            name: inventory.name.clone(),
            wanted: display_str(wanted).into_owned(),
            available: several
                .iter()
                .map(|(.., container)| offer(container).line)
                .collect(),
        }),
    }
}

/// Returns whether a word that is no file may be the name of an image: it does not say where a file is.
pub(super) fn may_be_name(locator: &Locator) -> bool {
    let word = locator.word();
    let is_path = word.starts_with(['/', '.']) || word.to_ascii_lowercase().contains(".tar");
    locator.reading == Reading::Sniffed
        && !is_path
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-/:@+".contains(&byte))
}

/// Looks for an image in the places where engines keep theirs; returns the stores of the first that has it.
///
/// # Errors
/// [`Error::NoSuchReference`], which says where was looked and what could not be read.
pub(super) fn find(
    holder: Holder,
    name: &str,
    options: &OpenOptions,
    job: &Job,
) -> Result<Inventory> {
    let mut looked = Vec::new();
    let mut others: Vec<String> = Vec::new();
    for place in &options.places {
        job.check()?;
        let shown = crate::path::display_os(place.as_os_str());
        match read_place(place, job) {
            Ok(None) => {}
            Ok(Some(mut inventory)) => {
                inventory.stores.retain(|store| holder.has(store.engine));
                if inventory.stores.is_empty() {
                    continue;
                }
                if inventory.stores.iter().any(|store| has_image(store, name)) {
                    return Ok(inventory);
                }
                let images = inventory.stores.iter().flat_map(|store| &store.images);
                others.extend(images.flat_map(|image| image.names.clone()));
                looked.push(format!("{shown}: not there"));
            }
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(Error::StoreDenied { .. }) => {
                looked.push(format!("{shown}: not readable without root"));
            }
            Err(error) => looked.push(format!("{shown}: {error}")),
        }
    }
    Err(Error::NoSuchReference {
        name: display_str(name).into_owned(),
        wanted: holder.lacks(),
        near: nearest_name(name, others.iter().map(String::as_str))
            .map(|near| display_str(near).into_owned()),
        looked,
    })
}

fn read_place(place: &Path, job: &Job) -> Result<Option<Inventory>> {
    match store::read(place, job) {
        Ok(inventory) => Ok(Some(inventory)),
        Err(Error::NotFound { .. } | Error::NotAStore { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Holder {
    /// Returns what a name is not that was found nowhere.
    const fn lacks(self) -> &'static str {
        match self {
            Self::Any => "no such file, and no such image in a local store",
            Self::Docker => "no such image in a local store of Docker",
            Self::Podman => "no such image in a local store of Podman",
        }
    }

    fn has(self, engine: Engine) -> bool {
        match self {
            Self::Any => true,
            Self::Podman => engine.definition().is_of_podman,
            // Docker may keep its images with the machine's own containerd.
            Self::Docker => !engine.definition().is_of_podman,
        }
    }
}

fn has_image(store: &Store, name: &str) -> bool {
    let wanted = canonical(name);
    let hex = name.strip_prefix("sha256:").unwrap_or(name);
    store.images.iter().any(|image| {
        let is_named = image.names.iter().any(|own| canonical(own) == wanted);
        let is_meant = |digest: Option<&crate::image::Digest>| {
            hex.len() >= SHORTEST_ID
                && digest.is_some_and(|digest| digest.encoded().starts_with(hex))
        };
        is_named || is_meant(image.id.as_ref()) || is_meant(image.digest.as_ref())
    })
}
