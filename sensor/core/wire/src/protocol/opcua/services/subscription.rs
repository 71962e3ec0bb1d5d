//! MonitoredItem and Subscription service sets: OPC 10000-4, 5.13, 5.14; notifications 7.25, 7.26.

use super::super::fields::{
    CLIENT_HANDLES, MONITORED_ITEM_IDS, NOTIFICATION_COUNT, PUBLISHING_INTERVAL, SUBSCRIPTION_ID, SUBSCRIPTION_IDS,
    VALUES,
};
use super::super::reader::{Body, Read};
use super::super::sheet::Sheet;
use super::super::types::{extension, skip_diagnostic, skip_diagnostics, Extension};
use super::super::variant::{data_value, simple, variant};
use super::attribute::value_id;
use crate::value::Value;

fn subscription(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    sheet.record.set_u(SUBSCRIPTION_ID, body.u32()?);
    Ok(())
}

/// Subscription, which timestamps, MonitoredItemCreateRequest[]: what, mode, parameters.
pub fn create_items(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    subscription(body, sheet)?;
    body.skip(4)?;
    for _ in 0..body.count()? {
        value_id(body, sheet)?;
        body.skip(4)?;
        parameters(body, sheet)?;
    }
    Ok(())
}

/// MonitoringParameters (7.21): client handle, sampling interval, filter, queue size, discard oldest.
fn parameters(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    sheet.add_u(CLIENT_HANDLES, body.u32()?);
    body.skip(8)?;
    extension(body)?;
    body.skip(5)
}

pub fn items_created(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        sheet.result(body.u32()?);
        sheet.add_u(MONITORED_ITEM_IDS, body.u32()?);
        body.skip(12)?; // revised interval and queue size
        extension(body)?;
    }
    skip_diagnostics(body)
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
        body.skip(12)?;
        extension(body)?;
    }
    skip_diagnostics(body)
}

fn numbers(body: &mut Body<'_>, sheet: &mut Sheet<'_>, slot: usize) -> Read<()> {
    for _ in 0..body.count()? {
        sheet.add_u(slot, body.u32()?);
    }
    Ok(())
}

pub fn set_monitoring_mode(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    subscription(body, sheet)?;
    body.skip(4)?;
    numbers(body, sheet, MONITORED_ITEM_IDS)
}

/// Subscription, triggering item, links to add, links to remove.
pub fn set_triggering(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    subscription(body, sheet)?;
    sheet.add_u(MONITORED_ITEM_IDS, body.u32()?);
    numbers(body, sheet, MONITORED_ITEM_IDS)?;
    numbers(body, sheet, MONITORED_ITEM_IDS)
}

pub fn delete_items(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    subscription(body, sheet)?;
    numbers(body, sheet, MONITORED_ITEM_IDS)
}

/// Publishing interval, lifetime and keep-alive counts, most notifications, enabled, priority.
pub fn create(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    sheet.record.set(PUBLISHING_INTERVAL, Value::Float(body.f64()?));
    body.skip(14)
}

pub fn created(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    subscription(body, sheet)?;
    sheet.record.set(PUBLISHING_INTERVAL, Value::Float(body.f64()?));
    body.skip(8)
}

pub fn modify(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    subscription(body, sheet)?;
    sheet.record.set(PUBLISHING_INTERVAL, Value::Float(body.f64()?));
    body.skip(13)
}

pub fn set_publishing_mode(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    body.skip(1)?;
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
    skip_diagnostics(body)
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
    body.skip(4)
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
    body.skip(12)?;
    let mut notifications = 0usize;
    for _ in 0..body.count()? {
        let one = extension(body)?;
        notifications = notifications.saturating_add(notification(&one, sheet)?);
    }
    sheet.record.set_u(NOTIFICATION_COUNT, u64::try_from(notifications).unwrap_or(u64::MAX));
    Ok(())
}

/// Client handle and value of each item, where all are numbers, as process values are. `false`: nothing was read.
#[inline(never)] // its loop is better off without the registers of what is around it
fn simple_changes(content: &mut Body<'_>, sheet: &mut Sheet<'_>, count: usize) -> bool {
    let mut ahead = *content;
    let read = sheet.side_by_side([CLIENT_HANDLES, VALUES], count, |lists| {
        lists.first.iter_mut().zip(lists.second).all(|(handle, value)| {
            let (Ok(own), Ok(Some((number, _)))) = (ahead.u32(), simple(&mut ahead)) else { return false };
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
    for _ in 0..count {
        sheet.add_u(CLIENT_HANDLES, content.u32()?);
        let (value, _) = data_value(content, sheet)?;
        sheet.add(VALUES, value);
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
            skip_diagnostics(&mut content)?;
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
            content.skip(4)?;
            skip_diagnostic(&mut content)?;
            Ok(1)
        }
        _ => Ok(1),
    }
}
