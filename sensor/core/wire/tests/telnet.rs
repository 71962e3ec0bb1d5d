//! Telnet: what is negotiated, and logins told by their prompts.
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
use wire::protocol::{Probe, Step, TCP};

/// As far as the question for the user.
fn asked() -> Talk {
    let mut talk = talk("telnet");
    // WILL ECHO, WILL SUPPRESS-GO-AHEAD, DO TERMINAL-TYPE
    let open = talk.server("fffb01 fffb03 fffd18");
    assert_eq!(open.clean().fields(&[("telnet.options", "[1, 3, 24]")]).name, "open");
    let prompt = talk.answers("Linux 2.6\r\nplc7 login: ");
    assert_eq!(prompt.clean().fields(&[("telnet.prompt", "plc7 login:")]).name, "prompt");
    talk
}

#[test]
fn a_login_typed_letter_by_letter_is_judged_and_forgotten() {
    for (answer, outcome) in [
        ("\r\nLast login: Mon\r\nplc7# ", "success"),
        ("\r\nLogin incorrect\r\n", "failure"),
        ("\r\nplc7 login: ", "failure"),
    ] {
        let mut talk = asked();
        for letter in ["r", "o", "x", "\u{7f}", "o", "t"] {
            assert_eq!(talk.asks(letter).step, Step::Kept { used: 1 });
            talk.answers(letter);
        }
        talk.asks("\r\0");
        talk.answers("\r\n");
        assert_eq!(talk.answers("Password: ").step, Step::Kept { used: 10 });
        for letter in ["r", "o", "o", "t"] {
            talk.asks(letter);
        }
        let login = talk.asks("\r\n");
        assert_eq!((login.clean().name, login.step), ("login", Step::Message { used: 2 }));
        assert_eq!((&*login.user, login.password, login.role), ("root", Some("default"), "request"));
        let result = talk.answers(answer);
        assert_eq!((result.name, result.role, result.outcome), ("login", "response", outcome), "{answer}");
        assert_eq!(result.reference, login.reference);
        assert!(talk.asks("secret command\r\n").fields.is_empty());
    }
}

#[test]
fn names_in_subnegotiations() {
    let terminal = talk("telnet").client("fffa1800 787465726d fff0");
    terminal.clean().fields(&[("telnet.terminal_type", "xterm")]);
    // NEW-ENVIRON IS VAR USER VALUE -froot
    let user = talk("telnet").client("fffa2700 00 55534552 01 2d66726f6f74 fff0");
    assert_eq!((user.name, &*user.user, &*user.flaws), ("environment", "-froot", &["telnet.option_as_user"][..]));
    let long = talk("telnet").read(&[&b"\xff\xfa\x18\x00"[..], &[b'x'; 600], b"\xff\xf0"].concat(), true, false);
    assert_eq!(long.flaws, ["telnet.long_subnegotiation"]);
}

#[test]
fn a_user_that_is_an_option() {
    let mut talk = asked();
    talk.asks("-froot\r\n");
    talk.answers("Password:");
    let login = talk.asks("\r\n");
    assert_eq!((login.password, &*login.flaws), (Some("empty"), &["telnet.option_as_user"][..]));
}

#[test]
fn once_encrypted_everything_is_kept() {
    let mut talk = talk("telnet");
    // START-TLS FOLLOWS from either side (draft-altman-telnet-starttls).
    talk.client("fffa2e01fff0");
    talk.server("fffa2e01fff0");
    assert_eq!(talk.client("fffa1800 787465726d fff0").step, Step::Kept { used: 11 });
}

#[test]
fn two_commands_in_a_row_are_sure() {
    for (text, probe) in [
        ("fffb01 fffb03", Probe::Sure),
        ("fffb01", Probe::Fits),
        ("706c63206c6f67696e3a20", Probe::Fits),
        ("0102030405", Probe::No),
    ] {
        assert_eq!(protocol("telnet").probe(&bytes(text), TCP), probe, "{text}");
    }
}
