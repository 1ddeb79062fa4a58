//! Damaged stores: no panic, no way out, and the rest is still shown, with a word about what is not.
//!
//! Damage is done in place to one unpacked copy of a real store, looked at, and undone.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use layerscope::error::{Error, Result, Warning};
use layerscope::image::Image;
use layerscope::layer::{Entry, EntryKind, EntrySink, FileAt};
use layerscope::progress::Job;
use layerscope::store::{self, Accounts, Basis, ContainerId, ImageId, Store};
use tempfile::TempDir;

use support::random::Random;
use support::stores::{self, Unpacked};

/// What must never be seen: a name and a text that exist outside of the store only.
const CANARY: &str = "canary-4711";

/// Files of each layer that are opened.
const FILES: usize = 5;

/// Longest file that counts as a record; longer ones are layers' blobs and files.
const RECORD_BYTES: u64 = 300_000;

/// Everything that was told about a store.
#[derive(Debug, Default)]
struct Told {
    images: BTreeSet<String>,
    containers: BTreeSet<String>,
    layers: usize,
    entries: usize,
    /// Places of what nobody owns.
    orphans: BTreeSet<String>,
    warnings: BTreeSet<String>,
    /// All of it as text, for what must not be in it.
    text: String,
}

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// Records and sizes.
    Records,
    /// Every layer and the beginning of every file as well.
    Layers,
}

fn look(root: &Path, depth: Depth) -> Result<Told> {
    let job = Job::new();
    job.limit_expanded(64 << 20);
    let mut inventory = store::read(root, &job)?;
    store::measure::measure(&mut inventory, NonZeroUsize::new(1), &job)?;
    let mut told = Told::default();
    write!(told.text, "{inventory:?}").unwrap();
    for store in &inventory.stores {
        write!(told.text, "{:?}", Accounts::of(store, Basis::Disk)).unwrap();
        told.store(store, depth);
    }
    Ok(told)
}

impl Told {
    fn store(&mut self, store: &Store, depth: Depth) {
        let images = store.images.iter().flat_map(|image| image.names.clone());
        self.images.extend(images);
        let containers = store
            .containers
            .iter()
            .map(|container| container.id.clone());
        self.containers.extend(containers);
        self.layers += store.layers.len();
        // What lost its owner is reported as such, and an image shows that a layer of it is missing.
        for image in &store.images {
            let missing = image.layers.iter().filter(|layer| layer.is_none()).count();
            if missing > 0 {
                let names = &image.names;
                self.warnings
                    .insert(format!("{missing} layers of {names:?} are missing"));
            }
        }
        let orphans = store.orphans.iter();
        self.orphans
            .extend(orphans.map(|orphan| store.piece(orphan.piece).location.shown()));
        let orphans = store.orphans.iter().map(|orphan| {
            let place = store.piece(orphan.piece).location.shown();
            format!("{place}: {}", orphan.reason)
        });
        self.warnings.extend(orphans);
        self.warn(&store.warnings);
        let images = (0..)
            .zip(&store.images)
            .map(|(at, _)| store.open_image(ImageId(at)));
        let containers = (0..).zip(&store.containers);
        let containers = containers.map(|(at, _)| store.open_container(ContainerId(at)));
        let opened: Vec<_> = images.chain(containers).collect();
        for image in &opened {
            match image {
                Ok(image) => self.image(image),
                Err(error) => self.text.push_str(&with_causes(error)),
            }
        }
        if depth == Depth::Layers {
            let mut seen = BTreeSet::new();
            for image in opened.iter().flatten() {
                for layer in &image.layers {
                    // Images share layers; each is walked once.
                    if seen.insert(format!("{:?}", layer.source)) {
                        self.layer(layer);
                    }
                }
            }
        }
    }

    fn image(&mut self, image: &Image) {
        write!(self.text, "{image:?}").unwrap();
        self.warn(&image.warnings);
    }

