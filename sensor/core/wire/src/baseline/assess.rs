//! One message against what was learned: what rules may ask about it, which poll it is, and what is new in it. All at
//! once, for the hot path; `check.rs` has the same by single questions.

use super::check::{NEW_ASSET, NEW_LINK, NEW_OBJECT, NEW_OPERATION};
use super::knowledge::Knowledge;
use super::mark::Mark;
use super::touched::Touched;
use super::watched::{only_stretch, place, RequestKey};
use super::{space, stretches};
use crate::event::{Asked, Event, LinkFacts};
use crate::finding::Deviation;
use crate::value::{Class, Object, Record, Role};

/// Who asks for something, or tells it unasked: what can be new.
#[inline]
pub fn asks(role: Role) -> bool {
    matches!(role, Role::Request | Role::Unsolicited)
}

pub fn new_link(strangers: bool, event: &Event<'_>, out: &mut Vec<Deviation>) {
    if strangers {
        out.push(Deviation { cause: NEW_ASSET, key: 0 });
    }
    // By class: the first write of a new link is an alert of its own beside its first read.
    out.push(Deviation { cause: NEW_LINK, key: space::mix(event.record.class as u64, event.family as u64) });
}

/// A message of a protocol of which it only counts who speaks to whom.
pub fn acquainted(mark: Mark, event: &Event<'_>, out: &mut Vec<Deviation>) -> LinkFacts {
    let known = mark.link().is_some();
    if !known && asks(event.record.role) {
        new_link(mark.strangers(), event, out);
    }
    LinkFacts { known, learned_writes: known, learned_operation: known, learned_object: known }
}

pub fn new_operation(record: &Record) -> Deviation {
    Deviation { cause: NEW_OPERATION, key: u64::from(record.operation) << 8 | record.class as u64 }
}

pub fn new_object(class: Class, object: &Object) -> Deviation {
    let place = space::mix(space::code(object.space), u64::from(object.index));
    Deviation { cause: NEW_OBJECT, key: space::mix(place, class as u64) }
}

/// What the request of an answer was: its answer is judged by the same.
#[inline]
pub fn answered(event: &Event<'_>) -> Option<LinkFacts> {
    match (event.record.role, &event.asked) {
        (Role::Response, Some(asked)) => asked.facts,
        _ => None,
    }
}

