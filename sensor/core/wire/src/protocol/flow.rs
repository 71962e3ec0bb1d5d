//! Conversations themselves, whatever they speak: content that does not go with its port, how much was carried, how it
//! ended. No parser: the streams tell it.

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

/// What is told only where somebody asks for it: number and name of the operation.
pub const VOLUME: (u32, &str) = (3, "volume");
pub const ENDED: (u32, &str) = (4, "ended");

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
        Told::Volume => VOLUME,
        Told::Ended(_) => ENDED,
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
    if let Told::Ended(reason) = told {
        let reason = match reason {
            Reason::Closed => "closed",
            Reason::Reset => "reset",
            Reason::Idle => "idle",
            Reason::Evicted => "evicted",
            Reason::EndOfInput => "end_of_input",
        };
        record.set(REASON, Value::Name(reason));
    }
}
