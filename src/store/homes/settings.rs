//! Engines' own configuration: where it puts their roots.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use globset::Glob;
use serde::Deserialize;

use super::disk::Disk;
use super::engines::{Engine, Format};
use super::units;
use super::users::User;
use crate::path::display_str;

/// Files of containerd that one configuration leads to.
const MOST_IMPORTS: usize = 64;

/// A path that configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    /// Of the machine, without the slash.
    pub(super) path: PathBuf,
    /// The key and its file, escaped.
    pub(super) named_by: String,
    /// Whether the engine does not work without it.
    pub(super) is_needed: bool,
}

/// What the configuration of an engine says.
#[derive(Debug, Default)]
pub(super) struct Configured {
    pub(super) root: Option<Setting>,
    /// Further stores that it reads.
    pub(super) further: Vec<Setting>,
    /// Whether Docker maps users, and so works with a data root in the data root.
    pub(super) is_remapped: bool,
    /// What cannot be used, escaped.
    pub(super) doubts: Vec<String>,
}

/// Reads what there is.
pub(super) fn of_engine(disk: &Disk, engine: &Engine, user: Option<&User>) -> Configured {
    let mut reading = Reading {
        disk,
        engine,
        user,
        found: Configured::default(),
    };
    let started = reading.starts();
    let files = engine.files.iter();
    let files = files.map(|&(file, format)| (Engine::file_of(file, user), format));
    let mut files: Vec<(PathBuf, Format)> = files.collect();
    for (words, _) in &started {
        // A file that is named takes the place of the usual one.
        let named = units::value(words, engine.options[1]);
        if let (Some((_, file)), Some(first)) = (named, files.first_mut()) {
            first.0 = relative(file);
        }
    }
    reading.read(&files);
    for (words, file) in &started {
        if let Some((option, value)) = units::value(words, engine.options[0]) {
            reading.name_root(option, file, value, true);
        }
    }
    reading.found
}

struct Reading<'a> {
    disk: &'a Disk,
    engine: &'a Engine,
    user: Option<&'a User>,
    found: Configured,
}

