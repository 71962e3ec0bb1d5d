//! What the pcapng writer writes is what the reader reads back, ticks included, and others can read it too.
#![allow(clippy::unwrap_used, clippy::panic)] // in tests both say what went wrong

mod common;

use common::*;
use std::io::{self, Write};
use std::process::Command;
use tap::{Account, Direction, Files, PcapngWriter, Progress, Recorder, Remark, Tape};
use wire::packet::{LinkType, Lost, Packet, Sink, Tag};

const T: u64 = 1_700_000_000_123_456_789;

fn packet(ts_ns: u64, input: u16, data: &[u8]) -> Packet<'_> {
    let wire_len = data.len() as u32;
    Packet { ts_ns, number: 1, input, link: LinkType::Ethernet, wire_len, data, vlan: None, offset: 0 }
}

fn names() -> Vec<String> {
    vec!["port-a".to_owned(), "端口-b".to_owned()]
}

#[test]
fn packets_ticks_tags_and_link_types_come_back() {
    let folder = Folder::new();
    let path = folder.path().join("out.pcapng");
    let frame: Vec<u8> = (0..61).collect();
    let huge = vec![7; 300_000];
    let mut writer = PcapngWriter::create(&path, &names()).unwrap();
    writer.tick(T - 5).unwrap();
    writer.write(&packet(T, 0, &frame), &Remark { comment: "写 a rule", direction: Direction::Inbound }).unwrap();
    let cut =
        Packet { wire_len: 1_514, vlan: Some(Tag { protocol: 0x88a8, control: 0xe123 }), ..packet(T + 1, 1, &frame) };
    writer.write(&cut, &Remark::default()).unwrap();
    writer.tick(T + 2).unwrap();
    let cooked = Packet { link: LinkType::Other(113), ..packet(T + 3, 0, &frame[..20]) };
    writer.write(&cooked, &Remark { comment: &"長".repeat(40_000), direction: Direction::Outbound }).unwrap();
    writer.write(&packet(T + 3, 1, &huge), &Remark::default()).unwrap();
    writer.write(&packet(T + 4, 0, b""), &Remark::default()).unwrap();
    writer.tick(u64::MAX).unwrap();
    let bytes = writer.close().unwrap();
    assert_eq!(bytes, std::fs::metadata(&path).unwrap().len());

    let (sink, warnings) = read_all(&[&path], 1);
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(sink.ticks, [T - 5, T + 2, u64::MAX, u64::MAX], "as recorded, and one at the end");
    let [first, second, third, fourth, fifth] = &sink.packets[..] else { panic!("{} packets", sink.packets.len()) };
    assert_eq!((first.ts_ns, first.wire_len, first.link, &first.data), (T, 61, LinkType::Ethernet, &frame));
    let tagged = [&frame[..12], &[0x88, 0xa8, 0xe1, 0x23], &frame[12..]].concat();
    assert_eq!((second.ts_ns, second.wire_len, &second.data), (T + 1, 1_518, &tagged));
    assert_eq!((third.ts_ns, third.link, &third.data[..]), (T + 3, LinkType::Other(113), &frame[..20]));
    assert_eq!((fourth.wire_len, fourth.data.len()), (300_000, 256 * 1024 - 4));
    assert_eq!((fifth.ts_ns, fifth.data.len()), (T + 4, 0));
}

