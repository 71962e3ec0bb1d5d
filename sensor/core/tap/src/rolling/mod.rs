//! A rolling capture: everything that passes, in files of bounded size, within a quota; the oldest go.
//!
//! The thread that captures only copies; another one writes. What it cannot take in time is counted and never waited
//! for. Under pressure the payload of bulk transfers that no plant protocol speaks goes first ([`Thinner`]).

mod shelf;
mod thin;
mod writer;

use crate::error::Error;
use crate::{PcapngWriter, Remark, Tape};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{sync_channel, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use thin::Thinner;
use wire::packet::Packet;
use writer::{Chunk, Desk};

/// Pieces of a quarter of a megabyte that may wait for the disk: 32 MiB, a fifth of a second of a full gigabit. Beyond
/// it packets are lost to the recording, counted, and a new file begins.
const CHUNKS: usize = 128;
/// A file is this part of the quota (so that deleting one frees little), within bounds.
const FILES_PER_QUOTA: u64 = 64;
const LEAST_FILE_BYTES: u64 = 128 * 1024;
const MOST_FILE_BYTES: u64 = 256 * 1024 * 1024;
/// A file is full when its last piece has come: by so much it may be longer.
const SLACK_BYTES: u64 = 512 * 1024;
/// What was captured is handed to the writing thread at least this often (packet time or ticks).
const FLUSH_NS: u64 = 1_000_000_000;

/// How a rolling capture fares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recording {
    /// Packets that stand on the disk.
    pub written: u64,
    /// Packets that the disk was too slow or too full for.
    pub lost: u64,
    /// Packets of bulk transfers of which only the headers were kept, and the bytes that saved.
    pub thinned: u64,
    pub thinned_bytes: u64,
    /// Files deleted to stay within the quota.
    pub deleted: u64,
    /// Bytes on the disk now.
    pub used_bytes: u64,
}

/// What both threads know.
#[derive(Default)]
struct Shared {
    written: AtomicU64,
    lost: AtomicU64,
    deleted: AtomicU64,
    used_bytes: AtomicU64,
    /// Number of the last file that could not be written to its end.
    broken: AtomicU64,
    /// The quota is nearly used up.
    pressed: AtomicBool,
    warnings: Mutex<Vec<String>>,
}

impl Shared {
    fn warn(&self, line: String) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

/// A [`Tape`] that rolls. Files are called `capture-<number>-<time>.pcapng`; those of earlier runs count too.
pub struct Rolling {
    writer: Option<PcapngWriter<Queue>>,
    names: Vec<String>,
    file_bytes: u64,
    flush_ns: u64,
    thinner: Thinner,
    thinned: u64,
    thinned_bytes: u64,
    shared: Arc<Shared>,
    sender: Option<SyncSender<Chunk>>,
    thread: Option<JoinHandle<()>>,
    /// Number of the file that is being filled; they count from 1.
    file: u64,
}

impl Rolling {
    /// `names` are those of the inputs.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(folder: &Path, quota_bytes: u64, names: &[String]) -> Result<Self, Error> {
        let shared = Arc::new(Shared::default());
        let file_bytes = (quota_bytes / FILES_PER_QUOTA).clamp(LEAST_FILE_BYTES, MOST_FILE_BYTES);
        let desk = Desk::open(folder, quota_bytes, file_bytes + SLACK_BYTES, Arc::clone(&shared))?;
        let (sender, receiver) = sync_channel(CHUNKS);
        let thread = std::thread::Builder::new()
            .name("otus-capture".to_owned())
            .spawn(move || desk.work(&receiver))
            .map_err(|error| Error::new(format!("no thread to write the capture with: {error}")))?;
        Ok(Self {
            writer: None,
            names: names.to_vec(),
            file_bytes,
            flush_ns: 0,
            thinner: Thinner::default(),
            thinned: 0,
            thinned_bytes: 0,
            shared,
            sender: Some(sender),
            thread: Some(thread),
            file: 0,
        })
    }

