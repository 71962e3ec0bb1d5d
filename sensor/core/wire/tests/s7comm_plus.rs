//! S7comm-plus: framing, functions, addresses, values, and what is hidden.
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

use reading::{bytes, talk, Seen};
use wire::limits;
use wire::protocol::Step;

/// A whole message: frame with trailer, in one transport message.
fn message(version: u8, content: &str) -> String {
    frame(version, content, true)
}

fn frame(version: u8, content: &str, last: bool) -> String {
    let content = bytes(content);
    let digits: String = content.iter().map(|byte| format!("{byte:02x}")).collect();
    let trailer = if last { format!("72 {version:02x} 0000") } else { String::new() };
    let length = content.len() + if last { 15 } else { 11 };
    format!("0300 {length:04x} 02f080 72 {version:02x} {:04x} {digits} {trailer}", content.len())
}

const QUALIFIER: &str = "000004e8 8969 0012 00000000 896a 0013 00 896b 0004 00 00 00000000";

#[test]
fn a_session_begins_and_the_station_says_what_it_is() {
    let mut talk = talk("s7comm");
    let asked = talk.client(&message(
        1,
        "31 0000 04ca 0000 0001 00000120 36  # request, create object, sequence 1, session
         0000011d 0004 00 00000000           # where; a value; four bytes
         a1 000000d3 821f 00 00              # an object of class 287
         a3 8169 0015 04 48756c6f            # its name
         a2 00000000",
    ));
    asked.clean().fields(&[
        ("s7comm_plus.version", "1"),
        ("s7comm_plus.opcode_name", "request"),
        ("s7comm_plus.function", "1226"),
        ("s7comm_plus.function_name", "create_object"),
        ("s7comm_plus.sequence", "1"),
        ("s7comm_plus.session_id", "288"),
        ("s7comm_plus.object_id", "[285, 211]"),
        ("s7comm_plus.class_id", "[287]"),
        ("s7comm_plus.attribute_id", "[233]"),
        ("s7comm_plus.value_type", "[wstring]"),
        ("s7comm_plus.values", "[Hulo]"),
    ]);
    assert_eq!((asked.protocol, asked.name, asked.class), ("s7comm-plus", "create_object", "session"));
    assert_eq!((asked.operation, asked.role), (0x2_04ca, "request"));
    let identity = "1;6ES7 211-1BE31-0XB0 ;V3.0";
    let identity: String = identity.bytes().map(|byte| format!("{byte:02x}")).collect();
    let answer = talk.server(&message(
        1,
        &format!(
            "32 0000 04ca 0000 0001 36 00   # return value 0
             01 873e a1 00000120 821f 00 00
             a3 8232 0017 0000013a 823f 0015 1b {identity} 00 a2 00000000"
        ),
    ));
    answer.clean().fields(&[
        ("s7comm_plus.return_value", "0"),
        ("s7comm_plus.order_number", "6ES7 211-1BE31-0XB0"),
        ("s7comm_plus.firmware_version", "V3.0"),
    ]);
    assert_eq!((answer.outcome, answer.reference, answer.operation), ("success", asked.reference, asked.operation));
    let refused = talk.server(&message(1, "32 0000 04ca 0000 0001 36 d6fdbfbfbfbffffb 6a"));
    assert_eq!((refused.clean().outcome, refused.field("s7comm_plus.error_code")), ("failure", "-1174"));
}

