//! When a certificate is valid.

use crate::ber::Element;

const UTC_TIME: u32 = 0x17;
const GENERALIZED_TIME: u32 = 0x18;

/// RFC 5280 4.1.2.5: UTCTime of two digits for a year up to 2049, GeneralizedTime beyond. What lies before 1970 or after
/// 2554 has no nanoseconds here and is none.
pub fn time(element: &Element<'_>) -> Option<u64> {
    let text = element.content;
    let digit = |at: usize| text.get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| u64::from(byte & 0x0f));
    let two = |at: usize| Some(digit(at)?.saturating_mul(10).saturating_add(digit(at.saturating_add(1))?));
    let (year, rest): (u64, usize) = match element.tag {
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
            assert_eq!(time(&Element { tag, content: text.as_bytes(), cut: false }), wanted, "{text}");
        }
    }
}
