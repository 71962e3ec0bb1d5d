//! Conversations cut, shuffled, doubled and overlapped: whatever arrives in the end is read as if it had come straight.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::random::Random;
use common::*;
use serde_json::Value;
use wire::packet::Sink;

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const RST: u8 = 0x04;
const FIN: u8 = 0x01;
const PSH: u8 = 0x08;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Whole messages from the client, on the port of their protocol.
fn conversation(random: &mut Random) -> (u16, Vec<Vec<u8>>) {
    let count = 3 + random.below(12);
    match random.below(3) {
        0 => (
            502,
            (0..count as u16)
                .map(|number| {
                    if number % 3 == 1 {
                        let mut write = number.to_be_bytes().to_vec();
                        write.extend(hex("0000 000b 01 10 0000 0002 04 000a 0102"));
                        write
                    } else {
                        read_request(number)
                    }
                })
                .collect(),
        ),
        1 => {
            let mut messages = vec![hex("0300 0016 11 e0 0000 0001 00 c0010a c1020100 c2020102")];
            messages.push(hex("0300 0019 02f080 32 01 0000 0100 0008 0000 f0 00 0001 0001 01e0"));
            for number in 0..count as u8 {
                let mut read = hex(
                    "0300 002b 02f080 32 01 0000 0101 001a 0000 04 02 120a1008000200648400 0050 120a10010001000083 00000b",
                );
                read[12] = number + 2;
                messages.push(read);
            }
            (102, messages)
        }
        _ => {
            let hello = hex("48454c46 38000000 00000000 ffff0000 ffff0000 00000000 00000000 18000000
                 6f70632e7463703a2f2f31302e302e302e323a34383430 2f");
            (4840, vec![hello.clone(); count])
        }
    }
}

/// Frame numbers and times say when a byte came, not what it said.
fn said(mut bench: Bench) -> Vec<Value> {
    bench.finish();
    let mut events = bench.events();
    for event in &mut events {
        let event = event.as_object_mut().unwrap();
        event.remove("@timestamp");
        event.remove("frame.number");
        event.remove("request.frame.number");
        event.remove("event.duration");
    }
    events
}

fn segments(port: u16, start: u32, messages: &[Vec<u8>]) -> Vec<Tcp> {
    let mut sequence = start;
    let mut segments = Vec::new();
    for message in messages {
        segments.push(Tcp { server_port: port, ..tcp(true, sequence, PSH, message) });
        sequence = sequence.wrapping_add(message.len() as u32);
    }
    segments
}

fn straight(port: u16, start: u32, messages: &[Vec<u8>]) -> Vec<Value> {
    let mut bench = Bench::default();
    bench.send(&Tcp { server_port: port, ..tcp(true, start.wrapping_sub(1), SYN, &[]) });
    for segment in segments(port, start, messages) {
        bench.send(&segment);
    }
    said(bench)
}

fn covered(pieces: &[Tcp], start: u32, length: usize) -> bool {
    let mut seen = vec![false; length];
    for piece in pieces {
        let from = piece.sequence.wrapping_sub(start) as usize;
        seen[from..from + piece.payload.len()].fill(true);
    }
    seen.iter().all(|seen| *seen)
}

#[test]
fn cut_shuffled_doubled_and_overlapped_says_the_same() {
    for seed in 1..600 {
        let mut random = Random::new(seed);
        let (port, messages) = conversation(&mut random);
        let start = if random.one_in(3) { u32::MAX - random.below(200) as u32 } else { random.next() as u32 };
        let expected = straight(port, start, &messages);
        assert_eq!(expected.len(), messages.len(), "seed {seed}");

        let stream: Vec<u8> = messages.concat();
        let mut pieces = Vec::new();
        let mut from = 0;
        let longest = [1, 2, 7, 40, 300][random.below(5)];
        while from < stream.len() {
            let to = (from + 1 + random.below(longest)).min(stream.len());
            // Now and then with bytes that came before.
            let early = if random.one_in(3) { from.saturating_sub(random.below(20)) } else { from };
            let payload = &stream[early..to];
            pieces.push(Tcp { server_port: port, ..tcp(true, start.wrapping_add(early as u32), PSH, payload) });
            from = to;
        }
        for place in (0..pieces.len()).filter(|_| longest > 1) {
            if random.one_in(4) {
                let other = (place + random.below(8)).min(pieces.len() - 1);
                pieces.swap(place, other);
            }
            if random.one_in(6) {
                let again = pieces[random.below(place + 1)].clone();
                pieces.insert(place, again);
            }
        }
        // A copy that comes when both sides have closed would be taken for another connection: none comes last.
        while pieces.len() > 1 && covered(&pieces[..pieces.len() - 1], start, stream.len()) {
            pieces.pop();
        }
        let mut bench = Bench::default();
        bench.send(&Tcp { server_port: port, ..tcp(true, start.wrapping_sub(1), SYN, &[]) });
        // Both sides close, and the client's closing comes anywhere.
        let end = start.wrapping_add(stream.len() as u32);
        bench.send(&Tcp { server_port: port, ..tcp(false, 9, SYN, &[]) });
        bench.send(&Tcp { server_port: port, ..tcp(false, 10, FIN, &[]) });
        let closing = random.below(pieces.len() + 1);
        for (place, piece) in pieces.iter().enumerate() {
            if place == closing {
                bench.send(&Tcp { server_port: port, ..tcp(true, end, FIN, &[]) });
            }
            bench.send(piece);
            if random.one_in(10) {
                let now_ns = bench.now_ns;
                bench.engine.tick(now_ns);
            }
        }
        let found = said(bench);
        assert_eq!(found, expected, "seed {seed}, port {port}, pieces of {longest}");
    }
}

#[test]
fn behind_a_hole_the_next_whole_message_is_read() {
    for seed in 1..400 {
        let mut random = Random::new(seed);
        let (port, messages) = conversation(&mut random);
        let start = random.next() as u32;
        let mut bench = Bench::default();
        let missing = 1 + random.below(messages.len() - 2);
        for (place, segment) in segments(port, start, &messages).iter().enumerate() {
            if place != missing {
                bench.send(segment);
            }
        }
        bench.finish();
        let events = bench.events();
        assert_eq!(events.len(), messages.len() - 1, "seed {seed}, port {port}");
        let flaws: Vec<&Value> = events[missing]["flaws"].as_array().unwrap().iter().collect();
        assert!(flaws.contains(&&Value::from("stream.gap")), "{flaws:?}");
    }
}

#[test]
fn anything_at_all_keeps_the_account() {
    for seed in 1..300 {
        let mut random = Random::new(seed);
        let mut bench = Bench::with_flows(1 + random.below(6));
        let conversations: Vec<(u16, Vec<u8>)> =
            (0..4).map(|_| conversation(&mut random)).map(|(port, messages)| (port, messages.concat())).collect();
        for _ in 0..300 {
            let (port, stream) = &conversations[random.below(4)];
            let from = random.below(stream.len());
            let to = (from + random.below(80)).min(stream.len());
            let mut payload = stream[from..to].to_vec();
            if random.one_in(6) && !payload.is_empty() {
                let place = random.below(payload.len());
                payload[place] = random.byte();
            }
            let jump = if random.one_in(20) { random.next() as u32 } else { 0 };
            let sequence = (u32::MAX - 100).wrapping_add(from as u32).wrapping_add(jump);
            let flags =
                [ACK, ACK, ACK, PSH, PSH, SYN, SYN | ACK, FIN | ACK, RST, RST | ACK, random.byte()][random.below(11)];
            let segment = Tcp { server_port: *port, ..tcp(!random.one_in(3), sequence, flags, &payload) };
            let segment =
                segment.ack(sequence.wrapping_sub(random.below(60) as u32)).client_port(40000 + random.below(3) as u16);
            let frame = segment.bytes();
            let kept = if random.one_in(8) { random.below(frame.len() + 1) } else { frame.len() };
            bench.cut_frame(&frame, kept);
            if random.one_in(15) {
                bench.now_ns += [1_000, SECOND, 5 * SECOND, 7200 * SECOND][random.below(4)];
                let now_ns = bench.now_ns;
                bench.engine.tick(now_ns);
                assert!(bench.engine.ledger().balanced());
            }
        }
        bench.finish();
    }
}

#[test]
fn a_first_message_sent_byte_by_byte_is_read() {
    let mut bench = Bench::default();
    for (place, byte) in read_request(7).iter().enumerate() {
        bench.send(&tcp(true, 100 + place as u32, ACK, &[*byte]));
    }
    assert_eq!((bench.engine.ledger().parsed, bench.engine.ledger().events), (12, 1));
    bench.finish();
}

#[test]
fn junk_in_front_does_not_hide_what_follows() {
    let mut bench = Bench::default();
    let mut sequence = 100;
    for _ in 0..50 {
        bench.send(&tcp(true, sequence, ACK, &[0xee; 30]));
        sequence += 30;
    }
    bench.send(&tcp(true, sequence, ACK, &read_request(7)));
    // What was unknown on that port is told, once.
    assert_eq!(bench.engine.ledger().events, 2);
    bench.finish();
}

#[test]
fn a_front_of_another_protocol_does_not_hide_what_follows() {
    let mut bench = Bench::default();
    let hello = hex("48454c46 20000000 00000000 ffff0000 ffff0000 00000000 00000000 00000000");
    bench.send(&tcp(true, 100, ACK, &hello));
    let mut sequence = 132;
    for number in 0..40 {
        bench.send(&tcp(true, sequence, ACK, &read_request(number)));
        sequence += 12;
    }
    let events = bench.events();
    let read = events.iter().filter(|event| event["network.protocol"] == "modbus").count();
    assert!(read >= 30, "{read} of 40 requests were read");
    bench.finish();
}

#[test]
fn a_forged_segment_far_ahead_blinds_nobody() {
    for ahead in [500, 60_000, 1 << 20, 1 << 28, 1 << 30, 3_000_000_000] {
        let mut bench = Bench::default();
        let mut sequence: u32 = 100;
        let mut read = 0;
        for number in 0..200u16 {
            if number == 10 {
                bench.send(&tcp(true, sequence.wrapping_add(ahead), ACK, &read_request(999)));
            }
            // In two pieces: what is read late must go on where it stopped.
            bench.send(&tcp(true, sequence, ACK, &read_request(number)[..5]));
            bench.send(&tcp(true, sequence.wrapping_add(5), ACK, &read_request(number)[5..]));
            sequence = sequence.wrapping_add(12);
            bench.now_ns += SECOND;
        }
        for event in bench.events() {
            read += usize::from(event["modbus.transaction_id"] != 999);
        }
        assert!(read >= 195, "{ahead} bytes ahead: {read} of 200 requests were read");
        bench.finish();
    }
}

#[test]
fn a_forged_opening_or_reset_blinds_nobody() {
    for flags in [SYN, RST] {
        for offset in [1u32, 1000, 1 << 29, 1 << 31, 3_500_000_000] {
            let mut bench = Bench::default();
            let mut sequence: u32 = 100;
            for number in 0..200u16 {
                if number == 10 {
                    bench.send(&tcp(true, sequence.wrapping_add(offset), flags, &[]));
                }
                bench.send(&tcp(true, sequence, ACK, &read_request(number)));
                sequence += 12;
                bench.now_ns += SECOND;
            }
            bench.finish();
            let read = bench.events().len();
            assert!(read >= 198, "flags {flags}, {offset}: {read} of 200 requests were read");
        }
    }
}

#[test]
fn bytes_of_a_hole_that_come_after_all_are_read() {
    let mut bench = Bench::default();
    bench.send(&tcp(true, 100, ACK, &read_request(1)));
    bench.send(&tcp(true, 136, ACK, &read_request(4)));
    // The other port of the tap was faster: the answer acknowledges what this port delivers a moment later.
    bench.send(&tcp(false, 500, ACK, &read_response(1, 1)).ack(148));
    bench.send(&tcp(true, 112, ACK, &read_request(2)));
    bench.send(&tcp(true, 124, ACK, &read_request(3)));
    bench.send(&tcp(true, 124, ACK, &read_request(3)));
    bench.send(&tcp(true, 148, ACK, &read_request(5)));
    let events = bench.events();
    let requests: Vec<u64> = events
        .iter()
        .filter(|event| event["message.kind"] == "request")
        .map(|event| event["modbus.transaction_id"].as_u64().unwrap())
        .collect();
    assert_eq!(requests, [1, 4, 2, 3, 5]);
    assert_eq!(bench.engine.ledger().skipped[wire::ledger::Skip::Retransmission as usize], 1, "one retransmission");
    bench.finish();
}
