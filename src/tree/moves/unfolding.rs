//! Making one layer's tree anew, with what its moved directories have below.

use super::shown::{Directory, StackedNode, Standing, Union};
use super::{Budget, Lost};
use crate::error::{Result, Warning, WarningCode};
use crate::layer::{Completeness, Entry, EntryKind, EntrySink as _, LayerIndex, Meta, Placement};
use crate::limits;
use crate::path::{self, ImagePath};
use crate::tree::file_tree::flag;
use crate::tree::{FileTree, NodeId, TreeBuilder};

/// A walk over the layer's own names and those below its moved directories.
pub(super) struct Unfolding<'l> {
    lower: Union<'l>,
    own: &'l FileTree,
    budget: &'l mut Budget,
    builder: TreeBuilder,
    frames: Vec<Frame<'l>>,
    first_lost: Vec<(Vec<u8>, Vec<u8>)>,
    lost: usize,
    added: u64,
    completeness: Completeness,
    is_told: bool,
}

/// A directory whose names are not all visited.
struct Frame<'l> {
    path: Vec<u8>,
    /// Where the lower layers have it, if it was moved or is in one that was.
    below: Option<Vec<u8>>,
    /// The next one last.
    left: Vec<Child<'l>>,
}

/// One name in a directory.
struct Child<'l> {
    name: &'l [u8],
    own: Option<NodeId>,
    below: Option<Standing>,
}

/// A directory of the lower layers, and its path there.
type Below = (Vec<u8>, Directory);

impl<'l> Unfolding<'l> {
    pub(super) fn new(lower: Union<'l>, own: &'l FileTree, budget: &'l mut Budget) -> Self {
        Self {
            lower,
            own,
            budget,
            builder: TreeBuilder::new(format!("layer {}", lower.layers.len())),
            frames: Vec::new(),
            first_lost: Vec::new(),
            lost: 0,
            added: 0,
            completeness: own.completeness,
            is_told: false,
        }
    }

    /// Walks over everything.
    pub(super) fn run(&mut self) {
        if let Err(error) = self.walk() {
            self.note_limit(&error.to_string());
        }
    }

    /// Returns the tree, and what was moved from nowhere.
    pub(super) fn finish(self, layer: LayerIndex) -> (FileTree, Option<Lost>) {
        let mut tree = self.builder.freeze(self.completeness);
        tree.entries = self.own.entries;
        let own = self.own.warnings.iter().cloned();
        tree.warnings.splice(0..0, own);
        let lost = Lost {
            layer,
            first: self.first_lost,
            count: self.lost,
        };
        (tree, Some(lost).filter(|lost| lost.count > 0))
    }

