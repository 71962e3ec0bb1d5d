//! A table of points of S7 controllers: items as engineers write them, in answers, writes and cyclic data.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use std::sync::Arc;

use common::kept::kept;
use common::*;
use serde_json::{json, Value};
use wire::engine::Settings;
use wire::export::Wanted;
use wire::site::points::Row;
use wire::site::{Points, Site};

const ACK: u8 = 0x10;

struct Talk {
    bench: Bench,
    sequences: [u32; 2],
}

/// `rows` of the server that is spoken to: item, type, name.
fn talk(rows: &[(&str, &str, &str)]) -> Talk {
    let rows = rows.iter().map(|(item, kind, name)| {
        let mut row = json!({"protocol": "s7comm", "server": "10.0.0.2", "item": item, "name": name});
        if !kind.is_empty() {
            row["type"] = json!(kind);
        }
        row
    });
    from_table(&json!(rows.collect::<Vec<Value>>()))
}

fn points(rows: &Value) -> Points {
    Points::new(&serde_json::from_value::<Vec<Row>>(rows.clone()).unwrap()).unwrap()
}

fn from_table(rows: &Value) -> Talk {
    let site = Arc::new(Site { points: points(rows), ..Site::default() });
    let settings = Settings { events: Some(Wanted::default()), site, ..settings() };
    Talk { bench: Bench::with(settings, r#"{"version": 1, "rules": []}"#), sequences: [100, 500] }
}

fn hex(text: &str) -> Vec<u8> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap());
    let digits: Vec<u8> = lines.flat_map(str::bytes).filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

impl Talk {
    fn raw(&mut self, to_server: bool, bytes: &[u8]) -> Option<Value> {
        let sequence = &mut self.sequences[usize::from(!to_server)];
        let mut segment = tcp(to_server, *sequence, ACK, bytes);
        segment.server_port = 102;
        *sequence += bytes.len() as u32;
        self.bench.send(&segment);
        self.bench.events().pop()
    }

    /// One PDU in one packet.
    fn send(&mut self, to_server: bool, pdu: &[u8]) -> Value {
        self.raw(to_server, &packet(pdu, true)).unwrap()
    }

    /// A job: function, items, data.
    fn job(&mut self, function: u8, items: &[[u8; 10]], data: &[u8]) -> Value {
        let mut pdu = vec![0x32, 1, 0, 0, 0, 7];
        pdu.extend((2 + items.len() as u16 * 12).to_be_bytes());
        pdu.extend((data.len() as u16).to_be_bytes());
        pdu.extend([function, items.len() as u8]);
        items.iter().for_each(|item| pdu.extend([&[0x12, 10], item.as_slice()].concat()));
        pdu.extend(data);
        self.send(true, &pdu)
    }

    fn answer(&mut self, items: u8, data: &[u8]) -> Value {
        self.send(false, &answer(items, data))
    }

    /// Ask for bytes of a data block and answer with these.
    fn block(&mut self, db: u16, byte: u32, bytes: &[u8]) -> Value {
        self.job(4, &[item(2, bytes.len() as u16, db, 0x84, byte * 8)], &[]);
        let data = [&[0xff, 4], ((bytes.len() * 8) as u16).to_be_bytes().as_slice(), bytes].concat();
        self.answer(1, &data)
    }
}

fn packet(payload: &[u8], last: bool) -> Vec<u8> {
    let length = (payload.len() as u16 + 7).to_be_bytes();
    [&[3, 0, length[0], length[1], 2, 0xf0, if last { 0x80 } else { 0 }], payload].concat()
}

fn answer(items: u8, data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u16).to_be_bytes();
    [&[0x32, 3, 0, 0, 0, 7, 0, 2, length[0], length[1], 0, 0, 4, items], data].concat()
}

fn item(transport: u8, count: u16, db: u16, area: u8, bit: u32) -> [u8; 10] {
    let ([c1, c0], [d1, d0], [_, a2, a1, a0]) = (count.to_be_bytes(), db.to_be_bytes(), bit.to_be_bytes());
    [0x10, transport, c1, c0, d1, d0, area, a2, a1, a0]
}

fn told(event: &Value) -> (Value, Value) {
    (event["point.name"].clone(), event["point.value"].clone())
}