impl Reading<'_> {
    /// Returns the command lines of its services, with the files that have them.
    fn starts(&self) -> Vec<(Vec<String>, PathBuf)> {
        let home = self.user.map(|user| user.home.as_path());
        let units = self.engine.units.iter();
        units
            .filter_map(|unit| units::command(self.disk, home, unit))
            .collect()
    }

    fn read(&mut self, files: &[(PathBuf, Format)]) {
        let mut has_storage = false;
        for (file, format) in files {
            for file in self.matching(file) {
                if *format == Format::Storage && has_storage {
                    continue;
                }
                let text = match self.disk.read(&file) {
                    Ok(Some(text)) => text,
                    Ok(None) => continue,
                    Err(doubt) => {
                        self.found.doubts.push(doubt);
                        continue;
                    }
                };
                match format {
                    Format::DaemonJson => self.daemon_json(&file, &text),
                    Format::Containerd => self.containerd(&file, text),
                    Format::Storage => has_storage = self.storage(&file, &text),
                    Format::Crio => self.crio(&file, &text),
                    Format::DataDir => self.data_dir(&file, &text),
                    Format::Options => self.options(&file, &text),
                }
            }
        }
    }

    /// Returns the files of a name, which may be a pattern.
    fn matching(&self, file: &Path) -> Vec<PathBuf> {
        let name = file.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if !name.contains(['*', '?', '[']) {
            return vec![file.to_owned()];
        }
        let (Ok(glob), Some(directory)) = (Glob::new(name), file.parent()) else {
            return Vec::new();
        };
        let glob = glob.compile_matcher();
        self.disk.files(directory, |name| glob.is_match(name))
    }

    fn doubt(&mut self, file: &Path, reason: &str) {
        let shown = self.disk.shown(file);
        // What is told of a file may be lines of it.
        let reason = reason.lines().next().unwrap_or_default();
        self.found
            .doubts
            .push(format!("{shown} cannot be used: {}", display_str(reason)));
    }

    fn setting(&mut self, key: &str, file: &Path, value: &str, is_needed: bool) -> Option<Setting> {
        if value.is_empty() {
            return None;
        }
        let value = self
            .user
            .map_or_else(|| value.to_owned(), |user| user.expanded(value));
        if !value.starts_with('/') {
            let reason = format!("{key} is {value}, which is no absolute path");
            self.doubt(file, &reason);
            return None;
        }
        Some(Setting {
            path: relative(&value),
            named_by: format!("{key} in {}", self.disk.shown(file)),
            is_needed,
        })
    }

    fn name_root(&mut self, key: &str, file: &Path, value: &str, is_needed: bool) {
        if let Some(mut setting) = self.setting(key, file, value, is_needed) {
            if !self.engine.below.is_empty() {
                setting.path.push(self.engine.below);
            }
            self.found.root = Some(setting);
        }
    }

    fn name_further(&mut self, key: &str, file: &Path, value: &str) {
        let setting = self.setting(key, file, value, false);
        self.found.further.extend(setting);
    }

    fn daemon_json(&mut self, file: &Path, text: &str) {
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "kebab-case", default)]
        struct Daemon {
            data_root: Option<String>,
            graph: Option<String>,
            userns_remap: Option<String>,
        }
        // dockerd takes an empty file.
        let text = if text.trim().is_empty() { "{}" } else { text };
        let daemon: Daemon = match serde_json::from_str(text) {
            Ok(daemon) => daemon,
            Err(error) => return self.doubt(file, &error.to_string()),
        };
        self.found.is_remapped = daemon.userns_remap.is_some_and(|users| !users.is_empty());
        for (key, value) in [("graph", daemon.graph), ("data-root", daemon.data_root)] {
            if let Some(value) = value {
                self.name_root(key, file, &value, true);
            }
        }
    }

    /// What a file imports counts more than the file (containerd, `cmd/containerd/server/config`, `LoadConfig`).
    fn containerd(&mut self, first: &Path, text: String) {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Config {
            root: Option<String>,
            imports: Vec<String>,
        }
        let mut waiting = vec![(first.to_owned(), Some(text))];
        let mut seen = BTreeSet::new();
        while let Some((file, text)) = waiting.pop() {
            let whole = self.disk.resolve(&file).ok().flatten();
            if seen.len() >= MOST_IMPORTS || !whole.is_some_and(|whole| seen.insert(whole)) {
                continue;
            }
            let text = match text.map_or_else(|| self.disk.read(&file), |text| Ok(Some(text))) {
                Ok(text) => text.unwrap_or_default(),
                Err(doubt) => {
                    self.found.doubts.push(doubt);
                    continue;
                }
            };
            let config: Config = match toml::from_str(&text) {
                Ok(config) => config,
                Err(error) => {
                    self.doubt(&file, error.message());
                    continue;
                }
            };
            // Without root `/var/lib/containerd` is a place in the home (nerdctl, containerd-rootless.sh).
            let root = config
                .root
                .filter(|root| self.user.is_none() || root != "/var/lib/containerd");
            if let Some(root) = root {
                self.name_root("root", &file, &root, true);
            }
            let beside = file.parent().unwrap_or(Path::new(""));
            let imports = config.imports.iter().take(MOST_IMPORTS);
            let imports = imports.map(|import| {
                if import.starts_with('/') {
                    relative(import)
                } else {
                    beside.join(import)
                }
            });
            let files: Vec<PathBuf> = imports.flat_map(|import| self.matching(&import)).collect();
            waiting.extend(
                files
                    .into_iter()
                    .rev()
                    .take(MOST_IMPORTS)
                    .map(|file| (file, None)),
            );
        }
    }

    /// Returns whether the file counts: one that cannot be used hides the next one no less.
    fn storage(&mut self, file: &Path, text: &str) -> bool {
        let storage = match storage_conf(text) {
            Ok(storage) => storage,
            Err(reason) => {
                self.doubt(file, &reason);
                return true;
            }
        };
        match self.user {
            None => self.name_root("graphroot", file, &storage.graphroot, true),
            // One of the machine says nothing of others' graph roots.
            Some(_) if !(file.starts_with("etc") || file.starts_with("usr")) => {
                self.name_root("graphroot", file, &storage.graphroot, true);
            }
            Some(_) => {
                let path = &storage.rootless_storage_path;
                self.name_root("rootless_storage_path", file, path, false);
            }
        }
        self.name_further("imagestore", file, &storage.imagestore);
        for place in storage.further() {
            self.name_further("additionalimagestores", file, place);
        }
        true
    }

    fn crio(&mut self, file: &Path, text: &str) {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Config {
            crio: Crio,
        }
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Crio {
            root: String,
        }
        match toml::from_str::<Config>(text) {
            // Podman goes on with its own.
            Ok(config) => self.name_further("root", file, &config.crio.root),
            Err(error) => self.doubt(file, error.message()),
        }
    }

    fn data_dir(&mut self, file: &Path, text: &str) {
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "kebab-case", default)]
        struct Config {
            data_dir: Option<String>,
        }
        match serde_saphyr::from_str::<Option<Config>>(text) {
            Ok(config) => {
                if let Some(value) = config.unwrap_or_default().data_dir {
                    self.name_root("data-dir", file, &value, true);
                }
            }
            Err(error) => self.doubt(file, &error.to_string()),
        }
    }

    fn options(&mut self, file: &Path, text: &str) {
        let words: Vec<String> = text.lines().flat_map(units::words).collect();
        if let Some((option, value)) = units::value(&words, self.engine.options[0]) {
            // snap, "Environment variables": the part of `/var/snap/NAME` that all versions share.
            let common = file
                .to_str()
                .and_then(|file| file.split("/current/").next());
            let common = common.unwrap_or_default();
            let value = value.replace("${SNAP_COMMON}", &format!("/{common}/common"));
            self.name_root(option, file, &value, true);
        }
    }
}

fn relative(path: &str) -> PathBuf {
    let path = Path::new(path);
    path.strip_prefix("/")
        .unwrap_or(path)
        .components()
        .collect()
}

/// What a `storage.conf` says of places (containers-storage.conf(5)).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::store) struct StorageConf {
    graphroot: String,
    rootless_storage_path: String,
    pub(in crate::store) imagestore: String,
    options: StorageOptions,
}

/// Its options.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StorageOptions {
    /// Text, mostly.
    additionalimagestores: Vec<toml::Value>,
}

impl StorageConf {
    /// Returns the additional stores.
    pub(in crate::store) fn further(&self) -> impl Iterator<Item = &str> {
        let listed = self.options.additionalimagestores.iter();
        listed.filter_map(toml::Value::as_str)
    }
}

/// Reads the text of one.
///
/// # Errors
/// What is wrong with it.
pub(in crate::store) fn storage_conf(text: &str) -> Result<StorageConf, String> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Document {
        storage: StorageConf,
    }
    let document = toml::from_str::<Document>(text);
    document
        .map(|document| document.storage)
        .map_err(|error| error.message().to_owned())
}
