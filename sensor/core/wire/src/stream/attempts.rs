//! Conversations that begin and come to nothing: what scans and floods are made of.
//!
//! Each new conversation is looked at once, some seconds after its first packet or when it ends before: was there an
//! answer, was anything said? What was in vain is told where somebody asks for it. Services that have answered a station
//! are remembered: one that is switched off later is no search for something new. One that goes on to answer that station
//! in another conversation meanwhile is not switched off: whoever has a connection and tries for one more is looking.
//!
//! Where one side of connections goes on and the other is never seen, the capture shows one direction only. That is told
//! as what it is; and what else the two ask of each other counts as answered before.

use std::collections::VecDeque;

use super::calls::{directed, Rhythm};
use super::half::Half;
use super::{is_group, Streams};
use crate::event::Endpoint;
use crate::flow::Flow;
use crate::frame::{tcp, Frame, Layer4};
use crate::hash::flow_hash;
use crate::ledger::Ledger;
use crate::limits;
use crate::protocol::flow::{is_public, Fruitless, Optional, Reason, Told};
use crate::protocol::{ICMP, ICMP6, TCP, UDP};
use crate::reader::{Consumer, Stamp};
use crate::recent::Recent;

/// Waiting for the first answer.
struct Attempt {
    slot: u32,
    /// Of the flow: another one may stand in its place by now.
    opened_s: u32,
    hash: u64,
    /// It asks for an answer, so that none is worth telling.
    asks: bool,
    /// Of its first packet.
    stamp: Stamp,
}

pub struct Attempts {
    /// In order of time.
    waiting: VecDeque<Attempt>,
    /// Client and service that has answered, by hash; and the latest conversation in which it did.
    answered: Recent<u64, u32>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), answered: Recent::new(limits::per_shard(limits::ANSWERED)) }
    }
}

impl Streams {
    /// A conversation began with this packet.
    pub(super) fn began<C: Consumer>(
        &mut self,
        slot: u32,
        frame: &Frame<'_>,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        let Some(flow) = self.table.get(slot) else { return };
        if is_public(frame.source) != is_public(frame.destination) && consumer.wants_flows(Optional::Public) {
            self.reader.about(flow, Told::Public, None, stamp, ledger, consumer);
        }
        let pair = || directed(stamp.segment, frame.source, frame.destination);
        if !is_public(frame.source) && is_public(frame.destination) && consumer.wants_flows(Optional::Regular) {
            if let Some(Rhythm { calls, period_ms }) = self.calls.call(pair(), stamp.now_ns) {
                self.reader.about(flow, Told::Regular { calls, period_ms }, None, stamp, ledger, consumer);
            }
        }
        if flow.transport == TCP && asks(frame) && consumer.wants_flows(Optional::Services) {
            if let Some(count) = self.calls.service(pair(), frame.layer4.ports().1, stamp.now_ns) {
                self.reader.about(flow, Told::Services { count }, None, stamp, ledger, consumer);
            }
        }
        let waiting = &mut self.attempts.waiting;
        if waiting.len() < limits::per_shard(limits::ATTEMPTS) && is_asked_for(consumer) {
            let asks = asks(frame);
            // What nobody need answer is of interest only where it may show that a service is there.
            if asks || flow.transport == TCP {
                waiting.push_back(Attempt { slot, opened_s: flow.opened_s(), hash: flow.hash(), asks, stamp: *stamp });
            }
        }
    }

    /// Engine time has come to `now_ns`: conversations that are `wait_s` old are judged.
    pub(super) fn judge_attempts<C: Consumer>(
        &mut self,
        now_ns: u64,
        wait_s: u32,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        while self.attempts.waiting.front().is_some_and(|first| is_due(first.opened_s, wait_s, now_ns)) {
            let Some(Attempt { slot, opened_s, hash, asks, stamp }) = self.attempts.waiting.pop_front() else { return };
            if self.table.at(slot).is_some_and(|flow| flow.opened_s() == opened_s && flow.hash() == hash) {
                self.judge(slot, asks, None, &stamp, ledger, consumer);
            }
        }
    }

    /// It ends. Unless it was judged before, it is now.
    pub(super) fn ended_early<C: Consumer>(
        &mut self,
        slot: u32,
        reason: Reason,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        let Some(flow) = self.table.at(slot) else { return };
        // At the end of everything those that had their time were judged, and nobody knows about the others.
        let early = !is_due(flow.opened_s(), limits::FIRST_ANSWER_S, stamp.now_ns) && reason != Reason::EndOfInput;
        if early && is_asked_for(consumer) {
            // Datagrams end early only where newer ones push them out.
            let asks = match flow.transport {
                TCP => flow.begins_with_syn(),
                transport => transport == UDP && !flow.sides.iter().any(is_many),
            };
            self.judge(slot, asks, Some(reason), stamp, ledger, consumer);
        }
    }

