//! COTP, the ISO transport protocol in its class 0.
//! ITU-T X.224 (11/95) | ISO/IEC 8073, 13 (structure and encoding of TPDUs); RFC 905, 13.
//! RFC 1006, 5 (which TPDUs travel over TCP).

use super::fields::flaw;
use super::reader::Reader;
use crate::cursor::Short;
use crate::protocol::place_of;
use crate::value::{field, slots, Class, Kind, Outcome, Record, Role, Value};

slots! {
    TYPE = 0 => field("cotp.type", Kind::Unsigned);
    TYPE_NAME = 1 => field("cotp.type_name", Kind::Text);
    SOURCE = 2 => field("cotp.source_reference", Kind::Unsigned);
    DESTINATION = 3 => field("cotp.destination_reference", Kind::Unsigned);
    SOURCE_TSAP = 4 => field("cotp.source_tsap", Kind::Bytes);
    DESTINATION_TSAP = 5 => field("cotp.destination_tsap", Kind::Bytes);
    TPDU_SIZE = 6 => field("cotp.tpdu_size", Kind::Unsigned);
    CLASS = 7 => field("cotp.class", Kind::Unsigned);
    CAUSE = 8 => field("cotp.cause", Kind::Unsigned);
    CONTENT = 9 => field("cotp.data", Kind::Bytes);
    RACK = 10 => field("cotp.rack", Kind::Unsigned);
    SLOT = 11 => field("cotp.slot", Kind::Unsigned);
    CONNECTION_TYPE = 12 => field("cotp.connection_type", Kind::Unsigned);
    PAYLOAD = 13 => field("cotp.payload", Kind::Text);
}

pub const CONNECT: u8 = 0xe0;
pub const CONFIRM: u8 = 0xd0;
pub const DISCONNECT: u8 = 0x80;
pub const ERROR: u8 = 0x70;
pub const DATA: u8 = 0xf0;

/// A reference that no S7 message can have. A TCP connection carries one transport connection (RFC 1006, 5), so the
/// confirmation answers the request even where its sender does not repeat the caller's number.
const REFERENCE: u64 = 1 << 32;
/// `operation` of a TPDU: this plus its type.
pub const OPERATION: u32 = 0x3_0000;

/// Type without the credit in its low half (X.224, 13.2.2).
pub fn name(code: u8) -> &'static str {
    match code & 0xf0 {
        CONNECT => "connect_request",
        CONFIRM => "connect_confirm",
        DISCONNECT => "disconnect_request",
        0xc0 => "disconnect_confirm",
        DATA => "data",
        0x10 => "expedited_data",
        0x20 => "expedited_acknowledge",
        0x60 => "data_acknowledge",
        0x50 => "reject",
        ERROR => "error",
        _ => "unknown",
    }
}

pub fn known(code: u8) -> bool {
    name(code) != "unknown" && (code & 0x0f == 0 || matches!(code & 0xf0, CONNECT | CONFIRM | 0x60 | 0x50))
}

/// Fill in what every COTP event has. A confirmation answers the operation `connect`, so it bears its number.
pub fn describe(record: &mut Record, code: u8) {
    record.protocol = Some(const { place_of("cotp") });
    record.set_u(TYPE, code & 0xf0);
    record.set(TYPE_NAME, Value::Name(name(code)));
    let (operation, name) = match code & 0xf0 {
        CONNECT | CONFIRM => (CONNECT, "connect"),
        DISCONNECT => (DISCONNECT, "disconnect"),
        DATA => (DATA, "data"),
        other => (other, name(code)),
    };
    record.operation = OPERATION | u32::from(operation);
    record.operation_name = name;
    record.class = match operation {
        DATA | 0x10 => Class::Other,
        _ => Class::Session,
    };
    if self::name(code) == "unknown" {
        record.flaw(flaw::COTP_TYPE);
    }
}

