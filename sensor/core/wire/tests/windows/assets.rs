//! What is said of a station: sums over its conversations, by hand.

use wire::value::{Class, Outcome};
use wire::windows::{merge_assets, AssetRow, Closed, Windows, ASSET_FEATURES};

use crate::messages::{read, request, write, Message, SECOND};

pub fn feature(row: &AssetRow, name: &str) -> f64 {
    row.features[ASSET_FEATURES.iter().position(|known| *known == name).unwrap()]
}

fn run(messages: &[Message], end_ns: u64) -> Vec<AssetRow> {
    let mut windows = Windows::new(10 * SECOND, 1000);
    let mut closed = Closed::default();
    windows.tick(10 * SECOND, &mut closed);
    for message in messages {
        let mut mark = 0;
        windows.observe(&message.event(), message.ts_ns, &mut mark);
        if message.record.operation == 8 {
            windows.retransmission(mark);
            windows.gap(mark, 100);
        }
    }
    windows.tick(end_ns, &mut closed);
    merge_assets(closed.assets)
}

#[test]
fn a_station_is_the_sum_of_its_conversations() {
    let asked = read(1, 10, 0, 9).at(10 * SECOND);
    let mut refused = asked.answer(11 * SECOND);
    refused.record.outcome = Outcome::Failure;
    refused.bytes = vec![0; 30];
    let messages = [
        asked,
        refused,
        write(1, 10, 5, 5).at(11 * SECOND),
        // The same pair, the other way round, is no other peer.
        read(10, 1, 0, 9).at(12 * SECOND),
        read(1, 11, 0, 9).at(13 * SECOND),
        request(1, 11, 8, Class::Diagnose).at(19 * SECOND),
    ];
    let rows = run(&messages, 20 * SECOND);
    let hosts: Vec<String> = rows.iter().map(|row| row.ip.to_string()).collect();
    assert_eq!(hosts, ["192.168.1.1", "192.168.1.10", "192.168.1.11"]);
    assert!(rows.iter().all(|row| (row.start_ns, row.end_ns) == (10 * SECOND, 20 * SECOND)));
    let expected: [(&str, [f64; 3]); 13] = [
        ("messages", [6.0, 4.0, 2.0]),
        ("bytes", [90.0, 66.0, 24.0]),
        ("peers", [2.0, 1.0, 1.0]),
        ("new_peers", [2.0, 1.0, 1.0]),
        ("protocols", [1.0, 1.0, 1.0]),
        ("requests_as_client", [4.0, 1.0, 0.0]),
        ("requests_as_server", [1.0, 2.0, 2.0]),
        ("failures", [1.0, 1.0, 0.0]),
        ("writes", [1.0, 1.0, 0.0]),
        ("retransmissions", [1.0, 0.0, 1.0]),
        ("gap_bytes", [100.0, 0.0, 100.0]),
        // Eighths of 1.25 s: three messages until 11.25 s.
        ("peak", [3.0, 3.0, 1.0]),
        // 3/5, 1/5, 1/5; 2/3, 1/3; 1/2, 1/2
        ("operation_entropy", [1.370_951, 0.918_296, 1.0]),
    ];
    assert_eq!(expected.map(|(name, _)| name), ASSET_FEATURES);
    for (name, values) in expected {
        assert_eq!(rows.iter().map(|row| feature(row, name)).collect::<Vec<_>>(), values, "{name}");
    }
}

#[test]
fn a_peer_is_new_when_it_was_not_spoken_with_in_the_window_before() {
    let of = |server: u8, seconds: u64| read(1, server, 0, 9).at(seconds * SECOND);
    // 20 s: 10 again, 11 new. 30 s: nothing. 40 s: both new again.
    let rows = run(&[of(10, 10), of(10, 20), of(11, 21), of(10, 40), of(11, 41)], 50 * SECOND);
    let client: Vec<(u64, f64, f64)> = rows
        .iter()
        .filter(|row| row.ip.to_string() == "192.168.1.1")
        .map(|row| (row.start_ns / SECOND, feature(row, "peers"), feature(row, "new_peers")))
        .collect();
    assert_eq!(client, [(10, 1.0, 1.0), (20, 2.0, 1.0), (40, 2.0, 2.0)]);
}

#[test]
fn who_spoke_in_the_first_part_of_a_window_is_not_new_in_the_next() {
    let mut windows = Windows::new(10 * SECOND, 1000);
    let mut closed = Closed::default();
    windows.tick(13 * SECOND, &mut closed);
    for seconds in [14, 24] {
        windows.observe(&read(1, 10, 0, 9).event(), seconds * SECOND, &mut 0);
    }
    windows.tick(30 * SECOND, &mut closed);
    let rows = merge_assets(closed.assets);
    assert_eq!(
        rows.iter().map(|row| (row.start_ns / SECOND, feature(row, "new_peers"))).collect::<Vec<_>>(),
        [(20, 0.0), (20, 0.0)]
    );
}

#[test]
fn a_station_that_speaks_with_itself_is_counted_once() {
    let rows = run(&[read(7, 7, 0, 9).at(10 * SECOND)], 20 * SECOND);
    assert_eq!(rows.len(), 1);
    let of = |name| feature(&rows[0], name);
    assert_eq!((of("messages"), of("peers"), of("requests_as_client"), of("requests_as_server")), (1.0, 0.0, 1.0, 1.0));
}

#[test]
fn a_scanner_shows_in_its_peers() {
    let scan: Vec<Message> = (2..=200).map(|server| read(1, server, 0, 9).at(11 * SECOND)).collect();
    let rows = run(&scan, 20 * SECOND);
    assert_eq!((feature(&rows[0], "peers"), feature(&rows[0], "new_peers")), (199.0, 199.0));
    assert!(rows[1..].iter().all(|row| feature(row, "peers") == 1.0));
}
