//! Holding messages against what was learned.

use std::net::IpAddr;
use std::sync::Arc;

use super::assess::{asks, new_link, new_object, new_operation};
use super::knowledge::{Knowledge, LinkKey};
use super::load::load;
use super::mark::Mark;
use super::stretches;
use super::touched::Touched;
use super::trail::{Step, UNKNOWN};
use super::watched::place;
use crate::event::{Asked, Event, LinkFacts};
use crate::finding::{Deviation, Param, Params};
use crate::protocol;
use crate::value::{Class, Object, Role};

pub const NEW_ASSET: &str = "baseline:new_asset";
pub const NEW_LINK: &str = "baseline:new_link";
pub const NEW_OPERATION: &str = "baseline:new_operation";
pub const NEW_OBJECT: &str = "baseline:new_object";
pub const NEW_ORDER: &str = "baseline:new_order";

/// Learned stretches or names that an alert shows: those nearest to what was touched.
const SHOWN: usize = 8;

/// A learned poll, as a baseline found it: good for that baseline only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polled(pub(super) u32);

/// A compiled baseline. Shared with [`super::Periods`], not copied.
#[derive(Clone, Debug)]
pub struct Baseline {
    pub(super) known: Arc<Knowledge>,
}

impl Baseline {
    /// Check and load a compiled table, for an engine with the one segment `default`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        Self::with_segments(bytes, &["default"])
    }

    /// The same with the engine's segment names, in the order of their numbers.
    pub fn with_segments(bytes: &[u8], segments: &[&str]) -> Result<Self, String> {
        Ok(Self { known: Arc::new(load(bytes, segments)?) })
    }

    /// Bytes on the heap that the loaded table takes.
    pub fn heap_bytes(&self) -> usize {
        self.known.heap_bytes()
    }

    /// The number of a learned conversation; the same for as long as this baseline is loaded.
    pub fn link(&self, segment: u16, client: IpAddr, server: IpAddr, protocol: &str) -> Option<u32> {
        let protocol = protocol::place(protocol)?;
        let protocol = u16::try_from(protocol).ok()?;
        self.known.link(&LinkKey { segment, protocol, client, server })
    }

    /// The same by the name of its segment.
    pub fn named(&self, segment: &str, client: IpAddr, server: IpAddr, protocol: &str) -> Option<u32> {
        let segment = self.known.segments.iter().position(|name| name == segment)?;
        self.link(u16::try_from(segment).ok()?, client, server, protocol)
    }

    /// Segment, client, server and protocol of a learned conversation.
    pub fn ends(&self, link: u32) -> Option<(&str, IpAddr, IpAddr, &'static str)> {
        let key = self.known.keys.get(link as usize)?;
        let segment = self.known.segments.get(usize::from(key.segment))?;
        Some((segment, key.client, key.server, protocol::at(usize::from(key.protocol))?.name))
    }

    /// What a conversation is to remember: asked once.
    pub fn mark(&self, segment: u16, client: IpAddr, server: IpAddr, protocol: &str) -> Mark {
        let stations = [client, server];
        match self.link(segment, client, server, protocol) {
            Some(link) => Mark::learned(link),
            None => Mark::new_link(stations.into_iter().any(|ip| !self.known.station(segment, ip))),
        }
    }

    /// What rules may ask as `link.*`. An answer is judged by what its request asked for.
    pub fn facts(&self, link: Option<u32>, event: &Event<'_>) -> LinkFacts {
        let Some(link) = link else { return LinkFacts::default() };
        let record = event.record;
        let (operation, class, learned_object) = match (record.role, event.asked) {
            (Role::Response, Some(Asked { facts: Some(facts), .. })) => return *facts,
            // Asked before this baseline was there: what was touched is not remembered.
            (Role::Response, Some(Asked { operation, class, .. })) => (*operation, *class, true),
            _ => (record.operation, record.class, self.strange(link, event).is_none()),
        };
        LinkFacts {
            known: true,
            learned_writes: self.known.writes(link),
            learned_operation: self.known.operates(link, operation, class),
            learned_object,
        }
    }

    /// What this message does that was never seen while learning: on a learned link at most one deviation, the most
    /// telling one; a link that was not learned is one, and a station that was not learned another.
    pub fn check(&self, link: Option<u32>, event: &Event<'_>, out: &mut Vec<Deviation>) {
        let record = event.record;
        if !asks(record.role) {
            return;
        }
        let Some(link) = link else {
            return new_link(self.strangers(event) != (false, false), event, out);
        };
        if !self.known.operates(link, record.operation, record.class) {
            return out.push(new_operation(record));
        }
        out.extend(self.strange(link, event).map(|object| new_object(record.class, object)));
    }

    /// `facts` and `check` in one go, at the cost of one.
    pub fn assess(&self, link: Option<u32>, event: &Event<'_>, out: &mut Vec<Deviation>) -> LinkFacts {
        self.assess_poll(link, event, out).0
    }

    /// The same, and which learned poll it is. [`super::Periods::message`] answers alike and remembers more.
    pub fn assess_poll(
        &self,
        link: Option<u32>,
        event: &Event<'_>,
        out: &mut Vec<Deviation>,
    ) -> (LinkFacts, Option<Polled>) {
        let Some(link) = link else {
            if asks(event.record.role) {
                new_link(self.strangers(event) != (false, false), event, out);
            }
            return (LinkFacts::default(), None);
        };
        let (facts, polled) = self.known.assess(link, |space| self.known.spaces.find(space), event, out);
        (facts, polled.map(Polled))
    }

    /// Whether an operation that changes something came at a place of the order where it never came.
    pub fn order(&self, link: u32, step: Step, out: &mut Vec<Deviation>) {
        let left = self.known.orders(link).leaves(step);
        out.extend(left.map(|step| Deviation { cause: NEW_ORDER, key: step.packed() }));
    }

    /// Whether client and server are stations that were never seen.
    fn strangers(&self, event: &Event<'_>) -> (bool, bool) {
        let new = |ip| !self.known.station(event.segment, ip);
        (new(event.client.ip), new(event.server.ip))
    }

    /// The first object of the message that was not learned for its class of operation.
    fn strange<'e>(&self, link: u32, event: &Event<'e>) -> Option<&'e Object> {
        self.known.strange(link, event.record, &mut |space| self.known.spaces.find(space))
    }

    fn touched(&self, link: u32, class: Class, object: &Object) -> Option<&Touched> {
        self.known.touched_of(link, place(class, self.known.spaces.find(object.space)?, object.index))
    }

    /// The numbers and words that explain a deviation of this event. Built once per alert.
    pub fn params(&self, deviation: &Deviation, event: &Event<'_>) -> Params {
        let record = event.record;
        let text = |text: &str| Param::Text(text.to_owned());
        let mut params: Params = vec![
            ("operation", text(record.operation_name)),
            ("operation_code", Param::Unsigned(record.operation.into())),
            ("operation_class", text(record.class.name())),
        ];
        let link = self.link(event.segment, event.client.ip, event.server.ip, own_name(event));
        match deviation.cause {
            NEW_ASSET => params.push((
                "new",
                text(match self.strangers(event) {
                    (true, true) => "both",
                    (true, false) => "client",
                    _ => "server",
                }),
            )),
            NEW_LINK => params.push(("learned_protocols", Param::Text(self.protocols(event).join(", ")))),
            NEW_OPERATION => {
                let learned = link.map(|link| self.operations(link)).unwrap_or_default();
                params.push(("learned_operations", Param::Ranges(learned)));
            }
            NEW_ORDER => {
                if let Some(link) = link {
                    self.order_params(link, Step::unpacked(deviation.key), &mut params);
                }
            }
            _ => {
                if let Some((link, object)) = link.and_then(|link| Some((link, self.strange(link, event)?))) {
                    self.object_params(link, event, object, &mut params);
                }
            }
        }
        params
    }

    fn order_params(&self, link: u32, step: Step, params: &mut Params) {
        let orders = self.known.orders(link);
        let called = |operation| self.known.called(orders, operation);
        let listed = |operations: Vec<_>| operations.into_iter().map(called).collect::<Vec<_>>().join(", ");
        let ((before, came), (after, followed)) = (orders.usually_before(step), orders.usually_after(step));
        params.push(("last_operation", Param::Text(called(step.last).to_owned())));
        if step.before != UNKNOWN {
            params.push(("operation_before", Param::Text(called(step.before).to_owned())));
        }
        params.push(("usually_before", Param::Text(listed(before))));
        params.push(("usually_before_times", Param::Unsigned(came)));
        params.push(("usually_after", Param::Text(listed(after))));
        params.push(("usually_after_times", Param::Unsigned(followed)));
    }

    fn object_params(&self, link: u32, event: &Event<'_>, object: &Object, params: &mut Params) {
        params.push(("space", Param::Text(object.space.to_owned())));
        params.push(("index", Param::Unsigned(object.index.into())));
        let touched = self.touched(link, event.record.class, object);
        match object.text {
            Some(span) => {
                params.push(("object", Param::Text(event.record.text(span).to_owned())));
                params.push((
                    "learned_names",
                    Param::Unsigned(touched.map_or(0, |touched| self.known.names(touched).len() as u64)),
                ));
            }
            None => {
                params.push(("start", Param::Unsigned(object.start)));
                params.push(("end", Param::Unsigned(object.end)));
                let learned = touched.map_or(&[][..], |touched| self.known.stretches(touched));
                let near = learned.partition_point(|stretch| stretch.0 <= object.start);
                let from = near.saturating_sub(SHOWN / 2).min(learned.len().saturating_sub(SHOWN));
                params.push(("learned", Param::Ranges(learned.iter().skip(from).take(SHOWN).copied().collect())));
            }
        }
    }

    /// Protocols that this client was seen to speak with this server.
    fn protocols(&self, event: &Event<'_>) -> Vec<&'static str> {
        let (segment, client, server) = (event.segment, event.client.ip, event.server.ip);
        let spoken = |name: &&'static str| self.link(segment, client, server, name).is_some();
        protocol::all().map(|protocol| protocol.name).filter(spoken).collect()
    }

    /// Learned operation codes of a link as stretches.
    fn operations(&self, link: u32) -> Vec<(u64, u64)> {
        let own = self.known.operations(link).iter().map(|row| u64::from(row.code));
        let mut codes: Vec<(u64, u64)> = own.map(|code| (code, code)).collect();
        stretches::normalise(&mut codes);
        codes
    }
}

/// The parser's name, which links are learned under.
fn own_name(event: &Event<'_>) -> &'static str {
    protocol::at(event.family).map_or("unknown", |protocol| protocol.name)
}
