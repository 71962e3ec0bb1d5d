//! Every single hit as one line of NDJSON, before folding.

use std::io::Write;

use crate::event::{Event, FieldId};
use crate::finding::TimedFinding;
use crate::print::{decimal, Names, Object, Written};
use crate::value::{name_hash, Value};

pub fn line(out: &mut Vec<u8>, cause: &str, rule: Option<u32>, event: &Event<'_>, names: &Names) {
    let mut object = Object::open(out);
    object.timestamp("@timestamp", event.ts_ns);
    object.text("file.name", names.input(event.input));
    object.number("frame.number", event.number);
    cause_of(&mut object, cause, rule);
    object.text("network.protocol", event.protocol_name());
    object.text("segment", names.segment(event.segment));
    for (key, side) in [("source", event.source()), ("destination", event.destination())] {
        object.address(if key == "source" { "source.ip" } else { "destination.ip" }, side.ip);
        object.key(if key == "source" { "source.port" } else { "destination.port" });
        decimal(object.out, side.port.into());
    }
    object.close();
}

pub fn silent_line(out: &mut Vec<u8>, cause: &str, finding: &TimedFinding, names: &Names) {
    let mut object = Object::open(out);
    object.timestamp("@timestamp", finding.ts_ns);
    cause_of(&mut object, cause, None);
    object.text("network.protocol", finding.protocol);
    object.text("segment", names.segment(finding.segment));
    object.address("source.ip", finding.client_ip);
    object.address("destination.ip", finding.server_ip);
    object.close();
}

fn cause_of(object: &mut Object<'_>, cause: &str, rule: Option<u32>) {
    object.text("cause", cause);
    if rule.is_some() {
        object.text("rule_id", cause.strip_prefix("rule:").unwrap_or(cause));
    }
}

/// A number that is equal for equal values of a field (a rule's `fold`); 0 where the event has none. Alert ids are made
/// of it: it may not change.
pub fn field_hash(event: &Event<'_>, field: FieldId) -> u64 {
    match event.get(field) {
        None => 0,
        Some(Value::Text(span)) => name_hash(event.record.text(span).as_bytes()),
        Some(Value::Name(name)) => name_hash(name.as_bytes()),
        Some(Value::Bytes(span) | Value::Words(span)) => name_hash(span.of(event.bytes)),
        Some(Value::Blob(span)) => name_hash(event.record.blob(span)),
        Some(Value::Ip(ip)) => name_hash(Written::new(ip).plain()),
        Some(Value::List(span)) => {
            let items = event.record.list(span);
            let text: Vec<u8> = items.iter().flat_map(|item| format!("{item:?}").into_bytes()).collect();
            name_hash(&text)
        }
        Some(other) => {
            // Numbers, mostly: written where they are hashed, for every hit of such a rule.
            let mut text = [0u8; 64];
            let mut rest = text.as_mut_slice();
            if write!(rest, "{other:?}").is_err() {
                return name_hash(format!("{other:?}").as_bytes());
            }
            let left = rest.len();
            name_hash(text.get(..text.len().saturating_sub(left)).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was hashed as one text goes on giving the same number.
    #[test]
    fn values_are_hashed_as_they_are_written() {
        let record = crate::value::Record::default();
        let side = crate::event::Endpoint { ip: [10, 20, 0, 255].into(), port: 65_535, mac: [0; 6] };
        let event = Event {
            ts_ns: u64::MAX,
            number: 1,
            input: 0,
            segment: 0,
            protocol: 0,
            transport: 6,
            vlan: Some(4095),
            from_client: true,
            client: &side,
            server: &side,
            record: &record,
            bytes: &[],
            asked: None,
            link: Some(crate::event::LinkFacts::default()),
            stream_flaws: 0,
        };
        for (name, text) in [
            ("client.ip", "10.20.0.255"),
            ("server.port", "Unsigned(65535)"),
            ("network.vlan.id", "Unsigned(4095)"),
            ("@timestamp", "Unsigned(18446744073709551615)"),
            ("network.transport", "tcp"),
            ("link.known", "Bool(false)"),
        ] {
            let field = FieldId::by_name(name).unwrap();
            assert_eq!(field_hash(&event, field), name_hash(text.as_bytes()), "{name}");
        }
        assert_eq!(field_hash(&event, FieldId::by_name("event.duration").unwrap()), 0);
    }
}
