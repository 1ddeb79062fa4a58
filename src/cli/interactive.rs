//! When the view opens instead of a report, and with what.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::sync::Mutex;

use crate::error::{Error, Result};
use crate::path::display_os;
use crate::source::Locator;
use crate::store::Homes;
use crate::text::{Detail, Glyphs, Look};
use crate::tui::clipboard::Multiplexer;
use crate::tui::keys::{KeyError, KeyMap, Preset};
use crate::tui::message::MouseMode;
use crate::tui::run::{Ended, Start, run};
use crate::tui::terminal::Keyboard;
use crate::tui::theme::{Colours, Theme};
use crate::tui::{Origin, Session};

use super::load_settings::Surroundings;
use super::options::{Color, Common};
use super::request::{Request, Subject};
use super::settings::Settings;
use super::{Exit, output};

/// Returns where keys come from, where the view is wanted and possible.
///
/// Whoever asks for a format, a file, a verdict or silence wants no view. `CI=true` alone says nothing about that
/// while somebody sits at a terminal.
pub(super) fn keyboard(options: &Common, around: &Surroundings) -> Option<Keyboard> {
    let wants_report = options.no_tui
        || options.json
        || options.format.is_some()
        || options.gate.ci
        || options.output.is_some()
        || !options.report.is_empty()
        || options.verify
        || options.quiet;
    let is_able = around.variable("TERM").is_some_and(|term| term != "dumb");
    if wants_report || !is_able || !io::stdout().is_terminal() {
        return None;
    }
    Keyboard::find().ok()
}

/// Shows an image or layer stores until the user leaves.
///
/// # Errors
/// What is wrong with the configuration, and what keeps the image from being shown.
pub(super) fn show(
    request: Request<'_>,
    around: &Surroundings,
    keyboard: Keyboard,
) -> Result<Exit> {
    let (options, settings) = (request.options, &request.loaded.settings);
    let homes = match request.subject {
        Subject::Image => Homes::default(),
        Subject::Stores(homes) => homes,
    };
    let session = Session {
        locator: shown(&request.locator, &homes),
        look: Look {
            width: output::width(),
            units: settings.units(),
            glyphs: glyphs(options, around),
            detail: Detail::Short,
        },
        theme: theme(options, around, settings),
        keys: keys(settings)?,
        rules: settings.rules.clone(),
        mouse: settings
            .mouse
            .as_ref()
            .map_or(MouseMode::Off, |mouse| mouse.value),
    };
    let pager = around.variable("PAGER").cloned();
    let start = Start {
        session,
        origin: Origin {
            locator: request.locator,
            homes,
            open: request.open,
            analysis: request.analysis,
            allowance: options.allowance(),
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

/// Returns what the user named, escaped.
fn shown(locator: &Locator, homes: &Homes) -> String {
    if homes.places.is_empty() {
        return locator.name().to_owned();
    }
    let places = homes.paths().map(|place| display_os(place.as_os_str()));
    places.collect::<Vec<_>>().join(" ")
}

/// Anything but ASCII only where the locale says that the terminal understands it.
fn glyphs(options: &Common, around: &Surroundings) -> Glyphs {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| around.variable(name));
    let is_utf8 = locale
        .and_then(|locale| locale.to_str())
        .is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
    if is_utf8 && !options.ascii {
        Glyphs::Unicode
    } else {
        Glyphs::Ascii
    }
}

/// `--color always` overrules `NO_COLOR`, as it does for reports.
fn theme(options: &Common, around: &Surroundings, settings: &Settings) -> Theme {
    let colours = match options.color {
        Color::Always => Colours::Wanted,
        Color::Auto if around.variable("NO_COLOR").is_none() => Colours::Wanted,
        Color::Auto | Color::Never => Colours::None,
    };
    let setting = settings.theme.as_ref().map(|theme| theme.value.as_str());
    Theme::chosen(setting, colours)
}

/// Returns the keys in effect.
///
/// # Errors
/// [`Error::Config`] where two actions want one key; it names both, the key, and where that was written.
fn keys(settings: &Settings) -> Result<KeyMap> {
    let preset = settings.preset.as_ref();
    let preset = preset.map_or(Preset::Default, |preset| preset.value);
    let replaced: BTreeMap<_, _> = settings
        .keys
        .iter()
        .map(|(action, rebound)| (action.clone(), rebound.keys.clone()))
        .collect();
    KeyMap::new(preset, &replaced).map_err(|error| {
        let (places, suggestion) = match &error {
            KeyError::UnknownAction { action } | KeyError::UnknownKey { action, .. } => {
                (vec![action.as_str()], None)
            }
            KeyError::Clash(clash) => (
                vec![clash.action, clash.other],
                Some("give one of the two another key, or none: []".to_owned()),
            ),
        };
        let mut written: Vec<&str> = places
            .into_iter()
            .filter_map(|action| settings.keys.get(action))
            .map(|rebound| rebound.place.as_str())
            .collect();
        written.dedup();
        Error::Config {
            place: written.join(" and "),
            reason: error.to_string(),
            suggestion,
        }
    })
}

fn multiplexer(around: &Surroundings) -> Multiplexer {
    let set = |name| around.variable(name).and_then(|value| value.to_str());
    Multiplexer::of(set("TMUX"), set("STY"), set("TERM"))
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
        let spot = crate::cli::settings::Spot::of("x");
        settings.set_view("theme", "colourblind", spot).unwrap();
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

    fn refused(text: &str) -> Error {
        let settings = crate::cli::config_file::read(text, "k.toml").unwrap();
        keys(&settings).unwrap_err()
    }

    #[test]
    fn a_clash_names_both_actions_the_key_and_the_line() {
        for (text, place, named) in [
            // With the table's own key of another action.
            (
                "[keys]\nfilter = ['/', 'v']",
                "k.toml:2",
                ["'v'", "'filter'", "'view'"],
            ),
            // Between two lines of the file.
            (
                "[keys]\nsort = ['t']\nmark = ['t']",
                "k.toml:3 and k.toml:2",
                ["'t'", "'sort'", "'mark'"],
            ),
            // With what means the same in every pane.
            (
                "[keys]\nmark = 'q'",
                "k.toml:2",
                ["'q'", "'mark'", "'quit'"],
            ),
            (
                "[keys]\nquit = 'ctrl-c'",
                "k.toml:2",
                ["'ctrl-c'", "'quit'", "'quit-now'"],
            ),
        ] {
            let error = refused(text);
            let message = error.to_string();
            let (one, other) = place.split_once(" and ").unwrap_or((place, place));
            assert!(
                message.contains(one) && message.contains(other),
                "{message}"
            );
            for name in named {
                assert!(message.contains(name), "{message}");
            }
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn keys_may_change_places() {
        let text = "[keys]\nfilter = 'v'\nview = '/'\nmark = []";
        let settings = crate::cli::config_file::read(text, "k.toml").unwrap();
        keys(&settings).unwrap();
    }
}
