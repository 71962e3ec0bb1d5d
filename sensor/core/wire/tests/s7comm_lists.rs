//! S7comm: what a block of program is that crosses in parts, what stations tell about themselves, and their messages.
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

use std::fmt::Write;

use reading::{bytes, talk, Seen, Talk};
use sha2::{Digest, Sha256};

fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn packet(text: &str) -> String {
    format!("0300 {:04x} 02f080 {}", bytes(text).len() + 7, digits(&bytes(text)))
}

fn job(parameter: &str) -> String {
    packet(&format!("32 01 0000 0001 {:04x} 0000 {parameter}", bytes(parameter).len()))
}

fn answer(parameter: &str, data: &str) -> String {
    let (first, second) = (bytes(parameter).len(), bytes(data).len());
    packet(&format!("32 03 0000 0001 {first:04x} {second:04x} 00 00 {parameter} {data}"))
}

fn userdata(parameter: &str, data: &str) -> String {
    let (first, second) = (bytes(parameter).len() + 3, bytes(data).len());
    packet(&format!("32 07 0000 0005 {first:04x} {second:04x} 000112 {parameter} {data}"))
}

/// A data block as a station keeps it: head, two bytes, foot.
const BLOCK: &str = "7070 01 01 05 0a 0001     # DB 1
    0000004a 00000003                          # 74 bytes, know-how protected
    029147 60 2bb5 029147 60 2bb5              # changed, interface changed: ms of the day, days since 1984
    001c 0000 0000 0002 abcd
    5254570000000000 4141000000000000 44415441000000 00 # author RTW, family AA, name DATA
    12 00 c0df 0000000000000000                # version 1.2, check sum";

fn part(bytes: &[u8], more: u8) -> String {
    answer(&format!("1b {more:02x}"), &format!("{:04x} 00fb {}", bytes.len(), digits(bytes)))
}

const FETCH: &str = "1b 00 0001 00000000 09 5f 3041 3030303031 50";
const REQUEST: &str = "1a 00 0100 00000000 09 5f 3041 3030303031 50";

fn details(seen: &Seen) -> Vec<(String, String)> {
    let list = |name| {
        let text = seen.field(name).trim_matches(['[', ']']);
        text.split(", ").map(str::to_string).collect::<Vec<_>>()
    };
    list("s7comm.detail.name").into_iter().zip(list("s7comm.detail.value")).collect()
}

#[track_caller]
fn detailed(seen: &Seen, wanted: &[(&str, &str)]) {
    let found = details(seen);
    for (name, value) in wanted {
        assert!(found.contains(&((*name).into(), (*value).into())), "{name} {value} in {found:?}");
    }
}

/// Announce a block and let the station fetch it in these parts. The last one's event.
fn download(talk: &mut Talk, parts: &[&[u8]]) -> Seen {
    talk.client(&job(REQUEST));
    talk.server(&answer("1a", ""));
    let mut last = None;
    for (number, bytes) in parts.iter().enumerate() {
        talk.server(&job(FETCH));
        let more = u8::from(number + 1 < parts.len());
        let seen = talk.client(&part(bytes, more));
        assert_eq!(seen.clean().fields.contains_key("s7comm.block_sha256"), more == 0);
        last = Some(seen);
    }
    last.unwrap()
}

#[test]
fn a_block_in_parts_has_one_hash_and_says_who_wrote_it() {
    let block = bytes(BLOCK);
    let hash = digits(&Sha256::digest(&block));
    // In one part; cut in the head's middle is below; cut in the middle of the foot.
    for cuts in [vec![&block[..]], vec![&block[..40], &block[40..41], &block[41..]], vec![&block[..60], &block[60..]]] {
        let mut talk = talk("s7comm");
        let last = download(&mut talk, &cuts);
        last.fields(&[("s7comm.block_sha256", &hash), ("s7comm.block_bytes", "74")]);
        detailed(
            &last,
            &[
                ("block_author", "RTW"),
                ("block_family", "AA"),
                ("block_name", "DATA"),
                ("block_version", "1.2"),
                ("block_checksum", "49375"),
            ],
        );
        // The next block begins anew.
        let again = download(&mut talk, &cuts);
        assert_eq!(again.field("s7comm.block_sha256"), hash);
    }
}

