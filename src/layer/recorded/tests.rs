use super::*;
use crate::layer::{EntryKind, Meta, Placement};
use crate::path::ImagePath;

/// What a sink took, written down.
#[derive(Default)]
struct Seen(Vec<String>);

impl EntrySink for Seen {
    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        self.0.push(format!("{entry:?}"));
        Ok(())
    }

    fn warn(&mut self, warning: Warning) {
        self.0.push(format!("{warning:?}"));
    }
}

const META: Meta = Meta {
    size: 0,
    mtime: 0,
    mtime_nanos: 0,
    uid: 0,
    gid: 0,
    mode: 0o644,
    kind: EntryKind::File,
    opaque: false,
    device: (0, 0),
};

fn path(path: &str) -> ImagePath<'_> {
    ImagePath::new(path.as_bytes()).unwrap()
}

fn file(name: &str) -> Entry<'_> {
    Entry {
        content: Some(u64::MAX),
        data: Some((512, 7)),
        ..Entry::marker(path(name), META, 0)
    }
}

/// Sends the same to a recorder and to a sink; returns what the sink took of both.
fn both(send: impl Fn(&mut dyn EntrySink)) -> (Vec<String>, Vec<String>) {
    let room = Room::default();
    let mut recorder = Recorder::new(&room);
    send(&mut recorder);
    let layer = recorder.finish("a layer", Ok(Completeness::Complete));
    let (mut direct, mut again) = (Seen::default(), Seen::default());
    send(&mut direct);
    layer.scan(&mut again, &Job::new()).unwrap();
    (direct.0, again.0)
}

#[test]
fn entries_come_back_as_they_were() {
    let xattrs = [
        (b"security.capability".to_vec(), vec![0, 255, 1]),
        (b"user.empty".to_vec(), Vec::new()),
    ];
    let metas = [
        META,
        Meta {
            size: u64::MAX,
            mtime: i64::MIN,
            mtime_nanos: 999_999_999,
            uid: u32::MAX,
            gid: u32::MAX,
            mode: 0o7777,
            kind: EntryKind::BlockDevice,
            opaque: true,
            device: (u32::MAX, 1),
        },
        Meta {
            mtime: i64::MAX,
            kind: EntryKind::Socket,
            ..META
        },
        Meta {
            mtime: -1,
            kind: EntryKind::Whiteout,
            ..META
        },
    ];
    let (direct, again) = both(|sink| {
        for (at, meta) in (0..).zip(metas) {
            for name in ["a", "usr/bin/\u{fffd}", "usr/bin/x", "usr/bin", "usr/lib/x"] {
                let entry = Entry {
                    meta,
                    offset: at,
                    ..file(name)
                };
                sink.entry(entry).unwrap();
                sink.entry(Entry {
                    link: Some(b""),
                    content: None,
                    ..entry
                })
                .unwrap();
                sink.entry(Entry {
                    link: Some(b"../x"),
                    data: None,
                    ..entry
                })
                .unwrap();
                let stored = Entry {
                    xattrs: &xattrs,
                    data: Some((u64::MAX, 0)),
                    ..entry
                };
                for placement in [Placement::LinkStore, Placement::Vacated] {
                    sink.entry(Entry {
                        placement,
                        ..stored
                    })
                    .unwrap();
                }
            }
        }
    });
    assert_eq!(direct.len(), 100);
    assert_eq!(direct, again);
}

#[test]
fn chunks_begin_with_whole_paths_and_warnings_keep_their_place() {
    let names: Vec<String> = (0..20_000)
        .map(|number| format!("usr/share/{number}"))
        .collect();
    let (direct, again) = both(|sink| {
        for (at, name) in names.iter().enumerate() {
            sink.entry(file(name)).unwrap();
            if at % 1_500 == 0 {
                sink.warn(Warning::new(WarningCode::OddHeader, name.clone()));
            }
        }
    });
    assert_eq!(direct, again);
}

#[test]
fn many_warnings_are_counted_and_the_first_are_kept() {
    let (direct, again) = both(|sink| {
        for number in 0..1_000 {
            sink.warn(Warning::new(WarningCode::OddHeader, number.to_string()));
        }
    });
    assert_eq!(direct.len(), again.len());
    let kept = limits::WARNINGS_PER_KIND;
    assert_eq!(direct[..kept], again[..kept]);

    let (direct, again) = both(|sink| {
        for number in 0..30 {
            let text = number.to_string().repeat(limits::WARNING_BYTES / 8);
            sink.warn(Warning::new(WarningCode::OddHeader, text));
        }
    });
    assert_eq!(direct.len(), again.len());
    let length: usize = again.iter().map(String::len).sum();
    assert!(length < 2 * limits::WARNING_BYTES, "{length}");
}

#[test]
fn a_recording_ends_where_its_room_does_and_how_its_scan_did() {
    let room = Room {
        entries: Cell::new(10),
        ..Room::default()
    };
    let mut recorder = Recorder::new(&room);
    let full = (0..100_000).find_map(|number| recorder.entry(file(&number.to_string())).err());
    assert!(matches!(full, Some(Error::Limit { .. })), "{full:?}");
    let layer = recorder.finish("a layer", Err(full.unwrap()));
    let end = layer.scan(&mut Seen::default(), &Job::new());
    assert!(matches!(end, Err(Error::Limit { .. })), "{end:?}");

    let room = Room::default();
    let mut recorder = Recorder::new(&room);
    recorder.entry(file("before")).unwrap();
    let damage = Error::unread("a layer", std::io::Error::other("cut"));
    let (layer, mut seen) = (recorder.finish("a layer", Err(damage)), Seen::default());
    let end = layer.scan(&mut seen, &Job::new());
    assert!(matches!(end, Err(Error::Read { .. })) && seen.0.len() == 1);

    let none = Error::NotALayer {
        name: String::new(),
        found: "x".into(),
    };
    let layer = Recorder::new(&room).finish("a layer", Err(none));
    assert!(!layer.is_archive());
    let end = layer.scan(&mut Seen::default(), &Job::new());
    assert!(matches!(end, Err(Error::NotALayer { .. })), "{end:?}");
    let there = FileAt {
        offset: 0,
        path: path("a"),
        size: 7,
    };
    assert!(layer.open(there).is_err() && layer.withheld().is_some());
}
