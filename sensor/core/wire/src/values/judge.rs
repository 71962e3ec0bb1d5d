//! Holding values against what was learned of them, one shard's part.

mod saved;

use std::sync::Arc;

use super::declared::{ALLOWED, LIMIT, RATE};
use super::echo::Echo;
use super::known::{Known, KnownTag};
use super::learn::{begins_again, written};
use super::motion::{self, Motion, Moved};
use super::plan::{self, count, elements, identity, values_slot, Shape, Step, Take};
use super::relations::{Broken, Term, Watch};
use super::states::is_new;
use super::table::Tag;
use super::talk::Talk;
use crate::event::Event;
use crate::finding::{Param, Params};
use crate::hash::Map;
use crate::limits;
use crate::site::points::memory::Kind as Memory;
use crate::site::points::{Form, Points, Type};
use crate::value::{Class, Outcome, Role, Value};

pub const RANGE: &str = "value:range";
pub const JUMP: &str = "value:jump";
pub const STUCK: &str = "value:stuck";
pub const SATURATED: &str = "value:saturated";
pub const OSCILLATION: &str = "value:oscillation";
pub const QUIET: &str = "value:quiet";
pub const DRIFT: &str = "value:drift";
pub const STATE: &str = "value:state";
pub const COUNTER: &str = "value:counter";
pub const REPLAY: &str = "value:replay";
pub const SET: &str = "value:set";
pub const RELATION: &str = "value:relation";

/// Every cause that values have.
pub const CAUSES: [&str; 15] = [
    RANGE,
    JUMP,
    STUCK,
    SATURATED,
    OSCILLATION,
    QUIET,
    DRIFT,
    STATE,
    COUNTER,
    REPLAY,
    SET,
    RELATION,
    LIMIT,
    RATE,
    ALLOWED,
];

/// So long what moves behind a setting follows from it: heat and levels take minutes to come to rest. What moves on
/// after that is judged again, from where it is. Only where hardly anything was set while learning: otherwise what
/// follows from settings is a part of what was learned.
const SETTLES_NS: u64 = 300_000_000_000;
/// So long a jump follows from a setting: the controller's cycle and the next poll.
const FOLLOWS_NS: u64 = 10_000_000_000;

/// A value that is not as it was. Cheap to make: what explains it is built when an alert opens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unlike {
    pub cause: &'static str,
    /// What folds inside cause, client and server.
    pub key: u64,
    pub about: About,
    pub before: f64,
    pub value: f64,
    /// The number that went too far, and how far it may go.
    pub found: f64,
    pub limit: f64,
}

/// What is unlike itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A learned tag.
    Tag(u32),
    /// A point of the site's table.
    Point(u32),
    /// A whole answer.
    Answer,
    /// A relation of a link: the link here, and its place there.
    Relation(u32, u32),
}

/// A tag as it is now.
#[derive(Clone, Debug, Default)]
struct State {
    motion: Motion,
    /// How far it went while that was explained: what it may do is moved by as much.
    risen: f64,
    fallen: f64,
}

#[derive(Default)]
struct Plan {
    items: u32,
    steps: Vec<Step>,
    echo: Option<(Box<Echo>, f64)>,
}

#[derive(Default)]
struct Link {
    talk: Talk,
    plans: Vec<Plan>,
    states: Vec<State>,
    /// When something was set last; 0: never.
    set_ns: u64,
    /// The same, to what it never was while learning, or back from there.
    unlearned_ns: u64,
    watch: Watch,
    /// Older answers of requests that nobody asked again since a restart.
    kept: Vec<(u64, Box<Echo>)>,
}

/// One shard's. Memory follows from what was learned: a state for each tag, a plan for each request that reads one.
pub struct Judge {
    known: Arc<Known>,
    links: Map<u32, Link>,
    echoes: usize,
    broken: Vec<Broken>,
}

impl Judge {
    pub fn new(known: Arc<Known>) -> Self {
        Self { known, links: Map::default(), echoes: 0, broken: Vec::new() }
    }

    pub fn knows(&self, known: &Arc<Known>) -> bool {
        Arc::ptr_eq(&self.known, known)
    }

