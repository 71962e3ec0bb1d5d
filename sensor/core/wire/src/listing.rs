//! Every single hit as one line of NDJSON, before folding.

use std::io::Write;

use crate::correlation::{Ends, Overdue};
use crate::event::{base, Event, FieldId};
use crate::finding::TimedFinding;
use crate::fold::Mark;
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

/// What was found behind the merge of all shards: a message of which this much is known.
pub fn seen_line(out: &mut Vec<u8>, cause: &str, rule: u32, mark: Mark, segment: u16, ends: &Ends, names: &Names) {
    let mut object = Object::open(out);
    object.timestamp("@timestamp", mark.ts_ns);
    object.text("file.name", names.input(mark.input));
    object.number("frame.number", mark.number);
    cause_of(&mut object, cause, Some(rule));
    object.text("network.protocol", ends.protocol);
    object.text("segment", names.segment(segment));
    let (source, destination) = ends.in_direction();
    object.address("source.ip", source.ip);
    object.number("source.port", source.port.into());
    object.address("destination.ip", destination.ip);
    object.number("destination.port", destination.port.into());
    object.close();
}

/// What did not come, by the last message that did.
pub fn overdue_line(out: &mut Vec<u8>, cause: &str, overdue: &Overdue, names: &Names) {
    let Overdue { rule, key, last, ends, .. } = overdue;
    seen_line(out, cause, *rule, last.mark, key.segment, ends, names);
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

/// A number that is equal for equal values of a field (a rule's `fold`); 0 where the event has none. A value alone and a
/// list of one are the same. Alert ids are made of it: it may not change.
pub fn field_hash(event: &Event<'_>, field: FieldId) -> u64 {
    match field.0 {
        // Hardware addresses are no values of a record: six bytes of an end.
        base::SOURCE_MAC => return name_hash(&event.source().mac),
        base::DESTINATION_MAC => return name_hash(&event.destination().mac),
        _ => {}
    }
    match event.get(field) {
        None => 0,
        Some(Value::List(span)) => match event.record.list(span) {
            [only] => value_hash(event, *only),
            items => items.iter().fold(0, |sum: u64, item| sum.rotate_left(9) ^ value_hash(event, *item)),
        },
        Some(value) => value_hash(event, value),
    }
}

/// Of what a value says, not of where it stands.
fn value_hash(event: &Event<'_>, value: Value) -> u64 {
    match value {
        Value::Text(span) => name_hash(event.record.text(span).as_bytes()),
        Value::Name(name) => name_hash(name.as_bytes()),
        Value::Bytes(span) | Value::Words(span) => name_hash(span.of(event.bytes)),
        Value::Blob(span) => name_hash(event.record.blob(span)),
        Value::Ip(ip) => name_hash(Written::new(ip).plain()),
        other => {
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

    /// A message of the first protocol between two ends of one address.
    fn event<'a>(record: &'a crate::value::Record, side: &'a crate::event::Endpoint) -> Event<'a> {
        Event {
            ts_ns: 0,
            number: 1,
            input: 0,
            segment: 0,
            protocol: 0,
            family: 0,
            transport: 6,
            vlan: None,
            from_client: true,
            client: side,
            server: side,
            record,
            bytes: &[],
            asked: None,
            link: None,
            stream_flaws: 0,
        }
    }

    /// What was hashed as one text goes on giving the same number.
    #[test]
    fn values_are_hashed_as_they_are_written() {
        let record = crate::value::Record::default();
        let side = crate::event::Endpoint { ip: [10, 20, 0, 255].into(), port: 65_535, mac: [0; 6] };
        let link = Some(crate::event::LinkFacts::default());
        let event = Event { ts_ns: u64::MAX, vlan: Some(4095), link, ..event(&record, &side) };
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

    /// Rules about who sends (`fold: [source.mac]`) tell senders apart.
    #[test]
    fn hardware_addresses_are_told_apart() {
        let record = crate::value::Record::default();
        let end =
            |last| crate::event::Endpoint { ip: [10, 20, 0, 1].into(), port: 1, mac: [0, 0x1b, 0x1b, 0, 0, last] };
        let (one, other) = (end(1), end(2));
        let field = |name| FieldId::by_name(name).unwrap();
        let between = |client| Event { server: &other, ..event(&record, client) };
        let hash = |client, name| field_hash(&between(client), field(name));
        assert_ne!(hash(&one, "source.mac"), hash(&other, "source.mac"));
        assert_eq!(hash(&one, "destination.mac"), hash(&other, "source.mac"));
        assert_ne!(hash(&one, "source.mac"), 0);
    }

    /// Two lists of texts are one when they say the same, wherever the texts stand in the record.
    #[test]
    fn lists_are_hashed_by_what_they_say() {
        let side = crate::event::Endpoint { ip: [10, 0, 0, 1].into(), port: 1, mac: [0; 6] };
        let hash = |before: &str, texts: &[&str], alone: bool| {
            let mut record = crate::value::Record::default();
            record.push_text(before.as_bytes());
            for text in texts {
                let value = Value::Text(record.push_text(text.as_bytes()));
                if alone {
                    record.set(0, value);
                } else {
                    record.push(0, value);
                }
            }
            field_hash(&event(&record, &side), FieldId::of_protocol(0, 0))
        };
        let nodes = ["ns=2;s=a", "ns=2;s=b"];
        assert_eq!(hash("", &nodes, false), hash("something before", &nodes, false));
        assert_ne!(hash("", &nodes, false), hash("", &["ns=2;s=c", "ns=2;s=b"], false));
        assert_ne!(hash("", &nodes, false), hash("", &["ns=2;s=b", "ns=2;s=a"], false));
        assert_eq!(hash("", &nodes[..1], false), hash("", &nodes[..1], true));
    }
}