    fn judge<C: Consumer>(
        &mut self,
        slot: u32,
        asks: bool,
        ended: Option<Reason>,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        let Some(service) = self.table.at(slot).map(service) else { return };
        let now_ns = stamp.now_ns;
        let before = self.attempts.answered.get(&service);
        let goes_on = before.filter(|other| *other != slot).and_then(|other| self.table.at(other));
        let answers_now = goes_on.is_some_and(|other| self::service(other) == service && answers(other, now_ns));
        let Some(flow) = self.table.get(slot) else { return };
        let answered = &mut self.attempts.answered;
        if one_sided(flow) {
            answered.insert(unseen(flow), slot);
            if consumer.wants_flows(Optional::OneSided) {
                self.reader.about(flow, Told::OneSided, None, stamp, ledger, consumer);
            }
        }
        match verdict(flow, ended) {
            Some(reason) if asks && consumer.wants_flows(Optional::Fruitless) => {
                let known = before.is_some() && !answers_now;
                let answered_before = known || answered.get(&unseen(flow)).is_some();
                let told = Told::Fruitless { reason, answered_before };
                self.reader.about(flow, told, None, stamp, ledger, consumer);
            }
            Some(_) => {}
            None => answered.insert(service, slot),
        }
    }
}

/// Somebody wants to hear what becomes of beginnings.
fn is_asked_for<C: Consumer>(consumer: &C) -> bool {
    consumer.wants_flows(Optional::Fruitless) || consumer.wants_flows(Optional::OneSided)
}

fn is_due(opened_s: u32, wait_s: u32, now_ns: u64) -> bool {
    // Both are rounded down to the second: one more, so that nobody has less than his time.
    u64::from(opened_s).saturating_add(u64::from(wait_s)) < now_ns / 1_000_000_000
}

/// What became of its beginning; `None`: both sides spoke, or enough is not known of it.
fn verdict(flow: &Flow, ended: Option<Reason>) -> Option<Fruitless> {
    let (client, server) = (flow.client(), usize::from(flow.client() == 0));
    let said = [flow.volume.of(client), flow.volume.of(server)];
    if flow.transport != TCP {
        return said.contains(&0).then_some(Fruitless::Unanswered);
    }
    let [asking, answering] = [flow.halves.get(client)?, flow.halves.get(server)?];
    // A side that was not seen at all may have spoken elsewhere: where the client goes on, it was answered.
    if said != [0, 0] {
        return None;
    }
    asking.initial()?;
    Some(match (answering.started, ended) {
        (false, Some(Reason::Reset)) => Fruitless::Refused,
        (false, _) => Fruitless::Unanswered,
        (true, None) => Fruitless::Silent,
        (true, Some(_)) => Fruitless::Abandoned,
    })
}

/// A connection that goes on, in which all was answered that was asked, a moment ago.
fn answers(flow: &Flow, now_ns: u64) -> bool {
    let late_ns = u64::from(limits::FIRST_ANSWER_S).saturating_mul(1_000_000_000);
    let open = flow.transport == TCP && flow.halves.iter().all(Half::is_plain);
    open && flow.pairing.all_answered() && now_ns.saturating_sub(flow.last_ns) <= late_ns
}

/// A connection of which one side began and goes on, and the other is not there: not even its half of the handshake.
fn one_sided(flow: &Flow) -> bool {
    let goes_on = |side: usize| {
        let [own, other] = [flow.halves.get(side), flow.halves.get(usize::from(side == 0))];
        let (Some(own), Some(other)) = (own, other) else { return false };
        own.initial().is_some() && flow.volume.of(side) > 0 && !other.started
    };
    flow.transport == TCP && (goes_on(0) || goes_on(1))
}

/// Whether a conversation that begins so asks somebody for an answer.
fn asks(frame: &Frame<'_>) -> bool {
    // Who has no address yet, or asks for his own, hopes for none (RFC 5227 2.1).
    if frame.source.is_unspecified() || frame.source == frame.destination {
        return false;
    }
    match (frame.layer4, frame.payload) {
        (Layer4::Tcp { flags, .. }, _) => flags & (tcp::SYN | tcp::ACK) == tcp::SYN,
        // A request, which goes to everybody.
        (Layer4::Arp { .. }, payload) => payload.get(6..8) == Some(&[0, 1]),
        _ if frame.destination.is_multicast() || is_group(frame.destination_mac) => false,
        (Layer4::Udp { .. }, _) => true,
        (Layer4::Other { number: ICMP }, payload) => payload.first() == Some(&8),
        (Layer4::Other { number: ICMP6 }, payload) => payload.first() == Some(&128),
        (Layer4::Other { .. }, _) => false,
    }
}

/// It stands for many stations.
fn is_many(side: &Endpoint) -> bool {
    side.ip.is_multicast() || is_group(side.mac)
}

/// A number for a station and a service that it has been answered by, whatever port it asks from.
fn service(flow: &Flow) -> u64 {
    // Not the same both ways: who was asked may ask everybody else in turn.
    let [low, high] = &flow.sides;
    let server = if flow.client() == 0 { high } else { low };
    flow_hash(asked(flow), (0, server.port), flow.transport)
}

/// A transport that no packet has (255 is reserved): ARP is 0 here, and what answers it has answered nothing else.
const NONE: u8 = u8::MAX;

/// A number for two stations of which only one is seen.
fn unseen(flow: &Flow) -> u64 {
    flow_hash(asked(flow), (0, 0), NONE)
}

/// Who asks, and whom.
fn asked(flow: &Flow) -> u64 {
    let [low, high] = &flow.sides;
    let (client, server) = if flow.client() == 0 { (low, high) } else { (high, low) };
    directed(flow.segment, client.ip, server.ip)
}
