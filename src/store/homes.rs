//! Where engines keep their stores: at their usual homes, where their own configuration points, and where a daemon
//! that runs has its records open.
//!
//! Of another machine's disk nothing but that disk is asked: its configuration names places on it.

mod daemons;
mod disk;
mod engines;
mod settings;
#[cfg(test)]
mod tests;
mod units;
mod users;

use std::path::{Path, PathBuf};

use crate::error::{Warning, WarningCode};
use crate::path::display_os;
use daemons::Daemon;
use disk::Disk;
use engines::{ENGINES, Engine, OWN_ENGINES};
use settings::Configured;
use users::User;

pub(super) use daemons::{is_open_by_daemon, last_opened};
pub(super) use settings::storage_conf;

/// A directory where a store is, or may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The directory.
    pub path: PathBuf,
    /// What names it that is not this program, escaped: `data-root in /etc/docker/daemon.json`.
    pub named_by: Option<String>,
    /// Why the engine does not work with it, escaped: `dockerd serves /data/docker`.
    pub disuse: Option<String>,
    /// Whether the users of containers are mapped, so that Docker's data root is a directory in it; `None` where that
    /// is not known.
    pub is_remapped: Option<bool>,
    /// Where it is without links, to tell it from others.
    whole: PathBuf,
    /// Whose it is: an engine works with one place of its own at a time.
    owner: String,
    standing: Standing,
}

/// How a place is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Engines use it where nothing else is said.
    Usual,
    /// The engine's configuration names it.
    Configured,
    /// The engine reads it besides, where it is there.
    Further,
    /// A daemon works with it.
    Served,
}

/// Places of stores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Homes {
    /// Those with something at them, or where something is meant to be; of each engine the one in use first.
    pub places: Vec<Place>,
    /// Every place that was looked at.
    pub looked: Vec<PathBuf>,
    /// What could not be looked at.
    pub warnings: Vec<Warning>,
    /// Places that configuration names, and that are not there or cannot be looked at.
    missing: Vec<Place>,
}

/// Returns the places of this machine, those of its user first; `home` is theirs. Whoever called sudo is one of them.
///
/// `asks_daemons`: whether the processes that run are asked which files they have open.
pub fn of_this_machine(home: Option<&Path>, asks_daemons: bool) -> Homes {
    let disk = Disk::this_machine();
    let daemons = if asks_daemons {
        daemons::running(&disk)
    } else {
        Vec::new()
    };
    let own = home.map(User::of_process);
    let users: Vec<User> = own.into_iter().chain(users::before_sudo(&disk)).collect();
    find(&disk, &users, &daemons)
}

/// Returns where engines keep their stores when nothing else is said, those of a user first; none need exist.
pub fn usual_places(home: &Path) -> Vec<PathBuf> {
    let own = OWN_ENGINES.iter().map(|engine| home.join(engine.usual));
    own.chain(
        ENGINES
            .iter()
            .map(|engine| Path::new("/").join(engine.usual)),
    )
    .collect()
}

/// Returns the places on a disk of another machine that is mounted at a directory; it may be the `/var` of one, the
/// `/var/lib`, or a home.
pub fn on_disk(directory: &Path) -> Homes {
    let Some(disk) = Disk::mounted_at(directory) else {
        return Homes::default();
    };
    let mut users = users::of_disk(&disk);
    users.push(User::at(PathBuf::new()));
    let mut homes = find(&disk, &users, &[]);
    for engine in ENGINES {
        for part in ["var/lib/", "var/"] {
            if let Some(rest) = engine.usual.strip_prefix(part) {
                homes.add(&disk, usual(Path::new(rest), engine.title));
            }
        }
    }
    homes
}

impl Place {
    /// Returns whether the engine's configuration puts its store there.
    pub(super) fn is_configured(&self) -> bool {
        self.standing == Standing::Configured
    }
}

impl Homes {
    /// Takes one directory that a user named. Of one that is a home of an engine of this machine it is known whether
    /// the engine works with it.
    pub fn named(path: &Path, home: Option<&Path>) -> Self {
        let whole = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let known = of_this_machine(home, true).places.into_iter();
        let mut known = known.filter(|place| place.whole == whole);
        let place = known.next().map_or_else(
            || Place {
                whole: whole.clone(),
                ..usual(path, "")
            },
            |place| Place {
                path: path.to_owned(),
                named_by: None,
                ..place
            },
        );
        Self {
            places: vec![place],
            ..Self::default()
        }
    }

