//! Traces that one build ended in the history and another one began.

use jiff::Timestamp;

use super::layers_before;
use crate::image::HistoryEntry;
use crate::image::instruction::{Builder, Keyword};

/// Evidence for a boundary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trace {
    /// Layers below the boundary.
    pub(super) layers: u16,
    /// Why, for people.
    pub(super) reason: String,
}

impl Trace {
    pub(super) fn new(layers: u16, reason: &str) -> Self {
        Self {
            layers,
            reason: reason.to_owned(),
        }
    }
}

/// Returns the highest boundary with good evidence, else one with weak evidence.
///
/// The base image usually has a base image itself, and each leaves a trace; the own build is the last one.
pub(super) fn strongest(history: &[HistoryEntry]) -> Option<Trace> {
    // Of traces at the same place the first wins: builder, second root, time.
    let mut best: Option<Trace> = None;
    let good = [
        builder_change(history),
        second_root(history),
        time_gap(history),
    ];
    for trace in good.into_iter().flatten() {
        if best.as_ref().is_none_or(|best| best.layers < trace.layers) {
            best = Some(trace);
        }
    }
    best.or_else(|| command_below_layers(history))
        .filter(|trace| trace.layers > 0)
}

/// Builders whose entries may stand side by side in one build.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    /// The classic builders and buildah write the same texts.
    Classic,
    BuildKit,
    Other(Builder),
}

impl Family {
    fn of(entry: &HistoryEntry) -> Option<Self> {
        match entry.instruction.as_ref()?.builder {
            Builder::Unknown | Builder::Crane => None,
            Builder::Classic | Builder::Buildah | Builder::ClassicWindows => Some(Self::Classic),
            Builder::BuildKit | Builder::BuildKitOperations => Some(Self::BuildKit),
            builder => Some(Self::Other(builder)),
        }
    }
}

/// The last place where another builder took over.
fn builder_change(history: &[HistoryEntry]) -> Option<Trace> {
    let mut previous: Option<(Family, Builder)> = None;
    let mut change = None;
    for (position, entry) in history.iter().enumerate() {
        let (Some(family), Some(instruction)) = (Family::of(entry), &entry.instruction) else {
            continue;
        };
        if let Some((_, builder)) = previous.filter(|(previous, _)| *previous != family) {
            change = Some((position, builder, instruction.builder));
        }
        previous = Some((family, instruction.builder));
    }
    let (position, from, to) = change?;
    let reason = format!("builder changes from {} to {}", from.as_str(), to.as_str());
    Some(Trace::new(layers_before(history, position), &reason))
}

/// A root file system on top of layers: what is below belongs to another image.
fn second_root(history: &[HistoryEntry]) -> Option<Trace> {
    let position = history
        .iter()
        .rposition(|entry| entry.layer.is_some() && adds_root(entry))?;
    let layers = layers_before(history, position);
    (layers > 0).then(|| Trace::new(layers, "a second root file system is added above"))
}

fn adds_root(entry: &HistoryEntry) -> bool {
    entry.instruction.as_ref().is_some_and(|instruction| {
        let line = instruction.line.as_str();
        let is_named = line.contains(" <rootfs> ") || line.starts_with("ADD alpine-minirootfs ");
        is_named && line.ends_with(" /")
    })
}

/// A longer pause is not one of a running build.
const LONGEST_PAUSE_SECONDS: i64 = 3600;

/// The last pause between the end of an image, `CMD` or `ENTRYPOINT`, and what follows it.
///
/// Stamps that builders set for reproducibility (years 1, 1970 and 1980) are no times.
fn time_gap(history: &[HistoryEntry]) -> Option<Trace> {
    let mut found = None;
    let mut command = None;
    for (position, entry) in history.iter().enumerate() {
        let previous = position.checked_sub(1).and_then(|below| history.get(below));
        if let Some(command) = command
            && let Some(seconds) = previous.and_then(|previous| pause(previous, entry))
        {
            found = Some((position, seconds, command));
        }
        command = last_command(entry, command);
    }
    let (position, seconds, command) = found?;
    let reason = format!("time gap of {} after {command}", duration(seconds));
    Some(Trace::new(layers_before(history, position), &reason))
}

/// Returns the command an image that ended with this entry would have set since its last layer.
fn last_command(entry: &HistoryEntry, command: Option<&'static str>) -> Option<&'static str> {
    match entry
        .instruction
        .as_ref()
        .map(|instruction| instruction.keyword)
    {
        Some(keyword @ (Keyword::Cmd | Keyword::Entrypoint)) => Some(keyword.as_str()),
        _ if entry.layer.is_some() => None,
        _ => command,
    }
}

fn pause(before: &HistoryEntry, after: &HistoryEntry) -> Option<i64> {
    let seconds = time(after)?.as_second() - time(before)?.as_second();
    (seconds > LONGEST_PAUSE_SECONDS).then_some(seconds)
}

fn time(entry: &HistoryEntry) -> Option<Timestamp> {
    // Ten years before the first container image, and after every placeholder.
    const EARLIEST: i64 = 1_041_379_200;
    let time: Timestamp = entry.created.as_deref()?.parse().ok()?;
    (time.as_second() >= EARLIEST).then_some(time)
}

fn duration(seconds: i64) -> String {
    let hours = seconds / 3600;
    let (count, unit) = match hours {
        0..48 => (hours, "hour"),
        _ => (hours / 24, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// Directories that only an application's own Dockerfile works in.
const APPLICATION_DIRECTORIES: [&str; 8] = [
    "/app",
    "/application",
    "/code",
    "/opt/app",
    "/src",
    "/srv/app",
    "/usr/src/app",
    "/workspace",
];

/// The last `CMD` or `ENTRYPOINT` with layers above it: an image ended there, if it was not merely written
/// early. What follows the first working directory of an application is not taken for a base.
fn command_below_layers(history: &[HistoryEntry]) -> Option<Trace> {
    let end = history
        .iter()
        .position(is_application_directory)
        .unwrap_or(history.len());
    let top = history.iter().rposition(|entry| entry.layer.is_some())?;
    let keyword = |entry: &HistoryEntry| Some(entry.instruction.as_ref()?.keyword);
    let (position, command) = history
        .iter()
        .enumerate()
        .take(end.min(top))
        .filter_map(|(position, entry)| Some((position, keyword(entry)?)))
        .rfind(|(_, keyword)| matches!(keyword, Keyword::Cmd | Keyword::Entrypoint))?;
    let reason = format!("{} with more layers above it", command.as_str());
    Some(Trace::new(layers_before(history, position), &reason))
}

fn is_application_directory(entry: &HistoryEntry) -> bool {
    entry.instruction.as_ref().is_some_and(|instruction| {
        instruction.keyword == Keyword::WorkDir
            && APPLICATION_DIRECTORIES.contains(&instruction.operand().trim_end_matches('/'))
    })
}
