//! What every event has, kept as one piece a row until the rows of all shards come together: then each column is written
//! in a loop of its own. Values that go to some thirty columns as they come touch as much memory in as many places.

use super::array::{Array, Items};
use super::bitmap::Bitmap;
use super::words::{Dictionary, Side};
use crate::event::{base, Event};
use crate::print::Names;
use crate::protocol::{has_ports, transport_name};
use crate::value::{Class, Outcome, Role};

/// An event's base fields.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    ts_ns: u64,
    number: u64,
    duration: Option<u64>,
    request: Option<u64>,
    protocol: &'static str,
    operation_name: &'static str,
    client: Side,
    server: Side,
    operation: u32,
    input: u16,
    segment: u16,
    vlan: Option<u16>,
    role: Role,
    class: Class,
    outcome: Outcome,
    transport: u8,
    from_client: bool,
    /// `LINK` and what is known of the link; 0 without a baseline.
    link: u8,
}

const LINK: u8 = 1;
const KNOWN: u8 = 2;
const WRITES: u8 = 4;
const OPERATION: u8 = 8;
const OBJECT: u8 = 16;

impl Head {
    #[inline]
    pub fn new(event: &Event<'_>, client: Side, server: Side) -> Self {
        let record = event.record;
        let flag = |is: bool, bit: u8| if is { bit } else { 0 };
        Self {
            ts_ns: event.ts_ns,
            number: event.number,
            duration: event.latency_ns(),
            request: event.asked.map(|asked| asked.number),
            protocol: event.protocol_name(),
            operation_name: record.operation_name,
            client,
            server,
            operation: record.operation,
            input: event.input,
            segment: event.segment,
            vlan: event.vlan,
            role: record.role,
            class: record.class,
            outcome: record.outcome,
            transport: event.transport,
            from_client: event.from_client,
            link: event.link.map_or(0, |link| {
                LINK | flag(link.known, KNOWN)
                    | flag(link.learned_writes, WRITES)
                    | flag(link.learned_operation, OPERATION)
                    | flag(link.learned_object, OBJECT)
            }),
        }
    }

    /// The same, its addresses being words of another list: `ips` and `macs` say which each of these is there.
    pub fn renumbered(&self, ips: &[i32], macs: &[i32]) -> Self {
        let of = |keys: &[i32], key: i32| usize::try_from(key).ok().and_then(|key| keys.get(key)).copied();
        let side = |side: Side| Side {
            ip: of(ips, side.ip).unwrap_or_default(),
            mac: of(macs, side.mac).unwrap_or_default(),
            ..side
        };
        Self { client: side(self.client), server: side(self.server), ..*self }
    }

    /// Times beyond the year 2262 have no place in 64 bits.
    pub fn has_time(&self) -> bool {
        i64::try_from(self.ts_ns).is_ok()
    }

    fn source(&self) -> Side {
        if self.from_client {
            self.client
        } else {
            self.server
        }
    }

    fn destination(&self) -> Side {
        if self.from_client {
            self.server
        } else {
            self.client
        }
    }
}

