//! `--print-config`: the settings in effect as a commented file that reads back to the same settings.

use std::io::{self, Write};

use crate::analysis::rules::{Amount, Pattern, Rule, Value};
use crate::tui::keys::Preset;
use crate::tui::message::MouseMode;
use crate::units::Units;

use super::settings::{Settings, Valued};

/// Writes the settings.
///
/// # Errors
/// Those of `output`.
pub(crate) fn write(settings: &Settings, output: &mut dyn Write) -> io::Result<()> {
    writeln!(
        output,
        "# What layerscope does here. Save as .layerscope.toml to keep it.\n"
    )?;
    writeln!(output, "[rules]")?;
    for rule in Rule::ALL.into_iter().filter(|rule| !rule.is_reserved()) {
        match rule.value() {
            Value::Globs => write_patterns(rule.as_str(), settings.rules.patterns(rule), output)?,
            _ => write_limit(settings, rule, output)?,
        }
    }
    writeln!(output, "\n[keys]")?;
    let (preset, source) = or_default(settings.preset.as_ref(), Preset::Default);
    let known = Preset::ALL.into_iter().find(|(_, value)| *value == preset);
    let name = known.map_or("default", |(name, _)| name);
    writeln!(output, "preset = \"{name}\"  # {source}")?;
    for (action, rebound) in &settings.keys {
        let list = array(rebound.keys.iter().map(String::as_str));
        writeln!(output, "{action} = {list}  # {}", rebound.source)?;
    }
    writeln!(output, "\n[ui]")?;
    let (theme, source) = or_default(settings.theme.as_ref(), "default".to_owned());
    writeln!(output, "theme = \"{theme}\"  # {source}")?;
    let (units, source) = or_default(settings.units.as_ref(), Units::default());
    let units = match units {
        Units::Iec => "iec",
        Units::Si => "si",
    };
    writeln!(output, "units = \"{units}\"  # {source}")?;
    let (mouse, source) = or_default(settings.mouse.as_ref(), MouseMode::Off);
    writeln!(output, "mouse = {}  # {source}", mouse == MouseMode::On)
}

fn or_default<T: Clone>(setting: Option<&Valued<T>>, default: T) -> (T, &str) {
    setting.map_or((default, "default"), |setting| {
        (setting.value.clone(), &setting.source)
    })
}

fn write_limit(settings: &Settings, rule: Rule, output: &mut dyn Write) -> io::Result<()> {
    let name = rule.as_str();
    let Some(setting) = settings.rules.limits.get(&rule) else {
        return writeln!(output, "# {name} is off");
    };
    let threshold = match setting.threshold {
        None => "\"off\"".to_owned(),
        Some(_) if rule.value() == Value::Switch => "true".to_owned(),
        Some(Amount::Ratio(ratio)) => format!("{ratio:?}"),
        Some(Amount::Bytes(number) | Amount::Count(number)) => number.to_string(),
    };
    writeln!(output, "{name} = {threshold}  # {}", setting.source)
}

fn write_patterns(name: &str, patterns: &[Pattern], output: &mut dyn Write) -> io::Result<()> {
    if patterns.is_empty() {
        return writeln!(output, "# {name} is empty");
    }
    writeln!(output, "{name} = [")?;
    for pattern in patterns {
        let glob = toml::Value::String(pattern.glob.clone());
        writeln!(output, "    {glob},  # {}", pattern.source)?;
    }
    writeln!(output, "]")
}

fn array<'a>(items: impl Iterator<Item = &'a str>) -> toml::Value {
    toml::Value::Array(items.map(|item| toml::Value::String(item.into())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::config_file;

    fn printed(settings: &Settings) -> String {
        let mut output = Vec::new();
        write(settings, &mut output).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn what_is_printed_reads_back() {
        let text = r#"
            [rules]
            min-efficiency = 0.95
            max-wasted-ratio = "7%"
            max-wasted-bytes = "20MB"
            max-layers = "off"
            ignore = ['/a"b/**', "/c/**"]
            forbid = ["**/*.pem"]
            [keys]
            preset = "dive"
            filter = ["/", "ctrl-f", '"', "\\"]
            [ui]
            theme = "mono"
        "#;
        let settings = config_file::read(text, "x.toml").unwrap();
        let output = printed(&settings);
        let mut again = config_file::read(&output, "x.toml").unwrap();
        // What is not set is printed with its default.
        again.units = None;
        again.mouse = None;
        for rebound in again.keys.values_mut() {
            // The line is another.
            rebound.place.clone_from(&settings.keys["filter"].place);
        }
        assert_eq!(again, settings, "{output}");
        assert!(output.contains("max-wasted-bytes = 20000000  # x.toml"));
        assert!(output.contains("# max-image-bytes is off"));
        config_file::read(&printed(&Settings::default()), "x.toml").unwrap();
    }
}
