//! Frames of the serial line over TCP: RTU and ASCII, told from Modbus/TCP and from each other by the same parser.
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

use reading::{ascii, bytes, protocol, rtu, talk};
use wire::protocol::{Probe, Step};

const TCP: &str = "0007 0000 0006 01 03 0000 0001";

/// Questions and answers of every function, without check sum.
const PAIRS: &[(&str, &str, &str)] = &[
    ("01 01 0013 0013", "01 01 03 cd6b05", "read_coils"),
    ("01 02 00c4 0016", "01 02 03 acdb35", "read_discrete_inputs"),
    ("01 03 0000 0002", "01 03 04 022b 0064", "read_holding_registers"),
    ("01 04 0008 0001", "01 04 02 000a", "read_input_registers"),
    ("01 05 00ac ff00", "01 05 00ac ff00", "write_single_coil"),
    ("01 06 0001 0003", "01 06 0001 0003", "write_single_register"),
    ("01 07", "01 07 6d", "read_exception_status"),
    ("01 08 0000 a537", "01 08 0000 a537", "return_query_data"),
    ("01 08 0000 a537 11 22", "01 08 0000 a537 11 22", "return_query_data"),
    ("01 0b", "01 0b 0000 0108", "get_comm_event_counter"),
    ("01 0c", "01 0c 08 0000 0108 0121 2000", "get_comm_event_log"),
    ("01 0f 0000 0004 01 0d", "01 0f 0000 0004", "write_multiple_coils"),
    ("01 10 0001 0002 04 000a 0102", "01 10 0001 0002", "write_multiple_registers"),
    ("01 11", "01 11 03 0aff42", "report_server_id"),
    ("01 14 07 06 0004 0001 0002", "01 14 06 05 06 0dfe 0020", "read_file_record"),
    ("01 15 0b 06 0004 0007 0002 06af 04be", "01 15 0b 06 0004 0007 0002 06af 04be", "write_file_record"),
    ("01 16 0000 0004 0025", "01 16 0000 0004 0025", "mask_write_register"),
    ("01 17 0000 0009 000e 0001 02 00ff", "01 17 04 00fe 0acd", "read_write_multiple_registers"),
    ("01 18 04de", "01 18 0006 0002 01b8 1284", "read_fifo_queue"),
    ("01 2b 0e 01 00", "01 2b 0e 01 01 00 00 02 00 02 4142 01 01 43", "read_device_identification"),
    ("01 2b 0d 0000 02 6041 00 0000 0002", "01 2b 0d 0000 02 6041 00 0000 0002 3702", "canopen_general_reference"),
    ("01 64 0102", "01 64 03", "user_defined"),
];

#[test]
fn every_function_is_read_in_either_framing() {
    for (framing, frame) in [("rtu", rtu as fn(&str) -> Vec<u8>), ("ascii", ascii)] {
        let mut talk = talk("modbus");
        for (question, answer, name) in PAIRS {
            // What a device server never has, but a first frame needs: a function whose length is known.
            talk.read(&frame("01 03 0000 0001"), true, false).clean();
            talk.read(&frame("01 03 02 0000"), false, false).clean();
            let (question, answer) = (frame(question), frame(answer));
            let asked = talk.read(&question, true, false);
            let answered = talk.read(&answer, false, false);
            for (seen, length, role) in [(&asked, question.len(), "request"), (&answered, answer.len(), "response")] {
                assert_eq!(seen.step, Step::Message { used: length }, "{framing} {seen:#?}");
                assert_eq!((seen.clean().name, seen.role), (*name, role), "{framing} {seen:#?}");
                assert_eq!((seen.field("modbus.framing"), seen.reference), (framing, Some(1 << 32 | 1)));
                assert!(!seen.fields.contains_key("modbus.transaction_id"));
            }
            assert_eq!((answered.operation, answered.outcome), (asked.operation, "success"));
        }
    }
}

/// The same values, whichever way they came.
#[test]
fn a_message_tells_the_same_in_every_framing() {
    for (question, answer, _) in PAIRS {
        let tcp = |text: &str| {
            let unit_and_pdu = bytes(text);
            [&[0, 7, 0, 0, 0, unit_and_pdu.len() as u8], unit_and_pdu.as_slice()].concat()
        };
        let mut told = Vec::new();
        for frame in [tcp as fn(&str) -> Vec<u8>, rtu, ascii] {
            let mut talk = talk("modbus");
            talk.read(&frame("01 03 0000 0001"), true, false).clean();
            let mut seen = [talk.read(&frame(question), true, false), talk.read(&frame(answer), false, false)];
            for seen in &mut seen {
                seen.fields.retain(|name, _| !matches!(*name, "modbus.framing" | "modbus.transaction_id"));
            }
            told.push(seen.map(|seen| (seen.operation, seen.class, seen.outcome, seen.fields, seen.objects)));
        }
        assert_eq!(told[0], told[1], "{question}");
        assert_eq!(told[0], told[2], "{question}");
    }
}

