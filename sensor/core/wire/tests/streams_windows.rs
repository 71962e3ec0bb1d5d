//! What the stream room tells the windows: bytes seen twice, bytes never seen.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::*;
use wire::engine::Settings;
use wire::packet::Sink;
use wire::windows::FEATURES;

const ACK: u8 = 0x10;

#[test]
fn retransmissions_and_gaps_show_in_their_window() {
    let mut bench = Bench::with(Settings { window_ns: SECOND, ..settings() }, r#"{"version": 1, "rules": []}"#);
    bench.engine.tick(START);
    for number in 0..3u16 {
        bench.send(&tcp(true, 100 + 12 * u32::from(number), ACK, &read_request(number)));
    }
    bench.send(&tcp(true, 112, ACK, &read_request(1)));
    // Two requests are missing, and the other side has acknowledged them: nobody will send them again.
    bench.send(&tcp(true, 160, ACK, &read_request(5)));
    bench.send(&tcp(false, 500, ACK, &[]).ack(172));
    bench.engine.tick(START + SECOND + SECOND / 2);
    bench.finish();
    let rows = std::mem::take(&mut bench.output().rows);
    let feature = |name: &str| rows[0].features[FEATURES.iter().position(|known| *known == name).unwrap()];
    assert_eq!(rows.len(), 1);
    assert_eq!((feature("requests"), feature("retransmissions"), feature("gap_bytes")), (4.0, 1.0, 24.0));
}
