//! DNS and its relatives.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod reading;

use reading::{bytes, protocol, talk, talk_over};
use wire::protocol::{Probe, Step, TCP, UDP};

/// historian.plant
const NAME: &str = "09 686973746f7269616e 05 706c616e74 00";

#[test]
fn a_question_and_its_answer() {
    let mut talk = talk("dns");
    // id | flags: recursion desired | 1 question, 1 additional | name, A, IN | EDNS: 1232 bytes, DO
    let asked = talk.client(&format!("abcd 0100 0001 0000 0000 0001 {NAME} 0001 0001  00 0029 04d0 00008000 0000"));
    assert_eq!((asked.clean().name, asked.class, asked.role), ("query", "discover", "request"));
    asked.fields(&[
        ("dns.id", "43981"),
        ("dns.header_flags", "[RD, DO]"),
        ("dns.question.name", "[historian.plant]"),
        ("dns.question.type_name", "[A]"),
        ("dns.question.class", "[1]"),
        ("dns.question.length", "17"),
        ("dns.question.longest_label", "9"),
        ("dns.edns.size", "1232"),
        ("dns.edns.version", "0"),
    ]);
    // An alias that points into the question, and its address.
    let told = talk.server(&format!(
        "abcd 8580 0001 0002 0000 0000 {NAME} 0001 0001
         c00c 0005 0001 0000003c 0005 02 6462 c016   c02d 0001 0001 0000003c 0004 0a000005"
    ));
    told.clean().fields(&[
        ("dns.header_flags", "[AA, RD, RA]"),
        ("dns.response_code", "0"),
        ("dns.response_name", "NOERROR"),
        ("dns.answers_count", "2"),
        ("dns.answers.name", "[historian.plant, db.plant]"),
        ("dns.answers.type_name", "[CNAME, A]"),
        ("dns.answers.ttl_s", "[60, 60]"),
        ("dns.answers.data", "[db.plant, 10.0.0.5]"),
        ("dns.resolved_ip", "[10.0.0.5]"),
    ]);
    assert_eq!((told.role, told.outcome, told.reference), ("response", "success", asked.reference));
    let told = talk.server(&format!("abcd 8183 0001 0000 0000 0000 {NAME} 0001 0001"));
    assert_eq!((told.clean().field("dns.response_name"), told.outcome), ("NXDOMAIN", "failure"));
}

#[test]
fn records_of_other_types() {
    // TXT of 5 bytes, MX 10, SRV to port 4840, AAAA, SOA, and a type nobody knows.
    let told = talk("dns").server(&format!(
        "0001 8400 0001 0006 0000 0000 {NAME} 00ff 0001
         c00c 0010 0001 00000000 0005 04 61626364
         c00c 000f 0001 00000000 0004 000a c016
         c00c 0021 0001 00000000 0008 0000 0005 12e8 c016
         c00c 001c 0001 00000000 0010 fd00 0000000000000000000000000002
         c016 0006 0001 00000000 0018 c00c c00c 00000001 00000002 00000003 00000004 00000005
         c00c fde8 0001 00000000 0001 00"
    ));
    told.clean().fields(&[
        ("dns.answers.type_name", "[TXT, MX, SRV, AAAA, SOA, unknown]"),
        ("dns.answers.data", "[, 10 plant, plant:4840, fd00::2, historian.plant, ]"),
        ("dns.answers.type", "[16, 15, 33, 28, 6, 65000]"),
        ("dns.text_bytes", "5"),
        ("dns.resolved_ip", "[fd00::2]"),
    ]);
}

#[test]
fn whole_zones_and_updates() {
    let seen = talk("dns").client("0001 0000 0001 0000 0000 0000 05 706c616e74 00 00fc 0001");
    assert_eq!(seen.clean().name, "zone_transfer");
    // RFC 2136: the zone; nothing taken for granted; one address is added, another deleted.
    let seen = talk("dns").client(&format!(
        "0002 2800 0001 0000 0002 0000 05 706c616e74 00 0006 0001
         {NAME} 0001 0001 0000003c 0004 0a000006   c017 0001 00ff 00000000 0000"
    ));
    assert_eq!((seen.clean().name, seen.class), ("update", "write"));
    seen.fields(&[("dns.answers.name", "[historian.plant, historian.plant]"), ("dns.resolved_ip", "[10.0.0.6]")]);
}

#[test]
fn over_tcp_a_length_comes_first() {
    let question = format!("001d abcd 0100 0001 0000 0000 0000 {NAME} 0001 0001");
    let question = question.replacen("001d", "0021", 1);
    let whole = bytes(&question);
    let mut talk = talk_over("dns", TCP);
    assert_eq!(talk.client(&question).clean().step, Step::Message { used: whole.len() });
    assert_eq!(talk.read(&whole[..1], true, false).step, Step::Short { need: 2 });
    assert_eq!(talk.read(&whole[..20], true, false).step, Step::Short { need: whole.len() });
    let seen = talk.client("0004 61626364");
    assert_eq!((seen.step, seen.flaws.as_slice()), (Step::Message { used: 6 }, &["dns.bad_length"][..]));
    // Behind a gap: text is no message.
    assert_eq!(talk.read(b"GET / HTTP/1.1\r\n", true, true).step, Step::Lost { used: 16 });
    assert_eq!(talk.read(&whole, true, true).step, Step::Message { used: whole.len() });
    let probe = |payload: &[u8]| protocol("dns").probe(payload, TCP);
    assert_eq!(
        (probe(&whole), probe(&whole[..20]), probe(b"GET / HTTP/1.1\r\n\r\n")),
        (Probe::Fits, Probe::Fits, Probe::No)
    );
}

