//! Traffic of a whole plant, and rules and a baseline for it.

use super::random::Random;
use super::*;

/// A plant of many stations: reads, writes, gaps, silence, and conversations that never end.
pub fn plant() -> Vec<(u64, Vec<u8>)> {
    let mut random = Random::new(7);
    let mut sequences = std::collections::HashMap::new();
    let mut frames = Vec::new();
    let mut now_ns = START;
    for _ in 0..8_000 {
        now_ns += random.below(20_000_000) as u64;
        if random.below(2000) == 0 {
            now_ns += 700 * SECOND;
        }
        let (client, server) = (random.below(30), 100 + random.below(40));
        let port = 40_000 + random.below(3) as u16;
        let code = if random.below(10) == 0 { 6 } else { 3 };
        let adu = [0, random.below(4) as u8, 0, 0, 0, 6, 1, code, 0, random.below(50) as u8, 0, 1];
        let sequence = sequences.entry((client, server, port)).or_insert(100u32);
        let mut frame = tcp(true, *sequence, 0x18, &adu).client_port(port).bytes();
        *sequence = sequence.wrapping_add(12 * (1 + u32::from(random.below(50) == 0)));
        frame[28..30].copy_from_slice(&[1, client as u8]);
        frame[32..34].copy_from_slice(&[2, server as u8]);
        frames.push((now_ns, frame));
    }
    frames
}

/// A rule about function codes.
pub fn rule(id: &str, codes: &str, fold: &str) -> String {
    format!(
        r#"{{"id": "{id}", "protocol": "modbus", "fold": [{fold}], "condition":
            {{"test": {{"field": "modbus.function_code", "operator": "in", "values": [{codes}]}}}}}}"#
    )
}

pub fn document(rules: &[String]) -> String {
    format!(r#"{{"version": 1, "rules": [{}]}}"#, rules.join(","))
}

/// Two that stay in every set: one folds by conversation, one over all of them.
pub fn staying() -> [String; 2] {
    [rule("write", "6", ""), rule("everybody", "6, 16", r#""modbus.unit_id""#)]
}

pub fn tables(rules: &str, baseline: Option<&[u8]>, before: Option<&Tables>) -> Tables {
    Tables::read(rules, baseline, &["default"], before).unwrap()
}

pub fn bench(settings: Settings, tables: Tables) -> Bench {
    Bench { engine: Engine::new(settings, tables), number: 0, now_ns: START, output: Output::default() }
}

/// The plant, with a master that polls ten times a second while the plant speaks at all.
pub fn traffic() -> Vec<(u64, Vec<u8>)> {
    let (mut frames, mut next_ns, mut sequence) = (Vec::new(), START, 1u32);
    for (now_ns, frame) in plant() {
        while next_ns < now_ns {
            if now_ns - next_ns < SECOND {
                frames.push((next_ns, tcp(true, sequence, 0x18, &read_request(7)).bytes()));
                sequence += 12;
            }
            next_ns += SECOND / 10;
        }
        frames.push((now_ns, frame));
    }
    frames
}

/// What the first fifth of the plant's traffic says is normal.
pub fn learned(frames: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut bench = bench(Settings { learn: true, ..settings() }, tables(&document(&[]), None, None));
    for (now_ns, frame) in &frames[..frames.len() / 5] {
        bench.now_ns = now_ns - 1_000_000;
        bench.frame_unchecked(frame);
    }
    bench.engine.learned().unwrap().table()
}
