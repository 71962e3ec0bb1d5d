//! SHA-1: FIPS 180-4, 5.1.1 (padding), 6.1 (the hash). Broken as a signature, and still what protocols name certificates
//! by: the thumbprint of OPC UA, of Windows stores, of device lists.

use crate::cursor::Cursor;

const BLOCK: usize = 64;
const START: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    let mut state = START;
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    for one in blocks {
        block(&mut state, one);
    }
    // A one bit, zeros up to the last eight bytes of a block, the number of bits.
    let mut end = [0u8; 2 * BLOCK];
    for (place, byte) in end.iter_mut().zip(rest.iter().chain(&[0x80])) {
        *place = *byte;
    }
    let bits = u64::try_from(bytes.len()).unwrap_or(0).wrapping_mul(8).to_be_bytes();
    let last = if rest.len() < BLOCK - 8 { BLOCK } else { 2 * BLOCK };
    if let Some(places) = end.get_mut(last.saturating_sub(8)..last) {
        places.copy_from_slice(&bits);
    }
    for one in end.get(..last).unwrap_or_default().as_chunks::<BLOCK>().0 {
        block(&mut state, one);
    }
    let mut digest = [0; 20];
    for (place, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *place = word.to_be_bytes();
    }
    digest
}

fn block(state: &mut [u32; 5], bytes: &[u8; BLOCK]) {
    // 80 words, of which the last sixteen are kept.
    let mut words = [0u32; 16];
    let mut cursor = Cursor::new(bytes);
    for word in &mut words {
        *word = cursor.u32_be().unwrap_or(0);
    }
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for round in 0..80usize {
        let at = |back: usize| words.get(round.wrapping_sub(back) & 15).copied().unwrap_or(0);
        let word = if round < 16 { at(0) } else { (at(3) ^ at(8) ^ at(14) ^ at(16)).rotate_left(1) };
        if let Some(place) = words.get_mut(round & 15) {
            *place = word;
        }
        let (mixed, constant) = match round {
            0..20 => ((b & c) | (!b & d), 0x5a82_7999u32),
            20..40 => (b ^ c ^ d, 0x6ed9_eba1),
            40..60 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
            _ => (b ^ c ^ d, 0xca62_c1d6),
        };
        let next = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(word);
        (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
    }
    for (place, more) in state.iter_mut().zip([a, b, c, d, e]) {
        *place = place.wrapping_add(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        sha1(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn known_digests() {
        // FIPS 180-4's examples, and the empty message.
        assert_eq!(hex(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert_eq!(hex(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let two = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(hex(two), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
        assert_eq!(hex(&vec![b'a'; 1_000_000]), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    }

    #[test]
    fn every_length_of_a_last_block() {
        // The digests of 55, 56, 63, 64 and 65 letters differ, and none stops.
        let digests: std::collections::BTreeSet<String> = (0..130).map(|count| hex(&vec![b'a'; count])).collect();
        assert_eq!(digests.len(), 130);
        assert_eq!(hex(&[b'a'; 64]), "0098ba824b5c16427bd7a1122a5a442a25ec644d");
    }
}
