//! Wire bytes to events: frames, flows, streams, protocols, matching, baseline, windows.
//! Pure: no I/O, no clock, no `unsafe`, and nothing in a packet makes it panic.

pub mod cursor;
pub mod event;
pub mod limits;
pub mod packet;
pub mod protocol;
pub mod value;
