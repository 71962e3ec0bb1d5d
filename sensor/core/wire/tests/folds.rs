//! Equal hits leave as one: the first at once, counts per interval, the end, the outcome; and none is lost.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::random::Random;
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

/// The shortcut from fold to fold finds what the map of keys would, whatever a conversation remembers.
#[test]
fn remembered_folds_count_as_looked_up_ones() {
    use std::collections::HashMap;
    use wire::fold::{Cause, FoldKey, Folded, Folder, Mark};

    for seed in 1..6 {
        let mut random = Random::new(seed);
        let mut folder = Folder::new(5);
        let mut ledger = wire::ledger::Ledger::default();
        // A few conversations, each with causes of its own in changing order; some remember what is long closed.
        let mut remembered = [0u32; 12];
        let mut open: HashMap<FoldKey, (u64, u64)> = HashMap::new();
        let (mut counted, mut closed, mut firsts) = (0u64, 0u64, 0u64);
        let mut now_ns = START;
        for number in 1..20_000u64 {
            now_ns += random.below(SECOND as usize) as u64;
            if random.below(500) == 0 {
                now_ns += limits::FOLD_IDLE_NS;
            }
            let conversation = random.below(remembered.len());
            let cause = match random.below(5) {
                0 => Cause::Named("baseline:new_link"),
                1 => Cause::Named("baseline:new_asset"),
                rule => Cause::Rule(rule as u32),
            };
            let host = |number: usize| Some(std::net::Ipv4Addr::new(10, 0, 0, number as u8).into());
            let (client, server) = match random.below(20) {
                0 => (None, None),
                // The other way round: the same two stations, another fold.
                1 => (host(200), host(conversation / 2)),
                _ => (host(conversation / 2), host(200)),
            };
            let key = FoldKey { cause, key: random.below(2) as u64, segment: 0, client, server };
            let mark = Mark { ts_ns: now_ns, number, input: 0 };
            let latest = &mut remembered[if random.below(100) == 0 { 0 } else { conversation }];
            counted += 1;
            match folder.count(&key, mark, now_ns, latest) {
                Folded::Counted(_) => open.get_mut(&key).expect("only what is open is counted").1 += 1,
                Folded::New => {
                    let hit = first_hit(mark);
                    *latest = folder.open(key, &key, hit, &[], now_ns, &mut ledger);
                    assert_eq!(open.insert(key, (folder.number(*latest), 1)), None, "one fold a key");
                    firsts += 1;
                }
            }
            folder.tick(now_ns);
            for hit in folder.hits.drain(..).filter(|hit| hit.kind == HitKind::Close) {
                let key = *open.iter().find(|(_, (number, _))| *number == hit.fold).unwrap().0;
                assert_eq!(open.remove(&key).unwrap().1, hit.count);
                closed += hit.count;
            }
        }
        folder.finish();
        assert_eq!(folder.hits.len(), open.len());
        assert_eq!(closed + folder.hits.iter().map(|hit| hit.count).sum::<u64>(), counted);
        assert!(firsts > 200 && counted > 5 * firsts, "{firsts} folds of {counted} hits");
    }
}

fn first_hit(mark: wire::fold::Mark) -> Hit {
    Hit {
        kind: HitKind::First,
        fold: 0,
        order: 0,
        spanning: None,
        id: [0; 16],
        cause: "rule:x".into(),
        rule: None,
        first: mark,
        last: mark,
        count: 1,
        outcome: "not_applicable",
        segment: 0,
        protocol: "modbus",
        client: None,
        server: None,
        source: None,
        destination: None,
        fields: String::new(),
        params: Vec::new(),
    }
}

/// Rules that fold by both stations, by both and a field, by one field: what is told of each is what the listing holds.
#[test]
fn interleaved_rules_and_conversations_are_counted_as_they_are_listed() {
    let folds = ["", r#""client.ip", "server.ip""#, r#""server.ip", "modbus.unit_id", "client.ip""#, r#""client.ip""#];
    let rules: Vec<String> = folds
        .iter()
        .enumerate()
        .map(|(number, fold)| {
            format!(
                r#"{{"id": "r{number}", "protocol": "modbus", "fold": [{fold}], "condition":
                   {{"test": {{"field": "modbus.address", "operator": "gte", "values": [{number}]}}}}}}"#
            )
        })
        .collect();
    let rules = format!(r#"{{"version": 1, "rules": [{}]}}"#, rules.join(","));
    let mut bench = Bench::with(Settings { listing: true, ..settings() }, &rules);
    let mut random = Random::new(3);
    let mut sequences = std::collections::HashMap::new();
    for _ in 0..5_000 {
        let (client, server, port) = (random.below(4) as u8, 100 + random.below(5) as u8, random.below(2) as u16);
        let sequence = sequences.entry((client, server, port)).or_insert(100u32);
        let request = write_request(random.below(100) as u16, random.below(5) as u16);
        let mut frame = tcp(true, *sequence, 0x18, &request).client_port(40_000 + port).bytes();
        frame[28..30].copy_from_slice(&[1, client]);
        frame[32..34].copy_from_slice(&[2, server]);
        *sequence += 12;
        bench.frame_unchecked(&frame);
        bench.now_ns += random.below(SECOND as usize) as u64;
    }
    bench.finish();
    let mut told = std::collections::BTreeMap::new();
    let mut alerts = std::collections::BTreeMap::new();
    for hit in hits(&mut bench).iter().filter(|hit| hit.kind == HitKind::Close) {
        *told.entry(hit.cause.to_string()).or_insert(0) += hit.count;
        *alerts.entry(hit.cause.to_string()).or_insert(0) += 1;
    }
    let mut listed = std::collections::BTreeMap::new();
    for line in String::from_utf8(std::mem::take(&mut bench.output().listing)).unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        *listed.entry(line["cause"].as_str().unwrap().to_owned()).or_insert(0) += 1;
    }
    assert_eq!(told, listed);
    let alerts: Vec<i32> = alerts.into_values().collect();
    assert_eq!(alerts, [20, 20, 20, 4], "4 clients, 5 servers");
}
