//! S7comm over ISO-on-TCP, with the COTP messages below it.
//! RFC 1006 and RFC 2126 (TPKT), ITU-T X.224 | ISO/IEC 8073 and RFC 905 (COTP). Siemens never published S7comm; its
//! layout is known from public descriptions (the documentation of Wireshark's dissector, of Snap7 and of libnodave,
//! G. Miru's articles on the protocol) and from captures. No code or table of theirs is here.
//!
//! One event per S7 PDU, put together from COTP fragments where it came in several. COTP messages without S7 are
//! events of protocol `cotp` and say what they carry; S7comm-plus (0x72) is read in `plus`.
//!
//! `operation`: the function code of jobs; userdata 0x10000 | group << 8 | subfunction; S7comm-plus 0x20000 | function;
//! COTP 0x30000 | type.
//! `reference`: PDU reference | (asked by the server) << 16 | userdata << 17, because the controller numbers the jobs
//! of a download by itself and collides with the client's numbers. S7comm-plus: sequence number | 1 << 33.

mod address;
mod alarm;
mod block;
mod cotp;
mod cyclic;
mod detail;
pub(crate) mod fields;
mod header;
mod item;
mod job;
mod memory;
mod names;
mod password;
mod pdu;
mod plus;
mod reader;
mod service;
mod szl;
mod test_function;
pub(crate) mod time;
mod tpkt;
mod transfer;
mod userdata;
mod value;

use super::{place_of, Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::limits;
use crate::value::{Record, Role};
use fields::{flaw, FIELDS, FLAWS};
use memory::Memory;
use reader::Reader;
use tpkt::Front;

pub const PROTOCOL: Protocol = Protocol {
    name: "s7comm",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Plant,
    spoken: Some(Spoken { transports: &[TCP], ports: &[102], probe: &probe, parser: &|| Box::new(S7::default()) }),
};

/// The messages of the transport below. They have the flaws of all that this parser reads.
pub const COTP: Protocol =
    Protocol { name: "cotp", fields: cotp::FIELDS, flaws: FLAWS, scope: Scope::Plant, spoken: None };

/// What newer controllers speak on the same connection.
pub const PLUS: Protocol =
    Protocol { name: "s7comm-plus", fields: plus::FIELDS, flaws: FLAWS, scope: Scope::Plant, spoken: None };

/// One direction of the connection.
#[derive(Default)]
struct Side {
    /// Payloads of data TPDUs whose last one has not come.
    fragments: Vec<u8>,
    /// The fragments grew beyond the budget: everything up to their end is passed over.
    dropping: bool,
    /// Framing was lost: looking for the next packet.
    searching: bool,
    /// Parts of an S7comm-plus message whose last one has not come.
    plus: plus::Parts,
}

#[derive(Default)]
struct S7 {
    sides: [Side; 2],
    memory: Memory,
    /// A connection was asked for and the answer has not come.
    calling: bool,
    /// What the connection was seen to carry that hides all that follows.
    tls: bool,
    /// A message of S7 was read on this connection: what is broken here is S7's, not another protocol's.
    spoken: bool,
}

/// TPKT and COTP alone also carry MMS, RDP, H.323: only S7's own first byte, or the transport addresses that a call
/// to a station bears, make it sure.
fn probe(payload: &[u8], _transport: u8) -> Probe {
    if payload.is_empty() || !tpkt::plausible(payload) {
        return Probe::No;
    }
    match (payload.get(5).copied().unwrap_or(0), payload.get(7).copied()) {
        (cotp::DATA, Some(0x32)) if payload.get(8).is_some_and(|rosctr| names::rosctr(*rosctr).0 != "unknown") => {
            Probe::Sure
        }
        (code, _) if matches!(code & 0xf0, cotp::CONNECT | cotp::CONFIRM) && calls_a_station(payload) => Probe::Sure,
        _ => Probe::Fits,
    }
}

/// The variable part of a connection request holds transport addresses and nothing that is not a parameter.
fn calls_a_station(payload: &[u8]) -> bool {
    let end = payload.get(4).map_or(0, |indicator| usize::from(*indicator).saturating_add(tpkt::HEADER + 1));
    let mut header = Reader::new(payload.get(11..end).unwrap_or_default(), None);
    let mut addresses = 0u8;
    while let (Ok(kind), Ok(length)) = (header.u8(), header.u8()) {
        if !matches!(kind, 0x85..=0x8b | 0xc0..=0xcf | 0xf0) || header.skip(length.into()).is_err() {
            return false;
        }
        addresses = addresses.saturating_add(u8::from(matches!(kind, 0xc1 | 0xc2)));
    }
    header.is_empty() && addresses == 2
}

impl Parser for S7 {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let [server, client] = &mut self.sides;
        let side = if context.from_client { client } else { server };
        if context.after_gap {
            *side = Side { searching: true, ..Side::default() };
            self.calling = false;
            self.memory.gap();
        }
        if side.searching && !tpkt::plausible(bytes) {
            return Step::Lost { used: tpkt::next(bytes).max(1) };
        }
        match tpkt::front(bytes) {
            Front::Short { need } => Step::Short { need },
            Front::Other => {
                *side = Side { searching: true, ..Side::default() };
                record.protocol = Some(const { place_of("cotp") });
                record.operation_name = "bad_packet";
                self.broken(flaw::TPKT_HEADER, record);
                Step::Message { used: tpkt::next(bytes).max(1) }
            }
            Front::Packet(length) => {
                side.searching = false;
                if bytes.get(1).is_some_and(|reserved| *reserved != 0) {
                    record.flaw(flaw::TPKT_RESERVED);
                }
                let tpdu = bytes.get(tpkt::HEADER..length).unwrap_or_default();
                match self.tpdu(tpdu, context, record) {
                    true => Step::Message { used: length },
                    false => Step::Kept { used: length },
                }
            }
        }
    }

    fn kept_bytes(&self) -> usize {
        let kept = |side: &Side| side.fragments.capacity().saturating_add(side.plus.kept_bytes());
        self.sides.iter().map(kept).sum::<usize>().saturating_add(self.memory.kept_bytes())
    }
}

