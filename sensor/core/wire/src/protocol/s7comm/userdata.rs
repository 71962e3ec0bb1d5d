//! Userdata (ROSCTR 7): functions of programming devices and operator panels.
//!
//! ```text
//!   parameter:  00 01 12 | length(1) | method(1) | type, group (4 bits each) | subfunction | sequence
//!               [ | data unit | more follows | error code(2) ]                      when length is 8
//!   data:       return code(1) | transport size(1) | length(2) | content
//! ```

use super::fields::{self as slot, flaw};
use super::memory::{Key, Memory, Question};
use super::pdu::{reference, Pdu};
use super::reader::Reader;
use super::value::{self, Datum};
use super::{alarm, block, cyclic, header, names, password, szl, test_function, time};
use crate::cursor::Short;
use crate::protocol::Context;
use crate::value::{Class, Outcome, Record, Role, Value};

/// Types: the upper half of the byte before the subfunction. 3, 7 and 11 are their like on numerical controls.
const REQUEST: [u8; 2] = [4, 7];
const RESPONSE: [u8; 2] = [8, 11];

/// Group of the functions that carry passwords.
const SECURITY: u8 = 5;

const HEAD: u32 = 0x00_0112;
const MODE_TRANSITION: u32 = 0x01_0010;

struct Head {
    kind: u8,
    group: u8,
    subfunction: u8,
    sequence: u8,
    data_unit: u8,
    reference: u16,
    mapped: bool,
}

#[inline(never)]
pub fn read(mut pdu: Pdu<'_>, context: &Context<'_>, memory: &mut Memory, record: &mut Record) {
    let Ok(head) = head(&mut pdu, record) else {
        // Nobody can say that the data is not a password.
        record.flaw(flaw::SHORT_PARAMETER);
        return;
    };
    let (name, class) = names::subfunction(head.group, head.subfunction);
    record.set(slot::UD_GROUP_NAME, Value::Name(names::group(head.group)));
    record.set(slot::UD_SUBFUNCTION_NAME, Value::Name(name));
    record.operation = 0x1_0000 | u32::from(head.group) << 8 | u32::from(head.subfunction);
    record.operation_name = name;
    record.class = class;
    let by_client = if RESPONSE.contains(&head.kind) { !pdu.from_client } else { pdu.from_client };
    // A question for the next part of an answer bears that answer's sequence number.
    let mut continues = head.data_unit != 0 && RESPONSE.contains(&head.kind);
    if REQUEST.contains(&head.kind) {
        record.role = Role::Request;
        continues = head.sequence != 0 && pdu.data.remaining() <= 4;
        let question = Question { operation: record.operation, class, continues, ..Question::default() };
        memory.ask(Key::new(pdu.reference, pdu.from_client, true), question);
    } else if RESPONSE.contains(&head.kind) {
        record.role = Role::Response;
        if record.outcome == Outcome::Unknown {
            record.outcome = Outcome::Success;
        }
        if let Some(question) = memory.asked(Key::new(pdu.reference, by_client, true)) {
            continues = question.continues;
        }
    } else {
        record.role = Role::Unsolicited;
        // What a test function has to report does nothing to the station.
        if head.group == 1 {
            record.class = Class::Diagnose;
        }
    }
    if record.role != Role::Unsolicited {
        record.reference = Some(reference(pdu.reference, by_client, true));
    }
    if !pdu.parameter.is_empty() {
        record.flaw(flaw::LONG_PARAMETER);
        pdu.parameter.keep(record, slot::PARAMETER);
    }
    if !pdu.data.is_empty() && data(&head, &mut pdu.data, continues, context, memory, record).is_err() {
        record.flaw(flaw::SHORT_DATA);
    }
    if !pdu.data.is_empty() {
        record.flaw(flaw::LONG_DATA);
    }
}

fn head(pdu: &mut Pdu<'_>, record: &mut Record) -> Result<Head, Short> {
    let (reference, mapped, parameter) = (pdu.reference, pdu.mapped, &mut pdu.parameter);
    let (start, length) = (parameter.u24()?, parameter.u8()?);
    let fits = usize::from(length) == parameter.remaining() && matches!(length, 4 | 8);
    // Mode transitions have a head of their own, followed by four bytes.
    if start != MODE_TRANSITION && (start != HEAD || !fits) {
        record.flaw(flaw::USERDATA_HEAD);
    }
    parameter.skip(1)?;
    let (kind, subfunction, sequence) = (parameter.u8()?, parameter.u8()?, parameter.u8()?);
    let mut head = Head { kind: kind >> 4, group: kind & 0x0f, subfunction, sequence, data_unit: 0, reference, mapped };
    record.set_u(slot::UD_TYPE, head.kind);
    record.set_u(slot::UD_GROUP, head.group);
    record.set_u(slot::UD_SUBFUNCTION, subfunction);
    record.set_u(slot::UD_SEQUENCE, sequence);
    if start == HEAD && length >= 8 {
        head.data_unit = parameter.u8()?;
        record.set_u(slot::UD_DATA_UNIT, head.data_unit);
        record.set(slot::UD_LAST, Value::Bool(parameter.u8()? == 0));
        let error = parameter.u16()?;
        record.set_u(slot::UD_ERROR, error);
        if error != 0 && RESPONSE.contains(&head.kind) {
            record.outcome = Outcome::Failure;
        }
    }
    Ok(head)
}

