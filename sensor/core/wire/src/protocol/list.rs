//! Which protocols there are: those of this version, and those that a site describes itself. A protocol is known by its
//! place: descriptions stand behind the list, in the order in which this process was given them.

use std::sync::{Mutex, OnceLock, PoisonError};

use super::{
    arp, dhcp, dns, flow, ftp, http, icmp, imap, modbus, mysql, ntp, opcua, pop3, postgresql, rdp, redis, rtsp, s7comm,
    smb, smtp, snmp, ssh, stratum, tds, teamviewer, telnet, tls, transfer, vnc, Protocol, Scope,
};
use crate::limits::DESCRIBED_PROTOCOLS;

/// Every protocol of this version, in probing order: the most telling content first.
#[rustfmt::skip] // one line each
pub const PROTOCOLS: &[Protocol] = &[
    opcua::PROTOCOL,
    s7comm::PROTOCOL,
    s7comm::COTP,
    s7comm::PLUS,
    modbus::PROTOCOL,
    arp::PROTOCOL,
    flow::PROTOCOL,
    icmp::PROTOCOL,
    dhcp::PROTOCOL,
    snmp::PROTOCOL,
    dns::PROTOCOL,
    dns::MULTICAST,
    dns::LINK_LOCAL,
    dns::NETBIOS,
    ntp::PROTOCOL,
    tls::PROTOCOL,
    ssh::PROTOCOL,
    rdp::PROTOCOL,
    smb::PROTOCOL,
    vnc::PROTOCOL,
    teamviewer::PROTOCOL,
    tds::PROTOCOL,
    mysql::PROTOCOL,
    postgresql::PROTOCOL,
    http::PROTOCOL,
    rtsp::PROTOCOL,
    smtp::PROTOCOL,
    ftp::PROTOCOL,
    pop3::PROTOCOL,
    imap::PROTOCOL,
    redis::PROTOCOL,
    telnet::PROTOCOL,
    stratum::PROTOCOL,
    transfer::PROTOCOL,
];

/// Described ones are never taken away: conversations, rules and baselines hold their places.
static DESCRIBED: [OnceLock<Protocol>; DESCRIBED_PROTOCOLS] = [const { OnceLock::new() }; DESCRIBED_PROTOCOLS];
/// What makes a description the same as one before, by its place in `DESCRIBED`.
static SOURCES: Mutex<Vec<String>> = Mutex::new(Vec::new());

// Stations remember their protocols in 64 bits.
const _: () = assert!(PROTOCOLS.len() + DESCRIBED_PROTOCOLS <= 64);

/// The protocol at that place.
#[inline]
pub fn at(place: usize) -> Option<&'static Protocol> {
    match PROTOCOLS.get(place) {
        Some(protocol) => Some(protocol),
        None => DESCRIBED.get(place.saturating_sub(PROTOCOLS.len()))?.get(),
    }
}

/// All of them, in the order of their places.
pub fn all() -> impl Iterator<Item = &'static Protocol> + Clone {
    PROTOCOLS.iter().chain(DESCRIBED.iter().map_while(OnceLock::get))
}

pub fn count() -> usize {
    all().count()
}

/// The place of the protocol of that name.
pub fn place(name: &str) -> Option<usize> {
    all().position(|protocol| protocol.name == name)
}

/// Add what a site describes, once for this process: the same `source` again is the same protocol.
///
/// # Errors
/// Another protocol has the name, `make` finds fault with the description, or there are too many.
pub fn add(name: &str, source: &str, make: impl FnOnce() -> Result<Protocol, String>) -> Result<usize, String> {
    let mut sources = SOURCES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(place) = place(name) {
        let known = sources.get(place.wrapping_sub(PROTOCOLS.len())).is_some_and(|known| known == source);
        return if known { Ok(place) } else { Err(format!("protocol {name} is known already, and otherwise")) };
    }
    let number = sources.len();
    let Some(cell) = DESCRIBED.get(number) else {
        return Err(format!("more than {DESCRIBED_PROTOCOLS} protocols are described"));
    };
    let protocol = make()?;
    cell.get_or_init(|| protocol);
    sources.push(source.to_owned());
    Ok(PROTOCOLS.len().saturating_add(number))
}

/// Of the protocol at that place.
#[inline]
pub fn scope_of(place: usize) -> Scope {
    at(place).map_or(Scope::Network, |protocol| protocol.scope)
}

/// The place in [`PROTOCOLS`] of a name that stands there: for constants, where a wrong one does not compile.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::cast_possible_truncation, clippy::panic)] // at compile time
pub const fn place_of(name: &str) -> u8 {
    let mut place = 0;
    while place < PROTOCOLS.len() {
        if same(PROTOCOLS[place].name.as_bytes(), name.as_bytes()) {
            return place as u8;
        }
        place += 1;
    }
    panic!("no such protocol")
}

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // at compile time
const fn same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    one.len() == other.len()
}
