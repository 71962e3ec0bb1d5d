//! Head and foot of a block of program, as they travel in a download or upload and in the answer about a block.
//! Known from captures and from the documentation of Snap7.
//!
//! ```text
//!   head, 36 bytes:  7070 | version | flags | language | type | number(2) | load length(4) | protection(4)
//!                    | changed(6) | interface changed(6) | interface(2) | segments(2) | local data(2) | code(2)
//!   foot, 36 bytes:  author(8) | family(8) | name(8) | version(1) | 0 | checksum(2) | 8 bytes
//! ```

use super::detail::{eight, Details};
use super::fields as slot;
use super::names;
use super::reader::Reader;
use super::time;
use crate::cursor::Short;
use crate::value::{Record, Value};

pub const HEAD: usize = 36;
pub const FOOT: usize = 36;

/// What every block begins with.
pub const MAGIC: u16 = 0x7070;

/// The language a block was written in.
fn language(code: u8) -> &'static str {
    match code {
        0 => "undefined",
        1 => "awl",
        2 => "kop",
        3 => "fup",
        4 => "scl",
        5 => "db",
        6 => "graph",
        7 => "sdb",
        8 => "cpu_db",
        0x11 => "sdb_routing",
        0x29 => "encrypted",
        _ => "unknown",
    }
}

/// What a head says. Whoever asks about a block may get it without the mark in front.
pub fn head(body: &mut Reader<'_>, details: &mut Details, record: &mut Record) -> Result<(), Short> {
    body.skip(3)?;
    details.number("block_flags", body.u8()?);
    let code = body.u8()?;
    details.number("block_language_code", code);
    details.add("block_language", Value::Name(language(code)));
    let kind = body.u8()?;
    details.number("block_type_code", kind);
    details.add("block_type", Value::Name(names::block_of(kind)));
    details.number("block_number", body.u16()?);
    let length = body.u32()?;
    if record.get(slot::BLOCK_LENGTH).is_none() {
        record.set_u(slot::BLOCK_LENGTH, length);
    }
    // 0: none; 3: "know-how protection".
    details.number("block_protection", body.u32()?);
    for name in ["block_changed", "block_interface_changed"] {
        let stamp = time::stamp(body, record)?;
        details.add(name, stamp);
    }
    for name in ["interface_length", "segment_length", "local_data_length"] {
        details.number(name, body.u16()?);
    }
    let code = body.u16()?;
    if record.get(slot::CODE_LENGTH).is_none() {
        record.set_u(slot::CODE_LENGTH, code);
    }
    Ok(())
}

pub fn foot(body: &mut Reader<'_>, details: &mut Details, record: &mut Record) -> Result<(), Short> {
    eight(body, "block_author", details, record)?;
    eight(body, "block_family", details, record)?;
    eight(body, "block_name", details, record)?;
    let version = body.u8()?;
    body.skip(1)?;
    let text = format!("{}.{}", version >> 4, version & 0x0f);
    details.add("block_version", Value::Text(record.push_text(text.as_bytes())));
    details.number("block_checksum", body.u16()?);
    Ok(())
}

/// The answer about one block: six bytes, the head as in the block, then what the foot has. 78 bytes in all.
pub fn about(body: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
    let mut details = Details::default();
    body.skip(6)?;
    let read = head(body, &mut details, record).and_then(|()| foot(body, &mut details, record));
    details.finish(record);
    read
}
