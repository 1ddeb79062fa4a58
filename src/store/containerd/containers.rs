//! Containers that `meta.db` knows, and the pods of a Kubernetes node.

use super::{ContainerdReader, MOBY, layers};
use crate::store::meta_db::{ContainerRecord, Labels};
use crate::store::model::SANDBOX;
use crate::store::places::{is_component, real_path};
use crate::store::{
    Container, ContainerId, Engine, ImageId, LayerId, PieceId, Pod, PodId, Role, State, kubelet,
};

impl ContainerdReader {
    pub(super) fn add_containers(&mut self) {
        let namespaces = std::mem::take(&mut self.namespaces);
        for namespace in &namespaces {
            // Docker's own records say more, and of stopped ones too.
            if namespace.name == MOBY && self.places.docker.is_some() {
                continue;
            }
            for record in &namespace.containers {
                self.add_container(&namespace.name, record);
            }
        }
        self.namespaces = namespaces;
    }

    fn add_container(&mut self, namespace: &str, record: &ContainerRecord) {
        let key = record.snapshot.as_ref();
        let writable = key.and_then(|key| self.layer_named(namespace, key));
        let below = writable.and_then(|writable| self.store.layer(writable).parent);
        let layers = below.map_or(Vec::new(), |below| self.store.chain(below));
        let image = self.image_of(namespace, &record.image, below);
        let pod = self.pod_of(&record.labels);
        let container = Container {
            id: record.id.clone(),
            name: name_of(&record.labels),
            image,
            image_name: record.image.clone(),
            state: State::Other(String::new()),
            created: record.created,
            layers,
            init: None,
            writable,
            logs: Vec::new(),
            pieces: self.files_of_container(namespace, &record.id),
            pod,
            growth: Vec::new(),
        };
        self.push_container(container);
    }

    /// Adds a container; what it has written is claimed as such.
    pub(super) fn push_container(&mut self, container: Container) {
        let id = ContainerId(u32::try_from(self.store.containers.len()).unwrap_or(u32::MAX));
        for layer in container.writable.into_iter().chain(container.init) {
            self.keep(layer);
        }
        if let Some(writable) = container.writable {
            self.set_roles(writable, Role::Writable, Role::ContainerFiles);
        }
        if let Some(init) = container.init {
            self.set_roles(init, Role::ContainerFiles, Role::ContainerFiles);
        }
        self.containers_by_id.insert(container.id.clone(), id);
        self.store.containers.push(container);
    }

    /// Says what a layer's files are for, and the directory around them.
    pub(super) fn set_roles(&mut self, layer: LayerId, files: Role, around: Role) {
        self.details[layer.as_usize()].roles = Some((files, around));
    }

    /// Returns the image of a name; of several platforms the one that the container stands on.
    fn image_of(&self, namespace: &str, name: &str, below: Option<LayerId>) -> Option<ImageId> {
        let name = (namespace.to_owned(), name.to_owned());
        let images = self.images_by_name.get(&name)?;
        let stands_on = |id: &&ImageId| {
            let layers = &self.store.images[id.as_usize()].layers;
            below.is_some() && layers.last().copied().flatten() == below
        };
        images.iter().find(stands_on).or(images.first()).copied()
    }

    /// Returns what the plugin for Kubernetes, and the runtime, keep of a container.
    fn files_of_container(&mut self, namespace: &str, id: &str) -> Vec<PieceId> {
        if !is_component(id.as_bytes()) || !is_component(namespace.as_bytes()) {
            return Vec::new();
        }
        let places = [
            format!("io.containerd.grpc.v1.cri/containers/{id}"),
            format!("io.containerd.grpc.v1.cri/sandboxes/{id}"),
            format!("io.containerd.runtime.v2.task/{namespace}/{id}"),
        ];
        let mut pieces = Vec::new();
        for place in places {
            let place = self.places.home.join(place);
            if matches!(place.root.status(&place.path), Ok(Some(_))) {
                pieces.push(self.store.add_piece(place, Role::ContainerFiles));
            }
        }
        pieces
    }

    fn pod_of(&mut self, labels: &Labels) -> Option<PodId> {
        let label = |key: &str| labels.get(key).cloned().unwrap_or_default();
        let uid = label("io.kubernetes.pod.uid");
        if uid.is_empty() {
            return None;
        }
        let known = self.store.pods.iter().position(|pod| pod.uid == uid);
        let at = known.unwrap_or_else(|| {
            self.store.pods.push(Pod {
                namespace: label("io.kubernetes.pod.namespace"),
                name: label("io.kubernetes.pod.name"),
                uid,
                pieces: Vec::new(),
            });
            self.store.pods.len() - 1
        });
        u32::try_from(at).ok().map(PodId)
    }

    /// Claims what the kubelet keeps of the pods, and names what is left of those that are gone.
    pub(super) fn add_pods(&mut self) {
        if self.store.engine != Engine::Kubernetes && self.store.pods.is_empty() {
            return;
        }
        let places = kubelet::KubeletDirectories::of(&self.places.home.root, 1);
        kubelet::claim(&mut self.store, &places);
        // A copy beside the one in use knows nothing of its pods.
        let home = real_path(&self.places.home.root);
        let is_in_place = home.is_some_and(|home| home.ends_with("containerd"));
        let is_only = !self.store.pods.is_empty() || !places.has_other_runtime();
        if is_in_place && is_only && !self.is_doubtful {
            kubelet::add_vanished(&mut self.store, &places);
        }
    }

    /// Returns the read-only layers below a container's, without `init`.
    pub(super) fn layers_below(
        &self,
        writable: Option<LayerId>,
        init: Option<LayerId>,
    ) -> Vec<LayerId> {
        let top = init.or(writable);
        let below = top.and_then(|top| self.store.layer(top).parent);
        below.map_or(Vec::new(), |below| self.store.chain(below))
    }

    /// Returns the `init` layer below a container's.
    pub(super) fn init_of(&self, namespace: &str, key: &super::Key) -> Option<LayerId> {
        let init = layers::beside(key, &format!("{}-init", key.1));
        self.layer_named(namespace, &init)
    }
}

/// Returns what people call a container.
fn name_of(labels: &Labels) -> String {
    let kind = labels.get("io.cri-containerd.kind").map(String::as_str);
    let name = labels
        .get("io.kubernetes.container.name")
        .or_else(|| labels.get("nerdctl/name"));
    match (name, kind) {
        (Some(name), _) => name.clone(),
        (None, Some("sandbox")) => SANDBOX.to_owned(),
        (None, _) => String::new(),
    }
}
