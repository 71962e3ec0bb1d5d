//! The account of every packet: `received = parsed + skipped(reason) + lost(place) + held`, at every poll.
//! `docs/ledger.md` explains each reason to the person who reads it.

/// Why a packet's payload was not consumed by a protocol parser. Closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Skip {
    /// The capture file's link type is not one we read.
    LinkType,
    /// The headers end before they should, or contradict each other.
    BadFrame,
    /// ARP, LLDP, PROFINET RT, GOOSE …: no IP inside.
    NotIp,
    /// A piece of an IP datagram whose other pieces never came, or contradict it.
    Fragment,
    /// It went into a datagram that its last piece completed.
    FragmentJoined,
    /// More tunnels inside one another than are opened.
    TunnelDepth,
    /// IP, but neither TCP nor UDP: ICMP, IGMP …
    Transport,
    /// Its checksum is wrong: no receiver takes it.
    BadChecksum,
    /// The capture shows it a second time.
    Duplicate,
    /// TCP without payload: handshakes, acknowledgements, keep-alives.
    NoPayload,
    /// Bytes that were seen before.
    Retransmission,
    /// The user's `--filter` did not want it.
    Filter,
    /// No parser knows this conversation.
    NoParser,
    /// On a known conversation, but not a message of its protocol.
    NotProtocol,
    /// The rest of its message never came.
    Incomplete,
    /// The capture cut the payload off.
    Truncated,
    /// A parser failed on it (a defect of ours, counted and survived).
    Panic,
}

/// Where a packet was lost. Closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Loss {
    Kernel,
    FileCut,
    /// The reassembly budget was used up.
    StreamBudget,
    /// Its conversation was evicted from the flow table while it waited.
    FlowEvicted,
    /// Too many IP fragments waited for their other pieces.
    FragmentBudget,
}

pub const SKIPS: &[&str] = &[
    "link_type",
    "bad_frame",
    "not_ip",
    "fragment",
    "fragment_joined",
    "tunnel_depth",
    "transport",
    "bad_checksum",
    "duplicate",
    "no_payload",
    "retransmission",
    "filter",
    "no_parser",
    "not_protocol",
    "incomplete",
    "truncated",
    "panic",
];

pub const LOSSES: &[&str] = &["kernel", "file_cut", "stream_budget", "flow_evicted", "fragment_budget"];

/// Counts that stand beside the account: things that happened, not packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Packet time stepped further than `limits::TIME_JUMP_NS`.
    pub time_jumps: u64,
    /// Packets whose time lies before engine time.
    pub time_backwards: u64,
    /// Late for the merge of several inputs.
    pub late: u64,
    pub flows_opened: u64,
    pub flows_evicted: u64,
    pub flows_expired: u64,
    /// Holes in streams that were given up, and bytes in them.
    pub gaps: u64,
    pub gap_bytes: u64,
    pub requests_unanswered: u64,
    pub requests_evicted: u64,
    pub folds_evicted: u64,
    /// Keys whose counts were forgotten (`limits::CORRELATION_BYTES`).
    pub correlations_evicted: u64,
    /// Hits that a filter of the site took out.
    pub hits_suppressed: u64,
    pub assets_unlisted: u64,
    /// Messages of conversations for which `limits::WINDOWS` left no window.
    pub windows_refused: u64,
    /// Alerts without a slice of their packets, because too many began at a time.
    pub slices_dropped: u64,
    /// Frames with a wrong checksum that were read, because their sender's all are: the capture does that.
    pub checksums_excused: u64,
    /// Datagrams whose pieces overlapped with different bytes.
    pub fragment_conflicts: u64,
    /// Retransmissions that brought other bytes than what came first.
    pub stream_conflicts: u64,
    /// Addresses that several stations of one segment seem to have.
    pub address_conflicts: u64,
    /// Times that other rules or another baseline took their places.
    pub reloads: u64,
}

