//! The order of a link's operations as an automaton, and what leaves it.
//!
//! A state is the operation that was asked for last, with the one before it; a transition is the operation that comes
//! next. A transition that was never seen says something only where the order is a habit, and no chance:
//!
//! - of what comes: all its arrivals came from states that take up so small a share of all departures that this would
//!   happen once in a thousand times if its place were drawn ([`CHANCE`]). A master that writes now and then between
//!   its reads has no such habit; one that always reads before it writes has. What is drawn is an *occasion*, not an
//!   arrival: two timers of one master that began together keep their distance for minutes, and a thousand cycles of
//!   that are one draw;
//! - of what came before: what follows it is a habit in the same sense. A connection that was opened once says nothing;
//! - and nothing speaks for transitions that were not seen yet (Good–Turing): of either's neighbours those that came on
//!   one occasion only, or in the second half of learning for the first time, are at most one in a hundred occasions.
//!
//! The same is asked once more one operation further back, among the departures of the state in between.

use super::table::{Order, Place};
use super::trail::{changes, class_of, short, Short, Step, START, UNKNOWN};

/// The probability of a habit that is none.
const CHANCE: f64 = 1e-3;
/// One neighbour that is not sure weighs as much as so many occasions.
const SURE: u64 = 100;

/// What follows the last operation is a habit, and what comes before the next one.
const AFTER: u8 = 1;
const BEFORE: u8 = 2;
/// The same of what follows the last two, and of what comes before the last and the next.
const AFTER_TWO: u8 = 4;
const BEFORE_TWO: u8 = 8;

/// A transition as it is asked: 16 bytes, those of one link side by side.
#[derive(Clone, Copy, Debug, Default)]
pub struct Way {
    before: Short,
    last: Short,
    next: Short,
    habits: u8,
    count: u32,
    /// Of the next operation, as whoever compiled it numbers names.
    name: u32,
}

const _: () = assert!(size_of::<Way>() == 16);

impl Way {
    /// As they are sorted: [`Orders::leaves`] asks nearly always for one that is there.
    fn step(&self) -> (Short, Short, Short) {
        (self.before, self.last, self.next)
    }
}

/// Transitions that are counted together: on how many occasions one side was passed, and how many of its neighbours are
/// not sure.
#[derive(Clone, Copy, Debug, Default)]
struct Passed {
    occasions: u64,
    /// Passages of its neighbours.
    part: u64,
    unsure: u64,
}

impl Passed {
    /// `whole`: all passages that might have stood there.
    #[allow(clippy::cast_precision_loss)] // counts
    fn is_habit(&self, whole: u64) -> bool {
        let share = if whole == 0 { 1.0 } else { self.part as f64 / whole as f64 };
        share.powf(self.occasions as f64) <= CHANCE && self.unsure.saturating_mul(SURE) <= self.occasions
    }
}

/// Sums by key, in the order of the keys.
fn sums(rows: impl Iterator<Item = (u32, u64)>) -> Vec<(u32, u64)> {
    let mut all: Vec<(u32, u64)> = rows.collect();
    all.sort_unstable();
    all.dedup_by(|next, one| {
        let same = next.0 == one.0;
        if same {
            one.1 = one.1.saturating_add(next.1);
        }
        same
    });
    all
}

fn sum(sums: &[(u32, u64)], key: u32) -> u64 {
    let place = sums.binary_search_by_key(&key, |(known, _)| *known).ok();
    place.and_then(|place| sums.get(place)).map_or(0, |(_, sum)| *sum)
}

fn two(one: Short, other: Short) -> u32 {
    u32::from(one) << 16 | u32::from(other)
}

/// A transition between two neighbours, however it was reached.
#[derive(Clone, Copy)]
struct Edge {
    one: u32,
    other: u32,
    count: u64,
    occasions: u64,
    sure: bool,
}

fn is_sure(row: &Order) -> bool {
    row.occasions > 1 && !row.late
}

/// Which of the sides `one` are habits: `passages` of what stands on the other side, and all that might have stood there.
fn habits(edges: &mut [Edge], passages: &[(u32, u64)], whole: impl Fn(u32) -> u64) -> Vec<u32> {
    edges.sort_unstable_by_key(|edge| edge.one);
    let mut found = Vec::new();
    for group in edges.chunk_by(|one, next| one.one == next.one) {
        let mut passed = Passed::default();
        for edge in group {
            passed.occasions = passed.occasions.saturating_add(edge.occasions);
            passed.part = passed.part.saturating_add(sum(passages, edge.other));
            passed.unsure = passed.unsure.saturating_add(u64::from(!edge.sure));
        }
        found.extend(group.first().map(|edge| edge.one).filter(|one| passed.is_habit(whole(*one))));
    }
    found
}

