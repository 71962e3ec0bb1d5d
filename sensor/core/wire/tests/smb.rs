//! SMB 1 to 3.
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

/// Dialects 2.0.2, 2.1, 3.0.2.
const NEGOTIATE: &str =
    "0000006afe534d4240000100000000000000010000000000000000000000000000000000000000000000000041000000
    000000000000000000000000000000000000000024000300010000000000000000000000000000000000000000000000
    0000000000000000020210020203";
/// 3.0.2, signing required.
const NEGOTIATED: &str =
    "00000080fe534d4240000100000000000000010001000000000000000000000000000000000000000000000041000000
    000000000000000000000000000000000000000041000300020300000000000000000000000000000000000007000000
    000010000000100000001000000000000000000000000000000000008000000000000000";
/// NTLM: PLANT, wartung, ENG7.
const LOGIN: &str = "000000b8fe534d4240000100000000000100010000000000000000000200000000000000000000000000000041000000
    00000000000000000000000000000000000000001900000100000000000000005800600000000000000000004e544c4d
    5353500003000000000000004000000000000000400000000a000a00400000000e000e004a0000000800080058000000
    00000000400000000100000050004c0041004e005400770061007200740075006e00670045004e0047003700";
/// Status c000006d.
const REFUSED: &str = "00000048fe534d42400001006d0000c00100010001000000000000000200000000000000000000000000000041000000
    00000000000000000000000000000000000000000900000048000000";
/// IPC$.
const TREE: &str = "00000066fe534d4240000100000000000300010000000000000000000300000000000000000000000000000041000000
    00000000000000000000000000000000000000000900000048001e005c005c00310030002e0030002e0030002e003200
    5c004900500043002400";
/// A share of pipes, tree 6.
const TREE_ANSWER: &str =
    "00000050fe534d4240000100000000000300010001000000000000000300000000000000000000000600000041000000
    0000000000000000000000000000000000000000100002000000000000000000ff011f00";
/// svcctl in tree 6.
const CREATE_PIPE: &str =
    "00000084fe534d4240000100000000000500010000000000000000000400000000000000000000000600000041000000
    000000000000000000000000000000000000000039000000020000000000000000000000000000000000000089001200
    0000000007000000010000000000000078000c000000000000000000730076006300630074006c00";
/// A file in tree 5, made if missing, to be written.
const CREATE_FILE: &str =
    "00000082fe534d4240000100000000000500010000000000000000000500000000000000000000000500000041000000
    00000000000000000000000000000000000000003900000002000000000000000000000000000000000000009f011200
    0000000007000000030000000000000078000a00000000000000000061002e00650078006500";
/// A bind to the service manager's interface in FSCTL_PIPE_TRANSCEIVE.
const BIND: &str = "000000c0fe534d4240000100000000000b00010000000000000000000600000000000000000000000600000041000000
    00000000000000000000000000000000000000003900000017c011000000000000000000000000000000000078000000
    4800000000000000000000000000000000040000010000000000000005000b03100000004800000001000000b810b810
    00000000010000000000010081bb7a364498f135ad3298f03800100302000000045d888aeb1cc9119fe808002b104860
    02000000";
/// 3000 bytes from 0.
const READ: &str = "00000071fe534d4240000100000000000800010000000000000000000700000000000000000000000500000041000000
    000000000000000000000000000000000000000031000000b80b00000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000";
/// The 3000 bytes.
const READ_ANSWER: &str =
    "00000c08fe534d4240000100000000000800010001000000000000000700000000000000000000000500000041000000
    000000000000000000000000000000000000000011005000b80b00000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000";
/// 1000 bytes at 512.
const WRITE: &str = "00000458fe534d4240000100000000000900010000000000000000000800000000000000000000000500000041000000
    000000000000000000000000000000000000000031007000e80300000002000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    000000000000000000000000";
