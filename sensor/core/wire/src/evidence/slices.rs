//! One slice of a conversation for each new alert: what came before it at once, what comes after it as it comes.

use std::collections::VecDeque;
use std::sync::Arc;

use super::ring::{Entry, Keeps, Ring};
use crate::fold::Mark;
use crate::ledger::add;
use crate::limits;
use crate::packet::{LinkType, Packet, Tag};

/// Set in a conversation's link while a slice of it is under way: the only thing looked at per packet.
const FOLLOWED: u64 = 1 << 63;

/// How far a slice goes, each way. Whatever comes first ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    pub before_packets: usize,
    pub before_ns: u64,
    pub after_packets: usize,
    pub after_ns: u64,
    /// Captured bytes, before and after each.
    pub bytes: usize,
}

impl Default for Reach {
    fn default() -> Self {
        Self {
            before_packets: limits::SLICE_PACKETS_BEFORE,
            before_ns: limits::SLICE_BEFORE_NS,
            after_packets: limits::SLICE_PACKETS_AFTER,
            after_ns: limits::SLICE_AFTER_NS,
            bytes: limits::SLICE_BYTES,
        }
    }
}

/// Why a slice begins, or ends, where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The first packet that we saw of the conversation.
    Beginning,
    /// The number of packets that a slice may have.
    Packets,
    Bytes,
    /// The time that a slice may span; after the alert also: nothing more came in it.
    Time,
    /// What came before was overwritten in the ring.
    Overwritten,
    /// All slices together held as much as they may.
    Budget,
    /// The input ended.
    End,
}

impl Bound {
    pub fn name(self) -> &'static str {
        match self {
            Bound::Beginning => "beginning",
            Bound::Packets => "packets",
            Bound::Bytes => "bytes",
            Bound::Time => "time",
            Bound::Overwritten => "overwritten",
            Bound::Budget => "budget",
            Bound::End => "end",
        }
    }
}

/// One packet of a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    pub ts_ns: u64,
    pub number: u64,
    pub input: u16,
    pub link: LinkType,
    pub vlan: Option<Tag>,
    pub wire_len: u32,
    /// Bytes captured of it.
    pub len: u32,
    /// Where they stand: in the slice, or (on files) in the file `input`.
    pub offset: u64,
}

/// The packets around one alert, in the order they came. Both directions: the ring links conversations.
#[derive(Clone, Debug)]
pub struct Slice {
    pub fold: u64,
    /// What raised the alert, and by which packet.
    pub cause: Arc<str>,
    pub mark: Mark,
    pub packets: Vec<Kept>,
    /// Which of `packets` it was.
    pub hit: usize,
    bytes: Vec<u8>,
    places: bool,
    /// How far it goes back from there.
    pub before: Bound,
    /// Why it ends.
    pub after: Bound,
    /// Engine time at which it was complete: the order slices come out in.
    pub done_ns: u64,
    /// Place of that in the order of everything.
    pub order: u64,
}

impl Slice {
    /// The frame; `None` where it has to be read back from its file.
    pub fn bytes(&self, kept: &Kept) -> Option<&[u8]> {
        if self.places {
            return None;
        }
        let start = usize::try_from(kept.offset).ok()?;
        self.bytes.get(start..start.checked_add(kept.len as usize)?)
    }

    pub fn reaches_back_packets(&self) -> usize {
        self.hit
    }

    /// Packet time between the first packet and the one that raised the alert.
    pub fn reaches_back_ns(&self) -> u64 {
        let first = self.packets.first().map_or(0, |kept| kept.ts_ns);
        self.packets.get(self.hit).map_or(0, |hit| hit.ts_ns.saturating_sub(first))
    }

    /// What the slice costs while it waits to be taken.
    fn cost(&self) -> usize {
        self.bytes.len().saturating_add(self.packets.len().saturating_mul(size_of::<Kept>()))
    }

