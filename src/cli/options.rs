//! Options that every command understands, the rules among them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use crate::limits;
use crate::progress::Allowance;
use crate::report::Format;
use crate::units;

use super::progress::Show;
use super::rule_flags::RuleFlags;

/// Options that stand before or after a command.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags are what clap makes of them"
)]
pub(crate) struct Common {
    // The help names the formats of the table.
    #[arg(long, global = true, value_parser = parse_format, conflicts_with = "json", help = format_help())]
    pub(crate) format: Option<Format>,
    /// Short for --format json
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Write to this file instead of standard output; for `extract` the directory
    #[arg(short, long, global = true, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) output: Option<PathBuf>,
    /// Write a further report; may be repeated
    #[arg(long, global = true, value_name = "FORMAT=FILE", value_parser = ReportTarget::parse)]
    pub(crate) report: Vec<ReportTarget>,
    /// Items to list: of the waste, or of each part of a layer store [default: 10; in JSON 50, of a store all]
    #[arg(long, global = true, value_name = "N")]
    pub(crate) top: Option<usize>,

    /// Which image of several: tag, ID or position
    #[arg(
        long = "image",
        id = "image_name",
        global = true,
        value_name = "NAME|ID|INDEX",
        help_heading = "Image"
    )]
    pub(crate) image_name: Option<String>,
    /// Which container of a layer store: its image and, above it, what it has written
    #[arg(
        long,
        global = true,
        value_name = "NAME|ID",
        help_heading = "Image",
        conflicts_with = "image_name"
    )]
    pub(crate) container: Option<String>,
    /// Which platform of several, for example linux/arm64
    #[arg(
        long,
        global = true,
        value_name = "OS/ARCH[/VARIANT]",
        help_heading = "Image"
    )]
    pub(crate) platform: Option<String>,
    /// dive's way to write a prefix: `docker:IMAGE`, `podman:IMAGE`, `docker-archive:IMAGE`
    #[arg(long, global = true, hide = true, value_parser = ["docker", "podman", "docker-archive"])]
    pub(crate) source: Option<String>,
    /// Look at the image as of layer N (cat, extract)
    #[arg(long, global = true, value_name = "N", help_heading = "Image")]
    pub(crate) layer: Option<u16>,
    /// How many layers belong to the base image, where the guess is wrong
    #[arg(long, global = true, value_name = "N", help_heading = "Image")]
    pub(crate) base_layers: Option<u16>,
    /// Read these directories as the lower layers of an overlay, the uppermost first; no IMAGE then
    #[arg(long, global = true, value_name = "DIR[:DIR…]", value_hint = ValueHint::DirPath, help_heading = "Image", hide_short_help = true)]
    pub(crate) lower: Option<OsString>,
    /// The directory above those of --lower, with what was changed there
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Image", hide_short_help = true, requires = "lower")]
    pub(crate) upper: Option<PathBuf>,
    /// Check layers against their digests (in a layer store from their files), documents against the OCI specification
    #[arg(long, global = true, help_heading = "Image", hide_short_help = true)]
    pub(crate) verify: bool,
    /// Stop when layers expand to more than this
    #[arg(long, global = true, value_name = "SIZE", value_parser = parse_size, help_heading = "Image", hide_short_help = true)]
    pub(crate) max_expanded: Option<u64>,
    /// Stop when the layers have more entries than this
    #[arg(
        long,
        global = true,
        value_name = "N",
        help_heading = "Image",
        hide_short_help = true
    )]
    pub(crate) max_entries: Option<u64>,
    /// Threads that read layers
    #[arg(long, global = true, value_name = "N", hide = true)]
    pub(crate) threads: Option<usize>,

    #[command(flatten)]
    pub(crate) gate: Gate,

    /// No progress, no remarks: only data and errors
    #[arg(short, long, global = true, help_heading = "Terminal")]
    pub(crate) quiet: bool,
    /// List every warning
    #[arg(
        short,
        long,
        global = true,
        help_heading = "Terminal",
        conflicts_with = "quiet"
    )]
    pub(crate) verbose: bool,
    /// Colours
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Terminal",
        hide_short_help = true
    )]
    pub(crate) color: Color,
    /// Draw with ASCII only
    #[arg(long, global = true, help_heading = "Terminal", hide_short_help = true)]
    pub(crate) ascii: bool,
    /// Sizes in kB, MB, GB instead of KiB, MiB, GiB
    #[arg(long, global = true, help_heading = "Terminal", hide_short_help = true)]
    pub(crate) si: bool,
    /// Report as text even on a terminal
    #[arg(long, global = true, help_heading = "Terminal", hide_short_help = true)]
    pub(crate) no_tui: bool,
    /// Read this configuration instead of .layerscope.toml
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Configuration", hide_short_help = true)]
    pub(crate) config: Option<PathBuf>,
    /// Print the configuration in effect, with the source of each value
    #[arg(
        long,
        global = true,
        help_heading = "Configuration",
        hide_short_help = true
    )]
    pub(crate) print_config: bool,
}

impl Common {
    /// Returns the format asked for.
    pub(crate) fn format(&self) -> Format {
        match self.format {
            Some(format) => format,
            None if self.json => Format::Json,
            None => Format::Text,
        }
    }

    /// Returns whether a bar may tell how far the work is.
    pub(crate) fn show(&self) -> Show {
        if self.quiet { Show::Nothing } else { Show::Bar }
    }

    /// Returns how many bytes decompression may produce.
    pub(crate) fn expanded_limit(&self) -> u64 {
        self.max_expanded.unwrap_or(limits::EXPANDED_BYTES)
    }

    /// Returns what reading an image may cost.
    pub(crate) fn allowance(&self) -> Allowance {
        Allowance {
            expanded_bytes: self.expanded_limit(),
            // Whoever names a length means that and no ratio.
            cost: self.max_expanded.map_or(limits::EXPANSION_COST, |_| 0),
            entries: self.max_entries.unwrap_or(limits::IMAGE_ENTRIES),
            name_bytes: limits::IMAGE_NAME_BYTES,
        }
    }
}

/// The gate for builds: one option a rule.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct Gate {
    /// Exit with 1 when a rule does not hold; without any rule: waste over 10 % and over 10 MB
    #[arg(long, global = true)]
    pub(crate) ci: bool,
    /// Read rules from this file too: .layerscope.toml or .dive-ci
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub(crate) ci_config: Option<PathBuf>,
    /// Judge even if a part of the image could not be read; of a layer store: exit with 0 even then
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) allow_incomplete: bool,
    /// Judge dive's figures with dive's defaults
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) dive_compat: bool,
    #[command(flatten)]
    pub(crate) rules: RuleFlags,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` or TERM=dumb
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

/// `--report FORMAT=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportTarget {
    pub(crate) format: Format,
    pub(crate) file: PathBuf,
}

impl ReportTarget {
    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((format, file)) if !file.is_empty() => Ok(Self {
                format: parse_format(format)?,
                file: file.into(),
            }),
            _ => Err("write FORMAT=FILE, for example json=report.json".into()),
        }
    }
}

fn parse_format(text: &str) -> Result<Format, String> {
    const LATER: [&str; 4] = ["markdown", "html", "sarif", "junit"];
    Format::of_name(text).ok_or_else(|| {
        let known = Format::ALL.map(Format::as_str).join(", ");
        if LATER.contains(&text) {
            format!("this version does not write it; it writes {known}")
        } else {
            format!("known formats are {known}")
        }
    })
}

fn format_help() -> String {
    format!("Format of the report: {}", Format::choice(|_| true))
}

fn parse_size(text: &str) -> Result<u64, String> {
    units::parse_size(text)
}