    fn layer(&mut self, layer: &layerscope::image::Layer) {
        let mut files = Files::default();
        if let Err(error) = layer.source.scan(&mut files, &Job::new()) {
            assert!(!matches!(error, Error::Interrupted));
            self.warnings.insert(with_causes(&error));
        }
        self.warn(&files.warnings);
        self.entries += files.entries;
        self.text.push_str(&files.names);
        for (offset, path, size) in files.regular.iter().take(FILES) {
            let path = layerscope::path::ImagePath::new(path).unwrap();
            let file = FileAt {
                offset: *offset,
                path,
                size: *size,
            };
            let mut start = Vec::new();
            match layer.source.open(file) {
                Ok(data) => match data.take(256).read_to_end(&mut start) {
                    Ok(_) => self.text.push_str(&start.escape_ascii().to_string()),
                    Err(error) => self.text.push_str(&error.to_string()),
                },
                Err(error) => self.text.push_str(&with_causes(&error)),
            }
        }
    }

    fn warn(&mut self, warnings: &[Warning]) {
        for warning in warnings {
            let message = &warning.message;
            assert!(
                message.chars().all(|character| !character.is_control()),
                "escaped: {message:?}"
            );
            self.warnings.insert(message.clone());
        }
    }
}

fn with_causes(error: &Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[derive(Default)]
struct Files {
    entries: usize,
    names: String,
    regular: Vec<(u64, Vec<u8>, u64)>,
    warnings: Vec<Warning>,
}

impl EntrySink for Files {
    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        self.entries += 1;
        let name = entry.path.as_bytes();
        writeln!(self.names, "{}", name.escape_ascii()).unwrap();
        if entry.meta.kind == EntryKind::File {
            self.regular
                .push((entry.offset, name.to_vec(), entry.meta.size));
        }
        Ok(())
    }

    fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }
}

/// A place outside of the store that nothing may lead to.
struct Outside {
    directory: TempDir,
}

impl Outside {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("directory");
        fs::create_dir(&inner).unwrap();
        fs::write(directory.path().join("file"), CANARY).unwrap();
        for name in [CANARY, "diff", "link", "lower", "cache-id", "parent"] {
            fs::write(inner.join(name), CANARY).unwrap();
        }
        let outside = Self { directory };
        outside.age();
        outside
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("file")
    }

    fn inner(&self) -> PathBuf {
        self.directory.path().join("directory")
    }

    /// Makes everything look read long before it was written, so that the kernel notes the next reading.
    fn age(&self) {
        let times = rustix::fs::Timestamps {
            last_access: rustix::fs::Timespec {
                tv_sec: 1000,
                tv_nsec: 0,
            },
            last_modification: rustix::fs::Timespec {
                tv_sec: 2000,
                tv_nsec: 0,
            },
        };
        for path in self.all() {
            let flags = rustix::fs::AtFlags::empty();
            rustix::fs::utimensat(rustix::fs::CWD, &path, &times, flags).unwrap();
        }
    }

    fn all(&self) -> Vec<PathBuf> {
        let inner = fs::read_dir(self.inner()).unwrap();
        let mut all: Vec<_> = inner.map(|entry| entry.unwrap().path()).collect();
        all.extend([self.file(), self.inner()]);
        all
    }

    fn assert_unread(&self, told: &Result<Told>, what: &str) {
        for path in [self.file(), self.inner(), self.inner().join(CANARY)] {
            let read = fs::symlink_metadata(&path).unwrap().atime();
            assert_eq!(read, 1000, "{what}: {} was read", path.display());
        }
        let text = match told {
            Ok(told) => format!("{} {:?}", told.text, told.warnings),
            Err(error) => with_causes(error),
        };
        assert!(!text.contains(CANARY), "{what}: what lies outside is shown");
    }
}

/// One unpacked store and what it tells undamaged.
struct Subject {
    name: &'static str,
    store: Unpacked,
    whole: Told,
    outside: Outside,
    /// Cases in which less was shown without a word.
    silent: RefCell<Vec<String>>,
    /// Cases in which something was called an orphan that may well have an owner.
    accused: RefCell<Vec<String>>,
}

impl Drop for Subject {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let silent = self.silent.take();
            assert!(
                silent.is_empty(),
                "less is shown without a warning:\n{}",
                silent.join("\n")
            );
            let accused = self.accused.take();
            assert!(
                accused.is_empty(),
                "orphans by unreadable records:\n{}",
                accused.join("\n")
            );
        }
    }
}

