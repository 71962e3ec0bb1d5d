//! Which values of one field let a condition hold: the keys by which rules are found.
//!
//! A key may hold more than its condition allows, never less: what it leads to is evaluated.

use std::net::IpAddr;

use super::sets::{How, Integers, Networks, Stretch, Texts};

/// A set of values of one field, the missing one among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Key {
    /// The field is not there.
    pub missing: bool,
    /// Inclusive ranges of [`ordinal`]s.
    pub numbers: Ranges<u64>,
    pub four: Ranges<u32>,
    pub six: Ranges<u128>,
    pub texts: Words,
    /// Raw bytes, not their hex digits.
    pub blobs: Words,
}

/// Inclusive, sorted, disjoint.
pub type Ranges<T> = Vec<(T, T)>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Words {
    pub any: bool,
    pub whole: Vec<Box<[u8]>>,
    /// Any of these stands somewhere inside.
    pub within: Vec<Box<[u8]>>,
}

impl Words {
    pub fn is_empty(&self) -> bool {
        !self.any && self.whole.is_empty() && self.within.is_empty()
    }

    fn any() -> Self {
        Self { any: true, ..Self::default() }
    }

    fn either(mut self, other: Self) -> Self {
        self.any |= other.any;
        for (mine, theirs) in [(&mut self.whole, other.whole), (&mut self.within, other.within)] {
            mine.extend(theirs);
            mine.sort_unstable();
            mine.dedup();
        }
        self
    }

    /// Either alone holds what fits both: the narrower one.
    fn both(mut self, other: Self) -> Self {
        if self.within.is_empty() && other.within.is_empty() && !self.any && !other.any {
            self.whole.retain(|word| other.whole.contains(word));
            return self;
        }
        if other.width() < self.width() {
            other
        } else {
            self
        }
    }

    fn width(&self) -> u64 {
        let words = |list: &[Box<[u8]>], each: u64| u64::try_from(list.len()).unwrap_or(u64::MAX).saturating_mul(each);
        match self.any {
            true => u64::MAX,
            false => words(&self.whole, 1).saturating_add(words(&self.within, 1 << 10)),
        }
    }

    pub fn texts(texts: &Texts) -> Self {
        let needles = texts.needles().to_vec();
        match texts.how {
            How::Equal => Self { whole: needles, ..Self::default() },
            How::Contains | How::Starts | How::Ends => Self { within: needles, ..Self::default() },
        }
    }

    /// Bytes in which these hex digits can stand. Digits may begin in the middle of a byte: then only the whole bytes
    /// between are looked for.
    pub fn hex(texts: &Texts) -> Self {
        let mut words = Self::default();
        for needle in texts.needles() {
            let odd = needle.len() % 2 == 1;
            let (even_start, odd_start) = match texts.how {
                How::Equal if odd => continue,
                How::Equal => {
                    words.whole.extend(hex_bytes(needle));
                    continue;
                }
                How::Starts => (true, false),
                How::Ends => (!odd, odd),
                How::Contains => (true, true),
            };
            let starts = [(even_start, needle.get(..)), (odd_start, needle.get(1..))];
            for digits in starts.into_iter().filter(|(wanted, _)| *wanted).filter_map(|(_, digits)| digits) {
                match hex_bytes(digits) {
                    Some(bytes) if bytes.is_empty() => words.any = true,
                    Some(bytes) => words.within.push(bytes),
                    None => {} // no digits: never found in what is printed as digits
                }
            }
        }
        words
    }
}

/// Whole bytes of lower-case hex digits; a last digit alone is left out.
fn hex_bytes(digits: &[u8]) -> Option<Box<[u8]>> {
    let nibble = |digit: &u8| match digit {
        b'0'..=b'9' => Some(digit & 15),
        b'a'..=b'f' => Some((digit & 15).saturating_add(9)),
        _ => None,
    };
    let pair = |pair: &[u8]| Some(nibble(pair.first()?)? << 4 | nibble(pair.get(1)?)?);
    digits.chunks_exact(2).map(pair).collect()
}

impl Key {
    /// Whatever the field holds.
    pub fn present() -> Self {
        Self {
            missing: false,
            numbers: vec![(0, u64::MAX)],
            four: vec![(0, u32::MAX)],
            six: vec![(0, u128::MAX)],
            texts: Words::any(),
            blobs: Words::any(),
        }
    }

    pub fn missing() -> Self {
        Self { missing: true, ..Self::default() }
    }

    pub fn numbers(integers: &[(i128, i128)], stretches: &[Stretch]) -> Self {
        let whole = integers.iter().map(|(low, high)| (integer_ordinal(*low), integer_ordinal(*high)));
        let real = stretches.iter().map(|stretch| {
            let bound = |bound: Option<(f64, bool)>| bound.map(|(value, _)| ordinal(value));
            (bound(stretch.low).unwrap_or(0), bound(stretch.high).unwrap_or(u64::MAX))
        });
        Self { numbers: union(whole.chain(real).collect()), ..Self::default() }
    }

    /// Every integer but these, whatever is no number, and no value at all.
    pub fn other_numbers(integers: &Integers) -> Self {
        let mut rest = Vec::new();
        let mut next = Some(i128::MIN);
        for (low, high) in integers.ranges() {
            if let (Some(from), Some(to)) = (next, low.checked_sub(1)) {
                rest.push((from, to));
            }
            next = high.checked_add(1);
        }
        rest.extend(next.map(|from| (from, i128::MAX)));
        rest.retain(|(low, high)| low <= high);
        Self { missing: true, numbers: Self::numbers(&rest, &[]).numbers, ..Self::present() }
    }

