//! Modbus/TCP.
//! MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3 (MBAP header).
//! MODBUS Application Protocol Specification V1.1b3, 4.1 (frame), 5 (function code categories), 6 (function codes),
//! 7 (exception responses).

use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::cursor::{Cursor, Short};
use crate::value::{field, list, slots, Class, Kind, Outcome, Record, Role, Span, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "modbus",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Plant,
    spoken: Some(Spoken { transports: &[TCP], ports: &[502], probe: &probe, parser: &|| Box::new(Modbus) }),
};

slots! {
    TRANSACTION = 0 => field("modbus.transaction_id", Kind::Unsigned);
    UNIT = 1 => field("modbus.unit_id", Kind::Unsigned);
    FUNCTION = 2 => field("modbus.function_code", Kind::Unsigned);
    FUNCTION_NAME = 3 => field("modbus.function_name", Kind::Text);
    ADDRESS = 4 => field("modbus.address", Kind::Unsigned);
    QUANTITY = 5 => field("modbus.quantity", Kind::Unsigned);
    VALUES = 6 => list("modbus.values", Kind::Unsigned);
    EXCEPTION = 7 => field("modbus.exception_code", Kind::Unsigned);
    EXCEPTION_NAME = 8 => field("modbus.exception_name", Kind::Text);
    WRITE_ADDRESS = 9 => field("modbus.write_address", Kind::Unsigned);
    WRITE_QUANTITY = 10 => field("modbus.write_quantity", Kind::Unsigned);
    AND_MASK = 11 => field("modbus.and_mask", Kind::Unsigned);
    OR_MASK = 12 => field("modbus.or_mask", Kind::Unsigned);
    SUBFUNCTION = 13 => field("modbus.diagnostic_code", Kind::Unsigned);
    MEI_TYPE = 14 => field("modbus.mei_type", Kind::Unsigned);
    DEVICE_ID_CODE = 15 => field("modbus.device_id_code", Kind::Unsigned);
    OBJECT_ID = 16 => field("modbus.object_id", Kind::Unsigned);
    OBJECT_TEXTS = 17 => list("modbus.object_values", Kind::Text);
    DATA = 18 => field("modbus.data", Kind::Bytes);
    FILE_NUMBERS = 19 => list("modbus.file_numbers", Kind::Unsigned);
    RECORD_NUMBERS = 20 => list("modbus.record_numbers", Kind::Unsigned);
    RECORD_LENGTHS = 21 => list("modbus.record_lengths", Kind::Unsigned);
    PROTOCOL_ID = 22 => field("modbus.protocol_id", Kind::Unsigned);
    LENGTH = 23 => field("modbus.length", Kind::Unsigned);
    OBJECT_IDS = 24 => list("modbus.object_ids", Kind::Unsigned);
}

/// Bits of `Record::flaws`.
pub const FLAWS: &[&str] = &[
    "modbus.protocol_id",       // MBAP protocol identifier is not 0
    "modbus.bad_length",        // MBAP length is not 2–254: framing is lost, unless the message ends where it says
    "modbus.short_pdu",         // the PDU ends before its function's fields do
    "modbus.trailing_bytes",    // the PDU goes on after its function's fields
    "modbus.byte_count",        // the byte count does not fit quantity or length
    "modbus.quantity",          // quantity is 0 or above what the function allows
    "modbus.reserved_function", // function code 0, or 0x80 and above in a request
    "modbus.value",             // a value the specification does not allow: a coil neither 0x0000 nor 0xff00
    "modbus.address_overflow",  // address plus quantity passes 65535
    "modbus.exception_from_client",
];

mod flaw {
    pub const PROTOCOL_ID: usize = 0;
    pub const BAD_LENGTH: usize = 1;
    pub const SHORT_PDU: usize = 2;
    pub const TRAILING: usize = 3;
    pub const BYTE_COUNT: usize = 4;
    pub const QUANTITY: usize = 5;
    pub const RESERVED: usize = 6;
    pub const VALUE: usize = 7;
    pub const OVERFLOW: usize = 8;
    pub const EXCEPTION_FROM_CLIENT: usize = 9;
}

/// MBAP header without the unit identifier, which the length counts.
const HEADER: usize = 6;

struct Modbus;

