//! The engine with its source of packets, behind one lock: what is read, and what is taken from it.

use std::sync::Arc;
use std::time::Duration;

use tap::{Originals, Progress, Source};
use wire::engine::{Engine, Output, Reload};
use wire::evidence::Slice;
use wire::ledger::Ledger;
use wire::print::Names;

use crate::config::Config;
use crate::recording::Recording;
use crate::slice::PySlice;

/// Hits after which what was found has to be taken before more is read: bounds what one batch costs Python.
const HITS: usize = 10_000;
/// The same in bytes of printed events.
const PRINTED: usize = 4 << 20;
/// The same in windows: an hour of a quiet plant fits into few packets.
const ROWS: usize = 20_000;
/// What a row of columns takes, about, its gaps left out: so many rows that what is done once a shard and column is little
/// beside them.
const ROW_BYTES: usize = 128;
/// Packets read between two looks at these bounds.
pub const CHUNK: usize = 4096;

/// Parsers and sources are `Send` but not `Sync`: one at a time, whoever calls.
pub struct Inner {
    pub engine: Engine,
    pub source: Option<Source>,
    pub recording: Recording,
    pub config: Config,
    pub names: Arc<Names>,
    /// How the source ended.
    pub ended: Option<Result<(), String>>,
}

impl Inner {
    pub fn new(engine: Engine, config: Config) -> Self {
        let names = Arc::new(config.names());
        Self { engine, source: None, recording: Recording::default(), names, config, ended: None }
    }

    pub fn open_recording(&mut self, names: &[String]) -> Result<(), tap::Error> {
        match (&self.config.capture_dir, &self.config.record) {
            (Some(folder), _) => self.recording.roll(folder, self.config.capture_quota_mib, names),
            (None, Some(path)) => self.recording.create(path, names),
            (None, None) => Ok(()),
        }
    }

    pub fn is_live(&self) -> bool {
        matches!(self.source, Some(Source::Live(_)))
    }

    /// Up to `packets`, or until `timeout` passed without one. Nothing more once the source has ended.
    pub fn read(&mut self, packets: usize, timeout: Duration) -> Progress {
        let (Some(source), None) = (self.source.as_mut(), &self.ended) else { return Progress::End };
        match self.recording.read(source, packets, timeout, &mut self.engine) {
            Ok(Progress::End) => {
                self.engine.finish();
                self.ended = Some(Ok(()));
                Progress::End
            }
            Ok(progress) => progress,
            Err(error) => {
                self.ended = Some(Err(error.to_string()));
                Progress::End
            }
        }
    }

    /// Read files here and now: up to `max_packets`, or as much as one batch may hold.
    pub fn read_files(&mut self, max_packets: usize, timeout: Duration) {
        let mut left = max_packets.max(1);
        while left > 0 && !self.is_full() {
            let chunk = left.min(CHUNK);
            if self.read(chunk, timeout) == Progress::End {
                return;
            }
            left -= chunk;
        }
    }

    /// As much as one batch may hold waits to be taken.
    pub fn is_full(&self) -> bool {
        let waiting = self.engine.waiting();
        let printed = waiting.events.len().max(waiting.listing.len()).max(waiting.slice_bytes);
        let printed = printed.max(self.engine.column_rows().saturating_mul(ROW_BYTES));
        let rows = waiting.rows.len().saturating_add(waiting.assets.len());
        waiting.hits.len() >= HITS || rows >= ROWS || printed >= PRINTED
    }

    /// Everything that was found so far, with the account at this moment; and, when asked for, with the state that goes
    /// with exactly that.
    pub fn take(&mut self, snapshot: bool) -> Taken {
        let output = self.engine.take_all();
        let state = snapshot.then(|| self.engine.snapshot());
        let mut warnings = self.source.as_mut().map(Source::warnings).unwrap_or_default();
        warnings.extend(self.recording.warnings());
        Taken {
            output,
            names: Arc::clone(&self.names),
            ledger: self.engine.ledger(),
            reloads: self.engine.reloads().cloned().collect(),
            generation: self.engine.tables().generation,
            now_ns: self.engine.now_ns(),
            done: self.ended.is_some(),
            state,
            warnings,
        }
    }
}

/// What one poll takes out of the engine. From here on the engine goes on without it.
pub struct Taken {
    pub output: Output,
    pub names: Arc<Names>,
    pub ledger: Ledger,
    pub reloads: Vec<Reload>,
    /// Which tables count now.
    pub generation: u32,
    pub now_ns: u64,
    pub done: bool,
    /// What a restart must not forget.
    pub state: Option<Vec<u8>>,
    pub warnings: Vec<String>,
}

impl Taken {
    /// Complete slices become files in memory. From capture files (`originals`) their packets are read back here.
    pub fn cut(&mut self, originals: Option<&mut Originals>) -> Vec<PySlice> {
        let slices: Vec<Slice> = std::mem::take(&mut self.output.slices);
        let (mut cut, mut originals) = (Vec::with_capacity(slices.len()), originals);
        for slice in slices {
            match PySlice::cut(slice, &self.names, originals.as_deref_mut()) {
                Ok(slice) => cut.push(slice),
                Err(line) => self.warnings.push(line),
            }
        }
        cut
    }

    /// Under which tables each hit was found.
    pub fn generations(&self) -> Vec<u32> {
        let mut reloads = self.output.reloads.iter().peekable();
        let mut generation = reloads.peek().map_or(self.generation, |first| first.generation.wrapping_sub(1));
        let found_under = |place: usize| {
            while let Some(reload) = reloads.next_if(|reload| reload.hits <= place) {
                generation = reload.generation;
            }
            generation
        };
        (0..self.output.hits.len()).map(found_under).collect()
    }
}
