//! Configuration files: `.layerscope.toml` and `layerscope/config.toml`.
//!
//! Every complaint names the file, the line and the nearest word that would have worked.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::analysis::rules::{Rule, Value};
use crate::error::{Error, Result};
use crate::path::display_str;

use super::nearest::advice;
use super::settings::{Settings, Spot, VIEW_SETTINGS};

const SECTIONS: [&str; 3] = ["rules", "keys", "ui"];

/// Reads the text of a configuration file; `name` is escaped.
///
/// # Errors
/// [`Error::Config`] for the first thing that cannot be used.
pub(crate) fn read(text: &str, name: &str) -> Result<Settings> {
    let file = File { text, name };
    let root = DeTable::parse(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        file.error(start, error.message(), None)
    })?;
    let mut settings = Settings::default();
    for (key, value) in root.get_ref() {
        let word = key.get_ref().as_ref();
        match (word, value.get_ref()) {
            ("rules", DeValue::Table(table)) => file.rules(table, &mut settings)?,
            ("keys", DeValue::Table(table)) => file.keys(table, &mut settings)?,
            ("ui", DeValue::Table(table)) => file.ui(table, &mut settings)?,
            ("keys", DeValue::String(_)) => file.preset("keys", value, &mut settings)?,
            ("rules" | "keys" | "ui", _) => {
                let reason = format!("'{word}' is a section: write [{word}]");
                return Err(file.error(key.span().start, reason, None));
            }
            _ => return Err(file.unknown("section", key, &SECTIONS)),
        }
    }
    Ok(settings)
}

struct File<'a> {
    text: &'a str,
    name: &'a str,
}

