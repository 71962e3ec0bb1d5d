//! Schneider's UMAS inside function 90, as captures of Quantum and M580 controllers have it.
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

/// MBAP header of transaction 7 and unit 0 around a PDU of function 90.
fn adu(data: &str) -> String {
    let body: String = bytes(data).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0007 0000 {:04x} 00 5a {body}", bytes(data).len() + 2)
}

/// Question and answer.
fn pair(question: &str, answer: &str) -> (Seen, Seen) {
    let mut talk = talk("modbus");
    (talk.client(&adu(question)), talk.server(&adu(answer)))
}

#[test]
fn every_operation_is_one_of_its_own() {
    for (question, code, name, class) in [
        ("00 01 00", 0x01, "umas_init_comm", "session"),
        ("00 02", 0x02, "umas_read_id", "discover"),
        ("01 11", 0x11, "umas_release_plc_reservation", "session"),
        ("01 30 0001 0000", 0x30, "umas_initialize_upload", "program"),
        ("01 35 0001 3500", 0x35, "umas_end_download", "program"),
        ("01 40 ff00", 0x40, "umas_start_plc", "control"),
        ("01 41 ff00", 0x41, "umas_stop_plc", "control"),
        ("01 25 01020304", 0x25, "umas_write_coils_registers", "write"),
        ("01 71 01020304", 0x71, "umas_write_io_object", "write"),
        ("01 99 01", 0x99, "umas", "other"),
    ] {
        let (asked, answered) = pair(question, "01 fe");
        asked.clean().fields(&[("modbus.function_code", "90"), ("modbus.umas.function_code", &code.to_string())]);
        assert_eq!((asked.operation, asked.name, asked.class), (0x5a_0000 | code, name, class), "{question}");
        answered.clean().fields(&[("modbus.umas.status", "254"), ("modbus.umas.status_name", "ok")]);
        assert_eq!((answered.operation, answered.name, answered.class), (asked.operation, name, class), "{question}");
        assert_eq!((answered.outcome, answered.reference), ("success", asked.reference));
    }
}

#[test]
fn an_error_is_the_failure_of_what_was_asked() {
    let (asked, answered) = pair("c8 11", "c8 fd 8180c0c62d 0000000000");
    answered.clean().fields(&[("modbus.umas.status_name", "error"), ("modbus.data", "8180c0c62d0000000000")]);
    assert_eq!((answered.outcome, answered.operation), ("failure", asked.operation));
    // Nobody heard the question.
    let alone = talk("modbus").server(&adu("00 fe 01"));
    assert_eq!((alone.clean().operation, alone.name, alone.outcome), (0, "umas", "success"));
    assert_eq!(pair("00 02", "00 03").1.flaws, ["modbus.value"]);
}

#[test]
fn what_a_controller_says_of_itself_is_told() {
    let (_, id) = pair(
        "00 02",
        "00 fe 10ff 5a010100 0000 7002 0000 2700 0900 08000000 0000 0e 313430204350552033313120 3130 01 01 01 00 00000011 00",
    );
    id.clean().fields(&[("modbus.umas.device_name", "140 CPU 311 10"), ("modbus.umas.firmware", "2.70")]);
    let (_, project) = pair(
        "00 03 00",
        "00 fe 020500009888010000 020500009888010000 020c3b0c0e01de07 020c3b0c0e01de07 08000000 08 50726f6a65637400",
    );
    assert_eq!(project.clean().field("modbus.umas.project_name"), "Project");
    let status = format!("00 fe 02828006 {} 02 010000 fa00", "00".repeat(56));
    let (_, state) = pair("00 04", &status);
    state.clean().fields(&[("modbus.umas.plc_state", "2"), ("modbus.umas.plc_state_name", "running")]);
}

