//! What is told of a message, in every shape that takes no more than the message itself.

use serde::de::IgnoredAny;
use wire::event::{Event, FieldId};
use wire::listing::field_hash;
use wire::print::{csv, Names};

/// Bytes of a line for each byte that a message brought: a coil of one bit is `false,`.
const TELLS: usize = 64;
/// And for its surroundings, and names that stand for numbers.
const AROUND: usize = 64 * 1024;

/// The event as JSON and CSV, and hashed as folds do it. `brought`: bytes of this message and of those kept before it.
pub fn check(event: &Event<'_>, names: &Names, brought: usize) {
    let mut line = Vec::with_capacity(2048);
    wire::print::event(&mut line, event, names);
    assert!(line.len() <= AROUND + TELLS * brought, "{} bytes made a line of {}", brought, line.len());
    json(&line);
    line.clear();
    csv::Rows::new(&[event.protocol]).event(&mut line, event, names);
    let text = std::str::from_utf8(&line).expect("CSV is UTF-8");
    assert!(!text.contains('\n'), "a message is one line: {text}");
    for slot in event.record.present() {
        field_hash(event, FieldId::of_protocol(event.protocol, slot));
    }
}

/// One line is one JSON object.
pub fn json(line: &[u8]) {
    let text = std::str::from_utf8(line).expect("JSON is UTF-8");
    assert!(!text.contains('\n') && text.starts_with('{'), "a message is one line: {text}");
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        panic!("no JSON ({error}): {text}");
    }
}
