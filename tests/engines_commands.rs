//! The commands that layerscope prints, run on real engines: each frees what was promised, and whatever it did not name
//! is there after it and can be used.
//!
//! Needs root, a static busybox, and the engine of each test; a test that misses something says so. That every row of the
//! table is run here or says that nobody did is tested everywhere.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use layerscope::store::reclaim::{Action, Group, ROWS, Step, Target, Tool, steps, suggestions};
use layerscope::store::{
    Accounts, Basis, CacheId, ContainerId, Exit, ExtraId, ImageId, LeaseId, Owner, Store, VolumeId,
};
use support::codec::Codec;
use support::docker::docker_legacy;
use support::engines::{Containerd, Docker, Podman, Site, finished, read, wait_for};
use support::image::image;
use support::members::Packing;
use support::oci::oci;

const MIB: u64 = 1024 * 1024;

/// What tests here run, by the engine that they need.
const BY_DOCKER: &[(Tool, Action)] = &[
    (Tool::Docker, Action::StopContainer),
    (Tool::Docker, Action::RemoveContainer),
    (Tool::Docker, Action::RemoveImage),
    (Tool::Docker, Action::RemoveVolume),
    (Tool::Docker, Action::RemoveCache),
    (Tool::Docker, Action::PruneCache),
    (Tool::Docker, Action::PruneContainers),
    (Tool::Docker, Action::PruneDangling),
    (Tool::Docker, Action::PruneImages),
    (Tool::Docker, Action::PruneVolumes),
    (Tool::Docker, Action::RemovePlugin),
];
const BY_PODMAN: &[(Tool, Action)] = &[
    (Tool::Podman, Action::StopContainer),
    (Tool::Podman, Action::RemoveContainer),
    (Tool::Podman, Action::RemoveImage),
    (Tool::Podman, Action::RemoveVolume),
    (Tool::Podman, Action::PruneContainers),
    (Tool::Podman, Action::PruneDangling),
    (Tool::Podman, Action::PruneImages),
    (Tool::Podman, Action::PruneVolumes),
    (Tool::Buildah, Action::RemoveContainer),
];
const BY_CONTAINERD: &[(Tool, Action)] = &[
    (Tool::Ctr, Action::StopContainer),
    (Tool::Ctr, Action::RemoveContainer),
    (Tool::Ctr, Action::RemoveImage),
    (Tool::Ctr, Action::RemoveSnapshot),
    (Tool::Ctr, Action::RemoveBlob),
    (Tool::Ctr, Action::RemoveLease),
];

#[test]
fn every_row_is_run_here_or_says_that_nobody_did() {
    let run: BTreeSet<(Tool, Action)> = [BY_DOCKER, BY_PODMAN, BY_CONTAINERD]
        .concat()
        .into_iter()
        .collect();
    for row in ROWS {
        let is_run = run.contains(&(row.tool, row.action));
        let pattern = row.pattern();
        assert_eq!(
            row.proof.run_on.is_some(),
            is_run,
            "{pattern}: run it in this file, or take the engine out of its row"
        );
    }
    let rows: BTreeSet<_> = ROWS.iter().map(|row| (row.tool, row.action)).collect();
    assert!(run.is_subset(&rows), "something is run that is no row");
}

/// What layerscope says about one thing, or one group.
struct Plan {
    commands: Vec<layerscope::store::reclaim::Command>,
    promised: u64,
}

/// An engine with a store, and what is known of it by asking the engine itself.
struct Bench<'a> {
    root: PathBuf,
    /// Programs that reach the private engine.
    programs: PathBuf,
    /// Everything that the engine lists: images, containers, volumes.
    things: &'a dyn Fn() -> BTreeSet<String>,
    /// Uses one of them, as its owner would.
    uses: &'a dyn Fn(&str),
    ran: RefCell<BTreeSet<(Tool, Action)>>,
}

