//! Random odd layers, unpacked by podman: what it mounts is what the merged view shows.
//!
//! Needs root and podman with its overlay driver; says that it is skipped otherwise. Fifty images, always the same;
//! `LAYERSCOPE_LONG=1` looks at five hundred, `LAYERSCOPE_SEED=N` at others.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use layerscope::analysis::{self, Analysis};
use layerscope::layer::EntryKind;
use layerscope::path::ImagePath;
use layerscope::progress::Job;
use layerscope::source::{self, Locator, OpenOptions};
use layerscope::tree::{FileTree, NodeId};

use support::image::Layer;
use support::item::{Encoding, Item, Kind};
use support::listing::{self, Rows};
use support::odd::{name, odd_image};
use support::{Codec, Image, Packing, docker_legacy};

/// Images that are loaded, mounted and compared together.
const BATCH: u64 = 25;

/// podman on a store of its own, overlays and no containers.
struct Podman {
    site: tempfile::TempDir,
}

impl Podman {
    fn new() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: mounting is for root only");
            return None;
        }
        let site = tempfile::tempdir().unwrap();
        let podman = Self { site };
        let told = podman.command(&["info"]).output();
        if !told.is_ok_and(|told| told.status.success()) {
            println!("skipped: podman with overlay does not work here");
            return None;
        }
        Some(podman)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.site.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("podman");
        for (option, directory) in [
            ("--root", "store"),
            ("--runroot", "run"),
            ("--tmpdir", "tmp"),
        ] {
            command.arg(option).arg(self.at(directory));
        }
        command
            .args(["--storage-driver=overlay", "--events-backend=none"])
            .args(["--cgroup-manager=cgroupfs"])
            .args(arguments);
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "podman {arguments:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Unpacks an image; says why it does not where it refuses.
    fn load(&self, archive: &Path) -> Result<(), String> {
        let output = self.output(&["load", "-q", "-i", archive.to_str().unwrap()]);
        if output.status.success() {
            return Ok(());
        }
        let told = String::from_utf8(output.stderr).unwrap();
        let reason = told.split("processing tar file(").nth(1);
        let reason = reason.and_then(|rest| rest.split("): exit").next());
        Err(reason.unwrap_or(&told).to_owned())
    }

    /// Mounts images; returns where each is, by name.
    fn mount(&self, names: &[String]) -> BTreeMap<String, PathBuf> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let told = self.run(&[&["image", "mount", "--format", "json"], &names[..]].concat());
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        let mounted = told.as_array().unwrap().iter();
        let mounted = mounted.flat_map(|one| {
            let point = PathBuf::from(one["mountpoint"].as_str().unwrap());
            let names = one["Repositories"].as_array().unwrap().iter();
            names.map(move |name| (name.as_str().unwrap().to_owned(), point.clone()))
        });
        mounted.collect()
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        for arguments in [
            &["image", "umount", "--all", "--force"][..],
            &["rmi", "--all", "--force"],
        ] {
            drop(self.command(arguments).output());
        }
        // Podman leaves the directory of its store mounted on itself.
        drop(
            Command::new("umount")
                .arg("-l")
                .arg(self.at("store/overlay"))
                .output(),
        );
    }
}

fn analysed(archive: &Path) -> Analysis {
    let locator = Locator::parse(archive.as_os_str()).unwrap();
    let opened = source::open(&locator, &OpenOptions::default(), &Job::new()).unwrap();
    let options = analysis::Options::default();
    analysis::run(opened.source, opened.image, &options, &Job::new()).unwrap()
}

/// Where podman 4.3.1 (containers/storage 1.43) shows something else, and the page on figures decides.
struct Difference {
    /// What podman does.
    podman: &'static str,
    /// Why it is not done here.
    because: &'static str,
    is_in: fn(&Image, &Analysis) -> bool,
}

