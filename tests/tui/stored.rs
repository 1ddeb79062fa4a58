//! A layer store that is on no disk: records and weights as a test wants them.

use std::path::Path;
use std::sync::Arc;

use layerscope::beneath::Beneath;
use layerscope::image::{Digest, Platform};
use layerscope::store::{
    Activity, CacheRecord, Container, Engine, Exit, Extra, ExtraKind, Growth, ImageId, Inventory,
    LargePath, Layer, LayerId, Listing, Location, Orphan, Ownership, PieceId, Pod, PodId, Role,
    State, Store, StoredImage, Usage, Volume,
};
use layerscope::tui::store_subject::{Known, StoreSubject};

pub const MIB: u64 = 1024 * 1024;

/// Builds one store.
pub struct Stored(pub Store);

impl Stored {
    pub fn new(engine: Engine, driver: &str, name: &str) -> Self {
        let root = std::fs::File::open(Path::new("/")).expect("a root directory");
        let mut store = Store::new(engine, driver, Beneath::new(root.into(), name));
        store.pieces[0].usage = Some(weight(3 * MIB));
        Self(store)
    }

    pub fn piece(&mut self, path: &str, role: Role, bytes: u64) -> PieceId {
        let location = Location::new(&self.0.root, path);
        let id = self.0.add_piece(location, role);
        self.0.pieces[id.as_usize()].usage = Some(weight(bytes));
        id
    }

    pub fn layer(&mut self, number: u8, bytes: u64, parent: Option<LayerId>) -> LayerId {
        let piece = self.piece(&format!("overlay2/{number:02x}/diff"), Role::Layer, bytes);
        self.0.add_layer(Layer {
            name: format!("{number:02x}"),
            diff_id: Some(digest(number)),
            chain_id: Some(digest(number ^ 0x80)),
            parent,
            pieces: vec![piece],
            blobs: Vec::new(),
            recorded_bytes: Some(bytes),
            created: Some(1_740_787_200),
            listing: Listing::Empty,
        })
    }

    pub fn image(&mut self, names: &[&str], number: u8, layers: &[LayerId]) -> ImageId {
        self.0.images.push(StoredImage {
            names: names.iter().map(ToString::to_string).collect(),
            id: Some(digest(number)),
            digest: None,
            platform: Platform::parse("linux/amd64").expect("a platform"),
            created: Some(format!("2025-02-{number:02}T10:00:00Z")),
            config: None,
            layers: layers.iter().copied().map(Some).collect(),
            diff_ids: Vec::new(),
            pieces: Vec::new(),
            parent: None,
            namespace: None,
            is_intermediate: false,
        });
        ImageId(u32::try_from(self.0.images.len() - 1).expect("few images"))
    }

    pub fn container(&mut self, name: &str, image: ImageId, state: State, bytes: u64) {
        let number = u8::try_from(self.0.containers.len()).expect("few containers");
        let piece = self.piece(&format!("overlay2/w{number}/diff"), Role::Writable, bytes);
        let log = self.piece(&format!("containers/c{number}/c.log"), Role::Log, bytes / 8);
        let writable = self.0.add_layer(Layer {
            name: format!("w{number}"),
            diff_id: None,
            chain_id: None,
            parent: None,
            pieces: vec![piece],
            blobs: Vec::new(),
            recorded_bytes: None,
            created: None,
            listing: Listing::Empty,
        });
        let layers = self.0.images[image.as_usize()].layers.iter();
        self.0.containers.push(Container {
            id: format!("c{number}ffee{}", "0".repeat(58)),
            name: name.into(),
            image: Some(image),
            image_name: self.0.images[image.as_usize()]
                .names
                .first()
                .cloned()
                .unwrap_or_default(),
            state,
            created: Some(1_741_000_000),
            layers: layers.copied().flatten().collect(),
            init: None,
            writable: Some(writable),
            logs: vec![log],
            pieces: Vec::new(),
            pod: None,
            growth: vec![Growth {
                path: b"var/log".to_vec(),
                disk_bytes: bytes - bytes / 8,
            }],
        });
    }

    pub fn orphan(&mut self, path: &str, bytes: u64, since: i64) {
        let piece = self.piece(path, Role::Orphan, bytes);
        self.0.orphans.push(Orphan {
            piece,
            reason: "no image, container or build cache has it".into(),
            kind: "unreferenced-directory",
            since: Some(since),
            exit: Exit::ByHand,
        });
    }
}

pub fn digest(number: u8) -> Digest {
    Digest::parse(&format!("sha256:{}", format!("{number:02x}").repeat(32))).expect("a digest")
}

