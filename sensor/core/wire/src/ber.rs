//! Basic Encoding Rules, as far as network protocols use them: elements of tag, length and content, one after the other
//! and one inside the other. ITU-T X.690 (02/2021): 8.1 (structure), 8.3 (integer), 8.19 (object identifier).
//!
//! Nothing is built: an element is a slice, and whoever wants to see inside reads it as elements again. How deep is up
//! to the caller's own steps, never to the bytes.

use crate::cursor::{Cursor, Short};
use crate::print::decimal;

/// Arcs of one object identifier that are printed (RFC 2578 3.5 allows no more).
pub const ARCS: usize = 128;

pub mod tag {
    pub const INTEGER: u32 = 0x02;
    pub const OCTETS: u32 = 0x04;
    pub const NULL: u32 = 0x05;
    pub const OBJECT: u32 = 0x06;
    pub const SEQUENCE: u32 = 0x30;
}

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// Its identifier octets as one number: 0x30 of a sequence, 0x5f81 where the tag takes two.
    pub tag: u32,
    pub content: &'a [u8],
    /// Its length claims more than is there: the content is what is left.
    pub cut: bool,
}

/// Reads element after element from the front.
#[derive(Clone, Copy, Debug)]
pub struct Elements<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Elements<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { cursor: Cursor::new(bytes) }
    }

    /// How far reading came.
    pub fn position(&self) -> usize {
        self.cursor.position()
    }

    pub fn is_empty(&self) -> bool {
        self.cursor.is_empty()
    }

    /// The tag of the next element, without reading it.
    pub fn peek(&self) -> Option<u32> {
        tag_of(&mut self.cursor.clone()).ok()
    }

    /// The next element. `Short`: there is none, its tag or length ends early, has more octets than anybody uses, or the
    /// length is the indefinite one, which takes looking through all that follows; nothing is moved.
    pub fn element(&mut self) -> Result<Element<'a>, Short> {
        let mut ahead = self.cursor;
        let tag = tag_of(&mut ahead)?;
        let length = length(&mut ahead)?;
        let cut = length > ahead.remaining();
        let content = if cut { ahead.take_rest() } else { ahead.take(length)? };
        self.cursor = ahead;
        Ok(Element { tag, content, cut })
    }

    /// The content of the next element, if it has that tag and is all there; otherwise nothing is moved.
    pub fn expect(&mut self, tag: u32) -> Result<&'a [u8], Short> {
        let before = *self;
        match self.element() {
            Ok(element) if element.tag == tag && !element.cut => Ok(element.content),
            _ => {
                *self = before;
                Err(Short)
            }
        }
    }

    /// The next element as an integer of up to eight bytes.
    pub fn integer(&mut self) -> Result<i64, Short> {
        let mut ahead = *self;
        let value = integer(ahead.expect(tag::INTEGER)?).ok_or(Short)?;
        *self = ahead;
        Ok(value)
    }
}

/// X.690 8.1.2: one octet, or with a number of 31 the ones behind it, the last of them without its top bit.
fn tag_of(cursor: &mut Cursor<'_>) -> Result<u32, Short> {
    let first = cursor.u8()?;
    let mut tag = u32::from(first);
    if first & 0x1f == 0x1f {
        loop {
            let next = cursor.u8()?;
            if tag >> 24 != 0 {
                return Err(Short);
            }
            tag = tag << 8 | u32::from(next);
            if next & 0x80 == 0 {
                break;
            }
        }
    }
    Ok(tag)
}

/// X.690 8.1.3: one octet below 128, or so many octets. Leading zeros are allowed and in use (net-snmp writes them).
fn length(cursor: &mut Cursor<'_>) -> Result<usize, Short> {
    let first = cursor.u8()?;
    if first & 0x80 == 0 {
        return Ok(first.into());
    }
    let octets = cursor.take(usize::from(first & 0x7f))?;
    if octets.is_empty() || octets.len() > 8 {
        return Err(Short);
    }
    let value = octets.iter().fold(0u64, |value, octet| value << 8 | u64::from(*octet));
    usize::try_from(value).map_err(|_| Short)
}

