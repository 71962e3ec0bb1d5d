//! From an event to the few rules that could match it.
//!
//! Rules are filed by protocol, then by the message's role and one field that tells operations apart, chosen from what
//! the rules ask: function code, service, … What is filed together stands in blocks (`block.rs`) that look at all other
//! fields. Most messages of a plant end at an empty place, or with one look at each field their rules ask for.

use std::collections::{BTreeMap, HashMap};

use super::block::{Block, Scratch, TERMS};
use super::column::Column;
use super::keys::Key;
use super::matcher::Expression;
use super::rows::{each, ANY};
use super::terms::{terms, Term};
use crate::event::{base, Event, FieldId};
use crate::protocol::PROTOCOLS;
use crate::value::Role;

/// Values by which a field may divide rules: operations have this many, addresses more.
const OPERATIONS: usize = 256;
/// A rule that stands under more values than this stands under all.
const SPREAD: u64 = 32;
/// Places times rules that stand under all of them. Beyond it these rules have blocks of their own.
const COPIES: usize = 8192;

#[derive(Debug)]
pub struct Index {
    /// By protocol: the rules of its own name, then those of the names below it.
    roots: Vec<Vec<(Option<String>, Root)>>,
}

/// The rules of one protocol.
#[derive(Debug)]
struct Root {
    operation: Option<Column>,
    /// Place by row of `operation` times role.
    places: Box<[u16]>,
    /// Blocks of each place.
    blocks: Vec<Vec<Block>>,
    /// Blocks of rules that stand under every operation.
    common: Vec<Block>,
}

/// What the index must know of a rule.
pub struct Filed<'r> {
    pub protocol: usize,
    pub alias: Option<&'r str>,
    pub condition: &'r Expression,
}

type Numbered = (u32, Term);

impl Index {
    pub fn new<'r>(rules: impl Iterator<Item = Filed<'r>>) -> Self {
        let mut by_name: BTreeMap<(usize, Option<&str>), Vec<Numbered>> = BTreeMap::new();
        for (number, rule) in (0u32..).zip(rules) {
            let list = by_name.entry((rule.protocol, rule.alias)).or_default();
            list.extend(terms(rule.condition).into_iter().map(|term| (number, term)));
        }
        let mut roots: Vec<Vec<_>> = PROTOCOLS.iter().map(|_| Vec::new()).collect();
        for ((protocol, alias), terms) in by_name {
            if let Some(list) = roots.get_mut(protocol) {
                list.push((alias.map(str::to_owned), Root::new(protocol, &terms)));
            }
        }
        Self { roots }
    }

    /// Call `found` with every rule that could match; with some of them more than once.
    #[inline]
    pub fn visit(&self, event: &Event<'_>, scratch: &mut Scratch, found: &mut impl FnMut(u32)) {
        let Some(roots) = self.roots.get(event.protocol) else { return };
        for (name, root) in roots {
            if name.as_deref() == event.record.protocol_name {
                root.visit(event, scratch, found);
            }
        }
    }
}

impl Root {
    fn new(protocol: usize, terms: &[Numbered]) -> Self {
        let field = operation_field(terms);
        let (filed, mut everywhere): (Vec<&Numbered>, Vec<&Numbered>) =
            terms.iter().partition(|(_, term)| narrow(field, term).is_some());
        let keys: Vec<(usize, &Key)> =
            filed.iter().enumerate().filter_map(|(at, (_, term))| Some((at, narrow(field, term)?))).collect();
        let column = field.map(|field| Column::new(field, protocol, &keys, filed.len().div_ceil(64)));
        let rows = column.as_ref().map_or(1, Column::rows);
        let mut root = Self { operation: None, places: Box::default(), blocks: Vec::new(), common: Vec::new() };
        let mut alone = Vec::new();
        if everywhere.len().saturating_mul(rows) > COPIES {
            alone = std::mem::take(&mut everywhere);
        }
        root.common = blocks(protocol, &alone, &[]);
        let (mut places, mut known) = (Vec::new(), HashMap::new());
        for row in 0..rows {
            let mut here: Vec<&Numbered> = everywhere.clone();
            let row = u16::try_from(row).unwrap_or(ANY);
            if let Some(column) = &column {
                each(column.row(row), |at| here.extend(filed.get(at)));
            }
            // Of an unknown value nothing is decided.
            let decided = field.filter(|_| row != ANY);
            for role in 0..Role::ALL.len() {
                let fitting: Vec<&Numbered> = here.iter().copied().filter(|(_, term)| fits_role(term, role)).collect();
                let numbers: Vec<*const Numbered> = fitting.iter().map(|term| std::ptr::from_ref(*term)).collect();
                let place = *known.entry((decided.is_some(), numbers)).or_insert_with(|| {
                    let decided: Vec<FieldId> = decided.into_iter().chain([FieldId(base::ROLE)]).collect();
                    root.blocks.push(blocks(protocol, &fitting, &decided));
                    u16::try_from(root.blocks.len().saturating_sub(1)).unwrap_or(u16::MAX)
                });
                places.push(place);
            }
        }
        root.places = places.into_boxed_slice();
        root.operation = column;
        root
    }

    #[inline]
    fn visit(&self, event: &Event<'_>, scratch: &mut Scratch, found: &mut impl FnMut(u32)) {
        let row = match &self.operation {
            None => 0,
            Some(column) => column.one(event, &mut scratch.joined).unwrap_or(ANY),
        };
        let place = usize::from(row).saturating_mul(Role::ALL.len()).saturating_add(event.record.role.number());
        let place = self.places.get(place).copied().unwrap_or(u16::MAX);
        if let Some(blocks) = self.blocks.get(usize::from(place)) {
            blocks.iter().for_each(|block| block.visit(event, scratch, found));
        }
        self.common.iter().for_each(|block| block.visit(event, scratch, found));
    }
}

fn narrow(field: Option<FieldId>, term: &Term) -> Option<&Key> {
    term.get(&field?).filter(|key| key.width() <= SPREAD)
}

fn fits_role(term: &Term, role: usize) -> bool {
    let number = super::keys::integer_ordinal(i128::try_from(role).unwrap_or(-1));
    let has = |key: &Key| key.numbers.iter().any(|(low, high)| (*low..=*high).contains(&number));
    term.get(&FieldId(base::ROLE)).is_none_or(has)
}

/// The field that most rules need one of few values of, if that divides them.
fn operation_field(terms: &[Numbered]) -> Option<FieldId> {
    let mut asked: BTreeMap<FieldId, Vec<&Key>> = BTreeMap::new();
    for (field, key) in terms.iter().flat_map(|(_, term)| term) {
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
fn blocks(protocol: usize, terms: &[&Numbered], decided: &[FieldId]) -> Vec<Block> {
    let mut sorted: Vec<&Numbered> = terms.to_vec();
    if terms.len() > TERMS {
        sorted.sort_by_cached_key(|(number, term)| {
            let keys = term.iter().filter(|(field, _)| !decided.contains(field));
            let sharpest = keys.min_by_key(|(_, key)| key.width());
            (sharpest.map(|(field, key)| (*field, key.first())), *number)
        });
    }
    let numbered: Vec<(u32, &Term)> = sorted.iter().map(|(number, term)| (*number, term)).collect();
    numbered.chunks(TERMS).map(|terms| Block::new(protocol, terms, decided)).collect()
}
