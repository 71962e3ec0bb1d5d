//! Everything that is read, written down beside it: with its ticks, so that a replay repeats the run.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use tap::{Account, Error, PcapngWriter, Progress, Recorder, Rolling, Source, Tape};
use wire::packet::{Packet, Sink};

/// Off until [`Recording::create`] or [`Recording::roll`] is called.
#[derive(Default)]
pub struct Recording {
    tape: Option<Reel>,
    account: Account,
    /// How a rolling capture ended.
    last: Option<tap::Recording>,
    warnings: Vec<String>,
}

/// One file, or files that roll.
enum Reel {
    File(PcapngWriter<File>),
    Rolling(Rolling),
}

impl Tape for Reel {
    #[inline]
    fn packet(&mut self, packet: &Packet<'_>) -> Result<(), Error> {
        match self {
            Reel::File(tape) => tape.packet(packet),
            Reel::Rolling(tape) => tape.packet(packet),
        }
    }

    fn tick(&mut self, ts_ns: u64) -> Result<(), Error> {
        match self {
            Reel::File(tape) => Tape::tick(tape, ts_ns),
            Reel::Rolling(tape) => tape.tick(ts_ns),
        }
    }
}

impl Recording {
    pub fn create(&mut self, path: &str, names: &[String]) -> Result<(), Error> {
        self.tape = Some(Reel::File(PcapngWriter::create(Path::new(path), names)?));
        Ok(())
    }

    /// A rolling capture in `folder`.
    pub fn roll(&mut self, folder: &Path, quota_mib: u64, names: &[String]) -> Result<(), Error> {
        self.tape = Some(Reel::Rolling(Rolling::open(folder, quota_mib.saturating_mul(1024 * 1024), names)?));
        Ok(())
    }

    /// As [`Source::read`]; a recording that fails does not stop it.
    pub fn read<S: Sink>(
        &mut self,
        source: &mut Source,
        max_packets: usize,
        timeout: Duration,
        sink: &mut S,
    ) -> Result<Progress, Error> {
        let Some(tape) = &mut self.tape else { return source.read(max_packets, timeout, sink) };
        let progress = source.read(max_packets, timeout, &mut Recorder::new(sink, tape, &mut self.account));
        if !matches!(progress, Ok(Progress::More | Progress::Idle)) {
            self.close();
        }
        progress
    }

    /// Bring everything to the disk.
    pub fn close(&mut self) {
        match self.tape.take() {
            None => {}
            Some(Reel::File(tape)) => {
                if let Err(error) = tape.close() {
                    self.warnings.push(error.to_string());
                }
            }
            Some(Reel::Rolling(mut tape)) => {
                tape.close();
                self.warnings.extend(tape.warnings());
                self.last = Some(tape.state());
            }
        }
    }

    /// Of a rolling capture; `None`: there is none.
    pub fn state(&self) -> Option<tap::Recording> {
        match &self.tape {
            Some(Reel::Rolling(tape)) => Some(tape.state()),
            _ => self.last,
        }
    }

    /// What went wrong since the last call, one clear line each.
    pub fn warnings(&mut self) -> Vec<String> {
        let mut warnings = std::mem::take(&mut self.warnings);
        warnings.append(&mut self.account.warnings);
        if let Some(Reel::Rolling(tape)) = &self.tape {
            warnings.extend(tape.warnings());
        }
        warnings
    }
}
