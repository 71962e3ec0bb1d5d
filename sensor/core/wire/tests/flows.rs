//! Events about conversations themselves: content that does not go with its port, volumes, ends.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::*;
use serde_json::Value;
use wire::engine::Settings;
use wire::export::{Shape, Wanted};

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const RST: u8 = 0x04;
const FIN: u8 = 0x01;

/// Only events of conversations, ends and volumes too.
fn asked() -> Bench {
    let events = Some(Wanted::new(Shape::Ndjson, &["flow".to_owned()]).unwrap());
    Bench::with(Settings { events, ..settings() }, r#"{"version": 1, "rules": []}"#)
}

fn told(bench: &mut Bench) -> Vec<Value> {
    bench.finish();
    bench.events().into_iter().filter(|event| event["network.protocol"] == "flow").collect()
}

fn handshake(bench: &mut Bench, server_port: u16) {
    bench.send(&Tcp { server_port, ..tcp(true, 99, SYN, &[]) });
    bench.send(&Tcp { server_port, ..tcp(false, 499, SYN | ACK, &[]).ack(100) });
}

#[test]
fn another_protocol_than_the_ports_is_told_once() {
    let mut bench = Bench::default();
    handshake(&mut bench, 102);
    for number in 0..3 {
        bench.send(&Tcp { server_port: 102, ..tcp(true, 100 + 12 * number, ACK, &read_request(number as u16)) });
    }
    let events = told(&mut bench);
    assert_eq!(events.len(), 1, "{events:#?}");
    let found = ["operation.name", "flow.protocol", "flow.expected"].map(|name| events[0][name].as_str().unwrap());
    assert_eq!(found, ["wrong_port", "modbus", "s7comm"]);
    // A port that is nobody's expects nothing.
    let mut bench = Bench::default();
    handshake(&mut bench, 20_502);
    bench.send(&Tcp { server_port: 20_502, ..tcp(true, 100, ACK, &read_request(1)) });
    assert_eq!(told(&mut bench).len(), 0);
    assert_eq!(bench.engine.ledger().parsed, 1);
}

#[test]
fn content_that_nobody_knows_is_told_on_a_plants_port() {
    let junk = b"\x01\x02 nothing that is known";
    let mut bench = Bench::default();
    handshake(&mut bench, 502);
    for number in 0..20u32 {
        let sequence = 100 + number * junk.len() as u32;
        bench.send(&tcp(true, sequence, ACK, junk));
    }
    // What follows is read all the same.
    bench.send(&tcp(true, 100 + 20 * junk.len() as u32, ACK, &read_request(7)));
    assert_eq!(bench.engine.ledger().parsed, 1);
    let events = told(&mut bench);
    let found = events.iter().map(|event| (event["operation.name"].as_str(), event["flow.expected"].as_str()));
    assert_eq!(found.collect::<Vec<_>>(), [(Some("unknown_content"), Some("modbus"))]);
    assert_eq!(events[0]["frame.number"], 3);
    // Picked up in the middle, the first payloads may be the rest of anything.
    let mut bench = Bench::default();
    for number in 0..7u32 {
        bench.send(&tcp(true, 100 + number * junk.len() as u32, ACK, junk));
    }
    bench.send(&tcp(true, 100 + 7 * junk.len() as u32, ACK, &read_request(7)));
    assert_eq!(told(&mut bench).len(), 0);
}

#[test]
fn ends_are_told_with_what_was_carried() {
    let mut bench = asked();
    handshake(&mut bench, 502);
    bench.send(&tcp(true, 100, ACK, &read_request(1)).ack(500));
    bench.now_ns += 5 * SECOND;
    bench.send(&tcp(false, 500, ACK, &read_response(1, 7)).ack(112));
    bench.send(&tcp(false, 511, ACK | FIN, &[]).ack(112));
    bench.send(&tcp(true, 112, ACK | FIN, &[]).ack(512));
    handshake(&mut bench, 503);
    bench.send(&Tcp { server_port: 503, ..tcp(true, 100, RST, &[]) });
    handshake(&mut bench, 504);
    let events = told(&mut bench);
    let found: Vec<_> = events
        .iter()
        .filter(|event| event["operation.name"] == "ended")
        .map(|event| {
            let number = |name: &str| event[name].as_u64().unwrap();
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            (
                text("operation.name"),
                text("flow.reason"),
                text("flow.protocol"),
                [number("flow.bytes_from_client"), number("flow.bytes_from_server"), number("flow.seconds")],
            )
        })
        .collect();
    let row =
        |reason: &str, protocol: &str, numbers| ("ended".to_owned(), reason.to_owned(), protocol.to_owned(), numbers);
    assert_eq!(
        found,
        [
            row("closed", "modbus", [12, 11, 5]),
            row("reset", "unknown", [0, 0, 0]),
            row("end_of_input", "unknown", [0, 0, 0])
        ]
    );
    // Nobody asked: there is no event of an end.
    let mut bench = Bench::default();
    handshake(&mut bench, 502);
    assert_eq!(told(&mut bench).len(), 0);
}

#[test]
fn large_volumes_are_told_while_they_grow() {
    let mut bench = asked();
    handshake(&mut bench, 8081);
    let payload = vec![0xa5u8; 1400];
    let mut sequence = 500u32;
    for _ in 0..6000 {
        bench.send(&Tcp { server_port: 8081, ..tcp(false, sequence, ACK, &payload).ack(100) });
        sequence = sequence.wrapping_add(1400);
    }
    let events = told(&mut bench);
    let volumes: Vec<u64> = events
        .iter()
        .filter(|event| event["operation.name"] == "volume")
        .map(|event| event["flow.bytes_from_server"].as_u64().unwrap() >> 20)
        .collect();
    assert_eq!(volumes, [1, 2, 4, 8]);
    assert_eq!(events.last().unwrap()["flow.bytes_from_server"], 6000 * 1400);
}
