//! S7comm: programs, control, and the functions of programming devices.
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
use wire::protocol::Step;

fn packet(text: &str) -> String {
    let body = bytes(text);
    let digits: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0300 {:04x} 02f080 {digits}", body.len() + 7)
}

/// A job with its parameter, and no data.
fn job(reference: &str, parameter: &str) -> String {
    packet(&format!("32 01 0000 {reference} {:04x} 0000 {parameter}", bytes(parameter).len()))
}

fn answer(reference: &str, parameter: &str, data: &str) -> String {
    let (first, second) = (bytes(parameter).len(), bytes(data).len());
    packet(&format!("32 03 0000 {reference} {first:04x} {second:04x} 00 00 {parameter} {data}"))
}

const BLOCK: &str = "09 5f 3041 3030303031 50"; // _0A00001P
const LENGTHS: &str = "0d 31 303030353030 303030343030"; // 1 000500 000400

#[test]
fn a_download_runs_both_ways_and_every_answer_finds_its_question() {
    let mut talk = talk("s7comm");
    let request = talk.client(&job("0100", &format!("1a 00 0100 00000000 {BLOCK} {LENGTHS}")));
    request.clean().fields(&[
        ("s7comm.block_type", "[DB]"),
        ("s7comm.block_number", "[1]"),
        ("s7comm.block_length", "500"),
        ("s7comm.code_length", "400"),
        ("s7comm.filename", "_0A00001P"),
        ("s7comm.file_system", "[passive]"),
    ]);
    assert_eq!((request.name, request.class), ("request_download", "program"));
    assert_eq!(request.objects, ["block_db 0 1-1"]);
    let granted = talk.server(&answer("0100", "1a", ""));
    assert_eq!((granted.clean().reference, granted.outcome), (request.reference, "success"));
    // Now the controller asks, with the number the client has just used; the client asks something else with it too.
    let fetch = talk.server(&job("0100", &format!("1b 00 0001 00000000 {BLOCK}")));
    assert_eq!((fetch.clean().role, fetch.name), ("request", "download_block"));
    let other = talk.client(&job("0100", "04 01 12 0a 10 02 0001 0000 83 000000"));
    assert_ne!(fetch.reference, other.reference);
    let block = talk.client(&answer("0100", "1b 01", "0004 00fb 70700101"));
    block.clean().fields(&[("s7comm.more_data", "true"), ("s7comm.data", "70700101")]);
    assert_eq!((block.role, block.reference), ("response", fetch.reference));
    assert_eq!(talk.server(&answer("0100", "04 01", "ff 04 0008 2a")).clean().reference, other.reference);
    let end = talk.server(&job("0101", &format!("1c 00 0000 00000000 {BLOCK}")));
    end.clean().fields(&[("s7comm.function_name", "download_ended"), ("s7comm.transfer_error", "0")]);
    assert_eq!(talk.client(&answer("0101", "1c", "")).clean().reference, end.reference);
}

#[test]
fn a_refused_download_is_a_failure() {
    let mut talk = talk("s7comm");
    let request = talk.client(&job("0100", &format!("1a 00 0100 00000000 {BLOCK} {LENGTHS}")));
    let refused = talk.server(&packet("32 03 0000 0100 0001 0000 81 04 1a"));
    refused.clean().fields(&[("s7comm.error_class", "129"), ("s7comm.error_code", "4")]);
    assert_eq!((refused.outcome, refused.reference, refused.class), ("failure", request.reference, "program"));
}

#[test]
fn an_upload_names_the_block_and_carries_it() {
    let mut talk = talk("s7comm");
    let start = talk.client(&job("0200", "1d 00 0000 00000000 09 5f 3038 3030303031 41"));
    start.clean().fields(&[("s7comm.block_type", "[OB]"), ("s7comm.file_system", "[active]")]);
    let started = talk.server(&answer("0200", "1d 00 0100 00000007 07 30303030313434", ""));
    started.clean().fields(&[("s7comm.upload_id", "7"), ("s7comm.block_length", "144")]);
    talk.client(&job("0201", "1e 00 0000 00000007")).clean().fields(&[("s7comm.upload_id", "7")]);
    let part = talk.server(&answer("0201", "1e 00", "0003 00fb 010203"));
    part.clean().fields(&[("s7comm.more_data", "false"), ("s7comm.data", "010203")]);
    talk.client(&job("0202", "1f 00 0000 00000007")).clean().fields(&[("s7comm.function_name", "end_upload")]);
    talk.server(&answer("0202", "1f", "")).clean();
}

