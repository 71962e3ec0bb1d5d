//! What rules cost per message: `cargo run --release -p wire --example rules_cost [ROUNDS [COUNT | DOCUMENT [TRAFFIC]]]`.
//!
//! Rules by the number, none of which fires, on the operations that occur: register ranges that overlap, networks, sets
//! of values, byte patterns, and these joined. One count, a document compiled elsewhere and one kind of traffic can be
//! asked for, as for a run below callgrind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss
)]

use std::hint::black_box;
use std::time::Instant;

use wire::event::{Endpoint, Event};
use wire::protocol::{Context, PROTOCOLS, TCP};
use wire::rules::{Narrowed, Rules, Scratch};
use wire::site::Site;
use wire::value::{Record, Role, Value};

struct Message {
    protocol: usize,
    bytes: Vec<u8>,
    record: Record,
    from_client: bool,
    client: Endpoint,
    server: Endpoint,
}

impl Message {
    fn new(protocol: &str, number: usize, from_client: bool, bytes: Vec<u8>) -> Self {
        let end = |side, port| Endpoint {
            ip: [10, side, 0, number as u8].into(),
            port,
            mac: [2, side, 0, 0, 0, number as u8],
        };
        let protocol = PROTOCOLS.iter().position(|entry| entry.name == protocol).unwrap();
        let (client, server) = (end(1, 40_000), end(2, 502));
        Self { protocol, bytes, record: Record::default(), from_client, client, server }
    }

    fn modbus(number: usize, from_client: bool, pdu: &[u8]) -> Self {
        let mut bytes = vec![0, number as u8, 0, 0, 0, pdu.len() as u8 + 1, 1];
        bytes.extend_from_slice(pdu);
        let mut made = Self::new("modbus", number, from_client, bytes);
        let context = Context {
            from_client,
            after_gap: false,
            transport: TCP,
            ts_ns: 0,
            client: &made.client,
            server: &made.server,
            site: &Site::shared(),
        };
        PROTOCOLS[made.protocol].parser().unwrap().message(&made.bytes, &context, &mut made.record);
        made
    }

    /// A message whose fields are given by name.
    fn other(protocol: &str, number: usize, from_client: bool, fields: &[(&str, Value)]) -> Self {
        let mut made = Self::new(protocol, number, from_client, vec![3; 60]);
        made.record.role = if from_client { Role::Request } else { Role::Response };
        for (name, value) in fields {
            let slot = PROTOCOLS[made.protocol].fields.iter().position(|field| field.name == *name).unwrap();
            made.record.set(slot, *value);
        }
        made
    }

