//! Several files as one stream.

mod common;

use common::*;
use tap::{Files, Progress};

const MAGIC: u32 = 0xa1b2_3c4d; // nanoseconds

#[test]
fn by_time_then_by_place_in_the_list_and_never_within_a_file() {
    let folder = Folder::new();
    let a = folder.file("a", &pcap(false, MAGIC, &[(0, 10, 60, b"a1"), (0, 5, 60, b"a2"), (0, 40, 60, b"a3")]));
    let b = folder.file("b", &pcap(true, MAGIC, &[(0, 10, 60, b"b1"), (0, 40, 60, b"b2"), (0, 40, 60, b"b3")]));
    let c = folder
        .file("c", &[section(true), interface(true, 1, 0, &[(9, &[9])]), enhanced(true, 0, 7, 60, b"c1")].concat());
    let empty = folder.file("d", &pcap(false, MAGIC, &[]));
    let expected = ["c1", "a1", "a2", "b1", "a3", "b2", "b3"];
    for at_once in [1, 2, 3, 100] {
        let (sink, warnings) = read_all(&[&a, &b, &c, &empty], at_once);
        let seen: Vec<_> = sink.packets.iter().map(|packet| String::from_utf8(packet.data.clone()).unwrap()).collect();
        assert_eq!(seen, expected, "{at_once} at once");
        let places: Vec<_> = sink.packets.iter().map(|packet| (packet.input, packet.number)).collect();
        assert_eq!(places, [(2, 1), (0, 1), (0, 2), (1, 1), (0, 3), (1, 2), (1, 3)]);
        assert_eq!((sink.ticks, warnings), (vec![40], vec![]));
    }
}

#[test]
fn a_read_gives_at_most_what_was_asked_for_and_ends_once() {
    let folder = Folder::new();
    let records: Vec<_> = (0..10).map(|second| (second, 0, 60, &b"x"[..])).collect();
    let path = folder.file("a", &pcap(false, MAGIC, &records));
    let mut files = Files::open(&[&path, &path]).unwrap();
    let mut sink = Keep::default();
    assert_eq!(files.read(0, &mut sink), Progress::More);
    assert_eq!(files.read(7, &mut sink), Progress::More);
    assert_eq!(sink.packets.len(), 7);
    assert_eq!(files.read(100, &mut sink), Progress::End);
    assert_eq!(files.read(100, &mut sink), Progress::End);
    assert_eq!((sink.packets.len(), sink.ticks.len()), (20, 1));
    let counters = files.counters();
    assert_eq!((counters[0].received, counters[1].received), (10, 10));
    assert_eq!(files.names(), [path.display().to_string(), path.display().to_string()]);
}

#[test]
fn a_stop_ends_it_with_a_tick() {
    let folder = Folder::new();
    let records: Vec<_> = (0..10).map(|second| (second, 0, 60, &b"x"[..])).collect();
    let mut files = Files::open(&[folder.file("a", &pcap(false, MAGIC, &records))]).unwrap();
    let mut sink = Keep::default();
    assert_eq!(files.read(4, &mut sink), Progress::More);
    files.stop_flag().store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(files.read(4, &mut sink), Progress::End);
    assert_eq!((sink.packets.len(), sink.ticks), (4, vec![3_000_000_000]));
}
