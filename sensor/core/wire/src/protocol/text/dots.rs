//! Content that ends with a line of one dot (RFC 5321 4.5.2, RFC 1939 3), passed over.

use memchr::memchr;

/// How far it came.
#[derive(Debug, Default)]
pub struct Dots {
    /// In the middle of a line.
    pub middle: bool,
    pub bytes: u64,
}

pub enum Passed {
    Some {
        used: usize,
    },
    /// The last line was among them.
    End {
        used: usize,
    },
    /// One byte more tells.
    Short,
}

impl Dots {
    pub fn pass(&mut self, bytes: &[u8]) -> Passed {
        let mut at = 0usize;
        let passed = loop {
            let rest = bytes.get(at..).unwrap_or_default();
            if !self.middle {
                match rest {
                    [b'.', b'\r', b'\n', ..] => break Passed::End { used: at.saturating_add(3) },
                    [b'.', b'\n', ..] => break Passed::End { used: at.saturating_add(2) },
                    [b'.'] | [b'.', b'\r'] if at == 0 => return Passed::Short,
                    [] | [b'.'] | [b'.', b'\r'] => break Passed::Some { used: at },
                    _ => {}
                }
            }
            let end = memchr(b'\n', rest);
            self.middle = end.is_none();
            match end {
                Some(end) => at = at.saturating_add(end).saturating_add(1),
                None => break Passed::Some { used: bytes.len() },
            }
        };
        let (Passed::Some { used } | Passed::End { used }) = passed else { return passed };
        self.bytes = self.bytes.saturating_add(used as u64);
        passed
    }
}
