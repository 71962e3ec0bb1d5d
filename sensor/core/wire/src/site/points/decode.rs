//! From registers, bits and typed values to the value of a point.

use super::memory;
use crate::value::{Record, Span, Value};

/// What a point's bytes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Bool,
    Unsigned,
    Signed,
    Float,
    /// Binary coded decimals: four bits a digit.
    Bcd,
    Text,
    /// Of a controller's memory, which has types of its own.
    Memory(memory::Kind),
}

/// How a point is written into its elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Form {
    pub kind: Type,
    /// Registers that it takes; 1 for a bit, or a value that the protocol itself types.
    pub registers: u8,
    /// The register of the least significant digits comes first.
    pub words_reversed: bool,
    /// Within a register, the least significant byte comes first.
    pub bytes_swapped: bool,
    /// The bit of a register that is meant, counted from the least significant.
    pub bit: Option<u8>,
    pub scale: f64,
    pub offset: f64,
}

impl Form {
    /// One register as it is.
    pub fn plain() -> Self {
        Self {
            kind: Type::Unsigned,
            registers: 1,
            words_reversed: false,
            bytes_swapped: false,
            bit: None,
            scale: 1.0,
            offset: 0.0,
        }
    }

    /// Registers or bits; of memory, bits.
    pub fn elements(&self) -> u64 {
        match self.kind {
            Type::Memory(kind) => kind.bits().into(),
            _ => u64::from(self.registers.max(1)),
        }
    }

    /// The value out of a stretch of memory, from that bit on. `single`: each bit has a byte of its own.
    pub fn of_memory(&self, bytes: &[u8], bit: usize, single: bool, record: &mut Record) -> Option<Value> {
        let Type::Memory(kind) = self.kind else { return None };
        let value = kind.value(bytes, bit, single, record)?;
        self.scaled(value)
    }

    /// The point's value out of the message's values, from that element on; `None`: it is not all there, or is no number.
    pub fn value(&self, values: Value, element: usize, record: &mut Record, message: &[u8]) -> Option<Value> {
        match values {
            Value::Words(span) => self.of_registers(span.of(message), element, record),
            Value::Bits { start, count } => {
                let place = u32::try_from(element).ok().filter(|place| *place < count)?;
                let byte = message.get((start as usize).saturating_add(element / 8))?;
                Some(Value::Bool(byte.checked_shr(place % 8)? & 1 == 1))
            }
            Value::List(span) => {
                let value = *record.list(span).get(element)?;
                self.scaled(value)
            }
            value if element == 0 => self.scaled(value),
            _ => None,
        }
    }

    fn of_registers(&self, bytes: &[u8], element: usize, record: &mut Record) -> Option<Value> {
        let start = element.checked_mul(2)?;
        let length = usize::from(self.registers).checked_mul(2)?;
        let found = bytes.get(start..start.checked_add(length)?)?;
        let mut words: Vec<[u8; 2]> = found.as_chunks::<2>().0.to_vec();
        if self.words_reversed {
            words.reverse();
        }
        if self.bytes_swapped {
            words.iter_mut().for_each(|word| word.reverse());
        }
        if self.kind == Type::Text {
            let text: Vec<u8> = words.as_flattened().iter().copied().take_while(|byte| *byte != 0).collect();
            let span: Span = record.push_text(&text);
            return Some(Value::Text(span));
        }
        let bits = words.iter().fold(0u64, |bits, word| bits << 16 | u64::from(u16::from_be_bytes(*word)));
        let width = u32::from(self.registers).saturating_mul(16);
        let unused = 64u32.saturating_sub(width);
        #[allow(clippy::cast_possible_truncation)] // of two registers
        let value = match self.kind {
            Type::Bool => Value::Bool(bits.checked_shr(self.bit.unwrap_or(0).into())? & 1 == 1),
            Type::Unsigned => Value::Unsigned(bits),
            Type::Signed => Value::Signed((bits.checked_shl(unused)?).cast_signed() >> unused),
            Type::Float if width == 32 => Value::Float(f32::from_bits(bits as u32).into()),
            Type::Float => Value::Float(f64::from_bits(bits)),
            Type::Bcd => Value::Unsigned(decimal(bits)?),
            Type::Text | Type::Memory(_) => return None,
        };
        self.scaled(value)
    }

    /// In the unit of measurement.
    fn scaled(&self, value: Value) -> Option<Value> {
        #[allow(clippy::float_cmp)] // as it was written down
        let plain = self.scale == 1.0 && self.offset == 0.0;
        #[allow(clippy::cast_precision_loss)] // a measurement
        let number = match value {
            _ if plain => return Some(value),
            Value::Unsigned(number) => number as f64,
            Value::Signed(number) => number as f64,
            Value::Float(number) => number,
            Value::Bytes(_) | Value::Blob(_) => return None,
            other => return Some(other),
        };
        Some(Value::Float(number * self.scale + self.offset))
    }
}

/// `None`: a digit is none.
pub fn decimal(bits: u64) -> Option<u64> {
    let digits = (0..16u32).rev().map(|place| bits >> (place & 15).wrapping_mul(4) & 0xf);
    digits
        .into_iter()
        .try_fold(0u64, |number, digit| (digit < 10).then_some(number.saturating_mul(10).saturating_add(digit)))
}
