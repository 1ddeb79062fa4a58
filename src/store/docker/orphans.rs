//! What nobody owns: directories that no record names, and temporary files that were never cleaned up.

use crate::error::Result;

use super::super::{Exit, Ownership};
use super::reader::{Claimed, DockerReader, Shares, may_be_cache};
use super::records::place;

/// Says which directories of the driver are unclaimed once every record was read.
pub(super) fn read(reader: &mut DockerReader<'_>) -> Result<()> {
    let mut unknown = 0_usize;
    for name in reader.graph.names().clone() {
        reader.check()?;
        let text = std::str::from_utf8(&name).ok();
        if text.is_some_and(|name| reader.by_directory.contains_key(name)) {
            continue;
        }
        let at = reader.graph.place(&name);
        if reader.records.is_directory(&at) && unclaimed(reader, text, at) == Verdict::Unknown {
            unknown += 1;
        }
    }
    note_unknown(reader, unknown);
    if reader.store.ownership == Ownership::InPart || !reader.records.is_whole() {
        reader.store.keep_unowned_layers();
    } else if reader.claimed == Claimed::Known && reader.cache_claimed == Claimed::Known {
        for layer in reader.store.unowned_layers() {
            let reason = "no image, container or build cache stands on it";
            reader.disown(layer, "unreferenced-layer", reason);
        }
    }
    temporary(reader);
    Ok(())
}

/// What is known of a directory that no record names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nobody has it.
    Orphan,
    /// A record that could not be read may name it: it stays bookkeeping.
    Unknown,
}

fn unclaimed(reader: &mut DockerReader<'_>, name: Option<&str>, at: Vec<u8>) -> Verdict {
    if let Some(reason) = name.and_then(|name| reader.left_over.remove(name)) {
        reader.orphan(at, "mount-without-container", reason);
    } else if name.is_some_and(|name| reader.half_removed.contains(name)) {
        let reason = "a layer that was being removed when the engine stopped";
        reader.orphan_until(Exit::Stop, at, "half-removed-layer", reason.to_owned());
    } else if reader.cache_claimed == Claimed::InPart && name.is_none_or(may_be_cache)
        || reader.claimed == Claimed::InPart
        || !reader.records.is_whole()
    {
        return Verdict::Unknown;
    } else {
        let reason = "no image, container or build cache has it";
        reader.orphan(at, "unreferenced-directory", reason.to_owned());
    }
    Verdict::Orphan
}

fn note_unknown(reader: &mut DockerReader<'_>, unknown: usize) {
    if unknown > 0 {
        let home = reader.graph.place(b"");
        let what = if unknown == 1 {
            "a directory that no record names belongs".to_owned()
        } else {
            format!("{unknown} directories that no record names belong")
        };
        let reason = format!(
            "{what} to records that could not be read, or to nobody: counted as bookkeeping"
        );
        reader.records.bad(&home, reason);
    }
}

fn temporary(reader: &mut DockerReader<'_>) {
    let database = reader.image(&[b"layerdb", b"tmp"]);
    for name in reader.records.names(&database) {
        let reason = "record of a layer that was never completed; an engine that runs may be at it";
        reader.orphan(
            place(&[&database, &name]),
            "temporary-leftover",
            reason.to_owned(),
        );
    }
    if reader.found.shares == Shares::None {
        return;
    }
    if reader.records.is_directory(b"tmp-old") {
        // moby, daemon/daemon.go, prepareTempDir: where it is in the way it is neither made anew nor removed.
        let reason = "temporary files that the engine was removing when it was stopped";
        reader.orphan(b"tmp-old".to_vec(), "temporary-leftover", reason.to_owned());
    }
    for name in reader.records.names(b"tmp") {
        let at = place(&[b"tmp", &name]);
        // moby, distribution/pull_v2.go; daemon/daemon.go, prepareTempDir, empties the directory when it starts.
        if name.starts_with(b"GetImageBlob") {
            let reason = "a layer that was being pulled; an engine that runs may be at it";
            reader.orphan_until(Exit::Start, at, "interrupted-pull", reason.to_owned());
        } else {
            let reason = "a temporary file; an engine that runs may be at it";
            reader.orphan_until(Exit::Start, at, "temporary-leftover", reason.to_owned());
        }
    }
}
