//! One field in a block of conditions: from the event's value to the conditions it leaves possible.

use super::hull::Hull;
use super::keys::{self, integer_ordinal, mac_number, number, ordinal, Key};
use super::pages::{Pages, Points};
use super::rows::{set, Maker, Rows, ANY, MISSING, OTHER};
use super::words::WordRows;
use crate::event::{base, Event, FieldId};
use crate::value::{Outcome, Value, SLOTS};

/// Numbers up to here are found in tables.
const SMALL: u64 = 0xffff;
const SMALL_END: f64 = 65_535.0;

#[derive(Debug)]
pub struct Column {
    source: Source,
    /// The conditions that ask for the field.
    pub relevant: Box<[u64]>,
    small: Pages,
    hull: Hull,
    numbers: Points<u64>,
    four: Pages,
    six: Points<u128>,
    texts: WordRows,
    blobs: WordRows,
    rows: Rows,
    cost: u32,
}

/// Words with the row of each.
pub type NamedRows<'c> = Vec<(&'c [u8], u16)>;

/// Where an event has the field.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    Slot(usize),
    Base(u16),
    /// No event of this protocol has it.
    Nowhere,
}

/// The rows of one event's values, joined.
#[derive(Debug, Default)]
pub struct Joined {
    one: u16,
    several: bool,
    bits: Vec<u64>,
}

impl Joined {
    #[inline]
    fn begin(&mut self) {
        (self.one, self.several) = (OTHER, false);
    }

    #[inline]
    fn add(&mut self, row: u16, rows: &Rows) {
        if row == OTHER || row == self.one && !self.several {
            return;
        }
        if self.one == OTHER {
            self.one = row;
            return;
        }
        if !self.several {
            self.several = true;
            self.bits.clear();
            self.bits.extend_from_slice(rows.row(self.one));
        }
        self.bits.iter_mut().zip(rows.row(row)).for_each(|(word, more)| *word |= more);
    }

    #[inline]
    fn bits<'j, const WORDS: usize>(&'j self, rows: &'j Rows) -> Option<&'j [u64; WORDS]> {
        if self.several {
            self.bits.first_chunk()
        } else {
            rows.wide(self.one)
        }
    }
}

impl Column {
    /// `keys`: the key of each condition that has one for `field`, by its number; `words`: the width of a row.
    pub fn new(field: FieldId, protocol: usize, keys: &[(usize, &Key)], words: usize) -> Self {
        let mut relevant = vec![0u64; words];
        keys.iter().for_each(|(term, _)| set(&mut relevant, *term));
        let missing = keys.iter().filter(|(_, key)| key.missing).map(|(term, _)| *term);
        let mut rows = Maker::new(&relevant, missing);
        let all = || keys.iter().map(|(term, key)| (*term, *key));
        let numbers = all().flat_map(|(term, key)| key.numbers.iter().map(move |range| (term, *range)));
        let hull = Hull::new(numbers.clone().map(|(_, range)| range));
        let numbers = rows.stretches(numbers, 0, |value| value.checked_add(1));
        let four = all().flat_map(|(term, key)| key.four.iter().map(move |range| (term, *range)));
        let four = rows.stretches(four, 0, |value| value.checked_add(1));
        let six = all().flat_map(|(term, key)| key.six.iter().map(move |range| (term, *range)));
        let six = rows.stretches(six, 0, |value| value.checked_add(1));
        let texts = WordRows::new(all().map(|(term, key)| (term, &key.texts)), &mut rows);
        let blobs = WordRows::new(all().map(|(term, key)| (term, &key.blobs)), &mut rows);
        let many = field.def().is_none_or(|def| def.many);
        let words = texts.cost().saturating_add(blobs.cost());
        Self {
            source: source(field, protocol),
            relevant: relevant.into_boxed_slice(),
            hull,
            small: Pages::new(small(&numbers), 16),
            numbers: Points::new(numbers),
            four: Pages::new(four, 32),
            six: Points::new(six),
            texts,
            blobs,
            rows: rows.finish(),
            cost: if many { words.saturating_add(1).saturating_mul(8) } else { words },
        }
    }

    /// Cheap fields are looked at first.
    pub fn cost(&self) -> u32 {
        self.cost
    }

