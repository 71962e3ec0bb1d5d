//! Live capture over veth pairs in network namespaces of our own. Needs root and `ip`; says so where they are missing.
#![allow(clippy::unwrap_used, clippy::panic)] // in tests both say what went wrong

mod common;
mod veth;

use common::{skipped, Keep};
use std::time::{Duration, Instant};
use tap::{Live, LiveOptions, Progress};
use veth::{frame, inside, ip_in, number, said, stop, take, utc_ns, Wire, SMALL};
use wire::packet::{Lost, Tag};

#[test]
fn every_frame_arrives_once_and_nothing_is_sent() {
    let Some(wire) = Wire::lay(1) else { return };
    let mut live = wire.open(&["cap0"], SMALL);
    assert_eq!(live.names(), ["cap0"]);
    let offloads = live.offloads();
    assert!(offloads[0].starts_with("cap0: GRO o") && offloads[0].contains("RX checksum o"), "{offloads:?}");
    let sender = wire.send("src0");
    let begin_ns = utc_ns();
    let mut sink = Keep::default();
    for number in 0..10_000 {
        sender.put(&frame(number, 75));
        if number % 500 == 499 {
            // A veth pair queues at most 1000 frames (net.core.netdev_max_backlog) and drops the rest.
            take(&mut live, &mut sink, number as usize + 1);
        }
    }
    let end_ns = utc_ns();
    assert!(stop(&mut live, &mut sink) < Duration::from_millis(500));
    assert_eq!(sink.packets.len(), 10_000);
    for (position, packet) in sink.packets.iter().enumerate() {
        assert_eq!(packet.data, frame(position as u32, 75));
        assert_eq!((packet.number, packet.input, packet.vlan), (position as u64 + 1, 0, None));
        assert_eq!(packet.wire_len, 75);
        assert!((begin_ns..end_ns).contains(&packet.ts_ns));
    }
    assert!(sink.ticks.last().is_some_and(|tick| *tick >= sink.packets[9_999].ts_ns));
    let counters = live.counters()[0];
    assert_eq!((counters.received, counters.dropped_kernel, counters.transmitted), (10_000, 0, 0));
    assert_eq!(live.warnings(), Vec::<String>::new());
    assert_eq!(live.read(1, Duration::ZERO, &mut sink).unwrap(), Progress::End);
}

#[test]
fn a_vlan_tag_that_the_kernel_took_off_is_told() {
    let Some(wire) = Wire::lay(1) else { return };
    let mut live = wire.open(&["cap0"], SMALL);
    let sender = wire.send("src0");
    let mut tagged = frame(7, 75);
    tagged.splice(12..12, [0x81, 0x00, 0xa1, 0x23]); // priority 5, VLAN 0x123
    sender.put(&tagged);
    sender.put(&frame(8, 75));
    let mut sink = Keep::default();
    take(&mut live, &mut sink, 2);
    assert_eq!((sink.packets[0].vlan, sink.packets[1].vlan), (Some(Tag { protocol: 0x8100, control: 0xa123 }), None));
    assert_eq!(sink.packets[0].data, frame(7, 75));
}

#[test]
fn what_the_ring_had_no_room_for_is_counted() {
    let Some(wire) = Wire::lay(1) else { return };
    let mut live = wire.open(&["cap0"], LiveOptions { ring_mib: 1, ..SMALL });
    let sender = wire.send("src0");
    for number in 0..5_000 {
        sender.put(&frame(number, 1_400));
    }
    let mut sink = Keep::default();
    stop(&mut live, &mut sink);
    let lost: u64 = sink.lost.iter().map(|(place, packets)| u64::from(*place == Lost::Kernel) * packets).sum();
    let counters = live.counters()[0];
    assert!(lost > 3_000, "{lost} lost");
    assert_eq!(counters.dropped_kernel, lost);
    // On a busy machine the veth pair's own queue may be full too: its drop counter stands beside the kernel's.
    assert_eq!(counters.received + lost + counters.nic_dropped, 5_000);
    assert_eq!(sink.packets.len() as u64, counters.received);
    if counters.nic_dropped == 0 {
        // What is there is the beginning, without holes.
        assert!(sink.packets.iter().enumerate().all(|(position, packet)| number(&packet.data) == position as u32));
    }
}

#[test]
fn silence_is_seen() {
    let Some(wire) = Wire::lay(1) else { return };
    let mut live = wire.open(&["cap0"], SMALL);
    let mut sink = Keep::default();
    let end = Instant::now() + Duration::from_millis(2_500);
    let mut last_ns = utc_ns();
    while Instant::now() < end {
        let before = sink.ticks.len();
        assert_eq!(live.read(100, Duration::from_millis(300), &mut sink).unwrap(), Progress::Idle);
        let now_ns = utc_ns();
        assert!(sink.ticks[before..].iter().all(|tick| *tick < now_ns - 20_000_000), "never ahead of the hold");
        last_ns = sink.ticks.last().copied().unwrap_or(last_ns);
        assert!(now_ns - last_ns < 1_000_000_000, "at least once a second");
    }
    assert!(sink.ticks.windows(2).all(|pair| pair[0] < pair[1]));
    // A packet after the silence is not behind a tick.
    wire.send("src0").put(&frame(1, 75));
    take(&mut live, &mut sink, 1);
    assert_eq!(sink.packets.len(), 1);
    assert_eq!(live.counters()[0].late, 0);
}

