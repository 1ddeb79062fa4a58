//! Reports of stores: pictures of the text, what JSON promises, and exports that ncdu takes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use layerscope::beneath::Beneath;
use layerscope::error::{Warning, WarningCode};
use layerscope::image::{Digest, Platform};
use layerscope::progress::Job;
use layerscope::report::store::StoreReport;
use layerscope::report::{Format, Report};
use layerscope::store::engine_sizes::{ContainerSizes, EngineSizes, ImageSizes};
use layerscope::store::{
    self, Accounts, Activity, Basis, CacheRecord, Container, ContainerId, Engine, Exit, Extra,
    ExtraKind, Growth, ImageId, Inventory, LargePath, Layer, LayerId, Lease, Listing, Location,
    Orphan, Ownership, PieceId, Pod, PodId, Role, State, Store, StoredImage, Usage, Volume,
};
use layerscope::text::{Detail, Glyphs, Look};
use layerscope::units::Units;
use layerscope::{analysis, source};
use serde_json::Value;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// A directory that is open under a name of our choice, so that pictures do not depend on the machine.
fn rooted(directory: &Path, name: &str) -> Beneath {
    let opened = fs::File::open(directory).unwrap();
    Beneath::new(opened.into(), name)
}

fn digest(letter: char) -> Digest {
    Digest::parse(&format!("sha256:{}", letter.to_string().repeat(64))).unwrap()
}

/// Adds a piece of a known size.
fn piece(store: &mut Store, path: &[u8], role: Role, bytes: u64) -> PieceId {
    let location = Location::new(&store.root, path);
    let id = store.add_piece(location, role);
    let piece = &mut store.pieces[id.as_usize()];
    piece.usage = Some(Usage {
        disk_bytes: bytes,
        own_disk_bytes: bytes,
        file_bytes: bytes / 2,
        inodes: 3,
        files: 2,
    });
    piece.modified = Some(1_767_225_600);
    id
}

fn layer(store: &mut Store, name: &str, parent: Option<LayerId>, pieces: Vec<PieceId>) -> LayerId {
    store.add_layer(Layer {
        name: name.into(),
        diff_id: None,
        chain_id: None,
        parent,
        pieces,
        blobs: Vec::new(),
        recorded_bytes: Some(7),
        created: None,
        listing: Listing::Empty,
    })
}

fn image(names: &[&str], letter: char, layers: &[LayerId]) -> StoredImage {
    StoredImage {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        id: Some(digest(letter)),
        digest: None,
        platform: Platform::default(),
        created: Some("2026-01-02T03:04:05Z".into()),
        config: None,
        layers: layers.iter().copied().map(Some).collect(),
        diff_ids: Vec::new(),
        pieces: Vec::new(),
        parent: None,
        namespace: None,
        is_intermediate: false,
    }
}

fn container(id: &str, name: &str, image: Option<ImageId>) -> Container {
    Container {
        id: id.into(),
        name: name.into(),
        image,
        image_name: String::new(),
        state: State::Exited,
        created: Some(1_767_225_600),
        layers: Vec::new(),
        init: None,
        writable: None,
        logs: Vec::new(),
        pieces: Vec::new(),
        pod: None,
        growth: Vec::new(),
    }
}

/// What hostile people call things.
const HOSTILE: &str = "evil\u{1b}[31m\u{202e}gnp.exe\u{9b}\"\\<b>\u{F0000}ü";

