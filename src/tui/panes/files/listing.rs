//! How the rows come about: the list, what was found of it, and where the cursor was.

use super::FilesPane;
use super::finder::Reach;
use super::order::Field;
use crate::browse::Sorting;
use crate::browse::{Counted, FlatFile, PathSet, flat};
use crate::layer::LayerIndex;
use crate::path::ImagePath;
use crate::tree::{MergedTree, PathId};
use crate::tui::reads::Reads;
use crate::tui::subject::Subject;

impl FilesPane {
    pub(super) fn collect(&mut self, subject: &Subject) {
        self.all = self.view.list(subject.tree(), &subject.weights);
        self.rank(self.sorting, subject);
        self.sorting.sort(&mut self.all, &self.ranks, &[]);
        self.rank(self.sorting_found, subject);
        self.found = self.sift(subject);
    }

    pub(super) fn rank(&mut self, sorting: Sorting<Field>, subject: &Subject) {
        if sorting.needs_ranks() && self.ranks.is_empty() {
            self.ranks = flat::ranks(subject.tree());
        }
    }

    /// Returns what of the list was found; `None` while nothing is looked for.
    pub(super) fn sift(&self, subject: &Subject) -> Option<Vec<FlatFile>> {
        let matches: &[PathId] = match &self.finder.ranking {
            Some(ranking) => &ranking.paths,
            None if self.finder.is_on() || self.finder.reach != Reach::List => &[],
            None => return None,
        };
        let tree = subject.tree();
        let mut found: Vec<FlatFile> = if self.finder.reach == Reach::List {
            let mut set = PathSet::with_room(tree.len());
            for &path in matches {
                set.insert(path);
            }
            let files = self.all.iter().copied();
            files.filter(|file| set.contains(file.path)).collect()
        } else {
            matches
                .iter()
                .map(|&path| last_version(tree, path))
                .collect()
        };
        self.sorting_found.sort(&mut found, &self.ranks, matches);
        Some(found)
    }

    /// Puts the cursor where it was before the list was made anew.
    pub(super) fn find_again(&mut self, tree: &MergedTree, reads: &Reads<'_>) {
        let place = self.wanted.take().and_then(|(path, layer)| {
            let path = tree.find(ImagePath::new(&path)?)?;
            let rows = self.rows();
            let of_path = || {
                rows.iter()
                    .enumerate()
                    .filter(|(_, file)| file.path == path)
            };
            let exact = of_path().find(|(_, file)| file.layer == layer);
            exact.or_else(|| of_path().next()).map(|(at, _)| at)
        });
        self.put_cursor(place.unwrap_or(self.scroll.at), reads);
    }
}

/// Returns the last version of a path that stores something there, else the last.
fn last_version(tree: &MergedTree, path: PathId) -> FlatFile {
    let versions = tree.versions(path);
    let stored = versions.iter().rev().find(|version| version.is_visible());
    let version = stored.or(versions.last());
    let data = stored.and_then(|version| tree.inode(version.layer, version.node));
    FlatFile {
        bytes: data.map_or(0, |(layer, node)| tree.layer(layer).size(node)),
        path,
        layer: version.map_or(LayerIndex(0), |version| version.layer),
        counted: Counted::Here,
    }
}
