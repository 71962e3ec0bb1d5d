//! Learning what values are like: messages in, a [`Table`] out. Each tag takes constant memory.

use std::net::IpAddr;

use super::custom::Custom;
use super::echo::Echo;
use super::extremes::Extremes;
use super::motion::{self, Motion, STATISTICS};
use super::pair::{plausible, Form, Pair};
use super::plan::{self, count, elements, four, identity, number, place, values_slot, Element, Shape, Step, Take};
use super::relations::{mine, Candidate, Relation, Running, Series};
use super::settings::Settings;
use super::states::States;
use super::table::{Link, Repeats, Table, Tag, FORMAT};
use super::talk::Talk;
use crate::event::Event;
use crate::hash::Map;
use crate::limits;
use crate::protocol;
use crate::value::{Class, Outcome, Role, Value};

/// Seconds of a tag that have to be known. Processes have cycles of minutes: less says nothing of them.
const LEAST_S: f64 = 1800.0;
/// Changes that a tag must have made for its movement to be known: 64 halves of a window.
const LEAST_CHANGES: u64 = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    segment: u16,
    protocol: usize,
    client: IpAddr,
    server: IpAddr,
}

struct Learned {
    space: &'static str,
    index: u32,
    start: u64,
    name: Box<str>,
    link: u32,
    take: Take,
    motion: Motion,
    extremes: Option<Extremes<STATISTICS>>,
    first_ns: u64,
    last_ns: u64,
    samples: u64,
    changes: u64,
    falls: u64,
    /// The smallest change.
    grain: f64,
    states: States,
    settings: Settings,
    writes: u64,
    interval_ns: f64,
    /// For relations with other tags.
    running: Running,
    series: Series,
}

/// A request and what its answers brought.
#[derive(Default)]
struct Plan {
    link: u32,
    identity: u64,
    /// So many values has the answer to a list of things; 0: it is memory.
    items: u32,
    elements: Vec<Element>,
    steps: Vec<Step>,
    /// Words whose type is not known yet, with their places in `elements`.
    pairs: Vec<(usize, Pair)>,
    echo: Option<(Echo, Extremes<1>)>,
}

/// One shard's learner. Beyond `limits::VALUE_TAGS` nothing new is learned, which is counted in the table.
pub struct Learner {
    segments: Vec<String>,
    links: Map<Key, u32>,
    talks: Vec<(Key, Talk)>,
    plans: Vec<Plan>,
    places: Map<(u32, u64), u32>,
    tags: Vec<Learned>,
    echoes: usize,
    not_learned: u64,
}

impl Learner {
    pub fn new(segments: Vec<String>) -> Self {
        Self {
            segments,
            links: Map::default(),
            talks: Vec::new(),
            plans: Vec::new(),
            places: Map::default(),
            tags: Vec::new(),
            echoes: 0,
            not_learned: 0,
        }
    }

    pub fn observe(&mut self, event: &Event<'_>) {
        let Some(slot) = values_slot(event.protocol) else { return };
        let record = event.record;
        match (record.role, record.reference, record.get(slot)) {
            (Role::Request, _, Some(values)) if record.class == Class::Write => self.written(event, values),
            (Role::Request, Some(reference), None) if !record.objects().is_empty() => self.asked(event, reference),
            (Role::Response, Some(reference), Some(values)) if record.outcome != Outcome::Failure => {
                self.answered(event, reference, values);
            }
            _ => {}
        }
    }

    fn link(&mut self, event: &Event<'_>) -> Option<u32> {
        let key =
            Key { segment: event.segment, protocol: event.family, client: event.client.ip, server: event.server.ip };
        if let Some(link) = self.links.get(&key) {
            return Some(*link);
        }
        let link = u32::try_from(self.talks.len()).ok()?;
        if self.talks.len() >= limits::per_shard(limits::VALUE_TAGS) {
            self.not_learned = self.not_learned.saturating_add(1);
            return None;
        }
        self.links.insert(key, link);
        self.talks.push((key, Talk::default()));
        Some(link)
    }

