//! Process values: two hours of a controller are learned, then something is done to what it tells.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]
#![allow(clippy::cast_sign_loss, clippy::cast_precision_loss)]

mod common;

use std::collections::BTreeMap;
use std::f64::consts::PI;
use std::sync::LazyLock;

use common::plant::{bench, document, tables};
use common::*;
use wire::baseline::Families;
use wire::engine::{Engine, Output, Settings, Tables};
use wire::finding::Param;
use wire::fold::{Hit, HitKind};
use wire::values::{Table, CAUSES};

/// Seconds that are learned from, and those that follow.
const LEARNED: u64 = 7200;
const AFTER: u64 = 900;
/// Registers of a poll: a level, a temperature as a float, a flow, a counter, a mode, one that never moves.
const REGISTERS: usize = 7;

fn noise(second: u64, which: u64) -> f64 {
    (wire::hash::mixed(second * 16 + which) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// What the controller measures at that second.
fn process(second: u64, setting: f64) -> [f64; 6] {
    let t = second as f64;
    let cycle = (t / 240.0).fract();
    let level = if cycle < 0.3 { cycle / 0.3 } else { (1.0 - cycle) / 0.7 };
    [
        1000.0 + 2000.0 * level + 15.0 * noise(second, 0),
        180.0 + setting + 4.0 * (2.0 * PI * t / 500.0).sin() + 0.6 * noise(second, 1),
        500.0 + 40.0 * (2.0 * PI * t / 300.0).sin() + 12.0 * noise(second, 2),
        (t / 7.0).floor() % 60_000.0,
        [3.0, 5.0, 9.0][second as usize / 40 % 3],
        777.0,
    ]
}

/// An answer with the registers as they stand.
fn answer(transaction: u16, [level, temperature, flow, counter, mode, rests]: [f64; 6]) -> Vec<u8> {
    let mut adu = transaction.to_be_bytes().to_vec();
    adu.extend([0, 0, 0, 3 + 2 * REGISTERS as u8, 1, 4, 2 * REGISTERS as u8]);
    for word in [level, flow] {
        adu.extend((word as u16).to_be_bytes());
    }
    adu.extend((temperature as f32).to_be_bytes());
    for word in [counter, mode, rests] {
        adu.extend((word as u16).to_be_bytes());
    }
    adu
}

type Frames = Vec<(u64, Vec<u8>)>;

/// Somebody changes what is told: second, values → values; `None`: no answer.
type Change = fn(u64, [f64; 6]) -> Option<[f64; 6]>;

/// A poll a second; a setting every ten minutes, which `written` may bend.
fn play(from: u64, to: u64, change: Change, written: fn(u64, u16) -> u16) -> Frames {
    let (mut frames, mut sequences) = (Frames::new(), [from as u32 * 1000 + 1; 2]);
    let mut put = |now_ns: u64, to_server: bool, adu: &[u8]| {
        let sequence = &mut sequences[usize::from(to_server)];
        frames.push((now_ns, tcp(to_server, *sequence, 0x18, adu).bytes()));
        *sequence += adu.len() as u32;
    };
    for second in from..to {
        let now_ns = START + second * SECOND;
        let transaction = second as u16;
        let mut request = transaction.to_be_bytes().to_vec();
        request.extend([0, 0, 0, 6, 1, 4, 0, 100, 0, REGISTERS as u8]);
        put(now_ns, true, &request);
        let setting = (second / 600 * 7 % 5) as f64;
        if let Some(values) = change(second, process(second, setting / 2.0)) {
            put(now_ns + 5_000_000, false, &answer(transaction, values));
        }
        if second % 600 == 300 {
            let value = written(second, 100 + (second / 600 * 7 % 5) as u16 * 10);
            let mut write = transaction.to_be_bytes().to_vec();
            write.extend([0, 0, 0, 6, 1, 6, 1, 0]);
            write.extend(value.to_be_bytes());
            put(now_ns + 100_000_000, true, &write);
            put(now_ns + 105_000_000, false, &write);
        }
    }
    frames
}

fn as_it_is(_: u64, values: [f64; 6]) -> Option<[f64; 6]> {
    Some(values)
}

fn as_usual(_: u64, value: u16) -> u16 {
    value
}

/// Baseline and values of the two hours.
static KNOWN: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| learn(1, true));
/// The same of a night in which nobody set anything.
static NIGHT: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| learn(1, false));

