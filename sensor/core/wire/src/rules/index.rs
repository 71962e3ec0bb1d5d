//! From an event to the few rules that could match it.
//!
//! Rules are filed in a tree. A branch looks at one field: rules that need certain values of it stand under these
//! values, all others under `rest`, which may look at the next field. The fields are chosen from what the rules ask, so
//! function codes, unit ids, addresses, hosts or service names all serve. Two thousand rules on two thousand registers
//! cost an event one bisection.

use std::collections::{BTreeMap, HashMap};

use super::keys::{each_number, needed, number_key, Keys};
use super::matcher::{any_element, Expression};
use crate::event::{Event, FieldId};
use crate::protocol::PROTOCOLS;
use crate::value::Value;

/// So few rules are evaluated one by one.
const LEAF: usize = 2;
/// A rule that would stand under more keys than this stands under `rest`.
const SPREAD: usize = 64;
/// Branches on the way to a leaf. Beyond it the rest is evaluated one by one.
const DEPTH: usize = 12;

#[derive(Debug)]
pub struct Index {
    nodes: Vec<Node>,
    /// The root of each protocol, by its index.
    roots: Vec<u32>,
}

#[derive(Debug)]
enum Node {
    Leaf(Box<[u32]>),
    Branch { field: FieldId, keyed: Keyed, rest: u32 },
}

/// Where the rules of a branch stand; node 0 is the empty leaf.
#[derive(Debug)]
enum Keyed {
    /// All keys are below 256: the node by key.
    Bytes(Box<[u32]>),
    /// `(first key, node)` of every stretch of keys, in order.
    Numbers(Box<[(u128, u32)]>),
    Names(Box<[(Box<[u8]>, u32)]>),
}

struct Candidate {
    number: u32,
    needs: BTreeMap<FieldId, Keys>,
}

/// A way to divide candidates by one field.
struct Division<'c> {
    field: FieldId,
    cost: usize,
    groups: Groups<'c>,
    rest: Vec<&'c Candidate>,
}

enum Groups<'c> {
    Numbers(BTreeMap<u128, Vec<&'c Candidate>>),
    Names(BTreeMap<&'c [u8], Vec<&'c Candidate>>),
}

impl Index {
    pub fn new<'e>(conditions: impl Iterator<Item = (usize, &'e Expression)>) -> Self {
        let mut by_protocol: Vec<Vec<Candidate>> = PROTOCOLS.iter().map(|_| Vec::new()).collect();
        for (number, (protocol, condition)) in (0u32..).zip(conditions) {
            if let Some(list) = by_protocol.get_mut(protocol) {
                list.push(Candidate { number, needs: needed(condition) });
            }
        }
        let mut index = Self { nodes: vec![Node::Leaf(Box::default())], roots: Vec::new() };
        for candidates in &by_protocol {
            let root = index.build(&candidates.iter().collect::<Vec<_>>(), &mut Vec::new());
            index.roots.push(root);
        }
        index
    }

    /// Call `found` with every rule that could match; with some of them more than once.
    #[inline]
    pub fn visit(&self, event: &Event<'_>, found: &mut impl FnMut(u32)) {
        if let Some(root) = self.roots.get(event.protocol) {
            self.walk(*root, event, found);
        }
    }

    fn walk(&self, start: u32, event: &Event<'_>, found: &mut impl FnMut(u32)) {
        let mut at = start;
        loop {
            match self.nodes.get(at as usize) {
                None => return,
                Some(Node::Leaf(rules)) => return rules.iter().for_each(|rule| found(*rule)),
                Some(Node::Branch { field, keyed, rest }) => {
                    self.follow(*field, keyed, event, found);
                    at = *rest;
                }
            }
        }
    }

    #[inline]
    fn follow(&self, field: FieldId, keyed: &Keyed, event: &Event<'_>, found: &mut impl FnMut(u32)) {
        let mut enter = |node: Option<u32>| match node {
            None | Some(0) => {}
            Some(node) => self.walk(node, event, found),
        };
        match keyed {
            Keyed::Bytes(table) => each_number(field, event, |key| {
                let place = usize::try_from(key ^ 1 << 127).ok();
                enter(place.and_then(|place| table.get(place)).copied());
            }),
            Keyed::Numbers(stretches) => each_number(field, event, |key| {
                let after = stretches.partition_point(|(first, _)| *first <= key);
                enter(after.checked_sub(1).and_then(|at| stretches.get(at)).map(|(_, node)| *node));
            }),
            Keyed::Names(names) => {
                let Some(value) = event.get(field) else { return };
                any_element(value, event, |element| {
                    let text = match element {
                        Value::Name(name) => name.as_bytes(),
                        Value::Text(span) => event.record.text(span).as_bytes(),
                        _ => return false,
                    };
                    let place = names.binary_search_by(|(name, _)| name.as_ref().cmp(text)).ok();
                    enter(place.and_then(|place| names.get(place)).map(|(_, node)| *node));
                    false
                });
            }
        }
    }

    fn build(&mut self, candidates: &[&Candidate], used: &mut Vec<FieldId>) -> u32 {
        if candidates.is_empty() {
            return 0;
        }
        let division = if candidates.len() > LEAF && used.len() < DEPTH { best(candidates, used) } else { None };
        let Some(division) = division else {
            return self.add(Node::Leaf(candidates.iter().map(|candidate| candidate.number).collect()));
        };
        used.push(division.field);
        let mut made: HashMap<Vec<u32>, u32> = HashMap::new();
        let mut child = |index: &mut Self, group: &[&Candidate]| {
            let numbers: Vec<u32> = group.iter().map(|candidate| candidate.number).collect();
            if let Some(node) = made.get(&numbers) {
                return *node;
            }
            let node = index.build(group, used);
            made.insert(numbers, node);
            node
        };
        let rest = child(self, &division.rest);
        let keyed = match division.groups {
            Groups::Numbers(groups) => {
                let stretches: Vec<_> = groups.iter().map(|(first, group)| (*first, child(self, group))).collect();
                bytes(&stretches).unwrap_or(Keyed::Numbers(stretches.into_boxed_slice()))
            }
            Groups::Names(groups) => {
                Keyed::Names(groups.iter().map(|(name, group)| ((*name).into(), child(self, group))).collect())
            }
        };
        used.pop();
        self.add(Node::Branch { field: division.field, keyed, rest })
    }

    fn add(&mut self, node: Node) -> u32 {
        let number = u32::try_from(self.nodes.len()).unwrap_or(0);
        self.nodes.push(node);
        number
    }
}

