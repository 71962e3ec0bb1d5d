//! TeamViewer's frames: both forms, over TCP and UDP.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod reading;

use reading::{bytes, talk};
use wire::protocol::{Probe, Step, PROTOCOLS, TCP, UDP};

/// identify, four bytes.
const OLD: &str = "1724 0a 0400 01020304";
/// data_4, packet 7, request 9, two bytes.
const NEW: &str = "1130 6a 00 02000000 07000000 09000000 00000000 00000000 aabb";

fn probed(hex: &str, transport: u8) -> Probe {
    let protocol = PROTOCOLS.iter().find(|protocol| protocol.name == "teamviewer").unwrap();
    protocol.probe(&bytes(hex), transport)
}

#[test]
fn both_forms_are_read() {
    let mut talk = talk("teamviewer");
    let told = talk.client(OLD);
    told.clean().fields(&[
        ("teamviewer.magic", "5924"),
        ("teamviewer.command", "10"),
        ("teamviewer.command_name", "identify"),
        ("teamviewer.length", "4"),
        ("teamviewer.remote_tool_by", "content"),
    ]);
    assert_eq!((told.name, told.class), ("connect", "session"));
    let told = talk.server(NEW);
    told.clean().fields(&[
        ("teamviewer.magic", "4400"),
        ("teamviewer.command_name", "data_4"),
        ("teamviewer.packet_id", "7"),
        ("teamviewer.request_id", "9"),
    ]);
    assert_eq!((told.name, told.class), ("data", "control"));
}

#[test]
fn long_content_is_passed_over_and_not_kept() {
    let mut talk = talk("teamviewer");
    assert_eq!(talk.client("1724 5a 0800 0102").step, Step::Message { used: 7 });
    assert_eq!(talk.client("030405060708 1724 10 0000").step, Step::Kept { used: 6 });
    talk.client("1724 10 0000").clean().fields(&[("teamviewer.command_name", "ping")]);
    assert_eq!(talk.client("11").step, Step::Short { need: 5 });
    assert_eq!(talk.client("1130 6a 00 02000000").step, Step::Short { need: 24 });
}

#[test]
fn what_is_odd_is_a_flaw() {
    let mut talk = talk("teamviewer");
    assert_eq!(talk.client("1724 ff 0000").flaws, ["teamviewer.unknown_command"]);
    let odd = "1130 6a 01 00000000 07000000 09000000 00000000 00000000";
    assert_eq!(talk.client(odd).flaws, ["teamviewer.reserved"]);
    // Lost framing: the next message is found.
    assert_eq!(talk.client("0102 17 1724 10 0000").step, Step::Lost { used: 3 });
    // A length that no message has.
    assert!(matches!(talk.client("1130 6a 00 ffffffff 07000000 09000000 0000000000000000").step, Step::Lost { .. }));
}

#[test]
fn content_tells_it_whatever_the_port() {
    for (hex, transport, wanted) in [
        (OLD, TCP, Probe::Sure),
        (NEW, TCP, Probe::Sure),
        ("1724 0a 0000 1724 10 0000", TCP, Probe::Sure),
        ("1724 0a ffff 01", TCP, Probe::Fits),
        ("1724", TCP, Probe::Fits),
        ("1724 ff 0000", TCP, Probe::No),
        ("1724 0a 0000 99", TCP, Probe::Fits),
        ("1130 6a 01 00000000 07000000 09000000 0000000000000000", TCP, Probe::No),
        ("00000000000000000000 03 1724 47 0200 aabb", UDP, Probe::Sure),
        ("01000000000000000000 03 1724 47 0200 aabb", UDP, Probe::No),
        ("1724 47 0000", UDP, Probe::No),
        ("0000", UDP, Probe::No),
    ] {
        assert_eq!(probed(hex, transport), wanted, "{hex}");
    }
}
