//! MySQL: logins and commands.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod reading;

use reading::{bytes, talk};
use wire::protocol::Step;

/// 8.0.36, mysql_native_password.
const GREETING: &str =
    "4a0000000a382e302e33360009000000414243444546474800098a210200080015000000000000000000004142434445
    464748494a4b4c006d7973716c5f6e61746976655f70617373776f726400";
/// root with a proof of 20 bytes, recipes.
const LOGIN: &str = "580000010982080000000001210000000000000000000000000000000000000000000000726f6f740014000102030405
    060708090a0b0c0d0e0f1011121372656369706573006d7973716c5f6e61746976655f70617373776f726400";
/// SSLRequest.
const WISH: &str = "20000001098a080000000001210000000000000000000000000000000000000000000000";
/// 1045, 28000.
const REFUSED: &str = "16000002ff15042332383030304163636573732064656e696564";
/// OK.
const FINE: &str = "0700000200000002000000";
/// drop table.
const QUERY: &str = "18000000032f2a2078202a2f2064726f70207461626c652074616773";
/// A switch to mysql_clear_password.
const CLEAR: &str = "16000002fe6d7973716c5f636c6561725f70617373776f726400";
/// A password in clear.
const PASSWORD: &str = "0700000331323334353600";
/// TLS that follows.
const HELLO: &str = "160303003d010000390303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f000008c02f
    009c002f000501000008000d000400020401";

#[test]
fn a_login_and_what_came_of_it() {
    for (answer, outcome) in [(FINE, "success"), (REFUSED, "failure")] {
        let mut talk = talk("mysql");
        talk.server(GREETING)
            .clean()
            .fields(&[("mysql.server_version", "8.0.36"), ("mysql.plugin", "mysql_native_password")]);
        let asked = talk.client(LOGIN);
        asked.clean().fields(&[("mysql.database", "recipes"), ("mysql.plugin", "mysql_native_password")]);
        let seen = talk.server(answer);
        seen.clean();
        assert_eq!((seen.name, seen.operation, seen.outcome), ("login", asked.operation, outcome));
    }
}

#[test]
fn commands_tell_their_first_word() {
    let mut talk = talk("mysql");
    talk.server(GREETING);
    talk.client(LOGIN);
    talk.server(FINE);
    let seen = talk.client(QUERY);
    seen.clean().fields(&[("mysql.command", "3"), ("mysql.statement", "drop"), ("mysql.length", "24")]);
    assert_eq!((seen.name, seen.class), ("query", "program"));
    let seen = talk.server("09 0000 01 ff 7604 233432");
    assert_eq!(seen.step, Step::Short { need: 13 });
    let seen = talk.server("0b 0000 01 ff 7604 23 3432303030 6e6f");
    seen.clean().fields(&[("mysql.error_code", "1142"), ("mysql.sql_state", "42000"), ("mysql.error_message", "no")]);
    // Rows are passed over, in pieces too.
    assert_eq!(talk.server("ff ff 00 02 0011").step, Step::Kept { used: 6 });
    assert_eq!(talk.read(&vec![0; 70_000], false, false).step, Step::Kept { used: 0xffff - 2 });
    let seen = talk.client("01 0000 00 01");
    assert_eq!((seen.name, seen.role), ("quit", "unsolicited"));
}

#[test]
fn a_password_in_clear_is_no_field() {
    let mut talk = talk("mysql");
    talk.server(GREETING);
    talk.client(LOGIN);
    talk.server(CLEAR).clean().fields(&[("mysql.plugin", "mysql_clear_password")]);
    let seen = talk.client(PASSWORD);
    seen.clean();
    assert!(seen.fields.is_empty(), "{seen:#?}");
    assert_eq!(talk.server(FINE).outcome, "success");
}

#[test]
fn tls_follows_a_wish() {
    let mut talk = talk("mysql");
    talk.server(GREETING);
    assert_eq!(talk.client(WISH).name, "start_tls");
    assert_eq!(talk.client(HELLO).protocol, "tls");
}

#[test]
fn what_is_broken_has_a_flaw() {
    let mut talk = talk("mysql");
    talk.server(GREETING);
    let mut short = bytes(LOGIN);
    short.truncate(50);
    short[0] = 46;
    assert_eq!(talk.read(&short, true, false).flaws, ["mysql.truncated"]);
    talk.server(FINE);
    assert_eq!(talk.client("01 0000 00 77").flaws, ["mysql.unknown_command"]);
}
