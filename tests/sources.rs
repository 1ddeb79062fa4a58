//! One image, written into every container, compression and wrapping, read from files, directories and
//! pipes: what comes out is always the same.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::path::Path;

use layerscope::error::{Result, Warning};
use layerscope::layer::{Entry, EntrySink};
use layerscope::progress::Job;
use layerscope::source::{self, Locator, OpenOptions, Opened};
use support::{
    Codec, Image, Index, Members, Packing, Repeated, docker_current, docker_legacy, image, oci,
    skopeo_dir,
};

fn sample() -> Image {
    image()
        .name("app:1.4")
        .platform("linux/arm64")
        .layer("ADD rootfs.tar.xz /", |l| {
            l.dir("etc").file("etc/passwd", b"root:x:0:0\n")
        })
        .empty("ENV MODE=production")
        .layer("RUN dd if=/dev/zero", |l| l.zeros("zeros", 70_000))
        .layer("RUN rm /etc/passwd", |l| l.whiteout("etc/passwd"))
        .layer("RUN rm /etc/passwd", |l| l.whiteout("etc/passwd"))
        .build()
}

fn open(path: &Path) -> Opened {
    let locator = Locator::parse(path.as_os_str()).unwrap();
    source::open(&locator, &OpenOptions::default(), &Job::new()).unwrap()
}

#[derive(Default)]
struct Lines(Vec<String>);

impl EntrySink for Lines {
    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        self.0.push(format!("{:?} {:?}", entry.path, entry.meta));
        Ok(())
    }

    fn warn(&mut self, warning: Warning) {
        assert_eq!(warning.message, "", "no warning is expected");
    }
}

/// Everything that must not depend on the container.
fn essence(opened: &Opened) -> String {
    let image = &opened.image;
    assert_eq!(image.warnings, []);
    let mut lines = vec![format!(
        "{:?} {} {:?} {:?}",
        image.id, image.platform, image.config, image.history
    )];
    for layer in &image.layers {
        lines.push(format!(
            "{} {:?} {:?}",
            layer.index, layer.diff_id, layer.history
        ));
        let mut entries = Lines::default();
        layer.source.scan(&mut entries, &Job::new()).unwrap();
        lines.extend(entries.0);
    }
    lines.join("\n")
}