/// A function code's name and what it does to the device (Application Protocol 5.1, 6).
pub fn function(code: u8) -> (&'static str, Class) {
    match code & 0x7f {
        1 => ("read_coils", Class::Read),
        2 => ("read_discrete_inputs", Class::Read),
        3 => ("read_holding_registers", Class::Read),
        4 => ("read_input_registers", Class::Read),
        5 => ("write_single_coil", Class::Write),
        6 => ("write_single_register", Class::Write),
        7 => ("read_exception_status", Class::Diagnose),
        8 => ("diagnostics", Class::Diagnose),
        11 => ("get_comm_event_counter", Class::Diagnose),
        12 => ("get_comm_event_log", Class::Diagnose),
        15 => ("write_multiple_coils", Class::Write),
        16 => ("write_multiple_registers", Class::Write),
        17 => ("report_server_id", Class::Discover),
        20 => ("read_file_record", Class::Read),
        21 => ("write_file_record", Class::Write),
        22 => ("mask_write_register", Class::Write),
        23 => ("read_write_multiple_registers", Class::Write),
        24 => ("read_fifo_queue", Class::Read),
        43 => ("encapsulated_interface_transport", Class::Discover),
        _ => ("unknown", Class::Other),
    }
}

fn exception(code: u8) -> &'static str {
    match code {
        1 => "illegal_function",
        2 => "illegal_data_address",
        3 => "illegal_data_value",
        4 => "server_device_failure",
        5 => "acknowledge",
        6 => "server_device_busy",
        8 => "memory_parity_error",
        10 => "gateway_path_unavailable",
        11 => "gateway_target_failed_to_respond",
        _ => "unknown",
    }
}

/// Content alone rarely proves Modbus: protocol id 0, a length that ends with the segment or before another header,
/// and a PDU whose shape fits its function. Only the last makes it sure.
fn probe(payload: &[u8], _transport: u8) -> Probe {
    let mut cursor = Cursor::new(payload);
    let Ok((_, protocol_id, length)) = header(&mut cursor) else {
        return Probe::No;
    };
    if protocol_id != 0 || !(2..=254).contains(&length) {
        return Probe::No;
    }
    let end = HEADER.saturating_add(usize::from(length));
    let follows = match payload.len().checked_sub(end) {
        None => return Probe::Fits,
        Some(0) => true,
        // Pipelined: the next header must look like one, as far as it is here.
        Some(_) => payload.get(end.saturating_add(2)..end.saturating_add(4)).is_none_or(|id| id == [0, 0]),
    };
    let code = payload.get(7).copied().unwrap_or(0);
    let known = function(code).0 != "unknown";
    let shape = match (code, length) {
        (1..=6 | 15 | 16, 6) | (22, 8) => true,
        (0x81..=0xff, 3) => true,
        (1..=4, 4..) => payload.get(8).is_some_and(|count| u16::from(*count).saturating_add(3) == length),
        (15 | 16, 8..) => payload.get(12).is_some_and(|count| u16::from(*count).saturating_add(7) == length),
        (43, 5..) => payload.get(8).is_some_and(|mei| matches!(mei, 13 | 14)),
        _ => false,
    };
    match (follows, known, shape) {
        (true, true, true) => Probe::Sure,
        (true, _, _) => Probe::Fits,
        _ => Probe::No,
    }
}

fn header(cursor: &mut Cursor<'_>) -> Result<(u16, u16, u16), Short> {
    Ok((cursor.u16_be()?, cursor.u16_be()?, cursor.u16_be()?))
}

