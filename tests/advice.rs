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
use layerscope::analysis::waste_groups::{group, members};
use layerscope::analysis::{self, Analysis};
use layerscope::progress::Job;
use layerscope::source::{Locator, OpenOptions};
use serde_json::json;
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

/// What a layer holds that an instruction did not make.
const NOTHING: Fill = |l| l;

/// Builds one layer an instruction, as `BuildKit` records it, on no base image. What only sets something makes none.
fn built(layers: &[(&str, Fill)]) -> Image {
    let start = image().comment("buildkit.dockerfile.v0");
    let image = layers.iter().fold(start, |image, (instruction, fill)| {
        let (keyword, operand) = instruction.split_once(' ').unwrap();
        match keyword {
            "RUN" if !operand.starts_with('[') => {
                image.layer(&format!("RUN /bin/sh -c {operand} # buildkit"), fill)
            }
            "RUN" | "COPY" | "ADD" => image.layer(&format!("{instruction} # buildkit"), fill),
            "WORKDIR" => image
                .config("WorkingDir", json!(operand))
                .layer(instruction, fill),
            "USER" => image.config("User", json!(operand)).empty(instruction),
            _ => image.empty(instruction),
        }
    });
    image.build()
}

fn advice(layers: &[(&str, Fill)]) -> Advice {
    about_largest(&analyse(&built(layers), Some(0))).expect("advice")
}

/// Asserts that there is nothing to say about any waste, for nothing is certain.
#[track_caller]
fn silent(layers: &[(&str, Fill)]) {
    let analysis = analyse(&built(layers), Some(0));
    let groups = group(&analysis.tree, &analysis.waste.paths);
    assert!(!groups.is_empty(), "no waste");
    let told: Vec<_> = groups
        .iter()
        .map(|group| advise(&analysis, group))
        .collect();
    assert!(told.iter().all(Option::is_none), "{told:#?}");
}

