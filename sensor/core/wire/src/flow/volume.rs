//! How much a conversation carried.

/// Bytes from which on it is told that a direction has carried twice as much as when it was last told.
const TOLD_FROM: u32 = 20;

/// Payload bytes of both directions, by sending side, retransmissions included. Ten bytes, because there are a million
/// of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Volume {
    low: [u32; 2],
    high: [u8; 2],
}

impl Volume {
    /// True when the sum has come to another power of two, from a megabyte on.
    #[inline]
    pub fn add(&mut self, side: usize, bytes: usize) -> bool {
        let (Some(low), Some(high)) = (self.low.get_mut(side), self.high.get_mut(side)) else { return false };
        let before = low.leading_zeros();
        let (sum, carry) = low.overflowing_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        *low = sum;
        *high = high.saturating_add(u8::from(carry));
        before != sum.leading_zeros() && (carry || (*high == 0 && sum >> TOLD_FROM != 0))
    }

    #[inline]
    pub fn of(&self, side: usize) -> u64 {
        let (low, high) = (self.low.get(side).copied().unwrap_or(0), self.high.get(side).copied().unwrap_or(0));
        u64::from(high) << 32 | u64::from(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubled_volumes_are_told() {
        let mut volume = Volume::default();
        let mut told = Vec::new();
        for _ in 0..6_000_000u32 {
            if volume.add(1, 1500) {
                told.push(volume.of(1) >> 20);
            }
        }
        assert_eq!((volume.of(0), volume.of(1)), (0, 9_000_000_000));
        // By the megabyte; above four gigabytes every four.
        assert_eq!(told, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192]);
    }
}
