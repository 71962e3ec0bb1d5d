//! S7comm-plus, which S7-1200 and S7-1500 speak. Siemens never published it; its layout is known from public research
//! (T. Wiens' documentation of his dissector and of his client; C. Lei, L. Donghong and M. Liang, "The Spear to Break the
//! Security Wall of S7CommPlus", Black Hat Europe 2017; E. Biham, S. Bitan and others, "Rogue7", Black Hat USA 2019) and
//! from captures. No code or table of theirs is here.
//!
//! ```text
//!   72 | version | length(2) | [ 20 | digest(32) ]  content ... | [ 72 | version | 0(2) ]
//! ```
//! The trailer stands behind the last part of a message. The digest of version 3 protects what follows and hides
//! nothing; some stations of version 2 put it at the end of the content.

mod body;
mod fields;
mod names;
mod number;
mod object;
mod value;

pub use fields::FIELDS;

use super::fields::flaw;
use super::memory::{Key, Memory, Question};
use super::reader::Reader;
use crate::cursor::Short;
use crate::limits;
use crate::protocol::{place_of, Context};
use crate::value::{Class, Outcome, Record, Role, Value};
use fields as slot;

const MARK: u8 = 0x72;
/// `operation` of a message: this plus its function; of one without, plus its opcode or version.
const OPERATION: u32 = 0x2_0000;
/// A reference that no S7 message can have.
const REFERENCE: u64 = 1 << 33;
const DIGEST: usize = 32;

pub const REQUEST: u8 = 0x31;
pub const RESPONSE: u8 = 0x32;
const NOTIFICATION: u8 = 0x33;
const RESPONSE_2: u8 = 0x02;

const KEEP_ALIVE: u8 = 0xff;
const SYSTEM_EVENT: u8 = 0xfe;

/// Content of a message whose last part has not come, and how many parts it has.
#[derive(Default)]
pub struct Parts {
    content: Vec<u8>,
    count: u32,
    /// They grew beyond the budget: everything up to their end is passed over.
    dropping: bool,
}

impl Parts {
    pub fn kept_bytes(&self) -> usize {
        self.content.capacity()
    }
}

/// Read one frame; false when it is a part to be kept, or the end of something passed over.
pub fn read(
    payload: &mut Reader<'_>,
    parts: &mut Parts,
    memory: &mut Memory,
    context: &Context<'_>,
    record: &mut Record,
) -> bool {
    record.protocol = Some(const { place_of("s7comm-plus") });
    record.operation = OPERATION;
    record.operation_name = "s7comm_plus";
    let Ok([_, version, high, low]) = payload.array::<4>() else {
        record.flaw(flaw::PLUS_HEADER);
        return true;
    };
    record.set_u(slot::VERSION, *version);
    if matches!(*version, KEEP_ALIVE | SYSTEM_EVENT) {
        aside(*version, *high, payload, record);
        return true;
    }
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let fits = length <= payload.remaining();
    let Ok(mut content) = payload.part(length.min(payload.remaining())) else { return true };
    let mut trailer = *payload;
    let ends = matches!(trailer.take_rest(), [MARK, last, 0, 0] if last == version);
    if !fits || !(ends || payload.is_empty()) {
        record.flaw(flaw::PLUS_LENGTH);
    }
    if *version >= 3 && content.peek() == Some(0x20) && content.remaining() > DIGEST {
        let _ = content.skip(DIGEST.saturating_add(1));
        record.set(slot::PROTECTED, Value::Bool(true));
    }
    let last = ends || !fits || !payload.is_empty();
    if parts.dropping {
        parts.dropping = !last;
        return false;
    }
    if last && parts.count == 0 {
        message(content, memory, context, record);
        return true;
    }
    if parts.content.len().saturating_add(content.remaining()) > limits::S7_PDU_BYTES {
        *parts = Parts { dropping: !last, ..Parts::default() };
        record.flaw(flaw::PLUS_PARTS);
        return true;
    }
    parts.content.extend_from_slice(content.take_rest());
    parts.count = parts.count.saturating_add(1);
    if !last {
        return false;
    }
    let whole = std::mem::take(parts);
    record.set_u(slot::PARTS, whole.count);
    message(Reader::new(&whole.content, None), memory, context, record);
    true
}