/// Asserts the goal, and that no line is rewritten.
#[track_caller]
fn aims(layers: &[(&str, Fill)], goal: &str) {
    let advice = advice(layers);
    assert_eq!(
        (advice.goal.as_str(), advice.after.as_slice()),
        (goal, &[][..])
    );
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
    // A line may end as a command within it does.
    says(
        &[
            (
                "RUN set -eux; apt-get update; apt-get install -y curl;",
                LISTS,
            ),
            ("RUN rm -rf /var/lib/apt/lists", NO_LISTS),
        ],
        "apt-lists",
        &["RUN set -eux; apt-get update; apt-get install -y curl && rm -rf /var/lib/apt/lists/*"],
    );
    // What stands behind the installation would hide that the update failed.
    says(
        &[
            ("RUN apt-get update", LISTS),
            ("RUN apt-get install -y curl || true", NOTHING),
            ("RUN rm -rf /var/lib/apt/lists", NO_LISTS),
        ],
        "apt-lists",
        &[],
    );
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
fn a_cache_that_is_needed_later_stays_until_then() {
    let update = "RUN apt-get update && apt-get install -y curl";
    let rm = "RUN rm -rf /var/lib/apt/lists";
    let more: Fill = |l| l.file("usr/bin/git", "x");
    says(
        &[
            (update, LISTS),
            ("RUN apt-get install -y git", more),
            (rm, NO_LISTS),
        ],
        "apt-lists",
        &[
            "RUN apt-get update && apt-get install -y curl && apt-get install -y git && rm -rf /var/lib/apt/lists",
        ],
    );
    // The last one installs before it cleans.
    says(
        &[
            (update, LISTS),
            (
                "RUN apt-get install -y git && rm -rf /var/lib/apt/lists",
                NO_LISTS,
            ),
        ],
        "apt-lists",
        &[
            "RUN apt-get update && apt-get install -y curl && apt-get install -y git && rm -rf /var/lib/apt/lists",
        ],
    );
    // A script in between may install, as another user, from sources that are copied; the last one may fail
    // where there is nothing to clean.
    for between in [
        &[
            ("COPY x.list /etc/apt/sources.list.d/", more),
            ("RUN apt-get install -y git", more),
        ][..],
        &[("COPY setup /setup", more), ("RUN /setup", more)],
        &[("USER app", NOTHING), ("RUN ./setup", more)],
    ] {
        silent(&[&[(update, LISTS)], between, &[(rm, NO_LISTS)]].concat());
    }
    silent(&[
        (update, LISTS),
        ("USER root", NOTHING),
        ("RUN rm /var/lib/apt/lists/*", NO_LISTS),
    ]);
    // What stands alone is not put before the wrong one.
    silent(&[
        ("RUN apt-get update", LISTS),
        ("RUN apt-get install -y a", more),
        ("COPY x /x", |l| l.file("x", "")),
        ("RUN apt-get install -y b", more),
        (rm, NO_LISTS),
    ]);
    // Commands without a network, and what works with the files themselves.
    let npm: Fill = |l| l.zeros("root/.npm/_cacache/a", 900);
    silent(&[
        ("RUN npm ci", npm),
        ("WORKDIR /app", |l| l.dir("app")),
        ("RUN npm ci --offline", more),
        ("RUN rm -rf /root/.npm", |l| l.whiteout("root/.npm")),
    ]);
    silent(&[
        ("RUN dotnet restore", |l| {
            l.zeros("root/.nuget/packages/a", 900)
        }),
        ("COPY . /src", more),
        ("RUN dotnet build --no-restore", more),
        ("RUN rm -rf /root/.nuget", |l| l.whiteout("root/.nuget")),
    ]);
}

#[test]
fn a_cache_of_which_something_stays_is_not_taken_away() {
    // Modules stay while the downloads go; a local repository loses one project; an environment is used by name.
    let modules: Fill = |l| {
        l.zeros("root/go/pkg/mod/m", 90)
            .zeros("root/go/pkg/mod/cache/a", 900)
    };
    let rm = "RUN rm -rf /root/go/pkg/mod/cache";
    let gone: Fill = |l| l.whiteout("root/go/pkg/mod/cache");
    says(
        &[("RUN go mod download", modules), (rm, gone)],
        "deleted-later",
        &["RUN go mod download && rm -rf /root/go/pkg/mod/cache"],
    );
    silent(&[
        ("RUN go mod download", modules),
        ("COPY x /x", |l| l.file("x", "")),
        (rm, gone),
    ]);
    silent(&[
        ("RUN mvn package", |l| {
            l.zeros("root/.m2/repository/a/a.jar", 900)
                .zeros("root/.m2/repository/b/b.jar", 900)
        }),
        ("COPY x /x", |l| l.file("x", "")),
        ("RUN rm -rf /root/.m2/repository/a", |l| {
            l.whiteout("root/.m2/repository/a")
        }),
    ]);
    // What an earlier layer has there a mount would hide; removed it is in the end all the same.
    says(
        &[
            ("COPY npm /root/.npm", |l| l.zeros("root/.npm/a", 9)),
            ("RUN npm ci", |l| l.zeros("root/.npm/b", 900)),
            ("RUN rm -rf /root/.npm", |l| l.whiteout("root/.npm")),
        ],
        "npm-cache",
        &["RUN npm ci && rm -rf /root/.npm"],
    );
    // A directory that stays although it is emptied would go with the mount.
    says(
        &[
            ("RUN npm ci", |l| {
                l.dir("root/.npm").zeros("root/.npm/b", 900)
            }),
            ("RUN rm -rf /root/.npm/*", |l| l.whiteout("root/.npm/b")),
        ],
        "npm-cache",
        &["RUN npm ci && rm -rf /root/.npm/*"],
    );
    // Stored again with another owner it is still there.
    silent(&[
        ("RUN npm ci", |l| l.zeros("root/.npm/b", 900)),
        ("COPY x /x", |l| l.file("x", "")),
        ("RUN chown -R 7 /root/.npm", |l| {
            l.zeros("root/.npm/b", 900).owner(7, 0)
        }),
    ]);
}

#[test]
fn a_cache_that_is_named_later_stays_until_then() {
    let copy = ("COPY x /x", (|l| l.file("x", "")) as Fill);
    let used: Fill = |l| l.file("y", "");
    let npm: Fill = |l| l.zeros("root/.npm/_npx/a", 900);
    for (first, fill, later) in [
        (
            "RUN poetry install",
            (|l| l.zeros("root/.cache/pypoetry/virtualenvs/a", 900)) as Fill,
            "RUN poetry run build",
        ),
        (
            "RUN npx playwright install",
            npm,
            "RUN node /root/.npm/_npx/a",
        ),
        ("RUN npm ci", npm, "RUN cp -r /root /backup"),
        ("RUN npm ci", npm, "RUN cd /root/.npm && rm -rf a"),
        (
            "RUN uv sync",
            |l| l.zeros("root/.cache/uv/a", 900),
            "RUN UV_OFFLINE=1 uv sync",
        ),
    ] {
        silent(&[
            (first, fill),
            copy,
            (later, used),
            ("RUN rm -rf /root/.npm /root/.cache", |l| {
                l.whiteout("root/.npm").whiteout("root/.cache")
            }),
        ]);
    }
    silent(&[
        ("RUN npm ci", npm),
        ("ENV CACHE=/root/.npm", NOTHING),
        ("RUN cp -r $CACHE /backup", used),
        ("RUN rm -rf /root/.npm", |l| l.whiteout("root/.npm")),
    ]);
    // Cleaning may fail where there is nothing, within a script of several lines too.
    for clean in [
        "RUN <<EOF\nset -e\nrm /var/cache/apk/a\nEOF",
        "RUN find /var/cache/apk -type f | xargs rm",
        "RUN if true; then rm /var/cache/apk/a; fi",
    ] {
        silent(&[
            ("RUN apk add a", |l| l.zeros("var/cache/apk/a", 900)),
            copy,
            (clean, |l| l.whiteout("var/cache/apk/a")),
        ]);
    }
    let long = format!("RUN rm /var/cache/apk/a {}", "x ".repeat(9000));
    silent(&[
        ("RUN apk add a", |l| l.zeros("var/cache/apk/a", 900)),
        copy,
        (&long, |l| l.whiteout("var/cache/apk/a")),
    ]);
    let pip: Fill = |l| l.zeros("root/.cache/pip/a", 900);
    says(
        &[
            ("RUN pip install x", pip),
            ("RUN pip cache purge", |l| l.whiteout("root/.cache/pip")),
        ],
        "pip-cache",
        &["RUN pip install x && pip cache purge"],
    );
}

#[test]
fn only_tools_that_are_there_clean() {
    let dnf: Fill = |l| l.zeros("var/cache/dnf/a.solv", 900);
    let no_dnf: Fill = |l| l.whiteout("var/cache/dnf");
    let clean = ("RUN rm -rf /var/cache/dnf", no_dnf);
    for (tool, line) in [
        ("dnf", "RUN dnf install -y a && dnf clean all"),
        (
            "microdnf",
            "RUN microdnf install -y a && rm -rf /var/cache/dnf",
        ),
    ] {
        let install = format!("RUN {tool} install -y a");
        says(&[(install.as_str(), dnf), clean], "dnf-cache", &[line]);
    }
    // It may be gone by then, or somewhere else.
    let go: Fill = |l| l.zeros("root/go/pkg/mod/a", 900);
    for (build, line) in [
        ("go build", "RUN go build && go clean -modcache"),
        (
            "go build && apk del go",
            "RUN go build && apk del go && rm -rf /root/go/pkg/mod",
        ),
        (
            "/usr/local/go/bin/go build",
            "RUN /usr/local/go/bin/go build && rm -rf /root/go/pkg/mod",
        ),
        (
            "PATH=/usr/local/go/bin go build",
            "RUN PATH=/usr/local/go/bin go build && rm -rf /root/go/pkg/mod",
        ),
    ] {
        let image = image()
            .comment("FROM 6e52ef1772c4")
            .layer(&format!("/bin/sh -c {build}"), go)
            .layer("/bin/sh -c rm -rf /root/go", |l| l.whiteout("root/go"));
        let advice = about_largest(&analyse(&image.build(), Some(0))).unwrap();
        assert_eq!(advice.after, [line]);
    }
    // What is put behind a sudo has no such rights.
    silent(&[
        ("USER app", NOTHING),
        (
            "RUN sudo apt-get update && sudo apt-get install -y a",
            LISTS,
        ),
        ("USER root", NOTHING),
        ("RUN rm -rf /var/lib/apt/lists", NO_LISTS),
    ]);
}

#[test]
fn caches_are_mounted_where_the_builder_can() {
    let npm: Fill = |l| {
        l.zeros("root/.npm/_cacache/a", 900)
            .zeros("root/.npm/_cacache/b", 900)
    };
    let no_npm: Fill = |l| l.whiteout("root/.npm");
    let clean = ("RUN rm -rf /root/.npm", no_npm);
    says(
        &[("RUN npm ci", npm), clean],
        "npm-cache",
        &["RUN --mount=type=cache,target=/root/.npm npm ci"],
    );
    let classic = image()
        .layer("/bin/sh -c npm ci", npm)
        .layer("/bin/sh -c rm -rf /root/.npm", no_npm);
    let advice = about_largest(&analyse(&classic.build(), Some(0))).unwrap();
    assert_eq!(advice.after, ["RUN npm ci && rm -rf /root/.npm"]);
    // What is mounted belongs to root, and another user could not write to it.
    says(
        &[("USER app", NOTHING), ("RUN npm ci", npm), clean],
        "npm-cache",
        &["RUN npm ci && rm -rf /root/.npm"],
    );
    // The name of a tool is not the name of its cache.
    for (build, root) in [
        ("cargo build", "usr/local/cargo/registry"),
        ("go build", "root/go/pkg/mod"),
    ] {
        let image = image()
            .comment("buildkit.dockerfile.v0")
            .layer(&format!("RUN /bin/sh -c {build} # buildkit"), |l| {
                l.zeros(format!("{root}/a"), 900)
            })
            .layer(&format!("RUN /bin/sh -c rm -rf /{root} # buildkit"), |l| {
                l.whiteout(root)
            });
        let advice = about_largest(&analyse(&image.build(), Some(0))).unwrap();
        let line = format!("RUN --mount=type=cache,target=/{root} {build}");
        assert_eq!(advice.after, [line]);
    }
    // A mount cannot be removed, and nobody but root writes to it.
    says(
        &[("RUN rm -rf /root/.npm && npm ci", npm), clean],
        "npm-cache",
        &["RUN rm -rf /root/.npm && npm ci && rm -rf /root/.npm"],
    );
    says(
        &[("RUN su app -c 'npm ci'", npm), clean],
        "deleted-later",
        &[],
    );
    // A name that would need quotes is not printed as if it needed none.
    says(
        &[
            ("RUN npm ci", |l| l.zeros("home/a b/.npm/x", 900)),
            ("RUN rm -rf '/home/a b'", |l| l.whiteout("home/a b/.npm")),
        ],
        "npm-cache",
        &[],
    );
    // Not every name that looks like a cache is one.
    for path in ["app/.npmrc", "app/node_modules/x/.npm/y"] {
        let layers = image()
            .comment("buildkit.dockerfile.v0")
            .layer("RUN /bin/sh -c npm ci # buildkit", |l| l.zeros(path, 900))
            .layer("RUN /bin/sh -c true # buildkit", |l| l.whiteout(path));
        let advice = about_largest(&analyse(&layers.build(), Some(0))).unwrap();
        assert_eq!(
            (advice.rule, advice.after),
            ("deleted-later", vec!["RUN npm ci && true".to_owned()])
        );
    }
}

#[test]
fn archives_are_mounted_instead_of_stored() {
    let archive: Fill = |l| l.zeros("tmp/app.tar.gz", 9000);
    let unpacked: Fill = |l| l.file("opt/app", "x").whiteout("tmp/app.tar.gz");
    let run = "RUN tar -xf /tmp/app.tar.gz -C /opt && rm /tmp/app.tar.gz";
    let mounted = "RUN --mount=type=bind,source=app.tar.gz,target=/tmp/app.tar.gz tar -xf /tmp/app.tar.gz -C /opt";
    says(
        &[("COPY app.tar.gz /tmp/", archive), (run, unpacked)],
        "copied-archive",
        &[mounted],
    );
    says(
        &[
            ("WORKDIR /tmp", |l| l.dir("tmp")),
            ("COPY app.tar.gz ./", archive),
            ("RUN tar -xf app.tar.gz -C /opt && rm app.tar.gz", unpacked),
        ],
        "copied-archive",
        &[
            "RUN --mount=type=bind,source=app.tar.gz,target=/tmp/app.tar.gz tar -xf app.tar.gz -C /opt",
        ],
    );
    // Which of several it is, where it comes from, or what else goes with it, is not certain; or another RUN reads.
    for (copy, run) in [
        ("COPY app.tar.gz more /tmp/", run),
        ("COPY *.tar.gz /tmp/", run),
        ("COPY /build/app.tar.gz /tmp/", run),
        ("COPY --chown=7 app.tar.gz /tmp/", run),
        (
            "COPY app.tar.gz /tmp/",
            "RUN tar -xf /tmp/app.tar.gz -C /opt && rm -r /tmp/*",
        ),
    ] {
        aims(
            &[(copy, archive), (run, unpacked)],
            "mount it where it is read, without the rm: RUN --mount=type=bind,…",
        );
    }
    says(
        &[
            ("ADD https://example.org/app.tar.gz /tmp/", archive),
            (run, unpacked),
        ],
        "copied-archive",
        &[],
    );
    // What reads it may write to it, or is not known.
    for run in [
        "RUN cd /tmp; tar xf app.tar.gz || rm /tmp/app.tar.gz",
        "RUN gunzip /tmp/app.tar.gz && rm /tmp/app.tar",
        "RUN tar xf /tmp/app.tar.gz --remove-files && rm -f /tmp/app.tar.gz",
        "RUN ./install && rm /tmp/app.tar.gz",
        "RUN tar xf \"$ARCHIVE\" && ./configure && rm /tmp/app.tar.gz",
    ] {
        silent(&[("COPY app.tar.gz /tmp/", archive), (run, unpacked)]);
    }
    // buildah and Docker's builder of old had no mounts.
    let classic = image()
        .layer(
            &format!("/bin/sh -c #(nop) COPY file:{} in /tmp/ ", "a".repeat(64)),
            archive,
        )
        .layer(
            "/bin/sh -c tar -xf /tmp/app.tar.gz -C /opt && rm /tmp/app.tar.gz",
            unpacked,
        );
    assert_eq!(about_largest(&analyse(&classic.build(), Some(0))), None);
}

const APP: Fill = |l| l.dir("srv").zeros("srv/a", 900).zeros("srv/b", 900);
const OWNED: Fill = |l| {
    let l = l.dir("srv").owner(7, 7).zeros("srv/a", 900).owner(7, 7);
    l.zeros("srv/b", 900).owner(7, 7)
};

#[test]
fn owners_are_set_while_copying() {
    let chown = ("RUN chown -R app:app /srv", OWNED);
    says(
        &[("COPY dist /srv", APP), chown],
        "copied-then-owned",
        &["COPY --chown=app:app dist /srv"],
    );
    // COPY takes the group from the number where chown leaves it as it is.
    for run in [
        "RUN chown -R app /srv",
        "RUN chown -R app: /srv",
        "RUN chown -R :app /srv",
    ] {
        says(
            &[("COPY dist /srv", APP), (run, OWNED)],
            "copied-then-owned",
            &["COPY --chown=7:7 dist /srv"],
        );
    }
    // A user who is made on the way has no name yet.
    let with_user: Fill = |l| OWNED(l).file("etc/passwd", "app");
    aims(
        &[
            ("COPY dist /srv", APP),
            ("RUN adduser app && chown -R app:app /srv", with_user),
        ],
        "set it while copying: COPY --chown=7:7",
    );
    silent(&[
        ("COPY dist /srv", APP),
        ("RUN adduser app", |l| l.file("etc/passwd", "app")),
        chown,
    ]);
    // The directory was there before: it keeps its owner while files are copied into it.
    says(
        &[
            ("WORKDIR /srv", |l| l.dir("srv")),
            ("COPY . .", |l| l.zeros("srv/a", 900).zeros("srv/b", 900)),
            ("RUN chown -R app:app .", OWNED),
        ],
        "copied-then-owned",
        &["COPY --chown=app:app . .", "RUN chown app:app /srv"],
    );
    // The directory would change hands, or a link that stays as it is.
    for (own, set) in [
        (
            APP,
            (|l| {
                l.zeros("srv/a", 900)
                    .owner(7, 7)
                    .zeros("srv/b", 900)
                    .owner(7, 7)
            }) as Fill,
        ),
        (|l| APP(l).symlink("srv/c", "a"), OWNED),
    ] {
        silent(&[("COPY dist /srv", own), ("RUN chown app:app -R /srv", set)]);
    }
    // Part of what was copied, an owner of some only, flags that do not fit, more than one command.
    for (copy, run) in [
        ("COPY . /", "RUN chown --from=x app /srv"),
        ("COPY --chown=x dist /srv", "RUN chown -R app:app /srv"),
        ("COPY dist /srv", "RUN chown -R app:app /srv/a || true"),
        ("COPY dist /srv", "RUN ./setup"),
        ("COPY dist /srv", "RUN chown -R app:app \"$HOME\""),
        (
            "COPY dist /srv",
            "RUN [\"chown\", \"-R\", \"app\", \"/srv\"]",
        ),
    ] {
        silent(&[(copy, APP), (run, OWNED)]);
    }
    aims(
        &[
            ("COPY dist /srv", APP),
            ("RUN chown -R app:app /srv && ./more", OWNED),
        ],
        "set it while copying: COPY --chown=7:7",
    );
    says(
        &[("RUN make install", APP), chown],
        "made-then-owned",
        &["RUN make install && chown -R app:app /srv"],
    );
}

#[test]
fn modes_are_set_while_copying() {
    let entry: Fill = |l| l.zeros("app/entry", 900);
    let runs: Fill = |l| l.zeros("app/entry", 900).mode(0o755);
    let app = ("WORKDIR /app", (|l| l.dir("app")) as Fill);
    for run in [
        "RUN chmod +x entry",
        "RUN chmod 755 /app/entry",
        "RUN chmod +x ./*",
    ] {
        says(
            &[app, ("COPY entry ./", entry), (run, runs)],
            "copied-then-owned",
            &["COPY --chmod=755 entry ./"],
        );
    }
    aims(
        &[
            app,
            ("COPY entry ./", entry),
            ("RUN chmod +x entry && ./entry --check", runs),
        ],
        "set it while copying: COPY --chmod=755",
    );
    // What COPY makes of directories with a mode is not the same everywhere.
    let closed: Fill = |l| {
        let l = l.dir("srv").mode(0o700).zeros("srv/a", 900).mode(0o700);
        l.zeros("srv/b", 900).mode(0o700)
    };
    let before = "chmod it before it is copied: in the context or a build stage";
    aims(
        &[("COPY dist /srv", APP), ("RUN chmod -R 700 /srv", closed)],
        before,
    );
    let one: Fill = |l| l.zeros("srv/b", 900).mode(0o755);
    aims(
        &[("COPY dist /srv", APP), ("RUN chmod +x /srv/b", one)],
        before,
    );
    silent(&[
        ("COPY --chmod=600 dist /srv", APP),
        ("RUN chmod +x /srv/b", one),
    ]);
    // The file is stored again all the same: its time changes too, or its capabilities.
    let touched: Fill = |l| l.zeros("app/entry", 900).mode(0o755).mtime(7);
    let capable: Fill = |l| {
        l.zeros("app/entry", 900)
            .mode(0o755)
            .xattr("security.capability", "x")
    };
    for (run, fill) in [
        ("RUN chmod +x entry && touch -d @7 entry", touched),
        ("RUN chmod +x entry && setcap cap_x=+ep entry", capable),
    ] {
        let advice = about_largest(&analyse(
            &built(&[app, ("COPY entry ./", entry), (run, fill)]),
            Some(0),
        ));
        assert!(
            advice.is_none_or(|advice| advice.rule != "copied-then-owned"),
            "{run}"
        );
    }
    // Docker's builder of old cannot be told modes.
    let classic = image()
        .layer(
            &format!("/bin/sh -c #(nop) COPY file:{} in /app/ ", "a".repeat(64)),
            entry,
        )
        .layer("/bin/sh -c chmod +x /app/entry", runs);
    let advice = about_largest(&analyse(&classic.build(), Some(0))).unwrap();
    assert_eq!((advice.goal.as_str(), advice.after.len()), (before, 0));
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
            ("RUN chown -R app:app /srv", owned),
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
        &["RUN make install && setcap cap_x=+ep /usr/bin/tool"],
    );
    // A COPY does not carry capabilities along everywhere.
    silent(&[
        ("COPY tool /usr/bin/", tool),
        ("RUN setcap cap_x=+ep /usr/bin/tool", capable),
    ]);
    let stripped: Fill = |l| l.zeros("usr/bin/tool", 800);
    let before = "strip it before it is copied: in the context or a build stage";
    for run in [
        "RUN strip /usr/bin/tool",
        "RUN cd /usr/bin && strip tool",
        "RUN strip -s /usr/bin/t*l",
    ] {
        aims(&[("COPY tool /usr/bin/", tool), (run, stripped)], before);
    }
    aims(
        &[
            ("WORKDIR /usr/bin", |l| l.dir("usr/bin")),
            ("COPY tool ./", tool),
            ("RUN sed -i 's/$x/b/' tool", stripped),
        ],
        "sed it before it is copied: in the context or a build stage",
    );
    // It edits something else, prints, or puts in what only the build knows; or others saw it as it was.
    for run in [
        "RUN strip /usr/bin/other",
        "RUN sed s/a/b/ /usr/bin/tool",
        "RUN sed -i \"s/a/$VERSION/\" /usr/bin/tool",
        "RUN sed -i s/a/$(date)/ /usr/bin/tool",
        "RUN sed -i '1r /etc/issue' /usr/bin/tool",
        "RUN touch -r /etc/issue /usr/bin/tool",
        "RUN strip -o /usr/bin/tool /usr/bin/other",
        "RUN /usr/bin/tool --init && strip /usr/bin/tool",
        "RUN strip /usr/bin/tool; /usr/bin/tool --update-self",
        "RUN strip /usr/bin/tool && /usr/bin/tool --update-self",
        "RUN cd \"$BIN\" && strip tool",
        "RUN ./manage.py migrate",
    ] {
        silent(&[("COPY tool /usr/bin/", tool), (run, stripped)]);
    }
    silent(&[
        ("COPY tool /usr/bin/", tool),
        ("RUN tool x", |l| l.file("y", "")),
        ("RUN strip /usr/bin/tool", stripped),
    ]);
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
    // What is copied in between may be what is installed.
    silent(&[
        ("RUN apt-get install -y a", one),
        ("COPY b.deb /b.deb", |l| l.file("b.deb", "")),
        ("RUN apt-get install -y /b.deb", two),
    ]);
    silent(&[("COPY status /var/lib/dpkg/", one), ("RUN ./fix", two)]);
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
        &["RUN apk add gcc && make && apk del gcc"],
    );
    says(
        &[("RUN make gcc", gcc), ("RUN apk del gcc", no_gcc)],
        "deleted-later",
        &["RUN make gcc && apk del gcc"],
    );
}

