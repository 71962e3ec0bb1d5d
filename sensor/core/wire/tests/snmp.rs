//! SNMP.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod reading;

use reading::{bytes, protocol, talk, Talk};
use wire::protocol::{Probe, Step, UDP};

/// An element: its tag and length before the parts.
fn element(tag: &str, parts: &[&str]) -> String {
    let content = parts.concat().replace([' ', '\n'], "");
    format!("{tag} {:02x} {content}", content.len() / 2)
}

const PUBLIC: &str = "04 06 7075626c6963";
/// sysDescr.0 and its value null.
const SYSTEM: &str = "300c 0608 2b06010201010100 0500";

fn pdu(tag: &str, status: &str, variables: &[&str]) -> String {
    element(tag, &["02 02 1234", status, "02 01 00", &element("30", variables)])
}

fn message(version: &str, community: &str, pdu: &str) -> String {
    element("30", &["02 01", version, community, pdu])
}

fn password(text: &str) -> Option<&'static str> {
    strength(&mut talk("snmp"), text)
}

fn strength(talk: &mut Talk, text: &str) -> Option<&'static str> {
    talk.client(text).password
}

#[test]
fn a_question_and_its_answer() {
    let mut talk = talk("snmp");
    let asked = talk.client(&message("01", PUBLIC, &pdu("a0", "02 01 00", &[SYSTEM])));
    assert_eq!((asked.clean().name, asked.class, asked.role, asked.operation), ("get", "read", "request", 0xa0));
    asked.fields(&[
        ("snmp.version", "1"),
        ("snmp.version_name", "v2c"),
        ("snmp.request_id", "4660"),
        ("snmp.oids", "[1.3.6.1.2.1.1.1.0]"),
        ("snmp.value_types", "[null]"),
    ]);
    let told = talk.server(&message("01", PUBLIC, &pdu("a2", "02 01 00", &["300e 0608 2b06010201010100 0402 6f6b"])));
    assert_eq!((told.clean().reference, told.role, told.outcome), (asked.reference, "response", "success"));
    told.fields(&[("snmp.error_name", "no_error"), ("snmp.value_types", "[octet_string]")]);
    let told = talk.server(&message("00", PUBLIC, &pdu("a2", "02 01 02", &[SYSTEM])));
    assert_eq!((told.field("snmp.error_name"), told.outcome), ("no_such_name", "failure"));
}

#[test]
fn a_set_writes() {
    let seen = talk("snmp").client(&message(
        "01",
        "04 07 70726976617465",
        &pdu("a3", "02 01 00", &["300d 0608 2b06010201010600 0201 07"]),
    ));
    assert_eq!((seen.clean().name, seen.class), ("set", "write"));
    seen.fields(&[("snmp.value_types", "[integer]")]);
}

#[test]
fn communities_are_judged_and_forgotten() {
    let get = pdu("a0", "02 01 00", &[SYSTEM]);
    assert_eq!(password(&message("01", PUBLIC, &get)), Some("default"));
    assert_eq!(password(&message("01", "04 00", &get)), Some("empty"));
    assert_eq!(password(&message("00", "04 0a 71384c77307a7a4b2121", &get)), Some("unlisted"));
    // The same one again, and then another, in one conversation.
    let mut talk = talk("snmp");
    for (community, wanted) in
        [(PUBLIC, "default"), (PUBLIC, "default"), ("04 03 787971", "unlisted"), (PUBLIC, "default")]
    {
        assert_eq!(strength(&mut talk, &message("01", community, &get)), Some(wanted));
    }
    let seen = talk.client(&message("01", "04 0a 71384c77307a7a4b2121", &get));
    assert!(!format!("{seen:?}").contains("q8Lw0zzK"));
}

#[test]
fn bulk_and_traps() {
    let bulk = element("a5", &["02 01 07", "02 01 01", "02 01 14", &element("30", &[SYSTEM])]);
    let seen = talk("snmp").client(&message("01", PUBLIC, &bulk));
    assert_eq!(seen.clean().name, "get_bulk");
    seen.fields(&[("snmp.non_repeaters", "1"), ("snmp.max_repetitions", "20")]);
    // Version 1: enterprise 1.3.6.1.4.1.9, agent 10.0.0.2, link down, 0, 300 hundredths of a second.
    let trap = element(
        "a4",
        &["0606 2b0601040109", "4004 0a000002", "0201 02", "0201 00", "4302 012c", &element("30", &[SYSTEM])],
    );
    let seen = talk("snmp").client(&message("00", PUBLIC, &trap));
    assert_eq!(
        (seen.clean().name, seen.role, seen.class, seen.reference),
        ("trap_v1", "unsolicited", "diagnose", None)
    );
    seen.fields(&[
        ("snmp.trap_oid", "1.3.6.1.4.1.9"),
        ("snmp.agent_ip", "10.0.0.2"),
        ("snmp.generic_trap_name", "link_down"),
        ("snmp.specific_trap", "0"),
        ("snmp.uptime_cs", "300"),
    ]);
    let variables = ["300e 0608 2b06010201010300 4302 012c", "3017 060a 2b060106030101040100 0609 2b0601060301010503"];
    let seen = talk("snmp").client(&message("01", PUBLIC, &pdu("a7", "02 01 00", &variables)));
    assert_eq!((seen.clean().name, seen.role, seen.reference), ("trap", "unsolicited", None));
    seen.fields(&[("snmp.trap_oid", "1.3.6.1.6.3.1.1.5.3"), ("snmp.uptime_cs", "300")]);
}