/// Two echoes in one packet.
const CHAIN: &str = "0000008cfe534d4240000100000000000d00010000000000480000000900000000000000000000000000000041000000
    00000000000000000000000000000000000000000400000000000000fe534d4240000100000000000d00010000000000
    000000000a00000000000000000000000000000041000000000000000000000000000000000000000000000004000000";
/// An encrypted message of 16 bytes.
const ENCRYPTED: &str =
    "00000044fd534d4200000000000000000000000000000000000000000000000000000000000000001000000000000100
    410000000000000000000000000000000000000000000000";
/// SMB 1: three dialects.
const OLD_NEGOTIATE: &str =
    "00000052ff534d4272000000001801c00000000000000000000000000700630001000100002f00025043204e4554574f
    524b2050524f4752414d20312e3000024c414e4d414e312e3000024e54204c4d20302e313200";
/// SMB 1: the third.
const OLD_NEGOTIATED: &str =
    "00000045ff534d4272000000009801c00000000000000000000000000700630001000100110200030000000000000000
    00000000000000000000000000000000000000000000000000";
/// SMB 1: IPC$.
const OLD_TREE: &str =
    "00000056ff534d4275000000001801c0000000000000000000000000070063000100020004ff000000000001002b0000
    5c005c00310030002e00370037002e0032002e00310031005c00490050004300240000003f3f3f3f3f00";
/// SMB 1: svcctl.
const OLD_CREATE: &str =
    "00000064ff534d42a2000000001801c0000000000000000000000000070063000100030018ff000000000e0016000000
    000000009f01020000000000000000000000000003000000010000000000000002000000031100005c00730076006300
    630074006c000000";
/// NetBIOS: ENG calls PLC.
const SESSION: &str = "81000044204641454d4544434143414341434143414341434143414341434143414341434100204546454f4548434143
    414341434143414341434143414341434143414341434100";

#[test]
fn dialects_and_logins() {
    let mut talk = talk("smb");
    talk.client(NEGOTIATE).clean().fields(&[("smb.dialects", "[2.0.2, 2.1, 3.0.2]"), ("smb.version", "2")]);
    talk.server(NEGOTIATED).clean().fields(&[("smb.dialect", "3.0.2"), ("smb.signing_required", "true")]);
    let seen = talk.client(LOGIN);
    seen.clean().fields(&[("smb.ntlm.domain", "PLANT"), ("smb.ntlm.workstation", "ENG7")]);
    assert_eq!((seen.name, seen.class, seen.role, seen.reference), ("session_setup", "session", "request", Some(2)));
    let seen = talk.server(REFUSED);
    seen.clean().fields(&[("smb.status", "3221225581"), ("smb.status_name", "logon_failure")]);
    assert_eq!((seen.outcome, seen.operation), ("failure", 0x201));
}

#[test]
fn shares_files_and_pipes() {
    let mut talk = talk("smb");
    talk.client(TREE).clean().fields(&[("smb.share.path", "\\\\10.0.0.2\\IPC$")]);
    talk.server(TREE_ANSWER).clean().fields(&[("smb.share.type", "pipe"), ("smb.tree_id", "6")]);
    let pipe = talk.client(CREATE_PIPE);
    pipe.clean().fields(&[("smb.file.name", "svcctl"), ("smb.file.named_pipe", "true"), ("smb.disposition", "open")]);
    assert_eq!(pipe.class, "session");
    let file = talk.client(CREATE_FILE);
    file.clean().fields(&[
        ("smb.file.name", "a.exe"),
        ("smb.file.named_pipe", "false"),
        ("smb.disposition", "open_if"),
    ]);
    assert_eq!(file.class, "write");
    talk.client(BIND).clean().fields(&[
        ("smb.pipe.interface", "367abb81-9844-35f1-ad32-98f038001003"),
        ("smb.pipe.interface_name", "svcctl"),
    ]);
}

