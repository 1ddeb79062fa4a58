//! What to write instead: from who stored bytes, who made them useless and where, to an edit of the Dockerfile.
//!
//! Following it keeps the build working and leaves the image as it is, or there is no advice. So every rule asks
//! the history what ran in between, the scripts which paths they name, and the layers what they hold; what a
//! recogniser does not understand for certain, it says nothing about. An instruction is rewritten only where its
//! text proves what it was: the shell form, written down as it was, of a builder of Dockerfiles. What builders do
//! not record (`COPY --from`, `RUN --mount`) is not rewritten and stays. Nothing here is escaped; the texts are as
//! hostile as the image.

mod accounts;
mod caches;
mod case;
mod copies;
mod edits;
mod mounts;
mod moves;
mod operands;
mod ownership;
mod runs;
mod script;
mod stored;

use super::waste_groups::Group;
use super::{Analysis, WasteCause};
use case::Case;

/// What to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Advice {
    /// Stable name of the rule that found it.
    pub rule: &'static str,
    /// What to do, in a few words; may hold unescaped text from the image.
    pub goal: String,
    /// The instructions it is about as the history has them; empty where they are not rewritten. Unescaped.
    pub before: Vec<String>,
    /// The same as they should be. Unescaped.
    pub after: Vec<String>,
    /// What following it does to the layers.
    pub effect: Effect,
}

/// What following some advice does to what a group of waste is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Effect {
    /// Nothing: this build cannot change it.
    #[default]
    None,
    /// The creator does not store it.
    Spared,
    /// Creator and destroyer are one layer, with all between.
    Joined,
    /// The creator stores what the destroyer has, which stores nothing of it.
    Finished {
        /// Where the group is, relative to the root; paths begin with it.
        from: Vec<u8>,
        /// Where the destroyer has it instead; usually the same.
        to: Vec<u8>,
    },
}

impl Effect {
    /// The creator stores it at once as the destroyer leaves it, at its place.
    const fn finished() -> Self {
        Self::Finished {
            from: Vec::new(),
            to: Vec::new(),
        }
    }
}

impl Advice {
    fn new(rule: &'static str, goal: impl Into<String>) -> Self {
        Self {
            rule,
            goal: goal.into(),
            effect: Effect::Spared,
            ..Self::default()
        }
    }

    fn with(self, effect: Effect) -> Self {
        Self { effect, ..self }
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
const RECOGNISERS: [Recogniser; 11] = [
    base,
    trigger,
    within_layer,
    accounts::recognise,
    caches::recognise,
    mounts::recognise,
    moves::recognise,
    ownership::recognise,
    edits::recognise,
    copies::recognise,
    runs::recognise,
];

/// Returns what would keep a group of waste out of the image; `None` where nothing is certain.
///
/// Cost is linear in the image's waste and in the two layers in the worst case, usually much less.
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
    Some(Advice::new("base-image", goal).with(Effect::None))
}

/// The Dockerfile of a base image says what is done in this build.
fn trigger(case: &Case<'_>) -> Option<Advice> {
    let goal = "an ONBUILD of the base image does it: change it there";
    let is_trigger = case.creator.is_trigger() || case.destroyer.is_trigger();
    is_trigger.then(|| Advice::new("trigger", goal).with(Effect::None))
}

/// The same path twice in one archive.
fn within_layer(case: &Case<'_>) -> Option<Advice> {
    let goal = "the layer holds it twice, and the last counts: leave the first out";
    (case.group.cause == WasteCause::ShadowedInLayer).then(|| Advice::new("stored-twice", goal))
}
