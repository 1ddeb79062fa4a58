//! Whose commands reach what of a store.

use super::Tool;
use crate::store::{Container, ContainerId, Owner, Store, StoredImage, Volume};

/// Returns whose commands reach something; `None` for what is not in the store, or has none.
pub(super) fn tool_of(store: &Store, owner: Owner) -> Option<Tool> {
    match owner {
        Owner::Image(id) => {
            let image = store.images.get(id.as_usize())?;
            Some(of_image(store, image).0)
        }
        Owner::Container(id) => {
            let container = store.containers.get(id.as_usize())?;
            Some(of_container(store, id, container).0)
        }
        Owner::Cache(_) => of_cache(store).ok(),
        Owner::Volume(id) => of_volume(store, store.volumes.get(id.as_usize())?).ok(),
        Owner::Pod(_) => Some(Tool::Kubectl),
        Owner::Lease(_) => Some(Tool::Ctr),
        Owner::Extra(_) => Some(store.engine.tool_for(None).0),
    }
}

/// Returns what reaches an image, and in which namespace of containerd.
pub(super) fn of_image<'s>(store: &Store, image: &'s StoredImage) -> (Tool, &'s str) {
    let found = store.engine.tool_for(image.namespace.as_deref());
    // Where CRI-O runs pods, the kubelet looks after the images.
    of_node(found, !store.pods.is_empty())
}

/// Returns what reaches a container, and in which namespace of containerd.
pub(super) fn of_container<'s>(
    store: &'s Store,
    id: ContainerId,
    container: &Container,
) -> (Tool, &'s str) {
    // `ctr` would leave its log and its files.
    if let Some(namespace) = store.nerdctl.get(&id) {
        return (Tool::Nerdctl, namespace);
    }
    let image = container
        .image
        .and_then(|id| store.images.get(id.as_usize()));
    let namespace = image.and_then(|image| image.namespace.as_deref());
    of_node(store.engine.tool_for(namespace), container.pod.is_some())
}

/// Podman knows nothing of CRI-O's containers, though they are in one storage.
const fn of_node(found: (Tool, &str), is_of_node: bool) -> (Tool, &str) {
    match found {
        (Tool::Podman, namespace) if is_of_node => (Tool::Crictl, namespace),
        other => other,
    }
}

/// Returns what removes records of the build cache, or why there is no such command.
pub(super) fn of_cache(store: &Store) -> Result<Tool, &'static str> {
    match store.builder {
        // What `buildctl` reaches is in the builder's container.
        Some(_) => Ok(Tool::Docker),
        None => store.engine.definition().cache_tool,
    }
}

/// Returns what removes a volume, or why there is no such command.
pub(super) fn of_volume(store: &Store, volume: &Volume) -> Result<Tool, &'static str> {
    match volume.namespace {
        // Only nerdctl has volumes in namespaces.
        Some(_) => Ok(Tool::Nerdctl),
        None => store.engine.definition().volume_tool,
    }
}
