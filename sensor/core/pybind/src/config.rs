//! Settings as Python hands them over: one JSON object, unknown keys refused.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::PyResult;
use serde::Deserialize;
use wire::engine::Settings;
use wire::evidence::Reach;
use wire::export::{Shape, Wanted};
use wire::filter::Filter;
use wire::limits;
use wire::print::Names;
use wire::protocol;
use wire::segments::{Entry, Segments};
use wire::site::points::Row;
use wire::site::{Credentials, Described, Points, Site};

/// How messages are given.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Events {
    Ndjson,
    Csv,
    Columns,
}

impl From<Events> for Shape {
    fn from(events: Events) -> Self {
        match events {
            Events::Ndjson => Shape::Ndjson,
            Events::Csv => Shape::Csv,
            Events::Columns => Shape::Columns,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Conversations kept at a time.
    pub flows: usize,
    /// Expression of `--filter`.
    pub filter: Option<String>,
    /// How long after its original a copy may come; 0: copies are not looked for.
    pub duplicate_ms: u64,
    /// Off only to measure what they cost.
    pub checksums: bool,
    /// Length of a window; 0 switches windows off.
    pub window_ns: u64,
    /// Aggregate what is seen into a baseline.
    pub learn: bool,
    /// Give every message, in this shape.
    pub events: Option<Events>,
    /// Of these protocols only; empty: of all.
    pub protocols: Vec<String>,
    /// List every single hit before folding.
    pub listing: bool,
    /// The run will go on after its end, from its state: open folds are not closed then.
    pub keep_open: bool,
    /// Name of the segment where everything goes that no line of `segments` fits.
    pub segment: String,
    /// Which frames belong to other segments: by interface or file, VLAN, network, tunnel.
    pub segments: Vec<Entry>,
    /// The plant's table of points.
    pub points: Vec<Row>,
    /// Names of described protocols that are spoken here (`describe`).
    pub own_protocols: Vec<String>,
    /// Weak passwords beside the built-in ones: `user<TAB>password`, or a password.
    pub passwords: Vec<String>,
    /// Threads that run shards, the polling one included.
    pub threads: usize,
    /// Packets of a block; 0: what suits the number of threads. Changes no result.
    pub block_packets: usize,
    /// Megabytes of capture ring per interface.
    pub ring_mib: usize,
    /// Rings that share it, per interface.
    pub fanout: u16,
    /// File to write all packets and ticks to, as pcapng.
    pub record: Option<String>,
    /// Megabytes of the ring that alerts are shown from; 0: no evidence.
    pub evidence_mib: usize,
    /// How far a slice goes back, and how long it waits for what follows.
    pub evidence_before_s: Option<u64>,
    pub evidence_after_s: Option<u64>,
    /// Folder of a rolling capture; `None`: no such capture.
    pub capture_dir: Option<PathBuf>,
    pub capture_quota_mib: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            flows: wire::limits::FLOWS,
            filter: None,
            duplicate_ms: wire::limits::DUPLICATE_NS / 1_000_000,
            checksums: true,
            window_ns: 0,
            learn: false,
            events: None,
            protocols: Vec::new(),
            listing: false,
            keep_open: false,
            segment: "default".into(),
            segments: Vec::new(),
            points: Vec::new(),
            own_protocols: Vec::new(),
            passwords: Vec::new(),
            threads: 1,
            block_packets: 0,
            ring_mib: 64,
            fanout: 1,
            record: None,
            evidence_mib: 0,
            evidence_before_s: None,
            evidence_after_s: None,
            capture_dir: None,
            capture_quota_mib: 1024,
        }
    }
}

impl Config {
    /// Bytes of the ring of packets; `None`: no evidence.
    pub fn evidence_bytes(&self) -> Option<usize> {
        (self.evidence_mib > 0).then(|| self.evidence_mib.saturating_mul(1024 * 1024))
    }

    pub fn reach(&self) -> Reach {
        let ns = |seconds: Option<u64>, default: u64| {
            seconds.map_or(default, |seconds| seconds.saturating_mul(1_000_000_000))
        };
        let default = Reach::default();
        Reach {
            before_ns: ns(self.evidence_before_s, default.before_ns),
            after_ns: ns(self.evidence_after_s, default.after_ns),
            ..default
        }
    }

    pub fn names(&self) -> Names {
        Names { segments: Segments::named(&self.segment, &self.segments), ..Names::default() }
    }

    /// The table of segments over these inputs.
    pub fn table(&self, inputs: &[String]) -> Result<Segments, String> {
        Segments::new(&self.segment, &self.segments, inputs)
    }

    fn wanted(&self) -> Result<Option<Wanted>, String> {
        let unknown = |name: String| {
            let known: Vec<&str> = protocol::all().map(|protocol| protocol.name).collect();
            format!("unknown protocol {name}; there are {}", known.join(", "))
        };
        self.events.map(|shape| Wanted::new(shape.into(), &self.protocols).map_err(unknown)).transpose()
    }

    fn site(&self) -> Result<Arc<Site>, String> {
        if self.points.is_empty() && self.passwords.is_empty() && self.own_protocols.is_empty() {
            return Ok(Site::shared());
        }
        Ok(Arc::new(Site {
            credentials: Credentials::with(self.passwords.iter().map(String::as_str)),
            points: Points::new(&self.points)?,
            described: Described::new(&self.own_protocols)?,
        }))
    }

    /// What the engine is made with; an error says what is wrong with the filter or a protocol's name.
    pub fn settings(&self) -> Result<Settings, String> {
        Ok(Settings {
            flows: self.flows,
            threads: self.threads,
            block_packets: Some(self.block_packets).filter(|packets| *packets > 0),
            filter: self.filter.as_deref().map(Filter::parse).transpose()?,
            duplicate_ns: self.duplicate_ms.saturating_mul(1_000_000),
            checksums: self.checksums,
            window_ns: self.window_ns,
            correlation_bytes: limits::CORRELATION_BYTES,
            learn: self.learn,
            events: self.wanted()?,
            listing: self.listing,
            keeps_open: self.keep_open,
            names: self.names(),
            site: self.site()?,
        })
    }

    pub fn from_json(text: &str) -> PyResult<Self> {
        serde_json::from_str(text).map_err(|error| PyValueError::new_err(format!("settings: {error}")))
    }
}
