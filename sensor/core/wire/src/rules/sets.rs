//! Sets that a field's element is held against: integers, stretches of real numbers, texts, addresses.

use std::net::IpAddr;

/// Sorted, disjoint, not touching.
fn normal<T: Copy + Ord>(mut ranges: Vec<(T, T)>, next: impl Fn(T) -> Option<T>) -> Box<[(T, T)]> {
    ranges.retain(|(low, high)| low <= high);
    ranges.sort_unstable();
    let mut merged: Vec<(T, T)> = Vec::with_capacity(ranges.len());
    for (low, high) in ranges {
        match merged.last_mut() {
            Some(last) if next(last.1).is_none_or(|after| low <= after) => last.1 = last.1.max(high),
            _ => merged.push((low, high)),
        }
    }
    merged.into_boxed_slice()
}

#[inline]
fn within<T: Copy + Ord>(ranges: &[(T, T)], value: T) -> bool {
    let at = ranges.partition_point(|(_, high)| *high < value);
    ranges.get(at).is_some_and(|(low, _)| *low <= value)
}

/// Integers as ranges; 0–255 also as a bitmap, because function codes, unit ids and exception codes live there.
#[derive(Debug)]
pub struct Integers {
    small: [u64; 4],
    ranges: Box<[(i128, i128)]>,
}

impl Integers {
    pub fn new(ranges: Vec<(i128, i128)>) -> Self {
        let ranges = normal(ranges, |value| value.checked_add(1));
        let mut small = [0u64; 4];
        for byte in 0..=u8::MAX {
            if within(&ranges, i128::from(byte)) {
                if let Some(word) = small.get_mut(usize::from(byte >> 6)) {
                    *word |= 1u64 << (byte & 63);
                }
            }
        }
        Self { small, ranges }
    }

    #[inline]
    pub fn has_u64(&self, value: u64) -> bool {
        match u8::try_from(value) {
            Ok(byte) => self.small.get(usize::from(byte >> 6)).is_some_and(|word| word >> (byte & 63) & 1 == 1),
            Err(_) => within(&self.ranges, i128::from(value)),
        }
    }

    #[inline]
    pub fn has(&self, value: i128) -> bool {
        within(&self.ranges, value)
    }

    pub fn ranges(&self) -> &[(i128, i128)] {
        &self.ranges
    }
}

/// A stretch of real numbers; `None` is open to infinity, the flag says whether the bound itself belongs to it.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    pub low: Option<(f64, bool)>,
    pub high: Option<(f64, bool)>,
}

impl Stretch {
    /// Not-a-number lies in no stretch.
    pub fn has(&self, value: f64) -> bool {
        let above = self.low.is_none_or(|(bound, closed)| value > bound || (closed && value == bound));
        let below = self.high.is_none_or(|(bound, closed)| value < bound || (closed && value == bound));
        above && below && !value.is_nan()
    }
}

/// How a text is compared. Always case-sensitive, byte by byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Equal,
    Contains,
    Starts,
    Ends,
}

#[derive(Debug)]
pub struct Texts {
    pub how: How,
    /// Sorted, so that long lists of equal texts are found by bisection.
    needles: Box<[Box<[u8]>]>,
}

impl Texts {
    pub fn new(how: How, mut needles: Vec<Box<[u8]>>) -> Self {
        needles.sort_unstable();
        needles.dedup();
        Self { how, needles: needles.into_boxed_slice() }
    }

    pub fn needles(&self) -> &[Box<[u8]>] {
        &self.needles
    }

    pub fn has(&self, text: &[u8]) -> bool {
        match self.how {
            How::Equal if self.needles.len() > 8 => {
                self.needles.binary_search_by(|needle| needle.as_ref().cmp(text)).is_ok()
            }
            How::Equal => self.needles.iter().any(|needle| needle.as_ref() == text),
            How::Contains => self.needles.iter().any(|needle| memchr::memmem::find(text, needle).is_some()),
            How::Starts => self.needles.iter().any(|needle| text.starts_with(needle)),
            How::Ends => self.needles.iter().any(|needle| text.ends_with(needle)),
        }
    }

    /// The same over the lower-case hex digits of `bytes`, as the event prints them, without making that text.
    pub fn has_hex(&self, bytes: &[u8]) -> bool {
        let digits = bytes.len().saturating_mul(2);
        let digit = |at: usize| {
            let byte = bytes.get(at >> 1).copied().unwrap_or(0);
            let nibble = if at & 1 == 0 { byte >> 4 } else { byte & 15 };
            b"0123456789abcdef".get(usize::from(nibble)).copied().unwrap_or(b'0')
        };
        let stands = |needle: &[u8], from: usize| {
            needle.iter().enumerate().all(|(offset, byte)| digit(from.saturating_add(offset)) == *byte)
        };
        self.needles.iter().any(|needle| match digits.checked_sub(needle.len()) {
            None => false,
            Some(room) => match self.how {
                How::Equal => room == 0 && stands(needle, 0),
                How::Starts => stands(needle, 0),
                How::Ends => stands(needle, room),
                How::Contains => (0..=room).any(|from| stands(needle, from)),
            },
        })
    }
}

