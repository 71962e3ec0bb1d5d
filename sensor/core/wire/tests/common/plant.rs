//! Traffic of a whole plant.

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
