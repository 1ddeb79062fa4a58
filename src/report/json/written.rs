//! The object `container`: what is in the topmost layer where somebody writes to it.
//!
//! `name` and `id` are a container's, `directory` is an upper directory named by hand or found by its mount; the
//! others are `null`. `layer` is its index. `changes` lists all that `docker diff` or `podman diff` would, in the
//! manner of `engine`. `copy_ups` lists what was copied up from below, largest first, at most `--top` of them;
//! `copy_ups_omitted` counts the rest, and `totals.copied_up` covers all. `growth` lists the directories that hold
//! most of what was written, by length of their files.
//!
//! A copy-up has a `reason`: `data`, `metadata`, `moved` or `unread` (with the `error`). `from_layer` is where the
//! file lies below, `changed_bytes` how much of it is other than before, `compared_bytes` the part that was looked
//! at, `null` for all of it. Each part of `metadata` is `null` where it is as before.

use serde_json::{Map, Value, json};

use super::located;
use crate::analysis::Analysis;
use crate::analysis::changes::{Changed, Mark};
use crate::analysis::container_writes::{Tally, Written};
use crate::analysis::copy_up::{CopyUp, CopyUps, Extent, Manner, MetadataChange, Outcome, Shift};
use crate::image::Writer;

/// Returns the object, with at most `top` copy-ups.
pub(super) fn container(analysis: &Analysis, written: &Written, top: usize) -> Value {
    let (name, id, directory) = match &written.writable.writer {
        Writer::Container { name, id } => (Some(name), Some(id), None),
        Writer::Directory(directory) => (None, None, Some(directory)),
    };
    let files = &written.copy_ups.files;
    let copy_ups = files.iter().take(top).map(|file| copy_up(analysis, file));
    let growth = written.growth.iter().map(|growth| {
        let mut object = located(&analysis.tree.path(growth.path));
        object.insert("bytes".into(), json!(growth.bytes));
        Value::Object(object)
    });
    json!({
        "name": name,
        "id": id,
        "directory": directory,
        "layer": written.writable.layer.0,
        "complete": written.complete,
        "totals": totals(written),
        "engine": written.writable.engine.as_str(),
        "changes": written.changes.iter().map(change).collect::<Value>(),
        "copy_ups": copy_ups.collect::<Value>(),
        "copy_ups_omitted": files.len().saturating_sub(top),
        "growth": growth.collect::<Value>(),
    })
}

fn totals(written: &Written) -> Value {
    let copy_ups = &written.copy_ups;
    json!({
        "written_bytes": written.bytes,
        "added": tally(written.added),
        "changed": tally(written.changed),
        "deleted": tally(written.deleted),
        "copied_up": match copy_ups.manner {
            Manner::CopiesUp => copied_up(copy_ups),
            Manner::InPlace => Value::Null,
        },
        "replaced": { "files": copy_ups.replaced_files, "bytes": copy_ups.replaced_bytes },
    })
}

fn copied_up(copy_ups: &CopyUps) -> Value {
    let is_for_metadata = |file: &&CopyUp| matches!(file.outcome, Outcome::MetadataOnly(_));
    json!({
        "files": copy_ups.files.len(),
        "copied_bytes": copy_ups.copied_bytes,
        "changed_bytes": copy_ups.changed_bytes,
        "metadata_only": {
            "files": copy_ups.files.iter().filter(is_for_metadata).count(),
            "copied_bytes": copy_ups.metadata_only_bytes,
        },
    })
}

fn tally(tally: Tally) -> Value {
    json!({ "files": tally.files, "directories": tally.directories, "bytes": tally.bytes })
}

fn change(changed: &Changed) -> Value {
    let mut object = Map::new();
    let word = match changed.mark {
        Mark::Added => "added",
        Mark::Changed => "changed",
        Mark::Deleted => "deleted",
    };
    object.insert("change".into(), json!(word));
    object.extend(located(&changed.path));
    Value::Object(object)
}

fn copy_up(analysis: &Analysis, file: &CopyUp) -> Value {
    let (reason, compared, metadata, error) = match &file.outcome {
        Outcome::Changed { extent, .. } => match extent {
            Extent::Whole => ("data", None, None, None),
            Extent::First(bytes) => ("data", Some(*bytes), None, None),
        },
        Outcome::MetadataOnly(change) => ("metadata", None, Some(metadata(change)), None),
        Outcome::Moved => ("moved", None, None, None),
        Outcome::Unread(error) => ("unread", Some(0), None, Some(error)),
    };
    let mut object = located(&analysis.tree.path(file.path));
    object.insert("from_layer".into(), json!(file.from.map(|layer| layer.0)));
    object.insert("copied_bytes".into(), json!(file.copied_bytes));
    object.insert("changed_bytes".into(), json!(file.changed_bytes()));
    object.insert("compared_bytes".into(), json!(compared));
    object.insert("reason".into(), json!(reason));
    object.insert("metadata".into(), json!(metadata));
    object.insert("error".into(), json!(error));
    Value::Object(object)
}

fn metadata(change: &MetadataChange) -> Value {
    let octal = |mode: u16| json!(format!("{mode:04o}"));
    let owner = |(uid, gid): (u32, u32)| json!({ "uid": uid, "gid": gid });
    json!({
        "mode": shift(change.mode, octal),
        "owner": shift(change.owner, owner),
        "time": shift(change.time, |seconds| json!(seconds)),
        "attributes": change.has_other_attributes,
    })
}

fn shift<T>(shift: Option<Shift<T>>, shown: impl Fn(T) -> Value) -> Value {
    shift.map_or(
        Value::Null,
        |shift| json!({ "from": shown(shift.from), "to": shown(shift.to) }),
    )
}
