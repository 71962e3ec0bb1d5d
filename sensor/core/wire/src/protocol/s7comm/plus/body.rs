//! What the functions of S7comm-plus carry.

use super::fields as slot;
use super::number;
use super::object::{self, Addresses, Objects};
use super::value::Values;
use super::{error, names};
use crate::cursor::Short;
use crate::limits;
use crate::protocol::s7comm::reader::Reader;
use crate::value::{Class, Outcome, Record, Value};

/// Everything that was gathered of one message, put into its slots at the end.
#[derive(Default)]
struct Found {
    values: Values,
    objects: Objects,
    addresses: Addresses,
    /// The values belong to items that are numbered from 1, not to attributes.
    numbered: bool,
}

/// Read what stands behind the header. Says whether all that is known to be there was read, and whether there was a
/// secret.
pub fn read(function: u16, asking: bool, content: &mut Reader<'_>, record: &mut Record) -> (bool, bool) {
    let mut found = Found::default();
    let read = match (function, asking) {
        (0x04bb, true) => explore(content, &mut found),
        (0x04bb, false) => explored(content, &mut found, record),
        (0x04ca, true) => create(content, &mut found, record),
        (0x04ca, false) => created(content, &mut found, record),
        (0x04d4, _) | (0x0506 | 0x051a | 0x0524 | 0x056b | 0x0590, true) => one_object(content, &mut found),
        (0x04f2, true) => set_variable(content, &mut found, record),
        (0x04fc, true) => get_variable(content, &mut found, record),
        (0x04fc, false) => found.values.read(0, content, record),
        (0x0542, true) => set_several(content, &mut found, record),
        (0x0542, false) => errors(content, record).and_then(|()| integrity(content, record)),
        (0x054c, true) => get_several(content, &mut found, record),
        (0x054c, false) => got_several(content, &mut found, record),
        (0x057c | 0x0586, true) => sub_streamed(content, &mut found, record),
        _ => Ok(()),
    };
    session(function, &found, record);
    let secret = found.values.secret;
    let ids = if found.numbered { slot::ITEM_NUMBER } else { slot::ATTRIBUTE };
    found.objects.finish(record);
    found.addresses.finish(record);
    found.values.finish(ids, record);
    (read.is_ok(), secret)
}

/// Creating and deleting is about sessions and subscriptions far more often than about programs.
fn session(function: u16, found: &Found, record: &mut Record) {
    if !matches!(function, 0x04ca | 0x04d4) {
        return;
    }
    let of_session = record.get(slot::SESSION).is_some_and(|session| found.objects.ids.contains(&session));
    if found.objects.has_class(names::CLASS_SESSION) || of_session {
        record.class = Class::Session;
    } else if found.objects.has_class(names::CLASS_SUBSCRIPTION) {
        record.class = Class::Read;
    }
}

fn one_object(content: &mut Reader<'_>, found: &mut Found) -> Result<(), Short> {
    found.objects.add(content.u32()?);
    Ok(())
}

/// Object, then how deep to look and what for.
fn explore(content: &mut Reader<'_>, found: &mut Found) -> Result<(), Short> {
    found.objects.add(content.u32()?);
    number::unsigned(content)?;
    Ok(())
}

fn explored(content: &mut Reader<'_>, found: &mut Found, record: &mut Record) -> Result<(), Short> {
    found.objects.add(content.u32()?);
    if content.peek() != Some(object::BEGIN) {
        integrity(content, record)?;
    }
    found.objects.read(&mut found.values, content, record)
}

/// Where, a value, four bytes, then the object.
fn create(content: &mut Reader<'_>, found: &mut Found, record: &mut Record) -> Result<(), Short> {
    found.objects.add(content.u32()?);
    Values::default().read(0, content, record)?;
    content.skip(4)?;
    if content.peek() != Some(object::BEGIN) {
        number::unsigned(content)?;
    }
    found.objects.read(&mut found.values, content, record)
}

/// How many, their ids, and what they are.
fn created(content: &mut Reader<'_>, found: &mut Found, record: &mut Record) -> Result<(), Short> {
    for _ in 0..content.u8()? {
        let id = number::id(content)?;
        found.objects.add(id);
    }
    found.objects.read(&mut found.values, content, record)
}

/// Object, number of attributes, ids, then a value for each.
fn set_variable(content: &mut Reader<'_>, found: &mut Found, record: &mut Record) -> Result<(), Short> {
    let object = content.u32()?;
    found.objects.add(object);
    let ids = several(content)?;
    record.set_u(slot::ITEM_COUNT, ids.len() as u64);
    for id in ids {
        found.values.read(id, content, record)?;
        object::written(object, id, &found.values, record);
    }
    Ok(())
}

fn get_variable(content: &mut Reader<'_>, found: &mut Found, record: &mut Record) -> Result<(), Short> {
    let object = content.u32()?;
    found.objects.add(object);
    let ids = several(content)?;
    asked(object, &ids, record);
    Ok(())
}

/// A number of ids, and the ids.
fn several(content: &mut Reader<'_>) -> Result<Vec<u32>, Short> {
    let count = number::id(content)?;
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(number::id(content)?);
    }
    Ok(ids)
}

