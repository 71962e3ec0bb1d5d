//! A walk over DER as far as the front of a certificate needs it. ITU-T X.690 (02/2021) 8.1, 10.1; RFC 5280 4.1.

use crate::cursor::{Cursor, Short};
use crate::limits::TEXT_BYTES;

pub const INTEGER: u8 = 0x02;
pub const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const BMP_STRING: u8 = 0x1e;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SET: u8 = 0x31;
/// `[0] EXPLICIT`: the version of a certificate.
const VERSION: u8 = 0xa0;

/// The next element's tag and content. Tags of one byte and lengths below 2^24, which is what certificates have.
pub fn element<'a>(cursor: &mut Cursor<'a>) -> Result<(u8, &'a [u8]), Short> {
    let tag = cursor.u8()?;
    let length = match cursor.u8()? {
        short @ 0..=0x7f => usize::from(short),
        0x81 => usize::from(cursor.u8()?),
        0x82 => usize::from(cursor.u16_be()?),
        0x83 => usize::try_from(cursor.u24_be()?).unwrap_or(usize::MAX),
        _ => return Err(Short),
    };
    Ok((tag, cursor.take(length)?))
}

/// The content of the next element, which must have that tag.
pub fn expect<'a>(cursor: &mut Cursor<'a>, tag: u8) -> Result<&'a [u8], Short> {
    match element(cursor)? {
        (found, content) if found == tag => Ok(content),
        _ => Err(Short),
    }
}

/// Who a certificate is about. Names are the content of an RDNSequence; times are nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    pub serial: &'a [u8],
    pub issuer: &'a [u8],
    pub subject: &'a [u8],
    pub not_before: Option<u64>,
    pub not_after: Option<u64>,
}

/// RFC 5280 4.1: the fields of TBSCertificate up to the subject.
pub fn certificate(der: &[u8]) -> Result<Certificate<'_>, Short> {
    let whole = expect(&mut Cursor::new(der), SEQUENCE)?;
    let mut cursor = Cursor::new(expect(&mut Cursor::new(whole), SEQUENCE)?);
    if cursor.peek_u8()? == VERSION {
        element(&mut cursor)?;
    }
    let serial = expect(&mut cursor, INTEGER)?;
    expect(&mut cursor, SEQUENCE)?;
    let issuer = expect(&mut cursor, SEQUENCE)?;
    let mut validity = Cursor::new(expect(&mut cursor, SEQUENCE)?);
    let subject = expect(&mut cursor, SEQUENCE)?;
    let (first, second) = (element(&mut validity)?, element(&mut validity)?);
    Ok(Certificate { serial, issuer, subject, not_before: time(first), not_after: time(second) })
}

/// Write a name as `CN=plc1, O=Plant`, in the order of the certificate; at most [`TEXT_BYTES`].
pub fn write_name(out: &mut Vec<u8>, name: &[u8]) {
    let begin = out.len();
    let mut sets = Cursor::new(name);
    while let Ok(set) = expect(&mut sets, SET) {
        let mut pairs = Cursor::new(set);
        while let Ok(pair) = expect(&mut pairs, SEQUENCE) {
            let mut pair = Cursor::new(pair);
            let (Ok(kind), Ok((tag, value))) = (expect(&mut pair, OBJECT_IDENTIFIER), element(&mut pair)) else {
                break;
            };
            if out.len() > begin {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(attribute(kind).as_bytes());
            out.push(b'=');
            if tag == BMP_STRING {
                let units = value.chunks_exact(2).filter_map(|unit| unit.first_chunk::<2>());
                for found in char::decode_utf16(units.map(|unit| u16::from_be_bytes(*unit))) {
                    let found = found.unwrap_or(char::REPLACEMENT_CHARACTER);
                    out.extend_from_slice(found.encode_utf8(&mut [0; 4]).as_bytes());
                }
            } else {
                out.extend_from_slice(value);
            }
            if out.len().saturating_sub(begin) > TEXT_BYTES {
                return out.truncate(begin.saturating_add(TEXT_BYTES));
            }
        }
    }
}

/// Short names of RFC 4514 section 3; of X.520 beside them those that machines have.
fn attribute(identifier: &[u8]) -> &'static str {
    match identifier {
        [0x55, 4, 3] => "CN",
        [0x55, 4, 5] => "serialNumber",
        [0x55, 4, 6] => "C",
        [0x55, 4, 7] => "L",
        [0x55, 4, 8] => "ST",
        [0x55, 4, 9] => "STREET",
        [0x55, 4, 10] => "O",
        [0x55, 4, 11] => "OU",
        // 0.9.2342.19200300.100.1.25 and .1, RFC 4519 2.4 and 2.39; 1.2.840.113549.1.9.1, PKCS #9.
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1] => "UID",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1] => "emailAddress",
        _ => "other",
    }
}

