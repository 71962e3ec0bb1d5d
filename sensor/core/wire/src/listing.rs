//! Every single hit as one line of NDJSON, before folding.

use crate::event::{Event, FieldId};
use crate::finding::TimedFinding;
use crate::print::{address, decimal, Names, Object};
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

/// A number that is equal for equal values of a field (a rule's `fold`); 0 where the event has none.
pub fn field_hash(event: &Event<'_>, field: FieldId) -> u64 {
    let Some(value) = event.get(field) else { return 0 };
    let mut text = Vec::new();
    match value {
        Value::Text(span) => text.extend_from_slice(event.record.text(span).as_bytes()),
        Value::Name(name) => text.extend_from_slice(name.as_bytes()),
        Value::Bytes(span) | Value::Words(span) => text.extend_from_slice(span.of(event.bytes)),
        Value::Blob(span) => text.extend_from_slice(event.record.blob(span)),
        Value::Ip(ip) => address(&mut text, ip),
        Value::List(span) => {
            for item in event.record.list(span) {
                text.extend_from_slice(format!("{item:?}").as_bytes());
            }
        }
        other => text.extend_from_slice(format!("{other:?}").as_bytes()),
    }
    name_hash(&text)
}