impl Subject {
    fn new(name: &'static str) -> Option<Self> {
        let store = stores::unpacked(name)?;
        let whole = look(&store.root(), Depth::Layers).unwrap();
        assert!(
            !whole.images.is_empty() && !whole.containers.is_empty(),
            "{name}"
        );
        Some(Self {
            name,
            store,
            whole,
            outside: Outside::new(),
            silent: RefCell::default(),
            accused: RefCell::default(),
        })
    }

    /// Looks at the damaged store; whatever it is, nothing panics and nothing outside is read.
    fn look(&self, what: &str, depth: Depth) -> Result<Told> {
        let root = self.store.root();
        let told = panic::catch_unwind(AssertUnwindSafe(|| look(&root, depth)));
        let told = told.unwrap_or_else(|cause| {
            eprintln!("{}: {what}", self.name);
            panic::resume_unwind(cause)
        });
        self.outside
            .assert_unread(&told, &format!("{}: {what}", self.name));
        told
    }

    /// What is no longer shown must have been missed with a word.
    fn assert_told(&self, told: &Result<Told>, what: &str) {
        let Ok(told) = told else { return };
        let whole = &self.whole;
        let is_less = told.images != whole.images
            || told.containers != whole.containers
            || told.layers < whole.layers;
        let is_news = told.warnings.difference(&whole.warnings).next().is_some();
        if is_less && !is_news {
            self.silent.borrow_mut().push(format!(
                "{}: {what}: {} images, {} containers, {} layers of {}",
                self.name,
                told.images.len(),
                told.containers.len(),
                told.layers,
                whole.layers
            ));
        }
    }

    /// Records that are there and cannot be read may name anything: nothing becomes an orphan by that.
    fn assert_nobody_accused(&self, told: &Result<Told>, what: &str) {
        let Ok(told) = told else { return };
        let accused: Vec<&String> = told.orphans.difference(&self.whole.orphans).collect();
        if !accused.is_empty() {
            let said = format!("{}: {what}: {accused:?}", self.name);
            self.accused.borrow_mut().push(said);
        }
    }

    /// The engine's records: small files that belong to no layer, volume or log.
    fn records(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.store.root()];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let entry = entry.unwrap();
                let (path, kind) = (entry.path(), entry.file_type().unwrap());
                let name = path.file_name().unwrap().to_str().unwrap_or_default();
                let is_data = [
                    "diff", "fs", "merged", "work", "_data", "dir", "volumes", "swarm",
                ];
                if kind.is_dir() && !is_data.contains(&name) {
                    open.push(path);
                } else if kind.is_file() && entry.metadata().unwrap().len() <= RECORD_BYTES {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }

    fn shown<'p>(&self, path: &'p Path) -> std::path::Display<'p> {
        path.strip_prefix(self.store.root())
            .unwrap_or(path)
            .display()
    }
}

/// A file or a directory out of the way, put back at the end.
struct Aside {
    place: PathBuf,
    kept: PathBuf,
    _directory: TempDir,
}

impl Aside {
    fn new(place: &Path) -> Self {
        // On the same file system, so that a rename will do.
        let directory = tempfile::tempdir_in(std::env::temp_dir()).unwrap();
        let kept = directory.path().join("kept");
        fs::rename(place, &kept).unwrap();
        Self {
            place: place.to_owned(),
            kept,
            _directory: directory,
        }
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        match fs::symlink_metadata(&self.place) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(&self.place).unwrap(),
            Ok(_) => fs::remove_file(&self.place).unwrap(),
            Err(_) => {}
        }
        fs::rename(&self.kept, &self.place).unwrap();
    }
}

/// How a record is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    Removed,
    Emptied,
    Cut,
    Flipped,
    FlippedElsewhere,
    LeadingToAFile,
    LeadingToADirectory,
    Pipe,
    Directory,
}

impl Damage {
    const ALL: [Self; 9] = [
        Self::Removed,
        Self::Emptied,
        Self::Cut,
        Self::Flipped,
        Self::FlippedElsewhere,
        Self::LeadingToAFile,
        Self::LeadingToADirectory,
        Self::Pipe,
        Self::Directory,
    ];

