//! Wire bytes to events: frames, flows, streams, protocols, matching, baseline, windows.
//! Pure: no I/O, no clock, no `unsafe`, and nothing in a packet makes it panic.

pub mod analysis;
pub mod baseline;
pub mod ber;
pub mod clock;
pub mod columns;
pub mod cursor;
pub mod der;
pub mod engine;
pub mod event;
pub mod evidence;
pub mod export;
pub mod filter;
pub mod finding;
pub mod flow;
pub mod fold;
pub mod forest;
pub mod frame;
pub mod hash;
pub mod ledger;
pub mod limits;
pub mod listing;
pub mod marks;
pub mod news;
pub mod packet;
pub mod pairing;
pub mod print;
pub mod protocol;
pub mod reader;
pub mod rules;
pub mod segments;
pub mod site;
pub mod stream;
pub mod value;
pub mod windows;
