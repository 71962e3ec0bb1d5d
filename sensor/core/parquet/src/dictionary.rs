//! Words of one column chunk, each once, and their keys.

use wire::columns::Strings;
use wire::hash::Map;

use crate::hybrid;
use crate::plain;

/// Bytes of words beyond which a chunk writes them out: a dictionary is read before everything else.
const MOST: usize = 1 << 20;
const UNKNOWN: u32 = u32::MAX;

#[derive(Default)]
pub struct Dictionary {
    numbers: Map<Box<[u8]>, u32>,
    /// The dictionary page: words as plain values.
    pub page: Vec<u8>,
}

impl Dictionary {
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    pub fn is_full(&self) -> bool {
        self.page.len() >= MOST
    }

    /// Number of a word in this chunk.
    fn number(&mut self, word: &[u8]) -> u32 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = u32::try_from(self.numbers.len()).unwrap_or(UNKNOWN);
        self.numbers.insert(word.into(), number);
        plain::text(&mut self.page, word);
        number
    }

    /// Values of a page: how many bits a key has, and the keys. Batches number their words anew, so each is looked up
    /// once a batch.
    pub fn keys(&mut self, out: &mut Vec<u8>, keys: &[i32], words: &Strings) {
        let place = |key: i32| usize::try_from(key).unwrap_or(usize::MAX);
        if let Some(first) = keys.first().filter(|first| keys.iter().all(|key| key == *first)) {
            let number = self.number(words.get(place(*first)));
            let width = self.width();
            out.push(width as u8);
            return hybrid::run(out, number, keys.len(), width);
        }
        let mut known = vec![UNKNOWN; words.len()];
        let numbers: Vec<u32> = keys
            .iter()
            .map(|key| match known.get_mut(place(*key)) {
                Some(number) => {
                    if *number == UNKNOWN {
                        *number = self.number(words.get(place(*key)));
                    }
                    *number
                }
                None => 0,
            })
            .collect();
        let width = self.width();
        out.push(width as u8);
        hybrid::packed(out, &numbers, width);
    }

    /// A key has a bit at least: not every reader knows of keys without.
    fn width(&self) -> u32 {
        hybrid::width(self.len().saturating_sub(1) as u64).max(1)
    }
}
