//! A restart in the middle: what was known before is known after, and nothing is told twice.
// Tests may stop at a surprise; the core may not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod common;

use common::plant::*;
use common::random::Random;
use common::*;
use sha2::Digest;
use wire::baseline::table_to_json;
use wire::engine::{Engine, Output, Settings};
use wire::fold::{Hit, HitKind};

type Frames = [(u64, Vec<u8>)];

/// Masters that poll, write now and then to whom they like, and fall silent for longer than an alert stays open. Each
/// request is answered, and each begins a tenth of a second of its own.
fn exchanges() -> Vec<(u64, Vec<u8>)> {
    let mut random = Random::new(11);
    let mut sequences = std::collections::HashMap::new();
    let (mut frames, mut now_ns) = (Vec::new(), START);
    let mut put = |now_ns: u64, to_server: bool, pair: (usize, usize), adu: &[u8]| {
        let sequence = sequences.entry((pair, to_server)).or_insert(100u32);
        let mut frame = tcp(to_server, *sequence, 0x18, adu).bytes();
        *sequence += adu.len() as u32;
        let (client, server) = if to_server { (28, 32) } else { (32, 28) };
        frame[client..client + 2].copy_from_slice(&[1, pair.0 as u8]);
        frame[server..server + 2].copy_from_slice(&[2, pair.1 as u8]);
        frames.push((now_ns, frame));
    };
    for number in 0..6_000u16 {
        now_ns += if number > 1500 && random.below(1000) == 0 { 700 * SECOND } else { SECOND / 10 };
        let pair = if number % 5 == 0 { (9, 9) } else { (random.below(8), random.below(8)) };
        let writes = number % 5 != 0 && random.below(4) == 0;
        if writes {
            let adu = [0, 7, 0, 0, 0, 6, random.below(3) as u8, 6, 0, random.below(50) as u8, 0, 1];
            put(now_ns, true, pair, &adu);
            put(now_ns + 10_000_000, false, pair, &adu);
        } else {
            put(now_ns, true, pair, &read_request(number));
            put(now_ns + 10_000_000, false, pair, &read_response(number, number));
        }
    }
    frames
}

/// Put frames in; what came out of them.
fn feed(bench: &mut Bench, frames: &Frames) -> Output {
    for (now_ns, frame) in frames {
        bench.now_ns = now_ns - 1_000_000;
        bench.frame_unchecked(frame);
    }
    std::mem::take(bench.output())
}

fn whole(frames: &Frames, rules: &str, baseline: &[u8]) -> Output {
    let mut bench = bench(settings(), tables(rules, Some(baseline), None));
    let mut output = feed(&mut bench, frames);
    bench.finish();
    join(&mut output, std::mem::take(bench.output()));
    output
}

fn join(output: &mut Output, more: Output) {
    output.hits.extend(more.hits);
    output.news.extend(more.news);
}

/// The same, with a restart before the frame `cut`.
fn in_two(frames: &Frames, rules: &str, baseline: &[u8], cut: usize, threads: usize) -> Output {
    let settings = || Settings { threads, block_packets: Some(64), ..settings() };
    let made = || tables(rules, Some(baseline), None);
    let mut first = bench(settings(), made());
    let mut output = feed(&mut first, &frames[..cut]);
    let state = first.engine.snapshot();
    let mut engine = Engine::restored(settings(), made(), &state).unwrap();
    assert!(state == engine.snapshot(), "equal state, equal bytes");
    let mut second = Bench { engine, number: cut as u64, now_ns: 0, output: Output::default() };
    join(&mut output, feed(&mut second, &frames[cut..]));
    second.finish();
    join(&mut output, std::mem::take(second.output()));
    output
}

