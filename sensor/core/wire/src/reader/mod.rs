//! Bytes of one direction → messages → events: binding a conversation to its protocol, pairing answers with requests.

mod about;
mod bind;

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use bind::{bind, Bound};

use crate::event::{Asked, Endpoint, Event};
use crate::flow::{Binding, Flow};
use crate::ledger::{add, Ledger, Skip};
use crate::marks::Marks;
use crate::neighbours::Claim;
use crate::packet::Packet;
use crate::pairing::{first_object, Folds, Match, Pending, Waiting};
use crate::protocol::flow::Optional;
use crate::protocol::{Context, Step};
use crate::site::{points, Site};
use crate::value::{Outcome, Record, Role};

/// What the rooms behind the parsers do with what is found.
pub trait Consumer {
    /// A packet of a conversation, before it is read.
    fn packet(&mut self, _marks: &mut Marks, _packet: &Packet<'_>) {}
    /// A packet of that conversation brought only what was seen before.
    fn retransmission(&mut self, _marks: &Marks) {}
    /// So many bytes of that conversation were given up.
    fn gap(&mut self, _marks: &mut Marks, _bytes: u64) {}
    /// A station was seen on a new conversation.
    fn station(&mut self, segment: u16, endpoint: &Endpoint, vlan: Option<u16>, ts_ns: u64);
    /// One message. Returns the folds (alerts) that want to hear how it was answered.
    fn message(&mut self, event: &mut Event<'_>, marks: &mut Marks, digest: &[u8]) -> Folds;
    /// Whether it wants to hear that of conversations: each is an event.
    fn wants_flows(&self, _what: Optional) -> bool {
        false
    }
    /// The answer to a message that raised these folds.
    fn outcome(&mut self, folds: Folds, outcome: Outcome, event: &Event<'_>);
}

/// The packet that is being read: what its events are stamped with.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    pub number: u64,
    pub ts_ns: u64,
    /// Engine time: what waiting is measured by, because packet time may jump.
    pub now_ns: u64,
    pub input: u16,
    pub vlan: Option<u16>,
    pub segment: u16,
    pub transport: u8,
}

/// How far reading came, and what the last step made of the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub used: usize,
    /// Bytes from the front that the parser wants before it is called again.
    pub need: usize,
    /// `None`: the bytes went into messages.
    pub skip: Option<Skip>,
    /// The parser keeps some of the bytes itself.
    pub kept: bool,
}

/// Packets in a row that are nothing of the bound protocol, after which it is asked again whose conversation this is.
const MISFITS: u8 = 8;

/// Reads messages; owns what is reused from message to message.
pub struct Reader {
    record: Record,
    site: Arc<Site>,
    waiting: points::Waiting,
}

impl Reader {
    pub fn new(site: Arc<Site>) -> Self {
        Self { record: Record::default(), site, waiting: points::Waiting::default() }
    }

    /// What the ARP message that comes next says against others.
    pub fn heard(&mut self, claim: Claim) {
        self.record.claim = claim;
    }

    /// Read every whole message at the front of `bytes`, sent by `side`.
    #[inline(never)]
    pub fn read<C: Consumer>(
        &mut self,
        flow: &mut Flow,
        side: usize,
        bytes: &[u8],
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) -> Progress {
        self.read_here(flow, side, bytes, stamp, ledger, consumer)
    }

