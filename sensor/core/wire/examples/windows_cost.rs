//! What a message costs in the windows: `cargo run --release --example windows_cost -- CONVERSATIONS ROUNDS`.
//!
//! Instructions: `valgrind --tool=callgrind --toggle-collect='*windows_cost::one*' target/release/examples/windows_cost 1000 200`
//! and divide what was collected by the number of messages.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use wire::event::{Asked, Endpoint, Event};
use wire::protocol::PROTOCOLS;
use wire::value::{Class, Outcome, Record, Role};
use wire::windows::{Closed, Windows};

const SECOND: u64 = 1_000_000_000;
/// Ranges that each client polls in turn.
const RANGES: u64 = 5;

fn request(number: u64) -> Record {
    let mut record = Record::default();
    record.role = Role::Request;
    record.reference = Some(number);
    let write = number % 20 == 19;
    (record.operation, record.class) = if write { (16, Class::Write) } else { (3, Class::Read) };
    let start = number % RANGES * 100;
    record.push_stretch("holding_register", 1, start, start + 9);
    record
}

fn response(asked: &Record) -> Record {
    let mut record = Record::default();
    record.role = Role::Response;
    record.reference = asked.reference;
    (record.operation, record.class, record.outcome) = (asked.operation, asked.class, Outcome::Success);
    record
}

struct Wire {
    requests: Vec<Record>,
    responses: Vec<Record>,
    sides: Vec<(Endpoint, Endpoint)>,
    marks: Vec<u64>,
    bytes: [u8; 64],
    protocol: usize,
}

#[inline(never)]
fn observe_all(windows: &mut Windows, wire: &mut Wire, rounds: u64) -> u64 {
    let mut now_ns = 1_000 * SECOND;
    for round in 0..rounds {
        let turn = (round % wire.requests.len() as u64) as usize;
        let (asked, answer) = (&wire.requests[turn], &wire.responses[turn]);
        for ((client, server), mark) in wire.sides.iter().zip(&mut wire.marks) {
            now_ns += 500;
            let mut event = Event {
                ts_ns: now_ns,
                number: round,
                input: 0,
                segment: 0,
                protocol: wire.protocol,
                family: wire.protocol,
                transport: 6,
                vlan: None,
                from_client: true,
                client,
                server,
                record: asked,
                bytes: &wire.bytes[..12],
                asked: None,
                link: None,
                stream_flaws: 0,
            };
            one(windows, &event, now_ns, mark);
            let (operation, class) = (asked.operation, asked.class);
            let question = Asked { number: round, ts_ns: now_ns, operation, class, facts: None };
            event.asked = Some(&question);
            now_ns += 500;
            (event.ts_ns, event.from_client) = (now_ns + (now_ns & 0x1f_ffff), false);
            (event.record, event.bytes) = (answer, &wire.bytes[..29]);
            one(windows, &event, now_ns, mark);
        }
    }
    now_ns
}

#[inline(never)]
fn one(windows: &mut Windows, event: &Event<'_>, now_ns: u64, mark: &mut u64) {
    windows.observe(event, now_ns, mark);
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>().unwrap());
    let (conversations, rounds) = (arguments.next().unwrap_or(1000), arguments.next().unwrap_or(2000));
    let messages = 2 * conversations * rounds;
    let side = |ip: u32| Endpoint { ip: IpAddr::V4(Ipv4Addr::from_bits(ip)), port: 502, mac: [2, 0, 0, 0, 0, 1] };
    let requests: Vec<Record> = (0..20).map(request).collect();
    let mut wire = Wire {
        responses: requests.iter().map(response).collect(),
        requests,
        sides: (0..conversations as u32).map(|c| (side(0x0a00_0000 + c / 50), side(0x0a80_0000 + c))).collect(),
        marks: vec![0; conversations as usize],
        bytes: [0; 64],
        protocol: PROTOCOLS.iter().position(|protocol| protocol.name == "modbus").unwrap(),
    };
    let mut windows = Windows::new(10 * SECOND, conversations as usize);
    windows.tick(1_000 * SECOND, &mut Closed::default());
    let started = Instant::now();
    let now_ns = observe_all(&mut windows, &mut wire, rounds);
    let spent = started.elapsed();
    let (count, bytes) = windows.state();
    let mut closed = Closed::default();
    let started = Instant::now();
    windows.tick(now_ns + 10 * SECOND, &mut closed);
    println!(
        "{conversations} conversations, {messages} messages: {:.1} ns and {} bytes of state a conversation; {} rows, {} stations: {:.1} ms",
        spent.as_nanos() as f64 / messages as f64,
        bytes / count.max(1),
        closed.rows.len(),
        closed.assets.len(),
        started.elapsed().as_secs_f64() * 1e3,
    );
}