#[test]
fn the_first_part_says_what_the_head_says() {
    let block = bytes(BLOCK);
    let mut talk = talk("s7comm");
    talk.client(&job(REQUEST));
    talk.server(&job(FETCH));
    let first = talk.client(&part(&block[..40], 1));
    first.clean().fields(&[("s7comm.block_length", "74"), ("s7comm.code_length", "2")]);
    detailed(
        &first,
        &[
            ("block_type", "DB"),
            ("block_number", "1"),
            ("block_language", "db"),
            ("block_protection", "3"),
            ("block_changed", "2014-08-20T11:57:55.424"),
        ],
    );
}

#[test]
fn a_block_whose_beginning_nobody_saw_has_no_hash() {
    let block = bytes(BLOCK);
    let mut met = talk("s7comm");
    assert!(!met.client(&part(&block, 0)).fields.contains_key("s7comm.block_sha256"));
    let mut holed = talk("s7comm");
    holed.client(&job(REQUEST));
    holed.client(&part(&block[..40], 1)).clean();
    // Bytes were lost in one direction; which part they were of nobody knows.
    holed.read(&bytes(&job(FETCH)), false, true);
    let last = holed.client(&part(&block[40..], 0));
    assert!(!last.clean().fields.contains_key("s7comm.block_sha256"));
}

#[test]
fn an_upload_has_a_hash_of_its_own() {
    let block = bytes(BLOCK);
    let mut talk = talk("s7comm");
    talk.client(&job("1d 00 0000 00000000 09 5f 3041 3030303031 41"));
    talk.server(&answer("1d 00 0100 00000007 07 30303030303734", ""));
    let upload = |bytes: &[u8], more: u8| {
        answer(&format!("1e {more:02x}"), &format!("{:04x} 00fb {}", bytes.len(), digits(bytes)))
    };
    talk.client(&job("1e 00 0000 00000007"));
    talk.server(&upload(&block[..50], 1)).clean();
    talk.client(&job("1e 00 0000 00000007"));
    let last = talk.server(&upload(&block[50..], 0));
    last.clean().fields(&[("s7comm.block_sha256", &digits(&Sha256::digest(&block))), ("s7comm.block_bytes", "74")]);
    assert!(talk.parser.kept_bytes() < 4096, "of a block nothing is kept but its hash");
}

#[test]
fn the_answer_about_a_block_has_what_its_head_and_foot_have() {
    let block = bytes(BLOCK);
    let about = [&[0, 0x0a, 0, 74, 0, 0], &block[..36], &block[38..]].concat();
    let data = format!("ff 09 {:04x} {}", about.len(), digits(&about));
    let seen = talk("s7comm").server(&userdata("08 12 83 03 01 00 00 0000", &data));
    seen.clean().fields(&[("s7comm.block_length", "74")]);
    detailed(&seen, &[("block_author", "RTW"), ("block_type", "DB"), ("block_version", "1.2")]);
}

#[test]
fn lists_of_blocks_are_counted_and_named() {
    let counts = "ff 09 001c 3038 0001 3045 0000 3043 0002 3041 0003 3042 0004 3044 0005 3046 0006";
    let seen = talk("s7comm").server(&userdata("08 12 83 01 01 00 00 0000", counts));
    detailed(seen.clean(), &[("OB", "1"), ("FB", "0"), ("FC", "2"), ("DB", "3"), ("SDB", "4"), ("SFC", "5")]);
    let blocks = talk("s7comm").server(&userdata("08 12 83 02 01 00 00 0000", "ff 09 0008 0001 22 01 0064 12 05"));
    assert_eq!(blocks.clean().field("s7comm.block_number"), "[1, 100]");
}

