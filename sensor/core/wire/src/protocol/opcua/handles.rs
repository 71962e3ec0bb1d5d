//! Which nodes the handles in notifications stand for. A client gives each item that it wants to hear of a handle of its
//! own (OPC 10000-4, 5.13.2), and notifications bear these and no nodes (7.25.2). Only where the plant has a table of
//! points; of items whose creation nobody saw nothing is known, and nothing is said.

use std::collections::VecDeque;

use super::fields::{
    ATTRIBUTE_IDS, CLIENT_HANDLES, MONITORED_ITEM_IDS, NOTIFICATION_COUNT, REQUEST_ID, RESULT_CODES, SUBSCRIPTION_ID,
    SUBSCRIPTION_IDS, VALUES,
};
use super::names::operation::HELLO;
use super::sheet::{is_bad, NODE};
use crate::hash::Map;
use crate::limits::OPCUA_HANDLES;
use crate::value::{Outcome, Record, Role, Value};

const CLOSE_SESSION: u32 = 473;
const CREATE_ITEMS: u32 = 751;
const MODIFY_ITEMS: u32 = 763;
const DELETE_ITEMS: u32 = 781;
const PUBLISH: u32 = 826;
const DELETE_SUBSCRIPTIONS: u32 = 847;

/// The attribute that is a variable's value.
const VALUE: u64 = 13;
/// Creations and changes that wait for their answer.
const ASKED: usize = 16;

/// Subscription, and a handle or the number that the server gave an item.
type Key = (u32, u32);

#[derive(Debug)]
struct Item {
    namespace: u32,
    /// Numeric node id, or hash of the name.
    start: u64,
    name: Option<Box<str>>,
    /// As the server counts it; known with its answer.
    number: Option<u32>,
    /// Several items of the subscription have this handle: which of them a notification means, nobody can say.
    is_shared: bool,
}

#[derive(Debug, Default)]
pub struct Handles {
    items: Map<Key, Item>,
    handles: Map<Key, u32>,
    /// Request id, subscription, handles in the order of the request.
    asked: VecDeque<(u64, u32, Vec<u32>)>,
    name_bytes: usize,
}

/// A list, or one value alone.
fn list(record: &Record, slot: usize) -> &[Value] {
    match record.get(slot) {
        Some(Value::List(span)) => record.list(span),
        _ => &[],
    }
}

fn number(value: &Value) -> u32 {
    match value {
        Value::Unsigned(number) => u32::try_from(*number).unwrap_or(u32::MAX),
        _ => u32::MAX,
    }
}

fn numbers(record: &Record, slot: usize) -> impl Iterator<Item = u32> + '_ {
    list(record, slot).iter().map(number)
}

impl Handles {
    /// Remember what a message says of handles; name what the handles of a notification stand for.
    #[cold]
    pub fn look(&mut self, record: &mut Record) {
        let subscription = record.get(SUBSCRIPTION_ID).map(|value| number(&value));
        match (record.operation, record.role, subscription) {
            (CREATE_ITEMS, Role::Request, Some(subscription)) => self.create(subscription, record),
            (CREATE_ITEMS, Role::Response, _) => self.created(record),
            (MODIFY_ITEMS, Role::Request, Some(subscription)) => self.modify(subscription, record),
            (DELETE_ITEMS, Role::Request, Some(subscription)) => {
                for item in numbers(record, MONITORED_ITEM_IDS) {
                    self.forget((subscription, item));
                }
            }
            (PUBLISH, Role::Response, Some(subscription)) => self.name(subscription, record),
            (DELETE_SUBSCRIPTIONS, Role::Request, _) => {
                for subscription in numbers(record, SUBSCRIPTION_IDS) {
                    self.retain(|(own, _)| *own != subscription);
                }
            }
            (CLOSE_SESSION | HELLO, Role::Request, _) => *self = Self::default(),
            _ => {}
        }
    }

    fn create(&mut self, subscription: u32, record: &Record) {
        // Each item touches one node, in order.
        let attributes = list(record, ATTRIBUTE_IDS);
        let handles: Vec<u32> = numbers(record, CLIENT_HANDLES).collect();
        for ((object, handle), attribute) in record.objects().iter().zip(&handles).zip(attributes) {
            let key = (subscription, *handle);
            if let Some(known) = self.items.get_mut(&key) {
                known.is_shared = true;
            } else if *attribute == Value::Unsigned(VALUE) && self.items.len() < OPCUA_HANDLES {
                let name: Option<Box<str>> = object.text.map(|span| record.text(span).into());
                self.name_bytes = self.name_bytes.saturating_add(name.as_ref().map_or(0, |name| name.len()));
                let (namespace, start) = (object.index, object.start);
                self.items.insert(key, Item { namespace, start, name, number: None, is_shared: false });
            }
        }
        let Some(Value::Unsigned(request)) = record.get(REQUEST_ID) else { return };
        if self.asked.len() >= ASKED {
            self.asked.pop_front();
        }
        self.asked.push_back((request, subscription, handles));
    }

