//! The ring of packets and the slices that are cut out of it.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]
#![allow(clippy::cast_possible_truncation)]

mod common;

use std::collections::HashMap;
use std::sync::Arc;

use common::random::Random;
use common::{SECOND, START};
use wire::evidence::{Bound, Evidence, Keeps, Reach, Ring, Slice};
use wire::fold::Mark;
use wire::limits;
use wire::packet::{LinkType, Packet, Tag};

fn packet(number: u64, data: &[u8]) -> Packet<'_> {
    Packet {
        ts_ns: START + number,
        number,
        input: (number % 3) as u16,
        link: LinkType::Ethernet,
        wire_len: data.len() as u32,
        data,
        vlan: None,
        offset: number * 1000,
    }
}

fn mark(number: u64) -> Mark {
    Mark { ts_ns: START + number, number, input: (number % 3) as u16 }
}

#[test]
fn an_entry_says_what_the_packet_said() {
    let mut ring = Ring::new(4096, Keeps::Frames);
    let tag = Tag { protocol: 0x88a8, control: 0x6064 };
    let cut = Packet { wire_len: 1514, vlan: Some(tag), link: LinkType::Other(113), ..packet(7, b"abcde") };
    let first = ring.push(0, &packet(6, b""));
    let second = ring.push(first, &cut);
    let entry = ring.get(second).unwrap();
    assert_eq!((entry.ts_ns, entry.number, entry.input), (START + 7, 7, 1));
    assert_eq!((entry.link, entry.vlan, entry.wire_len, entry.len), (LinkType::Other(113), Some(tag), 1514, 5));
    assert_eq!((entry.bytes, entry.previous, entry.position), (&b"abcde"[..], first, second));
    let empty = ring.get(first).unwrap();
    assert_eq!((empty.bytes, empty.vlan, empty.link, empty.previous), (&b""[..], None, LinkType::Ethernet, 0));
}

/// 4096 bytes, entries of 40 + 88 = 128: exactly 32 fit, and the 33rd overwrites the first.
#[test]
fn the_ring_wraps_where_it_should() {
    let mut ring = Ring::new(4096, Keeps::Frames);
    let data = [1u8; 88];
    let positions: Vec<u64> = (1..=32).map(|number| ring.push(0, &packet(number, &data))).collect();
    assert_eq!(positions.iter().filter(|position| ring.get(**position).is_some()).count(), 32);
    assert_eq!((positions[0], positions[31]), (4096, 4096 + 31 * 128));
    let next = ring.push(positions[31], &packet(33, &data));
    assert_eq!(next, 8192);
    assert_eq!(ring.get(positions[0]), None);
    assert_eq!(ring.get(positions[1]).unwrap().number, 2);
    assert_eq!(ring.back(next).map(|entry| entry.number).collect::<Vec<_>>(), [33, 32]);
}

/// 40 + 89 and up to the next 8: 136 bytes, of which 30 go into 4096 and leave 16 unused at the end.
#[test]
fn an_entry_lies_in_one_piece() {
    let mut ring = Ring::new(4096, Keeps::Frames);
    let data = [2u8; 89];
    let positions: Vec<u64> = (1..=31).map(|number| ring.push(0, &packet(number, &data))).collect();
    assert_eq!(positions[29], 4096 + 29 * 136);
    assert_eq!(positions[30], 8192);
    assert_eq!(ring.get(positions[0]), None, "the first lay where the 31st is");
    assert_eq!(ring.get(positions[1]).unwrap().bytes, data);
    assert_eq!(ring.get(positions[30]).unwrap().bytes, data);
}

#[test]
fn a_ring_is_a_power_of_two_within_its_budget() {
    for (budget, size) in [(0, 4096), (4096, 4096), (8191, 4096), (8192, 8192), (3 << 20, 2 << 20)] {
        assert_eq!(Ring::new(budget, Keeps::Frames).size(), size);
    }
}

#[test]
fn places_keep_no_bytes() {
    let mut ring = Ring::new(4096, Keeps::Places);
    let data = [3u8; 60_000];
    let positions: Vec<u64> = (1..=85).map(|number| ring.push(0, &packet(number, &data))).collect();
    assert!(positions.iter().all(|position| ring.get(*position).is_some()), "48 bytes each, whatever their size");
    let entry = ring.get(positions[9]).unwrap();
    assert_eq!((entry.bytes, entry.len, entry.offset), (&b""[..], 60_000, 10_000));
}

