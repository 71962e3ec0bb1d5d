//! Elements of RESP: what one says of itself, and passing over many.

use memchr::memchr;

use crate::limits::TEXT_LINE_BYTES;
use crate::protocol::text::{number, split};

/// What stands at the front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element<'a> {
    /// All is in its line: text, error, number, boolean, null.
    Line {
        kind: u8,
        text: &'a [u8],
        used: usize,
    },
    /// So many bytes and an end of line follow its line of `header` bytes.
    Bulk {
        kind: u8,
        header: usize,
        length: u64,
    },
    /// So many elements follow. An attribute (`|`) comes before an element and is none.
    Aggregate {
        kind: u8,
        count: u64,
        used: usize,
    },
    Short,
    Bad,
}

pub fn element(bytes: &[u8]) -> Element<'_> {
    let Some(kind) = bytes.first().copied() else { return Element::Short };
    if !matches!(
        kind,
        b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' | b'$' | b'!' | b'=' | b'*' | b'%' | b'~' | b'>' | b'|'
    ) {
        return Element::Bad;
    }
    let within = bytes.get(..TEXT_LINE_BYTES).unwrap_or(bytes);
    let Some(end) = memchr(b'\n', within) else {
        return if bytes.len() < TEXT_LINE_BYTES { Element::Short } else { Element::Bad };
    };
    let Some(text) = within.get(1..end).and_then(|text| text.strip_suffix(b"\r")) else { return Element::Bad };
    let used = end.saturating_add(1);
    match kind {
        b':' if !text.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+')) => Element::Bad,
        b'+' | b'-' if text.iter().any(|byte| *byte < 0x20 && *byte != b'\t') => Element::Bad,
        b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => Element::Line { kind, text, used },
        // RESP2 writes null as a length of -1.
        _ if text == b"-1" => Element::Line { kind: b'_', text, used },
        b'$' | b'!' | b'=' => match number(text) {
            Some(length) => Element::Bulk { kind, header: used, length },
            None => Element::Bad,
        },
        _ => match number(text) {
            Some(count) => {
                let each = if matches!(kind, b'%' | b'|') { 2 } else { 1 };
                Element::Aggregate { kind, count: count.saturating_mul(each), used }
            }
            None => Element::Bad,
        },
    }
}

/// Elements that are passed over. Nesting costs nothing: an aggregate only adds to what is left.
#[derive(Clone, Copy, Debug, Default)]
pub struct Elements {
    pub left: u64,
    /// Bytes that are left of the one that was begun.
    pub bytes: u64,
}

impl Elements {
    pub fn is_done(&self) -> bool {
        self.left == 0 && self.bytes == 0
    }

    /// Returns how many bytes were passed over: none when it is done, or when an element's line is not all here.
    pub fn pass(&mut self, bytes: &[u8]) -> Result<usize, ()> {
        let mut at = 0usize;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            if self.bytes > 0 {
                let here = usize::try_from(self.bytes).unwrap_or(usize::MAX).min(rest.len());
                self.bytes = self.bytes.saturating_sub(here as u64);
                at = at.saturating_add(here);
                if self.bytes > 0 {
                    return Ok(at);
                }
                continue;
            }
            if self.left == 0 || rest.is_empty() {
                return Ok(at);
            }
            match element(rest) {
                Element::Line { used, .. } => {
                    at = at.saturating_add(used);
                    self.left = self.left.saturating_sub(1);
                }
                Element::Bulk { header, length, .. } => {
                    at = at.saturating_add(header);
                    self.left = self.left.saturating_sub(1);
                    self.bytes = length.saturating_add(2);
                }
                Element::Aggregate { kind, count, used } => {
                    at = at.saturating_add(used);
                    self.left = self.left.saturating_sub(u64::from(kind != b'|')).saturating_add(count);
                }
                Element::Short => return Ok(at),
                Element::Bad => return Err(()),
            }
        }
    }
}

/// The first word of an error: `ERR`, `WRONGPASS`, `NOAUTH`.
pub fn error_code(text: &[u8]) -> &[u8] {
    let (code, _) = split(text, b' ');
    let good = code.len() <= 24 && code.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
    if good {
        code
    } else {
        b"ERR"
    }
}