#[test]
fn exceptions_are_five_bytes() {
    let mut talk = talk("modbus");
    let asked = talk.read(&rtu("01 08 0004 0000"), true, false);
    let failed = talk.read(&rtu("01 88 01"), false, false);
    assert_eq!((failed.clean().operation, failed.outcome), (asked.operation, "failure"));
    assert_eq!((failed.step, failed.reference), (Step::Message { used: 5 }, asked.reference));
}

/// Two registers from address 0 have the header of a Modbus/TCP message of two bytes; so has a write of four coils.
#[test]
fn what_looks_like_a_header_too_is_proved_by_its_crc() {
    for text in
        ["01 03 0000 0002", "01 0f 0000 0004 01 0d", "01 16 0000 0004 0025", "01 17 0000 0009 000e 0001 02 00ff"]
    {
        let frame = rtu(text);
        assert_eq!(protocol("modbus").probe(&frame, wire::protocol::TCP), Probe::Sure, "{text}");
        let seen = talk("modbus").read(&frame, true, false);
        assert_eq!(seen.clean().field("modbus.framing"), "rtu", "{text}");
    }
    // And the other way round: a transaction that is a unit and a function.
    for text in ["0103 0000 0006 01 03 0000 0001", "0103 0000 0002 01 07", "0116 0000 0004 01 2b 0e 01"] {
        let seen = talk("modbus").client(text);
        assert_eq!(
            (seen.step, seen.field("modbus.framing")),
            (Step::Message { used: bytes(text).len() }, "tcp"),
            "{text}"
        );
    }
}

#[test]
fn frames_come_in_parts_and_several_at_once() {
    let first = rtu("01 10 0001 0002 04 000a 0102");
    for cut in 1..first.len() {
        let mut talk = talk("modbus");
        talk.read(&rtu("01 03 0000 0001"), true, false).clean();
        let Step::Short { need } = talk.read(&first[..cut], true, false).step else {
            panic!("{cut} bytes are no frame")
        };
        assert!(need > cut && need <= first.len(), "{need} for {cut}");
        talk.read(&first, true, false).clean();
    }
    let mut talk = talk("modbus");
    let stream = [rtu("01 03 0000 000a"), rtu("01 03 0000 000a")].concat();
    assert_eq!(talk.read(&stream, true, false).clean().step, Step::Message { used: 8 });
    assert_eq!(talk.read(&stream[8..], true, false).clean().step, Step::Message { used: 8 });
}

#[test]
fn a_broken_frame_is_flawed_and_the_next_one_is_read() {
    let mut broken = rtu("01 06 0014 ffff");
    broken[4] ^= 1;
    let next = rtu("01 06 0001 0003");
    let mut talk = talk("modbus");
    talk.read(&next, true, false).clean();
    let seen = talk.read(&[broken.clone(), next.clone()].concat(), true, false);
    assert_eq!((seen.step, seen.flaws.as_slice()), (Step::Message { used: 8 }, ["modbus.bad_crc"].as_slice()));
    // No device carries it out: nothing of it is believed.
    assert_eq!((seen.name, seen.reference, seen.objects.len()), ("write_single_register", None, 0));
    assert!(!seen.fields.contains_key("modbus.values"));
    talk.read(&next, true, false).clean();
    // An answer ends the waiting for one, whatever it was.
    let mut answer = rtu("01 03 02 0001");
    answer[4] ^= 1;
    let seen = talk.read(&answer, false, false);
    assert_eq!((seen.flaws.as_slice(), seen.outcome), (["modbus.bad_crc"].as_slice(), "unknown"));
    assert_eq!((seen.reference, seen.operation), (Some(1 << 32 | 1), 0));
    // Noise of the line, or a heartbeat of the device server, is no frame at all.
    let noise = [b"heartbeat".as_slice(), &next].concat();
    assert_eq!(talk.read(&noise, true, false).step, Step::Lost { used: 9 });
    // Behind a gap nothing is said of what is left of a frame.
    assert_eq!(talk.read(&[&broken[3..], &next].concat(), true, true).step, Step::Lost { used: 5 });
    talk.read(&next, true, true).clean();
}

/// Another protocol with the same CRC: after three of its frames the engine hears that this is none of ours.
#[test]
fn broken_frames_without_end_are_another_protocol() {
    let mut talk = talk("modbus");
    talk.read(&rtu("01 03 0000 0001"), true, false).clean();
    let other = bytes("01 02 03 01 0a 03 00 00 00 ff ff");
    for _ in 0..3 {
        assert_eq!(talk.read(&other, true, false).flaws, ["modbus.bad_crc"]);
    }
    assert_eq!(talk.read(&other, true, false).step, Step::Lost { used: other.len() });
}

