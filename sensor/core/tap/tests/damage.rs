//! Files that end anywhere, and files with flipped bits: what is there is delivered, the rest is said.
#![allow(clippy::unwrap_used, clippy::panic)] // in tests both say what went wrong

mod common;

use common::*;
use wire::packet::Lost;

/// A file of three packets, and where each packet's data and its record end.
struct Sample {
    name: &'static str,
    file: Vec<u8>,
    header: usize,
    packets: Vec<(usize, usize)>,
    /// Blocks that are no packets: losing one loses no packet.
    others: Vec<(usize, usize)>,
}

fn samples() -> Vec<Sample> {
    let data: [&[u8]; 3] = [b"one", b"", b"the third"];
    let mut all = Vec::new();
    for big in [false, true] {
        let records: Vec<_> = data.iter().map(|data| (1, 2, 60, *data)).collect();
        let mut packets = Vec::new();
        let mut end = 24;
        for data in data {
            end += 16 + data.len();
            packets.push((end, end));
        }
        let file = pcap(big, 0xa1b2_c3d4, &records);
        all.push(Sample { name: "pcap", file, header: 24, packets, others: Vec::new() });

        let blocks = [
            section(big),
            interface(big, 1, 0, &[(9, &[9])]),
            enhanced(big, 0, 5, 60, data[0]),
            obsolete(big, 0, 6, 60, data[1]),
            block(big, 5, Bytes::new(big).raw(&[0; 12])),
            enhanced(big, 0, 7, 60, data[2]),
        ];
        let (mut packets, mut others, mut begin) = (Vec::new(), Vec::new(), 0);
        for (position, block) in blocks.iter().enumerate() {
            let end = begin + block.len();
            match position {
                2 | 3 | 5 => {
                    let data = data[[2, 3, 5].iter().position(|at| *at == position).unwrap()];
                    packets.push((begin + 28 + data.len(), end));
                }
                _ => others.push((begin, end)),
            }
            begin = end;
        }
        let header = blocks[0].len();
        all.push(Sample { name: "pcapng", file: blocks.concat(), header, packets, others });
    }
    all
}

#[test]
fn cut_off_at_every_byte() {
    let folder = Folder::new();
    for sample in samples() {
        for cut in 0..=sample.file.len() {
            let context = format!("{} cut at {cut}", sample.name);
            let path = folder.file("cut", &sample.file[..cut]);
            if cut < sample.header {
                let line = refusal(&[path]);
                let expected = match cut {
                    0 => "is empty",
                    1..4 => "not a capture file",
                    _ => "is cut off inside its file header",
                };
                assert!(line.contains(expected) && !line.contains('\n'), "{context}: {line}");
                continue;
            }
            let (sink, warnings) = read_all(&[path], 2);
            let whole = sample.packets.iter().filter(|(data_end, _)| *data_end <= cut).count();
            assert_eq!(sink.packets.len(), whole, "{context}: {warnings:?}");
            let starts: Vec<usize> = {
                let mut ends: Vec<usize> = sample.packets.iter().map(|(_, end)| *end).collect();
                ends.extend(sample.others.iter().map(|(_, end)| *end));
                ends.push(sample.header);
                ends
            };
            let clean = starts.contains(&cut);
            assert_eq!(warnings.is_empty(), clean, "{context}: {warnings:?}");
            let in_other = sample.others.iter().any(|(begin, end)| (begin + 4..*end).contains(&cut));
            let in_trailer = sample.packets.iter().any(|(data_end, end)| (*data_end..*end).contains(&cut));
            let lost = u64::from(!clean && !in_other && !in_trailer);
            let told: u64 = sink.lost.iter().map(|(place, packets)| u64::from(*place == Lost::FileCut) * packets).sum();
            assert_eq!(told, lost, "{context}: {warnings:?}");
            assert_eq!(sink.ticks.len(), 1, "{context}");
            assert_eq!(sink.ticks[0], sink.packets.iter().map(|packet| packet.ts_ns).max().unwrap_or(0), "{context}");
        }
    }
}

#[test]
fn flipped_bits_never_panic_and_never_hang() {
    let folder = Folder::new();
    for sample in samples() {
        for byte in 0..sample.file.len().min(200) {
            for bit in 0..8 {
                let mut file = sample.file.clone();
                file[byte] ^= 1 << bit;
                let path = folder.file("flipped", &file);
                let mut sink = Keep::default();
                match tap::Files::open(&[path]) {
                    Err(error) => assert!(!error.to_string().contains('\n')),
                    Ok(mut files) => {
                        // Each call gives a packet or ends: there cannot be more than one per 12 bytes.
                        let calls = (0..file.len()).take_while(|_| files.read(1, &mut sink) != tap::Progress::End);
                        assert!(calls.count() < file.len() / 12);
                        assert!(files.warnings().iter().all(|line| !line.contains('\n')));
                    }
                }
                for packet in &sink.packets {
                    assert!(packet.data.len() <= packet.wire_len as usize);
                }
            }
        }
    }
}