fn learn(threads: usize, set: bool) -> (Vec<u8>, Vec<u8>) {
    let made = Settings { learn: true, threads, ..settings() };
    let mut bench = bench(made, tables(&document(&[]), None, None));
    let mut frames = play(0, LEARNED, as_it_is, as_usual);
    // Writes have a function code of their own.
    frames.retain(|(_, frame)| set || frame[61] != 6);
    feed(&mut bench, &frames);
    let values = bench.engine.learned_values().unwrap().table().write();
    (bench.engine.learned().unwrap().table(), values)
}

fn feed(bench: &mut Bench, frames: &Frames) {
    for (now_ns, frame) in frames {
        bench.now_ns = now_ns - 1_000_000;
        bench.frame_unchecked(frame);
    }
}

fn judging((baseline, values): &(Vec<u8>, Vec<u8>)) -> Tables {
    tables(&document(&[]), Some(baseline), None).with_values(values, &["default"], None).unwrap()
}

fn hits_with(settings: Settings, known: &(Vec<u8>, Vec<u8>), frames: &Frames) -> Vec<Hit> {
    let mut bench = bench(settings, judging(known));
    feed(&mut bench, frames);
    bench.finish();
    let hits = std::mem::take(&mut bench.output().hits);
    hits.into_iter().filter(|hit| hit.kind == HitKind::First && CAUSES.contains(&&*hit.cause)).collect()
}

/// What is told when somebody changes something ten minutes after learning.
fn hits(change: Change, written: fn(u64, u16) -> u16) -> Vec<Hit> {
    hits_with(settings(), &KNOWN, &play(LEARNED, LEARNED + AFTER, change, written))
}

fn causes(hits: &[Hit]) -> Vec<&str> {
    let mut causes: Vec<&str> = hits.iter().map(|hit| &*hit.cause).collect();
    causes.sort_unstable();
    causes.dedup();
    causes
}

fn number(hit: &Hit, name: &str) -> f64 {
    match hit.params.iter().find(|(known, _)| *known == name) {
        Some((_, Param::Float(number))) => *number,
        Some((_, Param::Unsigned(number))) => *number as f64,
        other => panic!("{name}: {other:?} in {:?}", hit.params),
    }
}

/// Seconds in which something is done.
const DONE: std::ops::Range<u64> = LEARNED + 400..LEARNED + 700;

#[test]
fn what_was_learned_says_what_the_values_are() {
    let table = Table::read(&KNOWN.1).unwrap();
    let [link] = &table.links[..] else { panic!("{:?}", table.links) };
    let kinds: Vec<(&str, u64, &str)> = link
        .tags
        .iter()
        .map(|tag| {
            let about = match (tag.counter, tag.setting, tag.states.len(), tag.limits[0].is_some()) {
                (true, ..) => "counts",
                (_, true, ..) => "set",
                (_, _, 1.., _) => "states",
                (.., true) => "moves",
                _ => "",
            };
            (&*tag.space, tag.start, about)
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("holding_register", 256, "set"),
            ("input_register", 100, "moves"),
            ("input_register", 101, "moves"),
            ("input_register", 102, "moves"),
            ("input_register", 104, "counts"),
            ("input_register", 105, "states"),
            ("input_register", 106, "set"),
        ]
    );
    let temperature = &link.tags[3];
    assert_eq!(serde_json::to_value(temperature.kind).unwrap(), "float");
    assert_eq!((link.tags[0].writes, link.tags[0].set), (12, Some([100.0, 140.0])));
    assert_eq!(link.tags[5].states, [3.0, 5.0, 9.0]);
    assert_eq!(link.echoes.len(), 1);
}

