//! Gathering [`Settings`]: flags, environment, files, in this order of rank.
//!
//! Flags > `LAYERSCOPE_*` > `--ci-config` > `--config` or `.layerscope.toml` > `.dive-ci` >
//! `$XDG_CONFIG_HOME/layerscope/config.toml`. A `.dive-ci` in the working directory counts only for the gate,
//! and only where neither `--ci-config` nor the project's own configuration names a rule: two files with rules
//! for one project are one too many, and ours was written on purpose.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

use crate::analysis::rules::{Rule, Value};
use crate::error::{Error, Result};
use crate::path::{display_os, display_str};

use super::nearest::nearest;
use super::options::Common;
use super::rule_flags::RuleFlag;
use super::settings::{Settings, Spot, VIEW_SETTINGS};
use super::{config_file, dive_ci};
use crate::units::Units;

/// What a run can see of its surroundings; tests make their own.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    /// Environment variables.
    pub(crate) variables: Vec<(OsString, OsString)>,
    /// Where `.layerscope.toml` and `.dive-ci` are looked for.
    pub(crate) directory: PathBuf,
    /// The user's configuration directory, where there is one.
    pub(crate) user_directory: Option<PathBuf>,
}

impl Surroundings {
    /// Returns those of this process.
    pub(crate) fn of_process() -> Self {
        let strategy = etcetera::choose_base_strategy().ok();
        Self {
            variables: std::env::vars_os().collect(),
            directory: PathBuf::new(),
            user_directory: strategy.map(|strategy| strategy.config_dir()),
        }
    }

    /// Returns a variable that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsString> {
        let found = self.variables.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty())
    }
}

/// Whether a verdict is asked for that ends the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gating {
    /// `--ci`, or `CI=true` where nobody looks.
    On,
    /// Rules are at most remarked upon.
    Off,
}

impl Gating {
    /// `CI=true` asks for the gate only where nobody is looking at a terminal.
    pub(crate) fn of(options: &Common, around: &Surroundings) -> Self {
        let says_so = around
            .variable("CI")
            .and_then(|value| value.to_str())
            .is_some_and(|value| {
                matches!(value.to_ascii_lowercase().as_str(), "true" | "1" | "yes")
            });
        if options.gate.ci || (says_so && !io::stdout().is_terminal()) {
            Self::On
        } else {
            Self::Off
        }
    }
}

/// Settings in effect, and remarks for standard error.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Loaded {
    pub(crate) settings: Settings,
    pub(crate) remarks: Vec<String>,
}

/// Reads all places.
///
/// # Errors
/// [`Error::Config`] for the first unusable value, and for files that were named and cannot be read.
pub(crate) fn load(options: &Common, gating: Gating, around: &Surroundings) -> Result<Loaded> {
    let mut loaded = Loaded {
        settings: from_flags(options)?,
        remarks: Vec::new(),
    };
    loaded.settings.fill_from(from_variables(around)?);
    let mut project = Settings::default();
    if let Some(file) = &options.gate.ci_config {
        project = named(read_any(file, &around.directory))?;
    }
    let chosen = options
        .config
        .clone()
        .or_else(|| around.variable("LAYERSCOPE_CONFIG").map(PathBuf::from));
    if let Some(file) = chosen {
        project.fill_from(named(read_chosen(&file, &around.directory))?);
    } else {
        let own = optional(read_toml(Path::new(".layerscope.toml"), &around.directory))?;
        project.fill_from(own.unwrap_or_default());
    }
    if gating == Gating::On {
        add_dive_ci(options, around, &mut project, &mut loaded.remarks)?;
    }
    loaded.settings.fill_from(project);
    if let Some(directory) = &around.user_directory {
        let file = directory.join("layerscope/config.toml");
        if !is_out_of_reach(&file) {
            let user = optional(read_toml(&file, Path::new("")))?;
            loaded.settings.fill_from(user.unwrap_or_default());
        }
    }
    Ok(loaded)
}

fn add_dive_ci(
    options: &Common,
    around: &Surroundings,
    project: &mut Settings,
    remarks: &mut Vec<String>,
) -> Result<()> {
    let file = Path::new(".dive-ci");
    if options.gate.ci_config.is_none() {
        let Some(dive) = optional(read_dive(file, &around.directory))? else {
            return Ok(());
        };
        if project.rules.names_a_rule() {
            let remark = ".dive-ci is not read: .layerscope.toml names rules";
            remarks.push(remark.replace(".layerscope.toml", &project_name(options)));
        } else {
            project.fill_from(dive);
        }
    }
    let is_dive = |source: &str| source.ends_with(".dive-ci");
    let has_dive = project
        .rules
        .limits
        .values()
        .any(|setting| is_dive(&setting.source));
    if has_dive && !options.gate.dive_compat {
        let remark = ".dive-ci: thresholds apply to layerscope's own figures, missing rules are off; \
             --dive-compat judges dive's figures with dive's defaults";
        remarks.push(remark.into());
    }
    Ok(())
}

fn project_name(options: &Common) -> String {
    let named = options.config.as_ref();
    named.map_or(".layerscope.toml".into(), |file| {
        display_os(file.as_os_str())
    })
}

