//! Protocols that are told by their content alone: a file that crosses as it is, and Stratum.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod reading;

use reading::{protocol, talk};
use wire::protocol::{Probe, Step, TCP};

const ELF: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0";
const SUBSCRIBE: &str = "{\"id\": 1, \"method\": \"mining.subscribe\", \"params\": []}\n";

#[test]
fn a_program_is_told_once_and_the_rest_passed_over() {
    let mut talk = talk("transfer");
    let seen = talk.read(ELF, false, false);
    seen.clean().fields(&[("transfer.content", "linux_program")]);
    assert_eq!((seen.name, seen.class, seen.step), ("file", "read", Step::Message { used: ELF.len() }));
    assert_eq!(talk.read(ELF, false, false).step, Step::Kept { used: ELF.len() });
    assert_eq!(talk.read(ELF, true, false).class, "write");
}

#[test]
fn only_what_is_sure_is_told_on_any_port() {
    let transfer = protocol("transfer");
    assert_eq!(transfer.probe(ELF, TCP), Probe::Sure);
    assert_eq!(transfer.probe(b"#!/bin/sh\n", TCP), Probe::Fits);
    for other in [&b"MZ"[..], b"GET / HTTP/1.1\r\n", b"220 ready\r\n", b""] {
        assert_eq!(transfer.probe(other, TCP), Probe::No, "{other:?}");
    }
}

#[test]
fn who_digs_for_coins_says_so() {
    let mut talk = talk("stratum");
    talk.asks(SUBSCRIBE).clean().fields(&[("stratum.method", "mining.subscribe")]);
    let login =
        talk.asks("{\"method\": \"login\", \"params\": {\"login\": \"x\", \"pass\": \"x\", \"agent\": \"a\"}}\n");
    assert_eq!((login.clean().name, login.field("stratum.method")), ("login", "login"));
    assert!(
        matches!(talk.asks("{\"method\": \"mining.authorize\"}\n").step, Step::Kept { .. }),
        "a third says nothing"
    );
}

#[test]
fn other_lines_of_json_are_nobodys() {
    let stratum = protocol("stratum");
    assert_eq!(stratum.probe(SUBSCRIBE.as_bytes(), TCP), Probe::Sure);
    for other in ["{\"method\": \"login\", \"user\": \"a\"}", "[\"mining.subscribe\"]", "{}", ""] {
        assert_eq!(stratum.probe(other.as_bytes(), TCP), Probe::No, "{other}");
    }
}
