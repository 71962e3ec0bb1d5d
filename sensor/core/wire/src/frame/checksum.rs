//! TCP and UDP checksums, and what a wrong one means. RFC 9293 3.1, RFC 768, RFC 8200 8.1, RFC 1071.

use std::hash::BuildHasher;
use std::net::IpAddr;

use super::digest::word;
use super::{Digest, Frame, Layer4};
use crate::hash::{mixed, Seeded};
use crate::ledger::{add, Ledger};
use crate::limits::CHECKSUM_SENDERS;
use crate::protocol::{ICMP, ICMP6};

/// Longest datagram content on Ethernet without jumbo frames. What is longer in one frame was glued together, or not yet
/// cut, inside the machine that captured it.
const ETHERNET_CONTENT: usize = 1500;

impl Frame<'_> {
    /// Whether the segment's checksum is right; `digest` is the segment's. `None`: it cannot be told, because the capture cut bytes off, because UDP
    /// over IPv4 was sent without one, or because the frame is longer than Ethernet carries and its checksum is the one
    /// that a network card was still to finish (sum of the pseudo header alone).
    #[inline(always)]
    pub fn checksum_ok(&self, digest: Digest) -> Option<bool> {
        if self.missing > 0 {
            return None;
        }
        let (protocol, at) = match self.layer4 {
            Layer4::Tcp { .. } => (6, 16),
            Layer4::Udp { .. } => (17, 6),
            Layer4::Arp { .. } => return None,
            Layer4::Other { number } => {
                return icmp_checksum_ok(number, self.source, self.destination, self.segment.len(), digest)
            }
        };
        let field = self.segment.get(at..).and_then(|rest| rest.first_chunk::<2>()).copied()?;
        if protocol == 17 && field == [0, 0] {
            return if self.source.is_ipv4() { None } else { Some(false) };
        }
        let length = u32::try_from(self.segment.len()).unwrap_or(u32::MAX);
        let stations =
            address(self.source).wrapping_add(address(self.destination)).wrapping_add(word([0, 0, 0, protocol]));
        let pseudo = stations.wrapping_add(word(length.to_be_bytes()));
        if folded(pseudo.wrapping_add(digest.sum)) == u16::MAX {
            return Some(true);
        }
        let unfinished = |sum| folded(sum) == u16::from_ne_bytes(field);
        let glued = self.pieces == 1 && self.segment.len() > ETHERNET_CONTENT;
        if glued && (unfinished(pseudo) || unfinished(stations)) {
            return None;
        }
        Some(false)
    }
}

/// RFC 792: over the message alone. RFC 4443 2.3: with the pseudo header.
#[cold]
fn icmp_checksum_ok(number: u8, source: IpAddr, destination: IpAddr, length: usize, digest: Digest) -> Option<bool> {
    let pseudo = match number {
        ICMP => 0,
        ICMP6 => {
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            let stations = address(source).wrapping_add(address(destination));
            stations.wrapping_add(word([0, 0, 0, number])).wrapping_add(word(length.to_be_bytes()))
        }
        _ => return None,
    };
    Some(folded(pseudo.wrapping_add(digest.sum)) == u16::MAX)
}

fn unexcused(right: bool) -> Verdict {
    if right {
        Verdict::Delivered
    } else {
        Verdict::Refused
    }
}

#[inline]
fn address(ip: IpAddr) -> u64 {
    match ip {
        IpAddr::V4(ip) => word(ip.octets()),
        IpAddr::V6(ip) => Digest::of(&ip.octets(), (0, 0)).sum,
    }
}

#[inline]
fn folded(mut sum: u64) -> u16 {
    sum = (sum & 0xffff_ffff).wrapping_add(sum >> 32);
    sum = (sum & 0xffff).wrapping_add(sum >> 16 & 0xffff).wrapping_add(sum >> 32);
    sum = (sum & 0xffff).wrapping_add(sum >> 16);
    sum = (sum & 0xffff).wrapping_add(sum >> 16);
    #[allow(clippy::cast_possible_truncation)] // 16 bits are left
    let folded = sum as u16;
    folded
}

/// Right frames for each wrong one up to which wrong ones are no rarity at an input.
const RARITY: u32 = 15;

/// Right frames of an input after which senders are counted from its first wrong one on.
const MANY: u16 = 4096;

