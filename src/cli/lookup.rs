//! From a path on the command line to a row of a view.
//!
//! Paths are walked as a process in the container would: `..` and symbolic links are resolved inside the
//! image, absolute targets from its root, and nothing leads out of it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use crate::analysis::Analysis;
use crate::error::{Error, Result};
use crate::layer::{EntryKind, LayerIndex};
use crate::path::{ImagePath, display_absolute, normalise, undisplay};
use crate::tree::{Change, Listed, MergedTree, PathId, Version, View};

/// As many links as Linux follows (`MAXSYMLINKS`).
const MOST_LINKS: usize = 40;

/// Whether a link at the end of a path is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    /// To what it points at.
    Follow,
    /// No: the link itself is meant.
    Keep,
}

/// Returns the view of all layers, or of those up to one.
///
/// # Errors
/// [`Error::NoSuchLayer`].
pub(crate) fn union(analysis: &Analysis, layer: Option<u16>) -> Result<View> {
    checked(analysis, layer).map(View::Union)
}

/// Returns the view of one layer alone.
///
/// # Errors
/// [`Error::NoSuchLayer`].
pub(crate) fn alone(analysis: &Analysis, layer: u16) -> Result<View> {
    checked(analysis, Some(layer)).map(View::Layer)
}

/// Returns the layer wanted, or the last.
fn checked(analysis: &Analysis, wanted: Option<u16>) -> Result<LayerIndex> {
    let layers = analysis.image.layers.len();
    let last = u16::try_from(layers.saturating_sub(1)).unwrap_or(u16::MAX);
    match wanted.unwrap_or(last) {
        wanted if wanted > last => Err(Error::NoSuchLayer {
            wanted: wanted.into(),
            last: last.into(),
        }),
        wanted => Ok(LayerIndex(wanted)),
    }
}

/// Finds a path in a view; `None` is the root. What is not there as it is written may be written as reports and the view
/// show it, escaped.
///
/// # Errors
/// [`Error::NoSuchPath`], which says in which layers the path is otherwise; [`Error::WrongType`] for a
/// circle of links, and for a file with a slash behind it.
pub(crate) fn find(
    analysis: &Analysis,
    view: View,
    raw: &OsStr,
    last: Last,
) -> Result<Option<Listed>> {
    match (
        find_as_is(analysis, view, raw.as_bytes(), last),
        undisplay(raw.as_bytes()),
    ) {
        (Err(error @ Error::NoSuchPath { .. }), Some(raw)) => {
            find_as_is(analysis, view, &raw, last).map_err(|_| error)
        }
        (found, _) => found,
    }
}

fn find_as_is(analysis: &Analysis, view: View, raw: &[u8], last: Last) -> Result<Option<Listed>> {
    let tree = &analysis.tree;
    let path = match view {
        View::Union(layer) => resolve(tree, layer, raw, last)?,
        // A layer alone seldom holds the directories that links lead through.
        View::Layer(_) => {
            let mut path = Vec::new();
            normalise(raw, &mut path);
            path
        }
    };
    let Some(place) = ImagePath::new(&path).filter(|place| !place.is_root()) else {
        return Ok(None);
    };
    match view.get(tree, place) {
        Some(listed) if is_file(listed.kind) && asks_for_directory(raw) => Err(Error::WrongType {
            path: display_absolute(&path),
            kind: "file, no directory",
            advice: "leave out the slash behind it".into(),
        }),
        Some(listed) => Ok(Some(listed)),
        None => Err(Error::NoSuchPath {
            path: display_absolute(&path),
            view: name(analysis, view),
            elsewhere: elsewhere(tree, place),
        }),
    }
}

const fn is_file(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::File | EntryKind::Hardlink)
}

const fn asks_for_directory(raw: &[u8]) -> bool {
    matches!(raw, [.., b'/'] | [.., b'/', b'.'])
}

fn name(analysis: &Analysis, view: View) -> String {
    match view {
        View::Union(layer) if layer == analysis.tree.top() => "the merged view".into(),
        View::Union(layer) => format!("the view as of layer {layer}"),
        View::Layer(layer) => format!("layer {layer}"),
    }
}

