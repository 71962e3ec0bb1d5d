//! Every byte order, resolution and block, by hand-made bytes.

mod common;

use common::*;
use wire::packet::LinkType;

const A: &[u8] = b"first frame";
const B: &[u8] = b"the second frame!";

#[test]
fn classic_files_in_both_byte_orders_and_all_magics() {
    let folder = Folder::new();
    for big in [false, true] {
        for (magic, unit_ns) in [(0xa1b2_c3d4, 1_000), (0xa1b2_3c4d, 1), (0xa1b2_cd34, 1_000)] {
            let records = [(1_700_000_000, 5, A.len() as u32, A), (1_700_000_001, 999_999, 1_500, B)];
            let path = folder.file("a", &pcap(big, magic, &records));
            let (sink, warnings) = read_all(&[path], 1);
            let context = format!("big {big}, magic {magic:#x}");
            assert_eq!(warnings, Vec::<String>::new(), "{context}");
            let [first, second] = &sink.packets[..] else { panic!("{context}: {} packets", sink.packets.len()) };
            assert_eq!(first.ts_ns, 1_700_000_000_000_000_000 + 5 * unit_ns, "{context}");
            assert_eq!((first.number, first.input, first.link), (1, 0, LinkType::Ethernet), "{context}");
            assert_eq!((first.wire_len, &first.data[..], first.vlan), (A.len() as u32, A, None), "{context}");
            assert_eq!((second.number, second.wire_len, &second.data[..]), (2, 1_500, B), "{context}");
            assert_eq!(sink.ticks, [1_700_000_001_000_000_000 + 999_999 * unit_ns], "{context}");
            assert!(sink.lost.is_empty());
        }
    }
}

#[test]
fn old_versions_have_their_lengths_the_other_way_round() {
    let folder = Folder::new();
    // captured and wire length, first and second: as the version says, and for 2.3 whichever is smaller
    for (minor, first, second) in [(2, 60, 11), (3, 60, 11), (3, 11, 60), (4, 11, 60)] {
        let mut file = pcap(false, 0xa1b2_c3d4, &[]);
        file[6] = minor;
        let file = Bytes { big: false, content: file }.u32(1).u32(0).u32(first).u32(second).raw(A).content;
        let (sink, warnings) = read_all(&[folder.file("a", &file)], 9);
        assert_eq!((warnings.len(), sink.packets.len()), (0, 1), "minor {minor}: {warnings:?}");
        assert_eq!((&sink.packets[0].data[..], sink.packets[0].wire_len), (A, 60), "minor {minor}");
    }
}

#[test]
fn another_link_type_is_passed_on_with_its_number() {
    let folder = Folder::new();
    let mut file = pcap(true, 0xa1b2_c3d4, &[(1, 2, 11, A)]);
    file[20..24].copy_from_slice(&[0x14, 0, 0, 113]); // Linux cooked, with a frame check sequence of 2 bytes
    let (sink, _) = read_all(&[folder.file("a", &file)], 9);
    assert_eq!(sink.packets[0].link, LinkType::Other(113));
}

