//! The same request under every link layer we read, and one we do not.
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
use wire::packet::{LinkType, Packet, Sink};

#[test]
fn every_link_layer_leads_to_the_same_message() {
    let ethernet = tcp(true, 100, 0x18, &read_request(1)).bytes();
    let ip = &ethernet[14..];
    let with = |header: &[u8]| [header, ip].concat();
    let cooked = [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0];
    let cooked2 = [8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    for (link, bytes) in [
        (LinkType::Ethernet, ethernet.clone()),
        (LinkType::Other(0), with(&[2, 0, 0, 0])),
        (LinkType::Other(0), with(&[0, 0, 0, 2])),
        (LinkType::Other(108), with(&[0, 0, 0, 2])),
        (LinkType::Other(101), with(&[])),
        (LinkType::Other(228), with(&[])),
        (LinkType::Other(113), with(&cooked)),
        (LinkType::Other(276), with(&cooked2)),
    ] {
        let mut bench = Bench::default();
        let wire_len = u32::try_from(bytes.len()).unwrap();
        bench.engine.packet(&Packet {
            ts_ns: START,
            number: 1,
            input: 0,
            link,
            wire_len,
            data: &bytes,
            vlan: None,
            offset: 0,
        });
        assert_eq!(bench.engine.ledger().parsed, 1, "{link:?}");
        for cut in 0..bytes.len() {
            let data = &bytes[..cut];
            bench.engine.packet(&Packet {
                ts_ns: START,
                number: 2,
                input: 0,
                link,
                wire_len,
                data,
                vlan: None,
                offset: 0,
            });
        }
        bench.finish();
    }
    let mut bench = Bench::default();
    let unknown = LinkType::Other(9999);
    bench.engine.packet(&Packet {
        ts_ns: START,
        number: 1,
        input: 0,
        link: unknown,
        wire_len: 66,
        data: ip,
        vlan: None,
        offset: 0,
    });
    assert_eq!(bench.engine.ledger().skipped[0], 1);
    bench.finish();
}
