//! `layerscope ls`: rows of a view, for people and for programs.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::analysis::Analysis;
use crate::error::{Error, Result};
use crate::layer::EntryKind;
use crate::path::{self, display};
use crate::report::Format;
use crate::report::json::{located, without_raw_controls};
use crate::text::attributes;
use crate::tree::{Change, Listed, PathId, View};

use super::arguments::ViewName;
use super::options::Common;
use super::{lookup, output};

/// Lists what a view shows at and below a path.
///
/// # Errors
/// [`Error::NoSuchPath`], [`Error::NoSuchLayer`], and what keeps the output from being written.
pub(crate) fn run(
    analysis: &Analysis,
    raw: Option<&OsStr>,
    view: ViewName,
    options: &Common,
) -> Result<()> {
    let view = match (view, options.layer) {
        (ViewName::Merged, layer) => lookup::union(analysis, layer)?,
        (_, Some(_)) => {
            return Err(Error::Usage {
                reason: "--view and --layer say two things".into(),
                advice: "--view N is the view as of layer N, --view layer:N what layer N does"
                    .into(),
            });
        }
        (ViewName::Union(layer), None) => lookup::union(analysis, Some(layer))?,
        (ViewName::Layer(layer), None) => lookup::alone(analysis, layer)?,
    };
    let start = raw.map_or(Ok(PathId::ROOT), |raw| lookup::start(analysis, view, raw))?;
    let write: fn(&Analysis, View, PathId, &mut dyn Write) -> io::Result<()> =
        match options.format() {
            Format::Text => write_text,
            Format::Json => write_json,
            other => {
                return Err(Error::Usage {
                    reason: "ls writes text and json".into(),
                    advice: format!(
                        "leave --format {} to the report on an image",
                        other.as_str()
                    ),
                });
            }
        };
    output::write(options, |_, output| write(analysis, view, start, output))
}

fn write_json(
    analysis: &Analysis,
    view: View,
    start: PathId,
    output: &mut dyn Write,
) -> io::Result<()> {
    view.list(&analysis.tree, start, &mut |row| {
        writeln!(output, "{}", without_raw_controls(&object(row).to_string()))
    })
}

fn object(row: &Listed) -> Value {
    let mut object = located(&row.path);
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    put("type", json!(row.kind.as_str()));
    put("mode", json!(row.mode.map(|mode| format!("{mode:04o}"))));
    put("uid", json!(row.uid));
    put("gid", json!(row.gid));
    put("size", json!(row.size));
    put("nlink", json!(row.nlink));
    put("mtime", json!(row.mtime));
    put("link", json!(row.link.as_deref().map(display)));
    put("layer", json!(row.layer.0));
    put("change", json!(row.change.and_then(change_name)));
    if let Some(encoded) = row.link.as_deref().and_then(encoded) {
        put("link_b64", json!(encoded));
    }
    if row.opaque {
        put("opaque", json!(true));
    }
    Value::Object(Map::from_iter(object))
}

/// Link targets whose text does not give the bytes back come with the bytes, as paths do.
fn encoded(link: &[u8]) -> Option<String> {
    use base64::Engine as _;
    (!path::is_plain(link)).then(|| base64::engine::general_purpose::STANDARD.encode(link))
}

/// A whiteout of nothing changes nothing.
const fn change_name(change: Change) -> Option<&'static str> {
    match change {
        Change::Added => Some("added"),
        Change::Modified => Some("modified"),
        Change::Touched => Some("touched"),
        Change::Repeated => Some("repeated"),
        Change::Removed => Some("removed"),
        Change::Unchanged | Change::Dangling | Change::Hidden => None,
    }
}

/// Widths of the columns that are set to the right.
#[derive(Default)]
struct Widths {
    owner: usize,
    size: usize,
}

/// Walks twice: columns need to know their widest cell, and the rows of a large image need not be kept.
fn write_text(
    analysis: &Analysis,
    view: View,
    start: PathId,
    output: &mut dyn Write,
) -> io::Result<()> {
    let mut widths = Widths::default();
    let measured: Result<(), Infallible> = view.list(&analysis.tree, start, &mut |row| {
        widths.owner = widths.owner.max(owner(row).len());
        widths.size = widths.size.max(size(row).len());
        Ok(())
    });
    let Ok(()) = measured;
    view.list(&analysis.tree, start, &mut |row| {
        write_row(view, row, &widths, output)
    })
}

fn write_row(view: View, row: &Listed, widths: &Widths, output: &mut dyn Write) -> io::Result<()> {
    if matches!(view, View::Layer(_)) {
        write!(output, "{} ", mark(row))?;
    }
    let (owner_width, size_width) = (widths.owner, widths.size);
    write!(
        output,
        "{}  {:<owner_width$}  {:>size_width$}  {:<16}  {}",
        mode(row),
        owner(row),
        size(row),
        time(row),
        path::display_absolute(&row.path),
    )?;
    if let Some(link) = &row.link {
        write!(output, " -> {}", display(link))?;
    }
    writeln!(output)
}

/// Returns the mark of the interactive view.
fn mark(row: &Listed) -> char {
    match row.change {
        _ if row.opaque => 'O',
        Some(Change::Added) => 'A',
        Some(Change::Modified) => 'M',
        Some(Change::Touched) => 'm',
        Some(Change::Repeated) => '=',
        Some(Change::Removed | Change::Dangling) => 'D',
        Some(Change::Unchanged | Change::Hidden) | None => ' ',
    }
}

fn mode(row: &Listed) -> String {
    attributes::permissions(row.kind.letter(), row.mode)
}

fn owner(row: &Listed) -> String {
    match (row.kind, row.uid, row.gid) {
        (EntryKind::Whiteout, ..) => String::new(),
        (_, Some(uid), Some(gid)) => format!("{uid}:{gid}"),
        _ => "?".into(),
    }
}

fn size(row: &Listed) -> String {
    match (row.kind, row.device) {
        (EntryKind::Whiteout, _) => String::new(),
        (_, Some((major, minor))) => format!("{major},{minor}"),
        _ => row.size.to_string(),
    }
}

/// Returns the time in UTC, to the minute; what no calendar knows as plain seconds.
fn time(row: &Listed) -> String {
    let Some(seconds) = row.mtime.filter(|_| row.kind != EntryKind::Whiteout) else {
        return if row.kind == EntryKind::Whiteout {
            String::new()
        } else {
            "?".into()
        };
    };
    attributes::time(seconds)
}
