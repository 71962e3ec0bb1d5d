//! Discovery service set: OPC 10000-4, 5.5; endpoint descriptions 7.14.

use super::super::fields::{
    flaw, APPLICATION_NAME, APPLICATION_TYPE, APPLICATION_URI, ENDPOINT_URL, ENDPOINT_URLS, PRODUCT_URI,
    SECURITY_MODES, SECURITY_POLICIES, SERVER_NAMES, SERVER_URIS, TOKEN_TYPES,
};
use super::super::names::{security_mode, token_type};
use super::super::reader::{Body, Read};
use super::super::secure::certificate;
use super::super::sheet::Sheet;
use super::super::types::{extension, localized_text};
use super::super::words;
use crate::value::Value;

/// Who an application says it is.
pub struct ApplicationDescription<'a> {
    pub uri: Option<&'a [u8]>,
    pub product: Option<&'a [u8]>,
    pub name: Option<&'a [u8]>,
    pub kind: u32,
}

impl<'a> ApplicationDescription<'a> {
    /// Part 4, 7.2, up to the discovery URLs.
    pub fn read(body: &mut Body<'a>) -> Read<Self> {
        let (uri, product, name, kind) = (body.string()?, body.string()?, localized_text(body)?, body.u32()?);
        body.skip_string()?; // gateway server
        body.skip_string()?; // discovery profile
        Ok(Self { uri, product, name, kind })
    }

    /// Who sent the message, or whom it is about.
    pub fn describe(&self, sheet: &mut Sheet<'_>) {
        sheet.set_text(APPLICATION_URI, self.uri);
        sheet.set_text(PRODUCT_URI, self.product);
        sheet.set_text(APPLICATION_NAME, self.name);
        application_type(self.kind, sheet);
    }
}

fn application_type(kind: u32, sheet: &mut Sheet<'_>) {
    match words::application_type(kind) {
        Some(name) => sheet.record.set(APPLICATION_TYPE, Value::Name(name)),
        None => sheet.record.flaw(flaw::BAD_VALUE),
    }
}

/// Endpoint URL, locales, server URIs.
pub fn find_servers(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let url = body.string()?;
    sheet.set_text(ENDPOINT_URL, url);
    body.skip_strings()?;
    texts(body, sheet, SERVER_URIS)
}

/// Endpoint URL, locales, profile URIs.
pub fn get_endpoints(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let url = body.string()?;
    sheet.set_text(ENDPOINT_URL, url);
    body.skip_strings()?;
    body.skip_strings()
}

pub fn servers(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        let server = ApplicationDescription::read(body)?;
        sheet.add_text(SERVER_URIS, server.uri.unwrap_or_default());
        sheet.add_text(SERVER_NAMES, server.name.unwrap_or_default());
        texts(body, sheet, ENDPOINT_URLS)?;
    }
    Ok(())
}

/// What a server offers: URL, policy, mode of each endpoint, and the kinds of identity it takes there.
pub fn endpoints(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for index in 0..body.count()? {
        let url = body.string()?.unwrap_or_default();
        sheet.add_text(ENDPOINT_URLS, url);
        let server = ApplicationDescription::read(body)?;
        if index == 0 {
            server.describe(sheet);
        }
        body.skip_strings()?; // discovery URLs
        let chain = body.string()?;
        if index == 0 {
            certificate(chain, sheet.record);
        }
        match security_mode(body.u32()?) {
            Some(mode) => {
                sheet.add(SECURITY_MODES, Value::Name(mode));
            }
            None => sheet.record.flaw(flaw::BAD_VALUE),
        }
        let policy = body.string()?.unwrap_or_default();
        sheet.add_text(SECURITY_POLICIES, policy);
        for _ in 0..body.count()? {
            body.skip_string()?; // policy id
            match token_type(body.u32()?) {
                Some(kind) => {
                    sheet.add(TOKEN_TYPES, Value::Name(kind));
                }
                None => sheet.record.flaw(flaw::BAD_VALUE),
            }
            for _ in 0..3 {
                body.skip_string()?; // issued token type, issuer, policy of the token
            }
        }
        body.skip_string()?; // transport profile
        body.skip(1)?; // security level
    }
    Ok(())
}

/// RegisteredServer: Part 4, 7.32.
pub fn register_server(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let uri = body.string()?;
    sheet.set_text(APPLICATION_URI, uri);
    let product = body.string()?;
    sheet.set_text(PRODUCT_URI, product);
    for index in 0..body.count()? {
        let name = localized_text(body)?;
        if index == 0 {
            sheet.set_text(APPLICATION_NAME, name);
        }
    }
    application_type(body.u32()?, sheet);
    body.skip_string()?; // gateway server
    texts(body, sheet, ENDPOINT_URLS)?;
    body.skip_string()?; // semaphore file
    body.skip(1) // is online
}

pub fn register_server2(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    register_server(body, sheet)?;
    for _ in 0..body.count()? {
        extension(body)?;
    }
    Ok(())
}

/// First record, most records, capability filter.
pub fn find_on_network(body: &mut Body<'_>) -> Read<()> {
    body.skip(8)?;
    body.skip_strings()
}

/// Reset time, then ServerOnNetwork: record id, name, discovery URL, capabilities.
pub fn on_network(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    body.skip(8)?;
    for _ in 0..body.count()? {
        body.skip(4)?;
        let name = body.string()?.unwrap_or_default();
        sheet.add_text(SERVER_NAMES, name);
        let url = body.string()?.unwrap_or_default();
        sheet.add_text(ENDPOINT_URLS, url);
        body.skip_strings()?;
    }
    Ok(())
}

pub fn texts(body: &mut Body<'_>, sheet: &mut Sheet<'_>, slot: usize) -> Read<()> {
    for _ in 0..body.count()? {
        let text = body.string()?.unwrap_or_default();
        sheet.add_text(slot, text);
    }
    Ok(())
}
