//! The short ways through lists against reading them one by one.

use super::super::super::sheet::Scratch;
use super::*;
use crate::value::{Object, Record, Span};

type Reader = fn(&mut Body<'_>, &mut Sheet<'_>, usize) -> Read<()>;

/// What is left, lists, objects and their names, flag of failure.
type Found = (Read<usize>, Vec<Vec<(Value, String)>>, Vec<(Object, String)>, bool);

fn found(bytes: &[u8], count: usize, reader: Reader) -> Found {
    let (mut record, mut scratch) = (Record::default(), Scratch::default());
    let (mut body, mut sheet) = (Body::new(bytes, Some(0)), Sheet::new(&mut record, &mut scratch));
    let read = reader(&mut body, &mut sheet, count).map(|()| body.remaining());
    let failed = sheet.failed;
    sheet.finish();
    let (plain, none) = (|span| record.text(span).to_owned(), Span::default());
    let lists = [NODE_IDS, ATTRIBUTE_IDS, VALUES, RESULT_CODES].map(|slot| {
        let Some(Value::List(span)) = record.get(slot) else { return Vec::new() };
        let text = |value: &Value| match *value {
            Value::Text(span) => (Value::Text(none), plain(span)),
            other => (other, String::new()),
        };
        record.list(span).iter().map(text).collect()
    });
    let objects = record.objects().iter().map(|object| {
        let name = object.text.map(plain).unwrap_or_default();
        (Object { text: object.text.map(|_| none), ..*object }, name)
    });
    (read, lists.into(), objects.collect(), failed)
}

fn compare(items: &[&[u8]], short: Reader, long: Reader) {
    for (from, first) in items.iter().enumerate() {
        for second in items {
            let bytes = [first, *first, *second, items.get(from / 2).copied().unwrap_or_default()].concat();
            for length in 0..=bytes.len() {
                let bytes = bytes.get(..length).unwrap_or_default();
                for count in 0..5 {
                    assert_eq!(found(bytes, count, short), found(bytes, count, long), "{count} of {bytes:?}");
                }
            }
        }
    }
}

#[test]
fn names_are_read_the_same_one_by_one() {
    let none = [0xff; 4];
    let named = |namespace: u8, name: &[u8], range: &[u8]| {
        let head = [3, namespace, 0, u8::try_from(name.len()).unwrap_or(0), 0, 0, 0];
        [&head[..], name, &[13, 0, 0, 0], range, &[0, 0], &none[..]].concat()
    };
    let numeric = [&[1, 2, 7, 0, 13, 0, 0, 0][..], &none, &[0, 0], &none].concat();
    let items = [
        named(2, b"Pump.Speed", &none),
        named(0, b"", &none),
        named(200, b"V", &none),
        named(2, "\u{6e29}".as_bytes(), &none),
        named(2, b"\xff\xfe", &none),
        named(2, b"Array", b"\x01\0\0\x007"),
        numeric,
    ];
    let items: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
    let short: Reader = |body, sheet, count| {
        if whole_by_names(body, sheet, count) {
            return Ok(());
        }
        value_ids(body, sheet, count)
    };
    compare(&items, short, value_ids);
}

#[test]
fn values_are_read_the_same_one_by_one() {
    let items: [&[u8]; 8] = [
        b"\x0d\x0b\x01\x02\x03\x04\x05\x06\x07\x08aaaaaaaabbbbbbbb",
        b"\x03\x01\x01\0\0\x31\x80",
        b"\x01\x05\x07\0",
        b"\x01\x06\xff\xff\xff\xff",
        b"\x02\0\0\x05\x80",
        b"\0",
        b"\x01\x0c\x02\0\0\0ok",
        b"\x01\x86\x02\0\0\0\x01\0\0\0\x02\0\0\0",
    ];
    let short: Reader = |body, sheet, count| {
        if simple_values(body, sheet, count) {
            return Ok(());
        }
        any_values(body, sheet, count)
    };
    compare(&items, short, any_values);
}
