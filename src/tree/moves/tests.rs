use std::convert::Infallible;

use super::*;
use crate::error::WarningCode;
use crate::layer::{Completeness, Entry, EntryKind, EntrySink as _, Meta, Placement};
use crate::path::ImagePath;
use crate::tree::{MergedTree, PathId, TreeBuilder, View};

/// Makes a layer: `d/` is a directory, `d/!` an opaque one, `d/ < e` one that was moved from `e`, `-x` a whiteout,
/// `f = g` a file that has the data of `g` below, `f ~ g` a hard link, `f @ g` a symbolic link, `f` a file of 3 bytes.
fn layer(entries: &[&str]) -> Arc<FileTree> {
    let mut builder = TreeBuilder::new("layer");
    for (number, entry) in (1u16..).zip(entries) {
        let mut parts = entry.splitn(3, ' ');
        let (name, sign, link) = (parts.next().unwrap(), parts.next(), parts.next());
        let kind = match (name.strip_prefix('-'), sign) {
            (Some(_), _) => EntryKind::Whiteout,
            (_, Some("~")) => EntryKind::Hardlink,
            (_, Some("@")) => EntryKind::Symlink,
            _ if name.ends_with(['/', '!']) => EntryKind::Dir,
            _ => EntryKind::File,
        };
        let path = name.trim_matches(['-', '!']).trim_end_matches('/');
        let has_data = kind == EntryKind::File && link.is_none();
        let meta = Meta {
            size: if has_data { 3 } else { 0 },
            mtime: 0,
            mtime_nanos: 0,
            uid: 0,
            gid: 0,
            mode: number,
            kind,
            opaque: name.ends_with('!'),
            device: (0, 0),
        };
        builder
            .entry(Entry {
                path: ImagePath::new(path.as_bytes()).unwrap(),
                link: link.map(str::as_bytes),
                meta,
                xattrs: &[],
                content: None,
                offset: u64::from(number),
                data: None,
                placement: Placement::Shown,
            })
            .unwrap();
    }
    Arc::new(builder.freeze(Completeness::Complete))
}

/// Lists the union: directories with a slash, files with the layer and path of their data, everything with its mode.
fn shown(layers: Vec<Arc<FileTree>>) -> Vec<String> {
    let tree = MergedTree::build(layers);
    let mut rows = Vec::new();
    let Ok(()) = View::Union(tree.top()).list::<Infallible>(&tree, PathId::ROOT, &mut |row| {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let what = match (row.kind, row.data) {
            (EntryKind::Dir, _) => "/".to_owned(),
            (_, Some((layer, node))) => {
                format!(" = {layer}:{}", text(&tree.layer(layer).path(node)))
            }
            _ => format!(" @ {}", text(row.link.as_deref().unwrap_or_default())),
        };
        rows.push(format!(
            "{}{what} {}",
            text(&row.path),
            row.mode.unwrap_or(0)
        ));
        Ok(())
    });
    rows
}

fn unfolded(layers: &[&[&str]]) -> (Vec<String>, Vec<Lost>) {
    let mut layers: Vec<_> = layers.iter().map(|entries| layer(entries)).collect();
    let lost = unfold(&mut layers);
    (shown(layers), lost)
}

#[track_caller]
fn assert_shown(layers: &[&[&str]], expected: &[&str]) {
    let (found, lost) = unfolded(layers);
    assert_eq!(found, expected);
    assert_eq!(lost, []);
}

#[test]
fn what_only_the_layers_below_have_is_named_at_the_new_place() {
    assert_shown(
        &[
            &["d/", "d/s/", "d/s/z", "d/x", "d/y", "d/l @ x"],
            &["-d", "e/ < d", "-e/x", "e/s/", "e/s/n"],
        ],
        &[
            "e/ 2",
            "e/l @ x 6",
            "e/s/ 4",
            "e/s/n = 1:e/s/n 5",
            "e/s/z = 0:d/s/z 3",
            "e/y = 0:d/y 5",
        ],
    );
}

/// The name means the lower layers' file, whatever the layer itself has made at the old place.
#[test]
fn the_old_place_may_be_taken_again() {
    assert_shown(
        &[&["d/", "d/x"], &["d/!", "d/x", "e/ < d"]],
        &["d/ 1", "d/x = 1:d/x 2", "e/ 3", "e/x = 0:d/x 2"],
    );
}

#[test]
fn the_new_place_hides_what_was_there() {
    assert_shown(
        &[&["d/", "d/x", "e/", "e/old"], &["-d", "e/ < d"]],
        &["e/ 2", "e/x = 0:d/x 2"],
    );
}

#[test]
fn opaque_directories_and_whiteouts_of_all_layers_count() {
    assert_shown(
        &[
            &[
                "d/", "d/a", "d/s/", "d/s/old", "d/t/", "d/t/in", "d/u/", "d/u/kept",
            ],
            &["-d/a", "d/s/!", "d/s/new", "d/t"],
            &["-d", "e/ < d", "e/u/!", "e/v/"],
        ],
        &[
            "e/ 2",
            "e/s/ 2",
            "e/s/new = 1:d/s/new 3",
            "e/t = 1:d/t 4",
            "e/u/ 3",
            "e/v/ 4",
        ],
    );
}

