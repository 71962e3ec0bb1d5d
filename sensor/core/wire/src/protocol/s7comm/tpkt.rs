//! TPKT, the packet around an ISO transport message on TCP.
//! RFC 1006, section 6; RFC 2126, section 4.3 (the same header).

use super::cotp;

/// Header of four bytes, then a TPDU of at least three (RFC 1006, 6: the minimum length is 7).
pub const HEADER: usize = 4;
pub const SMALLEST: usize = 7;

/// What stands at the front of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// A packet of that many bytes, all here.
    Packet(usize),
    Short {
        need: usize,
    },
    Other,
}

/// ```text
///   0   1   2     4
///   | 3 | 0 | len | TPDU ...
/// ```
pub fn front(bytes: &[u8]) -> Front {
    if bytes.first().is_some_and(|version| *version != 3) {
        return Front::Other;
    }
    let Some([_, _, high, low]) = bytes.first_chunk::<HEADER>() else {
        return Front::Short { need: HEADER };
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if length < SMALLEST {
        Front::Other
    } else if bytes.len() < length {
        Front::Short { need: length }
    } else {
        Front::Packet(length)
    }
}

/// Could a packet begin here? As far as the bytes go; random bytes pass once in some million.
pub fn plausible(bytes: &[u8]) -> bool {
    let fits = |at: usize, test: &dyn Fn(u8) -> bool| bytes.get(at).is_none_or(|byte| test(*byte));
    if !fits(0, &|byte| byte == 3) || !fits(1, &|byte| byte == 0) {
        return false;
    }
    let length = match bytes.get(2..4) {
        Some([high, low]) => usize::from(u16::from_be_bytes([*high, *low])),
        _ => return true,
    };
    let indicator = bytes.get(4).map_or(2, |byte| usize::from(*byte));
    length >= SMALLEST
        && (2..0xff).contains(&indicator)
        && indicator.saturating_add(HEADER + 1) <= length
        && fits(5, &|code| cotp::known(code))
        // Data of class 0. (The third byte's number should be 0 there; not every client keeps to it.)
        && (bytes.get(5).is_none_or(|code| *code != cotp::DATA) || indicator == 2)
}

/// Where behind the front a packet may begin; all of the bytes when there is none.
pub fn next(bytes: &[u8]) -> usize {
    (1..bytes.len()).find(|at| bytes.get(*at..).is_some_and(plausible)).unwrap_or(bytes.len())
}
