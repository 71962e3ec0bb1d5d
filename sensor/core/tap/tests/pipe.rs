//! Standard input and named pipes: read as they come, without waiting for a full buffer.
//! One test in this file, because it exchanges the process's standard input.
#![allow(clippy::unwrap_used, clippy::panic)] // in tests both say what went wrong

mod common;

use common::*;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;
use tap::{Files, Progress};

fn drip(pipe: &mut impl Write, bytes: &[u8]) {
    pipe.write_all(bytes).unwrap();
    pipe.flush().unwrap();
}

/// Read until something has happened, and say how often there was nothing.
fn until(files: &mut Files, sink: &mut Keep, packets: usize) -> usize {
    let mut idle = 0;
    while sink.packets.len() < packets {
        match files.read(100, sink) {
            Progress::Idle => idle += 1,
            Progress::More => {}
            Progress::End => break,
        }
        assert!(idle < 100, "nothing for ten seconds");
    }
    idle
}

#[test]
fn standard_input_is_read_as_it_comes() {
    let folder = Folder::new();
    let earlier = folder.file("earlier", &pcap(false, 0xa1b2_c3d4, &[(1, 0, 60, b"e1"), (6, 0, 60, b"e2")]));
    let file = pcap(false, 0xa1b2_c3d4, &[(5, 0, 60, b"one"), (7, 0, 60, b"two")]);
    let (reader, mut writer) = std::io::pipe().unwrap();
    let reader = OwnedFd::from(reader);
    // SAFETY: both are live descriptors; nothing else in this process reads standard input.
    assert_eq!(unsafe { libc::dup2(reader.as_raw_fd(), 0) }, 0);
    drop(reader);
    drip(&mut writer, &file[..24]);
    let mut files = Files::open(&["-", earlier.to_str().unwrap()]).unwrap();
    assert_eq!(files.names()[0], "-");
    let mut sink = Keep::default();
    assert_eq!(files.read(100, &mut sink), Progress::Idle, "the order is not known yet");
    drip(&mut writer, &file[24..40]);
    assert_eq!(files.read(100, &mut sink), Progress::Idle);
    drip(&mut writer, &file[40..45]);
    until(&mut files, &mut sink, 2);
    assert_eq!(sink.packets.iter().map(|packet| &packet.data[..]).collect::<Vec<_>>(), [&b"e1"[..], b"one"]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(250));
            drip(&mut writer, &file[45..]);
            drop(writer);
        });
        assert!(until(&mut files, &mut sink, 4) >= 1, "a silent pipe gives the caller time to look around");
    });
    while files.read(100, &mut sink) != Progress::End {}
    assert_eq!(sink.packets.iter().map(|packet| packet.input).collect::<Vec<_>>(), [1, 0, 1, 0]);
    assert_eq!(files.warnings(), Vec::<String>::new());

    // The same through a named pipe, packed.
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&file).unwrap();
    let packed = encoder.finish().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut pipe = File::create(&path).unwrap();
            for byte in &packed {
                drip(&mut pipe, &[*byte]);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let (sink, warnings) = read_all(&[&path], 1);
        assert_eq!((sink.packets.len(), warnings), (2, vec![]));
    });
}
