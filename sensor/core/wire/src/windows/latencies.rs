//! The middle of a window's latencies: exact for few answers, from a uniform sample of many.
//!
//! A latency is kept in 16 bits: microseconds as they are up to 4095, above that with eleven bits of mantissa (an error
//! below 1 in 2000).

/// As many as a window keeps without allocation.
const FEW: usize = 8;
/// Kept of one window.
const SAMPLE: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Latencies {
    /// Answers so far.
    count: u32,
    few: [u16; FEW],
    many: Option<Box<[u16; SAMPLE]>>,
}

impl Latencies {
    #[inline]
    pub fn add(&mut self, latency_ns: u64) {
        let latency = encode(u32::try_from(latency_ns / 1000).unwrap_or(u32::MAX));
        let count = self.count as usize;
        self.count = self.count.wrapping_add(1);
        match self.few.get_mut(count) {
            Some(place) => *place = latency,
            None => self.sample(count, latency),
        }
    }

    /// Keep a uniform sample of what came, the same on every run.
    #[inline(never)]
    fn sample(&mut self, before: usize, latency: u16) {
        let many = self.many.get_or_insert_with(|| Box::new([0; SAMPLE]));
        if before == FEW {
            many.iter_mut().zip(self.few).for_each(|(place, kept)| *place = kept);
        }
        let place = if before < SAMPLE { before } else { chosen(self.count) };
        if let Some(place) = many.get_mut(place) {
            *place = latency;
        }
    }

    pub fn median_us(&self) -> u32 {
        let count = self.count as usize;
        let mut kept = [0u16; SAMPLE];
        let source: &[u16] = match &self.many {
            Some(many) if count > FEW => many.as_slice(),
            _ => &self.few,
        };
        let Some(kept) = kept.get_mut(..count.min(source.len())) else { return 0 };
        kept.copy_from_slice(source.get(..kept.len()).unwrap_or_default());
        if kept.is_empty() {
            return 0;
        }
        let middle = kept.len() / 2;
        decode(*kept.select_nth_unstable(middle).1)
    }

    /// For the next window. A conversation that needed the sample will need it again.
    pub fn clear(&mut self) {
        if self.count as usize <= FEW {
            self.many = None;
        }
        self.count = 0;
    }

    pub fn spilled(&self) -> usize {
        self.many.as_ref().map_or(0, |many| size_of_val(many.as_slice()))
    }
}

/// A place below `count`, by a number that looks drawn: the reservoir's rule, without a division.
#[inline]
fn chosen(count: u32) -> usize {
    let drawn = count.wrapping_mul(0x9e37_79b1);
    let drawn = (drawn ^ drawn >> 15).wrapping_mul(0x85eb_ca77);
    ((u64::from(drawn ^ drawn >> 13)).wrapping_mul(u64::from(count)) >> 32) as usize
}

/// Keeps order: of two latencies the longer has no smaller code.
#[inline]
#[allow(clippy::cast_possible_truncation)] // at most 0xafff
fn encode(microseconds: u32) -> u16 {
    let shift = 20u32.saturating_sub(microseconds.leading_zeros());
    ((shift << 11).wrapping_add(microseconds >> shift)) as u16
}

fn decode(code: u16) -> u32 {
    let shift = u32::from(code >> 11).saturating_sub(1);
    u32::from(code).wrapping_sub(shift << 11) << shift
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // test data
mod tests {
    use super::*;

    #[test]
    fn latencies_keep_their_order_and_three_digits() {
        let mut before = 0;
        for microseconds in (0..=5000).chain((12..32).flat_map(|bits| [(1 << bits) - 1, 1 << bits, 3 << (bits - 1)])) {
            let code = encode(microseconds);
            let back = decode(code);
            assert!(back <= microseconds && u64::from(microseconds - back) * 2048 <= u64::from(microseconds));
            assert!(microseconds > 4095 || back == microseconds);
            assert!(microseconds <= 5000 || code >= before || microseconds < 3 << 11, "{microseconds}");
            before = code;
        }
        assert_eq!(decode(encode(u32::MAX)), 0xfff0_0000);
    }

    #[test]
    fn the_median_of_a_sample_is_near_that_of_all() {
        let mut latencies = Latencies::default();
        // 0 to 9999 µs, evenly, in an order that is none.
        (0..10_000u64).for_each(|number| latencies.add(number * 7919 % 10_000 * 1000));
        let median = latencies.median_us();
        assert!((3500..6500).contains(&median), "{median}");
        latencies.clear();
        for milliseconds in [9, 1, 5] {
            latencies.add(milliseconds * 1_000_000);
        }
        assert_eq!(latencies.median_us(), encode_decode(5000));
    }

    fn encode_decode(microseconds: u32) -> u32 {
        decode(encode(microseconds))
    }
}
