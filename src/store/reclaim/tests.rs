use std::process::Command;

use super::*;
use crate::beneath::Beneath;
use crate::image::{Digest, Platform};
use crate::store::{
    CacheRecord, Exit, Layer, LayerId, Listing, Location, PieceId, Record, Role, StoredImage,
    Volume,
};

fn store(engine: Engine) -> Store {
    let root = Beneath::open(std::path::Path::new("/")).unwrap();
    Store::new(engine, "overlay2", root)
}

fn image(store: &mut Store, names: &[&str], id: Option<u8>) -> Target {
    store.images.push(StoredImage {
        names: names.iter().map(ToString::to_string).collect(),
        id: id.and_then(|byte| {
            Digest::parse(&format!("sha256:{}", format!("{byte:02x}").repeat(32)))
        }),
        digest: None,
        platform: Platform::default(),
        created: None,
        config: None,
        layers: Vec::new(),
        diff_ids: Vec::new(),
        pieces: Vec::new(),
        parent: None,
        namespace: Some("build; reboot".into()),
        is_intermediate: false,
    });
    let at = u32::try_from(store.images.len() - 1).unwrap();
    Target::Owner(Owner::Image(ImageId(at)))
}

fn container(store: &mut Store, name: &str, image: Option<ImageId>, state: State) -> Target {
    store.containers.push(Container {
        id: "c0ffee".into(),
        name: name.into(),
        image,
        image_name: String::new(),
        state,
        created: None,
        layers: Vec::new(),
        init: None,
        writable: None,
        logs: Vec::new(),
        pieces: Vec::new(),
        pod: None,
        growth: Vec::new(),
    });
    let at = u32::try_from(store.containers.len() - 1).unwrap();
    Target::Owner(Owner::Container(ContainerId(at)))
}

fn commands(store: &Store, targets: &[Target]) -> Vec<String> {
    steps(store, targets)
        .iter()
        .filter_map(|step| match step {
            Step::Command(command) => Some(command.text.clone()),
            Step::Perhaps { .. } | Step::Note(_) | Step::Place(_) => None,
        })
        .collect()
}

