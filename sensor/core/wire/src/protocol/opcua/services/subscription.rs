//! MonitoredItem and Subscription service sets: OPC 10000-4, 5.13, 5.14; notifications 7.25, 7.26.

use super::super::diagnostic;
use super::super::fields::{
    CLIENT_HANDLES, KEEP_ALIVE_COUNT, LIFETIME_COUNT, MONITORED_ITEM_IDS, MONITORING_MODES, NOTIFICATION_COUNT,
    NOTIFICATION_SEQUENCE, PUBLISHING_ENABLED, PUBLISHING_INTERVAL, REMOVED_ITEMS, SAMPLING_INTERVALS, SUBSCRIPTION_ID,
    SUBSCRIPTION_IDS, SUBSCRIPTION_STATUS, TRIGGERING_ITEM, VALUES,
};
use super::super::reader::{Body, Read};
use super::super::sheet::Sheet;
use super::super::types::{extension, Extension};
use super::super::variant::{data_value, simple, variant};
use super::super::words;
use super::attribute::{value_id, value_status};
use super::filter;
use crate::value::Value;

fn subscription(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    sheet.record.set_u(SUBSCRIPTION_ID, body.u32()?);
    Ok(())
}

/// Subscription, which timestamps, MonitoredItemCreateRequest[]: what, mode, parameters.
pub fn create_items(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    subscription(body, sheet)?;
    body.skip(4)?;
    for index in 0..body.count()? {
        value_id(body, sheet, index)?;
        sheet.add_name(MONITORING_MODES, words::monitoring_mode(body.u32()?));
        parameters(body, sheet)?;
    }
    Ok(())
}

/// MonitoringParameters (7.21): client handle, sampling interval, filter, queue size, discard oldest.
fn parameters(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    sheet.add_u(CLIENT_HANDLES, body.u32()?);
    interval(body, sheet)?;
    filter::filter(body, sheet)?;
    body.skip(5)
}

/// Milliseconds between samples; −1 is the publishing interval, 0 as fast as can be.
fn interval(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let interval = body.f64()?;
    sheet.add(SAMPLING_INTERVALS, Value::Float(interval));
    Ok(())
}

pub fn items_created(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        sheet.result(body.u32()?);
        sheet.add_u(MONITORED_ITEM_IDS, body.u32()?);
        interval(body, sheet)?;
        body.skip(4)?; // revised queue size
        filter::result(body, sheet)?;
    }
    diagnostic::list(body, sheet)
}

pub fn modify_items(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    subscription(body, sheet)?;
    body.skip(4)?;
    for _ in 0..body.count()? {
        sheet.add_u(MONITORED_ITEM_IDS, body.u32()?);
        parameters(body, sheet)?;
    }
    Ok(())
}

pub fn items_modified(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        sheet.result(body.u32()?);
        interval(body, sheet)?;
        body.skip(4)?;
        filter::result(body, sheet)?;
    }
    diagnostic::list(body, sheet)
}

fn numbers(body: &mut Body<'_>, sheet: &mut Sheet<'_>, slot: usize) -> Read<()> {
    for _ in 0..body.count()? {
        sheet.add_u(slot, body.u32()?);
    }
    Ok(())
}

pub fn set_monitoring_mode(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    subscription(body, sheet)?;
    sheet.add_name(MONITORING_MODES, words::monitoring_mode(body.u32()?));
    numbers(body, sheet, MONITORED_ITEM_IDS)
}

/// Subscription, triggering item, links to add, links to remove.
pub fn set_triggering(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    subscription(body, sheet)?;
    sheet.record.set_u(TRIGGERING_ITEM, body.u32()?);
    numbers(body, sheet, MONITORED_ITEM_IDS)?;
    numbers(body, sheet, REMOVED_ITEMS)
}

pub fn delete_items(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    subscription(body, sheet)?;
    numbers(body, sheet, MONITORED_ITEM_IDS)
}

/// Publishing interval, lifetime and keep-alive counts, most notifications, enabled, priority.
pub fn create(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    cycle(body, sheet)?;
    body.skip(4)?;
    sheet.record.set(PUBLISHING_ENABLED, Value::Bool(body.u8()? != 0));
    body.skip(1)
}

pub fn created(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    subscription(body, sheet)?;
    cycle(body, sheet)
}

pub fn modify(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    subscription(body, sheet)?;
    cycle(body, sheet)?;
    body.skip(5)
}

/// Publishing interval, then after how many of them without a publish request the subscription ends, and after how many
/// without news the server says that it is alive.
pub fn cycle(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    sheet.record.set(PUBLISHING_INTERVAL, Value::Float(body.f64()?));
    sheet.record.set_u(LIFETIME_COUNT, body.u32()?);
    sheet.record.set_u(KEEP_ALIVE_COUNT, body.u32()?);
    Ok(())
}

