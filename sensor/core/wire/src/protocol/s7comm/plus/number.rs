//! Numbers of variable length: seven bits in a byte, most significant first, the highest bit says that more follow. Of
//! numbers with a sign the second highest bit of the first byte is the sign. A ninth byte holds eight bits.

use crate::cursor::Short;
use crate::protocol::s7comm::reader::Reader;

/// Bytes of which each has seven bits.
const SEVENS: usize = 8;

pub fn unsigned(reader: &mut Reader<'_>) -> Result<u64, Short> {
    let mut number = 0u64;
    for _ in 0..SEVENS {
        let byte = reader.u8()?;
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Ok(number << 8 | u64::from(reader.u8()?))
}

pub fn signed(reader: &mut Reader<'_>) -> Result<i64, Short> {
    let first = reader.u8()?;
    // All bits above the sign are like it.
    let mut number = i64::from(first & 0x3f) | if first & 0x40 != 0 { !0x3f } else { 0 };
    if first & 0x80 == 0 {
        return Ok(number);
    }
    for _ in 1..SEVENS {
        let byte = reader.u8()?;
        number = number << 7 | i64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Ok(number << 8 | i64::from(reader.u8()?))
}

/// Ids have 32 bits; one that is larger is none.
pub fn id(reader: &mut Reader<'_>) -> Result<u32, Short> {
    u32::try_from(unsigned(reader)?).map_err(|_| Short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length() {
        for (bytes, wanted) in [
            (&[0x00][..], 0u64),
            (&[0x7f], 127),
            (&[0x90, 0x77], 2167),
            (&[0x88, 0xd0, 0xb8, 0x80, 0x03], 0x8a0e_0003),
            (&[0xff; 9], u64::MAX),
        ] {
            assert_eq!(unsigned(&mut Reader::new(bytes, None)), Ok(wanted));
        }
        for (bytes, wanted) in [
            (&[0x32][..], 50i64),
            (&[0x7f], -1),
            (&[0x40], -64),
            (&[0x80, 0x40], 64),
            (&[0xc0, 0x00], -8192),
            (&[0xff; 9], -1),
        ] {
            assert_eq!(signed(&mut Reader::new(bytes, None)), Ok(wanted), "{bytes:02x?}");
        }
        assert_eq!(unsigned(&mut Reader::new(&[0x80], None)), Err(Short));
        assert_eq!(id(&mut Reader::new(&[0x90, 0x80, 0x80, 0x80, 0x00], None)), Err(Short));
    }
}
