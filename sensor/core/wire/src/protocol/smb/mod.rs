//! SMB 1 to 3 over TCP, directly (445) or in NetBIOS sessions (139). [MS-CIFS], [MS-SMB], [MS-SMB2]; RFC 1002 4.3.
//!
//! Of a message with a file's content only the front is looked at. `operation`: SMB 1 0x100 | command, SMB 2 0x200 |
//! command, 0x300 for an encrypted message, 0x400 | type for NetBIOS.
//! `reference`: the message id; of SMB 1 process and multiplex id.

mod fields;
mod login;
mod names;
mod one;
mod pipe;
mod two;

use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::cursor::{Cursor, Short};
use crate::limits::SMB_FRONT_BYTES;
use crate::value::{Class, Outcome, Record, Role, Value};
use fields::*;

pub const PROTOCOL: Protocol = Protocol {
    name: "smb",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken {
        transports: &[TCP],
        ports: &[445, 139],
        probe: &probe,
        parser: &|| Box::new(Smb::default()),
    }),
};

const ONE: u32 = 0x100;
const TWO: u32 = 0x200;
const ENCRYPTED: u32 = 0x300;
const NETBIOS: u32 = 0x400;
const HEADER: usize = 4;
const MESSAGE: u8 = 0;
const REQUEST: u8 = 0x81;
const KEEP_ALIVE: u8 = 0x85;
/// Of a message that carries content: what names it, and a bind.
const CONTENT_FRONT: usize = 256;
const REFERENCE: u64 = 1 << 62;

#[derive(Default)]
struct Side {
    /// Bytes of a message that are passed over.
    skip: usize,
    /// Bytes left of a packet with more commands in it.
    chain: usize,
    /// Of SMB 1: the command they begin with.
    behind: Option<one::Behind>,
    searching: bool,
}

#[derive(Default)]
pub struct Smb {
    sides: [Side; 2],
    /// Trees that were connected last: number, and whether it has pipes.
    trees: [(u32, bool); 8],
    trees_seen: usize,
    /// Place of the one dialect of SMB 1 that is still spoken, among those that were offered.
    nt_dialect: Option<u16>,
}

impl Smb {
    fn connected(&mut self, tree: u32, pipes: bool) {
        if let Some(place) = self.trees.get_mut(self.trees_seen % 8) {
            *place = (tree, pipes);
        }
        self.trees_seen = self.trees_seen.wrapping_add(1);
    }

    /// `None`: its connection was not seen.
    fn is_pipe(&self, tree: u32) -> Option<bool> {
        let seen = self.trees.iter().take(self.trees_seen.min(8));
        seen.filter(|(number, _)| *number == tree).map(|(_, pipes)| *pipes).next_back()
    }
}

fn magic(message: &[u8]) -> Option<u8> {
    match message {
        [kind @ 0xfc..=0xff, b'S', b'M', b'B', ..] => Some(*kind),
        _ => None,
    }
}

fn probe(payload: &[u8], _transport: u8) -> Probe {
    match payload {
        [MESSAGE, _, _, _, rest @ ..] if magic(rest).is_some() => Probe::Sure,
        [REQUEST, 0, 0, 68, ..] | [0x82, 0, 0, 0] | [0x83, 0, 0, 1, ..] => Probe::Fits,
        [MESSAGE, _, _, _] => Probe::Fits,
        _ => Probe::No,
    }
}

/// Type and length of the packet that begins here.
fn packet(bytes: &[u8]) -> Option<(u8, usize)> {
    let [kind, high, middle, low] = *bytes.first_chunk::<HEADER>()?;
    let length = u32::from_be_bytes([0, high, middle, low]) as usize;
    let fits = match kind {
        MESSAGE => length >= 4 && bytes.get(HEADER..).is_none_or(|rest| rest.len() < 4 || magic(rest).is_some()),
        REQUEST => length == 68,
        0x82 | KEEP_ALIVE => length == 0,
        0x83 => length == 1,
        0x84 => length == 6,
        _ => false,
    };
    fits.then_some((kind, length))
}

impl Parser for Smb {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let [server, client] = &mut self.sides;
        let side = if context.from_client { client } else { server };
        if context.after_gap {
            *side = Side { searching: true, ..Side::default() };
        }
        if side.skip > 0 {
            let used = side.skip.min(bytes.len());
            side.skip = side.skip.saturating_sub(used);
            return Step::Kept { used };
        }
        if side.chain > 0 {
            let left = side.chain;
            return self.smb(bytes, 0, left, context, record);
        }
        if bytes.len() < HEADER && matches!(bytes.first(), Some(&MESSAGE | 0x81..=0x85)) {
            return Step::Short { need: HEADER };
        }
        let Some((kind, length)) = packet(bytes) else { return astray(side, bytes, record) };
        if kind == MESSAGE {
            if bytes.len() < 8 {
                return Step::Short { need: 8 };
            }
            side.searching = false;
            return self.smb(bytes, HEADER, length, context, record);
        }
        let whole = HEADER.saturating_add(length);
        let Some(content) = bytes.get(HEADER..whole) else { return Step::Short { need: whole } };
        side.searching = false;
        if kind == KEEP_ALIVE {
            return Step::Kept { used: whole };
        }
        netbios(kind, content, record);
        Step::Message { used: whole }
    }
}

fn astray(side: &mut Side, bytes: &[u8], record: &mut Record) -> Step {
    let begins = memchr::memmem::find_iter(bytes, b"SMB").map(|at| at.saturating_sub(HEADER + 1));
    let found = begins.into_iter().find(|at| *at > 0 && bytes.get(*at..).is_some_and(|rest| packet(rest).is_some()));
    let used = found.unwrap_or(bytes.len());
    if std::mem::replace(&mut side.searching, true) {
        return Step::Lost { used };
    }
    record.operation_name = "bad_packet";
    record.flaw(flaw::PACKET);
    Step::Message { used }
}

