//! DHCP for IPv4 and IPv6.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod reading;

use std::net::IpAddr;

use reading::{bytes, protocol, talk};
use wire::event::Endpoint;
use wire::protocol::{Context, Probe, Step, UDP};
use wire::site::Site;
use wire::value::{Record, Value};

/// op | addresses of client, offered, next server, relay | options; transaction 0x3903f326, MAC 02:00:00:00:00:01.
fn four(op: &str, addresses: &str, options: &str) -> String {
    let zeros = "00".repeat(192);
    format!("{op} 01 06 00 3903f326 0000 0000 {addresses} 020000000001 00000000000000000000 {zeros} 63825363 {options}")
}

const NONE: &str = "00000000 00000000 00000000 00000000";

#[test]
fn a_client_says_who_it_is_and_what_it_wants() {
    // discover | name plc | class MSFT | wants 10.0.0.7 | id 01 and the MAC | list 1, 3, 6 | end
    let seen = talk("dhcp").client(&four(
        "01",
        NONE,
        "350101 0c03706c63 3c044d534654 32040a000007 3d0701020000000001 3703010306 ff",
    ));
    assert_eq!((seen.clean().name, seen.role, seen.operation, seen.reference), ("discover", "request", 1, None));
    seen.fields(&[
        ("dhcp.ip_version", "4"),
        ("dhcp.transaction_id", "956560166"),
        ("dhcp.client_mac", "02:00:00:00:00:01"),
        ("dhcp.host_name", "plc"),
        ("dhcp.vendor_class", "MSFT"),
        ("dhcp.requested_ip", "10.0.0.7"),
        ("dhcp.client_id", "01020000000001"),
        ("dhcp.parameters", "[1, 3, 6]"),
    ]);
}

#[test]
fn a_server_says_what_the_client_is_to_use() {
    // acknowledge | server | mask | router | two DNS | NTP | lease 3600 | domain | proxy | route 10.1/16 via 10.0.0.254
    let seen = talk("dhcp").server(&four(
        "02",
        "00000000 0a000007 0a000003 00000000",
        "350105 36040a000002 0104ffffff00 03040a0000fe 06080a0000350a000036 2a040a00007b 33040000 0e10
         0f05706c616e74 fc0b687474703a2f2f782f7077 7907100a010a0000fe ff",
    ));
    assert_eq!((seen.clean().name, seen.role, seen.outcome), ("acknowledge", "response", "success"));
    seen.fields(&[
        ("dhcp.assigned_ip", "[10.0.0.7]"),
        ("dhcp.next_server", "10.0.0.3"),
        ("dhcp.server_id", "10.0.0.2"),
        ("dhcp.subnet_mask", "255.255.255.0"),
        ("dhcp.routers", "[10.0.0.254]"),
        ("dhcp.dns_servers", "[10.0.0.53, 10.0.0.54]"),
        ("dhcp.ntp_servers", "[10.0.0.123]"),
        ("dhcp.lease_s", "3600"),
        ("dhcp.domain", "plant"),
        ("dhcp.proxy_url", "http://x/pw"),
        ("dhcp.routes", "[10.1.0.0/16 via 10.0.0.254]"),
    ]);
    let seen = talk("dhcp").server(&four("02", NONE, "350106 36040a000002 3803 6e6f21 ff"));
    assert_eq!((seen.clean().name, seen.outcome, seen.field("dhcp.message")), ("refuse", "failure", "no!"));
}

#[test]
fn who_has_an_address_is_answered_in_the_same_conversation() {
    let mut talk = talk("dhcp");
    let renewed = "0a000007 00000000 00000000 00000000";
    let asked = talk.client(&four("01", renewed, "350103 ff"));
    let told = talk.server(&four("02", "0a000007 0a000007 00000000 00000000", "350105 36040a000002 ff"));
    assert!(asked.clean().reference.is_some() && asked.reference == told.clean().reference);
    let relayed = talk.client(&four("01", "00000000 00000000 00000000 0a0000fe", "350101 ff"));
    assert_eq!((relayed.field("dhcp.relay_ip"), relayed.reference), ("10.0.0.254", asked.reference));
    assert_eq!(talk.client(&four("01", renewed, "350107 ff")).clean().role, "unsolicited");
}

