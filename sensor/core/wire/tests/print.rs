//! Whatever a record holds, its line is one JSON object with every key once.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use std::collections::HashSet;

use common::random::Random;
use wire::event::{Asked, Endpoint, Event, LinkFacts, BASE_FIELDS};
use wire::print::{self, csv, Names, Printer};
use wire::protocol::PROTOCOLS;
use wire::value::{Class, Outcome, Record, Role, Span, Value};

fn span(random: &mut Random) -> Span {
    Span { start: random.below(80) as u32, len: [0, 3, 40, u32::MAX][random.below(4)] }
}

fn value(random: &mut Random, record: &mut Record) -> Value {
    let bytes: Vec<u8> = (0..random.below(30)).map(|_| random.byte()).collect();
    match random.below(13) {
        0 => Value::Unsigned(random.next()),
        1 => Value::Signed(random.next() as i64),
        2 => Value::Float(f64::from_bits(random.next())),
        3 => Value::Float([f64::NAN, f64::INFINITY, -0.0, f64::MIN_POSITIVE, f64::MAX][random.below(5)]),
        4 => Value::Bool(random.one_in(2)),
        5 => Value::Name("na\"me\\\u{7f}\u{2028}"),
        6 => Value::Text(record.push_text(&bytes)),
        7 => Value::Text(span(random)),
        8 => Value::Bytes(span(random)),
        9 => Value::Blob(if random.one_in(2) { record.push_bytes(&bytes) } else { span(random) }),
        10 => Value::Ip(if random.one_in(2) { [1, 2, 3, 4].into() } else { [random.next() as u16; 8].into() }),
        11 => Value::Words(span(random)),
        _ => Value::Bits { start: random.below(80) as u32, count: [0, 9, 500, u32::MAX][random.below(4)] },
    }
}

/// Keys of one flat object, as they stand there: a parser would hide a second one.
fn keys(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut depth, mut rest) = (0, line);
    while let Some(character) = rest.chars().next() {
        match character {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            '"' => {
                let mut texts = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                let text = texts.next().unwrap().unwrap();
                rest = &rest[texts.byte_offset()..];
                if depth == 1 && rest.starts_with(':') {
                    found.push(text);
                }
                continue;
            }
            _ => {}
        }
        rest = &rest[character.len_utf8()..];
    }
    found
}

#[test]
fn any_record_prints_as_one_object_with_every_key_once() {
    let client = Endpoint { ip: [10, 0, 0, 1].into(), port: 1, mac: [255; 6] };
    let server = Endpoint { ip: [0xfe80; 8].into(), port: 502, mac: [0; 6] };
    let names =
        Names { inputs: vec!["a\"\\\n\u{0}角.pcap".into()], segments: vec!["seg\u{1b}\u{2029}".into()], files: true };
    let mut printer = Printer::default();
    for seed in 1..4000 {
        let mut random = Random::new(seed);
        let protocol = random.below(PROTOCOLS.len());
        let mut record = Record::default();
        for slot in 0..PROTOCOLS[protocol].fields.len() {
            match random.below(4) {
                0 => {}
                1 => {
                    let values: Vec<Value> = (0..random.below(5)).map(|_| value(&mut random, &mut record)).collect();
                    record.set_list(slot, &values);
                }
                2 => record.set(slot, Value::List(span(&mut random))),
                _ => {
                    let value = value(&mut random, &mut record);
                    record.set(slot, value);
                }
            }
        }
        record.flaws = random.next();
        record.role = [Role::Request, Role::Response, Role::Unsolicited][random.below(3)];
        record.outcome = [Outcome::Success, Outcome::Failure, Outcome::Unknown][random.below(3)];
        record.operation = random.next() as u32;
        let bytes: Vec<u8> = (0..random.below(100)).map(|_| random.byte()).collect();
        let asked =
            Asked { number: random.next(), ts_ns: random.next(), operation: 1, class: Class::Read, facts: None };
        let event = Event {
            ts_ns: random.next(),
            number: random.next(),
            input: random.below(2) as u16,
            segment: random.below(2) as u16,
            protocol,
            family: protocol,
            transport: 6,
            vlan: Some(1),
            from_client: random.one_in(2),
            client: &client,
            server: &server,
            record: &record,
            bytes: &bytes,
            asked: random.one_in(2).then_some(&asked),
            link: random.one_in(2).then_some(LinkFacts::default()),
            stream_flaws: random.byte(),
        };
        let mut out = Vec::new();
        print::event(&mut out, &event, &names);
        let mut again = Vec::new();
        printer.event(&mut again, &event, &names);
        assert_eq!(again, out, "seed {seed}: what was prepared is not what is said");
        let line = String::from_utf8(out).unwrap();
        assert!(!line.contains(['\n', '\r']));
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("seed {seed}: {error}: {line}"));
        let keys = keys(&line);
        assert_eq!(keys.len(), object.len(), "seed {seed}: a key twice in {line}");
    }
}

