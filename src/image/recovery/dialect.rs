//! Builders that know no Dockerfile: a line that says what their entries mean.

use super::{Pattern, is_blank, one_line, pattern, short_hash};
use crate::image::instruction::{Builder, Instruction, Keyword};

/// Returns the instruction of an entry by such a builder; `None` for builders of Dockerfiles.
///
/// The line is the meaning; the text adds what the builder recorded.
pub(super) fn translate(builder: Builder, recorded: &str, comment: &str) -> Option<Instruction> {
    let text = recorded.trim_matches(is_blank);
    let comment = comment.trim_matches(is_blank);
    let line = match builder {
        Builder::BuildKitOperations => return Some(operations(text, recorded)),
        Builder::Jib => labelled("JIB", comment, "layer"),
        Builder::Ko => labelled("KO", comment, text),
        Builder::BazelDocker => "BAZEL layer".to_owned(),
        Builder::BazelOci => labelled("BAZEL", text.trim_start_matches("bazel build "), "layer"),
        Builder::Apko => "APKO packages".to_owned(),
        Builder::Buildpacks => buildpack(text),
        Builder::Nix => nix(comment),
        Builder::Ostree => ostree(text),
        Builder::Import => import(comment),
        Builder::Commit => format!("COMMIT {text}"),
        Builder::Debuerreotype if Keyword::of(text) != Keyword::Other => return None,
        Builder::Debuerreotype => debuerreotype(text).unwrap_or_else(|| text.to_owned()),
        Builder::Kiwi => "KIWI rootfs".to_owned(),
        Builder::WindowsBase => windows(text),
        Builder::RedHat if text.is_empty() => "RED HAT build (squashed)".to_owned(),
        // Nothing but a remark: of `docker build --squash`, or of a tool nobody knows.
        _ if text.is_empty() => comment.to_owned(),
        _ => return None,
    };
    Some(described(builder, &line, [text, comment], recorded))
}

fn described(builder: Builder, line: &str, details: [&str; 2], recorded: &str) -> Instruction {
    let line = one_line(line);
    let mut text = line.clone();
    for detail in details {
        if !detail.is_empty() && detail != line {
            text.push('\n');
            text.push_str(detail);
        }
    }
    let mut instruction = Instruction::new(builder, text, recorded);
    instruction.line = line;
    instruction.keyword = Keyword::Other;
    instruction
}

fn labelled(label: &str, text: &str, fallback: &str) -> String {
    let text = if text.is_empty() { fallback } else { text };
    format!("{label} {text}")
}

/// `BuildKit` describes a run as `mount / from exec <command>`, after its other mounts if it has any.
fn operations(text: &str, recorded: &str) -> Instruction {
    let text = match text.strip_prefix("mount / from exec ") {
        Some(command) => format!("RUN {command}"),
        None => text.to_owned(),
    };
    Instruction::new(Builder::BuildKitOperations, text, recorded)
}

static LAYER: Pattern = Pattern::new(|| {
    pattern(
        r"(?s)\ALayer: '(?<name>.{0,4096}?)', Created by (?<kind>buildpack|extension): (?<maker>.*)\z",
    )
});

/// The texts of buildpacks/lifecycle, layers/factory.go.
fn buildpack(text: &str) -> String {
    if let Some(found) = LAYER.captures(text) {
        return format!(
            "{} {}: {}",
            found["kind"].to_ascii_uppercase(),
            &found["maker"],
            &found["name"]
        );
    }
    match text {
        "Application Layer" => "APP".to_owned(),
        "Buildpacks Launcher Config" => "BUILDPACK launcher config".to_owned(),
        "Buildpacks Application Launcher" => "BUILDPACK launcher".to_owned(),
        "Buildpacks Process Types" => "BUILDPACK process types".to_owned(),
        "Software Bill-of-Materials" => "BUILDPACK bill of materials".to_owned(),
        text => text.strip_prefix("Application Slice: ").map_or_else(
            || format!("BUILDPACK {text}"),
            |slice| format!("APP slice {slice}"),
        ),
    }
}

static STORE_PATH: Pattern =
    Pattern::new(|| pattern(r"/nix/store/[0-9a-z]{32}-(?<name>[0-9A-Za-z+._?=-]{1,255})"));

fn nix(comment: &str) -> String {
    let names: Vec<&str> = STORE_PATH
        .captures_iter(comment)
        .filter_map(|found| found.name("name"))
        .map(|name| name.as_str())
        .collect();
    match names.as_slice() {
        [] => "NIX layer".to_owned(),
        [name] => format!("NIX {name}"),
        names => format!("NIX {} store paths: {}", names.len(), names.join(", ")),
    }
}

fn ostree(text: &str) -> String {
    match text.strip_prefix("ostree export of commit ") {
        Some(commit) => format!("OSTREE commit {}", short_hash(commit.trim())),
        None => format!("OSTREE {text}"),
    }
}

fn import(comment: &str) -> String {
    match comment.strip_prefix("Imported from ") {
        Some(source) => format!("IMPORT <rootfs> (from {source})"),
        None => format!("IMPORT <rootfs> ({comment})"),
    }
}

fn windows(text: &str) -> String {
    match (
        text.strip_prefix("Apply image "),
        text.strip_prefix("Install update "),
    ) {
        (Some(version), _) => format!("FROM-ROOTFS windows {version}"),
        (_, Some(version)) => format!("UPDATE {version}"),
        _ => text.to_owned(),
    }
}

/// Reads `# debian.sh --arch 'amd64' out/ 'bookworm' '@1740355200'`.
fn debuerreotype(text: &str) -> Option<String> {
    let mut words = text
        .strip_prefix("# ")?
        .split(is_blank)
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty());
    let distribution = words.next()?.strip_suffix(".sh")?;
    let mut architecture = None;
    let mut positional = Vec::new();
    while let Some(word) = words.next() {
        match word {
            "--arch" => architecture = words.next(),
            word if word.starts_with("--") => {}
            word => positional.push(word),
        }
    }
    let [_directory, suite, stamp] = positional.as_slice() else {
        return None;
    };
    let mut line = format!("FROM-ROOTFS {distribution} {suite}");
    if let Some(part) = architecture {
        line.push(' ');
        line.push_str(part);
    }
    Some(format!("{line} (snapshot {})", day(stamp)))
}

/// A snapshot is named by seconds since 1970 or by any other date its tool understands.
fn day(stamp: &str) -> String {
    stamp
        .strip_prefix('@')
        .and_then(|seconds| seconds.parse().ok())
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map_or_else(
            || stamp.to_owned(),
            |time| time.strftime("%Y-%m-%d").to_string(),
        )
}
