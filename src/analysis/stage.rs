//! How much of an image an analysis knows: parts of it can be shown before the rest is read.

use std::sync::OnceLock;

use super::{Analysis, layer_figures, totals, waste};
use crate::scan::Compared;

/// How much of the image is known. Every analysis that [`super::run`] returns is [`Stage::Final`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Some layers are not read yet: marks, waste and totals are those of an image without them.
    Partial,
    /// Every layer is read, but files that only reading can tell apart are not compared yet: they count as
    /// different, which may cost them another mark and another cause of waste, never another figure in bytes.
    Provisional,
    /// Nothing will change any more.
    Final,
}

impl Analysis {
    /// Returns the analysis that is final once the files of this one are compared. Paths keep their identity.
    ///
    /// `compared` is what [`crate::scan::compare`] returned for [`Analysis::tree`].
    #[must_use]
    pub fn settled(&self, compared: Compared) -> Self {
        let tree = self.tree.settled(&compared.outcomes);
        let balance = waste::balance(&tree);
        let layers = layer_figures(&tree, &balance, &[]);
        let totals = totals(&self.image, &layers, &balance, self.base.layers);
        let mut warnings = self.warnings.clone();
        warnings.extend(compared.warnings);
        let complete = super::is_complete(&layers, &warnings);
        Self {
            source: self.source.clone(),
            image: self.image.clone(),
            tree,
            layers,
            totals,
            waste: balance.report,
            base: self.base.clone(),
            warnings,
            complete,
            stage: Stage::Final,
            waste_groups: OnceLock::new(),
        }
    }
}
