//! TeamViewer's own protocol, on port 5938 or wherever its relays listen. Its maker published nothing; the frame around
//! its commands and their numbers are known from public research. What the commands carry is packed or encrypted, and is
//! not looked into.
//!
//! ```text
//!   17 24 | command(1) | length(2) | content                                                          until version 7
//!   11 30 | command(1) | 00 | length(4) | packet id(4) | request id(4) | class(4) | offset(4) | content         since
//! ```
//! Numbers are little-endian. Over UDP eleven bytes stand before the first form, of which the first is 0 at the start.

use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP, UDP};
use crate::cursor::{Cursor, Short};
use crate::value::{field, flaws, slots, Class, Kind, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "teamviewer",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken {
        transports: &[TCP, UDP],
        ports: &[5938],
        probe: &probe,
        parser: &|| Box::new(TeamViewer::default()),
    }),
};

slots! {
    MAGIC = 0 => field("teamviewer.magic", Kind::Unsigned);
    COMMAND = 1 => field("teamviewer.command", Kind::Unsigned);
    COMMAND_NAME = 2 => field("teamviewer.command_name", Kind::Text);
    LENGTH = 3 => field("teamviewer.length", Kind::Unsigned);
    PACKET = 4 => field("teamviewer.packet_id", Kind::Unsigned);
    REQUEST = 5 => field("teamviewer.request_id", Kind::Unsigned);
    TOLD_BY = 6 => field("teamviewer.remote_tool_by", Kind::Text);
}

flaws! {
    UNKNOWN = 0 => "teamviewer.unknown_command";
    // The byte behind a command of the second form is not 0.
    RESERVED = 1 => "teamviewer.reserved";
    // A datagram ends before its message does.
    SHORT = 2 => "teamviewer.short_message";
}

const OLD: u16 = 0x1724;
const NEW: u16 = 0x1130;
/// Before a message in a datagram.
const DATAGRAM: usize = 11;
/// Longer content is none: pictures come in pieces far below.
const LONGEST: u32 = 1 << 24;
const OLD_HEADER: usize = 5;
const NEW_HEADER: usize = 24;

struct Header {
    magic: u16,
    command: u8,
    reserved: u8,
    length: u32,
    ids: Option<(u32, u32)>,
}

impl Header {
    fn size(&self) -> usize {
        if self.magic == OLD {
            OLD_HEADER
        } else {
            NEW_HEADER
        }
    }
}

fn magic(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk::<2>().map(|magic| u16::from_be_bytes(*magic)).filter(|magic| matches!(*magic, OLD | NEW))
}

/// `None`: no message begins here.
fn header(bytes: &[u8]) -> Result<Option<Header>, Short> {
    let mut cursor = Cursor::new(bytes);
    let magic = cursor.u16_be()?;
    if !matches!(magic, OLD | NEW) {
        return Ok(None);
    }
    let command = cursor.u8()?;
    if magic == OLD {
        let length = u16::from_le_bytes([cursor.u8()?, cursor.u8()?]).into();
        return Ok(Some(Header { magic, command, reserved: 0, length, ids: None }));
    }
    let reserved = cursor.u8()?;
    let mut number = || cursor.u32_be().map(u32::swap_bytes);
    let (length, packet, request) = (number()?, number()?, number()?);
    cursor.take(8)?;
    Ok((length <= LONGEST).then_some(Header { magic, command, reserved, length, ids: Some((packet, request)) }))
}

/// Sure where a known command fills what is there to the end, or another follows; else the port has to say it too.
fn probe(payload: &[u8], transport: u8) -> Probe {
    let message = match transport {
        UDP if payload.first() == Some(&0) => payload.get(DATAGRAM..).unwrap_or_default(),
        UDP => return Probe::No,
        _ => payload,
    };
    match header(message) {
        Ok(Some(header)) if command(header.command).1 != "unknown" && header.reserved == 0 => {
            let behind = message.get(header.size().saturating_add(header.length as usize)..);
            match behind {
                Some([]) => Probe::Sure,
                Some(more) if magic(more).is_some() => Probe::Sure,
                _ if header.magic == NEW => Probe::Sure,
                _ => Probe::Fits,
            }
        }
        Err(Short) if transport == TCP && magic(message).is_some() => Probe::Fits,
        _ => Probe::No,
    }
}

#[derive(Default)]
struct TeamViewer {
    /// Bytes still to come of a content, by direction: server, client.
    passing: [usize; 2],
}

impl Parser for TeamViewer {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        if context.transport != TCP {
            return datagram(bytes, record);
        }
        let [server, client] = &mut self.passing;
        let passing = if context.from_client { client } else { server };
        if context.after_gap {
            *passing = 0;
        }
        if *passing > 0 && !bytes.is_empty() {
            let used = bytes.len().min(*passing);
            *passing = passing.saturating_sub(used);
            return Step::Kept { used };
        }
        let need = if magic(bytes) == Some(NEW) { NEW_HEADER } else { OLD_HEADER };
        match header(bytes) {
            Err(Short) if bytes.len() < 2 || magic(bytes).is_some() => Step::Short { need },
            Ok(Some(header)) => {
                describe(&header, record);
                let whole = header.size().saturating_add(header.length as usize);
                let used = whole.min(bytes.len());
                *passing = whole.saturating_sub(used);
                Step::Message { used }
            }
            _ => {
                let next = bytes.windows(2).skip(1).position(|pair| magic(pair).is_some());
                Step::Lost { used: next.map_or(bytes.len(), |place| place.saturating_add(1)) }
            }
        }
    }
}