    fn add(&mut self, entry: &Entry<'_>) {
        let start = self.bytes.len() as u64;
        self.bytes.extend_from_slice(entry.bytes);
        self.packets.push(Kept {
            ts_ns: entry.ts_ns,
            number: entry.number,
            input: entry.input,
            link: entry.link,
            vlan: entry.vlan,
            wire_len: entry.wire_len,
            len: entry.len,
            offset: if self.places { entry.offset } else { start },
        });
    }
}

/// What an alert is to be shown with that was decided some packets after the one that raised it.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub fold: u64,
    pub cause: Arc<str>,
    /// The packet that raised it, where that stands in the ring, and the engine time at which it was read.
    pub mark: Mark,
    pub packet: u64,
    pub now_ns: u64,
}

struct UnderWay {
    slice: Slice,
    /// The conversation's latest packet: by it the conversation is known again.
    latest: u64,
    due_ns: u64,
    packets_left: usize,
    bytes_left: usize,
}

impl UnderWay {
    /// One packet more, and why it is the last one or none; `held_bytes` is what all slices hold.
    fn take(&mut self, entry: &Entry<'_>, is_over: bool, held_bytes: &mut usize) -> Option<Bound> {
        let len = entry.len as usize;
        if is_over {
            return Some(Bound::Time);
        } else if len > self.bytes_left {
            return Some(Bound::Bytes);
        } else if held_bytes.saturating_add(len) > limits::SLICE_BYTES_HELD {
            return Some(Bound::Budget);
        }
        let cost = self.slice.cost();
        self.slice.add(entry);
        *held_bytes = held_bytes.saturating_add(self.slice.cost().saturating_sub(cost));
        self.latest = entry.position;
        self.bytes_left = self.bytes_left.saturating_sub(len);
        self.packets_left = self.packets_left.saturating_sub(1);
        (self.packets_left == 0).then_some(Bound::Packets)
    }
}

/// Ring and slices of one shard. Depends on the packets of this shard and engine time alone.
pub struct Evidence {
    ring: Ring,
    reach: Reach,
    under_way: Vec<UnderWay>,
    /// When each slice begun lately stops counting against the rate.
    begun: VecDeque<u64>,
    held_bytes: usize,
    ready: Vec<Slice>,
    ready_bytes: usize,
    /// Alerts that got no slice: too many began at a time, or the ring does not have their packet any more.
    pub dropped: u64,
    /// Nothing more will come.
    finished: bool,
    /// Place of what is being looked at in the order of everything.
    pub order: u64,
}

impl Evidence {
    /// A shard's part: a ring of at most `budget` bytes.
    pub fn new(budget: usize, keeps: Keeps, reach: Reach) -> Self {
        Self {
            ring: Ring::new(budget, keeps),
            reach,
            under_way: Vec::new(),
            begun: VecDeque::new(),
            held_bytes: 0,
            ready: Vec::new(),
            ready_bytes: 0,
            dropped: 0,
            finished: false,
            order: 0,
        }
    }

    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// A packet of the conversation whose `last` this is (0 when it is new): call it before the packet is read.
    #[inline(never)]
    pub fn packet(&mut self, last: &mut u64, packet: &Packet<'_>, now_ns: u64) {
        let before = *last;
        let position = self.ring.push(before & !FOLLOWED, packet);
        *last = position;
        if before & FOLLOWED != 0 {
            *last |= self.follow(before & !FOLLOWED, position, now_ns);
        }
    }

