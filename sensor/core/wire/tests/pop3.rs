//! POP3: RFC 1939's session and logins.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod reading;

use reading::{protocol, talk};
use wire::protocol::{Probe, Step, TCP};

#[test]
fn a_session() {
    let mut talk = talk("pop3");
    let greeting = talk.answers("+OK POP3 ready <1896.697@plant>\r\n");
    greeting.clean().fields(&[("pop3.server", "POP3 ready"), ("pop3.status", "ok")]);
    assert_eq!((greeting.name, greeting.role), ("greeting", "unsolicited"));
    assert_eq!(talk.asks("USER maria\r\n").clean().user, "maria");
    talk.answers("+OK\r\n").clean();
    let pass = talk.asks("PASS 123456\r\n");
    assert_eq!((&*pass.user, pass.password, pass.class), ("maria", Some("weak"), "session"));
    let refused = talk.answers("-ERR no\r\n");
    assert_eq!((refused.name, refused.outcome, refused.reference), ("pass", "failure", pass.reference));
    talk.asks("RETR 1\r\n").clean().fields(&[("pop3.argument", "1")]);
    assert_eq!(talk.answers("+OK 120 octets\r\n").clean().name, "retr");
    let mail = "Subject: x\r\n\r\n+OK no\r\n.\r\n";
    assert_eq!(talk.answers(mail).step, Step::Kept { used: mail.len() });
    talk.asks("LIST 1\r\n");
    talk.answers("+OK 1 120\r\n").clean();
    talk.asks("DELE 1\r\n");
    assert_eq!(talk.answers("+OK\r\n").clean().name, "dele");
}

#[test]
fn logins_in_base64() {
    let mut talk = talk("pop3");
    talk.asks("AUTH\r\n").clean();
    talk.answers("+OK\r\n");
    talk.answers("PLAIN\r\n.\r\n");
    talk.asks("AUTH PLAIN\r\n").clean().fields(&[("pop3.auth", "PLAIN")]);
    talk.answers("+ \r\n").clean().fields(&[("pop3.status", "continue")]);
    let seen = talk.asks("AGFkbWluAGFkbWlu\r\n");
    assert_eq!((seen.clean().name, &*seen.user, seen.password), ("auth_data", "admin", Some("default")));
    assert_eq!(talk.answers("+OK in\r\n").reference, seen.reference);
    assert_eq!(talk.asks("APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n").clean().user, "mrose");
}

#[test]
fn after_stls_everything_is_kept() {
    let mut talk = talk("pop3");
    talk.asks("STLS\r\n").clean();
    talk.answers("+OK Begin\r\n").clean();
    assert_eq!(talk.answers("\u{16}\u{3}\u{1}").step, Step::Kept { used: 3 });
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(talk("pop3").asks("FROB\r\n").flaws, ["pop3.unknown_command"]);
    assert_eq!(talk("pop3").asks("\u{1}\u{2}\r\n").flaws, ["pop3.bad_line"]);
    assert_eq!(talk("pop3").answers("\u{1}\u{2}\r\n").flaws, ["pop3.bad_line"]);
    assert!(talk("pop3").asks(&"A".repeat(9000)).flaws.contains(&"pop3.long_line"));
    assert_eq!(talk("pop3").asks("AUTH PLAIN ???\r\n").flaws, ["pop3.bad_credentials"]);
}

#[test]
fn a_greeting_that_names_it_is_sure() {
    for (text, probe) in [
        ("+OK Dovecot POP3\r\n", Probe::Sure),
        ("+OK\r\n", Probe::Fits),
        ("RETR 1\r\n", Probe::Fits),
        ("x y\r\n", Probe::No),
    ] {
        assert_eq!(protocol("pop3").probe(text.as_bytes(), TCP), probe, "{text}");
    }
}