/// Frames seen with a right and with a wrong checksum. When one of the two is full both are halved: about the last
/// hundred thousand frames count.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    right: u16,
    wrong: u16,
}

impl Tally {
    #[inline]
    fn count(&mut self, right: bool) {
        let count = if right { &mut self.right } else { &mut self.wrong };
        *count = count.saturating_add(1);
        if *count == u16::MAX {
            self.right /= 2;
            self.wrong /= 2;
        }
    }
}

/// What becomes of a frame, by its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Right, or it cannot be told.
    Delivered,
    /// Wrong, as most of its sender's are: delivered, but no proof of what a receiver took.
    Excused,
    /// Wrong: no receiver takes it.
    Refused,
}

/// Which wrong checksums are the plant's and which are the capture's.
///
/// A receiver drops a segment with a wrong checksum, so a sensor that reads it can be told stories. But where frames are
/// captured before the network card has written the checksum (on one of the stations, or at a virtual switch), all
/// frames of one direction are wrong and yet were received.
///
/// The direction is told by who sends: a card finishes all frames of its machine or none. So a wrong frame is excused
/// when most frames *of its sender* at that input are wrong, and when wrong frames are no rarity at that input
/// altogether: one of sixteen. The second condition is there because an attacker controls the first; he would have to
/// send a good part of the port's whole traffic, in vain and counted. A station that captures its own traffic sends a
/// third to a half of it, less where others multicast. Senders are told by MAC address, or by IP address where a
/// capture has none, and share a fixed number of counters; two that fall together are judged together.
///
/// Depends on nothing but the frames in their order.
pub struct Checksums {
    hasher: Seeded,
    inputs: Vec<Tally>,
    senders: Box<[Tally]>,
}

impl Default for Checksums {
    fn default() -> Self {
        let senders = vec![Tally::default(); CHECKSUM_SENDERS].into_boxed_slice();
        Self { hasher: Seeded::default(), inputs: Vec::new(), senders }
    }
}

impl Checksums {
    /// Count a frame; whether its segment is to be delivered. To be called in order of arrival.
    #[inline(always)]
    pub fn judge(&mut self, frame: &Frame<'_>, digest: Digest, input: u16, ledger: &mut Ledger) -> Verdict {
        let Some(right) = frame.checksum_ok(digest) else { return Verdict::Delivered };
        let place = usize::from(input);
        if place >= self.inputs.len() {
            self.inputs.resize(place.saturating_add(1), Tally::default());
        }
        let Some(of_input) = self.inputs.get_mut(place) else { return unexcused(right) };
        of_input.count(right);
        // Once an input has shown many right ones and none wrong, it takes hundreds of wrong ones before anybody asks who
        // sends the right ones: until the first, they need not be counted.
        if of_input.wrong == 0 && of_input.right > MANY {
            return Verdict::Delivered;
        }
        // Not the frame itself, which then would have to stand in memory for every packet.
        self.excused(frame.source_mac, frame.source, right, input, ledger)
    }

    /// Count a frame of an input that shows wrong ones.
    #[inline(never)]
    fn excused(&mut self, mac: [u8; 6], source: IpAddr, right: bool, input: u16, ledger: &mut Ledger) -> Verdict {
        let sender = self.sender(mac, source, input);
        let of_input = self.inputs.get(usize::from(input)).copied().unwrap_or_default();
        let Some(of_sender) = self.senders.get_mut(sender) else { return unexcused(right) };
        of_sender.count(right);
        if right {
            return Verdict::Delivered;
        }
        let excused = of_sender.wrong > of_sender.right
            && u32::from(of_input.wrong).saturating_mul(RARITY) >= u32::from(of_input.right);
        if !excused {
            return Verdict::Refused;
        }
        add(&mut ledger.notes.checksums_excused, 1);
        Verdict::Excused
    }

    #[inline]
    fn sender(&self, mac: [u8; 6], source: IpAddr, input: u16) -> usize {
        let [a, b, c, d, e, f] = mac;
        let [g, h] = input.to_be_bytes();
        let hash = if mac == [0; 6] {
            self.hasher.hash_one((input, source))
        } else {
            mixed(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
        };
        usize::try_from(hash).unwrap_or(0) & CHECKSUM_SENDERS.wrapping_sub(1)
    }
}
