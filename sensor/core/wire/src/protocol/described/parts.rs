//! Fields as they stand one behind the other.

use super::compile::kind;
use super::document::{self as written, Order, Type};
use super::layout::{Amount, Part, Spelled, Take, When};
use super::names::{leak, word, Names};
use super::number::Written;
use crate::hash::Map;
use crate::value::Kind;

pub struct Parts<'n> {
    names: &'n mut Names,
    order: Order,
    pub parts: Vec<Part>,
    /// Slots of plain whole numbers that were read before, by name.
    pub known: Map<String, usize>,
    /// Offsets of what has a fixed place, from the first field.
    fixed: Map<String, (usize, Written)>,
    /// Bytes so far, as long as that is known.
    offset: Option<usize>,
}

/// Numbers of the header at fixed places, and the bytes that the header has at least.
pub struct Fixed {
    pub numbers: Map<String, (usize, Written)>,
    pub bytes: usize,
}

impl<'n> Parts<'n> {
    pub fn new(names: &'n mut Names, order: Order) -> Self {
        let (parts, known, fixed) = (Vec::new(), Map::default(), Map::default());
        Self { names, order, parts, known, fixed, offset: Some(0) }
    }

    pub fn fixed_offset(&self) -> Fixed {
        let always = self.parts.iter().filter(|part| part.when.is_none() && !part.peek);
        let bytes = always.map(|part| exact(&part.take).unwrap_or(0)).fold(0, usize::saturating_add);
        Fixed { numbers: self.fixed.clone(), bytes }
    }

    /// # Errors
    /// Names the field and what is wrong with it.
    pub fn read(&mut self, fields: &[written::Field]) -> Result<(), String> {
        for (number, field) in (1u32..).zip(fields) {
            let what = if field.name.is_empty() { format!("field {number}") } else { format!("field {}", field.name) };
            self.field(field).map_err(|error| format!("{what}: {error}"))?;
        }
        Ok(())
    }

    fn field(&mut self, field: &written::Field) -> Result<(), String> {
        let many = field.count.is_some();
        let take = self.take(field)?;
        let nameless = matches!(take, Take::Skip(_) | Take::Secret(_));
        if nameless != field.name.is_empty() {
            return Err("what is kept has a name, and what is not kept has none".to_owned());
        }
        let scale = match (field.scale, field.offset) {
            (None, None) => None,
            (scale, offset) => Some((scale.unwrap_or(1.0), offset.unwrap_or(0.0))),
        };
        let number = matches!(take, Take::Number(_) | Take::Numbers(..)) && field.kind != Type::Bool;
        if let Some((scale, offset)) = scale {
            if !number || !scale.is_finite() || scale == 0.0 || !offset.is_finite() {
                return Err("scale is a number other than 0, offset a number, both of a number".to_owned());
            }
        }
        let holds = if scale.is_some() { Kind::Float } else { kind(field.kind) };
        let slot = if nameless { None } else { Some(self.names.add(&field.name, holds, many)?) };
        let names = self.named(field, holds == Kind::Unsigned && !many)?;
        if let (Some(slot), Kind::Unsigned, false) = (slot, holds, many) {
            self.known.insert(field.name.clone(), slot);
        }
        let when = self.when(field)?;
        if let (Take::Number(written), Some(offset), None) = (&take, self.offset, &when) {
            self.fixed.insert(field.name.clone(), (offset, *written));
        }
        let taken = if field.peek { Some(0) } else { exact(&take).filter(|_| when.is_none()) };
        self.offset = self.offset.zip(taken).map(|(offset, bytes)| offset.saturating_add(bytes));
        self.parts.push(Part { slot, take, names, scale, when, peek: field.peek });
        Ok(())
    }

    fn when(&self, field: &written::Field) -> Result<Option<When>, String> {
        let (given, wanted) = match (&field.when, &field.unless) {
            (None, None) => return Ok(None),
            (Some(given), None) => (given, true),
            (None, Some(given)) => (given, false),
            (Some(_), Some(_)) => return Err("when or unless, not both".to_owned()),
        };
        let slot = self.known.get(&given.field).copied();
        let slot = slot.ok_or_else(|| format!("no whole number {} before it", given.field))?;
        Ok(Some(When { slot, is: given.is.clone(), wanted }))
    }

