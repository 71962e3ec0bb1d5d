//! What the features of a conversation say, when rows come, and in which order.

use wire::event::Asked;
use wire::value::{Class, Outcome, Role};
use wire::windows::{Closed, Row, Windows, FEATURES};

use crate::messages::{read, request, write, Message, SECOND};

const WINDOW: u64 = 10 * SECOND;

fn run(messages: &[Message], end_ns: u64) -> Vec<Row> {
    let mut windows = Windows::new(WINDOW, 1000);
    let mut closed = Closed::default();
    for message in messages {
        windows.tick(message.ts_ns, &mut closed);
        windows.observe(&message.event(), message.ts_ns, &mut 0);
    }
    windows.tick(end_ns, &mut closed);
    closed.rows
}

pub fn feature(row: &Row, name: &str) -> f64 {
    row.features[FEATURES.iter().position(|known| *known == name).unwrap()]
}

#[test]
fn a_window_says_what_happened_in_it() {
    let mut messages = Vec::new();
    for number in 0..10 {
        let asked = read(1, 10, 0, 9).at(10 * SECOND + number * SECOND);
        let mut answer = asked.answer(asked.ts_ns + 5_000_000 + number * 1_000_000);
        answer.bytes = vec![0; 36];
        messages.push(asked);
        messages.push(answer);
    }
    let asked = write(1, 10, 5, 5).at(19 * SECOND + 500_000_000);
    let mut refused = asked.answer(asked.ts_ns + 10_000_000);
    refused.record.outcome = Outcome::Failure;
    messages.push(asked);
    messages.push(refused);
    messages.push(request(1, 10, 8, Class::Diagnose).at(19 * SECOND + 900_000_000));
    messages.push(read(1, 10, 0, 9).at(20 * SECOND));

    let rows = run(&messages, 25 * SECOND);
    assert_eq!(rows.len(), 1, "the running window gives no row");
    let row = &rows[0];
    assert_eq!((row.start_ns, row.end_ns, row.protocol), (10 * SECOND, 20 * SECOND, "modbus"));
    let expected = [
        ("requests", 12.0),
        ("responses", 11.0),
        ("unanswered", 0.0),
        ("failures", 1.0),
        ("bytes_mean", (12.0 * 12.0 + 10.0 * 36.0 + 12.0) / 23.0),
        ("operations", 3.0),
        ("objects", 2.0),
        ("writes", 1.0),
        ("latency_median_ms", 10.0),
        ("interval_mean_ms", 900.0),
        ("interval_std_ms", 213.2007),
        // 10/12, 1/12, 1/12
        ("operation_entropy", 0.816_689),
        ("sessions", 0.0),
        // From 18.75 s on: one read with its answer, the write and the diagnosis.
        ("peak", 5.0),
        ("retransmissions", 0.0),
        ("gap_bytes", 0.0),
    ];
    assert_eq!(expected.map(|(name, _)| name), FEATURES);
    for (name, value) in expected {
        assert!((feature(row, name) - value).abs() < 1e-4, "{name}: {} is not {value}", feature(row, name));
    }
}

#[test]
fn an_answer_in_the_next_window_is_an_answer_and_one_that_never_comes_is_told_there() {
    let late = read(1, 10, 0, 9).at(20 * SECOND - 1);
    let lost = read(1, 10, 0, 9).at(15 * SECOND);
    let messages = [lost, late.answer(20 * SECOND + 5_000_000), read(1, 10, 0, 9).at(30 * SECOND)];
    let messages = [&messages[0], &late, &messages[1], &messages[2]];
    let mut windows = Windows::new(WINDOW, 1000);
    let mut closed = Closed::default();
    windows.tick(10 * SECOND, &mut closed);
    for message in messages {
        windows.observe(&message.event(), message.ts_ns, &mut 0);
    }
    windows.tick(40 * SECOND, &mut closed);
    assert_eq!(closed.rows.iter().map(|row| feature(row, "unanswered")).collect::<Vec<_>>(), [0.0, 1.0, 0.0]);
}

