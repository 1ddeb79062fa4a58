//! ls, cat and extract.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use serde_json::Value;

use crate::desk::{Desk, small};
use crate::support::{Codec, Packing, docker_current, image, tar};

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
    // What is listed can be asked for as it is shown.
    for shown in ["/etc/line\\x0Abreak\\x1B[31m", "/etc/bad\\xFFname"] {
        desk.line(&format!("ls app.tar {shown}"))
            .exits(0)
            .says(shown);
        assert_eq!(
            desk.line(&format!("cat app.tar {shown}")).exits(0).stdout,
            "x"
        );
    }
    desk.line("cat app.tar /etc/line\\x0Abroken")
        .exits(2)
        .complains("no /etc/line\\x0Abroken in the merged view");
    // As of a link on a disk, what is named is behind it where a slash says so.
    desk.line("ls app.tar /conf")
        .exits(0)
        .says("/conf -> etc\n");
    for directory in ["/conf/", "/conf/."] {
        let run = desk.run(["ls", "app.tar", directory]);
        run.exits(0).says("/etc/os-release.real\n");
        assert!(!run.stdout.contains("/conf"), "{}", run.stdout);
    }
    for line in [
        "ls app.tar /etc/os-release.real/",
        "cat app.tar /etc/os-release.real/.",
    ] {
        desk.line(line)
            .exits(2)
            .complains("/etc/os-release.real is a file, no directory\n");
    }
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
    run.exits(0)
        .complains("note: 5 files (13 B), 1 directory and 6 links or devices written below out\n");
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
    // Nobody asked for the right that a set-uid bit gives.
    assert_eq!(mode, 0o755);
    if rustix::process::geteuid().is_root() {
        run.complains("left out: 1 set-uid or set-gid bit (--privileges writes them)");
        desk.line("extract app.tar /new -o whole --privileges")
            .exits(0);
        let mode = fs::metadata(desk.path("whole/new"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o7777, 0o4755);
    }
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
        .exits(0)
        .complains("note: 1 file (3 B), 0 directories and 0 links or devices written below plain");
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

/// Its sparse map reaches beyond its end.
fn unfit() -> Vec<u8> {
    let mut stored = b"1\n0\n900\n".to_vec();
    stored.resize(512, 0);
    stored.extend_from_slice(b"what is stored");
    let records = [
        (&b"GNU.sparse.major"[..], &b"1"[..]),
        (b"GNU.sparse.minor", b"0"),
        (b"GNU.sparse.name", b"b/bad"),
        (b"GNU.sparse.realsize", b"100"),
    ];
    let header = tar::pax::header(b'x', b"PaxHeader/x", &records);
    let entry = tar::raw_entry(b"GNUSparseFile.0/bad", b'0', &stored, |_| ());
    [header, entry].concat()
}

#[test]
fn a_damaged_file_costs_an_extraction_itself_only() {
    let image = image()
        .layer("ADD x", |l| {
            l.file("a", b"first")
                .raw(unfit())
                .hardlink("b/twin", "b/bad")
                .file("c", b"last")
                .symlink("d", "c")
        })
        .layer("ADD y", |l| l.file("e", b"above"))
        .build();
    for codec in [Codec::None, Codec::Gzip] {
        let desk = Desk::new();
        let members = docker_current(&[&image], Packing::new(codec));
        desk.write("app.tar", members.archive(Codec::None));
        desk.line("extract app.tar / -o out --no-owner")
            .exits(2)
            .complains("/b/bad: left out, damaged in layer 0: its sparse map does not fit")
            .complains("/b/twin: left out")
            .complains("3 files (14 B)");
        for (name, data) in [("a", "first"), ("c", "last"), ("d", "last"), ("e", "above")] {
            let found = fs::read_to_string(desk.path("out").join(name)).unwrap();
            assert_eq!(found, data, "{name}");
        }
        let left: Vec<_> = fs::read_dir(desk.path("out/b")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        desk.line("extract app.tar /c -o single --no-owner")
            .exits(0);
        desk.line("extract app.tar / -o accepted --no-owner --allow-incomplete")
            .exits(0);
        desk.line("cat app.tar /b/bad").exits(2).complains("/b/bad");
        desk.line("--ci app.tar").exits(2);
    }
}

#[test]
fn a_cut_file_is_not_extracted_as_if_it_were_whole() {
    let noise: Vec<u8> = (0..90_000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    let whole = image()
        .layer("ADD x", |l| l.file("a", b"first").file("z", &noise))
        .build();
    for codec in [Codec::None, Codec::Gzip] {
        let desk = Desk::new();
        let bytes = whole.layer_file(0, codec);
        desk.write("layer.tar", &bytes[..bytes.len() / 2]);
        desk.line("extract layer.tar / -o out --no-owner")
            .exits(2)
            .complains("/z: left out, damaged in layer 0: ");
        assert_eq!(fs::read(desk.path("out/a")).unwrap(), b"first");
        assert!(!desk.path("out/z").exists());
        let run = desk.line("cat layer.tar /a");
        assert_eq!(run.exits(0).stdout, "first");
    }
}

/// Returns whether files without a name can be made in a directory.
#[cfg(target_os = "linux")]
fn knows_nameless_files(directory: &Path) -> bool {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::TMPFILE | OFlags::WRONLY;
    rustix::fs::open(directory, flags, Mode::from_raw_mode(0o600)).is_ok()
}

/// A file that may grow to 4 KiB only: the signal kills, and where it is ignored writing fails, as it does on a disk
/// without room.
#[test]
#[cfg(target_os = "linux")]
fn a_file_that_is_written_in_part_leaves_nothing_behind() {
    let image = image().layer("ADD", |l| l.zeros("big", 1 << 20)).build();
    let desk = Desk::with(&image);
    desk.write("out", "old");
    let limited = |before: &str| {
        let script = format!(
            "{before}ulimit -f 8; exec '{}' cat app.tar /big -o out",
            env!("CARGO_BIN_EXE_layerscope")
        );
        let mut shell = std::process::Command::new("/bin/sh");
        let shell = shell
            .current_dir(desk.directory.path())
            .arg("-c")
            .arg(script);
        shell.output().unwrap()
    };
    let nothing_left = || {
        let names = fs::read_dir(desk.directory.path()).unwrap();
        let mut names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert!(!names.any(|name| name.starts_with(".layerscope")));
        assert_eq!(fs::read(desk.path("out")).unwrap(), b"old");
    };
    let failed = limited("trap '' XFSZ; ");
    let said = String::from_utf8(failed.stderr).unwrap();
    assert_eq!(failed.status.code(), Some(2), "{said}");
    assert!(
        said.starts_with("error: cannot write out\ncaused by: File too large"),
        "{said}"
    );
    nothing_left();
    if !knows_nameless_files(desk.directory.path()) {
        eprintln!("skipped: this file system knows no files without a name");
        return;
    }
    assert_eq!(limited("").status.code(), None, "killed");
    nothing_left();
    desk.line("cat app.tar /big -o out").exits(0);
    assert_eq!(fs::metadata(desk.path("out")).unwrap().len(), 1 << 20);
}
