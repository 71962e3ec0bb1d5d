//! Nodes of OPC UA servers that a table knows by their browse names. Companion specifications fix the names and leave
//! the ids to the server (OPC 10000-3, 5.2.4; OPC 40077 for injection moulding machines), so which node bears which
//! name is learned from the answers to Browse, and from TranslateBrowsePathsToNodeIds (OPC 10000-4, 5.9.2, 5.9.4).

use std::net::IpAddr;

use super::{Placed, Points};
use crate::hash::Map;
use crate::limits::{per_shard, BROWSED_NODES, BROWSE_REQUESTS};
use crate::value::{name_hash, Object, Record, Role, Value};

/// The space of points that are known by a browse name.
pub const SPACE: &str = "browse_name";

/// Server, namespace, and number or hash of the id as `Object` has them; whether it is a hash.
type Node = (IpAddr, u32, u64, bool);

#[derive(Debug, Default)]
pub struct Browsed {
    /// Points of the nodes that were seen to bear their names.
    nodes: Map<Node, u32>,
    /// Names that a conversation asked to translate, by its reference: a point, or none, for each path.
    asked: Map<(u64, u64), Vec<Option<u32>>>,
}

impl Browsed {
    /// Learn from a message what bears which name.
    pub fn look(&mut self, points: &Points, (flow, protocol, server): (u64, usize, IpAddr), record: &Record) {
        let Some((names, targets)) = points.browse_slots else { return };
        match (record.role, record.get(names), record.get(targets), record.reference) {
            (Role::Response, Some(names), Some(targets), _) => {
                let found = each(record, names).map(|name| points.browsed(protocol, server, name));
                self.learn(server, found.collect(), record, targets);
            }
            (Role::Request, Some(names), None, Some(reference)) => {
                let found: Vec<_> = each(record, names).map(|name| points.browsed(protocol, server, name)).collect();
                if found.iter().any(Option::is_some) && self.asked.len() < per_shard(BROWSE_REQUESTS) {
                    self.asked.insert((flow, reference), found);
                }
            }
            (Role::Response, None, targets, Some(reference)) if !self.asked.is_empty() => {
                let asked = self.asked.remove(&(flow, reference));
                if let Some((asked, targets)) = asked.zip(targets) {
                    self.learn(server, asked, record, targets);
                }
            }
            _ => {}
        }
    }

    /// Only where there is a node for each name: which path had none, or several, is not told.
    fn learn(&mut self, server: IpAddr, found: Vec<Option<u32>>, record: &Record, targets: Value) {
        if each(record, targets).count() != found.len() {
            return;
        }
        for (point, target) in found.into_iter().zip(each(record, targets)) {
            let Some(node) = point.and_then(|_| node(server, target)) else { continue };
            if let Some(point) = point.filter(|_| self.nodes.len() < per_shard(BROWSED_NODES)) {
                self.nodes.insert(node, point);
            }
        }
    }

    /// Add the points that stand behind these objects; `places`: where their values are, side by side unless it says.
    pub fn touched(&self, server: IpAddr, (objects, places): (&[Object], &[u32]), out: &mut Vec<Placed>) {
        if self.nodes.is_empty() {
            return;
        }
        for (number, object) in (0u32..).zip(objects) {
            let node = (server, object.index, object.start, object.text.is_some());
            if let Some(point) = self.nodes.get(&node) {
                let element = places.get(number as usize).copied().unwrap_or(number);
                out.push(Placed { point: *point, element, part: 0 });
            }
        }
    }
}

/// The texts of a list, or of the one value that stands for it.
fn each(record: &Record, value: Value) -> impl Iterator<Item = &str> {
    let list = match value {
        Value::List(span) => record.list(span),
        _ => &[],
    };
    let one = if matches!(value, Value::List(_)) { None } else { Some(value) };
    one.into_iter().chain(list.iter().copied()).filter_map(|value| match value {
        Value::Text(span) => Some(record.text(span)),
        _ => None,
    })
}

/// `ns=2;i=7` or `ns=2;s=Machine`; without `ns` it is namespace 0.
fn node(server: IpAddr, text: &str) -> Option<Node> {
    let (namespace, rest) = match text.strip_prefix("ns=").and_then(|rest| rest.split_once(';')) {
        Some((namespace, rest)) => (namespace.parse().ok()?, rest),
        None => (0, text),
    };
    Some(match rest.strip_prefix("i=") {
        Some(number) => (server, namespace, number.parse().ok()?, false),
        None => (server, namespace, name_hash(text.as_bytes()), true),
    })
}
