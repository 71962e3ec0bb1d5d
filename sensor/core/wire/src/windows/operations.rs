//! Which operations were asked for in a window, and how often each.

use crate::value::Class;

/// Different operations told apart in one window: a scan of every function code is more, and shows as this many.
pub const OPERATIONS: usize = 64;
/// As many as most clients ever use.
const FEW: usize = 4;

/// Operation and class in one number: the class in the low three bits, so that it can be read back.
#[inline]
pub(super) fn code(operation: u32, class: Class) -> u32 {
    operation << 3 | class as u32
}

/// The first few operations of a window. A place is free while its count is zero.
#[derive(Debug, Default)]
pub(super) struct FewOperations {
    codes: [u32; FEW],
    counts: [u32; FEW],
}

impl FewOperations {
    /// False when it is none of those that came before; then it is not counted.
    #[inline]
    pub fn count_known(&mut self, code: u32) -> bool {
        let mut known = self.codes.iter().zip(&mut self.counts);
        let count = known.find(|(known, count)| **known == code && **count != 0);
        count.map(|(_, count)| *count = count.wrapping_add(1)).is_some()
    }

    /// False when it is none of these and there is no place left.
    pub fn count(&mut self, code: u32) -> bool {
        for (known, count) in self.codes.iter_mut().zip(&mut self.counts) {
            if *known == code || *count == 0 {
                *known = code;
                *count = count.wrapping_add(1);
                return true;
            }
        }
        false
    }

    fn iter(&self) -> impl Iterator<Item = (u32, u32)> + Clone + '_ {
        self.codes.iter().copied().zip(self.counts.iter().copied()).filter(|(_, count)| *count > 0)
    }
}

/// The others, up to `OPERATIONS` in all; beyond that only the class is kept.
#[derive(Debug, Default)]
pub(super) struct MoreOperations {
    known: Vec<(u32, u32)>,
    others: [u32; Class::ALL.len()],
}

impl MoreOperations {
    pub fn count(&mut self, code: u32) {
        let count = match self.known.binary_search_by_key(&code, |(known, _)| *known) {
            Ok(place) => self.known.get_mut(place).map(|(_, count)| count),
            Err(place) if self.known.len() < OPERATIONS.saturating_sub(FEW) => {
                self.known.insert(place, (code, 0));
                self.known.get_mut(place).map(|(_, count)| count)
            }
            Err(_) => self.others.get_mut((code & 7) as usize),
        };
        if let Some(count) = count {
            *count = count.saturating_add(1);
        }
    }

    pub fn spilled(&self) -> usize {
        self.known.capacity().saturating_mul(size_of::<(u32, u32)>())
    }

    pub fn clear(&mut self) {
        self.known.clear();
        self.others = [0; Class::ALL.len()];
    }
}

/// Each operation that was told apart, with its count.
pub(super) fn told<'a>(
    few: &'a FewOperations,
    more: Option<&'a MoreOperations>,
) -> impl Iterator<Item = (u32, u32)> + Clone + 'a {
    few.iter().chain(more.into_iter().flat_map(|more| more.known.iter().copied()))
}

/// Requests of each class, those of operations that were not told apart included.
pub(super) fn by_class(few: &FewOperations, more: Option<&MoreOperations>) -> [u64; Class::ALL.len()] {
    let mut sums = more.map_or([0; Class::ALL.len()], |more| more.others.map(u64::from));
    for (code, count) in told(few, more) {
        if let Some(sum) = sums.get_mut((code & 7) as usize) {
            *sum = sum.saturating_add(count.into());
        }
    }
    sums
}

/// Of a mix, in bits: 0 when all are the same.
#[allow(clippy::cast_precision_loss)] // counts of one window
pub(super) fn entropy(counts: impl Iterator<Item = u64> + Clone) -> f64 {
    let all = counts.clone().fold(0u64, u64::saturating_add);
    if all == 0 {
        return 0.0;
    }
    let bits = counts.map(|count| count as f64 / all as f64).map(|share| -share * share.log2()).sum::<f64>();
    bits.max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_can_be_read_back_from_any_operation() {
        for (place, class) in Class::ALL.into_iter().enumerate() {
            for operation in [0, 3, 0x3_00e0, 0x1fff_ffff, u32::MAX] {
                assert_eq!((code(operation, class) & 7) as usize, place);
            }
        }
    }
}
