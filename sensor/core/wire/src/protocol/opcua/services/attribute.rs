//! Attribute service set: OPC 10000-4, 5.11; history details: OPC 10000-11, 6.9.

use super::super::fields::{ATTRIBUTE_IDS, NODE_IDS, RESULT_CODES, VALUES};
use super::super::reader::{Body, Read};
use super::super::sheet::Sheet;
use super::super::types::{extension, node_id, qualified_name, skip_diagnostics};
use super::super::variant::data_value;

/// Oldest age accepted, which timestamps, then ReadValueId[].
pub fn read(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    body.skip(12)?;
    let count = body.count()?;
    sheet.expect(NODE_IDS, count);
    sheet.expect(ATTRIBUTE_IDS, count);
    for _ in 0..count {
        value_id(body, sheet)?;
    }
    Ok(())
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
    let (attribute, range) = (body.u32()?, body.i32()?);
    body.skip(2)?;
    if range != -1 || body.i32()? != -1 {
        return Ok(None);
    }
    Ok(Some((u16::from_le_bytes([n0, n1]), name, attribute)))
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
    sheet.expect(VALUES, count);
    sheet.expect(RESULT_CODES, count);
    for _ in 0..count {
        let (value, status) = data_value(body, sheet)?;
        sheet.add(VALUES, value);
        sheet.result(status);
    }
    skip_diagnostics(body)
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
