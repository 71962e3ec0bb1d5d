//! Session service set: OPC 10000-4, 5.7; identity tokens 7.41.

use super::super::fields::{
    CANCELLED_HANDLE, CANCEL_COUNT, DELETE_SUBSCRIPTIONS, ENDPOINT_URL, IDENTITY, LIFETIME, PASSWORD_ENCRYPTED,
    SERVER_URIS, SESSION_ID, SESSION_NAME, USER_NAME,
};
use super::super::reader::{Body, Read};
use super::super::secure::certificate;
use super::super::sheet::Sheet;
use super::super::types::{extension, node_id, Extension};
use super::discovery::{self, ApplicationDescription};
use crate::value::Value;

pub fn create(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    ApplicationDescription::read(body)?.describe(sheet);
    body.skip_strings()?; // discovery URLs of the client
    if let Some(server) = body.string()? {
        sheet.add_text(SERVER_URIS, server);
    }
    let url = body.string()?;
    sheet.set_text(ENDPOINT_URL, url);
    let name = body.string()?;
    sheet.set_text(SESSION_NAME, name);
    body.skip_string()?; // client nonce
    certificate(body.string()?, sheet.record);
    lifetime(body, sheet)?;
    body.skip(4) // largest response
}

pub fn created(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let session = node_id(body)?;
    let text = sheet.node_text(&session);
    sheet.record.set(SESSION_ID, Value::Text(text));
    node_id(body)?; // authentication token: a secret, not kept
    lifetime(body, sheet)?;
    body.skip_string()?; // server nonce
    certificate(body.string()?, sheet.record);
    discovery::endpoints(body, sheet)?;
    certificates(body)?;
    signature(body)?;
    body.skip(4) // largest request
}

/// A timeout in milliseconds, as a double on the wire.
#[allow(clippy::cast_possible_truncation)] // a cast from f64 saturates
#[allow(clippy::cast_sign_loss)]
fn lifetime(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let timeout = body.f64()?;
    sheet.record.set_u(LIFETIME, timeout as u64);
    Ok(())
}

/// SignedSoftwareCertificate[]: data and signature.
fn certificates(body: &mut Body<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        body.skip_string()?;
        body.skip_string()?;
    }
    Ok(())
}

/// SignatureData: algorithm and signature.
fn signature(body: &mut Body<'_>) -> Read<()> {
    body.skip_string()?;
    body.skip_string()
}

pub fn activate(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    signature(body)?;
    certificates(body)?;
    body.skip_strings()?; // locales
    let token = extension(body)?;
    identity(&token, sheet)?;
    signature(body)
}

/// A null token means anonymous (5.7.3.2).
fn identity(token: &Extension<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let kind = match token.type_id.standard() {
        Some(324) => "username",
        Some(327) => "certificate",
        Some(940) => "issued",
        Some(321) => "anonymous",
        Some(0) if token.content.is_none() => "anonymous",
        _ => "unknown",
    };
    sheet.record.set(IDENTITY, Value::Name(kind));
    if let (324, Some(mut content)) = (token.type_id.standard().unwrap_or(0), token.content) {
        content.skip_string()?; // policy id
        let user = content.string()?;
        sheet.set_text(USER_NAME, user);
        let password = content.string()?.unwrap_or_default();
        let is_clear = content.string()?.unwrap_or_default().is_empty(); // the algorithm it is encrypted by
        sheet.record.set(PASSWORD_ENCRYPTED, Value::Bool(!is_clear));
        // Judged and forgotten.
        let credentials = sheet.credentials.filter(|_| is_clear);
        sheet.record.password = credentials.map(|known| known.judge(user.unwrap_or_default(), password));
    }
    if let (Some(327), Some(mut content)) = (token.type_id.standard(), token.content) {
        content.skip_string()?; // policy id
        certificate(content.string()?, sheet.record);
    }
    Ok(())
}

pub fn activated(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    body.skip_string()?; // server nonce
    super::results(body, sheet)
}

/// Whether the subscriptions of the session go with it.
pub fn close(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    sheet.record.set(DELETE_SUBSCRIPTIONS, Value::Bool(body.u8()? != 0));
    Ok(())
}

pub fn cancel(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    sheet.record.set_u(CANCELLED_HANDLE, body.u32()?);
    Ok(())
}

pub fn cancelled(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    sheet.record.set_u(CANCEL_COUNT, body.u32()?);
    Ok(())
}
