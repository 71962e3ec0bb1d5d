//! A short word in one case, on the stack: what tables of commands and header fields are matched with.

const LONGEST: usize = 32;

/// Longer words are none of ours and come out empty.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Word {
    pub fn upper(text: &[u8]) -> Self {
        Self::of(text, |byte| byte.to_ascii_uppercase())
    }

    pub fn lower(text: &[u8]) -> Self {
        Self::of(text, |byte| byte.to_ascii_lowercase())
    }

    #[inline]
    fn of(text: &[u8], case: impl Fn(&u8) -> u8) -> Self {
        let mut word = Self { bytes: [0; LONGEST], len: 0 };
        if text.len() <= LONGEST {
            word.bytes.iter_mut().zip(text).for_each(|(place, byte)| *place = case(byte));
            word.len = text.len();
        }
        word
    }

    #[inline]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
