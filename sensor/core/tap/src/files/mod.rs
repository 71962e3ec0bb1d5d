//! Capture files, merged by time.

mod buffer;
mod open;
mod pcap;
mod pcapng;
mod record;
mod resolution;
mod zstd;

use crate::error::{printable, Error};
use crate::{Counters, Progress};
use buffer::Buffer;
use open::Format;
use record::{Record, Stop};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use wire::packet::{Lost, Packet, Sink};

/// Buffer of a single file, and of all files together where there are many.
const MOST_BUFFER_BYTES: usize = 1024 * 1024;
const ALL_BUFFERS_BYTES: usize = 64 * 1024 * 1024;
const LEAST_BUFFER_BYTES: usize = 64 * 1024;

/// A list of capture files, read as one stream.
///
/// Several files are merged by packet time; equal times keep the order of the list, and within one file the order of
/// its records is kept whatever their times say. Ticks that a file of ours has recorded come back at their place. A
/// file that is damaged or cut off ends there, with a warning; the others go on.
pub struct Files {
    inputs: Vec<Input>,
    /// The next packet of each file that has one to show, earliest first.
    order: BinaryHeap<Reverse<(u64, u16)>>,
    /// Files whose next packet has not been looked at yet.
    unseen: Vec<u16>,
    warnings: Vec<String>,
    latest_ns: u64,
    last_tick_given: bool,
    stop: Arc<AtomicBool>,
}

struct Input {
    name: String,
    /// Where its bytes can be read again: a plain file.
    again: Option<PathBuf>,
    buffer: Buffer,
    format: Format,
    next: Option<Record>,
    received: u64,
    cut: u64,
}

impl Files {
    /// Open all of them, so that a wrong path is told before anything is read. `-` is standard input.
    ///
    /// # Errors
    /// For the first path that cannot be opened or is not a capture.
    pub fn open<P: AsRef<Path>>(paths: &[P]) -> Result<Self, Error> {
        if paths.is_empty() {
            return Err(Error::new("no capture file given; name at least one, or - for standard input"));
        }
        let Ok(count) = u16::try_from(paths.len()) else {
            return Err(Error::new(format!("{} files are more than the {} that go at once", paths.len(), u16::MAX)));
        };
        if paths.iter().filter(|path| path.as_ref().as_os_str() == "-").count() > 1 {
            return Err(Error::about("-", "standard input can be given only once"));
        }
        let buffer_bytes = (ALL_BUFFERS_BYTES / paths.len()).clamp(LEAST_BUFFER_BYTES, MOST_BUFFER_BYTES);
        let mut inputs = Vec::with_capacity(paths.len());
        for path in paths {
            let (buffer, format, plain) = open::open(path.as_ref(), buffer_bytes)?;
            let name = printable(path.as_ref());
            let again = plain.then(|| path.as_ref().to_owned());
            inputs.push(Input { name, again, buffer, format, next: None, received: 0, cut: 0 });
        }
        Ok(Self {
            inputs,
            order: BinaryHeap::with_capacity(paths.len()),
            unseen: (0..count).rev().collect(),
            warnings: Vec::new(),
            latest_ns: 0,
            last_tick_given: false,
            stop: Arc::new(AtomicBool::new(false)),
        })
    }

    /// Hand up to `max_packets` (and ticks) to the sink. `Idle` only where a pipe has nothing to give yet.
    ///
    /// After the last packet comes one tick at the greatest time seen, then `End`, and `End` again on further calls.
    pub fn read<S: Sink>(&mut self, max_packets: usize, sink: &mut S) -> Progress {
        if self.stop.load(Ordering::Relaxed) {
            return self.finish(sink);
        }
        let mut left = max_packets;
        loop {
            while let Some(index) = self.unseen.pop() {
                if self.look(index, sink) == Look::Wait {
                    self.unseen.push(index);
                    return Progress::Idle;
                }
            }
            let Some(Reverse((ts_ns, index))) = self.order.pop() else {
                return self.finish(sink);
            };
            if left == 0 {
                self.order.push(Reverse((ts_ns, index)));
                return Progress::More;
            }
            let rival = self.order.peek().map(|Reverse(key)| *key);
            let look = self.run(index, rival, &mut left, sink);
            match look {
                Look::Packet(ts_ns) => self.order.push(Reverse((ts_ns, index))),
                Look::Wait => self.unseen.push(index),
                Look::Done => {}
            }
        }
    }

