//! What was learned of values, as it is asked: tags and requests of a link side by side. Shared by all shards.

use std::collections::BTreeSet;

use super::motion::STATISTICS;
use super::plan::{place, Take};
use super::relations::Relation;
use super::table::{Table, Tag};
use crate::baseline::Baseline;
use crate::hash::Map;

/// A learned tag, and what it may do. What is not judged has no bound: infinity.
#[derive(Debug)]
pub struct KnownTag {
    pub row: Tag,
    pub limits: [f64; STATISTICS],
    /// There is something that its samples are held against.
    pub judged: bool,
    /// Some relation of the link is about it.
    pub related: bool,
}

impl KnownTag {
    /// How far this number may go at that moment, and `more`, where it went further.
    #[inline]
    pub fn exceeded(&self, number: usize, found: f64, more: f64, ts_ns: u64) -> Option<f64> {
        let limit = self.limits.get(number)? + more;
        if found > limit {
            return self.exceeded_now(number, found, limit, ts_ns);
        }
        None
    }

    /// The time of day may explain it.
    #[cold]
    fn exceeded_now(&self, number: usize, found: f64, limit: f64, ts_ns: u64) -> Option<f64> {
        let day = self.row.days.get(number).and_then(Option::as_ref);
        let limit = limit + day.map_or(0.0, |day| day.room(ts_ns));
        (found > limit).then_some(limit)
    }
}

/// Ends of a word without a sign, and of one with: a process that goes further shows the same. Analog modules of S7 tell 7FFF
/// and 8000 beyond their span.
const UNSIGNED: [f64; 2] = [0.0, 65_535.0];
const SIGNED: [f64; 2] = [-32_768.0, 32_767.0];
const TURN: f64 = 65_536.0;

impl KnownTag {
    /// The end of what its register holds, where the value is one. Whether a word has a sign nobody said, so the ends of the
    /// other reading count, and are told as they are there, unless the tag was learned on both sides of them.
    #[cold]
    pub fn end(&self, value: f64) -> Option<f64> {
        let (own, other, turned) = match self.row.kind {
            Take::Word => (UNSIGNED, SIGNED, if value > SIGNED[1] { value - TURN } else { value }),
            Take::SignedWord => (SIGNED, UNSIGNED, if value < 0.0 { value + TURN } else { value }),
            Take::Bit | Take::Float | Take::FloatSwapped | Take::Number => return None,
        };
        let middle = (own[0] + own[1]) / 2.0;
        let passes = self.row.low.zip(self.row.high).is_some_and(|(low, high)| low < middle && middle < high);
        let found = if own.contains(&value) { value } else { turned };
        (own.contains(&found) || (!passes && other.contains(&found))).then_some(found)
    }
}

/// As many settings as a set point must have been given before one of them may be called unusual.
const SETTINGS: u64 = 5;

#[derive(Debug)]
pub struct KnownLink {
    /// Its number in the baseline.
    pub of_baseline: u32,
    /// The first of its tags, and how many.
    pub first: u32,
    pub count: u32,
    /// Things were set while learning, so that what follows from that was seen.
    pub set: bool,
    /// Requests whose answers are watched for repetitions, in order.
    pub echoes: Vec<(u64, f64)>,
    pub relations: Vec<Relation>,
}

#[derive(Debug, Default)]
pub struct Known {
    pub tags: Vec<KnownTag>,
    pub links: Vec<KnownLink>,
    places: Map<(u32, u64), u32>,
    /// Links by the numbers that the baseline gives them.
    numbers: Map<u32, u32>,
}

