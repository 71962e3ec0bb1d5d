//! S7comm in the stream: fragments, lost framing, gaps.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![allow(clippy::cast_possible_truncation)]

mod reading;

use reading::{bytes, talk};
use wire::limits;
use wire::protocol::{Step, TCP};

const SETUP: &str = "0300 0019 02f080 32 01 0000 0100 0008 0000 f0 00 0001 0002 01e0";

#[test]
fn fragments_become_one_message() {
    let mut talk = talk("s7comm");
    // A write of two bytes, cut in the middle of its item and of its data.
    let first = talk.client("0300 0011 02f000 32 01 0000 0008 000e 0006");
    assert_eq!(first.step, Step::Kept { used: 17 });
    assert_eq!(talk.client("0300 000f 02f000 05 01 12 0a 10 02 0002").step, Step::Kept { used: 15 });
    assert!(talk.parser.kept_bytes() >= 18);
    let last = talk.client("0300 0013 02f080 0001 84 000018 00 04 0010 abcd");
    last.clean().fields(&[("s7comm.values", "[abcd]"), ("s7comm.item.address", "[3]")]);
    assert_eq!((last.name, last.objects), ("write_var", vec!["db 1 3-4".to_string()]));
    // The buffer was given back, and an answer of the other side was never mixed in.
    assert!(talk.parser.kept_bytes() < 1024);
    talk.client(SETUP).clean();
}

#[test]
fn directions_have_fragments_of_their_own() {
    let mut talk = talk("s7comm");
    talk.client("0300 0009 02f000 32 01");
    let answer = talk.server("0300 001b 02f080 32 03 0000 0100 0008 0000 00 00 f0 00 0001 0001 00f0");
    answer.clean();
    assert_eq!(
        talk.client("0300 0017 02f080 0000 0100 0008 0000 f0 00 0001 0002 01e0").clean().name,
        "setup_communication"
    );
}

#[test]
fn endless_fragments_are_given_up_once_and_the_next_message_is_read() {
    let mut talk = talk("s7comm");
    let mut fragment = bytes("0300 0407 02f000");
    fragment.extend([0x32; 1024]);
    let mut given_up = 0;
    for _ in 0..4 * limits::S7_PDU_BYTES / 1024 {
        let seen = talk.read(&fragment, true, false);
        match seen.step {
            Step::Message { used } => {
                assert_eq!((used, seen.flaws.as_slice()), (fragment.len(), ["cotp.fragments_too_long"].as_slice()));
                given_up += 1;
            }
            step => assert_eq!(step, Step::Kept { used: fragment.len() }),
        }
        assert!(talk.parser.kept_bytes() <= 2 * limits::S7_PDU_BYTES);
    }
    assert_eq!(given_up, 1);
    assert_eq!(talk.client("0300 0007 02f080").step, Step::Kept { used: 7 }, "their end is passed over");
    talk.client(SETUP).clean();
}

#[test]
fn a_new_connection_in_the_middle_of_fragments_is_noted() {
    let mut talk = talk("s7comm");
    talk.client("0300 0009 02f000 32 01");
    let connect = talk.client("0300 000b 06 e0 0000 0001 00");
    assert_eq!(connect.flaws, ["cotp.interrupted"]);
    talk.client(SETUP).clean();
}

#[test]
fn lost_framing_is_said_once_and_the_next_packet_is_found() {
    let mut talk = talk("s7comm");
    let mut stream = bytes("ffff 0300 0102 0304 05");
    let garbage = stream.len();
    stream.extend(bytes(SETUP));
    let lost = talk.read(&stream, true, false);
    assert_eq!((lost.step, lost.flaws.as_slice()), (Step::Message { used: garbage }, ["tpkt.bad_header"].as_slice()));
    talk.read(&stream[garbage..], true, false).clean();
    // A second stretch of garbage right behind the first is passed over without another event.
    talk.read(b"\xff\xff\xff", true, false);
    assert_eq!(talk.read(b"\xfe\xfe", true, false).step, Step::Lost { used: 2 });
    talk.client(SETUP).clean();
}

#[test]
fn after_a_gap_a_packet_is_found_behind_the_rest_of_the_one_that_was_cut() {
    let mut talk = talk("s7comm");
    talk.client("0300 0009 02f000 32 01");
    let mut stream = bytes("0300 00ff 0300 0001 02");
    let rest = stream.len();
    stream.extend(bytes(SETUP));
    let first = talk.read(&stream, true, true);
    assert_eq!(first.step, Step::Lost { used: rest });
    talk.read(&stream[rest..], true, false).clean();
}

#[test]
fn headers_that_do_not_fit_are_flaws_and_the_frame_is_kept() {
    for (text, flaw) in [
        ("0301 0019 02f080 32 01 0000 0100 0008 0000 f0 00 0001 0002 01e0", "tpkt.reserved"),
        ("0300 0007 ff f080", "cotp.bad_length"),
        ("0300 0007 09 f080", "cotp.bad_length"),
        ("0300 0009 04 e0 0000 00", "cotp.bad_length"),
        ("0300 000b 06 b0 0000 0000 00", "cotp.unknown_type"),
        ("0300 000e 09 e0 0000 0001 00 c1 09 01", "cotp.bad_parameter"),
    ] {
        let seen = talk("s7comm").client(text);
        assert_eq!(seen.step, Step::Message { used: bytes(text).len() }, "{text}");
        assert_eq!(seen.flaws, [flaw], "{text}");
    }
}

#[test]
fn an_unfinished_packet_says_how_much_it_needs() {
    let mut talk = talk("s7comm");
    for (text, need) in [("03", 4), ("0300 00", 4), ("0300 0019", 0x19), ("0300 0019 02f080 32", 0x19)] {
        assert_eq!(talk.client(text).step, Step::Short { need }, "{text}");
    }
}

#[test]
fn a_numbered_data_tpdu_is_as_good_as_any() {
    // Class 0 numbers nothing; some clients count nevertheless.
    let text = SETUP.replace("02f080", "02f081");
    assert_eq!(reading::protocol("s7comm").probe(&bytes(&text), TCP), wire::protocol::Probe::Sure);
    talk("s7comm").read(&bytes(&text), true, true).clean();
}

/// A transport that is broken is a matter of S7 only where S7 was spoken: MMS and others stand on the same port.
#[test]
fn what_is_broken_says_whether_the_connection_carried_s7() {
    let broken = bytes("0300 0005 00d080");
    let mut talk = talk("s7comm");
    let seen = talk.read(&broken, false, false);
    assert_eq!((seen.flaws.as_slice(), seen.fields.get("cotp.payload")), (["tpkt.bad_header"].as_slice(), None));
    talk.client(SETUP).clean();
    let seen = talk.read(&broken, true, false); // the server's side still looks for the next packet
    assert_eq!((seen.flaws.as_slice(), seen.field("cotp.payload")), (["tpkt.bad_header"].as_slice(), "s7"));
}
