//! What a source offers: images, their names and platforms, found by reading manifests only.

use super::described::{Descriptor, DockerEntry};
use crate::image::{Digest, Platform};
use crate::store::ImageId;

/// Everything a source offers, in its order.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    pub candidates: Vec<Candidate>,
    pub groups: Vec<Group>,
}

/// One manifest of the source.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Names of its own and of the indexes that lead to it.
    pub names: Vec<String>,
    /// Digest of its configuration.
    pub id: Option<Digest>,
    /// Digest of its manifest.
    pub digest: Option<Digest>,
    pub platform: Platform,
    pub presence: Presence,
    pub role: Role,
    pub origin: Origin,
}

/// Whether what a candidate needs is in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Presence {
    Present,
    /// Its manifest is listed, but not there.
    Absent,
    /// Its manifest is there but cannot be used, by nobody.
    Broken,
    /// Its manifest is that of an artifact, with nothing in it that could be a layer.
    NoImage,
    /// Its manifest is there and cannot be used here; an engine may use it.
    Unread,
}

/// What a manifest stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Image,
    /// An attestation, a signature, a chart or the like: not listed beside images.
    Artifact,
}

/// Where a candidate is described.
#[derive(Debug)]
pub(super) enum Origin {
    /// An element of `manifest.json`.
    Docker(DockerEntry),
    /// A manifest blob.
    Manifest(Box<Descriptor>),
    /// The topmost layer of a chain of `json` files.
    Chain(String),
    /// The input itself is one layer, or an image that is open already.
    Layer,
    /// An image of a layer store: which store, which image.
    Stored(usize, ImageId),
}

/// Candidates that are the same image for different platforms.
#[derive(Debug)]
pub(super) struct Group {
    pub names: Vec<String>,
    /// Digest of the index, where there is one.
    pub digest: Option<Digest>,
    pub members: Vec<usize>,
}

impl Catalog {
    /// Adds a candidate and returns its position; one with the same manifest is merged into the first.
    pub(super) fn add(&mut self, candidate: Candidate) -> usize {
        let known = candidate.digest.as_ref().and_then(|digest| {
            self.candidates
                .iter()
                .position(|other| other.digest.as_ref() == Some(digest))
        });
        let Some(position) = known else {
            self.candidates.push(candidate);
            return self.candidates.len() - 1;
        };
        let first = &mut self.candidates[position];
        if first.platform.is_unknown() {
            first.platform = candidate.platform;
        }
        match (first.role, candidate.role) {
            (Role::Artifact, Role::Image) => {
                first.role = Role::Image;
                first.names = candidate.names;
            }
            (Role::Image, Role::Artifact) => {}
            _ => add_names(&mut first.names, candidate.names),
        }
        position
    }

    /// Adds a candidate as a group of its own.
    pub(super) fn add_alone(&mut self, candidate: Candidate) {
        let names = candidate.names.clone();
        let position = self.add(candidate);
        self.groups.push(Group {
            names,
            digest: None,
            members: vec![position],
        });
    }

    /// Adds a candidate as a group of its own, even if another has the same manifest: each of several stores
    /// has its own copy.
    pub(super) fn add_distinct(&mut self, candidate: Candidate) {
        self.groups.push(Group {
            names: candidate.names.clone(),
            digest: None,
            members: vec![self.candidates.len()],
        });
        self.candidates.push(candidate);
    }

    /// Returns whether anything that is described is also there.
    pub(super) fn has_any_present(&self) -> bool {
        self.candidates
            .iter()
            .any(|candidate| candidate.presence == Presence::Present)
    }

    /// Adds what another description of the same source offers: names of images known by ID, and images that
    /// are not known yet. `is_better` says for an image known to both whether the new description is to be
    /// used, because it finds more of its layers.
    pub(super) fn merge(&mut self, other: Self, is_better: impl Fn(&Origin, &Origin) -> bool) {
        for candidate in other.candidates {
            let known = candidate.id.as_ref().and_then(|id| {
                self.candidates.iter().position(|mine| {
                    mine.id.as_ref() == Some(id) && mine.presence == Presence::Present
                })
            });
            let Some(position) = known else {
                self.add_alone(candidate);
                continue;
            };
            let mine = &mut self.candidates[position];
            if is_better(&mine.origin, &candidate.origin) {
                mine.origin = candidate.origin;
            }
            prefer_names(&mut mine.names, &candidate.names);
            for group in &mut self.groups {
                if group.members.contains(&position) {
                    prefer_names(&mut group.names, &candidate.names);
                }
            }
        }
    }
}

/// Adds names that are not there yet.
pub(super) fn add_names(names: &mut Vec<String>, more: Vec<String>) {
    for name in more {
        if !names.contains(&name) {
            names.push(name);
        }
    }
}

/// Puts `better` first and drops those of the old names that say the same or only repeat the tag.
fn prefer_names(names: &mut Vec<String>, better: &[String]) {
    if better.is_empty() {
        return;
    }
    let old = std::mem::replace(names, better.to_vec());
    for name in old {
        let is_repeated = names
            .iter()
            .any(|kept| canonical(kept) == canonical(&name) || tag_of(kept) == Some(name.as_str()));
        if !is_repeated {
            names.push(name);
        }
    }
}

pub(super) fn tag_of(name: &str) -> Option<&str> {
    name.rsplit_once(':')
        .map(|(_, tag)| tag)
        .filter(|tag| !tag.contains('/'))
}

/// Returns a name with Docker's default registry and namespace left out and the default tag added, so that
/// `docker.io/library/x` and `x:latest` are equal.
pub(super) fn canonical(name: &str) -> String {
    let name = familiar(name);
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains(':') || last.contains('@') {
        name.to_owned()
    } else {
        format!("{name}:latest")
    }
}

/// Returns a name as Docker shows it: without its default registry and namespace.
pub(super) fn familiar(name: &str) -> &str {
    let short = name
        .strip_prefix("docker.io/")
        .or_else(|| name.strip_prefix("index.docker.io/"))
        // What Podman builds without a registry in the name.
        .or_else(|| name.strip_prefix("localhost/"))
        .unwrap_or(name);
    match short.strip_prefix("library/") {
        Some(rest) if !rest.contains('/') && !rest.is_empty() => rest,
        _ => short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_parts_of_names_do_not_matter() {
        for (name, expected) in [
            ("x", "x:latest"),
            ("x:1", "x:1"),
            ("docker.io/library/x", "x:latest"),
            ("library/x:2", "x:2"),
            ("docker.io/a/x", "a/x:latest"),
            ("localhost:5000/x", "localhost:5000/x:latest"),
            ("localhost/x", "x:latest"),
            ("library/a/x", "library/a/x:latest"),
            ("x@sha256:00", "x@sha256:00"),
        ] {
            assert_eq!(canonical(name), expected);
        }
    }

    #[test]
    fn familiar_names_replace_what_they_repeat() {
        let mut names = vec![
            "docker.io/stores/one:latest".into(),
            "latest".into(),
            "other".into(),
        ];
        prefer_names(&mut names, &["stores/one:latest".into()]);
        assert_eq!(names, ["stores/one:latest", "other"]);
    }
}
