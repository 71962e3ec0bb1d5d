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

mod messages;
#[path = "../reading/mod.rs"]
mod reading;

use messages::{kinds, messages, most_kept, protocol_of};
use reading::{talk, Talk};
use wire::protocol::Step;

fn talk_of(kind: &str) -> Talk {
    talk(protocol_of(kind).name)
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