fn service(arguments: &str, name: &str) -> Seen {
    let name: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    let (length, size) = (bytes(arguments).len(), name.len() / 2);
    talk("s7comm").client(&job("0300", &format!("28 00000000 0000fd {length:04x} {arguments} {size:02x} {name}")))
}

#[test]
fn services_say_what_they_do() {
    for (arguments, name, action, class) in [
        ("", "P_PROGRAM", "warm_restart", "control"),
        ("4320", "P_PROGRAM", "cold_restart", "control"),
        ("52", "P_PROGRAM", "hot_restart", "control"),
        ("5a", "P_PROGRAM", "start", "control"),
        ("4550", "_MODU", "copy_ram_to_rom", "program"),
        ("", "_GARB", "compress_memory", "program"),
        ("", "_ELSE", "unknown", "control"),
    ] {
        let seen = service(arguments, name);
        seen.clean().fields(&[("s7comm.pi_service", name), ("s7comm.pi_action", action)]);
        assert_eq!((seen.name, seen.class), ("pi_service", class), "{name}");
    }
    let deleted = service("02 00 3041 3030303031 42 3045 3030303230 42", "_DELE");
    deleted.clean().fields(&[
        ("s7comm.pi_action", "delete_block"),
        ("s7comm.pi_argument", "[0A00001B, 0E00020B]"),
        ("s7comm.block_type", "[DB, FB]"),
        ("s7comm.block_number", "[1, 20]"),
        ("s7comm.file_system", "[both, both]"),
    ]);
    assert_eq!((deleted.class, deleted.objects.len()), ("program", 2));
    assert_eq!(service("03 00 3041 3030303031 42", "_INSE").flaws, ["s7comm.short_parameter"], "three blocks, it says");
    // As Snap7 writes it: the lengths before the name make no sense, the name does.
    let odd = talk("s7comm").client(&job("0300", "28 00000000 0000 08 0050 03 41 3030303032 50 5f44454c45"));
    odd.fields(&[("s7comm.pi_service", "_DELE"), ("s7comm.pi_action", "delete_block")]);
    assert_eq!((odd.class, odd.flaws.as_slice()), ("program", ["s7comm.short_parameter"].as_slice()));
    let control = service("02 4142 00 03 58595a", "_N_F_OPEN");
    control.clean().fields(&[("s7comm.pi_argument", "[AB, XYZ]"), ("s7comm.pi_action", "nc_open_file")]);
    assert_eq!(control.class, "program");
    assert_eq!(service("02 4142 00", "_N_ANYOTHER").clean().field("s7comm.pi_action"), "nc_service");
}

/// A secret is in no field, neither as it crosses the wire nor as it is meant.
#[track_caller]
fn keeps_nothing(seen: &Seen, wire: &str, plain: &str) {
    for (name, value) in &seen.fields {
        assert!(!value.contains(wire) && !value.contains(plain), "{name} of {seen:#?}");
    }
}

#[test]
fn passwords_are_judged_and_never_kept() {
    // "toor    " and "abcd1234", mixed: each character with 55 and the mixed one two places before.
    for (mixed, plain) in [("213a1b1d6e681b1d", "toor"), ("3437020666610000", "abcd1234")] {
        let seen = talk("s7comm").client(&userdata("0802", "04 11 45 01 00", &format!("ff 09 0008 {mixed}")));
        assert_eq!((seen.clean().name, seen.class), ("set_password", "session"));
        assert!(!seen.fields.contains_key("s7comm.data"));
        keeps_nothing(&seen, mixed, plain);
    }
    // One that is longer than it may be, one that is cut, and one whose head is broken.
    for (parameter, data) in [
        ("04 11 45 01 00", "ff 09 000a 213a1b1d6e681b1d4142"),
        ("04 11 45 01 00", "ff 09 0004 213a1b1d"),
        ("04 11 45 01 00", "ff 09 0020 213a1b1d6e681b1d"),
        ("04 11 45 05 00", "ff 09 0008 213a1b1d6e681b1d"),
    ] {
        let seen = talk("s7comm").client(&userdata("0802", parameter, data));
        keeps_nothing(&seen, "213a1b1d", "toor");
    }
    let cut = talk("s7comm").client(&packet("32 07 0000 0802 0006 000c 000112 04 11 45 ff 09 0008 213a1b1d6e681b1d"));
    assert_eq!(cut.flaws, ["s7comm.short_parameter", "s7comm.userdata_head"]);
    keeps_nothing(&cut, "213a1b1d", "toor");
    // To a numerical control: whom, then the password.
    let login = service("03 303031 06 53554e524953", "_N_LOGIN_");
    login.clean().fields(&[("s7comm.pi_action", "nc_login"), ("s7comm.pi_argument", "[001]")]);
    assert_eq!(login.class, "session");
    keeps_nothing(&login, "53554e524953", "SUNRIS");
}

