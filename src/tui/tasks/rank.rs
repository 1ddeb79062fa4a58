//! Ranks paths by a fuzzy pattern: the letters in their order, words and names preferred.
//!
//! Patterns are those of `fzf`: words all of which have to match, `'exact`, `^start`, `end$`, `!not`. Letters match
//! in either case unless an upper-case one was typed. What is matched is the path as a person reads it, absolute
//! and escaped.

mod letters;

use std::cmp::Reverse;

use crate::browse::FlatView;
use crate::error::Result;
use crate::layer::EntryKind;
use crate::path::display;
use crate::progress::Job;
use crate::tree::{Change, MergedTree, PathId};
use crate::tui::results::{Ranking, Sought};
use crate::tui::scorer::{self, Scorer};
use crate::tui::subject::Subject;

use letters::Letters;

/// After this many paths the job is asked whether it goes on.
const STRIDE: u32 = 512;

/// Ranks every path that is sought.
///
/// Cost is linear in the length of all paths, most of which are left out after a look at their letters, and that of
/// sorting those that match. None of them is cut off: whoever sorts them otherwise finds the largest among all.
///
/// # Errors
/// [`crate::error::Error::Interrupted`] soon after the job was cancelled.
pub fn run(subject: &Subject, pattern: &str, sought: Sought, job: &Job) -> Result<Ranking> {
    let mut walk = RankWalk {
        tree: subject.tree(),
        sought,
        needed: Letters::needed(&scorer::parse(pattern)),
        scorer: Scorer::new(pattern),
        found: Vec::new(),
        looked_at: 0,
        text: String::new(),
    };
    walk.run(job)?;
    walk.found.sort_unstable();
    Ok(Ranking {
        pattern: pattern.to_owned(),
        sought,
        looked_at: walk.looked_at,
        paths: walk.found.iter().map(|found| found.path).collect(),
    })
}

/// One walk over the tree, parents first, siblings by name.
struct RankWalk<'a> {
    tree: &'a MergedTree,
    sought: Sought,
    needed: Letters,
    scorer: Scorer,
    /// What matches, in the order of the walk.
    found: Vec<Candidate>,
    looked_at: u32,
    /// The path of the step, put together on the way down.
    text: String,
}

/// A path that matches, the best first: a higher score, then a shorter path, then the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    score: Reverse<u32>,
    /// Length of the path in bytes.
    length: u32,
    /// Place among all paths.
    order: u32,
    path: PathId,
}

/// One path left to look at.
struct PendingPath {
    path: PathId,
    /// Length of the text of the directory it is in.
    prefix: usize,
    /// Letters of that text.
    letters: Letters,
}

impl RankWalk<'_> {
    fn run(&mut self, job: &Job) -> Result<()> {
        let mut steps = Vec::new();
        self.push_children(PathId::ROOT, Letters::default(), &mut steps);
        let mut order = 0;
        while let Some(step) = steps.pop() {
            if order % STRIDE == 0 {
                job.check()?;
            }
            order += 1;
            self.text.truncate(step.prefix);
            self.text.push('/');
            let name = display(self.tree.name(step.path));
            self.text.push_str(&name);
            let letters = step.letters.with(&name);
            self.look_at(step.path, letters, order);
            self.push_children(step.path, letters, &mut steps);
        }
        job.check()
    }

    fn push_children(&self, path: PathId, letters: Letters, steps: &mut Vec<PendingPath>) {
        let children = self.tree.children(path).rev().map(PathId);
        steps.extend(children.map(|path| PendingPath {
            path,
            prefix: self.text.len(),
            letters,
        }));
    }

    fn look_at(&mut self, path: PathId, letters: Letters, order: u32) {
        if !self.sought.includes(self.tree, path) {
            return;
        }
        self.looked_at += 1;
        if !letters.contain(self.needed) {
            return;
        }
        if let Some(score) = self.scorer.score(&self.text) {
            self.found.push(Candidate {
                score: Reverse(score),
                length: u32::try_from(self.text.len()).unwrap_or(u32::MAX),
                order,
                path,
            });
        }
    }
}

impl Sought {
    /// Returns whether a path is among what is sought.
    fn includes(self, tree: &MergedTree, path: PathId) -> bool {
        let kind = |layer, node| tree.layer(layer).kind(node);
        match self {
            Self::Everything => true,
            Self::Files(FlatView::Merged) => tree
                .at(path, tree.top())
                .is_some_and(|version| kind(version.layer, version.node) != EntryKind::Dir),
            Self::Files(FlatView::Versions) => tree.versions(path).iter().any(|version| {
                version.change != Change::Hidden
                    && !matches!(
                        kind(version.layer, version.node),
                        EntryKind::Dir | EntryKind::Whiteout
                    )
            }),
        }
    }
}
