//! Ranks paths by a fuzzy pattern: the letters in their order, words and names preferred.
//!
//! Patterns are those of `fzf`: words all of which have to match, `'exact`, `^start`, `end$`, `!not`. Letters match
//! in either case unless an upper-case one was typed. What is matched is the path as a person reads it, absolute
//! and escaped.

mod best;
mod letters;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::browse::FlatView;
use crate::error::Result;
use crate::layer::EntryKind;
use crate::path::display;
use crate::progress::Job;
use crate::tree::{Change, MergedTree, PathId};
use crate::tui::panes::files::{Ranking, Sought};
use crate::tui::subject::Subject;

use best::{Best, Candidate};
use letters::Letters;

/// Most paths of a ranking; nobody reads further.
pub const MOST_PATHS: usize = 10_000;

/// After this many paths the job is asked whether it goes on.
const STRIDE: u32 = 512;

/// Ranks every path that is sought.
///
/// Cost is linear in the length of all paths, most of which are left out after a look at their letters.
///
/// # Errors
/// [`crate::error::Error::Interrupted`] soon after the job was cancelled.
pub fn run(subject: &Subject, pattern: &str, sought: Sought, job: &Job) -> Result<Ranking> {
    let mut walk = Walk {
        tree: subject.tree(),
        sought,
        needed: Letters::needed(&parse(pattern)),
        scorer: Scorer::new(pattern),
        best: Best::new(MOST_PATHS),
        looked_at: 0,
        text: String::new(),
    };
    walk.run(job)?;
    Ok(Ranking {
        pattern: pattern.to_owned(),
        sought,
        matched: walk.best.offered(),
        looked_at: walk.looked_at,
        paths: walk.best.into_paths(),
    })
}

fn parse(pattern: &str) -> Pattern {
    Pattern::parse(pattern, CaseMatching::Smart, Normalization::Smart)
}

/// Scores texts by one pattern.
#[derive(Debug)]
pub struct Scorer {
    pattern: Pattern,
    matcher: Matcher,
    characters: Vec<char>,
}

impl Scorer {
    /// Makes one of a pattern as typed. Costs an allocation of some hundred kilobytes.
    pub fn new(pattern: &str) -> Self {
        Self {
            pattern: parse(pattern),
            matcher: Matcher::new(Config::DEFAULT.match_paths()),
            characters: Vec::new(),
        }
    }

    fn score(&mut self, text: &str) -> Option<u32> {
        let text = characters(text, &mut self.characters);
        self.pattern.score(text, &mut self.matcher)
    }

    /// Returns which characters of a text the pattern matched, ascending; none where it does not match.
    pub fn hits(&mut self, text: &str) -> Vec<usize> {
        let mut hits = Vec::new();
        let text = characters(text, &mut self.characters);
        self.pattern.indices(text, &mut self.matcher, &mut hits);
        hits.sort_unstable();
        hits.dedup();
        hits.into_iter().map(|hit| hit as usize).collect()
    }
}

/// The matcher's own conversion takes text for ASCII that is not: letters with combining characters behind them.
fn characters<'a>(text: &'a str, buffer: &'a mut Vec<char>) -> Utf32Str<'a> {
    if text.is_ascii() {
        return Utf32Str::Ascii(text.as_bytes());
    }
    buffer.clear();
    buffer.extend(text.chars());
    Utf32Str::Unicode(buffer)
}

/// One walk over the tree, parents first, siblings by name.
struct Walk<'a> {
    tree: &'a MergedTree,
    sought: Sought,
    needed: Letters,
    scorer: Scorer,
    best: Best,
    looked_at: u32,
    /// The path of the step, put together on the way down.
    text: String,
}

/// One path left to look at.
struct Step {
    path: PathId,
    /// Length of the text of the directory it is in.
    prefix: usize,
    /// Letters of that text.
    letters: Letters,
}

impl Walk<'_> {
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

    fn push_children(&self, path: PathId, letters: Letters, steps: &mut Vec<Step>) {
        let children = self.tree.children(path).rev().map(PathId);
        steps.extend(children.map(|path| Step {
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
            self.best.offer(Candidate {
                score,
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
