//! Walks the fields of a layout along a message.

use super::layout::{flaw, unsigned, Part, Take};
use super::number::Written;
use crate::cursor::{Cursor, Short};
use crate::limits::{LIST_VALUES, TEXT_BYTES};
use crate::value::{Record, Span, Value};

/// A message that is being read.
pub struct Reading<'a> {
    pub cursor: Cursor<'a>,
    /// Where the cursor's bytes begin in the message.
    pub base: usize,
    pub password: Option<&'a [u8]>,
}

impl<'a> Reading<'a> {
    pub fn parts(&mut self, parts: &[Part], record: &mut Record) -> Result<(), Short> {
        for part in parts {
            if part.when.as_ref().is_none_or(|when| when.holds(record)) {
                let before = self.cursor;
                self.part(part, record)?;
                if part.peek {
                    self.cursor = before;
                }
            }
        }
        Ok(())
    }

    fn part(&mut self, part: &Part, record: &mut Record) -> Result<(), Short> {
        let left = self.cursor.remaining();
        let value = match &part.take {
            Take::Number(written) => match written.value(self.cursor.take(written.width)?) {
                Some(value) => value,
                None => {
                    record.flaw(flaw::DIGITS);
                    return Ok(());
                }
            },
            Take::Numbers(written, count) => {
                let rest = left.checked_div(written.width).unwrap_or(0);
                return self.numbers(part, *written, count.bytes(record, rest)?, record);
            }
            Take::Bits(count) => {
                let count = count.bytes(record, left.saturating_mul(8))?;
                let start = self.place();
                self.cursor.skip(count.div_ceil(8))?;
                Value::Bits { start, count: u32::try_from(count).unwrap_or(u32::MAX) }
            }
            Take::Within { slot, shift, mask, flag } => {
                let bits = unsigned(record, *slot).ok_or(Short)? >> (shift & 63) & mask;
                if *flag {
                    Value::Bool(bits != 0)
                } else {
                    Value::Unsigned(bits)
                }
            }
            Take::Text(length) => {
                let bytes = self.cursor.take(length.bytes(record, left)?)?;
                let filled =
                    bytes.iter().rposition(|byte| !matches!(byte, 0 | b' ')).map_or(0, |last| last.saturating_add(1));
                let text = bytes.get(..filled.min(TEXT_BYTES)).unwrap_or_default();
                Value::Text(record.push_text(text))
            }
            Take::Bytes(length) => {
                let (start, length) = (self.place(), length.bytes(record, left)?);
                self.cursor.skip(length)?;
                Value::Bytes(Span { start, len: u32::try_from(length).unwrap_or(0) })
            }
            Take::Secret(length) => {
                self.password = Some(self.cursor.take(length.bytes(record, left)?)?);
                return Ok(());
            }
            Take::Skip(length) => return self.cursor.skip(length.bytes(record, left)?),
        };
        if let (Some((slot, names)), Value::Unsigned(number)) = (&part.names, value) {
            record.set(*slot, Value::Name(names.get(&number).copied().unwrap_or("unknown")));
        }
        if let Some(slot) = part.slot {
            record.set(slot, scaled(value, part.scale));
        }
        Ok(())
    }

    /// As many as are there, and no more than an event lists.
    fn numbers(&mut self, part: &Part, written: Written, count: usize, record: &mut Record) -> Result<(), Short> {
        for number in 0..count {
            let bytes = self.cursor.take(written.width)?;
            if number >= LIST_VALUES {
                record.flaw(flaw::CUT);
                let left = count.saturating_sub(number).saturating_sub(1);
                return self.cursor.skip(left.saturating_mul(written.width));
            }
            match (written.value(bytes), part.slot) {
                (Some(value), Some(slot)) => record.push(slot, scaled(value, part.scale)),
                (None, _) => record.flaw(flaw::DIGITS),
                _ => {}
            }
        }
        Ok(())
    }

    /// Where in the message the next byte is.
    pub fn place(&self) -> u32 {
        u32::try_from(self.base.saturating_add(self.cursor.position())).unwrap_or(u32::MAX)
    }
}

fn scaled(value: Value, scale: Option<(f64, f64)>) -> Value {
    let Some((scale, offset)) = scale else { return value };
    #[allow(clippy::cast_precision_loss)] // a measurement
    let number = match value {
        Value::Unsigned(number) => number as f64,
        Value::Signed(number) => number as f64,
        Value::Float(number) => number,
        other => return other,
    };
    Value::Float(number * scale + offset)
}
