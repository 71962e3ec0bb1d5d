//! Address spaces by a small number: no text is hashed per message.

/// What tells names apart without reading them whole: length, first and last eight bytes. Up to sixteen bytes that is
/// all of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Glance {
    length: usize,
    first: u64,
    last: u64,
}

const WHOLE: usize = 16;

impl Glance {
    #[inline]
    fn at(name: &str) -> Self {
        let bytes = name.as_bytes();
        let word = |part: &[u8]| part.iter().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
        let first = match bytes.first_chunk::<8>() {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => word(bytes),
        };
        let last = bytes.last_chunk::<8>().map_or(0, |chunk| u64::from_le_bytes(*chunk));
        Self { length: bytes.len(), first, last }
    }
}

/// A name as a number. Part of poll identities, so it may not change.
#[inline]
pub fn code(name: &str) -> u64 {
    let Glance { length, first, last } = Glance::at(name);
    mix(first ^ length as u64, last)
}

/// Fold one number into a hash that is kept in baselines: it may not change.
#[inline]
pub fn mix(hash: u64, number: u64) -> u64 {
    let mixed = (hash.rotate_left(23) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 29
}

/// Address spaces that one baseline may name: parsers know a few dozen.
const MOST: u16 = 256;

/// Names by number, few: looked up by comparing.
#[derive(Debug, Default)]
pub struct Spaces {
    names: Vec<(Glance, String)>,
}

impl Spaces {
    #[inline]
    pub fn find(&self, name: &str) -> Option<u16> {
        let glance = Glance::at(name);
        let same = |known: &(Glance, String)| known.0 == glance && (glance.length <= WHOLE || known.1 == name);
        u16::try_from(self.names.iter().position(same)?).ok()
    }

    #[cold]
    fn look_up(&self, name: &str) -> Option<u16> {
        self.find(name)
    }

    /// The number of a name; `None` when there are too many.
    pub fn intern(&mut self, name: &str) -> Option<u16> {
        self.find(name).or_else(|| {
            let number = u16::try_from(self.names.len()).ok().filter(|number| *number < MOST)?;
            self.names.push((Glance::at(name), name.to_owned()));
            Some(number)
        })
    }

    /// Names in the order of their numbers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|known| known.1.as_str())
    }

    pub fn name(&self, number: u16) -> &str {
        self.names.get(usize::from(number)).map_or("", |known| known.1.as_str())
    }
}

/// Numbers of spaces by where a parser's constant lies in memory: what a message costs is no reading of text. A constant
/// may lie in several places; each is looked up once, and again when another one took its room.
#[derive(Debug, Default)]
pub struct Seen([(usize, usize, Option<u16>); SEEN]);

/// Rooms, a power of two: one conversation meets a handful of spaces.
const SEEN: usize = 16;

impl Seen {
    #[inline(always)] // a call would cost as much as the look
    #[allow(clippy::cast_possible_truncation)] // four bits
    pub fn number(&mut self, spaces: &Spaces, name: &'static str) -> Option<u16> {
        let (at, length) = (name.as_ptr() as usize, name.len());
        let room = ((at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60) as usize;
        let known = self.0.get_mut(room)?;
        if (known.0, known.1) == (at, length) {
            return known.2;
        }
        *known = (at, length, spaces.look_up(name));
        known.2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_in_baselines_already_written() {
        for (name, expected) in [
            ("", 0),
            ("db", 0xa46a_3358_d351_9aef),
            ("input_register", 0x434e_6bf1_fa59_403e),
            ("holding_register_of_a_gateway", 0xd072_5f01_4ab5_2f36),
        ] {
            assert_eq!(code(name), expected, "{name}");
        }
    }

    #[test]
    fn names_that_differ_anywhere_are_other_names() {
        let long = "a_space_with_quite_a_long_name";
        let mut spaces = Spaces::default();
        assert_eq!(spaces.intern(long), Some(0));
        assert_eq!(spaces.intern("db"), Some(1));
        for (place, _) in long.char_indices() {
            let mut other = long.to_owned();
            other.replace_range(place..=place, "X");
            assert_eq!(spaces.find(&other), None, "{other}");
        }
        assert_eq!(
            (spaces.find(long), spaces.find("db"), spaces.find("bd"), spaces.find("")),
            (Some(0), Some(1), None, None)
        );
    }

    #[test]
    fn a_constant_is_known_again_by_its_place_and_its_length() {
        let text = "coil_of_a_pump";
        let parts: Vec<&'static str> =
            (0..text.len()).flat_map(|from| (from..=text.len()).filter_map(move |to| text.get(from..to))).collect();
        let (mut spaces, mut seen) = (Spaces::default(), Seen::default());
        parts.iter().step_by(3).for_each(|part| {
            spaces.intern(part);
        });
        for _ in 0..2 {
            for part in &parts {
                assert_eq!(seen.number(&spaces, part), spaces.find(part), "{part}");
                assert_eq!(seen.number(&spaces, part), spaces.find(part), "{part} again");
            }
        }
    }
}
