//! Real captures, straight and broken on purpose: every packet is in one class after every packet, and nothing is held
//! at the end.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use std::path::{Path, PathBuf};

use common::random::Random;
use common::*;
use wire::frame::{
    decode, decode_datagram, Checksums, Decoded, Duplicates, Fragments, Joined, Outline, Prints, Verdict,
};
use wire::ledger::{Ledger, Skip};
use wire::limits::{DUPLICATES, DUPLICATE_NS, FRAGMENT_BYTES};
use wire::packet::{LinkType, Packet, Sink};

struct Captured {
    ts_ns: u64,
    wire_len: u32,
    data: Vec<u8>,
}

/// Classic pcap files only, little or big endian; anything else is `None`.
fn read(path: &Path) -> Option<(LinkType, Vec<Captured>)> {
    let bytes = std::fs::read(path).ok()?;
    let magic = bytes.get(..4)?;
    let (big, unit) = match magic {
        [0xd4, 0xc3, 0xb2, 0xa1] => (false, 1000),
        [0x4d, 0x3c, 0xb2, 0xa1] => (false, 1),
        [0xa1, 0xb2, 0xc3, 0xd4] => (true, 1000),
        [0xa1, 0xb2, 0x3c, 0x4d] => (true, 1),
        _ => return None,
    };
    let word = |at: usize| {
        let word: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(if big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) })
    };
    let link = match word(20)? as u16 {
        1 => LinkType::Ethernet,
        other => LinkType::Other(other),
    };
    let (mut at, mut packets) = (24, Vec::new());
    while let (Some(seconds), Some(fraction), Some(kept), Some(wire_len)) =
        (word(at), word(at + 4), word(at + 8), word(at + 12))
    {
        let Some(data) = bytes.get(at + 16..at + 16 + kept as usize) else { break };
        let ts_ns = u64::from(seconds) * SECOND + u64::from(fraction) * unit;
        packets.push(Captured { ts_ns, wire_len, data: data.to_vec() });
        at += 16 + kept as usize;
    }
    Some((link, packets))
}

fn captures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let shared = std::env::var_os("OTUS_SHARED_PCAPS").map_or_else(|| root.join("../shared/pcaps"), PathBuf::from);
    let mut folders = vec![root.join("pcaps"), shared];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if entry.metadata().is_ok_and(|metadata| metadata.len() < 4 << 20) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn put(bench: &mut Bench, number: u64, link: LinkType, packet: &Captured, data: &[u8]) {
    let wire_len = packet.wire_len;
    bench.engine.packet(&Packet { ts_ns: packet.ts_ns, number, input: 0, link, wire_len, data, vlan: None, offset: 0 });
    assert!(bench.engine.ledger().balanced(), "after packet {number}: {:?}", bench.engine.ledger());
}

#[test]
fn every_capture_keeps_the_account_straight_and_broken() {
    let mut files = 0;
    for path in captures() {
        let Some((link, packets)) = read(&path) else { continue };
        let packets = &packets[..packets.len().min(3000)];
        files += 1;
        let mut straight = Vec::new();
        for _ in 0..2 {
            let mut bench = Bench::default();
            for (place, packet) in packets.iter().enumerate() {
                put(&mut bench, place as u64 + 1, link, packet, &packet.data);
            }
            bench.finish();
            straight.push((bench.engine.ledger(), bench.engine.take().events));
        }
        assert!(straight[0] == straight[1], "{}: two runs differ", path.display());

        let mut random = Random::new(files);
        let mut bench = Bench::with_flows(1 + random.below(20));
        let mut place = 0;
        while place < packets.len() {
            place += 1;
            let packet = &packets[(place + random.below(4) - 1).min(packets.len() - 1)];
            let mut data = packet.data.clone();
            match random.below(12) {
                0 => continue,
                1 => place = place.saturating_sub(random.below(3)),
                2 => data.truncate(random.below(data.len() + 1)),
                3 if !data.is_empty() => {
                    let at = random.below(data.len());
                    data[at] ^= 1 << random.below(8);
                }
                4 => bench.engine.tick(packet.ts_ns + random.below(100) as u64 * SECOND),
                _ => {}
            }
            put(&mut bench, place as u64, link, packet, &data);
        }
        bench.finish();
    }
    assert!(files > 0, "the project's own captures are missing");
    println!("{files} captures");
}

