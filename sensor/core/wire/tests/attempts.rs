//! Conversations that come to nothing, and addresses that are claimed: what scans, floods and impostors are seen by.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::random::Random;
use common::*;
use serde_json::Value;
use wire::engine::Settings;
use wire::export::{Shape, Wanted};
use wire::packet::Sink;

const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

/// Only events of these protocols.
fn asked(protocols: &[&str]) -> Bench {
    let names: Vec<String> = protocols.iter().map(|name| (*name).to_owned()).collect();
    let events = Some(Wanted::new(Shape::Ndjson, &names).unwrap());
    Bench::with(Settings { events, ..settings() }, r#"{"version": 1, "rules": []}"#)
}

/// Which port, why, whether it had answered, and the frame that began it.
fn fruitless(bench: &mut Bench) -> Vec<(u64, String, bool, u64)> {
    let row = |event: &Value| {
        let number = |name: &str| event[name].as_u64().unwrap_or(0);
        let reason = event["flow.reason"].as_str().unwrap().to_owned();
        (number("server.port"), reason, event["flow.answered_before"] == true, number("frame.number"))
    };
    let events = bench.events();
    let mut rows: Vec<_> = events.iter().filter(|event| event["operation.name"] == "fruitless").map(row).collect();
    rows.sort();
    rows
}

fn seconds(bench: &mut Bench, count: u64) {
    bench.now_ns += count * SECOND;
    bench.engine.tick(bench.now_ns);
}

fn syn(client_port: u16, server_port: u16) -> Tcp {
    Tcp { server_port, ..tcp(true, 99, SYN, &[]).client_port(client_port) }
}

/// Handshake, question and answer.
fn modbus(bench: &mut Bench, client_port: u16) {
    bench.send(&syn(client_port, 502));
    bench.send(&tcp(false, 499, SYN | ACK, &[]).ack(100).client_port(client_port));
    bench.send(&tcp(true, 100, ACK, &read_request(1)).ack(500).client_port(client_port));
    bench.send(&tcp(false, 500, ACK, &read_response(1, 7)).ack(112).client_port(client_port));
}

fn datagram(source: u8, destination: u8, ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    let mut content = ports.0.to_be_bytes().to_vec();
    content.extend(ports.1.to_be_bytes());
    content.extend((8 + payload.len() as u16).to_be_bytes());
    content.extend([0, 0]);
    content.extend(payload);
    ipv4(source, destination, 17, &content)
}

fn arp(operation: u8, mac: u8, sender: u8, target: u8) -> Vec<u8> {
    let mut frame = vec![0xff; 6];
    frame.extend([2, 0, 0, 0, 0, mac, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, operation, 2, 0, 0, 0, 0, mac]);
    frame.extend([10, 0, 0, sender, 0, 0, 0, 0, 0, 0, 10, 0, 0, target]);
    frame.resize(60, 0);
    frame
}

#[test]
fn each_way_to_begin_in_vain_is_told_once() {
    let mut bench = asked(&["flow"]);
    let row = |port: u64, reason: &str, frame: u64| (port, reason.to_owned(), false, frame);
    bench.send(&syn(40001, 1));
    bench.send(&tcp(false, 0, RST | ACK, &[]).ack(100).client_port(40001).port(1));
    // Said nothing, and hung up.
    bench.send(&syn(40002, 2));
    bench.send(&tcp(false, 499, SYN | ACK, &[]).ack(100).client_port(40002).port(2));
    bench.send(&tcp(true, 100, RST, &[]).client_port(40002).port(2));
    let at_once = [row(1, "refused", 2), row(2, "abandoned", 5)];
    assert_eq!(fruitless(&mut bench), at_once);
    bench.send(&syn(40003, 3));
    bench.send(&syn(40003, 3));
    bench.send(&syn(40004, 4));
    bench.send(&tcp(false, 499, SYN | ACK, &[]).ack(100).client_port(40004).port(4));
    modbus(&mut bench, 40005);
    seconds(&mut bench, 2);
    assert_eq!(fruitless(&mut bench), at_once, "their time is not over");
    seconds(&mut bench, 2);
    let all = [at_once.to_vec(), vec![row(3, "unanswered", 6), row(4, "silent", 8)]].concat();
    assert_eq!(fruitless(&mut bench), all);
    seconds(&mut bench, 4000);
    bench.finish();
    assert_eq!(fruitless(&mut bench), all, "their ends are no second attempt");
}

#[test]
fn a_service_that_answered_before_is_missed_and_not_looked_for() {
    let mut bench = asked(&["flow"]);
    modbus(&mut bench, 40001);
    seconds(&mut bench, 5);
    bench.send(&syn(40002, 502));
    bench.send(&syn(40003, 503));
    seconds(&mut bench, 5);
    let missed = (502, "unanswered".to_owned(), true, 5);
    assert_eq!(fruitless(&mut bench), [missed, (503, "unanswered".to_owned(), false, 6)]);
}

/// Whoever scans neighbours asks for their hardware addresses first.
#[test]
fn who_told_his_hardware_address_has_not_answered_as_a_service() {
    let mut bench = asked(&["flow"]);
    bench.frame(&arp(1, 1, 1, 2));
    bench.frame(&arp(2, 2, 2, 1));
    seconds(&mut bench, 5);
    bench.send(&syn(40001, 44_818));
    bench.send(&tcp(false, 0, RST | ACK, &[]).ack(100).client_port(40001).port(44_818));
    let found: Vec<_> =
        fruitless(&mut bench).into_iter().map(|(port, reason, before, _)| (port, reason, before)).collect();
    assert_eq!(found, [(44_818, "refused".to_owned(), false)]);
}

#[test]
fn a_service_that_goes_on_to_answer_is_not_missed() {
    let mut bench = asked(&["flow"]);
    let asks = |bench: &mut Bench, number: u32| {
        bench.send(&tcp(true, 100 + number * 12, ACK, &read_request(1)).ack(500 + number * 11).client_port(40001));
    };
    let answers = |bench: &mut Bench, number: u32| {
        bench.send(&tcp(false, 500 + number * 11, ACK, &read_response(1, 7)).ack(112).client_port(40001));
    };
    modbus(&mut bench, 40001);
    // It is polled beside an attempt that nobody answers, and beside one that is refused at once.
    for number in 1..9 {
        seconds(&mut bench, 1);
        asks(&mut bench, number);
        answers(&mut bench, number);
        match number {
            4 => bench.send(&syn(40002, 502)),
            6 => {
                bench.send(&syn(40003, 502));
                bench.send(&tcp(false, 0, RST | ACK, &[]).ack(100).client_port(40003));
            }
            _ => {}
        }
    }
    let told = |bench: &mut Bench| -> Vec<(String, bool)> {
        fruitless(bench).into_iter().map(|(_, reason, before, _)| (reason, before)).collect()
    };
    let looked_for = [("refused".to_owned(), false), ("unanswered".to_owned(), false)];
    assert_eq!(told(&mut bench), looked_for);
    // Now it does not answer any more: it is missed, although its connection is still there.
    asks(&mut bench, 9);
    seconds(&mut bench, 1);
    bench.send(&syn(40004, 502));
    seconds(&mut bench, 5);
    assert_eq!(told(&mut bench), [&looked_for[..], &[("unanswered".to_owned(), true)]].concat());
}

#[test]
fn datagrams_and_questions_that_nobody_answers() {
    let mut bench = asked(&["flow"]);
    bench.frame(&datagram(1, 2, (50_000, 161), b"question"));
    bench.frame(&datagram(1, 2, (50_001, 162), b"question"));
    bench.frame(&datagram(2, 1, (162, 50_001), b"answer"));
    bench.frame(&ipv4(1, 3, 1, &[8, 0, 0xf7, 0xfe, 0, 0, 0, 1]));
    bench.frame(&arp(1, 1, 1, 4));
    bench.frame(&arp(1, 1, 1, 5));
    bench.frame(&arp(2, 5, 5, 1));
    // Nobody is to answer these: an announcement, a probe, and what goes to a group.
    bench.frame(&arp(1, 6, 6, 6));
    let mut probe = arp(1, 7, 0, 7);
    probe[28..32].fill(0);
    bench.frame(&probe);
    let mut many = datagram(1, 251, (5353, 5353), b"question");
    many[..6].copy_from_slice(&[1, 0, 0x5e, 0, 0, 251]);
    bench.frame(&many);
    seconds(&mut bench, 5);
    let events = bench.events();
    let mut servers: Vec<_> = events.iter().filter(|event| event["operation.name"] == "fruitless").collect();
    servers.sort_by_key(|event| event["frame.number"].as_u64());
    let found: Vec<_> = servers.iter().map(|event| event["server.ip"].as_str().unwrap()).collect();
    assert_eq!(found, ["10.0.0.2", "10.0.0.3", "10.0.0.4"]);
    assert_eq!((servers[0]["server.port"].as_u64(), servers[2]["flow.protocol"].as_str()), (Some(161), Some("arp")));
}

#[test]
fn a_capture_may_end_with_what_it_shows() {
    let mut bench = asked(&["flow"]);
    bench.send(&syn(40001, 1));
    bench.now_ns += 2 * SECOND;
    bench.send(&syn(40002, 2));
    bench.finish();
    assert_eq!(fruitless(&mut bench), [(1, "unanswered".to_owned(), false, 1)], "nobody knows of the last");
}

#[test]
fn public_addresses_are_told_of_where_a_conversation_begins() {
    let outside = |source: u8| {
        let mut frame = datagram(source, 9, (50_000, 443), b"hello");
        frame[30..34].copy_from_slice(&[8, 8, 8, 8]);
        frame
    };
    let mut bench = asked(&["flow"]);
    bench.frame(&outside(1));
    bench.frame(&outside(1));
    bench.frame(&datagram(1, 2, (50_000, 443), b"hello"));
    let events = bench.events();
    let found: Vec<_> = events.iter().map(|event| (&event["operation.name"], &event["flow.direction"])).collect();
    assert_eq!(found, [(&Value::from("public"), &Value::from("outbound"))]);
    assert_eq!(events[0]["destination.ip"], "8.8.8.8");
}

#[test]
fn calls_at_a_beat_and_services_at_once() {
    let mut bench = asked(&["flow"]);
    for number in 0..12u16 {
        let mut call = syn(40_000 + number, 443).bytes();
        call[30..34].copy_from_slice(&[8, 8, 8, 8]);
        bench.frame_unchecked(&call);
        seconds(&mut bench, 60);
    }
    (20..30u16).for_each(|port| bench.send(&syn(50_000 + port, port)));
    let events = bench.events();
    let told = |name: &str, field: &str| -> Vec<u64> {
        let mine = events.iter().filter(|event| event["operation.name"] == name);
        mine.map(|event| event[field].as_u64().unwrap()).collect()
    };
    assert_eq!(told("regular_calls", "flow.calls"), [5, 9]);
    assert!(told("regular_calls", "flow.period_ms").iter().all(|period| (59_900..60_100).contains(period)));
    assert_eq!(told("services_at_once", "flow.services"), [5, 6, 7, 8, 9, 10]);
}

#[test]
fn a_side_that_is_never_seen_is_told_and_makes_no_search() {
    let mut bench = asked(&["flow"]);
    bench.send(&syn(40001, 502));
    bench.send(&tcp(true, 100, ACK, &read_request(1)).ack(500).client_port(40001));
    bench.send(&tcp(true, 112, ACK, &read_request(2)).ack(511).client_port(40001));
    seconds(&mut bench, 5);
    bench.frame(&datagram(1, 2, (50_000, 161), b"question"));
    bench.frame(&datagram(1, 3, (50_000, 161), b"question"));
    seconds(&mut bench, 5);
    let events = bench.events();
    let found: Vec<_> = events
        .iter()
        .filter(|event| event["operation.name"] != "ended")
        .map(|event| (event["operation.name"].as_str().unwrap(), event["flow.answered_before"].as_bool()))
        .collect();
    assert_eq!(found[0], ("one_sided", None));
    let mut fruitless: Vec<_> = found[1..].to_vec();
    fruitless.sort_unstable();
    assert_eq!(fruitless, [("fruitless", Some(false)), ("fruitless", Some(true))]);
}

#[test]
fn what_arp_contradicts_is_told_with_the_message() {
    let mut bench = asked(&["arp"]);
    for frame in [arp(1, 1, 1, 2), arp(2, 2, 2, 1), arp(2, 9, 2, 1), arp(2, 9, 1, 2), arp(1, 2, 2, 1)] {
        bench.frame(&frame);
    }
    let events = bench.events();
    let conflicts: Vec<_> = events.iter().map(|event| event["arp.conflict"].as_str()).collect();
    assert_eq!(conflicts, [None, None, Some("forged"), Some("forged"), None]);
    let spoof = &events[3];
    assert_eq!((&spoof["arp.former_mac"], &spoof["arp.claims"]), (&"02:00:00:00:00:01".into(), &2.into()));
    assert_eq!((&events[1]["arp.unasked"], &spoof["arp.unasked"]), (&Value::Null, &true.into()));
}

const RULES: &str = r#"{"version": 1, "rules": [
    {"id": "scan", "protocol": "flow", "fold": ["client.ip", "server.port"],
     "condition": {"test": {"field": "operation.name", "operator": "in", "values": ["fruitless"]}},
     "correlation": {"distinct": {"field": "server.ip", "at_least": 6, "timespan_ns": 60000000000}}},
    {"id": "flood", "protocol": "flow", "fold": ["server.ip"],
     "condition": {"test": {"field": "flow.reason", "operator": "in", "values": ["unanswered", "refused"]}},
     "correlation": {"count": {"at_least": 8, "timespan_ns": 10000000000}}},
    {"id": "moved", "protocol": "arp", "fold": ["arp.sender_ip"],
     "condition": {"test": {"field": "arp.conflict", "operator": "exists", "values": [true]}}}]}"#;

