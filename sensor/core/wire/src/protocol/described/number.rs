//! Numbers as a description says that they are written.

use super::document::{Order, Type};
use crate::site::points::decimal;
use crate::value::Value;

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub kind: Type,
    pub little: bool,
    /// Bytes; of digits one each.
    pub width: usize,
}

impl Written {
    /// `None`: such a field is no number. `length` counts where the type has no width of its own.
    pub fn new(kind: Type, order: Order, length: Option<usize>) -> Option<Self> {
        let width = match kind {
            Type::U8 | Type::I8 | Type::Bool => 1,
            Type::U16 | Type::I16 => 2,
            Type::U24 => 3,
            Type::U32 | Type::I32 | Type::F32 => 4,
            Type::U64 | Type::I64 | Type::F64 => 8,
            Type::Bcd => length.filter(|length| (1..=8).contains(length))?,
            Type::Hex => length.filter(|length| (1..=16).contains(length))?,
            Type::Decimal => length.filter(|length| (1..=18).contains(length))?,
            Type::Bits | Type::Text | Type::Bytes | Type::Secret | Type::Skip => return None,
        };
        Some(Self { kind, little: order == Order::Little, width })
    }

    /// Of exactly its width in bytes. `None`: a digit is none.
    pub fn value(self, bytes: &[u8]) -> Option<Value> {
        Some(match self.kind {
            Type::I8 | Type::I16 | Type::I32 | Type::I64 => {
                let unused = u32::try_from(self.width).map_or(0, |width| 64u32.saturating_sub(width.saturating_mul(8)));
                Value::Signed((self.bits(bytes).checked_shl(unused)?).cast_signed() >> unused)
            }
            #[allow(clippy::cast_possible_truncation)] // four bytes
            Type::F32 => Value::Float(f32::from_bits(self.bits(bytes) as u32).into()),
            Type::F64 => Value::Float(f64::from_bits(self.bits(bytes))),
            Type::Bool => Value::Bool(self.bits(bytes) != 0),
            _ => Value::Unsigned(self.unsigned(bytes)?),
        })
    }

    pub fn unsigned(self, bytes: &[u8]) -> Option<u64> {
        match self.kind {
            Type::Hex => digits(bytes, 16),
            Type::Decimal => digits(bytes, 10),
            Type::Bcd => decimal(self.bits(bytes)),
            _ => Some(self.bits(bytes)),
        }
    }

    fn bits(self, bytes: &[u8]) -> u64 {
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if self.little {
            bytes.iter().rev().fold(0, add)
        } else {
            bytes.iter().fold(0, add)
        }
    }
}

/// Leading blanks are allowed: many devices fill up with them.
fn digits(bytes: &[u8], radix: u32) -> Option<u64> {
    let text = std::str::from_utf8(bytes).ok()?.trim_start_matches(' ');
    // `from_str_radix` would take a sign, too.
    text.chars().all(|digit| digit.is_digit(radix)).then(|| u64::from_str_radix(text, radix).ok())?
}
