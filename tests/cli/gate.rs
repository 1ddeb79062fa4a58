//! What decides about the exit code: rules and where they come from.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::desk::{Desk, Run, small, wasteful};
use crate::support::{Codec, Packing, docker_current, image, tar};

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

/// Go before 1.8 wrote prefixes that a header of GNU has no field for: what they name is forbidden all the same.
#[test]
fn a_forbidden_path_is_found_in_a_prefix_under_the_magic_of_gnu() {
    let tool = tar::raw_entry(b"bin/tool", b'0', b"tool", |header| {
        header.as_mut_bytes()[345..354].copy_from_slice(b"opt/other");
    });
    let image = image().layer("COPY", |layer| layer.raw(tool)).build();
    let desk = Desk::with(&image);
    let forbidden = desk.line("--ci --json --forbid opt/** app.tar");
    let rule = &forbidden.exits(1).json()["rules"][0];
    assert_eq!(rule["paths"][0]["path"], "/opt/other/bin/tool");
    desk.line("--ci --forbid /bin/** app.tar").exits(0);
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
