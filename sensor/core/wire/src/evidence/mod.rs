//! What an alert can be shown with: the packets of its conversation, before and after the one that raised it.
//!
//! A [`Ring`] keeps the latest packets of one shard within a budget of bytes; each knows the packet of its conversation
//! before it, so going back costs what is found and no table is kept. On files only the places of the packets are kept:
//! the bytes are on the disk already. [`Evidence`] cuts a [`Slice`] out of it for each new alert.

mod ring;
mod slices;

pub use ring::{Entry, Keeps, Ring};
pub use slices::{Bound, Evidence, Kept, Reach, Slice, Wanted};
