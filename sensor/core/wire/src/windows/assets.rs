//! What a station did in one window: sums over its conversations.
//!
//! A station's conversations lie in several shards, so each shard gives a part, and parts are added. What two stations
//! say to each other is in one shard, whatever the protocol and whoever asks: no peer is counted in two parts.

use std::net::IpAddr;

use super::operations::entropy;
use super::rows::rounded;
use super::window::EIGHTHS;

pub const ASSET_COUNT: usize = 13;

/// Names of the columns, in order.
pub const ASSET_FEATURES: [&str; ASSET_COUNT] = [
    "messages",  // of all conversations, both directions
    "bytes",     // of these messages
    "peers",     // different stations it spoke with
    "new_peers", // those of them it did not speak with in the window before
    "protocols",
    "requests_as_client",
    "requests_as_server",
    "failures", // answers that refuse, given or got
    "writes",   // requests that write, control, or carry programs, sent or received
    "retransmissions",
    "gap_bytes",
    "peak",              // messages in the busiest eighth of the window
    "operation_entropy", // of the mix of operations of all conversations, in bits
];

/// One station in one window, as one shard saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetPart {
    pub start_ns: u64,
    pub end_ns: u64,
    pub segment: u16,
    pub ip: IpAddr,
    pub(super) messages: [u64; EIGHTHS],
    pub(super) bytes: u64,
    pub(super) peers: u64,
    pub(super) new_peers: u64,
    /// A bit for each entry of `PROTOCOLS`.
    pub(super) protocols: u64,
    pub(super) as_client: u64,
    pub(super) as_server: u64,
    pub(super) failures: u64,
    pub(super) writes: u64,
    pub(super) retransmissions: u64,
    pub(super) gap_bytes: u64,
    /// Hash place and count; in order and each once after `tidy`.
    pub(super) operations: Vec<(u16, u64)>,
}

/// One station in one window.
#[derive(Clone, Debug, PartialEq)]
pub struct AssetRow {
    pub start_ns: u64,
    pub end_ns: u64,
    pub segment: u16,
    pub ip: IpAddr,
    pub features: [f64; ASSET_COUNT],
}

/// Add what the shards saw of the same station and window. All parts of a window must be among them. Rows are in order
/// of window's end, segment and address, whatever the order of the parts.
pub fn merge_assets(mut parts: Vec<AssetPart>) -> Vec<AssetRow> {
    parts.sort_unstable_by_key(|part| (part.end_ns, part.segment, part.ip));
    let mut rows = Vec::new();
    let mut whole: Option<AssetPart> = None;
    for part in parts {
        match &mut whole {
            Some(known) if (known.end_ns, known.segment, known.ip) == (part.end_ns, part.segment, part.ip) => {
                known.join(part);
            }
            _ => rows.extend(whole.replace(part).map(AssetPart::into_row)),
        }
    }
    rows.extend(whole.map(AssetPart::into_row));
    rows
}

impl AssetPart {
    pub(super) fn new(segment: u16, ip: IpAddr, start_ns: u64, end_ns: u64) -> Self {
        Self {
            start_ns,
            end_ns,
            segment,
            ip,
            messages: [0; EIGHTHS],
            bytes: 0,
            peers: 0,
            new_peers: 0,
            protocols: 0,
            as_client: 0,
            as_server: 0,
            failures: 0,
            writes: 0,
            retransmissions: 0,
            gap_bytes: 0,
            operations: Vec::new(),
        }
    }

    pub(super) fn join(&mut self, other: Self) {
        self.messages.iter_mut().zip(other.messages).for_each(|(sum, more)| *sum = sum.saturating_add(more));
        self.protocols |= other.protocols;
        for (sum, more) in [
            (&mut self.bytes, other.bytes),
            (&mut self.peers, other.peers),
            (&mut self.new_peers, other.new_peers),
            (&mut self.as_client, other.as_client),
            (&mut self.as_server, other.as_server),
            (&mut self.failures, other.failures),
            (&mut self.writes, other.writes),
            (&mut self.retransmissions, other.retransmissions),
            (&mut self.gap_bytes, other.gap_bytes),
        ] {
            *sum = sum.saturating_add(more);
        }
        self.operations.extend(other.operations);
    }

    /// Equal operations into one.
    pub(super) fn tidy(&mut self) {
        self.operations.sort_unstable();
        self.operations.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = kept.1.saturating_add(next.1);
            }
            same
        });
    }

    #[allow(clippy::cast_precision_loss)] // counts of one window
    fn into_row(mut self) -> AssetRow {
        self.tidy();
        let features = [
            self.messages.iter().fold(0u64, |sum, part| sum.saturating_add(*part)) as f64,
            self.bytes as f64,
            self.peers as f64,
            self.new_peers as f64,
            f64::from(self.protocols.count_ones()),
            self.as_client as f64,
            self.as_server as f64,
            self.failures as f64,
            self.writes as f64,
            self.retransmissions as f64,
            self.gap_bytes as f64,
            self.messages.iter().copied().max().unwrap_or(0) as f64,
            entropy(self.operations.iter().map(|(_, count)| *count)),
        ];
        let Self { start_ns, end_ns, segment, ip, .. } = self;
        AssetRow { start_ns, end_ns, segment, ip, features: rounded(features) }
    }
}
