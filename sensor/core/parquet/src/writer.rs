//! A file from its first byte to its last, as batches come.

use wire::columns::Batch;
use wire::hash::Map;

use crate::chunk::{Chunk, Told};
use crate::footer::{footer, Group, Head};
use crate::page::Press;
use crate::{GROUP_BYTES, GROUP_ROWS};

const MAGIC: &[u8] = b"PAR1";

/// Columns whose numbers rise from row to row.
const RISING: [&str; 3] = ["@timestamp", "frame.number", "request.frame.number"];

/// Takes batches and gives the file's bytes, piece by piece. A batch may have columns that none before it had: they are
/// empty in all rows of before, which is written at the end.
pub struct Writer {
    columns: Vec<Head>,
    /// Of the group that is under way, by the place of their column.
    chunks: Vec<Chunk>,
    rows: usize,
    groups: Vec<Group>,
    /// Bytes given so far.
    position: u64,
    pieces: Vec<Vec<u8>>,
    press: Press,
    most_rows: usize,
    most_bytes: usize,
}

impl Default for Writer {
    fn default() -> Self {
        Self::with_groups(GROUP_ROWS, GROUP_BYTES)
    }
}

impl Writer {
    /// Groups of so many rows and bytes at most.
    pub fn with_groups(most_rows: usize, most_bytes: usize) -> Self {
        let (position, pieces) = (MAGIC.len() as u64, vec![MAGIC.to_vec()]);
        let (columns, chunks, groups) = (Vec::new(), Vec::new(), Vec::new());
        Self { columns, chunks, rows: 0, groups, position, pieces, press: Press::default(), most_rows, most_bytes }
    }

    pub fn columns(&self) -> &[Head] {
        &self.columns
    }

    /// The next rows; what is to be written now, in this order, which is little or a whole group.
    pub fn put(&mut self, batch: Batch) -> Vec<Vec<u8>> {
        if self.rows.saturating_add(batch.rows) > self.most_rows {
            self.end_group();
        }
        self.admit(&batch);
        let (rows, given) = (batch.rows, batch.columns.len());
        for (chunk, column) in self.chunks.iter_mut().zip(batch.columns) {
            chunk.push(column.data, &mut self.press);
        }
        self.chunks.iter_mut().skip(given).for_each(|chunk| chunk.skip(rows));
        self.rows = self.rows.saturating_add(rows);
        if self.chunks.iter().map(Chunk::held).sum::<usize>() >= self.most_bytes {
            self.end_group();
        }
        std::mem::take(&mut self.pieces)
    }

    /// What is left, and the index. `notes`: what else readers may want to know, by name.
    pub fn finish(mut self, notes: &[(&str, &str)]) -> Vec<Vec<u8>> {
        self.end_group();
        self.fill_up();
        let index = footer(&self.columns, &self.groups, notes);
        let len = u32::try_from(index.len()).unwrap_or(u32::MAX).to_le_bytes();
        self.pieces.extend([index, len.to_vec(), MAGIC.to_vec()]);
        self.pieces
    }

    /// The order of columns is that of the last batch.
    fn admit(&mut self, batch: &Batch) {
        let heads: Vec<Head> = batch.columns.iter().map(Head::of).collect();
        if self.columns.starts_with(&heads) {
            return;
        }
        let before = std::mem::take(&mut self.columns);
        let chunks = std::mem::take(&mut self.chunks);
        let mut known: Map<&str, Chunk> = before.iter().map(|head| head.name).zip(chunks).collect();
        let gone = before.into_iter().filter(|old| heads.iter().all(|head| head.name != old.name));
        self.columns = heads.iter().copied().chain(gone).collect();
        let chunk = |head: &Head| known.remove(head.name).unwrap_or_else(|| fresh(head, self.rows));
        self.chunks = self.columns.iter().map(chunk).collect();
    }

    fn end_group(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        if rows == 0 {
            return;
        }
        let next = self.columns.iter().map(|head| fresh(head, 0)).collect();
        let chunks = std::mem::replace(&mut self.chunks, next);
        let mut told = Map::default();
        for (chunk, head) in chunks.into_iter().zip(self.columns.clone()) {
            told.insert(head.name, self.write(chunk));
        }
        self.groups.push(Group { rows, chunks: told });
    }

    fn write(&mut self, chunk: Chunk) -> Told {
        let (first, pages, mut told) = chunk.end(&mut self.press);
        told.at = self.position;
        self.position += told.bytes;
        self.pieces.extend([first, pages].into_iter().filter(|piece| !piece.is_empty()));
        told
    }

    /// Groups from before a column was seen first get one without values.
    fn fill_up(&mut self) {
        let mut groups = std::mem::take(&mut self.groups);
        for group in &mut groups {
            for head in self.columns.clone() {
                if !group.chunks.contains_key(head.name) {
                    let told = self.write(fresh(&head, group.rows));
                    group.chunks.insert(head.name, told);
                }
            }
        }
        self.groups = groups;
    }
}

/// A chunk that begins with so many rows without a value.
fn fresh(head: &Head, rows: usize) -> Chunk {
    let mut chunk = Chunk::new(head.many, RISING.contains(&head.name));
    chunk.skip(rows);
    chunk
}
