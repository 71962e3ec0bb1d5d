//! What the seam holds: one of the two kinds of source.

mod common;

use common::*;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tap::{Files, Live, LiveOptions, Progress, Source};

#[test]
fn files_behind_a_source() {
    let folder = Folder::new();
    let file = pcap(false, 0xa1b2_c3d4, &[(1, 0, 60, b"one"), (2, 0, 60, b"two"), (3, 0, 60, b"three")]);
    let path = folder.file("a", &file[..file.len() - 1]);
    let mut source = Source::Files(Files::open(&[&path]).unwrap());
    let mut sink = Keep::default();
    let wait = Duration::from_secs(1);
    assert_eq!(source.read(1, wait, &mut sink), Ok(Progress::More));
    assert_eq!(source.warnings(), Vec::<String>::new());
    assert_eq!(source.read(9, wait, &mut sink), Ok(Progress::End));
    let expected = format!(
        "{}: ends inside a record at byte 62, after packet 2; one packet is lost: the file is cut off; copy it again from its source",
        path.display()
    );
    assert_eq!(source.warnings(), [expected]);
    assert_eq!(source.warnings(), Vec::<String>::new(), "said once");
    assert_eq!(source.names(), [path.display().to_string()]);
    let counters = source.counters();
    assert_eq!((counters.len(), counters[0].received, counters[0].cut), (1, 2, 1));
    assert_eq!(source.offloads(), Vec::<String>::new());
}

#[test]
fn an_interface_behind_a_source() {
    let live = match Live::open(&["lo"], LiveOptions { ring_mib: 1, ..LiveOptions::default() }) {
        Ok(live) => live,
        Err(error) => return skipped(&error.to_string()),
    };
    let mut source = Source::Live(live);
    assert_eq!((source.names(), source.offloads().len(), source.counters().len()), (vec!["lo".to_owned()], 1, 1));
    source.stop_flag().store(true, Ordering::Relaxed);
    let mut sink = Keep::default();
    while source.read(1_000, Duration::from_secs(1), &mut sink).unwrap() != Progress::End {}
    assert_eq!(source.counters()[0].received, sink.packets.len() as u64);
    let latest_ns = sink.packets.iter().map(|packet| packet.ts_ns).max().unwrap_or(0);
    assert!(sink.ticks.last().is_some_and(|tick| *tick >= latest_ns), "a stopped capture ends with a tick");
}