/// The transitions of one link, as they are asked; none, where nothing that it does changes anything. `name`: the number
/// of an operation's name.
pub fn compiled(rows: &[Order], mut name: impl FnMut(Place) -> u32) -> Vec<Way> {
    let steps: Vec<(Step, &Order)> = rows.iter().map(|row| (row.step(), row)).collect();
    if !steps.iter().any(|(step, _)| class_of(step.next).is_some_and(changes)) {
        return Vec::new();
    }
    let edge = |(step, row): &(Step, &Order)| Edge {
        one: step.last.into(),
        other: step.next.into(),
        count: row.count,
        occasions: row.occasions.into(),
        sure: is_sure(row),
    };
    let mut forth: Vec<Edge> = steps.iter().map(edge).collect();
    forth.sort_unstable_by_key(|edge| (edge.one, edge.other));
    forth.dedup_by(|next, one| {
        let same = (next.one, next.other) == (one.one, one.other);
        if same {
            one.count = one.count.saturating_add(next.count);
            // Reached in two ways on one occasion, it still is one.
            one.occasions = one.occasions.max(next.occasions);
            one.sure |= next.sure;
        }
        same
    });
    let mut back: Vec<Edge> = forth.iter().map(|edge| Edge { one: edge.other, other: edge.one, ..*edge }).collect();
    let left = sums(forth.iter().map(|edge| (edge.one, edge.count)));
    let reached = sums(back.iter().map(|edge| (edge.one, edge.count)));
    let all = left.iter().map(|(_, count)| *count).fold(0, u64::saturating_add);
    // A run counts once: nothing follows itself, so its own passages are no place it could have stood at.
    let after = habits(&mut forth, &reached, |last| all.saturating_sub(sum(&reached, last)));
    let before = habits(&mut back, &left, |next| all.saturating_sub(sum(&left, next)));

    let longer = || steps.iter().filter(|(step, _)| step.before != UNKNOWN);
    let mut forth: Vec<Edge> = longer()
        .map(|(Step { before, last, next }, row)| {
            let (one, other) = (two(*before, *last), two(*last, *next));
            Edge { one, other, count: row.count, occasions: row.occasions.into(), sure: is_sure(row) }
        })
        .collect();
    let mut back: Vec<Edge> = forth.iter().map(|edge| Edge { one: edge.other, other: edge.one, ..*edge }).collect();
    let left = sums(forth.iter().map(|edge| (edge.one, edge.count)));
    let reached = sums(back.iter().map(|edge| (edge.one, edge.count)));
    let through = sums(longer().map(|(step, row)| (u32::from(step.last), row.count)));
    let after_two = habits(&mut forth, &reached, |way| sum(&through, way & 0xffff));
    let before_two = habits(&mut back, &left, |way| sum(&through, way >> 16));

    let has = |found: &[u32], key: u32, habit: u8| if found.binary_search(&key).is_ok() { habit } else { 0 };
    let ways = steps.iter().map(|(Step { before: first, last, next }, row)| Way {
        before: *first,
        last: *last,
        next: *next,
        habits: has(&after, u32::from(*last), AFTER)
            | has(&before, u32::from(*next), BEFORE)
            | has(&after_two, two(*first, *last), AFTER_TWO)
            | has(&before_two, two(*last, *next), BEFORE_TWO),
        count: u32::try_from(row.count).unwrap_or(u32::MAX),
        name: name(row.next),
    });
    let mut ways: Vec<Way> = ways.collect();
    ways.sort_unstable_by_key(Way::step);
    ways
}

/// The transitions of one link, sorted by their steps.
#[derive(Clone, Copy)]
pub struct Orders<'k>(pub &'k [Way]);

