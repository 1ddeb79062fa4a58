//! Every engine there is, a row each: what it is called, whose commands reach what it keeps, and what else sets it
//! apart from the others. Who reads its stores is in [`super::readers`].
//!
//! A new engine is a variant of [`Engine`] with its row; nothing elsewhere asks which engine it is.

use crate::image::writable::DiffDialect;

/// Whose store it is. The order is the one of the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Engine {
    /// Docker with a graph driver.
    Docker,
    /// Docker with containerd's image store.
    DockerContainerd,
    /// containerd: `ctr`, `nerdctl`.
    Containerd,
    /// containerd with the namespace `k8s.io`.
    Kubernetes,
    /// `BuildKit` that keeps its cache by itself: a builder of `docker buildx`, `buildkitd`.
    BuildKit,
    /// Podman, Buildah, CRI-O: containers-storage. It stays the last: [`Engine::ALL`] is checked by it.
    ContainersStorage,
}

/// Whose command it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// Docker's.
    Docker,
    /// Podman's.
    Podman,
    /// Buildah's, for its working containers.
    Buildah,
    /// containerd's own, which reaches every namespace.
    Ctr,
    /// Kubernetes' own, for one node.
    Crictl,
    /// Kubernetes' own, for a cluster.
    Kubectl,
    /// `BuildKit`'s own.
    Buildctl,
    /// The one that makes containerd look like Docker.
    Nerdctl,
}

/// Which namespaces of containerd a tool reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Namespaces {
    /// There are none.
    None,
    /// This one, where images that name none are too.
    Own(&'static str),
    /// Every one.
    All,
}

/// How `ctr` gets to a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ctr {
    /// As it stands.
    AtHand,
    /// It has to be told where: how.
    With(&'static str),
    /// Not at all.
    OutOfReach,
}

/// What an engine does when it is told to remove an image that is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refusal {
    /// It refuses where a container is made from it, and only takes the name away where another image is built on
    /// it (docker-image-rm(1), podman-rmi(1)).
    #[default]
    InUse,
    /// It removes the record, and keeps what snapshots of containers stand on (containerd, docs/garbage-collection.md).
    Never,
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// The stable text form.
    name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Whether `podman:NAME` means an image of it, rather than `docker:NAME`.
    pub is_of_podman: bool,
    /// Whose commands remove its images and containers, in the namespaces that they reach.
    pub(super) tool: Tool,
    pub(super) namespaces: Namespaces,
    /// Whether several namespaces of a store hold images, so that people want to see which.
    pub shows_namespaces: bool,
    /// Whose commands remove volumes, or why there are none.
    pub(super) volume_tool: Result<Tool, &'static str>,
    /// Whose commands remove records of the build cache, or why there are none.
    pub(super) cache_tool: Result<Tool, &'static str>,
    /// What it does when an image is to go that is in use.
    pub refusal: Refusal,
    /// Whether `ctr` reaches what is kept as containerd does.
    pub(super) ctr: Ctr,
    /// What to say of what its garbage collection takes.
    pub(super) collection: &'static str,
    /// Why what it has no record of is left to a hand.
    pub(super) no_command: &'static str,
    /// Whether it keeps layers as they were pulled, beside what it unpacked.
    pub(super) keeps_blobs: bool,
    /// Its way of telling what a container changed, where the driver is an overlay and where it is not.
    pub(super) dialects: [DiffDialect; 2],
    /// What its own count of the disk says nothing of: logs, and what nobody owns.
    pub hides: [Option<&'static str>; 2],
    /// What whoever may not read all of it can do.
    pub access_hint: &'static str,
}

impl Engine {
    /// Every engine.
    pub const ALL: [Self; 6] = [
        Self::Docker,
        Self::DockerContainerd,
        Self::Containerd,
        Self::Kubernetes,
        Self::BuildKit,
        Self::ContainersStorage,
    ];

