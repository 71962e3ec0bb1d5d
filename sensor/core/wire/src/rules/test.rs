//! One test of one field: a rule's values, brought into the form in which the field is compared.

use std::net::IpAddr;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::ir::Operator;
use super::named::{Lists, Named};
use super::sets::{How, Integers, Network, Networks, Stretch, Texts};
use crate::event::{base, Event, FieldId, STREAM_FLAWS};
use crate::protocol;
use crate::value::{FieldDef, Kind, Value};

/// What is asked of a field. A missing field answers no, except to `Exists(false)`.
#[derive(Debug)]
pub enum Test {
    Exists(bool),
    Number(Integers, Box<[Stretch]>),
    Text(Texts),
    /// Lower-case hex digits of raw bytes, as the event prints them.
    Hex(Texts),
    Address(Networks),
    /// Of a field whose type the wire decides: numbers and texts side by side.
    Any(Integers, Box<[Stretch]>, Texts),
    /// Of `source.mac` and `destination.mac`.
    Mac(Texts),
    /// Bits of the message's and of the stream's flaws.
    Flaws(u64, u8),
    /// Indices of the segments whose names fit.
    Segments(Integers),
    /// Which bits are looked at, and what they are.
    Mask(Box<[(u64, u64)]>),
    /// A text in which one of them finds something.
    Re(Box<[Regex]>),
    Listed(Arc<Named>),
}

/// What tests refer to by name.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub segments: &'a [String],
    pub lists: &'a Lists,
}

/// Bytes that a compiled expression may take, and characters it is written in.
const REGEX_BYTES: usize = 256 * 1024;
const REGEX_LENGTH: usize = 512;

type Values = [serde_json::Value];

impl Test {
    /// Bring `values` into the field's type. The message of an error has no rule or file in it: the caller adds them.
    pub fn new(
        field: FieldId,
        def: &FieldDef,
        protocol: usize,
        known: Known<'_>,
        operator: Operator,
        values: &Values,
    ) -> Result<Self, String> {
        let flaws = field.0 == base::FLAWS;
        if operator == Operator::Exists {
            let wanted = match values {
                [serde_json::Value::Bool(wanted)] => *wanted,
                _ => return Err(format!("{}|exists takes true or false", def.name)),
            };
            return Ok(if flaws && wanted { Test::Flaws(u64::MAX, u8::MAX) } else { Test::Exists(wanted) });
        }
        if values.is_empty() {
            return Err(format!("{}: no value to compare with", def.name));
        }
        match operator {
            Operator::Mask => return masks(def, values),
            Operator::Re => return regexes(field, def, values),
            Operator::InList => return listed(field, def, known.lists, values),
            _ => {}
        }
        if flaws {
            return flaw_bits(protocol, &texts(def, operator, values)?);
        }
        match field.0 {
            base::SEGMENT => return segment_indices(known.segments, &texts(def, operator, values)?),
            base::SOURCE_MAC | base::DESTINATION_MAC => return Ok(Test::Mac(texts(def, operator, values)?)),
            base::TIMESTAMP | base::FILE_NAME => return Err(format!("{} cannot be compared in a rule", def.name)),
            _ => {}
        }
        match def.kind {
            Kind::Unsigned | Kind::Signed | Kind::Float | Kind::Boolean => {
                let (integers, stretches) = numbers(def, operator, values)?;
                Ok(Test::Number(integers, stretches))
            }
            Kind::Text => Ok(Test::Text(texts(def, operator, values)?)),
            Kind::Bytes => Ok(Test::Hex(texts(def, operator, values)?)),
            Kind::Ip => Ok(Test::Address(addresses(def, operator, values)?)),
            Kind::Any => {
                let (words, figures): (Vec<_>, Vec<_>) = values.iter().cloned().partition(serde_json::Value::is_string);
                let (integers, stretches) = if figures.is_empty() {
                    (Integers::new(Vec::new()), Box::default())
                } else {
                    numbers(def, operator, &figures)?
                };
                let texts =
                    if words.is_empty() { Texts::new(How::Equal, Vec::new()) } else { texts(def, operator, &words)? };
                Ok(Test::Any(integers, stretches, texts))
            }
            Kind::Timestamp => Err(format!("{} is a time: only |exists can be asked of it", def.name)),
        }
    }

    /// Dear tests come last in an `and` or `or`.
    pub fn cost(&self, many: bool) -> u32 {
        let one: u32 = match self {
            Test::Exists(_) | Test::Flaws(..) => 1,
            Test::Number(_, stretches) if stretches.is_empty() => 2,
            Test::Number(..) | Test::Segments(_) | Test::Mask(_) => 3,
            Test::Address(_) => 4,
            Test::Text(texts) if texts.how == How::Equal => 5,
            Test::Listed(_) => 8,
            Test::Text(_) | Test::Mac(_) => 10,
            Test::Any(..) | Test::Hex(_) => 12,
            Test::Re(_) => 100,
        };
        if many {
            one.saturating_mul(8)
        } else {
            one
        }
    }