impl Bench<'_> {
    fn store(&self) -> Store {
        let inventory = read(&self.root);
        let mut stores = inventory.stores;
        assert_eq!(stores.len(), 1, "{stores:?}");
        let store = stores.remove(0);
        assert_eq!(store.warnings, []);
        store
    }

    /// Asks for what frees a group.
    #[track_caller]
    fn group(&self, group: Group) -> Plan {
        let store = self.store();
        let accounts = Accounts::of(&store, Basis::Disk);
        let found = suggestions(&store, Some(&accounts));
        let found = found.into_iter().find(|found| found.group == group);
        let found = found.unwrap_or_else(|| panic!("nothing is said of {group:?}"));
        assert!(found.amount.is_whole());
        Plan {
            commands: found.commands().cloned().collect(),
            promised: found.amount.bytes,
        }
    }

    /// Asks for what frees one thing. What depends on whether a container runs is done.
    #[track_caller]
    fn one(&self, find: impl Fn(&Store, &Accounts) -> Target) -> Plan {
        let store = self.store();
        let accounts = Accounts::of(&store, Basis::Disk);
        let target = find(&store, &accounts);
        let promised = match target {
            Target::Owner(owner) => accounts.freed(&store, &[owner]),
            Target::Orphan(at) => accounts.orphans[at as usize],
        };
        let commands = steps(&store, &[target]).into_iter();
        let commands = commands.filter_map(|step| match step {
            Step::Command(command) | Step::Perhaps { command, .. } => Some(command),
            Step::Note(_) | Step::Place(_) => None,
        });
        Plan {
            commands: commands.collect(),
            promised: promised.bytes,
        }
    }

    /// Pastes the commands, and asserts that they free what is promised, remove what is named, and nothing else.
    #[track_caller]
    fn run(&self, plan: &Plan, named: &[String]) {
        assert!(!plan.commands.is_empty() && plan.promised >= MIB);
        let things = (self.things)();
        let before = disk_bytes(&self.root);
        for (at, command) in plan.commands.iter().enumerate() {
            assert!(command.verified_on.is_some(), "{}", command.text);
            // The note says so too: garbage that the first removal set off may be faster than the next command.
            let is_collected = |errors: &str| {
                let note = command.row.note.unwrap_or_default();
                at > 0 && note.contains("\"not found\"") && errors.ends_with("not found\n")
            };
            self.paste(&command.text, is_collected);
            let row = (command.row.tool, command.row.action);
            self.ran.borrow_mut().insert(row);
        }
        let most = (plan.promised / 100).max(MIB / 4);
        let freed = || before.saturating_sub(disk_bytes(&self.root));
        let is_kept = || freed().abs_diff(plan.promised) <= most;
        // containerd collects garbage in its own time.
        let begin = Instant::now();
        while !is_kept() && begin.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(100));
        }
        let texts: Vec<&str> = plan.commands.iter().map(|one| one.text.as_str()).collect();
        let told = format!(
            "{}: promised {}, freed {}",
            texts.join("; "),
            plan.promised,
            freed()
        );
        println!("{told}");
        assert!(is_kept(), "{told}");
        let left = (self.things)();
        let gone: BTreeSet<String> = things.difference(&left).cloned().collect();
        let named: BTreeSet<String> = named.iter().cloned().collect();
        assert_eq!(gone, named, "{told}");
        assert!(left.is_subset(&things), "{told}");
        for thing in &left {
            (self.uses)(thing);
        }
    }

    /// Runs a line as a shell does, and says yes.
    #[track_caller]
    fn paste(&self, line: &str, may_say: impl Fn(&str) -> bool) {
        let path = format!(
            "{}:{}",
            self.programs.display(),
            std::env::var("PATH").unwrap()
        );
        let mut shell = Command::new("bash")
            .args(["-c", line])
            .env("PATH", path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that asks nothing may be gone before it is answered.
        drop(shell.stdin.take().unwrap().write_all(b"y\n"));
        let output = shell.wait_with_output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.success() || may_say(&errors),
            "{line}: {errors}"
        );
    }

    #[track_caller]
    fn ran_all_of(&self, rows: &[(Tool, Action)]) {
        let rows: BTreeSet<(Tool, Action)> = rows.iter().copied().collect();
        assert_eq!(*self.ran.borrow(), rows);
    }
}

/// What `du` says of one file system.
fn disk_bytes(root: &Path) -> u64 {
    rustix::fs::sync();
    let output = Command::new("du")
        .args(["-s", "-x", "-B1"])
        .arg(root)
        .output();
    let told = String::from_utf8(output.unwrap().stdout).unwrap();
    told.split('\t').next().unwrap().parse().unwrap()
}

/// Puts a program before the one of the same name that adds what reaches the private engine.
fn program(site: &Site, name: &str, environment: &str, arguments: &str) -> PathBuf {
    let real = Command::new("sh")
        .args(["-c", &format!("command -v {name}")])
        .output()
        .unwrap();
    let real = String::from_utf8(real.stdout).unwrap();
    let directory = site.path("programs");
    fs::create_dir_all(&directory).unwrap();
    let script = format!(
        "#!/bin/sh\n{environment} exec {} {arguments} \"$@\"\n",
        real.trim()
    );
    let path = directory.join(name);
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

/// Three MiB that no codec makes smaller and no other seed has.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let words = THREE_MIB / 8;
    let mut bytes = Vec::with_capacity(words * 8);
    for _ in 0..words {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes
}

/// An image on top of the layer that all of them share.
fn made(site: &Site, name: &str, seed: u64) -> support::Image {
    let busybox = fs::read(site.path("root/bin/busybox")).unwrap();
    let programs = ["sh", "rm", "mkdir", "chmod", "ln", "touch", "dd", "sleep"];
    image()
        .name(name)
        .layer("ADD root.tar /", |layer| {
            let layer = layer.dir("bin").file("bin/busybox", &busybox).mode(0o755);
            programs.iter().fold(layer, |layer, name| {
                layer.symlink(format!("bin/{name}"), "busybox")
            })
        })
        .layer("COPY", |layer| layer.file("payload", noise(seed)))
        .build()
}

fn archive(site: &Site, name: &str, seed: u64) -> String {
    let made = made(site, name, seed);
    let bytes = docker_legacy(&[&made], Packing::new(Codec::None)).archive(Codec::None);
    fs::write(site.path("image.tar"), bytes).unwrap();
    site.text("image.tar")
}

fn lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(str::to_owned)
}

fn image_named(store: &Store, name: &str) -> Target {
    let has_name = |names: &[String]| names.iter().any(|found| found.contains(name));
    let at = store.images.iter().position(|image| has_name(&image.names));
    let at = at.unwrap_or_else(|| panic!("no {name} in {:?}", store.images));
    Target::Owner(Owner::Image(ImageId(u32::try_from(at).unwrap())))
}

fn container_named(store: &Store, name: &str) -> Target {
    let mut containers = store.containers.iter();
    let at = containers.position(|one| one.name == name || one.id == name);
    let at = at.unwrap_or_else(|| panic!("no {name} in {:?}", store.containers));
    Target::Owner(Owner::Container(ContainerId(u32::try_from(at).unwrap())))
}

