//! Session service set: OPC 10000-4, 5.7; identity tokens 7.41.

use super::super::fields::{
    APPLICATION_NAME, APPLICATION_URI, CANCEL_COUNT, ENDPOINT_URL, IDENTITY, LIFETIME, PASSWORD_ENCRYPTED, PRODUCT_URI,
    SESSION_ID, SESSION_NAME, USER_NAME,
};
use super::super::reader::{Body, Read};
use super::super::sheet::Sheet;
use super::super::types::{extension, localized_text, node_id, Extension};
use super::discovery::{self, ApplicationDescription};
use crate::value::Value;

pub fn create(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let client = ApplicationDescription::read(body)?;
    sheet.set_text(APPLICATION_URI, client.uri);
    sheet.set_text(PRODUCT_URI, client.product);
    sheet.set_text(APPLICATION_NAME, client.name);
    body.skip_strings()?; // discovery URLs of the client
    body.skip_string()?; // server URI
    let url = body.string()?;
    sheet.set_text(ENDPOINT_URL, url);
    let name = body.string()?;
    sheet.set_text(SESSION_NAME, name);
    body.skip_string()?; // client nonce
    body.skip_string()?; // client certificate
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
    body.skip_string()?; // server certificate
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
        content.skip_string()?; // the password: never kept
        let algorithm = content.string()?.unwrap_or_default();
        sheet.record.set(PASSWORD_ENCRYPTED, Value::Bool(!algorithm.is_empty()));
    }
    Ok(())
}

pub fn activated(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    body.skip_string()?; // server nonce
    super::results(body, sheet)
}

pub fn cancelled(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    sheet.record.set_u(CANCEL_COUNT, body.u32()?);
    Ok(())
}

impl<'a> ApplicationDescription<'a> {
    /// Part 4, 7.2, up to the discovery URLs.
    pub fn read(body: &mut Body<'a>) -> Read<Self> {
        let (uri, product, name) = (body.string()?, body.string()?, localized_text(body)?);
        body.skip(4)?; // application type
        body.skip_string()?; // gateway server
        body.skip_string()?; // discovery profile
        Ok(Self { uri, product, name })
    }
}