impl Parser for Modbus {
    /// Read one ADU: MBAP header (7 bytes), then the PDU.
    ///
    /// ```text
    ///   0     2     4     6   7   8
    ///   | tid | pid | len | u | f | data ...
    /// ```
    fn message(&mut self, bytes: &[u8], context: &Context, record: &mut Record) -> Step {
        let mut cursor = Cursor::new(bytes);
        let Ok((transaction, protocol_id, length)) = header(&mut cursor) else {
            return Step::Short { need: HEADER.saturating_add(2) };
        };
        // The length counts unit id and PDU: at least 2, and a PDU has at most 253 bytes (Implementation Guide 3.1.2).
        // Some vendors' functions (Schneider's 90) go beyond: such a message is taken when it ends where it says.
        let oversize = length > 254 && protocol_id == 0 && ends_here(bytes, length);
        if !(oversize || (2..=254).contains(&length)) || (protocol_id != 0 && context.after_gap) {
            if context.after_gap {
                return Step::Lost { used: bytes.len() };
            }
            record.set_u(TRANSACTION, transaction);
            record.set_u(LENGTH, length);
            if protocol_id != 0 {
                record.set_u(PROTOCOL_ID, protocol_id);
                record.flaw(flaw::PROTOCOL_ID);
            }
            record.flaw(flaw::BAD_LENGTH);
            record.role = role(context);
            if let Some(code) = bytes.get(7) {
                name(record, *code);
            }
            // Framing is lost: what is here goes with this event, the next segment starts a message.
            return Step::Message { used: bytes.len() };
        }
        let Ok(body) = cursor.take(usize::from(length)) else {
            return Step::Short { need: HEADER.saturating_add(usize::from(length)) };
        };
        record.set_u(TRANSACTION, transaction);
        if oversize {
            record.set_u(LENGTH, length);
            record.flaw(flaw::BAD_LENGTH);
        }
        if protocol_id != 0 {
            record.set_u(PROTOCOL_ID, protocol_id);
            record.flaw(flaw::PROTOCOL_ID);
        }
        record.role = role(context);
        let mut pdu = Cursor::new(body);
        if let (Ok(unit), Ok(code)) = (pdu.u8(), pdu.u8()) {
            record.set_u(UNIT, unit);
            record.reference = Some(u64::from(transaction) << 8 | u64::from(unit));
            name(record, code);
            let read = if code & 0x80 != 0 {
                failed(record, &mut pdu, context)
            } else if context.from_client {
                request(record, code, unit, &mut pdu)
            } else {
                response(record, code, unit, &mut pdu)
            };
            match read {
                Err(Short) => record.flaw(flaw::SHORT_PDU),
                Ok(()) if !pdu.is_empty() => record.flaw(flaw::TRAILING),
                Ok(()) => {}
            }
        }
        Step::Message { used: cursor.position() }
    }
}

/// The message of that length is all here, and nothing or another header follows.
fn ends_here(bytes: &[u8], length: u16) -> bool {
    let end = HEADER.saturating_add(usize::from(length));
    bytes.len() == end || bytes.get(end.saturating_add(2)..end.saturating_add(4)).is_some_and(|id| id == [0, 0])
}

fn role(context: &Context) -> Role {
    if context.from_client {
        Role::Request
    } else {
        Role::Response
    }
}

#[inline]
fn name(record: &mut Record, code: u8) {
    let (name, class) = function(code);
    record.set_u(FUNCTION, code & 0x7f);
    record.set(FUNCTION_NAME, Value::Name(name));
    record.operation = u32::from(code & 0x7f);
    record.operation_name = name;
    record.class = class;
    if code & 0x7f == 0 {
        record.flaw(flaw::RESERVED);
    }
}

/// Application Protocol 7: the function code with its highest bit set, then one byte of reason.
fn failed(record: &mut Record, pdu: &mut Cursor<'_>, context: &Context) -> Result<(), Short> {
    if context.from_client {
        // A request, whatever its code pretends: it has no outcome and may go on as it likes.
        record.flaw(flaw::EXCEPTION_FROM_CLIENT);
        record.flaw(flaw::RESERVED);
        raw(record, pdu);
        return Ok(());
    }
    record.outcome = Outcome::Failure;
    let code = pdu.u8()?;
    record.set_u(EXCEPTION, code);
    record.set(EXCEPTION_NAME, Value::Name(exception(code)));
    Ok(())
}

/// Where the next `length` bytes of the PDU lie in the message: unit id and function code are already taken from a
/// body that starts behind the header.
fn here(pdu: &Cursor<'_>, length: usize) -> Span {
    Span::new(HEADER.saturating_add(pdu.position()), length)
}

/// The address space that a function reads or writes.
fn space(code: u8) -> &'static str {
    match code {
        1 | 5 | 15 => "coil",
        2 => "discrete_input",
        4 => "input_register",
        24 => "fifo",
        _ => "holding_register",
    }
}

#[inline]
fn stretch(record: &mut Record, code: u8, unit: u8, address: u16, quantity: u16) {
    let last = u32::from(address).saturating_add(u32::from(quantity.max(1))).saturating_sub(1);
    if last > 0xffff {
        record.flaw(flaw::OVERFLOW);
    }
    record.push_stretch(space(code), u32::from(unit), address.into(), last.into());
}

