//! s7comm: the parser follows in its own change.

use super::{Context, Parser, Probe, Protocol, Step};
use crate::value::Record;

pub const PROTOCOL: Protocol = Protocol {
    name: "s7comm",
    fields: &[],
    flaws: &[],
    ports: &[],
    probe: |_| Probe::No,
    parser: || Box::new(Nothing),
};

struct Nothing;

impl Parser for Nothing {
    fn message(&mut self, bytes: &[u8], _context: &Context, _record: &mut Record) -> Step {
        Step::Lost { used: bytes.len() }
    }
}
