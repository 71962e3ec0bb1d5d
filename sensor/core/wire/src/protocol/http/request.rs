//! Requests: who asks which host for what, as whom.

use super::fields as slot;
use super::fields::flaw;
use super::form::{self, Login};
use super::header::Header;
use super::start::{self, Request};
use super::{Asked, Chunks, Http, Next};
use crate::limits::{HTTP_FORM_BYTES, LIST_VALUES, TEXT_BYTES};
use crate::protocol::text::{credentials, put, readable, split};
use crate::protocol::{Context, Step};
use crate::value::{Class, Record, Role, Value};

impl Http {
    pub(super) fn request(
        &mut self,
        request: &Request<'_>,
        fields: &[u8],
        bytes: &[u8],
        head: usize,
        context: &Context<'_>,
        record: &mut Record,
    ) -> Step {
        let header = Header::read(fields, record);
        let mut used = head;
        // A login form is short and comes at once; anything else is passed over.
        let form = header.mime_type.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded");
        let length = header.length.unwrap_or(0);
        let mut body: &[u8] = &[];
        if form && !header.chunked && !header.expects && (1..=HTTP_FORM_BYTES as u64).contains(&length) {
            used = head.saturating_add(usize::try_from(length).unwrap_or(0));
            match bytes.get(head..used) {
                Some(whole) => body = whole,
                None => return Step::Short { need: used },
            }
        }
        let operation = start::method(request.method);
        operation.tell(record);
        if operation == start::UNKNOWN {
            record.flaw(flaw::METHOD_NAME);
        }
        record.role = Role::Request;
        put(record, slot::METHOD, request.method);
        put(record, slot::VERSION, request.version);
        if !readable(request.target) {
            record.flaw(flaw::CONTROL);
        }
        let query = target(request.target, operation.number == start::CONNECT, header.host, record);
        if request.version == b"1.1" && header.host.is_none() {
            record.flaw(flaw::NO_HOST);
        }
        put(record, slot::USER_AGENT, header.user_agent);
        put(record, slot::REQUEST_TYPE, header.mime_type);
        put(record, slot::UPGRADE, header.upgrade);
        put(record, slot::FORWARDED_FOR, header.forwarded_for);
        put(record, slot::SOAP_ACTION, unquoted(header.soap_action));
        if let Some(length) = header.length {
            record.set_u(slot::REQUEST_BYTES, length);
        }
        self.login(&header, query, body, context, record);
        let login = record.get(slot::AUTH).is_some();
        record.reference = Some(self.waiting.ask(Asked { operation, login }));
        let side = self.side(context);
        side.new_body = used == head;
        side.next = match header {
            Header { chunked: true, .. } => Next::Chunks(Chunks::default()),
            Header { length: Some(1..), .. } if used == head => Next::Length(length),
            _ => Next::Head,
        };
        Step::Message { used }
    }

    /// Credentials in a header field, a form, or the query.
    fn login(&self, header: &Header<'_>, query: &[u8], body: &[u8], context: &Context<'_>, record: &mut Record) {
        if let Some(value) = header.authorization {
            let (scheme, good) = credentials::authorization(value, record, context.site);
            record.set(slot::AUTH, Value::Name(scheme));
            if !good {
                record.flaw(flaw::CREDENTIALS);
            }
            return;
        }
        for (kind, pairs) in [("form", body), ("query", query)] {
            if let Login { user, password: Some(password) } = form::login(pairs) {
                record.login(user.bytes(), Some(password.bytes()), context.site);
                record.set(slot::AUTH, Value::Name(kind));
                record.class = Class::Session;
                return;
            }
        }
    }
}

/// Bytes of a name in a query that has no value, such as `wsdl`.
const BARE_NAME: usize = 16;

/// Host, path and names of the query, of a target in any of its four forms (RFC 9112 3.2). Returns the query.
fn target<'a>(target: &'a [u8], connect: bool, host: Option<&[u8]>, record: &mut Record) -> &'a [u8] {
    if connect {
        put(record, slot::HOST, target);
        return &[];
    }
    let (path, query) = split(target, b'?');
    let (authority, path) = authority(path);
    // Users and passwords do not belong here, but some write them.
    let host = host.filter(|host| !host.is_empty()).unwrap_or(authority);
    put(record, slot::HOST, without_user(host));
    put(record, slot::PATH, without_session(split(path, b'#').0));
    for pair in query.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).take(LIST_VALUES) {
        let (name, _) = split(pair, b'=');
        // Long and without a value, it is one itself: a session's number.
        if name.len() == pair.len() && name.len() > BARE_NAME {
            continue;
        }
        let name = record.push_text(name.get(..TEXT_BYTES).unwrap_or(name));
        record.push(slot::QUERY_NAMES, Value::Text(name));
    }
    query
}

/// `http://host/path`, as proxies are asked.
pub fn authority(target: &[u8]) -> (&[u8], &[u8]) {
    let scheme = memchr::memmem::find(target, b"://").filter(|at| *at <= 8 && !target.starts_with(b"/"));
    let Some(rest) = scheme.and_then(|at| target.get(at.saturating_add(3)..)) else { return (&[], target) };
    match memchr::memchr(b'/', rest) {
        Some(slash) => rest.split_at_checked(slash).unwrap_or((rest, b"/")),
        None => (rest, b"/"),
    }
}

pub fn without_user(authority: &[u8]) -> &[u8] {
    memchr::memrchr(b'@', authority).and_then(|at| authority.get(at.saturating_add(1)..)).unwrap_or(authority)
}

/// Up to a session's number: who has it is let in.
pub fn without_session(path: &[u8]) -> &[u8] {
    const KEY: &[u8] = b";jsessionid=";
    let at = path.windows(KEY.len()).position(|window| window.eq_ignore_ascii_case(KEY));
    at.and_then(|at| path.get(..at)).unwrap_or(path)
}

fn unquoted(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text)
}
