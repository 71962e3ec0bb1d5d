//! Rows of features of conversations: what is said of one window.

use std::net::IpAddr;

use crate::protocol;
use crate::value::Class;

use super::operations::{by_class, entropy, told};
use super::places::Key;
use super::window::Window;

pub const COUNT: usize = 16;

/// Names of the columns, in order. What is said of requests holds for unsolicited messages, too.
pub const FEATURES: [&str; COUNT] = [
    "requests",
    "responses",
    "unanswered",        // requests of the window before that got no answer until the end of this one
    "failures",          // answers that refuse
    "bytes_mean",        // of all messages, both directions
    "operations",        // different ones asked for, at most `OPERATIONS`
    "objects",           // different ones touched: exact up to 50, an estimate above
    "writes",            // requests that write, control, or carry programs
    "latency_median_ms", // of answered requests
    "interval_mean_ms",  // between requests
    "interval_std_ms",   // between requests
    "operation_entropy", // of the mix of operations, in bits: 0 when all are the same
    "sessions",          // requests that open, log in or close: such a window is unlike others by nature
    "peak",              // messages in the busiest eighth of the window
    "retransmissions",   // packets that brought nothing new
    "gap_bytes",         // bytes of the conversation that were never seen
];

/// One conversation in one window.
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

/// Rows of all shards in one order, which does not tell how conversations were dealt to shards: by the window's end,
/// segment, client, server.
pub fn merge_rows(parts: Vec<Vec<Row>>) -> Vec<Row> {
    let mut rows: Vec<Row> = parts.into_iter().flatten().collect();
    // Stable: several protocols of one pair are in one shard, which has put them in order.
    rows.sort_by_key(|row| (row.end_ns, row.segment, row.client_ip, row.server_ip));
    rows
}

/// The last digits of a logarithm differ between machines; a millionth does not.
pub(super) fn rounded<const N: usize>(features: [f64; N]) -> [f64; N] {
    features.map(|value| (value * 1e6).round() / 1e6)
}

impl Window {
    #[allow(clippy::cast_precision_loss)] // counts of one window
    pub fn row(&self, key: &Key, start_ns: u64, end_ns: u64) -> Row {
        let share = |sum: f64, count: u64| if count == 0 { 0.0 } else { sum / count as f64 };
        let eighths = self.eighths();
        let messages = eighths.iter().fold(0, |sum: u64, part| sum.saturating_add(*part));
        let mix = || told(&self.operations, self.more_operations());
        let [mut requests, mut writes, mut sessions] = [0u64; 3];
        for (class, count) in Class::ALL.into_iter().zip(by_class(&self.operations, self.more_operations())) {
            requests = requests.saturating_add(count);
            match class {
                Class::Write | Class::Control | Class::Program => writes = writes.saturating_add(count),
                Class::Session => sessions = sessions.saturating_add(count),
                _ => {}
            }
        }
        let more = self.more.as_deref();
        let features = [
            requests as f64,
            f64::from(self.responses),
            f64::from(self.carried),
            f64::from(self.failures),
            share(self.bytes as f64, messages),
            mix().count() as f64,
            self.objects() as f64,
            writes as f64,
            f64::from(self.latencies.median_us()) / 1e3,
            share(self.interval_sum_us as f64, self.intervals.into()) / 1e3,
            self.interval_std_us() / 1e3,
            entropy(mix().map(|(_, count)| count.into())),
            sessions as f64,
            eighths.iter().copied().max().unwrap_or(0) as f64,
            more.map_or(0.0, |more| f64::from(more.retransmissions)),
            more.map_or(0.0, |more| more.gap_bytes as f64),
        ];
        Row {
            start_ns,
            end_ns,
            segment: key.segment,
            client_ip: key.client,
            server_ip: key.server,
            protocol: protocol::at(usize::from(key.protocol)).map_or("unknown", |protocol| protocol.name),
            features: rounded(features),
        }
    }

    #[allow(clippy::cast_precision_loss)] // a spread is told to six digits
    fn interval_std_us(&self) -> f64 {
        let (count, sum) = (u128::from(self.intervals), u128::from(self.interval_sum_us));
        // Whole numbers up to here: a steady rhythm has a spread of exactly zero.
        let squares = count.saturating_mul(self.interval_squares.into()).saturating_sub(sum.saturating_mul(sum));
        if count == 0 {
            0.0
        } else {
            (squares as f64).sqrt() / count as f64
        }
    }
}