#[test]
fn two_runs_become_one_where_that_changes_nothing() {
    let made: Fill = |l| l.zeros("opt/x", 900);
    let gone: Fill = |l| l.whiteout("opt/x");
    let last = ("RUN rm /opt/x", gone);
    for (first, line) in [
        ("RUN a || b", "RUN a || b && rm /opt/x"),
        ("RUN set -eux; a; b", "RUN set -eux; a; b && rm /opt/x"),
        ("RUN a &&   b 'c d'", "RUN a && b 'c d' && rm /opt/x"),
    ] {
        says(&[(first, made), last], "deleted-later", &[line]);
    }
    // The second would run elsewhere, not at all, or hide that the first failed.
    for (first, second) in [
        ("RUN cd /src && make", "RUN rm x"),
        ("RUN export A=1; make", "RUN rm /opt/x"),
        ("RUN make; exit 0", "RUN rm /opt/x"),
        ("RUN exec make", "RUN rm /opt/x"),
        ("RUN set -f; make", "RUN rm /opt/*"),
        ("RUN if a; then cd b; fi", "RUN rm x"),
        ("RUN make", "RUN rm /opt/x || true"),
        ("RUN make", "RUN rm /opt/x; b"),
        // Nothing ends it where a variable is missing.
        ("RUN set -u; make", "RUN rm $X /opt/x"),
        // Lines show one blank for two, here within quotes.
        ("RUN make 'a  b'", "RUN rm /opt/x"),
        ("RUN make <<EOF\nx\nEOF", "RUN rm /opt/x"),
        ("RUN --mount=type=tmpfs,target=/x make", "RUN rm /opt/x"),
    ] {
        aims(
            &[(first, made), (second, gone)],
            "make it, use it and delete it in one RUN",
        );
    }
    let keep: Fill = |l| l.file("y", "");
    says(
        &[
            ("RUN curl -o /opt/x u", made),
            ("CMD [\"x\"]", NOTHING),
            ("RUN unpack /opt/x", keep),
            last,
        ],
        "deleted-later",
        &["RUN curl -o /opt/x u && unpack /opt/x && rm /opt/x"],
    );
    // Something is set or copied in between, or there is no shell to do two things.
    for between in [
        "USER app",
        "ENV A=1",
        "WORKDIR /opt",
        "ARG A",
        "SHELL [\"/bin/bash\",\"-c\"]",
        "VOLUME [/opt]",
        "COPY y /y",
        "RUN [\"b\"]",
    ] {
        silent(&[("RUN make", made), (between, keep), last]);
    }
    silent(&[("RUN [\"make\"]", made), last]);
    // What the first one starts would still be there.
    silent(&[("RUN daemon & make", made), last]);
    silent(&[("RUN service x start && make", made), last]);
    silent(&[
        ("RUN make", made),
        ("COPY x /opt/x", |l| l.zeros("opt/x", 800)),
    ]);
    // buildah puts a shell before the exec form, and a shell of another kind is not what it records.
    let buildah = |first: &str, shell: Option<&str>| {
        let image = image().comment("FROM 6e52ef1772c4");
        let image = match shell {
            Some(shell) => image.empty(&format!("/bin/sh -c #(nop) SHELL {shell}")),
            None => image,
        };
        let image = image
            .layer(&format!("/bin/sh -c {first}"), made)
            .layer("/bin/sh -c rm /opt/x", gone);
        about_largest(&analyse(&image.build(), Some(0))).map(|advice| advice.after)
    };
    assert_eq!(
        buildah("make", None),
        Some(vec!["RUN make && rm /opt/x".to_owned()])
    );
    assert_eq!(
        buildah("--mount=type=cache,target=/c make", None),
        Some(vec![])
    );
    assert_eq!(buildah("[\"make\", \"x\"]", None), None);
    assert_eq!(buildah("make", Some("[\"pwsh\",\"-c\"]")), None);
    assert_eq!(
        buildah("make", Some("[\"/bin/bash\",\"-o\",\"pipefail\",\"-c\"]")),
        Some(vec!["RUN make && rm /opt/x".to_owned()])
    );
    // A builder that signs nothing may have left out what stands in between.
    let unsigned = image().layer("RUN make", made).layer("RUN rm /opt/x", gone);
    assert_eq!(about_largest(&analyse(&unsigned.build(), Some(0))), None);
}

