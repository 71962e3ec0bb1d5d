//! What a conversation remembers of the baseline changes nothing: each message against the plain look-ups.

use wire::baseline::{Baseline, LearnSettings, Learner, Mark, PeriodSettings, Periods, Shard};
use wire::event::{Asked, LinkFacts};
use wire::value::{Class, Role};

use crate::messages::{read, request, write, Message, SECOND};
use crate::random::Random;

const MS: u64 = 1_000_000;
const SERVERS: usize = 3;
const TURN: usize = 9;
/// Of learning: five minutes of polls a second, for a rhythm is known by occasions.
const ROUNDS: u64 = 300;
/// Two names with the same hash.
const TWINS: [&str; 2] = ["8yn0iYCKYHlIj4-BwPqk", "GReLUrM4wMqfg9yzV3KQ"];

/// The request that client 1 sends to a server at this place of its turn.
fn poll(server: u8, place: usize) -> Message {
    match place {
        0 => read(1, server, 0, 9),
        1 => read(1, server, 100, 109),
        2 => request(1, server, 4, Class::Read).touching("input_register", 1, 0, 9),
        3 => read(1, server, 0, 9).touching("holding_register", 1, 50, 59),
        4 => request(1, server, 631, Class::Read).named("node", 2, "Pump.Speed"),
        5 => request(1, server, 7, Class::Diagnose),
        6 => names(server, &["Pump.Speed", TWINS[0], "Pump.Mode"]),
        7 => names(server, &["Valve", "Pump.Speed"]).touching("holding_register", 1, 3, 4),
        _ => names(server, &["Valve", TWINS[0]]).named("node", 3, "Valve"),
    }
}

fn names(server: u8, names: &[&str]) -> Message {
    names.iter().fold(request(1, server, 631, Class::Read), |made, name| made.named("node", 2, name))
}

/// A plant whose masters ask `turn` places in turn, once in `period_ms`.
fn learned(turn: usize, period_ms: u64) -> Baseline {
    let mut learner = Learner::new(LearnSettings::default());
    for round in 0..ROUNDS {
        for server in 0..SERVERS as u8 {
            for place in 0..turn {
                let message = poll(10 + server, place).at(SECOND + round * period_ms * MS + place as u64 * MS);
                learner.observe(&message.event(), message.ts_ns);
            }
        }
        let once = write(1, 10, 200 + round, 201 + round).at(SECOND + round * period_ms * MS);
        learner.observe(&once.event(), once.ts_ns);
    }
    Baseline::from_bytes(&learner.finish(SECOND + ROUNDS * period_ms * MS)).unwrap()
}

/// One room asked by what conversations remember, and one that looks everything up.
struct Rooms {
    baseline: Baseline,
    remembering: Periods,
    plain: Periods,
    marks: Vec<Mark>,
    told: Vec<&'static str>,
}

fn link(baseline: &Baseline, message: &Message) -> Option<u32> {
    baseline.link(message.segment, message.client.ip, message.server.ip, "modbus")
}

impl Rooms {
    fn new(baseline: Baseline) -> Self {
        let periods = || Periods::new(&baseline, PeriodSettings::default(), Shard::ALL);
        let (remembering, plain) = (periods(), periods());
        Self { baseline, remembering, plain, marks: Vec::new(), told: Vec::new() }
    }

    fn message(&mut self, flow: usize, message: &Message, now_ns: u64) -> LinkFacts {
        self.marks.resize(self.marks.len().max(flow + 1), Mark::default());
        let mark = &mut self.marks[flow];
        if !mark.is_asked() {
            *mark = self.baseline.mark(message.segment, message.client.ip, message.server.ip, "modbus");
        }
        let link = link(&self.baseline, message);
        assert_eq!(mark.link(), link);
        let (mut new, mut timed, mut event) = (Vec::new(), Vec::new(), message.event());
        self.remembering.message(mark, &mut event, now_ns, &mut new, &mut timed);
        let (mut plain_new, mut plain_timed, plain) = (Vec::new(), Vec::new(), message.event());
        let (facts, polled) = self.baseline.assess_poll(link, &plain, &mut plain_new);
        self.plain.observe_polled(link, polled, &plain, now_ns, &mut plain_timed);
        assert_eq!((event.link, &new, &timed), (Some(facts), &plain_new, &plain_timed));
        assert_eq!(self.baseline.facts(link, &plain), facts);
        self.told.extend(new.iter().map(|deviation| deviation.cause));
        self.told.extend(timed.iter().map(|finding| finding.cause));
        facts
    }

