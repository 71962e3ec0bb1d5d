//! TLS: hellos, certificates, alerts, and what is passed over.
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

/// A client of 1.3 with GREASE in every list: server name, ALPN, signatures, versions, key share.
const NEW_HELLO: &str =
    "16030300b0010000ac0303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00000c3a3a
    130113021303c02bc02f010000778a8a00000000001c001a000017686973746f7269616e2e706c616e742e6578616d70
    6c650010000e000c02683208687474702f312e31000d00080006040308040401002b0007066a6a030403030033002600
    24001d00200000000000000000000000000000000000000000000000000000000000000000";
/// Four ciphers, one signature algorithm, nothing else.
const OLD_HELLO: &str =
    "160303003d010000390303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f000008c02f
    009c002f000501000008000d000400020401";
/// 1.3 by its extension, cipher 1301; then a change of ciphers and an encrypted record.
const SERVER_NEW: &str =
    "16030300320200002e0303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0013010000
    06002b0002030414030300010117030300206465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f8081
    8283";
/// 1.3, and the random bytes that ask for another hello.
const RETRY: &str = "16030300320200002e0303cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c0013010000
    06002b00020304";
/// 1.2, cipher c02f, ALPN http/1.1.
const SERVER_OLD: &str =
    "160303003b020000370303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00c02f0000
    0f0010000b000908687474702f312e31";
/// Two certificates: of a controller by a CA, and the CA's own.
const CHAIN: &str = "16030301ea0b0001e60001e3000102308200fe308200c8a003020102020400c0ffee300d06092a864886f70d01010105
    0030133111300f06035504030c08506c616e742043413020170d3235303130313030303030305a180f32303535303130
    313030303030305a303a310b300906035504061302434e310e300c060355040a0c05506c616e74311b30190603550403
    0c12706c63312e706c616e742e6578616d706c653039300d06092a864886f70d0101010500032800302502205a5a5a5a
    5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a020103300d06092a864886f70d01010105000321
    0000000000000000000000000000000000000000000000000000000000000000000000db308200d7308200a1a0030201
    02020400c0ffee300d06092a864886f70d010101050030133111300f06035504030c08506c616e742043413020170d32
    35303130313030303030305a180f32303535303130313030303030305a30133111300f06035504030c08506c616e7420
    43413039300d06092a864886f70d0101010500032800302502205a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a
    5a5a5a5a5a5a5a5a5a5a020103300d06092a864886f70d01010105000321000000000000000000000000000000000000
    000000000000000000000000000000";
/// Change of ciphers.
const CHANGE: &str = "140303000101";
/// A record of encrypted data.
const SEALED: &str = "17030300206465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283";
/// A hello for a relay of AnyDesk.
const ANYDESK: &str = "16030300b3010000af0303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00000c3a3a
    130113021303c02bc02f0100007a8a8a00000000001f001d00001a72656c61792d313261622e6e65742e616e79646573
    6b2e636f6d0010000e000c02683208687474702f312e31000d00080006040308040401002b0007066a6a030403030033
    00260024001d00200000000000000000000000000000000000000000000000000000000000000000";

#[test]
fn a_client_is_read() {
    let seen = talk("tls").client(NEW_HELLO);
    seen.clean().fields(&[
        ("tls.version", "1.3"),
        ("tls.client.version_code", "771"),
        ("tls.client.supported_versions", "[772, 771]"),
        ("tls.client.server_name", "historian.plant.example"),
        ("tls.client.alpn", "[h2, http/1.1]"),
        ("tls.client.cipher_count", "6"),
        // printf 1301,1302,1303,c02b,c02f | sha256sum; printf 000d,002b,0033_0403,0804,0401 | sha256sum
        ("tls.client.ja4", "t13d0505h2_e133e205ac38_703bc65e5b6f"),
    ]);
    assert_eq!((seen.name, seen.role, seen.operation, seen.reference), ("hello", "request", 1, Some(1)));
    talk("tls")
        .client(OLD_HELLO)
        .clean()
        .fields(&[("tls.version", "1.2"), ("tls.client.ja4", "t12i040100_d5335bdcb6b6_032c60bb0d32")]);
}

#[test]
fn after_the_choice_of_13_nothing_is_looked_at() {
    let mut talk = talk("tls");
    talk.client(NEW_HELLO);
    let server = bytes(SERVER_NEW);
    let seen = talk.read(&server, false, false);
    seen.clean().fields(&[
        ("tls.version", "1.3"),
        ("tls.cipher", "TLS_AES_128_GCM_SHA256"),
        ("tls.cipher_code", "4865"),
    ]);
    assert_eq!((seen.role, seen.outcome, seen.operation), ("response", "success", 1));
    let Step::Message { used } = seen.step else { panic!("{seen:#?}") };
    assert_eq!(talk.read(&server[used..], false, false).step, Step::Kept { used: server.len() - used });
    // The client's change of ciphers is one more record; its data seals it.
    for (text, junk) in [(CHANGE, false), (SEALED, false), ("00112233445566", true)] {
        assert_eq!(talk.client(text).step, Step::Kept { used: bytes(text).len() }, "{junk}");
    }
}

#[test]
fn a_second_hello_is_read_after_a_retry() {
    let mut talk = talk("tls");
    talk.client(NEW_HELLO);
    let seen = talk.server(RETRY);
    assert_eq!((seen.name, seen.outcome), ("hello_retry", "unknown"));
    assert!(matches!(talk.client(CHANGE).step, Step::Kept { .. }));
    talk.client(NEW_HELLO).clean();
}