/// A Docker store with something of everything.
fn docker(root: &Path) -> Store {
    let mut store = Store::new(Engine::Docker, "overlay2", rooted(root, "/var/lib/docker"));
    store.pieces[0].usage = Some(Usage {
        disk_bytes: 3 * MIB,
        ..Usage::default()
    });
    let mut layers = Vec::new();
    for (at, (name, bytes)) in [
        ("base", 117 * MIB),
        ("train", 1200 * MIB),
        ("app", 402 * MIB),
        ("dangling", 88 * MIB),
    ]
    .into_iter()
    .enumerate()
    {
        let id = piece(
            &mut store,
            format!("overlay2/{name}").as_bytes(),
            Role::Layer,
            bytes,
        );
        let parent = (at > 0 && at < 3).then_some(LayerId(0));
        layers.push(layer(&mut store, name, parent, vec![id]));
    }
    let (base, train, app) = (layers[0], layers[1], layers[2]);
    store.images = vec![
        image(&["debian:12"], 'a', &[base]),
        image(
            &[
                "registry.example.com/a-rather-long-team-name/machine-learning/train-pipeline-with-cuda:2026.01.02-1",
                "ml/train:latest",
            ],
            'b',
            &[base, train],
        ),
        image(&["app:1.4"], 'c', &[base, app]),
        image(&[], 'd', &[layers[3]]),
        image(&[HOSTILE], 'e', &[base]),
    ];
    store.images[4].layers.push(None);
    docker_containers(&mut store, base);
    docker_rest(&mut store, base);
    store
}

fn docker_containers(store: &mut Store, base: LayerId) {
    let written = piece(store, b"overlay2/web/diff", Role::Writable, 2048 * MIB);
    let log = piece(store, b"containers/web/web-json.log", Role::Log, 12 * MIB);
    let files = piece(store, b"containers/web", Role::ContainerFiles, 16 * KIB);
    let writable = layer(store, "web", Some(base), vec![written]);
    let mut web = container(&"1f".repeat(32), "web-1", Some(ImageId(2)));
    web.state = State::Running;
    web.writable = Some(writable);
    web.logs = vec![log];
    web.pieces = vec![files];
    web.growth = vec![
        Growth {
            path: b"var/log".to_vec(),
            disk_bytes: 2000 * MIB,
        },
        Growth {
            path: b"tmp/bad\xFF\n".to_vec(),
            disk_bytes: 48 * MIB,
        },
    ];
    let unseen = store.add_piece(
        Location::new(&store.root, *b"overlay2/hidden/diff"),
        Role::Writable,
    );
    store.pieces[unseen.as_usize()].unmeasured = Some("Permission denied (os error 13)".into());
    let writable = layer(store, "hidden", Some(base), vec![unseen]);
    let mut hidden = container(&"2e".repeat(32), HOSTILE, None);
    hidden.writable = Some(writable);
    store.containers = vec![web, hidden];
}

fn docker_rest(store: &mut Store, base: LayerId) {
    let context = piece(store, b"overlay2/ctx", Role::Cache, 22 * MIB);
    let own = layer(store, "ctx", None, vec![context]);
    let record = |id: &str, description: &str, layer| CacheRecord {
        id: id.into(),
        description: description.into(),
        layer: Some(layer),
        pieces: Vec::new(),
        recorded_bytes: Some(1),
        created: Some(1_767_225_600),
        used: None,
        parents: Vec::new(),
        copy_of: None,
    };
    store.cache = vec![
        record("aaa", "local source for context", own),
        record("bbb", "pulled from docker.io/library/debian:12", base),
    ];
    let data = piece(store, b"volumes/pgdata/_data", Role::Volume, 1100 * MIB);
    let volume = |name: &str, pieces, containers| Volume {
        name: name.into(),
        pieces,
        containers,
        driver: "local".into(),
        namespace: None,
        users: Ownership::Recorded,
        holds: Vec::new(),
    };
    store.volumes = vec![
        volume("pgdata", vec![data], vec![ContainerId(0)]),
        volume("elsewhere", Vec::new(), Vec::new()),
    ];
    let plugin = piece(store, b"plugins/ff56", Role::Extra, 28 * MIB);
    let backup = piece(store, b"backup.tar", Role::Extra, 6 * MIB);
    store.extras = vec![
        Extra {
            kind: ExtraKind::Plugin { is_enabled: true },
            name: "grafana/loki-docker-driver:latest".into(),
            pieces: vec![plugin],
        },
        Extra {
            kind: ExtraKind::Foreign,
            name: "backup.tar".into(),
            pieces: vec![backup],
        },
    ];
    store.largest = vec![LargePath {
        of: Role::Bookkeeping,
        location: Location::new(&store.root, b"network/files".to_vec()),
        disk_bytes: 2 * MIB,
    }];
    for (path, bytes) in [
        (
            &b"overlay2/2f9a77bc01d2e3f4a5b6c7d8e9f00112233445566778899aabbccddeeff0011"[..],
            3900,
        ),
        (b"overlay2/x\x1b[2J\xFF", 1800),
    ] {
        let lost = piece(store, path, Role::Orphan, bytes * MIB);
        store.orphans.push(Orphan {
            piece: lost,
            reason: "no image, container or build cache has it".into(),
            kind: "unreferenced-directory",
            since: None,
            exit: Exit::ByHand,
        });
    }
    store.warnings.push(Warning::new(
        WarningCode::BadRecord,
        "image/overlay2/repositories.json: not JSON at byte 17; the names of images are unknown",
    ));
}

