//! Advice that is followed: Dockerfiles are built, changed as they are told, and built again. The image must be the
//! same, and the waste gone; where that cannot be had, nothing may be said.
//!
//! Needs root, podman and busybox-static; says so where they are missing.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use layerscope::analysis::advice::{Advice, advise};
use layerscope::analysis::comparison::{self, DifferenceKind};
use layerscope::analysis::{self, Analysis, what_if};
use layerscope::image::HistoryEntry;
use layerscope::progress::Job;
use layerscope::source::{self, Locator, OpenOptions};

use support::engines::{Site, finished, run};
use support::listing::{Rows, rows};

/// Whose words stand in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum History {
    /// Those of buildah, which records hashes in place of sources.
    Buildah,
    /// What `BuildKit` records of the same Dockerfile.
    BuildKit,
}

/// What is right.
#[derive(Debug, Clone, Copy)]
enum Right {
    /// Nothing is said.
    Silence,
    /// Lines are rewritten so that this much waste is left, in bytes.
    Edit(u64),
    /// This is said, and this is what a person makes of it; nothing is rewritten.
    Goal(&'static str, &'static str),
}

use History::{BuildKit, Buildah};
use Right::{Edit, Goal, Silence};

/// Stands before every Dockerfile.
const BASE: &str = "FROM scratch\nADD root.tar /\n";

const BEFORE: &str = "chmod it before it is copied: in the context or a build stage";

