//! The services of OPC 10000-4, read one by one. Each function reads a request or a response behind its header, to the
//! last byte: what is left over is a signature, or wrong.

mod attribute;
mod channel;
mod discovery;
mod filter;
mod history;
mod method;
mod node;
mod query;
mod session;
mod subscription;
mod view;

use super::diagnostic;
use super::fields::{AUDIT_ENTRY, REQUEST_HANDLE, RESULT_CODES, STATUS_CODE, STATUS_NAME};
use super::names::{Service, SERVICE_FAULT, SESSIONLESS_INVOKE};
use super::reader::{Body, Read};
use super::sheet::{is_bad, Sheet};
use super::status::status_name;
use super::types::{extension, skip_node_id};
use crate::value::{Outcome, Value};

/// Read what follows the type id. `Ok(false)` when the content of this service is not known to the end.
pub fn read(id: u32, service: Service, body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<bool> {
    if service.request == SESSIONLESS_INVOKE {
        // No header of its own: a message of another service stands in it, with tables of namespaces before (6.3.2).
        return Ok(false);
    }
    if service.is_response {
        response_header(body, sheet)?;
        if id == SERVICE_FAULT {
            return Ok(true);
        }
        let read = response(service.request, body, sheet);
        if sheet.failed {
            sheet.record.outcome = Outcome::Failure;
        }
        read
    } else {
        request_header(body, sheet)?;
        request(service.request, body, sheet)
    }
}

fn request(id: u32, body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<bool> {
    match id {
        422 => discovery::find_servers(body, sheet),
        428 => discovery::get_endpoints(body, sheet),
        437 => discovery::register_server(body, sheet),
        446 => channel::open(body, sheet),
        452 => Ok(()),
        461 => session::create(body, sheet),
        467 => session::activate(body, sheet),
        473 => session::close(body, sheet),
        479 => session::cancel(body, sheet),
        488 => node::add_nodes(body, sheet),
        494 => node::add_references(body, sheet),
        500 => node::delete_nodes(body, sheet),
        506 => node::delete_references(body, sheet),
        527 => view::browse(body, sheet),
        533 => view::browse_next(body),
        554 => view::translate(body, sheet),
        560 | 566 => view::nodes(body, sheet),
        615 => query::first(body, sheet),
        621 => query::next(body),
        631 => attribute::read(body, sheet),
        664 => history::read(body, sheet),
        673 => attribute::write(body, sheet),
        700 => history::update(body, sheet),
        712 => method::call(body, sheet),
        751 => subscription::create_items(body, sheet),
        763 => subscription::modify_items(body, sheet),
        769 => subscription::set_monitoring_mode(body, sheet),
        775 => subscription::set_triggering(body, sheet),
        781 => subscription::delete_items(body, sheet),
        787 => subscription::create(body, sheet),
        793 => subscription::modify(body, sheet),
        799 => subscription::set_publishing_mode(body, sheet),
        826 => subscription::publish(body, sheet),
        832 => subscription::republish(body, sheet),
        841 => subscription::transfer(body, sheet),
        847 => subscription::delete(body, sheet),
        12208 => discovery::find_on_network(body),
        12211 => discovery::register_server2(body, sheet),
        _ => return Ok(false),
    }
    .map(|()| true)
}

#[inline(always)] // into the one place that reads all day
fn response(id: u32, body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<bool> {
    match id {
        422 => discovery::servers(body, sheet),
        428 => discovery::endpoints(body, sheet),
        446 => channel::opened(body, sheet),
        437 | 452 | 473 | 566 => Ok(()),
        461 => session::created(body, sheet),
        467 => session::activated(body, sheet),
        479 => session::cancelled(body, sheet),
        488 => node::added(body, sheet),
        494 | 500 | 506 | 673 | 769 | 781 | 799 | 847 | 12211 => results(body, sheet),
        527 | 533 => view::browsed(body, sheet),
        554 => view::translated(body, sheet),
        560 => view::registered(body, sheet),
        615 => query::first_answer(body, sheet),
        621 => query::next_answer(body, sheet),
        631 => attribute::values(body, sheet),
        664 => history::answer(body, sheet),
        700 => history::updated(body, sheet),
        712 => method::called(body, sheet),
        751 => subscription::items_created(body, sheet),
        763 => subscription::items_modified(body, sheet),
        775 => results(body, sheet).and_then(|()| results(body, sheet)),
        787 => subscription::created(body, sheet),
        793 => subscription::cycle(body, sheet),
        826 => subscription::published(body, sheet),
        832 => subscription::message(body, sheet),
        841 => subscription::transferred(body, sheet),
        12208 => discovery::on_network(body, sheet),
        _ => return Ok(false),
    }
    .map(|()| true)
}

/// Part 4, 7.33. The authentication token is a secret of the session and is not kept.
#[inline]
fn request_header(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    skip_node_id(body)?;
    // Time, handle, diagnostics, no audit entry id, timeout, no additional header: what clients send all day.
    let mut ahead = *body;
    if let Ok([head @ .., 0xff, 0xff, 0xff, 0xff, _, _, _, _, 0, 0, 0]) = ahead.array::<27>() {
        let [.., a, b, c, d, _, _, _, _] = *head;
        sheet.record.set_u(REQUEST_HANDLE, u32::from_le_bytes([a, b, c, d]));
        *body = ahead;
        return Ok(());
    }
    body.skip(8)?; // timestamp
    sheet.record.set_u(REQUEST_HANDLE, body.u32()?);
    body.skip(4)?; // which diagnostics to return
    let entry = body.string()?;
    sheet.set_text(AUDIT_ENTRY, entry.filter(|entry| !entry.is_empty()));
    body.skip(4)?; // timeout hint
    extension(body).map(|_| ())
}

/// Part 4, 7.34.
#[inline]
fn response_header(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    // Time, handle, result, no diagnostics, no string table, no additional header: what servers send all day.
    let mut ahead = *body;
    if let Ok([head @ .., 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0]) = ahead.array::<24>() {
        let [.., a, b, c, d, e, f, g, h] = *head;
        sheet.record.set_u(REQUEST_HANDLE, u32::from_le_bytes([a, b, c, d]));
        status(sheet, u32::from_le_bytes([e, f, g, h]));
        *body = ahead;
        return Ok(());
    }
    body.skip(8)?; // timestamp
    sheet.record.set_u(REQUEST_HANDLE, body.u32()?);
    status(sheet, body.u32()?);
    // The header's own diagnostics point into the table behind them.
    let mut own = *body;
    diagnostic::skip(body)?;
    diagnostic::string_table(body, sheet)?;
    diagnostic::one(&mut own, sheet)?;
    extension(body).map(|_| ())
}

/// The result of the whole message.
#[inline]
pub fn status(sheet: &mut Sheet<'_>, code: u32) {
    sheet.record.set_u(STATUS_CODE, code);
    sheet.record.set(STATUS_NAME, Value::Name(if code == 0 { "Good" } else { status_name(code) }));
    sheet.record.outcome = if is_bad(code) { Outcome::Failure } else { Outcome::Success };
}

/// One status code per operation, then diagnostics.
fn results(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    codes(body, sheet)?;
    diagnostic::list(body, sheet)
}

/// Statuses of the parts of an operation (a field of a filter): it may succeed without them.
fn inner_codes(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        inner_code(body, sheet)?;
    }
    Ok(())
}

fn inner_code(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let code = body.u32()?;
    if code != 0 {
        sheet.name_status(code);
    }
    Ok(())
}

fn codes(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let count = body.count()?;
    sheet.expect(RESULT_CODES, count);
    for _ in 0..count {
        sheet.result(body.u32()?);
    }
    Ok(())
}
