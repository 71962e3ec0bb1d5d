//! Datagrams in pieces: in any order, twice, overlapping, unfinished, too many.

use wire::frame::{decode, decode_datagram, Decoded, Fragments, Joined, Outline, Path, TunnelKind, Whole};
use wire::ledger::{Ledger, LOSSES, SKIPS};

use crate::build::*;
use crate::common::random::Random;
use crate::common::{read_request, SECOND};

/// A room, its account, and a clock.
struct Room {
    fragments: Fragments,
    ledger: Ledger,
    now_ns: u64,
}

impl Room {
    fn new(budget: usize) -> Self {
        Self { fragments: Fragments::new(budget), ledger: Ledger::default(), now_ns: SECOND }
    }

    /// As the engine does it; what is put together counts as parsed.
    fn put(&mut self, data: &[u8]) -> Option<Box<Whole>> {
        let mut path = Path::default();
        let decoded = decode(&packet(data), &mut Outline::default(), &mut path);
        let Decoded::Piece(piece) = decoded else { panic!("{decoded:?}") };
        self.ledger.received += 1;
        let number = self.ledger.received;
        let joined = self.fragments.add(&piece, &path, 0, number, self.now_ns, &mut self.ledger);
        let whole = match joined {
            Joined::Whole(whole) => {
                self.ledger.parsed += 1;
                Some(whole)
            }
            Joined::Waiting | Joined::Dropped => None,
        };
        assert!(self.ledger.balanced(), "{:?}", self.ledger);
        whole
    }

    fn skipped(&self, reason: &str) -> u64 {
        self.ledger.skipped[SKIPS.iter().position(|name| *name == reason).unwrap()]
    }

    fn finish(&mut self) {
        self.fragments.finish(&mut self.ledger);
        assert!(self.ledger.balanced() && self.ledger.held == 0 && self.fragments.is_empty(), "{:?}", self.ledger);
        assert_eq!(self.fragments.used_bytes(), 0);
    }
}

/// One piece of a datagram of net 9 with IP id 7.
fn piece4(content: &[u8], from: usize, to: usize, more: bool) -> Vec<u8> {
    let mut datagram = v4(9, 6, &content[from..to]);
    let field = (from / 8) as u16 | if more { 0x2000 } else { 0 };
    datagram[6..8].copy_from_slice(&field.to_be_bytes());
    ethernet(9, 0x0800, &datagram)
}

fn piece6(content: &[u8], from: usize, to: usize, more: bool) -> Vec<u8> {
    let mut header = vec![6, 0];
    header.extend((from as u16 | u16::from(more)).to_be_bytes());
    header.extend([0, 1, 0, 7]);
    ethernet(9, 0x86dd, &v6(9, 44, &[&header, &content[from..to]].concat()))
}

type Cut = fn(&[u8], usize, usize, bool) -> Vec<u8>;
const BOTH: [Cut; 2] = [piece4, piece6];

