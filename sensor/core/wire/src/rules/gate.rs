//! The quick no in front of blocks: one field whose value nearly always tells that none of their conditions can hold.
//!
//! Of each condition one field is chosen to lead to it, the one that costs least and lets fewest messages through.
//! Conditions of the same field share a gate, so that a message pays for the fields that rules ask for and not for the
//! rules, and what it reads of them is one cache line a gate.

use super::block::Block;
use super::column::{source, Source};
use super::glance::Glance;
use super::grams::Grams;
use super::groups::of_stations;
use super::hull::Hull;
use super::keys::{number, Key};
use super::sieve::Sieve;
use super::terms::Term;
use crate::event::{base, Event, FieldId};
use crate::value::{Kind, Outcome, Span, Value};

/// What opening a gate costs, in the unit of [`effort`]: about an instruction.
const OPENED: f64 = 150.0;

#[derive(Debug)]
#[repr(align(64))] // one cache line
pub struct Gate {
    hull: Hull,
    behind: Box<Behind>,
    look: Look,
    /// A missing field opens.
    absent: bool,
    /// Values of these types open.
    texts: bool,
    blobs: bool,
    addresses: bool,
}

const _: () = assert!(size_of::<Gate>() == 64);

/// What a message seldom comes to.
#[derive(Debug)]
struct Behind {
    /// Of patterns in the whole message.
    grams: Option<Grams>,
    /// Of single numbers, where they are few.
    sieve: Option<Sieve>,
    blocks: Vec<Block>,
}

/// Where the value is.
#[derive(Clone, Copy, Debug)]
enum Look {
    /// No field leads here: it is open.
    Open,
    Slot(u8),
    Base(u16),
    Class,
    Outcome,
    Flaws,
    Bytes,
    Nowhere,
}

impl Gate {
    /// `field`: the one that leads here, with the keys of all conditions behind.
    pub fn new(protocol: usize, field: Option<FieldId>, keys: &[&Key], blocks: Vec<Block>) -> Self {
        let look = field.and_then(|field| look(field, protocol)).unwrap_or(Look::Open);
        let any = |asked: fn(&Key) -> bool| keys.iter().any(|key| asked(key));
        let patterns = keys.iter().flat_map(|key| key.blobs.whole.iter().chain(&key.blobs.within)).map(AsRef::as_ref);
        let look_inside = matches!(look, Look::Bytes) && !any(|key| key.blobs.any);
        let numbers = || keys.iter().flat_map(|key| &key.numbers).copied();
        let sieve = if matches!(look, Look::Slot(_)) { Sieve::new(numbers()) } else { None };
        Self {
            hull: Hull::new(numbers()),
            behind: Box::new(Behind { grams: look_inside.then(|| Grams::new(patterns)).flatten(), sieve, blocks }),
            look,
            absent: any(|key| key.missing),
            texts: any(|key| !key.texts.is_empty()),
            blobs: any(|key| !key.blobs.is_empty()),
            addresses: any(|key| !key.four.is_empty() || !key.six.is_empty()),
        }
    }

    /// What it is asked first.
    pub fn glance(&self) -> Glance {
        match self.look {
            Look::Slot(slot) => Glance::of_slot(slot, &self.hull, self.absent),
            Look::Bytes => self.behind.grams.as_ref().and_then(Grams::rare).map_or(Glance::GATE, Glance::of_bytes),
            _ => Glance::GATE,
        }
    }

    /// False: none of the conditions behind it holds.
    #[inline]
    pub fn opens(&self, event: &Event<'_>) -> bool {
        match self.look {
            Look::Slot(slot) => match event.record.get(slot.into()) {
                None => self.absent,
                Some(Value::Unsigned(number)) => self.hull.has(number) && self.passes(number),
                Some(Value::Words(span)) => self.words(span, event),
                Some(_) => self.elsewhere(event),
            },
            Look::Bytes => self.patterns(event),
            _ => self.elsewhere(event),
        }
    }

    #[inline]
    fn passes(&self, number: u64) -> bool {
        self.behind.sieve.as_ref().is_none_or(|sieve| sieve.passes(number))
    }

    /// The blocks behind it.
    pub fn blocks(&self) -> &[Block] {
        &self.behind.blocks
    }

    #[inline(never)]
    fn words(&self, span: Span, event: &Event<'_>) -> bool {
        self.hull.meets(span.of(event.bytes))
    }

    #[inline(never)]
    fn patterns(&self, event: &Event<'_>) -> bool {
        self.behind.grams.as_ref().is_none_or(|grams| grams.may_stand(event.bytes))
    }

