use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::{Homes, on_disk};

/// The disk of another machine.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn directory(&self, name: &str) -> &Self {
        fs::create_dir_all(self.path(name)).unwrap();
        self
    }

    fn file(&self, name: &str, text: &str) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn homes(&self) -> Homes {
        on_disk(self.0.path())
    }

    /// Returns the places that were found, from the root of the disk.
    fn found(&self) -> Vec<String> {
        let homes = self.homes();
        let inner = |path: &PathBuf| path.strip_prefix(self.0.path()).unwrap().to_owned();
        homes
            .paths()
            .map(|path| inner(path).to_str().unwrap().to_owned())
            .collect()
    }

    fn warnings(&self) -> String {
        let homes = self.homes();
        let lines: Vec<&str> = homes
            .warnings
            .iter()
            .map(|warning| warning.message.as_str())
            .collect();
        lines.join("\n")
    }
}

#[test]
fn every_usual_home_is_known() {
    let machine = Machine::new();
    machine.file(
        "etc/passwd",
        "root:x:0:0::/root:/bin/sh\nu:x:1000:1000::/home/u:/bin/sh\nbad\n",
    );
    let all = [
        "home/u/.local/share/containers/storage",
        "home/u/.local/share/docker",
        "home/u/.local/share/containerd",
        "root/.local/share/containers/storage",
        "var/lib/docker",
        "var/snap/docker/common/var-lib-docker",
        "var/lib/containerd",
        "var/lib/rancher/k3s/agent/containerd",
        "var/lib/rancher/rke2/agent/containerd",
        "var/lib/k0s/containerd",
        "var/snap/microk8s/common/var/lib/containerd",
        "var/lib/containers/storage",
    ];
    for place in all {
        machine.directory(place);
    }
    assert_eq!(machine.found(), all);
    // What is mounted may be the `/var` alone.
    let homes = on_disk(&machine.path("var"));
    assert!(
        homes
            .paths()
            .any(|path| path.ends_with("var/lib/rancher/k3s/agent/containerd"))
    );
    let homes = on_disk(&machine.path("var/lib"));
    assert_eq!(homes.places.len(), 6);
    assert_eq!(on_disk(&machine.path("home/u")).places.len(), 3);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn configuration_puts_stores_elsewhere() {
    for (file, text, place, key) in [
        (
            "etc/docker/daemon.json",
            r#"{"data-root": "/data/x"}"#,
            "data/x",
            "data-root",
        ),
        (
            "etc/docker/daemon.json",
            r#"{"graph": "/data/x"}"#,
            "data/x",
            "graph",
        ),
        (
            "var/snap/docker/current/config/daemon.json",
            r#"{"data-root": "/data/x"}"#,
            "data/x",
            "data-root",
        ),
        (
            "etc/containerd/config.toml",
            "version = 2\nroot = '/data/x'\n[plugins]\n",
            "data/x",
            "root",
        ),
        (
            "etc/containers/storage.conf",
            "[storage]\ngraphroot = \"/data/x\"\n",
            "data/x",
            "graphroot",
        ),
        (
            "usr/share/containers/storage.conf",
            "[storage]\ngraphroot = \"/data/x\"\n",
            "data/x",
            "graphroot",
        ),
        (
            "etc/crio/crio.conf.d/10-x.conf",
            "[crio]\nroot = \"/data/x\"\n",
            "data/x",
            "root",
        ),
        (
            "etc/rancher/k3s/config.yaml",
            "node-name: a\ndata-dir: /data\n",
            "data/agent/containerd",
            "data-dir",
        ),
        (
            "etc/rancher/rke2/config.yaml.d/9.yaml",
            "data-dir: /data\n",
            "data/agent/containerd",
            "data-dir",
        ),
        (
            "usr/lib/systemd/system/k0sworker.service",
            "ExecStart=/k0s worker --data-dir=/data\n",
            "data/containerd",
            "--data-dir",
        ),
        (
            "var/snap/microk8s/current/args/containerd",
            "--root ${SNAP_COMMON}/x\n--state /run",
            "var/snap/microk8s/common/x",
            "--root",
        ),
        (
            "etc/systemd/system/docker.service.d/o.conf",
            "[Service]\nExecStart=\nExecStart=dockerd -g /data/x\n",
            "data/x",
            "-g",
        ),
        (
            "u/.config/docker/daemon.json",
            r#"{"data-root": "/data/x"}"#,
            "data/x",
            "data-root",
        ),
        (
            "u/.config/containers/storage.conf",
            "[storage]\ngraphroot = \"$HOME/x\"\n",
            "u/x",
            "graphroot",
        ),
        (
            "etc/containers/storage.conf",
            "[storage]\nrootless_storage_path = \"/data/$USER-$UID\"\n",
            "data/u-7",
            "rootless_storage_path",
        ),
        (
            "etc/containers/storage.conf",
            "[storage]\nimagestore = \"/data/x\"\n",
            "data/x",
            "imagestore",
        ),
        (
            "etc/containers/storage.conf",
            "[storage.options]\nadditionalimagestores = [ \"/data/x\" ]\n",
            "data/x",
            "additionalimagestores",
        ),
    ] {
        let machine = Machine::new();
        machine
            .file("etc/passwd", "u:x:7:7::/u:/bin/sh\n")
            .file(file, text)
            .directory(place);
        let homes = machine.homes();
        let found = homes
            .places
            .iter()
            .find(|found| found.path == machine.path(place));
        let found = found.unwrap_or_else(|| panic!("{file}: {:?}", machine.found()));
        let named_by = found.named_by.clone().unwrap();
        assert!(
            named_by.starts_with(&format!("{key} in ")) && named_by.ends_with(file),
            "{named_by}"
        );
        assert_eq!(machine.warnings(), "", "{file}");
    }
}

#[test]
fn what_is_configured_and_not_there_is_told() {
    let machine = Machine::new();
    machine.file("etc/docker/daemon.json", r#"{"data-root": "/data/docker"}"#);
    let shown = machine.path("data/docker").display().to_string();
    assert!(
        machine
            .warnings()
            .contains(&format!("daemon.json names {shown}: nothing is there"))
    );
    // Nobody has to have used these.
    let machine = Machine::new();
    machine.file("etc/containers/storage.conf", "[storage]\nrootless_storage_path = \"/a\"\n[storage.options]\nadditionalimagestores = [\"/b\"]\n");
    assert_eq!(machine.warnings(), "");
}

#[test]
fn a_root_that_was_left_says_so() {
    let machine = Machine::new();
    machine
        .file("etc/docker/daemon.json", r#"{"data-root": "/data/docker"}"#)
        .directory("data/docker")
        .directory("var/lib/docker")
        .directory("var/lib/containerd");
    let homes = machine.homes();
    let disuse = |name: &str| {
        let place = homes
            .places
            .iter()
            .find(|place| place.path == machine.path(name));
        place.unwrap().disuse.clone()
    };
    assert_eq!(disuse("data/docker"), None);
    assert_eq!(disuse("var/lib/containerd"), None);
    let why = disuse("var/lib/docker").unwrap();
    assert!(
        why.contains("daemon.json names ") && why.ends_with("data/docker"),
        "{why}"
    );
    // Of both names of one place none is left.
    let machine = Machine::new();
    machine
        .file("etc/docker/daemon.json", r#"{"data-root": "/data/docker"}"#)
        .directory("data/docker")
        .directory("var/lib");
    symlink("/data/docker", machine.path("var/lib/docker")).unwrap();
    assert_eq!(machine.found(), ["data/docker"]);
}

#[test]
fn containerd_imports_as_containerd_does() {
    let machine = Machine::new();
    machine
        .file(
            "etc/containerd/config.toml",
            "root = '/a'\nimports = ['conf.d/*.toml', '/etc/more.toml', '/none/*.toml']\n",
        )
        .file(
            "etc/containerd/conf.d/1.toml",
            "root = '/b'\nimports = ['../config.toml', '1.toml']\n",
        )
        .file("etc/containerd/conf.d/2.toml", "version = 2\n")
        .directory("a")
        .directory("b");
    assert_eq!(machine.found(), ["b"]);
    assert_eq!(machine.warnings(), "");
}

#[test]
fn nothing_on_the_disk_of_a_stranger_leads_off_it() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("daemon.json"), r#"{"data-root": "/x"}"#).unwrap();
    fs::create_dir_all(outside.path().join("docker")).unwrap();
    let machine = Machine::new();
    machine
        .directory("etc/docker")
        .directory("x")
        .directory("var/lib");
    symlink(
        outside.path().join("daemon.json"),
        machine.path("etc/docker/daemon.json"),
    )
    .unwrap();
    symlink(
        outside.path().join("docker"),
        machine.path("var/lib/docker"),
    )
    .unwrap();
    let climbing = "../".repeat(30) + outside.path().to_str().unwrap().trim_start_matches('/');
    symlink(climbing, machine.path("var/lib/containerd")).unwrap();
    symlink("storage", machine.path("var/lib/storage")).unwrap();
    machine.directory("var/lib/containers");
    symlink("../storage", machine.path("var/lib/containers/storage")).unwrap();
    assert_eq!(machine.found(), Vec::<String>::new());
    assert!(
        machine.warnings().contains("links lead in a circle"),
        "{}",
        machine.warnings()
    );
    // What it means on its own disk is found there.
    machine.directory("data/docker");
    fs::remove_file(machine.path("var/lib/docker")).unwrap();
    symlink("/data/../../data/docker", machine.path("var/lib/docker")).unwrap();
    assert_eq!(machine.found(), ["data/docker"]);
}

#[test]
fn configuration_of_no_use_is_told_and_bounded() {
    for (file, text, words) in [
        (
            "etc/docker/daemon.json",
            "{",
            "daemon.json cannot be used: EOF",
        ),
        (
            "etc/docker/daemon.json",
            r#"{"data-root": 3}"#,
            "daemon.json cannot be used: invalid type",
        ),
        (
            "etc/docker/daemon.json",
            r#"{"data-root": "x\u001b"}"#,
            "no absolute path",
        ),
        (
            "etc/containerd/config.toml",
            "root = ",
            "config.toml cannot be used",
        ),
        (
            "etc/containers/storage.conf",
            "storage = 3",
            "storage.conf cannot be used",
        ),
        (
            "etc/rancher/k3s/config.yaml",
            "data-dir: [1]",
            "config.yaml cannot be used",
        ),
    ] {
        let machine = Machine::new();
        machine.file(file, text);
        let told = machine.warnings();
        assert!(told.contains(words) && !told.contains('\u{1b}'), "{told}");
    }
    let machine = Machine::new();
    machine
        .file("etc/docker/daemon.json", &" ".repeat(2 << 20))
        .directory("etc/containerd/config.toml");
    let told = machine.warnings();
    assert!(
        told.contains("daemon.json is longer than") && told.contains("config.toml is no file"),
        "{told}"
    );
    // A file for each of a thousand imports, and each imports all.
    let machine = Machine::new();
    for at in 0..200 {
        machine.file(
            &format!("etc/containerd/c/{at}.toml"),
            "imports = ['*.toml', 'x', '../config.toml']\n",
        );
    }
    machine.file("etc/containerd/config.toml", "imports = ['c/*.toml']\n");
    assert_eq!(machine.warnings(), "");
    let deep = "[".repeat(100_000);
    machine
        .file("etc/docker/daemon.json", &deep)
        .file("etc/containerd/config.toml", &format!("root = {deep}"));
    machine.file("etc/rancher/k3s/config.yaml", &deep);
    assert_eq!(machine.homes().warnings.len(), 3);
}

#[test]
fn a_directory_that_was_named_is_one_place() {
    let directory = tempfile::tempdir().unwrap();
    let homes = Homes::named(directory.path(), None);
    assert_eq!(homes.paths().collect::<Vec<_>>(), [directory.path()]);
    assert_eq!(homes.places[0].disuse, None);
    assert!(on_disk(Path::new("/nowhere")).places.is_empty());
}
