//! Builders of `docker buildx` that keep their cache in a volume.

use super::places::real_path;
use crate::beneath::Beneath;

/// Returns the builder whose volume has a name (buildx, driver/docker-container/driver.go:
/// `buildx_buildkit_NODE_state`; builder/builder.go: a node is the builder's name and its number).
pub(super) fn builder_of(volume: &str) -> Option<&str> {
    let node = volume.strip_prefix("buildx_buildkit_")?;
    let node = node.strip_suffix("_state")?;
    // Builders with ten nodes are rarer than names that end in a digit.
    let builder = node.strip_suffix(|letter: char| letter.is_ascii_digit())?;
    (!builder.is_empty()).then_some(builder)
}

/// Returns the builder in whose volume a directory is.
pub(super) fn builder_with(root: &Beneath) -> Option<String> {
    let path = real_path(root)?;
    let mut names = path.iter().rev();
    let volume = names.find(|name| *name != "_data")?;
    builder_of(volume.to_str()?).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builders_are_told_by_their_volumes() {
        for (volume, builder) in [
            ("buildx_buildkit_ci0_state", Some("ci")),
            ("buildx_buildkit_ci20_state", Some("ci2")),
            ("buildx_buildkit_ci_state", None),
            ("buildx_buildkit_0_state", None),
            ("ci0_state", None),
        ] {
            assert_eq!(builder_of(volume), builder, "{volume}");
        }
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("buildx_buildkit_ci0_state/_data");
        std::fs::create_dir_all(&root).unwrap();
        let root = Beneath::open(&root).unwrap();
        assert_eq!(builder_with(&root).as_deref(), Some("ci"));
    }
}
