//! Every listed protocol against bytes that a stranger broke on purpose: no panic, always progress, bounded memory, and
//! the next good message is read.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![allow(clippy::cast_possible_truncation)]

mod reading;

use reading::{bytes, talk, Talk};
use wire::limits;
use wire::protocol::{Protocol, Step, PROTOCOLS};

/// Good messages of a protocol, client's (true) and server's, in an order that makes sense. The first is a request
/// that stands for itself. A protocol without an entry fails the test that walks the list.
fn messages(protocol: &str) -> Vec<(bool, Vec<u8>)> {
    let texts: &[(bool, &str)] = match protocol {
        "modbus" => &[
            (true, "0001 0000 0006 01 03 0000 000a"),
            (false, "0001 0000 0007 01 03 04 0001 0002"),
            (true, "0002 0000 000b 01 10 0000 0002 04 000a 0102"),
            (false, "0002 0000 0003 01 90 02"),
            (true, "0003 0000 0011 01 14 0e 06 0004 0001 0002 06 0003 0009 0002"),
            (false, "0003 0000 000f 01 14 0c 05 06 0dfe 0020 05 06 33cd 0040"),
            (true, "0004 0000 0005 01 2b 0e 01 00"),
            (false, "0004 0000 000f 01 2b 0e 01 01 00 00 02 00 02 4142 01 01 43"),
            (false, "0005 0000 000a 01 18 0006 0002 01b8 1284"),
        ],
        "s7comm" => &[
            (true, "0300 0016 11 e0 0000 0001 00 c0010a c1020100 c2020102"),
            (false, "0300 0016 11 d0 0001 0005 00 c0010a c1020100 c2020102"),
            (true, "0300 0019 02f080 32 01 0000 0100 0008 0000 f0 00 0001 0001 01e0"),
            (true, "0300 002b 02f080 32 01 0000 0101 001a 0000 04 02 120a1008000200648400 0050 120a10010001000083 00000b"),
            (false, "0300 0027 02f080 32 03 0000 0101 0002 0012 00 00 04 02 ff 04 0040 3fc00000 c0000000 ff 03 0001 01 00"),
            (true, "0300 0024 02f080 32 01 0000 0102 000e 0005 05 01 120a1002000100018400 0000 00 04 0008 2a"),
            (true, "0300 0031 02f080 32 01 0000 0103 0020 0000 1a 00 0100 00000000 09 5f30413030303031 50 0d 31 303030353030 303030343030"),
            (true, "0300 002b 02f080 32 01 0000 0104 001a 0000 28 00000000 0000fd 000a 01 00 3041303030303142 05 5f494e5345"),
            (true, "0300 0021 02f080 32 01 0000 0105 0010 0000 29 0000000000 09 505f50524f4752414d"),
            (true, "0300 0021 02f080 32 07 0000 0106 0008 0008 000112 04 11 44 01 00 ff 09 0004 001c 0000"),
            (false, "0300 0029 02f080 32 07 0000 0106 000c 000c 000112 08 12 84 01 02 d5 01 0000 ff 09 0008 001c 0000 0022 000a"),
            (true, "0300 002d 02f080 32 07 0000 0107 0008 0014 000112 04 11 42 01 00 ff 09 0010 0001 01 05 120a1002000400078400 0050"),
            (true, "0300 000d 02f000 32 01 0000 0108"),
            (true, "0300 0013 02f080 0008 0000 f0 00 0001 0001 01e0"),
            (true, "0300 000d 02f080 01000100 6103"),
            (true, "0300 0010 02f080 72 01 0010 31 0000 04ca"),
        ],
        "opcua" => &[
            // Hello: version 0, buffers of 64 KiB, no limits, an address.
            (true, "48454c46 38000000 00000000 ffff0000 ffff0000 00000000 00000000 18000000
                    6f70632e7463703a2f2f31302e302e302e323a34383430 2f"),
            (false, "41434b46 1c000000 00000000 ffff0000 ffff0000 00000000 00000000"),
            (false, "45525246 10000000 00000d80 00000000"),
        ],
        "arp" => &[
            (true, "0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002"),
            (false, "0001 0800 06 04 0002 020000000002 0a000002 020000000001 0a000001"),
        ],
        "http" => &[
            // GET /api?id=7 HTTP/1.1 Host: plant User-Agent: curl/8
            (true, "474554202f6170693f69643d3720485454502f312e310d0a486f73743a20706c616e740d0a557365722d4167656e743a
                    206375726c2f380d0a0d0a"),
            // HTTP/1.1 200 OK Server: nginx Content-Length: 0
            (false, "485454502f312e3120323030204f4b0d0a5365727665723a206e67696e780d0a436f6e74656e742d4c656e6774683a20
                    300d0a0d0a"),
            // POST /login HTTP/1.1 Host: plant Content-Type: application/x-www-form-urlencoded Content-Length: 15 
            (true, "504f5354202f6c6f67696e20485454502f312e310d0a486f73743a20706c616e740d0a436f6e74656e742d547970653a
                    206170706c69636174696f6e2f782d7777772d666f726d2d75726c656e636f6465640d0a436f6e74656e742d4c656e67
                    74683a2031350d0a0d0a757365723d61267077643d31323334"),
            // HTTP/1.1 401 No WWW-Authenticate: Basic realm="x" Transfer-Encoding: chunked
            (false, "485454502f312e3120343031204e6f0d0a5757572d41757468656e7469636174653a204261736963207265616c6d3d22
                    78220d0a5472616e736665722d456e636f64696e673a206368756e6b65640d0a0d0a"),
            // 5;x=y hello 0 Etag: 1
            (false, "353b783d790d0a68656c6c6f0d0a300d0a457461673a20310d0a0d0a"),
            // GET / HTTP/1.1 Host: plant Authorization: Basic YWRtaW46YWRtaW4=
            (true, "474554202f20485454502f312e310d0a486f73743a20706c616e740d0a417574686f72697a6174696f6e3a2042617369
                    63205957527461573436595752746157343d0d0a0d0a"),
            // HTTP/1.0 304 Not Modified
            (false, "485454502f312e3020333034204e6f74204d6f6469666965640d0a0d0a"),
        ],
        "ftp" => &[
            // USER anna
            (true, "5553455220616e6e610d0a"),
            // 331 Password required
            (false, "3333312050617373776f72642072657175697265640d0a"),
            // PASS secret
            (true, "50415353207365637265740d0a"),
            // 230-Welcome
            (false, "3233302d57656c636f6d650d0a"),
            // 230 In
            (false, "32333020496e0d0a"),
            // PORT 10,0,0,1,7,138
            (true, "504f52542031302c302c302c312c372c3133380d0a"),
            // 200 Ok
            (false, "323030204f6b0d0a"),
            // EPSV
            (true, "455053560d0a"),
            // 229 Entering (|||6446|)
            (false, "32323920456e746572696e6720287c7c7c363434367c290d0a"),
            // STOR a.bin
            (true, "53544f5220612e62696e0d0a"),
            // 150 Go
            (false, "31353020476f0d0a"),
            // 226 Done
            (false, "32323620446f6e650d0a"),
        ],
        "smtp" => &[
            // EHLO plc.example
            (true, "45484c4f20706c632e6578616d706c650d0a"),
            // 250-mail.example
            (false, "3235302d6d61696c2e6578616d706c650d0a"),
            // 250 AUTH PLAIN LOGIN
            (false, "323530204155544820504c41494e204c4f47494e0d0a"),
            // AUTH PLAIN AGFkbWluAGFkbWlu
            (true, "4155544820504c41494e204147466b62576c754147466b62576c750d0a"),
            // 235 In
            (false, "32333520496e0d0a"),
            // MAIL FROM:<a@b.example>
            (true, "4d41494c2046524f4d3a3c6140622e6578616d706c653e0d0a"),
            // 250 Ok
            (false, "323530204f6b0d0a"),
            // DATA
            (true, "444154410d0a"),
            // 354 Go
            (false, "33353420476f0d0a"),
            // Subject: x  hello .
            (true, "5375626a6563743a20780d0a0d0a68656c6c6f0d0a2e0d0a"),
            // 250 Queued
            (false, "323530205175657565640d0a"),
        ],
        "pop3" => &[
            // USER anna
            (true, "5553455220616e6e610d0a"),
            // +OK
            (false, "2b4f4b0d0a"),
            // PASS secret
            (true, "50415353207365637265740d0a"),
            // +OK in
            (false, "2b4f4b20696e0d0a"),
            // LIST
            (true, "4c4953540d0a"),
            // +OK 2
            (false, "2b4f4b20320d0a"),
            // 1 120 2 200 .
            (false, "31203132300d0a32203230300d0a2e0d0a"),
            // AUTH LOGIN
            (true, "41555448204c4f47494e0d0a"),
            // + VXNlcm5hbWU6
            (false, "2b2056584e6c636d3568625755360d0a"),
            // YWRtaW4=
            (true, "595752746157343d0d0a"),
            // -ERR no
            (false, "2d455252206e6f0d0a"),
        ],
        "imap" => &[
            // a1 LOGIN anna "se cret"
            (true, "6131204c4f47494e20616e6e61202273652063726574220d0a"),
            // a1 OK in
            (false, "6131204f4b20696e0d0a"),
            // a2 SELECT INBOX
            (true, "61322053454c45435420494e424f580d0a"),
            // * 3 EXISTS
            (false, "2a2033204558495354530d0a"),
            // a2 OK [READ-WRITE] done
            (false, "6132204f4b205b524541442d57524954455d20646f6e650d0a"),
            // a3 LOGIN {4} anna {6} secret
            (true, "6133204c4f47494e207b347d0d0a616e6e61207b367d0d0a7365637265740d0a"),
            // a3 NO wrong
            (false, "6133204e4f2077726f6e670d0a"),
            // a4 AUTHENTICATE PLAIN
            (true, "61342041555448454e54494341544520504c41494e0d0a"),
            // +
            (false, "2b200d0a"),
            // AGFkbWluAGFkbWlu
            (true, "4147466b62576c754147466b62576c750d0a"),
            // a4 OK in
            (false, "6134204f4b20696e0d0a"),
        ],
        "rtsp" => &[
            // OPTIONS rtsp://10.0.0.2/live RTSP/1.0 CSeq: 1 User-Agent: vlc
            (true, "4f5054494f4e5320727473703a2f2f31302e302e302e322f6c69766520525453502f312e300d0a435365713a20310d0a
                    557365722d4167656e743a20766c630d0a0d0a"),
            // RTSP/1.0 200 OK CSeq: 1 Server: cam
            (false, "525453502f312e3020323030204f4b0d0a435365713a20310d0a5365727665723a2063616d0d0a0d0a"),
            // DESCRIBE rtsp://10.0.0.2/live RTSP/1.0 CSeq: 2 Authorization: Basic YWRtaW46YWRtaW4=
            (true, "444553435249424520727473703a2f2f31302e302e302e322f6c69766520525453502f312e300d0a435365713a20320d
                    0a417574686f72697a6174696f6e3a204261736963205957527461573436595752746157343d0d0a0d0a"),
            // RTSP/1.0 200 OK CSeq: 2 Content-Length: 5
            (false, "525453502f312e3020323030204f4b0d0a435365713a20320d0a436f6e74656e742d4c656e6774683a20350d0a0d0a"),
            // v=0
            (false, "763d300d0a"),
            // $    `
            (false, "240000088060000100000002"),
        ],
        "redis" => &[
            // *2 $3 GET $3 key
            (true, "2a320d0a24330d0a4745540d0a24330d0a6b65790d0a"),
            // $5 hello
            (false, "24350d0a68656c6c6f0d0a"),
            // *3 $4 AUTH $5 admin $5 admin
            (true, "2a330d0a24340d0a415554480d0a24350d0a61646d696e0d0a24350d0a61646d696e0d0a"),
            // -WRONGPASS invalid
            (false, "2d57524f4e475041535320696e76616c69640d0a"),
            // *2 $4 MGET $1 a
            (true, "2a320d0a24340d0a4d4745540d0a24310d0a610d0a"),
            // *2 $-1 *1 :7
            (false, "2a320d0a242d310d0a2a310d0a3a370d0a"),
            // INFO server
            (true, "494e464f207365727665720d0a"),
            // %1 +a |1 +b _ #t
            (false, "25310d0a2b610d0a7c310d0a2b620d0a5f0d0a23740d0a"),
            // >2 +a ,1.5
            (false, "3e320d0a2b610d0a2c312e350d0a"),
        ],
        "telnet" => &[
            // xterm
            (true, "fffa1800787465726dfff0"),
            // 
            (false, "fffb01fffb03fffd18"),
            // plc login:
            (false, "706c63206c6f67696e3a20"),
            // admin
            (true, "61646d696e0d0a"),
            // Password:
            (false, "50617373776f72643a20"),
            // 1234
            (true, "313233340d0a"),
            // Login incorrect
            (false, "0d0a4c6f67696e20696e636f72726563740d0a"),
        ],
        _ => panic!("no messages of {protocol}: a protocol brings them with it"),
    };
    texts.iter().map(|(from_client, text)| (*from_client, bytes(text))).collect()
}

/// Protocols with a parser of their own.
fn spoken() -> impl Iterator<Item = &'static Protocol> {
    PROTOCOLS.iter().filter(|protocol| protocol.spoken.is_some())
}

/// What the parsers of one conversation may keep: the parts of an unfinished message each way, in buffers that grow by
/// doubling, and a little to remember questions by.
fn most_kept() -> usize {
    4 * limits::OPCUA_MESSAGE_BYTES.max(limits::S7_PDU_BYTES) + 64 * 1024
}

/// Hand the stream over as the engine does until the parser wants more than there is. Returns the steps that were taken.
fn drive(talk: &mut Talk, stream: &[u8], from_client: bool, mut after_gap: bool) -> usize {
    let (mut front, mut steps) = (0, 0);
    while front < stream.len() {
        let rest = &stream[front..];
        steps += 1;
        match talk.read(rest, from_client, after_gap).step {
            Step::Short { need } => {
                assert!(need > rest.len(), "wants {need} and was given {}: {rest:02x?}", rest.len());
                return steps;
            }
            Step::Message { used } | Step::Kept { used } | Step::Lost { used } => {
                assert!(used > 0 && used <= rest.len(), "used {used} of {}: {rest:02x?}", rest.len());
                front += used;
            }
        }
        after_gap = false;
        assert!(talk.parser.kept_bytes() <= most_kept());
    }
    steps
}

/// Whatever came before, a message behind a gap is read.
fn recovers(talk: &mut Talk, protocol: &str, told: &str) {
    let (from_client, good) = messages(protocol).remove(0);
    let seen = talk.read(&good, from_client, true);
    assert_eq!(seen.step, Step::Message { used: good.len() }, "{protocol} after {told}");
    assert!(seen.flaws.is_empty(), "{protocol} after {told}: {:?}", seen.flaws);
}

#[test]
fn good_messages_are_read_whole_and_without_flaws() {
    for protocol in spoken() {
        let mut talk = talk(protocol.name);
        for (from_client, message) in messages(protocol.name) {
            let seen = talk.read(&message, from_client, false);
            let whole = matches!(seen.step, Step::Message { used } | Step::Kept { used } if used == message.len());
            assert!(whole, "{}: {seen:#?}", protocol.name);
            assert!(seen.flaws.is_empty(), "{}: {:?} of {message:02x?}", protocol.name, seen.flaws);
        }
    }
}

#[test]
fn every_prefix_asks_for_more_or_makes_progress() {
    for protocol in spoken() {
        for (from_client, message) in messages(protocol.name) {
            for length in 1..message.len() {
                for after_gap in [false, true] {
                    let mut talk = talk(protocol.name);
                    drive(&mut talk, &message[..length], from_client, after_gap);
                    recovers(&mut talk, protocol.name, "a prefix");
                }
            }
        }
    }
}

#[test]
fn every_flip_of_one_byte_is_survived() {
    for protocol in spoken() {
        for (from_client, message) in messages(protocol.name) {
            for at in 0..message.len().min(64) {
                for flip in [0x01, 0x02, 0x80, 0xff] {
                    let mut broken = message.clone();
                    broken[at] ^= flip;
                    let mut talk = talk(protocol.name);
                    drive(&mut talk, &broken, from_client, false);
                    drive(&mut talk, &message, from_client, true);
                    recovers(&mut talk, protocol.name, "a flip");
                }
            }
        }
    }
}

#[test]
fn every_length_at_its_ends_is_survived() {
    for protocol in spoken() {
        for (from_client, message) in messages(protocol.name) {
            for width in [1, 2, 4] {
                for at in 0..(message.len() + 1).saturating_sub(width).min(64) {
                    for value in [0x00, 0x7f, 0xff] {
                        let mut broken = message.clone();
                        broken[at..at + width].fill(value);
                        // Enough behind it that the claim of a middling length is met.
                        broken.extend([value; 300]);
                        let mut talk = talk(protocol.name);
                        drive(&mut talk, &broken, from_client, false);
                        recovers(&mut talk, protocol.name, "a length");
                    }
                }
            }
        }
    }
}

/// xorshift64*: the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 1).expect("63 bits") % end
    }
}

#[test]
fn floods_of_random_bytes_are_passed_over_in_few_steps() {
    let mut random = Random(0x0b5e_55ed);
    for protocol in spoken() {
        let mut talk = talk(protocol.name);
        for round in 0..64 {
            let flood: Vec<u8> = (0..8192).map(|_| random.byte()).collect();
            let steps = drive(&mut talk, &flood, round % 2 == 0, round % 3 == 0);
            assert!(steps <= flood.len() / 4, "{steps} steps for {} bytes of {}", flood.len(), protocol.name);
        }
        recovers(&mut talk, protocol.name, "a flood");
    }
}

#[test]
fn floods_of_broken_messages_are_survived() {
    let mut random = Random(0x5eed_cafe);
    for protocol in spoken() {
        let messages = messages(protocol.name);
        let mut talk = talk(protocol.name);
        for _ in 0..4000 {
            let (from_client, mut message) = messages[random.below(messages.len())].clone();
            for _ in 0..random.below(4) {
                let at = random.below(message.len());
                match random.below(3) {
                    0 => message[at] = random.byte(),
                    1 => message.truncate(at.max(1)),
                    _ => message.insert(at, random.byte()),
                }
            }
            // Either direction, and sometimes with something lost before it.
            let turned = random.below(8) == 0;
            drive(&mut talk, &message, from_client != turned, random.below(4) == 0);
        }
        recovers(&mut talk, protocol.name, "broken messages");
    }
}

#[test]
fn content_is_probed_without_believing_it() {
    let mut random = Random(0xface_feed);
    for protocol in spoken() {
        for (_, message) in messages(protocol.name) {
            for length in 0..=message.len() {
                let mut start = message[..length].to_vec();
                let transport = protocol.spoken.as_ref().unwrap().transports[0];
                protocol.probe(&start, transport);
                for byte in &mut start {
                    *byte = random.byte();
                }
                protocol.probe(&start, transport);
            }
        }
    }
}
