//! Memory of S7 controllers: addresses as an engineer writes them, and the types of their values.
//! Siemens, STEP 7 system manual (addresses, SIMATIC and international mnemonics); data types: the same, appendix.

use crate::protocol::s7comm::time;
use crate::value::{Record, Value};

/// An area, a data block and a bit in one number: what is read as one block is one stretch of such numbers.
#[inline]
pub fn place(area: u8, db: u16, bit: u32) -> u64 {
    match area {
        // An instance block is a data block.
        DB | 0x85 => u64::from(DB) << 56 | u64::from(db) << 32 | u64::from(bit),
        _ => u64::from(area) << 56 | u64::from(bit),
    }
}

const DB: u8 = 0x84;
const COUNTER: u8 = 0x1c;
const TIMER: u8 = 0x1d;
/// Timers and counters are words that have numbers.
pub const WORD: u32 = 16;
/// Byte addresses have 21 bits.
const BYTES: u32 = 1 << 21;

/// What stands at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Unsigned(u8),
    Signed(u8),
    Float(u8),
    Decimal(u8),
    Character,
    /// So many characters at most; behind their number and the number there are.
    Text(u8),
    /// S5TIME, as milliseconds.
    Duration,
    /// Days since 1990-01-01.
    Date,
    /// Milliseconds since midnight.
    TimeOfDay,
    DateAndTime,
}

impl Kind {
    pub fn bits(self) -> u32 {
        match self {
            Kind::Bool => 1,
            Kind::Unsigned(bits) | Kind::Signed(bits) | Kind::Float(bits) | Kind::Decimal(bits) => bits.into(),
            Kind::Character => 8,
            Kind::Text(most) => u32::from(most).saturating_add(2).saturating_mul(8),
            Kind::Duration | Kind::Date => WORD,
            Kind::TimeOfDay => 32,
            Kind::DateAndTime => 64,
        }
    }

    /// The value that begins at this bit. `single`: each bit has a byte of its own.
    pub fn value(self, bytes: &[u8], bit: usize, single: bool, record: &mut Record) -> Option<Value> {
        if self == Kind::Bool {
            let (byte, within) = if single { (bit, 0) } else { (bit / 8, bit % 8) };
            return Some(Value::Bool(bytes.get(byte)? >> within & 1 == 1));
        }
        if single || !bit.is_multiple_of(8) {
            return None;
        }
        let length = self.bits().div_ceil(8) as usize;
        let found = bytes.get(bit / 8..)?.get(..length)?;
        let number = found.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        let unused = 64u32.saturating_sub(self.bits());
        #[allow(clippy::cast_possible_truncation)] // of four bytes
        Some(match self {
            Kind::Bool => return None,
            Kind::Unsigned(_) => Value::Unsigned(number),
            Kind::Signed(_) => Value::Signed(number.checked_shl(unused)?.cast_signed() >> unused),
            Kind::Float(32) => Value::Float(f32::from_bits(number as u32).into()),
            Kind::Float(_) => Value::Float(f64::from_bits(number)),
            Kind::Decimal(_) => Value::Unsigned(super::decode::decimal(number)?),
            Kind::Character => Value::Text(record.push_text(found)),
            Kind::Text(most) => {
                let length = found.get(1).copied()?;
                let text = found.get(2..)?.get(..usize::from(length.min(most)))?;
                Value::Text(record.push_text(text))
            }
            Kind::Duration => {
                // Bits 12 and 13 are the base, 10 ms to 10 s; three digits before them.
                let base = [10, 100, 1000, 10_000].get((number >> 12 & 3) as usize).copied()?;
                Value::Unsigned(super::decode::decimal(number & 0xfff)?.saturating_mul(base))
            }
            Kind::Date => {
                let (year, month, day) = time::date(number.saturating_add(time::DAYS_TO_1990));
                Value::Text(record.push_text(format!("{year:04}-{month:02}-{day:02}").as_bytes()))
            }
            Kind::TimeOfDay => {
                let (seconds, milli) = (number / 1000, number % 1000);
                let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
                if hour >= 24 {
                    return None;
                }
                let text = format!("{hour:02}:{minute:02}:{second:02}.{milli:03}");
                Value::Text(record.push_text(text.as_bytes()))
            }
            Kind::DateAndTime => Value::Text(time::decimal(found.first_chunk::<8>()?, record)?),
        })
    }
}

