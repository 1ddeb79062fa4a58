//! One line a layer.

use std::io::{self, Write};

use super::{BAD, BOLD, DIMMED, title};
use crate::analysis::LayerFigures;
use crate::image::Layer;
use crate::layer::LayerIndex;
use crate::report::Report;
use crate::text::columns::{Cut, left, right, widest};

/// Narrower than this an instruction says nothing.
const LEAST_TITLE: usize = 20;

/// Columns of the mark before an instruction whose layer is damaged.
const DAMAGE_MARK: usize = 2;

struct LayerRow {
    index: String,
    content: String,
    stored: String,
    wasted: String,
    changes: String,
    layer: LayerIndex,
    is_damaged: bool,
}

pub(super) fn write(report: &Report<'_>, output: &mut dyn Write) -> io::Result<()> {
    let analysis = report.analysis;
    if analysis.image.layers.is_empty() {
        return Ok(());
    }
    let pairs = analysis.image.layers.iter().zip(&analysis.layers);
    let rows: Vec<LayerRow> = pairs
        .map(|(layer, figures)| row(report, layer, figures))
        .collect();
    let widths = Widths::of(&rows, report.look.width);
    writeln!(output)?;
    let header = LayerRow {
        index: "#".into(),
        content: "Content".into(),
        stored: "Stored".into(),
        wasted: "Wasted".into(),
        changes: "Changes".into(),
        layer: LayerIndex(0),
        is_damaged: false,
    };
    let cells = widths.cells(&header);
    let maker = report
        .look
        .fit("Created by", widths.title + DAMAGE_MARK, Cut::End);
    writeln!(output, "{BOLD}{cells}{maker}{BOLD:#}")?;
    for row in &rows {
        let title = report
            .look
            .fit(&title(report, row.layer), widths.title, Cut::End);
        let cells = widths.cells(row);
        let mark = if row.is_damaged { "! " } else { "" };
        writeln!(output, "{cells}{BAD}{mark}{BAD:#}{DIMMED}{title}{DIMMED:#}")?;
    }
    Ok(())
}

fn row(report: &Report<'_>, layer: &Layer, figures: &LayerFigures) -> LayerRow {
    let units = report.look.units;
    LayerRow {
        index: layer.index.to_string(),
        content: units.size(figures.content_bytes),
        stored: layer
            .stored_bytes
            .map_or("?".into(), |bytes| units.size(bytes)),
        wasted: if figures.wasted_bytes == 0 {
            "-".into()
        } else {
            units.size(figures.wasted_bytes)
        },
        changes: changes(figures),
        layer: layer.index,
        is_damaged: !figures.complete,
    }
}

/// Returns for example `+120 ~3 m400 -7`; what did not happen is left out.
fn changes(figures: &LayerFigures) -> String {
    [
        ("+", figures.added),
        ("~", figures.modified),
        ("m", figures.touched),
        ("=", figures.repeated),
        ("-", figures.removed),
    ]
    .iter()
    .filter(|(_, number)| *number > 0)
    .map(|(sign, number)| format!("{sign}{number}"))
    .collect::<Vec<_>>()
    .join(" ")
}

/// Columns of the table; a `stored` of `None` is left out for want of room.
struct Widths {
    index: usize,
    content: usize,
    stored: Option<usize>,
    wasted: usize,
    changes: usize,
    title: usize,
}

impl Widths {
    fn of(rows: &[LayerRow], width: usize) -> Self {
        let column =
            |name: &str, cell: fn(&LayerRow) -> &str| widest(rows.iter().map(cell)).max(name.len());
        let mut widths = Self {
            index: column("#", |row| &row.index),
            content: column("Content", |row| &row.content),
            stored: Some(column("Stored", |row| &row.stored)),
            wasted: column("Wasted", |row| &row.wasted),
            changes: column("Changes", |row| &row.changes),
            title: 0,
        };
        widths.take_title(width);
        if widths.title < LEAST_TITLE {
            widths.stored = None;
            widths.take_title(width);
        }
        widths
    }

    fn take_title(&mut self, width: usize) {
        const GAP: usize = 2;
        let stored = self.stored.map_or(0, |stored| stored + GAP);
        let used = self.index + self.content + stored + self.wasted + self.changes + 4 * GAP;
        self.title = width.saturating_sub(used + DAMAGE_MARK).max(6);
    }

    fn cells(&self, row: &LayerRow) -> String {
        let mut cells = vec![
            right(&row.index, self.index),
            right(&row.content, self.content),
        ];
        cells.extend(self.stored.map(|stored| right(&row.stored, stored)));
        cells.push(right(&row.wasted, self.wasted));
        cells.push(left(&row.changes, self.changes));
        cells.push(String::new());
        cells.join("  ")
    }
}
