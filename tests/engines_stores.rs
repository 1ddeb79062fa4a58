//! Real engines at work on private stores: what layerscope reads while a daemon runs is what the engine says, and
//! what the kernel shows in the container.
//!
//! Needs root, a static busybox, and the engine of each test; a test that misses something says so.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use layerscope::analysis::{self, Analysis};
use layerscope::image::Image;
use layerscope::progress::Job;
use layerscope::source::SourceInfo;
use layerscope::store::figures::Figures;
use layerscope::store::{self, Accounts, Basis, ContainerId, ImageId, Inventory, Store};
use layerscope::tree::{PathId, View};
use serde_json::Value;

use support::codec::Codec;
use support::image::image;
use support::listing::{Rows, assert_same, rows, rows_of_directory};
use support::members::Packing;
use support::oci::oci;

/// Deletes, modes changed over a directory, a directory made anew and hard links, each in a layer.
const DOCKERFILE: &str = r"FROM scratch
ADD root.tar /
RUN mkdir -p /data/sub /app && echo one > /data/one && echo two > /data/sub/two && dd if=/dev/zero of=/data/large bs=1024 count=64 && ln /data/large /data/hard
RUN rm /data/one && chmod -R 700 /data/sub
RUN rm -rf /data/sub && mkdir /data/sub && echo three > /data/sub/three
RUN ln /data/large /data/again && touch /data/hard
";

/// What the container does: writes, copies up for a mode, breaks a link, makes a directory anew.
const SCRIPT: &str = "echo x > /data/new && chmod 600 /data/large && rm /data/hard && rm -rf /data/sub \
     && mkdir /data/sub && echo y > /data/sub/new && touch /data/done && sleep 1000";

/// Paths that runtimes put into every container.
const RUNTIME: [&str; 6] = [".dockerenv", "dev", "etc", "proc", "run", "sys"];

/// A program that runs until this is dropped.
struct Daemon(Child);

