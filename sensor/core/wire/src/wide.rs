//! Text in 16-bit units, least significant byte first, as Windows writes it. [MS-DTYP] 2.1.

use crate::limits::TEXT_BYTES;
use crate::value::{Record, Span};

/// Units of text from bytes; half a unit at the end is left out.
pub fn units(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    bytes.chunks_exact(2).filter_map(|pair| pair.first_chunk::<2>()).map(|pair| u16::from_le_bytes(*pair))
}

/// Append it as UTF-8, at most [`TEXT_BYTES`] and never half a character.
pub fn write(out: &mut Vec<u8>, bytes: &[u8]) {
    let end = out.len().saturating_add(TEXT_BYTES);
    let mut buffer = [0; 4];
    for found in char::decode_utf16(units(bytes)) {
        let encoded = found.unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut buffer).as_bytes();
        if out.len().saturating_add(encoded.len()) > end {
            return;
        }
        out.extend_from_slice(encoded);
    }
}

/// Keep it in the record.
pub fn push(record: &mut Record, bytes: &[u8]) -> Span {
    record.write_text(|out| write(out, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_text_is_read() {
        for (bytes, wanted) in [
            (&[0x41, 0, 0x2d, 0x4e][..], "A中"),
            (&[0x3d, 0xd8, 0x00, 0xde][..], "😀"),
            (&[0x3d, 0xd8, 0x41, 0, 0x42][..], "\u{fffd}A"),
        ] {
            let mut out = Vec::new();
            write(&mut out, bytes);
            assert_eq!(String::from_utf8_lossy(&out), wanted);
        }
        let mut out = Vec::new();
        write(&mut out, &[0x2d, 0x4e].repeat(TEXT_BYTES));
        assert_eq!(out.len(), TEXT_BYTES / 3 * 3);
    }
}
