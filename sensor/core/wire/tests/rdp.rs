//! RDP up to its pictures.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod reading;

use reading::{bytes, protocol, talk};
use wire::protocol::{Probe, Step, TCP};

/// Cookie of user wartung; TLS and CredSSP wanted.
const REQUEST: &str = "0300002d28e00000000000436f6f6b69653a206d737473686173683d77617274756e670d0a0100080003000000";
/// CredSSP chosen.
const CONFIRM: &str = "030000130ed000001234000200080002000000";
/// Neither cookie nor negotiation.
const OLD_REQUEST: &str = "0300000b06e00000000000";
/// No negotiation.
const OLD_CONFIRM: &str = "0300000b06d00000123400";
/// Failure 5.
const REFUSED: &str = "030000130ed000001234000300080005000000";
/// Connect-initial with core, security and network blocks.
const SETTINGS: &str =
    "0300013502f0807f658201290401010401010101ff30190201220201020201000201010201000201010202ffff020102
    30190201220201020201000201010201000201010202ffff020102301902012202010202010002010102010002010102
    02ffff020102048200cb000500147c000180c2000800100001c0004475636180b401c08800040008000005000401ca03
    aa04080000280a000045004e0047002d00530054004100540049004f004e002d00370000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    0000000000000000000000000000000000000000000000000002c00c001b0000000000000003c0200002000000726470
    647200000000000000636c69707264720000000000";
/// Connect-response: 128-bit encryption, level 2.
const ANSWER: &str = "0300008b02f0807f6682007f0a010002010030190201220201020201000201010201000201010202ffff020102048200
    5a000500147c00015214760a01010001c0004d63446e44010c080004000800020c3c0002000000020000002000000008
    00000000000000000000000000000000000000000000000000000000000000000000000000000000000000";
/// TLS that follows.
const HELLO: &str = "160303003d010000390303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f000008c02f
    009c002f000501000008000d000400020401";

#[test]
fn a_call_and_its_answer() {
    let mut talk = talk("rdp");
    let seen = talk.client(REQUEST);
    seen.clean().fields(&[
        ("rdp.cookie", "wartung"),
        ("rdp.requested_protocols", "3"),
        ("rdp.requested_protocol_names", "[tls, credssp]"),
        ("rdp.restricted_admin", "false"),
    ]);
    assert_eq!((seen.name, seen.role, seen.operation), ("connect", "request", 0xe0));
    let seen = talk.server(CONFIRM);
    seen.clean().fields(&[("rdp.selected_protocol_name", "credssp")]);
    assert_eq!((seen.role, seen.outcome, seen.operation), ("response", "success", 0xe0));
    let seen = talk.client(HELLO);
    assert_eq!((seen.protocol, seen.name), ("tls", "hello"));
}

#[test]
fn settings_are_in_clear_without_tls() {
    let mut talk = talk("rdp");
    talk.client(OLD_REQUEST).clean();
    talk.server(OLD_CONFIRM).clean().fields(&[("rdp.selected_protocol_name", "standard")]);
    talk.client(SETTINGS).clean().fields(&[
        ("rdp.client.name", "ENG-STATION-7"),
        ("rdp.client.build", "2600"),
        ("rdp.client.keyboard_layout", "2052"),
        ("rdp.desktop_width", "1280"),
        ("rdp.channels", "[rdpdr, cliprdr]"),
    ]);
    let seen = talk.server(ANSWER);
    seen.clean().fields(&[("rdp.encryption_method", "2"), ("rdp.encryption_level", "2")]);
    assert_eq!((seen.name, seen.role, seen.outcome), ("settings", "response", "success"));
    assert_eq!(talk.client("00 01 02").step, Step::Kept { used: 3 });
}

#[test]
fn a_refusal_is_read() {
    let mut talk = talk("rdp");
    talk.client(REQUEST);
    let seen = talk.server(REFUSED);
    seen.clean().fields(&[("rdp.failure_code", "5"), ("rdp.failure_name", "credssp_required")]);
    assert_eq!(seen.outcome, "failure");
}

#[test]
fn calls_of_s7_are_told_from_ours() {
    let probe = |name, text| protocol(name).probe(&bytes(text), TCP);
    let station = "0300 0016 11 e0 0000 0001 00 c0010a c1020100 c2020102";
    assert_eq!((probe("rdp", station), probe("s7comm", station)), (Probe::Fits, Probe::Sure));
    for ours in [REQUEST, CONFIRM, REFUSED] {
        assert_eq!(probe("rdp", ours), Probe::Sure);
        assert_ne!(probe("s7comm", ours), Probe::Sure);
    }
}

#[test]
fn what_is_broken_has_a_flaw() {
    let mut talk = talk("rdp");
    // Negotiation of type 9.
    assert_eq!(talk.client("0300 0013 0e e0 0000 0000 00 09 00 0800 01000000").flaws, ["rdp.bad_negotiation"]);
    assert_eq!(talk.client("0300 000d 08 e0 0000 0000 00 01 00").flaws, ["rdp.truncated"]);
    assert_eq!(talk.client("0000 0000 0300 0007").flaws, ["rdp.bad_packet"]);
}
