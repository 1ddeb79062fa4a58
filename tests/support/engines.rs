//! Engines that run for one test, each on roots of its own.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "included by several test crates; a skipped test says so"
)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use layerscope::progress::Job;
use layerscope::store::{self, Inventory};
use serde_json::Value;

/// Deletes, modes changed over a directory, a directory made anew and hard links, each in a layer.
const DOCKERFILE: &str = r"FROM scratch
ADD root.tar /
RUN mkdir -p /data/sub /app && echo one > /data/one && echo two > /data/sub/two && dd if=/dev/zero of=/data/large bs=1024 count=64 && ln /data/large /data/hard
RUN rm /data/one && chmod -R 700 /data/sub
RUN rm -rf /data/sub && mkdir /data/sub && echo three > /data/sub/three
RUN ln /data/large /data/again && touch /data/hard
";

/// A program that runs until this is dropped.
pub struct Daemon(Child);

impl Daemon {
    pub fn start(command: &mut Command, log: &Path) -> Self {
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
pub struct Site(tempfile::TempDir);

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
    pub fn with(tools: &[&str]) -> Option<Self> {
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

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Puts a Dockerfile and a root file system where builds find them.
    pub fn write_context(&self, busybox: &Path) {
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

pub fn busybox() -> Option<PathBuf> {
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
pub fn run<S: AsRef<OsStr>>(tool: &str, arguments: impl IntoIterator<Item = S>) -> String {
    finished(Command::new(tool).args(arguments))
}

#[track_caller]
pub fn finished(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Waits until something holds.
#[track_caller]
pub fn wait_for(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(30), "no {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Reads and weighs the stores of an engine that is at work.
pub fn read(root: &Path) -> Inventory {
    let job = Job::new();
    let mut inventory = store::read(root, &job).unwrap();
    store::measure::measure(&mut inventory, None, &job).unwrap();
    inventory
}

/// A dockerd with a containerd of its own.
pub struct Docker {
    pub site: Site,
    dockerd: Option<Daemon>,
    containerd: Option<Daemon>,
}

impl Docker {
    pub fn start(driver: &str) -> Option<Self> {
        let site = Site::with(&["dockerd", "docker", "containerd", "runc"])?;
        let containerd = start_containerd(&site);
        let dockerd = start_dockerd(&site, driver);
        let docker = Self {
            site,
            dockerd: Some(dockerd),
            containerd: Some(containerd),
        };
        docker.wait();
        Some(docker)
    }

    /// Waits until it answers.
    pub fn wait(&self) {
        let answers = || {
            self.command(&["version"])
                .output()
                .unwrap()
                .status
                .success()
        };
        wait_for("answer from dockerd", answers);
    }

    /// Stops dockerd in good order.
    pub fn stop(&mut self) {
        self.dockerd.take();
    }

    /// Starts dockerd again.
    pub fn start_again(&mut self, driver: &str) {
        self.dockerd = Some(start_dockerd(&self.site, driver));
        self.wait();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        let host = format!("unix://{}", self.site.text("docker.sock"));
        // The builder that needs nothing but dockerd.
        command.env("DOCKER_HOST", host).env("DOCKER_BUILDKIT", "0");
        command.args(arguments);
        command
    }

    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> String {
        finished(&mut self.command(arguments)).trim().to_owned()
    }

    pub fn inspect(&self, arguments: &[&str]) -> Value {
        let told: Value = serde_json::from_str(&self.run(arguments)).unwrap();
        told[0].clone()
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        let all = self.command(&["ps", "-aq"]).output();
        let all = all.map_or_else(|_| Vec::new(), |output| output.stdout);
        for id in String::from_utf8(all).unwrap_or_default().lines() {
            drop(self.command(&["rm", "-f", id]).output());
        }
        self.dockerd.take();
        self.containerd.take();
    }
}

fn start_dockerd(site: &Site, driver: &str) -> Daemon {
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
    Daemon::start(&mut dockerd, &site.path("dockerd.log"))
}

pub fn start_containerd(site: &Site) -> Daemon {
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

/// podman on a store of its own; nothing runs but the container.
pub struct Podman {
    pub site: Site,
    pub driver: &'static str,
}

impl Podman {
    pub fn command(&self, arguments: &[&str]) -> Command {
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
    pub fn run(&self, arguments: &[&str]) -> String {
        finished(&mut self.command(arguments)).trim().to_owned()
    }

    pub fn inspect(&self, arguments: &[&str]) -> Value {
        let told: Value = serde_json::from_str(&self.run(arguments)).unwrap();
        told[0].clone()
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        drop(self.command(&["rm", "-a", "-f", "-t", "0"]).output());
    }
}

/// A containerd with nothing around it.
pub struct Containerd {
    pub site: Site,
    daemon: Option<Daemon>,
}

impl Containerd {
    /// Starts it and waits until it answers.
    pub fn start(site: Site) -> Self {
        let daemon = start_containerd(&site);
        let containerd = Self {
            site,
            daemon: Some(daemon),
        };
        let answers = || {
            let output = containerd.command(&["version"]).output();
            output.unwrap().status.success()
        };
        wait_for("answer from containerd", answers);
        containerd
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("ctr");
        command.args(["--address", &self.site.text("containerd.sock")]);
        command.args(arguments);
        command
    }

    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> String {
        finished(&mut self.command(arguments)).trim().to_owned()
    }
}

impl Drop for Containerd {
    fn drop(&mut self) {
        let all = self.command(&["task", "ls", "-q"]).output();
        let all = all.map_or_else(|_| Vec::new(), |output| output.stdout);
        for id in String::from_utf8(all).unwrap_or_default().lines() {
            drop(self.command(&["task", "rm", "-f", id]).output());
        }
        self.daemon.take();
    }
}
