//! A compiled description: what is read of a message, in which order, into which slot.

use super::frame::Frame;
use super::number::Written;
use crate::cursor::Short;
use crate::hash::Map;
use crate::value::{Class, Record, Value};

/// Bits of `Record::flaws`, in the order of [`FLAWS`].
pub mod flaw {
    pub const CHECK: usize = 0;
    pub const END: usize = 1;
    pub const SHORT: usize = 2;
    pub const TRAILING: usize = 3;
    pub const OPERATION: usize = 4;
    pub const DIGITS: usize = 5;
    pub const CUT: usize = 6;
}

/// Names of the flaws behind the protocol's own name.
pub const FLAWS: [&str; 7] =
    ["bad_check", "bad_end", "short", "trailing", "unknown_operation", "bad_digits", "too_many_values"];

#[derive(Debug)]
pub struct Layout {
    pub frame: Frame,
    pub header: Vec<Part>,
    pub operation: Option<Coded>,
    pub answer: Option<Answer>,
    /// Slots that pair an answer with its question.
    pub pair: Vec<usize>,
    /// Slot and the values of success.
    pub outcome: Option<(usize, Vec<u64>)>,
    /// Slot of the name of who logs in.
    pub user: Option<usize>,
    pub operations: Map<u32, Operation>,
    /// Slot of what no field of the description is about.
    pub rest: usize,
}

/// The slot that says what a message is about.
#[derive(Clone, Copy, Debug)]
pub struct Coded {
    pub slot: usize,
    pub letters: bool,
}

#[derive(Debug)]
pub struct Answer {
    pub slot: usize,
    pub is: Vec<u64>,
    pub bit: u32,
}

#[derive(Debug)]
pub struct Operation {
    pub name: &'static str,
    pub class: Class,
    pub unanswered: bool,
    pub request: Vec<Part>,
    pub response: Vec<Part>,
    pub touches: Option<Touches>,
}

#[derive(Debug)]
pub struct Touches {
    pub space: &'static str,
    pub index: Amount,
    pub which: Which,
}

#[derive(Debug)]
pub enum Which {
    Stretch { start: Amount, count: Amount },
    Named(usize),
}

#[derive(Clone, Copy, Debug)]
pub enum Amount {
    Number(u64),
    Of { slot: usize, times: u64, plus: i64 },
    Rest,
}

impl Amount {
    /// `rest`: what `Rest` means. `None`: the field is not there, or it makes no number.
    pub fn value(self, record: &Record, rest: usize) -> Option<u64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Rest => u64::try_from(rest).ok(),
            Self::Of { slot, times, plus } => {
                let reckoned = i64::try_from(unsigned(record, slot)?.checked_mul(times)?).ok()?.checked_add(plus)?;
                u64::try_from(reckoned).ok()
            }
        }
    }

    pub fn bytes(self, record: &Record, rest: usize) -> Result<usize, Short> {
        self.value(record, rest).and_then(|count| usize::try_from(count).ok()).ok_or(Short)
    }
}

pub fn unsigned(record: &Record, slot: usize) -> Option<u64> {
    match record.get(slot)? {
        Value::Unsigned(number) => Some(number),
        Value::Bool(is) => Some(is.into()),
        _ => None,
    }
}

/// The slot for names of numbers, and the names.
pub type Spelled = (usize, Map<u64, &'static str>);

/// One field.
#[derive(Debug)]
pub struct Part {
    /// `None`: passed over.
    pub slot: Option<usize>,
    pub take: Take,
    /// Where names of its numbers go, and the names.
    pub names: Option<Spelled>,
    pub scale: Option<(f64, f64)>,
    pub when: Option<When>,
    /// What follows begins where this does.
    pub peek: bool,
}

/// Read only where the number in a slot is one of these, or is none of them.
#[derive(Debug)]
pub struct When {
    pub slot: usize,
    pub is: Vec<u64>,
    pub wanted: bool,
}

impl When {
    pub fn holds(&self, record: &Record) -> bool {
        unsigned(record, self.slot).is_some_and(|number| self.is.contains(&number) == self.wanted)
    }
}

#[derive(Debug)]
pub enum Take {
    Number(Written),
    /// So many numbers one behind the other.
    Numbers(Written, Amount),
    /// So many bits.
    Bits(Amount),
    /// Bits of an earlier field.
    Within {
        slot: usize,
        shift: u8,
        mask: u64,
        flag: bool,
    },
    Text(Amount),
    Bytes(Amount),
    /// A password, or something else that is not kept.
    Secret(Amount),
    Skip(Amount),
}

impl Touches {
    pub fn note(&self, record: &mut Record) {
        let index = self.index.value(record, 0).and_then(|index| u32::try_from(index).ok()).unwrap_or(0);
        match &self.which {
            Which::Stretch { start, count } => {
                let Some(start) = start.value(record, 0) else { return };
                let count = count.value(record, 0).unwrap_or(1).max(1);
                let end = start.saturating_add(count).saturating_sub(1);
                record.push_stretch(self.space, index, start, end);
            }
            Which::Named(slot) => {
                if let Some(Value::Text(name)) = record.get(*slot) {
                    record.push_named(self.space, index, name);
                }
            }
        }
    }
}