impl Known {
    /// What values are like, of links that the baseline knows.
    ///
    /// # Errors
    /// One line that says what is wrong with the bytes.
    pub fn read(bytes: &[u8], baseline: &Baseline, segments: &[&str]) -> Result<Self, String> {
        let mut known = Self::default();
        for link in Table::read(bytes)?.links {
            let segment = segments.iter().position(|name| *name == link.segment);
            let segment = segment.and_then(|place| u16::try_from(place).ok());
            let number = segment.and_then(|segment| baseline.link(segment, link.client, link.server, &link.protocol));
            // Where one is written its neighbours may be: each of them must have been set, or what follows it is new.
            let written: BTreeSet<(&str, u32)> =
                link.tags.iter().filter(|tag| tag.writes > 0).map(|tag| (&*tag.space, tag.index)).collect();
            let mut settable =
                link.tags.iter().filter(|tag| tag.setting && written.contains(&(&*tag.space, tag.index)));
            let set = !written.is_empty() && settable.all(|tag| tag.changes.max(tag.writes) >= SETTINGS);
            let (Some(number), Ok(own)) = (number, u32::try_from(known.links.len())) else { continue };
            let first = u32::try_from(known.tags.len()).map_err(|_| "too many learned values")?;
            let related: BTreeSet<usize> =
                link.relations.iter().flat_map(Relation::tags).map(|tag| tag as usize).collect();
            for (tag, place_of_tag) in link.tags.into_iter().zip(first..) {
                known.places.insert((own, place(&tag.space, tag.index, tag.start)), place_of_tag);
                let limits = tag.limits.map(|limit| limit.unwrap_or(f64::INFINITY));
                let bound = limits.iter().any(|limit| *limit < f64::INFINITY);
                // What somebody sets is watched, too: its changes explain others.
                let judged = bound || tag.counter || !tag.states.is_empty() || tag.setting;
                let related = known.tags.len().checked_sub(first as usize).is_some_and(|own| related.contains(&own));
                known.tags.push(KnownTag { row: tag, limits, judged, related });
            }
            let count = u32::try_from(known.tags.len()).unwrap_or(u32::MAX).saturating_sub(first);
            let echoes = link.echoes.iter().map(|echo| (echo.request, echo.limit)).collect();
            known.links.push(KnownLink { of_baseline: number, first, count, set, echoes, relations: link.relations });
            known.numbers.insert(number, own);
        }
        Ok(known)
    }

    pub fn link(&self, of_baseline: u32) -> Option<u32> {
        self.numbers.get(&of_baseline).copied()
    }

    /// The tag of a link there; whether it is a number of the protocol's, or what its words are.
    pub fn tag(&self, link: u32, space: &str, index: u32, start: u64) -> Option<(u32, Take)> {
        let tag = *self.places.get(&(link, place(space, index, start)))?;
        Some((tag, self.tags.get(tag as usize)?.row.kind))
    }

    pub fn at(&self, tag: u32) -> Option<&KnownTag> {
        self.tags.get(tag as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_the_ends_of_both_readings_until_it_passes_them() {
        let tag = |kind: &str, low: f64, high: f64| {
            let row = serde_json::json!({"space": "input_register", "index": 1, "start": 1, "kind": kind, "samples": 1,
                "changes": 1, "seconds": 1.0, "low": low, "high": high, "limits": [null, null, null, null, null, null, null]});
            let row = serde_json::from_value(row).unwrap();
            KnownTag { row, limits: [0.0; STATISTICS], judged: true, related: false }
        };
        let ends = |tag: KnownTag, values: &[f64]| values.iter().map(|value| tag.end(*value)).collect::<Vec<_>>();
        let words = [0.0, 1.0, 32_767.0, 32_768.0, 65_535.0];
        let low = [Some(0.0), None, Some(32_767.0), Some(-32_768.0), Some(65_535.0)];
        assert_eq!(ends(tag("word", 100.0, 900.0), &words), low);
        assert_eq!(ends(tag("word", 100.0, 40_000.0), &words), [Some(0.0), None, None, None, Some(65_535.0)]);
        let words = [-32_768.0, -1.0, 0.0, 5.0, 32_767.0];
        let below = [Some(-32_768.0), Some(65_535.0), Some(0.0), None, Some(32_767.0)];
        assert_eq!(ends(tag("signed_word", -900.0, -5.0), &words), below);
        assert_eq!(ends(tag("signed_word", -9.0, 9.0), &words), [Some(-32_768.0), None, None, None, Some(32_767.0)]);
        assert_eq!(ends(tag("float", 1.0, 9.0), &words), [None; 5]);
    }
}
