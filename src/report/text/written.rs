//! What a container wrote, and what of that overlayfs copied for it.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use super::{BOLD, DIMMED, ODD, Place, count, place};
use crate::analysis::container_writes::{Batch, Tally, Why, Written};
use crate::analysis::copy_up::{Manner, MetadataChange, Shift};
use crate::image::Writer;
use crate::report::Report;
use crate::text::attributes::time;
use crate::text::columns::{Cut, flow, left, right, widest};
use crate::text::{Detail, Glyphs, Look};

/// Narrower than this a path says nothing.
const LEAST_PLACE: usize = 20;

/// Beyond this a change of metadata is told in words alone, unless all is asked for.
const LONGEST_CHANGE: usize = 30;

/// Batches of copies listed unless told otherwise.
const DEFAULT_TOP: usize = 10;

pub(super) fn write(report: &Report<'_>, output: &mut dyn Write) -> io::Result<()> {
    let Some(written) = report.written else {
        return Ok(());
    };
    writeln!(output)?;
    write_title(report, written, output)?;
    write_tallies(report, written, output)?;
    write_growth(report, written, output)?;
    write_copy_ups(report, written, output)
}

fn write_title(report: &Report<'_>, written: &Written, output: &mut dyn Write) -> io::Result<()> {
    let (verb, who) = match &written.writable.writer {
        Writer::Container { name, .. } => ("Written by", report.look.shown(name.as_bytes())),
        Writer::Directory(directory) => ("Written to", report.look.shown(directory.as_bytes())),
    };
    let size = match (is_empty(written), written.complete) {
        (true, true) => "nothing".to_owned(),
        (_, true) => report.look.units.size(written.bytes),
        (_, false) => format!("at least {}", report.look.units.size(written.bytes)),
    };
    let room = report
        .look
        .width
        .saturating_sub(verb.len() + size.len() + 3);
    let who = report.look.fit(&who, room, Cut::Middle);
    writeln!(output, "{BOLD}{verb} {who}:{BOLD:#} {size}")
}

fn is_empty(written: &Written) -> bool {
    [written.added, written.changed, written.deleted]
        .iter()
        .all(|tally| *tally == Tally::default())
}

fn write_tallies(report: &Report<'_>, written: &Written, output: &mut dyn Write) -> io::Result<()> {
    let replaced = match written.copy_ups.replaced_files {
        0 => String::new(),
        files => format!("{} written anew, not copied", counted(files, "file")),
    };
    let deleted = match written.deleted.bytes {
        0 => "",
        _ => "hidden, and still stored below",
    };
    let rows = [
        ("added", written.added, String::new()),
        ("changed", written.changed, replaced),
        ("deleted", written.deleted, deleted.to_owned()),
    ];
    let rows: Vec<(&str, String, String, String)> = rows
        .into_iter()
        .filter(|(_, tally, _)| *tally != Tally::default())
        .map(|(verb, tally, note)| {
            let size = report.look.units.size(tally.bytes);
            (verb, paths(tally), size, note)
        })
        .collect();
    let path_width = widest(rows.iter().map(|row| row.1.as_str()));
    let size_width = widest(rows.iter().map(|row| row.2.as_str()));
    for (verb, paths, size, note) in &rows {
        let cells = format!(
            "{}  {}  {}",
            left(verb, "changed".len()),
            left(paths, path_width),
            right(size, size_width)
        );
        let lines = flow(
            &[cells, note.clone()],
            "  ",
            report.look.width.saturating_sub(2),
        );
        for line in lines {
            writeln!(output, "  {line}")?;
        }
    }
    Ok(())
}

/// Returns `3 files, 1 directory`.
fn paths(tally: Tally) -> String {
    let mut pieces = Vec::new();
    if tally.files > 0 {
        pieces.push(counted(tally.files, "file"));
    }
    match tally.directories {
        0 => {}
        1 => pieces.push("1 directory".to_owned()),
        many => pieces.push(format!("{} directories", crate::units::count(many))),
    }
    pieces.join(", ")
}

fn counted(number: u64, noun: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), noun, "")
}

fn write_growth(report: &Report<'_>, written: &Written, output: &mut dyn Write) -> io::Result<()> {
    if written.growth.is_empty() {
        return Ok(());
    }
    let mut pieces = vec![left("most in", "changed".len())];
    pieces.extend(written.growth.iter().map(|growth| {
        let size = report.look.units.size(growth.bytes);
        let room = report.look.width.saturating_sub(size.len() + 16);
        format!("{} {size}", place(report, growth.path, Place::Below, room))
    }));
    for line in flow(&pieces, "  ", report.look.width.saturating_sub(2)) {
        writeln!(output, "  {line}")?;
    }
    Ok(())
}

fn write_copy_ups(
    report: &Report<'_>,
    written: &Written,
    output: &mut dyn Write,
) -> io::Result<()> {
    let copy_ups = &written.copy_ups;
    if copy_ups.manner == Manner::InPlace {
        let text = "nothing is copied up: with this driver every layer is a whole file system";
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        for line in flow(&words, " ", report.look.width.saturating_sub(2)) {
            writeln!(output, "  {DIMMED}{line}{DIMMED:#}")?;
        }
        return Ok(());
    }
    if copy_ups.files.is_empty() {
        return Ok(());
    }
    let units = report.look.units;
    let in_part = written.batches.iter().any(|batch| is_in_part(batch.why));
    let pieces = [
        format!(
            "Copied up from below: {} in {},",
            units.size(copy_ups.copied_bytes),
            counted(copy_ups.files.len() as u64, "file")
        ),
        format!(
            "for {}{} of change",
            if in_part { "at least " } else { "" },
            units.size(copy_ups.changed_bytes)
        ),
    ];
    let lines = flow(&pieces, " ", report.look.width);
    for line in lines {
        writeln!(output, "{BOLD}{line}{BOLD:#}")?;
    }
    write_batches(report, &written.batches, output)
}

