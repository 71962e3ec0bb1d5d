//! A stretch of byte values of which every pattern has one: a text without any holds no pattern, and that is told for
//! sixteen bytes at once.

/// Weight of a stretch beyond which most texts have one of its bytes.
const MOST: u32 = 48;

#[derive(Clone, Copy, Debug)]
pub struct Rare {
    low: u8,
    span: u8,
}

impl Rare {
    /// The stretch whose bytes are least common. None where every stretch has common ones.
    pub fn new<'p>(patterns: impl Iterator<Item = &'p [u8]> + Clone) -> Option<Self> {
        let from = |low: u8| {
            // Up to where every pattern has one.
            let high = patterns.clone().try_fold(low, |high, pattern| {
                let least = pattern.iter().copied().filter(|byte| *byte >= low).min()?;
                Some(high.max(least))
            })?;
            let weight = (low..=high).map(weight).fold(0u32, u32::saturating_add);
            Some((weight, Self { low, span: high.saturating_sub(low) }))
        };
        let lightest = (0..=u8::MAX).filter_map(from).min_by_key(|(weight, _)| *weight)?;
        Some(lightest).filter(|(weight, _)| *weight <= MOST).map(|(_, rare)| rare)
    }

    /// The least of its bytes, and from there to the last.
    pub fn stretch(self) -> (u8, u8) {
        (self.low, self.span)
    }

    #[inline]
    pub fn from_stretch(low: u8, span: u8) -> Self {
        Self { low, span }
    }

    #[inline]
    pub fn stands(&self, text: &[u8]) -> bool {
        let Self { low, span } = *self;
        let inside = move |byte: u8| byte.wrapping_sub(low) <= span;
        if text.len() < 16 {
            any::<u8, 8>(text, inside)
        } else {
            any::<u8, 16>(text, inside)
        }
    }
}

/// Whether one of the elements lies inside: in steps of `N`, without a branch within one, so that the compiler takes
/// them in one instruction. The last step may look at elements again.
#[inline]
pub fn any<T: Copy, const N: usize>(list: &[T], inside: impl Fn(T) -> bool + Copy) -> bool {
    let one_of = |step: &[T; N]| step.iter().fold(false, |any, element| any | inside(*element));
    let (steps, rest) = list.as_chunks::<N>();
    if steps.iter().any(one_of) {
        return true;
    }
    match list.last_chunk::<N>() {
        Some(last) => !rest.is_empty() && one_of(last),
        None => rest.iter().any(|element| inside(*element)),
    }
}

/// How common a byte is where nothing is known of the traffic: small numbers stand everywhere in binary protocols.
fn weight(byte: u8) -> u32 {
    match byte {
        0 => 64,
        1..=0x0f => 16,
        0x10..=0x1f | 0x20 | 0x40 | 0x80 | 0xff => 4,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_has_one() {
        let patterns: [&[u8]; 4] = [b"Motor1", b"\x00\x01m\xff", b"speed", b"Unit.Valve"];
        let rare = Rare::new(patterns.into_iter()).unwrap();
        for pattern in patterns {
            for (before, after) in [(0, 0), (3, 9), (40, 1), (1, 40), (16, 16)] {
                let text = [vec![0; before], pattern.to_vec(), vec![0; after]].concat();
                assert!(rare.stands(&text), "{pattern:?} between {before} and {after}");
            }
        }
        for length in 0..50 {
            assert!(!rare.stands(&vec![0x01; length]), "{length}");
        }
    }

    #[test]
    fn common_bytes_tell_nothing() {
        assert!(Rare::new([[0u8, 0].as_slice(), b"ab"].into_iter()).is_none());
        assert!(Rare::new([b"ab".as_slice(), b""].into_iter()).is_none());
        let rare = Rare::new([[0xffu8, 7].as_slice(), &[0xff, 3]].into_iter()).unwrap();
        assert!(!rare.stands(&[7, 3, 0xfe]) && rare.stands(&[0xff]));
    }
}