impl Orders<'_> {
    /// Whether this step leaves what was learned. The step as it is to be told: without what came before, where the last
    /// operation alone is what it should not follow.
    pub fn leaves(self, step: Step) -> Option<Step> {
        let Step { before, last, next } = step;
        if self.0.binary_search_by_key(&(before, last, next), Way::step).is_ok() {
            return None;
        }
        self.leaves_new(step)
    }

    /// The same of a step that was never learned as a whole.
    #[cold]
    fn leaves_new(self, step: Step) -> Option<Step> {
        let Step { before, last, next } = step;
        // What is known of the step, and of the step before.
        let (mut goes, mut went) = (false, false);
        let (mut habits, mut habits_before) = (0, 0);
        for way in self.0 {
            if way.last == last {
                habits |= way.habits & AFTER;
                goes |= way.next == next;
            }
            if way.next == next {
                habits |= way.habits & BEFORE;
            }
            if (way.last, way.next) == (last, next) {
                habits |= way.habits & BEFORE_TWO;
            }
            if (way.before, way.last) == (before, last) {
                habits |= way.habits & AFTER_TWO;
            }
            if way.last == before {
                habits_before |= way.habits & AFTER;
                went |= way.next == last;
            }
            if way.next == last {
                habits_before |= way.habits & BEFORE;
            }
        }
        let all = |habits: u8, wanted: u8| habits & wanted == wanted;
        if !goes {
            return all(habits, AFTER | BEFORE).then_some(Step { before: UNKNOWN, ..step });
        }
        if before == UNKNOWN {
            return None;
        }
        let odd = if went {
            all(habits, AFTER_TWO | BEFORE_TWO)
        } else {
            // The way to it was odd, and nothing on it changed anything until now.
            all(habits_before, AFTER | BEFORE) && !class_of(last).is_some_and(changes)
        };
        odd.then_some(step)
    }

    /// What always stood in front of it, or of the two last operations, and how often in all.
    pub fn usually_before(self, step: Step) -> (Vec<Short>, u64) {
        self.gathered(|way| match step.before {
            UNKNOWN => (way.next == step.next).then_some(way.last),
            _ => ((way.last, way.next) == (step.last, step.next) && way.before != UNKNOWN).then_some(way.before),
        })
    }

    /// What always followed what it follows; nothing where that was never met.
    pub fn usually_after(self, step: Step) -> (Vec<Short>, u64) {
        self.gathered(|way| match step.before {
            UNKNOWN => (way.last == step.last).then_some(way.next),
            before => ((way.before, way.last) == (before, step.last)).then_some(way.next),
        })
    }

    fn gathered(self, which: impl Fn(&Way) -> Option<Short>) -> (Vec<Short>, u64) {
        let found = self.0.iter().filter_map(|way| Some((which(way)?, u64::from(way.count))));
        let mut by: Vec<(u32, u64)> = sums(found.map(|(operation, count)| (operation.into(), count)));
        by.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let count = by.iter().map(|(_, count)| *count).fold(0, u64::saturating_add);
        (by.into_iter().filter_map(|(operation, _)| Short::try_from(operation).ok()).collect(), count)
    }

    /// The number of an operation's name, where it was reached from another.
    pub fn name(self, operation: Short) -> Option<u32> {
        self.0.iter().find(|way| way.next == operation).map(|way| way.name)
    }
}