#[test]
fn every_type_is_read_as_the_controller_keeps_it() {
    for (address, kind, bytes, value) in [
        ("DB10.DBX0.3", "", "08", json!(true)),
        ("DB10.DBX0.3", "BOOL", "f7", json!(false)),
        ("DB10.DBB0", "", "fe", json!(254)),
        ("DB10.DBB0", "SINT", "fe", json!(-2)),
        ("DB10.DBB0", "CHAR", "41", json!("A")),
        ("DB10.DBW0", "", "fffe", json!(65534)),
        ("DB10.DBW0", "INT", "fffe", json!(-2)),
        ("DB10.DBW0", "BCD", "0912", json!(912)),
        ("DB10.DBD0", "", "80000001", json!(0x8000_0001u32)),
        ("DB10.DBD0", "DINT", "fffffffe", json!(-2)),
        ("DB10.DBD0", "REAL", "43398000", json!(185.5)),
        ("%db10.dbd0", "real", "43398000", json!(185.5)),
        ("DB10.DBB0", "LREAL", "4067300000000000", json!(185.5)),
        ("DB10.DBX0.0", "LINT", "fffffffffffffffe", json!(-2)),
        ("DB10.DBD0", "BCD", "12345678", json!(12_345_678)),
        ("DB10.DBD0", "TIME", "fffffc18", json!(-1000)),
        ("DB10.DBW0", "S5TIME", "0127", json!(1270)),
        ("DB10.DBW0", "S5TIME", "3999", json!(9_990_000)),
        ("DB10.DBW0", "DATE", "0001", json!("1990-01-02")),
        ("DB10.DBD0", "TIME_OF_DAY", "02932e00", json!("12:00:00.000")),
        ("DB10.DBB0", "DATE_AND_TIME", "2409011337591234", json!("2024-09-01T13:37:59.123")),
        ("DB10.DBB0", "STRING[4]", "0402414243ff", json!("AB")),
        ("DB10.DBB0", "STRING[4]", "04ff41424344", json!("ABCD")),
    ] {
        let bytes = hex(bytes);
        let answer = talk(&[(address, kind, "a")]).block(10, 0, &bytes);
        assert_eq!(told(&answer), (json!(["a"]), json!([value])), "{address} {kind}");
        if bytes.len() > 1 {
            let answer = talk(&[(address, kind, "a")]).block(10, 0, &bytes[..bytes.len() - 1]);
            assert!(answer.get("point.name").is_none(), "not all there: {address} {kind} {answer}");
        }
    }
    for (kind, bytes) in [("BCD", "00a1"), ("S5TIME", "0a00")] {
        let answer = talk(&[("DB10.DBW0", kind, "a")]).block(10, 0, &hex(bytes));
        assert!(answer.get("point.name").is_none(), "a digit that is none: {answer}");
    }
}

#[test]
fn areas_have_the_letters_of_both_languages() {
    for (address, code, bit, transport, width) in [
        ("I0.1", 0x81, 1, 1, 1),
        ("E0.1", 0x81, 1, 1, 1),
        ("EW2", 0x81, 16, 4, 2),
        ("Q3.7", 0x82, 31, 1, 1),
        ("AB4", 0x82, 32, 2, 1),
        ("M10.0", 0x83, 80, 1, 1),
        ("MW20", 0x83, 160, 4, 2),
        ("MD20", 0x83, 160, 6, 4),
        ("PEW256", 0x80, 2048, 4, 2),
        ("PIW256", 0x80, 2048, 4, 2),
        ("DB7.DBX1.2", 0x85, 10, 1, 1),
        ("T5", 0x1d, 5, 0x1d, 2),
        ("C3", 0x1c, 3, 0x1c, 2),
        ("Z3", 0x1c, 3, 0x1c, 2),
    ] {
        let mut talk = talk(&[(address, "", "here"), ("DB9.DBX1.2", "", "not here"), ("M99.0", "", "not here")]);
        let db = if code == 0x85 { 7 } else { 0 };
        talk.job(4, &[item(transport, 1, db, code, bit)], &[]);
        let bytes = [1, 1, 0, 0];
        let (kind, length) = match transport {
            1 => (3, 1),
            0x1c | 0x1d => (9, 2),
            _ => (4, width * 8),
        };
        let answer = talk.answer(1, &[&[0xff, kind, 0, length], &bytes[..usize::from(width)]].concat());
        assert_eq!(answer["point.name"], json!(["here"]), "{address} {answer}");
    }
}

