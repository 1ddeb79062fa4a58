//! Stores for `ncdu -f`: a tree by purpose, with the files of shared layers under everything that has them, as hard
//! links, so that ncdu tells shared from unique.
//!
//! Directories cannot be hard links: their own blocks are counted where they come first. Together that makes
//! what `du` says about the store.

mod plan;
mod walk;

use std::io::{self, Write};

use super::{ReportedStore, StoreReport};
use crate::report::ncdu::{Entry, Nesting};
use plan::{Plan, Step};
use walk::Walk;

/// Writes all stores as one tree, walking their files while it does.
///
/// # Errors
/// Those of `output`, and [`io::ErrorKind::Interrupted`].
pub(in crate::report) fn write(report: &StoreReport<'_>, output: &mut dyn Write) -> io::Result<()> {
    let mut output = io::BufWriter::new(output);
    let mut nesting = Nesting::begin(&mut output)?;
    let stores: Vec<ReportedStore<'_>> = report.stores().collect();
    let plans: Vec<Plan> = stores.iter().map(|one| Plan::of(one.store)).collect();
    let mut walk = Walk::new(&stores, &plans, report.job);
    let device = walk.device();
    nesting.enter(&Entry {
        device,
        ..Entry::named(report.inventory.name.as_bytes())
    })?;
    for (one, plan) in stores.iter().zip(&plans) {
        if stores.len() > 1 {
            let name = format!("{} {}", one.store.engine.as_str(), one.store.driver);
            nesting.enter(&Entry::named(name.as_bytes()))?;
        }
        for step in &plan.steps {
            match step {
                Step::Enter(name) => nesting.enter(&Entry::named(name.as_bytes()))?,
                Step::Leave => nesting.leave()?,
                Step::Piece(id) => {
                    if let Some(piece) = one.store.pieces.get(id.as_usize()) {
                        walk.write(piece, &mut nesting)?;
                    }
                }
            }
        }
        if stores.len() > 1 {
            nesting.leave()?;
        }
    }
    nesting.leave()?;
    nesting.end()?;
    output.flush()
}
