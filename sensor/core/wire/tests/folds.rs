//! Equal hits leave as one: the first at once, counts per interval, the end, the outcome; and none is lost.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::*;
use wire::engine::Settings;
use wire::fold::{Hit, HitKind};
use wire::limits;
use wire::packet::Sink;

/// Rules by function code, named r0, r1, …; folded by `fold`.
fn bench(codes: &[u8], fold: &str) -> Bench {
    let rules: Vec<String> = codes
        .iter()
        .enumerate()
        .map(|(number, code)| {
            format!(
                r#"{{"id": "r{number}", "protocol": "modbus", "fold": [{fold}], "condition":
                   {{"test": {{"field": "modbus.function_code", "operator": "in", "values": [{code}]}}}}}}"#
            )
        })
        .collect();
    let rules = format!(r#"{{"version": 1, "rules": [{}]}}"#, rules.join(","));
    Bench::with(Settings { listing: true, events: Some(wire::export::Wanted::default()), ..settings() }, &rules)
}

fn write_request(transaction: u16, register: u16) -> Vec<u8> {
    let mut adu = transaction.to_be_bytes().to_vec();
    adu.extend([0, 0, 0, 6, 1, 6]);
    adu.extend(register.to_be_bytes());
    adu.extend([0, 1]);
    adu
}

fn refused(transaction: u16) -> Vec<u8> {
    let mut adu = transaction.to_be_bytes().to_vec();
    adu.extend([0, 0, 0, 3, 1, 0x86, 2]);
    adu
}

fn hits(bench: &mut Bench) -> Vec<Hit> {
    std::mem::take(&mut bench.output().hits)
}

fn kinds(hits: &[Hit]) -> Vec<(HitKind, u64, &'static str)> {
    hits.iter().map(|hit| (hit.kind, hit.count, hit.outcome)).collect()
}

fn listed(bench: &mut Bench) -> u64 {
    let listing = std::mem::take(&mut bench.output().listing);
    String::from_utf8(listing).unwrap().lines().count() as u64
}

#[test]
fn a_storm_of_a_million_leaves_as_a_few() {
    let mut bench = bench(&[6], "");
    let mut sequence = 100u32;
    for number in 0..1_000_000u32 {
        bench.frame(&tcp(true, sequence, 0, &write_request(7, number as u16)).bytes());
        sequence = sequence.wrapping_add(12);
        bench.now_ns -= 990_000; // 100 a millisecond: 10 s
        if number == 0 {
            let first = hits(&mut bench);
            assert_eq!(kinds(&first), [(HitKind::First, 1, "pending")]);
            assert!(first[0].fields.contains("write_single_register"), "the first comes whole");
        }
    }
    let during = hits(&mut bench);
    assert!((1..=3).contains(&during.len()), "{}", during.len());
    bench.finish();
    let last = hits(&mut bench);
    assert_eq!(kinds(&last), [(HitKind::Close, 1_000_000, "unknown")]);
    assert_eq!(bench.engine.ledger().hits, 1_000_000);
}

#[test]
fn no_count_is_lost_and_every_single_hit_is_listed() {
    let mut bench = bench(&[6, 6, 3], "\"modbus.address\"");
    let mut first = std::collections::HashMap::new();
    let mut counted = 0;
    let mut all = Vec::new();
    for number in 0..3000u32 {
        bench.send(&tcp(true, 100 + 12 * number, 0, &write_request(number as u16, (number % 7) as u16)));
        bench.now_ns += SECOND / 50;
        all.append(&mut hits(&mut bench));
    }
    bench.finish();
    all.append(&mut hits(&mut bench));
    for hit in &all {
        let id = first.entry(hit.fold).or_insert(hit.id);
        assert_eq!(*id, hit.id, "the identity stays");
        if hit.kind == HitKind::Close {
            counted += hit.count;
        }
    }
    assert_eq!(first.len(), 14, "two rules, seven registers");
    let different: std::collections::HashSet<_> = first.values().collect();
    assert_eq!(different.len(), 14);
    assert_eq!((counted, bench.engine.ledger().hits, listed(&mut bench)), (6000, 6000, 6000));
}

