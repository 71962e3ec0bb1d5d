//! Events about a conversation itself: content that does not go with its port, how much was carried, how it ended.

use super::bind::Remark;
use super::{roles, Consumer, Reader, Stamp};
use crate::event::Event;
use crate::flow::{Binding, Flow};
use crate::ledger::{add, Ledger};
use crate::marks::Marks;
use crate::protocol::flow::{self as fields, Optional, Told};
use crate::protocol::{self, place_of};

/// Changes of the way that are told of one conversation.
const PATH_CHANGES: u8 = 4;

impl Reader {
    #[cold]
    pub(super) fn remark<C: Consumer>(
        &mut self,
        flow: &mut Flow,
        remark: Remark,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        let (told, expected) = match remark {
            Remark::WrongPort { expected } => (Told::WrongPort, expected),
            Remark::UnknownContent { expected } => (Told::UnknownContent, expected),
        };
        let expected = protocol::at(expected).map(|protocol| protocol.name);
        self.about(flow, told, expected, stamp, ledger, consumer);
    }

    /// A direction has carried twice as much as when it was last told.
    #[cold]
    pub fn about_volume<C: Consumer>(&mut self, flow: &mut Flow, stamp: &Stamp, ledger: &mut Ledger, consumer: &mut C) {
        if consumer.wants_flows(Optional::Volume) {
            self.about(flow, Told::Volume, None, stamp, ledger, consumer);
        }
    }

    /// A side's packets come with another time to live than before: they take another way.
    #[cold]
    pub fn about_path<C: Consumer>(
        &mut self,
        flow: &mut Flow,
        side: usize,
        (ttl, mac): (u8, Option<[u8; 6]>),
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        let Some(before) = flow.ttl.get_mut(side).map(|known| std::mem::replace(known, ttl)) else { return };
        // The first one of a side is no change, and a way that goes to and fro was told.
        if before == 0 || flow.ttl_changes >= PATH_CHANGES || !consumer.wants_flows(Optional::Path) {
            return;
        }
        flow.ttl_changes = flow.ttl_changes.saturating_add(1);
        let known = flow.sides.get(side).map(|side| side.mac);
        let mac_changed = mac.is_some() && mac != known;
        let told = Told::Path { from_client: side == flow.client(), before, after: ttl, mac_changed };
        self.about(flow, told, None, stamp, ledger, consumer);
    }

    /// `expected`: what the server's port is for, where that is not what is spoken.
    #[cold]
    pub fn about<C: Consumer>(
        &mut self,
        flow: &mut Flow,
        told: Told,
        expected: Option<&'static str>,
        stamp: &Stamp,
        ledger: &mut Ledger,
        consumer: &mut C,
    ) {
        const PLACE: usize = place_of("flow") as usize;
        add(&mut ledger.events, 1);
        self.record.clear();
        let spoken = match &flow.binding {
            Binding::Bound(place, _) => protocol::at(usize::from(*place)).map(|protocol| protocol.name),
            _ => None,
        };
        let client = flow.client();
        let carried = [flow.volume.of(client), flow.volume.of(usize::from(client == 0))];
        let seconds = stamp.now_ns.saturating_sub(flow.opened_ns()) / 1_000_000_000;
        fields::describe(&mut self.record, told, [spoken, expected], carried, seconds);
        let (client, server) = roles(&flow.sides, client);
        fields::describe_direction(&mut self.record, client.ip, server.ip);
        let mut event = Event {
            ts_ns: stamp.ts_ns,
            number: stamp.number,
            input: stamp.input,
            segment: flow.segment,
            protocol: PLACE,
            family: PLACE,
            transport: flow.transport,
            vlan: stamp.vlan,
            from_client: match told {
                Told::Conflict { from_client } | Told::Path { from_client, .. } => from_client,
                // Whoever began asked, whatever side of the conversation its ports make it.
                Told::Fruitless { .. } | Told::Public | Told::Regular { .. } => flow.began_by_client(),
                _ => true,
            },
            client,
            server,
            record: &self.record,
            bytes: &[],
            asked: None,
            link: None,
            // `stream.conflict`
            stream_flaws: u8::from(matches!(told, Told::Conflict { .. })) << 1,
        };
        // What rooms remember of the conversation is about its own protocol.
        let mut marks = Marks { evidence: flow.marks.evidence, ..Marks::default() };
        consumer.message(&mut event, &mut marks, &flow.hash().to_be_bytes());
        flow.marks.evidence = marks.evidence;
    }
}
