//! What the kubelet keeps of pods beside an engine's store: `emptyDir` volumes and logs.
//!
//! Kubernetes, `pkg/kubelet/kubelet_getters.go` and `pkg/kubelet/kuberuntime/helpers.go`: `pods/UID/volumes` below
//! the kubelet's directory, and `NAMESPACE_NAME_UID/CONTAINER/N.log` below `/var/log/pods`.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;

use super::mounts::mounted_below;
use super::places::{above, is_component, is_directory, real_path};
use super::{Exit, Location, Orphan, Pod, PodId, Role, Store};
use crate::beneath::Beneath;
use crate::limits;
use crate::path;

const EMPTY_DIRECTORIES: &str = "kubernetes.io~empty-dir";

/// Directories of runtimes other than containerd: pods without a container in one store may be another's.
const OF_OTHERS: [&[u8]; 3] = [b"crio", b"cri-dockerd", b"dockershim"];

/// Where the kubelet's directories may be.
#[derive(Debug, Default)]
pub(super) struct KubeletDirectories {
    /// What `/var/lib` is on a node.
    library: Option<Beneath>,
    /// Those beside the store.
    beside: Node,
    /// Those of this machine, where a store lies elsewhere on it. UIDs are unique: a pod of the store that has
    /// something there is this machine's.
    own: Node,
}

/// The kubelet's directories of one node; those that can be opened.
#[derive(Debug, Default)]
struct Node {
    /// With `pods/UID`.
    kubelet: Option<Beneath>,
    /// With `NAMESPACE_NAME_UID`.
    logs: Option<Beneath>,
}

impl KubeletDirectories {
    /// Finds them: `levels` above the root of a store is what `/var/lib` is on a node.
    pub(super) fn of(root: &Beneath, levels: usize) -> Self {
        let usual = |place: &str| Beneath::open(Path::new(place)).ok();
        let own = Node {
            kubelet: usual("/var/lib/kubelet"),
            logs: usual("/var/log/pods"),
        };
        Self::with(root, levels, own)
    }

    fn with(root: &Beneath, levels: usize, own: Node) -> Self {
        let mut library = Some(root.clone());
        for _ in 0..levels {
            library = library.and_then(|directory| above(&directory, ".."));
        }
        let variable = library.as_ref().and_then(|library| above(library, ".."));
        let below = |directory: Option<&Beneath>, place: &[u8]| {
            directory.and_then(|directory| directory.directory(place).ok().flatten())
        };
        let beside = Node {
            kubelet: below(library.as_ref(), b"kubelet"),
            logs: below(variable.as_ref(), b"log/pods"),
        };
        let apart = |own: Option<Beneath>, beside: &Option<Beneath>| {
            let beside = beside.as_ref().and_then(Beneath::object);
            own.filter(|own| own.object() != beside)
        };
        let own = Node {
            kubelet: apart(own.kubelet, &beside.kubelet),
            logs: apart(own.logs, &beside.logs),
        };
        Self {
            library,
            beside,
            own,
        }
    }

    /// Returns whether a directory of that name stands where `/var/lib` is.
    pub(super) fn has_in_library(&self, name: &[u8]) -> bool {
        self.library
            .as_ref()
            .is_some_and(|library| is_directory(library, name))
    }

    /// Returns whether pods that have no container in the store may have them in another one.
    pub(super) fn has_other_runtime(&self) -> bool {
        OF_OTHERS.iter().any(|name| self.has_in_library(name))
    }
}

/// Claims the volumes and the logs of every pod of a store.
pub(super) fn claim(store: &mut Store, places: &KubeletDirectories) {
    for at in 0..store.pods.len() {
        let pod = store.pods[at].clone();
        for claim in [claim_volumes, claim_logs] {
            if !claim(store, at, &pod, &places.beside) {
                claim(store, at, &pod, &places.own);
            }
        }
    }
}

/// Claims the volumes of a pod; returns whether there are any.
fn claim_volumes(store: &mut Store, at: usize, pod: &Pod, node: &Node) -> bool {
    let Some(kubelet) = node.kubelet.as_ref() else {
        return false;
    };
    if !is_component(pod.uid.as_bytes()) {
        return false;
    }
    // Each is walked by itself: what else the kubelet has is none of the store's.
    let place = format!("pods/{}/volumes/{EMPTY_DIRECTORIES}", pod.uid);
    let Ok(Some(directory)) = kubelet.directory(place.as_bytes()) else {
        return false;
    };
    let volumes = Location::new(&directory, Vec::new());
    let names = directory.names(b"", limits::STORE_NAMES);
    let piece = store.add_piece(volumes.clone(), Role::Volume);
    store.pods[at].pieces.push(piece);
    for name in names.ok().flatten().unwrap_or_default() {
        let piece = store.add_piece(volumes.join(name), Role::Volume);
        store.pods[at].pieces.push(piece);
    }
    true
}

