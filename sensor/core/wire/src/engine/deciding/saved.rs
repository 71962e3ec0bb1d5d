//! What spans conversations, after a restart: counts (`correlation/saved.rs`) and open folds (`fold/saved.rs`).

use super::{Deciding, NUMBER};
use crate::baseline::saved::{Reader, Writer};
use crate::engine::Before;
use crate::fold::Folder;
use crate::rules::Rules;

impl Deciding {
    pub fn write(&self, out: &mut Writer) {
        self.folder.write(out);
        self.correlator.write(out);
    }

    /// Put in what was written.
    pub fn restore(&mut self, rows: &mut Reader<'_>, before: &Before, rules: &Rules) -> Option<()> {
        self.folder = Folder::read(NUMBER, self.folder.keeps_open, rows, before)?;
        self.correlator.restore(rows, before, rules)
    }

    /// Numbers of the folds that are open.
    pub fn open(&self) -> impl Iterator<Item = u64> + '_ {
        self.folder.open_numbers()
    }
}