    #[inline(never)]
    fn elsewhere(&self, event: &Event<'_>) -> bool {
        let record = event.record;
        let counted = |number: usize| self.hull.has(u64::try_from(number).unwrap_or(u64::MAX));
        match self.look {
            Look::Slot(slot) => record.get(slot.into()).map_or(self.absent, |value| self.value(value, event)),
            Look::Class => counted(record.class.number()),
            Look::Outcome if record.outcome == Outcome::Unknown => self.absent,
            Look::Outcome => counted(record.outcome.number()),
            Look::Flaws => self.absent || record.flaws != 0 || event.stream_flaws != 0,
            Look::Base(field) => event.get(FieldId(field)).map_or(self.absent, |value| self.value(value, event)),
            Look::Nowhere => self.absent,
            Look::Open | Look::Bytes => true,
        }
    }

    fn value(&self, value: Value, event: &Event<'_>) -> bool {
        match value {
            Value::Words(span) => self.hull.meets(span.of(event.bytes)),
            Value::List(span) => {
                let list = event.record.list(span);
                list.is_empty() || list.iter().any(|element| self.element(*element))
            }
            other => self.element(other),
        }
    }

    fn element(&self, value: Value) -> bool {
        match value {
            Value::Unsigned(number) => self.hull.has(number),
            Value::Signed(number) => u64::try_from(number).map_or(true, |number| self.hull.has(number)),
            Value::Bool(flag) => self.hull.has(flag.into()),
            Value::Float(number) => self.hull.has_real(number),
            Value::Name(_) | Value::Text(_) => self.texts,
            Value::Bytes(_) | Value::Blob(_) => self.blobs,
            Value::Ip(_) => self.addresses,
            Value::Words(_) | Value::Bits { .. } | Value::List(_) => true,
        }
    }
}

/// The field by which a condition is best found, of those that are still to be looked at.
pub fn leading(term: &Term, protocol: usize, decided: &[FieldId]) -> Option<FieldId> {
    let open = term.iter().filter(|(field, _)| !decided.contains(field));
    let efforts = open.filter_map(|(field, key)| Some((effort(*field, key, protocol)?, *field)));
    efforts.min_by(|left, right| left.0.total_cmp(&right.0)).map(|(_, field)| field)
}

/// What a message costs on average that comes to a gate of this field and key.
fn effort(field: FieldId, key: &Key, protocol: usize) -> Option<f64> {
    let look = look(field, protocol)?;
    let many = field.def().is_none_or(|def| def.many);
    let looking = match look {
        Look::Bytes => 60.0,
        Look::Slot(_) if many => 40.0,
        _ => 15.0,
    };
    let words = !key.texts.is_empty() || !key.blobs.is_empty();
    let passing = match look {
        _ if key.missing => 1.0,
        Look::Nowhere => 0.0,
        Look::Bytes => 0.05,
        Look::Flaws => 0.02,
        // Texts of any kind open.
        _ if words => 1.0,
        _ if field.def().is_some_and(|def| def.kind == Kind::Boolean) => 0.5,
        _ => key.numbers.iter().map(share).sum::<f64>().min(1.0),
    };
    Some(looking + passing * OPENED)
}

/// The part of all messages whose number lies in the range, where nothing is known of them: small numbers are common,
/// and between 2^n and 2^(n+1) there are as many as between the next two.
fn share((low, high): &(u64, u64)) -> f64 {
    let (low, high) = (number(*low), number(*high));
    let low = if low > 0.0 { low } else { 0.0 };
    let high = if high < 4_294_967_296.0 { high } else { 4_294_967_296.0 };
    if high < low {
        return if high < 0.0 { 0.05 } else { 0.0 }; // negative, or beyond what is told apart
    }
    ((high + 1.5) / (low + 0.5)).log2() / 17.0
}

/// None for fields that cannot lead: the stations were asked before, and the rest is the same in most messages.
fn look(field: FieldId, protocol: usize) -> Option<Look> {
    if of_stations(field) {
        return None;
    }
    match source(field, protocol) {
        Source::Slot(slot) => u8::try_from(slot).ok().map(Look::Slot),
        Source::Nowhere => Some(Look::Nowhere),
        Source::Base(base::BYTES) => Some(Look::Bytes),
        Source::Base(base::FLAWS) => Some(Look::Flaws),
        Source::Base(base::OPERATION_CLASS) => Some(Look::Class),
        Source::Base(base::OUTCOME) => Some(Look::Outcome),
        Source::Base(base::SEGMENT | base::FILE_NAME | base::ROLE) => None,
        Source::Base(field) => Some(Look::Base(field)),
    }
}
