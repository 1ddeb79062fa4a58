//! What did not stop the job: one line each, told once for all the layers it is true of.

use std::collections::HashMap;
use std::io::{self, Write};

use super::{DIMMED, ODD, count};
use crate::error::Warning;
use crate::report::Report;
use crate::text::Detail;
use crate::text::columns::flow;

/// Warnings listed unless all are asked for.
const FEW: usize = 5;

const LABEL: &str = "warning: ";

pub(super) fn write(report: &Report<'_>, output: &mut dyn Write) -> io::Result<()> {
    let remarks = folded(&report.analysis.warnings);
    if remarks.is_empty() {
        return Ok(());
    }
    let shown = match report.look.detail {
        Detail::Short => FEW,
        Detail::Full => usize::MAX,
    };
    writeln!(output)?;
    for remark in remarks.iter().take(shown) {
        let place = remark.place();
        let message = report.look.shown(remark.message.as_bytes());
        let words = format!("{place}{message}");
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let width = report.look.width.saturating_sub(LABEL.len());
        for (row, line) in flow(&words, " ", width).iter().enumerate() {
            let label = if row == 0 { LABEL } else { "         " };
            writeln!(output, "{ODD}{label}{ODD:#}{line}")?;
        }
    }
    match remarks.len().saturating_sub(shown) {
        0 => Ok(()),
        rest => writeln!(
            output,
            "{DIMMED}{}{DIMMED:#}",
            count(rest, "more warning", "; -v lists them")
        ),
    }
}

/// Warnings of the same words, and the layers that raised them.
struct Remark<'a> {
    message: &'a str,
    /// Ascending; empty where it is about the source.
    layers: Vec<u16>,
}

impl Remark<'_> {
    /// Returns for example `layers 0-2, 5: `.
    fn place(&self) -> String {
        let runs: Vec<String> = self
            .layers
            .chunk_by(|before, after| before + 1 == *after)
            .map(|run| match run {
                [first, .., last] => format!("{first}-{last}"),
                _ => run.iter().map(u16::to_string).collect(),
            })
            .collect();
        match self.layers.len() {
            0 => String::new(),
            1 => format!("layer {}: ", runs.join(", ")),
            _ => format!("layers {}: ", runs.join(", ")),
        }
    }
}

/// Folds what is said of several layers into one, at the place of the first.
///
/// One builder makes every layer odd in the same way; fifty lines of that hide the one that matters.
fn folded(warnings: &[Warning]) -> Vec<Remark<'_>> {
    let mut places = HashMap::new();
    let mut remarks: Vec<Remark<'_>> = Vec::new();
    for warning in warnings {
        let key = (warning.code, &*warning.message, warning.layer.is_some());
        let at = *places.entry(key).or_insert(remarks.len());
        if at == remarks.len() {
            remarks.push(Remark {
                message: &warning.message,
                layers: Vec::new(),
            });
        }
        remarks[at].layers.extend(warning.layer);
    }
    for remark in &mut remarks {
        remark.layers.sort_unstable();
        remark.layers.dedup();
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::WarningCode;

    #[test]
    fn what_is_true_of_many_layers_is_said_once() {
        let of =
            |layer: u16, text: &str| Warning::new(WarningCode::EscapingPath, text).in_layer(layer);
        let warnings = [
            Warning::new(WarningCode::BadConfig, "odd"),
            of(1, "odd"),
            of(2, "rare"),
            of(4, "odd"),
            of(2, "odd"),
            of(3, "odd"),
            of(7, "odd"),
            Warning::new(WarningCode::MissingEnd, "odd").in_layer(1),
        ];
        let lines: Vec<String> = folded(&warnings)
            .iter()
            .map(|remark| format!("{}{}", remark.place(), remark.message))
            .collect();
        assert_eq!(
            lines,
            ["odd", "layers 1-4, 7: odd", "layer 2: rare", "layer 1: odd"]
        );
    }
}
