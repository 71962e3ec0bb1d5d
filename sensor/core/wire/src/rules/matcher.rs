//! Holding one event against one rule's condition. Nothing here allocates.

use super::column::bits;
use super::test::Test;
use crate::event::{base, Event, FieldId};
use crate::value::Value;

/// A condition as it runs.
#[derive(Debug)]
pub enum Expression {
    Test(FieldId, Test),
    And(Box<[Expression]>),
    Or(Box<[Expression]>),
    /// True where the inner condition is false, also because its field is missing.
    Not(Box<Expression>),
}

impl Expression {
    pub fn holds(&self, event: &Event<'_>) -> bool {
        match self {
            Expression::Test(field, test) => passes(*field, test, event),
            Expression::And(parts) => parts.iter().all(|part| part.holds(event)),
            Expression::Or(parts) => parts.iter().any(|part| part.holds(event)),
            Expression::Not(inner) => !inner.holds(event),
        }
    }

    pub fn cost(&self) -> u32 {
        match self {
            Expression::Test(field, test) => test.cost(field.def().is_some_and(|def| def.many)),
            Expression::And(parts) | Expression::Or(parts) => {
                parts.iter().fold(1, |sum: u32, part| sum.saturating_add(part.cost()))
            }
            Expression::Not(inner) => inner.cost().saturating_add(1),
        }
    }
}

/// Fields that are not values of one event come first; then whatever the record holds, element by element.
#[inline]
fn passes(field: FieldId, test: &Test, event: &Event<'_>) -> bool {
    match test {
        Test::Flaws(own, stream) => return event.record.flaws & own != 0 || event.stream_flaws & stream != 0,
        Test::Segments(indices) => return indices.has_u64(event.segment.into()),
        Test::Mac(texts) => {
            let end = if field.0 == base::SOURCE_MAC { event.source() } else { event.destination() };
            return texts.has(&mac_text(end.mac));
        }
        Test::Exists(wanted) => return present(field, event) == *wanted,
        Test::Hex(texts) if field.0 == base::BYTES => return texts.has_hex(event.bytes),
        _ => {}
    }
    match event.get(field) {
        None => false,
        Some(value) => any_element(value, event, |element| test.element(element, event)),
    }
}

fn present(field: FieldId, event: &Event<'_>) -> bool {
    match field.0 {
        base::FLAWS => event.record.flaws != 0 || event.stream_flaws != 0,
        base::SOURCE_MAC | base::DESTINATION_MAC | base::SEGMENT | base::FILE_NAME | base::BYTES => true,
        _ => event.get(field).is_some(),
    }
}

/// Whether `holds` for any element of a list, or for the value itself. An empty list has none.
#[inline]
pub fn any_element(value: Value, event: &Event<'_>, mut holds: impl FnMut(Value) -> bool) -> bool {
    match value {
        Value::List(span) => event.record.list(span).iter().any(|element| holds(*element)),
        Value::Words(span) => span.of(event.bytes).chunks_exact(2).any(|pair| match pair {
            [high, low] => holds(Value::Unsigned(u16::from_be_bytes([*high, *low]).into())),
            _ => false,
        }),
        // Thousands of coils hold two values.
        Value::Bits { start, count } => {
            let (zero, one) = bits(event.bytes, start, count);
            (zero && holds(Value::Unsigned(0))) || (one && holds(Value::Unsigned(1)))
        }
        scalar => holds(scalar),
    }
}

/// `0a:1b:…`, as events print it.
fn mac_text(mac: [u8; 6]) -> [u8; 17] {
    let mut text = [b':'; 17];
    for (pair, byte) in text.chunks_mut(3).zip(mac) {
        for (place, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
            *place = b"0123456789abcdef".get(usize::from(nibble)).copied().unwrap_or(b'0');
        }
    }
    text
}