    pub fn state(&self) -> Recording {
        Recording {
            written: self.shared.written.load(Ordering::Relaxed),
            lost: self.shared.lost.load(Ordering::Relaxed),
            thinned: self.thinned,
            thinned_bytes: self.thinned_bytes,
            deleted: self.shared.deleted.load(Ordering::Relaxed),
            used_bytes: self.shared.used_bytes.load(Ordering::Relaxed),
        }
    }

    /// What went wrong since the last call, one clear line each.
    pub fn warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Bring everything to the disk, and wait for it.
    pub fn close(&mut self) {
        self.end_file();
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            if thread.join().is_err() {
                self.shared.warn("the capture's writing thread failed; the recording ends early".to_owned());
            }
        }
    }

    fn end_file(&mut self) {
        if let Some(mut writer) = self.writer.take() {
            // The queue takes everything and counts what it cannot pass on.
            let _ = writer.flush();
        }
    }

    /// The file to write to: a new one when the last is full, or was broken off.
    #[inline]
    fn writer(&mut self, ts_ns: u64) -> Option<&mut PcapngWriter<Queue>> {
        let broken = self.shared.broken.load(Ordering::Relaxed) == self.file;
        if broken || self.writer.as_ref().is_none_or(|writer| writer.bytes() >= self.file_bytes) {
            self.next_file(ts_ns);
        } else if ts_ns >= self.flush_ns {
            self.flush_ns = ts_ns.saturating_add(FLUSH_NS);
            if let Some(writer) = self.writer.as_mut() {
                let _ = writer.flush();
            }
        }
        self.writer.as_mut()
    }

    #[cold]
    fn next_file(&mut self, ts_ns: u64) {
        self.end_file();
        let Some(sender) = self.sender.clone() else { return };
        self.file += 1;
        self.flush_ns = ts_ns.saturating_add(FLUSH_NS);
        let queue = Queue { sender, shared: Arc::clone(&self.shared), file: self.file, began_ns: ts_ns };
        self.writer = Some(PcapngWriter::new(queue, "capture", &self.names));
    }
}

impl Tape for Rolling {
    #[inline]
    fn packet(&mut self, packet: &Packet<'_>) -> Result<(), Error> {
        let mut packet = *packet;
        if self.shared.pressed.load(Ordering::Relaxed) {
            let kept = self.thinner.keep(&packet);
            if let Some(front) = packet.data.get(..kept).filter(|front| front.len() < packet.data.len()) {
                self.thinned += 1;
                self.thinned_bytes += (packet.data.len() - front.len()) as u64;
                packet.data = front;
            }
        }
        match self.writer(packet.ts_ns) {
            Some(writer) => writer.write(&packet, &Remark::default()),
            None => Ok(()),
        }
    }

    fn tick(&mut self, ts_ns: u64) -> Result<(), Error> {
        match self.writer(ts_ns) {
            Some(writer) => writer.tick(ts_ns),
            None => Ok(()),
        }
    }
}

impl Drop for Rolling {
    fn drop(&mut self) {
        self.close();
    }
}

/// Hands pieces to the writing thread, and never waits for it.
struct Queue {
    sender: SyncSender<Chunk>,
    shared: Arc<Shared>,
    file: u64,
    began_ns: u64,
}

impl std::io::Write for Queue {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let chunk = Chunk { file: self.file, began_ns: self.began_ns, bytes: bytes.to_vec() };
        if let Err(refused) = self.sender.try_send(chunk) {
            let (std::sync::mpsc::TrySendError::Full(chunk) | std::sync::mpsc::TrySendError::Disconnected(chunk)) =
                refused;
            self.shared.lost.fetch_add(chunk.packets(), Ordering::Relaxed);
            // What follows in this file could not be read without what is missing: it ends here.
            if self.shared.broken.swap(self.file, Ordering::Relaxed) != self.file {
                self.shared.warn("the disk is too slow for the capture: packets are lost to the recording".to_owned());
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
