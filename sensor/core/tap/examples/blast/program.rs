//! The two programs the kernel runs for the sender, in its own bytecode ("BPF Instruction Set Architecture", RFC 9669):
//! too short to bring a compiler along for them.

use crate::kernel::Number;

/// Bytes before a frame in its slot: its length.
pub const LENGTH: usize = 4;
/// A frame's addresses and type: none is shorter.
pub const LEAST: usize = 14;

const PASS: i32 = 2; // XDP_PASS
const DROP: i32 = 1; // XDP_DROP
const SECOND_NS: i32 = 1_000_000_000;

// Helpers, by their numbers in <linux/bpf.h>.
const MAP_LOOKUP: i32 = 1;
const NOW: i32 = 5;
const REDIRECT: i32 = 23;
const ADJUST_TAIL: i32 = 65;
const BUFFER_LENGTH: i32 = 188;
const STORE_BYTES: i32 = 190;

const LOAD: u8 = 0x79;
const LOAD_WORD: u8 = 0x61;
const STORE: u8 = 0x7b;
const STORE_WORD: u8 = 0x63;
const STORE_ZERO: u8 = 0x62;
const LOAD_NUMBER: u8 = 0x18;
const MOVE: u8 = 0xb7;
const COPY: u8 = 0xbf;
const ADD: u8 = 0x07;
const SUBTRACT: u8 = 0x1f;
const MULTIPLY: u8 = 0x2f;
const DIVIDE: u8 = 0x37;
const REST: u8 = 0x97;
const IF_EQUAL: u8 = 0x15;
const UNLESS_EQUAL: u8 = 0x55;
const IF_ABOVE: u8 = 0x25;
const IF_BELOW: u8 = 0xa5;
const IF_MORE: u8 = 0x2d;
const UNLESS_MORE: u8 = 0xbd;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;
/// A jump to the end, where the frame is dropped: its distance is put in when the program is complete.
const TO_DROP: i16 = i16::MIN;
const STACK: u8 = 10;
const FROM_A_MAP: u8 = 1;

/// Where the account has what, in bytes: three numbers of eight.
pub const SENT: usize = 0;
const BEGAN: usize = 8;
/// The most frames that were due and not sent yet.
pub const BEHIND: usize = 16;
pub const ACCOUNT: usize = 24;

fn step(code: u8, to: u8, from: u8, offset: i16, number: i32) -> u64 {
    let registers = u64::from(from << 4 | to);
    let offset = u64::from(offset.cast_unsigned());
    u64::from(code) | registers << 8 | offset << 16 | u64::from(number.cast_unsigned()) << 32
}

fn call(helper: i32) -> u64 {
    step(CALL, 0, 0, 0, helper)
}

/// For the far end: take frames as they come. With a program on it, a veth takes frames the way a network card's driver
/// does: from a ring, many at a time.
pub fn pass() -> Vec<u64> {
    vec![step(MOVE, 0, 0, 0, PASS), step(EXIT, 0, 0, 0, 0)]
}

/// Both halves of a number of 64 bits.
fn load(to: u8, number: u64) -> [u64; 2] {
    [step(LOAD_NUMBER, to, 0, 0, number as i32), step(0, 0, 0, 0, (number >> 32) as i32)]
}

/// For the near end: where the next frame is due, send it out of `device`. `frames` has `count` of them, each in a slot
/// of `slot_bytes`; `account` is one entry of [`ACCOUNT`] bytes. What is not due yet is dropped: the kernel calls again
/// at once, so this is the clock.
pub fn send(
    account: Number,
    frames: Number,
    (count, slot_bytes): (usize, usize),
    (per_s, length_ns): (u64, u64),
    device: u32,
) -> Vec<u64> {
    let most = i32::try_from(slot_bytes - LENGTH).unwrap_or(i32::MAX);
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    let mut steps = vec![step(COPY, 6, 1, 0, 0), step(STORE_ZERO, STACK, 0, -4, 0)];
    let find = |steps: &mut Vec<u64>, map: Number| {
        steps.extend([step(LOAD_NUMBER, 1, FROM_A_MAP, 0, map), 0]);
        steps.extend([step(COPY, 2, STACK, 0, 0), step(ADD, 2, 0, 0, -4), call(MAP_LOOKUP)]);
        steps.extend([step(IF_EQUAL, 0, 0, TO_DROP, 0), step(COPY, 7, 0, 0, 0)]);
    };
    let (sent, began, behind) = (SENT as i16, BEGAN as i16, BEHIND as i16);
    find(&mut steps, account);
    steps.extend([call(NOW), step(LOAD, 1, 7, began, 0), step(UNLESS_EQUAL, 1, 0, 2, 0)]);
    steps.extend([step(STORE, 7, 0, began, 0), step(COPY, 1, 0, 0, 0), step(SUBTRACT, 0, 1, 0, 0)]);
    steps.extend(load(2, length_ns));
    steps.push(step(IF_MORE, 0, 2, TO_DROP, 0));
    steps.extend(load(2, per_s));
    steps.extend([step(MULTIPLY, 0, 2, 0, 0), step(DIVIDE, 0, 0, 0, SECOND_NS)]);
    steps.extend([step(LOAD, 8, 7, sent, 0), step(UNLESS_MORE, 0, 8, TO_DROP, 0), step(SUBTRACT, 0, 8, 0, 0)]);
    steps.extend([step(LOAD, 2, 7, behind, 0), step(UNLESS_MORE, 0, 2, 1, 0), step(STORE, 7, 0, behind, 0)]);
    steps.extend([step(COPY, 1, 8, 0, 0), step(ADD, 8, 0, 0, 1), step(STORE, 7, 8, sent, 0)]);
    steps.extend([step(REST, 1, 0, 0, count), step(STORE_WORD, STACK, 1, -4, 0)]);
    find(&mut steps, frames);
    // As long as it is: the kernel refuses a program that has not looked.
    steps.push(step(LOAD_WORD, 8, 7, 0, 0));
    steps.extend([step(IF_ABOVE, 8, 0, TO_DROP, most), step(IF_BELOW, 8, 0, TO_DROP, LEAST as i32)]);
    steps.extend([step(COPY, 1, 6, 0, 0), call(BUFFER_LENGTH), step(COPY, 2, 8, 0, 0), step(SUBTRACT, 2, 0, 0, 0)]);
    steps.extend([step(COPY, 1, 6, 0, 0), call(ADJUST_TAIL)]);
    steps.extend([step(COPY, 1, 6, 0, 0), step(MOVE, 2, 0, 0, 0), step(COPY, 3, 7, 0, 0)]);
    steps.extend([step(ADD, 3, 0, 0, LENGTH as i32), step(COPY, 4, 8, 0, 0), call(STORE_BYTES)]);
    steps.extend([step(MOVE, 1, 0, 0, device.cast_signed()), step(MOVE, 2, 0, 0, 0), call(REDIRECT)]);
    steps.extend([step(EXIT, 0, 0, 0, 0)]);
    let end = steps.len();
    for (at, step) in steps.iter_mut().enumerate() {
        if (*step >> 16) as u16 == TO_DROP.cast_unsigned() {
            *step = *step & !(0xffff << 16) | ((end - at - 1) as u64) << 16;
        }
    }
    steps.extend([step(MOVE, 0, 0, 0, DROP), step(EXIT, 0, 0, 0, 0)]);
    steps
}
