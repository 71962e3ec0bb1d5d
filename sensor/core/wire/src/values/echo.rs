//! Answers that repeat older ones, one after the other: values of minutes ago that are shown again.
//!
//! Answers of one request are numbered as far as they bring something new. One that equals an older one has a distance to
//! it; a replay keeps that distance, chance does not. Where answers are few, as those of a handful of switches, they come
//! again by themselves and in the same order: how often an answer is an older one says how many in a row prove anything.

use super::extremes::RATE_DAYS;
use crate::baseline::saved::{Reader, Writer};

/// Places for answers, a power of two. A younger one takes the place of an older one by chance: at one answer a second
/// three of four are there after twenty minutes.
const REMEMBERED: usize = 4096;

#[derive(Clone, Debug)]
pub struct Echo {
    /// Hash and number of an answer, by the hash's last bits.
    slots: Box<[(u64, u32)]>,
    number: u32,
    last: u64,
    distance: u32,
    chain: f64,
    /// Answers that equalled an older one, at whatever distance.
    again: u32,
}

impl Default for Echo {
    fn default() -> Self {
        Self { slots: vec![(0, 0); REMEMBERED].into(), number: 0, last: 0, distance: 0, chain: 0.0, again: 0 }
    }
}

impl Echo {
    /// Of an answer's values by their hash: how many in a row were repeated at one distance, less those that were not.
    /// `None`: it says the same as the one before.
    pub fn next(&mut self, hash: u64) -> Option<f64> {
        if hash == self.last {
            return None;
        }
        self.last = hash;
        self.number = self.number.wrapping_add(1);
        #[allow(clippy::cast_possible_truncation)] // the last bits
        let place = hash as usize & REMEMBERED.saturating_sub(1);
        let slot = self.slots.get_mut(place)?;
        let (known, before) = std::mem::replace(slot, (hash, self.number));
        let distance = self.number.wrapping_sub(before);
        self.again = self.again.saturating_add(u32::from(known == hash && before != 0));
        if known != hash || before == 0 {
            self.chain = (self.chain - 1.0).max(0.0);
        } else if distance == self.distance {
            self.chain += 1.0;
        } else {
            (self.distance, self.chain) = (distance, 1.0);
        }
        Some(self.chain)
    }

    pub fn write(&self, out: &mut Writer) {
        out.u32(self.number);
        out.u64(self.last);
        out.u32(self.distance);
        out.f64(self.chain);
        out.u32(self.again);
        let known: Vec<_> = self.slots.iter().zip(0u32..).filter(|((_, number), _)| *number != 0).collect();
        out.rows(&known, |out, ((hash, number), place)| {
            out.u32(*place);
            out.u64(*hash);
            out.u32(*number);
        });
    }

    pub fn read(rows: &mut Reader<'_>) -> Option<Self> {
        let (number, last, distance) = (rows.u32()?, rows.u64()?, rows.u32()?);
        let (chain, again) = (rows.f64()?, rows.u32()?);
        let mut echo = Self { number, last, distance, chain, again, ..Self::default() };
        for _ in 0..rows.count()? {
            let place = rows.u32()? as usize;
            *echo.slots.get_mut(place)? = (rows.u64()?, rows.u32()?);
        }
        Some(echo)
    }

    /// So many older answers in a row come by chance once in `RATE_DAYS` days, at the pace of these `seconds`: each is one
    /// with the chance that an answer is (the upper end of its 95 % confidence interval; Wilson, 1927), and each answer is
    /// a look. `None`: more than are remembered, so that a replay cannot be told there.
    pub fn chance(&self, seconds: f64) -> Option<f64> {
        let count = f64::from(self.number).max(1.0);
        let (share, z) = (f64::from(self.again) / count, 1.645f64);
        let middle = share + z * z / (2.0 * count);
        let reach = z * (share * (1.0 - share) / count + (z / (2.0 * count)).powi(2)).sqrt();
        let share = (middle + reach) / (1.0 + z * z / count);
        let looks = RATE_DAYS * 86_400.0 * count / seconds.max(1.0);
        let chain = looks.ln() / -share.min(1.0).ln();
        #[allow(clippy::cast_precision_loss)] // 4096
        (chain < REMEMBERED as f64).then_some(chain)
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // test data
mod tests {
    use super::*;

    #[test]
    fn switches_come_again_by_themselves() {
        let (mut switches, mut measured) = (Echo::default(), Echo::default());
        for number in 0..3000u64 {
            switches.next(11 + number % 4);
            measured.next(crate::hash::mixed(if number % 50 == 49 { number - 7 } else { number }));
        }
        assert_eq!(switches.chance(3000.0), None);
        let chain = measured.chance(3000.0).unwrap();
        assert!((4.0..12.0).contains(&chain), "{chain}");
    }

    #[test]
    fn a_replay_is_a_chain_and_chance_is_not() {
        let mut echo = Echo::default();
        let value = |number: u64| crate::hash::mixed(number);
        assert!((0..3000).all(|number| echo.next(value(number)) == Some(0.0)));
        assert_eq!(echo.next(value(2999)), None);
        let chains: Vec<f64> = (2000..2020).filter_map(|number| echo.next(value(number))).collect();
        // Some were pushed out of their slots since.
        assert!(chains.last() >= Some(&10.0), "{chains:?}");
        let scattered = (0..200).filter_map(|number| echo.next(value(number * 977 % 2900)));
        assert!(scattered.skip(20).all(|chain| chain <= 2.0));
    }
}
