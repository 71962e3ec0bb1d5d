//! Messages of SMB 1: [MS-CIFS] 2.2.3 and 2.2.4, [MS-SMB] 2.2.4.

use super::fields::*;
use super::{login, names, pipe, Smb, ONE};
use crate::cursor::{Cursor, Short};
use crate::limits::TEXT_BYTES;
use crate::protocol::Context;
use crate::value::{Class, Outcome, Record, Role, Value};
use crate::wide;

const HEADER: usize = 32;
const RESPONSE: u8 = 0x80;
const NONE_BEHIND: u8 = 0xff;
const NT_STATUS: u16 = 0x4000;
const UNICODE: u16 = 0x8000;
const MORE_PROCESSING: u32 = 0xc000_0016;
/// Keeps its numbers apart from those of SMB 2, which a conversation may go over to.
const REFERENCES: u64 = 1 << 63;
/// The words that hold the length of data are at most this far into a message with a bind.
const BIND_WITHIN: usize = 512;

/// What each command of a message shares. Commands may be chained behind one header: [MS-CIFS] 2.2.3.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    command: u8,
    status: u32,
    flags: u8,
    flags2: u16,
    tree: u16,
    process: u16,
    user: u16,
    id: u16,
}

/// A command behind another one of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    header: Header,
    /// From the front of the message, where its words begin.
    pub offset: usize,
}

/// ```text
///   0    4         5        9       10       12         24     26    28     30   32
///   | ff | command | status | flags | flags2 | ...    | tree | pid | user | id | words, bytes
/// ```
pub fn read(
    smb: &mut Smb,
    message: &[u8],
    context: &Context<'_>,
    record: &mut Record,
) -> Result<Option<Behind>, Short> {
    let mut cursor = Cursor::new(message);
    cursor.skip(4)?;
    let (command, status, flags, flags2) = (cursor.u8()?, cursor.u32_le()?, cursor.u8()?, cursor.u16_le()?);
    cursor.skip(12)?;
    let (tree, process, user, id) = (cursor.u16_le()?, cursor.u16_le()?, cursor.u16_le()?, cursor.u16_le()?);
    let header = Header { command, status, flags, flags2, tree, process, user, id };
    describe(&header, 0, record);
    block(smb, &header, cursor.rest(), HEADER, context, record)
}

/// A command whose words begin here.
pub fn read_behind(
    smb: &mut Smb,
    behind: &Behind,
    bytes: &[u8],
    context: &Context<'_>,
    record: &mut Record,
) -> Result<Option<Behind>, Short> {
    describe(&behind.header, u64::from(behind.header.command) << 32, record);
    block(smb, &behind.header, bytes, behind.offset, context, record)
}

/// `place`: keeps the references of chained commands apart.
fn describe(header: &Header, place: u64, record: &mut Record) {
    let Header { command, status, flags2, .. } = *header;
    record.set_u(VERSION, 1u8);
    record.set_u(COMMAND, command);
    record.operation = ONE | u32::from(command);
    match names::command1(command) {
        Some((name, class)) => (record.operation_name, record.class) = (name, class),
        None => record.flaw(flaw::COMMAND_FLAW),
    }
    record.set_u(SESSION_ID, header.user);
    record.set_u(TREE_ID, header.tree);
    record.reference = Some(REFERENCES | place | u64::from(header.process) << 16 | u64::from(header.id));
    record.role = match header.answers() {
        _ if command == 0xa4 => Role::Unsolicited,
        true => Role::Response,
        false => Role::Request,
    };
    if header.answers() {
        let status = if flags2 & NT_STATUS != 0 { status } else { status.min(1) };
        record.set_u(STATUS, status);
        record.set(STATUS_NAME, Value::Name(names::status(status)));
        record.outcome = match status {
            MORE_PROCESSING => Outcome::Unknown,
            0 | 0x8000_0005 => Outcome::Success,
            _ => Outcome::Failure,
        };
    }
}

impl Header {
    fn answers(&self) -> bool {
        self.flags & RESPONSE != 0
    }
}