    fn asked(&mut self, event: &Event<'_>, reference: u64) {
        let Some(link) = self.link(event) else { return };
        let identity = identity(event.record);
        let Some((_, talk)) = self.talks.get_mut(link as usize) else { return };
        if let Some(plan) = talk.plan(identity) {
            return talk.ask(event.client.port, reference, plan);
        }
        if talk.plans().len() >= limits::VALUE_REQUESTS {
            self.not_learned = self.not_learned.saturating_add(1);
            return;
        }
        let found = elements(event, false);
        let Ok(number) = u32::try_from(self.plans.len()) else { return };
        talk.add(identity, number);
        talk.ask(event.client.port, reference, number);
        let mut plan = Plan { link, identity, ..Plan::default() };
        for element in &found {
            match element.shape {
                Shape::Memory(bytes) => {
                    for offset in (0..bytes).step_by(4) {
                        let alone = offset.saturating_add(4) > bytes;
                        let pair = Pair::new(element.item, offset, alone, element.stride == 2);
                        plan.pairs.push((plan.elements.len(), pair));
                    }
                }
                shape => {
                    let take = if shape == Shape::Bit { Take::Bit } else { Take::Number };
                    if shape == Shape::Number {
                        plan.items = plan.items.saturating_add(1);
                    }
                    if let Some(tag) = self.tag(link, element, 0, take, Some(event)) {
                        plan.steps.push(Step { item: element.item, offset: element.offset, take, tag });
                    }
                }
            }
            plan.elements.push(*element);
        }
        if plan.elements.iter().any(|element| matches!(element.shape, Shape::Memory(_))) {
            plan.items = 0;
        }
        self.plans.push(plan);
    }

    /// The tag at an element, so many bytes into it. What it is called is looked up in the message that named it.
    fn tag(&mut self, link: u32, element: &Element, bytes: u32, take: Take, event: Option<&Event<'_>>) -> Option<u32> {
        let start = element.address(bytes);
        let key = (link, place(element.space, element.index, start));
        if let Some(tag) = self.places.get(&key) {
            return Some(*tag);
        }
        if self.tags.len() >= limits::per_shard(limits::VALUE_TAGS) {
            self.not_learned = self.not_learned.saturating_add(1);
            return None;
        }
        let number = u32::try_from(self.tags.len()).ok()?;
        let name = element.text.zip(event).map_or("", |(span, event)| event.record.text(span));
        self.places.insert(key, number);
        self.tags.push(Learned {
            space: element.space,
            index: element.index,
            start,
            name: name.into(),
            link,
            take,
            motion: Motion::default(),
            extremes: None,
            first_ns: 0,
            last_ns: 0,
            samples: 0,
            changes: 0,
            falls: 0,
            grain: f64::INFINITY,
            states: States::default(),
            settings: Settings::default(),
            writes: 0,
            interval_ns: 0.0,
            running: Running::default(),
            series: Series::default(),
        });
        Some(number)
    }

    fn answered(&mut self, event: &Event<'_>, reference: u64, values: Value) {
        let Some(link) = self.link(event) else { return };
        let Some((_, talk)) = self.talks.get_mut(link as usize) else { return };
        let Some(number) = talk.answered(event.client.port, reference) else { return };
        let Some(plan) = self.plans.get_mut(number as usize) else { return };
        if plan.items > 0 && plan.items != count(values) {
            return;
        }
        let mut plan = std::mem::take(plan);
        self.decide(&mut plan, values, event);
        for step in &plan.steps {
            let Some(value) = plan::number(step, values, event.record, event.bytes) else { continue };
            if let Some(tag) = self.tags.get_mut(step.tag as usize) {
                tag.sample(value, event.ts_ns);
            }
        }
        self.echo(&mut plan, plan::hash(values, event.record, event.bytes), event.ts_ns);
        if let Some(place) = self.plans.get_mut(number as usize) {
            *place = plan;
        }
    }

    /// What is not known of the types yet.
    fn decide(&mut self, plan: &mut Plan, values: Value, event: &Event<'_>) {
        let mut pairs = std::mem::take(&mut plan.pairs);
        pairs.retain_mut(|(element, pair)| {
            let Some(bytes) = four(values, pair.item, pair.offset, event.record, event.bytes) else { return true };
            let Some(form) = pair.see(bytes) else { return true };
            self.settle(plan, *element, pair, form);
            false
        });
        plan.pairs = pairs;
    }

    fn settle(&mut self, plan: &mut Plan, element: usize, pair: &Pair, form: Form) {
        let Some(element) = plan.elements.get(element).copied() else { return };
        let (first, second) = match form {
            Form::One(take) => (take, None),
            Form::Two(first, second) => (first, Some(second).filter(|_| !pair.alone)),
        };
        let rest = second.map(|take| (pair.offset.saturating_add(2), take));
        for (offset, take) in [(pair.offset, first)].into_iter().chain(rest) {
            if let Some(tag) = self.tag(plan.link, &element, offset, take, None) {
                // Another request, or a write, may have said what it is.
                let take = self.tags.get(tag as usize).map_or(take, |tag| tag.take);
                plan.steps.push(Step { item: pair.item, offset, take, tag });
            }
        }
    }

