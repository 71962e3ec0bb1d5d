//! SMTP: RFC 5321's sessions, logins, and mails that are passed over.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod reading;

use reading::{protocol, talk, ALERT};
use wire::protocol::{Probe, Step, TCP};

#[test]
fn a_mail_is_passed_over_and_told_with_its_size() {
    let mut talk = talk("smtp");
    assert_eq!(talk.answers("220 mail.plant ESMTP Postfix\r\n").clean().name, "greeting");
    talk.asks("EHLO plc7\r\n").clean().fields(&[("smtp.domain", "plc7")]);
    assert_eq!(talk.answers("250-mail.plant\r\n").clean().name, "ehlo");
    assert_eq!(talk.answers("250 SIZE 1000\r\n").step, Step::Kept { used: 15 });
    talk.asks("MAIL FROM:<a@plant.example> SIZE=9\r\n").clean().fields(&[("smtp.from", "a@plant.example")]);
    talk.answers("250 Ok\r\n").clean();
    talk.asks("RCPT TO:<b@c.example>\r\n").clean().fields(&[("smtp.to", "b@c.example")]);
    assert_eq!(talk.answers("550 No such user\r\n").clean().outcome, "failure");
    talk.asks("DATA\r\n").clean();
    assert_eq!(talk.answers("354 Go\r\n").clean().name, "data");
    for part in ["Subject: secret\r\n\r\n..\r\nMAIL FROM:<x@y>\r\nhalf", " line\r\n"] {
        let seen = talk.asks(part);
        assert_eq!(seen.step, Step::Kept { used: part.len() });
    }
    assert_eq!(talk.asks(".\r").step, Step::Short { need: 3 });
    let end = talk.asks(".\r\nQUIT\r\n");
    end.fields(&[("smtp.message_bytes", "54")]);
    assert_eq!((end.name, end.step), ("message", Step::Message { used: 3 }));
    assert_eq!(talk.asks("QUIT\r\n").name, "quit");
    assert_eq!(talk.answers("250 Queued\r\n").reference, end.reference);
}

#[test]
fn what_a_mail_carries_is_told_and_not_kept() {
    let mut talk = talk("smtp");
    talk.asks("DATA\r\n");
    talk.answers("354 Go\r\n");
    talk.asks("Content-Transfer-Encoding: base64\r\n\r\nTVqQAAMAAAAEAAAA//8AALgA\r\n");
    talk.asks(".\r\n").clean().fields(&[("smtp.content", "windows_program")]);
    talk.asks("DATA\r\n");
    talk.asks("Subject: nothing\r\n");
    assert!(!talk.asks(".\r\n").clean().fields.contains_key("smtp.content"), "that was the mail before");
}

#[test]
fn a_refused_mail_and_a_mail_in_chunks() {
    let mut talk = talk("smtp");
    talk.asks("DATA\r\n");
    talk.answers("503 No recipients\r\n");
    talk.asks("BDAT 8 LAST\r\n").clean().fields(&[("smtp.message_bytes", "8")]);
    assert_eq!(talk.asks("12345678RSET\r\n").step, Step::Kept { used: 8 });
    assert_eq!(talk.asks("RSET\r\n").clean().name, "rset");
}

#[test]
fn logins_are_judged_and_forgotten() {
    // \0admin\0admin
    let plain = talk("smtp").asks("AUTH PLAIN AGFkbWluAGFkbWlu\r\n");
    plain.clean().fields(&[("smtp.auth", "PLAIN")]);
    assert_eq!((&*plain.user, plain.password), ("admin", Some("default")));
    let mut talk = talk("smtp");
    talk.asks("AUTH LOGIN\r\n").clean();
    talk.answers("334 VXNlcm5hbWU6\r\n").clean();
    let user = talk.asks("bWFyaWE=\r\n");
    assert_eq!((user.clean().name, &*user.user, user.password), ("auth_data", "maria", None));
    talk.answers("334 UGFzc3dvcmQ6\r\n");
    let password = talk.asks("MTIzNDU2\r\n");
    assert_eq!((&*password.user, password.password), ("maria", Some("weak")));
    let refused = talk.answers("535 No\r\n");
    assert_eq!((refused.outcome, refused.reference), ("failure", password.reference));
    assert_eq!(talk.asks("QUIT\r\n").clean().name, "quit");
    // `tim` and 32 digits, as RFC 2195 has it.
    talk.asks("AUTH CRAM-MD5\r\n");
    talk.answers("334 PDE4\r\n");
    let cram = talk.asks("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n");
    assert_eq!((&*cram.user, cram.password), ("tim", None));
    talk.answers("235 In\r\n");
    assert_eq!(talk.asks("AUTH PLAIN ???\r\n").flaws, ["smtp.bad_credentials"]);
}

#[test]
fn a_login_that_began_before_we_came_leaves_no_trace() {
    let mut talk = talk("smtp");
    talk.answers("334 UGFzc3dvcmQ6\r\n").clean();
    let seen = talk.asks("c2VjcmV0\r\n");
    assert_eq!((seen.clean().name, seen.fields.len(), seen.password), ("auth_data", 0, None));
    let mut talk = reading::talk("smtp");
    assert!(!talk.asks("TG9uZ1Bhc3N3b3Jk\r\n").fields.contains_key("smtp.command"));
}

#[test]
fn after_starttls_it_is_tls() {
    let mut talk = talk("smtp");
    talk.asks("STARTTLS\r\n").clean();
    talk.answers("220 Ready\r\n").clean();
    assert_eq!(talk.asks(ALERT).clean().protocol, "tls");
    assert_eq!(talk.answers(ALERT).clean().protocol, "tls");
    let mut talk = reading::talk("smtp");
    talk.asks("STARTTLS\r\n");
    talk.answers("454 Not now\r\n");
    assert_eq!(talk.asks("NOOP\r\n").clean().name, "noop");
}

#[test]
fn what_is_wrong_is_named() {
    for (text, flaw) in [
        ("FROB\r\n", "smtp.unknown_command"),
        ("\u{1}\u{2}\r\n", "smtp.bad_line"),
        ("MAIL FROM: a@b\r\n", "smtp.bad_path"),
        ("BDAT x\r\n", "smtp.bad_line"),
    ] {
        assert_eq!(talk("smtp").asks(text).flaws, [flaw], "{text}");
    }
    assert!(talk("smtp").asks(&"A".repeat(9000)).flaws.contains(&"smtp.long_line"));
}

#[test]
fn telling_content_is_sure() {
    for (text, probe) in [
        ("220 a ESMTP\r\n", Probe::Sure),
        ("EHLO a\r\n", Probe::Sure),
        ("220 hello\r\n", Probe::Fits),
        ("MAIL FROM:<a>\r\n", Probe::Fits),
        ("GET / HTTP/1.1\r\n", Probe::No),
    ] {
        assert_eq!(protocol("smtp").probe(text.as_bytes(), TCP), probe, "{text}");
    }
}
