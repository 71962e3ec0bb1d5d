//! What is written is what is read back.

mod common;

use common::*;
use tap::PcapWriter;
use wire::packet::{LinkType, Packet, Tag};

fn packet(ts_ns: u64, wire_len: u32, data: &[u8], vlan: Option<Tag>) -> Packet<'_> {
    Packet { ts_ns, number: 1, input: 0, link: LinkType::Ethernet, wire_len, data, vlan, offset: 0 }
}

#[test]
fn round_trip_with_nanoseconds_and_the_tag_put_back() {
    let folder = Folder::new();
    let path = folder.path().join("out.pcap");
    let frame: Vec<u8> = (0..60).collect();
    let large = vec![7; 300_000];
    let mut writer = PcapWriter::create(&path, LinkType::Ethernet).unwrap();
    writer.write(&packet(1_700_000_000_123_456_789, 1_514, &frame, None)).unwrap();
    writer.write(&packet(1, 60, &frame, Some(Tag { protocol: 0x88a8, control: 0xa123 }))).unwrap();
    writer.write(&packet(u64::MAX, 60, &frame[..5], Some(Tag { protocol: 0x8100, control: 1 }))).unwrap(); // no room for a tag
    writer.write(&packet(2, 300_000, &large, None)).unwrap();
    let other = Packet { link: LinkType::Other(113), ..packet(1, 60, &frame, None) };
    let line = writer.write(&other).unwrap_err().to_string();
    assert!(line.ends_with("out.pcap: holds Ethernet, a packet of Other(113) needs a file of its own"), "{line}");
    writer.close().unwrap();

    let (sink, warnings) = read_all(&[&path], 10);
    assert_eq!(warnings, Vec::<String>::new());
    let [first, second, third, fourth] = &sink.packets[..] else { panic!("{} packets", sink.packets.len()) };
    assert_eq!((first.ts_ns, first.wire_len, &first.data), (1_700_000_000_123_456_789, 1_514, &frame));
    let tagged = [&frame[..12], &[0x88, 0xa8, 0xa1, 0x23], &frame[12..]].concat();
    assert_eq!((second.ts_ns, second.wire_len, &second.data), (1, 64, &tagged));
    assert_eq!((third.ts_ns / 1_000_000_000, &third.data[..]), (u64::from(u32::MAX), &frame[..5]));
    assert_eq!((fourth.wire_len, fourth.data.len()), (300_000, 256 * 1024 - 4));
}

#[test]
fn what_cannot_be_written_is_said() {
    let folder = Folder::new();
    let line = |path: &std::path::Path| PcapWriter::create(path, LinkType::Ethernet).err().unwrap().to_string();
    let missing = folder.path().join("no such folder/x.pcap");
    assert_eq!(line(&missing), format!("{}: its folder does not exist; create it first", missing.display()));
    let mut full = PcapWriter::create("/dev/full".as_ref(), LinkType::Ethernet).unwrap();
    full.write(&packet(1, 60, &[0; 60], None)).unwrap();
    assert_eq!(full.close().unwrap_err().to_string(), "/dev/full: the disk is full; make room or choose another disk");
}
