//! Everything known about a path or a layer, as text to read.

use super::popup::Notice;
use super::{Request, copied, refused};
use crate::analysis::{WasteCause, WastedPath};
use crate::layer::{EntryKind, LayerIndex, Meta};
use crate::text::{Look, attributes, plural};
use crate::tree::{Change, HideCause, MergedTree, PathId, Version};
use crate::tui::subject::Subject;
use crate::units::count;

/// Most waste that is told piece by piece.
const MOST_WASTE: usize = 50;

/// Tells which layers touched a path, what they did, and what of it is wasted.
///
/// Cost is linear in the waste of the image, and in the versions of the path.
pub fn path(subject: &Subject, look: Look, path: PathId) -> Notice {
    let tree = subject.tree();
    let title = format!("/{}", look.shown(&tree.path(path)));
    let mut lines = Vec::new();
    for version in tree.versions(path) {
        lines.push(what_it_did(tree, look, path, *version));
        lines.push(format!("    {}", layer_title(subject, look, version.layer)));
        lines.extend(attribute_names(tree, look, *version));
    }
    if tree.versions(path).is_empty() {
        lines.push("no layer lists it".into());
    }
    lines.push(String::new());
    lines.extend(waste(subject, look, path));
    Notice::facts(title, lines)
}

fn what_it_did(tree: &MergedTree, look: Look, path: PathId, version: Version) -> String {
    let mut words = vec![format!("L{}", version.layer), did(tree, version).to_owned()];
    if version.change != Change::Hidden {
        let kind = tree.layer(version.layer).kind(version.node);
        if kind.is_file() {
            let bytes = length(tree, version);
            words.push(look.units.size(bytes));
            words.push(format!("({} bytes)", count(bytes)));
        }
        let is_listed = kind != EntryKind::Whiteout && !is_implied(tree, version);
        if let Some(meta) = meta(tree, path, version).filter(|_| is_listed) {
            words.push(attributes::permissions(kind.letter(), Some(meta.mode)));
            words.push(format!("{}:{}", meta.uid, meta.gid));
            words.push(attributes::time(meta.mtime));
        }
        let layer = tree.layer(version.layer);
        if let Some(target) = layer.link(version.node) {
            let target = look.shown(target);
            words.push(match kind {
                EntryKind::Hardlink => format!("hard link to /{target}"),
                _ => format!("-> {target}"),
            });
        }
        if layer.is_opaque(version.node) {
            words.push("opaque: hides what is below".into());
        }
    }
    words.join("  ")
}

fn did(tree: &MergedTree, version: Version) -> &'static str {
    match (version.change, version.hidden_by()) {
        (_, Some(HideCause::DeletedDir)) => "removed with a directory above",
        (_, Some(HideCause::Opaque)) => "hidden by an opaque directory",
        (_, Some(HideCause::Replaced)) => "gone: a directory above was replaced",
        (Change::Added | Change::Unchanged, _) if is_implied(tree, version) => {
            let layer = tree.layer(version.layer);
            if layer.children(version.node).is_empty() {
                "not listed, and nothing is in it"
            } else {
                "not listed, but there is something in it"
            }
        }
        (Change::Added, _) => "added",
        (Change::Modified, _) => "modified",
        (Change::Touched, _) => "metadata changed",
        (Change::Repeated, _) => "stored again, the same",
        (Change::Unchanged, _) => "listed, the same",
        (Change::Removed, _) => "deleted",
        (Change::Hidden, _) => "hidden",
        (Change::Dangling, _) => {
            if tree.layer(version.layer).kind(version.node) == EntryKind::Whiteout {
                "deleted, but it was not there"
            } else {
                "without effect"
            }
        }
    }
}

fn is_implied(tree: &MergedTree, version: Version) -> bool {
    tree.layer(version.layer).is_implied(version.node)
}

fn attribute_names(tree: &MergedTree, look: Look, version: Version) -> Option<String> {
    if version.change == Change::Hidden {
        return None;
    }
    let attributes = tree.layer(version.layer).xattrs(version.node);
    let names: Vec<String> = attributes
        .iter()
        .map(|(name, _)| look.shown(name))
        .collect();
    (!names.is_empty()).then(|| format!("    attributes: {}", names.join(", ")))
}