type Told = (HitKind, u64, [u8; 16], String, Option<u32>, u64, [u64; 2], &'static str);

fn told(hit: &Hit) -> Told {
    let times = [hit.first.ts_ns, hit.last.ts_ns];
    (hit.kind, hit.fold, hit.id, hit.cause.to_string(), hit.rule, hit.count, times, hit.outcome)
}

#[test]
fn both_halves_tell_what_one_run_tells() {
    // One folds by more than its stations, which are in one shard all the same.
    let pair = rule("pair", "6", r#""client.ip", "server.ip", "modbus.address""#);
    let (frames, rules) = (exchanges(), document(&[&staying()[..], &[pair]].concat()));
    let baseline = learned(&frames);
    let one = whole(&frames, &rules, &baseline);
    let all: Vec<Told> = one.hits.iter().map(told).collect();
    for cause in
        ["rule:write", "rule:everybody", "rule:pair", "baseline:new_object", "period:stopped", "period:resumed"]
    {
        assert!(all.iter().any(|hit| hit.3 == cause), "{cause}");
    }
    for (cut, threads) in [(2, 1), (500, 2), (4_000, 1), (6_000, 2), (8_888, 1), (11_998, 2)] {
        let two = in_two(&frames, &rules, &baseline, cut, threads);
        assert!(two.news == one.news, "cut at {cut}");
        assert!(two.hits.iter().map(told).eq(all.iter().cloned()), "cut at {cut}");
    }
}

/// Where conversations are in the middle of something at the cut: streams with holes, requests that nobody answers.
#[test]
fn what_differs_after_a_cut_in_the_middle_of_everything() {
    let (frames, rules) = (traffic(), document(&staying()));
    let baseline = learned(&frames);
    let one = whole(&frames, &rules, &baseline);
    let seen = |output: &Output| {
        let mut names: Vec<String> = output.news.iter().map(|news| format!("{news:?}")).map(without_time).collect();
        names.sort();
        names
    };
    for cut in [1, 500, 2_948, 4_423, 8_800] {
        let two = in_two_of_anything(&frames, &rules, &baseline, cut);
        assert!(seen(&two) == seen(&one), "each station and link is told once, cut at {cut}");
        let counted = |output: &Output| {
            let closed = output.hits.iter().filter(|hit| hit.kind == HitKind::Close);
            closed.map(|hit| hit.count).sum::<u64>()
        };
        // Segments that waited for missing ones are all that is lost: some hundred at most.
        assert!(counted(&one).abs_diff(counted(&two)) < 200, "{} and {}", counted(&one), counted(&two));
        let firsts = two.hits.iter().filter(|hit| hit.kind == HitKind::First).map(|hit| hit.id);
        let different: std::collections::HashSet<_> = firsts.clone().collect();
        assert_eq!(firsts.count(), different.len(), "no alert is opened twice");
    }
}

fn without_time(text: String) -> String {
    text.split(", ts_ns").next().unwrap().to_owned()
}

fn in_two_of_anything(frames: &Frames, rules: &str, baseline: &[u8], cut: usize) -> Output {
    let made = || tables(rules, Some(baseline), None);
    let mut first = bench(settings(), made());
    let mut output = feed(&mut first, &frames[..cut]);
    let engine = Engine::restored(settings(), made(), &first.engine.snapshot()).unwrap();
    let mut second = Bench { engine, number: cut as u64, now_ns: 0, output: Output::default() };
    join(&mut output, feed(&mut second, &frames[cut..]));
    second.finish();
    join(&mut output, std::mem::take(second.output()));
    output
}

/// An engine in the middle of the exchanges, and what has come out of it.
fn middle(settings: Settings, baseline: &[u8]) -> (Bench, Output) {
    let mut bench = bench(settings, tables(&document(&staying()), Some(baseline), None));
    let output = feed(&mut bench, &exchanges()[..6_001]); // the last request waits for its answer
    (bench, output)
}

#[test]
fn alerts_that_are_gone_are_closed_and_answers_not_heard_are_unknown() {
    let baseline = learned(&exchanges());
    let (mut first, before) = middle(settings(), &baseline);
    let (state, open) = (first.engine.snapshot(), first.engine.open_folds());
    let (staying, both) = (document(&staying()[..1]), document(&staying()));
    let mut after = Engine::restored(settings(), tables(&staying, Some(&baseline), None), &state).unwrap();
    assert_eq!(after.open_folds(), open, "more is told of all of them: that they are closed");
    let hits = after.take().hits;
    let closed: Vec<&Hit> = hits.iter().filter(|hit| hit.kind == HitKind::Close).collect();
    assert!(!closed.is_empty() && closed.iter().all(|hit| &*hit.cause == "rule:everybody" && hit.rule.is_none()));
    let latest = |fold: u64| before.hits.iter().rev().find(|hit| hit.fold == fold).unwrap();
    assert!(closed.iter().all(|hit| hit.id == latest(hit.fold).id && hit.count >= latest(hit.fold).count));
    assert!(after.open_folds().len() < open.len());
    // The same rules again, and another segment: nothing of it is there any more.
    let elsewhere = wire::print::Names { segments: vec!["line 3".into()], ..wire::print::Names::default() };
    let elsewhere = Settings { names: elsewhere, ..settings() };
    let mut after = Engine::restored(elsewhere, tables(&both, Some(&baseline), None), &state).unwrap();
    let hits = after.take().hits;
    assert!(hits.len() >= open.len() && after.open_folds().is_empty());
    assert!(hits.iter().all(|hit| hit.kind != HitKind::First && hit.rule.is_none()));
    // Whose answer was awaited.
    let waiting = exchanges()[6_000].1[61] == 6;
    let mut after = Engine::restored(settings(), tables(&both, Some(&baseline), None), &state).unwrap();
    let hits = after.take().hits;
    assert!(hits.iter().all(|hit| (hit.kind, hit.outcome) == (HitKind::Outcome, "unknown")));
    assert_eq!(!hits.is_empty(), waiting);
}

#[test]
fn a_run_that_goes_on_closes_nothing_at_its_end() {
    let baseline = learned(&exchanges());
    let (mut ended, before) = middle(Settings { keeps_open: true, ..settings() }, &baseline);
    let open = ended.engine.open_folds();
    ended.finish();
    let told = std::mem::take(&mut ended.output().hits);
    assert!(told.iter().all(|hit| hit.kind != HitKind::Close) && !told.is_empty(), "what had not been told is");
    assert_eq!(ended.engine.open_folds(), open);
    let rules = tables(&document(&staying()), Some(&baseline), None);
    let mut after = Engine::restored(settings(), rules, &ended.engine.snapshot()).unwrap();
    assert!(after.take().hits.is_empty() && after.open_folds() == open);
    after.finish();
    let closed: Vec<Hit> = after.take().hits;
    assert_eq!(closed.iter().filter(|hit| hit.kind == HitKind::Close).count(), open.len());
    for hit in &closed {
        let last = told.iter().chain(&before.hits).find(|told| told.fold == hit.fold).unwrap();
        assert_eq!((hit.id, hit.first.ts_ns), (last.id, last.first.ts_ns));
    }
}

#[test]
fn learning_goes_on() {
    let frames = exchanges();
    let learning = || Settings { learn: true, ..settings() };
    let empty = || tables(&document(&[]), None, None);
    let mut one = bench(learning(), empty());
    feed(&mut one, &frames);
    let mut first = bench(learning(), empty());
    feed(&mut first, &frames[..5_000]);
    let engine = Engine::restored(learning(), empty(), &first.engine.snapshot()).unwrap();
    let mut second = Bench { engine, number: 0, now_ns: 0, output: Output::default() };
    feed(&mut second, &frames[5_000..]);
    // Connections are in the middle after a restart: what came before their next operation is not known.
    let but_orders = |bench: &mut Bench| {
        let json = table_to_json(&bench.engine.learned().unwrap().table()).unwrap();
        let mut table: serde_json::Value = serde_json::from_str(&json).unwrap();
        for link in table["links"].as_array_mut().unwrap() {
            link.as_object_mut().unwrap().remove("orders");
        }
        table
    };
    let (whole, after) = (but_orders(&mut one), but_orders(&mut second));
    assert!(whole["links"].as_array().is_some_and(|links| !links.is_empty()));
    assert_eq!(whole, after);
}

#[test]
fn state_that_is_not_ours_is_refused_in_one_line() {
    let baseline = learned(&exchanges());
    let state = middle(settings(), &baseline).0.engine.snapshot();
    let made = || tables(&document(&staying()), Some(&baseline), None);
    let refused = |bytes: &[u8]| Engine::restored(settings(), made(), bytes).err();
    let mut damaged = state.clone();
    damaged[state.len() / 2] ^= 1;
    for (bytes, said) in [
        (&b""[..], "cut off"),
        (&state[..state.len() - 1], "damaged"),
        (&state[40..], "of another kind"),
        (&damaged, "damaged"),
        (&sealed(&state[..state.len() - 40]), "contradicts itself"),
    ] {
        let line = refused(bytes).unwrap();
        assert!(line.contains(said) && line.starts_with("the saved state ") && !line.contains('\n'), "{line}");
    }
    // Whoever can seal bytes can say anything: it is refused or makes sense, and nothing stops at it.
    let content = &state[..state.len() - 32];
    let mut random = Random::new(5);
    for _ in 0..2_000 {
        let mut other = content.to_vec();
        for _ in 0..=random.below(3) {
            let at = 10 + random.below(other.len() - 10);
            other[at] = random.below(256) as u8;
        }
        if let Ok(mut engine) = Engine::restored(settings(), made(), &sealed(&other)) {
            engine.finish();
        }
    }
}

fn sealed(content: &[u8]) -> Vec<u8> {
    [content, &sha2::Sha256::digest(content)].concat()
}
