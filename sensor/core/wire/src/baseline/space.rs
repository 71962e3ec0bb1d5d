//! Address spaces by a small number: no text is hashed per message.

/// What tells names of spaces apart quickly: length, first and last eight bytes. Part of poll identities, so it may
/// not change.
#[inline]
pub fn code(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let word = |part: &[u8]| part.iter().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    let first = match bytes.first_chunk::<8>() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => word(bytes),
    };
    let last = bytes.last_chunk::<8>().map_or(0, |chunk| u64::from_le_bytes(*chunk));
    mix(first ^ bytes.len() as u64, last)
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
    names: Vec<(u64, String)>,
}

impl Spaces {
    #[inline]
    pub fn find(&self, name: &str) -> Option<u16> {
        let code = code(name);
        let place = self.names.iter().position(|known| known.0 == code && known.1 == name)?;
        u16::try_from(place).ok()
    }

    /// The number of a name; `None` when there are too many.
    pub fn intern(&mut self, name: &str) -> Option<u16> {
        self.find(name).or_else(|| {
            let number = u16::try_from(self.names.len()).ok().filter(|number| *number < MOST)?;
            self.names.push((code(name), name.to_owned()));
            Some(number)
        })
    }

    pub fn name(&self, number: u16) -> &str {
        self.names.get(usize::from(number)).map_or("", |known| known.1.as_str())
    }
}
