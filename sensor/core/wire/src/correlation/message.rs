//! A whole message, kept. An alert that opens carries the message that opened it, and of thousands that count hardly one
//! opens an alert: to keep them costs a tenth of writing each out.

use crate::event::{Asked, Endpoint, Event, LinkFacts};
use crate::value::Record;

/// What an [`Event`] shows, its own.
#[derive(Debug)]
pub struct Message {
    ts_ns: u64,
    number: u64,
    input: u16,
    segment: u16,
    protocol: usize,
    family: usize,
    transport: u8,
    vlan: Option<u16>,
    from_client: bool,
    client: Endpoint,
    server: Endpoint,
    /// Two kilobytes: moved by its place.
    record: Box<Record>,
    bytes: Box<[u8]>,
    asked: Option<Asked>,
    link: Option<LinkFacts>,
    stream_flaws: u8,
}

impl Message {
    pub fn of(event: &Event<'_>) -> Self {
        let Event { ts_ns, number, input, segment, protocol, family, transport, .. } = *event;
        let Event { vlan, from_client, link, stream_flaws, .. } = *event;
        let (client, server, asked) = (*event.client, *event.server, event.asked.copied());
        let (record, bytes) = (Box::new(event.record.clone()), event.bytes.into());
        Self {
            ts_ns,
            number,
            input,
            segment,
            protocol,
            family,
            transport,
            vlan,
            from_client,
            client,
            server,
            record,
            bytes,
            asked,
            link,
            stream_flaws,
        }
    }

    pub fn event(&self) -> Event<'_> {
        let Self { ts_ns, number, input, segment, protocol, family, transport, vlan, from_client, .. } = *self;
        let Self { client, server, record, bytes, asked, .. } = self;
        let (asked, link, stream_flaws) = (asked.as_ref(), self.link, self.stream_flaws);
        Event {
            ts_ns,
            number,
            input,
            segment,
            protocol,
            family,
            transport,
            vlan,
            from_client,
            client,
            server,
            record,
            bytes,
            asked,
            link,
            stream_flaws,
        }
    }
}