#[test]
fn a_damaged_file_stops_where_it_is_damaged_and_the_others_go_on() {
    let folder = Folder::new();
    let good = folder.file("good", &pcap(false, 0xa1b2_c3d4, &[(1, 0, 60, b"a"), (9, 0, 60, b"b")]));
    let header = || Bytes { big: false, content: pcap(false, 0xa1b2_c3d4, &[(2, 0, 60, b"x")]) };
    let ng = || [section(false), interface(false, 1, 100, &[]), enhanced(false, 0, 2_000_000, 60, b"x")].concat();
    let raw = |body: Bytes| [ng(), body.content].concat();
    let long = 65_535 + 256 * 1024 + 1;
    let rows: Vec<(&str, Vec<u8>, &str)> = vec![
        ("longer", header().u32(3).u32(0).u32(61).u32(60).content, "41, after packet 1: a captured length of 61 bytes"),
        ("absurd", header().u32(3).u32(0).u32(long).u32(long).content, "more than the 327679 this file may hold"),
        ("most", header().u32(3).u32(0).u32(u32::MAX).u32(u32::MAX).content, "a captured length of 4294967295 bytes"),
        ("ng longer", [ng(), enhanced(false, 0, 3, 2, b"xyz")].concat(), "more than the packet had on the wire (2)"),
        (
            "no interface",
            [ng(), enhanced(false, 1, 3, 60, b"xyz")].concat(),
            "a packet on interface 1, but 1 are described",
        ),
        ("short block", raw(Bytes::new(false).u32(6).u32(8).u32(0).u32(0)), "a packet block with a length of 8 bytes"),
        ("odd block", raw(Bytes::new(false).u32(99).u32(13).u32(0).u32(0)), "a block with a length of 13 bytes"),
        (
            "no magic",
            raw(Bytes::new(false).u32(0x0a0d_0d0a).raw(&[0; 24])),
            "a section header without a byte-order magic",
        ),
        (
            "two lengths",
            {
                let mut file = [ng(), enhanced(false, 0, 3, 60, b"xyz")].concat();
                let end = file.len();
                file[end - 4] ^= 4;
                file
            },
            "a packet block whose two lengths differ",
        ),
        (
            "small block",
            {
                let mut file = [ng(), enhanced(false, 0, 3, 60, &[7; 40])].concat();
                file[ng().len() + 4] -= 40;
                file
            },
            "a block of 32 bytes around 40 captured bytes",
        ),
        (
            "version",
            {
                let mut file = [ng(), section(false)].concat();
                let at = ng().len() + 12;
                file[at] = 2;
                file
            },
            "pcapng version 2.0 is not known",
        ),
        (
            "description",
            raw(Bytes::new(false).u32(1).u32(2 << 20).u32(0).u32(0)),
            "an interface description with a length of 2097152 bytes",
        ),
    ];
    for (name, file, expected) in rows {
        let bad = folder.file(name, &file);
        let (sink, warnings) = read_all(&[&bad, &good], 100);
        let seen: Vec<&[u8]> = sink.packets.iter().map(|packet| &packet.data[..]).collect();
        assert_eq!(seen, [&b"a"[..], b"x", b"b"], "{name}");
        assert_eq!(warnings.len(), 1, "{name}: {warnings:?}");
        assert!(warnings[0].starts_with(&format!("{}: damaged at byte ", bad.display())), "{}", warnings[0]);
        assert!(warnings[0].contains(expected), "{name}: {}", warnings[0]);
        assert!(warnings[0].ends_with("; the rest of this file is not read"), "{}", warnings[0]);
        assert_eq!(sink.ticks, [9_000_000_000], "{name}");
    }
}

#[test]
fn interfaces_without_end_are_bounded() {
    let folder = Folder::new();
    let file = [section(false), interface(false, 1, 0, &[]).repeat(65_537), enhanced(false, 0, 3, 60, b"x")].concat();
    let (sink, warnings) = read_all(&[folder.file("many", &file)], 100);
    assert!(sink.packets.is_empty());
    assert!(warnings[0].contains("more than 65536 interfaces in one section"), "{warnings:?}");
}
