//! Conversations themselves, whatever they speak: content that does not go with its port, how much was carried, how it
//! ended. No parser: the streams tell it.

use std::net::IpAddr;

use super::{Protocol, Scope};
use crate::value::{field, slots, Class, Kind, Record, Role, Value};

pub const PROTOCOL: Protocol =
    Protocol { name: "flow", fields: FIELDS, flaws: &[], scope: Scope::Network, spoken: None };

slots! {
    SPOKEN = 0 => field("flow.protocol", Kind::Text);
    EXPECTED = 1 => field("flow.expected", Kind::Text);
    FROM_CLIENT = 2 => field("flow.bytes_from_client", Kind::Unsigned);
    FROM_SERVER = 3 => field("flow.bytes_from_server", Kind::Unsigned);
    SECONDS = 4 => field("flow.seconds", Kind::Unsigned);
    REASON = 5 => field("flow.reason", Kind::Text);
    ANSWERED_BEFORE = 6 => field("flow.answered_before", Kind::Boolean);
    DIRECTION = 7 => field("flow.direction", Kind::Text);
    TTL = 8 => field("flow.ttl", Kind::Unsigned);
    FORMER_TTL = 9 => field("flow.former_ttl", Kind::Unsigned);
    MAC_CHANGED = 10 => field("flow.mac_changed", Kind::Boolean);
    CALLS = 11 => field("flow.calls", Kind::Unsigned);
    PERIOD_MS = 12 => field("flow.period_ms", Kind::Unsigned);
    SERVICES = 13 => field("flow.services", Kind::Unsigned);
}

/// What there is to tell of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It speaks another protocol than the server's port is for.
    WrongPort,
    /// The server's port is for a protocol that this is not, nor any other that is known.
    UnknownContent,
    /// A direction has carried twice as much as when it was last told.
    Volume,
    Ended(Reason),
    /// It began, and nothing came of it. `answered_before`: the two have spoken at this port, so that it is no search.
    Fruitless {
        reason: Fruitless,
        answered_before: bool,
    },
    /// The packets of one side come with another time to live than before, and perhaps from another MAC.
    Path {
        from_client: bool,
        before: u8,
        after: u8,
        mac_changed: bool,
    },
    /// It began, and one of the two has an address of the internet.
    Public,
    /// It is one more of a station's calls to the internet, and these have a rhythm.
    Regular {
        calls: u32,
        period_ms: u64,
    },
    /// It is one more service of a station that this client has tried within a second.
    Services {
        count: u64,
    },
    /// One side goes on, and nothing at all is seen of the other.
    OneSided,
    /// A retransmission brought other bytes than what came first.
    Conflict {
        from_client: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Both sides said so, or the ports are used again.
    Closed,
    Reset,
    /// Nothing was heard for `limits::FLOW_IDLE_NS`.
    Idle,
    /// Pushed out by newer ones.
    Evicted,
    /// Nothing more will come to this engine.
    EndOfInput,
}

/// How a conversation began in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fruitless {
    /// Nothing came back within `limits::FIRST_ANSWER_S`.
    Unanswered,
    /// A reset answered the SYN (RFC 9293 3.10.7.1): nobody listens at that port.
    Refused,
    /// The connection was made, and ended before either side said anything.
    Abandoned,
    /// The connection was made, and neither side has said anything within `limits::FIRST_ANSWER_S`.
    Silent,
}

/// What is told only where somebody asks for it, because it costs an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optional {
    Volume,
    Ended,
    Fruitless,
    Public,
    Path,
    Regular,
    Services,
    OneSided,
}

impl Optional {
    pub const ALL: [Self; 8] = [
        Self::Volume,
        Self::Ended,
        Self::Fruitless,
        Self::Public,
        Self::Path,
        Self::Regular,
        Self::Services,
        Self::OneSided,
    ];

    /// Number and name of the operation.
    pub const fn operation(self) -> (u32, &'static str) {
        match self {
            Self::Volume => (3, "volume"),
            Self::Ended => (4, "ended"),
            Self::Fruitless => (6, "fruitless"),
            Self::Public => (7, "public"),
            Self::Path => (8, "path_changed"),
            Self::Regular => (9, "regular_calls"),
            Self::Services => (10, "services_at_once"),
            Self::OneSided => (11, "one_sided"),
        }
    }
}

/// Where a conversation goes, seen from the plant: ECS `network.direction`.
pub fn direction(client: IpAddr, server: IpAddr) -> &'static str {
    match (is_public(client), is_public(server)) {
        (false, false) => "internal",
        (false, true) => "outbound",
        (true, false) => "inbound",
        (true, true) => "external",
    }
}