fn volume_named(store: &Store, name: &str) -> Target {
    let at = store.volumes.iter().position(|volume| volume.name == name);
    let at = at.unwrap_or_else(|| panic!("no {name} in {:?}", store.volumes));
    Target::Owner(Owner::Volume(VolumeId(u32::try_from(at).unwrap())))
}

/// Writes 3 MiB more and ends, or stays.
const GROW: &str = "dd if=/dev/zero of=/grown bs=1024 count=3072 && touch /done";

/// A build by `BuildKit`, which needs no client but HTTP: a step that nothing keeps, and one that the image has.
fn build(docker: &Docker, name: &str, payload: u64) {
    let context = docker.site.path("buildkit");
    fs::create_dir_all(&context).unwrap();
    fs::copy(
        docker.site.path("context/root.tar"),
        context.join("root.tar"),
    )
    .unwrap();
    let dockerfile = format!(
        "FROM scratch AS made\nADD root.tar /\nRUN dd if=/dev/zero of=/thrown bs=1024 count={payload}\n\
         RUN touch /made\nFROM scratch\nADD root.tar /\nCOPY --from=made /made /made\n\
         RUN dd if=/dev/zero of=/kept bs=1024 count=2048\n"
    );
    fs::write(context.join("Dockerfile"), dockerfile).unwrap();
    let archive = docker.site.text("buildkit.tar");
    let directory = context.to_str().unwrap();
    finished(Command::new("tar").args(["-C", directory, "-cf", &archive, "."]));
    let url = format!("http://docker/build?version=2&networkmode=none&t={name}");
    let told = finished(Command::new("curl").args([
        "-s",
        "-o",
        &docker.site.text("buildkit.log"),
        "-w",
        "%{http_code}",
        "--unix-socket",
        &docker.site.text("docker.sock"),
        "-H",
        "Content-Type: application/x-tar",
        "--data-binary",
        &format!("@{archive}"),
        &url,
    ]));
    assert_eq!(told, "200");
}

fn docker_things(docker: &Docker) -> BTreeSet<String> {
    let images = docker.run(&["image", "ls", "-q", "--no-trunc"]);
    let containers = docker.run(&["ps", "-a", "-q", "--no-trunc"]);
    let volumes = docker.run(&["volume", "ls", "-q"]);
    let images = lines(&images).map(|id| format!("image {id}"));
    let containers = lines(&containers).map(|id| format!("container {id}"));
    let volumes = lines(&volumes).map(|name| format!("volume {name}"));
    let plugins = docker.run(&["plugin", "ls", "--format", "{{.Name}}"]);
    let plugins = lines(&plugins).map(|name| format!("plugin {name}"));
    images
        .chain(containers)
        .chain(volumes)
        .chain(plugins)
        .collect()
}

fn use_docker_thing(docker: &Docker, thing: &str) {
    let (kind, name) = thing.split_once(' ').unwrap();
    let out = docker.site.text("used.tar");
    match kind {
        "image" => {
            docker.run(&["save", "-o", &out, name]);
            let probe = [
                "run",
                "--rm",
                "--network",
                "none",
                name,
                "/bin/sh",
                "-c",
                "dd if=/bin/busybox of=/x",
            ];
            docker.run(&probe);
        }
        "container" => {
            let running = docker.run(&["inspect", "-f", "{{.State.Running}}", name]);
            if running == "true" {
                docker.run(&["exec", name, "/bin/sh", "-c", "touch /used"]);
            }
            docker.run(&["export", "-o", &out, name]);
        }
        "plugin" => {
            docker.run(&["plugin", "inspect", name]);
        }
        _ => {
            let file = docker
                .site
                .path("data/volumes")
                .join(name)
                .join("_data/file");
            assert_eq!(fs::metadata(file).unwrap().len(), 3 * MIB, "{thing}");
        }
    }
}

fn extra_named(store: &Store, name: &str) -> Target {
    let at = store.extras.iter().position(|extra| extra.name == name);
    let at = at.unwrap_or_else(|| panic!("no {name} in {:?}", store.extras));
    Target::Owner(Owner::Extra(ExtraId(u32::try_from(at).unwrap())))
}

/// Makes a plugin that nobody enables, and returns what it is listed as.
fn make_plugin(docker: &Docker, name: &str, seed: u64) -> String {
    let directory = docker.site.path("plugin");
    fs::create_dir_all(directory.join("rootfs")).unwrap();
    fs::write(directory.join("rootfs/driver"), noise(seed)).unwrap();
    let settings = r#"{"description":"of a test","documentation":"none","entrypoint":["/driver"],
        "interface":{"types":["docker.volumedriver/1.0"],"socket":"driver.sock"},"workdir":"/",
        "network":{"type":"none"}}"#;
    fs::write(directory.join("config.json"), settings).unwrap();
    docker.run(&["plugin", "create", name, directory.to_str().unwrap()]);
    format!("plugin {name}")
}

/// What is in a store, by a name of this test, as the engine lists it.
type Named = BTreeMap<&'static str, String>;

fn listed(named: &Named, keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| named[key].clone()).collect()
}

const THREE_MIB: usize = 3 * 1024 * 1024;

fn docker_image(docker: &Docker, name: &str) -> String {
    let id = docker.run(&["image", "inspect", "-f", "{{.Id}}", name]);
    format!("image {id}")
}

fn load_into_docker(docker: &Docker, name: &str, seed: u64) -> String {
    let archive = archive(&docker.site, name, seed);
    docker.run(&["load", "-i", &archive]);
    docker_image(docker, name)
}

