//! Which pieces stand where in the tree: by purpose, then by whom they belong to. Every piece stands somewhere.

use crate::image::Digest;
use crate::store::{Container, LayerId, PieceId, Role, Store, StoredImage};

/// One step of writing the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Open a directory that exists only here; unescaped.
    Enter(String),
    /// Close it.
    Leave,
    /// Write a piece with everything in it.
    Piece(PieceId),
}

/// The steps for one store.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
}

impl Plan {
    pub(super) fn of(store: &Store) -> Self {
        let mut plan = Self { steps: Vec::new() };
        plan.group("images", |plan| plan.images(store));
        plan.group("containers", |plan| plan.containers(store));
        plan.group("pods", |plan| {
            for pod in &store.pods {
                plan.owner(&format!("{}/{}", pod.namespace, pod.name), &pod.pieces);
            }
        });
        plan.group("volumes", |plan| {
            for volume in &store.volumes {
                plan.owner(&volume.name, &volume.pieces);
            }
        });
        plan.group("build cache", |plan| plan.cache(store));
        plan.group("leases", |plan| {
            for lease in &store.leases {
                plan.owner(&lease.id, &lease.pieces);
            }
        });
        plan.group("extras", |plan| {
            for extra in &store.extras {
                plan.owner(&extra.name, &extra.pieces);
            }
        });
        plan.group("orphans", |plan| {
            for orphan in &store.orphans {
                plan.steps.push(Step::Piece(orphan.piece));
            }
        });
        plan.leftovers(store);
        plan
    }

    /// Opens a directory for what `fill` adds; leaves no trace where it adds nothing.
    fn group(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        self.steps.push(Step::Enter(name.to_owned()));
        let before = self.steps.len();
        fill(self);
        if self.steps.len() == before {
            self.steps.pop();
        } else {
            self.steps.push(Step::Leave);
        }
    }

    fn owner(&mut self, name: &str, pieces: &[PieceId]) {
        self.group(name, |plan| plan.pieces(pieces));
    }

    fn pieces(&mut self, pieces: &[PieceId]) {
        self.steps.extend(pieces.iter().copied().map(Step::Piece));
    }

    fn images(&mut self, store: &Store) {
        for image in &store.images {
            self.group(&image_name(image), |plan| {
                let layers = image.layers.iter().zip(0_usize..);
                for (id, at) in layers.filter_map(|(id, at)| Some(((*id)?, at))) {
                    plan.layer(store, id, &format!("layer {at}"));
                }
                plan.pieces(&image.pieces);
            });
        }
    }

    fn containers(&mut self, store: &Store) {
        for container in &store.containers {
            self.group(container_name(container), |plan| {
                if let Some(id) = container.writable {
                    plan.layer(store, id, "written");
                }
                if let Some(id) = container.init {
                    plan.layer(store, id, "init");
                }
                plan.owner("logs", &container.logs);
                plan.pieces(&container.pieces);
            });
        }
    }

    fn cache(&mut self, store: &Store) {
        for record in &store.cache {
            let name = match record.description.as_str() {
                "" => record.id.clone(),
                text => format!("{} {text}", record.id),
            };
            self.group(&name, |plan| {
                if let Some(id) = record.layer {
                    plan.layer(store, id, "layer");
                }
                plan.pieces(&record.pieces);
            });
        }
    }

    fn layer(&mut self, store: &Store, id: LayerId, what: &str) {
        let Some(layer) = store.layers.get(id.as_usize()) else {
            return;
        };
        let name = match layer.diff_id.as_ref().map(Digest::short) {
            Some(digest) => format!("{what} {digest}"),
            None => what.to_owned(),
        };
        self.group(&name, |plan| {
            plan.pieces(&layer.pieces);
            plan.pieces(&layer.blobs);
        });
    }

    /// Puts what nothing above has where it can be found.
    fn leftovers(&mut self, store: &Store) {
        let mut has_place = vec![false; store.pieces.len()];
        for step in &self.steps {
            if let Step::Piece(id) = step
                && let Some(place) = has_place.get_mut(id.as_usize())
            {
                *place = true;
            }
        }
        let left: Vec<(PieceId, Role)> = store
            .pieces
            .iter()
            .zip(0_u32..)
            .zip(has_place)
            .filter(|(_, has_place)| !has_place)
            .map(|((piece, at), _)| (PieceId(at), piece.role))
            .collect();
        for (name, roles) in [
            ("layers of no image", &[Role::Layer, Role::Blob][..]),
            (
                "other containers",
                &[Role::Writable, Role::ContainerFiles, Role::Log],
            ),
            ("other volumes", &[Role::Volume]),
            ("other build cache", &[Role::Cache]),
            ("other extras", &[Role::Extra]),
            ("other orphans", &[Role::Orphan]),
            ("bookkeeping", &[Role::Bookkeeping]),
        ] {
            let pieces = left.iter().filter(|(_, role)| roles.contains(role));
            let pieces: Vec<PieceId> = pieces.map(|(id, _)| *id).collect();
            self.owner(name, &pieces);
        }
    }
}

fn image_name(image: &StoredImage) -> String {
    let id = image.id.as_ref().or(image.digest.as_ref());
    match (image.names.first(), id) {
        (Some(name), _) => name.clone(),
        (None, Some(id)) => format!("<none>@{}", id.short()),
        (None, None) => "<none>".to_owned(),
    }
}

fn container_name(container: &Container) -> &str {
    match container.name.as_str() {
        "" => &container.id,
        name => name,
    }
}