/// Claims the logs of a pod; returns whether there are any.
fn claim_logs(store: &mut Store, at: usize, pod: &Pod, node: &Node) -> bool {
    let Some(logs) = node.logs.as_ref() else {
        return false;
    };
    let name = format!("{}_{}_{}", pod.namespace, pod.name, pod.uid);
    if !is_component(name.as_bytes()) {
        return false;
    }
    let Ok(Some(directory)) = logs.directory(name.as_bytes()) else {
        return false;
    };
    let names = directory.names(b"", limits::STORE_NAMES);
    let names = names.ok().flatten().unwrap_or_default();
    let directory = Location::new(&directory, Vec::new());
    let piece = store.add_piece(directory.clone(), Role::Log);
    store.pods[at].pieces.push(piece);
    for name in names {
        // A container that was started anew has another record and the same directory.
        let newest = store
            .containers
            .iter()
            .enumerate()
            .filter(|(_, container)| {
                container.pod == u32::try_from(at).ok().map(PodId)
                    && container.name.as_bytes() == name
            })
            .max_by_key(|(_, container)| container.created);
        let Some(newest) = newest.map(|(newest, _)| newest) else {
            continue;
        };
        let piece = store.add_piece(directory.join(name), Role::Log);
        store.containers[newest].logs.push(piece);
    }
    true
}

/// Names what is left of pods that have no container in the store of a node's only runtime (kubernetes#60987).
///
/// A pod that has anything mounted is there, whatever the store says.
pub(super) fn add_vanished(store: &mut Store, places: &KubeletDirectories) {
    let known: BTreeSet<String> = store.pods.iter().map(|pod| pod.uid.clone()).collect();
    // Of this machine's own, only where a pod of the store was found there.
    let own = has_one_of(&places.own, store).then_some(&places.own);
    for node in [Some(&places.beside), own].into_iter().flatten() {
        if let Some(kubelet) = &node.kubelet {
            add_vanished_volumes(store, kubelet, &known);
        }
        if let Some(logs) = &node.logs {
            add_vanished_logs(store, logs, &known);
        }
    }
}

fn has_one_of(node: &Node, store: &Store) -> bool {
    let roots = store.pods.iter().flat_map(|pod| &pod.pieces);
    let mut roots = roots.map(|piece| store.piece(*piece).location.root.name());
    let directories = [&node.kubelet, &node.logs].into_iter().flatten();
    let names: Vec<&str> = directories.map(Beneath::name).collect();
    roots.any(|root| names.iter().any(|name| root.starts_with(name)))
}

fn add_vanished_volumes(store: &mut Store, kubelet: &Beneath, known: &BTreeSet<String>) {
    let Ok(Some(pods)) = kubelet.directory(b"pods") else {
        return;
    };
    let Some(mounted) = mounted_in(&pods) else {
        return;
    };
    for name in pods
        .names(b"", limits::STORE_NAMES)
        .ok()
        .flatten()
        .unwrap_or_default()
    {
        let is_known = std::str::from_utf8(&name).is_ok_and(|name| known.contains(name));
        if !is_known && !mounted.contains(&name) {
            let reason = "volumes of a pod that has no container in this store, by its UID";
            disown(store, &pods, &name, reason.to_owned());
        }
    }
}

fn add_vanished_logs(store: &mut Store, logs: &Beneath, known: &BTreeSet<String>) {
    for name in logs
        .names(b"", limits::STORE_NAMES)
        .ok()
        .flatten()
        .unwrap_or_default()
    {
        // Neither a namespace nor the name of a pod has an underscore.
        let text = std::str::from_utf8(&name).ok();
        let mut parts = text.into_iter().flat_map(|text| text.split('_'));
        let (Some(namespace), Some(pod), Some(uid), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        if !known.contains(uid) {
            let pod = path::display_str(pod);
            let namespace = path::display_str(namespace);
            let reason =
                format!("logs of the pod {namespace}/{pod}, which has no container in this store");
            disown(store, logs, &name, reason);
        }
    }
}

/// Returns the names in a directory below which something is mounted; `None` where nobody can tell.
fn mounted_in(directory: &Beneath) -> Option<BTreeSet<Vec<u8>>> {
    mounted_below(&real_path(directory)?)
}

fn disown(store: &mut Store, within: &Beneath, name: &[u8], reason: String) {
    if !is_directory(within, name) {
        return;
    }
    let piece = store.add_piece(Location::new(within, name), Role::Orphan);
    store.disown(Orphan {
        piece,
        reason,
        kind: "vanished-pod",
        since: None,
        exit: Exit::Pod,
    });
}