/// Everything but data: connection, its end, errors. `header` starts behind the type's byte.
///
/// ```text
///   CR, CC:  dst(2) src(2) class(1) parameters     DR:  dst(2) src(2) reason(1)     ER:  dst(2) cause(1)
/// ```
pub fn control(record: &mut Record, code: u8, header: &mut Reader<'_>, calling: bool) -> Result<(), Short> {
    let destination = header.u16()?;
    record.set_u(DESTINATION, destination);
    match code & 0xf0 {
        CONNECT | CONFIRM => {
            let source = header.u16()?;
            record.set_u(SOURCE, source);
            record.set_u(CLASS, header.u8()? >> 4);
            if remote_desktop(*header) {
                record.set(PAYLOAD, Value::Name("rdp"));
                header.keep(record, CONTENT);
            }
            if code & 0xf0 == CONNECT {
                record.role = Role::Request;
                record.reference = Some(REFERENCE);
            } else {
                record.role = Role::Response;
                record.outcome = Outcome::Success;
                record.reference = Some(REFERENCE);
            }
            parameters(record, code, header);
        }
        DISCONNECT => {
            record.set_u(SOURCE, header.u16()?);
            record.set_u(CAUSE, header.u8()?);
            if calling {
                // X.224, 6.6: the answer to a connection request that is refused.
                record.role = Role::Response;
                record.outcome = Outcome::Failure;
                record.operation = OPERATION | u32::from(CONNECT);
                record.operation_name = "connect";
                record.reference = Some(REFERENCE);
            } else {
                record.role = Role::Unsolicited;
            }
        }
        ERROR => {
            record.set_u(CAUSE, header.u8()?);
            record.role = Role::Unsolicited;
            record.outcome = Outcome::Failure;
        }
        _ => {}
    }
    Ok(())
}

/// X.224, 13.3.4: code, length, value.
fn parameters(record: &mut Record, code: u8, header: &mut Reader<'_>) {
    while !header.is_empty() {
        if parameter(record, code, header).is_err() {
            record.flaw(flaw::COTP_PARAMETER);
            return;
        }
    }
}

fn parameter(record: &mut Record, code: u8, header: &mut Reader<'_>) -> Result<(), Short> {
    let (kind, length) = (header.u8()?, header.u8()?);
    let mut value = header.part(usize::from(length))?;
    match kind {
        // TPDU size as a power of two, 7 to 13.
        0xc0 => {
            let power = value.u8()?;
            if (7..=13).contains(&power) {
                record.set_u(TPDU_SIZE, 1u32.wrapping_shl(power.into()));
            } else {
                record.flaw(flaw::COTP_PARAMETER);
            }
        }
        0xc1 => value.keep(record, SOURCE_TSAP),
        0xc2 => {
            if code & 0xf0 == CONNECT {
                station(record, value);
            }
            value.keep(record, DESTINATION_TSAP);
        }
        _ => {}
    }
    Ok(())
}

/// A called TSAP of two bytes as S7 stations use it: kind of connection (1 programming device, 2 operator panel,
/// 3 other), then rack in the upper three and slot in the lower five bits.
fn station(record: &mut Record, mut tsap: Reader<'_>) {
    if tsap.remaining() != 2 {
        return;
    }
    if let (Ok(kind @ 1..=0x1f), Ok(place)) = (tsap.u8(), tsap.u8()) {
        record.set_u(CONNECTION_TYPE, kind);
        record.set_u(RACK, place >> 5);
        record.set_u(SLOT, place & 0x1f);
    }
}

/// What stands in the place of parameters when a remote desktop is called (MS-RDPBCGR 2.2.1.1 and 2.2.1.2): a cookie or
/// a routing token, or a negotiation of eight bytes.
fn remote_desktop(mut header: Reader<'_>) -> bool {
    let rest = header.take_rest();
    rest.starts_with(b"Cookie: ") || matches!(rest, [1..=3, _, 8, 0, _, _, _, _])
}

/// Say what data that is no S7 is. True where all that follows is hidden by TLS.
pub fn carried(payload: Reader<'_>, tls: bool, record: &mut Record) -> bool {
    let mut all = payload;
    let (name, hides) = match all.take_rest() {
        _ if tls => ("tls", true),
        // A TLS record (RFC 8446, 5.1): alert, handshake and the like, version 3.0 to 3.4.
        [0x14..=0x17, 3, 0..=4, ..] => ("tls", true),
        // ISO session (X.225, 8.3): connect, accept, refuse, finish, disconnect, abort; and give tokens before data.
        [0x0d | 0x0e | 0x0c | 0x09 | 0x0a | 0x19 | 0x1a, _, ..] | [1, 0, 1, 0, ..] => ("iso_session", false),
        // T.125: connect-initial and connect-response; T.125 domain requests as a remote desktop begins with.
        [0x7f, 0x65 | 0x66, ..] | [0x04, 1, 0, 1, 0] | [0x28] => ("rdp", false),
        _ => ("unknown", false),
    };
    record.set(PAYLOAD, Value::Name(name));
    hides
}

/// A transport message that is broken, on a connection that carries S7.
pub fn of_s7(record: &mut Record) {
    record.set(PAYLOAD, Value::Name("s7"));
}
