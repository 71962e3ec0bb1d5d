//! Checksums by hand, and what is made of wrong ones.

use wire::frame::{decode_datagram, Checksums, Decoded, Digest, Frame, Outline, Path, Verdict};
use wire::ledger::Ledger;
use wire::packet::Packet;

use crate::build::*;

/// As RFC 1071 describes it, slowly: the value that makes the checksum right.
fn slow(source: &[u8], destination: &[u8], protocol: u8, segment: &[u8]) -> u16 {
    let length = (segment.len() as u32).to_be_bytes();
    let mut bytes = [source, destination, &length, &[0, 0, 0, protocol], segment].concat();
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    let sum: u32 = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) + (folded >> 16)) as u16
}

/// Ethernet and IPv4 or IPv6 around a segment whose checksum stands at `at`, with the right one plus `off`.
fn sent(version: u8, protocol: u8, at: usize, segment: &[u8], off: u16) -> Vec<u8> {
    let mut segment = segment.to_vec();
    segment[at..at + 2].fill(0);
    let datagram = |segment: &[u8]| if version == 4 { v4(9, protocol, segment) } else { v6(9, protocol, segment) };
    let empty = datagram(&segment);
    let (source, destination) = if version == 4 { (12..16, 16..20) } else { (8..24, 24..40) };
    let right = slow(&empty[source], &empty[destination], protocol, &segment);
    let field = right.wrapping_add(off);
    segment[at..at + 2].copy_from_slice(&field.to_be_bytes());
    ethernet(9, if version == 4 { 0x0800 } else { 0x86dd }, &datagram(&segment))
}

fn checked(frame: &Frame<'_>) -> Option<bool> {
    frame.checksum_ok(Digest::of(frame.segment, (0, 0)))
}

fn delivers(checksums: &mut Checksums, frame: &Frame<'_>, input: u16, ledger: &mut Ledger) -> bool {
    checksums.judge(frame, Digest::of(frame.segment, (0, 0)), input, ledger) != Verdict::Refused
}

fn tcp(payload: &[u8]) -> Vec<u8> {
    [&segment()[..20], payload].concat()
}

#[test]
fn right_and_wrong_of_every_length() {
    for length in (0..70).chain([1459, 1460, 9000]) {
        let payload: Vec<u8> = (0..length).map(|at| (at * 37 + 255) as u8).collect();
        for version in [4, 6] {
            assert_eq!(checked(&frame(&sent(version, 6, 16, &tcp(&payload), 0)).0), Some(true), "TCP, {length}");
            assert_eq!(checked(&frame(&sent(version, 6, 16, &tcp(&payload), 1)).0), Some(false), "TCP, {length}");
            let datagram = udp(1000, 2000, &payload);
            assert_eq!(checked(&frame(&sent(version, 17, 6, &datagram, 0)).0), Some(true), "UDP, {length}");
            assert_eq!(checked(&frame(&sent(version, 17, 6, &datagram, 0x100)).0), Some(false), "UDP, {length}");
        }
    }
}

#[test]
fn padding_is_not_summed_and_every_bit_counts() {
    let mut data = sent(4, 6, 16, &tcp(b"abc"), 0);
    data.extend([0xff; 3]);
    assert_eq!(checked(&frame(&data).0), Some(true));
    for bit in 34 * 8..57 * 8 {
        // The header's length moves no byte of the sum, but the frame may be broken by it.
        let mut flipped = data.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        with(&flipped, |decoded, _, _| {
            if let Decoded::Frame(frame) = decoded {
                assert_eq!(checked(&frame), Some(false), "{bit}");
            }
        });
    }
}

#[test]
fn what_cannot_be_told() {
    let right = sent(4, 6, 16, &tcp(b"abcdef"), 0);
    let cut = Packet { data: &right[..right.len() - 1], wire_len: right.len() as u32, ..packet(&right) };
    let found = wire::frame::frame(&cut, &mut Outline::default()).unwrap();
    assert_eq!(checked(&found), None, "cut off");
    let none = |version: u8| {
        let datagram = udp(1, 2, &[1, 2]);
        if version == 4 {
            ethernet(9, 0x0800, &v4(9, 17, &datagram))
        } else {
            ethernet(9, 0x86dd, &v6(9, 17, &datagram))
        }
    };
    assert_eq!(checked(&frame(&none(4)).0), None, "sent without");
    assert_eq!(checked(&frame(&none(6)).0), Some(false), "IPv6 has to have one");
}

