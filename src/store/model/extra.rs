//! What takes room in a store and is none of what engines list with images and containers.

use crate::store::piece::{Location, PieceId, Role};

/// What something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExtraKind {
    /// A plugin of Docker that it manages itself.
    Plugin {
        /// Whether it is in use: then it has to be disabled before it is removed.
        is_enabled: bool,
    },
    /// An artifact of Podman.
    Artifact,
    /// A disk of images and containers in a file, which no reader looks into.
    Pool,
    /// A directory of the machine that a volume shows.
    Bound,
    /// Nothing that the engine is known to make.
    Foreign,
}

impl ExtraKind {
    /// Returns the stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plugin { .. } => "plugin",
            Self::Artifact => "artifact",
            Self::Pool => "pool",
            Self::Bound => "bound",
            Self::Foreign => "foreign",
        }
    }
}

/// Something of its own: a plugin, an artifact, a pool, what a volume shows, what somebody put there.
#[derive(Debug, Clone)]
pub struct Extra {
    /// What it is.
    pub kind: ExtraKind,
    /// What its engine calls it, or its path in the store; unescaped.
    pub name: String,
    /// What it occupies; others may have the same.
    pub pieces: Vec<PieceId>,
}

/// A path that holds much of what no row names: of bookkeeping or of the files of containers.
#[derive(Debug, Clone)]
pub struct LargePath {
    /// What it is a part of.
    pub of: Role,
    /// A directory, or a file.
    pub location: Location,
    /// Disk blocks in bytes at and below it, without the pieces inside of it.
    pub disk_bytes: u64,
}

impl LargePath {
    /// Returns what people call the part of the disk that it belongs to.
    pub const fn part(&self) -> &'static str {
        match self.of {
            Role::ContainerFiles => "container files",
            _ => "bookkeeping",
        }
    }
}
