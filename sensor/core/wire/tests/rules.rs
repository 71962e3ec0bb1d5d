//! Rules against real Modbus messages: what each operator means, and that cost does not grow with the number of rules.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![allow(clippy::cast_possible_truncation)]

use std::fmt::Write;

use wire::event::{Endpoint, Event, LinkFacts};
use wire::protocol::{place_of, Context, Step, PROTOCOLS, TCP};
use wire::rules::{Rules, Scratch};
use wire::site::Site;
use wire::value::Record;

const MODBUS: usize = place_of("modbus") as usize;

struct Message {
    bytes: Vec<u8>,
    record: Record,
    from_client: bool,
}

fn message(pdu: &[u8], from_client: bool) -> Message {
    let mut bytes = vec![0x00, 0x07, 0x00, 0x00, 0x00, u8::try_from(pdu.len() + 1).unwrap(), 0x11]; // unit 17
    bytes.extend_from_slice(pdu);
    let mut record = Record::default();
    let end = |last, port| Endpoint { ip: [10, 0, 0, last].into(), port, mac: [2, 0, 0, 0, 0, last] };
    let (client, server) = (end(1, 50_000), end(2, 502));
    let context = Context {
        from_client,
        after_gap: false,
        transport: TCP,
        ts_ns: 0,
        client: &client,
        server: &server,
        site: &Site::shared(),
    };
    let step = PROTOCOLS[MODBUS].parser().unwrap().message(&bytes, &context, &mut record);
    assert_eq!(step, Step::Message { used: bytes.len() });
    Message { bytes, record, from_client }
}

/// Write 0x1234 and 0x0005 to registers 100 and 101.
fn write() -> Message {
    message(&[16, 0, 100, 0, 2, 4, 0x12, 0x34, 0, 5], true)
}

