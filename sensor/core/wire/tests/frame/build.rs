//! Headers by hand, inner things first: each function puts its header in front of what it is given.

use std::net::IpAddr;

use wire::frame::{decode, Decoded, Frame, Layer, Outline, Path};
use wire::ledger::Skip;
use wire::packet::{LinkType, Packet};

use crate::common::{read_request, START};

pub fn packet(data: &[u8]) -> Packet<'_> {
    let wire_len = data.len() as u32;
    let link = LinkType::Ethernet;
    Packet { ts_ns: START, number: 1, input: 0, link, wire_len, data, vlan: None, offset: 0 }
}

pub fn with<'a, T>(data: &'a [u8], look: impl FnOnce(Decoded<'a>, &Path, &Outline) -> T) -> T {
    let (mut outline, mut path) = (Outline::default(), Path::default());
    let decoded = decode(&packet(data), &mut outline, &mut path);
    look(decoded, &path, &outline)
}

pub fn frame(data: &[u8]) -> (Frame<'_>, Vec<Layer>) {
    with(data, |decoded, path, _| match decoded {
        Decoded::Frame(frame) => (frame, path.layers().to_vec()),
        other => panic!("{other:?}"),
    })
}

pub fn skipped(data: &[u8]) -> Option<Skip> {
    with(data, |decoded, _, _| match decoded {
        Decoded::Skip(reason) => Some(reason),
        _ => None,
    })
}

/// A TCP segment with a Modbus request.
pub fn segment() -> Vec<u8> {
    let mut bytes = vec![0x9c, 0x40, 1, 0xf6, 0, 0, 0, 100, 0, 0, 0, 0, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0];
    bytes.extend(read_request(1));
    bytes
}

pub fn udp(source_port: u16, destination_port: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = [source_port.to_be_bytes(), destination_port.to_be_bytes()].concat();
    bytes.extend((content.len() as u16 + 8).to_be_bytes());
    bytes.extend([0, 0]);
    [&bytes, content].concat()
}

/// A datagram with IP id 7 and a time to live of 64 from 10.`net`.0.1 to 10.`net`.0.2.
pub fn v4(net: u8, protocol: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x45, 0];
    bytes.extend((content.len() as u16 + 20).to_be_bytes());
    bytes.extend([0, 7, 0, 0, 64, protocol, 0, 0, 10, net, 0, 1, 10, net, 0, 2]);
    [&bytes, content].concat()
}

pub fn v6(net: u8, next: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0];
    bytes.extend((content.len() as u16).to_be_bytes());
    bytes.extend([next, 64]);
    for station in [1, 2] {
        let mut address = [0; 16];
        (address[0], address[1], address[15]) = (0xfd, net, station);
        bytes.extend(address);
    }
    [&bytes, content].concat()
}

/// Stations of IPv4 datagrams made by [`v4`].
pub fn stations(net: u8) -> (IpAddr, IpAddr) {
    (IpAddr::from([10, net, 0, 1]), IpAddr::from([10, net, 0, 2]))
}

pub fn ethernet(cell: u8, ethertype: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, cell, 2, 2, 0, 0, 0, cell, 1];
    bytes.extend(ethertype.to_be_bytes());
    [&bytes, content].concat()
}

pub fn tag(id: u16, ethertype: u16, content: &[u8]) -> Vec<u8> {
    [&id.to_be_bytes()[..], &ethertype.to_be_bytes(), content].concat()
}

/// The request in IPv4, and that in Ethernet: what most tunnels carry here. Net 9, cell 9.
pub fn inner_ip() -> Vec<u8> {
    v4(9, 6, &segment())
}

pub fn inner() -> Vec<u8> {
    ethernet(9, 0x0800, &inner_ip())
}

/// Outer Ethernet and IPv4 (net 1, cell 1) around what has a protocol number, or a UDP port.
pub fn over_ip(protocol: u8, content: &[u8]) -> Vec<u8> {
    ethernet(1, 0x0800, &v4(1, protocol, content))
}

pub fn over_udp(port: u16, content: &[u8]) -> Vec<u8> {
    over_ip(17, &udp(50_000, port, content))
}

pub fn gre(flags: u16, protocol: u16, options: &[u8], content: &[u8]) -> Vec<u8> {
    [&flags.to_be_bytes()[..], &protocol.to_be_bytes(), options, content].concat()
}

pub fn vxlan(network: u32, content: &[u8]) -> Vec<u8> {
    [&[8, 0, 0, 0][..], &(network << 8).to_be_bytes(), content].concat()
}

pub fn geneve(protocol: u16, network: u32, options: &[u8], content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![(options.len() / 4) as u8, 0];
    bytes.extend(protocol.to_be_bytes());
    bytes.extend((network << 8).to_be_bytes());
    [&bytes, options, content].concat()
}

/// `flags`: E, S, PN; `optional`: what stands behind the tunnel's endpoint.
pub fn gtpu(flags: u8, endpoint: u32, optional: &[u8], content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x30 | flags, 255];
    bytes.extend(((optional.len() + content.len()) as u16).to_be_bytes());
    bytes.extend(endpoint.to_be_bytes());
    [&bytes, optional, content].concat()
}

/// Labels from the outermost to the bottom of the stack.
pub fn mpls(labels: &[u32], content: &[u8]) -> Vec<u8> {
    let bottom = labels.len() - 1;
    let entry = |(place, label): (usize, &u32)| (label << 12 | u32::from(place == bottom) << 8 | 64).to_be_bytes();
    let mut bytes: Vec<u8> = labels.iter().enumerate().flat_map(entry).collect();
    bytes.extend(content);
    bytes
}

pub fn pppoe(session: u16, protocol: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x11, 0];
    bytes.extend(session.to_be_bytes());
    bytes.extend((content.len() as u16 + 2).to_be_bytes());
    bytes.extend(protocol.to_be_bytes());
    [&bytes, content].concat()
}

/// Type II. `vlan` of the mirrored port.
pub fn erspan2(session: u16, vlan: u16, content: &[u8]) -> Vec<u8> {
    let header = [&(0x1000 | vlan).to_be_bytes()[..], &session.to_be_bytes(), &[0, 0, 0, 5]].concat();
    gre(0x1000, 0x88be, &[0, 0, 0, 1], &[&header, content].concat())
}

/// Type III. `frame_type`: 0 Ethernet, 2 IP; with or without the platform's eight bytes.
pub fn erspan3(session: u16, vlan: u16, frame_type: u8, platform: bool, content: &[u8]) -> Vec<u8> {
    let mut header = [(0x2000 | vlan).to_be_bytes(), session.to_be_bytes()].concat();
    header.extend([1, 2, 3, 4, 0, 0, frame_type << 2, u8::from(platform)]);
    header.extend(vec![9; if platform { 8 } else { 0 }]);
    gre(0x1000, 0x22eb, &[0, 0, 0, 1], &[&header, content].concat())
}