#[test]
fn others_can_read_it() {
    if Command::new("tshark").arg("-v").output().is_err() {
        skipped("tshark is not installed");
        return;
    }
    let folder = Folder::new();
    let path = folder.path().join("out.pcapng");
    let mut writer = PcapngWriter::create(&path, &names()).unwrap();
    writer.tick(T - 1).unwrap();
    writer.write(&packet(T, 0, &[0; 60]), &Remark { comment: "规则 rule", direction: Direction::Inbound }).unwrap();
    writer.tick(T + 1).unwrap();
    writer.write(&packet(T + 2, 1, &[0; 75]), &Remark { comment: "", direction: Direction::Outbound }).unwrap();
    writer.tick(T + 3).unwrap();
    writer.close().unwrap();
    let fields =
        ["frame.time_epoch", "frame.len", "frame.interface_name", "frame.comment", "frame.packet_flags_direction"];
    let asked: Vec<&str> = fields.iter().flat_map(|field| ["-e", *field]).collect();
    let output = Command::new("tshark").arg("-r").arg(&path).args(["-T", "fields"]).args(asked).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Vec<&str>> = said.lines().map(|line| line.split('\t').collect()).collect();
    let [first, second] = &lines[..] else { panic!("{said}") };
    assert_eq!(first[1..4], ["60", "port-a", "规则 rule"], "{said}");
    assert_eq!(second[1..4], ["75", "端口-b", ""], "{said}");
    assert!(first[0].contains("123456789") && second[0].contains("123456791"), "{said}");
    assert!(first[4].ends_with('1') && second[4].ends_with('2'), "{said}");
    let checked = Command::new("capinfos").args(["-M", "-c", "-l"]).arg(&path).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn a_tick_of_one_file_waits_for_the_packets_of_the_others() {
    let folder = Folder::new();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let mut writer = PcapngWriter::create(&one, &[]).unwrap();
    writer.write(&packet(10, 0, b"a"), &Remark::default()).unwrap();
    writer.tick(30).unwrap();
    writer.close().unwrap();
    let mut writer = PcapngWriter::create(&other, &[]).unwrap();
    writer.write(&packet(20, 0, b"b"), &Remark::default()).unwrap();
    writer.write(&packet(40, 0, b"c"), &Remark::default()).unwrap();
    writer.close().unwrap();
    let mut log = Log::default();
    let mut files = Files::open(&[&one, &other]).unwrap();
    while files.read(1, &mut log) != Progress::End {}
    assert_eq!(log.0, ["packet 10", "packet 20", "tick 30", "packet 40", "tick 40"]);
}

#[test]
fn the_statistics_of_others_are_no_ticks() {
    let comment = |text: &[u8]| Bytes::new(false).u16(1).u16(text.len() as u16).raw(text).padded().u32(0).content;
    let statistics =
        |interface: u32, options: &[u8]| block(false, 5, Bytes::new(false).u32(interface).u32(0).u32(77).raw(options));
    for (case, blocks, ticks) in [
        ("counted", statistics(0, &comment(b"otus:ticks")), vec![]),
        ("no options", statistics(0, b""), vec![]),
        ("no such interface", statistics(1, &comment(b"otus:tick")), vec![]),
        ("an option that lies about its length", statistics(0, &[1, 0, 200, 0]), vec![]),
        ("ours", statistics(0, &comment(b"otus:tick")), vec![77]),
        ("too short for a time", block(false, 5, Bytes::new(false).u32(0)), vec![]),
    ] {
        let content = [section(false), interface(false, 1, 0, &[(9, &[9])]), blocks].concat();
        let folder = Folder::new();
        let (sink, warnings) = read_all(&[folder.file("a", &content)], 10);
        assert_eq!((&sink.ticks[..sink.ticks.len() - 1], warnings), (&ticks[..], vec![]), "{case}");
    }
}

/// Takes so many bytes, then the disk is full.
struct Small(Vec<u8>, usize);

impl Write for Small {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = (self.1 - self.0.len()).min(bytes.len());
        if room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.extend_from_slice(&bytes[..room]);
        Ok(room)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_said_and_counted_to_the_packet() {
    let mut disk = Small(Vec::new(), 100_000);
    let mut writer = PcapngWriter::new(&mut disk, "out.pcapng", &[]);
    let mut account = Account::default();
    let mut log = Log::default();
    let mut recorder = Recorder::new(&mut log, &mut writer, &mut account);
    for number in 0..10_000 {
        recorder.packet(&packet(number, 0, &[0; 75]));
    }
    recorder.tick(10_000);
    recorder.lost(Lost::Kernel, 3);
    assert_eq!(
        account.warnings,
        ["out.pcapng: the disk is full; make room or choose another disk; capture goes on, but is not recorded"]
    );
    assert_eq!(log.0.len(), 10_002, "all of it passed");
    let kept = writer.packets();
    assert_eq!(account.recorded + account.missed, 10_000);
    assert!(writer.flush().is_err() && writer.into_inner().is_err());
    let folder = Folder::new();
    let (sink, _) = read_all(&[folder.file("a", &disk.0)], 100);
    assert_eq!(sink.packets.len() as u64, kept);
    assert!(kept > 900 && kept < 1_000, "{kept} of 108 bytes each");
}

#[test]
fn the_file_that_a_full_disk_leaves_ends_with_a_whole_block() {
    let folder = Folder::new();
    let place = folder.path().join("small");
    std::fs::create_dir(&place).unwrap();
    let mounted = |arguments: &[&str]| {
        Command::new(arguments[0])
            .args(&arguments[1..])
            .arg(&place)
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !mounted(&["mount", "-t", "tmpfs", "-o", "size=1m", "otus-test"]) {
        skipped("no small file system can be mounted here (needs root)");
        return;
    }
    let path = place.join("out.pcapng");
    let mut writer = PcapngWriter::create(&path, &[]).unwrap();
    let mut refused = None;
    for number in 0..20_000 {
        if let Err(error) = Tape::packet(&mut writer, &packet(number, 0, &[0; 75])) {
            refused.get_or_insert(error.to_string());
        }
    }
    let kept = writer.packets();
    let closed = writer.close().map_err(|error| error.to_string());
    let (sink, warnings) = read_all(&[&path], 100);
    mounted(&["umount"]);
    let line = format!("{}: the disk is full; make room or choose another disk", path.display());
    assert_eq!((refused, closed), (Some(line.clone()), Err(line)));
    assert_eq!((sink.packets.len() as u64, warnings), (kept, vec![]));
    assert!(kept > 5_000, "{kept}");
}

#[derive(Default)]
struct Log(Vec<String>);

impl Sink for Log {
    fn packet(&mut self, packet: &Packet<'_>) {
        self.0.push(format!("packet {}", packet.ts_ns));
    }

    fn tick(&mut self, ts_ns: u64) {
        self.0.push(format!("tick {ts_ns}"));
    }

    fn lost(&mut self, place: Lost, packets: u64) {
        self.0.push(format!("lost {place:?} {packets}"));
    }
}