    fn put(self, path: &Path, bytes: &[u8], random: &mut Random, outside: &Outside) {
        match self {
            Self::Removed => {}
            Self::Emptied => fs::write(path, b"").unwrap(),
            Self::Cut => fs::write(path, &bytes[..bytes.len() / 2]).unwrap(),
            Self::Flipped | Self::FlippedElsewhere => {
                let mut flipped = bytes.to_vec();
                let at = random.below(bytes.len().max(1) as u64);
                if let Some(byte) = flipped.get_mut(usize::try_from(at).unwrap()) {
                    *byte ^= 1 << random.below(8);
                }
                fs::write(path, flipped).unwrap();
            }
            Self::LeadingToAFile => symlink(outside.file(), path).unwrap(),
            Self::LeadingToADirectory => symlink(outside.inner(), path).unwrap(),
            Self::Pipe => {
                rustix::fs::mkfifoat(rustix::fs::CWD, path, 0o600.into()).unwrap();
            }
            Self::Directory => fs::create_dir(path).unwrap(),
        }
    }

    /// Whether what is left may be valid and say something else.
    const fn may_mislead(self) -> bool {
        matches!(self, Self::Flipped | Self::FlippedElsewhere)
    }

    const fn depth(self) -> Depth {
        match self {
            Self::Cut | Self::LeadingToAFile => Depth::Layers,
            _ => Depth::Records,
        }
    }
}

/// What records of one kind have in common: their name or, where that is an ID, its form.
fn kind_of(path: &Path) -> String {
    let name = path.file_name().unwrap().to_str().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    if let Some(encoded) = name.strip_prefix('=') {
        return format!("={}", encoded.get(..8).unwrap_or_default());
    }
    if stem.len() >= 32
        && stem
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
    {
        let parent = path.parent().and_then(Path::file_name).unwrap_or_default();
        return format!(
            "{}/*{}",
            parent.display(),
            name.get(stem.len()..).unwrap_or_default()
        );
    }
    name.to_owned()
}

/// Damages the first record of each kind in every way, and the others in one way each, taken in turn.
fn records_are_damaged(name: &'static str) {
    let Some(subject) = Subject::new(name) else {
        return;
    };
    let records = subject.records();
    assert!(records.len() >= 20, "{name}: {} records", records.len());
    let mut kinds = BTreeSet::new();
    let (mut shown, mut cases) = (0, 0);
    for (at, path) in (0_u32..).zip(&records) {
        let one = Damage::ALL[usize::try_from(at).unwrap() % Damage::ALL.len()];
        let damages = if kinds.insert(kind_of(path)) {
            &Damage::ALL[..]
        } else {
            std::slice::from_ref(&one)
        };
        let bytes = fs::read(path).unwrap();
        let mut random = Random::new(at.into());
        for &damage in damages {
            let aside = Aside::new(path);
            damage.put(path, &bytes, &mut random, &subject.outside);
            let what = format!("{} {damage:?}", subject.shown(path));
            let told = subject.look(&what, damage.depth());
            // Docker writes its names down with the first one: without the file no image has any.
            let is_usual = damage == Damage::Removed && path.ends_with("repositories.json");
            if !damage.may_mislead() && !is_usual {
                subject.assert_told(&told, &what);
            }
            if !damage.may_mislead() && damage != Damage::Removed {
                subject.assert_nobody_accused(&told, &what);
            }
            shown += usize::from(told.is_ok_and(|told| !told.images.is_empty()));
            cases += 1;
            drop(aside);
        }
    }
    // One record holds a small part of a store, however it is damaged.
    assert!(
        shown * 10 >= cases * 7,
        "{name}: {shown} of {cases} cases show images"
    );
    let again = look(&subject.store.root(), Depth::Layers).unwrap();
    assert_eq!(
        again.entries, subject.whole.entries,
        "the damage was undone"
    );
}

/// Directories of the store, to a depth: layers, containers, databases.
fn directories(root: &Path, depth: usize) -> Vec<PathBuf> {
    let mut level = vec![root.to_owned()];
    let mut found = Vec::new();
    for _ in 0..depth {
        let below = level.iter().flat_map(|directory| {
            let entries = fs::read_dir(directory).unwrap();
            entries
                .map(|entry| entry.unwrap().path())
                .collect::<Vec<_>>()
        });
        level = below
            .filter(|path| fs::symlink_metadata(path).unwrap().is_dir())
            .collect();
        found.extend(level.iter().cloned());
    }
    found.sort();
    found
}