impl File<'_> {
    fn rules(&self, table: &DeTable<'_>, settings: &mut Settings) -> Result<()> {
        for (key, value) in table {
            let spot = self.spot(value.span().start);
            let word = key.get_ref().as_ref();
            let Some(rule) = Rule::of_name(word) else {
                return Err(self.unknown("rule", key, &Rule::ALL.map(Rule::as_str)));
            };
            let texts = match rule.value() {
                Value::Globs => self.strings(word, value)?,
                _ => vec![self.scalar(word, value)?],
            };
            for text in texts {
                settings.set_rule(rule, &text, spot)?;
            }
        }
        Ok(())
    }

    fn ui(&self, table: &DeTable<'_>, settings: &mut Settings) -> Result<()> {
        for (key, value) in table {
            let spot = self.spot(value.span().start);
            let word = key.get_ref().as_ref();
            if !VIEW_SETTINGS.contains(&word) {
                return Err(self.unknown("setting", key, &VIEW_SETTINGS));
            }
            settings.set_view(word, &self.scalar(word, value)?, spot)?;
        }
        Ok(())
    }

    /// Keys of actions, and the preset they begin with.
    fn keys(&self, table: &DeTable<'_>, settings: &mut Settings) -> Result<()> {
        for (key, value) in table {
            let word = key.get_ref().to_string();
            if word == "preset" {
                self.preset("preset", value, settings)?;
                continue;
            }
            let value = match value.get_ref() {
                DeValue::String(one) => vec![one.to_string()],
                _ => self.strings(&word, value)?,
            };
            let spot = self.spot(key.span().start);
            settings.rebind(&word, value, spot)?;
        }
        Ok(())
    }

    /// `keys = "dive"`, or `preset = "dive"` beside keys of one's own.
    fn preset(
        &self,
        word: &str,
        value: &Spanned<DeValue<'_>>,
        settings: &mut Settings,
    ) -> Result<()> {
        let spot = self.spot(value.span().start);
        settings.set_preset(&self.scalar(word, value)?, spot)
    }

    fn strings(&self, word: &str, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>> {
        let strings = value.get_ref().as_array().and_then(|array| {
            let items = array.iter();
            items
                .map(|item| item.get_ref().as_str().map(str::to_owned))
                .collect()
        });
        strings.ok_or_else(|| {
            let reason = format!("'{}' takes a list of strings: [\"…\"]", display_str(word));
            self.error(value.span().start, reason, None)
        })
    }

    /// Returns a value as text, so that `0.05`, `"5%"`, `60` and `false` go through one reader.
    fn scalar(&self, word: &str, value: &Spanned<DeValue<'_>>) -> Result<String> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(number) => Ok(number.to_string()),
            DeValue::Float(number) => Ok(number.to_string()),
            DeValue::Boolean(flag) => Ok(flag.to_string()),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                let reason = format!("'{word}' takes one value, a number or a string");
                Err(self.error(value.span().start, reason, None))
            }
        }
    }

    fn unknown(
        &self,
        what: &str,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        known: &[&str],
    ) -> Error {
        let word = key.get_ref();
        let reason = format!("unknown {what} '{}'", display_str(word));
        self.error(key.span().start, reason, Some(advice(word, known)))
    }

    fn error(&self, offset: usize, reason: impl AsRef<str>, suggestion: Option<String>) -> Error {
        self.spot(offset)
            .error(display_str(reason.as_ref()), suggestion)
    }

    fn spot(&self, offset: usize) -> Spot<'_> {
        let before = self.text.as_bytes().iter().take(offset);
        let line = 1 + before.filter(|&&byte| byte == b'\n').count();
        Spot::in_file(self.name, line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::rules::Amount;
    use crate::tui::keys::Preset;
    use crate::tui::message::MouseMode;
    use crate::units::Units;

    #[test]
    fn the_sample_of_the_manual_is_understood() {
        let text = r#"
            [rules]
            min-efficiency = 0.95
            max-wasted-bytes = "20MB"
            max-wasted-ratio = "10%"
            max-layers = 60
            max-image-bytes = 1_000_000
            max-layer-bytes = false
            ignore = ["/usr/share/locale/**"]
            forbid = ["**/.git/**", "**/*.pem"]
            [keys]
            filter = ["/", "ctrl-f"]
            quit = "q"
            [ui]
            theme = "mono"
            units = "si"
            mouse = true
        "#;
        let settings = read(text, "test.toml").unwrap();
        let threshold = |limit| settings.rules.threshold(limit).map(|(amount, _)| amount);
        assert_eq!(threshold(Rule::MinEfficiency), Some(Amount::Ratio(0.95)));
        assert_eq!(
            threshold(Rule::MaxWastedBytes),
            Some(Amount::Bytes(20_000_000))
        );
        assert_eq!(
            threshold(Rule::MaxImageBytes),
            Some(Amount::Bytes(1_000_000))
        );
        assert_eq!(threshold(Rule::MaxLayers), Some(Amount::Count(60)));
        assert_eq!(threshold(Rule::MaxLayerBytes), None);
        assert_eq!(settings.rules.patterns(Rule::Forbid).len(), 2);
        assert_eq!(settings.units(), Units::Si);
        assert_eq!(settings.keys["quit"].keys, ["q"]);
        assert_eq!(settings.keys["quit"].place, "test.toml:13");
        assert_eq!(settings.mouse.unwrap().value, MouseMode::On);
    }

    #[test]
    fn a_preset_of_keys_stands_alone_or_beside_keys_of_ones_own() {
        for text in ["keys = 'dive'", "[keys]\npreset = 'dive'\nquit = 'x'"] {
            let settings = read(text, "f").unwrap();
            assert_eq!(settings.preset.unwrap().value, Preset::Dive);
        }
    }

    #[test]
    fn mistakes_name_file_line_and_nearest_word() {
        for (text, place, reason, suggestion) in [
            (
                "[rules]\nmax-wasted-byte = 1",
                "f:2",
                "unknown rule 'max-wasted-byte'",
                "did you mean 'max-wasted-bytes'?",
            ),
            (
                "\n[rulse]\n",
                "f:2",
                "unknown section 'rulse'",
                "did you mean 'rules'?",
            ),
            (
                "[ui]\ntheme = 'colorblind'",
                "f:2",
                "unknown theme 'colorblind'",
                "did you mean 'colourblind'?",
            ),
            (
                "[keys]\n\nfiltre = '/'",
                "f:3",
                "unknown action 'filtre'",
                "did you mean 'filter'?",
            ),
            (
                "[keys]\nfilter = ['/', 'ctrl-ff']",
                "f:2",
                "filter: unknown key 'ctrl-ff'",
                "did you mean 'ctrl-f'?",
            ),
            (
                "[keys]\nquit = ['entre']",
                "f:2",
                "quit: unknown key 'entre'",
                "did you mean 'enter'?",
            ),
            (
                "keys = 'dvie'",
                "f:1",
                "unknown preset of keys 'dvie'",
                "did you mean 'dive'?",
            ),
            (
                "[ui]\n\nunit = 'si'",
                "f:3",
                "unknown setting 'unit'",
                "did you mean 'units'?",
            ),
        ] {
            let error = read(text, "f").unwrap_err();
            assert_eq!(error.to_string(), format!("{place}: {reason}"));
            assert_eq!(error.hint().as_deref(), Some(suggestion));
        }
        for (text, message) in [
            (
                "[rules]\nmax-layers = 'many'",
                "f:2: max-layers: 'many' is not a whole number",
            ),
            (
                "[rules]\nmin-efficiency = 95",
                "f:2: min-efficiency: '95' is more than the whole; write 0.95 or \"95%\"",
            ),
            (
                "[rules]\nmin-efficiency = '99.5'",
                "f:2: min-efficiency: '99.5' is more than the whole; write 0.995 or \"99.5%\"",
            ),
            (
                "[rules]\nmin-efficiency = '120%'",
                "f:2: min-efficiency: '120%' is more than the whole; write 0.05 or 5%",
            ),
            ("rules = 1", "f:1: 'rules' is a section: write [rules]"),
            ("keys = 1", "f:1: 'keys' is a section: write [keys]"),
            (
                "[ui]\nmouse = 'yes'",
                "f:2: mouse: 'yes' is neither true nor false",
            ),
            (
                "[rules]\nignore = 'x'",
                "f:2: 'ignore' takes a list of strings: [\"…\"]",
            ),
        ] {
            assert_eq!(read(text, "f").unwrap_err().to_string(), message);
        }
        let secrets = read("[rules]\nforbid-secrets = true", "f").unwrap_err();
        assert!(
            secrets
                .to_string()
                .contains("not supported by this version")
        );
        assert!(read("[rules]\nforbid-secrets = false", "f").is_ok());
        assert!(
            read("[rules\n", "f")
                .unwrap_err()
                .to_string()
                .starts_with("f:1")
        );
    }
}