    fn tick(&mut self, now_ns: u64) {
        let (mut timed, mut plain) = (Vec::new(), Vec::new());
        self.remembering.tick(now_ns, &mut timed);
        self.plain.tick(now_ns, &mut plain);
        assert_eq!(timed, plain);
        self.told.extend(timed.iter().map(|finding| finding.cause));
    }

    fn same(&self) {
        assert_eq!(self.remembering.snapshot(), self.plain.snapshot());
    }

    /// Other tables: what conversations remember of the old ones is forgotten.
    fn reload(self, baseline: Baseline) -> Self {
        let (remembering, plain) = (self.remembering.reloaded(&baseline), self.plain.reloaded(&baseline));
        Self { baseline, remembering, plain, marks: Vec::new(), told: self.told }
    }

    fn restart(self) -> Self {
        let bytes = self.plain.snapshot();
        let back = || Periods::restore(&self.baseline, PeriodSettings::default(), Shard::ALL, &bytes).unwrap();
        Self { remembering: back(), plain: back(), marks: Vec::new(), ..self }
    }
}

fn odd(random: &mut Random, server: u8) -> Message {
    match random.below(16) {
        0 => read(1, server, 2, 5),
        1 => read(1, server, 5, 12),
        2 => write(1, server, 203, 206),
        3 => request(1, server, 43, Class::Discover),
        4 => read(9, server, 0, 9),
        5 => read(1, 99, 0, 9),
        6 => request(1, server, 3, Class::Read).touching("coil", 1, 0, 9),
        7 => read(1, server, 0, 9).touching("holding_register", 1, 50, 58),
        8 => request(1, server, 631, Class::Read).named("node", 2, "Pump.State"),
        // Like polls that touch several things, and none of them: the first two have the identity of one.
        9 => names(server, &["Pump.Speed", TWINS[1], "Pump.Mode"]),
        10 => names(server, &["Valve", TWINS[1]]).named("node", 3, "Valve"),
        11 => names(server, &["Pump.Mode", TWINS[0], "Pump.Speed"]),
        12 => names(server, &["Pump.Speed", TWINS[0], "Pump.Mode"][..random.below(4)]),
        13 => names(server, &["Valve", "Pump.Speed"]).touching("holding_register", 1, 3, 5),
        14 => names(server, &["Valve", TWINS[0]]).named("node", 4, "Valve"),
        _ => {
            let mut told = read(1, server, 0, 9);
            told.record.role = [Role::Unsolicited, Role::Other, Role::Response][random.below(3)];
            told
        }
    }
}

