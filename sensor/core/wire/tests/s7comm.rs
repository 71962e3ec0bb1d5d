//! S7comm: jobs, their answers, and the connection below them.
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

use reading::{bytes, protocol, talk, Seen};
use wire::limits;
use wire::protocol::{Probe, Step, TCP};

/// TPKT and a whole data TPDU around an S7 message.
fn packet(text: &str) -> String {
    let body = bytes(text);
    let digits: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0300 {:04x} 02f080 {digits}", body.len() + 7)
}

const CONNECT: &str = "0300 0016 # TPKT
    11 e0 0000 0001 00 # CR, our reference 1, class 0
    c0 01 0a           # TPDU size 2^10
    c1 02 0100         # from: programming device
    c2 02 0122         # to: programming device's access, rack 1, slot 2";
const CONFIRM: &str = "0300 0016 11 d0 0001 0005 00 c0010a c1020100 c2020122";

#[test]
fn a_connection_names_rack_and_slot_and_is_paired() {
    let mut talk = talk("s7comm");
    let asked = talk.client(CONNECT);
    asked.clean().fields(&[
        ("cotp.type", "224"),
        ("cotp.source_tsap", "0100"),
        ("cotp.destination_tsap", "0122"),
        ("cotp.tpdu_size", "1024"),
        ("cotp.connection_type", "1"),
        ("cotp.rack", "1"),
        ("cotp.slot", "2"),
    ]);
    assert_eq!((asked.protocol, asked.role, asked.class), ("cotp", "request", "session"));
    let answered = talk.server(CONFIRM);
    answered.clean().fields(&[("cotp.type_name", "connect_confirm"), ("cotp.source_reference", "5")]);
    assert_eq!((answered.role, answered.outcome), ("response", "success"));
    assert_eq!((asked.reference, asked.operation), (answered.reference, answered.operation));
    // A confirmation whose sender repeats another number than the caller's is its answer all the same.
    let careless = talk.server("0300 000b 06 d0 1801 0005 00");
    assert_eq!(careless.clean().reference, asked.reference);
}

#[test]
fn a_refused_connection_is_a_failed_answer_and_an_ended_one_is_not() {
    let disconnect = "0300 000b 06 80 0001 0000 03";
    let mut refused = talk("s7comm");
    let asked = refused.client(CONNECT);
    let answer = refused.server(disconnect);
    answer.clean().fields(&[("cotp.cause", "3")]);
    assert_eq!((answer.role, answer.outcome, answer.reference), ("response", "failure", asked.reference));
    let mut ended = talk("s7comm");
    ended.client(CONNECT);
    ended.server(CONFIRM);
    let end = ended.server(disconnect);
    assert_eq!((end.clean().role, end.name, end.reference), ("unsolicited", "disconnect", None));
    let met = talk("s7comm").server(disconnect);
    assert_eq!(met.clean().role, "unsolicited", "a connection that was picked up in the middle");
}

#[test]
fn setup_says_what_was_agreed() {
    let mut talk = talk("s7comm");
    let asked = talk.client(&packet("32 01 0000 0100 0008 0000 f0 00 0001 0002 01e0"));
    asked.clean().fields(&[
        ("s7comm.rosctr", "1"),
        ("s7comm.pdu_reference", "256"),
        ("s7comm.function", "240"),
        ("s7comm.max_amq_calling", "1"),
        ("s7comm.max_amq_called", "2"),
        ("s7comm.pdu_length", "480"),
    ]);
    let answer = talk.server(&packet("32 03 0000 0100 0008 0000 00 00 f0 00 0001 0001 00f0"));
    answer.clean().fields(&[("s7comm.pdu_length", "240"), ("s7comm.error_class", "0")]);
    assert_eq!((answer.outcome, answer.name, answer.reference), ("success", "setup_communication", asked.reference));
}

const READ: &str = "32 01 0000 0007 0026 0000 04 03 # three items
    12 0a 10 08 0002 0064 84 000050      # two REAL from DB100, byte 10
    12 0a 10 01 0001 0000 83 00000b      # one bit, M1.3
    12 0a 10 1d 0001 0000 1d 000005      # timer 5";

