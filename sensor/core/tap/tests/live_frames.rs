//! Frames that are not of the ordinary kind, over veth pairs: super-frames, tags taken off, jumbo and cut frames.
#![allow(clippy::unwrap_used, clippy::panic)] // in tests both say what went wrong

mod common;
mod veth;

use common::{skipped, Keep};
use std::os::fd::AsRawFd;
use veth::{frame, ip_in, stop, take, Sender, Wire, SMALL};
use wire::packet::Tag;

/// Header bytes in front of what a super-frame carries: Ethernet, IPv6, TCP.
const HEADERS: usize = 14 + 40 + 20;

/// A TCP segment over IPv6 that is longer than any frame, as segmentation offload hands it to a driver: behind a
/// `struct virtio_net_hdr` that says into what it is to be cut (<linux/virtio_net.h>).
fn super_frame(length: usize) -> Vec<u8> {
    let mut bytes = vec![1, 4]; // checksum still to be made, TCP over IPv6
    for number in [HEADERS as u16, 1_428, 54, 16] {
        bytes.extend_from_slice(&number.to_ne_bytes()); // headers, segment size, checksum from and at
    }
    bytes.extend_from_slice(&[0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x86, 0xdd]);
    let payload = u16::try_from(length - 54).unwrap_or(0); // 0 where it does not fit: a jumbogram
    bytes.extend_from_slice(&[0x60, 0, 0, 0]);
    bytes.extend_from_slice(&payload.to_be_bytes());
    bytes.extend_from_slice(&[6, 64]);
    for last in [1, 2] {
        bytes.extend_from_slice(&[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    bytes.extend_from_slice(&[0x9c, 0x40, 1, 0xf6, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0x20, 0, 0, 0, 0, 0]);
    bytes.resize(10 + length, 0x5a);
    bytes
}

/// `false` when this kernel does not take such a frame from a program.
fn put_super(sender: &Sender, length: usize) -> bool {
    let bytes = super_frame(length);
    // SAFETY: option and frame live for their calls.
    unsafe {
        let yes = 1_i32;
        let option = (&raw const yes).cast();
        let descriptor = sender.0.as_raw_fd();
        assert_eq!(libc::setsockopt(descriptor, libc::SOL_PACKET, libc::PACKET_VNET_HDR, option, 4), 0);
        libc::send(descriptor, bytes.as_ptr().cast(), bytes.len(), 0) == bytes.len() as isize
    }
}

#[test]
fn a_super_frame_comes_whole() {
    let Some(wire) = Wire::lay(1) else { return };
    let mut live = wire.open(&["cap0"], SMALL);
    let mut sink = Keep::default();
    let sender = wire.send("src0");
    for _ in 0..20 {
        assert!(put_super(&sender, 65_000));
    }
    wire.send("src0").put(&frame(1, 75));
    take(&mut live, &mut sink, 21);
    stop(&mut live, &mut sink);
    assert_eq!(sink.packets.len(), 21);
    for packet in &sink.packets[..20] {
        assert_eq!((packet.wire_len, packet.data.len()), (65_000, 65_000));
        assert_eq!(packet.data[HEADERS..], super_frame(65_000)[10 + HEADERS..]);
    }
    assert_eq!(sink.packets[20].data, frame(1, 75));
    assert_eq!(live.counters()[0].received, 21);
}

#[test]
fn a_frame_longer_than_a_block_is_cut_and_says_so() {
    let Some(wire) = Wire::lay(1) else { return };
    // "BIG TCP": both ends must take more than 64 KiB at once.
    for (namespace, device) in [(&wire.sender, "src0"), (&wire.taker, "cap0")] {
        let most = ["gso_max_size", "400000", "gro_max_size", "400000"];
        if !ip_in(namespace, &[&["link", "set", device][..], &most].concat()) {
            skipped("this kernel or iproute2 knows no frames longer than 64 KiB");
            return;
        }
    }
    let mut live = wire.open(&["cap0"], SMALL);
    let mut sink = Keep::default();
    if !put_super(&wire.send("src0"), 300_000) {
        skipped("this kernel takes no frame longer than 64 KiB from a program");
        return;
    }
    wire.send("src0").put(&frame(1, 75));
    take(&mut live, &mut sink, 2);
    assert_eq!(sink.packets.len(), 2);
    let cut = &sink.packets[0];
    assert_eq!(cut.wire_len, 300_000);
    assert!(cut.data.len() > 260_000 && cut.data.len() < 300_000, "{}", cut.data.len());
    assert_eq!(cut.data[HEADERS..], super_frame(300_000)[10 + HEADERS..][..cut.data.len() - HEADERS]);
    assert_eq!(sink.packets[1].data, frame(1, 75));
}

#[test]
fn a_jumbo_frame_comes_whole() {
    let Some(wire) = Wire::lay(1) else { return };
    for (namespace, device) in [(&wire.sender, "src0"), (&wire.taker, "cap0")] {
        assert!(ip_in(namespace, &["link", "set", device, "mtu", "9000"]));
    }
    let mut live = wire.open(&["cap0"], SMALL);
    let mut sink = Keep::default();
    let sender = wire.send("src0");
    for number in 0..100 {
        sender.put(&frame(number, 9_014));
    }
    take(&mut live, &mut sink, 100);
    assert_eq!(sink.packets.len(), 100);
    assert!(sink.packets.iter().enumerate().all(|(number, packet)| packet.data == frame(number as u32, 9_014)));
}

#[test]
fn the_outer_of_two_tags_is_told_and_the_inner_one_stays() {
    let Some(wire) = Wire::lay(1) else { return };
    let mut live = wire.open(&["cap0"], SMALL);
    let mut sink = Keep::default();
    let sender = wire.send("src0");
    let inner = [0x81, 0x00, 0x00, 0x07];
    let mut twice = frame(1, 75);
    twice.splice(12..12, [[0x88, 0xa8, 0xb0, 0x64], inner].concat());
    sender.put(&twice);
    let mut once = frame(2, 75);
    once.splice(12..12, [0x88, 0xa8, 0x00, 0x65]);
    sender.put(&once);
    take(&mut live, &mut sink, 2);
    assert_eq!(sink.packets[0].vlan, Some(Tag { protocol: 0x88a8, control: 0xb064 }));
    let mut left = frame(1, 75);
    left.splice(12..12, inner);
    assert_eq!(sink.packets[0].data, left);
    assert_eq!(sink.packets[1].vlan, Some(Tag { protocol: 0x88a8, control: 101 }));
    assert_eq!(sink.packets[1].data, frame(2, 75));
}
