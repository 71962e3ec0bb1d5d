//! A table of points of OPC UA servers: nodes by name and number, and notifications, which bear handles only.
//! OPC 10000-4, 5.13.2 (CreateMonitoredItems), 7.25.2 (DataChangeNotification).
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;
mod opcua_bytes;

use std::sync::Arc;

use common::kept::kept;
use common::*;
use opcua_bytes::{bytes, chunk, opened, opening, request, response, Bytes};
use serde_json::{json, Value};
use wire::engine::Settings;
use wire::export::Wanted;
use wire::site::points::Row;
use wire::site::{Points, Site};

const BAD: u32 = 0x8034_0000;

struct Talk {
    bench: Bench,
    sequences: [u32; 2],
    messages: u32,
}

fn site() -> Site {
    let rows = json!([
        {"number": 2, "node": "Machine.Speed", "name": "主轴转速", "unit": "r/min", "scale": 10},
        {"node": "ns=2;s=压力", "name": "压力"},
        {"node": "ns=3;i=7", "name": "seven"},
        {"number": 2, "address": 4, "name": "four"},
    ]);
    let mut rows: Vec<Value> = serde_json::from_value(rows).unwrap();
    let browsed = [
        json!({"browse_name": "LastCycleTime", "name": "周期时间", "unit": "s", "scale": 0.001}),
        json!({"browse_name": "JobCycleCounter", "number": 4, "name": "模次"}),
        json!({"browse_name": "Unknown", "number": 3, "name": "another namespace"}),
    ];
    for row in &mut rows {
        let common = json!({"protocol": "opcua", "server": "10.0.0.2", "space": "node"});
        row.as_object_mut().unwrap().extend(common.as_object().unwrap().clone());
    }
    for mut row in browsed {
        let common = json!({"protocol": "opcua", "server": "10.0.0.2"});
        row.as_object_mut().unwrap().extend(common.as_object().unwrap().clone());
        rows.push(row);
    }
    let points = Points::new(&serde_json::from_value::<Vec<Row>>(json!(rows)).unwrap()).unwrap();
    Site { points, ..Site::default() }
}