#[test]
fn read_items_are_named_and_their_values_typed_by_the_question() {
    let mut talk = talk("s7comm");
    let asked = talk.client(&packet(READ));
    asked.clean().fields(&[
        ("s7comm.item_count", "3"),
        ("s7comm.item.area", "[db, flag, timer]"),
        ("s7comm.item.db", "[100, 0, 0]"),
        ("s7comm.item.address", "[10, 1, 5]"),
        ("s7comm.item.bit", "[0, 3, 0]"),
        ("s7comm.item.count", "[2, 1, 1]"),
        ("s7comm.item.transport_size", "[8, 1, 29]"),
    ]);
    assert_eq!(asked.objects, ["db 100 10-17", "flag 0 1-1", "timer 0 5-5"]);
    let answer = talk.server(&packet(
        "32 03 0000 0007 0002 0018 00 00 04 03
         ff 04 0040 3fc00000 c0000000   # 64 bits that the question calls REAL
         ff 03 0001 01 00               # one bit and a filling byte
         ff 09 0002 0123                # two bytes: the timer",
    ));
    answer.clean().fields(&[("s7comm.values", "[1.5, -2, true, 291]"), ("s7comm.item.return_code", "[255, 255, 255]")]);
    assert_eq!((answer.outcome, answer.class, answer.reference), ("success", "read", asked.reference));
}

#[test]
fn values_of_a_question_nobody_saw_keep_their_bytes() {
    let mut talk = talk("s7comm");
    let answer = talk.server(&packet(
        "32 03 0000 0007 0002 0014 00 00 04 03
         ff 04 0010 1234
         ff 05 0010 fffe
         ff 07 0004 3fc00000",
    ));
    answer.clean().fields(&[("s7comm.values", "[1234, -2, 1.5]")]);
}

#[test]
fn one_failed_item_makes_the_answer_a_failure() {
    let mut talk = talk("s7comm");
    talk.client(&packet(READ));
    let answer = talk.server(&packet(
        "32 03 0000 0007 0002 000e 00 00 04 03
         0a 00 0000
         ff 03 0001 01 00
         05 00 0004     # failed: no data, whatever the length says",
    ));
    answer.clean().fields(&[("s7comm.item.return_code", "[10, 255, 5]"), ("s7comm.values", "[true]")]);
    assert_eq!(answer.outcome, "failure");
}

#[test]
fn written_values_are_typed_and_the_answer_says_whether_they_were_taken() {
    let mut talk = talk("s7comm");
    let asked = talk.client(&packet(
        "32 01 0000 0008 001a 000e 05 02
         12 0a 10 01 0001 0000 82 000001      # Q0.1
         12 0a 10 05 0002 0001 84 000020      # two INT at DB1, byte 4
         00 03 0001 01 00
         00 04 0020 fff6 0102",
    ));
    asked.clean().fields(&[("s7comm.values", "[true, -10, 258]"), ("s7comm.item.area_code", "[130, 132]")]);
    assert_eq!((asked.class, asked.role), ("write", "request"));
    assert_eq!(asked.objects, ["output 0 0-0", "db 1 4-7"]);
    let answer = talk.server(&packet("32 03 0000 0008 0002 0002 00 00 05 02 ff 05"));
    answer.clean().fields(&[("s7comm.item.return_code", "[255, 5]")]);
    assert_eq!((answer.outcome, answer.reference), ("failure", asked.reference));
}

#[test]
fn a_refusal_in_the_header_is_a_failure_without_a_flaw() {
    let mut talk = talk("s7comm");
    talk.client(&packet(READ));
    let answer = talk.server(&packet("32 03 0000 0007 0002 0000 81 04 04 00"));
    answer.clean().fields(&[("s7comm.error_class", "129"), ("s7comm.error_code", "4")]);
    assert_eq!(answer.outcome, "failure");
}

#[test]
fn stretches_of_data_blocks_are_named() {
    let asked = talk("s7comm").client(&packet(
        "32 01 0000 0009 0010 0000 04 01
         12 0c b0 02 05 0051 0172 04 0083 0148  # 5 bytes of DB81 from 370, 4 of DB131 from 328",
    ));
    asked.clean().fields(&[
        ("s7comm.item.syntax", "[176]"),
        ("s7comm.item.db", "[81, 131]"),
        ("s7comm.item.address", "[370, 328]"),
        ("s7comm.item.count", "[5, 4]"),
        ("s7comm.item.area", "[db, db]"),
    ]);
    assert_eq!(asked.objects, ["db 81 370-374", "db 131 328-331"]);
}

