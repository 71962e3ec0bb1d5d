//! Learning in shards, across a restart, and in a storm.

use std::collections::HashMap;
use std::net::IpAddr;

use sha2::Digest;
use wire::baseline::{table_to_json, Baseline, LearnSettings, Learner, Trail};
use wire::hash::{shard_of, SHARDS};
use wire::limits;
use wire::value::{Class, Role};

use crate::messages::{read, request, Message, SECOND};
use crate::random::Random;

fn settings() -> LearnSettings {
    LearnSettings { segments: vec!["north".into(), "south".into()], ..LearnSettings::default() }
}

/// Polls of several paces between some stations, single requests, names, answers, and stations with many MACs.
fn traffic(random: &mut Random) -> Vec<Message> {
    let mut all = Vec::new();
    for _ in 0..40 {
        let (client, server) = (1 + random.below(6) as u8, 100 + random.below(6) as u8);
        let (start, pace) = (random.below(400) as u64, (1 + random.below(4) as u64) * SECOND / 2);
        let (segment, rounds) = (random.below(2) as u16, [1, 2, 30, 60][random.below(4)]);
        for round in 0..rounds {
            let ts_ns = SECOND + round * pace + random.below(9_000_000) as u64;
            let mut asked = match start % 4 {
                0 => request(client, server, 631, Class::Read).named("node", 2, &format!("温度.{start}")),
                1 => read(client, server, start, start + 3).touching("coil", 2, 7, 7),
                2 => request(client, server, 16, Class::Write).touching("holding_register", 1, start, start),
                _ => read(client, server, start, start + 9),
            }
            .at(ts_ns);
            asked.segment = segment;
            asked.client.mac[1] = random.below(9) as u8;
            if random.one_in(9) {
                asked.record.role = Role::Unsolicited;
            }
            if random.one_in(3) {
                all.push(asked.answer(ts_ns + 1000));
            }
            all.push(asked);
        }
    }
    all.sort_by_key(|message| message.ts_ns);
    all
}

/// What each conversation's client asked for last.
type Trails = HashMap<(u16, IpAddr, IpAddr), Trail>;

fn observe(learner: &mut Learner, trails: &mut Trails, message: &Message) {
    let event = message.event();
    learner.observe(&event, message.ts_ns);
    let trail = trails.entry((message.segment, message.client.ip, message.server.ip)).or_insert_with(Trail::begun);
    let asks = message.record.role == Role::Request;
    if let Some(step) = Some(trail).filter(|_| asks).and_then(|trail| trail.step(&message.record)) {
        learner.step(&event, step);
    }
}

fn learn(learner: &mut Learner, trails: &mut Trails, messages: &[Message]) {
    messages.iter().for_each(|message| observe(learner, trails, message));
}

#[test]
fn shards_together_learn_what_one_learns() {
    for seed in 0..10 {
        let messages = traffic(&mut Random::new(seed));
        let mut one = Learner::new(settings());
        learn(&mut one, &mut Trails::new(), &messages);
        let mut shards: Vec<Learner> = (0..SHARDS).map(|_| Learner::new(settings())).collect();
        let mut trails = Trails::new();
        for message in &messages {
            let shard = shard_of(message.segment, message.client.ip, message.server.ip);
            observe(&mut shards[shard], &mut trails, message);
        }
        if seed % 2 == 0 {
            shards.reverse();
        }
        let expected = one.finish(100 * SECOND);
        let json = table_to_json(&expected).unwrap();
        assert!(json.contains("period_us") && json.contains("\"last\":\"start\""), "{json}");
        assert_eq!(Learner::merge(shards).finish(100 * SECOND), expected, "seed {seed}");
    }
    assert_eq!(Learner::merge(Vec::new()).finish(0), Learner::new(LearnSettings::default()).finish(0));
}