#[test]
fn variables_have_area_block_and_path() {
    let mut talk = talk("s7comm");
    let asked = talk.client(&message(
        2,
        &format!(
            "31 0000 054c 0000 0004 000003be 34 00000000 03 11  # three items
             81ffccb577 88d0b88003 02 9376 0a                   # DB3, 10
             00 52 03 8e2a 09 02                                # a flag, 9.2
             00 32 01 9a7b                                      # object 50, attribute 3451
             {QUALIFIER}"
        ),
    ));
    asked.clean().fields(&[
        ("s7comm_plus.item_count", "3"),
        ("s7comm_plus.item.symbol_crc", "[536025847, 0, 0]"),
        ("s7comm_plus.item.area", "[db, flag, object]"),
        ("s7comm_plus.item.area_code", "[2316173315, 82, 50]"),
        ("s7comm_plus.item.db", "[3, 0, 0]"),
        ("s7comm_plus.item.lid", "[10, 9.2, 3451]"),
    ]);
    assert_eq!((asked.class, asked.objects.len()), ("read", 3));
    assert!(asked.objects[0].starts_with("db_symbol 3 "));
    assert_eq!(asked.objects[2], "attribute 50 3451-3451");
    let answer = talk
        .server(&message(2, "32 0000 054c 0000 0004 34 00 01 0008 7f 02 000e 3fc00000 00 03 ffffffffffffffffff 00 07"));
    answer.clean().fields(&[
        ("s7comm_plus.item.number", "[1, 2]"),
        ("s7comm_plus.value_type", "[dint, real]"),
        ("s7comm_plus.values", "[-1, 1.5]"),
        ("s7comm_plus.item.error_code", "[-1]"),
        ("s7comm_plus.integrity_id", "7"),
    ]);
    assert_eq!((answer.outcome, answer.reference), ("failure", asked.reference), "one item failed");
}

#[test]
fn values_of_every_type_are_read() {
    for (value, kind, printed) in [
        ("0001 01", "bool", "true"),
        ("0002 ff", "usint", "255"),
        ("0003 ffff", "uint", "65535"),
        ("0004 9077", "udint", "2167"),
        ("0005 ffffffffffffffffff", "ulint", "18446744073709551615"),
        ("0006 ff", "sint", "-1"),
        ("0007 fffe", "int", "-2"),
        ("0008 7e", "dint", "-2"),
        ("0009 7d", "lint", "-3"),
        ("000a 0c", "byte", "12"),
        ("000b 0102", "word", "258"),
        ("000c 00010000", "dword", "65536"),
        ("000d 0000000000000005", "lword", "5"),
        ("000f 3ff8000000000000", "lreal", "1.5"),
        ("0010 0000000000000007", "timestamp", "7"),
        ("0011 7f", "timespan", "-1"),
        ("0012 000004e8", "relation_id", "1256"),
        ("0013 8169", "attribute_id", "233"),
        ("0014 00 02 abcd", "blob", "abcd"),
        ("0015 02 4142", "wstring", "AB"),
        ("1003 02 0001 0002", "uint, uint", "1, 2"),
        ("4002 01 07 02 08 00", "usint, usint", "7, 8"),
        ("0017 00000401 01 0002 07 02 0002 08 00", "usint, usint", "7, 8"),
        ("0017 02000001 0000000000000000 00 02 abcd", "blob", "abcd"),
    ] {
        let seen = talk("s7comm").server(&message(2, &format!("32 0000 054c 0000 0004 34 00 01 {value} 00 00 00")));
        seen.clean().fields(&[
            ("s7comm_plus.value_type", &format!("[{kind}]")),
            ("s7comm_plus.values", &format!("[{printed}]")),
        ]);
        assert!(!seen.fields.contains_key("s7comm_plus.hidden"), "{value}: {seen:#?}");
    }
}

#[test]
fn a_variable_is_written_by_address_and_by_attribute() {
    let by_address = talk("s7comm").client(&message(
        2,
        "31 0000 0542 0000 0005 000003be 34 00000000 01 05 00 88d0b88003 02 9376 0a 01 0007 00ce 00",
    ));
    by_address.clean().fields(&[("s7comm_plus.values", "[206]"), ("s7comm_plus.item.db", "[3]")]);
    assert_eq!((by_address.class, by_address.objects.len()), ("write", 1));
    let by_attribute = talk("s7comm").client(&message(
        2,
        "31 0000 0542 0000 0006 000003be 34 000003be 02 02 8232 8260 01 0007 0001 02 0007 0002 00",
    ));
    by_attribute.clean().fields(&[("s7comm_plus.values", "[1, 2]"), ("s7comm_plus.attribute_id", "[306, 352]")]);
    let answered = talk("s7comm").server(&message(2, "32 0000 0542 0000 0006 34 00 00 00 00000000"));
    answered.clean().fields(&[("s7comm_plus.function_name", "set_multi_variables")]);
    assert_eq!(answered.outcome, "success");
}

