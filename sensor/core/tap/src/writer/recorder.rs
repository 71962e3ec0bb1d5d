//! A tee: everything that passes on its way to the sink is also written down.

use super::blocks::Remark;
use super::pcapng::PcapngWriter;
use crate::Error;
use std::io::Write;
use wire::packet::{Lost, Packet, Sink};

/// What a [`Recorder`] writes on: one file, a row of files, a queue to a thread that writes.
pub trait Tape {
    /// # Errors
    /// When the packet could not be written down.
    fn packet(&mut self, packet: &Packet<'_>) -> Result<(), Error>;
    /// # Errors
    /// When the tick could not be written down.
    fn tick(&mut self, ts_ns: u64) -> Result<(), Error>;
}

impl<W: Write> Tape for PcapngWriter<W> {
    #[inline]
    fn packet(&mut self, packet: &Packet<'_>) -> Result<(), Error> {
        self.write(packet, &Remark::default())
    }

    fn tick(&mut self, ts_ns: u64) -> Result<(), Error> {
        PcapngWriter::tick(self, ts_ns)
    }
}

/// Passes packets, ticks and losses on to `sink`, and writes packets and ticks on a tape first, in the same order: read
/// again, the tape gives the sink the same sequence.
///
/// A tape that fails never stops what passes. What it refused is counted; its error is said once, and once more after
/// it has taken something again. What a tape took and then could not keep is its own to count
/// ([`PcapngWriter::packets`] is what was kept).
pub struct Recorder<'a, S: Sink, T: Tape> {
    sink: &'a mut S,
    tape: &'a mut T,
    account: &'a mut Account,
}

/// What became of a recording so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Packets that the tape took.
    pub recorded: u64,
    /// Packets that it refused.
    pub missed: u64,
    /// Why, one clear line each time it began to refuse; take them with `std::mem::take`.
    pub warnings: Vec<String>,
    failing: bool,
}

impl Account {
    #[inline]
    fn note(&mut self, packets: u64, written: Result<(), Error>) {
        match written {
            Ok(()) => {
                self.recorded += packets;
                self.failing = false;
            }
            Err(error) => self.refused(packets, &error),
        }
    }

    #[cold]
    fn refused(&mut self, packets: u64, error: &Error) {
        self.missed += packets;
        if !std::mem::replace(&mut self.failing, true) {
            self.warnings.push(format!("{error}; capture goes on, but is not recorded"));
        }
    }
}

impl<'a, S: Sink, T: Tape> Recorder<'a, S, T> {
    pub fn new(sink: &'a mut S, tape: &'a mut T, account: &'a mut Account) -> Self {
        Self { sink, tape, account }
    }
}

impl<S: Sink, T: Tape> Sink for Recorder<'_, S, T> {
    #[inline]
    fn packet(&mut self, packet: &Packet<'_>) {
        self.account.note(1, self.tape.packet(packet));
        self.sink.packet(packet);
    }

    fn tick(&mut self, ts_ns: u64) {
        self.account.note(0, self.tape.tick(ts_ns));
        self.sink.tick(ts_ns);
    }

    fn lost(&mut self, place: Lost, packets: u64) {
        self.sink.lost(place, packets);
    }
}