/// Forty stations knock at each other, answer, refuse, look each other up and take each other's addresses.
fn unrest() -> Vec<(u64, Vec<u8>)> {
    let mut random = Random::new(7);
    let mut now_ns = START;
    let mut frames = Vec::new();
    for number in 0..6000u16 {
        now_ns += 1_000_000 * (1 + random.below(9) as u64);
        let (one, other) = (1 + random.below(40) as u8, 1 + random.below(40) as u8);
        let port = 20_000 + number;
        match random.below(5) {
            0 => frames.push((now_ns, arp(1, one, one, other))),
            1 => frames.push((now_ns, arp(2, if random.one_in(20) { other } else { one }, one, other))),
            2 => frames.push((now_ns, datagram(one, other, (port, 161), b"question"))),
            _ => {
                let mut frame = syn(port, [502, 102, 80][random.below(3)]).bytes();
                (frame[11], frame[5], frame[29], frame[33]) = (one, other, one, other);
                // No network's checksum is checked here: the stations of `Tcp` are two.
                frames.push((now_ns, frame.clone()));
                if random.one_in(3) {
                    let mut back = tcp(false, 0, RST | ACK, &[]).ack(100).client_port(port).bytes();
                    (back[11], back[5], back[29], back[33]) = (other, one, other, one);
                    back.splice(34..36, frame[36..38].to_vec());
                    frames.push((now_ns + 300_000, back));
                }
            }
        }
    }
    frames
}

