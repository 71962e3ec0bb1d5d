//! Where packets come from: capture files ([`Files`]) and AF_PACKET rings ([`Live`]), both behind [`Source`].
//!
//! Whatever the source, a [`wire::packet::Sink`] gets packets in arrival order (several inputs merged by capture time),
//! ticks when time passes without packets, and the number of packets that were lost on the way. The tap believes
//! nothing that a file says about lengths, allocates nothing per packet, and never sends.

#![deny(unsafe_code)] // but for `poll`, `live::ring` and `live::socket`

mod error;
mod evidence;
mod files;
mod live;
#[allow(unsafe_code)]
mod poll;
mod rolling;
mod source;
mod writer;

pub use error::Error;
pub use evidence::{slice_file, Originals};
pub use files::Files;
pub use live::{Live, LiveOptions};
pub use rolling::{Recording, Rolling};
pub use source::{Counters, Progress, Source};
pub use writer::{Account, Direction, PcapWriter, PcapngWriter, Recorder, Remark, Tape};