#[test]
fn who_holds_the_reservation_is_told() {
    let (_, held) = pair("00 01 00", "00 fe fd03 0006 00003200 0a030000 07 4a4f484e2d5043");
    assert_eq!(held.clean().field("modbus.umas.client_name"), "JOHN-PC");
    let (asked, granted) = pair("00 10 434c0000 0f 555345522d37313445373446323142", "00 fe 01");
    assert_eq!(asked.clean().field("modbus.umas.client_name"), "USER-714E74F21B");
    assert_eq!(granted.clean().field("modbus.umas.key"), "1");
}

/// New controllers want proof of a password: nothing of it is in the event.
#[test]
fn proofs_of_passwords_are_not_kept() {
    let kept = |seen: &Seen| seen.fields.values().any(|value| value.contains("dead") || value.contains("DEAD"));
    for question in ["00 10 434c0000 0a 5043 00 44454144444541 deaddead", "00 6e 25 deaddeaddead", "00 6d deaddead"] {
        let (asked, answered) = pair(question, "00 fe deaddead");
        assert!(!kept(asked.clean()), "{asked:#?}");
        if !question.starts_with("00 10") {
            assert!(!kept(answered.clean()), "{answered:#?}");
        }
    }
    let envelope = format!("01 {}", "de".repeat(32));
    let (asked, answered) = pair(&format!("05 38 {envelope} 5a 05 41 ff00"), &format!("05 fe {envelope} 5a 05 fe"));
    asked.clean().fields(&[("modbus.umas.signed", "true"), ("modbus.data", "ff00")]);
    assert_eq!((asked.name, asked.class), ("umas_stop_plc", "control"));
    assert_eq!((answered.clean().name, answered.outcome), ("umas_stop_plc", "success"));
    assert!(!answered.fields.contains_key("modbus.data"));
}

#[test]
fn memory_and_variables_are_objects() {
    let (asked, answered) = pair("00 20 00 1300 64000000 9c00", "00 fe 00 0400 37583d11");
    asked.clean().fields(&[
        ("modbus.umas.blocks", "[19]"),
        ("modbus.umas.offsets", "[100]"),
        ("modbus.umas.lengths", "[156]"),
    ]);
    assert_eq!(asked.objects, ["umas_block 19 100-255"]);
    answered.clean().fields(&[("modbus.umas.lengths", "[4]"), ("modbus.data", "37583d11")]);
    let (asked, _) = pair("00 22 37583d11 02 02 3000 01 1000 04 12 3000 01 2000 00 0300", "00 fe 0102");
    asked.clean().fields(&[
        ("modbus.umas.blocks", "[48, 48]"),
        ("modbus.umas.offsets", "[20, 32]"),
        ("modbus.umas.lengths", "[2, 6]"),
    ]);
    assert_eq!(asked.objects, ["umas_block 48 20-21", "umas_block 48 32-37"]);
    let (asked, _) = pair("00 23 37583d11 01 03 3000 1000 0400 0000803f", "00 fe");
    asked.clean().fields(&[("modbus.umas.blocks", "[48]"), ("modbus.data", "033000100004000000803f")]);
    assert_eq!((asked.class, asked.objects.as_slice()), ("write", ["umas_block 48 20-23".to_string()].as_slice()));
}

#[test]
fn parts_of_a_program_have_numbers_and_lengths() {
    let (asked, answered) = pair("01 34 0001 0200", "01 fe 00 00 0300 aabbcc");
    assert_eq!(asked.clean().field("modbus.umas.blocks"), "[2]");
    answered.clean().fields(&[("modbus.umas.lengths", "[3]"), ("modbus.data", "aabbcc")]);
    let (asked, _) = pair("01 31 0001 0100 0300 aabbcc", "01 fe");
    asked.clean().fields(&[("modbus.umas.blocks", "[1]"), ("modbus.umas.lengths", "[3]"), ("modbus.data", "aabbcc")]);
}

#[test]
fn short_requests_are_flawed() {
    for question in ["", "00", "00 20 00 13", "00 22 37583d11 02 02 3000", "00 38 01", "00 10 0000", "00 31 00"] {
        let seen = talk("modbus").client(&adu(question));
        assert_eq!(seen.flaws, ["modbus.short_pdu"], "{question}");
    }
}