#[test]
fn several_interfaces_are_merged_by_time() {
    let Some(wire) = Wire::lay(3) else { return };
    let mut live = wire.open(&["cap0", "cap1", "cap2"], SMALL);
    let senders = [wire.send("src0"), wire.send("src1")]; // the third one stays silent
    let mut sink = Keep::default();
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            for number in 0..4_000 {
                senders[number as usize % 2].put(&frame(number, 75));
                if number % 250 == 0 {
                    std::thread::sleep(Duration::from_millis(7));
                }
            }
        });
        take(&mut live, &mut sink, 4_000);
        sending.join().unwrap();
    });
    stop(&mut live, &mut sink);
    assert_eq!(sink.packets.len(), 4_000);
    let mut front_ns = 0;
    let mut behind = 0;
    for packet in &sink.packets {
        behind += u64::from(packet.ts_ns < front_ns);
        front_ns = front_ns.max(packet.ts_ns);
    }
    let counters = live.counters();
    let late: u64 = counters.iter().map(|counters| counters.late).sum();
    assert!(behind <= late, "{behind} packets out of order, {late} counted");
    let told: u64 = sink.lost.iter().map(|(place, packets)| u64::from(*place == Lost::Late) * packets).sum();
    assert_eq!(told, late);
    if late == 0 {
        assert!(sink.packets.iter().enumerate().all(|(position, packet)| number(&packet.data) == position as u32));
    } else {
        eprintln!("{late} packets came later than the hold: a busy machine");
    }
    assert_eq!([counters[0].received, counters[1].received, counters[2].received], [2_000, 2_000, 0]);
    assert!(sink.packets.iter().all(|packet| u32::from(packet.input) == number(&packet.data) % 2));
}

#[test]
fn a_stop_delivers_what_the_ring_holds() {
    let Some(wire) = Wire::lay(2) else { return };
    for names in [&["cap0"][..], &["cap0", "cap1"]] {
        let mut live = wire.open(names, SMALL);
        let sender = wire.send("src0");
        for number in 0..500 {
            sender.put(&frame(number, 75));
        }
        let mut sink = Keep::default();
        let took = stop(&mut live, &mut sink);
        sender.put(&frame(500, 75)); // too late
        assert_eq!(sink.packets.len(), 500);
        assert!(took < Duration::from_millis(500), "{took:?}");
        assert_eq!(live.read(10, Duration::ZERO, &mut sink).unwrap(), Progress::End);
        assert_eq!(sink.packets.len(), 500);
    }
}

#[test]
fn an_interface_that_goes_down_or_away_is_said() {
    let Some(wire) = Wire::lay(2) else { return };
    let mut live = wire.open(&["cap0", "cap1"], SMALL);
    let mut sink = Keep::default();
    assert!(ip_in(&wire.taker, &["link", "set", "cap0", "down"]));
    said(&mut live, &mut sink, "cap0: is down");
    assert!(ip_in(&wire.taker, &["link", "set", "cap0", "up"]));
    said(&mut live, &mut sink, "cap0: is up again");
    wire.send("src0").put(&frame(1, 75));
    take(&mut live, &mut sink, 1);
    assert_eq!(sink.packets.len(), 1, "captured again");
    assert!(ip_in(&wire.taker, &["link", "del", "cap0"]));
    said(&mut live, &mut sink, "cap0: the interface was removed");
    wire.send("src1").put(&frame(2, 75));
    take(&mut live, &mut sink, 2);
    assert_eq!(sink.packets.len(), 2, "the other one goes on");
    assert!(ip_in(&wire.taker, &["link", "del", "cap1"]));
    let end = Instant::now() + Duration::from_secs(5);
    let error = loop {
        match live.read(100, Duration::from_millis(50), &mut sink) {
            Ok(_) => assert!(Instant::now() < end, "no error although nothing is left"),
            Err(error) => break error.to_string(),
        }
    };
    assert_eq!(error, "cap0, cap1: no interface is left to capture from; start again when it is back");
}