fn run(frames: &[(u64, Vec<u8>)], threads: usize, block_packets: usize, flows: usize, taken_every: usize) -> String {
    let settings = Settings {
        threads,
        block_packets: Some(block_packets),
        flows,
        checksums: false,
        events: Some(Wanted::default()),
        listing: true,
        ..settings()
    };
    let mut bench = Bench::with(settings, RULES);
    for (place, (now_ns, frame)) in frames.iter().enumerate() {
        bench.now_ns = now_ns - 1_000_000;
        bench.frame_unchecked(frame);
        if place % taken_every == 0 {
            bench.output();
        }
    }
    bench.engine.tick(frames.last().unwrap().0 + 5 * SECOND);
    bench.finish();
    let ledger = bench.engine.ledger();
    let output = bench.output();
    let causes = |cause: &str| output.hits.iter().filter(|hit| &*hit.cause == cause).count();
    assert!(
        causes("rule:scan") > 10 && causes("rule:flood") > 5 && causes("rule:moved") > 5,
        "{:?}",
        output.hits.len()
    );
    format!("{ledger:?}\n{output:?}")
}

#[test]
fn threads_blocks_and_batches_change_nothing() {
    let frames = unrest();
    // 100 of some thousand conversations fit: what is pushed out early is told of as well.
    for flows in [100, 1 << 16] {
        let alone = run(&frames, 1, 1024, flows, 100_000);
        for (threads, block_packets, taken_every) in [(1, 1, 50), (2, 64, 1000), (4, 500, 100_000), (3, 7, 333)] {
            let other = run(&frames, threads, block_packets, flows, taken_every);
            assert!(alone == other, "{threads} threads, blocks of {block_packets}, {flows} flows");
        }
    }
}
