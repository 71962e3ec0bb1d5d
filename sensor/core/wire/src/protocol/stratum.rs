//! Stratum, in which machines that dig for coins get their work from a pool: lines of JSON over TCP. No standard: Bitcoin
//! wiki "Stratum mining protocol" (`mining.…`), the dialect of CryptoNote pools (`login`), EthereumStratum
//! (`eth_submitLogin`). Only who begins is read; whose purse it is and what was found is passed over.
//!
//! `operation`: 1 subscribe, 2 login.

use super::text::{operation, Operation};
use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::value::{field, slots, Class, Kind, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "stratum",
    fields: FIELDS,
    flaws: &[],
    scope: Scope::Office,
    spoken: Some(Spoken { transports: &[TCP], ports: &[], probe: &probe, parser: &|| Box::new(Stratum::default()) }),
};

slots! {
    METHOD = 0 => field("stratum.method", Kind::Text);
}

const SUBSCRIBE: Operation = operation(1, "subscribe", Class::Session);
const LOGIN: Operation = operation(2, "login", Class::Session);
/// Bytes of a line that are looked at: a login with the longest purse and its list of algorithms.
const LINE: usize = 2048;

fn probe(payload: &[u8], _transport: u8) -> Probe {
    match payload.first() {
        Some(b'{') if asked(payload).is_some() => Probe::Sure,
        _ => Probe::No,
    }
}

/// What a line asks for, where it opens a session.
fn asked(line: &[u8]) -> Option<(Operation, &'static str)> {
    let line = line.get(..LINE).unwrap_or(line);
    let has = |word: &[u8]| memchr::memmem::find(line, word).is_some();
    if has(b"\"mining.subscribe\"") {
        Some((SUBSCRIBE, "mining.subscribe"))
    } else if has(b"\"mining.authorize\"") {
        Some((LOGIN, "mining.authorize"))
    } else if has(b"\"eth_submitLogin\"") {
        Some((LOGIN, "eth_submitLogin"))
    } else if has(b"\"method\"") && has(b"\"login\"") && has(b"\"pass\"") && has(b"\"agent\"") {
        Some((LOGIN, "login"))
    } else {
        None
    }
}

#[derive(Default)]
struct Stratum {
    /// Lines of the client that opened the session; more of them say nothing new.
    told: u8,
}

/// A session is subscribed to and logged in to.
const MOST: u8 = 2;

impl Parser for Stratum {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        if context.after_gap {
            self.told = 0;
        }
        let end = memchr::memchr(b'\n', bytes).map(|end| end.saturating_add(1));
        let used = end.unwrap_or(bytes.len());
        if self.told >= MOST || !context.from_client {
            return Step::Kept { used };
        }
        let line = bytes.get(..used).unwrap_or(bytes);
        let Some((operation, method)) = asked(line) else { return Step::Kept { used } };
        self.told = self.told.saturating_add(1);
        operation.tell(record);
        record.role = Role::Unsolicited;
        record.set(METHOD, Value::Name(method));
        Step::Message { used }
    }
}