#[test]
fn a_station_is_stopped_and_started() {
    for (state, action) in [("01", "stop"), ("03", "start"), ("07", "unknown")] {
        let seen = talk("s7comm").client(&message(
            1,
            &format!("31 0000 04f2 0000 0010 00000388 36 00000034 01 9077 0008 {state} {QUALIFIER}"),
        ));
        seen.clean().fields(&[("s7comm_plus.action", action), ("s7comm_plus.object_id", "[52]")]);
        assert_eq!((seen.class, seen.name), ("control", "set_variable"));
        assert_eq!(seen.objects, ["attribute 52 2167-2167"]);
        let mut talk = talk("s7comm");
        talk.client(&message(
            1,
            &format!("31 0000 04f2 0000 0010 00000388 36 00000034 01 9077 0008 {state} {QUALIFIER}"),
        ));
        let done = talk.server(&message(1, "32 0000 04f2 0000 0010 36 00 00000000"));
        assert_eq!((done.clean().class, done.outcome), ("control", "success"), "as its question");
    }
}

#[test]
fn a_digest_in_front_hides_nothing() {
    let digest = "20 ".to_string() + &"ab".repeat(32);
    let seen = talk("s7comm").server(&message(
        3,
        &format!("{digest} 33 70000e51 0400 0000 0000 c9 8ec148 01 92 00000005 000e 41aa70aa 92 00000019 000e 417e538e 00 00000000"),
    ));
    seen.clean().fields(&[
        ("s7comm_plus.protected", "true"),
        ("s7comm_plus.object_id", "[1879051857]"),
        ("s7comm_plus.credit", "201"),
        ("s7comm_plus.sequence", "237768"),
        ("s7comm_plus.item.number", "[5, 25]"),
        ("s7comm_plus.values", "[21.305011749267578, 15.89539909362793]"),
    ]);
    assert_eq!((seen.name, seen.role, seen.reference), ("notification", "unsolicited", None));
}

#[test]
fn a_notification_of_an_s7_1200_has_no_count_of_changes() {
    let seen = talk("s7comm")
        .server(&message(2, "33 1000006a 0400 0000 0000 00 01 92 ffffffff 0007 0817 9b 8105 0001 01 00 00000000"));
    seen.clean().fields(&[
        ("s7comm_plus.sequence", "1"),
        ("s7comm_plus.item.number", "[4294967295, 133]"),
        ("s7comm_plus.values", "[2071, true]"),
    ]);
    let failed = talk("s7comm").server(&message(2, "33 1000006a 0400 0000 0000 00 01 01 13 fffffffe 00 00000000"));
    assert_eq!(failed.clean().outcome, "failure", "an item whose value could not be had");
    assert!(!failed.fields.contains_key("s7comm_plus.hidden"));
}

#[test]
fn what_cannot_be_read_says_so_and_stays_bytes() {
    let encrypted = talk("s7comm").client(&message(3, "9f 8e 7d 6c"));
    encrypted.clean().fields(&[("s7comm_plus.hidden", "true"), ("s7comm_plus.data", "9f8e7d6c")]);
    assert_eq!(encrypted.name, "s7comm_plus");
    // An array that is longer than what is there, and a type that nobody knows.
    for value in ["1003 ffffff7f 0001", "00ff 01", "0015 8fffffff7f 41"] {
        let text = format!("32 0000 054c 0000 0004 34 00 01 {value}");
        let seen = talk("s7comm").server(&message(2, &text));
        assert_eq!(seen.clean().field("s7comm_plus.hidden"), "true", "{value}");
    }
}

