//! What a conversation looks like from window to window: one row of features per conversation and window.
//!
//! Windows are aligned to engine time, so a replay cuts them where the sensor did. The window that was already running
//! when the engine started, and the one still running when it ends, saw only a part of their time and give no rows.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use crate::event::Event;
use crate::hash::Map;
use crate::limits;
use crate::protocol::PROTOCOLS;
use crate::value::{Class, Outcome, Role};

pub const COUNT: usize = 13;

/// Names of the columns, in order. What is said of requests holds for unsolicited messages, too.
pub const FEATURES: &[&str] = &[
    "requests",
    "responses",
    "unanswered",        // requests of the window before that got no answer until the end of this one
    "failures",          // answers that refuse
    "bytes_mean",        // of all messages, both directions
    "operations",        // different ones asked for, at most `OPERATIONS`
    "objects",           // different ones touched, at most `OBJECTS`
    "writes",            // requests that write, control, or carry programs
    "latency_median_ms", // of answered requests
    "interval_mean_ms",  // between requests
    "interval_std_ms",   // between requests
    "operation_entropy", // of the mix of operations, in bits: 0 when all are the same
    "sessions",          // requests that open, log in or close: such a window is unlike others by nature
];

/// Different operations told apart in one window: a scan of every function code is more, and shows as this many.
const OPERATIONS: usize = 64;
/// Different objects told apart in one window.
const OBJECTS: usize = 128;
/// Latencies kept of one window: a uniform sample.
const LATENCIES: usize = 64;

#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub start_ns: u64,
    pub end_ns: u64,
    pub segment: u16,
    pub client_ip: IpAddr,
    pub server_ip: IpAddr,
    pub protocol: &'static str,
    pub features: [f64; COUNT],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    segment: u16,
    client: IpAddr,
    server: IpAddr,
    protocol: usize,
}

/// Few, wide words: this is hashed per message.
impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match (self.client, self.server) {
            (IpAddr::V4(client), IpAddr::V4(server)) => {
                state.write_u64(u64::from(client.to_bits()) << 32 | u64::from(server.to_bits()));
            }
            (client, server) => (client, server).hash(state),
        }
        state.write_u64(u64::from(self.segment) << 32 | self.protocol as u64);
    }
}

/// One conversation's running window. Cleared and used again: nothing is allocated per message.
#[derive(Debug, Default)]
struct Window {
    key: Option<Key>,
    messages: u64,
    bytes: u64,
    requests: u64,
    /// Requests that want an answer and have none yet: of this window, and of the one before.
    awaiting: u64,
    carried: u64,
    responses: u64,
    failures: u64,
    writes: u64,
    sessions: u64,
    operations: Vec<(u64, u64)>,
    objects: Vec<u64>,
    answered: u64,
    latencies_us: Vec<u32>,
    intervals: u64,
    interval_sum_ms: f64,
    interval_squares: f64,
    /// The last request, in this window or before; and engine time of the last message.
    last_request_ns: Option<u64>,
    last_ns: u64,
}

pub struct Windows {
    window_ns: u64,
    /// Start of the running window; `None` before the first message or tick.
    start_ns: Option<u64>,
    /// The running window began before the engine did.
    partial: bool,
    open: Map<Key, u32>,
    windows: Vec<Window>,
    free: Vec<u32>,
    /// Conversations in the order in which they were last looked at, for making room.
    oldest: VecDeque<u32>,
    /// Rows that are ready before the next tick fetches them.
    ready: Vec<Row>,
}

impl Windows {
    /// `window_ns` of zero is taken as one second.
    pub fn new(window_ns: u64) -> Self {
        Self {
            window_ns: if window_ns == 0 { 1_000_000_000 } else { window_ns },
            start_ns: None,
            partial: true,
            open: Map::default(),
            windows: Vec::new(),
            free: Vec::new(),
            oldest: VecDeque::new(),
            ready: Vec::new(),
        }
    }

    /// Count one message into the running window of its conversation.
    pub fn observe(&mut self, event: &Event<'_>, now_ns: u64) {
        self.advance(now_ns);
        let start_ns = self.start_ns.unwrap_or(now_ns);
        let (segment, client, server) = (event.segment, event.client.ip, event.server.ip);
        let key = Key { segment, client, server, protocol: event.protocol };
        let slot = match self.open.get(&key) {
            Some(slot) => *slot,
            None => self.begin(key, now_ns),
        };
        if let Some(window) = self.windows.get_mut(slot as usize) {
            window.last_ns = now_ns;
            window.count(event, start_ns);
        }
    }