impl Order {
    pub fn step(&self) -> Step {
        let number = |place: Place| match place {
            Place::Unknown => UNKNOWN,
            Place::Start => START,
            Place::Operation { code, class } => short(code, class),
        };
        Step { before: number(self.before), last: number(self.last), next: number(self.next) }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::unwrap_used)] // test data
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::value::Class;

    const READ: (u32, Class) = (3, Class::Read);
    const BITS: (u32, Class) = (1, Class::Read);
    const WRITE: (u32, Class) = (6, Class::Write);
    const LOGIN: (u32, Class) = (7, Class::Session);
    const LOAD: (u32, Class) = (8, Class::Program);
    const STOP: (u32, Class) = (9, Class::Control);

    /// Steps of connections, each a list of operations from its beginning; all of them on many occasions.
    fn learned(connections: &[Vec<(u32, Class)>]) -> Vec<Way> {
        let mut counts = BTreeMap::<(Place, Place, Place), u64>::new();
        for operations in connections {
            let (mut before, mut last) = (Place::Unknown, Place::Start);
            for (code, class) in operations.iter().copied() {
                let next = Place::Operation { code, class };
                if next != last {
                    *counts.entry((before, last, next)).or_default() += 1;
                    (before, last) = (last, next);
                }
            }
        }
        let rows: Vec<Order> = counts
            .into_iter()
            .map(|((before, last, next), count)| {
                let occasions = count.min(64).try_into().unwrap();
                Order { before, last, next, count, occasions, late: false }
            })
            .collect();
        compiled(&rows, |place| u32::from(place == Place::Operation { code: 8, class: Class::Program }))
    }

    fn leaves(known: &[Way], step: Step) -> Option<Step> {
        Orders(known).leaves(step)
    }

    fn step(before: Short, last: Short, next: (u32, Class)) -> Step {
        Step { before, last, next: short(next.0, next.1) }
    }

    fn of(operation: (u32, Class)) -> Short {
        short(operation.0, operation.1)
    }

    #[test]
    fn a_load_without_the_login_before_it_is_told() {
        let session = vec![LOGIN, BITS, READ, LOAD, STOP];
        let known = learned(&vec![session; 12]);
        for expected in [step(UNKNOWN, START, LOGIN), step(of(BITS), of(READ), LOAD), step(of(READ), of(LOAD), STOP)] {
            assert_eq!(leaves(&known, expected), None);
        }
        let at_once = step(UNKNOWN, START, LOAD);
        assert_eq!(leaves(&known, at_once), Some(at_once));
        let without = step(of(LOGIN), of(BITS), STOP);
        assert_eq!(leaves(&known, without), Some(Step { before: UNKNOWN, ..without }));
        // The read before it is usual, the way to that read is not.
        let around = step(START, of(READ), LOAD);
        assert_eq!(leaves(&known, around), Some(around));
        let orders = Orders(&known);
        assert_eq!(orders.usually_before(at_once), (vec![of(READ)], 12));
        assert_eq!(orders.usually_after(at_once), (vec![of(LOGIN)], 12));
        assert_eq!(orders.usually_before(around), (vec![of(BITS)], 12));
        assert_eq!([of(LOAD), of(READ), START].map(|operation| orders.name(operation)), [Some(1), Some(0), None]);
    }

    #[test]
    fn what_comes_two_steps_later_is_a_habit_too() {
        // Both reads stand before a load, but this one only when the login came before it.
        let mut connections = vec![vec![LOGIN, READ, LOAD]; 14];
        connections.extend(vec![vec![BITS, READ, BITS, READ, BITS, READ, BITS]; 40]);
        let known = learned(&connections);
        let without = step(of(BITS), of(READ), LOAD);
        assert_eq!(leaves(&known, without), Some(without));
        assert_eq!(leaves(&known, step(of(LOGIN), of(READ), LOAD)), None);
    }

    #[test]
    fn what_comes_at_any_time_has_no_order() {
        // Nine in ten times one kind of read comes before; a write was seen behind that one only.
        let mut polls = Vec::new();
        for number in 0..400 {
            polls.push(if number % 10 == 9 { BITS } else { READ });
            polls.push(if number % 10 == 8 { BITS } else { READ });
            if [100, 200, 300].contains(&number) {
                polls.push(WRITE);
            }
        }
        let known = learned(&[polls]);
        assert_eq!(leaves(&known, step(of(READ), of(BITS), WRITE)), None);
        // A connection that was opened once is no habit either.
        assert_eq!(leaves(&known, step(UNKNOWN, START, WRITE)), None);
        // What is not known at all is not a matter of order.
        assert_eq!(leaves(&known, step(of(READ), of(LOAD), WRITE)), None);
        assert_eq!(leaves(&known, step(of(READ), of(BITS), STOP)), None);
    }

    #[test]
    fn what_is_still_new_is_no_habit() {
        let row =
            |last, next, occasions, late| Order { before: Place::Unknown, last, next, count: 40, occasions, late };
        let operation = |(code, class)| Place::Operation { code, class };
        let rows = |occasions, late| {
            [
                row(Place::Start, operation(LOGIN), 30, false),
                row(operation(LOGIN), operation(LOAD), occasions, late),
                row(operation(LOAD), operation(READ), 30, false),
            ]
        };
        let odd = step(UNKNOWN, START, LOAD);
        let says = |occasions, late| leaves(&compiled(&rows(occasions, late), |_| 0), odd);
        assert_eq!(says(30, false), Some(odd));
        assert_eq!([says(1, false), says(30, true)], [None, None]);
        // Forty times, but in a few minutes: two timers that began together.
        assert_eq!(says(3, false), None);
    }

    #[test]
    fn who_only_reads_has_no_orders() {
        let rows = [Order {
            before: Place::Unknown,
            last: Place::Start,
            next: Place::Operation { code: 3, class: Class::Read },
            count: 9,
            occasions: 9,
            late: false,
        }];
        assert!(compiled(&rows, |_| 0).is_empty());
    }
}
