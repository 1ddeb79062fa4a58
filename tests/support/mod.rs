//! Fixtures built in code: what every integration test, the demo image and the benchmarks stand on.
//!
//! A test describes a *logical* image once and asks for it in any form a user might have it:
//!
//! ```ignore
//! let image = image()
//!     .name("app:1.4")
//!     .layer("ADD rootfs.tar.xz /", |l| l.dir("etc").file("etc/passwd", b"root:x:0:0\n").mode(0o600))
//!     .empty("ENV MODE=production")
//!     .layer("RUN rm /etc/passwd", |l| l.whiteout("etc/passwd"))
//!     .build();
//! let bytes = docker_current(&[&image], Packing::new(Codec::Gzip)).archive(Codec::None);
//! ```
//!
//! | file | idea |
//! |---|---|
//! | `item.rs` | one record of a layer, and the ways tar can write it |
//! | `layer.rs` | a layer under construction |
//! | `image.rs` | an image under construction: layers, history, configuration |
//! | `tar.rs`, `tar/{pax,sparse}.rs` | records to tar bytes, and raw blocks for odd and hostile cases |
//! | `tar_split.rs` | the record that engines keep of a tar they unpack |
//! | `codec.rs` | compression, the unusual framings too |
//! | `members.rs` | named files that become a directory or an archive |
//! | `docker.rs`, `oci.rs`, `skopeo.rs` | the containers an image comes in |
//! | `docker_store.rs` | an engine's data root made by hand |
//! | `engines.rs` | real engines, each on roots of its own |
//! | `corpus.rs` | where real images are, if they are |
//! | `stores.rs` | where real layer stores are, and what their engines said |
//! | `model.rs`, `model/*.rs` | what the union and the waste must be, computed naively |
//! | `strategy.rs`, `random.rs` | random stacks of layers; numbers and text by chance |
//! | `demo.rs` | the demo image |
//! | `odd.rs` | layers as nobody should write them |
//! | `opened.rs` | layers handed to the scanner without a container |
//! | `listing.rs` | images and directories listed alike |
//! | `walked.rs` | what the walk over a tar delivers |
//!
//! Everything is deterministic: the same description gives the same bytes.

#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    missing_docs,
    reason = "every test crate includes all of this and uses a part; internal, documented where names do not suffice"
)]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::return_self_not_must_use,
    reason = "a fixture that cannot be built is a failed test; clippy excuses only functions marked as tests"
)]

pub mod codec;
pub mod corpus;
pub mod demo;
pub mod docker;
pub mod docker_store;
pub mod engines;
pub mod image;
pub mod item;
pub mod layer;
pub mod listing;
pub mod members;
pub mod model;
pub mod oci;
pub mod odd;
pub mod opened;
pub mod random;
pub mod skopeo;
pub mod stores;
pub mod strategy;
pub mod tar;
pub mod tar_split;
pub mod walked;

pub use codec::Codec;
pub use docker::{docker_current, docker_legacy};
pub use docker_store::DockerStore;
pub use image::{Image, ImageBuilder, image};
pub use item::{Encoding, Item, Kind};
pub use layer::LayerBuilder;
pub use members::{Index, Members, Packing, Repeated};
pub use oci::oci;
pub use skopeo::skopeo_dir;
pub use walked::Walk;
