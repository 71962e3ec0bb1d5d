//! What protocols of lines have in common: lines, replies, header fields, logins, and who waits for which answer.

pub mod base64;
pub mod chunks;
pub mod credentials;
pub mod dots;
pub mod head;
pub mod lines;
pub mod queue;
pub mod sasl;
pub mod word;

use crate::limits::TEXT_BYTES;
use crate::value::{Class, Record};

/// What a message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    pub number: u32,
    pub name: &'static str,
    pub class: Class,
}

pub const fn operation(number: u32, name: &'static str, class: Class) -> Operation {
    Operation { number, name, class }
}

impl Operation {
    #[inline]
    pub fn tell(self, record: &mut Record) {
        record.operation = self.number;
        record.operation_name = self.name;
        record.class = self.class;
    }
}

/// Keep a text, cut to the budget; none where there is none.
#[inline]
pub fn put(record: &mut Record, slot: usize, text: &[u8]) {
    let text = text.trim_ascii();
    if !text.is_empty() {
        record.set_text(slot, text.get(..TEXT_BYTES).unwrap_or(text));
    }
}

/// The name of a command. What nobody knows is kept only where it looks like one: it may be a password out of order.
pub fn put_command(record: &mut Record, slot: usize, verb: &[u8], known: bool) {
    if known || verb.len() <= 8 && verb.iter().all(u8::is_ascii_alphabetic) {
        put(record, slot, verb);
    }
}

/// A decimal number and nothing else.
pub fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, digit| match digit {
        b'0'..=b'9' => sum.checked_mul(10)?.checked_add(u64::from(digit.wrapping_sub(b'0'))),
        _ => None,
    })
}

/// Up to the first such byte, and what is behind it (empty where there is none).
#[inline]
pub fn split(text: &[u8], at: u8) -> (&[u8], &[u8]) {
    match memchr::memchr(at, text) {
        Some(place) => (text.get(..place).unwrap_or_default(), text.get(place.saturating_add(1)..).unwrap_or_default()),
        None => (text, &[]),
    }
}

/// The first word and what is behind the spaces that follow it.
#[inline]
pub fn first_word(text: &[u8]) -> (&[u8], &[u8]) {
    let (word, rest) = split(text, b' ');
    (word, rest.trim_ascii_start())
}

/// Could be read by a person: no control characters but tabs.
pub fn readable(text: &[u8]) -> bool {
    text.iter().all(|byte| *byte >= 0x20 && *byte != 0x7f || *byte == b'\t')
}

/// Whether `text` has `part` in it, capital letters or not. `part` is in small letters.
pub fn mentions(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len().max(1)).any(|window| window.eq_ignore_ascii_case(part))
}
