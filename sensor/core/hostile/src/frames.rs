//! Frames one after the other, as the front of the engine takes them apart: link types, tunnels, fragments, checksums,
//! copies, segments.
//!
//! ```text
//! budget of fragments u8 | pieces: link type and input u8, time u8, bytes that the capture cut off u8
//! ```

use std::sync::LazyLock;

use wire::frame::{
    brief, decode, decode_datagram, plain, Checksums, Decoded, Duplicates, Fragments, Frame, Joined, Layer4, Outline,
    Path, Prints, Verdict,
};
use wire::ledger::{Ledger, Skip};
use wire::limits;
use wire::packet::{LinkType, Packet, Tag};
use wire::segments::{Doubles, Segments};

use crate::certificates::inside;
use crate::pieces::{Piece, Pieces};

pub const LIST: (usize, usize) = (1, 3);
/// As capture files number them: null, Ethernet, raw IP in its three numbers, cooked in both versions, none of ours.
pub const LINKS: [u16; 8] = [1, 0, 12, 101, 228, 113, 276, 147];
/// The number of a link type in `LINKS`, and of an input behind it.
const LINK: u8 = 7;
const KERNEL_TAG: u8 = 8;

static SEGMENTS: LazyLock<Segments> = LazyLock::new(Segments::default);

struct Front {
    path: Path,
    fragments: Fragments,
    checksums: Checksums,
    prints: Prints,
    duplicates: Duplicates,
    doubles: Doubles,
    ledger: Ledger,
    budget: usize,
    now_ns: u64,
}

pub fn run(input: &[u8]) {
    let Some((budget, list)) = input.split_first() else { return };
    let budget = 1024 << (budget % 12);
    let mut front = Front {
        path: Path::default(),
        fragments: Fragments::new(budget),
        checksums: Checksums::default(),
        prints: Prints::default(),
        duplicates: Duplicates::new(16),
        doubles: Doubles::default(),
        ledger: Ledger::default(),
        budget,
        now_ns: 1_760_000_000_000_000_000,
    };
    for (number, piece) in (1..).zip(Pieces::new(list, LIST.1)) {
        front.piece(number, &piece);
    }
    front.fragments.finish(&mut front.ledger);
    assert!(front.ledger.balanced() && front.ledger.held == 0, "at the end: {:?}", front.ledger);
    assert!(front.fragments.is_empty() && front.fragments.used_bytes() == 0, "fragments are left at the end");
}

impl Front {
    fn piece(&mut self, number: u64, piece: &Piece<'_>) {
        let [link, time, cut] = *piece.head else { return };
        // From nothing over milliseconds to hours.
        self.now_ns += u64::from(time & 15) * 10u64.pow(u32::from(time >> 4) % 13);
        let link_type = LINKS[usize::from(link & LINK)];
        let packet = Packet {
            ts_ns: self.now_ns,
            number,
            input: u16::from(link >> 6),
            link: if link_type == 1 { LinkType::Ethernet } else { LinkType::Other(link_type) },
            wire_len: piece.content.len() as u32 + u32::from(cut),
            data: piece.content,
            vlan: (link & KERNEL_TAG != 0).then_some(Tag { protocol: 0x8100, control: u16::from(link >> 4) }),
            offset: 0,
        };
        self.ledger.received += 1;
        self.packet(&packet);
        assert!(self.ledger.balanced(), "behind frame {number}: {:?}", self.ledger);
        assert!(self.fragments.used_bytes() <= self.budget, "{} bytes of fragments", self.fragments.used_bytes());
    }

    fn packet(&mut self, packet: &Packet<'_>) {
        self.fragments.tick(self.now_ns, &mut self.ledger);
        let (mut outline, mut whole, mut around) = (Outline::default(), None, packet.data);
        let mut decoded = decode(packet, &mut outline, &mut self.path);
        while let Decoded::Piece(piece) = decoded {
            assert!(inside(piece.bytes, packet.data), "a piece lies outside its frame");
            let segment = SEGMENTS.of(packet.input, piece.vlan, &self.path);
            let ledger = &mut self.ledger;
            match self.fragments.add(&piece, &self.path, segment, packet.number, self.now_ns, ledger) {
                Joined::Whole(joined) => {
                    assert!(joined.bytes.len() <= usize::from(u16::MAX), "a datagram of {} bytes", joined.bytes.len());
                    let joined = &*whole.insert(joined);
                    around = &joined.bytes;
                    decoded = decode_datagram(joined, &mut outline, &mut self.path);
                }
                Joined::Waiting | Joined::Dropped => return,
            }
        }
        match decoded {
            Decoded::Frame(frame) => {
                assert!(inside(frame.segment, around), "a segment lies outside its frame");
                self.frame(packet, &frame, &outline);
            }
            Decoded::Skip(reason) => self.ledger.skip(reason),
            Decoded::Piece(_) => unreachable!("the loop ends with something else"),
        }
    }

    fn frame(&mut self, packet: &Packet<'_>, frame: &Frame<'_>, outline: &Outline) {
        assert!(frame.segment.ends_with(frame.payload) && inside(frame.payload, frame.segment));
        assert_eq!((outline.source, outline.destination), (Some(frame.source), Some(frame.destination)));
        assert!(self.path.len() <= limits::TUNNELS, "{:?}", self.path.layers());
        if let Some(plain) = plain(packet) {
            short_cut(packet, &plain);
        }
        let digest = self.prints.digest(frame, packet.ts_ns);
        if self.checksums.judge(frame, digest, packet.input, &mut self.ledger) == Verdict::Refused {
            return self.ledger.skip(Skip::BadChecksum);
        }
        let segment = SEGMENTS.of(packet.input, frame.vlan, &self.path);
        self.doubles.see(segment, frame, &mut self.ledger);
        let print = self.prints.of(frame, digest);
        if self.duplicates.is_copy(print, frame.source, packet.input, packet.ts_ns, limits::DUPLICATE_NS) {
            return self.ledger.skip(Skip::Duplicate);
        }
        self.ledger.parsed += 1;
    }
}

/// The frame that nearly all are comes to the same by the long way: here by that of raw IP.
fn short_cut(packet: &Packet<'_>, plain: &Frame<'_>) {
    let raw =
        Packet { link: LinkType::Other(101), data: &packet.data[14..], wire_len: packet.wire_len - 14, ..*packet };
    let (mut outline, mut path) = (Outline::default(), Path::default());
    let Decoded::Frame(long) = decode(&raw, &mut outline, &mut path) else { panic!("plain, and no frame of IP") };
    let said = |frame: &Frame<'_>| (frame.source, frame.destination, frame.ip_id, frame.ttl, frame.missing);
    assert_eq!(said(plain), said(&long));
    assert_eq!(format!("{:?}", plain.layer4), format!("{:?}", long.layer4));
    assert_eq!((plain.segment, plain.payload), (long.segment, long.payload));
    // And by what is looked at again when its turn comes.
    let start = plain.payload.as_ptr() as usize - packet.data.as_ptr() as usize;
    let brief = brief(packet.data, start..start + plain.payload.len()).expect("its payload lies there");
    let Layer4::Tcp { source_port, destination_port, sequence, flags, .. } = plain.layer4 else { panic!("no TCP") };
    assert_eq!((brief.source, brief.destination), ((plain.source, source_port), (plain.destination, destination_port)));
    assert_eq!((brief.sequence, brief.flags, brief.payload), (sequence, flags, plain.payload));
}
