//! What a station begins, taken together: calls to the internet at a beat, and many services of one station at once.

use std::net::IpAddr;

use crate::hash::pair_hash;
use crate::limits;
use crate::recent::Recent;

/// Connections that begin closer together than this are one call, for programs open several; and services that are tried
/// within it are tried at once.
const TOGETHER_NS: u64 = 1_000_000_000;
/// The longest interval of a beat is so many times the shortest at most. Half a period early or late makes three times, a
/// call that failed twice; beyond it a beat would take so many calls that it tells nothing new.
const LOOSEST: f64 = 4.0;
/// Time stamps and timers are not exact: intervals that are nearer than this to each other are equal.
const EXACT: f64 = 1.01;
/// Calls that know nothing of each other look so regular in one of so many cases.
const CHANCE: f64 = 1e-6;
/// Services of one station that are told apart.
const SERVICES: usize = 16;
/// Services at once from which on it is told how many they are.
const FEW: usize = 4;
/// Ports that are given out for services of systems (RFC 6335 6): those above may be anything, and come in numbers.
const SYSTEM_PORTS: u16 = 1023;

/// Calls at a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    pub calls: u32,
    pub period_ms: u64,
}

#[derive(Clone, Copy, Debug)]
struct Beat {
    from_ns: u64,
    last_ns: u64,
    least_ns: u64,
    most_ns: u64,
    intervals: u32,
    /// Intervals when it was told.
    told: u32,
}

#[derive(Clone, Copy, Debug)]
struct Tried {
    from_ns: u64,
    ports: [u16; SERVICES],
    count: usize,
}

/// By who begins, and with whom.
pub struct Calls {
    beats: Recent<u64, Beat>,
    tried: Recent<u64, Tried>,
}

impl Default for Calls {
    fn default() -> Self {
        let part = limits::per_shard(limits::CALLS);
        Self { beats: Recent::new(part), tried: Recent::new(part) }
    }
}

/// A number for two stations, another one the other way round.
pub fn directed(segment: u16, source: IpAddr, destination: IpAddr) -> u64 {
    pair_hash(segment, source, destination) ^ u64::from(source < destination)
}

impl Calls {
    /// One more call; told when chance does not explain the beat any more, and when there are twice as many.
    pub fn call(&mut self, pair: u64, now_ns: u64) -> Option<Rhythm> {
        let Some(mut beat) = self.beats.get(&pair) else {
            let first = Beat { from_ns: now_ns, last_ns: now_ns, least_ns: 0, most_ns: 0, intervals: 0, told: 0 };
            self.beats.insert(pair, first);
            return None;
        };
        let interval_ns = now_ns.saturating_sub(beat.last_ns);
        if interval_ns < TOGETHER_NS {
            return None;
        }
        let (least_ns, most_ns) = (beat.least_ns.min(interval_ns), beat.most_ns.max(interval_ns));
        if beat.intervals == 0 || ratio(least_ns, most_ns) > LOOSEST {
            beat = Beat { from_ns: beat.last_ns, least_ns: interval_ns, most_ns: interval_ns, intervals: 1, ..beat };
            beat.told = 0;
        } else {
            (beat.least_ns, beat.most_ns, beat.intervals) = (least_ns, most_ns, beat.intervals.saturating_add(1));
        }
        beat.last_ns = now_ns;
        let due = beat.intervals >= beat.told.saturating_mul(2);
        let told = due && by_chance(beat.intervals, ratio(beat.least_ns, beat.most_ns)) <= CHANCE;
        if told {
            beat.told = beat.intervals;
        }
        self.beats.insert(pair, beat);
        let period_ns = now_ns.saturating_sub(beat.from_ns).checked_div(beat.intervals.into()).unwrap_or(0);
        told.then_some(Rhythm { calls: beat.intervals.saturating_add(1), period_ms: period_ns / 1_000_000 })
    }

