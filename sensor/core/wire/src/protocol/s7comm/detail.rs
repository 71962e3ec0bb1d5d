//! Facts that only some messages have: names and values side by side, in two lists.

use super::fields as slot;
use super::reader::Reader;
use crate::cursor::Short;
use crate::limits;
use crate::value::{Record, Value};

/// Facts of one message; a state list with a record a module has the most.
const MOST: usize = 512;

#[derive(Default)]
pub struct Details {
    names: Vec<Value>,
    values: Vec<Value>,
}

impl Details {
    pub fn add(&mut self, name: &'static str, value: Value) {
        if self.names.len() < MOST {
            self.names.push(Value::Name(name));
            self.values.push(value);
        }
    }

    pub fn number(&mut self, name: &'static str, number: impl Into<u64>) {
        self.add(name, Value::Unsigned(number.into()));
    }

    /// Text that is filled up with zeros or blanks; nothing where there is no more than those.
    pub fn text(&mut self, name: &'static str, bytes: &[u8], record: &mut Record) {
        if let Some(text) = filled(bytes, record) {
            self.add(name, text);
        }
    }

    pub fn finish(self, record: &mut Record) {
        if !self.names.is_empty() {
            record.set_list(slot::DETAIL_NAME, &self.names);
            record.set_list(slot::DETAIL_VALUE, &self.values);
        }
    }
}

/// Text up to its first zero, without the blanks it is filled up with.
pub fn filled(bytes: &[u8], record: &mut Record) -> Option<Value> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()).min(limits::TEXT_BYTES);
    let text = bytes.get(..end).unwrap_or_default().trim_ascii();
    (!text.is_empty()).then(|| Value::Text(record.push_text(text)))
}

/// The next eight bytes as text.
pub fn eight(
    body: &mut Reader<'_>,
    name: &'static str,
    details: &mut Details,
    record: &mut Record,
) -> Result<(), Short> {
    let bytes = body.array::<8>()?;
    details.text(name, bytes, record);
    Ok(())
}