fn limits(record: &mut Record, quantity: u16, most: u16) {
    if quantity == 0 || quantity > most {
        record.flaw(flaw::QUANTITY);
    }
}

fn request(record: &mut Record, code: u8, unit: u8, pdu: &mut Cursor<'_>) -> Result<(), Short> {
    match code {
        // 6.1–6.4: starting address (counts from 0 on the wire), quantity.
        1..=4 => {
            let (address, quantity) = (pdu.u16_be()?, pdu.u16_be()?);
            record.set_u(ADDRESS, address);
            record.set_u(QUANTITY, quantity);
            limits(record, quantity, if code <= 2 { 2000 } else { 125 });
            stretch(record, code, unit, address, quantity);
        }
        // 6.5, 6.6: address, one value.
        5 | 6 => {
            let address = pdu.u16_be()?;
            record.set_u(ADDRESS, address);
            record.set_u(QUANTITY, 1u16);
            stretch(record, code, unit, address, 1);
            let span = here(pdu, 2);
            let value = pdu.u16_be()?;
            record.set(VALUES, Value::Words(span));
            coil(record, code, value);
        }
        // 6.11, 6.12: address, quantity, byte count, values.
        15 | 16 => {
            let (address, quantity) = (pdu.u16_be()?, pdu.u16_be()?);
            record.set_u(ADDRESS, address);
            record.set_u(QUANTITY, quantity);
            limits(record, quantity, if code == 15 { 1968 } else { 123 });
            stretch(record, code, unit, address, quantity);
            written(record, code == 15, quantity, pdu)?;
        }
        // 6.16: address, AND mask, OR mask.
        22 => {
            let address = pdu.u16_be()?;
            record.set_u(ADDRESS, address);
            stretch(record, code, unit, address, 1);
            record.set_u(AND_MASK, pdu.u16_be()?);
            record.set_u(OR_MASK, pdu.u16_be()?);
        }
        // 6.17: read address, quantity; write address, quantity, byte count, values.
        23 => {
            let (address, quantity) = (pdu.u16_be()?, pdu.u16_be()?);
            record.set_u(ADDRESS, address);
            record.set_u(QUANTITY, quantity);
            limits(record, quantity, 125);
            let (write_address, write_quantity) = (pdu.u16_be()?, pdu.u16_be()?);
            record.set_u(WRITE_ADDRESS, write_address);
            record.set_u(WRITE_QUANTITY, write_quantity);
            limits(record, write_quantity, 121);
            // What is written comes first: the operation counts as a write.
            stretch(record, code, unit, write_address, write_quantity);
            stretch(record, code, unit, address, quantity);
            written(record, false, write_quantity, pdu)?;
        }
        // 6.18: FIFO pointer address.
        24 => {
            let address = pdu.u16_be()?;
            record.set_u(ADDRESS, address);
            stretch(record, code, unit, address, 1);
        }
        8 => diagnostics(record, pdu)?,
        20 => file_items(record, unit, pdu, false)?,
        21 => file_items(record, unit, pdu, true)?,
        43 => encapsulated_request(record, pdu)?,
        7 | 11 | 12 | 17 => {}
        _ => raw(record, pdu),
    }
    Ok(())
}

