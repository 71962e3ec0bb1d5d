//! The rolling capture: quota, bulk payload first, a full disk, a slow one.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tap::{Account, Files, Progress, Recorder, Rolling};
use wire::packet::{LinkType, Lost, Packet, Sink};

const SECOND: u64 = 1_000_000_000;
const MIB: u64 = 1024 * 1024;

/// A TCP segment between two hosts, with this payload.
fn segment(port: u16, number: u64, payload: usize) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0];
    frame.extend(u16::try_from(40 + payload).unwrap().to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend(40_000u16.to_be_bytes());
    frame.extend(port.to_be_bytes());
    frame.extend((number as u32).to_be_bytes());
    frame.extend([0, 0, 0, 0, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0]);
    frame.resize(frame.len() + payload, number as u8);
    frame
}

#[derive(Default, PartialEq, Eq, Debug)]
struct Seen {
    packets: Vec<(u64, u32, Vec<u8>)>,
    ticks: Vec<u64>,
}

impl Sink for Seen {
    fn packet(&mut self, packet: &Packet<'_>) {
        self.packets.push((packet.ts_ns, packet.wire_len, packet.data.to_vec()));
    }
    fn tick(&mut self, ts_ns: u64) {
        self.ticks.push(ts_ns);
    }
    fn lost(&mut self, _: Lost, _: u64) {}
}

fn put<S: Sink>(sink: &mut S, number: u64, data: &[u8]) {
    sink.packet(&Packet {
        ts_ns: 1000 * SECOND + number * 1_000_000,
        number,
        input: (number % 2) as u16,
        link: LinkType::Ethernet,
        wire_len: data.len() as u32,
        data,
        vlan: None,
        offset: 0,
    });
}

fn record(folder: &Path, quota: u64, frames: impl Iterator<Item = Vec<u8>>) -> (Seen, Rolling, Account) {
    let names = ["a".to_owned(), "b".to_owned()];
    let (mut seen, mut account) = (Seen::default(), Account::default());
    let mut rolling = Rolling::open(folder, quota, &names).unwrap();
    for (number, frame) in frames.enumerate() {
        let number = number as u64 + 1;
        put(&mut Recorder::new(&mut seen, &mut rolling, &mut account), number, &frame);
        if number.is_multiple_of(500) {
            Recorder::new(&mut seen, &mut rolling, &mut account).tick(1000 * SECOND + number * 1_000_000);
            // The disk keeps up here, whatever else the machine does.
            while rolling.state().written + rolling.state().lost + 2000 < number {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
    rolling.close();
    (seen, rolling, account)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn size(folder: &Path) -> u64 {
    files(folder).iter().map(|path| path.metadata().unwrap().len()).sum()
}

fn read(paths: &[PathBuf]) -> Seen {
    let mut seen = Seen::default();
    let mut source = Files::open(paths).unwrap();
    while source.read(1 << 20, &mut seen) != Progress::End {}
    assert_eq!(source.warnings(), Vec::<String>::new());
    seen
}

#[test]
fn what_was_recorded_is_read_again() {
    let home = common::Folder::new();
    let folder = home.path();
    let frames = (0..3000).map(|number| segment(502, number, 20 + (number % 200) as usize));
    let (passed, rolling, account) = record(folder, 64 * MIB, frames);
    let state = rolling.state();
    assert_eq!((state.written, state.lost, state.thinned, state.deleted), (3000, 0, 0, 0));
    assert_eq!((account.recorded, account.missed, rolling.warnings().len()), (3000, 0, 0));
    assert_eq!(state.used_bytes, size(folder));
    let again = read(&files(folder));
    assert_eq!(again.packets, passed.packets);
    assert_eq!(again.ticks[..6], passed.ticks[..]);
}

#[test]
fn the_oldest_files_go_and_the_quota_holds() {
    let home = common::Folder::new();
    let folder = home.path();
    std::fs::write(folder.join("note.txt"), "not ours").unwrap();
    let quota = 8 * MIB;
    // The port is a plant's: nothing is thinned.
    let (passed, rolling, _) = record(folder, quota, (0..20_000).map(|number| segment(502, number, 1000)));
    let state = rolling.state();
    assert_eq!((state.written, state.lost, state.thinned), (20_000, 0, 0));
    assert!(state.deleted > 5, "{state:?}");
    assert!(size(folder) <= quota, "{} bytes", size(folder));
    let left: Vec<PathBuf> = files(folder).into_iter().filter(|path| path.extension().unwrap() == "pcapng").collect();
    let again = read(&left);
    assert_eq!(again.packets[..], passed.packets[passed.packets.len() - again.packets.len()..]);
    assert!(again.packets.len() > 4000, "{}", again.packets.len());
    assert!(folder.join("note.txt").exists());

    // Another run goes on behind it, and counts what is there.
    let (_, rolling, _) = record(folder, quota, (0..2000).map(|number| segment(502, number, 1000)));
    assert!(rolling.state().deleted > 0);
    assert!(size(folder) <= quota);
    assert!(files(folder).last().is_some_and(|path| path.extension().unwrap() == "txt"));
}

#[test]
fn bulk_payload_goes_first() {
    let home = common::Folder::new();
    let folder = home.path();
    // A backup beside a poll: one in ten packets is the poll's.
    let frames = (0..30_000).map(|number| match number % 10 {
        0 => segment(502, number, 20),
        _ => segment(445, number, 1400),
    });
    let (_, rolling, _) = record(folder, 8 * MIB, frames);
    let state = rolling.state();
    assert!(state.thinned > 15_000 && state.thinned_bytes == state.thinned * 1400, "{state:?}");
    let again = read(&files(folder));
    for (_, wire_len, data) in &again.packets {
        assert!(data.len() == *wire_len as usize || (data.len() == 54 && *wire_len == 1454));
    }
    // What stands there is longer ago than a recording of everything in the same room could reach.
    assert!(again.packets.len() > 2 * (8 * MIB as usize / 1400), "{}", again.packets.len());
    let polls = again.packets.iter().filter(|(_, wire_len, _)| *wire_len == 74).count();
    assert!(again.packets.len().abs_diff(polls * 10) < 10);
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let home = common::Folder::new();
    let folder = home.path();
    std::fs::write(folder.join("file"), "").unwrap();
    let Err(error) = Rolling::open(&folder.join("file"), 8 * MIB, &[]) else { panic!("opened") };
    assert_eq!(error.to_string().lines().count(), 1);
}

/// The folder goes away while it is written to: said once, counted, and packets pass all the same.
#[test]
fn a_folder_that_disappears_stops_nothing() {
    let home = common::Folder::new();
    let folder = home.path().join("inner");
    let names = ["a".to_owned()];
    let (mut seen, mut account) = (Seen::default(), Account::default());
    let mut rolling = Rolling::open(&folder, 8 * MIB, &names).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    for number in 1..=5000 {
        put(&mut Recorder::new(&mut seen, &mut rolling, &mut account), number, &segment(502, number, 1000));
    }
    rolling.close();
    let state = rolling.state();
    assert_eq!((seen.packets.len(), state.written, state.lost), (5000, 0, 5000));
    assert_eq!(rolling.warnings().len(), 1);
}