    fn echo(&mut self, plan: &mut Plan, hash: u64, ts_ns: u64) {
        if plan.echo.is_none() {
            if self.echoes >= limits::per_shard(limits::VALUE_ECHOES) {
                return;
            }
            self.echoes = self.echoes.saturating_add(1);
            plan.echo = Some((Echo::default(), Extremes::new(ts_ns)));
        }
        let Some((echo, extremes)) = plan.echo.as_mut() else { return };
        let (Some(chain), Some([longest])) = (echo.next(hash), extremes.at(ts_ns)) else { return };
        *longest = longest.max(chain);
    }

    fn written(&mut self, event: &Event<'_>, values: Value) {
        let Some(link) = self.link(event) else { return };
        for (element, offset, take) in written(event, values) {
            let Some(tag) = self.tag(link, &element, offset, take, Some(event)) else { continue };
            let Some(tag) = self.tags.get_mut(tag as usize) else { continue };
            let step =
                Step { item: element.item, offset: offset.saturating_add(element.offset), take: tag.take, tag: 0 };
            if let Some(value) = number(&step, values, event.record, event.bytes) {
                tag.writes = tag.writes.saturating_add(1);
                tag.settings.add(value, event.ts_ns);
            }
        }
    }

    /// What all of them learned.
    pub fn finish(learners: Vec<Self>) -> Table {
        let mut table = Table { format: FORMAT, not_learned: 0, not_related: 0, links: Vec::new() };
        let mut pairs = limits::RELATION_PAIRS;
        let tags = learners.iter().flat_map(|learner| &learner.tags);
        let set = tags.filter(|tag| tag.writes > 0 && tag.take != Take::Bit);
        let custom = Custom::of(set.map(|tag| &tag.settings));
        for mut learner in learners {
            table.not_learned = table.not_learned.saturating_add(learner.not_learned);
            learner.settle_all();
            table.links.extend(learner.links(&custom, &mut pairs, &mut table.not_related));
        }
        let key = |link: &Link| (link.segment.clone(), link.client, link.server, link.protocol.clone());
        table.links.sort_by_cached_key(key);
        table
    }

    /// Learning ends: what is not decided is decided by what was seen. It has no samples, but a write may ask for it.
    fn settle_all(&mut self) {
        for number in 0..self.plans.len() {
            let Some(place) = self.plans.get_mut(number) else { continue };
            let mut plan = std::mem::take(place);
            for (element, pair) in std::mem::take(&mut plan.pairs) {
                self.settle(&mut plan, element, &pair, pair.form());
            }
            if let Some(place) = self.plans.get_mut(number) {
                *place = plan;
            }
        }
    }

    fn links(&self, custom: &Custom, pairs: &mut usize, not_related: &mut u64) -> Vec<Link> {
        let mut links: Vec<Link> = self.talks.iter().map(|(key, _)| self.named(key)).collect();
        let mut tags: Vec<&Learned> = self.tags.iter().collect();
        tags.sort_by_key(|tag| (tag.link, tag.space, tag.index, tag.start));
        for own in tags.chunk_by(|one, next| one.link == next.link) {
            let Some(link) = own.first().and_then(|tag| links.get_mut(tag.link as usize)) else { continue };
            link.tags = own.iter().map(|tag| tag.row(custom)).collect();
            match related(own, &link.tags, pairs) {
                Some(relations) => link.relations = relations,
                None => *not_related = not_related.saturating_add(1),
            }
        }
        for plan in &self.plans {
            let limit = plan.echo.as_ref().and_then(|(echo, extremes)| {
                Some(extremes.limit(0, ECHO_GRAIN)?.max(echo.chance(self.seconds(plan))?))
            });
            if let Some((limit, link)) = limit.zip(links.get_mut(plan.link as usize)) {
                link.echoes.push(Repeats { request: plan.identity, limit });
            }
        }
        links.retain(|link| !link.tags.is_empty());
        for link in &mut links {
            link.echoes.sort_by_key(|echo| echo.request);
            link.echoes.dedup_by_key(|echo| echo.request);
        }
        links
    }

    /// How long answers to a request were seen.
    fn seconds(&self, plan: &Plan) -> f64 {
        let tags = plan.steps.iter().filter_map(|step| self.tags.get(step.tag as usize));
        tags.map(Learned::seconds).fold(0.0, f64::max)
    }