impl Notes {
    fn merge(&mut self, other: &Notes) {
        let counts = [
            &mut self.time_jumps,
            &mut self.time_backwards,
            &mut self.late,
            &mut self.flows_opened,
            &mut self.flows_evicted,
            &mut self.flows_expired,
            &mut self.gaps,
            &mut self.gap_bytes,
            &mut self.requests_unanswered,
            &mut self.requests_evicted,
            &mut self.folds_evicted,
            &mut self.correlations_evicted,
            &mut self.hits_suppressed,
            &mut self.assets_unlisted,
            &mut self.windows_refused,
            &mut self.slices_dropped,
            &mut self.checksums_excused,
            &mut self.fragment_conflicts,
            &mut self.stream_conflicts,
            &mut self.address_conflicts,
            &mut self.reloads,
        ];
        counts.into_iter().zip(other.named()).for_each(|(count, (_, more))| add(count, more));
    }

    pub fn named(&self) -> [(&'static str, u64); 21] {
        [
            ("time_jumps", self.time_jumps),
            ("time_backwards", self.time_backwards),
            ("late", self.late),
            ("flows_opened", self.flows_opened),
            ("flows_evicted", self.flows_evicted),
            ("flows_expired", self.flows_expired),
            ("gaps", self.gaps),
            ("gap_bytes", self.gap_bytes),
            ("requests_unanswered", self.requests_unanswered),
            ("requests_evicted", self.requests_evicted),
            ("folds_evicted", self.folds_evicted),
            ("correlations_evicted", self.correlations_evicted),
            ("hits_suppressed", self.hits_suppressed),
            ("assets_unlisted", self.assets_unlisted),
            ("windows_refused", self.windows_refused),
            ("slices_dropped", self.slices_dropped),
            ("checksums_excused", self.checksums_excused),
            ("fragment_conflicts", self.fragment_conflicts),
            ("stream_conflicts", self.stream_conflicts),
            ("address_conflicts", self.address_conflicts),
            ("reloads", self.reloads),
        ]
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    pub received: u64,
    pub bytes: u64,
    pub parsed: u64,
    pub skipped: [u64; SKIPS.len()],
    pub lost: [u64; LOSSES.len()],
    pub held: u64,
    pub events: u64,
    /// Hits before folding.
    pub hits: u64,
    pub notes: Notes,
}

impl Ledger {
    #[inline]
    pub fn skip(&mut self, reason: Skip) {
        self.skip_many(reason, 1);
    }

    #[inline]
    pub fn skip_many(&mut self, reason: Skip, packets: u64) {
        if let Some(count) = self.skipped.get_mut(reason as usize) {
            *count = count.saturating_add(packets);
        }
    }

    pub fn lose(&mut self, place: Loss, packets: u64) {
        if let Some(count) = self.lost.get_mut(place as usize) {
            *count = count.saturating_add(packets);
        }
    }

    /// Take the counts of another part of the engine in.
    pub fn merge(&mut self, other: &Ledger) {
        for (count, more) in [
            (&mut self.received, other.received),
            (&mut self.bytes, other.bytes),
            (&mut self.parsed, other.parsed),
            (&mut self.held, other.held),
            (&mut self.events, other.events),
            (&mut self.hits, other.hits),
        ] {
            add(count, more);
        }
        self.skipped.iter_mut().zip(other.skipped).for_each(|(count, more)| add(count, more));
        self.lost.iter_mut().zip(other.lost).for_each(|(count, more)| add(count, more));
        self.notes.merge(&other.notes);
    }

    /// Every packet is in exactly one class.
    pub fn balanced(&self) -> bool {
        let sum = |counts: &[u64]| counts.iter().fold(0u64, |sum, count| sum.saturating_add(*count));
        let known =
            self.parsed.saturating_add(self.held).saturating_add(sum(&self.skipped)).saturating_add(sum(&self.lost));
        known == self.received
    }
}

/// `count += n`, spelled so that arithmetic cannot panic.
#[inline]
pub fn add(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}

#[inline]
pub fn take(count: &mut u64, less: u64) {
    *count = count.saturating_sub(less);
}