impl S7 {
    /// Read one TPDU; false when it is a fragment to be kept, or an end of something passed over.
    #[inline]
    fn tpdu(&mut self, tpdu: &[u8], context: &Context<'_>, record: &mut Record) -> bool {
        let [server, client] = &self.sides;
        let side = if context.from_client { client } else { server };
        match tpdu {
            // What stations send all day: a whole message in one data TPDU of class 0.
            [2, 0xf0..=0xff, 0x80..=0xff, payload @ ..] if side.fragments.is_empty() && !side.dropping => {
                self.calling = false;
                self.content(Reader::new(payload, Some(tpkt::HEADER + 3)), context, record)
            }
            _ => self.other(tpdu, context, record),
        }
    }

    fn other(&mut self, tpdu: &[u8], context: &Context<'_>, record: &mut Record) -> bool {
        let mut all = Reader::new(tpdu, Some(tpkt::HEADER));
        let indicator = usize::from(all.u8().unwrap_or(0));
        let (Ok(mut header), true) = (all.part(indicator), (2..0xff).contains(&indicator)) else {
            cotp::describe(record, tpdu.get(1).copied().unwrap_or(0));
            record.role = Role::Other;
            self.broken(flaw::COTP_LENGTH, record);
            return true;
        };
        let code = header.u8().unwrap_or(0);
        if code & 0xf0 == cotp::DATA {
            // Class 0 has one byte here, the others the destination's reference before it.
            if indicator >= 4 && header.skip(2).is_err() {
                self.broken(flaw::COTP_LENGTH, record);
            }
            let last = header.u8().unwrap_or(0x80) & 0x80 != 0;
            return self.data(all, last, context, record);
        }
        cotp::describe(record, code);
        if cotp::control(record, code, &mut header, self.calling).is_err() {
            self.broken(flaw::COTP_LENGTH, record);
        }
        all.keep(record, cotp::CONTENT);
        self.tls = false;
        self.calling = code & 0xf0 == cotp::CONNECT;
        if matches!(code & 0xf0, cotp::CONNECT | cotp::CONFIRM | cotp::DISCONNECT | cotp::ERROR) {
            if self.sides.iter().any(|side| !side.fragments.is_empty()) {
                record.flaw(flaw::INTERRUPTED);
            }
            self.sides = Default::default();
            self.memory.clear();
        }
        true
    }

    /// Something is wrong with the transport. Whose transport it is says what was read on the connection before: where
    /// it carries S7, a parser of S7 is at stake.
    fn broken(&self, what: usize, record: &mut Record) {
        record.flaw(what);
        if self.spoken {
            cotp::of_s7(record);
        }
    }

    fn data(&mut self, mut payload: Reader<'_>, last: bool, context: &Context<'_>, record: &mut Record) -> bool {
        self.calling = false;
        let [server, client] = &mut self.sides;
        let side = if context.from_client { client } else { server };
        if side.dropping {
            side.dropping = !last;
            return false;
        }
        if last && side.fragments.is_empty() {
            return self.content(payload, context, record);
        }
        if side.fragments.len().saturating_add(payload.remaining()) > limits::S7_PDU_BYTES {
            *side = Side { dropping: !last, ..Side::default() };
            cotp::describe(record, cotp::DATA);
            self.broken(flaw::FRAGMENTS, record);
            return true;
        }
        side.fragments.extend_from_slice(payload.take_rest());
        if !last {
            return false;
        }
        let whole = std::mem::take(&mut side.fragments);
        self.content(Reader::new(&whole, None), context, record)
    }

    /// What a transport message carries: S7comm, S7comm-plus, or something of another kind. False when it is a part of an
    /// S7comm-plus message.
    #[inline]
    fn content(&mut self, mut payload: Reader<'_>, context: &Context<'_>, record: &mut Record) -> bool {
        if payload.peek() == Some(0x32) && !self.tls {
            self.spoken = true;
            pdu::read(&mut payload, context, &mut self.memory, record);
            return true;
        }
        self.no_s7(payload, context, record)
    }

    /// Apart, so that what S7 stations send all day does not pay for it.
    #[inline(never)]
    fn no_s7(&mut self, mut payload: Reader<'_>, context: &Context<'_>, record: &mut Record) -> bool {
        if payload.peek() == Some(0x72) && !self.tls {
            self.spoken = true;
            let [server, client] = &mut self.sides;
            let side = if context.from_client { client } else { server };
            return plus::read(&mut payload, &mut side.plus, &mut self.memory, context, record);
        }
        cotp::describe(record, cotp::DATA);
        self.tls |= cotp::carried(payload, self.tls, record);
        payload.keep(record, cotp::CONTENT);
        true
    }
}