fn datagram(bytes: &[u8], record: &mut Record) -> Step {
    let message = bytes.get(DATAGRAM..).unwrap_or_default();
    let Ok(Some(header)) = header(message) else { return Step::Lost { used: bytes.len() } };
    describe(&header, record);
    if message.len() < header.size().saturating_add(header.length as usize) {
        record.flaw(flaw::SHORT);
    }
    Step::Message { used: bytes.len() }
}

fn describe(header: &Header, record: &mut Record) {
    let (operation, name) = command(header.command);
    record.role = Role::Unsolicited;
    record.operation = header.command.into();
    record.operation_name = operation;
    record.class = match operation {
        "connect" | "disconnect" | "encryption" | "login" => Class::Session,
        "ping" | "keep_alive" => Class::Diagnose,
        // A screen, a keyboard and files.
        "data" => Class::Control,
        _ => Class::Other,
    };
    record.set_u(MAGIC, header.magic);
    record.set_u(COMMAND, header.command);
    record.set(COMMAND_NAME, Value::Name(name));
    record.set_u(LENGTH, header.length);
    record.set(TOLD_BY, Value::Name("content"));
    if let Some((packet, request)) = header.ids {
        record.set_u(PACKET, packet);
        record.set_u(REQUEST, request);
    }
    if name == "unknown" {
        record.flaw(flaw::UNKNOWN);
    }
    if header.reserved != 0 {
        record.flaw(flaw::RESERVED);
    }
}

/// What a command is part of, and its name.
#[rustfmt::skip] // one line each
fn command(number: u8) -> (&'static str, &'static str) {
    match number {
        10 => ("connect", "identify"),
        11 => ("connect", "request_connect"),
        13 => ("disconnect", "disconnect"),
        14 => ("disconnect", "vnc_disconnect"),
        15 => ("connect", "connection_failed"),
        16 => ("ping", "ping"),
        17 => ("ping", "ping_ok"),
        18 => ("master", "master_command"),
        19 => ("master", "master_response"),
        20 => ("connect", "change_connection"),
        21 => ("connect", "no_partner_connected"),
        22 => ("connect", "connect_to_waiting"),
        23 => ("connect", "session_mode"),
        24 => ("connect", "request_routing"),
        25 => ("disconnect", "timeout"),
        26 => ("connect", "java_connect"),
        27 => ("keep_alive", "keep_alive_beep"),
        28 => ("keep_alive", "request_keep_alive"),
        29 => ("master", "master_command_encrypted"),
        30 => ("master", "master_response_encrypted"),
        31 => ("connect", "request_reconnect"),
        32 => ("connect", "reconnect_to_waiting"),
        33 => ("other", "start_logging"),
        34 => ("other", "server_available"),
        35 => ("keep_alive", "keep_alive_request"),
        36 => ("other", "ok"),
        37 => ("other", "failed"),
        38 => ("ping", "ping_performance"),
        39 => ("ping", "ping_performance_response"),
        40 => ("keep_alive", "request_keep_alive_2"),
        41 => ("disconnect", "disconnect_switched_to_udp"),
        42 => ("other", "send_mode_udp"),
        43 => ("keep_alive", "keep_alive_answer"),
        44 => ("master", "route_to_client"),
        45 => ("login", "new_master_login"),
        46 => ("master", "buddy"),
        47 => ("connect", "accept_routing"),
        48 => ("login", "new_master_login_answer"),
        49 => ("master", "buddy_encrypted"),
        50 => ("master", "request_route_buddy"),
        51 => ("master", "contact_other_master"),
        52 => ("master", "request_route_encrypted"),
        53 => ("disconnect", "end_session"),
        54 => ("connect", "session_id"),
        55 => ("connect", "reconnect_to_session"),
        56 => ("connect", "reconnect_to_session_answer"),
        57 => ("other", "meeting_control"),
        58 => ("other", "carrier_switch"),
        59 => ("login", "meeting_authentication"),
        60 => ("other", "router_command"),
        61 => ("connect", "partner_reconnect"),
        62 => ("other", "congestion_control"),
        63 => ("other", "ack"),
        70 => ("connect", "udp_request_connect"),
        71 => ("ping", "udp_ping"),
        72 => ("connect", "udp_request_connect_vpn"),
        90 => ("data", "data"),
        91 => ("data", "data_2"),
        92 => ("data", "data_encrypted"),
        93 => ("encryption", "request_encryption"),
        94 => ("encryption", "confirm_encryption"),
        95 => ("encryption", "encryption_failed"),
        96 => ("encryption", "request_no_encryption"),
        97 => ("other", "udp_flow_control"),
        98 => ("data", "data_3"),
        99 => ("data", "data_3_encrypted"),
        100 => ("other", "data_3_resend"),
        101 => ("other", "data_3_ack"),
        102 => ("login", "authentication_challenge"),
        103 => ("login", "authentication_response"),
        104 => ("login", "authentication_result"),
        105 => ("other", "rip_messages"),
        106 => ("data", "data_4"),
        107 => ("data", "data_stream"),
        108 => ("keep_alive", "udp_heartbeat"),
        109 => ("data", "data_directed"),
        110 => ("other", "udp_resend"),
        111 => ("other", "udp_ack"),
        112 => ("other", "udp_protected_command"),
        113 => ("other", "flush_send_buffer"),
        _ => ("other", "unknown"),
    }
}