/// The column of that base field. `None`: no row has a value, or it is not kept here. `words`: its own.
pub fn column(number: u16, heads: &[Head], words: &mut Dictionary, names: &Names) -> Option<Array> {
    let array = match number {
        base::TIMESTAMP => {
            let items = heads.iter().map(|head| i64::try_from(head.ts_ns).unwrap_or_default()).collect();
            Array { items: Items::Time(items), present: Bitmap::of(heads, Head::has_time) }
        }
        base::FRAME_NUMBER => unsigned(heads, |head| head.number),
        base::SOURCE_PORT => ports(heads, |head| head.source().port)?,
        base::DESTINATION_PORT => ports(heads, |head| head.destination().port)?,
        base::CLIENT_PORT => ports(heads, |head| head.client.port)?,
        base::SERVER_PORT => ports(heads, |head| head.server.port)?,
        base::OPERATION_CODE => unsigned(heads, |head| head.operation.into()),
        base::VLAN => some(heads, |head| head.vlan.map(u64::from))?,
        base::DURATION => some(heads, |head| head.duration)?,
        base::REQUEST_FRAME => some(heads, |head| head.request)?,
        base::SOURCE_IP => keys(heads, |head| head.source().ip),
        base::SOURCE_MAC => keys(heads, |head| head.source().mac),
        base::DESTINATION_IP => keys(heads, |head| head.destination().ip),
        base::DESTINATION_MAC => keys(heads, |head| head.destination().mac),
        base::CLIENT_IP => keys(heads, |head| head.client.ip),
        base::SERVER_IP => keys(heads, |head| head.server.ip),
        base::PROTOCOL => keys(heads, |head| words.name(head.protocol)),
        base::OPERATION_NAME => keys(heads, |head| words.name(head.operation_name)),
        base::TRANSPORT => {
            let known = |head: &Head| transport_name(head.transport).is_some();
            let mut array = keys(heads, |head| transport_name(head.transport).map_or(0, |name| words.name(name)));
            array.present = Bitmap::of(heads, known);
            array
        }
        base::ROLE => keys(heads, |head| words.name(head.role.name())),
        base::OPERATION_CLASS => keys(heads, |head| words.name(head.class.name())),
        base::OUTCOME => {
            let known = |head: &Head| head.outcome != Outcome::Unknown;
            let mut array = keys(heads, |head| if known(head) { words.name(head.outcome.name()) } else { 0 });
            array.present = Bitmap::of(heads, known);
            array
        }
        base::FILE_NAME => named(heads, |head| head.input, |input| words.number(names.input(input).as_bytes())),
        base::SEGMENT => named(heads, |head| head.segment, |segment| words.number(names.segment(segment).as_bytes())),
        base::LINK_KNOWN => link(heads, KNOWN)?,
        base::LINK_WRITES => link(heads, WRITES)?,
        base::LINK_OPERATION => link(heads, OPERATION)?,
        base::LINK_OBJECT => link(heads, OBJECT)?,
        _ => return None,
    };
    Some(array)
}

fn unsigned(heads: &[Head], value: impl Fn(&Head) -> u64) -> Array {
    Array { items: Items::Unsigned(heads.iter().map(value).collect()), present: Bitmap::all(heads.len()) }
}

/// What is neither TCP nor UDP has none.
fn ports(heads: &[Head], port: impl Fn(&Head) -> u64) -> Option<Array> {
    if heads.iter().all(|head| has_ports(head.transport)) {
        return Some(unsigned(heads, port));
    }
    some(heads, |head| has_ports(head.transport).then(|| port(head)))
}

fn some(heads: &[Head], value: impl Fn(&Head) -> Option<u64>) -> Option<Array> {
    let present = Bitmap::of(heads, |head| value(head).is_some());
    let items = || heads.iter().map(|head| value(head).unwrap_or_default()).collect();
    (present.unset() < heads.len()).then(|| Array { items: Items::Unsigned(items()), present })
}

fn keys(heads: &[Head], key: impl FnMut(&Head) -> i32) -> Array {
    let items = heads.iter().map(key).collect();
    Array { items: Items::Word(items, Default::default()), present: Bitmap::all(heads.len()) }
}

/// Files and segments follow one another in long runs.
fn named(heads: &[Head], which: impl Fn(&Head) -> u16, mut key: impl FnMut(u16) -> i32) -> Array {
    let mut last = None;
    keys(heads, |head| match last {
        Some((number, key)) if number == which(head) => key,
        _ => {
            let found = key(which(head));
            last = Some((which(head), found));
            found
        }
    })
}

fn link(heads: &[Head], bit: u8) -> Option<Array> {
    let present = Bitmap::of(heads, |head| head.link & LINK != 0);
    let items = || Items::Boolean(Bitmap::of(heads, |head| head.link & bit != 0));
    (present.unset() < heads.len()).then(|| Array { items: items(), present })
}
