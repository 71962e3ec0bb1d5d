//! Holding messages against what was learned.

use std::net::IpAddr;
use std::sync::Arc;

use super::knowledge::{Knowledge, LinkKey, Request, Touched};
use super::load::load;
use super::{space, stretches};
use crate::event::{Asked, Event, LinkFacts};
use crate::finding::{Deviation, Param, Params};
use crate::protocol::PROTOCOLS;
use crate::value::{Class, Object, Role};

pub const NEW_ASSET: &str = "baseline:new_asset";
pub const NEW_LINK: &str = "baseline:new_link";
pub const NEW_OPERATION: &str = "baseline:new_operation";
pub const NEW_OBJECT: &str = "baseline:new_object";

/// Learned stretches or names that an alert shows: those nearest to what was touched.
const SHOWN: usize = 8;

/// A learned poll, as a baseline found it: good for that baseline only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polled(pub(super) usize);

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
        let protocol = PROTOCOLS.iter().position(|entry| entry.name == protocol)?;
        let protocol = u16::try_from(protocol).ok()?;
        self.known.link(&LinkKey { segment, protocol, client, server })
    }

    /// What rules may ask as `link.*`. An answer is judged by what its request asked for.
    pub fn facts(&self, link: Option<u32>, event: &Event<'_>) -> LinkFacts {
        let Some(link) = link else { return LinkFacts::default() };
        let record = event.record;
        let (operation, class, learned_object) = match (record.role, event.asked) {
            (Role::Response, Some(Asked { facts: Some(facts), .. })) => return facts,
            // Asked before this baseline was there: what was touched is not remembered.
            (Role::Response, Some(Asked { operation, class, .. })) => (operation, class, true),
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
        if !matches!(record.role, Role::Request | Role::Unsolicited) {
            return;
        }
        let class = record.class as u64;
        let Some(link) = link else {
            let (client, server) = self.strangers(event);
            if client || server {
                out.push(Deviation { cause: NEW_ASSET, key: 0 });
            }
            // By class: the first write of a new link is an alert of its own beside its first read.
            return out.push(Deviation { cause: NEW_LINK, key: space::mix(class, event.protocol as u64) });
        };
        if !self.known.operates(link, record.operation, record.class) {
            return out.push(Deviation { cause: NEW_OPERATION, key: u64::from(record.operation) << 8 | class });
        }
        if let Some(object) = self.strange(link, event) {
            let key = space::mix(space::mix(space::code(object.space), u64::from(object.index)), class);
            out.push(Deviation { cause: NEW_OBJECT, key });
        }
    }

    /// `facts` and `check` in one go, at the cost of one.
    pub fn assess(&self, link: Option<u32>, event: &Event<'_>, out: &mut Vec<Deviation>) -> LinkFacts {
        self.assess_poll(link, event, out).0
    }

    /// The same, and which learned poll it is: what the hot path calls. A poll whose operation and stretch were learned
    /// is found by one look.
    #[inline]
    pub fn assess_poll(
        &self,
        link: Option<u32>,
        event: &Event<'_>,
        out: &mut Vec<Deviation>,
    ) -> (LinkFacts, Option<Polled>) {
        let polled = link.and_then(|link| self.known.polled(link, event)).map(Polled);
        let request = polled.and_then(|polled| self.known.requests.at(polled.0));
        if let Some(request) = request.filter(|request| request.has(Request::LEARNED)) {
            let learned_writes = request.has(Request::WRITES);
            let facts = LinkFacts { known: true, learned_writes, learned_operation: true, learned_object: true };
            return (facts, polled);
        }
        let facts = self.facts(link, event);
        if !(facts.known && facts.learned_operation && facts.learned_object) {
            self.check(link, event, out);
        }
        (facts, polled)
    }

    /// Whether client and server are stations that were never seen.
    fn strangers(&self, event: &Event<'_>) -> (bool, bool) {
        let new = |ip| !self.known.station(event.segment, ip);
        (new(event.client.ip), new(event.server.ip))
    }

    /// The first object of the message that was not learned for its class of operation.
    #[inline]
    fn strange<'e>(&self, link: u32, event: &Event<'e>) -> Option<&'e Object> {
        let record = event.record;
        // Objects of one message lie in the same address space more often than not.
        let mut before: Option<(&Object, Option<&Touched>)> = None;
        record.objects().iter().find(|object| {
            let same = |known: &Object| std::ptr::eq(known.space, object.space) && known.index == object.index;
            let touched = match before {
                Some((known, touched)) if same(known) => touched,
                _ => self.touched(link, record.class, object),
            };
            before = Some((object, touched));
            let name = object.text.map(|span| record.text(span));
            !touched.is_some_and(|touched| self.holds(touched, object, name))
        })
    }

    #[inline]
    fn touched(&self, link: u32, class: Class, object: &Object) -> Option<&Touched> {
        self.known.touched(link, class, self.known.spaces.find(object.space)?, object.index)
    }

    #[inline]
    fn holds(&self, touched: &Touched, object: &Object, name: Option<&str>) -> bool {
        if object.text.is_none() {
            return stretches::contains(self.known.stretches(touched), object.start, object.end);
        }
        let names = self.known.names(touched);
        let first = names.partition_point(|known| known.hash < object.start);
        let same = names.iter().skip(first).take_while(|known| known.hash == object.start);
        let mut texts = same.map(|known| self.known.text(known.start, known.length));
        texts.any(|text| name.is_none_or(|name| text == name))
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
            _ => {
                if let Some((link, object)) = link.and_then(|link| Some((link, self.strange(link, event)?))) {
                    self.object_params(link, event, object, &mut params);
                }
            }
        }
        params
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
        PROTOCOLS.iter().map(|protocol| protocol.name).filter(spoken).collect()
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
    PROTOCOLS.get(event.protocol).map_or("unknown", |protocol| protocol.name)
}
