//! When which poll is to be looked at: a ring of slots over engine time. Putting in and taking out cost the same however
//! many polls are watched.

/// Engine nanoseconds of one slot, a power of two: an eighth of a second.
const SLOT_NS: u64 = 1 << 27;
/// Slots: a minute together. What is due later is looked at after a minute, and put in again.
const SLOTS: usize = 512;

/// Where in the ring a slot of engine time is.
#[allow(clippy::cast_possible_truncation)] // below the ring's length
fn place(slot: u64) -> usize {
    slot.checked_rem(SLOTS as u64).unwrap_or(0) as usize
}

#[derive(Debug, Default)]
struct Slot {
    /// Earliest time of an entry; not of interest while there is none.
    due_ns: u64,
    numbers: Vec<u32>,
}

/// Emptied lists that are kept for slots to come: as many as slots that polls of a second or two fill at a time.
const SPARE: usize = 16;

#[derive(Debug)]
pub struct Wheel {
    slots: Vec<Slot>,
    spare: Vec<Vec<u32>>,
    entries: usize,
    /// The earliest time of all, when there are entries; and the slot up to which all were taken out.
    due_ns: u64,
    taken: u64,
}

impl Default for Wheel {
    fn default() -> Self {
        Self { slots: Vec::new(), spare: Vec::new(), entries: 0, due_ns: u64::MAX, taken: 0 }
    }
}

impl Wheel {
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Not later than the earliest entry.
    pub fn next_due_ns(&self) -> Option<u64> {
        (self.entries > 0).then_some(self.due_ns)
    }

    /// Look at `number` when engine time has come to `due_ns`, or before that when it is far away. `now_ns` is the
    /// engine time of now, which never goes back.
    pub fn put(&mut self, number: u32, due_ns: u64, now_ns: u64) {
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, Slot::default);
        }
        if self.entries == 0 {
            self.taken = now_ns / SLOT_NS;
        }
        let last = self.taken.saturating_add(SLOTS as u64).saturating_sub(1);
        let due_ns = due_ns.min(last.saturating_mul(SLOT_NS));
        // What is overdue goes where it is found next.
        let wanted = (due_ns / SLOT_NS).max(self.taken);
        let Some(slot) = self.slots.get_mut(place(wanted)) else { return };
        slot.due_ns = if slot.numbers.is_empty() { due_ns } else { slot.due_ns.min(due_ns) };
        if slot.numbers.capacity() == 0 {
            slot.numbers = self.spare.pop().unwrap_or_default();
        }
        slot.numbers.push(number);
        self.due_ns = if self.entries == 0 { due_ns } else { self.due_ns.min(due_ns) };
        self.entries = self.entries.saturating_add(1);
    }

    /// The numbers of the earliest slot, when something in it is due by `now_ns`. All of that slot, due or not: put back
    /// what is not. `None` when nothing is due.
    pub fn take(&mut self, now_ns: u64) -> Option<Vec<u32>> {
        if self.entries == 0 {
            return None;
        }
        // Every slot before the earliest entry is empty.
        self.taken = self.taken.max(self.due_ns.min(now_ns) / SLOT_NS);
        if self.due_ns > now_ns {
            return None;
        }
        let slot = self.slots.get_mut(place(self.taken))?;
        let numbers = std::mem::take(&mut slot.numbers);
        self.entries = self.entries.saturating_sub(numbers.len());
        self.look_ahead();
        Some(numbers)
    }

    /// The list that `take` gave is not needed any more.
    pub fn give_back(&mut self, mut numbers: Vec<u32>) {
        if self.spare.len() < SPARE {
            numbers.clear();
            self.spare.push(numbers);
        }
    }

    /// Find the earliest entry again.
    fn look_ahead(&mut self) {
        let (before, from) = self.slots.split_at_checked(place(self.taken)).unwrap_or_default();
        let mut ahead = from.iter().chain(before);
        self.due_ns = ahead.find(|slot| !slot.numbers.is_empty()).map_or(u64::MAX, |slot| slot.due_ns);
    }

    pub fn heap_bytes(&self) -> usize {
        let lists = self.slots.iter().map(|slot| &slot.numbers).chain(&self.spare);
        let inside = lists.map(|numbers| numbers.capacity().saturating_mul(size_of::<u32>()));
        inside.fold(self.slots.capacity().saturating_mul(size_of::<Slot>()), usize::saturating_add)
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // test data
mod tests {
    use super::super::super::space::mix;
    use super::*;

    /// Against the plain thing: a list that is looked through.
    #[test]
    fn everything_comes_when_it_is_due_and_not_before() {
        let (mut wheel, mut plain) = (Wheel::default(), Vec::<(u64, u32)>::new());
        let mut now_ns = 1_760_000_000_000_000_000;
        for round in 0..3000u64 {
            for number in 0..mix(1, round) % 5 {
                let (ahead, number) = (mix(2, round * 5 + number) % 200_000_000_000, (round * 5 + number) as u32);
                wheel.put(number, now_ns + ahead, now_ns);
                plain.push((now_ns + ahead, number));
            }
            now_ns += mix(3, round) % 1_000_000_000;
            assert!(plain.iter().all(|(due_ns, _)| wheel.next_due_ns().unwrap() <= *due_ns));
            let mut come = Vec::new();
            while let Some(numbers) = wheel.take(now_ns) {
                for number in &numbers {
                    let due_ns = plain.iter().find(|known| known.1 == *number).unwrap().0;
                    if due_ns <= now_ns {
                        come.push(*number);
                    } else {
                        wheel.put(*number, due_ns, now_ns);
                    }
                }
                wheel.give_back(numbers);
            }
            come.sort_unstable();
            let due: Vec<u32> = plain.iter().filter(|known| known.0 <= now_ns).map(|known| known.1).collect();
            assert_eq!(come, due, "round {round}");
            plain.retain(|known| known.0 > now_ns);
            assert_eq!(wheel.is_empty(), plain.is_empty());
        }
    }

    #[test]
    fn a_day_without_a_look_is_no_row_of_looks() {
        let mut wheel = Wheel::default();
        wheel.put(7, 5_000_000_000, 1_000_000_000);
        assert_eq!(wheel.next_due_ns(), Some(5_000_000_000));
        assert_eq!(wheel.take(4_999_999_999), None);
        assert_eq!(wheel.take(u64::MAX), Some(vec![7]));
        assert_eq!((wheel.take(u64::MAX), wheel.next_due_ns()), (None, None));
    }
}
