//! What to write instead: from who stored bytes, who made them useless and where, to an edit of the Dockerfile.
//!
//! A goal is always certain. A line is rewritten only where the text of the instruction proves what it was: the
//! shell form, written down as it was, of a builder of Dockerfiles. Nothing here is escaped; the texts are as
//! hostile as the image.

mod archives;
mod caches;
mod case;
mod deletions;
mod edits;
mod moves;
mod ownership;
mod packages;
mod repeats;
mod script;

use super::groups::Group;
use super::{Analysis, WasteCause};
use case::Case;

/// What to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Advice {
    /// Stable name of the rule that found it.
    pub rule: &'static str,
    /// What to do, in a few words; may hold unescaped text from the image.
    pub goal: String,
    /// The instructions it is about as they are; empty where they are not rewritten. Unescaped.
    pub before: Vec<String>,
    /// The same as they should be. Unescaped.
    pub after: Vec<String>,
}

impl Advice {
    fn new(rule: &'static str, goal: impl Into<String>) -> Self {
        Self {
            rule,
            goal: goal.into(),
            ..Self::default()
        }
    }

    fn rewrite(mut self, before: &[&str], after: impl IntoIterator<Item = String>) -> Self {
        self.before = before.iter().map(|&line| line.to_owned()).collect();
        self.after = after.into_iter().collect();
        self
    }
}

/// Looks at a case and says what to do about it, if it knows.
type Recogniser = fn(&Case<'_>) -> Option<Advice>;

/// The most special first; the first that knows has the word.
const RECOGNISERS: [Recogniser; 10] = [
    base,
    within_layer,
    caches::recognise,
    packages::recognise,
    archives::recognise,
    moves::recognise,
    ownership::recognise,
    edits::recognise,
    repeats::recognise,
    deletions::recognise,
];

/// Returns what would keep a group of waste out of the image; `None` where nothing is known about its layers.
///
/// Cost is linear in the image's waste in the worst case, usually much less.
pub fn advise(analysis: &Analysis, group: &Group) -> Option<Advice> {
    let case = Case::new(analysis, group);
    RECOGNISERS.iter().find_map(|recognise| recognise(&case))
}

/// What came with the base image stays in it, whatever is done above.
fn base(case: &Case<'_>) -> Option<Advice> {
    if case.group.created_in.0 >= case.analysis.base.layers {
        return None;
    }
    let is_copy = matches!(
        case.group.cause,
        WasteCause::MetadataOnly | WasteCause::Identical
    );
    let is_own = case.group.destroyed_in.0 >= case.analysis.base.layers;
    let goal = if case.analysis.base.is_assumed() {
        "needs another base image, if this layer is one: nothing tells"
    } else if is_copy && is_own {
        "cannot be freed without another base; unchanged, it costs once"
    } else {
        "cannot be freed without another base image"
    };
    Some(Advice::new("base-image", goal))
}

/// The same path twice in one archive.
fn within_layer(case: &Case<'_>) -> Option<Advice> {
    let goal = "one instruction brings it twice: leave one of the sources out";
    (case.group.cause == WasteCause::ShadowedInLayer).then(|| Advice::new("stored-twice", goal))
}
