//! The two hellos. RFC 8446 4.1.2, 4.1.3, 4.2; RFC 5246 7.4.1; RFC 6066 section 3 (names), RFC 7301 3.1 (ALPN).

use super::fields::*;
use super::{ja4, names};
use crate::cursor::{Cursor, Short};
use crate::limits::TEXT_BYTES;
use crate::protocol::Context;
use crate::remote_tools;
use crate::value::{Outcome, Record, Value};

const SERVER_NAME: u16 = 0;
const SIGNATURES: u16 = 13;
const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;
const ENCRYPTED_HELLO: u16 = 0xfe0d;
/// RFC 8446 4.1.3: this in place of the server's random bytes asks the client to begin again.
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// The content behind a length of one or two bytes.
fn short_part<'a>(cursor: &mut Cursor<'a>) -> Result<Cursor<'a>, Short> {
    let length = cursor.u8()?;
    cursor.take(length.into()).map(Cursor::new)
}

fn part<'a>(cursor: &mut Cursor<'a>) -> Result<Cursor<'a>, Short> {
    let length = cursor.u16_be()?;
    cursor.take(length.into()).map(Cursor::new)
}

pub fn text(bytes: &[u8]) -> &[u8] {
    bytes.get(..TEXT_BYTES).unwrap_or(bytes)
}

/// What the client offers. Fields that came before the bytes ended are set.
pub fn client(cursor: &mut Cursor<'_>, context: &Context<'_>, record: &mut Record) -> Result<(), Short> {
    let legacy = cursor.u16_be()?;
    record.set_u(CLIENT_VERSION, legacy);
    let mut hello = ja4::Hello { version: legacy, ..Default::default() };
    cursor.skip(32)?;
    short_part(cursor)?;
    let mut ciphers = part(cursor)?;
    record.set_u(CIPHER_COUNT, (ciphers.remaining() / 2) as u64);
    while let Ok(cipher) = ciphers.u16_be() {
        hello.ciphers.push(cipher);
    }
    short_part(cursor)?;
    if !cursor.is_empty() {
        let mut extensions = part(cursor)?;
        while !extensions.is_empty() {
            let (kind, content) = (extensions.u16_be()?, part(&mut extensions)?);
            hello.extensions.push(kind);
            client_extension(kind, content, &mut hello, record)?;
        }
    }
    record.set(VERSION, Value::Name(names::version(hello.version)));
    record.set_u(VERSION_CODE, hello.version);
    if hello.ciphers.cut || hello.extensions.cut || hello.signatures.cut {
        record.flaw(flaw::TOO_MANY);
    } else {
        let written = record.write_text(|out| hello.write(out));
        record.set(JA4, Value::Text(written));
    }
    if record.get(REMOTE_TOOL).is_none() {
        if let Some(tool) = remote_tools::by_port(context.server.port) {
            record.set(REMOTE_TOOL, Value::Name(tool));
            record.set(REMOTE_TOOL_BY, Value::Name("port"));
        }
    }
    Ok(())
}

fn client_extension<'a>(
    kind: u16,
    mut content: Cursor<'a>,
    hello: &mut ja4::Hello<'a>,
    record: &mut Record,
) -> Result<(), Short> {
    match kind {
        SERVER_NAME => {
            hello.named = true;
            if content.is_empty() {
                return Ok(());
            }
            let mut list = part(&mut content)?;
            while !list.is_empty() {
                let (kind, name) = (list.u8()?, part(&mut list)?.rest());
                if kind == 0 {
                    record.set_text(SERVER_NAME_FIELD, text(name));
                    if let Some(tool) = remote_tools::by_name(name) {
                        record.set(REMOTE_TOOL, Value::Name(tool));
                        record.set(REMOTE_TOOL_BY, Value::Name("sni"));
                    }
                    return Ok(());
                }
            }
        }
        SIGNATURES => {
            let mut list = part(&mut content)?;
            while let Ok(signature) = list.u16_be() {
                hello.signatures.push(signature);
            }
        }
        ALPN => {
            let mut list = part(&mut content)?;
            let mut first = true;
            while !list.is_empty() {
                let name = short_part(&mut list)?.rest();
                if std::mem::take(&mut first) {
                    hello.alpn = name;
                }
                let kept = record.push_text(name);
                record.push(CLIENT_ALPN, Value::Text(kept));
            }
        }
        SUPPORTED_VERSIONS => {
            let mut list = short_part(&mut content)?;
            let mut highest = None;
            while let Ok(version) = list.u16_be() {
                if !ja4::grease(version) {
                    highest = highest.max(Some(version));
                    record.push(SUPPORTED_VERSIONS_FIELD, Value::Unsigned(version.into()));
                }
            }
            hello.version = highest.unwrap_or(hello.version);
        }
        ENCRYPTED_HELLO => record.set(ENCRYPTED_HELLO_FIELD, Value::Bool(true)),
        _ => {}
    }
    Ok(())
}

/// What the server chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// The client is asked to begin again.
    Retry,
    /// From here on nothing can be read (1.3).
    Sealed,
    Older,
}

pub fn server(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<Chosen, Short> {
    let mut version = cursor.u16_be()?;
    let retry = cursor.array::<32>()? == RETRY;
    short_part(cursor)?;
    let cipher = cursor.u16_be()?;
    record.set_u(CIPHER_CODE, cipher);
    record.set(CIPHER, Value::Name(names::cipher(cipher)));
    cursor.u8()?;
    let mut whole = Ok(());
    if !cursor.is_empty() {
        whole = part(cursor).and_then(|extensions| server_extensions(extensions, &mut version, record));
    }
    record.set_u(VERSION_CODE, version);
    record.set(VERSION, Value::Name(names::version(version)));
    record.outcome = if retry { Outcome::Unknown } else { Outcome::Success };
    if whole.is_err() {
        record.flaw(flaw::TRUNCATED);
    }
    // Drafts of 1.3 had numbers from 0x7f00 on.
    Ok(match version {
        _ if retry => Chosen::Retry,
        0x0304..=0x03ff | 0x7f00..=0x7fff => Chosen::Sealed,
        _ => Chosen::Older,
    })
}

fn server_extensions(mut extensions: Cursor<'_>, version: &mut u16, record: &mut Record) -> Result<(), Short> {
    while !extensions.is_empty() {
        let (kind, mut content) = (extensions.u16_be()?, part(&mut extensions)?);
        match kind {
            SUPPORTED_VERSIONS => *version = content.u16_be()?,
            ALPN => {
                let name = short_part(&mut part(&mut content)?)?.rest();
                record.set_text(NEXT_PROTOCOL, name);
            }
            _ => {}
        }
    }
    Ok(())
}
