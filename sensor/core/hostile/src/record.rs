//! What holds for every record that a parser filled, whatever it was given.

use wire::limits;
use wire::protocol::{at, Protocol};
use wire::value::{FieldDef, Kind, Record, Value};

/// Lists of one message grow by what is in it, and a few are cut at `limits::LIST_VALUES` only together.
const MOST_VALUES: usize = 4 * limits::LIST_VALUES;

/// Check it against the protocol whose message it is. `family` is that of the conversation; returns the message's own.
pub fn check(record: &Record, family: usize, message: &[u8]) -> usize {
    let place = record.protocol.map_or(family, usize::from);
    let protocol: &Protocol = at(place).expect("a known protocol");
    let unnamed = record.flaws.checked_shr(protocol.flaws.len() as u32).unwrap_or(0);
    assert!(unnamed == 0, "flaws of {} without a name: {unnamed:x}", protocol.name);
    for slot in record.present() {
        let field = protocol.fields.get(slot).unwrap_or_else(|| panic!("{} has no field {slot}", protocol.name));
        let value = record.get(slot).expect("a slot that is present");
        if let Value::List(span) = value {
            let values = record.list(span);
            assert!(field.many, "{} holds one value, not a list", field.name);
            assert_eq!(values.len(), span.len as usize, "{} reaches beyond what is kept", field.name);
            assert!(values.len() <= MOST_VALUES, "{} has {} values", field.name, values.len());
            for value in values {
                assert!(!matches!(value, Value::List(_)), "{} has a list in a list", field.name);
                one(field, *value, record, message);
            }
        } else {
            // In a list it keeps a place.
            assert!(value != Value::Name(""), "{} is an empty name", field.name);
            one(field, value, record, message);
        }
    }
    for object in record.objects() {
        assert!(object.start <= object.end, "{object:?} ends before it starts");
        if let Some(name) = object.text {
            assert_eq!(record.blob(name).len(), name.len as usize, "the name of {object:?} is not kept");
        }
    }
    assert!(record.objects().len() <= MOST_VALUES, "{} objects", record.objects().len());
    for span in record.user.iter() {
        assert_eq!(record.text(*span).len(), span.len as usize, "the user's name is cut or no text");
    }
    assert!(!record.operation_name.is_empty(), "an operation has a name, if it is `unknown`");
    place
}

/// One value: of the declared type, and within the bytes that it points into.
fn one(field: &FieldDef, value: Value, record: &Record, message: &[u8]) {
    let kinds: &[Kind] = match value {
        Value::Unsigned(_) => &[Kind::Unsigned, Kind::Timestamp],
        Value::Signed(_) => &[Kind::Signed],
        Value::Float(_) => &[Kind::Float],
        Value::Bool(_) => &[Kind::Boolean],
        Value::Name(_) => &[Kind::Text],
        Value::Text(span) => {
            let text = record.text(span);
            assert_eq!(text.len(), span.len as usize, "{} is not kept whole, or no text", field.name);
            &[Kind::Text]
        }
        Value::Bytes(span) => {
            assert_eq!(span.of(message).len(), span.len as usize, "{} reaches beyond its message", field.name);
            &[Kind::Bytes]
        }
        Value::Blob(span) => {
            assert_eq!(record.blob(span).len(), span.len as usize, "{} is not kept whole", field.name);
            &[Kind::Bytes]
        }
        Value::Ip(_) => &[Kind::Ip],
        Value::Words(span) => {
            assert_eq!(span.of(message).len(), span.len as usize, "{} reaches beyond its message", field.name);
            &[Kind::Unsigned]
        }
        Value::Bits { start, count } => {
            let end = u64::from(start) + u64::from(count).div_ceil(8);
            assert!(end <= message.len() as u64, "{} reaches beyond its message", field.name);
            &[Kind::Boolean, Kind::Unsigned]
        }
        Value::List(_) => &[],
    };
    assert!(
        field.kind == Kind::Any || kinds.contains(&field.kind),
        "{} is {:?} and holds {value:?}",
        field.name,
        field.kind
    );
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use wire::protocol::place_of;
    use wire::value::Span;

    use super::*;

    /// Whether a record of Modbus that is filled so passes, for a message of four bytes.
    fn passes(field: &str, value: Value, flaws: u64) -> bool {
        let place = usize::from(place_of("modbus"));
        let slot = at(place)
            .expect("a known protocol")
            .fields
            .iter()
            .position(|listed| listed.name == field)
            .expect("a field");
        let result = catch_unwind(|| {
            let mut record = Record::default();
            record.flaws = flaws;
            record.set(slot, value);
            check(&record, place, &[1, 2, 3, 4])
        });
        result.is_ok()
    }

    #[test]
    fn what_no_parser_may_tell_is_found() {
        assert!(passes("modbus.unit_id", Value::Unsigned(1), 1));
        assert!(!passes("modbus.unit_id", Value::Unsigned(1), 1 << 63), "a flaw without a name");
        assert!(!passes("modbus.unit_id", Value::Bool(true), 0), "another type than declared");
        assert!(!passes("modbus.unit_id", Value::List(Span::new(0, 0)), 0), "a list of what is one");
        assert!(passes("modbus.data", Value::Bytes(Span::new(1, 3)), 0));
        assert!(!passes("modbus.data", Value::Bytes(Span::new(2, 3)), 0), "beyond the message");
        assert!(!passes("modbus.data", Value::Blob(Span::new(0, 1)), 0), "beyond what is kept");
    }
}
