//! Whose conversation this is: told by content, or by content that fits together with the port.

use crate::baseline::Trail;
use crate::flow::{Binding, Flow};
use crate::marks::Marks;
use crate::protocol::{self, Probe, Protocol, Scope, Spoken, PROTOCOLS, TCP};
use crate::site::Site;

/// Payloads that are looked at before a conversation is given up as nobody's.
const PROBES: u8 = 8;
/// What is remembered instead of a number of payloads: this was told.
const TOLD: u8 = u8::MAX;
/// Bytes after which the front of a conversation on a well-known port must look like its protocol. Fewer wait for more:
/// a first message sent byte by byte is read all the same.
const PROBE_BYTES: usize = 16;

pub enum Bound {
    Yes,
    No,
    /// Not enough bytes to tell, on a port where it matters.
    TooShort,
}

/// Something to be told of how content and port go together. The places in `PROTOCOLS` are of what the server's port is
/// for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Another protocol than the one the port is for.
    WrongPort { expected: usize },
    /// Content of no known protocol.
    UnknownContent { expected: usize },
}

/// Look whose conversation this is.
pub fn bind(flow: &mut Flow, side: usize, payload: &[u8], site: &Site) -> (Bound, Option<Remark>) {
    let Binding::Unknown(looks) = &mut flow.binding else { return (Bound::No, None) };
    let told = *looks == TOLD;
    *looks = looks.saturating_add(1);
    let looks = *looks;
    match find(flow, payload, site) {
        Some((index, spoken)) => {
            let [low, high] = flow.sides.each_ref().map(|side| spoken.ports.contains(&side.port));
            // A well-known port outvotes even a handshake: captures made with replaying tools have it reversed.
            if low != high {
                flow.client = u8::from(low);
            }
            // What rooms remembered was about other roles or another protocol. That this is how the conversation begins is
            // known where nothing was read before it.
            let trail = if looks == 1 { flow.marks.trail } else { Trail::default() };
            flow.marks = Marks { evidence: flow.marks.evidence, trail, ..Marks::default() };
            flow.binding = Binding::Bound(u8::try_from(index).unwrap_or(u8::MAX), (spoken.parser)());
            let expected = if low || high { None } else { expected(flow, site) };
            (Bound::Yes, expected.map(|(expected, _)| Remark::WrongPort { expected }))
        }
        None => {
            let expected = expected(flow, site);
            let plant = expected.is_some_and(|(_, protocol)| protocol.scope == Scope::Plant);
            if plant && payload.len() < PROBE_BYTES && flow.transport == TCP {
                return (Bound::TooShort, None);
            }
            // Of a stream that was picked up in the middle, the first payloads may be anything.
            let from_start =
                flow.transport != TCP || flow.halves.get(side).is_some_and(|half| half.initial().is_some());
            let given_up = looks >= PROBES;
            let expected = expected.filter(|_| !told && (given_up || (plant && from_start)));
            if plant {
                // Never given up: junk in front must not hide what follows.
                flow.binding = Binding::Unknown(if expected.is_some() { TOLD } else { looks });
            } else if given_up {
                flow.binding = Binding::Nobody;
            }
            (Bound::No, expected.map(|(expected, _)| Remark::UnknownContent { expected }))
        }
    }
}

/// Who is sure; or else the first that it fits and whose port it is.
fn find(flow: &Flow, payload: &[u8], site: &Site) -> Option<(usize, &'static Spoken)> {
    let mut fits = None;
    for (index, spoken) in spoken(flow.transport, site) {
        match (spoken.probe)(payload, flow.transport) {
            Probe::Sure => return Some((index, spoken)),
            Probe::Fits if fits.is_none() => {
                let of_port = flow.sides.iter().any(|side| spoken.ports.contains(&side.port));
                fits = (of_port || spoken.ports.is_empty()).then_some((index, spoken));
            }
            _ => {}
        }
    }
    fits
}

/// The protocol that the server's port is for.
fn expected(flow: &Flow, site: &Site) -> Option<(usize, &'static Protocol)> {
    let server = flow.sides.get(usize::from(flow.client() == 0))?;
    let (index, _) = spoken(flow.transport, site).find(|(_, spoken)| spoken.ports.contains(&server.port))?;
    Some((index, protocol::at(index)?))
}

/// What the site describes comes first: it knows its plant.
fn spoken(transport: u8, site: &Site) -> impl Iterator<Item = (usize, &'static Spoken)> + '_ {
    let places = site.described.spoken.iter().copied().chain(0..PROTOCOLS.len());
    let all = places.filter_map(|place| Some((place, protocol::at(place)?.spoken.as_ref()?)));
    all.filter(move |(_, spoken)| spoken.transports.contains(&transport))
}
