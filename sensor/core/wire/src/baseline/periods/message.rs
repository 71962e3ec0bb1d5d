//! The hot path: check and rhythm of one message at once, with what its conversation remembers of the turn in which its
//! master asks.

use prefetch_index::prefetch_index;

use super::super::again::has_hints;
use super::super::assess::{answered, asks, learned, new_link};
use super::super::mark::Mark;
use super::super::watched::{only_stretch, place, RequestKey};
use super::{Periods, PAGE};
use crate::event::{Event, LinkFacts};
use crate::finding::{Deviation, TimedFinding};
use crate::value::Role;

impl Periods {
    /// One message: what [`crate::baseline::Baseline::assess_poll`] and [`Periods::observe_polled`] say of it together, with what its
    /// conversation remembers. Facts are left in the event.
    #[inline]
    pub fn message(
        &mut self,
        mark: &mut Mark,
        event: &mut Event<'_>,
        now_ns: u64,
        new: &mut Vec<Deviation>,
        timed: &mut Vec<TimedFinding>,
    ) {
        let Some(link) = mark.link() else {
            event.link = Some(LinkFacts::default());
            if asks(event.record.role) {
                new_link(mark.strangers(), event, new);
            }
            return;
        };
        self.heard(link, now_ns);
        event.link = answered(event);
        if event.link.is_some() {
            return;
        }
        let expected = mark.expected().and_then(|number| self.expected(number, mark, event, now_ns, timed));
        event.link = Some(match expected {
            Some(writes) => learned(writes),
            None => self.any(link, mark, event, now_ns, new, timed),
        });
    }

    /// Ask for the memory that a message of that conversation will need.
    #[inline]
    pub fn prefetch(&self, mark: &Mark) {
        let Some(link) = mark.link() else { return };
        prefetch_index(&self.links_ns, (link as usize).wrapping_sub(self.links.start));
        if let Some(number) = mark.expected() {
            self.prefetch_poll(number);
        }
    }

    #[inline]
    pub(super) fn prefetch_poll(&self, number: u32) {
        let place = self.place(number);
        prefetch_index(&self.known.polls, number as usize);
        if let Some(Some(page)) = self.pages.get(place / PAGE) {
            prefetch_index(page.as_slice(), place % PAGE);
        }
    }

    /// What nearly all requests of a plant are: the poll that comes next, when it should, and nothing new about it.
    /// Whether the link's client writes; `None` for any other message, and nothing was done.
    #[inline(never)]
    fn expected(
        &mut self,
        number: u32,
        mark: &mut Mark,
        event: &Event<'_>,
        now_ns: u64,
        timed: &mut Vec<TimedFinding>,
    ) -> Option<bool> {
        let (record, link) = (event.record, mark.link()?);
        if record.role != Role::Request {
            return None;
        }
        let Some(object) = only_stretch(record.objects()) else {
            return self.expected_many(number, mark, event, now_ns, timed);
        };
        let poll = self.known.polls.get(number as usize)?;
        if poll.key.what != (object.start, object.end) || !poll.learned {
            return None;
        }
        let space = self.seen.number(&self.known.spaces, object.space)?;
        let place = place(record.class, space, object.index);
        if !poll.key.is(&RequestKey::exact(link, record.operation, place, poll.key.what)) {
            return None;
        }
        let state = Self::seen_state(&mut self.pages, &self.polls, number)?;
        if !state.calmly(event.ts_ns, now_ns, poll.low_us, poll.high_us) {
            return None;
        }
        mark.polled(number, state.next_after(number));
        Some(poll.writes)
    }

    /// The same of a poll that is told by its identity.
    #[inline(never)]
    fn expected_many(
        &mut self,
        number: u32,
        mark: &mut Mark,
        event: &Event<'_>,
        now_ns: u64,
        timed: &mut Vec<TimedFinding>,
    ) -> Option<bool> {
        let place = self.place(number);
        let (known, seen) = (&self.known, &mut self.seen);
        let hints = self.hints.of(place);
        let writes = known.again(mark.link()?, number, hints, event, |space| seen.number(&known.spaces, space))?;
        self.polled(number, mark, event, now_ns, timed);
        Some(writes)
    }

    /// A poll was looked up that has hints, or is to have some. Those that were of no use are made anew.
    #[inline(never)]
    fn keep_hints(&mut self, link: u32, number: u32, mark: &Mark, event: &Event<'_>) {
        let place = self.place(number);
        let (known, seen) = (&self.known, &mut self.seen);
        if mark.expected() == Some(number) || self.hints.of(place).is_empty() {
            let hints = known.hints(link, event.record, |space| seen.number(&known.spaces, space));
            self.hints.keep(place, self.polls.len(), hints);
        }
    }

    /// Any message of a learned link, looked up.
    #[inline(never)]
    fn any(
        &mut self,
        link: u32,
        mark: &mut Mark,
        event: &Event<'_>,
        now_ns: u64,
        new: &mut Vec<Deviation>,
        timed: &mut Vec<TimedFinding>,
    ) -> LinkFacts {
        let (known, seen) = (&self.known, &mut self.seen);
        let mut numbered = |space| seen.number(&known.spaces, space);
        let (facts, polled) = known.assess(link, &mut numbered, event, new);
        if let Some(number) = polled {
            if facts.learned_operation && facts.learned_object && has_hints(event.record) {
                self.keep_hints(link, number, mark, event);
            }
            self.polled(number, mark, event, now_ns, timed);
        }
        facts
    }

    /// A poll, whatever was expected; and which one to expect next.
    fn polled(&mut self, number: u32, mark: &mut Mark, event: &Event<'_>, now_ns: u64, timed: &mut Vec<TimedFinding>) {
        self.request(number, event.ts_ns, now_ns, timed);
        if mark.expected() != Some(number) {
            let before = mark
                .before()
                .and_then(|before| Some((before, Self::seen_state(&mut self.pages, &self.polls, before)?)));
            if let Some((before, state)) = before {
                state.follow(before, number);
            }
        }
        let state = Self::seen_state(&mut self.pages, &self.polls, number);
        mark.polled(number, state.map_or(number, |state| state.next_after(number)));
    }
}
