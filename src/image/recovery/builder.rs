//! Which program wrote a history entry.
//!
//! Recognition is per entry: a base image and what was built on it often come from different builders.

use super::Builder;
use super::prefix::{Shells, without_nop};
use super::{Pattern, pattern};
use crate::image::instruction::Keyword;
use crate::image::{HistoryEntry, ImageConfig};

/// What surrounds an entry, as far as recognition needs it.
pub(super) struct Setting<'a> {
    pub(super) config: &'a ImageConfig,
    pub(super) shells: &'a Shells,
    pub(super) is_first: bool,
    pub(super) is_last: bool,
}

impl Setting<'_> {
    fn has_label(&self, key: &str) -> bool {
        self.config.labels.iter().any(|(label, _)| label == key)
    }
}

/// An entry with empty fields in place of missing ones.
struct Evidence<'a> {
    text: &'a str,
    comment: &'a str,
    author: &'a str,
    created: &'a str,
}

/// Returns who wrote an entry; `None` when it says nothing at all.
pub(super) fn recognise(entry: &HistoryEntry, setting: &Setting<'_>) -> Option<Builder> {
    let evidence = Evidence {
        text: entry.created_by.as_deref().unwrap_or_default().trim(),
        comment: entry.comment.as_deref().unwrap_or_default().trim(),
        author: entry.author.as_deref().unwrap_or_default(),
        created: entry.created.as_deref().unwrap_or_default(),
    };
    let named = by_signature(&evidence)
        .or_else(|| by_marker(&evidence, setting))
        .or_else(|| by_shell(&evidence, setting))
        .or_else(|| by_absence(&evidence, setting));
    match named {
        None if evidence.text.is_empty() && evidence.comment.is_empty() => None,
        named => Some(named.unwrap_or_default()),
    }
}

/// Builders that sign what they write.
fn by_signature(evidence: &Evidence<'_>) -> Option<Builder> {
    let builder = match (evidence.comment, evidence.author) {
        // BuildKit, dockerfile2llb/convert.go: `historyComment`.
        ("buildkit.dockerfile.v0", _) => Builder::BuildKit,
        // Converters drop comments; the suffix of layer-making instructions survives them.
        _ if evidence.text.ends_with(" # buildkit") => Builder::BuildKit,
        ("buildkit.exporter.image.v0", _) => Builder::BuildKitOperations,
        (comment, _) if comment.starts_with("FROM ") => Builder::Buildah,
        _ if is_buildah_spacing(evidence) => Builder::Buildah,
        (_, "kaniko") => Builder::Kaniko,
        (_, "Jib") => Builder::Jib,
        (_, "ko") => Builder::Ko,
        (_, "Bazel") => Builder::BazelDocker,
        _ if evidence.text.starts_with("bazel build ") => Builder::BazelOci,
        (_, "apko") => Builder::Apko,
        _ if evidence.text == "apko" => Builder::Apko,
        _ => return None,
    };
    Some(builder)
}

/// The classic builder joins its arguments with blanks and so puts two before these instructions; buildah
/// copies the format with one (`imagebuildah/stage_executor.go`, `getCreatedBy`).
///
/// Docker wrote one blank too until 2016, before buildah existed.
fn is_buildah_spacing(evidence: &Evidence<'_>) -> bool {
    let Some(instruction) = evidence.text.strip_prefix("/bin/sh -c #(nop) ") else {
        return false;
    };
    let has_two_in_classic = !matches!(
        Keyword::of(instruction),
        Keyword::Add | Keyword::Copy | Keyword::WorkDir | Keyword::Other
    );
    has_two_in_classic && !(1971..=2016).contains(&year(evidence.created))
}

