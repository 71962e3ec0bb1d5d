//! The rules of one protocol name: by operation and role to a place, at the place from gate to gate.

use std::collections::{BTreeMap, HashMap};

use super::super::block::{Block, Scratch, TERMS};
use super::super::column::Column;
use super::super::gate::{leading, Gate};
use super::super::glance::Glance;
use super::super::groups::{bit, Narrowed};
use super::super::keys::{integer_ordinal, Key};
use super::super::rows::{each, ANY};
use super::super::terms::Term;
use super::names::Names;
use super::{Entry, Found};
use crate::event::{base, Event, FieldId};
use crate::value::{Role, Value};

/// Values by which a field may divide rules: operations have this many, addresses more.
const OPERATIONS: usize = 256;
/// A rule that stands under more values than this stands under all.
const SPREAD: u64 = 32;
/// Places times rules that stand under all of them. Beyond it these rules have a place of their own.
const COPIES: usize = 8192;
/// Gates of a group at a place: one bit each.
const GATES: usize = 64;

#[derive(Debug, Default)]
pub struct Root {
    operation: Option<Column>,
    /// A short way to the number of a place.
    quick: Option<Quick>,
    /// Number of a place by row of `operation` times role.
    numbers: Box<[u16]>,
    places: Vec<Place>,
    /// Rules that stand under every operation.
    common: Option<Place>,
}

/// Numbers of places by role.
type Roles = [u16; Role::ALL.len()];

/// By an operation's value, where that is a small number, and by its name.
#[derive(Debug)]
struct Quick {
    /// It stands in.
    slot: u8,
    small: Box<[Roles; 256]>,
    names: Option<Names<Roles>>,
}

/// Gates that have a glance at a place: as many as lie in its first cache line.
const GLANCES: usize = 3;

/// Rules for messages of one operation and role. What most messages look at of it stands first, in one cache line.
#[derive(Debug)]
#[repr(C, align(64))]
struct Place {
    /// Of the first gates of the group that is always possible.
    glances: [Glance; GLANCES],
    /// Groups that have a gate here, beside the one that is always possible.
    groups: u64,
    /// Bits of the gates of the group that is always possible that have no glance.
    unseen: u64,
    /// Rules that ask for nothing but what leads here: no gate stands before them.
    every: Box<[Found]>,
    /// Gates of the group that is always possible.
    always: Box<[Gate]>,
    /// Gates of each of the others.
    others: Box<[Box<[Gate]>]>,
}

const _: () = assert!(size_of::<Place>() == 128);

impl Root {
    pub fn new(protocol: usize, entries: &[Entry]) -> Self {
        let field = operation_field(entries.iter().map(|entry| &entry.term));
        let (filed, mut everywhere): (Vec<&Entry>, Vec<&Entry>) =
            entries.iter().partition(|entry| dividing(field, &entry.term).is_some());
        let keys: Vec<(usize, &Key)> =
            filed.iter().enumerate().filter_map(|(at, entry)| Some((at, dividing(field, &entry.term)?))).collect();
        let column = field.map(|field| Column::new(field, protocol, &keys, filed.len().div_ceil(64)));
        let rows = column.as_ref().map_or(1, Column::rows);
        let mut root = Self::default();
        if everywhere.len().saturating_mul(rows) > COPIES {
            root.common = Some(Place::new(protocol, &std::mem::take(&mut everywhere), &[]));
        }
        let (mut numbers, mut known) = (Vec::new(), HashMap::new());
        for row in 0..rows {
            let mut here: Vec<&Entry> = everywhere.clone();
            let row = u16::try_from(row).unwrap_or(ANY);
            if let Some(column) = &column {
                each(column.row(row), |at| here.extend(filed.get(at)));
            }
            // Of an unknown value nothing is decided.
            let decided = field.filter(|_| row != ANY);
            for role in 0..Role::ALL.len() {
                let fitting: Vec<&Entry> = here.iter().copied().filter(|entry| fits_role(&entry.term, role)).collect();
                let same: Vec<*const Entry> = fitting.iter().map(|entry| std::ptr::from_ref(*entry)).collect();
                let number = *known.entry((decided.is_some(), same)).or_insert_with(|| {
                    let decided: Vec<FieldId> = decided.into_iter().chain([FieldId(base::ROLE)]).collect();
                    root.places.push(Place::new(protocol, &fitting, &decided));
                    u16::try_from(root.places.len().saturating_sub(1)).unwrap_or(u16::MAX)
                });
                numbers.push(number);
            }
        }
        root.quick = column.as_ref().and_then(|column| quick(column, &numbers));
        root.numbers = numbers.into_boxed_slice();
        root.operation = column;
        root
    }