#[test]
fn moves_of_what_was_moved_lead_to_the_data() {
    assert_shown(
        &[
            &["a/", "a/s/", "a/s/x", "b/", "b/y"],
            &["-a", "b/", "b/c/ < a"],
            &["-b", "d/ < b/c/s", "f/ < b", "-f/c"],
            &["-d", "f/", "f/g/ < d", "-f/y"],
        ],
        &["f/ 2", "f/g/ 3", "f/g/x = 0:a/s/x 3"],
    );
}

/// Two directories that changed places, as the kernel allows and as a loop would look.
#[test]
fn each_in_place_of_the_other_is_no_loop() {
    assert_shown(
        &[
            &["a/", "a/x", "b/", "b/y"],
            &["a/ < b", "b/ < a"],
            &["a/ < b", "b/ < a"],
        ],
        &["a/ 1", "a/x = 0:a/x 2", "b/ 2", "b/y = 0:b/y 4"],
    );
}

#[test]
fn metadata_are_those_that_were_seen_before() {
    assert_shown(
        &[
            &["d/", "d/x", "d/y", "d/z ~ d/x", "d/q ~ d/l", "d/l @ x"],
            &["d/", "pad", "pad2", "d/y = d/y"],
            &["-pad", "-pad2", "-d", "e/ < d"],
        ],
        &[
            "e/ 4",
            "e/l @ x 6",
            "e/q @ x 6",
            // The last header of its inode was that of `d/z`.
            "e/x = 0:d/x 4",
            "e/y = 0:d/y 4",
            "e/z = 0:d/x 4",
        ],
    );
}

#[test]
fn what_leads_nowhere_is_said_and_shows_its_own() {
    let (found, lost) = unfolded(&[
        &["file", "d/"],
        &[
            "e/ < none",
            "e/n",
            "f/ < file",
            "d/ < d/../d",
            "g/ < file/x",
        ],
    ]);
    assert_eq!(
        found,
        [
            "d/ 4",
            "e/ 1",
            "e/n = 1:e/n 2",
            "f/ 3",
            "file = 0:file 1",
            "g/ 5"
        ]
    );
    assert_eq!(lost.len(), 1);
    assert_eq!((lost[0].layer, lost[0].count), (LayerIndex(1), 4));
    assert_eq!(lost[0].first[1], (b"e".to_vec(), b"none".to_vec()));
}

#[test]
fn a_directory_moved_into_itself_ends() {
    assert_shown(
        &[
            &["d/", "d/x"],
            &["d/", "d/e/ < d", "d/e/f/ < d"],
            &["d/", "d/e/", "d/e/e/ < d"],
        ],
        &[
            "d/ 1",
            "d/e/ 2",
            "d/e/e/ 3",
            "d/e/e/e/ 2",
            "d/e/e/e/f/ 3",
            "d/e/e/e/f/x = 0:d/x 2",
            "d/e/e/e/x = 0:d/x 2",
            "d/e/e/x = 0:d/x 2",
            "d/e/f/ 3",
            "d/e/f/x = 0:d/x 2",
            "d/e/x = 0:d/x 2",
            "d/x = 0:d/x 2",
        ],
    );
}

/// Every layer has the one below four times; after twenty layers nobody could count them.
#[test]
fn moves_that_multiply_end_at_the_limit() {
    let doubling = [
        "a/ < all",
        "b/ < all",
        "c/ < all",
        "all/ < all",
        "all/1/ < all",
        "all/2/ < all",
    ];
    for (entries, bytes, lookups) in [
        (500, usize::MAX, u64::MAX),
        (u32::MAX, 5000, u64::MAX),
        (u32::MAX, usize::MAX, 5000),
    ] {
        let mut layers = vec![layer(&["all/", "all/x"])];
        layers.extend((0..20).map(|_| layer(&doubling)));
        let budget = Budget {
            entries,
            bytes,
            lookups,
        };
        unfold_within(&mut layers, budget);
        let added: usize = layers.iter().map(|layer| layer.len()).sum();
        assert!(added < 6000, "{added} nodes");
        let top = layers.last().unwrap();
        assert_eq!(top.completeness(), Completeness::Partial);
        assert_eq!(top.warnings()[0].code, WarningCode::LimitReached);
        assert_eq!(top.warnings().len(), 1);
        let names = ["a", "all", "all/1", "b", "c"].map(|name| ImagePath::new(name.as_bytes()));
        assert!(names.iter().all(|name| top.find(name.unwrap()).is_some()));
    }
}

/// Each layer puts all of the one below deeper.
#[test]
fn depth_ends_at_the_limit() {
    let mut layers = vec![layer(&["d/", "d/x"])];
    let deeper = "d/".repeat(60);
    let moved = format!("{deeper} < d");
    let entries = ["d/!", &moved];
    layers.extend((0..30).map(|_| layer(&entries)));
    unfold(&mut layers);
    let top = layers.last().unwrap();
    assert_eq!(top.warnings()[0].code, WarningCode::LimitReached);
    let deepest =
        (0..top.len()).map(|node| top.path(crate::tree::NodeId(u32::try_from(node).unwrap())));
    let deepest = deepest
        .map(|path| path.split(|&byte| byte == b'/').count())
        .max()
        .unwrap();
    assert!(
        (900..=crate::limits::PATH_DEPTH).contains(&deepest),
        "{deepest}"
    );
}

#[test]
fn layers_that_moved_nothing_stay_as_they_are() {
    let before = [layer(&["d/", "d/x"]), layer(&["-d"])];
    let mut after = before.to_vec();
    unfold(&mut after);
    assert!(
        before
            .iter()
            .zip(&after)
            .all(|(before, after)| Arc::ptr_eq(before, after))
    );
}