fn from_flags(options: &Common) -> Result<Settings> {
    let mut settings = Settings::default();
    for RuleFlag { rule, flag, text } in &options.gate.rules.0 {
        settings.set_rule(*rule, text, Spot::of(flag))?;
    }
    if options.si {
        settings.units = Some(Spot::of("--si").value(Units::Si));
    }
    Ok(settings)
}

/// Reads `LAYERSCOPE_MAX_LAYERS` and the like; lists are separated by `:`.
///
/// A variable that is nearly one of ours is an error, for it would leave a gate open. Others are somebody
/// else's business: installers and pipelines keep a `LAYERSCOPE_VERSION`.
fn from_variables(around: &Surroundings) -> Result<Settings> {
    let mut settings = Settings::default();
    for (key, value) in &around.variables {
        let Some(name) = key.to_str().filter(|name| name.starts_with("LAYERSCOPE_")) else {
            continue;
        };
        let shown = display_str(name);
        let spot = Spot::of(&shown);
        let text = value
            .to_str()
            .ok_or_else(|| spot.error("the value is not UTF-8", None))?;
        let word = name
            .trim_start_matches("LAYERSCOPE_")
            .to_ascii_lowercase()
            .replace('_', "-");
        match (Rule::of_name(&word), word.as_str()) {
            (Some(rule), _) if rule.value() == Value::Globs => {
                for glob in text.split(':').filter(|glob| !glob.is_empty()) {
                    settings.set_rule(rule, glob, spot)?;
                }
            }
            (Some(rule), _) => settings.set_rule(rule, text, spot)?,
            (None, word) if VIEW_SETTINGS.contains(&word) => settings.set_view(word, text, spot)?,
            (None, "config" | "log") => {}
            (None, word) => refuse_near_miss(word, spot)?,
        }
    }
    Ok(settings)
}

fn refuse_near_miss(word: &str, spot: Spot<'_>) -> Result<()> {
    let rules = Rule::ALL.map(Rule::as_str);
    let known = rules.into_iter().chain(VIEW_SETTINGS);
    let known = known.chain(["config", "log"]);
    match nearest(word, known) {
        Some(near) => {
            let variable = near.to_ascii_uppercase().replace('-', "_");
            let advice = format!("did you mean LAYERSCOPE_{variable}?");
            Err(spot.error("unknown variable", Some(advice)))
        }
        None => Ok(()),
    }
}

fn read_toml(file: &Path, directory: &Path) -> Result<Settings> {
    config_file::read(&read_file(file, directory)?, &display_os(file.as_os_str()))
}

/// Reads the configuration that was named. Rules of dive are none: they have an option of their own.
fn read_chosen(file: &Path, directory: &Path) -> Result<Settings> {
    let text = read_file(file, directory)?;
    let name = display_os(file.as_os_str());
    if is_of_dive(file, &text) {
        let advice = format!("read them with `--ci-config {name}`");
        return Err(
            Spot::of(&name).error("these are rules of dive, no configuration", Some(advice))
        );
    }
    config_file::read(&text, &name)
}

/// Tells rules of dive by the name, and where the name does not tell by the first line.
fn is_of_dive(file: &Path, text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => false,
        Some("yaml" | "yml") => true,
        _ => file.ends_with(".dive-ci") || first.is_some_and(|line| line.starts_with("rules:")),
    }
}

fn read_dive(file: &Path, directory: &Path) -> Result<Settings> {
    dive_ci::read(&read_file(file, directory)?, &display_os(file.as_os_str()))
}

/// Reads rules in either language: by the name, and where the name does not tell by the first line.
fn read_any(file: &Path, directory: &Path) -> Result<Settings> {
    let text = read_file(file, directory)?;
    let name = display_os(file.as_os_str());
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    let extension = file.extension().and_then(|extension| extension.to_str());
    match extension {
        Some("toml") => config_file::read(&text, &name),
        Some("yaml" | "yml") => dive_ci::read(&text, &name),
        _ if first.is_some_and(|line| line.starts_with('[')) => config_file::read(&text, &name),
        _ => dive_ci::read(&text, &name),
    }
}

fn read_file(file: &Path, directory: &Path) -> Result<String> {
    let name = display_os(file.as_os_str());
    let unusable = |reason: &str| Spot::of(&name).error(reason, None);
    std::fs::read_to_string(directory.join(file)).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::NotFound { name: name.clone() },
        io::ErrorKind::InvalidData => unusable("is not UTF-8"),
        _ => unusable(&format!("cannot be read: {source}")),
    })
}

/// A file that was named has to exist. The advice about images that belongs to a missing file elsewhere would
/// mislead here.
fn named(read: Result<Settings>) -> Result<Settings> {
    read.map_err(|error| match error {
        Error::NotFound { name } => Spot::of(&name).error("no such file", None),
        other => other,
    })
}

/// Whoever became another user may have been left with a home that is not theirs, and nothing in it is.
fn is_out_of_reach(file: &Path) -> bool {
    let found = std::fs::metadata(file);
    found.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

/// A file nobody named need not exist.
fn optional(read: Result<Settings>) -> Result<Option<Settings>> {
    match read {
        Err(Error::NotFound { .. }) => Ok(None),
        other => other.map(Some),
    }
}