#[test]
fn symbols_and_variables_of_numerical_controls_have_their_parts() {
    let symbols = talk("s7comm").client(&packet(
        "32 01 0000 0009 002a 0000 04 02
         12 12 b2 ff 8a0e 0007 11223344 20000009 40000002  # DB7, then two steps
         12 12 b2 ff 0000 0052 00000001 20000003 00000000  # a flag",
    ));
    symbols.clean().fields(&[
        ("s7comm.item.area", "[db, flag]"),
        ("s7comm.item.area_code", "[35342, 82]"),
        ("s7comm.item.db", "[7, 0]"),
        ("s7comm.item.symbol_crc", "[287454020, 1]"),
        ("s7comm.item.path", "[9.2, 3.0]"),
    ]);
    assert_eq!(symbols.objects.len(), 2);
    assert!(symbols.objects[0].starts_with("db_symbol 7 "), "{symbols:#?}");
    assert!(symbols.objects[1].starts_with("symbol 82 "));
    for syntax in ["82", "83", "84"] {
        let text = format!("32 01 0000 0009 000c 0000 04 01 12 08 {syntax} 41 006f 0001 1a 03");
        let variable = talk("s7comm").client(&packet(&text));
        variable.clean().fields(&[
            ("s7comm.item.area", "[nc_channel]"),
            ("s7comm.item.area_code", "[2]"),
            ("s7comm.item.nc_unit", "[1]"),
            ("s7comm.item.nc_module", "[26]"),
            ("s7comm.item.nc_column", "[111]"),
            ("s7comm.item.nc_line", "[1]"),
            ("s7comm.item.count", "[3]"),
        ]);
        assert_eq!(variable.objects, ["nc_variable 16666 111-111"]);
    }
    let drive = talk("s7comm").client(&packet("32 01 0000 0009 000e 0000 04 01 12 0a a2 00 0000 0000 0130 0001"));
    assert_eq!(drive.clean().field("s7comm.item.raw"), "[a2000000000001300001]");
}

#[test]
fn kinds_of_addresses_that_do_not_come_together_stay_raw_beside_the_usual_one() {
    let asked = talk("s7comm").client(&packet(
        "32 01 0000 0009 0018 0000 04 02
         12 0a 10 02 0001 0007 84 000010
         12 08 82 41 006f 0001 1a 01",
    ));
    asked.clean().fields(&[
        ("s7comm.item.db", "[7]"),
        ("s7comm.item.address", "[2]"),
        ("s7comm.item.raw", "[8241006f00011a01]"),
    ]);
    assert_eq!(asked.objects.len(), 2, "both are named: {asked:#?}");
}

/// The end of a message that lost its middle: `parameter` and `data` are what is left of both.
#[track_caller]
fn flawed(text: &str, flaw: &str) -> Seen {
    let seen = talk("s7comm").client(&packet(text));
    assert!(matches!(seen.step, Step::Message { .. }));
    assert!(seen.flaws.contains(&flaw), "{flaw} in {seen:#?}");
    seen
}

#[test]
fn every_flaw_of_a_job_is_found() {
    flawed("32 01 0000 00", "s7comm.short_header");
    flawed("32 01 0000 0001 0100 0000 04 01", "s7comm.bad_length");
    flawed("32 01 0000 0001 0008 0000 f0 00 0001 0001 01e0 ff", "s7comm.trailing_bytes");
    flawed("32 05 0000 0001 0001 0000 04", "s7comm.unknown_rosctr");
    flawed("32 01 0000 0001 0007 0000 f0 00 0001 0001 01", "s7comm.short_parameter");
    flawed("32 01 0000 0001 0009 0000 f0 00 0001 0001 01e0 ff", "s7comm.trailing_parameter");
    flawed("32 01 0000 0001 000e 0005 05 01 12 0a 10 02 0001 0001 84 000000 00 04 0010 01", "s7comm.short_data");
    flawed("32 01 0000 0001 0008 0001 f0 00 0001 0001 01e0 ff", "s7comm.trailing_data");
    flawed("32 01 0000 0001 000e 0000 04 01 13 0a 10 02 0001 0001 84 000000", "s7comm.bad_item");
    flawed("32 01 0000 0001 000d 0000 04 01 12 09 10 02 0001 0001 84 0000", "s7comm.bad_item");
    flawed("32 01 0000 0001 000a 0000 04 01 12 06 b0 01 05 0051 01", "s7comm.bad_item");
    flawed("32 01 0000 0001 000b 0000 04 01 12 07 82 41 006f 0001 1a", "s7comm.bad_item");
    flawed("32 01 0000 0001 0011 0000 04 01 12 0d b2 ff 8a0e 0007 11223344 200000", "s7comm.bad_item");
    flawed("32 01 0000 0001 0002 0000 04 00", "s7comm.item_count");
    flawed("32 01 0000 0001 0001 0000 5a", "s7comm.unknown_function");
    flawed("32 07 0000 0001 0008 0000 00 01 13 04 11 44 01 00", "s7comm.userdata_head");
    // One byte fewer than the name's length claims, and a name that is none.
    flawed("32 01 0000 0001 0012 0000 1d 00 0000 00000000 09 5f 3041 3030303031", "s7comm.short_parameter");
    flawed("32 01 0000 0001 0012 0000 1d 00 0000 00000000 09 5f 3041 58303030 31 41", "s7comm.bad_filename");
    let mut talk = talk("s7comm");
    talk.client(&packet(READ));
    let answer = talk.server(&packet("32 03 0000 0007 0002 0006 00 00 04 01 ff 04 0010 1234"));
    assert_eq!(answer.flaws, ["s7comm.item_count"], "three were asked for");
}

