//! Responses: what came of it, and who answers.

use super::fields as slot;
use super::header::Header;
use super::request::{authority, without_session, without_user};
use super::start::{self, Status};
use super::{Chunks, Http, Next};
use crate::protocol::text::{credentials, operation, put, split, Operation};
use crate::protocol::Context;
use crate::value::{Class, Outcome, Record, Role, Value};

/// An answer whose request nobody saw.
const RESPONSE: Operation = operation(0, "response", Class::Other);

impl Http {
    pub(super) fn response(&mut self, status: &Status<'_>, fields: &[u8], context: &Context<'_>, record: &mut Record) {
        let header = Header::read(fields, record);
        let code = status.code;
        record.role = Role::Response;
        // RFC 9110 15.2: what a server says before its answer. 101 is one.
        let interim = matches!(code, 100 | 102..=199);
        let asked = if interim {
            self.waiting.peek()
        } else {
            let (reference, asked) = self.waiting.answer();
            record.reference = reference;
            record.outcome = if code < 400 { Outcome::Success } else { Outcome::Failure };
            asked
        };
        // RFC 9110 11.4: credentials that were sent, and that are not good for it.
        if asked.is_some_and(|asked| asked.login) && matches!(code, 401 | 403 | 407) {
            record.set(slot::LOGIN_REFUSED, Value::Bool(true));
        }
        let asked = asked.map(|asked| asked.operation);
        asked.unwrap_or(RESPONSE).tell(record);
        put(record, slot::VERSION, status.version);
        record.set_u(slot::STATUS, code);
        put(record, slot::SERVER, header.server);
        put(record, slot::RESPONSE_TYPE, header.mime_type);
        put(record, slot::UPGRADE, header.upgrade);
        if let Some(length) = header.length {
            record.set_u(slot::RESPONSE_BYTES, length);
        }
        let (host, path) = authority(split(header.location, b'?').0);
        if !host.is_empty() {
            put(record, slot::HOST, without_user(host));
        }
        put(record, slot::LOCATION, without_session(split(path, b'#').0));
        if let Some(value) = header.challenge {
            record.set(slot::AUTH, Value::Name(credentials::scheme(value)));
            let (_, parameters) = split(value, b' ');
            put(record, slot::REALM, credentials::parameter(parameters, b"realm").unwrap_or_default());
        }
        let method = asked.map_or(0, |asked| asked.number);
        if code == 101 || method == start::CONNECT && (200..300).contains(&code) {
            return self.tunnel();
        }
        let none = interim || matches!(code, 204 | 304) || method == start::HEAD;
        let side = self.side(context);
        side.new_body = true;
        side.next = match header {
            _ if none => Next::Head,
            Header { chunked: true, .. } => Next::Chunks(Chunks::default()),
            Header { length: Some(0), .. } => Next::Head,
            Header { length: Some(length), .. } => Next::Length(length),
            _ => Next::UntilClose,
        };
    }
}