/// Runs a container until it is done with its work.
fn start_in_docker(docker: &Docker, name: &str, image: &str, script: &str) -> String {
    let run = [
        "run",
        "-d",
        "--network",
        "none",
        "--name",
        name,
        "-v",
        "used:/v",
    ];
    let id = docker.run(&[&run[..], &[image, "/bin/sh", "-c", script]].concat());
    wait_for("work of the container", || {
        if script == GROW {
            return docker.run(&["inspect", "-f", "{{.State.Running}}", name]) == "false";
        }
        let mut look = docker.command(&["exec", name, "/bin/sh", "-c", "rm /done"]);
        look.output().unwrap().status.success()
    });
    format!("container {id}")
}

fn docker_scene(docker: &Docker) -> Named {
    let stays = format!("{GROW} && sleep 1000");
    let fill = |name: &str| {
        let data = docker.site.path("data/volumes").join(name);
        fs::write(data.join("_data/file"), vec![1; THREE_MIB]).unwrap();
        format!("volume {name}")
    };
    load_into_docker(docker, "kept:1", 1);
    start_in_docker(docker, "runner", "kept:1", &stays);
    fill("used");
    load_into_docker(docker, "stopped:1", 2);
    let mut named = Named::from([
        ("first", start_in_docker(docker, "first", "stopped:1", GROW)),
        (
            "second",
            start_in_docker(docker, "second", "stopped:1", GROW),
        ),
        ("third", start_in_docker(docker, "third", "kept:1", &stays)),
        ("unused", load_into_docker(docker, "unused:1", 3)),
        ("spare", load_into_docker(docker, "spare:1", 4)),
        ("dangling", load_into_docker(docker, "again:1", 5)),
        ("again", load_into_docker(docker, "again:1", 6)),
    ]);
    docker.run(&["tag", "unused:1", "unused:2"]);
    let context = docker.site.text("context");
    docker.run(&[
        "build",
        "-q",
        "--network",
        "none",
        "-t",
        "steps:1",
        &context,
    ]);
    build(docker, "cached:1", 3072);
    build(docker, "cached:2", 3073);
    for (name, image) in [
        ("steps", "steps:1"),
        ("cached", "cached:1"),
        ("cached 2", "cached:2"),
    ] {
        named.insert(name, docker_image(docker, image));
    }
    for (name, seed) in [("plug:1", 20), ("plug:2", 21)] {
        named.insert(name, make_plugin(docker, name, seed));
    }
    for name in ["lone", "alone"] {
        docker.run(&["volume", "create", name]);
        named.insert(name, fill(name));
    }
    named.insert("nameless", fill(&docker.run(&["volume", "create"])));
    named
}

#[test]
fn docker_frees_what_is_promised() {
    let has_tools = Site::with(&["curl", "du", "bash"]).is_some();
    let Some(docker) = Docker::start("overlay2").filter(|_| has_tools) else {
        return;
    };
    let named = docker_scene(&docker);
    let these = |keys: &[&str]| listed(&named, keys);
    let things = || docker_things(&docker);
    let uses = |thing: &str| use_docker_thing(&docker, thing);
    let host = format!("DOCKER_HOST=unix://{}", docker.site.text("docker.sock"));
    let bench = Bench {
        root: docker.site.path("data"),
        programs: program(&docker.site, "docker", &host, ""),
        things: &things,
        uses: &uses,
        ran: RefCell::default(),
    };
    let image = |name| bench.one(|store, _| image_named(store, name));
    let container = |name| bench.one(|store, _| container_named(store, name));
    bench.run(&image("unused:1"), &these(&["unused"]));
    bench.run(&bench.group(Group::Dangling), &these(&["dangling"]));
    // Images of stopped containers stay.
    let unused = ["spare", "again", "steps", "cached", "cached 2"];
    bench.run(&bench.group(Group::Unused), &these(&unused));
    let lone = bench.one(|store, _| volume_named(store, "lone"));
    bench.run(&lone, &these(&["lone"]));
    bench.run(&bench.group(Group::Volumes), &these(&["alone", "nameless"]));
    bench.run(&bench.one(largest_record), &[]);
    bench.run(&bench.group(Group::Cache), &[]);
    let plugin = bench.one(|store, _| extra_named(store, "plug:1"));
    bench.run(&plugin, &these(&["plug:1"]));
    bench.run(&container("first"), &these(&["first"]));
    bench.run(&container("third"), &these(&["third"]));
    bench.run(&bench.group(Group::Stopped), &these(&["second"]));
    bench.ran_all_of(BY_DOCKER);
}