#[test]
fn certificates_are_read_over_records_and_pieces() {
    let whole = bytes(CHAIN);
    for split in [whole.len(), 6, 8, 9, 60, whole.len() - 1] {
        let mut talk = talk("tls");
        talk.client(OLD_HELLO);
        let seen = talk.server(SERVER_OLD);
        seen.clean().fields(&[
            ("tls.version", "1.2"),
            ("tls.next_protocol", "http/1.1"),
            ("tls.cipher", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        ]);
        let record = |content: &[u8]| {
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            [&[22, 3, 3, length[0], length[1]], content].concat()
        };
        if split < whole.len() {
            let front = talk.read(&record(&whole[5..split]), false, false);
            assert_eq!(front.step, Step::Kept { used: split });
            assert!(talk.parser.kept_bytes() >= split - 5);
        }
        let rest = if split < whole.len() { record(&whole[split..]) } else { whole.clone() };
        let seen = talk.read(&rest, false, false);
        seen.clean().fields(&[
            ("tls.certificate.subject", "C=CN, O=Plant, CN=plc1.plant.example"),
            ("tls.certificate.issuer", "CN=Plant CA"),
            ("tls.certificate.serial_number", "c0ffee"),
            ("tls.certificate.self_signed", "false"),
            ("tls.certificate.count", "2"),
            ("tls.certificate.not_before", "1735689600000000000"),
            ("tls.certificate.not_after", "2682374400000000000"),
        ]);
        assert_eq!(seen.step, Step::Message { used: rest.len() });
        assert_eq!(talk.parser.kept_bytes(), 0);
    }
}

#[test]
fn alerts_are_read_until_they_are_encrypted() {
    let mut talk = talk("tls");
    talk.client(OLD_HELLO);
    let seen = talk.server("15 0301 0002 02 46");
    seen.clean().fields(&[("tls.alert.level_name", "fatal"), ("tls.alert.description_name", "protocol_version")]);
    assert_eq!((seen.role, seen.outcome, seen.operation, seen.reference), ("response", "failure", 0, Some(1)));
    let seen = talk.client("15 0301 0002 01 00");
    assert_eq!((seen.name, seen.role, seen.outcome), ("alert", "unsolicited", "unknown"));
    talk.client(CHANGE);
    assert_eq!(talk.client("15 0301 0002 02 00").step, Step::Kept { used: 7 });
}

#[test]
fn data_is_passed_over_where_it_lies() {
    let mut talk = talk("tls");
    talk.client(NEW_HELLO);
    // Early data before the answer: 16384 bytes of which few are here.
    assert_eq!(talk.client("17 0303 4000 0000").step, Step::Kept { used: 7 });
    let more = vec![0u8; 16_382];
    assert_eq!(talk.read(&more, true, false).step, Step::Kept { used: 16_382 });
    talk.client(NEW_HELLO).clean();
}

#[test]
fn remote_tools_are_told() {
    let seen = talk("tls").client(ANYDESK);
    seen.clean().fields(&[("tls.remote_tool", "anydesk"), ("tls.remote_tool_by", "sni")]);
    assert!(!talk("tls").client(NEW_HELLO).fields.contains_key("tls.remote_tool"));
    // A relay that no name was asked for: the owner of its certificate tells, here in place of the controller's, as long.
    let chain: String = CHAIN.split_whitespace().collect();
    let owner = |maker: &[u8], name: &[u8]| {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (of, is) = (maker.len(), name.len());
        let maker = format!("31{:02x}30{:02x}060355040a0c{of:02x}{}", of + 9, of + 7, hex(maker));
        maker + &format!("31{:02x}30{:02x}06035504030c{is:02x}{}", is + 9, is + 7, hex(name))
    };
    let other = chain.replacen(&owner(b"Plant", b"plc1.plant.example"), &owner(b"Plant Maker", b"AnyNet Relay"), 1);
    assert_ne!(chain, other);
    for (chain, tool) in [(&other, Some("anydesk")), (&chain, None)] {
        let mut talk = talk("tls");
        talk.client(OLD_HELLO);
        talk.server(SERVER_OLD);
        let seen = talk.server(chain);
        let told = |name: &str| seen.clean().fields.get(name).map(String::as_str);
        assert_eq!((told("tls.remote_tool"), told("tls.remote_tool_by")), (tool, tool.map(|_| "certificate")));
    }
}

#[test]
fn what_is_broken_has_a_flaw() {
    // Lengths of record and message say 60 bytes; inside, a session id of 32 that is not there.
    let mut short = bytes(OLD_HELLO)[..49].to_vec();
    (short[3], short[4], short[6], short[7], short[8]) = (0, 44, 0, 0, 40);
    short[43] = 32;
    let seen = talk("tls").read(&short, true, false);
    assert_eq!((seen.name, &seen.flaws[..]), ("hello", &["tls.truncated"][..]));
    let mut talk = talk("tls");
    talk.client(OLD_HELLO);
    talk.server(SERVER_OLD);
    assert_eq!(talk.server("16 0303 000c 0b 000008 000005 000002 3000").flaws, ["tls.bad_certificate"]);
    let seen = talk.server("16 0303 0008 0b ffffff 00000000");
    assert_eq!((seen.name, &seen.flaws[..]), ("handshake", &["tls.message_too_long"][..]));
    assert_eq!(talk.server("16 0303 0008 0000000000000000").step, Step::Kept { used: 13 });
    assert_eq!(talk.client("00000000 0000 16 0303 0002 0000").flaws, ["tls.bad_record"]);
}