/// Words and bytes of one command; `at`: where they begin, from the front of the message.
fn block(
    smb: &mut Smb,
    header: &Header,
    bytes: &[u8],
    at: usize,
    context: &Context<'_>,
    record: &mut Record,
) -> Result<Option<Behind>, Short> {
    let mut cursor = Cursor::new(bytes);
    let count = usize::from(cursor.u8()?).saturating_mul(2);
    let words = Cursor::new(cursor.take(count)?);
    let behind = next(header, words, at, record);
    let _bytes = cursor.u16_le()?;
    let begin = cursor.position().saturating_add(at);
    let body = Body { words, bytes: cursor, odd: begin % 2 == 1, wide: header.flags2 & UNICODE != 0 };
    let whole = match header.answers() {
        false => request(smb, header.command, body, context, record),
        true if record.outcome != Outcome::Failure => answer(smb, header.command, header.tree, body, record),
        true => Ok(()),
    };
    if whole.is_err() {
        record.flaw(flaw::TRUNCATED);
    }
    Ok(behind)
}

/// The first words of some commands name the one behind them, and where its words begin.
fn next(header: &Header, mut words: Cursor<'_>, at: usize, record: &mut Record) -> Option<Behind> {
    if !matches!(header.command, 0x24 | 0x2d | 0x2e | 0x2f | 0x73 | 0x74 | 0x75 | 0xa2) {
        return None;
    }
    let command = words.u8().ok().filter(|command| *command != NONE_BEHIND)?;
    let offset = words.skip(1).and_then(|()| words.u16_le()).map(usize::from).ok()?;
    if offset <= at {
        record.flaw(flaw::CHAIN);
        return None;
    }
    Some(Behind { header: Header { command, ..*header }, offset })
}

struct Body<'a> {
    words: Cursor<'a>,
    bytes: Cursor<'a>,
    /// The bytes begin at an odd place: wide text has one byte of padding.
    odd: bool,
    wide: bool,
}

impl<'a> Body<'a> {
    /// The next text, up to its zero.
    fn text(&mut self) -> &'a [u8] {
        let rest = self.bytes.rest();
        let length = if self.wide {
            wide::units(rest).take_while(|unit| *unit != 0).count().saturating_mul(2)
        } else {
            rest.iter().take_while(|byte| **byte != 0).count()
        };
        let text = self.bytes.take(length).unwrap_or_default();
        let _zero = self.bytes.skip(if self.wide { 2 } else { 1 });
        text
    }

    fn align(&mut self, read: usize) {
        if self.wide && (read % 2 == 1) != self.odd {
            let _padding = self.bytes.skip(1);
        }
    }

    fn keep(&self, text: &[u8], slot: usize, record: &mut Record) {
        let text =
            if self.wide { wide::push(record, text) } else { record.push_text(text.get(..TEXT_BYTES).unwrap_or(text)) };
        record.set(slot, Value::Text(text));
    }
}

fn request(
    smb: &mut Smb,
    command: u8,
    mut body: Body<'_>,
    context: &Context<'_>,
    record: &mut Record,
) -> Result<(), Short> {
    match command {
        0x72 => {
            let mut dialects = body.bytes.rest().split(|byte| *byte == 0).filter_map(|name| name.strip_prefix(&[2]));
            for (place, name) in dialects.by_ref().take(32).enumerate() {
                if name == b"NT LM 0.12" {
                    smb.nt_dialect = u16::try_from(place).ok();
                }
                let text = record.push_text(name);
                record.push(DIALECTS, Value::Text(text));
            }
        }
        0x73 => session(body, context, record)?,
        0x75 => {
            body.words.skip(6)?;
            let password = usize::from(body.words.u16_le()?);
            body.bytes.skip(password)?;
            body.align(password);
            let path = body.text();
            body.keep(path, SHARE, record);
        }
        0xa2 => create(body, record)?,
        0x2d => {
            body.align(0);
            let name = body.text();
            body.keep(name, FILE, record);
        }
        0x06 => {
            // One byte says that text follows.
            body.bytes.skip(1)?;
            body.align(1);
            let name = body.text();
            body.keep(name, FILE, record);
        }
        0x2e => {
            body.words.skip(6)?;
            record.set_u(OFFSET, body.words.u32_le()?);
            record.set_u(LENGTH, body.words.u16_le()?);
        }
        0x2f => {
            body.words.skip(6)?;
            record.set_u(OFFSET, body.words.u32_le()?);
            body.words.skip(10)?;
            record.set_u(LENGTH, body.words.u16_le()?);
            bound(&body, record);
        }
        0x25 => {
            bound(&body, record);
            transaction(body.words, record)?;
        }
        0x32 => transaction(body.words, record)?,
        0xa0 => {
            body.words.skip(7)?;
            record.set_u(TOTAL_DATA, body.words.u32_le()?);
            body.words.skip(25)?;
            record.set_u(SUBCOMMAND, body.words.u16_le()?);
        }
        _ => {}
    }
    Ok(())
}

