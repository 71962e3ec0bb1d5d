//! Attribute service set: OPC 10000-4, 5.11; history details: OPC 10000-11, 6.9.

use super::super::fields::{ATTRIBUTE_IDS, NODE_IDS, RESULT_CODES, VALUES};
use super::super::reader::{Body, Read};
use super::super::sheet::{is_bad, Sheet, NODE};
use super::super::text;
use super::super::types::{extension, node_id, qualified_name, skip_diagnostics};
use super::super::variant::{data_value, simple};
use crate::value::Value;

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
    for _ in 0..count {
        value_id(body, sheet)?;
    }
    Ok(())
}

/// A list of such as `whole_by_name` reads. `false`: nothing was read.
#[inline]
fn whole_by_names(body: &mut Body<'_>, sheet: &mut Sheet<'_>, count: usize) -> bool {
    let mut ahead = *body;
    let read = sheet.side_by_side([NODE_IDS, ATTRIBUTE_IDS], count, |mut lists| {
        lists.first.iter_mut().zip(lists.second).all(|(node, attribute)| {
            let Ok(Some((namespace, name, number))) = whole_by_name(&mut ahead) else { return false };
            *node = lists.names.touch(NODE, namespace.into(), |out| text::named(out, namespace, name));
            *attribute = Value::Unsigned(number.into());
            true
        })
    });
    if read {
        *body = ahead;
    }
    read
}

/// ReadValueId (7.29): node, attribute, index range, data encoding.
#[inline]
pub fn value_id(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let mut ahead = *body;
    if let Ok(Some((namespace, name, attribute))) = whole_by_name(&mut ahead) {
        *body = ahead;
        sheet.named_node(NODE_IDS, namespace, name);
        sheet.add_u(ATTRIBUTE_IDS, attribute);
        return Ok(());
    }
    any_value_id(body, sheet)
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

fn any_value_id(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let node = node_id(body)?;
    sheet.node(&node);
    sheet.add_u(ATTRIBUTE_IDS, body.u32()?);
    body.skip_string()?;
    qualified_name(body).map(|_| ())
}

pub fn values(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let count = body.count()?;
    if !simple_values(body, sheet, count) {
        any_values(body, sheet, count)?;
    }
    skip_diagnostics(body)
}

/// Numbers only, as process values are. `false`: nothing was read.
#[inline(never)] // its loop is better off without the registers of all other services
fn simple_values(body: &mut Body<'_>, sheet: &mut Sheet<'_>, count: usize) -> bool {
    let (mut ahead, mut failed) = (*body, false);
    let read = sheet.side_by_side([VALUES, RESULT_CODES], count, |lists| {
        lists.first.iter_mut().zip(lists.second).all(|(value, code)| {
            let Ok(Some((number, status))) = simple(&mut ahead) else { return false };
            (*value, *code) = (number, Value::Unsigned(status.into()));
            failed |= is_bad(status);
            true
        })
    });
    if read {
        *body = ahead;
        sheet.failed |= failed;
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
    for _ in 0..count {
        let node = node_id(body)?;
        sheet.node(&node);
        sheet.add_u(ATTRIBUTE_IDS, body.u32()?);
        body.skip_string()?;
        let (value, _) = data_value(body, sheet)?;
        sheet.add(VALUES, value);
    }
    Ok(())
}

/// Details (what kind of reading), which timestamps, release, then nodes.
pub fn history_read(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    extension(body)?;
    body.skip(5)?;
    for _ in 0..body.count()? {
        let node = node_id(body)?;
        sheet.node(&node);
        body.skip_string()?; // index range
        qualified_name(body)?; // data encoding
        body.skip_string()?; // continuation point
    }
    Ok(())
}

pub fn history(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        sheet.result(body.u32()?);
        body.skip_string()?; // continuation point
        extension(body)?; // the values
    }
    skip_diagnostics(body)
}

/// Encoding ids of the details that change history: data, structure data, events, and what deletes them (raw, at
/// times, events). All begin with the node.
const UPDATES: &[u32] = &[682, 685, 688, 691, 694, 11300];

pub fn history_update(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        let details = extension(body)?;
        let is_known = details.type_id.standard().is_some_and(|id| UPDATES.contains(&id));
        if let (true, false, Some(mut content)) = (is_known, details.is_xml, details.content) {
            let node = node_id(&mut content)?;
            sheet.node(&node);
        }
    }
    Ok(())
}

pub fn history_updated(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        sheet.result(body.u32()?);
        for _ in 0..body.count()? {
            sheet.failed |= super::is_bad(body.u32()?);
        }
        skip_diagnostics(body)?;
    }
    skip_diagnostics(body)
}

#[cfg(test)]
mod tests;