/// The request, put together, as the rest of the engine sees it.
fn read(whole: &Whole) -> (Vec<u8>, u16, u16, usize) {
    let mut path = Path::default();
    match decode_datagram(whole, &mut Outline::default(), &mut path) {
        Decoded::Frame(frame) => (frame.payload.to_vec(), frame.ip_id, frame.pieces, path.len()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn three_pieces_in_every_order() {
    let content = segment();
    for (version, cut) in BOTH.iter().enumerate() {
        let pieces = [cut(&content, 0, 8, true), cut(&content, 8, 24, true), cut(&content, 24, 32, false)];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut room = Room::new(1 << 20);
            assert!(room.put(&pieces[order[0]]).is_none() && room.put(&pieces[order[1]]).is_none());
            assert_eq!(room.ledger.held, 2);
            let whole = room.put(&pieces[order[2]]).expect("the last piece completes it");
            assert_eq!((whole.pieces, whole.first_number, whole.conflict), (3, 1, false));
            assert_eq!(read(&whole), (read_request(1), if version == 0 { 7 } else { 0 }, 3, 0));
            assert_eq!((room.skipped("fragment_joined"), room.ledger.held), (2, 0));
            room.finish();
        }
    }
}

#[test]
fn a_piece_that_comes_twice_changes_nothing() {
    let content = segment();
    for cut in BOTH {
        let mut room = Room::new(1 << 20);
        room.put(&cut(&content, 0, 16, true));
        room.put(&cut(&content, 0, 16, true));
        let whole = room.put(&cut(&content, 16, 32, false)).unwrap();
        assert_eq!((read(&whole).0, whole.pieces, whole.conflict), (read_request(1), 3, false));
        assert_eq!(room.skipped("fragment_joined"), 2);
        room.finish();
    }
}

#[test]
fn the_first_copy_of_a_byte_wins_and_ipv6_takes_no_overlap() {
    let (content, other) = (segment(), vec![0xee; 32]);
    let mut room = Room::new(1 << 20);
    room.put(&piece4(&content, 8, 16, true));
    room.put(&piece4(&content, 24, 32, false));
    // Other bytes over everything that is there and the holes between.
    room.put(&piece4(&other, 0, 24, true));
    assert_eq!(room.ledger.notes.fragment_conflicts, 1);
    assert_eq!(room.ledger.held, 0, "that was the whole of it");
    let mut room = Room::new(1 << 20);
    room.put(&piece4(&content, 0, 24, true));
    room.put(&piece4(&other, 8, 24, true));
    let whole = room.put(&piece4(&content, 24, 32, false)).unwrap();
    assert_eq!((whole.conflict, read(&whole).0), (true, read_request(1)));
    // The same bytes, cut elsewhere, are no conflict in IPv4.
    let mut room = Room::new(1 << 20);
    room.put(&piece4(&content, 0, 24, true));
    let whole = room.put(&piece4(&content, 16, 32, false)).unwrap();
    assert_eq!((whole.conflict, read(&whole).0), (false, read_request(1)));
    // In IPv6 they are, and nothing more of this datagram is taken.
    let mut room = Room::new(1 << 20);
    room.put(&piece6(&content, 0, 24, true));
    assert!(room.put(&piece6(&content, 16, 32, false)).is_none());
    assert!(room.put(&piece6(&content, 24, 32, false)).is_none());
    assert_eq!((room.skipped("fragment"), room.ledger.held), (3, 0));
    room.finish();
}

#[test]
fn two_ends_contradict_each_other() {
    let content = segment();
    let mut room = Room::new(1 << 20);
    room.put(&piece4(&content, 16, 24, false));
    room.put(&piece4(&content, 24, 32, true));
    assert_eq!(room.ledger.notes.fragment_conflicts, 1);
    let whole = room.put(&piece4(&content, 0, 16, true)).unwrap();
    assert_eq!((whole.conflict, whole.bytes.len()), (true, 24));
    room.finish();
}

#[test]
fn what_never_completes_is_given_up() {
    let content = segment();
    let mut room = Room::new(1 << 20);
    room.put(&piece4(&content, 0, 8, true));
    room.now_ns += 59 * SECOND;
    room.put(&piece6(&content, 0, 8, true));
    assert_eq!(room.fragments.tick(room.now_ns, &mut room.ledger), 0);
    assert_eq!(room.fragments.tick(room.now_ns + SECOND, &mut room.ledger), 1);
    assert_eq!((room.ledger.held, room.skipped("fragment"), room.fragments.len()), (1, 1, 1));
    // What comes later with the same number is another datagram.
    assert!(room.put(&piece4(&content, 8, 32, false)).is_none());
    room.finish();
    assert_eq!(room.skipped("fragment"), 3);
}

#[test]
fn beyond_the_budget_the_oldest_goes() {
    let content = segment();
    let mut room = Room::new(10_000);
    let numbered = |id: u16| {
        let mut data = piece4(&content, 0, 8, true);
        data[18..20].copy_from_slice(&id.to_be_bytes());
        data
    };
    for id in 1..=1000 {
        room.put(&numbered(id));
        assert!(room.fragments.used_bytes() <= 10_000);
    }
    let lost = room.ledger.lost[LOSSES.iter().position(|name| *name == "fragment_budget").unwrap()];
    assert_eq!(lost + room.ledger.held, 1000);
    assert_eq!(room.ledger.held, room.fragments.len() as u64);
    let last = |id: u16| {
        let mut data = piece4(&content, 8, 32, false);
        data[18..20].copy_from_slice(&id.to_be_bytes());
        data
    };
    assert!(room.put(&last(1)).is_none(), "the oldest is gone");
    assert!(room.put(&last(1000)).is_some(), "the newest is not");
    room.finish();
}

#[test]
fn pieces_that_cannot_be_are_refused() {
    let long = vec![0; 70_000];
    let mut room = Room::new(1 << 20);
    let mut beyond = piece4(&long, 0, 64, false);
    beyond[20..22].copy_from_slice(&0x1fff_u16.to_be_bytes());
    room.put(&beyond);
    assert_eq!(room.skipped("bad_frame"), 1);
    let mut odd = piece6(&long, 0, 16, true);
    odd[19] -= 1;
    room.put(&odd);
    assert_eq!(room.skipped("bad_frame"), 2, "IPv6 pieces with a rest are refused");
    // More pieces than any path cuts a datagram into.
    for at in 0..300 {
        assert!(room.put(&piece4(&long, at * 16, at * 16 + 8, true)).is_none());
    }
    assert_eq!(room.ledger.held, 0);
    assert_eq!(room.skipped("fragment"), 300);
    room.finish();
}

#[test]
fn segments_networks_and_tunnels_keep_datagrams_apart() {
    let content = segment();
    let mut room = Room::new(1 << 20);
    room.put(&over_udp(4789, &vxlan(1, &piece4(&content, 0, 8, true))));
    assert!(room.put(&over_udp(4789, &vxlan(2, &piece4(&content, 8, 32, false)))).is_none());
    assert!(room.put(&piece4(&content, 8, 32, false)).is_none());
    let whole = room.put(&over_udp(4789, &vxlan(1, &piece4(&content, 8, 32, false)))).unwrap();
    assert_eq!(whole.path().id_of(&[TunnelKind::Vxlan]), Some(1));
    assert_eq!(read(&whole), (read_request(1), 7, 2, 1));
    room.finish();
}

#[test]
fn a_tunnel_in_pieces_is_opened() {
    let content = udp(5, 4789, &vxlan(70, &inner()));
    let datagram = |from: usize, to: usize, more: bool| {
        let mut datagram = v4(1, 17, &content[from..to]);
        let field = (from / 8) as u16 | if more { 0x2000 } else { 0 };
        datagram[6..8].copy_from_slice(&field.to_be_bytes());
        ethernet(1, 0x0800, &datagram)
    };
    let mut room = Room::new(1 << 20);
    room.put(&datagram(0, 40, true));
    let whole = room.put(&datagram(40, content.len(), false)).unwrap();
    let mut path = Path::default();
    let Decoded::Frame(frame) = decode_datagram(&whole, &mut Outline::default(), &mut path) else { panic!() };
    assert_eq!((frame.payload, frame.source), (&read_request(1)[..], stations(9).0));
    assert_eq!(path.id_of(&[TunnelKind::Vxlan]), Some(70));
    room.finish();
}

#[test]
fn a_fragment_in_what_was_put_together_is_no_loop() {
    let mut room = Room::new(1 << 20);
    let mut again = vec![6, 0, 0, 1, 0, 0, 0, 1];
    again.extend([0; 24]);
    let first = |next: u8| {
        let mut data = piece6(&again, 0, 16, true);
        data[54] = next;
        data
    };
    room.put(&first(44));
    let whole = room.put(&piece6(&again, 16, 32, false)).unwrap();
    let decoded = decode_datagram(&whole, &mut Outline::default(), &mut Path::default());
    assert!(matches!(decoded, Decoded::Skip(wire::ledger::Skip::BadFrame)), "{decoded:?}");
    room.finish();
}

#[test]
fn any_mixture_keeps_the_account() {
    let mut random = Random::new(9);
    let content: Vec<u8> = (0..96).map(|_| random.byte()).collect();
    let mut room = Room::new(20_000);
    let mut completed = 0;
    for _ in 0..20_000 {
        let (from, length) = (random.below(12) * 8, 8 * (1 + random.below(6)));
        let to = (from + length).min(96);
        let cut = BOTH[random.below(2)];
        let mut data = cut(&content, from, to, to < 96 || random.one_in(20));
        let at = if data[12] == 0x08 { 19 } else { 61 };
        data[at] = random.below(16) as u8;
        if random.one_in(20) {
            let last = data.len() - 1;
            data[last] ^= 1;
        }
        completed += u64::from(room.put(&data).is_some());
        if random.one_in(50) {
            room.now_ns += random.below(20) as u64 * SECOND;
            room.fragments.tick(room.now_ns, &mut room.ledger);
            assert!(room.ledger.balanced());
        }
        assert!(room.fragments.used_bytes() <= 20_000);
    }
    assert!(completed > 100, "{completed}");
    room.finish();
}