/// A Kubernetes node's containerd, left behind, and nothing much in it.
fn kubernetes(root: &Path) -> Store {
    let beneath = rooted(root, "/var/lib/containerd");
    let mut store = Store::new(Engine::Kubernetes, "overlayfs", beneath);
    store.activity = Activity::LeftBehind;
    store.pieces[0].usage = Some(Usage::default());
    let mut add = |at: u8, bytes| {
        let path = format!("snapshots/{at}");
        piece(&mut store, path.as_bytes(), Role::Writable, bytes)
    };
    let (first, second) = (add(1, 300 * MIB), add(2, 20 * MIB));
    for (at, id) in [(1, first), (2, second)] {
        let writable = layer(&mut store, &at.to_string(), None, vec![id]);
        let mut one = container(&format!("c{at}"), "", None);
        one.image_name = "registry.k8s.io/pause:3.9".into();
        one.writable = Some(writable);
        one.pod = Some(PodId(0));
        store.containers.push(one);
    }
    let copied = piece(&mut store, b"snapshots/3", Role::Layer, 30 * MIB);
    let image_layer = layer(&mut store, "sha256:1", None, vec![copied]);
    let second = piece(&mut store, b"snapshots/4", Role::Cache, 30 * MIB);
    let cache_layer = layer(&mut store, "random", None, vec![second]);
    store.images = vec![image(&["registry.k8s.io/pause:3.9"], 'f', &[image_layer])];
    store.cache = vec![CacheRecord {
        id: "random".into(),
        description: String::new(),
        layer: Some(cache_layer),
        pieces: Vec::new(),
        recorded_bytes: None,
        created: None,
        used: None,
        parents: vec!["other".into()],
        copy_of: Some(image_layer),
    }];
    let pulled = piece(&mut store, b"blobs/sha256/1", Role::Blob, 9 * MIB);
    store.leases = vec![Lease {
        namespace: "k8s.io".into(),
        id: HOSTILE.into(),
        ends: Some(1_767_225_600),
        pieces: vec![pulled],
    }];
    let empty_dir = piece(&mut store, b"pods/1/volumes", Role::Volume, 5 * MIB);
    store.pods = vec![Pod {
        namespace: "shop".into(),
        name: "cart-7d9f".into(),
        uid: "0000-1111".into(),
        pieces: vec![empty_dir],
    }];
    store
}

/// Numbers that an engine might print; of the first image and the first container only.
fn told(store: &Store) -> EngineSizes {
    let mut figures = EngineSizes {
        images: vec![ImageSizes::default(); store.images.len()],
        containers: vec![ContainerSizes::default(); store.containers.len()],
    };
    if let Some(first) = figures.images.first_mut() {
        first.size_bytes = Some(2_457_538);
        first.shared_bytes = Some(0);
    }
    if let Some(first) = figures.containers.first_mut() {
        first.writable_bytes = Some(151_083);
    }
    figures
}

struct Reported {
    inventory: Inventory,
    accounts: Vec<Accounts>,
    engine_sizes: Vec<EngineSizes>,
}