fn check(message: &Message, link: Option<LinkFacts>, look: impl FnOnce(&Event<'_>)) {
    let client = Endpoint { ip: "10.1.2.3".parse().unwrap(), port: 50_000, mac: [2, 0, 0, 0xab, 0, 1] };
    let server = Endpoint { ip: "fd00::20".parse().unwrap(), port: 502, mac: [2, 0, 0, 0, 0, 2] };
    look(&Event {
        ts_ns: 1_700_000_000_000_000_000,
        number: 4,
        input: 0,
        segment: 1,
        protocol: MODBUS,
        family: MODBUS,
        transport: 6,
        vlan: Some(12),
        from_client: message.from_client,
        client: &client,
        server: &server,
        record: &message.record,
        bytes: &message.bytes,
        asked: None,
        link,
        stream_flaws: 0b100, // pairing.response_without_request
    });
}

fn rules(conditions: &[String]) -> Rules {
    let mut text = String::from(r#"{"version": 1, "segments": ["office", "plant"], "rules": ["#);
    for (number, condition) in conditions.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        write!(text, r#"{comma}{{"id": "rule-{number}", "protocol": "modbus", "condition": {condition}}}"#).unwrap();
    }
    Rules::compile(&(text + "]}")).unwrap()
}

fn test(field: &str, operator: &str, values: &str) -> String {
    format!(r#"{{"test": {{"field": "{field}", "operator": "{operator}", "values": {values}}}}}"#)
}

#[test]
fn every_operator_on_every_kind_of_value() {
    let cases = [
        ("modbus.function_code", "in", "[5, 16]", true),
        ("modbus.function_code", "in", "[5, 15]", false),
        ("modbus.function_code", "gte", "[16]", true),
        ("modbus.function_code", "gt", "[16]", false),
        ("modbus.function_code", "gt", "[15.5]", true),
        ("modbus.function_code", "lte", "[16]", true),
        ("modbus.function_code", "lt", "[16, 3]", false),
        ("modbus.function_code", "in", "[16.5]", false),
        ("modbus.exception_code", "in", "[0]", false), // not there
        ("modbus.exception_code", "exists", "[false]", true),
        ("modbus.values", "in", "[4660]", true), // any element
        ("modbus.values", "lt", "[6]", true),
        ("modbus.values", "gt", "[4660]", false),
        ("modbus.function_name", "in", r#"["write_multiple_registers"]"#, true),
        ("modbus.function_name", "in", r#"["Write_Multiple_Registers"]"#, false), // case counts
        ("modbus.function_name", "startswith", r#"["read", "write"]"#, true),
        ("modbus.function_name", "endswith", r#"["coils"]"#, false),
        ("modbus.function_name", "contains", r#"["multiple"]"#, true),
        ("client.ip", "cidr", r#"["10.0.0.0/8", "fd00::/8"]"#, true),
        ("client.ip", "in", r#"["10.1.2.4"]"#, false),
        ("server.ip", "cidr", r#"["10.0.0.0/8"]"#, false),
        ("server.ip", "in", r#"["fd00::20"]"#, true),
        ("destination.port", "in", "[502]", true),
        ("source.mac", "startswith", r#"["02:00:00:ab"]"#, true),
        ("destination.mac", "in", r#"["02:00:00:00:00:02"]"#, true),
        ("network.vlan.id", "in", "[12]", true),
        ("message.kind", "in", r#"["request"]"#, true),
        ("operation.class", "in", r#"["write"]"#, true),
        ("event.outcome", "exists", "[true]", false),
        ("segment", "in", r#"["plant"]"#, true),
        ("segment", "startswith", r#"["off"]"#, false),
        ("flaws", "in", r#"["pairing.response_without_request"]"#, true),
        ("flaws", "in", r#"["modbus.quantity"]"#, false),
        ("flaws", "startswith", r#"["pairing."]"#, true),
        ("flaws", "exists", "[true]", true),
        ("link.known", "in", "[true]", false), // no baseline, no field
    ];
    check(&write(), None, |event| {
        let mut out = vec![7];
        for (field, operator, values, expected) in cases {
            let condition = test(field, operator, values);
            rules(std::slice::from_ref(&condition)).matches(event, &mut Scratch::default(), &mut out);
            assert_eq!(out, if expected { vec![0] } else { vec![] }, "{condition}");
            rules(&[format!(r#"{{"not": {condition}}}"#)]).matches(event, &mut Scratch::default(), &mut out);
            assert_eq!(out, if expected { vec![] } else { vec![0] }, "not {condition}");
        }
        // All of them at once go through the index, which must change nothing.
        let together: Vec<String> = cases.iter().map(|(field, how, values, _)| test(field, how, values)).collect();
        rules(&together).matches(event, &mut Scratch::default(), &mut out);
        let expected: Vec<u32> = (0u32..).zip(&cases).filter(|(_, case)| case.3).map(|(at, _)| at).collect();
        assert_eq!(out, expected);
    });
}

#[test]
fn bits_and_raw_bytes_are_seen_by_element() {
    let coils = message(&[15, 0, 0, 0, 3, 1, 0b101], true);
    check(&coils, None, |event| {
        let mut out = Vec::new();
        rules(&[test("modbus.values", "in", "[1]"), test("modbus.values", "gt", "[1]")]).matches(
            event,
            &mut Scratch::default(),
            &mut out,
        );
        assert_eq!(out, [0]);
    });
    let diagnostics = message(&[8, 0, 4, 0xca, 0xfe], true);
    check(&diagnostics, None, |event| {
        let mut out = Vec::new();
        rules(&[test("modbus.data", "startswith", r#"["ca"]"#), test("modbus.data", "contains", r#"["00"]"#)]).matches(
            event,
            &mut Scratch::default(),
            &mut out,
        );
        assert_eq!(out, [0]);
    });
}

#[test]
fn a_rule_that_needs_a_baseline_rests_without_one() {
    let text = r#"{"version": 1, "rules": [{"id": "a", "protocol": "modbus", "needs_baseline": true,
        "fold": ["client.ip"], "condition": {"not": {"test": {"field": "link.learned_writes", "operator": "in",
        "values": [true]}}}}]}"#;
    let rules = Rules::compile(text).unwrap();
    let mut out = Vec::new();
    check(&write(), None, |event| rules.matches(event, &mut Scratch::default(), &mut out));
    assert!(out.is_empty());
    check(&write(), Some(LinkFacts::default()), |event| rules.matches(event, &mut Scratch::default(), &mut out));
    assert_eq!(out, [0]);
    check(&write(), Some(LinkFacts { learned_writes: true, ..LinkFacts::default() }), |event| {
        rules.matches(event, &mut Scratch::default(), &mut out);
    });
    assert!(out.is_empty());
    let info = rules.info(0).unwrap();
    assert!(info.needs_baseline && info.id == "a" && info.fold.len() == 1);
}

/// What its operation and role decide of a rule is not asked again: it must be all that the rule asks.
#[test]
fn what_an_operation_decides_is_what_the_rule_says() {
    let code = |operator: &str, values: &str| test("modbus.function_code", operator, values);
    let request = test("message.kind", "in", r#"["request"]"#);
    let many: Vec<String> = (1..60).map(|code| code.to_string()).collect();
    let conditions = [
        code("in", "[6]"),
        code("in", "[3, 6, 200]"),
        code("gte", "[6]"),
        code("lt", "[6]"),
        code("in", &format!("[{}]", many.join(", "))),
        format!(r#"{{"not": {}}}"#, code("in", "[6]")),
        format!(r#"{{"and": [{}, {request}]}}"#, code("in", "[5, 6]")),
        format!(r#"{{"and": [{}, {}]}}"#, code("gte", "[5]"), code("lte", "[6]")),
        format!(r#"{{"or": [{}, {request}]}}"#, code("in", "[6]")),
        format!(r#"{{"and": [{}, {}]}}"#, code("in", "[6]"), test("modbus.address", "lt", "[8]")),
        request,
    ];
    let (all, mut hits) = (rules(&conditions), 0);
    for (function, from_client) in (1..=127).flat_map(|function| [(function, true), (function, false)]) {
        check(&message(&[function, 0, 7, 0, 1], from_client), None, |event| {
            let mut out = Vec::new();
            all.matches(event, &mut Scratch::default(), &mut out);
            let expected: Vec<u32> = (0..).take(conditions.len()).filter(|number| all.holds(*number, event)).collect();
            assert_eq!(out, expected, "function {function}, from client: {from_client}");
            for (condition, number) in conditions.iter().zip(0..) {
                let alone = rules(std::slice::from_ref(condition));
                alone.matches(event, &mut Scratch::default(), &mut out);
                assert_eq!(!out.is_empty(), expected.contains(&number), "{condition}");
            }
            hits += expected.len();
        });
    }
    assert!(hits > 500, "{hits}");
}

/// Rules made by a generator from a seed: the index must find exactly what evaluating each alone finds.
#[test]
fn the_index_finds_what_each_rule_alone_finds() {
    let mut seed = 0x2545_f491_4f6c_dd1du64;
    let mut next = move |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let leaf = |next: &mut dyn FnMut(u64) -> u64| match next(9) {
        0 => test("modbus.function_code", "in", &format!("[{}, {}]", next(24), next(24))),
        1 => test("modbus.address", "gte", &format!("[{}]", next(200))),
        2 => test("modbus.address", "in", &format!("[{}, {}]", 95 + next(10), next(65536))),
        3 => test("modbus.values", "in", &format!("[{}]", next(8))),
        4 => test("client.ip", "cidr", &format!(r#"["10.{}.0.0/{}"]"#, next(3), 8 + next(9))),
        5 => test("message.kind", "in", if next(2) == 0 { r#"["request"]"# } else { r#"["response"]"# }),
        6 => test(
            "flaws",
            "in",
            if next(2) == 0 { r#"["stream.gap"]"# } else { r#"["pairing.mismatch", "modbus.value"]"# },
        ),
        7 => test("modbus.unit_id", "lt", &format!("[{}]", next(40))),
        _ => test("modbus.quantity", "exists", if next(2) == 0 { "[true]" } else { "[false]" }),
    };
    let mut conditions = Vec::new();
    for _ in 0..600 {
        let parts: Vec<String> = (0..1 + next(3))
            .map(|_| {
                let one = leaf(&mut next);
                match next(5) {
                    0 => format!(r#"{{"not": {one}}}"#),
                    1 => format!(r#"{{"or": [{one}, {}]}}"#, leaf(&mut next)),
                    _ => one,
                }
            })
            .collect();
        conditions.push(format!(r#"{{"and": [{}]}}"#, parts.join(", ")));
    }
    let all = rules(&conditions);
    let alone: Vec<Rules> = conditions.iter().map(|condition| rules(std::slice::from_ref(condition))).collect();
    let messages = [
        write(),
        message(&[3, 0, 100, 0, 2], true),
        message(&[3, 4, 0, 5, 0, 6], false),
        message(&[5, 0, 7, 0x12, 0x34], true),
        message(&[0x83, 2], false),
        message(&[7], true),
    ];
    let mut hits = 0;
    for message in &messages {
        check(message, None, |event| {
            let (mut out, mut one) = (Vec::new(), Vec::new());
            all.matches(event, &mut Scratch::default(), &mut out);
            for (number, rule) in (0u32..).zip(&alone) {
                rule.matches(event, &mut Scratch::default(), &mut one);
                assert_eq!(out.contains(&number), !one.is_empty(), "{}", conditions[number as usize]);
            }
            hits += out.len();
            assert!(out.windows(2).all(|pair| pair[0] < pair[1]));
        });
    }
    assert!(hits > 100, "the generator makes rules that match: {hits}");
}

#[test]
fn two_thousand_rules_cost_what_twenty_cost() {
    let shapes: [fn(usize) -> String; 6] = [
        |n| test("modbus.address", "in", &format!("[{}]", 30 * n)),
        |n| test("client.ip", "in", &format!(r#"["10.7.{}.{}"]"#, n / 250, n % 250)),
        |n| {
            format!(
                r#"{{"and": [{}, {}]}}"#,
                test("modbus.unit_id", "in", &format!("[{}]", n % 248)),
                test("modbus.address", "gte", &format!("[{n}]"))
            )
        },
        |n| {
            format!(
                r#"{{"and": [{}, {}]}}"#,
                test("modbus.function_code", "in", "[5, 6, 15, 16]"),
                test("modbus.values", "in", &format!("[{}]", 10 * n + 7))
            )
        },
        |n| {
            let (low, high) = (format!("[{}]", 30 * n), format!("[{}]", 30 * n + 40));
            format!(r#"{{"and": [{}, {}]}}"#, test("modbus.address", "gte", &low), test("modbus.address", "lte", &high))
        },
        |n| test("modbus.function_name", "in", &format!(r#"["name_{n}"]"#)),
    ];
    for shape in shapes {
        let conditions: Vec<String> = (0..2000).map(shape).collect();
        let all = rules(&conditions);
        check(&write(), None, |event| {
            assert!(
                all.candidates(event, &mut Scratch::default()) <= 12,
                "{}: {}",
                conditions[1],
                all.candidates(event, &mut Scratch::default())
            )
        });
    }
}

#[test]
fn a_rule_is_about_events_of_its_protocol_name() {
    let of = |protocol: &str| {
        let condition = test("operation.code", "gte", "[0]");
        format!(r#"{{"version": 1, "rules": [{{"id": "x", "protocol": "{protocol}", "condition": {condition}}}]}}"#)
    };
    for name in ["modbus", "cotp"] {
        let place = PROTOCOLS.iter().position(|entry| entry.name == name).unwrap();
        check(&write(), None, |event| {
            // A message of that protocol inside a conversation of Modbus.
            let event = Event { protocol: place, ..*event };
            for about in ["modbus", "cotp", "s7comm-plus"] {
                let mut out = Vec::new();
                Rules::compile(&of(about)).unwrap().matches(&event, &mut Scratch::default(), &mut out);
                assert_eq!(out.len(), usize::from(about == name), "{about} of {name}");
            }
        });
    }
    assert!(Rules::compile(&of("profinet")).unwrap_err().contains("unknown protocol profinet"));
}

#[test]
fn what_cannot_be_compiled_is_said() {
    let rule = |condition: &str| {
        format!(r#"{{"version": 1, "rules": [{{"id": "x", "protocol": "modbus", "condition": {condition}}}]}}"#)
    };
    let deep = "{\"not\":".repeat(60) + &test("modbus.values", "in", "[1]") + &"}".repeat(60);
    for (condition, expected) in [
        (test("modbus.fc", "in", "[1]"), "unknown field modbus.fc"),
        (test("modbus.address", "in", r#"["a"]"#), "is a number"),
        (test("modbus.address", "in", "[]"), "no value"),
        (test("modbus.address", "contains", "[1]"), "does not apply"),
        (test("client.ip", "in", r#"["10.0.0.0/8"]"#), "|cidr"),
        (test("client.ip", "cidr", r#"["10.0.0.0/40"]"#), "prefix length"),
        (test("flaws", "in", r#"["modbus.nothing"]"#), "unknown flaw modbus.nothing"),
        (test("file.name", "in", r#"["x"]"#), "cannot be compared"),
        (test("modbus.function_name", "contains", r#"[""]"#), "empty text"),
        (test("modbus.values", "exists", r#"["yes"]"#), "true or false"),
        (deep, "levels"),
    ] {
        let error = Rules::compile(&rule(&condition)).unwrap_err();
        assert!(error.contains(expected), "{condition}: {error}");
    }
    for document in ["", "{}", r#"{"version": 2, "rules": []}"#, r#"{"version": 1, "rules": [], "more": 1}"#] {
        assert!(Rules::compile(document).is_err(), "{document}");
    }
    assert!(Rules::compile(r#"{"version": 1, "rules": []}"#).unwrap().is_empty());
}
