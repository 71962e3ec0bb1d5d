//! Messages of the secure channel: OPC 10000-6, 6.7.2 (headers, sequence numbers), 6.7.3 (chunks put together).

use super::chunks::Unfinished;
use super::decode::{name_close_or_open, type_id};
use super::fields::{
    flaw, CHANNEL_ID, CHUNKS, ENCRYPTED, MESSAGE_SIZE, REQUEST_ID, REQUEST_TYPE, SEQUENCE_NUMBER, SERVICE,
};
use super::names::{operation, service};
use super::reader::{Body, Read};
use super::secure::{asymmetric, Mode};
use super::transport::{Header, Kind, HEADER};
use super::{ended, role, OpcUa, ENCRYPTED_OPENING};
use crate::limits::OPCUA_MESSAGE_BYTES;
use crate::protocol::{Context, Step};
use crate::site::Site;
use crate::value::{Outcome, Record, Role, Value};

/// One chunk of a secure channel, its headers read.
pub struct Chunk<'a> {
    pub header: Header,
    /// Its bytes that are here, headers included.
    pub bytes: &'a [u8],
    /// More bytes belong to it than are looked at.
    pub is_cut: bool,
    pub from_client: bool,
    pub channel: u32,
    pub request: u32,
    /// Where the body lies in `bytes`.
    pub body: usize,
    pub site: &'a Site,
}

impl OpcUa {
    /// A message in clear, as its channel was opened: nearly all there are. `None`: too short for its headers.
    #[inline(always)]
    pub(super) fn in_clear(
        &mut self,
        header: Header,
        bytes: &[u8],
        is_cut: bool,
        context: &Context,
        record: &mut Record,
    ) -> Option<Step> {
        let mut ahead = Body::new(bytes.get(HEADER..)?, None);
        let [channel @ .., t0, t1, t2, t3, s0, s1, s2, s3, r0, r1, r2, r3] = ahead.array::<16>().ok()?;
        record.role = role(context.from_client);
        let channel = u32::from_le_bytes(*channel);
        let request = u32::from_le_bytes([*r0, *r1, *r2, *r3]);
        self.symmetric(channel, u32::from_le_bytes([*t0, *t1, *t2, *t3]), record);
        let sequence = u32::from_le_bytes([*s0, *s1, *s2, *s3]);
        self.sequenced(context.from_client, channel, sequence, request, record);
        let body = HEADER + 16;
        let Context { from_client, site, .. } = *context;
        let chunk = Chunk { header, bytes, is_cut, from_client, channel, request, body, site };
        Some(self.readable(&chunk, record))
    }

    /// Read a chunk of a secure channel, and its message when it is the last one.
    pub(super) fn secured(
        &mut self,
        header: Header,
        bytes: &[u8],
        is_cut: bool,
        context: &Context,
        record: &mut Record,
    ) -> Step {
        let used = bytes.len();
        let mut body = Body::new(bytes.get(HEADER..).unwrap_or_default(), Some(HEADER));
        record.role = role(context.from_client);
        let channel = match self.security_header(header, &mut body, context.from_client, record) {
            Ok(channel) => channel,
            Err(trouble) => {
                name_close_or_open(header.kind, record);
                ended(record, Err(trouble), 0, is_cut);
                return Step::Message { used };
            }
        };
        let start = bytes.len().saturating_sub(body.remaining());
        let rest = bytes.get(start..).unwrap_or_default();
        if !self.is_readable(header.kind, context.from_client, channel, rest) {
            return self.encrypted(header, used, context.from_client, channel, record);
        }
        let (Ok(sequence), Ok(request)) = (body.u32(), body.u32()) else {
            name_close_or_open(header.kind, record);
            record.flaw(flaw::SHORT_BODY);
            return Step::Message { used };
        };
        self.sequenced(context.from_client, channel, sequence, request, record);
        let body = bytes.len().saturating_sub(body.remaining());
        let Context { from_client, site, .. } = *context;
        let chunk = Chunk { header, bytes, is_cut, from_client, channel, request, body, site };
        self.readable(&chunk, record)
    }