/// What is said of orphans for which Docker has no command: when it takes them away itself, and what it never does.
#[test]
fn docker_takes_orphans_away_when_it_is_said_to() {
    let Some(mut docker) = Docker::start("overlay2") else {
        return;
    };
    load_into_docker(&docker, "kept:1", 1);
    docker.run(&[
        "create",
        "--network",
        "none",
        "--name",
        "lost",
        "kept:1",
        "sh",
    ]);
    let id = docker.run(&["inspect", "-f", "{{.Id}}", "lost"]);
    docker.stop();
    let data = docker.site.path("data");
    fs::remove_dir_all(data.join("containers").join(id)).unwrap();
    let file = |place: &str, content: &str| {
        let place = data.join(place);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, content).unwrap();
    };
    let [unknown, removed, chain] = ["a", "b", "c"].map(|letter| letter.repeat(64));
    file(&format!("overlay2/{unknown}/diff/file"), "file");
    file(&format!("overlay2/{removed}/diff/file"), "file");
    let record = format!("image/overlay2/layerdb/sha256/{chain}-123-removing/cache-id");
    file(&record, &removed);
    file("tmp/GetImageBlob123", "pulled");
    let exits = || -> BTreeSet<&'static str> {
        let stores = read(&data).stores;
        let exits = stores[0].orphans.iter().map(|orphan| match orphan.exit {
            Exit::Start => "start",
            Exit::Stop => "stop",
            Exit::ByHand => "by hand",
            _ => "another",
        });
        exits.collect()
    };
    assert_eq!(exits(), ["start", "stop", "by hand"].into());
    let by_hand = || -> BTreeSet<Vec<u8>> {
        let mut stores = read(&data).stores;
        let store = stores.remove(0);
        let orphans = store.orphans.iter();
        let orphans = orphans.filter(|orphan| orphan.exit == Exit::ByHand);
        let places = orphans.map(|orphan| store.piece(orphan.piece).location.path.clone());
        places.collect()
    };
    let before = by_hand();
    docker.start_again("overlay2");
    // It empties the directory in the background.
    wait_for("empty directory", || !exits().contains("start"));
    docker.run(&["system", "prune", "-a", "-f", "--volumes"]);
    assert_eq!(exits(), ["stop", "by hand"].into());
    docker.stop();
    assert_eq!(exits(), ["by hand"].into());
    // Layers that the lost container stands on are left too, now that their image is gone.
    assert!(by_hand().is_superset(&before));
}

/// The record of the build cache whose removal frees most.
fn largest_record(store: &Store, accounts: &Accounts) -> Target {
    let records = (0..).take(store.cache.len());
    let freed = |at: &u32| accounts.freed(store, &[Owner::Cache(CacheId(*at))]).bytes;
    let at = records.max_by_key(freed).unwrap();
    Target::Owner(Owner::Cache(CacheId(at)))
}

fn podman_things(podman: &Podman) -> BTreeSet<String> {
    let images = podman.run(&["image", "ls", "-q", "--no-trunc"]);
    // Buildah's containers too.
    let containers = podman.run(&["ps", "-a", "-q", "--no-trunc", "--external"]);
    let volumes = podman.run(&["volume", "ls", "-q"]);
    let images = lines(&images).map(|id| format!("image {id}"));
    let containers = lines(&containers).map(|id| format!("container {id}"));
    let volumes = lines(&volumes).map(|name| format!("volume {name}"));
    images.chain(containers).chain(volumes).collect()
}

fn use_podman_thing(podman: &Podman, thing: &str) {
    let (kind, name) = thing.split_once(' ').unwrap();
    match kind {
        "image" => {
            let out = podman.site.path("used.tar");
            let text = out.to_str().unwrap();
            let id = name.trim_start_matches("sha256:");
            podman.run(&["save", "-q", "--format", "oci-archive", "-o", text, id]);
            assert!(fs::metadata(&out).unwrap().len() > 1000);
            fs::remove_file(out).unwrap();
            let mounted = PathBuf::from(podman.run(&["image", "mount", id]));
            assert!(mounted.join("bin/busybox").exists(), "{thing}");
            podman.run(&["image", "umount", id]);
        }
        "container" => {
            let mounted = PathBuf::from(podman.run(&["mount", name]));
            assert!(mounted.join("bin/busybox").exists(), "{thing}");
            let running = podman.command(&["exec", name, "/bin/sh", "-c", "touch /used"]);
            let listed = podman.run(&["ps", "-q", "--no-trunc"]);
            if listed.contains(name) {
                finished(&mut { running });
            }
            podman.run(&["umount", name]);
        }
        _ => {
            let place = podman.run(&["volume", "inspect", "-f", "{{.Mountpoint}}", name]);
            let file = Path::new(&place).join("file");
            assert_eq!(fs::metadata(file).unwrap().len(), 3 * MIB, "{thing}");
        }
    }
}

fn podman_image(podman: &Podman, name: &str) -> String {
    let id = podman.run(&["image", "inspect", "-f", "{{.Id}}", name]);
    format!("image sha256:{id}")
}

fn load_into_podman(podman: &Podman, name: &str, seed: u64) -> String {
    let archive = archive(&podman.site, name, seed);
    podman.run(&["load", "-q", "-i", &archive]);
    podman_image(podman, name)
}

/// Lets a container of Podman write, without running it.
fn grow_in_podman(podman: &Podman, name: &str) {
    let told = podman.inspect(&["container", "inspect", name]);
    let upper = told["GraphDriver"]["Data"]["UpperDir"].as_str().unwrap();
    fs::write(Path::new(upper).join("grown"), vec![1; THREE_MIB]).unwrap();
}

fn create_in_podman(podman: &Podman, name: &str, image: &str) -> String {
    let create = [
        "create",
        "--network",
        "none",
        "--name",
        name,
        "-v",
        "used:/v",
    ];
    let id = podman.run(&[&create[..], &[image, "/bin/sh"]].concat());
    grow_in_podman(podman, name);
    format!("container {id}")
}

/// Puts programs before Podman and Buildah that reach the private store.
fn podman_programs(podman: &Podman) -> PathBuf {
    let site = &podman.site;
    let (root, run) = (site.text("store"), site.text("run"));
    let reach = format!("--root {root} --runroot {run} --storage-driver overlay");
    program(site, "buildah", "", &reach);
    let temporary = site.text("tmp");
    let more = format!("--tmpdir {temporary} --cgroup-manager=cgroupfs --events-backend=file");
    program(site, "podman", "", &format!("{reach} {more}"))
}

