//! ARP.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod reading;

use reading::talk;
use wire::protocol::Step;

#[test]
fn a_question_and_its_answer() {
    let mut talk = talk("arp");
    let asked = talk.client("0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002");
    asked.clean().fields(&[
        ("arp.operation_name", "request"),
        ("arp.sender_mac", "02:00:00:00:00:01"),
        ("arp.sender_ip", "10.0.0.1"),
        ("arp.target_ip", "10.0.0.2"),
        ("arp.announcement", "false"),
    ]);
    let told = talk.server("0001 0800 06 04 0002 020000000002 0a000002 020000000001 0a000001");
    assert_eq!((told.clean().reference, told.role, told.outcome), (asked.reference, "response", "success"));
    // As if it were an answer to something else, it would be told as a mismatch.
    assert_eq!((told.operation, told.field("arp.operation")), (asked.operation, "2"));
}

#[test]
fn announcements_answer_nothing() {
    for operation in ["0001", "0002"] {
        let text = format!("0001 0800 06 04 {operation} 020000000001 0a000001 000000000000 0a000001");
        let seen = talk("arp").client(&text);
        assert_eq!((seen.clean().role, seen.reference, seen.field("arp.announcement")), ("unsolicited", None, "true"));
    }
}

#[test]
fn what_is_odd_is_told() {
    for (text, name, flaws) in [
        // Operation 99.
        ("0001 0800 06 04 0063 020000000001 0a000001 000000000000 0a000002", "unknown", "arp.unknown_operation"),
        // A multicast MAC, then a multicast and the broadcast IP address as the sender's own.
        ("0001 0800 06 04 0002 030000000001 0a000001 000000000000 0a000002", "reply", "arp.group_sender"),
        ("0001 0800 06 04 0002 020000000001 e0000001 000000000000 0a000002", "reply", "arp.group_sender"),
        ("0001 0800 06 04 0002 020000000001 ffffffff 000000000000 0a000002", "reply", "arp.group_sender"),
        // Addresses of 8 and 16 bytes are claimed.
        ("0001 0800 08 10 0001 020000000001 0a000001 000000000000 0a000002", "request", "arp.bad_length"),
    ] {
        let seen = talk("arp").client(text);
        assert_eq!((seen.name, seen.flaws.as_slice()), (name, &[flaws][..]), "{text}");
    }
    let seen = talk("arp").client("0001 0800 08 10 0001 020000000001 0a000001 000000000000 0a000002");
    seen.fields(&[("arp.hardware_length", "8"), ("arp.protocol_length", "16")]);
    assert_eq!(talk("arp").client("0001 0800 06 04 0001 0200").step, Step::Lost { used: 10 });
}

#[test]
fn inverse_and_reverse_have_names() {
    for (operation, name) in
        [("0003", "reverse_request"), ("0004", "reverse_reply"), ("0008", "inverse_request"), ("0009", "inverse_reply")]
    {
        let text = format!("0001 0800 06 04 {operation} 020000000001 0a000001 000000000000 0a000002");
        assert_eq!(talk("arp").client(&text).clean().name, name);
    }
}
