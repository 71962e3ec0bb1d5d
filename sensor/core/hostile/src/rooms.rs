//! What stands behind the parsers in a plant: rules, a baseline, names, a table of points.

use std::sync::{Arc, LazyLock};

use serde_json::json;
use wire::baseline::{Baseline, LearnSettings};
use wire::engine::Tables;
use wire::print::Names;
use wire::rules::Rules;
use wire::site::points::Row;
use wire::site::{Points, Site};

use crate::stored::learned;

pub const RULES: &str = r#"{"version": 1, "rules": [
    {"id": "write", "protocol": "modbus", "fold": [],
     "condition": {"test": {"field": "modbus.function_code", "operator": "in", "values": [6, 16]}}},
    {"id": "unit", "protocol": "modbus", "fold": ["modbus.unit_id"],
     "condition": {"test": {"field": "modbus.function_code", "operator": "in", "values": [3, 6]}}}]}"#;

/// Types of points, and the registers that one takes.
const TYPES: [(&str, u64); 11] = [
    ("u16", 1),
    ("i16", 1),
    ("u32", 2),
    ("i32", 2),
    ("f32", 2),
    ("u64", 4),
    ("i64", 4),
    ("f64", 4),
    ("bcd16", 1),
    ("bcd32", 2),
    ("text", 3),
];
const ORDERS: [&str; 4] = ["abcd", "cdab", "badc", "dcba"];

pub fn tables(baseline: Option<Baseline>) -> Tables {
    Tables::new(Rules::compile(RULES).expect("rules"), baseline)
}

/// Without a baseline, and with one.
pub static TABLES: LazyLock<[Arc<Tables>; 2]> = LazyLock::new(|| {
    let baseline = Baseline::with_segments(&learned(), &["default"]).expect("what was learned is read");
    [Arc::new(tables(None)), Arc::new(tables(Some(baseline)))]
});

pub static NAMES: LazyLock<Arc<Names>> =
    LazyLock::new(|| Arc::new(Names { inputs: vec!["fuzz".into()], segments: vec!["default".into()], files: true }));

/// A plant with a table of points: every type in every order, in spaces of both widths.
pub static POINTED: LazyLock<Arc<Site>> = LazyLock::new(|| {
    let (mut rows, mut address) = (Vec::new(), 0);
    for order in ORDERS {
        for (kind, registers) in TYPES {
            let mut row = json!({"protocol": "modbus", "server": "10.0.0.0/24", "space": "holding_register",
                "address": address, "count": 2, "name": "D{n}", "type": kind, "order": order, "scale": 0.5});
            if kind == "text" {
                row["registers"] = json!(registers);
                row["scale"] = json!(1.0);
            }
            rows.push(row);
            address += 2 * registers;
        }
    }
    rows.push(json!({"protocol": "modbus", "server": "10.0.0.0/24", "space": "coil", "address": 0, "count": 65_536,
        "name": "M{n}", "type": "bool", "octal": true}));
    let rows: Vec<Row> = serde_json::from_value(rows.into()).expect("rows of a table");
    Arc::new(Site { points: Points::new(&rows).expect("a table of points"), ..Site::default() })
});

pub fn settings() -> LearnSettings {
    LearnSettings { segments: vec!["default".into()], ..LearnSettings::default() }
}