#[test]
fn options_in_the_name_and_file_fields() {
    let text = four("01", NONE, "350101 340103 ff");
    // The server's name field begins at 44, the file's at 108.
    let mut message = bytes(&text);
    message[44..50].copy_from_slice(&bytes("0c03706c63ff"));
    message[108..115].copy_from_slice(&bytes("3c044d534654ff"));
    let seen = talk("dhcp").read(&message, true, false);
    seen.clean().fields(&[("dhcp.host_name", "plc"), ("dhcp.vendor_class", "MSFT")]);
    let mut message = bytes(&four("02", NONE, "350102 ff"));
    message[44..46].copy_from_slice(b"tf");
    message[108..112].copy_from_slice(b"boot");
    let seen = talk("dhcp").read(&message, false, false);
    seen.clean().fields(&[("dhcp.boot_server", "tf"), ("dhcp.boot_file", "boot")]);
}

#[test]
fn full_names() {
    // RFC 4702: flags 0 as text, flags 4 as labels.
    let seen = talk("dhcp").client(&four("01", NONE, "350103 510c 000000 706c632e706c616e74 ff"));
    assert_eq!(seen.clean().field("dhcp.host_name"), "plc.plant");
    let seen = talk("dhcp").client(&four("01", NONE, "350103 510e 040000 03706c63 05706c616e74 00 ff"));
    assert_eq!(seen.clean().field("dhcp.host_name"), "plc.plant");
}

#[test]
fn what_is_odd_is_told() {
    let whole = four("01", NONE, "350101 ff");
    let no_cookie = whole.replace("63825363", "00000000");
    for (text, flaw) in [
        (no_cookie, "dhcp.no_cookie"),
        (four("01", NONE, "350101 0cff706c63"), "dhcp.bad_option"),
        (four("01", NONE, "350101"), "dhcp.no_end"),
        (four("01", NONE, "350101 3203 0a0000 ff"), "dhcp.bad_value"),
        (four("01", NONE, "350101 0605 0a00000100 ff"), "dhcp.bad_value"),
        (four("01", NONE, "350101 7902 2100 ff"), "dhcp.bad_value"),
        (four("01", NONE, "350163 ff"), "dhcp.unknown_type"),
        (four("01", NONE, "350102 ff"), "dhcp.wrong_direction"),
        (whole.replacen("01 01 06", "01 01 10", 1), "dhcp.hardware_length"),
        ("01 01 06 00 3903f326 0000 0000 00000000".into(), "dhcp.short_message"),
    ] {
        let seen = talk("dhcp").client(&text);
        assert_eq!(seen.flaws, [flaw], "{text}");
        assert!(matches!(seen.step, Step::Message { .. }));
    }
    assert_eq!(talk("dhcp").client("0101").step, Step::Lost { used: 2 });
}