    fn named(&mut self, field: &written::Field, plain: bool) -> Result<Option<Spelled>, String> {
        if field.values.is_empty() {
            return Ok(None);
        }
        if !plain {
            return Err("only one whole number has values with names".to_owned());
        }
        let slot = self.names.add(&format!("{}_name", field.name), Kind::Text, false)?;
        let names = field.values.iter().map(|(number, name)| Ok((*number, leak(word(name)?))));
        Ok(Some((slot, names.collect::<Result<_, String>>()?)))
    }

    fn take(&self, field: &written::Field) -> Result<Take, String> {
        let some = |given: &Option<written::Amount>, what: &str| {
            let given = given.as_ref().ok_or_else(|| format!("wants a {what}"))?;
            amount(given, &self.known)
        };
        if let Some(of) = &field.of {
            return self.within(field, of);
        }
        match field.kind {
            Type::Text => Ok(Take::Text(some(&field.length, "length")?)),
            Type::Bytes => Ok(Take::Bytes(some(&field.length, "length")?)),
            Type::Secret => Ok(Take::Secret(some(&field.length, "length")?)),
            Type::Skip => Ok(Take::Skip(some(&field.length, "length")?)),
            Type::Bits => Ok(Take::Bits(some(&field.count, "count")?)),
            _ => {
                let digits = match &field.length {
                    None => None,
                    Some(written::Amount::Number(number)) => usize::try_from(*number).ok(),
                    Some(_) => return Err("a number has a fixed length".to_owned()),
                };
                let written = Written::new(field.kind, field.order.unwrap_or(self.order), digits);
                let written = written.ok_or("bcd has 1 to 8 bytes, hex 1 to 16 digits, decimal 1 to 18")?;
                match &field.count {
                    None => Ok(Take::Number(written)),
                    Some(count) => Ok(Take::Numbers(written, amount(count, &self.known)?)),
                }
            }
        }
    }

    fn within(&self, field: &written::Field, of: &str) -> Result<Take, String> {
        let slot = self.known.get(of).copied().ok_or_else(|| format!("of: no whole number {of} before it"))?;
        let [first, last] =
            field.bits.filter(|[first, last]| first <= last && *last < 64).ok_or("bits: first and last, from 0")?;
        let flag = match field.kind {
            Type::Bool if first == last => true,
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => false,
            _ => return Err("bits of a number are a bool, or u8 to u64".to_owned()),
        };
        let width = u32::from(last.saturating_sub(first)).saturating_add(1);
        let mask = u64::MAX >> 64u32.saturating_sub(width).min(63);
        Ok(Take::Within { slot, shift: first, mask, flag })
    }
}

/// # Errors
/// It speaks of what was not read before.
pub fn amount(given: &written::Amount, known: &Map<String, usize>) -> Result<Amount, String> {
    let slot = |name: &str| known.get(name).copied().ok_or_else(|| format!("no whole number {name} before it"));
    Ok(match given {
        written::Amount::Number(number) => Amount::Number((*number).into()),
        written::Amount::Named(name) if name == "rest" => Amount::Rest,
        written::Amount::Named(name) => Amount::Of { slot: slot(name)?, times: 1, plus: 0 },
        written::Amount::Reckoned(reckoned) => {
            Amount::Of { slot: slot(&reckoned.field)?, times: reckoned.times.into(), plus: reckoned.plus.into() }
        }
    })
}

fn exact(take: &Take) -> Option<usize> {
    let number = |amount: &Amount| match amount {
        Amount::Number(number) => usize::try_from(*number).ok(),
        _ => None,
    };
    match take {
        Take::Number(written) => Some(written.width),
        Take::Numbers(written, count) => number(count)?.checked_mul(written.width),
        Take::Bits(count) => number(count).map(|count| count.div_ceil(8)),
        Take::Within { .. } => Some(0),
        Take::Text(length) | Take::Bytes(length) | Take::Secret(length) | Take::Skip(length) => number(length),
    }
}
