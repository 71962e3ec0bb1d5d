//! How many different objects were touched in a window: exact for few, an estimate for many, and never large.
//!
//! The estimate is linear counting (Whang, Vander-Zanden, Taylor: A linear-time probabilistic counting algorithm for
//! database applications, ACM TODS 15(2), 1990): hash into a bitmap, and tell from the bits still free how many came.
//! The same objects always give the same number, so it does not waver from window to window.

use crate::value::Object;

/// As many as a window keeps without allocation.
const FEW: usize = 4;
/// Slots of the table, of which three quarters may be taken.
const SLOTS: usize = 64;
const EXACT: u32 = 48;
/// Bits of the sketch: as large as the table it replaces. Its standard error is below three in a hundred up to 6,000
/// objects.
const BITS: u32 = 2048;

/// Not zero, which marks a free place.
#[inline]
pub(super) fn fingerprint(object: &Object) -> u32 {
    // The names of the spaces of one protocol differ in these.
    let name = object.space.as_bytes();
    let space = u64::from(name.first().copied().unwrap_or(0)) << 8 | name.len() as u64;
    let sum = (space << 32 | u64::from(object.index))
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(object.start.wrapping_mul(0xc2b2_ae3d_27d4_eb4f))
        .wrapping_add(object.end.wrapping_mul(0x1656_67b1_9e37_79f9));
    let mixed = (sum ^ sum >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    // The upper half is the well mixed one.
    ((mixed >> 32) as u32).max(1)
}

#[derive(Debug, Default)]
pub(super) struct FewObjects([u32; FEW]);

impl FewObjects {
    #[inline]
    pub fn knows(&self, fingerprint: u32) -> bool {
        // No early end: four are compared at once.
        self.0.iter().fold(false, |known, other| known | (*other == fingerprint))
    }

    /// False when it is none of these and there is no place left.
    #[inline]
    pub fn add(&mut self, fingerprint: u32) -> bool {
        // They fill up in order.
        if self.0.last().is_some_and(|last| *last != 0) {
            return self.knows(fingerprint);
        }
        for known in &mut self.0 {
            if *known == fingerprint || *known == 0 {
                *known = fingerprint;
                return true;
            }
        }
        false
    }

    pub fn len(&self) -> u64 {
        self.0.iter().filter(|known| **known != 0).count() as u64
    }
}

/// What comes after the first few.
#[derive(Debug)]
pub(super) enum MoreObjects {
    /// Open addressing; zero is a free slot.
    Exact { kept: u32, slots: [u32; SLOTS] },
    /// A bit for each place that an object fell on.
    Sketch([u32; SLOTS]),
}

impl Default for MoreObjects {
    fn default() -> Self {
        Self::Exact { kept: 0, slots: [0; SLOTS] }
    }
}

impl MoreObjects {
    pub fn add(&mut self, fingerprint: u32) {
        match self {
            Self::Sketch(words) => mark(words, fingerprint),
            Self::Exact { kept, slots } => {
                let start = (fingerprint >> 26) as usize;
                for step in 0..SLOTS {
                    let Some(slot) = slots.get_mut(start.wrapping_add(step) % SLOTS) else { return };
                    if *slot == fingerprint {
                        return;
                    }
                    if *slot == 0 {
                        *slot = fingerprint;
                        *kept = kept.saturating_add(1);
                        break;
                    }
                }
                if *kept > EXACT {
                    self.begin_sketch();
                }
            }
        }
    }

    #[cold]
    fn begin_sketch(&mut self) {
        let Self::Exact { slots, .. } = self else { return };
        let mut words = [0; SLOTS];
        slots.iter().filter(|slot| **slot != 0).for_each(|slot| mark(&mut words, *slot));
        *self = Self::Sketch(words);
    }

    pub fn len(&self) -> u64 {
        match self {
            Self::Exact { kept, .. } => (*kept).into(),
            Self::Sketch(words) => {
                let taken = words.iter().fold(0u32, |sum, word| sum.saturating_add(word.count_ones()));
                // A full map says "at least": one free place is the most it can tell.
                let free = BITS.saturating_sub(taken).max(1);
                let all = f64::from(BITS);
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 15,615
                let estimate = (all * (all / f64::from(free)).ln()).round() as u64;
                estimate
            }
        }
    }
}

#[inline]
fn mark(words: &mut [u32; SLOTS], fingerprint: u32) {
    // Top six bits choose the word, the next five the bit.
    if let Some(word) = words.get_mut((fingerprint >> 26) as usize) {
        *word |= 1 << (fingerprint >> 21 & 31);
    }
}
