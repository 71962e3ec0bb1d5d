//! Real captures by others, where they are at hand: `../shared/pcaps` beside the project, or OTUS_SHARED_PCAPS.
#![allow(clippy::unwrap_used, clippy::panic)] // in tests both say what went wrong

mod common;

use common::*;
use std::path::{Path, PathBuf};

/// Path and number of packets of every capture that the manifest lists.
fn corpus() -> Option<Vec<(PathBuf, usize)>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/pcaps");
    let folder = std::env::var_os("OTUS_SHARED_PCAPS").map_or(beside, PathBuf::from);
    let Ok(manifest) = std::fs::read_to_string(folder.join("MANIFEST.tsv")) else {
        skipped(&format!("no captures at {}; set OTUS_SHARED_PCAPS", folder.display()));
        return None;
    };
    let mut lines = manifest.lines();
    let heads: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let column = |name| heads.iter().position(|head| *head == name).unwrap();
    let (file, packets) = (column("file"), column("packets"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        (folder.join(cells[file]), cells[packets].parse().unwrap())
    };
    Some(lines.map(row).collect())
}

/// Captures that end inside a record; the manifest counts what is whole.
const CUT_OFF: [&str; 2] = ["melsoft_129_clean.pcap", "ethernet_ip_lab.pcap"];

#[test]
fn every_capture_has_the_packets_that_its_manifest_counts() {
    let Some(corpus) = corpus() else { return };
    assert!(corpus.len() > 300, "{} captures", corpus.len());
    for (path, packets) in &corpus {
        let (sink, warnings) = read_all(&[path], 1_000);
        assert_eq!(sink.packets.len(), *packets, "{}", path.display());
        let cut = CUT_OFF.iter().any(|name| path.ends_with(name));
        assert_eq!((warnings.len(), sink.lost.len()), (usize::from(cut), usize::from(cut)), "{warnings:?}");
        assert!(sink.packets.iter().zip(1..).all(|(packet, number)| packet.number == number));
    }
}

#[test]
fn all_of_them_at_once() {
    let Some(corpus) = corpus() else { return };
    let paths: Vec<&PathBuf> = corpus.iter().map(|(path, _)| path).collect();
    let (sink, _) = read_all(&paths, 777);
    assert_eq!(sink.packets.len(), corpus.iter().map(|(_, packets)| packets).sum::<usize>());
    let mut numbers = vec![0; paths.len()];
    for packet in &sink.packets {
        numbers[usize::from(packet.input)] += 1;
        assert_eq!(packet.number, numbers[usize::from(packet.input)]);
    }
}
