//! What to write instead of what wasted bytes: each rule on a case it is for, and on one that looks like it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::io::Write as _;

use layerscope::analysis::advice::{Advice, advise};
use layerscope::analysis::groups::{group, members};
use layerscope::analysis::{self, Analysis};
use layerscope::progress::Job;
use layerscope::source::{Locator, OpenOptions};
use support::{Codec, Image, LayerBuilder, Packing, demo, docker_current, image};

fn analyse(built: &Image, base_layers: Option<u16>) -> Analysis {
    let bytes = docker_current(&[built], Packing::new(Codec::None)).archive(Codec::None);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    let locator = Locator::parse(file.path().as_os_str()).unwrap();
    let job = Job::new();
    let opened = layerscope::source::open(&locator, &OpenOptions::default(), &job).unwrap();
    let options = analysis::Options {
        base_layers,
        ..analysis::Options::default()
    };
    analysis::run(opened.source, opened.image, &options, &job).unwrap()
}

/// Returns the advice about the largest group of waste.
fn about_largest(analysis: &Analysis) -> Option<Advice> {
    let groups = group(&analysis.tree, &analysis.waste.paths);
    advise(analysis, groups.first().expect("waste"))
}

type Fill = fn(LayerBuilder) -> LayerBuilder;

/// Builds one layer an instruction, as `BuildKit` records it, on no base image.
fn built(layers: &[(&str, Fill)]) -> Image {
    let start = image().comment("buildkit.dockerfile.v0");
    let image = layers.iter().fold(start, |image, (instruction, fill)| {
        let recorded = match instruction.strip_prefix("RUN ") {
            Some(command) if !command.starts_with('[') => {
                format!("RUN /bin/sh -c {command} # buildkit")
            }
            _ => format!("{instruction} # buildkit"),
        };
        image.layer(&recorded, fill)
    });
    image.build()
}

fn advice(layers: &[(&str, Fill)]) -> Advice {
    about_largest(&analyse(&built(layers), Some(0))).expect("advice")
}

/// Asserts which rule speaks and which lines it writes.
#[track_caller]
fn says(layers: &[(&str, Fill)], rule: &str, after: &[&str]) {
    let advice = advice(layers);
    assert_eq!(
        (advice.rule, advice.after.as_slice()),
        (
            rule,
            &after
                .iter()
                .map(|&line| line.to_owned())
                .collect::<Vec<_>>()[..]
        )
    );
    assert_eq!(advice.before.is_empty(), advice.after.is_empty());
    assert!(advice.goal.chars().count() <= 70, "{}", advice.goal);
}

const LISTS: Fill = |l| {
    l.dir("var/lib/apt/lists")
        .zeros("var/lib/apt/lists/main", 5000)
};
const NO_LISTS: Fill = |l| l.whiteout("var/lib/apt/lists");

#[test]
fn package_lists_are_removed_where_they_were_fetched() {
    says(
        &[
            ("RUN apt-get update && apt-get install -y curl", LISTS),
            ("RUN rm -rf /var/lib/apt/lists", NO_LISTS),
        ],
        "apt-lists",
        &["RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*"],
    );
    // An update of its own goes to the installation that needs it.
    says(
        &[
            ("RUN apt-get update", LISTS),
            ("WORKDIR /app", |l| l.dir("app")),
            ("RUN apt-get install -y curl", |l| {
                l.file("usr/bin/curl", "x")
            }),
            ("RUN rm -rf /var/lib/apt/lists", NO_LISTS),
        ],
        "apt-lists",
        &["RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*"],
    );
    // Exec form, comments and scripts of several lines are not rewritten.
    for instruction in [
        "RUN [\"apt-get\", \"update\"]",
        "RUN apt-get update # lists",
        "RUN apt-get update\napt-get install -y curl",
        "RUN ./fetch-lists",
    ] {
        says(
            &[
                (instruction, LISTS),
                ("RUN rm -rf /var/lib/apt/lists", NO_LISTS),
            ],
            "apt-lists",
            &[],
        );
    }
    // Copied lists are no cache of a package manager.
    says(
        &[
            ("COPY rootfs /", LISTS),
            ("RUN rm -rf /var/lib/apt/lists", NO_LISTS),
        ],
        "copied-then-deleted",
        &[],
    );
}

