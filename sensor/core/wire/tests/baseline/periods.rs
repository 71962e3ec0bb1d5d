//! The rhythm of polls: each way it can change is told once and rightly; mishaps of a network are not.

use wire::baseline::{Baseline, LearnSettings, Learner, PeriodSettings, Periods, Shard};
use wire::finding::{Param, TimedFinding};

use crate::messages::{read, Message, SECOND};

const MS: u64 = 1_000_000;

/// Up to 16,383 microseconds.
fn jitter(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40 & 0x3fff
}

/// A poll of `period_ms` with a few milliseconds of jitter, from `start` on.
fn polls(start: u64, period_ms: u64, count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |number| start + number * period_ms * MS + jitter(number) * 1000)
}

fn learned(times: impl Iterator<Item = u64>) -> Baseline {
    let mut learner = Learner::new(LearnSettings::default());
    let mut last = 0;
    for ts_ns in times {
        learner.observe(&read(1, 10, 0, 9).at(ts_ns).event(), ts_ns);
        last = ts_ns;
    }
    Baseline::from_bytes(&learner.finish(last)).unwrap()
}

struct Run {
    periods: Periods,
    link: Option<u32>,
    found: Vec<TimedFinding>,
}

impl Run {
    fn new(baseline: &Baseline) -> Self {
        let message = read(1, 10, 0, 9);
        let link = baseline.link(0, message.client.ip, message.server.ip, "modbus");
        assert!(link.is_some());
        Self { periods: Periods::new(baseline, PeriodSettings::default(), Shard::ALL), link, found: Vec::new() }
    }

    fn message(&mut self, message: &Message) {
        self.periods.tick(message.ts_ns, &mut self.found);
        self.periods.observe(self.link, &message.event(), message.ts_ns, &mut self.found);
    }

    fn polls(&mut self, times: impl Iterator<Item = u64>) {
        for ts_ns in times {
            self.message(&read(1, 10, 0, 9).at(ts_ns));
        }
    }