    /// Deliver from one file for as long as its packets come before those of all others.
    #[inline]
    fn run<S: Sink>(&mut self, index: u16, rival: Option<(u64, u16)>, left: &mut usize, sink: &mut S) -> Look {
        let input = &mut self.inputs[usize::from(index)];
        loop {
            let Some(record) = input.next.take() else { return Look::Done };
            self.latest_ns = self.latest_ns.max(record.ts_ns);
            if record.is_tick() {
                sink.tick(record.ts_ns);
                input.buffer.consume(record.total as usize);
            } else {
                input.deliver(index, &record, sink);
            }
            *left -= 1;
            match input.format.next(&mut input.buffer) {
                Ok(next) => {
                    input.next = Some(next);
                    if *left == 0 || rival.is_some_and(|rival| rival < (next.ts_ns, index)) {
                        return Look::Packet(next.ts_ns);
                    }
                }
                Err(stop) => return input.stop(stop, &mut self.warnings, sink),
            }
        }
    }

    /// Find out when the next packet of a file was captured.
    fn look<S: Sink>(&mut self, index: u16, sink: &mut S) -> Look {
        let input = &mut self.inputs[usize::from(index)];
        match input.format.next(&mut input.buffer) {
            Ok(next) => {
                input.next = Some(next);
                self.order.push(Reverse((next.ts_ns, index)));
                Look::Packet(next.ts_ns)
            }
            Err(stop) => input.stop(stop, &mut self.warnings, sink),
        }
    }

    fn finish<S: Sink>(&mut self, sink: &mut S) -> Progress {
        if !self.last_tick_given {
            self.last_tick_given = true;
            sink.tick(self.latest_ns);
        }
        Progress::End
    }

    /// Set it from anywhere: the next `read` ends, with its last tick.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// One entry per file.
    pub fn counters(&self) -> Vec<Counters> {
        let of = |input: &Input| Counters { received: input.received, cut: input.cut, ..Counters::default() };
        self.inputs.iter().map(of).collect()
    }

    /// What went wrong since the last call, one clear line each.
    pub fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// The paths, where every one of them is a plain file: `Packet::offset` is then a place in it. `None` when one is
    /// packed or a pipe.
    pub fn again(&self) -> Option<Vec<PathBuf>> {
        self.inputs.iter().map(|input| input.again.clone()).collect()
    }

    /// The paths as they were given, fit for a one-line message.
    pub fn names(&self) -> Vec<String> {
        self.inputs.iter().map(|input| input.name.clone()).collect()
    }
}

/// What a file has to show.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Packet(u64),
    Wait,
    Done,
}

impl Input {
    #[inline(always)]
    fn deliver<S: Sink>(&mut self, index: u16, record: &Record, sink: &mut S) {
        self.received += 1;
        let begin = record.data_at as usize;
        sink.packet(&Packet {
            ts_ns: record.ts_ns,
            number: self.received,
            input: index,
            link: record.link,
            wire_len: record.wire_len,
            data: &self.buffer.bytes()[begin..begin + record.data_len as usize],
            vlan: None,
            offset: self.buffer.position() + begin as u64,
        });
        self.buffer.consume(record.total as usize);
    }

    #[cold]
    fn stop<S: Sink>(&mut self, stop: Stop, warnings: &mut Vec<String>, sink: &mut S) -> Look {
        let name = &self.name;
        let byte = self.buffer.position();
        let after = self.received;
        match stop {
            Stop::Wait => return Look::Wait,
            Stop::End => {
                if let Some(trouble) = self.buffer.trouble() {
                    warnings.push(format!("{name}: ends early at byte {byte}, after packet {after}: {trouble}"));
                }
            }
            Stop::Cut { packet } => {
                let trouble = self.buffer.trouble().unwrap_or("the file is cut off; copy it again from its source");
                let lost = if packet { "; one packet is lost" } else { "" };
                warnings.push(format!(
                    "{name}: ends inside a record at byte {byte}, after packet {after}{lost}: {trouble}"
                ));
                if packet {
                    self.cut += 1;
                    sink.lost(Lost::FileCut, 1);
                }
            }
            Stop::Damaged(what) => warnings.push(format!(
                "{name}: damaged at byte {byte}, after packet {after}: {what}; the rest of this file is not read"
            )),
        }
        Look::Done
    }
}
