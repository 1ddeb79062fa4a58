//! A pattern with slashes, directory by directory: which paths it leads to is worked out from the root down, so
//! that no path is ever put together.

use super::name_pattern::{Anchor, NamePattern};
use super::names::{Letters, Names};
use super::search_error::{MOST_STEPS, SearchError};
use super::{PathSet, Projection};
use crate::tree::{MergedTree, PathId};

/// What the components of a path have to be like, from the root down.
#[derive(Debug)]
pub(super) struct PathPattern {
    steps: Vec<Segment>,
    ending: Ending,
}

/// What stands for one directory of a path, or several.
#[derive(Debug)]
enum Segment {
    /// Any number of directories, none too.
    Any,
    One(NamePattern),
}

/// What may stand at the end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Anything,
    Directory,
}

impl PathPattern {
    /// Makes steps of a part of a path.
    pub(super) fn of_text(text: &str, letters: Letters) -> Result<Self, SearchError> {
        let (text, ending) = ending(text);
        let parts: Vec<&str> = text.split('/').collect();
        let mut steps = vec![Segment::Any];
        for (at, part) in parts.iter().enumerate() {
            let is_last = at + 1 == parts.len();
            // The text may begin within a name and end within one; a slash is where a name ends.
            let place = match (at == 0, is_last && ending == Ending::Anything) {
                (true, true) => Anchor::Anywhere,
                (true, false) => Anchor::End,
                (false, true) => Anchor::Start,
                (false, false) => Anchor::Whole,
            };
            // In front of the first slash may be anything, the root too.
            if at > 0 || is_last || !part.is_empty() {
                steps.push(Segment::One(NamePattern::text(part, place, letters)));
            }
        }
        Self::new(steps, ending)
    }

    /// Makes steps of a glob with slashes.
    pub(super) fn of_glob(text: &str, letters: Letters) -> Result<Self, SearchError> {
        let (text, ending) = ending(text);
        let mut steps = Vec::new();
        let from_root = text.strip_prefix('/');
        if from_root.is_none() {
            steps.push(Segment::Any);
        }
        let text = from_root.unwrap_or(text);
        for part in text.split('/') {
            steps.push(match part {
                "**" => Segment::Any,
                "" => Segment::One(NamePattern::text("", Anchor::Whole, letters)),
                part => Segment::One(NamePattern::glob(part, letters)?),
            });
        }
        // Everything below a directory is not the directory itself.
        if matches!(steps.last(), Some(Segment::Any)) {
            steps.push(Segment::One(NamePattern::Anything));
        }
        Self::new(steps, ending)
    }

    fn new(steps: Vec<Segment>, ending: Ending) -> Result<Self, SearchError> {
        if steps.len() > MOST_STEPS {
            return Err(SearchError::TooLong);
        }
        Ok(Self { steps, ending })
    }

    /// Returns whether a path the steps lead to is of the kind that is looked for.
    pub(super) fn may_end(&self, projection: &Projection, path: PathId) -> bool {
        self.ending == Ending::Anything || projection.is_directory(path)
    }

    /// Calls `hit` for every path but the root that the steps lead to, parents first.
    pub(super) fn each(&self, tree: &MergedTree, names: &Names, hit: &mut dyn FnMut(u32)) {
        let steps = &self.steps;
        let mut tests: Vec<Lazy<'_>> = steps.iter().map(Lazy::new).collect();
        let done = 1u64 << steps.len();
        let skipping = skipping(steps);
        // Bit i: the path can be what the first i steps lead to.
        let mut reached = vec![0u64; tree.len()];
        reached[PathId::ROOT.as_usize()] = skip(1, skipping);
        for path in tree.paths().skip(1) {
            let above = reached[tree.parent(path).as_usize()];
            let mut here = above & skipping;
            let mut left = above & !skipping & !done;
            while left != 0 {
                let at = left.trailing_zeros();
                left &= left - 1;
                if tests[at as usize].passes(names, path) {
                    here |= 1 << (at + 1);
                }
            }
            let here = skip(here, skipping);
            reached[path.as_usize()] = here;
            if here & done != 0 {
                hit(path.0);
            }
        }
    }
}

fn ending(text: &str) -> (&str, Ending) {
    match text.strip_suffix('/') {
        Some(rest) => (rest, Ending::Directory),
        None => (text, Ending::Anything),
    }
}

/// Most names a step is tried on one by one before all are gone through.
const MOST_ONE_BY_ONE: usize = 10_000;

/// A step that is tried on a few names, or on all names at once, whichever is less work.
struct Lazy<'a> {
    step: &'a Segment,
    tried: usize,
    passing: Option<PathSet>,
}

impl<'a> Lazy<'a> {
    const fn new(step: &'a Segment) -> Self {
        Self {
            step,
            tried: 0,
            passing: None,
        }
    }

    fn passes(&mut self, names: &Names, path: PathId) -> bool {
        let test = match self.step {
            Segment::Any | Segment::One(NamePattern::Anything) => return true,
            Segment::One(test) => test,
        };
        if let Some(passing) = &self.passing {
            return passing.contains(path);
        }
        self.tried += 1;
        if self.tried < MOST_ONE_BY_ONE {
            return test.passes(names, path.0);
        }
        let mut passing = PathSet::with_room(names.len());
        test.each(names, &mut |path| {
            passing.insert(PathId(path));
        });
        self.passing.insert(passing).contains(path)
    }
}

/// Returns the bits of steps that stand for any number of directories.
fn skipping(steps: &[Segment]) -> u64 {
    let bits = steps.iter().enumerate();
    bits.fold(0, |bits, (at, step)| match step {
        Segment::Any => bits | 1 << at,
        Segment::One(_) => bits,
    })
}

/// Lets steps stand for no directory where they can.
fn skip(reached: u64, skipping: u64) -> u64 {
    let mut reached = reached;
    loop {
        let further = reached | (reached & skipping) << 1;
        if further == reached {
            return reached;
        }
        reached = further;
    }
}
