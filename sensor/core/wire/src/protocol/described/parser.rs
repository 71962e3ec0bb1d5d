//! Reads messages by a layout.

use super::frame::{Front, Size};
use super::layout::{flaw, unsigned, Coded, Layout, Operation};
use super::reading::Reading;
use crate::cursor::{Cursor, Short};
use crate::protocol::{Context, Parser, Probe, Step, TCP};
use crate::site::Site;
use crate::value::{Outcome, Record, Role, Span, Value};

/// Bytes of a message that prove whose it is, whatever the port.
const PROOF: usize = 4;

pub struct Described(pub &'static Layout);

pub fn probe(layout: &Layout, payload: &[u8], transport: u8) -> Probe {
    let frame = &layout.frame;
    match frame.front(payload) {
        Front::Whole(whole) => {
            let message = payload.get(..whole).unwrap_or(payload);
            let (ended, right) = frame.verify(message);
            let checked = frame.check.as_ref().map_or(0, |check| check.written.width);
            let proof = frame.start.len().saturating_add(frame.end.len()).saturating_add(checked);
            match ended && right {
                true if proof >= PROOF => Probe::Sure,
                true => Probe::Fits,
                false => Probe::No,
            }
        }
        Front::Short(_) if transport == TCP && !payload.is_empty() => Probe::Fits,
        _ => Probe::No,
    }
}

impl Parser for Described {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let frame = &self.0.frame;
        let datagram = context.transport != TCP;
        let message = match frame.front(bytes) {
            Front::Whole(whole) => bytes.get(..whole).unwrap_or(bytes),
            // A datagram that is cut short is all there is.
            Front::Short(_) if datagram => {
                record.flaw(flaw::SHORT);
                bytes
            }
            Front::Short(need) => return Step::Short { need },
            Front::No => return Step::Lost { used: frame.lost(bytes) },
        };
        let (ended, right) = frame.verify(message);
        if !ended && !matches!(frame.size, Size::Ended) {
            record.flaw(flaw::END);
        }
        if !right {
            record.flaw(flaw::CHECK);
        }
        let start = frame.start.len().min(message.len());
        let end = message.len().saturating_sub(frame.trailer()).max(start);
        let body = message.get(start..end).unwrap_or_default();
        let mut reading = Reading { cursor: Cursor::new(body), base: start, password: None };
        self.0.message(&mut reading, context, record);
        Step::Message { used: message.len() }
    }
}

impl Layout {
    fn message(&self, reading: &mut Reading<'_>, context: &Context<'_>, record: &mut Record) {
        if reading.parts(&self.header, record) == Err(Short) {
            record.flaw(flaw::SHORT);
        }
        let asked = match &self.answer {
            None => context.from_client,
            Some(answer) => {
                let value = unsigned(record, answer.slot).unwrap_or(0);
                value & u64::from(answer.bit) == 0 && !answer.is.contains(&value)
            }
        };
        let code = match self.operation {
            None => Some(0),
            Some(coded) => code(record, coded),
        };
        let bit = self.answer.as_ref().map_or(0, |answer| answer.bit);
        let Some(code) = code.map(|code| code & !bit) else {
            record.flaw(flaw::SHORT);
            return;
        };
        self.read(code, asked, reading, record, context.site);
        record.reference = if self.pair.is_empty() { Some(code.into()) } else { self.paired(record) };
    }

    /// What stands behind the header, or in a function of another protocol.
    pub fn read(&self, code: u32, asked: bool, reading: &mut Reading<'_>, record: &mut Record, site: &Site) {
        record.operation = code;
        record.role = if asked { Role::Request } else { Role::Response };
        match self.operations.get(&code) {
            Some(operation) => self.known(operation, asked, reading, record, site),
            None => {
                record.flaw(flaw::OPERATION);
                self.outcome(record);
                self.rest(reading, record);
            }
        }
    }

    fn known(&self, operation: &Operation, asked: bool, reading: &mut Reading<'_>, record: &mut Record, site: &Site) {
        (record.operation_name, record.class) = (operation.name, operation.class);
        if operation.unanswered {
            record.role = Role::Unsolicited;
        }
        let parts = if asked { &operation.request } else { &operation.response };
        let read = reading.parts(parts, record);
        self.outcome(record);
        // Who says that something went wrong need not say more.
        if read == Err(Short) && record.outcome != Outcome::Failure {
            record.flaw(flaw::SHORT);
        }
        if read.is_ok() && !reading.cursor.is_empty() {
            record.flaw(flaw::TRAILING);
        }
        self.rest(reading, record);
        if let Some(touches) = &operation.touches {
            touches.note(record);
        }
        if let Some(password) = reading.password.take() {
            let user = self.user.and_then(|slot| match record.get(slot) {
                Some(Value::Text(span)) => Some(record.text(span).as_bytes().to_vec()),
                _ => None,
            });
            record.login(&user.unwrap_or_default(), Some(password), site);
        }
    }

    fn outcome(&self, record: &mut Record) {
        let Some((slot, ok)) = self.outcome.as_ref().filter(|_| record.role == Role::Response) else { return };
        record.outcome = match unsigned(record, *slot) {
            Some(value) if ok.contains(&value) => Outcome::Success,
            Some(_) => Outcome::Failure,
            None => Outcome::Unknown,
        };
    }

    fn rest(&self, reading: &mut Reading<'_>, record: &mut Record) {
        let start = reading.place();
        let left = reading.cursor.take_rest().len();
        if left > 0 {
            record.set(self.rest, Value::Bytes(Span { start, len: u32::try_from(left).unwrap_or(0) }));
        }
    }

    /// `None`: one of the fields is not there.
    fn paired(&self, record: &Record) -> Option<u64> {
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut values = self.pair.iter().map(|slot| unsigned(record, *slot));
        values.try_fold(0u64, |mixed, value| Some(mixed.wrapping_mul(MIX) ^ value?))
    }
}

/// Letters are a number, too: that of their bytes.
fn code(record: &Record, coded: Coded) -> Option<u32> {
    match record.get(coded.slot)? {
        Value::Text(span) if coded.letters => letters(record.text(span)),
        _ => u32::try_from(unsigned(record, coded.slot)?).ok(),
    }
}

pub fn letters(text: &str) -> Option<u32> {
    let bytes = text.as_bytes();
    (bytes.len() <= 4).then(|| bytes.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte)))
}
