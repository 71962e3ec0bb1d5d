//! Random rules against random events: what the index finds is what evaluating every condition finds.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
#![allow(clippy::cast_possible_truncation)]

mod common;

use common::random::Random;
use wire::event::{Endpoint, Event, LinkFacts};
use wire::protocol::{place_of, PROTOCOLS};
use wire::rules::{Narrowed, Rules, Scratch};
use wire::value::{Class, Kind, Outcome, Record, Role, Span, Value};

const PROTOCOL_NAMES: [&str; 4] = ["modbus", "s7comm", "opcua", "cotp"];
/// Values come from few, so that rules and events meet.
const WORDS: [&str; 8] =
    ["read", "write", "Motor1.Speed", "ns=2;s=Motor1", "Motor", "request", "0a1b", "read_holding_registers"];
const BYTES: [&[u8]; 5] = [&[0x0a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f], &[0x1b, 0x2c], &[0xff; 9], &[0, 0x0a, 0x1b], &[]];
const HEX: [&str; 9] = ["0a1b", "a1b2", "1b2c3d", "b2c3d4e", "2c3d4e5f", "f", "ffffffffff", "0a1b2c3d4e5f", "5f"];
const HOSTS: [&str; 6] = ["10.0.0.1", "10.0.0.2", "10.1.0.1", "192.168.1.1", "fd00::1", "::ffff:10.0.0.1"];
const NETWORKS: [&str; 8] =
    ["10.0.0.0/8", "10.0.0.0/30", "10.1.0.1", "0.0.0.0/0", "fd00::/8", "::/0", "192.168.0.0/16", "10.0.0.2/31"];
const BASE: [&str; 22] = [
    "message.kind",
    "operation.class",
    "operation.code",
    "operation.name",
    "event.outcome",
    "event.duration",
    "network.protocol",
    "network.transport",
    "network.vlan.id",
    "source.ip",
    "destination.ip",
    "client.ip",
    "server.ip",
    "client.port",
    "source.mac",
    "destination.mac",
    "segment",
    "flaws",
    "link.known",
    "link.learned_writes",
    "message.bytes",
    "file.name",
];

fn pick<'a, T: ?Sized>(random: &mut Random, list: &[&'a T]) -> &'a T {
    list[random.below(list.len())]
}

fn integer(random: &mut Random) -> u64 {
    match random.below(8) {
        0 => 65_534 + random.below(4) as u64,
        1 => (1 << 53) + random.below(3) as u64,
        2 => u64::MAX - random.below(2) as u64,
        _ => random.below(12) as u64,
    }
}

fn number(random: &mut Random, real: bool) -> String {
    if real && random.below(3) == 0 {
        return format!("{}.5", random.below(10));
    }
    if random.below(6) == 0 {
        return format!("-{}", random.below(4));
    }
    integer(random).to_string()
}

fn several(random: &mut Random, count: usize, made: &dyn Fn(&mut Random) -> String) -> String {
    (0..count).map(|_| made(random)).collect::<Vec<_>>().join(",")
}

