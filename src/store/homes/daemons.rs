//! Which store a daemon that runs works with: that whose database it has open.
//!
//! Paths of a process are those of its own mount namespace; a file is the same where its inode is.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::engines::Engine;
use super::{Homes, Place, Standing, usual};
use crate::beneath::{Beneath, inode_of};
use crate::mount_table::RemoteMounts;

/// Databases that an engine opens when it starts and keeps open.
const DATABASES: [&str; 5] = [
    "volumes/metadata.db",
    "network/files/local-kv.db",
    "buildkit/metadata_v2.db",
    "containerd/daemon/io.containerd.metadata.v1.bolt/meta.db",
    "io.containerd.metadata.v1.bolt/meta.db",
];

/// Names of the processes, as the kernel has them.
const PROGRAMS: [&str; 2] = ["dockerd", "containerd"];

/// A daemon with the root of its store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Daemon {
    program: String,
    id: u32,
    /// Without links, as this process sees it.
    root: PathBuf,
    /// The service of systemd that it is.
    unit: String,
}

/// Returns those that run; of whose files nothing may be known none is one.
pub(super) fn running(disk: &Disk) -> Vec<Daemon> {
    let docker = pid_file(disk);
    let mut found: Vec<Daemon> = Vec::new();
    for (id, program) in processes() {
        let unit = unit(id).or_else(|| (docker == Some(id)).then(|| "docker.service".to_owned()));
        let opened = databases(id).into_iter();
        let roots = opened.filter_map(|(path, object)| {
            let root = DATABASES.iter().find_map(|database| {
                let root = path
                    .as_os_str()
                    .as_bytes()
                    .strip_suffix(database.as_bytes())?;
                Some(
                    Path::new(std::ffi::OsStr::from_bytes(root))
                        .components()
                        .as_path()
                        .to_owned(),
                )
            })?;
            (object_of(&path) == Some(object)).then_some(root)
        });
        for root in roots {
            let daemon = Daemon {
                program: program.clone(),
                id,
                root,
                unit: unit.clone().unwrap_or_default(),
            };
            if !found.contains(&daemon) {
                found.push(daemon);
            }
        }
    }
    found
}

/// Returns of each root whether a daemon has a database in it open.
pub(in crate::store) fn is_open_by_daemon(roots: &[&Beneath]) -> Vec<bool> {
    let opened: BTreeSet<(u64, u64)> = processes()
        .into_iter()
        .flat_map(|(id, _)| databases(id))
        .map(|(_, object)| object)
        .collect();
    let is_open = |root: &Beneath, database: &str| {
        let found = root.status(database.as_bytes()).ok().flatten();
        found.is_some_and(|found| opened.contains(&inode_of(&found)))
    };
    let of_root = |root: &&Beneath| DATABASES.iter().any(|database| is_open(root, database));
    roots.iter().map(of_root).collect()
}

/// Returns when an engine last wrote into a database that it keeps open, in seconds since 1970.
pub(in crate::store) fn last_opened(root: &Beneath) -> Option<i64> {
    let found = DATABASES
        .iter()
        .filter_map(|database| root.status(database.as_bytes()).ok().flatten());
    found.map(|found| found.st_mtime).max()
}

/// Returns the processes that may be one.
fn processes() -> Vec<(u32, String)> {
    let entries = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let named =
        ids.filter_map(|id| Some((id, fs::read_to_string(format!("/proc/{id}/comm")).ok()?)));
    let named = named.map(|(id, name)| (id, name.trim_end().to_owned()));
    named
        .filter(|(_, name)| PROGRAMS.contains(&name.as_str()))
        .collect()
}

/// Returns the databases that a process has open, by their paths and inodes.
fn databases(id: u32) -> Vec<(PathBuf, (u64, u64))> {
    let remote = RemoteMounts::of_machine();
    let entries = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten();
    let opened = entries.filter_map(Result::ok).filter_map(|entry| {
        let path = fs::read_link(entry.path()).ok()?;
        let is_meant = DATABASES.iter().any(|database| path.ends_with(database));
        let inner = path.strip_prefix("/").ok()?;
        // A daemon may well wait for a dead disk.
        if !is_meant || remote.on_the_way(inner.as_os_str().as_bytes()).is_some() {
            return None;
        }
        let found = fs::metadata(entry.path()).ok()?;
        Some((path, (found.dev(), found.ino())))
    });
    opened.collect()
}

fn object_of(path: &Path) -> Option<(u64, u64)> {
    let found = fs::symlink_metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// Returns the service of the machine that a process belongs to (cgroups(7), `/proc/[pid]/cgroup`).
fn unit(id: u32) -> Option<String> {
    let groups = fs::read_to_string(format!("/proc/{id}/cgroup")).ok()?;
    let paths = groups.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    let units = paths.filter_map(|path| path.strip_prefix("/system.slice/"));
    let mut units = units.filter_map(|rest| rest.split('/').next());
    units
        .find(|unit| unit.ends_with(".service"))
        .map(str::to_owned)
}

/// Without systemd the file with its process tells which dockerd is that of the machine (dockerd(8), `--pidfile`).
fn pid_file(disk: &Disk) -> Option<u32> {
    let text = disk.read(Path::new("var/run/docker.pid")).ok().flatten()?;
    text.trim().parse().ok()
}

impl Daemon {
    /// Returns what to call it.
    pub(super) fn told(&self) -> String {
        format!("{} (process {})", self.program, self.id)
    }

    pub(super) fn is_unit_of(&self, engine: &Engine) -> bool {
        engine.units.contains(&self.unit.as_str())
    }

    /// Returns whether it works with what is in a directory, or in the part of it for mapped users.
    pub(super) fn serves(&self, root: &Path) -> bool {
        let part = self.root.strip_prefix(root).ok();
        part.is_some_and(|part| part.components().count() <= 1)
    }

    /// Returns its root as a place of somebody.
    pub(super) fn place(&self, owner: &str) -> Place {
        let path = self.root.strip_prefix("/").unwrap_or(&self.root);
        Place {
            named_by: Some(self.told()),
            standing: Standing::Served,
            ..usual(path, owner)
        }
    }

    /// Returns whether its root is one of the places that are known, or a part of one.
    pub(super) fn is_at_home(&self, homes: &Homes) -> bool {
        homes
            .places
            .iter()
            .any(|place| self.root.starts_with(&place.whole))
    }
}