/// Version 3: number 77, size 65507, flags, user-based | engine, 3 starts, 500 seconds, user | what follows.
fn version_3(flags: &str, user: &str, rest: &str) -> String {
    let head = element("30", &["0201 4d", "0203 00ffe3", "0401", flags, "0201 03"]);
    let parameters = element("30", &["0405 8000000001", "0201 03", "0202 01f4", user, "0400", "0400"]);
    element("30", &["0201 03", &head, &element("04", &[&parameters]), rest])
}

#[test]
fn version_3_tells_the_user_and_the_level() {
    let user = "0408 6f70657261746f72";
    let scoped = element("30", &["0405 8000000001", "0403 637478", &pdu("a0", "02 01 00", &[SYSTEM])]);
    let mut talk = talk("snmp");
    let asked = talk.client(&version_3("05", user, &scoped));
    assert_eq!((asked.clean().name, &*asked.user), ("get", "operator"));
    asked.fields(&[
        ("snmp.message_id", "77"),
        ("snmp.security_level", "auth_no_priv"),
        ("snmp.engine_id", "8000000001"),
        ("snmp.engine_boots", "3"),
        ("snmp.engine_time_s", "500"),
        ("snmp.context_name", "ctx"),
        ("snmp.encrypted", "false"),
    ]);
    // The answer is encrypted here: it pairs all the same.
    let told = talk.server(&version_3("03", user, "0404 deadbeef"));
    assert_eq!(
        (told.clean().reference, told.role, told.field("snmp.encrypted")),
        (asked.reference, "response", "true")
    );
    // Encrypted and not authenticated; a report to who asked without a user.
    assert_eq!(talk.client(&version_3("06", user, "0404 deadbeef")).flaws, ["snmp.security_flags"]);
    let report = element("30", &["0400", "0400", &pdu("a8", "02 01 00", &["300f 060a 2b060106030f01010400 4101 01"])]);
    let told = talk.server(&version_3("00", "0400", &report));
    assert_eq!((told.clean().name, told.outcome, told.reference), ("report", "failure", asked.reference));
}

#[test]
fn what_is_odd_is_told() {
    let get = pdu("a0", "02 01 00", &[SYSTEM]);
    let cut = message("01", PUBLIC, &get);
    let cut = bytes(&cut)[..20].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for (text, flaw) in [
        (cut, "snmp.bad_encoding"),
        (message("01", PUBLIC, &get) + "00", "snmp.trailing_bytes"),
        (message("07", PUBLIC, &get), "snmp.unknown_version"),
        (message("01", PUBLIC, &pdu("ab", "02 01 00", &[])), "snmp.unknown_pdu"),
        (message("01", PUBLIC, &pdu("a0", "02 01 05", &[SYSTEM])), "snmp.error_in_request"),
        (message("01", PUBLIC, &pdu("a0", "02 01 00", &["3007 0603 2b8680 0500"])), "snmp.bad_oid"),
        (message("01", PUBLIC, &pdu("a0", "02 01 00", &["3008 0602 2b06 0502 0000"])), "snmp.bad_value"),
        (message("01", PUBLIC, &pdu("a0", "02 01 00", &["3008 0602 2b06 4102 ff"])), "snmp.bad_value"),
        (message("01", PUBLIC, &element("a5", &["020101", "0201ff", "020114", "3000"])), "snmp.negative_count"),
        (message("01", PUBLIC, "a003 020101"), "snmp.bad_encoding"),
    ] {
        let seen = talk("snmp").client(&text);
        assert!(seen.flaws.contains(&flaw), "{text}: {seen:?}");
        assert!(matches!(seen.step, Step::Message { .. }));
    }
    assert!(matches!(talk("snmp").client("474554202f").step, Step::Lost { used: 5 }));
}

#[test]
fn content_tells() {
    let probe = |text: &str| protocol("snmp").probe(&bytes(text), UDP);
    let get = message("01", PUBLIC, &pdu("a0", "02 01 00", &[SYSTEM]));
    assert_eq!(probe(&get), Probe::Sure);
    assert_eq!(probe(&(get.clone() + "00")), Probe::Fits);
    assert_eq!(probe(&version_3("04", "0400", "0404 deadbeef")), Probe::Sure);
    // LDAP: a sequence with a number, then a bind request.
    assert_eq!(probe("300c 020101 6007 020103 0400 8000"), Probe::Fits);
    assert_eq!(probe("474554202f20"), Probe::No);
}
