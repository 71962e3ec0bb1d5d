//! One conversation of one protocol, both directions, given to its parser as the engine does: in pieces of any length,
//! with losses.
//!
//! ```text
//! how it travels u8 | pieces: sent by the server 1, after a loss 2, as it is 4 (else framed, where the kind is framed)
//! ```

use std::sync::LazyLock;

use wire::event::{Endpoint, Event};
use wire::print::Names;
use wire::protocol::{at, Context, Parser, Protocol, Scope, Step, TCP};
use wire::site::Site;
use wire::value::Record;

use crate::messages::{messages, most_kept, protocol_of};
use crate::pieces::Pieces;
use crate::reading::{ascii_of, rtu_of};
use crate::{printed, record};

pub const LIST: (usize, usize) = (1, 1);
pub const LONGEST: usize = 512;
pub const SERVER: u8 = 1;
const LOSS: u8 = 2;
pub const AS_IT_IS: u8 = 4;

static NAMES: LazyLock<Names> = LazyLock::new(|| Names { inputs: vec!["fuzz".into()], ..Names::default() });

struct Talk {
    place: usize,
    transport: u8,
    parser: Box<dyn Parser>,
    record: Record,
    ends: [Endpoint; 2],
    /// Of the client's direction and the server's: what waits for more, how much is wanted, whether something was lost.
    halves: [Half; 2],
    /// Bytes given so far: what can have been kept.
    given: usize,
}

#[derive(Default)]
struct Half {
    front: Vec<u8>,
    need: usize,
    after_gap: bool,
}

/// A message as a frame, where the kind is framed.
fn framed(kind: &str, content: &[u8]) -> Option<Vec<u8>> {
    match kind {
        "modbus/rtu" | "press_link" => Some(rtu_of(content)),
        "modbus/ascii" => Some(ascii_of(content)),
        _ => None,
    }
}

/// What is talked: a protocol, in one of its framings.
pub struct Kind {
    name: &'static str,
    place: usize,
    /// A message that stands for itself, and whether the client sends it.
    good: (bool, Vec<u8>),
}

impl Kind {
    pub fn new(name: &'static str) -> Self {
        let place = wire::protocol::place(protocol_of(name).name).expect("a known protocol");
        Self { name, place, good: messages(name).swap_remove(0) }
    }

    pub fn run(&self, input: &[u8]) {
        let Some((transport, list)) = input.split_first() else { return };
        let mut talk = Talk::new(self.place, *transport);
        for piece in Pieces::new(list, LIST.1) {
            let how = piece.head[0];
            let frame = if how & AS_IT_IS == 0 { framed(self.name, piece.content) } else { None };
            talk.piece(frame.as_deref().unwrap_or(piece.content), usize::from(how & SERVER), how & LOSS != 0);
        }
        talk.recovers(&self.good);
    }
}

impl Talk {
    fn new(place: usize, transport: u8) -> Self {
        let protocol = at(place).expect("a known protocol");
        let spoken = protocol.spoken.as_ref().expect("a protocol with a parser");
        let end = |last, port| Endpoint { ip: [10, 0, 0, last].into(), port, mac: [2, 0, 0, 0, 0, last] };
        Self {
            place,
            transport: spoken.transports[usize::from(transport) % spoken.transports.len()],
            parser: (spoken.parser)(),
            record: Record::default(),
            ends: [end(1, 40000), end(2, spoken.ports.first().copied().unwrap_or(0))],
            halves: Default::default(),
            given: 0,
        }
    }

    fn protocol(&self) -> &'static Protocol {
        at(self.place).expect("a known protocol")
    }

    fn piece(&mut self, content: &[u8], side: usize, lost: bool) {
        self.protocol().probe(content, self.transport);
        self.given += content.len();
        let half = &mut self.halves[side];
        if lost || self.transport != TCP {
            half.front.clear();
            half.need = 0;
            half.after_gap = lost;
        }
        half.front.extend_from_slice(content);
        if half.front.len() >= half.need {
            let mut front = std::mem::take(&mut half.front);
            let (used, need) = self.read(&front, side);
            front.drain(..used);
            let half = &mut self.halves[side];
            (half.front, half.need) = (front, need);
        }
    }

    /// Every whole message at the front. Returns how far it came, and how many bytes are wanted from there.
    fn read(&mut self, bytes: &[u8], side: usize) -> (usize, usize) {
        let mut front = 0;
        while front < bytes.len() {
            let rest = &bytes[front..];
            let step = self.step(rest, side);
            match step {
                Step::Short { need } => {
                    assert!(need > rest.len(), "wants {need} and was given {}", rest.len());
                    return (front, need);
                }
                Step::Message { used } | Step::Kept { used } | Step::Lost { used } => {
                    assert!(used > 0 && used <= rest.len(), "{step:?} of {}", rest.len());
                    front += used;
                    self.halves[side].after_gap = matches!(step, Step::Lost { .. });
                    if matches!(step, Step::Message { .. }) {
                        self.tell(&rest[..used], side);
                    }
                }
            }
            let kept = self.parser.kept_bytes();
            assert!(kept <= most_kept(), "{kept} bytes are kept");
        }
        (front, 0)
    }

    fn step(&mut self, rest: &[u8], side: usize) -> Step {
        let [client, server] = &self.ends;
        let (after_gap, transport) = (self.halves[side].after_gap, self.transport);
        let context =
            Context { from_client: side == 0, after_gap, transport, ts_ns: 0, client, server, site: &Site::shared() };
        self.record.clear();
        self.parser.message(rest, &context, &mut self.record)
    }

    /// Every record is checked; one message in sixteen, as its bytes decide, is printed as well: that takes longer than all
    /// parsing.
    fn tell(&self, message: &[u8], side: usize) {
        let protocol = record::check(&self.record, self.place, message);
        let hash = message.iter().fold(1, |hash: u32, byte| hash.wrapping_mul(0x0100_0193) ^ u32::from(*byte));
        if hash >> 8 & 15 != 0 {
            return;
        }
        let [client, server] = &self.ends;
        let event = Event {
            ts_ns: 1_760_000_000_000_000_000,
            number: 1,
            input: 0,
            segment: 0,
            protocol,
            family: self.place,
            transport: self.transport,
            vlan: None,
            from_client: side == 0,
            client,
            server,
            record: &self.record,
            bytes: message,
            asked: None,
            link: None,
            stream_flaws: 0,
        };
        printed::check(&event, &NAMES, self.given);
    }

    /// Whatever came before, a plant's message behind a loss is read. (What offices speak may have turned to TLS.)
    fn recovers(&mut self, (from_client, good): &(bool, Vec<u8>)) {
        let protocol = self.protocol();
        let first = protocol.spoken.as_ref().map(|spoken| spoken.transports[0]);
        if protocol.scope != Scope::Plant || first != Some(self.transport) {
            return;
        }
        let side = usize::from(!from_client);
        // It may well be a flaw that the other side is in the middle of something.
        let unfinished = self.parser.kept_bytes() > 0;
        self.halves[side].after_gap = true;
        let step = self.step(good, side);
        assert_eq!(step, Step::Message { used: good.len() }, "a good message behind a loss: {:?}", self.record);
        let flaws = self.record.flaws;
        assert!(flaws == 0 || unfinished, "a good message behind a loss has flaws {flaws:x}");
    }
}