fn notes(store: &Store, targets: &[Target]) -> String {
    let lines = steps(store, targets);
    let notes = lines
        .iter()
        .filter(|step| !matches!(step, Step::Command(_)));
    notes.flat_map(Step::lines).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_engine_has_its_own_commands() {
    for (engine, image_command, container_command) in [
        (
            Engine::Docker,
            "docker image rm app:1 app:2",
            "docker container rm web",
        ),
        (
            Engine::DockerContainerd,
            "docker image rm app:1 app:2",
            "docker container rm web",
        ),
        (
            Engine::ContainersStorage,
            "podman image rm app:1 app:2",
            "podman container rm web",
        ),
        (
            Engine::Kubernetes,
            "crictl rmi app:1 app:2",
            "crictl rm c0ffee",
        ),
        (
            Engine::Containerd,
            "ctr -n 'build; reboot' images rm --sync app:1 app:2",
            "ctr -n default containers rm c0ffee",
        ),
    ] {
        let mut store = store(engine);
        let image = image(&mut store, &["app:1", "app:2"], Some(1));
        if engine != Engine::Containerd {
            store.images[0].namespace = None;
        }
        let container = container(&mut store, "web", None, State::Exited);
        // Whatever the order they were chosen in, the container goes first.
        let commands = commands(&store, &[image, container]);
        assert_eq!(commands, [container_command, image_command], "{engine:?}");
    }
}

/// `crictl` sees the namespace of Kubernetes alone, `docker` that of Docker.
#[test]
fn what_is_in_another_namespace_is_removed_by_ctr() {
    for (engine, own, command) in [
        (Engine::Kubernetes, "k8s.io", "crictl"),
        (Engine::DockerContainerd, "moby", "docker"),
    ] {
        let mut store = store(engine);
        let targets = [
            image(&mut store, &["app:1"], Some(1)),
            container(&mut store, "web", Some(ImageId(0)), State::Running),
        ];
        store.images[0].namespace = Some(own.into());
        for line in commands(&store, &targets) {
            assert!(line.starts_with(command), "{line}");
        }
        store.images[0].namespace = Some("default".into());
        assert_eq!(
            commands(&store, &targets),
            [
                "ctr -n default tasks rm --force c0ffee",
                "ctr -n default containers rm c0ffee",
                "ctr -n default images rm --sync app:1",
            ]
        );
    }
}

#[test]
fn an_image_without_a_plain_name_is_removed_by_its_id() {
    let mut store = store(Engine::Docker);
    let unnamed = image(&mut store, &[], Some(0xab));
    let hostile = image(&mut store, &["a:1; rm -rf ~"], Some(0xcd));
    let nothing = image(&mut store, &[], None);
    assert_eq!(
        commands(&store, &[unnamed]),
        [format!("docker image rm sha256:{}", "ab".repeat(32))]
    );
    assert_eq!(
        commands(&store, &[hostile]),
        [format!("docker image rm sha256:{}", "cd".repeat(32))]
    );
    assert!(commands(&store, &[nothing]).is_empty());
    assert!(notes(&store, &[nothing]).contains("neither a name nor an ID"));
}

#[test]
fn a_container_that_runs_is_stopped_first_and_said_to_run() {
    let mut store = store(Engine::Docker);
    let web = container(&mut store, "web", None, State::Running);
    assert_eq!(
        commands(&store, &[web]),
        ["docker container stop web", "docker container rm web"]
    );
    assert!(notes(&store, &[web]).contains("web is running"));
}

#[test]
fn what_is_in_the_way_is_named_unless_it_goes_too() {
    let mut store = store(Engine::Docker);
    let app = image(&mut store, &["app:1"], Some(1));
    let web = container(&mut store, "web\u{1b}[2J", Some(ImageId(0)), State::Exited);
    assert!(notes(&store, &[app]).contains(r"removed first: web\x1B[2J"));
    assert!(!notes(&store, &[app, web]).contains("removed first"));
}

#[test]
fn volumes_cache_and_working_containers() {
    let mut store = store(Engine::ContainersStorage);
    let working = container(&mut store, "work", None, State::Working);
    assert_eq!(commands(&store, &[working]), ["buildah rm work"]);
    store.engine = Engine::Docker;
    store.volumes.push(Volume {
        name: "-data".into(),
        pieces: Vec::new(),
        containers: vec![ContainerId(0)],
        driver: "local".into(),
        namespace: None,
        users: Ownership::Recorded,
        holds: Vec::new(),
    });
    store.cache.push(CacheRecord {
        id: "x1".into(),
        description: String::new(),
        layer: None,
        pieces: Vec::new(),
        recorded_bytes: None,
        created: None,
        used: None,
        parents: Vec::new(),
        copy_of: None,
    });
    let volume = Target::Owner(Owner::Volume(VolumeId(0)));
    let cache = Target::Owner(Owner::Cache(CacheId(0)));
    assert_eq!(
        commands(&store, &[volume, cache]),
        [
            "docker volume rm -- -data",
            "docker builder prune --all --filter id=x1"
        ]
    );
    assert!(notes(&store, &[volume]).contains("mount it have to be removed first: work"));
    let mounting = Target::Owner(Owner::Container(ContainerId(0)));
    assert!(notes(&store, &[mounting]).contains("its volumes stay: -data"));
    assert!(!notes(&store, &[mounting, volume]).contains("stay"));
}

#[test]
fn what_goes_along_and_what_stays_is_said() {
    let mut one = store(Engine::Docker);
    let below = image(&mut one, &["below:1"], Some(1));
    let above = image(&mut one, &["above\u{1b}:1"], Some(2));
    one.images[1].parent = Some(ImageId(0));
    let told = notes(&one, &[below]);
    assert!(told.contains("only its name goes"), "{told}");
    assert!(
        told.contains(r"above\x1B:1") && !told.contains('\u{1b}'),
        "{told}"
    );
    assert!(!notes(&one, &[below, above]).contains("only its name"));

    let mut many = store(Engine::Containerd);
    let platform = image(&mut many, &["many:1"], Some(1));
    let id = many.images[0].id.clone();
    many.images[0].digest = id;
    let further = many.images[0].clone();
    assert!(!notes(&many, &[platform]).contains("platforms"));
    many.images.push(further);
    assert!(notes(&many, &[platform]).contains("all 2 platforms of this name go together"));
    container(&mut many, "box", Some(ImageId(0)), State::Exited);
    assert!(notes(&many, &[platform]).contains("keep what they stand on: box"));
}

#[test]
fn orphans_and_stores_left_behind_have_no_command() {
    let mut store = store(Engine::Docker);
    let location = Location::new(&store.root, "overlay2/abc");
    let piece = store.add_piece(location, Role::Orphan);
    store.orphans.push(Orphan {
        piece,
        reason: "no image has it".into(),
        kind: "unreferenced-directory",
        since: None,
        exit: Exit::ByHand,
    });
    let orphan = Target::Orphan(0);
    assert!(commands(&store, &[orphan]).is_empty());
    assert!(notes(&store, &[orphan]).contains("/overlay2/abc"));
    let app = image(&mut store, &["app:1"], Some(1));
    store.activity = Activity::LeftBehind;
    assert!(commands(&store, &[app]).is_empty());
    assert!(notes(&store, &[app]).contains("does not use this store any more"));
}

#[test]
fn a_store_known_in_part_says_so() {
    let mut store = store(Engine::Docker);
    let app = image(&mut store, &["app:1"], Some(1));
    assert!(!notes(&store, &[app]).contains("unknown"));
    store.ownership = Ownership::InPart;
    assert!(notes(&store, &[app]).contains("something unknown may need this"));
}

/// A snapshot of containerd that nobody owns, on top of another.
fn orphaned_snapshot(store: &mut Store, key: &str, parent: Option<LayerId>) -> (LayerId, Target) {
    let location = Location::new(&store.root, format!("snapshots/{key}"));
    let piece = store.add_piece(location, Role::Orphan);
    let layer = store.add_layer(Layer {
        name: key.into(),
        diff_id: None,
        chain_id: None,
        parent,
        pieces: vec![piece],
        blobs: Vec::new(),
        recorded_bytes: None,
        created: None,
        listing: Listing::Empty,
    });
    let record = Record::Snapshot {
        namespace: "default".into(),
        snapshotter: "overlayfs".into(),
        key: key.into(),
    };
    (layer, orphan(store, piece, Exit::Records(vec![record])))
}

fn orphan(store: &mut Store, piece: PieceId, exit: Exit) -> Target {
    store.orphans.push(Orphan {
        piece,
        reason: "no image has it".into(),
        kind: "unreferenced-layer",
        since: None,
        exit,
    });
    Target::Orphan(u32::try_from(store.orphans.len() - 1).unwrap())
}

#[test]
fn snapshots_go_before_those_that_they_stand_on_and_each_by_its_key() {
    let mut store = store(Engine::Containerd);
    let (below, first) = orphaned_snapshot(&mut store, "below", None);
    let (_, second) = orphaned_snapshot(&mut store, "above it", Some(below));
    assert_eq!(
        commands(&store, &[first, second]),
        [
            "ctr -n default snapshots --snapshotter overlayfs rm 'above it'",
            "ctr -n default snapshots --snapshotter overlayfs rm below",
        ]
    );
    assert!(!notes(&store, &[first, second]).contains("go first"));
    // Alone it is refused.
    assert!(notes(&store, &[first]).contains("stand on it have to go first: above it"));
    // Parents in a loop end too.
    store.layers[below.as_usize()].parent = Some(LayerId(1));
    assert_eq!(commands(&store, &[first, second]).len(), 2);
}

#[test]
fn orphans_go_by_every_record_that_is_left_of_them() {
    let mut store = store(Engine::Kubernetes);
    let digest = Digest::parse(&format!("sha256:{}", "ab".repeat(32))).unwrap();
    let blob = |namespace: &str| Record::Blob {
        namespace: namespace.into(),
        digest: digest.clone(),
    };
    let lease = Record::Lease {
        namespace: "k8s.io".into(),
        id: "-l".into(),
    };
    let exits = [
        Exit::Records(vec![blob("k8s.io"), blob("default")]),
        Exit::Records(vec![lease.clone()]),
        Exit::Records(vec![lease]),
        Exit::Collection,
    ];
    let targets = exits.map(|exit| {
        let location = Location::new(&store.root, "blobs/x");
        let piece = store.add_piece(location, Role::Orphan);
        orphan(&mut store, piece, exit)
    });
    // What holds several is removed once.
    assert_eq!(
        commands(&store, &targets),
        [
            format!("ctr -n k8s.io content rm {digest}"),
            format!("ctr -n default content rm {digest}"),
            "ctr -n k8s.io leases rm --sync -- -l".into(),
        ]
    );
    assert!(notes(&store, &targets).contains("garbage collection removes it by itself"));
    assert_eq!(by_name(store.engine, &store.orphans[0]).len(), 2);
    assert!(by_name(store.engine, &store.orphans[3]).is_empty());
}

#[test]
fn records_of_the_cache_go_before_those_that_they_stand_on() {
    let mut store = store(Engine::Docker);
    for (id, parents) in [("a", vec![]), ("b", vec!["a"]), ("c", vec!["b"])] {
        store.cache.push(CacheRecord {
            id: id.into(),
            description: String::new(),
            layer: None,
            pieces: Vec::new(),
            recorded_bytes: None,
            created: None,
            used: None,
            parents: parents.into_iter().map(Into::into).collect(),
            copy_of: None,
        });
    }
    let [a, b, c] = [0, 1, 2].map(|at| Target::Owner(Owner::Cache(CacheId(at))));
    let ids: Vec<char> = commands(&store, &[a, b, c])
        .iter()
        .filter_map(|command| command.chars().last())
        .collect();
    assert_eq!(ids, ['c', 'b', 'a']);
    assert!(notes(&store, &[a, c]).contains("stays while other records stand on it: b"));
}

#[test]
fn a_container_of_which_nothing_tells_whether_it_runs_has_both_commands() {
    let mut store = store(Engine::Containerd);
    let target = container(&mut store, "box", None, State::Other(String::new()));
    assert_eq!(
        commands(&store, &[target]),
        ["ctr -n default containers rm c0ffee"]
    );
    assert!(notes(&store, &[target]).contains("tasks rm --force c0ffee"));
}

/// What is printed is pasted: it is a command and nothing else, and who did not try it says so.
#[test]
fn every_row_is_a_command_and_says_how_it_is_known() {
    let mut seen = BTreeSet::new();
    for row in ROWS {
        let pattern = row.pattern();
        assert!(
            seen.insert((row.tool, row.action)),
            "{pattern} stands twice"
        );
        for word in [", ", " then ", " or ", "(", "content prune"] {
            assert!(!pattern.contains(word), "{pattern}");
        }
        for told in [row.removes, row.frees, row.spares, row.proof.documented] {
            assert!(!told.is_empty(), "{pattern}");
        }
        assert_eq!(row.proof.run_on.is_some(), !row.proof.engines.is_empty());
        for engine in [Engine::Docker, Engine::DockerContainerd, Engine::Containerd] {
            let command = row.about(engine, Subject::default());
            let is_checked_first = command.shown().starts_with("check first: ");
            assert_eq!(is_checked_first, command.verified_on.is_none());
            let lines = Step::Command(command).lines();
            assert_eq!(lines[0].starts_with("# check first, "), is_checked_first);
            assert!(lines.last().unwrap().starts_with(|c: char| c != '#'));
        }
    }
}

#[test]
fn a_prune_is_for_what_it_reaches_and_the_rest_goes_one_by_one() {
    let mut one = store(Engine::DockerContainerd);
    image(&mut one, &["app:1"], Some(1));
    image(&mut one, &["other:1"], Some(2));
    one.images[0].namespace = Some("moby".into());
    one.images[1].namespace = Some("default".into());
    let of = |store: &Store| -> Vec<String> {
        let found = suggestions(store, None);
        let unused = found.iter().find(|one| one.group == Group::Unused).unwrap();
        unused.commands().map(super::Command::shown).collect()
    };
    assert_eq!(
        of(&one),
        [
            "check first: docker image prune -a",
            "check first: ctr -n default images rm --sync other:1"
        ]
    );
    // It would prune what the engine uses now.
    one.activity = Activity::LeftBehind;
    assert!(of(&one).is_empty());
    let mut containerd = store(Engine::Containerd);
    image(&mut containerd, &["app:1"], Some(1));
    containerd.images[0].namespace = Some("default".into());
    assert_eq!(of(&containerd), ["ctr -n default images rm --sync app:1"]);
    // `crictl rmi --prune` takes images with a name too.
    let mut node = store(Engine::Kubernetes);
    image(&mut node, &[], Some(1));
    node.images[0].namespace = Some("k8s.io".into());
    let found = suggestions(&node, None);
    let dangling = found.iter().find(|one| one.group == Group::Dangling);
    let command = dangling.unwrap().commands().next().unwrap();
    assert!(
        command.text.starts_with("crictl rmi sha256:"),
        "{command:?}"
    );
}

fn pod(store: &mut Store, name: &str) -> PodId {
    store.pods.push(crate::store::Pod {
        namespace: "shop".into(),
        name: name.into(),
        uid: name.into(),
        pieces: Vec::new(),
    });
    PodId(u32::try_from(store.pods.len() - 1).unwrap())
}

/// Podman has no record of CRI-O's containers, and the kubelet looks after their images.
#[test]
fn what_crio_runs_is_not_left_to_podman() {
    let mut store = store(Engine::ContainersStorage);
    let image = image(&mut store, &["app:1"], Some(1));
    let in_pod = container(&mut store, "app", Some(ImageId(0)), State::Exited);
    store.containers[0].pod = Some(pod(&mut store, "web"));
    assert_eq!(
        commands(&store, &[image, in_pod]),
        ["crictl rm c0ffee", "crictl rmi app:1"]
    );
    let alone = container(&mut store, "mine", None, State::Exited);
    assert_eq!(commands(&store, &[alone]), ["podman container rm mine"]);
    store.containers.pop();
    for suggestion in suggestions(&store, None) {
        for command in suggestion.commands() {
            assert!(command.text.starts_with("crictl "), "{command:?}");
            assert_eq!(command.verified_on, None);
        }
    }
    // Its own container is still Podman's to prune.
    container(&mut store, "mine", None, State::Exited);
    let found = suggestions(&store, None);
    let stopped = found.iter().find(|one| one.group == Group::Stopped);
    let stopped: Vec<_> = stopped.unwrap().commands().collect();
    let stopped: Vec<&str> = stopped.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(stopped, ["podman container prune", "crictl rm c0ffee"]);
}

#[test]
fn a_pod_takes_its_containers_along() {
    let mut store = store(Engine::Kubernetes);
    let running = container(&mut store, "app", None, State::Running);
    let sandbox = container(&mut store, "POD", None, State::Running);
    let id = pod(&mut store, "web");
    store.containers[0].pod = Some(id);
    store.containers[1].pod = Some(id);
    let whole = Target::Owner(Owner::Pod(id));
    let command = "kubectl delete pod -n shop web";
    assert_eq!(commands(&store, &[whole, running, sandbox]), [command]);
    // No command removes what holds a pod together, and leaves the pod.
    assert_eq!(commands(&store, &[sandbox]), [command]);
    assert_eq!(
        commands(&store, &[running]),
        ["crictl stop c0ffee", "crictl rm c0ffee"]
    );
}

#[test]
fn a_lease_that_holds_is_not_for_pruning() {
    let mut store = store(Engine::Containerd);
    store.leases.push(crate::store::Lease {
        namespace: "default".into(),
        id: "1-abc".into(),
        ends: Some(4),
        pieces: vec![PieceId(0)],
    });
    let lease = [Target::Owner(Owner::Lease(LeaseId(0)))];
    let command = "ctr -n default leases rm --sync 1-abc";
    assert_eq!(commands(&store, &lease), [command]);
    assert!(notes(&store, &lease).contains("wait until it ends"));
    assert!(suggestions(&store, None).is_empty());
}

/// `ctr containers rm` would leave the log and the files that nerdctl has of it.
#[test]
fn containers_of_nerdctl_are_removed_by_it() {
    let mut store = store(Engine::Containerd);
    let unknown = State::Other(String::new());
    let made = container(&mut store, "db", None, unknown);
    store.nerdctl.insert(ContainerId(0), "shop".into());
    assert_eq!(commands(&store, &[made]), ["nerdctl -n shop rm c0ffee"]);
    assert!(notes(&store, &[made]).contains("nerdctl -n shop stop c0ffee"));
}

/// Names of nerdctl's volumes are those of one namespace, whatever the store is otherwise.
#[test]
fn volumes_of_nerdctl_are_removed_in_their_namespace() {
    for engine in [
        Engine::Containerd,
        Engine::Kubernetes,
        Engine::DockerContainerd,
    ] {
        let mut store = store(engine);
        store.volumes.push(Volume {
            name: "left".into(),
            pieces: vec![PieceId(0)],
            containers: Vec::new(),
            driver: "local".into(),
            namespace: Some("k8s.io".into()),
            users: Ownership::Recorded,
            holds: Vec::new(),
        });
        let volume = [Target::Owner(Owner::Volume(VolumeId(0)))];
        let command = "nerdctl -n k8s.io volume rm left";
        assert_eq!(commands(&store, &volume), [command]);
        let found = suggestions(&store, None);
        let found = found.iter().flat_map(Suggestion::commands);
        let found: Vec<&str> = found.map(|command| command.text.as_str()).collect();
        assert_eq!(found, [command], "{engine:?}");
    }
}

#[test]
fn positions_that_are_not_there_are_nothing() {
    let store = store(Engine::Docker);
    let all = [
        Target::Orphan(7),
        Target::Owner(Owner::Image(ImageId(7))),
        Target::Owner(Owner::Container(ContainerId(7))),
        Target::Owner(Owner::Cache(CacheId(7))),
        Target::Owner(Owner::Volume(VolumeId(7))),
        Target::Owner(Owner::Pod(PodId(7))),
        Target::Owner(Owner::Lease(LeaseId(7))),
    ];
    assert!(steps(&store, &all).is_empty());
}

/// What the shell makes of a word is what was quoted, and the word is printable ASCII.
#[test]
fn a_shell_reads_back_what_was_quoted() {
    let names = [
        "plain:1.0",
        "",
        "=ls",
        "a b",
        "it's",
        "$(reboot)",
        "`reboot`",
        "a;b&c|d>e<f",
        "*?[a]{b,c}~!#",
        "back\\slash",
        "line\nbreak\ttab",
        "\u{1b}[31mred\u{7}1",
        "\u{202e}gnp.exe",
        "'\u{1}''\\",
        "-rf",
    ];
    for name in names {
        let word = quoted(name);
        assert!(
            word.bytes().all(|byte| (0x20..0x7F).contains(&byte)),
            "{word}"
        );
        let Ok(output) = Command::new("bash")
            .args(["-c", &format!("printf %s {word}")])
            .output()
        else {
            return;
        };
        if name != "-rf" {
            assert_eq!(String::from_utf8(output.stdout).unwrap(), name, "{word}");
        }
    }
}

#[test]
fn a_volume_of_a_builder_tells_what_empties_it() {
    let directory = tempfile::tempdir().unwrap();
    let root = crate::beneath::Beneath::open(directory.path()).unwrap();
    let store = Store::new(Engine::Docker, "overlay2", root.clone());
    let held = |engine| crate::store::Held {
        engine,
        location: crate::store::Location::new(&root, "volumes/x"),
    };
    let volume = |name: &str, engine| Volume {
        name: name.into(),
        pieces: Vec::new(),
        containers: Vec::new(),
        users: Ownership::Recorded,
        driver: "local".into(),
        namespace: None,
        holds: vec![held(engine)],
    };
    let told =
        |name, engine| super::of_builder(&store, &volume(name, engine)).map(|told| told.shown());
    let wanted = "check first: docker buildx prune --builder coolify-railpack";
    let name = "buildx_buildkit_coolify-railpack0_state";
    assert_eq!(told(name, "BuildKit").as_deref(), Some(wanted));
    assert_eq!(told(name, "Docker"), None);
    assert_eq!(told("pgdata", "BuildKit"), None);
    assert_eq!(told("buildx_buildkit_0_state", "BuildKit"), None);
}