    /// [`Reader::read`] as a part of its caller: for the one place that nearly all messages come by.
    #[inline(always)]
    pub fn read_here<C: Consumer>(
        &mut self,
        flow: &mut Flow,
        side: usize,
        bytes: &[u8],
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) -> Progress {
        let mut progress = Progress { used: 0, need: 0, skip: None, kept: !self.site.points.is_empty() };
        if !matches!(flow.binding, Binding::Bound(..)) {
            let (bound, remark) = bind(flow, side, bytes, &self.site);
            if let Some(remark) = remark {
                self.remark(flow, remark, stamp, ledger, consumer);
            }
            match bound {
                Bound::Yes => {}
                Bound::No => return Progress { used: bytes.len(), skip: Some(Skip::NoParser), ..progress },
                Bound::TooShort => return Progress { need: bytes.len().saturating_add(1), ..progress },
            }
        }
        while let Some(rest) = bytes.get(progress.used..).filter(|rest| !rest.is_empty()) {
            let flow_client = flow.client();
            let Some(half) = flow.halves.get_mut(side) else { break };
            let after_gap = half.after_gap;
            let (client, server) = roles(&flow.sides, flow_client);
            let context = Context {
                from_client: side == flow_client,
                after_gap,
                transport: flow.transport,
                ts_ns: stamp.ts_ns,
                client,
                server,
                site: &self.site,
            };
            let Binding::Bound(protocol, parser) = &mut flow.binding else { break };
            let family = usize::from(*protocol);
            self.record.clear();
            let record = &mut self.record;
            // A parser that panics is a defect of ours: it costs this conversation, not the sensor.
            let step = catch_unwind(AssertUnwindSafe(|| parser.message(rest, &context, record)));
            let (used, told) = match step {
                Ok(Step::Message { used }) => (used, true),
                Ok(Step::Kept { used }) => {
                    progress.kept = true;
                    (used, false)
                }
                Ok(Step::Short { need }) => {
                    progress.need = need;
                    return progress;
                }
                Ok(Step::Lost { used }) => {
                    progress.used = progress.used.saturating_add(used.clamp(1, rest.len()));
                    progress.skip = Some(Skip::NotProtocol);
                    half.after_gap = true;
                    continue;
                }
                Err(_) => {
                    flow.binding = Binding::Nobody;
                    return Progress { used: bytes.len(), skip: Some(Skip::Panic), ..progress };
                }
            };
            let used = used.clamp(1, rest.len());
            half.after_gap = false;
            progress.used = progress.used.saturating_add(used);
            progress.skip = None;
            if told {
                if self.record.from_client.is_some_and(|from_client| from_client != (side == flow.client())) {
                    flow.turn();
                }
                let message = rest.get(..used).unwrap_or(rest);
                self.tell(flow, family, side, after_gap, message, stamp, ledger, consumer);
            }
        }
        if progress.skip.is_none() {
            flow.misfits = 0;
        } else {
            flow.misfits = flow.misfits.saturating_add(1);
            if flow.misfits >= MISFITS {
                // One payload that looked like something else must not blind us to the rest.
                flow.misfits = 0;
                flow.binding = Binding::Unknown(0);
            }
        }
        progress
    }

    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn tell<C: Consumer>(
        &mut self,
        flow: &mut Flow,
        family: usize,
        side: usize,
        after_gap: bool,
        bytes: &[u8],
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        add(&mut ledger.events, 1);
        let from_client = side == flow.client();
        let (client, server) = roles(&flow.sides, flow.client());
        let mut stream_flaws = 0;
        if after_gap && flow.halves.get(side).is_some_and(|half| half.lost_before) {
            stream_flaws = 1;
        }
        for inside in &self.site.described.inside {
            inside.read(family, &mut self.record, bytes, &self.site);
        }
        let mut found: Option<Waiting> = None;
        let mut asked: Option<&Asked> = None;
        if let (Role::Response, Some(reference)) = (self.record.role, self.record.reference) {
            match flow.pairing.answer(reference, !from_client, &self.record) {
                Match::Found(place) => {
                    found = Some(place);
                    asked = flow.pairing.at(place).map(|pending| &pending.asked);
                    let operation = asked.map_or(0, |asked| asked.operation);
                    if self.record.operation == 0 {
                        // A fault names no operation of its own: it answers the one that was asked for.
                        self.record.operation = operation;
                    } else if operation != self.record.operation {
                        stream_flaws |= 1 << 3;
                    }
                }
                Match::Missing => stream_flaws |= 1 << 2,
                Match::BeforeOurTime => {}
            }
        }
        if !self.site.points.is_empty() {
            let of = (flow.hash(), self.record.protocol.map_or(family, usize::from), server.ip);
            self.waiting.look(&self.site.points, of, from_client, &mut self.record, bytes);
        }
        let mut event = Event {
            ts_ns: stamp.ts_ns,
            number: stamp.number,
            input: stamp.input,
            segment: stamp.segment,
            protocol: self.record.protocol.map_or(family, usize::from),
            family,
            transport: stamp.transport,
            vlan: stamp.vlan,
            from_client,
            client,
            server,
            record: &self.record,
            bytes,
            asked,
            link: None,
            stream_flaws,
        };
        let folds = consumer.message(&mut event, &mut flow.marks, bytes);
        let facts = event.link;
        if let Some(place) = found {
            let waiting = flow.pairing.at(place).filter(|pending| !pending.folds.is_empty());
            if let Some(pending) = waiting {
                consumer.outcome(pending.folds, self.record.outcome, &event);
            }
            flow.pairing.forget(place);
        }
        if let (Role::Request, Some(reference)) = (self.record.role, self.record.reference) {
            let Record { operation, class, long_poll, .. } = self.record;
            let Stamp { now_ns, number, ts_ns, .. } = *stamp;
            let object = first_object(self.record.objects());
            let asked = || Asked { number, ts_ns, operation, class, facts };
            let (unanswered, evicted) = flow.pairing.ask(|| Pending {
                reference,
                now_ns,
                asked: asked(),
                object,
                folds,
                from_client,
                long_poll,
            });
            add(&mut ledger.notes.requests_unanswered, unanswered);
            add(&mut ledger.notes.requests_evicted, evicted);
        }
    }
}

fn roles(sides: &[Endpoint; 2], client: usize) -> (&Endpoint, &Endpoint) {
    let [low, high] = sides;
    if client == 0 {
        (low, high)
    } else {
        (high, low)
    }
}