    /// Returns what sets it apart.
    pub const fn definition(self) -> Definition {
        match self {
            Self::Docker => Definition {
                name: "docker",
                title: "Docker",
                is_of_podman: false,
                tool: Tool::Docker,
                namespaces: Namespaces::None,
                shows_namespaces: false,
                volume_tool: Ok(Tool::Docker),
                cache_tool: Ok(Tool::Docker),
                refusal: Refusal::InUse,
                ctr: Ctr::AtHand,
                // containerd, core/metadata/content.go and snapshot.go, garbageCollect; overlay's Cleanup. Seen with
                // 1.6: the removal of one blob, or snapshot, takes those along that no record names.
                collection: "containerd has no record of this, and its garbage collection removes it by itself, the \
                             next time that it removes something of the kind, a blob or a snapshot; by hand only \
                             while containerd is stopped:",
                no_command: "no command of Docker removes this: it has no record of it, and its prunes leave it alone",
                keeps_blobs: false,
                dialects: [DiffDialect::Docker; 2],
                hides: [
                    Some("not counted by `docker system df`"),
                    Some("not listed by `docker system df`"),
                ],
                access_hint: "run it with sudo",
            },
            Self::DockerContainerd => Definition {
                name: "docker-containerd",
                title: "Docker with containerd",
                // moby, daemon/config: `--containerd-namespace` is moby by default.
                namespaces: Namespaces::Own("moby"),
                // moby, libcontainerd/supervisor/remote_daemon.go.
                ctr: Ctr::With(
                    "the containerd that dockerd starts itself is reached with `--address \
                     /run/docker/containerd/containerd.sock`",
                ),
                keeps_blobs: true,
                ..Self::Docker.definition()
            },
            Self::Containerd => Definition {
                name: "containerd",
                title: "containerd",
                tool: Tool::Ctr,
                namespaces: Namespaces::All,
                shows_namespaces: true,
                volume_tool: Ok(Tool::Nerdctl),
                cache_tool: Ok(Tool::Buildctl),
                refusal: Refusal::Never,
                no_command: "no command of containerd removes this: it has no record of it",
                // Unless `discard_unpacked_layers` is set.
                keeps_blobs: true,
                hides: [None; 2],
                ..Self::Docker.definition()
            },
            Self::Kubernetes => Definition {
                name: "kubernetes",
                title: "containerd, Kubernetes",
                tool: Tool::Crictl,
                // containerd, internal/cri/constants: K8sContainerdNamespace.
                namespaces: Namespaces::Own("k8s.io"),
                volume_tool: Err("the volume goes with its pod"),
                ..Self::Containerd.definition()
            },
            Self::BuildKit => Definition {
                name: "buildkit",
                title: "BuildKit",
                tool: Tool::Buildctl,
                namespaces: Namespaces::None,
                shows_namespaces: false,
                volume_tool: Err("BuildKit has no volumes"),
                no_command: "no command of BuildKit removes this: it has no record of it",
                collection: "BuildKit removes this by itself with what it prunes next; by hand only while it is \
                             stopped:",
                ctr: Ctr::OutOfReach,
                ..Self::Containerd.definition()
            },
            Self::ContainersStorage => Definition {
                name: "containers-storage",
                title: "containers-storage",
                is_of_podman: true,
                tool: Tool::Podman,
                volume_tool: Ok(Tool::Podman),
                cache_tool: Err(
                    "Podman and Buildah keep their build cache as images without a name",
                ),
                no_command: "before Podman 4.4 no command removes this: there is no record of it, and prunes leave \
                             it alone",
                dialects: [DiffDialect::Podman, DiffDialect::PodmanComparing],
                hides: [None, Some("not listed by `podman system df`")],
                access_hint: "run it with sudo, or for a rootless store as: podman unshare layerscope store DIR",
                ..Self::Docker.definition()
            },
        }
    }

    /// Returns the stable text form.
    pub const fn as_str(self) -> &'static str {
        self.definition().name
    }

    /// Returns what reaches a namespace of containerd, and how it is told to: engines see their own alone.
    pub(super) fn tool_for(self, namespace: Option<&str>) -> (Tool, &str) {
        let row = self.definition();
        let is_seen = match row.namespaces {
            Namespaces::None => true,
            Namespaces::Own(own) => namespace.is_none_or(|namespace| namespace == own),
            Namespaces::All => false,
        };
        if is_seen {
            (row.tool, "")
        } else {
            (Tool::Ctr, namespace.unwrap_or("default"))
        }
    }
}

// Whoever adds an engine lists it.
const _: () = assert!(Engine::ALL.len() == Engine::ContainersStorage as usize + 1);
