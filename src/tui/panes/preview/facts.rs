//! What the union knows about a version without reading it.

use crate::layer::EntryKind;
use crate::limits;
use crate::path::display_absolute;
use crate::text::{Look, attributes};
use crate::tree::{Change, HideCause, MergedTree, PathId, Version};
use crate::tui::ids::VersionAt;
use crate::tui::subject::Subject;

/// Returns the path as it is shown.
pub fn path(tree: &MergedTree, path: PathId, look: Look) -> String {
    format!("/{}", look.shown(&tree.path(path)))
}

/// Returns type, size, mode and owner on one line.
pub fn summary(tree: &MergedTree, at: VersionAt, look: Look) -> String {
    let Some(kind) = at.kind(tree) else {
        return "deleted".into();
    };
    let what = match kind {
        EntryKind::File | EntryKind::Hardlink => look.units.size(at.length(tree)),
        EntryKind::Dir => "directory".into(),
        EntryKind::Symlink => "symbolic link".into(),
        EntryKind::Fifo => "named pipe".into(),
        EntryKind::CharDevice => "character device".into(),
        EntryKind::BlockDevice => "block device".into(),
        EntryKind::Socket => "socket".into(),
        EntryKind::Whiteout => "deletion".into(),
    };
    match at.meta(tree) {
        Some(meta) => format!("{what}  {:04o} {}:{}", meta.mode, meta.uid, meta.gid),
        None => what,
    }
}

/// Returns what there is to say about anything but a file with data; `None` for those.
pub fn instead(tree: &MergedTree, at: VersionAt, look: Look) -> Option<Vec<String>> {
    let Some(kind) = at.kind(tree) else {
        return Some(gone(tree, at, look));
    };
    let version = at.find(tree)?;
    let lines = match kind {
        EntryKind::File | EntryKind::Hardlink if at.data(tree).is_some() => return None,
        EntryKind::Dir => directory(tree, at, look),
        EntryKind::Symlink => {
            let target = tree.layer(version.layer).link(version.node).unwrap_or(b"");
            vec![format!("symbolic link to {}", look.shown(target))]
        }
        EntryKind::Hardlink => {
            let target = tree.layer(version.layer).link(version.node).unwrap_or(b"");
            vec![format!(
                "hard link to /{}, which is not there",
                look.shown(target)
            )]
        }
        EntryKind::CharDevice | EntryKind::BlockDevice => {
            let (major, minor) = at.meta(tree).map_or((0, 0), |meta| meta.device);
            vec![format!("device {major}, {minor}: there is nothing to read")]
        }
        _ => vec!["there is nothing to read".into()],
    };
    Some(lines)
}

fn gone(tree: &MergedTree, at: VersionAt, look: Look) -> Vec<String> {
    let deed = at.find(tree).map_or_else(
        || format!("layer {} does not have it", at.layer),
        |version| deed(tree, version),
    );
    let mut lines = vec![deed];
    if let Some(below) = at.below(tree) {
        let size = look.units.size(below.length(tree));
        lines.push(String::new());
        lines.push(format!(
            "It was there as of layer {}: {size}. Press K to look at it.",
            below.layer
        ));
    }
    lines
}

fn deed(tree: &MergedTree, version: Version) -> String {
    let layer = version.layer;
    match (version.change, version.hidden_by()) {
        (Change::Removed, _) => format!("layer {layer} deletes it"),
        (_, Some(HideCause::DeletedDir)) => format!("layer {layer} deletes a directory above it"),
        (_, Some(HideCause::Opaque)) => format!("layer {layer} empties a directory above it"),
        (_, Some(HideCause::Replaced)) => format!("layer {layer} replaces a directory above it"),
        (Change::Added, _) => format!("layer {layer} adds it"),
        (Change::Modified, _) => format!("layer {layer} changes it"),
        (Change::Touched, _) => format!("layer {layer} changes its metadata"),
        (Change::Repeated, _) => format!("layer {layer} stores it again, the same"),
        _ => format!(
            "layer {layer} passes through it{}",
            if tree.layer(layer).is_implied(version.node) {
                " without naming it"
            } else {
                ""
            }
        ),
    }
}

