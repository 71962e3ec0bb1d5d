//! ARP: questions, answers and announcements, and the stations that they show.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;
mod reading;

use common::Bench;
use reading::{bytes, talk};
use wire::news::News;
use wire::protocol::Step;

const ASKED: &str = "0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002";
const TOLD: &str = "0001 0800 06 04 0002 020000000002 0a000002 020000000001 0a000001";

/// Ethernet around it.
fn frame(destination: &str, source: &str, content: &str) -> Vec<u8> {
    let mut frame = bytes(&format!("{destination} {source} 0806 {content}"));
    frame.resize(60, 0);
    frame
}

#[test]
fn every_field_is_read() {
    let mut talk = talk("arp");
    let asked = talk.client(ASKED);
    asked.clean().fields(&[
        ("arp.operation", "1"),
        ("arp.operation_name", "request"),
        ("arp.sender_mac", "02:00:00:00:00:01"),
        ("arp.sender_ip", "10.0.0.1"),
        ("arp.target_mac", "00:00:00:00:00:00"),
        ("arp.target_ip", "10.0.0.2"),
        ("arp.announcement", "false"),
    ]);
    assert_eq!((asked.name, asked.role, asked.class), ("resolve", "request", "discover"));
    let told = talk.server(TOLD);
    assert_eq!((told.clean().operation, told.role, told.outcome), (asked.operation, "response", "success"));
    assert_eq!(told.reference, asked.reference);
}

#[test]
fn announcements_answer_nothing() {
    for operation in ["0001", "0002"] {
        let text = format!("0001 0800 06 04 {operation} 020000000001 0a000001 000000000000 0a000001");
        let seen = talk("arp").client(&text);
        assert_eq!(seen.name, "announce");
        assert_eq!((seen.clean().role, seen.reference, seen.field("arp.announcement")), ("unsolicited", None, "true"));
    }
}

#[test]
fn what_is_odd_is_told() {
    for (text, name, flaws) in [
        // Operation 99.
        ("0001 0800 06 04 0063 020000000001 0a000001 000000000000 0a000002", "unknown", "arp.unknown_operation"),
        // A multicast MAC, then a multicast and the broadcast IP address as the sender's own.
        ("0001 0800 06 04 0002 030000000001 0a000001 000000000000 0a000002", "resolve", "arp.group_sender"),
        ("0001 0800 06 04 0002 020000000001 e0000001 000000000000 0a000002", "resolve", "arp.group_sender"),
        ("0001 0800 06 04 0002 020000000001 ffffffff 000000000000 0a000002", "resolve", "arp.group_sender"),
        // Addresses of 8 and 16 bytes are claimed.
        ("0001 0800 08 10 0001 020000000001 0a000001 000000000000 0a000002", "resolve", "arp.bad_length"),
    ] {
        let seen = talk("arp").client(text);
        assert_eq!((seen.name, seen.flaws.as_slice()), (name, &[flaws][..]), "{text}");
    }
    let seen = talk("arp").client("0001 0800 08 10 0001 020000000001 0a000001 000000000000 0a000002");
    seen.fields(&[("arp.hardware_length", "8"), ("arp.protocol_length", "16")]);
    assert_eq!(talk("arp").client("0001 0800 06 04 0001 0200").step, Step::Lost { used: 10 });
}

#[test]
fn inverse_and_reverse_have_names() {
    for (operation, name) in
        [("0003", "reverse_request"), ("0004", "reverse_reply"), ("0008", "inverse_request"), ("0009", "inverse_reply")]
    {
        let text = format!("0001 0800 06 04 {operation} 020000000001 0a000001 000000000000 0a000002");
        assert_eq!(talk("arp").client(&text).clean().name, name);
    }
}

#[test]
fn stations_are_those_who_speak() {
    let mut bench = Bench::default();
    bench.frame(&frame("ffffffffffff", "020000000001", ASKED));
    bench.frame(&frame("020000000001", "020000000002", TOLD));
    // Nobody answers: no station.
    bench.frame(&frame(
        "ffffffffffff",
        "020000000001",
        "0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000063",
    ));
    // Of a network that has no IPv4.
    bench.frame(&frame(
        "ffffffffffff",
        "020000000001",
        "0001 86dd 06 04 0001 020000000001 0a000001 000000000000 0a000063",
    ));
    bench.finish();
    let events = bench.events();
    assert_eq!(events.len(), 3);
    assert_eq!(events[1]["source.mac"], "02:00:00:00:00:02");
    assert!(events[1].get("flaws").is_none() && events[1].get("source.port").is_none(), "{}", events[1]);
    let stations: Vec<String> = bench
        .output()
        .news
        .iter()
        .map(|news| match news {
            News::Asset { ip, mac, .. } => format!("{ip} {mac:02x?}"),
            News::Link { .. } => panic!("a link"),
        })
        .collect();
    assert_eq!(stations, ["10.0.0.1 [02, 00, 00, 00, 00, 01]", "10.0.0.2 [02, 00, 00, 00, 00, 02]"]);
    let ledger = bench.engine.ledger();
    assert_eq!((ledger.parsed, ledger.received), (3, 4));
}
