//! Polls that are told by their identity, known again when their turn comes: each object of theirs is looked at where it
//! was found the last time, and not searched for.
//!
//! Where that was is no more than a hint. Whether the object is the learned one is compared there, name against name.

use super::assess::same_space;
use super::knowledge::Knowledge;
use super::poll::identity;
use super::stretches;
use super::touched::{Name, Touched};
use super::watched::{place, RequestKey};
use crate::event::Event;
use crate::value::{Object, Record};

/// A poll that touches more is searched for each time: what is kept for all polls stays small beside the baseline.
const MOST_OBJECTS: usize = 256;

/// Where an object of a poll was found: a row of `Knowledge::touched`, and a name among those of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    touched: u32,
    name: u32,
}

/// Hints of the polls of one shard. No room is taken before the first poll that needs some.
#[derive(Debug, Default)]
pub struct Hints(Vec<Option<Box<[Hint]>>>);

impl Hints {
    /// Of one poll, by its place among those of the shard.
    #[inline]
    pub fn of(&self, place: usize) -> &[Hint] {
        self.0.get(place).and_then(Option::as_deref).unwrap_or_default()
    }

    /// `polls`: how many the shard has.
    pub fn keep(&mut self, place: usize, polls: usize, hints: Option<Box<[Hint]>>) {
        if self.0.is_empty() && hints.is_some() {
            self.0.resize_with(polls, || None);
        }
        if let Some(own) = self.0.get_mut(place) {
            *own = hints;
        }
    }

    pub fn heap_bytes(&self) -> usize {
        let rooms = self.0.capacity().saturating_mul(size_of::<Option<Box<[Hint]>>>());
        self.0.iter().flatten().map(|hints| size_of_val(&**hints)).fold(rooms, usize::saturating_add)
    }
}

/// Whether requests that touch this are looked for by hints: not where one look-up says all.
#[inline]
pub fn has_hints(record: &Record) -> bool {
    !matches!(record.objects(), [] | [Object { text: None, .. }])
}

impl Knowledge {
    /// Whether the link's client writes, where the request is the poll of that number, told by its identity, and touches
    /// nothing new; `None` says nothing.
    #[inline]
    pub fn again(
        &self,
        link: u32,
        number: u32,
        hints: &[Hint],
        event: &Event<'_>,
        numbered: impl FnMut(&'static str) -> Option<u16>,
    ) -> Option<bool> {
        let record = event.record;
        let poll = self.polls.get(number as usize)?;
        if !poll.learned || poll.key.operation() != record.operation || !has_hints(record) {
            return None;
        }
        let wanted = RequestKey::by_identity(link, record.operation, record.class, identity(record.objects()));
        (poll.key.is(&wanted) && self.finds(record, hints, numbered)).then_some(poll.writes)
    }

    /// Whether all objects were learned and are where the hints say.
    #[inline]
    fn finds(&self, record: &Record, hints: &[Hint], mut numbered: impl FnMut(&'static str) -> Option<u16>) -> bool {
        let (objects, text) = (record.objects(), self.text.as_bytes());
        if objects.len() != hints.len() {
            return false;
        }
        // Objects of one message lie in the same address space more often than not.
        let mut before: Option<(&Object, u32, &Touched, &[Name])> = None;
        for (object, hint) in objects.iter().zip(hints) {
            let (touched, names) = match before {
                Some((known, row, touched, names)) if row == hint.touched && same_space(known, object) => {
                    (touched, names)
                }
                _ => {
                    let place = numbered(object.space).map(|space| place(record.class, space, object.index));
                    let touched =
                        self.touched.get(hint.touched as usize).filter(|touched| place == Some(touched.place));
                    let Some(touched) = touched else { return false };
                    (touched, self.names(touched))
                }
            };
            before = Some((object, hint.touched, touched, names));
            let found = match object.text {
                None => stretches::contains(self.stretches(touched), object.start, object.end),
                Some(span) => {
                    let Some(known) = names.get(hint.name as usize) else { return false };
                    let Some(name) = known.of(text) else { return false };
                    known.hash == object.start && name == record.blob(span)
                }
            };
            if !found {
                return false;
            }
        }
        true
    }

    /// Where the objects of a request are, all of them learned.
    pub fn hints(
        &self,
        link: u32,
        record: &Record,
        mut numbered: impl FnMut(&'static str) -> Option<u16>,
    ) -> Option<Box<[Hint]>> {
        let (row, next) = self.row(link)?;
        let rows = self.touched.get(row.touched as usize..next.touched as usize)?;
        let hint = |object: &Object| {
            let wanted = place(record.class, numbered(object.space)?, object.index);
            let row_at = rows.iter().position(|touched| touched.place == wanted)?;
            let touched = u32::try_from(row_at).ok()?.checked_add(row.touched)?;
            let name = match object.text {
                Some(text) => self.name_at(rows.get(row_at)?, object.start, Some(record.blob(text)))?,
                None => 0,
            };
            Some(Hint { touched, name: u32::try_from(name).ok()? })
        };
        let objects = record.objects();
        (objects.len() <= MOST_OBJECTS).then(|| objects.iter().map(hint).collect())?
    }
}
