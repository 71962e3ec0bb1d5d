//! Bit masks, expressions, named lists and a site's filters, as documents say them.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::*;
use wire::rules::Rules;

fn document(test: &str, more: &str) -> String {
    format!(
        r#"{{"version": 1, {more} "rules": [{{"id": "x", "protocol": "modbus", "fold": [], "condition": {{"test": {test}}}}}]}}"#
    )
}

fn test(field: &str, operator: &str, values: &str) -> String {
    format!(r#"{{"field": "{field}", "operator": "{operator}", "values": [{values}]}}"#)
}

/// Hits among read requests 1 to 8.
fn hits(document: &str) -> u64 {
    let mut bench = Bench::with(settings(), document);
    for number in 0..8u16 {
        bench.send(&tcp(true, 100 + 12 * u32::from(number), 0x18, &read_request(number + 1)));
    }
    bench.engine.ledger().hits
}

const LISTS: &str = r#""lists": {"hosts": {"addresses": ["10.0.0.0/30", "fd00::1"]}, "numbers": {"numbers": [2, 5, 99]},
    "names": {"texts": ["read_holding_registers", "x"]}},"#;

#[test]
fn operators_find_what_they_say() {
    for (field, operator, values, expected) in [
        ("modbus.transaction_id", "mask", "[3, 1]", 2),
        ("modbus.transaction_id", "mask", "[3, 1], [8, 8]", 3),
        ("modbus.transaction_id", "mask", "[18446744073709551615, 7]", 1),
        ("modbus.function_name", "re", r#""^read_[a-z]+_reg""#, 8),
        ("modbus.function_name", "re", r#""^write""#, 0),
        ("client.ip", "in_list", r#""hosts""#, 8),
        ("modbus.transaction_id", "in_list", r#""numbers""#, 2),
        ("modbus.function_name", "in_list", r#""names""#, 8),
    ] {
        assert_eq!(hits(&document(&test(field, operator, values), LISTS)), expected, "{field} {operator} {values}");
        let not = document(&test(field, operator, values), LISTS)
            .replace(r#""condition": {"test""#, r#""condition": {"not": {"test""#)
            .replace("}}]}", "}}}]}");
        assert_eq!(hits(&not), 8 - expected, "not {field} {operator} {values}");
    }
}

#[test]
fn what_cannot_be_is_refused_with_one_line() {
    let long = format!("\"{}\"", "a".repeat(600));
    for (field, operator, values, expected) in [
        ("modbus.transaction_id", "mask", "[1, 2]", "some of its bits"),
        ("modbus.transaction_id", "mask", "5", "some of its bits"),
        ("modbus.function_name", "mask", "[1, 1]", "has no bits"),
        ("modbus.function_name", "re", r#""(""#, "|re: "),
        ("modbus.function_name", "re", r#""(a{100}){100}{100}""#, "|re: "),
        ("modbus.function_name", "re", long.as_str(), "at most"),
        ("modbus.values", "re", r#""a""#, "is no text"),
        ("client.ip", "in_list", r#""nobody""#, "there is no list nobody"),
        ("client.ip", "in_list", r#""names""#, "never its value"),
        ("source.mac", "in_list", r#""names""#, "never its value"),
    ] {
        let error = Rules::compile(&document(&test(field, operator, values), LISTS)).unwrap_err();
        assert!(error.contains(expected) && !error.contains('\n') && error.starts_with("rule x: "), "{error}");
    }
    let odd = r#""lists": {"odd": {"addresses": ["10.0.0.300"]}},"#;
    let error = Rules::compile(&document(&test("client.ip", "in_list", r#""odd""#), odd)).unwrap_err();
    assert!(error.starts_with("list odd: "), "{error}");
}

#[test]
fn a_filter_takes_hits_out_until_its_time_and_counts_them() {
    let all = test("modbus.function_code", "in", "3");
    let filter = |until_ns: u64, rule: &str| {
        let condition = test("modbus.transaction_id", "lte", "4");
        format!(
            r#""filters": [{{"id": "known", "rules": ["{rule}"], "until_ns": {until_ns}, "condition": {{"test": {condition}}}}}],"#
        )
    };
    for (until_ns, rule, out) in [(u64::MAX, "x", 4), (START + 2_500_000, "x", 2), (START, "x", 0), (u64::MAX, "y", 0)]
    {
        let mut bench = Bench::with(settings(), &document(&all, &filter(until_ns, rule)));
        for number in 0..8u16 {
            bench.send(&tcp(true, 100 + 12 * u32::from(number), 0x18, &read_request(number + 1)));
        }
        let ledger = bench.engine.ledger();
        assert_eq!((ledger.hits, ledger.notes.hits_suppressed), (8 - out, out), "{until_ns} {rule}");
        let suppressed: Vec<_> = bench.engine.suppressed().into_iter().collect();
        let expected = (out > 0).then(|| (("known".into(), "rule:x".into()), out));
        assert_eq!(suppressed, expected.into_iter().collect::<Vec<_>>());
    }
}
