//! The files of a rolling capture on the disk, oldest first.

use crate::error::{printable, unwritable, Error};
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const PREFIX: &str = "capture-";
const SUFFIX: &str = ".pcapng";

pub(super) struct Shelf {
    folder: PathBuf,
    files: VecDeque<(PathBuf, u64)>,
    bytes: u64,
    last_number: u64,
}

impl Shelf {
    /// Make the folder, or find what earlier runs left in it. Other files there are left alone.
    pub(super) fn open(folder: &Path) -> Result<Self, Error> {
        let refused = |error: io::Error| unwritable(&printable(folder), &error);
        fs::create_dir_all(folder).map_err(refused)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).map_err(refused)? {
            let entry = entry.map_err(refused)?;
            if let (Some(number), Ok(metadata)) = (number_of(&entry.path()), entry.metadata()) {
                found.push((number, entry.path(), metadata.len()));
            }
        }
        found.sort_unstable();
        let last_number = found.last().map_or(0, |(number, ..)| *number);
        let bytes = found.iter().map(|(_, _, bytes)| bytes).sum();
        let files = found.into_iter().map(|(_, path, bytes)| (path, bytes)).collect();
        Ok(Self { folder: folder.to_owned(), files, bytes, last_number })
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A new file, named so that names sort as files were written, whatever the clock did.
    pub(super) fn create(&mut self, began_ns: u64) -> Result<(PathBuf, File), (PathBuf, io::Error)> {
        self.last_number += 1;
        let seconds = began_ns / 1_000_000_000;
        let path = self.folder.join(format!("{PREFIX}{:08}-{seconds}{SUFFIX}", self.last_number));
        match File::options().write(true).create_new(true).open(&path) {
            Ok(file) => Ok((path, file)),
            Err(error) => Err((path, error)),
        }
    }

    pub(super) fn add(&mut self, path: PathBuf, bytes: u64) {
        self.bytes += bytes;
        self.files.push_back((path, bytes));
    }

    /// Bytes that became free; `None` when there is nothing left. A file that somebody else deleted frees its share.
    pub(super) fn delete_oldest(&mut self) -> Option<u64> {
        let (path, bytes) = self.files.pop_front()?;
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => {
                // It cannot be deleted (now): it still counts, and nothing else is deleted in its place.
                self.files.push_front((path, bytes));
                return None;
            }
        }
        self.bytes = self.bytes.saturating_sub(bytes);
        Some(bytes)
    }
}

fn number_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.split('-').next()?.parse().ok()
}