    /// Returns the directories.
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.places.iter().map(|place| &place.path)
    }

    /// Adds a place, unless nothing is there that is worth a word; `place.path` is relative to the disk.
    fn add(&mut self, disk: &Disk, place: Place) {
        let shown = disk.at(&place.path);
        if place.standing != Standing::Further {
            self.looked.push(shown.clone());
        }
        let by = |what: &str| {
            let named = place.named_by.as_ref();
            named.map_or_else(String::new, |named| format!("{named} {what} "))
        };
        let name = display_os(shown.as_os_str());
        match disk.resolve(&place.path) {
            Ok(Some(inner)) => {
                let whole = disk.at(&inner);
                if self.places.iter().any(|known| known.whole == whole) {
                    return;
                }
                // Links of another machine lead to places on its own disk.
                let path = if disk.is_this_machine() {
                    shown
                } else {
                    whole.clone()
                };
                self.places.push(Place {
                    path,
                    whole,
                    ..place
                });
            }
            Ok(None) if place.standing == Standing::Configured => {
                let message = format!(
                    "{}{name}: nothing is there; is its disk mounted?",
                    by("names")
                );
                self.warn(WarningCode::Unmeasured, message);
                self.missing.push(Place {
                    path: shown,
                    ..place
                });
            }
            Ok(None) => {}
            Err(reason) => {
                let code = match place.standing {
                    Standing::Configured => WarningCode::Unmeasured,
                    _ => WarningCode::NotInSource,
                };
                self.warn(code, format!("{}{name}: {reason}", by("names")));
                self.missing.push(Place {
                    path: shown,
                    ..place
                });
            }
        }
    }

    fn warn(&mut self, code: WarningCode, message: String) {
        let warning = Warning::new(code, message);
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// Returns a place that nothing names.
fn usual(path: &Path, owner: &str) -> Place {
    Place {
        path: path.to_owned(),
        named_by: None,
        disuse: None,
        is_remapped: None,
        whole: path.to_owned(),
        owner: owner.to_owned(),
        standing: Standing::Usual,
    }
}

fn find(disk: &Disk, users: &[User], daemons: &[Daemon]) -> Homes {
    let mut homes = Homes::default();
    for user in users {
        for engine in OWN_ENGINES {
            let owner = format!("{} of {}", engine.title, display_os(user.home.as_os_str()));
            add_engine(&mut homes, disk, (engine, &owner), Some(user), daemons);
        }
    }
    for engine in ENGINES {
        add_engine(&mut homes, disk, (engine, engine.title), None, daemons);
    }
    for daemon in daemons {
        if !daemon.is_at_home(&homes) {
            homes.add(disk, daemon.place(&daemon.told()));
        }
    }
    settle(&mut homes, daemons);
    homes
}

fn add_engine(
    homes: &mut Homes,
    disk: &Disk,
    (engine, owner): (&Engine, &str),
    user: Option<&User>,
    daemons: &[Daemon],
) {
    let Configured {
        root,
        further,
        is_remapped,
        doubts,
    } = settings::of_engine(disk, engine, user);
    for doubt in doubts {
        homes.warn(WarningCode::Unmeasured, doubt);
    }
    let with = |path: PathBuf, named_by: Option<String>, standing| Place {
        named_by,
        standing,
        is_remapped: Some(is_remapped),
        ..usual(&path, owner)
    };
    let own = daemons
        .iter()
        .filter(|daemon| user.is_none() && daemon.is_unit_of(engine));
    for daemon in own {
        homes.add(disk, daemon.place(owner));
    }
    let home = engine.usual_of(user);
    if let Some(setting) = root.filter(|setting| setting.path != home) {
        let standing = if setting.is_needed {
            Standing::Configured
        } else {
            Standing::Further
        };
        homes.add(disk, with(setting.path, Some(setting.named_by), standing));
    }
    homes.add(disk, with(home, None, Standing::Usual));
    for setting in further {
        let owner = format!("{owner}, besides");
        let place = with(setting.path, Some(setting.named_by), Standing::Further);
        homes.add(disk, Place { owner, ..place });
    }
}

/// Says of each place whether its engine works with another one.
fn settle(homes: &mut Homes, daemons: &[Daemon]) {
    let all = [homes.places.as_slice(), &homes.missing].concat();
    let server = |place: &Place| daemons.iter().find(|daemon| daemon.serves(&place.whole));
    for place in homes
        .places
        .iter_mut()
        .filter(|place| server(place).is_none())
    {
        let others: Vec<&Place> = all
            .iter()
            .filter(|other| other.owner == place.owner && other.whole != place.whole)
            .collect();
        let in_use = others
            .iter()
            .find_map(|other| Some((server(other)?, other)));
        let named = others
            .iter()
            .find(|other| other.standing == Standing::Configured);
        let shown = |other: &Place| display_os(other.path.as_os_str());
        place.disuse = match (in_use, named) {
            (Some((daemon, other)), _) => {
                Some(format!("{} serves {}", daemon.told(), shown(other)))
            }
            (None, Some(other)) if place.standing == Standing::Usual => {
                let named_by = other.named_by.as_deref().unwrap_or("its configuration");
                Some(format!("{named_by} names {}", shown(other)))
            }
            _ => None,
        };
    }
}