#[test]
fn tools_are_told_not_to_keep_their_cache() {
    let apk: Fill = |l| l.zeros("var/cache/apk/index.tar.gz", 900);
    let no_apk: Fill = |l| l.whiteout("var/cache/apk/index.tar.gz");
    let clean = ("RUN rm -rf /var/cache/apk/*", no_apk);
    says(
        &[("RUN apk add curl", apk), clean],
        "apk-cache",
        &["RUN apk add --no-cache curl"],
    );
    says(
        &[("RUN apk update && apk add curl", apk), clean],
        "apk-cache",
        &[],
    );
    says(
        &[("RUN apk add --no-cache curl", apk), clean],
        "apk-cache",
        &[],
    );

    let pip: Fill = |l| l.zeros("root/.cache/pip/http/a", 900);
    // The directory above goes, and holds nothing else.
    let no_cache: Fill = |l| l.whiteout("root/.cache");
    says(
        &[
            ("RUN pip install -r requirements.txt", pip),
            ("RUN rm -rf /root/.cache", no_cache),
        ],
        "pip-cache",
        &["RUN pip install --no-cache-dir -r requirements.txt"],
    );
    let more: Fill = |l| {
        l.zeros("root/.cache/pip/http/a", 900)
            .zeros("root/.cache/mine", 9)
    };
    says(
        &[
            ("RUN pip install x", more),
            ("RUN rm -rf /root/.cache", no_cache),
        ],
        "deleted-later",
        &["RUN pip install x && rm -rf /root/.cache"],
    );
    let dnf: Fill = |l| l.zeros("var/cache/dnf/a.solv", 900);
    says(
        &[
            ("RUN dnf -y install gcc", dnf),
            ("RUN dnf clean all", |l| l.whiteout("var/cache/dnf")),
        ],
        "dnf-cache",
        &["RUN dnf -y install gcc && dnf clean all"],
    );
}

#[test]
fn caches_are_mounted_where_the_builder_can() {
    let npm: Fill = |l| {
        l.zeros("root/.npm/_cacache/a", 900)
            .zeros("root/.npm/_cacache/b", 900)
    };
    let no_npm: Fill = |l| l.whiteout("root/.npm");
    says(
        &[("RUN npm ci", npm), ("RUN rm -rf /root/.npm", no_npm)],
        "npm-cache",
        &["RUN --mount=type=cache,target=/root/.npm npm ci"],
    );
    let classic = image()
        .layer("/bin/sh -c npm ci", npm)
        .layer("/bin/sh -c rm -rf /root/.npm", no_npm);
    let advice = about_largest(&analyse(&classic.build(), Some(0))).unwrap();
    assert_eq!(advice.after, ["RUN npm ci && npm cache clean --force"]);
    // A name that would need quotes is not printed as if it needed none.
    says(
        &[
            ("RUN npm ci", |l| l.zeros("home/a b/.npm/x", 900)),
            ("RUN rm -rf '/home/a b'", |l| l.whiteout("home/a b/.npm")),
        ],
        "npm-cache",
        &["RUN npm ci && npm cache clean --force"],
    );
    // Not every name that looks like a cache is one.
    says(
        &[
            ("RUN npm ci", |l| l.zeros("app/.npmrc", 900)),
            ("RUN true", |l| l.whiteout("app/.npmrc")),
        ],
        "deleted-later",
        &["RUN npm ci && true"],
    );
}