#[test]
fn identities_are_the_same_on_every_run() {
    let run = || {
        let mut bench = bench(&[6, 3], "");
        for number in 0..50u32 {
            bench.send(&tcp(true, 100 + 12 * number, 0, &write_request(number as u16, 1)));
            bench.now_ns += 60 * SECOND;
        }
        bench.finish();
        hits(&mut bench).iter().map(|hit| (hit.fold, hit.kind, hit.id, hit.count)).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}

#[test]
fn an_idle_fold_ends_and_the_next_hit_is_another_alert() {
    let mut bench = bench(&[6], "");
    bench.send(&tcp(true, 100, 0, &write_request(1, 1)));
    bench.send(&tcp(false, 500, 0, &write_request(1, 1)));
    let now_ns = bench.now_ns;
    bench.engine.tick(now_ns + limits::FOLD_IDLE_NS - SECOND);
    bench.engine.tick(now_ns + limits::FOLD_IDLE_NS + 2 * limits::FOLD_NS);
    let ended = hits(&mut bench);
    // The answer is a hit of its own: same function.
    assert_eq!(
        kinds(&ended),
        [(HitKind::First, 1, "pending"), (HitKind::Outcome, 2, "success"), (HitKind::Close, 2, "success")]
    );
    bench.now_ns = now_ns + limits::FOLD_IDLE_NS + 3 * limits::FOLD_NS;
    bench.send(&tcp(true, 112, 0, &write_request(2, 1)));
    let next = hits(&mut bench);
    assert_eq!(next[0].kind, HitKind::First);
    assert_ne!(next[0].id, ended[0].id);
    bench.finish();
}

#[test]
fn outcomes_only_ever_say_more() {
    let mut bench = bench(&[6, 6], "\"message.kind\"");
    let mut sequence = (100u32, 500u32);
    let mut ask = |bench: &mut Bench, transaction: u16, answer: Option<Vec<u8>>| {
        bench.send(&tcp(true, sequence.0, 0, &write_request(transaction, 1)));
        sequence.0 += 12;
        if let Some(answer) = answer {
            bench.send(&tcp(false, sequence.1, 0, &answer));
            sequence.1 += answer.len() as u32;
        }
        let said: Vec<_> = hits(bench).into_iter().filter(|hit| hit.kind == HitKind::Outcome).collect();
        said.iter().map(|hit| (hit.rule.unwrap(), hit.outcome)).collect::<Vec<_>>()
    };
    assert_eq!(ask(&mut bench, 1, None), []);
    bench.now_ns += limits::ANSWER_NS + 2 * limits::FOLD_NS;
    let now_ns = bench.now_ns;
    bench.engine.tick(now_ns);
    assert_eq!(ask(&mut bench, 2, None), [(0, "no_response"), (1, "no_response")]);
    assert_eq!(ask(&mut bench, 3, Some(refused(3))), [(0, "failure"), (1, "failure")]);
    assert_eq!(ask(&mut bench, 4, Some(write_request(4, 1))), [(0, "success"), (1, "success")]);
    assert_eq!(ask(&mut bench, 5, Some(refused(5))), [], "one of them worked");
    bench.finish();
}

#[test]
fn a_flood_of_folds_evicts_the_idle_ones() {
    let mut bench = bench(&[6], "\"modbus.transaction_id\", \"client.port\"");
    let more = 3000;
    let mut sequences = std::collections::HashMap::new();
    let mut send = |bench: &mut Bench, transaction: u16, port: u16| {
        let sequence = sequences.entry(port).or_insert(100u32);
        bench.send(&tcp(true, *sequence, 0, &write_request(transaction, 1)).client_port(port));
        *sequence += 12;
    };
    send(&mut bench, 0, 50000);
    for number in 0..(limits::per_shard(limits::FOLDS) + more) as u32 {
        send(&mut bench, number as u16, 40000 + (number >> 16) as u16);
        if number % 1000 == 0 {
            send(&mut bench, 0, 50000);
            bench.now_ns -= 900_000 * 1000;
        }
    }
    bench.finish();
    let all = hits(&mut bench);
    let opened = all.iter().filter(|hit| hit.kind == HitKind::First).count();
    assert_eq!(bench.engine.ledger().notes.folds_evicted as usize, opened - limits::per_shard(limits::FOLDS));
    assert_eq!(opened, limits::per_shard(limits::FOLDS) + more + 1);
    let first = all.iter().find(|hit| hit.kind == HitKind::First).unwrap();
    let ended: Vec<&Hit> = all.iter().filter(|hit| hit.kind == HitKind::Close && hit.fold == first.fold).collect();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].count, 7, "what is in use stays");
    let counted: u64 = all.iter().filter(|hit| hit.kind == HitKind::Close).map(|hit| hit.count).sum();
    assert_eq!(counted, bench.engine.ledger().hits);
}