    /// The rows of what the event has in the field.
    fn look<'j>(&'j self, event: &Event<'_>, joined: &'j mut Joined) -> &'j Joined {
        joined.begin();
        match self.source {
            Source::Slot(slot) => self.optional(event.record.get(slot), event, joined),
            Source::Base(number) => self.base(number, event, joined),
            Source::Nowhere => joined.add(MISSING, &self.rows),
        }
        joined
    }

    /// Leave of `possible` what the event's values leave; whether something is left.
    #[inline]
    pub fn narrow<const WORDS: usize>(
        &self,
        event: &Event<'_>,
        possible: &mut [u64; WORDS],
        joined: &mut Joined,
    ) -> bool {
        let row = match self.quick(event) {
            Some(row) => self.rows.wide(row),
            None => self.look(event, joined).bits(&self.rows),
        };
        let mut left = 0u64;
        for (word, more) in possible.iter_mut().zip(row.unwrap_or(&[u64::MAX; WORDS])) {
            *word &= more;
            left |= *word;
        }
        left != 0
    }

    /// The event's row, unless it has several.
    #[inline]
    pub fn one(&self, event: &Event<'_>, joined: &mut Joined) -> Option<u16> {
        self.quick(event).or_else(|| {
            self.look(event, joined);
            (!joined.several).then_some(joined.one)
        })
    }

    /// Whether one of these conditions asks for the field.
    #[inline]
    pub fn asked<const WORDS: usize>(&self, possible: &[u64; WORDS]) -> bool {
        possible.iter().zip(&self.relevant).fold(0, |any, (word, relevant)| any | word & relevant) != 0
    }

    /// The row of a single number or address, and of what nobody asks for: that is nearly every message.
    #[inline(always)]
    fn quick(&self, event: &Event<'_>) -> Option<u16> {
        match self.source {
            Source::Slot(slot) => match event.record.get(slot) {
                None => Some(MISSING),
                Some(Value::Unsigned(number)) => Some(self.number(number)),
                Some(Value::Words(span)) if !self.hull.meets(span.of(event.bytes)) => Some(OTHER),
                _ => None,
            },
            Source::Base(base::CLIENT_IP) => Some(self.address(event.client.ip)),
            Source::Base(base::SERVER_IP) => Some(self.address(event.server.ip)),
            Source::Base(base::BYTES) => self.blobs.quick(event.bytes),
            _ => None,
        }
    }

    /// The slot of the record in which the field stands, if that is where it is.
    pub fn slot(&self) -> Option<usize> {
        match self.source {
            Source::Slot(slot) => Some(slot),
            Source::Base(_) | Source::Nowhere => None,
        }
    }

    /// Where all that is asked of texts are whole words: the row of each, and before them the row of any other.
    pub fn names(&self) -> Option<(u16, NamedRows<'_>)> {
        let mut joined = Joined::default();
        let mut row = |name: &[u8]| {
            joined.begin();
            self.texts.find(name, |row| joined.add(row, &self.rows));
            // As in `one`, whose caller takes several for anything.
            if joined.several {
                ANY
            } else {
                joined.one
            }
        };
        let names = self.texts.whole()?.map(|name| (name, row(name))).collect();
        Some((self.texts.other(), names))
    }

    /// How many rows there are: their numbers lie below.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The conditions that a row leaves possible.
    pub fn row(&self, number: u16) -> &[u64] {
        self.rows.row(number)
    }

    #[inline]
    fn optional(&self, value: Option<Value>, event: &Event<'_>, joined: &mut Joined) {
        match value {
            None => joined.add(MISSING, &self.rows),
            Some(value) => self.value(value, event, joined),
        }
    }

    fn base(&self, field: u16, event: &Event<'_>, joined: &mut Joined) {
        let counted = |number: Option<usize>| number.and_then(|number| u64::try_from(number).ok()).unwrap_or(u64::MAX);
        let row = match field {
            base::CLIENT_IP => self.address(event.client.ip),
            base::SERVER_IP => self.address(event.server.ip),
            base::SOURCE_IP => self.address(event.source().ip),
            base::DESTINATION_IP => self.address(event.destination().ip),
            base::ROLE => self.number(counted(Some(event.record.role.number()))),
            base::OPERATION_CLASS => self.number(counted(Some(event.record.class.number()))),
            base::OUTCOME if event.record.outcome == Outcome::Unknown => MISSING,
            base::OUTCOME => self.number(counted(Some(event.record.outcome.number()))),
            base::SEGMENT => self.number(event.segment.into()),
            base::SOURCE_MAC => self.numbers.find(integer_ordinal(mac_number(event.source().mac))),
            base::DESTINATION_MAC => self.numbers.find(integer_ordinal(mac_number(event.destination().mac))),
            base::FILE_NAME => ANY,
            base::FLAWS => return self.flaws(event, joined),
            base::BYTES => return self.blobs.find(event.bytes, |row| joined.add(row, &self.rows)),
            _ => return self.optional(event.get(FieldId(field)), event, joined),
        };
        joined.add(row, &self.rows);
    }

    fn flaws(&self, event: &Event<'_>, joined: &mut Joined) {
        let mut left = u128::from(event.record.flaws) | u128::from(event.stream_flaws) << 64;
        if left == 0 {
            joined.add(MISSING, &self.rows);
        }
        while left != 0 {
            joined.add(self.number(left.trailing_zeros().into()), &self.rows);
            left &= left.wrapping_sub(1);
        }
    }

    #[inline]
    fn value(&self, value: Value, event: &Event<'_>, joined: &mut Joined) {
        match value {
            Value::Unsigned(number) => joined.add(self.number(number), &self.rows),
            Value::Words(span) => self.words(span.of(event.bytes), joined),
            Value::Bits { start, count } => {
                let (zero, one) = bits(event.bytes, start, count);
                if !zero && !one {
                    joined.add(ANY, &self.rows); // there, and empty
                }
                for (number, there) in [(0, zero), (1, one)] {
                    if there {
                        joined.add(self.number(number), &self.rows);
                    }
                }
            }
            Value::List(span) => match event.record.list(span) {
                [] => joined.add(ANY, &self.rows),
                list => list.iter().for_each(|element| self.element(*element, event, joined)),
            },
            other => self.element(other, event, joined),
        }
    }

    fn words(&self, bytes: &[u8], joined: &mut Joined) {
        if bytes.len() < 2 {
            return joined.add(ANY, &self.rows);
        }
        if let Some(only) = self.small.only() {
            return joined.add(only, &self.rows);
        }
        for pair in bytes.chunks_exact(2) {
            if let [high, low] = pair {
                joined.add(self.small.find(u16::from_be_bytes([*high, *low]).into()), &self.rows);
            }
        }
    }

    fn element(&self, value: Value, event: &Event<'_>, joined: &mut Joined) {
        let mut add = |row| joined.add(row, &self.rows);
        match value {
            Value::Unsigned(number) => add(self.number(number)),
            Value::Signed(number) => add(match u64::try_from(number) {
                Ok(number) => self.number(number),
                Err(_) => self.numbers.find(integer_ordinal(number.into())),
            }),
            Value::Bool(flag) => add(self.number(flag.into())),
            Value::Float(number) => add(self.numbers.find(ordinal(number))),
            Value::Ip(address) => add(self.address(address)),
            Value::Name(name) => self.texts.find(name.as_bytes(), add),
            Value::Text(span) => self.texts.find(event.record.blob(span), add),
            Value::Bytes(span) => self.blobs.find(span.of(event.bytes), add),
            Value::Blob(span) => self.blobs.find(event.record.blob(span), add),
            // No parser nests lists.
            Value::Words(_) | Value::Bits { .. } | Value::List(_) => add(ANY),
        }
    }

    /// The row of an integer.
    #[inline]
    pub fn number(&self, value: u64) -> u16 {
        match u32::try_from(value) {
            Ok(small) if value <= SMALL => self.small.find(small),
            _ => self.numbers.find(integer_ordinal(value.into())),
        }
    }

    #[inline]
    fn address(&self, address: std::net::IpAddr) -> u16 {
        match keys::family(address) {
            Ok(four) => self.four.find(four),
            Err(six) => self.six.find(six),
        }
    }
}