    /// The place's number, and whether a small unsigned number led there.
    #[inline]
    fn number(&self, event: &Event<'_>, scratch: &mut Scratch) -> (u16, bool) {
        let record = event.record;
        if let Some(quick) = &self.quick {
            if let Some(Value::Unsigned(value)) = record.get(usize::from(quick.slot)) {
                let here = u8::try_from(value).ok().and_then(|value| quick.small.get(usize::from(value)));
                if let Some(number) = here.and_then(|roles| roles.get(record.role.number())) {
                    return (*number, true);
                }
            }
        }
        (self.any_number(event, scratch), false)
    }

    #[inline(never)]
    fn any_number(&self, event: &Event<'_>, scratch: &mut Scratch) -> u16 {
        if let Some(Quick { slot, names: Some(names), .. }) = &self.quick {
            if let Some(Value::Name(name)) = event.record.get(usize::from(*slot)) {
                return names.find(name.as_bytes()).get(event.record.role.number()).copied().unwrap_or(u16::MAX);
            }
        }
        let row = match &self.operation {
            None => 0,
            Some(column) => column.one(event, &mut scratch.joined).unwrap_or(ANY),
        };
        self.numbers.get(place_at(row.into(), event.record.role.number())).copied().unwrap_or(u16::MAX)
    }

    #[inline]
    pub fn visit(&self, event: &Event<'_>, narrowed: Narrowed, scratch: &mut Scratch, found: &mut impl FnMut(Found)) {
        let (number, plain) = self.number(event, scratch);
        if let Some(place) = self.places.get(usize::from(number)) {
            place.visit(event, plain, narrowed, scratch, found);
        }
        // None, unless rules are many and ask for no operation.
        if let Some(place) = &self.common {
            place.visit(event, false, narrowed, scratch, found);
        }
    }
}

impl Place {
    /// Fields in `decided` have been looked at by whoever comes here.
    fn new(protocol: usize, entries: &[&Entry], decided: &[FieldId]) -> Self {
        let open = |entry: &&Entry| entry.group != 0 || entry.term.keys().any(|field| !decided.contains(field));
        let (entries, every): (Vec<&Entry>, Vec<&Entry>) = entries.iter().copied().partition(open);
        // What asks for many operations stands under all of them.
        let holds = |entry: &Entry| entry.exact && entry.term.values().all(|key| key.width() <= SPREAD);
        let every = every.iter().map(|entry| Found { rule: entry.rule, holds: holds(entry) }).collect();
        let mut by_group: BTreeMap<u8, BTreeMap<Option<FieldId>, Vec<&Entry>>> = BTreeMap::new();
        for entry in entries {
            let leading = leading(&entry.term, protocol, decided);
            by_group.entry(entry.group).or_default().entry(leading).or_default().push(entry);
        }
        let (mut groups, mut always, mut others) = (0, Box::default(), Vec::new());
        for (group, by_field) in by_group {
            let gates = gates(protocol, by_field, decided);
            if group == 0 {
                always = gates;
            } else {
                groups |= bit(group);
                others.push(gates);
            }
        }
        let mut glances = [Glance::default(); GLANCES];
        for (glance, gate) in glances.iter_mut().zip(&always) {
            *glance = gate.glance();
        }
        let unseen = (GLANCES..always.len()).fold(0, |bits, at| bits | bit(u8::try_from(at).unwrap_or(0)));
        Self { glances, groups, unseen, every, always, others: others.into_boxed_slice() }
    }

    /// `plain`: the way here tells exactly what the message has in the fields that were looked at.
    #[inline]
    fn visit(
        &self,
        event: &Event<'_>,
        plain: bool,
        narrowed: Narrowed,
        scratch: &mut Scratch,
        found: &mut impl FnMut(Found),
    ) {
        for every in &self.every {
            found(Found { holds: every.holds && plain, ..*every });
        }
        let mut asked = self.unseen;
        for (at, glance) in (0u32..).zip(&self.glances) {
            asked |= u64::from(glance.may_open(event)).wrapping_shl(at);
        }
        if asked != 0 {
            enter(&self.always, asked, event, scratch, found);
        }
        let possible = narrowed.of(self.groups);
        if possible != 0 {
            self.visit_others(possible, event, scratch, found);
        }
    }

    #[inline(never)]
    fn visit_others(&self, mut possible: u64, event: &Event<'_>, scratch: &mut Scratch, found: &mut impl FnMut(Found)) {
        while possible != 0 {
            let before = self.groups & possible.wrapping_sub(1) & !possible;
            if let Some(gates) = self.others.get(before.count_ones() as usize) {
                enter(gates, u64::MAX, event, scratch, found);
            }
            possible &= possible.wrapping_sub(1);
        }
    }
}

/// Through those of the gates asked that open.
#[inline(never)]
fn enter(gates: &[Gate], asked: u64, event: &Event<'_>, scratch: &mut Scratch, found: &mut impl FnMut(Found)) {
    for (at, gate) in (0u32..).zip(gates) {
        if asked.wrapping_shr(at) & 1 != 0 && gate.opens(event) {
            gate.blocks().iter().for_each(|block| block.visit(event, scratch, found));
        }
    }
}

