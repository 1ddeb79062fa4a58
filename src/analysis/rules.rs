//! Rules: what a build may cost, and whether it does.
