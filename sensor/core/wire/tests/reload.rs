//! Other rules and another baseline while traffic flows: what did not change goes on as if nothing had happened.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::plant::*;
use common::*;
use wire::engine::{Engine, Output, Settings, Tables};
use wire::fold::{Hit, HitKind};
use wire::ledger::Ledger;
use wire::packet::Sink;

const RELOADS: usize = 100;

/// Run the plant; between its packets `reload` may do something, `RELOADS` times.
fn run(threads: usize, first: Tables, mut reload: impl FnMut(&mut Engine, usize)) -> (Ledger, Output) {
    let frames = traffic();
    let settings = Settings {
        threads,
        block_packets: Some(64),
        window_ns: SECOND,
        events: Some(wire::export::Wanted::default()),
        listing: true,
        ..settings()
    };
    let mut bench = bench(settings, first);
    let every = frames.len() / (RELOADS + 1);
    for (place, (now_ns, frame)) in frames.iter().enumerate() {
        bench.now_ns = now_ns - 1_000_000;
        bench.frame_unchecked(frame);
        if place % 97 == 0 {
            (1..40).for_each(|tenth| bench.engine.tick(now_ns + tenth * SECOND / 10));
        }
        if place % every == every - 1 && place / every < RELOADS {
            reload(&mut bench.engine, place / every);
            let ledger = bench.engine.ledger();
            assert!(ledger.balanced() && ledger.received == place as u64 + 1, "{ledger:?}");
        }
        if place % 333 == 0 {
            bench.output();
        }
    }
    bench.engine.tick(frames.last().unwrap().0 + 5 * SECOND);
    bench.finish();
    let ledger = bench.engine.ledger();
    (ledger, std::mem::take(bench.output()))
}

fn text(ledger: &Ledger, output: &Output) -> String {
    format!("{ledger:?}\n{output:?}")
}

/// Everything but the notes of the reloads themselves.
fn without_notes((mut ledger, mut output): (Ledger, Output)) -> String {
    assert_eq!((ledger.notes.reloads, output.reloads.len()), (RELOADS as u64, RELOADS));
    ledger.notes.reloads = 0;
    output.reloads.clear();
    text(&ledger, &output)
}

#[test]
fn the_same_rules_and_baseline_a_hundred_times_change_nothing() {
    let (rules, baseline) = (document(&staying()), learned(&traffic()));
    let read = |before: Option<&Tables>| tables(&rules, Some(&baseline), before);
    let (ledger, output) = run(1, read(None), |_, _| {});
    for cause in ["rule:write", "rule:everybody", "baseline:new_link", "period:"] {
        assert!(output.hits.iter().any(|hit| hit.cause.starts_with(cause)), "{cause}");
    }
    let alone = text(&ledger, &output);
    for threads in [1, 2] {
        // The baseline is shared with the one before.
        let shared = run(threads, read(None), |engine, _| {
            let before = engine.tables();
            engine.reload(read(Some(&before)));
        });
        assert!(without_notes(shared) == alone, "{threads} threads");
        // It is loaded anew each time, and the rules stand the other way round: two rules of one message are told in
        // the order of their numbers.
        let mut turned = staying();
        turned.reverse();
        let sets = [document(&turned), rules.clone()];
        let (mut anew, other) = run(threads, read(None), |engine, time| {
            let reload = engine.reload(tables(&sets[time % 2], Some(&baseline), None));
            assert_eq!((reload.kept, reload.added, reload.removed), (2, 0, 0));
        });
        anew.notes.reloads = 0;
        assert!(anew == ledger && sorted(&other) == sorted(&output), "{threads} threads");
        assert!(other.rows == output.rows && other.news == output.news && other.events == output.events);
    }
}

fn sorted(output: &Output) -> Vec<String> {
    let mut lines: Vec<String> = output
        .hits
        .iter()
        .map(|hit| format!("{:?}", Hit { rule: None, fold: 0, spanning: None, ..hit.clone() }))
        .collect();
    lines.sort();
    lines
}

/// What is told of one rule: kind, identity, how often, how it ended. Numbers of folds depend on those of other rules.
fn told<'a>(output: &'a Output, cause: &'a str) -> Vec<(HitKind, [u8; 16], u64, u64, &'static str)> {
    let of_it = output.hits.iter().filter(|hit| &*hit.cause == cause);
    of_it.map(|hit: &Hit| (hit.kind, hit.id, hit.count, hit.last.ts_ns, hit.outcome)).collect()
}

