use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::error::{Warning, WarningCode};
use crate::layer::dir::Encoding;
use crate::layer::{Entry, EntryKind};
use crate::limits;
use crate::path::ImagePath;

#[derive(Debug, Default, PartialEq)]
struct Seen {
    entries: Vec<(String, EntryKind, u64)>,
    links: Vec<Option<Vec<u8>>>,
    warnings: Vec<(WarningCode, String)>,
}

impl EntrySink for Seen {
    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        let path = path::display(entry.path.as_bytes()).into_owned();
        self.entries.push((path, entry.meta.kind, entry.meta.size));
        self.links.push(entry.link.map(<[u8]>::to_vec));
        Ok(())
    }

    fn warn(&mut self, warning: Warning) {
        self.warnings.push((warning.code, warning.message));
    }
}

impl Seen {
    fn names(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| entry.0.as_str()).collect()
    }

    fn said(&self, code: WarningCode, part: &str) -> bool {
        let mut warnings = self.warnings.iter();
        warnings.any(|(found, message)| *found == code && message.contains(part))
    }
}

fn header(name: &str, kind: u8, size: u64) -> Vec<u8> {
    let mut header = ::tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkflag = [kind];
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn segment(position: u64, bytes: &[u8]) -> String {
    use base64::Engine as _;
    let payload = base64::engine::general_purpose::STANDARD.encode(bytes);
    json!({"type": 2, "payload": payload, "position": position}).to_string()
}

fn file(position: u64, name: &str, size: u64) -> String {
    json!({"type": 1, "name": name, "size": size, "payload": "AQAAAAAAAAA=", "position": position})
        .to_string()
}

/// Two files, one of them longer than any disk, and the end of the archive.
fn sample() -> Vec<String> {
    let second = [vec![0; 512 - 5], header("b", b'0', 1 << 50)].concat();
    vec![
        segment(0, &header("a", b'0', 5)),
        file(1, "a", 5),
        segment(2, &second),
        file(3, "b", 1 << 50),
        segment(4, &[0; 1024]),
    ]
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(text).unwrap();
    writer.finish().unwrap()
}

fn layer_of(stored: &[u8], data: Data) -> TarSplitLayer {
    let mut file: File = tempfile::tempfile().unwrap();
    file.write_all(stored).unwrap();
    let region = Region::new(Arc::new(file), "record".into(), 0, stored.len() as u64);
    TarSplitLayer::new(region, data)
}

fn layer(lines: &[String]) -> TarSplitLayer {
    layer_of(&packed(lines.join("\n").as_bytes()), nowhere())
}

fn nowhere() -> Data {
    Data::Refused("the dataset is not mounted".into())
}

fn scan(layer: &TarSplitLayer) -> (Seen, Result<Completeness>) {
    let mut seen = Seen::default();
    let result = layer.scan(&mut seen, &Job::new());
    (seen, result)
}

#[test]
fn data_costs_nothing_however_long_it_is() {
    let (seen, result) = scan(&layer(&sample()));
    assert_eq!(result.unwrap(), Completeness::Complete);
    assert_eq!(seen.warnings, []);
    let file = |name: &str, size| (name.to_owned(), EntryKind::File, size);
    assert_eq!(seen.entries, [file("a", 5), file("b", 1 << 50)]);
}

#[test]
fn a_damaged_line_leaves_what_came_before() {
    let position = "it says it is part 7 and stands where part 2 should";
    for (line, reason) in [
        (
            r#"{"type":2,"payload":"*","position":2}"#.to_owned(),
            "base64",
        ),
        (r#"{"type":9,"position":2}"#.to_owned(), "unknown type 9"),
        (r#"{"type":1,"name":"b","size":-1}"#.to_owned(), "line 3"),
        (
            r#"{"type":1,"name":"b","payload":"AAAA"}"#.to_owned(),
            "3 bytes",
        ),
        ("[".repeat(100_000), "line 3"),
        (
            format!("{{\"type\":1,\"x\":{}", "[".repeat(100_000)),
            "line 3",
        ),
        ("\u{1}\u{1b}[31m".to_owned(), "line 3"),
        ("{".to_owned(), "line 3"),
        (segment(7, b""), position),
        (
            "x".repeat(usize::try_from(limits::TAR_SPLIT_LINE_BYTES).unwrap() + 1),
            "longer than",
        ),
    ] {
        let mut lines = sample();
        lines[2] = line;
        let (seen, result) = scan(&layer(&lines));
        assert_eq!(result.unwrap(), Completeness::Partial);
        assert_eq!(seen.names(), ["a"]);
        assert!(seen.said(WarningCode::DamagedLayer, reason), "{seen:?}");
        let plain = |(_, message): &(_, String)| message.bytes().all(|byte| byte >= b' ');
        assert!(seen.warnings.iter().all(plain), "{seen:?}");
    }
}

#[test]
fn what_is_no_record_is_refused() {
    for stored in [
        Vec::new(),
        packed(b""),
        packed(b"\n\n \n"),
        packed(b"{}"),
        b"\x1f\x8b".to_vec(),
        vec![b'x'; 1000],
        packed(&vec![0; 100_000]),
    ] {
        let (seen, result) = scan(&layer_of(&stored, nowhere()));
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Read { .. }), "{error}");
        assert!(!seen.warnings.is_empty());
    }
}

#[test]
fn sizes_that_lie_are_told() {
    for (size, reason) in [
        (6, "has 5 bytes in its header, 6 bytes in the record"),
        (0, "has 5 bytes in its header, 0 bytes in the record"),
        (u64::MAX, "cannot be"),
        ((1 << 62) - 511, "cannot be"),
    ] {
        let mut lines = sample();
        lines[1] = file(1, "a", size);
        let (seen, result) = scan(&layer(&lines));
        assert_eq!(result.unwrap(), Completeness::Partial, "{size}");
        assert!(seen.said(WarningCode::DamagedLayer, reason), "{seen:?}");
    }
    // A header that lies costs only itself as long as the record knows better.
    for size in [0, 6, 511, (1 << 33) - 507] {
        let mut lines = sample();
        let other = [vec![0; 507], header("b", b'0', 1 << 50)].concat();
        lines[0] = segment(0, &header("a", b'0', size));
        lines[2] = segment(2, &other);
        let (seen, result) = scan(&layer(&lines));
        assert_eq!(result.unwrap(), Completeness::Partial, "{size}");
        assert!(seen.said(WarningCode::DamagedLayer, "bytes in its header"));
    }
}

#[test]
fn a_lost_line_loses_no_more_than_it_must() {
    for lost in 0..5 {
        let mut lines = sample();
        lines.remove(lost);
        let (seen, result) = scan(&layer(&lines));
        match result {
            Ok(Completeness::Partial) => {}
            Ok(Completeness::Complete) => panic!("line {lost}: {seen:?}"),
            Err(_) => assert_eq!(lost, 0),
        }
    }
}

#[test]
fn many_tiny_lines_are_a_matter_of_time_only() {
    let mut text = Vec::new();
    for position in 0..300_000 {
        let kind = 1 + position % 2;
        writeln!(
            text,
            r#"{{"type":{kind},"payload":"","position":{position}}}"#
        )
        .unwrap();
    }
    let layer = layer_of(&packed(&text), nowhere());
    let (seen, result) = scan(&layer);
    assert!(seen.entries.is_empty() && result.is_ok(), "{result:?}");

    let job = Job::new();
    job.limit_expanded(1 << 20);
    let mut seen = Seen::default();
    let result = layer.scan(&mut seen, &job);
    assert_eq!(result.unwrap(), Completeness::Partial);
    assert!(seen.said(WarningCode::LimitReached, "--max-expanded"));
    job.cancel();
    let cancelled = layer.scan(&mut Seen::default(), &job);
    assert!(matches!(cancelled, Err(Error::Interrupted)));
}

#[test]
fn bytes_may_come_in_any_portions() {
    let tar = [
        header("a/", b'5', 0),
        header("a/b", b'0', 0),
        header("a/c", b'2', 0),
        vec![0; 1024],
    ];
    let tar = tar.concat();
    for portion in [1, 7, 511, 512, 513, 5000] {
        let lines: Vec<_> = (0..)
            .zip(tar.chunks(portion))
            .map(|(position, bytes)| segment(position, bytes))
            .collect();
        let (seen, result) = scan(&layer(&lines));
        assert_eq!(result.unwrap(), Completeness::Complete);
        assert_eq!(seen.names(), ["a", "a/b", "a/c"]);
    }
}

#[test]
fn a_link_name_left_in_a_whiteout_means_nothing() {
    // Docker 20.10, from the inode that all whiteouts of a layer share.
    let mut block = header("data/.wh.sub", 0, 0);
    block[157..161].copy_from_slice(b"data");
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let lines = [segment(0, &block), segment(1, &[0; 1024])];
    let (seen, result) = scan(&layer(&lines));
    assert_eq!(result.unwrap(), Completeness::Complete);
    assert_eq!(
        seen.entries,
        [("data/sub".to_owned(), EntryKind::Whiteout, 0)]
    );
    assert_eq!(seen.links, [None]);
}

#[test]
fn links_have_no_data_whatever_size_they_state() {
    let line =
        json!({"type": 1, "name": "l", "size": 700, "payload": "AAAAAAAAAAA=", "position": 1});
    let lines = [
        segment(0, &header("l", b'1', 700)),
        line.to_string(),
        segment(2, &[header("b", b'0', 0), vec![0; 1024]].concat()),
    ];
    let (seen, result) = scan(&layer(&lines));
    assert_eq!(result.unwrap(), Completeness::Complete, "{seen:?}");
    assert_eq!(seen.names(), ["l", "b"]);
}

fn at(name: &str, size: u64) -> FileAt<'_> {
    FileAt {
        offset: 0,
        path: ImagePath::new(name.as_bytes()).unwrap(),
        size,
    }
}