pub fn set_publishing_mode(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    sheet.record.set(PUBLISHING_ENABLED, Value::Bool(body.u8()? != 0));
    numbers(body, sheet, SUBSCRIPTION_IDS)
}

pub fn delete(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    numbers(body, sheet, SUBSCRIPTION_IDS)
}

pub fn transfer(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    numbers(body, sheet, SUBSCRIPTION_IDS)?;
    body.skip(1)
}

/// TransferResult[]: status, sequence numbers still to be had.
pub fn transferred(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        sheet.result(body.u32()?);
        body.skip_array(4)?;
    }
    diagnostic::list(body, sheet)
}

/// Acknowledgements: subscription, sequence number.
pub fn publish(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let count = body.count()?;
    sheet.expect(SUBSCRIPTION_IDS, count);
    for _ in 0..count {
        sheet.add_u(SUBSCRIPTION_IDS, body.u32()?);
        body.skip(4)?;
    }
    Ok(())
}

pub fn republish(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    subscription(body, sheet)?;
    sheet.record.set_u(NOTIFICATION_SEQUENCE, body.u32()?);
    Ok(())
}

/// Subscription, numbers still to be had, more to come, the message, results of the acknowledgements.
pub fn published(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    subscription(body, sheet)?;
    body.skip_array(4)?;
    body.skip(1)?;
    message(body, sheet)?;
    super::results(body, sheet)
}

/// NotificationMessage: sequence number, time, notifications. None: a keep-alive.
pub fn message(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    sheet.record.set_u(NOTIFICATION_SEQUENCE, body.u32()?);
    body.skip(8)?;
    let mut notifications = 0usize;
    for _ in 0..body.count()? {
        let one = extension(body)?;
        notifications = notifications.saturating_add(notification(&one, sheet)?);
    }
    sheet.record.set_u(NOTIFICATION_COUNT, u64::try_from(notifications).unwrap_or(u64::MAX));
    Ok(())
}

/// Client handle and value of each item, where all are good numbers, as process values are. `false`: nothing was read.
#[inline(never)] // its loop is better off without the registers of what is around it
fn simple_changes(content: &mut Body<'_>, sheet: &mut Sheet<'_>, count: usize) -> bool {
    let mut ahead = *content;
    let read = sheet.side_by_side([CLIENT_HANDLES, VALUES], count, |lists| {
        lists.first.iter_mut().zip(lists.second).all(|(handle, value)| {
            let (Ok(own), Ok(Some((number, 0)))) = (ahead.u32(), simple(&mut ahead)) else { return false };
            (*handle, *value) = (Value::Unsigned(own.into()), number);
            true
        })
    });
    if read {
        *content = ahead;
    }
    read
}

fn any_changes(content: &mut Body<'_>, sheet: &mut Sheet<'_>, count: usize) -> Read<()> {
    sheet.expect(CLIENT_HANDLES, count);
    sheet.expect(VALUES, count);
    for index in 0..count {
        sheet.add_u(CLIENT_HANDLES, content.u32()?);
        let (value, status) = data_value(content, sheet)?;
        sheet.add(VALUES, value);
        if status != 0 {
            value_status(sheet, index, status);
        }
    }
    Ok(())
}

fn notification(one: &Extension<'_>, sheet: &mut Sheet<'_>) -> Read<usize> {
    let Some(mut content) = one.content.filter(|_| !one.is_xml) else { return Ok(0) };
    match one.type_id.standard() {
        // DataChangeNotification: client handle and value of each item.
        Some(811) => {
            let count = content.count()?;
            if !simple_changes(&mut content, sheet, count) {
                any_changes(&mut content, sheet, count)?;
            }
            diagnostic::list(&mut content, sheet)?;
            Ok(count)
        }
        // EventNotificationList: client handle and the selected fields of each event.
        Some(916) => {
            let count = content.count()?;
            for _ in 0..count {
                sheet.add_u(CLIENT_HANDLES, content.u32()?);
                for _ in 0..content.count()? {
                    let value = variant(&mut content, sheet)?;
                    sheet.add(VALUES, value);
                }
            }
            Ok(count)
        }
        // StatusChangeNotification: the subscription's status.
        Some(820) => {
            let code = content.u32()?;
            sheet.record.set_u(SUBSCRIPTION_STATUS, code);
            sheet.name_status(code);
            diagnostic::one(&mut content, sheet)?;
            Ok(1)
        }
        _ => Ok(1),
    }
}
