//! Who claims which address: ARP as the whole network hears it. RFC 826; RFC 5227 2.4 (conflicts); RFC 1122 2.3.2.1.
//!
//! An address belongs to the station that claimed it last. A station that is exchanged claims it once and for all; two
//! that are alive claim it in turn; and who wants what is meant for another sends answers that nobody asked for. Each
//! message is told what it contradicts, in the order of arrival, before it goes to its shard; rules say what that means.

use std::net::Ipv4Addr;

use crate::hash::Map;
use crate::limits;
use crate::recent::Recent;

type Mac = [u8; 6];
/// Segment, VLAN (0: none) and address.
type Place = (u16, u16, Ipv4Addr);

/// What an ARP message says against what was said before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    pub conflict: Option<Conflict>,
    /// The MAC that had the address before; meaningless without a conflict.
    pub former: Mac,
    /// An answer, and within `limits::ARP_ANSWER_NS` nobody had asked for it.
    pub unasked: bool,
    /// Addresses that the sender's MAC has claimed and that nobody has claimed after it.
    pub claims: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The address had another MAC, which has not been heard with it since.
    Moved,
    /// Two MACs claim it in turn, each at least twice: both are alive.
    Both,
    /// An answer that nobody asked for gives it another MAC.
    Forged,
}

impl Conflict {
    pub fn name(self) -> &'static str {
        match self {
            Conflict::Moved => "moved",
            Conflict::Both => "both",
            Conflict::Forged => "forged",
        }
    }
}

/// Who has an address.
#[derive(Clone, Copy, Debug)]
struct Owner {
    mac: Mac,
    /// It was given by an answer that nobody asked for, against another.
    forged: bool,
    former: Option<(Mac, u64)>,
    /// It has come back to the one who had it before.
    returned: bool,
    last_ns: u64,
}

#[derive(Debug)]
pub struct Neighbours {
    owners: Recent<Place, Owner>,
    /// Who asked for whom, and when; nothing when that was answered.
    asked: Recent<(Place, Ipv4Addr), Option<u64>>,
    /// Addresses that a MAC has.
    claims: Map<(u16, Mac), u16>,
}

impl Default for Neighbours {
    fn default() -> Self {
        Self { owners: Recent::new(limits::NEIGHBOURS), asked: Recent::new(limits::ARP_ASKED), claims: Map::default() }
    }
}

impl Neighbours {
    /// Take note of a message: `| hardware, protocol, lengths, operation | sender's MAC, IP | target's MAC, IP |`.
    #[cold]
    pub fn see(&mut self, segment: u16, vlan: Option<u16>, message: &[u8], now_ns: u64) -> Claim {
        let Some((head, rest)) = message.split_first_chunk::<8>() else { return Claim::default() };
        let Some((mac, rest)) = rest.split_first_chunk::<6>() else { return Claim::default() };
        let Some((sender, rest)) = rest.split_first_chunk::<4>() else { return Claim::default() };
        let Some(target) = rest.get(6..).and_then(|rest| rest.first_chunk::<4>()) else { return Claim::default() };
        let (mac, sender, target) = (*mac, Ipv4Addr::from(*sender), Ipv4Addr::from(*target));
        let [_, _, _, _, 6, 4, 0, operation @ 1..=2] = *head else { return Claim::default() };
        let place = |ip| (segment, vlan.unwrap_or(0), ip);
        if operation == 1 && sender != target {
            self.asked.insert((place(target), sender), Some(now_ns));
        }
        // Who has no address yet claims none, and a group is nobody (RFC 5227 1.1).
        let group = mac.first().is_some_and(|first| first & 1 == 1) || mac == [0; 6];
        if sender.is_unspecified() || sender.is_multicast() || sender.is_broadcast() || group {
            return Claim::default();
        }
        // An announcement (RFC 5227 3) is an answer to nobody.
        let told = operation == 2 && sender != target && !target.is_unspecified() && !target.is_broadcast();
        let unasked = told && {
            let question = (place(sender), target);
            let asked_ns = self.asked.get(&question).flatten();
            if asked_ns.is_some() {
                self.asked.insert(question, None);
            }
            asked_ns.is_none_or(|asked_ns| now_ns.saturating_sub(asked_ns) > limits::ARP_ANSWER_NS)
        };
        let (conflict, former) = self.claim(place(sender), mac, unasked, now_ns);
        let claims = self.claims.get(&(segment, mac)).copied().unwrap_or(0);
        Claim { conflict, former, unasked, claims }
    }

