//! Where in a message the values of tags are. A request says what it is about, its answer brings the values; a write
//! brings both.

use crate::event::Event;
use crate::hash::{folded, mixed};
use crate::limits::LIST_VALUES;
use crate::protocol::place_of;
use crate::protocol::s7comm::fields as slot;
use crate::value::{name_hash, Object, Record, Span, Value};

const MODBUS: usize = place_of("modbus") as usize;
const S7COMM: usize = place_of("s7comm") as usize;

/// The space of single bits of a controller's memory: its index is the area above sixteen bits of data block.
const BITS: &str = "bit";

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    Bit,
    /// Sixteen bits, most significant byte first.
    Word,
    SignedWord,
    /// IEEE 754, 32 bits in two words, the more significant first; and the less significant first.
    Float,
    FloatSwapped,
    /// The protocol says what it is.
    Number,
}

/// One tag's value in an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Place among the values, where there are several.
    pub item: u32,
    /// Byte of its memory, or number of its bit.
    pub offset: u32,
    pub take: Take,
    pub tag: u32,
}

/// What the elements of a request are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Bit,
    /// Memory of so many bytes (an even number) from here on: what its words mean is not said.
    Memory(u32),
    Number,
}

/// A piece of what a request is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Element {
    pub space: &'static str,
    pub index: u32,
    pub start: u64,
    /// Addresses that a word of memory has: one register, two bytes.
    pub stride: u64,
    pub text: Option<Span>,
    pub item: u32,
    pub offset: u32,
    pub shape: Shape,
}

impl Element {
    /// The address so many bytes further on.
    pub fn address(&self, bytes: u32) -> u64 {
        self.start.saturating_add(u64::from(bytes / 2).saturating_mul(self.stride))
    }
}

/// A number for a tag of a link.
#[inline]
pub fn place(space: &str, index: u32, start: u64) -> u64 {
    folded(start ^ u64::from(index).rotate_left(40), name_hash(space.as_bytes()))
}

/// The slot of a protocol's process values.
#[inline]
pub fn values_slot(protocol: usize) -> Option<usize> {
    use std::sync::LazyLock;
    static SLOTS: LazyLock<Vec<Option<usize>>> = LazyLock::new(|| {
        let plant = crate::protocol::PROTOCOLS.iter().map(|entry| {
            let fields = entry.fields.iter();
            let mut places = fields.enumerate().filter(|(_, field)| field.name.ends_with(".values"));
            places.next().map(|(place, _)| place)
        });
        plant.collect()
    });
    SLOTS.get(protocol).copied().flatten()
}

/// A number for what a request is about, the same for the same request.
#[inline]
pub fn identity(record: &Record) -> u64 {
    let begun = mixed(u64::from(record.operation) << 32 | record.objects().len() as u64);
    record.objects().iter().fold(begun, |hash, object| {
        let about = (object.space.len() as u64) << 56 ^ u64::from(object.index) << 24 ^ object.end.rotate_left(8);
        folded(hash ^ object.start, about | 1)
    })
}

/// What a request reads, or a write brings, piece by piece. Empty: that is not known.
pub fn elements(event: &Event<'_>, written: bool) -> Vec<Element> {
    let record = event.record;
    match event.protocol {
        MODBUS => registers(record, written),
        S7COMM => memory(record),
        _ => record.objects().iter().zip(0u32..).take(LIST_VALUES).map(|(object, item)| whole(object, item)).collect(),
    }
}

fn whole(object: &Object, item: u32) -> Element {
    let Object { space, index, start, text, .. } = *object;
    Element { space, index, start, stride: 1, text, item, offset: 0, shape: Shape::Number }
}

fn registers(record: &Record, written: bool) -> Vec<Element> {
    // Of a message that writes and reads, what is written comes first.
    let object = if written { record.objects().first() } else { record.objects().last() };
    let Some(object) = object.filter(|_| matches!(record.operation, 1..=6 | 15 | 16 | 23)) else { return Vec::new() };
    let count = object.end.saturating_sub(object.start).saturating_add(1);
    let count = u32::try_from(count).unwrap_or(u32::MAX).min(2000);
    let first = whole(object, 0);
    match record.operation {
        1 | 2 | 5 | 15 => {
            let bit = |offset: u32| Element {
                start: first.start.saturating_add(offset.into()),
                offset,
                shape: Shape::Bit,
                ..first
            };
            (0..count).map(bit).collect()
        }
        _ => vec![Element { shape: Shape::Memory(count.min(125).saturating_mul(2)), ..first }],
    }
}