#[test]
fn a_card_that_was_still_to_finish_is_told_only_where_no_wire_carries_the_frame() {
    // The field holds the sum of the pseudo header, not complemented.
    let unfinished = |payload: &[u8]| {
        let mut segment = tcp(payload);
        segment[16..18].fill(0);
        let datagram = v4(9, 6, &segment);
        let pseudo = !slow(&datagram[12..16], &datagram[16..20], 6, &vec![0; segment.len()]);
        segment[16..18].copy_from_slice(&pseudo.to_be_bytes());
        ethernet(9, 0x0800, &v4(9, 6, &segment))
    };
    assert_eq!(checked(&frame(&unfinished(&[7; 3000])).0), None);
    assert_eq!(checked(&frame(&unfinished(&[7; 300])).0), Some(false), "an attacker can write that too");
    let mut wrong = unfinished(&[7; 3000]);
    wrong[51] ^= 1;
    assert_eq!(checked(&frame(&wrong).0), Some(false));
}

#[test]
fn of_a_datagram_put_together_it_is_told() {
    let whole = sent(4, 6, 16, &tcp(&[5; 40]), 0);
    let content = &whole[34..];
    let piece = |from: usize, to: usize, more: u16| {
        let mut datagram = v4(9, 6, &content[from..to]);
        datagram[6..8].copy_from_slice(&((from / 8) as u16 | more).to_be_bytes());
        ethernet(9, 0x0800, &datagram)
    };
    let (mut fragments, mut ledger) = (wire::frame::Fragments::new(1 << 20), Ledger::default());
    let mut joined = Vec::new();
    for data in [piece(0, 24, 0x2000), piece(24, 60, 0)] {
        with(&data, |decoded, path, _| {
            let Decoded::Piece(piece) = decoded else { panic!() };
            joined.push(fragments.add(&piece, path, 0, 1, 0, &mut ledger));
        });
    }
    let Some(wire::frame::Joined::Whole(whole)) = joined.pop() else { panic!() };
    let Decoded::Frame(frame) = decode_datagram(&whole, &mut Outline::default(), &mut Path::default()) else {
        panic!()
    };
    assert_eq!(checked(&frame), Some(true));
}

/// Frames of one sender each; `delivered` in order.
fn judged(frames: &[(u8, bool)]) -> (Vec<bool>, u64) {
    let (mut checksums, mut ledger) = (Checksums::default(), Ledger::default());
    let judge = |(cell, right): &(u8, bool)| {
        let mut data = sent(4, 6, 16, &tcp(b"x"), u16::from(!right));
        data[11] = *cell;
        delivers(&mut checksums, &frame(&data).0, 0, &mut ledger)
    };
    let delivered = frames.iter().map(judge).collect();
    (delivered, ledger.notes.checksums_excused)
}

#[test]
fn a_wrong_one_among_right_ones_is_not_delivered() {
    let mut frames = vec![(1, true); 20];
    frames[10].1 = false;
    let (delivered, excused) = judged(&frames);
    assert_eq!((delivered.iter().filter(|delivered| !**delivered).count(), delivered[10], excused), (1, false, 0));
}

#[test]
fn a_station_that_captures_itself_is_excused() {
    let frames: Vec<(u8, bool)> = (0..200).map(|at| if at % 2 == 0 { (1, false) } else { (2, true) }).collect();
    let (delivered, excused) = judged(&frames);
    assert!(delivered.iter().all(|delivered| *delivered));
    assert_eq!(excused, 100);
}

#[test]
fn one_sender_of_many_cannot_excuse_itself() {
    let frames: Vec<(u8, bool)> =
        (0..1000).map(|at| if at % 25 == 24 { (99, false) } else { (at as u8 % 9, true) }).collect();
    let (delivered, excused) = judged(&frames);
    assert_eq!((delivered.iter().filter(|delivered| !**delivered).count(), excused), (40, 0));
}

#[test]
fn inputs_are_judged_apart_and_history_ends() {
    let (mut checksums, mut ledger) = (Checksums::default(), Ledger::default());
    let (right, wrong) = (sent(4, 6, 16, &tcp(b"x"), 0), sent(4, 6, 16, &tcp(b"x"), 1));
    let (right, wrong): (Frame<'_>, Frame<'_>) = (frame(&right).0, frame(&wrong).0);
    for _ in 0..100_000 {
        assert!(delivers(&mut checksums, &right, 0, &mut ledger));
        assert!(delivers(&mut checksums, &wrong, 1, &mut ledger));
    }
    assert!(!delivers(&mut checksums, &wrong, 0, &mut ledger));
    let until = (0..200_000).find(|_| delivers(&mut checksums, &wrong, 0, &mut ledger));
    assert!(until.is_some(), "a card whose settings were changed is found out");
}