    pub fn addresses(networks: &Networks) -> Self {
        Self { four: networks.four().to_vec(), six: networks.six().to_vec(), ..Self::default() }
    }

    pub fn other_addresses(networks: &Networks) -> Self {
        Self {
            missing: true,
            four: others(networks.four(), 0, u32::MAX, |value, step| value.checked_add_signed(step)),
            six: others(networks.six(), 0, u128::MAX, |value, step| value.checked_add_signed(step.into())),
            ..Self::present()
        }
    }

    /// No value fits: what needs it never holds.
    pub fn is_empty(&self) -> bool {
        let none = self.numbers.is_empty() && self.four.is_empty() && self.six.is_empty();
        none && !self.missing && self.texts.is_empty() && self.blobs.is_empty()
    }

    pub fn either(self, other: Self) -> Self {
        let joined = |mut left: Vec<_>, right: Vec<_>| {
            left.extend(right);
            left
        };
        Self {
            missing: self.missing || other.missing,
            numbers: union(joined(self.numbers, other.numbers)),
            four: union([self.four, other.four].concat()),
            six: union([self.six, other.six].concat()),
            texts: self.texts.either(other.texts),
            blobs: self.blobs.either(other.blobs),
        }
    }

    /// What one value must fit to fit both.
    pub fn both(self, other: Self) -> Self {
        Self {
            missing: self.missing && other.missing,
            numbers: common(&self.numbers, &other.numbers),
            four: common(&self.four, &other.four),
            six: common(&self.six, &other.six),
            texts: self.texts.both(other.texts),
            blobs: self.blobs.both(other.blobs),
        }
    }

    /// Where its values begin: keys in this order have their neighbours beside them.
    pub fn first(&self) -> (Option<u64>, Option<u32>, Option<u128>) {
        let (numbers, four, six) = (self.numbers.first(), self.four.first(), self.six.first());
        (numbers.map(|range| range.0), four.map(|range| range.0), six.map(|range| range.0))
    }

    /// How many values fit, roughly: a missing one is as common as all others.
    pub fn width(&self) -> u64 {
        let numbers = self.numbers.iter().map(|(low, high)| {
            let width = number(*high) - number(*low) + 1.0;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::as_conversions)] // saturates
            let width = if width.is_finite() { width as u64 } else { u64::MAX };
            width
        });
        let four = self.four.iter().map(|(low, high)| u64::from(high.saturating_sub(*low)).saturating_add(1));
        let six = self.six.iter().map(|(low, high)| u64::try_from(high.saturating_sub(*low)).unwrap_or(u64::MAX));
        let words = [self.texts.width(), self.blobs.width(), if self.missing { u64::MAX } else { 0 }];
        numbers.chain(four).chain(six).chain(words).fold(0, u64::saturating_add)
    }
}

/// Numbers of every type in one order, as unsigned integers. Integers beyond 2^53 share theirs with their neighbours.
#[inline]
pub fn ordinal(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits(); // -0.0 is 0.0
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

/// The number of an ordinal.
pub fn number(ordinal: u64) -> f64 {
    f64::from_bits(if ordinal >> 63 == 1 { ordinal & !(1 << 63) } else { !ordinal })
}

#[inline]
#[allow(clippy::cast_precision_loss, clippy::as_conversions)] // rounds the same way here and in a field's value
pub fn integer_ordinal(value: i128) -> u64 {
    ordinal(value as f64)
}

/// The ordinal of a MAC address is that of its 48 bits.
pub fn mac_number(mac: [u8; 6]) -> i128 {
    mac.iter().fold(0, |number, byte| number << 8 | i128::from(*byte))
}

pub fn family(address: IpAddr) -> Result<u32, u128> {
    match address {
        IpAddr::V4(four) => Ok(four.to_bits()),
        IpAddr::V6(six) => Err(six.to_bits()),
    }
}

fn union<T: Copy + Ord>(mut ranges: Vec<(T, T)>) -> Ranges<T> {
    ranges.retain(|(low, high)| low <= high);
    ranges.sort_unstable();
    let mut merged: Vec<(T, T)> = Vec::with_capacity(ranges.len());
    for (low, high) in ranges {
        match merged.last_mut() {
            Some(last) if low <= last.1 => last.1 = last.1.max(high),
            _ => merged.push((low, high)),
        }
    }
    merged
}

/// Both are sorted and disjoint.
fn common<T: Copy + Ord>(left: &[(T, T)], right: &[(T, T)]) -> Ranges<T> {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    let mut found = Vec::new();
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let (low, high) = (a.0.max(b.0), a.1.min(b.1));
        if low <= high {
            found.push((low, high));
        }
        if a.1 < b.1 {
            left.next();
        } else {
            right.next();
        }
    }
    found
}

fn others<T: Copy + Ord>(ranges: &[(T, T)], least: T, most: T, step: impl Fn(T, i32) -> Option<T>) -> Ranges<T> {
    let mut rest = Vec::new();
    let mut next = Some(least);
    for (low, high) in ranges {
        if let (Some(from), Some(to)) = (next, step(*low, -1)) {
            rest.push((from, to));
        }
        next = step(*high, 1);
    }
    rest.extend(next.map(|from| (from, most)));
    rest.retain(|(low, high)| low <= high);
    rest
}