    fn causes(&self) -> Vec<&'static str> {
        self.found.iter().map(|finding| finding.cause).collect()
    }

    fn get(&self, finding: usize, name: &str) -> Option<Param> {
        self.found[finding].params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone())
    }

    fn milliseconds(&self, finding: usize, name: &str) -> f64 {
        match self.get(finding, name) {
            Some(Param::Unsigned(value)) => value as f64 / 1e6,
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn an_ordinary_day_is_silent() {
    let baseline = learned(polls(SECOND, 1000, 4000));
    let mut run = Run::new(&baseline);
    run.polls(polls(1000 * SECOND, 1000, 86_400));
    assert_eq!(run.causes(), [""; 0]);
}

#[test]
fn slower_and_faster_are_told_within_nine_polls_and_with_numbers() {
    let baseline = learned(polls(SECOND, 1000, 4000));
    for (cause, period_ms) in
        [("period:slower", 1300), ("period:slower", 1140), ("period:faster", 700), ("period:faster", 100)]
    {
        let mut run = Run::new(&baseline);
        run.polls(polls(1000 * SECOND, 1000, 20));
        run.polls(polls(1020 * SECOND, period_ms, 8));
        assert_eq!(run.causes(), [cause], "{period_ms}");
        let observed = run.milliseconds(0, "period_ns");
        assert!((observed - period_ms as f64).abs() < 40.0, "{observed}");
        assert!((run.milliseconds(0, "learned_period_ns") - 1000.0).abs() < 5.0);
        assert!(run.milliseconds(0, "learned_low_ns") > 850.0 && run.milliseconds(0, "learned_high_ns") < 1150.0);
        assert_eq!(run.get(0, "space"), Some(Param::Text("holding_register".into())));
        assert_eq!(run.get(0, "end"), Some(Param::Unsigned(9)));
        assert_eq!((run.found[0].client_ip, run.found[0].protocol), (read(1, 10, 0, 9).client.ip, "modbus"));
    }
}

#[test]
fn a_poll_of_one_minute_is_held_to_what_one_minute_says() {
    let baseline = learned(polls(SECOND, 1000, 60));
    for (told, period_ms) in
        [(&[][..], 1300), (&[], 700), (&["period:slower"], 2600), (&["period:faster"], 400), (&["period:faster"], 100)]
    {
        let mut run = Run::new(&baseline);
        run.polls(polls(1000 * SECOND, 1000, 20));
        run.polls(polls(1020 * SECOND, period_ms, 12));
        assert_eq!(run.causes(), told, "{period_ms}");
    }
    // A stop is one.
    let mut run = Run::new(&baseline);
    run.polls(polls(1000 * SECOND, 1000, 20));
    run.periods.tick(1030 * SECOND, &mut run.found);
    assert_eq!(run.causes(), ["period:stopped"]);
    // Beside a poll that was seen for an hour it is held to how far that one wandered from minute to minute.
    let mut learner = Learner::new(LearnSettings::default());
    let late = polls(3540 * SECOND, 1000, 60).map(|ts_ns| read(1, 10, 0, 9).at(ts_ns));
    let mut messages: Vec<Message> = polls(SECOND, 2000, 1800).map(|ts_ns| read(1, 10, 100, 109).at(ts_ns)).collect();
    messages.extend(late);
    messages.sort_by_key(|message| message.ts_ns);
    messages.iter().for_each(|message| learner.observe(&message.event(), message.ts_ns));
    let baseline = Baseline::from_bytes(&learner.finish(3600 * SECOND)).unwrap();
    for (cause, period_ms) in [("period:slower", 1300), ("period:faster", 700)] {
        let mut run = Run::new(&baseline);
        run.polls(polls(5000 * SECOND, 1000, 20));
        run.polls(polls(5020 * SECOND, period_ms, 12));
        assert_eq!(run.causes(), [cause], "{period_ms}");
    }
}

#[test]
fn a_lost_request_and_a_repeated_one_are_no_change() {
    let baseline = learned(polls(SECOND, 1000, 4000));
    let mut run = Run::new(&baseline);
    let lost = |number: &(usize, u64)| number.0 % 20 != 10;
    for (number, ts_ns) in polls(1000 * SECOND, 1000, 400).enumerate().filter(lost) {
        let message = read(1, 10, 0, 9).at(ts_ns);
        run.message(&message);
        if number % 20 == 5 {
            run.message(&read(1, 10, 0, 9).at(ts_ns + 200 * MS));
        }
        // Answers go on: the request lost in the capture was answered, too.
        run.message(&message.answer(ts_ns + 10 * MS));
        run.message(&message.answer(ts_ns + 1010 * MS));
    }
    assert_eq!(run.causes(), [""; 0]);
}

#[test]
fn irregular_is_neither_slower_nor_faster() {
    let baseline = learned(polls(SECOND, 1000, 4000));
    let mut run = Run::new(&baseline);
    run.polls(polls(1000 * SECOND, 1000, 20));
    let mut now = 1019 * SECOND;
    for number in 0..30u64 {
        now += if number % 2 == 0 { 600 * MS } else { 1400 * MS };
        run.message(&read(1, 10, 0, 9).at(now));
    }
    assert_eq!(run.causes()[0], "period:irregular");
    assert!(run.causes().iter().all(|cause| *cause == "period:irregular"), "{:?}", run.causes());
    // Told again once in nine intervals while it lasts, not with each message.
    assert!(run.found.len() <= 4);
}

#[test]
fn going_back_to_normal_is_silent_and_a_second_change_is_told_again() {
    let baseline = learned(polls(SECOND, 1000, 4000));
    let mut run = Run::new(&baseline);
    run.polls(polls(1000 * SECOND, 1000, 20));
    run.polls(polls(1020 * SECOND, 500, 9));
    run.polls(polls(1025 * SECOND, 1000, 30));
    assert_eq!(run.causes(), ["period:faster"]);
    run.polls(polls(1055 * SECOND, 500, 9));
    assert_eq!(run.causes(), ["period:faster"; 2]);
    assert_eq!(run.found[0].key, run.found[1].key);
}

#[test]
fn a_stop_is_told_when_two_requests_are_missing_although_nothing_comes() {
    let baseline = learned(polls(SECOND, 1000, 4000));
    let mut run = Run::new(&baseline);
    run.polls(polls(1000 * SECOND, 1000, 20));
    let last = 1019 * SECOND + jitter(19) * 1000;
    run.periods.tick(last + 2900 * MS, &mut run.found);
    assert_eq!(run.causes(), [""; 0]);
    for step in 0..100 {
        run.periods.tick(last + 3100 * MS + step * SECOND, &mut run.found);
    }
    assert_eq!(run.causes(), ["period:stopped"], "once, not with each tick");
    assert!(run.found[0].ts_ns > last + 2900 * MS && run.found[0].ts_ns < last + 3100 * MS);
    assert_eq!(run.get(0, "silent_link"), Some(Param::Unsigned(1)));
    run.polls(polls(1200 * SECOND, 1000, 30));
    assert_eq!(run.causes(), ["period:stopped", "period:resumed"]);
    assert!((run.milliseconds(1, "silent_ns") - 181_000.0).abs() < 100.0);
    // And watched again.
    run.periods.tick(1300 * SECOND, &mut run.found);
    assert_eq!(run.causes(), ["period:stopped", "period:resumed", "period:stopped"]);
}

#[test]
fn a_poll_that_stops_while_the_conversation_goes_on_is_told_a_little_later() {
    let other = |ts_ns: u64| read(1, 10, 100, 109).at(ts_ns);
    let baseline = learned(polls(SECOND, 1000, 4000));
    let mut run = Run::new(&baseline);
    run.polls(polls(1000 * SECOND, 1000, 20));
    for tenth in 0..100 {
        run.message(&other(1020 * SECOND + tenth * SECOND / 10));
    }
    assert_eq!(run.causes(), ["period:stopped"]);
    assert_eq!(run.get(0, "silent_link"), Some(Param::Unsigned(0)));
    let after = run.found[0].ts_ns - 1019 * SECOND;
    assert!(after > 3 * SECOND && after < 5 * SECOND, "{after}");
}

#[test]
fn a_poll_whose_turn_did_not_come_before_the_restart_joins_the_silence() {
    let both = |ts_ns: u64| [read(1, 10, 0, 9).at(ts_ns), read(1, 10, 100, 109).at(ts_ns + 50 * MS)];
    let mut learner = Learner::new(LearnSettings::default());
    for message in polls(SECOND, 15_000, 100).flat_map(both) {
        learner.observe(&message.event(), message.ts_ns);
    }
    let mut run = Run::new(&Baseline::from_bytes(&learner.finish(1501 * SECOND)).unwrap());
    polls(2000 * SECOND, 15_000, 20).flat_map(both).for_each(|message| run.message(&message));
    // The first of the two is asked and never answered; the controller is back after forty seconds.
    let last = 2000 * SECOND + 19 * 15 * SECOND;
    run.message(&both(last + 15 * SECOND)[0]);
    run.periods.tick(last + 39 * SECOND, &mut run.found);
    polls(last + 40 * SECOND, 15_000, 20).flat_map(both).for_each(|message| run.message(&message));
    assert_eq!(run.causes(), ["period:stopped", "period:resumed"]);
    assert_eq!(run.get(0, "silent_link"), Some(Param::Unsigned(1)));
    assert_eq!(run.found[0].key, run.found[1].key);
}

#[test]
fn one_request_that_the_capture_lost_is_no_stop_and_all_polls_of_a_silent_conversation_are_one_story() {
    let both = |ts_ns: u64| [read(1, 10, 0, 9).at(ts_ns), read(1, 10, 100, 109).at(ts_ns + 50 * MS)];
    let mut learner = Learner::new(LearnSettings::default());
    for message in polls(SECOND, 1000, 4000).flat_map(both) {
        learner.observe(&message.event(), message.ts_ns);
    }
    let mut run = Run::new(&Baseline::from_bytes(&learner.finish(101 * SECOND)).unwrap());
    for (number, ts_ns) in polls(1000 * SECOND, 1000, 60).enumerate().filter(|(number, _)| number % 7 != 3) {
        assert!(number % 7 != 3);
        both(ts_ns).iter().for_each(|message| run.message(message));
    }
    assert_eq!(run.causes(), [""; 0]);
    run.periods.tick(1080 * SECOND, &mut run.found);
    for ts_ns in polls(1083 * SECOND, 1000, 12) {
        both(ts_ns).iter().for_each(|message| run.message(message));
    }
    assert_eq!(run.causes(), ["period:stopped", "period:stopped", "period:resumed", "period:resumed"]);
    assert!(run.found.iter().all(|finding| finding.key == run.found[0].key));
}

#[test]
fn four_times_slower_is_not_a_row_of_stops() {
    let baseline = learned(polls(SECOND, 1000, 4000));
    let mut run = Run::new(&baseline);
    run.polls(polls(1000 * SECOND, 1000, 20));
    run.polls(polls(1020 * SECOND, 4000, 20));
    let causes = run.causes();
    assert_eq!(causes.iter().filter(|cause| **cause == "period:stopped").count(), 1, "{causes:?}");
    assert!(causes.contains(&"period:slower"));
}

#[test]
fn a_clock_that_jumps_is_no_silence() {
    let baseline = learned(polls(SECOND, 1000, 4000));
    let mut run = Run::new(&baseline);
    run.polls(polls(1000 * SECOND, 1000, 20));
    run.polls(polls(1_000_000 * SECOND, 1000, 20));
    assert_eq!(run.causes(), [""; 0]);
}

#[test]
fn a_poll_never_seen_is_not_a_stopped_one() {
    let baseline = learned(polls(SECOND, 1000, 4000));
    let mut run = Run::new(&baseline);
    run.periods.tick(1000 * SECOND, &mut run.found);
    run.periods.tick(1100 * SECOND, &mut run.found);
    assert_eq!(run.causes(), [""; 0]);
}

#[test]
fn what_has_no_period_is_not_watched() {
    let random = (0..200u64).scan(SECOND, |now, number| {
        *now += (((1 + number.wrapping_mul(0x9e37_79b9_7f4a_7c15)) >> 33) & 0xffff) * 30_000;
        Some(*now)
    });
    let baseline = learned(random);
    let mut run = Run::new(&baseline);
    run.polls(polls(1000 * SECOND, 100, 50));
    run.polls(polls(2000 * SECOND, 5000, 50));
    assert_eq!(run.causes(), [""; 0]);
}
