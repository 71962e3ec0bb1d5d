//! What taking plain frames apart costs: `frame_cost [PASSES]` over a small fixed set of Modbus frames, for a counter of
//! instructions (`valgrind --tool=callgrind`) or a clock outside.

use wire::frame::{decode, Decoded, Outline, Path};
use wire::packet::{LinkType, Packet};

/// Ethernet, IPv4, TCP and a Modbus request of 12 bytes; `port` tells the frames apart.
fn request(port: u16) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
    bytes.extend([0x45, 0, 0, 52, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    bytes.extend(port.to_be_bytes());
    bytes.extend([1, 0xf6, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
    bytes.extend([0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]);
    bytes
}

fn main() {
    let passes: u32 = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(1000);
    let frames: Vec<Vec<u8>> = (40_000..41_000).map(request).collect();
    let (mut sum, mut path) = (0u64, Path::default());
    for _ in 0..passes {
        for data in &frames {
            let wire_len = u32::try_from(data.len()).unwrap_or(u32::MAX);
            let (link, ts_ns) = (LinkType::Ethernet, 1);
            let packet = Packet { ts_ns, number: 1, input: 0, link, wire_len, data, vlan: None, offset: 0 };
            if let Decoded::Frame(frame) = decode(std::hint::black_box(&packet), &mut Outline::default(), &mut path) {
                let frame = std::hint::black_box(frame);
                sum = sum.wrapping_add(frame.payload.len() as u64).wrapping_add(u64::from(frame.layer4.ports().0));
            }
        }
    }
    println!("{} frames, sum {sum}", u64::from(passes).saturating_mul(1000));
}
