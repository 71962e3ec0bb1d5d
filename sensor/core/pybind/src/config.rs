//! Settings as Python hands them over: one JSON object, unknown keys refused.

use pyo3::exceptions::PyValueError;
use pyo3::PyResult;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Conversations kept at a time.
    pub flows: usize,
    /// Expression of `--filter`.
    pub filter: Option<String>,
    /// Length of a window; 0 switches windows off.
    pub window_ns: u64,
    /// Aggregate what is seen into a baseline.
    pub learn: bool,
    /// Print every message as NDJSON.
    pub events: bool,
    /// List every single hit before folding.
    pub listing: bool,
    /// Name of the one segment.
    pub segment: String,
    /// Megabytes of capture ring per interface.
    pub ring_mib: usize,
    /// Rings that share it, per interface.
    pub fanout: u16,
    /// File to write all packets and ticks to, as pcapng.
    pub record: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            flows: wire::limits::FLOWS,
            filter: None,
            window_ns: 0,
            learn: false,
            events: false,
            listing: false,
            segment: "default".into(),
            ring_mib: 64,
            fanout: 1,
            record: None,
        }
    }
}

impl Config {
    pub fn from_json(text: &str) -> PyResult<Self> {
        serde_json::from_str(text).map_err(|error| PyValueError::new_err(format!("settings: {error}")))
    }
}