fn directories_are_damaged(name: &'static str, depth: usize) {
    let Some(subject) = Subject::new(name) else {
        return;
    };
    let mut kinds = BTreeSet::new();
    for path in directories(&subject.store.root(), depth) {
        // One of each kind, as of records: all layers are alike here.
        if !kinds.insert(kind_of(&path)) {
            continue;
        }
        let aside = Aside::new(&path);
        let run = |what: &str| {
            let what = format!("{}/ {what}", subject.shown(&path));
            let depth = if what.ends_with("out") {
                Depth::Layers
            } else {
                Depth::Records
            };
            let told = subject.look(&what, depth);
            subject.assert_told(&told, &what);
            if what.ends_with("out") || what.ends_with("a file") {
                subject.assert_nobody_accused(&told, &what);
            }
        };
        run("removed");
        symlink(subject.outside.inner(), &path).unwrap();
        run("leading out");
        fs::remove_file(&path).unwrap();
        fs::write(&path, CANARY.replace("canary", "bird")).unwrap();
        run("a file");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        run("empty");
        drop(aside);
    }
}

/// Every directory of Docker's layers names the next one as its parent, in a circle.
#[test]
fn docker_layers_in_a_circle_end() {
    let Some(subject) = Subject::new("docker-overlay2") else {
        return;
    };
    let database = subject.store.root().join("image/overlay2/layerdb/sha256");
    let layers = directories(&database, 1);
    let digests = layers
        .iter()
        .map(|layer| layer.file_name().unwrap().to_str().unwrap());
    for (layer, parent) in layers.iter().zip(digests.cycle().skip(1)) {
        fs::write(layer.join("parent"), format!("sha256:{parent}")).unwrap();
    }
    let told = subject.look("parents in a circle", Depth::Layers);
    subject.assert_told(&told, "parents in a circle");
    for layer in &layers {
        let own = layer.file_name().unwrap().to_str().unwrap();
        fs::write(layer.join("parent"), format!("sha256:{own}")).unwrap();
    }
    subject
        .look("parents of themselves", Depth::Layers)
        .unwrap();
}

#[test]
fn docker_cache_ids_that_lead_out_are_not_followed() {
    let Some(subject) = Subject::new("docker-overlay2") else {
        return;
    };
    let database = subject.store.root().join("image/overlay2/layerdb/sha256");
    let outside = subject.outside.inner();
    for name in [
        format!("../../../../..{}", outside.display()),
        outside.display().to_string(),
        "../../image".to_owned(),
        "..".to_owned(),
        ".".to_owned(),
        String::new(),
        "\0".to_owned(),
        "\u{1b}[31m".to_owned(),
        "x".repeat(100_000),
    ] {
        for layer in directories(&database, 1) {
            fs::write(layer.join("cache-id"), &name).unwrap();
        }
        let what = format!("cache-id {name:.40?}");
        let told = subject.look(&what, Depth::Layers);
        subject.assert_told(&told, &what);
    }
}

#[test]
fn docker_links_between_layers_are_not_needed() {
    let Some(subject) = Subject::new("docker-overlay2") else {
        return;
    };
    let root = subject.store.root().join("overlay2");
    fs::remove_dir_all(root.join("l")).unwrap();
    for directory in directories(&root, 1) {
        fs::remove_file(directory.join("link")).unwrap_or_default();
    }
    let told = subject.look("without l/ and link", Depth::Layers).unwrap();
    assert_eq!(told.images, subject.whole.images);
    assert_eq!(told.entries, subject.whole.entries);
}

#[test]
fn records_of_docker_are_damaged() {
    records_are_damaged("docker-overlay2");
}

#[test]
fn directories_of_docker_are_damaged() {
    directories_are_damaged("docker-overlay2", 3);
}

#[test]
fn records_of_podman_are_damaged() {
    records_are_damaged("podman-overlay");
}

#[test]
fn directories_of_podman_are_damaged() {
    directories_are_damaged("podman-overlay", 3);
}

#[test]
fn records_of_containerd_are_damaged() {
    records_are_damaged("containerd");
}

#[test]
fn directories_of_containerd_are_damaged() {
    directories_are_damaged("containerd", 3);
}

#[test]
fn records_of_docker_with_containerd_are_damaged() {
    records_are_damaged("docker28-containerd");
}
