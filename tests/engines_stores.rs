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
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use layerscope::analysis::container_writes::written;
use layerscope::analysis::{self, Analysis};
use layerscope::image::Image;
use layerscope::progress::Job;
use layerscope::source::SourceInfo;
use layerscope::store::{self, Accounts, Basis, ContainerId, ImageId, Store};
use layerscope::tree::{PathId, View};
use serde_json::Value;

use support::codec::Codec;
use support::engines::{Containerd, Docker, Podman, Site, finished, read, wait_for};
use support::image::image;
use support::listing::{Rows, assert_same, rows, rows_of_directory};
use support::members::Packing;
use support::oci::oci;

/// What the container does: writes, copies up for a mode, breaks a link, makes a directory anew.
const SCRIPT: &str = "echo x > /data/new && chmod 600 /data/large && rm /data/hard && rm -rf /data/sub \
     && mkdir /data/sub && echo y > /data/sub/new && touch /data/done && sleep 1000";

/// Paths that runtimes put into every container.
const RUNTIME: [&str; 6] = [".dockerenv", "dev", "etc", "proc", "run", "sys"];

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

/// Asserts that reports list what the engine lists, line by line.
fn assert_list_is_told(container: &Analysis, told: &str) {
    let written = written(container, &Job::new()).unwrap().unwrap();
    let found: BTreeSet<String> = written
        .changes
        .iter()
        .map(|line| format!("{} /{}", line.mark, line.path.escape_ascii()))
        .collect();
    let told: BTreeSet<String> = told.lines().map(str::to_owned).collect();
    let differing: Vec<&String> = found.symmetric_difference(&told).collect();
    assert!(differing.is_empty(), "{differing:?}\nfound {found:?}");
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

/// Returns where the container's root file system is for everybody.
fn merged(docker: &Docker, driver: &str, told: &Value) -> PathBuf {
    if let Some(merged) = told["GraphDriver"]["Data"]["MergedDir"].as_str() {
        return merged.into();
    }
    let id = told["Id"].as_str().unwrap();
    let mounts = docker
        .site
        .path("data/image")
        .join(driver)
        .join("layerdb/mounts");
    let name = fs::read_to_string(mounts.join(id).join("mount-id")).unwrap();
    docker.site.path("data").join(driver).join("dir").join(name)
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
    let merged = merged(&docker, driver, &told);
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

    let opened = analysed(store.open_container(container).unwrap());
    let found = rows(&opened);
    assert_same("the kernel", &found, &rows_of_directory(&merged));
    let below = shown(store.open_image(image).unwrap());
    let diff = docker.run(&["diff", "worker"]);
    assert_list_is_told(&opened, &diff);
    assert_eq!(changes(&below, &found), told_changes(&diff, &found));

    let figures = store.engine_sizes();
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
    assert_list_is_told(&opened, &diff);
    let mut own = changes(&below, &found);
    if driver == "overlay" {
        own = with_opaque(own, &opened, &below);
    }
    assert_eq!(own, told_changes(&diff, &found));

    let figures = store.engine_sizes();
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
    let containerd = Containerd::start(site);
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

/// Neither `/etc` nor a usual home tells of this daemon: the files it has open do.
#[test]
fn the_root_that_a_running_daemon_serves_is_found_and_told_from_others() {
    let Some(docker) = Docker::start("overlay2") else {
        return;
    };
    let root = docker.site.path("data");
    let left = root.join("100000.100000");
    fs::create_dir_all(left.join("image/overlay2/imagedb/content/sha256")).unwrap();
    fs::create_dir_all(left.join("volumes/old/_data")).unwrap();
    let layerscope = |arguments: &[&str]| -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_layerscope"));
        command
            .args(["store", "--json", "--allow-incomplete"])
            .args(arguments);
        serde_json::from_str(&finished(&mut command)).unwrap()
    };
    let of_root = |report: &Value, root: &std::path::Path| -> Vec<[Value; 2]> {
        let stores = report["stores"].as_array().unwrap();
        let own = stores
            .iter()
            .filter(|store| store["root"] == root.to_str().unwrap());
        own.map(|store| {
            [
                store["activity"].clone(),
                store["left_behind_because"].clone(),
            ]
        })
        .collect()
    };
    for report in [layerscope(&[]), layerscope(&[root.to_str().unwrap()])] {
        assert_eq!(
            of_root(&report, &root),
            [[Value::from("active"), Value::Null]],
            "{report}"
        );
        let why = format!("dockerd serves {}", root.display());
        assert_eq!(
            of_root(&report, &left),
            [[Value::from("left-behind"), why.into()]]
        );
    }
    // The containerd that it was given is a store as well.
    let found = layerscope(&[]);
    let containerd = docker.site.path("containerd");
    assert_eq!(of_root(&found, &containerd).len(), 1, "{found}");
}
