//! Pods of a Kubernetes node that runs CRI-O.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags};

use super::containers::{Containers, set_pod};
use crate::beneath::Beneath;
use crate::store::{Pod, PodId, Store, kubelet};

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
    kubelet::claim(store, &kubelet::Places::beside(&store.root, 2));
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

/// Opens a directory above another one.
pub(super) fn above(root: &Beneath, climb: &str) -> Option<Beneath> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened: OwnedFd =
        rustix::fs::openat(root.as_descriptor(), climb, flags, Mode::empty()).ok()?;
    let steps = climb.split('/').count();
    let mut name = root.name();
    for _ in 0..steps {
        name = match name.rsplit_once('/') {
            Some((above, last)) if !matches!(last, "." | "..") => above,
            _ => return Some(Beneath::new(opened, &format!("{}/{climb}", root.name()))),
        };
    }
    Some(Beneath::new(opened, name))
}

/// Returns whether two places are the same file.
pub(super) fn is_same(one: &Beneath, other: &Beneath, place: &[u8]) -> bool {
    let (Ok(Some(one)), Ok(Some(other))) = (one.status(b""), other.status(place)) else {
        return false;
    };
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_has_its_own_name() {
        let outer = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(outer.path().join("a/b")).unwrap();
        let inner = Beneath::open(&outer.path().join("a/b")).unwrap();
        let found = above(&inner, "../..").unwrap();
        assert_eq!(found.name(), outer.path().to_str().unwrap());
        assert!(is_same(&inner, &found, b"a/b"));
        assert!(!is_same(&inner, &found, b"a"));
    }
}
