//! What is read from disk: knowledge that outlives a restart, baselines, the anomaly model, rules. Whoever can write there
//! can seal it, too, so what is sealed is sealed here before it is read.

use std::sync::{Arc, LazyLock};

use sha2::{Digest, Sha256};
use wire::baseline::{table_from_json, table_to_json, Baseline, Learner, PeriodSettings, Periods, Shard};
use wire::engine::{Engine, Settings};
use wire::forest::Forest;
use wire::rules::Rules;
use wire::values::{Known, Table};

use crate::rooms::{settings, RULES, TABLES};
use crate::{printed, streams};

type Run = fn(&[u8]);
pub const KINDS: &[(&str, Run)] = &[
    ("stored/learner", learner),
    ("stored/periods", periods),
    ("stored/state", state),
    ("stored/table", table),
    ("stored/document", document),
    ("stored/forest", forest),
    ("stored/rules", rules),
    ("stored/values", values),
];

/// Kind and version in front of what is sealed, the digest behind it.
const HEAD: usize = 10;
const DIGEST: usize = 32;
const SEGMENTS: &[&str] = &["default"];

static LEARNED: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let mut learner = streams::learn();
    (learner.snapshot(), learner.finish(1_770_000_000_000_000_000))
});

/// What the seeds of a plant's protocols teach, as a table.
pub fn learned() -> Vec<u8> {
    LEARNED.1.clone()
}

fn baseline() -> Baseline {
    static BASELINE: LazyLock<Baseline> =
        LazyLock::new(|| Baseline::with_segments(&LEARNED.1, SEGMENTS).expect("what was learned is read"));
    BASELINE.clone()
}

fn engine(state: Option<&[u8]>) -> Result<Engine, String> {
    let tables = Arc::clone(&TABLES[1]);
    let settings = Settings { flows: 64, learn: true, ..Settings::default() };
    match state {
        Some(state) => Engine::restored(settings, tables, state),
        None => Ok(Engine::new(settings, tables)),
    }
}

/// Good bytes of each kind, as its target takes them.
pub fn good(kind: &str) -> Vec<u8> {
    let sealed = |bytes: &[u8]| bytes[HEAD..bytes.len() - DIGEST].to_vec();
    match kind {
        "stored/learner" => sealed(&LEARNED.0),
        "stored/periods" => sealed(&watched().snapshot()),
        "stored/state" => sealed(&engine(None).expect("nothing to read").snapshot()),
        "stored/table" => learned(),
        "stored/document" => table_to_json(&LEARNED.1).expect("a table").into_bytes(),
        "stored/forest" => small_forest(),
        "stored/rules" => RULES.as_bytes().to_vec(),
        "stored/values" => VALUES.to_vec(),
        _ => panic!("no good bytes of {kind}: a kind brings them with it"),
    }
}

fn seal(kind: &[u8; 8], content: &[u8]) -> Vec<u8> {
    let mut bytes = [kind, &1u16.to_le_bytes()[..], content].concat();
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    bytes
}

fn learner(input: &[u8]) {
    let Ok(learner) = Learner::restore(settings(), &seal(b"OTUSLEA2", input)) else { return };
    let bytes = learner.snapshot();
    let mut again = Learner::restore(settings(), &bytes).expect("what was saved is read");
    assert!(again.snapshot() == bytes, "learning that was saved says something else");
    let table = again.finish(1_770_000_000_000_000_000);
    // What it says may contradict itself; that is then told and not used.
    let _ = told(Baseline::with_segments(&table, SEGMENTS));
}

fn watched() -> Periods {
    Periods::new(&baseline(), PeriodSettings::default(), Shard { number: 0, of: 1 })
}

fn periods(input: &[u8]) {
    let restore =
        |bytes: &[u8]| Periods::restore(&baseline(), PeriodSettings::default(), Shard { number: 0, of: 1 }, bytes);
    let Ok(mut periods) = restore(&seal(b"OTUSPERI", input)) else { return };
    let bytes = periods.snapshot();
    assert!(restore(&bytes).expect("what was saved is read").snapshot() == bytes, "it says something else");
    let mut out = Vec::new();
    for now_ns in [1_760_000_000_000_000_000, 1_770_000_000_000_000_000, u64::MAX] {
        periods.tick(now_ns, &mut out);
    }
}

