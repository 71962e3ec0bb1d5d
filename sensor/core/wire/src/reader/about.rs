//! Events about a conversation itself: content that does not go with its port, how much was carried, how it ended.

use super::bind::Remark;
use super::{roles, Consumer, Reader, Stamp};
use crate::event::Event;
use crate::flow::{Binding, Flow};
use crate::ledger::{add, Ledger};
use crate::marks::Marks;
use crate::protocol::flow::{self as fields, Told};
use crate::protocol::{self, place_of};

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
        if consumer.wants_flows() {
            self.about(flow, Told::Volume, None, stamp, ledger, consumer);
        }
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
        let mut event = Event {
            ts_ns: stamp.ts_ns,
            number: stamp.number,
            input: stamp.input,
            segment: flow.segment,
            protocol: PLACE,
            family: PLACE,
            transport: flow.transport,
            vlan: stamp.vlan,
            from_client: !matches!(told, Told::Conflict { from_client: false }),
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
