//! Against a real Docker engine: what `docker save` wrote, what `docker history` says, what `docker export`
//! unpacks.
//!
//! Ignored by default: starts a daemon of its own, as root, in a directory of its own, without network. Run with
//! `cargo test --test oracle -- --ignored`. Needs dockerd, docker and runc; says that it is skipped without.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use layerscope::analysis::{self, Analysis, WasteCause};
use layerscope::progress::Job;
use layerscope::source::{self, Locator, OpenOptions};

use support::listing::{Rows, assert_same, rows};
use support::{Codec, Packing, docker_current};

/// A daemon that ends with the test.
struct Engine {
    daemon: Child,
    directory: tempfile::TempDir,
}

impl Engine {
    /// Starts one; `None` where that cannot be done here.
    fn start(driver: &str) -> Option<Self> {
        let is_root = output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
        let is_there = |tool| Command::new(tool).arg("--version").output().is_ok();
        if !is_root || !is_there("dockerd") || !is_there("docker") {
            println!("skipped: needs dockerd and docker, as root");
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let log = fs::File::create(at("log")).unwrap();
        let daemon = Command::new("dockerd")
            .args(["--iptables=false", "--ip6tables=false", "--bridge=none"])
            .args(["--storage-driver", driver])
            .arg("--data-root")
            .arg(at("data"))
            .arg("--exec-root")
            .arg(at("exec"))
            .arg("--pidfile")
            .arg(at("pid"))
            .args(["--host", &format!("unix://{}", at("socket").display())])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut engine = Self { daemon, directory };
        let start = Instant::now();
        while output(engine.docker().arg("info")).is_none() {
            let ended = engine.daemon.try_wait().unwrap().is_some();
            if ended || start.elapsed() > Duration::from_secs(30) {
                let log = fs::read_to_string(engine.path("log")).unwrap();
                println!("skipped: dockerd does not start with {driver}\n{log}");
                return None;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Some(engine)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn docker(&self) -> Command {
        let mut command = Command::new("docker");
        let socket = self.path("socket");
        command.env("DOCKER_HOST", format!("unix://{}", socket.display()));
        // The classic builder: every instruction a layer, no other program needed.
        command.env("DOCKER_BUILDKIT", "0");
        command
    }

    #[track_caller]
    fn run<const N: usize>(&self, arguments: [&str; N]) -> String {
        let output = self.docker().args(arguments).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "docker {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn save(&self, file: &str, images: &[&str]) -> PathBuf {
        let path = self.path(file);
        let status = self
            .docker()
            .args(["save", "-o"])
            .arg(&path)
            .args(images)
            .status();
        assert!(status.unwrap().success());
        path
    }

    /// What a container of the image holds before it is started.
    fn exported(&self, image: &str) -> Rows {
        let container = self.run(["create", image]);
        let file = self.path("exported.tar");
        self.run(["export", "-o", file.to_str().unwrap(), &container]);
        self.run(["rm", &container]);
        let mut rows = rows(&open(&file, None));
        rows.retain(|path, _| !MADE_FOR_CONTAINERS.contains(&path.as_slice()));
        rows
    }
}

/// Mount points that the engine puts into every container.
const MADE_FOR_CONTAINERS: [&[u8]; 10] = [
    b".dockerenv",
    b"dev/console",
    b"dev/pts",
    b"dev/shm",
    b"etc/hostname",
    b"etc/hosts",
    b"etc/mtab",
    b"etc/resolv.conf",
    b"proc",
    b"sys",
];

impl Drop for Engine {
    fn drop(&mut self) {
        // Asked to end, it ends its own containerd as well.
        let id = self.daemon.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        let ended = asked.and_then(|_| self.daemon.wait());
        if let Err(error) = ended {
            println!("the daemon is left: {error}");
        }
    }
}

/// Returns standard output if the command succeeds.
fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}

fn open(path: &Path, image: Option<&str>) -> Analysis {
    let locator = Locator::parse(path.as_os_str()).unwrap();
    let options = OpenOptions {
        image: image.map(str::to_owned),
        ..OpenOptions::default()
    };
    let opened = source::open(&locator, &options, &Job::new()).unwrap();
    let options = analysis::Options::default();
    analysis::run(opened.source, opened.image, &options, &Job::new()).unwrap()
}

const DOCKERFILE: &str = "\
FROM scratch
COPY root /
ENV MODE=test
RUN rm -rf /app/cache
RUN chmod -R g+w /app/src
RUN ln /app/src/a /app/src/a.hard && touch /app/new
RUN rm /app/config && mkdir /app/config && touch /app/config/x && mv /app/new /app/newer
RUN rm -rf /app/src && mkdir /app/src && touch /app/src/z
LABEL a=b
RUN touch /app/config/x
CMD [\"sh\"]
";

/// A build context: a few programs of this machine with their libraries, and something to work on.
fn build_context(directory: &Path) -> Option<()> {
    let root = directory.join("root");
    let put = |from: &Path, to: &Path| {
        let to = root.join(to.strip_prefix("/").unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    };
    for tool in ["sh", "rm", "chmod", "ln", "mkdir", "mv", "touch"] {
        let found = output(Command::new("which").arg(tool))?;
        let program = fs::canonicalize(found.trim()).ok()?;
        put(&program, &Path::new("/bin").join(tool));
        let libraries = output(Command::new("ldd").arg(&program))?;
        for library in libraries
            .split_whitespace()
            .filter(|word| word.starts_with('/'))
        {
            put(Path::new(library), Path::new(library));
        }
    }
    let app = root.join("app");
    fs::create_dir_all(app.join("src")).unwrap();
    fs::create_dir_all(app.join("cache")).unwrap();
    for (name, length) in [
        ("src/a", 5_000),
        ("src/b", 6_000),
        ("cache/c", 9_000),
        ("config", 700),
    ] {
        fs::write(app.join(name), vec![name.as_bytes()[0]; length]).unwrap();
    }
    fs::write(directory.join("Dockerfile"), DOCKERFILE).unwrap();
    Some(())
}

#[test]
#[ignore = "starts a Docker engine, as root"]
fn what_docker_builds_and_saves() {
    for driver in ["vfs", "overlay2"] {
        let Some(engine) = Engine::start(driver) else {
            continue;
        };
        let context = engine.path("context");
        fs::create_dir(&context).unwrap();
        let Some(()) = build_context(&context) else {
            println!("skipped: programs of this machine cannot be copied");
            return;
        };
        engine.run([
            "build",
            "--network",
            "none",
            "--tag",
            "probe:1",
            context.to_str().unwrap(),
        ]);
        let saved = open(&engine.save("one.tar", &["probe:1"]), None);
        assert_eq!(saved.image.names, ["probe:1"]);
        assert_eq!(saved.warnings, []);
        check_history(&engine, &saved);
        check_causes(driver, &saved);

        // The engine keeps times to the nanosecond, a tar to the second; directories it touches itself.
        assert_same(driver, &rows(&saved), &{
            let mut exported = engine.exported("probe:1");
            exported.retain(|path, _| !matches!(path.as_slice(), b"dev" | b"etc"));
            exported
        });

        engine.run(["tag", "probe:1", "other:2"]);
        let both = engine.save("both.tar", &["probe:1", "other:2"]);
        let analysis = open(&both, None);
        let names: BTreeSet<_> = analysis.image.names.iter().map(String::as_str).collect();
        assert_eq!(
            names,
            BTreeSet::from(["other:2", "probe:1"]),
            "one image, two names"
        );
        assert_eq!(analysis.waste, saved.waste);
    }
}

/// Every layer is as large as `docker history` says, and every instruction is where it says.
fn check_history(engine: &Engine, saved: &Analysis) {
    let listed = engine.run([
        "history",
        "--no-trunc",
        "--human=false",
        "--format",
        "{{.Size}} {{.CreatedBy}}",
        "probe:1",
    ]);
    let listed: Vec<(u64, &str)> = listed
        .lines()
        .rev()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(size, instruction)| (size.parse().unwrap(), instruction))
        .collect();
    assert_eq!(listed.len(), saved.image.history.len());
    for (position, (size, instruction)) in listed.into_iter().enumerate() {
        let entry = &saved.image.history[position];
        assert_eq!(
            entry.created_by.as_deref().map(str::trim),
            Some(instruction.trim())
        );
        let mut layers = saved.image.layers.iter();
        let layer = layers.position(|layer| layer.history == Some(position));
        let stored = layer.map_or(0, |layer| saved.layers[layer].content_bytes);
        assert_eq!(stored, size, "{instruction}");
    }
}

/// What the instructions wasted, whichever way the driver stored it.
fn check_causes(driver: &str, saved: &Analysis) {
    let cause = |cause: WasteCause| saved.waste.by_cause[cause as usize];
    assert_eq!(
        cause(WasteCause::DeletedDir),
        9_000,
        "{driver}: rm -rf /app/cache"
    );
    assert_eq!(
        cause(WasteCause::MetadataOnly),
        11_000,
        "{driver}: chmod -R"
    );
    assert_eq!(
        cause(WasteCause::Replaced),
        700,
        "{driver}: a file became a directory"
    );
    // overlay2 copies a file up to link it and marks the directory opaque; vfs compares two trees and lists
    // what is gone.
    let (emptied, again) = match driver {
        "overlay2" => (WasteCause::Opaque, 5_000),
        _ => (WasteCause::Deleted, 0),
    };
    assert_eq!(cause(WasteCause::Identical), again, "{driver}: ln");
    assert_eq!(
        cause(emptied),
        16_000 - again,
        "{driver}: rm -rf /app/src && mkdir"
    );
    let all = [9_000, 11_000, 700, 16_000].iter().sum::<u64>();
    assert_eq!(saved.totals.wasted_bytes, all, "{driver}");
}

/// The demo image stores one path twice in one layer, which the engine refuses; without that it takes it.
#[test]
#[ignore = "starts a Docker engine, as root"]
fn an_image_of_ours_that_docker_loads_and_saves() {
    let Some(engine) = Engine::start("vfs") else {
        return;
    };
    let mut demo = support::demo::demo();
    for layer in &mut demo.layers {
        let mut seen = BTreeSet::new();
        layer.items.reverse();
        layer.items.retain(|item| seen.insert(item.stored_name()));
        layer.items.reverse();
        layer.tar = support::tar::archive(&layer.items);
    }
    let ours = engine.path("ours.tar");
    let members = docker_current(&[&demo], Packing::new(Codec::Gzip));
    fs::write(&ours, members.archive(Codec::None)).unwrap();
    engine.run(["load", "--input", ours.to_str().unwrap()]);
    let name = demo.names[0].as_str();
    let (before, after) = (
        open(&ours, None),
        open(&engine.save("theirs.tar", &[name]), None),
    );
    assert_eq!(after.image.id, before.image.id);
    assert_same("loaded and saved", &rows(&after), &rows(&before));
    assert_eq!(after.waste, before.waste);
    assert_eq!(after.warnings, before.warnings);
}
