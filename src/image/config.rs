//! The image configuration, read leniently.

/// What a container of this image starts with. Unknown or unusable parts are empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageConfig {
    /// RFC 3339 time as recorded.
    pub created: Option<String>,
    /// User and group a process starts as.
    pub user: String,
    /// `NAME=value`, in order.
    pub env: Vec<String>,
    /// Entry point.
    pub entrypoint: Vec<String>,
    /// Command.
    pub cmd: Vec<String>,
    /// Working directory.
    pub working_dir: String,
    /// Labels, sorted by key.
    pub labels: Vec<(String, String)>,
    /// Ports such as `80/tcp`, sorted.
    pub exposed_ports: Vec<String>,
    /// Volumes, sorted.
    pub volumes: Vec<String>,
    /// The shell of shell-form instructions, where a `SHELL` instruction set one.
    pub shell: Vec<String>,
    /// Signal that stops a container.
    pub stop_signal: Option<String>,
    /// Health check command, as recorded (`["CMD-SHELL", "…"]`).
    pub healthcheck: Vec<String>,
    /// `ONBUILD` triggers.
    pub on_build: Vec<String>,
}
