//! What a run is configured to do, and which place said so.

use std::collections::BTreeMap;

use crate::analysis::rules::{Pattern, Patterns, Rule, RuleSet, Value};
use crate::error::{Error, Result};
use crate::path::display_str;
use crate::tui::keys::{Key, Preset, TABLE};
use crate::tui::message::MouseMode;
use crate::units::Units;

use super::nearest::{advice, nearest};

/// Themes of the interactive view.
pub(crate) const THEMES: [&str; 3] = ["default", "colourblind", "mono"];
/// Names of [`Units`].
pub(crate) const UNITS: [&str; 2] = ["iec", "si"];

/// What `[ui]` and the variables of the view may set.
pub(crate) const VIEW_SETTINGS: [&str; 3] = ["theme", "units", "mouse"];

/// Keys of one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rebound {
    /// Names of keys.
    pub(crate) keys: Vec<String>,
    /// The file that says so.
    pub(crate) source: String,
    /// The same with the line.
    pub(crate) place: String,
}

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
    pub(crate) mouse: Option<Valued<MouseMode>>,
    pub(crate) keys: BTreeMap<String, Rebound>,
}

/// Where a value stands: for the report, and for a complaint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot<'a> {
    /// The file, variable or flag, escaped.
    source: &'a str,
    /// Of a file.
    line: Option<usize>,
}

impl<'a> Spot<'a> {
    /// Names a variable or a flag.
    pub(crate) const fn of(source: &'a str) -> Self {
        Self { source, line: None }
    }

    /// Names a line of a file.
    pub(crate) const fn in_file(source: &'a str, line: usize) -> Self {
        let line = Some(line);
        Self { source, line }
    }

    fn place(self) -> String {
        let source = self.source;
        self.line
            .map_or(source.to_owned(), |line| format!("{source}:{line}"))
    }

    pub(crate) fn value<T>(self, value: T) -> Valued<T> {
        let source = self.source.to_owned();
        Valued { value, source }
    }

    pub(crate) fn error(self, reason: impl Into<String>, suggestion: Option<String>) -> Error {
        Error::Config {
            place: self.place(),
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
        self.mouse = self.mouse.take().or(lower.mouse);
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

    /// Sets a rule, or adds a glob to those it has.
    pub(crate) fn set_rule(&mut self, rule: Rule, text: &str, spot: Spot<'_>) -> Result<()> {
        if rule.value() == Value::Globs {
            self.rules.add(rule, pattern(text, spot)?);
            return Ok(());
        }
        if rule.is_reserved() {
            return refuse_reserved(rule, text, spot);
        }
        let threshold = rule.parse(text).map_err(|reason| {
            // A flag is the name of its rule already.
            let names_it = spot.source.ends_with(rule.as_str());
            let name = if names_it {
                String::new()
            } else {
                format!("{}: ", rule.as_str())
            };
            spot.error(format!("{name}{reason}"), None)
        })?;
        self.rules.set(rule, threshold, spot.source);
        Ok(())
    }

    /// Sets one of [`VIEW_SETTINGS`].
    pub(crate) fn set_view(&mut self, word: &str, text: &str, spot: Spot<'_>) -> Result<()> {
        match word {
            "theme" => self.set_theme(text, spot),
            "units" => self.set_units(text, spot),
            _ => self.set_mouse(text, spot),
        }
    }

    fn set_theme(&mut self, name: &str, spot: Spot<'_>) -> Result<()> {
        if !THEMES.contains(&name) {
            return Err(spot.unknown("theme", name, &THEMES));
        }
        self.theme = Some(spot.value(name.to_owned()));
        Ok(())
    }

    fn set_units(&mut self, name: &str, spot: Spot<'_>) -> Result<()> {
        let value = match name {
            "iec" => Units::Iec,
            "si" => Units::Si,
            _ => return Err(spot.unknown("units", name, &UNITS)),
        };
        self.units = Some(spot.value(value));
        Ok(())
    }

    pub(crate) fn set_preset(&mut self, name: &str, spot: Spot<'_>) -> Result<()> {
        let mut known = Preset::ALL.into_iter();
        let Some((_, value)) = known.find(|(known, _)| *known == name) else {
            return Err(spot.unknown("preset of keys", name, &Preset::ALL.map(|(known, _)| known)));
        };
        self.preset = Some(spot.value(value));
        Ok(())
    }

    fn set_mouse(&mut self, text: &str, spot: Spot<'_>) -> Result<()> {
        let value = match text {
            "true" => MouseMode::On,
            "false" => MouseMode::Off,
            _ => {
                let reason = format!("mouse: '{}' is neither true nor false", display_str(text));
                return Err(spot.error(reason, None));
            }
        };
        self.mouse = Some(spot.value(value));
        Ok(())
    }

    /// Gives an action other keys.
    pub(crate) fn rebind(&mut self, action: &str, keys: Vec<String>, spot: Spot<'_>) -> Result<()> {
        if !TABLE.iter().any(|binding| binding.name == action) {
            let mut known: Vec<&str> = TABLE.iter().map(|binding| binding.name).collect();
            known.sort_unstable();
            known.dedup();
            return Err(spot.unknown("action", action, &known));
        }
        if let Some(wrong) = keys.iter().find(|name| Key::parse(name).is_none()) {
            let reason = format!("{action}: unknown key '{}'", display_str(wrong));
            let known = Key::names();
            let advice = match nearest(wrong, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean '{near}'?"),
                None => {
                    "keys are letters and names such as ctrl-f, alt-x, enter, esc, pgup, f1, space"
                        .into()
                }
            };
            return Err(spot.error(reason, Some(advice)));
        }
        let rebound = Rebound {
            keys,
            source: spot.source.to_owned(),
            place: spot.place(),
        };
        self.keys.insert(action.to_owned(), rebound);
        Ok(())
    }
}

/// Rules of which this version knows nothing but the name may be off.
fn refuse_reserved(rule: Rule, text: &str, spot: Spot<'_>) -> Result<()> {
    match rule.parse(text) {
        Ok(None) => Ok(()),
        _ => Err(spot.error(
            "forbid-secrets: finding secrets is not supported by this version",
            Some("remove it, or name the files with forbid".into()),
        )),
    }
}

fn pattern(glob: &str, spot: Spot<'_>) -> Result<Pattern> {
    Patterns::new([glob]).map_err(|reason| spot.error(reason, None))?;
    let (glob, source) = (glob.to_owned(), spot.source.to_owned());
    Ok(Pattern { glob, source })
}
