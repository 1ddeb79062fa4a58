//! What nerdctl keeps beside containerd: logs and files of containers, and volumes.
//!
//! nerdctl, docs/dir.md: `DATAROOT/HASH/containers/NAMESPACE/ID` and `DATAROOT/HASH/volumes/NAMESPACE/NAME`, where the
//! hash is that of containerd's address. Containers name their directory, their log and what they mount in labels
//! (nerdctl, pkg/labels/labels.go).

use std::collections::BTreeMap;
use std::path::Path;

use super::{ContainerdReader, Volume};
use crate::beneath::Beneath;
use crate::image::json::Json;
use crate::store::meta_db::{ContainerRecord, Namespace};
use crate::store::places::{above, is_component, is_directory, is_same, real_path};
use crate::store::{ContainerId, Location, Ownership, PieceId, Role};
use crate::{limits, path};

const STATE: &str = "nerdctl/state-dir";
const LOG: &str = "nerdctl/log-uri";
const MOUNTS: &str = "nerdctl/mounts";

/// Most data roots that labels may name beside the usual one.
const MOST_ROOTS: usize = 16;

/// Most names of a data root that are looked at.
const MOST_NAMES: usize = 1024;

/// Who mounts a volume, by namespace and name.
type Mounts = BTreeMap<(String, String), Vec<ContainerId>>;

/// What one containerd has in a data root.
struct DataStore {
    home: Location,
    /// Whether a container of this containerd has its files there.
    is_used: bool,
}

impl ContainerdReader {
    /// Claims the files of nerdctl's containers, and adds its volumes.
    pub(super) fn add_nerdctl(&mut self) {
        let namespaces = std::mem::take(&mut self.namespaces);
        let mut stores = self.data_stores(&namespaces);
        let mut mounts = Mounts::new();
        let mut has_all_mounts = !self.is_doubtful;
        for namespace in &namespaces {
            for record in &namespace.containers {
                let Some(&id) = self.containers_by_id.get(&record.id) else {
                    continue;
                };
                if record.labels.contains_key(STATE) {
                    self.store.nerdctl.insert(id, namespace.name.clone());
                }
                for store in &mut stores {
                    store.is_used |= self.claim_state(namespace, record, (store, id));
                }
                has_all_mounts &= self.note_mounts(namespace, record, (&mut mounts, id));
            }
        }
        self.namespaces = namespaces;
        let is_only = stores.len() == 1;
        for store in &stores {
            // Another containerd's containers may mount them.
            let users = if has_all_mounts && (is_only || store.is_used) {
                Ownership::Recorded
            } else {
                Ownership::InPart
            };
            self.add_volumes_of(store, &mut mounts, users);
        }
    }

    /// Returns the data stores beside containerd, and those that labels name; their roots are claimed.
    fn data_stores(&mut self, namespaces: &[Namespace]) -> Vec<DataStore> {
        let library =
            above(&self.places.home.root, "..").filter(|_| self.places.home.path.is_empty());
        let usual = library.and_then(|library| library.directory(b"nerdctl").ok().flatten());
        let mut roots: Vec<Beneath> = usual.into_iter().collect();
        let mut records = namespaces
            .iter()
            .flat_map(|of| of.containers.iter().map(move |one| (of, one)));
        while roots.len() < MOST_ROOTS
            && let Some((namespace, record)) = records.next()
        {
            let named = root_named(namespace, record);
            roots.extend(named.filter(|named| !roots.iter().any(|root| is_same(root, named, b""))));
        }
        let mut stores = Vec::new();
        for root in roots {
            let whole = Location::new(&root, Vec::new());
            let of_root = names_of_data_stores(&root)
                .into_iter()
                .map(|name| DataStore {
                    home: whole.join(name),
                    is_used: false,
                });
            let before = stores.len();
            stores.extend(of_root);
            if stores.len() > before {
                self.store.add_piece(whole, Role::Bookkeeping);
            }
        }
        stores
    }

    /// Claims the files of a container; returns whether there are any.
    fn claim_state(
        &mut self,
        namespace: &Namespace,
        record: &ContainerRecord,
        (store, id): (&DataStore, ContainerId),
    ) -> bool {
        let parts = [namespace.name.as_bytes(), record.id.as_bytes()];
        if !parts.into_iter().all(is_component) {
            return false;
        }
        let place = format!("containers/{}/{}", namespace.name, record.id);
        let place = store.home.join(place);
        if !is_directory(&place.root, &place.path) {
            return false;
        }
        // nerdctl, pkg/logging/jsonfile: rotated ones have a number behind.
        let log = format!("{}-json.log", record.id);
        let mut logs: Vec<PieceId> = Vec::new();
        for name in listed(&place) {
            if name.starts_with(log.as_bytes()) {
                logs.push(self.store.add_piece(place.join(&name), Role::Log));
            }
        }
        let elsewhere = log_elsewhere(record, &place);
        logs.extend(elsewhere.map(|log| self.store.add_piece(log, Role::Log)));
        let files = self.store.add_piece(place, Role::ContainerFiles);
        if let Some(container) = self.store.containers.get_mut(id.as_usize()) {
            container.logs.extend(logs);
            container.pieces.push(files);
        }
        true
    }

