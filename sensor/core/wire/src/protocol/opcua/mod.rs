//! OPC UA binary over TCP.
//! OPC 10000-6 (Mappings) 1.05: 5.2 (binary encoding), 6.7 (secure conversation), 7.1 (UA connection protocol).
//! OPC 10000-4 (Services) 1.05.

mod chunks;
mod decode;
mod diagnostic;
pub mod fields;
mod handles;
mod message;
mod methods;
pub mod names;
mod reader;
mod secure;
mod services;
mod sheet;
mod side;
mod status;
mod structure;
mod text;
mod transport;
mod types;
mod variant;
mod words;

use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::limits::OPCUA_CHUNK_BYTES;
use crate::value::{Class, Outcome, Record, Role};
use chunks::Chunks;
use fields::{flaw, FIELDS, FLAWS};
use handles::Handles;
use names::operation;
use reader::{Body, Read, Trouble};
use secure::Channel;
use sheet::{Scratch, Sheet};
use side::{Asked, Side};
use transport::{Front, Header, Kind, HEADER};

pub const PROTOCOL: Protocol = Protocol {
    name: "opcua",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Plant,
    spoken: Some(Spoken { transports: &[TCP], ports: &[4840], probe: &probe, parser: &|| Box::new(OpcUa::default()) }),
};

/// The header's letters and a size that can be are proof enough, whatever the port.
fn probe(payload: &[u8], _transport: u8) -> Probe {
    match transport::front(payload) {
        Front::Header(header) if matches!(header.chunk, b'C' | b'F' | b'A') => Probe::Sure,
        Front::Short if payload.len() >= 3 => Probe::Fits,
        _ => Probe::No,
    }
}

/// One conversation: one connection carries one secure channel.
#[derive(Debug, Default)]
struct OpcUa {
    client: Side,
    server: Side,
    channel: Channel,
    chunks: Chunks,
    scratch: Scratch,
    asked: Asked,
    handles: Handles,
    /// A Hello waits for its Acknowledge.
    is_greeting: bool,
    roles: Roles,
}

/// How sure it is who is the client. A server may open the connection (ReverseHello), and a capture may begin behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Roles {
    /// As the engine believes.
    #[default]
    Believed,
    /// By the first service that was asked for or answered.
    Shown,
    /// By the greeting, or the opening of a channel.
    Told,
}

impl Roles {
    /// Whether such a message may tell more than is known.
    #[inline]
    fn may_turn(self, kind: Kind) -> bool {
        match kind {
            Kind::Message => self == Roles::Believed,
            Kind::Open | Kind::Close => self != Roles::Told,
            _ => true,
        }
    }
}

/// References of exchanges that have no request id. Request ids are mixed with a channel id, and 0 is no channel.
const GREETING: u64 = u64::MAX;
const ENCRYPTED_OPENING: u64 = u64::MAX - 1;

impl Parser for OpcUa {
    /// Read one chunk, or the whole message that it ends.
    ///
    /// ```text
    ///   0      3   4      8
    ///   | type | c | size | …   HEL, ACK, ERR, RHE: body
    ///                     | channel | policy, certificate, thumbprint | sequence | request | body     OPN
    ///                     | channel | token | sequence | request | body …                             MSG, CLO
    /// ```
    fn message(&mut self, bytes: &[u8], context: &Context, record: &mut Record) -> Step {
        if context.after_gap {
            self.forget(context.from_client);
        }
        let side = self.side(context.from_client);
        if side.skipping > 0 && !bytes.is_empty() {
            let used = side.skipping.min(bytes.len());
            side.skipping = side.skipping.saturating_sub(used);
            return Step::Kept { used };
        }
        let header = match transport::front(bytes) {
            Front::Header(header) => header,
            Front::Short => return Step::Short { need: HEADER },
            Front::BadSize(header) if !context.after_gap => {
                header.describe(record);
                record.role = role(context.from_client);
                record.flaw(flaw::BAD_LENGTH);
                self.forget(context.from_client);
                // Framing is lost: up to the next header, what is here goes with this event.
                return Step::Message { used: transport::next_header(bytes) };
            }
            Front::BadSize(_) | Front::Foreign => {
                self.forget(context.from_client);
                return Step::Lost { used: transport::next_header(bytes) };
            }
        };
        let wanted = header.size.min(OPCUA_CHUNK_BYTES);
        let Some(chunk) = bytes.get(..wanted) else {
            return Step::Short { need: wanted };
        };
        header.describe(record);
        let is_cut = wanted < header.size;
        if is_cut {
            self.side(context.from_client).skipping = header.size.saturating_sub(wanted);
            record.flaw(flaw::TOO_LARGE);
        }
        // Its opening told who is the client.
        let in_clear = if header.kind == Kind::Message && self.channel.is_plain() {
            self.in_clear(header, chunk, is_cut, context, record)
        } else {
            None
        };
        let step = match in_clear {
            Some(step) => step,
            None => self.other(header, chunk, is_cut, context, record),
        };
        if !context.site.points.is_empty() {
            self.handles.look(record);
        }
        step
    }

    fn kept_bytes(&self) -> usize {
        self.chunks.kept_bytes().saturating_add(self.handles.kept_bytes())
    }
}

