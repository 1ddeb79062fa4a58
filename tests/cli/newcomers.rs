//! The command lines of those who come from dive and skopeo open what they mean, or name our word for it.

use std::fs;
use std::os::unix::fs::symlink;

use crate::desk::{Desk, Run, small};
use crate::support::{Codec, Packing, docker_current, image, oci};

#[test]
fn prefixes_of_dive_and_skopeo_open_what_they_mean() {
    let desk = Desk::with(&small());
    let packing = Packing::new(Codec::Gzip);
    let twice = |name: &str| {
        image()
            .name(name)
            .layer("ADD", |l| l.file(name, b"x"))
            .build()
    };
    let images = [twice("two:1"), twice("two:0")];
    let layout = oci(&[&images[0], &images[1]], packing);
    desk.write("two.tar", layout.archive(Codec::None));
    fs::create_dir(desk.path("two")).unwrap();
    layout.write_to(&desk.path("two"));
    let absolute = format!("docker-archive://{}", desk.path("app.tar").display());
    for (line, name) in [
        ("docker-archive://app.tar", "small:1"),
        (&absolute, "small:1"),
        ("--source docker-archive app.tar", "small:1"),
        ("docker-archive:app.tar:small:1", "small:1"),
        (
            "docker-archive:app.tar:docker.io/library/small:1",
            "small:1",
        ),
        ("docker-archive:app.tar:@0", "small:1"),
        // A tag is no position, and `@1` is no tag.
        ("oci-archive:two.tar:1", "two:1"),
        ("oci-archive:two.tar:0", "two:0"),
        ("oci-archive:two.tar:@1", "two:0"),
        ("oci:two:1", "two:1"),
        ("oci://two:two:0", "two:0"),
    ] {
        desk.line(line).exits(0).says(name);
    }
    desk.line("--image 0 oci:two:0")
        .exits(2)
        .complains("error: two images are named, 0 and --image 0\n");
    desk.line("oci:two:3")
        .exits(2)
        .complains("no image 3 in two")
        .complains("choose one with --image");
    desk.line("oci:three:1")
        .exits(2)
        .complains("three:1: no such file or directory");
    fs::rename(desk.path("two"), desk.path("two:1")).unwrap();
    desk.line("--image 1 oci:two:1").exits(0).says("two:0");
    desk.line("containers-storage:nothing")
        .exits(2)
        .complains("no such image in a local store of Podman");
    desk.line("--source docker nothing")
        .exits(2)
        .complains("no such image in a local store of Docker")
        .complains("skopeo copy docker://IMAGE oci-archive:image.tar");
}

#[test]
fn other_words_of_dive_name_ours() {
    let desk = Desk::with(&small());
    for (line, advice) in [
        (
            "-j out.json app.tar",
            "hint: dive's `-j FILE` is `--json -o FILE` here",
        ),
        ("--json out.json app.tar", "`--report dive=FILE`"),
        (
            "build -t app .",
            "docker build -t app . && docker save app | layerscope -",
        ),
        ("--ignore-errors app.tar", "`--allow-incomplete`"),
    ] {
        desk.line(line).exits(2).complains(advice);
    }
    assert!(!desk.path("out.json").exists());
    assert!(!desk.line("--frobnicate app.tar").stderr.contains("hint"));
}

#[test]
fn rules_of_dive_are_no_configuration() {
    let desk = Desk::with(&small());
    for name in ["dive.yml", "rules"] {
        desk.write(name, "# ours\nrules:\n  lowestEfficiency: 0.9\n");
        desk.line(&format!("--config {name} app.tar"))
            .exits(2)
            .complains(&format!(
                "error: {name}: these are rules of dive, no configuration\n"
            ))
            .complains(&format!("hint: read them with `--ci-config {name}`\n"));
        desk.line(&format!("--ci --ci-config {name} app.tar"))
            .exits(0);
    }
    desk.write("dive.yml", "rules:\n  lowestEfficiency: '95'\n");
    desk.line("--ci --ci-config dive.yml app.tar")
        .exits(2)
        .complains("'95' is more than the whole; write 0.95 or \"95%\"");
}

#[test]
fn no_report_takes_the_place_of_its_image() {
    let desk = Desk::with(&small());
    symlink("app.tar", desk.path("link.tar")).unwrap();
    fs::hard_link(desk.path("app.tar"), desk.path("hard.tar")).unwrap();
    let before = fs::read(desk.path("app.tar")).unwrap();
    let refused = |run: Run| {
        run.exits(2)
            .complains("is the image itself, or a part of it");
        assert_eq!(run.stdout, "");
        assert_eq!(fs::read(desk.path("app.tar")).unwrap(), before);
    };
    for output in ["app.tar", "./app.tar", "link.tar", "hard.tar"] {
        for line in [
            format!("app.tar -o {output}"),
            format!("app.tar --report json={output}"),
            format!("docker-archive:app.tar:small:1 --json -o {output}"),
            format!("ls app.tar -o {output}"),
            format!("cat app.tar /new -o {output}"),
        ] {
            refused(desk.line(&line));
        }
    }
    let mut piped = desk.command();
    piped.stdin(fs::File::open(desk.path("app.tar")).unwrap());
    refused(Run::of(
        piped.args(["-", "-o", "app.tar"]).output().unwrap(),
    ));

    let layout = docker_current(&[&small()], Packing::new(Codec::Gzip));
    fs::create_dir(desk.path("layout")).unwrap();
    layout.write_to(&desk.path("layout"));
    refused(desk.line("layout -o layout/index.json"));
    let blob = layout
        .names()
        .find(|name| name.starts_with("blobs/sha256/"))
        .unwrap();
    refused(desk.line(&format!("layout -o layout/{blob}")));
    // A report may lie beside what it is about, and be written again.
    for _ in 0..2 {
        desk.line("layout --json -o layout/report.json").exits(0);
    }
    // Whatever lies below a layer's directory is the layer's.
    fs::create_dir_all(desk.path("lay/deep")).unwrap();
    desk.write("lay/deep/manifest.json", "{}");
    for line in ["--lower lay", "--lower layout --upper lay/deep"] {
        refused(desk.line(&format!("{line} --json -o lay/deep/manifest.json")));
    }
    desk.line("--lower lay --json -o report.json").exits(0);
}
