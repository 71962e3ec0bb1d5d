//! The first line of a message, and how it is told from anything else. RFC 9112 3 and 4.

use crate::protocol::text::{number, operation, Operation};
use crate::value::Class;

/// RFC 9113 3.4: what a client begins HTTP/2 with when it knows that the server speaks it.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub const HTTP2: Operation = operation(64, "http2_preface", Class::Session);
pub const UNKNOWN: Operation = operation(63, "unknown", Class::Other);
pub const BAD: Operation = operation(65, "bad_message", Class::Other);
/// A body that begins like something of interest.
pub const CONTENT: Operation = operation(66, "content", Class::Other);
pub const CONNECT: u32 = 8;
pub const HEAD: u32 = 2;

/// RFC 9110 9, RFC 5789 (PATCH), RFC 4918 (WebDAV), RFC 3253 (REPORT), DASL (SEARCH), and what Windows remote
/// management and MS-DAV add.
pub fn method(name: &[u8]) -> Operation {
    match name {
        b"GET" => operation(1, "get", Class::Read),
        b"HEAD" => operation(HEAD, "head", Class::Read),
        b"POST" => operation(3, "post", Class::Write),
        b"PUT" => operation(4, "put", Class::Write),
        b"DELETE" => operation(5, "delete", Class::Write),
        b"OPTIONS" => operation(6, "options", Class::Discover),
        b"TRACE" => operation(7, "trace", Class::Diagnose),
        b"CONNECT" => operation(CONNECT, "connect", Class::Session),
        b"PATCH" => operation(9, "patch", Class::Write),
        b"PROPFIND" => operation(10, "propfind", Class::Discover),
        b"PROPPATCH" => operation(11, "proppatch", Class::Write),
        b"MKCOL" => operation(12, "mkcol", Class::Write),
        b"COPY" => operation(13, "copy", Class::Write),
        b"MOVE" => operation(14, "move", Class::Write),
        b"LOCK" => operation(15, "lock", Class::Write),
        b"UNLOCK" => operation(16, "unlock", Class::Write),
        b"REPORT" => operation(17, "report", Class::Read),
        b"SEARCH" => operation(18, "search", Class::Read),
        b"SUBSCRIBE" => operation(19, "subscribe", Class::Session),
        b"UNSUBSCRIBE" => operation(20, "unsubscribe", Class::Session),
        b"NOTIFY" => operation(21, "notify", Class::Other),
        b"RPC_IN_DATA" => operation(22, "rpc_in_data", Class::Session),
        b"RPC_OUT_DATA" => operation(23, "rpc_out_data", Class::Session),
        _ => UNKNOWN,
    }
}

pub struct Request<'a> {
    pub method: &'a [u8],
    pub target: &'a [u8],
    pub version: &'a [u8],
}

/// A target may have spaces where a client is careless: the last word is the version.
pub fn request(line: &[u8]) -> Option<Request<'_>> {
    let space = memchr::memchr(b' ', line)?;
    let last = memchr::memrchr(b' ', line).filter(|last| *last > space)?;
    let method = line.get(..space).filter(|method| token(method))?;
    let target = line.get(space.saturating_add(1)..last)?.trim_ascii();
    let version = line.get(last.saturating_add(1)..)?.strip_prefix(b"HTTP/")?;
    (matches!(version, [b'1', b'.', digit] if digit.is_ascii_digit()) && !target.is_empty()).then_some(Request {
        method,
        target,
        version,
    })
}

pub struct Status<'a> {
    pub version: &'a [u8],
    pub code: u16,
}

pub fn status(line: &[u8]) -> Option<Status<'_>> {
    let rest = line.strip_prefix(b"HTTP/")?;
    let (version, rest) =
        rest.split_at_checked(3).filter(|(version, _)| matches!(version, [b'1', b'.', b'0'..=b'9']))?;
    let code = rest.strip_prefix(b" ")?.trim_ascii_start();
    let code = number(code.get(..3)?).filter(|code| (100..=999).contains(code))?;
    Some(Status { version, code: u16::try_from(code).ok()? })
}

fn token(method: &[u8]) -> bool {
    (3..=24).contains(&method.len()) && method.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'-' | b'_'))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    Sure,
    /// It can be one, more bytes will tell.
    Maybe,
    No,
}

/// Whether such bytes begin a message.
pub fn start(bytes: &[u8]) -> Start {
    if bytes.starts_with(b"HTTP/") || b"HTTP/".starts_with(bytes) {
        return match bytes.get(..12) {
            Some(front) if status(front).is_some() => Start::Sure,
            None if b"HTTP/1.".starts_with(bytes.get(..7).unwrap_or(bytes)) => Start::Maybe,
            _ => Start::No,
        };
    }
    if let Some(end) = memchr::memchr(b'\n', bytes) {
        let line = bytes.get(..end).unwrap_or_default().trim_ascii_end();
        let sure = request(line).is_some() || bytes.get(..16) == PREFACE.get(..16);
        return if sure { Start::Sure } else { Start::No };
    }
    let word = memchr::memchr(b' ', bytes).map(|space| bytes.get(..space).unwrap_or_default());
    let maybe = match word {
        Some(word) => method(word) != UNKNOWN || word == b"PRI",
        None => bytes.len() <= 24 && bytes.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'-' | b'_')),
    };
    if maybe {
        Start::Maybe
    } else {
        Start::No
    }
}