/// A gate for each field that leads to conditions, in their order; what is beyond [`GATES`] stands behind an open one.
fn gates(protocol: usize, by_field: BTreeMap<Option<FieldId>, Vec<&Entry>>, decided: &[FieldId]) -> Box<[Gate]> {
    let mut parts: Vec<(Option<FieldId>, Vec<&Entry>)> = by_field.into_iter().collect();
    if parts.len() > GATES {
        let rest = parts.split_off(GATES.saturating_sub(1));
        parts.push((None, rest.into_iter().flat_map(|(_, entries)| entries).collect()));
    }
    let gate = |(field, entries): (Option<FieldId>, Vec<&Entry>)| {
        let asked = |field: FieldId| entries.iter().filter_map(|entry| entry.term.get(&field)).collect();
        let keys: Vec<&Key> = field.map(asked).unwrap_or_default();
        Gate::new(protocol, field, &keys, blocks(protocol, &entries, decided, field))
    };
    parts.into_iter().map(gate).collect()
}

/// Where all roles of one value, or row, stand side by side.
#[inline]
fn place_at(value: usize, role: usize) -> usize {
    value.saturating_mul(Role::ALL.len()).saturating_add(role)
}

fn quick(column: &Column, numbers: &[u16]) -> Option<Quick> {
    let slot = u8::try_from(column.slot()?).ok()?;
    let roles = |row: u16| numbers.get(place_at(row.into(), 0)..)?.first_chunk().copied();
    let mut small = Box::new([[u16::MAX; Role::ALL.len()]; 256]);
    for (value, here) in (0u64..).zip(small.iter_mut()) {
        *here = roles(column.number(value))?;
    }
    let names = column.names().and_then(|(other, names)| {
        let names: Option<Vec<_>> = names.into_iter().map(|(name, row)| Some((name, roles(row)?))).collect();
        Names::new(&names?, roles(other)?)
    });
    Some(Quick { slot, small, names })
}

fn dividing(field: Option<FieldId>, term: &Term) -> Option<&Key> {
    term.get(&field?).filter(|key| key.width() <= SPREAD)
}

fn fits_role(term: &Term, role: usize) -> bool {
    let number = integer_ordinal(i128::try_from(role).unwrap_or(-1));
    let has = |key: &Key| key.numbers.iter().any(|(low, high)| (*low..=*high).contains(&number));
    term.get(&FieldId(base::ROLE)).is_none_or(has)
}

/// The field that most rules need one of few values of, if that divides them.
pub fn operation_field<'t>(terms: impl Iterator<Item = &'t Term>) -> Option<FieldId> {
    let mut asked: BTreeMap<FieldId, Vec<&Key>> = BTreeMap::new();
    for (field, key) in terms.flatten() {
        let many = field.def().is_none_or(|def| def.many);
        if !many && field.0 != base::ROLE && key.width() <= SPREAD {
            asked.entry(*field).or_default().push(key);
        }
    }
    let few = asked.into_iter().filter(|(_, keys)| {
        let mut edges: Vec<_> =
            keys.iter().flat_map(|key| &key.numbers).flat_map(|(low, high)| [*low, *high]).collect();
        edges.sort_unstable();
        edges.dedup();
        let mut names: Vec<_> = keys.iter().flat_map(|key| &key.texts.whole).collect();
        names.sort_unstable();
        names.dedup();
        let addresses = keys.iter().any(|key| !key.four.is_empty() || !key.six.is_empty());
        !addresses && edges.len().saturating_add(names.len()) <= OPERATIONS
    });
    // Of equal ones the first in the protocol's own list.
    few.max_by_key(|(field, keys)| (keys.len(), u16::MAX.saturating_sub(field.0))).map(|(field, _)| field)
}

/// Rules that ask for the same field stand together, in the order of what they ask, so that most blocks end at once.
fn blocks(protocol: usize, entries: &[&Entry], decided: &[FieldId], leading: Option<FieldId>) -> Vec<Block> {
    let mut sorted: Vec<&Entry> = entries.to_vec();
    if sorted.len() > TERMS {
        sorted.sort_by_cached_key(|entry| {
            let keys = entry.term.iter().filter(|(field, _)| !decided.contains(field));
            let sharpest = keys.min_by_key(|(field, key)| (leading != Some(**field), key.width()));
            (sharpest.map(|(field, key)| (*field, key.first())), entry.rule)
        });
    }
    let numbered: Vec<(u32, &Term)> = sorted.iter().map(|entry| (entry.rule, &entry.term)).collect();
    numbered.chunks(TERMS).map(|terms| Block::new(protocol, terms, decided, leading)).collect()
}
