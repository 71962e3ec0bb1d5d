//! gzip and zstd: recognised by content, unpacked as a stream, in bounded memory.
#![allow(clippy::unwrap_used, clippy::panic)] // in tests both say what went wrong

mod common;

use common::*;
use flate2::{write::GzEncoder, Compression};
use ruzstd::encoding::{compress_to_vec, CompressionLevel};
use std::io::Write;

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    compress_to_vec(content, CompressionLevel::Fastest)
}

/// A skippable frame, as `pzstd` and others write.
fn skippable(length: u32) -> Vec<u8> {
    Bytes::new(false).u32(0x184d_2a53).u32(length).raw(&vec![0xee; length as usize]).content
}

fn sample() -> Vec<u8> {
    let data: Vec<Vec<u8>> =
        (0..3_000_u32).map(|number| number.to_be_bytes().repeat(1 + number as usize % 90)).collect();
    let records: Vec<_> = data.iter().map(|data| (7, 0, 1_500, &data[..])).collect();
    pcap(false, 0xa1b2_c3d4, &records)
}

#[test]
fn whole_and_in_several_members() {
    let folder = Folder::new();
    let plain = sample();
    let (expected, _) = read_all(&[folder.file("plain", &plain)], 100);
    assert_eq!(expected.packets.len(), 3_000);
    let (first, rest) = plain.split_at(100_001);
    let rows = [
        ("gz", gzip(&plain)),
        ("gz members", [gzip(first), gzip(b""), gzip(rest)].concat()),
        ("zst", zstd(&plain)),
        ("zst frames", [skippable(5), zstd(first), skippable(300_000), zstd(b""), zstd(rest), skippable(0)].concat()),
    ];
    for (name, packed) in rows {
        let (sink, warnings) = read_all(&[folder.file("named.pcap", &packed)], 1_000);
        assert_eq!(warnings, Vec::<String>::new(), "{name}");
        assert_eq!(sink.packets, expected.packets, "{name}");
    }
}

#[test]
fn cut_off_or_damaged_at_any_place() {
    let folder = Folder::new();
    let plain = sample();
    let (expected, _) = read_all(&[folder.file("plain", &plain)], 100);
    for (name, packed) in [("gz", gzip(&plain)), ("zst", zstd(&plain))] {
        for place in (0..packed.len()).step_by(packed.len() / 200) {
            let mut flipped = packed.clone();
            flipped[place] ^= 0x10;
            for (what, content) in [("cut", &packed[..place]), ("flipped", &flipped[..])] {
                let context = format!("{name} {what} at {place}");
                let mut sink = Keep::default();
                match tap::Files::open(&[folder.file("bad", content)]) {
                    Err(error) => assert!(!error.to_string().contains('\n'), "{context}"),
                    Ok(mut files) => {
                        while files.read(1_000, &mut sink) != tap::Progress::End {}
                        let warnings = files.warnings();
                        // A flipped bit in a gzip header's time or name changes nothing.
                        assert!(warnings.len() == 1 || place < 10, "{context}: {warnings:?}");
                        if what == "cut" {
                            assert_eq!(sink.packets, expected.packets[..sink.packets.len()], "{context}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_bomb_costs_time_not_memory() {
    // 256 MiB of packets without data: 16 zero bytes each.
    let folder = Folder::new();
    let header = pcap(false, 0xa1b2_c3d4, &[]);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&header).unwrap();
    let megabyte = vec![0; 1 << 20];
    (0..256).for_each(|_| encoder.write_all(&megabyte).unwrap());
    let gz = encoder.finish().unwrap();

    // One frame, window of 128 KiB: a raw block with the header, then blocks that say "131072 times zero".
    let mut zst = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    let block = |length: u32, kind: u32, last: u32| ((length << 3) | (kind << 1) | last).to_le_bytes()[..3].to_vec();
    zst.extend(block(24, 0, 0));
    zst.extend(&header);
    for number in 0..2_048 {
        zst.extend(block(131_072, 1, u32::from(number == 2_047)));
        zst.push(0);
    }

    struct Count(u64);
    impl wire::packet::Sink for Count {
        fn packet(&mut self, _: &wire::packet::Packet<'_>) {
            self.0 += 1;
        }
        fn tick(&mut self, _: u64) {}
        fn lost(&mut self, _: wire::packet::Lost, _: u64) {}
    }
    for packed in [gz, zst] {
        assert!(packed.len() < 4 << 20);
        let mut files = tap::Files::open(&[folder.file("bomb", &packed)]).unwrap();
        let mut count = Count(0);
        while files.read(1_000_000, &mut count) != tap::Progress::End {}
        assert_eq!((count.0, files.warnings()), ((256 << 20) / 16, vec![]));
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak_kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak_kib < 100 * 1024, "{peak_kib} KiB");
}

#[test]
fn a_frame_that_asks_for_a_huge_window_is_refused() {
    let folder = Folder::new();
    for frame in [
        vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 0x01, 0x00, 0x00], // window 2^41
        vec![0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 0x01, 0x00, 0x00], // one segment of 2^40
    ] {
        let line = refusal(&[folder.file("window", &frame)]);
        assert!(line.contains("damaged or cut-off zstd data") && line.contains("copy it again"), "{line}");
    }
}
