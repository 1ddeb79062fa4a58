//! When the view opens instead of a report, and with what.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, IsTerminal as _};
use std::sync::Mutex;

use crate::error::{Error, Result};
use crate::report::{Detail, Glyphs, Look};
use crate::tui::keys::{KeyMap, Preset};
use crate::tui::message::MouseMode;
use crate::tui::run::{Ended, Start, run};
use crate::tui::terminal::{Keyboard, Multiplexer};
use crate::tui::theme::Theme;
use crate::tui::{Origin, Session};

use super::load::{Loaded, Surroundings};
use super::options::{Color, Common};
use super::settings::Settings;
use super::{Exit, open, output};

/// Returns where keys come from, where the view is wanted and possible.
///
/// Whoever asks for a format, a file, a verdict or silence wants no view. `CI=true` alone says nothing about that
/// while somebody sits at a terminal.
pub(super) fn keyboard(common: &Common, around: &Surroundings) -> Option<Keyboard> {
    let wants_report = common.no_tui
        || common.json
        || common.format.is_some()
        || common.gate.ci
        || common.output.is_some()
        || !common.report.is_empty()
        || common.quiet;
    let is_able = around.variable("TERM").is_some_and(|term| term != "dumb");
    if wants_report || !is_able || !io::stdout().is_terminal() {
        return None;
    }
    Keyboard::find().ok()
}

/// Shows an image until the user leaves.
///
/// # Errors
/// What is wrong with the arguments or the configuration, and what keeps the image from being shown.
pub(super) fn show(
    image: &OsStr,
    common: &Common,
    around: &Surroundings,
    loaded: &Loaded,
    keyboard: Keyboard,
) -> Result<Exit> {
    let request = open::request(image, common)?;
    let settings = &loaded.settings;
    let session = Session {
        locator: request.locator.name().to_owned(),
        look: Look {
            width: output::width(),
            units: settings.units(),
            glyphs: glyphs(common, around),
            detail: Detail::Short,
        },
        theme: theme(common, around, settings),
        keys: keys(settings)?,
        rules: settings.rules.clone(),
        mouse: MouseMode::Off,
    };
    let pager = around.variable("PAGER").cloned();
    let start = Start {
        session,
        origin: Origin {
            locator: request.locator,
            open: request.open,
            analysis: request.analysis,
            expanded_limit: open::expanded_limit(common),
            rules: settings.rules.clone(),
            known: Mutex::default(),
        },
        keyboard,
        pager: pager.unwrap_or_else(|| "less".into()),
        multiplexer: multiplexer(around),
    };
    Ok(match run(start)? {
        Ended::Left => Exit::Success,
        Ended::Interrupted => Exit::Interrupted,
        Ended::Terminated => Exit::Terminated,
    })
}

/// Anything but ASCII only where the locale says that the terminal understands it.
fn glyphs(common: &Common, around: &Surroundings) -> Glyphs {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| around.variable(name));
    let is_utf8 = locale
        .and_then(|locale| locale.to_str())
        .is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
    if is_utf8 && !common.ascii {
        Glyphs::Unicode
    } else {
        Glyphs::Ascii
    }
}

/// `--color always` overrules `NO_COLOR`, as it does for reports.
fn theme(common: &Common, around: &Surroundings, settings: &Settings) -> Theme {
    let is_colourless = match common.color {
        Color::Always => false,
        Color::Auto => around.variable("NO_COLOR").is_some(),
        Color::Never => true,
    };
    if is_colourless {
        return Theme::Mono;
    }
    let wanted = settings.theme.as_ref().map(|theme| theme.value.as_str());
    let mut known = Theme::ALL.into_iter();
    let chosen = known.find(|(name, _)| Some(*name) == wanted);
    chosen.map_or(Theme::default(), |(_, theme)| theme)
}

fn keys(settings: &Settings) -> Result<KeyMap> {
    let preset = settings.preset.as_ref();
    let preset = preset.map_or(Preset::Default, |preset| preset.value);
    let replaced: BTreeMap<_, _> = settings
        .keys
        .iter()
        .map(|(action, keys)| (action.clone(), keys.value.clone()))
        .collect();
    KeyMap::new(preset, &replaced).map_err(|reason| {
        // What is wrong was written in a file, and of the files with keys the reason names one of the actions.
        let named = settings
            .keys
            .iter()
            .find(|(action, _)| reason.contains(action.as_str()))
            .or_else(|| settings.keys.iter().next());
        Error::Config {
            place: named.map_or("[keys]".into(), |(_, keys)| keys.source.clone()),
            reason: crate::path::display_str(&reason).into_owned(),
            suggestion: None,
        }
    })
}

fn multiplexer(around: &Surroundings) -> Multiplexer {
    let term = around.variable("TERM").and_then(|term| term.to_str());
    if around.variable("TMUX").is_some() {
        Multiplexer::Tmux
    } else if term.is_some_and(|term| term.starts_with("screen")) {
        Multiplexer::Screen
    } else {
        Multiplexer::None
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::arguments::Arguments;

    fn common(flags: &[&str]) -> Common {
        let arguments = ["layerscope"].iter().chain(flags);
        Arguments::try_parse_from(arguments).unwrap().common
    }

    fn around(variables: &[(&str, &str)]) -> Surroundings {
        let variables = variables.iter();
        Surroundings {
            variables: variables
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            directory: "".into(),
            user_directory: None,
        }
    }

    #[test]
    fn the_locale_decides_about_characters() {
        let cases = [
            (&[("LANG", "de_DE.UTF-8")][..], &[][..], Glyphs::Unicode),
            (&[("LANG", "C.utf8"), ("LC_ALL", "")], &[], Glyphs::Unicode),
            (
                &[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")],
                &[],
                Glyphs::Ascii,
            ),
            (&[("LANG", "de_DE.UTF-8")], &["--ascii"], Glyphs::Ascii),
            (&[], &[], Glyphs::Ascii),
        ];
        for (variables, flags, expected) in cases {
            let glyphs = glyphs(&common(flags), &around(variables));
            assert_eq!(glyphs, expected, "{variables:?} {flags:?}");
        }
    }

    #[test]
    fn no_color_overrules_a_theme_and_is_overruled_by_a_flag() {
        let mut settings = Settings::default();
        let spot = crate::cli::settings::Spot {
            source: "x",
            place: "x",
        };
        settings.set_theme("colourblind", spot).unwrap();
        let no_color = around(&[("NO_COLOR", "1")]);
        let chosen =
            |flags: &[&str], around: &Surroundings| theme(&common(flags), around, &settings);
        assert_eq!(chosen(&[], &around(&[])), Theme::Colourblind);
        assert_eq!(chosen(&[], &no_color), Theme::Mono);
        assert_eq!(chosen(&["--color", "never"], &around(&[])), Theme::Mono);
        assert_eq!(
            chosen(&["--color", "always"], &no_color),
            Theme::Colourblind
        );
    }

    #[test]
    fn keys_that_cannot_be_are_refused_with_their_file() {
        let settings = crate::cli::config::read("[keys]\nfly = ['f']", "k.toml").unwrap();
        let error = keys(&settings).unwrap_err();
        assert!(error.to_string().contains("k.toml"), "{error}");
        assert!(error.to_string().contains("fly"), "{error}");
    }
}
