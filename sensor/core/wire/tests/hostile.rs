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
        "tls" => &[
            (true, "16030300b0010000ac0303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00000c3a3a
                    130113021303c02bc02f010000778a8a00000000001c001a000017686973746f7269616e2e706c616e742e6578616d70
                    6c650010000e000c02683208687474702f312e31000d00080006040308040401002b0007066a6a030403030033002600
                    24001d00200000000000000000000000000000000000000000000000000000000000000000"),
            (false, "160303002a020000260303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00c02f00"),
            (false, "160303010c0b000108000105000102308200fe308200c8a003020102020400c0ffee300d06092a864886f70d01010105
                    0030133111300f06035504030c08506c616e742043413020170d3235303130313030303030305a180f32303535303130
                    313030303030305a303a310b300906035504060c02434e310e300c060355040a0c05506c616e74311b30190603550403
                    0c12706c63312e706c616e742e6578616d706c653039300d06092a864886f70d0101010500032800302502205a5a5a5a
                    5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a020103300d06092a864886f70d01010105000321
                    000000000000000000000000000000000000000000000000000000000000000000"),
            (false, "140303000101"),
            (false, "17030300206465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283"),
            (true, "15030300020228"),
        ],
        "ssh" => &[
            (false, "5353482d322e302d4f70656e5353485f392e367031205562756e74750d0a"),
            (true, "5353482d322e302d50755454590d0a"),
            (true, "000001040414000000000000000000000000000000000000002f637572766532353531392d7368613235362c64696666
                    69652d68656c6c6d616e2d67726f757031342d736861323536000000257373682d656432353531392c7273612d736861
                    322d3531322c7273612d736861322d3235360000003463686163686132302d706f6c7931333035406f70656e7373682e
                    636f6d2c6165733235362d67636d406f70656e7373682e636f6d0000000a6165733132382d6374720000000d686d6163
                    2d736861322d32353600000009686d61632d73686131000000156e6f6e652c7a6c6962406f70656e7373682e636f6d00
                    0000046e6f6e650000000000000000000000000000000000"),
            (false, "0000001c0b010000000b00000003627965000000000000000000000000000000"),
            (true, "0000000c0a1500000000000000000000"),
            (true, "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f
                    707172737475767778797a7b7c7d7e7f"),
        ],
        "rdp" => &[
            (true, "0300002d28e00000000000436f6f6b69653a206d737473686173683d77617274756e670d0a0100080003000000"),
            (false, "030000130ed000001234000200080000000000"),
            (true, "0300013502f0807f658201290401010401010101ff30190201220201020201000201010201000201010202ffff020102
                    30190201220201020201000201010201000201010202ffff020102301902012202010202010002010102010002010102
                    02ffff020102048200cb000500147c00018100000800100001c0004475636180b401c08800040008000005000401ca03
                    aa04080000280a000045004e0047002d00530054004100540049004f004e002d00370000000000000000000000000000
                    000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
                    0000000000000000000000000000000000000000000000000002c00c001b0000000000000003c0200002000000726470
                    647200000000000000636c69707264720000000000"),
            (false, "0300005b02f0807f6682004f0a010002010030190201220201020201000201010201000201010202ffff020102048200
                    2a000500147c00012a14760a01010001c0004d63446e14010c080004000800020c0c000200000002000000"),
        ],
        "smb" => &[
            (true, "0000006afe534d4240000100000000000000010000000000000000000000000000000000000000000000000041000000
                    000000000000000000000000000000000000000024000300010000000000000000000000000000000000000000000000
                    0000000000000000020210020203"),
            (false, "00000080fe534d4240000100000000000000010001000000000000000000000000000000000000000000000041000000
                    000000000000000000000000000000000000000041000300020300000000000000000000000000000000000007000000
                    000010000000100000001000000000000000000000000000000000008000000000000000"),
            (true, "000000b8fe534d4240000100000000000100010000000000000000000100000000000000000000000000000041000000
                    00000000000000000000000000000000000000001900000100000000000000005800600000000000000000004e544c4d
                    5353500003000000000000004000000000000000400000000a000a00400000000e000e004a0000000800080058000000
                    00000000400000000100000050004c0041004e005400770061007200740075006e00670045004e0047003700"),
            (false, "00000048fe534d4240000100000000000100010001000000000000000100000000000000000000000000000041000000
                    00000000000000000000000000000000000000000900000048000000"),
            (true, "00000058fe534d4240000100000000000300010000000000000000000200000000000000000000000000000041000000
                    000000000000000000000000000000000000000009000000480010005c005c0061005c004900500043002400"),
            (false, "00000050fe534d4240000100000000000300010001000000000000000200000000000000000000000600000041000000
                    0000000000000000000000000000000000000000100002000000000000000000ff011f00"),
            (true, "00000084fe534d4240000100000000000500010000000000000000000300000000000000000000000600000041000000
                    000000000000000000000000000000000000000039000000020000000000000000000000000000000000000089001200
                    0000000007000000010000000000000078000c000000000000000000730076006300630074006c00"),
            (false, "00000098fe534d4240000100000000000500010001000000000000000300000000000000000000000600000041000000
                    000000000000000000000000000000000000000059000000010000000000000000000000000000000000000000000000
                    000000000000000000000000000000000000000000000000000000008000000000000000000000000000000000000000
                    000000000000000000000000"),
            (true, "000000c0fe534d4240000100000000000b00010000000000000000000400000000000000000000000600000041000000
                    00000000000000000000000000000000000000003900000017c011000000000000000000000000000000000078000000
                    4800000000000000000000000000000000040000010000000000000005000b03100000004800000001000000b810b810
                    00000000010000000000010081bb7a364498f135ad3298f03800100302000000045d888aeb1cc9119fe808002b104860
                    02000000"),
            (true, "81000044204641454d4544434143414341434143414341434143414341434143414341434100204546454f4548434143
                    414341434143414341434143414341434143414341434100"),
            (true, "00000052ff534d4272000000001801c00000000000000000000000000700630001000100002f00025043204e4554574f
                    524b2050524f4752414d20312e3000024c414e4d414e312e3000024e54204c4d20302e313200"),
            (false, "00000045ff534d4272000000009801c00000000000000000000000000700630001000100110200030000000000000000
                    00000000000000000000000000000000000000000000000000"),
            (true, "00000056ff534d4275000000001801c0000000000000000000000000070063000100020004ff000000000001002b0000
                    5c005c00310030002e00370037002e0032002e00310031005c00490050004300240000003f3f3f3f3f00"),
            (true, "00000064ff534d42a2000000001801c0000000000000000000000000070063000100030018ff000000000e0016000000
                    000000009f01020000000000000000000000000003000000010000000000000002000000031100005c00730076006300
                    630074006c000000"),
            (true, "00000044fd534d4200000000000000000000000000000000000000000000000000000000000000001000000000000100
                    410000000000000000000000000000000000000000000000"),
        ],
        "vnc" => &[
            (false, "524642203030332e3030380a"),
            (true, "524642203030332e3030380a"),
            (false, "020210"),
            (true, "02"),
            (false, "000102030405060708090a0b0c0d0e0f"),
            (true, "000102030405060708090a0b0c0d0e0f"),
            (false, "00000000"),
            (true, "01"),
            (false, "050004000000000000000000000000000000000000000003484d49"),
        ],
        "tds" => &[
            (true, "1201002000000100000010000601001600010200170001ff0f0007d000000200"),
            (false, "0401002000000100000010000601001600010200170001ff0f0007d000000200"),
            (true, "100100b200000100aa0000000400007400100000070000006712000000000000e003000000000000090400005e000400
                    660002006a0002006e00090080000a0094000000940004009c0000009c000700000000000000aa000000aa000000aa00
                    00000000000045004e00470037007300610092a5b3a548006900730074006f007200690061006e00310030002e003700
                    37002e0032002e00310031004f004400420043007200650063006900700065007300"),
            (false, "0401005200000100e305000100000000ad32000174000004144d006900630072006f0073006f00660074002000530051
                    004c0020005300650072007600650072000f0007d0fd000000000100000000000000"),
            (true, "0101002e0000010016000000120000000200000000000000000001000000530045004c0045004300540020003100"),
            (false, "0401002a00000100aa1200e5000000010e02006e006f00000001000000fd020000000100000000000000"),
            (true, "0301002e00000100160000001200000002000000000000000000010000000600730070005f00770068006f000000"),
        ],
        "mysql" => &[
            (false, "4a0000000a382e302e33360009000000414243444546474800098a210200080015000000000000000000004142434445
                    464748494a4b4c006d7973716c5f6e61746976655f70617373776f726400"),
            (true, "580000010982080000000001210000000000000000000000000000000000000000000000726f6f740014000102030405
                    060708090a0b0c0d0e0f1011121372656369706573006d7973716c5f6e61746976655f70617373776f726400"),
            (false, "0700000200000002000000"),
            (true, "090000000353454c4543542031"),
            (false, "0b000001ff76042334323030306e6f"),
        ],
        "postgresql" => &[
            (true, "0000003f000300007573657200686973746f7269616e0064617461626173650072656369706573006170706c69636174
                    696f6e5f6e616d65007073716c0000"),
            (false, "520000000800000003"),
            (true, "700000000b31323334353600"),
            (false, "520000000800000000"),
            (true, "510000000d53454c454354203100"),
            (false, "430000000d53454c454354203100"),
            (false, "450000001e53464154414c0056464154414c00433432353031004d6e6f0000"),
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