/// Two's complement, most significant octet first.
pub fn integer(content: &[u8]) -> Option<i64> {
    let (first, rest) = content.split_first()?;
    let start = i64::from(i8::from_be_bytes([*first]));
    (rest.len() < 8).then(|| rest.iter().fold(start, |value, octet| value << 8 | i64::from(*octet)))
}

/// Of types that are never negative; a zero octet may stand in front of eight others. Senders that forget it are
/// understood.
pub fn unsigned(content: &[u8]) -> Option<u64> {
    let digits = match content {
        [0, rest @ ..] if rest.len() == 8 => rest,
        all => all,
    };
    let fits = (1..=8).contains(&digits.len());
    fits.then(|| digits.iter().fold(0u64, |value, octet| value << 8 | u64::from(*octet)))
}

/// Append an object identifier as `1.3.6.1`. `Err` where it ends inside a number or has more arcs than allowed: what
/// could be read is there.
pub fn object(content: &[u8], out: &mut Vec<u8>) -> Result<(), Short> {
    let mut value = 0u64;
    let mut arcs = 0usize;
    let mut whole = false;
    for octet in content {
        if value >> 57 != 0 {
            return Err(Short);
        }
        value = value << 7 | u64::from(octet & 0x7f);
        whole = octet & 0x80 == 0;
        if !whole {
            continue;
        }
        if arcs == 0 {
            // X.690 8.19.4: the first two arcs share a number.
            let first = (value / 40).min(2);
            decimal(out, first);
            value = value.saturating_sub(first.saturating_mul(40));
        }
        arcs = arcs.saturating_add(1);
        if arcs >= ARCS {
            return Err(Short);
        }
        out.push(b'.');
        decimal(out, value);
        value = 0;
    }
    if whole {
        Ok(())
    } else {
        Err(Short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_in_order() {
        let mut all = Elements::new(&[0x30, 3, 2, 1, 0xff, 0x5f, 0x81, 0x48, 0x81, 1, 7, 4, 0x82, 0, 9, 1]);
        assert_eq!(all.peek(), Some(tag::SEQUENCE));
        let mut inside = Elements::new(all.expect(tag::SEQUENCE).unwrap_or_default());
        assert_eq!(inside.integer(), Ok(-1));
        assert_eq!(all.element(), Ok(Element { tag: 0x005f_8148, content: &[7], cut: false }));
        assert_eq!(all.expect(tag::OCTETS), Err(Short));
        assert_eq!(all.element(), Ok(Element { tag: 4, content: &[1], cut: true }));
        assert_eq!((all.element(), all.is_empty()), (Err(Short), true));
    }

    #[test]
    fn what_nobody_uses_is_refused_and_moves_nothing() {
        for bytes in
            [&[0x30, 0x80, 0, 0][..], &[0x04, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5], &[0x1f], &[0x1f, 0xff], &[4]]
        {
            let mut all = Elements::new(bytes);
            assert_eq!((all.element(), all.position()), (Err(Short), 0), "{bytes:02x?}");
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(integer(&[0x80, 0, 0, 0]), Some(-2_147_483_648));
        assert_eq!((integer(&[]), integer(&[1; 9]), unsigned(&[])), (None, None, None));
        assert_eq!(unsigned(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Some(u64::MAX));
        assert_eq!((unsigned(&[0xff]), unsigned(&[1; 9])), (Some(255), None));
    }

    #[test]
    fn object_identifiers() {
        let read = |bytes: &[u8]| {
            let mut text = Vec::new();
            let whole = object(bytes, &mut text).is_ok();
            (String::from_utf8_lossy(&text).into_owned(), whole)
        };
        assert_eq!(read(&[0x2b, 6, 1, 4, 1, 0x82, 0x37]), ("1.3.6.1.4.1.311".into(), true));
        assert_eq!(read(&[0x88, 0x37]), ("2.999".into(), true));
        assert_eq!(read(&[0x00]), ("0.0".into(), true));
        assert_eq!(read(&[0x2b, 0x86]), ("1.3".into(), false));
        assert!(!read(&[0x2b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]).1);
        assert!(!read(&[]).1);
        assert!(!read(&[1; 200]).1);
    }
}
