//! Time that passes, and clocks that jump: silence is seen, and nothing expires by a jump.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::*;
use wire::limits;
use wire::packet::Sink;

const ACK: u8 = 0x10;

#[test]
fn a_frame_dated_2106_ends_nothing() {
    let mut bench = Bench::default();
    bench.send(&tcp(true, 100, ACK, &read_request(1)));
    bench.send(&tcp(true, 124, ACK, &read_request(3)));
    let now_ns = bench.now_ns;
    bench.now_ns = 4_294_967_295 * SECOND;
    bench.send(&tcp(true, 100, ACK, &read_request(9)).client_port(40001));
    assert_eq!(bench.engine.ledger().held, 1, "the hole is as old as before");
    bench.now_ns = now_ns;
    bench.send(&tcp(false, 500, ACK, &read_response(1, 7)));
    let ledger = bench.engine.ledger();
    assert_eq!((ledger.notes.time_jumps, ledger.notes.flows_expired, ledger.notes.requests_unanswered), (2, 0, 0));
    assert_eq!(bench.events().last().unwrap()["request.frame.number"], 1);
    bench.finish();
}

#[test]
fn a_request_waits_by_engine_time_across_a_clock_that_was_set() {
    for jump_s in [-86_400i64, 86_400] {
        let mut bench = Bench::default();
        bench.send(&tcp(true, 100, ACK, &read_request(1)));
        bench.now_ns = bench.now_ns.wrapping_add_signed(jump_s * SECOND as i64);
        bench.send(&tcp(true, 112, ACK, &read_request(2)));
        bench.send(&tcp(false, 500, ACK, &read_response(1, 7)));
        let events = bench.events();
        assert_eq!(events[2]["request.frame.number"], 1, "{jump_s}");
        assert_eq!(bench.engine.ledger().notes.requests_unanswered, 0);
        let duration = events[2]["event.duration"].as_u64();
        assert!(duration.is_none_or(|duration| duration < SECOND), "a set clock is no latency: {duration:?}");
        bench.finish();
    }
}

#[test]
fn requests_without_an_answer_are_counted_once() {
    let mut bench = Bench::default();
    bench.send(&tcp(true, 100, ACK, &read_request(1)));
    bench.now_ns += limits::ANSWER_NS + SECOND;
    bench.send(&tcp(true, 112, ACK, &read_request(2)));
    assert_eq!(bench.engine.ledger().notes.requests_unanswered, 1);
    bench.finish();
    assert_eq!(bench.engine.ledger().notes.requests_unanswered, 2);
}

#[test]
fn silent_conversations_are_forgotten_and_talking_ones_are_not() {
    let mut bench = Bench::default();
    bench.send(&tcp(true, 100, ACK, &read_request(1)));
    bench.send(&tcp(true, 100, ACK, &read_request(1)).client_port(40001));
    for round in 1..40u32 {
        bench.now_ns += limits::FLOW_IDLE_NS / 20;
        bench.send(&tcp(true, 100 + 12 * round, ACK, &read_request(1)));
    }
    let ledger = bench.engine.ledger();
    assert_eq!((bench.engine.flows(), ledger.notes.flows_expired, ledger.notes.time_jumps), (1, 1, 0));
    let now_ns = bench.now_ns;
    bench.engine.tick(now_ns + limits::FLOW_IDLE_NS / 2);
    bench.engine.tick(now_ns + limits::FLOW_IDLE_NS + SECOND);
    assert_eq!(bench.engine.flows(), 0);
    bench.finish();
}

#[test]
fn ticks_behind_the_packets_say_nothing() {
    let run = |ticks: bool| {
        let mut bench = Bench::default();
        for round in 0..50u32 {
            bench.send(&tcp(true, 100 + 12 * round, ACK, &read_request(1)));
            if ticks {
                let now_ns = bench.now_ns;
                bench.engine.tick(now_ns - 5 * SECOND);
                bench.engine.tick(now_ns);
            }
        }
        bench.finish();
        (bench.engine.ledger(), bench.engine.take().events)
    };
    assert!(run(true) == run(false));
}

#[test]
fn time_that_stands_still_or_ends_is_survived() {
    for start in [0, u64::MAX - 20_000_000] {
        let mut bench = Bench { now_ns: start, ..Bench::default() };
        for round in 0..2000u32 {
            // Every second segment is behind a hole that the next one closes.
            let ahead = if round % 2 == 0 { 12 } else { 0 };
            bench.now_ns = start;
            bench.send(&tcp(true, 100 + 24 * (round / 2) + ahead, ACK, &read_request(1)));
        }
        bench.now_ns = u64::MAX - 2_000_000;
        bench.send(&tcp(true, 100, ACK, &read_request(1)).client_port(40002));
        bench.engine.tick(u64::MAX);
        bench.finish();
        assert!(bench.engine.ledger().events >= 1999);
    }
}
