//! Behind the shards: what they put out, merged in order of arrival. What spans conversations is decided here.

use std::collections::VecDeque;
use std::sync::MutexGuard;

use super::deciding::{Deciding, With};
use super::lines::interleave;
use super::reload::Reload;
use super::shard::Shard;
use super::spanning::Spanning;
use crate::columns::Parts;
use crate::correlation::Reduced;
use crate::evidence::Slice;
use crate::fold::Hit;
use crate::hash::shard_of;
use crate::ledger::Ledger;
use crate::news::{News, Newsroom};
use crate::windows::{merge_assets, AssetPart, AssetRow, Row};

/// What came out since it was last taken. Block and batch edges never change the sequence.
#[derive(Debug, Default)]
pub struct Output {
    pub hits: Vec<Hit>,
    pub news: Vec<News>,
    /// Windows that ended, of conversations and of stations.
    pub rows: Vec<Row>,
    pub assets: Vec<AssetRow>,
    /// Every message as lines of text, when asked for.
    pub events: Vec<u8>,
    /// Every message as rows of columns, when asked for.
    pub columns: Parts,
    /// NDJSON of every single hit, when asked for.
    pub listing: Vec<u8>,
    /// Packets around new alerts, in the order they were complete, and what these take.
    pub slices: Vec<Slice>,
    pub slice_bytes: usize,
    /// Other rules or another baseline came; which hits were found before says each.
    pub reloads: Vec<Reload>,
}

#[derive(Default)]
pub struct Collector {
    pub newsroom: Newsroom,
    pub(super) spanning: Spanning,
    pub(super) deciding: Deciding,
    /// The latest ones.
    pub(super) reloads: VecDeque<Reload>,
    pub output: Output,
    /// Notes of what is decided here.
    pub ledger: Ledger,
    news: Vec<(u64, News)>,
    assets: Vec<AssetPart>,
}

impl Collector {
    pub(super) fn new(deciding: Deciding) -> Self {
        Self { deciding, ..Self::default() }
    }

    /// Take what these shards, in the order of their numbers, have put out since the last time.
    pub fn collect(&mut self, shards: &mut [MutexGuard<'_, Shard>], with: With<'_>) {
        // Most blocks bring nothing to count: nothing is moved for them.
        let mut reduced: Vec<Reduced> = Vec::new();
        for shard in shards.iter_mut().filter(|shard| !shard.analysis.reduced.is_empty()) {
            reduced.push(std::mem::take(&mut shard.analysis.reduced));
        }
        self.deciding.run(&reduced, with, &mut self.ledger);
        for (address, wanted) in self.deciding.wanted.drain(..) {
            // The message came from one of them.
            let number = shard_of(address.segment, address.source.0, address.destination.0);
            if let Some(shard) = shards.iter_mut().find(|shard| shard.number() == number) {
                shard.show(&address, &wanted);
            }
        }
        self.gather(shards);
    }

    /// The same, where nothing was written down that is decided here.
    pub fn gather(&mut self, shards: &mut [MutexGuard<'_, Shard>]) {
        let hits = &mut self.output.hits;
        let before = hits.len();
        let rows = &mut self.output.rows;
        let rows_before = rows.len();
        for shard in shards.iter_mut() {
            let analysis = &mut shard.analysis;
            // Moved as a whole: after a storm no shard keeps room for another.
            hits.append(&mut std::mem::take(&mut analysis.folder.hits));
            self.news.append(&mut analysis.sightings.told);
            rows.append(&mut analysis.closed.rows);
            self.assets.append(&mut analysis.closed.assets);
        }
        hits.append(&mut self.deciding.folder.hits);
        // Stable sorts: what has one place in the order of everything stays in the order of the shards.
        if let Some(fresh) = hits.get_mut(before..) {
            fresh.sort_by_key(|hit| hit.order);
            if fresh.iter().any(|hit| hit.spanning.is_some()) {
                let fresh = hits.split_off(before);
                hits.extend(fresh.into_iter().filter_map(|hit| self.spanning.tell(hit)));
            }
        }
        self.news.sort_by_key(|(order, _)| *order);
        for (_, news) in self.news.drain(..) {
            if self.newsroom.is_new(&news, &mut self.ledger) {
                self.output.news.push(news);
            }
        }
        if let Some(fresh) = rows.get_mut(rows_before..) {
            fresh.sort_by_key(|row| row.start_ns);
        }
        if !self.assets.is_empty() {
            self.output.assets.append(&mut merge_assets(std::mem::take(&mut self.assets)));
        }
        let slices = &mut self.output.slices;
        let slices_before = slices.len();
        for evidence in shards.iter_mut().filter_map(|shard| shard.analysis.evidence.as_mut()) {
            self.output.slice_bytes = self.output.slice_bytes.saturating_add(evidence.ready_bytes());
            slices.append(&mut evidence.take());
        }
        if let Some(fresh) = slices.get_mut(slices_before..) {
            fresh.sort_by_key(|slice| slice.order);
        }
        let events = shards.iter_mut().filter_map(|shard| Some(&mut shard.analysis.events.as_mut()?.lines));
        interleave(events, &mut self.output.events);
        let listing = shards.iter_mut().filter_map(|shard| shard.analysis.listing.as_mut());
        let listing = listing.chain(self.deciding.listing.as_mut());
        interleave(listing, &mut self.output.listing);
    }
}