    /// Channel id, then the asymmetric header of an opening or the token of a message.
    fn security_header(
        &mut self,
        header: Header,
        body: &mut Body<'_>,
        from_client: bool,
        record: &mut Record,
    ) -> Read<u32> {
        let channel = body.u32()?;
        record.set_u(CHANNEL_ID, channel);
        if header.kind == Kind::Open {
            let is_new = from_client && channel == 0;
            asymmetric(body, &mut self.channel, is_new, record)?;
            self.channel.describe(record);
            if is_new {
                // A new channel: both sides begin to count anew.
                self.channel.id = None;
                self.client.last_sequence = None;
                self.server.last_sequence = None;
            } else {
                self.channel.id = Some(channel);
            }
        } else {
            let token = body.u32()?;
            self.symmetric(channel, token, record);
        }
        Ok(channel)
    }

    /// 6.7.2.3, symmetric security header: the token. The channel is the one that was opened.
    #[inline(always)] // in the way of every message
    fn symmetric(&mut self, channel: u32, token: u32, record: &mut Record) {
        record.set_u(CHANNEL_ID, channel);
        self.channel.under(token, record);
        if *self.channel.id.get_or_insert(channel) != channel {
            record.flaw(flaw::CHANNEL_MISMATCH);
        }
    }

    /// Whether sequence header and body are there to be read. Under a policy, or when the policy is not known, the
    /// body itself decides: it begins with the type id of a service, which bytes that look random hit once in 2^25.
    fn is_readable(&mut self, kind: Kind, from_client: bool, channel: u32, rest: &[u8]) -> bool {
        if self.channel.is_plain() {
            return true;
        }
        if rest.get(8..).and_then(type_id).is_some_and(|id| service(id).is_some()) {
            return true;
        }
        if kind == Kind::Open {
            return false;
        }
        // Not the beginning of a message. Of one whose beginning was readable?
        let request = rest.get(4..8).and_then(|id| id.first_chunk::<4>()).map(|id| u32::from_le_bytes(*id));
        if self.chunks.find(from_client, channel, request.or(Some(0))).is_some() {
            return true;
        }
        if self.channel.knows_policy() {
            return false;
        }
        // Picked up in the middle: settled by an earlier message, or perhaps the rest of a message in clear, whose
        // counters are small numbers where those of encrypted bytes look random.
        let sequence = rest.first_chunk::<4>().map(|number| u32::from_le_bytes(*number));
        let is_small = |number: Option<u32>| number.is_some_and(|number| number < 1 << 24);
        self.channel.is_clear() || (!self.side(from_client).is_whole && is_small(sequence) && is_small(request))
    }

    /// 6.7.2.4, sequence header.
    #[inline(always)] // in the way of every message
    fn sequenced(&mut self, from_client: bool, channel: u32, sequence: u32, request: u32, record: &mut Record) {
        record.set_u(SEQUENCE_NUMBER, sequence);
        record.set_u(REQUEST_ID, request);
        self.follow_sequence(from_client, sequence, channel, record);
    }

    /// 6.7.2.4: each chunk's number follows the last one; near the end of the range it starts again below 1024.
    fn follow_sequence(&mut self, from_client: bool, sequence: u32, channel: u32, record: &mut Record) {
        if self.channel.id.is_some_and(|own| own != channel) {
            return; // another channel's message counts by itself
        }
        let side = self.side(from_client);
        if let Some(last) = side.last_sequence.replace(sequence) {
            let wraps = last >= u32::MAX - 1024 && sequence < 1024;
            if sequence != last.wrapping_add(1) && !wraps {
                record.flaw(flaw::SEQUENCE_GAP);
            }
        }
    }

