//! The compiled table: canonical, readable, and safe to read whatever the bytes are.

use wire::baseline::{table_from_json, table_to_json, Baseline, LearnSettings, Learner};
use wire::value::Class;

use crate::check::learn;
use crate::messages::{read, request, write, Message, SECOND};

fn messages() -> Vec<Message> {
    let mut all = Vec::new();
    for round in 0..30u64 {
        for server in 10..14 {
            all.push(read(1, server, 0, 9).at((1 + round) * SECOND));
            all.push(read(1, server, 20 + round * 2, 20 + round * 2).at((1 + round) * SECOND));
        }
        all.push(write(2, 10, 5, 5).at((1 + round * round) * SECOND));
        all.push(request(3, 10, 631, Class::Read).named("node", 2, &format!("温度.{round}")).at(round * SECOND));
    }
    all
}

#[test]
fn the_same_messages_give_the_same_bytes_and_the_same_again_through_json() {
    let bytes = learn(&messages());
    assert_eq!(bytes, learn(&messages()));
    let json = table_to_json(&bytes).unwrap();
    assert_eq!(table_from_json(&json).unwrap(), bytes);
    assert!(json.contains("\"period_us\":1000000") && json.contains("温度.7"), "{json}");
}

#[test]
fn order_does_not_matter_to_who_edits_it() {
    let bytes = learn(&messages());
    let mut document: serde_json::Value = serde_json::from_str(&table_to_json(&bytes).unwrap()).unwrap();
    for key in ["assets", "links"] {
        document[key].as_array_mut().unwrap().reverse();
    }
    assert_eq!(table_from_json(&document.to_string()).unwrap(), bytes);
    let twice = document["links"][0].clone();
    document["links"].as_array_mut().unwrap().push(twice);
    let error = table_from_json(&document.to_string()).unwrap_err();
    assert!(error.contains("stands there twice") && error.contains("192.168.1."), "{error}");
}

#[test]
fn what_another_version_wrote_is_refused_with_the_way_out() {
    for (format, way_out) in [(1u16, "learn it again"), (9, "upgrade")] {
        let mut bytes = learn(&messages());
        bytes[8..10].copy_from_slice(&format.to_le_bytes());
        let error = Baseline::from_bytes(&bytes).unwrap_err();
        assert!(error.contains(&format!("has format {format}")) && error.contains(way_out), "{error}");
    }
}

#[test]
fn mistakes_in_a_document_are_named() {
    let json = table_to_json(&learn(&messages())).unwrap();
    for (from, to, expected) in [
        ("\"class\":\"read\"", "\"class\":\"raed\"", "must be one of read, write"),
        ("\"roles\":[\"client\"]", "\"roles\":[\"boss\"]", "must be client or server"),
        ("\"02:00:00:00:00:01\"", "\"2:0\"", "six pairs"),
        ("\"low_us\":", "\"low_us\":9999999,\"x\":", "unknown field"),
        ("\"version\":3", "\"version\":1", "version 1"),
        ("\"protocol\":", "\"protokoll\":", "unknown field `protokoll`"),
    ] {
        let broken = json.replacen(from, to, 1);
        assert_ne!(broken, json, "{from} is there");
        let error = table_from_json(&broken).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn hostile_bytes_are_refused_and_never_panic() {
    let bytes = learn(&messages());
    for length in 0..bytes.len() {
        assert!(Baseline::from_bytes(&bytes[..length]).is_err(), "cut at {length}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(Baseline::from_bytes(&longer).unwrap_err().contains("follow its end"));
    let mut state = 7u64;
    for _ in 0..20_000 {
        let mut hostile = bytes.clone();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let place = (state >> 33) as usize % hostile.len();
            hostile[place] = (state >> 24) as u8;
        }
        let _ = Baseline::from_bytes(&hostile).map(|_| table_to_json(&hostile).unwrap());
    }
    let mut newer = bytes;
    newer[8] = 9;
    assert!(Baseline::from_bytes(&newer).unwrap_err().contains("format 9"));
    assert!(Baseline::from_bytes(b"OTUS").unwrap_err().contains("not a compiled baseline"));
}

#[test]
fn segments_are_known_by_name() {
    let mut learner =
        Learner::new(LearnSettings { segments: vec!["north".into(), "south".into()], ..LearnSettings::default() });
    let mut message = read(1, 10, 0, 9);
    message.segment = 1;
    learner.observe(&message.event(), SECOND);
    let bytes = learner.finish(SECOND);
    let (client, server) = (message.client.ip, message.server.ip);
    // Another sensor numbers them the other way round.
    let baseline = Baseline::with_segments(&bytes, &["south", "north"]).unwrap();
    assert!(baseline.link(0, client, server, "modbus").is_some());
    assert!(baseline.link(1, client, server, "modbus").is_none());
    assert!(Baseline::from_bytes(&bytes).unwrap().link(1, client, server, "modbus").is_none());
}

#[test]
fn a_hundred_thousand_rows_load() {
    let mut learner = Learner::new(LearnSettings::default());
    for number in 0..100_000u64 {
        let message = read((number % 200) as u8, 200 + (number % 50) as u8, number * 2, number * 2);
        learner.observe(&message.event(), SECOND);
    }
    let bytes = learner.finish(SECOND);
    let baseline = Baseline::from_bytes(&bytes).unwrap();
    assert!(baseline.link(0, read(0, 200, 0, 0).client.ip, read(0, 200, 0, 0).server.ip, "modbus").is_some());
}