#[test]
fn a_block_that_is_read_at_once_has_many_points() {
    let mut talk = talk(&[
        ("DB10.DBD4", "REAL", "料筒温度"),
        ("DB10.DBX0.3", "", "门开"),
        ("DB10.DBD98", "", "only half of it"),
        ("DB10.DBW98", "INT", "last"),
        ("DB11.DBW0", "", "of another block"),
        ("MW0", "", "of another area"),
    ]);
    let mut bytes = [0; 100];
    bytes[0] = 8;
    bytes[4..8].copy_from_slice(&185.5f32.to_be_bytes());
    bytes[99] = 7;
    let answer = talk.block(10, 0, &bytes);
    assert_eq!(told(&answer), (json!(["门开", "料筒温度", "last"]), json!([true, 185.5, 7])));
    assert_eq!(answer["s7comm.values"][0].as_str().map(str::len), Some(200), "{answer}");
}

#[test]
fn items_of_one_answer_keep_their_places_whatever_fails() {
    let mut talk = talk(&[("DB1.DBW0", "INT", "a"), ("DB1.DBW2", "INT", "b"), ("M1.3", "", "c"), ("T5", "", "d")]);
    let items = [item(2, 2, 1, 0x84, 0), item(5, 1, 1, 0x84, 16), item(1, 1, 0, 0x83, 11), item(0x1d, 1, 0, 0x1d, 5)];
    talk.job(4, &items, &[]);
    let answer = talk.answer(4, &hex("0a 00 0000  ff 05 0010 fff6  ff 03 0001 01 00  ff 09 0002 1123"));
    assert_eq!(told(&answer), (json!(["b", "c", "d"]), json!([-10, true, 12300])));
    // The answer to a question of others, or once more: nothing is known.
    assert!(talk.answer(4, &hex("ff 05 0010 fff6")).get("point.name").is_none());
}

#[test]
fn what_is_written_is_named_at_once() {
    let mut talk = talk(&[("Q0.1", "", "泵"), ("DB1.DBW6", "INT", "设定")]);
    let items = [item(1, 1, 0, 0x82, 1), item(5, 2, 1, 0x84, 32)];
    let written = talk.job(5, &items, &hex("00 03 0001 01 00  00 04 0020 fff6 0102"));
    assert_eq!(told(&written), (json!(["泵", "设定"]), json!([true, 258])));
    let answer = talk.send(false, &hex("32 03 0000 0007 0002 0002 00 00 05 02 ff ff"));
    assert!(answer.get("point.name").is_none(), "it brings no values: {answer}");
}

#[test]
fn an_answer_in_fragments_has_its_points_too() {
    let mut talk = talk(&[("DB1.DBB0", "STRING[2]", "a"), ("DB1.DBW4", "INT", "b")]);
    talk.job(4, &[item(2, 6, 1, 0x84, 0)], &[]);
    let pdu = answer(1, &hex("ff 04 0030 0202 4142 fff6"));
    talk.raw(false, &packet(&pdu[..20], false));
    let answer = talk.raw(false, &packet(&pdu[20..], true)).unwrap();
    assert_eq!(told(&answer), (json!(["a", "b"]), json!(["AB", -10])));
}

/// Userdata of group 2: type, subfunction, sequence number, then the content of its data.
fn cyclic(kind: u8, subfunction: u8, sequence: u8, content: &[u8]) -> Vec<u8> {
    let (length, inner) = (content.len() as u16 + 4, content.len() as u16);
    let mut pdu = vec![0x32, 7, 0, 0, 0, 9, 0, 12];
    pdu.extend(length.to_be_bytes());
    pdu.extend([0, 1, 0x12, 8, 0x12, kind << 4 | 2, subfunction, sequence, 0, 0, 0, 0]);
    pdu.extend([0xff, 9]);
    pdu.extend(inner.to_be_bytes());
    pdu.extend(content);
    pdu
}

