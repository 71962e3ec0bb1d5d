//! IMAP: tags, literals and logins of RFC 9051.
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
fn commands_are_answered_by_their_tags() {
    let mut talk = talk("imap");
    let greeting = talk.answers("* OK IMAP4rev1 ready\r\n");
    assert_eq!(greeting.clean().fields(&[("imap.server", "IMAP4rev1 ready")]).name, "greeting");
    let login = talk.asks("a1 login maria \"1234\\\"56\"\r\n");
    assert_eq!((login.clean().name, &*login.user, login.password), ("login", "maria", Some("unlisted")));
    let select = talk.asks("a2 SELECT \"Alarm mails\"\r\n");
    select.clean().fields(&[("imap.command", "SELECT"), ("imap.mailbox", "Alarm mails")]);
    let second = talk.answers("a2 OK [READ-WRITE] done\r\n");
    assert_eq!((second.name, second.outcome, second.reference), ("select", "success", select.reference));
    let first = talk.answers("a1 NO wrong\r\n");
    first.fields(&[("imap.status", "no")]);
    assert_eq!((first.name, first.outcome, first.reference), ("login", "failure", login.reference));
    assert_eq!(talk.asks("a3 UID FETCH 1:* (FLAGS)\r\n").clean().name, "fetch");
    let data = "* 1 FETCH (BODY[] {12}\r\na1 OK no\r\nxx)\r\n";
    let mut front = 0;
    while front < data.len() {
        let Step::Kept { used } = talk.answers(&data[front..]).step else { panic!("{}", &data[front..]) };
        front += used;
    }
    assert_eq!(talk.answers("a3 OK\r\n").clean().name, "fetch");
}

#[test]
fn logins_are_judged_and_forgotten() {
    let text = "a1 LOGIN {5}\r\nadmin {5+}\r\nadmin\r\n";
    let seen = talk("imap").asks(text);
    assert_eq!((&*seen.user, seen.password, seen.step), ("admin", Some("default"), Step::Message { used: text.len() }));
    assert_eq!(talk("imap").asks("a1 LOGIN {5}\r\nadm").step, Step::Short { need: 19 });
    let mixed = talk("imap").asks("a1 LOGIN admin {5}\r\nadmin\r\n");
    assert_eq!((&*mixed.user, mixed.password), ("admin", Some("default")));
    let mut talk = talk("imap");
    talk.asks("b AUTHENTICATE PLAIN\r\n").clean().fields(&[("imap.auth", "PLAIN")]);
    talk.answers("+ \r\n").clean().fields(&[("imap.status", "continue")]);
    let line = talk.asks("AGFkbWluAGFkbWlu\r\n");
    assert_eq!((line.clean().name, &*line.user, line.password), ("auth_data", "admin", Some("default")));
    assert_eq!(talk.answers("b OK in\r\n").reference, line.reference);
    assert_eq!(talk.asks("c NOOP\r\n").clean().name, "noop");
}

#[test]
fn what_is_stored_is_passed_over() {
    let mut talk = talk("imap");
    let append = talk.asks("a APPEND Sent {3000}\r\n");
    append.clean().fields(&[("imap.mailbox", "Sent")]);
    assert_eq!(talk.answers("+ go\r\n").step, Step::Kept { used: 6 });
    assert_eq!(talk.asks(&"x".repeat(2000)).step, Step::Kept { used: 2000 });
    assert_eq!(talk.asks(&format!("{}\r\n", "x".repeat(1000))).step, Step::Kept { used: 1000 });
    assert_eq!(talk.asks("\r\n").step, Step::Kept { used: 2 });
    talk.asks("b IDLE\r\n").clean();
    assert_eq!(talk.asks("DONE\r\n").step, Step::Kept { used: 6 });
}

#[test]
fn after_starttls_and_compress_everything_is_kept() {
    for command in ["STARTTLS", "COMPRESS DEFLATE"] {
        let mut talk = talk("imap");
        talk.asks(&format!("a {command}\r\n")).clean();
        talk.answers("a OK go\r\n").clean();
        assert_eq!(talk.asks("\u{16}\u{3}\u{1}").step, Step::Kept { used: 3 });
    }
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(talk("imap").asks("a1 FROB\r\n").flaws, ["imap.unknown_command"]);
    assert_eq!(talk("imap").asks("\u{1}\u{2}\r\n").flaws, ["imap.bad_line"]);
    assert_eq!(talk("imap").answers("\u{1}\u{2}\r\n").flaws, ["imap.bad_line"]);
    assert!(talk("imap").asks(&"A".repeat(9000)).flaws.contains(&"imap.long_line"));
    assert_eq!(talk("imap").asks("a LOGIN\r\n").flaws, ["imap.bad_credentials"]);
}

#[test]
fn a_greeting_that_names_it_is_sure() {
    for (text, probe) in [
        ("* OK [CAPABILITY IMAP4rev1] x\r\n", Probe::Sure),
        ("a1 LOGIN a b\r\n", Probe::Fits),
        ("* OK hello\r\n", Probe::Fits),
        ("USER a\r\n", Probe::No),
    ] {
        assert_eq!(protocol("imap").probe(text.as_bytes(), TCP), probe, "{text}");
    }
}
