//! VNC up to its first picture.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod reading;

use reading::talk;
use wire::protocol::Step;

/// 1280 by 1024, a pixel format, HMI line 3.
const DESKTOP: &str = "05000400000000000000000000000000000000000000000a484d49206c696e652033";

#[test]
fn a_password_and_what_came_of_it() {
    for (result, outcome) in [("00000000", "success"), ("00000001 00000003 6e6f21", "failure")] {
        let mut talk = talk("vnc");
        talk.read(b"RFB 003.008\n", false, false).clean().fields(&[("vnc.version", "003.008")]);
        talk.read(b"RFB 003.008\n", true, false).clean();
        talk.server("02 02 10").clean().fields(&[("vnc.security_types", "[2, 16]")]);
        talk.client("02").clean().fields(&[("vnc.security_type_name", "vnc_password")]);
        assert!(matches!(talk.server("000102030405060708090a0b0c0d0e0f").step, Step::Kept { used: 16 }));
        let asked = talk.client("000102030405060708090a0b0c0d0e0f");
        let answer = talk.server(result);
        assert_eq!((asked.name, asked.role, answer.role, answer.outcome), ("login", "request", "response", outcome));
        assert_eq!(asked.reference, answer.reference);
        if outcome == "failure" {
            answer.fields(&[("vnc.reason", "no!"), ("vnc.result", "1")]);
            continue;
        }
        talk.client("01").clean().fields(&[("vnc.shared", "true")]);
        talk.server(DESKTOP).clean().fields(&[("vnc.desktop_name", "HMI line 3"), ("vnc.width", "1280")]);
        assert_eq!(talk.client("0011").step, Step::Kept { used: 2 });
    }
}

#[test]
fn no_password_in_every_version() {
    for (version, offer, result) in [("3", "00000001", false), ("7", "01 01", false), ("8", "01 01", true)] {
        let mut talk = talk("vnc");
        let line = format!("RFB 003.00{version}\n");
        talk.read(line.as_bytes(), false, false);
        talk.read(line.as_bytes(), true, false);
        talk.server(offer).clean();
        if version != "3" {
            talk.client("01").clean().fields(&[("vnc.security_type_name", "none")]);
        }
        if result {
            assert_eq!(talk.server("00000000").outcome, "success");
        }
        talk.client("00").clean().fields(&[("vnc.shared", "false")]);
        talk.server(DESKTOP).clean();
    }
}

#[test]
fn what_is_broken_has_a_flaw() {
    let mut talk = talk("vnc");
    talk.read(b"RFB 003.008\n", false, false);
    talk.read(b"RFB 003.008\n", true, false);
    talk.server("01 02");
    assert_eq!(talk.client("01").flaws, ["vnc.not_offered"]);
    talk.server("00000000");
    talk.client("01");
    let seen = talk.server("0280 01e0 00000000000000000000000000000000 ffffffff 6162");
    assert_eq!((seen.field("vnc.desktop_name"), &seen.flaws[..]), ("ab", &["vnc.bad_length"][..]));
    let mut other = reading::talk("vnc");
    other.read(b"RFB 003.008\n", false, false);
    assert_eq!(other.read(b"GET / HTTP/1.1\r\n", true, false).flaws, ["vnc.bad_version"]);
}
