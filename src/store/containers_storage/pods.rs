//! Pods of a Kubernetes node that runs CRI-O.

use std::collections::HashMap;

use super::containers::{Containers, set_pod};
use crate::store::places::real_path;
use crate::store::{Ownership, Pod, PodId, Store, kubelet};

/// Finds the pods of the containers, and what else belongs to each.
pub(super) fn add(store: &mut Store, containers: &Containers) {
    let sandboxes = sandboxes(containers);
    let mut by_uid: HashMap<String, PodId> = HashMap::new();
    for position in 0..containers.records.len() {
        let Some(pod) = pod_of(containers, position, &sandboxes) else {
            continue;
        };
        let id = *by_uid.entry(pod.uid.clone()).or_insert_with(|| {
            let id = PodId(u32::try_from(store.pods.len()).unwrap_or(u32::MAX));
            store.pods.push(pod);
            id
        });
        set_pod(store, position, id);
    }
    // The store is `/var/lib/containers/storage`.
    let places = kubelet::KubeletDirectories::of(&store.root, 2);
    kubelet::claim(store, &places);
    // cri-o, pkg/config: `version_file_persist`.
    let is_crio = !store.pods.is_empty() || places.has_in_library(b"crio");
    let is_in_place =
        real_path(&store.root).is_some_and(|root| root.ends_with("containers/storage"));
    if is_crio && is_in_place && store.ownership == Ownership::Recorded {
        kubelet::add_vanished(store, &places);
    }
}

/// The containers that stand for a whole pod, by what the others call it
/// (cri-o, internal/storage/runtime.go, `RuntimeContainerMetadata`).
fn sandboxes(containers: &Containers) -> HashMap<&str, &crate::image::json::Json> {
    let metadata = containers.records.iter().map(|record| &record.metadata);
    let named = metadata.filter(|metadata| metadata.get("uid").text().is_some());
    named
        .filter_map(|metadata| Some((metadata.get("pod-id").text()?, metadata)))
        .collect()
}

fn pod_of(
    containers: &Containers,
    position: usize,
    sandboxes: &HashMap<&str, &crate::image::json::Json>,
) -> Option<Pod> {
    // cri-o and the kubelet, pkg/kubelet/types/labels.go
    let annotation = |key: &str| {
        let annotations = &containers.runtimes[position].annotations;
        annotations
            .get(&format!("io.kubernetes.pod.{key}"))
            .cloned()
    };
    if let Some(uid) = annotation("uid") {
        return Some(Pod {
            namespace: annotation("namespace").unwrap_or_default(),
            name: annotation("name").unwrap_or_default(),
            uid,
            pieces: Vec::new(),
        });
    }
    let pod_id = containers.records[position].metadata.get("pod-id").text()?;
    let sandbox = sandboxes.get(pod_id)?;
    let said = |key: &str| sandbox.get(key).to_text().unwrap_or_default();
    Some(Pod {
        namespace: said("namespace"),
        name: said("metadata-name"),
        uid: said("uid"),
        pieces: Vec::new(),
    })
}
