//! How fast packets are read when nothing is done with them: `read_rate FILE…`, or `read_rate --live SECONDS
//! INTERFACE…`; and `read_rate --make FILE PACKETS BYTES` makes a file for it.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tap::{Files, Live, LiveOptions, PcapWriter, Progress, Source};
use wire::packet::{LinkType, Lost, Packet, Sink};

#[derive(Default)]
struct Count {
    packets: u64,
    bytes: u64,
    lost: u64,
    mixed: u64,
}

impl Sink for Count {
    fn packet(&mut self, packet: &Packet<'_>) {
        self.packets += 1;
        self.bytes += packet.data.len() as u64;
        // Touch the frame, or the memory it lies in would not be part of the figure.
        self.mixed ^= packet.data.iter().step_by(64).fold(packet.ts_ns, |sum, byte| sum ^ u64::from(*byte));
    }

    fn tick(&mut self, _ts_ns: u64) {}

    fn lost(&mut self, _place: Lost, packets: u64) {
        self.lost += packets;
    }
}

fn make(path: &str, packets: u64, bytes: usize) -> Result<(), Box<dyn std::error::Error>> {
    let mut writer = PcapWriter::create(path.as_ref(), LinkType::Ethernet)?;
    let data = vec![0x5a; bytes];
    for number in 1..=packets {
        let ts_ns = 1_700_000_000_000_000_000 + number * 1_000;
        let wire_len = u32::try_from(bytes)?;
        writer.write(&Packet {
            ts_ns,
            number,
            input: 0,
            link: LinkType::Ethernet,
            wire_len,
            data: &data,
            vlan: None,
            offset: 0,
        })?;
    }
    writer.close()?;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, path, packets, bytes] = &arguments[..] {
        if flag == "--make" {
            return make(path, packets.parse()?, bytes.parse()?);
        }
    }
    let (mut source, seconds) = match &arguments[..] {
        [flag, seconds, interfaces @ ..] if flag == "--live" => {
            (Source::Live(Live::open(interfaces, LiveOptions::default())?), seconds.parse()?)
        }
        files => (Source::Files(Files::open(files)?), u64::MAX),
    };
    let mut count = Count::default();
    let start = Instant::now();
    while source.read(100_000, Duration::from_millis(100), &mut count)? != Progress::End {
        if start.elapsed().as_secs() >= seconds {
            source.stop_flag().store(true, Ordering::Relaxed);
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    for warning in source.warnings() {
        eprintln!("{warning}");
    }
    let rate = count.packets as f64 / seconds / 1e6;
    println!(
        "{} packets, {} bytes, {} lost, {seconds:.3} s, {rate:.1} M packets/s",
        count.packets, count.bytes, count.lost
    );
    println!("(mixed {:x})", count.mixed);
    Ok(())
}