#[test]
fn archives_are_mounted_instead_of_stored() {
    let archive: Fill = |l| l.zeros("tmp/app.tar.gz", 9000);
    let unpacked: Fill = |l| l.file("opt/app", "x").whiteout("tmp/app.tar.gz");
    let run = "RUN tar -xf /tmp/app.tar.gz -C /opt && rm /tmp/app.tar.gz";
    says(
        &[("COPY app.tar.gz /tmp/", archive), (run, unpacked)],
        "copied-archive",
        &[
            "RUN --mount=type=bind,source=app.tar.gz,target=/tmp/app.tar.gz tar -xf /tmp/app.tar.gz -C /opt",
        ],
    );
    // Which of several it is, or whether it is used here at all, is not certain.
    for (copy, run) in [
        ("COPY app.tar.gz more /tmp/", run),
        ("COPY *.tar.gz /tmp/", run),
        ("COPY app.tar.gz /tmp/", "RUN rm /tmp/app.tar.gz"),
        (
            "COPY app.tar.gz /tmp/",
            "RUN cd /tmp; tar xf app.tar.gz || rm /tmp/app.tar.gz",
        ),
    ] {
        says(&[(copy, archive), (run, unpacked)], "copied-archive", &[]);
    }
    says(
        &[
            ("ADD https://example.org/app.tar.gz /tmp/", archive),
            (run, unpacked),
        ],
        "fetched-archive",
        &[],
    );
    says(
        &[
            ("COPY app.bin /tmp/", |l| l.zeros("tmp/app.bin", 9)),
            ("RUN rm /tmp/app.bin", |l| l.whiteout("tmp/app.bin")),
        ],
        "copied-then-deleted",
        &[],
    );
}

#[test]
fn owners_and_modes_are_set_while_copying() {
    let app: Fill = |l| l.dir("srv").zeros("srv/a", 900).zeros("srv/b", 900);
    let owned: Fill = |l| {
        let l = l.dir("srv").owner(7, 7).zeros("srv/a", 900).owner(7, 7);
        l.zeros("srv/b", 900).owner(7, 7)
    };
    says(
        &[
            ("COPY dist /srv", app),
            ("RUN chown -R app:app /srv", owned),
        ],
        "copied-then-owned",
        &["COPY --chown=app:app dist /srv"],
    );
    says(
        &[
            ("COPY --link dist /srv/", app),
            ("RUN chmod -R 755 /srv", owned),
        ],
        "copied-then-owned",
        &["COPY --chmod=755 --link dist /srv/"],
    );
    // Part of what was copied, a mode that depends on what was there, several things at once.
    for (copy, run) in [
        ("COPY . /", "RUN chown -R app /srv"),
        ("COPY dist /srv", "RUN chmod -R g+w /srv"),
        ("COPY dist /srv", "RUN chown -R app /srv && ./more"),
        ("COPY dist /srv", "RUN chown --from=x app /srv"),
        ("COPY --chown=x dist /srv", "RUN chown -R app /srv"),
    ] {
        let advice = advice(&[(copy, app), (run, owned)]);
        assert_eq!(advice.after, [""; 0], "{copy} {run}");
    }
    says(
        &[("RUN make install", app), ("RUN chown -R app /srv", owned)],
        "made-then-owned",
        &["RUN make install && chown -R app /srv"],
    );
}

#[test]
fn a_chown_of_what_two_layers_made_is_not_dropped() {
    let first: Fill = |l| l.dir("srv").zeros("srv/a", 900);
    let second: Fill = |l| l.dir("srv/more").zeros("srv/more/b", 90);
    let owned: Fill = |l| {
        let l = l.dir("srv").owner(7, 7).zeros("srv/a", 900).owner(7, 7);
        l.dir("srv/more")
            .owner(7, 7)
            .zeros("srv/more/b", 90)
            .owner(7, 7)
    };
    says(
        &[
            ("COPY dist /srv", first),
            ("COPY more /srv/more", second),
            ("RUN chown -R app /srv", owned),
        ],
        "copied-then-owned",
        &[],
    );
}

