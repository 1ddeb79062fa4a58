use super::*;
use crate::beneath::Beneath;
use crate::store::{
    CacheId, CacheRecord, ContainerId, Engine, Layer, Lease, LeaseId, Listing, Location, Ownership,
    Pod, PodId, State, Usage, Volume,
};

/// A store whose pieces weigh what a test says; nothing of it is on a disk.
struct Books {
    store: Store,
}

impl Books {
    fn new() -> Self {
        let beneath = Beneath::open(std::path::Path::new("/")).unwrap();
        let mut store = Store::new(Engine::Docker, "overlay2", beneath);
        store.pieces[0].usage = Some(weight(7));
        Self { store }
    }

    fn piece(&mut self, bytes: u64, role: Role) -> PieceId {
        let location = Location::new(&self.store.root, "x");
        let id = self.store.add_piece(location, role);
        self.store.pieces[id.as_usize()].usage = Some(weight(bytes));
        id
    }

    fn layer(&mut self, bytes: u64, role: Role, parent: Option<LayerId>) -> LayerId {
        let piece = self.piece(bytes, role);
        self.store.add_layer(Layer {
            name: bytes.to_string(),
            diff_id: None,
            chain_id: None,
            parent,
            pieces: vec![piece],
            blobs: Vec::new(),
            recorded_bytes: None,
            created: None,
            listing: Listing::Empty,
        })
    }

    fn image(&mut self, layers: &[LayerId]) -> ImageId {
        self.store.images.push(StoredImage {
            names: Vec::new(),
            id: None,
            digest: None,
            platform: crate::image::Platform::default(),
            created: None,
            config: None,
            layers: layers.iter().copied().map(Some).collect(),
            diff_ids: Vec::new(),
            pieces: Vec::new(),
            parent: None,
            namespace: None,
            is_intermediate: false,
        });
        ImageId(u32::try_from(self.store.images.len() - 1).unwrap())
    }

    fn container(&mut self, image: ImageId, bytes: u64, log: u64) -> ContainerId {
        let layers: Vec<LayerId> = self.store.images[image.as_usize()]
            .layers
            .iter()
            .flatten()
            .copied()
            .collect();
        let writable = self.layer(bytes, Role::Writable, layers.last().copied());
        let log = self.piece(log, Role::Log);
        let files = self.piece(3, Role::ContainerFiles);
        self.store.containers.push(Container {
            id: String::new(),
            name: String::new(),
            image: Some(image),
            image_name: String::new(),
            state: State::Running,
            created: None,
            layers,
            init: None,
            writable: Some(writable),
            logs: vec![log],
            pieces: vec![files],
            pod: None,
            growth: Vec::new(),
        });
        ContainerId(u32::try_from(self.store.containers.len() - 1).unwrap())
    }

    fn record(&mut self, layer: LayerId) -> CacheId {
        self.store.cache.push(CacheRecord {
            id: String::new(),
            description: String::new(),
            layer: Some(layer),
            pieces: Vec::new(),
            recorded_bytes: None,
            created: None,
            used: None,
            parents: Vec::new(),
            copy_of: None,
        });
        CacheId(u32::try_from(self.store.cache.len() - 1).unwrap())
    }

    fn lease(&mut self, bytes: u64, others: &[PieceId]) -> LeaseId {
        let own = self.piece(bytes, Role::Blob);
        self.store.leases.push(Lease {
            namespace: "default".into(),
            id: "1-abc".into(),
            ends: None,
            pieces: [&[own], others].concat(),
        });
        LeaseId(u32::try_from(self.store.leases.len() - 1).unwrap())
    }

    fn accounts(&self) -> Accounts {
        Accounts::of(&self.store, Basis::Disk)
    }

    fn freed(&self, selection: &[Owner]) -> u64 {
        self.accounts().freed(&self.store, selection).bytes
    }
}

fn weight(bytes: u64) -> Usage {
    Usage {
        disk_bytes: bytes,
        file_bytes: bytes,
        ..Usage::default()
    }
}

