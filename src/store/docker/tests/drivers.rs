//! Where a store is, and what each driver does its own way.

use super::*;
use crate::store::Naming;

#[test]
fn parts_of_a_root_lead_to_it() {
    let (root, ..) = sound();
    for part in [
        "overlay2",
        "image",
        "containers",
        "volumes",
        "image/overlay2",
    ] {
        let stores = root.read_at(part);
        assert_eq!(stores.len(), 1, "{part}");
        assert_eq!(stores[0].images.len(), 2, "{part}");
        let name = stores[0].root.name();
        assert_eq!(name, root.directory.path().to_str().unwrap(), "{part}");
    }
    for part in [
        "overlay2/base",
        "overlay2/base/diff",
        "containers/cafe",
        "image/overlay2/layerdb",
    ] {
        assert!(root.read_at(part).is_empty(), "{part}");
    }
}

#[test]
fn mapped_users_have_a_root_of_their_own() {
    let (root, ..) = sound();
    let inner = root.path("100000.100000");
    std::fs::create_dir(&inner).unwrap();
    for part in ["image", "overlay2", "containers", "volumes"] {
        std::fs::rename(root.path(part), inner.join(part)).unwrap();
    }
    let stores = root.read_at("");
    assert_eq!(stores.len(), 1);
    assert!(stores[0].root.name().ends_with("/100000.100000"));
    assert_eq!(stores[0].images.len(), 2);
}

#[test]
fn the_driver_in_use_is_that_which_docker_would_take() {
    let (root, ..) = sound();
    root.make("image/vfs/layerdb");
    root.make("vfs/dir/x");
    root.make("image/fuse-overlayfs/layerdb");
    let stores = root.read_at("");
    let found: Vec<_> = stores
        .iter()
        .map(|store| (store.driver.as_str(), store.activity))
        .collect();
    assert_eq!(
        found,
        [
            ("overlay2", Activity::Active),
            ("vfs", Activity::LeftBehind),
            ("fuse-overlayfs", Activity::LeftBehind),
        ]
    );
    // What is of the root is told once.
    assert_eq!(stores[0].volumes.len() + stores[1].volumes.len(), 1);
    assert_eq!(
        orphans(&stores[1]),
        [("unreferenced-directory", "vfs/dir/x".to_owned())]
    );
}

#[test]
fn a_driver_without_layers_and_vfs_are_left_behind_for_containerd() {
    let root = Root::new();
    root.make("image/vfs/layerdb");
    root.make("vfs/dir/x");
    assert_eq!(root.read().activity, Activity::Active);
    root.make("rootfs/overlayfs");
    assert_eq!(root.read().activity, Activity::LeftBehind);

    // A driver counts as long as it has a layer.
    let (root, ..) = sound();
    root.make("rootfs/overlayfs");
    assert_eq!(root.read().activity, Activity::Active);
    std::fs::remove_dir_all(root.path("overlay2")).unwrap();
    assert_eq!(root.read().activity, Activity::LeftBehind);
}

#[test]
fn layers_without_headers_are_read_from_their_directories() {
    let (root, [base, ..], _) = sound();
    std::fs::remove_file(root.path(&format!("{}/tar-split.json.gz", record(&base)))).unwrap();
    let store = root.read();
    let layer = store
        .layers
        .iter()
        .find(|layer| layer.chain_id.as_ref() == Some(&base))
        .unwrap();
    let Listing::Directory {
        directory,
        encoding,
    } = &layer.listing
    else {
        panic!("{:?}", layer.listing);
    };
    assert_eq!(directory.path, b"overlay2/base/diff");
    assert!(matches!(
        encoding,
        Encoding::Overlay(Namespace::Trusted | Namespace::User)
    ));
}