fn beneath(directory: &Path) -> Data {
    Data::Directory(Beneath::open(directory).unwrap())
}

#[test]
fn files_are_opened_in_their_directory_and_nowhere_else() {
    let outer = TempDir::new().unwrap();
    let root = outer.path().join("root");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(outer.path().join("secret"), "secret").unwrap();
    std::fs::write(root.join("a"), "hello").unwrap();
    std::os::unix::fs::symlink("../secret", root.join("link")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, root.join("pipe"), 0o600.into()).unwrap();
    let layer = layer_of(&packed(sample().join("\n").as_bytes()), beneath(&root));
    let mut text = String::new();
    let mut reader = layer.open(at("a", 5)).unwrap();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello");
    for (name, size, reason) in [
        ("a", 4, "5 bytes, not 4"),
        ("b", 1, "missing"),
        ("link", 6, "link"),
        ("pipe", 0, "not a regular file"),
        ("a/b", 0, ""),
    ] {
        let error = layer.open(at(name, size)).err().unwrap();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains(reason), "{name}: {cause}");
    }
}

#[test]
fn what_is_out_of_reach_says_why() {
    let layer = layer(&sample());
    let error = layer.open(at("a", 5)).err().unwrap();
    assert_eq!(error.to_string(), "cannot open /a");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "the dataset is not mounted");
    assert!(layer.verify("sha256:", &Job::new()).is_err());
}

