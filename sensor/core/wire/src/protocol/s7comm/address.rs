//! Addresses of other syntaxes than S7ANY.
//!
//! ```text
//!   b0 | stretches | stretches times: length(1) db(2) byte(2)                        several stretches of data blocks
//!   b2 | ff | root(2) | area or db(2) | crc(4) | path, 4 bytes a step                a symbol of an S7-1200
//!   82, 83, 84 | area (3 bits), unit (5 bits) | column(2) | line(2) | module | lines   numerical control
//! ```

use super::fields::{self as slot, flaw};
use super::reader::Reader;
use crate::cursor::Short;
use crate::value::{Record, Value};

/// Several stretches of data blocks in one item.
pub const DB_READ: u8 = 0xb0;
pub const SYMBOL: u8 = 0xb2;
/// `NCK`, and the same in metric and in inch units.
const CONTROL: std::ops::RangeInclusive<u8> = 0x82..=0x84;

/// The first half of a symbol's root says that a data block's number follows.
const ROOT_DB: u16 = 0x8a0e;

/// Values for the lists, one for each item (each stretch of a DB read) that has them.
#[derive(Default)]
pub struct Columns {
    pub area: Vec<Value>,
    pub area_code: Vec<Value>,
    pub db: Vec<Value>,
    pub count: Vec<Value>,
    pub address: Vec<Value>,
    crc: Vec<Value>,
    path: Vec<Value>,
    unit: Vec<Value>,
    module: Vec<Value>,
    column: Vec<Value>,
    line: Vec<Value>,
}

fn unsigned(list: &mut Vec<Value>, number: impl Into<u64>) {
    list.push(Value::Unsigned(number.into()));
}

impl Columns {
    /// Read an item, from its syntax on, and name what it touches. False where its syntax is none of these.
    pub fn item(&mut self, mut body: Reader<'_>, record: &mut Record) -> bool {
        let read = match body.u8() {
            Ok(DB_READ) => self.stretches(&mut body, record),
            Ok(SYMBOL) => self.symbol(&mut body, record),
            Ok(syntax) if CONTROL.contains(&syntax) => self.control(&mut body, record),
            _ => return false,
        };
        if read.is_err() || !body.is_empty() {
            record.flaw(flaw::ITEM);
        }
        true
    }

    fn stretches(&mut self, body: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
        for _ in 0..body.u8()? {
            let (length, db, start) = (body.u8()?, body.u16()?, body.u16()?);
            self.area.push(Value::Name("db"));
            unsigned(&mut self.area_code, 0x84u8);
            unsigned(&mut self.db, db);
            unsigned(&mut self.count, length);
            unsigned(&mut self.address, start);
            let end = u64::from(start).saturating_add(length.max(1).into()).saturating_sub(1);
            record.push_stretch("db", db.into(), start.into(), end);
        }
        Ok(())
    }

    /// Each step of the path has its kind in the upper four bits.
    fn symbol(&mut self, body: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
        body.skip(1)?;
        let (root, area, crc) = (body.u16()?, body.u16()?, body.u32()?);
        let (name, code, db) = match (root, area) {
            (ROOT_DB, db) => ("db", root, db),
            (_, code) => (area_name(code), code, 0),
        };
        self.area.push(Value::Name(name));
        unsigned(&mut self.area_code, code);
        unsigned(&mut self.db, db);
        unsigned(&mut self.crc, crc);
        let steps = body.take_rest().as_chunks::<4>();
        let text = record.write_text(|out| {
            for (number, step) in steps.0.iter().enumerate() {
                if number > 0 {
                    out.push(b'.');
                }
                out.extend_from_slice((u32::from_be_bytes(*step) & 0x0fff_ffff).to_string().as_bytes());
            }
        });
        self.path.push(Value::Text(text));
        record.push_named(symbol_space(name), if name == "db" { db.into() } else { code.into() }, text);
        if steps.1.is_empty() {
            Ok(())
        } else {
            Err(Short)
        }
    }

    fn control(&mut self, body: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
        let [place, c1, c0, l1, l0, module, lines] = *body.array::<7>()?;
        let (column, line) = (u16::from_be_bytes([c1, c0]), u16::from_be_bytes([l1, l0]));
        self.area.push(Value::Name(control_area(place >> 5)));
        unsigned(&mut self.area_code, place >> 5);
        unsigned(&mut self.count, lines);
        unsigned(&mut self.unit, place & 0x1f);
        unsigned(&mut self.module, module);
        unsigned(&mut self.column, column);
        unsigned(&mut self.line, line);
        // The space's number tells area, unit and module; in it columns are variables.
        let index = u32::from(place) << 8 | u32::from(module);
        record.push_stretch("nc_variable", index, column.into(), column.into());
        Ok(())
    }

    pub fn finish(self, record: &mut Record) {
        for (slot, list) in [
            (slot::ITEM_LENGTH, self.count),
            (slot::ITEM_AREA, self.area),
            (slot::ITEM_AREA_CODE, self.area_code),
            (slot::ITEM_DB, self.db),
            (slot::ITEM_ADDRESS, self.address),
            (slot::ITEM_SYMBOL_CRC, self.crc),
            (slot::ITEM_PATH, self.path),
            (slot::NC_UNIT, self.unit),
            (slot::NC_MODULE, self.module),
            (slot::NC_COLUMN, self.column),
            (slot::NC_LINE, self.line),
        ] {
            if !list.is_empty() {
                record.set_all(slot, list.into_iter());
            }
        }
    }
}

/// Areas of symbols, and the object ids of the areas in S7comm-plus.
pub fn area_name(code: u16) -> &'static str {
    match code {
        0x50 => "input",
        0x51 => "output",
        0x52 => "flag",
        0x53 => "counter",
        0x54 => "timer",
        _ => "unknown",
    }
}

/// What symbols of data blocks are called for the baseline, and those of the other areas.
pub fn symbol_space(area: &str) -> &'static str {
    if area == "db" {
        "db_symbol"
    } else {
        "symbol"
    }
}

fn control_area(code: u8) -> &'static str {
    match code {
        0 => "nc_general",
        1 => "nc_mode_group",
        2 => "nc_channel",
        3 => "nc_axis",
        4 => "nc_tool",
        5 => "nc_feed_drive",
        6 => "nc_main_drive",
        _ => "nc_operator_panel",
    }
}
