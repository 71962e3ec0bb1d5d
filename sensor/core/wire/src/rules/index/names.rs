//! Names that rules ask for, found by a few of their letters and one comparison: operations of some protocols are told by
//! name, and each message has one.

/// Rooms per name: so that a small factor spreads them all.
const ROOMS: usize = 8;
/// Factors that are tried.
const TRIES: u64 = 64;

/// A name and what is known of it.
type Room<T> = Option<(Box<[u8]>, T)>;

/// What is known of each name.
#[derive(Debug)]
pub struct Names<T> {
    rooms: Box<[Room<T>]>,
    factor: u64,
    shift: u32,
    /// Of every other name.
    other: T,
}

impl<T: Copy> Names<T> {
    /// `None` where the names cannot be spread: some differ in no letter that is looked at.
    pub fn new(names: &[(&[u8], T)], other: T) -> Option<Self> {
        let rooms = names.len().saturating_mul(ROOMS).next_power_of_two().max(2);
        let shift = u64::BITS.saturating_sub(rooms.trailing_zeros());
        (1..TRIES).find_map(|attempt| {
            let factor = attempt.wrapping_mul(2).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut made = Self { rooms: (0..rooms).map(|_| None).collect(), factor, shift, other };
            for (name, known) in names {
                let room = made.room(name);
                let room = made.rooms.get_mut(room).filter(|room| room.is_none())?;
                *room = Some(((*name).into(), *known));
            }
            Some(made)
        })
    }

    #[inline]
    pub fn find(&self, name: &[u8]) -> &T {
        match self.rooms.get(self.room(name)) {
            Some(Some((known, found))) if **known == *name => found,
            _ => &self.other,
        }
    }

    /// By length, first and last letter, and two between them.
    #[inline]
    fn room(&self, name: &[u8]) -> usize {
        let at = |place: usize| name.get(place).copied().unwrap_or(0);
        let last = name.len().wrapping_sub(1);
        let [low, high, ..] = name.len().to_le_bytes();
        let letters = u64::from_le_bytes([at(0), at(last / 4), at(last / 2), at(last), low, high, 0, 0]);
        #[allow(clippy::cast_possible_truncation)] // a few bits
        let room = letters.wrapping_mul(self.factor).wrapping_shr(self.shift) as usize;
        room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        let words = ["read", "write", "publish", "call", "", "x", "create_subscription", "modify_subscription"];
        for count in 0..=words.len() {
            let named: Vec<(&[u8], usize)> = words.iter().map(|word| word.as_bytes()).zip(1..).take(count).collect();
            let names = Names::new(&named, 0).unwrap();
            for (word, number) in words.iter().zip(1..) {
                assert_eq!(*names.find(word.as_bytes()), if number <= count { number } else { 0 }, "{word} of {count}");
            }
            for other in ["reaf", "red", "raed", "publisx", "y", "modify_subscriptiom"] {
                assert_eq!(*names.find(other.as_bytes()), 0, "{other} of {count}");
            }
        }
    }

    #[test]
    fn names_that_look_the_same_are_not_spread() {
        assert!(Names::new(&[(b"abcde", 1), (b"axcde", 2)], 0).is_some());
        assert!(Names::new(&[(b"abcde", 1), (b"abcxe", 2)], 0).is_none());
    }
}