    /// Engine time has come to `now_ns`: fetch the rows of windows that ended, in the order of their keys.
    pub fn tick(&mut self, now_ns: u64, out: &mut Vec<Row>) {
        self.advance(now_ns);
        out.append(&mut self.ready);
    }

    /// The end of all input. A window that is still running is dropped: it has not seen all of its time.
    pub fn finish(&mut self, now_ns: u64, out: &mut Vec<Row>) {
        self.tick(now_ns, out);
        *self = Self::new(self.window_ns);
    }

    #[inline]
    fn advance(&mut self, now_ns: u64) {
        let end_ns = self.start_ns.map(|start| start.saturating_add(self.window_ns));
        if end_ns.is_some_and(|end| now_ns < end) {
            return;
        }
        let start = now_ns.saturating_sub(now_ns.checked_rem(self.window_ns).unwrap_or(0));
        match self.start_ns.replace(start) {
            None => self.partial = start != now_ns,
            Some(ended) => self.close(ended),
        }
    }

    /// End the window that began at `start_ns` in every conversation.
    fn close(&mut self, start_ns: u64) {
        let end_ns = start_ns.saturating_add(self.window_ns);
        let mut keys: Vec<(Key, u32)> = self.open.iter().map(|(key, slot)| (*key, *slot)).collect();
        keys.sort_unstable();
        for (key, slot) in keys {
            let Some(window) = self.windows.get_mut(slot as usize) else { continue };
            if window.messages == 0 {
                *window = Window::default();
                self.open.remove(&key);
                self.free.push(slot);
                continue;
            }
            if !self.partial {
                self.ready.push(window.row(&key, start_ns, end_ns));
            }
            window.clear();
        }
        self.partial = false;
        // What has left the table leaves the queue, too, before a slot is used again.
        let windows = &self.windows;
        self.oldest.retain(|slot| windows.get(*slot as usize).is_some_and(|window| window.key.is_some()));
    }

    fn begin(&mut self, key: Key, now_ns: u64) -> u32 {
        if self.open.len() >= limits::WINDOWS {
            self.make_room(now_ns);
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.windows.push(Window::default());
            u32::try_from(self.windows.len()).unwrap_or(u32::MAX).saturating_sub(1)
        });
        if let Some(window) = self.windows.get_mut(slot as usize) {
            window.key = Some(key);
            window.last_ns = now_ns;
        }
        self.open.insert(key, slot);
        self.oldest.push_back(slot);
        slot
    }

    /// Close the window of a conversation that has been idle since it was last looked at here; when all have spoken,
    /// of the one looked at first.
    fn make_room(&mut self, now_ns: u64) {
        let start_ns = self.start_ns.unwrap_or(now_ns);
        for attempt in 0..=self.oldest.len() {
            let Some(slot) = self.oldest.pop_front() else { return };
            let Some(window) = self.windows.get_mut(slot as usize) else { continue };
            let Some(key) = window.key else { continue };
            if window.last_ns > start_ns.saturating_add(self.window_ns / 2) && attempt < 64 {
                self.oldest.push_back(slot);
                continue;
            }
            if window.messages > 0 && !self.partial {
                self.ready.push(window.row(&key, start_ns, now_ns));
            }
            *window = Window::default();
            self.open.remove(&key);
            self.free.push(slot);
            return;
        }
    }
}

impl Window {
    fn count(&mut self, event: &Event<'_>, start_ns: u64) {
        let record = event.record;
        self.messages = self.messages.saturating_add(1);
        self.bytes = self.bytes.saturating_add(event.bytes.len() as u64);
        match record.role {
            Role::Request | Role::Unsolicited => self.request(event),
            Role::Response => {
                self.responses = self.responses.saturating_add(1);
                self.failures = self.failures.saturating_add(u64::from(record.outcome == Outcome::Failure));
                if let Some(asked) = event.asked {
                    let owed = if asked.ts_ns >= start_ns { &mut self.awaiting } else { &mut self.carried };
                    *owed = owed.saturating_sub(1);
                }
                if let Some(latency_ns) = event.latency_ns() {
                    self.answered = self.answered.saturating_add(1);
                    let latency = u32::try_from(latency_ns / 1000).unwrap_or(u32::MAX);
                    sample(&mut self.latencies_us, self.answered, latency);
                }
            }
            Role::Other => {}
        }
    }

