//! Named lists that rules refer to: addresses and networks, numbers, texts. A list is made once and shared by its rules;
//! a look-up costs the same for ten entries and for a million.

use std::collections::HashMap;
use std::sync::Arc;

use super::ir;
use super::sets::{Network, Networks};
use crate::event::Event;
use crate::hash::Set;
use crate::value::{FieldDef, Kind, Value};

/// Entries of one list. Indicators of a nation's CERT come by the hundred thousand.
pub const ENTRIES: usize = 2_000_000;

#[derive(Debug)]
pub enum Named {
    Addresses(Networks),
    Numbers(Set<u64>),
    Texts(Set<Box<[u8]>>),
}

pub type Lists = HashMap<String, Arc<Named>>;

/// The message of an error names the list.
pub fn read(written: &HashMap<String, ir::List>) -> Result<Lists, String> {
    let one = |(name, list): (&String, &ir::List)| {
        let named = |error: String| format!("list {name}: {error}");
        Ok((name.clone(), Arc::new(Named::new(list).map_err(named)?)))
    };
    written.iter().map(one).collect()
}

impl Named {
    fn new(list: &ir::List) -> Result<Self, String> {
        let entries = match list {
            ir::List::Addresses(values) | ir::List::Texts(values) => values.len(),
            ir::List::Numbers(values) => values.len(),
        };
        if entries > ENTRIES {
            return Err(format!("more than {ENTRIES} entries"));
        }
        Ok(match list {
            ir::List::Addresses(values) => {
                let networks: Result<Vec<_>, _> = values.iter().map(|text| Network::parse(text)).collect();
                Named::Addresses(Networks::new(&networks?))
            }
            ir::List::Numbers(values) => Named::Numbers(values.iter().copied().collect()),
            ir::List::Texts(values) => Named::Texts(values.iter().map(|text| text.as_bytes().into()).collect()),
        })
    }

    /// Whether a field can have its entries at all.
    pub fn suits(&self, def: &FieldDef) -> bool {
        match self {
            Named::Addresses(_) => def.kind == Kind::Ip,
            Named::Numbers(_) => def.kind == Kind::Unsigned,
            Named::Texts(_) => def.kind == Kind::Text,
        }
    }

    pub fn has(&self, value: Value, event: &Event<'_>) -> bool {
        match (self, value) {
            (Named::Addresses(networks), Value::Ip(address)) => networks.has(address),
            (Named::Numbers(numbers), Value::Unsigned(number)) => numbers.contains(&number),
            (Named::Texts(texts), Value::Name(name)) => texts.contains(name.as_bytes()),
            (Named::Texts(texts), Value::Text(span)) => texts.contains(event.record.text(span).as_bytes()),
            _ => false,
        }
    }
}
