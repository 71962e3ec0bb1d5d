//! Files or interfaces: what the seam drives, and what it reports about them.

use crate::{Error, Files, Live};
use std::sync::atomic::AtomicBool;
use std::sync::Arc;
use std::time::Duration;
use wire::packet::Sink;

/// What a call of `read` came back for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// There is more to read at once.
    More,
    /// Nothing came within the time given: ask again.
    Idle,
    /// All inputs have ended and the last tick has been given.
    End,
}

/// What happened on one input so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets handed to the sink.
    pub received: u64,
    /// Packets that the kernel dropped because the ring was full. Also told to `Sink::lost`.
    pub dropped_kernel: u64,
    /// Packets of a cut-off file record. Also told to `Sink::lost`.
    pub cut: u64,
    /// Packets that came too late for their place in the merge, or behind a tick. Also told to `Sink::lost`, although
    /// they were delivered all the same.
    pub late: u64,
    /// Packets that the interface sent since we opened it: 0 on a capture port.
    pub transmitted: u64,
    /// What the interface's transmit counter said when we opened it.
    pub transmitted_before: u64,
    /// Packets that the interface itself dropped since we opened it (`rx_dropped` and `rx_missed_errors`).
    pub nic_dropped: u64,
}

impl Counters {
    /// One account of two rings of an interface.
    pub(crate) fn add(&mut self, other: &Counters) {
        self.received += other.received;
        self.dropped_kernel += other.dropped_kernel;
        self.cut += other.cut;
        self.late += other.late;
        self.transmitted += other.transmitted;
        self.transmitted_before += other.transmitted_before;
        self.nic_dropped += other.nic_dropped;
    }
}

/// Where packets come from.
pub enum Source {
    Files(Files),
    Live(Live),
}

impl Source {
    /// Hand up to `max_packets` to the sink; come back after `timeout` when nothing comes.
    ///
    /// # Errors
    /// When no input is left that could ever give a packet, although none came to a proper end.
    pub fn read<S: Sink>(&mut self, max_packets: usize, timeout: Duration, sink: &mut S) -> Result<Progress, Error> {
        match self {
            Source::Files(files) => Ok(files.read(max_packets, sink)),
            Source::Live(live) => live.read(max_packets, timeout, sink),
        }
    }

    /// One entry per input, in the order they were given.
    pub fn counters(&self) -> Vec<Counters> {
        match self {
            Source::Files(files) => files.counters(),
            Source::Live(live) => live.counters(),
        }
    }

    /// What went wrong since the last call, one clear line each.
    pub fn warnings(&mut self) -> Vec<String> {
        match self {
            Source::Files(files) => files.warnings(),
            Source::Live(live) => live.warnings(),
        }
    }

    /// The inputs as they were given: `Packet.input` is an index into this list.
    pub fn names(&self) -> Vec<String> {
        match self {
            Source::Files(files) => files.names(),
            Source::Live(live) => live.names(),
        }
    }

    /// Set it from anywhere (a signal's handler, another thread): `read` then comes to its `End`. Interfaces deliver
    /// first what their rings hold; of files, the rest is not read.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        match self {
            Source::Files(files) => files.stop_flag(),
            Source::Live(live) => live.stop_flag(),
        }
    }

    /// One line per interface on what its driver does to frames before we see them. Nothing for files.
    pub fn offloads(&self) -> Vec<String> {
        match self {
            Source::Files(_) => Vec::new(),
            Source::Live(live) => live.offloads(),
        }
    }
}