#[test]
fn contents_of_unmounted_layers_are_refused_with_what_to_do() {
    for (driver, told) in [("zfs", "mount -t zfs"), ("devicemapper", "dmsetup")] {
        let (root, [base, ..], _) = sound();
        std::fs::rename(root.path("image/overlay2"), root.path("image").join(driver)).unwrap();
        std::fs::remove_dir_all(root.path("overlay2")).unwrap();
        root.make(driver);
        if driver == "devicemapper" {
            root.write("devicemapper/devicemapper/data", vec![1; 300_000]);
            root.write("devicemapper/devicemapper/metadata", vec![1; 9_000]);
            root.write("devicemapper/metadata/base", "{}");
        }
        let settings = root.path("containers/cafe/config.v2.json");
        let text = std::fs::read_to_string(&settings).unwrap();
        std::fs::write(settings, text.replace("overlay2", driver)).unwrap();
        let store = root.read();
        assert_eq!(store.driver, driver);
        let layer = store
            .layers
            .iter()
            .find(|layer| layer.chain_id.as_ref() == Some(&base))
            .unwrap();
        let Listing::TarSplit {
            contents: Contents::Refused(reason),
            ..
        } = &layer.listing
        else {
            panic!("{:?}", layer.listing);
        };
        assert!(reason.contains(told), "{reason}");
        assert_eq!(messages(&store), [""; 0]);
        assert_eq!(orphans(&store), []);
        let pools: Vec<&str> = store.extras.iter().map(|one| one.name.as_str()).collect();
        let files = ["data", "metadata"].map(|file| format!("devicemapper/devicemapper/{file}"));
        match driver {
            "devicemapper" => assert_eq!(pools, files),
            _ => assert_eq!(pools, [""; 0]),
        }
        assert_is_unmeasured(store);
    }
}

/// The engine was moved to another driver, and nobody removed what the old one had.
#[test]
fn a_pool_without_records_has_a_row_all_the_same() {
    let (root, ..) = sound();
    root.write("devicemapper/devicemapper/data", vec![1; 300_000]);
    let store = root.read();
    let pools: Vec<&str> = store.extras.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(pools, ["devicemapper/devicemapper/data"]);
    assert_eq!(store.extras[0].kind, crate::store::ExtraKind::Pool);
}

/// What is not mounted is unknown, and not nothing.
fn assert_is_unmeasured(store: Store) {
    use crate::store::{Accounts, Basis, Inventory, measure};
    let mut inventory = Inventory {
        name: "store".into(),
        stores: vec![store],
    };
    measure::measure(&mut inventory, None, &Job::new()).unwrap();
    let accounts = Accounts::of(&inventory.stores[0], Basis::Disk);
    assert!(!accounts.images[0].total.is_whole());
    assert!(!accounts.containers[0].writable.is_whole());
    assert!(!accounts.totals.writable.is_whole() && !accounts.totals.total.is_whole());
    assert!(accounts.containers[0].logs.is_whole());
}

#[test]
fn overlays_of_hard_links_are_copies() {
    let (root, [base, middle, _], _) = sound();
    std::fs::rename(root.path("image/overlay2"), root.path("image/overlay")).unwrap();
    std::fs::rename(root.path("overlay2"), root.path("overlay")).unwrap();
    for (layer, files) in [
        ("base", "root"),
        ("middle", "root"),
        ("top", "root"),
        ("written", "upper"),
    ] {
        let from = root.path(&format!("overlay/{layer}/diff"));
        std::fs::rename(from, root.path(&format!("overlay/{layer}/{files}"))).unwrap();
    }
    let headers = format!("{}/tar-split.json.gz", record(&middle)).replace("overlay2", "overlay");
    std::fs::remove_file(root.path(&headers)).unwrap();
    let settings = std::fs::read_to_string(root.path("containers/cafe/config.v2.json")).unwrap();
    root.write(
        "containers/cafe/config.v2.json",
        settings.replace("overlay2", "overlay"),
    );
    let store = root.read();
    assert_eq!(store.driver, "overlay");
    let layer = |chain: &Digest| {
        store
            .layers
            .iter()
            .find(|layer| layer.chain_id.as_ref() == Some(chain))
            .unwrap()
    };
    let Listing::Copy {
        directory,
        below: Some(below),
    } = &layer(&middle).listing
    else {
        panic!("{:?}", layer(&middle).listing);
    };
    assert_eq!(directory.path, b"overlay/middle/root");
    assert_eq!(below.path, b"overlay/base/root");
    let Listing::TarSplit { fallback: None, .. } = &layer(&base).listing else {
        panic!("{:?}", layer(&base).listing);
    };
    let writable = store.layer(store.containers[0].writable.unwrap());
    assert!(
        matches!(&writable.listing, Listing::Directory { .. }),
        "{:?}",
        writable.listing
    );
}

