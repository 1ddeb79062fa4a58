//! Layer stores on the command line: what is pointed at, chosen in it, refused, and how it ends.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use crate::desk::{Desk, Run, small};
use crate::support::{DockerStore, Image, image};

/// One layer more than [`small`].
fn large() -> Image {
    image()
        .name("team/large:2")
        .layer("ADD rootfs.tar.xz /", |l| {
            l.dir("etc").file("etc/passwd", b"root:x:0:0\n")
        })
        .layer("COPY app /app", |l| {
            l.dir("app").zeros("app/program", 50_000)
        })
        .build()
}

/// A store with two images and a container of the larger one, in `docker`.
fn stocked() -> (Desk, DockerStore) {
    let desk = Desk::with(&small());
    let store = DockerStore::at(desk.path("docker"));
    store.image(&small());
    store.image(&large());
    let written = store.container("c0ffee00c0ffee00", "web-1", &large());
    fs::create_dir_all(written.join("var/log")).unwrap();
    fs::write(written.join("var/log/app.log"), vec![b'x'; 9000]).unwrap();
    (desk, store)
}

#[test]
fn a_store_is_reported_however_it_is_pointed_at() {
    let (desk, _) = stocked();
    let report = desk.line("docker");
    report
        .exits(0)
        .says("docker  docker  overlay2  2 images  6 layers  1 container")
        .says("small:1")
        .says("team/large:2")
        .says("web-1");
    assert_eq!(report.stderr, "");
    for line in [
        "store docker",
        "store:docker",
        "open docker",
        "./docker",
        "docker/overlay2",
        "docker/image",
        "docker/containers",
    ] {
        let same = desk.line(line);
        assert_eq!(
            same.exits(0).stdout.replace("./docker", "docker"),
            report.stdout,
            "{line}"
        );
    }
    let document = desk.line("docker --json").exits(0).json();
    assert_eq!(document["complete"], true);
    assert_eq!(document["stores"][0]["containers"][0]["name"], "web-1");
    desk.line("docker --format ncdu")
        .exits(0)
        .says("c0ffee00c0ffee00");
}

#[test]
fn images_and_containers_of_a_store_open_like_archives() {
    let (desk, _) = stocked();
    let archive = desk.line("ls app.tar --format json");
    let stored = desk.line("ls docker --image small:1 --format json");
    assert_eq!(stored.exits(0).stdout, archive.exits(0).stdout);
    desk.line("docker --image team/large:2")
        .exits(0)
        .says("team/large:2")
        .says("COPY app /app");
    desk.line("docker --container web-1")
        .exits(0)
        .says("written by web-1");
    for name in ["web-1", "c0ff"] {
        desk.line(&format!("ls docker /var --container {name}"))
            .exits(0)
            .says("/var/log/app.log");
    }
    let log = desk.line("cat docker /var/log/app.log --container web-1");
    assert_eq!(log.exits(0).stdout.len(), 9000);
    desk.line("extract docker /app --image team/large:2 -o out")
        .exits(0);
    assert!(desk.path("out/app/program").exists());
    desk.line("--ci docker --image small:1").exits(0);
    desk.line("--ci docker --container web-1 --max-layers 1")
        .exits(1);
}

#[test]
fn the_disk_of_another_machine_has_its_stores_where_they_were() {
    let (desk, _) = stocked();
    for place in ["disk/var/lib", "var/lib", "other"] {
        fs::create_dir_all(desk.path(place)).unwrap();
    }
    fs::rename(desk.path("docker"), desk.path("disk/var/lib/docker")).unwrap();
    for line in ["store disk", "store disk/var", "store disk/var/lib"] {
        desk.line(line)
            .exits(0)
            .says("disk/var/lib/docker")
            .says("team/large:2");
    }
    // A link that leads out would be this machine's store.
    let elsewhere = desk.path("disk/var/lib/docker");
    std::os::unix::fs::symlink(elsewhere, desk.path("other/docker")).unwrap();
    for other in ["other", "var"] {
        desk.line(&format!("store {other}"))
            .exits(2)
            .complains(&format!("{other} is not a layer store"));
    }
}

