//! The whole engine over one capture and nothing else, for counting instructions and for timing it without Python:
//! `engine_run CAPTURE [RULES|- [BASELINE|- [ROOM,…]]]`. CAPTURE is a pcap (little-endian, microseconds), RULES is
//! `RuleSet.to_core_json()`, BASELINE a compiled table; ROOMs are `windows`, `evidence`, `threads2` (default: windows).
//! Everything is read and compiled before `measured` begins.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::arithmetic_side_effects)]

use std::time::Instant;

use wire::baseline::Baseline;
use wire::engine::{Engine, Output, Settings, Tables};
use wire::evidence::{Keeps, Reach};
use wire::packet::{LinkType, Packet, Sink};
use wire::rules::Rules;

const WINDOW_NS: u64 = 1_000_000_000;
/// Packets between two looks at what came out; a poll of a quiet plant has more.
const POLL: usize = 1 << 16;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |place: usize| arguments.get(place).filter(|text| *text != "-");
    let capture = given(0).ok_or("engine_run CAPTURE [RULES|- [BASELINE|- [ROOM,…]]]")?;
    let rooms = given(3).map_or("windows", String::as_str);
    let has = |room: &str| rooms.split(',').any(|part| part == room);
    let bytes = std::fs::read(capture)?;
    let packets = packets(&bytes);
    let rules = match given(1) {
        Some(path) => std::fs::read_to_string(path)?,
        None => r#"{"version": 1, "rules": []}"#.to_owned(),
    };
    let baseline = given(2).map(std::fs::read).transpose()?;
    let baseline = baseline.map(|bytes| Baseline::from_bytes(&bytes)).transpose()?;
    let window_ns = if has("windows") { WINDOW_NS } else { 0 };
    let threads = if has("threads2") { 2 } else { 1 };
    let settings = Settings { window_ns, threads, ..Settings::default() };
    let mut engine = Engine::new(settings, Tables::new(Rules::compile(&rules)?, baseline));
    if has("evidence") {
        engine.keep_evidence(wire::limits::EVIDENCE_BYTES, Keeps::Places, Reach::default());
    }
    let began = Instant::now();
    let (hits, rows) = measured(&mut engine, &packets);
    let ns = began.elapsed().as_nanos() / packets.len().max(1) as u128;
    let ledger = engine.ledger();
    println!(
        r#"{{"received": {}, "parsed": {}, "events": {}, "hits": {hits}, "windows": {rows}, "ns_per_packet": {ns}}}"#,
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
