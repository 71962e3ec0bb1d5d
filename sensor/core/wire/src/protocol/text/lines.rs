//! Lines of one direction, with an end within bounds.

use memchr::memchr;

use crate::limits::TEXT_LINE_BYTES;
use crate::protocol::Step;
use crate::value::Record;

/// What stands at the front.
pub enum Front<'a> {
    /// A line without its end; `used` counts the end.
    Line { text: &'a [u8], used: usize },
    /// The front of a line without an end within the budget: what follows up to its end is passed over.
    Long { text: &'a [u8], used: usize },
    /// Nothing to read.
    Step(Step),
}

impl<'a> Front<'a> {
    /// The line's text and the bytes that it takes, cut or not; `long` is the flaw of one that is. `Err`: there is none.
    pub fn text(self, record: &mut Record, long: usize) -> Result<(&'a [u8], usize), Step> {
        match self {
            Front::Line { text, used } => Ok((text, used)),
            Front::Long { text, used } => {
                record.flaw(long);
                Ok((text, used))
            }
            Front::Step(step) => Err(step),
        }
    }
}

/// One direction.
#[derive(Debug, Default)]
pub struct Lines {
    /// In a line that was too long.
    tail: bool,
    /// Framing was lost: looking for a line that can be one of the protocol.
    searching: bool,
}

impl Lines {
    /// `plausible`: whether such bytes can begin a line of this direction.
    pub fn front<'a>(&mut self, bytes: &'a [u8], after_gap: bool, plausible: impl Fn(&[u8]) -> bool) -> Front<'a> {
        if after_gap {
            *self = Self { tail: false, searching: true };
        }
        if self.searching {
            if !plausible(bytes) {
                return Front::Step(Step::Lost { used: next(bytes, plausible) });
            }
            self.searching = false;
        }
        if self.tail {
            let end = memchr(b'\n', bytes);
            self.tail = end.is_none();
            return Front::Step(Step::Kept { used: end.map_or(bytes.len(), |end| end.saturating_add(1)) });
        }
        let within = bytes.get(..TEXT_LINE_BYTES).unwrap_or(bytes);
        match memchr(b'\n', within) {
            Some(end) => {
                let text = within.get(..end).unwrap_or_default();
                Front::Line { text: text.strip_suffix(b"\r").unwrap_or(text), used: end.saturating_add(1) }
            }
            None if bytes.len() < TEXT_LINE_BYTES => Front::Step(Step::Short { need: bytes.len().saturating_add(1) }),
            None => {
                self.tail = true;
                Front::Long { text: within, used: within.len() }
            }
        }
    }

    /// What was read is none of the protocol's: look for the next that is.
    pub fn search(&mut self) {
        self.searching = true;
    }
}

/// Bytes up to the next line that is plausible, or all.
pub fn next(bytes: &[u8], plausible: impl Fn(&[u8]) -> bool) -> usize {
    memchr::memchr_iter(b'\n', bytes)
        .map(|end| end.saturating_add(1))
        .find(|start| bytes.get(*start..).is_some_and(|rest| !rest.is_empty() && plausible(rest)))
        .unwrap_or(bytes.len())
}

/// A reply as FTP and SMTP have it: three digits, a hyphen where more lines follow, text (RFC 959 4.2, RFC 5321 4.2).
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    pub code: u16,
    pub more: bool,
    pub text: &'a [u8],
}

pub fn reply(line: &[u8]) -> Option<Reply<'_>> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code = super::number(digits).and_then(|code| u16::try_from(code).ok())?;
    let (more, text) = match rest {
        [] => (false, rest),
        [b'-', text @ ..] => (true, text),
        [b' ', text @ ..] => (false, text),
        _ => return None,
    };
    (100..=659).contains(&code).then_some(Reply { code, more, text })
}

/// Whether such bytes can begin a reply.
pub fn plausible_reply(bytes: &[u8]) -> bool {
    let digits = bytes.get(..3).unwrap_or(bytes);
    digits.iter().all(u8::is_ascii_digit)
        && matches!(bytes.first(), Some(b'1'..=b'6'))
        && matches!(bytes.get(3), None | Some(b' ' | b'-' | b'\r' | b'\n'))
}

/// Whether such bytes can begin a line with one of some commands: `known` is asked for a whole first word, in the case
/// it came in.
pub fn plausible_command(bytes: &[u8], known: impl Fn(&[u8]) -> bool) -> bool {
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    match bytes.get(letters) {
        None => letters <= 16,
        Some(b' ' | b'\r' | b'\n') => known(bytes.get(..letters).unwrap_or_default()),
        Some(_) => false,
    }
}
