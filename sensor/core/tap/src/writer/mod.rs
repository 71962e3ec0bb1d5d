//! Writing captures: plain pcap, pcapng with ticks, and a recorder that writes what passes.

mod blocks;
mod frame;
mod pcap;
mod pcapng;
mod recorder;

pub(crate) use blocks::{whole_blocks, TICK};
pub use blocks::{Direction, Remark};
pub use pcap::PcapWriter;
pub use pcapng::PcapngWriter;
pub use recorder::{Account, Recorder, Tape};
