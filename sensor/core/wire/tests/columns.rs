//! Columns hold what the lines hold; parts of several shards come together in order of arrival.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::random::Random;
use serde_json::{json, Map, Value as Json};
use wire::columns::{Array, Batch, Columns, Data, Items, Part, Parts, Told};
use wire::event::{Endpoint, Event};
use wire::limits::COLUMN_ROWS;
use wire::print::{self, Names};
use wire::protocol::{place_of, PROTOCOLS};
use wire::value::{Kind, Outcome, Record, Role, Span, Value};

const MODBUS: usize = place_of("modbus") as usize;

fn names() -> Names {
    Names { inputs: vec!["a.pcap".into(), "b.pcap".into()], segments: vec!["default".into()], files: true }
}

/// What parts make together.
fn whole(parts: Vec<Part>, told: &mut Told) -> Vec<Batch> {
    let parts = Parts::new(parts, told, names().into());
    let (rows, sizes) = (parts.rows(), parts.sizes());
    let batches = parts.whole();
    assert_eq!(batches.iter().map(|batch| batch.rows).collect::<Vec<_>>(), sizes);
    assert_eq!(rows, sizes.iter().sum::<usize>());
    batches
}

fn alone(part: Part) -> Batch {
    whole(vec![part], &mut Told::default()).remove(0)
}

/// A value of the type its field is declared with.
fn value(random: &mut Random, record: &mut Record, kind: Kind) -> Value {
    let bytes: Vec<u8> = (0..random.below(12)).map(|_| random.byte()).collect();
    match kind {
        Kind::Unsigned => Value::Unsigned(random.next()),
        Kind::Signed => Value::Signed(random.next() as i64),
        Kind::Float => Value::Float(random.byte().into()),
        Kind::Boolean => Value::Bool(random.one_in(2)),
        Kind::Text | Kind::Any => Value::Text(record.push_text(&bytes)),
        Kind::Bytes => Value::Blob(record.push_bytes(&bytes)),
        Kind::Ip => Value::Ip([random.byte(), 0, 0, 1].into()),
        Kind::Timestamp => Value::Unsigned(random.next() >> 1),
    }
}