#[test]
fn what_is_odd_is_told() {
    let long = format!("0001 0000 0001 0000 0000 0000 {} 00 0001 0001", format!("3f {}", "61".repeat(63)).repeat(5));
    for (text, flaw) in [
        ("0001 0000 0001 0000 0000 0000 40 61 00 0001 0001".to_string(), "dns.bad_name"),
        ("0001 0000 0001 0000 0000 0000 20 61 00 0001 0001".into(), "dns.bad_name"),
        // Pointers to themselves, and forward.
        ("0001 0000 0001 0000 0000 0000 c00c 0001 0001".into(), "dns.pointer_loop"),
        ("0001 0000 0001 0000 0000 0000 01 61 c00c 0001 0001".into(), "dns.pointer_loop"),
        ("0001 0000 0001 0000 0000 0000 c020 0001 0001".into(), "dns.pointer_loop"),
        (long, "dns.name_too_long"),
        (format!("0001 8000 0001 0007 0000 0000 {NAME} 0001 0001"), "dns.bad_count"),
        (format!("0001 8000 0001 0000 0001 0000 {NAME} 0001 0001"), "dns.bad_count"),
        (format!("0001 0000 0001 0000 0000 0000 {NAME} 0001 0001 00"), "dns.trailing_bytes"),
        (format!("0001 7800 0001 0000 0000 0000 {NAME} 0001 0001"), "dns.unknown_opcode"),
        (
            format!("0001 8000 0001 0001 0000 0000 {NAME} 0001 0001 c00c 0001 0001 00000000 0003 0a0000"),
            "dns.bad_record_data",
        ),
        (
            format!("0001 8000 0001 0001 0000 0000 {NAME} 0001 0001 c00c 0005 0001 00000000 0003 c00c00"),
            "dns.bad_record_data",
        ),
        (format!("0001 0040 0001 0000 0000 0000 {NAME} 0001 0001"), "dns.reserved_bit"),
        (format!("0001 0000 0002 0000 0000 0000 {NAME} 0001 0001 {NAME} 001c 0001"), "dns.odd_questions"),
        ("0001 0000 0000 0000 0000 0000".into(), "dns.odd_questions"),
        (
            format!("0001 0000 0001 0001 0000 0000 {NAME} 0001 0001 c00c 0001 0001 00000000 0004 0a000001"),
            "dns.answers_in_query",
        ),
        ("0001 0000 0001 0000 0000 0000 02 61ff 00 0001 0001".into(), "dns.binary_label"),
    ] {
        let seen = talk("dns").client(&text);
        assert_eq!(seen.flaws, [flaw], "{text}");
        assert!(matches!(seen.step, Step::Message { .. }));
    }
    let seen = talk("dns").client(&format!("0001 0000 0002 0000 0000 0000 {NAME} 0001 0001 {NAME} 001c 0001"));
    assert_eq!(seen.field("dns.question.type_name"), "[A, AAAA]");
    assert_eq!(talk("dns").client("0001 0000").step, Step::Lost { used: 4 });
}

#[test]
fn the_upper_bits_of_a_response_code() {
    let seen =
        talk("dns").server(&format!("0001 8000 0001 0000 0000 0001 {NAME} 0001 0001  00 0029 0200 01010000 0000"));
    seen.clean().fields(&[("dns.response_code", "16"), ("dns.response_name", "BADVERS"), ("dns.edns.version", "1")]);
}

#[test]
fn circles_of_pointers_end() {
    // 2000 answers whose names are each a pointer to the one before: longer and longer ways, all of them bounded.
    let mut message = bytes("0001 8000 0000 07d0 0000 0000");
    for number in 0..2000u16 {
        let at = if number == 0 { 12 } else { 12 + (number - 1) * 12 };
        message.extend([0xc0 | (at >> 8) as u8 & 0x3f, (at & 0xff) as u8, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0]);
    }
    let seen = talk("dns").read(&message, false, false);
    assert!(seen.flaws.contains(&"dns.pointer_loop"));
}

#[test]
fn multicast_asks_for_several_and_pairs_with_nothing() {
    // _http._tcp.local PTR, wanted by the asker alone, and the answer that it knows.
    let name = "05 5f68747470 04 5f746370 05 6c6f63616c 00";
    let asked = talk("mdns").client(&format!(
        "0000 0000 0001 0001 0000 0000 {name} 000c 8001  c00c 000c 0001 00000078 0008 05 48c3bc6761 c00c"
    ));
    asked.clean().fields(&[
        ("mdns.question.name", "[_http._tcp.local]"),
        ("mdns.question.class", "[1]"),
        ("mdns.answers.data", "[Hüga._http._tcp.local]"),
    ]);
    assert_eq!(asked.protocol, "mdns");
}

