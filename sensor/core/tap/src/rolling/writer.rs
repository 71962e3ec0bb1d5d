//! The thread that writes a rolling capture.

use super::shelf::Shelf;
use super::Shared;
use crate::error::{printable, unwritable, Error};
use crate::writer::whole_blocks;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::Arc;

/// Whole blocks of one file.
pub(super) struct Chunk {
    pub file: u64,
    /// Time of the file's first packet: its name.
    pub began_ns: u64,
    pub bytes: Vec<u8>,
}

impl Chunk {
    pub(super) fn packets(&self) -> u64 {
        whole_blocks(&self.bytes).1
    }
}

/// Files, quota, and the one that is being written.
pub(super) struct Desk {
    shelf: Shelf,
    quota_bytes: u64,
    file_bytes: u64,
    shared: Arc<Shared>,
    open: Option<Open>,
    /// Pieces of this file are not taken any more.
    given_up: u64,
    failing: bool,
}

struct Open {
    number: u64,
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Desk {
    pub(super) fn open(folder: &Path, quota_bytes: u64, file_bytes: u64, shared: Arc<Shared>) -> Result<Self, Error> {
        let shelf = Shelf::open(folder)?;
        let mut desk = Self { shelf, quota_bytes, file_bytes, shared, open: None, given_up: 0, failing: false };
        desk.make_room();
        Ok(desk)
    }

    pub(super) fn work(mut self, receiver: &Receiver<Chunk>) {
        while let Ok(chunk) = receiver.recv() {
            let packets = chunk.packets();
            match self.write(&chunk) {
                Ok(true) => {
                    self.shared.written.fetch_add(packets, Ordering::Relaxed);
                }
                Ok(false) => {
                    self.shared.lost.fetch_add(packets, Ordering::Relaxed);
                }
                Err((path, error)) => self.give_up(&chunk, &path, &error),
            }
            self.tell();
        }
        self.end();
        self.tell();
    }

    /// Whether the piece was written.
    fn write(&mut self, chunk: &Chunk) -> Result<bool, (PathBuf, io::Error)> {
        if chunk.file == self.given_up {
            return Ok(false);
        }
        if self.open.as_ref().is_none_or(|open| open.number != chunk.file) {
            self.end();
            self.make_room();
            let (path, file) = self.shelf.create(chunk.began_ns)?;
            self.open = Some(Open { number: chunk.file, path, file, bytes: 0 });
        }
        let Some(open) = self.open.as_mut() else { return Ok(false) };
        open.file.write_all(&chunk.bytes).map_err(|error| (open.path.clone(), error))?;
        open.bytes += chunk.bytes.len() as u64;
        if std::mem::take(&mut self.failing) {
            self.shared.warn(format!("{}: the capture is recorded again", printable(&open.path)));
        }
        Ok(true)
    }

    /// The disk is full, or gone: what stands in the file can be read; the next file is tried again.
    fn give_up(&mut self, chunk: &Chunk, path: &Path, error: &io::Error) {
        self.shared.lost.fetch_add(chunk.packets(), Ordering::Relaxed);
        self.given_up = chunk.file;
        self.shared.broken.store(chunk.file, Ordering::Relaxed);
        if !std::mem::replace(&mut self.failing, true) {
            let line = unwritable(&printable(path), error);
            self.shared.warn(format!("{line}; capture goes on, but is not recorded"));
        }
        if let Some(open) = &self.open {
            // Half a block at the end would only puzzle a reader; if even this fails it is no worse.
            let _ = open.file.set_len(open.bytes);
        }
        self.end();
        // Others may have filled the disk: then even our own quota is too much, and the oldest of ours has to go.
        if error.kind() == io::ErrorKind::StorageFull && self.shelf.delete_oldest().is_some() {
            self.shared.deleted.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn end(&mut self) {
        let Some(open) = self.open.take() else { return };
        self.shelf.add(open.path, open.bytes);
        if let Err(error) = open.file.sync_data() {
            self.shared.warn(format!("the capture may not be on the disk: {error}"));
        }
    }

    /// Oldest first, until one more file has its place.
    fn make_room(&mut self) {
        while self.shelf.bytes() + self.file_bytes > self.quota_bytes && self.shelf.delete_oldest().is_some() {
            self.shared.deleted.fetch_add(1, Ordering::Relaxed);
        }
        let used = self.shelf.bytes();
        self.shared.pressed.store(used + used / 3 >= self.quota_bytes, Ordering::Relaxed);
        self.tell();
    }

    fn tell(&self) {
        let open = self.open.as_ref().map_or(0, |open| open.bytes);
        self.shared.used_bytes.store(self.shelf.bytes() + open, Ordering::Relaxed);
    }
}
