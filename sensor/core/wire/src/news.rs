//! Stations and conversations seen first: what the asset list grows from.
//!
//! A shard tells of each station and link it meets, once; who is really new is decided behind the merge of all shards,
//! because one station speaks in many of them.

mod saved;

use std::net::IpAddr;

use crate::event::Endpoint;
use crate::hash::Set;
use crate::ledger::{add, Ledger};
use crate::limits;

/// Something seen first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    Asset { segment: u16, ip: IpAddr, mac: [u8; 6], vlan: Option<u16>, ts_ns: u64 },
    Link { segment: u16, client: IpAddr, server: IpAddr, server_port: u16, protocol: &'static str, ts_ns: u64 },
}

type Asset = (u16, IpAddr, [u8; 6]);
type Link = (u16, IpAddr, IpAddr, u16, &'static str);

/// What one shard has met. Beyond its budget it tells again, which costs a look behind the merge and nothing else.
#[derive(Default)]
pub struct Sightings {
    assets: Set<Asset>,
    links: Set<Link>,
    /// With the place in the order of everything.
    pub told: Vec<(u64, News)>,
}

impl Sightings {
    pub fn station(&mut self, order: u64, segment: u16, endpoint: &Endpoint, vlan: Option<u16>, ts_ns: u64) {
        let Endpoint { ip, mac, .. } = *endpoint;
        // Group addresses are nobody's station.
        if ip.is_multicast() || ip.is_unspecified() || mac.first().is_some_and(|first| first & 1 == 1) {
            return;
        }
        if met(&mut self.assets, (segment, ip, mac)) {
            self.told.push((order, News::Asset { segment, ip, mac, vlan, ts_ns }));
        }
    }

    /// A conversation spoke its protocol for the first time.
    pub fn link(
        &mut self,
        order: u64,
        segment: u16,
        client: &Endpoint,
        server: &Endpoint,
        protocol: &'static str,
        ts_ns: u64,
    ) {
        if met(&mut self.links, (segment, client.ip, server.ip, server.port, protocol)) {
            let (client, server, server_port) = (client.ip, server.ip, server.port);
            self.told.push((order, News::Link { segment, client, server, server_port, protocol, ts_ns }));
        }
    }
}

/// Whether this is worth telling.
fn met<T: std::hash::Hash + Eq>(known: &mut Set<T>, key: T) -> bool {
    if known.len() >= limits::per_shard(limits::ASSETS) {
        return !known.contains(&key);
    }
    known.insert(key)
}

/// Who was seen first, for all shards.
#[derive(Default)]
pub struct Newsroom {
    assets: Set<Asset>,
    links: Set<Link>,
}

impl Newsroom {
    /// Whether this is the first one hears of it.
    pub fn is_new(&mut self, news: &News, ledger: &mut Ledger) -> bool {
        match *news {
            News::Asset { segment, ip, mac, .. } => first(&mut self.assets, (segment, ip, mac), ledger),
            News::Link { segment, client, server, server_port, protocol, .. } => {
                first(&mut self.links, (segment, client, server, server_port, protocol), ledger)
            }
        }
    }
}

fn first<T: std::hash::Hash + Eq>(known: &mut Set<T>, key: T, ledger: &mut Ledger) -> bool {
    if known.contains(&key) {
        return false;
    }
    if known.len() >= limits::ASSETS {
        add(&mut ledger.notes.assets_unlisted, 1);
        return false;
    }
    known.insert(key)
}
