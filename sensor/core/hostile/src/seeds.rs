//! Inputs to begin with: good messages, and what captures hold.

use std::collections::BTreeMap;
use std::path::Path;

use wire::frame::{frame, tcp, Layer4, Outline};
use wire::packet::{LinkType, Lost, Packet, Sink};
use wire::protocol::{Protocol, PROTOCOLS};

use crate::messages::{kinds, messages};
use crate::pieces::put;
use crate::streams::{FLAGS, FROM_SERVER, SERVERS};
use crate::{stored, streams, talk};

/// Frames of one capture that seeds are made of.
const FRAMES: usize = 400;

/// By target.
pub type Seeds = BTreeMap<String, Vec<Vec<u8>>>;

/// Of everything that stands in the code.
pub fn written() -> Seeds {
    let mut seeds = Seeds::new();
    for kind in kinds() {
        seeds.insert(format!("protocol/{kind}"), talks(kind));
    }
    // Once plainly, once with everything that may be asked for.
    let asked = conversations().map(|mut seed| {
        seed[1] = !streams::FEW_FLOWS;
        seed
    });
    seeds.insert("streams".into(), conversations().chain(asked).collect());
    for (kind, _) in stored::KINDS {
        seeds.insert((*kind).to_owned(), vec![stored::good(kind)]);
    }
    seeds
}

/// The whole conversation, each message alone, and cut in two.
fn talks(kind: &str) -> Vec<Vec<u8>> {
    let (mut all, mut seeds) = (vec![0], Vec::new());
    for (from_client, message) in messages(kind) {
        let how = if from_client { 0 } else { talk::SERVER };
        let content = unframed(kind, &message);
        put(&mut all, &[how], &content);
        let mut alone = vec![0];
        put(&mut alone, &[how], &content);
        seeds.push(alone);
        let (front, back) = content.split_at(content.len() / 2);
        let mut cut = vec![0];
        put(&mut cut, &[how | talk::AS_IT_IS], front);
        put(&mut cut, &[how | talk::AS_IT_IS], back);
        seeds.push(cut);
    }
    seeds.push(all);
    seeds
}

/// The content of a frame, where the target frames it.
fn unframed(kind: &str, message: &[u8]) -> Vec<u8> {
    match kind {
        "modbus/rtu" | "press_link" => message[..message.len() - 2].to_vec(),
        "modbus/ascii" => {
            let digits = std::str::from_utf8(&message[1..message.len() - 4]).expect("digits");
            crate::reading::bytes(digits)
        }
        _ => message.to_vec(),
    }
}

/// For `streams`: the messages of each protocol between a handshake and its end.
pub fn conversations() -> impl Iterator<Item = Vec<u8>> {
    kinds().filter_map(|kind| {
        let protocol = PROTOCOLS.iter().find(|protocol| kind.split('/').next() == Some(protocol.name))?;
        let spoken = protocol.spoken.as_ref()?;
        let server = SERVERS.iter().position(|(transport, port)| {
            *transport == spoken.transports[0] && spoken.ports.first().is_none_or(|first| first == port)
        })?;
        let [(syn, _), (fin, _), _, (ack, _)] = FLAGS;
        let mut seed = vec![server as u8, 0, 0];
        put(&mut seed, &[syn, 0, 0, 0, 0, 0], b"");
        put(&mut seed, &[syn | ack | FROM_SERVER, 0x61, 0, 0, 0, 0], b"");
        for (from_client, message) in messages(kind) {
            let who = if from_client { ack } else { ack | FROM_SERVER };
            put(&mut seed, &[who, 0x71, 0, 0, 0, 0], &message);
        }
        put(&mut seed, &[fin | ack, 0x71, 0, 0, 0, 0], b"");
        Some(seed)
    })
}