/// A day in the plant: most of it in turn, on two conversations of each link.
fn day(seed: u64) -> Rooms {
    let mut random = Random::new(seed);
    let (small, large) = (|| learned(TURN - 5, 1000), || learned(TURN, 1000));
    let (mut rooms, mut round_ns) = (Rooms::new(large()), 20_000 * SECOND);
    for round in 0..300 {
        // At times the masters are slow, or hasty.
        let pace_ms = [1000, 1000, 1300, 1000, 700][round / 30 % 5];
        round_ns += pace_ms * MS + if random.one_in(60) { 4 * SECOND } else { 0 };
        let shuffled = random.one_in(10);
        for step in 0..TURN * SERVERS {
            let server = 10 + (step % SERVERS) as u8;
            let place = if shuffled { random.below(TURN) } else { step / SERVERS };
            let other = if random.one_in(40) { random.below(2) } else { place % 2 };
            let mut flow = step % SERVERS * 2 + other;
            let mut asked = if random.one_in(60) { odd(&mut random, server) } else { poll(server, place) };
            if (asked.client.mac, asked.server.mac) != (poll(server, 0).client.mac, poll(server, 0).server.mac) {
                flow = 1000 * usize::from(asked.client.mac[5]) + usize::from(asked.server.mac[5]);
            }
            let now_ns = round_ns + step as u64 * MS + random.below(5) as u64 * MS;
            let late_ns = if random.one_in(200) { random.below(2000) as u64 * MS } else { 0 };
            asked = asked.at(now_ns - late_ns - if random.one_in(3000) { 5000 * SECOND } else { 0 });
            if random.one_in(100) {
                continue;
            }
            let facts = rooms.message(flow, &asked, now_ns);
            let mut answer = asked.answer(now_ns + MS / 2);
            if !random.one_in(20) {
                answer.asked = answer.asked.map(|asked| Asked { facts: Some(facts), ..asked });
            }
            rooms.message(flow, &answer, now_ns + MS / 2);
        }
        rooms.tick(round_ns + 500 * MS);
        rooms.same();
        match random.below(150) {
            0 => [&mut rooms.remembering, &mut rooms.plain].into_iter().for_each(Periods::forget_time),
            1 => rooms = rooms.restart(),
            2 => rooms = rooms.reload(small()),
            3 => rooms = rooms.reload(large()),
            _ => {}
        }
    }
    rooms
}

#[test]
fn random_turns_are_found_as_looking_everything_up_finds_them() {
    let told: Vec<&str> = (0..12).flat_map(|seed| day(seed).told).collect();
    let causes = ["new_asset", "new_link", "new_operation", "new_object"].map(|cause| format!("baseline:{cause}"));
    let rhythm = ["stopped", "resumed", "irregular", "faster", "slower"].map(|cause| format!("period:{cause}"));
    for cause in causes.iter().chain(&rhythm) {
        assert!(told.iter().any(|told| told == cause), "{cause}");
    }
}

/// Whoever makes a name with the hash of a learned one has the poll's identity, and is found out all the same: also when
/// the poll itself came the message before.
#[test]
fn a_name_with_the_same_hash_is_new_in_a_poll_of_several() {
    let mut rooms = Rooms::new(learned(TURN, 1000));
    for round in 0..20u64 {
        for place in 0..TURN {
            let now_ns = 2000 * SECOND + round * SECOND + place as u64 * MS;
            let twin = |place| match place {
                6 => names(10, &["Pump.Speed", TWINS[1], "Pump.Mode"]),
                _ => names(10, &["Valve", TWINS[1]]).named("node", 3, "Valve"),
            };
            assert!(rooms.message(0, &poll(10, place).at(now_ns), now_ns).learned_object);
            if round > 10 && matches!(place, 6 | 8) {
                assert!(!rooms.message(0, &twin(place).at(now_ns), now_ns).learned_object);
                let facts = rooms.message(0, &poll(10, place).at(now_ns + 1000), now_ns + 1000);
                assert!(facts.learned_object && facts.learned_operation);
            }
        }
        rooms.same();
    }
    assert!(rooms.told.iter().filter(|cause| **cause == "baseline:new_object").count() == 18);
}

/// An unchanging turn, one conversation: what the memory is made for.
#[test]
fn a_steady_turn_is_silent_and_counted_the_same() {
    let mut rooms = Rooms::new(learned(TURN, 1000));
    for round in 0..200u64 {
        for place in 0..TURN {
            let now_ns = 2000 * SECOND + round * SECOND + place as u64 * MS;
            let asked = poll(10, place).at(now_ns);
            let facts = rooms.message(0, &asked, now_ns);
            assert!(facts.learned_object && facts.learned_operation && facts.learned_writes);
            rooms.tick(now_ns);
        }
        rooms.same();
    }
    assert_eq!(rooms.told, [""; 0]);
}