/// Where events of that protocol have the field.
pub fn source(field: FieldId, protocol: usize) -> Source {
    match usize::from(field.0).checked_sub(SLOTS) {
        None => Source::Base(field.0),
        Some(rest) if rest / SLOTS == protocol => Source::Slot(rest % SLOTS),
        Some(_) => Source::Nowhere,
    }
}

/// The same stretches, of integers up to [`SMALL`].
fn small((starts, rows): &(Vec<u64>, Vec<u16>)) -> (Vec<u32>, Vec<u16>) {
    let (mut points, mut here) = (Vec::<u32>::new(), Vec::<u16>::new());
    for (start, row) in starts.iter().zip(rows) {
        let value = number(*start);
        if value > SMALL_END || (value.is_nan() && *start > 0) {
            break; // behind infinity comes what is no number
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::as_conversions)] // within 0..=SMALL
        let first = value.ceil().max(0.0) as u32;
        // Several stretches may begin between two integers: the last of them is the one that holds.
        if points.last() == Some(&first) {
            points.pop();
            here.pop();
        }
        if here.last() != Some(row) {
            points.push(first);
            here.push(*row);
        }
    }
    (points, here)
}

/// Whether there is a 0, and whether there is a 1.
pub fn bits(bytes: &[u8], start: u32, count: u32) -> (bool, bool) {
    let held = bytes.get(start as usize..).unwrap_or_default();
    let (whole, rest) = ((count / 8) as usize, count % 8);
    let (mut zeros, mut ones) = (0u8, 0u8);
    for byte in held.iter().take(whole) {
        ones |= byte;
        zeros |= !byte;
    }
    if let Some(last) = held.get(whole).filter(|_| rest > 0) {
        let kept = 0xffu8 >> (8u32.saturating_sub(rest));
        ones |= last & kept;
        zeros |= !last & kept;
    }
    (zeros != 0, ones != 0)
}