fn asked(object: u32, ids: &[u32], record: &mut Record) {
    record.set_u(slot::ITEM_COUNT, ids.len() as u64);
    record.set_all(slot::ATTRIBUTE, ids.iter().map(|id| Value::Unsigned((*id).into())));
    for id in ids.iter().take(limits::LIST_VALUES) {
        record.push_stretch("attribute", object, (*id).into(), (*id).into());
    }
}

/// Number of items, numbers in all their addresses, then the addresses.
fn addresses(content: &mut Reader<'_>, found: &mut Found, record: &mut Record) -> Result<(), Short> {
    let count = number::id(content)?;
    record.set_u(slot::ITEM_COUNT, count);
    number::unsigned(content)?;
    for _ in 0..count {
        found.addresses.read(content, record)?;
    }
    Ok(())
}

/// Without an object the items are addresses of variables, with one they are its attributes.
fn get_several(content: &mut Reader<'_>, found: &mut Found, record: &mut Record) -> Result<(), Short> {
    let object = content.u32()?;
    if object == 0 {
        return addresses(content, found, record);
    }
    found.objects.add(object);
    let ids = attributes(content)?;
    asked(object, &ids, record);
    Ok(())
}

/// Number of items, numbers in all, ids.
fn attributes(content: &mut Reader<'_>) -> Result<Vec<u32>, Short> {
    let count = number::id(content)?;
    number::unsigned(content)?;
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(number::id(content)?);
    }
    Ok(ids)
}

fn set_several(content: &mut Reader<'_>, found: &mut Found, record: &mut Record) -> Result<(), Short> {
    let object = content.u32()?;
    if object == 0 {
        addresses(content, found, record)?;
        return numbered(content, found, record);
    }
    found.objects.add(object);
    let ids = attributes(content)?;
    record.set_u(slot::ITEM_COUNT, ids.len() as u64);
    loop {
        let item = number::id(content)?;
        if item == 0 {
            return Ok(());
        }
        let place = usize::try_from(item).unwrap_or(usize::MAX).saturating_sub(1);
        let id = ids.get(place).copied().ok_or(Short)?;
        found.values.read(id, content, record)?;
        object::written(object, id, &found.values, record);
    }
}

/// Number of the item, its value; ends with number 0.
fn numbered(content: &mut Reader<'_>, found: &mut Found, record: &mut Record) -> Result<(), Short> {
    found.numbered = true;
    loop {
        let item = number::id(content)?;
        if item == 0 {
            return Ok(());
        }
        found.values.read(item, content, record)?;
    }
}

fn got_several(content: &mut Reader<'_>, found: &mut Found, record: &mut Record) -> Result<(), Short> {
    numbered(content, found, record)?;
    errors(content, record)?;
    integrity(content, record)
}

/// Number of the item that failed, and why; ends with number 0.
fn errors(content: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
    let mut codes = Vec::new();
    loop {
        let item = number::unsigned(content)?;
        if item == 0 {
            break;
        }
        let code = error(number::unsigned(content)?);
        if codes.len() < limits::LIST_VALUES {
            codes.push(Value::Signed(code));
        }
    }
    if !codes.is_empty() {
        record.outcome = Outcome::Failure;
        record.set_all(slot::ITEM_ERROR, codes.into_iter());
    }
    Ok(())
}

/// A running number that is part of what the digest protects.
fn integrity(content: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
    record.set_u(slot::INTEGRITY, number::unsigned(content)?);
    Ok(())
}

/// Object, then the way to its attribute as an array of ids.
fn sub_streamed(content: &mut Reader<'_>, found: &mut Found, record: &mut Record) -> Result<(), Short> {
    let object = content.u32()?;
    found.objects.add(object);
    let [flags, kind] = *content.array::<2>()?;
    if flags & 0x30 == 0 || kind != 0x04 {
        return Err(Short);
    }
    let ids = several(content)?;
    asked(object, &ids, record);
    Ok(())
}

/// ```text
///   33 | subscription(4) | 6 bytes | credit | sequence | [ changes ] | 92 item(4) value ... | 0
/// ```
pub fn notification(content: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
    content.skip(1)?;
    let subscription = content.u32()?;
    record.set_u(slot::OBJECT_ID, subscription);
    content.skip(6)?;
    record.set_u(slot::CREDIT, content.u8()?);
    record.set_u(slot::SEQUENCE, number::unsigned(content)?);
    let mut found = Found { numbered: true, ..Found::default() };
    let read = changes(content, &mut found, record);
    if read.is_err() {
        record.set(slot::HIDDEN, Value::Bool(true));
    }
    found.objects.finish(record);
    found.values.finish(slot::ITEM_NUMBER, record);
    Ok(())
}

fn changes(content: &mut Reader<'_>, found: &mut Found, record: &mut Record) -> Result<(), Short> {
    // S7-1200 do not count changes; the first item stands there.
    if !matches!(content.peek(), Some(0x92 | 0x9b)) {
        content.skip(1)?;
    }
    loop {
        match content.u8()? {
            0x00 => return Ok(()),
            0x92 => {
                let item = content.u32()?;
                found.values.read(item, content, record)?;
            }
            0x9b => {
                let item = number::id(content)?;
                found.values.read(item, content, record)?;
            }
            // An item whose value could not be had.
            0x03 | 0x13 | 0x83 => {
                content.skip(4)?;
                record.outcome = Outcome::Failure;
            }
            _ => return Err(Short),
        }
    }
}
