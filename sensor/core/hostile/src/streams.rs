//! Segments and datagrams of four conversations through flow table, reassembly, parsers, pairing and all the rooms behind.
//!
//! ```text
//! which server ports u8 | what is asked for u8 | sequence numbers' start u8
//! pieces: who and flags u8 | time u8 | place i16 | acknowledged i8 | bytes that the capture cut off u8
//! ```
//! Places count from what the sender has sent: 0 is next in line, less is once more, more leaves a hole.

use std::sync::{Arc, LazyLock};

use wire::analysis::Analysis;
use wire::baseline::{Baseline, Learner};
use wire::engine::{Lines, Tables};
use wire::evidence::{Evidence, Keeps, Reach};
use wire::export::{Export, Shape, Wanted};
use wire::flow::Address;
use wire::frame::{tcp, Frame, Layer4};
use wire::hash::{flow_hash, pair_hash};
use wire::ledger::{Ledger, Skip};
use wire::packet::{LinkType, Packet};
use wire::protocol::{ARP, PROTOCOLS, TCP, UDP};
use wire::reader::Stamp;
use wire::site::Site;
use wire::stream::Streams;
use wire::windows::Windows;

use crate::pieces::{Piece, Pieces};
use crate::rooms::{settings, tables, NAMES, POINTED, TABLES};
use crate::{printed, seeds};

pub const LIST: (usize, usize) = (3, 6);
pub const FROM_SERVER: u8 = 1;
pub const FLAGS: [(u8, u8); 4] = [(0x08, tcp::SYN), (0x10, tcp::FIN), (0x20, tcp::RST), (0x40, tcp::ACK)];
const CUT: u8 = 0x80;
/// What is asked for, beside events: a bit each.
const LEARN: u8 = 1;
const BASELINE: u8 = 2;
const EVIDENCE: u8 = 4;
const WINDOWS: u8 = 8;
const COLUMNS: u8 = 16;
const CSV: u8 = 32;
pub const FEW_FLOWS: u8 = 64;
const POINTS: u8 = 128;
const WINDOW_NS: u64 = 10_000_000_000;

/// By transport and port of the server; what has no ports stands there once.
pub static SERVERS: LazyLock<Vec<(u8, u16)>> = LazyLock::new(|| {
    let spoken = PROTOCOLS.iter().filter_map(|protocol| protocol.spoken.as_ref());
    let all = spoken.flat_map(|spoken| {
        let ports = if spoken.ports.is_empty() { &[0][..] } else { spoken.ports };
        spoken.transports.iter().flat_map(|transport| ports.iter().map(|port| (*transport, *port)))
    });
    // And a port that is nobody's: what is spoken there says the content.
    all.chain([(TCP, 9999), (UDP, 9999)]).collect()
});

pub fn run(input: &[u8]) {
    let Some(([server, wanted, start], list)) = input.split_first_chunk::<3>() else { return };
    let tables = &TABLES[usize::from(wanted & BASELINE != 0)];
    let mut wire = Wire::new(usize::from(*server), *wanted, u32::from(*start) << 24, tables);
    for (number, piece) in (1..).zip(Pieces::new(list, LIST.1)) {
        wire.piece(number, &piece);
    }
    wire.finish();
}

/// What a station's messages teach: the seeds of every protocol, one after the other.
pub fn learn() -> Learner {
    let tables = Arc::new(tables(None));
    let mut wire = Wire::new(0, LEARN, 0, &tables);
    for seed in seeds::conversations() {
        wire.server = usize::from(seed[0]);
        wire.sent = [[0; 2]; 4];
        for (number, piece) in (1..).zip(Pieces::new(&seed[LIST.0..], LIST.1)) {
            wire.piece(number, &piece);
        }
        wire.now_ns += WINDOW_NS;
    }
    wire.analysis.learner.take().expect("it was asked for")
}

struct Wire {
    server: usize,
    sent: [[u32; 2]; 4],
    streams: Streams,
    analysis: Analysis,
    ledger: Ledger,
    now_ns: u64,
    next_tick_ns: u64,
}

