//! One conversation's running window: what is counted per message. Integers only, and nothing is allocated while a
//! conversation uses few operations and objects.

use std::slice;

use prefetch_index::prefetch_index;

use crate::event::Event;
use crate::limits::TIME_JUMP_NS;
use crate::value::{Object, Outcome, Role};

use super::latencies::Latencies;
use super::objects::{fingerprint, FewObjects, MoreObjects};
use super::operations::{self, FewOperations, MoreOperations};

/// A window's parts, for the peak of its rate.
pub const EIGHTHS: usize = 8;

/// In this order an answer touches the front and a request the rest: two or three cache lines each.
#[derive(Debug, Default)]
#[repr(C, align(32))]
pub(super) struct Window {
    pub latencies: Latencies,
    /// Never zero; another one each time the place is given to another conversation.
    pub generation: u32,
    /// Requests of this window that want an answer and have none yet.
    pub awaiting: u32,
    pub bytes: u64,
    /// Messages in each eighth; what does not fit is carried to `More`.
    eighths: [u16; EIGHTHS],
    pub responses: u32,
    pub failures: u32,
    /// As `awaiting`, of the window before.
    pub carried: u32,
    /// Between requests, and their sums.
    pub intervals: u32,
    pub interval_sum_us: u64,
    pub interval_squares: u64,
    /// Time of the last request, in this window or before; zero when there was none.
    last_request_ns: u64,
    pub more: Option<Box<More>>,
    objects: FewObjects,
    pub operations: FewOperations,
}

/// A million conversations are a budget of memory.
const _: () = assert!(size_of::<Window>() <= 160);

/// What most conversations never need.
#[derive(Debug, Default)]
pub(super) struct More {
    pub operations: MoreOperations,
    objects: MoreObjects,
    /// Times that each eighth's count went round.
    rounds: [u32; EIGHTHS],
    pub retransmissions: u32,
    pub gap_bytes: u64,
    used: bool,
}

impl Window {
    /// `generation` tells the holders of marks whether the place is still theirs; it is not zero.
    pub fn new(generation: u32) -> Self {
        Self { generation, ..Self::default() }
    }

    /// Ask for its memory, from both ends and the middle.
    #[inline]
    pub fn prefetch(&self) {
        prefetch_index(slice::from_ref(&self.latencies), 0);
        prefetch_index(slice::from_ref(&self.interval_squares), 0);
        prefetch_index(slice::from_ref(&self.operations), 0);
    }

    /// Count one message. `eighth`: of the window, 0 to 7; `start_ns`: where the window began.
    #[inline]
    pub fn count(&mut self, event: &Event<'_>, eighth: usize, start_ns: u64) {
        if let Some(messages) = self.eighths.get_mut(eighth) {
            *messages = messages.wrapping_add(1);
            if *messages == 0 {
                self.round(eighth);
            }
        }
        self.bytes = self.bytes.wrapping_add(event.bytes.len() as u64);
        match event.record.role {
            Role::Response => self.response(event, start_ns),
            Role::Other => {}
            Role::Request | Role::Unsolicited => self.request(event),
        }
    }

    // Counts of one window: no capture makes them go round. What is rare is called last, so that the rest of it needs no
    // room for what would come after.
    #[inline]
    fn request(&mut self, event: &Event<'_>) {
        let record = event.record;
        // Who asks to be told when there is something to tell does not wait for an answer.
        let awaits = record.role == Role::Request && record.reference.is_some() && !record.long_poll;
        self.awaiting = self.awaiting.wrapping_add(awaits.into());
        let before = std::mem::replace(&mut self.last_request_ns, event.ts_ns);
        let interval_ns = event.ts_ns.wrapping_sub(before);
        // A clock that was set in between, either way, measures nothing.
        if before != 0 && interval_ns <= TIME_JUMP_NS {
            let interval_us = interval_ns / 1000;
            self.intervals = self.intervals.wrapping_add(1);
            self.interval_sum_us = self.interval_sum_us.wrapping_add(interval_us);
            // The square of the longest, an hour, still fits.
            self.interval_squares = self.interval_squares.saturating_add(interval_us.wrapping_mul(interval_us));
        }
        let code = operations::code(record.operation, record.class);
        match record.objects() {
            [object] if self.operations.count_known(code) => {
                let object = fingerprint(object);
                if !self.objects.knows(object) {
                    self.object(object);
                }
            }
            [] if self.operations.count_known(code) => {}
            objects => self.several(code, objects),
        }
    }

