//! Rules about many messages: threads, blocks, budgets, a reload and a restart change nothing of what they find.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use std::collections::BTreeMap;

use common::plant::{bench, document, plant, tables};
use common::*;
use wire::engine::{Engine, Output, Settings};
use wire::evidence::{Keeps, Reach};
use wire::fold::{Hit, HitKind};
use wire::packet::Sink;

/// One of each kind, by conversation and across all of them.
fn rules() -> Vec<String> {
    let code = |values: &str| {
        format!(r#"{{"test": {{"field": "modbus.function_code", "operator": "in", "values": [{values}]}}}}"#)
    };
    let mut rules = Vec::new();
    for (name, by) in [("pair", r#""client.ip", "server.ip""#), ("all", r#""client.ip""#), ("to", r#""server.ip""#)] {
        let kinds = [
            ("6", format!(r#"{{"count": {{"at_least": 3, "timespan_ns": {}}}}}"#, 20 * SECOND)),
            (
                "3, 6",
                format!(
                    r#"{{"distinct": {{"field": "modbus.address", "at_least": 20, "timespan_ns": {}}}}}"#,
                    20 * SECOND
                ),
            ),
            (
                "3, 6",
                format!(
                    r#"{{"sequence": {{"timespan_ns": {}, "steps": [{{"condition": {}}}, {{"condition": {}, "absent_ns": {}}}]}}}}"#,
                    SECOND,
                    code("6"),
                    code("3"),
                    2 * SECOND
                ),
            ),
        ];
        for (number, (codes, correlation)) in kinds.iter().enumerate() {
            rules.push(format!(
                r#"{{"id": "{name}{number}", "protocol": "modbus", "fold": [{by}], "condition": {}, "correlation": {correlation}}}"#,
                code(codes)
            ));
        }
    }
    rules.push(plant::rule("write", "6", ""));
    rules
}

use common::plant;
use common::random::Random;

/// A plant without holes in its streams: what waits behind one is not in a saved state.
fn whole_plant() -> Vec<(u64, Vec<u8>)> {
    let (mut random, mut now_ns) = (Random::new(5), START);
    let mut sequences = std::collections::HashMap::new();
    let mut request = |_| {
        now_ns += random.below(20_000_000) as u64 + if random.below(1500) == 0 { 700 * SECOND } else { 0 };
        let (client, server) = (random.below(20) as u8, random.below(30) as u8);
        let code = if random.below(10) == 0 { 6 } else { 3 };
        let adu = [0, random.below(4) as u8, 0, 0, 0, 6, 1, code, 0, random.below(50) as u8, 0, 1];
        let sequence = sequences.entry((client, server)).or_insert(100u32);
        let mut frame = tcp(true, *sequence, 0x18, &adu).bytes();
        *sequence += 12;
        frame[28..30].copy_from_slice(&[1, client]);
        frame[32..34].copy_from_slice(&[2, server]);
        (now_ns, frame)
    };
    (0..6_000).map(&mut request).collect()
}

type Told = (HitKind, u64, [u8; 16], String, u64, [u64; 2]);

fn told(hit: &Hit) -> Told {
    (hit.kind, hit.fold, hit.id, hit.cause.to_string(), hit.count, [hit.first.ts_ns, hit.last.ts_ns])
}

fn run(threads: usize, block_packets: usize, correlation_bytes: usize) -> (String, u64) {
    let settings =
        Settings { threads, block_packets: Some(block_packets), correlation_bytes, listing: true, ..settings() };
    let mut bench = Bench::with(settings, &document(&rules()));
    for (place, (now_ns, frame)) in plant().iter().enumerate() {
        bench.now_ns = now_ns - 1_000_000;
        bench.frame_unchecked(frame);
        if place % 97 == 0 {
            (1..40).for_each(|tenth| bench.engine.tick(now_ns + tenth * SECOND / 10));
        }
    }
    bench.finish();
    let ledger = bench.engine.ledger();
    let output = std::mem::take(bench.output());
    for rule in 0..9 {
        let cause = format!("rule:{}{}", ["pair", "all", "to"][rule / 3], rule % 3);
        // A conversation says too little for its own counts to be many.
        let found = output.hits.iter().any(|hit| *hit.cause == *cause);
        assert!(found || correlation_bytes < 1 << 16 || rule < 2, "{cause}");
    }
    let lines = output.listing.iter().filter(|byte| **byte == b'\n').count() as u64;
    assert_eq!(lines, ledger.hits, "every single hit is listed");
    (format!("{ledger:?}\n{output:?}"), ledger.notes.correlations_evicted)
}

#[test]
fn threads_blocks_and_budgets_change_nothing() {
    for (bytes, evicts) in [(64 << 20, false), (64 * 1024, true), (64, true)] {
        let (alone, evicted) = run(1, 1024, bytes);
        assert_eq!(evicted > 0, evicts, "{bytes} bytes: {evicted}");
        for (threads, block_packets) in [(1, 1), (1, 7), (2, 64), (4, 500), (8, 16_384)] {
            let other = run(threads, block_packets, bytes).0;
            assert!(alone == other, "{threads} threads, blocks of {block_packets}, {bytes} bytes");
        }
    }
}

/// What one shard has seen enough of by itself opens no alert, so its messages are not kept: until the alert is over.
#[test]
fn an_alert_that_opens_again_carries_its_message() {
    let mut bench = Bench::with(settings(), &document(&rules()));
    let (mut sequence, mut now_ns) = (100, START);
    for (quiet_s, messages) in [(0, 10), (60, 5), (500, 5), (700, 4)] {
        now_ns += quiet_s * SECOND;
        for _ in 0..messages {
            now_ns += SECOND;
            bench.now_ns = now_ns - 1_000_000;
            bench.frame_unchecked(&tcp(true, sequence, 0x18, &[0, 1, 0, 0, 0, 6, 1, 6, 0, 7, 0, 1]).bytes());
            sequence += 12;
        }
    }
    bench.finish();
    let output = std::mem::take(bench.output());
    for cause in ["rule:to0", "rule:all0"] {
        let firsts = output.hits.iter().filter(|hit| hit.kind == HitKind::First && *hit.cause == *cause);
        let opened: Vec<u64> = firsts.map(|hit| (hit.last.ts_ns - START) / SECOND).collect();
        assert_eq!(opened, [3, 1283], "{cause}: with the third message, and with the third after a long silence");
        for hit in output.hits.iter().filter(|hit| hit.kind == HitKind::First && *hit.cause == *cause) {
            let number = format!("\"frame.number\":{},", hit.last.number);
            assert!(hit.fields.contains(&number) && hit.fields.contains("write_single_register"), "{}", hit.fields);
        }
        let closed: u64 = output
            .hits
            .iter()
            .filter(|hit| hit.kind == HitKind::Close && *hit.cause == *cause)
            .map(|hit| hit.count)
            .sum();
        assert_eq!(closed, 8 + 3 + 3 + 2, "{cause}");
    }
}

/// Feed the plant; between its packets something may be done with the engine.
/// By alert: the numbers of the packets it is shown with, those before it apart; and how many alerts have none.
fn shown(threads: usize, block_packets: usize, bytes: usize) -> (BTreeMap<u64, [Vec<u64>; 2]>, Vec<Hit>, u64) {
    let settings = Settings { threads, block_packets: Some(block_packets), ..settings() };
    let mut bench = Bench::with(settings, &document(&rules()[3..]));
    bench.engine.keep_evidence(bytes, Keeps::Frames, Reach::default());
    for (now_ns, frame) in whole_plant() {
        bench.now_ns = now_ns - 1_000_000;
        bench.frame_unchecked(&frame);
    }
    bench.finish();
    let dropped = bench.engine.ledger().notes.slices_dropped;
    let output = std::mem::take(bench.output());
    let mut shown = BTreeMap::new();
    for slice in output.slices {
        assert_eq!(slice.packets[slice.hit].number, slice.mark.number);
        let mut numbers: Vec<u64> = slice.packets.iter().map(|kept| kept.number).collect();
        let after = numbers.split_off(slice.hit);
        assert!(shown.insert(slice.fold, [numbers, after]).is_none(), "one slice an alert");
    }
    // What was waited for in vain was raised by no packet.
    let raised = |hit: &Hit| hit.kind == HitKind::First && !hit.cause.ends_with('2');
    (shown, output.hits.into_iter().filter(raised).collect(), dropped)
}

/// Alerts that are decided behind the merge are shown with packets, too: before and after the one that raised them,
/// whatever was read between. Those that the ring has lost are counted.
#[test]
fn alerts_across_conversations_have_packets() {
    let (alone, hits, dropped) = shown(1, 1, 64 << 20);
    let across = |cause: &str| cause.starts_with("rule:all") || cause.starts_with("rule:to");
    let own: Vec<&[Vec<u64>; 2]> = hits.iter().filter(|hit| across(&hit.cause)).map(|hit| &alone[&hit.fold]).collect();
    assert!(own.len() > 20 && dropped == 0, "{} alerts, {dropped} without", own.len());
    assert!(own.iter().any(|[before, _]| before.len() > 3) && own.iter().any(|[_, after]| after.len() > 3));
    assert_eq!(alone.len(), hits.len());
    for (threads, block_packets) in [(1, 64), (2, 500), (1, 16_384)] {
        assert!(shown(threads, block_packets, 64 << 20).0 == alone, "{threads} threads, blocks of {block_packets}");
    }
    let (few, hits, dropped) = shown(1, 16_384, 64 * 4096);
    assert!(dropped > 0 && few.len() + dropped as usize == hits.len(), "{} of {}, {dropped}", few.len(), hits.len());
}

fn fed(mut bench: Bench, mut between: impl FnMut(&mut Bench, usize)) -> Vec<Told> {
    let mut hits = Vec::new();
    for (place, (now_ns, frame)) in whole_plant().iter().enumerate() {
        bench.engine.tick(now_ns - now_ns % (SECOND / 10) + SECOND / 10);
        hits.append(&mut std::mem::take(&mut bench.output().hits));
        between(&mut bench, place);
        bench.now_ns = now_ns - 1_000_000;
        bench.frame_unchecked(frame);
    }
    bench.finish();
    hits.append(&mut std::mem::take(&mut bench.output().hits));
    hits.iter().map(told).collect()
}

#[test]
fn a_reload_forgets_nothing_of_rules_that_stay() {
    let made = || bench(settings(), tables(&document(&rules()), None, None));
    let whole = fed(made(), |_, _| {});
    let mut turned = rules();
    turned.reverse();
    turned.insert(3, plant::rule("another", "16", ""));
    let sets = [document(&turned), document(&rules())];
    let reloaded = fed(made(), |bench, place| {
        if place % 500 == 499 {
            let reload = bench.engine.reload(tables(&sets[place / 500 % 2], None, None));
            assert_eq!(reload.kept, 10);
        }
    });
    // Folds are numbered in the order of the rules' numbers.
    let sorted = |told: Vec<Told>| {
        let mut told: Vec<Told> =
            told.into_iter().map(|(kind, _, id, cause, count, times)| (kind, 0, id, cause, count, times)).collect();
        told.sort_by_key(|hit| format!("{hit:?}"));
        told
    };
    assert!(sorted(whole) == sorted(reloaded));
}

#[test]
fn a_rule_that_was_changed_begins_anew() {
    let counting = |at_least: u32| {
        let condition = r#"{"test": {"field": "modbus.function_code", "operator": "in", "values": [3]}}"#;
        document(&[format!(
            r#"{{"id": "x", "protocol": "modbus", "fold": ["client.ip"], "condition": {condition}, "correlation":
               {{"count": {{"at_least": {at_least}, "timespan_ns": {}}}}}}}"#,
            60 * SECOND
        )])
    };
    let firsts = |after: u32| {
        let mut bench = bench(settings(), tables(&counting(5), None, None));
        for number in 0..7u32 {
            if number == 4 {
                bench.engine.reload(tables(&counting(after), None, None));
            }
            bench.send(&tcp(true, 100 + 12 * number, 0x18, &read_request(number as u16)));
        }
        bench.output().hits.len()
    };
    assert_eq!((firsts(5), firsts(4)), (1, 0));
}

#[test]
fn both_halves_of_a_restart_find_what_one_run_finds() {
    // Without the rule about one message: its alerts await an answer, which a restart gives up.
    let made = || tables(&document(&rules()[..9]), None, None);
    // The first look at the timers after a restart comes up to a tenth of a second early: sorted.
    let counted = |told: Vec<Told>| -> Vec<Told> {
        let mut told: Vec<Told> = told.into_iter().filter(|hit| hit.0 != HitKind::Update).collect();
        told.sort_by_key(|hit| (hit.1, hit.0.name()));
        told
    };
    let whole = counted(fed(bench(settings(), made()), |_, _| {}));
    for cut in [1, 777, 3_000, 5_990] {
        let restarted = fed(bench(settings(), made()), |bench, place| {
            if place == cut {
                let state = bench.engine.snapshot();
                let mut engine = Engine::restored(settings(), made(), &state).unwrap();
                assert!(state == engine.snapshot(), "equal state, equal bytes");
                let (number, now_ns) = (bench.number, bench.now_ns);
                *bench = Bench { engine, number, now_ns, output: Output::default() };
            }
        });
        let restarted = counted(restarted);
        let different = whole.iter().zip(&restarted).find(|(one, other)| one != other);
        assert!(whole == restarted, "cut at {cut}: {different:?} {} {}", whole.len(), restarted.len());
    }
}

#[test]
fn counts_of_another_rule_under_the_same_number_are_not_taken_over() {
    let mut before = bench(settings(), tables(&document(&rules()), None, None));
    for (now_ns, frame) in plant().iter().take(2_000) {
        before.now_ns = now_ns - 1_000_000;
        before.frame_unchecked(frame);
    }
    let state = before.engine.snapshot();
    let others = document(&[plant::rule("pair0", "6", ""), plant::rule("all1", "3", "")]);
    assert!(Engine::restored(settings(), tables(&others, None, None), &state).is_ok());
}