/// Frames of every size up to 256 KiB, links to anywhere: nothing but what was pushed comes out.
#[test]
fn hostile_sizes_and_links() {
    let mut random = Random::new(11);
    for keeps in [Keeps::Frames, Keeps::Places] {
        let mut ring = Ring::new(16_384, keeps);
        let mut pushed: HashMap<u64, (u64, Vec<u8>)> = HashMap::new();
        let mut known: Vec<u64> = Vec::new();
        for number in 1..=20_000u64 {
            let size = match random.below(10) {
                0 => random.below(262_144),
                1 => 0,
                _ => random.below(300),
            };
            let data: Vec<u8> = (0..size).map(|byte| (byte as u64 ^ number) as u8).collect();
            // Any packet ever pushed, still there or not.
            let link = if random.one_in(4) { 0 } else { known.get(random.below(known.len())).copied().unwrap_or(0) };
            let position = ring.push(link, &packet(number, &data));
            assert!(pushed.insert(position, (number, data)).is_none(), "a position never comes twice");
            known.push(position);
            for position in [link, position] {
                let steps = ring.back(position).inspect(|entry| {
                    let (number, data) = &pushed[&entry.position];
                    assert_eq!(entry.number, *number);
                    assert!(keeps == Keeps::Places || entry.bytes == &data[..data.len().min(4096 - 40)]);
                });
                assert!(steps.count() <= 16_384 / 40);
            }
        }
    }
}

/// What the ring gives back is what a plain list of each conversation's packets would, from the latest one back.
#[test]
fn walking_back_is_exact() {
    let mut random = Random::new(5);
    let mut ring = Ring::new(1 << 16, Keeps::Frames);
    let mut last = [0u64; 20];
    let mut said: Vec<Vec<(u64, Vec<u8>)>> = vec![Vec::new(); 20];
    for number in 1..=5_000 {
        let flow = random.below(20);
        let data: Vec<u8> = (0..random.below(200)).map(|_| random.byte()).collect();
        last[flow] = ring.push(last[flow], &packet(number, &data));
        said[flow].push((number, data));
    }
    for (last, said) in last.iter().zip(&said) {
        let found: Vec<(u64, Vec<u8>)> = ring.back(*last).map(|entry| (entry.number, entry.bytes.to_vec())).collect();
        assert!(found.len() > 5, "{} found", found.len());
        let expected: Vec<_> = said.iter().rev().take(found.len()).cloned().collect();
        assert_eq!(found, expected);
    }
    // Together they are the ring's content: nothing that is still there is missed.
    let kept: usize = last
        .iter()
        .map(|last| ring.back(*last).map(|entry| 40 + entry.bytes.len().next_multiple_of(8)).sum::<usize>())
        .sum();
    assert!(kept > (1 << 16) - 300, "{kept} of 65536 bytes are reached");
}

struct Room {
    evidence: Evidence,
    last: HashMap<u32, u64>,
    number: u64,
    now_ns: u64,
    cause: Arc<str>,
}

impl Room {
    fn new(budget: usize, reach: Reach) -> Self {
        Self {
            evidence: Evidence::new(budget, Keeps::Frames, reach),
            last: HashMap::new(),
            number: 0,
            now_ns: START,
            cause: "rule:x".into(),
        }
    }

    /// A packet of this flow, a millisecond after the last one.
    fn packet(&mut self, flow: u32, size: usize) {
        self.number += 1;
        self.now_ns += 1_000_000;
        let data = vec![flow as u8; size];
        let packet = Packet { ts_ns: self.now_ns, ..packet(self.number, &data) };
        let last = self.last.entry(flow).or_default();
        self.evidence.packet(last, &packet, self.now_ns);
    }

    fn want(&mut self, flow: u32, fold: u64) {
        let mark = mark(self.number);
        self.evidence.want(self.last.entry(flow).or_default(), fold, &self.cause, mark, self.now_ns);
    }
}

fn numbers(slice: &Slice) -> Vec<u64> {
    slice.packets.iter().map(|kept| kept.number).collect()
}

