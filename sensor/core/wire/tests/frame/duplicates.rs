//! Copies that the capture made, and frames that were sent again.

use wire::frame::{Duplicates, Frame, PortRate, Prints};
use wire::limits::DUPLICATE_NS;

use crate::build::*;
use crate::common::START;

const MS: u64 = 1_000_000;

/// A frame of net 9 with this IP id and sequence number (or, for UDP, content).
fn sent(id: u16, sequence: u8) -> Vec<u8> {
    let mut data = inner();
    data[18..20].copy_from_slice(&id.to_be_bytes());
    data[41] = sequence;
    data
}

/// The table with who makes its fingerprints.
struct Room(Prints, Duplicates);

impl Room {
    fn new(entries: usize) -> Self {
        Self(Prints::default(), Duplicates::new(entries))
    }

    fn is_copy(&mut self, frame: &Frame<'_>, input: u16, ts_ns: u64, window_ns: u64) -> bool {
        let digest = self.0.digest(frame, ts_ns);
        self.1.is_copy(self.0.of(frame, digest), frame.source, input, ts_ns, window_ns)
    }

    fn rates(&self) -> impl Iterator<Item = PortRate> + '_ {
        self.1.rates()
    }
}

/// `edit` on a copy.
fn changed(data: &[u8], edit: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut data = data.to_vec();
    edit(&mut data);
    data
}

fn copies(frames: &[(&[u8], u16, u64)]) -> Vec<bool> {
    let mut room = Room::new(64);
    frames
        .iter()
        .map(|(data, input, after_ns)| room.is_copy(&frame(data).0, *input, START + after_ns, DUPLICATE_NS))
        .collect()
}

#[test]
fn seen_elsewhere_is_a_copy() {
    let first = sent(7, 1);
    let vlan = ethernet(9, 0x8100, &tag(12, 0x0800, &first[14..]));
    let tunnel = over_ip(47, &erspan2(1, 0, &first));
    for (name, second, input) in [
        ("VLAN", vlan, 0),
        ("time to live", changed(&first, |data| data[22] = 63), 0),
        ("source MAC", changed(&first, |data| data[11] = 9), 0),
        ("destination MAC", changed(&first, |data| data[5] = 9), 0),
        ("input", first.clone(), 1),
        ("tunnel", tunnel, 0),
    ] {
        assert_eq!(copies(&[(&first, 0, 0), (&second, input, 4 * MS)]), [false, true], "{name}");
        assert_eq!(copies(&[(&first, 0, 4 * MS), (&second, input, 0)]), [false, true], "{name}: clocks apart");
        assert_eq!(copies(&[(&first, 0, 0), (&second, input, 6 * MS)]), [false, false], "{name}: too late");
    }
}

#[test]
fn what_differs_is_no_copy() {
    let first = sent(7, 1);
    for (name, second) in [
        ("IP id", sent(8, 1)),
        ("sequence number", sent(7, 2)),
        ("last byte", changed(&first, |data| *data.last_mut().unwrap() ^= 1)),
        ("source", changed(&first, |data| data[29] ^= 1)),
        ("destination", changed(&first, |data| data[33] ^= 1)),
    ] {
        let second = changed(&second, |data| data[22] = 63);
        assert_eq!(copies(&[(&first, 0, 0), (&second, 0, MS)]), [false, false], "{name}");
    }
    let zero = sent(0, 1);
    assert_eq!(copies(&[(&zero, 0, 0), (&zero, 1, MS)]), [false, false], "without IP id nothing is known");
}

#[test]
fn a_flood_of_identical_datagrams_passes() {
    let data = ethernet(9, 0x0800, &v4(9, 17, &udp(1, 2, b"again")));
    let mut room = Room::new(1024);
    let passed = (0..50_000u64).filter(|at| !room.is_copy(&frame(&data).0, 0, START + at * 1000, DUPLICATE_NS)).count();
    assert_eq!(passed, 50_000);
    assert!(!room.rates().next().unwrap().proven);
}

