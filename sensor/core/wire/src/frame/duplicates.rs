//! Frames that a mirror port shows twice.

use std::net::IpAddr;

use super::print::address;
use super::Print;
use crate::hash::mixed;
use crate::limits::PRP_NS;

/// Frames looked at in one go before a port is judged; see [`Duplicates`].
const SAMPLE: u16 = 256;
/// Frames of one line of the table: 64 bytes, one line of the processor's cache.
const WAYS: usize = 4;
/// Nanoseconds of one unit of [`Entry::time`], as a shift: 4 µs, which turns over after five hours.
const TIME_SHIFT: u32 = 12;

/// One frame that was seen lately.
#[derive(Clone, Copy, Default)]
struct Entry {
    /// Fingerprint of what both copies share; 0: empty.
    print: u64,
    time: u32,
    /// Fingerprint of where it was seen; the lowest bit says that a twin followed in the same place.
    place: u32,
}

#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Line([Entry; WAYS]);

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
/// The table holds the frames of one shard; a line of four frames is one cache line, the oldest of the four goes.
pub struct Duplicates {
    lines: Box<[Line]>,
    ports: Vec<Port>,
}

impl Duplicates {
    /// Room for `entries` frames, rounded up to a power of two.
    pub fn new(entries: usize) -> Self {
        let lines = entries.div_ceil(WAYS).next_power_of_two();
        Self { lines: vec![Line::default(); lines].into_boxed_slice(), ports: Vec::new() }
    }

    /// Fetch the memory that [`Duplicates::is_copy`] will look at. The number means nothing.
    #[inline]
    pub fn touch(&self, print: u64) -> u64 {
        self.lines.get(place_of(print, self.lines.len())).map_or(0, |Line([first, ..])| first.print)
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
        let copy = doubled || (print.by_id != 0 && self.seen(print, source, port, ts_ns, window_ns));
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
    fn seen(&mut self, print: Print, source: IpAddr, port: usize, ts_ns: u64, window_ns: u64) -> bool {
        // Inputs are few: their number leaves the rest of the fingerprint as good as it was.
        let place = print.place ^ low((port as u64) << 1);
        let print = print.by_id;
        let Some(port) = self.ports.get_mut(port) else { return false };
        let Some(entry) = find(&mut self.lines, print, ts_ns, window_ns) else {
            port.different = port.different.saturating_add(1);
            if port.different >= SAMPLE {
                port.rate.proven = port.twinned > SAMPLE / 2 && port.senders.count_ones() >= 2;
                (port.different, port.twinned, port.senders) = (0, 0, 0);
            }
            insert(&mut self.lines, Entry { print, time: time(ts_ns), place });
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
        // Sent again: copies of it are looked for from here on.
        entry.time = time(ts_ns);
        false
    }

    /// The other copy of a doubled frame.
    #[cold]
    fn other_lan(&mut self, print: Print, ts_ns: u64) -> bool {
        let place = u32::from(print.lan) << 1;
        let print = print.by_sequence;
        match find(&mut self.lines, print, ts_ns, PRP_NS) {
            Some(entry) => entry.place != place,
            None => {
                insert(&mut self.lines, Entry { print, time: time(ts_ns), place });
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

#[inline]
fn time(ts_ns: u64) -> u32 {
    low(ts_ns >> TIME_SHIFT)
}

#[inline]
fn place_of(print: u64, lines: usize) -> usize {
    usize::try_from(print >> 20).unwrap_or(0) & lines.wrapping_sub(1)
}

#[inline]
fn line(lines: &mut [Line], print: u64) -> Option<&mut Line> {
    lines.get_mut(place_of(print, lines.len()))
}

#[inline]
fn find(lines: &mut [Line], print: u64, ts_ns: u64, window_ns: u64) -> Option<&mut Entry> {
    let now = time(ts_ns);
    // One unit more: both times were rounded down.
    let window = u32::try_from(window_ns >> TIME_SHIFT).unwrap_or(u32::MAX).saturating_add(1);
    let Line(entries) = line(lines, print)?;
    // Inputs need not be in step: the copy may carry the earlier time.
    entries
        .iter_mut()
        .find(|entry| entry.print == print && now.wrapping_sub(entry.time).min(entry.time.wrapping_sub(now)) <= window)
}

/// In front; what was put in longest ago goes.
#[inline]
fn insert(lines: &mut [Line], new: Entry) {
    if let Some(Line(entries)) = line(lines, new.print) {
        let [first, second, third, _] = *entries;
        *entries = [new, first, second, third];
    }
}
