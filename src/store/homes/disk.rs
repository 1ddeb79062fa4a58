//! The disk of one machine: this one, or what is mounted of another one. Nothing on it leads off it.

use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use crate::limits;
use crate::mount_table::RemoteMounts;
use crate::path::display_os;

/// As many links as Linux follows (`MAXSYMLINKS`).
const MOST_LINKS: usize = 40;

/// Files in one directory of configuration that are read.
const MOST_FILES: usize = 64;

/// The root of a machine's files.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    remote: RemoteMounts,
}

impl Disk {
    pub(super) fn this_machine() -> Self {
        Self {
            root: PathBuf::from("/"),
            remote: RemoteMounts::of_machine(),
        }
    }

    /// Returns the disk that is mounted at a directory, or was copied there.
    pub(super) fn mounted_at(directory: &Path) -> Option<Self> {
        // Whoever named it waits for it.
        let opened = std::fs::File::open(directory).ok()?;
        Some(Self {
            root: directory.to_owned(),
            remote: RemoteMounts::below_open(&opened),
        })
    }

    pub(super) fn is_this_machine(&self) -> bool {
        self.root == Path::new("/")
    }

    /// Returns where a path of the machine is from here.
    pub(super) fn at(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Follows the links on the way to a path, all inside of the disk; `None` where nothing is there.
    ///
    /// # Errors
    /// Why it cannot be told, escaped: something on the way may never answer, links lead in a circle.
    pub(super) fn resolve(&self, path: &Path) -> Result<Option<PathBuf>, String> {
        let mut reached = PathBuf::new();
        let mut open = components(path);
        let mut links = 0;
        while let Some(component) = open.pop() {
            if component == ".." {
                reached.pop();
                continue;
            }
            reached.push(&component);
            if let Some(told) = self.remote.on_the_way(reached.as_os_str().as_bytes()) {
                return Err(format!(
                    "{told} is mounted there, which may never answer, and is not asked"
                ));
            }
            let here = self.root.join(&reached);
            let found = match std::fs::symlink_metadata(&here) {
                Ok(found) => found,
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
                {
                    return Ok(None);
                }
                // Whoever opens it says what is to be done.
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    reached.extend(open.iter().rev());
                    return Ok(Some(reached));
                }
                Err(error) => return Err(error.to_string()),
            };
            if !found.is_symlink() {
                continue;
            }
            links += 1;
            if links > MOST_LINKS {
                return Err("symbolic links lead in a circle".into());
            }
            let target = std::fs::read_link(&here).map_err(|error| error.to_string())?;
            reached.pop();
            if target.is_absolute() {
                reached = PathBuf::new();
            }
            open.extend(components(&target));
        }
        Ok(Some(reached))
    }

    /// Reads a file of configuration; `None` where there is none.
    ///
    /// # Errors
    /// Why it cannot be read, with its name, escaped.
    pub(super) fn read(&self, path: &Path) -> Result<Option<String>, String> {
        let failed = |reason: String| format!("{} cannot be read: {reason}", self.shown(path));
        let Some(inner) = self.resolve(path).map_err(failed)? else {
            return Ok(None);
        };
        let place = self.root.join(inner);
        let failed = |error: std::io::Error| failed(error.to_string());
        let status = match std::fs::metadata(&place) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => other.map_err(failed)?,
        };
        if !status.is_file() {
            return Err(format!("{} is no file", self.shown(path)));
        }
        let mut text = Vec::new();
        let file = std::fs::File::open(&place).map_err(failed)?;
        let limit = limits::CONFIGURATION_BYTES;
        file.take(limit + 1)
            .read_to_end(&mut text)
            .map_err(failed)?;
        if text.len() as u64 > limit {
            return Err(format!("{} is longer than {limit} bytes", self.shown(path)));
        }
        let text = String::from_utf8(text);
        text.map(Some)
            .map_err(|_| format!("{} is no text", self.shown(path)))
    }

    /// Returns the files in a directory whose names match, sorted; none where it cannot be listed.
    pub(super) fn files(
        &self,
        directory: &Path,
        is_meant: impl Fn(&OsStr) -> bool,
    ) -> Vec<PathBuf> {
        let Ok(Some(inner)) = self.resolve(directory) else {
            return Vec::new();
        };
        let entries = std::fs::read_dir(self.root.join(inner))
            .into_iter()
            .flatten();
        let entries = entries.take(limits::STORE_NAMES).filter_map(Result::ok);
        let mut names: Vec<OsString> = entries
            .map(|entry| entry.file_name())
            .filter(|name| is_meant(name))
            .collect();
        names.sort_unstable();
        names.truncate(MOST_FILES);
        names.into_iter().map(|name| directory.join(name)).collect()
    }

    /// Returns where a path of the machine is from here, escaped.
    pub(super) fn shown(&self, path: &Path) -> String {
        display_os(self.at(path).as_os_str())
    }
}

/// Returns the names in a path, the last one first.
fn components(path: &Path) -> Vec<OsString> {
    let components = path.components().rev();
    let names = components.filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    names.take(limits::PATH_DEPTH).collect()
}