/// Lists a directory as the layers up to this one show it.
fn directory(tree: &MergedTree, at: VersionAt, look: Look) -> Vec<String> {
    let children = tree.children(at.path);
    let looked_at = children.len().min(limits::PREVIEW_ENTRIES);
    let rows: Vec<VersionAt> = children
        .clone()
        .take(looked_at)
        .map(|child| VersionAt {
            path: PathId(child),
            layer: at.layer,
        })
        .filter(|child| tree.at(child.path, at.layer).is_some())
        .collect();
    if rows.is_empty() && looked_at == children.len() {
        return vec![format!("nothing is in it as of layer {}", at.layer)];
    }
    let sizes: Vec<String> = rows.iter().map(|row| size(tree, *row, look)).collect();
    let width = sizes.iter().map(String::len).max().unwrap_or(0);
    let mut lines: Vec<String> = rows
        .iter()
        .zip(&sizes)
        .map(|(row, size)| {
            format!(
                "{}  {size:>width$}  {}",
                mode(tree, *row),
                name(tree, *row, look)
            )
        })
        .collect();
    let rest = children.len() - looked_at;
    if rest > 0 {
        lines.push(format!(
            "and up to {} more; the tree has them all",
            crate::units::count(rest as u64)
        ));
    }
    lines
}

fn size(tree: &MergedTree, at: VersionAt, look: Look) -> String {
    match at.kind(tree) {
        Some(kind) if kind.is_file() => look.units.size(at.length(tree)),
        _ => "-".into(),
    }
}

fn mode(tree: &MergedTree, at: VersionAt) -> String {
    let kind = at.kind(tree).unwrap_or(EntryKind::Whiteout);
    attributes::permissions(kind.letter(), at.meta(tree).map(|meta| meta.mode))
}

fn name(tree: &MergedTree, at: VersionAt, look: Look) -> String {
    let name = look.shown(tree.name(at.path));
    let version = at.find(tree);
    let link = version.and_then(|version| tree.layer(version.layer).link(version.node));
    match (at.kind(tree), link) {
        (Some(EntryKind::Dir), _) => format!("{name}/"),
        (Some(EntryKind::Symlink), Some(target)) => format!("{name} -> {}", look.shown(target)),
        _ => name,
    }
}

/// Returns what is known of a file that is not read unasked, and how to ask.
pub fn unread(tree: &MergedTree, at: VersionAt, look: Look) -> Vec<String> {
    let mut lines = vec![
        format!("size      {}", look.units.size(at.length(tree))),
        format!("mode      {}", mode(tree, at)),
    ];
    if let Some(meta) = at.meta(tree) {
        lines.push(format!("owner     {}:{}", meta.uid, meta.gid));
        lines.push(format!("modified  {}", attributes::time(meta.mtime)));
    }
    lines.push(String::new());
    lines.push("press v to read it".into());
    lines
}

/// Returns everything known about a path: which layers touched it, and what stands there.
pub fn history(subject: &Subject, at: VersionAt, look: Look) -> Vec<String> {
    let tree = subject.tree();
    let mut lines = vec![display_absolute(&tree.path(at.path)), String::new()];
    for version in at.of_path(tree) {
        let here = VersionAt {
            layer: version.layer,
            ..at
        };
        let layer = subject.analysis.image.layers.get(version.layer.as_usize());
        let instruction = layer.and_then(|layer| layer.instruction.as_ref());
        lines.push(deed(tree, version));
        if version.is_visible() {
            let time = here.meta(tree).map(|meta| attributes::time(meta.mtime));
            lines.push(format!(
                "    {}  {}",
                summary(tree, here, look),
                time.unwrap_or_default()
            ));
            lines.extend(attributes_of(tree, here, look));
        }
        if let Some(instruction) = instruction {
            lines.push(format!("    {}", look.shown(instruction.line.as_bytes())));
        }
    }
    lines
}

/// Returns link targets and extended attributes.
fn attributes_of(tree: &MergedTree, at: VersionAt, look: Look) -> Vec<String> {
    let Some(version) = at.find(tree) else {
        return Vec::new();
    };
    let own = tree.layer(version.layer);
    let link = own.link(version.node).map(|target| {
        let kind = match own.kind(version.node) {
            EntryKind::Hardlink => "hard link to /",
            _ => "links to ",
        };
        format!("    {kind}{}", look.shown(target))
    });
    let (layer, node) = tree
        .inode(version.layer, version.node)
        .unwrap_or((version.layer, version.node));
    let xattrs = tree.layer(layer).xattrs(node).iter().map(|(name, value)| {
        format!(
            "    {}  {} bytes",
            look.shown(name),
            crate::units::count(value.len() as u64)
        )
    });
    link.into_iter().chain(xattrs).collect()
}