impl Wire {
    fn new(server: usize, wanted: u8, start: u32, tables: &Arc<Tables>) -> Self {
        let mut analysis = Analysis::new(0, Arc::clone(tables), Arc::clone(&NAMES));
        let asked = |bit| wanted & bit != 0;
        analysis.learner = asked(LEARN).then(|| Learner::new(settings()));
        analysis.periods = tables.periods(0).filter(|_| asked(BASELINE));
        analysis.evidence = asked(EVIDENCE).then(|| Evidence::new(1 << 14, Keeps::Frames, Reach::default()));
        analysis.windows = asked(WINDOWS).then(|| Windows::new(WINDOW_NS, 2));
        analysis.listing = Some(Lines::default());
        let shape = if asked(COLUMNS) {
            Shape::Columns
        } else if asked(CSV) {
            Shape::Csv
        } else {
            Shape::Ndjson
        };
        analysis.events = Wanted::new(shape, &[]).ok().map(|wanted| Export::new(&wanted));
        let site = if asked(POINTS) { Arc::clone(&POINTED) } else { Site::shared() };
        let now_ns = 1_760_000_000_000_000_000;
        Self {
            server,
            sent: [[start; 2]; 4],
            streams: Streams::new(if asked(FEW_FLOWS) { 2 } else { 8 }, site),
            analysis,
            ledger: Ledger::default(),
            now_ns,
            next_tick_ns: now_ns,
        }
    }

    fn piece(&mut self, number: u64, piece: &Piece<'_>) {
        let [who, time, place_high, place_low, acknowledged, missing] = *piece.head else { return };
        let side = usize::from(who & FROM_SERVER);
        let conversation = usize::from(who >> 1 & 3);
        let (transport, port) = SERVERS[(self.server + conversation) % SERVERS.len()];
        self.now_ns += u64::from(time & 15) * 10u64.pow(u32::from(time >> 4) % 13);
        if self.now_ns >= self.next_tick_ns {
            self.tick();
        }
        let missing = if who & CUT == 0 { 0 } else { u32::from(missing) };
        let flags = FLAGS.iter().filter(|(bit, _)| who & bit != 0).fold(0, |flags, (_, flag)| flags | flag);
        let sent = self.sent[conversation];
        let sequence = sent[side].wrapping_add_signed(i16::from_be_bytes([place_high, place_low]).into());
        let layer4 = match transport {
            TCP => {
                let length = piece.content.len() as u32 + missing + u32::from(flags & (tcp::SYN | tcp::FIN) != 0);
                let end = sequence.wrapping_add(length);
                if end.wrapping_sub(sent[side]) < 1 << 31 {
                    self.sent[conversation][side] = end;
                }
                let acknowledgement = sent[1 - side].wrapping_add_signed((acknowledged as i8).into());
                let (source_port, destination_port) = ports(side, conversation, port);
                Layer4::Tcp { source_port, destination_port, sequence, acknowledgement, flags }
            }
            UDP => {
                let (source_port, destination_port) = ports(side, conversation, port);
                Layer4::Udp { source_port, destination_port }
            }
            number => Layer4::Other { number },
        };
        self.frame(number, &frame(side, conversation, layer4, piece.content, missing), flags);
        let ledger = &self.ledger;
        assert!(ledger.balanced(), "behind frame {number}: {ledger:?}");
        assert_eq!(ledger.skipped[Skip::Panic as usize], 0, "a parser failed");
        assert!(self.streams.flows() <= 8, "{} flows", self.streams.flows());
    }

