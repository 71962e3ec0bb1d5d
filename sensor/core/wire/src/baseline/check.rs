//! Holding messages against what was learned.

use std::net::IpAddr;
use std::sync::Arc;

use super::load::{Knowledge, LinkKey, ObjectKey, OperationKey, Touched};
use super::{codec, space, stretches};
use crate::event::{Event, LinkFacts};
use crate::finding::{Deviation, Param, Params};
use crate::protocol::PROTOCOLS;
use crate::value::{Class, Object, Role};

pub const NEW_ASSET: &str = "baseline:new_asset";
pub const NEW_LINK: &str = "baseline:new_link";
pub const NEW_OPERATION: &str = "baseline:new_operation";
pub const NEW_OBJECT: &str = "baseline:new_object";

/// Learned stretches or names that an alert shows: those nearest to what was touched.
const SHOWN: usize = 8;

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
        let table = codec::decode(bytes)?;
        Ok(Self { known: Arc::new(Knowledge::new(&table, segments)?) })
    }

    /// The number of a learned conversation; the same for as long as this baseline is loaded.
    pub fn link(&self, segment: u16, client: IpAddr, server: IpAddr, protocol: &str) -> Option<u32> {
        let protocol = PROTOCOLS.iter().position(|entry| entry.name == protocol)?;
        let protocol = u16::try_from(protocol).ok()?;
        self.known.links.get(&LinkKey { segment, protocol, client, server }).copied()
    }

    /// What rules may ask as `link.*`. An answer is judged by what its request asked for.
    pub fn facts(&self, link: Option<u32>, event: &Event<'_>) -> LinkFacts {
        let Some(link) = link else { return LinkFacts::default() };
        let record = event.record;
        let (operation, class) = match (record.role, event.asked) {
            (Role::Response, Some(asked)) => (asked.operation, asked.class),
            _ => (record.operation, record.class),
        };
        let learned_object = match (record.role, event.asked) {
            (Role::Response, Some(asked)) => {
                // The request's text is gone; its hash stands in `start`.
                asked.object.is_none_or(|object| self.knows(link, class, &object, None))
            }
            _ => self.strange(link, event).is_none(),
        };
        LinkFacts {
            known: true,
            learned_writes: self.known.rows.get(link as usize).is_some_and(|row| row.writes),
            learned_operation: self.known.operations.contains(&OperationKey { link, code: operation, class }),
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
        if !self.known.operations.contains(&OperationKey { link, code: record.operation, class: record.class }) {
            return out.push(Deviation { cause: NEW_OPERATION, key: u64::from(record.operation) << 8 | class });
        }
        if let Some(object) = self.strange(link, event) {
            let key = space::mix(space::mix(space::code(object.space), u64::from(object.index)), class);
            out.push(Deviation { cause: NEW_OBJECT, key });
        }
    }

    /// `facts` and `check` in one go, at the cost of one: what the hot path calls.
    pub fn assess(&self, link: Option<u32>, event: &Event<'_>, out: &mut Vec<Deviation>) -> LinkFacts {
        let facts = self.facts(link, event);
        if !(facts.known && facts.learned_operation && facts.learned_object) {
            self.check(link, event, out);
        }
        facts
    }

    /// Whether client and server are stations that were never seen.
    fn strangers(&self, event: &Event<'_>) -> (bool, bool) {
        let new = |ip| !self.known.assets.contains(&(event.segment, ip));
        (new(event.client.ip), new(event.server.ip))
    }

    /// The first object of the message that was not learned for its class of operation.
    #[inline]
    fn strange<'e>(&self, link: u32, event: &Event<'e>) -> Option<&'e Object> {
        let record = event.record;
        record.objects().iter().find(|object| {
            let name = object.text.map(|span| record.text(span));
            !self.knows(link, record.class, object, name)
        })
    }

    fn touched(&self, link: u32, class: Class, object: &Object) -> Option<Touched> {
        let space = self.known.spaces.find(object.space)?;
        self.known.objects.get(&ObjectKey { link, index: object.index, space, class }).copied()
    }

    fn knows(&self, link: u32, class: Class, object: &Object, name: Option<&str>) -> bool {
        let Some(touched) = self.touched(link, class, object) else { return false };
        if object.text.is_none() {
            let learned = Knowledge::at(&self.known.stretches, touched.stretches);
            return stretches::contains(learned, object.start, object.end);
        }
        let names = Knowledge::at(&self.known.names, touched.names);
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
        let touched = self.touched(link, event.record.class, object).unwrap_or_default();
        match object.text {
            Some(span) => {
                params.push(("object", Param::Text(event.record.text(span).to_owned())));
                params.push(("learned_names", Param::Unsigned(touched.names.1.into())));
            }
            None => {
                params.push(("start", Param::Unsigned(object.start)));
                params.push(("end", Param::Unsigned(object.end)));
                let learned = Knowledge::at(&self.known.stretches, touched.stretches);
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
        let codes = self.known.rows.get(link as usize).map_or((0, 0), |row| row.codes);
        let own = Knowledge::at(&self.known.codes, codes).iter();
        let mut codes: Vec<(u64, u64)> = own.map(|code| (u64::from(*code), u64::from(*code))).collect();
        stretches::normalise(&mut codes);
        codes
    }
}

/// The parser's name, which links are learned under.
fn own_name(event: &Event<'_>) -> &'static str {
    PROTOCOLS.get(event.protocol).map_or("unknown", |protocol| protocol.name)
}