impl Reported {
    fn of(stores: Vec<Store>, name: &str) -> Self {
        let inventory = Inventory {
            name: name.into(),
            stores,
        };
        let stores = inventory.stores.iter();
        let accounts = stores.clone().map(|one| Accounts::of(one, Basis::Disk));
        Self {
            accounts: accounts.collect(),
            engine_sizes: stores.map(told).collect(),
            inventory,
        }
    }

    /// Reads and weighs real stores.
    fn read(root: &Path) -> Self {
        let job = Job::new();
        let mut inventory = store::read(root, &job).unwrap();
        store::measure::measure(&mut inventory, None, &job).unwrap();
        let name = inventory.name.clone();
        let mut reported = Self::of(inventory.stores, &name);
        let stores = reported.inventory.stores.iter();
        reported.engine_sizes = stores.map(Store::engine_sizes).collect();
        reported
    }

    fn write(&self, format: Format, look: Look, top: Option<usize>) -> String {
        let mut bytes = Vec::new();
        let report = StoreReport {
            inventory: &self.inventory,
            accounts: &self.accounts,
            engine_sizes: &self.engine_sizes,
            look,
            top,
            job: &Job::new(),
        };
        report.write(format, &mut bytes).unwrap();
        // Styles are for whoever writes to a terminal; pictures go without.
        String::from_utf8(strip_styles(&bytes)).unwrap()
    }

    fn text(&self, look: Look) -> String {
        self.write(Format::Text, look, None)
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.write(Format::Json, look(80), None)).unwrap()
    }

    fn ncdu(&self) -> String {
        self.write(Format::Ncdu, look(80), None)
    }
}

/// Removes the program's own styles: `ESC [ digits m`.
fn strip_styles(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first == 0x1b && tail.first() == Some(&b'[') {
            let end = tail.iter().position(|&byte| byte == b'm').unwrap();
            rest = &tail[end + 1..];
        } else {
            plain.push(first);
        }
    }
    plain
}

const fn look(width: usize) -> Look {
    Look {
        width,
        units: Units::Iec,
        glyphs: Glyphs::Unicode,
        detail: Detail::Short,
    }
}

fn two_stores() -> Reported {
    let root = tempfile::tempdir().unwrap();
    Reported::of(
        vec![docker(root.path()), kubernetes(root.path())],
        "/var/lib",
    )
}

fn one_store() -> Reported {
    let root = tempfile::tempdir().unwrap();
    Reported::of(vec![docker(root.path())], "/var/lib/docker")
}

#[test]
fn text_at_80_columns() {
    insta::assert_snapshot!(two_stores().text(look(80)));
}

#[test]
fn text_at_120_columns_in_full() {
    let look = Look {
        detail: Detail::Full,
        ..look(120)
    };
    insta::assert_snapshot!(one_store().text(look));
}

#[test]
fn text_in_ascii_with_few_rows() {
    let look = Look {
        glyphs: Glyphs::Ascii,
        units: Units::Si,
        ..look(80)
    };
    let text = one_store().write(Format::Text, look, Some(1));
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn text_keeps_to_its_width_and_to_harmless_characters() {
    for width in [80, 100, 120, 200] {
        for line in two_stores().text(look(width)).lines() {
            let columns = unicode_width::UnicodeWidthStr::width(line);
            assert!(columns <= width, "{columns} of {width}: {line}");
            assert!(layerscope::path::is_plain(line.as_bytes()), "{line}");
        }
    }
}

#[test]
fn json_of_two_stores() {
    insta::assert_snapshot!(two_stores().write(Format::Json, look(80), None));
}

/// Returns every name of a member, at any depth.
fn names_of_members(document: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut left = vec![document];
    while let Some(value) = left.pop() {
        match value {
            Value::Array(values) => left.extend(values),
            Value::Object(members) => {
                names.extend(members.keys().cloned());
                left.extend(members.values());
            }
            _ => {}
        }
    }
    names
}

fn page(name: &str) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    fs::read_to_string(docs.join(name)).unwrap()
}

