//! A capture counted by hand: every class of the ledger that frames can end in, one by one.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![allow(clippy::cast_possible_truncation)]

mod common;

use common::*;
use wire::packet::{Lost, Sink};

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const RST: u8 = 0x04;

fn skipped(bench: &mut Bench, reason: &str) -> u64 {
    let place = wire::ledger::SKIPS.iter().position(|name| *name == reason).unwrap();
    bench.engine.ledger().skipped[place]
}

#[test]
fn every_class_counted_by_hand() {
    let mut bench = Bench::default();
    // A handshake: two SYNs and an ACK have no payload.
    bench.send(&tcp(true, 99, SYN, &[]));
    bench.send(&tcp(false, 499, SYN | ACK, &[]).ack(100));
    bench.send(&tcp(true, 100, ACK, &[]).ack(500));
    assert_eq!(skipped(&mut bench, "no_payload"), 3);
    // Request and answer.
    bench.send(&tcp(true, 100, ACK, &read_request(1)).ack(500));
    bench.send(&tcp(false, 500, ACK, &read_response(1, 7)).ack(112));
    assert_eq!(bench.engine.ledger().parsed, 2);
    // The same answer once more.
    bench.send(&tcp(false, 500, ACK, &read_response(1, 7)).ack(112));
    assert_eq!(skipped(&mut bench, "retransmission"), 1);
    // A request in two pieces: the first is held until the second comes.
    bench.send(&tcp(true, 112, ACK, &read_request(2)[..5]));
    assert_eq!(bench.engine.ledger().held, 1);
    bench.send(&tcp(true, 117, ACK, &read_request(2)[5..]));
    assert_eq!((bench.engine.ledger().held, bench.engine.ledger().parsed), (0, 4));
    // A hole: the third request comes before the second's neighbour.
    bench.send(&tcp(true, 136, ACK, &read_request(4)));
    assert_eq!(bench.engine.ledger().held, 1);
    bench.send(&tcp(true, 124, ACK, &read_request(3)));
    assert_eq!((bench.engine.ledger().held, bench.engine.ledger().parsed), (0, 6));
    // Not IP, another transport, a fragment, a broken header, an unknown conversation.
    bench.frame(&[0xff; 60]);
    bench.frame(&ipv4(1, 2, 2, &[0x11, 0, 0, 0]));
    let mut fragment = ipv4(1, 2, 6, &[0; 40]);
    fragment[20] = 0x20;
    bench.frame(&fragment);
    // It waits for the others, in vain.
    assert_eq!(bench.engine.ledger().held, 1);
    bench.now_ns += 61 * SECOND;
    bench.frame(&ipv4(1, 2, 6, &[0; 10]));
    bench.send(&Tcp { server_port: 8081, ..tcp(true, 1, ACK, b"\x01\x02 no known protocol") });
    bench.frame(&ipv4(1, 2, 17, &[78, 53, 78, 53, 0, 12, 0, 0, 1, 2, 3, 4]));
    assert_eq!(skipped(&mut bench, "not_ip"), 1);
    assert_eq!(skipped(&mut bench, "transport"), 1);
    assert_eq!(skipped(&mut bench, "fragment"), 1);
    assert_eq!(skipped(&mut bench, "bad_frame"), 1);
    assert_eq!(skipped(&mut bench, "no_parser"), 2);
    // The capture cut a request in the middle, and the next whole one is read again.
    let cut = tcp(true, 148, ACK, &read_request(5)).bytes();
    bench.cut_frame(&cut, cut.len() - 4);
    assert_eq!(skipped(&mut bench, "truncated"), 1);
    bench.send(&tcp(true, 160, ACK, &read_request(6)));
    assert_eq!(bench.engine.ledger().parsed, 7);
    // A piece whose rest never comes.
    bench.send(&tcp(true, 172, ACK, &read_request(7)[..6]));
    bench.send(&tcp(true, 178, RST, &[]));
    assert_eq!(skipped(&mut bench, "incomplete"), 1);
    bench.engine.lost(Lost::Kernel, 5);
    bench.finish();
    let ledger = bench.engine.ledger();
    assert_eq!(ledger.received, 25);
    assert_eq!(ledger.lost[0], 5);
    assert_eq!(ledger.events, 6, "a message in two packets is one event of two parsed packets");
}

#[test]
fn a_hole_that_the_peer_acknowledged_is_given_up_at_once() {
    let mut bench = Bench::default();
    bench.send(&tcp(true, 100, ACK, &read_request(1)));
    bench.send(&tcp(true, 124, ACK, &read_request(3)));
    assert_eq!(bench.engine.ledger().held, 1);
    // The server acknowledges all three: the second was lost to the capture, not to the plant.
    bench.send(&tcp(false, 500, ACK, &read_response(3, 1)).ack(136));
    assert_eq!(bench.engine.ledger().held, 0);
    let events = bench.events();
    let frames: Vec<u64> = events.iter().map(|event| event["frame.number"].as_u64().unwrap()).collect();
    assert_eq!(frames, [1, 2, 3], "the request behind the hole keeps its own frame");
    assert_eq!(events[1]["flaws"][0], "stream.gap");
    assert_eq!(events[2]["request.frame.number"], 2);
    bench.finish();
}

#[test]
fn a_hole_nobody_acknowledges_is_given_up_after_a_while() {
    let mut bench = Bench::default();
    bench.send(&tcp(true, 100, ACK, &read_request(1)));
    bench.send(&tcp(true, 124, ACK, &read_request(3)));
    assert_eq!(bench.engine.ledger().events, 1);
    bench.engine.tick(bench.now_ns + 4 * SECOND);
    assert_eq!((bench.engine.ledger().events, bench.engine.ledger().held), (2, 0));
    bench.finish();
}

#[test]
fn responses_are_paired_across_a_wrap_of_the_sequence_numbers() {
    let mut bench = Bench::default();
    bench.send(&tcp(true, u32::MAX - 5, ACK, &read_request(1)));
    bench.send(&tcp(true, 6, ACK, &read_request(2)));
    bench.send(&tcp(false, 500, ACK, &read_response(2, 9)));
    bench.send(&tcp(false, 511, ACK, &read_response(1, 9)));
    let events = bench.events();
    assert_eq!(events.len(), 4);
    assert_eq!(events[2]["request.frame.number"], 2);
    assert_eq!(events[3]["request.frame.number"], 1);
    assert_eq!(events[3]["event.duration"], 3_000_000);
    assert_eq!(events[3]["modbus.values"], serde_json::json!([9]));
    bench.finish();
}

#[test]
fn the_flow_table_is_bounded_and_says_what_it_dropped() {
    let mut bench = Bench::with_flows(4);
    for port in 0..10 {
        bench.send(&tcp(true, 100, ACK, &read_request(1)[..5]).client_port(40000 + port));
        bench.send(&tcp(true, 100, ACK, &read_request(1)).client_port(50000 + port));
    }
    let ledger = bench.engine.ledger();
    assert!(bench.engine.flows() <= 4);
    assert_eq!(ledger.notes.flows_evicted, 16);
    bench.finish();
}

#[test]
fn ports_that_are_used_again_are_another_conversation() {
    let mut bench = Bench::default();
    bench.send(&tcp(true, 99, SYN, &[]));
    bench.send(&tcp(true, 100, ACK, &read_request(1)));
    bench.send(&tcp(true, 7_000_000, SYN, &[]));
    bench.send(&tcp(true, 7_000_001, ACK, &read_request(2)));
    assert_eq!(bench.engine.ledger().parsed, 2);
    assert_eq!(bench.engine.ledger().notes.flows_opened, 2);
    bench.finish();
}