fn state(input: &[u8]) {
    let Ok(mut engine) = engine(Some(&seal(b"OTUSENGI", input))) else { return };
    engine.take();
    let bytes = engine.snapshot();
    let mut again = self::engine(Some(&bytes)).expect("what was saved is read");
    again.take();
    assert!(again.snapshot() == bytes, "it says something else");
    again.finish();
}

fn table(input: &[u8]) {
    let Ok(baseline) = told(Baseline::with_segments(input, SEGMENTS)) else { return };
    Periods::new(&baseline, PeriodSettings::default(), Shard { number: 0, of: 1 });
    let json = table_to_json(input).expect("what is loaded is shown");
    printed::json(json.as_bytes());
    let bytes = table_from_json(&json).expect("what is shown is read");
    // The bytes may hold what nobody refers to; what they say is the same.
    assert!(table_to_json(&bytes) == Ok(json), "a table that is shown and read is another one");
}

fn document(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(bytes) = told(table_from_json(text)) else { return };
    let json = table_to_json(&bytes).expect("what was compiled is read");
    assert!(table_from_json(&json).as_ref() == Ok(&bytes), "a table that is shown and read is another one");
}

/// A tag of a link as it is learned.
const VALUES: &[u8] =
    br#"{"format":1,"not_learned":0,"links":[{"segment":"default","client":"10.0.0.1","server":"10.0.0.2",
"protocol":"modbus","tags":[{"space":"holding_register","index":1,"start":7,"kind":"word","samples":90,"changes":80,
"seconds":3600.5,"low":1.0,"high":90.5,"limits":[99.5,null,3.0,12.0,null,null,1e9],"step":2.0,"counter":true,
"states":[1.0,2.0],"writes":3,"set":[1.0,2.0],"set_limits":[0.5,2.5]}],"echoes":[{"request":77,"limit":8.5}]}]}"#;

fn values(input: &[u8]) {
    let Ok(table) = told(Table::read(input)) else { return };
    let again = Table::read(&table.write()).expect("what was written is read");
    assert!(again.links.len() == table.links.len(), "a table that is written and read is another one");
    told(Known::read(input, &baseline(), SEGMENTS)).expect("what is a table is known");
}

fn forest(input: &[u8]) {
    let Ok(forest) = told(Forest::read(input)) else { return };
    let values = [0.0, -1.0, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, 0.5];
    let rows: Vec<f64> = values.iter().copied().cycle().take(forest.width() * values.len()).collect();
    let scores = forest.score(&rows).expect("whole rows");
    assert_eq!(scores.len(), values.len());
    assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)), "{scores:?}");
}

fn rules(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(rules) = told(Rules::compile(text)) {
        assert!((0..rules.len() as u32).all(|number| rules.info(number).is_some()));
    }
}

/// A refusal says something.
fn told<T>(read: Result<T, String>) -> Result<T, String> {
    read.inspect_err(|error| assert!(!error.is_empty()))
}

/// Two features, two trees: a split and its leaves, and a leaf alone.
fn small_forest() -> Vec<u8> {
    let mut bytes = b"OTUSTREE".to_vec();
    bytes.extend([1, 0, 2, 0]);
    bytes.extend(2.0f64.to_le_bytes());
    bytes.extend(2u32.to_le_bytes());
    // Left, right, feature, whether what is no number goes left, threshold or length.
    type Node = (u32, u32, u16, u8, f64);
    let trees: [&[Node]; 2] = [&[(1, 2, 1, 1, 0.5), (0, 0, 0, 0, 1.0), (0, 0, 0, 0, 2.5)], &[(0, 0, 0, 0, 1.0)]];
    for tree in trees {
        bytes.extend((tree.len() as u32).to_le_bytes());
        for (left, right, feature, unknown, number) in tree {
            bytes.extend(left.to_le_bytes());
            bytes.extend(right.to_le_bytes());
            bytes.extend(feature.to_le_bytes());
            bytes.push(*unknown);
            bytes.extend(number.to_le_bytes());
        }
    }
    bytes
}