    /// `link`: as the baseline numbers it. Findings go behind those in `out`.
    #[inline]
    pub fn message(&mut self, link: Option<u32>, event: &Event<'_>, out: &mut Vec<Unlike>) {
        let Some(link) = link.and_then(|link| self.known.link(link)) else { return };
        let Some(slot) = values_slot(event.protocol) else { return };
        let record = event.record;
        match (record.role, record.reference, record.get(slot)) {
            (Role::Response, Some(reference), Some(values)) if record.outcome != Outcome::Failure => {
                self.answered(link, event, reference, values, out);
            }
            (Role::Request, Some(reference), None) if !record.objects().is_empty() => {
                self.asked(link, event, reference)
            }
            (Role::Request, _, Some(values)) if record.class == Class::Write => self.written(link, event, values, out),
            _ => {}
        }
    }

    fn asked(&mut self, number: u32, event: &Event<'_>, reference: u64) {
        let identity = identity(event.record);
        let link = self.links.entry(number).or_default();
        if let Some(plan) = link.talk.plan(identity) {
            return link.talk.ask(event.client.port, reference, plan);
        }
        if link.plans.len() >= limits::VALUE_REQUESTS {
            return;
        }
        let plan = plan_of(&self.known, number, event, identity, &mut self.echoes, &mut link.kept);
        if let (Some(plan), Ok(place)) = (plan, u32::try_from(link.plans.len())) {
            link.plans.push(plan);
            link.talk.add(identity, place);
            link.talk.ask(event.client.port, reference, place);
        }
    }

    fn answered(&mut self, number: u32, event: &Event<'_>, reference: u64, values: Value, out: &mut Vec<Unlike>) {
        let (Some(link), Some(known)) = (self.links.get_mut(&number), self.known.links.get(number as usize)) else {
            return;
        };
        let Some(place) = link.talk.answered(event.client.port, reference) else { return };
        let Link { plans, states, set_ns, unlearned_ns, watch, .. } = link;
        let Some(plan) = plans.get_mut(place as usize) else { return };
        if plan.items > 0 && plan.items != count(values) {
            return;
        }
        if states.is_empty() {
            states.resize(known.count as usize, State::default());
            if !known.relations.is_empty() {
                *watch = Watch::new(known.count as usize, known.relations.len());
            }
        }
        let unlearned = *unlearned_ns != 0 && event.ts_ns.saturating_sub(*unlearned_ns) < SETTLES_NS;
        for step in &plan.steps {
            let Some(value) = plan::number(step, values, event.record, event.bytes) else { continue };
            let state = states.get_mut(step.tag.saturating_sub(known.first) as usize);
            let (Some(state), Some(tag)) = (state, self.known.at(step.tag)) else { continue };
            let moved = state.motion.next(value, event.ts_ns);
            if tag.row.setting && value != moved.before {
                *set_ns = event.ts_ns;
            }
            let since_ns = if *set_ns == 0 { u64::MAX } else { event.ts_ns.saturating_sub(*set_ns) };
            let settles = since_ns < SETTLES_NS && !known.set;
            let set = Set { settles, follows: since_ns < FOLLOWS_NS, unlearned };
            state.judge(step.tag, tag, value, &moved, set, out);
            if tag.related {
                let own = step.tag.saturating_sub(known.first);
                watch.sample(&known.relations, own, (value, event.ts_ns), settles, &mut self.broken);
            }
        }
        for Broken { relation, value, left, limit } in self.broken.drain(..) {
            let Ok(place) = u32::try_from(relation) else { continue };
            out.push(Unlike {
                cause: RELATION,
                key: u64::from(number) << 32 | u64::from(place),
                about: About::Relation(number, place),
                before: f64::NAN,
                value,
                found: left,
                limit,
            });
        }
        if let Some((echo, limit)) = plan.echo.as_mut() {
            let chain = echo.next(plan::hash(values, event.record, event.bytes));
            if let Some(chain) = chain.filter(|chain| chain > limit) {
                let limit = *limit;
                let key = u64::from(place);
                out.push(Unlike {
                    cause: REPLAY,
                    key,
                    about: About::Answer,
                    before: 0.0,
                    value: 0.0,
                    found: chain,
                    limit,
                });
            }
        }
    }