fn response(record: &mut Record, code: u8, unit: u8, pdu: &mut Cursor<'_>) -> Result<(), Short> {
    record.outcome = Outcome::Success;
    match code {
        // 6.1, 6.2: byte count, bits; the number of bits asked for is known to the request only.
        1 | 2 => {
            let count = usize::from(pdu.u8()?);
            let span = here(pdu, count);
            counted(record, pdu, count)?;
            record.set(VALUES, Value::Bits { start: span.start, count: span.len.saturating_mul(8) });
        }
        // 6.3, 6.4, 6.17: byte count, registers.
        3 | 4 | 23 => {
            let count = usize::from(pdu.u8()?);
            let span = here(pdu, count);
            counted(record, pdu, count)?;
            if count % 2 == 1 {
                record.flaw(flaw::BYTE_COUNT);
            }
            record.set(VALUES, Value::Words(span));
        }
        // 6.5, 6.6: the request's echo.
        5 | 6 => {
            record.set_u(ADDRESS, pdu.u16_be()?);
            let span = here(pdu, 2);
            let value = pdu.u16_be()?;
            record.set(VALUES, Value::Words(span));
            coil(record, code, value);
        }
        // 6.11, 6.12: address, quantity.
        15 | 16 => {
            record.set_u(ADDRESS, pdu.u16_be()?);
            record.set_u(QUANTITY, pdu.u16_be()?);
        }
        22 => {
            record.set_u(ADDRESS, pdu.u16_be()?);
            record.set_u(AND_MASK, pdu.u16_be()?);
            record.set_u(OR_MASK, pdu.u16_be()?);
        }
        // 6.18: byte count (16 bits, counts the FIFO count too), FIFO count (at most 31), registers.
        24 => {
            let (bytes, registers) = (pdu.u16_be()?, pdu.u16_be()?);
            record.set_u(QUANTITY, registers);
            if registers > 31 {
                record.flaw(flaw::QUANTITY);
            }
            let length = usize::from(registers).saturating_mul(2);
            if usize::from(bytes) != length.saturating_add(2) {
                record.flaw(flaw::BYTE_COUNT);
            }
            let span = here(pdu, length);
            pdu.skip(length)?;
            record.set(VALUES, Value::Words(span));
        }
        // 6.7: one byte of exception status. 6.9: status, event count.
        7 | 11 => {
            let length = if code == 7 { 1 } else { 4 };
            let span = here(pdu, length);
            pdu.skip(length)?;
            record.set(DATA, Value::Bytes(span));
        }
        20 => file_answer(record, pdu)?,
        // 6.15: the request's echo.
        21 => file_items(record, unit, pdu, true)?,
        8 => diagnostics(record, pdu)?,
        43 => encapsulated_response(record, pdu)?,
        // 6.13: byte count, device specific content.
        12 | 17 => {
            let count = usize::from(pdu.u8()?);
            let span = here(pdu, count);
            counted(record, pdu, count)?;
            record.set(DATA, Value::Bytes(span));
        }
        _ => raw(record, pdu),
    }
    Ok(())
}

/// 6.5: on and off are the only values of a single coil.
fn coil(record: &mut Record, code: u8, value: u16) {
    if code == 5 && value != 0 && value != 0xff00 {
        record.flaw(flaw::VALUE);
    }
}

/// Take `count` bytes that a byte count claims; fewer are a flaw and whatever is there is taken.
fn counted(record: &mut Record, pdu: &mut Cursor<'_>, count: usize) -> Result<(), Short> {
    if count == 0 {
        record.flaw(flaw::BYTE_COUNT);
    }
    pdu.skip(count).inspect_err(|_| record.flaw(flaw::BYTE_COUNT))
}

fn written(record: &mut Record, bits: bool, quantity: u16, pdu: &mut Cursor<'_>) -> Result<(), Short> {
    let count = usize::from(pdu.u8()?);
    let wanted = if bits { usize::from(quantity).div_ceil(8) } else { usize::from(quantity).saturating_mul(2) };
    if count != wanted {
        record.flaw(flaw::BYTE_COUNT);
    }
    let span = here(pdu, count);
    counted(record, pdu, count)?;
    record.set(
        VALUES,
        if bits {
            Value::Bits { start: span.start, count: u32::from(quantity).min(span.len.saturating_mul(8)) }
        } else {
            Value::Words(span)
        },
    );
    Ok(())
}

/// 6.8: sub-function, data. Sub-function 1 restarts communication, 4 makes the device listen only.
fn diagnostics(record: &mut Record, pdu: &mut Cursor<'_>) -> Result<(), Short> {
    let code = pdu.u16_be()?;
    record.set_u(SUBFUNCTION, code);
    if matches!(code, 1 | 4) {
        record.class = Class::Control;
    }
    if pdu.remaining() < 2 {
        return Err(Short);
    }
    raw(record, pdu);
    Ok(())
}

/// One group of a file request: file, first record, length in registers.
type Group = (u16, u16, u16);

fn file_group(groups: &mut Cursor<'_>, with_data: bool) -> Result<(u8, Group), Short> {
    let kind = groups.u8()?;
    let group = (groups.u16_be()?, groups.u16_be()?, groups.u16_be()?);
    if with_data {
        groups.skip(usize::from(group.2).saturating_mul(2))?;
    }
    Ok((kind, group))
}

