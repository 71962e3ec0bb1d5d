//! Retransmissions that say something else than what came first (`stream.conflict`), and all those that only seem to.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::*;
use serde_json::Value;

const ACK: u8 = 0x10;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;

/// Register `number` is set to `value`.
fn write(number: u16, value: u8) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    vec![high, low, 0, 0, 0, 6, 1, 6, 0, 9, 0, value]
}

/// A file record of 200 bytes is written: longer than what is looked at of a segment.
fn long(fill: u8) -> Vec<u8> {
    let mut message = vec![0, 1, 0, 0, 0, 206, 1, 21, 203, 6, 0, 1, 0, 0, 0, 98];
    message.resize(212, fill);
    message
}

fn conflicts(bench: &mut Bench) -> Vec<Value> {
    bench.finish();
    let told: Vec<Value> =
        bench.events().into_iter().filter(|event| event["operation.name"] == "conflicting_retransmission").collect();
    assert_eq!(bench.engine.ledger().notes.stream_conflicts, told.len() as u64, "each is counted");
    told
}

/// How often a conflict is told of these segments of a client.
fn of(segments: &[Tcp]) -> usize {
    let mut bench = Bench::default();
    segments.iter().for_each(|segment| bench.send(segment));
    conflicts(&mut bench).len()
}

fn client(sequence: u32, bytes: &[u8]) -> Tcp {
    tcp(true, sequence, ACK, bytes)
}

#[test]
fn a_repeated_segment_with_other_bytes_is_told_and_the_first_copy_stays() {
    let mut bench = Bench::default();
    bench.send(&client(100, &write(1, 7)));
    bench.send(&client(100, &write(1, 8)));
    bench.send(&client(112, &write(2, 9)));
    let events = bench.events();
    let values: Vec<&Value> = events.iter().filter_map(|event| event.get("modbus.values")).collect();
    let told = conflicts(&mut bench);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["flaws"], serde_json::json!(["stream.conflict"]));
    assert_eq!((&told[0]["network.protocol"], &told[0]["flow.protocol"]), (&"flow".into(), &"modbus".into()));
    assert_eq!((&told[0]["frame.number"], &told[0]["source.ip"]), (&2.into(), &"10.0.0.1".into()));
    assert_eq!(values, [&serde_json::json!([7]), &serde_json::json!([9])], "first wins");
    assert_eq!(bench.engine.ledger().skipped[wire::ledger::Skip::Retransmission as usize], 1);
}

#[test]
fn a_server_may_be_spoken_for_too() {
    let mut bench = Bench::default();
    bench.send(&client(100, &read_request(1)));
    bench.send(&tcp(false, 500, ACK, &read_response(1, 7)));
    bench.send(&tcp(false, 500, ACK, &read_response(1, 8)));
    let told = conflicts(&mut bench);
    assert_eq!((told.len(), &told[0]["source.ip"], &told[0]["server.ip"]), (1, &"10.0.0.2".into(), &"10.0.0.2".into()));
}

#[test]
fn the_end_of_long_segments_is_compared() {
    for (place, expected) in [(211, 1), (196, 1), (195, 0), (0, 0)] {
        let mut other = long(1);
        other[place] ^= 0x40;
        assert_eq!(of(&[client(100, &long(1)), client(100, &other)]), expected, "byte {place}");
    }
}

#[test]
fn what_still_waits_is_compared_byte_by_byte() {
    // The front of an unfinished message, repeated in other pieces.
    let message = long(1);
    let mut other = message.clone();
    other[100] ^= 1;
    for (expected, again) in [(0, &message), (1, &other)] {
        let pieces = [client(100, &message[..150]), client(180, &again[80..120]), client(250, &message[150..])];
        assert_eq!(of(&pieces), expected, "in the middle");
        let pieces = [client(100, &message[..150]), client(180, &again[80..])];
        assert_eq!(of(&pieces), expected, "with more behind it");
    }
    // Behind a hole.
    let (two, three) = (write(2, 1), write(3, 1));
    let both = [two.clone(), three.clone()].concat();
    for (again, expected) in [
        (client(112, &two), 0),
        (client(112, &both), 0),
        (client(118, &both[6..20]), 0),
        (client(112, &write(2, 9)), 1),
        (client(112, &[two.clone(), write(9, 1)].concat()), 1),
        (client(121, &[9, 9, 9, 0, 3]), 1),
    ] {
        let hole = [
            client(88, &write(0, 1)),
            client(112, &two),
            client(124, &three),
            again.clone(),
            client(100, &write(1, 1)),
        ];
        assert_eq!(of(&hole), expected, "{:?}", again.payload);
    }
}

