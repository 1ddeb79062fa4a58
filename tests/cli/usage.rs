//! How the program is called, asked, stopped.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use crate::desk::{Desk, Run, small, wasteful};
use crate::support::{Codec, Packing, docker_current};

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
    desk.line("ls app.tar --format ncdu").exits(2);
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
    interrupt(&child);
    // The writer holds on and says nothing more.
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!(run.exits(130).stdout, "");
    drop(stdin);
}

#[test]
fn ctrl_c_ends_waiting_for_a_pipe_that_nobody_writes_to() {
    let desk = Desk::new();
    rustix::fs::mkfifoat(rustix::fs::CWD, desk.path("pipe"), 0o600.into()).unwrap();
    let child = desk.command().arg("pipe").stderr(Stdio::piped()).spawn();
    let child = child.unwrap();
    while !listens(&child) {
        std::thread::yield_now();
    }
    interrupt(&child);
    Run::of(child.wait_with_output().unwrap()).exits(130);
}

fn interrupt(child: &std::process::Child) {
    let id = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
}

/// Whether a process has a handler for Ctrl-C (proc(5), `SigCgt`).
fn listens(child: &std::process::Child) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
    caught & 1 << (rustix::process::Signal::INT.as_raw() - 1) != 0
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
    assert!(!help.stdout.contains("diff "), "{}", help.stdout);
    desk.line("man")
        .exits(0)
        .says(".TH")
        .says("COMMAND LS")
        .says("COMMAND STORE")
        .says("\\-\\-container");
    let script = desk.line("completions bash");
    script.exits(0).says("_layerscope");
    for option in ["--container", "--lower", "--upper", "--verify", "store"] {
        script.says(option);
    }
    desk.line("store --help")
        .exits(0)
        .says("Usage: layerscope store [OPTIONS] [DIRECTORY]")
        .says("Exit status:")
        .says("podman unshare");
    desk.line("-h").exits(0).says("layerscope /var/lib/docker");
    desk.line("--version").exits(0).says("layerscope 0.1.0");
}

#[test]
fn errors_say_what_helps_here() {
    let desk = Desk::with(&small());
    for flag in ["--config", "--ci-config"] {
        let run = desk.line(&format!("{flag} none.toml app.tar"));
        let error = "error: none.toml: no such file\n";
        assert_eq!(run.exits(2).stderr, error, "no advice about images");
        desk.line(&format!("{flag} home app.tar"))
            .exits(2)
            .complains("error: home: cannot be read: Is a directory");
    }
    let run = desk.line("-o none/x.json app.tar");
    let error = "error: cannot write none/x.json\n\
        caused by: No such file or directory (os error 2)\n\
        hint: make the directory first\n";
    assert_eq!(run.exits(2).stderr, error, "no name of a temporary file");
    let on = |input: &str, output: &str| {
        let mut command = desk.command();
        command.stdin(fs::File::open(desk.path(input)).unwrap());
        let output = fs::OpenOptions::new().write(true).open(output).unwrap();
        command.stdout(output).env("TMPDIR", "none").arg("-");
        Run::of(command.output().unwrap())
    };
    let run = on("app.tar", "/dev/full");
    assert!(!run.exits(2).stderr.contains("TMPDIR"), "{}", run.stderr);
    on("home", "/dev/null")
        .exits(2)
        .complains("it is a directory; name it instead");
    desk.write("app.tar.bz2", b"BZh91AY&SY");
    let line = "cat app.tar.bz2 /new";
    let mut command = desk.command();
    command.args(line.split(' ')).env("TMPDIR", "none");
    Run::of(command.output().unwrap())
        .exits(2)
        .complains("error: cannot write a temporary file in none\n")
        .complains("hint: set TMPDIR");
    // A report writes none.
    on("app.tar.bz2", "/dev/null")
        .exits(2)
        .complains("error: cannot read standard input");
}

#[test]
fn options_that_a_command_would_not_heed_are_refused() {
    let desk = Desk::with(&small());
    for (line, advice) in [
        ("ls --ci app.tar", "layerscope --ci IMAGE"),
        ("cat app.tar /new --ci", "layerscope --ci IMAGE"),
        ("--ci extract app.tar /new -o out", "layerscope --ci IMAGE"),
        ("ls app.tar --report json=r", "layerscope --report"),
        ("ls app.tar --dive-compat", "layerscope --dive-compat"),
        ("ls app.tar --top 3", "layerscope --top"),
        ("ls app.tar --layer 0", "--view 0"),
        ("app.tar --layer 0", "layerscope ls IMAGE --view 0"),
        ("open app.tar --layer 0", "layerscope ls IMAGE --view 0"),
        ("cat app.tar /new --json", "as they are"),
        ("extract app.tar /new -o out --format json", "as they are"),
    ] {
        let run = desk.line(line);
        run.exits(2).complains("error: ").complains(advice);
        assert_eq!(run.stdout, "", "{line}");
    }
    assert!(!desk.path("r").exists() && !desk.path("out").exists());
    let mut listing = desk.command();
    listing.env("CI", "true").args(["ls", "app.tar"]);
    Run::of(listing.output().unwrap()).exits(0);
}
