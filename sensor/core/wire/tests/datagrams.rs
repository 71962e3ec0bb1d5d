//! Datagrams on their way to a parser: whole or not at all, paired, accounted for.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::*;

/// UDP between a client 10.0.0.1 at port 40000 and a server 10.0.0.2, without a checksum.
fn udp(to_server: bool, server_port: u16, payload: &[u8]) -> Vec<u8> {
    let ports = if to_server { [40_000, server_port] } else { [server_port, 40_000] };
    let mut datagram: Vec<u8> = ports.iter().flat_map(|port| port.to_be_bytes()).collect();
    datagram.extend((8 + payload.len() as u16).to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(payload);
    let (source, destination) = if to_server { (1, 2) } else { (2, 1) };
    ipv4(source, destination, 17, &datagram)
}

#[test]
fn modbus_is_read_and_paired_over_udp() {
    let mut bench = Bench::default();
    bench.frame(&udp(true, 502, &read_request(1)));
    bench.frame(&udp(false, 502, &read_response(1, 7)));
    // Two messages in one datagram.
    bench.frame(&udp(true, 502, &[read_request(2), read_request(3)].concat()));
    bench.finish();
    let events = bench.events();
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            (
                event["network.transport"].as_str().unwrap(),
                event["message.kind"].as_str().unwrap(),
                &event["modbus.transaction_id"],
            )
        })
        .collect();
    let row = |kind, transaction: u64| ("udp", kind, serde_json::json!(transaction));
    let expected = [row("request", 1), row("response", 1), row("request", 2), row("request", 3)];
    assert_eq!(told, expected.iter().map(|(a, b, c)| (*a, *b, c)).collect::<Vec<_>>());
    assert_eq!(events[1]["request.frame.number"], 1);
    let ledger = bench.engine.ledger();
    assert_eq!((ledger.received, ledger.parsed), (3, 3));
}

#[test]
fn nothing_of_a_datagram_waits_for_the_next() {
    let mut bench = Bench::default();
    bench.frame(&udp(true, 502, &read_request(1)));
    // Cut by its sender: the rest never comes, and the next is read.
    bench.frame(&udp(true, 502, &read_request(2)[..9]));
    // Cut by the capture.
    let whole = udp(true, 502, &read_request(3));
    bench.cut_frame(&whole, whole.len() - 4);
    bench.frame(&udp(true, 502, &read_request(4)));
    let ledger = bench.engine.ledger();
    assert_eq!((ledger.parsed, ledger.held), (2, 0));
    let skipped = |reason| ledger.skipped[wire::ledger::SKIPS.iter().position(|name| *name == reason).unwrap()];
    assert_eq!((skipped("not_protocol"), skipped("truncated")), (1, 1));
    bench.finish();
}

#[test]
fn what_nobody_knows_on_a_plants_port_is_told() {
    let mut bench = Bench::default();
    for _ in 0..3 {
        bench.frame(&udp(true, 502, b"\xff\xfe nothing that is known"));
    }
    bench.finish();
    let events = bench.events();
    assert_eq!(events.len(), 1);
    assert_eq!(
        (&events[0]["operation.name"], &events[0]["flow.expected"]),
        (&"unknown_content".into(), &"modbus".into())
    );
}