    fn walk(&mut self) -> Result<()> {
        self.send_own(NodeId::ROOT, ImagePath::ROOT)?;
        self.enter(Vec::new(), Some(NodeId::ROOT), None);
        while let Some(frame) = self.frames.last_mut() {
            let Some(next) = frame.left.pop() else {
                self.frames.pop();
                continue;
            };
            let path = joined(&frame.path, next.name);
            let below = frame.below.as_ref();
            let below = below.map(|below| joined(below, next.name));
            if self.is_refused(&path) {
                continue;
            }
            let Some(place) = ImagePath::new(&path) else {
                continue;
            };
            match next.own {
                Some(node) => self.own(node, place, below.zip(next.below))?,
                None => {
                    if let Some((below, standing)) = below.zip(next.below) {
                        self.add(standing, place, below)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Lists a directory: the layer's own names and those of the lower layers.
    fn enter(&mut self, path: Vec<u8>, own: Option<NodeId>, below: Option<Below>) {
        let own_names = own.map(|own| self.own.children(own)).unwrap_or_default();
        let mut left: Vec<Child<'l>> = own_names
            .map(NodeId)
            .map(|node| Child {
                name: self.own.name(node),
                own: Some(node),
                below: None,
            })
            .collect();
        let below = below.map(|(place, directory)| {
            let first_of_lower = left.len();
            for (name, standing) in self.lower.children(&directory) {
                let known = left[..first_of_lower].binary_search_by(|own| own.name.cmp(name));
                match known {
                    Ok(at) => left[at].below = Some(standing),
                    Err(_) => left.push(Child {
                        name,
                        own: None,
                        below: Some(standing),
                    }),
                }
            }
            place
        });
        left.reverse();
        self.frames.push(Frame { path, below, left });
    }

    /// Sends an entry of the layer itself.
    fn own(
        &mut self,
        node: NodeId,
        path: ImagePath<'_>,
        below: Option<(Vec<u8>, Standing)>,
    ) -> Result<()> {
        let is_moved = self
            .frames
            .last()
            .is_some_and(|frame| frame.below.is_some());
        match self.own.kind(node) {
            // Has done what it is there for: what it removes is not added.
            EntryKind::Whiteout if is_moved => Ok(()),
            EntryKind::Dir => self.own_directory(node, path, below),
            _ => self.send_own(node, path),
        }
    }

    fn own_directory(
        &mut self,
        node: NodeId,
        path: ImagePath<'_>,
        below: Option<(Vec<u8>, Standing)>,
    ) -> Result<()> {
        let is_opaque = self.own.is_opaque(node);
        let moved = self.own.moved_from(node).filter(|_| !is_opaque);
        let below = match (moved, below) {
            (Some(from), _) => self.directory_at(from, path),
            (None, Some((place, Standing::Directory(directory)))) if !is_opaque => {
                Some((place, directory))
            }
            _ => None,
        };
        if self.own.is_implied(node)
            && let Some((_, directory)) = &below
        {
            self.add_directory(directory, path)?;
        }
        self.send_own(node, path)?;
        if moved.is_some() && self.hides_other(path) {
            self.send_marker(path, Marker::Opaque)?;
        }
        self.enter(path.as_bytes().to_vec(), Some(node), below);
        Ok(())
    }

    /// Returns whether the lower layers have another directory where this one was moved to.
    fn hides_other(&mut self, path: ImagePath<'_>) -> bool {
        self.is_exhausted() || matches!(self.lower.find(path), Some(Standing::Directory(_)))
    }

    fn directory_at(&mut self, from: &[u8], path: ImagePath<'_>) -> Option<Below> {
        if self.is_exhausted() {
            return None;
        }
        let standing = ImagePath::new(from).and_then(|from| self.lower.find(from));
        if let Some(Standing::Directory(directory)) = standing {
            return Some((from.to_vec(), directory));
        }
        self.lost += 1;
        if self.lost <= limits::WARNINGS_PER_KIND {
            let lost = (path.as_bytes().to_vec(), from.to_vec());
            self.first_lost.push(lost);
        }
        None
    }

    /// Sends an entry of the layer as the scan sent it.
    fn send_own(&mut self, node: NodeId, path: ImagePath<'_>) -> Result<()> {
        let own = self.own;
        let raw = own.node(node);
        if raw.has(flag::WHITED_OUT) {
            self.send_marker(path, Marker::Whiteout)?;
        }
        let Some(mut meta) = own.meta(node) else {
            if raw.has(flag::OPAQUE) {
                self.send_marker(path, Marker::Opaque)?;
            }
            return Ok(());
        };
        if own.has_own_metadata(node) {
            meta.kind = EntryKind::File;
        }
        self.builder.entry(Entry {
            path,
            link: own.link(node),
            meta,
            xattrs: own.xattrs(node),
            content: own.content(node),
            offset: own.offset(node),
            data: None,
            placement: Placement::Shown,
        })
    }

    fn send_marker(&mut self, path: ImagePath<'_>, marker: Marker) -> Result<()> {
        self.builder.entry(Entry {
            path,
            link: None,
            meta: Meta {
                kind: EntryKind::Whiteout,
                opaque: marker == Marker::Opaque,
                ..NOTHING
            },
            xattrs: &[],
            content: None,
            offset: 0,
            data: None,
            placement: Placement::Shown,
        })
    }

    /// Adds what the lower layers alone have.
    fn add(&mut self, standing: Standing, path: ImagePath<'_>, below: Vec<u8>) -> Result<()> {
        let spent = path.name().len() + below.len();
        if self.budget.spend(spent).is_none() {
            self.budget.entries = 0;
        }
        if self.is_exhausted() {
            return Ok(());
        }
        match standing {
            Standing::Directory(directory) => {
                self.add_directory(&directory, path)?;
                self.enter(path.as_bytes().to_vec(), None, Some((below, directory)));
                Ok(())
            }
            Standing::Other(place) => self.add_other(place, path, &below),
        }
    }

    fn add_directory(&mut self, directory: &Directory, path: ImagePath<'_>) -> Result<()> {
        match directory.listed {
            Some(place) => self.add_entry(place, path, None),
            // There, and nobody knows its owner.
            None => self.send_marker(path, Marker::Opaque),
        }
    }

    fn add_other(&mut self, place: StackedNode, path: ImagePath<'_>, below: &[u8]) -> Result<()> {
        let is_file = |(layer, node): StackedNode| self.lower.layers[layer].kind(node).is_file();
        let (layer, node) = self.lower.metadata(place);
        let link = if is_file(place) && is_file((layer, node)) {
            Some(below)
        } else {
            self.lower.layers[layer].link(node)
        };
        self.add_entry((layer, node), path, link)
    }

    /// Adds an entry with the metadata of one of the lower layers; a file is a name of what is below at `link`.
    fn add_entry(
        &mut self,
        place: StackedNode,
        path: ImagePath<'_>,
        link: Option<&[u8]>,
    ) -> Result<()> {
        let (layer, node) = place;
        let tree = &self.lower.layers[layer];
        let meta = tree.meta(node).unwrap_or(NOTHING);
        let kind = match meta.kind {
            EntryKind::Hardlink => EntryKind::File,
            other => other,
        };
        self.added += 1;
        self.builder.entry(Entry {
            path,
            link,
            meta: Meta {
                size: 0,
                opaque: false,
                kind,
                ..meta
            },
            xattrs: tree.xattrs(node),
            content: None,
            offset: self.own.entries.saturating_add(self.added),
            data: None,
            placement: Placement::Shown,
        })
    }

    /// Returns whether nothing more can be added, and says so once.
    fn is_exhausted(&mut self) -> bool {
        // What the layer itself still has needs room in the tree.
        let room = u64::from(limits::LAYER_ENTRIES).saturating_sub(self.own.len() as u64 + 1);
        let is_exhausted = self.budget.entries == 0
            || self.added >= room
            || self.lower.lookups.get() > self.budget.lookups;
        if is_exhausted && !self.is_told {
            self.is_told = true;
            self.note_limit("too much is in directories that were moved; some of it is left out");
        }
        is_exhausted
    }

    fn is_refused(&mut self, path: &[u8]) -> bool {
        let is_refused = path.len() > limits::PATH_BYTES || self.frames.len() > limits::PATH_DEPTH;
        if is_refused {
            let start = path::display_absolute(&path[..path.len().min(60)]);
            self.note_limit(&format!(
                "a path in a directory that was moved is too long and is left out: {start}…"
            ));
        }
        is_refused
    }

    fn note_limit(&mut self, message: &str) {
        self.completeness = Completeness::Partial;
        let warning = Warning::new(WarningCode::LimitReached, message);
        self.builder.warn(warning);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    Whiteout,
    Opaque,
}

/// Of a directory that no entry lists.
const NOTHING: Meta = Meta {
    size: 0,
    mtime: 0,
    mtime_nanos: 0,
    uid: 0,
    gid: 0,
    mode: 0,
    kind: EntryKind::Dir,
    opaque: false,
    device: (0, 0),
};

fn joined(directory: &[u8], name: &[u8]) -> Vec<u8> {
    match directory {
        b"" => name.to_vec(),
        _ => [directory, name].join(&b'/'),
    }
}