#[test]
fn a_broken_line_is_flawed_and_the_next_one_is_read() {
    let next = ascii("01 06 0001 0003");
    let mut talk = talk("modbus");
    talk.read(&next, true, false).clean();
    let broken = b":01060014FFFF00\r\n".to_vec();
    let seen = talk.read(&[broken.clone(), next.clone()].concat(), true, false);
    assert_eq!((seen.step, seen.flaws.as_slice()), (Step::Message { used: 17 }, ["modbus.bad_crc"].as_slice()));
    assert_eq!(talk.read(&[&broken[1..], &next].concat(), true, true).step, Step::Lost { used: 16 });
    assert_eq!(talk.read(b":0106zz\r\n:", true, false).step, Step::Lost { used: 9 });
    talk.read(&next, true, false).clean();
    // Function 8, sub-function 3, put a zero in the place of LF.
    let mut other = next.clone();
    *other.last_mut().unwrap() = 0;
    assert_eq!(talk.read(&other, true, false).clean().step, Step::Message { used: other.len() });
    assert_eq!(protocol("modbus").probe(&other, wire::protocol::TCP), Probe::No);
    for cut in 1..next.len() {
        assert!(matches!(talk.read(&next[..cut], true, false).step, Step::Short { need } if need > cut), "{cut}");
    }
}

#[test]
fn everybody_hears_a_broadcast_and_nobody_answers() {
    let mut talk = talk("modbus");
    let seen = talk.read(&rtu("00 06 0014 ffff"), true, false);
    assert_eq!((seen.clean().reference, seen.field("modbus.unit_id")), (None, "0"));
}

/// Where no handshake was seen, the roles are a guess: a frame that only fits the other way is what it is.
#[test]
fn roles_that_were_guessed_wrong_do_not_break_frames() {
    for frame in [rtu as fn(&str) -> Vec<u8>, ascii] {
        let mut talk = talk("modbus");
        let asked = talk.read(&frame("01 03 0000 000a"), false, false);
        assert_eq!((asked.clean().role, asked.field("modbus.quantity")), ("request", "10"));
        assert_eq!(talk.read(&frame("01 03 02 0001"), true, false).clean().role, "response");
    }
}

#[test]
fn a_gap_does_not_change_what_the_framing_is_but_proof_does() {
    let mut talk = talk("modbus");
    talk.client(TCP).clean();
    assert_eq!(talk.read(&rtu("01 03 0000 0001"), true, true).clean().field("modbus.framing"), "rtu");
    assert_eq!(talk.read(&bytes(TCP), true, true).clean().field("modbus.framing"), "tcp");
    assert_eq!(talk.read(&ascii("01 03 0000 0001"), true, true).clean().field("modbus.framing"), "ascii");
}

#[test]
fn only_frames_that_nothing_is_wrong_with_are_recognised_on_any_port() {
    let probe = |payload: &[u8]| protocol("modbus").probe(payload, wire::protocol::TCP);
    let mut wrong = rtu("01 03 0000 000a");
    wrong[7] ^= 1;
    for (payload, wanted) in [
        (rtu("01 03 006b 0003"), Probe::Sure),
        (rtu("11 03 06 022b 0000 0064"), Probe::Sure),
        (rtu("01 10 0001 0002 04 000a 0102"), Probe::Sure),
        // Short ones, and what everybody hears, are right by chance more often.
        (rtu("01 83 02"), Probe::Fits),
        (rtu("01 11"), Probe::Fits),
        (rtu("00 06 0001 0003"), Probe::Fits),
        // So has a question without data of the ROC protocol: two stations of unit and group, operation, length.
        (rtu("01 02 03 01 07 00"), Probe::Fits),
        // A right CRC under something no master asks.
        (rtu("01 03 006b 0300"), Probe::No),
        (rtu("f8 03 006b 0003"), Probe::No),
        (rtu("01 64 0102 0304"), Probe::No),
        (rtu("01 03 006b 0003")[..7].to_vec(), Probe::No),
        ([rtu("01 03 006b 0003"), vec![0]].concat(), Probe::No),
        (ascii("01 03 006b 0003"), Probe::Sure),
        (b":0103006B".to_vec(), Probe::Fits),
        (b":0103006B000300\r\n".to_vec(), Probe::No),
        // Intel HEX has colon, digits and the same check sum.
        (b":10010000214601360121470136007EFE09D2190140\r\n".to_vec(), Probe::No),
        (b":)\r\n".to_vec(), Probe::No),
    ] {
        assert_eq!(probe(&payload), wanted, "{payload:02x?}");
    }
    assert_eq!(probe(&wrong), Probe::Fits, "the front of a Modbus/TCP message of ten bytes");
}
