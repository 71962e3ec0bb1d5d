//! Windows: what the features say, when rows come, and in which order.

use wire::value::{Class, Outcome};
use wire::windows::{Row, Windows, FEATURES};

use crate::messages::{read, request, write, Message, SECOND};

const WINDOW: u64 = 10 * SECOND;

fn run(messages: &[Message], end_ns: u64) -> Vec<Row> {
    let mut windows = Windows::new(WINDOW);
    let mut rows = Vec::new();
    for message in messages {
        windows.tick(message.ts_ns, &mut rows);
        windows.observe(&message.event(), message.ts_ns);
    }
    windows.finish(end_ns, &mut rows);
    rows
}

fn feature(row: &Row, name: &str) -> f64 {
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
    ];
    assert_eq!(expected.map(|(name, _)| name).as_slice(), FEATURES);
    for (name, value) in expected {
        assert!((feature(row, name) - value).abs() < 0.01, "{name}: {} is not {value}", feature(row, name));
    }
}

#[test]
fn an_answer_in_the_next_window_is_an_answer_and_one_that_never_comes_is_told_there() {
    let late = read(1, 10, 0, 9).at(20 * SECOND - 1);
    let lost = read(1, 10, 0, 9).at(15 * SECOND);
    let messages = [lost, late.answer(20 * SECOND + 5_000_000), read(1, 10, 0, 9).at(30 * SECOND)];
    let messages = [&messages[0], &late, &messages[1], &messages[2]];
    let mut windows = Windows::new(WINDOW);
    let mut rows = Vec::new();
    windows.tick(10 * SECOND, &mut rows);
    for message in messages {
        windows.observe(&message.event(), message.ts_ns);
    }
    windows.finish(40 * SECOND, &mut rows);
    assert_eq!(rows.iter().map(|row| feature(row, "unanswered")).collect::<Vec<_>>(), [0.0, 1.0, 0.0]);
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
    let mut windows = Windows::new(WINDOW);
    let mut rows = Vec::new();
    windows.observe(&read(1, 10, 0, 9).event(), 10 * SECOND);
    windows.observe(&read(1, 10, 0, 9).event(), 20 * SECOND);
    windows.tick(20 * SECOND, &mut rows);
    assert_eq!(rows.len(), 1);
}

#[test]
fn a_scan_is_counted_without_keeping_it() {
    let messages: Vec<Message> = (0..5000u64)
        .map(|number| {
            let operation = (number % 250) as u32;
            let scan = request(1, 10, operation, Class::Read).touching("coil", 1, number, number);
            scan.at(10 * SECOND + number * 1_000_000)
        })
        .collect();
    let rows = run(&messages, 20 * SECOND);
    assert_eq!(feature(&rows[0], "operations"), 64.0);
    assert_eq!(feature(&rows[0], "objects"), 128.0);
    assert_eq!(feature(&rows[0], "requests"), 5000.0);
}

#[test]
fn too_many_conversations_close_early_and_nothing_is_lost() {
    use std::net::{IpAddr, Ipv4Addr};
    let mut windows = Windows::new(WINDOW);
    let mut rows = Vec::new();
    let many = wire::limits::WINDOWS as u32 + 1000;
    for number in 0..many {
        let mut message = read(1, 10, 0, 9).at(10 * SECOND);
        message.client.ip = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number));
        windows.observe(&message.event(), message.ts_ns);
    }
    windows.tick(12 * SECOND, &mut rows);
    assert_eq!(rows.len(), 1000);
    windows.finish(20 * SECOND, &mut rows);
    assert_eq!(rows.len(), many as usize);
}