#[test]
fn a_restart_in_the_middle_of_learning_changes_nothing() {
    for seed in 20..26 {
        let messages = traffic(&mut Random::new(seed));
        let mut one = Learner::new(settings());
        learn(&mut one, &mut Trails::new(), &messages);
        let (mut parts, mut trails) = (Learner::new(settings()), Trails::new());
        for part in messages.chunks(messages.len() / 5 + 1) {
            let bytes = parts.snapshot();
            parts = Learner::restore(settings(), &bytes).unwrap();
            assert_eq!(parts.snapshot(), bytes);
            learn(&mut parts, &mut trails, part);
        }
        assert_eq!(parts.tuples(), one.tuples());
        assert_eq!(parts.finish(100 * SECOND), one.finish(100 * SECOND), "seed {seed}");
    }
}

#[test]
fn learning_that_was_saved_before_paces_were_kept_goes_on() {
    let mut learner = Learner::new(settings());
    let polls: Vec<Message> = (0..1000).map(|round| read(1, 100, 0, 9).at((1 + round) * SECOND)).collect();
    learn(&mut learner, &mut Trails::new(), &polls[..500]);
    // The poll stands last: its pace (28 bytes), what was seen of it (64), and the digest.
    let bytes = learner.snapshot();
    let (rest, seen) = bytes[..bytes.len() - 32].split_at(bytes.len() - 32 - 64);
    let mut older = [b"OTUSLEA3".as_slice(), &rest[8..rest.len() - 28], seen].concat();
    let digest = sha2::Sha256::digest(&older);
    older.extend_from_slice(&digest);
    let mut back = Learner::restore(settings(), &older).unwrap();
    assert_ne!(back.snapshot(), bytes);
    for learner in [&mut learner, &mut back] {
        learn(learner, &mut Trails::new(), &polls[500..]);
    }
    assert_eq!(back.finish(1001 * SECOND), learner.finish(1001 * SECOND));
    older[7] = b'2';
    assert!(Learner::restore(settings(), &older).is_err());
}

#[test]
fn hostile_saved_learning_is_refused_and_never_panics() {
    let mut learner = Learner::new(settings());
    learn(&mut learner, &mut Trails::new(), &traffic(&mut Random::new(3)));
    let bytes = learner.snapshot();
    for length in 0..bytes.len().min(400) {
        assert!(Learner::restore(settings(), &bytes[..length]).is_err());
    }
    assert!(Learner::restore(LearnSettings::default(), &bytes).is_err(), "segments that nobody names here");
    let mut random = Random::new(12);
    for _ in 0..1000 {
        let mut hostile = bytes.clone();
        let place = random.below(hostile.len());
        hostile[place] ^= 1 << random.below(8);
        assert!(Learner::restore(settings(), &hostile).is_err());
        // With a digest that is right.
        hostile.truncate(bytes.len() - 32);
        let digest = sha2::Sha256::digest(&hostile);
        hostile.extend_from_slice(&digest);
        if let Ok(mut back) = Learner::restore(settings(), &hostile) {
            learn(&mut back, &mut Trails::new(), &[read(1, 100, 0, 9)]);
            Baseline::from_bytes(&back.finish(200 * SECOND)).unwrap();
        }
    }
}

#[test]
fn a_storm_of_requests_that_are_all_different_takes_bounded_room_and_hides_no_poll() {
    let mut learner = Learner::new(LearnSettings::default());
    let mut random = Random::new(1);
    let count = limits::REQUESTS_ONCE as u64 * 4;
    let mut largest = 0;
    for number in 0..count {
        let ts_ns = SECOND + number * 500_000;
        let start = random.below(1 << 30) as u64;
        learner.observe(&read(9, 100, start, start + number % 100).at(ts_ns).event(), ts_ns);
        if number % 2000 == 0 {
            learner.observe(&read(1, 100, 0, 9).at(ts_ns).event(), ts_ns);
        }
        largest = largest.max(learner.tuples());
    }
    assert!(largest < limits::REQUESTS_ONCE + limits::RANGES + 20, "{largest}");
    assert!(learner.forgotten() > count / 2, "{}", learner.forgotten());
    let json = table_to_json(&learner.finish(SECOND + count * 500_000)).unwrap();
    assert!(json.contains("\"period_us\":1000000"), "the poll was learned");
}
