//! Frames by hand, and an engine to put them in.
#![allow(dead_code)]

pub mod kept;
pub mod plant;
pub mod random;

use wire::engine::{Engine, Output, Reload, Settings, Tables};
use wire::export::Wanted;
use wire::hash::SHARDS;
use wire::packet::{LinkType, Packet, Sink};
use wire::print::Names;
use wire::rules::Rules;

pub const SECOND: u64 = 1_000_000_000;
pub const START: u64 = 1_760_000_000 * SECOND;

/// One TCP segment between a client 10.0.0.1 and a server 10.0.0.2.
#[derive(Clone)]
pub struct Tcp {
    pub to_server: bool,
    pub client_port: u16,
    pub server_port: u16,
    pub sequence: u32,
    pub acknowledgement: u32,
    pub flags: u8,
    pub payload: Vec<u8>,
}

pub fn tcp(to_server: bool, sequence: u32, flags: u8, payload: &[u8]) -> Tcp {
    Tcp {
        to_server,
        client_port: 40000,
        server_port: 502,
        sequence,
        acknowledgement: 0,
        flags,
        payload: payload.to_vec(),
    }
}

impl Tcp {
    pub fn ack(mut self, acknowledgement: u32) -> Self {
        self.acknowledgement = acknowledgement;
        self
    }

    pub fn client_port(mut self, port: u16) -> Self {
        self.client_port = port;
        self
    }

    pub fn port(mut self, port: u16) -> Self {
        self.server_port = port;
        self
    }

    /// With these flags instead of its own.
    pub fn flagged(mut self, flags: u8) -> Self {
        self.flags = flags;
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let (source, destination) = if self.to_server { (1u8, 2u8) } else { (2, 1) };
        let (source_port, destination_port) =
            if self.to_server { (self.client_port, self.server_port) } else { (self.server_port, self.client_port) };
        let mut segment = Vec::new();
        segment.extend(source_port.to_be_bytes());
        segment.extend(destination_port.to_be_bytes());
        segment.extend(self.sequence.to_be_bytes());
        segment.extend(self.acknowledgement.to_be_bytes());
        segment.extend([0x50, self.flags, 0xff, 0xff, 0, 0, 0, 0]);
        segment.extend(&self.payload);
        let sum = checksum(source, destination, &segment);
        segment[16..18].copy_from_slice(&sum.to_be_bytes());
        ipv4(source, destination, 6, &segment)
    }
}

/// Of a TCP segment between 10.0.0.`source` and 10.0.0.`destination` (RFC 9293 3.1).
fn checksum(source: u8, destination: u8, segment: &[u8]) -> u16 {
    let mut covered = vec![10, 0, 0, source, 10, 0, 0, destination, 0, 6];
    covered.extend(u16::try_from(segment.len()).unwrap().to_be_bytes());
    covered.extend(segment);
    covered.resize(covered.len().next_multiple_of(2), 0);
    let words = covered.chunks_exact(2).map(|pair| u64::from(u16::from_be_bytes([pair[0], pair[1]])));
    let sum = words.sum::<u64>();
    let folded = (sum & 0xffff) + (sum >> 16);
    !(((folded & 0xffff) + (folded >> 16)) as u16)
}

pub fn ipv4(source: u8, destination: u8, protocol: u8, content: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, destination, 2, 0, 0, 0, 0, source, 0x08, 0x00];
    let total = u16::try_from(20 + content.len()).unwrap();
    frame.extend([0x45, 0]);
    frame.extend(total.to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, source, 10, 0, 0, destination]);
    frame.extend(content);
    frame
}

/// Modbus read holding registers, and its answer with one register.
pub fn read_request(transaction: u16) -> Vec<u8> {
    let mut adu = transaction.to_be_bytes().to_vec();
    adu.extend([0, 0, 0, 6, 1, 3, 0, 0, 0, 1]);
    adu
}

pub fn read_response(transaction: u16, value: u16) -> Vec<u8> {
    let mut adu = transaction.to_be_bytes().to_vec();
    adu.extend([0, 0, 0, 5, 1, 3, 2]);
    adu.extend(value.to_be_bytes());
    adu
}

pub struct Bench {
    pub engine: Engine,
    pub number: u64,
    pub now_ns: u64,
    pub output: Output,
}

/// Settings of a file called `hand.pcap`.
pub fn settings() -> Settings {
    let names = Names { inputs: vec!["hand.pcap".into()], segments: vec!["default".into()], files: true };
    Settings { names, ..Settings::default() }
}

impl Default for Bench {
    fn default() -> Self {
        Self::with_flows(1 << 16)
    }
}

impl Bench {
    pub fn with_flows(flows: usize) -> Self {
        Self::with(
            Settings { flows: flows * SHARDS, events: Some(Wanted::default()), ..settings() },
            r#"{"version": 1, "rules": []}"#,
        )
    }

    pub fn with(settings: Settings, rules: &str) -> Self {
        let tables = Tables::new(Rules::compile(rules).unwrap(), None);
        Self { engine: Engine::new(settings, tables), number: 0, now_ns: START, output: Output::default() }
    }

    /// What came out so far, all of it.
    pub fn output(&mut self) -> &mut Output {
        let more = self.engine.take();
        let before = self.output.hits.len();
        self.output.reloads.extend(more.reloads.iter().map(|reload| Reload { hits: before + reload.hits, ..*reload }));
        self.output.hits.extend(more.hits);
        self.output.news.extend(more.news);
        self.output.rows.extend(more.rows);
        self.output.assets.extend(more.assets);
        self.output.events.extend(more.events);
        self.output.listing.extend(more.listing);
        self.output.slices.extend(more.slices);
        &mut self.output
    }

    /// One frame, a millisecond after the last.
    pub fn frame(&mut self, bytes: &[u8]) {
        self.cut_frame(bytes, bytes.len());
    }

    /// One frame, where the account is checked later.
    pub fn frame_unchecked(&mut self, bytes: &[u8]) {
        self.put(bytes, bytes.len());
    }

    /// A frame of which the capture kept `kept` bytes.
    pub fn cut_frame(&mut self, bytes: &[u8], kept: usize) {
        self.put(bytes, kept);
        let ledger = self.engine.ledger();
        assert!(ledger.balanced(), "after frame {}: {ledger:?}", self.number);
    }

    fn put(&mut self, bytes: &[u8], kept: usize) {
        self.number += 1;
        self.now_ns += 1_000_000;
        self.engine.packet(&Packet {
            ts_ns: self.now_ns,
            number: self.number,
            input: 0,
            link: LinkType::Ethernet,
            wire_len: u32::try_from(bytes.len()).unwrap(),
            data: &bytes[..kept],
            vlan: None,
            offset: 0,
        });
    }

    pub fn send(&mut self, segment: &Tcp) {
        self.frame(&segment.bytes());
    }

    pub fn finish(&mut self) {
        self.engine.finish();
        let ledger = self.engine.ledger();
        assert!(ledger.balanced() && ledger.held == 0, "{ledger:?}");
    }

    /// Events so far, as JSON.
    pub fn events(&mut self) -> Vec<serde_json::Value> {
        let text = String::from_utf8(self.output().events.clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
