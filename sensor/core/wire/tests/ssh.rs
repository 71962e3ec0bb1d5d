//! SSH before its keys.
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

/// KEXINIT: ten lists of algorithms.
const OFFER: &str = "000001040414000000000000000000000000000000000000002f637572766532353531392d7368613235362c64696666
    69652d68656c6c6d616e2d67726f757031342d736861323536000000257373682d656432353531392c7273612d736861
    322d3531322c7273612d736861322d3235360000003463686163686132302d706f6c7931333035406f70656e7373682e
    636f6d2c6165733235362d67636d406f70656e7373682e636f6d0000000a6165733132382d6374720000000d686d6163
    2d736861322d32353600000009686d61632d73686131000000156e6f6e652c7a6c6962406f70656e7373682e636f6d00
    0000046e6f6e650000000000000000000000000000000000";
/// NEWKEYS.
const NEW_KEYS: &str = "0000000c0a1500000000000000000000";
/// Disconnect, code 12.
const TOO_MANY: &str = "0000001c0b010000000c00000003627965000000000000000000000000000000";

#[test]
fn both_sides_are_read_until_they_have_keys() {
    let mut talk = talk("ssh");
    let server = talk.read(b"SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13\r\n", false, false);
    server.clean().fields(&[
        ("ssh.version", "2.0"),
        ("ssh.software", "OpenSSH_9.6p1"),
        ("ssh.comment", "Ubuntu-3ubuntu13"),
    ]);
    talk.read(b"SSH-2.0-x_1-2\n", true, false).clean().fields(&[("ssh.software", "x_1-2")]);
    talk.client(OFFER).clean().fields(&[
        ("ssh.kex_algorithm", "curve25519-sha256"),
        ("ssh.kex_algorithm_count", "2"),
        ("ssh.host_key_algorithm", "ssh-ed25519"),
        ("ssh.host_key_algorithm_count", "3"),
        ("ssh.cipher", "chacha20-poly1305@openssh.com"),
        ("ssh.cipher_count", "2"),
        ("ssh.mac_algorithm", "hmac-sha2-256"),
        ("ssh.mac_algorithm_count", "1"),
        ("ssh.compression", "none"),
    ]);
    assert_eq!(talk.client(NEW_KEYS).step, Step::Kept { used: bytes(NEW_KEYS).len() });
    assert_eq!(talk.client("ffffffff 00").step, Step::Kept { used: 5 });
    // The server has not changed yet.
    let seen = talk.server(TOO_MANY);
    seen.clean().fields(&[("ssh.disconnect_name", "too_many_connections")]);
    assert_eq!(seen.outcome, "failure");
}

#[test]
fn a_server_may_say_lines_before() {
    let mut talk = talk("ssh");
    assert_eq!(talk.read(b"Authorised staff only\r\nSSH", false, false).step, Step::Kept { used: 23 });
    assert_eq!(talk.read(b"SSH-2.0-dropb", false, false).step, Step::Short { need: 14 });
    talk.read(b"SSH-2.0-dropbear\r\n", false, false).clean();
}

#[test]
fn what_is_broken_has_a_flaw() {
    let mut talk = talk("ssh");
    assert_eq!(talk.read(b"SSH-2.0\r\n", false, false).flaws, ["ssh.bad_banner"]);
    assert_eq!(talk.read(b"SSH-2.0-x\r\n", true, false).flaws.len(), 0);
    // KEXINIT whose first list claims 4096 bytes.
    assert_eq!(
        talk.client("0000001c 04 14 00000000000000000000000000000000 00001000 0000 00000000").flaws,
        ["ssh.truncated"]
    );
    assert_eq!(talk.server("ffffffff 0a 14").flaws, ["ssh.bad_packet"]);
    assert_eq!(talk.server("00").step, Step::Kept { used: 1 });
    assert_eq!(talk.read(&[b'x'; 300], true, true).step, Step::Kept { used: 300 });
}
