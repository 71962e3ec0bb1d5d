//! Threads, blocks and budgets small enough to evict change nothing: the same findings in the same order.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::plant::plant;
use common::*;
use wire::engine::Settings;
use wire::packet::Sink;

/// Two rules: one folds by conversation, one over all of them.
const RULES: &str = r#"{"version": 1, "rules": [
    {"id": "write", "protocol": "modbus", "fold": [], "condition":
        {"test": {"field": "modbus.function_code", "operator": "in", "values": [6]}}},
    {"id": "everybody", "protocol": "modbus", "fold": ["modbus.unit_id"], "condition":
        {"test": {"field": "modbus.function_code", "operator": "in", "values": [6, 16]}}}]}"#;

/// Everything that comes out, in order, as text.
fn run(frames: &[(u64, Vec<u8>)], threads: usize, block_packets: usize, flows: usize, taken_every: usize) -> String {
    let settings = Settings {
        threads,
        block_packets: Some(block_packets),
        flows,
        window_ns: SECOND,
        events: Some(wire::export::Wanted::default()),
        listing: true,
        ..settings()
    };
    let mut bench = Bench::with(settings, RULES);
    for (place, (now_ns, frame)) in frames.iter().enumerate() {
        bench.now_ns = now_ns - 1_000_000;
        bench.frame_unchecked(frame);
        if place % 97 == 0 {
            // Nothing comes for a while: several looks at the timers without a packet between.
            (1..40).for_each(|tenth| bench.engine.tick(now_ns + tenth * SECOND / 10));
        }
        if place % taken_every == 0 {
            bench.output();
        }
    }
    bench.engine.tick(frames.last().unwrap().0 + 5 * SECOND);
    bench.finish();
    let ledger = bench.engine.ledger();
    let output = bench.output();
    assert!(output.hits.len() > 500 && output.rows.len() > 500 && !output.listing.is_empty());
    format!("{ledger:?}\n{output:?}")
}

#[test]
fn threads_blocks_and_batches_change_nothing() {
    let frames = plant();
    // 200 of 3,600 conversations fit: what is evicted must not depend on anything but the packets.
    for flows in [200, 1 << 16] {
        let alone = run(&frames, 1, 1024, flows, 100_000);
        for (threads, block_packets, taken_every) in
            [(1, 1, 100_000), (1, 7, 50), (2, 64, 1000), (2, 16_384, 333), (4, 500, 100_000), (8, 3, 4000)]
        {
            let other = run(&frames, threads, block_packets, flows, taken_every);
            assert!(alone == other, "{threads} threads, blocks of {block_packets}, {flows} flows");
        }
    }
}

#[test]
fn a_fold_over_all_conversations_is_one_alert() {
    use wire::fold::HitKind;
    let mut bench = Bench::with(Settings { threads: 2, ..settings() }, RULES);
    for (now_ns, frame) in plant() {
        bench.now_ns = now_ns - 1_000_000;
        bench.frame_unchecked(&frame);
    }
    bench.finish();
    let rule_hits = bench.engine.ledger().hits;
    let hits = std::mem::take(&mut bench.output().hits);
    let sum = |cause: &str| {
        let closed = hits.iter().filter(|hit| &*hit.cause == cause && hit.kind == HitKind::Close);
        closed.map(|hit| hit.count).sum::<u64>()
    };
    assert_eq!(sum("rule:write"), sum("rule:everybody"), "each write is counted once in each");
    assert_eq!(sum("rule:write") + sum("rule:everybody"), rule_hits);
    let firsts = |cause: &str| hits.iter().filter(|hit| &*hit.cause == cause && hit.kind == HitKind::First).count();
    // The plant falls silent for longer than a fold stays open a handful of times.
    assert!(firsts("rule:everybody") < 20 && firsts("rule:write") > 300, "{}", firsts("rule:everybody"));
}