#[test]
fn the_parts_add_up_to_the_whole() {
    let mut books = Books::new();
    let base = books.layer(100, Role::Layer, None);
    let top = books.layer(40, Role::Layer, Some(base));
    let one = books.image(&[base]);
    let two = books.image(&[base, top]);
    let container = books.container(one, 11, 13);
    let volume = books.piece(17, Role::Volume);
    books.store.volumes.push(Volume {
        name: "data".into(),
        pieces: vec![volume],
        containers: vec![container],
        driver: "local".into(),
        namespace: None,
        users: Ownership::Recorded,
        holds: Vec::new(),
    });
    let private = books.layer(19, Role::Cache, Some(top));
    books.record(private);
    books.record(top);
    books.piece(23, Role::Orphan);
    books.lease(29, &[]);

    let accounts = books.accounts();
    let totals = accounts.totals;
    let parts = [
        (totals.images, 140),
        (totals.writable, 11),
        (totals.logs, 13),
        (totals.container_files, 3),
        (totals.volumes, 17),
        (totals.cache, 19),
        (totals.leases, 29),
        (totals.orphans, 23),
        (totals.bookkeeping, 7),
    ];
    for (part, bytes) in parts {
        assert_eq!(part.bytes, bytes);
    }
    assert_eq!(totals.total, parts.iter().map(|(part, _)| *part).sum());
    assert_eq!(totals.images_added_up.bytes, 240);
    let [of_one, of_two] = [one, two].map(|id| accounts.images[id.as_usize()]);
    assert_eq!(
        (of_one.unique.bytes, of_one.shared.bytes, of_one.containers),
        (0, 100, 1)
    );
    assert_eq!(
        (of_two.unique.bytes, of_two.shared.bytes, of_two.total.bytes),
        (40, 100, 140)
    );
    // The build cache keeps the layer.
    assert_eq!(of_two.freed.bytes, 0);
    assert_eq!(accounts.layers[base.as_usize()].images, [one, two]);
    assert_eq!(accounts.cache[1].private.bytes, 0);
    assert_eq!(accounts.cache[0].private.bytes, 19);
}

#[test]
fn a_piece_is_freed_when_its_last_owner_goes() {
    let mut books = Books::new();
    let base = books.layer(100, Role::Layer, None);
    let top = books.layer(40, Role::Layer, Some(base));
    let one = books.image(&[base]);
    let two = books.image(&[base, top]);
    let container = books.container(one, 11, 13);
    assert_eq!(books.freed(&[Owner::Image(one)]), 0);
    assert_eq!(books.freed(&[Owner::Image(two)]), 40);
    assert_eq!(books.freed(&[Owner::Container(container)]), 27);
    assert_eq!(books.freed(&[Owner::Image(one), Owner::Image(two)]), 40);
    let all = [
        Owner::Image(one),
        Owner::Image(two),
        Owner::Container(container),
    ];
    assert_eq!(books.freed(&all), 167);
    let record = books.record(top);
    assert_eq!(books.freed(&all), 27);
    assert_eq!(
        books.freed(&[&all[..], &[Owner::Cache(record)]].concat()),
        167
    );
}

#[test]
fn what_two_leases_hold_is_freed_with_the_second() {
    let mut books = Books::new();
    let both = books.piece(5, Role::Layer);
    let one = Owner::Lease(books.lease(29, &[both]));
    let other = Owner::Lease(books.lease(31, &[both]));
    let accounts = books.accounts();
    let leases: Vec<u64> = accounts.leases.iter().map(|lease| lease.bytes).collect();
    assert_eq!(leases, [34, 36]);
    assert_eq!(accounts.totals.leases.bytes, 65);
    assert_eq!(books.freed(&[one]), 29);
    assert_eq!(books.freed(&[one, other]), 65);
}

/// `kubectl delete pod` takes the containers along, whatever they have written and logged.
#[test]
fn a_pod_frees_what_its_row_says() {
    let mut books = Books::new();
    let base = books.layer(100, Role::Layer, None);
    let image = books.image(&[base]);
    for (written, log) in [(11, 13), (17, 19)] {
        let container = books.container(image, written, log);
        books.store.containers[container.as_usize()].pod = Some(PodId(0));
    }
    books.container(image, 1000, 1000);
    let pieces = vec![books.piece(23, Role::Volume), books.piece(29, Role::Log)];
    books.store.pods.push(Pod {
        namespace: "shop".into(),
        name: "cart".into(),
        uid: "1".into(),
        pieces,
    });
    let pod = books.accounts().pods[0];
    let parts = [pod.writable, pod.logs, pod.volumes, pod.other];
    assert_eq!(parts.map(|part| part.bytes), [28, 61, 23, 6]);
    assert_eq!(pod.total, parts.into_iter().sum());
    assert_eq!(books.freed(&[Owner::Pod(PodId(0))]), pod.total.bytes);
}

