//! Times of a station: its local time, without a zone.

use crate::cursor::Short;
use crate::value::{Record, Span, Value};

use super::reader::Reader;

/// Days between 1984-01-01, where the dates of blocks begin, and 1970-01-01.
const BLOCK_DAYS: u64 = 5113;
/// Days between 1990-01-01, where the type DATE begins, and 1970-01-01.
pub const DAYS_TO_1990: u64 = 7305;
const DAY_MS: u64 = 86_400_000;

/// DATE_AND_TIME: year, month, day, hour, minute, second in binary-coded decimal, then three digits of milliseconds and
/// the weekday. `None` where a digit is none.
pub fn decimal(bytes: &[u8; 8], record: &mut Record) -> Option<Span> {
    if bytes.iter().any(|byte| byte >> 4 > 9 || byte & 0x0f > 9) {
        return None;
    }
    let [year, month, day, hour, minute, second, milli, last] =
        bytes.map(|byte| [b'0' | byte >> 4, b'0' | byte & 0x0f]);
    // Two digits are the year: up to 89 this century.
    let century = if year < *b"90" { b"20" } else { b"19" };
    let ([h, t], [o, _]) = (milli, last);
    Some(record.write_text(|out| {
        out.extend_from_slice(century);
        for (before, digits) in
            [("", year), ("-", month), ("-", day), ("T", hour), (":", minute), (":", second), (".", [h, t])]
        {
            out.extend_from_slice(before.as_bytes());
            out.extend_from_slice(&digits);
        }
        out.push(o);
    }))
}

/// The next eight bytes as a time; nothing where they are none.
pub fn next(body: &mut Reader<'_>, record: &mut Record) -> Result<Option<Value>, Short> {
    let bytes = body.array::<8>()?;
    Ok(decimal(bytes, record).map(Value::Text))
}

/// A block's time stamp: milliseconds of the day (4 bytes), days since 1984-01-01 (2 bytes).
pub fn stamp(body: &mut Reader<'_>, record: &mut Record) -> Result<Value, Short> {
    let (milliseconds, days) = (u64::from(body.u32()?), u64::from(body.u16()?));
    let (year, month, day) = date(days.saturating_add(BLOCK_DAYS));
    let rest = milliseconds.min(DAY_MS.saturating_sub(1));
    let (seconds, milli) = (rest / 1000, rest % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}");
    Ok(Value::Text(record.push_text(text.as_bytes())))
}

/// Year, month and day of a number of days since 1970-01-01, in the Gregorian calendar: counted from March, so that
/// the leap day is the last of its year.
pub fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days.saturating_add(719_468);
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let leaps = (of_era / 1460).saturating_add(of_era / 146_096);
    let year = of_era.saturating_sub(leaps).saturating_add(of_era / 36_524) / 365;
    let start = (year.saturating_mul(365)).saturating_add(year / 4).saturating_sub(year / 100);
    let of_year = of_era.saturating_sub(start);
    let month = of_year.saturating_mul(5).saturating_add(2) / 153;
    let day = of_year.saturating_sub(month.saturating_mul(153).saturating_add(2) / 5).saturating_add(1);
    let (month, next) = if month < 10 { (month.saturating_add(3), 0) } else { (month.saturating_sub(9), 1) };
    (era.saturating_mul(400).saturating_add(year).saturating_add(next), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        for (days, wanted) in [
            (0, (1970, 1, 1)),
            (59, (1970, 3, 1)),
            (789, (1972, 2, 29)),
            (BLOCK_DAYS, (1984, 1, 1)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (16_304, (2014, 8, 22)),
            (70_648, (2163, 6, 6)),
        ] {
            assert_eq!(date(days), wanted, "{days}");
        }
    }
}