/// Makes a working container that has written something.
fn begin_with_buildah(podman: &Podman, programs: &Path) -> String {
    let buildah = |arguments: &[&str]| {
        let mut command = Command::new(programs.join("buildah"));
        finished(command.args(arguments)).trim().to_owned()
    };
    let name = buildah(&["from", "--pull-never", "localhost/kept:1"]);
    let mounted = buildah(&["mount", &name]);
    fs::write(Path::new(&mounted).join("grown"), vec![1; THREE_MIB]).unwrap();
    buildah(&["umount", &name]);
    let format = ["--format", "{{.ID}} {{.Names}}"];
    let all = [&["ps", "-a", "--external", "--no-trunc"], &format[..]].concat();
    let all = podman.run(&all);
    let mut ids = all
        .lines()
        .filter_map(|line| line.strip_suffix(&format!(" {name}")));
    format!("container {}", ids.next().unwrap())
}

fn podman_scene(podman: &Podman) -> Named {
    let fill = |name: &str| {
        let place = podman.run(&["volume", "inspect", "-f", "{{.Mountpoint}}", name]);
        fs::write(Path::new(&place).join("file"), vec![1; THREE_MIB]).unwrap();
        format!("volume {name}")
    };
    load_into_podman(podman, "localhost/kept:1", 1);
    load_into_podman(podman, "localhost/stopped:1", 2);
    let mut named = Named::from([
        (
            "keeper",
            create_in_podman(podman, "keeper", "localhost/kept:1"),
        ),
        (
            "first",
            create_in_podman(podman, "first", "localhost/stopped:1"),
        ),
        (
            "second",
            create_in_podman(podman, "second", "localhost/stopped:1"),
        ),
        ("unused", load_into_podman(podman, "localhost/unused:1", 3)),
        ("spare", load_into_podman(podman, "localhost/spare:1", 4)),
        ("dangling", load_into_podman(podman, "localhost/again:1", 5)),
        ("again", load_into_podman(podman, "localhost/again:1", 6)),
    ]);
    fill("used");
    podman.run(&["tag", "localhost/unused:1", "localhost/unused:2"]);
    // Limits that the machine may not raise.
    let limits = [
        "--ulimit",
        "nofile=1024:1024",
        "--ulimit",
        "nproc=1000:1000",
    ];
    let run = ["run", "-d", "--network", "none", "--name", "third"];
    let what = ["localhost/kept:1", "/bin/sh", "-c", "sleep 1000"];
    let third = podman.run(&[&run[..], &limits, &what].concat());
    grow_in_podman(podman, "third");
    named.insert("third", format!("container {third}"));
    let context = podman.site.text("context");
    let with = ["--layers", "--isolation", "chroot", "--network", "host"];
    let build = [
        &["build", "-q"],
        &with[..],
        &["-t", "localhost/steps:1", &context],
    ];
    podman.run(&build.concat());
    named.insert("steps", podman_image(podman, "localhost/steps:1"));
    for name in ["lone", "alone"] {
        podman.run(&["volume", "create", name]);
        named.insert(name, fill(name));
    }
    named.insert("nameless", fill(&podman.run(&["volume", "create"])));
    named
}

#[test]
fn podman_frees_what_is_promised() {
    let Some(site) = Site::with(&["podman", "buildah", "runc", "du", "bash"]) else {
        return;
    };
    let podman = Podman {
        site,
        driver: "overlay",
    };
    let mut named = podman_scene(&podman);
    let programs = podman_programs(&podman);
    named.insert("working", begin_with_buildah(&podman, &programs));
    let these = |keys: &[&str]| listed(&named, keys);
    let things = || podman_things(&podman);
    let uses = |thing: &str| use_podman_thing(&podman, thing);
    let bench = Bench {
        root: podman.site.path("store"),
        programs,
        things: &things,
        uses: &uses,
        ran: RefCell::default(),
    };
    let container = |name| bench.one(|store, _| container_named(store, name));
    let unused = bench.one(|store, _| image_named(store, "unused:1"));
    bench.run(&unused, &these(&["unused"]));
    bench.run(&bench.group(Group::Dangling), &these(&["dangling"]));
    bench.run(
        &bench.group(Group::Unused),
        &these(&["spare", "again", "steps"]),
    );
    let lone = bench.one(|store, _| volume_named(store, "lone"));
    bench.run(&lone, &these(&["lone"]));
    // What containers mount that were never started stays.
    bench.run(&bench.group(Group::Volumes), &these(&["alone", "nameless"]));
    bench.run(&bench.group(Group::Working), &these(&["working"]));
    bench.run(&container("first"), &these(&["first"]));
    bench.run(&container("third"), &these(&["third"]));
    bench.run(&bench.group(Group::Stopped), &these(&["keeper", "second"]));
    bench.ran_all_of(BY_PODMAN);
}

fn containerd_things(containerd: &Containerd) -> BTreeSet<String> {
    let images = containerd.run(&["images", "ls", "-q"]);
    let ids = containerd.run(&["containers", "ls", "-q"]);
    let images = lines(&images).map(|name| format!("image {name}"));
    images
        .chain(lines(&ids).map(|id| format!("container {id}")))
        .collect()
}