#[test]
fn a_stop_is_control_and_its_answer_belongs_to_it() {
    let mut talk = talk("s7comm");
    let stop = talk.client(&job("0010", "29 0000000000 09 505f50524f4752414d"));
    stop.clean().fields(&[("s7comm.pi_service", "P_PROGRAM"), ("s7comm.pi_action", "stop"), ("s7comm.function", "41")]);
    assert_eq!((stop.name, stop.class, stop.role), ("plc_stop", "control", "request"));
    let done = talk.server(&answer("0010", "29", ""));
    assert_eq!((done.clean().outcome, done.reference), ("success", stop.reference));
    // Refused because it stands already: class 0x84, code 0x04, with a parameter of two bytes.
    talk.client(&job("0011", "29 0000000000 09 505f50524f4752414d"));
    let refused = talk.server(&packet("32 03 0000 0011 0002 0000 84 04 29 07"));
    assert_eq!((refused.clean().outcome, refused.field("s7comm.parameter")), ("failure", "07"));
}

/// Userdata with its parameter behind the fixed start, and its data.
fn userdata(reference: &str, parameter: &str, data: &str) -> String {
    let (length, first, second) = (bytes(parameter).len() - 1, bytes(parameter).len() + 3, bytes(data).len());
    assert_eq!(usize::from(bytes(parameter)[0]), length);
    packet(&format!("32 07 0000 {reference} {first:04x} {second:04x} 000112 {parameter} {data}"))
}

#[test]
fn a_state_list_is_asked_for_and_comes_in_parts() {
    let mut talk = talk("s7comm");
    let asked = talk.client(&userdata("0500", "04 11 44 01 00", "ff 09 0004 001c 0000"));
    asked.clean().fields(&[
        ("s7comm.szl_id", "28"),
        ("s7comm.szl_index", "0"),
        ("s7comm.userdata.type", "4"),
        ("s7comm.userdata.group", "4"),
        ("s7comm.userdata.subfunction", "1"),
    ]);
    assert_eq!((asked.operation, asked.name, asked.class), (0x1_0401, "read_szl", "discover"));
    assert_eq!(asked.objects, ["szl 28 0-0"]);
    let first = talk.server(&userdata("0500", "08 12 84 01 02 d5 01 0000", "ff 09 0008 001c 0000 0022 000a"));
    first.clean().fields(&[("s7comm.szl_id", "28"), ("s7comm.userdata.last_data_unit", "false")]);
    assert_eq!((first.reference, first.outcome), (asked.reference, "success"));
    // The question for the rest bears the answer's sequence; the rest has no head, so 5337 is no list's number, but the
    // list that it ends is known.
    let more = talk.client(&userdata("0501", "08 12 44 01 02 00 00 0000", "0a 00 0000"));
    assert!(!more.clean().fields.contains_key("s7comm.szl_id"));
    let rest = talk.server(&userdata("0501", "08 12 84 01 02 d5 00 0000", "ff 09 0004 53373330"));
    rest.clean().fields(&[("s7comm.data", "53373330"), ("s7comm.userdata.last_data_unit", "true")]);
    assert_eq!(rest.field("s7comm.szl_id"), "28");
    let lost = reading::talk("s7comm").server(&userdata("0501", "08 12 84 01 02 d5 00 0000", "ff 09 0004 53373330"));
    assert_eq!(lost.clean().field("s7comm.data"), "53373330");
}

#[test]
fn userdata_fails_by_error_code_or_by_a_bare_acknowledgement() {
    let mut talk = talk("s7comm");
    let asked = talk.client(&userdata("0600", "04 11 44 01 00", "ff 09 0004 0111 0001"));
    let failed = talk.server(&userdata("0600", "08 12 84 01 01 00 00 d401", "0a 00 0000"));
    failed.clean().fields(&[("s7comm.userdata.error_code", "54273")]);
    assert_eq!((failed.outcome, failed.reference), ("failure", asked.reference));
    let asked = talk.client(&userdata("0601", "04 11 44 01 00", "ff 09 0004 0132 0004"));
    let refused = talk.server(&packet("32 02 0000 0601 0000 0000 d2 41"));
    refused.clean();
    assert_eq!((refused.outcome, refused.reference), ("failure", asked.reference));
    assert_eq!((refused.operation, refused.name), (asked.operation, asked.name), "it names no function itself");
}