fn list(content: &str) -> Seen {
    let data = format!("ff 09 {:04x} {}", bytes(content).len(), digits(&bytes(content)));
    talk("s7comm").server(&userdata("08 12 84 01 01 00 00 0000", &data))
}

fn text(text: &str, width: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(width, 0);
    digits(&bytes)
}

#[test]
fn a_station_says_what_it_is() {
    let module = list(&format!(
        "0011 0000 001c 0003
         0001 {} 00c0 0003 0001
         0007 2020202020202020202020202020202020202020 00c0 5603 0207
         0081 {} 0000 4120 0909",
        digits(b"6ES7 315-2EH14-0AB0 "),
        digits(b"Boot Loader         "),
    ));
    module.clean().fields(&[
        ("s7comm.szl_name", "module_identification"),
        ("s7comm.order_number", "6ES7 315-2EH14-0AB0"),
        ("s7comm.firmware_version", "V3.2.7"),
    ]);
    detailed(&module, &[("records", "3"), ("boot_loader_version", "A32.9.9")]);
    let component = list(&format!(
        "001c 0000 0022 0004 0001 {} 0002 {} 0005 {} 0009 002a f600 0001 {}",
        text("SIMATIC 300", 32),
        text("CPU 315-2 PN/DP", 32),
        text("S C-X4U421302009", 32),
        text("", 26),
    ));
    component.clean().fields(&[("s7comm.serial_number", "S C-X4U421302009")]);
    detailed(
        &component,
        &[("system_name", "SIMATIC 300"), ("module_name", "CPU 315-2 PN/DP"), ("manufacturer_id", "42")],
    );
}

#[test]
fn a_station_says_how_it_is() {
    let protection = list("0132 0004 0028 0001 0004 0001 0003 0003 0002 0000 0000 5656 5801 6b42 0000 0000 0200 0001 0000 0000 0000 0000 0000 0000");
    detailed(protection.clean(), &[("protection_by_parameter", "3"), ("protection", "3"), ("mode_selector", "run_p")]);
    let mode = list("0424 0000 0014 0001 5140 ff 08 00000000 00000000 9401290236309557");
    mode.clean().fields(&[("s7comm.event_id", "[20800]")]);
    detailed(&mode, &[("mode", "run"), ("previous_mode", "unknown"), ("mode_since", "1994-01-29T02:36:30.955")]);
    let communication = list(
        "0131 0001 0028 0001 0001 00f0 0010 0002dc6c 00989680 00000000 00000000 00000000 00000000 00000000 00000000 0000",
    );
    detailed(communication.clean(), &[("pdu_length", "240"), ("connections", "16"), ("mpi_bits_per_s", "187500")]);
    let leds = list("0074 0000 0004 0001 0005 01 00");
    detailed(leds.clean(), &[("led", "5"), ("led_on", "true"), ("led_blinking", "0")]);
    let lists = list("0000 0000 0002 0002 0011 001c");
    detailed(lists.clean(), &[("list", "17"), ("list", "28")]);
    let happened = list("00a0 0000 0014 0001 4302 ff 84 c700 0000 00000000 1401290236309557");
    happened.clean().fields(&[("s7comm.event_id", "[17154]")]);
    detailed(&happened, &[("event_time", "2014-01-29T02:36:30.955"), ("event_ob", "132")]);
    // Records that are cut, and lengths that make no sense.
    for odd in ["0011 0000 001c 0003 0001 36455337", "0011 0000 0000 ffff", "0011 0000", "0132 0004 0002 0001 0004"] {
        list(odd).clean();
    }
}