#[test]
fn what_proves_who_somebody_is_is_never_kept() {
    for attribute in ["8230", "8e26", "8e36"] {
        for value in ["0014 00 04 deadbeef", "1002 04 de ad be ef", "0017 00000708 01 0014 00 04 deadbeef 00"] {
            let text = format!("31 0000 04f2 0000 0010 00000388 36 00000388 01 {attribute} {value} deadbeef");
            let seen = talk("s7comm").client(&message(2, &text));
            let kept = seen.fields.values().any(|text| text.contains("deadbeef") || text.contains("222, 173"));
            assert!(!kept, "{attribute} {value}: {seen:#?}");
            assert_eq!(seen.field("s7comm_plus.hidden"), "true");
        }
        // Behind something that nobody can read.
        let odd = format!("31 0000 04f2 0000 0010 00000388 36 00000388 02 01 {attribute} 00ff 0014 00 04 deadbeef");
        for text in [odd, format!("9f {attribute} 0014 00 04 deadbeef")] {
            let seen = talk("s7comm").client(&message(2, &text));
            assert!(!seen.fields.contains_key("s7comm_plus.data"), "{seen:#?}");
        }
    }
}

fn sequence(seen: &Seen) -> &str {
    seen.field("s7comm_plus.sequence")
}

#[test]
fn parts_become_one_message() {
    let mut talk = talk("s7comm");
    let first = talk.client(&frame(2, "31 0000 04f2 0000 0010 00000388 36 0000", false));
    assert!(matches!(first.step, Step::Kept { .. }), "{first:#?}");
    assert!(talk.parser.kept_bytes() >= 16);
    assert!(matches!(talk.client(&frame(2, "0034 01 90", false)).step, Step::Kept { .. }));
    // The other direction has parts of its own.
    assert_eq!(sequence(talk.server(&message(2, "32 0000 0542 0000 0006 34 00 00 00")).clean()), "6");
    let whole = talk.client(&message(2, "77 0008 01"));
    whole.clean().fields(&[("s7comm_plus.parts", "3"), ("s7comm_plus.action", "stop")]);
    assert!(talk.parser.kept_bytes() < 1024);
}

#[test]
fn parts_without_an_end_are_given_up_once() {
    let mut talk = talk("s7comm");
    let part = frame(2, &"31".repeat(1000), false);
    let mut given_up = 0;
    for _ in 0..4 * limits::S7_PDU_BYTES / 1000 {
        let seen = talk.client(&part);
        if let Step::Message { .. } = seen.step {
            assert_eq!(seen.flaws, ["s7comm_plus.parts_too_long"]);
            given_up += 1;
        }
        assert!(talk.parser.kept_bytes() <= 4 * limits::S7_PDU_BYTES);
    }
    assert_eq!(given_up, 1);
    assert!(matches!(talk.client(&message(2, "00")).step, Step::Kept { .. }), "their end is passed over");
    talk.client(&message(1, "31 0000 04d4 0000 0009 00000388 34 00000388")).clean();
}

#[test]
fn frames_that_are_no_messages() {
    let alive = talk("s7comm").client("0300 000b 02f080 72 ff 05 00");
    alive.clean().fields(&[("s7comm_plus.sequence", "5"), ("s7comm_plus.version", "255")]);
    assert_eq!((alive.name, alive.role), ("keep_alive", "unsolicited"));
    let event = talk("s7comm").server("0300 000f 02f080 72 fe 0004 01020304");
    event.clean().fields(&[("s7comm_plus.data", "01020304")]);
    assert_eq!(event.name, "system_event");
}

#[test]
fn every_flaw_is_found() {
    for (text, flaw) in [
        ("0300 0009 02f080 72 01", "s7comm_plus.short_header"),
        ("0300 000f 02f080 72 01 0000 72 01 0000", "s7comm_plus.short_header"),
        ("0300 0012 02f080 72 01 0003 31 00 00 72 01 0000", "s7comm_plus.short_header"),
        ("0300 001d 02f080 72 01 0040 31 0000 04d4 0000 0009 00000388 34 00000388", "s7comm_plus.bad_length"),
        (
            "0300 0022 02f080 72 01 0013 31 0000 04d4 0000 0009 00000388 34 00000388 00 72 05 0000",
            "s7comm_plus.bad_length",
        ),
    ] {
        let seen = talk("s7comm").client(text);
        assert_eq!(seen.step, Step::Message { used: bytes(text).len() }, "{text}");
        assert_eq!(seen.flaws, [flaw], "{text}: {seen:#?}");
    }
}