/// Frames that are no message: keep-alives, which have a number in place of the length, and system events.
fn aside(version: u8, number: u8, payload: &mut Reader<'_>, record: &mut Record) {
    record.operation = OPERATION | u32::from(version);
    record.role = Role::Unsolicited;
    record.class = Class::Session;
    if version == KEEP_ALIVE {
        record.operation_name = "keep_alive";
        record.set_u(slot::SEQUENCE, number);
    } else {
        record.operation_name = "system_event";
        record.class = Class::Diagnose;
    }
    payload.keep(record, slot::DATA);
}

/// One message, all its parts put together.
fn message(mut content: Reader<'_>, memory: &mut Memory, context: &Context<'_>, record: &mut Record) {
    let Some(opcode) = content.peek() else {
        record.flaw(flaw::PLUS_HEADER);
        return;
    };
    let mut all = content;
    record.set_u(slot::OPCODE, opcode);
    let known = names::opcode(opcode);
    record.set(slot::OPCODE_NAME, Value::Name(known));
    let mut secret = false;
    let read = match opcode {
        REQUEST | RESPONSE | RESPONSE_2 => match exchange(opcode, &mut content, memory, context, record) {
            Ok(found) => {
                secret = found;
                Ok(())
            }
            Err(short) => Err(short),
        },
        NOTIFICATION => {
            record.operation = OPERATION | u32::from(opcode);
            record.operation_name = "notification";
            record.class = Class::Read;
            record.role = Role::Unsolicited;
            body::notification(&mut content, record)
        }
        _ => {
            record.set(slot::HIDDEN, Value::Bool(true));
            Ok(())
        }
    };
    if read.is_err() {
        record.flaw(flaw::PLUS_HEADER);
    }
    // Of a message with a secret nothing is kept that was not read.
    if secret || !content.is_empty() && names::may_hold_secret(all.take_rest()) {
        record.set(slot::HIDDEN, Value::Bool(true));
    } else {
        content.keep(record, slot::DATA);
    }
}

/// ```text
///   request:   31 | 0(2) | function(2) | 0(2) | sequence(2) | session(4) | flags | ...
///   response:  32 | 0(2) | function(2) | 0(2) | sequence(2) | flags | return value ...
/// ```
/// Says whether there was a secret.
fn exchange(
    opcode: u8,
    content: &mut Reader<'_>,
    memory: &mut Memory,
    context: &Context<'_>,
    record: &mut Record,
) -> Result<bool, Short> {
    let [_, _, _, f1, f0, _, _, s1, s0] = *content.array::<9>()?;
    let (function, sequence) = (u16::from_be_bytes([f1, f0]), u16::from_be_bytes([s1, s0]));
    let (name, class) = names::function(function);
    record.set_u(slot::FUNCTION, function);
    record.set(slot::FUNCTION_NAME, Value::Name(name));
    record.operation = OPERATION | u32::from(function);
    record.operation_name = name;
    record.class = class;
    record.set_u(slot::SEQUENCE, sequence);
    let asking = opcode == REQUEST;
    let by_client = context.from_client == asking;
    record.reference = Some(REFERENCE | u64::from(sequence) | u64::from(!by_client) << 16);
    record.role = if asking { Role::Request } else { Role::Response };
    if asking {
        record.set_u(slot::SESSION, content.u32()?);
    }
    record.set_u(slot::FLAGS, content.u8()?);
    if !asking {
        let value = number::unsigned(content)?;
        record.set_u(slot::RETURN_VALUE, value);
        let error = error(value);
        record.set(slot::ERROR_CODE, Value::Signed(error));
        record.outcome = if error < 0 { Outcome::Failure } else { Outcome::Success };
    }
    // What is not read to its end says so, and stays bytes.
    let (complete, secret) = body::read(function, asking, content, record);
    if !complete || secret {
        record.set(slot::HIDDEN, Value::Bool(true));
    }
    // An answer does not say what its question did to the station.
    let key = Key::plus(sequence, by_client);
    if asking {
        memory.ask(key, Question { operation: record.operation, class: record.class, ..Question::default() });
    } else if let Some(question) = memory.asked(key).filter(|question| question.operation == record.operation) {
        record.class = question.class;
    }
    Ok(secret)
}

/// The lowest 16 bits of a return value: negative where something failed.
pub fn error(value: u64) -> i64 {
    let [.., high, low] = value.to_be_bytes();
    i16::from_be_bytes([high, low]).into()
}
