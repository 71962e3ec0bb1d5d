//! The content of a message: its service, or what stands for one. OPC 10000-6, 6.7.3 (abort), 6.7.4 (opening).

use super::chunks::Unfinished;
use super::fields::{flaw, CHUNKS, SERVICE, SERVICE_ID};
use super::message::Chunk;
use super::names::{operation, service, Service, CLOSE_SECURE_CHANNEL, OPEN_SECURE_CHANNEL, PUBLISH, SERVICE_FAULT};
use super::reader::{Body, Read};
use super::secure::{is_signature, Mode};
use super::sheet::Sheet;
use super::transport::{self, Kind};
use super::types::standard_id;
use super::{ended, services, OpcUa};
use crate::value::{Outcome, Record, Role, Value};

impl OpcUa {
    /// 6.7.3: the sender gave the message up and says why.
    pub(super) fn aborted(&mut self, chunk: &Chunk<'_>, body: &[u8], begun: Option<&Unfinished>, record: &mut Record) {
        record.operation_name = "abort";
        if let Some(id) = begun.and_then(|begun| type_id(&begun.body)) {
            record.set_u(SERVICE_ID, id);
            if let Some(service) = service(id) {
                name_service(id, service, record);
            }
        }
        if chunk.from_client {
            // A request that was taken back will not be answered.
            record.operation = operation::ABORT;
            record.role = Role::Unsolicited;
        } else {
            record.reference = Some(reference(chunk.channel, chunk.request));
            record.role = Role::Response;
            answers(self.asked.find(chunk.request), record);
        }
        let mut body = Body::new(body, Some(chunk.body));
        let mut sheet = Sheet::new(record, &mut self.scratch);
        let read = transport::error(&mut body, &mut sheet);
        ended(record, read.map(|()| true), body.remaining(), chunk.is_cut);
        record.outcome = Outcome::Failure;
        self.channel.describe(record);
    }

    /// Read the body of a message that is all here.
    pub(super) fn decode(&mut self, chunk: &Chunk<'_>, mut body: Body<'_>, is_cut: bool, record: &mut Record) {
        let is_open = chunk.header.kind == Kind::Open;
        // The answer to an opening comes with the new channel's id: the request id alone pairs them.
        record.reference = Some(reference(if is_open { 0 } else { chunk.channel }, chunk.request));
        let id = standard_id(&mut body);
        if let Some((id, service)) = id.and_then(|id| service(id).map(|service| (id, service))) {
            name_service(id, service, record);
            if service.is_response == chunk.from_client {
                record.flaw(flaw::WRONG_DIRECTION);
            }
            if !service.is_response {
                self.asked.note(chunk.request, service.request);
            } else if id == SERVICE_FAULT {
                answers(self.asked.find(chunk.request), record);
            }
            if service.request == CLOSE_SECURE_CHANNEL && !service.is_response {
                // Servers close the connection instead of answering (Part 4, 5.6.3).
                record.role = Role::Unsolicited;
                record.reference = None;
            }
            let mut sheet = Sheet::new(record, &mut self.scratch);
            sheet.credentials = Some(&chunk.site.credentials);
            let read = services::read(id, service, &mut body, &mut sheet);
            sheet.finish();
            if let Some(mode) = sheet.told_mode.filter(|_| is_open) {
                self.channel.told(mode);
                self.channel.describe(record);
            }
            self.settle(chunk, read, body.remaining(), is_cut, record);
        } else {
            record.set(SERVICE, Value::Name("unknown"));
            if let Some(id) = id {
                record.set_u(SERVICE_ID, id);
                record.operation = id;
            }
            // After a hole this may be the end of a message that we saw no beginning of.
            if self.side(chunk.from_client).is_whole {
                record.flaw(flaw::UNKNOWN_SERVICE);
            } else {
                record.reference = None;
                record.role = Role::Other;
            }
        }
        if !is_open {
            self.channel.describe(record);
        }
    }

    /// What is left behind a message that was read to its end is a signature, or nothing, or wrong. So the first
    /// readable message settles the mode of a channel that was opened before we listened.
    fn settle(&mut self, chunk: &Chunk<'_>, read: Read<bool>, left: usize, is_cut: bool, record: &mut Record) {
        if chunk.header.kind == Kind::Open && !self.channel.is_plain() {
            // Shall be encrypted (6.7.4), and is not. What is left is padding and a signature of the key's length.
            record.flaw(flaw::CLEAR_OPENING);
            return ended(record, read, 0, is_cut);
        }
        if self.channel.signature().is_some() {
            if !self.channel.is_plain() {
                self.channel.shown(Mode::Sign);
            }
            return ended(record, read, left, is_cut);
        }
        let in_one =
            chunk.body.saturating_add(left) < chunk.bytes.len() && record.get(CHUNKS) == Some(Value::Unsigned(1));
        match read {
            Ok(true) if in_one && left == 0 && !self.channel.knows_policy() => {
                self.channel.shown(Mode::None);
                self.channel.learned = 0;
            }
            Ok(true) if in_one && is_signature(left) => {
                self.channel.shown(Mode::Sign);
                self.channel.learned = left;
            }
            // Put together without knowing how long the signatures between the chunks are.
            _ if !in_one && !self.channel.is_clear() => {}
            _ => ended(record, read, left, is_cut),
        }
    }
}

/// Type id of a message body, when it is one of namespace 0.
pub fn type_id(body: &[u8]) -> Option<u32> {
    standard_id(&mut Body::new(body, None))
}

fn reference(channel: u32, request: u32) -> u64 {
    u64::from(channel) << 32 | u64::from(request)
}

#[inline]
fn name_service(id: u32, service: Service, record: &mut Record) {
    record.set_u(SERVICE_ID, id);
    record.set(SERVICE, Value::Name(service.name));
    record.operation = service.request;
    record.operation_name = service.name;
    record.class = service.class;
    record.role = if service.is_response { Role::Response } else { Role::Request };
    // Part 4, 5.14.1.1: the server keeps publish requests until it has something to notify of.
    record.long_poll = service.request == PUBLISH;
}

/// A fault or an abort names no service: it stands for the one that was asked for, 0 where that is not known.
fn answers(asked: Option<u32>, record: &mut Record) {
    record.operation = 0;
    if let Some(service) = asked.and_then(service) {
        record.long_poll = service.request == PUBLISH;
        record.operation = service.request;
        record.operation_name = service.name;
        record.class = service.class;
    }
}

/// Opening and closing show in the message type, however the body is protected.
pub fn name_close_or_open(kind: Kind, record: &mut Record) {
    let id = match kind {
        Kind::Open => OPEN_SECURE_CHANNEL,
        Kind::Close => CLOSE_SECURE_CHANNEL,
        _ => return,
    };
    if let Some(service) = service(id) {
        record.set(SERVICE, Value::Name(service.name));
        record.operation = service.request;
        record.operation_name = service.name;
        record.class = service.class;
    }
    if kind == Kind::Close {
        record.role = Role::Unsolicited;
    }
}
