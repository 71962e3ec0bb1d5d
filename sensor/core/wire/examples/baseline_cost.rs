//! What a baseline costs: load time, memory per tuple, nanoseconds per message.
//!
//! ```text
//! cargo run --release -p wire --example baseline_cost -- make 1000000 /tmp/large.bin
//! cargo run --release -p wire --example baseline_cost -- run /tmp/large.bin
//! ```
//! The table: a tenth as many links as tuples, each with two operations, four stretches of registers and three polls of
//! one second. The traffic: every poll once a second with its answer, in an order that no cache foresees. Time is the
//! thread's own on the processor, the least of several rounds; what making the messages costs is taken off.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]
#![allow(clippy::indexing_slicing)]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use wire::baseline::{Baseline, LearnSettings, Learner, Mark, PeriodSettings, Periods, Shard};
use wire::event::{Asked, Endpoint, Event, LinkFacts};
use wire::protocol::PROTOCOLS;
use wire::value::{Class, Record, Role};

const SECOND: u64 = 1_000_000_000;
const START: u64 = 1_760_000_000 * SECOND;
/// Start and length of what each link's polls read, and of what it writes.
const READS: [(u64, u64); 3] = [(0, 10), (100, 20), (1000, 125)];
const WRITE: (u64, u64) = (2000, 4);
const SERVERS_PER_CLIENT: u64 = 250;
/// Messages of one measurement (the processor's account is kept in milliseconds), and measurements.
const MESSAGES: usize = 1_000_000;
const ROUNDS: usize = 7;

fn station(high: u8, number: u64) -> Endpoint {
    let ip = Ipv4Addr::new(10, high, (number >> 8) as u8, number as u8);
    Endpoint { ip: IpAddr::V4(ip), port: 502, mac: [2, high, 0, 0, (number >> 8) as u8, number as u8] }
}

/// Client and server of a link.
fn ends(link: u64) -> (Endpoint, Endpoint) {
    (station(1, link / SERVERS_PER_CLIENT), station(2 + (link >> 16) as u8, link))
}

#[derive(Clone, Copy)]
enum Ask {
    /// One of the learned polls.
    Poll(usize),
    /// Registers inside what was learned, but not the request that is polled.
    Inside(usize),
    Write,
}

fn request(record: &mut Record, ask: Ask) {
    record.clear();
    record.role = Role::Request;
    record.reference = Some(1);
    let (operation, name, class, (start, length)) = match ask {
        Ask::Poll(number) => (3, "read_holding_registers", Class::Read, READS[number]),
        Ask::Inside(number) => (3, "read_holding_registers", Class::Read, (READS[number].0 + 2, 5)),
        Ask::Write => (16, "write_multiple_registers", Class::Write, WRITE),
    };
    (record.operation, record.operation_name, record.class) = (operation, name, class);
    record.push_stretch(black_box("holding_register"), 1, start, start + length - 1);
}

fn respond(record: &mut Record, asked: &Asked) {
    record.clear();
    record.role = Role::Response;
    record.reference = Some(1);
    (record.operation, record.operation_name, record.class) = (asked.operation, "read_holding_registers", asked.class);
}

fn event<'a>(record: &'a Record, ends: &'a (Endpoint, Endpoint), ts_ns: u64, asked: Option<&'a Asked>) -> Event<'a> {
    Event {
        ts_ns,
        number: 1,
        input: 0,
        segment: 0,
        protocol: PROTOCOLS.iter().position(|protocol| protocol.name == "modbus").unwrap(),
        family: PROTOCOLS.iter().position(|protocol| protocol.name == "modbus").unwrap(),
        transport: 6,
        vlan: None,
        from_client: asked.is_none(),
        client: &ends.0,
        server: &ends.1,
        record,
        bytes: &[0; 12],
        asked,
        link: None,
        stream_flaws: 0,
    }
}

fn make(tuples: u64, path: &str) {
    let mut learner = Learner::new(LearnSettings::default());
    let mut record = Record::default();
    let links = (tuples / 10).max(1);
    // Link by link: a request must come again before too many others came for the first time.
    for link in 0..links {
        let ends = ends(link);
        for round in 0..24 {
            let ts_ns = START + round * SECOND;
            let asks = [Ask::Poll(0), Ask::Poll(1), Ask::Poll(2), Ask::Write];
            // Written once in a while: not a poll.
            for ask in &asks[..if round == 5 { 4 } else { 3 }] {
                request(&mut record, *ask);
                learner.observe(&event(&record, &ends, ts_ns, None), ts_ns);
            }
        }
    }
    let bytes = learner.finish(START + 24 * SECOND);
    std::fs::write(path, &bytes).unwrap();
    println!("{links} links, {} bytes, {:.1} a tuple", bytes.len(), bytes.len() as f64 / tuples as f64);
}

/// Nanoseconds of this thread on the processor.
fn processor_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