    /// Whether one element (never a list) passes.
    #[inline]
    pub fn element(&self, value: Value, event: &Event<'_>) -> bool {
        match self {
            Test::Exists(wanted) => *wanted,
            Test::Number(integers, stretches) => number(integers, stretches, value),
            Test::Address(networks) => matches!(value, Value::Ip(address) if networks.has(address)),
            Test::Text(texts) => text(value, event).is_some_and(|text| texts.has(text)),
            Test::Hex(texts) => bytes(value, event).is_some_and(|bytes| texts.has_hex(bytes)),
            Test::Any(integers, stretches, texts) => {
                number(integers, stretches, value)
                    || text(value, event).is_some_and(|text| texts.has(text))
                    || bytes(value, event).is_some_and(|bytes| texts.has_hex(bytes))
            }
            Test::Mask(masks) => {
                matches!(value, Value::Unsigned(value) if masks.iter().any(|(mask, bits)| value & mask == *bits))
            }
            Test::Re(expressions) => {
                let text = text(value, event).and_then(|text| std::str::from_utf8(text).ok());
                text.is_some_and(|text| expressions.iter().any(|expression| expression.is_match(text)))
            }
            Test::Listed(list) => list.has(value, event),
            Test::Mac(_) | Test::Flaws(..) | Test::Segments(_) => false,
        }
    }
}

fn masks(def: &FieldDef, values: &Values) -> Result<Test, String> {
    if def.kind != Kind::Unsigned {
        return Err(format!("{} has no bits: |mask does not apply to it", def.name));
    }
    let pair = |value: &serde_json::Value| match value.as_array().map(Vec::as_slice) {
        Some([mask, bits]) => mask.as_u64().zip(bits.as_u64()).filter(|(mask, bits)| bits & !mask == 0),
        _ => None,
    };
    let pairs: Option<Box<[_]>> = values.iter().map(pair).collect();
    pairs.map(Test::Mask).ok_or_else(|| format!("{}|mask takes pairs of a mask and some of its bits", def.name))
}

fn regexes(field: FieldId, def: &FieldDef, values: &Values) -> Result<Test, String> {
    let apart = matches!(field.0, base::FLAWS | base::SEGMENT | base::SOURCE_MAC | base::DESTINATION_MAC);
    if apart || def.kind != Kind::Text {
        return Err(format!("{} is no text: |re does not apply to it", def.name));
    }
    let one = |value: &serde_json::Value| {
        let text = value.as_str().filter(|text| text.len() <= REGEX_LENGTH);
        let text = text.ok_or_else(|| format!("{}|re takes texts of at most {REGEX_LENGTH} bytes", def.name))?;
        let made = RegexBuilder::new(text).size_limit(REGEX_BYTES).dfa_size_limit(REGEX_BYTES).nest_limit(16).build();
        made.map_err(|error| format!("{}|re: {text:?}: {}", def.name, error.to_string().replace('\n', " ")))
    };
    let made: Result<Box<[_]>, _> = values.iter().map(one).collect();
    Ok(Test::Re(made?))
}

fn listed(field: FieldId, def: &FieldDef, lists: &Lists, values: &Values) -> Result<Test, String> {
    let name = match values {
        [serde_json::Value::String(name)] => name,
        _ => return Err(format!("{}|in_list takes the name of one list", def.name)),
    };
    let list = lists.get(name).ok_or_else(|| format!("{}: there is no list {name}", def.name))?;
    let apart = matches!(field.0, base::FLAWS | base::SEGMENT | base::SOURCE_MAC | base::DESTINATION_MAC);
    if apart || !list.suits(def) {
        return Err(format!("{}: the entries of list {name} are never its value", def.name));
    }
    Ok(Test::Listed(Arc::clone(list)))
}

#[inline]
fn number(integers: &Integers, stretches: &[Stretch], value: Value) -> bool {
    match value {
        Value::Unsigned(value) => integers.has_u64(value),
        Value::Signed(value) => integers.has(value.into()),
        Value::Bool(value) => integers.has_u64(value.into()),
        Value::Float(value) => stretches.iter().any(|stretch| stretch.has(value)),
        _ => false,
    }
}

#[inline]
fn text<'e>(value: Value, event: &'e Event<'_>) -> Option<&'e [u8]> {
    match value {
        Value::Name(name) => Some(name.as_bytes()),
        Value::Text(span) => Some(event.record.text(span).as_bytes()),
        _ => None,
    }
}

#[inline]
fn bytes<'e>(value: Value, event: &'e Event<'_>) -> Option<&'e [u8]> {
    match value {
        Value::Bytes(span) => Some(span.of(event.bytes)),
        Value::Blob(span) => Some(event.record.blob(span)),
        _ => None,
    }
}