    /// Returns `FOLLOWED` while a slice of this conversation still wants packets.
    #[cold]
    fn follow(&mut self, before: u64, position: u64, now_ns: u64) -> u64 {
        let mut followed = 0;
        let Some(entry) = self.ring.get(position) else { return followed };
        let mut index = 0;
        while let Some(taking) = self.under_way.get_mut(index) {
            if taking.latest != before {
                index = index.saturating_add(1);
                continue;
            }
            match taking.take(&entry, now_ns >= taking.due_ns, &mut self.held_bytes) {
                Some(bound) => {
                    let taking = self.under_way.remove(index);
                    let held = taking.slice.cost();
                    self.held_bytes = self.held_bytes.saturating_sub(held);
                    complete(&mut self.ready, &mut self.ready_bytes, taking.slice, bound, (now_ns, self.order));
                }
                None => {
                    followed = FOLLOWED;
                    index = index.saturating_add(1);
                }
            }
        }
        followed
    }

    /// A slice from what the ring has up to the packet `latest`; `None`, and counted: too many began at a time, or it is gone.
    fn begin(&mut self, latest: u64, fold: u64, cause: &Arc<str>, mark: Mark, now_ns: u64) -> Option<Slice> {
        while self.begun.front().is_some_and(|due_ns| *due_ns <= now_ns) {
            self.begun.pop_front();
        }
        let full = self.begun.len() >= limits::SLICES || self.held_bytes >= limits::SLICE_BYTES_HELD;
        let slice = if full { None } else { self.before(latest, fold, cause, mark) };
        match slice {
            Some(_) => self.begun.push_back(now_ns.saturating_add(limits::SLICE_PACE_NS)),
            None => add(&mut self.dropped, 1),
        }
        slice
    }

    /// A new alert that was decided some packets later. What came behind the packet that raised it stands in the ring, too; `last`
    /// is its conversation's, `None` where that is over.
    pub fn want_later(&mut self, last: Option<&mut u64>, wanted: &Wanted, now_ns: u64) {
        let Wanted { fold, ref cause, mark, packet, now_ns: hit_ns } = *wanted;
        let packet = packet & !FOLLOWED;
        let Some(slice) = self.begin(packet, fold, cause, mark, now_ns) else { return };
        // Another conversation of the same stations and ports may have begun since: its packets do not lead back to this one.
        let latest = last.as_deref().map_or(0, |last| *last & !FOLLOWED);
        let mut behind: Vec<u64> = self.ring.back(latest).map(|entry| entry.position).collect();
        let place = behind.iter().position(|position| *position == packet);
        behind.truncate(place.unwrap_or(0));
        let due_ns = hit_ns.saturating_add(self.reach.after_ns);
        let (packets_left, bytes_left) = (self.reach.after_packets, self.reach.bytes);
        self.held_bytes = self.held_bytes.saturating_add(slice.cost());
        let mut taking = UnderWay { slice, latest: packet, due_ns, packets_left, bytes_left };
        let mut bound = (packets_left == 0).then_some(Bound::Packets);
        for position in behind.into_iter().rev() {
            let Some(entry) = self.ring.get(position).filter(|_| bound.is_none()) else { break };
            let is_over = entry.ts_ns.saturating_sub(mark.ts_ns) >= self.reach.after_ns;
            bound = taking.take(&entry, is_over, &mut self.held_bytes);
        }
        let ended = if self.finished { Some(Bound::End) } else { place.is_none().then_some(Bound::Time) };
        match (bound.or(ended), last) {
            (None, Some(last)) => {
                self.under_way.push(taking);
                *last |= FOLLOWED;
            }
            (bound, _) => self.complete_all(vec![taking], bound.unwrap_or(Bound::Time), now_ns),
        }
    }

    /// A new alert: `mark` is the packet that raised it, `last` its conversation's.
    pub fn want(&mut self, last: &mut u64, fold: u64, cause: &Arc<str>, mark: Mark, now_ns: u64) {
        let latest = *last & !FOLLOWED;
        let Some(slice) = self.begin(latest, fold, cause, mark, now_ns) else { return };
        if self.reach.after_packets == 0 {
            return complete(&mut self.ready, &mut self.ready_bytes, slice, Bound::Packets, (now_ns, self.order));
        }
        let due_ns = now_ns.saturating_add(self.reach.after_ns);
        self.held_bytes = self.held_bytes.saturating_add(slice.cost());
        let (packets_left, bytes_left) = (self.reach.after_packets, self.reach.bytes);
        self.under_way.push(UnderWay { slice, latest, due_ns, packets_left, bytes_left });
        *last |= FOLLOWED;
    }