#[test]
fn content_is_passed_over() {
    let mut talk = talk("smb");
    talk.client(READ).clean().fields(&[("smb.length", "3000"), ("smb.offset", "0")]);
    // Of 3084 bytes 300 are here; the rest is counted and not waited for.
    let seen = talk.server(READ_ANSWER);
    seen.clean().fields(&[("smb.length", "3000")]);
    assert_eq!((seen.step, seen.outcome), (Step::Message { used: 300 }, "success"));
    assert_eq!(talk.read(&vec![0; 5000], false, false).step, Step::Kept { used: 4 + 80 + 3000 - 300 });
    let seen = talk.client(WRITE);
    seen.clean().fields(&[("smb.length", "1000"), ("smb.offset", "512")]);
    assert_eq!(seen.class, "write");
    talk.client(ENCRYPTED).clean().fields(&[("smb.length", "16"), ("smb.version", "3")]);
}

#[test]
fn a_chain_is_several_messages() {
    let mut talk = talk("smb");
    let chain = bytes(CHAIN);
    let first = talk.read(&chain, true, false);
    assert_eq!((first.step, first.reference), (Step::Message { used: 4 + 72 }, Some(9)));
    let second = talk.read(&chain[76..], true, false);
    assert_eq!((second.step, second.reference), (Step::Message { used: 68 }, Some(10)));
    second.clean();
}

#[test]
fn the_first_version_is_read() {
    let mut talk = talk("smb");
    talk.client(SESSION).clean().fields(&[("smb.netbios.called", "PLC"), ("smb.netbios.calling", "ENG")]);
    assert_eq!(talk.server("82 000000").outcome, "success");
    talk.client(OLD_NEGOTIATE)
        .clean()
        .fields(&[("smb.version", "1"), ("smb.dialects", "[PC NETWORK PROGRAM 1.0, LANMAN1.0, NT LM 0.12]")]);
    talk.server(OLD_NEGOTIATED).clean().fields(&[("smb.dialect", "NT LM 0.12"), ("smb.dialect_code", "2")]);
    talk.client(OLD_TREE).clean().fields(&[("smb.share.path", "\\\\10.77.2.11\\IPC$")]);
    talk.client(OLD_CREATE).clean().fields(&[("smb.file.name", "\\svcctl"), ("smb.file.named_pipe", "true")]);
}

/// transaction2, SESSION_SETUP.
const TRANSACTION2: &str = "00000050ff534d4232000000001801c000000000000000000000000007006300010005000f0c00000001000000000000000000000000000c00420000004e0001000e000f00000000000000000000000000000000";
/// nt_transaction, create, 66512 bytes in all.
const NT_TRANSACTION: &str = "0000004bff534d42a0000000001801c00000000000000000000000000700630001000500140100001e000000d00301001e000000000000001e0000004b000000000000006800000001000000000000";

#[test]
fn transactions_of_the_first_version_say_which() {
    let mut talk = talk("smb");
    talk.client(TRANSACTION2).clean().fields(&[("smb.subcommand", "14"), ("smb.total_data", "0")]);
    talk.client(NT_TRANSACTION).clean().fields(&[("smb.subcommand", "0"), ("smb.total_data", "66512")]);
}

#[test]
fn what_is_broken_has_a_flaw() {
    let mut talk = talk("smb");
    let mut broken = bytes(NEGOTIATE);
    broken[4 + 12] = 77;
    assert_eq!(talk.read(&broken, true, false).flaws, ["smb.unknown_command"]);
    let mut broken = bytes(LOGIN);
    // Offset of the user inside the token, which begins behind 4 + 64 + 24 bytes.
    broken[92 + 42] = 0xff;
    assert_eq!(talk.read(&broken, true, false).flaws, ["smb.bad_ntlm"]);
    let mut broken = bytes(CHAIN);
    broken[4 + 21] = 0xff;
    assert_eq!(talk.read(&broken, true, false).flaws, ["smb.bad_chain"]);
    let good = bytes(NEGOTIATE);
    let seen = talk.read(&[&[0xaa; 9], good.as_slice()].concat(), true, false);
    assert_eq!((seen.step, &seen.flaws[..]), (Step::Message { used: 9 }, &["smb.bad_packet"][..]));
    talk.read(&good, true, false).clean();
}

