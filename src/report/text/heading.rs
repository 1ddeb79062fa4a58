//! The first lines: identity, sizes, efficiency, the own part.

use std::io::{self, Write};

use super::{BAD, BOLD, DIMMED, count, layer_range};
use crate::report::Report;
use crate::text::columns::{Cut, flow};
use crate::units;

pub(super) fn write(report: &Report<'_>, output: &mut dyn Write) -> io::Result<()> {
    write_identity(report, output)?;
    for pieces in [sizes(report), efficiency(report), own(report), base(report)] {
        for line in flow(&pieces, "  ", report.look.width) {
            writeln!(output, "{line}")?;
        }
    }
    if !report.analysis.complete {
        let text = "incomplete: a part could not be read, every figure may be too small";
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        for line in flow(&words, " ", report.look.width) {
            writeln!(output, "{BAD}{line}{BAD:#}")?;
        }
    }
    Ok(())
}

fn write_identity(report: &Report<'_>, output: &mut dyn Write) -> io::Result<()> {
    let analysis = report.analysis;
    let image = &analysis.image;
    let name = report.look.shown(unescaped_name(report).as_bytes());
    let name = report.look.fit(&name, report.look.width, Cut::Middle);
    let pieces = [
        name.clone(),
        image
            .platform
            .written()
            .map_or(String::new(), |text| report.look.shown(text.as_bytes())),
        count(image.layers.len(), "layer", ""),
        count(
            usize::try_from(analysis.totals.paths).unwrap_or(usize::MAX),
            "path",
            "",
        ),
    ];
    let lines = flow(&pieces, "  ", report.look.width);
    for (row, line) in lines.iter().enumerate() {
        match line.strip_prefix(&name) {
            Some(rest) if row == 0 => writeln!(output, "{BOLD}{name}{BOLD:#}{rest}")?,
            _ => writeln!(output, "{line}")?,
        }
    }
    if image.names.len() > 1 {
        let others: Vec<String> = image
            .names
            .iter()
            .skip(1)
            .map(|name| report.look.shown(name.as_bytes()))
            .collect();
        let also = format!("also {}", others.join(", "));
        let also = report.look.fit(&also, report.look.width, Cut::End);
        writeln!(output, "{DIMMED}{also}{DIMMED:#}")?;
    }
    Ok(())
}

fn unescaped_name(report: &Report<'_>) -> String {
    let image = &report.analysis.image;
    match (image.names.first(), &image.id) {
        (Some(name), _) => name.clone(),
        (None, Some(id)) => id.short().to_owned(),
        (None, None) => report.analysis.source.locator.clone(),
    }
}

fn sizes(report: &Report<'_>) -> Vec<String> {
    let analysis = report.analysis;
    let units = report.look.units;
    let source = format!("({} {})", analysis.source.kind, analysis.source.locator);
    vec![
        format!("content {}", units.size(analysis.totals.content_bytes)),
        format!("visible {}", units.size(analysis.totals.effective_bytes)),
        analysis.totals.stored_bytes.map_or(String::new(), |bytes| {
            format!("stored {}", units.size(bytes))
        }),
        report
            .look
            .fit(&source, report.look.width.saturating_sub(2), Cut::Middle),
    ]
}

fn efficiency(report: &Report<'_>) -> Vec<String> {
    let totals = &report.analysis.totals;
    vec![
        format!("efficiency {}", units::percent(totals.efficiency)),
        format!(
            "wasted {} ({})",
            report.look.units.size(totals.wasted_bytes),
            units::percent(totals.wasted_ratio())
        ),
    ]
}

fn own(report: &Report<'_>) -> Vec<String> {
    let own = &report.analysis.totals.own;
    let layers = report.analysis.image.layers.len();
    if own.base_layers == 0 || usize::from(own.base_layers) >= layers {
        return Vec::new();
    }
    let size = |bytes| report.look.units.size(bytes);
    let mut pieces = vec![
        format!(
            "own {}",
            layer_range(report.analysis, own.base_layers, layers)
        ),
        format!("content {}", size(own.content_bytes)),
        format!(
            "wasted {} ({})",
            size(own.wasted_bytes),
            units::percent(own.wasted_ratio())
        ),
    ];
    if own.hidden_base_bytes > 0 {
        pieces.push(format!("base bytes hidden {}", size(own.hidden_base_bytes)));
    }
    pieces
}

fn base(report: &Report<'_>) -> Vec<String> {
    let base = &report.analysis.base;
    if base.layers == 0 {
        return Vec::new();
    }
    let layers = usize::from(base.layers).min(report.analysis.image.layers.len());
    let evidence = report.look.shown(base.evidence.as_bytes());
    let line = format!(
        "base {} ({evidence})",
        layer_range(report.analysis, 0, layers)
    );
    vec![report.look.fit(&line, report.look.width, Cut::End)]
}
