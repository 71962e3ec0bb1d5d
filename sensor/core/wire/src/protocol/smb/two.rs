//! Messages of SMB 2 and 3: [MS-SMB2] 2.2.

use super::fields::*;
use super::{login, names, pipe, Smb, TWO};
use crate::cursor::{Cursor, Short};
use crate::protocol::Context;
use crate::value::{Class, Outcome, Record, Role, Value};
use crate::wide;

pub const HEADER: usize = 64;
const RESPONSE: u32 = 1;
const PENDING: u32 = 0x103;
const MORE_PROCESSING: u32 = 0xc000_0016;
const BUFFER_OVERFLOW: u32 = 0x8000_0005;
/// Data that could be written, deleted or have its owner changed. [MS-SMB2] 2.2.13.1.
const WRITES: u32 = 0x5004_0000 | 0x000d_0156;
const DELETE_ON_CLOSE: u32 = 0x1000;
const PIPE_TRANSCEIVE: u32 = 0x0011_c017;
const CANCEL: u16 = 12;
const CHANGE_NOTIFY: u16 = 15;

/// The front of one message, which must have its header.
///
/// ```text
///   0    4      6        8        12        14        16      20     24           32         36      40
///   | fe | size | charge | status | command | credits | flags | next | message id | reserved | tree | session ...
/// ```
pub struct Front {
    pub status: u32,
    pub command: u16,
    pub response: bool,
    /// Bytes to the next command of the chain; 0: this is the last.
    pub next: usize,
    id: u64,
    tree: u32,
    session: u64,
}

pub fn front(message: &[u8]) -> Result<Front, Short> {
    let mut cursor = Cursor::new(message);
    cursor.skip(8)?;
    let (status, command, _credits) = (cursor.u32_le()?, cursor.u16_le()?, cursor.u16_le()?);
    let (flags, next, id) = (cursor.u32_le()?, cursor.u32_le()?, cursor.u64_le()?);
    cursor.skip(4)?;
    let (tree, session) = (cursor.u32_le()?, cursor.u64_le()?);
    cursor.skip(16)?;
    Ok(Front { status, command, response: flags & RESPONSE != 0, next: next as usize, id, tree, session })
}

/// False: it only says that the answer will come.
pub fn read(smb: &mut Smb, message: &[u8], front: &Front, context: &Context<'_>, record: &mut Record) -> bool {
    if front.response && front.status == PENDING {
        return false;
    }
    record.set_u(VERSION, 2u8);
    record.set_u(COMMAND, front.command);
    record.operation = TWO | u32::from(front.command);
    match names::command2(front.command) {
        Some((name, class)) => (record.operation_name, record.class) = (name, class),
        None => record.flaw(flaw::COMMAND_FLAW),
    }
    record.set_u(SESSION_ID, front.session);
    record.set_u(TREE_ID, front.tree);
    record.reference = Some(front.id);
    record.long_poll = front.command == CHANGE_NOTIFY;
    record.role = match front.response {
        // A lock taken back comes without being asked for.
        _ if front.id == u64::MAX || front.command == CANCEL => Role::Unsolicited,
        true => Role::Response,
        false => Role::Request,
    };
    if front.response {
        record.set_u(STATUS, front.status);
        record.set(STATUS_NAME, Value::Name(names::status(front.status)));
        record.outcome = match front.status {
            MORE_PROCESSING => Outcome::Unknown,
            BUFFER_OVERFLOW | 0..=0x3fff_ffff => Outcome::Success,
            _ => Outcome::Failure,
        };
    }
    let body = Cursor::new(message.get(HEADER..).unwrap_or_default());
    let read = if !front.response {
        request(smb, message, body, front, context, record)
    } else if record.outcome == Outcome::Failure {
        Ok(())
    } else {
        response(smb, body, front, record)
    };
    if read.is_err() {
        record.flaw(flaw::TRUNCATED);
    }
    true
}

/// Offsets count from the front of the header.
fn at(message: &[u8], offset: usize, length: usize) -> Result<&[u8], Short> {
    message.get(offset..offset.saturating_add(length)).ok_or(Short)
}

