//! The report for people: what it is, what it costs, what made it so, and what the rules say.
//!
//! Lines keep to the width of the [`Look`](crate::text::Look); only a single word wider than it goes beyond.

mod heading;
mod layers;
mod rules;
mod warnings;
mod waste;
mod written;

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::Report;
use crate::analysis::Analysis;
use crate::layer::LayerIndex;
use crate::text::columns::Cut;
use crate::tree::PathId;

pub(crate) use rules::line as rule_line;
pub(crate) use waste::verb;

const BOLD: Style = Style::new().bold();
const DIMMED: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const ODD: Style = AnsiColor::Yellow.on_default();

/// Writes the report.
///
/// # Errors
/// Those of `output`.
pub fn write(report: &Report<'_>, output: &mut dyn Write) -> io::Result<()> {
    heading::write(report, output)?;
    layers::write(report, output)?;
    written::write(report, output)?;
    waste::write(report, output)?;
    warnings::write(report, output)?;
    rules::write(report, output)
}

/// Returns `3 files`, `1 file`.
fn count(number: usize, noun: &str, after: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!(
        "{} {noun}{plural}{after}",
        crate::units::count(number as u64)
    )
}

/// Returns the instruction that made a layer, in one line.
fn title(report: &Report<'_>, layer: LayerIndex) -> String {
    let title = report.analysis.image.layers.get(layer.as_usize());
    let title = title.map(crate::image::Layer::title).unwrap_or_default();
    report.look.shown(title.as_bytes())
}

/// Returns a path as inside the container, with a slash behind where it stands for what is below it.
fn place(report: &Report<'_>, path: PathId, what: Place, columns: usize) -> String {
    let mut shown = format!("/{}", report.look.shown(&report.analysis.tree.path(path)));
    if what == Place::Below && !shown.ends_with('/') {
        shown.push('/');
    }
    report.look.fit(&shown, columns, Cut::Middle)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Itself,
    Below,
}

/// Returns how people name the layers from one index on.
fn layer_range(analysis: &Analysis, from: u16, to: usize) -> String {
    let last = to.saturating_sub(1);
    debug_assert!(to <= analysis.image.layers.len());
    if usize::from(from) == last {
        format!("layer {last}")
    } else {
        format!("layers {from}-{last}")
    }
}