    fn frame(&mut self, number: u64, frame: &Frame<'_>, flags: u8) {
        let (source_port, destination_port) = frame.layer4.ports();
        let transport = frame.layer4.number();
        let pair = pair_hash(0, frame.source, frame.destination);
        let address = Address {
            hash: flow_hash(pair, (source_port, destination_port), transport),
            source: (frame.source, source_port),
            destination: (frame.destination, destination_port),
            segment: 0,
            transport,
        };
        let (ts_ns, now_ns) = (self.now_ns, self.now_ns);
        let packet = Packet {
            ts_ns,
            number,
            input: 0,
            link: LinkType::Ethernet,
            wire_len: frame.payload.len() as u32,
            data: frame.payload,
            vlan: None,
            offset: 0,
        };
        let stamp = Stamp { number, ts_ns, now_ns, input: 0, vlan: None, segment: 0, transport };
        self.ledger.received += 1;
        self.analysis.at(now_ns, number);
        let found = self.streams.find(self.streams.place(address.hash), &address);
        let (ledger, analysis) = (&mut self.ledger, &mut self.analysis);
        if let (Some((slot, side)), Layer4::Tcp { sequence, .. }) = (found, frame.layer4) {
            let (source, destination, payload) = (address.source, address.destination, frame.payload);
            let brief = wire::frame::Brief { source, destination, sequence, flags, ttl: frame.ttl, payload };
            if frame.missing == 0 && self.streams.runs((slot, side), &brief) {
                return self.streams.next(slot, side, &brief, &packet, &stamp, ledger, analysis);
            }
        }
        self.streams.frame(frame, &packet, &address, found, &stamp, ledger, analysis);
    }

    /// On a grid of a tenth of a second, as the engine does.
    fn tick(&mut self) {
        let now_ns = self.now_ns;
        self.next_tick_ns = (now_ns / 100_000_000 + 1) * 100_000_000;
        self.analysis.at(now_ns, 0);
        self.streams.tick(now_ns, &stamp(now_ns), &mut self.ledger, &mut self.analysis);
        self.analysis.tick();
    }

    fn finish(&mut self) {
        self.streams.finish(&stamp(self.now_ns), &mut self.ledger, &mut self.analysis);
        assert!(self.ledger.balanced() && self.ledger.held == 0, "at the end: {:?}", self.ledger);
        assert_eq!(self.streams.flows(), 0, "flows are left at the end");
        self.analysis.at(self.now_ns, u64::MAX);
        self.analysis.finish();
        let analysis = &mut self.analysis;
        for lines in [analysis.listing.as_ref(), analysis.events.as_ref().map(|events| &events.lines)] {
            let bytes = lines.map_or(&[][..], |lines| &lines.bytes);
            if bytes.starts_with(b"{") {
                bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).for_each(printed::json);
            }
        }
        if let Some(events) = analysis.events.as_mut() {
            let rows: usize = events.parts(&analysis.names).iter().map(|part| part.rows).sum();
            assert!(rows == 0 || rows as u64 == self.ledger.events, "{rows} rows of {} events", self.ledger.events);
        }
        let rows = &analysis.closed.rows;
        assert!(rows.iter().all(|row| row.features.iter().all(|feature| feature.is_finite())), "{rows:?}");
        if let Some(learner) = analysis.learner.as_mut() {
            let bytes = learner.snapshot();
            let again = Learner::restore(settings(), &bytes).expect("what was saved is read");
            assert!(again.snapshot() == bytes, "learning that was saved says something else");
            let table = learner.finish(self.now_ns);
            Baseline::with_segments(&table, &["default"]).expect("what was learned is read");
        }
    }
}

fn ports(side: usize, conversation: usize, port: u16) -> (u16, u16) {
    let client = 40_000 + conversation as u16;
    if side == 0 {
        (client, port)
    } else {
        (port, client)
    }
}

fn frame<'a>(side: usize, conversation: usize, layer4: Layer4, payload: &'a [u8], missing: u32) -> Frame<'a> {
    let station = |side: usize| if side == 0 { 1 } else { 2 + (conversation / 2) as u8 };
    let (source, destination) = (station(side), station(1 - side));
    // What ARP and ICMP say is told to and by the network itself.
    let vlan = (layer4.number() == ARP).then_some(5);
    Frame {
        source_mac: [2, 0, 0, 0, 0, source],
        destination_mac: [2, 0, 0, 0, 0, destination],
        vlan,
        outside: 0,
        redundancy: None,
        source: [10, 0, 0, source].into(),
        destination: [10, 0, 0, destination].into(),
        ip_id: 1,
        ttl: 64,
        pieces: 1,
        layer4,
        segment: payload,
        payload,
        missing,
        excused: false,
    }
}

fn stamp(now_ns: u64) -> Stamp {
    Stamp { number: 0, ts_ns: now_ns, now_ns, input: 0, vlan: None, segment: 0, transport: TCP }
}