#[test]
fn small_edits_of_large_files_go_where_the_file_is_made() {
    let tool: Fill = |l| l.zeros("usr/bin/tool", 900);
    let capable: Fill = |l| {
        l.zeros("usr/bin/tool", 900)
            .xattr("security.capability", "x")
    };
    says(
        &[
            ("RUN make install", tool),
            ("RUN setcap cap_x=+ep /usr/bin/tool", capable),
        ],
        "edited-later",
        &[],
    );
    let stripped: Fill = |l| l.zeros("usr/bin/tool", 800);
    says(
        &[
            ("COPY tool /usr/bin/", tool),
            ("RUN strip /usr/bin/tool", stripped),
        ],
        "edited-later",
        &[],
    );
    says(
        &[
            ("RUN make", tool),
            ("RUN sed -i s/a/b/ /usr/bin/tool", stripped),
        ],
        "edited-later",
        &[],
    );
    // It edits something else, or prints.
    for run in ["RUN strip /usr/bin/other", "RUN sed s/a/b/ /usr/bin/tool"] {
        let advice = advice(&[("RUN make", tool), (run, stripped)]);
        assert_eq!(advice.rule, "made-anew", "{run}");
    }
}

#[test]
fn package_databases_are_written_once() {
    let one: Fill = |l| l.zeros("var/lib/dpkg/status", 900);
    let two: Fill = |l| l.zeros("var/lib/dpkg/status", 950);
    says(
        &[
            ("RUN apt-get install -y a", one),
            ("RUN apt-get install -y b", two),
        ],
        "package-database",
        &["RUN apt-get install -y a && apt-get install -y b"],
    );
    says(
        &[
            ("RUN apt-get install -y a", one),
            ("COPY x /x", |l| l.file("x", "")),
            ("RUN apt-get install -y b", two),
        ],
        "package-database",
        &[],
    );
    says(
        &[("COPY status /var/lib/dpkg/", one), ("RUN ./fix", two)],
        "made-anew",
        &[],
    );
}

#[test]
fn build_packages_come_and_go_in_one_instruction() {
    let gcc: Fill = |l| l.zeros("usr/bin/gcc", 900);
    let no_gcc: Fill = |l| l.whiteout("usr/bin/gcc");
    says(
        &[
            ("RUN apk add --no-cache gcc", gcc),
            ("RUN apk del gcc", no_gcc),
        ],
        "build-packages",
        &["RUN apk add --no-cache gcc && apk del gcc"],
    );
    says(
        &[
            ("RUN apk add gcc", gcc),
            ("RUN make", |l| l.file("app", "x")),
            ("RUN apk del gcc", no_gcc),
        ],
        "build-packages",
        &[],
    );
    says(
        &[("RUN make gcc", gcc), ("RUN apk del gcc", no_gcc)],
        "deleted-later",
        &["RUN make gcc && apk del gcc"],
    );
}

#[test]
fn what_is_moved_is_put_there_at_once() {
    let from: Fill = |l| l.dir("tmp/app").zeros("tmp/app/a", 900);
    let to: Fill = |l| l.dir("opt/app").zeros("opt/app/a", 900).whiteout("tmp/app");
    says(
        &[
            ("COPY app /tmp/app", from),
            ("RUN mv /tmp/app /opt/app", to),
        ],
        "moved",
        &["COPY app /opt/app"],
    );
    says(
        &[("COPY . /tmp/", from), ("RUN mv /tmp/app /opt/app", to)],
        "moved",
        &[],
    );
    says(
        &[
            ("COPY app /tmp/app", from),
            ("RUN mv /tmp/app /opt/app && ldconfig", to),
        ],
        "moved",
        &[],
    );
    says(
        &[("RUN make", from), ("RUN mv /tmp/app /opt/app", to)],
        "moved",
        &[],
    );
    let advice = advice(&[
        ("COPY app /tmp/app", from),
        ("RUN mv /var/x /y; rm -r /tmp/app", to),
    ]);
    assert_eq!(advice.rule, "copied-then-deleted");
}

