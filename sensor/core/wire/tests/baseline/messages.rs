//! Messages as a parser would leave them.

use std::net::{IpAddr, Ipv4Addr};

use wire::event::{Asked, Endpoint, Event};
use wire::protocol::PROTOCOLS;
use wire::value::{Class, Record, Role};

pub const SECOND: u64 = 1_000_000_000;

pub fn endpoint(last: u8) -> Endpoint {
    Endpoint { ip: IpAddr::V4(Ipv4Addr::new(192, 168, 1, last)), port: 502, mac: [2, 0, 0, 0, 0, last] }
}

pub struct Message {
    pub ts_ns: u64,
    pub client: Endpoint,
    pub server: Endpoint,
    pub segment: u16,
    pub from_client: bool,
    pub asked: Option<Asked>,
    pub record: Record,
    pub bytes: Vec<u8>,
}

pub fn modbus() -> usize {
    PROTOCOLS.iter().position(|protocol| protocol.name == "modbus").unwrap()
}

/// A request of station `client` to station `server`.
pub fn request(client: u8, server: u8, operation: u32, class: Class) -> Message {
    let mut record = Record::default();
    record.role = Role::Request;
    record.operation = operation;
    record.operation_name = "operation";
    record.class = class;
    record.reference = Some(1);
    Message {
        ts_ns: SECOND,
        client: endpoint(client),
        server: endpoint(server),
        segment: 0,
        from_client: true,
        asked: None,
        record,
        bytes: vec![0; 12],
    }
}

/// Read holding registers `start..=end` of unit 1.
pub fn read(client: u8, server: u8, start: u64, end: u64) -> Message {
    request(client, server, 3, Class::Read).touching("holding_register", 1, start, end)
}

pub fn write(client: u8, server: u8, start: u64, end: u64) -> Message {
    request(client, server, 16, Class::Write).touching("holding_register", 1, start, end)
}

impl Message {
    pub fn touching(mut self, space: &'static str, index: u32, start: u64, end: u64) -> Self {
        self.record.push_stretch(space, index, start, end);
        self
    }

    pub fn named(mut self, space: &'static str, index: u32, name: &str) -> Self {
        let text = self.record.push_text(name.as_bytes());
        self.record.push_named(space, index, text);
        self
    }

    pub fn at(mut self, ts_ns: u64) -> Self {
        self.ts_ns = ts_ns;
        self
    }

    pub fn answer(&self, ts_ns: u64) -> Self {
        let mut record = Record::default();
        record.role = Role::Response;
        record.operation = self.record.operation;
        record.operation_name = self.record.operation_name;
        record.class = self.record.class;
        record.outcome = wire::value::Outcome::Success;
        record.reference = self.record.reference;
        let asked = Asked {
            number: 1,
            ts_ns: self.ts_ns,
            operation: self.record.operation,
            class: self.record.class,
            facts: None,
        };
        let (client, server, segment) = (self.client, self.server, self.segment);
        Self { ts_ns, client, server, segment, from_client: false, asked: Some(asked), record, bytes: vec![0; 12] }
    }

    pub fn event(&self) -> Event<'_> {
        Event {
            ts_ns: self.ts_ns,
            number: 1,
            input: 0,
            segment: self.segment,
            protocol: modbus(),
            family: modbus(),
            transport: 6,
            vlan: None,
            from_client: self.from_client,
            client: &self.client,
            server: &self.server,
            record: &self.record,
            bytes: &self.bytes,
            asked: self.asked.as_ref(),
            link: None,
            stream_flaws: 0,
        }
    }
}