/// One message over IPv6: its operation, outcome, flaws and fields as text.
fn six(text: &str, from_client: bool) -> (&'static str, String, String) {
    let protocol = protocol("dhcp");
    let end = |address: &str, port| Endpoint { ip: address.parse::<IpAddr>().unwrap(), port, mac: [2; 6] };
    let (client, server) = (end("fe80::1", 546), end("ff02::1:2", 547));
    let site = Site::shared();
    let context = Context {
        from_client,
        after_gap: false,
        transport: UDP,
        ts_ns: 0,
        client: &client,
        server: &server,
        site: &site,
    };
    let mut record = Record::default();
    let message = bytes(text);
    let step = protocol.parser().unwrap().message(&message, &context, &mut record);
    assert_eq!(step, Step::Message { used: message.len() });
    let flaws = (0..protocol.flaws.len()).filter(|bit| record.flaws >> bit & 1 == 1).map(|bit| protocol.flaws[bit]);
    let print = |value: Value| match value {
        Value::Text(span) => record.text(span).to_string(),
        Value::Ip(address) => address.to_string(),
        Value::Unsigned(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let fields = record.present().map(|slot| {
        let value = match record.get(slot).unwrap() {
            Value::List(span) => record.list(span).iter().map(|value| print(*value)).collect::<Vec<_>>().join(" "),
            one => print(one),
        };
        format!("{}={value}", protocol.fields[slot].name.trim_start_matches("dhcp."))
    });
    (record.operation_name, flaws.collect::<Vec<_>>().join(","), fields.collect::<Vec<_>>().join("\n"))
}

/// Client's number: made of time and the MAC 02:00:00:00:00:01.
const DUID: &str = "0001 000e 0001 0001 1c39cf88 020000000001";

#[test]
fn solicit_and_reply_of_ipv6() {
    let (name, flaws, fields) = six(
        &format!("01 102030 {DUID} 0006 0004 0017 0018 0027 0005 01 03706c63 0010 000a 00000137 0004 4d534654"),
        true,
    );
    assert_eq!((name, flaws.as_str()), ("solicit", ""));
    for field in [
        "ip_version=6",
        "transaction_id=1056816",
        "client_mac=02:00:00:00:00:01",
        "host_name=plc",
        "parameters=23 24",
        "vendor_class=MSFT",
    ] {
        assert!(fields.lines().any(|line| line == field), "{field} in {fields}");
    }
    assert!(fields.contains("duid_hash=") && !fields.contains("1c39cf88"), "{fields}");
    // Reply: association 1 with an address for two hours, a DNS server, the search domain.
    let (name, flaws, fields) = six(
        &format!(
            "07 102030 {DUID} 0003 0028 00000001 00000e10 00000e10
             0005 0018 fd00 0000000000000000000000000077 00000e10 00001c20
             0017 0010 fd00 0000000000000000000000000053 0018 0007 05 706c616e74 00"
        ),
        false,
    );
    assert_eq!((name, flaws.as_str()), ("reply", ""));
    for field in ["assigned_ip=fd00::77", "lease_s=7200", "dns_servers=fd00::53", "domain=plant"] {
        assert!(fields.lines().any(|line| line == field), "{field} in {fields}");
    }
}

#[test]
fn relays_are_looked_into() {
    let relayed = |inside: &str, length: usize| {
        format!("0c 00 fd00 0000000000000000000000000001 fe80 0000000000000000000000000005 0009 {length:04x} {inside}")
    };
    let (name, flaws, fields) = six(&relayed("01 102030", 4), true);
    assert_eq!((name, flaws.as_str()), ("solicit", ""));
    assert!(fields.contains("link_ip=fd00::1") && fields.contains("relay_ip=fe80::5"), "{fields}");
    let mut text = "01 102030".to_string();
    for _ in 0..9 {
        let length = bytes(&text).len();
        text = relayed(&text, length);
    }
    assert_eq!(six(&text, true).1, "dhcp.relay_nesting");
}

#[test]
fn what_is_odd_in_ipv6_is_told() {
    assert_eq!(six("63 102030", true).1, "dhcp.unknown_type");
    assert_eq!(six("01 102030 0001 00ff 00", true).1, "dhcp.bad_option");
    assert_eq!(six("07 102030 000d 0001 00", true).1, "dhcp.bad_value");
    let (_, _, fields) = six("07 102030 000d 0004 0002 6e6f", true);
    assert!(fields.contains("status_code=2") && fields.contains("message=no"), "{fields}");
}

#[test]
fn content_tells() {
    let probe = |text: &str| protocol("dhcp").probe(&bytes(text), UDP);
    assert_eq!(probe(&four("01", NONE, "350101 ff")), Probe::Sure);
    assert_eq!((probe("01 102030 0001 0000"), probe("ff 102030"), probe("")), (Probe::Fits, Probe::No, Probe::No));
}