    fn written(&mut self, number: u32, event: &Event<'_>, values: Value, out: &mut Vec<Unlike>) {
        self.links.entry(number).or_default().set_ns = event.ts_ns;
        for (element, offset, _) in written(event, values) {
            let start = element.address(offset);
            let Some((tag, take)) = self.known.tag(number, element.space, element.index, start) else { continue };
            let Some(row) = self.known.at(tag).map(|known| &known.row) else { continue };
            let (seen, limits) = (row.set, row.set_limits);
            let step = Step { item: element.item, offset: offset.saturating_add(element.offset), take, tag };
            let Some(value) = plan::number(&step, values, event.record, event.bytes) else { continue };
            let before = self.now(number, tag).unwrap_or(f64::NAN);
            if seen.is_some_and(|[low, high]| [value, before].iter().any(|set| *set < low || *set > high)) {
                self.links.entry(number).or_default().unlearned_ns = event.ts_ns;
            }
            let Some([low, high]) = limits else { continue };
            let limit = if value > high { high } else { low };
            if !(low..=high).contains(&value) {
                let key = tag.into();
                out.push(Unlike { cause: SET, key, about: About::Tag(tag), before, value, found: value, limit });
            }
        }
    }

    /// What a tag was when it was read last.
    fn now(&self, number: u32, tag: u32) -> Option<f64> {
        let first = self.known.links.get(number as usize)?.first;
        let state = self.links.get(&number)?.states.get(tag.saturating_sub(first) as usize)?;
        state.motion.last()
    }

    /// The numbers and words that explain a finding. Built once per alert.
    pub fn params(&self, unlike: &Unlike, event: &Event<'_>, points: &Points) -> Params {
        if let About::Relation(link, place) = unlike.about {
            return self.relation(link, place, unlike, event, points).unwrap_or_default();
        }
        let mut params: Params = Vec::new();
        let tag = if let About::Tag(tag) = unlike.about { self.known.at(tag) } else { None };
        let mut form = Form::plain();
        if let Some(tag) = tag {
            let row = &tag.row;
            if let Some(point) = points.named(event.protocol, event.server.ip, &row.space, (row.index, row.start)) {
                params.push(("point", Param::Text(point.name.to_string())));
                if reads_alike(&point.form, row.kind) {
                    form = point.form;
                    params.push(("unit", Param::Text(point.unit.to_string())));
                }
            }
            params.push(("space", Param::Text(row.space.clone())));
            params.push(("index", Param::Unsigned(row.index.into())));
            if row.name.is_empty() {
                params.push(("start", Param::Unsigned(row.start)));
                params.push(("end", Param::Unsigned(row.start.saturating_add(u64::from(width(row.kind, &row.space))))));
            } else {
                params.push(("object", Param::Text(row.name.clone())));
            }
            let shown = |number: f64| Param::Float(number * form.scale + form.offset);
            let end = tag.end(unlike.value).filter(|_| unlike.cause == SATURATED);
            params.push(("value", shown(end.unwrap_or(unlike.value))));
            if unlike.before.is_finite() {
                params.push(("before", shown(unlike.before)));
            }
            let seen = row.set.filter(|_| unlike.cause == SET).or(row.low.zip(row.high).map(|(low, high)| [low, high]));
            if let Some([low, high]) = seen {
                params.push(("low", shown(low)));
                params.push(("high", shown(high)));
            }
            params.push(("learned_s", Param::Float(row.seconds)));
        }
        let (scale, offset) = match unlike.cause {
            RANGE | SET | STATE | COUNTER => (form.scale, form.offset),
            JUMP | OSCILLATION | QUIET | DRIFT => (form.scale.abs(), 0.0),
            _ => (1.0, 0.0),
        };
        let numbers = [("found", unlike.found), ("limit", unlike.limit)];
        let numbers = numbers.into_iter().filter(|(_, number)| number.is_finite());
        params.extend(numbers.map(|(name, number)| (name, Param::Float(number * scale + offset))));
        params
    }
}