impl Knowledge {
    /// A message of a learned link. `numbered` says which number a space has here.
    #[inline]
    pub fn assess(
        &self,
        link: u32,
        mut numbered: impl FnMut(&'static str) -> Option<u16>,
        event: &Event<'_>,
        out: &mut Vec<Deviation>,
    ) -> (LinkFacts, Option<u32>) {
        if let Some(facts) = answered(event) {
            return (facts, None);
        }
        let record = event.record;
        let stretch = if record.role == Role::Request { only_stretch(record.objects()) } else { None };
        match stretch.and_then(|object| Some((object, numbered(object.space)?))) {
            Some((object, space)) => {
                let place = place(record.class, space, object.index);
                let key = RequestKey::exact(link, record.operation, place, (object.start, object.end));
                self.assess_stretch(&key, event, out)
            }
            None => self.assess_any(link, &mut numbered, event, out),
        }
    }

    /// A request that touches one stretch.
    #[inline]
    fn assess_stretch(
        &self,
        key: &RequestKey,
        event: &Event<'_>,
        out: &mut Vec<Deviation>,
    ) -> (LinkFacts, Option<u32>) {
        let link = key.link();
        let Some((row, next)) = self.row(link) else { return (LinkFacts::default(), None) };
        let touched = self.touched(row, next, key.touched());
        let mut polled = None;
        if row.loose || touched.is_some_and(|touched| touched.maybe_polled(key)) {
            polled = self.poll(key);
            if polled.is_some_and(|number| self.polls.get(number as usize).is_some_and(|poll| poll.learned)) {
                return (learned(row.writes), polled);
            }
        }
        if polled.is_none() && row.compound {
            polled = self.by_identity(link, event);
        }
        let (record, (start, end)) = (event.record, key.what);
        let inside = |touched: &Touched| stretches::contains(self.stretches(touched), start, end);
        if touched.is_some_and(|touched| touched.surely_operates(record.operation) && inside(touched)) {
            return (learned(row.writes), polled);
        }
        let learned_operation = self.operates(link, record.operation, record.class);
        let learned_object = touched.is_some_and(inside);
        if !learned_operation {
            out.push(new_operation(record));
        } else if !learned_object {
            out.extend(record.objects().first().map(|object| new_object(record.class, object)));
        }
        (LinkFacts { known: true, learned_writes: row.writes, learned_operation, learned_object }, polled)
    }

    /// Any other message of a learned link.
    fn assess_any(
        &self,
        link: u32,
        numbered: &mut impl FnMut(&'static str) -> Option<u16>,
        event: &Event<'_>,
        out: &mut Vec<Deviation>,
    ) -> (LinkFacts, Option<u32>) {
        let record = event.record;
        let (operation, class, strange) = match (record.role, event.asked) {
            // Asked before this baseline was there: what was touched is not remembered.
            (Role::Response, Some(Asked { operation, class, .. })) => (*operation, *class, None),
            _ => (record.operation, record.class, self.strange(link, record, numbered)),
        };
        let facts = LinkFacts {
            known: true,
            learned_writes: self.writes(link),
            learned_operation: self.operates(link, operation, class),
            learned_object: strange.is_none(),
        };
        if asks(record.role) {
            match strange {
                _ if !facts.learned_operation => out.push(new_operation(record)),
                Some(object) => out.push(new_object(record.class, object)),
                None => {}
            }
        }
        let compound = record.role == Role::Request && self.row(link).is_some_and(|(row, _)| row.compound);
        (facts, if compound { self.by_identity(link, event) } else { None })
    }

    /// The first object of a message that was not learned for its class of operation.
    pub fn strange<'r>(
        &self,
        link: u32,
        record: &'r Record,
        numbered: &mut impl FnMut(&'static str) -> Option<u16>,
    ) -> Option<&'r Object> {
        // Objects of one message lie in the same address space more often than not.
        let mut before: Option<(&Object, Option<&Touched>)> = None;
        record.objects().iter().find(|object| {
            let touched = match before {
                Some((known, touched)) if same_space(known, object) => touched,
                _ => numbered(object.space)
                    .and_then(|space| self.touched_of(link, place(record.class, space, object.index))),
            };
            before = Some((object, touched));
            let name = object.text.map(|span| record.blob(span));
            !touched.is_some_and(|touched| self.holds(touched, object, name))
        })
    }

    /// `name`: the bytes of the object's text, if it has one.
    pub fn holds(&self, touched: &Touched, object: &Object, name: Option<&[u8]>) -> bool {
        if object.text.is_none() {
            return stretches::contains(self.stretches(touched), object.start, object.end);
        }
        self.name_at(touched, object.start, name).is_some()
    }

    /// Which of the names learned there it is. `name`: its bytes, if they are known beside their hash.
    pub fn name_at(&self, touched: &Touched, hash: u64, name: Option<&[u8]>) -> Option<usize> {
        let names = self.names(touched);
        let first = names.partition_point(|known| known.hash < hash);
        let same = (first..).zip(names.iter().skip(first)).take_while(|(_, known)| known.hash == hash);
        let mut called = same.filter(|(_, known)| name.is_none_or(|name| known.of(self.text.as_bytes()) == Some(name)));
        called.next().map(|(at, _)| at)
    }
}

/// Whether two objects surely lie in the same address space; `false` is no answer.
#[inline]
pub fn same_space(one: &Object, other: &Object) -> bool {
    std::ptr::eq(one.space, other.space) && one.index == other.index
}

#[inline]
pub fn learned(learned_writes: bool) -> LinkFacts {
    LinkFacts { known: true, learned_writes, learned_operation: true, learned_object: true }
}