#[test]
fn block_files_in_both_byte_orders_with_several_sections_and_interfaces() {
    let folder = Folder::new();
    for (big, other) in [(false, true), (true, false)] {
        let offset = if other { (-3_i64).to_be_bytes() } else { (-3_i64).to_le_bytes() };
        let file = [
            section(big),
            interface(big, 1, 0, &[(2, b"eth0"), (9, &[9])]),
            block(big, 4, Bytes::new(big).raw(&[0; 8])), // names
            interface(big, 113, 65_535, &[]),
            enhanced(big, 0, 1_000, A.len() as u32, A),
            enhanced(big, 1, 1_000, 70_000, B),
            block(big, 5, Bytes::new(big).raw(&[0; 12])), // statistics
            obsolete(big, 1, 2_000, B.len() as u32, B),
            block(big, 0x4000_0bad, Bytes::new(big).raw(&vec![7; 300_000])), // nobody knows it
            section(other),
            interface(other, 1, 12, &[(14, &offset), (9, &[0x80 | 4])]),
            simple(other, B.len() as u32, &B[..12]),
            enhanced(other, 0, 5 << 4, A.len() as u32, A),
            simple(other, A.len() as u32, A),
        ]
        .concat();
        for at_once in [1, 100] {
            let (sink, warnings) = read_all(&[folder.file("a", &file)], at_once);
            assert_eq!(warnings, Vec::<String>::new(), "big {big}");
            let cooked = LinkType::Other(113);
            let found: Vec<_> =
                sink.packets.iter().map(|p| (p.number, p.ts_ns, p.link, p.wire_len, &p.data[..])).collect();
            let expected = [
                (1, 1_000, LinkType::Ethernet, 11, A),
                (2, 1_000_000, cooked, 70_000, B),
                (3, 2_000_000, cooked, 17, B),
                (4, 2_000_000, LinkType::Ethernet, 17, &B[..12]), // no time: the one before
                (5, 2_000_000_000, LinkType::Ethernet, 11, A),    // 80 / 2^4 s - 3 s
                (6, 2_000_000_000, LinkType::Ethernet, 11, A),
            ];
            assert_eq!(found, expected, "big {big}");
        }
    }
}

#[test]
fn options_behind_a_packet_are_passed_over() {
    let folder = Folder::new();
    let body = Bytes::new(false).u32(0).u32(0).u32(7).u32(11).u32(11).raw(A).padded();
    let body = body.u16(1).u16(60_000).raw(&vec![b'x'; 60_000]).u16(0).u16(0); // a long comment
    let file = [section(false), interface(false, 1, 0, &[]), block(false, 6, body), enhanced(false, 0, 9, 17, B)];
    let (sink, warnings) = read_all(&[folder.file("a", &file.concat())], 9);
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(sink.packets.iter().map(|p| &p.data[..]).collect::<Vec<_>>(), [A, B]);
}

#[test]
fn packets_larger_than_the_buffer_and_empty_ones() {
    let folder = Folder::new();
    let large = vec![0x5a; 300_000];
    let mut file = pcap(false, 0xa1b2_c3d4, &[(1, 0, 300_000, &large), (2, 0, 60, b""), (3, 0, 11, A)]);
    file[16..20].copy_from_slice(&1_000_000_u32.to_le_bytes()); // the snap length
    let path = folder.file("a", &file);
    let many: Vec<_> = (0..1_000).map(|_| path.clone()).collect(); // buffers shrink to 64 KiB
    for paths in [&many[..1], &many[..200]] {
        let (sink, warnings) = read_all(paths, 1_000);
        assert_eq!(warnings, Vec::<String>::new());
        assert_eq!(sink.packets.len(), 3 * paths.len());
        assert!(sink.packets[..paths.len()].iter().all(|p| p.data == large));
        assert!(sink.packets[paths.len()..2 * paths.len()].iter().all(|p| p.data.is_empty() && p.wire_len == 60));
    }
}

#[test]
fn a_packet_says_where_its_data_stands_in_the_file() {
    let folder = Folder::new();
    let classic = pcap(false, 0xa1b2_c3d4, &[(1, 0, 60, b"one"), (2, 0, 60, b"three"), (3, 0, 60, b"")]);
    let blocks = [
        section(true),
        interface(true, 1, 0, &[]),
        enhanced(true, 0, 1, 60, b"one"),
        block(true, 5, Bytes::new(true).raw(&[0; 2_000_000])), // statistics, passed over by more than a buffer
        simple(true, 5, b"three"),
        obsolete(true, 0, 2, 60, b"five"),
    ]
    .concat();
    for content in [classic, blocks] {
        let (sink, warnings) = read_all(&[folder.file("a", &content)], 10);
        assert_eq!((sink.packets.len(), warnings), (3, vec![]));
        for packet in sink.packets {
            let begin = packet.offset as usize;
            assert_eq!(content[begin..begin + packet.data.len()], packet.data);
            assert!(packet.data.is_empty() || content[begin..begin + 2] == packet.data[..2]);
        }
    }
}