#[test]
fn a_damaged_record_is_told_and_its_directory_read_instead() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("there"), "there").unwrap();
    let whole = packed(sample().join("\n").as_bytes());
    let with_directory = |stored: &[u8]| {
        let files = Beneath::open(directory.path()).unwrap();
        let files = DirLayer::new(files, Encoding::Plain);
        scan(&layer_of(stored, nowhere()).or_else(files))
    };
    let (seen, result) = with_directory(&whole);
    assert_eq!(result.unwrap(), Completeness::Complete);
    assert_eq!(seen.names(), ["a", "b"]);
    assert_eq!(seen.warnings, []);
    let mut unharmed = 0;
    for damaged in 8..whole.len() {
        let mut flipped = whole.clone();
        flipped[damaged] ^= 0x10;
        for stored in [&whole[..damaged], &flipped] {
            let (seen, result) = with_directory(stored);
            let is_directory = seen.names().contains(&"there")
                && seen.said(WarningCode::BadRecord, "its directory is read instead");
            // A repetition of zeros may be taken from elsewhere among them.
            let is_same = seen.names() == ["a", "b"] && seen.warnings.is_empty();
            unharmed += usize::from(is_same);
            let is_cut = stored.len() < whole.len();
            assert!(is_directory || is_same && !is_cut, "{damaged}: {seen:?}");
            assert!(result.is_ok());
        }
    }
    assert!(unharmed < 20, "{unharmed}");
}