/// A Dockerfile without its base, whose words its history has, and what is right about it.
type Build = (History, &'static str, Right);

const MOVES: &[Build] = &[
    (
        BuildKit,
        "WORKDIR /app\nCOPY thing ./\nRUN mv thing application",
        Edit(0),
    ),
    (
        BuildKit,
        "COPY --chown=5:6 thing /opt/\nRUN mv /opt/thing /opt/tool && chmod 750 /opt/tool",
        Edit(0),
    ),
    (
        BuildKit,
        "COPY dist /opt/dist\nRUN mv /opt/dist /opt/app",
        Edit(0),
    ),
    (
        BuildKit,
        "WORKDIR /app\nCOPY arch/ ./\nRUN mv /app/*-runner /app/application && chmod +x /app/application",
        Goal(
            "copy it with --chmod=755 to /app/application at once, without the mv",
            "WORKDIR /app\nCOPY --chmod=755 arch/thing-runner /app/application",
        ),
    ),
    (
        Buildah,
        "WORKDIR /app\nCOPY thing ./\nRUN mv thing application",
        Goal(
            "copy it to /app/application at once, without the mv",
            "WORKDIR /app\nCOPY thing /app/application",
        ),
    ),
    (
        BuildKit,
        "COPY script /opt/\nRUN sh /opt/script && mv /opt/script /opt/later",
        Silence,
    ),
    (
        BuildKit,
        "COPY script /opt/\nRUN sh /opt/script\nRUN mv /opt/script /opt/later",
        Silence,
    ),
    (
        BuildKit,
        "COPY thing /opt/\nENV TO=/opt/tool\nRUN mv /opt/thing $TO",
        Silence,
    ),
    (
        BuildKit,
        "COPY thing /tmp/\nRUN rm -rf /opt/app && mv /tmp/thing /opt/app",
        Silence,
    ),
    (
        BuildKit,
        "COPY thing /tmp/\nRUN mkdir /opt/app && mv /tmp/thing /opt/app/",
        Silence,
    ),
    (
        BuildKit,
        "COPY thing /tmp/\nRUN mkdir -p /opt/app && mv /tmp/thing /opt/app/",
        Goal(
            "copy it to /opt/app/thing at once, without the mv",
            "COPY thing /opt/app/thing\nRUN mkdir -p /opt/app",
        ),
    ),
];

const STYLES: &[Build] = &[
    (
        BuildKit,
        "WORKDIR /app\nCOPY thing ./\nRUN chmod +x thing",
        Edit(0),
    ),
    (
        BuildKit,
        "COPY dist /opt/dist\nRUN chmod -R 755 /opt/dist",
        Edit(0),
    ),
    (
        BuildKit,
        "COPY dist /opt/dist\nRUN chown -R 5:6 /opt/dist",
        Edit(0),
    ),
    (
        BuildKit,
        "COPY dist /opt/dist\nRUN chown -R 5 /opt/dist",
        Edit(0),
    ),
    (
        BuildKit,
        "WORKDIR /app\nCOPY dist .\nRUN chown -R 5:6 /app",
        Edit(0),
    ),
    (
        Buildah,
        "WORKDIR /app\nCOPY dist .\nRUN chown -R 5:6 /app",
        Goal(
            "set it while copying: COPY --chown=5:6; chown the directory alone",
            "WORKDIR /app\nCOPY --chown=5:6 dist .\nRUN chown 5:6 /app",
        ),
    ),
    (
        BuildKit,
        "COPY dist /opt/dist\nRUN chmod +x /opt/dist/a",
        Goal(BEFORE, "COPY dist-x /opt/dist"),
    ),
    (
        BuildKit,
        "COPY script /opt/\nRUN chmod +x /opt/script && cd /opt && ./script",
        Goal(
            "set it while copying: COPY --chmod=755",
            "COPY --chmod=755 script /opt/\nRUN cd /opt && ./script",
        ),
    ),
    (
        BuildKit,
        "COPY script /opt/\nRUN sh /opt/script /opt/script",
        Silence,
    ),
    (
        BuildKit,
        "COPY dist /opt/dist\nRUN chown 5:6 /opt/dist/a /opt/dist/b",
        Silence,
    ),
];

const EDITS: &[Build] = &[
    (
        BuildKit,
        "WORKDIR /app\nCOPY settings ./\nRUN sed -i s/one/three/ settings",
        Goal(
            "sed it before it is copied: in the context or a build stage",
            "WORKDIR /app\nCOPY settings-2 ./settings",
        ),
    ),
    (
        BuildKit,
        "ENV TO=three\nCOPY settings /app/\nRUN sed -i \"s/one/$TO/\" /app/settings",
        Silence,
    ),
    (
        BuildKit,
        "COPY settings script /app/\nRUN cd /app && sh script && sed -i s/one/three/ settings",
        Silence,
    ),
    (
        BuildKit,
        "COPY thing /opt/\nRUN ln /opt/thing /opt/again",
        Silence,
    ),
];

const READS: &[Build] = &[
    (
        BuildKit,
        "WORKDIR /app\nCOPY dist ./\nRUN rm b",
        Goal(
            "nothing uses it before it is deleted: leave it out, and the rm too",
            "WORKDIR /app\nCOPY dist/a ./",
        ),
    ),
    (
        BuildKit,
        "WORKDIR /app\nCOPY dist ./\nRUN cat b > c && rm b",
        Silence,
    ),
    (
        BuildKit,
        "WORKDIR /app\nCOPY dist ./\nRUN cat b > c\nRUN rm b",
        Silence,
    ),
    (
        BuildKit,
        "COPY pack.tar /tmp/\nRUN tar -xf /tmp/pack.tar -C /opt && rm /tmp/pack.tar",
        Edit(0),
    ),
    (
        BuildKit,
        "WORKDIR /tmp\nCOPY pack.tar .\nRUN tar -xf pack.tar -C /opt && rm pack.tar",
        Edit(0),
    ),
    (
        BuildKit,
        "COPY pack.tar /tmp/\nRUN cd /opt && tar -xf /tmp/pack.tar\nRUN cat /tmp/pack.tar > /all && rm /tmp/pack.tar",
        Silence,
    ),
    (
        BuildKit,
        "COPY settings /opt/\nENV A=1\nCOPY settings-2 /opt/settings",
        Goal(
            "the later COPY brings it anyway: leave it out of this one",
            "ENV A=1\nCOPY settings-2 /opt/settings",
        ),
    ),
    (
        BuildKit,
        "COPY settings /opt/\nRUN cat /opt/settings > /seen\nCOPY settings-2 /opt/settings",
        Silence,
    ),
    (
        BuildKit,
        "COPY script /etc/motd\nCOPY settings /opt/\nRUN sed -i '1r /opt/settings' /etc/motd && rm /opt/settings",
        Silence,
    ),
    (
        BuildKit,
        "COPY settings /opt/\nRUN : < /opt/settings && rm /opt/settings",
        Silence,
    ),
    (
        BuildKit,
        "COPY settings /opt/\nRUN rm -f \"$(head -n1 /opt/settings)\" /opt/settings",
        Silence,
    ),
    (
        BuildKit,
        "RUN ln -s /opt /srv\nCOPY thing /opt/\nRUN chmod 600 /srv/thing && rm /opt/thing",
        Silence,
    ),
    (
        BuildKit,
        "COPY thing /opt/new/\nRUN cd /opt/new && rm -f thing",
        Silence,
    ),
    (
        BuildKit,
        "COPY script /etc/skel/rc\nRUN useradd u && rm /etc/skel/rc",
        Silence,
    ),
];

const RUNS: &[Build] = &[
    (
        BuildKit,
        "RUN head -c 50000 /bin/busybox > /opt/x\nRUN cp /opt/x /opt/y\nRUN rm /opt/x",
        Edit(0),
    ),
    (
        Buildah,
        "RUN head -c 50000 /bin/busybox > /opt/x\nRUN chmod 700 /opt/x",
        Edit(0),
    ),
    (
        Buildah,
        "RUN set -eux; head -c 50000 /bin/busybox > /opt/x; ls /opt\nRUN mv /opt/x /opt/y",
        Edit(0),
    ),
    (
        BuildKit,
        "WORKDIR /opt\nRUN cd /tmp && head -c 50000 /bin/busybox > x && cp x /opt/x\nRUN rm x",
        Goal(
            "make it, use it and delete it in one RUN",
            "WORKDIR /opt\nRUN (cd /tmp && head -c 50000 /bin/busybox > x && cp x /opt/x) && rm x",
        ),
    ),
    (
        Buildah,
        "RUN [\"/bin/cp\", \"/bin/busybox\", \"/opt/x\"]\nRUN rm /opt/x",
        Silence,
    ),
    (
        BuildKit,
        "RUN head -c 50000 /bin/busybox > /opt/x\nENV GONE=/opt/x\nRUN rm $GONE",
        Silence,
    ),
    (
        BuildKit,
        "RUN head -c 50000 /bin/busybox > /opt/x && chown 5 /opt /opt/x\nUSER 5\nRUN rm /opt/x",
        Silence,
    ),
    (
        BuildKit,
        "RUN head -c 50000 /bin/busybox > /opt/x\nCOPY thing /opt/x",
        Silence,
    ),
    (
        BuildKit,
        "RUN set -eu; head -c 50000 /bin/busybox > /opt/x\nRUN echo $NONE > /opt/y && rm /opt/x",
        Goal(
            "make it, use it and delete it in one RUN",
            "RUN head -c 50000 /bin/busybox > /opt/x && echo $NONE > /opt/y && rm /opt/x",
        ),
    ),
    (
        Buildah,
        "RUN head -c 50000 /bin/busybox > /opt/x; ls;\nRUN rm /opt/x",
        Edit(0),
    ),
    (
        BuildKit,
        "RUN ls & head -c 50000 /bin/busybox > /opt/x\nRUN rm /opt/x",
        Silence,
    ),
];

const CACHES: &[Build] = &[
    (Buildah, "RUN npm ci\nRUN rm -rf /root/.npm", Edit(0)),
    (
        BuildKit,
        "RUN npm ci\nCOPY thing /opt/\nRUN rm -rf /root/.npm",
        Edit(0),
    ),
    (
        BuildKit,
        "RUN npm ci\nCOPY thing /opt/\nRUN npm ci --offline\nRUN rm -rf /root/.npm",
        Silence,
    ),
    (
        Buildah,
        "RUN apt-get update && apt-get install a\nRUN rm -rf /var/lib/apt/lists/*",
        Edit(0),
    ),
    (
        BuildKit,
        "RUN apt-get update\nWORKDIR /app\nRUN apt-get install a\nRUN rm -rf /var/lib/apt/lists/*",
        Edit(0),
    ),
    (
        BuildKit,
        "RUN apt-get update && apt-get install a\nRUN apt-get install b && rm -rf /var/lib/apt/lists/*",
        Edit(0),
    ),
    (
        BuildKit,
        "RUN apt-get update && apt-get install a\nCOPY thing /opt/\nRUN apt-get install b\nRUN rm -rf /var/lib/apt/lists/*",
        Silence,
    ),
    (
        BuildKit,
        "RUN useradd -u 70000 u\nRUN rm -f /var/log/lastlog",
        Edit(0),
    ),
    (
        Buildah,
        "RUN useradd -u 70000 u\nRUN rm /var/log/lastlog",
        Goal(
            "useradd -l (--no-log-init) writes no such log; the rm must go too",
            "RUN useradd -l -u 70000 u",
        ),
    ),
    (
        Buildah,
        "RUN set -eux; apt-get update; apt-get install a;\nRUN rm -rf /var/lib/apt/lists/*",
        Edit(0),
    ),
    (
        BuildKit,
        "RUN apt-get update\nENV A=1\nRUN apt-get install a;\nRUN rm -rf /var/lib/apt/lists/*",
        Edit(0),
    ),
    (
        BuildKit,
        "RUN npm ci\nCOPY thing /opt/\nRUN cd /root/.npm && rm -rf _cacache",
        Silence,
    ),
    (
        BuildKit,
        "RUN npm ci;\nCOPY thing /opt/\nRUN rm -rf /root/.npm/*",
        Edit(0),
    ),
    (
        BuildKit,
        "RUN npm ci\nCOPY thing /opt/\nENV KEPT=/root/.npm\nRUN cp -r $KEPT /opt/kept\nRUN rm -rf /root/.npm",
        Silence,
    ),
    (
        BuildKit,
        "RUN npm ci\nCOPY thing /opt/\nRUN cp /root/.npm/_cacache/a /opt/a\nRUN rm -rf /root/.npm",
        Silence,
    ),
    (
        BuildKit,
        "RUN poetry install\nCOPY thing /opt/\nRUN poetry run x\nRUN rm -rf /root/.cache",
        Silence,
    ),
    (
        BuildKit,
        "RUN go mod download\nRUN rm -rf /root/go/pkg/mod/cache",
        Edit(0),
    ),
    (
        BuildKit,
        "RUN go mod download\nRUN rm -rf /root/go",
        Edit(0),
    ),
    (
        BuildKit,
        "RUN rm -rf /root/.npm && npm ci\nCOPY thing /opt/\nRUN rm -rf /root/.npm",
        Edit(0),
    ),
];

/// Stand-ins for tools that want a network; each fails where what it needs is not there.
const TOOLS: [(&str, &str); 5] = [
    (
        "apt-get",
        "case $1 in
update) head -c 60000 /bin/busybox > /var/lib/apt/lists/main ;;
install) test -s /var/lib/apt/lists/main && echo $2 > /opt/$2 ;;
esac",
    ),
    (
        "npm",
        "case $2 in
--offline) test -s /root/.npm/_cacache/a && echo > /opt/offline ;;
*) mkdir -p /root/.npm/_cacache && head -c 70000 /bin/busybox > /root/.npm/_cacache/a && echo > /opt/installed ;;
esac",
    ),
    (
        "poetry",
        "cd /root/.cache/pypoetry/virtualenvs || mkdir -p /root/.cache/pypoetry/virtualenvs
case $1 in
install) head -c 70000 /bin/busybox > /root/.cache/pypoetry/virtualenvs/a ;;
run) test -s a && echo > /opt/built ;;
esac",
    ),
    (
        "go",
        "mkdir -p /root/go/pkg/mod/cache && echo > /root/go/pkg/mod/m
head -c 70000 /bin/busybox > /root/go/pkg/mod/cache/m",
    ),
    (
        "useradd",
        "case $1 in
-l) echo u > /etc/users ;;
u) test -s /etc/skel/rc && echo u > /etc/users ;;
*) echo u > /etc/users && head -c 80000 /bin/busybox > /var/log/lastlog ;;
esac",
    ),
];

