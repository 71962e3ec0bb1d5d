//! ICMP for IPv4 and IPv6.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod reading;

use reading::{bytes, talk, talk_over};
use wire::protocol::{Step, ICMP6};

#[test]
fn echoes_pair_by_identifier_and_sequence() {
    for (transport, asks, answers, operation) in [(1, "08", "00", 8), (ICMP6, "80", "81", 128)] {
        let mut talk = talk_over("icmp", transport);
        // type, code, checksum | identifier | sequence | data
        let asked = talk.client(&format!("{asks} 00 0000 1234 0007 6f747573"));
        asked.clean().fields(&[
            ("icmp.code_name", "none"),
            ("icmp.identifier", "4660"),
            ("icmp.sequence", "7"),
            ("icmp.data_length", "4"),
        ]);
        let told = talk.server(&format!("{answers} 00 0000 1234 0007 6f747573"));
        told.clean();
        assert_eq!((asked.name, told.name), ("echo_request", "echo_reply"));
        assert_eq!((asked.operation, told.operation), (operation, operation));
        assert_eq!((asked.role, told.role, told.outcome), ("request", "response", "success"));
        assert!(asked.reference.is_some() && asked.reference == told.reference);
        let other = talk.server(&format!("{answers} 00 0000 1234 0008"));
        assert_ne!(asked.reference, other.reference);
    }
}

#[test]
fn an_error_tells_whose_datagram_it_quotes() {
    // Port unreachable, with the header of UDP from 10.0.0.1:53000 to 10.0.0.2:161.
    let seen = talk("icmp").server(
        "03 03 0000 00000000
         45 00 0030 0001 0000 40 11 0000 0a000001 0a000002
         cf08 00a1 001c 0000",
    );
    assert_eq!((seen.clean().name, seen.role, seen.class), ("destination_unreachable", "unsolicited", "diagnose"));
    seen.fields(&[
        ("icmp.code_name", "port_unreachable"),
        ("icmp.quoted.source_ip", "10.0.0.1"),
        ("icmp.quoted.destination_ip", "10.0.0.2"),
        ("icmp.quoted.protocol", "17"),
        ("icmp.quoted.source_port", "53000"),
        ("icmp.quoted.destination_port", "161"),
    ]);
}

#[test]
fn a_quoted_fragment_and_options_have_no_ports_in_the_wrong_place() {
    // Fragmentation needed, next MTU 1400; the quote is a fragment at offset 8.
    let seen = talk("icmp")
        .server("03 04 0000 0000 0578  45 00 0030 0001 0001 40 06 0000 0a000001 0a000002 cf08 00a1 0000 0000");
    seen.clean().fields(&[("icmp.mtu", "1400"), ("icmp.quoted.protocol", "6")]);
    assert!(!seen.fields.contains_key("icmp.quoted.source_port"));
    // Four bytes of options before the ports.
    let seen = talk("icmp")
        .server("0b 00 0000 00000000  46 00 0030 0001 0000 01 06 0000 0a000001 0a000002 01010100 1000 01f6 00000000");
    seen.clean().fields(&[("icmp.code_name", "in_transit"), ("icmp.quoted.destination_port", "502")]);
}

#[test]
fn redirects_name_the_new_gateway() {
    let seen = talk("icmp")
        .server("05 01 0000 0a0000fe  45 00 001c 0001 0000 40 01 0000 0a000001 0a010002 0800 0000 0001 0001");
    assert_eq!((seen.clean().name, seen.class), ("redirect", "control"));
    seen.fields(&[
        ("icmp.code_name", "for_host"),
        ("icmp.gateway", "10.0.0.254"),
        ("icmp.quoted.destination_ip", "10.1.0.2"),
    ]);
    // IPv6: the next hop, then the address it leads to, and the hop's MAC.
    let seen = talk_over("icmp", ICMP6).server(
        "89 00 0000 00000000 fe80 000000000000 0000000000000001 fd00 000000000000 0000000000000009
         02 01 020000000009",
    );
    seen.clean().fields(&[
        ("icmp.gateway", "fe80::1"),
        ("icmp.target", "fd00::9"),
        ("icmp.target_mac", "02:00:00:00:00:09"),
    ]);
}

#[test]
fn routers_of_ipv4() {
    // Two routers of two words each, lifetime 1800.
    let seen = talk("icmp").server("09 00 0000 02 02 0708 0a000001 00000000 0a000002 80000000");
    seen.clean().fields(&[("icmp.routers", "[10.0.0.1, 10.0.0.2]"), ("icmp.router_lifetime_s", "1800")]);
    let seen = talk("icmp").server("09 00 0000 05 02 0708 0a000001 00000000");
    assert_eq!((seen.field("icmp.routers"), seen.flaws.as_slice()), ("[10.0.0.1]", &["icmp.bad_count"][..]));
    let seen = talk("icmp").server("12 00 0000 0001 0002 ffffff00");
    assert_eq!((seen.clean().field("icmp.mask"), seen.operation), ("255.255.255.0", 17));
}

