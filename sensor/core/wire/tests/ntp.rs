//! NTP.
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

/// A client's question: only version, mode and transmit time are filled.
const QUESTION: &str = "23 00 06 ec 00000000 00000000 00000000
     0000000000000000 0000000000000000 0000000000000000 e7a1b2c3 80000000";

#[test]
fn a_question_and_its_answer() {
    let mut talk = talk("ntp");
    let asked = talk.client(QUESTION);
    asked.clean().fields(&[
        ("ntp.version", "4"),
        ("ntp.mode_name", "client"),
        ("ntp.poll", "6"),
        ("ntp.precision", "-20"),
        // 0xe7a1b2c3 seconds since 1900, less 2208988800; half a second.
        ("ntp.transmit_time", "1677145155500000000"),
    ]);
    assert!(!asked.fields.contains_key("ntp.originate_time"), "zero is no time");
    let told = talk.server(
        "24 02 06 e9 00000800 00001000 0a000063
         e7a1b200 00000000 e7a1b2c3 80000000 e7a1b2c4 00000000 e7a1b2c4 40000000",
    );
    told.clean().fields(&[
        ("ntp.stratum", "2"),
        ("ntp.reference_id", "10.0.0.99"),
        ("ntp.root_delay_s", "0.03125"),
        ("ntp.root_dispersion_s", "0.0625"),
        ("ntp.transmit_time", "1677145156250000000"),
    ]);
    assert_eq!((told.role, told.outcome, told.operation), ("response", "success", asked.operation));
    assert!(asked.reference.is_some() && asked.reference == told.reference);
}

#[test]
fn names_of_clocks_and_refusals() {
    let message = |first: &str, stratum: &str, reference: &str| {
        format!("{first} {stratum} 06 ec 00000000 00000000 {reference} {}", "e7a1b2c380000000".repeat(4))
    };
    let seen = talk("ntp").server(&message("24", "01", "47505300"));
    assert_eq!(seen.clean().field("ntp.reference_id"), "GPS");
    let seen = talk("ntp").server(&message("e4", "00", "52415445"));
    assert_eq!((seen.clean().field("ntp.kiss_code"), seen.outcome), ("RATE", "failure"));
    // After 2036 the seconds begin anew.
    let seen = talk("ntp").client(&format!("23 00 06 ec {} 00000001 00000000", "00000000".repeat(9)));
    assert_eq!(seen.field("ntp.transmit_time"), ((1u64 << 32) - 2_208_988_800 + 1).to_string() + "000000000");
}

#[test]
fn authentication_and_extensions_behind_the_header() {
    let seen = talk("ntp").client(&format!("{QUESTION} 0000000a {}", "ab".repeat(16)));
    assert_eq!(seen.clean().field("ntp.key_id"), "10");
    // An extension of 28 bytes, then one of 16 with a key and digest of 20 and 4 bytes.
    let seen = talk("ntp").client(&format!("{QUESTION} 0104 001c {} 0000000b {}", "00".repeat(24), "cd".repeat(20)));
    seen.clean().fields(&[("ntp.extensions", "1"), ("ntp.key_id", "11")]);
    for (behind, flaw) in
        [("0104 0003 ".to_string() + &"00".repeat(24), "ntp.bad_extension"), ("00".into(), "ntp.trailing_bytes")]
    {
        assert_eq!(talk("ntp").client(&format!("{QUESTION} {behind}")).flaws, [flaw]);
    }
}

#[test]
fn control_messages() {
    let mut talk = talk("ntp");
    // Mode 6, read variables, sequence 1, association 0.
    let asked = talk.client("16 02 0001 0000 0000 0000 0000");
    assert_eq!((asked.clean().name, asked.class, asked.operation), ("read_variables", "read", 0x602));
    let told = talk.server("16 82 0001 0618 0000 0000 0004 763d3400");
    assert_eq!((told.clean().reference, told.outcome), (asked.reference, "success"));
    let told = talk.server("16 c2 0001 0300 0000 0000 0000");
    assert_eq!((told.clean().field("ntp.error"), told.outcome), ("3", "failure"));
    assert_eq!(talk.client("16 08 0002 0000 0000 0000 0004 6162 6364").clean().class, "program");
    assert_eq!(talk.client("16 17 0001 0000 0000 0000 0000").flaws, ["ntp.unknown_request"]);
    assert_eq!(talk.client("16 02 0001 0000 0000 0000 00ff").flaws, ["ntp.bad_count"]);
}

#[test]
fn the_list_of_who_asked() {
    let mut talk = talk("ntp");
    // Mode 7, version 2, implementation 3 (ntpd), request 42.
    let asked = talk.client("17 00 03 2a 0000 0000");
    assert_eq!((asked.clean().name, asked.class, asked.role), ("monitor_list", "discover", "request"));
    let told = talk.server(&format!("d7 00 03 2a 0002 0008 {}", "00".repeat(16)));
    told.clean().fields(&[
        ("ntp.items", "2"),
        ("ntp.item_size", "8"),
        ("ntp.more", "true"),
        ("ntp.request_code", "42"),
    ]);
    assert_eq!((told.reference, told.outcome), (asked.reference, "success"));
    assert_eq!(talk.server("97 00 03 2a 4000 0000").outcome, "failure");
    assert_eq!(talk.server("97 00 03 2a 0002 0048").flaws, ["ntp.bad_count"]);
    assert_eq!(talk.client("17 00 03 ff 0000 0000").flaws, ["ntp.unknown_request"]);
}

#[test]
fn what_is_odd_is_told() {
    let with = |first: &str, stratum: &str| QUESTION.replacen("23 00", &format!("{first} {stratum}"), 1);
    for (text, flaw) in [
        (with("3b", "00"), "ntp.unknown_version"),
        (with("20", "00"), "ntp.unknown_mode"),
        (with("23", "11"), "ntp.reserved_stratum"),
        (with("e4", "03"), "ntp.unsynchronized"),
        ("23 00 06 ec".into(), "ntp.short_message"),
        ("17 00".into(), "ntp.short_message"),
    ] {
        let seen = talk("ntp").client(&text);
        assert_eq!(seen.flaws, [flaw], "{text}");
        assert!(matches!(seen.step, Step::Message { .. }));
    }
}