/// IPv4 and IPv6 apart: `0.0.0.0/0` holds no IPv6 address.
#[derive(Debug, Default)]
pub struct Networks {
    four: Box<[(u32, u32)]>,
    six: Box<[(u128, u128)]>,
}

impl Networks {
    pub fn new(networks: &[Network]) -> Self {
        let (mut four, mut six) = (Vec::new(), Vec::new());
        for network in networks {
            match network {
                Network::Four(low, high) => four.push((*low, *high)),
                Network::Six(low, high) => six.push((*low, *high)),
            }
        }
        Self { four: normal(four, |value| value.checked_add(1)), six: normal(six, |value| value.checked_add(1)) }
    }

    #[inline]
    pub fn has(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(four) => within(&self.four, four.to_bits()),
            IpAddr::V6(six) => within(&self.six, six.to_bits()),
        }
    }

    pub fn four(&self) -> &[(u32, u32)] {
        &self.four
    }

    pub fn six(&self) -> &[(u128, u128)] {
        &self.six
    }
}

/// First and last address of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    Four(u32, u32),
    Six(u128, u128),
}

impl Network {
    /// `10.0.0.0/8`, or one address. Bits behind the prefix are allowed and ignored, as `ip` does.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (address, prefix) = match text.split_once('/') {
            None => (text, None),
            Some((address, prefix)) => (address, Some(prefix)),
        };
        let address: IpAddr = address.parse().map_err(|_| format!("{text:?} is not an IP address or network"))?;
        let most: u32 = if address.is_ipv4() { 32 } else { 128 };
        let length = match prefix {
            None => most,
            Some(digits) => match digits.parse::<u32>() {
                Ok(length) if length <= most => length,
                _ => return Err(format!("{text:?}: the prefix length must be 0 to {most}")),
            },
        };
        let host = most.saturating_sub(length);
        Ok(match address {
            IpAddr::V4(four) => {
                let hosts = u32::MAX.checked_shr(32u32.saturating_sub(host)).unwrap_or(0);
                Network::Four(four.to_bits() & !hosts, four.to_bits() | hosts)
            }
            IpAddr::V6(six) => {
                let hosts = u128::MAX.checked_shr(128u32.saturating_sub(host)).unwrap_or(0);
                Network::Six(six.to_bits() & !hosts, six.to_bits() | hosts)
            }
        })
    }
}

impl Network {
    #[inline]
    pub fn holds(self, address: IpAddr) -> bool {
        match (self, address) {
            (Network::Four(low, high), IpAddr::V4(four)) => (low..=high).contains(&four.to_bits()),
            (Network::Six(low, high), IpAddr::V6(six)) => (low..=high).contains(&six.to_bits()),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_join_and_keep_their_edges() {
        let set = Integers::new(vec![(7, 5), (1, 3), (4, 4), (255, 256), (-2, -1), (i128::MAX, i128::MAX)]);
        assert_eq!(set.ranges(), &[(-2, -1), (1, 4), (255, 256), (i128::MAX, i128::MAX)]);
        for (value, expected) in [(0, false), (1, true), (4, true), (5, false), (255, true), (256, true), (257, false)]
        {
            assert_eq!(set.has_u64(value), expected, "{value}");
            assert_eq!(set.has(i128::from(value)), expected, "{value}");
        }
        assert!(set.has(-2) && !set.has(-3));
    }

    #[test]
    fn networks_mask_what_they_should() {
        let set = Networks::new(&[Network::parse("10.1.2.3/8").unwrap(), Network::parse("fe80::/10").unwrap()]);
        for (address, expected) in
            [("10.255.0.1", true), ("11.0.0.0", false), ("9.255.255.255", false), ("fe80::1", true), ("::1", false)]
        {
            assert_eq!(set.has(address.parse().unwrap()), expected, "{address}");
        }
        let all = Networks::new(&[Network::parse("0.0.0.0/0").unwrap()]);
        assert!(all.has("255.255.255.255".parse().unwrap()) && !all.has("::ffff:1.2.3.4".parse().unwrap()));
        for wrong in ["10.0.0.0/33", "10.0.0", "10.0.0.0/", "::/129", "10.0.0.0/-1", ""] {
            assert!(Network::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hex_digits_are_compared_without_being_written() {
        let bytes = [0x0a, 0xb1, 0xc2];
        let set = |how, needle: &str| Texts::new(how, vec![needle.as_bytes().into()]);
        assert!(set(How::Equal, "0ab1c2").has_hex(&bytes) && !set(How::Equal, "0ab1").has_hex(&bytes));
        assert!(set(How::Starts, "0ab").has_hex(&bytes) && set(How::Ends, "c2").has_hex(&bytes));
        assert!(set(How::Contains, "ab1c").has_hex(&bytes) && !set(How::Contains, "0AB1").has_hex(&bytes));
        assert!(!set(How::Contains, "0ab1c2d3").has_hex(&bytes));
    }

    #[test]
    fn stretches_know_their_bounds() {
        let open = Stretch { low: Some((1.5, false)), high: Some((2.5, true)) };
        assert!(!open.has(1.5) && open.has(1.6) && open.has(2.5) && !open.has(f64::NAN));
        assert!(!Stretch { low: None, high: None }.has(f64::NAN));
    }
}
