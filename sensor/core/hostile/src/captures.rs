//! Capture files, plain and packed, from bytes that stand in a file.

use std::cell::RefCell;
use std::path::PathBuf;

use tap::Files;
use wire::packet::{Lost, Packet, Sink};

/// What came out, held against the file's own bytes.
struct Check<'a> {
    /// `None`: it is packed, and its bytes are not those of its packets.
    file: Option<&'a [u8]>,
    packets: u64,
    bytes: usize,
    ticks: u64,
    lost: u64,
}

impl Sink for Check<'_> {
    fn packet(&mut self, packet: &Packet<'_>) {
        self.packets += 1;
        self.bytes += packet.data.len();
        assert_eq!((packet.number, packet.input), (self.packets, 0));
        assert!(packet.data.len() as u64 <= u64::from(packet.wire_len), "{} of {}", packet.data.len(), packet.wire_len);
        if let Some(file) = self.file {
            let start = packet.offset as usize;
            assert_eq!(
                file.get(start..start + packet.data.len()),
                Some(packet.data),
                "it stands elsewhere in its file"
            );
        }
    }

    fn tick(&mut self, _ts_ns: u64) {
        self.ticks += 1;
    }

    fn lost(&mut self, place: Lost, packets: u64) {
        assert_eq!(place, Lost::FileCut);
        self.lost += packets;
    }
}

/// A file of this thread's own, written over by each input.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch(std::env::temp_dir().join(format!(
        "otus-hostile-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ))));
}

pub fn run(input: &[u8]) {
    SCRATCH.with_borrow(|scratch| {
        std::fs::write(&scratch.0, input).expect("room in the temporary folder");
        read(&scratch.0, input);
    });
}

fn read(path: &PathBuf, input: &[u8]) {
    let mut files = match Files::open(&[path]) {
        Ok(files) => files,
        Err(error) => return one_line(&error.to_string()),
    };
    let plain = files.again().is_some();
    let mut check = Check { file: plain.then_some(input), packets: 0, bytes: 0, ticks: 0, lost: 0 };
    // A record takes 16 bytes at least, also a tick; what is packed unpacks to a few hundred times as much.
    let most = 2 + if plain { input.len() } else { input.len() * 2048 };
    let mut reads = 0;
    while files.read(7, &mut check) != tap::Progress::End {
        reads += 1;
        assert!(reads <= most, "it does not end");
    }
    assert!(!plain || check.bytes <= input.len(), "{} bytes of packets", check.bytes);
    let told = (check.packets, check.ticks, check.lost);
    assert_eq!(files.read(7, &mut check), tap::Progress::End);
    assert_eq!((check.packets, check.ticks, check.lost), told, "there is something behind the end");
    let counters = files.counters();
    assert_eq!((counters[0].received, counters[0].cut), (check.packets, check.lost));
    let warnings = files.warnings();
    assert!(warnings.len() <= 1 && check.lost <= warnings.len() as u64, "{warnings:?}");
    warnings.iter().for_each(|warning| one_line(warning));
}

fn one_line(text: &str) {
    assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
}
