//! What was learned is silent, what was not deviates.

use wire::baseline::{Baseline, LearnSettings, Learner};
use wire::event::LinkFacts;
use wire::finding::{Deviation, Param};
use wire::value::Class;

use crate::messages::{read, request, write, Message, SECOND};

pub fn learn(messages: &[Message]) -> Vec<u8> {
    let mut learner = Learner::new(LearnSettings::default());
    for message in messages {
        learner.observe(&message.event(), message.ts_ns);
    }
    learner.finish(100 * SECOND)
}

fn plant() -> Vec<Message> {
    vec![
        read(1, 10, 0, 9),
        read(1, 10, 10, 19),
        read(1, 10, 100, 109),
        read(1, 11, 0, 9),
        read(2, 10, 0, 9),
        write(2, 10, 5, 5),
        request(1, 10, 631, Class::Read).named("node", 2, "Pump.Speed"),
        request(1, 10, 631, Class::Read).named("node", 2, "Pump.State"),
    ]
}

fn deviations(baseline: &Baseline, message: &Message) -> Vec<Deviation> {
    let event = message.event();
    let link = baseline.link(0, event.client.ip, event.server.ip, "modbus");
    let (mut out, mut together) = (Vec::new(), Vec::new());
    baseline.check(link, &event, &mut out);
    assert_eq!(baseline.assess(link, &event, &mut together), baseline.facts(link, &event));
    assert_eq!(together, out);
    out
}

/// The first cause; a new station is a new link as well.
fn cause(baseline: &Baseline, message: &Message) -> Option<&'static str> {
    let found = deviations(baseline, message);
    let causes: Vec<&str> = found.iter().map(|deviation| deviation.cause).collect();
    assert!(found.len() <= 1 || causes == ["baseline:new_asset", "baseline:new_link"], "{causes:?}");
    found.first().map(|deviation| deviation.cause)
}

#[test]
fn what_was_learned_is_silent() {
    let baseline = Baseline::from_bytes(&learn(&plant())).unwrap();
    for message in plant() {
        assert_eq!(cause(&baseline, &message), None);
        let event = message.event();
        let link = baseline.link(0, event.client.ip, event.server.ip, "modbus");
        let facts = baseline.facts(link, &event);
        assert!(facts.known && facts.learned_operation && facts.learned_object);
        // The answer is judged by its request.
        let answer = message.answer(2 * SECOND);
        assert_eq!(cause(&baseline, &answer), None);
        assert_eq!(baseline.facts(link, &answer.event()), facts);
    }
    // Stretches that touch were joined: reading across their edge is inside.
    assert_eq!(cause(&baseline, &read(1, 10, 5, 14)), None);
}

#[test]
fn what_was_not_learned_deviates() {
    let baseline = Baseline::from_bytes(&learn(&plant())).unwrap();
    let cases: &[(&str, Message)] = &[
        ("baseline:new_asset", read(99, 10, 0, 9)),
        ("baseline:new_asset", read(1, 99, 0, 9)),
        ("baseline:new_link", read(2, 11, 0, 9)),
        ("baseline:new_link", read(10, 1, 0, 9)),
        ("baseline:new_operation", write(1, 10, 0, 9)),
        ("baseline:new_operation", request(1, 10, 3, Class::Control)),
        ("baseline:new_object", read(1, 10, 15, 20)),
        ("baseline:new_object", read(1, 10, 20, 99)),
        ("baseline:new_object", read(1, 10, 100, 110)),
        ("baseline:new_object", read(1, 10, 0, u64::MAX)),
        ("baseline:new_object", write(2, 10, 5, 6)),
        ("baseline:new_object", request(1, 10, 3, Class::Read).touching("coil", 1, 0, 9)),
        ("baseline:new_object", request(1, 10, 3, Class::Read).touching("holding_register", 2, 0, 9)),
        ("baseline:new_object", request(1, 10, 631, Class::Read).named("node", 2, "Pump.Mode")),
        ("baseline:new_object", request(1, 10, 631, Class::Read).named("node", 3, "Pump.Speed")),
        // Several objects, one of them new.
        ("baseline:new_object", read(1, 10, 0, 9).touching("holding_register", 1, 500, 500)),
    ];
    for (expected, message) in cases {
        assert_eq!(cause(&baseline, message), Some(*expected), "{:?}", message.record.objects());
    }
    let mut other = read(1, 10, 0, 9);
    other.segment = 1;
    let event = other.event();
    assert_eq!(baseline.link(1, event.client.ip, event.server.ip, "modbus"), None);
    assert_eq!(baseline.link(0, event.client.ip, event.server.ip, "s7comm"), None);
}

