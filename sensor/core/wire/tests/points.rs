//! A plant's table of points: values by name, type, order and scale, in writes and in the answers to reads.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use std::sync::Arc;

use common::*;
use serde_json::{json, Value};
use wire::engine::Settings;
use wire::export::Wanted;
use wire::site::points::Row;
use wire::site::{Points, Site};

const ACK: u8 = 0x10;

fn table(rows: Value) -> Result<Points, String> {
    Points::new(&serde_json::from_value::<Vec<Row>>(rows).unwrap())
}

fn bench(rows: Value) -> Bench {
    let site = Arc::new(Site { points: table(rows).unwrap(), ..Site::default() });
    let settings = Settings { events: Some(Wanted::default()), site, ..settings() };
    Bench::with(settings, r#"{"version": 1, "rules": []}"#)
}

/// A row of the server that [`tcp`] speaks to.
fn row(more: Value) -> Value {
    let mut row = json!({"protocol": "modbus", "server": "10.0.0.2", "space": "holding_register"});
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

/// Ask for `count` registers from `address` of unit 1, and answer with these.
fn poll(bench: &mut Bench, function: u8, address: u16, registers: &[u16]) -> Value {
    let mut request = vec![0, 7, 0, 0, 0, 6, 1, function];
    request.extend([address, registers.len() as u16].map(u16::to_be_bytes).as_flattened());
    let bytes: Vec<u8> = registers.iter().flat_map(|register| register.to_be_bytes()).collect();
    let mut answer = vec![0, 7, 0, 0, 0, bytes.len() as u8 + 3, 1, function, bytes.len() as u8];
    answer.extend(bytes);
    bench.send(&tcp(true, 100, ACK, &request));
    bench.send(&tcp(false, 500, ACK, &answer));
    bench.events().pop().unwrap()
}

#[test]
fn every_type_and_order_is_read() {
    for (kind, order, registers, value) in [
        ("u16", "abcd", vec![0x1234], json!(0x1234)),
        ("u16", "badc", vec![0x1234], json!(0x3412)),
        ("i16", "abcd", vec![0xfffe], json!(-2)),
        ("u32", "abcd", vec![0x1234, 0x5678], json!(0x1234_5678)),
        ("u32", "cdab", vec![0x1234, 0x5678], json!(0x5678_1234)),
        ("u32", "badc", vec![0x1234, 0x5678], json!(0x3412_7856)),
        ("u32", "dcba", vec![0x1234, 0x5678], json!(0x7856_3412)),
        ("i32", "cdab", vec![0xfffe, 0xffff], json!(-2)),
        ("f32", "abcd", vec![0x4339, 0x8000], json!(185.5)),
        ("f32", "cdab", vec![0x8000, 0x4339], json!(185.5)),
        ("u64", "abcd", vec![0, 1, 0, 2], json!(0x1_0000_0002u64)),
        ("i64", "dcba", vec![0xfeff, 0xffff, 0xffff, 0xffff], json!(-2)),
        ("f64", "abcd", vec![0x4067, 0x3000, 0, 0], json!(185.5)),
        ("bcd16", "abcd", vec![0x1234], json!(1234)),
        ("bcd32", "cdab", vec![0x5678, 0x1234], json!(12_345_678)),
    ] {
        let fresh = || bench(json!([row(json!({"address": 100, "name": "a", "type": kind, "order": order}))]));
        let answer = poll(&mut fresh(), 3, 100, &registers);
        let told = (&answer["point.name"], &answer["point.value"], &answer["point.unit"]);
        assert_eq!(told, (&json!(["a"]), &json!([value]), &json!([""])), "{kind} {order}");
        // One register less, and the point is not all there.
        if registers.len() > 1 {
            let answer = poll(&mut fresh(), 3, 100, &registers[1..]);
            assert!(answer.get("point.name").is_none(), "{kind} {answer}");
        }
    }
    let mut none = bench(json!([row(json!({"address": 0, "name": "a", "type": "bcd16"}))]));
    assert!(poll(&mut none, 3, 0, &[0x12a4]).get("point.name").is_none(), "a digit that is none");
}

#[test]
fn texts_bits_and_scaled_values_are_read() {
    let mut bench = bench(json!([
        row(json!({"address": 10, "name": "编号", "type": "text", "registers": 3})),
        row(json!({"address": 13, "name": "门开", "type": "bool", "bit": 9})),
        row(json!({"address": 14, "name": "料筒温度", "unit": "℃", "type": "i16", "scale": 0.1, "offset": -5})),
        row(json!({"address": 15, "number": 2, "name": "of another unit"})),
        row(json!({"server": "10.0.0.9", "address": 15, "name": "of another server"})),
        row(json!({"space": "input_register", "address": 15, "name": "of another space"})),
    ]));
    let answer = poll(&mut bench, 3, 10, &[0x4142, 0x4300, 0x5858, 0x0200, 1905, 7]);
    assert_eq!(answer["point.name"], json!(["编号", "门开", "料筒温度"]));
    assert_eq!(answer["point.value"], json!(["ABC", true, 185.5]));
    assert_eq!(answer["point.unit"], json!(["", "", "℃"]));
}

#[test]
fn rows_of_points_are_numbered_as_their_maker_does() {
    let mut bench = bench(json!([
        row(json!({"server": "10.0.0.0/24", "address": 0, "count": 8000, "name": "D{n}"})),
        row(json!({"space": "coil", "address": 0xf800, "count": 256, "octal": true, "name": "X{n}", "type": "bool"})),
    ]));
    let answer = poll(&mut bench, 3, 7998, &[1, 2, 3]);
    assert_eq!((&answer["point.name"], &answer["point.value"]), (&json!(["D7998", "D7999"]), &json!([1, 2])));
    bench.send(&tcp(true, 112, ACK, &[0, 8, 0, 0, 0, 6, 1, 1, 0xf8, 7, 0, 3]));
    bench.send(&tcp(false, 515, ACK, &[0, 8, 0, 0, 0, 4, 1, 1, 1, 0b101]));
    let answer = bench.events().pop().unwrap();
    assert_eq!(answer["point.name"], json!(["X7", "X10", "X11"]));
    assert_eq!(answer["point.value"], json!([true, false, true]));
}

#[test]
fn what_is_written_is_named_at_once_and_what_is_read_with_it_later() {
    let mut bench = bench(json!([
        row(json!({"address": 5, "name": "set", "type": "u16"})),
        row(json!({"address": 9, "name": "actual", "type": "u16"})),
    ]));
    // Function 23: read 9, write 5.
    bench.send(&tcp(true, 100, ACK, &[0, 1, 0, 0, 0, 13, 1, 23, 0, 9, 0, 1, 0, 5, 0, 1, 2, 0, 77]));
    bench.send(&tcp(false, 500, ACK, &[0, 1, 0, 0, 0, 5, 1, 23, 2, 0, 42]));
    let events = bench.events();
    assert_eq!((&events[0]["point.name"], &events[0]["point.value"]), (&json!(["set"]), &json!([77])));
    assert_eq!((&events[1]["point.name"], &events[1]["point.value"]), (&json!(["actual"]), &json!([42])));
}

#[test]
fn mistakes_in_the_table_are_named() {
    for (more, expected) in [
        (json!({"address": 1, "type": "u17"}), "point p: unknown type u17"),
        (json!({"address": 1, "order": "acbd"}), "unknown order acbd"),
        (json!({"address": 1, "bit": 16}), "bits 0 to 15"),
        (json!({"address": 1, "scale": 0.0}), "the scale"),
        (json!({"address": 1, "type": "text"}), "1 to 64 registers"),
        (json!({"protocol": "mobdus", "address": 1}), "unknown protocol mobdus"),
        (json!({"server": "here", "address": 1}), "is not an IP address or network"),
        (json!({}), "wants an address"),
        (json!({"item": "DB1.DBD0"}), "an item is of s7comm"),
        (json!({"protocol": "opcua", "node": "Machine.Speed"}), "wants its namespace"),
        (json!({"protocol": "opcua", "number": 3, "node": "ns=2;s=Machine.Speed"}), "wants its namespace"),
        (json!({"protocol": "opcua", "node": "ns=2;i=x"}), "is no number of a node"),
        (json!({"address": 1, "count": 4_000_000_000u32}), "more than 1048576 points"),
    ] {
        let mut wrong = row(json!({"name": "p"}));
        wrong.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let error = table(json!([wrong])).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}