/// What an engine is configured with counts on the disk of another machine, too, and means places on that.
#[test]
fn configuration_leads_to_stores_and_tells_those_that_were_left() {
    let (desk, _) = stocked();
    for place in ["disk/var/lib", "disk/data", "disk/etc/docker"] {
        fs::create_dir_all(desk.path(place)).unwrap();
    }
    fs::rename(desk.path("docker"), desk.path("disk/data/docker")).unwrap();
    DockerStore::at(desk.path("disk/var/lib/docker")).image(&small());
    let configuration = "disk/etc/docker/daemon.json";
    desk.write(configuration, r#"{"data-root": "/data/docker"}"#);
    let why = "data-root in disk/etc/docker/daemon.json names disk/data/docker";
    let run = desk.line("store disk");
    run.exits(0)
        .says("team/large:2")
        .says(&format!("left behind: {why}"));
    // A prune reaches what the engine works with.
    let stale = run.stdout.split("left behind: ").nth(1).unwrap();
    assert!(!stale.contains("docker image prune"), "{stale}");
    let stores = desk.line("store disk --json").exits(0).json();
    let told = |at: usize| {
        let store = &stores["stores"][at];
        ["root", "activity", "left_behind_because"].map(|key| store[key].clone())
    };
    assert_eq!(
        told(0),
        [
            "disk/data/docker".into(),
            "active".into(),
            serde_json::Value::Null
        ]
    );
    assert_eq!(
        told(1),
        ["disk/var/lib/docker", "left-behind", why].map(serde_json::Value::from)
    );

    desk.write(configuration, r#"{"data-root": "/elsewhere"}"#);
    desk.line("store disk")
        .exits(2)
        .says("names disk/elsewhere: nothing is there; is its")
        .says("left behind: data-root in disk/etc/docker/daemon.json names disk/elsewhere");
    fs::remove_dir_all(desk.path("disk/var/lib/docker")).unwrap();
    desk.line("store disk")
        .exits(2)
        .complains("error: there is no layer store where engines keep theirs")
        .complains("daemon.json names disk/elsewhere");
}

/// A daemon that maps users works in a directory of its data root, and its commands reach nothing else.
#[test]
fn of_two_data_roots_in_one_the_one_in_use_is_told() {
    let (desk, _) = stocked();
    for place in ["disk/var/lib", "disk/etc/docker"] {
        fs::create_dir_all(desk.path(place)).unwrap();
    }
    fs::rename(desk.path("docker"), desk.path("disk/var/lib/docker")).unwrap();
    let mapped = "disk/var/lib/docker/100000.100000";
    DockerStore::at(desk.path(mapped)).image(&small());
    for (text, used, words) in [
        (
            r#"{"userns-remap": "default"}"#,
            mapped,
            "userns-remap is on: dockerd works in",
        ),
        (
            "{}",
            "disk/var/lib/docker",
            "userns-remap is off: dockerd works in",
        ),
    ] {
        desk.write("disk/etc/docker/daemon.json", text);
        let stores = desk.line("store disk --json").exits(0).json();
        for store in stores["stores"].as_array().unwrap() {
            let because = &store["left_behind_because"];
            if store["root"] == used {
                assert_eq!(because, &serde_json::Value::Null, "{text}");
            } else {
                assert_eq!(because, &format!("{words} {used}"), "{text}");
            }
        }
        assert_eq!(stores["stores"].as_array().unwrap().len(), 2);
    }
    // Of a copy nobody knows the configuration: databases tell when they were last opened.
    let network = desk.path(mapped).join("network/files");
    fs::create_dir_all(&network).unwrap();
    fs::write(network.join("local-kv.db"), "").unwrap();
    desk.line("store disk/var/lib/docker")
        .exits(0)
        .says(&format!(
            "left behind: dockerd seems to have worked last in {mapped}"
        ));
}

#[test]
fn what_is_not_in_a_store_is_told_with_what_is() {
    let (desk, _) = stocked();
    desk.line("docker --container web-2")
        .exits(2)
        .complains("error: no container web-2 in docker")
        .complains("did you mean web-1?")
        .complains("choose one with --container:\n  c0ffee00c0ff  web-1");
    desk.line("docker --image large")
        .exits(2)
        .complains("error: no image large in docker")
        .complains("choose one with --image:");
    desk.line("docker --image team/lrge")
        .exits(2)
        .complains("did you mean team/large:2?");
    desk.line("ls docker")
        .exits(2)
        .complains("docker holds 2 images");
}

#[test]
fn options_without_a_meaning_for_a_store_are_refused() {
    let (desk, _) = stocked();
    for (line, error) in [
        ("docker --ci", "has no verdict"),
        ("docker --format dive", "is not reported as dive"),
        ("docker --verify", "does not take --verify"),
        ("docker --platform linux/amd64", "does not take --platform"),
        ("docker --base-layers 1", "does not take --base-layers"),
        ("docker --dive-compat", "does not take --dive-compat"),
        (
            "docker --max-wasted-bytes 1MB",
            "does not take --max-wasted-bytes",
        ),
        ("docker --forbid /x", "does not take --forbid"),
        ("docker --image a --container b", "cannot be used with"),
        ("docker --lower home", "an image and --lower are given"),
        ("app.tar --container web-1", "app.tar has no containers"),
        ("ls app.tar --container web-1", "app.tar has no containers"),
        ("--lower home --container web-1", "home has no containers"),
        ("--lower home --image web-1", "no image web-1 in home"),
    ] {
        let run = desk.line(line);
        run.exits(2).complains("error: ").complains(error);
        assert_eq!(run.stdout, "", "{line}");
    }
}

#[test]
fn what_is_no_store_is_told_what_it_is() {
    let (desk, _) = stocked();
    fs::create_dir(desk.path("empty")).unwrap();
    desk.line("empty")
        .exits(2)
        .complains(
            "error: empty is neither a container image nor a layer store: an empty directory",
        )
        .complains("/var/lib/docker")
        .complains("`layerscope --lower empty`");
    for line in ["store empty", "store:empty"] {
        desk.line(line)
            .exits(2)
            .complains("error: empty is not a layer store")
            .complains("`layerscope store` alone");
    }
    desk.line("store app.tar")
        .exits(2)
        .complains("error: app.tar is not a layer store: it is a file");
    desk.line("store nowhere")
        .exits(2)
        .complains("error: nowhere: no such file or directory")
        .complains("a layer store such as /var/lib/docker");
}

#[test]
fn directories_in_a_store_or_around_one_lead_to_it() {
    let (desk, store) = stocked();
    let layer = store.layer(&large(), 1);
    let store = desk.path("docker").canonicalize().unwrap();
    desk.run([&layer])
        .exits(2)
        .complains("neither a container image nor a layer store")
        .complains(&format!("name what is near it:\n  {}", store.display()));
    DockerStore::at(desk.path("disk/var/lib/docker")).image(&small());
    desk.line("disk")
        .exits(2)
        .complains("name what is near it:\n  disk/var/lib/docker");
}

#[test]
fn an_answer_with_holes_is_no_success() {
    let (desk, store) = stocked();
    fs::remove_dir_all(store.layer(&large(), 1).parent().unwrap()).unwrap();
    let run = desk.line("docker");
    run.exits(2)
        .complains("a part of the store could not be read")
        .complains("--allow-incomplete accepts that");
    desk.line("docker --quiet").exits(2);
    desk.line("docker --allow-incomplete").exits(0);
    let document = desk.line("docker --json").exits(2).json();
    assert_eq!(document["complete"], false);
    desk.line("docker --json --allow-incomplete").exits(0);
    desk.line("docker --format ncdu").exits(2);
}

#[test]
fn a_container_without_its_own_layer_is_no_success() {
    let (desk, store) = stocked();
    let mounts = store.path("image/overlay2/layerdb/mounts/c0ffee00c0ffee00");
    let own = fs::read_to_string(mounts.join("mount-id")).unwrap();
    fs::remove_dir_all(store.path("overlay2").join(own)).unwrap();
    let lines = [
        "ls docker /app --container web-1",
        "cat docker /etc/passwd --container web-1",
        "extract docker /app --container web-1 -o out",
    ];
    for line in lines {
        let run = desk.line(line);
        run.exits(2)
            .complains("layer written by web-1 cannot be used: the directory docker/overlay2/")
            .complains("is missing")
            .complains("what the container has written is missing");
        fs::remove_dir_all(desk.path("out")).unwrap_or_default();
        desk.line(&format!("{line} --allow-incomplete")).exits(0);
    }
    // The rest is shown all the same.
    desk.line(lines[0]).says("/app/program");
    assert!(desk.path("out/app/program").exists());
    desk.line("docker --container web-1")
        .says("layer written by web-1 cannot be used");
    let document = desk.line("docker --container web-1 --json").json();
    assert_eq!(document["complete"], false);
    // Without a record of it there is no telling either.
    fs::remove_file(mounts.join("mount-id")).unwrap();
    desk.line(lines[0])
        .exits(2)
        .says("/app/program")
        .complains("which directory the container writes to");
    // The image is all there.
    desk.line("ls docker /app --image team/large:2").exits(0);
}

#[test]
fn records_out_of_reach_offer_nothing_for_removal() {
    let (desk, store) = stocked();
    fs::rename(store.path("containers"), desk.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", store.path("containers")).unwrap();
    let run = desk.line("docker");
    run.exits(2)
        .says("containers: it is a symbolic link to ../elsewhere, which is not followed")
        .says("c0ffee00c0ff");
    for offered in [
        "orphans",
        "without a container",
        "remove by hand",
        "os error",
    ] {
        assert!(!run.stdout.contains(offered), "{}", run.stdout);
    }
}

#[test]
fn what_may_be_used_by_somebody_unknown_is_not_called_unused() {
    let (desk, store) = stocked();
    let document = desk.line("docker --json").exits(0).json();
    let users = |document: &serde_json::Value| -> Vec<serde_json::Value> {
        let images = document["stores"][0]["images"].as_array().unwrap();
        images
            .iter()
            .map(|image| image["containers"].clone())
            .collect()
    };
    let mut known = users(&document);
    known.sort_by_key(serde_json::Value::as_u64);
    assert_eq!(known, [0, 1]);
    fs::remove_dir_all(store.path("containers")).unwrap();
    fs::write(store.path("containers"), "").unwrap();
    let document = desk.line("docker --json").exits(2).json();
    assert!(users(&document).contains(&serde_json::Value::Null));
    let run = desk.line("docker");
    assert!(
        !run.exits(2).stdout.contains("image prune"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_store_without_its_names_says_so() {
    let (desk, store) = stocked();
    fs::remove_file(store.path("image/overlay2/repositories.json")).unwrap();
    let run = desk.line("docker");
    run.exits(2)
        .says("repositories.json: it is missing")
        .says("incomplete: not every record could be read; everything was measured")
        .says("name unknown");
    // What may have had a name is never offered for removal.
    for offered in ["dangling", "image prune"] {
        assert!(!run.stdout.contains(offered), "{}", run.stdout);
    }
    let document = desk.line("docker --json").exits(2).json();
    assert_eq!(
        document["stores"][0]["images"][0]["dangling"],
        serde_json::Value::Null
    );
}

#[test]
fn layers_of_a_store_are_held_against_their_digests() {
    let (desk, store) = stocked();
    desk.line("docker --image team/large:2 --verify")
        .exits(0)
        .complains("2 of 2 layers are what their digests name\n");
    desk.line("docker --container web-1 --verify")
        .exits(0)
        .complains("2 of 4 layers are what their digests name; 2 have none to be held against");
    let program = store.layer(&large(), 1).join("app/program");
    fs::write(program, vec![1; 50_000]).unwrap();
    desk.line("docker --image team/large:2 --verify --json")
        .complains("1 of 2 layers are what their digests name");
    let run = desk.line("docker --image team/large:2 --verify");
    run.says("/app/program is not what was stored");
    desk.line("--ci docker --image team/large:2 --verify")
        .exits(2);
}

#[test]
fn engines_stores_are_found_by_the_names_of_images() {
    let desk = Desk::new();
    let store = DockerStore::at(desk.path("home/.local/share/docker"));
    store.image(&large());
    for word in [
        "docker:team/large:2",
        "docker://team/large:2",
        "team/large:2",
    ] {
        desk.line(&format!("ls {word} /app"))
            .exits(0)
            .says("/app/program");
    }
    desk.line("docker:team/lrge:2")
        .exits(2)
        .complains("error: team/lrge:2: no such image in a local store of Docker")
        .complains("did you mean team/large:2?")
        .complains("home/.local/share/docker: not there");
    desk.line("podman:team/large:2")
        .exits(2)
        .complains("no such image in a local store of Podman");
    store.container("c0ffee00c0ffee00", "web-1", &large());
    let machine = [
        "docker/image",
        "containerd/io.containerd.metadata.v1.bolt",
        "containers/storage/overlay-layers",
    ];
    if !machine
        .iter()
        .any(|place| Path::new("/var/lib").join(place).exists())
    {
        desk.line("store --container web-1")
            .exits(0)
            .says("written by web-1");
    }
    let podman = desk.path("home/.local/share/containers/storage/overlay-layers");
    fs::create_dir_all(podman).unwrap();
    desk.line("store --container web-1")
        .exits(2)
        .complains("there are several stores to choose from")
        .complains("home/.local/share/containers/storage\n");
    // Other engines of the machine may have stores, too, that may not be readable.
    desk.line("store").says("home/.local/share/docker");
}

#[test]
fn directories_can_be_laid_over_each_other_by_hand() {
    let desk = Desk::new();
    for (place, text) in [
        ("low/etc/a", "a"),
        ("high/etc/b", "bb"),
        ("changes/etc/a", "ccc"),
    ] {
        fs::create_dir_all(desk.path(place).parent().unwrap()).unwrap();
        desk.write(place, text);
    }
    let over = "--lower high:low --upper changes";
    desk.line(over)
        .exits(0)
        .says("3 layers")
        .says("changes")
        .says("overwritten");
    assert!(!desk.line(over).stdout.contains("base image"));
    for line in [format!("ls {over} /etc"), format!("{over} ls /etc")] {
        let listing = desk.line(&line);
        listing.exits(0).says("/etc/a").says("/etc/b");
    }
    let text = desk.line(&format!("cat {over} /etc/a"));
    assert_eq!(text.exits(0).stdout, "ccc");
    let text = desk.line("cat --lower high:low /etc/a");
    assert_eq!(text.exits(0).stdout, "a");
    desk.line(&format!("extract {over} /etc -o out")).exits(0);
    assert!(desk.path("out/etc/b").exists());
    for (line, error) in [
        ("--upper changes", "--lower <DIR[:DIR…]>"),
        ("--lower high:nowhere", "error: nowhere: no such directory"),
        (
            "--lower low --upper nowhere",
            "--lower UPPERMOST:NEXT:LOWEST",
        ),
        ("--lower high::low", "a directory without a name is given"),
        (
            "cat --lower low",
            "write layerscope cat IMAGE PATH, with --lower without IMAGE",
        ),
        ("ls --lower low a b", "more than one path is given"),
        ("extract --lower low -o x", "nothing to extract is named"),
        ("overlay:low", "nothing is mounted at low"),
        ("overlay:nowhere", "nowhere: no such file or directory"),
    ] {
        desk.line(line).exits(2).complains(error);
    }
}

/// Runs the program as somebody who owns nothing here; `None` where that is not possible.
fn as_nobody(desk: &Desk, line: &str) -> Option<Run> {
    let mut command = desk.command();
    command.args(line.split_whitespace());
    if rustix::process::geteuid().is_root() {
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(desk.directory.path(), open).unwrap();
        command.uid(65534).gid(65534);
    }
    command.output().ok().map(Run::of)
}

#[track_caller]
fn assert_denied(desk: &Desk, line: &str) {
    let Some(run) = as_nobody(desk, line) else {
        return;
    };
    run.exits(2)
        .complains("error: cannot read docker")
        .complains("caused by: Permission denied")
        .complains("`sudo layerscope docker")
        .complains("`podman unshare layerscope docker")
        .complains("`docker save IMAGE | layerscope -`");
    assert_eq!(run.stdout, "");
}

#[test]
fn who_may_not_read_a_store_is_told_how_to() {
    let (desk, _) = stocked();
    let close = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let root = desk.path("docker");
    close(&root, 0o000);
    for line in [
        "docker",
        "store docker",
        "store:docker",
        "docker/overlay2",
        "docker --image small:1",
        "docker --container web-1",
        "ls docker --image small:1",
    ] {
        assert_denied(&desk, line);
    }
    // The page shows the advice as it is printed.
    let page = include_str!("../../docs/stores.md");
    let denied = as_nobody(&desk, "docker").unwrap();
    assert!(page.contains(&format!("$ layerscope docker\n{}```", denied.stderr)));
    close(&root, 0o755);
    // Not even the list of images: a report would show nothing but zeros.
    let list = root.join("image/overlay2/imagedb/content/sha256");
    close(&list, 0o000);
    assert_denied(&desk, "docker");
    close(&list, 0o755);
}

/// Podman's directories are open to everybody in some versions, its records are not.
#[test]
fn a_store_of_podman_with_sealed_records_is_refused() {
    let desk = Desk::new();
    for (place, mode) in [
        ("overlay-layers/layers.json", 0o000),
        ("overlay-images/images.json", 0o000),
    ] {
        let path = desk.path("docker").join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "[]").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::create_dir_all(desk.path("docker/overlay/l")).unwrap();
    assert_denied(&desk, "docker");
}

#[test]
fn marks_for_roots_eyes_are_missed_aloud() {
    let desk = Desk::new();
    for file in ["low/plain", "low/d/1", "up/d/2", "flat/file"] {
        let path = desk.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        desk.write(file, "text");
    }
    let listing = "ls --lower low --upper up /";
    let Some(run) = as_nobody(&desk, listing) else {
        return;
    };
    run.exits(0)
        .says("/d/1")
        .complains("layer 1: only root sees which directories are opaque");
    let report = as_nobody(&desk, "--lower low --upper up --json").unwrap();
    assert_eq!(report.json()["complete"], false);
    // Nothing is below the lowest layer, and files without directories hide nothing.
    assert!(!run.stderr.contains("layer 0"), "{}", run.stderr);
    let flat = as_nobody(&desk, "--lower low --upper flat --json").unwrap();
    assert_eq!(flat.json()["complete"], true);
    if rustix::process::geteuid().is_root() {
        let whole = desk.line("--lower low --upper up --json").json();
        assert_eq!(whole["complete"], true);
    }
}

/// Makes somebody else than root the owner of everything, where root runs the test.
fn give_away(path: &Path) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let mut waiting = vec![path.to_owned()];
    while let Some(path) = waiting.pop() {
        std::os::unix::fs::lchown(&path, Some(65534), Some(65534)).unwrap();
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            waiting.extend(entries.map(|entry| entry.unwrap().path()));
        }
    }
}

/// The kernel makes a directory in which it prepares changes, and lets not even its owner in.
#[test]
fn the_kernels_own_directory_leaves_no_hole_for_its_owner() {
    let (desk, store) = stocked();
    let work = store.path("overlay2/c0ffee00c0ffee00/work/work");
    let written = store.path("overlay2/c0ffee00c0ffee00/diff/work");
    let close = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::create_dir_all(&work).unwrap();
    close(&work, 0o000);
    give_away(&desk.path("docker"));
    if let Some(run) = as_nobody(&desk, "docker") {
        run.exits(0);
    }
    // What a container wrote is another matter, whatever it is called.
    fs::create_dir_all(&written).unwrap();
    close(&written, 0o000);
    give_away(&written);
    if let Some(run) = as_nobody(&desk, "docker") {
        run.exits(2)
            .says("could not be measured: work: Permission denied");
    }
    close(&work, 0o700);
    close(&written, 0o700);
}

/// Layers of zfs are mounted only while they are in use: what is in them is on record, their size is not.
#[test]
fn what_is_out_of_reach_is_unmeasured_and_never_zero() {
    let (desk, store) = stocked();
    fs::rename(store.path("image/overlay2"), store.path("image/zfs")).unwrap();
    fs::remove_dir_all(store.path("overlay2")).unwrap();
    fs::create_dir_all(store.path("zfs/graph")).unwrap();
    let settings = store.path("containers/c0ffee00c0ffee00/config.v2.json");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("overlay2", "zfs")).unwrap();
    desk.line("docker")
        .exits(2)
        .says("unmeasured: docker/zfs/graph/")
        .says("zfs mounts layers only while they are in use");
    let document = desk.line("docker --json").exits(2).json();
    let store = &document["stores"][0];
    assert!(store["containers"][0]["writable"]["bytes"].is_null());
    assert!(store["images"][0]["total"]["bytes"].is_null());
    assert!(store["totals"]["total"]["bytes"].is_null());
    desk.line("ls docker --image small:1 /new")
        .exits(0)
        .says("/new");
    desk.line("cat docker /new --image small:1")
        .exits(2)
        .complains("mount -t zfs -o ro DATASET/");
}
