//! Stations and conversations seen first: what the asset list grows from.

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

#[derive(Default)]
pub struct Newsroom {
    assets: Set<(u16, IpAddr, [u8; 6])>,
    links: Set<(u16, IpAddr, IpAddr, u16, &'static str)>,
    pub news: Vec<News>,
}

impl Newsroom {
    pub fn station(&mut self, segment: u16, endpoint: &Endpoint, vlan: Option<u16>, ts_ns: u64, ledger: &mut Ledger) {
        let Endpoint { ip, mac, .. } = *endpoint;
        // Group addresses are nobody's station.
        if ip.is_multicast() || ip.is_unspecified() || mac.first().is_some_and(|first| first & 1 == 1) {
            return;
        }
        if self.assets.contains(&(segment, ip, mac)) {
            return;
        }
        if self.assets.len() >= limits::ASSETS {
            return add(&mut ledger.notes.assets_unlisted, 1);
        }
        self.assets.insert((segment, ip, mac));
        self.news.push(News::Asset { segment, ip, mac, vlan, ts_ns });
    }

    /// A conversation spoke its protocol for the first time.
    pub fn link(
        &mut self,
        segment: u16,
        client: &Endpoint,
        server: &Endpoint,
        protocol: &'static str,
        ts_ns: u64,
        ledger: &mut Ledger,
    ) {
        let key = (segment, client.ip, server.ip, server.port, protocol);
        if self.links.contains(&key) {
            return;
        }
        if self.links.len() >= limits::ASSETS {
            return add(&mut ledger.notes.assets_unlisted, 1);
        }
        self.links.insert(key);
        let (client, server, server_port) = (client.ip, server.ip, server.port);
        self.news.push(News::Link { segment, client, server, server_port, protocol, ts_ns });
    }
}