/// Messages that differ in one thing only, each after each other, by one printer and by fresh ones.
#[test]
fn what_was_prepared_for_one_message_is_not_said_of_another() {
    let names = Names {
        inputs: vec!["a.pcap".into(), "b.pcap".into()],
        segments: vec!["default".into(), "cell".into()],
        files: true,
    };
    let ends: Vec<Endpoint> =
        [([10, 0, 0, 1], 502, 1), ([10, 0, 0, 2], 502, 1), ([10, 0, 0, 1], 503, 1), ([10, 0, 0, 1], 502, 2)]
            .map(|(ip, port, mac)| Endpoint { ip: ip.into(), port, mac: [mac; 6] })
            .into();
    let mut records: [Record; 6] = Default::default();
    records[1].operation = 3;
    records[2].operation_name = "read";
    records[3].role = Role::Response;
    records[4].class = Class::Write;
    records[5].outcome = Outcome::Failure;
    let plain = || Event {
        ts_ns: 1,
        number: 1,
        input: 0,
        segment: 0,
        protocol: 0,
        family: 0,
        transport: 6,
        vlan: None,
        from_client: true,
        client: &ends[0],
        server: &ends[0],
        record: &records[0],
        bytes: &[],
        asked: None,
        link: None,
        stream_flaws: 0,
    };
    let mut events: Vec<Event<'_>> = ends.iter().map(|end| Event { client: end, ..plain() }).collect();
    events.extend(ends.iter().map(|end| Event { server: end, ..plain() }));
    events.extend(records.iter().map(|record| Event { record, ..plain() }));
    events.extend([
        Event { input: 1, ..plain() },
        Event { segment: 1, ..plain() },
        Event { protocol: 1, ..plain() },
        Event { transport: 1, ..plain() },
        Event { vlan: Some(0), ..plain() },
        Event { from_client: false, client: &ends[1], ..plain() },
    ]);
    let all: Vec<usize> = (0..PROTOCOLS.len()).collect();
    let (mut printer, mut rows) = (Printer::default(), csv::Rows::new(&all));
    for event in events.iter().flat_map(|first| events.iter().flat_map(move |second| [first, second])) {
        let (mut line, mut fresh) = (Vec::new(), Vec::new());
        printer.event(&mut line, event, &names);
        print::event(&mut fresh, event, &names);
        assert_eq!(String::from_utf8(line).unwrap(), String::from_utf8(fresh).unwrap());
        let (mut row, mut fresh) = (Vec::new(), Vec::new());
        rows.event(&mut row, event, &names);
        csv::Rows::new(&all).event(&mut fresh, event, &names);
        assert_eq!(String::from_utf8(row).unwrap(), String::from_utf8(fresh).unwrap());
    }
}

#[test]
fn no_two_fields_share_a_name() {
    let mut seen = HashSet::new();
    for field in BASE_FIELDS.iter().chain(PROTOCOLS.iter().flat_map(|protocol| protocol.fields)) {
        assert!(seen.insert(field.name), "{} twice", field.name);
    }
}
