//! One module per protocol. A protocol is a file, a line in [`PROTOCOLS`] and a field table in
//! `sensor/schema/fields/`. How to add one: `docs/adding-a-protocol.md`.

pub mod arp;
pub mod described;
pub mod dhcp;
pub mod dns;
pub mod flow;
pub mod ftp;
pub mod http;
pub mod icmp;
pub mod imap;
mod list;
pub mod modbus;
pub mod mysql;
pub mod ntp;
pub mod opcua;
pub mod pop3;
pub mod postgresql;
pub mod rdp;
pub mod redis;
pub mod rtsp;
pub mod s7comm;
pub mod smb;
pub mod smtp;
pub mod snmp;
pub mod ssh;
pub mod stratum;
pub mod tds;
pub mod teamviewer;
pub mod telnet;
pub mod text;
pub mod tls;
pub mod transfer;
pub mod vnc;

use crate::event::Endpoint;
use crate::site::Site;
use crate::value::{FieldDef, Record};
pub use list::{add, all, at, count, place, place_of, scope_of, PROTOCOLS};

/// Where a payload stands in its conversation.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Sent by the client (the side that opened the conversation, or that does not own the well-known port).
    pub from_client: bool,
    /// The bytes before these were lost: the parser must find a message start by itself.
    pub after_gap: bool,
    /// How the payload travelled, as IP numbers it: [`TCP`], [`UDP`], …. Over TCP bytes are a stream and a message may
    /// go on in the next call; anything else is a datagram and complete.
    pub transport: u8,
    /// When the last of these bytes was captured, in nanoseconds UTC: a replay says what the live run said.
    pub ts_ns: u64,
    pub client: &'a Endpoint,
    pub server: &'a Endpoint,
    pub site: &'a Site,
}

/// ARP has no number of its own, because it is not carried by IP.
pub const ARP: u8 = 0;
pub const ICMP: u8 = 1;
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
pub const ICMP6: u8 = 58;

/// Name of a transport in `network.transport`.
pub fn transport_name(number: u8) -> Option<&'static str> {
    Some(match number {
        TCP => "tcp",
        UDP => "udp",
        ICMP => "icmp",
        ICMP6 => "ipv6-icmp",
        _ => return None,
    })
}

/// Whether what travels so has ports.
#[inline]
pub fn has_ports(transport: u8) -> bool {
    matches!(transport, TCP | UDP)
}

/// What one call of [`Parser::message`] found at the front of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// One message of `used` bytes (> 0) is in the record.
    Message { used: usize },
    /// `used` bytes (> 0) belong to the protocol and have nothing to tell by themselves: an intermediate chunk or
    /// TPDU whose content the parser keeps until the last one comes.
    Kept { used: usize },
    /// The message is not all here: at least `need` bytes from the front (> what was given).
    Short { need: usize },
    /// The front of the bytes is not a message of this protocol: `used` bytes (> 0) are skipped as lost framing.
    Lost { used: usize },
}

/// What a look at the first payload of a conversation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// The content is this protocol's, whatever the port.
    Sure,
    /// The content fits, but also random bytes could: only with the port.
    Fits,
    No,
}

/// The parser of one conversation, both directions. Never panics, never allocates by what a length field claims.
pub trait Parser: Send {
    /// Read one message from the front of `bytes`. `record` is clear on entry.
    ///
    /// `bytes` starts where the last call's `used` ended, unless `context.after_gap`.
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step;

    /// Bytes this parser keeps of unfinished messages (bounded by `limits`): part of the shard's budget.
    fn kept_bytes(&self) -> usize {
        0
    }
}

/// What the rooms behind the parsers make of a protocol's messages, beside showing them to the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A plant's own: who does what to which object, how often, and windows for the model.
    Plant,
    /// What offices speak, too: who speaks to whom.
    Office,
    /// What a station says to its whole network to find others or itself: nobody's conversation.
    Network,
}

/// Looks at the bytes of the first payload in one direction; the number says how they travelled.
pub type Prober = dyn Fn(&[u8], u8) -> Probe + Sync;

/// How a protocol's conversations are found.
pub struct Spoken {
    /// As IP numbers them.
    pub transports: &'static [u8],
    pub ports: &'static [u16],
    pub probe: &'static Prober,
    pub parser: &'static (dyn Fn() -> Box<dyn Parser> + Sync),
}

/// A protocol as the engine knows it.
pub struct Protocol {
    /// `network.protocol` of its events.
    pub name: &'static str,
    pub fields: &'static [FieldDef],
    /// Names of the bits of `Record::flaws`, as rules and events spell them: `modbus.bad_length`.
    pub flaws: &'static [&'static str],
    pub scope: Scope,
    /// `None`: its messages are found inside another one's conversations (`cotp` below S7), whose parser says so by
    /// [`Record::protocol`].
    pub spoken: Option<Spoken>,
}

impl Protocol {
    pub fn ports(&self) -> &'static [u16] {
        self.spoken.as_ref().map_or(&[], |spoken| spoken.ports)
    }

    pub fn probe(&self, payload: &[u8], transport: u8) -> Probe {
        let over = |spoken: &&Spoken| spoken.transports.contains(&transport);
        self.spoken.as_ref().filter(over).map_or(Probe::No, |spoken| (spoken.probe)(payload, transport))
    }

    pub fn parser(&self) -> Option<Box<dyn Parser>> {
        self.spoken.as_ref().map(|spoken| (spoken.parser)())
    }
}
