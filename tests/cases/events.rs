//! The events of node-tar's parser as an oracle for the walk over a tar.
//!
//! node-tar has two ways of reading. Both deliver the same entries from these files; where something is wrong
//! the lenient one warns and the strict one errs. We warn.

use layerscope::layer::EntryKind;
use serde_json::Value;

use crate::notation::corpus;
use crate::support::Walk;

/// What both say of an entry.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    kind: &'static str,
    path: String,
    link: Option<String>,
    mode: u64,
    owner: (u64, u64),
    size: u64,
    second: String,
}

fn theirs(entry: &Value) -> Seen {
    let number = |key: &str| entry[key].as_u64().unwrap();
    Seen {
        kind: match entry["type"].as_str().unwrap() {
            "File" => "File",
            "Directory" => "Directory",
            "Link" => "Link",
            "SymbolicLink" => "SymbolicLink",
            other => panic!("{other}"),
        },
        path: entry["path"]
            .as_str()
            .unwrap()
            .trim_end_matches('/')
            .to_owned(),
        link: entry["linkpath"].as_str().map(str::to_owned),
        mode: number("mode"),
        owner: (number("uid"), number("gid")),
        size: number("size"),
        second: entry["mtime"]
            .as_str()
            .unwrap()
            .split('.')
            .next()
            .unwrap()
            .to_owned(),
    }
}

fn ours(walk: &Walk) -> Vec<Seen> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    walk.entries
        .iter()
        .map(|entry| {
            let meta = entry.meta;
            let time = timestamp(meta.mtime);
            Seen {
                kind: match meta.kind {
                    EntryKind::File => "File",
                    EntryKind::Dir => "Directory",
                    EntryKind::Hardlink => "Link",
                    EntryKind::Symlink => "SymbolicLink",
                    other => panic!("{other:?}"),
                },
                path: text(&entry.path),
                link: entry.link.as_deref().map(text),
                mode: meta.mode.into(),
                owner: (meta.uid.into(), meta.gid.into()),
                size: meta.size,
                second: time,
            }
        })
        .collect()
}

#[test]
fn the_walk_delivers_what_node_tar_does() {
    let Some(corpus) = corpus() else { return };
    let events = corpus.join("json/isaacs+node-tar/parse");
    let tars = corpus.join("tars/isaacs+node-tar/test/fixtures/tars");
    let mut compared = 0;
    for file in std::fs::read_dir(events).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (tar, is_strict) = match name.strip_suffix("--strict") {
            Some(tar) => (tar, true),
            None => (name, false),
        };
        let events: Vec<Value> = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let of = |kind: &str| -> Vec<&Value> {
            events.iter().filter(|event| event[0] == kind).collect()
        };
        let walk = Walk::of_file(&tars.join(format!("{tar}.tar")));
        let expected: Vec<Seen> = of("entry").iter().map(|event| theirs(&event[1])).collect();
        assert_eq!(ours(&walk), expected, "{name}");
        compared += expected.len();
        let complaints = of(if is_strict { "error" } else { "warn" });
        assert_eq!(
            walk.codes().contains(&"damaged-layer"),
            !complaints.is_empty(),
            "{name}: {:?}",
            walk.warnings
        );
        // node-tar ends without a word where the end marker is missing.
        let has_end = !of("eof").is_empty();
        let is_cut = walk.codes().contains(&"missing-end");
        assert_eq!(is_cut, !has_end, "{name}: {:?}", walk.warnings);
    }
    assert_eq!(compared, 30, "entries of fourteen lists");
}

/// Seconds since 1970 as `YYYY-MM-DDTHH:MM:SS` (days to date as in Howard Hinnant's `civil_from_days`).
fn timestamp(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}
