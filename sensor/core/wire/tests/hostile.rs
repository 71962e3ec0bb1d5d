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

use reading::{ascii, bytes, rtu, talk, Talk};
use wire::limits;
use wire::protocol::{Step, PROTOCOLS};

/// Kinds of conversation: every protocol's own, and further framings that one protocol's parser reads.
fn kinds() -> impl Iterator<Item = &'static str> {
    let spoken = PROTOCOLS.iter().filter(|protocol| protocol.spoken.is_some());
    spoken.map(|protocol| protocol.name).chain(["modbus/rtu", "modbus/ascii"])
}

fn talk_of(kind: &str) -> Talk {
    talk(kind.split('/').next().unwrap())
}

/// Good messages of a kind, client's (true) and server's, in an order that makes sense. The first is a request
/// that stands for itself. A protocol without an entry fails the test that walks the list.
fn messages(kind: &str) -> Vec<(bool, Vec<u8>)> {
    let texts: &[(bool, &str)] = match kind {
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
            (true, "0006 0000 0006 01 08 0001 ff00"),
            (false, "0006 0000 000b 01 0c 08 0000 0108 0121 2000"),
            (true, "0007 0000 000f 01 2b 0d 0100 02 6040 00 0000 0002 0f00"),
            (true, "0008 0000 0013 00 5a 00 10 434c0000 0a 555345522d3731344537"),
            (false, "0008 0000 0005 00 5a 00 fe 01"),
            (true, "0009 0000 0012 00 5a 01 22 37583d11 01 12 3000 01 2000 00 0300"),
            (true, "000a 0000 000d 00 5a 01 20 00 1300 64000000 9c00"),
            (false, "000a 0000 000b 00 5a 01 fe 00 0400 37583d11"),
        ],
        // As frames of the serial line.
        "modbus/rtu" | "modbus/ascii" => &[
            (true, "01 03 0000 000a"),
            (false, "01 03 04 0001 0002"),
            (true, "01 10 0000 0002 04 000a 0102"),
            (false, "01 90 02"),
            (true, "01 14 0e 06 0004 0001 0002 06 0003 0009 0002"),
            (false, "01 14 0c 05 06 0dfe 0020 05 06 33cd 0040"),
            (true, "01 2b 0e 01 00"),
            (false, "01 2b 0e 01 01 00 00 02 00 02 4142 01 01 43"),
            (false, "01 18 0006 0002 01b8 1284"),
            (true, "01 08 0000 a537 1122 3344"),
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
            // Symbols and variables of numerical controls, blocks with their head, lists in parts, alarms, a password.
            (true, "0300 0027 02f080 32 01 0000 0109 0016 0000 04 01 12 12 b2 ff 8a0e 0007 11223344 20000009 40000002"),
            (true, "0300 001d 02f080 32 01 0000 010a 000c 0000 04 01 12 08 82 41 006f 0001 1a 01"),
            (false, "0300 0023 02f080 32 01 0000 0103 0012 0000 1b 00 0001 00000000 09 5f30413030303031 50"),
            (true, "0300 003d 02f080 32 03 0000 0103 0002 0028 00 00 1b 00 0024 00fb 70700101050a0001 0000004a 00000003 029147602bb5 029147602bb5 001c 0000 0000 0002"),
            (true, "0300 0021 02f080 32 07 0000 010b 0008 0008 000112 04 11 44 01 00 ff 09 0004 0132 0004"),
            (false, "0300 0039 02f080 32 07 0000 010b 000c 001c 000112 08 12 84 01 01 00 00 0000 ff 09 0018 0132 0004 0010 0001 0004 0001 0003 0003 0002 0000 0000 0000"),
            (false, "0300 003b 02f080 32 07 0000 010c 0008 0022 000112 04 11 04 06 00 ff 09 001e 9401060047426975 40 01 12 0a 16 01 000000af 01 01 fe ff ff 04 0020 ffffffff"),
            (true, "0300 0029 02f080 32 07 0000 010d 0008 0010 000112 04 11 44 0b 00 ff 09 000c 00 01 12 08 19 00 000000c2 01 00"),
            (true, "0300 0025 02f080 32 07 0000 010e 0008 000c 000112 04 11 45 01 00 ff 09 0008 213a1b1d6e681b1d"),
            // S7comm-plus: a part, its end, an answer, values that are sent, a keep-alive.
            (true, "0300 001b 02f080 72 02 0010 31 0000 04f2 0000 0010 00000388 36 0000"),
            (true, "0300 0017 02f080 72 02 0008 0034 01 9077 0008 01 72 02 0000"),
            (true, "0300 0035 02f080 72 02 0026 31 0000 054c 0000 0004 000003be 34 00000000 02 09 00 88d0b88003 02 9376 0a 00 52 03 8e2a 09 02 00 72 02 0000"),
            (false, "0300 0028 02f080 72 02 0019 32 0000 054c 0000 0004 34 00 01 0008 7f 02 000e 3fc00000 00 00 07 72 02 0000"),
            (false, "0300 0029 02f080 72 02 001a 33 70000e51 0400 0000 0000 c9 01 01 92 00000005 000e 41aa70aa 00 72 02 0000"),
            (true, "0300 000b 02f080 72 ff 05 00"),
        ],
        "opcua" => &[
            // Hello: version 0, buffers of 64 KiB, no limits, an address.
            (true, "48454c46 38000000 00000000 ffff0000 ffff0000 00000000 00000000 18000000
                    6f70632e7463703a2f2f31302e302e302e323a34383430 2f"),
            (false, "41434b46 1c000000 00000000 ffff0000 ffff0000 00000000 00000000"),
            (false, "45525246 10000000 00000d80 00000000"),
            // ReverseHello: who the server is, what the client shall ask for.
            (false, "52484546200000000500000075726e3a730b0000006f70632e7463703a2f2f73"),
            // An opening without a policy, and its answer: channel 9, token 1.
            (true, "4f504e4684000000000000002f000000687474703a2f2f6f7063666f756e646174696f6e2e6f72672f55412f5365637572697479
                    506f6c696379234e6f6e65ffffffffffffffff01000000010000000100be01000000000000000000000700000000000000ffffff
                    ff88130000000000000000000000000001000000ffffffff60ea0000"),
            (false, "4f504e4687000000090000002f000000687474703a2f2f6f7063666f756e646174696f6e2e6f72672f55412f5365637572697479
                    506f6c696379234e6f6e65ffffffffffffffff01000000010000000100c1010000000000000000070000000000000000ffffffff
                    000000000000000900000001000000000000000000000060ea0000ffffffff"),
            // HistoryRead of raw values, and HistoryData.
            (true, "4d534746740000000900000001000000020000000200000001009802000000000000000000000700000000000000ffffffff8813
                    00000000000100890201160000000001000000000000000200000000000000010000000000000000000100000001020900010000
                    00310000ffffffffffffffff"),
            (false, "4d534746630000000900000001000000020000000200000001009b020000000000000000070000000000000000ffffffff000000
                    0100000000000000ffffffff01009202011600000001000000050b000000000000f83f0100000000000000ffffffff"),
            // CreateMonitoredItems with a filter of events, and what the server made of it.
            (true, "4d534746b1000000090000000100000003000000030000000100ef02000000000000000000000700000000000000ffffffff8813
                    00000000000700000002000000010000000100cd080c000000ffffffff0000ffffffff0200000001000000000000000000000001
                    00d702013c000000010000000100f9070100000000000800000053657665726974790d000000ffffffff010000000e0000000100
                    0000010055020105000000110100f9070100000001"),
            (false, "4d5347466d000000090000000100000003000000030000000100f2020000000000000000070000000000000000ffffffff000000
                    0100000000000000050000000000000000000000010000000100e00201140000000100000000000000ffffffffffffffffffffff
                    ffffffffff"),
            // HistoryUpdate that deletes; its answer has diagnostics and the table they point into.
            (true, "4d5347465b000000090000000100000004000000040000000100bc02000000000000000000000700000000000000ffffffff8813
                    0000000000010000000100b0020115000000010209000001000000000000000200000000000000"),
            (false, "4d53474663000000090000000100000004000000040000000100bf02000000000000000007000000000000001500000000010000
                    0003000000776879020000000200000053790200000049740000000100000000000080ffffffffffffffffffffffff"),
            // A method of the standard; a status of the server; a subscription that ends.
            (true, "4d5347464e000000090000000100000005000000050000000100c802000000000000000000000700000000000000ffffffff8813
                    0000000000010000000100cd0801005632010000000604000000"),
            (false, "4d534746810000000900000001000000050000000500000001007a020000000000000000070000000000000000ffffffff000000
                    01000000011601006003013a00000001000000000000000100000000000000000000000100000075010000004d01000000500100
                    000031010000003701000000000000000000000000ffffffff"),
            (false, "4d534746630000000900000001000000060000000600000001003d030000000000000000070000000000000000ffffffff000000
                    07000000ffffffff000100000000000000000000000100000001003403010500000000000a8000ffffffffffffffff"),
            // A request taken back.
            (true, "4d53474122000000090000000100000006000000060000000000b880020000006e6f"),
            // An opening under a policy with a certificate, and an encrypted message.
            (true, "4f504e46c00000000000000033000000687474703a2f2f6f7063666f756e646174696f6e2e6f72672f55412f5365637572697479
                    506f6c69637923426173696332353641000000303f303b0201013000300c310a300806035504030c01503000300c310a30080603
                    5504030c01503000a314301230100603551d1104093007860575726e3a7030001400000007070707070707070707070707070707
                    070707072a73bc0a539ce5337cc5135ca5ee3c85ce1c65aef7458ed7256eb7054e97e02e"),
            (true, "4d534746300000000a000000010000002a73bc0a539ce5337cc5135ca5ee3c85ce1c65aef7458ed7256eb7054e97e02e"),
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
            (true, "3030 020103 300f 02014d 020300ffe3 040107 020103
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
        _ => panic!("no messages of {kind}: a protocol brings them with it"),
    };
    let message = match kind {
        "modbus/rtu" => rtu,
        "modbus/ascii" => ascii,
        _ => bytes,
    };
    texts.iter().map(|(from_client, text)| (*from_client, message(text))).collect()
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
fn recovers(talk: &mut Talk, kind: &str, told: &str) {
    let (from_client, good) = messages(kind).remove(0);
    let seen = talk.read(&good, from_client, true);
    assert_eq!(seen.step, Step::Message { used: good.len() }, "{kind} after {told}");
    assert!(seen.flaws.is_empty(), "{kind} after {told}: {:?}", seen.flaws);
}

#[test]
fn good_messages_are_read_whole_and_without_flaws() {
    for kind in kinds() {
        let mut talk = talk_of(kind);
        for (from_client, message) in messages(kind) {
            let seen = talk.read(&message, from_client, false);
            let whole = matches!(seen.step, Step::Message { used } | Step::Kept { used } if used == message.len());
            assert!(whole, "{}: {seen:#?}", kind);
            assert!(seen.flaws.is_empty(), "{}: {:?} of {message:02x?}", kind, seen.flaws);
        }
    }
}

#[test]
fn every_prefix_asks_for_more_or_makes_progress() {
    for kind in kinds() {
        for (from_client, message) in messages(kind) {
            for length in 1..message.len() {
                for after_gap in [false, true] {
                    let mut talk = talk_of(kind);
                    drive(&mut talk, &message[..length], from_client, after_gap);
                    recovers(&mut talk, kind, "a prefix");
                }
            }
        }
    }
}

#[test]
fn every_flip_of_one_byte_is_survived() {
    for kind in kinds() {
        for (from_client, message) in messages(kind) {
            for at in 0..message.len().min(64) {
                for flip in [0x01, 0x02, 0x80, 0xff] {
                    let mut broken = message.clone();
                    broken[at] ^= flip;
                    let mut talk = talk_of(kind);
                    drive(&mut talk, &broken, from_client, false);
                    drive(&mut talk, &message, from_client, true);
                    recovers(&mut talk, kind, "a flip");
                }
            }
        }
    }
}

#[test]
fn every_length_at_its_ends_is_survived() {
    for kind in kinds() {
        for (from_client, message) in messages(kind) {
            for width in [1, 2, 4] {
                for at in 0..(message.len() + 1).saturating_sub(width).min(64) {
                    for value in [0x00, 0x7f, 0xff] {
                        let mut broken = message.clone();
                        broken[at..at + width].fill(value);
                        // Enough behind it that the claim of a middling length is met.
                        broken.extend([value; 300]);
                        let mut talk = talk_of(kind);
                        drive(&mut talk, &broken, from_client, false);
                        recovers(&mut talk, kind, "a length");
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
    for kind in kinds() {
        let mut talk = talk_of(kind);
        for round in 0..64 {
            let flood: Vec<u8> = (0..8192).map(|_| random.byte()).collect();
            let steps = drive(&mut talk, &flood, round % 2 == 0, round % 3 == 0);
            assert!(steps <= flood.len() / 4, "{steps} steps for {} bytes of {}", flood.len(), kind);
        }
        recovers(&mut talk, kind, "a flood");
    }
}

#[test]
fn floods_of_broken_messages_are_survived() {
    let mut random = Random(0x5eed_cafe);
    for kind in kinds() {
        let messages = messages(kind);
        let mut talk = talk_of(kind);
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
        recovers(&mut talk, kind, "broken messages");
    }
}

#[test]
fn content_is_probed_without_believing_it() {
    let mut random = Random(0xface_feed);
    for kind in kinds() {
        for (_, message) in messages(kind) {
            for length in 0..=message.len() {
                let mut start = message[..length].to_vec();
                let talk = talk_of(kind);
                talk.protocol.probe(&start, talk.transport);
                for byte in &mut start {
                    *byte = random.byte();
                }
                talk.protocol.probe(&start, talk.transport);
            }
        }
    }
}
