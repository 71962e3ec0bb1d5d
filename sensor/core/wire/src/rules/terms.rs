//! A condition as alternatives, each a list of keys that a message must fit: it holds only where one of them does.

use std::collections::BTreeMap;

use super::keys::{integer_ordinal, mac_number, Key, Words};
use super::matcher::Expression;
use super::sets::{How, Texts};
use super::test::Test;
use crate::event::{base, FieldId};
use crate::value::{Class, Kind, Outcome, Role};

/// Alternatives of one condition. Beyond it several become one that needs less.
const ALTERNATIVES: usize = 16;

/// What a message must fit in each of these fields.
pub type Term = BTreeMap<FieldId, Key>;

/// No alternative: the condition never holds. An empty one: it may hold for any message.
pub fn terms(expression: &Expression) -> Vec<Term> {
    alternatives(expression, true)
}

/// Whether a message whose role, and whose fields' small unsigned numbers, fit the only term surely fits the condition.
pub fn exact(expression: &Expression) -> bool {
    let tests = match expression {
        Expression::And(parts) => parts,
        one => std::slice::from_ref(one),
    };
    let mut asked = Vec::new();
    tests.iter().all(|test| {
        let Expression::Test(field, test) = test else { return false };
        let once = !asked.contains(field);
        asked.push(*field);
        let number = matches!(test, Test::Number(..)) && field.def().is_some_and(|def| !def.many);
        once && (number || (field.0 == base::ROLE && matches!(test, Test::Text(_))))
    })
}

/// Where `expression` is `wanted`. A missing field makes a test false, so negation goes through to the tests.
fn alternatives(expression: &Expression, wanted: bool) -> Vec<Term> {
    match expression {
        Expression::Test(field, test) => {
            let term: Term = key(*field, test, wanted).map(|key| (*field, key)).into_iter().collect();
            if term.values().any(Key::is_empty) {
                return Vec::new();
            }
            vec![term]
        }
        Expression::Not(inner) => alternatives(inner, !wanted),
        Expression::And(parts) if wanted => all(parts, wanted),
        Expression::Or(parts) if !wanted => all(parts, wanted),
        Expression::And(parts) | Expression::Or(parts) => {
            let found: Vec<Term> = parts.iter().flat_map(|part| alternatives(part, wanted)).collect();
            joined(found)
        }
    }
}

fn all(parts: &[Expression], wanted: bool) -> Vec<Term> {
    let mut made = vec![Term::new()];
    for part in parts {
        let mut next = alternatives(part, wanted);
        if made.len().saturating_mul(next.len()) > ALTERNATIVES {
            next = either(next).into_iter().collect();
        }
        made = made.iter().flat_map(|left| next.iter().filter_map(|right| both(left.clone(), right))).collect();
    }
    made
}

/// A term that fits both, if one can.
fn both(mut left: Term, right: &Term) -> Option<Term> {
    for (field, key) in right {
        let many = field.def().is_none_or(|def| def.many);
        let kept = match left.remove(field) {
            None => key.clone(),
            // A list may fit both with different elements: each alone is still needed.
            Some(before) if many => {
                if key.width() < before.width() {
                    key.clone()
                } else {
                    before
                }
            }
            Some(before) => before.both(key.clone()),
        };
        if kept.is_empty() {
            return None;
        }
        left.insert(*field, kept);
    }
    Some(left)
}

/// Terms that differ in one field only become one; too many become one that needs what all of them need.
fn joined(terms: Vec<Term>) -> Vec<Term> {
    let mut kept: Vec<Term> = Vec::new();
    for term in terms {
        match kept.iter_mut().find_map(|other| differ_in_one(other, &term).map(|field| (other, field))) {
            Some((other, field)) => {
                if let (Some(mine), Some(theirs)) = (other.remove(&field), term.get(&field)) {
                    other.insert(field, mine.either(theirs.clone()));
                }
            }
            None => kept.push(term),
        }
    }
    if kept.len() > ALTERNATIVES {
        return either(kept).into_iter().collect();
    }
    kept
}

fn differ_in_one(left: &Term, right: &Term) -> Option<FieldId> {
    if left.len() != right.len() || !left.keys().eq(right.keys()) {
        return None;
    }
    let mut different = left.iter().zip(right.values()).filter(|((_, mine), theirs)| mine != theirs);
    let ((field, _), _) = different.next()?;
    different.next().is_none().then_some(*field)
}