/// Lists what is wasted at the path or, for a directory, how much below it.
fn waste(subject: &Subject, look: Look, path: PathId) -> Vec<String> {
    let tree = subject.tree();
    let all = &subject.analysis.waste.paths;
    // Sorted by path.
    let from = all.partition_point(|wasted| wasted.path < path);
    let own = all
        .iter()
        .skip(from)
        .take_while(|wasted| wasted.path == path);
    let mut lines: Vec<String> = own.map(|wasted| wasted_line(look, wasted)).collect();
    let below = all.iter().skip(from);
    let below = below.filter(|wasted| wasted.path != path && is_below(tree, wasted.path, path));
    let (pieces, bytes) = below.fold((0u64, 0u64), |(pieces, bytes), wasted| {
        (pieces + 1, bytes.saturating_add(wasted.bytes))
    });
    if pieces > 0 {
        let size = look.units.size(bytes);
        lines.push(format!("wasted below: {size} in {}", files(pieces)));
    }
    if lines.is_empty() {
        lines.push("nothing wasted".into());
    }
    lines.truncate(MOST_WASTE);
    lines
}

/// Identities grow from the top down, so the way up ends soon where the path is not on it.
fn is_below(tree: &MergedTree, path: PathId, directory: PathId) -> bool {
    let mut at = path;
    while at.0 > directory.0 {
        at = tree.parent(at);
    }
    at == directory
}

fn wasted_line(look: Look, wasted: &WastedPath) -> String {
    let size = look.units.size(wasted.bytes);
    let (from, by) = (wasted.created_in, wasted.destroyed_in);
    let cause = wasted.cause.as_str();
    match wasted.cause {
        WasteCause::ShadowedInLayer => format!("wasted {size}: {cause}, stored twice in L{from}"),
        _ => format!("wasted {size}: {cause}, stored in L{from}, useless since L{by}"),
    }
}

/// Returns a path, absolute and escaped.
pub fn path_of(subject: &Subject, look: Look, path: PathId) -> String {
    format!("/{}", look.shown(&subject.tree().path(path)))
}

/// Returns the instruction of a layer, escaped.
pub fn layer_title(subject: &Subject, look: Look, layer: LayerIndex) -> String {
    let layers = &subject.analysis.image.layers;
    layers.get(layer.as_usize()).map_or_else(
        || format!("layer {layer}"),
        |layer| look.shown(layer.title().as_bytes()),
    )
}

/// Copies the diff ID of a layer, or says that there is none.
pub fn copy_diff_id(subject: &Subject, layer: LayerIndex) -> Vec<Request> {
    let layer_of = subject.analysis.image.layers.get(layer.as_usize());
    let Some(diff_id) = layer_of.and_then(|layer| layer.diff_id.as_ref()) else {
        return refused(format!("the configuration has no diff ID for L{layer}"));
    };
    copied(diff_id.to_string())
}

/// Returns what the entry of a version says; where no entry lists a directory, what shines through from below.
pub fn meta(tree: &MergedTree, path: PathId, version: Version) -> Option<Meta> {
    if version.change == Change::Hidden {
        return None;
    }
    let own = (version.layer, version.node);
    let (layer, node) = tree.inode(own.0, own.1).unwrap_or(own);
    tree.layer(layer).meta(node).or_else(|| {
        let (layer, node) = tree.metadata_at(path, version.layer)?;
        tree.layer(layer).meta(node)
    })
}

/// Returns the length of the data of a version; 0 for anything but files.
pub fn length(tree: &MergedTree, version: Version) -> u64 {
    if version.change == Change::Hidden {
        return 0;
    }
    tree.inode(version.layer, version.node)
        .map_or(0, |(layer, node)| tree.layer(layer).size(node))
}

/// Returns `1 file` or `1,204 files`.
pub fn files(number: u64) -> String {
    plural(number, "file", "files")
}
