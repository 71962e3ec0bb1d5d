//! What a conversation's client asked for last, so that the order of its operations can be learned and judged.
//!
//! A run of equal operations counts once: how often a master repeats its read says nothing. What polls cost is one
//! comparison; nothing is looked up for them.

use crate::value::{Class, Record};

/// An operation as sixteen bits: the class, and the code, whole below 4,096 and folded above. Two operations of one link
/// that come out alike make it one whose order is not learned.
pub type Short = u16;

/// Nobody knows what came before: the capture began in the middle, or bytes were lost.
pub const UNKNOWN: Short = 0;
/// The connection was opened.
pub const START: Short = 1;
const OPERATION: Short = 0x8000;

#[inline]
#[allow(clippy::cast_possible_truncation)] // folded
pub fn short(code: u32, class: Class) -> Short {
    let folded = code ^ code >> 12 ^ code >> 24;
    OPERATION | (folded as Short & 0xfff) << 3 | class as Short
}

#[inline]
pub fn class_of(operation: Short) -> Option<Class> {
    Class::ALL.get(usize::from(operation & 7)).copied().filter(|_| operation & OPERATION != 0)
}

/// Operations that change something: only these are told when they come in an order that was not learned.
#[inline]
pub fn changes(class: Class) -> bool {
    matches!(class, Class::Write | Class::Control | Class::Program)
}

/// Four bytes of each flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    before: Short,
    last: Short,
}

/// From one operation to the next, and what came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    pub before: Short,
    pub last: Short,
    pub next: Short,
}

impl Trail {
    /// Of a connection whose beginning was seen.
    pub fn begun() -> Self {
        Self { before: UNKNOWN, last: START }
    }

    /// A request. `None`: the same operation again, or nobody knows what came before it.
    #[inline]
    pub fn step(&mut self, record: &Record) -> Option<Step> {
        let next = short(record.operation, record.class);
        if next == self.last {
            return None;
        }
        let step = Step { before: self.before, last: self.last, next };
        *self = Self { before: self.last, last: next };
        (step.last != UNKNOWN).then_some(step)
    }
}

impl Step {
    /// As one number, and back.
    pub fn packed(self) -> u64 {
        u64::from(self.before) << 32 | u64::from(self.last) << 16 | u64::from(self.next)
    }

    #[allow(clippy::cast_possible_truncation)] // parts of a word
    pub fn unpacked(word: u64) -> Self {
        Self { before: (word >> 32) as Short, last: (word >> 16) as Short, next: word as Short }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(code: u32, class: Class) -> Record {
        let mut record = Record::default();
        (record.operation, record.class) = (code, class);
        record
    }

    #[test]
    fn runs_count_once_and_what_is_not_known_is_no_step() {
        let (read, write) = (asked(3, Class::Read), asked(6, Class::Write));
        let (of_read, of_write) = (short(3, Class::Read), short(6, Class::Write));
        let mut middle = Trail::default();
        assert_eq!([middle.step(&read), middle.step(&read)], [None, None]);
        assert_eq!(middle.step(&write), Some(Step { before: UNKNOWN, last: of_read, next: of_write }));
        assert_eq!(middle.step(&read), Some(Step { before: of_read, last: of_write, next: of_read }));
        let mut begun = Trail::begun();
        let first = Step { before: UNKNOWN, last: START, next: of_write };
        assert_eq!(begun.step(&write), Some(first));
        assert_eq!(Step::unpacked(first.packed()), first);
    }

    #[test]
    fn operations_are_told_apart() {
        let mut seen = std::collections::BTreeSet::from([UNKNOWN, START]);
        for class in Class::ALL {
            for code in 0..0x1000 {
                assert!(seen.insert(short(code, class)));
                assert_eq!(class_of(short(code, class)), Some(class));
            }
        }
        assert_eq!([class_of(UNKNOWN), class_of(START)], [None, None]);
        assert_ne!(short(0x8000_0001, Class::Read), short(1, Class::Read));
    }
}