fn talk() -> Talk {
    let site = Arc::new(site());
    let settings = Settings { events: Some(Wanted::default()), site, ..settings() };
    let bench = Bench::with(settings, r#"{"version": 1, "rules": []}"#);
    let mut talk = Talk { bench, sequences: [100, 500], messages: 2 };
    talk.raw(true, &opening());
    talk.raw(false, &opened());
    talk
}

impl Talk {
    fn raw(&mut self, to_server: bool, bytes: &[u8]) -> Value {
        let sequence = &mut self.sequences[usize::from(!to_server)];
        let mut event = Value::Null;
        for part in bytes.chunks(1400) {
            let mut segment = tcp(to_server, *sequence, 0x10, part);
            segment.server_port = 4840;
            *sequence += part.len() as u32;
            self.bench.send(&segment);
            event = self.bench.events().pop().unwrap_or(event);
        }
        event
    }

    fn client(&mut self, body: &Bytes) -> Value {
        self.messages += 1;
        self.raw(true, &chunk('F', self.messages, self.messages, &body.0))
    }

    /// The answer to the last request.
    fn server(&mut self, body: &Bytes) -> Value {
        self.raw(false, &chunk('F', self.messages, self.messages, &body.0))
    }

    fn create(&mut self, subscription: u32, items: &[(Bytes, u32)]) {
        self.client(&create(subscription, items));
        let results: Vec<(u32, u32)> = items.iter().map(|(_, handle)| (0, handle + 1000)).collect();
        self.server(&created(&results));
    }

    fn publish(&mut self, subscription: u32, changes: &[(u32, f64)]) -> (Value, Value) {
        let event = self.server(&published(subscription, &[data(changes)]));
        (event["point.name"].clone(), event["point.value"].clone())
    }
}

/// ReadValueId (7.29) of the value, monitored, with a handle.
fn create(subscription: u32, items: &[(Bytes, u32)]) -> Bytes {
    let mut body = request(751).u32(subscription).u32(2).u32(items.len() as u32);
    for (node, handle) in items {
        body = body.raw(&node.0).u32(13).null().u16(0).null().u32(2);
        body = body.u32(*handle).f64(100.0).no_extension().u32(1).u8(1);
    }
    body
}

/// Status and number of each item.
fn created(results: &[(u32, u32)]) -> Bytes {
    let body = response(754, 0).u32(results.len() as u32);
    let one = |body: Bytes, (status, item): &(u32, u32)| body.u32(*status).u32(*item).f64(100.0).u32(1).no_extension();
    results.iter().fold(body, one).null()
}

fn notification(kind: u16, content: &Bytes) -> Bytes {
    bytes().node(0, kind).u8(1).u32(content.0.len() as u32).raw(&content.0)
}

fn data(changes: &[(u32, f64)]) -> Bytes {
    let one = |body: Bytes, (handle, value): &(u32, f64)| body.u32(*handle).raw(&[1, 11]).f64(*value);
    notification(811, &changes.iter().fold(bytes().u32(changes.len() as u32), one).null())
}

fn published(subscription: u32, notifications: &[Bytes]) -> Bytes {
    let body = response(829, 0).u32(subscription).null().u8(0).u32(1).i64(0).u32(notifications.len() as u32);
    notifications.iter().fold(body, |body, one| body.raw(&one.0)).null().null()
}

fn speed() -> Bytes {
    bytes().text_node(2, "Machine.Speed")
}

fn four() -> Bytes {
    bytes().node(2, 4)
}

fn nothing() -> (Value, Value) {
    (Value::Null, Value::Null)
}

#[test]
fn nodes_are_named_in_what_is_read() {
    let mut talk = talk();
    let read = request(631).f64(0.0).u32(2).u32(4);
    let nodes = [speed(), bytes().text_node(2, "压力"), bytes().node(3, 7), four()];
    let read = nodes.iter().fold(read, |body, node| body.raw(&node.0).u32(13).null().u16(0).null());
    talk.client(&read);
    let values = (1..=4u8).fold(response(634, 0).u32(4), |body, value| body.raw(&[1, 11]).f64(value.into()));
    let answer = talk.server(&values.null());
    assert_eq!(answer["point.name"], json!(["主轴转速", "压力", "four", "seven"]), "{answer}");
    assert_eq!(answer["point.value"], json!([10, 2, 4, 3]));
}

/// What companion specifications fix are browse names; which node bears one says the server, when it is browsed.
#[test]
fn nodes_are_known_by_their_browse_names() {
    let mut talk = talk();
    let values = |talk: &mut Talk| {
        let node = |body: Bytes, node: Bytes| body.raw(&node.0).u32(13).null().u16(0).null();
        let read = node(node(request(631).f64(0.0).u32(2).u32(2), bytes().node(5, 61)), bytes().text_node(5, "x.y"));
        talk.client(&read);
        let answer = response(634, 0).u32(2).raw(&[1, 11]).f64(18_500.0).raw(&[1, 11]).f64(7.0);
        let event = talk.server(&answer.null());
        (event["point.name"].clone(), event["point.value"].clone())
    };
    assert_eq!(values(&mut talk), nothing(), "nobody saw who they are");
    // Browse: one description; one result with two references.
    let browse = request(527).node(0, 0).null().u32(0).u32(0).u32(0).u32(1);
    talk.client(&browse.raw(&bytes().node(5, 1).0).u32(0).node(0, 33).u8(1).u32(0).u32(63));
    let reference = |body: Bytes, node: &Bytes, name: &str| {
        let body = body.node(0, 47).u8(1).raw(&node.0).u16(4).text(name);
        body.u8(0).u32(2).node(0, 63)
    };
    let body = response(530, 0).u32(1).u32(0).null().u32(2);
    let body = reference(body, &bytes().node(5, 61), "LastCycleTime");
    let event = talk.server(&reference(body, &bytes().node(5, 62), "Unknown").null());
    assert_eq!(event["opcua.browse_names"], json!(["4:LastCycleTime", "4:Unknown"]), "{event}");
    assert_eq!(values(&mut talk), (json!(["周期时间"]), json!([18.5])));
    // Translate: two paths, and a node for each.
    let path = |body: Bytes, name: &str| body.node(5, 1).u32(1).node(0, 47).u8(0).u8(1).u16(4).text(name);
    talk.client(&path(path(request(554).u32(2), "Unknown"), "JobCycleCounter"));
    let target = |body: Bytes, node: &Bytes| body.u32(0).u32(1).raw(&node.0).u32(u32::MAX);
    let body = target(response(557, 0).u32(2), &bytes().node(5, 62));
    talk.server(&target(body, &bytes().text_node(5, "x.y")).null());
    assert_eq!(values(&mut talk), (json!(["周期时间", "模次"]), json!([18.5, 7])));
}

#[test]
fn notifications_are_named_by_the_creation_of_their_items() {
    let mut talk = talk();
    assert_eq!(talk.publish(78, &[(201, 12.5)]), nothing(), "nobody saw what it is");
    talk.create(78, &[(speed(), 201), (four(), 202), (bytes().text_node(2, "Other"), 203)]);
    for _ in 0..2 {
        let told = talk.publish(78, &[(203, 1.0), (202, 2.0), (999, 3.0), (201, 12.5)]);
        assert_eq!(told, (json!(["four", "主轴转速"]), json!([2, 125])));
    }
    assert_eq!(talk.publish(79, &[(201, 12.5)]), nothing(), "another subscription has handles of its own");
    talk.client(&request(847).u32(1).u32(78));
    assert_eq!(talk.publish(78, &[(201, 12.5)]), nothing(), "the subscription is deleted");
}

#[test]
fn handles_are_followed_through_changes_and_forgotten_with_their_items() {
    let mut talk = talk();
    talk.create(78, &[(speed(), 1), (four(), 2)]);
    // They exchange their handles.
    let parameters =
        |body: Bytes, item: u32, handle: u32| body.u32(item).u32(handle).f64(1.0).no_extension().u32(1).u8(1);
    let change = parameters(parameters(request(763).u32(78).u32(2).u32(2), 1001, 2), 1002, 1);
    talk.client(&change);
    assert_eq!(talk.publish(78, &[(1, 1.0), (2, 2.0)]), (json!(["four", "主轴转速"]), json!([1, 20])));
    talk.client(&request(781).u32(78).u32(1).u32(1001));
    assert_eq!(talk.publish(78, &[(1, 1.0), (2, 2.0)]), (json!(["four"]), json!([1])));
    // The handle is free for another item.
    talk.create(78, &[(bytes().node(3, 7), 2)]);
    assert_eq!(talk.publish(78, &[(2, 2.0)]), (json!(["seven"]), json!([2])));
    talk.client(&request(473).u8(1));
    assert_eq!(talk.publish(78, &[(2, 2.0)]), nothing(), "the session is closed");
}

#[test]
fn what_cannot_be_told_apart_is_not_named() {
    let mut talk = talk();
    // One handle for all items, as lazy clients give.
    talk.create(78, &[(speed(), 0), (four(), 0)]);
    assert_eq!(talk.publish(78, &[(0, 1.0)]), nothing());
    // The server refuses one: its handle may come again.
    talk.client(&create(80, &[(speed(), 5), (four(), 6)]));
    talk.server(&created(&[(BAD, 0), (0, 1006)]));
    assert_eq!(talk.publish(80, &[(5, 1.0), (6, 2.0)]), (json!(["four"]), json!([2])));
    talk.create(80, &[(speed(), 5)]);
    assert_eq!(talk.publish(80, &[(5, 1.0)]), (json!(["主轴转速"]), json!([10])));
    // Fields of events stand in the same lists as values: which is whose, nobody says.
    let events = notification(916, &bytes().u32(1).u32(6).u32(2).raw(&[11]).f64(1.0).raw(&[11]).f64(2.0));
    let event = talk.server(&published(80, &[data(&[(5, 1.0)]), events]));
    assert!(event.get("point.name").is_none(), "{event}");
    // Another attribute than the value.
    let mut named = request(751).u32(81).u32(2).u32(1).raw(&speed().0).u32(4).null().u16(0).null().u32(2);
    named = named.u32(5).f64(100.0).no_extension().u32(1).u8(1);
    talk.client(&named);
    talk.server(&created(&[(0, 1)]));
    assert_eq!(talk.publish(81, &[(5, 1.0)]), nothing());
}

#[test]
fn a_flood_of_items_is_bounded() {
    let node = bytes().text_node(2, &"x".repeat(100));
    let mut packets = vec![(true, opening()), (false, opened())];
    for turn in 0..40u32 {
        let items: Vec<(Bytes, u32)> = (0..1000).map(|item| (node.clone(), turn * 1000 + item)).collect();
        packets.push((true, chunk('F', 3 + turn, 3 + turn, &create(78, &items).0)));
    }
    let (kept_bytes, _) = kept("opcua", &site(), &packets);
    assert!((16_384 * 100..8_000_000).contains(&kept_bytes), "{kept_bytes}");
    assert!(kept("opcua", &Site::default(), &packets).0 < 1000, "without a table nothing is kept");
    packets.push((true, chunk('F', 43, 43, &request(847).u32(1).u32(78).0)));
    packets.push((true, chunk('F', 44, 44, &create(79, &[(speed(), 1), (four(), 2)]).0)));
    packets.push((false, chunk('F', 44, 44, &published(79, &[data(&[(7, 0.0), (2, 1.0), (1, 1.0)])]).0)));
    let (_, record) = kept("opcua", &site(), &packets);
    let touched: Vec<(u32, Option<&str>)> =
        record.objects().iter().map(|object| (object.index, object.text.map(|span| record.text(span)))).collect();
    assert_eq!(touched, [(2, None), (2, Some("ns=2;s=Machine.Speed"))], "there is room again");
    assert_eq!(record.places, [1, 2]);
}