/// Polls of some clients; `times`: how often each frame is shown.
fn polls(room: &mut Room, clients: u8, frames: u32, times: u64) -> u64 {
    let mut copies = 0;
    for at in 0..frames {
        let data = changed(&sent(1 + (at % 60_000) as u16, at as u8), |data| {
            data[29] = 1 + at as u8 % clients;
            data[40] = (at >> 8) as u8;
        });
        for copy in 0..times {
            let ts_ns = START + u64::from(at) * MS + copy * 10_000;
            copies += u64::from(room.is_copy(&frame(&data).0, 0, ts_ns, DUPLICATE_NS));
        }
    }
    copies
}

#[test]
fn a_port_that_shows_everything_twice_is_found_out() {
    let mut room = Room::new(1024);
    let copies = polls(&mut room, 3, 1000, 2);
    // The first sample of 256 passes.
    assert_eq!(copies, 1000 - 255);
    let rate = room.rates().next().unwrap();
    assert_eq!((rate.frames, rate.copies, rate.proven), (2000, copies, true));
    // Even here a flood stays to be seen: one twin of the frame is taken for its copy.
    let flood = ethernet(9, 0x0800, &v4(9, 17, &udp(1, 2, b"again")));
    let later = START + 5000 * MS;
    let passed = (0..100).filter(|at| !room.is_copy(&frame(&flood).0, 0, later + at * 1000, DUPLICATE_NS)).count();
    assert_eq!(passed, 99);
    // And when the mirror is set right, that is seen too.
    polls(&mut room, 3, 600, 1);
    assert!(!room.rates().next().unwrap().proven);
}

#[test]
fn one_sender_that_repeats_itself_proves_nothing() {
    let mut room = Room::new(1024);
    assert_eq!(polls(&mut room, 1, 1000, 2), 0);
    let mut room = Room::new(1024);
    // One of three senders repeats all it says.
    let mut copies = 0;
    for at in 0..3000u32 {
        let data = changed(&sent(1 + at as u16, at as u8), |data| data[29] = 1 + (at % 3) as u8);
        for copy in 0..if at % 3 == 0 { 2 } else { 1 } {
            let ts_ns = START + u64::from(at) * MS + copy * 10_000;
            copies += u64::from(room.is_copy(&frame(&data).0, 0, ts_ns, DUPLICATE_NS));
        }
    }
    assert_eq!(copies, 0);
}

/// With a PRP trailer.
fn doubled(id: u16, sequence: u16, lan: u8) -> Vec<u8> {
    let mut data = sent(id, 1);
    let size = (data.len() - 14 + 6) as u16;
    data.extend(sequence.to_be_bytes());
    data.extend((u16::from(lan) << 12 | size).to_be_bytes());
    data.extend([0x88, 0xfb]);
    data
}

#[test]
fn prp_is_told_by_its_trailer() {
    let (a, b) = (doubled(0, 5, 0xa), doubled(0, 5, 0xb));
    assert_eq!(copies(&[(&a, 0, 0), (&b, 0, MS)]), [false, true]);
    assert_eq!(copies(&[(&a, 0, 0), (&b, 0, 300 * MS)]), [false, true], "LANs may differ in speed");
    assert_eq!(copies(&[(&a, 0, 0), (&b, 0, 500 * MS)]), [false, false]);
    assert_eq!(copies(&[(&a, 0, 0), (&a, 0, MS)]), [false, false], "the same LAN");
    assert_eq!(copies(&[(&a, 0, 0), (&doubled(0, 6, 0xb), 0, MS)]), [false, false], "another sequence number");
    // With an IP id, the ordinary rule holds beside it.
    let (a, routed) = (doubled(3, 5, 0xa), changed(&sent(3, 1), |data| data[22] = 63));
    assert_eq!(copies(&[(&a, 0, 0), (&routed, 0, MS)]), [false, true]);
}

#[test]
fn the_table_is_bounded_and_forgets_the_oldest() {
    let mut room = Room::new(4);
    for id in 1..=10 {
        assert!(!room.is_copy(&frame(&sent(id, 1)).0, 0, START + u64::from(id) * 10_000, DUPLICATE_NS));
    }
    assert!(room.is_copy(&frame(&sent(10, 1)).0, 1, START + 120_000, DUPLICATE_NS));
    assert!(!room.is_copy(&frame(&sent(1, 1)).0, 1, START + 120_000, DUPLICATE_NS));
}
