//! Objects in S7comm-plus messages, and the addresses of variables.
//!
//! ```text
//!   a1 | relation(4) | class | flags | attribute     an object begins; other objects may stand inside
//!   a3 | attribute | value        a4 | relation | object(4)        a2  the object ends
//! ```

use super::fields as slot;
use super::value::Values;
use super::{names, number};
use crate::cursor::Short;
use crate::limits;
use crate::protocol::s7comm::address::{area_name, symbol_space};
use crate::protocol::s7comm::reader::Reader;
use crate::value::{Record, Value};

pub const BEGIN: u8 = 0xa1;
const END: u8 = 0xa2;
const ATTRIBUTE: u8 = 0xa3;
const RELATION: u8 = 0xa4;

/// Ids and classes of the objects that a message speaks of.
#[derive(Default)]
pub struct Objects {
    pub ids: Vec<Value>,
    pub classes: Vec<Value>,
}

impl Objects {
    pub fn add(&mut self, id: u32) {
        if self.ids.len() < limits::LIST_VALUES {
            self.ids.push(Value::Unsigned(id.into()));
        }
    }

    pub fn has_class(&self, class: u32) -> bool {
        self.classes.contains(&Value::Unsigned(class.into()))
    }

    pub fn finish(self, record: &mut Record) {
        record.set_all(slot::OBJECT_ID, self.ids.into_iter());
        record.set_all(slot::CLASS_ID, self.classes.into_iter());
    }

    /// Objects up to the end of them all; stops at what is not known.
    pub fn read(&mut self, values: &mut Values, reader: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
        let mut open = 0usize;
        loop {
            match reader.peek() {
                Some(BEGIN) => {
                    reader.skip(1)?;
                    let id = reader.u32()?;
                    self.add(id);
                    let class = number::id(reader)?;
                    if self.classes.len() < limits::LIST_VALUES {
                        self.classes.push(Value::Unsigned(class.into()));
                    }
                    number::unsigned(reader)?;
                    number::unsigned(reader)?;
                    open = open.saturating_add(1);
                }
                Some(END) if open > 0 => {
                    reader.skip(1)?;
                    open = open.saturating_sub(1);
                }
                Some(ATTRIBUTE) if open > 0 => {
                    reader.skip(1)?;
                    let id = number::id(reader)?;
                    values.read(id, reader, record)?;
                }
                Some(RELATION) if open > 0 => {
                    reader.skip(1)?;
                    number::unsigned(reader)?;
                    reader.skip(4)?;
                }
                _ if open == 0 => return Ok(()),
                _ => return Err(Short),
            }
        }
    }
}

/// A data block's number stands in the lower half of its area.
const AREA_DB: u32 = 0x8a0e;

/// Addresses of variables, side by side.
#[derive(Default)]
pub struct Addresses {
    crc: Vec<Value>,
    area: Vec<Value>,
    code: Vec<Value>,
    db: Vec<Value>,
    path: Vec<Value>,
}

impl Addresses {
    /// Check sum of the symbol, area, how many numbers follow; the first of those is a part of the area, the others are
    /// the way to the variable.
    pub fn read(&mut self, reader: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
        let (crc, area, mut following) = (number::id(reader)?, number::id(reader)?, number::id(reader)?);
        let db = if area >> 16 == AREA_DB { area & 0xffff } else { 0 };
        let name = match u16::try_from(area).map(area_name) {
            _ if area >> 16 == AREA_DB => "db",
            Ok(name) if name != "unknown" => name,
            _ => "object",
        };
        let mut path = Vec::new();
        if following > 0 {
            let part = number::id(reader)?;
            following = following.saturating_sub(1);
            if name == "object" {
                path.push(part);
            }
        }
        for _ in 0..following {
            path.push(number::id(reader)?);
        }
        if self.path.len() >= limits::LIST_VALUES {
            return Ok(());
        }
        let text = record.write_text(|out| {
            for (number, step) in path.iter().enumerate() {
                if number > 0 {
                    out.push(b'.');
                }
                out.extend_from_slice(step.to_string().as_bytes());
            }
        });
        self.crc.push(Value::Unsigned(crc.into()));
        self.area.push(Value::Name(name));
        self.code.push(Value::Unsigned(area.into()));
        self.db.push(Value::Unsigned(db.into()));
        self.path.push(Value::Text(text));
        if name == "object" {
            let attribute = path.first().copied().unwrap_or(0).into();
            record.push_stretch("attribute", area, attribute, attribute);
        } else {
            record.push_named(symbol_space(name), if name == "db" { db } else { area }, text);
        }
        Ok(())
    }

    pub fn finish(self, record: &mut Record) {
        for (slot, list) in [
            (slot::ITEM_CRC, self.crc),
            (slot::ITEM_AREA, self.area),
            (slot::ITEM_AREA_CODE, self.code),
            (slot::ITEM_DB, self.db),
            (slot::ITEM_LID, self.path),
        ] {
            record.set_all(slot, list.into_iter());
        }
    }
}

/// An attribute of an object is written: a request for another operating mode says which.
pub fn written(object: u32, attribute: u32, values: &Values, record: &mut Record) {
    record.push_stretch("attribute", object, attribute.into(), attribute.into());
    if (object, attribute) == (names::EXECUTION_UNIT, names::OPERATING_STATE_REQUEST) {
        let state = values.last_number().map_or("unknown", names::operating_state);
        record.set(slot::ACTION, Value::Name(state));
        record.class = crate::value::Class::Control;
    }
}
