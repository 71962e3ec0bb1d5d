//! Variant and DataValue: OPC 10000-6, 5.2.2.16, 5.2.2.17.
//!
//! One variant becomes one value, so that the third value of an answer belongs to the third node of its question; an
//! array is written as text, `[1, 2, 3]`.

use std::io::Write as _;

use super::diagnostic;
use super::reader::{Body, Read, Trouble};
use super::sheet::Sheet;
use super::structure;
use super::text::{self, put};
use super::types::{expanded, extension, guid, localized_text, node_id, qualified_name};
use crate::limits::{NESTING, TEXT_BYTES};
use crate::value::Value;

const NULL: Value = Value::Name("null");

/// Read one variant.
pub fn variant(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<Value> {
    nested(body, sheet, 0)
}

/// A variant that is one number or truth value, as process values are; `None` for others.
#[inline]
fn number(body: &mut Body<'_>) -> Read<Option<Value>> {
    Ok(Some(match body.u8()? {
        1 => Value::Bool(body.u8()? != 0),
        5 => Value::Unsigned(body.u16()?.into()),
        6 => Value::Signed(body.i32()?.into()),
        7 => Value::Unsigned(body.u32()?.into()),
        10 => Value::Float(f32::from_bits(body.u32()?).into()),
        11 => Value::Float(body.f64()?),
        _ => return Ok(None),
    }))
}

fn nested(body: &mut Body<'_>, sheet: &mut Sheet<'_>, depth: usize) -> Read<Value> {
    if depth >= NESTING {
        return Err(Trouble::Nesting);
    }
    let mask = body.u8()?;
    let kind = mask & 0x3f;
    if mask & 0x80 == 0 {
        if mask & 0x40 != 0 {
            return Err(Trouble::Encoding); // dimensions without an array
        }
        return scalar(body, sheet, kind, depth);
    }
    let count = body.count()?;
    let value = array(body, sheet, kind, count, depth)?;
    if mask & 0x40 != 0 {
        body.skip_array(4)?;
    }
    Ok(value)
}

fn scalar(body: &mut Body<'_>, sheet: &mut Sheet<'_>, kind: u8, depth: usize) -> Read<Value> {
    Ok(match kind {
        0 => NULL,
        1 => Value::Bool(body.u8()? != 0),
        2 => Value::Signed(i8::from_le_bytes([body.u8()?]).into()),
        3 => Value::Unsigned(body.u8()?.into()),
        4 => Value::Signed(i16::from_le_bytes(body.u16()?.to_le_bytes()).into()),
        5 => Value::Unsigned(body.u16()?.into()),
        6 => Value::Signed(body.i32()?.into()),
        7 | 19 => Value::Unsigned(body.u32()?.into()),
        8 => Value::Signed(body.i64()?),
        9 => Value::Unsigned(body.u64()?),
        10 => Value::Float(f32::from_bits(body.u32()?).into()),
        11 => Value::Float(body.f64()?),
        12 => string(body.string()?, sheet),
        13 => {
            let ticks = body.i64()?;
            Value::Text(sheet.written(|out| text::time(out, ticks)))
        }
        14 => {
            let bytes = guid(body)?;
            Value::Text(sheet.written(|out| text::guid(out, &bytes)))
        }
        17 => {
            let node = node_id(body)?;
            Value::Text(sheet.node_text(&node))
        }
        18 => {
            let node = expanded(body)?;
            Value::Text(sheet.node_text(&node))
        }
        20 => {
            let (namespace, name) = qualified_name(body)?;
            Value::Text(sheet.written(|out| qualified(out, namespace, name)))
        }
        21 => string(localized_text(body)?, sheet),
        22 => {
            let one = extension(body)?;
            match one.content {
                Some(mut content) => {
                    let id = one.type_id.standard().filter(|_| !one.is_xml);
                    match structure::known(id, content, sheet) {
                        Some(value) => value,
                        None => content.bytes_value(content.remaining(), sheet.record)?,
                    }
                }
                None => NULL,
            }
        }
        23 => data_value_nested(body, sheet, depth.saturating_add(1))?.0,
        24 => nested(body, sheet, depth.saturating_add(1))?,
        25 => diagnostic::value(body, sheet)?,
        // 15 ByteString, 16 XmlElement; 26–31 are to be read as ByteString.
        15 | 16 | 26..=31 => match body.i32()? {
            -1 => NULL,
            length => body.bytes_value(usize::try_from(length).map_err(|_| Trouble::Encoding)?, sheet.record)?,
        },
        _ => return Err(Trouble::Encoding),
    })
}

fn string(text: Option<&[u8]>, sheet: &mut Sheet<'_>) -> Value {
    match text {
        Some(text) => Value::Text(sheet.record.push_text(text::cut(text))),
        None => NULL,
    }
}

pub fn qualified(out: &mut Vec<u8>, namespace: u16, name: &[u8]) {
    if namespace != 0 {
        text::number(out, namespace.into());
        out.push(b':');
    }
    out.extend_from_slice(text::cut(name));
}

/// The elements as text, as far as a text may be long; the rest is read and not written.
fn array(body: &mut Body<'_>, sheet: &mut Sheet<'_>, kind: u8, count: usize, depth: usize) -> Read<Value> {
    let mut out = std::mem::take(&mut sheet.scratch.text);
    out.clear();
    out.push(b'[');
    let read = elements(body, sheet, &mut out, kind, count, depth);
    out.push(b']');
    let span = sheet.record.push_text(&out);
    if sheet.scratch.text.capacity() < out.capacity() {
        sheet.scratch.text = out;
    }
    read.map(|()| Value::Text(span))
}

fn elements(
    body: &mut Body<'_>,
    sheet: &mut Sheet<'_>,
    out: &mut Vec<u8>,
    kind: u8,
    count: usize,
    depth: usize,
) -> Read<()> {
    let mut cut = false;
    for index in 0..count {
        // The element's text is read even when it is not kept: the arena is bounded by the message.
        let value = if kind == 0 { return Err(Trouble::Encoding) } else { scalar(body, sheet, kind, depth)? };
        if cut {
            continue;
        }
        if index > 0 {
            out.extend_from_slice(b", ");
        }
        write(out, value, sheet);
        if out.len() > TEXT_BYTES {
            out.extend_from_slice("…".as_bytes());
            cut = true;
        }
    }
    Ok(())
}

fn write(out: &mut Vec<u8>, value: Value, sheet: &Sheet<'_>) {
    match value {
        Value::Unsigned(number) => text::number(out, number),
        Value::Signed(number) => put!(out, "{number}"),
        Value::Float(number) => put!(out, "{number}"),
        Value::Bool(is) => put!(out, "{is}"),
        Value::Name(name) => out.extend_from_slice(name.as_bytes()),
        Value::Text(span) => out.extend_from_slice(sheet.record.text(span).as_bytes()),
        Value::Blob(span) | Value::Bytes(span) => put!(out, "{} bytes", span.len),
        _ => {}
    }
}

/// A value with its status code (0, good, where none is sent).
#[inline(always)] // so that the reading of many stays in registers
pub fn data_value(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<(Value, u32)> {
    let mut ahead = *body;
    if let Ok(Some(read)) = simple(&mut ahead) {
        *body = ahead;
        return Ok(read);
    }
    any_data_value(body, sheet)
}

fn any_data_value(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<(Value, u32)> {
    data_value_nested(body, sheet, 0)
}

/// A number and nothing that nests; `None` for others.
#[inline(always)] // as `data_value`
pub fn simple(body: &mut Body<'_>) -> Read<Option<(Value, u32)>> {
    let mask = body.u8()?;
    if mask & 0xc1 != 0x01 {
        return Ok(None);
    }
    let Some(value) = number(body)? else { return Ok(None) };
    Ok(Some((value, behind_value(body, mask)?)))
}

fn data_value_nested(body: &mut Body<'_>, sheet: &mut Sheet<'_>, depth: usize) -> Read<(Value, u32)> {
    let mask = body.u8()?;
    if mask & 0xc0 != 0 {
        return Err(Trouble::Encoding);
    }
    let value = if mask & 0x01 != 0 { nested(body, sheet, depth)? } else { NULL };
    Ok((value, behind_value(body, mask)?))
}

/// The status; source timestamp, server timestamp and the picoseconds of each are skipped.
#[inline]
fn behind_value(body: &mut Body<'_>, mask: u8) -> Read<u32> {
    const TIMES: [u8; 16] = [0, 8, 8, 16, 2, 10, 10, 18, 2, 10, 10, 18, 4, 12, 12, 20];
    let status = if mask & 0x02 != 0 { body.u32()? } else { 0 };
    body.skip(TIMES.get(usize::from(mask >> 2)).copied().unwrap_or(0).into())?;
    Ok(status)
}

/// As `data_value`, with the source's time, or the server's where it has none: what history is about.
pub fn timed_value(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<(Value, u32, Option<i64>)> {
    let mask = body.u8()?;
    if mask & 0xc0 != 0 {
        return Err(Trouble::Encoding);
    }
    let value = if mask & 0x01 != 0 { nested(body, sheet, 0)? } else { NULL };
    let status = if mask & 0x02 != 0 { body.u32()? } else { 0 };
    let source = if mask & 0x04 != 0 { Some(body.i64()?) } else { None };
    body.skip(if mask & 0x10 != 0 { 2 } else { 0 })?;
    let server = if mask & 0x08 != 0 { Some(body.i64()?) } else { None };
    body.skip(if mask & 0x20 != 0 { 2 } else { 0 })?;
    Ok((value, status, source.or(server)))
}
