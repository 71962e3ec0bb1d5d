//! What a packet costs the rings: `ring_rate [MIB [FLOWS [BYTES [RUN]]]]`, nanoseconds of processor time per packet,
//! for frames and for places. RUN packets in a row go to one shard: 1 is the worst, a batch sorted by shard has 64.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::cast_precision_loss)]
#![allow(clippy::cast_possible_truncation)]

use std::hint::black_box;

use wire::evidence::{Evidence, Keeps, Reach};
use wire::packet::{LinkType, Packet};

const PACKETS: u64 = 20_000_000;
const SHARDS: u64 = 64;

fn main() {
    let given: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let part = |index: usize, default: usize| given.get(index).copied().unwrap_or(default);
    let (mib, flows, bytes, run) = (part(0, 128), part(1, 1024), part(2, 75), part(3, 1));
    let flows = (flows as u64).next_power_of_two().max(SHARDS);
    let run = run.next_power_of_two().trailing_zeros();
    let data: Vec<u8> = (0..bytes).map(|byte| (byte & 0xff) as u8).collect();
    for (name, keeps) in [("frames", Some(Keeps::Frames)), ("places", Some(Keeps::Places)), ("nothing", None)] {
        let room = || Evidence::new(mib * 1024 * 1024 / 64, keeps.unwrap_or(Keeps::Places), Reach::default());
        let mut rooms: Vec<Evidence> = (0..SHARDS).map(|_| room()).collect();
        let mut last = vec![0u64; flows as usize];
        let mut taken = 0.0;
        // The first round touches the memory for the first time: that is paid once.
        for round in 0..2u64 {
            let begun = processor_ns();
            for number in 1..=PACKETS {
                let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
                let shard = (number >> run).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58;
                let flow = (((mixed * SHARDS) & (flows - 1)) + shard) as usize;
                let packet = Packet {
                    ts_ns: number,
                    number: number + round,
                    input: 0,
                    link: LinkType::Ethernet,
                    wire_len: bytes as u32,
                    data: black_box(&data),
                    vlan: None,
                    offset: number,
                };
                match keeps {
                    Some(_) => rooms[shard as usize].packet(&mut last[flow], &packet, number),
                    None => last[flow] ^= black_box(&packet).number,
                }
            }
            taken = processor_ns() - begun;
        }
        let found: usize =
            (0..flows as usize).map(|flow| rooms[flow % 64].ring().back(last[flow]).take(4).count()).sum();
        println!("{name}: {:.2} ns a packet of {bytes} bytes, {mib} MiB ({found} found)", taken / PACKETS as f64);
    }
}

/// Processor time of this process: others on the machine make no difference.
fn processor_ns() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse().unwrap()
}