#[test]
fn ordinary_days_are_silent() {
    let restart: Change = |second, values| (!(LEARNED + 200..LEARNED + 230).contains(&second)).then_some(values);
    let again: Change = |second, values| {
        let [level, temperature, flow, counter, mode, rests] = values;
        let since = second.saturating_sub(LEARNED + 230) as f64;
        let counter = if second < LEARNED + 230 { counter } else { (since / 7.0).floor() };
        (!(LEARNED + 200..LEARNED + 230).contains(&second)).then_some([level, temperature, flow, counter, mode, rests])
    };
    for change in [as_it_is as Change, restart, again] {
        assert_eq!(causes(&hits(change, as_usual)), Vec::<&str>::new());
    }
    assert_eq!(causes(&hits(as_it_is, |_, _| 150)), Vec::<&str>::new());
}

#[test]
fn a_setting_explains_what_follows_unless_that_was_learned() {
    // It is set at 300 s; what follows leaves its range.
    let batch: Change = |second, [level, temperature, flow, counter, mode, rests]| {
        let since = second.saturating_sub(LEARNED + 300) as f64;
        Some([level, temperature + 60.0 * (1.0 - (-since / 60.0).exp()), flow, counter, mode, rests])
    };
    let frames = play(LEARNED, LEARNED + AFTER, batch, as_usual);
    assert_eq!(causes(&hits_with(settings(), &NIGHT, &frames)), Vec::<&str>::new());
    assert!(causes(&hits_with(settings(), &KNOWN, &frames)).contains(&"value:range"));
    // Nobody set anything: it is told.
    let unexplained = frames.iter().filter(|(_, frame)| frame[61] != 6).cloned().collect();
    assert!(causes(&hits_with(settings(), &NIGHT, &unexplained)).contains(&"value:range"));
}

#[test]
fn windows_across_a_setting_that_was_never_learned_say_nothing() {
    fn swings(seconds: std::ops::Range<u64>, second: u64, [l, t, f, c, m, r]: [f64; 6]) -> Option<[f64; 6]> {
        let by = if seconds.contains(&second) { 6.0 * (second as f64 * 0.6).sin() } else { 0.0 };
        Some([l, t + by, f, c, m, r])
    }
    // It is set at 300 s, and nothing else is for ten minutes. The last window of the five minutes ends in them.
    let behind: Change = |second, values| swings(LEARNED + 301..LEARNED + 560, second, values);
    let later: Change = |second, values| swings(LEARNED + 610..LEARNED + 890, second, values);
    let told = |change, written| causes(&hits(change, written)).contains(&"value:oscillation");
    assert!(told(behind, as_usual) && told(later, as_usual));
    // 150 is more than it ever was, and no more than it may be.
    assert!(!told(behind, |_, _| 150));
    assert!(told(later, |_, _| 150), "{:?}", causes(&hits(later, |_, _| 150)));
    // Far beyond that the same holds, for the setting itself is told, and so are jumps.
    let jumps: Change =
        |second, [l, t, f, c, m, r]| Some([l, t, if second > LEARNED + 360 { 900.0 } else { f }, c, m, r]);
    assert!(causes(&hits(jumps, |_, _| 150)).contains(&"value:jump"));
}

