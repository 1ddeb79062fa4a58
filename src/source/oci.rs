//! OCI layouts: `index.json` → indexes → manifests, and directories that hold one manifest.
//!
//! OCI image-spec, image-layout.md and image-index.md. Blobs of indexes and manifests may be missing: what is
//! listed without being there is offered as absent.

use std::collections::BTreeSet;

use super::blobs::{BlobRef, BlobStore, Budget, is_for_others};
use super::catalog::{Candidate, Catalog, Group, Origin, Presence, Role, add_names, familiar};
use super::described::Descriptor;
use super::manifest::{DocumentKind, cache_in, has_no_layer, is_artifact};
use crate::error::{Error, Result};
use crate::image::json::Json;
use crate::image::{ConfigDocument, Digest};
use crate::limits;
use crate::progress::Job;

/// The tag, or the name (OCI image-spec, annotations.md).
const REF_NAME: &str = oci_spec::image::ANNOTATION_REF_NAME;
/// The whole name, as containerd and Docker from 25 on write it.
const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// Marks attestations and signatures beside an image (`BuildKit`).
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

/// What a manifest is that `cosign save` wrote.
const COSIGN_KIND: &str = "kind";

/// Lists the images that an index leads to.
///
/// # Errors
/// [`Error::Limit`] above [`limits::MANIFESTS`], or [`Error::Interrupted`].
pub(super) fn catalog(store: &dyn BlobStore, index: &Json, job: &Job) -> Result<Catalog> {
    let mut walk = IndexWalk {
        store,
        job,
        catalog: Catalog::default(),
        seen: 0,
        budget: Budget::new(),
    };
    for json in index.get("manifests").list() {
        let descriptor = Descriptor::read(json);
        let names = names_of(&descriptor);
        let digest = descriptor.digest.clone();
        let members = walk.members(descriptor, &names)?;
        walk.group(names, digest, members);
    }
    walk.catalog
        .groups
        .retain(|group| !group.members.is_empty());
    Ok(walk.catalog)
}

/// Lists the image of a single manifest document that no index leads to.
pub(super) fn single(store: &dyn BlobStore, json: &Json, bytes: Vec<u8>) -> Catalog {
    let descriptor = Descriptor {
        digest: Some(Digest::of(&bytes)),
        data: Some(bytes),
        ..Descriptor::default()
    };
    let mut catalog = Catalog::default();
    catalog.add_alone(describe(store, descriptor, Some(json), &[]));
    catalog
}

struct IndexWalk<'a> {
    store: &'a dyn BlobStore,
    job: &'a Job,
    catalog: Catalog,
    seen: usize,
    budget: Budget,
}

impl IndexWalk<'_> {
    /// Adds every manifest below a descriptor of the top index; returns their positions in order.
    ///
    /// Depth first without recursion; an index inside itself is visited once.
    fn members(&mut self, top: Descriptor, names: &[String]) -> Result<Vec<usize>> {
        let mut members = Vec::new();
        let mut visited: BTreeSet<Digest> = BTreeSet::new();
        let mut open = vec![(top, 0)];
        while let Some((descriptor, depth)) = open.pop() {
            self.job.check()?;
            self.count()?;
            self.charge(&descriptor)?;
            let document = descriptor.load(self.store);
            let json = match &document {
                Ok(Some(document)) => Some(&document.json),
                Ok(None) => None,
                Err(Error::Interrupted) => return Err(Error::Interrupted),
                Err(_) => Some(&Json::Null),
            };
            let is_unread = document.is_err() && self.is_for_others(&descriptor);
            let is_index = |json: &&Json| DocumentKind::of(json) == DocumentKind::Index;
            // What a cache lists are layers.
            if let Some(json) = json
                .filter(is_index)
                .filter(|json| cache_in(json).is_none())
            {
                let is_new = descriptor
                    .digest
                    .clone()
                    .is_none_or(|digest| visited.insert(digest));
                if is_new && depth >= limits::INDEX_DEPTH {
                    return Err(Error::limit(
                        self.store.name(),
                        "the depth of indexes inside each other",
                        limits::INDEX_DEPTH,
                    ));
                }
                if is_new {
                    let below = json.get("manifests").list().iter().rev();
                    open.extend(below.map(|json| (Descriptor::read(json), depth + 1)));
                }
                continue;
            }
            let config = json.map(|json| Descriptor::read(json.get("config")));
            self.charge(&config.unwrap_or_default())?;
            let mut candidate = describe(self.store, descriptor, json, names);
            if is_unread {
                candidate.presence = Presence::Unread;
            }
            let position = self.catalog.add(candidate);
            if !members.contains(&position) {
                members.push(position);
            }
        }
        Ok(members)
    }

    fn is_for_others(&self, descriptor: &Descriptor) -> bool {
        let blob = descriptor.digest.clone().map(BlobRef::Digest);
        blob.is_some_and(|blob| is_for_others(self.store, &blob))
    }

    fn charge(&mut self, descriptor: &Descriptor) -> Result<()> {
        match &descriptor.digest {
            Some(digest) => self
                .budget
                .charge(self.store, &BlobRef::Digest(digest.clone())),
            None => Ok(()),
        }
    }

    fn count(&mut self) -> Result<()> {
        self.seen += 1;
        if self.seen <= limits::MANIFESTS {
            return Ok(());
        }
        Err(Error::limit(
            self.store.name(),
            "the number of manifests",
            limits::MANIFESTS,
        ))
    }

    /// Decides which entries of the top index are one image: the same digest under several names, the same
    /// name for several platforms, or no names at all and each platform once.
    fn group(&mut self, names: Vec<String>, digest: Option<Digest>, members: Vec<usize>) {
        let known = self.catalog.groups.iter().position(|group| {
            let is_same = digest.is_some() && group.digest == digest;
            let has_name = !names.is_empty() && group.names == names;
            is_same || has_name || (names.is_empty() && self.is_further_platform(group, &members))
        });
        match known {
            Some(position) => {
                let group = &mut self.catalog.groups[position];
                add_names(&mut group.names, names);
                for member in members {
                    if !group.members.contains(&member) {
                        group.members.push(member);
                    }
                }
            }
            None => self.catalog.groups.push(Group {
                names,
                digest,
                members,
            }),
        }
    }

    /// Returns whether a nameless manifest completes a nameless group that lacks its platform.
    fn is_further_platform(&self, group: &Group, members: &[usize]) -> bool {
        let [member] = members else {
            return false;
        };
        let candidate = &self.catalog.candidates[*member];
        let is_image = |candidate: &Candidate| {
            candidate.role == Role::Image && !candidate.platform.is_unknown()
        };
        group.names.is_empty()
            && is_image(candidate)
            && group.members.iter().all(|&other| {
                let other = &self.catalog.candidates[other];
                is_image(other) && other.platform != candidate.platform
            })
    }
}

