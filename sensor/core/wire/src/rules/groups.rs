//! What stays the same from message to message of a conversation, asked once: which conditions its two stations leave
//! possible.
//!
//! Conditions that ask for addresses, ports or MAC addresses stand in groups, and a conversation remembers one bit per
//! group. That is the same few bytes whatever the rules and however many kinds of conversations there are: nothing has
//! to be kept, or forgotten, for all of them together.

use std::collections::HashMap;

use super::block::{Block, Scratch, TERMS};
use super::index::Found;
use super::keys::Key;
use super::terms::Term;
use crate::event::{base, Event, FieldId};

/// Groups of conditions; the first has those that ask for no station.
const GROUPS: usize = 64;
/// Groups of conditions that hold for so many stations that each kind needs one of its own.
const BROAD: usize = 16;
/// Addresses from which on a network is broad: a /8, or all but a few.
const BROAD_WIDTH: u64 = 1 << 24;

/// Conditions that two stations leave possible, in a form that only the rules they were made from can read. By default
/// all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Narrowed(u64);

impl Default for Narrowed {
    fn default() -> Self {
        Self(u64::MAX)
    }
}

impl Narrowed {
    /// Of these groups those that are possible.
    #[inline]
    pub(super) fn of(self, groups: u64) -> u64 {
        self.0 & groups
    }
}

#[derive(Debug, Default)]
pub struct Groups {
    /// Their conditions ask for stations only, and are numbered by group.
    blocks: Vec<Block>,
}

/// Whether the field is the same, or one of two, in all messages of a conversation.
pub fn of_stations(field: FieldId) -> bool {
    let source = matches!(field.0, base::SOURCE_IP | base::SOURCE_PORT | base::SOURCE_MAC);
    let destination = matches!(field.0, base::DESTINATION_IP | base::DESTINATION_PORT | base::DESTINATION_MAC);
    source
        || destination
        || matches!(field.0, base::CLIENT_IP | base::CLIENT_PORT | base::SERVER_IP | base::SERVER_PORT)
}

/// The bit of a group in a set of groups.
pub fn bit(group: u8) -> u64 {
    1u64.wrapping_shl(group.into())
}

/// Conditions that ask the same of the stations.
struct Kind<'t> {
    asked: Vec<(FieldId, &'t Key)>,
    /// Of narrow ones: the operation that they have in common.
    operation: Option<&'t Key>,
    count: usize,
}

impl Groups {
    /// The groups of one protocol's conditions, and each condition's own. `operation`: the field that divides them by
    /// what is done.
    pub fn new<'t>(
        protocol: usize,
        operation: Option<FieldId>,
        terms: impl Iterator<Item = &'t Term>,
    ) -> (Self, Vec<u8>) {
        // In the order in which they first come.
        let (mut kinds, mut numbers, mut kind_of) = (Vec::<Kind<'_>>::new(), HashMap::new(), Vec::new());
        for term in terms {
            let asked: Vec<(FieldId, &Key)> =
                term.iter().filter(|(field, _)| of_stations(**field)).map(|(field, key)| (*field, key)).collect();
            if asked.is_empty() {
                kind_of.push(None);
                continue;
            }
            let operation = operation.filter(|_| !broad(&asked)).and_then(|field| term.get(&field));
            let number = *numbers.entry((operation, asked.clone())).or_insert_with(|| {
                kinds.push(Kind { asked, operation, count: 0 });
                kinds.len().saturating_sub(1)
            });
            if let Some(kind) = kinds.get_mut(number) {
                kind.count = kind.count.saturating_add(1);
            }
            kind_of.push(Some(number));
        }
        let grouped = grouped(&kinds);
        let mut group_of = vec![0u8; kinds.len()];
        for (number, group) in &grouped {
            if let Some(place) = group_of.get_mut(*number) {
                *place = *group;
            }
        }
        let alone = |kind: &Kind<'_>| kind.asked.iter().map(|(field, key)| (*field, (*key).clone())).collect();
        let made: Vec<(u32, Term)> = grouped
            .iter()
            .filter_map(|(number, group)| Some((u32::from(*group), alone(kinds.get(*number)?))))
            .collect();
        let numbered: Vec<(u32, &Term)> = made.iter().map(|(group, term)| (*group, term)).collect();
        let blocks = numbered.chunks(TERMS).map(|terms| Block::new(protocol, terms, &[], None)).collect();
        let of_each = kind_of.iter().map(|kind| kind.and_then(|kind| group_of.get(kind)).copied().unwrap_or(0));
        (Self { blocks }, of_each.collect())
    }

    /// What is possible in messages of this protocol between this client and this server, whoever sends them.
    pub fn narrow(&self, event: &Event<'_>) -> Narrowed {
        let (mut groups, mut scratch) = (bit(0), Scratch::default());
        let answer = Event { from_client: !event.from_client, ..*event };
        let mut found = |group: Found| groups |= 1u64.wrapping_shl(group.rule);
        for block in &self.blocks {
            block.visit(event, &mut scratch, &mut found);
            block.visit(&answer, &mut scratch, &mut found);
        }
        Narrowed(groups)
    }
}

/// Each kind's group. Broad ones that most conditions ask for stand alone, since they are possible nearly always or
/// nearly never. Of the others neighbours stand together, of one operation before those of the next: a station is in
/// few networks, and a message looks only at groups of its own operation.
fn grouped(kinds: &[Kind<'_>]) -> Vec<(usize, u8)> {
    let (mut alone, mut together): (Vec<_>, Vec<_>) =
        kinds.iter().enumerate().partition(|(_, kind)| broad(&kind.asked));
    alone.sort_by_key(|(_, kind)| usize::MAX.saturating_sub(kind.count));
    together.sort_by_cached_key(|(_, kind)| {
        let operation = kind.operation.map(|key| (key.first(), key.texts.whole.first().cloned()));
        (operation, sharpest(&kind.asked).map(|(field, key)| (field, key.first())))
    });
    let left = GROUPS.saturating_sub(1).saturating_sub(BROAD);
    let share = |at: usize| at.saturating_mul(left).checked_div(together.len()).unwrap_or(0);
    let alone = alone.iter().enumerate().map(|(at, (kind, _))| (*kind, at.min(BROAD.saturating_sub(1))));
    let together = together.iter().enumerate().map(|(at, (kind, _))| (*kind, share(at).saturating_add(BROAD)));
    // The first group is for those that ask for no station.
    let group = |place: usize| u8::try_from(place.saturating_add(1).min(GROUPS.saturating_sub(1))).unwrap_or(0);
    alone.chain(together).map(|(kind, place)| (kind, group(place))).collect()
}

/// Whether so many stations fit that their conditions are worth a group of their own.
fn broad(asked: &[(FieldId, &Key)]) -> bool {
    sharpest(asked).is_none_or(|(_, key)| key.width() >= BROAD_WIDTH)
}

/// The station's address that fewest have. Ports say little: a plant has one for each protocol.
fn sharpest<'t>(asked: &[(FieldId, &'t Key)]) -> Option<(FieldId, &'t Key)> {
    let port = |field: u16| {
        matches!(field, base::SOURCE_PORT | base::DESTINATION_PORT | base::CLIENT_PORT | base::SERVER_PORT)
    };
    asked.iter().copied().filter(|(field, _)| !port(field.0)).min_by_key(|(_, key)| key.width())
}
