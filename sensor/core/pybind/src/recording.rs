//! Everything that is read, written down beside it: with its ticks, so that a replay repeats the run.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use tap::{Account, Error, PcapngWriter, Progress, Recorder, Source};
use wire::packet::Sink;

/// Off until [`Recording::create`] is called.
#[derive(Default)]
pub struct Recording {
    tape: Option<PcapngWriter<File>>,
    account: Account,
}

impl Recording {
    pub fn create(&mut self, path: &str, names: &[String]) -> Result<(), Error> {
        self.tape = Some(PcapngWriter::create(Path::new(path), names)?);
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
            if let Err(error) = self.tape.take().map_or(Ok(0), PcapngWriter::close) {
                self.account.warnings.push(error.to_string());
            }
        }
        progress
    }

    /// What went wrong since the last call, one clear line each.
    pub fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.account.warnings)
    }
}
