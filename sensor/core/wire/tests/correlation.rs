//! Rules about many messages: so many, so many different values, one after the other, one without the other.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::*;
use wire::engine::Settings;
use wire::finding::Param;
use wire::fold::{Hit, HitKind};
use wire::packet::Sink;

const MINUTE: u64 = 60 * SECOND;

fn test(field: &str, values: &str) -> String {
    format!(r#"{{"test": {{"field": "{field}", "operator": "in", "values": [{values}]}}}}"#)
}

fn code(values: &str) -> String {
    test("modbus.function_code", values)
}

fn rule(id: &str, by: &str, condition: &str, correlation: &str) -> String {
    format!(
        r#"{{"id": "{id}", "protocol": "modbus", "fold": [{by}], "condition": {condition}, "correlation": {correlation}}}"#
    )
}

fn document(rules: &[String]) -> String {
    format!(r#"{{"version": 1, "rules": [{}]}}"#, rules.join(","))
}

fn count(at_least: u32, timespan_ns: u64) -> String {
    format!(r#"{{"count": {{"at_least": {at_least}, "timespan_ns": {timespan_ns}}}}}"#)
}

fn distinct(field: &str, at_least: u32, timespan_ns: u64) -> String {
    format!(r#"{{"distinct": {{"field": "{field}", "at_least": {at_least}, "timespan_ns": {timespan_ns}}}}}"#)
}

/// Steps by function code; with a time, what must not come.
fn sequence(steps: &[(&str, Option<u64>)], timespan_ns: u64) -> String {
    let step = |(codes, absent): &(&str, Option<u64>)| {
        let absent = absent.map_or(String::new(), |within| format!(r#", "absent_ns": {within}"#));
        format!(r#"{{"condition": {}{absent}}}"#, code(codes))
    };
    let steps: Vec<String> = steps.iter().map(step).collect();
    format!(r#"{{"sequence": {{"steps": [{}], "timespan_ns": {timespan_ns}}}}}"#, steps.join(","))
}

const PAIR: &str = r#""client.ip", "server.ip""#;
const CLIENT: &str = r#""client.ip""#;

/// Requests of clients 10.0.1.x to servers 10.0.2.x, each of its function code: write 6 or read 3.
struct Plant {
    bench: Bench,
    sequences: std::collections::HashMap<(u8, u8), u32>,
}

impl Plant {
    fn new(rules: &[String]) -> Self {
        Self::with(settings(), rules)
    }

    fn with(settings: Settings, rules: &[String]) -> Self {
        Self { bench: Bench::with(settings, &document(rules)), sequences: std::collections::HashMap::new() }
    }

    /// At so many nanoseconds after the start.
    fn ask(&mut self, after_ns: u64, client: u8, server: u8, unit: u8, function: u8) {
        let (now_ns, frame) = request(&mut self.sequences, after_ns, client, server, unit, function);
        self.bench.now_ns = now_ns - 1_000_000;
        self.bench.frame_unchecked(&frame);
    }

    fn hits(&mut self) -> Vec<Hit> {
        std::mem::take(&mut self.bench.output().hits)
    }

    fn firsts(&mut self) -> Vec<Hit> {
        self.hits().into_iter().filter(|hit| hit.kind == HitKind::First).collect()
    }
}

fn request(
    sequences: &mut std::collections::HashMap<(u8, u8), u32>,
    after_ns: u64,
    client: u8,
    server: u8,
    unit: u8,
    function: u8,
) -> (u64, Vec<u8>) {
    let adu = [0, 7, 0, 0, 0, 6, unit, function, 0, 1, 0, 1];
    let sequence = sequences.entry((client, server)).or_insert(100);
    let mut frame = tcp(true, *sequence, 0x18, &adu).bytes();
    *sequence += adu.len() as u32;
    frame[28..30].copy_from_slice(&[1, client]);
    frame[32..34].copy_from_slice(&[2, server]);
    (START + after_ns, frame)
}

fn param(hit: &Hit, name: &str) -> Option<u64> {
    hit.params.iter().find(|(known, _)| *known == name).map(|(_, value)| match value {
        Param::Unsigned(number) => *number,
        other => panic!("{other:?}"),
    })
}

#[test]
fn so_many_in_so_much_time_are_a_hit_and_one_less_is_none() {
    let mut plant = Plant::new(&[rule("five", PAIR, &code("6"), &count(5, MINUTE))]);
    // Four a minute, for an hour: never five in sixty seconds, both ends included.
    for number in 0..240u64 {
        plant.ask(number * (15 * SECOND + 1), 1, 1, 1, 6);
    }
    assert!(plant.firsts().is_empty());
    // Others' do not count, nor other operations.
    let begin = 2 * 3600 * SECOND;
    for number in 0..4u64 {
        plant.ask(begin + number * SECOND, 1, 2, 1, 6);
        plant.ask(begin + number * SECOND, 2, 2, 1, 6);
        plant.ask(begin + number * SECOND, 1, 2, 1, 3);
    }
    assert!(plant.firsts().is_empty());
    plant.ask(begin + MINUTE, 1, 2, 1, 6);
    let first = plant.firsts();
    assert_eq!(first.len(), 1);
    let hit = &first[0];
    assert_eq!((hit.first.ts_ns, hit.last.ts_ns), (START + begin, START + begin + MINUTE));
    assert!(hit.first.number < hit.last.number && hit.fields.contains("write_single_register"));
    assert_eq!((param(hit, "at_least"), param(hit, "took_ns")), (Some(5), Some(MINUTE)));
    assert_eq!((param(hit, "timespan_ns"), hit.outcome), (Some(MINUTE), "not_applicable"));
}

#[test]
fn a_scan_that_goes_on_is_one_alert_that_counts_on() {
    // By client: what spans conversations is decided behind the merge.
    for by in [CLIENT, PAIR] {
        let mut plant = Plant::new(&[rule("units", by, &code("3"), &distinct("modbus.unit_id", 20, 10 * MINUTE))]);
        for number in 0..200u64 {
            let server = if by == PAIR { 1 } else { (number % 7) as u8 };
            plant.ask(number * SECOND, 1, server, number as u8, 3);
            plant.ask(number * SECOND, 2, server, (number % 19) as u8, 3);
        }
        plant.bench.finish();
        let hits = plant.hits();
        assert_eq!(hits.iter().filter(|hit| hit.kind == HitKind::First).count(), 1, "{by}");
        let (first, last) = (hits.first().unwrap(), hits.last().unwrap());
        assert_eq!((first.kind, last.kind, last.count), (HitKind::First, HitKind::Close, 181), "{by}");
        assert_eq!((first.first.ts_ns, first.last.ts_ns), (START, START + 19 * SECOND));
        assert!(first.fields.contains(r#""modbus.unit_id":19"#), "{}", first.fields);
        assert_eq!(plant.bench.engine.ledger().hits, 181);
    }
}

/// One unit every twenty minutes: slow, but within a day.
#[test]
fn a_slow_scan_is_seen_and_stays_one_alert() {
    let day = 24 * 60 * MINUTE;
    let mut plant = Plant::new(&[rule("slow", CLIENT, &code("3"), &distinct("modbus.unit_id", 50, day))]);
    for number in 0..60u64 {
        plant.ask(number * 20 * MINUTE, 1, 1, number as u8, 3);
        (0..20u64).for_each(|tick| plant.bench.engine.tick(START + (number * 20 + tick) * MINUTE));
    }
    let hits = plant.hits();
    assert_eq!(hits.iter().map(|hit| hit.kind).filter(|kind| *kind != HitKind::Update).count(), 1);
    // A day later nothing is known any more.
    (0..25 * 60u64).for_each(|tick| plant.bench.engine.tick(START + (1200 + tick) * MINUTE));
    assert_eq!(plant.hits().last().map(|hit| (hit.kind, hit.count)), Some((HitKind::Close, 11)));
}

#[test]
fn a_sequence_wants_its_order_and_its_time() {
    let steps = [("3", None), ("6", None), ("5", None)];
    let mut plant = Plant::new(&[rule("order", PAIR, &code("3, 5, 6"), &sequence(&steps, MINUTE))]);
    let mut run = |begin: u64, codes: &[(u64, u8)]| {
        for (after, code) in codes {
            plant.ask((begin * 3600 + after) * SECOND, begin as u8, 1, 1, *code);
        }
        plant.firsts().iter().map(|hit| hit.first.ts_ns - START - begin * 3600 * SECOND).collect::<Vec<_>>()
    };
    assert_eq!(run(0, &[(0, 3), (1, 6), (60, 5)]), [0]);
    assert!(run(1, &[(0, 3), (1, 6), (61, 5)]).is_empty(), "too late");
    assert!(run(2, &[(0, 6), (1, 3), (2, 5)]).is_empty(), "wrong order");
    // The latest beginning counts: the first is too old.
    assert_eq!(run(3, &[(0, 3), (50, 3), (55, 6), (100, 5)]), [50 * SECOND]);
    // What began later leads nowhere before the second step.
    assert!(run(4, &[(0, 3), (1, 6), (50, 3), (70, 5)]).is_empty());
}

#[test]
fn what_must_not_come_between_ends_the_sequence() {
    let steps = [("3", None), ("6", Some(MINUTE)), ("5", None)];
    let mut plant = Plant::new(&[rule("between", PAIR, &code("3, 5, 6"), &sequence(&steps, MINUTE))]);
    for (number, codes) in [&[3, 5][..], &[3, 6, 5], &[3, 6, 3, 5]].iter().enumerate() {
        for (after, code) in codes.iter().enumerate() {
            plant.ask((number * 3600 + after) as u64 * SECOND, number as u8, 1, 1, *code);
        }
    }
    let clients: Vec<_> = plant.firsts().iter().map(|hit| hit.client.unwrap().ip.to_string()).collect();
    assert_eq!(clients, ["10.0.1.0", "10.0.1.2"]);
}

#[test]
fn a_command_without_its_select_is_a_hit() {
    let steps = [("3", Some(30 * SECOND)), ("6", None)];
    let mut plant = Plant::new(&[rule("select", PAIR, &code("3, 6"), &sequence(&steps, MINUTE))]);
    plant.ask(0, 1, 1, 1, 3);
    plant.ask(30 * SECOND, 1, 1, 1, 6);
    assert!(plant.firsts().is_empty());
    plant.ask(30 * SECOND + 1, 1, 1, 1, 6);
    plant.ask(31 * SECOND, 2, 1, 1, 6);
    assert_eq!(plant.firsts().len(), 2);
}

#[test]
fn what_did_not_come_is_seen_on_an_idle_wire() {
    for by in [PAIR, CLIENT] {
        let steps = [("6", None), ("3", Some(10 * SECOND))];
        let mut plant = Plant::new(&[rule("then", by, &code("3, 6"), &sequence(&steps, MINUTE))]);
        plant.ask(0, 1, 1, 1, 6);
        plant.ask(SECOND, 2, 1, 1, 6);
        plant.ask(10 * SECOND, 1, 1, 1, 3); // just in time
        plant.bench.engine.tick(START + 11 * SECOND);
        assert!(plant.firsts().is_empty());
        plant.bench.engine.tick(START + 11 * SECOND + 100_000_000);
        let hits = plant.firsts();
        assert_eq!(hits.len(), 1, "{by}");
        assert_eq!((hits[0].first.ts_ns, hits[0].client.unwrap().ip.to_string()), (START + SECOND, "10.0.1.2".into()));
        // Between two looks at the timers it is the next message that shows it: too late is too late.
        plant.ask(20 * SECOND, 3, 1, 1, 6);
        plant.ask(30 * SECOND + 1, 3, 1, 1, 3);
        assert_eq!(plant.firsts().len(), 1, "{by}");
        // Nobody knows what would have come after the end.
        plant.ask(40 * SECOND, 4, 1, 1, 6);
        plant.bench.finish();
        assert!(plant.firsts().is_empty());
    }
}

#[test]
fn a_message_without_the_key_or_the_value_does_not_count() {
    let by = r#""modbus.address""#;
    let rules = [rule("no", by, &code("6, 43"), &count(2, MINUTE))];
    let mut plant = Plant::new(&rules);
    plant.ask(0, 1, 1, 1, 43);
    plant.ask(1, 1, 1, 1, 43);
    assert!(plant.firsts().is_empty());
    plant.ask(2, 1, 1, 1, 6);
    plant.ask(3, 1, 2, 1, 6);
    assert_eq!(plant.firsts().len(), 1);
}

#[test]
fn what_cannot_be_counted_is_refused() {
    let cond = code("6");
    for (correlation, expected) in [
        (count(1, MINUTE), "between 2 and"),
        (count(10_001, MINUTE), "between 2 and"),
        (count(5, 0), "31 days"),
        (count(5, 32 * 86_400 * SECOND), "31 days"),
        (distinct("modbus.nothing", 5, MINUTE), "unknown field"),
        (sequence(&[("6", None)], MINUTE), "2 to 8 steps"),
        (sequence(&[("6", None); 9], MINUTE), "2 to 8 steps"),
        (sequence(&[("6", Some(1)), ("3", Some(1))], MINUTE), "a step that comes"),
        (sequence(&[("6", None), ("3", Some(u64::MAX))], MINUTE), "31 days"),
    ] {
        let error = wire::rules::Rules::compile(&document(&[rule("x", PAIR, &cond, &correlation)])).unwrap_err();
        assert!(error.contains(expected) && error.starts_with("rule x: "), "{error}");
    }
}
