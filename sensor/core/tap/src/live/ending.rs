//! How a capture ends: stopped, or because no interface is left.

use super::port::{Port, State};
use super::{ring, utc_ns, Live};
use crate::Error;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use wire::packet::{Lost, Sink};

/// After a stop: open blocks are retired within this time, and waiting for them ends after that one.
const DRAIN_LEAST: Duration = Duration::from_millis(2 * ring::RETIRE_MS as u64);
pub(super) const DRAIN_MOST: Duration = Duration::from_millis(120);

impl Live {
    pub(super) fn begin_to_drain(&mut self) {
        if self.draining_since.is_none() && self.stop.load(Ordering::Relaxed) {
            for port in &self.ports {
                if let Err(error) = port.close_intake() {
                    self.warnings.push(format!("{}: goes on taking packets while it stops ({error})", port.name));
                }
            }
            self.draining_since = Some((Instant::now(), utc_ns()));
        }
    }

    /// Nothing will come any more: stopped and drained, or every interface gone and drained.
    pub(super) fn is_over(&mut self) -> bool {
        let removed = self.ports.iter().all(|port| port.state == State::Removed);
        let empty = self.ports.iter_mut().all(Port::is_empty);
        match self.draining_since {
            Some((since, _)) => since.elapsed() >= DRAIN_MOST || (empty && since.elapsed() >= DRAIN_LEAST),
            None => removed && empty && !self.options.wait_for_return,
        }
    }

    pub(super) fn finish<S: Sink>(&mut self, sink: &mut S) {
        self.look_around(true, sink);
        for port in &mut self.ports {
            // The kernel did not hand its last block over in time.
            let stranded = u64::from(port.ring.frames_to_come());
            if stranded > 0 {
                port.counters.dropped_kernel += stranded;
                sink.lost(Lost::Kernel, stranded);
            }
        }
        let end_ns = self.draining_since.map_or(0, |(_, stopped_ns)| stopped_ns);
        if end_ns.max(self.front_ns) > self.tick_ns {
            self.tick_ns = end_ns.max(self.front_ns);
            sink.tick(self.tick_ns);
        }
        self.ended = Some(if self.draining_since.is_some() {
            Ok(())
        } else {
            let names = self.names().join(", ");
            Err(Error::about(&names, "no interface is left to capture from; start again when it is back"))
        });
    }
}