const fn is_in_part(why: Why) -> bool {
    matches!(why, Why::DataInPart | Why::Unread)
}

fn write_batches(report: &Report<'_>, batches: &[Batch], output: &mut dyn Write) -> io::Result<()> {
    let shown = batches.len().min(report.top.unwrap_or(DEFAULT_TOP));
    let (shown, rest) = batches.split_at(shown);
    let rows: Vec<[String; 3]> = shown
        .iter()
        .map(|batch| {
            [
                report.look.units.size(batch.copied_bytes),
                changed(report, batch),
                why(&report.look, batch.why),
            ]
        })
        .collect();
    let header = ["Copied", "Changed", "What for"].map(str::to_owned);
    let all = || rows.iter().chain([&header]);
    let widths = [0, 1, 2].map(|column| widest(all().map(|row| row[column].as_str())));
    let cells = |row: &[String; 3]| {
        [
            right(&row[0], widths[0]),
            right(&row[1], widths[1]),
            left(&row[2], widths[2]),
        ]
    };
    if !shown.is_empty() {
        writeln!(
            output,
            "  {DIMMED}{}  Path{DIMMED:#}",
            cells(&header).join("  ")
        )?;
    }
    for (row, batch) in rows.iter().zip(shown) {
        let [copied, changed, why] = cells(row);
        let used = 2 + widths.iter().sum::<usize>() + 6;
        let room = report.look.width.saturating_sub(used);
        if room >= LEAST_PLACE {
            let what = what(report, batch, room);
            writeln!(output, "  {copied}  {changed}  {ODD}{why}{ODD:#}  {what}")?;
        } else {
            let what = what(report, batch, report.look.width.saturating_sub(6));
            let why = why.trim_end();
            writeln!(
                output,
                "  {copied}  {changed}  {ODD}{why}{ODD:#}\n      {what}"
            )?;
        }
    }
    write_rest(report, rest, output)
}

fn write_rest(report: &Report<'_>, rest: &[Batch], output: &mut dyn Write) -> io::Result<()> {
    if rest.is_empty() {
        return Ok(());
    }
    let bytes = rest
        .iter()
        .fold(0_u64, |sum, batch| sum.saturating_add(batch.copied_bytes));
    let files = rest.iter().map(|batch| batch.files as u64).sum();
    let pieces = [
        format!(
            "and {} more with {};",
            counted(files, "file"),
            report.look.units.size(bytes)
        ),
        "--top N lists them".to_owned(),
    ];
    for line in flow(&pieces, " ", report.look.width.saturating_sub(2)) {
        writeln!(output, "  {DIMMED}{line}{DIMMED:#}")?;
    }
    Ok(())
}

fn changed(report: &Report<'_>, batch: &Batch) -> String {
    let size = report.look.units.size(batch.changed_bytes);
    match batch.why {
        Why::Unread => "?".to_owned(),
        Why::DataInPart if report.look.glyphs == Glyphs::Unicode => format!("≥ {size}"),
        Why::DataInPart => format!(">= {size}"),
        _ => size,
    }
}

/// Returns for example `mode 644 → 755`; where that gets long, only what changed.
fn why(look: &Look, why: Why) -> String {
    match why {
        Why::Data | Why::DataInPart => "data".to_owned(),
        Why::Metadata(change) => metadata(look, change),
        Why::Moved => "moved or linked".to_owned(),
        Why::Unread => "not readable".to_owned(),
    }
}

fn metadata(look: &Look, change: MetadataChange) -> String {
    let arrow = match look.glyphs {
        Glyphs::Unicode => "→",
        Glyphs::Ascii => "->",
    };
    let owner = |(uid, gid): (u32, u32)| format!("{uid}:{gid}");
    let octal = |mode: u16| format!("{mode:03o}");
    let parts = [
        ("mode", shifted(change.mode, octal, arrow)),
        ("owner", shifted(change.owner, owner, arrow)),
        ("time", shifted(change.time, time, arrow)),
        ("attributes", change.has_other_attributes.then(String::new)),
    ];
    let parts: Vec<(&str, String)> = parts
        .into_iter()
        .filter_map(|(name, shown)| Some((name, shown?)))
        .collect();
    let long: Vec<String> = parts
        .iter()
        .map(|(name, shown)| format!("{name} {shown}").trim_end().to_owned())
        .collect();
    let long = long.join(", ");
    let room = match look.detail {
        Detail::Short => LONGEST_CHANGE.min(look.width / 3),
        Detail::Full => usize::MAX,
    };
    if parts.is_empty() {
        "no change".to_owned()
    } else if long.width() <= room {
        long
    } else {
        parts
            .iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// Returns nothing where both look the same: times within a minute, or of many files, which have little in common.
fn shifted<T>(shift: Option<Shift<T>>, shown: impl Fn(T) -> String, arrow: &str) -> Option<String> {
    let Shift { from, to } = shift?;
    let (from, to) = (shown(from), shown(to));
    if from == to {
        return Some(String::new());
    }
    Some(format!("{from} {arrow} {to}"))
}

fn what(report: &Report<'_>, batch: &Batch, columns: usize) -> String {
    if batch.files == 1 {
        return place(report, batch.place, Place::Itself, columns);
    }
    let files = format!(" ({})", count(batch.files, "file", ""));
    let room = columns.saturating_sub(files.len());
    format!("{}{files}", place(report, batch.place, Place::Below, room))
}
