//! What conversations and stations look like from window to window: rows of features.
//!
//! One `Windows` per logical shard. Windows lie on a grid of engine time, so a replay cuts them where the sensor did and
//! all shards' windows end together. The window that was already running when the engine started, and the one still
//! running when it ends, saw only a part of their time and give no rows.

mod assets;
mod latencies;
mod objects;
mod operations;
mod places;
mod rows;
mod stations;
mod window;

use std::hash::BuildHasher;
use std::net::IpAddr;

use crate::event::Event;
use crate::hash::Seeded;

pub use assets::{merge_assets, AssetPart, AssetRow, ASSET_COUNT, ASSET_FEATURES};
pub use operations::OPERATIONS;
use places::Places;
pub use rows::{merge_rows, Row, COUNT, FEATURES};
use stations::Stations;
use window::EIGHTHS;

/// What ended since it was asked for: rows of conversations, and this shard's part of the rows of stations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Closed {
    pub rows: Vec<Row>,
    pub assets: Vec<AssetPart>,
    /// Messages of conversations that found no room.
    pub refused: u64,
}

pub struct Windows {
    window_ns: u64,
    /// False before the first message or tick.
    started: bool,
    start_ns: u64,
    /// Eighth of the running window, and the time when the next one or the next window begins.
    eighth: usize,
    next_ns: u64,
    /// The running window began before the engine did.
    partial: bool,
    /// Counts windows: which one refused a conversation.
    number: u32,
    places: Places,
    /// Fingerprints of the pairs of stations that spoke in the window before, in order.
    pairs: Vec<u64>,
    /// What ended before a tick fetches it.
    closed: Closed,
}

impl Windows {
    /// `window_ns` of zero is taken as one second. `most`: conversations that may have a window at a time.
    pub fn new(window_ns: u64, most: usize) -> Self {
        Self {
            window_ns: if window_ns == 0 { 1_000_000_000 } else { window_ns },
            started: false,
            start_ns: 0,
            eighth: 0,
            next_ns: 0,
            partial: true,
            number: 1,
            places: Places::new(most),
            pairs: Vec::new(),
            closed: Closed::default(),
        }
    }

    /// Count one message into the running window of its conversation.
    ///
    /// `mark` belongs to the flow and is written here: with it the conversation is not looked up again. It starts as
    /// zero, and must be set to zero when the flow's client or protocol changes.
    #[inline]
    pub fn observe(&mut self, event: &Event<'_>, now_ns: u64, mark: &mut u64) {
        if now_ns >= self.next_ns {
            self.advance(now_ns);
        }
        match self.places.window(*mark) {
            Some(window) => window.count(event, self.eighth, self.start_ns),
            None => self.look_up(event, mark),
        }
    }

    /// Ask for the memory of a marked window.
    #[inline]
    pub fn prefetch(&self, mark: u64) {
        self.places.prefetch(mark);
    }

    #[cold]
    fn look_up(&mut self, event: &Event<'_>, mark: &mut u64) {
        *mark = self.places.find(event, *mark, self.number);
        match self.places.window(*mark) {
            Some(window) => window.count(event, self.eighth, self.start_ns),
            None => self.closed.refused = self.closed.refused.saturating_add(1),
        }
    }

    /// A packet of a marked flow brought only what was seen before. Counts for the window of the last tick or message.
    pub fn retransmission(&mut self, mark: u64) {
        if let Some(window) = self.places.window(mark) {
            let more = window.more();
            more.retransmissions = more.retransmissions.saturating_add(1);
        }
    }

    /// So many bytes of a marked flow were given up. Counts for the window of the last tick or message.
    pub fn gap(&mut self, mark: u64, bytes: u64) {
        if let Some(window) = self.places.window(mark) {
            let more = window.more();
            more.gap_bytes = more.gap_bytes.saturating_add(bytes);
        }
    }