    /// Which numbers the items have, and which were refused.
    fn created(&mut self, record: &Record) {
        let Some(Value::Unsigned(request)) = record.get(REQUEST_ID) else { return };
        let Some(place) = self.asked.iter().position(|(asked, ..)| *asked == request) else { return };
        let Some((_, subscription, handles)) = self.asked.remove(place) else { return };
        let refused = record.outcome == Outcome::Failure && list(record, RESULT_CODES).is_empty();
        let mut codes = numbers(record, RESULT_CODES);
        let mut items = numbers(record, MONITORED_ITEM_IDS);
        for handle in handles {
            let key = (subscription, handle);
            let (code, item) = (codes.next(), items.next());
            let Some(known) = self.items.get_mut(&key) else { continue };
            if refused || code.is_some_and(is_bad) {
                // A shared handle stays so: who knows which of the items this was.
                if !known.is_shared {
                    self.drop_item(key);
                }
            } else if let Some(item) = item.filter(|_| self.handles.len() < OPCUA_HANDLES) {
                known.number = known.number.or(Some(item));
                self.handles.insert((subscription, item), handle);
            }
        }
    }

    /// An item may be given another handle.
    fn modify(&mut self, subscription: u32, record: &Record) {
        let mut moved = Vec::new();
        for (item, handle) in numbers(record, MONITORED_ITEM_IDS).zip(numbers(record, CLIENT_HANDLES)) {
            let Some(old) = self.handles.get(&(subscription, item)).copied().filter(|old| *old != handle) else {
                continue;
            };
            if self.items.get(&(subscription, old)).is_some_and(|known| !known.is_shared) {
                // All go before any comes: two items may exchange theirs.
                moved.extend(self.items.remove(&(subscription, old)).map(|known| (item, handle, known)));
            }
        }
        for (item, handle, known) in moved {
            self.handles.insert((subscription, item), handle);
            match self.items.get_mut(&(subscription, handle)) {
                Some(other) => {
                    other.is_shared = true;
                    self.name_bytes = self.name_bytes.saturating_sub(known.name.map_or(0, |name| name.len()));
                }
                None => {
                    self.items.insert((subscription, handle), known);
                }
            }
        }
    }

    /// The item of that number is deleted.
    fn forget(&mut self, (subscription, item): Key) {
        let Some(handle) = self.handles.remove(&(subscription, item)) else { return };
        if self.items.get(&(subscription, handle)).is_some_and(|known| !known.is_shared) {
            self.drop_item((subscription, handle));
        }
    }

    fn drop_item(&mut self, key: Key) {
        if let Some(known) = self.items.remove(&key) {
            self.name_bytes = self.name_bytes.saturating_sub(known.name.map_or(0, |name| name.len()));
        }
    }

    fn retain(&mut self, mut stays: impl FnMut(&Key) -> bool) {
        self.handles.retain(|key, _| stays(key));
        self.items.retain(|key, _| stays(key));
        self.name_bytes = self.items.values().map(|known| known.name.as_ref().map_or(0, |name| name.len())).sum();
    }

    /// Objects for the handles of a notification, with the places of their values.
    fn name(&self, subscription: u32, record: &mut Record) {
        let (handles, values) = (list(record, CLIENT_HANDLES).len(), list(record, VALUES).len());
        // The fields of events stand in the same lists.
        if handles == 0 || handles != values || record.get(NOTIFICATION_COUNT) != Some(Value::Unsigned(handles as u64))
        {
            return;
        }
        let handles: Vec<u32> = numbers(record, CLIENT_HANDLES).collect();
        for (place, handle) in (0u32..).zip(handles) {
            let Some(item) = self.items.get(&(subscription, handle)).filter(|item| !item.is_shared) else { continue };
            match &item.name {
                Some(name) => {
                    let text = record.push_text(name.as_bytes());
                    record.push_named(NODE, item.namespace, text);
                }
                None => record.push_stretch(NODE, item.namespace, item.start, item.start),
            }
            record.places.push(place);
        }
    }

    pub fn kept_bytes(&self) -> usize {
        let items = self.items.capacity().saturating_mul(size_of::<(Key, Item)>());
        let handles = self.handles.capacity().saturating_mul(size_of::<(Key, u32)>());
        let asked = self.asked.iter().map(|(_, _, handles)| handles.capacity().saturating_mul(4).saturating_add(48));
        items.saturating_add(handles).saturating_add(self.name_bytes).saturating_add(asked.sum())
    }
}
