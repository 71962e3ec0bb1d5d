//! DiagnosticInfo: OPC 10000-6, 5.2.2.12; OPC 10000-4, 7.12 (its texts stand in the string table of the response).

use super::fields::DIAGNOSTICS;
use super::reader::{Body, Read, Trouble};
use super::sheet::Sheet;
use super::text;
use crate::limits::NESTING;
use crate::value::{Span, Value};

/// Read the string table of a response header: what diagnostics point into. Beyond `MOST` only its length is read.
pub fn string_table(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    const MOST: usize = 64;
    for _ in 0..body.count()? {
        let string = text::cut(body.string()?.unwrap_or_default());
        if sheet.scratch.strings.len() < MOST {
            let span = sheet.record.push_text(string);
            sheet.scratch.strings.push(span);
        }
    }
    Ok(())
}

/// One for each operation, or none at all.
#[inline]
pub fn list(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    // A null array or an empty one: what servers send all day.
    if let [0, 0, 0, 0, ..] | [0xff, 0xff, 0xff, 0xff, ..] = *body.rest() {
        return body.skip(4);
    }
    each(body, sheet)
}

#[inline(never)]
fn each(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        one(body, sheet)?;
    }
    Ok(())
}

/// Read one; they nest. What it says in words is listed: symbol, text, additional information, the inner ones behind.
#[inline]
pub fn one(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    if body.rest().first() == Some(&0) {
        return body.skip(1);
    }
    worded(body, sheet)
}

#[cold]
fn worded(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let mut words: Vec<u8> = Vec::new();
    for _ in 0..NESTING {
        let mask = body.u8()?;
        if mask & 0x80 != 0 {
            return Err(Trouble::Encoding);
        }
        let mut index = |bit: u8| if mask & bit == 0 { Ok(None) } else { body.u32().map(Some) };
        // Symbolic id, namespace, locale, text: in this order, though the text's bit is below the locale's.
        let (symbol, _, _, told) = (index(0x01)?, index(0x02)?, index(0x08)?, index(0x04)?);
        for found in [symbol, told].into_iter().flatten() {
            add(&mut words, string(found, sheet).map_or("", |span| sheet.record.text(span)).as_bytes());
        }
        if mask & 0x10 != 0 {
            add(&mut words, body.string()?.unwrap_or_default());
        }
        if mask & 0x20 != 0 {
            let code = body.u32()?;
            if code != 0 {
                sheet.name_status(code);
            }
        }
        if mask & 0x40 == 0 {
            if !words.is_empty() {
                sheet.add_text(DIAGNOSTICS, &words);
            }
            return Ok(());
        }
    }
    Err(Trouble::Nesting)
}

/// Pass over one.
#[cold]
pub fn skip(body: &mut Body<'_>) -> Read<()> {
    for _ in 0..NESTING {
        let mask = body.u8()?;
        if mask & 0x80 != 0 {
            return Err(Trouble::Encoding);
        }
        body.skip(usize::try_from((mask & 0x0f).count_ones()).unwrap_or(0).saturating_mul(4))?;
        if mask & 0x10 != 0 {
            body.skip_string()?;
        }
        if mask & 0x20 != 0 {
            body.skip(4)?;
        }
        if mask & 0x40 == 0 {
            return Ok(());
        }
    }
    Err(Trouble::Nesting)
}

fn string(index: u32, sheet: &Sheet<'_>) -> Option<Span> {
    sheet.scratch.strings.get(usize::try_from(index).ok()?).copied()
}

fn add(words: &mut Vec<u8>, more: &[u8]) {
    if !more.is_empty() && words.len() < crate::limits::TEXT_BYTES {
        if !words.is_empty() {
            words.extend_from_slice(b": ");
        }
        words.extend_from_slice(text::cut(more));
    }
}

/// As a value of a variant.
pub fn value(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<Value> {
    one(body, sheet)?;
    Ok(Value::Name("diagnostic_info"))
}
