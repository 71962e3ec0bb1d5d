//! FTP: RFC 959 and what came after it.
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
fn a_login_and_a_transfer() {
    let mut talk = talk("ftp");
    let greeting = talk.answers("220 ProFTPD 1.3.5 Server\r\n");
    greeting.clean().fields(&[("ftp.reply_code", "220"), ("ftp.server", "ProFTPD 1.3.5 Server")]);
    assert_eq!((greeting.name, greeting.role), ("greeting", "unsolicited"));
    let user = talk.asks("USER admin\r\n");
    assert_eq!((user.clean().name, &*user.user, user.password), ("user", "admin", None));
    assert_eq!(talk.answers("331 Password required\r\n").outcome, "success");
    let pass = talk.asks("PASS admin\r\n");
    assert_eq!((pass.name, pass.class, &*pass.user, pass.password), ("pass", "session", "admin", Some("default")));
    assert!(!pass.fields.contains_key("ftp.argument"));
    let refused = talk.answers("530 Login incorrect.\r\n");
    assert_eq!((refused.name, refused.outcome, refused.reference), ("pass", "failure", pass.reference));
    talk.asks("pasv\r\n").clean().fields(&[("ftp.command", "PASV")]);
    talk.answers("227 Entering Passive Mode (10,0,0,2,195,80)\r\n")
        .clean()
        .fields(&[("ftp.data_ip", "10.0.0.2"), ("ftp.data_port", "50000")]);
    let stored = talk.asks("STOR firmware.bin\r\n");
    assert_eq!(stored.fields(&[("ftp.path", "firmware.bin")]).class, "write");
    let interim = talk.answers("150 Opening\r\n");
    assert_eq!((interim.name, interim.reference, interim.outcome), ("stor", None, "unknown"));
    let done = talk.answers("226 Transfer complete\r\n");
    assert_eq!((done.name, done.reference, done.outcome), ("stor", stored.reference, "success"));
}

#[test]
fn of_a_reply_of_many_lines_the_first_one_tells() {
    let mut talk = talk("ftp");
    talk.asks("FEAT\r\n");
    let lines = "211-Features:\r\n 220 no end\r\n211-still\r\nUTF8\r\n211 End\r\n";
    assert_eq!(talk.answers(lines).name, "feat");
    for line in lines.split_inclusive("\r\n").skip(1) {
        assert_eq!(talk.answers(line).step, Step::Kept { used: line.len() }, "{line}");
    }
    assert_eq!(talk.answers("421 Timeout\r\n").clean().outcome, "failure");
}

#[test]
fn addresses_of_data_connections() {
    for (text, ip, port, flaws) in [
        ("PORT 10,0,0,1,7,138\r\n", "10.0.0.1", "1930", &[][..]),
        ("EPRT |1|10.0.0.1|6275|\r\n", "10.0.0.1", "6275", &[]),
        ("EPRT |2|fd00::1|5282|\r\n", "fd00::1", "5282", &["ftp.foreign_address"]),
        ("PORT 10,0,0,99,0,22\r\n", "10.0.0.99", "22", &["ftp.foreign_address"]),
    ] {
        let seen = talk("ftp").asks(text);
        seen.fields(&[("ftp.data_ip", ip), ("ftp.data_port", port)]);
        assert_eq!(seen.flaws, flaws, "{text}");
    }
    assert_eq!(talk("ftp").asks("PORT 10,0,0,1,7\r\n").flaws, ["ftp.bad_address"]);
    assert_eq!(talk("ftp").asks("PORT 10,0,0,1,7,256\r\n").flaws, ["ftp.bad_address"]);
    talk("ftp")
        .answers("229 Entering Extended Passive Mode (|||6446|)\r\n")
        .clean()
        .fields(&[("ftp.data_port", "6446")]);
}

#[test]
fn after_auth_tls_everything_is_kept() {
    let mut talk = talk("ftp");
    talk.asks("AUTH TLS\r\n").clean().fields(&[("ftp.argument", "TLS")]);
    talk.answers("234 Go\r\n").clean();
    assert_eq!(talk.asks("\u{16}\u{3}\u{1}").step, Step::Kept { used: 3 });
    assert_eq!(talk.answers("\u{16}\u{3}\u{3}").step, Step::Kept { used: 3 });
    assert_eq!(talk.read(b"USER a\r\n", true, true).clean().name, "user");
}

#[test]
fn what_is_wrong_is_named() {
    for (text, flaw) in [("HACK now\r\n", "ftp.unknown_command"), ("\u{1}\u{2}\u{3}\r\n", "ftp.bad_line")] {
        assert_eq!(talk("ftp").asks(text).flaws, [flaw], "{text}");
    }
    assert_eq!(talk("ftp").answers("hello\r\n").flaws, ["ftp.bad_line"]);
    let long = format!("STOR {}", "A".repeat(20_000));
    let mut talk = talk("ftp");
    let seen = talk.asks(&long);
    assert_eq!((&*seen.flaws, seen.name, seen.field("ftp.path").len()), (&["ftp.long_line"][..], "stor", 1024));
    assert_eq!(talk.asks("AAA\r\nNOOP\r\n").step, Step::Kept { used: 5 });
    assert_eq!(talk.asks("SITE PSWD old new\r\n").field("ftp.argument"), "PSWD");
    assert_eq!(talk.read(b"\xff\xf4\xff\xf2ABOR\r\n", true, false).clean().name, "abor");
}

#[test]
fn a_greeting_that_names_it_is_sure() {
    for (text, probe) in [
        ("220 (vsFTPd 3.0.3)\r\n", Probe::Sure),
        ("220 mail ESMTP\r\n", Probe::Fits),
        ("USER a\r\n", Probe::Fits),
        ("hello world\r\n", Probe::No),
    ] {
        assert_eq!(protocol("ftp").probe(text.as_bytes(), TCP), probe, "{text}");
    }
}
