//! One module per protocol. A protocol is a file, a line in [`PROTOCOLS`] and a field table in
//! `sensor/schema/fields/`.

pub mod modbus;
pub mod opcua;
pub mod s7comm;

use crate::value::{FieldDef, Record};

/// Where a payload stands in its conversation.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Sent by the client (the side that opened the conversation, or that does not own the well-known port).
    pub from_client: bool,
    /// The bytes before these were lost: the parser must find a message start by itself.
    pub after_gap: bool,
    pub client_port: u16,
    pub server_port: u16,
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
    fn message(&mut self, bytes: &[u8], context: &Context, record: &mut Record) -> Step;

    /// Bytes this parser keeps of unfinished messages (bounded by `limits`): part of the shard's budget.
    fn kept_bytes(&self) -> usize {
        0
    }
}

/// A protocol as the engine knows it.
pub struct Protocol {
    /// `network.protocol` of events that do not say otherwise.
    pub name: &'static str,
    pub fields: &'static [FieldDef],
    /// Names of the bits of `Record::flaws`, as rules and events spell them: `modbus.bad_length`.
    pub flaws: &'static [&'static str],
    pub ports: &'static [u16],
    /// Bytes of the first payload in one direction, and its ports (source, destination).
    pub probe: fn(payload: &[u8]) -> Probe,
    pub parser: fn() -> Box<dyn Parser>,
}

/// Names of protocols that are read on the way to one of [`PROTOCOLS`], as their messages spell them.
pub const BELOW: &[&str] = &["cotp", "s7comm-plus"];

/// Every protocol, in probing order: the most telling content first.
pub const PROTOCOLS: &[Protocol] = &[opcua::PROTOCOL, s7comm::PROTOCOL, modbus::PROTOCOL];