impl OpcUa {
    fn side(&mut self, from_client: bool) -> &mut Side {
        if from_client {
            &mut self.client
        } else {
            &mut self.server
        }
    }

    /// What is not a message in clear behind its opening.
    #[inline(never)]
    fn other(&mut self, header: Header, chunk: &[u8], is_cut: bool, context: &Context, record: &mut Record) -> Step {
        let turned;
        let context = if self.roles.may_turn(header.kind) {
            turned = self.settle_roles(header, chunk, context, record);
            &turned
        } else {
            context
        };
        match header.kind {
            Kind::Open | Kind::Message | Kind::Close => self.secured(header, chunk, is_cut, context, record),
            _ => {
                self.connection(header, chunk, is_cut, context, record);
                Step::Message { used: chunk.len() }
            }
        }
    }

    /// Who sent this, as the message itself tells it. Where the engine believed otherwise, it is told so, once: a side that
    /// says now this and now that is odd.
    fn settle_roles<'c>(
        &mut self,
        header: Header,
        chunk: &[u8],
        context: &Context<'c>,
        record: &mut Record,
    ) -> Context<'c> {
        let Some((from_client, roles)) = sender(header, chunk) else { return *context };
        if from_client == context.from_client {
            self.roles = self.roles.max(roles);
        } else if self.roles < roles {
            self.roles = roles;
            record.from_client = Some(from_client);
            std::mem::swap(&mut self.client, &mut self.server);
            self.chunks.turn();
            return Context { from_client, ..*context };
        } else if header.kind.is_greeting() {
            record.flaw(flaw::WRONG_DIRECTION);
        }
        *context
    }

    /// Bytes of this direction were lost.
    fn forget(&mut self, from_client: bool) {
        self.chunks.forget(from_client);
        *self.side(from_client) = Side::default();
    }

    /// 7.1.3: the messages that carry no secure channel.
    fn connection(&mut self, header: Header, chunk: &[u8], is_cut: bool, context: &Context, record: &mut Record) {
        let mut body = Body::new(chunk.get(HEADER..).unwrap_or_default(), Some(HEADER));
        let mut sheet = Sheet::new(record, &mut self.scratch);
        let (kind, name, class, number) = match header.kind {
            Kind::ReverseHello => (Role::Unsolicited, "reverse_hello", Class::Session, operation::REVERSE_HELLO),
            Kind::Error if !self.is_greeting => (Role::Unsolicited, "error", Class::Session, operation::ERROR),
            Kind::Hello => (Role::Request, "hello", Class::Session, operation::HELLO),
            _ => (Role::Response, "hello", Class::Session, operation::HELLO),
        };
        sheet.record.role = kind;
        sheet.record.operation_name = name;
        sheet.record.class = class;
        sheet.record.operation = number;
        if kind != Role::Unsolicited {
            sheet.record.reference = Some(GREETING);
        }
        let read = match header.kind {
            Kind::Hello => transport::hello(&mut body, &mut sheet, true),
            Kind::Acknowledge => {
                sheet.record.outcome = Outcome::Success;
                transport::hello(&mut body, &mut sheet, false)
            }
            Kind::ReverseHello => transport::reverse_hello(&mut body, &mut sheet),
            _ => transport::error(&mut body, &mut sheet),
        };
        sheet.finish();
        ended(record, read.map(|()| true), body.remaining(), is_cut);
        self.is_greeting = header.kind == Kind::Hello;
        self.side(context.from_client).is_whole = true;
    }
}

/// Whether a client sent this, and how sure that is.
fn sender(header: Header, chunk: &[u8]) -> Option<(bool, Roles)> {
    let service = |body: &[u8]| {
        let service = decode::type_id(body).and_then(names::service)?;
        Some((!service.is_response, Roles::Shown))
    };
    match header.kind {
        Kind::Hello => Some((true, Roles::Told)),
        Kind::Acknowledge | Kind::ReverseHello => Some((false, Roles::Told)),
        // Only the server may close without being asked, and then it sends an Error (7.1.4).
        Kind::Close => Some((true, Roles::Shown)),
        Kind::Error => None,
        Kind::Message => service(chunk.get(HEADER + 16..)?),
        Kind::Open => {
            let mut body = Body::new(chunk.get(HEADER..)?, None);
            if body.u32().ok()? == 0 {
                return Some((true, Roles::Told));
            }
            body.skip_string().and_then(|()| body.skip_string()).and_then(|()| body.skip_string()).ok()?;
            service(body.rest().get(8..)?)
        }
    }
}

fn role(from_client: bool) -> Role {
    if from_client {
        Role::Request
    } else {
        Role::Response
    }
}

/// Flaws of how the reading of a body ended.
fn ended(record: &mut Record, read: Read<bool>, left: usize, is_cut: bool) {
    match read {
        Ok(true) if left > 0 => record.flaw(flaw::TRAILING),
        Ok(_) => {}
        Err(Trouble::Short) if is_cut => {}
        Err(Trouble::Short) => record.flaw(flaw::SHORT_BODY),
        Err(Trouble::Encoding) => record.flaw(flaw::BAD_ENCODING),
        Err(Trouble::Nesting) => record.flaw(flaw::NESTING),
    }
}
