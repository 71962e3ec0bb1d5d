//! UA Connection Protocol: OPC 10000-6, 7.1.2 (message structure), 7.1.3 (establishing a connection), 7.1.5 (errors).

use super::fields::{
    flaw, CHUNK_TYPE, ENDPOINT_URL, ERROR_REASON, MAX_CHUNK_COUNT, MAX_MESSAGE_SIZE, MESSAGE_SIZE, MESSAGE_TYPE,
    PROTOCOL_VERSION, RECEIVE_BUFFER, SEND_BUFFER, SERVER_URIS,
};
use super::reader::{Body, Read};
use super::services::status;
use super::sheet::Sheet;
use crate::limits::OPCUA_MESSAGE_BYTES;
use crate::value::{Record, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Hello,
    Acknowledge,
    Error,
    ReverseHello,
    Open,
    Message,
    Close,
}

impl Kind {
    #[inline]
    fn of(letters: [u8; 3]) -> Option<Self> {
        if letters == *b"MSG" {
            return Some(Kind::Message);
        }
        Some(match &letters {
            b"OPN" => Kind::Open,
            b"CLO" => Kind::Close,
            b"HEL" => Kind::Hello,
            b"ACK" => Kind::Acknowledge,
            b"ERR" => Kind::Error,
            b"RHE" => Kind::ReverseHello,
            _ => return None,
        })
    }

    /// Of the messages that begin a connection: each has one side that may send it.
    #[inline]
    pub fn is_greeting(self) -> bool {
        matches!(self, Kind::Hello | Kind::Acknowledge | Kind::ReverseHello)
    }

    pub fn name(self) -> &'static str {
        match self {
            Kind::Hello => "HEL",
            Kind::Acknowledge => "ACK",
            Kind::Error => "ERR",
            Kind::ReverseHello => "RHE",
            Kind::Open => "OPN",
            Kind::Message => "MSG",
            Kind::Close => "CLO",
        }
    }
}

pub const HEADER: usize = 8;

/// What the front of the bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// A header with a size that can be.
    Header(Header),
    /// A header whose size cannot be: below the header itself, or beyond any message.
    BadSize(Header),
    /// The beginning of a header.
    Short,
    Foreign,
}

/// Message type (3 letters), chunk type (1 letter), size (4 bytes, counts the header).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub kind: Kind,
    pub chunk: u8,
    pub size: usize,
}

impl Header {
    /// Chunk type F, or A: nothing more of the message follows.
    pub fn chunk_name(self) -> &'static str {
        match self.chunk {
            b'C' => "C",
            b'F' => "F",
            b'A' => "A",
            _ => "unknown",
        }
    }

    #[inline]
    pub fn describe(self, record: &mut Record) {
        record.set(MESSAGE_TYPE, Value::Name(self.kind.name()));
        record.set(CHUNK_TYPE, Value::Name(self.chunk_name()));
        record.set_u(MESSAGE_SIZE, u64::try_from(self.size).unwrap_or(u64::MAX));
        // Only MSG may come in parts (6.7.2.2), and only C, F and A are chunk types.
        if self.chunk != b'F' && !(self.kind == Kind::Message && matches!(self.chunk, b'C' | b'A')) {
            record.flaw(flaw::BAD_CHUNK);
        }
    }
}

#[inline]
pub fn front(bytes: &[u8]) -> Front {
    let Some(header) = bytes.first_chunk::<HEADER>() else { return beginning(bytes) };
    let [first, second, third, chunk, size @ ..] = *header;
    let Some(kind) = Kind::of([first, second, third]) else { return Front::Foreign };
    let size = usize::try_from(u32::from_le_bytes(size)).unwrap_or(usize::MAX);
    let header = Header { kind, chunk, size };
    if (HEADER..=OPCUA_MESSAGE_BYTES).contains(&size) {
        Front::Header(header)
    } else {
        Front::BadSize(header)
    }
}

/// Of fewer bytes than a header has.
#[cold]
fn beginning(bytes: &[u8]) -> Front {
    let begins = |name: &[u8]| bytes.get(..3).map_or_else(|| name.starts_with(bytes), |three| three == name);
    let is_prefix = [b"MSG", b"OPN", b"CLO", b"HEL", b"ACK", b"ERR", b"RHE"].iter().any(|name| begins(*name));
    if is_prefix {
        Front::Short
    } else {
        Front::Foreign
    }
}

/// How many bytes to skip until a header may begin: more than 0, at most all.
pub fn next_header(bytes: &[u8]) -> usize {
    (1..bytes.len())
        .find(|place| match front(bytes.get(*place..).unwrap_or_default()) {
            Front::Header(header) => matches!(header.chunk, b'C' | b'F' | b'A'),
            Front::Short => true,
            Front::BadSize(_) | Front::Foreign => false,
        })
        .unwrap_or(bytes.len())
}

/// 7.1.2.3, 7.1.2.4: version, buffer sizes, largest message, most chunks; a Hello goes on with the endpoint URL.
pub fn hello(body: &mut Body<'_>, sheet: &mut Sheet<'_>, is_hello: bool) -> Read<()> {
    sheet.record.set_u(PROTOCOL_VERSION, body.u32()?);
    for slot in [RECEIVE_BUFFER, SEND_BUFFER] {
        let size = body.u32()?;
        // 8192 at least, and 1024 for devices that only speak elliptic curves.
        if size < 1024 {
            sheet.record.flaw(flaw::BAD_VALUE);
        }
        sheet.record.set_u(slot, size);
    }
    sheet.record.set_u(MAX_MESSAGE_SIZE, body.u32()?);
    sheet.record.set_u(MAX_CHUNK_COUNT, body.u32()?);
    if is_hello {
        url(body, sheet)?;
    }
    Ok(())
}

/// 7.1.2.5: status code, reason. The same stands in an abort chunk (6.7.3).
pub fn error(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    status(sheet, body.u32()?);
    let reason = body.string()?;
    sheet.set_text(ERROR_REASON, reason);
    Ok(())
}

/// 7.1.2.6: URI of the server, URL that the client shall use.
pub fn reverse_hello(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let uri = body.string()?.unwrap_or_default();
    sheet.add_text(SERVER_URIS, uri);
    url(body, sheet)
}

fn url(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    let url = body.string()?;
    // Shall be less than 4096 bytes long.
    if url.is_some_and(|url| url.len() >= 4096) {
        sheet.record.flaw(flaw::BAD_VALUE);
    }
    sheet.set_text(ENDPOINT_URL, url);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fronts() {
        let msg = Header { kind: Kind::Message, chunk: b'F', size: 24 };
        for (bytes, front_is) in [
            (&b"MSGF\x18\0\0\0"[..], Front::Header(msg)),
            (b"MSGF\x07\0\0\0", Front::BadSize(Header { size: 7, ..msg })),
            (b"MSGF\0\0\0\xff", Front::BadSize(Header { size: 0xff00_0000, ..msg })),
            (b"MSGF\x18", Front::Short),
            (b"MS", Front::Short),
            (b"MSX", Front::Foreign),
            (b"GET / HTTP", Front::Foreign),
        ] {
            assert_eq!(front(bytes), front_is, "{bytes:?}");
        }
    }

    #[test]
    fn a_header_is_found_again() {
        assert_eq!(next_header(b"xxMSGxyzOPNF\x20\0\0\0"), 8);
        assert_eq!(next_header(b"xxxxMSG"), 4);
        assert_eq!(next_header(b"x"), 1);
    }
}