fn year(created: &str) -> u16 {
    created
        .get(..4)
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

static SQUASH_MARKER: Pattern =
    Pattern::new(|| pattern(r"\A/bin/sh -c rm -f(?: '/etc/yum\.repos\.d/[^']{1,4096}')+\z"));

/// Returns whether the text stands for a whole image that Red Hat's build service squashed.
pub(super) fn is_squash_marker(text: &str) -> bool {
    text.starts_with("/bin/sh -c rm -f '/etc/yum.repos.d/") && SQUASH_MARKER.is_match(text)
}

/// Builders known by what they write.
fn by_marker(evidence: &Evidence<'_>, setting: &Setting<'_>) -> Option<Builder> {
    let text = evidence.text;
    let builder = if is_buildpack_text(text) {
        Builder::Buildpacks
    } else if evidence.comment.starts_with("store paths: [") {
        Builder::Nix
    } else if is_ostree(text, setting) {
        Builder::Ostree
    } else if evidence.comment.starts_with("debuerreotype ") || text.starts_with("# debian.sh ") {
        Builder::Debuerreotype
    } else if text.starts_with("ADD alpine-minirootfs-") {
        Builder::Alpine
    } else if starts_with_version(text, "KIWI ") {
        Builder::Kiwi
    } else if evidence.author == "Red Hat, Inc." || is_squash_marker(text) {
        Builder::RedHat
    } else if starts_with_version(text, "Apply image ")
        || starts_with_version(text, "Install update ")
    {
        Builder::WindowsBase
    } else if starts_with_any(
        text,
        &["cmd /S /C ", "powershell ", "powershell.exe ", "pwsh "],
    ) {
        Builder::ClassicWindows
    } else if text.starts_with("crane ") {
        Builder::Crane
    } else {
        return None;
    };
    Some(builder)
}

/// The texts of buildpacks/lifecycle, layers/factory.go.
fn is_buildpack_text(text: &str) -> bool {
    matches!(
        text,
        "Application Layer"
            | "Buildpacks Launcher Config"
            | "Buildpacks Application Launcher"
            | "Buildpacks Process Types"
            | "Software Bill-of-Materials"
    ) || text.starts_with("Application Slice: ")
        || (text.starts_with("Layer: '") && text.contains("', Created by "))
}

/// The first entry of an exported commit may be the commit's subject, the others name a package or count
/// them (ostree-rs-ext, container/encapsulate.rs); such words prove nothing without the label.
fn is_ostree(text: &str, setting: &Setting<'_>) -> bool {
    if text.starts_with("ostree export of commit ") {
        return true;
    }
    let is_labelled = setting.has_label("ostree.bootable") || setting.has_label("containers.bootc");
    let is_chunk = !text.contains(' ') || text.ends_with(" components");
    is_labelled
        && !text.is_empty()
        && Keyword::of(text) == Keyword::Other
        && !looks_like_classic(text, setting.shells)
        && (is_chunk || setting.is_first)
}

fn starts_with_version(text: &str, name: &str) -> bool {
    text.strip_prefix(name)
        .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

fn starts_with_any(text: &str, beginnings: &[&str]) -> bool {
    beginnings
        .iter()
        .any(|beginning| text.starts_with(beginning))
}

/// The classic builder signs nothing; its shell gives it away.
fn by_shell(evidence: &Evidence<'_>, setting: &Setting<'_>) -> Option<Builder> {
    looks_like_classic(evidence.text, setting.shells).then_some(Builder::Classic)
}

fn looks_like_classic(text: &str, shells: &Shells) -> bool {
    shells.strip(text).is_some()
        || without_nop(text, shells).is_some()
        || super::prefix::has_argument_count(text)
}

/// Entries with little or nothing in `created_by`.
fn by_absence(evidence: &Evidence<'_>, setting: &Setting<'_>) -> Option<Builder> {
    let text = evidence.text;
    if text.is_empty() {
        let is_import = evidence.comment.starts_with("Imported from ")
            || (setting.is_first && !evidence.comment.is_empty());
        // `docker build --squash` leaves only its own comment, moby daemon/images/image_squash.go.
        let is_squash = starts_with_any(evidence.comment, &["merge sha256:", "create new from "]);
        return (is_import && !is_squash).then_some(Builder::Import);
    }
    // A container's command looks like an exec-form RUN; only at the end, and only a plain shell or the
    // image's own command, is it likely that somebody committed a container.
    (setting.is_last && is_container_command(text, setting.config)).then_some(Builder::Commit)
}

fn is_container_command(text: &str, config: &ImageConfig) -> bool {
    let shells = ["sh", "bash", "ash", "zsh", "dash"];
    let name = text.rsplit('/').next().unwrap_or_default();
    let is_shell =
        shells.contains(&name) && (name == text || text.ends_with(&format!("bin/{name}")));
    let command = config.cmd.join(" ");
    let both = format!("{} {command}", config.entrypoint.join(" "));
    is_shell || text == command || text == both.trim()
}
