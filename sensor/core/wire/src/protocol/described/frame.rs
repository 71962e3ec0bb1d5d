//! Where a message begins and ends.

use memchr::memmem;

use super::check::Kind;
use super::number::Written;

#[derive(Debug)]
pub enum Size {
    Fixed(usize),
    /// A number at that place × times + plus is the size of the whole message.
    Counted {
        at: usize,
        written: Written,
        times: u64,
        plus: i64,
    },
    /// It goes on to its end.
    Ended,
    /// It is a whole datagram.
    Datagram,
}

#[derive(Debug)]
pub struct Check {
    pub kind: Kind,
    pub from: usize,
    pub written: Written,
    pub behind_end: bool,
}

#[derive(Debug)]
pub struct Frame {
    pub start: Vec<u8>,
    pub end: Vec<u8>,
    pub size: Size,
    /// Bytes that a message has at least and at most.
    pub least: usize,
    pub most: usize,
    pub check: Option<Check>,
}

/// What stands at the front of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// A message of so many bytes.
    Whole(usize),
    /// The front of one: so many bytes are needed to say more.
    Short(usize),
    No,
}

impl Frame {
    pub fn front(&self, bytes: &[u8]) -> Front {
        let begun = self.start.iter().zip(bytes).take_while(|(wanted, found)| wanted == found).count();
        if begun < self.start.len().min(bytes.len()) {
            return Front::No;
        }
        if bytes.len() < self.least && !matches!(self.size, Size::Datagram) {
            return Front::Short(self.least);
        }
        let whole = match &self.size {
            Size::Fixed(size) => *size,
            Size::Datagram => bytes.len(),
            Size::Counted { at, written, times, plus } => {
                let counted =
                    bytes.get(*at..at.saturating_add(written.width)).and_then(|bytes| written.unsigned(bytes));
                let reckoned = counted.and_then(|counted| {
                    i64::try_from(counted.checked_mul(*times)?).ok()?.checked_add(*plus)?.try_into().ok()
                });
                reckoned.unwrap_or(0)
            }
            Size::Ended => match self.ending(bytes) {
                Some(whole) => whole,
                None if bytes.len() < self.most => return Front::Short(bytes.len().saturating_add(1)),
                None => return Front::No,
            },
        };
        let least = if matches!(self.size, Size::Counted { .. }) { self.least } else { 1 };
        if !(least..=self.most).contains(&whole) {
            Front::No
        } else if whole > bytes.len() {
            Front::Short(whole)
        } else {
            Front::Whole(whole)
        }
    }

    /// Where the first end is, with the check behind it.
    fn ending(&self, bytes: &[u8]) -> Option<usize> {
        let looked = bytes.get(..self.most).unwrap_or(bytes);
        let found = memmem::find(looked.get(self.start.len()..)?, &self.end)?;
        let behind = self.check.as_ref().filter(|check| check.behind_end).map_or(0, |check| check.written.width);
        Some(self.start.len().saturating_add(found).saturating_add(self.end.len()).saturating_add(behind))
    }

    /// Bytes behind the last field.
    pub fn trailer(&self) -> usize {
        self.end.len().saturating_add(self.check.as_ref().map_or(0, |check| check.written.width))
    }

    /// Whether the end of a whole message is where it belongs, and whether its check is right.
    pub fn verify(&self, message: &[u8]) -> (bool, bool) {
        let Some(check) = &self.check else { return (message.ends_with(&self.end), true) };
        let width = check.written.width;
        let behind = if check.behind_end { 0 } else { self.end.len() };
        let place = message.len().saturating_sub(behind).saturating_sub(width);
        let ended = if check.behind_end {
            message.get(..place).is_some_and(|front| front.ends_with(&self.end))
        } else {
            message.ends_with(&self.end)
        };
        let found = message.get(place..place.saturating_add(width)).and_then(|bytes| check.written.unsigned(bytes));
        let covered = message.get(check.from..place).unwrap_or_default();
        (ended, found == Some(u64::from(check.kind.of(covered))))
    }

    /// How many bytes prove nothing and are passed over to the next place where a message may begin.
    pub fn lost(&self, bytes: &[u8]) -> usize {
        let behind = bytes.get(1..).unwrap_or_default();
        let next = match (self.start.is_empty(), self.end.is_empty()) {
            (false, _) => self.next_start(behind),
            (true, false) => memmem::find(behind, &self.end).map(|place| place.saturating_add(self.end.len())),
            (true, true) => None,
        };
        next.map_or(bytes.len(), |next| next.saturating_add(1))
    }

    /// A start that the bytes end in the middle of is one, too.
    fn next_start(&self, bytes: &[u8]) -> Option<usize> {
        let whole = memmem::find(bytes, &self.start);
        whole.or_else(|| {
            let longest = self.start.len().saturating_sub(1).min(bytes.len());
            let begun =
                (1..=longest).rev().find(|length| self.start.get(..*length).is_some_and(|part| bytes.ends_with(part)));
            begun.map(|length| bytes.len().saturating_sub(length))
        })
    }
}