impl Smb {
    /// One command of a packet: `begin` is where it begins, `left` how many bytes the packet has from there.
    fn smb(&mut self, bytes: &[u8], begin: usize, left: usize, context: &Context<'_>, record: &mut Record) -> Step {
        let from = bytes.get(begin..).unwrap_or_default();
        let here = from.get(..left).unwrap_or(from);
        let first = left.min(CONTENT_FRONT);
        if here.len() < first {
            return Step::Short { need: begin.saturating_add(first) };
        }
        let content =
            matches!(here, [0xfe, _, _, _, _, _, _, _, _, _, _, _, 8 | 9, 0, ..] | [0xff, _, _, _, 0x2e | 0x2f, ..]);
        let wanted = if content { first } else { left.min(SMB_FRONT_BYTES) };
        if here.len() < wanted {
            return Step::Short { need: begin.saturating_add(wanted) };
        }
        let mut length = left;
        let [server, client] = &mut self.sides;
        let side = if context.from_client { client } else { server };
        let chained = side.behind.take();
        let told = match (chained, magic(here)) {
            (Some(behind), _) => {
                let read = one::read_behind(self, &behind, here, context, record);
                length = self.go_on(read, behind.offset, left, context, record);
                true
            }
            (None, Some(0xfe)) => match two::front(here) {
                Ok(front) => {
                    if front.next > 0 {
                        match (two::HEADER..left).contains(&front.next) {
                            true => length = front.next,
                            false => record.flaw(flaw::CHAIN),
                        }
                    }
                    two::read(self, here.get(..length).unwrap_or(here), &front, context, record)
                }
                Err(Short) => truncated(record),
            },
            (None, Some(0xff)) => {
                let read = one::read(self, here, context, record);
                length = self.go_on(read, 0, left, context, record);
                true
            }
            (None, Some(0xfd)) => encrypted(here, record),
            // Compressed: [MS-SMB2] 2.2.42.
            (None, Some(_)) => false,
            // The chain goes on with something else.
            (None, None) => {
                record.operation_name = "bad_packet";
                record.flaw(flaw::CHAIN);
                true
            }
        };
        let [server, client] = &mut self.sides;
        let side = if context.from_client { client } else { server };
        side.chain = left.saturating_sub(length);
        let used = begin.saturating_add(length).min(bytes.len());
        side.skip = begin.saturating_add(length).saturating_sub(used);
        match told {
            true => Step::Message { used },
            false => Step::Kept { used },
        }
    }
}

impl Smb {
    /// Bytes of SMB 1's command that was read at `at` of its message, up to the one behind it.
    fn go_on(
        &mut self,
        read: Result<Option<one::Behind>, Short>,
        at: usize,
        left: usize,
        context: &Context<'_>,
        record: &mut Record,
    ) -> usize {
        match read {
            Ok(Some(behind)) => {
                let length = behind.offset.saturating_sub(at);
                if length < left {
                    let [server, client] = &mut self.sides;
                    (if context.from_client { client } else { server }).behind = Some(behind);
                    return length;
                }
                record.flaw(flaw::CHAIN);
            }
            Ok(None) => {}
            Err(Short) => record.flaw(flaw::TRUNCATED),
        }
        left
    }
}

fn truncated(record: &mut Record) -> bool {
    record.operation_name = "bad_packet";
    record.flaw(flaw::TRUNCATED);
    true
}

/// [MS-SMB2] 2.2.41: a signature, a nonce, the size of what is inside, and the session.
fn encrypted(message: &[u8], record: &mut Record) -> bool {
    record.operation = ENCRYPTED;
    record.operation_name = "encrypted";
    record.role = Role::Unsolicited;
    record.set_u(VERSION, 3u8);
    let mut cursor = Cursor::new(message);
    let read = cursor.skip(36).and_then(|()| {
        record.set_u(LENGTH, cursor.u32_le()?);
        cursor.skip(4)?;
        record.set_u(SESSION_ID, cursor.u64_le()?);
        Ok(())
    });
    if read.is_err() {
        record.flaw(flaw::TRUNCATED);
    }
    true
}

/// RFC 1002 4.3.2 to 4.3.5.
fn netbios(kind: u8, content: &[u8], record: &mut Record) {
    record.operation = NETBIOS;
    record.operation_name = "netbios_session";
    record.class = Class::Session;
    record.reference = Some(REFERENCE);
    if kind == REQUEST {
        record.role = Role::Request;
        let (called, calling) = content.split_at_checked(34).unwrap_or_default();
        for (slot, name) in [(CALLED, called), (CALLING, calling)] {
            let text = record.write_text(|out| write_name(out, name));
            record.set(slot, Value::Text(text));
        }
        return;
    }
    record.role = Role::Response;
    record.outcome = if kind == 0x83 { Outcome::Failure } else { Outcome::Success };
}

/// RFC 1001 14.1: each half byte is a letter from A on; the sixteenth character is the kind of service.
fn write_name(out: &mut Vec<u8>, encoded: &[u8]) {
    let letters = encoded.get(1..31).unwrap_or_default();
    let begin = out.len();
    for pair in letters.chunks_exact(2) {
        let half = |at: usize| pair.get(at).map_or(0, |letter| letter.wrapping_sub(b'A') & 0x0f);
        out.push(half(0) << 4 | half(1));
    }
    while out.len() > begin && out.last() == Some(&b' ') {
        out.pop();
    }
}