/// RFC 5280 4.1.2.5: UTCTime of two digits for a year up to 2049, GeneralizedTime beyond. What lies before 1970 or after
/// 2554 has no nanoseconds here and is none.
fn time((tag, text): (u8, &[u8])) -> Option<u64> {
    let digit = |at: usize| text.get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| u64::from(byte & 0x0f));
    let two = |at: usize| Some(digit(at)?.saturating_mul(10).saturating_add(digit(at.saturating_add(1))?));
    let (year, rest): (u64, usize) = match tag {
        UTC_TIME => {
            let year = two(0)?;
            (year.saturating_add(if year < 50 { 2000 } else { 1900 }), 2)
        }
        GENERALIZED_TIME => (two(0)?.saturating_mul(100).saturating_add(two(2)?), 4),
        _ => return None,
    };
    let at = |place: usize| two(rest.wrapping_add(place));
    let (month, day, hour, minute) = (at(0)?, at(2)?, at(4)?, at(6)?);
    let second = at(8).unwrap_or(0);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 {
        return None;
    }
    let seconds = days(year, month, day)?
        .checked_mul(86_400)?
        .checked_add(hour.saturating_mul(3600).saturating_add(minute.saturating_mul(60)).saturating_add(second))?;
    seconds.checked_mul(1_000_000_000)
}

/// Days since 1970 of a date in the Gregorian calendar, whose years begin in March here.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let (year, month) =
        if month > 2 { (year, month.checked_sub(3)?) } else { (year.checked_sub(1)?, month.checked_add(9)?) };
    let leap = (year / 4).checked_sub(year / 100)?.checked_add(year / 400)?;
    let in_year = month.checked_mul(153)?.checked_add(2)? / 5;
    year.checked_mul(365)?.checked_add(leap)?.checked_add(in_year)?.checked_add(day)?.checked_sub(719_469)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (tag, text, wanted) in [
            (UTC_TIME, "700101000000Z", Some(0)),
            (UTC_TIME, "260101000000Z", Some(1_767_225_600)),
            (UTC_TIME, "240229235959Z", Some(1_709_251_199)),
            (GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000)),
            (GENERALIZED_TIME, "99991231235959Z", None),
            (UTC_TIME, "500101000000Z", None),
            (UTC_TIME, "261301000000Z", None),
            (UTC_TIME, "2613", None),
            (0x0c, "260101000000Z", None),
        ] {
            let wanted = wanted.map(|seconds: u64| seconds.saturating_mul(1_000_000_000));
            assert_eq!(time((tag, text.as_bytes())), wanted, "{text}");
        }
    }

    #[test]
    fn lengths_are_claims() {
        for bytes in [&[0x30, 0x80][..], &[0x30, 5, 1], &[0x30, 0x84, 0, 0, 0, 1, 0], &[0x30], &[]] {
            assert_eq!(element(&mut Cursor::new(bytes)), Err(Short));
        }
        assert_eq!(element(&mut Cursor::new(&[0x02, 0x81, 1, 7])), Ok((2, &[7][..])));
    }
}
