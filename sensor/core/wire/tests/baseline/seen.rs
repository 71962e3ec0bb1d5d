//! What learning remembers of each thing for people, and what a baseline that is tried counts.

use wire::baseline::{stretch, Baseline, Cut, Families, LearnSettings, Learner, Meter, Shadow, Shard};
use wire::protocol::Scope;
use wire::site::points::Points;
use wire::value::Class;

use crate::check::learn;
use crate::messages::{read, request, write, Message, SECOND};

const MINUTE: u64 = 60 * SECOND;

/// Half an hour: a poll all the time, a write early and late, a name once, and late, a stretch that grows.
fn half_an_hour() -> Vec<Message> {
    let mut all: Vec<Message> = (0..1800).map(|second| read(1, 10, 0, 9).at(second * SECOND)).collect();
    all.push(write(1, 10, 5, 5).at(MINUTE));
    all.push(write(1, 10, 5, 5).at(20 * MINUTE));
    all.push(request(1, 10, 631, Class::Read).named("node", 2, "Pump.Speed").at(29 * MINUTE));
    all.push(read(1, 10, 8, 12).at(29 * MINUTE + 1));
    all.push(read(2, 10, 0, 9).at(2 * MINUTE));
    all.sort_by_key(|message| message.ts_ns);
    all
}

fn taught(messages: &[Message]) -> Learner {
    let mut learner = Learner::new(LearnSettings::default());
    messages.iter().for_each(|message| learner.observe(&message.event(), message.ts_ns));
    learner
}

fn cut() -> Cut {
    let (shift, stretches) = stretch(0, 30 * MINUTE);
    assert!((33..=64).contains(&stretches), "{stretches}");
    Cut { shift, late_ns: 30 * MINUTE - 30 * MINUTE / 4 }
}

#[test]
fn each_thing_has_its_first_and_last_time_and_its_occasions() {
    let learner = taught(&half_an_hour());
    let links = learner.report(cut(), true);
    let first = &links[0];
    assert_eq!((first.client.as_str(), first.seen.count, first.seen.last_ns), ("192.168.1.1", 1804, 1799 * SECOND));
    let operation = |code: u32| &first.operations.iter().find(|row| row.0 == code).unwrap().2;
    assert_eq!((operation(3).count, operation(3).occasions > 32), (1801, true));
    assert_eq!((operation(16).first_ns, operation(16).last_ns, operation(16).occasions), (MINUTE, 20 * MINUTE, 2));
    let objects = |class: &str| first.objects.iter().find(|row| row.class == class && row.space != "node").unwrap();
    let (start, end, seen) = &objects("read").stretches[0];
    assert_eq!((*start, *end, seen.count), (0, 12, 1801));
    let names = &first.objects.iter().find(|row| row.space == "node").unwrap().names;
    assert_eq!((names[0].0.as_str(), names[0].1.occasions), ("Pump.Speed", 1));
    assert!(!first.polls.is_empty());
    // Objects: the stretch grew and the name was new in the last quarter.
    let late = Meter { seen: 3, once: 1, twice: 1, late: 2, occasions: first.meters["objects"].occasions };
    assert_eq!(first.meters["objects"], late);
    assert_eq!((first.meters["operations"].once, first.meters["operations"].late), (1, 1));
    assert_eq!((links[1].meters["links"].once, first.meters["links"].once), (1, 0));
}

#[test]
fn what_was_seen_outlives_a_restart_and_joins_to_the_same() {
    let messages = half_an_hour();
    let expected = taught(&messages).report(cut(), true);
    let (early, later) = messages.split_at(700);
    let mut resumed = Learner::restore(LearnSettings::default(), &taught(early).snapshot()).unwrap();
    later.iter().for_each(|message| resumed.observe(&message.event(), message.ts_ns));
    let merged = Learner::merge(vec![taught(early), taught(later)]);
    for learner in [resumed, merged] {
        let report = learner.report(cut(), false);
        for (one, other) in report.iter().zip(&expected) {
            assert_eq!((&one.seen, one.meters["operations"]), (&other.seen, other.meters["operations"]));
            assert_eq!(one.meters["objects"].occasions, other.meters["objects"].occasions);
        }
    }
}

/// More stretches than there is room for: neighbours are joined, and what was seen of them with them.
#[test]
fn stretches_that_are_joined_to_make_room_keep_what_was_seen() {
    let messages: Vec<Message> =
        (0..6000).map(|number| read(1, 10, number * 50 + number % 7, number * 50 + 20).at(number * SECOND)).collect();
    let report = taught(&messages).report(cut(), true);
    let stretches = &report[0].objects[0].stretches;
    assert!(stretches.len() <= wire::limits::RANGES);
    assert_eq!(stretches.iter().map(|row| row.2.count).sum::<u64>(), 6000);
    assert!(stretches.iter().all(|row| row.2.first_ns / SECOND * 50 <= row.1));
}

#[test]
fn a_shadow_counts_what_it_would_have_told_and_no_more() {
    let baseline = Baseline::from_bytes(&learn(&[read(1, 10, 0, 9), write(1, 11, 0, 0)])).unwrap();
    let mut shadow = Shadow::new(Some((baseline, None)), Families::default(), Shard::ALL);
    let points = Points::default();
    let mut hold = |message: Message| {
        let event = message.event();
        shadow.message(&event, (Scope::Plant, None), event.ts_ns, "default", &points);
    };
    for second in 0..10 {
        hold(read(1, 10, 0, 9).at(second * SECOND));
        hold(write(1, 10, 3, 3).at(second * SECOND + 1));
    }
    hold(write(1, 10, 3, 3).at(700 * SECOND));
    hold(write(1, 11, 7, 7).at(701 * SECOND));
    hold(read(9, 10, 0, 0).at(702 * SECOND));
    let told: Vec<_> = shadow.found().map(|row| (row.cause, row.alerts, row.messages)).collect();
    assert_eq!(
        told,
        [
            ("baseline:new_asset", 1, 1),
            ("baseline:new_link", 1, 1),
            ("baseline:new_object", 1, 1),
            ("baseline:new_operation", 2, 11)
        ]
    );
    let row = shadow.found().find(|row| row.cause == "baseline:new_object").unwrap();
    assert_eq!((row.params["start"].as_u64(), row.first_ns, row.frame), (Some(7), 701 * SECOND, 1));
    assert_eq!((shadow.messages, shadow.uncounted), (23, 0));
}
