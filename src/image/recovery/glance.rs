//! What a glance into a layer adds to the instruction that made it.

use super::copied::Placeholder;
use crate::image::instruction::{Builder, Instruction, Keyword};

/// A short look at what one layer holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LayerGlance {
    /// The path of its only regular file, if it has exactly one.
    pub only_file: Option<Vec<u8>>,
    /// The names directly below its root, without markers.
    pub top_names: Vec<Vec<u8>>,
}

/// Names that make a layer a root file system when it has most of them.
const ROOT_NAMES: [&[u8]; 6] = [b"bin", b"etc", b"lib", b"sbin", b"usr", b"var"];

impl LayerGlance {
    /// Returns whether the layer looks like the root file system of a distribution.
    pub fn is_root_file_system(&self) -> bool {
        let present = |name: &[u8]| self.top_names.iter().any(|top| top == name);
        present(b"bin")
            && present(b"etc")
            && ROOT_NAMES.iter().filter(|name| present(name)).count() >= 4
    }
}

/// Names of a Bazel layer that are shown.
const SHOWN_NAMES: usize = 3;

pub(super) fn refine(instruction: &mut Instruction, glance: &LayerGlance) {
    if instruction.builder == Builder::BazelDocker {
        if let Some(line) = bazel_line(glance) {
            instruction.line = super::one_line(&line);
        }
        return;
    }
    if let Some(placeholder) = Placeholder::find(&instruction.text, instruction.keyword)
        && let Some(name) = source_name(&placeholder, instruction.keyword, glance)
    {
        let text = placeholder.replaced(&instruction.text, &name);
        instruction.replace(text);
    }
}

fn bazel_line(glance: &LayerGlance) -> Option<String> {
    let names: Vec<&str> = glance
        .top_names
        .iter()
        .filter_map(|name| std::str::from_utf8(name).ok())
        .take(SHOWN_NAMES)
        .collect();
    let rest = glance.top_names.len() - names.len();
    match (names.is_empty(), rest) {
        (true, _) => None,
        (false, 0) => Some(format!("BAZEL layer: {}", names.join(", "))),
        (false, _) => Some(format!("BAZEL layer: {} +{rest}", names.join(", "))),
    }
}

fn source_name(
    placeholder: &Placeholder<'_>,
    keyword: Keyword,
    glance: &LayerGlance,
) -> Option<String> {
    let target = placeholder.target.trim();
    if target == "/" && placeholder.kind != "dir" && glance.is_root_file_system() {
        return Some("<rootfs>".to_owned());
    }
    // An added archive is unpacked: a file out of it is not the source. One that has the target's name
    // may have been renamed on the way.
    let path = glance.only_file.as_deref()?;
    let name = std::str::from_utf8(path.rsplit(|&byte| byte == b'/').next()?).ok()?;
    let target_name = target.rsplit(['/', '\\']).next()?;
    let is_plain = !name.is_empty() && !name.contains(char::is_whitespace);
    (keyword == Keyword::Copy && placeholder.kind == "file" && is_plain && name != target_name)
        .then(|| name.to_owned())
}
