//! Variables of the program by block and offset: UMAS functions 0x22 and 0x23.

use super::super::body::Body;
use super::super::fields as slot;
use crate::cursor::Short;
use crate::value::{Record, Value};

struct Variable {
    block: u16,
    offset: u32,
    bytes: u32,
}

/// Check sum of the program, number of variables, then each.
pub fn read(record: &mut Record, unit: u8, body: &mut Body<'_>, written: bool) -> Result<(), Short> {
    body.skip(4)?;
    let count = body.u8()?;
    let mut rest = *body;
    for _ in 0..count {
        let Variable { block, offset, bytes } = variable(&mut rest, written)?;
        let last = u64::from(offset).saturating_add(u64::from(bytes.max(1))).saturating_sub(1);
        record.push_stretch("umas_block", u32::from(unit) << 16 | u32::from(block), offset.into(), last);
    }
    // Side by side, and each list in one go.
    for slot in [slot::UMAS_BLOCKS, slot::UMAS_OFFSETS, slot::UMAS_LENGTHS] {
        let mut again = *body;
        for _ in 0..count {
            let Variable { block, offset, bytes } = variable(&mut again, written)?;
            let number = match slot {
                slot::UMAS_BLOCKS => block.into(),
                slot::UMAS_OFFSETS => offset,
                _ => bytes,
            };
            record.push(slot, Value::Unsigned(number.into()));
        }
    }
    if written {
        body.keep(record, slot::DATA);
    }
    *body = rest;
    Ok(())
}

/// ```text
///   read:   array, size (4 bits each) | block(2) | 01 | base(2) | offset(1) [ | elements(2) when array ]
///   write:  array, size (4 bits each) | block(2) | base(2) | offset(2)      [ | elements(2) when array ] | value
/// ```
///
/// Sizes 1 to 4 stand for 1, 2, 4 and 8 bytes.
fn variable(body: &mut Body<'_>, written: bool) -> Result<Variable, Short> {
    let kind = body.u8()?;
    let block = body.u16_le()?;
    if !written {
        body.skip(1)?;
    }
    let base = body.u16_le()?;
    let offset = if written { body.u16_le()? } else { body.u8()?.into() };
    let elements = if kind >> 4 != 0 { body.u16_le()? } else { 1 };
    let size = match kind & 0x0f {
        1 => 1,
        2 => 2,
        3 => 4,
        4 => 8,
        _ => 0,
    };
    let bytes = u32::from(elements).saturating_mul(size);
    if written {
        body.skip(bytes as usize)?;
    }
    Ok(Variable { block, offset: u32::from(base).saturating_add(offset.into()), bytes })
}
