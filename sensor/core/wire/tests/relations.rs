//! Relations between tags: three meters of which one is the sum of the others, and a pump with its flow.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]
#![allow(clippy::cast_sign_loss, clippy::cast_precision_loss)]

mod common;

use std::sync::LazyLock;

use common::plant::{bench, document, tables};
use common::*;
use wire::engine::Settings;
use wire::finding::Param;
use wire::fold::{Hit, HitKind};
use wire::values::{Table, CAUSES};

/// Seconds that are learned from, and those that follow.
const LEARNED: u64 = 4 * 3600;
const AFTER: u64 = 1800;
const REGISTERS: usize = 5;

fn noise(number: u64, which: u64) -> f64 {
    (wire::hash::mixed(number * 16 + which) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// A walk that turns once a minute, smooth in between, and stays between -1 and 1.
fn walk(second: u64, which: u64) -> f64 {
    let (minute, part) = (second / 60, (second % 60) as f64 / 60.0);
    noise(minute, which) * (1.0 - part) + noise(minute + 1, which) * part
}

/// Two lines, the header that they come from, whether the pump runs, and its own flow.
fn process(second: u64) -> [f64; REGISTERS] {
    let (one, two) = (3000.0 + 1500.0 * walk(second, 1), 2000.0 + 900.0 * walk(second, 2));
    let runs = f64::from(u8::from(noise(second / 150, 3) > -0.2));
    [
        one + 3.0 * noise(second, 4),
        two + 3.0 * noise(second, 5),
        one + two + 5.0 * noise(second, 6),
        runs,
        20.0 + runs * (700.0 + 60.0 * walk(second, 7)) + 4.0 * noise(second, 8),
    ]
}

type Frames = Vec<(u64, Vec<u8>)>;

fn play(from: u64, to: u64, told: impl Fn(u64) -> [f64; REGISTERS]) -> Frames {
    let (mut frames, mut sequences) = (Frames::new(), [from as u32 * 1000 + 1; 2]);
    let mut put = |now_ns: u64, to_server: bool, adu: &[u8]| {
        let sequence = &mut sequences[usize::from(to_server)];
        frames.push((now_ns, tcp(to_server, *sequence, 0x18, adu).bytes()));
        *sequence += adu.len() as u32;
    };
    for second in (from..to).step_by(2) {
        let now_ns = START + second * SECOND;
        let transaction = (second as u16).to_be_bytes();
        let mut request = transaction.to_vec();
        request.extend([0, 0, 0, 6, 1, 4, 0, 100, 0, REGISTERS as u8]);
        put(now_ns, true, &request);
        let mut answer = transaction.to_vec();
        answer.extend([0, 0, 0, 3 + 2 * REGISTERS as u8, 1, 4, 2 * REGISTERS as u8]);
        told(second).into_iter().for_each(|value| answer.extend((value as u16).to_be_bytes()));
        put(now_ns + 5_000_000, false, &answer);
    }
    frames
}

fn feed(bench: &mut Bench, frames: &Frames) {
    for (now_ns, frame) in frames {
        bench.now_ns = now_ns - 1_000_000;
        bench.frame_unchecked(frame);
    }
}

static KNOWN: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let mut bench = bench(Settings { learn: true, ..settings() }, tables(&document(&[]), None, None));
    feed(&mut bench, &play(0, LEARNED, process));
    let values = bench.engine.learned_values().unwrap().table().write();
    (bench.engine.learned().unwrap().table(), values)
});

/// What is told of values in the half hour after learning.
fn hits(told: impl Fn(u64) -> [f64; REGISTERS]) -> Vec<Hit> {
    let tables = tables(&document(&[]), Some(&KNOWN.0), None).with_values(&KNOWN.1, &["default"], None).unwrap();
    let mut bench = bench(settings(), tables);
    feed(&mut bench, &play(LEARNED, LEARNED + AFTER, told));
    bench.finish();
    let hits = std::mem::take(&mut bench.output().hits);
    hits.into_iter().filter(|hit| hit.kind == HitKind::First && CAUSES.contains(&&*hit.cause)).collect()
}

