//! Modbus/TCP, function by function, as MODBUS Application Protocol V1.1b3 writes them down.
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
use wire::protocol::{Probe, Step, TCP};

/// MBAP header of transaction 7 and unit 1 around a PDU.
fn adu(pdu: &str) -> String {
    let body: String = bytes(pdu).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0007 0000 {:04x} 01 {body}", bytes(pdu).len() + 1)
}

fn asked(pdu: &str) -> Seen {
    talk("modbus").client(&adu(pdu))
}

fn answered(pdu: &str) -> Seen {
    talk("modbus").server(&adu(pdu))
}

/// Chapter 6's own examples where it has them: request, operation, class, objects, then fields of either side.
#[test]
#[rustfmt::skip]
fn every_public_function_is_read() {
    type Row = (&'static str, &'static str, &'static str, &'static [&'static str], &'static [(&'static str, &'static str)], &'static str, &'static [(&'static str, &'static str)]);
    let rows: &[Row] = &[
        ("01 0013 0013", "read_coils", "read", &["coil 1 19-37"], &[("modbus.address", "19"), ("modbus.quantity", "19")],
         "01 03 cd6b05", &[("modbus.values", "[1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0]")]),
        ("02 00c4 0016", "read_discrete_inputs", "read", &["discrete_input 1 196-217"], &[("modbus.quantity", "22")],
         "02 03 acdb35", &[("modbus.values", "[0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 1, 0, 0]")]),
        ("03 006b 0003", "read_holding_registers", "read", &["holding_register 1 107-109"], &[("modbus.address", "107")],
         "03 06 022b 0000 0064", &[("modbus.values", "[555, 0, 100]")]),
        ("04 0008 0001", "read_input_registers", "read", &["input_register 1 8-8"], &[("modbus.quantity", "1")],
         "04 02 000a", &[("modbus.values", "[10]")]),
        ("05 00ac ff00", "write_single_coil", "write", &["coil 1 172-172"], &[("modbus.values", "[65280]")],
         "05 00ac ff00", &[("modbus.address", "172")]),
        ("06 0001 0003", "write_single_register", "write", &["holding_register 1 1-1"], &[("modbus.values", "[3]")],
         "06 0001 0003", &[("modbus.values", "[3]")]),
        ("07", "read_exception_status", "diagnose", &[], &[("modbus.function_code", "7")],
         "07 6d", &[("modbus.exception_status", "109")]),
        ("08 0000 a537", "return_query_data", "diagnose", &[], &[("modbus.diagnostic_code", "0"), ("modbus.data", "a537")],
         "08 0000 a537", &[("modbus.data", "a537")]),
        ("0b", "get_comm_event_counter", "diagnose", &[], &[], "0b ffff 0108", &[("modbus.comm_status", "65535"), ("modbus.event_count", "264")]),
        ("0c", "get_comm_event_log", "diagnose", &[], &[],
         "0c 08 0000 0108 0121 2000",
         &[("modbus.comm_status", "0"), ("modbus.event_count", "264"), ("modbus.message_count", "289"), ("modbus.events", "[32, 0]")]),
        ("0f 0013 000a 02 cd01", "write_multiple_coils", "write", &["coil 1 19-28"], &[("modbus.values", "[1, 0, 1, 1, 0, 0, 1, 1, 1, 0]")],
         "0f 0013 000a", &[("modbus.quantity", "10")]),
        ("10 0001 0002 04 000a 0102", "write_multiple_registers", "write", &["holding_register 1 1-2"], &[("modbus.values", "[10, 258]")],
         "10 0001 0002", &[("modbus.address", "1")]),
        ("11", "report_server_id", "discover", &[], &[], "11 03 0aff42", &[("modbus.data", "0aff42"), ("modbus.running", "true")]),
        ("14 0e 06 0004 0001 0002 06 0003 0009 0002", "read_file_record", "read", &["file_record 65540 1-2", "file_record 65539 9-10"],
         &[("modbus.file_numbers", "[4, 3]"), ("modbus.record_numbers", "[1, 9]"), ("modbus.record_lengths", "[2, 2]")],
         "14 0c 05 06 0dfe 0020 05 06 33cd 0040", &[("modbus.record_lengths", "[2, 2]"), ("modbus.values", "[3582, 32, 13261, 64]")]),
        ("15 0d 06 0004 0007 0003 06af 04be 100d", "write_file_record", "write", &["file_record 65540 7-9"], &[("modbus.record_lengths", "[3]")],
         "15 0d 06 0004 0007 0003 06af 04be 100d", &[("modbus.file_numbers", "[4]"), ("modbus.values", "[1711, 1214, 4109]")]),
        ("16 0004 00f2 0025", "mask_write_register", "write", &["holding_register 1 4-4"], &[("modbus.and_mask", "242"), ("modbus.or_mask", "37")],
         "16 0004 00f2 0025", &[("modbus.or_mask", "37")]),
        ("17 0003 0006 000e 0003 06 00ff 00ff 00ff", "read_write_multiple_registers", "write", &["holding_register 1 14-16", "holding_register 1 3-8"],
         &[("modbus.address", "3"), ("modbus.write_address", "14"), ("modbus.write_quantity", "3"), ("modbus.values", "[255, 255, 255]")],
         "17 0c 00fe 0acd 0001 0003 000d 00ff", &[("modbus.values", "[254, 2765, 1, 3, 13, 255]")]),
        ("18 04de", "read_fifo_queue", "read", &["fifo 1 1246-1246"], &[("modbus.address", "1246")],
         "18 0006 0002 01b8 1284", &[("modbus.quantity", "2"), ("modbus.values", "[440, 4740]")]),
        ("2b 0e 01 00", "read_device_identification", "discover", &[],
         &[("modbus.mei_type", "14"), ("modbus.device_id_code", "1"), ("modbus.object_names", "[vendor_name]")],
         "2b 0e 01 81 ff 02 02 00 02 4142 01 01 43",
         &[("modbus.object_ids", "[0, 1]"), ("modbus.object_names", "[vendor_name, product_code]"), ("modbus.object_values", "[AB, C]"),
           ("modbus.conformity_level", "129"), ("modbus.more_follows", "true"), ("modbus.next_object_id", "2")]),
        ("2b 0d 11 22", "canopen_general_reference", "other", &[], &[("modbus.mei_type", "13"), ("modbus.data", "1122")],
         "2b 0d 33", &[("modbus.data", "33")]),
    ];
    for (request, name, class, objects, fields, response, values) in rows {
        let mut talk = talk("modbus");
        let asked = talk.client(&adu(request));
        asked.clean().fields(fields);
        assert_eq!((asked.name, asked.class, asked.role, asked.outcome), (*name, *class, "request", "unknown"), "{request}");
        assert_eq!(asked.objects, *objects, "{request}");
        let answered = talk.server(&adu(response));
        answered.clean().fields(values);
        assert_eq!((answered.name, answered.role, answered.outcome), (*name, "response", "success"), "{response}");
        assert_eq!((asked.reference, asked.operation), (answered.reference, answered.operation));
    }
}

#[test]
fn limits_of_chapter_6_are_the_last_good_values() {
    for (good, bad) in [
        ("01 0000 07d0", "01 0000 07d1"),
        ("02 0000 07d0", "02 0000 07d1"),
        ("03 0000 007d", "03 0000 007e"),
        ("04 0000 007d", "04 0000 007e"),
        ("03 0000 0001", "03 0000 0000"),
    ] {
        asked(good).clean();
        assert_eq!(asked(bad).flaws, ["modbus.quantity"], "{bad}");
    }
    asked("03 ffff 0001").clean();
    assert_eq!(asked("03 ffff 0002").flaws, ["modbus.address_overflow"]);
    let registers = |count: usize| format!("10 0000 {count:04x} {:02x} {}", count * 2, "00".repeat(count * 2));
    asked(&registers(123)).clean();
    // One register more makes the PDU longer than 253 bytes, too.
    assert_eq!(asked(&registers(124)).flaws, ["modbus.bad_length", "modbus.quantity"]);
    let coils =
        |count: usize| format!("0f 0000 {count:04x} {:02x} {}", count.div_ceil(8), "00".repeat(count.div_ceil(8)));
    asked(&coils(1968)).clean();
    assert_eq!(asked(&coils(1969)).flaws, ["modbus.quantity"]);
    let both = |read: u16, write: usize| {
        format!("17 0000 {read:04x} 0000 {write:04x} {:02x} {}", write * 2, "00".repeat(write * 2))
    };
    asked(&both(125, 121)).clean();
    assert_eq!(asked(&both(126, 121)).flaws, ["modbus.quantity"]);
    assert_eq!(asked(&both(125, 122)).flaws, ["modbus.bad_length", "modbus.quantity"]);
}

#[test]
fn every_flaw_of_a_request_is_found() {
    for (pdu, flaw) in [
        ("03 0000 00", "modbus.short_pdu"),
        ("08 0001", "modbus.short_pdu"),
        ("08 0001 0001", "modbus.value"),
        ("03 0000 0001 ff", "modbus.trailing_bytes"),
        ("07 00", "modbus.trailing_bytes"),
        ("10 0000 0002 03 000001", "modbus.byte_count"),
        ("14 08 06 0001 0000 0001", "modbus.byte_count"),
        ("00", "modbus.reserved_function"),
        ("83 02", "modbus.reserved_function"),
        ("83 02", "modbus.exception_from_client"),
        ("05 0000 0001", "modbus.value"),
        ("14 07 05 0001 0000 0001", "modbus.value"),
        ("14 07 06 0000 0000 0001", "modbus.value"),
        ("14 07 06 0001 2710 0001", "modbus.value"),
        ("2b 0e 05 00", "modbus.value"),
    ] {
        let seen = asked(pdu);
        assert!(matches!(seen.step, Step::Message { .. }));
        assert!(seen.flaws.contains(&flaw), "{flaw}: {seen:#?}");
    }
    assert_eq!(asked("83 02").outcome, "unknown", "a request has no outcome, whatever it pretends");
}

#[test]
fn every_flaw_of_a_response_is_found() {
    for (pdu, flaw) in [
        ("03 04 0001", "modbus.byte_count"),
        ("03 03 000102", "modbus.byte_count"),
        ("01 00", "modbus.byte_count"),
        ("05 0000 1234", "modbus.value"),
        ("07", "modbus.short_pdu"),
        ("0b 0000", "modbus.short_pdu"),
        ("0b 0001 0000", "modbus.value"),
        ("0c 04 0000 0108", "modbus.byte_count"),
        ("2b 0e 01 01 02 00 00", "modbus.value"),
        ("0b 0000 0000 00", "modbus.trailing_bytes"),
        ("18 0008 0002 0001 0002", "modbus.byte_count"),
        ("18 0006 0003 0001 0002", "modbus.short_pdu"),
        ("14 04 03 05 0001", "modbus.value"),
        ("14 09 03 06 0001", "modbus.byte_count"),
        ("2b 0e 01 01 00 00 02 00 02 4142", "modbus.short_pdu"),
    ] {
        let seen = answered(pdu);
        assert!(seen.flaws.contains(&flaw), "{flaw} for {pdu}: {seen:#?}");
    }
    let full = format!("18 0042 0020 {}", "0001".repeat(32));
    assert_eq!(answered(&full).flaws, ["modbus.quantity"], "a queue holds 31");
}

#[test]
fn exceptions_are_failures_of_their_function() {
    let mut talk = talk("modbus");
    let asked = talk.client(&adu("03 ffff 0001"));
    let failed = talk.server(&adu("83 02"));
    failed.clean().fields(&[
        ("modbus.function_code", "3"),
        ("modbus.exception_code", "2"),
        ("modbus.exception_name", "illegal_data_address"),
    ]);
    assert_eq!((failed.outcome, failed.reference, failed.operation), ("failure", asked.reference, asked.operation));
    assert_eq!(answered("83 63").clean().field("modbus.exception_name"), "unknown");
    assert_eq!(answered("83 02 00").flaws, ["modbus.trailing_bytes"]);
}

/// An exception repeats the function and not its sub-function; it still answers what was asked.
#[test]
fn exceptions_of_sub_functions_are_those_of_their_question() {
    for (question, exception) in [("08 0004 0000", "88 01"), ("2b 0e 01 00", "ab 02"), ("5a 01 41 ff00", "da 01")] {
        let mut talk = talk("modbus");
        let asked = talk.client(&adu(question));
        let failed = talk.server(&adu(exception));
        assert_eq!((failed.clean().operation, failed.name), (asked.operation, asked.name), "{question}");
        assert_eq!((failed.outcome, failed.class), ("failure", asked.class));
        // Of nothing that was heard: the engine may know more.
        assert_eq!(answered(exception).clean().operation, 0);
    }
}

#[test]
fn diagnostics_that_silence_a_device_are_control() {
    for (pdu, operation, name, class) in [
        ("08 0001 ff00", 0x08_0001, "restart_communications", "control"),
        ("08 0004 0000", 0x08_0004, "force_listen_only_mode", "control"),
        ("08 000a 0000", 0x08_000a, "clear_counters_and_diagnostic_register", "diagnose"),
        ("08 0015 0003", 0x08_0015, "diagnostics", "diagnose"),
    ] {
        let seen = asked(pdu);
        assert_eq!((seen.clean().operation, seen.name, seen.class), (operation, name, class));
    }
    let counted = answered("08 000b 0102");
    counted
        .clean()
        .fields(&[("modbus.diagnostic_name", "return_bus_message_count"), ("modbus.diagnostic_value", "258")]);
}

#[test]
fn functions_nobody_knows_keep_number_and_bytes() {
    for (pdu, code, name) in [
        ("13 00 20", 19, "unknown"),
        ("42 00 20", 66, "user_defined"),
        ("64 00 20", 100, "user_defined"),
        ("6e 00 20", 110, "user_defined"),
        ("5b 00 20", 91, "reserved"),
        ("7e 00 20", 126, "reserved"),
        ("7c 00 20", 124, "unknown"),
    ] {
        for seen in [asked(pdu), answered(pdu)] {
            seen.clean().fields(&[
                ("modbus.function_code", &code.to_string()),
                ("modbus.function_name", name),
                ("modbus.data", "0020"),
            ]);
            assert_eq!((seen.operation, seen.name, seen.class), (code, name, "other"));
        }
    }
}

#[test]
fn messages_follow_each_other_in_one_segment() {
    let mut stream = bytes(&adu("03 0000 0001"));
    let first = stream.len();
    stream.extend(bytes(&adu("06 0000 0001")));
    let mut talk = talk("modbus");
    assert_eq!(talk.read(&stream, true, false).step, Step::Message { used: first });
    assert_eq!(talk.read(&stream[first..], true, false).clean().name, "write_single_register");
    for cut in 1..first {
        let Step::Short { need } = talk.read(&stream[..cut], true, false).step else {
            panic!("{cut} bytes are no message")
        };
        assert!(need > cut && need <= first, "{need} for {cut}");
    }
}

#[test]
fn lengths_that_cannot_be_lose_the_framing_or_end_where_they_say() {
    let mut talk = talk("modbus");
    for length in ["0000", "0001", "ffff"] {
        let seen = talk.client(&format!("0007 0000 {length} 01 03 0000 0001"));
        assert_eq!((seen.step, seen.flaws.as_slice()), (Step::Message { used: 12 }, ["modbus.bad_length"].as_slice()));
        talk.client(&adu("03 0000 0001")).clean();
    }
    // Schneider's function 90 with one byte more than the specification allows, and a message behind it.
    let long = format!("0007 0000 00ff 01 5a 00 0a {} {}", "00".repeat(251), adu("03 0000 0001"));
    let seen = talk.client(&long);
    assert_eq!((seen.step, seen.flaws.as_slice()), (Step::Message { used: 261 }, ["modbus.bad_length"].as_slice()));
    assert_eq!((seen.name, seen.field("modbus.unit_id")), ("umas_repeat", "1"));
}

#[test]
fn another_protocol_id_is_a_flaw_but_after_a_gap_no_message() {
    let text = "0007 0001 0006 01 03 0000 0001";
    let seen = talk("modbus").client(text);
    assert_eq!((seen.flaws.as_slice(), seen.field("modbus.protocol_id")), (["modbus.protocol_id"].as_slice(), "1"));
    assert_eq!(talk("modbus").read(&bytes(text), true, true).step, Step::Lost { used: 12 });
    talk("modbus").read(&bytes(&adu("03 0000 0001")), true, true).clean();
}

#[test]
fn content_is_told_from_its_neighbours() {
    let modbus = protocol("modbus");
    for (payload, wanted) in [
        (bytes(&adu("03 0000 0001")), Probe::Sure),
        (bytes(&adu("03 02 0001")), Probe::Sure),
        (bytes(&adu("83 02")), Probe::Sure),
        (bytes(&adu("10 0000 0001")), Probe::Sure),
        (bytes(&adu("10 0000 0001 02 0001")), Probe::Sure),
        (bytes(&adu("2b 0e 01 00")), Probe::Sure),
        (bytes(&adu("5a 0002")), Probe::Fits),
        (bytes("0007 0000 0006"), Probe::Fits),
        (bytes("0007 0000 0006 01 00 0000 0000"), Probe::Fits),
        (bytes("0007 0000 0006 01 00 0000 0000 0000"), Probe::No),
        (bytes("0007 0000 0006 01 03 0000 0001 ffff ffff ffff"), Probe::No),
        (bytes("0007 0001 0006 01 03 0000 0001"), Probe::No),
        (bytes("0007 0000 00ff 01"), Probe::No),
        (bytes("0300 0019 02f080 32 01 0000"), Probe::No),
        (b"GET / HTTP/1.1\r\n".to_vec(), Probe::No),
        (Vec::new(), Probe::No),
    ] {
        assert_eq!(modbus.probe(&payload, TCP), wanted, "{payload:02x?}");
    }
}

#[test]
fn canopen_objects_are_told_by_node_index_and_subindex() {
    let mut talk = talk("modbus");
    let asked = talk.client(&adu("2b 0d 0000 02 6041 00 0000 0002"));
    asked.clean().fields(&[
        ("modbus.mei_name", "canopen_general_reference"),
        ("modbus.canopen.control", "0"),
        ("modbus.canopen.node_id", "2"),
        ("modbus.canopen.index", "24641"),
        ("modbus.canopen.subindex", "0"),
        ("modbus.canopen.length", "2"),
    ]);
    assert_eq!(
        (asked.class, asked.objects.as_slice()),
        ("read", ["canopen_object 65538 6308096-6308096".into()].as_slice())
    );
    let answered = talk.server(&adu("2b 0d 0000 02 6041 00 0000 0002 3702"));
    assert_eq!((answered.clean().field("modbus.data"), answered.operation), ("3702", asked.operation));
    assert_eq!(talk.client(&adu("2b 0d 0100 02 6040 00 0000 0002 0f00")).clean().class, "write");
}

#[test]
fn the_run_indicator_is_found_behind_a_byte_or_a_text() {
    answered("11 04 09 00 0102").clean().fields(&[("modbus.running", "false"), ("modbus.data", "09000102")]);
    answered("11 06 504c433031 ff").clean().fields(&[("modbus.running", "true"), ("modbus.server_id", "PLC01")]);
    let other = answered("11 03 010203");
    assert!(!other.clean().fields.contains_key("modbus.running"));
}

/// Not Modbus at all, rather than a broken message of it.
#[test]
fn another_protocol_id_with_another_length_is_lost() {
    for text in ["0007 0001 ffff 01 03 0000 0001", "0007 0001 0010 01 03 0000 0001"] {
        assert_eq!(talk("modbus").client(text).step, Step::Lost { used: 12 });
    }
}