fn use_containerd_thing(containerd: &Containerd, thing: &str) {
    let (kind, name) = thing.split_once(' ').unwrap();
    if kind == "image" {
        let check = containerd.run(&["images", "check", &format!("name=={name}")]);
        assert!(
            check.contains(" complete ") && !check.contains("incomplete"),
            "{check}"
        );
        containerd.run(&["images", "export", &containerd.site.text("used.tar"), name]);
        let run = ["run", "--rm", "--null-io", name, "probe"];
        containerd.run(&[&run[..], &["/bin/sh", "-c", "touch /used"]].concat());
        return;
    }
    let info = containerd.run(&["containers", "info", name]);
    let info: serde_json::Value = serde_json::from_str(&info).unwrap();
    let key = info["SnapshotKey"].as_str().unwrap();
    containerd.run(&["snapshots", "mounts", "/mnt", key]);
    let tasks = containerd.run(&["tasks", "ls"]);
    let is_running = tasks
        .lines()
        .any(|line| line.starts_with(name) && line.contains("RUNNING"));
    if is_running {
        let exec = [
            "tasks",
            "exec",
            "--exec-id",
            "probe",
            name,
            "/bin/sh",
            "-c",
            "touch /used",
        ];
        containerd.run(&exec);
    }
}

/// Puts a blob into the content store that nothing refers to.
fn ingest(containerd: &Containerd, seed: u64) -> String {
    let bytes = noise(seed);
    let digest = support::image::digest(&bytes);
    let site = &containerd.site;
    fs::write(site.path("blob"), bytes).unwrap();
    let file = fs::File::open(site.path("blob")).unwrap();
    let reference = format!("blob-{seed}");
    let mut command = containerd.command(&[
        "content",
        "ingest",
        "--expected-digest",
        &digest,
        &reference,
    ]);
    finished(command.stdin(file));
    digest
}

/// Makes a lease that ends some time hold a blob: by its own protocol, since `ctr` knows no command for that.
fn hold(containerd: &Containerd, lease: &str, expires: &str, digest: &str) {
    containerd.run(&["leases", "create", "--id", lease, "--expires", expires]);
    let field = |number: u8, bytes: &[u8]| {
        [
            &[number << 3 | 2, u8::try_from(bytes.len()).unwrap()],
            bytes,
        ]
        .concat()
    };
    let resource = [field(1, digest.as_bytes()), field(2, b"content")].concat();
    let message = [field(1, lease.as_bytes()), field(2, &resource)].concat();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let site = &containerd.site;
    fs::write(site.path("request"), [&[0], &length[..], &message].concat()).unwrap();
    finished(Command::new("curl").args([
        "-s",
        "--http2-prior-knowledge",
        "--unix-socket",
        &site.text("containerd.sock"),
        "-H",
        "content-type: application/grpc",
        "-H",
        "te: trailers",
        "-H",
        "containerd-namespace: default",
        "-o",
        &site.text("answer"),
        "--data-binary",
        &format!("@{}", site.text("request")),
        "http://containerd/containerd.services.leases.v1.Leases/AddResource",
    ]));
}

fn lease_named(store: &Store, id: &str) -> Target {
    let found = store.leases.iter().position(|lease| lease.id == id);
    let found = found.unwrap_or_else(|| panic!("{id} is not in {:?}", store.leases));
    Target::Owner(Owner::Lease(LeaseId(u32::try_from(found).unwrap())))
}

/// Returns the directory of the snapshot made last, which is the largest number.
fn newest_snapshot(site: &Site) -> PathBuf {
    let snapshots = site.path("containerd/io.containerd.snapshotter.v1.overlayfs/snapshots");
    let names = fs::read_dir(&snapshots).unwrap();
    let numbers =
        names.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<u64>().ok());
    snapshots
        .join(numbers.max().unwrap().to_string())
        .join("fs")
}

/// Makes a snapshot that nothing refers to but a label, as `ctr` does.
fn prepare(containerd: &Containerd, key: &str, parent: &str) {
    containerd.run(&["snapshots", "prepare", key, parent]);
    let grown = newest_snapshot(&containerd.site).join("grown");
    fs::write(grown, vec![1; THREE_MIB]).unwrap();
}

/// Has what was removed before collected: the next orphan would go with it.
fn collect(containerd: &Containerd) {
    containerd.run(&["leases", "create", "--id", "spent"]);
    containerd.run(&["leases", "rm", "--sync", "spent"]);
}

/// Takes the label away.
fn leave(containerd: &Containerd, key: &str) {
    containerd.run(&["snapshots", "label", key, "containerd.io/gc.root="]);
}

fn orphan_of_layer(store: &Store, key: &str) -> Target {
    let layer = store.layers.iter().find(|layer| layer.name == key).unwrap();
    let mut orphans = store.orphans.iter();
    let at = orphans.position(|orphan| layer.pieces.contains(&orphan.piece));
    Target::Orphan(u32::try_from(at.unwrap()).unwrap())
}

fn orphaned_blob(store: &Store, digest: &str) -> Target {
    let hex = digest.trim_start_matches("sha256:");
    let mut orphans = store.orphans.iter();
    let at = orphans.position(|orphan| {
        let path = &store.piece(orphan.piece).location.path;
        path.ends_with(hex.as_bytes())
    });
    Target::Orphan(u32::try_from(at.unwrap()).unwrap())
}

fn load_into_containerd(containerd: &Containerd, name: &str, seed: u64) -> String {
    let site = &containerd.site;
    let made = made(site, name, seed);
    let bytes = oci(&[&made], Packing::new(Codec::Gzip)).archive(Codec::None);
    fs::write(site.path("image.tar"), bytes).unwrap();
    let before = containerd.run(&["images", "ls", "-q"]);
    containerd.run(&["images", "import", &site.text("image.tar")]);
    let after = containerd.run(&["images", "ls", "-q"]);
    let mut new = after
        .lines()
        .filter(|line| before.lines().all(|old| old != *line));
    format!("image {}", new.next().unwrap())
}

