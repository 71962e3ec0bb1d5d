//! Messages written as hexadecimal digits, put through one protocol's parser, and what it read as text.
#![allow(dead_code)]

use std::collections::BTreeMap;

use wire::event::Endpoint;
use wire::protocol::{Context, Parser, Protocol, Step, PROTOCOLS};
use wire::site::{Site, Strength};
use wire::value::{Record, Value};

/// TLS says that it ends.
pub const ALERT: &str = "\u{15}\u{3}\u{3}\0\u{2}\u{1}\0";

pub fn protocol(name: &str) -> &'static Protocol {
    wire::protocol::all().find(|protocol| protocol.name == name).expect("a known protocol")
}

/// Spaces and line breaks are free; everything after `#` on a line is a comment.
pub fn bytes(text: &str) -> Vec<u8> {
    let digits: String = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or(""))
        .flat_map(|line| line.chars().filter(|digit| !digit.is_whitespace()))
        .collect();
    assert!(digits.len().is_multiple_of(2), "half a byte in {text}");
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("digits")).collect()
}

/// Unit, function and data as an RTU frame of the serial line: its CRC behind it, worked out bit by bit.
pub fn rtu(text: &str) -> Vec<u8> {
    rtu_of(&bytes(text))
}

pub fn rtu_of(content: &[u8]) -> Vec<u8> {
    let mut frame = content.to_vec();
    let mut crc = 0xffff_u16;
    for byte in &frame {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xa001 } else { crc >> 1 };
        }
    }
    frame.extend(crc.to_le_bytes());
    frame
}

/// The same as an ASCII frame.
pub fn ascii(text: &str) -> Vec<u8> {
    ascii_of(&bytes(text))
}

pub fn ascii_of(frame: &[u8]) -> Vec<u8> {
    let sum = frame.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    let digits: String = frame.iter().chain([&sum.wrapping_neg()]).map(|byte| format!("{byte:02X}")).collect();
    format!(":{digits}\r\n").into_bytes()
}

/// What one call of the parser gave.
#[derive(Debug)]
pub struct Seen {
    pub step: Step,
    pub protocol: &'static str,
    pub operation: u32,
    pub name: &'static str,
    pub class: &'static str,
    pub role: &'static str,
    pub outcome: &'static str,
    pub reference: Option<u64>,
    pub flaws: Vec<&'static str>,
    pub fields: BTreeMap<&'static str, String>,
    /// `space index start-end`.
    pub objects: Vec<String>,
    /// Who logs in; empty: nobody.
    pub user: String,
    /// What the password is worth that came with it.
    pub password: Option<&'static str>,
}

impl Seen {
    #[track_caller]
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).unwrap_or_else(|| panic!("no {name} in {self:#?}"))
    }

    #[track_caller]
    pub fn fields(&self, wanted: &[(&str, &str)]) -> &Self {
        for (name, value) in wanted {
            assert_eq!(self.field(name), *value, "{name} of {self:#?}");
        }
        self
    }

    #[track_caller]
    pub fn clean(&self) -> &Self {
        assert!(matches!(self.step, Step::Message { .. }), "{self:#?}");
        assert!(self.flaws.is_empty(), "{self:#?}");
        self
    }
}

/// One conversation.
pub struct Talk {
    pub protocol: &'static Protocol,
    pub parser: Box<dyn Parser>,
    pub transport: u8,
    record: Record,
}

/// Over the first of its transports.
pub fn talk(name: &str) -> Talk {
    let spoken = protocol(name).spoken.as_ref().expect("a protocol with a parser");
    talk_over(name, spoken.transports[0])
}

pub fn talk_over(name: &str, transport: u8) -> Talk {
    let protocol = protocol(name);
    let parser = protocol.parser().expect("a protocol with a parser");
    Talk { protocol, parser, transport, record: Record::default() }
}

impl Talk {
    pub fn client(&mut self, text: &str) -> Seen {
        self.read(&bytes(text), true, false)
    }

    pub fn server(&mut self, text: &str) -> Seen {
        self.read(&bytes(text), false, false)
    }

    /// The client says that text.
    pub fn asks(&mut self, text: &str) -> Seen {
        self.read(text.as_bytes(), true, false)
    }

    /// The server says that text.
    pub fn answers(&mut self, text: &str) -> Seen {
        self.read(text.as_bytes(), false, false)
    }

    pub fn read(&mut self, message: &[u8], from_client: bool, after_gap: bool) -> Seen {
        let spoken = self.protocol.spoken.as_ref().expect("a protocol with a parser");
        let end = |last, port| Endpoint { ip: [10, 0, 0, last].into(), port, mac: [2, 0, 0, 0, 0, last] };
        let (client, server) = (end(1, 40000), end(2, spoken.ports.first().copied().unwrap_or(0)));
        let transport = self.transport;
        let context = Context {
            from_client,
            after_gap,
            transport,
            ts_ns: 0,
            client: &client,
            server: &server,
            site: &Site::shared(),
        };
        self.record.clear();
        let step = self.parser.message(message, &context, &mut self.record);
        let record = &self.record;
        let whose = record.protocol.map_or(self.protocol, |place| &PROTOCOLS[usize::from(place)]);
        let flaws = whose.flaws.iter().enumerate().filter(|(bit, _)| record.flaws >> bit & 1 == 1);
        Seen {
            step,
            protocol: whose.name,
            operation: record.operation,
            name: record.operation_name,
            class: record.class.name(),
            role: record.role.name(),
            outcome: record.outcome.name(),
            reference: record.reference,
            flaws: flaws.map(|(_, name)| *name).collect(),
            fields: record
                .present()
                .map(|slot| {
                    let (field, value) = (whose.fields[slot], record.get(slot).expect("a slot that is present"));
                    let text = print(value, record, message);
                    let alone = field.many && !matches!(value, Value::List(_) | Value::Words(_) | Value::Bits { .. });
                    (field.name, if alone { format!("[{text}]") } else { text })
                })
                .collect(),
            objects: record
                .objects()
                .iter()
                .map(|object| format!("{} {} {}-{}", object.space, object.index, object.start, object.end))
                .collect(),
            user: record.user.map(|span| record.text(span).to_string()).unwrap_or_default(),
            password: record.password.map(Strength::name),
        }
    }
}

fn print(value: Value, record: &Record, message: &[u8]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    match value {
        Value::Unsigned(number) => number.to_string(),
        Value::Signed(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(state) => state.to_string(),
        Value::Name(name) => name.to_string(),
        Value::Text(span) => record.text(span).to_string(),
        Value::Bytes(span) => hex(span.of(message)),
        Value::Blob(span) => hex(record.blob(span)),
        Value::Ip(address) => address.to_string(),
        Value::Words(span) => {
            let words = span.of(message).chunks_exact(2).map(|word| u16::from_be_bytes([word[0], word[1]]).to_string());
            format!("[{}]", words.collect::<Vec<_>>().join(", "))
        }
        Value::Bits { start, count } => {
            let bit = |number: u32| message[(start + number / 8) as usize] >> (number % 8) & 1;
            format!("[{}]", (0..count).map(|number| bit(number).to_string()).collect::<Vec<_>>().join(", "))
        }
        Value::List(span) => {
            let values = record.list(span).iter().map(|value| print(*value, record, message));
            format!("[{}]", values.collect::<Vec<_>>().join(", "))
        }
    }
}