#[test]
fn the_build_context_is_kept_clean() {
    let all: Fill = |l| l.zeros("app/node_modules/a/index.js", 900);
    let installed: Fill = |l| l.opaque("app/node_modules").zeros("app/node_modules/b", 90);
    says(
        &[("COPY . /app", all), ("RUN npm ci", installed)],
        "build-context",
        &[],
    );
    // From another stage, or made by a RUN: no context.
    says(
        &[("COPY /build/app /app", all), ("RUN npm ci", installed)],
        "made-anew",
        &[],
    );
    says(
        &[("RUN npm ci", all), ("RUN npm ci --omit=dev", installed)],
        "made-anew",
        &["RUN npm ci && npm ci --omit=dev"],
    );
}

#[test]
fn the_same_stored_again_is_told_from_other_times() {
    let file: Fill = |l| l.zeros("etc/a", 900);
    let later: Fill = |l| l.zeros("etc/a", 900).mtime(7);
    says(
        &[("COPY a /etc/", file), ("COPY etc /etc", file)],
        "stored-again",
        &[],
    );
    says(
        &[("COPY a /etc/", file), ("COPY etc /etc", later)],
        "other-times",
        &[],
    );
    let closed: Fill = |l| l.zeros("etc/a", 900).mode(0o600).mtime(7);
    says(
        &[("COPY a /etc/", file), ("COPY etc /etc", closed)],
        "made-anew",
        &[],
    );
    says(
        &[("COPY a b /etc/", |l| {
            l.zeros("etc/a", 900).zeros("etc/a", 9)
        })],
        "stored-twice",
        &[],
    );
}

#[test]
fn base_images_and_other_builders_are_not_rewritten() {
    let layers: [(&str, Fill); 2] = [
        ("RUN apt-get update", LISTS),
        ("RUN rm -rf /var/lib/apt/lists", NO_LISTS),
    ];
    let advice = about_largest(&analyse(&built(&layers), Some(1))).unwrap();
    assert_eq!((advice.rule, advice.after.len()), ("base-image", 0));
    assert!(advice.goal.contains("without another base"));
    // No history at all: nothing to say.
    let bare = image().unrecorded_layer(LISTS).unrecorded_layer(NO_LISTS);
    assert_eq!(about_largest(&analyse(&bare.build(), Some(0))), None);
}

#[test]
fn all_of_the_demo_image_has_advice_and_groups_know_their_members() {
    let analysis = analyse(&demo::demo(), None);
    let mut told = Vec::new();
    for group in group(&analysis.tree, &analysis.waste.paths) {
        let held: Vec<_> = members(&analysis.tree, &analysis.waste.paths, &group).collect();
        assert_eq!(held.len(), group.count);
        assert_eq!(
            held.iter().map(|wasted| wasted.bytes).sum::<u64>(),
            group.bytes
        );
        let path = String::from_utf8(analysis.tree.path(group.place)).unwrap();
        told.push((path, advise(&analysis, &group).expect("advice").rule));
    }
    for expected in [
        ("usr/bin/node", "edited-later"),
        ("var/lib/apt/lists", "apt-lists"),
        ("var/cache/apt/archives", "apt-archives"),
        ("app/src", "copied-then-owned"),
        ("root/.npm/_cacache/content.bin", "npm-cache"),
        ("app/.npmrc", "copied-then-deleted"),
        ("app/VERSION", "stored-twice"),
        ("var/lib/dpkg/status", "base-image"),
    ] {
        assert!(
            told.iter()
                .any(|(path, rule)| (path.as_str(), *rule) == expected),
            "{expected:?} in {told:#?}"
        );
    }
}