/// The rooms in front of the conversations, one behind the other.
struct Rooms {
    fragments: Fragments,
    checksums: Checksums,
    prints: Prints,
    duplicates: Duplicates,
    ledger: Ledger,
}

impl Rooms {
    fn put(&mut self, packet: &Packet<'_>) {
        let ledger = &mut self.ledger;
        ledger.received += 1;
        self.fragments.tick(packet.ts_ns, ledger);
        let (mut outline, mut path) = (Outline::default(), wire::frame::Path::default());
        let mut whole = None;
        let mut decoded = decode(packet, &mut outline, &mut path);
        while let Decoded::Piece(piece) = decoded {
            match self.fragments.add(&piece, &path, 0, packet.number, packet.ts_ns, ledger) {
                Joined::Whole(joined) => decoded = decode_datagram(whole.insert(joined), &mut outline, &mut path),
                Joined::Waiting | Joined::Dropped => return,
            }
        }
        match decoded {
            Decoded::Frame(frame) => {
                let digest = self.prints.digest(&frame, packet.ts_ns);
                if self.checksums.judge(&frame, digest, 0, ledger) == Verdict::Refused {
                    return ledger.skip(Skip::BadChecksum);
                }
                let print = self.prints.of(&frame, digest);
                if self.duplicates.is_copy(print, frame.source, 0, packet.ts_ns, DUPLICATE_NS) {
                    ledger.skip(Skip::Duplicate);
                } else {
                    ledger.parsed += 1;
                }
            }
            Decoded::Skip(reason) => ledger.skip(reason),
            Decoded::Piece(_) => unreachable!("joined or returned"),
        }
    }
}

#[test]
fn every_capture_keeps_the_account_of_frames() {
    let mut all = Ledger::default();
    for path in captures() {
        let Some((link, packets)) = read(&path) else { continue };
        let mut rooms = Rooms {
            fragments: Fragments::new(FRAGMENT_BYTES),
            checksums: Checksums::default(),
            prints: Prints::default(),
            duplicates: Duplicates::new(DUPLICATES),
            ledger: Ledger::default(),
        };
        for (place, captured) in packets.iter().take(20_000).enumerate() {
            let (ts_ns, wire_len, data) = (captured.ts_ns, captured.wire_len, &captured.data[..]);
            let number = place as u64 + 1;
            rooms.put(&Packet { ts_ns, number, input: 0, link, wire_len, data, vlan: None, offset: 0 });
            assert!(rooms.ledger.balanced(), "{}: {number}: {:?}", path.display(), rooms.ledger);
        }
        rooms.fragments.finish(&mut rooms.ledger);
        let ledger = &rooms.ledger;
        assert!(ledger.balanced() && ledger.held == 0, "{}: {ledger:?}", path.display());
        let odd = [Skip::BadFrame, Skip::Fragment, Skip::FragmentJoined, Skip::BadChecksum, Skip::Duplicate];
        let odd = odd.map(|reason| ledger.skipped[reason as usize]);
        if odd.iter().any(|packets| *packets > 0) || ledger.notes.checksums_excused > 0 {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            println!(
                "{} of {}: {odd:?}, excused {}: {name}",
                ledger.parsed, ledger.received, ledger.notes.checksums_excused
            );
        }
        all.received += ledger.received;
        all.parsed += ledger.parsed;
    }
    assert!(all.parsed > 0, "the project's own captures are missing");
}
