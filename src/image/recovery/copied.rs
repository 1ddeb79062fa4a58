//! `COPY` and `ADD`, whose sources some builders replace by a hash.

use super::{ANALYSED_BYTES, Pattern, pattern, short_hash};
use crate::image::instruction::{Builder, Keyword};

static HASHED: Pattern = Pattern::new(|| {
    pattern(
        r"(?s)\A(?<verb>COPY|ADD)(?<before>(?: +--\S+)*) +(?<kind>file|dir|multi):(?<hash>[0-9a-f]{64})(?<after>(?: +--\S+)*) in (?<target>.*)\z",
    )
});

/// Writes `COPY file:<64 hex> in /target ` as `COPY <file 01234567> /target`.
///
/// `text` still has its trailing blank: behind it buildah may put metadata of its own
/// (`imagebuildah/stage_executor.go`, `getCreatedBy`).
pub(super) fn rewrite(text: &str, builder: Builder) -> Option<String> {
    if text.len() > ANALYSED_BYTES {
        return None;
    }
    let found = HASHED.captures(text)?;
    let target = match (builder, found["target"].rsplit_once(' ')) {
        (Builder::Buildah, Some((target, _metadata))) if !target.trim().is_empty() => target,
        _ => &found["target"],
    };
    Some(format!(
        "{}{}{} <{} {}> {}",
        &found["verb"],
        &found["before"],
        &found["after"],
        &found["kind"],
        short_hash(&found["hash"]),
        target.trim(),
    ))
}

static ALPINE: Pattern = Pattern::new(|| {
    pattern(
        r"\AADD alpine-minirootfs-(?<version>[0-9][0-9A-Za-z._]{0,63})-[0-9A-Za-z_]{1,32}\.tar\.gz /\z",
    )
});

/// Names an Alpine root file system by its version.
pub(super) fn alpine(text: &str) -> Option<String> {
    let found = ALPINE.captures(text)?;
    Some(format!("ADD alpine-minirootfs {} /", &found["version"]))
}

static PLACEHOLDER: Pattern = Pattern::new(|| {
    pattern(r"\A(?:COPY|ADD)(?: +--\S+)* (<(?<kind>file|dir|multi) [0-9a-f]{8}>) ")
});

/// A hash standing for a source in a rewritten text.
pub(super) struct Placeholder<'a> {
    /// `file`, `dir` or `multi`.
    pub(super) kind: &'a str,
    /// What is to be replaced.
    range: std::ops::Range<usize>,
    /// The rest of the text.
    pub(super) target: &'a str,
}

impl<'a> Placeholder<'a> {
    /// Finds the placeholder in a `COPY` or `ADD`.
    pub(super) fn find(text: &'a str, keyword: Keyword) -> Option<Self> {
        if !matches!(keyword, Keyword::Copy | Keyword::Add) || text.len() > ANALYSED_BYTES {
            return None;
        }
        let found = PLACEHOLDER.captures(text)?;
        Some(Self {
            kind: found.name("kind")?.as_str(),
            range: found.get(1)?.range(),
            target: text.get(found.get(0)?.end()..)?,
        })
    }

    /// Returns `text`, in which it was found, with `name` in its place.
    pub(super) fn replaced(&self, text: &str, name: &str) -> String {
        let mut replaced = text.to_owned();
        replaced.replace_range(self.range.clone(), name);
        replaced
    }
}
