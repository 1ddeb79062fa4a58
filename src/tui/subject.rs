//! The image on the screen, with everything that takes too long to work out on a key press.

use crate::analysis::rules::{RuleSet, Verdict, judge};
use crate::analysis::waste_groups::Group;
use crate::analysis::what_if::{Deed, apply};
use crate::analysis::{Analysis, Totals};
use crate::browse::{Names, Weights};
use crate::error::Result;
use crate::tree::MergedTree;

/// An analysis, prepared. Made by the worker, never changed.
#[derive(Debug)]
pub struct Subject {
    /// The facts.
    pub analysis: Analysis,
    /// Data behind each version.
    pub weights: Weights,
    /// Names, for filters.
    pub names: Names,
    /// What the rules say, where there are rules.
    pub verdict: Option<Verdict>,
    /// What it is judged by.
    pub rules: RuleSet,
    /// The image as it is, where this is one as it would be.
    pub as_it_is: Option<Totals>,
}

impl Subject {
    /// Prepares an analysis. Cost is linear in its versions.
    pub fn new(analysis: Analysis, rules: &RuleSet) -> Self {
        let weights = Weights::new(&analysis.tree);
        let names = Names::new(&analysis.tree);
        // Worked out here, where it keeps nobody waiting.
        analysis.waste_groups();
        // Rules that cannot be judged were refused when they were read.
        let verdict = Some(rules)
            .filter(|rules| !rules.is_toothless())
            .and_then(|rules| judge(&analysis, rules, None).ok());
        Self {
            analysis,
            weights,
            names,
            verdict,
            rules: rules.clone(),
            as_it_is: None,
        }
    }

    /// Prepares the image as it would be with some things done otherwise. Cost is that of [`apply`] and of
    /// [`Subject::new`].
    ///
    /// # Errors
    /// As [`apply`].
    pub fn otherwise(&self, deeds: &[Deed]) -> Result<Self> {
        Ok(Self {
            as_it_is: Some(self.analysis.totals),
            ..Self::new(apply(&self.analysis, deeds)?, &self.rules)
        })
    }

    /// Returns the waste as a person would tell it, largest first.
    pub fn waste(&self) -> &[Group] {
        self.analysis.waste_groups()
    }

    /// Returns the union.
    pub const fn tree(&self) -> &MergedTree {
        &self.analysis.tree
    }
}
