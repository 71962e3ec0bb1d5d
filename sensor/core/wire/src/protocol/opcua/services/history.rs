//! HistoryRead and HistoryUpdate: OPC 10000-4, 5.11.3, 5.11.5; their details: OPC 10000-11, 6.5 to 6.9.

use super::super::diagnostic;
use super::super::fields::{
    AGGREGATES, END_TIMES, HISTORY_COUNTS, HISTORY_KINDS, START_TIMES, TIMES, UPDATE_KINDS, VALUES, VALUE_CODES,
};
use super::super::reader::{Body, Read};
use super::super::sheet::{is_bad, Sheet};
use super::super::types::{extension, node_id, qualified_name, Extension};
use super::super::variant::{timed_value, variant};
use super::super::words;
use super::filter::event_filter;
use crate::value::Value;

/// Details (what kind of reading), which timestamps, release, then nodes.
pub fn read(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let one = extension(body)?;
    if let Some((id, mut content)) = known(&one) {
        let read = details(id, &mut content, sheet);
        sheet.inside(read);
    }
    body.skip(5)?;
    for index in 0..body.count()? {
        let node = node_id(body)?;
        sheet.node(&node);
        super::attribute::index_range(body, sheet, index)?;
        qualified_name(body)?; // data encoding
        body.skip_string()?; // continuation point
    }
    Ok(())
}

fn known<'a>(one: &Extension<'a>) -> Option<(u32, Body<'a>)> {
    one.type_id.standard().zip(one.content.filter(|_| !one.is_xml))
}

fn kind(sheet: &mut Sheet<'_>, name: &'static str) {
    sheet.add(HISTORY_KINDS, Value::Name(name));
}

fn details(id: u32, content: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    match id {
        // ReadEventDetails, and what later editions added behind it: most values, times, filter.
        646 | 18651 | 32800 => {
            kind(sheet, "events");
            content.skip(4)?;
            between(content, sheet)?;
            event_filter(content, sheet)
        }
        // ReadRawModifiedDetails: modified, times, most values, bounds.
        649 => {
            let is_modified = content.u8()? != 0;
            kind(sheet, if is_modified { "modified" } else { "raw" });
            between(content, sheet)?;
            content.skip(5)
        }
        // ReadProcessedDetails: times, interval, aggregates, configuration.
        652 => {
            kind(sheet, "processed");
            between(content, sheet)?;
            content.skip(8)?;
            for _ in 0..content.count()? {
                let aggregate = node_id(content)?;
                sheet.mention(AGGREGATES, &aggregate);
            }
            content.skip(5)
        }
        // ReadAtTimeDetails: times, simple bounds. ReadAnnotationDataDetails: times.
        655 => {
            kind(sheet, "at_time");
            times(content, sheet)?;
            content.skip(1)
        }
        23500 => {
            kind(sheet, "annotation");
            times(content, sheet)
        }
        _ => {
            kind(sheet, "unknown");
            Ok(())
        }
    }
}

/// Start and end. 0 is no time: reading has no bound there.
fn between(content: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for slot in [START_TIMES, END_TIMES] {
        match content.i64()? {
            0 => {}
            ticks => sheet.add_time(slot, ticks),
        }
    }
    Ok(())
}

fn times(content: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..content.count()? {
        let ticks = content.i64()?;
        sheet.add_time(TIMES, ticks);
    }
    Ok(())
}

/// HistoryReadResult[]: status, continuation point, data.
pub fn answer(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let mut items = 0;
    for _ in 0..body.count()? {
        sheet.result(body.u32()?);
        body.skip_string()?; // continuation point
        let one = extension(body)?;
        let before = items;
        if let Some((id, mut content)) = known(&one) {
            let read = match id {
                658 | 11227 => data(&mut content, sheet, &mut items),
                661 | 32825 => events(&mut content, sheet, &mut items),
                _ => Ok(()),
            };
            sheet.inside(read);
        }
        sheet.add_u(HISTORY_COUNTS, u32::try_from(items.saturating_sub(before)).unwrap_or(u32::MAX));
    }
    diagnostic::list(body, sheet)
}

/// HistoryData, HistoryModifiedData: values. Of modified ones, when and by whom stands behind them.
fn data(content: &mut Body<'_>, sheet: &mut Sheet<'_>, items: &mut usize) -> Read<()> {
    for _ in 0..content.count()? {
        let (value, status, time) = timed_value(content, sheet)?;
        sheet.add(VALUES, value);
        sheet.add_time(TIMES, time.unwrap_or(0));
        if status != 0 {
            sheet.add_at(VALUE_CODES, *items, Value::Unsigned(0), Value::Unsigned(status.into()));
            sheet.name_status(status);
        }
        *items = items.saturating_add(1);
    }
    Ok(())
}

/// HistoryEvent: the selected fields of each event.
fn events(content: &mut Body<'_>, sheet: &mut Sheet<'_>, items: &mut usize) -> Read<()> {
    for _ in 0..content.count()? {
        for _ in 0..content.count()? {
            let value = variant(content, sheet)?;
            sheet.add(VALUES, value);
        }
        *items = items.saturating_add(1);
    }
    Ok(())
}

pub fn update(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let mut items = 0;
    for _ in 0..body.count()? {
        let one = extension(body)?;
        match known(&one) {
            Some((id, mut content)) => {
                let read = changed(id, &mut content, sheet, &mut items);
                sheet.inside(read);
            }
            None => kind(sheet, "unknown"),
        }
    }
    Ok(())
}

/// All details that change history begin with the node.
fn changed(id: u32, content: &mut Body<'_>, sheet: &mut Sheet<'_>, items: &mut usize) -> Read<()> {
    let name = match id {
        682 => "update_data",
        685 => "update_event",
        688 => "delete_raw",
        691 => "delete_at_time",
        694 => "delete_event",
        11300 => "update_structure",
        _ => {
            kind(sheet, "unknown");
            return Ok(());
        }
    };
    let node = node_id(content)?;
    sheet.node(&node);
    match id {
        682 | 11300 => {
            kind(sheet, name);
            perform(content, sheet)?;
            data(content, sheet, items)
        }
        685 => {
            kind(sheet, name);
            perform(content, sheet)?;
            event_filter(content, sheet)?;
            events(content, sheet, items)
        }
        688 => {
            let is_modified = content.u8()? != 0;
            kind(sheet, if is_modified { "delete_modified" } else { name });
            between(content, sheet)
        }
        691 => {
            kind(sheet, name);
            times(content, sheet)
        }
        _ => {
            kind(sheet, name);
            content.skip_strings() // ids of the events
        }
    }
}

fn perform(content: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    sheet.add_name(UPDATE_KINDS, words::update(content.u32()?));
    Ok(())
}

/// HistoryUpdateResult[]: status, status of each value, diagnostics.
pub fn updated(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        sheet.result(body.u32()?);
        for _ in 0..body.count()? {
            let code = body.u32()?;
            sheet.failed |= is_bad(code);
            if code != 0 {
                sheet.name_status(code);
            }
        }
        diagnostic::list(body, sheet)?;
    }
    diagnostic::list(body, sheet)
}
