//! Comparing every layer with its digest.

use super::Options;
use super::parallel::in_parallel;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::{Image, Layer};
use crate::layer::verified::{Outcome, Verified};
use crate::path::display_absolute;
use crate::progress::Job;

/// Most files named in the warnings of one layer.
const NAMED: usize = 10;

/// What a verification came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verification {
    /// Layers that are what their digest names.
    pub identical: usize,
    /// Layers that have no digest: what a container has written, for example.
    pub unnamed: usize,
    /// Why others could not be compared with theirs, escaped, each reason once, and how many layers it concerns.
    pub unprovable: Vec<(String, usize)>,
    /// What is wrong, and what could not be told.
    pub warnings: Vec<Warning>,
}

/// Reads every layer as a whole and compares it with its diff ID.
///
/// A layer that is another one, or cannot be read, is a warning that makes the answer incomplete; one that has
/// no digest, or that nothing is left of to compare it with, is a warning that does not.
///
/// # Errors
/// [`Error::Interrupted`].
pub fn verify(image: &Image, options: &Options, job: &Job) -> Result<Verification> {
    let layers = &image.layers;
    let states = in_parallel(
        options.readers(layers),
        layers.len(),
        |found: &mut Vec<(usize, Result<Verified>)>, at| {
            found.push((at, check(&layers[at], job)));
        },
    );
    job.check()?;
    let mut found: Vec<_> = states.into_iter().flatten().collect();
    found.sort_by_key(|(at, _)| *at);
    let mut verification = Verification::default();
    for (at, verified) in found {
        let index = layers[at].index.0;
        match verified {
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => {
                let message = format!("it could not be verified: {error}");
                let warning = Warning::new(WarningCode::DamagedLayer, message);
                verification.warnings.push(warning.in_layer(index));
            }
            Ok(verified) if verified.outcome == Outcome::Identical => verification.identical += 1,
            Ok(verified) => {
                if let Outcome::Unprovable(reason) = &verified.outcome {
                    verification.count(reason, &layers[at]);
                }
                verification.warnings.extend(told(&verified, index));
            }
        }
    }
    Ok(verification)
}

impl Verification {
    fn count(&mut self, reason: &str, layer: &Layer) {
        if layer.diff_id.is_none() {
            self.unnamed += 1;
            return;
        }
        let mut known = self.unprovable.iter_mut();
        match known.find(|(known, _)| known == reason) {
            Some((_, count)) => *count += 1,
            None => self.unprovable.push((reason.to_owned(), 1)),
        }
    }
}

fn check(layer: &Layer, job: &Job) -> Result<Verified> {
    match &layer.diff_id {
        Some(diff_id) => layer.source.verify(diff_id.as_str(), job),
        None => Ok(Verified::unprovable("nothing names its digest")),
    }
}

fn told(verified: &Verified, layer: u16) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let named = verified.damaged.iter().take(NAMED);
    warnings.extend(named.map(|damaged| {
        let path = display_absolute(&damaged.path);
        let message = format!("{path} is not what was stored: {}", damaged.reason);
        Warning::new(WarningCode::DamagedLayer, message).at_path(&damaged.path)
    }));
    let count = u64::try_from(verified.damaged.len()).unwrap_or(u64::MAX);
    let more = count.saturating_add(verified.further_damaged);
    let more = more.saturating_sub(u64::try_from(NAMED).unwrap_or(0));
    if more > 0 {
        let message = format!("{more} more files are not what was stored");
        warnings.push(Warning::new(WarningCode::DamagedLayer, message));
    }
    let (code, message) = match &verified.outcome {
        Outcome::Identical => return Vec::new(),
        Outcome::Different => (
            WarningCode::DamagedLayer,
            "its bytes are not those that its digest names".to_owned(),
        ),
        Outcome::Altered(reason) => (WarningCode::DamagedLayer, reason.clone()),
        Outcome::BrokenRecord(reason) => (
            WarningCode::DamagedLayer,
            format!("it cannot be put together again: {reason}"),
        ),
        Outcome::Unprovable(reason) => (
            WarningCode::NotCompared,
            format!("it was not verified: {reason}"),
        ),
    };
    warnings.push(Warning::new(code, message));
    warnings
        .into_iter()
        .map(|warning| warning.in_layer(layer))
        .collect()
}
