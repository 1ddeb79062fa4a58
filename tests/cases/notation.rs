//! A layer as a line of words, and a view as the same words again.
//!
//! `dir/`, `empty`, `file:data`, `link->target`, `name=>file` (hard link) and `|pipe`, in stored order, under the
//! names that the tar has: a whiteout is a file called `.wh.NAME`. A view shows a hard link as the file it is.

use std::convert::Infallible;
use std::io::Read as _;

use layerscope::analysis::Analysis;
use layerscope::error::Warning;
use layerscope::layer::{EntryKind, LayerIndex};
use layerscope::path::ImagePath;
use layerscope::tree::{Change, Listed, PathId, View};

use crate::support::{self, Codec, Item, Kind};

/// Reads a line of words.
pub(crate) fn records(words: &str) -> Vec<Item> {
    words.split_whitespace().map(record).collect()
}

fn record(word: &str) -> Item {
    if let Some(name) = word.strip_prefix('|') {
        Item::new(name, Kind::Fifo)
    } else if let Some((name, target)) = word.split_once("=>") {
        Item::new(name, Kind::Hardlink(target.into()))
    } else if let Some((name, target)) = word.split_once("->") {
        Item::new(name, Kind::Symlink(target.into()))
    } else if let Some(name) = word.strip_suffix('/') {
        Item::new(name, Kind::Dir)
    } else {
        let (name, data) = word.split_once(':').unwrap_or((word, ""));
        Item::new(name, Kind::File(data.into()))
    }
}

/// Analyses a stack, one line a layer, bottom first.
pub(crate) fn analyse(layers: &[&str]) -> Analysis {
    analyse_records(
        &layers
            .iter()
            .map(|words| records(words))
            .collect::<Vec<_>>(),
    )
}

/// Analyses a stack whose records say more than words can.
pub(crate) fn analyse_records(layers: &[Vec<Item>]) -> Analysis {
    let analysis = support::opened::analyse(layers, &[Codec::None]);
    check_sums(&analysis);
    analysis
}

/// The sums that hold for every image whatever is in it.
pub(crate) fn check_sums(analysis: &Analysis) {
    let totals = &analysis.totals;
    let live: u64 = analysis.layers.iter().map(|layer| layer.live_bytes).sum();
    let by_cause: u64 = analysis.waste.by_cause.iter().sum();
    assert_eq!(live, totals.effective_bytes);
    assert_eq!(
        totals.content_bytes - totals.effective_bytes,
        totals.wasted_bytes
    );
    assert_eq!(by_cause, totals.wasted_bytes);
    assert!((0.0..=1.0).contains(&totals.efficiency));
}

/// Returns the rows of a view, sorted by path.
pub(crate) fn rows(analysis: &Analysis, view: View) -> Vec<Listed> {
    let mut rows = Vec::new();
    let Ok(()) = view.list::<Infallible>(&analysis.tree, PathId::ROOT, &mut |row| {
        rows.push(row.clone());
        Ok(())
    });
    rows
}

/// Returns the row of one path of the merged view.
pub(crate) fn row(analysis: &Analysis, path: &str) -> Option<Listed> {
    let path = ImagePath::new(path.as_bytes()).unwrap();
    View::Union(analysis.tree.top()).get(&analysis.tree, path)
}

/// Asserts what the union of layers 0 to `layer` shows.
#[track_caller]
pub(crate) fn assert_view(analysis: &Analysis, layer: u16, expected: &str) {
    let rows = rows(analysis, View::Union(LayerIndex(layer)));
    let found: Vec<String> = rows.iter().map(|row| word(analysis, row)).collect();
    let mut expected: Vec<&str> = expected.split_whitespace().collect();
    expected.sort_by_key(|word| name_of(word));
    assert_eq!(found, expected, "what layers 0 to {layer} show");
}

/// Asserts what the union of all layers shows.
#[track_caller]
pub(crate) fn assert_merged(analysis: &Analysis, expected: &str) {
    assert_view(analysis, analysis.tree.top().0, expected);
}