    fn named(&self, key: &Key) -> Link {
        Link {
            segment: self.segments.get(usize::from(key.segment)).cloned().unwrap_or_else(|| "default".to_owned()),
            client: key.client,
            server: key.server,
            protocol: protocol::at(key.protocol).map_or("unknown", |protocol| protocol.name).to_owned(),
            tags: Vec::new(),
            echoes: Vec::new(),
            relations: Vec::new(),
        }
    }
}

/// What the tags of one link have in common, called by their places. `None`: they are too many.
fn related(learned: &[&Learned], rows: &[Tag], pairs: &mut usize) -> Option<Vec<Relation>> {
    let of = |(tag, row): (&&Learned, &Tag)| {
        let measures = !tag.states.few() && tag.changes >= LEAST_CHANGES && !row.counter && tag.writes == 0;
        let states = row.states.len() <= FEW_STATES && !row.states.is_empty();
        (row.seconds >= LEAST_S && (measures || states)).then(|| row.states.clone())
    };
    let chosen: Vec<(usize, Vec<f64>)> =
        learned.iter().zip(rows).enumerate().filter_map(|(place, pair)| Some((place, of(pair)?))).collect();
    let candidates: Vec<Candidate<'_>> = chosen
        .iter()
        .filter_map(|(place, states)| Some(Candidate { series: &learned.get(*place)?.series, states: states.clone() }))
        .collect();
    let place =
        |tag: u32| chosen.get(tag as usize).and_then(|(place, _)| u32::try_from(*place).ok()).unwrap_or(u32::MAX);
    Some(mine(&candidates, pairs)?.into_iter().map(|relation| relation.renumbered(place)).collect())
}

/// States of which each is visited often enough to say something about other tags.
const FEW_STATES: usize = 4;

/// Chains are whole numbers; half of the step between them is chance.
const ECHO_GRAIN: f64 = 0.5;

/// Tags that a write names, where their numbers are, and what they most likely are.
pub fn written(event: &Event<'_>, values: Value) -> Vec<(Element, u32, Take)> {
    let mut found = Vec::new();
    for element in elements(event, true) {
        match element.shape {
            Shape::Bit => found.push((element, 0, Take::Bit)),
            Shape::Number => found.push((element, 0, Take::Number)),
            Shape::Memory(bytes) => {
                let float = |offset: u32| {
                    let read = four(values, element.item, offset, event.record, event.bytes);
                    // Of bytes, four that read as a float; registers say nothing by themselves.
                    element.stride == 2
                        && offset.saturating_add(4) <= bytes
                        && read.is_some_and(|four| plausible(Take::Float, four))
                };
                let mut offset = 0u32;
                while offset < bytes {
                    let take = if float(offset) { Take::Float } else { Take::Word };
                    found.push((element, offset, take));
                    offset = offset.saturating_add(if take == Take::Float { 4 } else { 2 });
                }
            }
        }
    }
    found
}

impl Learned {
    fn sample(&mut self, value: f64, ts_ns: u64) {
        if self.samples == 0 {
            self.first_ns = ts_ns;
        }
        self.last_ns = self.last_ns.max(ts_ns);
        self.samples = self.samples.saturating_add(1);
        let moved = self.motion.next(value, ts_ns);
        self.interval_ns = self.motion.interval_ns();
        if value != moved.before || self.samples == 1 {
            self.states.visit(value, ts_ns);
            if self.writes > 0 || self.changes < LEAST_CHANGES {
                self.settings.add(value, ts_ns);
            } else {
                self.settings = Settings::default(); // it moves, and nobody sets it
            }
        }
        if value != moved.before {
            self.changes = self.changes.saturating_add(1);
            self.grain = self.grain.min((value - moved.before).abs());
            if value < moved.before && !begins_again(moved.before, value) {
                self.falls = self.falls.saturating_add(1);
            }
        }
        // What never changed has nothing in common with anything.
        if let Some(piece) = self.running.add(value, ts_ns).filter(|_| self.changes > 0) {
            self.series.add(piece);
        }
        let extremes = self.extremes.get_or_insert_with(|| Extremes::new(ts_ns));
        let Some(row) = extremes.at(ts_ns) else { return };
        let mut raise = |number: usize, value: f64| {
            if let Some(place) = row.get_mut(number) {
                *place = place.max(value);
            }
        };
        raise(motion::HIGH, value);
        raise(motion::LOW, -value);
        raise(motion::REST, moved.rest_s);
        if let Some(step) = moved.step {
            raise(motion::STEP, step.abs());
        }
        if let Some(window) = moved.window {
            raise(motion::SWING, window.swing);
            raise(motion::QUIET, -window.swing.ln());
            if let Some(drift) = window.drift {
                raise(motion::DRIFT, drift);
            }
        }
    }

