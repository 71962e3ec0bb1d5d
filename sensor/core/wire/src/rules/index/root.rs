//! The rules of one protocol name: by operation and role to a place, at the place from gate to gate.

use std::collections::{BTreeMap, HashMap};

use super::super::block::{Block, Scratch, TERMS};
use super::super::column::Column;
use super::super::gate::{leading, Gate};
use super::super::groups::{bit, Narrowed};
use super::super::keys::{integer_ordinal, Key};
use super::super::rows::{each, ANY};
use super::super::terms::Term;
use super::Entry;
use crate::event::{base, Event, FieldId};
use crate::value::{Role, Value};

/// Values by which a field may divide rules: operations have this many, addresses more.
const OPERATIONS: usize = 256;
/// A rule that stands under more values than this stands under all.
const SPREAD: u64 = 32;
/// Places times rules that stand under all of them. Beyond it these rules have a place of their own.
const COPIES: usize = 8192;

#[derive(Debug, Default)]
pub struct Root {
    operation: Option<Column>,
    /// The slot it stands in, and the number of a place by its value, where it is small, and role.
    quick: Option<(u8, Box<SmallValues>)>,
    /// Number of a place by row of `operation` times role.
    numbers: Box<[u16]>,
    places: Vec<Place>,
    /// Gates of each group that has some at a place, group by group.
    parts: Vec<Span>,
    /// Rules that stand under every operation.
    common: Option<Place>,
    gates: Vec<Gate>,
    blocks: Vec<Block>,
}

type SmallValues = [[u16; Role::ALL.len()]; 256];

/// Rules for messages of one operation and role.
#[derive(Debug)]
struct Place {
    /// Groups that have a gate here, beside the one that is always possible.
    groups: u64,
    /// Gates of the group that is always possible.
    always: Span,
    /// Number of the first of the others' parts.
    parts: u32,
}

/// A stretch of a list.
type Span = (u32, u32);

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
            root.common = Some(root.place(protocol, &std::mem::take(&mut everywhere), &[]));
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
                    let place = root.place(protocol, &fitting, &decided);
                    root.places.push(place);
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

    /// Fields in `decided` have been looked at by whoever comes to the place.
    fn place(&mut self, protocol: usize, entries: &[&Entry], decided: &[FieldId]) -> Place {
        let mut parts: BTreeMap<(u8, Option<FieldId>), Vec<&Entry>> = BTreeMap::new();
        for entry in entries {
            parts.entry((entry.group, leading(&entry.term, protocol, decided))).or_default().push(entry);
        }
        let at = |list: usize| u32::try_from(list).unwrap_or(u32::MAX);
        let here = at(self.gates.len());
        let mut place = Place { groups: 0, always: (here, here), parts: at(self.parts.len()) };
        for ((group, field), entries) in parts {
            let asked = |field: FieldId| entries.iter().filter_map(|entry| entry.term.get(&field)).collect();
            let keys: Vec<&Key> = field.map(asked).unwrap_or_default();
            let (first, gate) = (at(self.blocks.len()), at(self.gates.len()));
            self.blocks.extend(blocks(protocol, &entries, decided, field));
            self.gates.push(Gate::new(protocol, field, &keys, (first, at(self.blocks.len()))));
            let end = at(self.gates.len());
            match self.parts.last_mut().filter(|_| place.groups & bit(group) != 0) {
                _ if group == 0 => place.always.1 = end,
                Some(part) => part.1 = end,
                None => self.parts.push((gate, end)),
            }
            place.groups |= bit(group) & !bit(0);
        }
        place
    }

    /// The place's number.
    #[inline]
    fn number(&self, event: &Event<'_>, scratch: &mut Scratch) -> u16 {
        let record = event.record;
        if let Some((slot, numbers)) = &self.quick {
            if let Some(Value::Unsigned(value)) = record.get(usize::from(*slot)) {
                let here = u8::try_from(value).ok().and_then(|value| numbers.get(usize::from(value)));
                if let Some(number) = here.and_then(|roles| roles.get(record.role.number())) {
                    return *number;
                }
            }
        }
        self.any_number(event, scratch)
    }

    #[inline(never)]
    fn any_number(&self, event: &Event<'_>, scratch: &mut Scratch) -> u16 {
        let row = match &self.operation {
            None => 0,
            Some(column) => column.one(event, &mut scratch.joined).unwrap_or(ANY),
        };
        self.numbers.get(place_at(row.into(), event.record.role.number())).copied().unwrap_or(u16::MAX)
    }

    #[inline]
    pub fn visit(&self, event: &Event<'_>, narrowed: Narrowed, scratch: &mut Scratch, found: &mut impl FnMut(u32)) {
        if let Some(place) = self.places.get(usize::from(self.number(event, scratch))) {
            self.walk(place, event, narrowed, scratch, found);
        }
        if self.common.is_some() {
            self.walk_common(event, narrowed, scratch, found);
        }
    }

    #[inline(never)] // there are none, unless rules are many and ask for no operation
    fn walk_common(&self, event: &Event<'_>, narrowed: Narrowed, scratch: &mut Scratch, found: &mut impl FnMut(u32)) {
        if let Some(place) = &self.common {
            self.walk(place, event, narrowed, scratch, found);
        }
    }

    /// Gates of the first group that is possible.
    #[inline(never)] // few messages come here, and counting bits takes registers
    fn part(&self, place: &Place, possible: u64) -> Span {
        let before = place.groups & possible.wrapping_sub(1) & !possible;
        let part = place.parts.saturating_add(before.count_ones());
        self.parts.get(part as usize).copied().unwrap_or_default()
    }

    /// Past the gates of a place: of the group that is always possible, then of others that are.
    #[inline(always)] // a call would cost as much as a gate
    fn walk(
        &self,
        place: &Place,
        event: &Event<'_>,
        narrowed: Narrowed,
        scratch: &mut Scratch,
        found: &mut impl FnMut(u32),
    ) {
        let (mut gates, mut possible) = (place.always, narrowed.of(place.groups));
        loop {
            for gate in span(&self.gates, gates) {
                if gate.opens(event) {
                    self.enter(gate, event, scratch, found);
                }
            }
            if possible == 0 {
                break;
            }
            gates = self.part(place, possible);
            possible &= possible.wrapping_sub(1);
        }
    }

    #[inline(never)] // seldom
    fn enter(&self, gate: &Gate, event: &Event<'_>, scratch: &mut Scratch, found: &mut impl FnMut(u32)) {
        span(&self.blocks, gate.blocks).iter().for_each(|block| block.visit(event, scratch, found));
    }
}

/// Where all roles of one value, or row, stand side by side.
#[inline]
fn place_at(value: usize, role: usize) -> usize {
    value.saturating_mul(Role::ALL.len()).saturating_add(role)
}

/// A short way to the number of a place, where operations are small numbers.
fn quick(column: &Column, numbers: &[u16]) -> Option<(u8, Box<SmallValues>)> {
    let slot = u8::try_from(column.slot()?).ok()?;
    let mut made = Box::new([[u16::MAX; Role::ALL.len()]; 256]);
    for (value, roles) in (0u64..).zip(made.iter_mut()) {
        let start = place_at(column.number(value).into(), 0);
        roles.copy_from_slice(numbers.get(start..place_at(1, start))?);
    }
    Some((slot, made))
}

#[inline]
fn span<T>(list: &[T], (start, end): Span) -> &[T] {
    list.get(start as usize..end as usize).unwrap_or_default()
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