/// Where an item is, and the type that it has where the table does not say. `kind`: the type that it says.
///
/// # Errors
/// Says what is wrong with the address, or why the type does not fit it.
pub fn item(address: &str, kind: Option<&str>) -> Result<(u64, Kind), String> {
    let upper = address.trim().trim_start_matches('%').to_ascii_uppercase();
    let (place, size, bit) = parse(&upper).ok_or_else(|| {
        format!("unknown address {address}; as in DB10.DBX0.3, DB10.DBD4, M10.0, MW20, I0.1, QB2, T5, C3")
    })?;
    let Some(named) = kind else { return Ok((place, size.kind())) };
    let kind = type_of(named, size).ok_or_else(|| {
        format!("unknown type {named}; BOOL, BYTE, WORD, DWORD, LWORD, SINT, USINT, INT, UINT, DINT, UDINT, LINT, ULINT, REAL, LREAL, BCD, CHAR, STRING[n], TIME, S5TIME, DATE, TIME_OF_DAY, DATE_AND_TIME, COUNTER")
    })?;
    let fits = match size {
        Size::Bit => kind == Kind::Bool || bit == 0,
        Size::Byte => kind != Kind::Bool,
        Size::Word | Size::Timer | Size::Counter => kind.bits() == WORD,
        Size::Double => kind.bits() == 32,
    };
    if fits {
        Ok((place, kind))
    } else {
        Err(format!("{named} does not fit {address}"))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Bit,
    /// Or where something longer begins that has no letter of its own.
    Byte,
    Word,
    Double,
    Timer,
    Counter,
}

impl Size {
    fn kind(self) -> Kind {
        match self {
            Size::Bit => Kind::Bool,
            Size::Byte => Kind::Unsigned(8),
            Size::Word => Kind::Unsigned(16),
            Size::Double => Kind::Unsigned(32),
            Size::Timer => Kind::Duration,
            Size::Counter => COUNT,
        }
    }
}

/// Three digits, 0 to 999.
const COUNT: Kind = Kind::Decimal(16);

/// Place, size, and the bit in its byte.
fn parse(address: &str) -> Option<(u64, Size, u32)> {
    if let Some((number, rest)) = address.strip_prefix("DB").and_then(|rest| rest.split_once(".DB")) {
        return sized(DB, digits(number)?, rest);
    }
    let areas = [("PI", 0x80), ("PE", 0x80), ("PQ", 0x80), ("PA", 0x80)];
    let areas = areas.into_iter().chain([("I", 0x81), ("E", 0x81), ("Q", 0x82), ("A", 0x82), ("M", 0x83)]);
    for (letters, area) in areas {
        let Some(rest) = address.strip_prefix(letters) else { continue };
        return if rest.starts_with(|first: char| first.is_ascii_digit()) && area != 0x80 {
            bit_of(area, 0, rest)
        } else {
            sized(area, 0, rest)
        };
    }
    let (area, size) = match address.get(..1)? {
        "T" => (TIMER, Size::Timer),
        "C" | "Z" => (COUNTER, Size::Counter),
        _ => return None,
    };
    let number: u16 = digits(address.get(1..)?)?;
    Some((place(area, 0, u32::from(number).saturating_mul(WORD)), size, 0))
}

fn sized(area: u8, db: u16, rest: &str) -> Option<(u64, Size, u32)> {
    let (letter, number) = rest.split_at_checked(1)?;
    let size = match letter {
        "X" => return bit_of(area, db, number),
        "B" => Size::Byte,
        "W" => Size::Word,
        "D" => Size::Double,
        _ => return None,
    };
    let byte = digits::<u32>(number).filter(|byte| *byte < BYTES)?;
    Some((place(area, db, byte.saturating_mul(8)), size, 0))
}

fn bit_of(area: u8, db: u16, rest: &str) -> Option<(u64, Size, u32)> {
    let (byte, bit) = rest.split_once('.')?;
    let (byte, bit): (u32, u32) = (digits(byte)?, digits(bit)?);
    (byte < BYTES && bit < 8).then(|| (place(area, db, byte.saturating_mul(8).saturating_add(bit)), Size::Bit, bit))
}

fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn type_of(named: &str, size: Size) -> Option<Kind> {
    let upper = named.to_ascii_uppercase();
    if let Some(most) = upper.strip_prefix("STRING[").and_then(|rest| rest.strip_suffix(']')) {
        return digits(most).filter(|most| (1..=254).contains(most)).map(Kind::Text);
    }
    Some(match upper.as_str() {
        "BOOL" => Kind::Bool,
        "BYTE" | "USINT" => Kind::Unsigned(8),
        "WORD" | "UINT" => Kind::Unsigned(16),
        "DWORD" | "UDINT" => Kind::Unsigned(32),
        "LWORD" | "ULINT" => Kind::Unsigned(64),
        "SINT" => Kind::Signed(8),
        "INT" => Kind::Signed(16),
        // Milliseconds, as the controller counts them.
        "DINT" | "TIME" => Kind::Signed(32),
        "LINT" => Kind::Signed(64),
        "REAL" => Kind::Float(32),
        "LREAL" => Kind::Float(64),
        "BCD" if size == Size::Double => Kind::Decimal(32),
        "BCD" | "COUNTER" => COUNT,
        "CHAR" => Kind::Character,
        // As long as one is where its declaration does not say.
        "STRING" => Kind::Text(254),
        "S5TIME" => Kind::Duration,
        "DATE" => Kind::Date,
        "TIME_OF_DAY" | "TOD" => Kind::TimeOfDay,
        "DATE_AND_TIME" | "DT" => Kind::DateAndTime,
        _ => return None,
    })
}
