//! The rooms between the capture and the conversations: tunnels, fragments, checksums, copies, segments.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

#[path = "../common/mod.rs"]
mod common;

mod build;
mod checksums;
mod duplicates;
mod fragments;
mod redundancy;
mod segments;
mod tunnels;
