//! What a row of the list says about its file.

use crate::analysis::WasteCause;
use crate::browse::{Counted, FlatFile, Mark};
use crate::layer::{EntryKind, LayerIndex, Meta};
use crate::text::Look;
use crate::tree::{Change, MergedTree, PathId, Version};
use crate::tui::panes::about;
use crate::tui::subject::Subject;

/// What became of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The merged view shows it.
    Live,
    /// Its bytes are stored for nothing.
    Wasted {
        /// Why it is useless.
        cause: WasteCause,
        /// The layer that made it useless.
        by: LayerIndex,
    },
    /// It is not shown any more, and that wastes nothing: it has no bytes, or another name has them.
    Gone {
        /// The layer that ended it.
        by: LayerIndex,
    },
}

impl Fate {
    /// Returns what became of the version in a few words, with the layer that did it.
    pub fn words(self) -> String {
        match self {
            Self::Live => "live".into(),
            Self::Wasted {
                cause: WasteCause::ShadowedInLayer,
                ..
            } => "stored twice".into(),
            Self::Wasted { cause, by } => format!("{} by L{by}", cause.as_str()),
            Self::Gone { by } => format!("gone since L{by}"),
        }
    }
}

/// A file, looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRow {
    /// The file.
    pub file: FlatFile,
    /// What the layer did to the path.
    pub mark: Mark,
    /// Type; `None` where an ancestor ended it.
    pub kind: Option<EntryKind>,
    /// What the entry says.
    pub meta: Option<Meta>,
    /// What became of it.
    pub fate: Fate,
}

impl FileRow {
    /// Looks a file up. Cost is the logarithm of the waste.
    pub fn of(subject: &Subject, file: FlatFile) -> Self {
        let tree = subject.tree();
        let version = version(tree, file.path, file.layer);
        let entry = version.filter(|version| version.change != Change::Hidden);
        let meta = entry.and_then(|version| {
            let own = (version.layer, version.node);
            let (layer, node) = tree.inode(own.0, own.1).unwrap_or(own);
            tree.layer(layer).meta(node)
        });
        Self {
            file,
            mark: version.map_or(Mark::Unchanged, mark),
            kind: entry.map(|version| tree.layer(version.layer).kind(version.node)),
            meta,
            fate: fate(subject, file),
        }
    }

    /// Returns whether the file is a directory.
    pub fn is_directory(&self) -> bool {
        self.kind == Some(EntryKind::Dir)
    }

    /// Returns what is known about the file, the most important first, escaped.
    pub fn facts(&self, subject: &Subject, look: Look) -> Vec<String> {
        let mut facts = Vec::new();
        if self.has_data() {
            let size = look.units.size(self.file.bytes);
            let link = match self.file.counted {
                Counted::Here => "",
                Counted::Elsewhere => ", counted at another name",
            };
            facts.push(format!("{size}{link}"));
        }
        let layer = self.file.layer;
        facts.push(match self.fate {
            Fate::Live => format!("L{layer}"),
            fate => format!("L{layer}  {}", fate.words()),
        });
        if let Some(meta) = self.meta.filter(|_| self.kind != Some(EntryKind::Whiteout)) {
            facts.push(format!("{:04o} {}:{}", meta.mode, meta.uid, meta.gid));
        }
        facts.push(about::layer_title(subject, look, layer));
        facts
    }

    /// Returns whether its bytes are counted in another row.
    pub fn is_elsewhere(&self) -> bool {
        self.file.counted == Counted::Elsewhere
    }

    /// Returns whether data can be read.
    pub fn has_data(&self) -> bool {
        self.kind.is_some_and(EntryKind::is_file)
    }
}

/// Returns what a layer does to a path.
pub fn version(tree: &MergedTree, path: PathId, layer: LayerIndex) -> Option<Version> {
    let versions = tree.versions(path).iter().copied();
    versions.into_iter().find(|version| version.layer == layer)
}

/// Returns the path as a row shows it: absolute, escaped, directories with a slash behind.
pub fn shown_path(tree: &MergedTree, look: Look, path: PathId, kind: Option<EntryKind>) -> String {
    let slash = if kind == Some(EntryKind::Dir) && path != PathId::ROOT {
        "/"
    } else {
        ""
    };
    format!("/{}{slash}", look.shown(&tree.path(path)))
}

const fn mark(version: Version) -> Mark {
    match version.change {
        Change::Added => Mark::Added,
        Change::Modified => Mark::Modified,
        Change::Touched => Mark::Touched,
        Change::Repeated => Mark::Repeated,
        Change::Removed => Mark::Removed,
        Change::Hidden => Mark::Hidden,
        Change::Unchanged | Change::Dangling => Mark::Unchanged,
    }
}

fn fate(subject: &Subject, file: FlatFile) -> Fate {
    let tree = subject.tree();
    let shown = tree.at(file.path, tree.top());
    if shown.is_some_and(|shown| shown.layer == file.layer) {
        return Fate::Live;
    }
    let all = &subject.analysis.waste.paths;
    // Sorted by path.
    let from = all.partition_point(|wasted| wasted.path < file.path);
    let own = all
        .iter()
        .skip(from)
        .take_while(|wasted| wasted.path == file.path);
    // What the layer itself stored twice is wasted in any case; the version that counted in it comes first.
    let mut own = own.filter(|wasted| wasted.created_in == file.layer);
    let is_between = |cause| cause != WasteCause::ShadowedInLayer;
    let all_own = own.clone();
    let wasted = own.find(|wasted| is_between(wasted.cause));
    match wasted.or_else(|| all_own.last()) {
        Some(wasted) => Fate::Wasted {
            cause: wasted.cause,
            by: wasted.destroyed_in,
        },
        None => Fate::Gone {
            by: ended_by(tree, file),
        },
    }
}

/// Returns the layer of the next version with an effect.
fn ended_by(tree: &MergedTree, file: FlatFile) -> LayerIndex {
    let mut later = tree.versions(file.path).iter();
    let next =
        later.find(|version| version.layer > file.layer && version.change != Change::Dangling);
    next.map_or(file.layer, |version| version.layer)
}