#[test]
fn rows_come_in_the_order_of_their_keys_whatever_the_order_of_messages() {
    let pairs = [(3, 10), (1, 11), (2, 10), (1, 10)];
    let make = |pairs: &[(u8, u8)]| {
        let messages: Vec<Message> =
            pairs.iter().map(|(client, server)| read(*client, *server, 0, 9).at(10 * SECOND)).collect();
        run(&messages, 20 * SECOND)
    };
    let rows = make(&pairs);
    let mut reversed = pairs;
    reversed.reverse();
    assert_eq!(rows, make(&reversed));
    let keys: Vec<_> = rows.iter().map(|row| (row.client_ip, row.server_ip)).collect();
    assert!(keys.len() == 4 && keys.is_sorted());
}

#[test]
fn silence_gives_no_rows_and_the_first_part_of_a_window_neither() {
    // The engine begins at 13 s, in the middle of a window.
    let messages = [13, 17, 21, 28, 55, 61].map(|second| read(1, 10, 0, 9).at(second * SECOND));
    let starts: Vec<u64> = run(&messages, 70 * SECOND).iter().map(|row| row.start_ns / SECOND).collect();
    assert_eq!(starts, [20, 50, 60]);
}

#[test]
fn a_message_without_a_tick_before_it_closes_windows_as_well() {
    let mut windows = Windows::new(WINDOW, 1000);
    let mut closed = Closed::default();
    windows.observe(&read(1, 10, 0, 9).event(), 10 * SECOND, &mut 0);
    windows.observe(&read(1, 10, 0, 9).event(), 20 * SECOND, &mut 0);
    assert_eq!(windows.next_due_ns(), 0, "a row waits");
    windows.tick(20 * SECOND, &mut closed);
    assert_eq!(closed.rows.len(), 1);
    assert_eq!(windows.next_due_ns(), 30 * SECOND);
}

#[test]
fn when_nothing_runs_nothing_is_due() {
    let mut windows = Windows::new(WINDOW, 1000);
    let mut closed = Closed::default();
    assert_eq!(windows.next_due_ns(), 0, "every shard learns when the engine began");
    windows.tick(12 * SECOND, &mut closed);
    assert_eq!(windows.next_due_ns(), u64::MAX);
    windows.observe(&read(1, 10, 0, 9).event(), 13 * SECOND, &mut 0);
    for (now, due) in [(19, 20), (20, 30), (30, u64::MAX / SECOND)] {
        windows.tick(now * SECOND, &mut closed);
        assert_eq!(windows.next_due_ns() / SECOND, due, "at {now} s");
    }
    assert_eq!(closed, Closed::default(), "the engine began within the only window with a message");
}

#[test]
fn a_scan_is_counted_without_keeping_it() {
    for (touched, low, high) in [(4, 4, 4), (50, 50, 50), (200, 190, 210), (5000, 4700, 5300)] {
        let messages: Vec<Message> = (0..5000u64)
            .map(|number| {
                let (operation, object) = ((number % 250) as u32, number % touched);
                let scan = request(1, 10, operation, Class::Write).touching("coil", 1, object, object);
                scan.at(10 * SECOND + number * 1_000_000)
            })
            .collect();
        let rows = run(&messages, 20 * SECOND);
        assert_eq!(feature(&rows[0], "operations"), 64.0);
        let objects = feature(&rows[0], "objects");
        assert!((low..=high).contains(&(objects as u64)), "{objects} of {touched}");
        assert_eq!(feature(&rows[0], "requests"), 5000.0);
        assert_eq!(feature(&rows[0], "writes"), 5000.0, "what is not told apart keeps its class");
    }
}

#[test]
fn counts_do_not_end_where_a_small_number_does() {
    let mut windows = Windows::new(WINDOW, 1000);
    let (message, mut mark) = (read(1, 10, 0, 9), 0);
    for _ in 0..200_000 {
        windows.observe(&message.event(), 10 * SECOND, &mut mark);
    }
    let mut closed = Closed::default();
    windows.tick(20 * SECOND, &mut closed);
    for name in ["requests", "peak"] {
        assert_eq!(feature(&closed.rows[0], name), 200_000.0, "{name}");
    }
}

