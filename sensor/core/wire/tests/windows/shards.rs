//! Sixty-four windows say the same as one, however often they are ticked.

use wire::hash::{shard_of, SHARDS};
use wire::value::{Class, Outcome};
use wire::windows::{merge_assets, merge_rows, AssetRow, Closed, Row, Windows};

use crate::messages::{read, request, write, Message, SECOND};

const WINDOW: u64 = 2 * SECOND;

/// Not random, and without a pattern.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// Some 60 s of traffic between 40 stations in two segments, with pauses longer than a window.
fn traffic(seed: u64) -> Vec<Message> {
    let mut draw = Draw(seed);
    let mut now_ns = 100 * SECOND + draw.below(SECOND);
    let mut messages = Vec::new();
    for _ in 0..6000 {
        now_ns += match draw.below(1000) {
            0 => draw.below(7 * SECOND),
            _ => draw.below(10_000_000),
        };
        let (client, server) = (draw.below(40) as u8, draw.below(8) as u8);
        let start = draw.below(120);
        let mut asked = match draw.below(6) {
            0 => write(client, server, start, start),
            1 => request(client, server, draw.below(90) as u32, Class::Discover),
            _ => read(client, server, start, start + 9),
        }
        .at(now_ns);
        asked.segment = draw.below(2) as u16;
        if draw.below(10) > 0 {
            let mut answer = asked.answer(now_ns + draw.below(40_000_000));
            answer.bytes = vec![0; draw.below(200) as usize];
            if draw.below(9) == 0 {
                answer.record.outcome = Outcome::Failure;
            }
            messages.push(answer);
        }
        messages.push(asked);
    }
    messages.sort_by_key(|message| message.ts_ns);
    messages
}

/// Run with so many shards. `tick_ns`: the grid on which due shards are ticked; zero: only at the beginning and end.
fn run(messages: &[Message], shards: usize, tick_ns: u64) -> (Vec<Row>, Vec<AssetRow>) {
    let mut all: Vec<Windows> = (0..shards).map(|_| Windows::new(WINDOW, 10_000)).collect();
    let mut outputs = vec![Closed::default(); shards];
    let mut ticked_ns = 0;
    for message in messages {
        let now_ns = message.ts_ns;
        if ticked_ns == 0 || (tick_ns > 0 && now_ns >= ticked_ns + tick_ns) {
            ticked_ns = now_ns;
            for (windows, out) in all.iter_mut().zip(&mut outputs) {
                if windows.next_due_ns() <= now_ns {
                    windows.tick(now_ns, out);
                }
            }
        }
        let shard = shard_of(message.segment, message.client.ip, message.server.ip) % shards;
        let mut mark = 0;
        all[shard].observe(&message.event(), now_ns, &mut mark);
        if message.ts_ns % 13 == 0 {
            all[shard].retransmission(mark);
        }
    }
    let end_ns = messages.last().unwrap().ts_ns + 2 * WINDOW;
    all.iter_mut().zip(&mut outputs).for_each(|(windows, out)| windows.tick(end_ns, out));
    assert!(outputs.iter().all(|out| out.refused == 0));
    let (rows, assets): (Vec<_>, Vec<_>) = outputs.into_iter().map(|out| (out.rows, out.assets)).unzip();
    (merge_rows(rows), merge_assets(assets.into_iter().flatten().collect()))
}

#[test]
fn shards_and_ticks_change_nothing() {
    for seed in 1..=3 {
        let messages = traffic(seed);
        let whole = run(&messages, 1, SECOND / 10);
        assert!(whole.0.len() > 1000 && whole.1.len() > 500, "{} {}", whole.0.len(), whole.1.len());
        for (shards, tick_ns) in [(SHARDS, SECOND / 10), (SHARDS, 0), (SHARDS, 3 * WINDOW), (7, SECOND), (1, 0)] {
            assert_eq!(run(&messages, shards, tick_ns), whole, "{shards} shards, ticked every {tick_ns} ns");
        }
    }
}

#[test]
fn a_station_is_the_sum_of_the_rows_of_its_conversations() {
    let (rows, assets) = run(&traffic(9), SHARDS, SECOND / 10);
    for asset in &assets {
        let own = |client: bool, row: &&Row| {
            let ip = if client { row.client_ip } else { row.server_ip };
            (row.end_ns, row.segment, ip) == (asset.end_ns, asset.segment, asset.ip)
        };
        let sum = |client: bool, name: &str| {
            let of = |row: &Row| crate::conversations::feature(row, name);
            rows.iter().filter(|row| own(client, row)).map(of).sum::<f64>()
        };
        let of = |name| crate::assets::feature(asset, name);
        assert_eq!(of("requests_as_client"), sum(true, "requests"));
        assert_eq!(of("requests_as_server"), sum(false, "requests"));
        // Who speaks with itself is in both sums.
        let itself = rows.iter().filter(|row| own(true, row) && own(false, row));
        let twice = itself.map(|row| crate::conversations::feature(row, "writes")).sum::<f64>();
        assert_eq!(of("writes"), sum(true, "writes") + sum(false, "writes") - twice);
    }
}