/// 6.14, 6.15: byte count, then groups of reference type (6), file, record, length, and the data when written.
fn file_items(record: &mut Record, unit: u8, pdu: &mut Cursor<'_>, with_data: bool) -> Result<(), Short> {
    let count = usize::from(pdu.u8()?);
    if count != pdu.remaining() {
        record.flaw(flaw::BYTE_COUNT);
    }
    let all = Cursor::new(pdu.take(count.min(pdu.remaining()))?);
    let mut groups = all;
    while !groups.is_empty() {
        let (kind, (file, first, length)) = file_group(&mut groups, with_data)?;
        // Files count from 1, records end at 9999.
        if kind != 6 || file == 0 || first > 9999 {
            record.flaw(flaw::VALUE);
        }
        let index = u32::from(unit) << 16 | u32::from(file);
        let last = u64::from(first).saturating_add(u64::from(length.max(1))).saturating_sub(1);
        record.push_stretch("file_record", index, first.into(), last);
    }
    // Side by side, and each list in one go.
    for slot in [FILE_NUMBERS, RECORD_NUMBERS, RECORD_LENGTHS] {
        let mut groups = all;
        while let Ok((_, (file, first, length))) = file_group(&mut groups, with_data) {
            let number = match slot {
                FILE_NUMBERS => file,
                RECORD_NUMBERS => first,
                _ => length,
            };
            record.push(slot, Value::Unsigned(number.into()));
        }
    }
    Ok(())
}

/// 6.14: byte count, then of each group its length, the reference type (6) and the registers.
fn file_answer(record: &mut Record, pdu: &mut Cursor<'_>) -> Result<(), Short> {
    let count = usize::from(pdu.u8()?);
    let span = here(pdu, count);
    let mut groups = Cursor::new(pdu.take(count).inspect_err(|_| record.flaw(flaw::BYTE_COUNT))?);
    record.set(DATA, Value::Bytes(span));
    while !groups.is_empty() {
        let length = usize::from(groups.u8()?);
        let mut group = Cursor::new(groups.take(length)?);
        if group.u8()? != 6 {
            record.flaw(flaw::VALUE);
        }
        if group.remaining() % 2 == 1 {
            record.flaw(flaw::BYTE_COUNT);
        }
    }
    Ok(())
}

/// 6.21: MEI type 14, read device id code, object id. Type 13 is CANopen, kept raw.
fn encapsulated_request(record: &mut Record, pdu: &mut Cursor<'_>) -> Result<(), Short> {
    let kind = pdu.u8()?;
    record.set_u(MEI_TYPE, kind);
    if kind == 14 {
        let code = pdu.u8()?;
        record.set_u(DEVICE_ID_CODE, code);
        if !(1..=4).contains(&code) {
            record.flaw(flaw::VALUE);
        }
        record.set_u(OBJECT_ID, pdu.u8()?);
    } else {
        tunnel(record, pdu);
    }
    Ok(())
}

/// 6.21: … conformity level, more follows, next object id, number of objects, then id, length, text of each.
fn encapsulated_response(record: &mut Record, pdu: &mut Cursor<'_>) -> Result<(), Short> {
    let kind = pdu.u8()?;
    record.set_u(MEI_TYPE, kind);
    if kind != 14 {
        tunnel(record, pdu);
        return Ok(());
    }
    record.set_u(DEVICE_ID_CODE, pdu.u8()?);
    pdu.skip(3)?;
    let objects = pdu.u8()?;
    let mut ids = *pdu;
    for _ in 0..objects {
        record.push(OBJECT_IDS, Value::Unsigned(ids.u8()?.into()));
        let length = usize::from(ids.u8()?);
        ids.skip(length)?;
    }
    for _ in 0..objects {
        pdu.skip(1)?;
        let length = usize::from(pdu.u8()?);
        let text = record.push_text(pdu.take(length)?);
        record.push(OBJECT_TEXTS, Value::Text(text));
    }
    Ok(())
}

/// Another protocol inside (type 13 is CANopen): it may read or write.
fn tunnel(record: &mut Record, pdu: &mut Cursor<'_>) {
    record.class = Class::Other;
    raw(record, pdu);
}

fn raw(record: &mut Record, pdu: &mut Cursor<'_>) {
    if !pdu.is_empty() {
        record.set(DATA, Value::Bytes(here(pdu, pdu.remaining())));
        pdu.take_rest();
    }
}
