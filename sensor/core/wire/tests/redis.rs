//! Redis: RESP2, RESP3 and inline commands.
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

/// A command as clients send it.
fn command(words: &[&str]) -> String {
    let words = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len()));
    format!("*{}\r\n{}", words.len(), words.collect::<String>())
}

#[test]
fn commands_and_what_they_do() {
    for (words, name, class, fields) in [
        (&["GET", "k"][..], "get", "read", &[("redis.key_count", "1"), ("redis.argument_count", "1")][..]),
        (&["mset", "a", "1", "b", "2"], "mset", "write", &[("redis.key_count", "2"), ("redis.command", "MSET")]),
        (&["DEL", "a", "b", "c", "d", "e", "f"], "del", "write", &[("redis.key_count", "6")]),
        (
            &["CONFIG", "SET", "dir", "/root/.ssh"],
            "config",
            "program",
            &[("redis.subcommand", "SET"), ("redis.parameter", "dir")],
        ),
        (&["CONFIG", "GET", "*"], "config", "discover", &[("redis.parameter", "*")]),
        (&["SLAVEOF", "10.6.6.6", "6379"], "slaveof", "program", &[("redis.parameter", "10.6.6.6")]),
        (
            &["MODULE", "LOAD", "/tmp/x.so"],
            "module",
            "program",
            &[("redis.subcommand", "LOAD"), ("redis.parameter", "/tmp/x.so")],
        ),
        (&["EVAL", "return 1", "0"], "eval", "program", &[("redis.key_count", "0")]),
        (&["FLUSHALL"], "flushall", "write", &[("redis.argument_count", "0")]),
    ] {
        let text = command(words);
        let seen = talk("redis").asks(&text);
        seen.clean().fields(fields);
        assert_eq!((seen.name, seen.class, seen.step), (name, class, Step::Message { used: text.len() }));
    }
    let inline = talk("redis").asks("config get dir\r\n");
    inline.clean().fields(&[("redis.inline", "true"), ("redis.subcommand", "GET")]);
}

#[test]
fn logins_are_judged_and_forgotten() {
    for (words, user, password) in [
        (&["AUTH", "123456"][..], "", "weak"),
        (&["AUTH", "admin", "admin"], "admin", "default"),
        (&["HELLO", "3", "AUTH", "eva", "zq8#Lw0"], "eva", "unlisted"),
    ] {
        let seen = talk("redis").asks(&command(words));
        assert_eq!((&*seen.clean().user, seen.password, seen.class), (user, Some(password), "session"));
        assert!(!seen.fields.values().any(|value| value == words[words.len() - 1]));
    }
    let mut talk = talk("redis");
    let asked = talk.asks(&command(&["AUTH", "x"]));
    let refused = talk.answers("-WRONGPASS invalid username-password pair\r\n");
    refused.clean().fields(&[("redis.reply_type", "error"), ("redis.error", "WRONGPASS")]);
    assert_eq!((refused.name, refused.outcome, refused.reference), ("auth", "failure", asked.reference));
}

#[test]
fn replies_of_every_type_are_read_whole() {
    let mut talk = talk("redis");
    for (text, name, fields) in [
        ("+OK\r\n", "text", &[][..]),
        (":-7\r\n", "number", &[]),
        ("$-1\r\n", "null", &[]),
        ("$5\r\nhello\r\n", "bulk", &[("redis.reply_bytes", "5")]),
        ("*2\r\n*2\r\n:1\r\n$1\r\na\r\n*-1\r\n", "array", &[("redis.reply_count", "2")]),
        ("%2\r\n+a\r\n:1\r\n+b\r\n*0\r\n", "map", &[("redis.reply_count", "2")]),
        ("~1\r\n#t\r\n", "set", &[]),
        ("|1\r\n+ttl\r\n:3\r\n*1\r\n,1.5\r\n", "attribute", &[]),
        ("!7\r\nERR bad\r\n", "error", &[("redis.error", "ERR")]),
        ("=6\r\ntxt:hi\r\n", "verbatim", &[]),
        ("(3492890328409238509324850943850943825024385\r\n", "big_number", &[]),
        ("_\r\n", "null", &[]),
    ] {
        talk.asks("PING\r\n");
        let seen = talk.answers(text);
        seen.clean().fields(fields).fields(&[("redis.reply_type", name)]);
        assert_eq!((seen.step, seen.name), (Step::Message { used: text.len() }, "ping"), "{text}");
    }
}

#[test]
fn large_values_are_passed_over() {
    let mut talk = talk("redis");
    let front = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\nxxx";
    assert_eq!(talk.asks(front).step, Step::Message { used: front.len() });
    assert_eq!(talk.asks(&"x".repeat(99_997)).step, Step::Kept { used: 99_997 });
    assert_eq!(talk.asks("\r\nPING\r\n").step, Step::Kept { used: 2 });
    assert_eq!(talk.asks("PING\r\n").clean().name, "ping");
    assert_eq!(talk.answers("+OK\r\n").clean().name, "set");
    let front = "$100000\r\nxxx";
    assert_eq!(talk.answers(front).step, Step::Message { used: front.len() });
    assert_eq!(talk.answers(&"x".repeat(5000)).step, Step::Kept { used: 5000 });
    assert_eq!(talk.parser.kept_bytes() / 16384, 0);
}

#[test]
fn what_is_pushed_answers_nothing() {
    let mut talk = talk("redis");
    talk.asks(&command(&["GET", "k"]));
    assert_eq!(talk.answers(">2\r\n+invalidate\r\n_\r\n").clean().role, "unsolicited");
    assert_eq!(talk.answers("$1\r\nv\r\n").clean().name, "get");
    talk.asks(&command(&["MONITOR"])).clean();
    assert_eq!(talk.answers("+1339518083 [0 127.0.0.1:60866] \"get\"\r\n").clean().name, "push");
    let mut talk = reading::talk("redis");
    talk.asks(&command(&["PSYNC", "?", "-1"])).clean();
    talk.answers("+FULLRESYNC 0123 0\r\n").clean();
    assert_eq!(talk.answers("$9\r\nREDIS0011").step, Step::Kept { used: 13 });
    assert_eq!(talk.asks(&command(&["REPLCONF", "ACK", "0"])).clean().reference, None);
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(talk("redis").asks("FROB x\r\n").flaws, ["redis.unknown_command"]);
    assert!(!talk("redis").asks("secret\r\n").fields.contains_key("redis.command"));
    assert_eq!(talk("redis").asks("*1\r\n:7\r\n").flaws, ["redis.bad_element"]);
    assert_eq!(talk("redis").answers("hello\r\n").flaws, ["redis.bad_element"]);
    assert_eq!(talk("redis").answers("*2\r\n:1\r\n?\r\n").flaws, ["redis.bad_element"]);
    assert_eq!(talk("redis").asks(&"A".repeat(9000)).flaws, ["redis.bad_element", "redis.long_line"]);
}

#[test]
fn an_array_of_words_is_sure() {
    for (text, probe) in [
        ("*1\r\n$4\r\nPING\r\n", Probe::Sure),
        ("+PONG\r\n", Probe::Fits),
        ("INFO\r\n", Probe::Fits),
        ("GET / HTTP/1.1\r\n", Probe::Fits),
        ("220 x\r\n", Probe::No),
    ] {
        assert_eq!(protocol("redis").probe(text.as_bytes(), TCP), probe, "{text}");
    }
}
