//! What an engine is made with.

use std::sync::Arc;

use super::lines::Lines;
use super::shard::Shard;
use super::tables::Tables;
use crate::analysis::Analysis;
use crate::baseline::{LearnSettings, Learner};
use crate::correlation::Correlator;
use crate::export::{Export, Wanted};
use crate::filter::Filter;
use crate::hash::SHARDS;
use crate::limits;
use crate::print::Names;
use crate::site::Site;
use crate::values::{self, Declarations, Judge};
use crate::windows::Windows;

pub struct Settings {
    /// Conversations kept at a time, by all shards.
    pub flows: usize,
    /// Threads that run shards, the caller's included.
    pub threads: usize,
    /// Packets of a block; `None`: what suits the number of threads. Changes no result.
    pub block_packets: Option<usize>,
    pub filter: Option<Filter>,
    /// How long after its original a copy may come; 0: copies are not looked for.
    pub duplicate_ns: u64,
    /// Whether segments with a wrong checksum are kept from the parsers.
    pub checksums: bool,
    /// Length of a window; 0 switches windows off.
    pub window_ns: u64,
    /// Bytes for what rules about many messages count, of conversations by all shards, and again for what spans them.
    pub correlation_bytes: usize,
    /// Aggregate what is seen into a baseline.
    pub learn: bool,
    /// Give every message, in this shape.
    pub events: Option<Wanted>,
    /// List every single hit before folding.
    pub listing: bool,
    /// The run will go on after its end, from its saved state: open folds are not closed then.
    pub keeps_open: bool,
    pub names: Names,
    pub site: Arc<Site>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            flows: limits::FLOWS,
            threads: 1,
            block_packets: None,
            filter: None,
            duplicate_ns: limits::DUPLICATE_NS,
            checksums: true,
            window_ns: 0,
            correlation_bytes: limits::CORRELATION_BYTES,
            learn: false,
            events: None,
            listing: false,
            keeps_open: false,
            names: Names { segments: vec!["default".into()], ..Names::default() },
            site: Site::shared(),
        }
    }
}

impl Settings {
    pub(super) fn shards(&self, tables: &Arc<Tables>) -> Vec<Shard> {
        let names = Arc::new(self.names.clone());
        let flows = limits::per_shard(self.flows);
        (0..SHARDS)
            .map(|number| {
                let mut analysis = Analysis::new(number, Arc::clone(tables), Arc::clone(&names));
                analysis.folder.keeps_open = self.keeps_open;
                analysis.correlator = Correlator::new(limits::per_shard(self.correlation_bytes));
                analysis.periods = tables.periods(number);
                analysis.learner = self.learn.then(|| {
                    Learner::new(LearnSettings { segments: self.names.segments.clone(), ..LearnSettings::default() })
                });
                analysis.values = tables.values.clone().map(Judge::new);
                analysis.declared = Declarations::new(&self.site);
                analysis.site = Arc::clone(&self.site);
                analysis.values_learner = self.learn.then(|| values::Learner::new(self.names.segments.clone()));
                analysis.windows =
                    (self.window_ns > 0).then(|| Windows::new(self.window_ns, limits::per_shard(limits::WINDOWS)));
                analysis.events = self.events.as_ref().map(Export::new);
                analysis.listing = self.listing.then(Lines::default);
                Shard::new(number, flows, self.duplicate_ns, Arc::clone(&self.site), analysis)
            })
            .collect()
    }
}