#[test]
fn what_is_moved_is_put_there_at_once() {
    let from: Fill = |l| l.dir("tmp/app").zeros("tmp/app/a", 900);
    let to: Fill = |l| l.dir("opt/app").zeros("opt/app/a", 900).whiteout("tmp/app");
    let tmp = ("RUN mkdir /tmp /opt", (|l| l.dir("tmp").dir("opt")) as Fill);
    let mv = ("RUN mv /tmp/app /opt/app", to);
    says(
        &[tmp, ("COPY app /tmp/app", from), mv],
        "moved",
        &["COPY app /opt/app"],
    );
    says(
        &[
            tmp,
            ("COPY app /tmp/app", from),
            ("RUN mv /tmp/app /opt/", to),
        ],
        "moved",
        &["COPY app /opt/app"],
    );
    let goal = "copy it to /opt/app at once, without the mv";
    aims(&[tmp, ("COPY . /tmp/", from), mv], goal);
    aims(&[tmp, ("COPY --parents tmp/app /", from), mv], goal);
    // Two sources, of which nothing tells which is which; a directory that would not be made any more.
    aims(&[tmp, ("COPY app more /tmp/app", from), mv], goal);
    aims(&[("COPY app /tmp/app", from), mv], goal);
    says(
        &[("RUN make", from), mv],
        "moved",
        &["RUN make && mv /tmp/app /opt/app"],
    );
    // The RUN uses it first, does not know where it goes, or moves what others brought along.
    for run in [
        "RUN /tmp/app/a --init && mv /tmp/app /opt/app",
        "RUN mv \"$X\" /opt/app",
        "RUN mv /tmp/app \"$X\"",
        "RUN mv -t /opt /tmp/app",
        "RUN mv /tmp/app /opt/app; ldconfig",
        "RUN mv /tmp/app /opt/app && ldconfig",
        // It would be removed where it is copied to, or be in the way.
        "RUN rm -rf /opt/app && mv /tmp/app /opt/app",
        "RUN mkdir -m 700 /opt/app && mv /tmp/app/a /opt/app/",
        "RUN ./install",
    ] {
        silent(&[tmp, ("COPY app /tmp/app", from), (run, to)]);
    }
    let both: Fill = |l| {
        let l = l.dir("opt/app").zeros("opt/app/a", 900).whiteout("tmp/app");
        l.zeros("opt/app/b", 90)
    };
    let other: Fill = |l| l.dir("tmp/app").zeros("tmp/app/b", 90);
    silent(&[
        tmp,
        ("RUN make b", other),
        ("COPY app /tmp/app", from),
        ("RUN mv /tmp/app /opt/app", both),
    ]);
    silent(&[
        tmp,
        ("COPY app /tmp/app", from),
        ("RUN /tmp/app/a", |l| l.file("x", "")),
        mv,
    ]);
    // Nothing uses what is only deleted.
    aims(
        &[
            ("COPY app /tmp/app", from),
            ("RUN mv /var/x /y && rm -r /tmp/app", |l| {
                l.whiteout("tmp/app")
            }),
        ],
        "nothing uses it before it is deleted: leave it out, and the rm too",
    );
}