/// Items of a job; only such whose addresses are all given in the common way.
fn memory(record: &Record) -> Vec<Element> {
    let column = |slot: usize| -> Vec<u64> {
        let number = |value: &Value| if let Value::Unsigned(number) = value { *number } else { 0 };
        match record.get(slot) {
            Some(Value::List(span)) => record.list(span).iter().map(number).collect(),
            Some(one) => vec![number(&one)],
            None => Vec::new(),
        }
    };
    let (kinds, counts) = (column(slot::ITEM_TRANSPORT), column(slot::ITEM_LENGTH));
    let (areas, bits) = (column(slot::ITEM_AREA_CODE), column(slot::ITEM_BIT));
    let objects = record.objects();
    if [&kinds, &counts, &areas, &bits].iter().any(|column| column.len() != objects.len()) {
        return Vec::new();
    }
    let (mut found, mut item) = (Vec::new(), 0u32);
    for ((object, (kind, count)), (area, bit)) in
        objects.iter().zip(kinds.iter().zip(&counts)).zip(areas.iter().zip(&bits))
    {
        let Ok(count) = u32::try_from(*count) else { return Vec::new() };
        let first = Element { stride: 2, ..whole(object, item) };
        let width: u32 = match *kind {
            2 => {
                found.push(Element { shape: Shape::Memory(count & !1), ..first });
                item = item.saturating_add(1);
                continue;
            }
            // Several bits share the byte that an object begins at.
            1 => {
                let index = first.index | u32::try_from(*area).unwrap_or(0) << 16;
                let start = object.start.saturating_mul(8).saturating_add(*bit);
                found.push(Element { space: BITS, index, start, ..first });
                item = item.saturating_add(count);
                continue;
            }
            4 | 5 | 0x1c | 0x1d => 2,
            6..=8 => 4,
            // Characters, times: one value, and no number.
            3 => {
                item = item.saturating_add(1);
                continue;
            }
            _ => return Vec::new(),
        };
        for number in 0..count.min(2048) {
            let start = object.start.saturating_add(u64::from(number.saturating_mul(width)));
            found.push(Element { start, item: item.saturating_add(number), ..first });
        }
        item = item.saturating_add(count);
    }
    found
}

/// The bytes that an item's words stand in.
#[inline]
fn memory_of<'a>(values: Value, item: u32, record: &'a Record, message: &'a [u8]) -> Option<&'a [u8]> {
    match values {
        Value::Words(span) | Value::Bytes(span) if item == 0 => Some(span.of(message)),
        Value::Blob(span) if item == 0 => Some(record.blob(span)),
        Value::List(span) => match *record.list(span).get(item as usize)? {
            Value::Bytes(span) => Some(span.of(message)),
            Value::Blob(span) => Some(record.blob(span)),
            _ => None,
        },
        _ => None,
    }
}

/// Four bytes of memory, or the last two with nothing behind them.
#[inline]
pub fn four(values: Value, item: u32, offset: u32, record: &Record, message: &[u8]) -> Option<[u8; 4]> {
    let bytes = memory_of(values, item, record, message)?.get(offset as usize..)?;
    match *bytes {
        [a, b, c, d, ..] => Some([a, b, c, d]),
        [a, b, ..] => Some([a, b, 0, 0]),
        _ => None,
    }
}

/// The number at a step. `None`: it is not there, or is none.
#[inline]
pub fn number(step: &Step, values: Value, record: &Record, message: &[u8]) -> Option<f64> {
    match step.take {
        Take::Bit => bit(step, values, message),
        Take::Number => plain(values, step.item, record),
        take => from_memory(take, four(values, step.item, step.offset, record, message)?),
    }
}

#[inline]
pub fn from_memory(take: Take, [a, b, c, d]: [u8; 4]) -> Option<f64> {
    let found = match take {
        Take::SignedWord => i16::from_be_bytes([a, b]).into(),
        Take::Float => f32::from_be_bytes([a, b, c, d]).into(),
        Take::FloatSwapped => f32::from_be_bytes([c, d, a, b]).into(),
        _ => f64::from(u16::from_be_bytes([a, b])),
    };
    found.is_finite().then_some(found)
}

fn bit(step: &Step, values: Value, message: &[u8]) -> Option<f64> {
    match values {
        Value::Bits { start, .. } => {
            let byte = message.get((start as usize).saturating_add(step.offset as usize / 8))?;
            Some(f64::from(byte.checked_shr(step.offset % 8)? & 1))
        }
        // A single coil is written as a word.
        Value::Words(span) => Some(f64::from(u8::from(span.of(message).first()? != &0))),
        _ => None,
    }
}

#[inline]
fn plain(values: Value, item: u32, record: &Record) -> Option<f64> {
    let value = match values {
        Value::List(span) => *record.list(span).get(item as usize)?,
        one if item == 0 => one,
        _ => return None,
    };
    #[allow(clippy::cast_precision_loss)] // a measurement
    let found = match value {
        Value::Unsigned(number) => number as f64,
        Value::Signed(number) => number as f64,
        Value::Float(number) => number,
        Value::Bool(set) => f64::from(u8::from(set)),
        _ => return None,
    };
    found.is_finite().then_some(found)
}

/// A number for all values of an answer.
pub fn hash(values: Value, record: &Record, message: &[u8]) -> u64 {
    let one = |value: Value| match value {
        Value::Words(span) | Value::Bytes(span) => name_hash(span.of(message)),
        Value::Blob(span) => name_hash(record.blob(span)),
        Value::Bits { start, .. } => name_hash(message.get(start as usize..).unwrap_or_default()),
        value => plain(value, 0, record).map_or(0, f64::to_bits),
    };
    match values {
        Value::List(span) => record.list(span).iter().fold(0, |hash, value| folded(hash ^ one(*value), MIX)),
        value => one(value),
    }
}

const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// How many values there are: the answer to a list of things has one for each.
pub fn count(values: Value) -> u32 {
    match values {
        Value::List(span) => span.len,
        _ => 1,
    }
}
