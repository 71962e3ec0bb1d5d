//! What a rolling capture costs the thread that captures: `record_rate FILE FOLDER QUOTA_MIB`, nanoseconds per packet
//! of that thread's processor time, without and with recording.

use std::path::Path;
use std::time::Duration;
use tap::{Account, Files, Progress, Recorder, Rolling};
use wire::packet::{Lost, Packet, Sink};

#[derive(Default)]
struct Count(u64);

impl Sink for Count {
    fn packet(&mut self, packet: &Packet<'_>) {
        self.0 += 1 + u64::from(packet.data.is_empty());
    }
    fn tick(&mut self, _: u64) {}
    fn lost(&mut self, _: Lost, _: u64) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [file, folder, quota_mib] = &given[..] else {
        return Err("record_rate FILE FOLDER QUOTA_MIB".into());
    };
    let mut count = Count::default();
    let begun = processor_ns()?;
    let mut files = Files::open(&[file])?;
    while files.read(1 << 16, &mut count) != Progress::End {}
    let alone = (processor_ns()? - begun) / count.0 as f64;

    let (mut count, mut account) = (Count::default(), Account::default());
    let mut files = Files::open(&[file])?;
    let quota = quota_mib.parse::<u64>()? * 1024 * 1024;
    let mut rolling = Rolling::open(Path::new(folder), quota, &files.names())?;
    let mut taken = 0.0;
    loop {
        let begun = processor_ns()?;
        let progress = files.read(4096, &mut Recorder::new(&mut count, &mut rolling, &mut account));
        taken += processor_ns()? - begun;
        let state = rolling.state();
        if account.recorded > state.written + state.lost + 200_000 {
            std::thread::sleep(Duration::from_millis(2)); // a wire would be slower than this file
        }
        if progress == Progress::End {
            break;
        }
    }
    rolling.close();
    let with = taken / count.0 as f64;
    println!("{} packets: {alone:.1} ns read, {with:.1} ns read and recorded; {:?}", count.0, rolling.state());
    Ok(())
}

/// Of this thread alone.
fn processor_ns() -> Result<f64, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(stat.split(' ').next().unwrap_or_default().parse()?)
}