#[test]
fn a_file_that_is_moved_is_copied_as_it_is_in_the_end() {
    let app = ("WORKDIR /app", (|l| l.dir("app")) as Fill);
    let from: Fill = |l| l.zeros("app/thing-runner", 900);
    let to: Fill = |l| l.zeros("app/application", 900).whiteout("app/thing-runner");
    says(
        &[
            app,
            ("COPY thing-runner ./", from),
            ("RUN mv thing-runner application", to),
        ],
        "moved",
        &["COPY thing-runner /app/application"],
    );
    let runs: Fill = |l| {
        l.zeros("app/application", 900)
            .mode(0o755)
            .whiteout("app/thing-runner")
    };
    let run = "RUN mv thing-runner application && chmod +x application";
    says(
        &[app, ("COPY thing-runner ./", from), (run, runs)],
        "moved",
        &["COPY --chmod=755 thing-runner /app/application"],
    );
    aims(
        &[
            app,
            ("COPY --chown=0:0 native/amd64/ /app/", from),
            (
                "RUN mv /app/*-runner /app/application && chmod +x /app/application",
                runs,
            ),
        ],
        "copy it with --chmod=755 to /app/application at once, without the mv",
    );
    // What is copied there in between would lie on top of it.
    silent(&[
        app,
        ("COPY thing-runner ./", from),
        ("COPY other application", |l| {
            l.zeros("app/application", 800)
        }),
        ("RUN mv thing-runner application", to),
    ]);
    // A COPY may follow a link that a mv replaces.
    silent(&[
        ("WORKDIR /app", |l| {
            l.dir("app").symlink("app/application", "other")
        }),
        ("COPY thing-runner ./", from),
        ("RUN mv thing-runner application", to),
    ]);
    // Another content is no move, and what two names have is none either.
    silent(&[
        app,
        ("COPY thing-runner ./", from),
        ("RUN mv thing-runner application", |l| {
            l.zeros("app/application", 800).whiteout("app/thing-runner")
        }),
    ]);
    silent(&[
        app,
        ("COPY thing-runner ./", from),
        ("RUN ln thing-runner application", |l| {
            l.zeros("app/application", 900)
                .hardlink("app/thing-runner", "app/application")
        }),
    ]);
}