    #[inline]
    fn response(&mut self, event: &Event<'_>, start_ns: u64) {
        self.responses = self.responses.wrapping_add(1);
        self.failures = self.failures.wrapping_add((event.record.outcome == Outcome::Failure).into());
        let (Some(asked), false) = (&event.asked, event.record.long_poll) else { return };
        let owed = if asked.ts_ns >= start_ns { &mut self.awaiting } else { &mut self.carried };
        *owed = owed.saturating_sub(1);
        if let Some(latency_ns) = event.latency_ns() {
            self.latencies.add(latency_ns);
        }
    }

    /// An operation, maybe one that came for the first time, and its objects.
    #[inline(never)]
    fn several(&mut self, code: u32, objects: &[Object]) {
        if !self.operations.count(code) {
            self.more().operations.count(code);
        }
        objects.iter().map(fingerprint).for_each(|object| self.object(object));
    }

    #[inline(never)]
    fn object(&mut self, fingerprint: u32) {
        if !self.objects.add(fingerprint) {
            self.more().objects.add(fingerprint);
        }
    }

    #[inline]
    pub fn more(&mut self) -> &mut More {
        let more = self.more.get_or_insert_default();
        more.used = true;
        more
    }

    #[cold]
    fn round(&mut self, eighth: usize) {
        if let Some(rounds) = self.more().rounds.get_mut(eighth) {
            *rounds = rounds.saturating_add(1);
        }
    }

    /// Nothing was said in this window.
    pub fn silent(&self) -> bool {
        self.eighths == [0; EIGHTHS] && self.more.as_ref().is_none_or(|more| more.rounds == [0; EIGHTHS])
    }

    /// Messages in each eighth of the window.
    pub fn eighths(&self) -> [u64; EIGHTHS] {
        let mut eighths = self.eighths.map(u64::from);
        if let Some(more) = &self.more {
            eighths.iter_mut().zip(more.rounds).for_each(|(messages, rounds)| {
                *messages = messages.saturating_add(u64::from(rounds) << 16);
            });
        }
        eighths
    }

    pub fn objects(&self) -> u64 {
        self.objects.len().saturating_add(self.more.as_ref().map_or(0, |more| more.objects.len()))
    }

    pub fn more_operations(&self) -> Option<&MoreOperations> {
        self.more.as_ref().map(|more| &more.operations)
    }

    /// Ready for the next window of the same conversation. The last request's time and open requests stay, and so do
    /// allocations that were of use.
    pub fn clear(&mut self) {
        let Self { generation, awaiting, last_request_ns, .. } = *self;
        let (mut latencies, mut more) = (std::mem::take(&mut self.latencies), self.more.take());
        latencies.clear();
        more = more.filter(|more| more.used);
        if let Some(more) = &mut more {
            let mut operations = std::mem::take(&mut more.operations);
            operations.clear();
            **more = More { operations, ..More::default() };
        }
        *self = Self { generation, carried: awaiting, last_request_ns, latencies, more, ..Self::default() };
    }

    /// Bytes taken beside the window itself.
    pub fn spilled(&self) -> usize {
        let more = self.more.as_ref().map_or(0, |more| size_of::<More>().saturating_add(more.operations.spilled()));
        more.saturating_add(self.latencies.spilled())
    }
}