/// [MS-CIFS] 2.2.4.33.1 and 2.2.4.46.1: how much there is in all, and which of its functions is meant. A mailslot's
/// has other words, or none.
fn transaction(mut words: Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    words.skip(2)?;
    record.set_u(TOTAL_DATA, words.u16_le()?);
    words.skip(22)?;
    if words.u8()? > 0 {
        words.skip(1)?;
        record.set_u(SUBCOMMAND, words.u16_le()?);
    }
    Ok(())
}

fn bound(body: &Body<'_>, record: &mut Record) {
    let rest = body.bytes.rest();
    if pipe::find(rest.get(..BIND_WITHIN).unwrap_or(rest), record) {
        record.set(NAMED_PIPE, Value::Bool(true));
        record.class = Class::Session;
    }
}

/// [MS-SMB] 2.2.4.6.1 with a token; [MS-CIFS] 2.2.4.53.1 with a name and two answers to the server's challenge.
fn session(mut body: Body<'_>, context: &Context<'_>, record: &mut Record) -> Result<(), Short> {
    match body.words.remaining() {
        24 => {
            body.words.skip(14)?;
            let length = body.words.u16_le()?;
            login::token(body.bytes.take(length.into())?, context, record);
        }
        26 => {
            body.words.skip(14)?;
            let (first, second) = (body.words.u16_le()?, body.words.u16_le()?);
            let passwords = usize::from(first).saturating_add(second.into());
            body.bytes.skip(passwords)?;
            body.align(passwords);
            let (user, domain) = (body.text(), body.text());
            body.keep(domain, DOMAIN, record);
            let mut name = Vec::new();
            crate::ntlm::Words { bytes: user, wide: body.wide }.write(&mut name);
            record.login(&name, None, context.site);
        }
        _ => {}
    }
    Ok(())
}

/// [MS-CIFS] 2.2.4.64.1.
fn create(mut body: Body<'_>, record: &mut Record) -> Result<(), Short> {
    body.words.skip(15)?;
    let access = body.words.u32_le()?;
    body.words.skip(16)?;
    let (disposition, options) = (body.words.u32_le()?, body.words.u32_le()?);
    record.set_u(ACCESS, access);
    record.set(DISPOSITION, Value::Name(names::disposition(disposition)));
    record.set(DELETE, Value::Bool(options & 0x1000 != 0));
    body.align(0);
    let name = body.text();
    body.keep(name, FILE, record);
    let piped = matches!(record.get(FILE), Some(Value::Text(text)) if pipe::known(record.text(text)));
    record.set(NAMED_PIPE, Value::Bool(piped));
    if piped {
        record.class = Class::Session;
    } else if disposition != 1 || access & 0x500d_0156 != 0 {
        record.class = Class::Write;
    }
    Ok(())
}

fn answer(smb: &mut Smb, command: u8, tree: u16, mut body: Body<'_>, record: &mut Record) -> Result<(), Short> {
    match command {
        0x72 => {
            let chosen = body.words.u16_le()?;
            record.set_u(DIALECT, chosen);
            let name = if smb.nt_dialect == Some(chosen) { "NT LM 0.12" } else { "unknown" };
            record.set(DIALECT_NAME, Value::Name(name));
            if let Ok(mode) = body.words.u8() {
                record.set(SIGNING, Value::Bool(mode & 8 != 0));
            }
        }
        0x73 => {
            body.words.skip(4)?;
            record.set(GUEST, Value::Bool(body.words.u16_le()? & 1 != 0));
        }
        0x75 => {
            let service = body.bytes.rest().split(|byte| *byte == 0).next().unwrap_or_default();
            let kind = match service {
                b"A:" => "disk",
                b"IPC" => "pipe",
                b"LPT1:" => "print",
                _ => "unknown",
            };
            record.set(SHARE_TYPE, Value::Name(kind));
            smb.connected(tree.into(), kind == "pipe");
        }
        0x2e => {
            body.words.skip(10)?;
            record.set_u(LENGTH, body.words.u16_le()?);
        }
        0x2f => {
            body.words.skip(4)?;
            record.set_u(LENGTH, body.words.u16_le()?);
        }
        _ => {}
    }
    Ok(())
}
