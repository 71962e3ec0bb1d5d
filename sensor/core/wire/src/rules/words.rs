//! From a text or raw bytes to the row of the conditions that ask for it.

use aho_corasick::{AhoCorasick, MatchKind};

use super::grams::Grams;
use super::keys::Words;
use super::rows::{Maker, OTHER};
use crate::hash::Map;

/// Whole words by hash; parts by one automaton, behind a quick no.
#[derive(Debug)]
pub struct WordRows {
    /// Of a word that nobody names.
    other: u16,
    whole: Map<Box<[u8]>, u16>,
    parts: Option<Parts>,
}

/// A part of a word, and the condition that asks for it.
type Part = (Box<[u8]>, usize);

#[derive(Debug)]
struct Parts {
    grams: Option<Grams>,
    automaton: AhoCorasick,
    /// By number of the pattern.
    rows: Box<[u16]>,
}

impl WordRows {
    /// `words`: what each condition asks for, by its number.
    pub fn new<'w>(words: impl Iterator<Item = (usize, &'w Words)> + Clone, rows: &mut Maker) -> Self {
        let (mut whole, mut within) = (Map::<Box<[u8]>, Vec<usize>>::default(), Vec::<Part>::new());
        for (term, words) in words.clone() {
            for word in &words.whole {
                whole.entry(word.clone()).or_default().push(term);
            }
            within.extend(words.within.iter().map(|part| (part.clone(), term)));
        }
        let any = || words.clone().filter(|(_, words)| words.any).map(|(term, _)| term);
        let other = rows.row_of(any());
        let mut named: Vec<_> = whole.into_iter().collect();
        named.sort_unstable();
        let whole =
            named.into_iter().map(|(word, terms)| (word, rows.row_of(terms.iter().copied().chain(any())))).collect();
        let parts = (!within.is_empty()).then(|| parts(within, rows));
        match parts {
            None => Self { other, whole, parts: None },
            Some(Ok(parts)) => Self { other, whole, parts: Some(parts) },
            // Patterns that no automaton takes: every word leads to the conditions that have one.
            Some(Err(terms)) => {
                let other = rows.row_of(terms.into_iter().chain(any()));
                Self { other, whole, parts: None }
            }
        }
    }

    /// Whole words that are asked for, unless parts of words are.
    pub fn whole(&self) -> Option<impl Iterator<Item = &[u8]>> {
        self.parts.is_none().then(|| self.whole.keys().map(AsRef::as_ref))
    }

    /// The row of a word that nobody names.
    pub fn other(&self) -> u16 {
        self.other
    }

    /// Dear fields are looked at last.
    pub fn cost(&self) -> u32 {
        match (&self.parts, self.whole.is_empty()) {
            (Some(_), _) => 32,
            (None, false) => 4,
            (None, true) => 1,
        }
    }

    /// The row of a word that no part stands in, where all that is asked for are parts.
    #[inline]
    pub fn quick(&self, word: &[u8]) -> Option<u16> {
        let grams = self.parts.as_ref()?.grams.as_ref()?;
        (self.whole.is_empty() && !grams.may_stand(word)).then_some(self.other)
    }

    /// Call `found` with the rows of that word; together they hold what is left possible.
    #[inline]
    pub fn find(&self, word: &[u8], mut found: impl FnMut(u16)) {
        found(self.other);
        if !self.whole.is_empty() {
            found(self.whole.get(word).copied().unwrap_or(OTHER));
        }
        if let Some(parts) = &self.parts {
            if parts.grams.as_ref().is_some_and(|grams| !grams.may_stand(word)) {
                return;
            }
            for hit in parts.automaton.find_overlapping_iter(word) {
                found(parts.rows.get(hit.pattern().as_usize()).copied().unwrap_or(super::rows::ANY));
            }
        }
    }
}

/// The conditions of the patterns come back where there can be no automaton.
fn parts(mut within: Vec<Part>, rows: &mut Maker) -> Result<Parts, Vec<usize>> {
    within.sort_unstable();
    let groups: Vec<&[Part]> = within.chunk_by(|left, right| left.0 == right.0).collect();
    let patterns = groups.iter().filter_map(|group| group.first()).map(|(part, _)| part.as_ref());
    let grams = Grams::new(patterns.clone());
    // Overlapping matches: a part within another one is found as well.
    let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(patterns);
    let of_each = groups.iter().map(|group| rows.row_of(group.iter().map(|(_, term)| *term))).collect();
    automaton
        .map(|automaton| Parts { grams, automaton, rows: of_each })
        .map_err(|_| within.iter().map(|(_, term)| *term).collect())
}
