//! The compiled tables against plain sets: random plants, random messages.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use wire::baseline::{Baseline, LearnSettings, Learner};
use wire::event::LinkFacts;
use wire::value::{Class, Object, Record, Role};

use crate::messages::{request, Message, SECOND};
use crate::random::Random;

const SPACES: [&str; 5] =
    ["coil", "db", "holding_register", "a_space_with_a_long_name_1", "a_space_with_a_long_name_2"];
const NAMES: [&str; 4] = ["Pump.Speed", "Pump.State", "泵", ""];

type Link = (u16, IpAddr, IpAddr);

/// What was learned, each thing by itself.
#[derive(Default)]
struct Plain {
    stations: HashSet<(u16, IpAddr)>,
    links: HashSet<Link>,
    writers: HashSet<Link>,
    operations: HashSet<(Link, u32, Class)>,
    points: HashSet<(Link, Class, &'static str, u32, u64)>,
    names: HashMap<(Link, Class, &'static str, u32), HashSet<String>>,
}

fn link(message: &Message) -> Link {
    (message.segment, message.client.ip, message.server.ip)
}

impl Plain {
    fn learn(&mut self, message: &Message) {
        let (link, record) = (link(message), &message.record);
        self.links.insert(link);
        self.stations.extend([(link.0, link.1), (link.0, link.2)]);
        if !matches!(record.role, Role::Request | Role::Unsolicited) {
            return;
        }
        self.operations.insert((link, record.operation, record.class));
        if record.class == Class::Write {
            self.writers.insert(link);
        }
        for object in record.objects() {
            match object.text {
                Some(span) => {
                    let names = self.names.entry((link, record.class, object.space, object.index)).or_default();
                    names.insert(record.text(span).to_owned());
                }
                None => {
                    let points = object.start..=object.end;
                    self.points.extend(points.map(|at| (link, record.class, object.space, object.index, at)));
                }
            }
        }
    }

    fn object(&self, link: Link, record: &Record, object: &Object) -> bool {
        match object.text {
            Some(span) => {
                let known = self.names.get(&(link, record.class, object.space, object.index));
                known.is_some_and(|known| known.contains(record.text(span)))
            }
            None => (object.start..=object.end)
                .all(|at| self.points.contains(&(link, record.class, object.space, object.index, at))),
        }
    }

    fn facts(&self, message: &Message) -> LinkFacts {
        let (link, record) = (link(message), &message.record);
        if !self.links.contains(&link) {
            return LinkFacts::default();
        }
        LinkFacts {
            known: true,
            learned_writes: self.writers.contains(&link),
            learned_operation: self.operations.contains(&(link, record.operation, record.class)),
            learned_object: record.objects().iter().all(|object| self.object(link, record, object)),
        }
    }

    fn causes(&self, message: &Message) -> Vec<&'static str> {
        let (facts, (segment, client, server)) = (self.facts(message), link(message));
        if !matches!(message.record.role, Role::Request | Role::Unsolicited) {
            return Vec::new();
        }
        match facts {
            LinkFacts { known: false, .. } => {
                let known = |ip| self.stations.contains(&(segment, ip));
                let new = if known(client) && known(server) { None } else { Some("baseline:new_asset") };
                new.into_iter().chain(["baseline:new_link"]).collect()
            }
            LinkFacts { learned_operation: false, .. } => vec!["baseline:new_operation"],
            LinkFacts { learned_object: false, .. } => vec!["baseline:new_object"],
            _ => Vec::new(),
        }
    }
}

/// A message that resembles others of its kind, `wide` of them.
fn message(random: &mut Random, wide: usize) -> Message {
    let operation = random.below(wide.min(40)) as u32;
    let class = [Class::Read, Class::Write, Class::Control][operation as usize % 3];
    let mut made = request(1 + random.below(wide) as u8, 100 + random.below(wide) as u8, operation, class);
    made.segment = random.below(2) as u16;
    for _ in 0..[1, 1, 1, 0, 2, 5][random.below(6)] {
        let (space, index) = (SPACES[random.below(SPACES.len())], random.below(2) as u32);
        made = if random.one_in(5) {
            made.named(space, index, NAMES[random.below(NAMES.len())])
        } else {
            let start = random.below(60) as u64;
            made.touching(space, index, start, start + random.below(9) as u64)
        };
    }
    if random.one_in(8) {
        made.record.role = [Role::Unsolicited, Role::Response, Role::Other][random.below(3)];
    }
    made
}

#[test]
fn random_plants_are_judged_as_plain_sets_judge_them() {
    let mut random = Random::new(4);
    for plant in 0..25 {
        let (mut plain, wide) = (Plain::default(), 1 + random.below(12));
        let segments = ["north".to_owned(), "south".to_owned()];
        let mut learner = Learner::new(LearnSettings { segments: segments.to_vec(), ..LearnSettings::default() });
        for number in 0..1 + random.below(300) as u64 {
            let learned = message(&mut random, wide);
            // Often enough to be a poll, with a period.
            for round in 0..if random.one_in(3) { 25 } else { 1 } {
                let again = Message { ts_ns: (1 + number % 7 + round) * SECOND, ..clone(&learned) };
                learner.observe(&again.event(), again.ts_ns);
                if round == 0 {
                    plain.learn(&again);
                }
            }
        }
        let baseline = Baseline::with_segments(&learner.finish(400 * SECOND), &["north", "south"]).unwrap();
        for _ in 0..1000 {
            let asked = message(&mut random, wide + 1);
            let event = asked.event();
            let link = baseline.link(asked.segment, asked.client.ip, asked.server.ip, "modbus");
            let mut found = Vec::new();
            let (facts, _) = baseline.assess_poll(link, &event, &mut found);
            let causes: Vec<&str> = found.iter().map(|deviation| deviation.cause).collect();
            assert_eq!(facts, plain.facts(&asked), "plant {plant}: {:?}", asked.record.objects());
            assert_eq!(causes, plain.causes(&asked), "plant {plant}: {:?}", asked.record.objects());
            let mut again = Vec::new();
            baseline.check(link, &event, &mut again);
            assert_eq!((again, baseline.facts(link, &event)), (found, facts));
        }
    }
}

fn clone(message: &Message) -> Message {
    let record = &message.record;
    let mut copy = request(0, 0, record.operation, record.class);
    copy.record.role = record.role;
    for object in record.objects() {
        copy = match object.text {
            Some(span) => copy.named(object.space, object.index, record.text(span)),
            None => copy.touching(object.space, object.index, object.start, object.end),
        };
    }
    Message { client: message.client, server: message.server, segment: message.segment, ..copy }
}