/// The page shows every member there is, and none that there is not.
#[test]
fn the_page_shows_the_members_of_the_json() {
    let page = page("json.md");
    let (_, section) = page.split_once("## A layer store\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let (_, example) = section.split_once("```jsonc\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let written = names_of_members(&two_stores().json());
    for name in &written {
        let is_shown = [format!("\"{name}\":"), format!("`{name}`")]
            .iter()
            .any(|shown| section.contains(shown));
        assert!(is_shown, "{name} is not in docs/json.md");
    }
    let pieces: Vec<&str> = example.split('"').collect();
    for pair in pieces.windows(2).skip(1).step_by(2) {
        if pair[1].starts_with(':') {
            assert!(written.contains(pair[0]), "{} is not in the JSON", pair[0]);
        }
    }
}

fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    value.pointer(path).unwrap_or_else(|| panic!("no {path}"))
}

fn least(amount: &Value) -> u64 {
    at(amount, "/at_least").as_u64().unwrap()
}

fn items<'a>(store: &'a Value, name: &str) -> &'a Vec<Value> {
    at(store, &format!("/{name}")).as_array().unwrap()
}

/// What the page promises of every store.
fn assert_json_holds(document: &Value) {
    assert_eq!(at(document, "/schema_version"), 1);
    for store in items(document, "stores") {
        let totals = at(store, "/totals");
        let parts = [
            "images",
            "writable",
            "logs",
            "container_files",
            "volumes",
            "cache",
            "leases",
            "extras",
            "orphans",
            "bookkeeping",
        ];
        let sum: u64 = parts.map(|part| least(&totals[part])).iter().sum();
        assert_eq!(sum, least(&totals["total"]));
        for image in items(store, "images") {
            let (unique, shared) = (&image["unique"], &image["shared"]);
            assert_eq!(least(unique) + least(shared), least(&image["total"]));
            assert!(least(&image["total"]) <= least(&totals["total"]));
        }
        for name in [
            "images",
            "layers",
            "containers",
            "pods",
            "cache",
            "volumes",
            "leases",
            "extras",
            "orphans",
        ] {
            for (index, item) in items(store, name).iter().enumerate() {
                assert_eq!(item["index"], index, "{name}");
                assert_references_hold(store, item);
            }
        }
    }
    assert_amounts_are_honest(document);
}

fn assert_references_hold(store: &Value, item: &Value) {
    for (key, array) in [
        ("layers", "layers"),
        ("layer", "layers"),
        ("copy_of", "layers"),
        ("writable_layer", "layers"),
        ("image", "images"),
        ("pod", "pods"),
        ("containers", "containers"),
    ] {
        let numbers = match &item[key] {
            Value::Array(numbers) => numbers.clone(),
            // Of an image a count, not a reference.
            Value::Number(_) if key == "containers" => Vec::new(),
            one => vec![one.clone()],
        };
        for number in numbers.iter().filter_map(Value::as_u64) {
            let length = items(store, array).len();
            assert!(number < u64::try_from(length).unwrap(), "{key} {number}");
        }
    }
}

/// Looks at every object of the document: what is known is the least it can be, nothing else is.
fn assert_amounts_are_honest(document: &Value) {
    let mut left = vec![document];
    while let Some(value) = left.pop() {
        if let Some(least) = value.get("at_least") {
            let bytes = &value["bytes"];
            assert!(bytes.is_null() || bytes == least, "{value}");
        }
        match value {
            Value::Array(values) => left.extend(values),
            Value::Object(values) => left.extend(values.values()),
            _ => {}
        }
    }
}

#[test]
fn json_keeps_its_promises() {
    let reported = two_stores();
    let text = reported.write(Format::Json, look(80), Some(1));
    for line in text.lines() {
        assert!(layerscope::path::is_plain(line.as_bytes()), "{line}");
    }
    assert_eq!(text, reported.write(Format::Json, look(200), None));
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_json_holds(&document);
    assert_eq!(at(&document, "/complete"), false);
    assert_eq!(at(&document, "/stores/0/images/4/names/0"), HOSTILE);
    assert_eq!(
        at(&document, "/stores/0/images/4/layers"),
        &serde_json::json!([0, null])
    );
    let hidden = at(&document, "/stores/0/containers/1/writable");
    assert_eq!(hidden, &serde_json::json!({ "bytes": null, "at_least": 0 }));
    assert_eq!(at(&document, "/stores/1/complete"), true);
}

#[test]
fn nothing_measured_is_never_zero() {
    let mut reported = two_stores();
    for store in &mut reported.inventory.stores {
        for piece in &mut store.pieces {
            piece.usage = None;
        }
    }
    let stores = std::mem::take(&mut reported.inventory.stores);
    let mut unmeasured = Reported::of(stores, "/var/lib");
    let with_accounts = unmeasured.json();
    unmeasured.accounts.clear();
    unmeasured.engine_sizes.clear();
    for document in [with_accounts, unmeasured.json()] {
        assert_eq!(at(&document, "/complete"), false);
        assert_eq!(
            at(&document, "/stores/0/images/0/total/bytes"),
            &Value::Null
        );
        assert_eq!(at(&document, "/stores/0/totals/total/bytes"), &Value::Null);
    }
    let text = unmeasured.text(look(80));
    assert!(text.contains("total            unmeasured"), "{text}");
}

/// A store with real files: two layers, the lower one in two images, hard links within it.
fn on_disk(root: &Path) -> Store {
    for directory in ["overlay2/low/sub", "overlay2/high", "image", "containers/c"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    let put = |name: &str, length: usize| fs::write(root.join(name), vec![1; length]).unwrap();
    put("overlay2/low/large", 100_000);
    fs::hard_link(
        root.join("overlay2/low/large"),
        root.join("overlay2/low/sub/again"),
    )
    .unwrap();
    put("overlay2/high/own", 50_000);
    put("image/db", 9000);
    put("containers/c/log", 3000);
    symlink("/etc/passwd", root.join("overlay2/high/link")).unwrap();
    let odd = std::ffi::OsStr::from_bytes(b"odd\x1b]\xff\"\\");
    fs::write(root.join("overlay2/high").join(odd), "x").unwrap();
    let mut store = Store::new(Engine::Docker, "overlay2", rooted(root, "/var/lib/docker"));
    let mut add = |path: &str, role| {
        let location = Location::new(&store.root, path);
        store.add_piece(location, role)
    };
    let low = add("overlay2/low", Role::Layer);
    let high = add("overlay2/high", Role::Layer);
    let log = add("containers/c/log", Role::Log);
    let files = add("containers/c", Role::ContainerFiles);
    let low = layer(&mut store, "low", None, vec![low]);
    let high = layer(&mut store, "high", Some(low), vec![high]);
    store.images = vec![
        image(&["a:1"], 'a', &[low]),
        image(&["b/c:1"], 'b', &[low, high]),
    ];
    let mut one = container("c", "web", Some(ImageId(1)));
    one.logs = vec![log];
    one.pieces = vec![files];
    store.containers = vec![one];
    store
}

/// An export as ncdu counts it: every inode once.
#[derive(Default)]
struct Counted {
    bytes: u64,
    seen: BTreeSet<(u64, u64)>,
    links: BTreeMap<(u64, u64), (u64, u64)>,
}

impl Counted {
    fn of(document: &Value) -> Self {
        let mut counted = Self::default();
        let mut left = vec![(&document[3], 0)];
        while let Some((value, device)) = left.pop() {
            let (info, children) = match value {
                Value::Array(values) => (&values[0], &values[1..]),
                info => (info, &[][..]),
            };
            assert!(!info["name"].as_str().unwrap().is_empty());
            let device = info["dev"].as_u64().unwrap_or(device);
            counted.add(info, device);
            left.extend(children.iter().map(|child| (child, device)));
        }
        counted
    }

    fn add(&mut self, info: &Value, device: u64) {
        let size = info["dsize"].as_u64().unwrap_or(0);
        if info["hlnkc"] == true {
            let inode = (device, info["ino"].as_u64().unwrap());
            let names = info["nlink"].as_u64().unwrap();
            self.links.entry(inode).or_insert((names, 0)).1 += 1;
            if !self.seen.insert(inode) {
                return;
            }
        }
        self.bytes += size;
    }
}

#[test]
fn ncdu_counts_what_is_on_the_disk_once() {
    let root = tempfile::tempdir().unwrap();
    let mut inventory = Inventory {
        name: "/var/lib/docker".into(),
        stores: vec![on_disk(root.path())],
    };
    store::measure::measure(&mut inventory, None, &Job::new()).unwrap();
    let reported = Reported::of(inventory.stores, "/var/lib/docker");
    let text = reported.ncdu();
    let document: Value = serde_json::from_str(&text).unwrap();
    let counted = Counted::of(&document);
    let total = reported.accounts[0].totals.total;
    assert!(total.is_whole());
    assert_eq!(counted.bytes, total.bytes, "{text}");
    let large = fs::metadata(root.path().join("overlay2/low/large")).unwrap();
    let shared = counted.links[&(large.dev(), large.ino())];
    assert_eq!(shared, (4, 4), "two names in two images");
    assert_eq!(counted.links.len(), 1, "{text}");
    assert!(text.contains(r#""odd\u001b]\\xFF\"\\""#), "{text}");
    assert!(!text.contains("passwd"), "no link is followed");
}

#[test]
fn ncdu_itself_takes_the_export() {
    let root = tempfile::tempdir().unwrap();
    let reported = Reported::of(vec![on_disk(root.path())], "/var/lib/docker");
    let Ok(mut ncdu) = Command::new("ncdu")
        .args(["--ignore-config", "-f", "-", "-o", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
    else {
        println!("skipped: ncdu is not installed");
        return;
    };
    let mut input = ncdu.stdin.take().unwrap();
    input.write_all(reported.ncdu().as_bytes()).unwrap();
    drop(input);
    let output = ncdu.wait_with_output().unwrap();
    assert!(output.status.success());
    let taken: Value = serde_json::from_slice(&output.stdout).unwrap();
    let given: Value = serde_json::from_str(&reported.ncdu()).unwrap();
    assert_eq!(Counted::of(&taken).bytes, Counted::of(&given).bytes);
    assert_eq!(Counted::of(&taken).links, Counted::of(&given).links);
}

#[test]
fn a_cancelled_job_ends_the_export() {
    let root = tempfile::tempdir().unwrap();
    let reported = Reported::of(vec![on_disk(root.path())], "x");
    let job = Job::new();
    job.cancel();
    let report = StoreReport {
        inventory: &reported.inventory,
        accounts: &reported.accounts,
        engine_sizes: &reported.engine_sizes,
        look: look(80),
        top: None,
        job: &job,
    };
    let ended = report.write(Format::Ncdu, &mut Vec::new()).unwrap_err();
    assert_eq!(ended.kind(), std::io::ErrorKind::Interrupted);
    assert!(!StoreReport::can_write(Format::Dive));
    assert!(report.write(Format::Dive, &mut Vec::new()).is_err());
}

#[test]
fn deep_directories_do_not_use_up_descriptors() {
    let root = tempfile::tempdir().unwrap();
    let mut deep = root.path().join("overlay2/deep");
    for level in 0..150 {
        // Its turn comes when everything deeper was written, and the directory it is in was closed meanwhile.
        let later = deep.join("later");
        fs::create_dir_all(&later).unwrap();
        fs::write(later.join(format!("of-{level}")), "x").unwrap();
        deep.push("d");
    }
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("bottom"), "x").unwrap();
    let mut store = Store::new(Engine::Docker, "overlay2", rooted(root.path(), "/deep"));
    store.add_piece(Location::new(&store.root, *b"overlay2/deep"), Role::Layer);
    let text = Reported::of(vec![store], "/deep").ncdu();
    assert!(text.contains("\"bottom\""));
    assert_eq!(text.matches("\"of-").count(), 150);
    assert!(!text.contains("read_error"));
    assert_eq!(text.matches('[').count(), text.matches(']').count());
}

const REAL: [&str; 6] = [
    "docker-overlay2",
    "docker-vfs",
    "docker28-containerd",
    "containerd",
    "podman-overlay",
    "podman-rootless",
];

#[test]
fn real_stores_are_reported_in_every_format() {
    for name in REAL {
        let Some(unpacked) = support::stores::unpacked(name) else {
            return;
        };
        let reported = Reported::read(&unpacked.root());
        let document = reported.json();
        assert_json_holds(&document);
        for line in reported.text(look(80)).lines() {
            let columns = unicode_width::UnicodeWidthStr::width(line);
            assert!(columns <= 80, "{name}: {columns}: {line}");
        }
        let export: Value = serde_json::from_str(&reported.ncdu()).unwrap();
        let totals = reported
            .accounts
            .iter()
            .map(|accounts| accounts.totals.total);
        let total: store::Amount = totals.sum();
        assert_eq!(Counted::of(&export).bytes, total.bytes, "{name}");
    }
}

/// Takes out what depends on the file system that a store was unpacked on: sizes, and where lines break for them.
fn without_sizes(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| {
        word.chars()
            .all(|glyph| !('\u{2580}'..='\u{259F}').contains(&glyph))
    });
    let words: Vec<&str> = words.collect();
    let is_unit = |word: &&str| ["B", "KiB", "MiB", "%"].contains(word);
    let kept = words.iter().enumerate().filter(|(at, word)| {
        let is_size = word.parse::<f64>().is_ok() && words.get(at + 1).is_some_and(is_unit);
        !is_size && !is_unit(word)
    });
    let kept: Vec<&str> = kept.map(|(_, word)| *word).collect();
    kept.join(" ")
}

/// The report on the page about stores is what the program prints.
#[test]
fn the_page_shows_the_report_of_a_store() {
    let Some(unpacked) = support::stores::unpacked("docker-overlay2") else {
        return;
    };
    let root = unpacked.root().with_file_name("docker");
    fs::rename(unpacked.root(), &root).unwrap();
    let lost = "5c62171f09140f69648f84bf91a7de17fe2e3c4a6c57e121a58d692fe1dc6d9b";
    fs::remove_dir_all(root.join("containers").join(lost)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_layerscope"))
        .arg("docker")
        .current_dir(root.parent().unwrap())
        .env("COLUMNS", "100")
        .env_remove("CI")
        .output()
        .unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    let page = page("stores.md");
    let (_, shown) = page.split_once("$ sudo layerscope docker\n").unwrap();
    let (shown, _) = shown.split_once("\n```").unwrap();
    assert_eq!(
        without_sizes(shown),
        without_sizes(&printed),
        "put the report into docs/stores.md:\n{printed}"
    );
}

#[test]
fn an_image_is_exported_as_its_merged_view() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("demo.tar");
    fs::write(&file, support::demo::archive()).unwrap();
    let job = Job::new();
    let locator = source::Locator::parse(file.as_os_str()).unwrap();
    let opened = source::open(&locator, &source::OpenOptions::default(), &job).unwrap();
    let options = analysis::Options::default();
    let analysis = analysis::run(opened.source, opened.image, &options, &job).unwrap();
    let report = Report {
        analysis: &analysis,
        judgement: None,
        written: None,
        top: None,
        look: look(80),
    };
    let mut bytes = Vec::new();
    report.write(Format::Ncdu, &mut bytes).unwrap();
    let counted = Counted::of(&serde_json::from_slice(&bytes).unwrap());
    assert_eq!(counted.bytes, analysis.totals.effective_bytes);
    assert!(!counted.links.is_empty());
    assert!(counted.links.values().all(|(names, found)| names == found));
}
