//! The order of operations: a client that always reads before it writes, and one that does not.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use std::sync::LazyLock;

use common::plant::{bench, document, tables};
use common::*;
use wire::engine::Settings;
use wire::finding::Param;
use wire::fold::{Hit, HitKind};

const SYN: u8 = 0x02;
const DATA: u8 = 0x18;
const READ: u8 = 3;
const BITS: u8 = 1;
const WRITE: u8 = 6;

fn asked(code: u8) -> Vec<u8> {
    vec![0, 1, 0, 0, 0, 6, 1, code, 0, 0, 0, 1]
}

/// One connection of the client: its handshake, then these operations.
struct Connection {
    port: u16,
    sequence: u32,
}

impl Connection {
    fn open(bench: &mut Bench, port: u16) -> Self {
        bench.send(&tcp(true, 1000, SYN, &[]).client_port(port));
        Self { port, sequence: 1001 }
    }

    /// The capture began behind its beginning.
    fn in_the_middle(port: u16) -> Self {
        Self { port, sequence: 5000 }
    }

    fn ask(&mut self, bench: &mut Bench, codes: &[u8]) {
        for code in codes {
            bench.send(&tcp(true, self.sequence, DATA, &asked(*code)).client_port(self.port));
            self.sequence += 12;
        }
    }

    /// Requests that the capture did not see, although the server did.
    fn lose(&mut self, bench: &mut Bench, requests: u32) {
        self.sequence += 12 * requests;
        bench.send(&tcp(false, 1, 0x10, &[]).ack(self.sequence).client_port(self.port));
    }
}

/// Thirty connections, two minutes apart, that read twice before each write.
static BASELINE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut bench = bench(Settings { learn: true, ..settings() }, tables(&document(&[]), None, None));
    for number in 0..30 {
        bench.now_ns += 120 * SECOND;
        let mut connection = Connection::open(&mut bench, 40_000 + number);
        for _ in 0..3 {
            connection.ask(&mut bench, &[READ, READ, BITS, READ, WRITE]);
        }
    }
    bench.engine.learned().unwrap().table()
});

/// What is found when a client does that.
fn found(act: impl FnOnce(&mut Bench)) -> Vec<Hit> {
    let mut bench = bench(settings(), tables(&document(&[]), Some(&BASELINE), None));
    bench.now_ns += 3600 * SECOND;
    act(&mut bench);
    bench.finish();
    let hits = std::mem::take(&mut bench.output().hits);
    hits.into_iter().filter(|hit| hit.kind == HitKind::First).collect()
}

fn param<'h>(hit: &'h Hit, name: &str) -> &'h Param {
    &hit.params.iter().find(|(known, _)| *known == name).unwrap().1
}

fn text(said: &str) -> Param {
    Param::Text(said.to_owned())
}

#[test]
fn a_write_without_the_read_before_it_is_told_with_what_usually_comes() {
    let hits = found(|bench| Connection::open(bench, 50_000).ask(bench, &[WRITE, READ]));
    let causes: Vec<&str> = hits.iter().map(|hit| hit.cause.as_ref()).collect();
    assert_eq!(causes, ["baseline:new_order"]);
    assert_eq!(param(&hits[0], "last_operation"), &text("connection_opened"));
    assert_eq!(param(&hits[0], "operation"), &text("write_single_register"));
    assert_eq!(param(&hits[0], "usually_before"), &text("read_holding_registers"));
    assert_eq!(param(&hits[0], "usually_before_times"), &Param::Unsigned(90));
    assert_eq!(param(&hits[0], "usually_after"), &text("read_holding_registers"));
    assert_eq!(param(&hits[0], "usually_after_times"), &Param::Unsigned(30));
}

#[test]
fn an_odd_way_to_a_usual_last_step_is_told_too() {
    // Reads of registers stand before each write, and reads of bits before those.
    let hits = found(|bench| Connection::open(bench, 50_000).ask(bench, &[READ, WRITE]));
    assert_eq!(hits.len(), 1);
    assert_eq!(param(&hits[0], "operation_before"), &text("connection_opened"));
    assert_eq!(param(&hits[0], "usually_before"), &text("read_coils"));
}

#[test]
fn what_is_usual_is_silent_however_it_was_captured() {
    let usual = [READ, READ, BITS, READ, WRITE];
    assert!(found(|bench| Connection::open(bench, 50_000).ask(bench, &usual)).is_empty());
    // Nobody knows what stood before it.
    assert!(found(|bench| Connection::in_the_middle(50_000).ask(bench, &[WRITE, READ, BITS, READ, WRITE])).is_empty());
    let lost = |bench: &mut Bench| {
        let mut connection = Connection::open(bench, 50_000);
        connection.lose(bench, 4);
        connection.ask(bench, &[WRITE, READ]);
        connection.lose(bench, 2);
        connection.ask(bench, &[WRITE]);
    };
    assert!(found(lost).is_empty());
    let again = |bench: &mut Bench| {
        let mut connection = Connection::open(bench, 50_000);
        connection.ask(bench, &usual);
        // The last two segments once more.
        connection.sequence -= 24;
        connection.ask(bench, &[READ, WRITE]);
        // And the client opens its connection anew in the middle of its work.
        Connection::open(bench, 50_001).ask(bench, &usual);
    };
    assert!(found(again).is_empty());
    let interleaved = |bench: &mut Bench| {
        let (mut one, mut other) = (Connection::open(bench, 50_000), Connection::open(bench, 50_001));
        one.ask(bench, &usual[..4]);
        for code in usual {
            other.ask(bench, &[code]);
        }
        one.ask(bench, &[WRITE]);
    };
    assert!(found(interleaved).is_empty());
}

#[test]
fn what_is_new_by_itself_is_told_once() {
    // Function 5 was never used: that it comes first of all is no second alarm, nor is what follows it.
    let hits = found(|bench| Connection::open(bench, 50_000).ask(bench, &[5, WRITE]));
    let causes: Vec<&str> = hits.iter().map(|hit| hit.cause.as_ref()).collect();
    assert_eq!(causes, ["baseline:new_operation"]);
}

#[test]
fn a_reload_keeps_what_was_asked_last() {
    let hits = found(|bench| {
        let mut connection = Connection::open(bench, 50_000);
        connection.ask(bench, &[READ, BITS, READ]);
        let tables = tables(&document(&[]), Some(&BASELINE), None);
        bench.engine.reload(tables);
        connection.ask(bench, &[WRITE, BITS, WRITE]);
    });
    let causes: Vec<&str> = hits.iter().map(|hit| hit.cause.as_ref()).collect();
    assert_eq!(causes, ["baseline:new_order"], "behind the bits only");
}