/// A test of a field with values that it could have.
fn test(random: &mut Random, field: &str, kind: Kind) -> String {
    let count = 1 + random.below(3);
    let ordered = ["in", "gte", "gt", "lte", "lt"];
    let parts = ["in", "contains", "startswith", "endswith"];
    let (operator, values) = match (field, kind) {
        ("flaws", _) => (
            "in",
            several(random, count, &|random| {
                format!("{:?}", pick(random, &["stream.gap", "stream.conflict", "pairing.mismatch"]))
            }),
        ),
        ("segment", _) => ("in", several(random, count, &|random| format!("{:?}", pick(random, &["office", "plant"])))),
        ("source.mac" | "destination.mac", _) => {
            let values = several(random, count, &|random| {
                format!("{:?}", pick(random, &["02:00:00:00:00:01", "02:00", "02:00:00:00:00:0", "02:0", "03"]))
            });
            (pick(random, &parts), values)
        }
        (_, Kind::Boolean) => ("in", if random.below(2) == 0 { "true" } else { "false" }.to_owned()),
        (_, Kind::Unsigned | Kind::Signed) => {
            let values = several(random, count, &|random| number(random, false));
            (pick(random, &ordered), values)
        }
        (_, Kind::Float) => {
            let values = several(random, count, &|random| number(random, true));
            (pick(random, &ordered), values)
        }
        (_, Kind::Ip) => ("cidr", several(random, count, &|random| format!("{:?}", pick(random, &NETWORKS)))),
        (_, Kind::Bytes) => {
            let values = several(random, count, &|random| format!("{:?}", pick(random, &HEX)));
            (pick(random, &parts), values)
        }
        (_, Kind::Any) if random.below(2) == 0 => {
            let values = several(random, count, &|random| number(random, true));
            (pick(random, &ordered), values)
        }
        _ => {
            let words = [&WORDS[..], &HEX[..]].concat();
            let values = several(random, count, &|random| format!("{:?}", pick(random, &words)));
            (pick(random, &parts), values)
        }
    };
    let exists = random.below(12) == 0 || kind == Kind::Timestamp || field == "file.name";
    let (operator, values) = match exists {
        true => ("exists", if random.below(2) == 0 { "true" } else { "false" }.to_owned()),
        false => (operator, values),
    };
    format!(r#"{{"test":{{"field":"{field}","operator":"{operator}","values":[{values}]}}}}"#)
}

fn condition(random: &mut Random, fields: &[(&str, Kind)], depth: u32) -> String {
    match if depth == 0 { 9 } else { random.below(10) } {
        0..=3 => {
            format!(r#"{{"and":[{},{}]}}"#, condition(random, fields, depth - 1), condition(random, fields, depth - 1))
        }
        4 | 5 => {
            format!(r#"{{"or":[{},{}]}}"#, condition(random, fields, depth - 1), condition(random, fields, depth - 1))
        }
        6 => format!(r#"{{"not":{}}}"#, condition(random, fields, depth - 1)),
        _ => {
            let (field, kind) = fields[random.below(fields.len())];
            test(random, field, kind)
        }
    }
}

/// Fields a rule on that protocol may ask for: some of its own, so that rules share them, and the base ones.
fn fields(protocol: usize) -> Vec<(&'static str, Kind)> {
    let own = PROTOCOLS[protocol].fields.iter().step_by(3).map(|field| (field.name, field.kind));
    let kind = |name: &str| wire::event::BASE_FIELDS.iter().find(|field| field.name == name).unwrap().kind;
    own.chain(BASE.iter().map(|name| (*name, kind(name)))).collect()
}

fn document(random: &mut Random, rules: usize) -> String {
    let made = (0..rules).map(|number| {
        let name = pick(random, &PROTOCOL_NAMES);
        let protocol = PROTOCOLS.iter().position(|entry| entry.name == name).unwrap();
        let name = if name == "s7comm" && random.below(4) == 0 { "cotp" } else { name };
        let condition = condition(random, &fields(protocol), 4);
        let needs = random.below(8) == 0;
        format!(r#"{{"id":"{number}","protocol":"{name}","needs_baseline":{needs},"condition":{condition}}}"#)
    });
    let made = made.collect::<Vec<_>>().join(",");
    format!(r#"{{"version":1,"segments":["office","plant"],"rules":[{made}]}}"#)
}

/// A value of that kind, as parsers make them.
fn value(random: &mut Random, kind: Kind, record: &mut Record) -> Value {
    match kind {
        Kind::Unsigned | Kind::Timestamp => Value::Unsigned(integer(random)),
        Kind::Signed => Value::Signed(random.below(8) as i64 - 4),
        Kind::Float => Value::Float(random.below(20) as f64 / 2.0 - 1.0),
        Kind::Boolean => Value::Bool(random.below(2) == 0),
        Kind::Text if random.below(2) == 0 => Value::Name(pick(random, &WORDS)),
        Kind::Text => Value::Text(record.push_text(pick(random, &WORDS).as_bytes())),
        Kind::Bytes if random.below(2) == 0 => Value::Bytes(Span::new(random.below(4), random.below(6))),
        Kind::Bytes => Value::Blob(record.push_bytes(pick(random, &BYTES))),
        Kind::Ip => Value::Ip(pick(random, &HOSTS).parse().unwrap()),
        Kind::Any => {
            let kinds = [Kind::Unsigned, Kind::Signed, Kind::Float, Kind::Boolean, Kind::Text, Kind::Bytes];
            match random.below(8) {
                0 => Value::Float(f64::NAN),
                other => value(random, kinds[other % kinds.len()], record),
            }
        }
    }
}

fn record(random: &mut Random, protocol: usize) -> Record {
    let mut record = Record::default();
    for (slot, field) in PROTOCOLS[protocol].fields.iter().enumerate() {
        match (random.below(3), field.many) {
            (0, _) => {}
            (_, false) => {
                let value = value(random, field.kind, &mut record);
                record.set(slot, value);
            }
            (_, true) if field.kind == Kind::Unsigned && random.below(2) == 0 => {
                let start = random.below(4) as u32;
                record.set(
                    slot,
                    match random.below(2) {
                        0 => Value::Words(Span { start, len: random.below(9) as u32 }),
                        _ => Value::Bits { start, count: random.below(20) as u32 },
                    },
                );
            }
            (_, true) => {
                let values: Vec<Value> = (0..random.below(4)).map(|_| value(random, field.kind, &mut record)).collect();
                match values.as_slice() {
                    // Parsers leave one value alone as it is.
                    [one] if random.below(2) == 0 => record.set(slot, *one),
                    _ => record.set_list(slot, &values),
                }
            }
        }
    }
    record.role = Role::ALL[random.below(4)];
    record.class = Class::ALL[random.below(8)];
    record.outcome = Outcome::ALL[random.below(3)];
    record.operation = random.below(12) as u32;
    record.operation_name = pick(random, &WORDS);
    record.flaws = if random.below(2) == 0 { 0 } else { random.below(8) as u64 };
    record
}

fn end(random: &mut Random) -> Endpoint {
    Endpoint {
        ip: pick(random, &HOSTS).parse().unwrap(),
        port: integer(random) as u16,
        mac: [2, 0, 0, 0, 0, random.below(4) as u8],
    }
}

fn look(random: &mut Random, protocol: usize, record: &Record, see: impl FnOnce(&Event<'_>)) {
    let (client, server) = (end(random), end(random));
    look_between(random, protocol, &client, &server, record, see);
}

/// Whoever sends it: in any direction.
fn look_between(
    random: &mut Random,
    protocol: usize,
    client: &Endpoint,
    server: &Endpoint,
    record: &Record,
    see: impl FnOnce(&Event<'_>),
) {
    let bytes = pick(random, &BYTES);
    see(&Event {
        ts_ns: integer(random),
        number: integer(random),
        input: 0,
        segment: random.below(3) as u16,
        protocol,
        // A conversation has messages of the protocols below its own, too.
        family: if PROTOCOLS[protocol].spoken.is_none() { place_of("s7comm").into() } else { protocol },
        transport: if random.below(2) == 0 { 6 } else { 17 },
        vlan: (random.below(2) == 0).then(|| random.below(12) as u16),
        from_client: random.below(2) == 0,
        client,
        server,
        record,
        bytes,
        asked: None,
        link: (random.below(2) == 0).then(|| LinkFacts { known: random.below(2) == 0, ..LinkFacts::default() }),
        stream_flaws: random.below(4) as u8,
    });
}

#[test]
fn the_index_finds_what_every_condition_says() {
    let (mut hits, mut evaluated, mut all) = (0usize, 0usize, 0usize);
    // Few rules stand in one block, many in several.
    for (seed, rules, events) in [(1, 40, 600), (2, 40, 600), (3, 300, 400), (4, 3_000, 200)] {
        let mut random = Random::new(seed);
        let text = document(&mut random, rules);
        let compiled = Rules::compile(&text).unwrap();
        let (mut scratch, mut out) = (Scratch::default(), Vec::new());
        for _ in 0..events {
            let protocol = PROTOCOLS.iter().position(|entry| entry.name == pick(&mut random, &PROTOCOL_NAMES));
            let Some(protocol) = protocol else { continue };
            let record = record(&mut random, protocol);
            look(&mut random, protocol, &record, |event| {
                compiled.matches(event, &mut scratch, &mut out);
                let expected: Vec<u32> = (0..rules as u32).filter(|rule| compiled.holds(*rule, event)).collect();
                assert_eq!(out, expected, "seed {seed}: {event:?}");
                compiled.matches_narrowed(event, Narrowed::default(), &mut scratch, &mut out);
                assert_eq!(out, expected, "seed {seed}, nothing known of the stations: {event:?}");
                hits += out.len();
                evaluated += compiled.candidates(event, &mut scratch);
                all += compiled.len();
            });
        }
    }
    assert!(hits > 10_000, "the generator makes rules that match: {hits}");
    assert!(evaluated < all / 3, "{evaluated} of {all} conditions were evaluated");
}

#[test]
fn what_a_conversation_remembers_loses_no_rule() {
    let (mut hits, mut narrower, mut all) = (0usize, 0usize, 0usize);
    // More kinds of stations are asked for than there are groups, and fewer.
    for (seed, rules, conversations) in [(11, 30, 60), (12, 400, 40), (13, 3_000, 12)] {
        let mut random = Random::new(seed);
        let compiled = Rules::compile(&document(&mut random, rules)).unwrap();
        let (mut scratch, mut out) = (Scratch::default(), Vec::new());
        for _ in 0..conversations {
            let name = pick(&mut random, &PROTOCOL_NAMES);
            let protocol = PROTOCOLS.iter().position(|entry| entry.name == name).unwrap();
            let (client, server) = (end(&mut random), end(&mut random));
            // Asked at the first message, whichever side sent it; everything else changes from message to message.
            let mut kept: Option<Narrowed> = None;
            for _ in 0..20 {
                let record = record(&mut random, protocol);
                look_between(&mut random, protocol, &client, &server, &record, |event| {
                    let narrowed = *kept.get_or_insert_with(|| compiled.narrow(event));
                    assert_eq!(narrowed, compiled.narrow(event), "seed {seed}: the same for every message: {event:?}");
                    compiled.matches_narrowed(event, narrowed, &mut scratch, &mut out);
                    let expected: Vec<u32> = (0..rules as u32).filter(|rule| compiled.holds(*rule, event)).collect();
                    assert_eq!(out, expected, "seed {seed}: {event:?}");
                    hits += out.len();
                });
            }
            narrower += usize::from(kept != Some(Narrowed::default()));
            all += 1;
        }
    }
    assert!(hits > 10_000, "the generator makes rules that match: {hits}");
    assert!(narrower > all / 2, "{narrower} of {all} conversations leave something out");
}

/// Networks for which stations are told apart: of one rule for each only those of the conversation are looked at.
#[test]
fn rules_for_other_stations_cost_nothing() {
    let rule = |n: usize| {
        let net = format!(
            r#"{{"test":{{"field":"client.ip","operator":"cidr","values":["10.{}.{}.0/24"]}}}}"#,
            n / 200,
            n % 200
        );
        let code = r#"{"test":{"field":"operation.code","operator":"in","values":[3]}}"#;
        format!(r#"{{"id":"{n}","protocol":"modbus","condition":{{"and":[{code},{net}]}}}}"#)
    };
    let rules: Vec<String> = (0..2_000).map(rule).collect();
    let compiled = Rules::compile(&format!(r#"{{"version":1,"rules":[{}]}}"#, rules.join(","))).unwrap();
    let protocol = PROTOCOLS.iter().position(|entry| entry.name == "modbus").unwrap();
    let mut random = Random::new(14);
    let (mut scratch, mut out) = (Scratch::default(), Vec::new());
    for (address, fires) in [("10.3.7.9", true), ("10.77.0.1", false), ("192.168.0.1", false), ("fd00::1", false)] {
        let client = Endpoint { ip: address.parse().unwrap(), ..end(&mut random) };
        let server = Endpoint { ip: "10.3.8.1".parse().unwrap(), ..end(&mut random) };
        let mut record = Record::default();
        record.operation = 3;
        look_between(&mut random, protocol, &client, &server, &record, |event| {
            compiled.matches_narrowed(event, compiled.narrow(event), &mut scratch, &mut out);
            assert_eq!(!out.is_empty(), fires, "{address}");
            assert_eq!(compiled.candidates(event, &mut scratch), usize::from(fires), "{address}");
        });
    }
}

#[test]
fn content_is_the_same_wherever_a_rule_stands() {
    let mut random = Random::new(9);
    let text = document(&mut random, 50);
    let rules = Rules::compile(&text).unwrap();
    let contents: Vec<u64> = (0..50).map(|rule| rules.info(rule).unwrap().content).collect();
    let (mut sorted, mut value) = (contents.clone(), serde_json::from_str::<serde_json::Value>(&text).unwrap());
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), contents.len(), "rules differ, and so do their contents");
    value["rules"].as_array_mut().unwrap().reverse();
    let reversed = Rules::compile(&value.to_string()).unwrap();
    let back: Vec<u64> = (0..50).rev().map(|rule| reversed.info(rule).unwrap().content).collect();
    assert_eq!(back, contents);
    value["rules"][0]["fold"] = serde_json::json!(["client.ip"]);
    assert_ne!(Rules::compile(&value.to_string()).unwrap().info(0).unwrap().content, back[49]);
}