    /// A connection to a port: how many services of that station were tried within a second, where they are more than a
    /// few and this is one more.
    pub fn service(&mut self, pair: u64, port: u16, now_ns: u64) -> Option<u64> {
        if port > SYSTEM_PORTS {
            return None;
        }
        let known = self.tried.get(&pair).filter(|tried| now_ns.saturating_sub(tried.from_ns) <= TOGETHER_NS);
        let mut tried = known.unwrap_or(Tried { from_ns: now_ns, ports: [0; SERVICES], count: 0 });
        let before = tried.ports.get(..tried.count).unwrap_or_default();
        if before.contains(&port) || tried.count >= SERVICES {
            return None;
        }
        if let Some(place) = tried.ports.get_mut(tried.count) {
            *place = port;
        }
        tried.count = tried.count.saturating_add(1);
        self.tried.insert(pair, tried);
        (tried.count > FEW).then_some(tried.count as u64)
    }
}

#[allow(clippy::cast_precision_loss)] // durations
fn ratio(least_ns: u64, most_ns: u64) -> f64 {
    (most_ns as f64 / least_ns.max(1) as f64).max(EXACT)
}

/// How likely so many intervals are so alike where calls know nothing of each other (a Poisson process, whatever its
/// rate): the first may be any, and each other lies between the shortest and `ratio` times that. An interval lies in such
/// a band with `ratio^(-1/(ratio-1)) (1 - 1/ratio)` at most, and any of them may be the shortest.
fn by_chance(intervals: u32, ratio: f64) -> f64 {
    let inside = ratio.powf(-1.0 / (ratio - 1.0)) * (1.0 - 1.0 / ratio);
    f64::from(intervals) * inside.powf(f64::from(intervals) - 1.0)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // test data
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// Calls after which it was told.
    fn told(intervals_ms: impl IntoIterator<Item = u64>) -> Vec<u32> {
        let (mut calls, mut now_ns) = (Calls::default(), 7 * SECOND);
        assert_eq!(calls.call(1, now_ns), None);
        let mut each = |interval_ms: u64| {
            now_ns += interval_ms * 1_000_000;
            calls.call(1, now_ns).map(|rhythm| rhythm.calls)
        };
        intervals_ms.into_iter().filter_map(&mut each).collect()
    }

    /// Whole numbers below 1000 that every machine draws alike.
    fn drawn(number: u64) -> u64 {
        crate::hash::mixed(number) >> 11 & 1023
    }

    #[test]
    fn a_beat_is_told_early_and_with_jitter_later() {
        assert_eq!(told([60_000; 20]), [5, 9, 17]);
        let jitter = |share: u64| (0..60).map(move |number| 60_000 - 60 * share * drawn(number) / 1024 * 10);
        assert!((6..14).contains(&told(jitter(30))[0]), "{:?}", told(jitter(30)));
        assert!((8..24).contains(&told(jitter(60))[0]), "{:?}", told(jitter(60)));
        // Three connections a call.
        assert_eq!(told((0..60).map(|number| if number % 3 == 2 { 59_800 } else { 100 }))[0], 5);
    }

    #[test]
    fn calls_without_a_rhythm_are_none() {
        let people = (0..20_000).map(|number| 1000 + (-60_000.0 * ((drawn(number) as f64 + 0.5) / 1024.0).ln()) as u64);
        assert!(told(people).is_empty());
    }

    #[test]
    fn services_are_counted_within_a_second() {
        let mut calls = Calls::default();
        let mut counted = Vec::new();
        for (number, port) in [21, 22, 23, 25, 80, 80, 110, 5000, 135].into_iter().enumerate() {
            counted.push(calls.service(5, port, number as u64 * SECOND / 20));
        }
        assert_eq!(counted, [None, None, None, None, Some(5), None, Some(6), None, Some(7)]);
        assert_eq!(calls.service(5, 443, 10 * SECOND), None);
        assert_eq!(calls.service(6, 143, SECOND), None);
    }
}
