//! What the kubelet keeps of pods beside an engine's store: `emptyDir` volumes and logs.
//!
//! Kubernetes, `pkg/kubelet/kubelet_getters.go` and `pkg/kubelet/kuberuntime/helpers.go`: `pods/UID/volumes` below
//! the kubelet's directory, and `NAMESPACE_NAME_UID/CONTAINER/N.log` below `/var/log/pods`.

use std::path::Path;

use super::places::{above, is_component};
use super::{Location, Pod, PodId, Role, Store};
use crate::beneath::Beneath;
use crate::limits;

const EMPTY_DIRECTORIES: &str = "kubernetes.io~empty-dir";

/// Where the kubelet's directories may be; those that can be opened.
#[derive(Debug, Default)]
pub(super) struct KubeletDirectories {
    /// With `pods/UID`.
    pub kubelet: Vec<Beneath>,
    /// With `NAMESPACE_NAME_UID`.
    pub logs: Vec<Beneath>,
}

impl KubeletDirectories {
    /// Finds them beside a store: `levels` above its root is what `/var/lib` is on a node. A store in a usual
    /// place finds the usual ones too.
    pub(super) fn beside(root: &Beneath, levels: usize) -> Self {
        let mut library = Some(root.clone());
        for _ in 0..levels {
            library = library.and_then(|directory| above(&directory, ".."));
        }
        let variable = library.as_ref().and_then(|library| above(library, ".."));
        let below = |directory: Option<&Beneath>, place: &[u8]| {
            directory.and_then(|directory| directory.directory(place).ok().flatten())
        };
        let mut places = Self::default();
        places.kubelet.extend(below(library.as_ref(), b"kubelet"));
        places.logs.extend(below(variable.as_ref(), b"log/pods"));
        if root.name().starts_with("/var/lib/") {
            let usual = |place: &str| Beneath::open(Path::new(place)).ok();
            if places.kubelet.is_empty() {
                places.kubelet.extend(usual("/var/lib/kubelet"));
            }
            if places.logs.is_empty() {
                places.logs.extend(usual("/var/log/pods"));
            }
        }
        places
    }
}

/// Claims the volumes and the logs of every pod of a store.
pub(super) fn claim(store: &mut Store, places: &KubeletDirectories) {
    for at in 0..store.pods.len() {
        let pod = store.pods[at].clone();
        for kubelet in &places.kubelet {
            claim_volumes(store, at, &pod, kubelet);
        }
        for logs in &places.logs {
            claim_logs(store, at, &pod, logs);
        }
    }
}

fn claim_volumes(store: &mut Store, at: usize, pod: &Pod, kubelet: &Beneath) {
    if !is_component(pod.uid.as_bytes()) {
        return;
    }
    // Each is walked by itself: what else the kubelet has is none of the store's.
    let place = format!("pods/{}/volumes/{EMPTY_DIRECTORIES}", pod.uid);
    let Ok(Some(directory)) = kubelet.directory(place.as_bytes()) else {
        return;
    };
    let volumes = Location::new(&directory, Vec::new());
    let names = directory.names(b"", limits::STORE_NAMES);
    let piece = store.add_piece(volumes.clone(), Role::Volume);
    store.pods[at].pieces.push(piece);
    for name in names.ok().flatten().unwrap_or_default() {
        let piece = store.add_piece(volumes.join(name), Role::Volume);
        store.pods[at].pieces.push(piece);
    }
}

fn claim_logs(store: &mut Store, at: usize, pod: &Pod, logs: &Beneath) {
    let name = format!("{}_{}_{}", pod.namespace, pod.name, pod.uid);
    if !is_component(name.as_bytes()) {
        return;
    }
    let Ok(Some(directory)) = logs.directory(name.as_bytes()) else {
        return;
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
}