#[test]
fn cyclic_data_is_named_by_what_was_asked_for() {
    let mut talk = talk(&[("DB1.DBW0", "INT", "a"), ("MW20", "", "b")]);
    let asked =
        [&hex("0002 01 0a 12 0a")[..], &item(5, 1, 1, 0x84, 0), &[0x12, 10], &item(4, 1, 0, 0x83, 160)].concat();
    let values = hex("0002 ff 05 0010 fff6  ff 04 0010 0007");
    // Nobody saw what job 5 is about.
    assert!(talk.send(false, &cyclic(0, 1, 5, &values)).get("point.name").is_none());
    talk.send(true, &cyclic(4, 1, 0, &asked));
    let first = talk.send(false, &cyclic(8, 1, 5, &values));
    assert_eq!(told(&first), (json!(["a", "b"]), json!([-10, 7])), "{first}");
    for _ in 0..3 {
        let pushed = talk.send(false, &cyclic(0, 1, 5, &values));
        assert_eq!(told(&pushed), (json!(["a", "b"]), json!([-10, 7])), "{pushed}");
    }
    assert!(talk.send(false, &cyclic(0, 1, 6, &values)).get("point.name").is_none(), "another job");
    talk.send(true, &cyclic(4, 4, 0, &[5, 5]));
    assert!(talk.send(false, &cyclic(0, 1, 5, &values)).get("point.name").is_none(), "it was given up");
}

#[test]
fn hostile_items_cost_no_more_than_others() {
    // A flood of cyclic jobs, each with as many items as go in, and one of them in a block full of points.
    let rows = json!([
        {"protocol": "s7comm", "server": "10.0.0.2", "item": "DB1.DBX0.0", "count": 100_000, "name": "b{n}"}
    ]);
    let site = Site { points: points(&rows), ..Site::default() };
    let mut asked = vec![0, 60, 1, 10];
    (0..60).for_each(|_| asked.extend([&[0x12, 10], &item(2, 0xffff, 1, 0x84, 0)[..]].concat()));
    let job = |reference: u8| {
        let mut pdu = cyclic(4, 1, 0, &asked);
        pdu[5] = reference;
        (true, packet(&pdu, true))
    };
    let packets: Vec<(bool, Vec<u8>)> = (0..100).map(job).collect();
    let (bytes, record) = kept("s7comm", &site, &packets);
    assert_eq!(record.parts.len(), 60);
    assert!((32 * 60 * 24..32 * 60 * 64).contains(&bytes), "32 jobs at most: {bytes}");
    let (bytes, record) = kept("s7comm", &Site::default(), &packets);
    assert!(record.parts.is_empty() && bytes < 1000, "without a table nothing is kept: {bytes}");
    let mut talk = from_table(&rows);
    let answer = talk.block(1, 0, &[0xff; 900]);
    assert_eq!(answer["point.name"].as_array().unwrap().len(), 2048, "as many as are listed");
    // Bits beyond what the answer brings, and the end of the address space.
    talk.job(4, &[item(2, 0xffff, 0xffff, 0x84, 0xff_ffff)], &[]);
    assert!(talk.answer(1, &hex("ff 04 0008 ff")).get("point.name").is_none());
}

#[test]
fn mistakes_in_items_are_named() {
    let table = |item: &str, kind: &str, more: Value| {
        let mut row = json!({"protocol": "s7comm", "server": "10.0.0.2", "item": item, "name": "p"});
        if !kind.is_empty() {
            row["type"] = json!(kind);
        }
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Points::new(&[serde_json::from_value::<Row>(row).unwrap()]).unwrap_err()
    };
    let wrong =
        "DB10.DBX0.8 DB10.DBX0 DB70000.DBW0 DB1.DBQ0 M10 MW MW-1 T T1.0 X1.0 PI0.1 DB1.DBW2097152 角1 M角 DB1.DB角";
    for address in wrong.split(' ').chain([""]) {
        assert!(table(address, "", json!({})).contains("unknown address"), "{address}");
    }
    for (address, kind, expected) in [
        ("DB1.DBW0", "REAL", "REAL does not fit"),
        ("DB1.DBX0.3", "INT", "does not fit"),
        ("T5", "DWORD", "does not fit"),
        ("DB1.DBB0", "BOOL", "does not fit"),
        ("DB1.DBB0", "f32", "unknown type f32"),
        ("DB1.DBB0", "STRING[255]", "unknown type"),
    ] {
        assert!(table(address, kind, json!({})).contains(expected), "{address} {kind}");
    }
    for (more, expected) in [
        (json!({"order": "cdab"}), "one order"),
        (json!({"bit": 3}), "its bit in its address"),
        (json!({"number": 3}), "says by itself"),
        (json!({"scale": 0.0}), "the scale"),
    ] {
        assert!(table("DB1.DBW0", "", more).contains(expected));
    }
}
