//! The binary end to end: standard output, standard error, exit code.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::{Codec, Image, Packing, docker_current, image};
use tempfile::TempDir;

/// A working directory with images in it.
struct Desk {
    directory: TempDir,
}

impl Desk {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("home")).unwrap();
        Self { directory }
    }

    fn with(image: &Image) -> Self {
        let desk = Self::new();
        let packing = Packing::new(Codec::Gzip);
        desk.write(
            "app.tar",
            docker_current(&[image], packing).archive(Codec::None),
        );
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_layerscope"));
        command
            .current_dir(self.directory.path())
            .env_clear()
            .env("HOME", self.path("home"))
            .stdin(Stdio::null());
        command
    }

    fn run<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Run {
        Run::of(self.command().args(arguments).output().unwrap())
    }

    /// Splits at spaces.
    fn line(&self, line: &str) -> Run {
        self.run(line.split_whitespace())
    }
}

struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    fn says(&self, text: &str) -> &Self {
        assert!(
            self.stdout.contains(text),
            "no {text:?} in\n{}",
            self.stdout
        );
        self
    }

    #[track_caller]
    fn complains(&self, text: &str) -> &Self {
        assert!(
            self.stderr.contains(text),
            "no {text:?} in\n{}",
            self.stderr
        );
        self
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// 30 MB stored, 20 MB of them for nothing.
fn wasteful() -> Image {
    image()
        .name("app:1.4")
        .layer("ADD rootfs.tar.xz / # buildkit", |l| {
            l.dir("etc").file("etc/passwd", b"root:x:0:0\n")
        })
        .layer("RUN /bin/sh -c make # buildkit", |l| {
            l.dir("cache")
                .zeros("cache/one", 12_000_000)
                .zeros("cache/two", 8_000_000)
                .dir("app")
                .zeros("app/program", 10_000_000)
                .file("key.pem", b"secret")
        })
        .layer("RUN /bin/sh -c rm -rf /cache # buildkit", |l| {
            l.whiteout("cache").whiteout("key.pem")
        })
        .build()
}

fn small() -> Image {
    image()
        .name("small:1")
        .layer("ADD rootfs.tar.xz /", |l| {
            l.dir("etc")
                .file("etc/os-release.real", b"ID=test\n")
                .symlink("etc/os-release", "../etc/os-release.real")
                .symlink("etc/absolute", "/etc/os-release")
                .symlink("etc/climbing", "../../../../etc/os-release.real")
                .symlink("etc/loop", "loop")
                .symlink("etc/nowhere", "missing")
                .symlink("conf", "etc")
                .file("etc/line\nbreak\x1b[31m", b"x")
                .file(b"etc/bad\xFFname", b"x")
                .hardlink("etc/other", "etc/os-release.real")
                .fifo("pipe")
        })
        .layer("RUN rm", |l| {
            l.whiteout("etc/loop").file("new", b"new").mode(0o4755)
        })
        .build()
}

#[test]
fn the_summary_names_cause_and_maker_of_waste() {
    let desk = Desk::with(&wasteful());
    let run = desk.line("app.tar");
    run.exits(0)
        .says("app:1.4  linux/amd64  3 layers")
        .says("wasted 19.1 MiB (66.7 %)")
        .says("deleted-dir  /cache/ (2 files)")
        .says("RUN make")
        .says("RUN rm -rf /cache");
    assert_eq!(run.stderr, "");
    assert!(!run.stdout.contains('\x1b'), "no colours into a pipe");
}

#[test]
fn the_report_of_the_gate_reads_like_this() {
    let desk = Desk::new();
    let archive = docker_current(&[&wasteful()], Packing::new(Codec::None)).archive(Codec::None);
    desk.write("app.tar", archive);
    let run = desk.line("--ci --max-wasted-bytes 20MB --min-efficiency 30% app.tar");
    insta::assert_snapshot!(run.exits(1).stdout);
}

#[test]
fn an_image_without_layers_is_an_image() {
    let desk = Desk::with(&image().name("empty:1").build());
    desk.line("app.tar").exits(0).says("0 layers");
    desk.line("--ci app.tar").exits(0);
    assert_eq!(desk.line("ls app.tar").exits(0).stdout, "");
    desk.line("cat app.tar /x").exits(2);
    desk.line("ls app.tar --view layer:0").exits(0);
    desk.line("--dive-compat --ci app.tar").exits(0);
    assert_eq!(
        desk.line("--json app.tar").json()["totals"]["efficiency"],
        1.0
    );
}

#[test]
fn one_chown_is_one_line() {
    let fill = |l: support::LayerBuilder, owner| {
        l.dir("app")
            .owner(owner, 0)
            .dir("app/lib")
            .owner(owner, 0)
            .zeros("app/lib/one", 1000)
            .owner(owner, 0)
            .zeros("app/two", 1000)
            .owner(owner, 0)
    };
    let image = image()
        .layer("COPY app /app", |l| fill(l, 0))
        .layer("RUN chown -R 7 /app", |l| fill(l, 7))
        .build();
    Desk::with(&image)
        .line("app.tar")
        .exits(0)
        .says("metadata-only  /app/ (2 files)");
}

#[test]
fn devices_are_written_only_on_demand() {
    let image = image()
        .layer("ADD dev", |l| {
            l.dir("dev")
                .char_device("dev/null", 1, 3)
                .file("dev/file", b"x")
        })
        .build();
    let desk = Desk::with(&image);
    desk.line("ls app.tar /dev/null")
        .exits(0)
        .says("crw-r--r--  0:0  1,3");
    desk.line("extract app.tar /dev -o out")
        .exits(0)
        .complains("/dev/null: left out, a device");
    assert!(!desk.path("out/dev/null").exists());
    assert!(desk.path("out/dev/file").exists());
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    let desk = Desk::with(&wasteful());
    for width in [80, 60] {
        let output = desk
            .command()
            .env("COLUMNS", width.to_string())
            .args([
                "--ci",
                "--max-layers",
                "1",
                "--ascii",
                "--forbid",
                "*.pem",
                "app.tar",
            ])
            .output()
            .unwrap();
        let run = Run::of(output);
        assert!(run.stdout.is_ascii());
        for line in run.stdout.lines() {
            assert!(line.len() <= width, "{} > {width}: {line}", line.len());
        }
    }
}

#[test]
fn json_keeps_its_contract() {
    let desk = Desk::with(&wasteful());
    let first = desk.line("--json app.tar");
    let json = first.exits(0).json();
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["complete"], true);
    assert_eq!(json["source"]["kind"], "docker-archive");
    assert_eq!(json["source"]["locator"], "app.tar");
    assert_eq!(json["image"]["names"][0], "app:1.4");
    assert_eq!(json["totals"]["wasted_bytes"], 20_000_006);
    assert_eq!(json["waste"]["paths"][0]["path"], "/cache/one");
    assert_eq!(json["waste"]["paths"][0]["cause"], "deleted-dir");
    assert_eq!(json["waste"]["paths"][0]["created_in"], 1);
    assert_eq!(json["waste"]["paths"][0]["destroyed_in"], 2);
    assert_eq!(json["waste"]["omitted"], 0);
    assert_eq!(json["verdict"], Value::Null);
    let keys: Vec<&str> = json
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "schema_version",
            "complete",
            "source",
            "image",
            "totals",
            "layers",
            "waste",
            "rules",
            "verdict",
            "warnings"
        ]
    );
    let second = desk.line("app.tar --format json");
    assert_eq!(
        first.stdout, second.stdout,
        "the same input gives the same bytes"
    );
    let top = desk.line("--json --top 1 app.tar").json();
    assert_eq!(top["waste"]["paths"].as_array().unwrap().len(), 1);
    assert_eq!(top["waste"]["omitted"], 2);
}

