//! Answers find their requests when masters are careless, captures have holes and controllers ask back.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::*;
use serde_json::Value;

const ACK: u8 = 0x10;

/// A conversation that puts messages one behind the other.
struct Talk {
    bench: Bench,
    next: [u32; 2],
}

impl Default for Talk {
    fn default() -> Self {
        Self { bench: Bench::default(), next: [100, 500] }
    }
}

impl Talk {
    fn say(&mut self, to_server: bool, message: &[u8]) {
        let side = usize::from(!to_server);
        self.bench.send(&tcp(to_server, self.next[side], ACK, message));
        self.next[side] += message.len() as u32;
    }

    /// Frame of the request that each answer was given, and what is wrong with it.
    fn answers(&mut self) -> Vec<(Option<u64>, Vec<String>)> {
        self.bench.finish();
        let answers = |event: &Value| event["message.kind"] == "response";
        let flaws = |event: &Value| match event["flaws"].as_array() {
            Some(flaws) => flaws.iter().map(|flaw| flaw.as_str().unwrap().to_string()).collect(),
            None => Vec::new(),
        };
        self.bench
            .events()
            .iter()
            .filter(|event| answers(event))
            .map(|event| (event["request.frame.number"].as_u64(), flaws(event)))
            .collect()
    }
}

fn write(transaction: u16, register: u8) -> Vec<u8> {
    let mut adu = transaction.to_be_bytes().to_vec();
    adu.extend([0, 0, 0, 6, 1, 6, 0, register, 0, 1]);
    adu
}

#[test]
fn one_lost_answer_does_not_shift_those_that_follow() {
    let mut talk = Talk::default();
    // A master that always says transaction 1; the answer to its second request is lost on the way.
    for round in 0..5 {
        talk.bench.now_ns += SECOND;
        talk.say(true, &read_request(1));
        if round != 1 {
            talk.say(false, &read_response(1, round));
        }
    }
    let asked: Vec<Option<u64>> = talk.answers().into_iter().map(|(asked, _)| asked).collect();
    assert_eq!(asked, [Some(1), Some(4), Some(6), Some(8)]);
    assert_eq!(talk.bench.engine.ledger().notes.requests_unanswered, 1);
}

#[test]
fn requests_with_one_id_are_told_apart_by_what_they_ask() {
    let mut talk = Talk::default();
    talk.say(true, &write(1, 10));
    talk.say(true, &read_request(1));
    talk.say(true, &write(1, 11));
    talk.say(false, &write(1, 10));
    talk.say(false, &read_response(1, 1));
    talk.say(false, &write(1, 11));
    assert_eq!(talk.answers(), [(Some(1), vec![]), (Some(2), vec![]), (Some(3), vec![])]);
}

#[test]
fn answers_out_of_order_find_their_requests() {
    let mut talk = Talk::default();
    for transaction in 0..16 {
        talk.say(true, &read_request(transaction));
    }
    for transaction in (0..16).rev() {
        talk.say(false, &read_response(transaction, 1));
    }
    let expected: Vec<(Option<u64>, Vec<String>)> = (1..=16).rev().map(|frame| (Some(frame), vec![])).collect();
    assert_eq!(talk.answers(), expected);
}

#[test]
fn an_answer_to_nothing_is_odd_only_when_the_asking_was_watched() {
    let mut talk = Talk::default();
    talk.say(false, &read_response(1, 1));
    talk.say(true, &read_request(2));
    talk.say(false, &read_response(2, 1));
    talk.say(false, &read_response(3, 1));
    let answers = talk.answers();
    assert_eq!(answers[0], (None, vec![]));
    assert_eq!(answers[1], (Some(2), vec![]));
    assert_eq!(answers[2], (None, vec!["pairing.response_without_request".to_string()]));
}

#[test]
fn an_answer_of_another_function_is_a_mismatch() {
    let mut talk = Talk::default();
    talk.say(true, &write(1, 10));
    talk.say(false, &read_response(1, 1));
    assert_eq!(talk.answers(), [(Some(1), vec!["pairing.mismatch".to_string()])]);
}