#[test]
fn what_only_looks_like_one_is_none() {
    let (one, two) = (write(1, 7), write(2, 8));
    let both = [one.clone(), two.clone()].concat();
    for (what, segments) in [
        ("an equal copy", vec![client(100, &one), client(100, &one)]),
        // RFC 1122 4.2.3.6: one byte before what comes next, of garbage.
        ("a keep-alive", vec![client(100, &one), client(111, &[0xaa])]),
        ("a keep-alive behind a single byte", vec![client(100, &one[..11]), client(111, &[7]), client(111, &[0xaa])]),
        // RFC 9293 3.8.6.1: the next byte, which comes again with the rest.
        ("a window probe", vec![client(100, &one), client(112, &two[..1]), client(112, &two)]),
        ("cut larger", vec![client(100, &one), client(112, &two), client(100, &both)]),
        ("cut smaller", vec![client(100, &both), client(100, &one), client(112, &two)]),
        (
            "an older one that is not known any more",
            vec![client(100, &one), client(112, &two), client(100, &write(1, 9))],
        ),
        (
            "other numbers after a restart without a word",
            vec![client(100, &one), client(0x7000_0000, &two), client(0x7000_000c, &one)],
        ),
        (
            "a new connection on the same ports",
            vec![client(100, &one), tcp(true, 112, RST, &[]), tcp(true, 99, SYN, &[]), client(100, &two)],
        ),
        (
            "a new connection that was not seen to end",
            vec![client(100, &one), tcp(true, 399, SYN, &[]), client(400, &two), client(412, &one)],
        ),
    ] {
        assert_eq!(of(&segments), 0, "{what}");
    }
}

#[test]
fn captures_that_cut_or_break_frames_are_no_conflict() {
    // A snap length: the second copy is cut, then the first.
    for cut in [0, 1] {
        let mut bench = Bench::default();
        for number in 0..2 {
            let frame = client(100, &long(1)).bytes();
            if number == cut {
                bench.cut_frame(&frame, frame.len() - 100);
            } else {
                bench.frame(&frame);
            }
        }
        assert!(conflicts(&mut bench).is_empty(), "copy {cut}");
    }
    // A wrong checksum: no receiver takes it.
    let mut bench = Bench::default();
    bench.send(&client(100, &write(1, 7)));
    let mut broken = client(100, &write(1, 7)).bytes();
    *broken.last_mut().unwrap() ^= 1;
    bench.frame_unchecked(&broken);
    assert!(conflicts(&mut bench).is_empty());
}

/// As captures put together by hand are: no checksum, one sequence number for everything.
fn unfinished(segment: &Tcp) -> Vec<u8> {
    let mut frame = segment.bytes();
    frame[50..52].fill(0);
    frame
}

#[test]
fn what_has_an_excused_checksum_proves_nothing() {
    let long = long(1);
    let (mut middle, mut after) = (long[80..120].to_vec(), write(3, 1));
    middle[20] ^= 1;
    after[11] ^= 1;
    let (read, front, hole) = (
        vec![client(100, &write(1, 7)), client(100, &write(1, 8)), client(106, &write(1, 9))],
        vec![client(100, &long[..150]), client(180, &middle), client(250, &long[150..]), client(300, &after)],
        vec![client(100, &write(1, 1)), client(124, &write(3, 1)), client(124, &after), client(112, &write(2, 1))],
    );
    for segments in [read, front, hole] {
        assert!(of(&segments) > 0, "else they are conflicts");
        let mut bench = Bench::default();
        segments.iter().for_each(|segment| bench.frame(&unfinished(segment)));
        assert_eq!(bench.engine.ledger().notes.checksums_excused, segments.len() as u64);
        assert!(conflicts(&mut bench).is_empty());
        // Nor do right ones contradict what was excused before, nor excused ones what was right.
        for excused in 0..2 {
            let mut bench = Bench::default();
            // Most of the sender's are wrong, without a word of this conversation.
            (0..9).for_each(|_| bench.frame(&unfinished(&client(100, &[]))));
            for (number, segment) in segments.iter().enumerate() {
                let frame = segment.bytes();
                bench.frame(&if number % 2 == excused { unfinished(segment) } else { frame });
            }
            assert!(conflicts(&mut bench).is_empty(), "every other one, from {excused} on");
        }
    }
}

#[test]
fn what_the_capture_cut_is_compared_no_further_than_it_was_captured() {
    // Behind a hole: the copies are equal as far as both were captured, and not equal there.
    for (byte, expected) in [(11, 0), (2, 1)] {
        let mut other = write(3, 1);
        other[byte] ^= 1;
        let mut bench = Bench::default();
        bench.send(&client(100, &write(1, 1)));
        bench.send(&client(124, &write(3, 1)));
        let frame = client(124, &other).bytes();
        bench.cut_frame(&frame, frame.len() - 6);
        assert_eq!(conflicts(&mut bench).len(), expected, "{byte}");
    }
}

#[test]
fn a_hole_that_is_filled_late_leaves_nothing_to_compare_with() {
    let mut bench = Bench::default();
    bench.send(&client(100, &write(1, 1)));
    bench.send(&client(136, &write(4, 4)));
    bench.send(&tcp(false, 500, ACK, &[0, 1, 0, 0, 0, 6, 1, 6, 0, 9, 0, 1]).ack(148));
    bench.send(&client(112, &write(2, 2)));
    bench.send(&client(124, &write(3, 3)));
    bench.send(&client(136, &write(4, 4)));
    assert!(conflicts(&mut bench).is_empty());
}

#[test]
fn a_flood_of_conflicts_is_one_of_events_and_not_of_memory() {
    let mut bench = Bench::default();
    bench.send(&client(100, &write(1, 0)));
    for value in 1..=255u8 {
        bench.send(&client(100, &write(1, value)));
    }
    assert_eq!(conflicts(&mut bench).len(), 255);
    assert!(bench.engine.ledger().balanced());
}