/// Describes a manifest; `json` is null where it cannot be read and `None` where it is not there.
fn describe(
    store: &dyn BlobStore,
    descriptor: Descriptor,
    json: Option<&Json>,
    names: &[String],
) -> Candidate {
    let presence = match json.map(DocumentKind::of) {
        None => Presence::Absent,
        Some(_) if json.is_some_and(has_no_layer) => Presence::NoImage,
        Some(DocumentKind::Manifest | DocumentKind::Schema1) => Presence::Present,
        Some(_) => Presence::Broken,
    };
    let config = json
        .map(|json| Descriptor::read(json.get("config")))
        .unwrap_or_default();
    let mut platform = descriptor.platform.clone();
    if presence == Presence::Present && platform.is_unknown() && platform.os.is_empty() {
        platform = platform_of(store, &config, json);
    }
    let mut all_names = names.to_vec();
    add_names(&mut all_names, names_of(&descriptor));
    let is_aside = is_attachment_descriptor(&descriptor)
        || names.iter().any(|name| is_signature_name(name))
        || json.is_some_and(is_artifact);
    Candidate {
        names: all_names,
        id: config.digest,
        digest: descriptor.digest.clone(),
        platform,
        presence,
        role: if is_aside {
            Role::Artifact
        } else {
            Role::Image
        },
        origin: Origin::Manifest(Box::new(descriptor)),
    }
}

fn platform_of(
    store: &dyn BlobStore,
    config: &Descriptor,
    manifest: Option<&Json>,
) -> crate::image::Platform {
    match config.load(store) {
        Ok(Some(document)) => crate::image::config::read_platform(&document.json),
        // Schema 1 has the architecture in the manifest itself and knows Linux only.
        _ => manifest
            .filter(|json| DocumentKind::of(json) == DocumentKind::Schema1)
            .map(|json| ConfigDocument::read(json).platform)
            .map(|platform| crate::image::Platform {
                os: "linux".into(),
                ..platform
            })
            .unwrap_or_default(),
    }
}

/// `BuildKit` lists attestations with the platform `unknown/unknown` and an annotation.
fn is_attachment_descriptor(descriptor: &Descriptor) -> bool {
    let is_unknown =
        descriptor.platform.os == "unknown" && descriptor.platform.architecture == "unknown";
    let is_tagged = descriptor
        .annotation(REF_NAME)
        .is_some_and(is_signature_name);
    let is_beside = descriptor.annotation(COSIGN_KIND).is_some_and(|kind| {
        let kind = kind.strip_prefix("dev.cosignproject.cosign/");
        matches!(kind, Some("sigs" | "atts" | "sboms"))
    });
    is_unknown || is_tagged || is_beside || descriptor.annotation(REFERENCE_TYPE).is_some()
}

/// What belongs to an image is tagged with its digest: `sha256-<hex>` for the list of referrers (OCI
/// distribution-spec, "Referrers Tag Schema"), `sha256-<hex>.sig` and the like by cosign, which some tools
/// prefix with `_cosign:`.
fn is_signature_name(name: &str) -> bool {
    let tag = name.rsplit(':').next().unwrap_or(name);
    let encoded = tag.strip_prefix("sha256-").and_then(|rest| rest.get(..64));
    let has_digest = encoded.is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    name.starts_with("_cosign:") || has_digest
}

fn names_of(descriptor: &Descriptor) -> Vec<String> {
    let tag = descriptor.annotation(REF_NAME);
    let Some(name) = descriptor.annotation(CONTAINERD_NAME).map(familiar) else {
        return tag.map(str::to_owned).into_iter().collect();
    };
    let mut names = vec![name.to_owned()];
    let is_repeated = |tag: &&str| name == *tag || name.ends_with(&format!(":{tag}"));
    names.extend(tag.filter(|tag| !is_repeated(tag)).map(str::to_owned));
    names
}
