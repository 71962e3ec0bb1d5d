//! Values of S7comm-plus: flags, type, content. Arrays and structures are laid out flat, each element under the id of
//! what it belongs to.

use super::fields as slot;
use super::{names, number};
use crate::cursor::Short;
use crate::limits;
use crate::protocol::s7comm::reader::Reader;
use crate::value::{Record, Value};

const ARRAY: u8 = 0x10;
const ADDRESS_ARRAY: u8 = 0x20;
const SPARSE_ARRAY: u8 = 0x40;

const BLOB: u8 = 0x14;
const WSTRING: u8 = 0x15;
const STRUCT: u8 = 0x17;
const S7STRING: u8 = 0x19;

/// Ids, types and values of a message, side by side.
#[derive(Default)]
pub struct Values {
    ids: Vec<Value>,
    types: Vec<Value>,
    values: Vec<Value>,
    /// A value was passed over because nobody must keep it.
    pub secret: bool,
    /// What is being read is such a value, or inside one.
    hiding: bool,
}

impl Values {
    fn add(&mut self, id: u32, kind: u8, value: Value) {
        if !self.hiding && self.values.len() < limits::LIST_VALUES {
            self.ids.push(Value::Unsigned(id.into()));
            self.types.push(Value::Name(names::value_type(kind)));
            self.values.push(value);
        }
    }

    /// The last value as a number.
    pub fn last_number(&self) -> Option<u64> {
        match self.values.last() {
            Some(Value::Unsigned(number)) => Some(*number),
            Some(Value::Signed(number)) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// `ids`: the slot that says what the values belong to.
    pub fn finish(self, ids: usize, record: &mut Record) {
        if !self.values.is_empty() {
            record.set_list(ids, &self.ids);
            record.set_list(slot::VALUE_TYPE, &self.types);
            record.set_list(slot::VALUES, &self.values);
        }
    }

    /// Read one value that belongs to `id`.
    pub fn read(&mut self, id: u32, reader: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
        self.nested(id, reader, record, 0)
    }

    fn nested(&mut self, id: u32, reader: &mut Reader<'_>, record: &mut Record, depth: usize) -> Result<(), Short> {
        if depth > limits::NESTING {
            return Err(Short);
        }
        let before = self.hiding;
        self.hiding |= names::secret(id);
        self.secret |= self.hiding;
        let read = self.whole(id, reader, record, depth);
        self.hiding = before;
        read
    }

    fn whole(&mut self, id: u32, reader: &mut Reader<'_>, record: &mut Record, depth: usize) -> Result<(), Short> {
        let (flags, kind) = (reader.u8()?, reader.u8()?);
        if flags & SPARSE_ARRAY != 0 {
            loop {
                let key = number::unsigned(reader)?;
                if key == 0 {
                    return Ok(());
                }
                self.content(id, kind, reader, record, depth)?;
            }
        }
        if flags & (ARRAY | ADDRESS_ARRAY) == 0 {
            return self.content(id, kind, reader, record, depth);
        }
        // Each turn takes a byte at least, so a count that is a lie ends with the bytes.
        for _ in 0..number::id(reader)? {
            let before = reader.remaining();
            self.content(id, kind, reader, record, depth)?;
            if reader.remaining() == before {
                return Err(Short);
            }
        }
        Ok(())
    }

    fn content(
        &mut self,
        id: u32,
        kind: u8,
        reader: &mut Reader<'_>,
        record: &mut Record,
        depth: usize,
    ) -> Result<(), Short> {
        let value = match kind {
            0x00 => return Ok(()),
            0x01 => Value::Bool(reader.u8()? != 0),
            0x02 | 0x0a => Value::Unsigned(reader.u8()?.into()),
            0x03 | 0x0b => Value::Unsigned(reader.u16()?.into()),
            0x04 | 0x05 | 0x13 | 0x16 => Value::Unsigned(number::unsigned(reader)?),
            0x06 => Value::Signed(reader.u8()?.cast_signed().into()),
            0x07 => Value::Signed(reader.u16()?.cast_signed().into()),
            0x08 | 0x09 | 0x11 => Value::Signed(number::signed(reader)?),
            0x0c | 0x12 => Value::Unsigned(reader.u32()?.into()),
            // A time is nanoseconds since 1970.
            0x0d | 0x10 => Value::Unsigned(u64::from_be_bytes(*reader.array()?)),
            0x0e => Value::Float(f32::from_bits(reader.u32()?).into()),
            0x0f => Value::Float(f64::from_be_bytes(*reader.array()?)),
            BLOB => {
                if number::unsigned(reader)? != 0 {
                    // A blob that is a structure of its own kind.
                    return Err(Short);
                }
                let length = number::id(reader)?;
                reader.part(usize::try_from(length).map_err(|_| Short)?)?.rest(record)
            }
            WSTRING | S7STRING => {
                let length = usize::try_from(number::id(reader)?).map_err(|_| Short)?;
                let text = reader.take(length)?;
                if id == names::IDENTITY {
                    identity(text, record);
                }
                Value::Text(record.push_text(text.get(..limits::TEXT_BYTES).unwrap_or(text)))
            }
            STRUCT => return self.structure(reader, record, depth),
            _ => return Err(Short),
        };
        self.add(id, kind, value);
        Ok(())
    }

    fn structure(&mut self, reader: &mut Reader<'_>, record: &mut Record, depth: usize) -> Result<(), Short> {
        let kind = reader.u32()?;
        if matches!(kind >> 24, 0x90..=0x9f | 0x02) {
            // Packed: a time, flags, a length, then bytes whose meaning stands in the project only.
            reader.skip(8)?;
            let flags = number::unsigned(reader)?;
            let mut length = number::id(reader)?;
            if flags & 0x400 != 0 {
                length = number::id(reader)?;
            }
            let mut bytes = reader.part(usize::try_from(length).map_err(|_| Short)?)?;
            let value = bytes.rest(record);
            self.add(kind, BLOB, value);
            return Ok(());
        }
        loop {
            let key = number::id(reader)?;
            if key == 0 {
                return Ok(());
            }
            self.nested(key, reader, record, depth.saturating_add(1))?;
        }
    }
}

/// `1;6ES7 211-1BE31-0XB0;V3.0`.
fn identity(text: &[u8], record: &mut Record) {
    let mut parts = text.split(|byte| *byte == b';').skip(1);
    for slot in [slot::ORDER_NUMBER, slot::FIRMWARE] {
        let part = parts.next().unwrap_or_default().trim_ascii();
        if !part.is_empty() {
            record.set_text(slot, part.get(..limits::TEXT_BYTES).unwrap_or(part));
        }
    }
}