/// Walks a path component by component. Where a component is missing, the rest is appended as it stands.
fn resolve(tree: &MergedTree, layer: LayerIndex, raw: &[u8], last: Last) -> Result<Vec<u8>> {
    let mut open: Vec<Vec<u8>> = components(raw);
    let mut path: Vec<u8> = Vec::new();
    let mut links = 0;
    while let Some(component) = open.pop() {
        match component.as_slice() {
            b"" | b"." => continue,
            b".." => {
                path.truncate(memchr::memrchr(b'/', &path).unwrap_or(0));
                continue;
            }
            name => {
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(name);
            }
        }
        let is_last = open.iter().all(Vec::is_empty);
        let Some(target) = link(tree, layer, &path).filter(|_| !is_last || last == Last::Follow)
        else {
            continue;
        };
        links += 1;
        if links > MOST_LINKS {
            return Err(Error::WrongType {
                path: display_absolute(&path),
                kind: "circle of symbolic links",
                advice: "look at the links with `layerscope ls`".into(),
            });
        }
        let parent = memchr::memrchr(b'/', &path).unwrap_or(0);
        path.truncate(if target.starts_with(b"/") { 0 } else { parent });
        open.extend(components(target));
    }
    Ok(path)
}

/// Returns the components, first to be popped last.
fn components(path: &[u8]) -> Vec<Vec<u8>> {
    path.split(|&byte| byte == b'/')
        .rev()
        .map(<[u8]>::to_vec)
        .collect()
}

fn link<'a>(tree: &'a MergedTree, layer: LayerIndex, path: &[u8]) -> Option<&'a [u8]> {
    let found = tree.find(ImagePath::new(path)?)?;
    let version = tree.at(found, layer)?;
    let nodes = tree.layer(version.layer);
    if nodes.kind(version.node) == EntryKind::Symlink {
        nodes.link(version.node)
    } else {
        None
    }
}

/// Returns which layers have to do with a path that a view does not show, and how to see it.
fn elsewhere(tree: &MergedTree, path: ImagePath<'_>) -> Option<String> {
    let found = tree.find(path)?;
    let mut stored = None;
    let deeds: Vec<String> = tree
        .versions(found)
        .iter()
        .filter_map(|version| {
            let deed = match version.change {
                Change::Removed => "deletes it",
                Change::Hidden => "hides it",
                Change::Dangling => return None,
                Change::Added
                | Change::Modified
                | Change::Touched
                | Change::Repeated
                | Change::Unchanged => {
                    stored = Some(version.layer);
                    "stores it"
                }
            };
            Some(format!("layer {} {deed}", version.layer))
        })
        .collect();
    let advice = stored.map_or(String::new(), |layer| {
        format!("; look with --layer {layer}")
    });
    Some(format!("{}{advice}", deeds.join(", "))).filter(|_| !deeds.is_empty())
}

/// Finds where a listing starts: a row, the root, or in a layer alone a directory that it only passes through.
///
/// # Errors
/// As [`find`].
pub(crate) fn start(analysis: &Analysis, view: View, raw: &OsStr) -> Result<PathId> {
    let tree = &analysis.tree;
    if let View::Layer(layer) = view {
        let mut path = Vec::new();
        normalise(raw.as_bytes(), &mut path);
        let passed = ImagePath::new(&path).and_then(|path| tree.find(path));
        let is_in_layer =
            |version: &Version| version.layer == layer && version.change != Change::Hidden;
        if let Some(found) = passed.filter(|&found| tree.versions(found).iter().any(is_in_layer)) {
            return Ok(found);
        }
    }
    // A slash behind a link asks for what it leads to.
    let last = if asks_for_directory(raw.as_bytes()) {
        Last::Follow
    } else {
        Last::Keep
    };
    Ok(find(analysis, view, raw, last)?.map_or(PathId::ROOT, |row| row.id))
}