    /// From the first sample to the last.
    fn seconds(&self) -> f64 {
        #[allow(clippy::cast_precision_loss)] // a duration
        let seconds = self.last_ns.saturating_sub(self.first_ns) as f64 / 1e9;
        seconds
    }

    fn row(&self, custom: &Custom) -> Tag {
        let seconds = self.seconds();
        let half_ns = self.first_ns.saturating_add(self.last_ns.saturating_sub(self.first_ns) / 2);
        let known = seconds >= LEAST_S;
        let states = self.states.closed(half_ns).filter(|_| known).unwrap_or_default();
        let counter = self.falls == 0 && self.changes >= LEAST_CHANGES && self.take != Take::Bit;
        let setting = self.writes > 0 || self.changes < LEAST_CHANGES;
        let seen = |number| self.extremes.as_ref().and_then(|extremes| extremes.seen(number));
        let (mut limits, mut days) = ([None; STATISTICS], Vec::new());
        // Two states, up and down, have no size; how long they stay is known all the same.
        let sizes = !self.states.few() && self.changes >= LEAST_CHANGES;
        for (number, limit) in limits.iter_mut().enumerate() {
            let grain = self.grain_of(number);
            let judged = match number {
                motion::REST => self.changes >= LEAST_CHANGES,
                motion::HIGH | motion::LOW | motion::DRIFT => sizes && !counter,
                _ => sizes,
            };
            if judged && known && self.writes == 0 {
                *limit = self.extremes.as_ref().and_then(|extremes| extremes.limit(number, grain));
            }
            days.push(limit.and_then(|_| self.extremes.as_ref()?.day(number, grain)));
        }
        if days.iter().all(Option::is_none) {
            days.clear();
        }
        let set = (self.writes > 0).then_some([self.settings.low, self.settings.high]);
        let settable = self.writes > 0 && self.take != Take::Bit;
        let set_limits = settable.then(|| self.settings.limits(seconds, custom)).flatten();
        Tag {
            space: self.space.to_owned(),
            index: self.index,
            start: self.start,
            name: self.name.to_string(),
            kind: self.take,
            samples: self.samples,
            changes: self.changes,
            seconds,
            low: seen(motion::LOW).map(|low| -low),
            high: seen(motion::HIGH),
            limits,
            days,
            step: seen(motion::STEP),
            counter,
            states,
            setting,
            writes: self.writes,
            set,
            set_limits: set_limits.map(|(low, high)| [low, high]),
        }
    }

    /// What is finer than this is chance.
    fn grain_of(&self, number: usize) -> f64 {
        let value = if self.grain.is_finite() { self.grain } else { 0.0 };
        match number {
            // A value rests until the next sample.
            motion::REST => self.interval_ns / 1e9,
            motion::QUIET => 0.1,
            // A hundredth of the way is nothing to speak of, as the errors of instruments go (IEC 60770-1: 0.1 to 1 %).
            motion::HIGH | motion::LOW => {
                let seen = |number| self.extremes.as_ref().and_then(|extremes| extremes.seen(number));
                let span = seen(motion::HIGH).zip(seen(motion::LOW)).map_or(0.0, |(high, low)| high + low);
                value.max(span / 400.0)
            }
            _ => value,
        }
    }
}

/// A counter that runs over or is set back begins at the bottom: at nothing, or, where a number with a sign runs over, as far
/// below nothing as it was above.
pub fn begins_again(before: f64, value: f64) -> bool {
    let near = before / 16.0;
    (0.0..=near).contains(&value) || (value < 0.0 && (value + before).abs() <= near)
}

#[cfg(test)]
mod tests {
    use super::begins_again;

    #[test]
    fn a_counter_begins_again_at_its_bottom() {
        for (before, value) in [(60_000.0, 0.0), (60_000.0, 3.0), (32_760.0, -32_767.0), (3_276.0, -3_276.8)] {
            assert!(begins_again(before, value), "{before} → {value}");
        }
        for (before, value) in
            [(60_000.0, 59_700.0), (900.0, -300.0), (-32_700.0, -32_767.0), (-5.0, -300.0), (5.0, -300.0)]
        {
            assert!(!begins_again(before, value), "{before} → {value}");
        }
    }
}
