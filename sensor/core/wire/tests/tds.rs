//! TDS of SQL Server.
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

/// Version 15.0.2000, encryption not supported.
const PRELOGIN: &str = "1201002000000100000010000601001600010200170001ff0f0007d000000200";
/// The same from a server.
const PRELOGIN_ANSWER: &str = "0401002000000100000010000601001600010200170001ff0f0007d000000200";
/// Only logins are encrypted.
const PRELOGIN_OFF: &str = "0401002000000100000010000601001600010200170001ff0f0007d000000000";
/// ENG7, sa with password sa, Historian, recipes.
const LOGIN: &str = "100100b200000100aa0000000400007400100000070000006712000000000000e003000000000000090400005e000400
    660002006a0002006e00090080000a0094000000940004009c0000009c000700000000000000aa000000aa000000aa00
    00000000000045004e00470037007300610092a5b3a548006900730074006f007200690061006e00310030002e003700
    37002e0032002e00310031004f004400420043007200650063006900700065007300";
/// By NTLM: PLANT, svc.
const WINDOWS: &str = "1001010200000100fa0000000400007400100000070000006712000000000000e083000000000000090400005e000400
    66000000660000006600090078000a008c0000008c0004009400000094000700000000000000a2005800a2000000a200
    00000000000045004e004700370048006900730074006f007200690061006e00310030002e00370037002e0032002e00
    310031004f0044004200430072006500630069007000650073004e544c4d535350000300000000000000400000000000
    0000400000000a000a0040000000060006004a000000080008005000000000000000400000000100000050004c004100
    4e00540073007600630045004e0047003700";
/// ENVCHANGE, LOGINACK, DONE.
const ACCEPTED: &str =
    "0401005200000100e305000100000000ad32000174000004144d006900630072006f0073006f00660074002000530051
    004c0020005300650072007600650072000f0007d0fd000000000100000000000000";
/// ERROR 18456, DONE.
const REFUSED: &str = "0401003e00000100aa260018480000010e0c004c006f00670069006e0020006600610069006c00650064000000010000
    00fd020000000100000000000000";
/// EXEC xp_cmdshell.
const BATCH: &str = "0101004a000001001600000012000000020000000000000000000100000045005800450043002000780070005f006300
    6d0064007300680065006c006c00200027006400690072002700";
/// sp_configure.
const CALL: &str = "0301003a00000100160000001200000002000000000000000000010000000c00730070005f0063006f006e0066006900
    67007500720065000000";
/// A hello of TLS in a packet.
const WRAPPED: &str = "1201004a00000100160303003d010000390303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c
    1d1e1f000008c02f009c002f000501000008000d000400020401";
/// A record of TLS between packets.
const SEALED: &str = "17030300206465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283";

#[test]
fn a_login_in_clear() {
    let mut talk = talk("tds");
    talk.client(PRELOGIN)
        .clean()
        .fields(&[("tds.product_version", "15.0.2000"), ("tds.encryption_name", "not_supported")]);
    let seen = talk.server(PRELOGIN_ANSWER);
    seen.clean();
    assert_eq!((seen.operation, seen.role), (18, "response"));
    let seen = talk.client(LOGIN);
    seen.clean().fields(&[
        ("tds.client.host", "ENG7"),
        ("tds.client.application", "Historian"),
        ("tds.server_name", "10.77.2.11"),
        ("tds.client.library", "ODBC"),
        ("tds.database", "recipes"),
        ("tds.integrated_login", "false"),
    ]);
    assert!(seen.fields.values().all(|value| value != "sa"), "a password is no field: {seen:#?}");
    let seen = talk.server(REFUSED);
    seen.clean().fields(&[("tds.error_number", "18456"), ("tds.error_message", "Login failed")]);
    assert_eq!((seen.name, seen.operation, seen.outcome), ("login", 16, "failure"));
    talk.client(LOGIN);
    let seen = talk.server(ACCEPTED);
    seen.clean().fields(&[("tds.server_program", "Microsoft SQL Server")]);
    assert_eq!(seen.outcome, "success");
}

#[test]
fn statements_and_calls() {
    let mut talk = talk("tds");
    let seen = talk.client(BATCH);
    seen.clean().fields(&[("tds.statement", "execute")]);
    assert_eq!(seen.class, "control");
    assert!(seen.fields.values().all(|value| !value.contains("cmdshell")));
    // Columns, and a second packet that is only passed over.
    assert_eq!(talk.server("04 00 000c 0000 01 00 81 0100 00").outcome, "success");
    assert_eq!(talk.server("04 01 000c 0000 02 00 ffffffff").step, Step::Kept { used: 12 });
    talk.client(CALL).clean().fields(&[("tds.procedure", "sp_configure")]);
    // RETURNSTATUS, DONEPROC with an error.
    assert_eq!(talk.server("04 01 001a 0000 01 00 79 00000000 fe 0200 0000 0000000000000000").outcome, "failure");
}

#[test]
fn windows_vouches_for_a_user() {
    let seen = talk("tds").client(WINDOWS);
    seen.clean().fields(&[("tds.integrated_login", "true"), ("tds.ntlm.domain", "PLANT")]);
}

#[test]
fn tls_is_found_inside() {
    let mut talk = talk("tds");
    talk.client(PRELOGIN);
    talk.server(PRELOGIN_OFF);
    let seen = talk.client(WRAPPED);
    assert_eq!((seen.protocol, seen.name), ("tls", "hello"));
    assert_eq!(talk.client(SEALED).step, Step::Kept { used: bytes(SEALED).len() });
    talk.client(BATCH).clean();
}

#[test]
fn what_is_broken_has_a_flaw() {
    let mut talk = talk("tds");
    // Encryption stands at 0fff.
    assert_eq!(talk.client("12 01 0013 0000 01 00 01 0fff 0001 ff 0000000000").flaws, ["tds.truncated"]);
    let mut broken = bytes(LOGIN);
    broken[8 + 37] = 0x7f;
    assert_eq!(talk.read(&broken, true, false).flaws, ["tds.truncated"]);
    assert_eq!(talk.client("ee ee ee ee ee ee ee ee ee").flaws, ["tds.bad_packet"]);
    talk.client(BATCH).clean();
}
