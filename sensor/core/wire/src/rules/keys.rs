//! What a rule needs of a single field before it can match at all: the keys it is filed under in the index.

use std::collections::BTreeMap;

use super::matcher::Expression;
use super::sets::How;
use super::test::Test;
use crate::event::{base, Event, FieldId};
use crate::value::{Kind, Value};

/// Pairs of ranges that are intersected. Beyond it the narrower list is taken as it is.
const PAIRS: usize = 4096;

/// Any of these values, or no match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Inclusive ranges of numbers: see [`number_key`].
    Numbers(Vec<(u128, u128)>),
    /// Whole texts, sorted.
    Names(Vec<Box<[u8]>>),
}

impl Keys {
    fn either(self, other: Keys) -> Option<Keys> {
        match (self, other) {
            (Keys::Numbers(mut left), Keys::Numbers(right)) => {
                left.extend(right);
                Some(Keys::Numbers(left))
            }
            (Keys::Names(mut left), Keys::Names(right)) => {
                left.extend(right);
                left.sort_unstable();
                left.dedup();
                Some(Keys::Names(left))
            }
            _ => None,
        }
    }

    /// What one value must fit to fit both.
    fn both(self, other: Keys) -> Keys {
        match (self, other) {
            (Keys::Numbers(left), Keys::Numbers(right)) if left.len().saturating_mul(right.len()) <= PAIRS => {
                let pairs = left.iter().flat_map(|a| right.iter().map(move |b| (a.0.max(b.0), a.1.min(b.1))));
                Keys::Numbers(pairs.filter(|(low, high)| low <= high).collect())
            }
            (left, right) => left.sharper(right),
        }
    }

    /// Fewer keys file a rule more sharply; both sets of keys are needed, so either alone is right.
    fn sharper(self, other: Keys) -> Keys {
        let width = |keys: &Keys| match keys {
            Keys::Numbers(ranges) => {
                ranges.iter().fold(0u128, |sum, (low, high)| sum.saturating_add(high.saturating_sub(*low)))
            }
            Keys::Names(names) => u128::try_from(names.len()).unwrap_or(u128::MAX),
        };
        if width(&other) < width(&self) {
            other
        } else {
            self
        }
    }
}

/// The fields without which `expression` is false, each with the values one of which it needs.
pub fn needed(expression: &Expression) -> BTreeMap<FieldId, Keys> {
    match expression {
        Expression::Test(field, test) => keys(*field, test).map(|keys| (*field, keys)).into_iter().collect(),
        Expression::And(parts) => {
            let mut all: BTreeMap<FieldId, Keys> = BTreeMap::new();
            for (field, keys) in parts.iter().flat_map(needed) {
                let many = field.def().is_none_or(|def| def.many);
                let kept = match all.remove(&field) {
                    // A list may fit both with different elements: each alone is still needed.
                    Some(before) if many => before.sharper(keys),
                    Some(before) => before.both(keys),
                    None => keys,
                };
                all.insert(field, kept);
            }
            all
        }
        Expression::Or(parts) => {
            let mut parts = parts.iter().map(needed);
            let first = parts.next().unwrap_or_default();
            parts.fold(first, |all, mut part| {
                let joined = all.into_iter().filter_map(|(field, keys)| {
                    let other = part.remove(&field)?;
                    Some((field, keys.either(other)?))
                });
                joined.collect()
            })
        }
        // A missing field makes the inside of a `not` false: nothing is needed.
        Expression::Not(_) => BTreeMap::new(),
    }
}

fn keys(field: FieldId, test: &Test) -> Option<Keys> {
    let kind = field.def()?.kind;
    match test {
        // A stretch of real numbers says nothing about a field that holds real numbers.
        Test::Number(integers, _) if matches!(kind, Kind::Unsigned | Kind::Signed | Kind::Boolean) => {
            let ranges = integers.ranges().iter().map(|(low, high)| (number_key(*low), number_key(*high)));
            Some(Keys::Numbers(ranges.collect()))
        }
        Test::Address(networks) => Some(Keys::Numbers(networks.keys().collect())),
        Test::Segments(indices) => {
            let ranges = indices.ranges().iter().map(|(low, high)| (number_key(*low), number_key(*high)));
            Some(Keys::Numbers(ranges.collect()))
        }
        Test::Flaws(own, stream) => {
            let bits = (0..64u8).filter(|bit| own >> bit & 1 == 1);
            let stream_bits = (0..8u8).filter(|bit| stream >> bit & 1 == 1).map(|bit| bit.saturating_add(64));
            let ranges = bits.chain(stream_bits).map(|bit| (number_key(bit.into()), number_key(bit.into())));
            Some(Keys::Numbers(ranges.collect()))
        }
        Test::Text(texts) if texts.how == How::Equal => Some(Keys::Names(texts.needles().to_vec())),
        _ => None,
    }
}

/// A number as a key: the order of signed numbers, kept.
#[inline]
pub fn number_key(value: i128) -> u128 {
    u128::from_ne_bytes(value.to_ne_bytes()) ^ (1 << 127)
}

/// The keys of one element, or of the flaws and the segment that an event has beside its values.
#[inline]
pub fn each_number(field: FieldId, event: &Event<'_>, mut found: impl FnMut(u128)) {
    match field.0 {
        base::FLAWS => {
            let mut left = u128::from(event.record.flaws) | u128::from(event.stream_flaws) << 64;
            while left != 0 {
                found(number_key(left.trailing_zeros().into()));
                left &= left.wrapping_sub(1);
            }
        }
        base::SEGMENT => found(number_key(event.segment.into())),
        _ => {
            if let Some(value) = event.get(field) {
                super::matcher::any_element(value, event, |element| {
                    if let Some(key) = element_key(element) {
                        found(key);
                    }
                    false
                });
            }
        }
    }
}

#[inline]
fn element_key(value: Value) -> Option<u128> {
    match value {
        Value::Unsigned(value) => Some(number_key(value.into())),
        Value::Signed(value) => Some(number_key(value.into())),
        Value::Bool(value) => Some(number_key(value.into())),
        Value::Ip(address) => Some(super::sets::address_key(address)),
        _ => None,
    }
}