fn either(terms: Vec<Term>) -> Option<Term> {
    terms.into_iter().reduce(|all, mut one| {
        let common = all.into_iter().filter_map(|(field, key)| Some((field, key.either(one.remove(&field)?))));
        common.collect()
    })
}

/// The values of a field for which the test answers `wanted`; none: it cannot be told from a set of values.
fn key(field: FieldId, test: &Test, wanted: bool) -> Option<Key> {
    let def = field.def()?;
    let named = |names: &[&'static str], texts: &Texts| {
        let fitting = (0i128..).zip(names).filter(|(_, name)| texts.has(name.as_bytes()) == wanted);
        let ranges: Vec<_> = fitting.map(|(number, _)| (number, number)).collect();
        Some(Key { missing: !wanted, ..Key::numbers(&ranges, &[]) })
    };
    match (test, field.0) {
        (Test::Exists(there), _) => Some(if *there == wanted { Key::present() } else { Key::missing() }),
        (Test::Text(texts), base::ROLE) => named(&Role::ALL.map(Role::name), texts),
        (Test::Text(texts), base::OPERATION_CLASS) => named(&Class::ALL.map(Class::name), texts),
        (Test::Text(texts), base::OUTCOME) => named(&Outcome::ALL.map(Outcome::name), texts),
        (Test::Segments(indices), _) if wanted => Some(Key::numbers(indices.ranges(), &[])),
        (Test::Segments(indices), _) => Some(Key::other_numbers(indices)),
        (Test::Number(integers, _), _) if integer(def.kind) && wanted => Some(Key::numbers(integers.ranges(), &[])),
        (Test::Number(integers, _), _) if integer(def.kind) && !def.many => Some(Key::other_numbers(integers)),
        (Test::Address(networks), _) if !wanted && !def.many => Some(Key::other_addresses(networks)),
        _ if !wanted => None,
        // What has these bits is no smaller than they are, and no larger than with all others beside them.
        (Test::Mask(masks), _) => {
            let range = |(mask, bits): &(u64, u64)| (i128::from(*bits), i128::from(*bits | !*mask));
            Some(Key::numbers(&masks.iter().map(range).collect::<Vec<_>>(), &[]))
        }
        // A million entries, or what no set of values says: whatever the field holds.
        (Test::Re(_) | Test::Listed(_), _) => Some(Key::present()),
        (Test::Number(integers, stretches), _) => Some(Key::numbers(integers.ranges(), stretches)),
        (Test::Address(networks), _) => Some(Key::addresses(networks)),
        (Test::Text(texts), _) => Some(Key { texts: Words::texts(texts), ..Key::default() }),
        (Test::Hex(texts), _) => Some(Key { blobs: Words::hex(texts), ..Key::default() }),
        (Test::Any(integers, stretches, texts), _) => {
            let numbers = Key::numbers(integers.ranges(), stretches);
            Some(Key { texts: Words::texts(texts), blobs: Words::hex(texts), ..numbers })
        }
        (Test::Flaws(own, stream), _) => {
            let bits = u128::from(*own) | u128::from(*stream) << 64;
            let ranges: Vec<_> = (0..72i128).filter(|bit| bits >> bit & 1 == 1).map(|bit| (bit, bit)).collect();
            Some(Key::numbers(&ranges, &[]))
        }
        (Test::Mac(texts), _) => macs(texts),
    }
}

fn integer(kind: Kind) -> bool {
    matches!(kind, Kind::Unsigned | Kind::Signed | Kind::Boolean)
}

/// MAC addresses that are, or begin with, one of the texts.
fn macs(texts: &Texts) -> Option<Key> {
    if !matches!(texts.how, How::Equal | How::Starts) {
        return None;
    }
    let mut numbers = Vec::new();
    for needle in texts.needles() {
        // Whatever follows the text lies between all zeros and all ones.
        let filled = |with: u8| -> Option<i128> {
            let mut mac = [0u8; 6];
            for (place, byte) in mac.iter_mut().enumerate() {
                for (half, shift) in [(0usize, 4u8), (1, 0)] {
                    let at = place.saturating_mul(3).saturating_add(half);
                    let digit = needle.get(at).copied().unwrap_or(with);
                    *byte |= u8::try_from(char::from(digit).to_digit(16)?).ok()? << shift;
                }
            }
            Some(mac_number(mac))
        };
        let (low, high) = (integer_ordinal(filled(b'0')?), integer_ordinal(filled(b'f')?));
        numbers.push((low, high));
    }
    let made = numbers.into_iter().map(|range| Key { numbers: vec![range], ..Key::default() });
    Some(made.fold(Key::default(), Key::either))
}
