//! A container of a store, what it has written, and the pod it is in.

use super::{ImageId, LayerId, PodId};
use crate::store::piece::PieceId;

/// What a container is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The record says so; a store alone cannot tell for certain.
    Running,
    /// Made and never started.
    Created,
    /// It ran once.
    Exited,
    /// It was being removed when the engine was stopped, or still is.
    Removing,
    /// What was left of it could not be removed.
    Dead,
    /// Somebody's working container: `buildah from`.
    Working,
    /// Anything else, escaped; empty where the store does not tell.
    Other(String),
}

impl State {
    /// Returns the word on the screen; `-` where nothing is known.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Running => "running",
            Self::Created => "created",
            Self::Exited => "exited",
            Self::Removing => "removing",
            Self::Dead => "dead",
            Self::Working => "working",
            Self::Other(word) if word.is_empty() => "-",
            Self::Other(word) => word,
        }
    }
}

/// One container.
#[derive(Debug, Clone)]
pub struct Container {
    /// Its whole ID, unescaped.
    pub id: String,
    /// Its name without the leading slash, unescaped; empty where the store does not tell.
    pub name: String,
    /// Its image, where that is in the store.
    pub image: Option<ImageId>,
    /// What its record calls the image, unescaped.
    pub image_name: String,
    /// What it is doing.
    pub state: State,
    /// When it was made, seconds since 1970.
    pub created: Option<i64>,
    /// The read-only layers below the writable one, bottom first, without `init`.
    pub layers: Vec<LayerId>,
    /// The layer with mount points and `/etc/hosts` that some engines put between.
    pub init: Option<LayerId>,
    /// What it has written. Its pieces are [`crate::store::Role::Writable`].
    pub writable: Option<LayerId>,
    /// What it has logged, rotated files too.
    pub logs: Vec<PieceId>,
    /// Whatever else belongs to it alone.
    pub pieces: Vec<PieceId>,
    /// Its pod, on a Kubernetes node.
    pub pod: Option<PodId>,
    /// Directories that grew most, largest first; known once measured.
    pub growth: Vec<Growth>,
}

/// What Kubernetes calls the container that holds a pod together.
pub(in crate::store) const SANDBOX: &str = "POD";

impl Container {
    /// Returns whether it only holds a pod together: no command removes it alone.
    pub fn is_sandbox(&self) -> bool {
        self.pod.is_some() && self.name == SANDBOX
    }
}

/// A directory of a container that holds much of what it has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// Path in the container, relative.
    pub path: Vec<u8>,
    /// Disk blocks in bytes at and below it.
    pub disk_bytes: u64,
}

/// A Kubernetes pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace in the cluster, unescaped.
    pub namespace: String,
    /// Its name, unescaped.
    pub name: String,
    /// Its UID, unescaped.
    pub uid: String,
    /// `emptyDir` volumes and logs outside of the store.
    pub pieces: Vec<PieceId>,
}