#[test]
fn what_was_copied_is_not_left_out_while_something_may_use_it() {
    let all: Fill = |l| l.zeros("app/node_modules/a/index.js", 900);
    let installed: Fill = |l| l.opaque("app/node_modules").zeros("app/node_modules/b", 90);
    silent(&[("COPY . /app", all), ("RUN npm ci", installed)]);
    silent(&[
        ("COPY . /app", all),
        ("RUN npm prune && rm -rf /app/node_modules", |l| {
            l.whiteout("app/node_modules")
        }),
    ]);
    says(
        &[("RUN npm ci", all), ("RUN npm ci --omit=dev", installed)],
        "made-anew",
        &["RUN npm ci && npm ci --omit=dev"],
    );
    let git: Fill = |l| l.zeros("app/.git/pack", 900);
    let no_git: Fill = |l| l.whiteout("app/.git");
    let unused = "nothing uses it before it is deleted: leave it out";
    let app = ("WORKDIR /app", (|l| l.dir("app")) as Fill);
    aims(
        &[app, ("COPY . .", git), ("RUN rm -rf .git", no_git)],
        unused,
    );
    for run in [
        "RUN make version && rm -rf .git",
        "RUN rm -rf .git; make",
        "RUN ./clean",
    ] {
        silent(&[app, ("COPY . .", git), (run, no_git)]);
    }
    silent(&[
        app,
        ("COPY . .", git),
        ("RUN make version", NOTHING),
        ("RUN rm -rf .git", no_git),
    ]);
    // A file that an option, a script, a substitution or a link names, or that its tool reads unasked.
    let part: Fill = |l| l.zeros("tmp/part", 900);
    let no_part: Fill = |l| l.whiteout("tmp/part");
    let tmp = (
        "WORKDIR /tmp",
        (|l| l.dir("tmp").symlink("t", "tmp")) as Fill,
    );
    for run in [
        "RUN sed -i '/x/r /tmp/part' /etc/conf && rm /tmp/part",
        "RUN touch --reference=/tmp/part /etc/conf && rm /tmp/part",
        "RUN : < /tmp/part && rm /tmp/part",
        "RUN rm -f \"$(cat /tmp/part)\" /tmp/part",
        "RUN chmod 7 /t/part && rm /tmp/part",
    ] {
        silent(&[tmp, ("COPY part ./", part), (run, no_part)]);
    }
    aims(
        &[
            tmp,
            ("COPY part ./", part),
            ("RUN sed -i s/a/b/ /etc/conf && rm -f part", no_part),
        ],
        unused,
    );
    silent(&[
        ("COPY skel /etc/skel", |l| l.zeros("etc/skel/rc", 900)),
        ("RUN useradd -m u && rm /etc/skel/rc", |l| {
            l.whiteout("etc/skel/rc")
        }),
    ]);
    // Without it there may be no shell.
    silent(&[
        ("COPY bin /bin", |l| l.dir("bin").zeros("bin/busybox", 900)),
        ("RUN mkdir -p /data && rm -rf /bin", |l| {
            l.dir("data").whiteout("bin")
        }),
    ]);
    // Where nothing is copied there is no such directory.
    let new: Fill = |l| l.dir("tmp/new").zeros("tmp/new/part", 900);
    for run in [
        "RUN cd /tmp/new && rm -f part",
        "RUN mkdir new/x && rm -f new/part",
    ] {
        silent(&[
            tmp,
            ("COPY part new/", new),
            (run, |l| l.whiteout("tmp/new/part")),
        ]);
    }
    // A file of settings that one tool reads.
    let secret: Fill = |l| l.zeros("app/.npmrc", 90);
    let no_secret: Fill = |l| l.whiteout("app/.npmrc");
    aims(
        &[
            app,
            ("COPY package.json .npmrc ./", secret),
            ("RUN npm ci", |l| l.file("app/x", "")),
            ("RUN rm .npmrc", no_secret),
        ],
        "mount it where it is read, without the rm: RUN --mount=type=bind,…",
    );
    silent(&[
        app,
        ("COPY .npmrc ./", secret),
        ("RUN npm run setup", |l| l.file("app/x", "")),
        ("RUN rm .npmrc", no_secret),
    ]);
}