    fn claim(&mut self, place: Place, mac: Mac, unasked: bool, now_ns: u64) -> (Option<Conflict>, Mac) {
        let Some(owner) = self.owners.get(&place) else {
            self.counted(place.0, mac);
            self.owners.insert(place, Owner { mac, forged: false, former: None, returned: false, last_ns: now_ns });
            return (None, [0; 6]);
        };
        if owner.mac == mac {
            self.owners.insert(place, Owner { last_ns: now_ns, ..owner });
            return (None, [0; 6]);
        }
        let before = owner.former.filter(|(former, _)| *former == mac);
        let again = before.is_some_and(|(_, last_ns)| now_ns.saturating_sub(last_ns) <= limits::ADDRESS_RETURN_NS);
        let conflict = match (unasked, again) {
            (true, _) => Some(Conflict::Forged),
            // The one whose address was taken goes on: that was told when it was taken.
            (false, _) if owner.forged && before.is_some() => None,
            // Once may be an exchange that was taken back.
            (false, true) if !owner.returned => None,
            (false, true) => Some(Conflict::Both),
            (false, false) => Some(Conflict::Moved),
        };
        self.uncounted(place.0, owner.mac);
        self.counted(place.0, mac);
        let former = Some((owner.mac, owner.last_ns));
        self.owners.insert(place, Owner { mac, forged: unasked, former, returned: again, last_ns: now_ns });
        (conflict, owner.mac)
    }

    fn counted(&mut self, segment: u16, mac: Mac) {
        if self.claims.len() >= limits::NEIGHBOURS {
            // Rather none than wrong ones: a storm of invented stations begins anew.
            self.claims.clear();
        }
        let count = self.claims.entry((segment, mac)).or_default();
        *count = count.saturating_add(1);
    }

    fn uncounted(&mut self, segment: u16, mac: Mac) {
        if let Some(count) = self.claims.get_mut(&(segment, mac)) {
            *count = count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // test data
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const OWNER: (Mac, u8) = ([2, 0, 0, 0, 0, 1], 11);
    const OTHER: (Mac, u8) = ([2, 0, 0, 0, 0, 2], 12);
    const TAKER: (Mac, u8) = ([2, 0, 0, 0, 0, 9], 11);

    /// What each message is told: the operation, sender and target, a second apart unless said otherwise.
    fn told(messages: &[(u64, u8, (Mac, u8), u8)]) -> Vec<(Option<Conflict>, bool, u16)> {
        let mut neighbours = Neighbours::default();
        let each = messages.iter().map(|(second, operation, (mac, ip), target)| {
            let mut message = vec![0, 1, 8, 0, 6, 4, 0, *operation];
            message.extend_from_slice(mac);
            message.extend_from_slice(&[10, 0, 0, *ip, 0, 0, 0, 0, 0, 0, 10, 0, 0, *target]);
            neighbours.see(0, None, &message, second * SECOND)
        });
        each.map(|claim| (claim.conflict, claim.unasked, claim.claims)).collect()
    }

    #[test]
    fn a_station_that_is_exchanged_has_moved_once() {
        let asked = |second| (second, 1, OTHER, 11);
        let messages = [asked(0), (0, 2, OWNER, 12), asked(300), (300, 2, TAKER, 12), asked(400), (400, 2, TAKER, 12)];
        let found: Vec<_> = told(&messages).into_iter().map(|(conflict, unasked, _)| (conflict, unasked)).collect();
        let nothing = (None, false);
        assert_eq!(found, [nothing, nothing, nothing, (Some(Conflict::Moved), false), nothing, nothing]);
    }

    #[test]
    fn two_that_are_alive_claim_in_turn() {
        let messages =
            [(0, 1, OWNER, 12), (1, 1, TAKER, 11), (2, 1, OWNER, 12), (3, 1, TAKER, 12), (4000, 1, OWNER, 12)];
        let found: Vec<_> = told(&messages).into_iter().map(|(conflict, ..)| conflict).collect();
        let both = Some(Conflict::Both);
        // Once may be an exchange that was taken back; after an hour it is another one.
        assert_eq!(found, [None, Some(Conflict::Moved), None, both, Some(Conflict::Moved)]);
    }

    #[test]
    fn answers_that_nobody_asked_for() {
        let spoof = (TAKER.0, 12);
        let messages = [
            (0, 1, OTHER, 11),
            (0, 2, OWNER, 12),
            (10, 2, TAKER, 12),
            (10, 2, spoof, 11),
            (11, 1, OWNER, 12),
            (12, 2, TAKER, 12),
        ];
        let forged = Some(Conflict::Forged);
        assert_eq!(
            told(&messages),
            [
                (None, false, 1),
                (None, false, 1),
                (forged, true, 1),
                (forged, true, 2),
                (None, false, 1),
                (forged, true, 2)
            ]
        );
    }

    #[test]
    fn what_claims_nothing() {
        let probe = ([2, 0, 0, 0, 0, 7], 0);
        let mut neighbours = Neighbours::default();
        assert_eq!(neighbours.see(0, None, &[0, 1, 8, 0, 6, 4, 0, 1], 0), Claim::default());
        let messages = [(0, 1, OWNER, 11), (1, 1, probe, 11), (2, 9, TAKER, 11), (3, 2, OWNER, 11)];
        assert!(told(&messages).iter().all(|(conflict, unasked, _)| conflict.is_none() && !unasked));
    }
}