/// A table for stretches that all lie below 256, as those of function codes and unit ids do.
fn bytes(stretches: &[(u128, u32)]) -> Option<Keyed> {
    let (first, end) = (number_key(0), number_key(256));
    let (low, (high, last)) = (stretches.first()?.0, stretches.last().copied()?);
    if low < first || high > end || last != 0 {
        return None;
    }
    let table = (0..256i128).map(|byte| {
        let after = stretches.partition_point(|(first, _)| *first <= number_key(byte));
        after.checked_sub(1).and_then(|at| stretches.get(at)).map_or(0, |(_, node)| *node)
    });
    Some(Keyed::Bytes(table.collect()))
}

/// The division that leaves the fewest rules to evaluate, if one is better than none.
fn best<'c>(candidates: &[&'c Candidate], used: &[FieldId]) -> Option<Division<'c>> {
    let mut fields: Vec<FieldId> = candidates.iter().flat_map(|candidate| candidate.needs.keys().copied()).collect();
    fields.sort_unstable();
    fields.dedup();
    fields.retain(|field| !used.contains(field));
    let divisions = fields.into_iter().filter_map(|field| divide(candidates, field));
    divisions.min_by_key(|division| division.cost).filter(|division| division.cost < candidates.len().saturating_mul(2))
}

fn divide<'c>(candidates: &[&'c Candidate], field: FieldId) -> Option<Division<'c>> {
    let (mut points, mut names, mut rest) = (Vec::new(), BTreeMap::<&[u8], Vec<&Candidate>>::new(), Vec::new());
    for candidate in candidates {
        match candidate.needs.get(&field) {
            None => rest.push(*candidate),
            Some(Keys::Names(needed)) if needed.len() > SPREAD => rest.push(*candidate),
            Some(Keys::Names(needed)) => {
                for name in needed {
                    names.entry(name).or_default().push(*candidate);
                }
            }
            Some(Keys::Numbers(ranges)) => {
                points.extend(ranges.iter().flat_map(|(low, high)| [Some(*low), high.checked_add(1)]).flatten());
            }
        }
    }
    let mut groups: BTreeMap<u128, Vec<&Candidate>> = points.into_iter().map(|point| (point, Vec::new())).collect();
    for candidate in candidates {
        let Some(Keys::Numbers(ranges)) = candidate.needs.get(&field) else { continue };
        let spread: usize = ranges.iter().map(|(low, high)| groups.range(*low..=*high).take(SPREAD).count()).sum();
        if spread >= SPREAD {
            rest.push(*candidate);
            continue;
        }
        for (low, high) in ranges {
            for (_, group) in groups.range_mut(*low..=*high) {
                // Two ranges of one rule may lie in one stretch.
                if group.last().is_none_or(|last| last.number != candidate.number) {
                    group.push(*candidate);
                }
            }
        }
    }
    let sizes = || groups.values().chain(names.values()).map(Vec::len);
    let (largest, sum, count) = (sizes().max().unwrap_or(0), sizes().sum::<usize>(), sizes().count());
    rest.sort_unstable_by_key(|candidate| candidate.number);
    // At worst, and on average: traffic that no rule is about should fall through, so values outside count as a group.
    let average = sum.checked_div(count.saturating_add(1)).unwrap_or(0);
    let cost = largest.saturating_add(average).saturating_add(rest.len().saturating_mul(2));
    let groups = match (groups.is_empty(), names.is_empty()) {
        (true, false) => Groups::Names(names),
        (false, true) => Groups::Numbers(groups),
        // A field has one type, so it has keys of one kind.
        _ => return None,
    };
    Some(Division { field, cost, groups, rest })
}