#[test]
fn userdata_numbers_never_collide_with_jobs() {
    let mut talk = talk("s7comm");
    let job = talk.client(&job("0700", "04 01 12 0a 10 02 0001 0000 83 000000"));
    let userdata = talk.client(&userdata("0700", "04 11 47 01 00", "0a 00 0000"));
    assert_ne!(job.reference, userdata.reference);
}

#[test]
fn clocks_and_blocks() {
    let mut talk = talk("s7comm");
    let set = talk.client(&userdata("0800", "04 11 47 02 00", "ff 09 000a 00 19 14 08 20 11 59 33 04 04"));
    set.clean().fields(&[("s7comm.clock", "2014-08-20T11:59:33.040")]);
    assert_eq!((set.name, set.class), ("set_clock", "control"));
    let odd = talk.client(&userdata("0801", "04 11 47 02 00", "ff 09 000a 00 19 1f 08 20 11 59 33 04 04"));
    assert!(!odd.clean().fields.contains_key("s7comm.clock"), "not decimal");
    let info = talk.client(&userdata("0803", "04 11 43 03 00", "ff 09 0008 3041 3030303031 41"));
    info.clean().fields(&[("s7comm.block_type", "[DB]"), ("s7comm.block_number", "[1]")]);
    assert_eq!((info.name, info.objects), ("block_info", vec!["block_db 0 1-1".to_string()]));
    let list = talk.client(&userdata("0804", "04 11 43 02 00", "ff 09 0002 3045"));
    assert_eq!(list.clean().field("s7comm.block_type"), "[FB]");
}

#[test]
fn cyclic_jobs_name_their_items_and_pushes_carry_values() {
    let mut talk = talk("s7comm");
    let asked =
        talk.client(&userdata("0900", "04 11 42 01 00", "ff 09 0010 0001 01 05 12 0a 10 02 0004 0007 84 000050"));
    asked.clean().fields(&[("s7comm.item.area", "[db]"), ("s7comm.item.db", "[7]"), ("s7comm.item.address", "[10]")]);
    assert_eq!((asked.name, asked.objects), ("cyclic_read", vec!["db 7 10-13".to_string()]));
    let pushed = talk.server(&userdata("0000", "08 12 02 01 01 00 00 0000", "ff 09 000a 0001 ff 04 0020 01020304"));
    pushed.clean().fields(&[("s7comm.values", "[01020304]"), ("s7comm.item.return_code", "[255]")]);
    assert_eq!((pushed.role, pushed.reference), ("unsolicited", None));
}

#[test]
fn modified_and_forced_variables_are_named() {
    let order = |subfunction: &str| {
        let data = "0004 0012 00000000 # sizes, then the parameter
                    0002 03 01 0000 0000   # M0.0 as a double word
                    10 01 0000 0008        # I8.1
                    00 09 0000";
        let data = bytes(data).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let all = userdata("0a00", &format!("08 12 41 {subfunction} 00 00 00 0000"), &format!("ff 09 001a {data}"));
        talk("s7comm").client(&all)
    };
    let modified = order("08");
    assert_eq!((modified.clean().name, modified.class), ("modify_variable", "write"));
    assert_eq!(modified.objects, ["flag 0 0-3", "input 0 8-8"]);
    let forced = order("09");
    assert_eq!((forced.clean().name, forced.class), ("force", "control"));
}

#[test]
fn a_controller_says_which_mode_it_has_gone_into() {
    let mut talk = talk("s7comm");
    let stopped = talk.server("0300 0019 02f080 32 07 0000 0000 0008 0000 010010 10 00 00 00 00");
    assert_eq!((stopped.clean().name, stopped.role, stopped.class), ("mode_stop", "unsolicited", "diagnose"));
    let run = talk.server("0300 0019 02f080 32 07 0000 0000 0008 0000 010010 10 00 00 02 00");
    assert!(matches!(run.step, Step::Message { used: 25 }));
    assert_eq!(run.clean().name, "mode_run");
}
