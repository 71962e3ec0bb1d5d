//! Windows, with messages made here.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![allow(clippy::cast_possible_truncation)]

mod assets;
mod budget;
mod conversations;
#[path = "../baseline/messages.rs"]
#[allow(dead_code)]
mod messages;
mod shards;