#[test]
fn the_gate_decides() {
    let desk = Desk::with(&wasteful());
    desk.line("--ci app.tar")
        .exits(1)
        .says("the default budget applies")
        .says("FAIL  max-wasted-ratio      66.7 % > 10.0 %  (default)")
        .says("off   max-layers");
    desk.line("--ci --max-layers 3 app.tar")
        .exits(0)
        .says("PASS  max-layers            3 = 3  (--max-layers)");
    desk.line("--ci --max-layers 2 app.tar").exits(1);
    desk.line("--ci --max-wasted-bytes 20MB app.tar").exits(1);
    desk.line("--ci --max-wasted-bytes 20000006 app.tar")
        .exits(0);
    desk.line("--ci --max-wasted-ratio 50% --floor-bytes 21MB app.tar")
        .exits(0)
        .says("below floor-bytes");
    desk.line("--ci --max-wasted-bytes 100 --ignore /cache/** app.tar")
        .exits(0);
    desk.line("--ci --max-wasted-ratio off app.tar").exits(0);
    desk.line("--max-layers 2 app.tar")
        .exits(0)
        .complains("with --ci the exit code would be 1");
    let forbidden = desk.line("--ci --json --forbid *.pem app.tar");
    let rule = &forbidden.exits(1).json()["rules"][0];
    assert_eq!(rule["id"], "forbid");
    assert_eq!(rule["paths"][0]["path"], "/key.pem");
    assert_eq!(rule["paths"][0]["layer"], 1);
}

