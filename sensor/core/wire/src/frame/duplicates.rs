//! Frames that a mirror port shows twice.

use std::net::IpAddr;

use ahash::RandomState;

use super::{Frame, Redundancy};
use crate::hash::{folded, mixed};
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
/// The table holds the frames of one shard; a line of four frames is one cache line, the oldest of the four goes. A
/// fingerprint has 64 bits and a key out of the first frame (its capture time and bytes): the same capture gives the same
/// answers, and nobody on the wire can make two frames that collide.
pub struct Duplicates {
    lines: Box<[Line]>,
    key: Option<Key>,
    ports: Vec<Port>,
}

/// Four numbers that nobody on the wire knows.
type Key = [u64; 4];

impl Duplicates {
    /// Room for `entries` frames, rounded up to a power of two.
    pub fn new(entries: usize) -> Self {
        let lines = entries.div_ceil(WAYS).next_power_of_two();
        Self { lines: vec![Line::default(); lines].into_boxed_slice(), key: None, ports: Vec::new() }
    }

    /// Whether this frame is a copy of one that was seen before. `window_ns`: how long after it a copy may come.
    pub fn is_copy(&mut self, frame: &Frame<'_>, input: u16, ts_ns: u64, window_ns: u64) -> bool {
        let print = self.print(frame, ts_ns);
        self.is_copy_of(print, frame, input, ts_ns, window_ns)
    }

    /// Fingerprint of what a frame shares with its copies; 0 for one that has none.
    #[inline]
    pub fn print(&mut self, frame: &Frame<'_>, ts_ns: u64) -> u64 {
        let key = self.key.get_or_insert_with(|| keyed(frame, ts_ns));
        match frame.redundancy {
            None if frame.ip_id == 0 => 0,
            _ => print(key, frame, u64::from(frame.ip_id)),
        }
    }

    /// Fetch the memory that [`Duplicates::is_copy_of`] will look at. The number means nothing.
    #[inline]
    pub fn touch(&self, print: u64) -> u64 {
        self.lines.get(place_of(print, self.lines.len())).map_or(0, |Line([first, ..])| first.print)
    }

    /// [`Duplicates::is_copy`], with the frame's fingerprint.
    #[inline]
    pub fn is_copy_of(&mut self, print: u64, frame: &Frame<'_>, input: u16, ts_ns: u64, window_ns: u64) -> bool {
        let port = usize::from(input);
        if port >= self.ports.len() {
            self.ports.resize(port.saturating_add(1), Port::default());
        }
        if let Some(port) = self.ports.get_mut(port) {
            port.rate.frames = port.rate.frames.saturating_add(1);
        }
        if print == 0 {
            return false;
        }
        let copy = match frame.redundancy {
            Some(redundancy) if self.other_lan(frame, redundancy, ts_ns) => true,
            _ => frame.ip_id != 0 && self.seen(print, frame, port, ts_ns, window_ns),
        };
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

    #[inline]
    fn seen(&mut self, print: u64, frame: &Frame<'_>, port: usize, ts_ns: u64, window_ns: u64) -> bool {
        let key = self.key.unwrap_or_default();
        let place = where_seen(&key, frame, port) & !1;
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
            port.senders |= 1u64.wrapping_shl(low(mixed(address(frame.source))) & 63);
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
    fn other_lan(&mut self, frame: &Frame<'_>, redundancy: Redundancy, ts_ns: u64) -> bool {
        let [a, b, c, d, e, f] = frame.source_mac;
        let [high, low] = redundancy.sequence.to_be_bytes();
        // Set apart from the fingerprints by IP id, which fit in 16 bits.
        let id = u64::from_be_bytes([a, b, c, d, e, f, high, low]) | 1 << 63;
        let print = print(&self.key.unwrap_or_default(), frame, id);
        let place = u32::from(redundancy.lan) << 1;
        match find(&mut self.lines, print, ts_ns, PRP_NS) {
            Some(entry) => entry.place != place,
            None => {
                insert(&mut self.lines, Entry { print, time: time(ts_ns), place });
                false
            }
        }
    }
}

/// Nobody knows the nanosecond at which his first frame will be captured.
#[cold]
fn keyed(frame: &Frame<'_>, ts_ns: u64) -> Key {
    let first = RandomState::with_seeds(0x6475_706c, 0x6963_6174, 0x6573_6f66, 0x6672_616d);
    [1u64, 2, 3, 4].map(|salt| first.hash_one((salt, ts_ns, frame.segment)))
}

/// Of what both copies share. Never 0.
#[inline]
fn print(key: &Key, frame: &Frame<'_>, id: u64) -> u64 {
    let [first, second, third, fourth] = *key;
    // Where the capture cut it, the length still tells.
    let lengths = (frame.segment.len() as u64) << 32 | u64::from(frame.missing);
    let addresses = folded(address(frame.source) ^ second, address(frame.destination) ^ first);
    let mut hash = folded(id ^ third, lengths ^ fourth) ^ addresses;
    let (pairs, rest) = frame.segment.as_chunks::<16>();
    for pair in pairs {
        let (a, b) = halves(pair);
        hash = folded(a ^ first, b ^ hash);
    }
    let mut last = [0; 16];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let (a, b) = halves(frame.segment.last_chunk::<16>().unwrap_or(&last));
    folded(folded(a ^ second, b ^ hash) ^ third, fourth).max(1)
}

#[inline]
fn halves(pair: &[u8; 16]) -> (u64, u64) {
    let number = u128::from_ne_bytes(*pair);
    (wide(number), wide(number >> 64))
}

#[inline]
fn address(ip: IpAddr) -> u64 {
    match ip {
        IpAddr::V4(ip) => ip.to_bits().into(),
        IpAddr::V6(ip) => mixed(wide(ip.to_bits())) ^ wide(ip.to_bits() >> 64),
    }
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // half of it is what is wanted
fn wide(number: u128) -> u64 {
    number as u64
}

/// Of the VLAN, tunnel, time to live, MAC addresses and input.
#[inline]
fn where_seen(key: &Key, frame: &Frame<'_>, port: usize) -> u32 {
    let [first, second, third, _] = *key;
    let mac = |[a, b, c, d, e, f]: [u8; 6]| u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    let vlan = frame.vlan.map_or(0, |vlan| u64::from(vlan) | 1 << 16);
    let around = vlan << 32 | u64::from(frame.outside);
    let between = (port as u64) << 8 | u64::from(frame.ttl);
    let macs = folded(mac(frame.source_mac) ^ first, mac(frame.destination_mac) ^ second);
    low(folded(around ^ third ^ macs, between.rotate_left(40) ^ second))
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

/// In place of what was seen longest ago.
#[inline]
fn insert(lines: &mut [Line], new: Entry) {
    let Some(Line(entries)) = line(lines, new.print) else { return };
    let age = |entry: &Entry| if entry.print == 0 { u32::MAX } else { new.time.wrapping_sub(entry.time) };
    if let Some(oldest) = entries.iter_mut().max_by_key(|entry| age(entry)) {
        *oldest = new;
    }
}
