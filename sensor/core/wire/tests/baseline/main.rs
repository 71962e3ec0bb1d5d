//! Learning and checking, with messages made here.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![allow(clippy::cast_possible_truncation)]

#[path = "../common/random.rs"]
mod random;

mod check;
mod learning;
mod messages;
mod periods;
mod reference;
mod seen;
mod shards;
mod table;
mod turns;