/// An address that the internet routes: none of IANA's registries of special-purpose addresses (RFC 6890 and its updates:
/// private RFC 1918, shared RFC 6598, link-local RFC 3927, documentation RFC 5737 and 3849, benchmarks RFC 2544, unique
/// local RFC 4193), no group and no broadcast.
#[inline]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            !(matches!(a, 0 | 10 | 127 | 224..)
                || matches!((a, b), (100, 64..=127) | (169, 254) | (172, 16..=31) | (192, 168) | (198, 18 | 19))
                || matches!((a, b, c), (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113)))
        }
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(inner) => is_public(inner.into()),
            // Global unicast is 2000::/3 (RFC 4291 2.4); of it 2001::/23 and the documentation blocks are special.
            None => match ip.segments() {
                [0x2001, 0x0db8 | 0..=0x01ff, ..] | [0x3fff, 0..=0x0fff, ..] => false,
                [first, ..] => first & 0xe000 == 0x2000,
            },
        },
    }
}

/// `protocols`: what is spoken, and what the port is for. `carried`: bytes from the client and from the server.
pub fn describe(
    record: &mut Record,
    told: Told,
    protocols: [Option<&'static str>; 2],
    carried: [u64; 2],
    seconds: u64,
) {
    let [spoken, expected] = protocols;
    let [from_client, from_server] = carried;
    (record.operation, record.operation_name) = match told {
        Told::WrongPort => (1, "wrong_port"),
        Told::UnknownContent => (2, "unknown_content"),
        Told::Volume => Optional::Volume.operation(),
        Told::Ended(_) => Optional::Ended.operation(),
        Told::Fruitless { .. } => Optional::Fruitless.operation(),
        Told::Public => Optional::Public.operation(),
        Told::Path { .. } => Optional::Path.operation(),
        Told::Regular { .. } => Optional::Regular.operation(),
        Told::Services { .. } => Optional::Services.operation(),
        Told::OneSided => Optional::OneSided.operation(),
        Told::Conflict { .. } => (5, "conflicting_retransmission"),
    };
    (record.role, record.class) = (Role::Unsolicited, Class::Other);
    record.set(SPOKEN, Value::Name(spoken.unwrap_or("unknown")));
    if let Some(expected) = expected {
        record.set(EXPECTED, Value::Name(expected));
    }
    record.set_u(FROM_CLIENT, from_client);
    record.set_u(FROM_SERVER, from_server);
    record.set_u(SECONDS, seconds);
    match told {
        Told::Path { before, after, mac_changed, .. } => {
            record.set_u(TTL, after);
            record.set_u(FORMER_TTL, before);
            record.set(MAC_CHANGED, Value::Bool(mac_changed));
        }
        Told::Regular { calls, period_ms } => {
            record.set_u(CALLS, calls);
            record.set_u(PERIOD_MS, period_ms);
        }
        Told::Services { count } => record.set_u(SERVICES, count),
        _ => {}
    }
    let reason = match told {
        Told::Ended(reason) => Some(match reason {
            Reason::Closed => "closed",
            Reason::Reset => "reset",
            Reason::Idle => "idle",
            Reason::Evicted => "evicted",
            Reason::EndOfInput => "end_of_input",
        }),
        Told::Fruitless { reason, answered_before } => {
            record.set(ANSWERED_BEFORE, Value::Bool(answered_before));
            Some(match reason {
                Fruitless::Unanswered => "unanswered",
                Fruitless::Refused => "refused",
                Fruitless::Abandoned => "abandoned",
                Fruitless::Silent => "silent",
            })
        }
        Told::WrongPort
        | Told::UnknownContent
        | Told::Volume
        | Told::Public
        | Told::Path { .. }
        | Told::Regular { .. }
        | Told::Services { .. }
        | Told::OneSided
        | Told::Conflict { .. } => None,
    };
    if let Some(reason) = reason {
        record.set(REASON, Value::Name(reason));
    }
}

/// Where it goes.
pub fn describe_direction(record: &mut Record, client: IpAddr, server: IpAddr) {
    record.set(DIRECTION, Value::Name(direction(client, server)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses() {
        for (text, public) in [
            ("10.0.0.1", false),
            ("172.31.0.1", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("192.169.1.1", true),
            ("100.64.0.1", false),
            ("100.128.0.1", true),
            ("169.254.1.1", false),
            ("127.0.0.1", false),
            ("0.0.0.0", false),
            ("224.0.0.251", false),
            ("255.255.255.255", false),
            ("203.0.113.9", false),
            ("203.0.114.9", true),
            ("8.8.8.8", true),
            ("::1", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("ff02::1", false),
            ("2001:db8::1", false),
            ("2001:4860:4860::8888", true),
            ("::ffff:10.0.0.1", false),
            ("::ffff:8.8.8.8", true),
        ] {
            assert_eq!(is_public(text.parse().expect(text)), public, "{text}");
        }
        let [inside, outside]: [IpAddr; 2] = [[10, 0, 0, 1].into(), [8, 8, 8, 8].into()];
        assert_eq!([direction(inside, outside), direction(outside, inside)], ["outbound", "inbound"]);
        assert_eq!([direction(inside, inside), direction(outside, outside)], ["internal", "external"]);
    }
}