fn request(
    smb: &mut Smb,
    message: &[u8],
    mut body: Cursor<'_>,
    front: &Front,
    context: &Context<'_>,
    record: &mut Record,
) -> Result<(), Short> {
    match front.command {
        0 => {
            body.skip(2)?;
            let (count, mode) = (body.u16_le()?, body.u16_le()?);
            record.set(SIGNING, Value::Bool(mode & 2 != 0));
            body.skip(30)?;
            for _ in 0..count.min(64) {
                let dialect = body.u16_le()?;
                record.push(DIALECTS, Value::Name(names::dialect(dialect)));
            }
        }
        1 => {
            body.skip(12)?;
            let (offset, length) = (body.u16_le()?, body.u16_le()?);
            login::token(at(message, offset.into(), length.into())?, context, record);
        }
        3 => {
            body.skip(4)?;
            let (offset, length) = (body.u16_le()?, body.u16_le()?);
            let path = wide::push(record, at(message, offset.into(), length.into())?);
            record.set(SHARE, Value::Text(path));
        }
        5 => create(smb, message, &mut body, front, record)?,
        8 => {
            body.skip(4)?;
            record.set_u(LENGTH, body.u32_le()?);
            record.set_u(OFFSET, body.u64_le()?);
        }
        9 => {
            body.skip(2)?;
            let offset = body.u16_le()?;
            record.set_u(LENGTH, body.u32_le()?);
            record.set_u(OFFSET, body.u64_le()?);
            bound(message.get(usize::from(offset)..).unwrap_or_default(), record);
        }
        11 => {
            body.skip(4)?;
            let code = body.u32_le()?;
            record.set_u(CONTROL_CODE, code);
            body.skip(16)?;
            let (offset, length) = (body.u32_le()?, body.u32_le()?);
            if code == PIPE_TRANSCEIVE {
                record.set_u(LENGTH, length);
                bound(message.get(offset as usize..).unwrap_or_default(), record);
            }
        }
        17 => {
            body.skip(3)?;
            record.set_u(INFO_CLASS, body.u8()?);
        }
        _ => {}
    }
    Ok(())
}

/// A call to an interface is more than bytes in a pipe.
fn bound(data: &[u8], record: &mut Record) {
    if pipe::bind(data, record) {
        record.set(NAMED_PIPE, Value::Bool(true));
        record.class = Class::Session;
    }
}

fn create(smb: &Smb, message: &[u8], body: &mut Cursor<'_>, front: &Front, record: &mut Record) -> Result<(), Short> {
    body.skip(24)?;
    let access = body.u32_le()?;
    body.skip(8)?;
    let (disposition, options) = (body.u32_le()?, body.u32_le()?);
    let (offset, length) = (body.u16_le()?, body.u16_le()?);
    record.set_u(ACCESS, access);
    record.set(DISPOSITION, Value::Name(names::disposition(disposition)));
    record.set(DELETE, Value::Bool(options & DELETE_ON_CLOSE != 0));
    let name = match length {
        // The share itself.
        0 => &[][..],
        _ => at(message, offset.into(), length.into())?,
    };
    let text = wide::push(record, name);
    record.set(FILE, Value::Text(text));
    let piped = smb.is_pipe(front.tree).unwrap_or_else(|| pipe::known(record.text(text)));
    record.set(NAMED_PIPE, Value::Bool(piped));
    if piped {
        record.class = Class::Session;
    } else if disposition != 1 || access & WRITES != 0 {
        record.class = Class::Write;
    }
    Ok(())
}

fn response(smb: &mut Smb, mut body: Cursor<'_>, front: &Front, record: &mut Record) -> Result<(), Short> {
    match front.command {
        0 => {
            body.skip(2)?;
            let (mode, dialect) = (body.u16_le()?, body.u16_le()?);
            record.set(SIGNING, Value::Bool(mode & 2 != 0));
            record.set_u(DIALECT, dialect);
            record.set(DIALECT_NAME, Value::Name(names::dialect(dialect)));
        }
        1 => {
            body.skip(2)?;
            record.set(GUEST, Value::Bool(body.u16_le()? & 3 != 0));
        }
        3 => {
            body.skip(2)?;
            let kind = body.u8()?;
            record.set(
                SHARE_TYPE,
                Value::Name(match kind {
                    1 => "disk",
                    2 => "pipe",
                    3 => "print",
                    _ => "unknown",
                }),
            );
            smb.connected(front.tree, kind == 2);
        }
        5 => {
            body.skip(48)?;
            record.set_u(SIZE, body.u64_le()?);
        }
        8 | 9 => {
            body.skip(4)?;
            record.set_u(LENGTH, body.u32_le()?);
        }
        _ => {}
    }
    Ok(())
}