    /// Notes which volumes a container mounts; returns whether that is all known.
    fn note_mounts(
        &mut self,
        namespace: &Namespace,
        record: &ContainerRecord,
        (mounts, id): (&mut Mounts, ContainerId),
    ) -> bool {
        let Some(label) = record.labels.get(MOUNTS) else {
            return true;
        };
        let list = match Json::parse(label.as_bytes()) {
            Ok(list) => list,
            Err(reason) => {
                let place = self.meta_place();
                let container = path::display_str(&record.id);
                self.bad(
                    &place,
                    &format!("the label {MOUNTS} of {container}: {reason}"),
                );
                return false;
            }
        };
        let of_volumes = list.list().iter();
        let of_volumes = of_volumes.filter(|mount| mount.get("Type").text() == Some("volume"));
        for name in of_volumes.filter_map(|mount| mount.get("Name").text()) {
            let name = (namespace.name.clone(), name.to_owned());
            mounts.entry(name).or_default().push(id);
        }
        true
    }

    fn add_volumes_of(&mut self, store: &DataStore, mounts: &mut Mounts, users: Ownership) {
        let volumes = store.home.join("volumes");
        for namespace in listed(&volumes) {
            let of_namespace = volumes.join(&namespace);
            let Ok(namespace) = String::from_utf8(namespace) else {
                continue;
            };
            for name in listed(&of_namespace) {
                let place = of_namespace.join(&name);
                let Some(name) = String::from_utf8(name)
                    .ok()
                    .filter(|_| is_directory(&place.root, &place.path))
                else {
                    continue;
                };
                let containers = mounts.remove(&(namespace.clone(), name.clone()));
                let piece = self.store.add_piece(place, Role::Volume);
                self.store.volumes.push(Volume {
                    name,
                    pieces: vec![piece],
                    containers: containers.unwrap_or_default(),
                    driver: "local".to_owned(),
                    namespace: Some(namespace.clone()),
                    users,
                    holds: Vec::new(),
                });
            }
        }
    }
}

/// Lists a directory; one that cannot be is unmeasured, as the walk finds, and owns nothing of containerd's.
fn listed(place: &Location) -> Vec<Vec<u8>> {
    let names = place.root.names(&place.path, limits::STORE_NAMES);
    names.ok().flatten().unwrap_or_default()
}

/// Returns the containerd beside a data root of nerdctl, or beside that which one of its directories lies in.
pub(super) fn containerd_beside(root: &Beneath) -> Option<Beneath> {
    let is_named_so = real_path(root).and_then(|path| {
        let name = path.file_name()?.to_str()?;
        Some(is_hash(name.as_bytes()))
    });
    let climb = if is_named_so == Some(true) && is_data_store(root, b"") {
        "../.."
    } else if !names_of_data_stores(root).is_empty() {
        ".."
    } else {
        return None;
    };
    above(root, climb)?.directory(b"containerd").ok().flatten()
}

fn names_of_data_stores(root: &Beneath) -> Vec<Vec<u8>> {
    let mut names = root
        .names(b"", MOST_NAMES)
        .ok()
        .flatten()
        .unwrap_or_default();
    names.retain(|name| is_hash(name) && is_data_store(root, name));
    names
}

fn is_data_store(root: &Beneath, place: &[u8]) -> bool {
    let parts: [&[u8]; 2] = [b"containers", b"volumes"];
    parts.into_iter().any(|part| {
        let place = Location::new(root, place).join(part);
        is_directory(root, &place.path)
    })
}

/// nerdctl, pkg/clientutil: the beginning of a digest.
fn is_hash(name: &[u8]) -> bool {
    name.len() == 8 && name.iter().all(u8::is_ascii_hexdigit)
}

/// Returns the data root that a container's labels name, if the container has its files there: IDs are unique.
fn root_named(namespace: &Namespace, record: &ContainerRecord) -> Option<Beneath> {
    let state = Path::new(record.labels.get(STATE)?);
    let own = Path::new("containers")
        .join(&namespace.name)
        .join(&record.id);
    if !state.is_absolute() || !state.ends_with(own) {
        return None;
    }
    let root = Beneath::open(state.ancestors().nth(4)?).ok()?;
    let place = state.strip_prefix(state.ancestors().nth(4)?).ok()?;
    is_directory(&root, place.as_os_str().as_encoded_bytes()).then_some(root)
}

/// Returns the file that a user chose for a container's log (`--log-driver file:///…`), where its files show that it is
/// this machine's.
fn log_elsewhere(record: &ContainerRecord, place: &Location) -> Option<Location> {
    let log = Path::new(record.labels.get(LOG)?.strip_prefix("file://")?);
    let state = real_path(&place.open().ok()?)?;
    if state != Path::new(record.labels.get(STATE)?) || log.starts_with(&state) {
        return None;
    }
    let directory = Beneath::open(log.parent()?).ok()?;
    let name = log.file_name()?.as_encoded_bytes();
    crate::store::places::is_file(&directory, name).then(|| Location::new(&directory, name))
}
