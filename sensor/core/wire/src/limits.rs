//! Every budget of the core: unit, reason, and what happens beyond it. Beyond a budget the oldest goes, is counted in
//! the ledger, and is shown.
//!
//! Budgets that are said to be for all conversations are shared out evenly among the logical shards, so that what is
//! evicted does not depend on the number of threads.

use crate::hash::SHARDS;

/// A shard's part of a budget for all conversations.
pub const fn per_shard(budget: usize) -> usize {
    let part = budget / SHARDS;
    if part == 0 {
        1
    } else {
        part
    }
}

/// Conversations per engine. A plant has thousands; a scan makes millions. Beyond it the flow idle longest goes.
pub const FLOWS: usize = 1 << 20;
/// Nanoseconds of engine time after which a silent flow is forgotten. Plant connections live for months but talk.
pub const FLOW_IDLE_NS: u64 = 3_600_000_000_000;
/// Seconds of engine time after which a conversation that nobody has answered was begun in vain. TCP and ARP ask again
/// after one second, TCP once more after three (RFC 6298 2 and 5.5, RFC 1122 2.3.2.1): two attempts were in vain.
pub const FIRST_ANSWER_S: u32 = 3;
/// The same where nothing more will come: a capture may end with the attack that it shows. One attempt was in vain.
pub const LAST_ANSWER_S: u32 = 1;
/// Conversations that wait for their first answer, of all shards. Beyond it newer ones are not waited for: there are
/// more than any rule asks for.
pub const ATTEMPTS: usize = 1 << 18;
/// Services known to have answered a station, of all shards, each in eight bytes, twice over. Beyond it those that were
/// silent longest are forgotten: when they fall silent for good, that looks like a search.
pub const ANSWERED: usize = 1 << 18;
/// Pairs of stations, of all shards, whose calls are looked at together: those to the internet for their rhythm, those to
/// services of a system for how many there are at once. 64 bytes each, twice over. Beyond it those that were silent
/// longest are forgotten, and their count begins anew.
pub const CALLS: usize = 1 << 14;
/// Bytes held per direction of a flow for reassembly. The largest OPC UA chunk in the field is 64 KiB; S7 stays below
/// 1 KiB. Beyond it the hole is given up as a gap.
pub const STREAM_BYTES: usize = 256 * 1024;
/// Packets held per direction of a flow. Beyond it the hole is given up as a gap.
pub const STREAM_PACKETS: usize = 512;
/// Bytes of unfinished messages, out-of-order segments and unfinished messages inside parsers, held by all flows; each
/// packet counts 96 bytes more, which is what its keeping costs. Beyond it nothing new is held: packets count as lost,
/// and a parser that wants to keep more forgets what it kept. A shard has 4 MiB of it: four messages of the largest kind.
pub const HELD_BYTES: usize = 256 * 1024 * 1024;
/// Nanoseconds of engine time that a hole may stay open before it is given up.
pub const GAP_NS: u64 = 3_000_000_000;
/// Requests of one flow waiting for their answer. Modbus gateways queue 16; beyond it the oldest counts as unanswered.
pub const PENDING_REQUESTS: usize = 64;
/// Nanoseconds after which a request counts as unanswered.
pub const ANSWER_NS: u64 = 30_000_000_000;
/// Bytes that the chunks of one OPC UA message may add up to (Part 6, 7.1.2.4 lets the server say; 16 MiB is common,
/// industrial messages stay far below). Beyond it the message is skipped with a flaw.
pub const OPCUA_MESSAGE_BYTES: usize = 1024 * 1024;
/// OPC UA messages of one conversation whose last chunk has not come. Clients keep a handful of requests open, most in
/// one chunk. Beyond it the oldest is given up with a flaw; together they may hold as much as one message may.
pub const OPCUA_UNFINISHED: usize = 16;
/// Bytes of one OPC UA chunk that are looked at. Negotiated buffers are 64 KiB as a rule; of a larger chunk only the
/// front is read, with a flaw.
pub const OPCUA_CHUNK_BYTES: usize = 128 * 1024;
/// Bytes over which check sums are tried to find the next Modbus RTU frame behind a broken one: what is left of a segment,
/// as a rule. Beyond it what is here is given up as lost framing.
pub const RTU_SEARCH_BYTES: usize = 4096;
/// Cyclic jobs of one connection whose items are remembered, where the plant has a table of points; controllers allow
/// fewer. 8 KiB each at most. Beyond it the oldest is forgotten: its pushes have values without names.
pub const S7_CYCLIC_JOBS: usize = 32;
/// Monitored items of one OPC UA conversation whose nodes are remembered, where the plant has a table of points. Beyond it
/// no more are, and their notifications have values without names.
pub const OPCUA_HANDLES: usize = 1 << 14;
/// Bytes that COTP fragments of one S7 PDU may add up to (negotiated PDU sizes are ≤ 960).
pub const S7_PDU_BYTES: usize = 64 * 1024;
/// Bytes of one TLS handshake message that came over several records. Chains of certificates stay below 16 KiB, and only
/// the first certificate is looked at. Beyond it the message is passed over with a flaw.
pub const TLS_HANDSHAKE_BYTES: usize = 32 * 1024;
/// Ciphers, extensions and signature algorithms of one TLS hello that its fingerprint is made of. Browsers send twenty.
/// Beyond it the hello has no fingerprint, and a flaw.
pub const TLS_HELLO_VALUES: usize = 256;
/// Bytes at the front of an SMB message that are waited for; a ticket for a login goes in, a file's content need not.
pub const SMB_FRONT_BYTES: usize = 8 * 1024;
/// Bytes at the front of a message to or from a database that are waited for: logins and errors go in. The rest is
/// passed over.
pub const DATABASE_FRONT_BYTES: usize = 8 * 1024;
/// Bytes of one line of a protocol of lines (FTP, SMTP, POP3, IMAP, Redis). RFC 7162 4 wants 8192 of IMAP, the others
/// allow less. Beyond it the front is read with a flaw and the rest passed over.
pub const TEXT_LINE_BYTES: usize = 8192;
/// Bytes of one HTTP or RTSP head. Servers refuse more than 8 to 64 KiB. Beyond it what is there is read, with a flaw.
pub const HTTP_HEAD_BYTES: usize = 64 * 1024;
/// Bytes of a form that is looked through for a login; longer ones are none.
pub const HTTP_FORM_BYTES: usize = 4096;
/// Values listed of one message. Beyond it the list is cut and the event carries a flaw.
pub const LIST_VALUES: usize = 2048;
/// Protocols that a site may describe itself. A plant has a handful; stations remember theirs in 64 bits.
pub const DESCRIBED_PROTOCOLS: usize = 16;
/// Bytes of a message of such a protocol, and of the description.
pub const DESCRIBED_MESSAGE_BYTES: usize = 65_535;
pub const DESCRIPTION_BYTES: usize = 1024 * 1024;
/// Points of a plant's table. A hundred bytes each.
pub const POINTS: usize = 1 << 20;
/// Questions about points of the table whose answers have not come. Beyond it the oldest is forgotten: its answer has
/// values without names.
pub const POINT_REQUESTS: usize = 1 << 18;
/// Nodes remembered that bear a browse name of the table: a machine has a hundred. Beyond it new ones have values without
/// names.
pub const BROWSED_NODES: usize = 1 << 18;
/// Requests for the nodes of paths that were not answered. Beyond it new ones teach nothing.
pub const BROWSE_REQUESTS: usize = 1 << 14;
/// Bytes of one text field. Beyond it the text is cut.
pub const TEXT_BYTES: usize = 1024;
/// Depth of nested structures (OPC UA variants, diagnostic infos). Beyond it the rest is skipped with a flaw.
pub const NESTING: usize = 16;
/// Folds of equal hits kept open. Beyond it the fold idle longest is closed early.
pub const FOLDS: usize = 131_072;
/// Bytes for what rules about many messages count, of conversations by all shards together, and as many again for what
/// spans conversations. A slow scan that is asked for 24 values takes 2 KiB per source. Beyond it the key silent longest
/// of the rule that takes most is forgotten, which is counted (`correlations_evicted`).
pub const CORRELATION_BYTES: usize = 64 * 1024 * 1024;
/// Nanoseconds in which equal hits leave the core as one.
pub const FOLD_NS: u64 = 5_000_000_000;
/// Nanoseconds without an equal hit after which a fold is closed: the next one is a new alert.
pub const FOLD_IDLE_NS: u64 = 600_000_000_000;
/// Assets and links remembered for "seen first". Beyond it new ones are not announced, and that is counted.
pub const ASSETS: usize = 1 << 18;
/// A step of packet time larger than this, either way, is a clock that was set and not time that passed.
pub const TIME_JUMP_NS: u64 = 3_600_000_000_000;
/// Conversations with an open window, of all shards. Beyond it one that was silent in this window gives its place; where
/// all have spoken, the newcomer's messages are not counted before the next window, which is counted. So every row is
/// about a whole window. 256 bytes each.
pub const WINDOWS: usize = 1 << 18;
/// Rows of a baseline (stations, links, operations, stretches, names, polls). Beyond it nothing new is learned, which
/// is counted in the table; a table with more is refused.
pub const BASELINE_TUPLES: usize = 1 << 21;
/// Learning: what comes again sooner is the same occasion, 69 s. Timers of one master keep their distance that long, and a
/// machine goes through a dozen states in one start.
pub const OCCASION_NS: u64 = 1 << 36;
/// Rows that the order of one link's operations may take while a baseline is learned: ordinary links have a dozen. Of one
/// with more nothing is learned of its order, which is counted in the table.
pub const ORDERS: u16 = 512;
/// Conversations that are told one by one while learning goes on: those that are known least. All count in the sums.
pub const METERED: usize = 100;
/// Different things that a baseline that is tried (shadow) would have told, of all shards; some 400 bytes each. More than a
/// person will ever read: beyond it they are counted together.
pub const SHADOWED: usize = 1 << 14;
/// Features of a row that a forest may judge, its trees, and the nodes of one tree. A model has 12, 200 and at most 511;
/// a file that claims more is refused.
pub const FOREST_FEATURES: usize = 256;
pub const FOREST_TREES: usize = 4096;
pub const FOREST_NODES: usize = 1 << 15;
/// Splits one under another in a tree: what bounds a walk. A model has the logarithm of 256 rows, eight; beyond it the
/// file is refused.
pub const FOREST_DEPTH: usize = 32;
/// Tags whose values are learned, of all conversations: 6 KiB each while learning (7 where something is set), 350 bytes each while judging and 700
/// more where less than a day was learned. A large plant has some ten thousand. Beyond it new ones are not learned, which is counted in the table.
pub const VALUE_TAGS: usize = 1 << 17;
/// Tags of one link between which relations are looked for. Between more none are, which is counted in the table.
pub const RELATION_TAGS: usize = 256;
/// Pairs of tags that a plant tries, some 7 microseconds each when learning ends: a million take 7 seconds, in which packets
/// wait in the kernel's ring. Beyond it no relations are looked for, link by link, which is counted in the table.
pub const RELATION_PAIRS: usize = 1 << 20;
/// Different requests of one link whose answers are looked at for values. Beyond it new ones are not.
pub const VALUE_REQUESTS: usize = 256;
/// Requests whose answers are watched for repetitions, 64 KiB each. Beyond it new ones are not.
pub const VALUE_ECHOES: usize = 1 << 10;
/// MAC addresses remembered per station while learning: a router shows one, a failing pair two. Beyond it more are not
/// kept.
pub const STATION_MACS: usize = 4;
/// Intervals kept per repeated request while learning: a fair sample of all, enough for a median and its spread.
pub const INTERVAL_SAMPLES: usize = 128;
/// Requests remembered per learner that came once only, a few hundred bytes each. A poll comes again before so many
/// others came; beyond it the oldest is forgotten, which is counted.
pub const REQUESTS_ONCE: usize = 1 << 15;
/// Address stretches learned per operation and address space before neighbours are joined.
pub const RANGES: usize = 4096;
/// Bytes of the rings of packets that alerts are shown with, all shards together; every shard has an equal part. At
/// 20,000 packets of 80 bytes a second they reach back about a minute; what is never written is never paid for. Beyond
/// it the oldest packets are overwritten: a slice says how far back it goes.
pub const EVIDENCE_BYTES: usize = 128 * 1024 * 1024;
/// Packets of its conversation before an alert's: sixteen polls and their answers with the acknowledgements between.
pub const SLICE_PACKETS_BEFORE: usize = 64;
/// Packet time a slice goes back: plants poll once a second, slow ones every ten.
pub const SLICE_BEFORE_NS: u64 = 30_000_000_000;
/// Packets of its conversation after an alert's.
pub const SLICE_PACKETS_AFTER: usize = 32;
/// Engine time a slice waits for them; long enough for an answer that comes late.
pub const SLICE_AFTER_NS: u64 = 5_000_000_000;
/// Captured bytes of a slice before its alert, and after it: a whole OPC UA chunk goes in.
pub const SLICE_BYTES: usize = 64 * 1024;
/// Slices that may begin in one shard within `SLICE_PACE_NS`. Alerts fold, so an ordinary day has a few; a scan that
/// makes thousands is shown by its first ones. Beyond it an alert has no slice, which is counted.
pub const SLICES: usize = 32;
pub const SLICE_PACE_NS: u64 = 5_000_000_000;
/// Bytes held by the slices under way in one shard. Beyond it none begins, and those under way end.
pub const SLICE_BYTES_HELD: usize = 1024 * 1024;
/// Tunnels and outer tags around one frame. A mirrored 5G frame in a provider's network has four; beyond it the frame is
/// skipped (`tunnel_depth`).
pub const TUNNELS: usize = 6;
/// Bytes of IP fragments that wait for the others of their datagram, with what their keeping costs. Plants fragment
/// little; it is 256 of the largest datagrams. Beyond it the datagram that waits longest is lost (`fragment_budget`).
pub const FRAGMENT_BYTES: usize = 16 * 1024 * 1024;
/// Nanoseconds of engine time that a datagram may wait for its pieces: as long as the most patient host does (RFC 1122
/// 3.3.2, RFC 8200 4.5). Beyond it they are skipped (`fragment`).
pub const FRAGMENT_NS: u64 = 60_000_000_000;
/// Pieces of one datagram. The largest has 119 on a path that carries 576 bytes; beyond it, it is refused.
pub const FRAGMENT_PIECES: usize = 256;
/// Senders whose wrong checksums are counted apart (a power of two). Beyond it some share a counter.
pub const CHECKSUM_SENDERS: usize = 1024;
/// Frames of one shard remembered at most for finding copies: 5 ms of 13 million frames a second on 64 shards. Beyond it
/// the oldest is forgotten, and its copy passes.
pub const DUPLICATES: usize = 1024;
/// Nanoseconds after its original in which a copy may come, unless `duplicate_ms` says otherwise.
pub const DUPLICATE_NS: u64 = 5_000_000;
/// Nanoseconds in which the second copy of a PRP or HSR frame may come (IEC 62439-3, `EntryForgetTime`).
pub const PRP_NS: u64 = 400_000_000;
/// Addresses whose MAC is remembered for ARP, at least; a sub-network of the largest plants has some thousands. Beyond it
/// those that were silent longest are forgotten, and their next claim contradicts nothing.
pub const NEIGHBOURS: usize = 1 << 15;
/// Questions of ARP that may be answered yet, at least. Beyond it the oldest is forgotten.
pub const ARP_ASKED: usize = 1 << 14;
/// Nanoseconds of engine time in which an answer of ARP belongs to a question. Hosts ask once a second (RFC 1122 2.3.2.1)
/// and some give up only after several.
pub const ARP_ANSWER_NS: u64 = 5_000_000_000;
/// Nanoseconds of engine time within which two stations that claim one address are both alive. Hosts keep what ARP told
/// them for some minutes and ask anew: ten are more than any usual cache has.
pub const ADDRESS_RETURN_NS: u64 = 600_000_000_000;
/// Addresses watched for several stations behind one. Beyond it new ones are not watched.
pub const ADDRESSES: usize = 1 << 16;
/// Rows of one batch of columns (`otus events --format parquet`). Beyond it the next batch begins.
pub const COLUMN_ROWS: usize = 65_536;
/// Beginnings of printed lines that a shard keeps for the next line of the same conversation (`print/prepared.rs`), and as
/// many of its words for what was done: 512 bytes each, 17 MB in all shards. Beyond it one takes the place of another.
pub const PREPARED_PARTS: usize = 256;
/// Bytes that one batch of columns may hold, looked at every 256 rows; half of it may be words that batches share.
/// Beyond it the next batch begins. Far below the 2 GiB that 32-bit offsets reach.
pub const COLUMN_BYTES: usize = 128 * 1024 * 1024;
/// Reloads of rules or baseline that the ledger tells of, the latest: a day's work on a rule. All are counted.
pub const RELOADS: usize = 16;
/// Bytes of the state that a restart goes on from. Every asset, link and fold that is kept takes some 100 MB, a baseline's
/// polls as much again; what is larger is not ours and is refused.
pub const STATE_BYTES: usize = 1024 * 1024 * 1024;
