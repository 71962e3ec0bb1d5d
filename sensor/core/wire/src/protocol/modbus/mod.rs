//! Modbus over TCP and UDP, and frames of the serial line (RTU, ASCII) that a device server sends through TCP.
//! MODBUS Application Protocol Specification V1.1b3, 4.1 (frame), 5 (function code categories), 6 (function codes),
//! 7 (exception responses); MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3 (MBAP header); MODBUS over
//! Serial Line Specification V1.02, 2.5 (RTU and ASCII frames); CiA 309-2 (CANopen in function 43); for Schneider's
//! UMAS see `umas`.
//!
//! `operation`: the function code; of functions with sub-functions (8, 43, 90) function << 16 | sub-function.
//! `reference`: transaction << 8 | unit; of serial frames, which have no transaction, 1 << 32 | unit.

mod ascii;
mod body;
mod crc;
mod diagnostics;
mod encapsulated;
mod fields;
mod file;
mod memory;
mod names;
mod pdu;
mod request;
mod response;
mod rtu;
mod tcp;
mod umas;

pub use crc::crc;

use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP, UDP};
use crate::value::Record;
use fields::{flaw, FIELDS, FLAWS};
use memory::Memory;
pub use names::function;

pub const PROTOCOL: Protocol = Protocol {
    name: "modbus",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Plant,
    spoken: Some(Spoken {
        transports: &[TCP, UDP],
        ports: &[502],
        probe: &probe,
        parser: &|| Box::new(Modbus::default()),
    }),
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Framing {
    /// No message proved it yet: read as TCP.
    #[default]
    Unknown,
    Tcp,
    Rtu,
    Ascii,
}

#[derive(Default)]
struct Modbus {
    framing: Framing,
    /// RTU frames in a row whose CRC was wrong.
    broken: u8,
    memory: Memory,
}

/// So many broken frames in a row are told; more of them are another protocol that has the same CRC.
const BROKEN: u8 = 3;

fn probe(payload: &[u8], _transport: u8) -> Probe {
    let mut best = Probe::No;
    for probe in [tcp::probe, rtu::probe, ascii::probe] {
        match probe(payload) {
            Probe::Sure => return Probe::Sure,
            Probe::Fits => best = Probe::Fits,
            Probe::No => {}
        }
    }
    best
}

impl Parser for Modbus {
    /// Read one ADU.
    fn message(&mut self, bytes: &[u8], context: &Context, record: &mut Record) -> Step {
        // Nearly all messages end here, and most do not touch this parser's memory, of which a million conversations
        // have a million: the second byte of an RTU frame is a function.
        match tcp::plain(bytes) {
            Some((transaction, body)) if !context.after_gap && (is_no_frame(transaction) || self.is_tcp()) => {
                tcp::read(record, transaction, body, context, &mut self.memory)
            }
            _ => self.other(bytes, context, record),
        }
    }
}

/// What would be the front of an RTU frame has no function.
#[inline]
fn is_no_frame(transaction: u16) -> bool {
    let [_, code] = transaction.to_be_bytes();
    !rtu::is_function(code)
}

impl Modbus {
    #[inline]
    fn is_tcp(&self) -> bool {
        self.framing == Framing::Tcp
    }

    fn rtu(&mut self, bytes: &[u8], context: &Context, record: &mut Record) -> Step {
        let step = rtu::message(bytes, context, record, &mut self.memory);
        let Step::Message { used } = step else { return step };
        if record.flaws >> flaw::BAD_CRC & 1 == 0 {
            self.broken = 0;
        } else if self.broken >= BROKEN {
            record.clear();
            return Step::Lost { used };
        } else {
            self.broken = self.broken.saturating_add(1);
        }
        step
    }

    #[cold]
    #[inline(never)]
    fn other(&mut self, bytes: &[u8], context: &Context, record: &mut Record) -> Step {
        if self.framing == Framing::Unknown || context.after_gap {
            self.framing = framing(bytes, context).unwrap_or(self.framing);
        }
        match self.framing {
            Framing::Rtu => self.rtu(bytes, context, record),
            Framing::Ascii => ascii::message(bytes, context, record, &mut self.memory),
            Framing::Unknown if ascii::may_begin(bytes) => Step::Short { need: bytes.len().saturating_add(1) },
            Framing::Unknown | Framing::Tcp => tcp::message(bytes, context, record, &mut self.memory),
        }
    }
}

/// What these bytes prove by themselves. A frame's check sum proves more than a header: two registers read from address
/// 0 by RTU have the header of a message of two bytes.
fn framing(bytes: &[u8], context: &Context) -> Option<Framing> {
    if rtu::begins(bytes, context.from_client) {
        Some(Framing::Rtu)
    } else if ascii::begins(bytes) {
        Some(Framing::Ascii)
    } else {
        (tcp::probe(bytes) == Probe::Sure).then_some(Framing::Tcp)
    }
}
