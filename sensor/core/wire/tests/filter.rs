//! The filter language: what it keeps, and what it says about a mistake.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![allow(clippy::cast_possible_truncation)]

use wire::filter::{Fact, Filter};

fn modbus() -> Fact {
    Fact {
        source: Some("10.0.0.1".parse().unwrap()),
        destination: Some("10.0.1.2".parse().unwrap()),
        source_port: Some(50_000),
        destination_port: Some(502),
        vlan: Some(12),
        transport: Some(6),
        ethertype: 0x0800,
        application: None,
    }
}

#[test]
fn keeps_what_it_says() {
    for (text, expected) in [
        ("host 10.0.0.1", true),
        ("host 10.0.0.3", false),
        ("src host 10.0.1.2", false),
        ("dst host 10.0.1.2", true),
        ("net 10.0.1.0/24", true),
        ("src net 10.0.1.0/24", false),
        ("net 10.0.1.77/24", true), // bits behind the prefix do not matter
        ("net ::/0", false),
        ("port 502", true),
        ("port 500-503 and dst port 502", true),
        ("src port 502", false),
        ("vlan 12", true),
        ("vlan 13", false),
        ("protocol tcp", true),
        ("protocol udp or protocol icmp or protocol arp", false),
        ("protocol modbus", true),
        ("protocol s7comm", false),
        ("not host 10.0.0.1 or port 502", true), // not binds first
        ("port 1 and port 2 or port 502", true), // and before or
        ("port 502 or port 1 and port 2", true),
        ("(port 502 or port 1) and vlan 3", false),
        ("!(vlan 3)&& port 502", true),
    ] {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.keeps(&modbus()), expected, "{text}");
    }
}

#[test]
fn a_bound_conversation_beats_the_port() {
    let filter = Filter::parse("protocol modbus").unwrap();
    assert!(!filter.keeps(&Fact { application: Some("opcua"), ..modbus() }));
    assert!(filter.keeps(&Fact { application: Some("modbus"), destination_port: Some(5020), ..modbus() }));
}

#[test]
fn a_frame_without_addresses_fits_nothing_but_what_it_has() {
    let arp = Fact { ethertype: 0x0806, ..Fact::default() };
    assert!(Filter::parse("protocol arp and not port 502 and not host 10.0.0.1").unwrap().keeps(&arp));
    assert!(!Filter::parse("net 0.0.0.0/0 or vlan 0 or protocol tcp").unwrap().keeps(&arp));
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (text, expected) in [
        ("", "expected host, net, port"),
        ("port", "expected a port"),
        ("port 70000", "position 6: expected a port or range"),
        ("port 10-5", "position 6"),
        ("host 10.0.0.0/8", "a network takes net"),
        ("host 主机 and port 502", "position 6"),
        ("net 10.0.0.0/64", "position 5: expected a network"),
        ("vlan 4096", "0 to 4095"),
        ("protocol mobdus", "expected tcp, udp, icmp, arp, opcua, s7comm, "),
        ("port 502 port 503", "position 10: expected and, or, or the end"),
        ("(port 502", "expected and, or, or ) at the end"),
        ("port 502)", "position 9"),
        ("src vlan 3", "position 5: expected host, net or port after src or dst"),
        ("port 502 and", "expected host"),
    ] {
        let error = Filter::parse(text).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
    assert!(Filter::parse(&("(".repeat(100_000) + "port 1")).unwrap_err().contains("levels"));
    assert!(Filter::parse(&"not ".repeat(100_000)).unwrap_err().contains("levels"));
}
