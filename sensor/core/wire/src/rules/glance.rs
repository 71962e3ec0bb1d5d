//! What a gate is asked first: sixteen bytes that say no to most messages. Those of a place lie in one cache line, so
//! that a message waits for that line and not for one a gate, however many fields rules ask for.

use super::hull::Hull;
use super::rare::Rare;
use crate::event::Event;
use crate::value::Value;

#[derive(Clone, Copy, Debug, Default)]
pub struct Glance {
    /// Of numbers, or of bytes: the least, and from there to the last.
    low: u32,
    span: u32,
    /// The same of 16-bit words.
    words: (u16, u16),
    slot: u8,
    at: At,
}

const _: () = assert!(size_of::<Glance>() == 16);

/// Where it looks.
#[derive(Clone, Copy, Debug, Default)]
enum At {
    /// Here is no gate.
    #[default]
    Nothing,
    /// Only the gate itself can tell.
    Gate,
    Slot {
        /// A missing field opens.
        absent: bool,
    },
    Bytes,
}

impl Glance {
    pub const GATE: Self = Self { low: 0, span: 0, words: (0, 0), slot: 0, at: At::Gate };

    pub fn of_slot(slot: u8, hull: &Hull, absent: bool) -> Self {
        let (low, span) = hull.small();
        hull.words().map_or(Self::GATE, |words| Self { low, span, words, slot, at: At::Slot { absent } })
    }

    pub fn of_bytes(rare: Rare) -> Self {
        let (low, span) = rare.stretch();
        Self { low: low.into(), span: span.into(), at: At::Bytes, ..Self::default() }
    }

    /// False: the gate does not open.
    #[inline(always)] // what nearly every message takes of the rules
    pub fn may_open(&self, event: &Event<'_>) -> bool {
        match self.at {
            At::Nothing => false,
            At::Gate => true,
            At::Slot { absent } => match event.record.get(self.slot.into()) {
                None => absent,
                Some(Value::Unsigned(number)) => {
                    u32::try_from(number).map_or(true, |number| number.wrapping_sub(self.low) <= self.span)
                }
                Some(Value::Words(span)) => self.meets(span.of(event.bytes)),
                Some(_) => true,
            },
            At::Bytes => self.stands(event.bytes),
        }
    }

    #[inline(never)]
    fn meets(&self, words: &[u8]) -> bool {
        Hull::any_word(self.words, words)
    }

    #[inline(never)]
    fn stands(&self, text: &[u8]) -> bool {
        #[allow(clippy::cast_possible_truncation, clippy::as_conversions)] // made from bytes
        Rare::from_stretch(self.low as u8, self.span as u8).stands(text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::integer_ordinal;
    use super::*;

    fn hull(low: i128, high: i128) -> Hull {
        Hull::new([(integer_ordinal(low), integer_ordinal(high))].into_iter())
    }

    #[test]
    fn what_lies_inside_is_never_sent_away() {
        let last = i128::from(u32::MAX);
        for (low, high) in
            [(0, 0), (-3, 9), (10_000, 65_000), (5, last), (last, last), (7, last + 9), (last + 5, last + 9)]
        {
            let (first, span) = hull(low, high).small();
            for value in [0, 1, 9, 10, 9_999, 10_000, 65_000, 65_001, last - 1] {
                let number = u32::try_from(value).unwrap();
                assert_eq!(
                    number.wrapping_sub(first) <= span,
                    (low..=high).contains(&value),
                    "{low}..={high}: {value}"
                );
            }
        }
        assert_eq!(Hull::new(std::iter::empty()).small(), (u32::MAX, 0));
    }

    #[test]
    fn a_gate_without_words_is_asked_itself() {
        assert!(matches!(Glance::of_slot(3, &hull(70_000, 80_000), false).at, At::Gate));
        assert!(matches!(Glance::of_slot(3, &hull(7, 80_000), true).at, At::Slot { absent: true }));
    }
}