impl Judge {
    /// A relation that is broken: as a formula, with the values that break it, and since when.
    fn relation(&self, link: u32, place: u32, unlike: &Unlike, event: &Event<'_>, points: &Points) -> Option<Params> {
        let known = self.known.links.get(link as usize)?;
        let relation = known.relations.get(place as usize)?;
        let watch = &self.links.get(&link)?.watch;
        let of = relation.tags().next()?;
        let tag = |tag: u32| self.known.at(known.first.saturating_add(tag));
        let named = |number: u32| tag(number).map_or_else(Term::default, |tag| term(&tag.row, event, points));
        let means = relation.tags().filter_map(|number| Some(named(number).with(watch.mean(number)?)));
        let shown = named(of);
        let mut params: Params = vec![
            ("formula", Param::Text(relation.formula(named))),
            ("values", Param::Text(means.collect::<Vec<_>>().join(", "))),
            ("found", Param::Float(unlike.found * shown.scale)),
            ("unit", Param::Text(shown.unit)),
            ("since_ns", Param::Unsigned(watch.since_ns(place as usize))),
        ];
        params.extend(tag(of).map(|tag| ("learned_s", Param::Float(tag.row.seconds))));
        Some(params)
    }
}

/// How a tag is called and shown: by the table of points, or by its place.
fn term(row: &Tag, event: &Event<'_>, points: &Points) -> Term {
    let named = points.named(event.protocol, event.server.ip, &row.space, (row.index, row.start));
    let place =
        || if row.name.is_empty() { format!("{} {}:{}", row.space, row.index, row.start) } else { row.name.clone() };
    let name = named.map_or_else(place, |point| point.name.to_string());
    match named.filter(|point| reads_alike(&point.form, row.kind)) {
        Some(point) => Term { name, unit: point.unit.to_string(), scale: point.form.scale, offset: point.form.offset },
        None => Term { name, ..Term::default() },
    }
}

/// Whether a point of the table is written as the tag was read: only then its scale is the tag's.
fn reads_alike(form: &Form, kind: Take) -> bool {
    match (form.kind, kind) {
        (Type::Unsigned | Type::Signed, Take::Word | Take::SignedWord) => form.registers == 1 && !form.bytes_swapped,
        (Type::Memory(Memory::Unsigned(16) | Memory::Signed(16)), Take::Word | Take::SignedWord) => true,
        (Type::Float, Take::Float) => !form.words_reversed && !form.bytes_swapped,
        (Type::Float, Take::FloatSwapped) => form.words_reversed && !form.bytes_swapped,
        (Type::Memory(Memory::Float(32)), Take::Float) => true,
        (_, Take::Number) => true,
        _ => false,
    }
}

/// Addresses behind the first one that a number takes.
fn width(kind: Take, space: &str) -> u8 {
    let bytes = !space.ends_with("register");
    match kind {
        Take::Float | Take::FloatSwapped => {
            if bytes {
                3
            } else {
                1
            }
        }
        Take::Word | Take::SignedWord if bytes => 1,
        _ => 0,
    }
}

/// What was set explains what is seen.
#[derive(Clone, Copy)]
struct Set {
    /// A while ago, where nothing of that kind was learned.
    settles: bool,
    /// Just now.
    follows: bool,
    /// A while ago, to what it never was: windows across that say nothing that was learned. Ranges and steps go on to hold,
    /// for they are what a setting that nobody would choose is seen by.
    unlearned: bool,
}