    /// Engine time at which `tick` next has something to do: `u64::MAX` when nothing runs. Before the first tick it is
    /// zero, so that every shard learns when the engine began.
    pub fn next_due_ns(&self) -> u64 {
        if !self.started || !self.closed.rows.is_empty() || !self.closed.assets.is_empty() {
            0
        } else if self.places.len() == 0 && self.pairs.is_empty() {
            u64::MAX
        } else {
            self.start_ns.saturating_add(self.window_ns)
        }
    }

    /// Engine time has come to `now_ns`: fetch what ended, rows in the order of their keys.
    pub fn tick(&mut self, now_ns: u64, out: &mut Closed) {
        if now_ns >= self.next_ns {
            self.advance(now_ns);
        }
        out.rows.append(&mut self.closed.rows);
        out.assets.append(&mut self.closed.assets);
        out.refused = out.refused.saturating_add(std::mem::take(&mut self.closed.refused));
    }

    /// Conversations with a window, and the bytes that all of this takes.
    pub fn state(&self) -> (usize, usize) {
        let pairs = self.pairs.capacity().saturating_mul(size_of::<u64>());
        (self.places.len(), self.places.bytes().saturating_add(pairs))
    }

    /// Into the eighth, and the window, that `now_ns` lies in.
    #[cold]
    fn advance(&mut self, now_ns: u64) {
        let ends_ns = self.start_ns.saturating_add(self.window_ns);
        let start_ns = now_ns.saturating_sub(now_ns.checked_rem(self.window_ns).unwrap_or(0));
        if !self.started {
            (self.started, self.partial) = (true, start_ns != now_ns);
        } else if now_ns >= ends_ns {
            self.close(ends_ns);
            if start_ns > ends_ns {
                // A whole window was silent.
                self.close_silent();
            }
            (self.partial, self.number) = (false, self.number.wrapping_add(1).max(1));
            self.places.begin_window();
        }
        self.start_ns = start_ns;
        let (into, window, eighths) = (now_ns.saturating_sub(start_ns), u128::from(self.window_ns), EIGHTHS as u128);
        let eighth = u128::from(into).saturating_mul(eighths).checked_div(window).unwrap_or(0);
        let next = eighth.saturating_add(1).saturating_mul(window).div_ceil(eighths);
        self.eighth = usize::try_from(eighth).unwrap_or(0);
        self.next_ns = start_ns.saturating_add(u64::try_from(next).unwrap_or(u64::MAX));
    }

    /// End the running window in every conversation; those that were silent in it lose their place.
    fn close(&mut self, end_ns: u64) {
        let start_ns = self.start_ns;
        let mut stations = Stations::new(start_ns, end_ns);
        let mut pairs = Vec::new();
        self.places.release_silent();
        for (key, window) in self.places.in_order() {
            if !self.partial {
                self.closed.rows.push(window.row(key, start_ns, end_ns));
                stations.add(key, window);
            }
            if key.client != key.server {
                pairs.push((key.segment, key.client.min(key.server), key.client.max(key.server)));
            }
            window.clear();
        }
        self.count_pairs(pairs, &mut stations);
        if !self.partial {
            self.closed.assets.append(&mut stations.finish());
        }
    }

    fn count_pairs(&mut self, mut pairs: Vec<(u16, IpAddr, IpAddr)>, stations: &mut Stations) {
        pairs.sort_unstable();
        pairs.dedup();
        let mut fingerprints = Vec::with_capacity(pairs.len());
        for (segment, low, high) in pairs {
            let fingerprint = Seeded::default().hash_one((segment, low, high));
            stations.pair(segment, [low, high], self.pairs.binary_search(&fingerprint).is_err());
            fingerprints.push(fingerprint);
        }
        fingerprints.sort_unstable();
        self.pairs = fingerprints;
    }

    /// A window in which nobody spoke.
    fn close_silent(&mut self) {
        self.places.release_silent();
        self.pairs = Vec::new();
    }
}
