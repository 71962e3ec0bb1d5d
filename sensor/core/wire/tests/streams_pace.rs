//! How fast the engine reads a Modbus poll. Not a test of the machine it runs on: prints, and checks the account only.
//! `cargo test --release -p wire --test streams_pace -- --ignored --nocapture`
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, clippy::cast_precision_loss)]

mod common;

use std::time::Instant;

use common::*;
use wire::packet::{LinkType, Packet, Sink};

const ACK: u8 = 0x10;
const FLOWS: u16 = 1000;
const ROUNDS: u32 = 1000;

#[test]
#[ignore = "a measurement, for a release build"]
fn a_modbus_poll_of_two_million_packets() {
    let mut best = 0f64;
    for _ in 0..5 {
        let mut bench = Bench::with_flows(1 << 16);
        let mut frames: Vec<(Vec<u8>, Vec<u8>)> = (0..FLOWS)
            .map(|flow| {
                let port = 20000 + flow;
                let request = tcp(true, 0, ACK, &read_request(0)).client_port(port).bytes();
                (request, tcp(false, 0, ACK, &read_response(0, 7)).client_port(port).bytes())
            })
            .collect();
        let (mut number, mut ts_ns) = (0u64, START);
        let started = Instant::now();
        for round in 0..ROUNDS {
            for (request, response) in &mut frames {
                for (frame, length) in [(request, 12u32), (response, 11)] {
                    frame[38..42].copy_from_slice(&(round * length).to_be_bytes());
                    frame[54..56].copy_from_slice(&(round as u16).to_be_bytes());
                    number += 1;
                    ts_ns += 1000;
                    bench.engine.packet(&Packet {
                        ts_ns,
                        number,
                        input: 0,
                        link: LinkType::Ethernet,
                        wire_len: frame.len() as u32,
                        data: frame,
                        vlan: None,
                        offset: 0,
                    });
                }
            }
        }
        let rate = number as f64 / started.elapsed().as_secs_f64() / 1e6;
        best = best.max(rate);
        bench.finish();
        assert_eq!(bench.engine.ledger().parsed, number);
    }
    println!("{best:.2} Mpps");
}