    fn request(&mut self, event: &Event<'_>) {
        let record = event.record;
        self.requests = self.requests.saturating_add(1);
        let awaits = record.role == Role::Request && record.reference.is_some();
        self.awaiting = self.awaiting.saturating_add(u64::from(awaits));
        let writes = matches!(record.class, Class::Write | Class::Control | Class::Program);
        self.writes = self.writes.saturating_add(u64::from(writes));
        self.sessions = self.sessions.saturating_add(u64::from(record.class == Class::Session));
        let operation = u64::from(record.operation) << 8 | record.class as u64;
        match self.operations.binary_search_by_key(&operation, |known| known.0) {
            Ok(place) => {
                if let Some(known) = self.operations.get_mut(place) {
                    known.1 = known.1.saturating_add(1);
                }
            }
            Err(place) if self.operations.len() < OPERATIONS => self.operations.insert(place, (operation, 1)),
            Err(_) => {}
        }
        for object in record.objects() {
            let numbers = [u64::from(object.index), object.start, object.end];
            let hash = numbers.into_iter().fold(object.space.len() as u64, mix);
            if let Err(place) = self.objects.binary_search(&hash) {
                if self.objects.len() < OBJECTS {
                    self.objects.insert(place, hash);
                }
            }
        }
        let before = self.last_request_ns.replace(event.ts_ns);
        if let Some(interval_ns) = before.and_then(|before| event.ts_ns.checked_sub(before)) {
            #[allow(clippy::cast_precision_loss)] // 2^53 ns are 104 days
            let interval_ms = interval_ns as f64 / 1e6;
            self.intervals = self.intervals.saturating_add(1);
            self.interval_sum_ms += interval_ms;
            self.interval_squares += interval_ms * interval_ms;
        }
    }

    #[allow(clippy::cast_precision_loss)] // counts of one window
    fn row(&mut self, key: &Key, start_ns: u64, end_ns: u64) -> Row {
        let share = |sum: f64, count: u64| if count == 0 { 0.0 } else { sum / count as f64 };
        let interval_mean = share(self.interval_sum_ms, self.intervals);
        let variance = share(self.interval_squares, self.intervals) - interval_mean * interval_mean;
        let middle = self.latencies_us.len() / 2;
        let latency = if self.latencies_us.is_empty() { 0 } else { *self.latencies_us.select_nth_unstable(middle).1 };
        let told: u64 = self.operations.iter().fold(0, |sum, known| sum.saturating_add(known.1));
        let entropy = self.operations.iter().map(|known| share(known.1 as f64, told)).map(|part| -part * part.log2());
        let features = [
            self.requests as f64,
            self.responses as f64,
            self.carried as f64,
            self.failures as f64,
            share(self.bytes as f64, self.messages),
            self.operations.len() as f64,
            self.objects.len() as f64,
            self.writes as f64,
            f64::from(latency) / 1000.0,
            interval_mean,
            variance.max(0.0).sqrt(),
            entropy.sum::<f64>().max(0.0),
            self.sessions as f64,
        ];
        Row {
            start_ns,
            end_ns,
            segment: key.segment,
            client_ip: key.client,
            server_ip: key.server,
            protocol: PROTOCOLS.get(key.protocol).map_or("unknown", |protocol| protocol.name),
            // The last digits of a logarithm differ between machines; a millionth does not.
            features: features.map(|value| (value * 1e6).round() / 1e6),
        }
    }

    /// Ready for the next window of the same conversation; allocations, the last request's time and open requests stay.
    fn clear(&mut self) {
        let (mut operations, mut objects) = (std::mem::take(&mut self.operations), std::mem::take(&mut self.objects));
        let mut latencies_us = std::mem::take(&mut self.latencies_us);
        operations.clear();
        objects.clear();
        latencies_us.clear();
        let (key, carried, last_request_ns, last_ns) = (self.key, self.awaiting, self.last_request_ns, self.last_ns);
        *self = Self { key, carried, operations, objects, latencies_us, last_request_ns, last_ns, ..Self::default() };
    }
}

fn mix(hash: u64, number: u64) -> u64 {
    let mixed = (hash.rotate_left(23) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 29
}

/// Keep a uniform sample of what came (`count` so far, this one included), the same on every run.
fn sample(kept: &mut Vec<u32>, count: u64, value: u32) {
    if kept.len() < LATENCIES {
        return kept.push(value);
    }
    let place = mix(count, 0x6f74_7573).checked_rem(count).unwrap_or(0);
    if let Some(slot) = usize::try_from(place).ok().and_then(|place| kept.get_mut(place)) {
        *slot = value;
    }
}
