//! Folds whose parts lie in several shards, after a restart.
//!
//! ```text
//! folds: count u32, then each: number u64, hit (fold/saved.rs)
//! parts: count u32, then each: part u64, fold u64, counted u64
//! ```

use super::{Spanning, Whole};
use crate::baseline::saved::{Reader, Writer};
use crate::engine::Before;
use crate::fold::Hit;

impl Spanning {
    pub fn write(&self, out: &mut Writer) {
        let mut folds: Vec<(&u64, &Whole)> = self.folds.iter().collect();
        folds.sort_unstable_by_key(|(number, _)| **number);
        out.rows(&folds, |out, (number, whole)| {
            out.u64(**number);
            whole.hit.write(&whole.key, out);
        });
        let mut parts: Vec<(&u64, &(u64, u64))> = self.parts.iter().collect();
        parts.sort_unstable();
        out.rows(&parts, |out, (part, (number, counted))| {
            [**part, *number, *counted].into_iter().for_each(|number| out.u64(number));
        });
    }

    pub fn read(rows: &mut Reader<'_>, before: &Before) -> Option<Self> {
        let mut spanning = Self::default();
        for _ in 0..rows.count()? {
            let number = rows.u64()?;
            let (mut hit, key) = Hit::read(rows, before)?;
            hit.fold = number;
            if !key.is_gone() {
                spanning.numbers.insert(key, number);
            }
            let twice = spanning.folds.insert(number, Whole { hit, key, open_parts: 0 });
            twice.is_none().then_some(())?;
        }
        for _ in 0..rows.count()? {
            let (part, number, counted) = (rows.u64()?, rows.u64()?, rows.u64()?);
            let whole = spanning.folds.get_mut(&number)?;
            whole.open_parts = whole.open_parts.saturating_add(1);
            spanning.parts.insert(part, (number, counted)).is_none().then_some(())?;
        }
        spanning.folds.values().all(|whole| whole.open_parts > 0).then_some(spanning)
    }

    /// Numbers of the folds that are open.
    pub fn open(&self) -> impl Iterator<Item = u64> + '_ {
        self.folds.keys().copied()
    }
}