    /// Sizes only.
    fn encrypted(&mut self, header: Header, used: usize, from_client: bool, channel: u32, record: &mut Record) -> Step {
        self.side(from_client).last_sequence = None; // it counts on, unseen
        if header.kind == Kind::Message && header.chunk == b'C' {
            self.chunks.keep(from_client, channel, None, &[], header.size);
            self.side(from_client).carried |= record.flaws;
            return Step::Kept { used };
        }
        let begun = if header.kind == Kind::Message { self.chunks.take(from_client, channel, None) } else { None };
        self.count(header, begun.as_ref(), from_client, record);
        name_close_or_open(header.kind, record);
        match header.kind {
            Kind::Message if header.chunk == b'A' => {
                // Why stands in the encrypted part.
                record.set(SERVICE, Value::Name("encrypted"));
                record.operation_name = "abort";
                record.operation = operation::ABORT;
                record.role = Role::Unsolicited;
                record.outcome = Outcome::Failure;
                self.channel.shown(Mode::SignAndEncrypt);
            }
            Kind::Message => {
                record.set(SERVICE, Value::Name("encrypted"));
                record.operation_name = "encrypted";
                record.operation = operation::ENCRYPTED;
                self.channel.shown(Mode::SignAndEncrypt);
            }
            Kind::Open => {
                record.reference = Some(ENCRYPTED_OPENING);
                if from_client {
                    // Says the body, too, and that cannot be read: only a channel that there is can be renewed.
                    let kind = if channel == 0 { "issue" } else { "renew" };
                    record.set(REQUEST_TYPE, Value::Name(kind));
                }
            }
            _ => {}
        }
        self.channel.describe(record);
        record.set(ENCRYPTED, Value::Bool(true));
        self.side(from_client).is_whole = true;
        Step::Message { used }
    }

    fn readable(&mut self, chunk: &Chunk<'_>, record: &mut Record) -> Step {
        let used = chunk.bytes.len();
        let Chunk { header, from_client, channel, request, .. } = *chunk;
        let is_message = header.kind == Kind::Message;
        let goes_on = is_message && header.chunk == b'C';
        let begun = if is_message && !goes_on && !self.chunks.is_empty() {
            self.chunks.take(from_client, channel, Some(request))
        } else {
            None
        };
        let mut body = chunk.bytes.get(chunk.body..).unwrap_or_default();
        if !chunk.is_cut && header.kind != Kind::Open {
            // The signature ends each chunk. Where its length is not known, one chunk shows it: see `settle`.
            let signature = match self.channel.signature() {
                Some(length) => length,
                None if goes_on || begun.is_some() => self.channel.learned,
                None => 0,
            };
            match body.len().checked_sub(signature) {
                Some(end) => body = body.get(..end).unwrap_or_default(),
                None => record.flaw(flaw::SHORT_BODY),
            }
        }
        if goes_on {
            self.chunks.keep(from_client, channel, Some(request), body, header.size);
            self.side(from_client).carried |= record.flaws;
            return Step::Kept { used };
        }
        self.count(header, begun.as_ref(), from_client, record);
        if header.chunk == b'A' && is_message {
            self.aborted(chunk, body, begun.as_ref(), record);
            return Step::Message { used };
        }
        match begun {
            None => self.decode(chunk, Body::new(body, Some(chunk.body)), chunk.is_cut, record),
            Some(mut begun) => {
                let fits = begun.body.len().saturating_add(body.len()) <= OPCUA_MESSAGE_BYTES;
                if fits && !begun.is_cut {
                    begun.body.extend_from_slice(body);
                } else {
                    begun.is_cut = true;
                    record.flaw(flaw::TOO_LARGE);
                }
                self.decode(chunk, Body::new(&begun.body, None), begun.is_cut || chunk.is_cut, record);
            }
        }
        self.side(from_client).is_whole = true;
        Step::Message { used }
    }

    /// Number and size of the chunks, and what was wrong with those before the last.
    fn count(&mut self, header: Header, begun: Option<&Unfinished>, from_client: bool, record: &mut Record) {
        record.set_u(CHUNKS, begun.map_or(1, |begun| begun.chunks.saturating_add(1)));
        if let Some(begun) = begun {
            let size = u64::try_from(header.size).unwrap_or(u64::MAX);
            record.set_u(MESSAGE_SIZE, begun.size.saturating_add(size));
        }
        record.flaws |= std::mem::take(&mut self.side(from_client).carried);
        if std::mem::take(&mut self.chunks.given_up) {
            record.flaw(flaw::TOO_MANY_UNFINISHED);
        }
    }
}