/// Every container, with the kinds it has as an archive and as a directory.
fn containers(codec: Codec) -> Vec<(Members, [&'static str; 2])> {
    let sample = sample();
    let images = [&sample];
    let packing = Packing::new(codec);
    vec![
        (
            docker_legacy(&images, packing),
            ["docker-archive", "docker-dir"],
        ),
        (
            docker_legacy(&images, packing.repeated(Repeated::Symlinked)),
            ["docker-archive", "docker-dir"],
        ),
        (
            docker_current(&images, packing),
            ["docker-archive", "docker-dir"],
        ),
        (oci(&images, packing), ["oci-archive", "oci"]),
        (
            oci(&images, packing.index(Index::Nested)),
            ["oci-archive", "oci"],
        ),
        (
            oci(&images, packing.index(Index::Attested)),
            ["oci-archive", "oci"],
        ),
        (skopeo_dir(&sample, packing), ["dir-archive", "dir"]),
    ]
}

#[test]
fn containers_and_codecs_make_no_difference() {
    let scratch = tempfile::tempdir().unwrap();
    let mut expected: Option<String> = None;
    for codec in Codec::ALL {
        for (number, (members, kinds)) in containers(codec).into_iter().enumerate() {
            let archive = scratch.path().join(format!("{codec:?}-{number}"));
            let directory = scratch.path().join(format!("{codec:?}-{number}.d"));
            std::fs::write(&archive, members.archive(Codec::None)).unwrap();
            std::fs::create_dir(&directory).unwrap();
            members.write_to(&directory);
            for (place, kind) in [(&archive, kinds[0]), (&directory, kinds[1])] {
                let opened = open(place);
                assert_eq!(opened.source.kind, kind);
                assert_eq!(opened.image.layers[0].compression.as_str(), codec.word());
                let names: &[&str] = if kind.starts_with("dir") {
                    &[]
                } else {
                    &["app:1.4"]
                };
                assert_eq!(opened.image.names, names, "{kind}");
                let essence = essence(&opened);
                let expected = expected.get_or_insert_with(|| essence.clone());
                assert_eq!(&essence, expected, "{kind} {codec:?}");
            }
        }
    }
}

#[test]
fn wrappings_make_no_difference() {
    let scratch = tempfile::tempdir().unwrap();
    let archive = scratch.path().join("image");
    for (members, kinds) in containers(Codec::Gzip) {
        std::fs::write(&archive, members.archive(Codec::None)).unwrap();
        let expected = essence(&open(&archive));
        for wrapping in Codec::ALL {
            std::fs::write(&archive, members.archive(wrapping)).unwrap();
            let opened = open(&archive);
            assert_eq!(opened.source.kind, kinds[0]);
            assert_eq!(essence(&opened), expected, "{wrapping:?}");
        }
    }
}

#[test]
fn pipes_make_no_difference() {
    let scratch = tempfile::tempdir().unwrap();
    let archive = scratch.path().join("image");
    let (members, _) = containers(Codec::Zstd).swap_remove(2);
    for wrapping in [Codec::None, Codec::Gzip, Codec::Xz] {
        let bytes = members.archive(wrapping);
        std::fs::write(&archive, &bytes).unwrap();
        let expected = essence(&open(&archive));
        let (reader, mut writer) = std::io::pipe().unwrap();
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        let writing = std::thread::spawn(move || writer.write_all(&bytes));
        let opened = open(Path::new(&path));
        writing.join().unwrap().unwrap();
        assert_eq!(essence(&opened), expected);
    }
}

#[test]
fn archives_packed_from_outside_are_read() {
    let scratch = tempfile::tempdir().unwrap();
    let plain = scratch.path().join("plain");
    for (members, kinds) in containers(Codec::Gzip) {
        std::fs::write(&plain, members.archive(Codec::None)).unwrap();
        let expected = essence(&open(&plain));
        let root = scratch
            .path()
            .join(format!("root-{}", members.names().count()));
        let inner = root.join("image");
        std::fs::create_dir_all(&inner).unwrap();
        members.write_to(&inner);
        for (number, (directory, name)) in [
            (&root, "image"),
            (&root, "./image"),
            (&inner, "."),
            (&inner, "./"),
        ]
        .into_iter()
        .enumerate()
        {
            let archive = scratch.path().join(format!("packed-{number}"));
            let file = std::fs::File::create(&archive).unwrap();
            let mut builder = tar::Builder::new(file);
            builder.follow_symlinks(false);
            builder.append_dir_all(name, directory.join(name)).unwrap();
            builder.finish().unwrap();
            let opened = open(&archive);
            assert_eq!(
                (opened.source.kind, essence(&opened)),
                (kinds[0], expected.clone())
            );
        }
        std::fs::remove_dir_all(&root).unwrap();
    }
}

#[test]
fn a_lone_layer_is_an_image_of_one_layer() {
    let scratch = tempfile::tempdir().unwrap();
    let sample = sample();
    let path = scratch.path().join("layer");
    for wrapping in Codec::ALL {
        let stored = wrapping.compress(&sample.layers[0].tar);
        std::fs::write(&path, &stored).unwrap();
        let opened = open(&path);
        assert_eq!(opened.source.kind, "layer");
        let layer = &opened.image.layers[0];
        assert_eq!(opened.image.layers.len(), 1);
        assert_eq!(layer.compression.as_str(), wrapping.word());
        assert_eq!(layer.stored_bytes, Some(stored.len() as u64));
        let mut lines = Lines::default();
        layer.source.scan(&mut lines, &Job::new()).unwrap();
        assert_eq!(lines.0.len(), 2);
    }
}
