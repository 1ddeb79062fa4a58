//! What a run is configured to do, and which place said so.

use std::collections::BTreeMap;

use crate::analysis::rules::{Limit, Pattern, Patterns, RuleSet};
use crate::error::{Error, Result};
use crate::path::display_str;
use crate::tui::keys::Preset;
use crate::units::Units;

use super::nearest::advice;

/// Themes of the interactive view.
pub(crate) const THEMES: [&str; 3] = ["default", "colourblind", "mono"];
/// Sets of keys to begin with.
pub(crate) const PRESETS: [(&str, Preset); 2] =
    [("default", Preset::Default), ("dive", Preset::Dive)];
/// Names of [`Units`].
pub(crate) const UNITS: [&str; 2] = ["iec", "si"];

/// A value and the place that set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Valued<T> {
    pub(crate) value: T,
    pub(crate) source: String,
}

/// Settings of one place, or of all places together.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Settings {
    pub(crate) rules: RuleSet,
    pub(crate) theme: Option<Valued<String>>,
    pub(crate) units: Option<Valued<Units>>,
    pub(crate) preset: Option<Valued<Preset>>,
    pub(crate) keys: BTreeMap<String, Valued<Vec<String>>>,
}

/// Where a value stands: for the report, and for a complaint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot<'a> {
    /// The file, variable or flag, escaped.
    pub(crate) source: &'a str,
    /// The same with the line, where there are lines.
    pub(crate) place: &'a str,
}

impl Spot<'_> {
    pub(crate) fn error(self, reason: impl Into<String>, suggestion: Option<String>) -> Error {
        Error::Config {
            place: self.place.to_owned(),
            reason: reason.into(),
            suggestion,
        }
    }

    fn unknown(self, what: &str, word: &str, known: &[&str]) -> Error {
        let reason = format!("unknown {what} '{}'", display_str(word));
        self.error(reason, Some(advice(word, known)))
    }
}

impl Settings {
    /// Adds what a place of lower rank says.
    pub(crate) fn fill_from(&mut self, lower: Self) {
        self.rules.fill_from(lower.rules);
        self.theme = self.theme.take().or(lower.theme);
        self.units = self.units.take().or(lower.units);
        self.preset = self.preset.take().or(lower.preset);
        for (action, keys) in lower.keys {
            self.keys.entry(action).or_insert(keys);
        }
    }

    /// Returns the units sizes are printed in.
    pub(crate) fn units(&self) -> Units {
        self.units
            .as_ref()
            .map(|units| units.value)
            .unwrap_or_default()
    }

    pub(crate) fn set_limit(&mut self, limit: Limit, text: &str, spot: Spot<'_>) -> Result<()> {
        let threshold = limit.parse(text).map_err(|reason| {
            // A flag is the name of its rule already.
            let names_it = spot.place.ends_with(limit.as_str());
            let name = if names_it {
                String::new()
            } else {
                format!("{}: ", limit.as_str())
            };
            spot.error(format!("{name}{reason}"), None)
        })?;
        self.rules.set(limit, threshold, spot.source);
        Ok(())
    }

    pub(crate) fn add_ignored(&mut self, glob: &str, spot: Spot<'_>) -> Result<()> {
        self.rules.ignore.push(pattern(glob, spot)?);
        Ok(())
    }

    pub(crate) fn add_forbidden(&mut self, glob: &str, spot: Spot<'_>) -> Result<()> {
        self.rules.forbid.push(pattern(glob, spot)?);
        Ok(())
    }

    pub(crate) fn set_theme(&mut self, name: &str, spot: Spot<'_>) -> Result<()> {
        if !THEMES.contains(&name) {
            return Err(spot.unknown("theme", name, &THEMES));
        }
        let (value, source) = (name.to_owned(), spot.source.to_owned());
        self.theme = Some(Valued { value, source });
        Ok(())
    }

    pub(crate) fn set_units(&mut self, name: &str, spot: Spot<'_>) -> Result<()> {
        let value = match name {
            "iec" => Units::Iec,
            "si" => Units::Si,
            _ => return Err(spot.unknown("units", name, &UNITS)),
        };
        let source = spot.source.to_owned();
        self.units = Some(Valued { value, source });
        Ok(())
    }

    pub(crate) fn set_preset(&mut self, name: &str, spot: Spot<'_>) -> Result<()> {
        let Some(&(_, value)) = PRESETS.iter().find(|(known, _)| *known == name) else {
            return Err(spot.unknown("preset of keys", name, &PRESETS.map(|(known, _)| known)));
        };
        let source = spot.source.to_owned();
        self.preset = Some(Valued { value, source });
        Ok(())
    }

    /// Takes `forbid-secrets`, which this version cannot honour.
    pub(crate) fn set_forbid_secrets(text: &str, spot: Spot<'_>) -> Result<()> {
        match Limit::MaxLayers.parse(text) {
            Ok(None) => Ok(()),
            _ => Err(spot.error(
                "forbid-secrets: finding secrets is not supported by this version",
                Some("remove it, or name the files with forbid".into()),
            )),
        }
    }
}

fn pattern(glob: &str, spot: Spot<'_>) -> Result<Pattern> {
    Patterns::new([glob]).map_err(|reason| spot.error(reason, None))?;
    let (glob, source) = (glob.to_owned(), spot.source.to_owned());
    Ok(Pattern { glob, source })
}
