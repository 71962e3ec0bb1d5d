//! Messages of a station: alarms (ALARM_S, ALARM_8, NOTIFY), their acknowledgement and query, diagnostic messages.
//!
//! ```text
//!   [ time(8) ] | function | objects |
//!     objects times:  12 | length | syntax | values | event(4) | [ states ] [ values ... ]
//! ```
//! Each signal of an alarm is one bit of its states.

use super::detail::Details;
use super::fields as slot;
use super::reader::Reader;
use super::szl;
use super::time;
use super::value::datum;
use crate::cursor::Short;
use crate::limits;
use crate::value::{Record, Value};

/// Subfunctions of group 4 whose message begins with a time.
fn has_time(subfunction: u8) -> bool {
    matches!(subfunction, 0x05 | 0x06 | 0x0c | 0x11 | 0x12 | 0x16)
}

/// Questions and pushed messages.
pub fn message(subfunction: u8, body: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
    let (mut details, mut events) = (Details::default(), Vec::new());
    let read = objects(subfunction, body, &mut details, &mut events, record);
    told(details, &events, record);
    read
}

fn told(details: Details, events: &[Value], record: &mut Record) {
    details.finish(record);
    if events.is_empty() {
        return;
    }
    record.set_list(slot::EVENT_ID, events);
    for event in events {
        if let Value::Unsigned(number) = event {
            record.push_stretch("alarm", 0, *number, *number);
        }
    }
}

fn objects(
    subfunction: u8,
    body: &mut Reader<'_>,
    details: &mut Details,
    events: &mut Vec<Value>,
    record: &mut Record,
) -> Result<(), Short> {
    if has_time(subfunction) {
        if let Some(time) = time::next(body, record)? {
            details.add("event_time", time);
        }
    }
    body.skip(1)?;
    for _ in 0..body.u8()? {
        let [_, length, syntax] = *body.array::<3>()?;
        match syntax {
            0x15 | 0x16 | 0x19 | 0x1c => object(syntax, body, details, events)?,
            0x1a => {
                body.skip(1)?;
                let kind = body.u8()?;
                body.skip(1)?;
                let wanted = body.u32()?;
                match kind {
                    // By the number of one event, or by the kind of alarm.
                    3 => events.push(Value::Unsigned(wanted.into())),
                    _ => details.add("alarm_type", Value::Name(alarm_type(wanted))),
                }
            }
            _ => body.skip(usize::from(length).saturating_sub(1))?,
        }
    }
    Ok(())
}

fn object(syntax: u8, body: &mut Reader<'_>, details: &mut Details, events: &mut Vec<Value>) -> Result<(), Short> {
    let values = body.u8()?;
    events.push(Value::Unsigned(body.u32()?.into()));
    if matches!(syntax, 0x16 | 0x1c) {
        details.number("signals", body.u8()?);
        details.number("alarm_state", body.u8()?);
    }
    if syntax != 0x15 {
        details.number("acknowledged_going", body.u8()?);
        details.number("acknowledged_coming", body.u8()?);
    }
    if syntax == 0x1c {
        details.number("going", body.u8()?);
        details.number("coming", body.u8()?);
        details.number("changed_last", body.u8()?);
        body.skip(1)?;
    }
    if matches!(syntax, 0x16 | 0x1c) {
        // The process values that came with it stay bytes: their types stand in the project only.
        for number in 1..=values {
            datum(body, number == values)?;
        }
    }
    Ok(())
}

fn alarm_type(number: u32) -> &'static str {
    match number {
        1 => "scan",
        2 => "alarm_8",
        4 => "alarm_s",
        8 => "notify_8",
        _ => "unknown",
    }
}

/// The answer to an acknowledgement, or to locking: a return code for each object.
pub fn results(body: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
    body.skip(1)?;
    let count = body.u8()?;
    super::value::results(body.take(count.into())?, record);
    Ok(())
}

/// The answer to a query: which alarms there are. It may be cut where its next part begins.
pub fn answered(body: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
    if body.u8()? != 0 || body.u8()? == 0 {
        return Ok(());
    }
    body.skip(4)?;
    let (mut details, mut events) = (Details::default(), Vec::new());
    while let Some(length) = body.peek() {
        // The length counts neither itself nor the byte after it.
        let Ok(mut set) = body.part(usize::from(length).saturating_add(2)) else { break };
        if events.len() >= limits::LIST_VALUES || alarm(&mut set, &mut details, &mut events, record).is_err() {
            break;
        }
    }
    told(details, &events, record);
    Ok(())
}

fn alarm(
    set: &mut Reader<'_>,
    details: &mut Details,
    events: &mut Vec<Value>,
    record: &mut Record,
) -> Result<(), Short> {
    set.skip(3)?;
    let kind = set.u8()?;
    let event = set.u32()?;
    set.skip(1)?;
    events.push(Value::Unsigned(event.into()));
    details.add("alarm_type", Value::Name(alarm_type(kind.into())));
    details.number("signals", set.u8()?);
    details.number("acknowledged_going", set.u8()?);
    details.number("acknowledged_coming", set.u8()?);
    if kind == 4 {
        if let Some(time) = time::next(set, record)? {
            details.add("event_time", time);
        }
    }
    Ok(())
}

/// Which messages a client wants to be sent, and how it calls itself.
pub fn subscription(body: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
    let mut details = Details::default();
    let wanted = body.u8()?;
    details.number("subscribed", wanted);
    body.skip(1)?;
    let name = body.array::<8>()?;
    details.text("subscriber", name, record);
    if let Ok(kind) = body.u8() {
        details.number("alarm_subscription", kind);
        body.skip(body.remaining().min(1))?;
    }
    details.finish(record);
    Ok(())
}

/// Something went into the diagnostic buffer.
pub fn diagnostic(body: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
    let (mut details, mut events) = (Details::default(), Vec::new());
    let read = szl::diagnostic(body, &mut details, &mut events, record);
    details.finish(record);
    record.set_list(slot::EVENT_ID, &events);
    read
}
