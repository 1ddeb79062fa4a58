//! The real program on a real terminal: what it does to it, and that it gives it back whatever happens.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests; clippy excuses only functions marked as tests"
)]
#![allow(
    unreachable_pub,
    missing_docs,
    reason = "what tests share is documented where names do not suffice"
)]

mod endings;
mod hostile;
mod opening;
mod pty;
mod shell;
#[path = "../support/mod.rs"]
mod support;
