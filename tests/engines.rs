//! Images written by other people's tools from the demo image: what layerscope shows of them is what the tools
//! were given, or what they unpack.
//!
//! Needs skopeo, umoci and buildah, the latter two as root; a test whose tool is missing says that it is skipped.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use layerscope::analysis::{self, Analysis};
use layerscope::layer::codec::Codec;
use layerscope::progress::Job;
use layerscope::source::{self, Locator, OpenOptions};

use support::listing::{Rows, assert_same, rows, rows_of_directory};

/// A directory for one test, with the demo image in it.
struct Bench(tempfile::TempDir);

impl Bench {
    /// Makes one if the tools are there and may be used.
    fn with(tools: &[&str], rights: Rights) -> Option<Self> {
        for tool in tools {
            if Command::new(tool).arg("--version").output().is_err() {
                println!("skipped: {tool} is not installed");
                return None;
            }
        }
        if rights == Rights::Root && run("id", ["-u"]).trim() != "0" {
            println!("skipped: {} must run as root", tools.join(" and "));
            return None;
        }
        let bench = Self(tempfile::tempdir().unwrap());
        fs::write(bench.path("demo.tar"), support::demo::archive()).unwrap();
        Some(bench)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn skopeo(&self, from: &str, to: &str, options: &[&str]) {
        let mut arguments = vec!["--insecure-policy", "copy", "--quiet"];
        arguments.extend(options);
        let (from, to) = (self.transport(from), self.transport(to));
        arguments.extend([from.as_str(), to.as_str()]);
        run("skopeo", arguments);
    }

    /// Puts this directory into `transport:name…`.
    fn transport(&self, text: &str) -> String {
        let (transport, name) = text.split_once(':').unwrap();
        format!("{transport}:{}", self.text(name))
    }

    /// What `umoci raw unpack` makes of an image.
    fn unpacked(&self, image: &str, name: &str) -> Rows {
        let target = self.text(name);
        let image = self.text(image);
        run("umoci", ["raw", "unpack", "--image", &image, &target]);
        rows_of_directory(&self.path(name))
    }
}

#[derive(PartialEq, Eq)]
enum Rights {
    Any,
    Root,
}

#[track_caller]
fn run<S: AsRef<OsStr>>(tool: &str, arguments: impl IntoIterator<Item = S>) -> String {
    let output = Command::new(tool).args(arguments).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{tool}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn open(path: &Path) -> Analysis {
    let locator = Locator::parse(path.as_os_str()).unwrap();
    let opened = source::open(&locator, &OpenOptions::default(), &Job::new())
        .unwrap_or_else(|error| panic!("{}: {error} {:?}", path.display(), error.hint()));
    let options = analysis::Options::default();
    analysis::run(opened.source, opened.image, &options, &Job::new()).unwrap()
}

/// Opens one tag of an OCI layout.
fn open_tag(path: &Path, tag: &str) -> Analysis {
    let locator = Locator::parse(path.as_os_str()).unwrap();
    let options = OpenOptions {
        image: Some(tag.to_owned()),
        ..OpenOptions::default()
    };
    let opened = source::open(&locator, &options, &Job::new()).unwrap();
    let options = analysis::Options::default();
    analysis::run(opened.source, opened.image, &options, &Job::new()).unwrap()
}

fn codecs(analysis: &Analysis) -> Vec<Codec> {
    let layers = analysis.image.layers.iter();
    let mut codecs: Vec<Codec> = layers.map(|layer| layer.compression).collect();
    codecs.dedup();
    codecs
}

#[test]
fn every_transport_of_skopeo_shows_the_same() {
    let Some(bench) = Bench::with(&["skopeo"], Rights::Any) else {
        return;
    };
    let demo = open(&bench.path("demo.tar"));
    let expected = rows(&demo);
    for (to, file, options, codec) in [
        ("oci:oci:demo", "oci", &[][..], Codec::Gzip),
        (
            "oci:raw:demo",
            "raw",
            &["--dest-oci-accept-uncompressed-layers"],
            Codec::None,
        ),
        (
            "oci:zstd:demo",
            "zstd",
            &["--dest-compress-format", "zstd"],
            Codec::Zstd,
        ),
        ("oci-archive:oci.tar:demo", "oci.tar", &[], Codec::Gzip),
        (
            "oci-archive:zstd.tar:demo",
            "zstd.tar",
            &[
                "--dest-compress-format",
                "zstd",
                "--dest-compress-level",
                "1",
            ],
            Codec::Zstd,
        ),
        ("dir:dir", "dir", &[], Codec::None),
        ("dir:gzip", "gzip", &["--dest-compress"], Codec::Gzip),
        ("dir:as-oci", "as-oci", &["--format", "oci"], Codec::None),
        (
            "dir:as-docker",
            "as-docker",
            &["--format", "v2s2", "--dest-compress"],
            Codec::Gzip,
        ),
        (
            "docker-archive:docker.tar:demo:1",
            "docker.tar",
            &[],
            Codec::None,
        ),
    ] {
        bench.skopeo("docker-archive:demo.tar", to, options);
        let analysis = open(&bench.path(file));
        assert_same(to, &rows(&analysis), &expected);
        assert_eq!(codecs(&analysis), [codec], "{to}");
        assert_eq!(analysis.waste, demo.waste, "{to}");
        assert_eq!(analysis.totals.own, demo.totals.own, "{to}");
        let titles = |analysis: &Analysis| -> Vec<String> {
            let layers = analysis.image.layers.iter();
            layers.map(layerscope::image::Layer::title).collect()
        };
        assert_eq!(titles(&analysis), titles(&demo), "{to}");
        assert_eq!(analysis.warnings, demo.warnings, "{to}");
    }
}

/// Schema 1 stores a layer for every instruction; those that made none are empty.
#[test]
fn a_manifest_of_schema_1_shows_the_same() {
    let Some(bench) = Bench::with(&["skopeo"], Rights::Any) else {
        return;
    };
    let demo = open(&bench.path("demo.tar"));
    bench.skopeo("docker-archive:demo.tar", "dir:old", &["--format", "v2s1"]);
    let analysis = open(&bench.path("old"));
    assert_same("schema 1", &rows(&analysis), &rows(&demo));
    assert_eq!(analysis.totals.wasted_bytes, demo.totals.wasted_bytes);
    assert!(analysis.complete);
}

#[test]
fn copies_of_copies_show_the_same() {
    let Some(bench) = Bench::with(&["skopeo"], Rights::Any) else {
        return;
    };
    let demo = open(&bench.path("demo.tar"));
    let chain = [
        ("docker-archive:demo.tar", "oci:a:demo", "a"),
        ("oci:a:demo", "dir:b", "b"),
        ("dir:b", "oci-archive:c.tar:demo", "c.tar"),
        (
            "oci-archive:c.tar:demo",
            "docker-archive:d.tar:demo:2",
            "d.tar",
        ),
        ("docker-archive:d.tar", "oci:a:again", "a"),
    ];
    for (from, to, file) in chain {
        bench.skopeo(from, to, &[]);
        let analysis = if to.ends_with(":again") {
            open_tag(&bench.path(file), "again")
        } else {
            open(&bench.path(file))
        };
        assert_same(to, &rows(&analysis), &rows(&demo));
        assert_eq!(analysis.waste, demo.waste, "{to}");
    }
}

/// Returns the rows of an image without the directories that only whiteouts make: Docker and Podman make them to
/// reach the whiteout, umoci does not.
fn rows_of_umoci(analysis: &Analysis) -> Rows {
    let mut rows = rows(analysis);
    loop {
        let is_empty = |path: &[u8]| {
            let below = [path, b"/"].concat();
            !rows.keys().any(|other| other.starts_with(&below))
        };
        let made = rows.iter().find(|(path, row)| {
            row.kind == "dir" && row.mode.is_none() && !path.is_empty() && is_empty(path)
        });
        let Some(path) = made.map(|(path, _)| path.clone()) else {
            return rows;
        };
        rows.remove(&path);
    }
}

#[test]
fn the_merged_view_is_what_umoci_unpacks() {
    let Some(bench) = Bench::with(&["skopeo", "umoci"], Rights::Root) else {
        return;
    };
    bench.skopeo("docker-archive:demo.tar", "oci:image:demo", &[]);
    let analysis = open(&bench.path("image"));
    let unpacked = bench.unpacked("image:demo", "rootfs");
    assert_same("the demo image", &rows_of_umoci(&analysis), &unpacked);
}

#[test]
fn layers_that_umoci_inserts() {
    let Some(bench) = Bench::with(&["skopeo", "umoci"], Rights::Root) else {
        return;
    };
    bench.skopeo("docker-archive:demo.tar", "oci:image:demo", &[]);
    fs::create_dir_all(bench.path("new/deep")).unwrap();
    fs::write(bench.path("new/deep/file"), "inserted").unwrap();
    fs::hard_link(bench.path("new/deep/file"), bench.path("new/twin")).unwrap();
    symlink("../deep", bench.path("new/deep/loop")).unwrap();
    let image = bench.text("image");
    let (from, new) = (format!("{image}:demo"), bench.text("new"));
    let insert = |tag: &str, arguments: &[&str]| {
        let mut all = vec!["insert", "--image", &from, "--tag", tag];
        all.extend(arguments);
        run("umoci", all);
        let analysis = open_tag(&bench.path("image"), tag);
        let unpacked = bench.unpacked(&format!("image:{tag}"), &format!("rootfs-{tag}"));
        assert_same(tag, &rows_of_umoci(&analysis), &unpacked);
        analysis
    };
    let demo = open(&bench.path("demo.tar"));
    let paths = demo.totals.paths;

    let analysis = insert("added", &[&new, "/app/added"]);
    assert_eq!(analysis.totals.paths, paths + 5);
    assert_eq!(analysis.totals.wasted_bytes, demo.totals.wasted_bytes);

    let analysis = insert("whiteout", &["--whiteout", "/app/src"]);
    let layer = analysis.layers.last().unwrap();
    assert_eq!((layer.removed, layer.content_bytes), (1, 0));
    assert!(layer.destroyed_bytes > 0);

    let analysis = insert("opaque", &["--opaque", &new, "/app/node_modules"]);
    let opaque = analysis::WasteCause::Opaque as usize;
    assert!(analysis.waste.by_cause[opaque] > demo.waste.by_cause[opaque]);

    let analysis = insert("replaced", &[&bench.text("new/twin"), "/app/src"]);
    let replaced = analysis::WasteCause::Replaced as usize;
    assert!(analysis.waste.by_cause[replaced] > demo.waste.by_cause[replaced]);
}

/// Changes a root file system in every way a container could.
fn change_everything(root: &Path) {
    let at = |path: &str| root.join(path);
    fs::remove_file(at("etc/motd")).unwrap();
    fs::remove_dir_all(at("app/dist")).unwrap();
    fs::create_dir(at("app/dist")).unwrap();
    fs::write(at("app/dist/new.js"), "new").unwrap();
    fs::remove_dir_all(at("app/src/assets")).unwrap();
    fs::write(at("app/src/assets"), "a file now").unwrap();
    fs::remove_file(at("app/VERSION")).unwrap();
    fs::create_dir(at("app/VERSION")).unwrap();
    fs::write(at("app/VERSION/1"), "a directory now").unwrap();
    fs::set_permissions(at("app/migrate"), fs::Permissions::from_mode(0o4711)).unwrap();
    fs::remove_file(at("app/current")).unwrap();
    symlink("src", at("app/current")).unwrap();
    fs::write(at("etc/passwd"), "root:x:0:0::/:/bin/sh\n").unwrap();
    fs::hard_link(at("usr/bin/node"), at("usr/bin/nodejs")).unwrap();
    fs::remove_file(at("bin/wget")).unwrap();
    fs::create_dir_all(at("srv/a/b/c")).unwrap();
    fs::write(at("srv/a/b/c/\u{e9}\n"), "an odd name").unwrap();
    // Go's tar writer rounds times to whole seconds, up as well as down.
    let whole = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    for path in [
        "app/dist/new.js",
        "app/src/assets",
        "app/VERSION/1",
        "etc/passwd",
        "srv/a/b/c/\u{e9}\n",
    ] {
        let file = fs::File::options().append(true).open(at(path)).unwrap();
        file.set_modified(whole).unwrap();
    }
}

#[test]
fn a_layer_that_umoci_repacks() {
    let Some(bench) = Bench::with(&["skopeo", "umoci"], Rights::Root) else {
        return;
    };
    bench.skopeo("docker-archive:demo.tar", "oci:image:demo", &[]);
    let (image, bundle) = (bench.text("image"), bench.text("bundle"));
    run(
        "umoci",
        ["unpack", "--image", &format!("{image}:demo"), &bundle],
    );
    change_everything(&bench.path("bundle/rootfs"));
    let tag = format!("{image}:changed");
    run("umoci", ["repack", "--image", &tag, &bundle]);
    let analysis = open_tag(&bench.path("image"), "changed");
    let layer = analysis.layers.last().unwrap();
    assert!(layer.removed > 0 && layer.modified > 0 && layer.added > 0);
    let unpacked = bench.unpacked("image:changed", "rootfs");
    assert_same("unpacked again", &rows_of_umoci(&analysis), &unpacked);
    let mut expected = rows_of_directory(&bench.path("bundle/rootfs"));
    // A link to a file that did not change is stored as a file of its own: umoci sees one new name.
    let mut found = rows_of_umoci(&analysis);
    for rows in [&mut expected, &mut found] {
        for row in rows.values_mut() {
            row.names = 1;
        }
    }
    assert_same("the changed bundle", &found, &expected);
}

/// buildah with everything it keeps below one directory.
struct Buildah<'b>(&'b Bench);

impl Buildah<'_> {
    fn run(&self, arguments: &[&str]) -> String {
        let (root, run_root) = (self.0.text("storage"), self.0.text("run"));
        let mut all = vec!["--storage-driver", "vfs", "--root", &root];
        all.extend(["--runroot", &run_root]);
        all.extend(arguments);
        run("buildah", all).trim().to_owned()
    }