struct Bench {
    site: Site,
}

impl Bench {
    fn start() -> Option<Self> {
        let site = Site::with(&["podman"])?;
        let bench = Self { site };
        bench.write_root();
        bench.write_context();
        Some(bench)
    }

    /// A root file system with more programs than engines need, and places for what tools keep.
    fn write_root(&self) {
        let root = self.site.path("root");
        for name in [
            "mv", "cp", "cat", "ls", "tar", "sed", "chown", "head", "echo", "test",
        ] {
            symlink("busybox", root.join("bin").join(name)).unwrap();
        }
        for (name, body) in TOOLS {
            let path = root.join("bin").join(name);
            fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let places = ["opt", "tmp", "etc", "var/lib/apt/lists", "var/log", "root"];
        // What engines mount, and so make where it is missing.
        for name in places.iter().chain(&["dev", "proc", "run", "sys"]) {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        for name in ["hostname", "hosts", "resolv.conf"] {
            fs::write(root.join("etc").join(name), "").unwrap();
        }
        run(
            "tar",
            [
                "-C",
                &self.site.text("root"),
                "-cf",
                &self.site.text("context/root.tar"),
                ".",
            ],
        );
    }

    fn write_context(&self) {
        let context = self.site.path("context");
        let noise = fs::read(self.site.path("root/bin/busybox")).unwrap();
        let write = |name: &str, bytes: &[u8], mode: u32| {
            let path = context.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        };
        write("thing", &noise[..50_000], 0o644);
        write("arch/thing-runner", &noise[..50_000], 0o644);
        for (directory, mode) in [("dist", 0o644), ("dist-x", 0o755)] {
            write(&format!("{directory}/a"), &noise[..40_000], mode);
            write(&format!("{directory}/b"), &noise[..30_000], 0o644);
        }
        write(
            "script",
            b"echo seen >> ${1:-/seen}\nexit\n".as_slice(),
            0o644,
        );
        let settings = "one\n".repeat(9_000);
        write("settings", settings.as_bytes(), 0o644);
        write(
            "settings-2",
            settings.replace("one", "three").as_bytes(),
            0o644,
        );
        run(
            "tar",
            [
                "-C",
                &self.site.text("context"),
                "-cf",
                &self.site.text("context/pack.tar"),
                "dist",
            ],
        );
    }

    /// Builds a Dockerfile; `None` where that fails, with what podman says.
    fn build(&self, dockerfile: &str, history: History) -> Result<Analysis, String> {
        fs::write(
            self.site.path("context/Dockerfile"),
            format!("{BASE}{dockerfile}\n"),
        )
        .unwrap();
        let context = self.site.text("context");
        let arguments = [
            "build",
            "--layers",
            "--isolation=chroot",
            "--network=host",
            "--format=docker",
            "-q",
            "-t",
            "built",
        ];
        let output = self.podman(&arguments).arg(&context).output().unwrap();
        if !output.status.success() {
            return Err(String::from_utf8(output.stderr).unwrap());
        }
        let archive = self.site.text("built.tar");
        drop(fs::remove_file(&archive));
        finished(self.podman(&["save", "-q", "-o", &archive]).arg("built"));
        Ok(analysed(&archive, dockerfile, history))
    }

    fn podman(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("podman");
        command
            .args([
                "--root",
                &self.site.text("store"),
                "--runroot",
                &self.site.text("run"),
            ])
            .args([
                "--tmpdir",
                &self.site.text("scratch"),
                "--storage-driver=overlay",
            ])
            .args(["--cgroup-manager=cgroupfs", "--events-backend=file"])
            .args(arguments);
        command
    }
}

fn analysed(archive: &str, dockerfile: &str, history: History) -> Analysis {
    let locator = Locator::parse(archive.as_ref()).unwrap();
    let mut opened = source::open(&locator, &OpenOptions::default(), &Job::new()).unwrap();
    if history == BuildKit {
        let lines = BASE.lines().skip(1).chain(dockerfile.lines());
        assert_eq!(opened.image.history.len(), lines.clone().count());
        for (entry, line) in opened.image.history.iter_mut().zip(lines) {
            *entry = as_buildkit_records(entry, line);
        }
    }
    let options = analysis::Options {
        base_layers: Some(1),
        ..analysis::Options::default()
    };
    analysis::run(opened.source, opened.image, &options, &Job::new()).unwrap()
}

fn as_buildkit_records(entry: &HistoryEntry, line: &str) -> HistoryEntry {
    let (keyword, operand) = line.split_once(' ').unwrap();
    // It leaves out what is mounted and where copies come from.
    let written = |option: &&str| !option.starts_with("--mount") && !option.starts_with("--from");
    let words: Vec<&str> = operand.split(' ').filter(written).collect();
    let operand = words.join(" ");
    let text = match keyword {
        "RUN" => format!("RUN /bin/sh -c {operand} # buildkit"),
        "COPY" | "ADD" => format!("{keyword} {operand} # buildkit"),
        _ => line.to_owned(),
    };
    HistoryEntry {
        created_by: Some(text),
        comment: Some("buildkit.dockerfile.v0".to_owned()),
        ..entry.clone()
    }
}

fn told(analysis: &Analysis) -> Vec<Advice> {
    let groups = analysis.waste_groups().iter();
    groups.filter_map(|group| advise(analysis, group)).collect()
}

/// Puts lines in place of others: a `COPY` where it was, a `RUN` where the last one was.
fn edited(dockerfile: &str, advice: &Advice) -> String {
    let mut lines: Vec<String> = dockerfile.lines().map(str::to_owned).collect();
    let mut places: Vec<usize> = Vec::new();
    for before in &advice.before {
        let behind = places.last().map_or(0, |last| last + 1);
        let place = lines.iter().skip(behind).position(|line| line == before);
        places.push(behind + place.unwrap_or_else(|| panic!("{before} is not in\n{dockerfile}")));
    }
    for &place in &places {
        lines[place].clear();
    }
    for after in &advice.after {
        let place = if after.starts_with("COPY") {
            places.first()
        } else {
            places.last()
        };
        lines[*place.unwrap()].clone_from(after);
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// Returns the paths at which two images differ in more than times.
fn differences(old: &Analysis, new: &Analysis) -> Vec<String> {
    let (before, after) = (timeless(old), timeless(new));
    let all: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let differ = all
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path));
    let mut wrong: Vec<String> = differ
        .map(|path| {
            format!(
                "{}: {:?}, not {:?}",
                path.escape_ascii(),
                after.get(path),
                before.get(path)
            )
        })
        .collect();
    let compared = comparison::compare(old, new, &Job::new()).unwrap();
    let changed = compared
        .paths
        .iter()
        .filter(|one| one.kind != DifferenceKind::MetadataOnly);
    wrong.extend(changed.map(|one| format!("{}: {:?}", one.path.escape_ascii(), one.kind)));
    wrong
}

/// Lists an image without the times, which no two builds have alike.
fn timeless(analysis: &Analysis) -> Rows {
    let mut rows = rows(analysis);
    for row in rows.values_mut() {
        row.mtime = None;
    }
    rows
}

/// Returns what was expected otherwise of the image that was built by some advice.
fn misjudged(old: &Analysis, new: &Analysis, advice: &Advice) -> Vec<String> {
    let edits = what_if::edits(old, &Job::new()).unwrap();
    let edit = edits.iter().find(|edit| edit.advice == *advice);
    let Some(edit) = edit else {
        return vec![format!("no edit for {advice:?} among {edits:#?}")];
    };
    let expected = what_if::apply(old, &edit.deeds).unwrap();
    // Databases of accounts and the like are written by programs, and layers that store nothing come and go.
    let stored = |analysis: &Analysis| -> Vec<u64> {
        let layers = analysis.layers.iter().map(|layer| layer.content_bytes);
        layers.filter(|&bytes| bytes > 0).collect()
    };
    let (mut wrong, by_layer) = (Vec::new(), [stored(&expected), stored(new)]);
    if by_layer[0] != by_layer[1] {
        wrong.push(format!(
            "by layer {:?} were expected, not {:?}",
            by_layer[0], by_layer[1]
        ));
    }
    let seen = [&expected, new].map(|analysis| analysis.totals.effective_bytes);
    if seen[0] != seen[1] {
        wrong.push(format!(
            "{} visible bytes were expected, not {}",
            seen[0], seen[1]
        ));
    }
    wrong
}

/// Builds, asks, follows and builds again; says what is wrong.
fn follow(bench: &Bench, history: History, dockerfile: &str, right: Right) -> Result<(), String> {
    let old = bench.build(dockerfile, history)?;
    if old.waste.total_bytes == 0 {
        return Err("nothing is wasted".to_owned());
    }
    let told = told(&old);
    let rewritten = told.iter().find(|advice| !advice.after.is_empty());
    let (followed, left) = match (right, rewritten) {
        (Silence, _) if told.is_empty() => return Ok(()),
        (Edit(left), Some(advice)) => (edited(dockerfile, advice), left),
        (Goal(goal, followed), None) if told.iter().any(|one| one.goal == goal) => {
            (followed.to_owned(), 0)
        }
        _ => return Err(format!("{right:?}, not {told:#?}")),
    };
    let new = bench.build(&followed, history)?;
    let mut differences = differences(&old, &new);
    // BuildKit removes the places that it made to mount something; buildah leaves them.
    let mounted: Vec<&str> = followed
        .split("target=/")
        .skip(1)
        .filter_map(|rest| rest.split([' ', ',']).next())
        .collect();
    differences.retain(|one| {
        !mounted
            .iter()
            .any(|path| path.starts_with(one.split(':').next().unwrap()))
    });
    if let Some(advice) = rewritten {
        differences.extend(misjudged(&old, &new, advice));
    }
    let wasted = new.waste.total_bytes;
    if differences.is_empty() && wasted == left {
        return Ok(());
    }
    Err(format!(
        "becomes\n{followed}\nwith {wasted} bytes of waste and\n{differences:#?}"
    ))
}

/// Follows what is said about each of some builds.
fn follow_all(builds: &[Build]) {
    let Some(bench) = Bench::start() else {
        return;
    };
    let mut wrong = Vec::new();
    for &(history, dockerfile, right) in builds {
        if let Err(error) = follow(&bench, history, dockerfile, right) {
            wrong.push(format!("{history:?}\n{dockerfile}\n{error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_is_moved_can_be_copied_there() {
    follow_all(MOVES);
}

#[test]
fn modes_and_owners_can_be_copied() {
    follow_all(STYLES);
}

#[test]
fn edits_can_come_before_the_copy() {
    follow_all(EDITS);
}

#[test]
fn what_is_read_once_need_not_be_stored() {
    follow_all(READS);
}

#[test]
fn several_runs_can_be_one() {
    follow_all(RUNS);
}

#[test]
fn caches_and_logs_can_be_left_out() {
    follow_all(CACHES);
}
