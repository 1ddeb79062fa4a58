//! What reports say and where they go.

use std::fs;

use serde_json::Value;

use crate::desk::{Desk, Run, small, wasteful};
use crate::support::{Codec, LayerBuilder, Packing, docker_current, image};

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
    let fill = |l: LayerBuilder, owner| {
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
fn nothing_is_wider_than_the_terminal() {
    let desk = Desk::with(&wasteful());
    for width in [80, 60, 40] {
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
fn a_narrow_report_keeps_to_its_columns() {
    let desk = Desk::with(&wasteful());
    let layer = wasteful().layer_file(1, Codec::Gzip);
    desk.write("cut.tar.gz", &layer[..layer.len() - 20]);
    for arguments in [
        "app.tar --top 0",
        "app.tar",
        "cut.tar.gz",
        "app.tar --max-wasted-ratio 9% --floor-bytes 1GB",
    ] {
        let mut command = desk.command();
        command.env("COLUMNS", "40").args(arguments.split(' '));
        let run = Run::of(command.output().unwrap());
        for line in run.exits(0).stdout.lines() {
            assert!(line.chars().count() <= 40, "{line}");
        }
        if arguments.contains("ratio") {
            run.says("66.7 % against 9.0 %");
        }
    }
}

#[test]
fn a_rule_below_the_floor_does_not_contradict_itself() {
    Desk::with(&wasteful())
        .line("--ci --max-wasted-ratio 5% --floor-bytes 1GB app.tar")
        .exits(0)
        .says("PASS  max-wasted-ratio      66.7 % against 5.0 %")
        .says("not judged: the waste is below floor-bytes");
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
