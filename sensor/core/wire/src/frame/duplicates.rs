//! Frames that a mirror port shows twice.

use std::net::IpAddr;

use super::print::address;
use super::seen::{Entry, Seen};
use super::Print;
use crate::hash::mixed;
use crate::limits::PRP_NS;

/// Frames looked at in one go before a port is judged; see [`Duplicates`].
const SAMPLE: u16 = 256;

/// What one input showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortRate {
    pub frames: u64,
    pub copies: u64,
    /// The port is one that shows every frame twice.
    pub proven: bool,
}

#[derive(Clone, Copy, Default)]
struct Port {
    rate: PortRate,
    /// Of the sample: different frames, those that came once more, and their senders (one bit each of a hash).
    different: u16,
    twinned: u16,
    senders: u64,
}

/// Tells copies that the capture made from frames that were sent again.
///
/// A copy has the same IP id (not 0), addresses and layer-4 bytes, comes within a few milliseconds, and
///
/// - was seen elsewhere: in another VLAN or tunnel, with another time to live, other MAC addresses, or at another input; or
/// - came through an input that is proven to show frames twice; or
/// - carries the sequence number of its original in a PRP trailer or HSR tag, and the other LAN (then whatever its IP
///   id, and within the time in which a PRP node forgets: IEC 62439-3, `EntryForgetTime`).
///
/// All else passes: a flood of identical datagrams is a flood, and a TCP retransmission has an IP id of its own.
///
/// An input is *proven* when, of 256 different frames that have an IP id, more than half came once more in the same
/// place, from at least two senders. A mirror of both directions of its ports shows every frame twice; half is what is
/// left when it is overloaded and drops three frames of ten. An input that does not duplicate shows twins only of senders
/// that repeat themselves with a constant IP id; were those a third of all its frames, a sample of 256 would exceed
/// half by more than five standard deviations (√(⅓·⅔/256) ≈ 0.03). A flood counts as one frame of the sample however
/// long it is, and one sender proves nothing. On a proven input one twin of each frame is a copy and further ones pass,
/// so even there a flood stays visible. The next sample may prove the contrary.
///
/// It remembers the frames of one shard.
pub struct Duplicates {
    seen: Seen,
    ports: Vec<Port>,
}

impl Duplicates {
    /// Room for at most `entries` frames, rounded up to a power of two.
    pub fn new(entries: usize) -> Self {
        Self { seen: Seen::new(entries), ports: Vec::new() }
    }

    /// Ask for the memory that [`Duplicates::is_copy`] will look at.
    #[inline]
    pub fn prefetch(&self, print: u64) {
        self.seen.prefetch(print);
    }

    /// Whether the frame with this fingerprint is a copy of one that was seen before. `window_ns`: how long after it a
    /// copy may come.
    #[inline(always)]
    pub fn is_copy(&mut self, print: Print, source: IpAddr, input: u16, ts_ns: u64, window_ns: u64) -> bool {
        let port = usize::from(input);
        if port >= self.ports.len() {
            self.ports.resize(port.saturating_add(1), Port::default());
        }
        if let Some(port) = self.ports.get_mut(port) {
            port.rate.frames = port.rate.frames.saturating_add(1);
        }
        let doubled = print.by_sequence != 0 && self.other_lan(print, ts_ns);
        let copy = doubled || (print.by_id != 0 && self.same_id(print, source, port, ts_ns, window_ns));
        if copy {
            if let Some(port) = self.ports.get_mut(port) {
                port.rate.copies = port.rate.copies.saturating_add(1);
            }
        }
        copy
    }

    /// Per input: frames and copies so far.
    pub fn rates(&self) -> impl Iterator<Item = PortRate> + '_ {
        self.ports.iter().map(|port| port.rate)
    }

    #[inline(always)]
    fn same_id(&mut self, print: Print, source: IpAddr, port: usize, ts_ns: u64, window_ns: u64) -> bool {
        // Inputs are few: their number leaves the rest of the fingerprint as good as it was.
        let place = print.place ^ low((port as u64) << 1);
        let print = print.by_id;
        let Some(port) = self.ports.get_mut(port) else { return false };
        let Some(entry) = self.seen.find(print, ts_ns, window_ns) else {
            port.different = port.different.saturating_add(1);
            if port.different >= SAMPLE {
                port.rate.proven = port.twinned > SAMPLE / 2 && port.senders.count_ones() >= 2;
                (port.different, port.twinned, port.senders) = (0, 0, 0);
            }
            self.seen.insert(Entry::new(print, place, ts_ns), window_ns);
            return false;
        };
        if entry.place & !1 != place {
            return true;
        }
        let first_twin = entry.place & 1 == 0;
        if first_twin {
            entry.place |= 1;
            port.twinned = port.twinned.saturating_add(1);
            port.senders |= 1u64.wrapping_shl(low(mixed(address(source))) & 63);
        }
        if first_twin && port.rate.proven {
            return true;
        }
        entry.again(ts_ns);
        false
    }

    /// The other copy of a doubled frame.
    #[cold]
    fn other_lan(&mut self, print: Print, ts_ns: u64) -> bool {
        let place = u32::from(print.lan) << 1;
        let print = print.by_sequence;
        match self.seen.find(print, ts_ns, PRP_NS) {
            Some(entry) => entry.place != place,
            None => {
                self.seen.insert(Entry::new(print, place, ts_ns), PRP_NS);
                false
            }
        }
    }
}

#[inline]
fn low(hash: u64) -> u32 {
    #[allow(clippy::cast_possible_truncation)] // half of a hash is a hash
    let low = hash as u32;
    low
}
