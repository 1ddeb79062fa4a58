//! Which layers touched a path: the notice that every view shows for it.

use super::popup::Notice;
use crate::layer::EntryKind;
use crate::report::{Look, attributes};
use crate::tree::{Change, MergedTree, PathId, Version};
use crate::tui::subject::Subject;
use crate::units::count;

/// Tells what each layer does to a path, bottom first.
pub fn of_path(subject: &Subject, look: Look, path: PathId) -> Notice {
    let tree = subject.tree();
    let title = format!("/{}", look.shown(&tree.path(path)));
    let mut lines = Vec::new();
    for version in tree.versions(path) {
        lines.push(line(tree, look, *version));
        let layer = subject
            .analysis
            .image
            .layers
            .get(usize::from(version.layer.0));
        let made_by = layer.map(|layer| look.shown(layer.title().as_bytes()));
        lines.extend(made_by.map(|made_by| format!("    {made_by}")));
    }
    let from = subject.analysis.waste.paths.iter();
    for wasted in from.filter(|wasted| wasted.path == path) {
        let (bytes, cause) = (look.units.size(wasted.bytes), wasted.cause.as_str());
        let (stored, by) = (wasted.created_in, wasted.destroyed_in);
        lines.push(format!("wasted {bytes} of L{stored}: {cause} in L{by}"));
    }
    Notice::facts(title, lines)
}

fn line(tree: &MergedTree, look: Look, version: Version) -> String {
    let mut words = vec![format!("L{}", version.layer), did(version).to_owned()];
    if version.change == Change::Hidden {
        return words.join("  ");
    }
    let layer = tree.layer(version.layer);
    let kind = layer.kind(version.node);
    if let Some((at, data)) = tree.inode(version.layer, version.node) {
        let bytes = tree.layer(at).size(data);
        words.push(format!(
            "{} ({} bytes)",
            look.units.size(bytes),
            count(bytes)
        ));
    }
    if let Some(meta) = layer
        .meta(version.node)
        .filter(|_| kind != EntryKind::Whiteout)
    {
        words.push(attributes::permissions(kind, Some(meta.mode)));
        words.push(format!("{}:{}", meta.uid, meta.gid));
        words.push(attributes::time(meta.mtime));
    }
    if let Some(target) = layer.link(version.node) {
        words.push(format!("-> {}", look.shown(target)));
    }
    words.join("  ")
}

const fn did(version: Version) -> &'static str {
    match version.change {
        Change::Added => "added",
        Change::Modified => "modified",
        Change::Touched => "metadata changed",
        Change::Repeated => "stored again, the same",
        Change::Unchanged => "listed, the same",
        Change::Removed => "deleted",
        Change::Dangling => "without effect",
        Change::Hidden => "gone with a directory above",
    }
}
