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
        "icmp" => &[
            // An echo, its answer, a port that nobody listens on, a better gateway.
            (true, "08 00 0000 1234 0001 6f747573"),
            (false, "00 00 0000 1234 0001 6f747573"),
            (false, "03 03 0000 00000000 4500 0030 0001 0000 4011 0000 0a000001 0a000002 cf08 00a1 001c 0000"),
            (false, "05 01 0000 0a0000fe 4500 001c 0001 0000 4001 0000 0a000001 0a010002 0800 0000 0001 0001"),
            (false, "09 00 0000 0202 0708 0a000001 00000000 0a000002 80000000"),
        ],
        "dhcp" => &[
            // Without options: BOOTP's fixed part is all zeros here. Then name, list of wishes and client's number.
            (true, "01 01 06 00 00000001 0000 0000 00000000 00000000 00000000 00000000 020000000001 00000000000000000000
                    0000000000000000000000000000000000000000000000000000000000000000
                    0000000000000000000000000000000000000000000000000000000000000000
                    0000000000000000000000000000000000000000000000000000000000000000
                    0000000000000000000000000000000000000000000000000000000000000000
                    0000000000000000000000000000000000000000000000000000000000000000
                    0000000000000000000000000000000000000000000000000000000000000000
                    63825363 350101 0c03706c63 37020103 3d0701020000000001 ff"),
        ],
        "snmp" => &[
            (true, "3029 020101 04067075626c6963 a01c 02021234 020100 020100 3010 300e 060a2b060102010202010a01 0500"),
            (false, "302a 020101 04067075626c6963 a21d 02021234 020100 020100 3011 300f 060a2b060102010202010a01 410107"),
            // Version 3, encrypted.
            (true, "302f 020103 300e 02014d 020300ffe3 040107 020103
                    0414 3012 04028000 020103 020201f4 040161 0400 0400 0404 deadbeef"),
        ],
        "dns" | "mdns" | "llmnr" => &[
            (true, "0001 0000 0001 0000 0000 0000 03706c63 05706c616e74 00 0001 0001"),
            (false, "0001 8000 0001 0002 0000 0000 03706c63 05706c616e74 00 0001 0001
                     c00c 0005 0001 0000003c 0004 016dc010 c027 0001 0001 0000003c 0004 0a000002"),
        ],
        "nbns" => &[
            (true, "0001 0110 0001 0000 0000 0000 20 4549454945494549454945494549454945494549454945494549454945494341 00 0020 0001"),
            (false, "0001 8500 0000 0001 0000 0000 20 4549454945494549454945494549454945494549454945494549454945494341 00 0020 0001
                     00000000 0006 0000 0a000002"),
        ],
        "ntp" => &[
            (true, "23 00 06 ec 00000000 00000000 00000000
                    0000000000000000 0000000000000000 0000000000000000 e7a1b2c380000000"),
            (false, "24 02 06 e9 00000800 00001000 0a000063
                     e7a1b20000000000 e7a1b2c380000000 e7a1b2c400000000 e7a1b2c440000000"),
            (true, "16 02 0001 0000 0000 0000 0000"),
            (true, "17 00 03 2a 0000 0000"),
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
