//! Header fields that one way or the other matter.

use super::fields as slot;
use super::fields::flaw;
use crate::protocol::text::head::{lines, Line};
use crate::protocol::text::word::Word;
use crate::protocol::text::{mentions, number, split};
use crate::value::Record;

/// What a head says, by name. Borrowed from the message.
#[derive(Debug, Default)]
pub struct Header<'a> {
    pub host: Option<&'a [u8]>,
    pub user_agent: &'a [u8],
    pub server: &'a [u8],
    pub authorization: Option<&'a [u8]>,
    pub challenge: Option<&'a [u8]>,
    pub mime_type: &'a [u8],
    pub location: &'a [u8],
    pub upgrade: &'a [u8],
    pub forwarded_for: &'a [u8],
    pub soap_action: &'a [u8],
    pub length: Option<u64>,
    pub chunked: bool,
    pub expects: bool,
}

impl<'a> Header<'a> {
    pub fn read(fields: &'a [u8], record: &mut Record) -> Self {
        let mut header = Self::default();
        let mut length_seen = false;
        for line in lines(fields) {
            let (name, value) = match line {
                Line::Field { name, value } => (name, value),
                Line::Folded => {
                    record.flaw(flaw::FOLDED);
                    continue;
                }
                Line::Bad => {
                    record.flaw(flaw::FIELD_LINE);
                    continue;
                }
            };
            match Word::lower(name).bytes() {
                b"host" => header.host = Some(value),
                b"user-agent" => header.user_agent = value,
                b"server" => header.server = value,
                b"authorization" | b"proxy-authorization" => header.authorization = Some(value),
                b"www-authenticate" | b"proxy-authenticate" => _ = header.challenge.get_or_insert(value),
                b"content-type" => header.mime_type = split(value, b';').0,
                b"location" => header.location = value,
                b"upgrade" => header.upgrade = value,
                b"x-forwarded-for" => header.forwarded_for = value,
                b"soapaction" => header.soap_action = value,
                b"transfer-encoding" => header.chunked |= mentions(value, b"chunked"),
                b"expect" => header.expects = true,
                b"content-length" => {
                    let told = number(value);
                    if told.is_none() || length_seen && told != header.length {
                        record.flaw(flaw::LENGTH);
                    }
                    // Of two the first, as most servers that do not refuse it.
                    header.length = header.length.or(told);
                    length_seen = true;
                }
                _ => {}
            }
        }
        if header.chunked {
            record.set(slot::CHUNKED, crate::value::Value::Bool(true));
            if length_seen {
                record.flaw(flaw::BOTH_LENGTHS);
            }
        }
        header
    }
}