impl Daemon {
    fn start(command: &mut Command, log: &Path) -> Self {
        let log = fs::File::create(log).unwrap();
        let errors = log.try_clone().unwrap();
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        Self(command.spawn().unwrap())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let id = self.0.id().to_string();
        drop(Command::new("kill").args(["-TERM", &id]).status());
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(15) {
            if matches!(self.0.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A directory for one engine. What is still mounted below it when this is dropped is unmounted.
struct Site(tempfile::TempDir);

impl Drop for Site {
    fn drop(&mut self) {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let root = self.0.path().to_str().unwrap();
        let points = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        let mut own: Vec<&str> = points.filter(|point| point.starts_with(root)).collect();
        own.reverse();
        for point in own {
            drop(Command::new("umount").args(["-l", point]).status());
        }
    }
}

impl Site {
    /// Makes one if everything is there.
    fn with(tools: &[&str]) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: engines need root");
            return None;
        }
        for tool in tools {
            if Command::new(tool).arg("--version").output().is_err() {
                println!("skipped: {tool} is not installed");
                return None;
            }
        }
        let Some(busybox) = busybox() else {
            println!("skipped: busybox-static is not installed");
            return None;
        };
        let site = Self(tempfile::tempdir().unwrap());
        site.write_context(&busybox);
        Some(site)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Puts a Dockerfile and a root file system where builds find them.
    fn write_context(&self, busybox: &Path) {
        let programs = self.path("root/bin");
        fs::create_dir_all(&programs).unwrap();
        fs::create_dir(self.path("context")).unwrap();
        fs::copy(busybox, programs.join("busybox")).unwrap();
        for name in ["sh", "rm", "mkdir", "chmod", "ln", "touch", "dd", "sleep"] {
            symlink("busybox", programs.join(name)).unwrap();
        }
        let archive = self.text("context/root.tar");
        run("tar", ["-C", &self.text("root"), "-cf", &archive, "."]);
        fs::write(self.path("context/Dockerfile"), DOCKERFILE).unwrap();
    }
}

fn busybox() -> Option<PathBuf> {
    let places = ["/bin/busybox", "/usr/bin/busybox"];
    let found = places
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.exists())?;
    // A dynamic one would need libraries.
    let bytes = fs::read(&found).unwrap();
    let is_dynamic = bytes.windows(10).any(|window| window == b"/ld-linux-");
    (!is_dynamic).then_some(found)
}

#[track_caller]
fn run<S: AsRef<OsStr>>(tool: &str, arguments: impl IntoIterator<Item = S>) -> String {
    finished(Command::new(tool).args(arguments))
}

#[track_caller]
fn finished(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Waits until something holds.
#[track_caller]
fn wait_for(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(30), "no {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Reads and weighs the stores of an engine that is at work.
fn read(root: &Path) -> Inventory {
    let job = Job::new();
    let mut inventory = store::read(root, &job).unwrap();
    store::measure::measure(&mut inventory, None, &job).unwrap();
    inventory
}

fn analysed(image: Image) -> Analysis {
    let source = SourceInfo {
        kind: "store",
        locator: "live".into(),
    };
    let options = analysis::Options::default();
    let analysis = analysis::run(source, image, &options, &Job::new()).unwrap();
    assert!(analysis.complete, "{:?}", analysis.warnings);
    analysis
}

fn shown(image: Image) -> Rows {
    rows(&analysed(image))
}

/// Says it as podman's overlay driver does: a directory made anew is one that went, and nothing of it.
fn with_opaque(changes: BTreeSet<String>, container: &Analysis, below: &Rows) -> BTreeSet<String> {
    let mut opaque = Vec::new();
    let top = View::Layer(container.tree.top());
    let listed = top.list::<Infallible>(&container.tree, PathId::ROOT, &mut |row| {
        if row.opaque && below.contains_key(&row.path) {
            opaque.push(format!("D /{}", row.path.escape_ascii()));
        }
        Ok(())
    });
    let Ok(()) = listed;
    let is_inside = |line: &String| {
        let mut directories = opaque.iter();
        directories.any(|directory| line.starts_with(&format!("{directory}/")))
    };
    let mut told: BTreeSet<String> = changes
        .into_iter()
        .filter(|line| !is_inside(line))
        .collect();
    told.extend(opaque);
    told
}

fn image_named(store: &Store, name: &str) -> ImageId {
    let is_meant = |names: &[String]| names.iter().any(|found| found.contains(name));
    let found = store.images.iter().position(|image| is_meant(&image.names));
    let found = found.unwrap_or_else(|| panic!("no {name} in {:?}", store.images));
    ImageId(u32::try_from(found).unwrap())
}

fn container_named(store: &Store, name: &str) -> ContainerId {
    let mut containers = store.containers.iter();
    let found = containers.position(|one| one.name == name || one.id == name);
    let found = found.unwrap_or_else(|| panic!("no {name} in {:?}", store.containers));
    ContainerId(u32::try_from(found).unwrap())
}

/// Returns what changed from the image to the container, as engines print it: files and what came or went, without
/// what runtimes put there, and of what went only the topmost.
fn changes(below: &Rows, above: &Rows) -> BTreeSet<String> {
    let is_runtime = |path: &[u8]| {
        let first = path.split(|&byte| byte == b'/').next().unwrap();
        RUNTIME.iter().any(|name| name.as_bytes() == first)
    };
    let mut found = BTreeSet::new();
    let mut add = |letter: char, path: &[u8]| {
        if !is_runtime(path) {
            found.insert(format!("{letter} /{}", path.escape_ascii()));
        }
    };
    for (path, row) in above {
        match below.get(path) {
            None => add('A', path),
            Some(old) if row.kind != "dir" && differs(row, old) => add('C', path),
            Some(_) => {}
        }
    }
    for path in below.keys().filter(|path| !above.contains_key(*path)) {
        let parent = path.iter().rposition(|&byte| byte == b'/');
        if parent.is_none_or(|slash| above.contains_key(&path[..slash])) {
            add('D', path);
        }
    }
    found
}

fn differs(one: &support::listing::Row, other: &support::listing::Row) -> bool {
    (one.mode, one.size, one.mtime) != (other.mode, other.size, other.mtime)
}

/// Returns what an engine says changed, without directories that only changed.
fn told_changes(text: &str, above: &Rows) -> BTreeSet<String> {
    let is_told = |line: &&str| {
        let (letter, path) = line.split_once(' ').unwrap();
        let path = path.trim_start_matches('/');
        let first = path.split('/').next().unwrap();
        let is_directory = above
            .get(path.as_bytes())
            .is_some_and(|row| row.kind == "dir");
        !(RUNTIME.contains(&first) || letter == "C" && is_directory)
    };
    text.lines().filter(is_told).map(str::to_owned).collect()
}

/// Asserts what holds for the accounts of any store.
fn assert_accounts_hold(store: &Store) {
    let accounts = Accounts::of(store, Basis::Disk);
    let totals = accounts.totals;
    assert!(totals.total.is_whole(), "{:?}", store.warnings);
    let parts = [
        totals.images,
        totals.writable,
        totals.logs,
        totals.container_files,
        totals.volumes,
        totals.cache,
        totals.orphans,
        totals.bookkeeping,
    ];
    let sum: store::Amount = parts.into_iter().sum();
    assert_eq!(sum, totals.total);
}

/// A dockerd with a containerd of its own.
struct Docker {
    site: Site,
    dockerd: Option<Daemon>,
    containerd: Option<Daemon>,
}

impl Docker {
    fn start(driver: &str) -> Option<Self> {
        let site = Site::with(&["dockerd", "docker", "containerd", "runc"])?;
        let containerd = start_containerd(&site);
        let host = format!("unix://{}", site.text("docker.sock"));
        let mut dockerd = Command::new("dockerd");
        dockerd
            .args([
                "--bridge=none",
                "--iptables=false",
                "--storage-driver",
                driver,
            ])
            .args(["--data-root", &site.text("data")])
            .args(["--exec-root", &site.text("exec")])
            .args(["--pidfile", &site.text("docker.pid")])
            .args(["--containerd", &site.text("containerd.sock")])
            .args(["-H", &host]);
        let dockerd = Daemon::start(&mut dockerd, &site.path("dockerd.log"));
        let docker = Self {
            site,
            dockerd: Some(dockerd),
            containerd: Some(containerd),
        };
        let answers = || {
            docker
                .command(&["version"])
                .output()
                .unwrap()
                .status
                .success()
        };
        wait_for("answer from dockerd", answers);
        Some(docker)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        let host = format!("unix://{}", self.site.text("docker.sock"));
        // The builder that needs nothing but dockerd.
        command.env("DOCKER_HOST", host).env("DOCKER_BUILDKIT", "0");
        command.args(arguments);
        command
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        finished(&mut self.command(arguments)).trim().to_owned()
    }

    fn inspect(&self, arguments: &[&str]) -> Value {
        let told: Value = serde_json::from_str(&self.run(arguments)).unwrap();
        told[0].clone()
    }

    /// Returns where the container's root file system is for everybody.
    fn merged(&self, driver: &str, told: &Value) -> PathBuf {
        if let Some(merged) = told["GraphDriver"]["Data"]["MergedDir"].as_str() {
            return merged.into();
        }
        let id = told["Id"].as_str().unwrap();
        let mounts = self
            .site
            .path("data/image")
            .join(driver)
            .join("layerdb/mounts");
        let name = fs::read_to_string(mounts.join(id).join("mount-id")).unwrap();
        self.site.path("data").join(driver).join("dir").join(name)
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        drop(self.command(&["rm", "-f", "worker"]).output());
        self.dockerd.take();
        self.containerd.take();
    }
}

fn start_containerd(site: &Site) -> Daemon {
    let mut containerd = Command::new("containerd");
    containerd
        .args(["--root", &site.text("containerd")])
        .args(["--state", &site.text("containerd-state")])
        .args(["--address", &site.text("containerd.sock")]);
    let daemon = Daemon::start(&mut containerd, &site.path("containerd.log"));
    wait_for("socket of containerd", || {
        site.path("containerd.sock").exists()
    });
    daemon
}

/// Builds, runs, reads while it runs, compares.
fn docker_agrees(driver: &str) {
    let Some(docker) = Docker::start(driver) else {
        return;
    };
    let context = docker.site.text("context");
    docker.run(&[
        "build",
        "-q",
        "--network",
        "none",
        "-t",
        "stores/live",
        &context,
    ]);
    let run = [
        "run",
        "-d",
        "--network",
        "none",
        "--name",
        "worker",
        "stores/live",
    ];
    docker.run(&[&run[..], &["sh", "-c", SCRIPT]].concat());
    let told = docker.inspect(&["inspect", "-s", "worker"]);
    let merged = docker.merged(driver, &told);
    wait_for("work of the container", || {
        merged.join("data/done").exists()
    });

    let inventory = read(&docker.site.path("data"));
    let [store] = inventory.stores.as_slice() else {
        panic!("{:?}", inventory.stores);
    };
    assert_eq!(store.driver, driver);
    assert_eq!(store.warnings, []);
    assert_accounts_hold(store);
    let image = image_named(store, "stores/live");
    let container = container_named(store, "worker");
    assert_eq!(store.containers[container.as_usize()].image, Some(image));

    let found = shown(store.open_container(container).unwrap());
    assert_same("the kernel", &found, &rows_of_directory(&merged));
    let below = shown(store.open_image(image).unwrap());
    let diff = docker.run(&["diff", "worker"]);
    assert_eq!(changes(&below, &found), told_changes(&diff, &found));

    let figures = Figures::of(store);
    let told_image = docker.inspect(&["image", "inspect", "stores/live"]);
    let id = store.images[image.as_usize()].id.as_ref().unwrap();
    assert_eq!(id.as_str(), told_image["Id"]);
    let size = figures.images[image.as_usize()].size_bytes;
    assert_eq!(size, told_image["Size"].as_u64());
    // Again: the first answer may be from before the container was done.
    let told = docker.inspect(&["inspect", "-s", "worker"]);
    let written = figures.containers[container.as_usize()];
    assert_eq!(written.writable_bytes, told["SizeRw"].as_u64());
    assert_eq!(written.virtual_bytes, told["SizeRootFs"].as_u64());
}

#[test]
fn docker_with_overlay2() {
    docker_agrees("overlay2");
}

#[test]
fn docker_with_vfs() {
    docker_agrees("vfs");
}

/// podman on a store of its own; nothing runs but the container.
struct Podman {
    site: Site,
    driver: &'static str,
}

impl Podman {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("podman");
        command
            .args(["--root", &self.site.text("store")])
            .args(["--runroot", &self.site.text("run")])
            .args(["--tmpdir", &self.site.text("tmp")])
            .args(["--storage-driver", self.driver])
            .args(["--cgroup-manager=cgroupfs", "--events-backend=file"])
            .args(arguments);
        command
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        finished(&mut self.command(arguments)).trim().to_owned()
    }

    fn inspect(&self, arguments: &[&str]) -> Value {
        let told: Value = serde_json::from_str(&self.run(arguments)).unwrap();
        told[0].clone()
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        drop(self.command(&["rm", "-f", "-t", "0", "worker"]).output());
    }
}

fn podman_agrees(driver: &'static str) {
    let Some(site) = Site::with(&["podman"]) else {
        return;
    };
    let podman = Podman { site, driver };
    let context = podman.site.text("context");
    let name = "localhost/stores/live";
    let build = [
        "build",
        "-q",
        "--layers",
        "--isolation",
        "chroot",
        "--network",
        "host",
    ];
    podman.run(&[&build[..], &["-t", name, &context]].concat());
    // No runtime: podman mounts the container, which works where crun and the machine do not agree on cgroups.
    podman.run(&[
        "create",
        "--network",
        "none",
        "--name",
        "worker",
        name,
        "sh",
    ]);
    let merged: PathBuf = podman.run(&["mount", "worker"]).into();
    let script = SCRIPT.trim_end_matches(" && sleep 1000");
    finished(
        Command::new("chroot")
            .arg(&merged)
            .args(["/bin/sh", "-c", script]),
    );

    let inventory = read(&podman.site.path("store"));
    let [store] = inventory.stores.as_slice() else {
        panic!("{:?}", inventory.stores);
    };
    assert_eq!(store.driver, driver);
    assert_eq!(store.warnings, []);
    assert_accounts_hold(store);
    let image = image_named(store, name);
    let container = container_named(store, "worker");
    assert_eq!(store.containers[container.as_usize()].image, Some(image));

    let opened = analysed(store.open_container(container).unwrap());
    let found = rows(&opened);
    assert_same("the kernel", &found, &rows_of_directory(&merged));
    let below = shown(store.open_image(image).unwrap());
    let diff = podman.run(&["diff", "worker"]);
    let mut own = changes(&below, &found);
    if driver == "overlay" {
        own = with_opaque(own, &opened, &below);
    }
    assert_eq!(own, told_changes(&diff, &found));

    let figures = Figures::of(store);
    let told = podman.inspect(&["image", "inspect", name]);
    let id = store.images[image.as_usize()].id.as_ref().unwrap();
    assert_eq!(id.encoded(), told["Id"]);
    let image_bytes = figures.images[image.as_usize()].size_bytes;
    assert_eq!(image_bytes, told["Size"].as_u64());
    let told = podman.inspect(&["container", "inspect", "-s", "worker"]);
    let written = figures.containers[container.as_usize()];
    assert_eq!(written.writable_bytes, told["SizeRw"].as_u64());
    assert_eq!(written.virtual_bytes, told["SizeRootFs"].as_u64());
}

#[test]
fn podman_with_overlay() {
    podman_agrees("overlay");
}

#[test]
fn podman_with_vfs() {
    podman_agrees("vfs");
}

/// A containerd with nothing around it.
struct Containerd {
    site: Site,
    daemon: Option<Daemon>,
}

impl Containerd {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("ctr");
        command.args(["--address", &self.site.text("containerd.sock")]);
        command.args(arguments);
        command
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        finished(&mut self.command(arguments)).trim().to_owned()
    }
}

impl Drop for Containerd {
    fn drop(&mut self) {
        let kill = ["task", "kill", "-s", "SIGKILL", "worker"];
        drop(self.command(&kill).output());
        std::thread::sleep(Duration::from_millis(500));
        drop(self.command(&["task", "rm", "-f", "worker"]).output());
        self.daemon.take();
    }
}

/// An image like the one that the other engines build: containerd builds none.
fn archive(site: &Site) -> Vec<u8> {
    let busybox = fs::read(site.path("root/bin/busybox")).unwrap();
    let programs = ["sh", "rm", "mkdir", "chmod", "ln", "touch", "dd", "sleep"];
    let image = image()
        .name("docker.io/stores/live:latest")
        .layer("ADD root.tar /", |layer| {
            let layer = layer.dir("bin").file("bin/busybox", &busybox).mode(0o755);
            let links = programs.iter();
            links.fold(layer, |layer, name| {
                layer.symlink(format!("bin/{name}"), "busybox")
            })
        })
        .layer("RUN mkdir", |layer| {
            let layer = layer.dir("app").dir("data").dir("data/sub");
            let layer = layer.file("data/one", b"one").file("data/sub/two", b"two");
            let layer = layer.zeros("data/large", 65536);
            layer.hardlink("data/hard", "data/large")
        })
        .layer("RUN rm", |layer| {
            let layer = layer.whiteout("data/one").dir("data/sub").mode(0o700);
            layer.file("data/sub/two", b"two").mode(0o700)
        })
        .layer("RUN rm -rf", |layer| {
            let layer = layer.dir("data/sub").opaque("data/sub");
            layer.file("data/sub/three", b"three")
        })
        .build();
    oci(&[&image], Packing::new(Codec::Gzip)).archive(Codec::None)
}

#[test]
fn containerd_with_overlayfs() {
    let Some(site) = Site::with(&["containerd", "ctr", "runc"]) else {
        return;
    };
    fs::write(site.path("image.tar"), archive(&site)).unwrap();
    let daemon = start_containerd(&site);
    let containerd = Containerd {
        site,
        daemon: Some(daemon),
    };
    wait_for("answer from containerd", || {
        containerd
            .command(&["version"])
            .output()
            .unwrap()
            .status
            .success()
    });
    containerd.run(&["image", "import", &containerd.site.text("image.tar")]);
    let name = &containerd.run(&["image", "ls", "-q"]);
    let start = [
        "run",
        "-d",
        "--null-io",
        name,
        "worker",
        "/bin/sh",
        "-c",
        SCRIPT,
    ];
    containerd.run(&start);
    let merged = containerd
        .site
        .path("containerd-state/io.containerd.runtime.v2.task/default/worker/rootfs");
    wait_for("work of the container", || {
        merged.join("data/done").exists()
    });

    let inventory = read(&containerd.site.path("containerd"));
    let [store] = inventory.stores.as_slice() else {
        panic!("{:?}", inventory.stores);
    };
    assert_eq!(store.driver, "overlayfs");
    assert_eq!(store.warnings, []);
    assert_accounts_hold(store);
    let image = image_named(store, name);
    let container = container_named(store, "worker");
    assert_eq!(store.containers[container.as_usize()].image, Some(image));
    let found = shown(store.open_container(container).unwrap());
    assert_same("the kernel", &found, &rows_of_directory(&merged));

    // What containerd says of the snapshot: key, disk blocks, inodes.
    let usage = containerd.run(&["snapshot", "usage", "-b", "worker"]);
    let told = usage.lines().nth(1).unwrap().split_whitespace().nth(1);
    let told: u64 = told.unwrap().parse().unwrap();
    let writable = store.containers[container.as_usize()].writable.unwrap();
    let files = store.piece(store.layer(writable).pieces[0]).usage.unwrap();
    assert_eq!(files.own_disk_bytes, told);
}