#[test]
fn what_the_stream_says_counts_for_the_marked_conversation() {
    let mut windows = Windows::new(WINDOW, 1000);
    let mut closed = Closed::default();
    let (first, second, mut mark, mut other) = (read(1, 10, 0, 9), read(2, 10, 0, 9), 0, 0);
    for round in 1..=3 {
        let now_ns = round * 10 * SECOND;
        windows.tick(now_ns, &mut closed);
        windows.observe(&first.event(), now_ns, &mut mark);
        windows.observe(&second.event(), now_ns, &mut other);
        (0..round % 3).for_each(|_| windows.retransmission(mark));
        windows.gap(mark, 5_000_000_000 * (round % 3));
        windows.retransmission(0);
        windows.gap(u64::MAX, 1);
    }
    windows.tick(40 * SECOND, &mut closed);
    let of = |name| closed.rows.iter().map(|row| feature(row, name)).collect::<Vec<_>>();
    assert_eq!(of("retransmissions"), [1.0, 0.0, 2.0, 0.0, 0.0, 0.0]);
    assert_eq!(of("gap_bytes"), [5e9, 0.0, 1e10, 0.0, 0.0, 0.0]);
}

#[test]
fn who_asks_to_be_told_later_is_owed_nothing() {
    let mut publish = read(1, 10, 0, 9).at(10 * SECOND);
    publish.record.long_poll = true;
    let mut told = publish.answer(12 * SECOND);
    told.record.long_poll = true;
    let rows = run(&[publish, told, read(1, 10, 0, 9).at(25 * SECOND)], 30 * SECOND);
    assert_eq!(rows.len(), 2);
    assert_eq!(feature(&rows[0], "latency_median_ms"), 0.0);
    assert_eq!(feature(&rows[1], "unanswered"), 0.0);
}

#[test]
fn a_clock_that_was_set_measures_nothing() {
    let hour = 3600 * SECOND;
    let mut late = read(1, 10, 0, 9).at(12 * SECOND);
    late.ts_ns += 30_000 * hour;
    let mut windows = Windows::new(WINDOW, 1000);
    let mut closed = Closed::default();
    for (message, now) in [(read(1, 10, 0, 9).at(11 * SECOND), 10), (late, 11), (read(1, 10, 0, 9).at(13 * SECOND), 12)]
    {
        windows.observe(&message.event(), now * SECOND, &mut 0);
    }
    windows.tick(20 * SECOND, &mut closed);
    assert_eq!(feature(&closed.rows[0], "requests"), 3.0);
    assert_eq!(feature(&closed.rows[0], "interval_mean_ms"), 0.0);
    assert_eq!(feature(&closed.rows[0], "interval_std_ms"), 0.0);
}

#[test]
fn many_latencies_are_told_by_a_sample() {
    let mut messages = Vec::new();
    for number in 0..2000u64 {
        let asked = read(1, 10, 0, 9).at(10 * SECOND + number * 4_000_000);
        // 1 to 3 ms, most of them near two.
        let latency_ns = 1_000_000 + (number * 7919 % 1000 + number * 104_729 % 1000) * 1000;
        messages.push(asked.answer(asked.ts_ns + latency_ns));
        messages.push(asked);
    }
    messages.sort_by_key(|message| message.ts_ns);
    let rows = run(&messages, 20 * SECOND);
    let median = feature(&rows[0], "latency_median_ms");
    assert!((1.8..2.2).contains(&median), "{median}");
}

#[test]
fn what_is_neither_asked_nor_answered_is_a_message_with_bytes() {
    let mut message = read(1, 10, 0, 9).at(10 * SECOND);
    message.record.role = Role::Other;
    message.asked = None::<Asked>;
    let rows = run(&[message], 20 * SECOND);
    assert_eq!((feature(&rows[0], "requests"), feature(&rows[0], "bytes_mean")), (0.0, 12.0));
}