fn param<'h>(hit: &'h Hit, name: &str) -> &'h Param {
    &hit.params.iter().find(|(known, _)| *known == name).unwrap().1
}

#[test]
fn what_tags_have_in_common_is_learned_and_nothing_else() {
    let table = Table::read(&KNOWN.1).unwrap();
    let said = serde_json::to_value(&table.links[0].relations).unwrap();
    let sums: Vec<_> = said.as_array().unwrap().iter().filter_map(|one| one.get("linear")).collect();
    let states: Vec<_> = said.as_array().unwrap().iter().filter_map(|one| one.get("while")).collect();
    assert_eq!((sums.len(), table.not_related), (1, 0), "{said}");
    let mut tags = vec![sums[0]["of"].as_u64().unwrap()];
    tags.extend(sums[0]["terms"].as_array().unwrap().iter().map(|term| term[0].as_u64().unwrap()));
    tags.sort_unstable();
    assert_eq!(tags, [0, 1, 2], "{said}");
    assert!(
        !states.is_empty() && states.iter().all(|one| (&one["state"], &one["of"]) == (&3.into(), &4.into())),
        "{said}"
    );
}

#[test]
fn the_days_that_follow_are_silent() {
    assert_eq!(hits(process).iter().map(|hit| &*hit.cause).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn a_meter_that_tells_an_ordinary_value_of_another_time_is_told_with_the_formula() {
    let from = LEARNED + 600;
    let found = hits(|second| {
        let mut told = process(second);
        if second >= from {
            told[2] = process(second - 7000)[2];
        }
        told
    });
    // The first reading that is forged may be a jump; nothing else of the value is odd.
    let [broken] = &found.iter().filter(|hit| &*hit.cause != "value:jump").collect::<Vec<_>>()[..] else {
        panic!("{:?}", found.iter().map(|hit| &hit.cause).collect::<Vec<_>>())
    };
    assert_eq!(&*broken.cause, "value:relation");
    let Param::Text(formula) = param(broken, "formula") else { panic!() };
    assert!(
        ["100", "101", "102"].iter().all(|place| formula.contains(&format!("input_register 1:{place}"))),
        "{formula}"
    );
    let Param::Text(values) = param(broken, "values") else { panic!() };
    assert_eq!(values.matches(" = ").count(), 3, "{values}");
    let Param::Unsigned(since_ns) = param(broken, "since_ns") else { panic!() };
    let since = since_ns.saturating_sub(START) / SECOND;
    assert!((from - 35..from + 300).contains(&since) && *since_ns < broken.first.ts_ns, "{since}");
}

#[test]
fn a_flow_without_its_pump_is_told() {
    let found = hits(|second| {
        let mut told = process(second);
        if second >= LEARNED + 600 {
            // The pump is said to run, and its flow is that of a pump at rest.
            (told[3], told[4]) = (1.0, 20.0 + 4.0 * noise(second, 8));
        }
        told
    });
    let broken = found.iter().find(|hit| &*hit.cause == "value:relation").expect("a relation");
    let Param::Text(formula) = param(broken, "formula") else { panic!() };
    assert!(
        formula.starts_with("input_register 1:103 = 1 ⇒ ") && formula.contains("≤ input_register 1:104 ≤"),
        "{formula}"
    );
}

#[test]
fn relations_of_tags_that_are_not_there_are_one_line() {
    let said = String::from_utf8(KNOWN.1.clone()).unwrap().replace("\"state\":3", "\"state\":33");
    let refused = tables(&document(&[]), Some(&KNOWN.0), None).with_values(said.as_bytes(), &["default"], None);
    let error = refused.err().unwrap();
    assert!(error.contains("tags that are not there") && !error.contains('\n'), "{error}");
}