#[test]
fn rules_that_come_and_go_leave_the_others_alone() {
    let baseline = learned(&traffic());
    let coming = [rule("reads", "3", ""), rule("units", "3, 6", r#""modbus.transaction_id""#)];
    let changed = [rule("reads", "3, 4", ""), rule("units", "3, 6", r#""modbus.transaction_id""#)];
    // The rules that stay have other numbers each time.
    let sets: Vec<String> = [
        [&staying()[..], &coming[..]].concat(),
        [&coming[..1], &staying()[..]].concat(),
        staying().to_vec(),
        [&changed[..], &staying()[..]].concat(),
    ]
    .iter()
    .map(|rules| document(rules))
    .collect();
    let (_, plain) = run(1, tables(&document(&staying()), Some(&baseline), None), |_, _| {});
    let mut one = None;
    for threads in [1, 2] {
        let mut gone = 0;
        let (ledger, output) = run(threads, tables(&sets[0], Some(&baseline), None), |engine, time| {
            let before = engine.tables();
            let reload = engine.reload(tables(&sets[(time + 1) % 4], Some(&baseline), Some(&before)));
            assert!(reload.kept >= 2 && reload.generation as usize == time + 1);
            gone += reload.removed;
        });
        assert!(gone > 50);
        for cause in ["rule:write", "rule:everybody", "baseline:new_link", "period:stopped"] {
            assert!(!told(&plain, cause).is_empty(), "{cause}");
            assert!(told(&output, cause) == told(&plain, cause), "{cause}, {threads} threads");
        }
        assert!(output.rows == plain.rows && output.news == plain.news);
        every_hit_stands_in_one_closed_fold(&ledger, &output);
        every_hit_names_its_rule(&output, &sets);
        let all = text(&ledger, &output);
        assert!(*one.get_or_insert_with(|| all.clone()) == all, "threads change nothing");
    }
}

/// Also of rules that went: their folds were closed with what they had counted.
fn every_hit_stands_in_one_closed_fold(ledger: &Ledger, output: &Output) {
    let closed = output.hits.iter().filter(|hit| hit.kind == HitKind::Close);
    assert_eq!(closed.clone().map(|hit| hit.count).sum::<u64>(), ledger.hits);
    assert!(closed.clone().any(|hit| &*hit.cause == "rule:reads" && hit.outcome == "unknown"), "cut off by a reload");
    let opened = output.hits.iter().filter(|hit| hit.kind == HitKind::First).count();
    assert_eq!(closed.count(), opened);
}

/// By the number it has in the set that was there when the hit was found.
fn every_hit_names_its_rule(output: &Output, sets: &[String]) {
    let named: Vec<Vec<String>> = sets
        .iter()
        .map(|set| serde_json::from_str::<serde_json::Value>(set).unwrap())
        .map(|set| {
            set["rules"]
                .as_array()
                .unwrap()
                .iter()
                .map(|rule| format!("rule:{}", rule["id"].as_str().unwrap()))
                .collect()
        })
        .collect();
    let mut reloads = output.reloads.iter().peekable();
    let mut generation = 0;
    let mut seen = 0;
    for (place, hit) in output.hits.iter().enumerate() {
        while let Some(reload) = reloads.next_if(|reload| reload.hits <= place) {
            generation = reload.generation as usize;
        }
        if let (Some(number), HitKind::First) = (hit.rule, hit.kind) {
            assert_eq!(*hit.cause, named[generation % 4][number as usize], "hit {place} of generation {generation}");
            seen += 1;
        }
    }
    assert!(seen > 1000);
}

#[test]
fn another_baseline_is_asked_from_the_next_message_on() {
    let (rules, frames) = (document(&[]), traffic());
    let baseline = learned(&frames);
    let mut bench = bench(settings(), tables(&rules, Some(&baseline), None));
    // 10.0.0.1 polls 10.0.0.2: known there, unknown to an empty baseline, and nothing to say without one.
    let empty = learned(&[]);
    bench.now_ns = frames.last().unwrap().0;
    let findings = |bench: &mut Bench, sequence: u32| {
        bench.frame(&tcp(true, 1 + 12 * sequence, 0x18, &read_request(1)).bytes());
        bench.output().hits.drain(..).map(|hit| hit.cause.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(findings(&mut bench, 0), [] as [&str; 0]);
    bench.engine.reload(tables(&rules, Some(&empty), None));
    assert_eq!(findings(&mut bench, 1), ["baseline:new_asset", "baseline:new_link"]);
    bench.engine.reload(tables(&rules, None, None));
    assert_eq!(findings(&mut bench, 2), [] as [&str; 0]);
    bench.engine.reload(tables(&rules, Some(&baseline), None));
    assert_eq!(findings(&mut bench, 3), [] as [&str; 0]);
    let news = bench.output().news.len();
    assert_eq!(news, 3, "two stations and a link, told once");
    assert_eq!(bench.engine.reloads().map(|reload| reload.received).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn what_cannot_be_read_changes_nothing() {
    let read = |rules: &str, baseline: Option<&[u8]>| Tables::read(rules, baseline, &["default"], None).err().unwrap();
    let bad = document(&[rule("odd", "6", r#""modbus.colour""#)]);
    assert_eq!(read(&bad, None), "rule odd: unknown field modbus.colour");
    assert!(!read("{", None).contains('\n') && read("{", None).starts_with("rules: "));
    assert!(!read(&document(&[]), Some(b"no table")).is_empty());
}