#[test]
fn link_local_flags() {
    let seen = talk("llmnr")
        .server("0001 8500 0001 0001 0000 0000 02 7063 00 0001 0001 c00c 0001 0001 0000001e 0004 0a000007");
    seen.clean().fields(&[("llmnr.header_flags", "[C, T]"), ("llmnr.resolved_ip", "[10.0.0.7]")]);
}

#[test]
fn netbios_names_and_stations() {
    // HISTORIAN<20> asked of everybody.
    let name = format!("20 {} 4341 00", "4549".repeat(15));
    let asked = talk("nbns").client(&format!("0001 0110 0001 0000 0000 0000 {name} 0020 0001"));
    asked.clean().fields(&[("nbns.header_flags", "[RD, B]"), ("nbns.question.type_name", "[NB]")]);
    assert!(asked.field("nbns.question.name").ends_with("<20>]"));
    assert_eq!(asked.reference, None, "the answer comes from elsewhere");
    let told =
        talk("nbns").server(&format!("0001 8500 0000 0001 0000 0000 {name} 0020 0001 00000000 0006 0000 0a000007"));
    told.clean().fields(&[("nbns.resolved_ip", "[10.0.0.7]"), ("nbns.answers.data", "[10.0.0.7]")]);
    // A station registers: who and with which address stands in the last section.
    let seen = talk("nbns")
        .client(&format!("0002 2910 0001 0000 0000 0001 {name} 0020 0001  c00c 0020 0001 000493e0 0006 0000 0a000008"));
    assert_eq!((seen.clean().name, seen.class), ("registration", "write"));
    seen.fields(&[("nbns.resolved_ip", "[10.0.0.8]")]);
    // Two names of a station.
    let told = talk("nbns").server(&format!(
        "0003 8400 0000 0001 0000 0000 {name} 0021 0001 00000000 0025
         02 504c43202020202020202020202020 20 0400  464142202020202020202020202020 00 8400"
    ));
    told.clean().fields(&[("nbns.answers.data", "[PLC<20> FAB<00>]")]);
    assert_eq!(
        talk("nbns").client("0001 0110 0001 0000 0000 0000 03 706c63 00 0020 0001").flaws,
        ["nbns.bad_netbios_name"]
    );
}

#[test]
fn content_must_fit_the_port() {
    let probe = |text: &str| protocol("dns").probe(&bytes(text), UDP);
    // An answer, and a question that a NetBIOS, LLMNR or multicast station could ask, too.
    assert_eq!(probe(&format!("abcd 8180 0001 0000 0000 0000 {NAME} 0001 0001")), Probe::Fits);
    assert_eq!(probe(&format!("abcd 0000 0001 0000 0000 0000 {NAME} 0001 0001")), Probe::Fits);
    assert_eq!(probe(&format!("0000 0100 0001 0000 0000 0000 {NAME} 0001 0001")), Probe::Fits);
    assert_eq!(probe(&format!("abcd 0100 0001 0000 0000 0000 20 {} 00 0021 0001", "45".repeat(32))), Probe::Fits);
    assert_eq!(probe("474554202f20485454502f312e310d0a"), Probe::No);
    assert_eq!(probe("abcd 0100 0001 0000"), Probe::No);
}

#[test]
fn a_plain_question_is_known_at_any_port() {
    let probe = |text: &str| protocol("dns").probe(&bytes(text), UDP);
    assert_eq!(probe(&format!("abcd 0100 0001 0000 0000 0000 {NAME} 0001 0001")), Probe::Sure);
    assert_eq!(
        probe(&format!("abcd 0120 0001 0000 0000 0001 {NAME} 0010 0001 00 0029 04d0 00000000 0000")),
        Probe::Sure
    );
    // A type nobody knows, a byte too many, a name that is none of a host.
    assert_eq!(probe(&format!("abcd 0100 0001 0000 0000 0000 {NAME} fde8 0001")), Probe::Fits);
    assert_eq!(probe(&format!("abcd 0100 0001 0000 0000 0000 {NAME} 0001 0001 00")), Probe::Fits);
    assert_eq!(probe("abcd 0100 0001 0000 0000 0000 0261ff 00 0001 0001"), Probe::Fits);
}

#[test]
fn questions_for_servers_of_remote_control_programs_are_told() {
    let asked = talk_over("dns", UDP)
        .client("0007 0100 0001 0000 0000 0000 05 726f757465 0a 7465616d766965776572 03 636f6d 00 0001 0001");
    asked.clean().fields(&[("dns.remote_tool", "teamviewer"), ("dns.remote_tool_by", "dns")]);
    let other =
        talk_over("dns", UDP).client("0007 0100 0001 0000 0000 0000 0b 7465616d76696577657278 03 636f6d 00 0001 0001");
    assert!(!other.clean().fields.contains_key("dns.remote_tool"));
}
