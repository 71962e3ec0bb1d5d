//! A body in chunks, passed over. RFC 9112 7.1.

use memchr::memchr;

/// Bytes of a line that tells the size of a chunk, or of a trailer field.
const LINE: usize = 4096;

#[derive(Clone, Copy, Debug, Default)]
pub enum Chunks {
    /// The size of a chunk comes next.
    #[default]
    Size,
    /// So much of a chunk is left.
    Data(u64),
    /// The end of a chunk's last line.
    End,
    /// Fields behind the last chunk.
    Trailer,
}

pub enum Passed {
    Some {
        used: usize,
    },
    /// The body ended with them.
    End {
        used: usize,
    },
    /// The front is not all here.
    Short,
    /// No chunk.
    Bad,
}

impl Chunks {
    pub fn pass(&mut self, bytes: &[u8]) -> Passed {
        let mut at = 0usize;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            if rest.is_empty() {
                return Passed::Some { used: at };
            }
            if let Self::Data(left) = self {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                *left = left.saturating_sub(here as u64);
                at = at.saturating_add(here);
                if *left == 0 {
                    *self = Self::End;
                }
                continue;
            }
            let Some(end) = memchr(b'\n', rest.get(..LINE).unwrap_or(rest)) else {
                return match (at, rest.len() < LINE) {
                    (0, true) => Passed::Short,
                    (_, true) => Passed::Some { used: at },
                    (_, false) => Passed::Bad,
                };
            };
            let line = rest.get(..end).unwrap_or_default().trim_ascii();
            *self = match self {
                Self::Size => match size(line) {
                    Some(0) => Self::Trailer,
                    Some(size) => Self::Data(size),
                    None => return Passed::Bad,
                },
                Self::End if !line.is_empty() => return Passed::Bad,
                Self::End | Self::Data(_) => Self::Size,
                Self::Trailer => Self::Trailer,
            };
            at = at.saturating_add(end).saturating_add(1);
            if matches!(self, Self::Trailer) && line.is_empty() {
                return Passed::End { used: at };
            }
        }
    }
}

/// Hexadecimal, up to an extension.
pub fn size(line: &[u8]) -> Option<u64> {
    let (digits, _) = super::split(line, b';');
    let digits = digits.trim_ascii();
    if !(1..=15).contains(&digits.len()) {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, digit| Some(sum << 4 | u64::from(char::from(*digit).to_digit(16)?)))
}
