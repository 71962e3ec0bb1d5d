//! Many shards find what one finds; a restart and another baseline neither repeat nor forget.

use wire::baseline::{Baseline, LearnSettings, Learner, PeriodSettings, Periods, Shard};
use wire::finding::TimedFinding;
use wire::hash::{shard_of, SHARDS};

use crate::messages::{read, Message, SECOND};
use crate::random::Random;

const MS: u64 = 1_000_000;

fn learned(messages: &[Message]) -> Baseline {
    let mut learner = Learner::new(LearnSettings::default());
    for message in messages {
        learner.observe(&message.event(), message.ts_ns);
    }
    Baseline::from_bytes(&learner.finish(1000 * SECOND)).unwrap()
}

/// Polls of a second between eight clients and eight servers, two on each link.
fn plant(start: u64, rounds: u64) -> Vec<Message> {
    let mut all = Vec::new();
    for round in 0..rounds {
        for link in 0..64u64 {
            for poll in 0..2u64 {
                let ts_ns = start + round * SECOND + link * 3 * MS + poll * MS;
                all.push(read(1 + link as u8 / 8, 100 + link as u8 % 8, poll * 10, poll * 10 + 9).at(ts_ns));
            }
        }
    }
    all
}

/// Some polls change their pace, stop, come back; a few messages are nothing of it.
fn trouble(random: &mut Random) -> Vec<Message> {
    let mut all = Vec::new();
    for poll in 0..128u64 {
        let (link, poll) = (poll / 2, poll % 2);
        let mut now_ns = 2000 * SECOND + link * 3 * MS + poll * MS;
        let pace = [1000, 1000, 1000, 700, 1500, 3000][random.below(6)] * MS;
        let pause = if random.one_in(3) { random.below(30) as u64 * SECOND } else { 0 };
        let (turn, end) = (2000 * SECOND + random.below(30) as u64 * SECOND, 2060 * SECOND);
        let mut paused = false;
        while now_ns < end {
            all.push(read(1 + link as u8 / 8, 100 + link as u8 % 8, poll * 10, poll * 10 + 9).at(now_ns));
            now_ns += if now_ns < turn { SECOND } else { pace };
            if now_ns > turn && !paused {
                paused = true;
                now_ns += pause;
            }
        }
    }
    all.sort_by_key(|message| message.ts_ns);
    all
}

struct Room {
    baseline: Baseline,
    shards: Vec<Periods>,
    found: Vec<TimedFinding>,
    next_tick_ns: u64,
}

impl Room {
    fn new(baseline: &Baseline, of: usize) -> Self {
        let periods = |number| Periods::new(baseline, PeriodSettings::default(), Shard { number, of });
        let shards = (0..of).map(periods).collect();
        Self { baseline: baseline.clone(), shards, found: Vec::new(), next_tick_ns: 0 }
    }

    /// A tick on a grid of a tenth of a second, only where something is due.
    fn time(&mut self, now_ns: u64) {
        if now_ns < self.next_tick_ns {
            return;
        }
        self.next_tick_ns = (now_ns / (100 * MS) + 1) * 100 * MS;
        for periods in &mut self.shards {
            if periods.next_due_ns().is_some_and(|due_ns| due_ns <= now_ns) {
                periods.tick(now_ns, &mut self.found);
            }
        }
    }

    fn message(&mut self, message: &Message) {
        self.time(message.ts_ns);
        let (client, server) = (message.client.ip, message.server.ip);
        let link = self.baseline.link(0, client, server, "modbus");
        let shard = shard_of(0, client, server) % self.shards.len();
        let event = message.event();
        let (_, polled) = self.baseline.assess_poll(link, &event, &mut Vec::new());
        self.shards[shard].observe_polled(link, polled, &event, message.ts_ns, &mut self.found);
    }

    fn run(&mut self, messages: &[Message], until_ns: u64) {
        messages.iter().for_each(|message| self.message(message));
        let from = messages.last().map_or(until_ns, |message| message.ts_ns) / (100 * MS);
        (from..=until_ns / (100 * MS)).for_each(|tenth| self.time(tenth * 100 * MS));
    }

    /// As a process that ends and one that begins.
    fn restarted(self) -> Self {
        let of = self.shards.len();
        let again = |(number, periods): (usize, Periods)| {
            let bytes = periods.snapshot();
            let shard = Shard { number, of };
            let back = Periods::restore(&self.baseline, PeriodSettings::default(), shard, &bytes).unwrap();
            assert_eq!(back.snapshot(), bytes, "nothing is lost or added on the way");
            back
        };
        let shards = self.shards.into_iter().enumerate().map(again).collect();
        Self { shards, ..Room { baseline: self.baseline, shards: Vec::new(), found: self.found, next_tick_ns: 0 } }
    }

    fn sorted(mut self) -> Vec<String> {
        self.found.sort_by_key(|finding| (finding.ts_ns, finding.client_ip, finding.server_ip, finding.key));
        self.found.iter().map(|finding| format!("{finding:?}")).collect()
    }

    fn told(&self, cause: &str) -> usize {
        self.found.iter().filter(|finding| finding.cause == cause).count()
    }
}