/// A driver's directory without the records beside it.
fn bare() -> Root {
    let root = Root::new();
    for (name, link, lower) in [
        ("base", "AAA", ""),
        ("middle", "BBB", "l/AAA"),
        ("top", "CCC", "l/BBB:l/AAA"),
        ("box-init", "DDD", "l/BBB:l/AAA"),
        ("box", "EEE", "l/DDD:l/BBB:l/AAA"),
    ] {
        root.make(&format!("overlay2/{name}/diff"));
        root.write(&format!("overlay2/{name}/link"), link);
        if !lower.is_empty() {
            root.write(&format!("overlay2/{name}/lower"), lower);
        }
        root.make("overlay2/l");
        symlink(
            format!("../{name}/diff"),
            root.path(&format!("overlay2/l/{link}")),
        )
        .unwrap();
    }
    root
}

#[test]
fn a_driver_alone_tells_which_layers_stand_on_which() {
    let root = bare();
    let told = |root: &Root| {
        let stores = root.read_at("overlay2");
        let store = &stores[0];
        let names = |layers: &[crate::store::LayerId]| -> Vec<String> {
            layers
                .iter()
                .map(|&layer| store.layer(layer).name.clone())
                .collect()
        };
        let images: Vec<Vec<String>> = store
            .images
            .iter()
            .map(|image| {
                names(
                    &image
                        .layers
                        .iter()
                        .copied()
                        .map(Option::unwrap)
                        .collect::<Vec<_>>(),
                )
            })
            .collect();
        assert_eq!(
            images,
            [vec!["base", "middle"], vec!["base", "middle", "top"]]
        );
        // Whatever has lost its name is not known to have had none.
        assert_eq!(store.naming, Naming::Unknown);
        assert_eq!(store.is_dangling(&store.images[1]), None);
        let container = &store.containers[0];
        assert_eq!(container.id, "box");
        assert_eq!(names(&container.layers), ["base", "middle"]);
        assert_eq!(container.image, Some(crate::store::ImageId(0)));
        assert_eq!(
            store.layer(container.writable.unwrap()).parent,
            container.init
        );
        one_warning(store, "without the records beside it");
        assert_eq!(store.warnings.len(), 1, "{:?}", store.warnings);
    };
    told(&root);
    // Either the files or the links tell the short names.
    std::fs::remove_file(root.path("overlay2/middle/link")).unwrap();
    told(&root);
    std::fs::remove_dir_all(root.path("overlay2/l")).unwrap();
    root.make("overlay2/l");
    root.write("overlay2/middle/link", "BBB");
    told(&root);
}

#[test]
fn a_driver_alone_may_be_damaged() {
    let root = bare();
    // A loop, and a layer that is not there.
    root.write("overlay2/base/lower", "l/CCC");
    root.write("overlay2/middle/lower", "l/XXX");
    let stores = root.read_at("overlay2");
    one_warning(&stores[0], "begins with a layer that is not there");
    assert_eq!(stores[0].layers.len(), 5);
    assert_eq!(stores[0].warnings[0].code, WarningCode::BadRecord);
}

#[test]
fn other_directories_are_no_store() {
    let root = Root::new();
    root.make("image");
    root.make("overlay/l");
    root.make("overlay/x/diff");
    root.write("overlay/x/link", "AAA");
    root.make("overlay-layers");
    root.make("vfs/dir/x");
    assert!(root.read_at("").is_empty());
    assert!(root.read_at("overlay").is_empty());
    assert!(root.read_at("vfs").is_empty());
}
