//! Documents of an image that cannot be read: the gate is not passed by what was not looked at.

use std::fs;
use std::os::unix::fs::symlink;

use layerscope::limits;
use serde_json::{Value, json};

use crate::desk::{Desk, Run};
use crate::support::tar::{BLOCK, pax, raw_entry};
use crate::support::{
    Codec, Image, Index, Members, Packing, docker_current, docker_legacy, image, oci,
};

fn app() -> Image {
    image()
        .name("app:1")
        .layer("ADD x", |l| {
            l.dir("etc").file("etc/passwd", b"root:x:0:0\n")
        })
        .build()
}

fn packing() -> Packing {
    Packing::new(Codec::Gzip)
}

/// A document that both read, with something odd where nobody asks.
fn with(document: &str, odd: &str) -> Vec<u8> {
    let (before, behind) = document.split_once('{').unwrap();
    format!("{before}{{\"x\":{odd},{behind}").into()
}

/// What engines read and this program does not.
fn beyond_us(document: &str) -> Vec<(&'static str, Vec<u8>)> {
    let deep = [["["; 200], ["]"; 200]].concat().concat();
    vec![
        ("depth", with(document, &deep)),
        ("surrogate", with(document, r#""\ud800""#)),
        ("number", with(document, "1e999")),
    ]
}

/// The same, megabytes of it.
fn too_much(document: &str) -> Vec<(&'static str, Vec<u8>)> {
    let many = format!("[{}0]", "0,".repeat(limits::JSON_VALUES));
    let longest = usize::try_from(limits::DOCUMENT_BYTES).unwrap();
    let long = format!("\"{}\"", "x".repeat(longest));
    vec![
        ("values", with(document, &many)),
        ("length", with(document, &long)),
    ]
}

/// What nobody reads.
fn beyond_all(document: &str) -> Vec<(&'static str, Vec<u8>)> {
    let wide = document.encode_utf16().flat_map(u16::to_le_bytes);
    vec![
        ("empty", Vec::new()),
        ("blanks", b" \n".to_vec()),
        ("words", b"garbage".to_vec()),
        ("cut", document.as_bytes()[..document.len() / 2].into()),
        ("wide", [0xFF, 0xFE].into_iter().chain(wide).collect()),
    ]
}

fn document(members: &Members, name: &str) -> String {
    String::from_utf8(members.get(name).unwrap().to_vec()).unwrap()
}

/// The gate ends with exit code 2 and names file, document and what to do.
#[track_caller]
fn refuses(run: &Run, input: &str, document: &str) {
    run.exits(2).complains("hint: ");
    let first = run.stderr.lines().next().unwrap_or_default();
    let expected = format!("error: {input}: {document} cannot be used: ");
    assert!(first.starts_with(&expected), "{first}");
    assert!(first.len() > expected.len(), "{first}");
}

fn below(members: &Members, top: &str) -> Members {
    let mut moved = Members::default();
    for name in members.names() {
        match members.get(name) {
            Some(bytes) => moved.file(&format!("{top}/{name}"), bytes),
            None => moved.dir(&format!("{top}/{name}")),
        }
    }
    moved
}

#[test]
fn a_manifest_that_only_engines_read_is_refused_wherever_it_stands() {
    let desk = Desk::new();
    let whole = docker_legacy(&[&app()], packing());
    let manifest = document(&whole, "manifest.json");
    for (what, bytes) in [beyond_us(&manifest), beyond_all(&manifest)].concat() {
        let mut members = whole.clone();
        members.replace("manifest.json", bytes);
        for codec in [Codec::None, Codec::Gzip, Codec::Zstd] {
            desk.write("app.tar", members.archive(codec));
            refuses(&desk.line("--ci app.tar"), "app.tar", "manifest.json");
            desk.write("app.tar", below(&members, "save").archive(codec));
            let run = desk.line("--ci app.tar");
            refuses(&run, "app.tar", "manifest.json");
            run.complains("layerscope layer:app.tar");
        }
        let directory = desk.path(what);
        fs::create_dir(&directory).unwrap();
        members.write_to(&directory);
        refuses(&desk.run(["--ci", what]), what, "manifest.json");
        desk.run(["layer:app.tar"]).exits(0);
    }
}

#[test]
fn a_manifest_beyond_the_limits_is_refused() {
    let desk = Desk::new();
    let mut members = docker_legacy(&[&app()], packing());
    let manifest = document(&members, "manifest.json");
    for ((_, bytes), limit) in too_much(&manifest).into_iter().zip(["1000000", "16.0 MiB"]) {
        members.replace("manifest.json", bytes);
        desk.write("app.tar", members.archive(Codec::Zstd));
        let run = desk.line("--ci app.tar");
        refuses(&run, "app.tar", "manifest.json");
        run.complains(limit);
    }
}

/// Names of members are free: nothing but the manifest makes these an image.
#[test]
fn free_names_and_directories_of_a_root_do_not_hide_an_image() {
    let desk = Desk::new();
    let image = app();
    let mut members = Members::default();
    for name in ["etc", "usr", "var", "bin"] {
        members.dir(name);
    }
    members.file("c", image.config());
    members.file("l", image.layer_file(0, Codec::None));
    let manifest = json!([{ "Config": "c", "RepoTags": ["app:1"], "Layers": ["l"] }]).to_string();
    members.file("manifest.json", manifest.clone());
    desk.write("app.tar", members.archive(Codec::None));
    desk.line("--ci app.tar").exits(0).says("app:1");
    for (what, bytes) in [beyond_us(&manifest), too_much(&manifest)].concat() {
        members.replace("manifest.json", bytes);
        desk.write("app.tar", members.archive(Codec::None));
        let run = desk.line("--ci app.tar");
        assert_eq!(run.code, Some(2), "{what}");
        refuses(&run, "app.tar", "manifest.json");
    }
    let far = [b" ".repeat(9000), vec![b'['; 200], vec![b']'; 200]].concat();
    members.replace("manifest.json", far);
    desk.write("app.tar", members.archive(Codec::None));
    refuses(&desk.line("--ci app.tar"), "app.tar", "manifest.json");
}

#[test]
fn layouts_and_first_archives_are_refused_as_well() {
    let desk = Desk::new();
    let layout = oci(&[&app()], packing());
    let mut legacy = docker_legacy(&[&app()], packing());
    legacy.remove("manifest.json");
    for (whole, name) in [(layout, "index.json"), (legacy, "repositories")] {
        let text = document(&whole, name);
        for (_, bytes) in [beyond_us(&text), beyond_all(&text)].concat() {
            let mut members = whole.clone();
            members.replace(name, bytes);
            desk.write("app.tar", members.archive(Codec::None));
            refuses(&desk.line("--ci app.tar"), "app.tar", name);
            members.remove("oci-layout");
            desk.write("app.tar", members.archive(Codec::Gzip));
            refuses(&desk.line("--ci app.tar"), "app.tar", name);
        }
    }
}

#[test]
fn documents_that_are_no_files_are_refused() {
    let image = app();
    let whole = docker_legacy(&[&image], packing());
    let manifest = document(&whole, "manifest.json");
    let mut rest = whole;
    rest.remove("manifest.json");
    let mut rest = rest.archive(Codec::None);
    rest.truncate(rest.len() - 2 * BLOCK);
    let link = |target: &str| {
        raw_entry(b"manifest.json", b'2', b"", |header| {
            header.set_link_name(target).unwrap();
        })
    };
    let sparse = [
        pax::header(
            b'x',
            b"PaxHeader/x",
            &[
                (b"GNU.sparse.name", b"manifest.json"),
                (b"GNU.sparse.size", manifest.len().to_string().as_bytes()),
                (
                    b"GNU.sparse.map",
                    format!("0,{}", manifest.len()).as_bytes(),
                ),
            ],
        ),
        raw_entry(b"GNUSparseFile.0/x", b'0', manifest.as_bytes(), |_| ()),
    ];
    let desk = Desk::new();
    for (what, entry) in [
        ("directory", raw_entry(b"manifest.json/", b'5', b"", |_| ())),
        ("device", raw_entry(b"manifest.json", b'3', b"", |_| ())),
        ("pipe", raw_entry(b"manifest.json", b'6', b"", |_| ())),
        ("loop", link("manifest.json")),
        ("dangling", link("elsewhere")),
        ("sparse", sparse.concat()),
    ] {
        let mut tar = [&rest[..], &entry].concat();
        tar.resize(tar.len() + 2 * BLOCK, 0);
        desk.write("app.tar", &tar);
        let run = desk.line("--ci app.tar");
        assert_eq!(run.code, Some(2), "{what}");
        refuses(&run, "app.tar", "manifest.json");
    }
    for (what, target) in [("self", "manifest.json"), ("nowhere", "elsewhere")] {
        let directory = desk.path(what);
        fs::create_dir(&directory).unwrap();
        symlink(target, directory.join("manifest.json")).unwrap();
        refuses(&desk.run(["--ci", what]), what, "manifest.json");
    }
}

/// A member that a layer would take for a marker removes no member.
#[test]
fn markers_beside_a_manifest_hide_nothing() {
    let desk = Desk::new();
    for marker in [".wh.manifest.json", ".wh..wh..opq"] {
        let mut members = docker_legacy(&[&app()], packing());
        members.file(marker, b"");
        desk.write("app.tar", members.archive(Codec::None));
        desk.line("--ci app.tar").exits(0).says("app:1");
    }
}

#[test]
fn a_document_that_is_there_twice_gives_no_verdict() {
    let desk = Desk::new();
    let one = docker_legacy(&[&app()], packing());
    let other = json!([{ "Config": "c", "Layers": [] }]).to_string();
    for (text, code) in [(other, 2), (document(&one, "manifest.json"), 0)] {
        let mut tar = raw_entry(b"./manifest.json", b'0', text.as_bytes(), |_| ());
        tar.extend(one.archive(Codec::None));
        desk.write("app.tar", tar);
        let run = desk.line("--ci app.tar");
        run.exits(code).says("app:1");
        assert_eq!(run.stdout.contains("manifest.json is there"), code == 2);
        desk.line("app.tar").exits(0);
        desk.line("--ci --allow-incomplete app.tar").exits(0);
    }
}

/// Two lists of layers in one object: what is shown is what engines take.
#[test]
fn keys_are_those_that_engines_take() {
    let desk = Desk::new();
    let image = app();
    let mut members = Members::default();
    members.file("c", image.config());
    members.file("empty", Codec::None.compress(&[0; 1024]));
    members.file("l", image.layer_file(0, Codec::None));
    for keys in [
        r#""Layers":["empty"],"layers":["l"]"#,
        "\"Layer\u{17F}\":[\"l\"]",
    ] {
        members.replace("manifest.json", format!("[{{\"Config\":\"c\",{keys}}}]"));
        desk.write("app.tar", members.archive(Codec::None));
        desk.line("ls app.tar /etc/passwd").exits(0);
    }
}

/// One of two descriptions is enough, unless the other may describe something else.
#[test]
fn half_an_archive_is_shown_and_gates_only_where_nobody_reads_the_other_half() {
    let desk = Desk::new();
    let whole = docker_current(&[&app()], packing());
    for name in ["manifest.json", "index.json"] {
        let text = document(&whole, name);
        let odd = beyond_us(&text).into_iter().map(|(_, bytes)| (bytes, 2));
        let broken = beyond_all(&text).into_iter().map(|(_, bytes)| (bytes, 0));
        let foreign = [(b"[]".to_vec(), 0), (b"{}".to_vec(), 0)];
        for (bytes, code) in odd.chain(broken).chain(foreign) {
            let mut members = whole.clone();
            members.replace(name, bytes);
            desk.write("app.tar", members.archive(Codec::None));
            desk.line("app.tar").exits(0).says("app:1");
            let run = desk.line("--ci --json app.tar");
            run.exits(code);
            let report: Value = run.json();
            assert_eq!(report["complete"], code == 0);
            let warnings = report["warnings"].to_string();
            let is_told = warnings.contains("unread-document") && warnings.contains(name);
            assert_eq!(is_told, code == 2, "{warnings}");
        }
    }
}

#[test]
fn an_image_that_was_not_read_is_not_passed_over() {
    let desk = Desk::new();
    let (one, other) = (
        app(),
        image()
            .name("other:2")
            .layer("ADD y", |l| l.file("y", b"y")),
    );
    let other = other.build();
    for index in [Index::Flat, Index::Nested] {
        let whole = oci(&[&one, &other], packing().index(index));
        let inner: Vec<String> = whole
            .names()
            .filter(|name| {
                let text = whole
                    .get(name)
                    .map(|bytes| bytes.escape_ascii().to_string());
                name.starts_with("blobs/")
                    && text
                        .is_some_and(|text| text.contains(&other.id()) && text.contains("config"))
            })
            .map(str::to_owned)
            .collect();
        assert_eq!(inner.len(), 1, "{inner:?}");
        let text = document(&whole, &inner[0]);
        for (what, bytes) in beyond_us(&text) {
            let mut members = whole.clone();
            members.replace(&inner[0], bytes);
            desk.write("app.tar", members.archive(Codec::None));
            let run = desk.line("--ci app.tar");
            assert_eq!(run.code, Some(2), "{what}: {}", run.stdout);
            run.complains("app.tar holds 2 images")
                .complains("(unusable)");
            desk.line("--ci app.tar --image app:1").exits(0);
            desk.line("--ci app.tar --image other:2").exits(2);
        }
    }
}

#[test]
fn root_file_systems_with_files_of_such_names_stay_layers() {
    let desk = Desk::new();
    let web = r#"{"name":"App","icons":[{"src":"a.png"}],"manifest_version":3}"#;
    let commented = format!("// for the browser\n{web}");
    let odd = beyond_us(web).into_iter().map(|(_, bytes)| bytes);
    let broken = beyond_all(web).into_iter().map(|(_, bytes)| bytes);
    let texts = odd.chain(broken).chain([web.into(), commented.into()]);
    for text in texts {
        for name in ["manifest.json", "index.json", "repositories"] {
            let mut root = Members::default();
            root.dir("etc");
            root.file("usr/bin/x", b"x");
            root.symlink("bin", "usr/bin");
            root.file("index.html", b"<html>");
            root.file(name, text.clone());
            desk.write("root.tar", root.archive(Codec::Gzip));
            let run = desk.line("--ci --json root.tar");
            assert_eq!(run.exits(0).json()["source"]["kind"], "layer", "{name}");
        }
    }
    let mut dist = Members::default();
    dist.file("index.html", b"<html>");
    dist.file("manifest.json", web);
    desk.write("dist.tar", dist.archive(Codec::None));
    desk.line("--ci dist.tar").exits(0);
    let mut keys = Members::default();
    keys.file("apk/repositories", "https://example.org/main\n");
    keys.file("apk/arch", "x86_64\n");
    desk.write("apk.tar", keys.archive(Codec::None));
    desk.line("--ci apk.tar").exits(0);
}

#[test]
fn a_layer_can_be_insisted_on() {
    let desk = Desk::new();
    let mut dist = Members::default();
    dist.file("index.html", b"<html>");
    dist.file("manifest.json", "// {\n}");
    for codec in [Codec::None, Codec::Zstd] {
        desk.write("dist.tar", dist.archive(codec));
        let run = desk.line("--ci dist.tar");
        refuses(&run, "dist.tar", "manifest.json");
        run.complains("layerscope layer:dist.tar");
        desk.line("--ci layer:dist.tar").exits(0);
        desk.line("ls layer:dist.tar /manifest.json").exits(0);
    }
    desk.write("words", b"no archive at all");
    desk.line("layer:words").exits(2).complains(
        "expected a tar archive of a layer or a root file system, found it looks like a text file",
    );
    desk.write("noise", [0xAA; 3000]);
    desk.line("layer:noise")
        .exits(2)
        .complains("no tar archive");
    fs::create_dir(desk.path("directory")).unwrap();
    desk.line("layer:directory")
        .exits(2)
        .complains("found a directory");
}

/// Documents stand last in what `docker save` writes.
#[test]
fn a_manifest_behind_many_members_is_not_overlooked() {
    let mut tar = Vec::new();
    for number in 0..=limits::ARCHIVE_MEMBERS {
        tar.extend(raw_entry(
            format!("f{number}").as_bytes(),
            b'0',
            b"",
            |_| (),
        ));
    }
    let members = docker_legacy(&[&app()], packing()).archive(Codec::None);
    let desk = Desk::new();
    desk.write("app.tar", [&tar[..], &members].concat());
    desk.line("--ci app.tar").exits(2).complains(
        "app.tar: the number of members of an archive that is an image exceeds the limit of 200000",
    );
    tar.extend([0; 2 * BLOCK]);
    desk.write("app.tar", tar);
    let run = desk.line("--ci --json app.tar");
    assert_eq!(
        run.exits(0).json()["totals"]["paths"],
        limits::ARCHIVE_MEMBERS + 1
    );
}

/// What is odd in an index and what engines take all the same is told, and decides nothing.
#[test]
fn verify_says_where_documents_depart_from_the_specification() {
    for index in [Index::Flat, Index::Nested] {
        let mut layout = oci(&[&app()], packing().index(index));
        let desk = Desk::new();
        desk.write("sound.tar", layout.archive(Codec::None));
        let sound = desk.line("sound.tar --verify --json");
        assert_eq!(sound.exits(0).json()["warnings"], json!([]));
        let index = String::from_utf8(layout.get("index.json").unwrap().to_vec()).unwrap();
        let odd = index.replacen("\"schemaVersion\":2", "\"schemaVersion\":\"2\"", 1);
        assert_ne!(odd, index);
        layout.replace("index.json", odd);
        desk.write("odd.tar", layout.archive(Codec::None));
        let run = desk.line("odd.tar --verify --json");
        let report = run.exits(0).json();
        assert_eq!(report["complete"], true);
        let warnings = report["warnings"].as_array().unwrap();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert_eq!(warnings[0]["code"], "departs-from-spec");
        let message = warnings[0]["message"].as_str().unwrap();
        assert!(
            message.starts_with(
                "index.json: schemaVersion: it must be 2 (OCI image-spec, image-index.md"
            ),
            "{message}"
        );
        let gate = "--ci --max-layers 99 odd.tar";
        desk.line(gate).exits(0);
        desk.line(&format!("{gate} --verify")).exits(0);
        assert_eq!(desk.line("odd.tar --json").json()["warnings"], json!([]));
    }
}
