//! One interface through several rings.
#![allow(clippy::unwrap_used, clippy::panic)] // in tests both say what went wrong

mod common;
mod veth;

use common::Keep;
use std::time::Duration;
use tap::{Live, LiveOptions, Progress};
use veth::{inside, ip_in, said, stop, take, Wire, SMALL};
use wire::packet::Lost;

const THREE: LiveOptions = LiveOptions { ring_mib: 3, fanout: 3, ..SMALL };

/// A datagram of its own conversation; its number stands behind the UDP header.
fn datagram(conversation: u16, number: u32, length: usize) -> Vec<u8> {
    let mut frame = vec![0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x08, 0x00];
    frame.extend_from_slice(&[0x45, 0]);
    frame.extend_from_slice(&(length as u16 - 14).to_be_bytes());
    frame.extend_from_slice(&[0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend_from_slice(&(20_000 + conversation).to_be_bytes());
    frame.extend_from_slice(&502_u16.to_be_bytes());
    frame.extend_from_slice(&(length as u16 - 34).to_be_bytes());
    frame.extend_from_slice(&[0, 0]);
    frame.extend_from_slice(&number.to_be_bytes());
    frame.resize(length, 0xa5);
    frame
}

fn number(data: &[u8]) -> u32 {
    u32::from_be_bytes([data[42], data[43], data[44], data[45]])
}

#[test]
fn each_packet_comes_once_and_in_order() {
    let Some(wire) = Wire::lay(1) else { return };
    let mut live = wire.open(&["cap0"], THREE);
    assert_eq!((live.names(), live.offloads().len()), (vec!["cap0".to_owned()], 1));
    let sender = wire.send("src0");
    let mut sink = Keep::default();
    for count in 0..3_000 {
        sender.put(&datagram(count as u16 % 97, count, 75));
        if count % 500 == 499 {
            take(&mut live, &mut sink, count as usize + 1);
        }
    }
    stop(&mut live, &mut sink);
    assert_eq!(sink.packets.len(), 3_000);
    assert!(sink.packets.iter().enumerate().all(|(position, packet)| packet.number == position as u64 + 1));
    let late: u64 = sink.lost.iter().map(|(place, packets)| u64::from(*place == Lost::Late) * packets).sum();
    let counters = live.counters();
    assert_eq!(counters.len(), 1);
    assert_eq!((counters[0].received, counters[0].late), (3_000, late));
    let behind = sink.packets.windows(2).filter(|pair| pair[1].ts_ns < pair[0].ts_ns).count();
    assert!(behind as u64 <= late, "{behind} out of order, {late} counted");
    let mut numbers: Vec<u32> = sink.packets.iter().map(|packet| number(&packet.data)).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..3_000));
}

#[test]
fn a_full_ring_rolls_over_to_the_next() {
    let Some(wire) = Wire::lay(1) else { return };
    let mut live = wire.open(&["cap0"], THREE);
    let sender = wire.send("src0");
    for number in 0..1_300 {
        sender.put(&datagram(1, number, 1_400)); // one conversation, nearly twice what one ring of 1 MiB takes
    }
    let mut sink = Keep::default();
    stop(&mut live, &mut sink);
    let counters = live.counters()[0];
    assert_eq!(counters.received + counters.dropped_kernel + counters.nic_dropped, 1_300);
    assert_eq!(counters.dropped_kernel, 0);
    assert!(counters.received > 800, "{counters:?}");
}

#[test]
fn all_rings_come_back_with_their_interface() {
    let Some(wire) = Wire::lay(1) else { return };
    let options = LiveOptions { wait_for_return: true, ..THREE };
    // New sockets are made, so all of it has to happen in the namespace.
    inside(&wire.taker, || {
        let mut live = Live::open(&["cap0"], options).unwrap_or_else(|error| panic!("{error}"));
        let mut sink = Keep::default();
        for round in 0..2 {
            let sender = wire.send("src0");
            for count in 0..200 {
                sender.put(&datagram(count, u32::from(count), 75));
            }
            take(&mut live, &mut sink, 200 * (round + 1));
            assert!(ip_in(&wire.taker, &["link", "del", "cap0"]));
            said(&mut live, &mut sink, "cap0: the interface was removed");
            wire.pair(0);
            said(&mut live, &mut sink, "cap0: the interface is back and captured again");
            live.read(1_000, Duration::from_millis(600), &mut sink).unwrap(); // the other rings follow
        }
        live.stop_flag().store(true, std::sync::atomic::Ordering::Relaxed);
        while live.read(1_000, Duration::from_secs(5), &mut sink).unwrap() != Progress::End {}
        assert_eq!((sink.packets.len(), live.counters()[0].received), (400, 400));
    });
}

#[test]
fn less_than_a_mebibyte_a_ring_is_refused() {
    let Some(wire) = Wire::lay(1) else { return };
    let line = wire.refusal(&["cap0"], LiveOptions { ring_mib: 2, ..THREE });
    assert_eq!(line, "cap0: a ring of 2 MiB cannot be made; choose 3 to 16384");
}