#[test]
fn steps_of_a_build_go_with_the_image_and_do_not_share() {
    let mut books = Books::new();
    let base = books.layer(100, Role::Layer, None);
    let top = books.layer(40, Role::Layer, Some(base));
    let step = books.image(&[base]);
    let image = books.image(&[base, top]);
    books.store.images[step.as_usize()].is_intermediate = true;
    books.store.images[image.as_usize()].parent = Some(step);
    let account = books.accounts().images[image.as_usize()];
    assert_eq!((account.unique.bytes, account.freed.bytes), (140, 140));
    let other = books.image(&[base]);
    books.store.images[other.as_usize()].parent = Some(step);
    assert_eq!(books.freed(&[Owner::Image(image)]), 40);
    assert_eq!(
        books.freed(&[Owner::Image(image), Owner::Image(other)]),
        140
    );
}

#[test]
fn what_an_engine_refuses_to_remove_frees_nothing() {
    let mut books = Books::new();
    let base = books.layer(100, Role::Layer, None);
    let top = books.layer(40, Role::Layer, Some(base));
    let below = books.image(&[base]);
    let image = books.image(&[base, top]);
    books.store.images[below.as_usize()].names = vec!["below:1".into()];
    books.store.images[below.as_usize()].pieces = vec![books.piece(5, Role::Bookkeeping)];
    books.store.images[image.as_usize()].pieces = vec![books.piece(6, Role::Bookkeeping)];
    books.store.images[image.as_usize()].parent = Some(below);
    let [of_below, of_image] = [below, image].map(Owner::Image);
    // Its name goes, and everything else stays for what was built on it.
    assert_eq!(books.freed(&[of_below]), 0);
    assert_eq!(books.freed(&[of_below, of_image]), 151);
    let container = Owner::Container(books.container(image, 11, 13));
    assert_eq!(books.freed(&[of_image]), 0);
    assert_eq!(books.freed(&[of_below, of_image]), 0);
    assert_eq!(books.freed(&[of_below, of_image, container]), 178);
    assert_eq!(books.accounts().images[image.as_usize()].freed.bytes, 0);
    // containerd removes the record and keeps what the container stands on.
    books.store.engine = Engine::Containerd;
    assert_eq!(books.freed(&[of_image]), 6);
}

#[test]
fn the_platforms_of_one_name_go_together() {
    let mut books = Books::new();
    books.store.engine = Engine::Containerd;
    let digest = crate::image::Digest::parse(&format!("sha256:{}", "a".repeat(64)));
    let images: Vec<ImageId> = [10, 20, 30]
        .into_iter()
        .map(|bytes| {
            let layer = books.layer(bytes, Role::Layer, None);
            books.image(&[layer])
        })
        .collect();
    for &id in &images {
        let image = &mut books.store.images[id.as_usize()];
        image.names = vec!["many:1".into()];
        image.digest.clone_from(&digest);
    }
    books.store.images[images[2].as_usize()].namespace = Some("other".into());
    assert_eq!(books.freed(&[Owner::Image(images[0])]), 30);
    assert_eq!(books.freed(&[Owner::Image(images[2])]), 30);
    books.store.images[images[1].as_usize()].digest = None;
    assert_eq!(books.freed(&[Owner::Image(images[0])]), 10);
}

#[test]
fn what_is_not_measured_is_not_nothing() {
    let mut books = Books::new();
    let base = books.layer(100, Role::Layer, None);
    books.image(&[base]);
    let piece = books.store.layers[0].pieces[0];
    books.store.pieces[piece.as_usize()].usage = None;
    let accounts = books.accounts();
    assert!(!accounts.images[0].total.is_whole() && !accounts.totals.total.is_whole());
    assert!(accounts.totals.bookkeeping.is_whole());
}