/// Return code 0x0a with no content is how "nothing to say" is spelled, in questions and in good answers too.
fn data(
    head: &Head,
    data: &mut Reader<'_>,
    continues: bool,
    context: &Context<'_>,
    memory: &mut Memory,
    record: &mut Record,
) -> Result<(), Short> {
    let Datum { code, transport: _, mut body } = value::datum(data, true)?;
    record.set_u(slot::UD_RETURN_CODE, code);
    let answering = RESPONSE.contains(&head.kind);
    if answering && !matches!(code, value::SUCCESS | 0x0a) {
        record.outcome = Outcome::Failure;
    }
    if head.group == SECURITY {
        // Nothing of it is kept, whatever it is.
        if head.subfunction == 1 && !answering {
            password::judge(&mut body, context, record);
        }
        return Ok(());
    }
    if answering && (head.group, head.subfunction) == (4, 1) && !body.is_empty() {
        list(head, body, continues, memory, record);
    } else if !continues && !body.is_empty() {
        let asking = REQUEST.contains(&head.kind);
        let mut ahead = body;
        let read = match (head.group, head.subfunction) {
            (1, 0x02 | 0x08 | 0x09) if asking => test_function::touched(body, record),
            (2, 0x01 | 0x05 | 0x07) if asking => {
                let read = cyclic::asked(&mut body, head.mapped, record);
                if head.mapped {
                    memory.cyclic.ask(head.reference, &record.parts);
                }
                read
            }
            (2, 0x01 | 0x05 | 0x07) => {
                if head.mapped && answering {
                    memory.cyclic.begin(head.reference, head.sequence);
                } else if head.mapped {
                    memory.cyclic.recall(head.sequence, record);
                }
                cyclic::delivered(&mut body, head.mapped, record)
            }
            (2, 0x04) if asking => {
                memory.cyclic.end(ahead);
                Ok(())
            }
            (2, 0x08) if asking => cyclic::asked(&mut body, false, record),
            (3, 0x01) if answering => block::counts(&mut ahead, record),
            (3, 0x02) if answering => block::numbers(&mut ahead, record),
            (3, 0x03) if answering => header::about(&mut ahead, record),
            (3, 0x02 | 0x03) if asking => asked_block(body, record),
            (4, 0x01) => szl(body, record),
            (4, 0x02) if asking => alarm::subscription(&mut ahead, record),
            (4, 0x03) if !answering => alarm::diagnostic(&mut ahead, record),
            (4, 0x13) if answering => alarm::answered(&mut ahead, record),
            (4, 0x07 | 0x08 | 0x0b) if answering => alarm::results(&mut ahead, record),
            (4, 0x05..=0x16) if !answering => alarm::message(head.subfunction, &mut ahead, record),
            (7, 0x01..=0x04) => clock(body, record),
            _ => Ok(()),
        };
        if read.is_err() {
            record.flaw(flaw::SHORT_DATA);
        }
    }
    body.keep(record, slot::DATA);
    Ok(())
}

/// A part of the system state list, or of one that comes in several messages. Its first part says which.
fn list(head: &Head, body: Reader<'_>, continues: bool, memory: &mut Memory, record: &mut Record) {
    let last = !matches!(record.get(slot::UD_LAST), Some(Value::Bool(false)));
    if last && !continues {
        let mut whole = body;
        if szl::answer(&mut whole, record).is_err() {
            record.flaw(flaw::SHORT_DATA);
        }
        return;
    }
    let mut part = body;
    let whole = memory.list.part(!continues && head.data_unit != 0, last, part.take_rest());
    if let Some(whole) = whole {
        let _ = szl::answer(&mut Reader::new(&whole, None), record);
    } else if !continues {
        let _ = szl::heading(body, record);
    }
}

/// Type as two digits; when one block is asked for, its number (five digits) and file system follow.
fn asked_block(mut body: Reader<'_>, record: &mut Record) -> Result<(), Short> {
    if body.remaining() >= block::BLOCK_NAME {
        block::blocks(body.take(block::BLOCK_NAME)?, record);
    } else {
        record.push(slot::BLOCK_TYPE, Value::Name(names::block(body.take(2)?).0));
    }
    Ok(())
}

/// Which part of the station's system state list, and of it which entry.
fn szl(body: Reader<'_>, record: &mut Record) -> Result<(), Short> {
    let (id, index) = szl::heading(body, record)?;
    record.push_stretch("szl", id.into(), index.into(), index.into());
    Ok(())
}

/// Reserved, century, then the time.
fn clock(mut body: Reader<'_>, record: &mut Record) -> Result<(), Short> {
    body.skip(2)?;
    if let Some(text) = time::next(&mut body, record)? {
        record.set(slot::CLOCK, text);
    }
    Ok(())
}