#[test]
fn a_slice_has_what_came_before_and_after_of_its_conversation_alone() {
    let reach = Reach { before_packets: 3, after_packets: 2, ..Reach::default() };
    let mut room = Room::new(1 << 16, reach);
    for _ in 0..5 {
        room.packet(1, 60);
        room.packet(2, 70);
    }
    room.packet(1, 61); // number 11
    room.want(1, 77);
    assert!(room.evidence.take().is_empty());
    for _ in 0..3 {
        room.packet(2, 70);
        room.packet(1, 62);
    }
    let slices = room.evidence.take();
    let [slice] = &slices[..] else { panic!("{slices:?}") };
    assert_eq!(numbers(slice), [5, 7, 9, 11, 13, 15]);
    assert_eq!((slice.fold, &*slice.cause, slice.hit), (77, "rule:x", 3));
    assert_eq!((slice.before, slice.after), (Bound::Packets, Bound::Packets));
    assert_eq!((slice.reaches_back_packets(), slice.reaches_back_ns()), (3, 6_000_000));
    let sizes: Vec<usize> = slice.packets.iter().map(|kept| slice.bytes(kept).unwrap().len()).collect();
    assert_eq!(sizes, [60, 60, 60, 61, 62, 62]);
    assert!(slice.packets.iter().all(|kept| slice.bytes(kept).unwrap().iter().all(|byte| *byte == 1)));
}

#[test]
fn each_bound_is_named() {
    let reach = Reach { bytes: 1000, ..Reach::default() };
    // The conversation's own beginning, and the end of the input.
    let mut room = Room::new(1 << 16, reach);
    room.packet(1, 60);
    room.want(1, 1);
    room.evidence.finish(room.now_ns);
    let slice = room.evidence.take().remove(0);
    assert_eq!((slice.before, slice.after, numbers(&slice)), (Bound::Beginning, Bound::End, vec![1]));

    // Bytes, both ways.
    let mut room = Room::new(1 << 16, reach);
    (0..5).for_each(|_| room.packet(1, 300));
    room.want(1, 1);
    (0..5).for_each(|_| room.packet(1, 400));
    let slice = room.evidence.take().remove(0);
    assert_eq!((slice.before, slice.after, numbers(&slice)), (Bound::Bytes, Bound::Bytes, vec![3, 4, 5, 6, 7]));

    // Time, both ways.
    let mut room = Room::new(1 << 16, reach);
    room.packet(1, 60);
    room.now_ns += limits::SLICE_BEFORE_NS;
    room.packet(1, 60);
    room.want(1, 1);
    room.packet(1, 60);
    assert_eq!(room.evidence.next_due_ns(), Some(room.now_ns - 1_000_000 + limits::SLICE_AFTER_NS));
    room.now_ns += limits::SLICE_AFTER_NS;
    room.packet(1, 60);
    let slice = room.evidence.take().remove(0);
    assert_eq!((slice.before, slice.after, numbers(&slice)), (Bound::Time, Bound::Time, vec![2, 3]));
    assert_eq!(room.evidence.next_due_ns(), None);

    // The ring.
    let mut room = Room::new(4096, reach);
    (0..5).for_each(|_| room.packet(1, 60));
    (0..50).for_each(|_| room.packet(2, 60));
    room.packet(1, 60);
    room.want(1, 1);
    room.evidence.finish(room.now_ns);
    let slice = room.evidence.take().remove(0);
    assert_eq!((slice.before, numbers(&slice)), (Bound::Overwritten, vec![56]));
}

#[test]
fn silence_completes_a_slice() {
    let mut room = Room::new(1 << 16, Reach::default());
    room.packet(1, 60);
    room.want(1, 1);
    let due_ns = room.evidence.next_due_ns().unwrap();
    room.evidence.tick(due_ns - 1);
    assert!(room.evidence.take().is_empty());
    room.evidence.tick(due_ns);
    let slices = room.evidence.take();
    assert_eq!((slices.len(), slices[0].after, slices[0].done_ns), (1, Bound::Time, due_ns));
    // The conversation goes on: nothing of it is wanted any more.
    room.packet(1, 60);
    room.evidence.finish(room.now_ns);
    assert!(room.evidence.take().is_empty());
}

#[test]
fn two_alerts_of_one_conversation_have_a_slice_each() {
    let reach = Reach { after_packets: 3, ..Reach::default() };
    let mut room = Room::new(1 << 16, reach);
    room.packet(1, 60);
    room.want(1, 1);
    room.want(1, 2);
    room.packet(1, 60);
    room.want(1, 3);
    (0..4).for_each(|_| room.packet(1, 60));
    let slices = room.evidence.take();
    let found: Vec<_> = slices.iter().map(|slice| (slice.fold, slice.hit, numbers(slice))).collect();
    assert_eq!(found, [(1, 0, vec![1, 2, 3, 4]), (2, 0, vec![1, 2, 3, 4]), (3, 1, vec![1, 2, 3, 4, 5])]);
}