const DIFFERENCES: [Difference; 7] = [
    Difference {
        podman: "a directory that a layer implies over one of a lower layer is root's, with mode 0755",
        because: "implied directories say nothing, and containerd keeps what is below. Such directories are compared \
                  without mode and owner",
        is_in: |_, _| false,
    },
    Difference {
        podman: "an opaque marker in the root of a layer hides nothing: overlayfs never looks at the root's own mark",
        because: "it makes its directory opaque, as for umoci",
        is_in: |_, analysis| {
            let upper = analysis.tree.layers().iter().skip(1);
            upper.into_iter().any(|layer| layer.is_opaque(NodeId::ROOT))
        },
    },
    Difference {
        podman: "mode and time of a hard link's header are left out where its target is spelled through a directory \
                 that is not there: it looks the name up as it is before it applies them, the owner it applies at once",
        because: "the last header holds, whatever the spelling",
        is_in: |image, _| {
            let items = image.layers.iter().flat_map(|layer| &layer.items);
            let mut targets = items.filter_map(|item| match &item.kind {
                Kind::Hardlink(target) => Some(target),
                _ => None,
            });
            targets.any(|target| target.starts_with(b"x/.."))
        },
    },
    Difference {
        podman: "what took the place of a directory, and what a link there leads to, has the directory's time: \
                 directories get theirs when all else is there",
        because: "an entry has the time that its own header says",
        is_in: |image, analysis| {
            let layers = image.layers.iter().zip(analysis.tree.layers());
            layers
                .into_iter()
                .any(|(layer, tree)| listed(layer) > kept(tree))
        },
    },
    Difference {
        podman: "a hard link to what a marker of its layer removes is one more whiteout",
        because: "a marker is no file that could have a second name: the link leads to nothing",
        is_in: |_, analysis| {
            let mut layers = analysis.tree.layers().iter();
            layers.any(|layer| {
                let mut links = layer.foreign_links().iter();
                links.any(|&link| names_whiteout(layer, link))
            })
        },
    },
    Difference {
        podman: "a directory behind a whiteout of its name shows what lower layers have in it",
        because: "a whiteout hides what is below wherever it stands: the directory is a new one, as for umoci",
        is_in: |_, analysis| {
            let mut layers = analysis.tree.layers().iter();
            layers.any(|layer| nodes(layer).any(|node| is_made_again(layer, node)))
        },
    },
    Difference {
        podman: "whatever is called `.wh.x` is a whiteout of `x`, directories and AUFS' notes too",
        because: "a directory of that name is a directory, and notes are left out",
        is_in: |image, _| {
            let mut items = image.layers.iter().flat_map(|layer| &layer.items);
            items.any(|item| item.path.windows(4).any(|name| name == b".wh."))
        },
    },
];

fn nodes(layer: &FileTree) -> impl Iterator<Item = NodeId> {
    (0..u32::try_from(layer.len()).unwrap()).map(NodeId)
}

fn is_made_again(layer: &FileTree, node: NodeId) -> bool {
    let is_marked = layer.meta(node).is_none_or(|meta| meta.opaque);
    layer.is_opaque(node) && !is_marked
}

fn names_whiteout(layer: &FileTree, link: NodeId) -> bool {
    let target = layer.link(link).and_then(ImagePath::new);
    let target = target.and_then(|target| layer.find(target));
    target.is_some_and(|target| layer.kind(target) == EntryKind::Whiteout)
}

/// Returns how often a layer lists a directory.
fn listed(layer: &Layer) -> usize {
    let is_listing = |item: &&Item| {
        let is_old = item.encoding == Encoding::V7 && item.path.ends_with(b"/");
        item.kind == Kind::Dir || is_old
    };
    layer.items.iter().filter(is_listing).count()
}

/// Returns how many directories of a layer are there that it lists.
fn kept(tree: &FileTree) -> usize {
    let is_listed = |node: &NodeId| {
        let is_directory = tree.kind(*node) == EntryKind::Dir;
        is_directory && !tree.is_implied(*node) && !tree.is_dead(*node)
    };
    nodes(tree).filter(is_listed).count()
}

/// Takes mode and owner from directories that a layer implies above the one that listed them.
fn without_implied(rows: &mut Rows, analysis: &Analysis) {
    let tree = &analysis.tree;
    for (path, row) in rows.iter_mut().filter(|(_, row)| row.kind == "dir") {
        let id = tree.find(ImagePath::new(path).unwrap()).unwrap();
        let last = tree.versions(id).iter().rev();
        let last = last.copied().find(|version| version.is_visible()).unwrap();
        if tree.layer(last.layer).is_implied(last.node) {
            (row.mode, row.owner) = (None, None);
        }
    }
}

