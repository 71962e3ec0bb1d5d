//! The whole engine over one capture and nothing else, for counting instructions: `engine_run CAPTURE RULES BASELINE`.
//! CAPTURE is a pcap (little-endian, microseconds), RULES is `RuleSet.to_core_json()`, BASELINE a compiled table.
//! Everything is read and compiled before `measured` begins.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::arithmetic_side_effects)]

use wire::baseline::Baseline;
use wire::engine::{Engine, Output, Settings, Tables};
use wire::packet::{LinkType, Packet, Sink};
use wire::rules::Rules;

const WINDOW_NS: u64 = 1_000_000_000;
/// Packets between two looks at what came out, as a poll has them.
const POLL: usize = 4096;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [capture, rules, baseline] = &arguments[..] else {
        return Err("engine_run CAPTURE RULES BASELINE".into());
    };
    let bytes = std::fs::read(capture)?;
    let packets = packets(&bytes);
    let rules = Rules::compile(&std::fs::read_to_string(rules)?)?;
    let baseline = Baseline::from_bytes(&std::fs::read(baseline)?)?;
    let settings = Settings { window_ns: WINDOW_NS, ..Settings::default() };
    let mut engine = Engine::new(settings, Tables::new(rules, Some(baseline)));
    let (hits, rows) = measured(&mut engine, &packets);
    let ledger = engine.ledger();
    println!(
        r#"{{"received": {}, "parsed": {}, "events": {}, "hits": {hits}, "windows": {rows}}}"#,
        ledger.received, ledger.parsed, ledger.events
    );
    Ok(())
}

/// What is counted. Not inlined, so that a profiler finds it by its name.
#[inline(never)]
fn measured(engine: &mut Engine, packets: &[Packet<'_>]) -> (usize, usize) {
    let (mut hits, mut rows) = (0, 0);
    let mut count = |output: Output| {
        hits += output.hits.len();
        rows += output.rows.len();
    };
    for poll in packets.chunks(POLL) {
        for packet in poll {
            engine.packet(packet);
        }
        count(engine.take());
    }
    engine.finish();
    count(engine.take());
    (hits, rows)
}

fn packets(bytes: &[u8]) -> Vec<Packet<'_>> {
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!(word(0), 0xa1b2_c3d4, "not a pcap with microseconds, little-endian");
    let (mut at, mut found) = (24, Vec::new());
    while at < bytes.len() {
        let length = word(at + 8);
        let data = &bytes[at + 16..at + 16 + length as usize];
        found.push(Packet {
            ts_ns: u64::from(word(at)) * 1_000_000_000 + u64::from(word(at + 4)) * 1000,
            number: found.len() as u64 + 1,
            offset: at as u64 + 16,
            input: 0,
            link: LinkType::Ethernet,
            wire_len: length,
            data,
            vlan: None,
        });
        at += 16 + length as usize;
    }
    found
}