fn containerd_scene(containerd: &Containerd) -> Named {
    let site = &containerd.site;
    let mut named = Named::new();
    for (seed, name) in (1..).zip(["kept", "stopped", "unused", "spare"]) {
        let image = format!("docker.io/test/{name}:1");
        named.insert(name, load_into_containerd(containerd, &image, seed));
    }
    let image = |name: &str| named[name].trim_start_matches("image ").to_owned();
    let (kept, stopped) = (image("kept"), image("stopped"));
    for (name, image) in [("keeper", &kept), ("first", &stopped)] {
        containerd.run(&["containers", "create", image, name, "/bin/sh"]);
        fs::write(newest_snapshot(site).join("grown"), vec![1; THREE_MIB]).unwrap();
    }
    for name in ["runner", "second"] {
        let script = format!("{GROW} && sleep 1000");
        let run = [
            "run",
            "-d",
            "--null-io",
            &kept,
            name,
            "/bin/sh",
            "-c",
            &script,
        ];
        containerd.run(&run);
        let done = newest_snapshot(site).join("done");
        wait_for("work of the container", || done.exists());
    }
    named
}

/// Leaves what no record of containerd names: a directory, a blob, and a download.
fn lose(containerd: &Containerd) {
    let home = containerd.site.path("containerd");
    let lost = home.join("io.containerd.snapshotter.v1.overlayfs/snapshots/4711/fs");
    fs::create_dir_all(&lost).unwrap();
    fs::write(lost.join("file"), noise(13)).unwrap();
    let content = home.join("io.containerd.content.v1.content");
    let bytes = noise(14);
    let name = support::image::hex(&bytes);
    fs::write(content.join("blobs/sha256").join(name), &bytes).unwrap();
    let reference = "default/1/lost";
    let ingest = content
        .join("ingest")
        .join(support::image::hex(reference.as_bytes()));
    fs::create_dir_all(&ingest).unwrap();
    fs::write(ingest.join("data"), &bytes).unwrap();
    fs::write(ingest.join("ref"), reference).unwrap();
    for name in ["startedat", "updatedat"] {
        fs::write(ingest.join(name), "2026-01-01T00:00:00Z").unwrap();
    }
    fs::write(ingest.join("total"), "0").unwrap();
}

#[test]
fn containerd_frees_what_is_promised() {
    let Some(site) = Site::with(&["containerd", "ctr", "runc", "curl", "du", "bash"]) else {
        return;
    };
    let containerd = Containerd::start(site);
    let named = containerd_scene(&containerd);
    let these = |keys: &[&str]| listed(&named, keys);
    let things = || containerd_things(&containerd);
    let uses = |thing: &str| use_containerd_thing(&containerd, thing);
    let socket = containerd.site.text("containerd.sock");
    let address = format!("CONTAINERD_ADDRESS={socket}");
    let bench = Bench {
        root: containerd.site.path("containerd"),
        programs: program(&containerd.site, "ctr", &address, ""),
        things: &things,
        uses: &uses,
        ran: RefCell::default(),
    };
    let container = |name| bench.one(|store, _| container_named(store, name));
    let blob = |digest: &str| bench.one(|store, _| orphaned_blob(store, digest));
    let unused = bench.one(|store, _| image_named(store, "unused"));
    bench.run(&unused, &these(&["unused"]));
    bench.run(&bench.group(Group::Unused), &these(&["spare"]));
    // It does not run: what is for one that does is left out.
    let mut first = container("first");
    first
        .commands
        .retain(|one| one.row.action != Action::StopContainer);
    bench.run(&first, &["container first".into()]);
    bench.run(&container("second"), &["container second".into()]);

    let top = containerd.run(&["snapshots", "ls"]);
    let top = top.lines().find(|line| line.contains("Committed")).unwrap();
    let top = top.split_whitespace().next().unwrap();
    prepare(&containerd, "left", top);
    collect(&containerd);
    leave(&containerd, "left");
    bench.run(&bench.one(|store, _| orphan_of_layer(store, "left")), &[]);
    collect(&containerd);
    let digest = ingest(&containerd, 10);
    bench.run(&blob(&digest), &[]);
    collect(&containerd);
    let digest = ingest(&containerd, 11);
    hold(&containerd, "over", "1s", &digest);
    std::thread::sleep(Duration::from_millis(2100));
    bench.run(&blob(&digest), &[]);
    // One that is not over is no orphan, and holds what it is said to.
    let digest = ingest(&containerd, 15);
    hold(&containerd, "going-on", "1h", &digest);
    assert!(bench.store().orphans.is_empty());
    let held = bench.one(|store, _| lease_named(store, "going-on"));
    bench.run(&held, &[]);

    // A snapshot on top of another, and what no record names: it goes with the garbage.
    prepare(&containerd, "below", top);
    containerd.run(&["snapshots", "commit", "middle", "below"]);
    prepare(&containerd, "above", "middle");
    collect(&containerd);
    ingest(&containerd, 12);
    lose(&containerd);
    leave(&containerd, "above");
    leave(&containerd, "middle");
    let all = bench.group(Group::Orphans);
    assert_eq!(all.commands.len(), 3);
    bench.run(&all, &[]);
    // What was run to see that images can be used is collected too.
    collect(&containerd);
    let left = bench.store().orphans;
    assert!(left.is_empty(), "{left:?}");
    bench.ran_all_of(BY_CONTAINERD);
}
