//! The interactive view: keys to state, effects and cells, without a terminal.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; clippy excuses only functions marked as tests"
)]
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "what tests share is documented where names do not suffice"
)]

#[path = "../support/mod.rs"]
mod support;

mod browser;
mod comparison;
mod corpus;
mod edits;
mod files;
mod image;
mod keymap;
mod layers;
mod loading;
mod mouse;
mod pictures;
mod popups;
mod preview;
mod properties;
mod screen;
mod screenshots;
mod snapshots;
mod store;
mod stored;
mod svg;
mod tree;
mod treemap;
mod waste;