#[test]
fn values_beyond_the_budget_are_cut() {
    let count = limits::LIST_VALUES + 1;
    let mut body = bytes("32 01 0000 0001 000e 0000 05 01 12 0a 10 04 0801 0001 84 000000 00 04 0000");
    let (data, width) = (4 + count * 2, u16::try_from(count * 16).expect("fits"));
    body[8..10].copy_from_slice(&u16::try_from(data).expect("fits").to_be_bytes());
    body[26..28].copy_from_slice(&width.to_be_bytes());
    body.extend(std::iter::repeat_n(7, count * 2));
    let text: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
    let seen = flawed(&text, "s7comm.too_many_values");
    assert_eq!(seen.field("s7comm.values").matches("1799").count(), limits::LIST_VALUES);
}

#[test]
fn what_is_not_s7_says_what_it_is() {
    for (content, payload) in [
        // A session layer with data, and one that connects, as MMS and ICCP have them.
        ("01000100 6103", "iso_session"),
        ("0d 04 05 02 13 00", "iso_session"),
        ("0e 00", "iso_session"),
        ("16 03 01 0002 0100", "tls"),
        ("7f65 8201 94", "rdp"),
        ("04 01 00 01 00", "rdp"),
        ("99 98", "unknown"),
    ] {
        let length = bytes(content).len() + 7;
        let seen = talk("s7comm").client(&format!("0300 {length:04x} 02f080 {content}"));
        let digits: String = bytes(content).iter().map(|byte| format!("{byte:02x}")).collect();
        seen.clean().fields(&[("cotp.data", &digits), ("cotp.type", "240"), ("cotp.payload", payload)]);
        assert_eq!((seen.protocol, seen.name, seen.role), ("cotp", "data", "other"));
    }
    for call in ["0300 0013 0e e0 0000 0000 00 01 00 0800 0b00 0000", "0300 0013 0e e0 0000 0000 00 436f6f6b69653a20"] {
        assert_eq!(talk("s7comm").client(call).clean().field("cotp.payload"), "rdp");
    }
}

#[test]
fn what_tls_hides_is_never_taken_for_s7() {
    let mut talk = talk("s7comm");
    talk.client("0300 000d 02f080 160301 0001 01");
    // The next records begin as S7 and S7comm-plus do, by chance.
    for text in ["0300 000c 02f080 32 01 0000 01", "0300 000c 02f080 72 01 0000 01"] {
        let hidden = talk.server(text);
        assert_eq!((hidden.clean().protocol, hidden.field("cotp.payload")), ("cotp", "tls"));
    }
    // A new call begins in clear.
    talk.client(CONNECT);
    talk.server(CONFIRM);
    assert_eq!(talk.client(&packet(READ)).clean().protocol, "s7comm");
}

#[test]
fn content_is_told_from_its_neighbours() {
    let s7comm = protocol("s7comm");
    for (payload, wanted) in [
        (bytes(CONNECT), Probe::Sure),
        (bytes(CONFIRM), Probe::Sure),
        (bytes(&packet(READ)), Probe::Sure),
        // Only the header, as some stacks send it.
        (bytes("0300 0016"), Probe::Fits),
        // MMS data, and RDP's request with a cookie instead of parameters.
        (bytes("0300 000d 02f080 01000100 6103"), Probe::Fits),
        (bytes("0300 0013 0e e0 0000 0000 00 01 00 0800 0300 0000"), Probe::Fits),
        (bytes("0300 0006 02f080"), Probe::No),
        (bytes("0000 0000 0006 01 03 0000 0001"), Probe::No),
        (b"GET / HTTP/1.1\r\n".to_vec(), Probe::No),
        (b"HELF".to_vec(), Probe::No),
        (Vec::new(), Probe::No),
    ] {
        assert_eq!(s7comm.probe(&payload, TCP), wanted, "{payload:02x?}");
    }
}