#[test]
fn a_name_with_the_same_hash_is_another_name() {
    // Two names whose hashes are equal: anybody can make such a pair.
    let [learned, forged] =
        ["2ixIDLSuSjHStpTJ", "6_pCwgvYdGuugSMM"].map(|name| request(1, 10, 631, Class::Read).named("node", 2, name));
    assert_eq!(learned.record.objects()[0].start, forged.record.objects()[0].start);
    let baseline =
        Baseline::from_bytes(&learn(&[request(1, 10, 631, Class::Read).named("node", 2, "2ixIDLSuSjHStpTJ")])).unwrap();
    assert_eq!(cause(&baseline, &learned), None);
    assert_eq!(cause(&baseline, &forged), Some("baseline:new_object"));
}

#[test]
fn facts_tell_readers_from_writers() {
    let baseline = Baseline::from_bytes(&learn(&plant())).unwrap();
    let facts = |message: &Message| {
        let event = message.event();
        baseline.facts(baseline.link(0, event.client.ip, event.server.ip, "modbus"), &event)
    };
    let reader = facts(&write(1, 10, 0, 0));
    assert_eq!(
        reader,
        LinkFacts { known: true, learned_writes: false, learned_operation: false, learned_object: false }
    );
    let writer = facts(&write(2, 10, 6, 6));
    assert_eq!(writer, LinkFacts { known: true, learned_writes: true, learned_operation: true, learned_object: false });
    assert_eq!(facts(&read(7, 10, 0, 0)), LinkFacts::default());
}

#[test]
fn deviations_explain_themselves_and_fold_by_what_they_touch() {
    let baseline = Baseline::from_bytes(&learn(&plant())).unwrap();
    let message = read(1, 10, 50, 60);
    let found = deviations(&baseline, &message)[0];
    let params = baseline.params(&found, &message.event());
    let get = |name: &str| params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
    assert_eq!(get("space"), Some(Param::Text("holding_register".into())));
    assert_eq!((get("start"), get("end")), (Some(Param::Unsigned(50)), Some(Param::Unsigned(60))));
    assert_eq!(get("learned"), Some(Param::Ranges(vec![(0, 19), (100, 109)])));
    assert_eq!(deviations(&baseline, &read(1, 10, 70, 70))[0].key, found.key);
    let unit = request(1, 10, 3, Class::Read).touching("holding_register", 9, 50, 60);
    assert_ne!(deviations(&baseline, &unit)[0].key, found.key);

    let message = write(1, 10, 0, 0);
    let params = baseline.params(&deviations(&baseline, &message)[0], &message.event());
    assert!(params.contains(&("learned_operations", Param::Ranges(vec![(3, 3), (631, 631)]))));
    // A stranger is one finding; its first write is not hidden behind its first read.
    let (reads, writes) = (deviations(&baseline, &read(99, 10, 0, 0)), deviations(&baseline, &write(99, 10, 0, 0)));
    assert_eq!(reads[0].key, writes[0].key);
    assert_ne!(reads[1].key, writes[1].key);
    let message = read(99, 10, 0, 0);
    let params = baseline.params(&deviations(&baseline, &message)[0], &message.event());
    assert!(params.contains(&("new", Param::Text("client".into()))));
}