impl State {
    #[inline]
    fn judge(
        &mut self,
        number: u32,
        tag: &KnownTag,
        value: f64,
        moved: &Moved,
        Set { settles, follows, unlearned }: Set,
        out: &mut Vec<Unlike>,
    ) {
        if !tag.judged {
            return;
        }
        let ts_ns = self.motion.last_ns();
        let limit = |number: usize| tag.limits.get(number).copied().unwrap_or(f64::INFINITY);
        let exceeded = |number: usize, found: f64| tag.exceeded(number, found, 0.0, ts_ns);
        let span = tag.row.high.zip(tag.row.low).map_or(0.0, |(high, low)| high - low);
        let mut tell = |cause, found, limit| {
            let key = number.into();
            out.push(Unlike { cause, key, about: About::Tag(number), before: moved.before, value, found, limit });
        };
        for (place, moved_by, signed) in
            [(motion::HIGH, &mut self.risen, value), (motion::LOW, &mut self.fallen, -value)]
        {
            // Where it came to rest it goes on to move as it always did.
            let more = if *moved_by > 0.0 { *moved_by + span } else { 0.0 };
            if settles {
                *moved_by = moved_by.max(signed - limit(place));
            } else if let Some(most) = tag.exceeded(place, signed, more, ts_ns) {
                tell(RANGE, value, if place == motion::HIGH { most } else { -most });
            }
        }
        let step = moved.step.filter(|step| *step != 0.0);
        let falls = tag.row.counter && step.is_some_and(|step| step < 0.0);
        let (begins, mut window) = (falls && begins_again(moved.before, value), moved.window);
        if falls && !begins {
            tell(COUNTER, value, moved.before);
        }
        let jumps = step.and_then(|step| exceeded(motion::STEP, step.abs())).filter(|_| !follows && !begins);
        if let Some(most) = jumps {
            tell(JUMP, (value - moved.before).abs(), most);
        }
        if begins || jumps.is_some() {
            // What windows say across a jump is said already; across a new beginning they say nothing.
            self.motion.begin(value);
            window = None;
        }
        if value != moved.before && !tag.row.setting && is_new(&tag.row.states, value) {
            tell(STATE, value, f64::NAN);
        }
        if let Some(most) = exceeded(motion::REST, moved.rest_s) {
            // A frozen reading and one that cannot go further look the same: no more than that can be said of it.
            tell(if tag.end(value).is_some() { SATURATED } else { STUCK }, moved.rest_s, most);
        }
        if settles || unlearned {
            return self.motion.forget_windows();
        }
        let Some(window) = window else { return };
        if let Some(most) = exceeded(motion::SWING, window.swing) {
            tell(OSCILLATION, window.swing, most);
        }
        if let Some(most) = exceeded(motion::QUIET, -window.swing.ln()).filter(|_| window.swing > 0.0) {
            tell(QUIET, window.swing, (-most).exp());
        }
        let drift = window.drift.and_then(|drift| Some((drift, exceeded(motion::DRIFT, drift)?)));
        if let Some((drift, most)) = drift {
            tell(DRIFT, drift, most);
        }
    }
}

/// Where the learned tags are that a request reads. `None`: it reads none.
#[cold]
fn plan_of(
    known: &Known,
    number: u32,
    event: &Event<'_>,
    identity: u64,
    echoes: &mut usize,
    kept: &mut Vec<(u64, Box<Echo>)>,
) -> Option<Plan> {
    let mut plan = Plan::default();
    let mut memory = false;
    for element in elements(event, false) {
        let Shape::Memory(bytes) = element.shape else {
            plan.items = plan.items.saturating_add(u32::from(element.shape == Shape::Number));
            if let Some((tag, take)) = known.tag(number, element.space, element.index, element.start) {
                plan.steps.push(Step { item: element.item, offset: element.offset, take, tag });
            }
            continue;
        };
        memory = true;
        for offset in (0..bytes).step_by(2) {
            if let Some((tag, take)) = known.tag(number, element.space, element.index, element.address(offset)) {
                plan.steps.push(Step { item: element.item, offset, take, tag });
            }
        }
    }
    if memory {
        plan.items = 0;
    }
    let echoed = &known.links.get(number as usize)?.echoes;
    let limit = echoed.iter().find(|(request, _)| *request == identity).map(|(_, limit)| *limit);
    let before = kept.iter().position(|(request, _)| *request == identity);
    if let (Some(limit), Some(place)) = (limit, before) {
        plan.echo = Some((kept.swap_remove(place).1, limit));
    } else if *echoes < limits::per_shard(limits::VALUE_ECHOES) {
        plan.echo = limit.map(|limit| (Box::default(), limit));
        *echoes = echoes.saturating_add(usize::from(plan.echo.is_some()));
    }
    (!plan.steps.is_empty() || plan.echo.is_some()).then_some(plan)
}
