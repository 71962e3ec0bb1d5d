//! Node ids, GUIDs and times as people write them: OPC 10000-6, 5.3.1.10 (node ids), 5.1.3 (GUID).

use std::io::Write;

use super::types::{Identifier, NodeId};
use crate::limits::TEXT_BYTES;

/// `write!` into a vector cannot fail.
macro_rules! put {
    ($out:expr, $($what:tt)*) => {{ let _ = write!($out, $($what)*); }};
}
pub(super) use put;

/// Decimal digits, without the formatting machinery: node ids are the bulk of what is written.
pub fn number(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// At most `TEXT_BYTES` of a text, cut between characters.
#[inline]
pub fn cut(text: &[u8]) -> &[u8] {
    if text.len() <= TEXT_BYTES {
        return text;
    }
    let mut end = TEXT_BYTES;
    // Continuation bytes of UTF-8 look like 10xxxxxx; a character has at most three of them.
    for _ in 0..3 {
        if text.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
            end = end.saturating_sub(1);
        }
    }
    text.get(..end).unwrap_or_default()
}

/// `i=2258`, `ns=2;s=Pump`, `svr=1;nsu=urn:x;g=…`.
pub fn node(out: &mut Vec<u8>, node: &NodeId<'_>) {
    if node.server != 0 {
        out.extend_from_slice(b"svr=");
        number(out, node.server.into());
        out.push(b';');
    }
    match node.uri {
        Some(uri) => {
            out.extend_from_slice(b"nsu=");
            out.extend_from_slice(cut(uri));
            out.push(b';');
        }
        None => namespace(out, node.namespace),
    }
    match &node.identifier {
        Identifier::Numeric(id) => {
            out.extend_from_slice(b"i=");
            number(out, (*id).into());
        }
        Identifier::Text(text) => name(out, text),
        Identifier::Guid(bytes) => {
            out.extend_from_slice(b"g=");
            guid(out, bytes);
        }
        Identifier::Opaque(bytes) => {
            out.extend_from_slice(b"b=");
            base64(out, cut(bytes));
        }
    }
}

/// `ns=2;s=Pump`, as most variables are called.
#[inline(always)] // in the loop over what a message reads
pub fn named(out: &mut Vec<u8>, index: u16, text: &[u8]) {
    match index.to_le_bytes() {
        [digit @ 1..=9, 0] => {
            out.extend_from_slice(&[b'n', b's', b'=', b'0' | digit, b';', b's', b'=']);
            out.extend_from_slice(cut(text));
        }
        _ => {
            namespace(out, index);
            name(out, text);
        }
    }
}

fn namespace(out: &mut Vec<u8>, index: u16) {
    if index != 0 {
        out.extend_from_slice(b"ns=");
        number(out, index.into());
        out.push(b';');
    }
}

fn name(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(b"s=");
    out.extend_from_slice(cut(text));
}

/// The first three parts are little-endian on the wire.
pub fn guid(out: &mut Vec<u8>, bytes: &[u8; 16]) {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *bytes;
    let (first, second, third) =
        (u32::from_le_bytes([a, b, c, d]), u16::from_le_bytes([e, f]), u16::from_le_bytes([g, h]));
    put!(out, "{first:08x}-{second:04x}-{third:04x}-{i:02x}{j:02x}-{k:02x}{l:02x}{m:02x}{n:02x}{o:02x}{p:02x}");
}

pub fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |bits: u32| ALPHABET.get((bits & 63) as usize).copied().unwrap_or(b'=');
    for group in bytes.chunks(3) {
        let at = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        out.push(letter(bits >> 18));
        out.push(letter(bits >> 12));
        out.push(if group.len() > 1 { letter(bits >> 6) } else { b'=' });
        out.push(if group.len() > 2 { letter(bits) } else { b'=' });
    }
}

/// 5.2.2.5: 100-nanosecond steps since 1601, as RFC 3339 UTC. 0 and below is "no time".
pub fn time(out: &mut Vec<u8>, ticks: i64) {
    const PER_SECOND: i64 = 10_000_000;
    let (Some(seconds), Some(rest)) = (ticks.checked_div_euclid(PER_SECOND), ticks.checked_rem_euclid(PER_SECOND))
    else {
        return;
    };
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date(days);
    put!(out, "{year:04}-{month:02}-{day:02}T");
    put!(out, "{:02}:{:02}:{:02}.{rest:07}Z", second / 3600, second / 60 % 60, second % 60);
}

/// Year, month and day of a number of days since 1601-01-01 (the first year of a 400-year cycle).
fn date(days: i64) -> (i64, i64, i64) {
    const CYCLE: i64 = 146_097;
    let (cycle, mut left) = (days.div_euclid(CYCLE), days.rem_euclid(CYCLE));
    let century = (left / 36_524).min(3);
    left = left.saturating_sub(century.saturating_mul(36_524));
    let leap = (left / 1461).min(24);
    left = left.saturating_sub(leap.saturating_mul(1461));
    let single = (left / 365).min(3);
    left = left.saturating_sub(single.saturating_mul(365));
    let year = cycle
        .saturating_mul(400)
        .saturating_add(century.saturating_mul(100))
        .saturating_add(leap.saturating_mul(4))
        .saturating_add(single)
        .saturating_add(1601);
    let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let mut month = 1;
    for length in [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if left < length {
            break;
        }
        left = left.saturating_sub(length);
        month = i64::saturating_add(month, 1);
    }
    (year, month, left.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times() {
        for (ticks, text) in [
            (0, "1601-01-01T00:00:00.0000000Z"),
            (116_444_736_000_000_000, "1970-01-01T00:00:00.0000000Z"),
            (133_484_544_005_000_001, "2023-12-31T00:00:00.5000001Z"),
            (133_536_383_990_000_000, "2024-02-28T23:59:59.0000000Z"),
            (133_537_248_000_000_000, "2024-03-01T00:00:00.0000000Z"),
        ] {
            assert_eq!(written(|out| time(out, ticks)), text);
        }
        assert!(!written(|out| time(out, i64::MIN)).is_empty());
        assert!(!written(|out| time(out, i64::MAX)).is_empty());
    }

    #[test]
    fn opaque_ids_are_base64() {
        for (bytes, text) in [(&b"M"[..], "TQ=="), (b"Ma", "TWE="), (b"Man", "TWFu"), (b"", "")] {
            assert_eq!(written(|out| base64(out, bytes)), text);
        }
        assert_eq!(written(|out| number(out, u64::MAX)), u64::MAX.to_string());
        assert_eq!(written(|out| number(out, 0)), "0");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        let long = "角".repeat(TEXT_BYTES);
        assert!(std::str::from_utf8(cut(long.as_bytes())).unwrap().len() > TEXT_BYTES - 3);
    }
}
