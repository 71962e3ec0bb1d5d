//! OPC UA messages by hand, field by field, and a conversation to put them in.
#![allow(dead_code)]

use wire::event::Endpoint;
use wire::event::FieldId;
use wire::protocol::opcua::PROTOCOL;
use wire::protocol::{Context, Parser, Step, TCP};
use wire::site::Site;
use wire::value::{Record, Value};

/// Little-endian fields, one after the other.
#[derive(Clone, Default)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    pub fn u8(self, value: u8) -> Self {
        self.raw(&[value])
    }

    pub fn u16(self, value: u16) -> Self {
        self.raw(&value.to_le_bytes())
    }

    pub fn u32(self, value: u32) -> Self {
        self.raw(&value.to_le_bytes())
    }

    pub fn i64(self, value: i64) -> Self {
        self.raw(&value.to_le_bytes())
    }

    pub fn f64(self, value: f64) -> Self {
        self.raw(&value.to_le_bytes())
    }

    /// Length and bytes: String and ByteString.
    pub fn text(self, text: &str) -> Self {
        self.u32(u32::try_from(text.len()).unwrap()).raw(text.as_bytes())
    }

    pub fn null(self) -> Self {
        self.u32(u32::MAX)
    }

    /// Numeric node id, four byte encoding.
    pub fn node(self, namespace: u8, id: u16) -> Self {
        self.raw(&[1, namespace]).u16(id)
    }

    pub fn text_node(self, namespace: u16, id: &str) -> Self {
        self.u8(3).u16(namespace).text(id)
    }

    pub fn no_extension(self) -> Self {
        self.raw(&[0, 0, 0])
    }
}

pub fn bytes() -> Bytes {
    Bytes::default()
}

/// Type id, then the request header: token, time, handle, diagnostics, audit id, timeout, additional header.
pub fn request(service: u16) -> Bytes {
    let token = bytes().node(0, service).raw(&[0, 0]);
    token.i64(0).u32(77).u32(0).null().u32(5000).no_extension()
}

/// Type id, then the response header: time, handle, result, diagnostics, string table, additional header.
pub fn response(service: u16, result: u32) -> Bytes {
    bytes().node(0, service).i64(0).u32(77).u32(result).u8(0).null().no_extension()
}

pub fn framed(kind: &str, chunk: char, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap();
    bytes().raw(kind.as_bytes()).u8(chunk as u8).u32(size).raw(body).0
}

/// A chunk of channel 9 under token 1.
pub fn chunk(kind: char, sequence: u32, request: u32, body: &[u8]) -> Vec<u8> {
    framed("MSG", kind, &bytes().u32(9).u32(1).u32(sequence).u32(request).raw(body).0)
}

pub const NO_POLICY: &str = "http://opcfoundation.org/UA/SecurityPolicy#None";
pub const BASIC: &str = "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256";

/// An opening without a policy, sequence number and request id 1: mode 1 (none) for an hour.
pub fn opening() -> Vec<u8> {
    let header = bytes().u32(0).text(NO_POLICY).null().null().u32(1).u32(1);
    let body = request(446).u32(0).u32(0).u32(1).null().u32(3_600_000);
    framed("OPN", 'F', &header.raw(&body.0).0)
}

/// Its answer: channel 9, token 1.
pub fn opened() -> Vec<u8> {
    let header = bytes().u32(9).text(NO_POLICY).null().null().u32(1).u32(1);
    let body = response(449, 0).u32(0).u32(9).u32(1).i64(0).u32(3_600_000).null();
    framed("OPN", 'F', &header.raw(&body.0).0)
}

/// A conversation and its last message.
pub struct Talk {
    parser: Box<dyn Parser>,
    pub record: Record,
    /// Bytes of the last message.
    pub bytes: Vec<u8>,
}

pub fn talk() -> Talk {
    Talk { parser: PROTOCOL.parser().expect("a parser"), record: Record::default(), bytes: Vec::new() }
}

/// A conversation of which the opening of channel 9 was seen.
pub fn open_talk() -> Talk {
    let mut talk = talk();
    talk.client(&opening());
    talk.server(&opened());
    talk
}

impl Talk {
    pub fn step(&mut self, from_client: bool, after_gap: bool, bytes: &[u8]) -> Step {
        self.record.clear();
        self.bytes = bytes.to_vec();
        let end = |last, port| Endpoint { ip: [10, 0, 0, last].into(), port, mac: [2, 0, 0, 0, 0, last] };
        let (client, server) = (end(1, 50000), end(2, 4840));
        let context = Context {
            from_client,
            after_gap,
            transport: TCP,
            ts_ns: 0,
            client: &client,
            server: &server,
            site: &Site::shared(),
        };
        self.parser.message(bytes, &context, &mut self.record)
    }

    /// One whole message; panics when it is not one.
    pub fn client(&mut self, bytes: &[u8]) -> &Self {
        assert_eq!(self.step(true, false, bytes), Step::Message { used: bytes.len() });
        self
    }

    pub fn server(&mut self, bytes: &[u8]) -> &Self {
        assert_eq!(self.step(false, false, bytes), Step::Message { used: bytes.len() });
        self
    }

    pub fn kept(&mut self, from_client: bool, bytes: &[u8]) {
        assert_eq!(self.step(from_client, false, bytes), Step::Kept { used: bytes.len() });
    }

    pub fn kept_bytes(&self) -> usize {
        self.parser.kept_bytes()
    }

    /// The value of `opcua.<name>` as text; empty when it is not set.
    pub fn get(&self, name: &str) -> String {
        let name = format!("opcua.{name}");
        assert!(FieldId::by_name(&name).is_some(), "no field {name}");
        let slot = PROTOCOL.fields.iter().position(|field| field.name == name).unwrap();
        self.record.get(slot).map_or_else(String::new, |value| self.show(value))
    }

    fn show(&self, value: Value) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match value {
            Value::Unsigned(number) => number.to_string(),
            Value::Signed(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Bool(is) => is.to_string(),
            Value::Name(name) => name.to_string(),
            Value::Text(span) => self.record.text(span).to_string(),
            Value::Blob(span) => hex(self.record.blob(span)),
            Value::Bytes(span) => hex(span.of(&self.bytes)),
            Value::List(span) => {
                self.record.list(span).iter().map(|value| self.show(*value)).collect::<Vec<_>>().join(" | ")
            }
            _ => panic!("no other kind of value"),
        }
    }

    pub fn flaws(&self) -> Vec<&'static str> {
        let set = |(bit, _): &(usize, &&str)| self.record.flaws >> bit & 1 == 1;
        PROTOCOL.flaws.iter().enumerate().filter(set).map(|(_, name)| *name).collect()
    }

    #[track_caller]
    pub fn check(&self, fields: &[(&str, &str)]) {
        for (name, value) in fields {
            assert_eq!(self.get(name), *value, "opcua.{name}");
        }
        assert_eq!(self.flaws(), Vec::<&str>::new());
    }
}