/// Call `each` with events of every protocol, whose records are filled by chance.
fn events(count: u64, mut each: impl FnMut(&Event<'_>, u64)) {
    for seed in 1..=count {
        let mut random = Random::new(seed);
        let protocol = random.below(PROTOCOLS.len());
        let mut record = Record::default();
        for (slot, field) in PROTOCOLS[protocol].fields.iter().enumerate() {
            if random.one_in(3) {
                continue;
            }
            if !field.many {
                let value = value(&mut random, &mut record, field.kind);
                record.set(slot, value);
            } else if field.kind == Kind::Unsigned && random.one_in(2) {
                record.set(slot, Value::Words(Span { start: 1, len: 6 }));
            } else {
                let values: Vec<Value> =
                    (0..random.below(4)).map(|_| value(&mut random, &mut record, field.kind)).collect();
                record.set_list(slot, &values);
            }
        }
        record.flaws = random.next() & 3;
        record.role = [Role::Request, Role::Response][random.below(2)];
        record.outcome = [Outcome::Success, Outcome::Unknown][random.below(2)];
        let side = |last: u8| Endpoint { ip: [10, 0, 0, last].into(), port: u16::from(last), mac: [last; 6] };
        let (client, server) = (side(random.byte()), side(random.byte()));
        let event = Event {
            ts_ns: random.next() >> 1,
            number: seed,
            input: random.below(2) as u16,
            segment: 0,
            protocol,
            family: protocol,
            transport: 6,
            vlan: random.one_in(2).then_some(7),
            from_client: random.one_in(2),
            client: &client,
            server: &server,
            record: &record,
            bytes: &[0, 1, 2, 3, 4, 5, 6, 7],
            asked: None,
            link: None,
            stream_flaws: 0,
        };
        each(&event, seed);
    }
}

fn item(array: &Array, row: usize, kind: Kind) -> Json {
    if !array.present.get(row) {
        return Json::Null;
    }
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let time = |ns: u64| {
        let mut out = Vec::new();
        print::timestamp(&mut out, ns);
        text(&out)
    };
    match &array.items {
        Items::Unsigned(items) => json!(items[row]),
        Items::Signed(items) => json!(items[row]),
        Items::Float(items) => json!(items[row]),
        Items::Boolean(items) => json!(items.get(row)),
        Items::Time(items) => json!(time(items[row] as u64)),
        Items::Word(keys, words) => json!(text(words.get(keys[row] as usize))),
        Items::Text(texts) => json!(text(texts.get(row))),
        Items::Bytes(texts) => {
            assert_eq!(kind, Kind::Bytes);
            json!(texts.get(row).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
    }
}

/// A row as the object that `print::event` writes.
fn object(batch: &Batch, row: usize) -> Json {
    let mut object = Map::new();
    for column in &batch.columns {
        let found = match &column.data {
            Data::One(array) => item(array, row, column.kind),
            Data::Many { present, .. } if !present.get(row) => Json::Null,
            Data::Many { offsets, items, .. } => {
                (offsets[row] as usize..offsets[row + 1] as usize).map(|at| item(items, at, column.kind)).collect()
            }
        };
        if !found.is_null() {
            object.insert(column.name.into(), found);
        }
    }
    Json::Object(object)
}

/// What the line of a record says, a float without a fraction being one all the same.
fn same(row: &Json, line: &[u8]) -> bool {
    let line: Json = serde_json::from_slice(line).unwrap();
    let (row, line) = (row.as_object().unwrap(), line.as_object().unwrap());
    row.len() == line.len() && line.iter().all(|(name, there)| row.get(name).is_some_and(|here| equal(here, there)))
}

fn equal(here: &Json, there: &Json) -> bool {
    match (here.as_array(), there.as_array()) {
        (Some(here), Some(there)) => {
            here.len() == there.len() && here.iter().zip(there).all(|(here, there)| equal(here, there))
        }
        _ => here == there || (here.is_f64() && here.as_f64() == there.as_f64()),
    }
}

#[test]
fn every_row_says_what_its_line_says() {
    let (names, mut columns, mut lines) = (names(), Columns::new(&[]), Vec::new());
    events(600, |event, _| {
        columns.push(event, &names, 0);
        let mut line = Vec::new();
        print::event(&mut line, event, &names);
        lines.push(line);
    });
    let parts = columns.take(&names, true);
    assert_eq!((parts.len(), parts[0].rows, parts[0].mistyped), (1, 600, 0));
    let batches = whole(parts, &mut Told::default());
    for column in &batches[0].columns {
        assert_eq!(column.data.len(), 600, "{}", column.name);
    }
    for (row, line) in lines.iter().enumerate() {
        let object = object(&batches[0], row);
        assert!(same(&object, line), "row {row}: {object}\n{}", String::from_utf8_lossy(line));
    }
}

#[test]
fn a_protocol_brings_all_its_columns_or_none() {
    let width = |protocols: &[usize]| {
        let mut columns = Columns::new(protocols);
        alone(columns.take(&names(), true).remove(0)).columns.len()
    };
    let base = width(&[]);
    for (place, protocol) in PROTOCOLS.iter().enumerate() {
        assert_eq!(width(&[place]), base + protocol.fields.len());
    }
}

#[test]
fn what_does_not_fit_its_column_is_missing_and_counted() {
    let (names, mut columns) = (names(), Columns::new(&[]));
    let slot = PROTOCOLS[MODBUS].fields.iter().position(|field| field.kind == Kind::Unsigned && !field.many).unwrap();
    let side = Endpoint { ip: [10, 0, 0, 1].into(), port: 1, mac: [1; 6] };
    let mut record = Record::default();
    record.set(slot, Value::Bool(true));
    let event = Event {
        ts_ns: u64::MAX, // beyond what 64 bits with a sign hold
        number: 1,
        input: 0,
        segment: 0,
        protocol: 2,
        family: 2,
        transport: 6,
        vlan: None,
        from_client: true,
        client: &side,
        server: &side,
        record: &record,
        bytes: &[],
        asked: None,
        link: None,
        stream_flaws: 0,
    };
    columns.push(&event, &names, 0);
    let part = columns.take(&names, true).remove(0);
    assert_eq!(part.mistyped, 2);
    let row = object(&alone(part), 0);
    assert!(row.get(PROTOCOLS[MODBUS].fields[slot].name).is_none() && row.get("@timestamp").is_none());
}

#[test]
fn batches_end_at_their_budget_and_words_go_on() {
    let (names, mut columns) = (names(), Columns::new(&[]));
    let mut rows = 0;
    while rows < COLUMN_ROWS + 10 {
        events(500, |event, _| columns.push(event, &names, 0));
        rows += 500;
    }
    assert_eq!(columns.waiting(), rows);
    let batches: Vec<Batch> = columns.take(&names, true).into_iter().map(alone).collect();
    // With fields of so many protocols the bytes may come first, which are looked at every 256 rows.
    let first = batches[0].rows;
    assert!(first == COLUMN_ROWS || first < COLUMN_ROWS && first.is_multiple_of(256), "{first}");
    assert_eq!(batches.iter().map(|batch| batch.rows).sum::<usize>(), rows);
    for row in [0, batches[1].rows - 1] {
        assert_eq!(object(&batches[1], row), object(&batches[0], (first + row) % 500));
    }
}

#[test]
fn parts_come_together_in_order_of_arrival() {
    let names = names();
    for shards in [1, 2, 7] {
        let mut parts: Vec<Columns> = (0..shards).map(|_| Columns::new(&[])).collect();
        let mut whole = Columns::new(&[]);
        events(400, |event, seed| {
            let arrival = seed / 3; // several messages of one packet
            let shard = (arrival as usize * 5) % shards;
            whole.push(event, &names, arrival);
            parts[shard].push(event, &names, arrival);
        });
        let parts: Vec<Part> = parts.iter_mut().flat_map(|part| part.take(&names, true)).collect();
        let joined = crate::whole(parts, &mut Told::default());
        let whole = crate::whole(whole.take(&names, true), &mut Told::default());
        assert_eq!((joined.len(), joined[0].rows), (1, 400));
        for row in 0..400 {
            assert_eq!(object(&joined[0], row), object(&whole[0], row), "{shards} shards, row {row}");
        }
    }
}

/// Which shards have rows in a batch depends on when it is taken. It lost columns when a shard that alone had seen a
/// protocol had none.
#[test]
fn columns_that_were_told_once_stay() {
    let names = names();
    let mut parts: Vec<Columns> = vec![Columns::new(&[]), Columns::new(&[])];
    let mut told = Told::default();
    let mut both =
        |parts: &mut [Columns]| whole(parts.iter_mut().flat_map(|part| part.take(&names, true)).collect(), &mut told);
    events(50, |event, seed| parts[usize::from(event.protocol == MODBUS)].push(event, &names, seed));
    let first = both(&mut parts);
    events(50, |event, seed| {
        if event.protocol != MODBUS {
            parts[0].push(event, &names, seed);
        }
    });
    let second = both(&mut parts);
    let columns = |batches: &[Batch]| batches[0].columns.iter().map(|column| column.name).collect::<Vec<_>>();
    assert!(columns(&first).contains(&"modbus.unit_id"));
    assert_eq!(columns(&first), columns(&second));
    let unit = second[0].columns.iter().find(|column| column.name == "modbus.unit_id").unwrap();
    assert!(unit.data.present().is_unset() && unit.data.len() == second[0].rows);
}