fn texts(def: &FieldDef, operator: Operator, values: &Values) -> Result<Texts, String> {
    let how = match operator {
        Operator::In => How::Equal,
        Operator::Contains => How::Contains,
        Operator::Startswith => How::Starts,
        Operator::Endswith => How::Ends,
        _ => return Err(format!("{} is text: {operator:?} does not apply to it", def.name)),
    };
    let mut needles = Vec::with_capacity(values.len());
    for value in values {
        match value.as_str() {
            Some(text) if how == How::Equal || !text.is_empty() => needles.push(text.as_bytes().into()),
            Some(_) => return Err(format!("{}: an empty text is in every text", def.name)),
            None => return Err(format!("{} is text, {value} is not", def.name)),
        }
    }
    Ok(Texts::new(how, needles))
}

fn addresses(def: &FieldDef, operator: Operator, values: &Values) -> Result<Networks, String> {
    if !matches!(operator, Operator::In | Operator::Cidr) {
        return Err(format!("{} is an address: {operator:?} does not apply to it", def.name));
    }
    let mut networks = Vec::with_capacity(values.len());
    for value in values {
        let text = value.as_str().ok_or_else(|| format!("{} is an address, {value} is not", def.name))?;
        if operator == Operator::In && text.parse::<IpAddr>().is_err() {
            return Err(format!("{}: {text:?} is not an address (a network takes |cidr)", def.name));
        }
        networks.push(Network::parse(text)?);
    }
    Ok(Networks::new(&networks))
}

/// The same values as integers and as stretches of real numbers: the wire decides which of the two a field holds.
fn numbers(def: &FieldDef, operator: Operator, values: &Values) -> Result<(Integers, Box<[Stretch]>), String> {
    let (mut integers, mut stretches) = (Vec::new(), Vec::new());
    for value in values {
        let integer = match value {
            serde_json::Value::Bool(flag) => Some(i128::from(*flag)),
            other => other.as_u64().map(i128::from).or_else(|| other.as_i64().map(i128::from)),
        };
        #[allow(clippy::cast_precision_loss, clippy::as_conversions)] // a bound of real numbers; integers stay exact
        let real = integer.map(|integer| integer as f64).or_else(|| value.as_f64());
        let real = real.ok_or_else(|| format!("{} is a number, {value} is not", def.name))?;
        #[allow(clippy::cast_possible_truncation, clippy::as_conversions)] // saturates, which is what a bound needs
        let (floor, ceil) = match integer {
            Some(integer) => (integer, integer),
            None => (real.floor() as i128, real.ceil() as i128),
        };
        let (range, low, high) = match operator {
            Operator::In => ((ceil, floor), Some((real, true)), Some((real, true))), // empty when not whole
            Operator::Gte => ((ceil, i128::MAX), Some((real, true)), None),
            Operator::Gt => ((floor.saturating_add(1), i128::MAX), Some((real, false)), None),
            Operator::Lte => ((i128::MIN, floor), None, Some((real, true))),
            Operator::Lt => ((i128::MIN, ceil.saturating_sub(1)), None, Some((real, false))),
            _ => return Err(format!("{} is a number: {operator:?} does not apply to it", def.name)),
        };
        integers.push(range);
        stretches.push(Stretch { low, high });
    }
    Ok((Integers::new(integers), stretches.into_boxed_slice()))
}

fn flaw_bits(protocol: usize, wanted: &Texts) -> Result<Test, String> {
    let own = protocol::at(protocol).map_or(&[][..], |entry| entry.flaws);
    if wanted.how == How::Equal {
        for name in wanted.needles() {
            if !own.iter().chain(STREAM_FLAWS).any(|known| known.as_bytes() == name.as_ref()) {
                return Err(format!("unknown flaw {}", String::from_utf8_lossy(name)));
            }
        }
    }
    let bits = |names: &[&str]| {
        let fitting = names.iter().enumerate().filter(|(_, name)| wanted.has(name.as_bytes()));
        fitting.fold(0u64, |bits, (bit, _)| bits | 1u64 << (bit & 63))
    };
    let stream = u8::try_from(bits(STREAM_FLAWS) & 0xff).unwrap_or(0);
    Ok(Test::Flaws(bits(own), stream))
}

fn segment_indices(segments: &[String], wanted: &Texts) -> Result<Test, String> {
    let fitting = segments.iter().enumerate().filter(|(_, name)| wanted.has(name.as_bytes()));
    let indices: Result<Vec<_>, _> = fitting.map(|(at, _)| i128::try_from(at).map(|at| (at, at))).collect();
    Ok(Test::Segments(Integers::new(indices.map_err(|_| "too many segments".to_owned())?)))
}
