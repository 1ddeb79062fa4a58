//! Every kind of home, a row each: where it is, and which configuration may put it elsewhere.

use std::path::{Path, PathBuf};

use super::users::User;

/// How a file says where a root is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// `data-root` in JSON (dockerd(8)).
    DaemonJson,
    /// `root` in TOML, with imports (containerd-config.toml(5)).
    Containerd,
    /// `graphroot` and others in TOML (containers-storage.conf(5)); of several files the first counts.
    Storage,
    /// `[crio] root` in TOML (crio.conf(5)).
    Crio,
    /// `data-dir` in YAML (k3s, "Configuration File").
    DataDir,
    /// Options of the command line, one or more a line (snap packages).
    Options,
}

/// One row. Paths are those of the machine, or of a home, without a slash before them.
#[derive(Debug)]
pub(super) struct Engine {
    /// What people call it.
    pub(super) title: &'static str,
    /// Where its store is when nothing else is said.
    pub(super) usual: &'static str,
    /// Where the store is in what its configuration names.
    pub(super) below: &'static str,
    /// Its configuration; what comes later counts more, but for [`Format::Storage`].
    pub(super) files: &'static [(&'static str, Format)],
    /// Services of systemd that start it.
    pub(super) units: &'static [&'static str],
    /// Options that name the root, and those that name a file of configuration.
    pub(super) options: [&'static [&'static str]; 2],
}

const PLAIN: Engine = Engine {
    title: "",
    usual: "",
    below: "",
    files: &[],
    units: &[],
    options: [&[], &[]],
};

const DOCKER: Engine = Engine {
    title: "Docker",
    usual: "var/lib/docker",
    files: &[("etc/docker/daemon.json", Format::DaemonJson)],
    units: &["docker.service"],
    options: [&["--data-root", "--graph", "-g"], &["--config-file"]],
    ..PLAIN
};

const CONTAINERD: Engine = Engine {
    title: "containerd",
    usual: "var/lib/containerd",
    files: &[("etc/containerd/config.toml", Format::Containerd)],
    units: &["containerd.service"],
    options: [&["--root"], &["--config", "-c"]],
    ..PLAIN
};

const BUILDKIT: Engine = Engine {
    title: "BuildKit",
    usual: "var/lib/buildkit",
    files: &[("etc/buildkit/buildkitd.toml", Format::Containerd)],
    units: &["buildkit.service"],
    options: [&["--root"], &["--config"]],
    ..PLAIN
};

const STORAGE: Engine = Engine {
    title: "Podman",
    usual: "var/lib/containers/storage",
    files: &[
        ("etc/containers/storage.conf", Format::Storage),
        ("usr/share/containers/storage.conf", Format::Storage),
        ("etc/crio/crio.conf", Format::Crio),
        ("etc/crio/crio.conf.d/*.conf", Format::Crio),
    ],
    ..PLAIN
};

/// Those of a machine.
pub(super) const ENGINES: &[Engine] = &[
    DOCKER,
    Engine {
        title: "Docker of snap",
        usual: "var/snap/docker/common/var-lib-docker",
        files: &[(
            "var/snap/docker/current/config/daemon.json",
            Format::DaemonJson,
        )],
        units: &["snap.docker.dockerd.service"],
        ..DOCKER
    },
    CONTAINERD,
    Engine {
        title: "k3s",
        usual: "var/lib/rancher/k3s/agent/containerd",
        below: "agent/containerd",
        files: &[
            ("etc/rancher/k3s/config.yaml", Format::DataDir),
            ("etc/rancher/k3s/config.yaml.d/*.yaml", Format::DataDir),
        ],
        units: &["k3s.service", "k3s-agent.service"],
        options: [&["--data-dir", "-d"], &["--config", "-c"]],
    },
    Engine {
        title: "RKE2",
        usual: "var/lib/rancher/rke2/agent/containerd",
        below: "agent/containerd",
        files: &[
            ("etc/rancher/rke2/config.yaml", Format::DataDir),
            ("etc/rancher/rke2/config.yaml.d/*.yaml", Format::DataDir),
        ],
        units: &["rke2-server.service", "rke2-agent.service"],
        options: [&["--data-dir", "-d"], &["--config", "-c"]],
    },
    Engine {
        title: "k0s",
        usual: "var/lib/k0s/containerd",
        below: "containerd",
        units: &["k0scontroller.service", "k0sworker.service"],
        options: [&["--data-dir"], &[]],
        ..PLAIN
    },
    Engine {
        title: "MicroK8s",
        usual: "var/snap/microk8s/common/var/lib/containerd",
        files: &[("var/snap/microk8s/current/args/containerd", Format::Options)],
        units: &["snap.microk8s.daemon-containerd.service"],
        options: [&["--root"], &[]],
        ..PLAIN
    },
    BUILDKIT,
    STORAGE,
];

/// Those of somebody without root, in their home; images are looked for in the first one first.
pub(super) const OWN_ENGINES: &[Engine] = &[
    Engine {
        usual: ".local/share/containers/storage",
        files: &[
            (".config/containers/storage.conf", Format::Storage),
            ("/etc/containers/storage.conf", Format::Storage),
            ("/usr/share/containers/storage.conf", Format::Storage),
        ],
        ..STORAGE
    },
    Engine {
        usual: ".local/share/docker",
        files: &[(".config/docker/daemon.json", Format::DaemonJson)],
        ..DOCKER
    },
    Engine {
        usual: ".local/share/containerd",
        files: &[(".config/containerd/config.toml", Format::Containerd)],
        ..CONTAINERD
    },
    Engine {
        usual: ".local/share/buildkit",
        files: &[(".config/buildkit/buildkitd.toml", Format::Containerd)],
        ..BUILDKIT
    },
];

impl Engine {
    /// Returns where its store usually is.
    pub(super) fn usual_of(&self, user: Option<&User>) -> PathBuf {
        let usual = user.map_or_else(|| self.usual.into(), |user| user.at_home(self.usual));
        usual
            .strip_prefix("/")
            .map_or(usual.clone(), Path::to_owned)
    }

    /// Returns where a file of its configuration is. Without root the machine's own count too, where they are named
    /// with a slash.
    pub(super) fn file_of(file: &str, user: Option<&User>) -> PathBuf {
        let of_machine = file.strip_prefix('/').map(PathBuf::from);
        of_machine.unwrap_or_else(|| match user {
            Some(user) => user.at_home(file),
            None => Path::new(file).to_owned(),
        })
    }
}