#[test]
fn what_cannot_be_captured_is_refused_in_one_line() {
    let Some(wire) = Wire::lay(1) else { return };
    assert_eq!(wire.refusal(&[], SMALL), "no interface given; name at least one");
    assert_eq!(wire.refusal(&["cap0", "cap0"], SMALL), "cap0: was given twice; name each interface once");
    for missing in ["eth7", "a-name-that-is-too-long", ""] {
        let line = wire.refusal(&["cap0", missing], SMALL);
        assert!(line.starts_with(&format!("{missing}: no such interface; there are: ")), "{line}");
        assert!(line.contains("cap0"), "{line}");
    }
    for ring_mib in [0, 1 << 40] {
        let line = wire.refusal(&["cap0"], LiveOptions { ring_mib, ..SMALL });
        assert!(line.contains("choose 1 to 16384"), "{line}");
    }
    if ip_in(&wire.taker, &["tuntap", "add", "dev", "tun0", "mode", "tun"]) {
        assert!(wire.refusal(&["tun0"], SMALL).starts_with("tun0: is not an Ethernet interface"));
    } else {
        skipped("no tun device here, so nothing that is not Ethernet");
    }
    let refused = inside(&wire.taker, || {
        // SAFETY: changes the effective user of this thread alone; the thread ends here.
        assert_eq!(unsafe { libc::syscall(libc::SYS_setresuid, -1, 65_534, -1) }, 0);
        Live::open(&["cap0"], SMALL).err().map(|error| error.to_string())
    });
    let line = "cap0: no permission to capture; run as root, or give the program the capability CAP_NET_RAW";
    assert_eq!(refused.as_deref(), Some(line));
    assert!(ip_in(&wire.taker, &["link", "set", "cap0", "down"]));
    let mut live = wire.open(&["cap0"], SMALL);
    let lines = live.warnings();
    assert_eq!(lines, ["cap0: is down, so no packet comes; set it up with: ip link set cap0 up"]);
}

#[test]
fn on_the_loopback_every_packet_comes_once() {
    let Some(wire) = Wire::lay(0) else { return };
    assert!(ip_in(&wire.taker, &["link", "set", "lo", "up"]));
    let mut live = wire.open(&["lo"], SMALL);
    inside(&wire.taker, || {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        for number in 0..100_u8 {
            socket.send_to(&[number], address).unwrap();
        }
    });
    let mut sink = Keep::default();
    take(&mut live, &mut sink, 100);
    stop(&mut live, &mut sink);
    let bodies: Vec<u8> = sink.packets.iter().map(|packet| packet.data[42]).collect();
    assert_eq!(bodies, (0..100).collect::<Vec<u8>>());
}

#[test]
fn an_interface_that_returns_is_captured_again() {
    let Some(wire) = Wire::lay(2) else { return };
    let mut live = wire.open(&["cap0", "cap1"], LiveOptions { wait_for_return: true, ..SMALL });
    let mut sink = Keep::default();
    wire.send("src0").put(&frame(1, 75));
    take(&mut live, &mut sink, 1);
    for (number, count) in [(2, 2), (4, 4)] {
        wire.send("src0").put(&frame(number, 75));
        assert!(ip_in(&wire.taker, &["link", "del", "cap0"]));
        said(&mut live, &mut sink, "cap0: the interface was removed; capture goes on when it is back");
        wire.pair(0);
        said(&mut live, &mut sink, "cap0: the interface is back and captured again");
        wire.send("src0").put(&frame(number + 1, 75));
        take(&mut live, &mut sink, count + 1);
    }
    // With all of them gone it waits, and time goes on.
    for pair in ["cap0", "cap1"] {
        assert!(ip_in(&wire.taker, &["link", "del", pair]));
        said(&mut live, &mut sink, &format!("{pair}: the interface was removed"));
    }
    let ticks = sink.ticks.len();
    assert_eq!(live.read(100, Duration::from_millis(700), &mut sink).unwrap(), Progress::Idle);
    assert!(sink.ticks.len() > ticks);
    wire.pair(1);
    said(&mut live, &mut sink, "cap1: the interface is back and captured again");
    wire.send("src1").put(&frame(6, 75));
    take(&mut live, &mut sink, 6);
    stop(&mut live, &mut sink);
    let numbers: Vec<u32> = sink.packets.iter().map(|packet| number(&packet.data)).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    let counters = live.counters();
    assert_eq!((counters[0].received, counters[1].received), (5, 1), "one account over all its lives");
    assert_eq!((counters[0].transmitted, sink.lost.len()), (0, 0));
    let numbers: Vec<u64> = sink.packets.iter().map(|packet| packet.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 1]);
}

#[test]
fn a_return_that_nobody_saw_the_going_of() {
    let Some(wire) = Wire::lay(1) else { return };
    let mut live = wire.open(&["cap0"], LiveOptions { wait_for_return: true, ..SMALL });
    let mut sink = Keep::default();
    assert!(ip_in(&wire.taker, &["link", "del", "cap0"]));
    wire.pair(0);
    said(&mut live, &mut sink, "cap0: the interface is back and captured again");
    wire.send("src0").put(&frame(1, 75));
    take(&mut live, &mut sink, 1);
    assert_eq!(sink.packets.len(), 1);
}

#[test]
fn what_waits_for_an_interface_can_be_stopped() {
    let Some(wire) = Wire::lay(1) else { return };
    let mut live = wire.open(&["cap0"], LiveOptions { wait_for_return: true, ..SMALL });
    let mut sink = Keep::default();
    assert!(ip_in(&wire.taker, &["link", "del", "cap0"]));
    said(&mut live, &mut sink, "cap0: the interface was removed");
    stop(&mut live, &mut sink);
}