#[test]
fn ci_in_the_environment_gates_a_pipe() {
    let desk = Desk::with(&wasteful());
    for (value, code) in [("true", 1), ("1", 1), ("yes", 1), ("false", 0), ("", 0)] {
        let output = desk
            .command()
            .env("CI", value)
            .arg("app.tar")
            .output()
            .unwrap();
        Run::of(output).exits(code);
    }
    let output = desk
        .command()
        .env("CI", "true")
        .args(["ls", "app.tar"])
        .output()
        .unwrap();
    Run::of(output).exits(0);
}

#[test]
fn every_format_gates_and_several_reports_are_written() {
    let desk = Desk::with(&wasteful());
    desk.line("--ci --json -o out.json --report text=out.txt --report dive=dive.json app.tar")
        .exits(1);
    let json: Value = serde_json::from_slice(&fs::read(desk.path("out.json")).unwrap()).unwrap();
    assert_eq!(json["verdict"], "fail");
    assert_eq!(json["rules"][0]["source"], "default");
    assert!(
        fs::read_to_string(desk.path("out.txt"))
            .unwrap()
            .contains("FAIL")
    );
    let dive: Value = serde_json::from_slice(&fs::read(desk.path("dive.json")).unwrap()).unwrap();
    assert_eq!(dive["layer"][1]["index"], 1);
    assert!(dive["image"]["efficiencyScore"].is_number());
    let left: Vec<_> = fs::read_dir(desk.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".layerscope"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    desk.line("app.tar -o missing/out.txt")
        .exits(2)
        .complains("cannot write missing/out.txt");
}

#[test]
fn a_report_replaces_a_link_and_does_not_follow_it() {
    let desk = Desk::with(&small());
    desk.write("victim", "precious");
    std::os::unix::fs::symlink("victim", desk.path("out.txt")).unwrap();
    desk.line("app.tar -o out.txt").exits(0);
    assert_eq!(fs::read_to_string(desk.path("victim")).unwrap(), "precious");
    assert!(
        fs::read_to_string(desk.path("out.txt"))
            .unwrap()
            .contains("small:1")
    );
}

#[test]
fn a_closed_pipe_is_quiet_and_does_not_pass_a_failing_image() {
    let desk = Desk::with(&wasteful());
    for (arguments, code) in [
        (&["--ci", "app.tar"][..], 1),
        (&["--ci", "--json", "--max-layers", "9", "app.tar"][..], 0),
        (&["ls", "app.tar"][..], 0),
        (&["cat", "app.tar", "/app/program"][..], 0),
    ] {
        let mut child = desk
            .command()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let run = Run::of(output);
        run.exits(code);
        assert!(!run.stderr.contains("ipe"), "{}", run.stderr);
    }
}

#[test]
fn a_damaged_layer_gives_no_verdict() {
    let desk = Desk::new();
    let image = small();
    let mut members = docker_current(&[&image], Packing::new(Codec::None));
    let blob = members
        .names()
        .filter(|name| name.contains("sha256/"))
        .max_by_key(|name| members.get(name).map_or(0, <[u8]>::len))
        .unwrap()
        .to_owned();
    let mut bytes = members.get(&blob).unwrap().to_vec();
    bytes.truncate(bytes.len() / 2);
    members.replace(&blob, bytes);
    desk.write("app.tar", members.archive(Codec::None));
    desk.line("app.tar").exits(0).says("incomplete");
    desk.line("--ci --max-layers 9 app.tar")
        .exits(2)
        .complains("no verdict");
    desk.line("--ci --max-layers 9 --allow-incomplete app.tar")
        .exits(0);
    desk.line("--ci --max-layers 1 --allow-incomplete app.tar")
        .exits(1);
    let json = desk.line("--json --ci --max-layers 9 app.tar");
    assert_eq!(json.exits(2).json()["verdict"], "fail");
    assert_eq!(json.json()["complete"], false);
}

#[test]
fn rules_come_from_files_too() {
    let desk = Desk::with(&wasteful());
    desk.write(".dive-ci", "rules:\n  highestWastedBytes: 1MB\n");
    desk.line("app.tar").exits(0);
    desk.line("--ci app.tar")
        .exits(1)
        .says("(.dive-ci highestWastedBytes)")
        .complains("thresholds apply to layerscope's own figures");
    desk.line("--ci --highestWastedBytes 30MB app.tar").exits(0);
    // To dive, a removed directory wastes nothing.
    desk.line("--ci --dive-compat app.tar")
        .exits(0)
        .says("highestWastedBytes")
        .says("(dive's default)");
    desk.write(".layerscope.toml", "[rules]\nmax-layers = 3\n");
    desk.line("--ci app.tar")
        .exits(0)
        .complains(".dive-ci is not read");
    desk.line("--ci --ci-config .dive-ci app.tar").exits(1);
    desk.write("other.toml", "[rules]\nmax-layers = 2\n");
    desk.line("--ci --config other.toml app.tar")
        .exits(1)
        .says("(other.toml)");
    let output = desk
        .command()
        .env("LAYERSCOPE_MAX_LAYERS", "1")
        .args(["--ci", "app.tar"])
        .output()
        .unwrap();
    Run::of(output).exits(1).says("(LAYERSCOPE_MAX_LAYERS)");
    desk.write(".layerscope.toml", "[rules]\nmax-layer = 3\n");
    desk.line("app.tar")
        .exits(2)
        .complains("error: .layerscope.toml:2: unknown rule 'max-layer'")
        .complains("hint: did you mean 'max-layers'?");
    desk.line("--config missing.toml app.tar")
        .exits(2)
        .complains("missing.toml");
}

#[test]
fn near_misses_of_variables_are_errors() {
    let desk = Desk::with(&small());
    let with = |name: &str| {
        Run::of(
            desk.command()
                .env(name, "1")
                .arg("app.tar")
                .output()
                .unwrap(),
        )
    };
    with("LAYERSCOPE_MAX_LAYER")
        .exits(2)
        .complains("did you mean LAYERSCOPE_MAX_LAYERS?");
    with("LAYERSCOPE_VERSION").exits(0);
}

#[test]
fn the_printed_configuration_reads_back() {
    let desk = Desk::new();
    desk.write(
        ".layerscope.toml",
        "[rules]\nmax-layers = 3\nforbid = [\"**/*.pem\"]\n[ui]\nunits = \"si\"\n",
    );
    let first = desk.line("--print-config --max-wasted-ratio 5%");
    first
        .exits(0)
        .says("max-layers = 3  # .layerscope.toml")
        .says("max-wasted-ratio = 0.05  # --max-wasted-ratio");
    desk.write(".layerscope.toml", &first.stdout);
    let second = desk.line("--print-config");
    assert_eq!(
        second
            .stdout
            .replace("# --max-wasted-ratio", "# .layerscope.toml"),
        first
            .stdout
            .replace("# --max-wasted-ratio", "# .layerscope.toml")
            .replace("# default", "# .layerscope.toml")
    );
}

#[test]
fn usage_mistakes_exit_with_two() {
    let desk = Desk::with(&small());
    let missing = desk.line("");
    missing.exits(2).complains("docker save app:1.4");
    assert_eq!(missing.stdout, "");
    desk.line("missing.tar")
        .exits(2)
        .complains("error: ")
        .complains("hint: ");
    desk.line("--format sarif app.tar")
        .exits(2)
        .complains("it writes text, json, dive");
    desk.line("--report sarif=x app.tar")
        .exits(2)
        .complains("it writes text, json, dive");
    desk.line("diff a b")
        .exits(2)
        .complains("no command 'diff'");
    desk.line("store").exits(2).complains("no command 'store'");
    desk.line("app.tar ls app.tar")
        .exits(2)
        .complains("write the command first");
    desk.line("--max-layers many app.tar")
        .exits(2)
        .complains("error: --max-layers: 'many' is not a whole number");
    desk.line("--forbid-secrets app.tar")
        .exits(2)
        .complains("not supported by this version");
    desk.line("--min-efficiency 95 app.tar").exits(2);
    desk.line("--platform / app.tar")
        .exits(2)
        .complains("is no platform");
    desk.line("ls app.tar --format dive").exits(2);
    desk.line("extract app.tar /etc")
        .exits(2)
        .complains("-o DIR");
}

#[test]
fn an_image_named_like_a_command_can_be_opened() {
    let desk = Desk::with(&small());
    fs::copy(desk.path("app.tar"), desk.path("ls")).unwrap();
    desk.line("open ls").exits(0).says("small:1");
    desk.line("./ls").exits(0).says("small:1");
    desk.line("-- ls").exits(0).says("small:1");
}

#[test]
fn standard_input_is_an_image_too() {
    let desk = Desk::with(&small());
    let file = fs::File::open(desk.path("app.tar")).unwrap();
    let output = desk.command().arg("-").stdin(file).output().unwrap();
    Run::of(output).exits(0).says("small:1");
}

#[test]
fn ctrl_c_ends_with_130() {
    let desk = Desk::with(&small());
    let mut child = desk
        .command()
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // More than a pipe holds: once this is written, the other side is reading and listens to signals.
    stdin.write_all(&wasteful_archive()).unwrap();
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    drop(stdin);
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!(run.exits(130).stdout, "");
}

/// Two megabytes of an archive that goes on.
fn wasteful_archive() -> Vec<u8> {
    let packing = Packing::new(Codec::None);
    let mut archive = docker_current(&[&wasteful()], packing).archive(Codec::None);
    archive.truncate(2 * 1024 * 1024);
    archive
}

#[test]
fn help_shows_examples_and_no_reserved_command() {
    let desk = Desk::new();
    let help = desk.line("--help");
    help.exits(0)
        .says("Examples:")
        .says("Exit status:")
        .says("--max-wasted-bytes");
    assert!(!help.stdout.contains("store "), "{}", help.stdout);
    desk.line("man").exits(0).says(".TH").says("COMMAND LS");
    desk.line("completions bash").exits(0).says("_layerscope");
    desk.line("--version").exits(0).says("layerscope 0.1.0");
}

#[test]
fn colours_follow_the_rules() {
    let desk = Desk::with(&small());
    desk.line("--color always app.tar").exits(0).says("\x1b[");
    let with = |name: &str| {
        Run::of(
            desk.command()
                .env(name, "1")
                .arg("app.tar")
                .output()
                .unwrap(),
        )
    };
    with("CLICOLOR_FORCE").says("\x1b[");
    assert!(!with("NO_COLOR").stdout.contains('\x1b'));
}

#[test]
fn ls_lists_rows_like_ls() {
    let desk = Desk::with(&small());
    let run = desk.line("ls app.tar /etc");
    run.exits(0)
        .says("/etc/line\\x0Abreak\\x1B[31m\n")
        .says("/etc/bad\\xFFname\n")
        .says("/etc/os-release -> ../etc/os-release.real\n");
    assert!(!run.stdout.contains('\x1b'));
    desk.line("ls app.tar /new")
        .exits(0)
        .says("-rwsr-xr-x  0:0  3  ");
    desk.line("ls app.tar --view layer:1")
        .exits(0)
        .says("D deleted")
        .says("A -rwsr-xr-x");
    desk.line("ls app.tar --view 0 /etc/loop")
        .exits(0)
        .says("-> loop");
    desk.line("ls app.tar /conf/os-release.real")
        .exits(0)
        .says("/etc/os-release.real");
    desk.line("ls app.tar --view layer:1 /etc")
        .exits(0)
        .says("/etc/loop");
    desk.line("ls app.tar --view 7")
        .exits(2)
        .complains("there is no layer 7");
    desk.line("ls app.tar /etc/loop")
        .exits(2)
        .complains("no /etc/loop in the merged view")
        .complains("layer 0 stores it, layer 1 deletes it; look with --layer 0");
}

#[test]
fn ls_writes_json_lines() {
    let desk = Desk::with(&small());
    let run = desk.line("ls app.tar --format json");
    let rows: Vec<Value> = run
        .exits(0)
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let row = |path: &str| rows.iter().find(|row| row["path"] == path).unwrap();
    let keys: Vec<&str> = row("/new")
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "path", "type", "mode", "uid", "gid", "size", "nlink", "mtime", "link", "layer",
            "change"
        ]
    );
    assert_eq!(row("/new")["mode"], "4755");
    assert_eq!(row("/new")["layer"], 1);
    assert_eq!(row("/etc/other")["type"], "file");
    assert_eq!(row("/etc/other")["nlink"], 2);
    assert_eq!(row("/etc/other")["size"], 8);
    assert_eq!(row("/etc/bad\\xFFname")["path_b64"], "L2V0Yy9iYWT/bmFtZQ==");
    assert_eq!(row("/conf")["link"], "etc");
    let layer = desk.line("ls app.tar --format json --view layer:1");
    layer
        .says(r#""path":"/etc/loop","type":"whiteout""#)
        .says(r#""change":"removed""#);
}

#[test]
fn cat_follows_links_inside_the_image() {
    let desk = Desk::with(&small());
    for path in [
        "/etc/os-release.real",
        "etc/os-release",
        "/etc/absolute",
        "/etc/climbing",
        "/conf/other",
        "/etc/../../conf/./absolute",
    ] {
        let run = desk.run(["cat", "app.tar", path]);
        assert_eq!(run.exits(0).stdout, "ID=test\n", "{path}");
    }
    desk.line("cat app.tar /etc")
        .exits(2)
        .complains("/etc is a directory")
        .complains("layerscope ls");
    desk.line("cat app.tar /")
        .exits(2)
        .complains("/ is a directory");
    desk.line("cat app.tar /pipe")
        .exits(2)
        .complains("named pipe");
    desk.line("cat app.tar /etc/nowhere")
        .exits(2)
        .complains("no /etc/missing");
    desk.line("cat app.tar /etc/loop --layer 0")
        .exits(2)
        .complains("circle of symbolic links");
    desk.line("cat app.tar /new --layer 0")
        .exits(2)
        .complains("layer 1 stores it");
}

#[test]
fn extract_writes_files_with_their_metadata() {
    let desk = Desk::with(&small());
    let run = desk.line("extract app.tar / -o out");
    run.exits(0).complains("written below out");
    let out = desk.path("out");
    assert_eq!(
        fs::read(out.join("etc/os-release.real")).unwrap(),
        b"ID=test\n"
    );
    assert_eq!(
        fs::read_link(out.join("etc/absolute")).unwrap(),
        Path::new("/etc/os-release")
    );
    let inode = |name: &str| fs::metadata(out.join(name)).unwrap().ino();
    assert_eq!(inode("etc/other"), inode("etc/os-release.real"));
    assert!(!out.join("etc/loop").exists());
    let mode = fs::metadata(out.join("new")).unwrap().permissions().mode() & 0o7777;
    // Without the right to give files away, setuid must not turn into ours.
    assert!(mode == 0o4755 || mode == 0o755, "{mode:o}");
    desk.line("extract app.tar /new -o out")
        .exits(2)
        .complains("refused to write out/new: it exists");
    let quiet = desk.line("-q extract app.tar /etc/other -o single --no-owner");
    assert_eq!(quiet.exits(0).stderr, "");
    assert_eq!(
        fs::read(desk.path("single/etc/other")).unwrap(),
        b"ID=test\n"
    );
    desk.line("extract app.tar /new -o plain --no-owner")
        .exits(0);
    assert_eq!(
        fs::metadata(desk.path("plain/new"))
            .unwrap()
            .permissions()
            .mode()
            & 0o7777,
        0o755
    );
}

#[test]
fn extract_never_leaves_its_directory() {
    let hostile = image()
        .layer("ADD evil", |l| {
            l.file("../../escape", b"evil")
                .file("/absolute", b"evil")
                .symlink("link", "/tmp")
                .symlink("up", "..")
                .hardlink("hard", "../../../../etc/passwd")
                .file("new\nline", b"x")
        })
        .layer("RUN evil", |l| {
            l.file("link/through", b"evil").file("up/through", b"evil")
        })
        .build();
    let desk = Desk::with(&hostile);
    fs::create_dir(desk.path("in")).unwrap();
    desk.line("extract app.tar / -o in/out --no-owner").exits(0);
    let out = desk.path("in/out");
    assert_eq!(fs::read(out.join("escape")).unwrap(), b"evil");
    assert_eq!(fs::read(out.join("absolute")).unwrap(), b"evil");
    assert_eq!(fs::read(out.join("new\nline")).unwrap(), b"x");
    // An entry below a link replaces the link by a directory.
    assert_eq!(fs::read(out.join("link/through")).unwrap(), b"evil");
    assert!(!out.join("hard").exists());
    let beside: Vec<_> = fs::read_dir(desk.path("in")).unwrap().collect();
    assert_eq!(beside.len(), 1, "only the directory itself");
    assert!(!Path::new("/tmp/through").exists());
}

#[test]
fn extract_refuses_links_in_the_way() {
    let desk = Desk::with(&small());
    fs::create_dir(desk.path("elsewhere")).unwrap();
    fs::create_dir(desk.path("out")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", desk.path("out/etc")).unwrap();
    desk.line("extract app.tar /etc -o out")
        .exits(2)
        .complains("a link or a file stands where a directory should be");
    assert_eq!(fs::read_dir(desk.path("elsewhere")).unwrap().count(), 0);
    fs::create_dir(desk.path("file")).unwrap();
    std::os::unix::fs::symlink("../elsewhere/new", desk.path("file/new")).unwrap();
    desk.line("extract app.tar /new -o file")
        .exits(2)
        .complains("refused to write file/new");
    assert_eq!(fs::read_dir(desk.path("elsewhere")).unwrap().count(), 0);
}
