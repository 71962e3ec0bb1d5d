//! A start line and header fields up to an empty line, as HTTP and RTSP have them. RFC 9112 2, RFC 2326 4.

use memchr::memchr_iter;

/// What stands at the front.
pub enum Head<'a> {
    Whole {
        first: &'a [u8],
        fields: &'a [u8],
        used: usize,
    },
    Short,
    /// No end within the budget: what is here of it.
    Long {
        first: &'a [u8],
        fields: &'a [u8],
    },
}

pub fn head(bytes: &[u8], limit: usize) -> Head<'_> {
    let within = bytes.get(..limit).unwrap_or(bytes);
    let mut first_end = None;
    for end in memchr_iter(b'\n', within) {
        let behind = end.saturating_add(1);
        let first_end = *first_end.get_or_insert(behind);
        let empty = match within.get(behind..).unwrap_or_default() {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => continue,
        };
        let first = within.get(..first_end).unwrap_or_default().trim_ascii_end();
        let fields = within.get(first_end..behind).unwrap_or_default();
        return Head::Whole { first, fields, used: behind.saturating_add(empty) };
    }
    if bytes.len() < limit {
        return Head::Short;
    }
    let (first, fields) = within.split_at_checked(first_end.unwrap_or(within.len())).unwrap_or_default();
    Head::Long { first: first.trim_ascii_end(), fields }
}

/// One line of a header.
pub enum Line<'a> {
    Field {
        name: &'a [u8],
        value: &'a [u8],
    },
    /// The line before goes on (RFC 9112 5.2 forbids it).
    Folded,
    /// No colon, or no name before it.
    Bad,
}

pub fn lines(fields: &[u8]) -> impl Iterator<Item = Line<'_>> {
    fields.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).map(|line| {
        if matches!(line, [b' ' | b'\t', ..]) {
            return Line::Folded;
        }
        let (name, value) = super::split(line, b':');
        if name.is_empty() || name.len() == line.len() || name.iter().any(u8::is_ascii_whitespace) {
            return Line::Bad;
        }
        Line::Field { name, value: value.trim_ascii() }
    })
}
