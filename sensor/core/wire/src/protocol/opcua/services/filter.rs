//! What a monitored item reports: OPC 10000-4, 7.22 (monitoring filters), 7.7 (content filters).

use super::super::diagnostic;
use super::super::fields::{
    AGGREGATES, DEADBANDS, DEADBAND_TYPES, EVENT_FIELDS, FILTER_OPERATORS, START_TIMES, TRIGGERS,
};
use super::super::reader::{Body, Read};
use super::super::sheet::Sheet;
use super::super::types::{extension, node_id, qualified_name};
use super::super::variant::qualified;
use super::super::words;
use crate::limits::TEXT_BYTES;
use crate::value::Value;

/// The filter of an item; most have none.
pub fn filter(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let one = extension(body)?;
    let Some((id, mut content)) = one.type_id.standard().zip(one.content.filter(|_| !one.is_xml)) else {
        return Ok(());
    };
    let read = match id {
        724 => data_change(&mut content, sheet),
        727 => event_filter(&mut content, sheet),
        730 => aggregate(&mut content, sheet),
        _ => Ok(()),
    };
    sheet.inside(read);
    Ok(())
}

/// DataChangeFilter: trigger, kind and width of the deadband.
fn data_change(content: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    sheet.add_name(TRIGGERS, words::trigger(content.u32()?));
    sheet.add_name(DEADBAND_TYPES, words::deadband(content.u32()?));
    let width = content.f64()?;
    sheet.add(DEADBANDS, Value::Float(width));
    Ok(())
}

/// AggregateFilter: start, aggregate, interval, configuration.
fn aggregate(content: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let start = content.i64()?;
    sheet.add_time(START_TIMES, start);
    let aggregate = node_id(content)?;
    sheet.mention(AGGREGATES, &aggregate);
    content.skip(13)
}

/// EventFilter: SimpleAttributeOperand[] (type, path, attribute, index range), and which events.
pub fn event_filter(content: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..content.count()? {
        node_id(content)?;
        let mut path = std::mem::take(&mut sheet.scratch.text);
        path.clear();
        let read = browse_path(content, &mut path);
        let attribute = read.and_then(|()| content.u32());
        if path.is_empty() {
            let name = attribute.ok().and_then(words::attribute).unwrap_or("unknown");
            sheet.add(EVENT_FIELDS, Value::Name(name));
        } else {
            sheet.add_text(EVENT_FIELDS, &path);
        }
        sheet.scratch.text = path;
        attribute?;
        content.skip_string()?;
    }
    content_filter(content, sheet)
}

/// `EnabledState/Id`
fn browse_path(content: &mut Body<'_>, path: &mut Vec<u8>) -> Read<()> {
    for index in 0..content.count()? {
        let (namespace, name) = qualified_name(content)?;
        if path.len() < TEXT_BYTES {
            if index > 0 {
                path.push(b'/');
            }
            qualified(path, namespace, name);
        }
    }
    Ok(())
}

/// ContentFilterElement[]: operator, operands.
pub fn content_filter(content: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..content.count()? {
        sheet.add_name(FILTER_OPERATORS, words::operator(content.u32()?));
        for _ in 0..content.count()? {
            extension(content)?;
        }
    }
    Ok(())
}

/// What the server made of it: EventFilterResult (736) has a status for each field and each element.
pub fn result(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let one = extension(body)?;
    if let (Some(736), false, Some(mut content)) = (one.type_id.standard(), one.is_xml, one.content) {
        let read = event_filter_result(&mut content, sheet);
        sheet.inside(read);
    }
    Ok(())
}

fn event_filter_result(content: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    super::inner_codes(content, sheet)?;
    diagnostic::list(content, sheet)?;
    content_filter_result(content, sheet)
}

/// ContentFilterElementResult[] (status, statuses and diagnostics of its operands), diagnostics.
pub fn content_filter_result(content: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..content.count()? {
        super::inner_code(content, sheet)?;
        super::inner_codes(content, sheet)?;
        diagnostic::list(content, sheet)?;
    }
    diagnostic::list(content, sheet)
}
