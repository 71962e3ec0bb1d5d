//! Sums that messages are checked by.

use serde::Deserialize;

use crate::protocol::modbus::crc;

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// All bytes added, the carry lost.
    Sum8,
    Sum16,
    /// What makes that sum 0 (LRC).
    Negated8,
    Xor8,
    /// x¹⁶+x¹⁵+x²+1, lowest bit first, from 0xffff.
    Crc16Modbus,
    /// x¹⁶+x¹²+x⁵+1, highest bit first, from 0xffff, and from 0.
    Crc16Ccitt,
    Crc16Xmodem,
    /// That of Ethernet and ZIP.
    Crc32,
}

impl Kind {
    /// Bytes that it takes.
    pub fn width(self) -> usize {
        match self {
            Self::Sum8 | Self::Negated8 | Self::Xor8 => 1,
            Self::Sum16 | Self::Crc16Modbus | Self::Crc16Ccitt | Self::Crc16Xmodem => 2,
            Self::Crc32 => 4,
        }
    }

    pub fn of(self, bytes: &[u8]) -> u32 {
        let sum = || bytes.iter().fold(0u32, |sum, byte| sum.wrapping_add(u32::from(*byte)));
        match self {
            Self::Sum8 => sum() & 0xff,
            Self::Sum16 => sum() & 0xffff,
            Self::Negated8 => sum().wrapping_neg() & 0xff,
            Self::Xor8 => bytes.iter().fold(0, |sum, byte| sum ^ u32::from(*byte)),
            Self::Crc16Modbus => crc(bytes).into(),
            Self::Crc16Ccitt => straight(bytes, 0xffff),
            Self::Crc16Xmodem => straight(bytes, 0),
            Self::Crc32 => !crc32(bytes),
        }
    }
}

/// Lowest bit first, before its bits are turned.
fn crc32(bytes: &[u8]) -> u32 {
    let bit = |sum: u32, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
    bytes.iter().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), bit))
}

/// Highest bit first, 16 bits.
fn straight(bytes: &[u8], from: u32) -> u32 {
    let bit = |sum: u32, _| if sum & 0x8000 == 0 { sum << 1 } else { (sum << 1) ^ 0x1021 };
    bytes.iter().fold(from, |sum, byte| (0..8).fold(sum ^ (u32::from(*byte) << 8), bit)) & 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values that catalogues of such sums give for these nine digits.
    #[test]
    fn sums_are_what_catalogues_say() {
        for (kind, sum) in [
            (Kind::Sum8, 0xdd),
            (Kind::Sum16, 0x01dd),
            (Kind::Negated8, 0x23),
            (Kind::Xor8, 0x31),
            (Kind::Crc16Modbus, 0x4b37),
            (Kind::Crc16Ccitt, 0x29b1),
            (Kind::Crc16Xmodem, 0x31c3),
            (Kind::Crc32, 0xcbf4_3926),
        ] {
            assert_eq!(kind.of(b"123456789"), sum, "{kind:?}");
        }
    }
}
