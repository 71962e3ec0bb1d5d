//! What frames of the serial line are checked by. MODBUS over Serial Line V1.02, 6.2.1 (LRC), 6.2.2 (CRC).

/// x¹⁶ + x¹⁵ + x² + 1, the lowest bit first.
const POLYNOMIAL: u16 = 0xa001;
const TABLE: [u16; 256] = table();

#[allow(clippy::indexing_slicing)] // at compile time
const fn table() -> [u16; 256] {
    let mut table = [0u16; 256];
    let mut byte = 0u16;
    while byte < 256 {
        let (mut value, mut bit) = (byte, 0u8);
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ POLYNOMIAL } else { value >> 1 };
            bit = bit.wrapping_add(1);
        }
        table[byte as usize] = value;
        byte = byte.wrapping_add(1);
    }
    table
}

/// CRC-16 of RTU frames, which is sent low byte first. Over a frame and its CRC it is 0.
pub fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |sum, byte| {
        let [low, high] = sum.to_le_bytes();
        u16::from(high) ^ TABLE.get(usize::from(low ^ byte)).copied().unwrap_or_default()
    })
}

/// Sum of an ASCII frame's bytes. With the LRC, which is its two's complement, it is 0.
pub fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_of_the_specification_is_right() {
        // 6.2.2: "02 07" has CRC 0x1241, sent as 41 12.
        assert_eq!(crc(&[0x02, 0x07]), 0x1241);
        assert_eq!(crc(&[0x02, 0x07, 0x41, 0x12]), 0);
        assert_eq!(sum(&[0x01, 0x03, 0x00, 0x00, 0x00, 0x0a, 0xf2]), 0);
    }
}