#[test]
fn what_is_done_to_values_is_told() {
    let table: [(&str, Change); 8] = [
        ("value:stuck", |second, [_, t, f, c, m, r]| Some([process(second.min(DONE.start), 0.0)[0], t, f, c, m, r])),
        ("value:jump", |_, [l, t, _, c, m, r]| Some([l, t, 900.0, c, m, r])),
        ("value:range", |second, [l, t, f, c, m, r]| Some([l, t + (second - DONE.start) as f64 * 0.2, f, c, m, r])),
        ("value:oscillation", |second, [l, t, f, c, m, r]| {
            Some([l, t + 6.0 * (second as f64 * 0.6).sin(), f, c, m, r])
        }),
        ("value:quiet", |second, [l, t, _, c, m, r]| Some([l, t, 500.0 + (second / 9 % 2) as f64, c, m, r])),
        ("value:state", |_, [l, t, f, c, _, r]| Some([l, t, f, c, 8.0, r])),
        ("value:counter", |_, [l, t, f, c, m, r]| Some([l, t, f, c - 300.0, m, r])),
        ("value:replay", |second, [.., c, m, r]| {
            let [l, t, f, ..] = process(second - 6000, 0.0);
            Some([l, t, f, c, m, r])
        }),
    ];
    for (wanted, change) in table {
        if wanted == "value:replay" {
            continue;
        }
        CHANGE.with(|cell| cell.set(Some(change)));
        let found = hits(
            |second, values| if DONE.contains(&second) { CHANGE.get().unwrap()(second, values) } else { Some(values) },
            as_usual,
        );
        assert!(causes(&found).contains(&wanted), "{wanted}: {:?}", causes(&found));
        let first = found.iter().find(|hit| &*hit.cause == wanted).unwrap();
        assert!(first.first.ts_ns >= START + DONE.start * SECOND, "{wanted}");
        assert!(first.fields.contains("modbus.values"), "{}", first.fields);
    }
}

thread_local! {
    static CHANGE: std::cell::Cell<Option<Change>> = const { std::cell::Cell::new(None) };
}

#[test]
fn at_hours_that_were_not_learned_there_is_room() {
    let warmer: Change = |second, [level, temperature, flow, counter, mode, rests]| {
        let since = (second % 3600).saturating_sub(400) as f64;
        Some([level, temperature + (since * 0.2).min(60.0), flow, counter, mode, rests])
    };
    let range_after = |hours: u64| {
        let from = LEARNED + hours * 3600;
        let found = hits_with(settings(), &KNOWN, &play(from, from + AFTER, warmer, as_usual));
        causes(&found).contains(&"value:range")
    };
    // At once, on the other side of the clock, and when it is the same time of day again.
    assert_eq!([0, 12, 23].map(range_after), [true, false, true]);
    let table = Table::read(&KNOWN.1).unwrap();
    let with_days = table.links[0].tags.iter().filter(|tag| !tag.days.is_empty()).count();
    assert_eq!(with_days, table.links[0].tags.iter().filter(|tag| tag.limits.iter().any(Option::is_some)).count());
}

#[test]
fn answers_of_minutes_ago_are_a_replay() {
    let replayed: Change = |second, values| {
        let back = if DONE.contains(&second) { second - 350 } else { second };
        let setting = (back / 600 * 7 % 5) as f64;
        Some(if back == second { values } else { process(back, setting / 2.0) })
    };
    let found = hits(replayed, as_usual);
    let hit = found.iter().find(|hit| &*hit.cause == "value:replay").expect("a replay");
    let after_s = (hit.first.ts_ns - START) / SECOND - DONE.start;
    assert!(after_s < 40 && number(hit, "found") > number(hit, "limit"), "after {after_s} s, {:?}", hit.params);
}

#[test]
fn what_rests_at_the_end_of_its_register_may_lie_beyond() {
    let saturated: Change =
        |second, [l, t, f, c, m, r]| Some([l, t, if DONE.contains(&second) { 65_535.0 } else { f }, c, m, r]);
    let found = hits(saturated, as_usual);
    let hit = found.iter().find(|hit| &*hit.cause == "value:saturated").expect("a saturated value");
    assert_eq!((number(hit, "value"), number(hit, "start")), (65_535.0, 101.0));
    assert!(!causes(&found).contains(&"value:stuck"), "{:?}", causes(&found));
}

#[test]
fn a_counter_runs_over_whenever_it_likes() {
    // Across an end of a window, too: it has 32 readings, a count seven.
    for later in 0..32 {
        LATER.with(|cell| cell.set(later * 7));
        let over: Change = |second, [l, t, f, _, m, r]| {
            let counted = second / 7 + 65_536 - (DONE.start + LATER.get()) / 7;
            Some([l, t, f, (counted % 65_536) as f64, m, r])
        };
        assert_eq!(causes(&hits(over, as_usual)), Vec::<&str>::new(), "{later}");
    }
}