#[test]
fn a_list_that_comes_in_parts_is_told_with_the_last() {
    let mut talk = talk("s7comm");
    let content = bytes(&format!("001c 0000 0022 0002 0001 {} 0005 {}", text("SIMATIC 300", 32), text("S C-X4U4", 32)));
    let part = |talk: &mut Talk, more: u8, bytes: &[u8]| {
        let data = format!("ff 09 {:04x} {}", bytes.len(), digits(bytes));
        talk.server(&userdata(&format!("08 12 84 01 07 d5 {more:02x} 0000"), &data))
    };
    talk.client(&userdata("04 11 44 01 00", "ff 09 0004 001c 0000"));
    let first = part(&mut talk, 1, &content[..50]);
    first.clean().fields(&[("s7comm.szl_id", "28")]);
    assert!(!first.fields.contains_key("s7comm.detail.name"), "the rest is still to come");
    talk.client(&userdata("08 12 44 01 07 00 00 0000", "0a 00 0000"));
    let last = part(&mut talk, 0, &content[50..]);
    last.clean().fields(&[("s7comm.szl_id", "28"), ("s7comm.serial_number", "S C-X4U4")]);
    detailed(&last, &[("system_name", "SIMATIC 300")]);
    assert!(talk.parser.kept_bytes() < 4096);
}

#[test]
fn alarms_say_which_event_and_what_became_of_it() {
    let notify = talk("s7comm").server(&userdata(
        "04 11 04 06 00",
        "ff 09 001c 9401060047426975 40 01 12 0a 16 01 000000af 01 01 fe ff ff 04 0010 ffff",
    ));
    notify.clean().fields(&[("s7comm.event_id", "[175]"), ("s7comm.userdata.subfunction_name", "notify_indication")]);
    detailed(&notify, &[("signals", "1"), ("acknowledged_going", "254"), ("event_time", "1994-01-06T00:47:42.697")]);
    assert_eq!(notify.objects, ["alarm 0 175-175"]);
    let mut talk = talk("s7comm");
    let acknowledged = talk.client(&userdata("04 11 44 0b 00", "ff 09 000c 00 01 12 08 19 00 000000c2 01 00"));
    acknowledged.clean().fields(&[("s7comm.event_id", "[194]")]);
    assert_eq!((acknowledged.name, acknowledged.class), ("alarm_acknowledge", "control"));
    let done = talk.server(&userdata("08 12 84 0b 01 00 00 0000", "ff 09 0003 00 01 0a"));
    done.clean().fields(&[("s7comm.item.return_code", "[10]")]);
    assert_eq!((done.outcome, done.reference), ("failure", acknowledged.reference));
}

#[test]
fn alarms_are_asked_for_and_counted() {
    let mut talk = talk("s7comm");
    let asked = talk.client(&userdata("04 11 44 13 00", "ff 09 000c 00 01 12 08 1a 00 09 34 00000002"));
    detailed(asked.clean(), &[("alarm_type", "alarm_8")]);
    let answered = talk.server(&userdata(
        "08 12 84 13 8a 00 00 0000",
        "ff 09 001e 00 01 ff 09 0018
         0a 0000 02 0000002f 00 00 cf cf
         0a 0000 02 000000af 00 01 fe fe",
    ));
    answered.clean().fields(&[("s7comm.event_id", "[47, 175]")]);
    let none = talk.server(&userdata("08 12 84 13 03 00 00 0000", "ff 09 0006 00 01 0a 00 0000"));
    assert!(!none.clean().fields.contains_key("s7comm.event_id"));
    let subscribed = talk.client(&userdata("04 11 44 02 00", "ff 09 000c 81 00 486d6952746d2020 02 00"));
    detailed(subscribed.clean(), &[("subscribed", "129"), ("subscriber", "HmiRtm"), ("alarm_subscription", "2")]);
    let told = talk.server(&userdata("04 11 04 03 00", "ff 09 0014 4302 ff 84 c700 0000 00000000 1401290236309557"));
    told.clean().fields(&[("s7comm.event_id", "[17154]")]);
}
