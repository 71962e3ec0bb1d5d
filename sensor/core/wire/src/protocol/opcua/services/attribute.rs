//! Attribute service set: OPC 10000-4, 5.11. History: `history`.

use super::super::diagnostic;
use super::super::fields::{ATTRIBUTE_IDS, INDEX_RANGES, NODE_IDS, RESULT_CODES, VALUES, VALUE_CODES};
use super::super::reader::{Body, Read};
use super::super::sheet::{is_bad, Sheet, NODE};
use super::super::text;
use super::super::types::{node_id, qualified_name};
use super::super::variant::{data_value, simple};
use crate::value::Value;

/// The attribute that is a variable's value.
const VALUE: u32 = 13;

/// Oldest age accepted, which timestamps, then ReadValueId[].
pub fn read(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    body.skip(12)?;
    let count = body.count()?;
    if whole_by_names(body, sheet, count) {
        return Ok(());
    }
    value_ids(body, sheet, count)
}

fn value_ids(body: &mut Body<'_>, sheet: &mut Sheet<'_>, count: usize) -> Read<()> {
    sheet.expect(NODE_IDS, count);
    sheet.expect(ATTRIBUTE_IDS, count);
    for index in 0..count {
        value_id(body, sheet, index)?;
    }
    Ok(())
}

/// A list of such as `whole_by_name` reads. `false`: nothing was read.
#[inline]
fn whole_by_names(body: &mut Body<'_>, sheet: &mut Sheet<'_>, count: usize) -> bool {
    let (mut ahead, mut others) = (*body, 0);
    let read = sheet.side_by_side([NODE_IDS, ATTRIBUTE_IDS], count, |mut lists| {
        lists.first.iter_mut().zip(lists.second).all(|(node, attribute)| {
            let Ok(Some((namespace, name, number))) = whole_by_name(&mut ahead) else { return false };
            *node = lists.names.touch(NODE, namespace.into(), |out| text::named(out, namespace, name));
            *attribute = Value::Unsigned(number.into());
            others |= number ^ VALUE;
            true
        })
    });
    if read {
        *body = ahead;
        if others != 0 {
            sheet.name_attributes();
        }
    }
    read
}

/// ReadValueId (7.29): node, attribute, index range, data encoding.
#[inline]
pub fn value_id(body: &mut Body<'_>, sheet: &mut Sheet<'_>, index: usize) -> Read<()> {
    let mut ahead = *body;
    if let Ok(Some((namespace, name, attribute))) = whole_by_name(&mut ahead) {
        *body = ahead;
        sheet.named_node(NODE_IDS, namespace, name);
        add_attribute(sheet, index, attribute);
        return Ok(());
    }
    any_value_id(body, sheet, index)
}

/// A variable that is named by a string, the whole of it, in the default encoding: what clients read all day.
#[inline]
fn whole_by_name<'a>(body: &mut Body<'a>) -> Read<Option<(u16, &'a [u8], u32)>> {
    let [3, n0, n1, length @ ..] = *body.array::<7>()? else { return Ok(None) };
    let Ok(length) = usize::try_from(i32::from_le_bytes(length)) else { return Ok(None) };
    let name = body.take(length)?;
    let [a, b, c, d, range @ .., _, _, e, f, g, h] = *body.array::<14>()?;
    // No index range; of the encoding a namespace and no name.
    if i32::from_le_bytes(range) != -1 || i32::from_le_bytes([e, f, g, h]) != -1 {
        return Ok(None);
    }
    Ok(Some((u16::from_le_bytes([n0, n1]), name, u32::from_le_bytes([a, b, c, d]))))
}

fn any_value_id(body: &mut Body<'_>, sheet: &mut Sheet<'_>, index: usize) -> Read<()> {
    let node = node_id(body)?;
    sheet.node(&node);
    add_attribute(sheet, index, body.u32()?);
    index_range(body, sheet, index)?;
    qualified_name(body).map(|_| ())
}

#[inline]
fn add_attribute(sheet: &mut Sheet<'_>, index: usize, attribute: u32) {
    sheet.add_u(ATTRIBUTE_IDS, attribute);
    if attribute != VALUE {
        sheet.name_attribute(index, attribute);
    }
}

/// Which elements of an array, `2:4`: part of an item may be touched (7.27).
#[inline]
pub fn index_range(body: &mut Body<'_>, sheet: &mut Sheet<'_>, index: usize) -> Read<()> {
    if let Some(range) = body.string()?.filter(|range| !range.is_empty()) {
        let text = sheet.record.push_text(text::cut(range));
        sheet.add_at(INDEX_RANGES, index, Value::Name(""), Value::Text(text));
    }
    Ok(())
}

pub fn values(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let count = body.count()?;
    if !simple_values(body, sheet, count) {
        any_values(body, sheet, count)?;
    }
    diagnostic::list(body, sheet)
}

/// Numbers only, as process values are. `false`: nothing was read.
#[inline(never)] // its loop is better off without the registers of all other services
fn simple_values(body: &mut Body<'_>, sheet: &mut Sheet<'_>, count: usize) -> bool {
    let (mut ahead, mut failed, mut codes) = (*body, false, 0);
    let read = sheet.side_by_side([VALUES, RESULT_CODES], count, |lists| {
        lists.first.iter_mut().zip(lists.second).all(|(value, code)| {
            let Ok(Some((number, status))) = simple(&mut ahead) else { return false };
            (*value, *code) = (number, Value::Unsigned(status.into()));
            failed |= is_bad(status);
            codes |= status;
            true
        })
    });
    if read {
        *body = ahead;
        sheet.failed |= failed;
        if codes != 0 {
            sheet.name_results();
        }
    }
    read
}

fn any_values(body: &mut Body<'_>, sheet: &mut Sheet<'_>, count: usize) -> Read<()> {
    sheet.expect(VALUES, count);
    sheet.expect(RESULT_CODES, count);
    for _ in 0..count {
        let (value, status) = data_value(body, sheet)?;
        sheet.add(VALUES, value);
        sheet.result(status);
    }
    Ok(())
}

/// WriteValue[]: node, attribute, index range, value.
pub fn write(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let count = body.count()?;
    sheet.expect(NODE_IDS, count);
    sheet.expect(ATTRIBUTE_IDS, count);
    sheet.expect(VALUES, count);
    for index in 0..count {
        let node = node_id(body)?;
        sheet.node(&node);
        add_attribute(sheet, index, body.u32()?);
        index_range(body, sheet, index)?;
        let (value, status) = data_value(body, sheet)?;
        sheet.add(VALUES, value);
        if status != 0 {
            value_status(sheet, index, status);
        }
    }
    Ok(())
}

/// The status of a value that is written or pushed, where it is not plainly good.
#[cold]
pub fn value_status(sheet: &mut Sheet<'_>, index: usize, status: u32) {
    sheet.add_at(VALUE_CODES, index, Value::Unsigned(0), Value::Unsigned(status.into()));
    sheet.name_status(status);
}

#[cfg(test)]
mod tests;