/// A flow is evicted and its ports are used again: the new conversation begins with a link of 0.
#[test]
fn an_evicted_conversation_leaves_its_slice_alone() {
    let mut room = Room::new(1 << 16, Reach::default());
    room.packet(1, 60);
    room.want(1, 1);
    room.last.remove(&1);
    (0..40).for_each(|_| room.packet(1, 61));
    room.evidence.finish(room.now_ns);
    let slice = room.evidence.take().remove(0);
    assert_eq!((numbers(&slice), slice.after), (vec![1], Bound::End));
}

#[test]
fn a_storm_of_alerts_is_shown_by_its_first_ones() {
    let mut room = Room::new(1 << 20, Reach::default());
    for fold in 0..1000 {
        room.packet(fold, 60);
        room.want(fold, fold.into());
        room.now_ns -= 1_000_000;
    }
    assert_eq!(room.evidence.dropped, 1000 - limits::SLICES as u64);
    // Complete or not, the pace is engine time's: so polling more often gives no more slices.
    room.evidence.finish(room.now_ns);
    assert_eq!(room.evidence.take().len(), limits::SLICES);
    room.want(1, 1);
    assert_eq!(room.evidence.take().len(), 0);
    room.now_ns += limits::SLICE_PACE_NS;
    room.packet(1, 60);
    room.want(1, 1);
    room.evidence.finish(room.now_ns);
    assert_eq!(room.evidence.take().len(), 1);
}

#[test]
fn what_slices_hold_is_bounded() {
    let reach = Reach { bytes: 1 << 20, after_packets: 1000, ..Reach::default() };
    let mut room = Room::new(1 << 24, reach);
    for fold in 0..8 {
        room.packet(fold, 200);
        room.want(fold, fold.into());
    }
    for _ in 0..100 {
        (0..8).for_each(|flow| room.packet(flow, 9000));
    }
    room.evidence.finish(room.now_ns + SECOND);
    let slices = room.evidence.take();
    let held: Vec<usize> = slices.iter().map(|slice| slice.packets.len() * 9000).collect();
    assert_eq!(slices.iter().filter(|slice| slice.after == Bound::Budget).count(), 7, "{held:?}");
    // Each that ended early left its room to the others: the last one has all it could have.
    assert_eq!(slices.last().map(|slice| slice.packets.len()), Some(101));
}

/// The hit is found by its number: its packet need not be the latest (a hole was filled behind it).
#[test]
fn the_hit_need_not_be_the_latest_packet() {
    let mut room = Room::new(1 << 16, Reach::default());
    (0..4).for_each(|_| room.packet(1, 60));
    let (last, cause) = (room.last.get_mut(&1).unwrap(), Arc::clone(&room.cause));
    room.evidence.want(last, 9, &cause, mark(2), room.now_ns);
    room.evidence.finish(room.now_ns);
    let slice = room.evidence.take().remove(0);
    assert_eq!((slice.hit, numbers(&slice)), (1, vec![1, 2, 3, 4]));
}

/// However often somebody takes what is ready, the same slices come.
#[test]
fn batches_change_nothing() {
    let run = |every: usize| {
        let mut random = Random::new(3);
        let mut room = Room::new(1 << 15, Reach { after_packets: 5, ..Reach::default() });
        let mut found = Vec::new();
        for step in 0..6_000usize {
            let flow = random.below(12) as u32;
            room.packet(flow, random.below(400));
            if random.one_in(5) {
                room.want(flow, step as u64);
            }
            room.now_ns += random.below(40) as u64 * 1_000_000;
            if step % 50 == 0 {
                room.evidence.tick(room.now_ns);
            }
            if step % every == 0 {
                found.extend(room.evidence.take());
            }
        }
        room.evidence.finish(room.now_ns);
        found.extend(room.evidence.take());
        let dropped = room.evidence.dropped;
        (found.iter().map(|slice| format!("{slice:?}")).collect::<Vec<_>>(), dropped)
    };
    let whole = run(100_000);
    assert!(whole.0.len() > 50 && whole.1 > 0, "{} slices, {} dropped", whole.0.len(), whole.1);
    for every in [1, 7, 1000] {
        assert_eq!(run(every), whole);
    }
}