/// The image in few words, for the reader of a failure.
fn story(image: &Image) -> String {
    let mut text = String::new();
    for (number, layer) in image.layers.iter().enumerate() {
        writeln!(text, "layer {number}").unwrap();
        for item in &layer.items {
            let name = item.stored_name();
            let what = match &item.kind {
                Kind::File(data) => format!("file of {}", data.len()),
                Kind::Symlink(target) => format!("-> {}", target.escape_ascii()),
                Kind::Hardlink(target) => format!("=> {}", target.escape_ascii()),
                other => format!("{other:?}"),
            };
            let (name, encoding) = (name.escape_ascii(), item.encoding);
            let (mode, uid, gid) = (item.mode, item.uid, item.gid);
            writeln!(text, "  {name} {what} {mode:o} {uid}:{gid} {encoding:?}").unwrap();
        }
    }
    text
}

#[derive(Default)]
struct Tally {
    compared: usize,
    differing: BTreeMap<&'static str, usize>,
    refused: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

/// An image that podman took, and its archive.
struct Loaded {
    seed: u64,
    image: Image,
    archive: PathBuf,
}

fn load(podman: &Podman, seed: u64) -> Result<Loaded, String> {
    let image = odd_image(seed);
    let codec = if seed.is_multiple_of(2) {
        Codec::None
    } else {
        Codec::Gzip
    };
    let members = docker_legacy(&[&image], Packing::new(codec));
    let archive = podman.at(&format!("{seed}.tar"));
    fs::write(&archive, members.archive(Codec::None)).unwrap();
    podman.load(&archive)?;
    Ok(Loaded {
        seed,
        image,
        archive,
    })
}

fn compare(loaded: &Loaded, mounted: &Path, tally: &mut Tally) {
    let Loaded {
        seed,
        image,
        archive,
    } = loaded;
    let analysis = analysed(archive);
    let mut known = DIFFERENCES.iter();
    if let Some(difference) = known.find(|known| (known.is_in)(image, &analysis)) {
        *tally.differing.entry(difference.podman).or_default() += 1;
        return;
    }
    let mut found = listing::rows(&analysis);
    without_implied(&mut found, &analysis);
    let wrong = listing::differences(&found, &listing::rows_of_directory(mounted));
    if !wrong.is_empty() {
        let (wrong, story) = (wrong.join("\n"), story(image));
        let failure = format!("seed {seed}:\n{wrong}\n{story}");
        tally.wrong.push(failure);
    }
    tally.compared += 1;
}

fn look_at(podman: &Podman, seeds: std::ops::Range<u64>, tally: &mut Tally) {
    let mut accepted = Vec::new();
    for loaded in seeds.map(|seed| load(podman, seed)) {
        match loaded {
            Ok(loaded) => accepted.push(loaded),
            Err(reason) => {
                // Without the names in it.
                let words = reason.split(' ').filter(|word| !word.contains('/'));
                let reason = words.collect::<Vec<_>>().join(" ");
                *tally.refused.entry(reason).or_default() += 1;
            }
        }
    }
    let names: Vec<String> = accepted.iter().map(|loaded| name(loaded.seed)).collect();
    let points = podman.mount(&names);
    for loaded in &accepted {
        compare(loaded, &points[&name(loaded.seed)], tally);
    }
    podman.run(&["image", "umount", "--all", "--force"]);
    podman.run(&["rmi", "--all", "--force"]);
}

#[test]
fn odd_layers_are_shown_as_podman_unpacks_them() {
    let Some(podman) = Podman::new() else { return };
    let first = std::env::var("LAYERSCOPE_SEED").map_or(0, |seed| seed.parse().unwrap());
    let is_long = std::env::var_os("LAYERSCOPE_LONG").is_some();
    let wanted = if is_long { 500 } else { 50 };
    let mut tally = Tally::default();
    let mut seed = first;
    while tally.compared < wanted {
        look_at(&podman, seed..seed + BATCH, &mut tally);
        seed += BATCH;
        assert!(seed < first + 4 * wanted as u64, "{:?}", tally.refused);
    }
    println!("{} compared, refused: {:#?}", tally.compared, tally.refused);
    for known in &DIFFERENCES {
        let images = tally.differing.get(known.podman).unwrap_or(&0);
        println!("{images} left out: {}; {}", known.podman, known.because);
    }
    let refused: usize = tally.refused.values().sum();
    assert!(refused < tally.compared, "podman refuses {refused}");
    let left_out: usize = tally.differing.values().sum();
    assert!(5 * left_out < 2 * tally.compared, "{left_out} left out");
    let Tally {
        wrong, compared, ..
    } = tally;
    let some = wrong[..wrong.len().min(10)].join("\n");
    assert!(wrong.is_empty(), "{} of {compared}\n{some}", wrong.len());
}