thread_local! {
    static LATER: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

#[test]
fn a_setting_nobody_would_choose_is_told_with_its_numbers() {
    let found = hits(as_it_is, |second, value| if second > LEARNED { 900 } else { value });
    let [hit] = &found[..] else { panic!("{:?}", causes(&found)) };
    assert_eq!(&*hit.cause, "value:set");
    assert_eq!((number(hit, "value"), number(hit, "start")), (900.0, 256.0));
    assert_eq!((number(hit, "low"), number(hit, "high")), (100.0, 140.0));
    assert_eq!(hit.outcome, "not_applicable");
}

#[test]
fn a_jump_is_told_with_before_and_after() {
    let found = hits(
        |second, [l, t, f, c, m, r]| Some([l, t, if second == DONE.start { 900.0 } else { f }, c, m, r]),
        as_usual,
    );
    let hit = found.iter().find(|hit| &*hit.cause == "value:jump").unwrap();
    let before = process(DONE.start - 1, 0.0)[2].floor();
    assert_eq!((number(hit, "before"), number(hit, "value"), number(hit, "start")), (before, 900.0, 101.0));
    assert_eq!((hit.first.ts_ns - START) / SECOND, DONE.start);
    assert!(number(hit, "learned_s") > 7000.0);
}

#[test]
fn threads_and_blocks_change_nothing() {
    let frames = play(
        LEARNED,
        LEARNED + AFTER,
        |second, [l, t, f, c, m, r]| Some([l, t, if DONE.contains(&second) { 900.0 } else { f }, c, m, r]),
        as_usual,
    );
    let told = |threads, block_packets| hits_with(Settings { threads, block_packets, ..settings() }, &KNOWN, &frames);
    let plain = format!("{:?}", told(1, None));
    assert!(plain.contains("value:jump"));
    assert_eq!(plain, format!("{:?}", told(3, Some(7))));
    assert_eq!(*KNOWN, learn(2, true));
}

#[test]
fn a_reload_of_the_same_goes_on_and_bad_bytes_are_one_line() {
    let frames = play(
        LEARNED,
        LEARNED + AFTER,
        |second, [_, t, f, c, m, r]| Some([process(second.min(DONE.start), 0.0)[0], t, f, c, m, r]),
        as_usual,
    );
    let run = |cut: Option<usize>| {
        let mut bench = bench(settings(), judging(&KNOWN));
        for (place, (now_ns, frame)) in frames.iter().enumerate() {
            if cut == Some(place) {
                let before = bench.engine.tables();
                let (baseline, values) = &*KNOWN;
                let fresh = tables(&document(&[]), Some(baseline), Some(&before));
                bench.engine.reload(fresh.with_values(values, &["default"], Some(&before)).unwrap());
            }
            bench.now_ns = now_ns - 1_000_000;
            bench.frame_unchecked(frame);
        }
        bench.finish();
        let stuck: Vec<(u64, u64)> = std::mem::take(&mut bench.output().hits)
            .iter()
            .filter(|hit| hit.kind == HitKind::First && &*hit.cause == "value:stuck")
            .map(|hit| (hit.first.ts_ns, hit.first.number))
            .collect();
        stuck
    };
    assert!(!run(None).is_empty());
    assert_eq!(run(None), run(Some(810)));
    for bytes in [&b"{"[..], b"[]", br#"{"format": 9, "not_learned": 0, "links": []}"#, b"\xff"] {
        let error = tables(&document(&[]), Some(&KNOWN.0), None).with_values(bytes, &["default"], None).err().unwrap();
        assert!(!error.contains('\n') && error.contains("learn"), "{error}");
    }
}

/// A family on trial: counted as it would have been told, and nothing else is held back.
#[test]
fn families_and_candidates_are_counted_and_not_told() {
    let change: Change = |second, [l, t, f, c, m, r]| match second {
        _ if (LEARNED + 800..).contains(&second) => None,
        _ => Some([l, t, if DONE.contains(&second) { 900.0 } else { f }, c, m, r]),
    };
    // For a while the poll is not asked.
    let mut frames = play(LEARNED, LEARNED + AFTER, change, as_usual);
    frames.retain(|(now_ns, _)| !(820..840).contains(&((now_ns - START) / SECOND - LEARNED)));
    let run = |candidate: bool, counts: bool, families: &[&str]| {
        let settings = || Settings { threads: 2, ..settings() };
        let mut bench = bench(settings(), if counts { judging(&KNOWN) } else { tables(&document(&[]), None, None) });
        let fresh = candidate.then(|| {
            let tables = judging(&KNOWN);
            (tables.baseline.clone().unwrap(), tables.values)
        });
        bench.engine.set_shadow(fresh.as_ref(), Families::named(families.iter().copied()).unwrap());
        feed(&mut bench, &frames);
        bench.finish();
        let tried = bench.engine.shadowed().map(|trial| trial.found).unwrap_or_default();
        let hits = std::mem::take(&mut bench.output().hits);
        let mut told: Vec<(String, u64)> = Vec::new();
        for hit in hits.iter().filter(|hit| hit.kind == HitKind::First) {
            told.push((hit.cause.to_string(), hit.first.ts_ns));
        }
        let tried: Vec<_> = tried.into_iter().map(|row| (row.cause.to_owned(), row.first_ns)).collect();
        (sorted(told), sorted(tried))
    };
    let (told, _) = run(false, true, &[]);
    let causes = |told: &[(String, u64)], prefix: &str| told.iter().any(|(cause, _)| cause.starts_with(prefix));
    assert!(causes(&told, "value:jump") && causes(&told, "period:stopped"), "{told:?}");
    let all = ["links", "operations", "objects", "orders", "rhythms", "values"];
    assert_eq!(run(false, true, &all), (vec![], told.clone()));
    assert_eq!(run(true, false, &[]), (vec![], told.clone()));
    let (still, tried) = run(false, true, &["rhythms"]);
    assert!(!causes(&still, "period:") && tried.iter().all(|(cause, _)| cause.starts_with("period:")));
    assert_eq!(sorted([still, tried].concat()), told);
}

fn sorted(mut told: Vec<(String, u64)>) -> Vec<(String, u64)> {
    told.sort();
    told.dedup();
    told
}

/// When each cause was told first. At frame `cut` there is a restart, after which `blind` frames are not seen.
fn over_a_restart(change: Change, cut: usize, blind: usize, remembers: bool) -> BTreeMap<String, u64> {
    let frames = play(LEARNED, LEARNED + AFTER, change, as_usual);
    let mut first = bench(settings(), judging(&KNOWN));
    feed(&mut first, &frames[..cut].to_vec());
    let mut hits = std::mem::take(&mut first.output().hits);
    let state = first.engine.snapshot();
    let mut second = if remembers {
        let mut engine = Engine::restored(settings(), judging(&KNOWN), &state).unwrap();
        assert!(state == engine.snapshot(), "equal state, equal bytes");
        Bench { engine, number: cut as u64, now_ns: 0, output: Output::default() }
    } else {
        bench(settings(), judging(&KNOWN))
    };
    feed(&mut second, &frames[cut + blind..].to_vec());
    second.finish();
    hits.append(&mut std::mem::take(&mut second.output().hits));
    let mut told = BTreeMap::new();
    for hit in hits.iter().filter(|hit| CAUSES.contains(&&*hit.cause)) {
        told.entry(hit.cause.to_string()).or_insert((hit.first.ts_ns - START) / SECOND);
    }
    told
}

/// What was gathered before a restart counts behind it: rests, windows, older answers, pieces of relations.
#[test]
fn a_restart_forgets_nothing_that_was_gathered() {
    let stuck: Change = |second, [_, t, f, c, m, r]| Some([process(second.min(DONE.start), 0.0)[0], t, f, c, m, r]);
    let frame = |second: u64| ((second - LEARNED) * 2) as usize;
    let whole = over_a_restart(stuck, 4, 0, true)["value:stuck"];
    let cut = frame((DONE.start + whole) / 2);
    assert!(whole - DONE.start > 6);
    assert_eq!(over_a_restart(stuck, cut, 0, true)["value:stuck"], whole);
    // Two polls were missed: nobody knows of three seconds.
    assert_eq!(over_a_restart(stuck, cut, 4, true)["value:stuck"], whole + 3);
    assert!(over_a_restart(stuck, cut, 0, false)["value:stuck"] > whole + 3);

    let replayed: Change = |second, values| {
        let back = if DONE.contains(&second) { second - 350 } else { second };
        let setting = (back / 600 * 7 % 5) as f64;
        Some(if back == second { values } else { process(back, setting / 2.0) })
    };
    let before = frame(DONE.start - 10);
    let told = over_a_restart(replayed, before, 0, true);
    assert!(told.get("value:replay").is_some_and(|second| second - DONE.start < 40), "{told:?}");
    assert!(!over_a_restart(replayed, before, 0, false).contains_key("value:replay"));
}

#[test]
fn a_restart_makes_nothing_up() {
    let ordinary =
        || [(2, 0), (333, 2), (801, 40), (1200, 300)].map(|(cut, blind)| over_a_restart(as_it_is, cut, blind, true));
    assert_eq!(ordinary(), [const { BTreeMap::new() }; 4]);
}

/// Values learned anew: what is watched of tags that are there again goes on.
#[test]
fn another_table_of_values_keeps_what_was_gathered() {
    let stuck: Change = |second, [_, t, f, c, m, r]| Some([process(second.min(DONE.start), 0.0)[0], t, f, c, m, r]);
    let frames = play(LEARNED, LEARNED + AFTER, stuck, as_usual);
    let when = |change: Option<fn(&mut Table)>| {
        let mut bench = bench(settings(), judging(&KNOWN));
        feed(&mut bench, &frames[..810].to_vec());
        if let Some(change) = change {
            let mut table = Table::read(&KNOWN.1).unwrap();
            change(&mut table);
            let before = bench.engine.tables();
            let fresh = tables(&document(&[]), Some(&KNOWN.0), Some(&before));
            bench.engine.reload(fresh.with_values(&table.write(), &["default"], Some(&before)).unwrap());
        }
        feed(&mut bench, &frames[810..].to_vec());
        bench.finish();
        let hits = std::mem::take(&mut bench.output().hits);
        hits.iter().find(|hit| &*hit.cause == "value:stuck").map(|hit| hit.first.ts_ns)
    };
    let alone = when(None);
    assert!(alone.is_some());
    assert_eq!(when(Some(|table| table.links[0].tags.reverse())), alone);
    assert_eq!(when(Some(|table| table.links[0].tags.retain(|tag| tag.limits[3].is_none()))), None);
}

type Edit = fn(&mut Table);

/// What people made of it is checked, and said with its line or its row.
#[test]
fn values_that_somebody_edited_are_compiled_or_refused() {
    let text = String::from_utf8(KNOWN.1.clone()).unwrap();
    let table = Table::from_json(&text).unwrap();
    assert_eq!(table.write(), KNOWN.1);
    let edited = |change: fn(&mut Table)| {
        let mut table = Table::read(&KNOWN.1).unwrap();
        change(&mut table);
        Table::from_json(&String::from_utf8(table.write()).unwrap()).map(|table| table.links[0].tags[4].states.clone())
    };
    assert_eq!(edited(|table| table.links[0].tags[4].states = vec![9.0, 3.0, 9.0]), Ok(vec![3.0, 9.0]));
    let refused: [(Edit, &str); 4] = [
        (|table| table.links[0].tags.extend_from_within(..1), "stands there twice"),
        (|table| (table.links[0].tags[0].low, table.links[0].tags[0].high) = (Some(2.0), Some(1.0)), "ends before"),
        (|table| table.links[0].tags[0].set_limits = Some([2.0, 1.0]), "ends before"),
        (|table| table.format = 9, "have format 9"),
    ];
    for (change, words) in refused {
        let error = edited(change).unwrap_err();
        assert!(error.contains(words) && !error.contains('\n'), "{error}");
    }
    let error = Table::from_json(&text.replacen("\"samples\"", "\n\"samplse\"", 1)).unwrap_err();
    assert!(error.contains("samplse") && error.contains("at line 2 column"), "{error}");
}

/// A table of points for the controller.
fn named(points: &str) -> Settings {
    let rows: Vec<wire::site::points::Row> = serde_json::from_str(points).unwrap();
    let points = wire::site::Points::new(&rows).unwrap();
    Settings { site: std::sync::Arc::new(wire::site::Site { points, ..Default::default() }), ..settings() }
}

#[test]
fn what_is_declared_holds_without_learning() {
    let settings = named(
        r#"[
        {"protocol": "modbus", "server": "10.0.0.2", "space": "input_register", "address": 101, "name": "Flow",
         "unit": "m3/h", "scale": 0.1, "max": 60, "rate": 20},
        {"protocol": "modbus", "server": "10.0.0.2", "space": "input_register", "address": 105, "name": "Mode",
         "values": [3, 5, 9]},
        {"protocol": "modbus", "server": "10.0.0.2", "space": "input_register", "address": 100, "name": "Level"}]"#,
    );
    let mut bench = bench(settings, tables(&document(&[]), None, None));
    let change: Change = |second, [l, t, f, c, m, r]| match second {
        50 => Some([l, t, 900.0, c, m, r]),
        60 => Some([l, t, f, c, 4.0, r]),
        _ => Some([l, t, f, c, m, r]),
    };
    feed(&mut bench, &play(0, 200, change, as_usual));
    bench.finish();
    let hits = std::mem::take(&mut bench.output().hits);
    let hits: Vec<Hit> = hits.into_iter().filter(|hit| hit.kind == HitKind::First).collect();
    assert_eq!(causes(&hits), ["value:allowed", "value:limit", "value:rate"]);
    let limit = hits.iter().find(|hit| &*hit.cause == "value:limit").unwrap();
    assert_eq!((number(limit, "value"), number(limit, "limit"), number(limit, "high")), (90.0, 60.0, 60.0));
    assert!(limit.params.contains(&("object", Param::Text("Flow".to_owned()))), "{:?}", limit.params);
    let rate = hits.iter().find(|hit| &*hit.cause == "value:rate").unwrap();
    assert!((30.0..60.0).contains(&number(rate, "found")), "{:?}", rate.params);
}

#[test]
fn a_learned_tag_is_called_as_the_table_of_points_calls_it() {
    let settings = named(
        r#"[{"protocol": "modbus", "server": "10.0.0.2", "space": "input_register", "address": 101, "name": "Flow",
             "unit": "m3/h", "scale": 0.1}]"#,
    );
    let change: Change =
        |second, [l, t, f, c, m, r]| Some([l, t, if second == DONE.start { 900.0 } else { f }, c, m, r]);
    let hits = hits_with(settings, &KNOWN, &play(LEARNED, LEARNED + AFTER, change, as_usual));
    let hit = hits.iter().find(|hit| &*hit.cause == "value:jump").unwrap();
    assert!(hit.params.contains(&("point", Param::Text("Flow".to_owned()))), "{:?}", hit.params);
    let before = process(DONE.start - 1, 0.0)[2].floor() * 0.1;
    assert!((number(hit, "value") - 90.0).abs() < 1e-9 && (number(hit, "before") - before).abs() < 1e-9);
    assert!((number(hit, "found") - (90.0 - before)).abs() < 1e-9, "{:?}", hit.params);
}
