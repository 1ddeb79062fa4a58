//! Whose homes are looked at: that of the user, of whoever called sudo, and of everybody on another machine's disk.

use std::path::{Path, PathBuf};

use super::disk::Disk;

/// Accounts of another machine whose homes are looked at.
const MOST_USERS: usize = 1000;

/// Somebody with a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    pub(super) home: PathBuf,
    name: String,
    id: String,
    /// Where their programs keep data and configuration, where that is not in the home.
    places: [Option<PathBuf>; 2],
}

impl User {
    pub(super) fn at(home: PathBuf) -> Self {
        Self {
            home,
            name: String::new(),
            id: String::new(),
            places: [None, None],
        }
    }

    /// Returns the user of this process (XDG Base Directory Specification).
    pub(super) fn of_process(home: &Path) -> Self {
        let variable = |name| {
            let value = std::env::var_os(name).map(PathBuf::from);
            value.filter(|value: &PathBuf| value.is_absolute())
        };
        Self {
            name: std::env::var("USER").unwrap_or_default(),
            id: rustix::process::getuid().as_raw().to_string(),
            places: ["XDG_DATA_HOME", "XDG_CONFIG_HOME"].map(variable),
            ..Self::at(home.to_owned())
        }
    }

    /// Returns where something is that is named from the home.
    pub(super) fn at_home(&self, path: &str) -> PathBuf {
        let parts = [".local/share/", ".config/"].into_iter().zip(&self.places);
        let mut elsewhere =
            parts.filter_map(|(part, place)| Some(place.as_ref()?.join(path.strip_prefix(part)?)));
        elsewhere.next().unwrap_or_else(|| self.home.join(path))
    }

    /// Puts the user into a path of configuration (containers-storage.conf(5), `rootless_storage_path`).
    pub(super) fn expanded(&self, text: &str) -> String {
        let home = self.home.to_str().unwrap_or_default();
        let mut text = text.to_owned();
        for (name, value) in [("HOME", home), ("UID", &self.id), ("USER", &self.name)] {
            text = text
                .replace(&format!("${{{name}}}"), value)
                .replace(&format!("${name}"), value);
        }
        text
    }
}

/// Returns whoever called sudo, pkexec or doas.
pub(super) fn before_sudo(disk: &Disk) -> Option<User> {
    let variable = |name| std::env::var(name).ok();
    let id = variable("SUDO_UID").or_else(|| variable("PKEXEC_UID"));
    let name = variable("DOAS_USER");
    let users = all(disk);
    let found = users.into_iter().find(|user| {
        id.as_ref().is_some_and(|id| user.id == *id)
            || name.as_ref().is_some_and(|name| user.name == *name)
    });
    // Accounts of a directory service are in no file.
    found.or_else(|| {
        let home = PathBuf::from(variable("SUDO_HOME")?);
        Some(User {
            id: id?,
            name: variable("SUDO_USER").unwrap_or_default(),
            ..User::at(home)
        })
    })
}

/// Returns everybody with a home on a disk.
pub(super) fn of_disk(disk: &Disk) -> Vec<User> {
    let mut users = all(disk);
    users.sort_by(|one, other| one.home.cmp(&other.home));
    users.dedup_by(|one, other| one.home == other.home);
    users.truncate(MOST_USERS);
    users
}

/// passwd(5).
fn all(disk: &Disk) -> Vec<User> {
    let text = disk
        .read(Path::new("etc/passwd"))
        .ok()
        .flatten()
        .unwrap_or_default();
    let user = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, id, _, _, home, ..] = fields.as_slice() else {
            return None;
        };
        let home = PathBuf::from(home);
        let has_home = home.is_absolute() && home != Path::new("/");
        has_home.then(|| User {
            name: (*name).to_owned(),
            id: (*id).to_owned(),
            ..User::at(home)
        })
    };
    text.lines().filter_map(user).collect()
}
