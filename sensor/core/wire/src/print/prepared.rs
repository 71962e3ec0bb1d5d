//! Parts of lines that come again, written once: who speaks to whom is half of every line of a conversation, and what a
//! message does is said in the same words every time.

use crate::event::{Endpoint, Event};
use crate::limits::PREPARED_PARTS;
use crate::value::{Class, Outcome, Role};

/// What the base fields from `file.name` to `server.port` are made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Talk {
    client: Endpoint,
    server: Endpoint,
    protocol: usize,
    input: u16,
    segment: u16,
    vlan: Option<u16>,
    transport: u8,
    from_client: bool,
}

impl From<&Event<'_>> for Talk {
    #[inline]
    fn from(event: &Event<'_>) -> Self {
        Self {
            client: *event.client,
            server: *event.server,
            protocol: event.protocol,
            input: event.input,
            segment: event.segment,
            vlan: event.vlan,
            transport: event.transport,
            from_client: event.from_client,
        }
    }
}

/// What those from `message.kind` to `event.outcome` are made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deed {
    name: &'static str,
    operation: u32,
    role: Role,
    class: Class,
    outcome: Outcome,
}

impl From<&Event<'_>> for Deed {
    #[inline]
    fn from(event: &Event<'_>) -> Self {
        let record = event.record;
        Self {
            name: record.operation_name,
            operation: record.operation,
            role: record.role,
            class: record.class,
            outcome: record.outcome,
        }
    }
}

/// Where a part is looked for: any number, as different as parts are.
pub trait Spread {
    fn spread(&self) -> u64;
}

impl Spread for Talk {
    #[inline]
    fn spread(&self) -> u64 {
        let ports = u64::from(self.client.port) << 16 ^ u64::from(self.server.port) << 32 ^ u64::from(self.from_client);
        let stations = [self.client.mac, self.server.mac]
            .map(|[.., a, b, c]| u64::from(a) << 16 | u64::from(b) << 8 | u64::from(c));
        let [client, server] = stations;
        ports ^ client << 24 ^ server
    }
}

impl Spread for Deed {
    #[inline]
    fn spread(&self) -> u64 {
        u64::from(self.operation) << 16 ^ (self.role as u64) << 8 ^ self.outcome as u64
    }
}

/// Parts by what they are made of, each at one place only: another that comes there takes it.
#[derive(Debug)]
pub struct Prepared<Of> {
    /// None until the first is asked for.
    places: Vec<(Option<Of>, Vec<u8>)>,
}

impl<Of> Default for Prepared<Of> {
    fn default() -> Self {
        Self { places: Vec::new() }
    }
}

impl<Of: Copy + PartialEq + Spread> Prepared<Of> {
    /// The part that `write` makes for everything that is equal to `of`.
    #[inline]
    pub fn part(&mut self, of: Of, write: impl FnOnce(&mut Vec<u8>)) -> &[u8] {
        if self.places.is_empty() {
            self.places.resize_with(PREPARED_PARTS, || (None, Vec::new()));
        }
        // The upper half of a product with an odd number depends on all lower digits (Knuth, 6.4).
        let place = (of.spread().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % PREPARED_PARTS;
        let Some((known, text)) = self.places.get_mut(place) else { return &[] };
        if known.as_ref() != Some(&of) {
            *known = Some(of);
            text.clear();
            write(text);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Spread for u64 {
        fn spread(&self) -> u64 {
            self % 3 // so that different ones meet
        }
    }

    #[test]
    fn a_part_is_made_once_until_another_takes_its_place() {
        let (mut prepared, mut made) = (Prepared::<u64>::default(), 0);
        for (of, makes) in [(1, 1), (1, 1), (2, 2), (1, 2), (4, 3), (4, 3), (1, 4)] {
            let part = prepared.part(of, |out| {
                made += 1;
                out.extend_from_slice(of.to_string().as_bytes());
            });
            assert_eq!(part, of.to_string().as_bytes());
            assert_eq!(made, makes, "{of}");
        }
    }
}