#[test]
fn neighbors_and_routers_of_ipv6() {
    let mut talk = talk_over("icmp", ICMP6);
    // Solicitation for fd00::2, with the asker's MAC.
    let seen = talk.client("87 00 0000 00000000 fd00 0000000000000000000000000002 01 01 020000000001");
    assert_eq!((seen.clean().name, seen.role), ("neighbor_solicitation", "other"));
    seen.fields(&[("icmp.target", "fd00::2"), ("icmp.source_mac", "02:00:00:00:00:01")]);
    // Advertisement: router, solicited, not overriding.
    let seen = talk.server("88 00 0000 c0000000 fd00 0000000000000000000000000002 02 01 020000000002");
    seen.clean().fields(&[
        ("icmp.router", "true"),
        ("icmp.solicited", "true"),
        ("icmp.override", "false"),
        ("icmp.target_mac", "02:00:00:00:00:02"),
    ]);
    // Router: hop limit 64, managed, lifetime 1800, timers; its MAC, MTU 1500, two prefixes, a name server.
    let seen = talk.server(
        "86 00 0000 40 80 0708 00000000 00000000
         01 01 020000000009
         05 01 0000 000005dc
         03 04 40 c0 00000e10 00000e10 00000000 fd00 0000000000000000000000000000
         19 03 0000 00000708 fd00 0000000000000000000000000053
         03 04 30 c0 00000e10 00000e10 00000000 fd01 0000000000000000000000000000",
    );
    seen.clean().fields(&[
        ("icmp.router_lifetime_s", "1800"),
        ("icmp.managed", "true"),
        ("icmp.source_mac", "02:00:00:00:00:09"),
        ("icmp.mtu", "1500"),
        ("icmp.prefixes", "[fd00::/64, fd01::/48]"),
        ("icmp.dns_servers", "[fd00::53]"),
    ]);
    // Listener report, version 2: one record, no sources.
    let seen = talk.client("8f 00 0000 0000 0001 04 00 0000 ff02 000000000000000000000001 0002");
    seen.clean().fields(&[("icmp.groups", "[ff02::1:2]")]);
}

#[test]
fn what_is_odd_is_told() {
    for (transport, text, flaw) in [
        (1, "c8 00 0000", "icmp.unknown_type"),
        (1, "08 05 0000 0001 0001", "icmp.unknown_code"),
        (1, "08 00 0000 0001", "icmp.short_message"),
        (1, "03 01 0000 00000000 99 00 0000", "icmp.bad_quote"),
        (1, "03 01 0000 00000000", "icmp.bad_quote"),
        (ICMP6, "87 00 0000 00000000 fd00 0000000000000000000000000002 01 00 020000000001", "icmp.bad_option"),
        (ICMP6, "87 00 0000 00000000 fd00 0000000000000000000000000002 01 09 020000000001", "icmp.bad_option"),
        (ICMP6, "87 00 0000 00000000 ff02 0000000000000000000000000002", "icmp.group_target"),
        (ICMP6, "8f 00 0000 0000 0002 04 00 0000 ff02 0000000000000000000000000016", "icmp.bad_count"),
    ] {
        assert_eq!(talk_over("icmp", transport).client(text).flaws, [flaw], "{text}");
    }
    let mut large = bytes("08 00 0000 0001 0001");
    large.resize(8 + 1472, 0);
    assert!(talk("icmp").read(&large, true, false).flaws.is_empty());
    large.push(0);
    assert_eq!(talk("icmp").read(&large, true, false).flaws, ["icmp.oversize"]);
    assert_eq!(talk("icmp").client("0800").step, Step::Lost { used: 2 });
}

#[test]
fn a_quote_of_ipv6_is_followed_through_its_headers() {
    // Packet too big, MTU 1280: hop by hop options before UDP from port 5000 to 502.
    let seen = talk_over("icmp", ICMP6).server(
        "02 00 0000 00000500
         60000000 0010 00 40 fd00 0000000000000000000000000001 fd00 0000000000000000000000000002
         11 00 0104 00000000 1388 01f6 0008 0000",
    );
    seen.clean().fields(&[
        ("icmp.mtu", "1280"),
        ("icmp.quoted.protocol", "17"),
        ("icmp.quoted.source_port", "5000"),
        ("icmp.quoted.destination_port", "502"),
    ]);
}

/// The walk over all protocols takes each over its first transport only.
#[test]
fn every_prefix_and_flip_of_neighbor_discovery_is_survived() {
    let message = bytes(
        "86 00 0000 40 80 0708 00000000 00000000 01 01 020000000009 05 01 0000 000005dc
         03 04 40 c0 00000e10 00000e10 00000000 fd00 0000000000000000000000000000",
    );
    for end in 4..=message.len() {
        for at in 0..end {
            for flip in [0x01, 0x80, 0xff] {
                let mut broken = message[..end].to_vec();
                broken[at] ^= flip;
                let seen = talk_over("icmp", ICMP6).read(&broken, true, false);
                assert_eq!(seen.step, Step::Message { used: end });
            }
        }
    }
}
