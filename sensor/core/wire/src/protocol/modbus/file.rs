//! Records of files. Application Protocol 6.14, 6.15.

use super::body::Body;
use super::fields::{self as slot, flaw};
use crate::cursor::Short;
use crate::value::{Record, Value};

/// One group of a request: file, first record, length in registers, and the registers when they are written.
struct Group<'a> {
    kind: u8,
    file: u16,
    first: u16,
    length: u16,
    registers: Option<Body<'a>>,
}

fn group<'a>(groups: &mut Body<'a>, with_data: bool) -> Result<Group<'a>, Short> {
    let kind = groups.u8()?;
    let (file, first, length) = (groups.u16()?, groups.u16()?, groups.u16()?);
    let registers = if with_data { Some(groups.part(usize::from(length).saturating_mul(2))?) } else { None };
    Ok(Group { kind, file, first, length, registers })
}

/// Byte count, then groups of reference type (6), file, record, length, and the registers when written.
pub fn groups(record: &mut Record, unit: u8, body: &mut Body<'_>, with_data: bool) -> Result<(), Short> {
    let count = usize::from(body.u8()?);
    if count != body.remaining() {
        record.flaw(flaw::BYTE_COUNT);
    }
    let all = body.part(count.min(body.remaining()))?;
    let mut rest = all;
    while !rest.is_empty() {
        let Group { kind, file, first, length, .. } = group(&mut rest, with_data)?;
        // Files count from 1, records end at 9999.
        if kind != 6 || file == 0 || first > 9999 {
            record.flaw(flaw::VALUE);
        }
        let index = u32::from(unit) << 16 | u32::from(file);
        let last = u64::from(first).saturating_add(u64::from(length.max(1))).saturating_sub(1);
        record.push_stretch("file_record", index, first.into(), last);
    }
    // Side by side, and each list in one go.
    for slot in [slot::FILE_NUMBERS, slot::RECORD_NUMBERS, slot::RECORD_LENGTHS] {
        let mut rest = all;
        while let Ok(Group { file, first, length, .. }) = group(&mut rest, with_data) {
            let number = match slot {
                slot::FILE_NUMBERS => file,
                slot::RECORD_NUMBERS => first,
                _ => length,
            };
            record.push(slot, Value::Unsigned(number.into()));
        }
    }
    let mut rest = all;
    while let Ok(Group { registers: Some(registers), .. }) = group(&mut rest, with_data) {
        registers.push_words(record, slot::VALUES);
    }
    Ok(())
}

/// 6.14: byte count, then of each group its length in bytes, the reference type (6) and the registers.
pub fn answer(record: &mut Record, body: &mut Body<'_>) -> Result<(), Short> {
    let count = usize::from(body.u8()?);
    let all = body.part(count).inspect_err(|_| record.flaw(flaw::BYTE_COUNT))?;
    let mut rest = all;
    while !rest.is_empty() {
        let registers = answered(&mut rest, record)?;
        record.push(slot::RECORD_LENGTHS, Value::Unsigned((registers.remaining() / 2) as u64));
    }
    let mut rest = all;
    while let Ok(registers) = answered(&mut rest, record) {
        registers.push_words(record, slot::VALUES);
    }
    Ok(())
}

fn answered<'a>(groups: &mut Body<'a>, record: &mut Record) -> Result<Body<'a>, Short> {
    let length = usize::from(groups.u8()?);
    let mut group = groups.part(length)?;
    if group.u8()? != 6 {
        record.flaw(flaw::VALUE);
    }
    if group.remaining() % 2 == 1 {
        record.flaw(flaw::BYTE_COUNT);
    }
    Ok(group)
}