/// Asserts what a stack shows in the end.
#[track_caller]
pub(crate) fn assert_shows(layers: &[&str], expected: &str) -> Analysis {
    let analysis = analyse(layers);
    assert_merged(&analysis, expected);
    analysis
}

fn name_of(word: &str) -> &[u8] {
    let name = word.trim_start_matches('|');
    let name = name.split("->").next().unwrap_or(name);
    let name = name.split(':').next().unwrap_or(name);
    name.trim_end_matches('/').as_bytes()
}

fn word(analysis: &Analysis, row: &Listed) -> String {
    let path = String::from_utf8(row.path.clone()).unwrap();
    match row.kind {
        EntryKind::Dir => format!("{path}/"),
        EntryKind::Fifo => format!("|{path}"),
        EntryKind::Symlink => {
            let target = String::from_utf8(row.link.clone().unwrap()).unwrap();
            format!("{path}->{target}")
        }
        EntryKind::File | EntryKind::Hardlink => match data(analysis, row) {
            None => format!("{path}:(nothing)"),
            Some(data) if data.is_empty() => path,
            Some(data) => format!("{path}:{data}"),
        },
        other => format!("{path}({})", other.as_str()),
    }
}

/// Reads a file back; `None` for a hard link to nothing.
pub(crate) fn data(analysis: &Analysis, row: &Listed) -> Option<String> {
    let (layer, node) = row.data?;
    let tree = analysis.tree.layer(layer);
    let path = tree.path(node);
    let source = &analysis.image.layers[layer.as_usize()].source;
    let mut data = String::new();
    source
        .open(tree.file_at(node, &path))
        .unwrap()
        .read_to_string(&mut data)
        .unwrap();
    assert_eq!(data.len() as u64, row.size, "{}", row.path.escape_ascii());
    Some(data)
}

/// Returns the marks of a layer, sorted by path: `M etc/passwd`; `h` is hidden by an ancestor.
pub(crate) fn marks(analysis: &Analysis, layer: u16) -> Vec<String> {
    let tree = &analysis.tree;
    let mut marks = Vec::new();
    for path in tree.paths().filter(|&path| path != PathId::ROOT) {
        for version in tree.versions(path) {
            let mark = match version.change {
                Change::Added => 'A',
                Change::Modified => 'M',
                Change::Touched => 'm',
                Change::Repeated => '=',
                Change::Removed => 'D',
                Change::Hidden => 'h',
                Change::Unchanged | Change::Dangling => continue,
            };
            if version.layer == LayerIndex(layer) {
                marks.push((tree.path(path), mark));
            }
        }
    }
    marks.sort();
    let text = |path| String::from_utf8(path).unwrap();
    marks
        .into_iter()
        .map(|(path, mark)| format!("{mark} {}", text(path)))
        .collect()
}

/// Returns the codes of all warnings, sorted.
pub(crate) fn codes(warnings: &[Warning]) -> Vec<&'static str> {
    let mut codes: Vec<_> = warnings
        .iter()
        .map(|warning| warning.code.as_str())
        .collect();
    codes.sort_unstable();
    codes
}

/// Returns all waste, sorted by path: `etc/passwd 5 deleted 0-2`, the layers being creator and destroyer.
pub(crate) fn waste(analysis: &Analysis) -> Vec<String> {
    let mut waste: Vec<String> = analysis
        .waste
        .paths
        .iter()
        .map(|wasted| {
            let path = String::from_utf8(analysis.tree.path(wasted.path)).unwrap();
            let (bytes, cause) = (wasted.bytes, wasted.cause.as_str());
            let (from, to) = (wasted.created_in, wasted.destroyed_in);
            format!("{path} {bytes} {cause} {from}-{to}")
        })
        .collect();
    waste.sort();
    waste
}

pub(crate) use crate::support::corpus::files as corpus;
