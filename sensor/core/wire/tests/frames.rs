//! Frames of every kind, whole and broken: the right class, and never a panic.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::*;
use wire::frame::{frame, Layer4, Outline};
use wire::ledger::Skip;
use wire::packet::{LinkType, Packet};

const ACK: u8 = 0x10;

fn packet(data: &[u8]) -> Packet<'_> {
    let wire_len = data.len() as u32;
    Packet { ts_ns: START, number: 1, input: 0, link: LinkType::Ethernet, wire_len, data, vlan: None, offset: 0 }
}

/// Payload and VLAN of a frame, or why it was skipped.
fn read(data: &[u8]) -> Result<(Vec<u8>, Option<u16>, u32), Skip> {
    frame(&packet(data), &mut Outline::default()).map(|frame| (frame.payload.to_vec(), frame.vlan, frame.missing))
}

fn plain() -> Vec<u8> {
    tcp(true, 100, ACK, &read_request(1)).bytes()
}

fn tagged(tags: &[(u16, u16)]) -> Vec<u8> {
    let mut data = plain();
    let tags: Vec<u8> = tags.iter().flat_map(|(kind, id)| [kind.to_be_bytes(), id.to_be_bytes()].concat()).collect();
    data.splice(12..12, tags);
    data
}

fn with_options() -> Vec<u8> {
    let mut data = plain();
    data[14] = 0x48;
    data[17] += 12;
    data.splice(34..34, [1u8; 12]);
    data
}

/// The TCP segment of `plain` in IPv6, behind extension headers.
fn version6(first: u8, headers: &[u8]) -> Vec<u8> {
    let segment = plain()[34..].to_vec();
    let mut data = plain()[..12].to_vec();
    data.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
    data.extend(((headers.len() + segment.len()) as u16).to_be_bytes());
    data.extend([first, 64]);
    data.extend([0xfd; 16]);
    data.extend([0xfc; 16]);
    data.extend(headers);
    data.extend(segment);
    data
}

fn udp() -> Vec<u8> {
    ipv4(1, 2, 17, &[0x12, 0x34, 0x12, 0x35, 0, 12, 0, 0, 1, 2, 3, 4])
}

fn kinds() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("plain", plain()),
        ("one tag", tagged(&[(0x8100, 7)])),
        ("two tags", tagged(&[(0x88a8, 9), (0x8100, 0xe007)])),
        ("two old tags", tagged(&[(0x9100, 9), (0x8100, 7)])),
        ("IPv4 options", with_options()),
        ("IPv6", version6(6, &[])),
        ("hop by hop", version6(0, &[6, 0, 1, 4, 0, 0, 0, 0])),
        (
            "chain",
            version6(0, &[[60, 0, 1, 4, 0, 0, 0, 0], [43, 0, 1, 4, 0, 0, 0, 0], [6, 0, 0, 0, 0, 0, 0, 0]].concat()),
        ),
        ("authentication", version6(51, &[6, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 9, 9, 9, 9])),
        ("atomic fragment", version6(44, &[6, 0, 0, 0, 0, 0, 0, 1])),
    ]
}

#[test]
fn every_kind_carries_its_payload() {
    for (name, data) in kinds() {
        let (payload, vlan, missing) = read(&data).unwrap_or_else(|skip| panic!("{name}: {skip:?}"));
        assert_eq!((payload, missing), (read_request(1), 0), "{name}");
        assert_eq!(vlan, name.contains("tag").then_some(7), "{name}");
    }
    assert_eq!(read(&udp()).unwrap().0, [1, 2, 3, 4]);
}

#[test]
fn padding_is_no_payload_and_offload_has_no_length() {
    let mut padded = tcp(true, 100, ACK, &[]).bytes();
    padded.extend([0; 6]);
    assert!(read(&padded).unwrap().0.is_empty());
    let mut offload = plain();
    offload[16..18].fill(0);
    assert_eq!(read(&offload).unwrap().0, read_request(1));
    let mut offload6 = version6(6, &[]);
    offload6[18..20].fill(0);
    assert_eq!(read(&offload6).unwrap().0, read_request(1));
}

#[test]
fn what_is_not_readable_has_its_class() {
    let with = |at: usize, value: u8| {
        let mut data = plain();
        data[at] = value;
        read(&data).err()
    };
    assert_eq!(with(13, 6), Some(Skip::NotIp), "ARP");
    assert_eq!(with(23, 2), Some(Skip::Transport), "IGMP");
    assert_eq!(with(23, 1), None, "ICMP");
    assert_eq!(with(20, 0x20), Some(Skip::Fragment), "first fragment");
    assert_eq!(with(21, 9), Some(Skip::Fragment), "last fragment");
    assert_eq!(with(20, 0x40), None, "not to be fragmented is no fragment");
    assert_eq!(with(14, 0x44), Some(Skip::BadFrame), "IP header shorter than 20");
    assert_eq!(with(14, 0x65), Some(Skip::BadFrame), "another version inside");
    assert_eq!(with(17, 19), Some(Skip::BadFrame), "total length shorter than the header");
    assert_eq!(with(46, 0x40), Some(Skip::BadFrame), "TCP header shorter than 20");
    assert_eq!(with(46, 0xf0), Some(Skip::BadFrame), "TCP header longer than the segment");
    assert_eq!(read(&tagged(&[(0x8100, 1), (0x8100, 2), (0x8100, 3)])).err(), Some(Skip::NotIp), "three tags");
    assert_eq!(read(&version6(44, &[6, 0, 0, 1, 0, 0, 0, 1])).err(), Some(Skip::Fragment));
    assert_eq!(read(&version6(44, &[6, 0, 1, 0, 0, 0, 0, 1])).err(), Some(Skip::Fragment));
    assert_eq!(read(&version6(0, &[0, 0, 0, 0, 0, 0, 0, 0].repeat(9))).err(), Some(Skip::Transport), "endless chain");
    assert_eq!(read(&version6(0, &[6, 200])).err(), Some(Skip::BadFrame), "extension longer than the frame");
}

#[test]
fn what_the_capture_cut_off_is_known() {
    for (name, data) in kinds() {
        let kept = data.len() - 5;
        let cut = Packet { data: &data[..kept], wire_len: data.len() as u32, ..packet(&data) };
        let found = frame(&cut, &mut Outline::default()).unwrap();
        assert_eq!((found.missing, found.payload), (5, &read_request(1)[..7]), "{name}");
    }
}

#[test]
fn every_prefix_and_every_flipped_bit_is_survived_and_counted() {
    let mut bench = Bench::default();
    let mut sent = 0;
    for (_, data) in kinds().into_iter().chain([("udp", udp())]) {
        for length in 0..=data.len() {
            bench.frame(&data[..length]);
            bench.cut_frame(&data, length);
            sent += 2;
        }
        for bit in 0..data.len().min(80) * 8 {
            let mut flipped = data.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(frame) = frame(&packet(&flipped), &mut Outline::default()) {
                assert!(frame.payload.len() <= flipped.len() && frame.missing as usize <= flipped.len());
                assert_ne!(
                    frame.layer4.ports() == (0, 0),
                    matches!(frame.layer4, Layer4::Tcp { .. } | Layer4::Udp { .. })
                );
            }
            bench.frame(&flipped);
            sent += 1;
        }
    }
    bench.finish();
    assert_eq!(bench.engine.ledger().received, sent);
}