    /// What the ring still has of the conversation, up to its latest packet.
    fn before(&self, latest: u64, fold: u64, cause: &Arc<str>, mark: Mark) -> Option<Slice> {
        let newest = self.ring.get(latest)?;
        let mut entries = Vec::new();
        let mut bytes = 0usize;
        let mut bound = Bound::Overwritten;
        for entry in self.ring.back(latest) {
            bytes = bytes.saturating_add(entry.len as usize);
            let limit = if entries.len() > self.reach.before_packets {
                Some(Bound::Packets)
            } else if newest.ts_ns.saturating_sub(entry.ts_ns) > self.reach.before_ns {
                Some(Bound::Time)
            } else if bytes > self.reach.bytes && !entries.is_empty() {
                Some(Bound::Bytes)
            } else {
                None
            };
            if let Some(limit) = limit {
                bound = limit;
                break;
            }
            let first = entry.previous == 0;
            entries.push(entry);
            if first {
                bound = Bound::Beginning;
            }
        }
        entries.reverse();
        let at = |entry: &Entry<'_>| (entry.input, entry.number) == (mark.input, mark.number);
        let hit = entries.iter().position(at).unwrap_or(entries.len().saturating_sub(1));
        let mut slice = Slice {
            fold,
            cause: Arc::clone(cause),
            mark,
            packets: Vec::with_capacity(entries.len()),
            hit,
            bytes: Vec::new(),
            places: self.ring.keeps() == Keeps::Places,
            before: bound,
            after: Bound::End,
            done_ns: 0,
            order: 0,
        };
        for entry in &entries {
            slice.add(entry);
        }
        Some(slice)
    }

    /// When `tick` has something to do.
    pub fn next_due_ns(&self) -> Option<u64> {
        self.under_way.iter().map(|taking| taking.due_ns).min()
    }

    /// Engine time has come to `now_ns`: slices whose time is over are complete.
    pub fn tick(&mut self, now_ns: u64) {
        if self.under_way.is_empty() {
            return;
        }
        let (over, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.under_way).into_iter().partition(|taking| taking.due_ns <= now_ns);
        self.under_way = rest;
        self.complete_all(over, Bound::Time, now_ns);
    }

    /// Nothing more will come.
    pub fn finish(&mut self, now_ns: u64) {
        self.finished = true;
        self.tick(now_ns);
        let rest = std::mem::take(&mut self.under_way);
        self.complete_all(rest, Bound::End, now_ns);
    }

    fn complete_all(&mut self, over: Vec<UnderWay>, bound: Bound, now_ns: u64) {
        for taking in over {
            self.held_bytes = self.held_bytes.saturating_sub(taking.slice.cost());
            complete(&mut self.ready, &mut self.ready_bytes, taking.slice, bound, (now_ns, self.order));
        }
    }

    /// Complete slices, in the order they became so.
    pub fn take(&mut self) -> Vec<Slice> {
        self.ready_bytes = 0;
        std::mem::take(&mut self.ready)
    }

    /// What the complete slices hold until they are taken: whoever polls should come back before it is much.
    pub fn ready_bytes(&self) -> usize {
        self.ready_bytes
    }
}

fn complete(
    ready: &mut Vec<Slice>,
    ready_bytes: &mut usize,
    mut slice: Slice,
    bound: Bound,
    (now_ns, order): (u64, u64),
) {
    slice.after = bound;
    slice.done_ns = now_ns;
    slice.order = order;
    *ready_bytes = ready_bytes.saturating_add(slice.cost());
    ready.push(slice);
}