#[test]
fn shards_find_what_one_room_finds() {
    let baseline = learned(&plant(SECOND, 300));
    for seed in 0..5 {
        let messages = trouble(&mut Random::new(seed));
        let mut one = Room::new(&baseline, 1);
        one.run(&messages, 2100 * SECOND);
        assert!(["period:stopped", "period:resumed", "period:slower", "period:faster"].iter().all(|c| one.told(c) > 0));
        let expected = one.sorted();
        for of in [SHARDS, 7] {
            let mut many = Room::new(&baseline, of);
            many.run(&messages, 2100 * SECOND);
            assert_eq!(many.sorted(), expected);
        }
    }
}

#[test]
fn a_stop_is_told_once_across_a_restart() {
    let baseline = learned(&plant(SECOND, 300));
    let mut room = Room::new(&baseline, SHARDS);
    let alive = |messages: Vec<Message>, servers: u8| -> Vec<Message> {
        let end = |message: &Message| match message.server.ip {
            std::net::IpAddr::V4(ip) => ip.octets()[3],
            std::net::IpAddr::V6(_) => 0,
        };
        messages.into_iter().filter(|message| end(message) < 100 + servers).collect()
    };
    room.run(&plant(2000 * SECOND, 10), 2009 * SECOND);
    assert_eq!(room.found.len(), 0);
    // A quarter of the plant goes silent, and is told.
    room.run(&alive(plant(2010 * SECOND, 10), 6), 2019 * SECOND + 500 * MS);
    assert_eq!((room.told("period:stopped"), room.found.len()), (32, 32));
    // An hour later the sensor is back: half of the plant is silent by now.
    let mut room = room.restarted();
    let later = 2020 * SECOND + 3600 * SECOND;
    room.run(&alive(plant(later, 20), 4), later + 20 * SECOND);
    assert_eq!((room.told("period:stopped"), room.found.len()), (64, 64), "the other quarter, and nothing twice");
    // Both come back, after one more restart.
    let mut room = room.restarted();
    room.run(&plant(later + 30 * SECOND, 20), later + 50 * SECOND);
    assert_eq!((room.told("period:resumed"), room.found.len()), (64, 128));
}

#[test]
fn what_is_the_same_in_another_baseline_lives_on() {
    let polls = plant(SECOND, 300);
    let baseline = learned(&polls);
    // Another day's learning: one link more, another pace of the polls of server 100.
    let mut more: Vec<Message> = Vec::new();
    for message in plant(SECOND, 600) {
        let slow = message.server.ip == read(1, 100, 0, 0).server.ip;
        if slow || message.ts_ns < 301 * SECOND {
            let ts_ns = if slow { SECOND + (message.ts_ns - SECOND) * 2 } else { message.ts_ns };
            more.push(message.at(ts_ns));
        }
    }
    more.extend((0..300).map(|round| read(1, 200, 0, 9).at(SECOND + round * SECOND)));
    let other = learned(&more);
    let mut room = Room::new(&baseline, SHARDS);
    room.run(&plant(2000 * SECOND, 10), 2009 * SECOND + 500 * MS);
    room.shards = room.shards.into_iter().map(|periods| periods.reloaded(&other)).collect();
    room.baseline = other;
    // Nothing comes any more. What is unchanged has stopped; of the rest nothing is known yet.
    room.run(&[], 2030 * SECOND);
    assert_eq!((room.told("period:stopped"), room.found.len()), (112, 112));
    let silent = |finding: &TimedFinding| finding.server_ip != read(1, 100, 0, 0).server.ip;
    assert!(room.found.iter().all(silent));
    // Loading the same once more changes nothing.
    let before: Vec<Vec<u8>> = room.shards.iter().map(Periods::snapshot).collect();
    let again: Vec<Periods> = room.shards.into_iter().map(|periods| periods.reloaded(&room.baseline)).collect();
    assert_eq!(again.iter().map(Periods::snapshot).collect::<Vec<_>>(), before);
}

#[test]
fn hostile_saved_states_are_refused_and_never_panic() {
    let baseline = learned(&plant(SECOND, 300));
    let mut room = Room::new(&baseline, 1);
    room.run(&plant(2000 * SECOND, 3), 2003 * SECOND);
    let bytes = room.shards[0].snapshot();
    let restore = |bytes: &[u8]| Periods::restore(&baseline, PeriodSettings::default(), Shard::ALL, bytes);
    assert!(restore(&bytes).is_ok());
    for length in (0..bytes.len()).step_by(97).chain(bytes.len() - 40..bytes.len()) {
        assert!(restore(&bytes[..length]).is_err(), "cut at {length}");
    }
    let mut random = Random::new(11);
    let seal = |content: &[u8]| [content, sha2::Sha256::digest(content).as_slice()].concat();
    use sha2::Digest;
    for _ in 0..5000 {
        let mut hostile = bytes.clone();
        let place = random.below(hostile.len());
        hostile[place] ^= 1 << random.below(8);
        assert!(restore(&hostile).is_err());
        // With a digest that is right.
        let content = hostile.len() - 32;
        let mut back = match restore(&seal(&hostile[..content])) {
            Ok(back) => back,
            Err(error) => {
                assert!(!error.contains('\n'));
                continue;
            }
        };
        back.tick(3000 * SECOND, &mut Vec::new());
    }
}