/// [MS-CIFS] 2.2.3.4: a login with a share behind it, one header for both. User PLC, tree \\S\IPC$.
const OLD_CHAIN: &str = "00000064 ff534d42 73 00000000 18 0140 0000 0000000000000000 0000 ffff fe13 0000 4000
    0d 75 00 4700 # 13 words: tree connect behind, whose words begin at 71
    0411 0200 0100 00000000 0000 0000 00000000 00000000
    0a00 504c4300 5300 4c00 4d00 # name, domain, system, kind
    04 ff 00 0000 0000 0100 1200 00 5c5c535c4950432400 3f3f3f3f3f00 0000";
/// Both answers behind one header: logged in as a guest; tree 5 is for pipes.
const OLD_CHAIN_ANSWER: &str = "00000037 ff534d42 73 00000000 98 0140 0000 0000000000000000 0000 0500 fe13 0800 4000
    03 75 00 2900 0100 # 3 words
    0000               # no bytes
    02 ff 00 0000 0700 # 2 words: none behind
    49504300 0000 00";

#[test]
fn commands_behind_one_header_are_messages_of_their_own() {
    let mut talk = talk("smb");
    let chain = bytes(OLD_CHAIN);
    let login = talk.read(&chain, true, false);
    login.clean();
    assert_eq!((login.name, login.step), ("session_setup", Step::Message { used: 4 + 71 }));
    let tree = talk.read(&chain[4 + 71..], true, false);
    tree.clean().fields(&[("smb.share.path", "\\\\S\\IPC$"), ("smb.command", "117")]);
    assert_eq!((tree.name, tree.role, tree.step), ("tree_connect", "request", Step::Message { used: 29 }));
    assert_ne!(tree.reference, login.reference);
    let answer = bytes(OLD_CHAIN_ANSWER);
    let guest = talk.read(&answer, false, false);
    guest.clean().fields(&[("smb.guest", "true"), ("smb.status_name", "success")]);
    assert_eq!((guest.reference, guest.step), (login.reference, Step::Message { used: 4 + 41 }));
    let connected = talk.read(&answer[4 + 41..], false, false);
    connected.clean().fields(&[("smb.share.type", "pipe"), ("smb.tree_id", "5")]);
    assert_eq!((connected.reference, connected.outcome), (tree.reference, "success"));
    // What follows is a message again.
    talk.client(NEGOTIATE).clean();
}

#[test]
fn a_command_behind_that_is_not_there_is_a_flaw() {
    for (offset, flaw) in [(0x20_u8, "smb.bad_chain"), (0xf0, "smb.bad_chain")] {
        let mut chain = bytes(OLD_CHAIN);
        chain[4 + 32 + 3] = offset;
        let seen = talk("smb").read(&chain, true, false);
        assert_eq!((&seen.flaws[..], seen.step), (&[flaw][..], Step::Message { used: chain.len() }));
    }
}

#[test]
fn a_broken_chain_of_the_first_version_makes_progress() {
    for (whole, from_client) in [(bytes(OLD_CHAIN), true), (bytes(OLD_CHAIN_ANSWER), false)] {
        for at in 0..whole.len() {
            for value in [0x00, 0x01, 0x21, 0x75, 0x7f, 0xff] {
                let mut broken = whole.clone();
                broken[at] = value;
                for stream in [&broken[..], &broken[..at]] {
                    let mut talk = talk("smb");
                    let mut from = 0;
                    while from < stream.len() {
                        let step = talk.read(&stream[from..], from_client, false).step;
                        let (Step::Message { used } | Step::Kept { used } | Step::Lost { used }) = step else { break };
                        assert!(used > 0, "no progress with {value:#x} at {at}");
                        from += used;
                    }
                }
            }
        }
    }
}
