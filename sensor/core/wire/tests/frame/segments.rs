//! Which part of the plant a frame belongs to, and the sign that parts should be told apart.

use std::net::IpAddr;

use wire::frame::{Frame, Path};
use wire::ledger::Ledger;
use wire::segments::{Doubles, Entry, Segments};

use crate::build::*;

fn path_of(data: &[u8]) -> Path {
    with(data, |_, path, _| *path)
}

fn entries(json: &str) -> Vec<Entry> {
    serde_json::from_str(json).unwrap()
}

#[test]
fn without_a_table_everything_is_one_segment() {
    let segments = Segments::new("plant", &[], &[]).unwrap();
    assert_eq!((segments.of(3, Some(7), &Path::default()), segments.names()), (0, &["plant".to_owned()][..]));
}

#[test]
fn the_first_line_that_fits_counts() {
    let table = entries(
        r#"[{"name": "cell 1", "vlan": 11}, {"name": "cell 2", "vlan": 12, "interface": "b"},
            {"name": "slice", "teid": 5}, {"name": "overlay", "vni": 70}, {"name": "plant", "vlan": 13},
            {"name": "cell 1", "interface": "b"}, {"name": "never", "vlan": 11}, {"name": "gone", "interface": "c"}]"#,
    );
    let segments = Segments::new("plant", &table, &["a".into(), "b".into()]).unwrap();
    let name = |input, vlan, path: &Path| segments.names()[usize::from(segments.of(input, vlan, path))].clone();
    let none = Path::default();
    assert_eq!(name(0, None, &none), "plant");
    assert_eq!(name(0, Some(11), &none), "cell 1");
    assert_eq!(name(0, Some(12), &none), "plant");
    assert_eq!(name(1, Some(12), &none), "cell 2");
    assert_eq!(name(1, Some(13), &none), "plant", "by its line, before the interface's");
    assert_eq!(name(1, None, &none), "cell 1");
    assert_eq!(name(1, Some(99), &none), "cell 1");
    assert_eq!(name(0, None, &path_of(&over_udp(2152, &gtpu(0, 5, &[], &inner_ip())))), "slice");
    assert_eq!(name(0, None, &path_of(&over_udp(2152, &gtpu(0, 6, &[], &inner_ip())))), "plant");
    assert_eq!(name(0, None, &path_of(&over_udp(4789, &vxlan(70, &inner())))), "overlay");
    assert_eq!(name(0, None, &path_of(&over_udp(6081, &geneve(0x6558, 70, &[], &inner())))), "overlay");
    assert_eq!(name(0, Some(11), &path_of(&over_udp(4789, &vxlan(70, &inner())))), "cell 1");
}

#[test]
fn a_tag_outside_counts_too_and_the_innermost_network() {
    let table = entries(r#"[{"name": "cell", "vlan": 5}, {"name": "inner", "vni": 1}, {"name": "outer", "vni": 2}]"#);
    let segments = Segments::new("plant", &table, &[]).unwrap();
    let stacked = path_of(&ethernet(9, 0x88a8, &tag(5, 0x8100, &tag(77, 0x0800, &inner_ip()))));
    assert_eq!(segments.of(0, Some(77), &stacked), 1);
    let tagged = ethernet(1, 0x8100, &tag(5, 0x0800, &v4(1, 17, &udp(5, 4789, &vxlan(2, &inner())))));
    assert_eq!(segments.of(0, None, &path_of(&tagged)), 1);
    let nested = over_udp(4789, &vxlan(2, &over_udp(4789, &vxlan(1, &inner()))));
    assert_eq!(segments.names()[usize::from(segments.of(0, None, &path_of(&nested)))], "inner");
}

#[test]
fn a_line_with_a_word_nobody_knows_is_refused() {
    assert!(serde_json::from_str::<Entry>(r#"{"name": "a", "vlna": 3}"#).is_err());
}

#[test]
fn one_address_behind_two_stations_is_told_once() {
    let (mut doubles, mut ledger) = (Doubles::default(), Ledger::default());
    let ip = IpAddr::from([192, 168, 0, 1]);
    let mut see = |segment, mac: u8, vlan, ttl| {
        let data = inner();
        let source_mac = [2, 0, 0, 0, 0, mac];
        doubles.see(segment, &Frame { source: ip, source_mac, vlan, ttl, ..frame(&data).0 }, &mut ledger);
        ledger.notes.address_conflicts
    };
    assert_eq!(see(0, 1, Some(11), 64), 0);
    assert_eq!(see(0, 9, Some(12), 63), 0, "forwarded by a router");
    assert_eq!(see(0, 1, Some(12), 64), 0, "the same station in another VLAN");
    assert_eq!(see(0, 2, Some(12), 64), 0, "a pair in one VLAN: nothing was remembered before a second VLAN was seen");
    assert_eq!(see(1, 3, Some(11), 128), 0, "another segment");
    assert_eq!(see(0, 3, Some(11), 128), 1);
    assert_eq!(see(0, 4, Some(13), 128), 1, "once for each address");
}

#[test]
fn an_untagged_plant_has_no_conflicts_and_costs_nothing() {
    let (mut doubles, mut ledger) = (Doubles::default(), Ledger::default());
    for mac in 0..100 {
        let data = inner();
        doubles.see(0, &Frame { source_mac: [2, 0, 0, 0, 0, mac], ttl: 64, ..frame(&data).0 }, &mut ledger);
    }
    assert_eq!(ledger.notes.address_conflicts, 0);
}
