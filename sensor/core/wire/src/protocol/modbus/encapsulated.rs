//! Function 43: another protocol inside. Application Protocol 6.19 (the envelope), 6.21 (device identification);
//! CiA 309-2 (CANopen).

use super::body::Body;
use super::fields::{self as slot, flaw};
use super::memory::Memory;
use super::{names, pdu};
use crate::cursor::Short;
use crate::value::{Class, Record, Value};

fn envelope(record: &mut Record, body: &mut Body<'_>) -> Result<u8, Short> {
    let kind = body.u8()?;
    record.set_u(slot::MEI_TYPE, kind);
    record.set(slot::MEI_NAME, Value::Name(names::mei(kind).0));
    pdu::sub_operation(record, 43, kind.into());
    Ok(kind)
}

/// 6.21: MEI type 14, read device id code, object id.
pub fn request(record: &mut Record, unit: u8, body: &mut Body<'_>, memory: &mut Memory) -> Result<(), Short> {
    let kind = envelope(record, body)?;
    memory.ask(record, 43, kind.into(), false);
    match kind {
        13 => canopen(record, body, Some(unit)),
        14 => {
            let code = body.u8()?;
            record.set_u(slot::DEVICE_ID_CODE, code);
            if !(1..=4).contains(&code) {
                record.flaw(flaw::VALUE);
            }
            let object = body.u8()?;
            record.set_u(slot::OBJECT_ID, object);
            record.push(slot::OBJECT_NAMES, Value::Name(names::object(object)));
        }
        _ => body.keep(record, slot::DATA),
    }
    Ok(())
}

/// 6.21: … conformity level, more follows, next object id, number of objects, then id, length, text of each.
pub fn response(record: &mut Record, body: &mut Body<'_>) -> Result<(), Short> {
    match envelope(record, body)? {
        13 => canopen(record, body, None),
        14 => identification(record, body)?,
        _ => body.keep(record, slot::DATA),
    }
    Ok(())
}

fn identification(record: &mut Record, body: &mut Body<'_>) -> Result<(), Short> {
    record.set_u(slot::DEVICE_ID_CODE, body.u8()?);
    record.set_u(slot::CONFORMITY, body.u8()?);
    let more = body.u8()?;
    record.set(slot::MORE_FOLLOWS, Value::Bool(more != 0));
    if !matches!(more, 0x00 | 0xff) {
        record.flaw(flaw::VALUE);
    }
    record.set_u(slot::NEXT_OBJECT, body.u8()?);
    let objects = body.u8()?;
    // Side by side, and each list in one go.
    for slot in [slot::OBJECT_IDS, slot::OBJECT_NAMES] {
        let mut ids = *body;
        for _ in 0..objects {
            let id = ids.u8()?;
            let value =
                if slot == slot::OBJECT_IDS { Value::Unsigned(id.into()) } else { Value::Name(names::object(id)) };
            record.push(slot, value);
            let length = usize::from(ids.u8()?);
            ids.skip(length)?;
        }
    }
    for _ in 0..objects {
        body.skip(1)?;
        let length = usize::from(body.u8()?);
        let text = record.push_text(body.take(length)?);
        record.push(slot::OBJECT_TEXTS, Value::Text(text));
    }
    Ok(())
}

/// An access to the object dictionary of a CANopen device.
///
/// ```text
///   0         2      3       5          6         8        10
///   | control | node | index | subindex | address | length | data ...
/// ```
///
/// The lowest bit of the first control byte says that it writes. Shorter ones are kept as they are: the control bytes
/// may announce other forms.
fn canopen(record: &mut Record, body: &mut Body<'_>, unit: Option<u8>) {
    let mut head = *body;
    if let Ok([control, _, node, high, low, subindex, ..]) = head.array::<8>() {
        if let Ok(length) = head.u16() {
            let index = u16::from_be_bytes([high, low]);
            record.set_u(slot::CANOPEN_CONTROL, control);
            record.set_u(slot::CANOPEN_NODE, node);
            record.set_u(slot::CANOPEN_INDEX, index);
            record.set_u(slot::CANOPEN_SUBINDEX, subindex);
            record.set_u(slot::CANOPEN_LENGTH, length);
            record.class = if control & 1 == 1 { Class::Write } else { Class::Read };
            if let Some(unit) = unit {
                let place = u64::from(index) << 8 | u64::from(subindex);
                record.push_stretch("canopen_object", u32::from(unit) << 16 | u32::from(node), place, place);
            }
            *body = head;
        }
    }
    body.keep(record, slot::DATA);
}