#[test]
fn the_same_copied_twice_is_told_from_what_lies_between() {
    let file: Fill = |l| l.zeros("etc/a", 900);
    let later: Fill = |l| l.zeros("etc/a", 900).mtime(7);
    for second in [file, later, (|l| l.zeros("etc/a", 800)) as Fill] {
        aims(
            &[
                ("COPY a /etc/", file),
                ("ENV A=1", NOTHING),
                ("COPY etc /etc", second),
            ],
            "the later COPY brings it anyway: leave it out of this one",
        );
        silent(&[
            ("COPY a /etc/", file),
            ("RUN cat /etc/a", NOTHING),
            ("COPY etc /etc", second),
        ]);
    }
    says(
        &[("COPY a b /etc/", |l| {
            l.zeros("etc/a", 900).zeros("etc/a", 9)
        })],
        "stored-twice",
        &[],
    );
}

#[test]
fn logs_with_room_for_every_user_are_not_written() {
    let log: Fill = |l| l.zeros("var/log/lastlog", 90_000);
    let no_log: Fill = |l| l.whiteout("var/log/lastlog");
    let add = "RUN groupadd x && useradd -u 1885580785 u";
    says(
        &[(add, log), ("RUN rm -f /var/log/lastlog", no_log)],
        "user-logs",
        &["RUN groupadd x && useradd -l -u 1885580785 u"],
    );
    // An rm that finds nothing ends the build.
    aims(
        &[(add, log), ("RUN rm /var/log/lastlog", no_log)],
        "useradd -l (--no-log-init) writes no such log; the rm must go too",
    );
    says(
        &[
            ("RUN useradd -l u && ./login", log),
            ("RUN rm /var/log/lastlog", no_log),
        ],
        "deleted-later",
        &["RUN useradd -l u && ./login && rm /var/log/lastlog"],
    );
    // A builder that signs nothing.
    let unsigned = image()
        .layer("RUN useradd -u 1885580785 u", log)
        .layer("RUN rm /var/log/lastlog", no_log);
    let advice = about_largest(&analyse(&unsigned.build(), Some(0))).unwrap();
    assert_eq!((advice.rule, advice.after.len()), ("user-logs", 0));
}

#[test]
fn what_a_base_image_triggers_is_not_in_this_dockerfile() {
    let app: Fill = |l| l.zeros("app/entry", 900);
    let runs: Fill = |l| l.zeros("app/entry", 900).mode(0o755);
    let steps = [
        ("ONBUILD COPY . /app", NOTHING),
        ("ONBUILD RUN chmod -R 755 /app", NOTHING),
        ("COPY . /app", app),
        ("RUN chmod -R 755 /app", runs),
    ];
    aims(
        &steps,
        "an ONBUILD of the base image does it: change it there",
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
        told.extend(advise(&analysis, &group).map(|advice| (path, advice.rule)));
    }
    for expected in [
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