    fn look<T>(&self, see: impl FnOnce(&Event<'_>) -> T) -> T {
        see(&Event {
            ts_ns: 0,
            number: 1,
            input: 0,
            segment: 0,
            protocol: self.protocol,
            family: self.protocol,
            transport: 6,
            vlan: None,
            from_client: self.from_client,
            client: &self.client,
            server: &self.server,
            record: &self.record,
            bytes: &self.bytes,
            asked: None,
            link: None,
            stream_flaws: 0,
        })
    }
}

/// Registers 0–9999, values below 0xf000, 10.0.0.0/8.
fn traffic(kind: &str) -> Vec<Message> {
    let mut made = Vec::new();
    for n in 0..24u8 {
        let number = usize::from(n);
        match kind {
            "modbus read" => {
                made.push(Message::modbus(number, true, &[3, 0, n * 10, 0, 10]));
                let mut answer = vec![3, 20];
                answer.extend([n.wrapping_mul(31) & 0x7f; 20]);
                made.push(Message::modbus(number, false, &answer));
            }
            "modbus mixed" => {
                let code = [1, 2, 3, 4, 5, 6, 15, 16][usize::from(n % 8)];
                match code {
                    1..=4 => made.push(Message::modbus(number, true, &[code, n, 7, 0, 16])),
                    5 => made.push(Message::modbus(number, true, &[code, n, 7, 0xff, 0])),
                    6 => made.push(Message::modbus(number, true, &[code, n, 7, 3, n])),
                    15 => made.push(Message::modbus(number, true, &[code, n, 7, 0, 16, 2, n, n])),
                    _ => made.push(Message::modbus(number, true, &[code, n, 7, 0, 2, 4, 1, n, 2, n])),
                }
            }
            "s7comm" => {
                let code = if n % 2 == 0 { 4u64 } else { 5 };
                let fields = [
                    ("s7comm.rosctr", Value::Unsigned(1)),
                    ("s7comm.function", Value::Unsigned(code)),
                    ("s7comm.item.db", Value::Unsigned(n.into())),
                    ("s7comm.item.address", Value::Unsigned(u64::from(n) * 16)),
                ];
                made.push(Message::other("s7comm", number, true, &fields));
            }
            _ => {
                let service = if n % 2 == 0 { "read" } else { "publish" };
                let fields = [("opcua.service", Value::Name(service)), ("opcua.message_size", Value::Unsigned(120))];
                let mut message = Message::other("opcua", number, true, &fields);
                let slot = PROTOCOLS[message.protocol].fields.iter().position(|f| f.name == "opcua.node_ids").unwrap();
                for node in 0..4 {
                    let text = message.record.push_text(format!("ns=2;s=Line{n}.Motor{node}.Speed").as_bytes());
                    message.record.push(slot, Value::Text(text));
                }
                made.push(message);
            }
        }
    }
    made
}

fn test(field: &str, operator: &str, values: &str) -> String {
    format!(r#"{{"test":{{"field":"{field}","operator":"{operator}","values":[{values}]}}}}"#)
}

fn all(parts: &[String]) -> String {
    format!(r#"{{"and":[{}]}}"#, parts.join(","))
}

fn rule(n: usize, protocol: &str) -> String {
    let turn = n / 10;
    let (code, register) = match protocol {
        "modbus" => (
            test("modbus.function_code", "in", ["1", "2", "3", "4", "5", "6", "15", "16", "3", "16,6"][turn % 10]),
            "modbus.address",
        ),
        "s7comm" => (test("s7comm.function", "in", ["4", "5"][turn % 2]), "s7comm.item.address"),
        _ => (test("opcua.service", "in", [r#""read""#, r#""publish""#][turn % 2]), "opcua.message_size"),
    };
    let low = 10_000 + n * 37 % 50_000;
    let between = |low: usize, wide: usize| {
        [test(register, "gte", &low.to_string()), test(register, "lte", &(low + wide).to_string())]
    };
    let net = |side: &str, net: String| test(side, "cidr", &format!("{net:?}"));
    let [above, below] = between(low, 30 + n * 13 % 900);
    let outside = || net("client.ip", format!("192.168.{}.0/{}", n % 250, 20 + n % 9));
    let [inside_above, inside_below] = between(n * 11 % 9_000, 500);
    match n % 10 {
        0 | 1 => all(&[code, above, below]),
        2 => all(&[code, above, below, test("client.port", "gte", "1024"), net("server.ip", "10.0.0.0/8".into())]),
        3 => all(&[code, outside(), inside_above, inside_below]),
        4 => all(&[code, outside(), net("server.ip", format!("10.{}.0.0/16", n % 200))]),
        5 => all(&[code, format!(r#"{{"not":{}}}"#, net("client.ip", "10.0.0.0/8".into())), inside_above]),
        6 | 7 if protocol == "modbus" => {
            let set = format!("{},{},{}", 0xf000 + n * 7 % 4095, 0xf000 + n * 11 % 4095, 0xf000 + n * 3 % 4095);
            all(&[
                test("modbus.function_code", "in", ["3", "4", "6", "16"][turn % 4]),
                test("modbus.values", "in", &set),
            ])
        }
        8 => {
            let pattern = match protocol {
                "opcua" => test("opcua.node_ids", "contains", &format!(r#""Unit{n}.Valve""#)),
                _ => {
                    test("message.bytes", "contains", &format!(r#""{:06x}ffffff{:04x}""#, n * 7919, (n * 31) & 0xffff))
                }
            };
            let words = test("modbus.function_code", "in", ["3", "4", "6", "16"][turn % 4]);
            all(&[if protocol == "modbus" { words } else { code }, pattern])
        }
        _ => format!(r#"{{"or":[{},{}]}}"#, all(&[code.clone(), above, below]), all(&[code, outside()])),
    }
}

fn document(count: usize, protocol: &str) -> String {
    let rules =
        (0..count).map(|n| format!(r#"{{"id":"{n}","protocol":"{protocol}","condition":{}}}"#, rule(n, protocol)));
    format!(r#"{{"version":1,"rules":[{}]}}"#, rules.collect::<Vec<_>>().join(","))
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds: usize = arguments.next().map_or(20_000, |text| text.parse().expect("a number of rounds"));
    let given = arguments.next();
    let counts = given.as_ref().map_or(vec![0, 20, 200, 2_000, 20_000], |text| vec![text.parse().unwrap_or(0)]);
    let given = given.filter(|text| text.parse::<usize>().is_err());
    let given = given.map(|path| std::fs::read_to_string(path).expect("a readable document"));
    let wanted = arguments.next();
    println!("{:14}{:>8}{:>12}{:>10}{:>12}{:>8}", "traffic", "rules", "compile ms", "ns/event", "candidates", "fired");
    for kind in ["modbus read", "modbus mixed", "s7comm", "opcua"] {
        if wanted.as_ref().is_some_and(|wanted| wanted != kind) {
            continue;
        }
        let stream = traffic(kind);
        let protocol = kind.split(' ').next().unwrap();
        for count in counts.iter().copied() {
            let text = given.clone().unwrap_or_else(|| document(count, protocol));
            let begun = Instant::now();
            let rules = Rules::compile(&text).unwrap();
            let compiled_ms = begun.elapsed().as_secs_f64() * 1e3;
            let (mut scratch, mut out) = (Scratch::default(), Vec::new());
            // A conversation keeps what its stations leave possible.
            let kept: Vec<Narrowed> = stream.iter().map(|message| message.look(|event| rules.narrow(event))).collect();
            let (mut fired, mut best_ns) = (0, f64::MAX);
            // The quickest of five: others share the machine.
            for _ in 0..5 {
                let begun = Instant::now();
                for _ in 0..rounds / 5 {
                    for (message, narrowed) in stream.iter().zip(&kept) {
                        message.look(|event| {
                            rules.matches_narrowed(black_box(event), *narrowed, &mut scratch, &mut out);
                        });
                        fired += out.len();
                    }
                }
                best_ns = best_ns.min(begun.elapsed().as_secs_f64() * 1e9 / (rounds / 5 * stream.len()).max(1) as f64);
            }
            let candidates: usize =
                stream.iter().map(|message| message.look(|event| rules.candidates(event, &mut scratch))).sum();
            let average = candidates as f64 / stream.len() as f64;
            println!("{kind:14}{:>8}{compiled_ms:>12.1}{best_ns:>10.1}{average:>12.2}{fired:>8}", rules.len());
        }
    }
}
