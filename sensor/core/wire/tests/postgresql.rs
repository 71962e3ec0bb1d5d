//! PostgreSQL: logins and statements.
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

/// 3.0: historian, recipes, psql.
const STARTUP: &str = "0000003f000300007573657200686973746f7269616e0064617461626173650072656369706573006170706c69636174
    696f6e5f6e616d65007073716c0000";
/// A password.
const PASSWORD: &str = "700000000b31323334353600";
/// SELECT value FROM tags.
const QUERY: &str = "510000001b53454c4543542076616c75652046524f4d207461677300";
/// FATAL, 28P01.
const ERROR: &str = "450000001e53464154414c0056464154414c00433238503031004d6e6f0000";
/// TLS that follows.
const HELLO: &str = "160303003d010000390303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f000008c02f
    009c002f000501000008000d000400020401";

#[test]
fn a_login_with_a_password_in_clear() {
    let mut talk = talk("postgresql");
    let seen = talk.client(STARTUP);
    seen.clean().fields(&[
        ("postgresql.protocol_version", "3.0"),
        ("postgresql.database", "recipes"),
        ("postgresql.application", "psql"),
    ]);
    assert_eq!((seen.name, seen.role, seen.reference), ("login", "request", Some(1)));
    let seen = talk.server("52 00000008 00000003");
    seen.clean().fields(&[("postgresql.authentication_name", "clear_password")]);
    let seen = talk.client(PASSWORD);
    seen.clean();
    assert!(seen.fields.values().all(|value| value != "123456"));
    let seen = talk.server("52 00000008 00000000");
    assert_eq!((seen.role, seen.outcome, seen.reference), ("response", "success", Some(1)));
}

#[test]
fn a_login_is_refused() {
    let mut talk = talk("postgresql");
    talk.client(STARTUP);
    let seen = talk.server(ERROR);
    seen.clean().fields(&[("postgresql.sql_state", "28P01"), ("postgresql.severity", "FATAL")]);
    assert_eq!((seen.role, seen.outcome, seen.reference, seen.operation), ("response", "failure", Some(1), 0));
}

#[test]
fn statements_tell_their_first_word() {
    let mut talk = talk("postgresql");
    talk.client(STARTUP);
    talk.server("52 00000008 00000000");
    let seen = talk.client(QUERY);
    seen.clean().fields(&[("postgresql.statement", "select")]);
    assert_eq!((seen.name, seen.class), ("query", "read"));
    // A row of 65536 bytes is passed over.
    assert_eq!(talk.server("44 00010000 0011").step, Step::Kept { used: 7 });
    assert_eq!(talk.read(&vec![0; 70_000], false, false).step, Step::Kept { used: 65_537 - 7 });
    let seen = talk.server("43 0000000d 53454c454354203100");
    seen.clean().fields(&[("postgresql.command_tag", "SELECT 1")]);
    assert_eq!((seen.role, seen.outcome), ("response", "success"));
}

#[test]
fn tls_is_asked_for_and_granted_or_not() {
    let mut talk = talk("postgresql");
    assert_eq!(talk.client("00000008 04d2162f").name, "start_tls");
    let seen = talk.server("4e");
    seen.clean().fields(&[("postgresql.encryption_accepted", "false")]);
    assert_eq!(seen.outcome, "failure");
    talk.client("00000008 04d2162f");
    assert_eq!(talk.server("53").outcome, "success");
    assert_eq!(talk.client(HELLO).protocol, "tls");
}

#[test]
fn what_is_broken_has_a_flaw() {
    let mut talk = talk("postgresql");
    // user x, database re: the last zero is missing.
    assert_eq!(
        talk.client("0000001a 00030000 7573657200 7800 646174616261736500 7265").flaws,
        ["postgresql.truncated"]
    );
    talk.server("52 00000008 00000000");
    assert_eq!(talk.client("0000000000000000").flaws, ["postgresql.bad_message"]);
    assert_eq!(talk.server("52 00000006 0000").flaws, ["postgresql.truncated"]);
    talk.read(&bytes(QUERY), true, false).clean();
}
