//! Numbers, times and addresses as text, without the formatting machinery: they are most of what is printed.

use std::io::Write;
use std::net::IpAddr;

/// Decimal digits.
#[inline]
pub fn decimal(out: &mut Vec<u8>, number: u64) {
    if number >= EIGHT_DIGITS {
        return out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }
    // All eight are written, and what is not wanted is taken back: a copy of a fixed length is one instruction.
    let digits = eight(number);
    let leading = (digits.trailing_zeros() / 8).min(7);
    let end = out.len().saturating_add(8).saturating_sub(leading as usize);
    let text = (digits | u64::from_le_bytes(*b"00000000")).wrapping_shr(leading.wrapping_mul(8));
    out.extend_from_slice(&text.to_le_bytes());
    out.truncate(end);
}

const EIGHT_DIGITS: u64 = 100_000_000;

/// The eight digits of a number below [`EIGHT_DIGITS`], the first in the lowest byte: halves, pairs and digits are split
/// side by side in one register (P. Khuong, "How to print integers really fast", 2017).
#[inline]
#[allow(clippy::arithmetic_side_effects)] // every lane has room for what it holds
fn eight(number: u64) -> u64 {
    let halves = (number / 10_000) | (number % 10_000) << 32;
    let hundreds = ((halves * 10_486) >> 20) & 0x7f_0000_007f;
    let pairs = hundreds | (halves - hundreds * 100) << 16;
    let tens = ((pairs * 103) >> 10) & 0xf_000f_000f_000f;
    tens | (pairs - tens * 10) << 8
}

pub fn signed(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Shortest digits that read back the same; with an exponent where the plain form would be hundreds of digits (which
/// readers take for an integer, or refuse).
pub fn float(out: &mut Vec<u8>, number: f64) {
    let size = number.abs();
    // Writing to a Vec cannot fail.
    let _ =
        if size == 0.0 || (1e-7..1e17).contains(&size) { write!(out, "{number}") } else { write!(out, "{number:e}") };
}

/// An address as text in quotes, written once for the several fields that show it.
pub struct Written {
    text: [u8; 48],
    used: usize,
}

impl Written {
    pub fn new(ip: IpAddr) -> Self {
        let (mut text, mut used) = ([0u8; 48], 0usize);
        put(&mut text, &mut used, b'"');
        match ip {
            IpAddr::V4(ip) => {
                for (index, octet) in ip.octets().into_iter().enumerate() {
                    if index > 0 {
                        put(&mut text, &mut used, b'.');
                    }
                    if octet >= 100 {
                        put(&mut text, &mut used, b'0'.wrapping_add(octet / 100));
                    }
                    if octet >= 10 {
                        put(&mut text, &mut used, b'0'.wrapping_add(octet / 10 % 10));
                    }
                    put(&mut text, &mut used, b'0'.wrapping_add(octet % 10));
                }
            }
            IpAddr::V6(ip) => {
                let mut rest = text.get_mut(used..).unwrap_or_default();
                let before = rest.len();
                // At most 45 bytes: there is room.
                let _ = write!(rest, "{ip}");
                used = used.saturating_add(before.saturating_sub(rest.len()));
            }
        }
        put(&mut text, &mut used, b'"');
        Self { text, used }
    }

    pub fn quoted(&self) -> &[u8] {
        self.text.get(..self.used).unwrap_or_default()
    }

    /// The address alone.
    pub fn plain(&self) -> &[u8] {
        self.text.get(1..self.used.saturating_sub(1)).unwrap_or_default()
    }
}

/// The address alone, without quotes.
pub fn address(out: &mut Vec<u8>, ip: IpAddr) {
    out.extend_from_slice(Written::new(ip).plain());
}

#[inline]
fn put(text: &mut [u8], used: &mut usize, byte: u8) {
    if let Some(place) = text.get_mut(*used) {
        *place = byte;
        *used = used.wrapping_add(1);
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

#[inline]
fn hex_digit(half: u8) -> u8 {
    HEX.get(usize::from(half & 15)).copied().unwrap_or(b'0')
}

pub fn mac(out: &mut Vec<u8>, mac: &[u8; 6]) {
    let mut text = [b':'; 17];
    for (place, byte) in text.chunks_mut(3).zip(mac) {
        if let [high, low, ..] = place {
            (*high, *low) = (hex_digit(byte >> 4), hex_digit(*byte));
        }
    }
    out.extend_from_slice(&text);
}

pub fn mac_text(address: &[u8; 6]) -> String {
    let mut text = Vec::with_capacity(17);
    mac(&mut text, address);
    String::from_utf8(text).unwrap_or_default()
}

pub fn hex(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        out.extend_from_slice(&[hex_digit(byte >> 4), hex_digit(*byte)]);
    }
}

/// `count` digits from the right, with leading zeros.
#[inline]
fn fixed<const COUNT: usize>(mut number: u64) -> [u8; COUNT] {
    let mut digits = [b'0'; COUNT];
    for place in digits.iter_mut().rev() {
        *place = b'0'.wrapping_add((number % 10) as u8);
        number /= 10;
    }
    digits
}

/// RFC 3339, UTC, nine decimals. Days to date as in the proleptic Gregorian calendar.
#[allow(clippy::arithmetic_side_effects)] // u64 ns end in the year 2554: all terms stay small
pub fn timestamp(out: &mut Vec<u8>, ts_ns: u64) {
    let (seconds, nanoseconds) = (ts_ns / 1_000_000_000, ts_ns % 1_000_000_000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years are counted from March, so that a leap day is the last day of a year; eras have 146,097 days.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let [y1, y2, y3, y4] = fixed(year);
    let ([mo1, mo2], [d1, d2]) = (fixed(month), fixed(day));
    let ([h1, h2], [m1, m2], [s1, s2]) = (fixed(second / 3600), fixed(second / 60 % 60), fixed(second % 60));
    let [n1, n2, n3, n4, n5, n6, n7, n8, n9] = fixed(nanoseconds);
    out.extend_from_slice(&[
        y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'.', n1, n2, n3, n4,
        n5, n6, n7, n8, n9, b'Z',
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_are_rfc_3339() {
        for (ts_ns, text) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (951_782_400_000_000_001, "2000-02-29T00:00:00.000000001Z"),
            (1_763_675_999_999_999_999, "2025-11-20T21:59:59.999999999Z"),
            (u64::MAX, "2554-07-21T23:34:33.709551615Z"),
        ] {
            assert_eq!(printed(|out| timestamp(out, ts_ns)), text);
        }
    }

    #[test]
    fn numbers_and_addresses_are_printed_as_rust_formats_them() {
        let around = |edge: u64| [edge.wrapping_sub(1), edge, edge.saturating_add(1)];
        let edges = (0..20).flat_map(|digits| around(10u64.pow(digits)));
        for number in (0..70_000).chain(edges).chain((0..EIGHT_DIGITS).step_by(9_973)).chain([u64::MAX]) {
            assert_eq!(printed(|out| decimal(out, number)), number.to_string());
        }
        for ip in ["0.0.0.0", "1.20.100.255", "255.255.255.255", "::1", "fe80::1", "::ffff:1.2.3.4"] {
            let ip: IpAddr = ip.parse().unwrap();
            assert_eq!(printed(|out| address(out, ip)), ip.to_string());
        }
        assert_eq!(mac_text(&[0, 1, 0x2a, 0xff, 0x10, 9]), "00:01:2a:ff:10:09");
        assert_eq!(printed(|out| hex(out, &[0, 0xaf])), "00af");
    }
}