fn weight(bytes: u64) -> Usage {
    Usage {
        disk_bytes: bytes,
        own_disk_bytes: bytes,
        file_bytes: bytes / 2,
        inodes: 10,
        files: 8,
    }
}

/// The store of the mock-ups: shared layers, a dangling image, a container that grew, orphans, cache, a volume.
pub fn docker() -> Store {
    let mut all = Stored::new(Engine::Docker, "overlay2", "/var/lib/docker");
    let base = all.layer(1, 117 * MIB, None);
    let train = all.layer(2, 1228 * MIB, Some(base));
    let app = all.layer(3, 31 * MIB, Some(base));
    let new = all.layer(4, 371 * MIB, Some(app));
    let old = all.layer(5, 402 * MIB, Some(app));
    let lost = all.layer(6, 88 * MIB, None);
    let images = [
        all.image(&["ml/train:latest"], 10, &[base, train]),
        all.image(&["app:1.4", "app:latest"], 11, &[base, app, new]),
        all.image(&["app:1.3"], 12, &[base, app, old]),
    ];
    all.image(&[], 13, &[lost]);
    all.image(&["debian:12"], 14, &[base]);
    let step = all.image(&[], 15, &[base]);
    all.0.images[step.as_usize()].is_intermediate = true;
    all.container("web-1", images[2], State::Running, 2150 * MIB);
    all.container("trainer", images[0], State::Exited, 14 * MIB);
    all.container("db", images[2], State::Running, 4096);
    all.orphan("overlay2/2f9a77bc00c1", 3993 * MIB, 1_700_000_000);
    all.orphan("overlay2/77bc-init", 1843 * MIB, 1_735_000_000);
    let cached = all.layer(7, 900 * MIB, Some(base));
    let piece = all.piece("buildkit/x", Role::Bookkeeping, 2 * MIB);
    all.0.cache.push(CacheRecord {
        id: "k3v9x0example".into(),
        description: "[2/4] RUN npm ci".into(),
        layer: Some(cached),
        pieces: vec![piece],
        recorded_bytes: Some(900 * MIB),
        created: Some(1_739_000_000),
        used: Some(1_740_000_000),
        parents: Vec::new(),
        copy_of: None,
    });
    let data = all.piece("volumes/data/_data", Role::Volume, 1100 * MIB);
    all.0.volumes.push(Volume {
        name: "data".into(),
        pieces: vec![data],
        containers: vec![layerscope::store::ContainerId(2)],
        driver: "local".into(),
        namespace: None,
        users: Ownership::Recorded,
        holds: Vec::new(),
    });
    let plugin = all.piece("plugins/ff56", Role::Extra, 28 * MIB);
    all.0.extras.push(Extra {
        kind: ExtraKind::Plugin { is_enabled: true },
        name: "grafana/loki-docker-driver:latest".into(),
        pieces: vec![plugin],
    });
    all.0.largest.push(LargePath {
        of: Role::Bookkeeping,
        location: Location::new(&all.0.root, "network/files"),
        disk_bytes: MIB,
    });
    all.0
}

/// A second store below the same directory, which the engine left behind.
pub fn left_behind() -> Store {
    let mut all = Stored::new(Engine::Docker, "vfs", "/var/lib/docker");
    all.0.activity = Activity::LeftBehind;
    let layer = all.layer(30, 10 * MIB, None);
    all.image(&["old:1"], 20, &[layer]);
    all.0
}

/// A node with pods.
pub fn kubernetes() -> Store {
    let mut all = Stored::new(Engine::Kubernetes, "overlayfs", "/var/lib/containerd");
    let layer = all.layer(1, 50 * MIB, None);
    let image = all.image(&["registry.example/pause:3.9"], 10, &[layer]);
    all.container("small", image, State::Running, 8 * MIB);
    all.container("large", image, State::Running, 800 * MIB);
    all.container("lone", image, State::Exited, 80 * MIB);
    for (at, name) in ["quiet", "chatty"].into_iter().enumerate() {
        let piece = all.piece(&format!("pods/{name}"), Role::Volume, MIB);
        all.0.pods.push(Pod {
            namespace: "default".into(),
            name: name.into(),
            uid: format!("uid-{at}"),
            pieces: vec![piece],
        });
        all.0.containers[at].pod = Some(PodId(u32::try_from(at).expect("few pods")));
    }
    all.0
}

pub fn subject(stores: Vec<Store>, known: Known) -> Arc<StoreSubject> {
    let inventory = Inventory {
        name: "/var/lib/docker".into(),
        stores,
    };
    Arc::new(StoreSubject::new(inventory, known))
}

/// Returns a store as it is before it is measured.
pub fn unmeasured(mut store: Store) -> Store {
    for piece in &mut store.pieces {
        piece.usage = None;
    }
    store
}