    /// Commits a container and returns what its root file system holds.
    fn commit(&self, container: &str, name: &str) -> Rows {
        self.run(&["commit", "--quiet", "--format", "oci", container, name]);
        let again = self.run(&["from", "--pull-never", name]);
        let mounted = self.run(&["mount", &again]);
        rows_of_directory(Path::new(&mounted))
    }

    /// Pushes an image in every form and compares each.
    fn compare(&self, name: &str, expected: &Rows) {
        for (form, options) in [
            ("oci-archive:FILE", &[][..]),
            ("docker-archive:FILE:name:1", &[]),
            ("oci:FILE:name", &["--disable-compression=false"]),
            ("dir:FILE", &["--format", "v2s2"]),
        ] {
            let file = format!("{name}-{}", form.split(':').next().unwrap());
            let target = form.replace("FILE", &self.0.text(&file));
            let mut arguments = vec!["push", "--quiet"];
            arguments.extend(options);
            arguments.extend([name, target.as_str()]);
            self.run(&arguments);
            let analysis = open(&self.0.path(&file));
            assert_same(&format!("{name} {form}"), &rows(&analysis), expected);
        }
    }
}

impl Drop for Buildah<'_> {
    fn drop(&mut self) {
        // Containers hold mounts below the directory that is about to be removed.
        let (root, run_root) = (self.0.text("storage"), self.0.text("run"));
        let storage = [
            "--storage-driver",
            "vfs",
            "--root",
            &root,
            "--runroot",
            &run_root,
        ];
        let removed = Command::new("buildah")
            .args(storage)
            .args(["rm", "--all"])
            .output();
        if let Err(error) = removed {
            println!("containers are left: {error}");
        }
    }
}

#[test]
fn images_that_buildah_commits() {
    let Some(bench) = Bench::with(&["skopeo", "umoci", "buildah"], Rights::Root) else {
        return;
    };
    bench.skopeo("docker-archive:demo.tar", "oci:image:demo", &[]);
    let demo = bench.unpacked("image:demo", "rootfs");
    let buildah = Buildah(&bench);

    let container = buildah.run(&["from", "scratch"]);
    buildah.run(&["copy", "--quiet", &container, &bench.text("rootfs"), "/"]);
    let expected = buildah.commit(&container, "flat");
    assert_eq!(expected.len(), demo.len());
    buildah.compare("flat", &expected);

    let container = buildah.run(&["from", "--pull-never", "flat"]);
    let mounted = buildah.run(&["mount", &container]);
    change_everything(Path::new(&mounted));
    buildah.run(&["unmount", &container]);
    let expected = buildah.commit(&container, "changed");
    buildah.compare("changed", &expected);
    let analysis = open(&bench.path("changed-oci-archive"));
    assert_eq!(analysis.layers.len(), 2);
    assert!(analysis.layers[1].removed > 0 && analysis.totals.wasted_bytes > 0);
}
