//! layerscope: what is inside a container image, layer by layer, and which bytes are wasted.
//!
//! # Map
//!
//! A module uses only modules above it; `tests/architecture.rs` enforces that.
//!
//! | module | purpose |
//! |---|---|
//! | [`error`], [`limits`], [`path`], [`units`], [`progress`] | errors and warnings, every limit, byte paths, numbers as text, watching and cancelling |
//! | [`mount_table`] | what is mounted, and which of it may never answer |
//! | [`beneath`] | directory-relative access that never follows a link out |
//! | [`text`] | setting text for people: columns, wrapping, which characters |
//! | [`layer`] | one layer: its entries and its bytes; compression; the tar walk |
//! | [`tree`] | one layer's tree, the union of all; no I/O |
//! | [`image`] | manifests' view of an image: configuration, history, instructions, base boundary |
//! | [`store`] | local layer stores: images, containers, layers, who shares what, what nobody owns |
//! | [`source`] | from what the user named to an [`image::Image`] |
//! | [`scan`] | layers to trees, in parallel; comparing what has to be compared |
//! | [`analysis`] | every figure, waste, rules, dive's arithmetic |
//! | [`extract`] | files of a view to disk, safely |
//! | [`report`] | an analysis as text, JSON or in dive's format |
//! | [`browse`] | what a person does with a tree: projection, rows, search, unfold, sort |
//! | [`tui`] | the interactive view: state, keys, panes, drawing |
//! | [`cli`] | arguments, configuration, exit codes |
//!
//! # Flow
//!
//! [`source::open`] finds out what was named and reads manifests only. [`analysis::run`] scans the layers, each
//! in one pass into a [`tree::FileTree`], joins them into a [`tree::MergedTree`], compares the few files whose
//! content decides a mark, and balances what is stored against what is shown. Everything after that reads the
//! [`analysis::Analysis`] and computes nothing.
//!
//! ```
//! use layerscope::{analysis, progress::Job, source};
//!
//! # fn main() -> layerscope::error::Result<()> {
//! let job = Job::new();
//! let locator = source::Locator::parse("assets/demo-image.tar".as_ref())?;
//! let opened = source::open(&locator, &source::OpenOptions::default(), &job)?;
//! let analysis = analysis::run(opened.source, opened.image, &analysis::Options::default(), &job)?;
//! assert!(analysis.totals.wasted_bytes > 0);
//! for wasted in analysis.waste.largest(&analysis.tree, 3) {
//!     let path = layerscope::path::display_absolute(&analysis.tree.path(wasted.path));
//!     println!("{path} {} {}", wasted.bytes, wasted.cause.as_str());
//! }
//! # Ok(())
//! # }
//! ```

pub mod analysis;
pub mod beneath;
pub mod browse;
pub mod cli;
pub mod error;
pub mod extract;
pub mod image;
pub mod layer;
pub mod limits;
pub mod mount_table;
pub mod path;
pub mod progress;
pub mod report;
pub mod scan;
pub mod source;
pub mod store;
pub mod text;
pub mod tree;
pub mod tui;
pub mod units;