/// A line of `/proc/self/status` in KiB.
fn memory(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[derive(Clone, Copy, PartialEq)]
enum Work {
    Nothing,
    /// The check alone, by looking everything up.
    LookUp,
    /// Check and periods, as the engine asks.
    Remember,
}

struct Traffic {
    baseline: Baseline,
    marks: Vec<Mark>,
    periods: Periods,
    now_ns: u64,
    found: usize,
}

impl Traffic {
    /// Every `ask` of every link once, spread over a second.
    fn second(&mut self, asks: &[Ask], answers: bool, work: Work) {
        let mut record = Record::default();
        let (mut deviations, mut timed) = (Vec::new(), Vec::new());
        let count = self.marks.len() * asks.len();
        // Coprime to any count that is not a multiple of it: every place once.
        let stride = 1_000_003 % count.max(2);
        let mut place = 0;
        for number in 0..count {
            place = (place + stride) % count;
            let (link, ask) = (place / asks.len(), asks[place % asks.len()]);
            let ends = ends(link as u64);
            let ts_ns = self.now_ns + SECOND / count as u64 * number as u64;
            request(&mut record, ask);
            let mut asked = event(&record, &ends, ts_ns, None);
            let mut message = |event: &mut Event<'_>| match work {
                Work::Nothing => {
                    black_box((event, self.marks[link]));
                }
                Work::LookUp => {
                    black_box(self.baseline.assess(self.marks[link].link(), event, &mut deviations));
                }
                Work::Remember => {
                    self.periods.message(&mut self.marks[link], event, ts_ns, &mut deviations, &mut timed);
                }
            };
            message(&mut asked);
            if answers {
                let asked = Asked {
                    number: 1,
                    ts_ns,
                    operation: record.operation,
                    class: record.class,
                    facts: Some(LinkFacts { known: true, ..LinkFacts::default() }),
                };
                respond(&mut record, &asked);
                message(&mut event(&record, &ends, ts_ns, Some(&asked)));
            }
        }
        if work == Work::Remember {
            self.now_ns += SECOND;
            self.periods.tick(self.now_ns, &mut timed);
        }
        self.found += deviations.len() + timed.len();
    }

    /// Nanoseconds a message: the least of several measurements.
    fn least(&mut self, asks: &[Ask], answers: bool, work: Work) -> f64 {
        let messages = self.marks.len() * asks.len() * if answers { 2 } else { 1 };
        let seconds = (MESSAGES / messages).max(1);
        let measure = |_| {
            let begun = processor_ns();
            (0..seconds).for_each(|_| self.second(asks, answers, work));
            (processor_ns() - begun) as f64 / (seconds * messages) as f64
        };
        (0..ROUNDS).map(measure).fold(f64::MAX, f64::min)
    }
}

fn run(path: &str) {
    let bytes = std::fs::read(path).unwrap();
    let before = memory("VmRSS");
    let begun = processor_ns();
    let baseline = Baseline::from_bytes(&bytes).unwrap();
    let periods = Periods::new(&baseline, PeriodSettings::default(), Shard::ALL);
    let load_ms = (processor_ns() - begun) as f64 / 1e6;
    let held = memory("VmRSS").saturating_sub(before);
    let peak = memory("VmHWM").saturating_sub(before);
    println!("load {load_ms:.0} ms, {held} KiB held, {peak} KiB at the peak");
    let marks = (0..).map(ends).map(|ends| baseline.mark(0, ends.0.ip, ends.1.ip, "modbus"));
    let marks: Vec<Mark> = marks.take_while(|mark| mark.link().is_some()).collect();
    println!("{} links", marks.len());
    let mut traffic = Traffic { baseline, marks, periods, now_ns: START, found: 0 };
    let polls = [Ask::Poll(0), Ask::Poll(1), Ask::Poll(2)];
    let others = [Ask::Inside(1), Ask::Write, Ask::Inside(2)];
    for (name, asks, answers) in
        [("polls", &polls, false), ("polls and answers", &polls, true), ("other requests", &others, false)]
    {
        let nothing = traffic.least(asks, answers, Work::Nothing);
        let check = traffic.least(asks, answers, Work::LookUp);
        let both = traffic.least(asks, answers, Work::Remember);
        println!(
            "{name}: check by look-up {:.1} ns, check and periods {:.1} ns a message",
            check - nothing,
            both - nothing
        );
    }
    let all = memory("VmRSS").saturating_sub(before);
    let heap = (traffic.baseline.heap_bytes() / 1024, traffic.periods.heap_bytes() / 1024);
    println!("{all} KiB held after a while: table {} KiB, periods {} KiB; {} findings", heap.0, heap.1, traffic.found);
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", tuples, path] => make(tuples.parse().unwrap(), path),
        ["run", path] => run(path),
        _ => eprintln!("baseline_cost make TUPLES FILE | run FILE"),
    }
}
