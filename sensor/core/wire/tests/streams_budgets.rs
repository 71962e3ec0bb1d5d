//! Budgets reached and passed: bounded, counted, balanced, and the work per packet stays the same.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::*;
use wire::limits;

const PSH: u8 = 0x08;
const SYN: u8 = 0x02;
const STREAM_BUDGET: usize = 2;

/// The front of an S7 message that says 60,000 bytes and does not come to an end.
fn endless(length: usize) -> Vec<u8> {
    let mut bytes = vec![3, 0, 0xea, 0x60, 2, 0xf0, 0x80, 0x32, 1, 0, 0, 1, 0];
    bytes.resize(length, 0);
    bytes
}

fn s7(port: u16, sequence: u32, payload: &[u8]) -> Tcp {
    Tcp { server_port: 102, ..tcp(true, sequence, PSH, payload) }.client_port(port)
}

fn balance(bench: &mut Bench) {
    let ledger = bench.engine.ledger();
    assert!(ledger.balanced() && ledger.lost[STREAM_BUDGET] > 0, "{ledger:?}");
    bench.finish();
}

#[test]
fn unfinished_messages_of_many_conversations_stay_within_the_budget() {
    let mut bench = Bench::default();
    let mut taken = 0;
    for port in 1024..5000 {
        bench.send(&s7(port, 100, &endless(30_000)));
        bench.send(&s7(port, 30_100, &[0; 20_000]));
        taken += 50_000;
    }
    assert!(taken > 2 * limits::per_shard(limits::HELD_BYTES));
    assert!(bench.engine.ledger().held as usize * 20_000 < limits::per_shard(limits::HELD_BYTES));
    balance(&mut bench);
}

#[test]
fn small_segments_behind_holes_count_with_what_they_cost() {
    let mut bench = Bench::default();
    for port in 0..2500u16 {
        bench.send(&s7(1024 + port, 99, &[]).flagged(SYN));
        for place in 0..300u32 {
            // No time passes: no hole is given up.
            bench.now_ns = START;
            bench.frame_unchecked(&s7(1024 + port, 200 + 2 * place, &[0]).bytes());
        }
    }
    let held = bench.engine.ledger().held as usize;
    assert!(held < limits::per_shard(limits::HELD_BYTES) / wire::stream::PACKET_COST, "{held}");
    balance(&mut bench);
}

#[test]
fn one_direction_keeps_its_packets_within_the_budget() {
    for backwards in [false, true] {
        let mut bench = Bench::default();
        bench.send(&s7(1024, 99, &[]).flagged(SYN));
        for place in 0..5000u32 {
            let place = if backwards { 5000 - place } else { place };
            bench.send(&s7(1024, 200 + 2 * place, &[0]));
            assert!(bench.engine.ledger().held as usize <= limits::STREAM_PACKETS + 1);
        }
        bench.finish();
    }
}

#[test]
fn a_long_message_byte_by_byte_is_given_up_and_counted() {
    let mut bench = Bench::default();
    for (place, byte) in endless(5000).iter().enumerate() {
        bench.send(&s7(1024, 100 + place as u32, &[*byte]));
    }
    assert!(bench.engine.ledger().held as usize <= limits::STREAM_PACKETS);
    balance(&mut bench);
}

#[test]
fn requests_that_wait_are_bounded() {
    let mut bench = Bench::default();
    for number in 0..500u32 {
        bench.send(&tcp(true, 100 + 12 * number, PSH, &read_request(number as u16)));
    }
    let notes = bench.engine.ledger().notes;
    assert_eq!(notes.requests_evicted, 500 - limits::PENDING_REQUESTS as u64);
    bench.send(&tcp(false, 500, PSH, &read_response(499, 1)));
    assert_eq!(bench.events().last().unwrap()["request.frame.number"], 500);
    bench.finish();
    assert_eq!(bench.engine.ledger().notes.requests_unanswered, limits::PENDING_REQUESTS as u64 - 1);
}

#[test]
fn stations_beyond_the_list_are_counted() {
    let mut bench = Bench::with_flows(1000);
    let mut frame = tcp(true, 100, PSH, &read_request(1)).bytes();
    for number in 0..limits::ASSETS as u32 + 500 {
        frame[26..30].copy_from_slice(&(0x0b00_0000 + number).to_be_bytes());
        bench.frame_unchecked(&frame);
    }
    assert_eq!(bench.output().news.len(), 2 * limits::ASSETS);
    // Stations of both tables: one more of the stations is the server.
    assert_eq!(bench.engine.ledger().notes.assets_unlisted, 501 + 500);
    bench.finish();
}