/// What the captures in a folder hold: their frames, what was said in them, and small ones as they are.
pub fn captured(folder: &Path, seeds: &mut Seeds) {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            captured(&path, seeds);
        } else if path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng") {
            let mut kept = Kept::default();
            if let Ok(mut files) = tap::Files::open(&[&path]) {
                files.read(FRAMES, &mut kept);
            }
            kept.into_seeds(seeds);
            if let Some(start) = std::fs::read(&path).ok().and_then(|file| file.get(..1024).map(<[u8]>::to_vec)) {
                packed(start, seeds.entry("captures".into()).or_default());
            }
        }
    }
}

/// The start of a capture, and the same as gzip and zstd would store it.
fn packed(start: Vec<u8>, seeds: &mut Vec<Vec<u8>>) {
    let short = &start[..200];
    // RFC 1952 2.3, RFC 1951 3.2.4: one stored block (its check value is not what is tested).
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 200, 0, 55, 255];
    gzip.extend_from_slice(short);
    gzip.extend([0; 8]);
    // RFC 8878 3.1.1: a single segment of that size, one raw block, the last.
    let mut zstd = vec![0x28, 0xb5, 0x2f, 0xfd, 0x20, 200, 0x41, 0x06, 0];
    zstd.extend_from_slice(short);
    seeds.extend([start, gzip, zstd]);
}

#[derive(Default)]
struct Kept {
    frames: Vec<(u16, Vec<u8>)>,
    /// By protocol: what it would read, with who sent it.
    said: BTreeMap<&'static str, Vec<(bool, Vec<u8>)>>,
    /// Certificates and logins.
    owners: Vec<Vec<u8>>,
}

/// Where a certificate may begin (a sequence with a length of two bytes), or a token of NTLM.
const OWNERS: [&[u8]; 2] = [&[0x30, 0x82], b"NTLMSSP\0"];

impl Sink for Kept {
    fn packet(&mut self, packet: &Packet<'_>) {
        let link = if let LinkType::Other(number) = packet.link { number } else { 1 };
        self.frames.push((link, packet.data.to_vec()));
        let Ok(frame) = frame(packet, &mut Outline::default()) else { return };
        let transport = frame.layer4.number();
        let (source, destination) = frame.layer4.ports();
        let payload = frame.payload.to_vec();
        let starts = |at: &usize| OWNERS.iter().any(|owner| payload[*at..].starts_with(owner));
        self.owners.extend((0..payload.len()).filter(starts).map(|at| payload[at..].to_vec()));
        let ordinary = !matches!(frame.layer4, Layer4::Tcp { flags, .. } if flags & tcp::SYN != 0);
        for protocol in
            PROTOCOLS.iter().filter(|protocol| !payload.is_empty() && ordinary && speaks(protocol, transport))
        {
            let (to, from) = (protocol.ports().contains(&destination), protocol.ports().contains(&source));
            if to || from || protocol.ports().is_empty() {
                self.said.entry(protocol.name).or_default().push((to || !from, payload.clone()));
            }
        }
    }

    fn tick(&mut self, _ts_ns: u64) {}

    fn lost(&mut self, _place: Lost, _packets: u64) {}
}

fn speaks(protocol: &Protocol, transport: u8) -> bool {
    protocol.spoken.as_ref().is_some_and(|spoken| spoken.transports.contains(&transport))
}

impl Kept {
    fn into_seeds(self, seeds: &mut Seeds) {
        let frames = seeds.entry("frames".into()).or_default();
        for some in self.frames.chunks(8) {
            let mut seed = vec![9];
            for (link, content) in some {
                let place = crate::frames::LINKS.iter().position(|known| known == link).unwrap_or(7);
                put(&mut seed, &[place as u8, 0x61, 0], content);
            }
            frames.push(seed);
        }
        seeds.entry("certificates".into()).or_default().extend(self.owners);
        for (protocol, said) in self.said {
            let talks = seeds.entry(format!("protocol/{protocol}")).or_default();
            for some in said.chunks(6) {
                let mut seed = vec![0];
                some.iter().for_each(|(from_client, content)| {
                    put(&mut seed, &[if *from_client { 0 } else { talk::SERVER }], content);
                });
                talks.push(seed);
            }
        }
    }
}
