//! SecureChannel service set: OPC 10000-4, 5.6; OPC 10000-6, 6.7.4.

use super::super::fields::{flaw, CHANNEL_ID, LIFETIME, REQUEST_TYPE, TOKEN_ID};
use super::super::names::security_mode;
use super::super::reader::{Body, Read};
use super::super::sheet::Sheet;
use crate::value::Value;

/// Protocol version, request type, security mode, client nonce, lifetime in milliseconds.
pub fn open(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    body.skip(4)?;
    match body.u32()? {
        0 => sheet.record.set(REQUEST_TYPE, Value::Name("issue")),
        1 => sheet.record.set(REQUEST_TYPE, Value::Name("renew")),
        _ => sheet.record.flaw(flaw::BAD_VALUE),
    }
    let mode = body.u32()?;
    match security_mode(mode) {
        Some(_) => sheet.told_mode = Some(mode),
        None => sheet.record.flaw(flaw::BAD_VALUE),
    }
    body.skip_string()?;
    sheet.record.set_u(LIFETIME, body.u32()?);
    Ok(())
}

/// Protocol version, token (channel id, token id, creation time, revised lifetime), server nonce.
pub fn opened(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    body.skip(4)?;
    sheet.record.set_u(CHANNEL_ID, body.u32()?);
    sheet.record.set_u(TOKEN_ID, body.u32()?);
    body.skip(8)?;
    sheet.record.set_u(LIFETIME, body.u32()?);
    body.skip_string()
}
